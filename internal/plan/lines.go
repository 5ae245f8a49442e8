package plan

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/money"
	"crosswalk/internal/record"
)

// documentLines works out the lines to bill: the deal's own lines, or one line for the deal where it has none or the
// mapping prefers its amount (T3).
func documentLines(f *Facts, currency string) ([]LineDecision, *link.Reason, []Need) {
	doc := f.Mapping.Document
	amount, hasAmount, reason := dealAmount(f, currency)
	if reason != nil {
		return nil, reason, nil
	}
	if len(f.Lines) == 0 {
		if !hasAmount {
			return nil, &link.Reason{Category: NoAmount, Fields: []string{doc.Amount}, Text: "it has neither lines nor an amount. Add one of them"}, nil
		}
		return dealLine(f, amount)
	}
	lines, reason, needs := ownLines(f, currency)
	if reason != nil || len(needs) > 0 || !hasAmount || doc.Amounts == "lines" {
		return lines, reason, needs // while a product is being made its line has no price to add up
	}
	total, reason := netTotalAny(lines, currency)
	if reason != nil {
		return nil, reason, nil
	}
	switch {
	case total.Minor == amount.Minor:
		return lines, nil, needs
	case doc.Amounts == "deal":
		return dealLine(f, amount)
	}
	return nil, &link.Reason{Category: AmountsDiffer, Fields: []string{doc.Amount},
		Text: fmt.Sprintf("its amount and the sum of its %d lines differ. Make them equal, or set amounts: lines or deal in %s", len(lines), f.Mapping.Name)}, nil
}

// netTotalAny adds lines without judging the sign of the sum.
func netTotalAny(lines []LineDecision, currency string) (money.Amount, *link.Reason) {
	total, reason := netTotal(lines, currency)
	if reason != nil && (reason.Category == NegativeAmount || reason.Category == ZeroAmount) {
		reason = nil
	}
	return total, reason
}

func dealAmount(f *Facts, currency string) (money.Amount, bool, *link.Reason) {
	v := f.Source.Field(f.Mapping.Document.Amount)
	if v.Blank() {
		return money.Amount{}, false, nil
	}
	fields := []string{f.Mapping.Document.Amount}
	d, err := money.ParseDecimal(v.Text())
	if err != nil {
		return money.Amount{}, false, &link.Reason{Category: BadNumber, Fields: fields, Text: f.Mapping.Document.Amount + " is " + err.Error() + ". Correct it"}
	}
	a, _, err := money.FromDecimal(d, currency) // HubSpot computes amounts to more decimals than the currency has
	if err != nil {
		return money.Amount{}, false, &link.Reason{Category: AmountTooLarge, Fields: fields, Text: f.Mapping.Document.Amount + ": " + err.Error() + ". Correct it"}
	}
	if a.Minor < 0 {
		return money.Amount{}, false, &link.Reason{Category: NegativeAmount, Fields: fields, Text: "its amount is negative, and a credit is an accountant's decision. Make it in billing by hand, or correct the amount"}
	}
	return a, true, nil
}

// dealLine is the one line of a deal that is billed by its own amount.
func dealLine(f *Facts, amount money.Amount) ([]LineDecision, *link.Reason, []Need) {
	c, doc := f.Mapping.Children, f.Mapping.Document
	product, reason := defaultProduct(f, "it has no lines")
	if reason != nil {
		return nil, reason, nil
	}
	fields := map[string]record.Value{
		c.Product.B: record.Of(product), c.Quantity.B: record.Of("1"), c.Price.B: record.Of(fmt.Sprint(amount.Minor)),
	}
	if name := f.Source.Field(doc.Name); c.Name.B != "" && doc.Name != "" && !name.Blank() {
		fields[c.Name.B] = name
	}
	if c.Recurrence.B != "" {
		if once, ok := c.Recurrence.Values[""]; ok {
			fields[c.Recurrence.B] = record.Of(once)
		}
	}
	l := LineDecision{SourceID: link.DefaultLine, Op: "add", Fields: fields, Net: fmt.Sprint(amount.Minor), Note: "the deal's amount as one line"}
	l.Digest = lineDigest(f, fields)
	return []LineDecision{l}, nil, nil
}

