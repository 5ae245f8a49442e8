package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// HubSpot and Salesforce in agreement: accounts and contacts both ways, through the real engine, store, queue and connectors. What is
// expected is written down in each case; nothing is taken from the code.

const pairAccounts = `
mapping: accounts
slot: account
a: { connection: salesforce, object: Account }
b: { connection: hubspot, object: companies }
match:
  - { a: Website, b: domain, compare: domain }
a_to_b: true
b_to_a: true
conflict: newest
fields:
  - { a: Name, b: name }
  - { a: Website, b: domain, transform: extract_domain }
  - { a: Phone, b: phone }
  - { a: [BillingStreet, BillingCity, BillingPostalCode], b: [address, city, zip], group: address }
  - { a: Industry, b: description, direction: a_to_b }
`

const pairContacts = `
mapping: contacts
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: hubspot, object: contacts }
match:
  - { a: Email, b: email, compare: case_insensitive }
a_to_b: true
b_to_a: true
conflict: newest
fields:
  - { a: FirstName, b: firstname }
  - { a: LastName, b: lastname }
  - { a: Email, b: email }
  - { a: Title, b: jobtitle, conflict: salesforce }
  - { a: Phone, b: phone, conflict: hubspot }
  - { a: MailingCity, b: city, conflict: hold }
  - { a: AccountId, b: primary.companies, through: accounts }
`

func pairWorld(documents ...string) setup {
	s := anOrg()
	if len(documents) == 0 {
		documents = []string{pairAccounts, pairContacts}
	}
	s.Documents, s.Quiet = documents, true
	return s
}

// pair runs a case between the two CRMs, with the fields that creates are marked by.
func pair(t *testing.T, s setup, f func(w *world)) {
	t.Helper()
	org := s.Org
	s.Org = func(sim *salesforcetest.Sim) {
		for _, object := range []string{"Account", "Contact", "Lead", "Opportunity"} {
			f := salesforcetest.Text("crosswalk_key__c", 64)
			f.ExternalID, f.Unique = true, true
			sim.AddField(object, f)
		}
		if org != nil {
			org(sim)
		}
	}
	draft := s.Draft
	s.Draft = true
	virtual(t, s, func(w *world) {
		for _, object := range []string{"companies", "contacts", "deals"} {
			if _, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), object, true); err != nil {
				w.t.Fatal(err)
			}
		}
		if !draft {
			w.live()
		}
		f(w)
	})
}

func hubRef(object, id string) record.Ref {
	return record.Ref{Connection: "hubspot", Object: object, ID: id}
}

func (w *world) hub(object string, pairs ...string) string {
	w.t.Helper()
	id, err := w.HubSpot.User().Create(object, properties(pairs...))
	w.ok(err)
	return id
}

func (w *world) hubSet(object, id string, pairs ...string) {
	w.t.Helper()
	w.ok(w.HubSpot.User().Set(object, id, properties(pairs...)))
}

func properties(pairs ...string) map[string]string {
	out := map[string]string{}
	for n := 0; n+1 < len(pairs); n += 2 {
		out[pairs[n]] = pairs[n+1]
	}
	return out
}

// inHub and inSf are the one record with a value, as its system has it.
func (w *world) inHub(object, property, value string) hubspottest.Record {
	w.t.Helper()
	found := w.HubSpot.Find(object, property, value)
	if len(found) != 1 {
		w.t.Fatalf("%d %s at HubSpot have %s = %q, want one%s", len(found), object, property, value, w.story())
	}
	return found[0]
}

func (w *world) inSf(object, field, value string) salesforcetest.Record {
	w.t.Helper()
	found := w.Salesforce.Find(object, field, value)
	if len(found) != 1 {
		w.t.Fatalf("%d %s at Salesforce have %s = %q, want one%s", len(found), object, field, value, w.story())
	}
	return found[0]
}

