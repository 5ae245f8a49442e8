package app

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// reconcile runs the month end of the invoices and gives its head and rows.
func (w *world) reconcile(month string) (engine.Reconciliation, []engine.ReconcileRow) {
	w.t.Helper()
	ctx := w.t.Context()
	r, err := w.Engine.StartReconcile(ctx, "deals-to-invoices", month, "finance")
	w.ok(err)
	for n := 0; w.runOf(r.ID).Status != "done"; n++ {
		if n > 500 {
			w.t.Fatalf("the reconciliation does not end: %+v", w.runOf(r.ID))
		}
		w.ok(w.Engine.Poll(ctx))
	}
	head, err := w.Engine.Reconciliation(ctx, r.ID)
	w.ok(err)
	var rows []engine.ReconcileRow
	for from := 0; ; from += 70 { // parts that cross the stored pages
		part, err := w.Engine.ReconcileRows(ctx, r.ID, from, 70)
		w.ok(err)
		rows = append(rows, part...)
		if len(part) < 70 {
			break
		}
	}
	if len(rows) != head.Rows {
		w.t.Fatalf("%s: %d rows, the head says %d", month, len(rows), head.Rows)
	}
	w.addsUp(head, rows)
	return head, rows
}

// addsUp works the groups out again, by the definition on ReconcileGroup.
func (w *world) addsUp(head engine.Reconciliation, rows []engine.ReconcileRow) {
	w.t.Helper()
	num := func(text string) *big.Int {
		n, ok := new(big.Int).SetString(cmp.Or(text, "0"), 10)
		if !ok {
			w.t.Fatalf("%q is no number", text)
		}
		return n
	}
	deals, documents := map[string]*big.Int{}, map[string]*big.Int{}
	add := func(to map[string]*big.Int, key, text string) {
		if to[key] == nil {
			to[key] = new(big.Int)
		}
		to[key].Add(to[key], num(text))
	}
	won := map[string]int{}
	for _, r := range rows {
		if r.Outcome == engine.Stray {
			continue
		}
		won[r.Entity+" "+r.Currency]++
		add(deals, r.Entity+" "+r.Currency, r.Deal)
		if r.Outcome != engine.Unbilled {
			add(documents, r.Entity+" "+r.Money, r.Net)
		}
	}
	for _, g := range head.Groups {
		key := g.Entity + " " + g.Currency
		zero := new(big.Int)
		d, o := cmp.Or(deals[key], zero), cmp.Or(documents[key], zero)
		if g.Won != won[key] || num(g.Deals).Cmp(d) != 0 || num(g.DocumentsNet).Cmp(o) != 0 {
			w.t.Errorf("%s %s: %+v, worked out: %d won, deals %s, documents %s", head.Month, key, g, won[key], d, o)
		}
		if left := new(big.Int).Sub(d, o); left.Cmp(num(g.Difference)) != 0 || left.Cmp(new(big.Int).Add(num(g.UnbilledNet), num(g.DifferingNet))) != 0 {
			w.t.Errorf("%s %s: the difference %s is not explained: %+v", head.Month, key, left, g)
		}
		delete(won, key)
	}
	for key, n := range won {
		if n > 0 {
			w.t.Errorf("%s: %d won deals of %s are in no group", head.Month, n, key)
		}
	}
}

// TestReconcileSample: each won deal of the sample is billed by exactly its net, or has a reason; the reasons are those that
// the sample was made to show.
func TestReconcileSample(t *testing.T) {
	w := newWorld(t, true)
	w.applyPresets()
	w.live()
	w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
	want := map[string]string{"before-since": plan.BeforeSince, "no-lines": plan.NoProduct, "free-line": plan.NoProduct, "no-company": plan.NoCompany, "two-companies": plan.SeveralCompanies,
		"no-price": plan.NoPriceInCurrency, "negative": plan.NegativeAmount, "huge": plan.AmountTooLarge, "amount-differs": plan.AmountsDiffer, "weekly": plan.UnknownFrequency,
		"two-yearly": plan.UnknownFrequency, "name-match": plan.ParentHeld, "email-twice": plan.ParentHeld, "inactive-product": plan.ParentHeld}
	found := map[string]engine.ReconcileRow{}
	months := []string{"2019-06"}
	for m := time.January; m <= time.December; m++ {
		months = append(months, fmt.Sprintf("2026-%02d", m))
	}
	for _, month := range months {
		_, rows := w.reconcile(month)
		for _, r := range rows {
			if _, twice := found[r.Ref.ID]; twice {
				t.Errorf("%s is in two months", r.Ref)
			}
			if r.Day[:7] != month {
				t.Errorf("%s of %s is in %s", r.Ref, r.Day, month)
			}
			found[r.Ref.ID] = r
		}
	}
	won := 0
	for _, d := range hubspottest.SampleDeals {
		id := w.HubSpot.SampleID("deals/" + d.Key)
		r, ok := found[id]
		delete(found, id)
		if !d.Won {
			if ok {
				t.Errorf("%s is not won and is in the report: %+v", d.Key, r)
			}
			continue
		}
		won++
		switch {
		case !ok:
			t.Errorf("%s is in no month", d.Key)
		case r.Outcome == engine.Billed && (r.Document.IsZero() || r.Deal != r.Net || r.Entity != "DE01" || r.Reason != nil):
			t.Errorf("%s: %+v", d.Key, r)
		case r.Outcome == engine.Unbilled && (r.Reason == nil || r.Reason.Text == "" || !r.Document.IsZero()):
			t.Errorf("%s has neither document nor reason: %+v", d.Key, r)
		case r.Outcome == engine.Differs || r.Outcome == engine.Stray:
			t.Errorf("%s: %+v %v", d.Key, r, r.Reason)
		}
		category := ""
		if r.Reason != nil {
			category = r.Reason.Category
		}
		if category != want[d.Key] {
			t.Errorf("%s: %q, want %q (%v)", d.Key, category, want[d.Key], r.Reason)
		}
	}
	for id, r := range found {
		t.Errorf("%s is none of the sample's deals: %+v", id, r)
	}
	if won < 26 {
		t.Errorf("only %d won deals were looked at", won)
	}
}

