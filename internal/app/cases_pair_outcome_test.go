package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
)

// TestC1_EnteredOverAWriteThatTheLinkLacks: HubSpot's number was written to Salesforce and the audit trail told that it was done, but the
// store failed as the pair itself was put. A person at Salesforce entered another number over it meanwhile: that one was changed alone, and
// goes to HubSpot, though HubSpot wins where both were changed.
func TestC1_EnteredOverAWriteThatTheLinkLacks(t *testing.T) {
	s := pairWorld()
	var there func() string // the number at Salesforce
	failed := 0
	s.Table = func(inner table.Table) table.Table {
		return &memory.Faulty{Inner: inner, Before: func(_ context.Context, c memory.Call) error {
			if c.Put != nil && strings.HasPrefix(c.Put.Key.PK, "L#person") && failed == 0 && there != nil && there() == "+14155550217" {
				failed++
				return errors.New("the store does not answer")
			}
			return nil
		}}
	}
	pair(t, s, func(w *world) {
		contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example", "Phone", "+14155550054"))
		w.later()
		w.later()
		person := w.why(sfRef("Contact", contact)).Link.B.ID
		there = func() string { return w.sfText("Contact", contact, "Phone") }
		w.hubSet("contacts", person, "phone", "+14155550217")
		for range 60 {
			if failed > 0 {
				break
			}
			w.advance(time.Second)
		}
		if l := w.why(sfRef("Contact", contact)).Link; failed != 1 || l.Intent == nil || there() != "+14155550217" {
			t.Fatalf("failed %d times, %q at Salesforce, under way %v%s", failed, there(), l.Intent, w.story())
		}
		w.sfSet("Contact", contact, "Phone", "(415) 555-0354")
		w.later()
		w.later()
		if r, _ := w.HubSpot.Record("contacts", person); r.Properties["phone"] != "(415) 555-0354" || there() != "(415) 555-0354" {
			t.Errorf("%q at HubSpot, %q at Salesforce%s", r.Properties["phone"], there(), w.story())
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
		w.atRest()
	})
}
