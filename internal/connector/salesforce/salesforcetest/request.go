package salesforcetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is one API call on its way through the org.
type request struct {
	*http.Request
	body    []byte
	query   url.Values
	version string            // "67.0"
	vars    map[string]string // path parameters, unescaped
	pattern string            // "PATCH /sobjects/{object}/{id}"
	route   *route
	user    string // 18-character id
	fault   *Fault
	tx      *tx // set inside a composite that is all or none
	sub     bool
}

func unescape(segment string) string {
	if v, err := url.PathUnescape(segment); err == nil {
		return v
	}
	return segment
}

// root is the path in front of every address in answers.
func (q *request) root() string { return dataRoot + "v" + q.version }

// client is the name of Sforce-Call-Options.
func (q *request) client() string {
	for part := range strings.SplitSeq(q.Header.Get("Sforce-Call-Options"), ",") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(part), "client="); ok {
			return name
		}
	}
	return ""
}

// flag reads "key=true" out of a header such as Sforce-Duplicate-Rule-Header.
func headerFlag(value, key string) bool {
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ';' || r == ',' }) {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(strings.TrimSpace(k), key) {
			return strings.EqualFold(strings.TrimSpace(v), "true")
		}
	}
	return false
}

// only refuses query parameters that the call does not have. Salesforce mostly
// ignores them; a strict simulator finds the typing error (inferred).
func (q *request) only(s *Sim) *apiError {
	if s.cfg.Lenient || q.route.any {
		return nil
	}
	for name := range q.query {
		if name != "_HttpMethod" && !slices.Contains(q.route.params, name) {
			return fail(http.StatusBadRequest, "INVALID_QUERY_PARAMETER", "unknown query parameter %q: this resource has %v", name, q.route.params)
		}
	}
	return nil
}

// object reads a JSON object strictly, keeping numbers as text.
func decodeObject(body []byte) (map[string]json.RawMessage, []string, *apiError) {
	d := json.NewDecoder(bytes.NewReader(body))
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil, nil, fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "No content to map due to end-of-input")
	}
	if err != nil || t != json.Delim('{') {
		return nil, nil, parserError(body, d.InputOffset(), "Unexpected character: an object was expected")
	}
	out, order := map[string]json.RawMessage{}, []string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, parserError(body, d.InputOffset(), err.Error())
		}
		name := key.(string) // keys of an object are strings
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, nil, parserError(body, d.InputOffset(), err.Error())
		}
		for old := range out {
			if strings.EqualFold(old, name) {
				return nil, nil, fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "Duplicate field '%s'", name)
			}
		}
		out[name] = v
		order = append(order, name)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, parserError(body, d.InputOffset(), err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, parserError(body, d.InputOffset(), "trailing data after the value")
	}
	return out, order, nil
}

// decode reads a JSON body into a struct; unknown keys are refused.
func (q *request) decode(s *Sim, into any) *apiError {
	d := json.NewDecoder(bytes.NewReader(q.body))
	if !s.cfg.Lenient {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "No content to map due to end-of-input")
		}
		return parserError(q.body, d.InputOffset(), strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return parserError(q.body, d.InputOffset(), "trailing data after the value")
	}
	return nil
}

func parserError(body []byte, offset int64, text string) *apiError {
	head := body[:min(int(offset), len(body))]
	line := 1 + bytes.Count(head, []byte("\n"))
	column := len(head) - bytes.LastIndexByte(head, '\n')
	return fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "%s at [line:%d, column:%d]", text, line, column)
}
