package hubspottest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Life spans of section 2. A code's is 30 or 60 s by different accounts; the
// shorter one is served.
const (
	tokenLife = 1800 * time.Second
	codeLife  = 30 * time.Second
)

// authorization is a code on its way from the consent page to the token call.
type authorization struct {
	app       *app
	redirect  string
	scopes    []string
	challenge string
	method    string
	issued    time.Time
	used      bool
}

// oauthRoute serves /oauth/...; authorize lives on app.hubspot.com at the vendor
// and here beside the API.
func oauthRoute(q *request, p []string) *route {
	rest := strings.Join(p, "/")
	current := q.version == "v3" || slices.Contains(dated, q.version)
	form := func(f func(*Sim, *request, url.Values) (answer, *apiError)) *route {
		return &route{form: true, serve: func(s *Sim, q *request) (answer, *apiError) {
			v, err := url.ParseQuery(string(q.body))
			if err != nil {
				return answer{}, validation("the form body cannot be parsed")
			}
			return f(s, q, v)
		}}
	}
	switch {
	case rest == "authorize" && q.version == "" && q.Method == http.MethodGet:
		return &route{open: true, serve: (*Sim).authorize}
	case rest == "token" && q.Method == http.MethodPost && (current || q.version == "v1"):
		return form((*Sim).token)
	case rest == "token/introspect" && q.Method == http.MethodPost && current:
		return form((*Sim).introspect)
	case rest == "token/revoke" && q.Method == http.MethodPost && current:
		return form((*Sim).revoke)
	case q.version == "v1" && len(p) == 2 && (p[0] == "access-tokens" || p[0] == "refresh-tokens"):
		return &route{open: true, serve: func(s *Sim, q *request) (answer, *apiError) { return s.legacyToken(q, p[0], p[1]) }}
	}
	return nil
}

// oauthError is section 2's body.
type oauthError struct {
	Status           string `json:"status"`
	Message          string `json:"message"`
	Error            string `json:"error,omitempty"`
	ErrorDescription string `json:"error_description,omitempty"`
}

func oauthRefusal(status, code, message string) answer {
	return answer{status: http.StatusBadRequest, body: oauthError{Status: status, Message: message, Error: code, ErrorDescription: message}}
}

func (s *Sim) appByClient(id string) *app {
	for _, a := range s.apps {
		if a.clientID == id {
			return a
		}
	}
	return nil
}

