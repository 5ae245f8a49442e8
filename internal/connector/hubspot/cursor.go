package hubspot

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"crosswalk/internal/connector"
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
