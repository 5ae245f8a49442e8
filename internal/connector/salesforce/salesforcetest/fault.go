package salesforcetest

import (
	"net/http"
	"strings"
	"time"
)

// Fault is a bad moment for one call. With Status or Cut and without After the
// call has no effect; with After it takes effect and then goes wrong.
type Fault struct {
	Match string // part of "METHOD /pattern" (see Calls) or of the path; "" is any call
	Skip  int    // so many matching calls pass first
	Times int    // so many calls it hits; 0 is one, -1 all

	Delay       time.Duration // wait before the effect, or until the caller gives up
	DelayAnswer time.Duration // wait after the effect: a caller with a shorter deadline never learns of it
	Hold        bool          // records the call wrote stay locked during DelayAnswer

	Status  int         // answer this status instead
	Code    string      // with Salesforce's error array of this code
	Message string      // and this message
	Body    string      // or this body; by default 5xx give the edge's HTML
	Header  http.Header // and these headers, such as Retry-After
	After   bool        // take effect first; Status 0 then means 503, unless Cut
	Cut     bool        // cut the connection instead of answering

	Stale    bool                                        // read what was before Config.StaleRead
	Truncate int                                         // send only so many bytes of the true answer, then cut
	HTML     bool                                        // the true answer's status with an HTML page
	Row      func(row int) (code, message string)        // rows of a collection that fail; code "" passes; it must not use the org
	Mangle   func(status int, body []byte) (int, []byte) // replace the true answer
}

// Throttled is the 403 of the daily limit.
func Throttled() Fault {
	return Fault{Status: http.StatusForbidden, Code: "REQUEST_LIMIT_EXCEEDED", Message: "TotalRequests Limit exceeded."}
}

// Concurrent is the 403 of too many long calls at once.
func Concurrent() Fault {
	return Fault{Status: http.StatusForbidden, Code: "REQUEST_LIMIT_EXCEEDED", Message: "ConcurrentRequests (Concurrent API Requests) Limit exceeded."}
}

// Unavailable is the 503 of overload or maintenance.
func Unavailable() Fault {
	return Fault{Status: http.StatusServiceUnavailable, Code: "SERVER_UNAVAILABLE", Message: "Server is unavailable, please try again later"}
}

// Expired is the 401 of a session that is over.
func Expired() Fault {
	return Fault{Status: http.StatusUnauthorized, Code: "INVALID_SESSION_ID", Message: "Session expired or invalid"}
}

// RowLocked is the 400 of a row that somebody else has locked.
func RowLocked() Fault {
	return Fault{Status: http.StatusBadRequest, Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access to this record"}
}

// CommittedThenLost takes effect and cuts the connection.
func CommittedThenLost() Fault { return Fault{After: true, Cut: true} }

// At is the fault for calls that match.
func (f Fault) At(match string) Fault { f.Match = match; return f }

type queuedFault struct {
	Fault
	skip, left int
}

// Fail lets the next matching call, or calls, go wrong. Faults are asked in the
// order in which they were set.
func (s *Sim) Fail(f Fault) {
	s.settings.Lock()
	defer s.settings.Unlock()
	q := &queuedFault{Fault: f, skip: f.Skip, left: f.Times}
	if q.left == 0 {
		q.left = 1
	}
	s.queued = append(s.queued, q)
}

// SetFault installs a hook that is asked before every call which no fault of Fail
// hits; nil means no fault. It runs outside the org's lock and may use the org.
func (s *Sim) SetFault(hook func(r *http.Request, body []byte) *Fault) {
	s.settings.Lock()
	defer s.settings.Unlock()
	s.hook = hook
}

// ClearFaults forgets all faults that were set.
func (s *Sim) ClearFaults() {
	s.settings.Lock()
	defer s.settings.Unlock()
	s.queued, s.hook = nil, nil
}

func (s *Sim) chooseFault(r *http.Request, pattern string, body []byte) *Fault {
	s.settings.Lock()
	name := r.Method + " " + r.URL.Path
	for _, q := range s.queued {
		if q.left == 0 || !strings.Contains(pattern, q.Match) && !strings.Contains(name, q.Match) {
			continue
		}
		if q.skip > 0 {
			q.skip--
			continue
		}
		if q.left > 0 {
			q.left--
		}
		f := q.Fault
		s.settings.Unlock()
		return &f
	}
	hook := s.hook
	s.settings.Unlock()
	if hook == nil {
		return nil
	}
	return hook(r, body)
}

// before says that the call must not take effect.
func (f *Fault) before() bool { return !f.After && (f.Status != 0 || f.Cut) }

// answer is what the fault answers instead of the truth.
func (f *Fault) answer() answer {
	status := f.Status
	setDefault(&status, http.StatusServiceUnavailable)
	a := answer{status: status, header: http.Header{}}
	switch {
	case f.Body != "":
		a.raw = []byte(f.Body)
		a.header.Set("Content-Type", "text/plain;charset=UTF-8")
		if strings.HasPrefix(f.Body, "[") || strings.HasPrefix(f.Body, "{") {
			a.header.Set("Content-Type", jsonType)
		}
	case f.Code != "":
		a = fail(status, f.Code, "%s", f.Message).answer()
		a.header = http.Header{"Content-Type": {jsonType}}
	default:
		a.raw = []byte(htmlPage(status))
		a.header.Set("Content-Type", "text/html;charset=UTF-8")
	}
	for k, v := range f.Header {
		a.header[http.CanonicalHeaderKey(k)] = v
	}
	a.raw, a.body = a.bytes(), nil
	return a
}

// wait sleeps; false means that the caller gave up first.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
