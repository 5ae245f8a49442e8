package salespad

import (
	"bytes"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/record"
)

// row is one JSON object as SalesPad sent it. Values stay raw until they are asked for, so that every digit stays.
type row map[string]json.RawMessage

func readRow(body []byte) (row, bool) {
	var r row
	return r, json.Unmarshal(body, &r) == nil && r != nil
}

// text gives a value's text without its padding; "" when there is none.
func (r row) text(name string) string {
	v, ok := plain(r[name])
	if !ok {
		return ""
	}
	return strings.TrimRight(v.Text(), " ")
}

func (r row) yes(name string) bool { return r.text(name) == "true" }

// key gives the row's id; "" when a part of it is missing.
func (r row) key(o *Object) string {
	parts := make([]string, len(o.Key))
	for i, name := range o.Key {
		parts[i] = strings.TrimSpace(r.text(name))
		if parts[i] == "" {
			return ""
		}
	}
	return joinKey(parts)
}

// plain turns a JSON value into a Value; false for what is none. What is not there is Absent (C15).
func plain(raw json.RawMessage) (record.Value, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return record.Value{}, true
	}
	switch raw[0] {
	case 'n':
		return record.Empty(), true
	case 't', 'f':
		return record.Of(string(raw)), true
	case '"':
		var s string
		ok := json.Unmarshal(raw, &s) == nil
		return record.Of(s), ok
	case '{', '[':
		return record.Value{}, false
	}
	text, ok := digits(string(raw))
	return record.Of(text), ok
}

// maxDigits bounds a number's spelling, so that 1e999999999 does not become a text of that length.
const maxDigits = 60

// digits keeps a JSON number as it is spelt; one with an exponent is spelt out.
func digits(text string) (string, bool) {
	if len(text) > maxDigits {
		return "", false
	}
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, true
	}
	n := new(big.Rat)
	if _, ok := n.SetString(text); !ok || len(strings.TrimLeft(text[at+1:], "+-0")) > 2 {
		return "", false
	}
	spelt := n.FloatString(maxDigits)
	return strings.TrimSuffix(strings.TrimRight(spelt, "0"), "."), true
}

// stampForms are the ways a date is written: without offset in lists, with one in echoes of a create (fact sheet 5).
var stampForms = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05", time.DateOnly}

// instant reads a stamp, one without an offset as UTC; zero when it is none, or is GP's word for none. The bare one gives
// 1900 as it is.
func instant(text string) time.Time {
	t := bare(text)
	if t.Year() <= 1900 {
		return time.Time{}
	}
	return t
}

func bare(text string) time.Time {
	for _, form := range stampForms {
		if t, err := time.Parse(form, strings.TrimSpace(text)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// day gives the date as it is written, "" for none. A wall date has no time zone: the offset of an echo is not applied.
func day(text string) string {
	text = strings.TrimSpace(text)
	if len(text) < len(time.DateOnly) {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err != nil || strings.HasPrefix(text, "1900-01-01") {
		return ""
	}
	return text[:len(time.DateOnly)]
}

// value gives one field in canonical form: trimmed, 1900 as nothing, blank as nothing since GP has no other nothing.
func (r row) value(f Field) record.Value {
	raw, ok := r[f.Name]
	if name, user := strings.CutPrefix(f.Name, userPrefix); user {
		raw, ok = r.userField(name)
	}
	if !ok {
		return record.Value{}
	}
	v, readable := plain(raw)
	if !readable || v.Kind() != record.Text {
		return v // a field of another shape counts as not there
	}
	return f.canonical(v.Text())
}

func (f Field) canonical(text string) record.Value {
	switch f.Type {
	case "date":
		text = day(text)
	case "utc":
		if t := instant(text); !t.IsZero() {
			text = t.Format(time.RFC3339Nano)
		} else {
			text = ""
		}
	case "bool":
		text = strings.ToLower(strings.TrimSpace(text))
	case "number", "integer":
		text = strings.TrimSpace(text)
		if strings.Contains(text, ".") { // GP shows all five decimals: 80.00000 is 80
			text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
		}
	default:
		text = strings.TrimRight(text, " ")
		if f.user() && (strings.HasPrefix(text, noDate) || len(text) >= len(noDate) && text[10:19] == "T00:00:00" && day(text) != "") {
			text = day(text) // one that is a date
		}
	}
	if text == "" {
		return record.Empty()
	}
	return record.Of(text)
}

// userField finds a user field in the two arrays that belong together. The names are not padded; they mind no case.
func (r row) userField(name string) (json.RawMessage, bool) {
	names, data := r.userFields()
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), name) })
	if i < 0 {
		return nil, false
	}
	return data[i], true
}

// userFields gives the user fields; none where the arrays do not fit together.
func (r row) userFields() ([]string, []json.RawMessage) {
	var names []string
	var data []json.RawMessage
	if json.Unmarshal(r["UserFieldNames"], &names) != nil || json.Unmarshal(r["UserFieldData"], &data) != nil || len(names) != len(data) {
		return nil, nil
	}
	return names, data
}

// fieldsOf gives those of the wanted fields that the row has; nil wants every field the object knows, and its user fields.
func (r row) fieldsOf(o *Object, wanted []string) map[string]record.Value {
	if wanted == nil {
		for _, f := range o.Fields {
			wanted = append(wanted, f.Name)
		}
		names, _ := r.userFields()
		for _, n := range names {
			wanted = append(wanted, userPrefix+strings.TrimSpace(n))
		}
	}
	out := make(map[string]record.Value, len(wanted))
	for _, name := range wanted {
		f, ok := o.field(name)
		if !ok {
			continue
		}
		if v := r.value(f); v.Kind() != record.Absent {
			out[name] = v
		}
	}
	return out
}

// record turns a row into a record. Its id is "" where the row has no whole key.
func (c *Connector) record(o *Object, r row, fields []string) record.Record {
	rec := record.Record{Ref: c.ref(o, r.key(o)), Fields: r.fieldsOf(o, fields), Modified: r.modified(o)}
	if o.Created != "" {
		rec.Created = instant(r.text(o.Created))
	}
	if o.Archived != "" {
		rec.Archived = r.yes(o.Archived)
	}
	if o.Void != "" {
		rec.Archived = strings.EqualFold(r.text(o.State), o.Void)
	}
	return rec
}

func (r row) modified(o *Object) time.Time {
	for _, name := range append(slices.Clone(o.Modified), o.Stamp) {
		if t := instant(r.text(name)); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// whole gives a field as a whole number, 0 when it is none.
func (r row) whole(name string) int64 {
	n, err := strconv.ParseInt(r.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// decodeRows reads the rows of a list; false for what is no list of objects.
func decodeRows(raw json.RawMessage, out *[]row) bool {
	if len(raw) == 0 || json.Unmarshal(raw, out) != nil || *out == nil {
		return false
	}
	return !slices.ContainsFunc(*out, func(r row) bool { return r == nil })
}
