package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// town is the company whose records the run is about, as its people know it.
type town struct {
	s         *Sim
	dice      *rand.Rand
	companies []string // HubSpot ids
	products  []string
	deals     []string
	numbered  int // deals and companies made so far: every one has a word of its own
	posted    map[string]lighttest.Invoice
	touched   map[string]bool // documents whose fields a person changed
	byHand    map[string]lighttest.Customer
	cloned    map[string]string
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("simulation: %v", err))
	}
	return v
}

func do(err error) {
	if err != nil {
		panic(fmt.Sprintf("simulation: %v", err))
	}
}

type props = map[string]string

// found makes the town: catalogue, companies, customers that are at Light already, deals.
func (t portal) found(size func(low, high int) int) {
	for n := range size(4, 6) {
		p := props{"name": fmt.Sprintf("P%02d Product", n), "price": t.price("EUR"), "active": "true"}
		if t.one(3) {
			p["recurringbillingfrequency"] = t.of("monthly", "annually", "quarterly")
			p["hs_recurring_billing_period"] = "P12M"
		}
		if t.one(8) {
			p["active"] = "false"
		}
		t.products = append(t.products, t.add("products", p))
	}
	for range size(6, 14) {
		t.addCompany()
	}
	for _, id := range t.companies {
		if t.one(4) {
			t.knownAtLight(id)
		}
	}
	for range size(10, 25) {
		t.addDeal()
	}
}

// emptyTown has the settings and nothing else.
func (s *Sim) emptyTown() *town {
	t := &town{s: s, dice: rand.New(rand.NewPCG(s.Seed, 4)), posted: map[string]lighttest.Invoice{}, touched: map[string]bool{}, byHand: map[string]lighttest.Customer{}, cloned: map[string]string{}}
	s.town, s.crm = t, portal{t}
	if s.Salesforce != nil {
		s.crm = &org{town: t}
	}
	s.crm.settings()
	s.Light.CreateProduct(lighttest.Product{Name: "Services", Pricings: []lighttest.Pricing{{Currency: "EUR", Amount: 100}}, CreatedAt: lighttest.Stamp{Time: time.Now().Add(-time.Hour)}})
	return t
}

func (t portal) settings() {
	do(t.hs().Define("companies", hubspottest.SampleVATProperty, "string", "text"))
	do(t.hs().Define("companies", hubspottest.SampleEmailProperty, "string", "text"))
	do(t.hs().Define("products", hubspottest.SampleActive, "bool", "booleancheckbox", "true", "false"))
	t.s.subscribe()
}

func (t *town) hs() hubspottest.Actor { return t.s.HubSpot.User() }

func (t *town) one(in int) bool { return t.dice.IntN(in) == 0 }

func (t *town) of(choices ...string) string { return choices[t.dice.IntN(len(choices))] }

func (t *town) add(object string, p props) string { return must(t.hs().Create(object, p)) }

// price is a unit price as people type them: mostly whole minor units, sometimes finer.
func (t *town) price(currency string) string {
	n := int64(1 + t.dice.IntN(900_000))
	text := major(n, currency)
	if t.one(6) {
		text = major(n, currency)
		if digitsOf(currency) == 0 {
			text += "."
		}
		text += t.of("5", "25", "05")
	}
	return text
}

func (t *town) addCompany() string {
	t.numbered++
	w := fmt.Sprintf("C%03d", t.numbered)
	p := props{"name": w + " Works", "address": w + " Street", "city": "Berlin", "country": "Germany"}
	if !t.one(5) {
		p["domain"] = "firm-" + w + ".example"
	}
	if t.one(2) {
		p["vat_number"] = fmt.Sprintf("DE%09d", 100_000_000+t.numbered*7)
	}
	if t.one(2) {
		p["billing_email"] = "billing@firm-" + w + ".example"
	}
	if len(t.companies) > 0 && t.one(4) {
		other := t.company(t.companies[t.dice.IntN(len(t.companies))])
		shared := t.of("domain", "vat_number", "billing_email", "name", "domain", "vat_number")
		if v := other.Properties[shared]; v != "" {
			p[shared] = v
		}
	}
	if t.one(12) {
		p["domain"] = "gmail.com"
	}
	id := t.add("companies", p)
	t.companies = append(t.companies, id)
	return id
}

func (t *town) company(id string) hubspottest.Record {
	r, _ := t.s.HubSpot.Record("companies", id)
	return r
}

