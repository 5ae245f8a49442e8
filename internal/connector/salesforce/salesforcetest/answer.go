package salesforcetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// answer is what a handler gives back; body nil means none.
type answer struct {
	status int
	header http.Header
	body   any    // marshalled as JSON
	raw    []byte // sent as is instead
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func noContent() answer { return answer{status: http.StatusNoContent} }

func (a answer) with(key, value string) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(key, value)
	return a
}

// apiError is the array of errors of a request (section 13).
type apiError struct {
	status int
	items  []errorItem
	body   any // instead of the items: 300's list of addresses, a token error
}

// errorItem is one error. As a row of a collection its code is called statusCode
// and fields are always there; in a request error it is errorCode and fields may
// be missing.
type errorItem struct {
	Message   string
	Code      string
	Fields    []string // nil: left out in a request error
	Duplicate any      // duplicateResult
	misspelt  bool     // as duplicateResut (section 13)
}

func (e *apiError) Error() string {
	if len(e.items) == 0 {
		return fmt.Sprintf("%d", e.status)
	}
	return fmt.Sprintf("%d %s: %s", e.status, e.items[0].Code, e.items[0].Message)
}

// fail is a request error with one item and no fields.
func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, items: []errorItem{{Code: code, Message: fmt.Sprintf(format, args...)}}}
}

// reject is a 400 about a record: its fields are always listed.
func reject(code string, fields []string, format string, args ...any) *apiError {
	if fields == nil {
		fields = []string{}
	}
	return &apiError{status: http.StatusBadRequest, items: []errorItem{{Code: code, Message: fmt.Sprintf(format, args...), Fields: fields}}}
}

func notFound() *apiError {
	return fail(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
}

func invalidSession() *apiError {
	return fail(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
}

// pairs is a JSON object whose keys keep their order.
type pairs []pair

type pair struct {
	key   string
	value any
}

func (p *pairs) add(key string, value any) { *p = append(*p, pair{key, value}) }

// MarshalJSON writes the keys in order.
func (p pairs) MarshalJSON() ([]byte, error) { return marshal(p) }

// marshal is json.Marshal without HTML escapes, as Salesforce answers, and quick
// for what answers are made of.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := write(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func write(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case pairs:
		return writeList(b, '{', '}', len(v), func(i int) error {
			if err := write(b, v[i].key); err != nil {
				return err
			}
			b.WriteByte(':')
			return write(b, v[i].value)
		})
	case []pairs:
		return writeList(b, '[', ']', len(v), func(i int) error { return write(b, v[i]) })
	case []any:
		return writeList(b, '[', ']', len(v), func(i int) error { return write(b, v[i]) })
	case json.Number:
		b.WriteString(v.String())
	case bool:
		b.WriteString(asText(v))
	case string:
		if plain(v) {
			b.WriteByte('"')
			b.WriteString(v)
			b.WriteByte('"')
			return nil
		}
		return encode(b, v)
	default:
		return encode(b, v)
	}
	return nil
}

func writeList(b *bytes.Buffer, from, to byte, n int, each func(int) error) error {
	b.WriteByte(from)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := each(i); err != nil {
			return err
		}
	}
	b.WriteByte(to)
	return nil
}

// plain says that a text needs no escape.
func plain(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func encode(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line break
	return nil
}

func (it errorItem) duplicateKey() string {
	if it.misspelt {
		return "duplicateResut"
	}
	return "duplicateResult"
}

// requestBody is the error as the body of a request.
func (e *apiError) requestBody() any {
	if e.body != nil {
		return e.body
	}
	out := make([]pairs, 0, len(e.items))
	for _, it := range e.items {
		var p pairs
		if it.Duplicate != nil {
			p.add(it.duplicateKey(), it.Duplicate)
		}
		p.add("message", it.Message)
		p.add("errorCode", it.Code)
		if it.Fields != nil {
			p.add("fields", it.Fields)
		}
		out = append(out, p)
	}
	return out
}

// rowErrors is the error as the errors of a row.
func (e *apiError) rowErrors() []pairs {
	out := make([]pairs, 0, len(e.items))
	for _, it := range e.items {
		fields := it.Fields
		if fields == nil {
			fields = []string{}
		}
		var p pairs
		if it.Duplicate != nil {
			p.add(it.duplicateKey(), it.Duplicate)
		}
		p.add("statusCode", it.Code)
		p.add("message", it.Message)
		p.add("fields", fields)
		out = append(out, p)
	}
	return out
}

func (e *apiError) answer() answer { return answer{status: e.status, body: e.requestBody()} }

func (a answer) bytes() []byte {
	if a.raw != nil || a.body == nil {
		return a.raw
	}
	b, err := marshal(a.body)
	if err != nil {
		panic(fmt.Sprintf("salesforcetest: answer does not marshal: %v", err))
	}
	return b
}
