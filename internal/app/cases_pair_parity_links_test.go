package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// TestParityOfAssociations (FX-86, PB-115, B-4): what joins records differs while their values agree: a contact role is missing, a deal has
// nobody at HubSpot, a contact is of another company, a deal is of another account. Each is listed once, with its fields, cause and both
// records, and no other; what was mended is gone.
func TestParityOfAssociations(t *testing.T) {
	names := []string{"accounts", "contacts", "opportunities"}
	pair(t, pairWorld(pairPresets(t, names...)...), func(w *world) {
		var accounts, companies []string
		for n := range 2 {
			domain := fmt.Sprintf("firm%d.example", n)
			accounts = append(accounts, w.sfAccount(fmt.Sprint("Firm ", n), "Website", "https://"+domain))
			w.later()
			companies = append(companies, w.inHub("companies", "domain", domain).ID)
		}
		type joined struct{ contact, person, opportunity, deal, role string }
		var all []joined
		for n := range 5 {
			j := joined{contact: w.sfCreate("Contact", values("LastName", fmt.Sprint("Desk ", n), "Email", fmt.Sprintf("desk%d@firm0.example", n), "AccountId", accounts[0]))}
			j.opportunity = w.sfCreate("Opportunity", values("Name", fmt.Sprint("Deal ", n), "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", accounts[0]))
			j.role = w.sfCreate("OpportunityContactRole", values("OpportunityId", j.opportunity, "ContactId", j.contact))
			all = append(all, j)
		}
		w.later()
		w.advance(40 * time.Minute)
		for n := range all {
			all[n].person, all[n].deal = w.inHub("contacts", "email", fmt.Sprintf("desk%d@firm0.example", n)).ID, w.inHub("deals", "dealname", fmt.Sprint("Deal ", n)).ID
			if got := w.dealPeople(all[n].deal); !slices.Equal(got, []string{all[n].person}) {
				t.Fatalf("deal %d has %v%s", n, got, w.story())
			}
		}
		for _, name := range names {
			w.status(name, mapping.Paused)
		}
		for _, name := range names {
			if head, rows := w.parity(name); len(rows) != 0 {
				t.Fatalf("%s: %d differences of %d pairs before any was made: %+v", name, len(rows), head.Pairs, rows[0])
			}
		}
		hub, org := w.HubSpot.User(), w.Salesforce.Person()
		w.ok(org.Delete("OpportunityContactRole", all[0].role))                                       // a role is missing at Salesforce
		w.ok(hub.Dissociate("deals", all[1].deal, "contacts", all[1].person))                         // a deal has lost its contact at HubSpot
		w.ok(org.Update("Contact", all[2].contact, map[string]any{"AccountId": accounts[1]}))         // a contact went to the other account
		w.ok(hub.Associate("contacts", all[3].person, "companies", companies[1]))                     // a person has another primary company
		w.ok(hub.Dissociate("contacts", all[3].person, "companies", companies[0]))                    //
		w.ok(org.Update("Opportunity", all[4].opportunity, map[string]any{"AccountId": accounts[1]})) // a deal is the other account's
		w.advance(10 * time.Minute)
		sf := func(object, id string) record.Ref {
			return record.Ref{Connection: "salesforce", Object: object, ID: id}
		}
		type found struct {
			ref, other   record.Ref
			field, there string
		}
		want := map[string][]found{
			"accounts": nil,
			"contacts": {{sf("Contact", all[2].contact), hubRef("contacts", all[2].person), "primary.Account", "primary.companies"}, {sf("Contact", all[3].contact), hubRef("contacts", all[3].person), "primary.Account", "primary.companies"}},
			"opportunities": {{sf("Opportunity", all[0].opportunity), hubRef("deals", all[0].deal), "associations.Contact", "associations.contacts"},
				{sf("Opportunity", all[1].opportunity), hubRef("deals", all[1].deal), "associations.Contact", "associations.contacts"},
				{sf("Opportunity", all[4].opportunity), hubRef("deals", all[4].deal), "primary.Account", "primary.companies"}},
		}
		for _, name := range names {
			head, rows := w.parity(name)
			rows = ofAssociations(rows)
			if len(rows) != len(want[name]) || head.Reasons["unexplained"] != 0 {
				t.Errorf("%s: %d differences, want %d: %+v", name, len(rows), len(want[name]), rows)
			}
			for _, f := range want[name] {
				n := slices.IndexFunc(rows, func(d engine.PairDifference) bool {
					return d.Ref == f.ref && d.Other == f.other && d.Field == f.field && d.There == f.there
				})
				if n < 0 {
					t.Errorf("%s: %+v is not listed: %+v", name, f, rows)
					continue
				}
				cause := "paused"
				if f.ref.ID == all[3].contact { // Salesforce has an account, and goes before: HubSpot's change waits for nothing
					cause = "only_blank"
				}
				if d := rows[n]; d.Cause != cause || d.Text == "" || d.First.IsZero() || d.Rule == "" {
					t.Errorf("%s: %s: cause %q, rule %q, %q since %s", name, d.Ref, d.Cause, d.Rule, d.Text, d.First)
				}
			}
		}
		for _, name := range names {
			w.status(name, mapping.Live)
		}
		w.later()
		w.advance(40 * time.Minute)
		for _, name := range names {
			_, rows := w.parity(name)
			if rows = ofAssociations(rows); len(rows) > 1 || len(rows) == 1 && (rows[0].Ref.ID != all[3].contact || rows[0].Cause != "only_blank") {
				t.Errorf("%s: %d differences once everything went on: %+v%s", name, len(rows), rows, w.story())
			}
		}
		if got := w.dealPeople(all[0].deal); len(got) != 0 {
			t.Errorf("the deal whose role was deleted has %v", got)
		}
	})
}

// ofAssociations leaves out differences of values: a stage follows from deals.
func ofAssociations(rows []engine.PairDifference) []engine.PairDifference {
	return slices.DeleteFunc(slices.Clone(rows), func(d engine.PairDifference) bool { return !strings.Contains(d.There, ".") })
}
