package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/mapping"
)

// The same edits under the three whole sets (crosswalk help hubspot-centric, salesforce-centric, hybrid). What each must come to was
// read off the tables of those pages, by hand; no code of the product works it out.

// threeSets are the whole sets in the order in which the expected values below are given.
var threeSets = []string{"hubspot-centric", "salesforce-centric", "hybrid"}

// ends is what both sides show when all has come to rest.
type ends struct{ Sf, Hub string }

func alike(v string) ends { return ends{v, v} }

// each is the same under all three sets.
func each(e ends) [3]ends { return [3]ends{e, e, e} }

// trio is a company, a person and a deal that stand on both sides and agree; an edit has one for itself.
type trio struct {
	n                    int
	account, person, opp string // at Salesforce
	company, hub, deal   string // at HubSpot
	other, otherHub      string // a second person, of the same company
}

// pairEdit is one row: what people do, in order, and what a field reads as at both sides in the end.
type pairEdit struct {
	Name string
	// Do are the edits. Within one step nothing is synced; between steps everything is.
	Do []func(w *world, t trio)
	// Sees reads the field at both sides.
	Sees func(w *world, t trio) ends
	Want [3]ends // hubspot-centric, salesforce-centric, hybrid
}

func steps(do ...func(w *world, t trio)) []func(w *world, t trio) { return do }

func contactSet(pairs ...any) func(w *world, t trio) {
	return func(w *world, t trio) { w.sfSet("Contact", t.person, pairs...) }
}
func accountSet(pairs ...any) func(w *world, t trio) {
	return func(w *world, t trio) { w.sfSet("Account", t.account, pairs...) }
}
func oppSet(pairs ...any) func(w *world, t trio) {
	return func(w *world, t trio) { w.sfSet("Opportunity", t.opp, pairs...) }
}
func hubContactSet(pairs ...string) func(w *world, t trio) {
	return func(w *world, t trio) { w.hubSet("contacts", t.hub, pairs...) }
}
func companySet(pairs ...string) func(w *world, t trio) {
	return func(w *world, t trio) { w.hubSet("companies", t.company, pairs...) }
}
func dealSet(pairs ...string) func(w *world, t trio) {
	return func(w *world, t trio) { w.hubSet("deals", t.deal, pairs...) }
}

// together are edits of one step, three minutes apart: the last is the later one.
func together(do ...func(w *world, t trio)) func(w *world, t trio) {
	return func(w *world, t trio) {
		for n, f := range do {
			if n > 0 {
				time.Sleep(3 * time.Minute)
			}
			f(w, t)
		}
	}
}

func seesPerson(field, property string) func(w *world, t trio) ends {
	return func(w *world, t trio) ends {
		return ends{w.sfField("Contact", t.person, field), w.at("contacts", t.hub).Properties[property]}
	}
}
func seesAccount(field, property string) func(w *world, t trio) ends {
	return func(w *world, t trio) ends {
		return ends{w.sfField("Account", t.account, field), w.at("companies", t.company).Properties[property]}
	}
}
func seesDeal(field, property string) func(w *world, t trio) ends {
	return func(w *world, t trio) ends {
		return ends{w.sfField("Opportunity", t.opp, field), w.at("deals", t.deal).Properties[property]}
	}
}

// seesTwo joins two fields by a stroke.
func seesTwo(one, two func(w *world, t trio) ends) func(w *world, t trio) ends {
	return func(w *world, t trio) ends {
		a, b := one(w, t), two(w, t)
		return ends{a.Sf + "|" + b.Sf, a.Hub + "|" + b.Hub}
	}
}

func (w *world) sfField(object, id, field string) string {
	w.t.Helper()
	r, ok := w.Salesforce.Get(object, id)
	if !ok {
		w.t.Fatalf("no %s %s", object, id)
	}
	return r.Text(field)
}

// seller is the id of the user that the case added.
func (w *world) seller() string { w.t.Helper(); return w.inSf("User", "Name", "Seller").ID }

