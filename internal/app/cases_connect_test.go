package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/store/shelf"
	"crosswalk/internal/web"
)

// Connecting, T18: from an operator's command through a browser and the vendor's consent page to a connection that works,
// and everything on the way that is refused. The browser, the operator API, the pages and both vendors are the real
// handlers; time is virtual.

const (
	publicURL  = "https://crosswalk.example"
	canaryCode = "canary-of-a-query"
)

// office is a deployment without credentials, and somebody at a desk who connects it.
type office struct {
	*App
	t       *testing.T
	store   *memory.Table
	secrets *pocket
	hubspot *hubspottest.Sim // the account in which people are signed in; swapped by tests
	light   *lighttest.Sim
	log     bytes.Buffer
	pages   bytes.Buffer // everything that a browser was shown
	asked   []string     // addresses that the browser went to
}

// connecting runs a case in virtual time. auth is how both connections are connected.
func connecting(t *testing.T, auth string, f func(o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(opening))
		o := &office{t: t, store: memory.New(), secrets: &pocket{kept: map[string][]byte{}}, hubspot: hubspottest.New(hubspottest.Config{Seed: 1}), light: lighttest.New(lighttest.Config{Seed: 1})}
		o.hubspot.Sample()
		o.light.Sample()
		o.App = o.process(auth)
		f(o)
	})
}

// process is one more process of the deployment, on the same store and secrets. As of several, they share a shelf, by which one
// alone renews a credential.
func (o *office) process(auth string) *App {
	o.t.Helper()
	c := Config{Approval: "single", PublicURL: publicURL, Connections: map[string]Connection{
		"hubspot": {System: "hubspot", Limits: "off", Auth: auth, AppID: fmt.Sprint(hubspottest.AppID)}, "light": {System: "light", Limits: "off", Auth: auth},
	}, Roles: map[string]string{"crm": "hubspot", "billing": "light"}}
	o.ok(c.check())
	a, err := Assemble(o.t.Context(), c, Parts{Table: o.store, Queue: embedded.NewMemory(embedded.Options{}), Secrets: o.secrets, Transforms: phones(), Shelf: shelf.New(o.store)},
		Options{Log: slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Transport: func(string) http.RoundTripper { return vendorsOf{o} }})
	o.ok(err)
	o.t.Cleanup(func() { a.Close() })
	o.ok(a.Bind(o.t.Context(), true))
	return a
}

func (o *office) ok(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// vendorsOf leads each host to its simulator, as it is now.
type vendorsOf struct{ *office }

func (v vendorsOf) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case "api.hubapi.com", "app.hubspot.com":
		return v.hubspot.Transport().RoundTrip(r)
	case "api.light.inc":
		return v.light.Transport().RoundTrip(r)
	}
	return nil, fmt.Errorf("nobody is at %s", r.URL.Host)
}

// internet is what a browser reaches: the vendors, and this deployment's pages.
type internet struct{ *office }

func (i internet) RoundTrip(r *http.Request) (*http.Response, error) {
	i.asked = append(i.asked, r.URL.String())
	if "https://"+r.URL.Host != publicURL {
		resp, err := vendorsOf(i).RoundTrip(r)
		if err == nil {
			resp.Request = r
		}
		return resp, err
	}
	inbound := httptest.NewRequest(r.Method, r.URL.String(), nil).WithContext(r.Context())
	inbound.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	i.OAuth().ServeHTTP(w, inbound)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// browser is one with cookies of its own.
func (o *office) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	o.ok(err)
	return &http.Client{Transport: internet{o}, Jar: jar}
}

// visit opens an address and gives the page at its end.
func (o *office) visit(b *http.Client, address string) (int, string) {
	o.t.Helper()
	resp, err := b.Get(address)
	o.ok(err)
	text, err := io.ReadAll(resp.Body)
	o.ok(err)
	o.ok(resp.Body.Close())
	if resp.Request.URL.Host == "crosswalk.example" {
		o.pages.Write(text)
		for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
			if got := resp.Header.Get(header); got != want {
				o.t.Errorf("%s: %s is %q", resp.Request.URL.Path, header, got)
			}
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
			o.t.Errorf("the policy is %q", csp)
		}
	}
	return resp.StatusCode, string(text)
}

// operator calls the operator API as the engineer.
func (o *office) operator(method, path string, body any) (int, map[string]any) {
	o.t.Helper()
	data, err := json.Marshal(body)
	o.ok(err)
	r := httptest.NewRequest(method, publicURL+web.Prefix+path, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "key of "+path)
	w := httptest.NewRecorder()
	o.Operator(web.Deps{Principal: func(*http.Request) string { return "engineer" }, Remote: true}).ServeHTTP(w, r)
	answer := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		o.t.Fatalf("%s %s: %d %q", method, path, w.Code, w.Body.String())
	}
	return w.Code, answer
}