// TestReconcileFindsExactly44 seeds 44 differences of seven kinds among 500 documents: exactly these are listed, each with
// its kind, and a second time none is new (B-4).
func TestReconcileFindsExactly44(t *testing.T) {
	virtual(t, setup{Presets: []string{"products: products-to-products ", "products: products-to-products\n  brake: 100000 "}, Quiet: true}, func(w *world) {
		company := w.company("Parity")
		product := w.product("Parity unit", "10", "hs_price_usd", "10")
		w.settle()
		var deals []string
		for n := range 500 {
			deals = append(deals, w.deal(fmt.Sprintf("Deal %03d", n), company, fmt.Sprint(100+n), line(product, "quantity", "1", "price", fmt.Sprint(100+n))))
		}
		for _, d := range deals {
			w.ok(w.HubSpot.User().Win(d))
		}
		w.settle()
		w.later()
		if n := len(w.Light.Invoices()); n != 500 {
			t.Fatalf("%d of 500 documents; %s", n, w.story())
		}
		head, rows := w.reconcile("2026-09")
		if len(head.Reasons) != 0 || head.Rows != 500 {
			t.Fatalf("before anything was changed: %+v; %+v", head, firstFault(rows))
		}
		w.status("deals-to-invoices", mapping.Paused)
		w.status("deals-to-contracts", mapping.Paused)
		want := map[record.Ref]string{}
		take := func(n int, category string, do func(deal string)) {
			for range n {
				// spread over all of them, so that no page is free of any
				at := (len(want)*11 + 3) % 500
				want[dealRef(deals[at])] = category
				do(deals[at])
			}
		}
		invoice := func(deal string) string { return w.why(dealRef(deal)).Link.B.ID }
		take(12, plan.NetDiffers, func(d string) {
			w.ok(w.Light.EditInvoice(invoice(d), func(i *lighttest.Invoice) { *i.Lines[0].PriceOverwrite++ }))
		})
		take(10, plan.NetDiffers, func(d string) { w.set("deals", d, "amount", "1.99") })
		take(6, plan.TargetArchived, func(d string) {
			w.ok(w.Light.EditInvoice(invoice(d), func(i *lighttest.Invoice) { i.State = lighttest.Archived }))
		})
		take(5, plan.NoLongerWon, func(d string) { w.ok(w.HubSpot.User().Lose(d)) })
		take(4, plan.SourceGone, func(d string) { w.ok(w.HubSpot.User().Archive("deals", d)) })
		take(3, plan.NetDiffers, func(d string) { w.set("deals", d, "deal_currency_code", "EUR") })
		for n := range 4 {
			d := w.deal(fmt.Sprintf("Late %d", n), company, "50", line(product, "quantity", "1", "price", "50"))
			w.ok(w.HubSpot.User().Win(d))
			want[dealRef(d)] = plan.NotBilledYet
		}
		w.later()
		head, rows = w.reconcile("2026-09")
		for _, r := range rows {
			got := ""
			if r.Reason != nil {
				got = r.Reason.Category
				if !r.New || r.First.IsZero() {
					t.Errorf("%s: not marked as new: %+v", r.Ref, r)
				}
			}
			if got != want[r.Ref] {
				t.Errorf("%s: %q, want %q: %+v %v", r.Ref, got, want[r.Ref], r, r.Reason)
			}
			delete(want, r.Ref)
		}
		if len(want) > 0 {
			t.Errorf("not found: %v", want)
		}
		if head.New != 44 || head.Rows != 504 || total(head.Reasons) != 44 {
			t.Errorf("new %d, rows %d: %v", head.New, head.Rows, head.Reasons)
		}
		again, rows := w.reconcile("2026-09")
		if again.New != 0 || !maps.Equal(again.Reasons, head.Reasons) {
			t.Errorf("new again: %+v", again)
		}
		for _, r := range rows {
			if r.Reason != nil && !r.First.Equal(head.At) {
				t.Errorf("%s was first found at %s, not %s", r.Ref, r.First, head.At)
			}
		}
	})
}

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

func firstFault(rows []engine.ReconcileRow) string {
	for _, r := range rows {
		if r.Reason != nil {
			return fmt.Sprintf("%+v %v", r, r.Reason)
		}
	}
	return ""
}
