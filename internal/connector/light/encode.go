package light

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Encode gives the exact bytes a create sends: fields in the order of the table in field.go, lines in the order
// given, custom properties by name, so that the same write always gives the same bytes (A6). It makes no call, except
// that the first one in a process that names a custom property reads the groups if Prepare was not called: their ids
// are part of the bytes.
//
// Two things are said that Light would otherwise decide: areLinesWithTax is false unless given (Light's default is
// true, fact sheet 4), and a document needs its currency.
func (c *Connector) Encode(w connector.Write) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Deadline)
	defer cancel()
	return c.encodeCreate(ctx, w)
}

func (c *Connector) encodeCreate(ctx context.Context, w connector.Write) ([]byte, error) {
	o, err := known("encode", w.Object)
	if err != nil {
		return nil, err
	}
	list, err := c.propertiesFor(ctx, o, w)
	if err != nil {
		return nil, err
	}
	b := builder{o: o, list: list, create: true, values: w.Fields, lines: w.Children}
	return b.body(o.op("create"))
}

// propertiesFor gives the custom property groups when a write names any. A name that is not found makes them be read
// again: an administrator may just have made it.
func (c *Connector) propertiesFor(ctx context.Context, o *object, w connector.Write) ([]property, error) {
	var names []string
	lacks := func(list []property) bool {
		return slices.ContainsFunc(names, func(n string) bool { _, ok := byName(list, o, n); return !ok })
	}
	inLines := false
	for name := range w.Fields {
		if prop, ok := strings.CutPrefix(name, propPrefix); ok {
			names = append(names, prop)
		}
	}
	for _, line := range w.Children {
		for name := range line {
			inLines = inLines || strings.HasPrefix(name, propPrefix)
		}
	}
	if len(names) == 0 && !inLines {
		return nil, nil
	}
	list, err := c.properties(ctx, 0)
	if err == nil && lacks(list) {
		list, err = c.properties(ctx, propertyAge)
	}
	return list, err
}

// builder makes one JSON body. Complaints are gathered, so that one error names every bad field.
type builder struct {
	o      *object
	list   []property
	create bool
	values map[string]record.Value
	lines  []map[string]record.Value
	base   *record.Record // the target, for what a PATCH replaces as a whole
	prefix string         // of names in complaints: lines.0.

	out []byte
	bad []string
	why []error
}

func (b *builder) complain(name, fix string) {
	b.bad = append(b.bad, b.prefix+name)
	b.why = append(b.why, fmt.Errorf("%s%s: %s", b.prefix, name, fix))
}

func (b *builder) member(name string, raw []byte) {
	if len(b.out) > 0 {
		b.out = append(b.out, ',')
	}
	b.out = append(strconv.AppendQuote(b.out, name), ':')
	b.out = append(b.out, raw...)
}

func (b *builder) body(op string) ([]byte, error) {
	b.all()
	if len(b.bad) > 0 {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Fields: b.bad, Err: errors.Join(b.why...)}
	}
	return slices.Concat([]byte{'{'}, b.out, []byte{'}'}), nil
}

// all writes every member in the order of the object's table, then the custom properties.
func (b *builder) all() {
	group := ""
	for _, f := range b.o.fields {
		prefix, _, dotted := strings.Cut(f.name, ".")
		switch {
		case dotted && prefix == group:
		case dotted:
			group = prefix
			b.nested(prefix)
		case f.kind == prices:
			b.prices()
		case f.kind == lines && b.create:
			b.children()
		default:
			b.plain(f)
		}
	}
	b.properties()
	for _, name := range slices.Sorted(maps.Keys(b.values)) {
		if !b.knows(name) {
			b.complain(name, "Light's "+b.o.name+" have no such field")
		}
	}
	if len(b.lines) > 0 && (!b.create || b.o.lines == "") {
		b.complain("lines", "lines go with the create of a document, later ones are written as "+b.o.name+"/lines")
	}
}