// link asks for one; more are fields of the request.
func (o *office) link(connection string, more ...any) string {
	o.t.Helper()
	body := map[string]any{"client_id": hubspottest.ClientID, "client_secret": hubspottest.ClientSecret}
	if connection == "light" {
		body = map[string]any{"client_id": lighttest.OAuthClientID, "client_secret": lighttest.OAuthClientSecret}
	}
	for n := 0; n+1 < len(more); n += 2 {
		body[more[n].(string)] = more[n+1]
	}
	status, answer := o.operator("POST", "/connections/"+connection+"/connect", body)
	if status != 200 {
		o.t.Fatalf("no link: %d %v", status, answer)
	}
	return answer["link"].(string)
}

// consents connects by consent and wants that to work.
func (o *office) consents(connection string) {
	o.t.Helper()
	if status, page := o.visit(o.browser(), o.link(connection)); status != 200 || !strings.Contains(page, "Connected: "+connection) {
		o.t.Fatalf("%d %s", status, page)
	}
}

// account is what a connection says of itself now.
func (o *office) account(a *App, connection string) (connector.Account, error) {
	return a.Connectors[connection].Account(o.t.Context())
}

func (o *office) pair(connection string) string {
	raw, err := o.secrets.Get(o.t.Context(), connection+"/pair")
	if err != nil {
		return ""
	}
	return string(raw)
}

// wants demands what a page says, by status and words.
func (o *office) wants(status int, page string, want int, words ...string) {
	o.t.Helper()
	if status != want {
		o.t.Errorf("status %d, want %d: %s", status, want, page)
	}
	for _, w := range words {
		if !strings.Contains(page, w) {
			o.t.Errorf("the page lacks %q:\n%s", w, page)
		}
	}
}

// nothingLeaked searches everything that was shown, logged or kept in the store for secrets and queries.
func (o *office) nothingLeaked(more ...string) {
	o.t.Helper()
	secrets := append([]string{hubspottest.ClientSecret, hubspottest.PrivateToken, lighttest.OAuthClientSecret, lighttest.APIKey, canaryCode}, more...)
	for _, raw := range o.secrets.kept {
		var held map[string]any
		if json.Unmarshal(raw, &held) != nil {
			continue
		}
		for _, field := range []string{"access", "refresh", "key", "clientSecret"} {
			if s, ok := held[field].(string); ok && s != "" {
				secrets = append(secrets, s)
			}
		}
	}
	for _, address := range o.asked { // tickets, states and codes
		u, err := url.Parse(address)
		o.ok(err)
		for _, name := range []string{"ticket", "state", "code", "code_challenge"} {
			if v := u.Query().Get(name); v != "" {
				secrets = append(secrets, v)
			}
		}
	}
	kept := ""
	for _, item := range o.store.Snapshot().Items() {
		kept += item.PK + " " + item.SK + " " + string(item.Data) + "\n"
	}
	for where, text := range map[string]string{"a page": o.pages.String(), "the log": o.log.String(), "the store": kept} {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				o.t.Errorf("%s has a secret: %.12s...", where, s)
			}
		}
	}
}

func TestConnectByConsent(t *testing.T) {
	for _, c := range []struct {
		connection string
		account    func(o *office) string
		grants     func(o *office) int
		scope      string
		pkce       bool
	}{
		{"hubspot", func(*office) string { return "62515" }, func(o *office) int { return o.hubspot.Grants() }, "crm.objects.deals.read", true},
		{"light", func(o *office) string { a, _ := o.account(o.App, "light"); return a.ID }, func(o *office) int { return o.light.Grants() }, "", false},
	} {
		t.Run(c.connection, func(t *testing.T) {
			connecting(t, "oauth", func(o *office) {
				if _, err := o.account(o.App, c.connection); !engine.NotConnected(err) || !strings.Contains(err.Error(), "crosswalk connect "+c.connection) {
					t.Fatalf("before: %v", err)
				}
				b := o.browser()
				status, page := o.visit(b, o.link(c.connection))
				o.wants(status, page, 200, "Connected: "+c.connection, c.account(o), "bound to this account")
				if c.grants(o) != 1 {
					t.Errorf("%d grants", c.grants(o))
				}
				sent := o.asked[1]
				u, err := url.Parse(sent)
				o.ok(err)
				q := u.Query()
				if q.Get("redirect_uri") != publicURL+"/oauth/"+c.connection+"/callback" || len(q.Get("state")) < 40 || !strings.Contains(q.Get("scope"), c.scope) {
					t.Errorf("the consent was asked for with %v", q)
				}
				if (q.Get("code_challenge_method") == "S256") != c.pkce || (len(q.Get("code_challenge")) == 43) != c.pkce {
					t.Errorf("challenge %q, %q", q.Get("code_challenge"), q.Get("code_challenge_method"))
				}
				if got, err := o.account(o.App, c.connection); err != nil || got.ID != c.account(o) {
					t.Errorf("afterwards %v, %v", got, err)
				}
				time.Sleep(3 * time.Hour) // access tokens ended meanwhile, and are renewed
				if _, err := o.account(o.App, c.connection); err != nil {
					t.Errorf("three hours later: %v", err)
				}
				o.nothingLeaked()
			})
		})
	}
}

