package simulation

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Outcome counts what a run ended with.
type Outcome struct{ Won, Invoices, Contracts, Customers, Held, Uncertain int }

// document is a Light document reduced to what an outsider compares.
type document struct {
	id, kind, word, customer, currency, state, marker, description, date string
	net                                                                  int64
	lines                                                                int
}

// check is one look at the world from outside.
type check struct {
	s         *Sim
	e         *engine.Engine
	ctx       context.Context
	problems  []Problem
	outcome   Outcome
	documents map[string][]document // by the deal's word
	byID      map[string]document
	customers map[string]lighttest.Customer
	deals     []deal
	firms     []firm
	firmBy    map[string]firm
	inactive  map[string]bool // products

	dealObject, firmObject, productObject string
}

// Settled judges what must be so as soon as nothing waits any more.
func (s *Sim) Settled(ctx context.Context) []Problem {
	c := s.outsider(ctx)
	c.unclaimed()
	return c.problems
}

// Check judges the world after calm.
func (s *Sim) Check(ctx context.Context) ([]Problem, Outcome) {
	c := s.outsider(ctx)
	c.read()
	c.untouched()
	c.oneCustomerEach()
	c.wholeDocuments()
	for _, d := range c.deals {
		c.deal(d)
	}
	return c.problems, c.outcome
}

func (s *Sim) outsider(ctx context.Context) *check {
	c := &check{s: s, e: s.engine(s.newActor("outsider", slotOperator, 2000)), ctx: ctx, documents: map[string][]document{}, byID: map[string]document{}, customers: map[string]lighttest.Customer{},
		deals: s.crm.deals(), firms: s.crm.firms(), firmBy: map[string]firm{}, inactive: map[string]bool{}}
	c.dealObject, c.firmObject, c.productObject = s.crm.objects()
	for _, f := range c.firms {
		c.firmBy[f.id] = f
	}
	for _, p := range s.crm.catalogue() {
		c.inactive[p.id] = !p.active
	}
	return c
}

func (c *check) fail(id, format string, args ...any) {
	c.problems = append(c.problems, Problem{id, fmt.Sprintf(format, args...)})
}

// read takes stock of Light.
func (c *check) read() {
	for _, v := range c.s.Light.Invoices() {
		if v.ContractID != "" {
			continue // made by Light itself from an active contract
		}
		d := document{id: v.ID, kind: "invoice-receivables", description: string(v.Description), customer: string(v.CustomerID), currency: v.Currency, state: v.State, marker: string(v.Reference), net: v.Net(), lines: len(v.Lines), date: string(v.InvoiceDate)}
		c.keep(d)
		c.outcome.Invoices++
	}
	for _, v := range c.s.Light.Contracts() {
		d := document{id: v.ID, kind: "contracts", description: string(v.Description), customer: string(v.CustomerID), currency: v.Currency, state: v.State, marker: v.CustomProperties.Get(lighttest.MarkerGroup), lines: len(v.Lines), date: string(v.StartDate)}
		for _, l := range v.Lines {
			if l.PriceOverwrite != nil {
				price := new(big.Rat).SetInt64(*l.PriceOverwrite)
				d.net += minor(price.Mul(price, fraction(string(l.Quantity))), "JPY") // they are minor units already
			}
		}
		c.keep(d)
		c.outcome.Contracts++
	}
	for _, v := range c.s.Light.Customers() {
		c.customers[v.ID] = v
		c.outcome.Customers++
	}
}

func (c *check) keep(d document) {
	d.word = word(d.description)
	c.documents[d.word] = append(c.documents[d.word], d)
	c.byID[d.id] = d
}

// untouched: the CRM is only read, but for what is written back; what a person entered at Light and nothing links to is as the person left it; a posted
// document is as it was posted.
func (c *check) untouched() {
	if what := c.s.crm.written(); what != "" {
		c.fail("C3 no echo", "%s %s", c.s.crm.vendor(), what)
	}
	for _, id := range sorted(c.s.town.byHand) {
		was, now := c.s.town.byHand[id], c.customers[id]
		if len(c.why("customers", id)) > 0 {
			continue
		}
		now.UpdatedAt, was.UpdatedAt, now.Status, was.Status = lighttest.Stamp{}, lighttest.Stamp{}, "", ""
		if !reflect.DeepEqual(now, was) {
			c.fail("untouched", "customer %s, which is nobody's counterpart, was changed", id)
		}
	}
	for _, id := range sorted(c.s.town.posted) {
		was := c.s.town.posted[id]
		now, ok := c.s.Light.Invoice(id)
		if !ok || now.Description != was.Description || now.Net() != was.Net() || now.CustomerID != was.CustomerID || len(now.Lines) != len(was.Lines) || now.InvoiceDate != was.InvoiceDate {
			c.fail("C8 posted unchanged", "invoice %s was changed after it was opened", id)
		}
	}
}

