package app

import (
	"slices"
	"testing"
	"time"

	"crosswalk/internal/engine"
)

// TestB10_UndoOfAssociations: people that a run brought to a deal are taken off it again, and stay off it, though the opportunity keeps
// them; so does a field of the same pair that went the other way.
func TestB10_UndoOfAssociations(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...), func(w *world) {
		r := w.rolesAndDeals()
		w.advance(time.Hour)
		hour := w.nextHour()
		w.sfCreate("OpportunityContactRole", values("OpportunityId", r.opportunity, "ContactId", r.two.sf))
		w.hubSet("deals", r.deal, "hs_next_step", "Call them")
		w.advance(40 * time.Minute)
		w.nextHour()
		both := slices.Sorted(slices.Values([]string{r.one.hub, r.two.hub}))
		if got := slices.Sorted(slices.Values(w.dealPeople(r.deal))); !slices.Equal(got, both) || w.sfText("Opportunity", r.opportunity, "NextStep") != "Call them" {
			t.Fatalf("the sync did not do what the case needs: %v", got)
		}
		p, rows := w.undoOf(hour, false)
		if p.Kinds["restore"] != 3 { // the second person's stage came of the deal
			t.Fatalf("%v %+v", p.Kinds, rows)
		}
		w.undo(p)
		check := func(when string) {
			t.Helper()
			if got := w.dealPeople(r.deal); !slices.Equal(got, []string{r.one.hub}) {
				t.Errorf("%s the deal has %v, want %v%s", when, got, r.one.hub, w.story())
			}
			if n := len(w.rolePeople(r.opportunity)); n != 2 {
				t.Errorf("%s the opportunity has %d people", when, n)
			}
			if got := w.sfText("Opportunity", r.opportunity, "NextStep"); got != "" {
				t.Errorf("%s the next step is %q", when, got)
			}
		}
		check("after the undo")
		w.ended(w.run(engine.Run{Kind: "full", Mapping: "opportunities", Actor: "editor"}).ID)
		w.advance(2 * time.Hour)
		check("after polls, sweeps and a full run")
	})
}
