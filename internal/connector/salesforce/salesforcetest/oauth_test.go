package salesforcetest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	home        = "https://crosswalk-test.my.salesforce.com"
	redirectURI = "https://app.example.com/oauth/salesforce/callback"
	orgID       = "00D5f000005KcCnEAK"
	adminName   = "admin@crosswalk.example"
	robotName   = "integration@crosswalk.example"
)

// server with one app and an admin and an API-only user.
func server(change func(*App)) *OAuth {
	o := NewOAuth(OAuthConfig{Seed: 1, OrganizationID: orgID, InstanceURL: home})
	a := App{Name: "Crosswalk", ClientID: "client", ClientSecret: "secret", RedirectURIs: []string{redirectURI}}
	if change != nil {
		change(&a)
	}
	o.AddApp(a)
	o.AddUser(User{ID: "0055f000005mc66AAA", Username: adminName})
	o.AddUser(User{ID: "0055f000005mc67AAA", Username: robotName, APIOnly: true})
	return o
}

const verifier = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// open calls authorize and gives the status, the redirect's parameters and the page.
func browse(o *OAuth, host string, more url.Values) (int, url.Values, string) {
	v := url.Values{"response_type": {"code"}, "client_id": {"client"}, "redirect_uri": {redirectURI}, "state": {"s+t=1"}, "scope": {"api refresh_token"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"}}
	for k := range more {
		v.Set(k, more.Get(k))
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, httptest.NewRequest(http.MethodGet, host+"/services/oauth2/authorize?"+v.Encode(), nil))
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		return w.Code, nil, ""
	}
	return w.Code, to.Query(), w.Body.String()
}

// post calls an OAuth endpoint with a form and gives status and members.
func post(t *testing.T, o *OAuth, host, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, host+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s answered %q: %v", path, w.Body, err)
		}
	}
	return w.Code, out
}

func tokens(t *testing.T, o *OAuth, form url.Values) (int, map[string]any) {
	t.Helper()
	if form.Get("client_id") == "" && form.Get("assertion") == "" {
		form.Set("client_id", "client")
		form.Set("client_secret", "secret")
	}
	return post(t, o, home, "/services/oauth2/token", form)
}

func connectUser(t *testing.T, o *OAuth) map[string]any {
	t.Helper()
	_, back, page := browse(o, home, nil)
	status, out := tokens(t, o, url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}})
	if status != http.StatusOK {
		t.Fatalf("connecting answered %d %v (page %q)", status, out, page)
	}
	return out
}

func refreshWith(t *testing.T, o *OAuth, token any) (int, map[string]any) {
	t.Helper()
	return tokens(t, o, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}})
}

func TestAuthorizeRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		app    func(*App)
		asked  url.Values
		host   string
		status int
		code   string // error, in the redirect when status is 302, else on the page
	}{
		{"fine", nil, nil, home, 302, ""},
		{"unknown client", nil, url.Values{"client_id": {"other"}}, home, 400, "invalid_client_id"},
		{"redirect with a slash more", nil, url.Values{"redirect_uri": {redirectURI + "/"}}, home, 400, "redirect_uri_mismatch"},
		{"generic host", nil, nil, "https://login.salesforce.com", 400, "app_not_found"},
		{"generic host, Connected App", func(a *App) { a.Connected = true }, nil, "https://login.salesforce.com", 302, ""},
		{"no challenge", nil, url.Values{"code_challenge": {""}}, home, 302, "invalid_request"},
		{"plain challenge", nil, url.Values{"code_challenge_method": {"plain"}}, home, 302, "invalid_request"},
		{"padded challenge", nil, url.Values{"code_challenge": {challenge() + "="}}, home, 302, "invalid_request"},
		{"no challenge needed", func(a *App) { a.PKCEOptional = true }, url.Values{"code_challenge": {""}}, home, 302, ""},
		{"token response", nil, url.Values{"response_type": {"token"}}, home, 302, "unsupported_response_type"},
		{"foreign scope", nil, url.Values{"scope": {"api full"}}, home, 302, "invalid_scope"},
		{"prompt", nil, url.Values{"prompt": {"login consent"}}, home, 302, ""},
		{"odd prompt", nil, url.Values{"prompt": {"none"}}, home, 302, "invalid_request"},
		{"blocked", func(a *App) { a.Blocked = true }, nil, home, 302, "OAUTH_APP_BLOCKED"},
		{"not installed", func(a *App) { a.Uninstalled = true }, nil, home, 302, "invalid_client"},
		{"not admin approved", func(a *App) { a.OnlyAdminApproved = true }, nil, home, 302, "OAUTH_APP_ACCESS_DENIED"},
		{"ip", func(a *App) { a.IPRestricted = true }, nil, home, 403, "login_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, back, page := browse(server(c.app), c.host, c.asked)
			if status != c.status {
				t.Fatalf("status %d, want %d: %s", status, c.status, page)
			}
			if status == 302 {
				if back.Get("error") != c.code || back.Get("state") != "s+t=1" || (back.Get("code") == "") != (c.code != "") {
					t.Errorf("redirect with %v, want error %q", back, c.code)
				}
			} else if !strings.Contains(page, "error="+c.code+"&amp;") {
				t.Errorf("page %q, want error %q", page, c.code)
			}
		})
	}
}