// defaultProduct is b's product for what has none of its own. The engine puts its id under the Need with a zero ref.
func defaultProduct(f *Facts, why string) (string, *link.Reason) {
	doc := f.Mapping.Document
	if doc.DefaultProduct == "" {
		return "", &link.Reason{Category: NoProduct, Text: why + " and " + f.Mapping.Name + " names no default_product. Choose a catalogue product, or name one in the mapping"}
	}
	c := f.Counterparts[DefaultProductNeed(f.Mapping)]
	if c.State != Ready {
		return "", &link.Reason{Category: NoProduct, Text: fmt.Sprintf("%s, and the default_product %q is not one active product in billing. Activate or rename it there, or name another in the mapping", why, doc.DefaultProduct)}
	}
	return c.ID, nil
}

// DefaultProductNeed is where the engine puts the default product's id among the counterparts.
func DefaultProductNeed(m *mapping.Mapping) Need {
	return Need{Mapping: m.Name + "/default_product"}
}

func ownLines(f *Facts, currency string) ([]LineDecision, *link.Reason, []Need) {
	var out []LineDecision
	var needs []Need
	for n, source := range inOrder(f.Lines, f.Mapping.Children.Position.A) {
		l, reason, need := ownLine(f, &source, currency)
		if reason != nil {
			reason.Text = fmt.Sprintf("line %d (%s): %s", n+1, source.Ref.ID, reason.Text)
			return nil, reason, nil
		}
		if need != nil {
			needs = append(needs, *need)
		}
		out = append(out, l)
	}
	return out, nil, needs
}

