package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/web"
)

// The demonstration with both CRMs (make demo SOURCE=both): companies and deals that stand in both, in one of them, or in the
// other; documents are made from HubSpot first, then the source moves to Salesforce. It must end with one customer for each
// company and one document for each deal. What stands where is written down here once more as people would say it, and judged
// at Light by it: Crosswalk is asked only for the reason of what is not there.

// both is the word for this demonstration at --source.
const both = "both"

// firm is a company and where it stands.
type firm struct {
	name, vat, domain, email string
	hubspot, salesforce      bool
}

// twoFirms match by VAT number, by web domain, and by the address that invoices go to.
var twoFirms = []firm{
	{name: "Nordlys Energi A/S", vat: "DK10150817", domain: "nordlys-energi.example", hubspot: true, salesforce: true},
	{name: "Fjord Logistics AS", domain: "fjord-logistics.example", hubspot: true, salesforce: true},
	{name: "Harbor Supplies Ltd", email: "billing@harbor-supplies.example", hubspot: true, salesforce: true},
	{name: "Alder Instruments Ltd", domain: "alder-instruments.example", hubspot: true},
	{name: "Birch Freight Ltd", domain: "birch-freight.example", salesforce: true},
}

// ware is what is sold; it stands in both CRMs.
type ware struct{ name, price, often string }

var twoWares = []ware{{"Sensor unit", "200", ""}, {"Consulting hour", "150", ""}, {"Monitoring", "49", "monthly"}}

// bargain is a deal: one line, and when it is won where.
type bargain struct {
	name, firm, ware, quantity, price string
	hubspot, salesforce               bool // where it stands
	short                             bool // the deal names the opportunity by 15 characters
	wonFirst                          bool // won before the move, wherever it stands
	wonLate                           bool // the opportunity is won after the move
	changed                           string
}

var twoDeals = []bargain{
	{name: "Sensors for Nordlys", firm: "Nordlys Energi A/S", ware: "Sensor unit", quantity: "10", price: "180", hubspot: true, salesforce: true, wonFirst: true, changed: "12"},
	{name: "Commissioning for Nordlys", firm: "Nordlys Energi A/S", ware: "Consulting hour", quantity: "6", price: "150", hubspot: true, salesforce: true, short: true, wonFirst: true},
	{name: "Monitoring for Fjord", firm: "Fjord Logistics AS", ware: "Monitoring", quantity: "12", price: "49", hubspot: true, salesforce: true, wonFirst: true},
	{name: "Spare parts for Alder", firm: "Alder Instruments Ltd", ware: "Sensor unit", quantity: "2", price: "200", hubspot: true, wonFirst: true},
	{name: "Consulting for Harbor", firm: "Harbor Supplies Ltd", ware: "Consulting hour", quantity: "20", price: "140", hubspot: true, salesforce: true, wonLate: true},
	{name: "Sensors for Birch", firm: "Birch Freight Ltd", ware: "Sensor unit", quantity: "5", price: "195", salesforce: true, wonLate: true},
	{name: "Open at Harbor", firm: "Harbor Supplies Ltd", ware: "Sensor unit", quantity: "1", price: "200", hubspot: true, salesforce: true},
}

// net is what a deal comes to now, in minor units.
func (b bargain) net(moved bool) *big.Int {
	quantity := b.quantity
	if moved && b.changed != "" {
		quantity = b.changed
	}
	n, _ := rat(quantity)
	price, _ := rat(b.price)
	return minor(price.Mul(price, n), "USD")
}

// bothWorld is what was made where, by the names above.
type bothWorld struct {
	*vendors
	deals, opportunities, lines map[string]string
}

const mirrorProperty = "hs_salesforceopportunityid"

