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

// cursor is where a feed stands. Three traps shape it (fact sheet 4; recorded traffic):
//   - Search gives at most 10,000 rows by offset, and a record that changes while we page shifts all later ones. So
//     pages are cut by stamp: "after Since, or at Since and not among Seen".
//   - Search finds and sorts by what its index knew, but shows values as they are now. A row changed a moment ago
//     shows a stamp far behind its place; only a stamp older than the Overlap is certainly the row's place. Since
//     moves to such stamps alone, and younger rows, which come again later, are given without moving it.
//   - The youngest changes are not in the index yet. Since never enters the Overlap, so they are found there later.
type cursor struct {
	Version int      `json:"v"`
	Since   int64    `json:"since"`            // ms; everything before it was given for good
	Seen    []string `json:"seen,omitempty"`   // ids given of those with the stamp Since
	Tie     string   `json:"tie,omitempty"`    // when too many share one stamp: only those, by id, above this one
	Offset  int      `json:"offset,omitempty"` // into rows too young to move Since
	Young   int64    `json:"young,omitempty"`  // ms; what was too young when Offset began
	All     bool     `json:"all,omitempty"`    // no lower bound yet: records of any age
}

const (
	cursorVersion = 1
	maxSeen       = 60    // ids of one stamp that fit a search body beside the properties; beyond, Tie
	maxWindow     = 10000 // rows one search gives, whatever the pages
	catchUp       = 10 * time.Second
)

// Changes gives the next page by search, oldest change first. The rows of the last Overlap are given in every cycle
// until they are older.
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
	bad := d.Decode(&at) != nil || at.Version != cursorVersion || at.Since < 0 || at.Offset < 0 || at.Offset >= maxWindow || at.Tie != "" && at.Tie != "0" && !validID(at.Tie)
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
	After      string        `json:"after,omitempty"` // an offset, as text
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
	if at.Offset > 0 {
		q.After, q.Limit = strconv.Itoa(at.Offset), min(limit, maxWindow-at.Offset)
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
	rows := answer.Results
	more, total := answer.Paging.Next != nil, -1
	if answer.Total != nil && at.Tie == "" && at.Offset == 0 { // else it counts something else
		total = max(*answer.Total, len(rows))
		more = more || total > len(rows) && len(rows) > 0
	}
	next, more, ok := at.advance(k, rows, more, c.settled(k, rows, date), answer.Paging.offset(), c.Overlap.Milliseconds())
	if !ok {
		return connector.Page{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the search index has to catch up", After: catchUp}
	}
	records, err := c.pageRecords(ctx, op, k, r.Fields, rows, inline)
	if err != nil {
		return connector.Page{}, err
	}
	return connector.Page{Records: records, Cursor: mustJSON(next), More: more, Total: total}, nil
}

// settled is the latest stamp, in ms, that the index certainly knows, by HubSpot's own clock.
func (c *Connector) settled(k kind, rows []wireRecord, date time.Time) int64 {
	if date.IsZero() {
		for _, w := range rows {
			if stamp := w.stamp(k); stamp.After(date) {
				date = stamp
			}
		}
	}
	return date.Add(-c.Overlap).UnixMilli()
}

func (p paging) offset() int {
	if p.Next == nil {
		return 0
	}
	n, err := strconv.Atoi(p.Next.After.text)
	if err != nil {
		return 0
	}
	return n
}

// advance gives the cursor after a page and whether the cycle goes on. It is not ok when older rows stand behind so
// many young ones that they can only be had by offset, which may skip some: the index moves the young ones away
// within the Overlap.
func (at cursor) advance(k kind, rows []wireRecord, more bool, settled int64, offset int, overlap int64) (next cursor, goOn, ok bool) {
	if at.Tie != "" {
		return at.advanceTie(rows, more)
	}
	place, oldest, found := int64(0), settled, false
	for _, w := range rows {
		if stamp := w.stamp(k).UnixMilli(); stamp <= settled && stamp >= at.Since {
			place, oldest, found = max(place, stamp), min(oldest, stamp), true
		}
	}
	start, there := at, cursor{}
	start.Offset, start.Young = 0, 0
	if found && at.Offset == 0 {
		there = at.moved(k, rows, place)
		found = at.All || there.Since > at.Since || there.Tie != "" || len(there.Seen) > len(at.Seen)
	}
	switch {
	case found && at.Offset > 0 && oldest <= at.Young && settled-at.Young < overlap:
		return at, false, false
	case found && at.Offset > 0: // no longer young: from the top, now they move Since
		return start, true, true
	case found:
		return there, more, true
	case more && offset > at.Offset && offset < maxWindow:
		if at.Offset == 0 {
			at.Young = settled
		}
		at.Offset = offset
		return at, true, true
	}
	return start, false, true
}

// advanceTie goes on among the records of one stamp; their order is by id, which nothing changes.
func (at cursor) advanceTie(rows []wireRecord, more bool) (next cursor, goOn, ok bool) {
	if !more {
		return cursor{Version: cursorVersion, Since: at.Since + 1}, true, true
	}
	if len(rows) == 0 {
		return at, false, false
	}
	at.Tie = rows[len(rows)-1].ID.text
	return at, true, true
}

// moved puts the cursor at a stamp with the ids that were given of it.
func (at cursor) moved(k kind, rows []wireRecord, place int64) cursor {
	next := cursor{Version: cursorVersion, Since: place}
	if place == at.Since && !at.All {
		next.Seen = slices.Clone(at.Seen)
	}
	for _, w := range rows {
		if w.stamp(k).UnixMilli() == place && !slices.Contains(next.Seen, w.ID.text) {
			next.Seen = append(next.Seen, w.ID.text)
		}
	}
	if len(next.Seen) > maxSeen {
		next.Seen, next.Tie = nil, "0"
	}
	return next
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
		answer, err := c.readBatch(ctx, op, k, chunk, "", fields, false)
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
