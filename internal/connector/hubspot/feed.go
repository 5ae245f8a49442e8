package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// cursor is where a feed stands. Search gives an offset at most 10,000 deep, and a record that changes while we
// page shifts all later ones by one; so pages are cut by stamp and never by offset: "after stamp Since, or at Since
// and not among Seen". Both forms are exact, so nothing is skipped and hardly anything is repeated.
type cursor struct {
	Version int      `json:"v"`
	Since   int64    `json:"since"`          // ms; everything before it was given
	Seen    []string `json:"seen,omitempty"` // ids given of those with the stamp Since
	Tie     string   `json:"tie,omitempty"`  // when too many share one stamp: only those, by id, above this one
	Back    int64    `json:"back,omitempty"` // ms; where the next cycle starts: older changes can no longer come to light
	All     bool     `json:"all,omitempty"`  // no lower bound yet: records of any age
}

const (
	cursorVersion = 1
	maxSeen       = 60 // ids of one stamp that fit a search body beside the properties; beyond, Tie
)

// Changes gives the next page by search, oldest change first. Search hides changes for a while (fact sheet 4), so
// a cycle that ends goes back by the Overlap, by HubSpot's own clock.
func (c *Connector) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	op := "changes of " + r.Object
	k, err := c.kind(op, r.Object)
	if err != nil {
		return connector.Page{}, err
	}
	at, err := startAt(op, r)
	if err != nil {
		return connector.Page{}, err
	}
	body, inline := searchBody(k, at, r.Fields, c.SearchPage)
	var answer batchAnswer
	route := c.paths.objects + "/search"
	a, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", k.name), Route: route, Bucket: BucketSearch, Body: body, Safe: true}, &answer)
	if err != nil {
		return connector.Page{}, err
	}
	return c.page(ctx, op, k, r, at, answer, a.Date, inline)
}

// startAt reads the cursor, or makes the first one.
func startAt(op string, r connector.FeedRequest) (cursor, error) {
	if len(r.Cursor) == 0 || string(r.Cursor) == "null" {
		if r.From.IsZero() {
			return cursor{Version: cursorVersion, All: true}, nil
		}
		return cursor{Version: cursorVersion, Since: max(r.From.UnixMilli(), 0)}, nil
	}
	var at cursor
	d := json.NewDecoder(bytes.NewReader(r.Cursor))
	d.DisallowUnknownFields()
	bad := d.Decode(&at) != nil || at.Version != cursorVersion || at.Since < 0 || at.Back < 0 || at.Tie != "" && at.Tie != "0" && !validID(at.Tie)
	if bad || slices.ContainsFunc(at.Seen, func(id string) bool { return !validID(id) }) {
		return cursor{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "cursor is not one of this connector"}
	}
	return at, nil
}

type filter struct {
	Property string   `json:"propertyName"`
	Operator string   `json:"operator"`
	Value    string   `json:"value,omitempty"`
	Values   []string `json:"values,omitempty"`
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type search struct {
	Groups     []filterGroup `json:"filterGroups"`
	Sorts      []sortRule    `json:"sorts"`
	Properties []string      `json:"properties"`
	Limit      int           `json:"limit"`
}

type sortRule struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// searchBody makes the request. When the property names do not fit HubSpot's 3,000 characters, inline is false and
// the fields are read by batch afterwards.
func searchBody(k kind, at cursor, fields []string, limit int) (body []byte, inline bool) {
	q := search{Groups: at.groups(k), Sorts: []sortRule{{k.modified, "ASCENDING"}}, Properties: k.properties(fields), Limit: limit}
	if at.Tie != "" {
		q.Sorts[0].Property = "hs_object_id"
	}
	body = mustJSON(q)
	if len(body) <= maxSearchBody {
		return body, true
	}
	q.Properties = k.needed()
	return mustJSON(q), false
}

// groups are OR-ed, the filters in each AND-ed.
func (at cursor) groups(k kind) []filterGroup {
	since := strconv.FormatInt(at.Since, 10)
	switch {
	case at.Tie != "":
		return []filterGroup{{[]filter{{Property: k.modified, Operator: "EQ", Value: since}, {Property: "hs_object_id", Operator: "GT", Value: at.Tie}}}}
	case at.All:
		return []filterGroup{}
	case len(at.Seen) == 0:
		return []filterGroup{{[]filter{{Property: k.modified, Operator: "GTE", Value: since}}}}
	}
	return []filterGroup{
		{[]filter{{Property: k.modified, Operator: "GT", Value: since}}},
		{[]filter{{Property: k.modified, Operator: "EQ", Value: since}, {Property: "hs_object_id", Operator: "NOT_IN", Values: at.Seen}}},
	}
}

// mustJSON encodes values of plain strings and numbers, which cannot fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("hubspot: a search does not encode: " + err.Error())
	}
	return b
}

