package app

import (
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
)

// Runs of a pair: everything or what changed, by hand and by schedule, and the log that tells what each came to.

// TestRunsFullAndChanged: a run of what changed looks at that alone, at both sides, before the schedule does; one of everything looks at
// everything; the log has the totals of each.
func TestRunsFullAndChanged(t *testing.T) {
	s := pairWorld(strings.Replace(livesWorld("keep", "keep").Documents[0], "conflict: newest", "conflict: newest\nschedule: every week", 1))
	pair(t, s, func(w *world) {
		w.people(5, "one", "nordlys.example")
		w.hub("contacts", "lastname", "Alone", "email", "alone@nordlys.example")
		w.advance(8 * 24 * time.Hour) // the schedule's first week
		if len(w.alive("contacts")) != 6 || w.Salesforce.Count("Contact") != 6 {
			t.Fatalf("%d at HubSpot, %d at Salesforce%s", len(w.alive("contacts")), w.Salesforce.Count("Contact"), w.story())
		}
		w.advance(time.Hour)
		w.sfSet("Contact", w.inSf("Contact", "Email", "one1@nordlys.example").ID, "FirstName", "Front")
		w.hubSet("contacts", w.inHub("contacts", "email", "one2@nordlys.example").ID, "firstname", "Hall")
		w.hub("contacts", "lastname", "New", "email", "new@nordlys.example")
		w.advance(time.Hour)
		if got := w.inHub("contacts", "email", "one1@nordlys.example").Properties["firstname"]; got != "" {
			t.Fatalf("the schedule is weekly, and %q came", got)
		}
		w.HubSpot.ResetCalls()
		w.Salesforce.ResetCalls()
		changed, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "changed", Mapping: "contacts", Actor: "operator"}, nil)
		w.ok(err)
		w.advance(2 * time.Minute)
		spent := 0
		for _, calls := range []map[string]int{w.HubSpot.Calls(), w.Salesforce.Calls()} {
			for name, n := range calls {
				if name != "total" && !strings.HasPrefix(name, "composite ") { // parts of a call
					spent += n
				}
			}
		}
		if w.inHub("contacts", "email", "one1@nordlys.example").Properties["firstname"] != "Front" || w.inSf("Contact", "Email", "one2@nordlys.example").Text("FirstName") != "Hall" ||
			w.inSf("Contact", "Email", "new@nordlys.example").Text("LastName") != "New" {
			t.Errorf("not carried: %s", w.story())
		}
		full, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: "contacts", Actor: "operator"}, nil)
		w.ok(err)
		w.later()
		log, err := w.Engine.Runs(w.t.Context())
		w.ok(err)
		if len(log) != 2 || log[0].ID != full.ID || log[1].ID != changed.ID {
			t.Fatalf("%+v", log)
		}
		one, all := log[1], log[0]
		if one.Status != "done" || one.Listed != 3 || one.Done != 3 || one.Counts.Created != 1 || one.Counts.Updated != 2 || one.Counts.Calls == 0 || one.Counts.Calls != spent || one.Ended.IsZero() {
			t.Errorf("of what changed: %+v, %d calls were made: %v %v", one, spent, w.HubSpot.Calls(), w.Salesforce.Calls())
		}
		if all.Status != "done" || all.Listed != 7 || all.Done != 7 || all.Counts.Writes() != 0 || all.Counts.Calls == 0 {
			t.Errorf("of everything: %+v", all)
		}
		if got := w.runOf(changed.ID); got.Counts != one.Counts {
			t.Errorf("the run says %+v, the log %+v", got.Counts, one.Counts)
		}
		w.wantQuietErrors()
		w.quiet(8 * 24 * time.Hour)
	})
}

// TestSchedules: each mapping reads both its sides as often as its schedule says, from every 5 minutes to once a week.
func TestSchedules(t *testing.T) {
	for schedule, every := range map[string]time.Duration{"every 5 minutes": 5 * time.Minute, "every hour": time.Hour, "every week": 7 * 24 * time.Hour} {
		t.Run(schedule, func(t *testing.T) {
			s := pairWorld(strings.Replace(livesWorld("keep", "keep").Documents[0], "conflict: newest", "conflict: newest\nschedule: "+schedule, 1))
			pair(t, s, func(w *world) {
				w.advance(every + every/100 + 2*time.Minute) // it has been read once, and is read again in less than every
				w.people(1, "sf", "nordlys.example")
				w.hub("contacts", "lastname", "Hub", "email", "hub@nordlys.example")
				w.advance(every / 2)
				if n, m := len(w.alive("contacts")), w.Salesforce.Count("Contact"); n != 1 || m != 1 {
					t.Errorf("%d at HubSpot, %d at Salesforce half way", n, m)
				}
				w.advance(every/2 + max(every/300, 3*time.Minute))
				if n, m := len(w.alive("contacts")), w.Salesforce.Count("Contact"); n != 2 || m != 2 {
					t.Errorf("%d at HubSpot, %d at Salesforce afterwards%s", n, m, w.story())
				}
				w.wantQuietErrors()
			})
		})
	}
}
