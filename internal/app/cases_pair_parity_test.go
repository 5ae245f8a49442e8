package app

import (
	"fmt"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// parityContacts has a field of every rule by which two sides may differ for good.
const parityContacts = `
mapping: contacts
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: hubspot, object: contacts }
match:
  - { a: Email, b: email, compare: case_insensitive }
when_taken: hold
a_to_b: true
b_to_a: { create: never, update: true }
conflict: newest
fields:
  - { a: FirstName, b: firstname }
  - { a: LastName, b: lastname }
  - { a: Email, b: email, transform: lowercase }
  - { a: Title, b: jobtitle, conflict: hold }
  - { a: Phone, b: phone, transform: 'phone_e164("DK")' }
  - { a: MailingCity, b: city, only_blank: hubspot }
  - { a: Department, b: company, direction: a_to_b }
`

// parity runs a report and gives its head and its differences, by record and field of a.
func (w *world) parity(name string) (engine.Reconciliation, []engine.PairDifference) {
	w.t.Helper()
	ctx := w.t.Context()
	r, err := w.Engine.StartReconcile(ctx, name, "", "editor")
	w.ok(err)
	for n := 0; w.runOf(r.ID).Status != "done"; n++ {
		if n > 200 {
			w.t.Fatalf("the report does not end: %+v", w.runOf(r.ID))
		}
		w.step(ctx)
	}
	head, err := w.Engine.Reconciliation(ctx, r.ID)
	w.ok(err)
	var rows []engine.PairDifference
	for from := 0; ; {
		part, next, err := w.Engine.PairDifferences(ctx, r.ID, from, 7)
		w.ok(err)
		rows = append(rows, part...)
		if from = next; next == 0 {
			break
		}
	}
	if len(rows) != head.Rows {
		w.t.Errorf("%d rows are listed, %d counted", len(rows), head.Rows)
	}
	return head, rows
}

// seeded is one difference as it was made.
type seeded struct {
	ref                record.Ref
	field, kind, cause string
	rule               string // how the row's rule begins
	mend               func()
}

// TestParityFinds44 (B-4): 44 differences of eleven kinds are made behind our back among 5,000 pairs. The report finds exactly these,
// each with its cause and when it was first seen; the next one remembers; what was mended is gone from it.
func TestParityFinds44(t *testing.T) {
	s := pairWorld(parityContacts)
	pair(t, s, func(w *world) {
		w.status("contacts", mapping.Paused)
		const many = 5000
		ids, err := w.Salesforce.Import("Contact", many, time.Now(), func(n int) map[string]any {
			return values("FirstName", "Desk", "LastName", fmt.Sprint("No ", n), "Email", fmt.Sprintf("Desk%04d@nordlys.example", n), "Title", "Buyer", "Phone", fmt.Sprintf("+45 70 10 %02d %02d", n/100, n%100), "MailingCity", "Aarhus", "Department", "Purchasing")
		})
		w.ok(err)
		hub := make([]string, many)
		for n := range hub { // the same person in other words: a phone without spaces, an address in small letters
			hub[n], err = w.HubSpot.Import().Create("contacts", properties("firstname", "Desk", "lastname", fmt.Sprint("No ", n), "email", fmt.Sprintf("desk%04d@nordlys.example", n), "jobtitle", "Buyer",
				"phone", fmt.Sprintf("+457010%02d%02d", n/100, n%100), "city", "Aarhus", "company", "Purchasing"))
			w.ok(err)
		}
		w.status("contacts", mapping.Live)
		w.advance(40 * time.Minute)
		w.status("contacts", mapping.Paused)
		w.advance(10 * time.Minute)
		if head, rows := w.parity("contacts"); len(rows) != 0 || head.Pairs != many {
			t.Fatalf("%d pairs, %d differences before any was made: %+v", head.Pairs, len(rows), rows[:min(3, len(rows))])
		}
		w.advance(10 * time.Minute)
		seeds := w.seedDifferences(ids, hub)
		w.advance(10 * time.Minute)
		first := map[string]time.Time{}
		calls := w.parityCalls(func() {
			head, rows := w.parity("contacts")
			for _, d := range rows {
				first[d.Ref.String()+d.Field] = d.First
			}
			w.wantSeeds(head, rows, seeds)
			if head.Reasons[plan.Unexplained] != 0 || head.New != len(seeds) {
				t.Errorf("%+v", head)
			}
		})
		t.Logf("calls for %d pairs with %d differences: %v", many, len(seeds), calls)
		// five pages and five reads per thousand and the feed of a; then the second look, and the match keys caught up by those that are alone
		if calls["all"] > 11*many/1000+70 {
			t.Errorf("%d calls for %d pairs: %v", calls["all"], many, calls)
		}
		w.advance(3 * time.Hour)
		head, rows := w.parity("contacts")
		w.wantSeeds(head, rows, seeds)
		for _, d := range rows {
			if at := first[d.Ref.String()+d.Field]; !d.First.Equal(at) || d.New {
				t.Errorf("%s %s: first seen %s, before %s, new %v", d.Ref, d.Field, d.First, at, d.New)
			}
		}
		var left []seeded
		mended := 0
		for _, one := range seeds {
			if one.mend == nil {
				left = append(left, one)
				continue
			}
			one.mend()
			mended++
		}
		w.advance(10 * time.Minute)
		head, rows = w.parity("contacts")
		w.wantSeeds(head, rows, left)
		if mended < 10 || head.Mended != mended {
			t.Errorf("%d were mended, %d are told", mended, head.Mended)
		}
	})
}

// seedDifferences makes 44 differences, and some changes that make none.
func (w *world) seedDifferences(ids, hub []string) []seeded {
	w.t.Helper()
	at := func(n int) record.Ref { return record.Ref{Connection: "salesforce", Object: "Contact", ID: ids[n]} }
	var out []seeded
	n := 100
	next := func() int { n += 90; return n }
	for range 6 { // changed at Salesforce
		k := next()
		w.sfSet("Contact", ids[k], "FirstName", "Front")
		out = append(out, seeded{at(k), "FirstName", engine.FieldDiffers, plan.PausedNow, "changed at salesforce", func() { w.sfSet("Contact", ids[k], "FirstName", "Desk") }})
	}
	for range 5 { // changed at HubSpot
		k := next()
		w.hubSet("contacts", hub[k], "lastname", "Office")
		out = append(out, seeded{at(k), "LastName", engine.FieldDiffers, plan.PausedNow, "changed at hubspot", func() { w.hubSet("contacts", hub[k], "lastname", fmt.Sprint("No ", k)) }})
	}
	for range 4 { // at both, and the mapping says hold
		k := next()
		w.sfSet("Contact", ids[k], "Title", "Head")
		w.hubSet("contacts", hub[k], "jobtitle", "Boss")
		out = append(out, seeded{at(k), "Title", engine.FieldDiffers, plan.BadValue, "held", nil})
	}
	for range 5 { // a blank clears nothing
		k := next()
		w.sfSet("Contact", ids[k], "Phone", "")
		out = append(out, seeded{at(k), "Phone", engine.FieldDiffers, plan.BlankKept, "blank: keep", nil})
	}
	for range 4 { // HubSpot is written only where it is blank
		k := next()
		w.sfSet("Contact", ids[k], "MailingCity", "Odense")
		out = append(out, seeded{at(k), "MailingCity", engine.FieldDiffers, plan.OnlyBlankSet, "only_blank", nil})
	}
	for range 5 { // by hand at the side that a one-way field writes
		k := next()
		w.hubSet("contacts", hub[k], "company", "Logistics")
		out = append(out, seeded{at(k), "Department", engine.FieldDiffers, plan.DriftKept, "changed at hubspot, drift: keep", nil})
	}
	for range 4 {
		k := next()
		w.ok(w.Salesforce.Person().Delete("Contact", ids[k]))
		out = append(out, seeded{at(k), "", engine.PartnerGone, plan.CounterpartDeleted, "", nil})
	}
	for range 4 {
		k := next()
		w.ok(w.HubSpot.User().Archive("contacts", hub[k]))
		out = append(out, seeded{at(k), "", engine.PartnerGone, plan.CounterpartDeleted, "", nil})
	}
	for k := range 3 {
		id := w.sfCreate("Contact", values("LastName", "New", "Email", fmt.Sprintf("new%d@nordlys.example", k)))
		out = append(out, seeded{record.Ref{Connection: "salesforce", Object: "Contact", ID: id}, "", engine.NoPartner, plan.PausedNow, "create", nil})
	}
	for k := range 2 {
		id := w.hub("contacts", "lastname", "Web", "email", fmt.Sprintf("web%d@nordlys.example", k))
		out = append(out, seeded{hubRef("contacts", id), "", engine.NoPartner, plan.CreateOff, "", nil})
	}
	for k := range 2 { // the address of somebody who is linked
		id := w.sfCreate("Contact", values("LastName", "Twin", "Email", fmt.Sprintf("desk%04d@nordlys.example", k)))
		out = append(out, seeded{record.Ref{Connection: "salesforce", Object: "Contact", ID: id}, "", engine.TwinHeld, plan.Taken, "", nil})
	}
	// no difference: both sides came to the same, another form of a number, a field that no rule names
	k := next()
	w.sfSet("Contact", ids[k], "FirstName", "Same")
	w.hubSet("contacts", hub[k], "firstname", "Same")
	k = next()
	w.sfSet("Contact", ids[k], "Phone", fmt.Sprintf("0045 7010 %02d%02d", k/100, k%100))
	w.hubSet("contacts", hub[next()], "website", "https://nordlys.example")
	return out
}

// wantSeeds wants exactly these differences.
func (w *world) wantSeeds(head engine.Reconciliation, rows []engine.PairDifference, seeds []seeded) {
	w.t.Helper()
	found := map[string]engine.PairDifference{}
	for _, d := range rows {
		found[d.Ref.String()+" "+d.Field] = d
	}
	if len(found) != len(rows) || len(rows) != len(seeds) {
		w.t.Errorf("%d differences, %d of them distinct, want %d: %v", len(rows), len(found), len(seeds), head.Reasons)
	}
	for _, s := range seeds {
		name := s.ref.String() + " " + s.field
		d, ok := found[name]
		delete(found, name)
		switch {
		case !ok:
			w.t.Errorf("%s was not found (%s)", name, s.cause)
		case d.Kind != s.kind || d.Cause != s.cause || len(d.Rule) < len(s.rule) || d.Rule[:len(s.rule)] != s.rule || d.Text == "" || d.First.IsZero() || d.First.After(time.Now()):
			w.t.Errorf("%s: %+v, want %s %s by %q", name, d, s.kind, s.cause, s.rule)
		}
	}
	for name, d := range found {
		w.t.Errorf("%s is no difference: %+v", name, d)
	}
}

// parityCalls counts the calls that both vendors were asked meanwhile.
func (w *world) parityCalls(f func()) map[string]int {
	w.HubSpot.ResetCalls()
	w.Salesforce.ResetCalls()
	f()
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

// TestParityOfARunningMapping: what has just changed is on its way; a change that nothing carries has no cause, and says so; the report
// runs by itself when the configuration says so, and tells since when.
func TestParityOfARunningMapping(t *testing.T) {
	s := pairWorld(parityContacts)
	s.Config = func(c *engine.Config) { c.Reconcile = map[string]string{"contacts": engine.Daily} }
	pair(t, s, func(w *world) {
		id := w.sfCreate("Contact", values("LastName", "Desk", "FirstName", "Front", "Email", "desk@nordlys.example"))
		w.later()
		hub := w.inHub("contacts", "email", "desk@nordlys.example")
		if head, rows := w.parity("contacts"); len(rows) != 0 || head.Pairs != 1 {
			t.Fatalf("%+v %+v", head, rows)
		}
		w.pollDown = true
		w.sfSet("Contact", id, "FirstName", "Back")
		want := func(cause string) {
			t.Helper()
			r, err := w.Engine.StartReconcile(w.t.Context(), "contacts", "", "editor")
			w.ok(err)
			if _, err := w.Engine.StartReconcile(w.t.Context(), "contacts", "", "editor"); err == nil {
				t.Error("two reports of a mapping at once")
			}
			for w.runOf(r.ID).Status != "done" {
				_, err := w.Engine.StepRuns(w.t.Context())
				w.ok(err)
			}
			rows, _, err := w.Engine.PairDifferences(w.t.Context(), r.ID, 0, 10)
			w.ok(err)
			if len(rows) != 1 || rows[0].Cause != cause || rows[0].Field != "FirstName" || rows[0].Other != hubRef("contacts", hub.ID) {
				t.Errorf("want %s: %+v", cause, rows)
			}
		}
		want(plan.Waits)
		w.advance(2 * time.Hour)
		want(plan.Unexplained)
		w.pollDown = false
		w.later()
		if head, rows := w.parity("contacts"); len(rows) != 0 || head.Mended != 1 {
			t.Errorf("%+v %+v", head, rows)
		}
		before, err := w.Engine.Reconciliations(w.t.Context(), "contacts")
		w.ok(err)
		w.advance(48 * time.Hour)
		after, err := w.Engine.Reconciliations(w.t.Context(), "contacts")
		w.ok(err)
		if len(after)-len(before) != 2 || after[0].Actor != "schedule" || after[0].Rows != 0 {
			t.Errorf("%d reports before, %d after two days: %+v", len(before), len(after), after[0])
		}
	})
}