// seesPeople lists who is of the deal: the last names of contact roles, and of associated contacts.
func seesPeople(w *world, t trio) ends {
	name := func(id string) string {
		return map[string]string{t.person: "first", t.other: "second", t.hub: "first", t.otherHub: "second"}[id]
	}
	var sf, hub []string
	for _, r := range w.Salesforce.All("OpportunityContactRole") {
		if r.Text("OpportunityId") == t.opp {
			sf = append(sf, name(r.Text("ContactId")))
		}
	}
	for _, id := range w.at("deals", t.deal).Associations["contacts"] {
		hub = append(hub, name(id))
	}
	slices.Sort(sf)
	slices.Sort(hub)
	return ends{strings.Join(sf, " "), strings.Join(slices.Compact(hub), " ")}
}

const (
	oldPhone, newPhone, laterPhone = "+4570101010", "+4570202020", "+4570303030"
	aDealOwner                     = "9001"
)

// An association alone shows in no feed and is the sweep's to notice, in its own time.

// twentyEdits. Everything begins as agree makes it: Title Buyer, FirstName Desk, phones oldPhone, address Havnegade 1, 8000 Aarhus,
// stage Prospecting = appointmentscheduled, amount 1200, to close on 2026-10-01.
var twentyEdits = []pairEdit{
	{Name: "1 a title is changed in Salesforce", Do: steps(contactSet("Title", "Head buyer")), Sees: seesPerson("Title", "jobtitle"),
		Want: [3]ends{{"Head buyer", "Buyer"}, alike("Head buyer"), {"Head buyer", "Buyer"}}},
	{Name: "2 a title is changed in HubSpot", Do: steps(hubContactSet("jobtitle", "Head buyer")), Sees: seesPerson("Title", "jobtitle"),
		Want: [3]ends{alike("Head buyer"), {"Buyer", "Head buyer"}, alike("Head buyer")}},
	{Name: "3 different fields on both sides: both survive", Do: steps(together(contactSet("Phone", newPhone), hubContactSet("firstname", "Front"))),
		Sees: seesTwo(seesPerson("Phone", "phone"), seesPerson("FirstName", "firstname")),
		Want: [3]ends{{newPhone + "|Front", oldPhone + "|Front"}, {newPhone + "|Desk", newPhone + "|Front"}, alike(newPhone + "|Front")}},
	{Name: "4 one field on both sides, HubSpot later", Do: steps(together(contactSet("Phone", newPhone), hubContactSet("phone", laterPhone))), Sees: seesPerson("Phone", "phone"),
		Want: [3]ends{alike(laterPhone), alike(newPhone), alike(laterPhone)}},
	{Name: "5 one field on both sides, Salesforce later", Do: steps(together(hubContactSet("phone", newPhone), contactSet("Phone", laterPhone))), Sees: seesPerson("Phone", "phone"),
		Want: [3]ends{alike(newPhone), alike(laterPhone), alike(laterPhone)}},
	{Name: "6 the e-mail address on both sides, HubSpot later", Do: steps(together(contactSet("Email", "sf06@new.example"), hubContactSet("email", "hub06@new.example"))), Sees: seesPerson("Email", "email"),
		Want: [3]ends{alike("hub06@new.example"), alike("sf06@new.example"), alike("sf06@new.example")}},
	{Name: "7 emptied in Salesforce: a blank overwrites nothing", Do: steps(contactSet("FirstName", "")), Sees: seesPerson("FirstName", "firstname"), Want: each(ends{"", "Desk"})},
	{Name: "8 emptied in HubSpot: a blank overwrites nothing", Do: steps(hubContactSet("firstname", "")), Sees: seesPerson("FirstName", "firstname"), Want: each(ends{"Desk", ""})},
	{Name: "9 a blank is filled in HubSpot", Do: steps(hubContactSet("mobilephone", newPhone)), Sees: seesPerson("MobilePhone", "mobilephone"), Want: each(alike(newPhone))},
	{Name: "10 a blank is filled in Salesforce", Do: steps(accountSet("Description", "Keeps bees")), Sees: seesAccount("Description", "description"), Want: each(alike("Keeps bees"))},
	{Name: "11 an account's name is changed in HubSpot", Do: steps(companySet("name", "Renamed 11")), Sees: seesAccount("Name", "name"),
		Want: [3]ends{alike("Renamed 11"), alike("Works 11"), {"Works 11", "Renamed 11"}}},
	{Name: "12 an account's name is changed in Salesforce", Do: steps(accountSet("Name", "Renamed 12")), Sees: seesAccount("Name", "name"),
		Want: [3]ends{{"Renamed 12", "Works 12"}, alike("Renamed 12"), alike("Renamed 12")}},
	// a group is decided together: the side that wins wins all of it
	{Name: "13 two parts of an address, one on each side", Do: steps(together(contactSet("MailingCity", "Odense"), hubContactSet("zip", "9000"))),
		Sees: seesTwo(seesPerson("MailingCity", "city"), seesPerson("MailingPostalCode", "zip")),
		Want: [3]ends{alike("Aarhus|9000"), alike("Odense|8000"), alike("Aarhus|9000")}},
	{Name: "14 the stage is moved in HubSpot", Do: steps(dealSet("dealstage", "contractsent")), Sees: seesDeal("StageName", "dealstage"),
		Want: [3]ends{{"Proposal/Price Quote", "contractsent"}, {"Prospecting", "appointmentscheduled"}, {"Prospecting", "contractsent"}}},
	{Name: "15 the stage is moved in Salesforce", Do: steps(oppSet("StageName", "Value Proposition")), Sees: seesDeal("StageName", "dealstage"),
		Want: [3]ends{{"Value Proposition", "appointmentscheduled"}, {"Value Proposition", "presentationscheduled"}, {"Value Proposition", "presentationscheduled"}}},
	{Name: "16 the amount on both sides, HubSpot later", Do: steps(together(oppSet("Amount", 1500), dealSet("amount", "1700"))), Sees: seesDeal("Amount", "amount"),
		Want: [3]ends{alike("1700"), alike("1500"), alike("1500")}},
	{Name: "17 a person sets the old value back", Do: steps(contactSet("Phone", newPhone), hubContactSet("phone", oldPhone), contactSet("FirstName", "Front")), Sees: seesPerson("Phone", "phone"),
		// hubspot-centric never carried the first edit; salesforce-centric carried it, and keeps what HubSpot says since
		Want: [3]ends{{newPhone, oldPhone}, {newPhone, oldPhone}, alike(oldPhone)}},
	{Name: "18 an owner is changed on both sides, and no set carries owners", Do: steps(together(
		func(w *world, t trio) { w.sfSet("Opportunity", t.opp, "OwnerId", w.seller()) }, dealSet("hubspot_owner_id", aDealOwner))),
		Sees: func(w *world, t trio) ends {
			owner := w.sfField("Opportunity", t.opp, "OwnerId")
			return ends{map[bool]string{true: "seller", false: owner}[owner == w.seller()], w.at("deals", t.deal).Properties["hubspot_owner_id"]}
		}, Want: each(ends{"seller", aDealOwner})},
	{Name: "19 a person joins the deal, in HubSpot", Do: steps(func(w *world, t trio) {
		w.ok(w.HubSpot.User().Associate("deals", t.deal, "contacts", t.otherHub))
	}), Sees: seesPeople, Want: [3]ends{alike("first second"), alike("first"), alike("first second")}},
	{Name: "20 the opportunity is won in Salesforce: its people are customers, who stood further stays", Do: steps(
		hubContactSet("lifecyclestage", "evangelist"), func(w *world, t trio) {
			w.sfCreate("OpportunityContactRole", values("OpportunityId", t.opp, "ContactId", t.other))
			w.ok(w.Salesforce.Person().Win(t.opp))
		}), Sees: func(w *world, t trio) ends {
		return ends{w.sfField("Opportunity", t.opp, "StageName"), w.at("contacts", t.hub).Properties["lifecyclestage"] + " " + w.at("contacts", t.otherHub).Properties["lifecyclestage"]}
	}, Want: each(ends{"Closed Won", "evangelist customer"})},
}

