package lighttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A shape lists the fields a request body may have. Bodies are read strictly: what the shape does not name is refused,
// so that a client's spelling mistake is seen.
type shape []field

type field struct {
	name string
	kind kind
	null bool     // null is a value (it clears)
	must bool     // must be there, and not null
	enum []string // for kindEnum
	sub  shape    // for kindObject
	elem *field   // for kindList
}

type kind int

const (
	kindText kind = iota
	kindEmail
	kindUUID
	kindDate
	kindCurrency
	kindInt
	kindNumber
	kindBool
	kindEnum
	kindList
	kindObject
)

func text(name string) field     { return field{name: name, kind: kindText} }
func email(name string) field    { return field{name: name, kind: kindEmail} }
func uuid(name string) field     { return field{name: name, kind: kindUUID} }
func date(name string) field     { return field{name: name, kind: kindDate} }
func currency(name string) field { return field{name: name, kind: kindCurrency} }
func integer(name string) field  { return field{name: name, kind: kindInt} }
func number(name string) field   { return field{name: name, kind: kindNumber} }
func boolean(name string) field  { return field{name: name, kind: kindBool} }
func enum(name string, of []string) field {
	return field{name: name, kind: kindEnum, enum: of}
}
func object(name string, sub shape) field { return field{name: name, kind: kindObject, sub: sub} }
func list(name string, elem field) field  { return field{name: name, kind: kindList, elem: &elem} }

func (f field) orNull() field   { f.null = true; return f }
func (f field) required() field { f.must = true; return f }

// update gives the shape of a PATCH: nothing is required, and everything may be null except what keep names.
func (s shape) update(keep ...string) shape {
	out := slices.Clone(s)
	for i := range out {
		out[i].must = false
		out[i].null = !slices.Contains(keep, out[i].name)
	}
	return out
}

// fields are a body's values after checking: string, int64, Decimal, bool, []any, fields or nil.
type fields map[string]any

func (f fields) has(name string) bool { _, ok := f[name]; return ok }

// sub gives a nested object, nil when absent or null.
func (f fields) sub(name string) fields { v, _ := f[name].(fields); return v }

// list gives a nested list, nil when absent or null.
func (f fields) list(name string) []any { v, _ := f[name].([]any); return v }

func (f fields) text(name string) Text { v, _ := f[name].(string); return Text(v) }

func (f fields) texts(name string) []string {
	out := []string{}
	for _, v := range f.list(name) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// setText, setInt, setBool and setDecimal carry a field over: absent leaves, null clears.
func (f fields) setText(name string, to *Text) {
	if f.has(name) {
		*to = f.text(name)
	}
}

func (f fields) setString(name string, to *string) {
	if f.has(name) {
		*to = string(f.text(name))
	}
}

func (f fields) setInt(name string, to **int64) {
	if !f.has(name) {
		return
	}
	*to = nil
	if n, ok := f[name].(int64); ok {
		*to = &n
	}
}

func (f fields) setBool(name string, to *bool, whenNull bool) {
	if !f.has(name) {
		return
	}
	*to = whenNull
	if b, ok := f[name].(bool); ok {
		*to = b
	}
}

func (f fields) setDecimal(name string, to *Decimal, whenNull Decimal) {
	if !f.has(name) {
		return
	}
	*to = whenNull
	if d, ok := f[name].(Decimal); ok {
		*to = d
	}
}

// read checks a request's JSON body against a shape. An empty body is refused unless the shape requires nothing and
// optional is set.
func (c *call) read(want shape, optional bool) (fields, *failure) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		if optional {
			return fields{}, nil
		}
		return nil, badRequest("", "a JSON body is required")
	}
	media, _, _ := strings.Cut(c.request.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return nil, gateway(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "HTTP 415 Unsupported Media Type")
	}
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		return nil, badRequest("", "the body is not valid JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, badRequest("", "the body holds more than one JSON value")
	}
	top, ok := raw.(map[string]any)
	if !ok {
		return nil, badRequest("", "the body must be a JSON object")
	}
	var wrong []ErrorItem
	got := want.check(top, "", &wrong)
	if len(wrong) > 0 {
		return nil, &failure{http.StatusBadRequest, errorBody(http.StatusBadRequest, wrong...)}
	}
	return got, nil
}