func TestConsentPage(t *testing.T) {
	o := server(nil)
	o.AskConsent(true)
	status, _, page := browse(o, home, nil)
	if status != 200 || !strings.Contains(page, adminName) {
		t.Fatalf("%d %q", status, page)
	}
	for decision, want := range map[string]string{"deny": "access_denied", "allow": ""} {
		form := url.Values{"decision": {decision}, "response_type": {"code"}, "client_id": {"client"}, "redirect_uri": {redirectURI}, "code_challenge": {challenge()}, "state": {"x"}}
		r := httptest.NewRequest(http.MethodPost, home+"/services/oauth2/authorize", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || to.Query().Get("error") != want || to.Query().Get("state") != "x" {
			t.Errorf("%s: %v %v", decision, to, err)
		}
	}
	o.SignIn(robotName)
	if status, _, _ := browse(o, home, nil); status != http.StatusForbidden {
		t.Errorf("an API-only user got the status %d at the browser", status)
	}
}

func TestWebServerFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := server(nil)
		out := connectUser(t, o)
		if _, there := out["expires_in"]; there {
			t.Error("there is no expires_in")
		}
		at, err := strconv.ParseInt(out["issued_at"].(string), 10, 64)
		if err != nil || at != time.Now().UnixMilli() {
			t.Errorf("issued_at %v", out["issued_at"])
		}
		if out["instance_url"] != home || out["id"] != "https://login.salesforce.com/id/00D5f000005KcCnEAK/0055f000005mc66AAA" || out["token_type"] != "Bearer" || out["scope"] != "api refresh_token" {
			t.Errorf("%v", out)
		}
		access := out["access_token"].(string)
		if !strings.HasPrefix(access, "00D5f000005KcCn!") {
			t.Errorf("access token %s", access)
		}
		s, ok := o.Session(access)
		if !ok || s.User.Username != adminName {
			t.Fatalf("session %v %v", s, ok)
		}
		for range 3 { // use makes it slide
			time.Sleep(119 * time.Minute)
			if _, ok := o.Session(access); !ok {
				t.Fatal("a used session lives on")
			}
		}
		time.Sleep(2 * time.Hour)
		if _, ok := o.Session(access); ok {
			t.Error("two idle hours end a session")
		}
		status, again := refreshWith(t, o, out["refresh_token"])
		if _, there := again["refresh_token"]; status != 200 || there || again["access_token"] == access {
			t.Errorf("refresh answered %d %v", status, again)
		}
	})
}

func TestCodeIsGoodOnceAndSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name    string
			form    url.Values
			wait    time.Duration
			code    string
			explain string
		}{
			{"no verifier", url.Values{"code_verifier": {""}}, 0, "invalid_grant", "missing code verifier"},
			{"wrong verifier", url.Values{"code_verifier": {"x"}}, 0, "invalid_request", "invalid code verifier"},
			{"other redirect", url.Values{"redirect_uri": {"https://x.example"}}, 0, "redirect_uri_mismatch", "redirect_uri must match configuration"},
			{"late", nil, 15 * time.Minute, "invalid_grant", "expired authorization code"},
			{"unknown", url.Values{"code": {"x"}}, 0, "invalid_grant", "invalid authorization code"},
			{"wrong secret", url.Values{"client_id": {"client"}, "client_secret": {"x"}}, 0, "invalid_client", "invalid client credentials"},
			{"unknown client", url.Values{"client_id": {"x"}}, 0, "invalid_client_id", "client identifier invalid"},
		} {
			o := server(nil)
			_, back, _ := browse(o, home, nil)
			form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
			for k := range c.form {
				form.Set(k, c.form.Get(k))
			}
			time.Sleep(c.wait)
			status, out := tokens(t, o, form)
			if status != 400 || out["error"] != c.code || out["error_description"] != c.explain {
				t.Errorf("%s: %d %v", c.name, status, out)
			}
		}
		o := server(nil)
		_, back, _ := browse(o, home, nil)
		form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
		if status, _ := tokens(t, o, form); status != 200 {
			t.Fatal(status)
		}
		if _, out := tokens(t, o, form); out["error_description"] != "expired authorization code" {
			t.Errorf("second use: %v", out)
		}
	})
}

