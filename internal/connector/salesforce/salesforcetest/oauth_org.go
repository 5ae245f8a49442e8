package salesforcetest

import (
	"net/http"
	"strings"
)

// The app that every org of the simulator knows. Its settings can be changed with
// s.OAuth().AddApp.
const (
	ClientID     = "sim-salesforce-client-id"
	ClientSecret = "sim-salesforce-client-secret"
	CallbackURL  = "http://localhost:8080/oauth/salesforce/callback"
)

// OAuth is the org's authorization server.
func (s *Sim) OAuth() *OAuth { return s.extra.oauth }

// addOAuth makes the authorization server, with the org's two users and one
// External Client App that is fit for every flow.
func (s *Sim) addOAuth() {
	cfg := OAuthConfig{Seed: s.cfg.Seed, OrganizationID: s.orgID, InstanceURL: s.cfg.PublicURL, MyDomain: s.cfg.MyDomain, Sandbox: s.cfg.Sandbox}
	if strings.HasPrefix(s.cfg.PublicURL, "http://") {
		cfg.IdentityURL = s.cfg.PublicURL // a local server: the identity URL must be within reach
	}
	o := NewOAuth(cfg)
	s.extra.oauth = o
	for _, id := range []string{s.admin, s.integration} {
		r := s.record(id)
		o.AddUser(User{ID: r.id, Username: r.str("Username"), Email: r.str("Email"), Name: r.str("Name"), APIOnly: id == s.integration})
	}
	robot := s.record(s.integration).str("Username")
	o.AddApp(App{Name: "Crosswalk", ClientID: ClientID, ClientSecret: ClientSecret, RedirectURIs: []string{CallbackURL},
		AdminApproved: []string{robot}, ClientCredentials: true, RunAs: robot})
	s.auth = func(r *http.Request) (string, bool) {
		token, found := bearer(r)
		if !found {
			return "", false
		}
		o.follow(s.orgID) // asked with the org locked
		session, live := o.Session(token)
		if u := s.record(session.User.ID); live && u != nil && !u.yes("IsActive") {
			return "", false // deactivating a user ends the sessions
		}
		return session.User.ID, live
	}
	s.nameIdentity()
	follow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		org, users := s.loginState()
		o.follow(org)
		o.learn(users)
		o.ServeHTTP(w, r)
	})
	for _, prefix := range []string{"/services/oauth2/", "/id/", "/.well-known/openid-configuration"} {
		s.mount(prefix, follow)
	}
}

// loginState is what the authorization server has to know of the org at each call.
func (s *Sim) loginState() (orgID string, users []User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.object("User").rows {
		users = append(users, User{ID: r.id, Username: r.str("Username"), Email: r.str("Email"), Name: r.str("Name"), Inactive: !r.yes("IsActive")})
	}
	return s.orgID, users
}

// nameIdentity adds the caller's identity URL to the list of resources, where
// clients look for it that were only given a token.
func (s *Sim) nameIdentity() {
	for _, r := range s.routes {
		if r.pattern != "/" {
			continue
		}
		inner := r.serve
		r.serve = func(s *Sim, q *request) (answer, *apiError) {
			a, e := inner(s, q)
			if list, isList := a.body.(pairs); isList && e == nil {
				list.add("identity", s.extra.oauth.identityOf(q.user))
				a.body = list
			}
			return a, e
		}
	}
}

// ExpireSessions ends every access token, those of AddToken too; refresh tokens
// live on.
func (s *Sim) ExpireSessions() {
	s.extra.oauth.ExpireSessions()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}
