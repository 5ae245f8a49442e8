package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/web"
)

// The outsider knows nothing of Crosswalk's store or code: it compares what the two systems hold, by rules written down once
// more here and computed with math/big, and asks Crosswalk only for the reason of what is not there.

// sampleSince is the presets' first day.
const sampleSince = "2026-01-01"

// decimals of the currencies that are not counted in hundredths (ISO 4217), of those in our data sets.
var decimals = map[string]int{"JPY": 0, "BHD": 3}

// billedDeal is a won deal as the outsider sees it.
type billedDeal struct {
	id, name, currency string
	expected           *big.Int // net minor units; nil when it cannot be told
	amount             *big.Rat // as the deal says it
	documents          []document
	skipped, reason    string
}

// document is one of Light's.
type document struct {
	id, kind, customer, currency string
	net                          *big.Int
}

// outsider is all it found.
type outsider struct {
	deals       []billedDeal // won, since the first day
	before      []billedDeal // won earlier
	strays      []string     // new documents of no won deal
	split       []string     // companies with several customers
	unexplained []string
	mismatches  int
	customers   int
}

// documentIDs lists what is at Light now.
func documentIDs(v *vendors) map[string]bool {
	out := map[string]bool{}
	for _, i := range v.light.Invoices() {
		out[i.ID] = true
	}
	for _, c := range v.light.Contracts() {
		out[c.ID] = true
	}
	return out
}

// outside compares both systems.
func (d *demoRun) outside(ctx context.Context) (outsider, error) {
	var o outsider
	byName, err := d.newDocuments()
	if err != nil {
		return o, err
	}
	customers, companies := map[string]bool{}, map[string]map[string]bool{}
	sales, err := d.from().won()
	if err != nil {
		return o, err
	}
	for _, deal := range sales {
		one := look(deal)
		if deal.closed != "" && deal.closed < d.since {
			one.skipped = "won on " + deal.closed + ", before " + d.since
			o.before = append(o.before, one)
			continue
		}
		one.documents = byName[one.name]
		delete(byName, one.name)
		company := deal.customer
		for _, doc := range one.documents {
			customers[doc.customer] = true
			if companies[company] == nil {
				companies[company] = map[string]bool{}
			}
			companies[company][doc.customer] = true
			if one.expected == nil || doc.net.Cmp(one.expected) != 0 || doc.currency != one.currency {
				o.mismatches++
			}
		}
		if len(one.documents) == 0 {
			if one.reason, err = d.reason(ctx, deal.ref); err != nil {
				return o, err
			}
			if one.reason == "" {
				o.unexplained = append(o.unexplained, deal.id)
			}
		}
		o.deals = append(o.deals, one)
	}
	for name, documents := range byName {
		for _, doc := range documents {
			o.strays = append(o.strays, doc.kind+" "+doc.id+" "+name)
		}
	}
	for company, of := range companies {
		if len(of) > 1 {
			o.split = append(o.split, company)
		}
	}
	o.customers = len(customers)
	return o, nil
}

// newDocuments gives the documents that were not there before, by description: the name of their deal.
func (d *demoRun) newDocuments() (map[string][]document, error) {
	out := map[string][]document{}
	for _, i := range d.vendors.light.Invoices() {
		if d.before[i.ID] || i.State == lighttest.Archived {
			continue
		}
		out[string(i.Description)] = append(out[string(i.Description)], document{i.ID, "invoice", string(i.CustomerID), i.Currency, big.NewInt(i.Net())})
	}
	for _, c := range d.vendors.light.Contracts() {
		if d.before[c.ID] {
			continue
		}
		net, err := contractNet(c)
		if err != nil {
			return nil, err
		}
		out[string(c.Description)] = append(out[string(c.Description)], document{c.ID, "contract", string(c.CustomerID), c.Currency, net})
	}
	return out, nil
}

// contractNet is one period's price of all lines: contracts carry no totals.
func contractNet(c lighttest.Contract) (*big.Int, error) {
	total := new(big.Int)
	for _, l := range c.Lines {
		quantity, ok := rat(string(l.Quantity))
		if !ok || l.PriceOverwrite == nil || l.Discount != nil {
			return nil, fmt.Errorf("contract %s, line %s: no own price, no quantity, or a discount", c.ID, l.ID)
		}
		total.Add(total, nearest(quantity.Mul(quantity, new(big.Rat).SetInt64(*l.PriceOverwrite))))
	}
	return total, nil
}

// look works out what a deal must be billed: its lines, or without any its own amount.
func look(deal sale) billedDeal {
	one := billedDeal{id: deal.id, name: deal.name, currency: deal.currency}
	if one.currency == "" {
		one.currency = "USD"
	}
	one.amount, _ = rat(deal.amount)
	if len(deal.lines) == 0 {
		if one.amount != nil {
			one.expected = minor(one.amount, one.currency)
		}
		return one
	}
	total := new(big.Int)
	for _, line := range deal.lines {
		net, ok := lineNet(line, one.currency)
		if !ok {
			return one
		}
		total.Add(total, net)
	}
	one.expected = total
	return one
}