// unclaimed: at rest no create may be left under way (C6): every one was found, sent again, or is held in sight.
func (c *check) unclaimed() {
	ids := map[string][]string{}
	for _, d := range c.deals {
		ids[c.dealObject] = append(ids[c.dealObject], d.id)
	}
	for _, f := range c.firms {
		ids[c.firmObject] = append(ids[c.firmObject], f.id)
	}
	for _, p := range c.s.crm.catalogue() {
		ids[c.productObject] = append(ids[c.productObject], p.id)
	}
	for _, object := range []string{c.dealObject, c.firmObject, c.productObject} {
		for _, id := range ids[object] {
			for _, x := range c.why(object, id) {
				if x.Link.State == link.Claimed {
					c.fail("C6 ambiguous outcome", "the create for %s/%s was left under way", object, id)
				}
			}
		}
	}
}

// why asks the product about a record, as a user does.
func (c *check) why(object, id string) []engine.Explanation {
	connection := c.s.crm.connection()
	switch object {
	case "customers", "invoice-receivables", "contracts":
		connection = "light"
	}
	out, err := c.e.Why(c.ctx, record.Ref{Connection: connection, Object: object, ID: id})
	if err != nil {
		c.fail("why", "%s/%s: %v", object, id, err)
	}
	return out
}

// oneCustomerEach: of customers that we made, no two bear one mark (C5), none are for one company, and none share a VAT
// number or web domain: the second of two such companies must have found the first one's customer (A8).
func (c *check) oneCustomerEach() {
	seen, merged := map[string]string{}, map[string]bool{}
	for _, f := range c.firms {
		if f.mergedInto != "" || f.cameOfMerge {
			merged[word(f.street)] = true // two companies with a customer each: the survivor's keys go to one of them
		}
	}
	for _, id := range sorted(c.customers) {
		v := c.customers[id]
		mark := v.CustomProperties.Get(lighttest.MarkerGroup)
		if mark == "" {
			continue
		}
		keys := []string{"mark " + mark}
		alone := v.BillingAddress == nil || !merged[word(v.BillingAddress.Street)]
		if v.BillingAddress != nil && alone {
			keys = append(keys, "company "+word(v.BillingAddress.Street))
		}
		if v.VATNumber != "" && alone && c.madeWith(v, func(f firm) bool { return like(f.vat, string(v.VATNumber)) }) {
			keys = append(keys, "VAT number "+string(v.VATNumber))
		}
		if v.Domain != "" && v.Domain != "gmail.com" && alone && c.madeWith(v, func(f firm) bool { return like(f.domain, string(v.Domain)) }) {
			keys = append(keys, "domain "+string(v.Domain))
		}
		for _, k := range keys {
			if other := seen[k]; other != "" {
				c.fail("C5 one customer", "customers %s and %s were both made for %s", other, id, k)
			}
			seen[k] = id
		}
	}
}

// madeWith tells whether the company that a customer was made for has a key itself: another one that is billed there may have
// filled it in, and may share it with a third.
func (c *check) madeWith(v lighttest.Customer, has func(firm) bool) bool {
	return v.BillingAddress != nil && slices.ContainsFunc(c.firms, func(f firm) bool { return word(f.street) == word(v.BillingAddress.Street) && has(f) })
}

// wholeDocuments: a mark once, a deal once, lines always, a customer that exists.
func (c *check) wholeDocuments() {
	marks := map[string]string{}
	for _, id := range sorted(c.byID) {
		d := c.byID[id]
		if other := marks[d.marker]; d.marker != "" && other != "" {
			c.fail("C7 at most one", "documents %s and %s bear one mark", other, id)
		}
		marks[d.marker] = id
		if d.lines == 0 {
			c.fail("C9 complete", "%s %s has no lines", d.kind, id)
		}
		if _, ok := c.customers[d.customer]; !ok {
			c.fail("C9 complete", "%s %s has no customer", d.kind, id)
		}
	}
	named := map[string]int{}
	for _, d := range c.deals {
		if len(d.merged) == 0 || c.mergedTwice(d) { // what came of a merge adds no document; of two, the one that is kept may take its name
			named[word(d.name)]++
		}
	}
	for _, w := range sorted(c.documents) {
		if list := c.documents[w]; len(list) > named[w] {
			c.fail("C7 at most one", "%d deals named %s have %d documents: %s", named[w], w, len(list), kinds(list))
		}
	}
}

