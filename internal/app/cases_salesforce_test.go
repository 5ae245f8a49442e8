package app

import (
	"testing"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

func anOrg() setup { return setup{Salesforce: &salesforcetest.Config{}} }

// TestWonOpportunityBecomesAnInvoice: one draft with its lines, for the customer of its account; the product came by itself.
func TestWonOpportunityBecomesAnInvoice(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://www.nordlys.example/da", "BillingStreet", "Havnegade 4\nBaghuset", "BillingPostalCode", "8000")
		_, sensor := w.sfProduct("Sensor unit", "199.99")
		_, hour := w.sfProduct("Consulting hour", "150")
		deal := w.sfDeal("Sensors", account, nil, sfLine(sensor, "10", "179.99"), sfLine(hour, "7.25", "99.99", "Description", "On site, remote"))
		w.polled()
		w.wantNoDocument("Sensors")
		w.sfWin(deal)
		i := w.wantInvoice("Sensors", "USD", 179990+72493) // 7.25 x 99.99 is 724.9275
		if i.InvoiceDate != "2026-09-01" || len(i.Lines) != 2 {
			t.Errorf("%+v", i)
		}
		c := w.customers("Nordlys Energi A/S")
		if len(c) != 1 {
			t.Fatalf("%d customers; %s", len(c), w.story())
		}
		if a := c[0].BillingAddress; c[0].Domain != "nordlys.example" || a == nil || a.Street != "Havnegade 4 Baghuset" || a.Country != "DK" || a.Zipcode != "8000" {
			t.Errorf("%+v %+v", c[0], a)
		}
		w.later()
		w.wantInvoice("Sensors", "USD", 179990+72493)
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%d sync errors: %s", n, w.story())
		}
	})
}