// TestCookie: what the browser is given is for this deployment's pages alone, and is gone afterwards.
func TestCookie(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		r := httptest.NewRequest("GET", o.link("hubspot"), nil)
		w := httptest.NewRecorder()
		o.OAuth().ServeHTTP(w, r)
		cookies := w.Result().Cookies()
		if w.Code != 302 || len(cookies) != 1 {
			t.Fatalf("%d, %v", w.Code, cookies)
		}
		if c := cookies[0]; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/oauth" || c.MaxAge != 600 || len(c.Value) < 40 {
			t.Errorf("the cookie is %v", c)
		}
	})
}

// stopAt gives a browser that stops before an address that has the words in it, and what it was sent to.
func (o *office) stopAt(b *http.Client, words, address string) string {
	o.t.Helper()
	stopped := ""
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.Contains(r.URL.String(), words) {
			stopped = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := b.Get(address)
	o.ok(err)
	o.ok(resp.Body.Close())
	b.CheckRedirect = nil
	if stopped == "" {
		o.t.Fatalf("nothing led to %s", words)
	}
	return stopped
}

// TestGoodOnce: tickets and states are good once, for ten minutes, for their connection, in their browser.
func TestGoodOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(o *office) (int, string)
		want  int
		words []string
	}{
		{"no ticket", func(o *office) (int, string) { return o.visit(o.browser(), publicURL+"/oauth/hubspot/start") }, 404, []string{"nothing here"}},
		{"an invented ticket", func(o *office) (int, string) {
			return o.visit(o.browser(), publicURL+"/oauth/hubspot/start?ticket="+canaryCode)
		}, 404, nil},
		{"a ticket used twice", func(o *office) (int, string) {
			link := o.link("hubspot")
			o.visit(o.browser(), link)
			return o.visit(o.browser(), link)
		}, 404, nil},
		{"a ticket of eleven minutes", func(o *office) (int, string) {
			link := o.link("hubspot")
			time.Sleep(11 * time.Minute)
			return o.visit(o.browser(), link)
		}, 404, nil},
		{"a ticket of another connection", func(o *office) (int, string) {
			return o.visit(o.browser(), strings.Replace(o.link("hubspot"), "/hubspot/", "/light/", 1))
		}, 404, nil},
		{"a link that a program looked at first", func(o *office) (int, string) {
			link := o.link("hubspot")
			resp, err := o.browser().Head(link)
			o.ok(err)
			o.ok(resp.Body.Close())
			return o.visit(o.browser(), link)
		}, 200, nil},
		{"no such connection", func(o *office) (int, string) { return o.visit(o.browser(), publicURL+"/oauth/x/start") }, 404, nil},
		{"a callback without a state", func(o *office) (int, string) {
			return o.visit(o.browser(), publicURL+"/oauth/hubspot/callback?code="+canaryCode)
		}, 400, []string{"This consent is over", "crosswalk connect hubspot"}},
		{"a callback a second time", func(o *office) (int, string) {
			b := o.browser()
			back := o.stopAt(b, "/callback", o.link("hubspot"))
			o.visit(b, back)
			return o.visit(b, back)
		}, 400, nil},
		{"a callback eleven minutes later", func(o *office) (int, string) {
			b := o.browser()
			back := o.stopAt(b, "/callback", o.link("hubspot"))
			time.Sleep(11 * time.Minute)
			return o.visit(b, back)
		}, 400, nil},
		{"a callback in another browser", func(o *office) (int, string) {
			return o.visit(o.browser(), o.stopAt(o.browser(), "/callback", o.link("hubspot")))
		}, 403, []string{"another browser"}},
		{"a callback in the right browser after another one had it", func(o *office) (int, string) {
			b := o.browser()
			back := o.stopAt(b, "/callback", o.link("hubspot"))
			o.visit(o.browser(), back)
			return o.visit(b, back)
		}, 400, nil},
		{"a callback of another connection", func(o *office) (int, string) {
			b := o.browser()
			return o.visit(b, strings.Replace(o.stopAt(b, "/callback", o.link("hubspot")), "/hubspot/", "/light/", 1))
		}, 400, nil},
		{"two consents at once in one browser", func(o *office) (int, string) {
			b := o.browser()
			first := o.stopAt(b, "/callback", o.link("hubspot"))
			if status, page := o.visit(b, o.link("light")); status != 200 {
				o.t.Errorf("%d %s", status, page)
			}
			return o.visit(b, first)
		}, 200, []string{"Connected: hubspot"}},
		{"by the system's name", func(o *office) (int, string) {
			return o.visit(o.browser(), o.link("crm"))
		}, 200, []string{"Connected: hubspot"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			connecting(t, "oauth", func(o *office) {
				status, page := c.play(o)
				o.wants(status, page, c.want, c.words...)
				if c.want != 200 && c.name != "a ticket used twice" && c.name != "a callback a second time" && o.pair("hubspot") != "" {
					t.Error("something was kept")
				}
				o.nothingLeaked()
			})
		})
	}
}

