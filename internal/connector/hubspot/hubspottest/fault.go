package hubspottest

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Fault is a bad moment for one call. Without After and with a Status or Cut the
// call has no effect; with After it takes effect and then goes wrong.
type Fault struct {
	Delay       time.Duration // wait before the effect, or until the caller gives up
	DelayAnswer time.Duration // wait after the effect: a caller with a shorter deadline never learns of it

	Status int         // answer this status instead
	Body   string      // with this body; for 5xx default is the gateway's HTML
	Header http.Header // and these headers
	After  bool        // take effect first; Status 0 then means 504, unless Cut
	Cut    bool        // cut the connection instead of answering

	Truncate int                                            // send only so many bytes of the true answer, then cut
	Rows     func(row int, input json.RawMessage) *RowFault // rows of a batch write that fail
	Drop     int                                            // leave so many results out of a batch answer
	Shuffle  bool                                           // give batch results in another order
	Mangle   func(status int, body []byte) (int, []byte)    // replace the true answer, e.g. by HTML with 200
}

// RowFault makes one row of a batch fail; the others go through. The zero values
// give an INTERNAL_ERROR row.
type RowFault struct {
	Category, Message string
}

// TooMany is a 429 as the ten-second limit gives it; retryAfter "" sends none.
func TooMany(retryAfter string) Fault {
	f := Fault{Status: http.StatusTooManyRequests, Header: http.Header{},
		Body: `{"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT","correlationId":"00000000-0000-4000-8000-000000000429","policyName":"TEN_SECONDLY_ROLLING"}`}
	if retryAfter != "" {
		f.Header.Set("Retry-After", retryAfter)
	}
	return f
}

// Unavailable is a gateway error without effect.
func Unavailable(status int) Fault { return Fault{Status: status} }

// Locked is the 423 of section 13.
func Locked() Fault {
	return Fault{Status: http.StatusLocked, Body: `{"status":"error","message":"The resource is locked","category":"LOCKED","correlationId":"00000000-0000-4000-8000-000000000423"}`}
}

// Migrating is the 477 of an account that moves between data centres.
func Migrating(retryAfter string) Fault {
	return Fault{Status: 477, Header: http.Header{"Retry-After": {retryAfter}},
		Body: `{"status":"error","message":"This account is being migrated","category":"MIGRATION_IN_PROGRESS","correlationId":"00000000-0000-4000-8000-000000000477"}`}
}

// Unauthorized is a 401 EXPIRED_AUTHENTICATION that the clock does not explain.
func Unauthorized() Fault {
	return Fault{Status: http.StatusUnauthorized, Body: `{"status":"error","message":"The OAuth token used to make this call expired 1 second(s) ago.","category":"EXPIRED_AUTHENTICATION","correlationId":"00000000-0000-4000-8000-000000000401"}`}
}

// CommittedThen504 takes effect and answers 504.
func CommittedThen504() Fault { return Fault{After: true, Status: http.StatusGatewayTimeout} }

// CommittedThenCut takes effect and cuts the connection.
func CommittedThenCut() Fault { return Fault{After: true, Cut: true} }

// HTML answers an HTML page with status 200, after the effect.
func HTML() Fault {
	return Fault{Mangle: func(int, []byte) (int, []byte) {
		return http.StatusOK, []byte("<html><body>We will be right back</body></html>")
	}}
}

// MalformedJSON answers broken JSON, after the effect.
func MalformedJSON() Fault {
	return Fault{Mangle: func(status int, b []byte) (int, []byte) { return status, []byte(`{"results":[{"id":`) }}
}

type queuedFault struct {
	match string
	left  int
	fault Fault
}

// SetFault installs a hook that is asked before every call; nil means no fault.
// It runs outside the portal's lock and may use the portal.
func (s *Sim) SetFault(hook func(r *http.Request, body []byte) *Fault) {
	s.settings.Lock()
	defer s.settings.Unlock()
	s.fault = hook
}

// FailNext makes the next n calls fail whose "METHOD /pattern" (see Calls)
// contains match; "" is any call. Queued faults come before the hook.
func (s *Sim) FailNext(match string, n int, f Fault) {
	s.settings.Lock()
	defer s.settings.Unlock()
	s.queued = append(s.queued, queuedFault{match, n, f})
}

// FailOnce is FailNext for one call.
func (s *Sim) FailOnce(match string, f Fault) { s.FailNext(match, 1, f) }

// FailAfterCommit lets the next matching call take effect and answer 504.
func (s *Sim) FailAfterCommit(match string) { s.FailOnce(match, CommittedThen504()) }

func (s *Sim) chooseFault(r *http.Request, body []byte) *Fault {
	s.settings.Lock()
	name := r.Method + " " + r.URL.Path
	probe := &request{Request: r}
	s.mu.Lock()
	s.route(probe)
	s.mu.Unlock()
	for i := range s.queued {
		if q := &s.queued[i]; q.left > 0 && (strings.Contains(probe.pattern, q.match) || strings.Contains(name, q.match)) {
			q.left--
			f := q.fault
			s.settings.Unlock()
			return &f
		}
	}
	hook := s.fault
	s.settings.Unlock()
	if hook == nil {
		return nil
	}
	return hook(r, body)
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

// before says that the call must not take effect.
func (f *Fault) before() bool { return !f.After && (f.Status != 0 || f.Cut) }

func (s *Sim) refuseByFault(w http.ResponseWriter, r *http.Request, f *Fault) {
	s.mu.Lock()
	probe := &request{Request: r}
	s.route(probe)
	s.calls[probe.pattern]++
	s.calls["total"]++
	s.mu.Unlock()
	s.send(w, answer{status: f.Status, header: http.Header{}}, &Fault{After: true, Status: f.Status, Body: f.Body, Header: f.Header, Cut: f.Cut})
}

// spoil changes a true answer into what the caller gets.
func (f *Fault) spoil(a *answer, rng *rand.Rand) {
	if f.Drop > 0 || f.Shuffle {
		a.raw = reorder(a.raw, f.Drop, rng)
	}
	if f.Mangle != nil {
		a.status, a.raw = f.Mangle(a.status, a.raw)
	}
	if !f.After {
		return
	}
	status, body := f.Status, f.Body
	setDefault(&status, http.StatusGatewayTimeout)
	contentType := "application/json;charset=utf-8"
	if body == "" {
		body, contentType = htmlPage(status), "text/html;charset=utf-8"
	}
	a.status, a.raw = status, []byte(body)
	a.header = http.Header{"Content-Type": {contentType}}
	for k, v := range f.Header {
		a.header[k] = v
	}
}

// reorder shuffles and shortens the results of an answer that has any.
func reorder(raw []byte, drop int, rng *rand.Rand) []byte {
	var body map[string]json.RawMessage
	var results []json.RawMessage
	if json.Unmarshal(raw, &body) != nil || json.Unmarshal(body["results"], &results) != nil {
		return raw
	}
	rng.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
	results = results[:max(0, len(results)-drop)]
	for key, v := range map[string]any{"results": results} {
		b, err := json.Marshal(v)
		if err != nil {
			return raw
		}
		body[key] = b
	}
	out, err := json.Marshal(body)
	if err != nil {
		return raw
	}
	return out
}
