package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
)

// Deal Export (SP-165..194): documents of the export queues become deals with line items, once, and are forwarded when they are whole.

var padDeals = slices.Concat(padPeople, []string{"items", "documents", "document-lines"})

// exporting runs a case with customer ALPHA, linked to a company, and items BLADE and TOWER, linked to products.
func exporting(t *testing.T, s setup, pairs []string, f func(w *world, company string)) {
	t.Helper()
	s.SalesPad, s.Draft, s.Quiet, s.HubSpotFields = &salespadtest.Config{}, true, true, []string{"companies/customer_number"}
	s.Documents = padPresets(t, "hubspot-salespad", padDeals, pairs...)
	virtual(t, s, func(w *world) {
		c := w.Config.Connections["salespad"]
		c.Queues = []string{"EXPORT", "EXPORT QUOTE"}
		w.Config.Connections["salespad"] = c
		w.App.Connectors["salespad"] = newConnector(w, "salespad")
		w.restart()
		for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} {
			if _, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), object, true); err != nil {
				w.t.Fatal(err)
			}
		}
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Ålpha & Sønner", "Email_To": "ap@alpha.example"})
		for _, item := range []string{"BLADE", "TOWER"} {
			w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": item, "Item_Description": item + ", as the item says", "List_Price": "80"})
		}
		company := w.hub("companies", "name", "Ålpha & Sønner", "domain", "alpha.example")
		w.live()
		w.later()
		w.SalesPad.ClearLog()
		f(w, company)
	})
}

// padDocument enters a document with lines "ITEM quantity price" in a queue.
func (w *world) padDocument(kind, number, queue string, lines ...string) string {
	w.t.Helper()
	id := map[string]string{"QUOTE": "STANDARDQUOTE", "ORDER": "STDORD", "INVOICE": "STDINV"}[kind]
	r := w.SalesPad.Must("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": kind, "Sales_Doc_ID": id, "Sales_Doc_Num": number, "Customer_Num": "ALPHA", "Sales_Batch": queue, "Doc_Date": "2026-08-31T00:00:00.000"})
	for n, l := range lines {
		w.padLine(kind, r.Fields["Sales_Doc_Num"], n+1, l)
	}
	return r.Key
}

func (w *world) padLine(kind, number string, n int, text string) {
	w.t.Helper()
	part := strings.Fields(text)
	w.SalesPad.Must("SalesLineItem", salespadtest.Fields{"Sales_Doc_Type": kind, "Sales_Doc_Num": number, "Line_Num": fmt.Sprint(n * 16384), "Component_Seq_Num": "0",
		"Item_Number": part[0], "Item_Description": part[0] + ", as the line says", "Quantity": part[1], "Unit_Price": part[2]})
}

// forwards counts how often a document was forwarded by us.
func (w *world) forwards(key string) int {
	n := 0
	for _, e := range w.SalesPad.Log() {
		if e.Did == "forward" && e.Key == key && e.By != salespadtest.Person {
			n++
		}
	}
	return n
}

// wantDeal wants exactly one deal of a document, with line items "NAME quantity price", and gives it.
func (w *world) wantDeal(name string, lines ...string) hubspottest.Record {
	w.t.Helper()
	var deals []hubspottest.Record
	for _, d := range w.alive("deals") {
		if strings.HasPrefix(d.Properties["dealname"], name+" ") {
			deals = append(deals, d)
		}
	}
	if len(deals) != 1 {
		w.t.Fatalf("%d deals of %s, want one%s", len(deals), name, w.story())
	}
	var got []string
	for _, id := range deals[0].Associations["line_items"] {
		p := w.at("line_items", id).Properties
		name, _, _ := strings.Cut(p["name"], ",")
		got = append(got, name+" "+p["quantity"]+" "+p["price"])
	}
	slices.Sort(got)
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		w.t.Errorf("%s has line items %q, want %q%s", name, got, lines, w.story())
	}
	return deals[0]
}

func (w *world) queueOf(key string) string {
	w.t.Helper()
	r, ok := w.SalesPad.Get("SalesDocument", key)
	if !ok {
		w.t.Fatalf("no document %s", key)
	}
	return r.Fields["Sales_Batch"]
}

// audits are the texts that we noted on a document.
func (w *world) audits(key string) []string {
	kind, number, _ := strings.Cut(key, "|")
	var out []string
	for _, a := range w.SalesPad.Audits(kind, number) {
		if a.Fields["Audit_Type"] != "Workflow" {
			out = append(out, a.Fields["Audit_Text"])
		}
	}
	return out
}

