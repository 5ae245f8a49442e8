package app

import (
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// formWorld is the two CRMs with the preset of form submissions, in which one form is named.
func formWorld(t *testing.T, f func(w *world, form, other string)) {
	t.Helper()
	documents := pairPresets(t, "accounts", "contacts", "leads", "opportunities", "tasks", "form-submissions")
	for n, d := range documents {
		documents[n] = strings.Replace(d, `["CHANGE THIS"]`, `["Ask for a demo"]`, 1)
	}
	s := pairWorld(documents...)
	s.Org = func(sim *salesforcetest.Sim) {
		f := salesforcetest.Text("crosswalk_key__c", 64)
		f.ExternalID, f.Unique = true, true
		sim.AddField("Task", f)
	}
	s.HubSpotFields = append(s.HubSpotFields, "tasks/crosswalk_key")
	pair(t, s, func(w *world) {
		f(w, w.HubSpot.User().NewForm("Ask for a demo"), w.HubSpot.User().NewForm("Newsletter"))
	})
}

func (w *world) submit(form, email string) string {
	w.t.Helper()
	id, err := w.HubSpot.Submit(form, "https://www.portal.example/demo", hubspottest.Answer{Name: "email", Value: email}, hubspottest.Answer{Name: "lastname", Value: "Desk"})
	w.ok(err)
	return id
}

// TestFormSubmissions (HS-60, PB-78): each submission of a form that is named is one completed task of its person in Salesforce, two of one
// person in one minute too, and more than a page of them; of other forms there is none, of who is not in Salesforce it waits until they are,
// and a lost answer of a create makes no second one. Nothing is brought back to HubSpot.
func TestFormSubmissions(t *testing.T) {
	formWorld(t, func(w *world, form, other string) {
		contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example"))
		w.advance(20 * time.Minute)
		w.submit(form, "desk@nordlys.example")
		w.advance(20 * time.Minute)
		task := w.inSf("Task", "Subject", "Form: Ask for a demo")
		if task.Text("WhoId") != contact || task.Text("Status") != "Completed" || !strings.Contains(task.Text("Description"), "portal.example/demo") {
			t.Errorf("%v%s", task, w.story())
		}
		w.submit(form, "desk@nordlys.example")
		w.advance(20 * time.Second)
		w.submit(form, "Desk@Nordlys.example")
		w.submit(other, "desk@nordlys.example")
		stranger := w.submit(form, "stranger@fjord.example")
		w.advance(20 * time.Minute)
		if n := w.Salesforce.Count("Task"); n != 3 {
			t.Fatalf("%d tasks, want 3%s", n, w.story())
		}
		w.hubSet("contacts", stranger, "lifecyclestage", "marketingqualifiedlead") // is made a lead
		w.advance(20 * time.Minute)
		w.advance(20 * time.Minute)
		if n := w.Salesforce.Count("Task"); n != 4 || w.Salesforce.Count("Lead") != 1 {
			t.Errorf("%d tasks, want 4; %d leads%s", n, w.Salesforce.Count("Lead"), w.story())
		}
		for range 120 {
			w.submit(form, "desk@nordlys.example")
			w.advance(time.Second)
		}
		w.advance(20 * time.Minute)
		w.advance(20 * time.Minute)
		if n := w.Salesforce.Count("Task"); n != 124 {
			t.Errorf("%d tasks, want 124%s", n, w.story())
		}
		if n := len(w.alive("tasks")); n != 0 {
			t.Errorf("%d tasks came back to HubSpot", n)
		}
		w.ok(w.HubSpot.User().ArchiveForm(form))
		w.fullRun()
		w.quiet(3 * time.Hour)
		if n := w.Salesforce.Count("Task"); n != 124 {
			t.Errorf("%d tasks after a form was archived, want 124", n)
		}
		w.wantQuietErrors()
		for pattern, calls := range w.pairCalls(time.Hour) {
			if strings.Contains(pattern, "form") && calls > 8*2 {
				t.Errorf("%s: %d calls in an hour without a submission", pattern, calls)
			}
		}
	})
}