func (b *builder) knows(name string) bool {
	if strings.HasPrefix(name, propPrefix) {
		return true // judged where properties are written
	}
	if code, ok := strings.CutPrefix(name, "pricings."); ok && b.o.name == "products" {
		return currencyShape.MatchString(code)
	}
	_, ok := b.o.field(name)
	return ok
}

// given tells whether the write names a field, and judges what no field takes.
func (b *builder) given(name string) (record.Value, bool) {
	v := b.values[name]
	switch v.Kind() {
	case record.Absent:
		return v, false
	case record.Unreadable:
		b.complain(name, "its value could not be read, so it is not written")
		return v, false
	}
	return v, true
}

func (b *builder) plain(f field) {
	v, ok := b.given(f.name)
	taxed := f.name == "areLinesWithTax"
	switch {
	case !ok && taxed && b.create:
		b.member(f.name, []byte("false"))
	case !ok && f.must && b.create && b.values[f.name].Kind() == record.Absent:
		b.complain(f.name, "a create needs it")
	case !ok:
	case !f.create && !f.patch:
		b.complain(f.name, "it is read only: take it out of the mapping")
	case !f.patch && !b.create:
		b.complain(f.name, "Light takes it on create only: mark it create_only in the mapping")
	case v.Blank():
		b.blank(f)
	default:
		raw, fix := f.json(v)
		if fix != "" {
			b.complain(f.name, fix)
			return
		}
		b.member(f.name, raw)
	}
}

// blank: in a create nothing is written, in a PATCH null clears (fact sheet 4) - a list by being empty.
func (b *builder) blank(f field) {
	switch {
	case f.must:
		b.complain(f.name, "it cannot be empty")
	case f.kind == boolean:
		if b.create {
			b.member(f.name, []byte("false"))
			return
		}
		b.complain(f.name, "say true or false: clearing it would make prices include tax")
	case b.create:
	case f.kind == texts:
		b.member(f.name, []byte("[]"))
	default:
		b.member(f.name, []byte("null"))
	}
}

// nested writes an address or a discount. A PATCH replaces it as a whole, so what the write does not name comes
// from the base.
func (b *builder) nested(group string) {
	named, empty, inner := false, true, []byte(nil)
	for _, f := range b.o.group(group) {
		v, ok := b.given(f.name)
		named = named || ok
		if !ok && !b.create {
			v = b.base.Field(f.name)
		}
		if v.Blank() || v.Kind() == record.Unreadable {
			continue
		}
		raw, fix := f.json(v)
		if fix != "" {
			b.complain(f.name, fix)
			continue
		}
		if !empty {
			inner = append(inner, ',')
		}
		empty = false
		inner = append(append(strconv.AppendQuote(inner, strings.TrimPrefix(f.name, group+".")), ':'), raw...)
	}
	switch {
	case !named:
	case empty && b.create:
	case empty:
		b.member(group, []byte("null"))
	default:
		b.member(group, slices.Concat([]byte{'{'}, inner, []byte{'}'}))
		b.wholeDiscount(group, string(inner))
	}
}

func (b *builder) wholeDiscount(group, inner string) {
	if group != "discount" {
		return
	}
	for _, part := range []string{"type", "value"} {
		if !strings.Contains(inner, `"`+part+`":`) {
			b.complain("discount."+part, "a discount needs its type and its value")
		}
	}
}

var priceShape = regexp.MustCompile(`^([A-Z]{3}):(0|[1-9][0-9]*)$`)