// TestDealExport (SP-165..186): a quote, an order and an invoice become deals of the company, each with its line items: the product's
// details first, the line's over them. They are forwarded once; nothing else happens in quiet hours.
func TestDealExport(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, company string) {
		order := w.padDocument("ORDER", "ORD77", "EXPORT", "BLADE 3 12.50", "TOWER 1 1000")
		quote := w.padDocument("QUOTE", "QTE77", "EXPORT QUOTE", "TOWER 2 900")
		early := w.padDocument("ORDER", "ORD78", "REVIEW", "BLADE 1 1")
		w.later()
		d := w.wantDeal("ORDER ORD77", "BLADE 3 12.5", "TOWER 1 1000")
		p := d.Properties
		if p["amount"] != "1037.5" || p["dealstage"] != "closedwon" || !strings.HasPrefix(p["closedate"], "2026-08-31") || p["dealname"] != "ORDER ORD77 Ålpha & Sønner" || d.PrimaryCompany != company {
			t.Errorf("%v of company %s%s", p, d.PrimaryCompany, w.story())
		}
		for _, id := range d.Associations["line_items"] {
			l := w.at("line_items", id).Properties
			product := w.inHub("products", "hs_sku", l["hs_sku"])
			if l["hs_product_id"] != product.ID || !strings.HasSuffix(l["name"], "as the line says") {
				t.Errorf("%v", l)
			}
		}
		if q := w.wantDeal("QUOTE QTE77", "TOWER 2 900"); q.Properties["dealstage"] != "presentationscheduled" {
			t.Errorf("%v", q.Properties)
		}
		if len(w.alive("deals")) != 2 || w.queueOf(order) != "READY TO SHIP" || w.queueOf(quote) != "SENT QUOTE" || w.queueOf(early) != "REVIEW" || w.forwards(order) != 1 || w.forwards(quote) != 1 {
			t.Errorf("%d deals; %s, %s, %s%s", len(w.alive("deals")), w.queueOf(order), w.queueOf(quote), w.queueOf(early), w.story())
		}
		if len(w.audits(order)) != 0 || len(w.errors("")) != 0 {
			t.Errorf("%v %s", w.audits(order), w.story())
		}
		w.padQuiet()
	})
}

// TestDealsByPipeline (SP-187, SP-193): quotes go to one pipeline, invoices to another; a type that the mapping does not name is held.
func TestDealsByPipeline(t *testing.T) {
	pairs := []string{"QUOTE: default", "QUOTE: \"" + hubspottest.SecondPipeline + "\"", "QUOTE: presentationscheduled", "QUOTE: \"" + hubspottest.SecondOpenStage + "\"", ", INVOICE: closedwon", ""}
	exporting(t, setup{}, pairs, func(w *world, _ string) {
		w.padDocument("QUOTE", "QTE80", "EXPORT QUOTE", "BLADE 1 10")
		w.padDocument("ORDER", "ORD80", "EXPORT", "BLADE 1 10")
		invoice := w.padDocument("INVOICE", "INV80", "EXPORT", "BLADE 1 10")
		w.later()
		q, o := w.wantDeal("QUOTE QTE80", "BLADE 1 10").Properties, w.wantDeal("ORDER ORD80", "BLADE 1 10").Properties
		if q["pipeline"] != hubspottest.SecondPipeline || q["dealstage"] != hubspottest.SecondOpenStage || o["pipeline"] != hubspottest.DefaultPipeline {
			t.Errorf("%v %v", q, o)
		}
		w.wantHeld(erpRef("sales-documents", invoice), plan.UnmappedValue)
		if len(w.alive("deals")) != 2 || w.queueOf(invoice) != "EXPORT" {
			t.Errorf("%d deals, the invoice is in %s", len(w.alive("deals")), w.queueOf(invoice))
		}
	})
}

