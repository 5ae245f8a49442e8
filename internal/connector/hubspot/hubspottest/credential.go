package hubspottest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The credentials of a new portal. They are documented constants of a simulator
// and open nothing else.
const (
	AppID        int64 = 7700101                          // Crosswalk's app: hs_object_source_id and webhook appId
	PrivateToken       = "pat-sim1-crosswalk-private-app" // Crosswalk's private app
	ClientID           = "sim-client-id"                  // the same app's OAuth client
	ClientSecret       = "sim-client-secret"              // OAuth secret and key of webhook signatures
	RedirectURL        = "http://localhost:8080/oauth/hubspot/callback"

	OtherAppID int64 = 7700202                  // somebody else's app: records it makes are not Crosswalk's (A5)
	OtherToken       = "pat-sim1-somebody-else" // its private token
	UserToken        = "sim-user-at-the-screen" // what it writes has changeSource CRM_UI
	UserID     int64 = 900001                   // the person behind UserToken and the OAuth consent
	UserEmail        = "admin@portal.example"   // of that person
	Developer        = "sim-developer-key"      // webhook settings: ?hapikey= or bearer
	HubDomain        = "portal.example"         // customer's own domain
)

// AllScopes is every scope the simulator knows; all credentials start with it.
var AllScopes = []string{
	"oauth", "tickets", "e-commerce", "crm.objects.owners.read",
	"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read", "crm.schemas.contacts.write",
	"crm.objects.companies.read", "crm.objects.companies.write", "crm.schemas.companies.read", "crm.schemas.companies.write",
	"crm.objects.deals.read", "crm.objects.deals.write", "crm.schemas.deals.read", "crm.schemas.deals.write",
	"crm.objects.line_items.read", "crm.objects.line_items.write", "crm.schemas.line_items.read", "crm.schemas.line_items.write",
	"crm.objects.products.read", "crm.objects.products.write", "crm.schemas.products.read", "crm.schemas.products.write",
	"crm.objects.custom.read", "crm.objects.custom.write", "crm.schemas.custom.read", "crm.schemas.custom.write", "crm.lists.read", "forms",
}

type credentialKind int

const (
	privateApp credentialKind = iota
	oauthAccess
	oauthRefresh
	uiUser
	developerKey
)

type credential struct {
	kind    credentialKind
	token   string
	app     *app
	userID  int64
	scopes  []string
	expires time.Time // zero = never
	dead    bool      // revoked or uninstalled
	parent  *credential
}

// app is an installed app.
type app struct {
	id       int64
	name     string
	secret   string
	clientID string
	scopes   []string
}

// actor is who a change is ascribed to.
type actor struct {
	source, sourceID, label string
	userID                  int64
	appID                   int64
	own                     bool // the portal's own automation: starts no other
}

func (c *credential) actor() actor {
	if c.kind == uiUser {
		return personActor(c.userID)
	}
	return actor{source: "INTEGRATION", sourceID: fmt.Sprint(c.app.id), label: c.app.name, appID: c.app.id, userID: c.userID}
}

func personActor(id int64) actor {
	return actor{source: "CRM_UI", sourceID: fmt.Sprintf("userId:%d", id), label: "CRM_UI", userID: id}
}

func (s *Sim) addCredentials() {
	ours := &app{id: AppID, name: "Crosswalk", secret: ClientSecret, clientID: ClientID, scopes: slices.Clone(AllScopes)}
	other := &app{id: OtherAppID, name: "Somebody Else", secret: "sim-other-secret", clientID: "sim-other-client", scopes: slices.Clone(AllScopes)}
	s.apps[AppID], s.apps[OtherAppID] = ours, other
	for _, c := range []*credential{
		{kind: privateApp, token: PrivateToken, app: ours},
		{kind: privateApp, token: OtherToken, app: other},
		{kind: uiUser, token: UserToken, app: other, userID: UserID},
		{kind: developerKey, token: Developer, app: ours},
	} {
		c.scopes = slices.Clone(AllScopes)
		s.credentials[c.token] = c
	}
}

// authenticate finds the credential of a call (sections 2 and 13).
func (s *Sim) authenticate(q *request) (*credential, *apiError) {
	token, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	if key := q.query.Get("hapikey"); !ok && key == Developer {
		token, ok = key, true
	}
	if !ok {
		return nil, fail(http.StatusUnauthorized, "INVALID_AUTHENTICATION",
			"Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview")
	}
	c := s.credentials[token]
	if c == nil || c.dead && c.kind != oauthAccess || c.kind == oauthRefresh {
		return nil, fail(http.StatusUnauthorized, "INVALID_AUTHENTICATION",
			"Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview")
	}
	if ago := time.Since(c.expires); !c.expires.IsZero() && ago >= 0 {
		return nil, fail(http.StatusUnauthorized, "EXPIRED_AUTHENTICATION",
			"The OAuth token used to make this call expired %d second(s) ago.", int(ago.Seconds()))
	}
	return c, nil
}

// missing is the 403 for scopes; each needed entry may offer alternatives.
func (c *credential) missing(needed []string) *apiError {
	for _, n := range needed {
		anyOf := strings.Split(n, "|")
		if slices.ContainsFunc(anyOf, func(x string) bool { return slices.Contains(c.scopes, x) }) {
			continue
		}
		e := fail(http.StatusForbidden, "MISSING_SCOPES",
			"This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.")
		e.Errors = []errorDetail{{Message: "One or more of the following scopes are required.", Context: map[string][]string{"requiredGranularScopes": anyOf}}}
		e.Links = map[string]string{"scopes": "https://developers.hubspot.com/scopes"}
		return e
	}
	return nil
}

// SetScopes gives an app's credentials exactly these scopes, also the OAuth
// tokens that are already out.
func (s *Sim) SetScopes(appID int64, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.apps[appID]; a != nil {
		a.scopes = slices.Clone(scopes)
	}
	for _, c := range s.credentials {
		if c.app.id == appID && c.kind != uiUser && c.kind != developerKey {
			c.scopes = slices.Clone(scopes)
		}
	}
}

// Revoke ends a token at once: every later call with it is 401, a refresh token
// gives BAD_REFRESH_TOKEN.
func (s *Sim) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.credentials[token]; c != nil {
		c.dead = true
		if c.kind == oauthAccess {
			delete(s.credentials, token)
		}
	}
}

// ExpireTokens makes every OAuth access token expire now.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.credentials {
		if c.kind == oauthAccess {
			c.expires = time.Now()
		}
	}
}
