package salesforcetest

import (
	"net/http"
	"strings"
)

// handler answers one call with the org locked.
type handler func(s *Sim, q *request) (answer, *apiError)

// route is one path of the API. Patterns are relative to
// /services/data/vNN.0 unless they begin with "/services" or "/.well-known"
// themselves; {x} matches one segment, {x...} the rest.
type route struct {
	method   string
	pattern  string
	segments []string
	serve    handler

	open    bool     // no session needed
	uncount bool     // not an API request: no limit, no Sforce-Limit-Info
	form    bool     // body is form-encoded, or anything the handler likes
	params  []string // query parameters it knows
	any     bool     // it looks at its query parameters itself
	maxBody int64    // default maxBody
}

// handle adds a route; it can be changed through the returned pointer.
func (s *Sim) handle(method, pattern string, h handler, params ...string) *route {
	r := &route{method: method, pattern: pattern, segments: split(pattern), serve: h, params: params}
	s.routes = append(s.routes, r)
	return r
}

func split(path string) []string {
	return strings.Split(strings.Trim(path, "/"), "/")
}

// match fills the path parameters of q.
func (r *route) match(segments []string, q *request) bool {
	vars := map[string]string{}
	for i, want := range r.segments {
		if strings.HasSuffix(want, "...}") {
			vars[strings.Trim(want, "{.}")] = strings.Join(segments[i:], "/")
			q.vars = vars
			return i < len(segments)
		}
		if i >= len(segments) {
			return false
		}
		if strings.HasPrefix(want, "{") {
			if segments[i] == "" {
				return false
			}
			vars[strings.Trim(want, "{}")] = segments[i]
		} else if !strings.EqualFold(want, segments[i]) {
			return false
		}
	}
	if len(segments) != len(r.segments) {
		return false
	}
	q.vars = vars
	return true
}

const dataRoot = "/services/data/"

// find sets the version, the pattern and the path parameters of a call. Without a
// route it says why: 404 for a path, 405 for a method.
func (s *Sim) find(q *request) (*route, *apiError) {
	path := q.URL.EscapedPath()
	q.pattern = q.Method + " " + path
	rest, versioned := strings.CutPrefix(path, dataRoot)
	var segments []string
	if v, tail, more := strings.Cut(rest, "/"); versioned && strings.HasPrefix(v, "v") {
		if e := s.checkVersion(v[1:]); e != nil {
			return nil, e
		}
		q.version = v[1:]
		segments = split(tail)
		if !more || strings.Trim(tail, "/") == "" {
			segments = nil
		}
	} else {
		segments = split(path)
	}
	for i := range segments {
		segments[i] = unescape(segments[i])
	}
	known := false
	for _, r := range s.routes {
		absolute := strings.HasPrefix(r.pattern, "/services") || strings.HasPrefix(r.pattern, "/.well-known")
		if absolute == (q.version != "") {
			continue
		}
		if r.pattern == "/" && q.version != "" && len(segments) == 0 || r.pattern != "/" && r.match(segments, q) {
			known = true
			if r.method == q.Method || r.method == http.MethodGet && q.Method == http.MethodHead {
				q.pattern = r.method + " " + r.pattern
				return r, nil
			}
		}
	}
	if known {
		return nil, fail(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method '%s' not allowed. Allowed are %s", q.Method, s.allowed(segments, q))
	}
	return nil, notFound()
}

func (s *Sim) allowed(segments []string, q *request) string {
	var list []string
	for _, r := range s.routes {
		absolute := strings.HasPrefix(r.pattern, "/services") || strings.HasPrefix(r.pattern, "/.well-known")
		if absolute != (q.version != "") && r.match(segments, q) {
			list = append(list, r.method)
		}
	}
	return strings.Join(list, ",")
}
