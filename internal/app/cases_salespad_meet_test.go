package app

import (
	"testing"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// TestAddressChangesAfterTheyMet (C1, A7): a contact of HubSpot with an address meets one of SalesPad that has none, or a part of it. HubSpot's
// stays, and nothing of it is written at SalesPad, which is not updated. What somebody enters at SalesPad afterwards is a change, though HubSpot has
// more lines: it is carried, each time, and empties nothing.
func TestAddressChangesAfterTheyMet(t *testing.T) {
	for name, city := range map[string]string{"none": "", "part": "Lier"} {
		t.Run(name, func(t *testing.T) {
			var person string
			pad(t, padPresets(t, "hubspot-salespad", padPeople, "create: { filter: 'not blank(associatedcompanyid)', only_new: true }", "create: never"), func(w *world) {
				company := w.hub("companies", "name", "Alpha", "domain", "alpha.example")
				person = w.hubPerson(company, "lastname", "Front Desk", "email", "desk@alpha.example", "address", "Street 1", "city", "Oslo", "zip", "0150")
				w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha", "Email_To": "ap@alpha.example"})
			}, func(w *world) {
				w.later()
				key := w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "ALPHA", "Address_Code": "DESK", "Contact_Person": "Front Desk", "Email": "desk@alpha.example", "City": city})
				w.SalesPad.ClearLog()
				w.later()
				if got, _ := w.padLinks("addresses"); got[person] != "customer-addresses/ALPHA|DESK" {
					t.Fatalf("%v %v%s", got, key, w.story())
				}
				for _, entered := range []string{"", "Bergen", "Molde"} {
					want := "Oslo"
					if entered != "" {
						w.ok(w.SalesPad.Update("CustomerAddr", "ALPHA|DESK", salespadtest.Fields{"City": entered}))
						want = entered
						w.later()
					}
					if p := w.at("contacts", person).Properties; p["address"] != "Street 1" || p["city"] != want || p["zip"] != "0150" {
						t.Errorf("after %q: %v%s", entered, p, w.story())
					}
				}
				if n := w.padWrites(); n > 0 || len(w.errors("")) > 0 {
					t.Errorf("%d writes%s", n, w.story())
				}
				w.padQuiet()
			})
		})
	}
}