// TestDealWaitsForItsCompany (SP-178): a document whose customer has no link is held with that reason, and exported when the link comes.
func TestDealWaitsForItsCompany(t *testing.T) {
	pairs := []string{"  create: { filter: 'not is_true(Inactive)', only_new: true }\n  update: true             # Customer Updates Export", "  create: never\n  update: true"}
	exporting(t, setup{}, pairs, func(w *world, _ string) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "BETA", "Customer_Name": "Beta Ltd", "Email_To": "ap@beta.example"})
		key := w.SalesPad.Must("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": "ORD81", "Customer_Num": "BETA", "Sales_Batch": "EXPORT"}).Key
		w.padLine("ORDER", "ORD81", 1, "BLADE 4 10")
		w.later()
		if e := w.wantHeld(erpRef("sales-documents", key), plan.ParentHeld); !strings.Contains(e.Text, "BETA") || len(w.alive("deals")) != 0 || w.queueOf(key) != "EXPORT" {
			t.Errorf("%s; %d deals", e.Text, len(w.alive("deals")))
		}
		beta := w.hub("companies", "name", "Beta Ltd", "domain", "beta.example", "type", "PARTNER")
		w.later()
		if d := w.wantDeal("ORDER ORD81", "BLADE 4 10"); d.PrimaryCompany != beta || w.queueOf(key) != "READY TO SHIP" {
			t.Errorf("company %s, in %s%s", d.PrimaryCompany, w.queueOf(key), w.story())
		}
		w.wantNoError(erpRef("sales-documents", key))
	})
}

// TestDealWithoutProduct (SP-184..186): an item without a product has its line item all the same, and is named in one audit on the
// document. The preview shows line items, audit and forward, and writes nothing.
func TestDealWithoutProduct(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "RARE-É", "Item_Description": "No longer sold", "Inactive": "true"})
		w.status("documents", "paused")
		w.SalesPad.ClearLog()
		key := w.padDocument("ORDER", "ORD82", "EXPORT", "BLADE 1 10", "RARE-É 2 5", "RARE-É 1 4")
		w.SalesPad.ClearLog()
		rows, err := w.Engine.PlanRows(w.t.Context(), w.previewAll("documents", "editor").ID, 0, 1000)
		w.ok(err)
		kinds, fields := map[string]int{}, map[string]string{}
		for _, r := range rows {
			kinds[r.Mapping+" "+string(r.Kind)]++
			for _, f := range r.Fields {
				fields[f.Field] = f.New.Text()
			}
		}
		if kinds["documents create"] != 1 || kinds["document-lines create"] != 3 || !strings.Contains(fields["at_source.audit"], "RARE-É") || fields["at_source.forward"] != "from EXPORT to the next queue" || len(w.alive("deals")) != 0 || w.padWrites() != 0 {
			t.Errorf("the preview: %v %v", kinds, fields)
		}
		w.status("documents", "live")
		w.later()
		w.wantDeal("ORDER ORD82", "BLADE 1 10", "RARE-É 2 5", "RARE-É 1 4")
		if got := w.audits(key); len(got) != 1 || strings.Count(got[0], "RARE-É") != 1 || strings.Contains(got[0], "BLADE") || w.queueOf(key) != "READY TO SHIP" {
			t.Errorf("audits %q, in %s%s", got, w.queueOf(key), w.story())
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// TestForwardRefused: a rule of the workflow refuses the forward after the deal was made: the deal is not doubled, the refusal is shown, and
// it is tried again.
func TestForwardRefused(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		w.SalesPad.SetForwardRule("EXPORT", func(salespadtest.Record) (string, string) { return "", "not approved yet" })
		key := w.padDocument("ORDER", "ORD83", "EXPORT", "BLADE 1 10")
		w.advance(5 * time.Hour)
		w.wantDeal("ORDER ORD83", "BLADE 1 10")
		if e := w.wantHeld(erpRef("sales-documents", key), plan.RefusedCall); !strings.Contains(e.Text, "EXPORT") || w.queueOf(key) != "EXPORT" {
			t.Errorf("%s, in %s", e.Text, w.queueOf(key))
		}
		w.SalesPad.SetForwardRule("EXPORT", nil)
		w.advance(2 * time.Hour)
		w.wantDeal("ORDER ORD83", "BLADE 1 10")
		w.wantNoError(erpRef("sales-documents", key))
		if w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 {
			t.Errorf("in %s, forwarded %d times%s", w.queueOf(key), w.forwards(key), w.story())
		}
	})
}

// TestDocumentChangesWhileExported: a line and the header change between our calls: the document is exported as it is in the end, to one
// deal, and forwarded once.
func TestDocumentChangesWhileExported(t *testing.T) {
	for _, at := range []string{"deals/batch/create", "line_items/batch/create"} {
		t.Run(at, func(t *testing.T) {
			exporting(t, setup{}, nil, func(w *world, _ string) {
				key := w.padDocument("ORDER", "ORD84", "EXPORT", "BLADE 1 10", "TOWER 1 50")
				changed := false
				w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
					if strings.Contains(r.URL.Path, at) && !changed {
						changed = true
						w.ok(w.SalesPad.Update("SalesLineItem", key+"|16384|0", salespadtest.Fields{"Quantity": "7"}))
						w.padLine("ORDER", "ORD84", 3, "TOWER 2 60")
					}
					return nil
				})
				w.later()
				d := w.wantDeal("ORDER ORD84", "BLADE 7 10", "TOWER 1 50", "TOWER 2 60")
				if !changed || d.Properties["amount"] != "240" || w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 {
					t.Errorf("changed %v, amount %s, in %s, forwarded %d times%s", changed, d.Properties["amount"], w.queueOf(key), w.forwards(key), w.story())
				}
				w.padQuiet()
			})
		})
	}
}

