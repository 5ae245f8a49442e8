package light

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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
		return currencyShape().MatchString(code)
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