func (s shape) check(raw map[string]any, path string, wrong *[]ErrorItem) fields {
	out := fields{}
	known := map[string]bool{}
	for _, f := range s {
		known[f.name] = true
		value, there := raw[f.name]
		at := join(path, f.name)
		if !there || value == nil && !f.null {
			if f.must || there {
				*wrong = append(*wrong, item("MISSING_VALUE", at, "must not be null"))
			}
			continue
		}
		if got, ok := f.check(value, at, wrong); ok {
			out[f.name] = got
		}
	}
	var strange []string
	for name := range raw {
		if !known[name] {
			strange = append(strange, name)
		}
	}
	sort.Strings(strange)
	for _, name := range strange {
		*wrong = append(*wrong, item("UNKNOWN_FIELD", join(path, name), "unrecognized field"))
	}
	return out
}

// check reads one value; ok is false when a complaint was added.
func (f field) check(value any, at string, wrong *[]ErrorItem) (any, bool) {
	if value == nil {
		return nil, true
	}
	refuse := func(format string, args ...any) (any, bool) {
		*wrong = append(*wrong, item("INVALID_VALUE", at, format, args...))
		return nil, false
	}
	switch f.kind {
	case kindInt, kindNumber:
		n, ok := value.(json.Number)
		if !ok {
			return refuse("must be a number")
		}
		if f.kind == kindInt {
			whole, err := strconv.ParseInt(string(n), 10, 64)
			if err != nil {
				return refuse("must be a whole number of 64 bits")
			}
			return whole, true
		}
		d, ok := parseDecimal(string(n))
		if !ok {
			return refuse("number out of range")
		}
		return d, true
	case kindBool:
		b, ok := value.(bool)
		if !ok {
			return refuse("must be true or false")
		}
		return b, true
	case kindList:
		items, ok := value.([]any)
		if !ok {
			return refuse("must be a list")
		}
		return f.checkList(items, at, wrong)
	case kindObject:
		o, ok := value.(map[string]any)
		if !ok {
			return refuse("must be an object")
		}
		before := len(*wrong)
		got := f.sub.check(o, at, wrong)
		return got, len(*wrong) == before
	default:
		s, ok := value.(string)
		if !ok {
			return refuse("must be a string")
		}
		if complaint := f.checkText(s); complaint != "" {
			return refuse("%s", complaint)
		}
		return s, true
	}
}

func (f field) checkList(items []any, at string, wrong *[]ErrorItem) (any, bool) {
	out, all := []any{}, true
	for i, v := range items {
		path := join(at, strconv.Itoa(i))
		if v == nil && !f.elem.null {
			*wrong = append(*wrong, item("MISSING_VALUE", path, "must not be null"))
			all = false
			continue
		}
		got, ok := f.elem.check(v, path, wrong)
		all = all && ok
		out = append(out, got)
	}
	return out, all
}

func (f field) checkText(s string) string {
	switch f.kind {
	case kindUUID:
		if !isUUID(s) {
			return "must be a UUID"
		}
	case kindDate:
		if _, err := time.Parse(dayLayout, s); err != nil {
			return "must be a date YYYY-MM-DD"
		}
	case kindCurrency:
		if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return "must be a three-letter currency code"
		}
	case kindEnum:
		if !slices.Contains(f.enum, s) {
			return "must be one of " + enumHint(f.enum)
		}
	case kindEmail:
		if strings.Count(s, "@") != 1 || strings.HasPrefix(s, "@") || strings.HasSuffix(s, "@") || strings.ContainsAny(s, " \t\r\n,;") {
			return "must be an e-mail address"
		}
	default:
		if f.must && strings.TrimSpace(s) == "" {
			return "must not be empty"
		}
	}
	return ""
}

func enumHint(of []string) string {
	if len(of) > 12 {
		return strings.Join(of[:3], ", ") + " and others"
	}
	return strings.Join(of, ", ")
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return false
		}
	}
	return true
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
