package app

import (
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// Companies that HubSpot makes by itself of contacts' e-mail domains (HS-22..HS-26, B-10, PB-98..PB-100).

func autoCompanyWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	s := pairWorld(pairPresets(t, "accounts", "contacts", "leads", "opportunities")...)
	s.HubSpot = hubspottest.Config{Seed: 1, AutoCompanies: true, AutoCompanyLag: 7 * time.Second}
	pair(t, s, func(w *world) {
		f(w)
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

// TestConversionWithoutWebsite: the account of a converted lead that names no web site is the company that HubSpot made of the lead's
// address, not a second one; and that company makes no second account.
func TestConversionWithoutWebsite(t *testing.T) {
	autoCompanyWorld(t, func(w *world) {
		lead := w.sfCreate("Lead", values("LastName", "Desk", "FirstName", "Buying", "Company", "Nordlys Energi A/S", "Email", "desk@nordlys.example"))
		w.later()
		made := w.inHub("companies", "domain", "nordlys.example")
		if n := w.Salesforce.Count("Account"); n != 0 {
			t.Fatalf("%d accounts of a lead's company%s", n, w.story())
		}
		done, err := w.Salesforce.Person().Convert(lead, salesforcetest.Conversion{OpportunityName: "First deal"})
		w.ok(err)
		w.later()
		w.later()
		if n := len(w.alive("companies")); n != 1 || w.Salesforce.Count("Account") != 1 {
			t.Fatalf("%d companies and %d accounts%s", n, w.Salesforce.Count("Account"), w.story())
		}
		company, person := w.inHub("companies", "name", "Nordlys Energi A/S"), w.inHub("contacts", "email", "desk@nordlys.example")
		if company.ID != made.ID || person.Properties["associatedcompanyid"] != made.ID {
			t.Errorf("company %s, contact at %s, want %s%s", company.ID, person.Properties["associatedcompanyid"], made.ID, w.story())
		}
		account := w.inSf("Account", "Name", "Nordlys Energi A/S")
		if account.ID != done.AccountID || account.Text("Website") != "nordlys.example" {
			t.Errorf("account %s has the site %q%s", account.ID, account.Text("Website"), w.story())
		}
	})
}

// TestSubscribersMakeNoAccounts: a company that HubSpot made of a subscriber's address becomes no account; one that somebody entered does.
func TestSubscribersMakeNoAccounts(t *testing.T) {
	autoCompanyWorld(t, func(w *world) {
		w.hub("contacts", "email", "reader@magazine.example", "lifecyclestage", "subscriber")
		w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example")
		w.later()
		w.inHub("companies", "domain", "magazine.example")
		w.inSf("Account", "Name", "Fjord Textiles")
		if n := w.Salesforce.Count("Account"); n != 1 {
			t.Errorf("%d accounts, want one%s", n, w.story())
		}
	})
}
