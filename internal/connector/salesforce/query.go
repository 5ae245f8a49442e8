package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// result is what a query answers (fact sheet 8).
type result struct {
	Total   *int   `json:"totalSize"`
	Done    *bool  `json:"done"`
	Records []row  `json:"records"`
	Next    string `json:"nextRecordsUrl"`

	date time.Time // the vendor's clock when the last page was answered
	sent time.Time // the same when it was asked for, at the latest
	rows int       // rows Salesforce said there are
}

func (r *result) sound() bool { return r.Done != nil && r.Records != nil }

// maxAddress is how many characters of an escaped query a GET may carry. Salesforce takes 16,384 bytes of address and
// headers together (fact sheet 4), and a token of the long kind takes two thousand of them.
const maxAddress = 10_000

// maxFollow ends a list whose locators would run in circles.
const maxFollow = 500

// askAll runs a query to its last page. A list whose end fails is an error: half of it is not an answer.
func (c *Connector) askAll(ctx context.Context, op string, q query) (result, error) {
	all, err := c.askMany(ctx, op, []query{q})
	if err != nil {
		return result{}, err
	}
	return all[0], nil
}

// askMany runs queries to their last pages, with as few calls as can be: one query that fits an address goes as a GET,
// others together, five at a time, as parts of one composite call, which counts once (fact sheet 7.2).
func (c *Connector) askMany(ctx context.Context, op string, queries []query) ([]result, error) {
	var out []result
	for chunk := range slices.Chunk(queries, maxCollections) {
		got, err := c.askChunk(ctx, op, chunk)
		if err != nil {
			return nil, err
		}
		for _, r := range got {
			whole, err := c.follow(ctx, op, r)
			if err != nil {
				return nil, err
			}
			out = append(out, whole)
		}
	}
	return out, nil
}

// askChunk gives the first page of each of at most five queries.
func (c *Connector) askChunk(ctx context.Context, op string, queries []query) ([]result, error) {
	if len(queries) == 1 {
		if text := queries[0].String(); len(url.QueryEscape(text)) <= maxAddress {
			r, err := c.first(ctx, op, queries[0])
			return []result{r}, err
		}
	}
	in := composite{}
	for i, q := range queries {
		in.Parts = append(in.Parts, part{Method: http.MethodGet, URL: c.path("/"+q.resource()) + "?q=" + url.QueryEscape(q.String()), ID: partID(i)})
	}
	parts, a, err := c.composite(ctx, op, in, true)
	if err != nil {
		return nil, err
	}
	out := make([]result, len(queries))
	for i, p := range parts {
		if p.Status/100 != 2 {
			return nil, c.refused(op, BucketCalls, rest.Answer{Status: p.Status, Header: a.Header, Body: p.Body, Date: a.Date})
		}
		if decode(p.Body, &out[i]) != nil {
			return nil, malformed(op, a)
		}
		out[i].date, out[i].sent = a.Date, a.Date.Add(-a.Took)
	}
	return out, nil
}

func (q query) resource() string {
	if q.bin {
		return "queryAll"
	}
	return "query"
}

// first gives a query's first page.
func (c *Connector) first(ctx context.Context, op string, q query) (result, error) {
	var r result
	a, err := c.get(ctx, op, "/"+q.resource(), "/"+q.resource(), url.Values{"q": {q.String()}}, &r)
	r.date, r.sent = a.Date, a.Date.Add(-a.Took)
	return r, err
}

// follow adds the pages that an answer points to (fact sheet 8: a short page is not the end). A locator that died
// meanwhile is an error to try again from the start.
func (c *Connector) follow(ctx context.Context, op string, r result) (result, error) {
	for n := 0; !*r.Done; n++ {
		next, ok := c.locator(r.Next)
		if !ok || n == maxFollow {
			return result{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the list does not end"}
		}
		var page result
		a, err := c.call(ctx, op, rest.Request{Path: next, Route: routeRoot + "/query/{locator}", Safe: true}, &page)
		if err != nil {
			return result{}, err
		}
		page.Records, page.date, page.sent = append(r.Records, page.Records...), a.Date, r.sent
		page.Total = r.Total
		r = page
	}
	if r.Total != nil {
		r.rows = *r.Total
	}
	return r, nil
}

// locator takes the address of a next page as given, since it carries a version of its own, but only below the API's
// root and without anything that could lead elsewhere.
func (c *Connector) locator(next string) (string, bool) {
	ok := strings.HasPrefix(next, "/services/data/v") && !strings.ContainsAny(next, "?#%\\ ") && !strings.Contains(next, "..") && !strings.Contains(next, "//")
	return next, ok
}

// composite is a call of several parts (fact sheet 7.2).
type composite struct {
	AllOrNone bool   `json:"allOrNone"`
	Collate   bool   `json:"collateSubrequests"`
	Parts     []part `json:"compositeRequest"`
}

type part struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	ID     string            `json:"referenceId"`
	Header map[string]string `json:"httpHeaders,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
}

type partAnswer struct {
	Body   json.RawMessage `json:"body"`
	Status int             `json:"httpStatusCode"`
	ID     string          `json:"referenceId"`
}

type compositeAnswer struct {
	Parts []partAnswer `json:"compositeResponse"`
}

func (a *compositeAnswer) sound() bool { return a.Parts != nil }

func partID(i int) string { return fmt.Sprintf("part%d", i) }

// composite sends the parts and gives their answers in the order of the parts, found by their ids; a part that the
// answer does not mention has status 0.
func (c *Connector) composite(ctx context.Context, op string, in composite, safe bool) ([]partAnswer, rest.Answer, error) {
	var got compositeAnswer
	header := http.Header{}
	if !safe {
		for name, v := range c.writeHeaders("") { // its parts say their own
			header.Set(name, v)
		}
	}
	a, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: c.path("/composite"), Route: routeRoot + "/composite", Header: header,
		Body: encodeComposite(in), Safe: safe}, &got)
	if err != nil {
		return nil, a, err
	}
	out := make([]partAnswer, len(in.Parts))
	for _, p := range got.Parts {
		for i := range in.Parts {
			if in.Parts[i].ID == p.ID && out[i].Status == 0 {
				out[i] = p
			}
		}
	}
	if safe && slices.ContainsFunc(out, func(p partAnswer) bool { return p.Status == 0 }) {
		return nil, a, malformed(op, a)
	}
	return out, a, nil
}

// encodeComposite writes the call; bodies go in byte for byte, since an encoder would compact and escape kept bytes.
func encodeComposite(in composite) []byte {
	out := []byte(`{"allOrNone":false,"collateSubrequests":false,"compositeRequest":[`)
	for i, p := range in.Parts {
		if i > 0 {
			out = append(out, ',')
		}
		body := p.Body
		p.Body = nil
		head := mustJSON(p)
		if body != nil {
			head = append(append(head[:len(head)-1], `,"body":`...), body...)
			head = append(head, '}')
		}
		out = append(out, head...)
	}
	return append(out, "]}"...)
}
