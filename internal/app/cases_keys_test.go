package app

import (
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
)

// A8, A12: the feed does not write down once more what a create's claim stands for already. The customer is found by its
// values all the same, long after the claim ran out: by another company, by one that came of a merge, after a person took the
// link away, and after its values changed at both sides.
func TestA8_AClaimStandsForItsCustomer(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p := w.product("Thing", "10")
		bill := func(deal, name string) string {
			co := w.company(name, "domain", "nordlys.example")
			w.win(w.deal(deal, co, "10", line(p, "quantity", "1")))
			w.later()
			return co
		}
		one := bill("First", "Nordlys")
		customer := w.Light.Customers()[0].ID
		same := func(deal string) {
			t.Helper()
			if n := len(w.Light.Customers()); n != 1 || string(w.wantInvoice(deal, "USD", 1000).CustomerID) != customer {
				t.Fatalf("%s: %d customers; %s", deal, n, w.story())
			}
		}
		w.advance(time.Hour)
		bill("Second", "Nordlys Retail")
		same("Second")

		w.unlink(companyRef(one), false)
		w.advance(time.Hour)
		bill("Third", "Nordlys Wholesale")
		same("Third")

		into := w.company("Nordlys Group")
		_, err := w.HubSpot.User().Merge("companies", into, one)
		w.ok(err)
		w.advance(time.Hour)
		bill("Fourth", "Nordlys Export")
		same("Fourth")

		// another domain at Light: found by that one, and no longer by the old one
		w.ok(w.Light.EditCustomer(customer, func(c *lighttest.Customer) { c.Domain = "aurora.example" }))
		w.later()
		co := w.company("Aurora", "domain", "aurora.example")
		w.win(w.deal("Fifth", co, "10", line(p, "quantity", "1")))
		w.later()
		same("Fifth")
		bill("Sixth", "Nordlys Once More")
		if n := len(w.Light.Customers()); n != 2 {
			t.Fatalf("%d customers; %s", n, w.story())
		}
		// and back: the claim of the second customer took the place of the first one's, which was not forgotten
		w.ok(w.Light.EditCustomer(customer, func(c *lighttest.Customer) { c.Domain = "nordlys.example" }))
		w.later()
		seventh := bill("Seventh", "Nordlys Twice")
		w.wantHeld(companyRef(seventh), "several_hits")
	})
}
