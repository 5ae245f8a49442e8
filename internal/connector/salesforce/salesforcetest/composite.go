package salesforcetest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

func (s *Sim) addCompositeRoutes() {
	s.handle("POST", "/composite", composite)
}

// The most subrequests of a composite, and of those that query or are
// collections (section 7.2).
const (
	maxSubrequests = 25
	maxHeavy       = 5
)

type subrequest struct {
	Method      string            `json:"method"`
	URL         string            `json:"url"`
	ReferenceID string            `json:"referenceId"`
	Body        json.RawMessage   `json:"body"`
	HTTPHeaders map[string]string `json:"httpHeaders"`
}

type subanswer struct {
	Body    json.RawMessage   `json:"body"`
	Headers map[string]string `json:"httpHeaders"`
	Status  int               `json:"httpStatusCode"`
	Ref     string            `json:"referenceId"`
}

var referenceID = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

func composite(s *Sim, q *request) (answer, *apiError) {
	var in struct {
		AllOrNone          bool         `json:"allOrNone"`
		CollateSubrequests bool         `json:"collateSubrequests"`
		CompositeRequest   []subrequest `json:"compositeRequest"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if e := checkComposite(in.CompositeRequest); e != nil {
		return answer{}, e
	}
	var t *tx
	if in.AllOrNone {
		t = s.transaction(q)
	}
	c := &compositeRun{s: s, q: q, tx: t, values: map[string]any{}}
	for _, sub := range in.CompositeRequest {
		c.run(sub)
	}
	if t != nil {
		if c.failed {
			t.rollback()
			c.halt()
		} else {
			s.commit(t)
		}
	}
	return ok(pairs{{"compositeResponse", c.out}}), nil
}

func checkComposite(list []subrequest) *apiError {
	if len(list) == 0 {
		return fail(http.StatusBadRequest, "REQUIRED_FIELD_MISSING", "At least 1 subrequest is required")
	}
	if len(list) > maxSubrequests {
		return fail(http.StatusBadRequest, "LIMIT_EXCEEDED", "The number of subrequests %d exceeds the limit of %d", len(list), maxSubrequests)
	}
	seen, heavy := map[string]bool{}, 0
	for _, sub := range list {
		switch {
		case !referenceID.MatchString(sub.ReferenceID):
			return fail(http.StatusBadRequest, "INVALID_REFERENCE_ID", "Provided referenceId ('%s') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_').", sub.ReferenceID)
		case seen[sub.ReferenceID]:
			return fail(http.StatusBadRequest, "DUPLICATE_REFERENCE_ID", "referenceId %s is used more than once", sub.ReferenceID)
		}
		seen[sub.ReferenceID] = true
		if _, rest, found := strings.Cut(strings.TrimPrefix(sub.URL, dataRoot), "/"); found {
			if strings.HasPrefix(rest, "query") || strings.HasPrefix(rest, "composite/sobjects") {
				heavy++
			}
		}
	}
	if heavy > maxHeavy {
		return fail(http.StatusBadRequest, "LIMIT_EXCEEDED", "at most %d subrequests can be queries or sObject collections", maxHeavy)
	}
	return nil
}

type compositeRun struct {
	s      *Sim
	q      *request
	tx     *tx
	values map[string]any // answers by referenceId
	out    []subanswer
	failed bool
}

func (c *compositeRun) run(sub subrequest) {
	out := subanswer{Ref: sub.ReferenceID, Headers: map[string]string{}, Body: json.RawMessage("null")}
	path, missing := c.fill(sub.URL, true)
	body, missingToo := c.fill(string(sub.Body), false)
	if missing == "" {
		missing = missingToo
	}
	var a answer
	switch {
	case c.tx != nil && c.failed:
		a = halted()
	case missing != "":
		a = fail(http.StatusBadRequest, "PROCESSING_HALTED", "Invalid reference specified. No value for %s found in %s", missing, strings.Split(missing, ".")[0]).answer()
	case !strings.HasPrefix(path, dataRoot):
		a = notFound().answer()
	default:
		header := http.Header{}
		for k, v := range sub.HTTPHeaders {
			header.Set(k, v)
		}
		if body == "null" {
			body = ""
		}
		a = c.s.subrequest(c.q, strings.ToUpper(sub.Method), strings.ReplaceAll(path, " ", "%20"), header, []byte(body), c.tx)
	}
	if raw := a.bytes(); raw != nil {
		out.Body = raw
	}
	for k := range a.header {
		if k != "Content-Type" {
			out.Headers[k] = a.header.Get(k)
		}
	}
	if tag := out.Headers["Etag"]; tag != "" {
		delete(out.Headers, "Etag")
		out.Headers["ETag"] = tag
	}
	out.Status = a.status
	c.failed = c.failed || a.status >= 400 || c.tx != nil && rowFailed(out.Body)
	var v any
	d := json.NewDecoder(strings.NewReader(string(out.Body)))
	d.UseNumber()
	if a.status < 300 && d.Decode(&v) == nil {
		c.values[sub.ReferenceID] = v
	}
	c.out = append(c.out, out)
}

// rowFailed says whether a collections answer has a failed row.
func rowFailed(body json.RawMessage) bool {
	var rows []struct {
		Success *bool `json:"success"`
	}
	if json.Unmarshal(body, &rows) != nil {
		return false
	}
	for _, r := range rows {
		if r.Success != nil && !*r.Success {
			return true
		}
	}
	return false
}

func halted() answer {
	return fail(http.StatusBadRequest, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.").answer()
}

// halt replaces what succeeded before a failure took everything back.
func (c *compositeRun) halt() {
	a := halted()
	for i := range c.out {
		if c.out[i].Status < 400 && !rowFailed(c.out[i].Body) {
			c.out[i].Body, c.out[i].Status, c.out[i].Headers = a.bytes(), a.status, map[string]string{}
		}
	}
}

var backReference = regexp.MustCompile(`@\{([^}]*)\}`)

// fill replaces @{ref.path}; missing names a reference without a value.
func (c *compositeRun) fill(text string, escape bool) (out, missing string) {
	out = backReference.ReplaceAllStringFunc(text, func(m string) string {
		ref := m[2 : len(m)-1]
		v, found := c.look(ref)
		if !found {
			missing = ref
			return m
		}
		if escape {
			return url.PathEscape(v)
		}
		quoted, _ := marshal(v) // a string always marshals
		return string(quoted[1 : len(quoted)-1])
	})
	return out, missing
}

var step = regexp.MustCompile(`^([^\[]+)((?:\[\d+\])*)$`)

func (c *compositeRun) look(ref string) (string, bool) {
	steps := strings.Split(ref, ".")
	var v any = map[string]any{}
	for i, st := range steps {
		m := step.FindStringSubmatch(st)
		if m == nil {
			return "", false
		}
		if i == 0 {
			v = c.values[m[1]]
		} else {
			object, isObject := v.(map[string]any)
			if !isObject {
				return "", false
			}
			v = object[m[1]]
		}
		for index := range strings.SplitSeq(strings.Trim(m[2], "[]"), "][") {
			if index == "" {
				continue
			}
			list, isList := v.([]any)
			n := rat(json.Number(index)).Num().Int64()
			if !isList || int(n) >= len(list) {
				return "", false
			}
			v = list[n]
		}
	}
	switch v.(type) {
	case string, json.Number, bool:
		return asText(v), true
	}
	return "", false
}