// inOrder sorts lines by their position on the quote, then by id, so that one deal always makes one body.
func inOrder(lines []record.Record, position string) []record.Record {
	out := append([]record.Record(nil), lines...)
	sort.SliceStable(out, func(i, j int) bool {
		pi, ei := money.ParseDecimal(out[i].Field(position).Text())
		pj, ej := money.ParseDecimal(out[j].Field(position).Text())
		if ei == nil && ej == nil && pi.Cmp(pj) != 0 {
			return pi.Cmp(pj) < 0
		}
		if (ei == nil) != (ej == nil) {
			return ei == nil
		}
		a, b := out[i].Ref.ID, out[j].Ref.ID
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	return out
}

func ownLine(f *Facts, source *record.Record, currency string) (LineDecision, *link.Reason, *Need) {
	c := f.Mapping.Children
	l := LineDecision{SourceID: source.Ref.ID, Op: "add", Fields: map[string]record.Value{}}
	if other := source.Field(c.Currency.A); c.Currency.A != "" && !other.Blank() && other.Text() != currency {
		is := "is not"
		if code, err := money.ParseCurrency(other.Text()); err == nil {
			is = "is " + code + ", not" // a code may be shown, whatever else somebody wrote there may not
		}
		return l, &link.Reason{Category: CurrencyMismatch, Fields: []string{c.Currency.A},
			Text: fmt.Sprintf("%s %s the deal's %s, and nothing is converted. Bring it to %s, or make a deal of its own of it", c.Currency.A, is, currency, currency)}, nil
	}
	if reason := lineFrequency(f, source, &l); reason != nil {
		return l, reason, nil
	}
	product, counterpart, reason, need := lineProduct(f, source)
	if reason != nil {
		return l, reason, nil
	}
	priced, reason := linePrice(f, source, currency, counterpart, need != nil)
	if reason != nil {
		return l, reason, nil
	}
	if need != nil {
		l.Net = "0"
		return l, nil, need
	}
	l.Fields[c.Product.B] = record.Of(product)
	l.Fields[c.Quantity.B] = record.Of(priced.Quantity.String())
	l.Fields[c.Price.B] = record.Of(fmt.Sprint(priced.UnitPrice.Minor))
	l.Net = fmt.Sprint(priced.Net.Minor)
	if reason := lineTexts(f, source, &l, priced); reason != nil {
		return l, reason, nil
	}
	l.Digest = lineDigest(f, l.Fields)
	return l, nil, nil
}

// lineFrequency maps how often a line recurs; what billing does not have is held by name, never rounded to a neighbour.
func lineFrequency(f *Facts, source *record.Record, l *LineDecision) *link.Reason {
	role := f.Mapping.Children.Recurrence
	if role.B == "" {
		return nil
	}
	frequency := source.Field(role.A).Text()
	if _, named := role.Values[frequency]; !named && slices.Contains(role.Once, frequency) {
		frequency = "" // another word for billed once
	}
	to, ok := role.Values[frequency]
	if !ok && frequency != "" {
		return &link.Reason{Category: UnknownFrequency, Fields: []string{role.A}, Text: "billing has no frequency " + option(frequency) + ", and it is not rounded to a neighbour. Choose another, or bill it by hand"}
	}
	if ok {
		l.Fields[role.B] = record.Of(to)
	}
	return nil
}

// option shows a value that is the key of an option, and nothing that somebody may have written into a field of free text.
func option(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "as written there"
	}
	return text
}

// lineTexts fills the name and the plain fields.
func lineTexts(f *Facts, source *record.Record, l *LineDecision, priced money.Line) *link.Reason {
	c := f.Mapping.Children
	if c.Name.B != "" {
		name := source.Field(c.Name.A).Text()
		if name == "" && c.Name.Or != "" {
			name = source.Field(c.Name.Or).Text()
		}
		if priced.Collapsed {
			l.Note = fmt.Sprintf("%s x %s", source.Field(c.Quantity.A).Text(), source.Field(c.Price.A).Text())
			if off := discountText(c, source); off != "" {
				l.Note += " " + off
			}
			name = name + " (" + l.Note + ")"
		} else if off := discountText(c, source); off != "" {
			l.Note = "list price " + source.Field(c.Price.A).Text() + " " + off
			name = name + " (" + l.Note + ")"
		}
		if name != "" {
			l.Fields[c.Name.B] = record.Of(name)
		}
	}
	for _, field := range c.Fields {
		w := wantedValue(f, source, field)
		if w.stop != nil {
			return w.stop
		}
		if !w.value.Blank() {
			l.Fields[field.B] = w.value
		}
	}
	return nil
}

func discountText(c *mapping.Children, source *record.Record) string {
	if v := source.Field(c.DiscountPercent.A); !v.Blank() && !isZero(v) {
		return "-" + v.Text() + " %"
	}
	if v := source.Field(c.DiscountAmount.A); !v.Blank() && !isZero(v) {
		return "-" + v.Text()
	}
	return ""
}

func isZero(v record.Value) bool {
	d, err := money.ParseDecimal(v.Text())
	return err == nil && d.IsZero()
}

// lineProduct resolves the line's product through the products mapping, or takes the default one.
func lineProduct(f *Facts, source *record.Record) (string, Counterpart, *link.Reason, *Need) {
	c, doc := f.Mapping.Children, f.Mapping.Document
	id := source.Field(c.Product.A)
	if id.Blank() {
		product, reason := defaultProduct(f, "it has no product")
		return product, Counterpart{}, reason, nil
	}
	need := Need{Mapping: doc.Products, Ref: record.Ref{Connection: f.Source.Ref.Connection, Object: f.SourceObjects[doc.Products], ID: id.Text()}}
	got := f.Counterparts[need]
	switch got.State {
	case Ready:
		if got.Record != nil && got.Record.Archived {
			return "", got, &link.Reason{Category: TargetArchived, Text: fmt.Sprintf("its product %s is archived in billing as %s. Choose another product, or link another", need.Ref, got.ID)}, nil
		}
		return got.ID, got, nil, nil
	case Stuck:
		return "", got, parentReason(need, got), nil
	}
	return "", got, nil, &need
}

// linePrice computes the exact line (T2). A line without a price of its own takes its product's in that currency.
func linePrice(f *Facts, source *record.Record, currency string, product Counterpart, waiting bool) (money.Line, *link.Reason) {
	c := f.Mapping.Children
	in := money.LineInput{Currency: currency, Quantity: money.NewDecimal(1)}
	for _, part := range []struct {
		role mapping.Role
		to   *money.Decimal
	}{{c.Quantity, &in.Quantity}, {c.Price, &in.UnitPrice}, {c.DiscountPercent, &in.Discount.Percent}, {c.DiscountAmount, &in.Discount.PerUnit}} {
		v := source.Field(part.role.A)
		if part.role.A == "" || v.Blank() {
			continue
		}
		d, err := money.ParseDecimal(v.Text())
		if err != nil {
			return money.Line{}, &link.Reason{Category: BadNumber, Fields: []string{part.role.A}, Text: part.role.A + " is " + err.Error() + ". Correct it"}
		}
		*part.to = d
	}
	if source.Field(c.Price.A).Blank() && !waiting {
		own, ok := PriceIn(product.Record, currency)
		if !ok {
			return money.Line{}, &link.Reason{Category: NoPriceInCurrency, Fields: []string{c.Price.A},
				Text: fmt.Sprintf("product %s has no %s price in billing and the line has none. Add the price in either system", product.ID, currency)}
		}
		in.UnitPrice = own.Decimal()
	}
	if in.Quantity.Sign() < 0 || in.UnitPrice.Sign() < 0 {
		return money.Line{}, &link.Reason{Category: NegativeAmount, Fields: []string{c.Quantity.A, c.Price.A}, Text: "quantity or price is negative, and a credit is an accountant's decision. Make it in billing by hand, or correct the line"}
	}
	if f.Mapping.Document.DiscountPer == "line" && !in.Discount.PerUnit.IsZero() {
		return perLine(in)
	}
	line, err := money.ComputeLine(in)
	if err != nil {
		return line, lineReason(err)
	}
	return line, nil
}

// perLine takes a discount amount off the whole line: the line becomes one unit.
func perLine(in money.LineInput) (money.Line, *link.Reason) {
	whole := money.LineInput{Quantity: money.NewDecimal(1), UnitPrice: in.Quantity.Mul(in.UnitPrice), Discount: in.Discount, Currency: in.Currency}
	line, err := money.ComputeLine(whole)
	if err != nil {
		return line, lineReason(err)
	}
	line.Collapsed = true
	return line, nil
}

func lineReason(err error) *link.Reason {
	category := BadDiscount
	if le, ok := err.(*money.LineError); ok {
		switch {
		case le.Field == "amount":
			category = AmountTooLarge
		case le.Field == "currency":
			category = UnknownCurrency
		}
	}
	return &link.Reason{Category: category, Text: err.Error() + ". Correct it"}
}

// PriceIn reads a billing product's price in a currency from its pricings ("EUR:4215").
func PriceIn(product *record.Record, currency string) (money.Amount, bool) {
	for _, part := range product.Field("pricings").List() {
		var minor int64
		if len(part) > 4 && part[:4] == currency+":" {
			if _, err := fmt.Sscan(part[4:], &minor); err == nil {
				return money.Amount{Minor: minor, Currency: currency}, true
			}
		}
	}
	return money.Amount{}, false
}

func lineDigest(f *Facts, fields map[string]record.Value) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		b.WriteString(name)
		b.WriteByte(0)
		b.WriteString(fields[name].Text())
		b.WriteByte(0)
	}
	return f.Tools.Digest(b.String())
}