// TestDealIsExportedAgain (SP-188..190 without the hole): one command updates the deal and its line items, and forwards a document that
// stands in the queue again; by itself a document is forwarded once, and says so.
func TestDealIsExportedAgain(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		key := w.padDocument("ORDER", "ORD85", "EXPORT", "BLADE 1 10", "TOWER 1 50")
		doc := erpRef("sales-documents", key)
		w.later()
		first := w.wantDeal("ORDER ORD85", "BLADE 1 10", "TOWER 1 50")
		w.hubSet("deals", first.ID, "dealstage", "contractsent")
		w.ok(w.SalesPad.Update("SalesLineItem", key+"|16384|0", salespadtest.Fields{"Quantity": "2"}))
		w.ok(w.SalesPad.Delete("SalesLineItem", key+"|32768|0"))
		w.padLine("ORDER", "ORD85", 3, "TOWER 3 40")
		w.later()
		w.wantDeal("ORDER ORD85", "BLADE 1 10", "TOWER 1 50") // not by itself
		w.runNamed("documents", doc)
		w.advance(40 * time.Minute)
		d := w.wantDeal("ORDER ORD85", "BLADE 2 10", "TOWER 3 40")
		if d.ID != first.ID || d.Properties["amount"] != "140" || d.Properties["dealstage"] != "contractsent" || w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 {
			t.Errorf("%v, in %s, forwarded %d times%s", d.Properties, w.queueOf(key), w.forwards(key), w.story())
		}
		w.ok(w.SalesPad.MoveTo("ORDER", "ORD85", "EXPORT"))
		w.later()
		if w.queueOf(key) != "EXPORT" || w.forwards(key) != 1 {
			t.Errorf("put back by a person: in %s, forwarded %d times", w.queueOf(key), w.forwards(key))
		}
		if r := w.why(doc).Link.Reason; r == nil || !strings.Contains(r.Text, "crosswalk run documents '") {
			t.Errorf("%+v", r)
		}
		w.runNamed("documents", doc)
		w.later()
		w.wantDeal("ORDER ORD85", "BLADE 2 10", "TOWER 3 40")
		if w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 2 || len(w.errors("")) != 0 {
			t.Errorf("in %s, forwarded %d times%s", w.queueOf(key), w.forwards(key), w.story())
		}
	})
}

// TestDealIsNotWhole: a line that HubSpot refuses keeps its document in the queue, with that reason; once it is mended the rest follows, and
// nothing is doubled.
func TestDealIsNotWhole(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		key := w.padDocument("ORDER", "ORD90", "EXPORT", "BLADE 1 10", "TOWER 1 -5")
		w.later()
		w.wantDeal("ORDER ORD90", "BLADE 1 10")
		e := w.wantHeld(erpRef("sales-documents", key), plan.ParentHeld)
		if !strings.Contains(e.Text, "32768") || w.queueOf(key) != "EXPORT" || w.forwards(key) != 0 {
			t.Errorf("%s, in %s", e.Text, w.queueOf(key))
		}
		w.ok(w.SalesPad.Update("SalesLineItem", key+"|32768|0", salespadtest.Fields{"Unit_Price": "5"}))
		w.later()
		w.wantDeal("ORDER ORD90", "BLADE 1 10", "TOWER 1 5")
		if w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 || len(w.errors("")) != 0 {
			t.Errorf("in %s, forwarded %d times%s", w.queueOf(key), w.forwards(key), w.story())
		}
	})
}

