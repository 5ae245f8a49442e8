package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

func (c *checker) document() {
	m, d := c.m, c.m.Document
	if d == nil {
		c.withoutDocument()
		return
	}
	c.mirror()
	if m.Slot != documentSlot {
		c.addf("slot", "write slot: document, so that a deal can never have two documents", "a mapping that bills takes the slot document, not %q", m.Slot)
	}
	if m.Since == nil {
		c.add("since", "is missing", "write the first day whose won deals are billed, for example since: 2026-01-01; earlier ones are never billed by themselves")
	}
	if c.needed("document.kind", d.Kind, "write kind: invoice or kind: contract") {
		c.word("document.kind", d.Kind, kinds)
	}
	c.word("document.recurring", d.Recurring, recurrings)
	c.word("document.amounts", d.Amounts, amountRules)
	c.word("document.prices", d.Prices, priceRules)
	c.word("document.discount_per", d.DiscountPer, discounts)
	c.word("document.lost", d.Lost, losts)
	c.needed("document.won.stage", d.Stage, "name the field of a that holds the stage, for example dealstage")
	c.needed("document.won.closed_on", d.ClosedOn, "name the field of a with the close date, for example closedate")
	c.needed("document.amount", d.Amount, "name the field of a with the deal's own total, for example amount")
	if strings.Count(d.EnteredOn, "{stage}") > 1 {
		c.addf("document.won.entered_on", `write {stage} once, in the stage's place, for example "hs_v2_date_entered_{stage}"; or name one field`, "%q says twice where the stage's id goes", d.EnteredOn)
	}
	if d.Kind == "invoice" && d.Recurring == "yes" {
		c.add("document.recurring", "an invoice is made once and cannot carry what recurs", "write kind: contract, or recurring: no")
	}
}

func (c *checker) mirror() {
	m := c.m.Mirror
	if m == nil {
		return
	}
	c.needed("mirror.connection", m.Connection, "name the role of the other CRM's connection")
	c.needed("mirror.object", m.Object, "name the kind of record there that is a deal, for example deals or Opportunity")
	if m.Connection != "" && m.Connection == c.m.A.Connection {
		c.add("mirror.connection", "the mirror of a deal stands in another CRM", "name the other CRM's connection, or leave mirror out")
	}
	if m.A != "" && m.Field != "" {
		c.add("mirror", "it names a field of either side", "keep a, if this record holds the id of the one there, or field, if that one holds the id of this")
	}
}

func (c *checker) withoutDocument() {
	m := c.m
	for _, only := range []struct {
		path  string
		given bool
	}{{"since", m.Since != nil}, {"lines", m.Children != nil}, {"mirror", m.Mirror != nil}} {
		if only.given {
			c.addf(only.path, "add document, or leave it out", "%s belongs to a mapping that makes documents", only.path)
		}
	}
	if m.Slot == documentSlot {
		c.add("slot", "the slot document belongs to mappings that make documents", "add document, or name another slot")
	}
}

func (c *checker) lines() {
	m, l := c.m, c.m.Children
	if m.Document == nil {
		return
	}
	if l == nil {
		c.add("lines", "is missing", "a document needs its lines: which records they are, and where product, quantity, price and name go")
		return
	}
	c.needed("lines.of", l.A, "name the kind of record of a that is a line, for example line_items")
	c.needed("lines.as", l.B, "name b's list of lines, for example lines")
	for _, want := range l.wanted(m.Document) {
		c.needed(want.path, want.got, want.fix)
	}
	for _, role := range l.Roles() {
		c.role(role)
	}
	seen := map[string]string{}
	for _, role := range l.Roles() {
		if role.B != "" {
			seen[role.B] = "lines." + role.Name
		}
	}
	for _, f := range l.Fields {
		c.field(f)
		c.lineField(f)
		if before, ok := seen[f.B]; ok && f.B != "" {
			c.addf(f.Path+".b", "leave one of them out", "%s is written by %s already", f.B, before)
		}
		seen[f.B] = f.Path
	}
}

