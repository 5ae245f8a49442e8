package simulation

import (
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What must have come of a flow of SalesPad's, as somebody sees it who knows the two vendors' records and what "why" answers.

// why is what the product says of a record: one answer, since no record here has two places.
func (d *padDesk) why(ctx context.Context, ref record.Ref) link.Link {
	list, err := d.e.Why(ctx, ref)
	if err != nil || len(list) != 1 {
		d.fail("why", "%s: %d answers, want one: %v", ref, len(list), err)
		return link.Link{}
	}
	return list[0].Link
}

// linked wants a record linked to one of an object, from both sides alike, with nothing left to do; it gives the other one's id.
func (d *padDesk) linked(ctx context.Context, ref record.Ref, object string) string {
	l := d.why(ctx, ref)
	b := l.B
	if l.State != link.Linked || b.Object != object {
		d.fail("C5 one link", "%s is %s to %s, want one of %s: %+v", ref, l.State, b, object, l.Reason)
		return ""
	}
	if back := d.why(ctx, b); back.A != ref || back.B != b {
		d.fail("C5 one link", "%s is linked to %s, and that one to %s", ref, b, back.A)
	}
	if l.Reason != nil {
		d.fail("C5 one link", "%s is linked to %s with a complaint: %+v", ref, b, l.Reason)
	}
	return b.ID
}

// ours are the effects of the flow at SalesPad that are not a person's.
func (d *padDesk) ours(did, resource string) (out []salespadtest.Effect) {
	for _, x := range d.s.SalesPad.Log()[d.log:] {
		if x.By != salespadtest.Person && (did == "" || x.Did == did && x.Resource == resource) {
			out = append(out, x)
		}
	}
	return out
}

// count wants so many records of a resource at SalesPad.
func (d *padDesk) count(check, resource string, want int) {
	if n := d.s.SalesPad.Count(resource); n != want {
		d.fail(check, "%d of %s, want %d: %v", n, resource, want, d.ours("", ""))
	}
}

// alive are the records at HubSpot that are not archived; it wants so many.
func (d *padDesk) alive(check, object string, want int) []hubspottest.Record {
	all := slices.DeleteFunc(d.s.HubSpot.Records(object), func(r hubspottest.Record) bool { return r.Archived || r.MergedInto != "" })
	if len(all) != want {
		d.fail(check, "%d %s at HubSpot, want %d", len(all), object, want)
	}
	return all
}

// imported: one customer with its three addresses, each the counterpart of its own contact, at no time two customers; and nothing more to do.
func (d *padDesk) imported(ctx context.Context) {
	d.whole(ctx)
	d.settled(ctx)
}

func (d *padDesk) whole(ctx context.Context) {
	d.count("C5 one customer", "Customer", 1)
	d.count("C9 whole or nothing", "CustomerAddr", len(flowPeople))
	there, most := 0, 0
	for _, x := range d.ours("", "") {
		if x.Resource == "Customer" {
			there += map[string]int{"create": 1, "delete": -1}[x.Did]
			most = max(most, there)
		}
	}
	if most > 1 {
		d.fail("C5 one customer", "%d customers at one time: %v", most, d.ours("", ""))
	}
	customer := d.linked(ctx, atHub("companies", d.company), "customers")
	if r, ok := d.s.SalesPad.Get("Customer", customer); !ok || r.Fields["Customer_Name"] != flowCompany || r.Fields["Inactive"] == "true" {
		d.fail("C5 one customer", "%q is the customer: %v", customer, r)
	}
	taken := map[string]bool{}
	for _, name := range flowPeople {
		key := d.linked(ctx, atHub("contacts", d.people[name]), "customer-addresses")
		r, _ := d.s.SalesPad.Get("CustomerAddr", key)
		if taken[key] || r.Fields["Customer_Num"] != customer || r.Fields["Contact_Person"] != name || r.Fields["Email"] != strings.ToLower(name)+"@"+flowDomain {
			d.fail("C9 whole or nothing", "%s has the address %s %v", name, key, r.Fields)
		}
		taken[key] = true
	}
}

// takenBack: nothing is left of an import of which a part was refused, and why says so of the company and of its contacts; mended and
// tried again, it is whole.
func (d *padDesk) takenBack(ctx context.Context) {
	d.count("C9 whole or nothing", "Customer", 0)
	d.count("C9 whole or nothing", "CustomerAddr", 0)
	company := atHub("companies", d.company)
	if l := d.why(ctx, company); l.State != link.Held || l.Reason == nil || l.Reason.Category != plan.RefusedCall || !strings.Contains(l.Reason.Text, atHub("contacts", d.people["Accounts"]).String()) {
		d.fail("C9 whole or nothing", "why says of the refused company: %s %+v", l.State, l.Reason)
	}
	for _, name := range flowPeople {
		if l := d.why(ctx, atHub("contacts", d.people[name])); l.State == link.Linked || l.State == link.Claimed || l.Reason == nil {
			d.fail("C9 whole or nothing", "why says of %s, whose company was refused: %s %s %+v", name, l.State, l.B, l.Reason)
		}
	}
	if len(d.problems) > 0 {
		return
	}
	d.mended = true
	if n, err := d.e.Retry(ctx, company, "", "editor"); n != 1 || err != nil {
		d.fail("why", "retry of the company takes %d up: %v", n, err)
	}
	d.rest(ctx, 10*time.Minute)
	d.imported(ctx)
}

// exported: one deal of the company with the document's lines, one audit, one forward.
func (d *padDesk) exported(ctx context.Context) {
	d.deal(ctx, "172", "BLADE 1 10", "TOWER 2 50.25", "RARE 3 5", "BLADE 4 11.5", "TOWER 5 0.1")
	d.settled(ctx)
}

func (d *padDesk) exportedAgain(ctx context.Context) {
	d.deal(ctx, "251.5", "BLADE 7 10", "RARE 3 5", "BLADE 4 11.5", "TOWER 5 0.1", "TOWER 2 60")
	if r, err := d.e.GetRun(ctx, d.run); err != nil || r.Status != "done" {
		d.fail("B5 a run ends", "the run that exports it again is %s: %v", r.Status, err)
	}
	d.settled(ctx)
}

// deal wants the document of the flow exported once, as it is now.
func (d *padDesk) deal(ctx context.Context, amount string, lines ...string) {
	deals := d.alive("C7 one deal", "deals", 1)
	id := d.linked(ctx, atPad("sales-documents", d.document), "deals")
	for _, deal := range deals {
		if p := deal.Properties; deal.ID != id || deal.PrimaryCompany != d.company || p["amount"] != amount || p["dealname"] != "ORDER ORD77 Alpha Ltd" {
			d.fail("C7 one deal", "deal %s of company %s, linked is %s: %v", deal.ID, deal.PrimaryCompany, id, p)
		}
		d.lines(ctx, deal, lines)
	}
	d.alive("C7 one deal", "companies", 1)
	doc, _ := d.s.SalesPad.Get("SalesDocument", d.document)
	if n := len(d.ours("forward", "SalesDocument")); n != 1 || doc.Fields["Sales_Batch"] != "READY TO SHIP" {
		d.fail("Q7 forwarded once", "forwarded %d times, and it stands in %s", n, doc.Fields["Sales_Batch"])
	}
	var audits []string
	for _, a := range d.s.SalesPad.Audits("ORDER", "ORD77") {
		if a.Fields["Audit_Type"] != "Workflow" {
			audits = append(audits, a.Fields["Audit_Text"])
		}
	}
	if len(audits) != 1 || strings.Count(audits[0], "RARE") != 1 || strings.Contains(audits[0], "BLADE") || strings.Contains(audits[0], "TOWER") {
		d.fail("Q7 one audit", "the audits are %q", audits)
	}
}

// lines wants a deal's line items to be the lines of its document, each linked, and of products where the item is one.
func (d *padDesk) lines(ctx context.Context, deal hubspottest.Record, want []string) {
	products := map[string]string{}
	for _, p := range d.alive("C7 one deal", "products", 2) {
		products[p.Properties["hs_sku"]] = p.ID
	}
	of := map[string]string{} // line items by the line they are linked to
	for _, l := range d.s.SalesPad.Lines("ORDER", "ORD77") {
		of[d.linked(ctx, atPad("sales-document-lines", l.Key), "line_items")] = l.Key
	}
	var got []string
	for _, r := range d.alive("C7 one deal", "line_items", len(want)) {
		p := r.Properties
		got = append(got, p["hs_sku"]+" "+p["quantity"]+" "+p["price"])
		if !slices.Contains(deal.Associations["line_items"], r.ID) || of[r.ID] == "" || p["hs_product_id"] != products[p["hs_sku"]] {
			d.fail("C7 one deal", "line item %s of %q, linked to %q, of product %q: %v", r.ID, deal.Associations["line_items"], of[r.ID], p["hs_product_id"], p)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		d.fail("C8 the right lines", "%q, want %q", got, want)
	}
}

// converted: the company and its contacts are the customer's and its addresses', whose changes reach them; nothing was made or changed by us.
func (d *padDesk) converted(ctx context.Context) {
	if got := d.linked(ctx, atHub("companies", d.company), "customers"); got != d.customer {
		d.fail("B6 the link goes along", "the company is linked to %q, want %s", got, d.customer)
	}
	for _, name := range sorted(d.people) {
		key := d.linked(ctx, atHub("contacts", d.people[name]), "customer-addresses")
		r, _ := d.s.SalesPad.Get("CustomerAddr", key)
		if r.Fields["Customer_Num"] != d.customer || r.Fields["Email"] != strings.ToLower(name)+"@"+flowDomain {
			d.fail("B6 the link goes along", "%s has the address %s %v", name, key, r.Fields)
		}
		do(d.s.SalesPad.Update("CustomerAddr", key, salespadtest.Fields{"Phone_1": "778899"}))
	}
	if len(d.problems) > 0 {
		return
	}
	do(d.s.SalesPad.Update("Customer", d.customer, salespadtest.Fields{"Note": "A customer now"}))
	d.pastLags()
	d.rest(ctx, 0)
	if r, _ := d.s.HubSpot.Record("companies", d.company); r.Properties["description"] != "A customer now" {
		d.fail("B6 the link goes along", "the customer's changes do not reach the company: %v", r.Properties)
	}
	for _, r := range d.alive("B6 the link goes along", "contacts", len(d.people)) {
		if !strings.HasPrefix(r.Properties["phone"], "778899") {
			d.fail("B6 the link goes along", "the address's changes do not reach the contact: %v", r.Properties)
		}
	}
	d.alive("B6 the link goes along", "companies", 1)
	if ours := d.ours("", ""); len(ours) > 0 {
		d.fail("B6 the link goes along", "we wrote at SalesPad: %v", ours)
	}
	d.settled(ctx)
}

// settled: nothing is under way or complained of, and a look at everything writes nothing.
func (d *padDesk) settled(ctx context.Context) {
	heads, err := d.e.Heads(ctx)
	if err != nil {
		d.fail("why", "%v", err)
	}
	for _, h := range heads {
		page, err := d.e.Links(ctx, engine.LinkQuery{Mapping: h.Name, Limit: engine.MaxLinks})
		if err != nil {
			d.fail("why", "%v", err)
		}
		for _, l := range page.Links {
			if l.State == link.Claimed || l.Intent != nil || len(l.Todo) > 0 {
				d.fail("C6 ambiguous outcome", "%s was left under way: %s %v", l.A, l.State, l.Todo)
			}
		}
	}
	errs, err := d.e.Errors(ctx, "")
	if err != nil || len(errs) > 0 {
		d.fail("C10 convergence", "sync errors are open: %v %v", errs, err)
	}
	if len(d.problems) > 0 {
		return
	}
	before := len(d.s.Writes)
	for _, h := range heads {
		if h.Name == "document-lines" {
			continue // they are written with their documents
		}
		if _, err := d.e.RunMapping(ctx, engine.Run{Kind: "full", Mapping: h.Name, Actor: "editor"}, nil); err != nil {
			d.fail("C21 resync is idempotent", "%s: %v", h.Name, err)
		}
	}
	d.rest(ctx, 0)
	if wrote := d.s.Writes[before:]; len(wrote) > 0 {
		d.fail("C21 resync is idempotent", "a look at everything wrote %v", wrote)
	}
}
