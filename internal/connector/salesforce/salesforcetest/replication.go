package salesforcetest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func (s *Sim) addReplicationRoutes() {
	s.handle("GET", "/sobjects/{object}/updated", getUpdated, "start", "end")
	s.handle("GET", "/sobjects/{object}/deleted", getDeleted, "start", "end")
}

// maxReplicated is the most ids of one answer (section 9).
const maxReplicated = 600_000

// window reads start and end: seconds are ignored, start must precede end by more
// than a minute (inferred) and lie within 30 days.
func (s *Sim) window(q *request) (o *object, from, to time.Time, e *apiError) {
	if o, e = s.theObject(q); e != nil {
		return
	}
	if !o.replicateable {
		e = fail(http.StatusBadRequest, "INVALID_TYPE", "%s is not replicateable", o.Name)
		return
	}
	if from, e = replicationTime(q, "start"); e != nil {
		return
	}
	if to, e = replicationTime(q, "end"); e != nil {
		return
	}
	switch {
	case to.Sub(from) <= time.Minute:
		e = fail(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate before endDate by more than one minute is required")
	case time.Since(from) > 30*24*time.Hour+time.Minute:
		e = fail(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
	}
	return
}

func replicationTime(q *request, name string) (time.Time, *apiError) {
	v := q.query.Get(name)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999-0700", "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC().Truncate(time.Minute), nil
		}
	}
	return time.Time{}, fail(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "%s: %q is not an ISO 8601 time (a + must be sent as %%2B)", name, v)
}

// covered is how far the org vouches for: it trails the clock, and stands still
// while a transaction is not yet visible (section 9).
func (s *Sim) covered(to time.Time) time.Time {
	at := time.Now().UTC().Add(-s.cfg.CoveredLag)
	for _, r := range s.hidden {
		if time.Now().Before(r.visibleAt) && r.stamp.Before(at) {
			at = r.stamp
		}
	}
	if s.frozen.After(time.Time{}) && s.frozen.Before(at) {
		at = s.frozen
	}
	if to.Before(at) {
		at = to
	}
	return at.Truncate(time.Minute)
}

// FreezeCovered holds latestDateCovered where it is, as a long transaction
// somewhere on the instance does; FreezeCovered(false) lets it go.
func (s *Sim) FreezeCovered(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = time.Time{}
	if on {
		s.frozen = time.Now().UTC().Add(-s.cfg.CoveredLag)
	}
}

func getUpdated(s *Sim, q *request) (answer, *apiError) {
	o, from, to, e := s.window(q)
	if e != nil {
		return answer{}, e
	}
	ids := []string{}
	for r := range o.since(from) {
		if st := s.view(r, q.stale()); st != nil && !st.deleted && !st.stamp.Before(from) && st.stamp.Before(to) {
			ids = append(ids, r.id)
		}
	}
	if len(ids) > maxReplicated {
		return answer{}, fail(http.StatusBadRequest, "EXCEEDED_ID_LIMIT", "too many results: narrow the window")
	}
	return ok(pairs{{"ids", ids}, {"latestDateCovered", stampText(s.covered(to))}}), nil
}

// getDeleted lists what the delete log still has; merge losers are in it. A hole
// shows in earliestDateAvailable.
func getDeleted(s *Sim, q *request) (answer, *apiError) {
	o, from, to, e := s.window(q)
	if e != nil {
		return answer{}, e
	}
	earliest := time.Now().UTC().Add(-s.cfg.DeleteLogTrim)
	if s.trimmed.After(earliest) {
		earliest = s.trimmed
	}
	list := []pairs{}
	for r := range o.since(from) {
		st := s.view(r, q.stale())
		if st == nil || !st.deleted || st.deletedAt.Before(from) || st.deletedAt.Before(earliest) || !st.deletedAt.Before(to) {
			continue
		}
		list = append(list, pairs{{"id", r.id}, {"deletedDate", stampText(st.deletedAt)}})
	}
	slices.SortStableFunc(list, func(a, b pairs) int { return strings.Compare(asText(a[1].value), asText(b[1].value)) })
	return ok(pairs{{"deletedRecords", list}, {"earliestDateAvailable", stampText(earliest.Truncate(time.Minute))}, {"latestDateCovered", stampText(s.covered(to))}}), nil
}

// TrimDeleteLog forgets deletions before now, as a trimmed log does: getDeleted
// has a hole that earliestDateAvailable shows.
func (s *Sim) TrimDeleteLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trimmed = time.Now().UTC()
}
