package app

import (
	"slices"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// A daily month end runs once a day, of the month that yesterday belongs to; a monthly one once a month. Two workers start
// one, and a day on which nothing ran is not made up for twice.
func TestReconcileBySchedule(t *testing.T) {
	virtual(t, setup{Presets: billsAll, Quiet: true, Config: func(c *engine.Config) {
		c.Reconcile = map[string]string{"deals-to-invoices": engine.Daily, "deals-to-contracts": engine.Monthly}
	}}, func(w *world) {
		w.win(w.deal("Scheduled", w.company("Scheduled"), "100"))
		started := func(name string) []string {
			runs, err := w.Engine.Runs(w.t.Context())
			w.ok(err)
			var out []string
			for _, r := range runs {
				if r.Kind == "reconcile" && r.Mapping == name {
					out = append(out, r.At.UTC().Format("01-02")+" of "+r.Month+" "+r.Status+" by "+r.Actor)
				}
			}
			return out
		}
		for range 5 {
			w.ok(w.Engine.Poll(w.t.Context()))
			w.restart() // another worker, which remembers nothing
			w.ok(w.Engine.Poll(w.t.Context()))
		}
		if got := started("deals-to-invoices"); !slices.Equal(got, []string{"09-01 of 2026-08 done by schedule"}) {
			t.Errorf("on the first day: %v", got)
		}
		w.advance(48 * time.Hour)
		want := []string{"09-03 of 2026-09 done by schedule", "09-02 of 2026-09 done by schedule", "09-01 of 2026-08 done by schedule"}
		if got := started("deals-to-invoices"); !slices.Equal(got, want) {
			t.Errorf("after two days: %v", got)
		}
		time.Sleep(28 * 24 * time.Hour) // nothing ran
		w.ok(w.Engine.Poll(w.t.Context()))
		if got := started("deals-to-contracts"); !slices.Equal(got, []string{"10-01 of 2026-09 done by schedule", "09-01 of 2026-08 done by schedule"}) {
			t.Errorf("monthly: %v", got)
		}
		all, err := w.Engine.Reconciliations(w.t.Context(), "deals-to-contracts")
		w.ok(err)
		if len(all) != 2 || all[0].Month != "2026-09" || len(all[0].Groups) != 1 || all[0].Groups[0].Difference != "0" {
			t.Errorf("%+v", all)
		}
	})
}

// The month end knows a document that was made by hand and linked, one that differs, and what a person chose to ignore.
func TestReconcileKnowsPeople(t *testing.T) {
	virtual(t, setup{Presets: billsAll, Quiet: true}, func(w *world) {
		company := w.company("By hand")
		w.status("deals-to-invoices", mapping.Paused)
		w.status("deals-to-contracts", mapping.Paused)
		same, other, ignored, lost := w.deal("Same", company, "100"), w.deal("Other", company, "100"), w.deal("Ignored", company, "100"), w.deal("Lost", company, "100")
		w.win(same, other, ignored, lost)
		w.link(dealRef(same), invoiceRef(w.handBilled("one", "USD", 10000)))
		w.link(dealRef(other), invoiceRef(w.handBilled("two", "USD", 9000)))
		w.link(dealRef(lost), invoiceRef(w.handBilled("three", "USD", 10000)))
		_, err := w.Engine.Ignore(w.t.Context(), dealRef(ignored), "", "finance", "a gift")
		w.ok(err)
		w.lose(lost)
		head, rows := w.reconcile("2026-09")
		got := map[string]string{}
		for _, r := range rows {
			got[r.Ref.ID] = r.Outcome
			if r.Reason != nil {
				got[r.Ref.ID] += " " + r.Reason.Category
			}
		}
		for id, want := range map[string]string{same: "billed", other: "differs " + plan.HandDiffers, ignored: "unbilled " + plan.Ignored, lost: "stray " + plan.NoLongerWon} {
			if got[id] != want {
				t.Errorf("%q, want %q", got[id], want)
			}
		}
		if g := head.Groups; len(g) != 1 || g[0].Deals != "30000" || g[0].DocumentsNet != "19000" || g[0].Difference != "11000" || g[0].UnbilledNet != "10000" || g[0].DifferingNet != "1000" || g[0].StraysNet != "10000" {
			t.Errorf("%+v", g)
		}
		if _, again := w.reconcile("2026-10"); len(again) != 0 {
			t.Errorf("October: %+v", again)
		}
	})
}

// A month end that is killed after any write of its own goes on and gives the same report.
func TestReconcileSurvivesARestart(t *testing.T) {
	virtual(t, setup{Presets: billsAll, Quiet: true}, func(w *world) {
		company := w.company("Killed")
		var deals []string
		for range 7 {
			deals = append(deals, w.deal("Killed", company, "100"))
		}
		w.win(deals...)
		w.win(w.deal("Nobody", "", "50"))
		want, rows := w.reconcile("2026-09")
		r, err := w.Engine.StartReconcile(w.t.Context(), "deals-to-invoices", "2026-09", "finance")
		w.ok(err)
		for n := 0; w.runOf(r.ID).Status != "done" && n < 100; n++ {
			w.restart()
			_, err := w.Engine.StepRuns(w.t.Context())
			w.ok(err)
		}
		got, err := w.Engine.Reconciliation(w.t.Context(), r.ID)
		w.ok(err)
		if !slices.Equal(got.Groups, want.Groups) || got.Rows != want.Rows || len(rows) != 8 || got.New != 0 {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}
