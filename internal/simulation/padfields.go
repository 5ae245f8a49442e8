package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// padKinds are the fields of the set hubspot-salespad, written down here a second time, by hand: HubSpot's, SalesPad's, and when two
// values say the same. SalesPad's changes are carried to HubSpot; HubSpot's stay there.
func padKinds() []kind {
	address := rule{a: []string{"address", "city", "state", "zip", "country"}, b: []string{"Address_Line_1", "City", "State", "Zip", "Country"}, kind: "parts"}
	personal := []rule{
		{a: []string{"firstname", "lastname"}, b: just("Contact_Person"), kind: "name"},
		{a: just("email"), b: just("Email"), kind: "fold"},
		{a: just("phone"), b: just("Phone_1"), kind: "digits"},
		address,
	}
	return []kind{
		{"customers", "companies", "customers", []rule{{a: just("name"), b: just("Customer_Name")}, {a: just("description"), b: just("Note")}}},
		{"prospects", "companies", "prospects", []rule{{a: just("name"), b: just("Prospect_Name")}, {a: just("description"), b: just("Note")}, {a: just("phone"), b: just("Phone_1"), kind: "digits"}, address}},
		{"addresses", "contacts", "customer-addresses", personal},
		{"prospect-contacts", "contacts", "prospect-contacts", personal},
		{"items", "products", "items", []rule{{a: just("name"), b: just("Item_Description")}, {a: just("price"), b: just("List_Price"), kind: "number"}}},
	}
}

// pair judges the fields of one pair: at rest both sides say the same, unless somebody at HubSpot changed it after SalesPad did, or it
// differed when they met.
func (c *padCheck) pair(l link.Link) {
	hub, erp := l.A, l.B
	if hub.Connection != "hubspot" {
		hub, erp = erp, hub
	}
	h, hubThere := c.hubs[hub.Object+"/"+hub.ID]
	e, erpThere := c.erps[erp.Object+"/"+erp.ID]
	if !hubThere || !erpThere || !alive(h) || l.Reason != nil || len(c.errors[hub]) > 0 || len(c.errors[erp]) > 0 {
		return
	}
	for _, k := range c.p.kinds {
		if k.a != hub.Object || k.b != erp.Object {
			continue
		}
		for _, r := range k.fields {
			c.field(l, r, hub, erp, values(h.Properties, r.a), values(e.Fields, r.b))
		}
	}
}

func values(of map[string]string, names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, of[name])
	}
	return out
}

func (c *padCheck) field(l link.Link, r rule, hub, erp record.Ref, h, e []string) {
	if strings.Join(e, "") == "" { // blank: keep
		return
	}
	if r.agree(h, e) {
		c.s.branch(padSame)
		return
	}
	theirs := c.past(resources[erp.Object]+"/"+erp.ID, r.b)
	changed := latest(theirs)
	own := history(c.p.journal.hub, hub.Object+"/"+hub.ID, r.a)
	last := version{}
	if len(own) > 0 {
		last = own[len(own)-1]
	}
	met := c.joined[erp]
	if at := c.joined[hub]; met.IsZero() || !at.IsZero() && at.Before(met) {
		met = at
	}
	switch {
	case r.kind == "parts" && gaps(h, e) && !changed.at.After(met): // as they meet a group goes as one, and blanks nothing: what SalesPad says only in part is not carried
		c.s.branch("SalesPad: HubSpot's fuller address stays")
	case last.by == person && last.at.After(changed.at):
		c.s.branch(padOwn)
	case (!changed.at.After(met) || len(theirs) == 1 && c.byPeople(erp)) && (len(own) == 0 || last.by == person): // what a record was entered with is older than its pair
		c.s.branch(padMet)
	case met.IsZero() && last.by == person: // who met them died between the link and the trail, which alone says when that was: SalesPad's change may be older
		c.s.branch("SalesPad: nobody told when a pair met")
	default:
		c.fail("C1 at rest", "%s says %q and %s %q of %v: %s%s", hub, h, erp, e, r.a, c.story(hub), c.tale(met, own, theirs)+c.heard(hub, erp))
	}
}

// byPeople tells whether a record of SalesPad, or the prospect or contact that it was, was entered by people.
func (c *padCheck) byPeople(erp record.Ref) bool {
	_, made := c.ours[erp.Object+"/"+erp.ID]
	if was := c.p.former[resources[erp.Object]+"/"+erp.ID]; was != "" {
		resource, key, _ := strings.Cut(was, "/")
		for object, name := range resources {
			if name == resource {
				_, made = c.ours[object+"/"+key]
			}
		}
	}
	return !made
}

// gaps tells whether the second of two groups lacks what the first has.
func gaps(h, e []string) bool {
	for n := range h {
		if h[n] != "" && e[n] == "" {
			return true
		}
	}
	return false
}

