package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// org is Salesforce as the CRM of a run.
type org struct {
	*town
	roads   roads
	bin     []string          // opportunities that people deleted
	waiting []waitingEvent    // events that could not be queued, and come again
	bell    *doorbell         // who opens while something is delivered
	entries map[string]string // price book entries by product and currency
}

const (
	sessionToken  = "00D-session-of-a-simulation"
	orgBase       = "https://crosswalk.my.salesforce.com"
	documentField = "Light_Document__c" // of the opportunity: where the document is written back
	vatField      = "VAT_Number__c"
	emailField    = "Billing_Email__c"
	everyField    = "Billing_Frequency__c"
)

// row is a record's fields as people enter them.
type row = map[string]any

// newOrg makes an empty org: commits that readers see late, and copies that are read old where a fault says so.
func newOrg(seed uint64, l lags) *salesforcetest.Sim {
	return salesforcetest.New(salesforcetest.Config{Seed: seed, Currency: "EUR", MultiCurrency: true, Currencies: orgCurrencies, VisibleAfter: l.calculated, StaleRead: l.stale})
}

var orgCurrencies = []string{"EUR", "USD", "JPY", "GBP"}

func (o *org) connection() string { return "salesforce" }
func (o *org) vendor() string     { return "Salesforce" }

func (o *org) objects() (deals, firms, products string) { return "Opportunity", "Account", "Product2" }

func (o *org) connect(s *Sim, a *actor) (connector.Connector, error) {
	return salesforce.New(salesforce.Config{Connection: "salesforce", Client: a.client("salesforce", orgBase, sessionToken, nil, s.Salesforce.Transport()),
		Org: s.Salesforce.OrgID(), HookSecrets: []string{hookSecret}, Currency: map[bool]string{true: "USD"}[s.pair != nil]})
}

func (o *org) sf() salesforcetest.Person { return o.s.Salesforce.Person() }

func (o *org) settings() {
	sim := o.s.Salesforce
	sim.AddField("Account", salesforcetest.Text(vatField, 40))
	sim.AddField("Account", salesforcetest.Text(emailField, 80))
	sim.AddField("OpportunityLineItem", salesforcetest.Picklist(everyField, true, "One-time", "Monthly", "Annual"))
	sim.AddField("Opportunity", salesforcetest.Text(documentField, 80))
	sim.AddToken(sessionToken, "")
	o.entries = map[string]string{}
	o.open("Account", "Opportunity", "OpportunityLineItem", "Product2")
}

// found makes the town: catalogue with prices in every currency, accounts, customers that are at Light already, opportunities.
func (o *org) found(size func(low, high int) int) {
	for n := range size(4, 6) {
		o.addProduct(fmt.Sprintf("P%02d Product", n), !o.one(8))
	}
	for range size(6, 14) {
		o.addAccount()
	}
	for _, id := range o.companies {
		if o.one(4) {
			o.knownAtLight(id)
		}
	}
	for range size(10, 25) {
		o.addOpportunity()
	}
}

func (o *org) create(object string, values row) string { return must(o.sf().Create(object, values)) }

func (o *org) addProduct(name string, active bool) string {
	id := o.create("Product2", row{"Name": name, "IsActive": active})
	for _, currency := range orgCurrencies {
		o.entries[id+currency] = o.create("PricebookEntry", row{"Pricebook2Id": o.s.Salesforce.StandardPricebookID(), "Product2Id": id, "CurrencyIsoCode": currency,
			"UnitPrice": major(int64(1+o.dice.IntN(900_000)), currency), "IsActive": true})
	}
	o.products = append(o.products, id)
	return id
}

func (o *org) addAccount() string {
	o.numbered++
	w := fmt.Sprintf("C%03d", o.numbered)
	values := row{"Name": w + " Works", "BillingStreet": w + " Street", "BillingCity": "Berlin", "BillingCountry": "Germany"}
	if !o.one(5) {
		values["Website"] = "https://firm-" + w + ".example"
	}
	if o.one(2) {
		values[vatField] = fmt.Sprintf("DE%09d", 100_000_000+o.numbered*7)
	}
	if o.one(2) {
		values[emailField] = "billing@firm-" + w + ".example"
	}
	if len(o.companies) > 0 && o.one(4) {
		other := o.account(o.companies[o.dice.IntN(len(o.companies))])
		shared := o.of("Website", vatField, emailField, "Name", "Website", vatField)
		if v := other.Text(shared); v != "" {
			values[shared] = v
		}
	}
	if o.one(12) {
		values["Website"] = "gmail.com"
	}
	id := o.create("Account", values)
	o.companies = append(o.companies, id)
	return id
}

