package salesforcetest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxHead  = 16_384   // URI and headers, section 4
	maxBody  = 50 << 20 // a full collection stays well below it (inferred)
	jsonType = "application/json;charset=UTF-8"
)

// ServeHTTP answers one API call.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.mountedAt(r.URL.Path); h != nil {
		s.serveMounted(w, r, h)
		return
	}
	defer s.enter()()
	q := &request{Request: r, query: r.URL.Query()}
	if m := q.query.Get("_HttpMethod"); m != "" && r.Method == http.MethodPost {
		r.Method = strings.ToUpper(m) // for clients without PATCH, section 4
	}
	s.mu.Lock()
	route, e := s.find(q)
	s.mu.Unlock()
	limit := int64(maxBody)
	if route != nil && route.maxBody > 0 {
		limit = route.maxBody
	}
	body, tooBig := readBody(w, r, limit)
	q.body, q.route = body, route
	if tooBig {
		e = fail(http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", "the request body is larger than %d bytes", limit)
	}
	f := s.chooseFault(r, q.pattern, body)
	q.fault = f
	if f != nil && !wait(r, f.Delay) {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	if f != nil && f.before() {
		s.send(w, r, s.refused(q, f), f)
		return
	}
	a, held := s.answerTo(q, e)
	if f != nil {
		done := wait(r, f.DelayAnswer)
		s.release(held)
		if !done {
			panic(http.ErrAbortHandler)
		}
	}
	s.send(w, r, a, f)
}

// serveMounted lets faults hit the parts beside the core too.
func (s *Sim) serveMounted(w http.ResponseWriter, r *http.Request, h http.Handler) {
	s.countMounted(r)
	f := s.chooseFault(r, r.Method+" "+r.URL.Path, nil)
	if f == nil {
		h.ServeHTTP(w, r)
		return
	}
	if !wait(r, f.Delay) {
		panic(http.ErrAbortHandler)
	}
	if f.before() {
		s.send(w, r, f.answer(), f)
		return
	}
	rec := &mountedAnswer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(rec, r)
	if !wait(r, f.DelayAnswer) {
		panic(http.ErrAbortHandler)
	}
	s.send(w, r, answer{status: rec.status, header: rec.header, raw: rec.body.Bytes()}, f)
}

type mountedAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *mountedAnswer) Header() http.Header         { return r.header }
func (r *mountedAnswer) WriteHeader(status int)      { r.status = status }
func (r *mountedAnswer) Write(p []byte) (int, error) { return r.body.Write(p) }

func readBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, tooBig bool) {
	var in io.Reader = http.MaxBytesReader(w, r.Body, limit)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, false // an empty body: refused by whoever needs one
		}
		in = io.LimitReader(z, limit+1)
	}
	body, err := io.ReadAll(in)
	return body, err != nil || int64(len(body)) > limit
}

// answerTo runs a call against the org's state.
func (s *Sim) answerTo(q *request, e *apiError) (answer, []*record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	s.countLocked(q)
	if e == nil {
		e = s.admit(q)
	}
	if e != nil {
		return s.finish(q, e.answer()), nil
	}
	before := len(s.effects)
	a, e := q.route.serve(s, q)
	if e != nil {
		a = e.answer()
	}
	var held []*record
	if q.fault != nil && q.fault.Hold {
		held = s.hold(s.effects[before:], q.fault.DelayAnswer)
	}
	return s.finish(q, a), held
}

// admit checks sizes, session, limits, media type and parameters in the vendor's
// order (inferred).
func (s *Sim) admit(q *request) *apiError {
	if n := headSize(q.Request); n > maxHead {
		if len(q.URL.RequestURI()) > maxHead/2 {
			return fail(http.StatusRequestURITooLong, "URI_TOO_LONG", "the URI and headers have %d bytes, more than %d", n, maxHead)
		}
		return fail(http.StatusRequestHeaderFieldsTooLarge, "REQUEST_HEADER_FIELDS_TOO_LARGE", "the URI and headers have %d bytes, more than %d", n, maxHead)
	}
	if q.route.open {
		return nil
	}
	user, known := s.authenticate(q.Request)
	if !known {
		return invalidSession()
	}
	q.user = user
	if e := s.withinLimits(q); e != nil {
		return e
	}
	if len(bytes.TrimSpace(q.body)) > 0 && !q.route.form && !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json") {
		return fail(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Content type %q is not supported: send application/json", q.Header.Get("Content-Type"))
	}
	return q.only(s)
}