func kinds(list []document) string {
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s (%d %s)", d.kind, d.id, d.net, d.currency))
	}
	return strings.Join(out, ", ")
}

// deal judges one deal: what it should have come to, from the CRM alone, against what is at Light and what why says.
func (c *check) deal(d deal) {
	if d.mergedInto != "" {
		return // its successor is in the list
	}
	var own *document
	link, explained := c.explained(c.dealObject, d.id)
	if doc, ok := c.byID[link.B.ID]; ok {
		own = &doc
	} else if list := c.documents[word(d.name)]; len(list) > 0 && c.alone(d) {
		own = &list[0]
	}
	reason := ""
	if link.Reason != nil {
		reason = link.Reason.Category
	}
	switch {
	case !d.won && own == nil:
		return
	case !d.won:
		if reason != "no_longer_won" && reason != "merged_twice" && !d.unheard {
			c.fail("C7 no longer won", "deal %s is not won any more and has a document; why says %q", d.id, reason)
		}
		return
	}
	c.outcome.Won++
	switch {
	case own == nil && !explained:
		c.fail("C7 none missing", "won deal %s has neither a document nor a reason", d.id)
	case own == nil:
		c.outcome.Held++
		c.held(d, reason, link)
	default:
		c.billed(d, *own, reason, link)
	}
}

// alone tells whether no other deal bears this deal's name: then a document of that name is its own.
func (c *check) alone(d deal) bool {
	n := 0
	for _, other := range c.deals {
		if word(other.name) == word(d.name) {
			n++
		}
	}
	return n == 1
}

// explained gives the link behind a record, following merges, and whether why has anything to say.
func (c *check) explained(object, id string) (link.Link, bool) {
	for range 5 {
		list := c.why(object, id)
		if len(list) == 0 {
			return link.Link{}, false
		}
		l := list[0].Link
		if l.State != link.MovedTo {
			return l, true
		}
		id = l.To.ID
	}
	return link.Link{}, false
}

// held: a won deal without a document needs a reason that the world bears out.
func (c *check) held(d deal, reason string, l link.Link) {
	if reason == "uncertain" || reason == "duplicate_marker" {
		c.outcome.Uncertain++
		return
	}
	if !slices.Contains(c.excuses(d), reason) {
		text := ""
		if l.Reason != nil {
			text = l.Reason.Text
		}
		c.fail("C7 none missing", "won deal %s (%s) has no document; why says %s %q: %s", d.id, d.name, l.State, reason, text)
	}
}

// excuses are the reasons that this deal's records bear out.
func (c *check) excuses(d deal) []string {
	var out []string
	companies := d.firms
	switch {
	case len(companies) == 0:
		out = append(out, "no_company")
	case len(companies) > 1 && d.primary == "":
		out = append(out, "several_companies")
	}
	if d.closed < "2026-01-01" {
		out = append(out, "before_since")
	}
	recurs := slices.ContainsFunc(d.lines, func(l dealLine) bool { return l.recurs })
	if len(d.lines) > 0 && !recurs && minor(fraction(zero(d.amount)), d.currency) != d.total() {
		out = append(out, "amounts_differ")
	}
	if slices.ContainsFunc(d.lines, func(l dealLine) bool { return l.currency != d.currency }) {
		out = append(out, "currency_mismatch") // deals in two currencies were merged
	}
	if recurs {
		out = append(out, "kind_changed") // its document was made when nothing recurred
	}
	if len(d.lines) == 0 && d.amount == "" {
		out = append(out, "no_amount")
	}
	for _, l := range d.lines {
		if c.inactive[l.product] {
			out = append(out, "parent_held")
		}
		if l.overDiscounted {
			out = append(out, "bad_discount")
		}
	}
	for _, id := range companies {
		if c.doubtful(id) {
			out = append(out, "parent_held", "target_archived", "refused")
		}
	}
	return out
}

// doubtful tells whether a company's customer is a person's question: somebody entered or archived one like it, or another
// company shares its name.
func (c *check) doubtful(company string) bool {
	for _, x := range c.why(c.firmObject, company) {
		if c.customers[x.Link.B.ID].Status == "ARCHIVED" {
			return true
		}
	}
	f := c.firmBy[company]
	for _, v := range c.customers {
		similar := like(f.name, v.Name) || like(f.vat, string(v.VATNumber)) || like(f.domain, string(v.Domain)) || like(f.email, string(v.Email))
		ours := v.BillingAddress != nil && word(v.BillingAddress.Street) == word(f.street)
		if similar && (!ours || v.Status == "ARCHIVED") {
			return true
		}
	}
	return false
}

func like(a, b string) bool { return a != "" && strings.EqualFold(a, b) }