// fill puts everything into both CRMs, as people and HubSpot's own Salesforce integration would.
func (w *bothWorld) fill() error {
	w.deals, w.opportunities, w.lines = map[string]string{}, map[string]string{}, map[string]string{}
	var errs []error
	try := func(id string, err error) string {
		errs = append(errs, err)
		return id
	}
	hub, org := w.hubspot.User(), w.salesforce.Person()
	errs = append(errs, hub.Define("companies", hubspottest.SampleVATProperty, "string", "text"), hub.Define("companies", hubspottest.SampleEmailProperty, "string", "text"),
		hub.Define("products", hubspottest.SampleActive, "bool", "booleancheckbox", "true", "false"), hub.Define("deals", mirrorProperty, "string", "text"))
	w.salesforce.AddField("Account", salesforcetest.Text(salesforcetest.SampleVATField, 40))
	w.salesforce.AddField("Account", salesforcetest.Text(salesforcetest.SampleEmailField, 80))
	for _, object := range []string{"Product2", "OpportunityLineItem"} {
		w.salesforce.AddField(object, salesforcetest.Picklist(salesforcetest.SampleFrequencyField, true, "One-time", "Monthly", "Annual"))
	}
	companies, accounts, products, entries := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for _, f := range twoFirms {
		if f.hubspot {
			companies[f.name] = try(hub.Create("companies", withoutBlanks("name", f.name, "vat_number", f.vat, "domain", f.domain, "billing_email", f.email, "city", "Aarhus", "country", "Denmark")))
		}
		if f.salesforce {
			accounts[f.name] = try(org.Create("Account", anyOf(withoutBlanks("Name", f.name, "VAT_Number__c", f.vat, "Website", f.domain, "Billing_Email__c", f.email, "BillingCity", "Aarhus", "BillingCountry", "Denmark"))))
		}
	}
	for _, p := range twoWares {
		products[p.name] = try(hub.Create("products", withoutBlanks("name", p.name, "price", p.price, "active", "true", "recurringbillingfrequency", p.often)))
		id := try(org.Create("Product2", map[string]any{"Name": p.name, "IsActive": true, salesforcetest.SampleFrequencyField: orgFrequency(p.often)}))
		entries[p.name] = try(org.Create("PricebookEntry", map[string]any{"Pricebook2Id": w.salesforce.StandardPricebookID(), "Product2Id": id, "UnitPrice": p.price, "IsActive": true}))
	}
	today := time.Now().UTC()
	for _, b := range twoDeals {
		often := twoWares[slices.IndexFunc(twoWares, func(p ware) bool { return p.name == b.ware })].often
		if b.salesforce {
			id := try(org.Create("Opportunity", map[string]any{"Name": b.name, "StageName": "Prospecting", "CloseDate": today.Format(time.DateOnly), "AccountId": accounts[b.firm]}))
			w.opportunities[b.name] = id
			w.lines[b.name] = try(org.Create("OpportunityLineItem", map[string]any{"OpportunityId": id, "PricebookEntryId": entries[b.ware], "Quantity": b.quantity, "UnitPrice": b.price,
				salesforcetest.SampleFrequencyField: orgFrequency(often)}))
		}
		if b.hubspot {
			named := w.opportunities[b.name]
			if b.short {
				named = named[:min(15, len(named))]
			}
			id := try(hub.Create("deals", withoutBlanks("dealname", b.name, "dealstage", hubspottest.OpenStage, "pipeline", hubspottest.DefaultPipeline, "deal_currency_code", "USD",
				"closedate", today.Format(time.RFC3339), mirrorProperty, named)))
			w.deals[b.name] = id
			line := try(hub.Create("line_items", withoutBlanks("name", b.ware, "quantity", b.quantity, "price", b.price, "hs_product_id", products[b.ware], "recurringbillingfrequency", often)))
			errs = append(errs, hub.Associate("deals", id, "companies", companies[b.firm]), hub.Associate("line_items", line, "deals", id))
		}
		if b.wonFirst {
			errs = append(errs, w.win(b))
		}
	}
	return errors.Join(errs...)
}

// win wins a deal wherever it stands.
func (w *bothWorld) win(b bargain) error {
	var errs []error
	if id := w.deals[b.name]; id != "" {
		errs = append(errs, w.hubspot.User().Win(id))
	}
	if id := w.opportunities[b.name]; id != "" {
		errs = append(errs, w.salesforce.Person().Win(id))
	}
	return errors.Join(errs...)
}

func orgFrequency(often string) string {
	return map[string]string{"": "One-time", "monthly": "Monthly"}[often]
}

// withoutBlanks makes fields of pairs, without those that are empty.
func withoutBlanks(pairs ...string) map[string]string {
	out := map[string]string{}
	for n := 0; n+1 < len(pairs); n += 2 {
		if pairs[n+1] != "" {
			out[pairs[n]] = pairs[n+1]
		}
	}
	return out
}

func anyOf(fields map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range fields {
		out[name] = value
	}
	return out
}

