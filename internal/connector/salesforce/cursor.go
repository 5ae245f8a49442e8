package salesforce

import (
	"bytes"
	"encoding/json"
	"time"

	"crosswalk/internal/connector"
)

// cursor is where a feed stands. Three traps shape it (fact sheet 9):
//   - One import gives tens of thousands of records one stamp, and a locator dies with its page. So pages are cut by
//     (stamp, id): "after Since, or at Since with an id above After".
//   - A change becomes visible when its transaction ends, up to Overlap after its stamp. Only what is older than that
//     was certainly seen; Young keeps where the first younger page began, and the cycle ends back there.
//   - Deleted records are in no query. They are asked for apart, from where Salesforce said it had them all (Gone),
//     which may stand still for hours and is never our own clock.
type cursor struct {
	Version int       `json:"v"`
	Since   time.Time `json:"since,omitzero"` // everything before it was given for good
	After   string    `json:"after,omitempty"`
	Young   time.Time `json:"young,omitzero"`
	Gone    time.Time `json:"gone,omitzero"`  // deletions before it were given; of a feed of everything there is none: nothing was ever linked
	Swept   time.Time `json:"swept,omitzero"` // when deletions were last asked for, by Salesforce's clock
}

const cursorVersion = 1

// startAt reads the cursor, or makes the first one.
func startAt(op string, r connector.FeedRequest) (cursor, error) {
	if len(r.Cursor) == 0 || string(r.Cursor) == "null" {
		from := r.From.UTC().Truncate(time.Second)
		return cursor{Version: cursorVersion, Since: from, Gone: from}, nil
	}
	var at cursor
	d := json.NewDecoder(bytes.NewReader(r.Cursor))
	d.DisallowUnknownFields()
	bad := d.Decode(&at) != nil || at.Version != cursorVersion
	if id, ok := ID(at.After); at.After != "" && (!ok || id != at.After) {
		bad = true
	}
	if bad || at.After != "" && at.Since.IsZero() {
		return cursor{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "cursor is not one of this connector"}
	}
	return at, nil
}

// where gives the condition of the next page; nil for records of any age.
func (at cursor) where() condition {
	switch {
	case at.Since.IsZero():
		return nil
	case at.After == "":
		return compare{"SystemModstamp", atLeast, instant(at.Since)}
	}
	// Said so that the stamp's index serves it: first the range, then the tie within it.
	return all{
		compare{"SystemModstamp", atLeast, instant(at.Since)},
		either{compare{"SystemModstamp", greater, instant(at.Since)}, compare{"Id", greater, quoted(at.After)}},
	}
}

// passed moves past a page that more pages follow. settled is before which stamp everything was visible.
func (at cursor) passed(stamp time.Time, id string, settled time.Time) cursor {
	if at.Young.IsZero() && stamp.After(settled) {
		at.Young = later(settled, at.Since)
	}
	at.Since, at.After = stamp, id
	return at
}

// ended goes back to where changes may yet become visible: the next cycle begins there.
func (at cursor) ended(settled time.Time) cursor {
	if at.Young.IsZero() {
		at.Young = later(settled, at.Since)
	}
	at.Since, at.After, at.Young = at.Young, "", time.Time{}
	return at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
