package app

import "testing"

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