// prices writes a product's price list. A PATCH replaces it (fact sheet 6), so prices in other currencies are kept
// from the base. pricings takes CUR:minor units, one or a list; pricings.CUR takes the amount alone, empty removes it.
func (b *builder) prices() {
	order, amount := []string{}, map[string]string{}
	put := func(code, minor string) {
		if _, ok := amount[code]; !ok {
			order = append(order, code)
		}
		amount[code] = minor
	}
	named := false
	if !b.create {
		for _, p := range b.base.Field("pricings").List() {
			code, minor, _ := strings.Cut(p, ":")
			put(code, minor)
		}
	}
	if v, ok := b.given("pricings"); ok {
		named = true
		for _, p := range v.List() {
			m := priceShape.FindStringSubmatch(p)
			if m == nil || !fits(m[2]) {
				b.complain("pricings", "write each price as currency and whole minor units: EUR:4215")
				return
			}
			put(m[1], m[2])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.values)) {
		code, ok := strings.CutPrefix(name, "pricings.")
		if !ok || !currencyShape.MatchString(code) {
			continue
		}
		v, ok := b.given(name)
		switch {
		case !ok:
			continue
		case v.Blank():
			delete(amount, code)
			order = slices.DeleteFunc(order, func(c string) bool { return c == code })
		case !priceShape.MatchString("EUR:"+v.Text()) || !fits(v.Text()):
			b.complain(name, "it takes whole minor units: 4215 for 42.15 EUR")
		default:
			put(code, v.Text())
		}
		named = true
	}
	b.priceList(order, amount, named)
}

func (b *builder) priceList(order []string, amount map[string]string, named bool) {
	switch {
	case !named && !b.create:
		return
	case len(order) == 0 && b.values["pricings"].Kind() != record.Unreadable:
		b.complain("pricings", "a product needs a price: EUR:4215")
		return
	}
	raw := []byte{'['}
	for i, code := range order {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = fmt.Appendf(raw, `{"currency":%q,"amount":%s}`, code, amount[code])
	}
	b.member("pricings", append(raw, ']'))
}

// children writes a document's lines inline.
func (b *builder) children() {
	if len(b.lines) == 0 {
		if b.values["lines"].Kind() != record.Absent {
			b.complain("lines", "give the lines as children of the write, not as a field")
		}
		return
	}
	raw := []byte{'['}
	for i, fields := range b.lines {
		line := builder{o: find(b.o.lines), list: b.list, create: true, values: fields, prefix: fmt.Sprintf("lines.%d.", i)}
		line.all()
		b.bad, b.why = append(b.bad, line.bad...), append(b.why, line.why...)
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(append(append(raw, '{'), line.out...), '}')
	}
	b.member("lines", append(raw, ']'))
}

// properties writes the custom properties. A PATCH replaces the whole set (fact sheet 9), so those the write does
// not name come from the base.
func (b *builder) properties() {
	set, named := map[string]record.Value{}, false
	if b.base != nil && !b.create {
		for name, v := range b.base.Fields {
			if prop, ok := strings.CutPrefix(name, propPrefix); ok && !v.Blank() {
				set[prop] = v
			}
		}
	}
	for name := range b.values {
		prop, ok := strings.CutPrefix(name, propPrefix)
		if !ok {
			continue
		}
		if v, ok := b.given(name); ok {
			set[prop], named = v, true
		}
	}
	if !named {
		return
	}
	raw := []byte{'['}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		one, fix := b.property(name, set[name])
		if fix != "" {
			b.complain(propPrefix+name, fix)
		}
		if len(one) > 0 && len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw = append(raw, one...)
	}
	if len(raw) > 1 || !b.create {
		b.member("customProperties", append(raw, ']'))
	}
}

// property writes one custom property; a blank one is left out of the set, which clears it.
func (b *builder) property(name string, v record.Value) (raw []byte, fix string) {
	p, ok := byName(b.list, b.o, name)
	switch {
	case !ok:
		return nil, "Light has no such custom property for " + b.o.name + ", or this key may not see it: look at Settings > Custom properties"
	case v.Kind() == record.Unreadable:
		return nil, "its value could not be read, so the set cannot be written"
	case v.Blank():
		return nil, ""
	case len(v.List()) > 1 && p.input != "MULTI_SELECT":
		return nil, "it takes one value"
	}
	ids := []string{}
	for _, text := range v.List() {
		if fix := p.judge(text); fix != "" {
			return nil, fix
		}
		if p.selects() {
			text = p.choice(text)
		}
		ids = append(ids, text)
	}
	if p.selects() {
		return fmt.Appendf(nil, `{"groupId":%s,"valueIds":%s}`, quote(p.id), quoteAll(ids)), ""
	}
	return fmt.Appendf(nil, `{"groupId":%s,"inlineValues":%s}`, quote(p.id), quoteAll(ids)), ""
}

