package hubspottest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Vendor limits for a Pro account (section 12).
const (
	PrivateBurst     = 190 // per private app in any ten seconds
	OAuthBurst       = 110 // per OAuth app and account in any ten seconds
	SearchPerSecond  = 5   // per account, all apps together
	AssociationBurst = 150 // associations API, per app in any ten seconds (inferred: a bucket of its own)
	PrivateDaily     = 625_000
	AssociationDaily = 500_000
)

// limiter counts calls. Windows roll: a call is admitted if fewer than the limit
// were admitted in the window before it. Refused calls do not count (inferred).
type limiter struct {
	windows map[string][]time.Time
	day     string
	daily   map[string]int
	refused int
}

// admit takes one place in a rolling window.
func (l *limiter) admit(name string, most int, span time.Duration) bool {
	if l.windows == nil {
		l.windows = map[string][]time.Time{}
	}
	now := time.Now()
	w := l.windows[name]
	for len(w) > 0 && now.Sub(w[0]) >= span {
		w = w[1:]
	}
	ok := len(w) < most
	if ok {
		w = append(w, now)
	}
	l.windows[name] = w
	return ok
}

func (l *limiter) used(name string) int { return len(l.windows[name]) }

// limit refuses a call that is over one of its limits.
func (s *Sim) limit(q *request, h *route) *apiError {
	if h.bucket == unlimited || q.cred.kind == uiUser || q.cred.kind == developerKey {
		return nil
	}
	private := q.cred.kind == privateApp
	today := time.Now().In(s.zone).Format(time.DateOnly)
	if s.limits.day != today {
		s.limits.day, s.limits.daily = today, map[string]int{}
	}
	if s.cfg.Limits {
		if private && s.limits.daily["private"] >= PrivateDaily || s.limits.daily["associations"] >= AssociationDaily && h.bucket == associating {
			return s.tooMany("DAILY", "You have reached your daily limit.", "private_app-api-calls-daily", q, time.Until(s.midnight()))
		}
		if e := s.limitBucket(q, h.bucket); e != nil {
			return e
		}
	}
	if private {
		s.limits.daily["private"]++
	}
	if h.bucket == associating {
		s.limits.daily["associations"]++
	}
	return nil
}

func (s *Sim) limitBucket(q *request, b bucket) *apiError {
	if b == searching {
		if !s.limits.admit("search", SearchPerSecond, time.Second) {
			return s.tooMany("SECONDLY", "You have reached your secondly limit.", "search-api-calls-secondly", q, time.Second)
		}
		if !s.cfg.Quirks.SearchInBurst {
			return nil
		}
	}
	if !s.limits.admit(q.cred.bucket(b), q.cred.burst(b), 10*time.Second) {
		group := "private_app-api-calls-ten-secondly"
		if q.cred.kind != privateApp {
			group = "app-api-calls-ten-secondly"
		}
		return s.tooMany("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.", group, q, 10*time.Second)
	}
	return nil
}

func (c *credential) bucket(b bucket) string { return fmt.Sprint(c.app.id, c.kind, b == associating) }

func (c *credential) burst(b bucket) int {
	switch {
	case b == associating:
		return AssociationBurst
	case c.kind == privateApp:
		return PrivateBurst
	}
	return OAuthBurst
}

func (s *Sim) midnight() time.Time {
	now := time.Now().In(s.zone)
	return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, s.zone)
}

// tooMany is the 429 body: errorType and policyName, no category.
func (s *Sim) tooMany(policy, message, group string, q *request, wait time.Duration) *apiError {
	s.limits.refused++
	e := &apiError{http: http.StatusTooManyRequests, Status: "error", Message: message, ErrorType: "RATE_LIMIT", PolicyName: policy,
		GroupName: fmt.Sprintf("publicapi:%s:%d:%d", group, q.cred.app.id, s.cfg.PortalID)}
	q.retryAfter(s, wait)
	return e
}

func (q *request) retryAfter(s *Sim, wait time.Duration) {
	if s.cfg.Quirks.RetryAfter {
		q.Header.Set(retryHeader, strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
}

// retryHeader carries the wait from the refusal to finish; it never leaves.
const retryHeader = "X-Simulator-Retry-After"

// limitHeaders adds the X-HubSpot-RateLimit headers: none on search, no daily
// ones for OAuth apps, none when limits are off.
func (s *Sim) limitHeaders(q *request, h http.Header) {
	if v := q.Header.Get(retryHeader); v != "" {
		h.Set("Retry-After", v)
	}
	if !s.cfg.Limits || q.cred == nil || q.cred.kind == uiUser || q.cred.kind == developerKey || q.search() {
		return
	}
	b := burst
	if q.associations() {
		b = associating
	}
	most := q.cred.burst(b)
	h.Set("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")
	h.Set("X-HubSpot-RateLimit-Max", strconv.Itoa(most))
	h.Set("X-HubSpot-RateLimit-Remaining", strconv.Itoa(max(0, most-s.limits.used(q.cred.bucket(b)))))
	if q.cred.kind == privateApp {
		h.Set("X-HubSpot-RateLimit-Daily", strconv.Itoa(PrivateDaily))
		h.Set("X-HubSpot-RateLimit-Daily-Remaining", strconv.Itoa(max(0, PrivateDaily-s.limits.daily["private"])))
	}
}

func (q *request) search() bool { return len(q.path) > 0 && q.path[len(q.path)-1] == "search" }

func (q *request) associations() bool {
	return len(q.path) > 1 && (q.path[1] == "associations" || len(q.path) > 4 && q.path[4] == "associations")
}

// Refused counts the calls that were answered 429 by the portal's own limits.
func (s *Sim) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits.refused
}

// SpendDaily uses up calls of the private apps' shared daily quota, as other
// private apps of the account would.
func (s *Sim) SpendDaily(calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if today := time.Now().In(s.zone).Format(time.DateOnly); s.limits.day != today {
		s.limits.day, s.limits.daily = today, map[string]int{}
	}
	s.limits.daily["private"] += calls
}
