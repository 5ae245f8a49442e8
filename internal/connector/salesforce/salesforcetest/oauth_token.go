package salesforcetest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// oauthFault is a refusal of the token endpoint: an object, not the array of the
// data API (section 3.3).
type oauthFault struct{ code, why string }

func refuse(code, why string) *oauthFault { return &oauthFault{code, why} }

// The refusals whose words users quote (section 3.3; the rest third party).
var (
	badClientID  = refuse("invalid_client_id", "client identifier invalid")
	badSecret    = refuse("invalid_client", "invalid client credentials")
	badGrant     = refuse("unsupported_grant_type", "grant type not supported")
	deadToken    = refuse("invalid_grant", "expired access/refresh token")
	deadCode     = refuse("invalid_grant", "expired authorization code")
	notApproved  = refuse("invalid_grant", "user hasn't approved this consumer")
	notAdmin     = refuse("invalid_app_access", "user is not admin approved to access this app")
	wrongUser    = refuse("invalid_grant", "inactive user")
	ipRestricted = refuse("invalid_grant", "ip restricted")
	noApp        = refuse("app_not_found", "External client app is not installed in this org")
)

// token is POST /services/oauth2/token with a form body.
func (o *OAuth) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		writeOAuth(w, r, nil, refuse("invalid_request", "must use HTTP POST"))
		return
	}
	if err := r.ParseForm(); err != nil {
		writeOAuth(w, r, nil, refuse("invalid_request", "the form body cannot be parsed"))
		return
	}
	out, no := o.grant(r, r.PostForm)
	writeOAuth(w, r, out, no)
}

// grant decides on a token call.
func (o *OAuth) grant(r *http.Request, v url.Values) (map[string]string, *oauthFault) {
	const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	kind := v.Get("grant_type")
	if kind == jwtBearer {
		return o.assertion(r, v)
	}
	if !slices.Contains([]string{"authorization_code", "refresh_token", "client_credentials"}, kind) {
		return nil, badGrant
	}
	app, no := o.client(r, v, kind != "client_credentials")
	if no != nil {
		return nil, no
	}
	switch kind {
	case "authorization_code":
		return o.exchange(app, v)
	case "refresh_token":
		return o.renew(app, v)
	}
	return o.clientCredentials(r, app)
}

// client finds the app and checks its secret, from the body, a Basic header or a
// client assertion.
func (o *OAuth) client(r *http.Request, v url.Values, mayLackSecret bool) (*App, *oauthFault) {
	id, secret := v.Get("client_id"), v.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, secret = user, pass
	}
	app := o.apps[id]
	if app == nil {
		return nil, badClientID
	}
	if no := o.reach(r, app); no != nil {
		return nil, no
	}
	if signed := v.Get("client_assertion"); signed != "" {
		c, no := o.verify(app, signed)
		if no != nil || c.Subject != app.ClientID {
			return nil, badSecret
		}
		return app, nil
	}
	if secret == app.ClientSecret || secret == "" && mayLackSecret && app.SecretOptional {
		return app, nil
	}
	return nil, badSecret
}

// reach checks what keeps an app away before anything else is looked at.
func (o *OAuth) reach(r *http.Request, app *App) *oauthFault {
	switch {
	case generic(r) && !app.Connected && !o.cfg.GenericHosts:
		return noApp
	case app.Uninstalled:
		return refuse("invalid_client", "app must be installed into org")
	case app.Blocked:
		return refuse("invalid_app_access", "this app is blocked by admin")
	case app.IPRestricted:
		return ipRestricted
	}
	return nil
}

