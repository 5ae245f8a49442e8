package lighttest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Fault is one bad thing that happens to one request. Zero fields do nothing, so Fault{Delay: d} only slows.
//
// Without AfterCommit a fault that answers (Status, Cut, Truncate, Malformed) keeps the request from having any effect.
// With it the request is carried out first, and only its answer is spoilt.
type Fault struct {
	AfterCommit bool          // carry out the request, then do the rest
	Delay       time.Duration // wait first (with AfterCommit: after the effect); ends early when the caller gives up
	Status      int           // answer this status, with Body and Header
	Body        string        // default: the gateway's {type, message} for the status
	Header      http.Header   // added to the answer
	Cut         bool          // close the connection without an answer
	Truncate    bool          // with AfterCommit: half of the answer's body, then the connection closes
	Malformed   bool          // 200 with a body that is not JSON
	FailOpen    string        // this open falls back to DRAFT, failureContext carrying this message
}

// Throttled is a 429 with Retry-After in seconds.
func Throttled(seconds int) Fault {
	return Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {strconv.Itoa(seconds)}}}
}

// HTML is a status answered by something that is not the API.
func HTML(status int) Fault {
	return Fault{Status: status, Body: "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>",
		Header: http.Header{"Content-Type": {"text/html"}}}
}

// Redirect is a 307 to another address, as some of Light's endpoints answer; the client has to send its Authorization
// again there.
func Redirect(to string) Fault {
	return Fault{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {to}}}
}

// SetFault sets the function asked before every request, nil for none. It may call the Sim; it must not keep r.
func (s *Sim) SetFault(hook func(r *http.Request, body []byte) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = hook
}

// FailOnce is a hook for SetFault: the fault befalls the first request on the route ("METHOD /path" as Calls names it,
// "" for any), and no other.
func FailOnce(route string, fault Fault) func(*http.Request, []byte) *Fault {
	return FailTimes(1, route, fault)
}

// FailTimes is FailOnce for the first n requests. It panics when there is no such route: a test that waits for a fault
// that cannot come proves nothing.
func FailTimes(n int, name string, fault Fault) func(*http.Request, []byte) *Fault {
	if name != "" && !slices.ContainsFunc(routes, func(r route) bool { return r.name == name }) {
		panic("lighttest: no operation is named " + name)
	}
	var hits atomic.Int64
	return func(r *http.Request, _ []byte) *Fault {
		if name != "" && Route(r) != name || hits.Add(1) > int64(n) {
			return nil
		}
		out := fault
		return &out
	}
}

// FailAfterCommit is FailOnce with the request carried out first: the answer is lost, the effect is not.
func FailAfterCommit(route string, fault Fault) func(*http.Request, []byte) *Fault {
	fault.AfterCommit = true
	return FailOnce(route, fault)
}

// Faults asks several hooks in order; the first that answers wins.
func Faults(hooks ...func(*http.Request, []byte) *Fault) func(*http.Request, []byte) *Fault {
	return func(r *http.Request, body []byte) *Fault {
		for _, hook := range hooks {
			if f := hook(r, body); f != nil {
				return f
			}
		}
		return nil
	}
}

func (f *Fault) wait(ctx context.Context) error {
	if f.Delay <= 0 {
		return nil
	}
	return sleep(ctx, f.Delay)
}

func (f *Fault) answers() bool { return f.Status != 0 || f.Cut || f.Malformed || f.Truncate }

var gatewayKinds = map[int]string{
	401: "UNAUTHORIZED", 403: "FORBIDDEN", 429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR",
	502: "BAD_GATEWAY", 503: "SERVICE_UNAVAILABLE", 504: "GATEWAY_TIMEOUT",
}

// write sends the answer, spoilt as the fault says.
func (f *Fault) write(w http.ResponseWriter, ans answer) {
	switch {
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		body := f.Body
		if body == "" {
			body = `{"type":"` + gatewayKinds[f.Status] + `","message":"` + http.StatusText(f.Status) + `"}`
		}
		ans = answer{f.Status, http.Header{"Content-Type": {mediaJSON}}, []byte(body)}
	case f.Malformed:
		ans = answer{http.StatusOK, http.Header{"Content-Type": {mediaJSON}}, []byte(`{"id": "`)}
	}
	if ans.header == nil {
		ans.header = http.Header{}
	}
	for name, values := range ans.header {
		w.Header()[name] = values
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	if ans.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(ans.body)))
	}
	w.WriteHeader(ans.status)
	if f.Truncate {
		f.cutHalfWay(w, ans.body)
	}
	if _, err := w.Write(ans.body); err != nil && ans.status != http.StatusNoContent {
		panic(http.ErrAbortHandler) // the caller went away
	}
}

// cutHalfWay announces the whole body, sends half of it and closes the connection.
func (f *Fault) cutHalfWay(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body[:len(body)/2]); err == nil {
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
	}
	panic(http.ErrAbortHandler)
}
