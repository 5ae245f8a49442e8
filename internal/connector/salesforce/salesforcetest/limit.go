package salesforcetest

import (
	"net/http"
	"sort"
	"time"
)

// usage counts API requests of the rolling day, and the calls that are running.
type usage struct {
	minutes []minute
	total   int
	running map[*time.Time]bool
	long    int // of other tools, see SetLongCalls
}

type minute struct {
	at time.Time
	n  int
}

func (u *usage) add(now time.Time) {
	at := now.Truncate(time.Minute)
	if n := len(u.minutes); n == 0 || !u.minutes[n-1].at.Equal(at) {
		u.minutes = append(u.minutes, minute{at: at})
	}
	u.minutes[len(u.minutes)-1].n++
	u.total++
}

// used is the number of requests of the last 24 hours.
func (u *usage) used(now time.Time) int {
	old := now.Add(-24 * time.Hour)
	i := sort.Search(len(u.minutes), func(i int) bool { return u.minutes[i].at.After(old) })
	for _, m := range u.minutes[:i] {
		u.total -= m.n
	}
	u.minutes = u.minutes[i:]
	return u.total
}

// longCalls counts the calls that have been running for 20 s or more.
func (u *usage) longCalls(now time.Time) int {
	n := u.long
	for began := range u.running {
		if now.Sub(*began) >= 20*time.Second {
			n++
		}
	}
	return n
}

// enter notes a call that runs until leave is called.
func (s *Sim) enter() (leave func()) {
	began := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usage.running == nil {
		s.usage.running = map[*time.Time]bool{}
	}
	s.usage.running[&began] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.usage.running, &began)
	}
}

// withinLimits applies the daily pool and the limit of long concurrent calls
// (section 11).
func (s *Sim) withinLimits(q *request) *apiError {
	if !s.cfg.Limits || q.route.uncount {
		return nil
	}
	now := time.Now()
	if s.usage.used(now) > s.cfg.DailyRequests {
		return fail(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
	}
	if s.usage.longCalls(now) >= 25 {
		return fail(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
	}
	return nil
}

// SetLongCalls says how many calls of other tools have been running for 20 s or
// more: from 25 on, with Config.Limits, every call is refused (section 11).
func (s *Sim) SetLongCalls(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usage.long = n
}

// UseRequests takes n requests out of the daily pool, as other tools do.
func (s *Sim) UseRequests(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.usage.add(time.Now())
	}
}
