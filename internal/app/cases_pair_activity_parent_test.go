package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/link"
)

// An activity goes with the person, deal or company that it is about (HS-60, HS-61, PB-51, PB-77): it is carried when one of them is, whether
// the person is a contact or a lead, and comes when they come. Nothing lies at Salesforce without a person whom HubSpot has.

// parentWorld is the two CRMs with the presets of people, deals and activities.
func parentWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	kinds := []string{"tasks", "meetings", "calls", "emails", "notes"}
	s := pairWorld(pairPresets(t, slices.Concat([]string{"accounts", "contacts", "leads", "opportunities"}, kinds)...)...)
	s.Org = func(sim *salesforcetest.Sim) {
		for _, object := range []string{"Task", "Event"} {
			f := salesforcetest.Text("crosswalk_key__c", 64)
			f.ExternalID, f.Unique = true, true
			sim.AddField(object, f)
		}
	}
	for _, kind := range kinds {
		s.HubSpotFields = append(s.HubSpotFields, kind+"/crosswalk_key")
	}
	pair(t, s, func(w *world) {
		f(w)
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

// call is a completed call at HubSpot about some records: object, id, object, id.
func (w *world) call(title string, about ...string) string {
	w.t.Helper()
	id := w.hub("calls", "hs_call_title", title, "hs_timestamp", "2026-09-01T09:00:00Z", "hs_call_status", "COMPLETED", "hs_call_duration", "60000", "hs_call_direction", "OUTBOUND")
	for n := 0; n+1 < len(about); n += 2 {
		w.ok(w.HubSpot.User().Associate("calls", id, about[n], about[n+1]))
	}
	return id
}

// TestActivityOfLead: calls with leads are the leads', both ways, before and after the conversion.
func TestActivityOfLead(t *testing.T) {
	parentWorld(t, func(w *world) {
		lead := w.sfCreate("Lead", values("LastName", "Desk", "Company", "Nordlys Energi A/S", "Email", "desk@nordlys.example"))
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		w.later()
		person, company := w.inHub("contacts", "email", "desk@nordlys.example").ID, w.inHub("companies", "domain", "nordlys.example").ID
		// a lead's call is related to nothing else at Salesforce, whatever HubSpot associates
		w.call("Rang the lead", "contacts", person, "companies", company)
		w.sfCreate("Task", values("Subject", "Lead rang", "WhoId", lead, "TaskSubtype", "Call", "Status", "Completed", "ActivityDate", "2026-09-02"))
		w.later()
		if r := w.inSf("Task", "Subject", "Rang the lead"); r.Text("WhoId") != lead || r.Text("WhatId") != "" {
			t.Errorf("who %q, want the lead %s; what %q%s", r.Text("WhoId"), lead, r.Text("WhatId"), w.story())
		}
		if got := w.inHub("calls", "hs_call_title", "Lead rang").Associations["contacts"]; !slices.Equal(got, []string{person}) {
			t.Errorf("associated %v, want %s%s", got, person, w.story())
		}
		done, err := w.Salesforce.Person().Convert(lead, salesforcetest.Conversion{AccountID: account})
		w.ok(err)
		w.later()
		w.later()
		w.call("Rang the contact", "contacts", person)
		w.later()
		if got := w.inSf("Task", "Subject", "Rang the contact").Text("WhoId"); got != done.ContactID {
			t.Errorf("after the conversion: who %q, want %s%s", got, done.ContactID, w.story())
		}
	})
}

// TestActivityOfNobodyThere: a call of somebody whom Salesforce does not have is left out, why says so, and it comes with the person. One
// about nobody is carried.
func TestActivityOfNobodyThere(t *testing.T) {
	parentWorld(t, func(w *world) {
		company := w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example")
		person := w.hub("contacts", "email", "office@fjord.example", "lastname", "Office", "lifecyclestage", "subscriber")
		w.later()
		call := w.call("Early call", "contacts", person, "companies", company) // the company is an account; its caller is not carried
		w.call("About the company", "companies", company)
		w.call("About nobody")
		w.later()
		if n := len(w.Salesforce.Find("Task", "Subject", "Early call")); n != 0 {
			t.Fatalf("%d tasks of somebody whom Salesforce does not have%s", n, w.story())
		}
		account := w.inSf("Account", "Name", "Fjord Textiles").ID
		if got := w.inSf("Task", "Subject", "About the company").Text("WhatId"); got != account {
			t.Errorf("about %q, want the account %s%s", got, account, w.story())
		}
		w.inSf("Task", "Subject", "About nobody")
		w.wantQuietErrors()
		why := w.why(hubRef("calls", call)).Link
		if why.Reason == nil || why.State != link.Skipped {
			t.Fatalf("why says %v", why)
		}
		if said := why.Reason.Text; !strings.Contains(said, "hubspot:contacts/"+person) || !strings.Contains(said, "contacts") {
			t.Errorf("why says %s", said)
		}
		w.hubSet("contacts", person, "lifecyclestage", "opportunity")
		w.later()
		w.later()
		contact := w.inSf("Contact", "Email", "office@fjord.example").ID
		if r := w.inSf("Task", "Subject", "Early call"); r.Text("WhoId") != contact || r.Text("WhatId") != account {
			t.Errorf("who %q, want %s; what %q, want %s%s", r.Text("WhoId"), contact, r.Text("WhatId"), account, w.story())
		}
	})
}

// TestActivityOfSeveral: of the people of a meeting the first whom Salesforce has is its person; a deal goes before the company.
func TestActivityOfSeveral(t *testing.T) {
	parentWorld(t, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example", "AccountId", account))
		opportunity := w.sfCreate("Opportunity", values("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account))
		w.sfCreate("Task", values("Subject", "Visit the site", "WhatId", account, "Status", "Not Started", "Priority", "Normal", "ActivityDate", "2026-09-20"))
		w.later()
		stranger := w.hub("contacts", "email", "visitor@elsewhere.example", "lifecyclestage", "subscriber")
		known, company, deal := w.inHub("contacts", "email", "desk@nordlys.example").ID, w.inHub("companies", "domain", "nordlys.example").ID, w.inHub("deals", "dealname", "Deal").ID
		if got := w.inHub("tasks", "hs_task_subject", "Visit the site").Associations["companies"]; !slices.Equal(got, []string{company}) {
			t.Errorf("the task of an account is associated with %v, want %s%s", got, company, w.story())
		}
		w.call("Conference", "contacts", stranger, "contacts", known, "companies", company, "deals", deal)
		w.later()
		if r := w.inSf("Task", "Subject", "Conference"); r.Text("WhoId") != contact || r.Text("WhatId") != opportunity {
			t.Errorf("who %q, want %s; what %q, want %s%s", r.Text("WhoId"), contact, r.Text("WhatId"), opportunity, w.story())
		}
	})
}