// TestAnotherPortal, T18: another account is shown with both ids, its grant is given back, and the old one goes on.
func TestAnotherPortal(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		o.consents("hubspot")
		right, before := o.hubspot, o.pair("hubspot")
		o.hubspot = hubspottest.New(hubspottest.Config{Seed: 2, PortalID: 777})
		wrong := o.hubspot
		status, page := o.visit(o.browser(), o.link("hubspot"))
		o.wants(status, page, 409, "62515", "777", "is not changed", "--replace")
		if wrong.Grants() != 0 || o.pair("hubspot") != before {
			t.Errorf("%d grants of the other portal are alive; kept pair is the same: %v", wrong.Grants(), o.pair("hubspot") == before)
		}
		o.hubspot = right
		if a, err := o.account(o.App, "hubspot"); err != nil || a.ID != "62515" {
			t.Errorf("the old grant: %v, %v", a, err)
		}
		if bound, err := o.Engine.BoundTo(o.t.Context(), "hubspot"); err != nil || bound != "62515" {
			t.Errorf("bound to %s, %v", bound, err)
		}

		// Nothing was read yet: the person may say that the first account was a mistake.
		o.hubspot = wrong
		status, page = o.visit(o.browser(), o.link("hubspot", "replace", true))
		o.wants(status, page, 200, "777", "bound to this account")

		// What was read of an account makes it the connection's for good.
		o.hubspot = right
		o.ok(keepFeed(o, "hubspot", "deals"))
		status, page = o.visit(o.browser(), o.link("hubspot", "replace", true))
		o.wants(status, page, 409, "another connection", "read of deals")
		o.nothingLeaked()
	})
}

// keepFeed puts a feed's position into the store, as a poll does.
func keepFeed(o *office, connection, object string) error {
	return o.store.Put(o.t.Context(), []table.Put{{Key: table.Key{PK: "F#" + connection + "/" + object, SK: "feed"}, Data: []byte(`{}`)}})[0]
}

// TestConfiguredAccount: what the configuration says is not replaced by anybody at a browser.
func TestConfiguredAccount(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		w := o.wires["hubspot"]
		w.Account = "1234"
		status, page := o.visit(o.browser(), o.link("hubspot", "replace", true))
		o.wants(status, page, 409, "1234", "62515", "configuration says")
		if o.hubspot.Grants() != 0 {
			t.Error("the grant was not given back")
		}
	})
}

// TestRefusalPages: every refusal that the fact sheets list (hubspot.md 2, light.md 1 and 3) has a page that says what was
// refused, who can grant it and how to try again, and repeats nothing of the request or the vendor's own text.
func TestRefusalPages(t *testing.T) {
	hubspotToken := func(status, code string) func(o *office) {
		return func(o *office) {
			o.hubspot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
				if !strings.HasSuffix(r.URL.Path, "/token") {
					return nil
				}
				body := fmt.Sprintf(`{"status":%q,"message":%q,"error":%q,"error_description":%q}`, status, canaryCode, code, canaryCode)
				return &hubspottest.Fault{Status: 400, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
			})
		}
	}
	lightToken := func(status int, typ string) func(o *office) {
		return func(o *office) {
			o.light.SetFault(func(r *http.Request, _ []byte) *lighttest.Fault {
				if r.URL.Path != "/oauth/token" {
					return nil
				}
				return &lighttest.Fault{Status: status, Body: fmt.Sprintf(`{"type":%q,"message":%q}`, typ, canaryCode)}
			})
		}
	}
	for _, c := range []struct {
		connection, name string
		set              func(o *office)
		words            []string
	}{
		{"hubspot", "the person refuses", func(o *office) { o.hubspot.SetConsent(hubspottest.Refuses) }, []string{"refused on HubSpot", "super admin", "App Marketplace Access", "crosswalk connect hubspot", "access_denied"}},
		{"hubspot", "BAD_AUTH_CODE", hubspotToken("BAD_AUTH_CODE", "invalid_grant"), []string{"too old", "half a minute", "open the new link"}},
		{"hubspot", "BAD_CLIENT_ID", hubspotToken("BAD_CLIENT_ID", "invalid_client"), []string{"client id", "--client-file"}},
		{"hubspot", "BAD_CLIENT_SECRET", hubspotToken("BAD_CLIENT_SECRET", "invalid_client"), []string{"client secret", "--client-file"}},
		{"hubspot", "BAD_REDIRECT_URI", hubspotToken("BAD_REDIRECT_URI", "invalid_grant"), []string{publicURL + "/oauth/hubspot/callback", "redirectUrls"}},
		{"hubspot", "BAD_GRANT_TYPE", hubspotToken("BAD_GRANT_TYPE", "unsupported_grant_type"), []string{"not an OAuth app"}},
		{"hubspot", "BAD_CODE_VERIFIER", hubspotToken("BAD_CODE_VERIFIER", "invalid_grant"), []string{"proof"}},
		{"hubspot", "BAD_SCOPES", hubspotToken("BAD_SCOPES", "invalid_scope"), []string{"scopes", "--app-files"}},
		{"hubspot", "BAD_HUB", hubspotToken("BAD_HUB", "access_denied"), []string{"may not install", "Distribution"}},
		{"hubspot", "a word nobody knows", hubspotToken("BAD_MOON", ""), []string{"BAD_MOON", "crosswalk connect hubspot"}},
		{"hubspot", "no word at all", hubspotToken("<script>"+canaryCode, ""), []string{"does not know"}},
		{"light", "the person refuses", func(o *office) { o.light.RefuseConsent(true) }, []string{"refused on Light", "administrator", "crosswalk connect light"}},
		{"light", "INVALID_GRANT", lightToken(400, "INVALID_GRANT"), []string{publicURL + "/oauth/light/callback", "help@light.inc"}},
		{"light", "INVALID_CLIENT", lightToken(401, "INVALID_CLIENT"), []string{"client id and secret", "--client-file"}},
		{"light", "INVALID_PARAMETER", lightToken(400, "INVALID_PARAMETER"), []string{"redirect address"}},
		{"light", "MISSING_PARAMETER", lightToken(400, "MISSING_PARAMETER"), []string{"fault of Crosswalk"}},
		{"light", "UNSUPPORTED_GRANT_TYPE", lightToken(400, "UNSUPPORTED_GRANT_TYPE"), []string{"does not take this kind"}},
	} {
		t.Run(c.connection+" "+c.name, func(t *testing.T) {
			connecting(t, "oauth", func(o *office) {
				c.set(o)
				status, page := o.visit(o.browser(), o.link(c.connection))
				o.wants(status, page, 403, append(c.words, "What was refused", "Who can grant it", "How to try again", "Nothing.")...)
				if o.pair(c.connection) != "" || strings.Contains(page, "{") {
					t.Errorf("kept something, or a page with a gap:\n%s", page)
				}
				o.nothingLeaked("<script>")
				o.hubspot.SetFault(nil)
				o.light.SetFault(nil)
				o.hubspot.SetConsent(hubspottest.Agrees)
				o.light.RefuseConsent(false)
				o.consents(c.connection) // trying again works
			})
		})
	}
}

