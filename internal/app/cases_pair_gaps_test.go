package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
)

// people adds contacts at Salesforce whose addresses begin with a name; without a domain they have no address.
func (w *world) people(n int, name, domain string) []string {
	w.t.Helper()
	ids, err := w.Salesforce.Import("Contact", n, time.Now(), func(k int) map[string]any {
		if domain == "" {
			return values("LastName", fmt.Sprint(name, " ", k))
		}
		return values("LastName", fmt.Sprint(name, " ", k), "Email", fmt.Sprintf("%s%d@%s", name, k, domain))
	})
	w.ok(err)
	return ids
}

// aUsualWeek makes n contacts at Salesforce in each of six hours, so that n an hour is what the mapping usually writes.
func (w *world) aUsualWeek(n int) {
	w.t.Helper()
	for hour := range 6 {
		w.people(n, fmt.Sprintf("usual%d-", hour), "nordlys.example")
		w.advance(time.Hour)
	}
}

// scheduled are the scheduled runs that were counted before they wrote, newest first.
func (w *world) scheduled() []engine.Run {
	w.t.Helper()
	all, err := w.Engine.Runs(w.t.Context())
	w.ok(err)
	var out []engine.Run
	for _, r := range all {
		if r.Kind == "scheduled" {
			out = append(out, w.runOf(r.ID))
		}
	}
	return out
}

// TestB8_ScheduledRunAboveTheUsual: a scheduled run above ten times the usual number of creates and updates stops before its first write
// and asks; one command lets it through. What is usual is the most of the last hours in which the mapping wrote.
func TestB8_ScheduledRunAboveTheUsual(t *testing.T) {
	pair(t, livesWorld("keep", "keep"), func(w *world) {
		w.aUsualWeek(12)
		if n := len(w.alive("contacts")); n != 72 {
			t.Fatalf("%d contacts at HubSpot%s", n, w.story())
		}
		mass := w.people(121, "mass", "elsewhere.example")
		w.advance(time.Hour)
		if n := len(w.alive("contacts")); n != 72 || len(w.errors("brake")) != 1 {
			t.Fatalf("%d contacts, %d questions%s", n, len(w.errors("brake")), w.story())
		}
		text := w.errors("brake")[0].Text
		for _, part := range []string{"121 records", "up to 12 in an hour", "allows 120", "Nothing of it was written", "crosswalk resume contacts"} {
			if !strings.Contains(text, part) {
				t.Errorf("%q does not say %q", text, part)
			}
		}
		if runs := w.scheduled(); len(runs) != 1 || runs[0].Status != "held" || runs[0].Mapping != "contacts" || runs[0].Listed != 121 || runs[0].Error == "" {
			t.Errorf("%+v", runs)
		}
		// one edit goes on meanwhile
		w.sfSet("Contact", w.inSf("Contact", "Email", "usual0-1@nordlys.example").ID, "FirstName", "Front")
		w.advance(time.Hour)
		if got := w.inHub("contacts", "email", "usual0-1@nordlys.example").Properties["firstname"]; got != "Front" || len(w.alive("contacts")) != 72 {
			t.Errorf("%q, %d contacts%s", got, len(w.alive("contacts")), w.story())
		}
		out, err := w.Engine.Resume(w.t.Context(), "contacts", "operator", "")
		w.ok(err)
		if out.Waiting != 121 {
			t.Errorf("%d wait, want 121", out.Waiting)
		}
		w.later()
		if r := w.scheduled()[0]; len(w.alive("contacts")) != 193 || r.Status != "done" || r.Counts.Created != 121 {
			t.Errorf("%d contacts, run %s %+v%s", len(w.alive("contacts")), r.Status, r.Counts, w.story())
		}
		w.wantQuietErrors()
		// what was let through is no new usual
		w.ok(w.Salesforce.Person().UpdateMany("Contact", mass, values("FirstName", "Mass")))
		w.advance(time.Hour)
		if n := len(w.HubSpot.Find("contacts", "firstname", "Mass")); n != 0 || len(w.errors("brake")) != 1 {
			t.Errorf("%d updated, %d questions%s", n, len(w.errors("brake")), w.story())
		}
		_, err = w.Engine.Resume(w.t.Context(), "contacts", "operator", "")
		w.ok(err)
		w.later()
		if n := len(w.HubSpot.Find("contacts", "firstname", "Mass")); n != 121 {
			t.Errorf("%d updated, want 121%s", n, w.story())
		}
		w.wantQuietErrors()
		w.quiet(3 * time.Hour)
	})
}

