package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// Activities between the two CRMs, with the presets as they are shipped: each kind is made at the other side with its person, and changed.

// activityWorld is a person that both sides have, with the presets of activities beside that of contacts.
func activityWorld(t *testing.T, kinds []string, f func(w *world, contact, hub string)) {
	t.Helper()
	s := pairWorld(pairPresets(t, slices.Concat([]string{"accounts", "contacts", "opportunities"}, kinds)...)...)
	s.Org = func(sim *salesforcetest.Sim) {
		for _, object := range []string{"Task", "Event"} {
			f := salesforcetest.Text("crosswalk_key__c", 64)
			f.ExternalID, f.Unique = true, true
			sim.AddField(object, f)
		}
	}
	for _, kind := range []string{"tasks", "meetings", "calls", "emails", "notes"} {
		s.HubSpotFields = append(s.HubSpotFields, kind+"/crosswalk_key")
	}
	pair(t, s, func(w *world) {
		contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example"))
		w.later()
		f(w, contact, w.inHub("contacts", "email", "desk@nordlys.example").ID)
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

func TestActivitiesBothWays(t *testing.T) {
	activityWorld(t, []string{"tasks", "meetings", "calls"}, func(w *world, contact, hub string) {
		task := w.sfCreate("Task", values("Subject", "Send offer", "WhoId", contact, "ActivityDate", "2026-09-20", "Status", "Not Started", "Priority", "High"))
		event := w.sfCreate("Event", values("Subject", "Visit", "WhoId", contact, "StartDateTime", "2026-09-21T09:00:00Z", "EndDateTime", "2026-09-21T10:30:00Z"))
		w.sfCreate("Task", values("Subject", "Rang them", "WhoId", contact, "TaskSubtype", "Call", "Status", "Completed", "ActivityDate", "2026-09-02", "CallDurationInSeconds", 90))
		w.later()
		made := w.inHub("tasks", "hs_task_subject", "Send offer")
		if p := made.Properties; p["hs_task_status"] != "NOT_STARTED" || p["hs_task_priority"] != "HIGH" || !strings.HasPrefix(p["hs_timestamp"], "2026-09-20T") || !slices.Equal(made.Associations["contacts"], []string{hub}) {
			w.t.Errorf("task: %v %v%s", p, made.Associations, w.story())
		}
		meeting := w.inHub("meetings", "hs_meeting_title", "Visit")
		if p := meeting.Properties; !strings.HasPrefix(p["hs_meeting_end_time"], "2026-09-21T10:30:00") || !slices.Equal(meeting.Associations["contacts"], []string{hub}) {
			w.t.Errorf("meeting: %v %v%s", p, meeting.Associations, w.story())
		}
		call := w.inHub("calls", "hs_call_title", "Rang them")
		if p := call.Properties; p["hs_call_duration"] != "90000" || p["hs_call_status"] != "COMPLETED" || !slices.Equal(call.Associations["contacts"], []string{hub}) {
			w.t.Errorf("call: %v %v%s", p, call.Associations, w.story())
		}
		if n := len(w.alive("tasks")); n != 1 {
			w.t.Errorf("%d tasks at HubSpot: the call is one too", n)
		}
		w.hubSet("tasks", made.ID, "hs_task_status", "COMPLETED")
		w.sfSet("Event", event, "Location", "Aarhus")
		w.later()
		if r, _ := w.Salesforce.Get("Task", task); r.Text("Status") != "Completed" {
			w.t.Errorf("completed in HubSpot: %q%s", r.Text("Status"), w.story())
		}
		if got := w.inHub("meetings", "hs_meeting_title", "Visit").Properties["hs_meeting_location"]; got != "Aarhus" {
			w.t.Errorf("moved: %q%s", got, w.story())
		}
	})
}

func TestActivitiesOfHubSpot(t *testing.T) {
	activityWorld(t, []string{"tasks", "meetings", "calls", "emails", "notes"}, func(w *world, contact, hub string) {
		ids := map[string]string{}
		for object, p := range map[string][]string{
			"tasks":    {"hs_task_subject", "Ask for the order", "hs_timestamp", "2026-09-20T00:00:00Z", "hs_task_status", "NOT_STARTED", "hs_task_priority", "LOW"},
			"meetings": {"hs_meeting_title", "Demo", "hs_timestamp", "2026-09-21T09:00:00Z", "hs_meeting_start_time", "2026-09-21T09:00:00Z", "hs_meeting_end_time", "2026-09-21T09:30:00Z"},
			"calls":    {"hs_call_title", "First call", "hs_timestamp", "2026-09-01T09:00:00Z", "hs_call_status", "COMPLETED", "hs_call_duration", "60000", "hs_call_direction", "OUTBOUND"},
			"emails":   {"hs_email_subject", "Our offer", "hs_timestamp", "2026-09-01T09:00:00Z", "hs_email_direction", "EMAIL", "hs_email_status", "SENT", "hs_email_text", "As agreed"},
			"notes":    {"hs_note_body", "<p>Likes the <b>blue</b> one</p>", "hs_timestamp", "2026-09-01T09:00:00Z"},
		} {
			ids[object] = w.hub(object, p...)
			w.ok(w.HubSpot.User().Associate(object, ids[object], "contacts", hub))
		}
		w.later()
		for _, want := range []struct{ object, subject, field, value string }{
			{"Task", "Ask for the order", "Priority", "Low"}, {"Event", "Demo", "EndDateTime", "2026-09-21T09:30:00"},
			{"Task", "First call", "CallDurationInSeconds", "60"}, {"Task", "Our offer", "Description", "As agreed"}, {"Task", "Note", "Description", "Likes the blue one"},
		} {
			r := w.inSf(want.object, "Subject", want.subject)
			if r.Text("WhoId") != contact || !strings.HasPrefix(r.Text(want.field), want.value) {
				w.t.Errorf("%s: %s is %q, want %q; its person %q%s", want.subject, want.field, r.Text(want.field), want.value, r.Text("WhoId"), w.story())
			}
		}
		if n := w.Salesforce.Count("Task"); n != 4 {
			w.t.Errorf("%d tasks, want 4", n)
		}
		w.hubSet("notes", ids["notes"], "hs_note_body", "Likes the red one")
		w.later()
		if got := w.inSf("Task", "Subject", "Note").Text("Description"); got != "Likes the red one" {
			w.t.Errorf("the note was changed: %q%s", got, w.story())
		}
		for object, n := range map[string]int{"tasks": 1, "meetings": 1, "calls": 1, "emails": 1, "notes": 1} {
			if got := len(w.alive(object)); got != n {
				w.t.Errorf("%d %s at HubSpot, want %d", got, object, n)
			}
		}
	})
}

// TestCampaignsInAProperty: the campaigns of a contact stand in its HubSpot property, beside the pair of contacts, which goes on.
func TestCampaignsInAProperty(t *testing.T) {
	s := pairWorld(pairPresets(t, "accounts", "contacts", "campaigns")...)
	s.HubSpotFields = []string{"contacts/salesforce_campaigns"}
	pair(t, s, func(w *world) {
		contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example"))
		w.later()
		for _, name := range []string{"Webinar", "Fair"} {
			campaign := w.sfCreate("Campaign", values("Name", name))
			w.sfCreate("CampaignMember", values("CampaignId", campaign, "ContactId", contact))
		}
		w.sfSet("Contact", contact, "Title", "Buyer")
		w.later()
		got := w.inHub("contacts", "email", "desk@nordlys.example").Properties
		if got["salesforce_campaigns"] != "Fair; Webinar" || got["jobtitle"] != "Buyer" {
			t.Errorf("%q %q%s", got["salesforce_campaigns"], got["jobtitle"], w.story())
		}
		w.hubSet("contacts", w.inHub("contacts", "email", "desk@nordlys.example").ID, "firstname", "Front")
		w.later()
		if got := w.inSf("Contact", "Email", "desk@nordlys.example").Text("FirstName"); got != "Front" {
			t.Errorf("home: %q%s", got, w.story())
		}
		w.quiet(time.Hour)
		w.wantQuietErrors()
	})
}