// TestCallbackWithAnError: what a callback's address says is never believed without its state, and never repeated.
func TestCallbackWithAnError(t *testing.T) {
	for query, words := range map[string][]string{
		"&error=access_denied&error_description=" + canaryCode:             {"super admin"},
		"&error=invalid_scope&error_description=<b>" + canaryCode + "</b>": {"scopes"},
		"&error=<script>" + canaryCode:                                     {"does not know"},
		"&error=temporarily_unavailable":                                   {"too busy"},
		"":                                                                 {"did not accept the request"}, // neither code nor error
	} {
		connecting(t, "oauth", func(o *office) {
			b := o.browser()
			u, err := url.Parse(o.stopAt(b, "/callback", o.link("hubspot")))
			o.ok(err)
			status, page := o.visit(b, publicURL+u.Path+"?state="+u.Query().Get("state")+strings.NewReplacer("<", "%3C", ">", "%3E").Replace(query))
			o.wants(status, page, 403, words...)
			o.nothingLeaked("<script>", "<b>")
		})
	}
}

// TestConsentNeedsAnApp: without a client id, or for a connection that takes a key, there is no link, and the answer says
// what to do.
func TestConsentNeedsAnApp(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		for body, want := range map[string]string{`{}`: "--client-file", `{"client_id":"x"}`: "both", `{"client_id":"a b","client_secret":"c"}`: "as the system showed it"} {
			var b map[string]any
			o.ok(json.Unmarshal([]byte(body), &b))
			status, answer := o.operator("POST", "/connections/hubspot/connect", b)
			if status != 409 && status != 400 || !strings.Contains(fmt.Sprint(answer), want) {
				t.Errorf("%s: %d %v", body, status, answer)
			}
		}
		if status, answer := o.operator("POST", "/connections/hubspot/credential", map[string]any{"key": hubspottest.PrivateToken}); status != 409 || !strings.Contains(fmt.Sprint(answer), "auth: oauth") {
			t.Errorf("%d %v", status, answer)
		}
		if status, _ := o.operator("POST", "/connections/nobody/connect", nil); status != 404 {
			t.Errorf("%d", status)
		}
	})
	connecting(t, "key", func(o *office) {
		if status, answer := o.operator("POST", "/connections/hubspot/connect", map[string]any{}); status != 409 || !strings.Contains(fmt.Sprint(answer), "--key") {
			t.Errorf("%d %v", status, answer)
		}
	})
}

// TestNextAppTakesOverWithItsGrant: an app that was only announced disturbs nothing.
func TestNextAppTakesOverWithItsGrant(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		o.consents("hubspot")
		o.link("hubspot", "client_id", "another-app", "client_secret", "its-secret")
		time.Sleep(time.Hour)
		if _, err := o.account(o.App, "hubspot"); err != nil {
			t.Errorf("the grant in force is not renewed any more: %v", err)
		}
	})
}

