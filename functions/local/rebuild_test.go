package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
)

// TestRestoredFolder: with the epoch raised everything is stopped and says so; what to do is said by every command that is
// refused. A smaller epoch does not start.
func TestRestoredFolder(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	w.goLive()
	w.idle()
	has(t, w.must("rebuild", "--look"), "carries epoch 1", "crosswalk help restore")
	has(t, w.must("settings"), "epoch", "1")
	if status, _, errs := w.x("rebuild"); status != exitLook || !strings.Contains(errs, "raise epoch") {
		t.Errorf("nothing was restored: status %d\n%s", status, errs)
	}
	restart := func(epoch int) error {
		cfg := w.product.Config
		cfg.Epoch = epoch
		next, err := startProduct(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), "nobody")
		if err == nil {
			w.product = next
		}
		return err
	}
	if err := w.product.close(); err != nil {
		t.Fatal(err)
	}
	if err := restart(2); err != nil {
		t.Fatal(err)
	}
	has(t, w.must("status"), "restored from a backup (epoch 1, now 2)", "nothing is written before: crosswalk rebuild", "paused, stopped by the restore")
	has(t, w.must("why", w.deal("eur")), "what was made since is not known yet", "crosswalk rebuild")
	if status, out, _ := w.x("rebuild", "--look"); status != exitLook || !strings.Contains(out, "nothing is written") {
		t.Errorf("status %d\n%s", status, out)
	}
	for _, args := range [][]string{{"live", "deals-to-invoices"}, {"resume", "deals-to-invoices"}, {"run", "deals-to-invoices"}, {"pilot", "deals-to-invoices", w.deal("eur")},
		{"preview", "deals-to-invoices"}, {"retry", w.deal("eur")}, {"reconcile", "deals-to-invoices", "--month", "2026-01"}} {
		if status, _, errs := w.x(args...); status != exitLook || !strings.Contains(errs, "crosswalk rebuild") {
			t.Errorf("crosswalk %s: status %d\n%s", strings.Join(args, " "), status, errs)
		}
	}
	if status, out, errs := w.x("rebuild", "--json", "--look"); status != exitLook || !strings.Contains(out, `"state": "awaited"`) && !strings.Contains(out, `"state":"awaited"`) {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if err := w.product.close(); err != nil {
		t.Fatal(err)
	}
	if err := restart(1); err == nil || !strings.Contains(err.Error(), "says 1") || !strings.Contains(err.Error(), "carries 2") {
		t.Errorf("an older configuration: %v", err)
	}
	if err := restart(2); err != nil {
		t.Fatal(err)
	}
}
