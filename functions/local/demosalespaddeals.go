package main

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
)

// Deal Export in make demo PAIR=hubspot-salespad: documents of the export queues become deals with line items, are noted where HubSpot lacks an item, and go to
// the next queue, each once.

// padQueues are the workflow queues that documents are exported from.
const padQueues = "EXPORT, EXPORT QUOTE"

// padDocument is a sales document and what must become of it.
type padDocument struct {
	kind, number, company, amount, next string
	lines                               []string // name, quantity, price and product's number, of each line item
	missing                             string   // the item that HubSpot lacks
}

// padKinds are the kinds of documents: their GP ids, the queue they wait in, the one after it, and the stage their deals begin in.
var padKinds = []struct{ kind, id, queue, next, stage string }{
	{"QUOTE", "STANDARDQUOTE", "EXPORT QUOTE", "SENT QUOTE", "presentationscheduled"}, {"ORDER", "STDORD", "EXPORT", "READY TO SHIP", "closedwon"}, {"INVOICE", "STDINV", "EXPORT", "READY TO POST", "closedwon"},
}

// document enters the n-th document with one to five lines.
func (w *padWorld) document(n int) padDocument {
	kind, customer := padKinds[n%len(padKinds)], w.customers[n%len(w.customers)]
	d := padDocument{kind: kind.kind, number: fmt.Sprintf("DOC%05d", n), company: customer.hubspot, next: kind.next}
	w.pad("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": d.kind, "Sales_Doc_ID": kind.id, "Sales_Doc_Num": d.number, "Customer_Num": customer.salespad, "Sales_Batch": kind.queue, "Doc_Date": "2026-08-31T00:00:00.000"})
	sum := new(big.Rat)
	active := w.size.items - w.size.retired
	for k := range 1 + n%5 {
		item := fmt.Sprintf("ITEM-%04d", (7*n+k)%active)
		if n < w.size.unknown && k == 0 {
			item = fmt.Sprintf("ITEM-%04d", active+n%w.size.retired)
			d.missing = item
		}
		quantity, price := fmt.Sprint(1+k), fmt.Sprintf("%d.5", 10+n)
		w.pad("SalesLineItem", salespadtest.Fields{"Sales_Doc_Type": d.kind, "Sales_Doc_Num": d.number, "Line_Num": fmt.Sprint((k + 1) * 16384), "Component_Seq_Num": "0",
			"Item_Number": item, "Item_Description": "Sold as " + item, "Quantity": quantity, "Unit_Price": price})
		q, _ := rat(quantity)
		u, _ := rat(price)
		sum.Add(sum, q.Mul(q, u))
		if item == d.missing {
			item = ""
		}
		d.lines = append(d.lines, fmt.Sprintf("%s x %s x %s", item, quantity, plainNumber(price)))
	}
	d.amount = sum.RatString()
	slices.Sort(d.lines)
	return d
}

// dealExport is Deal Export: half of the documents wait before it begins, the other half come while it runs; one is in a queue that is not exported.
func (p *padRun) dealExport(ctx context.Context) error {
	var all []padDocument
	half := p.size.documents / 2
	for n := range half {
		all = append(all, p.document(n))
	}
	p.pad("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": "EARLY1", "Customer_Num": p.customers[0].salespad, "Sales_Batch": "REVIEW"})
	if err := p.applied(ctx, "hubspot-salespad", []string{"documents", "document-lines"}); err != nil {
		return err
	}
	plan, err := p.planned(ctx, "documents", "document-lines")
	if err != nil {
		return err
	}
	if err := p.saved(ctx, plan, "document-lines"); err != nil { // lines are rows of their documents' plan
		return err
	}
	for _, args := range [][]string{{"live", "document-lines", "documents"}, {"run", "documents"}} {
		if _, err := p.crosswalk(ctx, args...); err != nil {
			return err
		}
	}
	for n := half; n < p.size.documents; n++ {
		all = append(all, p.document(n))
	}
	if err := p.again(ctx, "documents"); err != nil {
		return err
	}
	if err := p.until(ctx, "Deal Export", func() (odd []string) {
		for _, d := range all {
			odd = append(odd, p.exported(d)...)
		}
		return odd
	}); err != nil {
		return err
	}
	before := p.padWrites()
	if err := p.again(ctx, "documents"); err != nil { // nothing waits any more
		return err
	}
	again := p.padWrites() - before
	p.res.Unchanged += again
	p.count(all)
	p.say("Deal Export", "the preview said %d records; of %d documents %d deals with %d line items at HubSpot; %d forwarded, each once; %d audits name items that HubSpot lacks; %d deals twice; a second run wrote %d",
		plan.Rows, len(all), *p.res.Deals, len(p.hubspot.Records("line_items")), *p.res.Forwarded, *p.res.Audits, *p.res.Doubled, again)
	want := padDealCounts{p.size.documents, p.size.documents, p.size.unknown, 0}
	if got := (padDealCounts{*p.res.Deals, *p.res.Forwarded, *p.res.Audits, *p.res.Doubled}); got != want || again > 0 {
		return unlike("Deal Export", []string{fmt.Sprintf("%+v, want %+v; a second run wrote %d times", got, want, again)})
	}
	return nil
}