// client checks client_id and client_secret.
func (s *Sim) client(v url.Values) (*app, *answer) {
	a := s.appByClient(v.Get("client_id"))
	if a == nil {
		no := oauthRefusal("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
		return nil, &no
	}
	if v.Get("client_secret") != a.secret {
		no := oauthRefusal("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
		return nil, &no
	}
	return a, nil
}

// authorize is the consent page with a person who does as SetConsent says.
func (s *Sim) authorize(q *request) (answer, *apiError) {
	page := func(why string) (answer, *apiError) {
		return answer{status: http.StatusBadRequest, header: http.Header{"Content-Type": {"text/html;charset=utf-8"}}, raw: []byte("<html><body>Authorization failed: " + why + "</body></html>")}, nil
	}
	v := q.query
	a := s.appByClient(v.Get("client_id"))
	if a == nil {
		return page("unknown client_id")
	}
	to, err := url.Parse(v.Get("redirect_uri"))
	if err != nil || to.Host == "" || to.Scheme != "https" && !slices.Contains([]string{"localhost", "127.0.0.1"}, to.Hostname()) {
		return page("redirect_uri must be https, or http on localhost")
	}
	scopes := strings.Fields(v.Get("scope"))
	optional := strings.Fields(v.Get("optional_scope"))
	if !slices.Contains(scopes, "oauth") {
		return page("the scope oauth is always required")
	}
	granted := append(slices.Clone(scopes), optional...)
	for _, sc := range scopes {
		if !slices.Contains(AllScopes, sc) {
			return page("unknown scope")
		}
	}
	if why := s.registered.unregistered(v); why != "" {
		return page(why)
	}
	switch s.consent {
	case Refuses:
		return sendBack(to, v.Get("state"), "error", "access_denied", "error_description", "The user denied access"), nil
	case MayNotInstall:
		return page("you do not have permission to install this app in this account")
	}
	granted = slices.DeleteFunc(granted, func(sc string) bool { return !slices.Contains(a.scopes, sc) })
	code := s.uuid()
	s.codes[code] = &authorization{app: a, redirect: v.Get("redirect_uri"), scopes: granted, challenge: v.Get("code_challenge"), method: v.Get("code_challenge_method"), issued: time.Now()}
	return sendBack(to, v.Get("state"), "code", code), nil
}

func (s *Sim) token(q *request, v url.Values) (answer, *apiError) {
	a, no := s.client(v)
	if no != nil {
		return *no, nil
	}
	switch v.Get("grant_type") {
	case "authorization_code":
		return s.exchange(q, a, v), nil
	case "refresh_token":
		refresh := s.credentials[v.Get("refresh_token")]
		if refresh == nil || refresh.dead || refresh.kind != oauthRefresh || refresh.app != a {
			return oauthRefusal("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token"), nil
		}
		return s.issue(q, refresh), nil
	case "client_credentials":
		return s.appToken(a, strings.Fields(v.Get("scope"))), nil
	}
	return oauthRefusal("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type"), nil
}

// exchange turns a code into tokens: once, soon, with the same redirect and the
// verifier of the challenge.
func (s *Sim) exchange(q *request, a *app, v url.Values) answer {
	c := s.codes[v.Get("code")]
	switch {
	case c == nil || c.used || c.app != a || time.Since(c.issued) > codeLife:
		return oauthRefusal("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
	case c.redirect != v.Get("redirect_uri"):
		return oauthRefusal("BAD_REDIRECT_URI", "invalid_grant", "redirect uri mismatch")
	case !c.verified(v.Get("code_verifier")):
		return oauthRefusal("BAD_CODE_VERIFIER", "invalid_grant", "code verifier does not match")
	}
	c.used = true
	refresh := &credential{kind: oauthRefresh, token: s.uuid(), app: a, userID: UserID, scopes: c.scopes}
	s.credentials[refresh.token] = refresh
	return s.issue(q, refresh)
}

func (c *authorization) verified(verifier string) bool {
	switch {
	case c.challenge == "":
		return true
	case c.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		return base64.RawURLEncoding.EncodeToString(sum[:]) == c.challenge
	}
	return verifier == c.challenge
}

// longToken is over 512 characters, as the vendor warns (section 2).
func (s *Sim) longToken() string {
	var b strings.Builder
	b.WriteString("sim-access-")
	for b.Len() < 540 {
		b.WriteString(strings.ReplaceAll(s.uuid(), "-", ""))
	}
	return b.String()
}

// issue makes an access token; the refresh token stays the same.
func (s *Sim) issue(q *request, refresh *credential) answer {
	c := &credential{kind: oauthAccess, token: s.longToken(), app: refresh.app, userID: refresh.userID, scopes: slices.Clone(refresh.scopes), expires: time.Now().Add(tokenLife), parent: refresh}
	s.credentials[c.token] = c
	body := map[string]any{"token_type": "bearer", "access_token": c.token, "refresh_token": refresh.token, "expires_in": int(tokenLife / time.Second)}
	if q.version != "v1" {
		body["hub_id"], body["user_id"], body["scopes"], body["token_use"] = s.cfg.PortalID, c.userID, c.scopes, "access_token"
	}
	return answer{status: http.StatusOK, body: body}
}

// appToken is an app-level token: good for webhook settings, not for records.
func (s *Sim) appToken(a *app, scopes []string) answer {
	c := &credential{kind: developerKey, token: s.longToken(), app: a, scopes: scopes, expires: time.Now().Add(tokenLife)}
	s.credentials[c.token] = c
	return answer{status: http.StatusOK, body: map[string]any{"token_type": "bearer", "access_token": c.token, "expires_in": int(tokenLife / time.Second), "scopes": scopes, "token_use": "client_credentials"}}
}

// alive says whether a token can still be used.
func (c *credential) alive() bool {
	return c != nil && !c.dead && (c.expires.IsZero() || time.Now().Before(c.expires))
}

func (s *Sim) introspect(q *request, v url.Values) (answer, *apiError) {
	a, no := s.client(v)
	if no != nil {
		return *no, nil
	}
	c := s.credentials[v.Get("token")]
	if !c.alive() || c.app != a || c.kind != oauthAccess && c.kind != oauthRefresh {
		return answer{status: http.StatusOK, body: map[string]any{"active": false}}, nil
	}
	body := s.tokenInfo(c)
	body["active"], body["client_id"], body["is_private_distribution"] = true, a.clientID, true
	body["signed_access_token"] = map[string]any{"hubId": s.cfg.PortalID, "hublet": "na1", "appId": a.id, "userId": c.userID}
	return answer{status: http.StatusOK, body: body}, nil
}

func (s *Sim) tokenInfo(c *credential) map[string]any {
	use := "access_token"
	if c.kind == oauthRefresh {
		use = "refresh_token"
	}
	body := map[string]any{"token": c.token, "hub_id": s.cfg.PortalID, "user_id": c.userID, "app_id": c.app.id, "user": UserEmail,
		"hub_domain": HubDomain, "scopes": c.scopes, "token_use": use, "token_type": "bearer"}
	if !c.expires.IsZero() {
		body["expires_in"] = int(time.Until(c.expires) / time.Second)
	}
	return body
}

// revoke kills a refresh token; live access tokens go on until they expire.
func (s *Sim) revoke(q *request, v url.Values) (answer, *apiError) {
	a, no := s.client(v)
	if no != nil {
		return *no, nil
	}
	if c := s.credentials[v.Get("token")]; c != nil && c.app == a && c.kind == oauthRefresh {
		c.dead = true
	}
	return answer{status: http.StatusNoContent}, nil
}

// legacyToken serves the v1 calls that end on 2027-02-16.
func (s *Sim) legacyToken(q *request, what, token string) (answer, *apiError) {
	c := s.credentials[token]
	want := oauthAccess
	if what == "refresh-tokens" {
		want = oauthRefresh
	}
	if !c.alive() || c.kind != want {
		return answer{}, fail(http.StatusNotFound, "NOT_FOUND", "%s not found", strings.TrimSuffix(what, "s"))
	}
	switch {
	case q.Method == http.MethodDelete && want == oauthRefresh:
		c.dead = true
		return answer{status: http.StatusNoContent}, nil
	case q.Method != http.MethodGet:
		return answer{}, &apiError{http: http.StatusMethodNotAllowed, Status: "error", Message: "HTTP 405 Method Not Allowed"}
	}
	body := s.tokenInfo(c)
	delete(body, "token_use")
	if want == oauthRefresh {
		body["client_id"] = c.app.clientID
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// uninstall is DELETE /appinstalls/{ver}/external-install.
func uninstallRoute(q *request, p []string) *route {
	if strings.Join(p, "/") != "external-install" || q.Method != http.MethodDelete {
		return nil
	}
	return &route{scopes: free, serve: func(s *Sim, q *request) (answer, *apiError) {
		if q.cred.kind != oauthAccess {
			return answer{}, fail(http.StatusForbidden, "FORBIDDEN", "only an OAuth app can uninstall itself")
		}
		s.uninstall(q.cred.app)
		return answer{status: http.StatusNoContent}, nil
	}}
}

func (s *Sim) uninstall(a *app) {
	for token, c := range s.credentials {
		if c.app == a && (c.kind == oauthAccess || c.kind == oauthRefresh) {
			c.dead = true
			if c.kind == oauthAccess {
				delete(s.credentials, token)
			}
		}
	}
}

// Uninstall removes an OAuth app as a portal admin would: its tokens are dead and
// a refresh gives BAD_REFRESH_TOKEN.
func (s *Sim) Uninstall(appID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uninstall(s.apps[appID])
}

// Authorize gives an authorization code for Crosswalk's app as if the consent
// page had been passed; redirect must be repeated in the token call.
func (s *Sim) Authorize(redirect string, scopes ...string) (code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(scopes) == 0 {
		scopes = AllScopes
	}
	code = fmt.Sprint("code-", s.uuid())
	s.codes[code] = &authorization{app: s.apps[AppID], redirect: redirect, scopes: slices.Clone(scopes), issued: time.Now()}
	return code
}
