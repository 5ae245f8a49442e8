package main

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// pipeline is Maven's folder of 8,800 opportunities.
func pipeline(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("CROSSWALK_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	folder := filepath.Join(shared, "data", "crm", "maven")
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the shared data sets are not here: " + err.Error())
	}
	return folder
}

// TestMonthEndOfMaven loads 8,800 opportunities and closes April 2017, before and after billing: every won deal of the folder's
// own rows is there, billed or explained, and the sums are those that the file gives.
func TestMonthEndOfMaven(t *testing.T) {
	if testing.Short() {
		t.Skip("it loads 8,800 opportunities")
	}
	const month = "2017-04"
	folder := pipeline(t)
	rows, err := readCSV(filepath.Join(folder, "sales_pipeline.csv"))
	if err != nil {
		t.Fatal(err)
	}
	won, sum := map[string]int64{}, big.NewInt(0)
	for _, row := range rows {
		if row["deal_stage"] != "Won" || !strings.HasPrefix(row["close_date"], month) {
			continue
		}
		cents, ok := rat(row["close_value"])
		if !ok {
			t.Fatalf("%v", row)
		}
		n := minor(cents, "USD")
		won[folderDeal(row)] = n.Int64()
		sum.Add(sum, n)
	}
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", light: "127.0.0.1:0", zone: "Europe/Berlin", currency: "USD", seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	documents, _, err := loadFolder(t.Context(), v, folder)
	if err != nil {
		t.Fatal(err)
	}
	d, err := deploy(t.Context(), v, t.TempDir(), "127.0.0.1:0", false, slog.New(slog.NewTextHandler(io.Discard, nil)), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	var texts [][]byte
	for _, text := range documents {
		texts = append(texts, []byte(strings.Replace(text, "  products: products-to-products", "  brake: 100000\n  products: products-to-products", 1)))
	}
	if _, err := d.Engine.ApplyAll(t.Context(), texts, "editor"); err != nil {
		t.Fatal(err)
	}
	names := map[record.Ref]string{}
	for _, deal := range v.hubspot.Records("deals") {
		names[record.Ref{Connection: "hubspot", Object: "deals", ID: deal.ID}] = deal.Properties["dealname"]
	}
	closed := func() (engine.Reconciliation, []engine.ReconcileRow) {
		t.Helper()
		r, err := d.Engine.StartReconcile(t.Context(), billing, month, "finance")
		if err != nil {
			t.Fatal(err)
		}
		waitRun(t, d.Engine, r.ID)
		head, err := d.Engine.Reconciliation(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := d.Engine.ReconcileRows(t.Context(), r.ID, 0, 100000)
		if err != nil {
			t.Fatal(err)
		}
		left := maps.Clone(won)
		for _, row := range rows {
			if want, ok := left[names[row.Ref]]; !ok || row.Deal != fmt.Sprint(want) {
				t.Errorf("%s (%s): %s, the file says %d (%v)", row.Ref, names[row.Ref], row.Deal, want, ok)
			}
			delete(left, names[row.Ref])
			if row.Outcome != engine.Billed && (row.Reason == nil || row.Reason.Text == "") {
				t.Errorf("%s is not explained: %+v", row.Ref, row)
			}
		}
		if len(left) > 0 || len(head.Groups) != 1 || head.Groups[0].Deals != sum.String() {
			t.Errorf("missing %v; sums %+v, the file says %s", left, head.Groups, sum)
		}
		return head, rows
	}
	head, listed := closed()
	if g := head.Groups[0]; g.Documents != 0 || g.Difference != sum.String() {
		t.Errorf("before billing: %+v", g)
	}
	for _, name := range append(append([]string{}, partMappings...), documentMappings...) {
		if _, err := d.Engine.SetStatus(t.Context(), name, mapping.Live, nil, "editor", ""); err != nil {
			t.Fatal(err)
		}
	}
	var refs []record.Ref
	for _, row := range listed {
		refs = append(refs, row.Ref)
	}
	r, err := d.Engine.RunMapping(t.Context(), engine.Run{Kind: "named", Mapping: billing, Actor: "editor"}, refs)
	if err != nil {
		t.Fatal(err)
	}
	waitRun(t, d.Engine, r.ID)
	head, listed = closed()
	for _, row := range listed { // two of the folder's accounts have a country that nobody knows
		if row.Outcome != engine.Billed && (row.Outcome != engine.Unbilled || row.Reason.Category != plan.ParentHeld || !strings.Contains(row.Reason.Text, plan.BadValue)) {
			t.Errorf("after billing: %+v %v", row, row.Reason)
		}
	}
	if g := head.Groups[0]; g.Difference != g.UnbilledNet || g.Documents+g.Unbilled != len(won) || g.Documents < 200 {
		t.Errorf("after billing: %+v", g)
	}
}

func waitRun(t *testing.T, e *engine.Engine, id string) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; {
		r, err := e.GetRun(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status == "done" {
			return
		}
		if time.Now().After(end) || r.Status == "failed" {
			t.Fatalf("the run does not end: %+v", r)
		}
		<-time.After(50 * time.Millisecond)
	}
}