// TestKeyIsTriedFirst: a key is kept when it opens the right account, and only then.
func TestKeyIsTriedFirst(t *testing.T) {
	connecting(t, "key", func(o *office) {
		put := func(connection, key string, more ...any) (int, string) {
			body := map[string]any{"key": key}
			for n := 0; n+1 < len(more); n += 2 {
				body[more[n].(string)] = more[n+1]
			}
			status, answer := o.operator("POST", "/connections/"+connection+"/credential", body)
			return status, fmt.Sprint(answer)
		}
		if status, answer := put("hubspot", canaryCode); status != 409 || !strings.Contains(answer, "refuses this key") || !strings.Contains(answer, "crosswalk help hubspot") {
			t.Errorf("a wrong key: %d %s", status, answer)
		}
		if len(o.secrets.kept) != 1 { // the deployment's own
			t.Error("a wrong key was kept")
		}
		if status, answer := put("hubspot", hubspottest.PrivateToken, "webhook_secrets", []string{hubspottest.ClientSecret}); status != 200 || !strings.Contains(answer, "62515") || !strings.Contains(answer, publicURL+"/webhooks/hubspot") {
			t.Errorf("%d %s", status, answer)
		}
		if status, answer := put("light", lighttest.APIKey); status != 200 {
			t.Errorf("%d %s", status, answer)
		}
		for _, name := range []string{"hubspot", "light"} {
			if _, err := o.account(o.App, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		o.hubspot = hubspottest.New(hubspottest.Config{Seed: 2, PortalID: 777})
		status, answer := put("hubspot", hubspottest.PrivateToken)
		if status != 409 || !strings.Contains(answer, "777") || !strings.Contains(answer, "62515") {
			t.Errorf("a key of another portal: %d %s", status, answer)
		}
		o.nothingLeaked()
	})
}

// TestTakenUpWithoutRestart: what one process takes in, every other one uses within a minute: the first credential, one in
// place of a dead one, and webhook secrets.
func TestTakenUpWithoutRestart(t *testing.T) {
	connecting(t, "key", func(o *office) {
		other := o.process("key") // a second one, which sees nothing of the first but store and secrets
		if _, err := o.account(other, "light"); !engine.NotConnected(err) {
			t.Fatalf("before: %v", err)
		}
		hook := func(secret string) error {
			body := []byte(`[{"eventId":1,"portalId":62515,"subscriptionType":"deal.creation","objectId":9101000001,"occurredAt":1}]`)
			r := httptest.NewRequest("POST", publicURL+"/webhooks/hubspot", bytes.NewReader(body))
			stamp := fmt.Sprint(time.Now().UnixMilli())
			r.Header.Set("X-HubSpot-Request-Timestamp", stamp)
			r.Header.Set("X-HubSpot-Signature-v3", hubspottest.SignatureV3(secret, "POST", publicURL+"/webhooks/hubspot", body, stamp))
			_, err := other.Engine.Accept(o.t.Context(), "hubspot", r, publicURL+"/webhooks/hubspot", body)
			return err
		}
		if hook("first-secret") == nil {
			t.Error("a webhook was let in before anybody was connected")
		}
		for _, put := range []struct{ connection, key, secret string }{{"hubspot", hubspottest.PrivateToken, "first-secret"}, {"light", lighttest.APIKey, ""}} {
			body := map[string]any{"key": put.key}
			if put.secret != "" {
				body["webhook_secrets"] = []string{put.secret}
			}
			if status, answer := o.operator("POST", "/connections/"+put.connection+"/credential", body); status != 200 {
				t.Fatalf("%d %v", status, answer)
			}
		}
		time.Sleep(2 * time.Second)
		if a, err := o.account(other, "light"); err != nil || a.ID == "" {
			t.Errorf("the first key: %v", err)
		}
		if err := hook("first-secret"); err != nil {
			t.Errorf("the first webhook: %v", err)
		}

		o.light.RevokeKey()
		if _, err := o.account(other, "light"); connector.FaultOf(err) != connector.Unauthorized {
			t.Fatalf("a dead key: %v", err)
		}
		if status, answer := o.operator("POST", "/connections/light/credential", map[string]any{"key": lighttest.OtherAPIKey}); status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		time.Sleep(2 * time.Second)
		if _, err := o.account(other, "light"); err != nil {
			t.Errorf("the key in its place: %v", err)
		}

		if status, answer := o.operator("POST", "/connections/hubspot/credential", map[string]any{"webhook_secrets": []string{"second-secret", "first-secret"}}); status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		time.Sleep(time.Minute + time.Second)
		for _, secret := range []string{"second-secret", "first-secret"} {
			if err := hook(secret); err != nil {
				t.Errorf("%s: %v", secret, err)
			}
		}
		if hook("third-secret") == nil {
			t.Error("a wrong secret was let in")
		}
		if _, err := o.account(other, "hubspot"); err != nil {
			t.Errorf("other secrets took the key away: %v", err)
		}
		o.nothingLeaked("first-secret", "second-secret")
	})
}

// TestReplacedGrantIsTakenUp: the same for a grant, also while the old one still works.
func TestReplacedGrantIsTakenUp(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		o.consents("light")
		other := o.process("oauth")
		if _, err := o.account(other, "light"); err != nil {
			t.Fatal(err)
		}
		o.light.RevokeGrant() // somebody disconnected the app at Light
		if _, err := o.account(other, "light"); connector.FaultOf(err) != connector.Unauthorized {
			t.Fatalf("a dead grant: %v", err)
		}
		o.consents("light")
		time.Sleep(2 * time.Second)
		for n, a := range []*App{o.App, other} {
			if _, err := o.account(a, "light"); err != nil {
				t.Errorf("process %d: %v", n, err)
			}
		}
		// Both renew at the same moment: Light kills the old refresh token at once, so that only one may.
		time.Sleep(24 * time.Hour)
		done := make(chan error, 2)
		for _, a := range []*App{o.App, other} {
			go func() { _, err := a.Connectors["light"].Account(context.WithoutCancel(o.t.Context())); done <- err }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("renewed by two at once: %v", err)
			}
		}
		if o.light.Grants() != 1 {
			t.Errorf("%d grants", o.light.Grants())
		}
	})
}

