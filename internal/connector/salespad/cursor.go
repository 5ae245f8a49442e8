package salespad

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// cursor is where a feed stands. Filters take whole seconds, one import gives thousands of records one stamp, and pages are
// cut by $skip, which slides when rows come and go (fact sheet 4). So a position is "Skip rows after Since", and its first row
// must be Last, which was the last one given: where it is not, rows have moved, and the second is read again.
//
// Objects without a stamp that can be trusted are swept: all rows, or those of the window's days, in the order of the key,
// with the same anchor.
type cursor struct {
	Version int       `json:"v"`
	Since   time.Time `json:"since,omitzero"`
	Skip    int       `json:"skip,omitempty"`
	Last    string    `json:"last,omitempty"`
	Newest  time.Time `json:"newest,omitzero"` // of this cycle
	Begun   time.Time `json:"begun,omitzero"`  // this cycle, by the server's clock; zero between cycles
	Looked  time.Time `json:"looked,omitzero"` // when a feed last reached back for edits of user fields
	Whole   time.Time `json:"whole,omitzero"`  // when one last began with everything
	Back    bool      `json:"back,omitempty"`  // this cycle reaches back: what it shows was changed without moving its stamp, for all that stamps tell
}

const cursorVersion = 1

// startAt reads the cursor, or makes the first one.
func startAt(op string, r connector.FeedRequest) (cursor, error) {
	if len(r.Cursor) == 0 || string(r.Cursor) == "null" {
		return cursor{Version: cursorVersion, Since: r.From.UTC().Truncate(time.Second)}, nil
	}
	var at cursor
	d := json.NewDecoder(bytes.NewReader(r.Cursor))
	d.DisallowUnknownFields()
	if d.Decode(&at) != nil || at.Version != cursorVersion || at.Skip < 0 {
		return at, invalid(op, "cursor", "the kept position is not one of this connector: start the feed anew")
	}
	return at, nil
}

// settled is long enough for every list to show a change, the clocks of web server and SQL Server apart included.
const settled = 30 * time.Minute

// opened begins a cycle: once in a while it reaches back for edits that move no stamp, or reads everything again.
func (c *Connector) opened(at cursor) cursor {
	now := time.Now().UTC()
	first := at.Whole.IsZero() && at.Looked.IsZero()
	at.Begun, at.Back = now, false
	switch {
	case first:
		at.Whole, at.Looked = now, now
	case c.FullEvery > 0 && now.Sub(at.Whole) >= c.FullEvery:
		at.Since, at.Whole, at.Looked, at.Back = time.Time{}, now, now, true
	case c.LookBack > 0 && now.Sub(at.Looked) >= c.LookEvery:
		at.Looked, at.Back = now, true
		if back := now.Add(-c.LookBack).Truncate(time.Second); back.Before(at.Since) {
			at.Since = back
		}
	}
	return at
}

// passed gives the position behind rows in the order of the stamp. The first row of the next page is to be last.
func (at cursor) passed(o *Object, rows []row) cursor {
	last := second(rows[len(rows)-1], o)
	at.Last = rows[len(rows)-1].key(o)
	if !last.After(at.Since) {
		at.Skip += len(rows) - 1
		return at
	}
	same := 0
	for i := len(rows) - 1; i >= 0 && second(rows[i], o).Equal(last); i-- {
		same++
	}
	at.Since, at.Skip = last, same-1
	return at
}

// ended gives where the next cycle begins: back by Overlap before the newest row, or before what is settled by now.
func (c *Connector) ended(at cursor, date time.Time) cursor {
	next := cursor{Version: cursorVersion, Since: at.Since, Looked: at.Looked, Whole: at.Whole}
	if !at.Newest.IsZero() {
		next.Since = at.Newest.Add(-c.Overlap)
	}
	if quiet := date.Add(-max(settled, c.Overlap)); !date.IsZero() && quiet.After(next.Since) && !next.Since.IsZero() {
		next.Since = quiet
	}
	next.Since = next.Since.UTC().Truncate(time.Second)
	return next
}

// sortedByChange puts the oldest change first.
func sortedByChange(records []record.Record) {
	slices.SortStableFunc(records, func(a, b record.Record) int {
		if n := a.Modified.Compare(b.Modified); n != 0 {
			return n
		}
		return strings.Compare(a.Ref.ID, b.Ref.ID)
	})
}

// second is a row's stamp as filters take it; rows without one, which are in no comparison, have the zero time.
func second(r row, o *Object) time.Time {
	t := bare(r.text(o.Stamp)).Truncate(time.Second)
	if t.Year() <= 1900 {
		return time.Time{}
	}
	return t
}
