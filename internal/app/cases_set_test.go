package app

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A whole set: accounts, contacts and opportunities of two CRMs as one plan, approved by one digest and carried out one mapping after
// the other. What is expected is written down in setWorld, and judged at both CRMs.

const setOpportunities = `
mapping: opportunities
slot: deal
a: { connection: salesforce, object: Opportunity }
b: { connection: hubspot, object: deals }
match:
  - { a: Name, b: dealname, compare: name }
a_to_b: true
b_to_a: true
conflict: newest
fields:
  - { a: Name, b: dealname, required: true }
  - { a: StageName, b: dealstage, values: { Prospecting: appointmentscheduled, Closed Won: closedwon } }
  - { a: CloseDate, b: closedate, transform: 'datetime("UTC")', back: 'date("UTC")' }
  - { a: primary.Account, b: primary.companies, through: accounts }
  - { a: associations.Contact, b: associations.contacts, through: contacts }
`

// aSet is what stands in both CRMs before the plan:
//
//	          at both                                    only at Salesforce            only at HubSpot
//	account   north (a phone number at Salesforce), south  west                        east
//	person    buyer of north (a title at Salesforce)       seller of west              clerk of east
//	deal                                                   one: of west, the seller    two: of east, the clerk
//
// So the plan makes three records at each side and changes two at HubSpot; south is linked as it is.
type aSet struct {
	north, south, west    string // accounts
	companyNorth, east    string
	buyer, seller         string // contacts at Salesforce
	hubBuyer, clerk       string
	opportunity, deal     string
	reversed, rightOrders []string
}

func setWorld() setup {
	s := plainHub(pairWorld(setOpportunities, pairContacts, pairAccounts))
	s.Draft = true
	return s
}

