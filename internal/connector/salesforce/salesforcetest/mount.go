package salesforcetest

import (
	"net/http"
	"strings"
)

// The parts beside the core (OAuth, Bulk API 2.0, outbound messages, change
// events) hang on it in four ways:
//
//	s.mount(prefix, h)   paths the core does not serve: /services/oauth2/, /id/ ...
//	s.handle(...)        a route with the core's session, limit and fault handling
//	s.auth               who a session belongs to
//	s.onChange           told of every transaction that took effect, org locked
//
// New calls each part's own function (parts in sim.go).

type mounted struct {
	prefix string
	h      http.Handler
}

// mount gives a path prefix to a handler of its own. The org is not locked while
// it runs; faults of Fail still apply to it.
func (s *Sim) mount(prefix string, h http.Handler) {
	s.mounts = append(s.mounts, mounted{prefix, h})
}

func (s *Sim) mountedAt(path string) http.Handler {
	for _, m := range s.mounts {
		if strings.HasPrefix(path, m.prefix) {
			return m.h
		}
	}
	return nil
}

// authenticate gives the user of a call's session, false if it has none. s.auth
// decides if it is set; otherwise the tokens that AddToken made count.
func (s *Sim) authenticate(r *http.Request) (user string, ok bool) {
	if s.auth != nil {
		if user, ok = s.auth(r); ok {
			return user, true
		}
	}
	token, found := bearer(r)
	if !found {
		return "", false
	}
	user, ok = s.tokens[token]
	return user, ok
}

// bearer reads the session out of Authorization: Bearer, or OAuth as older
// clients write it.
func bearer(r *http.Request) (string, bool) {
	kind, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// AddToken makes an access token that belongs to a user, without any OAuth flow;
// user "" is the integration user.
func (s *Sim) AddToken(token, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user == "" {
		user = s.integration
	}
	s.tokens[token] = user
}

// RevokeToken ends a session of AddToken: the next call is 401.
func (s *Sim) RevokeToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}
