package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

// plainContacts carries values alone: the figures of B3 are those of a mapping without associations.
const plainContacts = `
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
  - { a: Title, b: jobtitle }
  - { a: Phone, b: phone }
`

// TestB3_CallsPerThousand: what a thousand contacts cost in calls, each way, beside the least that the vendors' limits allow. Calls that
// a process makes once (describes, tables, accounts) were made before.
func TestB3_CallsPerThousand(t *testing.T) {
	s := pairWorld(plainContacts)
	pair(t, s, func(w *world) {
		const many = 1000
		rows := make([]map[string]any, many)
		for n := range rows {
			rows[n] = values("FirstName", "Desk", "LastName", fmt.Sprint("No ", n), "Email", fmt.Sprintf("desk%04d@nordlys.example", n))
		}
		ids, err := w.Salesforce.Import("Contact", many, time.Now(), func(n int) map[string]any { return rows[n] })
		w.ok(err)
		first := w.pairCalls(30 * time.Minute)
		if n := len(w.alive("contacts")); n != many {
			t.Fatalf("%d contacts at HubSpot%s", n, w.story())
		}
		w.quiet(time.Hour)
		people := w.alive("contacts")
		slices.SortFunc(people, func(a, b hubspottest.Record) int {
			return strings.Compare(a.Properties["email"], b.Properties["email"])
		})
		var hub []string // in the order of ids
		for _, r := range people {
			hub = append(hub, r.ID)
		}
		w.ok(w.HubSpot.User().Touch("contacts", hub, map[string]string{"jobtitle": "Buyer"}))
		toSalesforce := w.pairCalls(30 * time.Minute)
		w.advance(time.Hour) // the brake counts by the hour
		w.ok(w.Salesforce.Person().UpdateMany("Contact", ids, values("Phone", "+4570101010")))
		toHubSpot := w.pairCalls(30 * time.Minute)
		w.advance(2 * time.Hour)
		w.ok(w.HubSpot.User().Touch("contacts", hub[:many/2], map[string]string{"jobtitle": "Head"}))
		w.ok(w.Salesforce.Person().UpdateMany("Contact", ids[:many/2], values("Phone", "+4570101011")))
		both := w.pairCalls(30 * time.Minute)
		idle := w.pairCalls(30 * time.Minute)
		t.Logf("first copy %v\nHubSpot to Salesforce %v\nback %v\nboth %v\nidle half hour %v", first, toSalesforce, toHubSpot, both, idle)
		for _, id := range []string{ids[0], ids[many/2-1]} {
			r, _ := w.Salesforce.Get("Contact", id)
			if r.Text("Title") != "Head" || r.Text("Phone") != "+4570101011" {
				t.Errorf("%s %s", r.Text("Title"), r.Text("Phone"))
			}
		}
		for name, c := range map[string]struct{ got, least int }{"HubSpot to Salesforce": {toSalesforce["all"] - idle["all"], 7}, "back": {toHubSpot["all"] - idle["all"], 21}, "500 at both sides": {both["all"] - idle["all"], 10}} {
			// the echo of what we wrote is seen once by the next poll: five search pages of HubSpot, one of Salesforce; and the sweep
			// for deletions may have its turn
			if most := c.least*5/4 + 6 + 1; c.got > most {
				t.Errorf("%s: %d calls per thousand, least %d, at most %d with the echo's pages", name, c.got, c.least, most)
			}
		}
	})
}

// counted leaves out what a process asks once an hour or less, whatever there is to do, and the parts of one composite call.
func counted(name string) bool {
	for _, part := range []string{"total", "composite GET", "composite PATCH", "/properties", "describe", "/owners", "/pipelines", "/account-info", "/userinfo", "{object}/{id}", "/deleted"} {
		if strings.Contains(name, part) {
			return false
		}
	}
	return true
}

// pairCalls lets time pass and gives the calls that both vendors were asked meanwhile, by method and path without ids.
func (w *world) pairCalls(d time.Duration) map[string]int {
	w.t.Helper()
	w.HubSpot.ResetCalls()
	w.Salesforce.ResetCalls()
	w.advance(d)
	out := map[string]int{}
	for name, n := range w.HubSpot.Calls() {
		if counted(name) {
			out["hubspot "+name] += n
			out["all"] += n
		}
	}
	for name, n := range w.Salesforce.Calls() {
		if counted(name) {
			out["salesforce "+name] += n
			out["all"] += n
		}
	}
	return out
}