// furtherEdits are what the pages say besides.
var furtherEdits = []pairEdit{
	{Name: "21 what is always Salesforce's is emptied in HubSpot: put back; elsewhere a blank overwrites nothing", Do: steps(companySet("phone", "")), Sees: seesAccount("Phone", "phone"),
		Want: [3]ends{{oldPhone, ""}, alike(oldPhone), {oldPhone, ""}}},
	{Name: "22 what the other side holds back is carried when the preferred side is emptied first", Do: steps(accountSet("Phone", ""), companySet("phone", newPhone)), Sees: seesAccount("Phone", "phone"),
		Want: [3]ends{alike(newPhone), {"", newPhone}, alike(newPhone)}},
	{Name: "23 an edit that stayed where it was gives way when the preferred side changes", Do: steps(hubContactSet("salutation", "Dr."), contactSet("Salutation", "Prof."), hubContactSet("salutation", "Mrs.")),
		Sees: seesPerson("Salutation", "salutation"),
		// Salutation was blank on both sides: the first edit fills it everywhere
		Want: [3]ends{alike("Mrs."), {"Prof.", "Mrs."}, alike("Mrs.")}},
	{Name: "24 the close date is moved in HubSpot", Do: steps(dealSet("closedate", "2026-11-05T00:00:00Z")), Sees: func(w *world, t trio) ends {
		return ends{w.sfField("Opportunity", t.opp, "CloseDate"), w.at("deals", t.deal).Properties["closedate"][:10]}
	}, Want: [3]ends{alike("2026-11-05"), alike("2026-10-01"), {"2026-10-01", "2026-11-05"}}},
	{Name: "25 a person joins the deal, in Salesforce", Do: steps(func(w *world, t trio) {
		w.sfCreate("OpportunityContactRole", values("OpportunityId", t.opp, "ContactId", t.other))
	}), Sees: seesPeople, Want: [3]ends{{"first second", "first"}, alike("first second"), alike("first second")}},
	{Name: "26 who opted out in Salesforce is opted in by nobody, with the line of opt-outs in force", Do: steps(contactSet("HasOptedOutOfEmail", true), hubContactSet("jobtitle", "Buyer of bees")),
		Sees: seesPerson("HasOptedOutOfEmail", "hs_email_optout"), Want: each(ends{"true", ""})},
	{Name: "27 protected fields are never written", Do: steps(together(contactSet("LeadSource", "Web"), hubContactSet("hs_lead_status", "NEW"))), Sees: seesPerson("LeadSource", "hs_lead_status"), Want: each(ends{"Web", "NEW"})},
	{Name: "28 an address is moved on both sides of an account", Do: steps(together(accountSet("BillingCity", "Odense"), companySet("zip", "9000"))),
		Sees: seesTwo(seesAccount("BillingCity", "city"), seesAccount("BillingPostalCode", "zip")),
		Want: [3]ends{alike("Aarhus|9000"), alike("Odense|8000"), alike("Odense|8000")}},
}