// TestB8_ScheduledRunsThatGoOn: many records of which few would be written go on by themselves, as do as many as ten times the usual.
func TestB8_ScheduledRunsThatGoOn(t *testing.T) {
	s := pairWorld(fmt.Sprintf(livesContacts, `{ create: { filter: 'valid_email(Email)' }, update: true }`, "true", "keep", "keep"))
	pair(t, s, func(w *world) {
		w.aUsualWeek(12)
		w.people(120, "ten", "elsewhere.example")
		w.advance(time.Hour)
		if n := len(w.alive("contacts")); n != 192 || len(w.scheduled()) != 0 {
			t.Fatalf("%d contacts, runs %+v%s", n, w.scheduled(), w.story())
		}
		// usual is 120 now: 1,300 are counted, and go on since only 50 of them are let in
		w.people(1250, "no", "")
		w.people(50, "few", "elsewhere.example")
		w.advance(2 * time.Hour)
		runs := w.scheduled()
		if n := len(w.alive("contacts")); n != 242 || len(runs) != 1 || runs[0].Status != "done" || runs[0].Counts.Created != 50 || runs[0].Listed != 1300 {
			t.Errorf("%d contacts, runs %+v%s", n, runs, w.story())
		}
		w.wantQuietErrors()
	})
}

// TestA13_OverwrittenInFlight: an edit between our read and our write of its field is listed with its value as soon as our write is read
// back, where the vendor keeps history; an edit of another field survives, and what is written undisturbed is not listed.
func TestA13_OverwrittenInFlight(t *testing.T) {
	pair(t, livesWorld("keep", "keep"), func(w *world) {
		list := w.couples(2)
		between := func(edit func()) {
			w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
				if strings.HasSuffix(r.URL.Path, "/contacts/batch/update") && edit != nil {
					do := edit
					edit = nil
					time.Sleep(300 * time.Millisecond)
					do()
					time.Sleep(300 * time.Millisecond)
				}
				return nil
			})
		}
		between(func() { w.hubSet("contacts", list[0].hub, "firstname", "Meanwhile", "lastname", "Survives") })
		w.sfSet("Contact", list[0].sf, "FirstName", "Central")
		w.sfSet("Contact", list[1].sf, "FirstName", "Undisturbed")
		w.later()
		if got := w.at("contacts", list[0].hub).Properties; got["firstname"] != "Central" || got["lastname"] != "Survives" {
			t.Errorf("%v", got)
		}
		if got := w.inSf("Contact", "Email", "p0@nordlys.example").Text("LastName"); got != "Survives" {
			t.Errorf("home: %q", got)
		}
		found := w.errors("")
		if len(found) != 1 || found[0].Category != "overwritten_in_flight" || found[0].Ref != list[0].hubRef() || !strings.Contains(found[0].Text, "firstname of hubspot:contacts/"+list[0].hub) ||
			!strings.Contains(found[0].Text, "crosswalk retry") || strings.Contains(found[0].Text, "Meanwhile") {
			t.Fatalf("%+v%s", found, w.story())
		}
		shown := 0
		for _, entry := range w.why(list[0].hubRef()).Entries {
			for _, f := range entry.Fields {
				if entry.Kind == "overwritten_in_flight" && f.Field == "firstname" && f.Old.Text() == "Meanwhile" && f.New.Text() == "Central" {
					shown++
				}
			}
		}
		if shown != 1 {
			t.Errorf("why shows it %d times: %+v", shown, w.why(list[0].hubRef()).Entries)
		}
		w.quiet(3 * time.Hour)
		if n := len(w.errors("overwritten_in_flight")); n != 1 {
			t.Errorf("%d listed after a while", n)
		}
		_, err := w.Engine.Retry(w.t.Context(), list[0].hubRef(), "", "editor")
		w.ok(err)
		w.later()
		w.wantQuietErrors()
		// theirs was our own value: nothing was lost
		between(func() { w.hubSet("contacts", list[1].hub, "firstname", "Alike") })
		w.sfSet("Contact", list[1].sf, "FirstName", "Alike")
		w.advance(time.Hour)
		w.wantQuietErrors()
	})
}

