package app

import (
	"strings"
	"testing"
	"time"
)

// furtherStages are a portal's stages with two of its own: 2101 between qualified and opportunity, 2102 between opportunity and customer.
var furtherStages = []string{"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "2101", "opportunity", "2102", "customer", "evangelist", "other"}

// TestStagesOfOnesOwn (HS-47): a portal's own stages stand where order has them: opportunities move a person on from one before them, and
// never back from one behind them.
func TestStagesOfOnesOwn(t *testing.T) {
	documents := pairPresets(t, "accounts", "contacts")
	plain := "subscriber, lead, marketingqualifiedlead, salesqualifiedlead, opportunity, customer, evangelist, other"
	s := plainHub(pairWorld(documents...))
	s.Draft = true
	pair(t, s, func(w *world) {
		w.HubSpot.SetLifecycle("contacts", furtherStages...)
		w.advance(2 * time.Hour)
		w.apply(strings.Replace(documents[1], plain, strings.Join(furtherStages, ", "), 1))
		w.live()
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		opportunity := w.sfCreate("Opportunity", values("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account))
		stages := map[string]string{"before": "2101", "behind": "2102", "none": "lead", "last": "evangelist"}
		for name := range stages {
			id := w.sfCreate("Contact", values("LastName", name, "Email", name+"@nordlys.example", "AccountId", account))
			w.sfCreate("OpportunityContactRole", values("OpportunityId", opportunity, "ContactId", id))
		}
		w.sfSet("Opportunity", opportunity, "StageName", "Closed Lost")
		w.later()
		for name, stage := range stages {
			w.hubSet("contacts", w.inHub("contacts", "email", name+"@nordlys.example").ID, "lifecyclestage", stage)
		}
		want := func(when string, of map[string]string) {
			t.Helper()
			w.later()
			for name, stage := range of {
				if got := w.stageOf(name + "@nordlys.example"); got != stage {
					t.Errorf("%s: %s is %q, want %q%s", when, name, got, stage, w.story())
				}
			}
		}
		want("lost", stages)
		w.ok(w.Salesforce.Person().Reopen(opportunity))
		want("open", map[string]string{"before": "opportunity", "behind": "2102", "none": "opportunity", "last": "evangelist"})
		w.ok(w.Salesforce.Person().Win(opportunity))
		want("won", map[string]string{"before": "customer", "behind": "customer", "none": "customer", "last": "evangelist"})
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

// TestStageOfTheCompany (HS-52): with the line that the preset offers, the people of an account that becomes a customer are customers, with a
// role or without; nobody is moved backwards when it is one no more. Without the line nothing happens.
func TestStageOfTheCompany(t *testing.T) {
	for _, on := range []bool{true, false} {
		documents := pairPresets(t, "accounts", "contacts")
		if on {
			var lines []string
			for line := range strings.Lines(documents[1]) {
				if !strings.Contains(line, "value: 'lifecycle_stage(with.opportunities)'") {
					lines = append(lines, line)
				}
			}
			documents[1] = uncommented(t, strings.Join(lines, ""), "with.account.Type")
			for old, fresh := range map[string]string{
				"fields: [ IsClosed, IsWon ], optional: true } }": "fields: [ IsClosed, IsWon ], optional: true }, account: { object: Account, fields: [ Type ], optional: true } }",
				"watch: [ { object: Opportunity } ]":              "watch: [ { object: Opportunity }, { object: Account } ]",
			} {
				if !strings.Contains(documents[1], old) {
					t.Fatal(old)
				}
				documents[1] = strings.Replace(documents[1], old, fresh, 1)
			}
		}
		pair(t, plainHub(pairWorld(documents...)), func(w *world) {
			account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
			for _, name := range []string{"desk", "champion"} {
				w.sfCreate("Contact", values("LastName", name, "Email", name+"@nordlys.example", "AccountId", account))
			}
			w.sfCreate("Contact", values("LastName", "alone", "Email", "alone@fjord.example"))
			w.later()
			w.hubSet("contacts", w.inHub("contacts", "email", "champion@nordlys.example").ID, "lifecyclestage", "evangelist")
			w.hubSet("contacts", w.inHub("contacts", "email", "desk@nordlys.example").ID, "lifecyclestage", "marketingqualifiedlead")
			want := func(when, desk string) {
				t.Helper()
				w.later()
				for email, stage := range map[string]string{"desk@nordlys.example": desk, "champion@nordlys.example": "evangelist", "alone@fjord.example": ""} {
					if got := w.stageOf(email); got != stage {
						t.Errorf("line in force %v, %s: %s is %q, want %q%s", on, when, email, got, stage, w.story())
					}
				}
			}
			want("before", "marketingqualifiedlead")
			w.sfSet("Account", account, "Type", "Customer - Direct")
			after := map[bool]string{true: "customer", false: "marketingqualifiedlead"}[on]
			want("a customer", after)
			w.sfSet("Account", account, "Type", "Prospect")
			want("a prospect again", after)
			w.quiet(2 * time.Hour)
			w.wantQuietErrors()
		})
	}
}