// lineChanges compares the wanted lines with those of the linked document (T4): by the link's line map, not by position;
// without a map, by what the lines show. A line that a person changed at b alone is left alone. A document that left draft
// and shows exactly what is wanted agrees, whatever the map says: a line's write may have succeeded unseen.
func lineChanges(f *Facts, want []LineDecision) []LineDecision {
	if f.Link.Lines == nil {
		return compareLines(linesByContent(f.Target, want), want)
	}
	out := compareLines(f.Link.Lines, want)
	if changes(out) && !draft(f.Target) {
		if shown := compareLines(linesByContent(f.Target, want), want); !changes(shown) {
			return shown
		}
	}
	return out
}

func compareLines(known map[string]link.Line, want []LineDecision) []LineDecision {
	var out []LineDecision
	seen := map[string]bool{}
	for _, l := range want {
		seen[l.SourceID] = true
		have, ok := known[l.SourceID]
		switch {
		case !ok:
			l.Op = "add"
		case have.Digest == l.Digest:
			l.Op, l.TargetID = "same", have.ID
		default:
			l.Op, l.TargetID = "change", have.ID
		}
		out = append(out, l)
	}
	var gone []string
	for id := range known {
		if !seen[id] {
			gone = append(gone, id)
		}
	}
	sort.Strings(gone)
	for _, id := range gone {
		out = append(out, LineDecision{SourceID: id, TargetID: known[id].ID, Op: "remove", Net: "0"})
	}
	return out
}

// linesByContent makes a line map for a document that was found again: a line that shows exactly what is wanted is that
// line, any other one is nobody's.
func linesByContent(target *record.Record, want []LineDecision) map[string]link.Line {
	out := map[string]link.Line{}
	for n := range target.Children {
		child := &target.Children[n]
		key, digest := "?"+child.Ref.ID, ""
		for _, l := range want {
			if _, taken := out[l.SourceID]; !taken && shows(child, l.Fields) {
				key, digest = l.SourceID, l.Digest
				break
			}
		}
		out[key] = link.Line{ID: child.Ref.ID, Digest: digest}
	}
	return out
}

func shows(child *record.Record, fields map[string]record.Value) bool {
	for name, v := range fields {
		if !child.Field(name).Same(v) {
			return false
		}
	}
	return true
}

func changes(lines []LineDecision) bool {
	for _, l := range lines {
		if l.Op != "same" {
			return true
		}
	}
	return false
}
