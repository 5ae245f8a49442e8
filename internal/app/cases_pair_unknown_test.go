package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// TestA7_FirstMeetingThatWasNotFinished: two records were found to be the same, and what was to be written with that was not. Until it is,
// they have not met: the next look decides by what both are then, and writes no blank over a value.
func TestA7_FirstMeetingThatWasNotFinished(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		company := w.hub("companies", "name", "Nordlys", "domain", "nordlys.example", "address", "Somewhere 168")
		w.HubSpot.FailNext("companies/batch/update", 1, hubspottest.Fault{Status: 500})
		account := w.sfAccount("Nordlys", "Website", "https://nordlys.example", "BillingStreet", "Street 25", "BillingCity", "City 26")
		w.advance(time.Minute)
		if l := w.why(accountRef(account)).Link; l.B.ID != company || l.Intent == nil {
			t.Fatalf("they were not found to be the same: %+v%s", l, w.story())
		}
		w.sfSet("Account", account, "BillingStreet", nil)
		w.advance(2 * time.Hour)
		if r, _ := w.HubSpot.Record("companies", company); r.Properties["address"] == "" {
			t.Errorf("the company's street was emptied: %v%s", r.Properties, w.story())
		}
	})
}

// TestA5_AddressesSwappedBeforeACreateWasKnown: a contact's create was carried out and its answer lost; meanwhile another one has got its
// address. What was made is still the counterpart of the one for whom it was made, and nobody gets another one's name.
func TestA5_AddressesSwappedBeforeACreateWasKnown(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		w.HubSpot.FailAfterCommit("contacts/batch/create")
		one := w.sfCreate("Contact", values("LastName", "One", "Email", "one@nordlys.example"))
		for range 20 {
			if len(w.alive("contacts")) > 0 {
				break
			}
			w.advance(time.Minute)
		}
		made := w.alive("contacts")
		if len(made) != 1 {
			t.Fatalf("%d contacts at HubSpot", len(made))
		}
		w.sfSet("Contact", one, "Email", "two@nordlys.example")
		two := w.sfCreate("Contact", values("LastName", "Two", "Email", "one@nordlys.example"))
		w.advance(2 * time.Hour)
		if got := w.why(sfRef("Contact", one)).Link.B.ID; got != made[0].ID {
			t.Errorf("the first has %s, and %s was made for it%s", got, made[0].ID, w.story())
		}
		other := w.why(sfRef("Contact", two)).Link.B.ID
		if r, _ := w.HubSpot.Record("contacts", made[0].ID); r.Properties["lastname"] != "One" || r.Properties["email"] != "two@nordlys.example" {
			t.Errorf("what was made for the first is %v", r.Properties)
		}
		if r, _ := w.HubSpot.Record("contacts", other); r.Properties["lastname"] != "Two" || w.sfText("Contact", two, "LastName") != "Two" || w.sfText("Contact", one, "LastName") != "One" {
			t.Errorf("the second has %s, %v%s", other, r.Properties, w.story())
		}
		w.wantQuietErrors()
	})
}

// TestA7_EditedWhileACreateWasSentAgain: nothing came of a contact's create, and its outcome was unknown. It was sent again, Salesforce put the
// number into a form of its own, and a person changed the number at HubSpot before anybody had looked again. One side was changed, not two:
// though Salesforce wins where both were, HubSpot's number is carried.
func TestA7_EditedWhileACreateWasSentAgain(t *testing.T) {
	contacts := strings.Replace(pairContacts, "{ a: Phone, b: phone, conflict: hubspot }", `{ a: Phone, b: phone, transform: 'phone_e164("US")', conflict: salesforce }`, 1)
	s := pairWorld(pairAccounts, contacts)
	s.Org = func(sim *salesforcetest.Sim) { sim.AddTrigger("Contact", salesforcetest.FormatPhones) }
	pair(t, s, func(w *world) {
		person, creates := "", 0
		w.Salesforce.SetFault(func(r *http.Request, body []byte) *salesforcetest.Fault {
			if r.Method != http.MethodPost || !strings.Contains(string(body), "+14155550249") {
				return nil
			}
			if creates++; creates == 1 {
				return &salesforcetest.Fault{Cut: true}
			}
			return &salesforcetest.Fault{Mangle: func(status int, body []byte) (int, []byte) {
				w.hubSet("contacts", person, "phone", "+14155550295")
				return status, body
			}}
		})
		person = w.hub("contacts", "lastname", "Desk", "email", "desk@nordlys.example", "phone", "+14155550249")
		w.advance(2 * time.Hour)
		contact := w.inSf("Contact", "Email", "desk@nordlys.example")
		if r, _ := w.HubSpot.Record("contacts", person); creates != 2 || r.Properties["phone"] != "+14155550295" || contact.Text("Phone") != "(415) 555-0295" {
			t.Errorf("%d creates, %q at HubSpot, %q at Salesforce%s", creates, r.Properties["phone"], contact.Text("Phone"), w.story())
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
	})
}

// TestA8_AddressGivenWhileACreateWasUnderWay: nothing came of a contact's create, and its outcome was unknown. Before it is sent again somebody
// gives a contact that Salesforce has its address. No second contact with it is made there, and a person is told of the two.
func TestA8_AddressGivenWhileACreateWasUnderWay(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		other := w.sfCreate("Contact", values("LastName", "Office", "Email", "office@nordlys.example"))
		w.advance(time.Hour)
		cut := false
		w.Salesforce.SetFault(func(r *http.Request, body []byte) *salesforcetest.Fault {
			if cut || r.Method != http.MethodPost || !strings.Contains(string(body), `"Email":"desk@nordlys.example"`) {
				return nil
			}
			cut = true
			return &salesforcetest.Fault{Cut: true}
		})
		person := w.hub("contacts", "lastname", "Desk", "email", "desk@nordlys.example")
		w.advance(time.Minute)
		if !cut {
			t.Fatalf("no create was sent%s", w.story())
		}
		w.sfSet("Contact", other, "Email", "desk@nordlys.example")
		w.advance(2 * time.Hour)
		if n := len(w.Salesforce.Find("Contact", "Email", "desk@nordlys.example")); n != 1 {
			t.Errorf("%d contacts at Salesforce have the address, want the one that was given it%s", n, w.story())
		}
		w.wantHeld(hubRef("contacts", person), "taken")
	})
}