// lineField refuses what means nothing inside a line: a line is written as a whole, and reads its own record.
func (c *checker) lineField(f Field) {
	for _, only := range []struct {
		key   string
		given bool
	}{{"direction", f.Direction != ""}, {"only_blank", f.OnlyBlank != ""}, {"order", f.Order != nil}, {"by", f.By != ""}, {"conflict", f.Conflict != ""}, {"first", f.First != ""}, {"drift", f.Drift != "keep"}, {"group", f.Group != ""}, {"create_only", f.CreateOnly},
		{"through", f.Through != ""}, {"value", f.Value != ""}} {
		if only.given {
			c.addf(f.Path+"."+only.key, "leave it out", "%s cannot be used for a field of a line", only.key)
		}
	}
}

type wantedRole struct{ path, got, fix string }

// wanted lists the parts of the lines without which no document can be made.
func (l *Children) wanted(d *Document) []wantedRole {
	out := []wantedRole{
		{"lines.product.b", l.Product.B, "name the field of b's line that holds the product, for example productId"},
		{"lines.quantity.a", l.Quantity.A, "name the field of the line that holds the quantity"},
		{"lines.quantity.b", l.Quantity.B, "name the field of b's line that holds the quantity"},
		{"lines.price.a", l.Price.A, "name the field of the line that holds the unit price"},
		{"lines.price.b", l.Price.B, "name the field of b's line that holds the unit price, for example priceOverwrite"},
		{"lines.name.a", l.Name.A, "name the field of the line that holds its name"},
		{"lines.name.b", l.Name.B, "name the field of b's line that holds its text; a price that had to be rewritten is explained there"},
	}
	if l.Product.A != "" {
		out = append(out, wantedRole{"document.products", d.Products, "name the mapping that links products, for example products-to-products"})
	} else {
		out = append(out, wantedRole{"document.default_product", d.DefaultProduct, "name lines.product.a, or the product that every line is billed as"})
	}
	if d.Recurring != "any" || d.Kind == "contract" {
		out = append(out, wantedRole{"lines.recurrence.a", l.Recurrence.A, "name the field of " + l.A + " that says how often a line is billed, and under once and values what stands in it; without it nobody can tell invoice from contract. If nothing recurs, leave the contracts out and write recurring: any for the invoices"})
	}
	if d.Kind == "contract" {
		out = append(out, wantedRole{"lines.recurrence.b", l.Recurrence.B, "name the field of b's line that says how often it is billed, for example billingRecurrence"})
	}
	return out
}

// onlyA are roles that have no field at b: they change other fields of the line.
var onlyA = []string{"discount_amount", "discount_percent", "currency", "position"}

func (c *checker) role(r NamedRole) {
	path := "lines." + r.Name
	if r.B != "" && slices.Contains(onlyA, r.Name) {
		c.addf(path+".b", "leave b out", "%s is worked into the other fields of the line", r.Name)
	}
	if r.B != "" && r.Name == "recurrence" && c.m.Document.Kind == "invoice" {
		c.add(path+".b", "a line of an invoice does not recur", "leave b and values out; a tells whether the deal is for the contract mapping")
	}
	for _, only := range []struct {
		key, of string
		given   bool
	}{{"or", "name", r.Or != ""}, {"once", "recurrence", len(r.Once) > 0}} {
		if only.given && r.Name != only.of {
			c.addf(path+"."+only.key, "leave it out", "%s is for %s only", only.key, only.of)
		}
	}
	if len(r.Values) > 0 && r.Name != "recurrence" {
		c.addf(path+".values", "leave it out", "%s takes no value map", r.Name)
	}
	if r.Name == "recurrence" && r.B != "" && len(r.Values) == 0 {
		c.add(path+".values", "is missing", "say which frequency of a is which of b; one that is not named is held, never rounded to a neighbour")
	}
	if r.A != "" && strings.HasPrefix(r.A, "associations.") {
		c.addf(path+".a", "name the field of the line itself", "%s is not a field of a line", r.A)
	}
}