// stamps are when each record of both CRMs was last changed: in quiet hours any that moves was written by us.
func (w *world) stamps() map[string]time.Time {
	out := map[string]time.Time{}
	for _, object := range []string{"companies", "contacts", "deals"} {
		for _, r := range w.HubSpot.Records(object) {
			out[object+"/"+r.ID] = r.UpdatedAt
		}
	}
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity"} {
		for _, r := range w.Salesforce.All(object) {
			out[object+"/"+r.ID] = r.SystemModstamp
		}
	}
	return out
}

// quiet lets time pass in which nobody does anything, and wants no write at either side.
func (w *world) quiet(d time.Duration) {
	w.t.Helper()
	before := w.stamps()
	w.advance(d)
	for name, at := range w.stamps() {
		if was, ok := before[name]; !ok || !was.Equal(at) {
			w.t.Errorf("%s was written in %s of quiet", name, d)
		}
	}
}

// alive are HubSpot's records that were neither archived nor merged away.
func (w *world) alive(object string) []hubspottest.Record {
	return slices.DeleteFunc(w.HubSpot.Records(object), func(r hubspottest.Record) bool { return r.Archived || r.MergedInto != "" })
}

// TestPairCreatesBothWays: what one side has and the other has not is made there, once, with its account.
func TestPairCreatesBothWays(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://www.nordlys.example/da")
		w.sfCreate("Contact", values("LastName", "Purchasing", "FirstName", "Desk", "Email", "purchasing@nordlys.example", "AccountId", account))
		company := w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example")
		contact := w.hub("contacts", "firstname", "Front", "lastname", "Office", "email", "office@fjord.example")
		w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
		w.later()
		made := w.inHub("companies", "domain", "nordlys.example")
		person := w.inHub("contacts", "email", "purchasing@nordlys.example")
		if made.Properties["name"] != "Nordlys Energi A/S" || person.Properties["associatedcompanyid"] != made.ID {
			t.Errorf("%v %v", made.Properties, person.Properties)
		}
		sf := w.inSf("Account", "Name", "Fjord Textiles")
		office := w.inSf("Contact", "Email", "office@fjord.example")
		if office.Text("AccountId") != sf.ID || office.Text("LastName") != "Office" {
			t.Errorf("%v, account %s", office, sf.ID)
		}
		w.quiet(3 * time.Hour)
		if n := len(w.HubSpot.Records("contacts")); n != 2 || w.Salesforce.Count("Contact") != 2 || w.Salesforce.Count("Account") != 2 || len(w.HubSpot.Records("companies")) != 2 {
			t.Errorf("%d contacts at HubSpot, %d at Salesforce, %d accounts%s", n, w.Salesforce.Count("Contact"), w.Salesforce.Count("Account"), w.story())
		}
	})
}