// lineNet is quantity times price less its discount, rounded once; a discount as an amount is of each unit.
func lineNet(p map[string]string, currency string) (*big.Int, bool) {
	price, ok := rat(p["price"])
	if !ok {
		return nil, false
	}
	quantity, ok := rat(p["quantity"])
	if !ok {
		quantity = big.NewRat(1, 1)
	}
	if off, ok := rat(p["discount"]); ok {
		price.Sub(price, off)
	}
	if percent, ok := rat(p["hs_discount_percentage"]); ok {
		price.Mul(price, new(big.Rat).Sub(big.NewRat(1, 1), percent.Quo(percent, big.NewRat(100, 1))))
	}
	return minor(price.Mul(price, quantity), currency), true
}

func rat(text string) (*big.Rat, bool) {
	if text == "" {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func digits(currency string) int {
	if n, ok := decimals[currency]; ok {
		return n
	}
	return 2
}

// minor is an amount in minor units, halves away from zero.
func minor(major *big.Rat, currency string) *big.Int {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits(currency))), nil)
	return nearest(new(big.Rat).Mul(major, new(big.Rat).SetInt(scale)))
}

func nearest(r *big.Rat) *big.Int {
	half := big.NewRat(int64(r.Sign()), 2)
	sum := new(big.Rat).Add(r, half)
	return new(big.Int).Quo(sum.Num(), sum.Denom()) // Quo cuts towards zero
}

// reason asks Crosswalk why a deal has no document.
func (d *demoRun) reason(ctx context.Context, deal string) (string, error) {
	answer, err := get[whyAnswer](ctx, d.client, "/why", "ref", deal)
	var missing *web.Problem
	if errors.As(err, &missing) && missing.Status == http.StatusNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, w := range answer.Why {
		if w.Category != "" {
			return w.Category + ": " + w.Reason, nil
		}
	}
	return "", nil
}

// result counts what was found.
func (o *outsider) result(dataset bool) result {
	r := result{DealsWon: len(o.deals), Customers: o.customers, AmountMismatches: o.mismatches}
	documents, held := map[string]*big.Rat{}, map[string]*big.Rat{}
	add := func(to map[string]*big.Rat, currency string, n *big.Rat) {
		if to[currency] == nil {
			to[currency] = new(big.Rat)
		}
		if n != nil {
			to[currency].Add(to[currency], n)
		}
	}
	for _, d := range o.deals {
		if len(d.documents) == 0 {
			r.Held++
			add(held, d.currency, d.amount)
			continue
		}
		r.DuplicateDocuments += len(d.documents) - 1
		if d.documents[0].kind == "invoice" {
			r.Invoices++
		} else {
			r.Contracts++
		}
		for _, doc := range d.documents {
			scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits(doc.currency))), nil)
			add(documents, doc.currency, new(big.Rat).SetFrac(doc.net, scale))
		}
	}
	if !dataset {
		return r
	}
	r.Amounts = map[string]sum{}
	for _, currency := range slices.Sorted(maps.Keys(mergedKeys(documents, held))) {
		add(documents, currency, nil)
		add(held, currency, nil)
		r.Amounts[currency] = sum{json.Number(documents[currency].FloatString(digits(currency))), json.Number(held[currency].FloatString(digits(currency)))}
	}
	return r
}

func mergedKeys(a, b map[string]*big.Rat) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// shownDeals is how many deals of each outcome the table lists one by one; of a data set the rest is counted.
const shownDeals = 20

// print writes the table: documents, held deals with their reasons, deals before the first day.
func (o *outsider) print(w io.Writer) error {
	rows := [][]string{{"DEAL", "NAME", "NET", "OUTCOME", "REASON"}}
	shown := map[string]int{}
	more := map[string]int{}
	row := func(d billedDeal, outcome, group, reason string) {
		if shown[group]++; shown[group] > shownDeals {
			more[outcome+" "+group]++
			return
		}
		net := ""
		if d.expected != nil {
			net = amount(d.expected.String(), d.currency)
		}
		rows = append(rows, []string{d.id, d.name, net, outcome, reason})
	}
	for _, d := range o.deals {
		if len(d.documents) > 0 {
			row(d, d.documents[0].kind, "", "")
		}
	}
	for _, d := range o.deals {
		if len(d.documents) == 0 {
			category, _, _ := strings.Cut(d.reason, ":")
			row(d, "held", category, d.reason)
		}
	}
	for _, d := range o.before {
		row(d, "skipped", "before_since", d.skipped)
	}
	if err := columns(w, rows); err != nil {
		return err
	}
	for _, group := range slices.Sorted(maps.Keys(more)) {
		fmt.Fprintf(w, "... and %d more: %s\n", more[group], strings.TrimSpace(group))
	}
	return nil
}

// writes counts the calls that changed something at either system.
func writes(v *vendors) int {
	n := 0
	for call, times := range v.light.Calls() {
		if method, path, ok := strings.Cut(call, " "); ok && method != "GET" && !strings.Contains(path, "oauth") {
			n += times
		}
	}
	if v.salesforce != nil {
		n += salesforceSource{v}.writes()
	}
	if v.hubspot == nil {
		return n
	}
	for call, times := range v.hubspot.Calls() {
		method, path, ok := strings.Cut(call, " ")
		reads := method == "GET" || strings.HasSuffix(path, "/search") || strings.HasSuffix(path, "/read") || strings.HasPrefix(path, "/oauth")
		if ok && !reads {
			n += times
		}
	}
	return n
}