func (w *world) fillSet() aSet {
	w.t.Helper()
	set := aSet{reversed: []string{"opportunities", "contacts", "accounts"}, rightOrders: []string{"accounts", "contacts", "opportunities"}}
	set.north = w.sfAccount("North", "Website", "https://www.north.example", "Phone", "111")
	set.south = w.sfAccount("South", "Website", "https://south.example")
	set.west = w.sfAccount("West", "Website", "https://west.example")
	set.companyNorth = w.hub("companies", "name", "North", "domain", "north.example", "city", "Aarhus")
	w.hub("companies", "name", "South", "domain", "south.example", "city", "Aarhus")
	set.east = w.hub("companies", "name", "East", "domain", "east.example")
	set.buyer = w.sfCreate("Contact", values("LastName", "Buyer", "Email", "buyer@north.example", "Title", "Head of desk", "AccountId", set.north))
	set.seller = w.sfCreate("Contact", values("LastName", "Seller", "Email", "seller@west.example", "AccountId", set.west))
	set.hubBuyer = w.hub("contacts", "lastname", "Buyer", "email", "buyer@north.example")
	set.clerk = w.hub("contacts", "lastname", "Clerk", "email", "clerk@east.example")
	w.ok(w.HubSpot.User().Associate("contacts", set.hubBuyer, "companies", set.companyNorth))
	w.ok(w.HubSpot.User().Associate("contacts", set.clerk, "companies", set.east))
	set.opportunity = w.sfCreate("Opportunity", values("Name", "One", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", set.west))
	w.sfCreate("OpportunityContactRole", values("OpportunityId", set.opportunity, "ContactId", set.seller))
	set.deal = w.hub("deals", "dealname", "Two", "dealstage", "appointmentscheduled", "pipeline", "default", "closedate", "2026-11-01T00:00:00Z")
	w.ok(w.HubSpot.User().Associate("deals", set.deal, "companies", set.east))
	w.ok(w.HubSpot.User().Associate("deals", set.deal, "contacts", set.clerk))
	w.polled()
	return set
}

// setPlan previews the whole set, named in a wrong order.
func (w *world) setPlan(names []string) (engine.SavedPlan, map[record.Ref]engine.PlanRow) {
	w.t.Helper()
	r, err := w.Engine.PreviewSet(w.t.Context(), names, "editor")
	w.ok(err)
	w.ended(r.ID)
	p, err := w.Engine.Plan(w.t.Context(), r.Plan)
	w.ok(err)
	rows := map[record.Ref]engine.PlanRow{}
	for from := 0; ; from += 150 {
		part, err := w.Engine.PlanRows(w.t.Context(), r.Plan, from, 150)
		w.ok(err)
		for _, row := range part {
			rows[row.Ref] = row
		}
		if len(part) < 150 {
			return p, rows
		}
	}
}

// allowed states that the mappings of a set may write without a saved file, and approves the plan.
func (w *world) allowed(p engine.SavedPlan) {
	w.t.Helper()
	for _, name := range p.Set {
		w.ok(w.Engine.WaiveSave(w.t.Context(), name, "editor", "a test"))
	}
	_, err := w.Engine.Approve(w.t.Context(), p.ID, p.Digest, "approver")
	w.ok(err)
}

// holdings counts what both CRMs have.
func (w *world) holdings() map[string]int {
	out := map[string]int{}
	for _, object := range []string{"companies", "contacts", "deals"} {
		out[object] = len(w.alive(object))
	}
	for _, object := range []string{"Account", "Contact", "Opportunity"} {
		out[object] = w.Salesforce.Count(object)
	}
	return out
}

var (
	beforeSet = map[string]int{"companies": 3, "contacts": 2, "deals": 1, "Account": 3, "Contact": 2, "Opportunity": 1}
	afterSet  = map[string]int{"companies": 4, "contacts": 3, "deals": 2, "Account": 4, "Contact": 3, "Opportunity": 2}
)

// TestSetInPhases: a set is one plan in the order of its references, whatever order it is named in; nothing is written before it is
// approved by its digest; while one mapping cannot be carried out the next does not begin; each phase counts its records and what they
// refer to; and the plan cannot be carried out twice.
func TestSetInPhases(t *testing.T) {
	pair(t, setWorld(), func(w *world) {
		ctx := w.t.Context()
		set := w.fillSet()
		stamps := w.stamps()
		p, rows := w.setPlan(set.reversed)
		if !slices.Equal(p.Set, set.rightOrders) {
			t.Fatalf("the set is carried out as %v", p.Set)
		}
		if p.Kinds["create"] != 6 || p.Writes["hubspot"] != 5 || p.Writes["salesforce"] != 3 {
			t.Fatalf("%v, writes %v", p.Kinds, p.Writes)
		}
		for ref, want := range map[record.Ref]plan.Kind{
			sfRef("Account", set.north): plan.Adopt, sfRef("Account", set.south): plan.Adopt, sfRef("Account", set.west): plan.Create, hubRef("companies", set.east): plan.Create,
			sfRef("Contact", set.buyer): plan.Adopt, sfRef("Contact", set.seller): plan.Create, hubRef("contacts", set.clerk): plan.Create,
			sfRef("Opportunity", set.opportunity): plan.Create, hubRef("deals", set.deal): plan.Create,
		} {
			if rows[ref].Kind != want {
				t.Errorf("%s is planned as %q, want %s: %+v", ref, rows[ref].Kind, want, rows[ref].Reason)
			}
		}
		if _, err := w.Engine.RunPlan(ctx, p.ID, "editor"); err == nil || !strings.Contains(err.Error(), "is not approved") {
			t.Errorf("a plan that nobody approved: %v", err)
		}
		_, err := w.Engine.Approve(ctx, p.ID, strings.Repeat("0", len(p.Digest)), "approver")
		w.refused(err, "the plan's digest is "+p.Digest)
		w.allowed(p)
		w.advance(3 * time.Hour) // polls, sweeps: drafts write nothing
		if !maps.Equal(stamps, w.stamps()) {
			t.Fatal("something was written before the plan ran")
		}

		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if strings.HasPrefix(r.URL.Path, "/crm/") && strings.Contains(r.URL.Path, "companies") && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/create") {
				f := hubspottest.TooMany("60")
				return &f
			}
			return nil
		})
		r, err := w.Engine.RunPlan(ctx, p.ID, "operator")
		w.ok(err)
		w.advance(10 * time.Minute)
		got := w.holdings()
		if run := w.runOf(r.ID); len(run.Phases) != 0 || run.Status == "done" || got["contacts"] != 2 || got["Contact"] != 2 || got["deals"] != 1 || got["Opportunity"] != 1 {
			t.Errorf("accounts cannot be made, and others went on: %v, %+v", got, run.Phases)
		}
		w.HubSpot.SetFault(nil)
		run := w.ended(r.ID)
		if run.Counts.Refused+run.Counts.Failed+run.Counts.Held != 0 || run.Counts.Created != 6 || len(run.Refused) != 0 {
			t.Errorf("%+v, refused %v%s", run.Counts, run.Refused, w.story())
		}
		want := []engine.Phase{{Mapping: "accounts", Rows: 4, Linked: 4}, {Mapping: "contacts", Rows: 3, Linked: 3, Relations: 3}, {Mapping: "opportunities", Rows: 2, Linked: 2, Relations: 4}}
		if len(run.Phases) != len(want) {
			t.Fatalf("%+v", run.Phases)
		}
		for n, p := range run.Phases {
			if p.Mapping != want[n].Mapping || p.Rows != want[n].Rows || p.Linked != want[n].Linked || p.Relations != want[n].Relations || p.Lacking+p.Waiting != 0 {
				t.Errorf("%+v, want %+v", p, want[n])
			}
			if n > 0 && p.Ended.Before(run.Phases[n-1].Ended) {
				t.Errorf("%s ended before %s", p.Mapping, run.Phases[n-1].Mapping)
			}
		}
		if got := w.holdings(); !maps.Equal(got, afterSet) {
			t.Errorf("%v, want %v", got, afterSet)
		}
		w.setStands(set)
		_, err = w.Engine.RunPlan(ctx, p.ID, "colleague")
		w.refused(err, "was carried out by run "+r.ID)
		if again, _ := w.setPlan(set.rightOrders); again.Writes["hubspot"]+again.Writes["salesforce"] != 0 || again.Kinds["create"]+again.Kinds["link"] != 0 {
			t.Errorf("a second preview would write %v: %v", again.Writes, again.Kinds)
		}
	})
}