// past is what people entered of a group of fields of one record of SalesPad, and of the prospect that it was.
func (c *padCheck) past(at string, names []string) []version {
	out := c.entered(at, names)
	was := c.p.former[at]
	if was == "" {
		return out
	}
	var old []string
	for _, name := range names {
		if name == "Customer_Name" {
			name = "Prospect_Name"
		}
		old = append(old, name)
	}
	return append(c.entered(was, old), out...)
}

func (c *padCheck) entered(at string, names []string) []version {
	return history(c.p.past, at, names)
}

func latest(list []version) version {
	if len(list) == 0 {
		return version{}
	}
	return list[len(list)-1]
}

// agree tells whether two groups say the same.
func (r rule) agree(h, e []string) bool {
	switch r.kind {
	case "name": // SalesPad has one field for the name
		return strings.TrimSpace(strings.Join(h, " ")) == e[0]
	case "fold":
		return strings.EqualFold(h[0], e[0])
	case "digits": // GP adds an extension
		return strings.TrimRight(h[0], "0") == strings.TrimRight(e[0], "0")
	case "number":
		return plainAmount(h[0]) == plainAmount(e[0])
	case "parts":
		for n := range e {
			if e[n] != "" && h[n] != e[n] {
				return false
			}
		}
		return true
	}
	return h[0] == e[0]
}

// heard is what the audit trail says of either record, of a seed that is looked into.
func (c *padCheck) heard(refs ...record.Ref) (out string) {
	for _, l := range c.lines {
		if slices.Contains(refs, l.Ref) || slices.Contains(refs, l.Target) {
			out += fmt.Sprintf("\n          told %s %s %s-%s %s %v", l.At.Format("15:04:05.000"), l.Kind, l.Ref, l.Target, l.Cause, l.Outcomes)
			for _, f := range l.Fields {
				out += fmt.Sprintf("\n            %s %s %q: %s", f.Action, f.Field, f.New.Text(), f.Rule)
			}
		}
	}
	return out
}

// tale is what became of a field at both sides, for a person who looks into a failure.
func (c *padCheck) tale(met time.Time, hub, erp []version) string {
	out := "\n        first spoken of " + met.Format("15:04:05.000")
	for _, side := range []struct {
		name string
		past []version
	}{{"HubSpot", hub}, {"SalesPad", erp}} {
		for _, v := range side.past {
			out += fmt.Sprintf("\n          %s %s %q by %s", side.name, v.at.Format("15:04:05.000"), v.value, v.by)
		}
	}
	return out
}

// padDocument is a document judged.
type padDocument struct {
	r     salespadtest.Record
	ref   record.Ref
	link  link.Link
	deal  string
	n     int // how often we forwarded it
	want  padSnapshot
	moved bool // the queue that it left is behind it, and people changed it since
}

// documents: each queued document became one deal with all its lines and its total, was forwarded once, and noted once (C7, C8, C9).
func (c *padCheck) documents() {
	for _, r := range c.s.SalesPad.All("SalesDocument") {
		d := padDocument{r: r, ref: erpRef("sales-documents", r.Key), n: c.p.forwards(r.Key)}
		d.link = c.byA[d.ref]
		d.deal = d.link.B.ID
		d.want, d.moved = c.p.left[r.Key]
		if !d.moved || queued(r) || d.want.forwards < d.n {
			d.want = c.p.snapshot(r)
		}
		c.onlyDeal(d)
		switch {
		case d.n > 1+c.p.asked[r.Key]:
			c.fail("C7 forwarded once", "%s was forwarded %d times, and asked for again %d times", d.ref, d.n, c.p.asked[r.Key])
		case d.n > 0 && d.deal == "":
			c.fail("C7 none missing", "%s was forwarded and is no deal: %s", d.ref, c.story(d.ref))
		case queued(r) && d.n == 0 && !c.told(d.ref) && !c.putBack(d):
			c.fail("C7 none missing", "%s stands in %s, and nobody is told why: %s", d.ref, r.Fields["Sales_Batch"], c.story(d.ref))
		case queued(r) && d.n > 0 && d.link.Reason == nil && !c.told(d.ref):
			c.fail("C7 none missing", "%s stands in %s again, and why does not say what to do: %s", d.ref, r.Fields["Sales_Batch"], c.story(d.ref))
		case d.n > 0 && r.State != "Void" && len(c.errors[d.ref]) == 0: // what becomes of the deal of a void document is a person's affair
			c.exported(d)
		}
		c.noted(d)
	}
}

// putBack tells of a document that it was exported, forwarded by hand before we did, and put into the queue again: why says what to do, as of
// one that we forwarded.
func (c *padCheck) putBack(d padDocument) bool {
	byHand := slices.ContainsFunc(c.s.SalesPad.Log(), func(e salespadtest.Effect) bool {
		return e.Did == "forward" && e.Resource == "SalesDocument" && e.Key == d.r.Key && e.By == salespadtest.Person
	})
	return byHand && d.deal != "" && d.link.Reason != nil && d.link.Reason.Category == plan.Waits
}