type padDealCounts struct{ Deals, Forwarded, Audits, Doubled int }

// deals are HubSpot's deals of a document, by their name.
func (w *padWorld) dealsOf(d padDocument) []hubspottest.Record {
	return slices.DeleteFunc(w.hubspot.Records("deals"), func(r hubspottest.Record) bool {
		return r.Archived || !strings.HasPrefix(r.Properties["dealname"], d.kind+" "+d.number+" ")
	})
}

// exported says what is lacking of a document's deal, its lines, its audit and its place.
func (w *padWorld) exported(d padDocument) []string {
	name := d.kind + " " + d.number
	deals := w.dealsOf(d)
	if len(deals) != 1 {
		return []string{fmt.Sprintf("%d deals of %s, want one", len(deals), name)}
	}
	deal := deals[0]
	stage := padKinds[slices.IndexFunc(padKinds, func(k struct{ kind, id, queue, next, stage string }) bool { return k.kind == d.kind })].stage
	got := map[string]string{"amount": plainNumber(deal.Properties["amount"]), "stage": deal.Properties["dealstage"], "company": deal.PrimaryCompany, "closedate": dayOf(deal.Properties["closedate"])}
	odd := gather(wants(name, got, "amount", d.amount, "stage", stage, "company", d.company, "closedate", "2026-08-31"))
	var lines []string
	for _, id := range deal.Associations["line_items"] {
		l, _ := w.hubspot.Record("line_items", id)
		product, _ := w.hubspot.Record("products", l.Properties["hs_product_id"])
		lines = append(lines, fmt.Sprintf("%s x %s x %s", strings.ToUpper(product.Properties["hs_sku"]), plainNumber(l.Properties["quantity"]), plainNumber(l.Properties["price"])))
	}
	if slices.Sort(lines); !slices.Equal(lines, d.lines) {
		odd = append(odd, fmt.Sprintf("%s has line items %q, want %q", name, lines, d.lines))
	}
	if doc, _ := w.salespad.Get("SalesDocument", d.kind+"|"+d.number); doc.Fields["Sales_Batch"] != d.next {
		odd = append(odd, fmt.Sprintf("%s is in %s, want %s", name, doc.Fields["Sales_Batch"], d.next))
	}
	audits := w.auditsOf(d)
	if d.missing == "" && len(audits) > 0 || d.missing != "" && (len(audits) != 1 || !strings.Contains(audits[0], d.missing)) {
		odd = append(odd, fmt.Sprintf("%s lacks %q and has audits %q", name, d.missing, audits))
	}
	return odd
}

// auditsOf are the texts on a document that are not the workflow's own.
func (w *padWorld) auditsOf(d padDocument) (out []string) {
	for _, a := range w.salespad.Audits(d.kind, d.number) {
		if a.Fields["Audit_Type"] != "Workflow" {
			out = append(out, a.Fields["Audit_Text"])
		}
	}
	return out
}

// count adds up what became of the documents, as both systems show it.
func (p *padRun) count(all []padDocument) {
	var deals, audits, doubled int
	for _, d := range all {
		n := len(p.dealsOf(d))
		deals, doubled = deals+n, doubled+max(0, n-1)
		audits += len(p.auditsOf(d))
	}
	forwarded := len(p.ours("forward"))
	p.res.Deals, p.res.Forwarded, p.res.Audits, p.res.Doubled = &deals, &forwarded, &audits, &doubled
}
