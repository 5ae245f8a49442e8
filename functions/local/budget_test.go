package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"crosswalk/internal/app"
)

// TestBudget: what is spent and for what, a share that a person sets, and what is no share.
func TestBudget(t *testing.T) {
	w := newWorld(t, "single")
	has(t, w.must("budget"), "limits: off")
	if err := w.product.close(); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.ParseConfig([]byte(configFor(w.vendors, "127.0.0.1:0", true)))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = w.data
	if w.product, err = startProduct(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), "nobody"); err != nil {
		t.Fatal(err)
	}
	has(t, w.must("budget"), "hubspot/calls", "light/calls", "80%", "MAY SPEND")
	has(t, w.must("budget", "light", "--per-day", "60%", "--note", "until the migration is over"), "60000", "60%", "until the migration is over", "within a minute")
	has(t, w.must("budget", "light"), "60000", "set by")
	has(t, w.must("budget", "light", "--json"), `"percent": 60`, `"limit": 100000`)
	has(t, w.must("budget", "hubspot", "--per-day", "1000"), "1000")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"budget", "--per-day", "5"}, exitUsage, "name the connection"},
		{[]string{"budget", "light", "--per-day", "much"}, exitUsage, "50000"},
		{[]string{"budget", "light", "--per-day", "0"}, exitUsage, "50000"},
		{[]string{"budget", "light", "--per-day", "101%"}, exitUsage, "1 to 100"},
		{[]string{"budget", "light", "--per-day", "100001"}, exitUsage, "more than the vendor allows"},
		{[]string{"budget", "nothing"}, exitFailed, "no connection"},
		{[]string{"budget", "nothing", "--per-day", "5"}, exitFailed, "nothing"},
	} {
		status, out, errs := w.x(c.args...)
		if status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("crosswalk %s: status %d, want %d, saying %q\n%s%s", strings.Join(c.args, " "), status, c.status, c.says, out, errs)
		}
	}
}
