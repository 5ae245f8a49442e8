package salespadtest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is one bad thing that happens to one request. Zero fields do nothing, so Fault{Delay: d} only slows.
//
// Without AfterCommit a fault that answers keeps the request from having any effect. With it the request is carried out
// first, and only its answer is spoilt.
type Fault struct {
	AfterCommit bool          // carry out the request, then do the rest
	Delay       time.Duration // wait first (with AfterCommit: after the effect); ends early when the caller gives up
	Status      int           // answer this status, with Body and Header
	Body        string        // default: IIS's HTML page for the status
	Header      http.Header   // added to the answer
	Empty       bool          // no body at all; Status 0 is 200
	Cut         bool          // close the connection without an answer
	Truncate    bool          // with AfterCommit: half of the answer's body, then the connection closes
	Malformed   bool          // 200 with a body that is not JSON
}

// HTML is IIS's own page for a status, 200 included.
func HTML(status int) Fault { return Fault{Status: status} }

// Empty is a 200 without a body, as seen under load.
func Empty() Fault { return Fault{Empty: true} }

// Failed is SalesPad's own envelope with a status and an error code.
func Failed(status, code int, message string) Fault {
	return Fault{Status: status, Body: string(encode(fail(status, code, "%s", message).envelope())), Header: http.Header{"Content-Type": {mediaJSON}}}
}

// LostAnswer carries the request out and closes the connection.
func LostAnswer() Fault { return Fault{AfterCommit: true, Cut: true} }

type queuedFault struct {
	route string
	skip  int
	left  int
	fault Fault
}

// SetFault sets the function asked before every request that no queued fault befalls, nil for none. It runs outside the
// simulator's lock and may use the simulator; it must not keep r.
func (s *Sim) SetFault(hook func(r *http.Request, body []byte) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = hook
}

// Fail lets a fault befall n requests on an operation ("METHOD /path" as Calls names it, "" for any) after the first
// skip ones. It panics when there is no such operation: a test that waits for a fault that cannot come proves nothing.
func (s *Sim) Fail(operation string, skip, n int, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if operation != "" && !slices.ContainsFunc(s.routes, func(r route) bool { return r.name == operation }) {
		panic("salespadtest: no operation is named " + operation)
	}
	s.queued = append(s.queued, &queuedFault{operation, skip, n, fault})
}

// FailOnce is Fail for the next request.
func (s *Sim) FailOnce(operation string, fault Fault) { s.Fail(operation, 0, 1, fault) }

// FailNth is Fail for the n-th request from now, counted from 1.
func (s *Sim) FailNth(operation string, n int, fault Fault) { s.Fail(operation, n-1, 1, fault) }

// ClearFaults takes every queued fault and the hook away.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.queued = nil, nil
}

// outage is a time in which the server does not serve.
type outage struct {
	from, until time.Time
	stopped     bool
}

// Down makes the server unreachable from one moment to another: connections are refused.
func (s *Sim) Down(from, until time.Time) { s.addOutage(outage{from, until, false}) }

// Stopped stops the application pool from one moment to another: IIS answers 503 pages.
func (s *Sim) Stopped(from, until time.Time) { s.addOutage(outage{from, until, true}) }

func (s *Sim) addOutage(o outage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outages = append(s.outages, o)
}

// Up ends every outage.
func (s *Sim) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outages = nil
}

// faultFor chooses what befalls a request, and counts it.
func (s *Sim) faultFor(r *http.Request, body []byte) *Fault {
	s.mu.Lock()
	now := time.Now()
	for _, o := range s.outages {
		if now.Before(o.from) || !now.Before(o.until) {
			continue
		}
		if o.stopped {
			s.calls["total"]++
			s.mu.Unlock()
			return &Fault{Status: http.StatusServiceUnavailable, Body: string(htmlPage(http.StatusServiceUnavailable, "The service is unavailable."))}
		}
		s.calls["unreached"]++
		s.mu.Unlock()
		return &Fault{Cut: true}
	}
	name := s.nameOf(r)
	s.calls[name]++
	s.calls["total"]++
	if f := s.queuedFor(name); f != nil {
		s.mu.Unlock()
		return f
	}
	hook, load := s.fault, s.loadFault(now)
	s.mu.Unlock()
	if hook != nil {
		if f := hook(r, body); f != nil {
			return f
		}
	}
	return load
}

func (s *Sim) queuedFor(name string) *Fault {
	for _, q := range s.queued {
		if q.left == 0 || q.route != "" && q.route != name {
			continue
		}
		if q.skip > 0 {
			q.skip--
			continue
		}
		q.left--
		f := q.fault
		return &f
	}
	return nil
}

// loadFault is what IIS does with more calls than it can serve in a second: a page instead of JSON before anything
// happened, a time-out or an empty body after the effect.
func (s *Sim) loadFault(now time.Time) *Fault {
	if second := now.Truncate(time.Second); !second.Equal(s.second) {
		s.second, s.busy = second, 0
	}
	s.busy++
	if s.cfg.CallsPerSecond == 0 || s.busy <= s.cfg.CallsPerSecond {
		return &Fault{}
	}
	s.made["load"]++
	switch mix(s.cfg.Seed+s.made["load"], "load") >> 32 % 3 {
	case 0:
		return &Fault{Status: http.StatusServiceUnavailable}
	case 1:
		return &Fault{Empty: true, AfterCommit: true}
	default:
		return &Fault{Status: http.StatusInternalServerError, AfterCommit: true}
	}
}

func (f *Fault) answers() bool {
	return f.Status != 0 || f.Cut || f.Malformed || f.Truncate || f.Empty
}

// write sends the answer, spoilt as the fault says.
func (f *Fault) write(w http.ResponseWriter, ans answer) {
	switch {
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.Empty:
		ans = answer{status: http.StatusOK}
		setDefault(&f.Status, http.StatusOK)
		ans.status = f.Status
	case f.Status != 0 && f.Body == "":
		ans = answer{f.Status, http.Header{"Content-Type": {mediaHTML}}, htmlPage(f.Status, "")}
	case f.Status != 0:
		ans = answer{f.Status, http.Header{"Content-Type": {mediaHTML}}, []byte(f.Body)}
	case f.Malformed:
		ans = answer{http.StatusOK, http.Header{"Content-Type": {mediaJSON}}, []byte(`{"Items":[{"`)}
	}
	for name, values := range ans.header {
		w.Header()[name] = values
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(ans.body)))
	w.WriteHeader(ans.status)
	if f.Truncate {
		if _, err := w.Write(ans.body[:len(ans.body)/2]); err == nil {
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
		}
		panic(http.ErrAbortHandler)
	}
	if _, err := w.Write(ans.body); err != nil {
		panic(http.ErrAbortHandler) // the caller went away
	}
}