// TestDealExportRunNow (SP-194): with schedule never nothing is exported by itself; a run exports the queue, an approved preview exactly
// what it shows, line items included. Lines are not run by themselves.
func TestDealExportRunNow(t *testing.T) {
	exporting(t, setup{}, []string{"schedule: every 5 minutes", "schedule: never"}, func(w *world, _ string) {
		ctx := w.t.Context()
		one := w.padDocument("ORDER", "ORD91", "EXPORT", "BLADE 1 10", "TOWER 1 50")
		w.advance(2 * time.Hour)
		if len(w.alive("deals")) != 0 {
			t.Fatalf("exported by itself%s", w.story())
		}
		w.run(engine.Run{Kind: "full", Mapping: "documents", Actor: "editor"})
		w.wantDeal("ORDER ORD91", "BLADE 1 10", "TOWER 1 50")
		two, three := w.padDocument("ORDER", "ORD92", "EXPORT", "BLADE 2 10", "TOWER 2 50"), w.padDocument("ORDER", "ORD93", "EXPORT", "BLADE 3 10")
		p := w.previewAll("documents", "editor")
		if p.Kinds["create"] != 5 {
			t.Errorf("%v", p.Kinds)
		}
		w.ok(w.SalesPad.Update("SalesLineItem", three+"|16384|0", salespadtest.Fields{"Quantity": "4"})) // not what was approved any more
		_, err := w.Engine.Approve(ctx, p.ID, p.Digest, "editor")
		w.ok(err)
		r, err := w.Engine.RunPlan(ctx, p.ID, "editor")
		w.ok(err)
		w.settleRun(r.ID)
		w.wantDeal("ORDER ORD92", "BLADE 2 10", "TOWER 2 50")
		if len(w.alive("deals")) != 2 || w.queueOf(one) != "READY TO SHIP" || w.queueOf(two) != "READY TO SHIP" || w.queueOf(three) != "EXPORT" {
			t.Errorf("%d deals; %s, %s, %s%s", len(w.alive("deals")), w.queueOf(one), w.queueOf(two), w.queueOf(three), w.story())
		}
		_, err = w.Engine.RunMapping(ctx, engine.Run{Kind: "full", Mapping: "document-lines", Actor: "editor"}, nil)
		w.wantRefused(err, "with those of documents")
	})
}

// A preview of documents and their lines as one set is carried out whole: deals have their line items before a document is forwarded.
func TestDealExportOfASet(t *testing.T) {
	exporting(t, setup{}, []string{"schedule: every 5 minutes", "schedule: never"}, func(w *world, _ string) {
		one, two := w.padDocument("ORDER", "ORD81", "EXPORT", "BLADE 1 10", "TOWER 1 50"), w.padDocument("ORDER", "ORD82", "EXPORT", "BLADE 2 10")
		p, _ := w.setPlan([]string{"documents", "document-lines"})
		if p.Kinds["create"] != 5 {
			t.Errorf("%v", p.Kinds)
		}
		w.allowed(p)
		r, err := w.Engine.RunPlan(w.t.Context(), p.ID, "editor")
		w.ok(err)
		w.settleRun(r.ID)
		w.wantDeal("ORDER ORD81", "BLADE 1 10", "TOWER 1 50")
		w.wantDeal("ORDER ORD82", "BLADE 2 10")
		if w.queueOf(one) != "READY TO SHIP" || w.queueOf(two) != "READY TO SHIP" {
			t.Errorf("%s, %s%s", w.queueOf(one), w.queueOf(two), w.story())
		}
	})
}

// TestDealExportHooks (SP-172, SP-173): the pre export script changes what is written, or skips a document; the post export script sees
// the deal and writes on the document before it is forwarded.
func TestDealExportHooks(t *testing.T) {
	const hooks = "conflict: salespad\nhooks:\n  a_to_b: { before_create: 'return {\"skip\": \"a sample\"} if source.Customer_PO_Num == \"SAMPLE\" else {\"dealtype\": \"newbusiness\"}' }\n" +
		"  after_link: 'return {\"Customer_PO_Num\": \"deal \" + target.id}'\n# Deal Mapping"
	exporting(t, setup{}, []string{"conflict: salespad\ndelete: { a: keep, b: keep }\n\n# Deal Mapping", hooks}, func(w *world, _ string) {
		key, sample := w.padDocument("ORDER", "ORD94", "EXPORT", "BLADE 1 10"), w.padDocument("ORDER", "ORD95", "REVIEW", "BLADE 1 10")
		w.ok(w.SalesPad.Update("SalesDocument", sample, salespadtest.Fields{"Customer_PO_Num": "SAMPLE", "Sales_Batch": "EXPORT"}))
		w.later()
		d := w.wantDeal("ORDER ORD94", "BLADE 1 10")
		doc, _ := w.SalesPad.Get("SalesDocument", key)
		if d.Properties["dealtype"] != "newbusiness" || doc.Fields["Customer_PO_Num"] != "deal "+d.ID || w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 {
			t.Errorf("%v %v%s", d.Properties, doc.Fields, w.story())
		}
		w.wantSkipped(erpRef("sales-documents", sample), plan.SkippedByHook)
		if len(w.alive("deals")) != 1 || w.queueOf(sample) != "EXPORT" {
			t.Errorf("%d deals, the sample is in %s", len(w.alive("deals")), w.queueOf(sample))
		}
	})
}