// afterWords says after which words a word may stand, by kind of document; openable documents are opened before they are sent.
var afterWords = map[string]map[string][]string{
	"invoice":  {"open": nil, "send_email": {"open"}, "einvoice": {"open"}, "write_back": nil},
	"contract": {"publish": nil, "write_back": nil},
}

func (c *checker) after() {
	m := c.m
	c.writeBack()
	c.email()
	if m.Document == nil {
		c.atSource()
		return
	}
	if m.AtSource != nil {
		c.add("at_source", "it belongs to a mapping that makes no billing documents", "leave it out")
	}
	legal, ok := afterWords[m.Document.Kind]
	if !ok {
		return
	}
	for i, word := range m.After {
		path := fmt.Sprintf("after[%d]", i)
		needs, known := legal[word]
		switch {
		case !known:
			c.addf(path, didYouMean(word, sortedKeys(legal)), "%q is nothing that can follow the making of this %s", word, m.Document.Kind)
		case slices.Index(m.After, word) < i:
			c.addf(path, "leave one of them out", "%s is given twice", word)
		case len(needs) > 0 && !slices.Contains(m.After, needs[0]):
			c.addf(path, "add "+needs[0]+", or leave "+word+" out", "%s needs %s: a draft is never sent", word, needs[0])
		}
	}
}

// email is asked for exactly where send_email is: an e-mail without subject or reply address is refused by billing.
func (c *checker) email() {
	e, asked := c.m.Email, slices.Contains(c.m.After, "send_email")
	switch {
	case e == nil && asked:
		c.add("after", "send_email needs to know what to write", `add email: { subject: "Invoice {invoiceNumber}", reply_to: ar@example.com }`)
	case e != nil && !asked:
		c.add("email", "is described but not asked for", "add send_email to after, or leave it out")
	case e != nil:
		c.needed("email.subject", e.Subject, "write the subject; {invoiceNumber} stands for the document's number")
		if c.needed("email.reply_to", e.ReplyTo, "write the address that answers go to") && !addressForm().MatchString(e.ReplyTo) {
			c.addf("email.reply_to", "write one address, for example ar@example.com", "%q is not an e-mail address", e.ReplyTo)
		}
	}
}

var addressForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+$`) })

func (c *checker) writeBack() {
	m := c.m
	asked := slices.Contains(m.After, "write_back")
	if asked && len(m.WriteBack) == 0 {
		c.add("after", "write_back has nothing to write", "add write_back: [ { a: FIELD, b: FIELD OF THE DOCUMENT } ]")
	}
	if !asked && len(m.WriteBack) > 0 {
		c.add("write_back", "is described but not asked for", "add write_back to after, or leave it out")
	}
	seen := map[string]bool{}
	for _, f := range m.WriteBack {
		c.writeBackField(f)
		if len(f.A) == 1 && seen[f.A[0]] {
			c.addf(f.Path+".a", "leave one of them out", "%s is filled twice", f.A[0])
		}
		if len(f.A) == 1 {
			seen[f.A[0]] = true
		}
	}
}

func (c *checker) writeBackField(f Field) {
	if len(f.A) != 1 {
		c.add(f.Path+".a", "one field of a is filled", "name one field of "+c.m.A.Object)
	}
	var sources []string
	if f.B != "" {
		sources = append(sources, "b")
	}
	for _, s := range f.sources() {
		if s != "a" {
			sources = append(sources, s)
		}
	}
	switch len(sources) {
	case 1:
	case 0:
		c.add(f.Path, "nothing says where the value comes from", "give b (a field of the document), value (an expression with target) or static (a fixed text)")
	default:
		c.addf(f.Path, "keep one of them", "the value comes from %s", strings.Join(sources, " and from "))
	}
	c.transform(f.Path+".transform", f.Transform, 1)
	c.script(f.Path+".value", f.Value, LinkExpression)
	if f.Through != "" || f.Table != "" || f.Group != "" || f.Conflict != "" || f.First != "" {
		c.add(f.Path, "a field that is written back takes a, b, value, static, transform, values, else, default and blank only", "leave the others out")
	}
}
