package lighttest

import (
	"net/http"
	"strings"
	"time"
)

// The credentials the simulator knows. They open nothing but the simulator.
const (
	APIKey            = "simulated-light-key-crosswalk"     // Crosswalk itself: may read and write
	OtherAPIKey       = "simulated-light-key-somebody-else" // another application: may read and write
	ReadOnlyAPIKey    = "simulated-light-key-read-only"     // a key whose roles only read: 403 on writes
	OAuthClientID     = "simulated-light-client"
	OAuthClientSecret = "simulated-light-client-secret"
)

// actor is who makes a call.
type actor struct {
	name   string // the credential constant
	user   string // the id that updatedBy shows
	writes bool
	dead   bool
}

func (s *Sim) seedActors() {
	s.keys = map[string]*actor{}
	for _, key := range []string{APIKey, OtherAPIKey, ReadOnlyAPIKey} {
		s.keys[key] = &actor{name: key, user: s.newID("user"), writes: key != ReadOnlyAPIKey}
	}
}

// CrosswalkUser is the id that updatedBy shows for writes made with APIKey or through OAuth.
func (s *Sim) CrosswalkUser() string { return s.keys[APIKey].user }

// RevokeKey makes APIKey useless: every call with it gets 401 until RestoreKey.
func (s *Sim) RevokeKey() { s.setDead(true) }

// RestoreKey makes APIKey work again.
func (s *Sim) RestoreKey() { s.setDead(false) }

func (s *Sim) setDead(dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[APIKey].dead = dead
}

// authenticate finds the actor, counts the call against its limits and checks its roles.
func (s *Sim) authenticate(c *call, header http.Header) *failure {
	who, limited := s.actorOf(c.request.Header.Get("Authorization"), c.now)
	if who == nil {
		return gateway(http.StatusUnauthorized, "UNAUTHORIZED", "Credentials are required to access this resource")
	}
	c.actor = who
	s.callers[who.name]++
	if bad := s.limit(limited, c.now, header); bad != nil {
		return bad
	}
	if c.request.Method != http.MethodGet && !who.writes {
		return fail(http.StatusForbidden, "MISSING_PERMISSION", "", "the roles of this key do not allow this operation")
	}
	return nil
}

// actorOf reads the header: "Basic KEY" with the key itself (never base64 of user:password), or "Bearer TOKEN".
// The second result is what the minute's limit counts by.
func (s *Sim) actorOf(header string, now time.Time) (*actor, string) {
	if key, ok := strings.CutPrefix(header, "Basic "); ok {
		if who := s.keys[key]; who != nil && !who.dead {
			return who, key
		}
	}
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		if g, ok := s.access[token]; ok && now.Before(g.until) {
			return &actor{name: OAuthClientID, user: s.keys[APIKey].user, writes: true}, token
		}
	}
	return nil, ""
}
