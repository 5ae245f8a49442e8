package hubspottest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is one API call on its way through the portal.
type request struct {
	*http.Request
	body    []byte
	query   url.Values
	version string // "v1", "v3", "v4", "2026-03", "2026-09"
	path    []string
	pattern string // "POST /crm/objects/deals/search"
	cred    *credential
	fault   *Fault
}

// validates says whether portal-configured rules bind this call (2026-09 and
// later only, section 1).
func (q *request) validates() bool { return q.version >= "2026-09" && q.version < "v" }

// only refuses query parameters that the call does not have.
func (q *request) only(s *Sim, names ...string) *apiError {
	if s.cfg.Quirks.Lenient {
		return nil
	}
	for name := range q.query {
		if !slices.Contains(names, name) && name != "hapikey" {
			return validation("Unknown query parameter %q", name)
		}
	}
	return nil
}

// list reads a repeated or comma-separated parameter.
func (q *request) list(name string) []string {
	var out []string
	for _, v := range q.query[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func (q *request) flag(name string) (bool, *apiError) {
	switch v := q.query.Get(name); v {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, validation("%s: %q is not a boolean", name, v)
	}
}

// limit reads a page size.
func (q *request) limit(def, most int) (int, *apiError) {
	v := q.query.Get("limit")
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, validation("limit: %q is not a positive number", v)
	}
	if n > most {
		return 0, validation("limit: %d is more than the maximum of %d", n, most)
	}
	return n, nil
}

// decode reads a JSON body strictly: unknown keys, a second value and wrong
// types are refused with the vendor's wording.
func (q *request) decode(s *Sim, into any) *apiError {
	if len(bytes.TrimSpace(q.body)) == 0 {
		return validation("Invalid input JSON on line 1, column 0: No content to map due to end-of-input")
	}
	d := json.NewDecoder(bytes.NewReader(q.body))
	if !s.cfg.Quirks.Lenient {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return badJSON(q.body, d.InputOffset(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badJSON(q.body, d.InputOffset(), errors.New("trailing data after the value"))
	}
	return nil
}

func badJSON(body []byte, offset int64, err error) *apiError {
	head := body[:min(int(offset), len(body))]
	line := 1 + bytes.Count(head, []byte("\n"))
	column := len(head) - bytes.LastIndexByte(head, '\n')
	return validation("Invalid input JSON on line %d, column %d: %s", line, column, strings.TrimPrefix(err.Error(), "json: "))
}

// text is a JSON scalar read as text: ids and limits come as strings or numbers.
type text string

// UnmarshalJSON accepts a string, a number or a boolean.
func (t *text) UnmarshalJSON(b []byte) error {
	v, _, err := textOf(b)
	if err != nil {
		return err
	}
	*t = text(v)
	return nil
}

// UnmarshalText lets text be a map key.
func (t *text) UnmarshalText(b []byte) error { *t = text(b); return nil }

func texts(in []text) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// values is the `properties` object of a write: null is kept apart from "".
type values map[string]json.RawMessage

// plain gives the properties to write, in name order, with null treated as the
// portal is set to.
func (v values) plain(s *Sim) (map[string]string, *apiError) {
	out := make(map[string]string, len(v))
	for name, raw := range v {
		value, ok, err := textOf(raw)
		if err != nil {
			return nil, validation("Invalid input JSON on line 1, column 1: %s (through reference chain: properties[%q])", err, name)
		}
		if !ok && !s.cfg.Quirks.NullClears {
			continue // (inferred) null is ignored
		}
		out[name] = value
	}
	return out, nil
}

func quoted(list []string) string { return fmt.Sprintf("[%s]", strings.Join(list, ", ")) }
