package simulation

import (
	"context"
	"fmt"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine/lane"
)

// Flow is one way of a won deal, whose every effect is a crash point: what is there before, and what a person then does.
type Flow struct {
	Name string
	set  func(t *town) (deal string)
	edit func(t *town, deal string) // nil: the deal is won, and that is all
	open bool                       // the document is opened by itself

	source string // the CRM; "" is HubSpot
}

// Flows lists the ways of the won deal: invoice and contract, first run and amended, and a customer that is there already.
func Flows() []Flow {
	amend := func(t *town, deal string) {
		r, _ := t.s.HubSpot.Record("deals", deal)
		lines := t.s.lines(r)
		do(t.hs().Set("line_items", lines[0].ID, props{"price": "77.50"}))
		do(t.hs().Archive("line_items", lines[1].ID))
		t.line(deal, "", "12.30")
		t.agree(deal)
		do(t.hs().Set("deals", deal, props{"dealname": "D001 amended"}))
	}
	return []Flow{
		{"invoice", func(t *town) string { return t.single("") }, nil, false, ""},
		{"invoice opened", func(t *town) string { return t.single("") }, nil, true, ""},
		{"invoice amended", func(t *town) string { return t.single("") }, amend, false, ""},
		{"contract", func(t *town) string { return t.single("monthly") }, nil, false, ""},
		{"contract amended", func(t *town) string { return t.single("monthly") }, amend, false, ""},
		{"invoice for a known customer", func(t *town) string {
			deal := t.single("")
			t.enterCustomer(lighttest.Customer{Name: "Known by its domain", Domain: "firm-C001.example"})
			return deal
		}, nil, false, ""},
		{"Salesforce: invoice opened, written back", atOrg(func(o *org) string { return o.single("") }), nil, true, salesforceSource},
		{"Salesforce: contract amended", atOrg(func(o *org) string { return o.single("Monthly") }), func(t *town, id string) { t.s.crm.(*org).amend(id) }, false, salesforceSource},
		{"Salesforce: account merged", atOrg(func(o *org) string { return o.single("") }), func(t *town, _ string) {
			o := t.s.crm.(*org)
			twin := o.create("Account", row{"Name": "C001 Works", "BillingStreet": "C001 Street", "BillingCity": "Berlin", "BillingCountry": "Germany"})
			do(o.sf().Merge("Account", twin, row{"Name": "C001 Works renamed"}, o.companies[0]))
			o.companies = []string{twin}
		}, false, salesforceSource},
	}
}

func atOrg(set func(*org) string) func(*town) string {
	return func(t *town) string { return set(t.s.crm.(*org)) }
}

// amend changes a line's price, removes one, adds one and renames the opportunity.
func (o *org) amend(id string) {
	lines := o.items(id)
	do(o.sf().Update("OpportunityLineItem", lines[0].ID, row{"UnitPrice": "77.50"}))
	do(o.sf().Delete("OpportunityLineItem", lines[1].ID))
	o.create("OpportunityLineItem", row{"OpportunityId": id, "PricebookEntryId": o.entries[o.products[1]+"EUR"], "Quantity": "1.5", "UnitPrice": "12.34"})
	do(o.sf().Update("Opportunity", id, row{"Name": "D001 amended"}))
}

// single makes a company, two products and a won deal with two lines.
func (t *town) single(recurrence string) string {
	t.numbered = 1
	company := t.add("companies", props{"name": "C001 Works", "address": "C001 Street", "city": "Berlin", "country": "Germany", "domain": "firm-C001.example", "vat_number": "DE100000007"})
	t.companies = []string{company}
	for n := range 2 {
		t.products = append(t.products, t.add("products", props{"name": fmt.Sprintf("P%02d Product", n), "price": "10", "active": "true"}))
	}
	deal := t.add("deals", props{"dealname": "D001 first", "dealstage": hubspottest.OpenStage, "pipeline": hubspottest.DefaultPipeline, "deal_currency_code": "EUR", "closedate": "2026-06-20T10:00:00Z"})
	t.deals = []string{deal}
	do(t.hs().Associate("deals", deal, "companies", company))
	t.line(deal, recurrence, "20.25", t.products[0])
	t.line(deal, "", "0.335", t.products[1])
	t.agree(deal)
	do(t.hs().Win(deal))
	return deal
}

