package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// People between the two CRMs, with the presets as they are shipped: their lifecycle stage, opt-outs, re-engaged leads, states and
// countries. Judged at both CRMs.

// uncommented is a preset with a line that is offered as a comment made live; part is a piece of that line that no other has.
func uncommented(t *testing.T, document, part string) string {
	t.Helper()
	lines, hits := strings.Split(document, "\n"), 0
	for n, line := range lines {
		if strings.Contains(line, part) && strings.HasPrefix(strings.TrimSpace(line), "# -") {
			lines[n] = strings.Replace(line, "# -", "-", 1)
			hits++
		}
	}
	if hits != 1 {
		t.Fatalf("%d commented lines have %q, want one", hits, part)
	}
	return strings.Join(lines, "\n")
}

// plainHub is a portal that moves no lifecycle stage by itself, so that what moves is ours.
func plainHub(s setup) setup {
	s.HubSpot.Quirks.NoLifecycleDefaults = true
	return s
}

func (w *world) stageOf(email string) string {
	w.t.Helper()
	return w.inHub("contacts", "email", email).Properties["lifecyclestage"]
}

// TestLifecycleByOpportunities (HS-44 to HS-51): an open opportunity makes its people opportunity, a won one customer, through contact
// roles alone; nothing moves backwards; a change of the opportunity is enough.
func TestLifecycleByOpportunities(t *testing.T) {
	pair(t, plainHub(pairWorld(pairPresets(t, "accounts", "contacts")...)), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		people := map[string]string{}
		for _, name := range []string{"role", "bystander", "champion"} {
			people[name] = w.sfCreate("Contact", values("LastName", name, "Email", name+"@nordlys.example", "AccountId", account))
		}
		w.later()
		champion := w.inHub("contacts", "email", "champion@nordlys.example")
		w.hubSet("contacts", champion.ID, "lifecyclestage", "evangelist")
		w.hubSet("contacts", w.inHub("contacts", "email", "role@nordlys.example").ID, "lifecyclestage", "marketingqualifiedlead")
		opportunity := w.sfCreate("Opportunity", values("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account))
		w.later()
		if got := w.stageOf("role@nordlys.example"); got != "marketingqualifiedlead" {
			t.Errorf("without a role: %q", got)
		}
		for _, name := range []string{"role", "champion"} {
			w.sfCreate("OpportunityContactRole", values("OpportunityId", opportunity, "ContactId", people[name]))
		}
		w.sfSet("Opportunity", opportunity, "NextStep", "Call") // a role alone is the sweep's to notice
		w.later()
		want := func(when, role string) {
			t.Helper()
			if got := w.stageOf("role@nordlys.example"); got != role {
				t.Errorf("%s: %q, want %q%s", when, got, role, w.story())
			}
			if got := w.stageOf("champion@nordlys.example"); got != "evangelist" {
				t.Errorf("%s: moved backwards to %q", when, got)
			}
			if got := w.stageOf("bystander@nordlys.example"); got == "opportunity" || got == "customer" {
				t.Errorf("%s: who has no role became %q", when, got)
			}
		}
		want("open", "opportunity")
		w.ok(w.Salesforce.Person().Win(opportunity))
		w.later()
		want("won", "customer")
		w.ok(w.Salesforce.Person().Reopen(opportunity))
		w.later()
		want("opened again", "customer")
		w.ok(w.Salesforce.Person().Lose(opportunity))
		w.later()
		want("lost", "customer")
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

// TestOptOutsTravelOneWay: who opts out in HubSpot is opted out in Salesforce, and no sync ever opts anybody in.
func TestOptOutsTravelOneWay(t *testing.T) {
	documents := pairPresets(t, "accounts", "contacts")
	documents[1] = uncommented(t, documents[1], "HasOptedOutOfEmail")
	s := pairWorld(documents...)
	s.Org = func(sim *salesforcetest.Sim) { sim.AddField("Contact", salesforcetest.Checkbox("HasOptedOutOfEmail")) }
	pair(t, s, func(w *world) {
		out := w.sfCreate("Contact", values("LastName", "Out", "Email", "out@nordlys.example"))
		own := w.sfCreate("Contact", values("LastName", "Own", "Email", "own@nordlys.example", "HasOptedOutOfEmail", true))
		w.later()
		w.optOut(w.inHub("contacts", "email", "out@nordlys.example").ID, true)
		w.later()
		wanted := func(when string) {
			t.Helper()
			for _, id := range []string{out, own} {
				if r, _ := w.Salesforce.Get("Contact", id); r.Text("HasOptedOutOfEmail") != "true" {
					t.Errorf("%s: %s is %q%s", when, r.Text("LastName"), r.Text("HasOptedOutOfEmail"), w.story())
				}
			}
		}
		wanted("opted out")
		w.optOut(w.inHub("contacts", "email", "out@nordlys.example").ID, false)
		w.hubSet("contacts", w.inHub("contacts", "email", "own@nordlys.example").ID, "jobtitle", "Buyer")
		w.later()
		wanted("taken back in HubSpot")
		w.quiet(2 * time.Hour)
	})
}

// optOut is what HubSpot does when somebody unsubscribes from everything, or is subscribed again.
func (w *world) optOut(id string, out bool) {
	w.t.Helper()
	w.ok(w.HubSpot.User().OptOut(id, out))
}

// TestReengagedLead (PB-52): a closed lead whose person is active in HubSpot again is opened for its old owner by the line that the
// preset offers; without it nothing is written, and nothing is blocked either way. Leads that began in Salesforce go on beside it.
func TestReengagedLead(t *testing.T) {
	for _, on := range []bool{true, false} {
		documents := pairPresets(t, "contacts", "leads", "accounts")
		for n, d := range documents {
			if strings.Contains(d, "mapping: leads") && on {
				documents[n] = uncommented(t, d, "a: Status, value:")
			}
		}
		pair(t, pairWorld(documents...), func(w *world) {
			hub := w.hub("contacts", "lastname", "Desk", "firstname", "Buying", "email", "desk@nordlys.example", "company", "Nordlys Energi A/S", "lifecyclestage", "marketingqualifiedlead")
			theirs := w.sfCreate("Lead", values("LastName", "Other", "Company", "Fjord Textiles", "Email", "other@fjord.example"))
			w.later()
			lead := w.inSf("Lead", "Email", "desk@nordlys.example")
			w.sfSet("Lead", lead.ID, "Status", "Closed - Not Converted")
			w.later()
			w.hubSet("contacts", hub, "hs_lead_status", "OPEN", "jobtitle", "Head buyer")
			w.sfSet("Lead", theirs, "FirstName", "Any")
			w.later()
			got := w.inSf("Lead", "Email", "desk@nordlys.example")
			want := map[bool]string{true: "Working - Contacted", false: "Closed - Not Converted"}[on]
			if got.Text("Status") != want || got.Text("OwnerId") != lead.Text("OwnerId") || got.Text("Title") != "Head buyer" {
				t.Errorf("re-engaged, line on %v: %q, want %q; title %q%s", on, got.Text("Status"), want, got.Text("Title"), w.story())
			}
			if after := w.inHub("contacts", "email", "other@fjord.example"); after.Properties["firstname"] != "Any" {
				t.Errorf("what a lead says does not reach HubSpot: %q%s", after.Properties["firstname"], w.story())
			}
			w.sfSet("Lead", lead.ID, "Status", "Closed - Not Converted") // closed once more: nobody opens it again
			w.later()
			if got := w.inSf("Lead", "Email", "desk@nordlys.example").Text("Status"); got != "Closed - Not Converted" {
				t.Errorf("closed again: %q", got)
			}
			w.quiet(2 * time.Hour)
			w.wantQuietErrors()
		})
	}
}

// TestStatesAndCountries (HS-27 to HS-34): what people write in HubSpot comes home as the org wants it, whether its picklists are off,
// on or edited; what cannot be matched is one sync error of that record, whose other fields go on.
func TestStatesAndCountries(t *testing.T) {
	for name, c := range map[string]struct {
		places  salesforcetest.StateCountry
		edit    [2]string
		country string // of "USA", as Salesforce has it
		free    bool   // anything is taken
	}{
		"off":    {places: salesforcetest.StateCountryOff, country: "United States", free: true},
		"on":     {places: salesforcetest.StateCountryOn, country: "United States"},
		"custom": {places: salesforcetest.StateCountryCustom, country: "USA", edit: [2]string{`country_name(as="salesforce", unknown="keep")`, `one_of("USA", "Deutschland", "Canada", like="country")`}},
	} {
		t.Run(name, func(t *testing.T) {
			documents := pairPresets(t, "accounts", "contacts")
			for n := range documents {
				if c.edit[0] != "" {
					if !strings.Contains(documents[n], c.edit[0]) {
						t.Fatalf("no %s to edit", c.edit[0])
					}
					documents[n] = strings.ReplaceAll(documents[n], c.edit[0], c.edit[1])
				}
			}
			s := pairWorld(documents...)
			s.Salesforce.StateCountry = c.places
			pair(t, s, func(w *world) {
				w.hub("contacts", "lastname", "One", "email", "one@fjord.example", "lifecyclestage", "customer", "city", "Austin", "state", "TX", "country", "usa")
				w.later()
				got := w.inSf("Contact", "Email", "one@fjord.example")
				if got.Text("MailingState") != "Texas" || got.Text("MailingCountry") != c.country {
					t.Errorf("%q %q%s", got.Text("MailingState"), got.Text("MailingCountry"), w.story())
				}
				w.wantQuietErrors()
				strange := w.hub("contacts", "lastname", "Two", "email", "two@fjord.example", "lifecyclestage", "customer", "city", "Gondor", "country", "Middle-earth")
				w.later()
				two := w.inSf("Contact", "Email", "two@fjord.example")
				if got := two.Text("MailingCountry"); (got != "") != c.free {
					t.Errorf("country %q", got)
				}
				if list := w.errors(""); !c.free && (len(list) != 1 || !strings.Contains(strings.ToLower(list[0].Text), "country")) {
					t.Errorf("%d sync errors, want one that names the field%s", len(list), w.story())
				}
				w.hubSet("contacts", strange, "jobtitle", "Ranger")
				w.later()
				if two = w.inSf("Contact", "Email", "two@fjord.example"); two.Text("Title") != "Ranger" {
					t.Errorf("the record is blocked: title %q%s", two.Text("Title"), w.story())
				}
				w.quiet(time.Hour)
				w.hubSet("contacts", strange, "country", "Canada", "state", "ON")
				w.later()
				if two = w.inSf("Contact", "Email", "two@fjord.example"); two.Text("MailingCountry") != "Canada" || two.Text("MailingState") != "Ontario" || two.Text("MailingCity") != "Gondor" {
					t.Errorf("mended: %q %q %q%s", two.Text("MailingCity"), two.Text("MailingState"), two.Text("MailingCountry"), w.story())
				}
				w.wantQuietErrors()
				w.quiet(time.Hour)
			})
		})
	}
}

// TestPilotOfNamedRecords: of a mapping that works both ways the named records alone are written, from whichever side they are.
func TestPilotOfNamedRecords(t *testing.T) {
	s := pairWorld(pairAccounts)
	s.Draft = true
	pair(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
		w.sfAccount("Not named", "Website", "https://other.example")
		company := w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example")
		w.hub("companies", "name", "Not named either", "domain", "another.example")
		w.status("accounts", mapping.Pilot, accountRef(account), companyRef(company))
		w.runNamed("accounts", []record.Ref{accountRef(account), companyRef(company)}...)
		w.later()
		var hub, sf []string
		for _, r := range w.alive("companies") {
			hub = append(hub, r.Properties["name"])
		}
		for _, r := range w.Salesforce.All("Account") {
			sf = append(sf, r.Text("Name"))
		}
		slices.Sort(hub)
		slices.Sort(sf)
		if want := []string{"Fjord Textiles", "Nordlys Energi A/S", "Not named either"}; !slices.Equal(hub, want) {
			t.Errorf("HubSpot has %q%s", hub, w.story())
		}
		if want := []string{"Fjord Textiles", "Nordlys Energi A/S", "Not named"}; !slices.Equal(sf, want) {
			t.Errorf("Salesforce has %q%s", sf, w.story())
		}
	})
}
