package app

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// TestA11_SetBackToWhatALostWriteSaid: HubSpot's address was sent to Salesforce twice: of the first call nobody knows how it ended. A person
// at Salesforce has given the account another address when it is carried out after all: that one is put back. The street of before, the very
// value of the first call, is set back by a person: the call would have brought its city along, and the city is still the other one, so the
// street is a change like any other and goes to HubSpot (A4).
func TestA11_SetBackToWhatALostWriteSaid(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		account := w.sfCreate("Account", values("Name", "Nordlys", "BillingStreet", "Quay 1", "BillingCity", "Aarhus"))
		w.later()
		company := w.inHub("companies", "name", "Nordlys").ID
		address := func(step string, street, city string) {
			t.Helper()
			sf, hub := w.inSf("Account", "Name", "Nordlys"), w.at("companies", company).Properties
			got, want := []string{sf.Text("BillingStreet"), sf.Text("BillingCity"), hub["address"], hub["city"]}, []string{street, city, street, city}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q%s", step, got, want, w.story())
			}
		}
		lost := 0
		w.Salesforce.SetFault(func(r *http.Request, body []byte) *salesforcetest.Fault {
			if r.Method != http.MethodGet && strings.Contains(string(body), "Quay 2") && lost == 0 {
				lost++
				return &salesforcetest.Fault{Status: http.StatusInternalServerError}
			}
			return nil
		})
		w.hubSet("companies", company, "address", "Quay 2", "city", "Odense")
		w.later()
		w.later()
		address("sent again", "Quay 2", "Odense")
		w.sfSet("Account", account, "BillingStreet", "Quay 3", "BillingCity", "Esbjerg")
		w.later()
		address("changed", "Quay 3", "Esbjerg")
		w.ok(w.Salesforce.AsUser(w.Salesforce.IntegrationUserID()).Update("Account", account, values("BillingStreet", "Quay 2", "BillingCity", "Odense")))
		w.later()
		address("carried out late", "Quay 3", "Esbjerg")
		w.sfSet("Account", account, "BillingStreet", "Quay 2")
		w.later()
		address("set back", "Quay 2", "Esbjerg")
		if lost != 1 {
			t.Errorf("%d calls were lost", lost)
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
		w.atRest()
	})
}

// TestA11_SetBackToWhatAnUnheardWriteSaid: HubSpot's number was written to Salesforce, and the answer was lost. What was seen to be carried
// out comes late no more: who gives the contact that number again, an hour later, after another, changed it.
func TestA11_SetBackToWhatAnUnheardWriteSaid(t *testing.T) {
	pair(t, pairWorld(), func(w *world) {
		contact := w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example", "Phone", "+14155550054"))
		w.later()
		w.later()
		person := w.why(sfRef("Contact", contact)).Link.B.ID
		number := func(step, want string) {
			t.Helper()
			if sf, hub := w.sfText("Contact", contact, "Phone"), w.at("contacts", person).Properties["phone"]; sf != want || hub != want {
				t.Errorf("%s: %q at Salesforce, %q at HubSpot, want %q%s", step, sf, hub, want, w.story())
			}
		}
		unheard := 0
		w.Salesforce.SetFault(func(r *http.Request, body []byte) *salesforcetest.Fault {
			if r.Method != http.MethodGet && strings.Contains(string(body), "+14155550217") && unheard == 0 {
				unheard++
				return &salesforcetest.Fault{After: true, Cut: true}
			}
			return nil
		})
		w.hubSet("contacts", person, "phone", "+14155550217")
		w.later()
		w.later()
		number("unheard", "+14155550217")
		w.sfSet("Contact", contact, "Phone", "+14155550354")
		w.later()
		number("changed", "+14155550354")
		w.sfSet("Contact", contact, "Phone", "+14155550217")
		w.later()
		number("set back", "+14155550217")
		if unheard != 1 {
			t.Errorf("%d answers were lost", unheard)
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
		w.atRest()
	})
}