// page turns a search answer into a page and moves the cursor.
func (c *Connector) page(ctx context.Context, op string, k kind, r connector.FeedRequest, at cursor, answer batchAnswer, date time.Time, inline bool) (connector.Page, error) {
	for _, w := range answer.Results {
		if !validID(w.ID.text) || w.stamp(k).IsZero() {
			return connector.Page{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "a result without id or stamp"}
		}
	}
	more := answer.Paging.Next != nil
	total := -1
	if answer.Total != nil {
		total = max(*answer.Total, len(answer.Results))
		more = more || total > len(answer.Results) && len(answer.Results) > 0
	}
	if at.Tie != "" {
		total = -1 // counts the one stamp only
	}
	next, more := at.advance(k, answer.Results, more, date, c.Overlap)
	records, err := c.pageRecords(ctx, op, k, r.Fields, answer.Results, inline)
	if err != nil {
		return connector.Page{}, err
	}
	return connector.Page{Records: records, Cursor: mustJSON(next), More: more, Total: total}, nil
}

// advance gives the cursor after a page. The last row's stamp is how far we are; what became visible too late for
// this page has a stamp of at most the vendor's time less the overlap, which Back remembers from the first page
// that reached into it.
func (at cursor) advance(k kind, rows []wireRecord, more bool, date time.Time, overlap time.Duration) (cursor, bool) {
	next := cursor{Version: cursorVersion, Since: at.Since, Seen: at.Seen, Tie: at.Tie, Back: at.Back, All: at.All}
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		next = next.after(k, rows, last)
		if date.IsZero() {
			date = last.stamp(k)
		}
	}
	if !date.IsZero() && next.Back == 0 {
		if settled := max(date.Add(-overlap).UnixMilli(), 0); next.Since >= settled || !more && at.Tie == "" {
			next.Back = settled
		}
	}
	if more {
		return next, true
	}
	if at.Tie != "" { // all of one stamp are done: go on behind it
		return cursor{Version: cursorVersion, Since: at.Since + 1, Back: next.Back}, true
	}
	if next.Back == 0 { // no row and no clock: the same question next time
		return next, false
	}
	return cursor{Version: cursorVersion, Since: next.Back}, false
}

// after moves the cursor behind the last row, within its stamp or on to a later one.
func (at cursor) after(k kind, rows []wireRecord, last wireRecord) cursor {
	if at.Tie != "" {
		at.Tie = last.ID.text
		return at
	}
	stamp := max(last.stamp(k).UnixMilli(), at.Since)
	seen := []string{}
	if stamp == at.Since && !at.All {
		seen = slices.Clone(at.Seen)
	}
	for _, w := range rows {
		if w.stamp(k).UnixMilli() == stamp && !slices.Contains(seen, w.ID.text) {
			seen = append(seen, w.ID.text)
		}
	}
	at.Since, at.Seen, at.All = stamp, seen, false
	if len(seen) > maxSeen {
		at.Seen, at.Tie = nil, "0"
	}
	return at
}

// pageRecords gives the records of a page, with fields and associations that search could not carry. A record that
// vanished between both calls keeps no stamp, so that nobody takes it for read.
func (c *Connector) pageRecords(ctx context.Context, op string, k kind, fields []string, rows []wireRecord, inline bool) ([]record.Record, error) {
	list := make([]*record.Record, len(rows))
	byID := map[string]int{}
	var ids []string
	for i, w := range rows {
		list[i] = c.record(k, w, fields)
		if _, twice := byID[w.ID.text]; !twice {
			ids = append(ids, w.ID.text)
		}
		byID[w.ID.text] = i
	}
	if !inline {
		if err := c.fillIn(ctx, op, k, fields, ids, byID, list); err != nil {
			return nil, err
		}
	}
	if len(wantedKinds(nil, fields)) > 0 && len(list) > 0 {
		if err := c.relate(ctx, op, k, list, nil, fields); err != nil {
			return nil, err
		}
	}
	out := make([]record.Record, len(list))
	for i, r := range list {
		out[i] = *r
	}
	return out, nil
}

func (c *Connector) fillIn(ctx context.Context, op string, k kind, fields, ids []string, byID map[string]int, list []*record.Record) error {
	for _, chunk := range c.chunks(ids, c.Batch) {
		answer, err := c.readBatch(ctx, op, k, chunk, "", fields)
		if err != nil {
			return err
		}
		got := map[string]bool{}
		for _, w := range answer.Results {
			if i, ok := byID[w.ID.text]; ok {
				list[i], got[w.ID.text] = c.record(k, w, fields), true
			}
		}
		for _, id := range chunk {
			if !got[id] {
				list[byID[id]].Modified = time.Time{}
			}
		}
	}
	return nil
}
