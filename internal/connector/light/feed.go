package light

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// cursor is the position in a feed. Light has no events, no tie-break and no published life of its own cursors
// (fact sheet 2, 3), so the position is a stamp of Light's, and Light's cursor serves only within one stamp:
//
//   - A page is asked for from Since, oldest change first. When its last record is younger than Since, the next
//     page begins at that record's stamp, with a fresh list: records that change meanwhile cannot shift a page,
//     and a cursor that expired costs nothing. The records of the border stamp come twice.
//   - When a page is all of one stamp, the next one follows by Light's cursor, as often as the stamp lasts.
//   - At the end Since goes back by the overlap, so that the next cycle finds what lists showed late; but not
//     further than settled before Light's own clock, so that a quiet account is not read again for ever.
//
// Since never passes a stamp whose records were not all given out.
//
// Contracts have neither filter nor sort by change (fact sheet 2), so their feed reads the whole list by creation
// date and gives out what changed since; Since then is the moment the sweep began, less the overlap.
type cursor struct {
	V      int       `json:"v"`
	Since  time.Time `json:"since,omitzero"`
	At     string    `json:"at,omitempty"`    // Light's own cursor within the stamp, or within a sweep
	Newest time.Time `json:"newest,omitzero"` // of this cycle
	Begun  time.Time `json:"begun,omitzero"`  // when this sweep began, by Light's clock
}

// settled is long enough for every list to show a change.
const settled = 10 * time.Minute

func readCursor(op string, r connector.FeedRequest) (cursor, error) {
	if len(r.Cursor) == 0 {
		return cursor{V: 1, Since: r.From}, nil
	}
	var at cursor
	dec := json.NewDecoder(bytes.NewReader(r.Cursor))
	dec.DisallowUnknownFields()
	if dec.Decode(&at) != nil || at.V != 1 {
		return at, invalid(op, "cursor", "the kept position is not one of this connector: start the feed anew")
	}
	return at, nil
}

// Changes gives one page of records changed since the cursor. Contracts come in the order of their creation, all
// others oldest change first. Records come without their lines.
func (c *Connector) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	o, err := listed("read changes", r.Object)
	if err != nil {
		return connector.Page{}, err
	}
	op := o.op("read changes of")
	at, err := readCursor(op, r)
	if err != nil {
		return connector.Page{}, err
	}
	if err := ctx.Err(); err != nil {
		return connector.Page{}, unanswered(op, err)
	}
	if wantsProperties(r.Fields) {
		if _, err := c.properties(ctx, 0); err != nil {
			return connector.Page{}, err
		}
	}
	page, next, err := c.changes(ctx, o, op, at, r.Fields)
	if err != nil {
		return connector.Page{}, err
	}
	page.Cursor, err = json.Marshal(next)
	return page, err
}

func (c *Connector) changes(ctx context.Context, o *object, op string, at cursor, fields []string) (connector.Page, cursor, error) {
	p, err := c.list(ctx, op, o.path, o.feedQuery(at), orFirst(at.At))
	if at.At != "" && refusedWith(err) == http.StatusBadRequest {
		at.At, at.Begun = "", time.Time{} // Light forgot its cursor: the stamp, or the sweep, from its beginning
		p, err = c.list(ctx, op, o.path, o.feedQuery(at), orFirst(at.At))
	}
	if err != nil {
		return connector.Page{}, at, err
	}
	page := connector.Page{More: p.more, Total: -1}
	for _, one := range p.rows {
		rec, err := c.recordOf(o, one, fields)
		if err != nil || rec.Modified.IsZero() {
			return connector.Page{}, at, nonsense(op)
		}
		page.Records = append(page.Records, rec)
	}
	if o.name == "contracts" {
		page.Records = changedSince(page.Records, at.Since)
		return page, c.swept(at, p), nil
	}
	return page, c.advanced(at, p, page.Records), nil
}

func (o *object) feedQuery(at cursor) url.Values {
	if o.name == "contracts" {
		return url.Values{"sort": {"createdAt:asc"}}
	}
	q := url.Values{"sort": {"updatedAt:asc"}}
	if !at.Since.IsZero() {
		q.Set("filter", "updatedAt:gte:"+stamp(at.Since))
	}
	return q
}

// stamp writes a moment for a filter, at the milliseconds Light keeps, rounded down.
func stamp(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}

func orFirst(at string) string {
	if at == "" {
		return "0"
	}
	return at
}

// advanced gives the position behind a page of changes.
func (c *Connector) advanced(at cursor, p listPage, records []record.Record) cursor {
	if n := len(records); n > 0 {
		last := records[n-1].Modified
		if last.After(at.Newest) {
			at.Newest = last
		}
		switch {
		case !p.more:
		case last.After(at.Since) && !at.Since.IsZero() || at.Since.IsZero() && last.After(records[0].Modified):
			at.Since, at.At = last, ""
		default:
			at.At = p.next
		}
	}
	if !p.more {
		at.At = ""
		at.Since = c.rest(at.Since, at.Newest, p.answer)
	}
	return at
}

// rest is where the next cycle begins.
func (c *Connector) rest(since, newest time.Time, a rest.Answer) time.Time {
	if newest.IsZero() {
		return since
	}
	out := newest.Add(-c.Overlap)
	if quiet := a.Date.Add(-max(settled, c.Overlap)); !a.Date.IsZero() && quiet.After(out) {
		out = quiet
	}
	return out
}

// swept gives the position behind a page of a whole list.
func (c *Connector) swept(at cursor, p listPage) cursor {
	if at.Begun.IsZero() {
		at.Begun = p.answer.Date.Add(-p.answer.Took)
		if p.answer.Date.IsZero() {
			at.Begun = time.Now().Add(-p.answer.Took)
		}
	}
	at.At = p.next
	if !p.more {
		at = cursor{V: 1, Since: at.Begun.Add(-c.Overlap - time.Second)}
	}
	return at
}

// refusedWith gives the status of a refusal.
func refusedWith(err error) int {
	var e *connector.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func changedSince(all []record.Record, since time.Time) []record.Record {
	var out []record.Record
	for _, r := range all {
		if !r.Modified.Before(since) {
			out = append(out, r)
		}
	}
	return out
}
