package app

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
)

// fewFields is what the many carry: little, so that what is measured is how they are found.
const fewFields = `
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
  - { a: LastName, b: lastname }
  - { a: Email, b: email }
  - { a: Title, b: jobtitle }
`

// many is more than HubSpot's search shows of one query (10,000), and than one page of anything.
const many = 12_000

func manyAddress(n int) string { return fmt.Sprintf("desk%05d@many.example", n) }

// manySum is the checksum of the addresses that the many must have, each once.
func manySum() string {
	all := make([]string, many)
	for n := range all {
		all[n] = manyAddress(n)
	}
	return sumOf(all)
}

func sumOf(all []string) string {
	slices.Sort(all)
	return fmt.Sprintf("%d %x", len(all), sha256.Sum256([]byte(strings.Join(all, "\n"))))
}

func (w *world) manyInHub() (sum string, ids []string) {
	var all []string
	for _, r := range w.alive("contacts") {
		all, ids = append(all, r.Properties["email"]), append(ids, r.ID)
	}
	return sumOf(all), ids
}

func (w *world) manyInSf() (sum string, ids []string) {
	var all []string
	for _, r := range w.Salesforce.All("Contact") {
		all, ids = append(all, r.Text("Email")), append(ids, r.ID)
	}
	return sumOf(all), ids
}

// letGo looks at what the brake stopped and lets it go on, as an operator does; it says how often that was needed.
func (w *world) letGo(name string) int {
	w.t.Helper()
	times := 0
	for ; len(w.errors("brake")) > 0; times++ {
		if times > 3 {
			w.t.Fatalf("the brake stops what was let go%s", w.story())
		}
		_, err := w.Engine.Resume(w.t.Context(), name, "operator", "looked at")
		w.ok(err)
		w.advance(20 * time.Minute)
	}
	return times
}

// oneStamp wants that all of many records bear one time: else the case is not what it says.
func oneStamp[R any](t *testing.T, all []R, at func(R) time.Time) {
	t.Helper()
	for _, r := range all {
		if !at(r).Equal(at(all[0])) {
			t.Fatalf("%s and %s: they do not bear one time", at(r), at(all[0]))
		}
	}
}

// TestManyOfOneMomentInSalesforce: 12,000 contacts of one import, one SystemModstamp. They go over by an approved plan, each once.
func TestManyOfOneMomentInSalesforce(t *testing.T) {
	s := pairWorld(fewFields)
	s.Draft, s.HubSpot.SearchLag = true, time.Minute
	pair(t, s, func(w *world) {
		_, err := w.Salesforce.Import("Contact", many, time.Now(), func(n int) map[string]any {
			return values("LastName", fmt.Sprint("No ", n), "Email", manyAddress(n), "Title", "Buyer")
		})
		w.ok(err)
		oneStamp(t, w.Salesforce.All("Contact"), sfStamp)
		w.advance(2 * time.Minute)
		preview, err := w.Engine.RunMapping(t.Context(), engine.Run{Kind: "preview", Mapping: "contacts", Actor: "editor"}, nil)
		w.ok(err)
		w.settleRun(preview.ID)
		p, err := w.Engine.Plan(t.Context(), preview.Plan)
		w.ok(err)
		if p.Rows != many || p.Kinds["create"] != many {
			t.Fatalf("%+v", p)
		}
		_, err = w.Engine.Approve(t.Context(), p.ID, p.Digest, "boss")
		w.ok(err)
		w.live()
		r, err := w.Engine.RunPlan(t.Context(), p.ID, "editor")
		w.ok(err)
		w.settleRun(r.ID)
		if got := w.runOf(r.ID); got.Counts.Created != many || got.Counts.Failed+got.Counts.Held+got.Counts.Refused != 0 {
			t.Errorf("%+v", got)
		}
		sum, _ := w.manyInHub()
		if sum != manySum() {
			t.Fatalf("HubSpot has %s, want %s%s", sum, manySum(), w.story())
		}
		w.quiet(20 * time.Minute)
		if sum, _ := w.manyInSf(); sum != manySum() {
			t.Errorf("Salesforce has %s, want %s", sum, manySum())
		}
	})
}