func TestRefreshPolicies(t *testing.T) {
	dead := func(t *testing.T, o *OAuth, token any) {
		t.Helper()
		if status, out := refreshWith(t, o, token); status != 400 || out["error"] != "invalid_grant" || out["error_description"] != "expired access/refresh token" {
			t.Errorf("expected a dead refresh token, got %d %v", status, out)
		}
	}
	alive := func(t *testing.T, o *OAuth, token any) map[string]any {
		t.Helper()
		status, out := refreshWith(t, o, token)
		if status != 200 {
			t.Errorf("expected a live refresh token, got %d %v", status, out)
		}
		return out
	}
	synctest.Test(t, func(t *testing.T) {
		o := server(func(a *App) { a.RotateRefresh = true })
		first := connectUser(t, o)["refresh_token"]
		second := alive(t, o, first)["refresh_token"]
		dead(t, o, first)
		alive(t, o, second)

		o = server(func(a *App) { a.RefreshAtOnce = true })
		dead(t, o, connectUser(t, o)["refresh_token"])

		o = server(func(a *App) { a.RefreshIdle = 24 * time.Hour })
		token := connectUser(t, o)["refresh_token"]
		time.Sleep(23 * time.Hour)
		alive(t, o, token)
		time.Sleep(23 * time.Hour)
		alive(t, o, token)
		time.Sleep(24 * time.Hour)
		dead(t, o, token)

		o = server(func(a *App) { a.RefreshLife = 24 * time.Hour })
		token = connectUser(t, o)["refresh_token"]
		time.Sleep(23 * time.Hour)
		alive(t, o, token)
		time.Sleep(time.Hour)
		dead(t, o, token)

		o = server(nil)
		oldest := connectUser(t, o)
		var later []any
		for range 4 {
			later = append(later, connectUser(t, o)["refresh_token"])
		}
		alive(t, o, oldest["refresh_token"])
		later = append(later, connectUser(t, o)["refresh_token"]) // the sixth
		dead(t, o, oldest["refresh_token"])
		if _, ok := o.Session(oldest["access_token"].(string)); ok {
			t.Error("the session of the evicted authorisation lives on")
		}
		for _, token := range later {
			alive(t, o, token)
		}
		o.ExpireSessions()
		access := alive(t, o, later[0])["access_token"].(string)
		o.Refreshed("00D5f000005KcCoEAK")
		dead(t, o, later[0])
		if _, ok := o.Session(access); ok {
			t.Error("a session outlived the sandbox")
		}
		if id := connectUser(t, o)["id"].(string); !strings.Contains(id, "/00D5f000005KcCoEAK/") {
			t.Errorf("id %s after the refresh", id)
		}
	})
}

// sign makes an RS256 assertion.
func sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]string{"alg": "RS256"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestJWTBearer(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		app     func(*App)
		claims  map[string]any
		key     *rsa.PrivateKey
		code    string
		explain string
	}{
		{name: "fine"},
		{name: "other key", key: other, code: "invalid_grant", explain: "invalid assertion"},
		{name: "unknown app", claims: map[string]any{"iss": "x"}, code: "invalid_client_id", explain: "client identifier invalid"},
		{name: "generic audience", claims: map[string]any{"aud": "https://login.salesforce.com"}, code: "app_not_found", explain: "External client app is not installed in this org"},
		{name: "generic audience of a Connected App", app: func(a *App) { a.Connected = true }, claims: map[string]any{"aud": "https://login.salesforce.com"}},
		{name: "sandbox audience in production", claims: map[string]any{"aud": "https://test.salesforce.com"}, code: "invalid_grant", explain: "audience is invalid"},
		{name: "foreign audience", claims: map[string]any{"aud": "https://other.my.salesforce.com"}, code: "invalid_grant", explain: "audience is invalid"},
		{name: "expired", claims: map[string]any{"exp": time.Now().Add(-6 * time.Minute).Unix()}, code: "invalid_grant", explain: "expired authorization code"},
		{name: "slow clock", claims: map[string]any{"exp": time.Now().Add(-4 * time.Minute).Unix()}},
		{name: "too far ahead", claims: map[string]any{"exp": time.Now().Add(time.Hour).Unix()}, code: "invalid_grant", explain: "invalid assertion"},
		{name: "unapproved user", claims: map[string]any{"sub": adminName}, code: "invalid_grant", explain: "user hasn't approved this consumer"},
		{name: "unknown user", claims: map[string]any{"sub": "x@example.com"}, code: "invalid_grant", explain: "user hasn't approved this consumer"},
		{name: "only admin approved", app: func(a *App) { a.OnlyAdminApproved = true }, claims: map[string]any{"sub": adminName}, code: "invalid_app_access", explain: "user is not admin approved to access this app"},
		{name: "ip", app: func(a *App) { a.IPRestricted = true }, code: "invalid_grant", explain: "ip restricted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := server(func(a *App) {
				a.Certificate, a.AdminApproved = &key.PublicKey, []string{robotName}
				if c.app != nil {
					c.app(a)
				}
			})
			claims := map[string]any{"iss": "client", "sub": robotName, "aud": home, "exp": time.Now().Add(3 * time.Minute).Unix()}
			for k, v := range c.claims {
				claims[k] = v
			}
			k := key
			if c.key != nil {
				k = c.key
			}
			status, out := tokens(t, o, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {sign(t, k, claims)}})
			if c.code == "" {
				if _, there := out["refresh_token"]; status != 200 || there || out["scope"] != "api openid id" {
					t.Errorf("%d %v", status, out)
				}
			} else if status != 400 || out["error"] != c.code || out["error_description"] != c.explain {
				t.Errorf("%d %v", status, out)
			}
		})
	}
}

