package hubspottest

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// record is one record with what is needed to answer as of a moment ago.
type record struct {
	id         int64
	kind       *kind
	props      map[string]string // never changed in place once published: writes clone it
	history    map[string][]change
	created    time.Time
	updated    time.Time
	archived   bool
	archivedAt time.Time
	mergedInto int64 // id of the surviving record
	merged     []int64
	gone       bool // gdpr-deleted: not even among the archived

	since   time.Time  // clock time of the current version
	past    []snapshot // older versions that a lagging reader may still see, oldest first
	pending []calculated
}

// snapshot is an older version of a record.
type snapshot struct {
	since    time.Time
	props    map[string]string
	updated  time.Time
	archived bool
}

// calculated is a set of calculated values that will show at a later time.
type calculated struct {
	due   time.Time
	props map[string]string
}

// change is one entry of a property's history (propertiesWithHistory).
type change struct {
	Value           string `json:"value"`
	Timestamp       string `json:"timestamp"`
	SourceType      string `json:"sourceType"`
	SourceID        string `json:"sourceId,omitempty"`
	SourceLabel     string `json:"sourceLabel,omitempty"`
	UpdatedByUserID int64  `json:"updatedByUserId,omitempty"`
}

// view is a record as one reader sees it.
type view struct {
	*record
	props    map[string]string
	updated  time.Time
	archived bool
	merged   bool // merged away or erased
}

func (r *record) current() view {
	return view{record: r, props: r.props, updated: r.updated, archived: r.archived, merged: !r.visible()}
}

// indexed is the record as the search index knows it at t: the newest version
// that has arrived there. Versions arrive between half of lag and the whole of it
// after they were written, each at its own time and not in the order of writing
// (recorded: one batch of 50 came in over seconds, out of order). False if none
// has arrived.
func (r *record) indexed(t time.Time, lag time.Duration, seed uint64) (view, bool) {
	arrived := func(since time.Time) bool {
		half := uint64(lag / 2)
		own := time.Duration(half)
		if half > 0 {
			own += time.Duration(mix(uint64(r.id)^uint64(since.UnixNano())^seed) % half)
		}
		return !since.Add(own).After(t)
	}
	if arrived(r.since) {
		return r.current(), true
	}
	for _, old := range slices.Backward(r.past) {
		if arrived(old.since) {
			return view{record: r, props: old.props, updated: old.updated, archived: old.archived}, true
		}
	}
	return view{}, false
}

// before is the version before the current one, false if there was none.
func (r *record) before() (view, bool) {
	if len(r.past) == 0 {
		return view{}, false
	}
	old := r.past[len(r.past)-1]
	return view{record: r, props: old.props, updated: old.updated, archived: old.archived}, true
}

// visible says whether the record takes part in lists and searches.
func (r *record) visible() bool { return r.mergedInto == 0 && !r.gone }

func (r *record) text() string { return strconv.FormatInt(r.id, 10) }

// renew starts a new version: the old one is kept while a lag can still show it.
func (s *Sim) renew(r *record) { s.renewAt(r, s.moment()) }

func (s *Sim) renewAt(r *record, clock time.Time) {
	keep := max(s.cfg.SearchLag, s.cfg.StaleRead)
	if keep > 0 && !r.since.IsZero() {
		r.past = append(r.past, snapshot{since: r.since, props: r.props, updated: r.updated, archived: r.archived})
		// One version older than the lag must stay: it is what a reader at now-lag sees.
		for len(r.past) > 1 && r.past[1].since.Before(clock.Add(-keep)) {
			r.past = r.past[1:]
		}
	}
	r.since = clock
	r.props = maps.Clone(r.props)
}

// settle lets calculated values show that have become due.
func (s *Sim) settle() {
	s.runErrands()
	if len(s.lagging) == 0 {
		return
	}
	clock := time.Now()
	var still []*record
	for _, r := range s.lagging {
		for len(r.pending) > 0 && !r.pending[0].due.After(clock) {
			p := r.pending[0]
			r.pending = r.pending[1:]
			s.renewAt(r, p.due)
			maps.Copy(r.props, p.props)
			r.updated = p.due.UTC().Truncate(time.Millisecond)
			r.props[r.kind.modified] = stampText(r.updated)
		}
		if len(r.pending) > 0 {
			still = append(still, r)
		}
	}
	s.lagging = still
}

// read gives the version that a direct read sees: within StaleRead after a write,
// and with three chances in ten, the one before it.
func (s *Sim) read(r *record) (view, bool) {
	if s.cfg.StaleRead > 0 && time.Since(r.since) < s.cfg.StaleRead && s.rng.IntN(10) < 3 {
		return r.before()
	}
	return r.current(), true
}

// find looks a record up by id; merged says that the id is an alias of another
// record, which is the one returned (section 4, "Merge").
func (k *kind) find(id string) (r *record, merged bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, false
	}
	r = k.records[n]
	for r != nil && r.mergedInto != 0 {
		r, merged = k.records[r.mergedInto], true
	}
	if r == nil || r.gone {
		return nil, false
	}
	return r, merged
}

// findBy looks a record up by a unique property; "" or hs_object_id is the id.
func (k *kind) findBy(idProperty, value string) (r *record, merged bool) {
	if idProperty == "" || idProperty == "hs_object_id" {
		return k.find(value)
	}
	id, ok := k.unique[idProperty][fold(value)]
	if !ok {
		return nil, false
	}
	return k.records[id], false
}

const stampLayout = "2006-01-02T15:04:05.000Z"

// stampText is how times leave the API: ISO-8601, Z, milliseconds. Recorded
// answers drop a zero fraction for property values written as whole seconds.
func stampText(t time.Time) string { return t.UTC().Format(stampLayout) }