// onlyDeal: of a document there is one deal, ever.
func (c *padCheck) onlyDeal(d padDocument) {
	docType, num, _ := strings.Cut(d.r.Key, "|")
	var deals []string
	for _, key := range sorted(c.hubs) {
		if r := c.hubs[key]; r.Type == "deals" && strings.HasPrefix(r.Properties["dealname"], docType+" "+num+" ") {
			deals = append(deals, r.ID)
		}
	}
	if len(deals) > 1 || len(deals) == 1 && d.deal != deals[0] && !c.told(d.ref) {
		c.fail("C7 at most one", "%s has deals %v and is linked to %q: %s", d.ref, deals, d.deal, c.story(d.ref))
	}
}

// exported: the deal of a document that was forwarded is whole.
func (c *padCheck) exported(d padDocument) {
	r := c.hubs["deals/"+d.deal]
	var lines []string
	for _, id := range r.Associations["line_items"] {
		if l := c.hubs["line_items/"+id]; l.ID != "" && !l.Archived {
			p := l.Properties
			lines = append(lines, lineText(p["hs_sku"], p["quantity"], p["price"], p["name"]))
		}
	}
	got := padSnapshot{total: plainAmount(r.Properties["amount"]), lines: lines, forwards: d.want.forwards}
	slices.Sort(got.lines)
	if !got.same(d.want) && !c.overtaken(d) && !c.wentAgain(d, got) {
		c.fail("C9 whole", "%s is %v at SalesPad and %v at HubSpot: %s", d.ref, d.want, got, c.story(d.ref))
	}
	if stage := c.p.moved[d.deal]; stage != "" && r.Properties["dealstage"] != stage {
		c.fail("C14 protected", "the deal of %s was moved to %s and stands in %s", d.ref, stage, r.Properties["dealstage"])
	}
	l, ok := c.byB[erpRef("customers", d.r.Fields["Customer_Num"])]
	if company := c.hubs["companies/"+l.A.ID]; ok && alive(company) && company.Properties["hs_merged_object_ids"] == "" && len(l.Former) == 0 && r.PrimaryCompany != l.A.ID {
		c.fail("C19 associations", "the deal of %s is of company %q, its customer's is %s", d.ref, r.PrimaryCompany, l.A.ID)
	}
}

func (s padSnapshot) same(o padSnapshot) bool {
	return s.total == o.total && slices.Equal(s.lines, o.lines)
}

// wentAgain tells of a document that left the queue that its deal is as the document was later: a task that came late carries what it reads.
func (c *padCheck) wentAgain(d padDocument, got padSnapshot) bool {
	key := d.r.Key
	from := len(c.p.states[key])
	if d.moved {
		from = c.p.left[key].at
	}
	return !queued(d.r) && (got.same(c.p.snapshot(d.r)) || slices.ContainsFunc(c.p.states[key][from:], got.same))
}

// overtaken tells whether people changed a document while it was forwarded: between the last look at it, of the process that forwarded it,
// and the forward nobody can have seen it (A13).
func (c *padCheck) overtaken(d padDocument) bool {
	at := c.p.touched[d.r.Key]
	_, num, _ := strings.Cut(d.r.Key, "|")
	for _, e := range c.s.SalesPad.Log() {
		if e.Did != "forward" || e.Resource != "SalesDocument" || e.Key != d.r.Key || e.By == salespadtest.Person || !at.Before(e.At) {
			continue
		}
		if slices.ContainsFunc(c.p.flights[num], func(f flight) bool { return e.At.Sub(f.to).Abs() < time.Second && at.After(f.from) }) {
			c.s.branch("SalesPad: a document changed between our last look and the forward")
			return true
		}
	}
	return false
}

// noted: what HubSpot lacks is noted on the document, and nothing is noted twice.
func (c *padCheck) noted(d padDocument) {
	docType, num, _ := strings.Cut(d.r.Key, "|")
	seen, all := map[string]bool{}, ""
	for _, a := range c.s.SalesPad.Audits(docType, num) {
		text := a.Fields["Audit_Text"]
		if a.Fields["Audit_Type"] == "Workflow" {
			continue
		}
		if seen[text] {
			c.fail("C7 noted once", "%s has the audit %q twice", d.ref, text)
		}
		seen[text] = true
		all += text + "\n"
	}
	if d.n == 0 || len(c.errors[d.ref]) > 0 || c.overtaken(d) {
		return
	}
	for _, l := range c.s.SalesPad.Lines(docType, num) {
		item := l.Fields["Item_Number"]
		if _, linked := c.byA[erpRef("items", item)]; !linked && !d.moved && !strings.Contains(all, item) {
			c.fail("C7 noted once", "%s has a line of %s, which is no product, and no audit says so: %q", d.ref, item, all)
		}
	}
}