// TestDisconnect: revoked where the vendor lets us, forgotten here, and said which mappings stop.
func TestDisconnect(t *testing.T) {
	drop := func(o *office, connection string, force bool) (int, map[string]any) {
		return o.operator("POST", "/connections/"+connection+"/disconnect", map[string]any{"force": force})
	}
	connecting(t, "oauth", func(o *office) {
		o.consents("hubspot")
		o.consents("light")
		goLive(o)
		other := o.process("oauth")
		o.hubspot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if strings.HasSuffix(r.URL.Path, "/revoke") {
				return &hubspottest.Fault{Status: 503}
			}
			return nil
		})
		if status, answer := drop(o, "hubspot", false); status != 409 || !strings.Contains(fmt.Sprint(answer), "--force") || o.pair("hubspot") == "" {
			t.Errorf("HubSpot does not answer: %d %v", status, answer)
		}
		o.hubspot.SetFault(nil)
		status, answer := drop(o, "hubspot", false)
		if status != 200 || answer["revoked"] != true || answer["account"] != "62515" || !slices.Contains(answer["stops"].([]any), any("companies-to-customers")) {
			t.Errorf("%d %v", status, answer)
		}
		if o.hubspot.Grants() != 0 || o.pair("hubspot") != "" {
			t.Error("the grant is alive, or kept")
		}
		if status, answer := drop(o, "light", false); status != 200 || answer["revoked"] != false || !strings.Contains(fmt.Sprint(answer["by_hand"]), "help@light.inc") {
			t.Errorf("%d %v", status, answer)
		}
		time.Sleep(time.Minute + time.Second)
		for n, a := range []*App{o.App, other} {
			for _, name := range []string{"hubspot", "light"} {
				if _, err := o.account(a, name); !engine.NotConnected(err) {
					t.Errorf("process %d, %s: %v", n, name, err)
				}
			}
		}
		if status, answer := drop(o, "hubspot", false); status != 409 {
			t.Errorf("twice: %d %v", status, answer)
		}
		o.consents("hubspot") // the same portal is taken again
		o.hubspot = hubspottest.New(hubspottest.Config{Seed: 2, PortalID: 777})
		status, page := o.visit(o.browser(), o.link("hubspot"))
		o.wants(status, page, 409, "777", "62515")
		o.nothingLeaked()
	})
	connecting(t, "key", func(o *office) {
		if status, answer := o.operator("POST", "/connections/light/credential", map[string]any{"key": lighttest.APIKey}); status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		if status, answer := drop(o, "light", false); status != 200 || !strings.Contains(fmt.Sprint(answer["by_hand"]), "delete the key at Light") || len(answer["stops"].([]any)) != 0 {
			t.Errorf("%d %v", status, answer)
		}
	})
}

// goLive has one mapping that writes.
func goLive(o *office) {
	o.t.Helper()
	var texts [][]byte
	for _, p := range mapping.PresetSet("hubspot-light") {
		texts = append(texts, p.YAML)
	}
	_, err := o.Engine.ApplyAll(o.t.Context(), texts, "editor")
	o.ok(err)
	_, err = o.Engine.SetStatus(o.t.Context(), "companies-to-customers", mapping.Live, nil, "editor", "")
	o.ok(err)
}

