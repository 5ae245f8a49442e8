package app

import (
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// sfConnection changes the connection's configuration.
func (w *world) sfConnection(change func(c *Connection)) {
	w.t.Helper()
	c := w.Config.Connections["salesforce"]
	change(&c)
	w.Config.Connections["salesforce"] = c
	w.ok(w.Config.check())
	w.App.Connectors["salesforce"] = newConnector(w, "salesforce")
	w.restart()
}

// TestLeadsByAssignmentRules: what Crosswalk makes sets no assignment rule of the org going, so that nobody is sent a lead or told of one;
// with auto_assign: true the rule chooses the owner of a lead that names none. A change of a lead takes it from nobody, in either setting.
func TestLeadsByAssignmentRules(t *testing.T) {
	for _, auto := range []bool{false, true} {
		pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "leads")...), func(w *world) {
			seller := w.Salesforce.AddUser("Seller", "seller@portal.example")
			w.Salesforce.SetAssignment("Lead", seller)
			w.sfConnection(func(c *Connection) { c.AutoAssign = auto })
			id := w.hub("contacts", "email", "desk@nordlys.example", "lastname", "Desk", "lifecyclestage", "marketingqualifiedlead")
			w.later()
			lead := w.inSf("Lead", "Email", "desk@nordlys.example")
			if got := lead.Text("OwnerId") == seller; got != auto || (w.Salesforce.Assigned("Lead") == 1) != auto {
				t.Errorf("auto_assign %v: its owner is %s, the rule's is %s; %d assigned%s", auto, lead.Text("OwnerId"), seller, w.Salesforce.Assigned("Lead"), w.story())
			}
			boss := w.Salesforce.AddUser("Boss", "boss@portal.example")
			w.sfSet("Lead", lead.ID, "OwnerId", boss)
			w.later()
			w.hubSet("contacts", id, "jobtitle", "Buyer")
			w.later()
			if r := w.inSf("Lead", "Email", "desk@nordlys.example"); r.Text("OwnerId") != boss || r.Text("Title") != "Buyer" {
				t.Errorf("auto_assign %v: after a change its owner is %s, want %s; %q%s", auto, r.Text("OwnerId"), boss, r.Text("Title"), w.story())
			}
			w.quiet(2 * time.Hour)
		})
	}
}

// TestOnlyNewOneWay: of a mapping that goes one way, only_new has the filter decide who is made, and nobody else: who has a counterpart
// follows in any state. Without it a record that leaves the filter stays as it is until it is back.
func TestOnlyNewOneWay(t *testing.T) {
	for _, only := range []bool{true, false} {
		document := `
mapping: vendors
a: { connection: salesforce, object: Account }
b: { connection: hubspot, object: companies }
match:
  - { a: Website, b: domain, compare: domain }
a_to_b:
  create: { when: always, filter: 'Type == "Vendor"', only_new: ONLY }
  update: true
b_to_a: false
fields:
  - { a: Name, b: name }
  - { a: Website, b: domain, transform: extract_domain }
  - { a: Phone, b: phone }
`
		word := map[bool]string{true: "true", false: "false"}[only]
		pair(t, plainHub(pairWorld(strings.Replace(document, "ONLY", word, 1))), func(w *world) {
			vendor := w.sfAccount("Vendor", "Website", "https://vendor.example", "Type", "Vendor", "Phone", "1")
			other := w.sfAccount("Other", "Website", "https://other.example", "Type", "Other")
			w.later()
			if n := len(w.alive("companies")); n != 1 {
				t.Fatalf("%d companies, want the vendor's%s", n, w.story())
			}
			w.sfSet("Account", vendor, "Type", "Other", "Phone", "2")
			w.sfSet("Account", other, "Phone", "3")
			w.later()
			want := map[bool]string{true: "2", false: "1"}[only]
			if got := w.inHub("companies", "domain", "vendor.example").Properties["phone"]; got != want || len(w.alive("companies")) != 1 {
				t.Errorf("only_new %v: phone %q, want %q; %d companies%s", only, got, want, len(w.alive("companies")), w.story())
			}
			w.sfSet("Account", vendor, "Type", "Vendor")
			w.sfSet("Account", other, "Type", "Vendor")
			w.later()
			if got := w.inHub("companies", "domain", "vendor.example").Properties["phone"]; got != "2" || len(w.alive("companies")) != 2 {
				t.Errorf("only_new %v, back: phone %q; %d companies%s", only, got, len(w.alive("companies")), w.story())
			}
			w.quiet(2 * time.Hour)
		})
	}
}

