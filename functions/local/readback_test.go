package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/mapping"
	"crosswalk/internal/web"
)

// TestMonthEndByCommand: after the demo's deals are billed, the month end accounts for each deal of a month, and everything
// can be read back: history, audit, usage, why of a document, status.
func TestMonthEndByCommand(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	for _, name := range append(append([]string{}, partMappings...), documentMappings...) { // the way there has its own tests
		if _, err := w.product.Engine.SetStatus(t.Context(), name, mapping.Live, nil, "editor", ""); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, errs := w.x("run", "deals-to-invoices"); status != exitLook { // some of the sample are held
		t.Fatalf("status %d: %s", status, errs)
	}
	w.idle()

	status, out, errs := w.x("reconcile", "deals-to-invoices", "--month", "2026-06")
	if status != exitLook {
		t.Errorf("June has a held deal: status %d, %s", status, errs)
	}
	has(t, out, "deals won in 2026-06 (days in Europe/Berlin)", "DE01", "USD", "EUR", "no_product", "1 to look at")
	path := filepath.Join(w.data, "june.csv")
	if status, out, errs := w.x("reconcile", "deals-to-invoices", "--month", "2026-06", "--csv", path); status != exitLook || !strings.Contains(out, "5 rows are in") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%v: %q", err, rows)
	}
	nets := map[string]string{}
	for _, r := range rows[1:] {
		nets[r[0]] = r[5] + " " + r[11] + " " + r[12]
	}
	for key, want := range map[string]string{"discount-percent": "1799.91 1799.91 billed", "fine-price": "335.00 335.00 billed", "free-line": "980.00  unbilled"} {
		if nets[w.deal(key)] != want {
			t.Errorf("%s: %q, want %q", key, nets[w.deal(key)], want)
		}
	}
	if status, _, _ := w.x("reconcile", "deals-to-invoices", "--month", "2026-11"); status != exitDone {
		t.Errorf("nothing was won in November: status %d", status)
	}
	if status, _, _ := w.x("reconcile", "deals-to-invoices", "--month", "June"); status != exitUsage {
		t.Errorf("status %d", status)
	}
	if status, _, errs := w.x("reconcile", "companies-to-customers", "--month", "2026-06"); status != exitLook || !strings.Contains(errs, "makes no documents") {
		t.Errorf("status %d: %s", status, errs)
	}
	has(t, w.must("reconcile", "--list"), "2026-06", "editor")
	parity := filepath.Join(w.data, "customers.csv")
	if status, out, errs := w.x("reconcile", "companies-to-customers"); status != exitDone && status != exitLook || !strings.Contains(out, "hubspot and light as they are now") || !strings.Contains(out, "pairs,") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	if status, out, errs := w.x("reconcile", "companies-to-customers", "--csv", parity); status != exitDone && status != exitLook || !strings.Contains(out, "rows are in") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}

	has(t, w.must("history", "deals-to-invoices"), "applied", "live", "editor", "reconcile of 2026-06", "full, done")
	has(t, w.must("usage"), "hubspot", "light", "deals-to-invoices", "run", "reconcile")
	var entry web.AuditEntry
	line, _, _ := strings.Cut(w.must("audit", "--ref", w.deal("eur"), "--json"), "\n")
	if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Ref != w.deal("eur") || entry.Kind != "create" || len(entry.Fields) == 0 {
		t.Errorf("%v: %+v", err, entry)
	}
	trail, err := csv.NewReader(strings.NewReader(w.must("audit", "--from", "2026-01-01", "--csv", "-"))).ReadAll()
	if err != nil || len(trail) < 50 || trail[0][8] != "RULE" {
		t.Errorf("%v: %d rows", err, len(trail))
	}
	has(t, w.must("audit", "--to", "2026-01-01"), "")

	has(t, w.must("why", w.deal("eur")), "bills "+w.deal("eur")+" by the rule of deals-to-invoices version 1", "none of whose lines recurs", "full run", "started by editor")
	has(t, w.must("why", w.deal("eur"), "dealname"), "rule: description <- dealname: as it is", "write")
	has(t, w.must("why", w.deal("eur"), "hs_priority"), "no rule of deals-to-invoices version 1 names hs_priority")
	has(t, w.must("status"), "LAST ANSWER", "62515", "just now", "LAG", "HELD")
}