// setStands wants what the plan made as its table says, with what it refers to.
func (w *world) setStands(set aSet) {
	w.t.Helper()
	if r := w.at("companies", set.companyNorth); r.Properties["phone"] != "111" {
		w.t.Errorf("%v", r.Properties)
	}
	if r := w.at("contacts", set.hubBuyer); r.Properties["jobtitle"] != "Head of desk" || r.PrimaryCompany != set.companyNorth {
		w.t.Errorf("%v", r.Properties)
	}
	west, seller, one := w.inHub("companies", "domain", "west.example"), w.inHub("contacts", "email", "seller@west.example"), w.inHub("deals", "dealname", "One")
	if seller.PrimaryCompany != west.ID || one.PrimaryCompany != west.ID || !slices.Equal(one.Associations["contacts"], []string{seller.ID}) {
		w.t.Errorf("west is %s, its seller %s of %s, its deal of %s and %v", west.ID, seller.ID, seller.PrimaryCompany, one.PrimaryCompany, one.Associations["contacts"])
	}
	east, clerk, two := w.inSf("Account", "Name", "East"), w.inSf("Contact", "Email", "clerk@east.example"), w.inSf("Opportunity", "Name", "Two")
	if clerk.Text("AccountId") != east.ID || two.Text("AccountId") != east.ID || !slices.Equal(w.rolePeople(two.ID), []string{clerk.ID}) {
		w.t.Errorf("east is %s, its clerk %s of %s, its opportunity of %s and %v", east.ID, clerk.ID, clerk.Text("AccountId"), two.Text("AccountId"), w.rolePeople(two.ID))
	}
}

