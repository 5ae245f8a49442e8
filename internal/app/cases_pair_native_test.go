package app

import (
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/record"
)

// TestNativeIDsAreMatchKeys (HS-54, "Coming from HubSpot's connector"): the ids that HubSpot's own connector left say which records are one,
// before anything else does, from either side, in their form of 18 characters or of 15. A lead that was converted since is the contact that
// it became. An id that names nothing says nothing.
func TestNativeIDsAreMatchKeys(t *testing.T) {
	for _, form := range []struct {
		name  string
		short bool
	}{{"18 characters", false}, {"15 characters", true}} {
		t.Run(form.name, func(t *testing.T) {
			for _, side := range []string{"salesforce", "hubspot"} { // which is edited first once the mappings are live
				t.Run(side+" first", func(t *testing.T) {
					s := pairWorld(pairPresets(t, "accounts", "contacts", "leads")...)
					s.Draft = true
					pair(t, s, func(w *world) {
						id := func(id string) string {
							if form.short {
								return id[:15]
							}
							return id
						}
						w.HubSpot.InstallNative()
						account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
						contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example"))
						lead := w.sfCreate("Lead", values("LastName", "Lead", "Company", "Fjord Textiles", "Email", "lead@fjord.example"))
						was := w.sfCreate("Lead", values("LastName", "Was", "Company", "Nordlys Energi A/S", "Email", "was@nordlys.example"))
						done, err := w.Salesforce.Person().Convert(was, salesforcetest.Conversion{AccountID: account, NoOpportunity: true})
						w.ok(err)
						company := w.hub("companies", "name", "Northern Light Group", "domain", "northern-light.example")
						person := w.hub("contacts", "email", "old-address@nordlys.example", "lastname", "Desk", "lifecyclestage", "customer")
						lead2 := w.hub("contacts", "email", "old-address@fjord.example", "lastname", "Lead", "lifecyclestage", "customer")
						was2 := w.hub("contacts", "email", "was@nordlys.example", "lastname", "Was", "lifecyclestage", "customer") // by its address, and its id is a lead's that is no more
						changed := w.sfCreate("Lead", values("LastName", "Renamed", "Company", "Nordlys Energi A/S", "Email", "renamed@nordlys.example"))
						became, err := w.Salesforce.Person().Convert(changed, salesforcetest.Conversion{AccountID: account, NoOpportunity: true})
						w.ok(err)
						changed2 := w.hub("contacts", "email", "as-she-was@elsewhere.example", "lastname", "Renamed", "lifecyclestage", "customer") // by its lead's id alone
						nobody := w.hub("contacts", "email", "nobody@elsewhere.example", "lastname", "Nobody", "lifecyclestage", "customer")
						for _, n := range []struct{ object, id, property, value string }{
							{"companies", company, "salesforceaccountid", id(account)}, {"contacts", person, "salesforcecontactid", id(contact)}, {"contacts", lead2, "salesforceleadid", id(lead)},
							{"contacts", was2, "salesforceleadid", id(was)}, {"contacts", changed2, "salesforceleadid", id(changed)}, {"contacts", nobody, "salesforcecontactid", id("003000000000001AAA")},
						} {
							w.ok(w.HubSpot.NativeWrite(n.object, n.id, map[string]string{n.property: n.value}))
						}
						w.advance(25 * time.Hour) // the native connector has been off for a day
						if side == "hubspot" {
							for object, ids := range map[string][]string{"companies": {company}, "contacts": {person, lead2, was2, changed2, nobody}} {
								for _, id := range ids {
									w.hubSet(object, id, "phone", "+4570101010")
								}
							}
							w.advance(time.Minute)
						}
						w.live()
						w.later()
						w.fullRun()
						w.later()
						sf := func(object, id string) record.Ref {
							return record.Ref{Connection: "salesforce", Object: object, ID: id}
						}
						for ref, want := range map[record.Ref]record.Ref{
							sf("Account", account): hubRef("companies", company), sf("Contact", contact): hubRef("contacts", person), sf("Lead", lead): hubRef("contacts", lead2),
							sf("Contact", done.ContactID): hubRef("contacts", was2), sf("Contact", became.ContactID): hubRef("contacts", changed2),
						} {
							if got := w.why(ref).Link; got.B != want && got.A != want {
								t.Errorf("%s is linked with %s (%v), want %s%s", ref, got.B, got.Reason, want, w.story())
							}
						}
						if a, c, l := w.Salesforce.Count("Account"), w.Salesforce.Count("Contact"), w.Salesforce.Count("Lead"); a != 1 || c != 4 || l != 3 {
							t.Errorf("%d accounts, %d contacts, %d leads: want 1, 4 (one of nobody's) and 3%s", a, c, l, w.story())
						}
						if a, c := len(w.alive("companies")), len(w.alive("contacts")); a != 1 || c != 5 {
							t.Errorf("%d companies, %d contacts at HubSpot, want 1 and 5%s", a, c, w.story())
						}
						if got := w.inSf("Contact", "Email", "nobody@elsewhere.example").ID; got == "" {
							t.Error("who bears an id that names nothing is not carried")
						}
						w.quiet(2 * time.Hour)
					})
				})
			}
		})
	}
}
