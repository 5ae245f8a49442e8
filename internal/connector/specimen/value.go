package specimen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// valueOf turns one JSON value into a Value. Numbers keep their digits: a float64 would lose ids beyond 2^53. A
// field that is not in the answer never comes here, so it stays Absent (C15).
func valueOf(raw json.RawMessage) (record.Value, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return record.Value{}, errNotJSON
	case string(raw) == "null":
		return record.Empty(), nil
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return record.Value{}, errNotJSON
		}
		return record.Of(s), nil
	case raw[0] == '{' || raw[0] == '[':
		return record.Value{}, errNotJSON // things are flat
	}
	return record.Of(string(raw)), nil
}

var errNotJSON = errors.New("a value is not of the documented shape")

func text(row map[string]json.RawMessage, name string) string {
	v, err := valueOf(row[name])
	if err != nil {
		return ""
	}
	return v.Text()
}

func stamp(row map[string]json.RawMessage, name string) time.Time {
	t, err := time.Parse(time.RFC3339, text(row, name))
	if err != nil {
		return time.Time{} // zero is "not known", which every caller allows for
	}
	return t
}

// recordOf turns one row into a Record with the fields that were asked for. A row without an id is nobody's.
func (c *Connector) recordOf(row map[string]json.RawMessage, ask []string) (record.Record, error) {
	id := text(row, "id")
	if !goodID(id) {
		return record.Record{}, errNotJSON
	}
	r := record.Record{Ref: c.ref(id), Fields: map[string]record.Value{}, Modified: stamp(row, "modified"), Created: stamp(row, "created")}
	for _, name := range ask {
		raw, ok := row[name]
		if _, known := field(name); !ok || !known {
			continue
		}
		v, err := valueOf(raw)
		if err != nil {
			return record.Record{}, err
		}
		r.Fields[name] = v
	}
	return r, nil
}

var integerShape = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// body gives the JSON of a thing: its fields in the order of the table, so that the same fields always give the
// same bytes (A6). The error names every bad field and never a value.
func body(values map[string]record.Value, create bool) ([]byte, error) {
	var bad []string
	var why error
	complain := func(name, fix string) {
		bad, why = append(bad, name), errors.Join(why, fmt.Errorf("%s: %s", name, fix))
	}
	out := []byte{'{'}
	for _, f := range fields {
		v, given := values[f.Name]
		if create && f.Required && (!given || v.Blank()) {
			complain(f.Name, "a create needs it")
			continue
		}
		if !given || v.Kind() == record.Absent {
			continue
		}
		raw, fix := encode(f, v)
		if fix != "" {
			complain(f.Name, fix)
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(strconv.AppendQuote(out, f.Name), ':'), raw...)
	}
	for name := range values {
		if _, ok := field(name); !ok {
			complain(name, "things have no such field")
		}
	}
	if bad != nil {
		return nil, &connector.Error{Fault: connector.Invalid, Op: "encode things", Fields: bad, Err: why}
	}
	return append(out, '}'), nil
}

// encode gives one value its JSON type, or says what is wrong with it.
func encode(f connector.Field, v record.Value) (raw []byte, fix string) {
	switch {
	case f.ReadOnly:
		return nil, "it is read only: take it out of the mapping"
	case v.Kind() == record.Unreadable:
		return nil, "its value could not be read, so it is not written"
	case v.Kind() == record.List:
		return nil, "it takes one value, not a list"
	case v.Kind() == record.Null:
		return []byte("null"), ""
	case f.Type == "integer":
		if !integerShape.MatchString(v.Text()) {
			return nil, "it takes a whole number"
		}
		return []byte(v.Text()), ""
	}
	raw, err := json.Marshal(v.Text())
	if err != nil {
		return nil, "it takes text"
	}
	return raw, ""
}