// TestSetRefusesWhatChanged: records that somebody changed between the approval of a plan and its run are refused and listed, with
// those that would have referred to them; what changed in fields that no mapping carries is written as planned; nothing else is.
func TestSetRefusesWhatChanged(t *testing.T) {
	pair(t, setWorld(), func(w *world) {
		set := w.fillSet()
		p, _ := w.setPlan(nil)
		w.allowed(p)
		w.sfSet("Contact", set.buyer, "Title", "Changed since")   // a change of what is written
		w.sfSet("Contact", set.seller, "LastName", "Married")     // of what is made
		w.hubSet("companies", set.east, "numberofemployees", "7") // of a field of no mapping
		w.hubSet("contacts", set.clerk, "lastname", "")           // nothing is made of it as planned
		w.polled()
		r, err := w.Engine.RunPlan(w.t.Context(), p.ID, "operator")
		w.ok(err)
		run := w.ended(r.ID)
		want := []record.Ref{sfRef("Contact", set.buyer), sfRef("Contact", set.seller), hubRef("contacts", set.clerk), sfRef("Opportunity", set.opportunity), hubRef("deals", set.deal)}
		got := slices.Clone(run.Refused)
		for _, list := range [][]record.Ref{want, got} {
			slices.SortFunc(list, func(a, b record.Ref) int { return strings.Compare(a.String(), b.String()) })
		}
		if !slices.Equal(got, want) || run.Counts.Refused != len(want) || run.Counts.Created != 2 {
			t.Errorf("refused %v, want %v; %+v%s", got, want, run.Counts, w.story())
		}
		if got := w.holdings(); got["companies"] != 4 || got["Account"] != 4 || got["contacts"] != 2 || got["Contact"] != 2 || got["deals"] != 1 || got["Opportunity"] != 1 {
			t.Errorf("%v", got)
		}
		if r := w.at("contacts", set.hubBuyer); r.Properties["jobtitle"] != "" {
			t.Errorf("a row that was refused is written: %v", r.Properties)
		}
		told := map[record.Ref]bool{}
		for _, line := range w.audit(engine.AuditQuery{}) {
			if line.Run == r.ID && line.Kind == "refuse" {
				told[line.Ref] = true
			}
		}
		if !told[sfRef("Contact", set.buyer)] || !told[sfRef("Contact", set.seller)] {
			t.Errorf("the trail tells of refused rows %v", told)
		}
		// what was refused is in the next plan as it stands now
		next, rows := w.setPlan(nil)
		if rows[sfRef("Contact", set.seller)].Kind != plan.Create || rows[sfRef("Contact", set.buyer)].Kind != plan.Adopt || next.Kinds["create"] != 4 {
			t.Errorf("the next plan: %v", next.Kinds)
		}
	})
}

// TestSetOfAnotherVersion: a plan is refused as a whole when one of its mappings was edited after its preview; each mapping must pass
// what it asks for before its first write.
func TestSetOfAnotherVersion(t *testing.T) {
	pair(t, setWorld(), func(w *world) {
		ctx := w.t.Context()
		w.fillSet()
		p, _ := w.setPlan(nil)
		_, err := w.Engine.Approve(ctx, p.ID, p.Digest, "approver")
		w.ok(err)
		_, err = w.Engine.RunPlan(ctx, p.ID, "operator")
		w.refused(err, "saved to a file") // nobody saved, nor said that it need not be
		for _, name := range p.Set {
			w.ok(w.Engine.WaiveSave(ctx, name, "editor", "a test"))
		}
		w.apply(strings.Replace(pairContacts, "{ a: LastName, b: lastname }", "{ a: LastName, b: lastname, transform: uppercase }", 1))
		_, err = w.Engine.RunPlan(ctx, p.ID, "operator")
		w.refused(err, "was made with version 1 of contacts, and version 2 was applied since")
		if got := w.holdings(); !maps.Equal(got, beforeSet) {
			t.Errorf("%v", got)
		}
	})
}
