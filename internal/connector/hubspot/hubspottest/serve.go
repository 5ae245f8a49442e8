package hubspottest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what the portal reads of a request: a full batch of 100 records
// with long texts stays well below it.
const maxBody = 16 << 20

// maxURL is the length from which on a URL is refused with 414 (inferred).
const maxURL = 8 << 10

// ServeHTTP answers one API call.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.RequestURI()) > maxURL {
		http.Error(w, "URI too long", http.StatusRequestURITooLong)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "body too long", http.StatusRequestEntityTooLarge)
		return
	}
	f := s.chooseFault(r, body)
	if f == nil {
		s.send(w, s.handle(r, body, nil), nil)
		return
	}
	if !wait(r, f.Delay) {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	if f.before() {
		s.refuseByFault(w, r, f)
		return
	}
	a := s.handle(r, body, f)
	if !wait(r, f.DelayAnswer) {
		panic(http.ErrAbortHandler)
	}
	s.send(w, a, f)
}

// handle runs a call against the portal's state.
func (s *Sim) handle(r *http.Request, body []byte, f *Fault) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	q := &request{Request: r, body: body, query: r.URL.Query(), fault: f}
	h := s.route(q)
	s.calls[q.pattern]++
	s.calls["total"]++
	if h == nil {
		return s.finish(q, answer{status: http.StatusNotFound, header: http.Header{"Content-Type": {"text/html;charset=utf-8"}}, raw: []byte(htmlPage(http.StatusNotFound))})
	}
	if e := s.admit(q, h); e != nil {
		return s.finish(q, s.errorAnswer(e))
	}
	a, e := h.serve(s, q)
	if e != nil {
		a = s.errorAnswer(e)
	}
	return s.finish(q, a)
}

// admit checks media type, credential, scopes and limits, in the vendor's order.
func (s *Sim) admit(q *request, h *route) *apiError {
	if h.form {
		if len(q.query) > 0 {
			return validation("query parameters are not accepted here: send all parameters in the body")
		}
		if !strings.HasPrefix(q.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			return &apiError{http: http.StatusUnsupportedMediaType, Status: "error", Message: "Unsupported Media Type"}
		}
		return nil
	}
	if h.open {
		return nil
	}
	cred, e := s.authenticate(q)
	if e != nil {
		return e
	}
	q.cred = cred
	if h.developer != (cred.kind == developerKey) {
		return fail(http.StatusUnauthorized, "INVALID_AUTHENTICATION", "This kind of credential cannot be used here.")
	}
	if e := s.limit(q, h); e != nil {
		return e
	}
	if len(bytes.TrimSpace(q.body)) > 0 && !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json") {
		return &apiError{http: http.StatusUnsupportedMediaType, Status: "error", Message: "Unsupported Media Type"}
	}
	if e := q.only(s, h.params...); e != nil {
		return e
	}
	return cred.missing(h.scopes(q))
}

// finish adds the headers that every answer has.
func (s *Sim) finish(q *request, a answer) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	if a.header.Get("Content-Type") == "" && (a.body != nil || a.raw != nil) {
		a.header.Set("Content-Type", "application/json;charset=utf-8")
	}
	id := s.uuid()
	if e, ok := a.body.(*apiError); ok && e.CorrelationID != "" {
		id = e.CorrelationID
	}
	a.header.Set("X-HubSpot-Correlation-Id", id)
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	s.limitHeaders(q, a.header)
	a.raw, a.body = a.bytes(), nil
	return a
}

// send writes an answer, spoilt by the fault if there is one.
func (s *Sim) send(w http.ResponseWriter, a answer, f *Fault) {
	body := a.raw
	if f != nil {
		s.mu.Lock()
		rng := rand.New(rand.NewPCG(s.rng.Uint64(), 1))
		s.mu.Unlock()
		f.spoil(&a, rng)
		body = a.raw
		if f.Cut {
			panic(http.ErrAbortHandler)
		}
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if f != nil && f.Truncate > 0 && f.Truncate < len(body) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(body[:f.Truncate]) // the caller sees a cut body either way
		if fl, ok := w.(http.Flusher); ok {
			fl.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // an error here means that the caller has gone
}
