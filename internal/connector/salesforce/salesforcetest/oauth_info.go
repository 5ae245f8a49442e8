package salesforcetest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// revoke is GET or POST /services/oauth2/revoke: no client needs to be named. A
// refresh token takes its sessions along, an access token goes alone (inferred).
func (o *OAuth) revoke(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeOAuth(w, r, nil, refuse("invalid_request", "the form body cannot be parsed"))
		return
	}
	token := r.Form.Get("token")
	if i := o.refreshIndex(token); i >= 0 && !o.refresh[i].dead {
		o.kill(o.refresh[i])
	} else if o.live(token) != nil {
		delete(o.sessions, token)
	} else {
		writeOAuth(w, r, nil, refuse("invalid_token", "invalid token: "+tokenKind(token)))
		return
	}
	w.WriteHeader(http.StatusOK)
}

// tokenKind says what was asked for without showing the token.
func tokenKind(token string) string {
	if token == "" {
		return "none was sent"
	}
	return "unknown or already revoked"
}

func (o *OAuth) refreshIndex(token string) int {
	return slices.IndexFunc(o.refresh, func(a *approval) bool { return token != "" && a.token == token })
}

// introspect is the only call that states an expiry (section 3.6).
func (o *OAuth) introspect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		writeOAuth(w, r, nil, refuse("invalid_request", "must use HTTP POST with a form body"))
		return
	}
	app, no := o.client(r, r.PostForm, false)
	if no != nil {
		writeOAuth(w, r, nil, no)
		return
	}
	token := r.PostForm.Get("token")
	if s := o.live(token); s != nil && s.ClientID == app.ClientID {
		ends := s.used.Add(s.idle)
		if !s.ends.IsZero() {
			ends = s.ends
		}
		out := o.described(&s.User, app, s.Scopes)
		out["token_type"], out["exp"], out["iat"], out["nbf"] = "access_token", ends.Unix(), s.issued.Unix(), s.issued.Unix()
		writeJSONBody(w, http.StatusOK, out)
		return
	}
	if i := o.refreshIndex(token); i >= 0 && o.refresh[i].app == app && !o.refresh[i].expired() {
		a := o.refresh[i]
		out := o.described(a.user, app, a.scopes)
		out["token_type"], out["iat"], out["nbf"] = "refresh_token", a.made.Unix(), a.made.Unix()
		if app.RefreshLife > 0 {
			out["exp"] = a.made.Add(app.RefreshLife).Unix()
		}
		writeJSONBody(w, http.StatusOK, out)
		return
	}
	writeJSONBody(w, http.StatusOK, map[string]any{"active": false})
}

func (o *OAuth) described(u *User, app *App, scopes []string) map[string]any {
	return map[string]any{"active": true, "scope": strings.Join(scopes, " "), "client_id": app.ClientID, "username": u.Username, "sub": o.identity(u)}
}

// bearer finds the session of a call to userinfo or the identity URL, which also
// take the token as a parameter.
func (o *OAuth) bearer(r *http.Request) *Session {
	token := r.URL.Query().Get("oauth_token")
	for _, prefix := range []string{"Bearer ", "OAuth "} {
		if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), prefix); ok {
			token = t
		}
	}
	return o.live(token)
}

// userinfo is the OpenID Connect call.
func (o *OAuth) userinfo(w http.ResponseWriter, r *http.Request) {
	s := o.bearer(r)
	if s == nil {
		writeRaw(w, http.StatusForbidden, "text/html;charset=UTF-8", "Bad_OAuth_Token")
		return
	}
	u := &s.User
	writeJSONBody(w, http.StatusOK, map[string]any{
		"sub": o.identity(u), "user_id": u.ID, "organization_id": o.cfg.OrganizationID, "preferred_username": u.Username, "nickname": u.Username,
		"name": u.Name, "email": u.Email, "email_verified": true, "zoneinfo": "Etc/UTC", "locale": "en_US", "language": "en_US", "utcOffset": 0,
		"active": !o.inactive(u), "user_type": "STANDARD", "is_salesforce_integration_user": u.APIOnly, "urls": o.urls(u),
	})
}

// identityPage is GET /id/{org}/{user}: who the token stands for.
func (o *OAuth) identityPage(w http.ResponseWriter, r *http.Request) {
	s := o.bearer(r)
	part := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case s == nil:
		writeRaw(w, http.StatusForbidden, "text/html;charset=UTF-8", "Bad_OAuth_Token")
		return
	case len(part) != 3 || !sameID(part[1], o.cfg.OrganizationID):
		writeRaw(w, http.StatusForbidden, "text/html;charset=UTF-8", "Wrong_Org")
		return
	case !sameID(part[2], s.User.ID):
		writeRaw(w, http.StatusNotFound, "text/html;charset=UTF-8", "Not_Found")
		return
	}
	u := &s.User
	writeJSONBody(w, http.StatusOK, map[string]any{
		"id": o.identity(u), "asserted_user": true, "user_id": u.ID, "organization_id": o.cfg.OrganizationID, "username": u.Username,
		"nick_name": u.Username, "display_name": u.Name, "email": u.Email, "email_verified": true, "status": map[string]any{"created_date": nil, "body": nil},
		"urls": o.urls(u), "active": !o.inactive(u), "user_type": "STANDARD", "is_app_installed": true, "language": "en_US", "locale": "en_US",
		"timezone": "Etc/UTC", "utcOffset": 0, "is_lightning_login_user": false, "is_salesforce_integration_user": u.APIOnly,
	})
}

// sameID compares ids of 15 and of 18 characters.
func sameID(a, b string) bool { return len(a) >= 15 && len(b) >= 15 && a[:15] == b[:15] }

// urls are templates: the caller puts the version in.
func (o *OAuth) urls(u *User) map[string]string {
	at := o.cfg.InstanceURL
	return map[string]string{
		"rest": at + "/services/data/v{version}/", "sobjects": at + "/services/data/v{version}/sobjects/", "query": at + "/services/data/v{version}/query/",
		"enterprise": at + "/services/Soap/c/{version}/" + o.cfg.OrganizationID[:15], "partner": at + "/services/Soap/u/{version}/" + o.cfg.OrganizationID[:15],
		"profile": at + "/" + u.ID, "custom_domain": at,
	}
}

// discovery is the OpenID configuration, the part that concerns these endpoints.
func (o *OAuth) discovery(w http.ResponseWriter) {
	at := o.cfg.InstanceURL + "/services/oauth2/"
	writeJSONBody(w, http.StatusOK, map[string]any{
		"issuer": o.cfg.InstanceURL, "authorization_endpoint": at + "authorize", "token_endpoint": at + "token", "revocation_endpoint": at + "revoke",
		"userinfo_endpoint": at + "userinfo", "introspection_endpoint": at + "introspect", "response_types_supported": []string{"code"},
		"scopes_supported": []string{"api", "refresh_token", "offline_access", "openid", "id"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt"},
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// xmlText escapes text for an XML element.
func xmlText(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(fmt.Sprint("a strings.Builder never refuses: ", err))
	}
	return b.String()
}
