package salesforcetest

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// authorize is the consent page: GET shows it or redirects at once, POST is the
// user's decision (section 3.2). What is wrong with the app's identity or the
// redirect shows as a page; everything else goes back to the redirect URI.
func (o *OAuth) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		errorPage(w, http.StatusMethodNotAllowed, "invalid_request", "must use HTTP GET or POST")
		return
	}
	if err := r.ParseForm(); err != nil {
		errorPage(w, http.StatusBadRequest, "invalid_request", "the parameters cannot be parsed")
		return
	}
	v := r.Form
	app, to, code, why := o.caller(r, v)
	if code != "" {
		errorPage(w, http.StatusBadRequest, code, why)
		return
	}
	if code, why := o.mayAuthorize(app, v); code != "" {
		back(w, r, to, v, url.Values{"error": {code}, "error_description": {why}})
		return
	}
	user := o.user(o.browser)
	if user == nil || o.inactive(user) || user.APIOnly || app.IPRestricted {
		// The login page itself refuses: nothing goes back to the app (inferred).
		errorPage(w, http.StatusForbidden, "login_failed", "this user cannot log in through a browser: API-only, inactive, unknown, or outside the allowed IP ranges")
		return
	}
	if app.OnlyAdminApproved && !slices.Contains(app.AdminApproved, user.Username) {
		back(w, r, to, v, url.Values{"error": {"OAUTH_APP_ACCESS_DENIED"}, "error_description": {"user is not admin approved to access this app"}})
		return
	}
	switch decision := r.PostForm.Get("decision"); {
	case decision == "deny":
		back(w, r, to, v, url.Values{"error": {"access_denied"}, "error_description": {"end-user denied authorization"}})
	case decision == "allow", o.auto, o.approved(app, user) && v.Get("prompt") == "":
		back(w, r, to, v, url.Values{"code": {o.code(app, user, v)}})
	default:
		consentPage(w, app, user, v)
	}
}

// caller finds the app and its redirect; a code says what the error page shows.
func (o *OAuth) caller(r *http.Request, v url.Values) (app *App, to *url.URL, code, why string) {
	app = o.apps[v.Get("client_id")]
	switch {
	case app == nil:
		return nil, nil, "invalid_client_id", "client identifier invalid"
	case generic(r) && !app.Connected && !o.cfg.GenericHosts:
		return nil, nil, "app_not_found", "External client app is not installed in this org"
	case !slices.Contains(app.RedirectURIs, v.Get("redirect_uri")):
		return nil, nil, "redirect_uri_mismatch", "redirect_uri must match configuration"
	}
	to, err := url.Parse(v.Get("redirect_uri"))
	if err != nil {
		return nil, nil, "redirect_uri_mismatch", "redirect_uri must match configuration"
	}
	return app, to, "", ""
}

// mayAuthorize checks what does not depend on the user. The texts of a blocked
// app are as users report them (third party); the others follow section 3.2.
func (o *OAuth) mayAuthorize(app *App, v url.Values) (code, why string) {
	challenge := v.Get("code_challenge")
	switch {
	case app.Uninstalled:
		return "invalid_client", "app must be installed into org"
	case app.Blocked:
		return "OAUTH_APP_BLOCKED", "this app is blocked by admin"
	case v.Get("response_type") != "code":
		return "unsupported_response_type", "response type not supported"
	case challenge == "" && !app.PKCEOptional:
		return "invalid_request", "missing required code challenge"
	case challenge != "" && (!base64URL(challenge, 43) || v.Get("code_challenge_method") != "" && v.Get("code_challenge_method") != "S256"):
		return "invalid_request", "invalid code challenge"
	}
	for _, p := range strings.Fields(v.Get("prompt")) {
		if !slices.Contains([]string{"login", "consent", "select_account"}, p) {
			return "invalid_request", "prompt not supported"
		}
	}
	for _, s := range strings.Fields(v.Get("scope")) {
		if !app.mayAsk(s) {
			return "invalid_scope", "the requested scope is not allowed"
		}
	}
	return "", ""
}

// mayAsk treats offline_access as the other name of refresh_token.
func (a *App) mayAsk(scope string) bool {
	other := map[string]string{"offline_access": "refresh_token", "refresh_token": "offline_access"}[scope]
	return slices.Contains(a.Scopes, scope) || other != "" && slices.Contains(a.Scopes, other)
}

// base64URL says whether s is n characters of base64url without padding.
func base64URL(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func (o *OAuth) approved(app *App, user *User) bool {
	return slices.ContainsFunc(o.refresh, func(a *approval) bool { return !a.dead && a.app == app && a.user == user })
}

// code makes an authorization code. Without a scope parameter the app's own
// scopes are granted.
func (o *OAuth) code(app *App, user *User, v url.Values) string {
	scopes := strings.Fields(v.Get("scope"))
	if len(scopes) == 0 {
		scopes = app.Scopes
	}
	code := "aPrx" + o.random(60) + "=="
	o.codes[code] = &authorization{app: app, user: user, redirect: v.Get("redirect_uri"), scopes: scopes, challenge: v.Get("code_challenge"), issued: time.Now()}
	return code
}

// back redirects to the app, with the state it sent.
func back(w http.ResponseWriter, r *http.Request, to *url.URL, asked, add url.Values) {
	q := to.Query()
	for k := range add {
		q.Set(k, add.Get(k))
	}
	if state := asked.Get("state"); state != "" {
		q.Set("state", state)
	}
	out := *to
	out.RawQuery = q.Encode()
	http.Redirect(w, r, out.String(), http.StatusFound)
}

// errorPage shows the two words that the vendor's error page shows.
func errorPage(w http.ResponseWriter, status int, code, why string) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html><body><h1>We can't authorize you because of an OAuth error.</h1><p>error=%s&amp;error_description=%s</p></body></html>\n",
		html.EscapeString(code), html.EscapeString(why))
}

// consentPage asks the user; the form sends all parameters again with the decision.
func consentPage(w http.ResponseWriter, app *App, user *User, v url.Values) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	fmt.Fprintf(w, "<html><body><h1>Allow access?</h1><p>%s is asking to act for %s: %s</p><form method=\"post\">",
		html.EscapeString(app.Name), html.EscapeString(user.Username), html.EscapeString(v.Get("scope")))
	for k := range v {
		fmt.Fprintf(w, "<input type=\"hidden\" name=%q value=\"%s\">", html.EscapeString(k), html.EscapeString(v.Get(k)))
	}
	fmt.Fprint(w, "<button name=\"decision\" value=\"deny\">Deny</button><button name=\"decision\" value=\"allow\">Allow</button></form></body></html>\n")
}