// choice gives the id of a choice by its internal name, else by its label; "" when there is none.
func (p property) choice(text string) string {
	for _, c := range p.choices {
		if c.name == text {
			return c.id
		}
	}
	for _, c := range p.choices {
		if c.label == text {
			return c.id
		}
	}
	return ""
}

func (p property) judge(text string) (fix string) {
	switch {
	case p.selects() && p.choice(text) == "":
		return "it has no such choice: add it in Light or map the value"
	case p.input == "NUMERIC" && !numberShape.MatchString(text):
		return "it takes a number"
	case p.input == "BOOLEAN" && text != "true" && text != "false":
		return "it takes true or false"
	case p.input == "DATE" && !isDate(text):
		return "it takes a date: YYYY-MM-DD"
	}
	return ""
}

var (
	currencyShape = regexp.MustCompile(`^[A-Z]{3}$`)
	enumShape     = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,59}$`)
	countryShape  = regexp.MustCompile(`^[A-Z]{2}$|^UNDEFINED$`)
	numberShape   = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)
	emailShape    = regexp.MustCompile(`^[^\s@,;|]+@[^\s@,;|]+$`)
)

func isDate(text string) bool { _, err := time.Parse(time.DateOnly, text); return err == nil }

// fits tells whether a whole number fits Light's 64 bits.
func fits(text string) bool { _, err := strconv.ParseInt(text, 10, 64); return err == nil }

// json gives a value its type in Light's JSON, or says what the field takes instead. An enum value nobody knows is
// let through: Light's enums may grow (fact sheet 1).
func (f field) json(v record.Value) (raw []byte, fix string) {
	if f.kind == texts {
		return quoteAll(v.List()), ""
	}
	if v.Kind() == record.List && len(v.List()) > 1 {
		return nil, "it takes one value, not a list"
	}
	s := v.Text()
	switch f.kind {
	case integer:
		if !fits(s) || strings.HasPrefix(s, "+") {
			return nil, "it takes a whole number; amounts are minor units"
		}
		return []byte(strconv.FormatInt(must64(s), 10)), ""
	case number:
		if !numberShape.MatchString(s) {
			return nil, "it takes a plain decimal number of at most 18 digits before and after the point"
		}
		return []byte(s), ""
	case boolean:
		if s != "true" && s != "false" {
			return nil, "it takes true or false"
		}
		return []byte(s), ""
	}
	if fix := f.judge(s); fix != "" {
		return nil, fix
	}
	return quote(s), ""
}

func must64(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("light: a number was not checked before use")
	}
	return n
}

func (f field) judge(s string) (fix string) {
	switch {
	case f.kind == ref && !validID(s):
		return "it takes an id of Light (a UUID)"
	case f.kind == date && !isDate(s):
		return "it takes a date: YYYY-MM-DD"
	case f.kind == currency && !currencyShape.MatchString(s):
		return "it takes a currency code of three capital letters: EUR"
	case f.kind == country && !countryShape.MatchString(s):
		return "it takes a two-letter country code: DE; use the transform country_code"
	case f.kind == email && !emailShape.MatchString(s):
		return "it takes one e-mail address"
	case f.kind == enum && !enumShape.MatchString(s):
		return "it takes one of " + strings.Join(f.enum, ", ")
	}
	return ""
}

// quote writes a JSON string without HTML escapes.
func quote(s string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		panic("light: a text cannot be written as JSON") // encoding/json writes every string
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

func quoteAll(list []string) []byte {
	out := []byte{'['}
	for i, s := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quote(s)...)
	}
	return append(out, ']')
}