const machines = `
mapping: machines
a: { connection: salesforce, object: Machine__c }
b: { connection: hubspot, object: machine }
match:
  - { a: Serial__c, b: serial }
a_to_b: true
b_to_a: true
conflict: newest
fields:
  - { a: Name, b: label, required: true }
  - { a: Serial__c, b: serial }
  - { a: Site__c, b: site }
  - { a: primary.Account, b: associations.companies, through: accounts, direction: a_to_b }
`

// TestCustomObjectsBothWays: a custom object of either side is a document of the same shape as any other: made from either side, matched,
// changed at each, with its company, and a create whose answer is lost makes one.
func TestCustomObjectsBothWays(t *testing.T) {
	s := pairWorld(pairAccounts)
	s.Draft = true
	s.Org = func(sim *salesforcetest.Sim) {
		key := salesforcetest.Text("crosswalk_key__c", 64)
		key.ExternalID, key.Unique = true, true
		sim.AddObject(salesforcetest.Object{Name: "Machine__c", Fields: []salesforcetest.Field{salesforcetest.Text("Serial__c", 40), salesforcetest.Text("Site__c", 80),
			salesforcetest.Lookup("Account__c", "Account", "Machines"), key}})
	}
	pair(t, s, func(w *world) {
		full, err := w.HubSpot.User().DefineObject(hubspottest.CustomObject{Name: "machine", Singular: "Machine", Plural: "Machines", Primary: "label", Associated: []string{"companies"}})
		w.ok(err)
		for _, name := range []string{"serial", "site"} {
			w.ok(w.HubSpot.User().Define(full, name, "string", "text"))
		}
		w.sfConnection(func(c *Connection) { c.Custom = []string{"Machine__c"} })
		if _, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), "machine", true); err != nil {
			t.Fatal(err)
		}
		w.apply(strings.Replace(machines, "a: primary.Account", "a: Account__c", 1))
		w.live()
		account := w.sfAccount("Nordlys", "Website", "https://nordlys.example")
		w.later()
		company := w.inHub("companies", "domain", "nordlys.example").ID
		press := w.sfCreate("Machine__c", values("Name", "Press", "Serial__c", "P-1", "Account__c", account))
		lathe := w.hub(full, "label", "Lathe", "serial", "L-1")
		twin := w.sfCreate("Machine__c", values("Name", "Saw", "Serial__c", "S-1"))
		twin2 := w.hub(full, "label", "Saw", "serial", "S-1")
		w.later()
		if a, b := w.Salesforce.Count("Machine__c"), len(w.alive(full)); a != 3 || b != 3 {
			t.Fatalf("%d machines at Salesforce, %d at HubSpot, want 3 and 3%s", a, b, w.story())
		}
		made := w.inHub(full, "serial", "P-1")
		if got := made.Associations["companies"]; len(got) != 1 || got[0] != company {
			t.Errorf("the press is of %v, want %s%s", got, company, w.story())
		}
		w.hubSet(full, made.ID, "site", "Aarhus")
		w.sfSet("Machine__c", w.inSf("Machine__c", "Serial__c", "L-1").ID, "Site__c", "Odense")
		w.sfSet("Machine__c", twin, "Site__c", "Esbjerg")
		w.later()
		r, _ := w.Salesforce.Get("Machine__c", press)
		if at := r.Text("Site__c"); at != "Aarhus" {
			t.Errorf("an edit at HubSpot: %q%s", at, w.story())
		}
		for id, want := range map[string]string{lathe: "Odense", twin2: "Esbjerg"} {
			if got := w.at(full, id).Properties["site"]; got != want {
				t.Errorf("an edit at Salesforce: %q, want %q%s", got, want, w.story())
			}
		}
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}