func (o *org) account(id string) salesforcetest.Record {
	r, _ := o.s.Salesforce.Get("Account", id)
	return r
}

func firmOf(r salesforcetest.Record) firm {
	return firm{id: r.ID, name: r.Text("Name"), street: r.Text("BillingStreet"), vat: r.Text(vatField), domain: strings.TrimPrefix(r.Text("Website"), "https://"),
		email: r.Text(emailField), gone: r.Deleted, mergedInto: r.MasterRecordID}
}

// knownAtLight enters a customer by hand that an account may be found by.
func (o *org) knownAtLight(account string) {
	f := firmOf(o.account(account))
	c := lighttest.Customer{Name: "H" + f.name}
	switch o.dice.IntN(6) {
	case 0:
		c.VATNumber = lighttest.Text(f.vat)
	case 1:
		c.Domain = lighttest.Text(f.domain)
	case 2:
		c.Email = lighttest.Text(f.email)
	case 3:
		c.Name = f.name
	case 4:
		c.VATNumber, c.Status = lighttest.Text(f.vat), "ARCHIVED"
	default:
		c.VATNumber, c.Domain = lighttest.Text(f.vat), lighttest.Text(f.domain)
	}
	o.enterCustomer(c)
}

// addOpportunity makes an opportunity as people do: open, with account and products; some are won at once.
func (o *org) addOpportunity() string {
	o.numbered++
	currency := o.of("EUR", "EUR", "EUR", "USD", "JPY", "GBP")
	values := row{"Name": fmt.Sprintf("D%03d first", o.numbered), "StageName": o.of("Prospecting", "Proposal/Price Quote"), "CurrencyIsoCode": currency, "CloseDate": "2026-06-20"}
	if o.one(20) {
		values["CloseDate"] = "2025-11-20"
	}
	if !o.one(25) {
		values["AccountId"] = o.companies[o.dice.IntN(len(o.companies))]
	}
	lines := 1 + o.dice.IntN(4)
	if o.one(5) {
		lines = 0
		values["Amount"] = major(int64(100+o.dice.IntN(1_000_000)), currency)
	}
	id := o.create("Opportunity", values)
	for range lines {
		o.addLine(id, currency)
	}
	o.town.deals = append(o.town.deals, id)
	if o.one(3) {
		do(o.sf().Win(id))
	}
	return id
}

// quantities are what people order; yen are not halved, for their cents would be lost.
func (o *org) quantity(currency string) string {
	if currency == "JPY" {
		return o.of("1", "2", "10")
	}
	return o.of("1", "2", "3", "10", "1.5", "0.25", "7")
}

func (o *org) addLine(opportunity, currency string) string {
	values := row{"OpportunityId": opportunity, "PricebookEntryId": o.entries[o.products[o.dice.IntN(len(o.products))]+currency], "Quantity": o.quantity(currency),
		"UnitPrice": major(int64(1+o.dice.IntN(900_000)), currency)}
	switch o.dice.IntN(8) {
	case 0:
		values[everyField] = o.of("Monthly", "Annual")
	case 1:
		values[everyField] = "One-time"
	case 2:
		values["Description"] = "Extra work"
	}
	id, err := o.sf().Create("OpportunityLineItem", values)
	if err != nil {
		return "" // the opportunity was deleted meanwhile
	}
	return id
}

// errNothing is what a person finds who has nothing to do it to.
var errNothing = errors.New("simulation: nothing to do it to")

// items gives an opportunity's lines as they stand.
func (o *org) items(opportunity string) []salesforcetest.Record {
	return o.s.Salesforce.Find("OpportunityLineItem", "OpportunityId", opportunity)
}