func headSize(r *http.Request) int {
	n := len(r.URL.RequestURI())
	for k, v := range r.Header {
		for _, x := range v {
			n += len(k) + len(x) + 4
		}
	}
	return n
}

// finish adds the headers that every answer has.
func (s *Sim) finish(q *request, a answer) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	if a.header.Get("Content-Type") == "" && (a.body != nil || a.raw != nil) {
		a.header.Set("Content-Type", jsonType)
	}
	if q.version != "" && (q.route == nil || !q.route.uncount) {
		a.header.Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", s.usage.used(time.Now()), s.cfg.DailyRequests))
	}
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	a.raw, a.body = a.bytes(), nil
	return a
}

// countMounted counts calls beside the API: they are in no total and no limit.
func (s *Sim) countMounted(r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/id/") {
		path = "/id/{organization}/{user}"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[r.Method+" "+path]++
}

// refused is the answer of a fault: from the API itself it carries the usage, from
// the edge in front of it it does not.
func (s *Sim) refused(q *request, f *Fault) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countLocked(q)
	a := f.answer()
	if f.Code != "" {
		a = s.finish(q, a)
	}
	return a
}

func (s *Sim) countLocked(q *request) {
	s.calls[q.pattern]++
	s.calls["total"]++
	if q.route == nil || !q.route.uncount {
		s.usage.add(time.Now())
	}
}

// send writes an answer, spoilt by the fault if there is one.
func (s *Sim) send(w http.ResponseWriter, r *http.Request, a answer, f *Fault) {
	if f != nil {
		a = f.spoil(a)
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if f != nil && f.Cut {
		panic(http.ErrAbortHandler)
	}
	if f != nil && f.Truncate > 0 && f.Truncate < len(a.raw) {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.raw)))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.raw[:f.Truncate]) // the caller sees a cut body either way
		if fl, ok := w.(http.Flusher); ok {
			fl.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	if len(a.raw) > 1024 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(a.status)
		z := gzip.NewWriter(w)
		_, _ = z.Write(a.raw) // an error here means that the caller has gone
		_ = z.Close()
		return
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.raw)
}

// spoil changes a true answer into what the caller gets.
func (f *Fault) spoil(a answer) answer {
	if f.Mangle != nil {
		a.status, a.raw = f.Mangle(a.status, a.raw)
	}
	if f.HTML {
		a.raw = []byte(htmlPage(a.status))
		a.header.Set("Content-Type", "text/html;charset=UTF-8")
	}
	if f.After && !f.Cut {
		return f.answer()
	}
	return a
}

// htmlPage is the edge's own page (section 13: 5xx may be HTML).
func htmlPage(status int) string {
	return fmt.Sprintf("<html>\n<head><title>%d %s</title></head>\n<body><h1>We are down for maintenance.</h1></body>\n</html>\n", status, http.StatusText(status))
}

// subrequest runs one part of a composite as if it had been sent alone.
func (s *Sim) subrequest(q *request, method, uri string, header http.Header, body []byte, t *tx) answer {
	u, err := url.Parse(uri)
	if err != nil {
		return fail(http.StatusBadRequest, "INVALID_REQUEST", "the url %q cannot be parsed", uri).answer()
	}
	r := q.Request.Clone(q.Context())
	r.Method, r.URL = method, u
	for k, v := range header {
		r.Header[http.CanonicalHeaderKey(k)] = v
	}
	p := &request{Request: r, query: u.Query(), body: body, user: q.user, tx: t, sub: true, fault: q.fault}
	route, e := s.find(p)
	if e != nil {
		return e.answer()
	}
	p.route = route
	s.calls["composite "+p.pattern]++
	if e := p.only(s); e != nil {
		return e.answer()
	}
	a, e := route.serve(s, p)
	if e != nil {
		return e.answer()
	}
	return a
}