// knownAtLight enters a customer by hand that a company may be found by.
func (t *town) knownAtLight(company string) {
	p := t.company(company).Properties
	c := lighttest.Customer{Name: "H" + p["name"]}
	switch t.dice.IntN(6) {
	case 0:
		c.VATNumber = lighttest.Text(p["vat_number"])
	case 1:
		c.Domain = lighttest.Text(p["domain"])
	case 2:
		c.Email = lighttest.Text(p["billing_email"])
	case 3:
		c.Name = p["name"]
	case 4:
		c.VATNumber, c.Status = lighttest.Text(p["vat_number"]), "ARCHIVED"
	default:
		c.VATNumber, c.Domain = lighttest.Text(p["vat_number"]), lighttest.Text(p["domain"])
	}
	t.enterCustomer(c)
}

func (t *town) enterCustomer(c lighttest.Customer) lighttest.Customer {
	c.Type = "BUSINESS"
	made := t.s.Light.CreateCustomer(c)
	t.byHand[made.ID] = made
	return made
}

// addDeal makes a deal as people do: open, with company and lines; some are won at once.
func (t *town) addDeal() string {
	t.numbered++
	currency := t.of("EUR", "EUR", "EUR", "USD", "JPY", "BHD", "GBP")
	stage, pipeline := hubspottest.OpenStage, hubspottest.DefaultPipeline
	if t.one(4) {
		stage, pipeline = hubspottest.SecondOpenStage, hubspottest.SecondPipeline
	}
	p := props{"dealname": fmt.Sprintf("D%03d first", t.numbered), "dealstage": stage, "pipeline": pipeline, "deal_currency_code": currency, "closedate": "2026-06-20T10:00:00Z"}
	if t.one(20) {
		p["closedate"] = "2025-11-20T10:00:00Z"
	}
	id := t.add("deals", p)
	if !t.one(25) {
		do(t.hs().Associate("deals", id, "companies", t.companies[t.dice.IntN(len(t.companies))]))
		if t.one(20) {
			do(t.hs().Associate("deals", id, "companies", t.companies[t.dice.IntN(len(t.companies))]))
			if t.one(2) {
				do(t.hs().WithoutPrimary("deals", id))
			}
		}
	}
	if t.one(5) {
		do(t.hs().Set("deals", id, props{"amount": major(int64(100+t.dice.IntN(1_000_000)), currency)}))
	} else {
		for range 1 + t.dice.IntN(4) {
			t.addLine(id, currency)
		}
		t.agree(id)
		if t.one(20) {
			do(t.hs().Set("deals", id, props{"amount": "77777"}))
		}
	}
	t.deals = append(t.deals, id)
	if t.one(3) {
		do(t.hs().Win(id))
	}
	return id
}

func (t *town) addLine(deal, currency string) string {
	p := props{"price": t.price(currency), "quantity": t.of("1", "2", "3", "10", "1.5", "0.25", "7"), "hs_line_item_currency_code": currency}
	if t.one(5) || len(t.products) == 0 {
		p["name"] = "Extra work"
	} else {
		p["hs_product_id"] = t.products[t.dice.IntN(len(t.products))]
	}
	if t.one(6) {
		p["hs_discount_percentage"] = t.of("10", "12.5", "33")
	} else if t.one(8) {
		p["discount"] = t.of("1", "0.5")
	}
	if t.one(6) {
		p["recurringbillingfrequency"], p["hs_recurring_billing_period"] = t.of("monthly", "annually"), "P12M"
	}
	id := t.add("line_items", p)
	do(t.hs().Associate("line_items", id, "deals", deal))
	return id
}

// lines are a deal's lines as they stand.
func (s *Sim) lines(deal hubspottest.Record) []hubspottest.Record {
	var out []hubspottest.Record
	for _, id := range deal.Associations["line_items"] {
		if r, ok := s.HubSpot.Record("line_items", id); ok && !r.Archived {
			out = append(out, r)
		}
	}
	return out
}

// total is what a deal's lines come to in minor units.
func (s *Sim) total(deal hubspottest.Record) int64 {
	currency := deal.Properties["deal_currency_code"]
	var sum int64
	for _, l := range s.lines(deal) {
		sum += lineNet(l.Properties, currency)
	}
	return sum
}

// agree sets a deal's amount to what its lines come to.
func (t *town) agree(deal string) {
	r, _ := t.s.HubSpot.Record("deals", deal)
	if len(r.Associations["line_items"]) > 0 {
		do(t.hs().Set("deals", deal, props{"amount": major(t.s.total(r), r.Properties["deal_currency_code"])}))
	}
}