// TestHostileDocumentNumbers: numbers with slashes, quotes and dots are exported once; SalesPad has no address by which they could be
// forwarded, which is said, and over when a person forwards them.
func TestHostileDocumentNumbers(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		numbers := []string{"A/1'2", "ORD.86", "Ø 87 x%"}
		for _, n := range numbers {
			w.padDocument("ORDER", n, "EXPORT", "BLADE 1 10")
		}
		w.later()
		for _, n := range numbers {
			w.wantDeal("ORDER "+n, "BLADE 1 10")
		}
		if got := w.errors(plan.RefusedCall); len(got) != len(numbers) || len(w.errors("")) != len(numbers) {
			t.Errorf("%d refusals%s", len(got), w.story())
		}
		for _, n := range numbers {
			w.ok(w.SalesPad.MoveTo("ORDER", n, "READY TO SHIP"))
		}
		w.advance(2 * time.Hour)
		if n := len(w.errors("")); n != 0 || len(w.alive("deals")) != len(numbers) {
			t.Errorf("%d deals%s", len(w.alive("deals")), w.story())
		}
	})
}

// TestDealFromOddValues: GP's 1900-01-01 is no date, amounts have no zeros at their end, padding is gone; a document that is voided while its
// forward is refused is let be, and its deal stays.
func TestDealFromOddValues(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		w.SalesPad.SetForwardRule("EXPORT", func(salespadtest.Record) (string, string) { return "", "not approved yet" })
		key := w.padDocument("ORDER", "ORD87", "REVIEW", "BLADE 0.50000 80.00000")
		w.ok(w.SalesPad.Update("SalesDocument", key, salespadtest.Fields{"Doc_Date": "", "Sales_Batch": "EXPORT"}))
		w.later()
		p := w.wantDeal("ORDER ORD87", "BLADE 0.5 80").Properties
		if strings.HasPrefix(p["closedate"], "1") || p["amount"] != "40" || strings.Contains(p["dealname"], "  ") {
			t.Errorf("%v", p)
		}
		w.wantHeld(erpRef("sales-documents", key), plan.RefusedCall)
		w.ok(w.SalesPad.Void("ORDER", "ORD87"))
		w.advance(3 * time.Hour)
		w.wantDeal("ORDER ORD87", "BLADE 0.5 80")
		if w.forwards(key) != 0 || len(w.errors(plan.RefusedCall)) != 0 {
			t.Errorf("forwarded %d times%s", w.forwards(key), w.story())
		}
	})
}

// TestExportLosesAnswers: every kind of call is carried out and its answer lost, once: nothing is doubled.
func TestExportLosesAnswers(t *testing.T) {
	const forward, audit = "PUT /api/SalesDocument/{Sales_Doc_Type}/{Sales_Doc_Num}/Forward", "POST /api/SalesDocument/{Sales_Doc_Type}/{Sales_Doc_Num}/Audit"
	for name, lose := range map[string]func(w *world){
		"deal":    func(w *world) { w.HubSpot.FailAfterCommit("deals/batch/create") },
		"lines":   func(w *world) { w.HubSpot.FailAfterCommit("line_items/batch/create") },
		"audit":   func(w *world) { w.SalesPad.FailOnce(audit, salespadtest.LostAnswer()) },
		"forward": func(w *world) { w.SalesPad.FailOnce(forward, salespadtest.LostAnswer()) },
		"page":    func(w *world) { w.SalesPad.FailOnce(forward, salespadtest.HTML(500)) },
	} {
		t.Run(name, func(t *testing.T) {
			exporting(t, setup{}, nil, func(w *world, _ string) {
				w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "RARE", "Item_Description": "No longer sold", "Inactive": "true"})
				lose(w)
				key := w.padDocument("ORDER", "ORD88", "EXPORT", "BLADE 1 10", "RARE 2 5")
				w.advance(2 * time.Hour)
				w.wantExported(key, "ORDER ORD88", "BLADE 1 10", "RARE 2 5")
			})
		})
	}
}

