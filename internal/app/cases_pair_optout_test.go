package app

import (
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// TestLeadsOptOutsTravelOneWay: who opts out in HubSpot is opted out where Salesforce has them as a lead too, by the line that the preset offers;
// no sync ever opts anybody in, and without the line nothing is written.
func TestLeadsOptOutsTravelOneWay(t *testing.T) {
	for _, on := range []bool{true, false} {
		documents := pairPresets(t, "accounts", "contacts", "leads")
		if on {
			documents[2] = uncommented(t, documents[2], "HasOptedOutOfEmail")
		}
		s := pairWorld(documents...)
		s.Org = func(sim *salesforcetest.Sim) { sim.AddField("Lead", salesforcetest.Checkbox("HasOptedOutOfEmail")) }
		pair(t, s, func(w *world) {
			lead := func(name string, more ...any) string {
				return w.sfCreate("Lead", values(append([]any{"LastName", name, "Company", "Fjord", "Email", name + "@fjord.example"}, more...)...))
			}
			out, own, in := lead("out"), lead("own", "HasOptedOutOfEmail", true), lead("in")
			w.later()
			hub := w.inHub("contacts", "email", "out@fjord.example").ID
			w.optOut(hub, true)
			w.later()
			wanted := func(when string) {
				t.Helper()
				for id, want := range map[string]string{out: map[bool]string{true: "true", false: "false"}[on], own: "true", in: "false"} {
					if r, _ := w.Salesforce.Get("Lead", id); r.Text("HasOptedOutOfEmail") != want {
						t.Errorf("line in force %v, %s: %s is %q, want %q%s", on, when, r.Text("LastName"), r.Text("HasOptedOutOfEmail"), want, w.story())
					}
				}
			}
			wanted("opted out")
			w.optOut(hub, false)
			w.hubSet("contacts", w.inHub("contacts", "email", "own@fjord.example").ID, "jobtitle", "Buyer")
			w.later()
			wanted("taken back in HubSpot")
			w.quiet(2 * time.Hour)
			w.wantQuietErrors()
		})
	}
}

// TestWhereLeadsComeFrom (FX-32, PB-4, PB-9): HubSpot's original source becomes the lead source of the lead or contact that is made of a
// HubSpot contact, by the value map, once; what Salesforce says later stays.
func TestWhereLeadsComeFrom(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "leads")...), func(w *world) {
		sources := map[string]string{"search": "ORGANIC_SEARCH", "fair": "OFFLINE", "unknown": "", "buyer": "OTHER_CAMPAIGNS", "silent": ""}
		for _, name := range []string{"search", "fair", "unknown", "buyer", "silent"} {
			stage := "marketingqualifiedlead"
			if name == "buyer" || name == "silent" {
				stage = "opportunity"
			}
			id := w.hub("contacts", "email", name+"@fjord.example", "lastname", name)
			if sources[name] != "" {
				w.ok(w.HubSpot.User().CameBy(id, sources[name]))
			}
			w.hubSet("contacts", id, "lifecyclestage", stage)
		}
		known := w.sfCreate("Lead", values("LastName", "known", "Company", "Fjord", "Email", "known@fjord.example", "LeadSource", "Purchased List"))
		blank := w.sfCreate("Lead", values("LastName", "blank", "Company", "Fjord", "Email", "blank@fjord.example"))
		w.later()
		for _, name := range []string{"known", "blank", "search"} { // it may be found out later; what is there is left alone
			w.ok(w.HubSpot.User().CameBy(w.inHub("contacts", "email", name+"@fjord.example").ID, "OTHER_CAMPAIGNS"))
			w.hubSet("contacts", w.inHub("contacts", "email", name+"@fjord.example").ID, "jobtitle", "Buyer")
		}
		w.later()
		for object, want := range map[string]map[string]string{"Lead": {"search": "Web", "fair": "Other", "unknown": "Web"}, "Contact": {"buyer": "Other", "silent": ""}} {
			for name, source := range want {
				if got := w.inSf(object, "Email", name+"@fjord.example").Text("LeadSource"); got != source {
					t.Errorf("%s %s came by %q, want %q%s", object, name, got, source, w.story())
				}
			}
		}
		if got, other := w.sfField("Lead", known, "LeadSource"), w.sfField("Lead", blank, "LeadSource"); got != "Purchased List" || other != "" {
			t.Errorf("leads of Salesforce's own came by %q and %q", got, other)
		}
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

// TestCampaignsOfLeads (PB-20, PB-55): the campaigns of a lead stand in the property of its HubSpot contact, and after its conversion those of
// the contact that it became.
func TestCampaignsOfLeads(t *testing.T) {
	s := pairWorld(pairPresets(t, "accounts", "contacts", "leads", "campaigns", "lead-campaigns")...)
	s.HubSpotFields = []string{"contacts/salesforce_campaigns"}
	pair(t, s, func(w *world) {
		lead := w.sfCreate("Lead", values("LastName", "Desk", "Company", "Nordlys", "Email", "desk@nordlys.example"))
		w.later()
		member := func(name, field, id string) {
			w.sfCreate("CampaignMember", values("CampaignId", w.sfCreate("Campaign", values("Name", name)), field, id))
		}
		shown := func(when, want string) {
			t.Helper()
			w.later()
			if got := w.inHub("contacts", "email", "desk@nordlys.example").Properties["salesforce_campaigns"]; got != want {
				t.Errorf("%s: %q, want %q%s", when, got, want, w.story())
			}
		}
		member("Webinar", "LeadId", lead)
		w.sfSet("Lead", lead, "Title", "Buyer")
		shown("as a lead", "Webinar")
		done, err := w.Salesforce.Person().Convert(lead, salesforcetest.Conversion{OpportunityName: "First deal"})
		w.ok(err)
		w.later()
		member("Fair", "ContactId", done.ContactID)
		w.sfSet("Contact", done.ContactID, "Title", "Head of buying")
		shown("converted", "Fair; Webinar")
		if n := len(w.alive("contacts")); n != 1 {
			t.Errorf("%d contacts", n)
		}
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}