func (t *town) line(deal, recurrence, price string, product ...string) string {
	p := props{"price": price, "quantity": "3", "hs_line_item_currency_code": "EUR", "name": "Work"}
	if len(product) > 0 {
		p["hs_product_id"] = product[0]
	}
	if recurrence != "" {
		p["recurringbillingfrequency"], p["hs_recurring_billing_period"] = recurrence, "P12M"
	}
	id := t.add("line_items", p)
	do(t.hs().Associate("line_items", id, "deals", deal))
	return id
}

// Kill is a moment to die at: before or after the worker's n-th effect, counted from 1; 0 never.
type Kill struct {
	At    int
	After bool
}

func (k Kill) String() string {
	if k.After {
		return fmt.Sprintf("after effect %d", k.At)
	}
	return fmt.Sprintf("before effect %d", k.At)
}

// Crash is what became of a flow whose workers were killed.
type Crash struct {
	Report
	Effects []int    // of each worker that was meant to die, until it died or had nothing more to do
	Labels  []string // where they died
}

// RunCrash carries a flow out with workers that are killed one after the other at the given moments; then a new one works in
// peace, and the outsider looks. Call it in a bubble of its own.
func RunCrash(f Flow, kills []Kill, o Options, shared *Shared) (out Crash) {
	o.Seed, o.Lags, o.Open = max(o.Seed, 1), &lags{search: 30 * time.Second, list: 45 * time.Second}, f.open
	o.Source = f.source
	s := New(o, shared)
	ctx := context.Background()
	t := s.emptyTown()
	deal := f.set(t)
	if _, err := s.deploy(ctx); err != nil {
		out.Problems = []Problem{{"set up", err.Error()}}
		return out
	}
	pastLags := func() { s.newActor("operator", slotOperator, 1).pause(4 * time.Minute) }
	pastLags()
	if f.edit != nil {
		s.life(Kill{}, 0)
		f.edit(t, deal)
		pastLags()
	}
	for n, k := range kills {
		a := s.life(k, n+1)
		out.Effects, out.Labels = append(out.Effects, a.effects), append(out.Labels, a.last)
	}
	problems := s.settle(ctx)
	checked, outcome := s.Check(ctx)
	problems = append(problems, checked...)
	if outcome.Won != 1 || outcome.Invoices+outcome.Contracts != 1 || outcome.Customers != 1 {
		problems = append(problems, Problem{"C7 crash points", fmt.Sprintf("it came to %+v", outcome)})
	}
	if f.open && s.Light.Counts().Invoices == 1 && s.Light.Invoices()[0].State != lighttest.Open {
		problems = append(problems, Problem{"Q7 follow-ups", "the invoice was not opened"})
	}
	out.Report = Report{Seed: s.Seed, Trail: s.Trail(), Problems: problems, Outcome: outcome}
	if s.Log != nil {
		out.Log = s.Log.String()
	}
	return out
}

// life is one worker that polls and works until nothing waits, or until it is killed.
func (s *Sim) life(k Kill, generation int) *actor {
	a := s.newActor("worker", slotWorker, generation)
	a.killAt, a.after = k.At, k.After
	s.wg.Go(func() {
		ctx := context.Background()
		a.pause(time.Second)
		e := s.engine(a)
		for n := range 12 {
			_ = e.Poll(ctx) // the loop goes on, as in the product
			for range 30 {
				n, err := e.Receive(ctx, lane.Live, 20)
				if err != nil || n == 0 {
					break
				}
			}
			if idle, err := e.Idle(ctx, 10*time.Minute); err == nil && idle && n > 0 {
				return
			}
			a.pause(time.Minute)
		}
	})
	s.wg.Wait()
	return a
}