// TestPairMergesFields (C2, C11): edits of different fields on both sides both survive; edits of one field end as its rule says.
func TestPairMergesFields(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		contact := w.sfCreate("Contact", values("LastName", "Purchasing", "FirstName", "Desk", "Email", "p@nordlys.example", "Title", "Buyer", "Phone", "1"))
		w.later()
		hub := w.inHub("contacts", "email", "p@nordlys.example")
		w.sfSet("Contact", contact, "FirstName", "Central", "Title", "Head buyer", "Phone", "2")
		w.hubSet("contacts", hub.ID, "lastname", "Buying", "jobtitle", "Boss", "phone", "3")
		w.later()
		sf, hub := w.inSf("Contact", "Email", "p@nordlys.example"), w.inHub("contacts", "email", "p@nordlys.example")
		want := map[string]string{"first": "Central", "last": "Buying", "title": "Head buyer", "phone": "3"}
		gotSf := map[string]string{"first": sf.Text("FirstName"), "last": sf.Text("LastName"), "title": sf.Text("Title"), "phone": sf.Text("Phone")}
		gotHub := map[string]string{"first": hub.Properties["firstname"], "last": hub.Properties["lastname"], "title": hub.Properties["jobtitle"], "phone": hub.Properties["phone"]}
		for k, v := range want {
			if gotSf[k] != v || gotHub[k] != v {
				t.Errorf("%s: %q at Salesforce, %q at HubSpot, want %q", k, gotSf[k], gotHub[k], v)
			}
		}
		w.quiet(time.Hour)
		// somebody sets the old value back: a real change
		w.hubSet("contacts", hub.ID, "firstname", "Desk")
		w.later()
		if got := w.inSf("Contact", "Email", "p@nordlys.example").Text("FirstName"); got != "Desk" {
			t.Errorf("set back: %q", got)
		}
		// a blank does not clear
		w.sfSet("Contact", contact, "FirstName", "")
		w.later()
		if got := w.inHub("contacts", "email", "p@nordlys.example").Properties["firstname"]; got != "Desk" {
			t.Errorf("a blank cleared: %q", got)
		}
		// hold
		w.sfSet("Contact", contact, "MailingCity", "North")
		w.hubSet("contacts", hub.ID, "city", "South")
		w.later()
		if n := len(w.errors("bad_value")); n != 1 {
			t.Errorf("%d held conflicts%s", n, w.story())
		}
		w.hubSet("contacts", hub.ID, "city", "North")
		w.later()
		if n := len(w.errors("")); n != 0 {
			t.Errorf("mended, and still: %s", w.story())
		}
	})
}

// TestPairLinksByMatch: one hit links, and what is blank on either side is filled from the other; two hits are held.
func TestPairLinksByMatch(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		w.status("contacts", mapping.Paused)
		w.hub("contacts", "email", "Desk@Nordlys.example", "firstname", "Desk", "phone", "77")
		w.sfCreate("Contact", values("LastName", "Purchasing", "Email", "desk@nordlys.example", "Title", "Buyer"))
		w.sfCreate("Contact", values("LastName", "Twin", "Email", "twin@nordlys.example"))
		w.sfCreate("Contact", values("LastName", "Twin the other", "Email", "twin@nordlys.example"))
		w.hub("contacts", "email", "twin@nordlys.example", "lastname", "One")
		w.status("contacts", mapping.Live)
		w.later()
		sf := w.inSf("Contact", "Email", "desk@nordlys.example")
		hub := w.inHub("contacts", "jobtitle", "Buyer")
		if sf.Text("FirstName") != "Desk" || sf.Text("Phone") != "77" || hub.Properties["lastname"] != "Purchasing" {
			t.Errorf("%v %v", sf, hub.Properties)
		}
		if n := len(w.HubSpot.Records("contacts")); n != 2 {
			t.Errorf("%d contacts at HubSpot, want 2%s", n, w.story())
		}
		if n := w.Salesforce.Count("Contact"); n != 3 {
			t.Errorf("%d contacts at Salesforce, want 3%s", n, w.story())
		}
	})
}

// TestPairMerges (C16): a merge at either side takes the link along, and nothing is made again.
func TestPairMerges(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		one := w.sfCreate("Contact", values("LastName", "One", "Email", "one@nordlys.example"))
		w.later()
		hub := w.inHub("contacts", "email", "one@nordlys.example")
		extra := w.hub("contacts", "lastname", "Extra")
		w.status("contacts", mapping.Paused)
		merged, err := w.HubSpot.User().Merge("contacts", hub.ID, extra)
		w.ok(err)
		w.status("contacts", mapping.Live)
		w.later()
		w.sfSet("Contact", one, "FirstName", "After")
		w.later()
		if got, _ := w.HubSpot.Record("contacts", merged); got.Properties["firstname"] != "After" {
			t.Errorf("the survivor: %v%s", got.Properties, w.story())
		}
		w.hubSet("contacts", merged, "jobtitle", "Survivor")
		w.later()
		if got := w.inSf("Contact", "Email", "one@nordlys.example").Text("Title"); got != "Survivor" {
			t.Errorf("home: %q%s", got, w.story())
		}
		if n := len(w.alive("contacts")); n != 1 || w.Salesforce.Count("Contact") != 1 {
			t.Errorf("%d at HubSpot, %d at Salesforce%s", n, w.Salesforce.Count("Contact"), w.story())
		}
	})
}

