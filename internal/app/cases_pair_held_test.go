package app

import (
	"slices"
	"testing"
	"time"
)

// TestB12_HeldPersonOfADeal: one of three people of an opportunity is held (another has their address). Somebody else who is taken off,
// at either side, stays off; the held one comes when a person has mended it, and nobody else with them.
func TestB12_HeldPersonOfADeal(t *testing.T) {
	for _, side := range []string{"hubspot", "salesforce"} {
		for _, hooks := range []bool{true, false} {
			t.Run(map[bool]string{true: "webhooks, ", false: "polls, "}[hooks]+"taken off at "+side, func(t *testing.T) {
				s := pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...)
				s.Quiet = !hooks
				pair(t, s, func(w *world) {
					r := w.rolesAndDeals()
					third := w.sfCreate("Contact", values("LastName", "Three", "Email", "one@nordlys.example"))
					second := w.sfCreate("OpportunityContactRole", values("OpportunityId", r.opportunity, "ContactId", r.two.sf))
					w.sfCreate("OpportunityContactRole", values("OpportunityId", r.opportunity, "ContactId", third))
					w.advance(time.Hour)
					check := func(when string, roles, people []string) {
						t.Helper()
						slices.Sort(roles)
						slices.Sort(people)
						if got := w.rolePeople(r.opportunity); !slices.Equal(got, roles) {
							t.Errorf("%s the opportunity has %v, want %v%s", when, got, roles, w.story())
						}
						if got := slices.Sorted(slices.Values(w.dealPeople(r.deal))); !slices.Equal(got, people) {
							t.Errorf("%s the deal has %v, want %v%s", when, got, people, w.story())
						}
					}
					check("at first", []string{r.one.sf, r.two.sf, third}, []string{r.one.hub, r.two.hub})
					if side == "hubspot" {
						w.ok(w.HubSpot.User().Dissociate("deals", r.deal, "contacts", r.two.hub))
					} else {
						w.ok(w.Salesforce.Person().Delete("OpportunityContactRole", second))
					}
					w.advance(time.Hour)
					check("without the second", []string{r.one.sf, third}, []string{r.one.hub})
					w.sfSet("Opportunity", r.opportunity, "NextStep", "Call them") // more looks change nothing
					w.advance(time.Hour)
					check("after another change", []string{r.one.sf, third}, []string{r.one.hub})
					w.sfSet("Contact", third, "Email", "three@nordlys.example")
					w.advance(time.Hour)
					check("when the third is linked", []string{r.one.sf, third}, []string{r.one.hub, w.inHub("contacts", "email", "three@nordlys.example").ID})
					w.wantQuietErrors()
					w.quiet(2 * time.Hour)
				})
			})
		}
	}
}
