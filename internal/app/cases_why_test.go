package app

import (
	"strings"
	"testing"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// TestWhyNamesTheCause seeds causes of a skip or a hold among the sample's records, each by something that a person did at
// one of the systems, and asks why of each (B-3).
func TestWhyNamesTheCause(t *testing.T) {
	w := newWorld(t, true)
	user := w.HubSpot.User()
	sample := func(object, key string) record.Ref {
		return record.Ref{Connection: "hubspot", Object: object, ID: w.HubSpot.SampleID(object + "/" + key)}
	}
	// deal makes a won deal of the sample's Northwind with one line of its consulting product, changed as a cause wants it.
	deal := func(name, amount string, l map[string]string, change func(id string)) record.Ref {
		t.Helper()
		id := w.create("deals", kv("dealname", name, "dealstage", hubspottest.OpenStage, "pipeline", hubspottest.DefaultPipeline, "amount", amount, "deal_currency_code", "USD", "closedate", "2026-08-20T10:00:00Z"))
		w.ok(user.Associate("deals", id, "companies", w.HubSpot.SampleID("companies/northwind")))
		if l != nil {
			l["hs_product_id"] = w.HubSpot.SampleID("products/consulting")
			w.line(id, l)
		}
		w.ok(user.Win(id))
		if change != nil {
			change(id)
		}
		return dealRef(id)
	}
	causes := []struct {
		name, want, says string
		ref              record.Ref
	}{
		{"won before the start date", plan.BeforeSince, "2026-01-01", sample("deals", "before-since")},
		{"not won", plan.NotWon, "won", sample("deals", "open")},
		{"lost", plan.NotWon, "", sample("deals", "lost")},
		{"no company", plan.NoCompany, "is associated", sample("deals", "no-company")},
		{"two companies, none primary", plan.SeveralCompanies, "primary", sample("deals", "two-companies")},
		{"neither lines nor a default product", plan.NoProduct, "default_product", sample("deals", "no-lines")},
		{"a line without a product", plan.NoProduct, "line ", sample("deals", "free-line")},
		{"no price in that currency", plan.NoPriceInCurrency, "GBP", sample("deals", "no-price")},
		{"a negative amount", plan.NegativeAmount, "credit", sample("deals", "negative")},
		{"more than 64 bits", plan.AmountTooLarge, "", sample("deals", "huge")},
		{"deal and lines differ", plan.AmountsDiffer, "amounts:", sample("deals", "amount-differs")},
		{"billed weekly", plan.UnknownFrequency, "weekly", sample("deals", "weekly")},
		{"billed every two years", plan.UnknownFrequency, "per_two_years", sample("deals", "two-yearly")},
		{"its company matches by name alone", plan.ParentHeld, plan.NameHit, sample("deals", "name-match")},
		{"that company itself", plan.NameHit, "matches by", sample("companies", "alpine")},
		{"its company's e-mail is taken twice", plan.ParentHeld, plan.SeveralHits, sample("deals", "email-twice")},
		{"a product that the filter excludes", plan.ParentHeld, plan.Filtered, sample("deals", "inactive-product")},
		{"that product itself", plan.Filtered, "active", sample("products", "adapter")},
		{"a sum of nothing", plan.ZeroAmount, "zero", deal("Nothing", "0", kv("quantity", "1", "price", "0"), nil)},
		{"a discount above the price", plan.BadDiscount, "line ", deal("Too cheap", "", kv("quantity", "1", "price", "10", "discount", "20"), nil)},
		{"a line in another currency", plan.CurrencyMismatch, "EUR", deal("Mixed money", "10", kv("quantity", "1", "price", "10", "hs_line_item_currency_code", "EUR"), nil)},
		{"neither lines nor an amount", plan.NoAmount, "neither lines nor an amount", deal("Empty", "", nil, nil)},
		{"a close date that a person took away", plan.MissingValue, "closedate", deal("Undated", "10", kv("quantity", "1", "price", "10"), func(id string) { w.set("deals", id, "closedate", "") })},
	}
	if len(causes) < 20 {
		t.Fatalf("only %d causes", len(causes))
	}
	w.applyPresets()
	w.live()
	w.run(engine.Run{Kind: "full", Mapping: "companies-to-customers", Actor: "editor"})
	w.run(engine.Run{Kind: "full", Mapping: "products-to-products", Actor: "editor"})
	w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
	for _, c := range causes {
		t.Run(c.name, func(t *testing.T) {
			known, err := w.Engine.Why(w.t.Context(), c.ref)
			if err != nil || len(known) != 1 {
				t.Fatalf("%d answers, %v", len(known), err)
			}
			r := known[0].Link.Reason
			if r == nil || r.Category != c.want || !strings.Contains(r.Text, c.says) {
				t.Fatalf("%s: %+v, want %s saying %q", c.ref, r, c.want, c.says)
			}
			if len(known[0].Entries) == 0 || known[0].Entries[0].Reason == nil || known[0].Entries[0].Reason.Category != c.want || known[0].Entries[0].Version != 1 || known[0].Entries[0].Cause == "" {
				t.Errorf("the trail does not tell it: %+v", known[0].Entries)
			}
			for _, document := range w.Light.Invoices() {
				if known[0].Link.B.ID == document.ID {
					t.Error("it has a document all the same")
				}
			}
		})
	}
}
