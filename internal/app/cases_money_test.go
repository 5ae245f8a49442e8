package app

import (
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// A deal that reaches a won stage makes sure of its customer, its products, and one draft.
func TestWonDealBecomesOneDraft(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p := w.product("Sensor", "199.99")
		d := w.deal("Rollout", w.company("Nordlys"), "399.98", line(p, "quantity", "2"))
		w.settle()
		w.wantNoDocument("Rollout")
		w.win(d)
		i := w.wantInvoice("Rollout", "USD", 39998)
		if i.AreLinesWithTax || len(w.customers("Nordlys")) != 1 || *i.Lines[0].PriceOverwrite != 19999 {
			w.t.Errorf("%+v", i)
		}
	})
}

// T2: to the minor unit, in currencies of zero, two and three decimals, with discounts and decimal quantities: what Light
// itself reckons is what the deal says. The tables of internal/plan/testdata/cases go into each rule.
func TestT2_ToTheMinorUnitAtLight(t *testing.T) {
	cases := []struct {
		name, currency, amount, quantity, price string
		more                                    []string
		net                                     int64
		lineQuantity                            string
	}{
		{"Fine price", "USD", "335", "1000", "0.335", nil, 33500, "1"},
		{"Half a cent", "EUR", "149.99", "1.5", "99.99", nil, 14999, "1"},
		{"Yen", "JPY", "89400", "3", "29800", nil, 89400, "3"},
		{"Dinar", "BHD", "300.500", "4", "75.125", nil, 300500, "4"},
		{"Quarter hours", "USD", "1087.50", "7.25", "150", nil, 108750, "7.25"},
		{"Ten percent", "USD", "1799.91", "10", "199.99", []string{"hs_discount_percentage", "10"}, 179991, "1"},
		{"Twelve fifty", "USD", "1100", "8", "150", []string{"discount", "12.50"}, 110000, "8"},
	}
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		var deals []string
		for _, c := range cases {
			d := w.deal(c.name, co, c.amount, line(p, append([]string{"quantity", c.quantity, "price", c.price, "hs_line_item_currency_code", c.currency}, c.more...)...))
			w.set("deals", d, "deal_currency_code", c.currency)
			deals = append(deals, d)
		}
		w.win(deals...)
		w.later()
		for _, c := range cases {
			if i := w.wantInvoice(c.name, c.currency, c.net); string(i.Lines[0].Quantity) != c.lineQuantity {
				w.t.Errorf("%s: quantity %s, want %s", c.name, i.Lines[0].Quantity, c.lineQuantity)
			}
		}
		if s := w.story(); s != "" {
			w.t.Errorf("%s", s)
		}
	})
}

// T3: which one is billed when deal amount and lines differ: lines, deal, or nobody's guess.
func TestT3_AmountsDiffer(t *testing.T) {
	for word, net := range map[string]int64{"hold": 0, "lines": 1000, "deal": 1200} {
		t.Run(word, func(t *testing.T) {
			virtual(t, setup{Presets: append([]string{"amounts: hold ", "amounts: " + word + " "}, billsAll...)}, func(w *world) {
				co, p := w.billable()
				d := w.deal("Deal", co, "12", line(p, "quantity", "1"))
				w.win(d)
				if net == 0 {
					w.wantHeld(dealRef(d), "amounts_differ")
					w.wantNoDocument("Deal")
					return
				}
				w.wantInvoice("Deal", "USD", net)
			})
		})
	}
}

// The date is the close date as a day in the portal's time zone; the currency is the deal's, else the portal's; entity and
// terms come from the mapping.
func TestDateCurrencyEntityAndTerms(t *testing.T) {
	virtual(t, setup{HubSpot: hubspottest.Config{TimeZone: "Europe/Berlin", Currency: "EUR", AdditionalCurrencies: []string{"USD"}}, Presets: []string{"static: DE01", "static: US01", "{ b: netTerms, static: 30 }", "{ b: netTerms, static: 14 }"}}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1", "price", "10"))
		w.set("deals", d, "deal_currency_code", "", "dealstage", hubspottest.WonStage, "closedate", "2026-08-31T22:30:00Z")
		w.later()
		i := w.wantInvoice("Deal", "EUR", 1000)
		entity, _ := w.Light.Entity("US01")
		if i.InvoiceDate != "2026-09-01" || *i.NetTerms != 14 || string(i.CompanyEntityID) != entity.ID {
			w.t.Errorf("%s %d %s", i.InvoiceDate, *i.NetTerms, i.CompanyEntityID)
		}
	})
}

// A11: newest is the record that changed later; within two seconds, or where nobody can tell, it is a.
func TestA11_NewestWins(t *testing.T) {
	for _, later := range []string{"crm", "billing"} {
		t.Run(later, func(t *testing.T) {
			virtual(t, setup{Quiet: true, Presets: []string{"{ a: name, b: name, required: true }", "{ a: name, b: name, required: true, conflict: newest }"}}, func(w *world) {
				co, p := w.company("Nordlys"), w.product("Thing", "10")
				w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
				w.later()
				d := w.deal("Second", co, "10", line(p, "quantity", "1"))
				w.win(d)
				w.later()
				id := w.Light.Customers()[0].ID
				atCRM := func() { w.set("companies", co, "name", "By sales") }
				atBilling := func() { w.ok(w.Light.EditCustomer(id, func(c *lighttest.Customer) { c.Name = "By finance" })) }
				want := "By sales"
				if later == "crm" {
					atBilling()
					time.Sleep(5 * time.Second)
					atCRM()
				} else {
					atCRM()
					time.Sleep(5 * time.Second)
					atBilling()
					want = "By finance"
				}
				w.later()
				if c := w.Light.Customers()[0]; c.Name != want {
					w.t.Errorf("%q, want %q", c.Name, want)
				}
			})
		})
	}
}