// bothDocuments are the presets of both as an editor changes them for two CRMs: mirrors are named, what HubSpot writes at Light
// stays HubSpot's, and a product of the same name is the same product.
func bothDocuments() (first, opportunities []string, err error) {
	const sameName = "compare: name, on_hit: hold }"
	for _, text := range presetTexts() {
		var pairs []string
		switch {
		case strings.Contains(text, "\ndocument:"):
			pairs = []string{"# mirror: ", "mirror: "}
		case strings.Contains(text, "\nmapping: products-to-products"):
			pairs = []string{sameName, "compare: name }"}
		}
		if text, err = edited(text, pairs...); err != nil {
			return nil, nil, err
		}
		first = append(first, text)
	}
	texts, err := salesforceTexts(salesforceEdits)
	for _, text := range texts {
		pairs := []string{"# yields_to: ", "yields_to: "}
		switch {
		case strings.Contains(text, "\ndocument:"):
			pairs = []string{"# mirror: ", "mirror: "}
		case strings.Contains(text, "\nmapping: product2-to-products"):
			pairs = append(pairs, sameName, "compare: name }")
		}
		text, changeErr := edited(text, pairs...)
		err = errors.Join(err, changeErr)
		if strings.Contains(text, "\ndocument:") {
			opportunities = append(opportunities, text)
		} else {
			first = append(first, text)
		}
	}
	return first, opportunities, err
}

// halfOf is one half of the demonstration as the steps of any demonstration see it: the mappings that it takes live.
type halfOf struct {
	source
	parts, makers []string
}

func (h halfOf) mappings() (parts, makers []string) { return h.parts, h.makers }

// bothResult is the last line.
type bothResult struct {
	result
	Mirrored  int `json:"mirrored"`   // won deals that stand in both CRMs
	TakenOver int `json:"taken_over"` // documents of theirs that were there before the move and are the same after it
}

func (c *cli) playBoth(ctx context.Context, o demoOptions) (err error) {
	if o.folder != "" || o.aws != "" {
		return wrongUse("--source both has deals of its own, on the laptop's store and queue: leave --data and --aws out")
	}
	began := time.Now()
	data, err := os.MkdirTemp("", "crosswalk-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", salesforce: "127.0.0.1:0", light: "127.0.0.1:0", zone: "Europe/Berlin", currency: "USD", seed: 1, limits: true})
	if err != nil {
		return err
	}
	defer v.close()
	w := &bothWorld{vendors: v}
	if err := w.fill(); err != nil {
		return err
	}
	v.hubspot.ResetCalls()
	v.salesforce.ResetCalls()
	v.light.ResetCalls()
	d, err := c.stage(ctx, v, data, o)
	if err != nil {
		return err
	}
	v.subscribe(d.url + "/webhooks/hubspot")
	delivering, stop := context.WithCancel(ctx)
	delivered := make(chan struct{})
	go func() { v.run(delivering); close(delivered) }()
	defer func() {
		stop()
		<-delivered
		err = errors.Join(err, d.close())
	}()
	run := &demoRun{cli: c, client: d.client, vendors: v, before: map[string]bool{}, since: sampleSince}
	return run.playHalves(ctx, w, began)
}

// playHalves goes through both halves and the move between them.
func (d *demoRun) playHalves(ctx context.Context, w *bothWorld, began time.Time) error {
	first, opportunities, err := bothDocuments()
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "documents are made from HubSpot")
	ref := func(of map[string]string, kind, name string) []string { return []string{kind + "/" + of[name]} }
	d.source = halfOf{hubspotSource{w.vendors}, append(slices.Clone(partMappings), salesforceParts...), documentMappings}
	d.pilots = map[string][]string{"deals-to-invoices": ref(w.deals, "hubspot:deals", "Sensors for Nordlys"), "deals-to-contracts": ref(w.deals, "hubspot:deals", "Monitoring for Fjord")}
	if err := d.bill(ctx, first); err != nil {
		return err
	}
	before, err := d.newDocuments()
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "%d documents are there; finance opens one of them\n", len(before))
	if list := before["Commissioning for Nordlys"]; len(list) == 1 {
		if err := w.light.OpenInvoice(list[0].id); err != nil {
			return err
		}
	}
	fmt.Fprintln(d.out, "documents move to Salesforce")
	for _, name := range documentMappings {
		if _, err := post[web.Moved](ctx, d.client, "/mappings/"+name+"/pause", nil); err != nil {
			return fmt.Errorf("pause %s: %w", name, err)
		}
		fmt.Fprintf(d.out, "%s is paused\n", name)
	}
	d.source = halfOf{salesforceSource{w.vendors}, nil, salesforceDocuments}
	d.pilots = map[string][]string{"opportunities-to-invoices": ref(w.opportunities, "salesforce:Opportunity", "Sensors for Nordlys"),
		"opportunities-to-contracts": ref(w.opportunities, "salesforce:Opportunity", "Monitoring for Fjord")}
	if err := d.bill(ctx, opportunities); err != nil {
		return err
	}
	if err := w.goOn(); err != nil {
		return err
	}
	if err := d.until(ctx, w); err != nil {
		return err
	}
	return d.judge(ctx, w, before, began)
}