// exchange turns a code into tokens: once, soon, with the same redirect and the
// verifier of the challenge.
func (o *OAuth) exchange(app *App, v url.Values) (map[string]string, *oauthFault) {
	c := o.codes[v.Get("code")]
	switch verifier := v.Get("code_verifier"); {
	case c == nil || c.app != app:
		return nil, refuse("invalid_grant", "invalid authorization code")
	case c.spent || time.Since(c.issued) >= codeLife:
		return nil, deadCode
	case c.redirect != v.Get("redirect_uri"):
		return nil, refuse("redirect_uri_mismatch", "redirect_uri must match configuration")
	case c.challenge != "" && verifier == "":
		return nil, refuse("invalid_grant", "missing code verifier")
	case c.challenge != "" && !verified(c.challenge, verifier):
		return nil, refuse("invalid_request", "invalid code verifier")
	case o.inactive(c.user):
		return nil, wrongUser
	}
	c.spent = true
	a := o.approve(app, c.user, c.scopes)
	out := o.tokenAnswer(app, o.open(app, c.user, c.scopes, a))
	if a.token != "" {
		out["refresh_token"] = a.token
	}
	return out, nil
}

func verified(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

// renew is the refresh grant. The answer holds a refresh token only when the app
// rotates them, and then the old one is dead at once.
func (o *OAuth) renew(app *App, v url.Values) (map[string]string, *oauthFault) {
	token := v.Get("refresh_token")
	i := slices.IndexFunc(o.refresh, func(a *approval) bool { return token != "" && a.token == token && a.app == app })
	switch {
	case i < 0 || o.refresh[i].expired():
		return nil, deadToken
	case o.inactive(o.refresh[i].user):
		return nil, wrongUser
	case !app.permits(o.refresh[i].user):
		return nil, notAdmin
	}
	a := o.refresh[i]
	a.used = time.Now()
	out := o.tokenAnswer(app, o.open(app, a.user, a.scopes, a))
	if app.RotateRefresh {
		a.token = "5Aep861" + o.random(64)
		out["refresh_token"] = a.token
	}
	return out, nil
}

// permits applies the policy "admin approved users are pre-authorized".
func (a *App) permits(u *User) bool {
	return !a.OnlyAdminApproved || slices.Contains(a.AdminApproved, u.Username)
}

// clientCredentials acts as the run-as user, on the org's own host only (section 3.5).
func (o *OAuth) clientCredentials(r *http.Request, app *App) (map[string]string, *oauthFault) {
	if generic(r) {
		return nil, refuse("invalid_grant", "request not supported on this domain")
	}
	user := o.user(app.RunAs)
	switch {
	case !app.ClientCredentials:
		return nil, refuse("invalid_grant", "client credentials flow is not enabled")
	case user == nil:
		return nil, refuse("invalid_grant", "no client credentials user enabled")
	case o.inactive(user):
		return nil, wrongUser
	}
	return o.tokenAnswer(app, o.open(app, user, noRefresh(app.Scopes), nil)), nil
}

// noRefresh leaves the refresh scopes out: these flows give no refresh token.
func noRefresh(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == "refresh_token" || s == "offline_access" })
}

// writeOAuth answers in the format asked for: json, urlencoded or xml, by the
// format parameter or the Accept header (section 3.2).
func writeOAuth(w http.ResponseWriter, r *http.Request, out map[string]string, no *oauthFault) {
	status := http.StatusOK
	if no != nil {
		status, out = http.StatusBadRequest, map[string]string{"error": no.code, "error_description": no.why}
	}
	w.Header().Set("Cache-Control", "no-cache, no-store")
	format, accept := r.Form.Get("format"), r.Header.Get("Accept")
	switch {
	case format == "urlencoded" || format == "" && strings.HasPrefix(accept, "application/x-www-form-urlencoded"):
		v := url.Values{}
		for k, s := range out {
			v.Set(k, s)
		}
		writeRaw(w, status, "application/x-www-form-urlencoded;charset=UTF-8", v.Encode())
	case format == "xml" || format == "" && strings.HasPrefix(accept, "application/xml"):
		var b strings.Builder
		b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><OAuth>`)
		for _, k := range sortedKeys(out) {
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", k, xmlText(out[k]))
		}
		b.WriteString("</OAuth>")
		writeRaw(w, status, "application/xml;charset=UTF-8", b.String())
	default:
		writeJSONBody(w, status, out)
	}
}

func writeJSONBody(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeRaw(w, status, "application/json;charset=UTF-8", string(body))
}

func writeRaw(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // an error here means that the caller has gone
}