// TestPutBackWhileTheForwardsAnswerIsLost (C7): a forward is carried out, its answer lost, and somebody puts the document back before anybody
// looks; or it was not carried out, and the document is changed. It is not forwarded once more by itself: a person is asked, and that it
// leaves the queue, or is to be forwarded, is the answer.
func TestPutBackWhileTheForwardsAnswerIsLost(t *testing.T) {
	const forward = "PUT /api/SalesDocument/{Sales_Doc_Type}/{Sales_Doc_Num}/Forward"
	for _, c := range []struct {
		name     string
		fault    salespadtest.Fault
		meddles  func(w *world, key string)
		answers  func(w *world, key string)
		forwards int
	}{
		{"put back, and forwarded by hand", salespadtest.LostAnswer(), func(w *world, _ string) { w.ok(w.SalesPad.MoveTo("ORDER", "ORD87", "EXPORT")) },
			func(w *world, _ string) { w.ok(w.SalesPad.Forward("ORDER", "ORD87")) }, 1},
		{"put back, and to be forwarded again", salespadtest.LostAnswer(), func(w *world, _ string) { w.ok(w.SalesPad.MoveTo("ORDER", "ORD87", "EXPORT")) },
			func(w *world, key string) { w.retry(erpRef("sales-documents", key)) }, 2},
		{"never carried out, and changed", salespadtest.HTML(http.StatusBadGateway), func(w *world, key string) {
			w.ok(w.SalesPad.Update("SalesLineItem", key+"|16384|0", salespadtest.Fields{"Quantity": "7"}))
		}, func(w *world, key string) { w.retry(erpRef("sales-documents", key)) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			exporting(t, setup{}, nil, func(w *world, _ string) {
				w.SalesPad.FailOnce(forward, c.fault)
				key := w.padDocument("ORDER", "ORD87", "EXPORT", "BLADE 1 10")
				calls := func() int { return w.SalesPad.Calls()[forward] }
				for n := 0; n < 200 && calls() == 0; n++ {
					w.advance(5 * time.Second)
				}
				before := w.forwards(key)
				c.meddles(w, key)
				w.advance(3 * time.Hour)
				if got := w.forwards(key); got != before || w.queueOf(key) != "EXPORT" {
					t.Errorf("forwarded %d times by itself, was %d, in %s%s", got, before, w.queueOf(key), w.story())
				}
				w.wantHeld(erpRef("sales-documents", key), plan.ForwardUnsure)
				c.answers(w, key)
				w.advance(25 * time.Hour)
				if got := w.forwards(key); got != c.forwards || w.queueOf(key) != "READY TO SHIP" || len(w.errors("")) != 0 {
					t.Errorf("forwarded %d times, want %d, in %s%s", got, c.forwards, w.queueOf(key), w.story())
				}
				if l := w.why(erpRef("sales-documents", key)).Link; len(l.Todo) != 0 || l.Reason != nil {
					t.Errorf("left to do: %v, %v", l.Todo, l.Reason)
				}
			})
		})
	}
}

// TestLineChangesWhileItsAnswerIsLost (A4): the answer to a line item's change is lost. That it took is remembered, and nothing of it is
// left under way, by which a later edit would be judged.
func TestLineChangesWhileItsAnswerIsLost(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		key := w.padDocument("ORDER", "ORD99", "EXPORT", "BLADE 1 10", "TOWER 1 50")
		w.later()
		w.wantDeal("ORDER ORD99", "BLADE 1 10", "TOWER 1 50")
		w.ok(w.SalesPad.Update("SalesLineItem", key+"|16384|0", salespadtest.Fields{"Quantity": "7"}))
		w.HubSpot.FailAfterCommit("line_items/batch/update")
		w.runNamed("documents", erpRef("sales-documents", key))
		w.advance(2 * time.Hour)
		w.wantDeal("ORDER ORD99", "BLADE 7 10", "TOWER 1 50")
		if l := w.why(erpRef("sales-document-lines", key+"|16384|0")).Link; l.Intent != nil || l.State != link.Linked {
			t.Errorf("its change was left under way: %+v", l.Intent)
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
	})
}

