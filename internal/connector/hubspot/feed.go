package hubspot

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Changes gives the next page by search, oldest change first. The rows of the last Overlap are given in every cycle
// until they are older.
func (c *Connector) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	if r.Object == Submissions {
		return c.submitted(ctx, r)
	}
	op := "changes of " + r.Object
	k, err := c.resolve(ctx, op, r.Object)
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
	a, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", k.segment()), Route: route, Bucket: BucketSearch, Body: body, Safe: true}, &answer)
	if err != nil {
		return connector.Page{}, err
	}
	return c.page(ctx, op, k, r, at, answer, a.Date, inline)
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
	if hasAssociations(fields) && len(list) > 0 {
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
