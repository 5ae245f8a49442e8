package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// Owners (PB-3, PB-63, PB-72): who made a record owns what is made of it, found by e-mail address; later changes are each side's own. An owner
// whom the other side does not know blocks nothing.

// seller is a person whom both sides know: the HubSpot owner and the Salesforce user.
func (w *world) ownerOfBoth() (hub, sf string) {
	w.t.Helper()
	table, err := w.Connectors["hubspot"].Table(w.t.Context(), "owners")
	w.ok(err)
	for _, row := range table.Rows {
		if row.Attrs["archived"] == "false" {
			return row.Key, w.Salesforce.AddUser("Seller", row.Attrs["email"])
		}
	}
	w.t.Fatal("HubSpot has no owner")
	return "", ""
}

// ownersWorld is the two CRMs with presets whose line of owners may say more.
func ownersWorld(t *testing.T, prepared func(*salesforcetest.Sim), more string, f func(w *world, hub, sf string)) {
	t.Helper()
	s := pairWorld(pairPresets(t, "accounts", "contacts", "leads", "opportunities", "calls")...)
	for n, document := range s.Documents {
		s.Documents[n] = strings.ReplaceAll(document, "table: owners, by: email,", "table: owners, by: email,"+more)
	}
	s.Org = func(sim *salesforcetest.Sim) {
		f := salesforcetest.Text("crosswalk_key__c", 64)
		f.ExternalID, f.Unique = true, true
		sim.AddField("Task", f)
		prepared(sim)
	}
	s.HubSpotFields = []string{"calls/crosswalk_key"}
	pair(t, s, func(w *world) {
		hub, sf := w.ownerOfBoth()
		f(w, hub, sf)
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

func TestOwnersAtCreation(t *testing.T) {
	ownersWorld(t, func(*salesforcetest.Sim) {}, "", func(w *world, hub, sf string) {
		account := w.sfCreate("Account", values("Name", "Nordlys Energi A/S", "Website", "https://nordlys.example", "OwnerId", sf))
		w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example", "OwnerId", sf, "AccountId", account))
		w.sfCreate("Lead", values("LastName", "Lead", "Company", "Fjord", "Email", "lead@fjord.example", "OwnerId", sf))
		stranger := w.Salesforce.AddUser("Stranger", "stranger@elsewhere.example")
		w.sfCreate("Contact", values("LastName", "Strange", "Email", "strange@nordlys.example", "OwnerId", stranger))
		person := w.hub("contacts", "email", "new@tender.example", "lastname", "New", "lifecyclestage", "opportunity", "hubspot_owner_id", hub)
		w.hub("contacts", "email", "mql@tender.example", "lastname", "Qualified", "lifecyclestage", "marketingqualifiedlead", "hubspot_owner_id", hub)
		w.later()
		call := w.hub("calls", "hs_call_title", "First call", "hs_timestamp", "2026-09-01T09:00:00Z", "hs_call_status", "COMPLETED", "hubspot_owner_id", hub)
		w.ok(w.HubSpot.User().Associate("calls", call, "contacts", person))
		w.later()
		for _, c := range []struct{ object, field, value string }{{"companies", "domain", "nordlys.example"}, {"contacts", "email", "desk@nordlys.example"}, {"contacts", "email", "lead@fjord.example"}} {
			if got := w.inHub(c.object, c.field, c.value).Properties["hubspot_owner_id"]; got != hub {
				t.Errorf("%s %s: owner %q, want %q", c.object, c.value, got, hub)
			}
		}
		for _, c := range []struct{ object, field, value string }{{"Contact", "Email", "new@tender.example"}, {"Lead", "Email", "mql@tender.example"}, {"Task", "Subject", "First call"}} {
			if got := w.inSf(c.object, c.field, c.value).Text("OwnerId"); got != sf {
				t.Errorf("%s %s: owner %q, want %q%s", c.object, c.value, got, sf, w.story())
			}
		}
		if got := w.inHub("contacts", "email", "strange@nordlys.example").Properties["hubspot_owner_id"]; got != "" {
			t.Errorf("an owner whom HubSpot does not know became %q", got)
		}
		// a change of the owner is its side's own
		w.sfSet("Account", account, "OwnerId", stranger)
		w.sfSet("Account", account, "Description", "Handed over")
		w.later()
		if got := w.inHub("companies", "domain", "nordlys.example").Properties; got["hubspot_owner_id"] != hub || got["description"] != "Handed over" {
			t.Errorf("owner %q, description %q", got["hubspot_owner_id"], got["description"])
		}
	})
}

// TestOwnerInPlace: else and back_else name who owns what an unknown owner's record becomes, by name or address.
func TestOwnerInPlace(t *testing.T) {
	prepared := func(sim *salesforcetest.Sim) { sim.AddUser("Desk of leads", "desk.of.leads@elsewhere.example") }
	ownersWorld(t, prepared, " else: Renewals, back_else: desk.of.leads@elsewhere.example,", func(w *world, hub, sf string) {
		users, err := w.Connectors["salesforce"].Table(w.t.Context(), "owners")
		w.ok(err)
		at := slices.IndexFunc(users.Rows, func(r connector.Row) bool { return r.Label == "Desk of leads" })
		inPlace := users.Rows[at].Key
		stranger := w.Salesforce.AddUser("Stranger", "stranger@elsewhere.example")
		unknown, renewals := "", ""
		table, err := w.Connectors["hubspot"].Table(w.t.Context(), "owners")
		w.ok(err)
		for _, row := range table.Rows {
			switch {
			case row.Label == "Renewals":
				renewals = row.Key
			case row.Key != hub && row.Attrs["archived"] == "false":
				unknown = row.Key
			}
		}
		w.sfCreate("Contact", values("LastName", "Strange", "Email", "strange@nordlys.example", "OwnerId", stranger))
		w.hub("contacts", "email", "new@tender.example", "lastname", "New", "lifecyclestage", "opportunity", "hubspot_owner_id", unknown)
		w.later()
		if got := w.inSf("Contact", "Email", "new@tender.example").Text("OwnerId"); unknown == "" || got != inPlace {
			t.Errorf("owner %q for HubSpot's %q, want %q%s", got, unknown, inPlace, w.story())
		}
		if got := w.inHub("contacts", "email", "strange@nordlys.example").Properties["hubspot_owner_id"]; renewals == "" || got != renewals {
			t.Errorf("owner %q, want %q", got, renewals)
		}
	})
}
