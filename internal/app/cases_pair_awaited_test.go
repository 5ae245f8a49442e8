package app

import (
	"slices"
	"testing"
	"time"
)

// What waits for a record comes with it, by whichever of the records that it refers to is first there, and through merges: nobody has to
// look at everything once more (B12, C16).

// activities counts what stands at both sides.
func (w *world) activities() (n int) {
	return len(w.Salesforce.All("Task")) + len(w.alive("tasks")) + len(w.alive("calls"))
}

// TestMergeBringsActivities: a person who stands twice at Salesforce is nobody's counterpart, and what is about them waits, at both sides.
// After the merge at Salesforce all of it comes by itself.
func TestMergeBringsActivities(t *testing.T) {
	parentWorld(t, func(w *world) {
		person := w.hub("contacts", "email", "desk@nordlys.example", "lastname", "Desk", "lifecyclestage", "customer")
		one := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example"))
		two := w.sfCreate("Contact", values("LastName", "Desk, again", "Email", "desk@nordlys.example"))
		w.later()
		task := w.sfCreate("Task", values("Subject", "Prepare the visit", "WhoId", one, "TaskSubtype", "Task", "Status", "Not Started", "Priority", "Normal", "ActivityDate", "2026-09-02"))
		call := w.sfCreate("Task", values("Subject", "They rang", "WhoId", one, "TaskSubtype", "Call", "Status", "Completed", "ActivityDate", "2026-09-02"))
		w.hub("tasks", "hs_task_subject", "Send the offer", "hs_timestamp", "2026-09-03T09:00:00Z", "hs_task_status", "NOT_STARTED", "hs_task_priority", "HIGH")
		w.ok(w.HubSpot.User().Associate("tasks", w.inHub("tasks", "hs_task_subject", "Send the offer").ID, "contacts", person))
		w.call("We rang", "contacts", person)
		w.later()
		for _, subject := range []string{"Send the offer", "We rang"} {
			if n := len(w.Salesforce.Find("Task", "Subject", subject)); n != 0 {
				t.Fatalf("%s stands at Salesforce without its person%s", subject, w.story())
			}
		}
		w.ok(w.Salesforce.Person().Merge("Contact", two, map[string]any{}, one))
		w.later()
		w.later()
		for _, subject := range []string{"Send the offer", "We rang"} {
			if got := w.inSf("Task", "Subject", subject).Text("WhoId"); got != two {
				t.Errorf("%s is about %q, want %s%s", subject, got, two, w.story())
			}
		}
		for object, title := range map[string][2]string{"tasks": {"hs_task_subject", "Prepare the visit"}, "calls": {"hs_call_title", "They rang"}} {
			if got := w.inHub(object, title[0], title[1]).Associations["contacts"]; !slices.Equal(got, []string{person}) {
				t.Errorf("%s is associated with %v, want %s (tasks %s, %s)%s", title[1], got, person, task, call, w.story())
			}
		}
		there := w.activities()
		w.fullRun()
		if n := w.activities(); n != there {
			t.Errorf("looking at everything brought %d more%s", n-there, w.story())
		}
	})
}

// TestMergeBringsPeopleAlong: the people of a company that was nobody's counterpart have its account once it was merged at HubSpot into
// the company that is.
func TestMergeBringsPeopleAlong(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts")...), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		w.later()
		company := w.inHub("companies", "domain", "nordlys.example").ID
		again := w.hub("companies", "name", "Nordlys, entered again", "domain", "nordlys.example")
		person := w.hub("contacts", "email", "desk@nordlys.example", "lastname", "Desk", "lifecyclestage", "customer")
		w.ok(w.HubSpot.User().Associate("contacts", person, "companies", again))
		w.later()
		if got := w.inSf("Contact", "Email", "desk@nordlys.example").Text("AccountId"); got != "" {
			t.Fatalf("the person of the second company is at %s already%s", got, w.story())
		}
		_, err := w.HubSpot.User().Merge("companies", company, again)
		w.ok(err)
		w.later()
		w.later()
		if got := w.inSf("Contact", "Email", "desk@nordlys.example").Text("AccountId"); got != account {
			t.Errorf("the person is at %q, want %s%s", got, account, w.story())
		}
		w.quiet(2 * time.Hour)
	})
}

// TestWhicheverIsFirst: of two people of a deal whom Salesforce does not have the second comes first. The deal is theirs at once; it does
// not wait for the other one.
func TestWhicheverIsFirst(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		opportunity := w.sfCreate("Opportunity", values("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account))
		w.later()
		deal := w.inHub("deals", "dealname", "Deal").ID
		var people []string
		for _, name := range []string{"first", "second", "third"} {
			id := w.hub("contacts", "email", name+"@elsewhere.example", "lastname", name, "lifecyclestage", "subscriber")
			w.ok(w.HubSpot.User().Associate("deals", deal, "contacts", id))
			people = append(people, id)
		}
		w.advance(40 * time.Minute) // the sweep of associations
		if got := w.rolePeople(opportunity); len(got) != 0 {
			t.Fatalf("roles of people whom Salesforce does not have: %v%s", got, w.story())
		}
		for n := len(people) - 1; n >= 0; n-- {
			w.hubSet("contacts", people[n], "lifecyclestage", "customer")
			w.later()
			w.later()
			if got := w.rolePeople(opportunity); len(got) != len(people)-n {
				t.Errorf("%d people have a role after %d came%s", len(got), len(people)-n, w.story())
			}
		}
		w.quiet(2 * time.Hour)
	})
}