func sfStamp(r salesforcetest.Record) time.Time { return r.SystemModstamp }
func hubStamp(r hubspottest.Record) time.Time   { return r.UpdatedAt }

// TestManyOfOneMomentInHubSpot: the same from the other side, live, behind a search that shows a write a minute late. The brake stops
// what an hour may not bring, a person lets it go on.
func TestManyOfOneMomentInHubSpot(t *testing.T) {
	s := pairWorld(fewFields)
	s.HubSpot.SearchLag = time.Minute
	pair(t, s, func(w *world) {
		rows := make([]map[string]string, many)
		for n := range rows {
			rows[n] = properties("lastname", fmt.Sprint("No ", n), "email", manyAddress(n), "jobtitle", "Buyer")
		}
		_, err := w.HubSpot.Import().CreateMany("contacts", rows)
		w.ok(err)
		oneStamp(t, w.HubSpot.Records("contacts"), hubStamp)
		w.advance(20 * time.Minute)
		if n := w.Salesforce.Count("Contact"); n != 1000 {
			t.Errorf("the brake let %d through, want 1000", n)
		}
		if n := w.letGo("contacts"); n != 1 {
			t.Errorf("let go %d times, want once%s", n, w.story())
		}
		if sum, _ := w.manyInSf(); sum != manySum() {
			t.Fatalf("Salesforce has %s, want %s%s", sum, manySum(), w.story())
		}
		w.quiet(20 * time.Minute)
		if sum, _ := w.manyInHub(); sum != manySum() {
			t.Errorf("HubSpot has %s, want %s", sum, manySum())
		}
	})
}

// inAnyOrder is six conflicts; what each must come to was worked out by hand from pairContacts and pairAccounts.
var inAnyOrder = []struct {
	Name string
	Do   func(w *world, t trio) // edits on both sides before anything is delivered
	Sees func(w *world, t trio) ends
	Want ends
}{
	{"different fields on both sides", together(contactSet("FirstName", "Front"), hubContactSet("lastname", "Changed")),
		seesTwo(seesPerson("FirstName", "firstname"), seesPerson("LastName", "lastname")), alike("Front|Changed")},
	{"newest, HubSpot later, and its company's phone beside it", together(contactSet("FirstName", "Front"), hubContactSet("firstname", "Later"), companySet("phone", newPhone)),
		seesTwo(seesPerson("FirstName", "firstname"), seesAccount("Phone", "phone")), alike("Later|" + newPhone)},
	{"newest, Salesforce later, and a field of HubSpot's beside it", together(hubContactSet("firstname", "Front"), contactSet("FirstName", "Later"), hubContactSet("phone", newPhone)),
		seesTwo(seesPerson("FirstName", "firstname"), seesPerson("Phone", "phone")), alike("Later|" + newPhone)},
	{"one field Salesforce's, one HubSpot's, both edited on both sides", together(contactSet("Title", "By Salesforce", "Phone", "1"), hubContactSet("jobtitle", "By HubSpot", "phone", "2")),
		seesTwo(seesPerson("Title", "jobtitle"), seesPerson("Phone", "phone")), alike("By Salesforce|2")},
	{"emptied on one side, changed on the other", together(hubContactSet("firstname", "Front"), contactSet("FirstName", "")),
		seesPerson("FirstName", "firstname"), alike("Front")},
	{"parts of one address on both sides, HubSpot later", together(accountSet("BillingCity", "Odense"), companySet("zip", "9000")),
		seesTwo(seesAccount("BillingCity", "city"), seesAccount("BillingPostalCode", "zip")), alike("Aarhus|9000")},
}