// wholeSet are the documents of a whole set that are about people, companies and deals; the line of opt-outs is in force.
func wholeSet(t *testing.T, name string) []string {
	t.Helper()
	var out []string
	for _, set := range mapping.WholeSets() {
		for _, p := range set.Presets {
			last := p.Name[strings.LastIndex(p.Name, "/")+1:]
			if set.Name == "hubspot-salesforce/"+name && slices.Contains([]string{"accounts", "contacts", "leads", "opportunities"}, last) {
				out = append(out, strings.Replace(string(p.YAML), "  # - { a: HasOptedOutOfEmail,", "  - { a: HasOptedOutOfEmail,", 1))
			}
		}
	}
	if len(out) != 4 {
		t.Fatalf("%d of 4 documents of %s", len(out), name)
	}
	return out
}

// agree makes companies, people and deals in Salesforce, and lets them be made in HubSpot.
func (w *world) agree(n int) []trio {
	w.t.Helper()
	out := make([]trio, n)
	for k := range out {
		t := &out[k]
		t.n = k + 1
		domain := fmt.Sprintf("w%02d.example", t.n)
		t.account = w.sfAccount(fmt.Sprintf("Works %02d", t.n), "Website", "https://www."+domain, "Phone", oldPhone, "BillingStreet", "Havnegade 1", "BillingPostalCode", "8000")
		address := values("MailingStreet", "Havnegade 1", "MailingCity", "Aarhus", "MailingPostalCode", "8000", "MailingCountry", "Denmark", "AccountId", t.account, "Phone", oldPhone)
		add := func(first, last string) string {
			v := values("FirstName", first, "LastName", last, "Email", strings.ToLower(last)+"@"+domain, "Title", "Buyer")
			for name, value := range address {
				v[name] = value
			}
			return w.sfCreate("Contact", v)
		}
		t.person, t.other = add("Desk", "First"), add("Hall", "Second")
		t.opp = w.sfDeal(fmt.Sprintf("Deal %02d", t.n), t.account, "1200")
		w.sfSet("Opportunity", t.opp, "CloseDate", "2026-10-01")
		w.sfCreate("OpportunityContactRole", values("OpportunityId", t.opp, "ContactId", t.person))
	}
	w.later()
	w.later()
	for k := range out {
		t := &out[k]
		domain := fmt.Sprintf("w%02d.example", t.n)
		t.company, t.hub, t.otherHub = w.inHub("companies", "domain", domain).ID, w.inHub("contacts", "email", "first@"+domain).ID, w.inHub("contacts", "email", "second@"+domain).ID
		t.deal = w.inHub("deals", "dealname", fmt.Sprintf("Deal %02d", t.n)).ID
	}
	return out
}