// pairPresets are the documents of the set as they are shipped, whatever is left out.
func pairPresets(t *testing.T, names ...string) []string {
	t.Helper()
	var out []string
	for _, p := range mapping.PresetSet("hubspot-salesforce") {
		if slices.Contains(names, strings.TrimPrefix(p.Name, "hubspot-salesforce/")) {
			out = append(out, string(p.YAML))
		}
	}
	if len(out) != len(names) {
		t.Fatalf("%d of %d presets", len(out), len(names))
	}
	return out
}

// TestLeadConversion (C18, B-10): the HubSpot contact of a lead is the contact's that it was converted to; one company, one deal, no
// second contact, and no setting.
func TestLeadConversion(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "leads", "opportunities")...), func(w *world) {
		lead := w.sfCreate("Lead", values("LastName", "Desk", "FirstName", "Buying", "Company", "Nordlys Energi A/S", "Email", "desk@nordlys.example", "Website", "https://nordlys.example"))
		w.later()
		hub := w.inHub("contacts", "email", "desk@nordlys.example")
		w.hubSet("contacts", hub.ID, "jobtitle", "Buyer")
		w.later()
		done, err := w.Salesforce.Person().Convert(lead, salesforcetest.Conversion{OpportunityName: "First deal"})
		w.ok(err)
		w.later()
		w.later()
		if people := w.alive("contacts"); len(people) != 1 || people[0].ID != hub.ID {
			t.Fatalf("%d contacts at HubSpot%s", len(people), w.story())
		}
		w.sfSet("Contact", done.ContactID, "Title", "Head buyer")
		w.later()
		after := w.inHub("contacts", "email", "desk@nordlys.example")
		if after.Properties["jobtitle"] != "Head buyer" {
			t.Errorf("the contact does not carry on: %v%s", after.Properties, w.story())
		}
		if companies, deals := w.alive("companies"), w.alive("deals"); len(companies) != 1 || len(deals) != 1 || deals[0].Properties["dealname"] != "First deal" || after.Properties["associatedcompanyid"] != companies[0].ID {
			t.Errorf("%d companies, %d deals, contact at %s%s", len(companies), len(deals), after.Properties["associatedcompanyid"], w.story())
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
		w.quiet(2 * time.Hour)
	})
}

// TestContactRolesAndAssociations (C19, B-14): the people of a deal are the contact roles of its opportunity, whichever side adds one.
func TestContactRolesAndAssociations(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		one := w.sfCreate("Contact", values("LastName", "One", "Email", "one@nordlys.example", "AccountId", account))
		w.sfCreate("Contact", values("LastName", "Two", "Email", "two@nordlys.example", "AccountId", account))
		opportunity := w.sfCreate("Opportunity", values("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account, "Amount", "1200.50"))
		w.sfCreate("OpportunityContactRole", values("OpportunityId", opportunity, "ContactId", one, "IsPrimary", true))
		w.later()
		deal := w.inHub("deals", "dealname", "Deal")
		if deal.Properties["amount"] != "1200.5" && deal.Properties["amount"] != "1200.50" || deal.Properties["dealstage"] != "appointmentscheduled" {
			t.Errorf("%v", deal.Properties)
		}
		hubOne, hubTwo := w.inHub("contacts", "email", "one@nordlys.example"), w.inHub("contacts", "email", "two@nordlys.example")
		if got := deal.Associations["contacts"]; !slices.Equal(got, []string{hubOne.ID}) {
			t.Errorf("associated %v, want %s%s", got, hubOne.ID, w.story())
		}
		w.ok(w.HubSpot.User().Associate("deals", deal.ID, "contacts", hubTwo.ID))
		w.hubSet("deals", deal.ID, "dealstage", "qualifiedtobuy") // a change of the association alone is the sweep's
		w.later()
		if n := w.Salesforce.Count("OpportunityContactRole"); n != 2 {
			t.Errorf("%d roles, want 2%s", n, w.story())
		}
		if got := w.inSf("Opportunity", "Name", "Deal").Text("StageName"); got != "Prospecting" {
			t.Errorf("stage %q, and the preset prefers Salesforce's%s", got, w.story())
		}
		w.quiet(2 * time.Hour)
	})
}

