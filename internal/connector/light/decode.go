package light

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"crosswalk/internal/record"
)

// row is one JSON object as Light sent it. Values stay raw until they are asked for, so that every digit stays.
type row map[string]json.RawMessage

var errShape = errors.New("not of the documented shape")

func readRow(body []byte) (row, error) {
	var r row
	if json.Unmarshal(body, &r) != nil || r == nil {
		return nil, errShape
	}
	return r, nil
}

// text gives a field's text for our own use; "" when there is none.
func (r row) text(name string) string {
	v, err := valueOf(r[name])
	if err != nil {
		return ""
	}
	return v.Text()
}

func (r row) moment(name string) time.Time {
	t, err := time.Parse(time.RFC3339, r.text(name))
	if err != nil {
		return time.Time{} // zero is "not known"
	}
	return t
}

// rows gives a list of objects; ok is false when the field is absent or null.
func (r row) rows(name string) (out []row, ok bool, err error) {
	raw := bytes.TrimSpace(r[name])
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	if json.Unmarshal(raw, &out) != nil {
		return nil, false, errShape
	}
	return out, true, nil
}

// valueOf turns a plain JSON value into a Value: a field that is not in the answer is Absent (C15).
func valueOf(raw json.RawMessage) (record.Value, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return record.Value{}, nil
	}
	switch raw[0] {
	case 'n':
		return record.Empty(), nil
	case 't', 'f':
		return record.Of(string(raw)), nil
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return record.Value{}, errShape
		}
		return record.Of(s), nil
	case '[':
		return listOf(raw)
	case '{':
		return record.Value{}, errShape
	}
	return numberOf(string(raw))
}

func listOf(raw json.RawMessage) (record.Value, error) {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return record.Value{}, errShape
	}
	out := make([]string, 0, len(parts))
	for _, p := range parts {
		v, err := valueOf(p)
		if err != nil || v.Kind() != record.Text {
			return record.Value{}, errShape
		}
		out = append(out, v.Text())
	}
	return record.Many(out...), nil
}

// maxDigits bounds a number's spelling, so that 1e999999999 does not become a text of that length.
const maxDigits = 60

// numberOf keeps a JSON number's digits; one with an exponent is spelt out.
func numberOf(text string) (record.Value, error) {
	if len(text) > maxDigits {
		return record.Value{}, errShape
	}
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return record.Of(text), nil
	}
	r := new(big.Rat)
	if _, ok := r.SetString(text); !ok || len(strings.TrimLeft(text[at+1:], "+-0")) > 2 {
		return record.Value{}, errShape
	}
	plain := r.FloatString(maxDigits)
	return record.Of(strings.TrimSuffix(strings.TrimRight(plain, "0"), ".")), nil
}

// fieldOf reads one field by its flat name.
func (r row) fieldOf(list []property, o *object, name string) (record.Value, error) {
	if prop, ok := strings.CutPrefix(name, propPrefix); ok {
		return r.property(list, o, prop)
	}
	if code, ok := strings.CutPrefix(name, "pricings."); ok {
		return r.price(code)
	}
	f, ok := o.field(name)
	if !ok || f.kind == lines {
		return record.Value{}, nil
	}
	if group, sub, ok := strings.Cut(name, "."); ok {
		return r.within(group, sub)
	}
	switch f.kind {
	case prices:
		return r.pricings()
	case source:
		return r.source()
	}
	return valueOf(r[name])
}

// within reads a field of an address or a discount. Light leaves out what an address does not have, and the whole
// address where there is none: both are no value.
func (r row) within(group, name string) (record.Value, error) {
	raw := bytes.TrimSpace(r[group])
	if len(raw) == 0 || string(raw) == "null" {
		return record.Empty(), nil
	}
	inner, err := readRow(raw)
	if err != nil {
		return record.Value{}, err
	}
	if _, ok := inner[name]; !ok {
		return record.Empty(), nil
	}
	return valueOf(inner[name])
}

// pricings gives a product's prices as EUR:4215, in Light's order.
func (r row) pricings() (record.Value, error) {
	list, ok, err := r.rows("pricings")
	if err != nil || !ok {
		v, _ := valueOf(r["pricings"]) // absent or null
		return v, err
	}
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, p.text("currency")+":"+p.text("amount"))
	}
	return record.Many(out...), nil
}

func (r row) price(code string) (record.Value, error) {
	list, ok, err := r.rows("pricings")
	if err != nil || !ok {
		return record.Value{}, err
	}
	for _, p := range list {
		if p.text("currency") == code {
			return valueOf(p["amount"])
		}
	}
	return record.Empty(), nil
}

// source gives where Light's own integration says a record came from, as HUBSPOT:123. Customers and products hold
// an object, contracts a name and an id beside it (fact sheet 3).
func (r row) source() (record.Value, error) {
	raw := bytes.TrimSpace(r["externalSource"])
	if len(raw) > 0 && raw[0] == '{' {
		inner, err := readRow(raw)
		if err != nil {
			return record.Value{}, err
		}
		return record.Of(inner.text("name") + ":" + inner.text("externalId")), nil
	}
	v, err := valueOf(raw)
	if err != nil || v.Blank() {
		return v, err
	}
	return record.Of(v.Text() + ":" + r.text("externalId")), nil
}

// recordOf turns a row into a Record with the fields asked for; nil asks for all there are.
func (c *Connector) recordOf(o *object, r row, ask []string) (record.Record, error) {
	id := r.text("id")
	if !validID(id) {
		return record.Record{}, errShape
	}
	out := record.Record{Ref: c.ref(o, id), Fields: map[string]record.Value{}, Modified: r.moment("updatedAt"), Created: r.moment("createdAt")}
	out.Archived = o.state != "" && r.text(o.state) == "ARCHIVED"
	list, read := c.peek()
	if ask == nil {
		ask = o.everything(r, read)
	}
	for _, name := range ask {
		v, err := r.fieldOf(list, o, name)
		if err != nil {
			return record.Record{}, err
		}
		if v.Kind() != record.Absent {
			out.Fields[name] = v
		}
	}
	if o.lines != "" {
		children, err := c.children(o, r)
		if err != nil {
			return record.Record{}, err
		}
		out.Children = children
	}
	return out, nil
}

// everything names all fields of the object and, where their kinds are known, the custom properties the row has.
func (o *object) everything(r row, read bool) []string {
	var out []string
	for _, f := range o.fields {
		out = append(out, f.name)
	}
	list, _, err := r.rows("customProperties")
	if err != nil || !read {
		return out
	}
	for _, p := range list {
		out = append(out, propPrefix+p.text("groupInternalName"))
	}
	return out
}

// children are the lines of a document, whole and in order. Lists do not carry them.
func (c *Connector) children(o *object, r row) ([]record.Record, error) {
	list, ok, err := r.rows("lines")
	if err != nil || !ok {
		return nil, err
	}
	out := make([]record.Record, 0, len(list))
	for _, l := range list {
		line, err := c.recordOf(find(o.lines), l, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}
