package app

import (
	"strings"
	"testing"
	"time"
)

// TestCompanyFoundByItsPeople (HS-24, PB-98): an account and a company share neither web site nor name, and their people are linked. Entered
// at HubSpot, the company is that account's and makes no second one; people of two accounts are a person's question.
func TestCompanyFoundByItsPeople(t *testing.T) {
	documents := pairPresets(t, "accounts", "contacts")
	for n, text := range documents { // an account without a web site makes no company, so that its people are linked before it is
		documents[n] = strings.Replace(text, "a_to_b: { create: { filter: 'not blank(Name)' }, update: true }", "a_to_b: { create: { filter: 'not blank(Website)' }, update: true }", 1)
	}
	pair(t, pairWorld(documents...), func(w *world) {
		nordlys, fjord := w.sfAccount("Nordlys Energi A/S"), w.sfAccount("Fjord Textiles")
		for domain, account := range map[string]string{"nordlys.example": nordlys, "fjord.example": fjord} {
			w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@"+domain, "AccountId", account))
			w.sfCreate("Contact", values("LastName", "Front", "Email", "front@"+domain, "AccountId", account))
		}
		w.later()
		if n := len(w.alive("companies")); n != 0 {
			t.Fatalf("%d companies of accounts without a web site%s", n, w.story())
		}
		person := func(email string) string { return w.inHub("contacts", "email", email).ID }
		company := func(name string, people ...string) string {
			id := w.hub("companies", "name", name, "domain", strings.ToLower(strings.Fields(name)[0])+".example")
			for _, p := range people {
				w.ok(w.HubSpot.User().Associate("companies", id, "contacts", person(p)))
			}
			return id
		}
		same := company("Northern Light Group", "desk@nordlys.example", "front@nordlys.example")
		both := company("Conglomerate", "front@nordlys.example", "desk@fjord.example")
		alone := company("Harbour Instruments")
		w.later()
		w.later()
		if got := w.why(hubRef("companies", same)).Link; got.B.ID != nordlys && got.A.ID != nordlys {
			t.Errorf("the company is linked with %s, want account %s%s", got.B, nordlys, w.story())
		}
		if r := w.inSf("Account", "Website", "northern.example"); r.ID != nordlys || r.Text("Name") != "Nordlys Energi A/S" { // Salesforce's name goes before
			t.Errorf("account %s named %q has the company's web site%s", r.ID, r.Text("Name"), w.story())
		}
		w.wantReason(hubRef("companies", both), "several_hits", nordlys, fjord)
		w.inSf("Account", "Name", "Harbour Instruments")
		if n := w.Salesforce.Count("Account"); n != 3 {
			t.Errorf("%d accounts, want three%s", n, w.story())
		}
		_ = alone
		w.quiet(2 * time.Hour)
	})
}