// TestRegisteredApp: the files name the scopes that the mappings need and this deployment's addresses; an app made of them is
// asked for exactly those, and one that has others is refused by HubSpot.
func TestRegisteredApp(t *testing.T) {
	connecting(t, "oauth", func(o *office) {
		status, answer := o.operator("POST", "/connections/hubspot/app", map[string]any{})
		if status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		files := map[string]map[string]any{}
		for _, f := range answer["files"].([]any) {
			var parsed map[string]any
			o.ok(json.Unmarshal([]byte(f.(map[string]any)["text"].(string)), &parsed))
			files[f.(map[string]any)["path"].(string)] = parsed
		}
		auth := files["src/app/app-hsmeta.json"]["config"].(map[string]any)["auth"].(map[string]any)
		hooks := files["src/app/webhooks/webhooks-hsmeta.json"]["config"].(map[string]any)
		if files["hsproject.json"]["platformVersion"] != "2026.09" || auth["type"] != "oauth" || hooks["settings"].(map[string]any)["targetUrl"] != publicURL+"/webhooks/hubspot" {
			t.Errorf("%v", files)
		}
		// The presets read companies, deals, line items and products, and write none of them.
		required := texts(auth["requiredScopes"])
		want := []string{"oauth", "crm.objects.companies.read", "crm.objects.deals.read", "crm.objects.line_items.read", "crm.objects.owners.read", "crm.objects.products.read",
			"crm.schemas.companies.read", "crm.schemas.deals.read", "crm.schemas.line_items.read"}
		if !slices.Equal(required, want) {
			t.Errorf("scopes %q, want %q", required, want)
		}
		subscribed := fmt.Sprint(hooks["subscriptions"])
		for _, s := range []string{"deal.creation", "propertyName:dealstage", "company.merge", "line_item.associationChange"} {
			if !strings.Contains(subscribed, s) {
				t.Errorf("no subscription %s in %s", s, subscribed)
			}
		}
		if strings.Contains(subscribed, "active:false") || strings.Contains(subscribed, "hs_is_closed_won") {
			t.Errorf("paused, or of a calculated property: %s", subscribed)
		}
		o.hubspot.RegisterApp(texts(auth["redirectUrls"]), required, texts(auth["optionalScopes"]))
		o.consents("hubspot")
		goneRight := o.hubspot.Grants()

		o.hubspot.RegisterApp(texts(auth["redirectUrls"]), append(required, "tickets"), nil)
		if status, page := o.visit(o.browser(), o.link("hubspot")); status != 400 || o.hubspot.Grants() != goneRight {
			t.Errorf("HubSpot let another set of scopes in: %d %s", status, page)
		}
	})
	connecting(t, "key", func(o *office) { // a static app has neither a redirect address nor the scope oauth
		_, answer := o.operator("POST", "/connections/hubspot/app", map[string]any{})
		text := fmt.Sprint(answer["files"])
		if !strings.Contains(text, `"type": "static"`) || strings.Contains(text, "redirectUrls") || strings.Contains(text, `"oauth"`) || answer["redirect"] != nil {
			t.Errorf("%s", text)
		}
		if status, answer := o.operator("POST", "/connections/light/app", map[string]any{}); status != 409 {
			t.Errorf("%d %v", status, answer)
		}
	})
}

func texts(v any) []string {
	var out []string
	for _, one := range v.([]any) {
		out = append(out, one.(string))
	}
	return out
}

// TestNothingElseIsDisturbed: a connection without a credential leaves the other one alone.
func TestNothingElseIsDisturbed(t *testing.T) {
	connecting(t, "key", func(o *office) {
		if status, answer := o.operator("POST", "/connections/hubspot/credential", map[string]any{"key": hubspottest.PrivateToken}); status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		reads, err := o.Connectors["hubspot"].Read(o.t.Context(), connector.ReadRequest{Object: "deals", IDs: []string{o.hubspot.SampleID("deals/eur")}, Fields: []string{"dealname"}})
		if err != nil || len(reads) != 1 || reads[0].State != record.Found {
			t.Errorf("%v %v", reads, err)
		}
		_, answer := o.operator("GET", "/connections", nil)
		if text := fmt.Sprint(answer); !strings.Contains(text, "state:not connected") || !strings.Contains(text, "state:ok") {
			t.Errorf("%s", text)
		}
		findings, err := o.Engine.Check(o.t.Context(), false)
		o.ok(err)
		if !slices.ContainsFunc(findings, func(f engine.Finding) bool {
			return f.Where == "light" && f.Severity == "stop" && strings.HasPrefix(f.Fix, "crosswalk connect light")
		}) {
			t.Errorf("%+v", findings)
		}
	})
}

// TestCheckNamesRights: per object and mapped field, what a credential may and may not do, found out without a write.
func TestCheckNamesRights(t *testing.T) {
	connecting(t, "key", func(o *office) {
		for name, key := range map[string]string{"hubspot": hubspottest.PrivateToken, "light": lighttest.APIKey} {
			if status, answer := o.operator("POST", "/connections/"+name+"/credential", map[string]any{"key": key}); status != 200 {
				t.Fatalf("%d %v", status, answer)
			}
		}
		goLive(o)
		find := func(severity, where, text string) engine.Finding {
			t.Helper()
			findings, err := o.Engine.Check(o.t.Context(), false)
			o.ok(err)
			for _, f := range findings {
				if f.Severity == severity && f.Where == where && strings.Contains(f.Finding, text) {
					return f
				}
			}
			t.Errorf("no finding %s %s %q in %+v", severity, where, text, findings)
			return engine.Finding{}
		}
		find("ok", "hubspot/deals", "dealstage")
		find("ok", "light/customers", "may be written: ")
		before := o.light.Counts()

		o.hubspot.SetScopes(hubspottest.AppID, slices.DeleteFunc(slices.Clone(hubspottest.AllScopes), func(s string) bool {
			return s == "crm.objects.line_items.read" || s == "e-commerce"
		})...)
		if f := find("stop", "hubspot/line_items", "may not read line_items: "); !strings.Contains(f.Fix, "crm.objects.line_items.read") || !strings.Contains(f.Finding, "quantity") || f.Owner != "the administrator of hubspot" {
			t.Errorf("%+v", f)
		}
		if status, answer := o.operator("POST", "/connections/light/credential", map[string]any{"key": lighttest.ReadOnlyAPIKey}); status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		if f := find("stop", "light/customers", "may not write customers: "); !strings.Contains(f.Finding, "name") {
			t.Errorf("%+v", f)
		}
		if after := o.light.Counts(); after != before {
			t.Errorf("asking wrote: %+v, then %+v", before, after)
		}
	})
}