// TestLineGoesWhileItsAnswerIsLost: a line item was made and nobody heard of it, and its line is taken off the document meanwhile; another
// one is refused, and taken off too: neither stays behind.
func TestLineGoesWhileItsAnswerIsLost(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		w.HubSpot.FailAfterCommit("line_items/batch/create")
		key := w.padDocument("ORDER", "ORD96", "EXPORT", "BLADE 1 10", "TOWER 1 50")
		for len(w.alive("line_items")) == 0 {
			w.advance(time.Minute)
		}
		w.ok(w.SalesPad.Delete("SalesLineItem", key+"|32768|0"))
		w.padLine("ORDER", "ORD96", 3, "TOWER 1 -5")
		w.advance(20 * time.Minute)
		if len(w.errors("")) == 0 {
			t.Errorf("the refused line is not shown")
		}
		w.ok(w.SalesPad.Delete("SalesLineItem", key+"|49152|0"))
		w.advance(2 * time.Hour)
		w.wantDeal("ORDER ORD96", "BLADE 1 10")
		if n := len(w.alive("line_items")); n != 1 || len(w.errors("")) != 0 || w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 {
			t.Errorf("%d line items, in %s, forwarded %d times%s", n, w.queueOf(key), w.forwards(key), w.story())
		}
	})
}

// wantExported wants a document with an item that has no product exported whole, and nothing twice.
func (w *world) wantExported(key, name string, lines ...string) {
	w.t.Helper()
	w.wantDeal(name, lines...)
	if n := len(w.alive("line_items")); n != len(lines) || len(w.audits(key)) != 1 || w.forwards(key) != 1 || w.queueOf(key) != "READY TO SHIP" || len(w.errors("")) != 0 {
		w.t.Errorf("%d line items, audits %q, forwarded %d times, in %s%s", n, w.audits(key), w.forwards(key), w.queueOf(key), w.story())
	}
}

// TestExportKilled: a worker that dies after any store call of an export, sent or not, doubles nothing and forwards once.
func TestExportKilled(t *testing.T) {
	deaths := 0
	for kill := 1; kill <= 61; kill += 4 {
		worker := mortal{left: -1}
		exporting(t, setup{Table: worker.table}, nil, func(w *world, _ string) {
			w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "RARE", "Item_Description": "No longer sold", "Inactive": "true"})
			key := w.padDocument("ORDER", "ORD89", "EXPORT", "BLADE 1 10", "RARE 2 5")
			for n := 0; n < 100; n++ { // until the document's task waits
				if waiting, err := w.lanes.Counts(w.t.Context(), lane.Live); err == nil && waiting.Waiting > 0 {
					break
				}
				time.Sleep(5 * time.Second)
				w.ok(w.Engine.Poll(w.t.Context()))
			}
			worker.left = kill
			w.Engine.Receive(w.t.Context(), lane.Live, 10)
			if worker.left == 0 {
				deaths++
			}
			worker.left = -1
			w.restart()
			w.advance(3 * time.Hour)
			w.wantExported(key, "ORDER ORD89", "BLADE 1 10", "RARE 2 5")
			if w.t.Failed() {
				w.t.Fatalf("killed after %d store calls", kill)
			}
		})
	}
	if deaths < 12 {
		t.Errorf("only %d of the workers died in the export", deaths)
	}
}

// TestDealExportCalls: calls for documents with five lines, beside the least that the two APIs allow: pages of documents and of lines,
// batches of deals and of line items, and one forward each.
func TestDealExportCalls(t *testing.T) {
	const many, lines = 200, 5 // a thousand lines: what the brake lets through in an hour
	exporting(t, setup{}, nil, func(w *world, _ string) {
		for n := range many {
			w.padDocument("ORDER", fmt.Sprintf("ORD%05d", n), "EXPORT", "BLADE 1 10", "TOWER 1 50", "BLADE 2 10", "TOWER 2 50", "BLADE 3 10")
		}
		w.SalesPad.ResetCalls()
		w.HubSpot.ResetCalls()
		w.advance(6 * time.Minute)
		calls, byName := 0, map[string]int{}
		for _, sim := range []map[string]int{w.SalesPad.Calls(), w.HubSpot.Calls()} {
			for name, n := range sim {
				if counted(name) && (strings.Contains(name, "SalesDocument") || strings.Contains(name, "SalesLineItem") || strings.Contains(name, "deals") || strings.Contains(name, "line_items")) {
					calls += n
					byName[name] += n
				}
			}
		}
		least := many/100 + many*lines/100 + many/100 + many*lines/100 + many
		t.Logf("%d documents: %d calls, least %d: %v", many, calls, least, byName)
		if len(w.alive("deals")) != many || len(w.alive("line_items")) != many*lines || len(w.SalesPad.InQueue("EXPORT")) != 0 {
			t.Fatalf("%d deals, %d line items, %d left%s", len(w.alive("deals")), len(w.alive("line_items")), len(w.SalesPad.InQueue("EXPORT")), w.story())
		}
		if calls*4 > least*5 {
			t.Errorf("%d calls, least %d", calls, least)
		}
	})
}
