package app

import (
	"maps"
	"testing"
	"time"
)

// TestSetStopsBehindAPhase: the plan of a set that is told to stop behind a phase makes that phase's records, counts them and what they refer
// to, and writes nothing more, for as long as nobody has it go on; then it does the next phase, or all the others, exactly as it was
// approved. A phase that the plan does not have, that is its last or that is over is refused, and so is to go on with what does not wait.
func TestSetStopsBehindAPhase(t *testing.T) {
	pair(t, setWorld(), func(w *world) {
		ctx := w.t.Context()
		set := w.fillSet()
		p, _ := w.setPlan(set.reversed)
		w.allowed(p)
		_, err := w.Engine.RunPlanUntil(ctx, p.ID, "leads", "operator")
		w.refused(err, "leads is no phase")
		_, err = w.Engine.RunPlanUntil(ctx, p.ID, "opportunities", "operator")
		w.refused(err, "is the last phase")
		_, err = w.Engine.GoOnWithPlan(ctx, p.ID, "", "operator")
		w.refused(err, "has not begun")
		r, err := w.Engine.RunPlanUntil(ctx, p.ID, "accounts", "operator")
		w.ok(err)
		w.advance(15 * time.Minute)
		stands := func(phases int, want map[string]int) {
			t.Helper()
			run := w.runOf(r.ID)
			if run.Status != "held" || len(run.Phases) != phases || run.Phases[phases-1].Linked != run.Phases[phases-1].Rows || run.Phases[phases-1].Rows == 0 || run.Phases[phases-1].Lacking != 0 {
				t.Fatalf("%s, %+v%s", run.Status, run.Phases, w.story())
			}
			if got := w.holdings(); !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		}
		afterAccounts := map[string]int{"companies": 4, "contacts": 2, "deals": 1, "Account": 4, "Contact": 2, "Opportunity": 1}
		stands(1, afterAccounts)
		stamps := w.stamps()
		w.advance(26 * time.Hour) // polls, sweeps
		if !maps.Equal(stamps, w.stamps()) {
			t.Error("something was written while the run stood behind its phase")
		}
		stands(1, afterAccounts)
		_, err = w.Engine.GoOnWithPlan(ctx, p.ID, "accounts", "operator")
		w.refused(err, "is over")
		_, err = w.Engine.RunPlan(ctx, p.ID, "operator")
		w.refused(err, "was carried out by run")
		_, err = w.Engine.GoOnWithPlan(ctx, p.ID, "contacts", "operator")
		w.ok(err)
		w.advance(15 * time.Minute)
		stands(2, map[string]int{"companies": 4, "contacts": 3, "deals": 1, "Account": 4, "Contact": 3, "Opportunity": 1})
		_, err = w.Engine.GoOnWithPlan(ctx, p.ID, "", "operator")
		w.ok(err)
		run := w.ended(r.ID)
		if run.Counts.Refused+run.Counts.Failed+run.Counts.Held != 0 || run.Counts.Created != 6 || len(run.Phases) != 3 || run.Phases[1].Relations != 3 || run.Phases[2].Relations != 4 {
			t.Errorf("%+v, %+v%s", run.Counts, run.Phases, w.story())
		}
		if got := w.holdings(); !maps.Equal(got, afterSet) {
			t.Errorf("%v, want %v", got, afterSet)
		}
		w.setStands(set)
		_, err = w.Engine.GoOnWithPlan(ctx, p.ID, "", "operator")
		w.refused(err, "does not stand behind a phase")
	})
}