// TestOwnersByAddress: a deal's owner is the user with the same address; an owner whom the other side does not know is left alone, and
// blocks nothing.
func TestOwnersByAddress(t *testing.T) {
	const owners = `
mapping: opportunities
a: { connection: salesforce, object: Opportunity }
b: { connection: hubspot, object: deals }
a_to_b: true
b_to_a: true
conflict: newest
fields:
  - { a: Name, b: dealname }
  - { a: CloseDate, b: closedate, transform: 'datetime("UTC")', back: 'date("UTC")' }
  - { a: StageName, b: dealstage, values: { Prospecting: appointmentscheduled, Qualification: qualifiedtobuy } }
  - { a: OwnerId, b: hubspot_owner_id, table: owners, by: email }
`
	pair(t, pairWorld(owners), func(w *world) {
		var known, strange string
		table, err := w.Connectors["hubspot"].Table(w.t.Context(), "owners")
		w.ok(err)
		for _, row := range table.Rows {
			if row.Attrs["archived"] == "false" {
				known = row.Key
				w.Salesforce.AddUser("Seller", row.Attrs["email"])
				break
			}
		}
		strange = w.Salesforce.AddUser("Stranger", "stranger@elsewhere.example")
		users, err := w.Connectors["salesforce"].Table(w.t.Context(), "owners")
		w.ok(err)
		seller := ""
		for _, row := range users.Rows {
			if row.Label == "Seller" {
				seller = row.Key
			}
		}
		w.sfCreate("Opportunity", values("Name", "Known", "StageName", "Prospecting", "CloseDate", "2026-10-01", "OwnerId", seller))
		w.sfCreate("Opportunity", values("Name", "Strange", "StageName", "Prospecting", "CloseDate", "2026-10-01", "OwnerId", strange))
		w.later()
		if got := w.inHub("deals", "dealname", "Known").Properties["hubspot_owner_id"]; got != known {
			t.Errorf("owner %q, want %q%s", got, known, w.story())
		}
		if got := w.inHub("deals", "dealname", "Strange").Properties["hubspot_owner_id"]; got != "" {
			t.Errorf("owner %q, want none%s", got, w.story())
		}
		if n := len(w.errors("")); n != 0 {
			t.Error(w.story())
		}
		w.quiet(time.Hour)
	})
}

// TestPairErased (S19): who was erased is carried neither way any more, and is not made again at either side.
func TestPairErased(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		contact := w.sfCreate("Contact", values("LastName", "Purchasing", "FirstName", "Desk", "Email", "gone@nordlys.example"))
		w.later()
		hub := w.inHub("contacts", "email", "gone@nordlys.example")
		_, err := w.Engine.Erase(w.t.Context(), hubRef("contacts", hub.ID).String(), "officer", "", false)
		w.ok(err)
		w.later()
		w.sfSet("Contact", contact, "Title", "Buyer")
		w.hubSet("contacts", hub.ID, "phone", "1")
		w.later()
		if sf, hub := w.inSf("Contact", "Id", contact), w.inHub("contacts", "email", "gone@nordlys.example"); sf.Text("Phone") != "" || hub.Properties["jobtitle"] != "" {
			t.Errorf("carried: %q %q%s", sf.Text("Phone"), hub.Properties["jobtitle"], w.story())
		}
		if n := len(w.alive("contacts")); n != 1 || w.Salesforce.Count("Contact") != 1 {
			t.Errorf("%d at HubSpot, %d at Salesforce", n, w.Salesforce.Count("Contact"))
		}
	})
}