// TestWholeSetEdits (issue 6, Objects): the same edits end as the page of each whole set says.
func TestWholeSetEdits(t *testing.T) {
	if len(twentyEdits) != 20 {
		t.Fatalf("%d edits", len(twentyEdits))
	}
	edits := slices.Concat(twentyEdits, furtherEdits)
	for n, set := range threeSets {
		t.Run(set, func(t *testing.T) {
			s := pairWorld(wholeSet(t, set)...)
			s.Org = func(sim *salesforcetest.Sim) {
				sim.AddField("Contact", salesforcetest.Checkbox("HasOptedOutOfEmail"))
				sim.AddField("Lead", salesforcetest.Checkbox("HasOptedOutOfEmail"))
			}
			pair(t, s, func(w *world) {
				w.Salesforce.AddUser("Seller", "seller@elsewhere.example")
				w.HubSpot.AddOwner(hubspottest.Owner{ID: aDealOwner, Email: "deals@elsewhere.example"})
				all := w.agree(len(edits))
				most := 0
				for _, e := range edits {
					most = max(most, len(e.Do))
				}
				for step := range most {
					for k, e := range edits {
						if step < len(e.Do) {
							e.Do[step](w, all[k])
						}
					}
					w.advance(time.Hour)
				}
				w.advance(2 * time.Hour)
				for k, e := range edits {
					if got := e.Sees(w, all[k]); got != e.Want[n] {
						t.Errorf("%s: Salesforce %q, HubSpot %q; want %q, %q", e.Name, got.Sf, got.Hub, e.Want[n].Sf, e.Want[n].Hub)
					}
				}
				if n := len(w.errors("")); n != 0 {
					t.Errorf("sync errors:%s", w.story())
				}
				if a, c, o := w.Salesforce.Count("Account"), w.Salesforce.Count("Contact"), w.Salesforce.Count("Opportunity"); a != len(edits) || c != 2*len(edits) || o != len(edits) || w.Salesforce.Count("Lead") != 0 {
					t.Errorf("%d accounts, %d contacts, %d opportunities, %d leads for %d edits", a, c, o, w.Salesforce.Count("Lead"), len(edits))
				}
				if a, c, o := len(w.alive("companies")), len(w.alive("contacts")), len(w.alive("deals")); a != len(edits) || c != 2*len(edits) || o != len(edits) {
					t.Errorf("%d companies, %d contacts, %d deals for %d edits", a, c, o, len(edits))
				}
				w.quiet(3 * time.Hour)
			})
		})
	}
}