// roadsOf are what brings changes in: HubSpot's webhooks, the polls, and the workers of both lanes.
var roadsOf = []struct {
	Name string
	Go   func(w *world)
}{
	{"webhooks", func(w *world) { w.HubSpot.DeliverDue(w.t.Context(), door{w}) }},
	{"poll", func(w *world) { w.ok(w.Engine.Poll(w.t.Context())) }},
	{"live", func(w *world) { w.receive(lane.Live) }},
	{"bulk", func(w *world) { w.receive(lane.Bulk) }},
}

func (w *world) receive(l lane.Lane) {
	w.t.Helper()
	_, err := w.Engine.Receive(w.t.Context(), l, 100)
	w.ok(err)
}

// orders are all orders of four things.
func orders() [][]int {
	var out [][]int
	for a := range 4 {
		for b := range 4 {
			for c := range 4 {
				if d := 6 - a - b - c; a != b && a != c && b != c {
					out = append(out, []int{a, b, c, d})
				}
			}
		}
	}
	return out
}

// TestC11_EveryOrder (C11): whatever order webhooks, polls and workers come in, each conflict ends in one state.
func TestC11_EveryOrder(t *testing.T) {
	all := orders()
	if len(all) != 24 {
		t.Fatalf("%d orders", len(all))
	}
	var hooks []hubspottest.Subscription
	for object, list := range map[string][]string{"contact": {"firstname", "lastname", "email", "jobtitle", "phone"}, "company": {"name", "zip", "city"}} {
		for _, p := range list {
			hooks = append(hooks, hubspottest.Subscription{EventType: object + ".propertyChange", PropertyName: p})
		}
	}
	slices.SortFunc(hooks, func(a, b hubspottest.Subscription) int {
		return strings.Compare(a.EventType+a.PropertyName, b.EventType+b.PropertyName)
	})
	for _, order := range all {
		var names []string
		for _, n := range order {
			names = append(names, roadsOf[n].Name)
		}
		name := strings.Join(names, " ")
		pair(t, pairWorld(), func(w *world) {
			pairs := w.agreeOn(len(inAnyOrder))
			w.HubSpot.SetWebhook(hubspottest.AppID, hookURL, hooks...)
			for n, c := range inAnyOrder {
				c.Do(w, pairs[n])
			}
			for range 4 { // what one brings the next round's worker finds
				for _, n := range order {
					time.Sleep(20 * time.Second)
					roadsOf[n].Go(w)
				}
			}
			w.later()
			for n, c := range inAnyOrder {
				if got := c.Sees(w, pairs[n]); got != c.Want {
					t.Errorf("%s: %s: Salesforce %q, HubSpot %q; want %q, %q%s", name, c.Name, got.Sf, got.Hub, c.Want.Sf, c.Want.Hub, w.story())
				}
			}
			if n := len(w.errors("")); n != 0 {
				t.Errorf("%s: sync errors:%s", name, w.story())
			}
			w.quiet(time.Hour)
		})
	}
}

// agreeOn makes companies and people that stand on both sides.
func (w *world) agreeOn(n int) []trio {
	w.t.Helper()
	out := make([]trio, n)
	for k := range out {
		t := &out[k]
		domain := fmt.Sprintf("w%02d.example", k)
		t.account = w.sfAccount(fmt.Sprintf("Works %02d", k), "Website", domain, "Phone", oldPhone, "BillingStreet", "Havnegade 1", "BillingPostalCode", "8000")
		t.person = w.sfCreate("Contact", values("FirstName", "Desk", "LastName", "First", "Email", "first@"+domain, "Title", "Buyer", "Phone", oldPhone, "AccountId", t.account))
	}
	w.later()
	for k := range out {
		t := &out[k]
		domain := fmt.Sprintf("w%02d.example", k)
		t.company, t.hub = w.inHub("companies", "domain", domain).ID, w.inHub("contacts", "email", "first@"+domain).ID
	}
	return out
}
