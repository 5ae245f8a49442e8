package lighttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

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