// goOn is what people do after the move: they win deals in the CRM that they work in, and change one.
func (w *bothWorld) goOn() error {
	var errs []error
	for _, b := range twoDeals {
		if b.wonLate {
			errs = append(errs, w.win(b))
		}
		if b.changed != "" {
			errs = append(errs, w.salesforce.Person().Update("OpportunityLineItem", w.lines[b.name], map[string]any{"Quantity": b.changed}))
		}
	}
	return errors.Join(errs...)
}

// followsWithin bounds the wait for what was won and changed after the move: a feed is read every few seconds.
const followsWithin = 5 * time.Minute

// until waits until everything that was won is billed as it stands now and nothing is left to do, or for too long: the judge
// says then what is missing.
func (d *demoRun) until(ctx context.Context, w *bothWorld) error {
	for end := time.Now().Add(followsWithin); time.Now().Before(end); {
		documents, err := d.newDocuments()
		if err != nil {
			return err
		}
		right := 0
		for _, b := range won() {
			if list := documents[b.name]; len(list) == 1 && list[0].net.Cmp(b.net(true)) == 0 {
				right++
			}
		}
		if right == len(won()) {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
	return d.settle(ctx)
}

// won are the deals that are won by now, somewhere.
func won() []bargain {
	return slices.DeleteFunc(slices.Clone(twoDeals), func(b bargain) bool { return !b.wonFirst && !b.wonLate })
}

// judge looks at Light alone, prints the table and the line, and fails where something is not as it must be.
func (d *demoRun) judge(ctx context.Context, w *bothWorld, before map[string][]document, began time.Time) error {
	documents, err := d.newDocuments()
	if err != nil {
		return err
	}
	res := bothResult{result: result{DealsWon: len(won())}}
	var errs []error
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("demo: "+format, args...))
		}
	}
	rows := [][]string{{"DEAL", "STANDS IN", "NET", "OUTCOME", "BEFORE THE MOVE"}}
	customers := map[string]map[string]bool{}
	for _, b := range won() {
		list := documents[b.name]
		delete(documents, b.name)
		row := []string{b.name, b.stands(), amount(b.net(true).String(), "USD"), "held", ""}
		if b.hubspot && b.salesforce {
			res.Mirrored++
		}
		if len(list) == 0 {
			res.Held++
			reason, err := d.reason(ctx, "salesforce:Opportunity/"+w.opportunities[b.name])
			say(true, "%s has no document: %v %v", b.name, reason, err)
			rows = append(rows, row)
			continue
		}
		doc := list[0]
		res.DuplicateDocuments += len(list) - 1
		if row[3] = doc.kind; doc.kind == "invoice" {
			res.Invoices++
		} else {
			res.Contracts++
		}
		if doc.net.Cmp(b.net(true)) != 0 || doc.currency != "USD" {
			res.AmountMismatches++
		}
		if customers[b.firm] == nil {
			customers[b.firm] = map[string]bool{}
		}
		customers[b.firm][doc.customer] = true
		if was := before[b.name]; len(was) == 1 && was[0].id == doc.id {
			row[4] = "the same document"
			if b.salesforce {
				res.TakenOver++
			}
		}
		say(b.wonFirst && row[4] == "", "%s has another document than before the move", b.name)
		rows = append(rows, row)
	}
	for firm, of := range customers {
		res.Customers += len(of)
		say(len(of) != 1, "%s is billed as %d customers", firm, len(of))
	}
	for _, f := range twoFirms {
		there := slices.DeleteFunc(w.light.Customers(), func(c lighttest.Customer) bool { return c.Name != f.name })
		say(len(there) != 1, "%s is %d customers at Light", f.name, len(there))
	}
	for name, list := range documents {
		say(true, "%d documents belong to no won deal: %s", len(list), name)
	}
	say(res.DuplicateDocuments != 0, "%d documents are there twice", res.DuplicateDocuments)
	say(res.AmountMismatches != 0, "%d documents have another amount than their deal", res.AmountMismatches)
	res.Calls = map[string]int{"hubspot": w.hubspot.Calls()["total"], "salesforce": w.salesforce.Calls()["total"], "light": w.light.Calls()["total"]}
	if err := columns(d.out, rows); err != nil {
		return err
	}
	if err := res.print(d.out, began); err != nil {
		return err
	}
	return errors.Join(errs...)
}

func (r bothResult) print(w io.Writer, began time.Time) error {
	r.Seconds = json.Number(fmt.Sprintf("%.1f", time.Since(began).Seconds()))
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(line))
	return err
}

func (b bargain) stands() string {
	switch {
	case b.hubspot && b.salesforce:
		return "both"
	case b.hubspot:
		return "HubSpot"
	}
	return "Salesforce"
}