func (o *org) deals() []deal {
	lines := map[string][]dealLine{}
	for _, r := range o.s.Salesforce.All("OpportunityLineItem") {
		currency, every := r.Text("CurrencyIsoCode"), r.Text(everyField)
		p := props{"price": r.Text("UnitPrice"), "quantity": r.Text("Quantity")}
		lines[r.Text("OpportunityId")] = append(lines[r.Text("OpportunityId")], dealLine{net: lineNet(p, currency), currency: currency, product: r.Text("Product2Id"), recurs: every != "" && every != "One-time"})
	}
	var out []deal
	for _, r := range o.s.Salesforce.Everything("Opportunity") {
		d := deal{id: r.ID, name: r.Text("Name"), won: r.Text("IsWon") == "true" && !r.Deleted, primary: r.Text("AccountId"), closed: r.Text("CloseDate"),
			currency: r.Text("CurrencyIsoCode"), amount: r.Text("Amount"), lines: lines[r.ID]}
		if d.primary != "" {
			d.firms = []string{d.primary}
		}
		out = append(out, d)
	}
	return out
}

func (o *org) firms() []firm {
	var out []firm
	winners := map[string]bool{}
	for _, r := range o.s.Salesforce.Everything("Account") {
		out = append(out, firmOf(r))
		winners[r.MasterRecordID] = true
	}
	for n := range out {
		out[n].cameOfMerge = winners[out[n].id]
	}
	return out
}

func (o *org) catalogue() []product {
	var out []product
	for _, r := range o.s.Salesforce.Everything("Product2") {
		out = append(out, product{r.ID, r.Text("IsActive") == "true" && !r.Deleted})
	}
	return out
}

// ours lists what our own user changed.
func (o *org) ours() []salesforcetest.Effect {
	return slices.DeleteFunc(o.s.Salesforce.Log(), func(e salesforcetest.Effect) bool { return e.User != o.s.Salesforce.IntegrationUserID() })
}

// written: nothing is written but the document into its field.
func (o *org) written() string {
	for _, e := range o.ours() {
		if e.Object != "Opportunity" || e.Kind != salesforcetest.Update || slices.ContainsFunc(e.Fields, func(f string) bool {
			return !slices.Contains([]string{documentField, "LastModifiedById", "LastModifiedDate", "SystemModstamp"}, f)
		}) {
			return fmt.Sprintf("was written to: %v of %s %s: %v", e.Kind, e.Object, e.ID, e.Fields)
		}
	}
	return ""
}

func (o *org) writes() int { return len(o.ours()) }

func (o *org) deliver(ctx context.Context, bell *doorbell) {
	o.bell = bell
	waiting := o.waiting
	o.waiting = nil
	for _, e := range waiting {
		o.hand(e)
	}
	o.s.Salesforce.DeliverDue(ctx, bell)
}

// single makes an account, two products and a won opportunity with two lines.
func (o *org) single(every string) string {
	o.numbered = 1
	account := o.create("Account", row{"Name": "C001 Works", "BillingStreet": "C001 Street", "BillingCity": "Berlin", "BillingCountry": "Germany", "Website": "https://firm-C001.example", vatField: "DE100000007"})
	o.companies = []string{account}
	for n := range 2 {
		o.addProduct(fmt.Sprintf("P%02d Product", n), true)
	}
	id := o.create("Opportunity", row{"Name": "D001 first", "StageName": "Prospecting", "CurrencyIsoCode": "EUR", "CloseDate": "2026-06-20", "AccountId": account})
	o.town.deals = []string{id}
	first := row{"OpportunityId": id, "PricebookEntryId": o.entries[o.products[0]+"EUR"], "Quantity": "3", "UnitPrice": "20.25"}
	if every != "" {
		first[everyField] = every
	}
	o.create("OpportunityLineItem", first)
	o.create("OpportunityLineItem", row{"OpportunityId": id, "PricebookEntryId": o.entries[o.products[1]+"EUR"], "Quantity": "0.25", "UnitPrice": "99.99"})
	do(o.sf().Win(id))
	return id
}

// waitingEvent is an event whose function failed.
type waitingEvent struct {
	body  []byte
	tries int
	due   time.Time
}