// TestA10_AddressIsWrittenWhole: an address of which we write a part goes whole, so that a street which somebody gives it between our read
// and our write does not stand beside our city, to be carried on as an address that nobody entered; what it replaced is listed (A13). A line
// that was empty when it was read empties nothing, and what goes along undisturbed is not listed.
func TestA10_AddressIsWrittenWhole(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		account := w.sfCreate("Account", values("Name", "Nordlys", "BillingStreet", "Quay 1", "BillingCity", "Aarhus"))
		w.later()
		company := w.inHub("companies", "name", "Nordlys").ID
		address := func(step string, want ...string) {
			t.Helper()
			sf, hub := w.inSf("Account", "Name", "Nordlys"), w.at("companies", company).Properties
			gotSf := []string{sf.Text("BillingStreet"), sf.Text("BillingCity"), sf.Text("BillingPostalCode")}
			if gotHub := []string{hub["address"], hub["city"], hub["zip"]}; !slices.Equal(gotHub, want) || !slices.Equal(gotSf, want) {
				t.Errorf("%s: %q at Salesforce, %q at HubSpot, want %q%s", step, gotSf, gotHub, want, w.story())
			}
		}
		w.hubSet("companies", company, "address", "Quay 2")
		w.later()
		w.sfSet("Account", account, "BillingStreet", "Quay 1")
		w.later()
		w.sfSet("Account", account, "BillingCity", "Odense") // the street goes along; what it was minutes ago was lost to nobody
		w.later()
		address("undisturbed", "Quay 1", "Odense", "")
		w.wantQuietErrors()

		met := false
		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if strings.HasSuffix(r.URL.Path, "/companies/batch/update") && !met {
				met = true
				time.Sleep(300 * time.Millisecond)
				w.hubSet("companies", company, "address", "Harbour 9", "zip", "8000")
				time.Sleep(300 * time.Millisecond)
			}
			return nil
		})
		w.sfSet("Account", account, "BillingCity", "Esbjerg")
		w.later()
		w.later()
		address("in the window", "Quay 1", "Esbjerg", "8000")
		if found := w.errors("overwritten_in_flight"); !met || len(found) != 1 || !strings.Contains(found[0].Text, "address of hubspot:companies/"+company) {
			t.Errorf("%v %+v%s", met, found, w.story())
		}
	})
}

// TestA10_LineFilledAsTheyMeet: a line of an address that was blank on both sides when the rest of it was first written has met like the rest.
// Who fills it in the window changes what was settled: where the street is changed at the other side meanwhile, the rule for conflicts says
// whose address goes, and not who has a line more, which would write the street of before over the one that somebody has just entered.
func TestA10_LineFilledAsTheyMeet(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		company := w.hub("companies", "name", "Nordlys", "domain", "nordlys.example", "zip", "9000")
		account := w.sfCreate("Account", values("Name", "Nordlys", "Website", "https://nordlys.example", "BillingStreet", "Quay 1", "BillingCity", "Aarhus"))
		w.later() // each has what the other has not: a question
		met := false
		w.HubSpot.SetFault(func(r *http.Request, body []byte) *hubspottest.Fault {
			if strings.HasSuffix(r.URL.Path, "/companies/batch/update") && strings.Contains(string(body), "Quay 1") && !met {
				met = true
				w.sfSet("Account", account, "BillingStreet", "Quay 9")
				w.hubSet("companies", company, "zip", "8000")
			}
			return nil
		})
		w.hubSet("companies", company, "zip", "", "phone", "+45 86 12 34 56") // the answer, and something that goes the other way at the same time
		w.later()
		w.later()
		sf, hub := w.inSf("Account", "Name", "Nordlys"), w.at("companies", company).Properties
		if !met || sf.Text("BillingStreet") != "Quay 9" || hub["address"] != "Quay 9" || hub["zip"] != "8000" {
			t.Errorf("%v: %q at Salesforce, %q %q at HubSpot%s", met, sf.Text("BillingStreet"), hub["address"], hub["zip"], w.story())
		}
	})
}