func TestClientCredentials(t *testing.T) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"client"}, "client_secret": {"secret"}}
	o := server(func(a *App) { a.ClientCredentials, a.RunAs, a.Connected = true, robotName, true })
	status, out := tokens(t, o, form)
	s, ok := o.Session(out["access_token"].(string))
	if _, there := out["refresh_token"]; status != 200 || there || !ok || s.User.Username != robotName {
		t.Errorf("%d %v %v", status, out, s)
	}
	if status, out := post(t, o, "https://login.salesforce.com", "/services/oauth2/token", form); status != 400 || out["error_description"] != "request not supported on this domain" {
		t.Errorf("generic host: %d %v", status, out)
	}
	if _, out := tokens(t, server(func(a *App) { a.ClientCredentials = true }), form); out["error_description"] != "no client credentials user enabled" {
		t.Errorf("no run-as user: %v", out)
	}
}

func TestInfoAndRevoke(t *testing.T) {
	o := server(func(a *App) { a.JWTAccessTokens = true })
	out := connectUser(t, o)
	access := out["access_token"].(string)
	if out["token_format"] != "jwt" || strings.Count(access, ".") < 2 {
		t.Errorf("JWT mode gave %v", out)
	}
	client := url.Values{"client_id": {"client"}, "client_secret": {"secret"}, "token": {access}}
	_, info := post(t, o, home, "/services/oauth2/introspect", client)
	if info["active"] != true || info["username"] != adminName || info["exp"].(float64)-info["iat"].(float64) != 1800 {
		t.Errorf("introspect %v", info)
	}
	for _, path := range []string{"/services/oauth2/userinfo", "/id/" + orgID + "/0055f000005mc66AAA?format=json"} {
		r := httptest.NewRequest(http.MethodGet, home+path, nil)
		r.Header.Set("Authorization", "Bearer "+access)
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		var who struct {
			UserID string `json:"user_id"`
			Org    string `json:"organization_id"`
		}
		if err := json.NewDecoder(w.Body).Decode(&who); err != nil || who.UserID != "0055f000005mc66AAA" || who.Org != orgID {
			t.Errorf("%s: %v %v", path, who, err)
		}
	}
	if status, _ := post(t, o, home, "/services/oauth2/revoke", url.Values{"token": {out["refresh_token"].(string)}}); status != 200 {
		t.Errorf("revoke answered %d", status)
	}
	if status, _ := refreshWith(t, o, out["refresh_token"]); status != 400 {
		t.Error("a revoked refresh token lives on")
	}
	if _, info := post(t, o, home, "/services/oauth2/introspect", client); info["active"] != false {
		t.Errorf("introspect after revoke %v", info)
	}
	if status, out := post(t, o, home, "/services/oauth2/revoke", url.Values{"token": {"x"}}); status != 400 || out["error"] != "invalid_token" {
		t.Errorf("revoke of nothing: %d %v", status, out)
	}
}

func TestTokenFormats(t *testing.T) {
	for format, want := range map[string]string{
		"urlencoded": "error=unsupported_grant_type&error_description=grant+type+not+supported",
		"xml":        `<?xml version="1.0" encoding="UTF-8"?><OAuth><error>unsupported_grant_type</error><error_description>grant type not supported</error_description></OAuth>`,
		"json":       `{"error":"unsupported_grant_type","error_description":"grant type not supported"}`,
	} {
		r := httptest.NewRequest(http.MethodPost, home+"/services/oauth2/token", strings.NewReader("grant_type=x&format="+format))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		server(nil).ServeHTTP(w, r)
		if got, err := io.ReadAll(w.Body); err != nil || string(got) != want {
			t.Errorf("%s: %s %v", format, got, err)
		}
	}
}
