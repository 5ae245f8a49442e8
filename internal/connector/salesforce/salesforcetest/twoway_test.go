package salesforcetest

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestStatuses: an org that renamed its task and lead statuses.
func TestStatuses(t *testing.T) {
	s := New(Config{})
	s.SetTaskStatuses(StatusValue{Name: "To do", Default: true}, StatusValue{Name: "Erledigt", Closed: true})
	s.SetLeadStatuses(StatusValue{Name: "New", Default: true}, StatusValue{Name: "Won over", Closed: true})
	open, done := makeRecord(t, s, "Task", `{"Subject":"A"}`), makeRecord(t, s, "Task", `{"Subject":"A","Status":"Erledigt"}`)
	old := makeRecord(t, s, "Task", `{"Subject":"A","Status":"Completed"}`) // an unknown value is taken, and closes nothing
	for id, want := range map[string]string{open: "To do false", done: "Erledigt true", old: "Completed false"} {
		r, _ := s.Get("Task", id)
		if got := fmt.Sprint(r.Text("Status"), " ", r.Values["IsClosed"]); got != want {
			t.Errorf("task is %s, want %s", got, want)
		}
	}
	lead := makeRecord(t, s, "Lead", `{"LastName":"A","Company":"B"}`)
	if _, err := s.Person().Convert(lead, Conversion{}); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Get("Lead", lead); r.Text("Status") != "Won over" {
		t.Errorf("the converted lead is %s", r.Text("Status"))
	}
	if s.Count("TaskStatus") != 2 || s.Count("LeadStatus") != 2 {
		t.Errorf("%d task and %d lead statuses", s.Count("TaskStatus"), s.Count("LeadStatus"))
	}
}

// TestAssignment: rules run on creates and updates unless the header says not (section 4.1).
func TestAssignment(t *testing.T) {
	s := New(Config{})
	to := s.AddUser("Regional Desk", "desk@crosswalk.example")
	s.SetAssignment("Lead", to)
	id := makeRecord(t, s, "Lead", `{"LastName":"A","Company":"B"}`)
	owner := func() string { r, _ := s.Get("Lead", id); return r.Text("OwnerId") }
	if owner() != to || s.Assigned("Lead") != 1 {
		t.Errorf("create: owner %s, %d assigned", owner(), s.Assigned("Lead"))
	}
	if err := s.Person().Update("Lead", id, map[string]any{"OwnerId": s.PersonID()}); err != nil {
		t.Fatal(err)
	}
	send(t, s, http.MethodPatch, "/sobjects/Lead/"+id, `{"Title":"x"}`, "Sforce-Auto-Assign", "FALSE")
	if owner() != s.PersonID() || s.Assigned("Lead") != 1 {
		t.Errorf("quiet update: owner %s, %d assigned", owner(), s.Assigned("Lead"))
	}
	send(t, s, http.MethodPatch, "/sobjects/Lead/"+id, `{"Title":"y"}`)
	if owner() != to || s.Assigned("Lead") != 2 {
		t.Errorf("update: owner %s, %d assigned", owner(), s.Assigned("Lead"))
	}
}

func TestImportAndPhones(t *testing.T) {
	s := New(Config{})
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	ids, err := s.Import("Contact", 300, at, func(i int) map[string]any { return map[string]any{"LastName": fmt.Sprint("Sample ", i)} })
	if err != nil || len(ids) != 300 {
		t.Fatal(len(ids), err)
	}
	for _, id := range []string{ids[0], ids[299]} {
		if r, _ := s.Get("Contact", id); !r.SystemModstamp.Equal(at) {
			t.Errorf("stamp %s, want %s", r.SystemModstamp, at)
		}
	}
	later := at.Add(time.Minute)
	if err := s.Restamp("Contact", ids[:2], later); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Get("Contact", ids[1]); !r.SystemModstamp.Equal(later) || r.Text("LastName") != "Sample 1" {
		t.Errorf("%+v", r)
	}
	s.AddTrigger("Contact", FormatPhones)
	for sent, want := range map[string]string{"+1 555 010 0199": "(555) 010-0199", "+49 30 123": "+49 30 123"} {
		r, _ := s.Get("Contact", makeRecord(t, s, "Contact", `{"LastName":"A","Phone":"`+sent+`"}`))
		if r.Text("Phone") != want {
			t.Errorf("%s became %s", sent, r.Text("Phone"))
		}
	}
}

// TestLabelsOfCountries: what people see and what records hold are edited apart (section 15.5).
func TestLabelsOfCountries(t *testing.T) {
	s := New(Config{StateCountry: StateCountryCustom})
	s.RelabelCountry("DE", "Germany (DE)")
	f := s.object("Account").must("BillingCountryCode")
	r, _ := s.Get("Account", makeRecord(t, s, "Account", `{"Name":"A","BillingCountryCode":"DE"}`))
	if f.pick("DE").Label != "Germany (DE)" || f.pick("US").Label != "United States" || r.Text("BillingCountry") != "Deutschland" {
		t.Errorf("labels %q %q, text %q", f.pick("DE").Label, f.pick("US").Label, r.Text("BillingCountry"))
	}
}