// TestLeadsBothWays: a lead that was born in Salesforce takes the edits of its HubSpot contact, one that came of a HubSpot contact those
// of the lead; when either is converted, its Salesforce contact goes on with the same HubSpot contact, both ways.
func TestLeadsBothWays(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "leads")...), func(w *world) {
		born := w.sfCreate("Lead", values("LastName", "Desk", "FirstName", "Buying", "Company", "Nordlys Energi A/S", "Email", "desk@nordlys.example", "Title", "Buyer"))
		w.hub("contacts", "lastname", "Office", "firstname", "Front", "email", "office@fjord.example", "lifecyclestage", "marketingqualifiedlead")
		w.hub("contacts", "lastname", "Visitor", "email", "visitor@fjord.example", "lifecyclestage", "subscriber")
		w.later()
		hubBorn := w.inHub("contacts", "email", "desk@nordlys.example").ID
		came := w.inSf("Lead", "Email", "office@fjord.example")
		if came.Text("Company") != "[not provided]" || came.Text("LeadSource") != "Web" || w.Salesforce.Count("Lead") != 2 || w.Salesforce.Count("Contact") != 0 {
			t.Errorf("%v, %d leads%s", came, w.Salesforce.Count("Lead"), w.story())
		}
		w.hubSet("contacts", hubBorn, "jobtitle", "Head buyer")
		w.sfSet("Lead", born, "Phone", newPhone)
		w.sfSet("Lead", came.ID, "Title", "Reception")
		w.later()
		if got := w.inSf("Lead", "Email", "desk@nordlys.example"); got.Text("Title") != "Head buyer" || w.at("contacts", hubBorn).Properties["phone"] != newPhone {
			t.Errorf("the lead says %q, the contact %q%s", got.Text("Title"), w.at("contacts", hubBorn).Properties["phone"], w.story())
		}
		office := w.inHub("contacts", "email", "office@fjord.example")
		if office.Properties["jobtitle"] != "Reception" || office.Properties["company"] != "" {
			t.Errorf("%q at %q", office.Properties["jobtitle"], office.Properties["company"])
		}
		w.quiet(2 * time.Hour)
		for _, lead := range []string{born, came.ID} {
			_, err := w.Salesforce.Person().Convert(lead, salesforcetest.Conversion{})
			w.ok(err)
		}
		w.later()
		w.later()
		w.sfSet("Contact", w.inSf("Contact", "Email", "desk@nordlys.example").ID, "Title", "Director")
		w.hubSet("contacts", office.ID, "jobtitle", "Manager")
		w.later()
		if got := w.at("contacts", hubBorn).Properties["jobtitle"]; got != "Director" || w.inSf("Contact", "Email", "office@fjord.example").Text("Title") != "Manager" {
			t.Errorf("after conversion: %q, %q%s", got, w.inSf("Contact", "Email", "office@fjord.example").Text("Title"), w.story())
		}
		if n := len(w.alive("contacts")); n != 3 || w.Salesforce.Count("Contact") != 2 {
			t.Errorf("%d contacts at HubSpot, %d at Salesforce%s", n, w.Salesforce.Count("Contact"), w.story())
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
	})
}

// TestAddressesThatChangePlaces: two contacts change their e-mail addresses with each other at Salesforce. HubSpot lets one contact have
// an address, so each is held with the other one named; with one of them emptied both are written by themselves.
func TestAddressesThatChangePlaces(t *testing.T) {
	pair(t, livesWorld("keep", "keep"), func(w *world) {
		list := w.couples(2)
		w.sfSet("Contact", list[0].sf, "Email", "between@nordlys.example")
		w.sfSet("Contact", list[1].sf, "Email", "p0@nordlys.example")
		w.sfSet("Contact", list[0].sf, "Email", "p1@nordlys.example")
		w.advance(time.Hour)
		for n, c := range list {
			other := list[1-n]
			held := w.wantHeld(c.sfRef(), "value_taken")
			if !strings.Contains(held.Text, "email of "+c.hubRef().String()) || !strings.Contains(held.Text, other.hubRef().String()+" has that value") || strings.Contains(held.Text, "@") {
				t.Errorf("%q", held.Text)
			}
		}
		w.HubSpot.ResetCalls()
		w.quiet(6 * time.Hour)
		if n := w.HubSpot.Calls()["POST /crm/objects/contacts/batch/update"]; n != 0 {
			t.Errorf("%d tries in quiet hours", n)
		}
		w.hubSet("contacts", list[0].hub, "email", "")
		w.advance(time.Hour)
		if a, b := w.at("contacts", list[0].hub).Properties["email"], w.at("contacts", list[1].hub).Properties["email"]; a != "p1@nordlys.example" || b != "p0@nordlys.example" {
			t.Errorf("%q and %q%s", a, b, w.story())
		}
		if w.sfField("Contact", list[0].sf, "Email") != "p1@nordlys.example" || w.sfField("Contact", list[1].sf, "Email") != "p0@nordlys.example" {
			t.Error("Salesforce was written over")
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
	})
}
