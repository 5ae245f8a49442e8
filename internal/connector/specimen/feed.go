package specimen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// cursor is the position in the feed. Only this file understands it; it is versioned, because a stored one may be
// older than the code. The order is (modified, id): with the id as tie-break any number of equal stamps is safe.
type cursor struct {
	V      int       `json:"v"`
	Since  time.Time `json:"since,omitzero"`
	After  string    `json:"after,omitempty"` // the last id seen at Since
	Newest time.Time `json:"newest,omitzero"` // the newest stamp of this cycle
}

func readCursor(r connector.FeedRequest) (cursor, error) {
	if len(r.Cursor) == 0 {
		return cursor{V: 1, Since: r.From, Newest: r.From}, nil
	}
	var c cursor
	dec := json.NewDecoder(bytes.NewReader(r.Cursor))
	dec.DisallowUnknownFields()
	if dec.Decode(&c) != nil || c.V != 1 {
		return c, &connector.Error{Fault: connector.Invalid, Op: "read changes of things", Fields: []string{"cursor"},
			Err: errors.New("the kept position is not one of this connector: start the feed anew")}
	}
	return c, nil
}

// Changes gives one page. While there is more the cursor stands behind the last record; at the end it goes back by
// the overlap, so that the next cycle finds what the vendor's lists showed late. It never moves beyond a record
// that was not given out.
func (c *Connector) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	const op = "read changes of things"
	if err := c.known(r.Object, op); err != nil {
		return connector.Page{}, err
	}
	at, err := readCursor(r)
	if err != nil {
		return connector.Page{}, err
	}
	q := url.Values{"limit": {strconv.Itoa(batchRows)}}
	if !at.Since.IsZero() {
		q.Set("since", at.Since.UTC().Format(time.RFC3339Nano))
		q.Set("after", at.After)
	}
	rows, whole, err := c.rows(ctx, op, rest.Request{Path: "/things", Route: "/things", Query: q, Safe: true})
	if err != nil {
		return connector.Page{}, err
	}
	page := connector.Page{Total: -1}
	for _, row := range rows {
		one, err := c.recordOf(row, r.Fields)
		if err != nil || one.Modified.IsZero() {
			return connector.Page{}, nonsense(op)
		}
		page.Records = append(page.Records, one)
	}
	page.More = text(whole, "more") == "true" && len(rows) > 0
	page.Cursor, err = json.Marshal(at.next(page))
	return page, err
}

func (at cursor) next(p connector.Page) cursor {
	if n := len(p.Records); n > 0 {
		last := p.Records[n-1]
		at.Since, at.After, at.Newest = last.Modified, last.Ref.ID, latest(at.Newest, last)
	}
	if !p.More && !at.Newest.IsZero() {
		at.Since, at.After = at.Newest.Add(-overlap), ""
	}
	return at
}

func latest(t time.Time, r record.Record) time.Time {
	if r.Modified.After(t) {
		return r.Modified
	}
	return t
}