// billed: the document is exact (C8); a draft is the deal as it is now, a posted one stays and is complained about.
func (c *check) billed(d deal, doc document, reason string, l link.Link) {
	if d.closed < "2026-01-01" && len(d.merged) == 0 {
		c.fail("A2 since", "deal %s was closed on %s, before the mapping's since, and has document %s", d.id, d.closed, doc.id)
	}
	if l.State == link.Held && (reason == "uncertain" || reason == "duplicate_marker") {
		c.outcome.Uncertain++
		c.fail("C6 found again", "deal %s has its document %s and is held as %s all the same", d.id, doc.id, reason)
		return
	}
	if l.B.ID != doc.id {
		if reason == "merged_twice" || c.mergedTwice(d) {
			return
		}
		c.fail("C7 linked", "document %s of deal %s is not the linked one (%s %s, %s)", doc.id, d.id, l.State, l.B, reason)
		return
	}
	currency, day := d.currency, d.closed
	want, n := d.total(), len(d.lines)
	if n == 0 {
		want, n = minor(fraction(zero(d.amount)), currency), 1
	}
	same := doc.net == want && doc.lines == n && doc.currency == currency && doc.date == day
	draft := doc.state == "DRAFT" || doc.state == "CREATED"
	described := doc.description == d.name || c.s.town.touched[doc.id]
	switch {
	case reason == "merged_twice", c.s.town.touched[doc.id] && reason == "bad_value":
		return
	case reason != "" && slices.Contains(c.excuses(d), reason):
		return // held for a reason that the world bears out: it stays as it was
	case draft && (!same || !described):
		c.fail("C8 exact", "draft %s of deal %s: net %d %s in %d lines, %s, %q; the deal comes to %d %s in %d lines, %s, %q; why says %q", doc.id, d.id, doc.net, doc.currency, doc.lines, doc.date, doc.description, want, currency, n, day, d.name, reason)
	case !draft && (!same || !described) && reason != "posted_differs" && reason != "no_longer_won":
		c.fail("C8 complaint", "posted %s differs from deal %s and why says %q", doc.id, d.id, reason)
	}
	if same && described && !c.s.town.touched[doc.id] && reason == "posted_differs" && !c.merged(d) && len(d.lines) > 0 {
		c.fail("C8 no false complaint", "posted %s is as deal %s is, and why says %q: %s", doc.id, d.id, reason, l.Reason.Text)
	}
	if draft && reason != "" {
		c.fail("C8 no false complaint", "draft %s is as deal %s is, and why says %q: %s", doc.id, d.id, reason, l.Reason.Text)
	}
	if reason != "posted_differs" { // else it is for the customer it was posted for, and that is said
		c.rightCustomer(d, doc)
	}
}

// merged tells whether a deal's company came of a merge: its customer may be another one now.
func (c *check) merged(d deal) bool {
	return slices.ContainsFunc(d.firms, func(id string) bool { return len(c.family(id)) > 1 })
}

// mergedTwice tells whether a deal that was merged into this one had a document of its own, which stays with the old address
// (T5).
func (c *check) mergedTwice(d deal) bool {
	for _, was := range d.merged {
		for _, x := range c.why(c.dealObject, was) {
			if x.Link.State == link.Linked {
				return true
			}
		}
	}
	return false
}

// rightCustomer: the bill goes to the deal's company, or to a customer that shares a key with it.
func (c *check) rightCustomer(d deal, doc document) {
	v := c.customers[doc.customer]
	companies := d.firms
	if d.primary != "" {
		companies = []string{d.primary}
	}
	for _, id := range companies {
		for _, f := range c.family(id) {
			if v.BillingAddress != nil && word(v.BillingAddress.Street) == word(f.street) || like(f.vat, string(v.VATNumber)) || like(f.domain, string(v.Domain)) || like(f.email, string(v.Email)) {
				return
			}
		}
	}
	for _, x := range c.why("customers", doc.customer) {
		if len(c.family(x.Ref.ID)) > 1 {
			return // the customer follows a company that came of a merge, whose keys are other ones now
		}
	}
	c.fail("C7 right customer", "document %s of deal %s (%s) is for customer %s (%s), who is not its company", doc.id, d.id, doc.state, doc.customer, v.Name)
}

// family is a company and all that were merged into it.
func (c *check) family(id string) []firm {
	in := map[string]bool{id: true}
	for range 4 {
		for _, f := range c.firms {
			if in[f.mergedInto] {
				in[f.id] = true
			}
		}
	}
	var out []firm
	for _, k := range slices.Sorted(maps.Keys(in)) {
		out = append(out, c.firmBy[k])
	}
	return out
}
