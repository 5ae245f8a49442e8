package hubspottest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

const newDeal = `{"properties":{"dealname":"D","dealstage":"qualifiedtobuy"}}`

// TestFaults: each fault once, with and without effect; the call after it is sound.
func TestFaults(t *testing.T) {
	const path = "/crm/objects/2026-09/deals"
	for _, c := range []struct {
		name   string
		fault  hubspottest.Fault
		status int // 0 = the connection breaks
		body   string
		header string
		effect bool
	}{
		{"429 without Retry-After", hubspottest.TooMany(""), 429, "TEN_SECONDLY_ROLLING", "", false},
		{"429 with Retry-After", hubspottest.TooMany("7"), 429, "RATE_LIMIT", "7", false},
		{"423", hubspottest.Locked(), 423, "locked", "", false},
		{"477", hubspottest.Migrating("3600"), 477, "migrated", "3600", false},
		{"401 once", hubspottest.Unauthorized(), 401, "EXPIRED_AUTHENTICATION", "", false},
		{"502", hubspottest.Unavailable(502), 502, "<html>", "", false},
		{"cut before", hubspottest.Fault{Cut: true}, 0, "", "", false},
		{"504 after", hubspottest.CommittedThen504(), 504, "<html>", "", true},
		{"cut after", hubspottest.CommittedThenCut(), 0, "", "", true},
		{"HTML with 200", hubspottest.HTML(), 200, "<html>", "", true},
		{"malformed JSON", hubspottest.MalformedJSON(), 201, `{"results":[{"id":`, "", true},
		{"truncated", hubspottest.Fault{Truncate: 10}, 0, "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hubspottest.New(hubspottest.Config{})
			s.FailOnce("POST /crm/objects/deals", c.fault)
			status, body, header, err := try(t, s.Transport(), path, newDeal)
			if (c.status == 0) != (err != nil) || err == nil && (status != c.status || !strings.Contains(body, c.body) || header.Get("Retry-After") != c.header) {
				t.Errorf("%d %q %v, error %v", status, body, header, err)
			}
			if got := len(s.Records("deals")) == 1; got != c.effect {
				t.Errorf("effect %v, want %v", got, c.effect)
			}
			if status, _, _, err := try(t, s.Transport(), path, newDeal); status != 201 || err != nil {
				t.Errorf("the call after it: %d %v", status, err)
			}
			if n := s.Calls()["POST /crm/objects/deals"]; n != 2 {
				t.Errorf("%d calls counted, want 2: %v", n, s.Calls())
			}
		})
	}
}

// try makes one call and reads the whole answer; a cut body is an error.
func try(t *testing.T, rt http.RoundTripper, path, body string) (int, string, http.Header, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "https://api.hubapi.com"+path, strings.NewReader(body))
	ok(t, err)
	r.Header.Set("Authorization", "Bearer "+hubspottest.PrivateToken)
	r.Header.Set("Content-Type", "application/json")
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), resp.Header, err
}

// TestRowFaults: named rows fail, results are short or reordered.
func TestRowFaults(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	const path, three = "/crm/objects/2026-09/deals/batch/create", `{"inputs":[` + newDeal + `,` + newDeal + `,` + newDeal + `]}`
	s.SetFault(func(r *http.Request, body []byte) *hubspottest.Fault {
		return &hubspottest.Fault{Rows: func(row int, input json.RawMessage) *hubspottest.RowFault {
			if row == 1 {
				return &hubspottest.RowFault{}
			}
			return nil
		}}
	})
	status, body := call(t, s, "POST", path, three)
	if status != 207 || len(dig(body, "results").([]any)) != 2 || dig(body, "errors", 0, "category") != "INTERNAL_ERROR" || len(s.Records("deals")) != 2 {
		t.Errorf("%d %v", status, body)
	}
	s.SetFault(func(*http.Request, []byte) *hubspottest.Fault { return &hubspottest.Fault{Drop: 1} })
	status, body = call(t, s, "POST", path, three)
	if status != 201 || len(dig(body, "results").([]any)) != 2 || len(s.Records("deals")) != 5 {
		t.Errorf("a short answer: %d %v", status, body)
	}
}

// TestSlow: a caller with a deadline learns nothing of a write that was made.
func TestSlow(t *testing.T) {
	for _, c := range []struct {
		fault  hubspottest.Fault
		effect int
	}{{hubspottest.Fault{Delay: time.Minute}, 0}, {hubspottest.Fault{DelayAnswer: time.Minute}, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := hubspottest.New(hubspottest.Config{})
			s.FailOnce("", c.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, "POST", "https://api.hubapi.com/crm/v3/objects/deals", strings.NewReader(newDeal))
			ok(t, err)
			r.Header.Set("Authorization", "Bearer "+hubspottest.PrivateToken)
			r.Header.Set("Content-Type", "application/json")
			start := time.Now()
			_, err = s.Transport().RoundTrip(r)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second || len(s.Records("deals")) != c.effect {
				t.Errorf("%v after %v, %d records", err, time.Since(start), len(s.Records("deals")))
			}
		})
	}
}

// TestFaultsOverSockets: cut and truncated answers look the same over HTTP.
func TestFaultsOverSockets(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	server := httptest.NewServer(s)
	defer server.Close()
	for _, f := range []hubspottest.Fault{hubspottest.CommittedThenCut(), {Truncate: 10}} {
		s.FailOnce("", f)
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/crm/v3/objects/deals", strings.NewReader(newDeal))
		ok(t, err)
		r.Header.Set("Authorization", "Bearer "+hubspottest.PrivateToken)
		r.Header.Set("Content-Type", "application/json")
		resp, err := server.Client().Do(r)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%+v: no error", f)
		}
	}
	if n := len(s.Records("deals")); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}

// TestLimits: bucket sizes, headers and 429 bodies of section 12.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{Limits: true, TimeZone: "America/New_York"})
		token := accessToken(t, s)
		used := func(token, method, path, body string, until int) int {
			for n := 0; ; n++ {
				resp := send(t, s, token, method, path, body)
				if resp.StatusCode == until || n > 1000 {
					return n
				}
			}
		}
		const list, search = "/crm/objects/2026-09/deals", "/crm/objects/2026-09/deals/search"
		if n := used(hubspottest.PrivateToken, "GET", list, "", 429); n != 190 {
			t.Errorf("private app: %d calls in ten seconds", n)
		}
		if n := used(token, "GET", list, "", 429); n != 110 {
			t.Errorf("OAuth app: %d calls in ten seconds", n)
		}
		if n := used(hubspottest.PrivateToken, "POST", search, "{}", 429); n != 5 {
			t.Errorf("search: %d calls a second", n)
		}
		if n := used(token, "POST", search, "{}", 429); n != 0 {
			t.Errorf("search is per account, not per app: %d", n)
		}
		status, body := call(t, s, "GET", list, "")
		if status != 429 || dig(body, "policyName") != "TEN_SECONDLY_ROLLING" || dig(body, "errorType") != "RATE_LIMIT" || dig(body, "category") != nil {
			t.Errorf("%d %v", status, body)
		}
		status, body = call(t, s, "POST", search, "{}")
		if status != 429 || dig(body, "policyName") != "SECONDLY" {
			t.Errorf("%d %v", status, body)
		}
		time.Sleep(10 * time.Second)
		resp := send(t, s, hubspottest.PrivateToken, "GET", list, "")
		if resp.StatusCode != 200 || resp.Header.Get("X-HubSpot-RateLimit-Max") != "190" || resp.Header.Get("X-HubSpot-RateLimit-Remaining") != "189" || resp.Header.Get("X-HubSpot-RateLimit-Daily") != "625000" {
			t.Errorf("after ten seconds: %d %v", resp.StatusCode, resp.Header)
		}
		if resp = send(t, s, token, "GET", list, ""); resp.Header.Get("X-HubSpot-RateLimit-Daily") != "" || resp.Header.Get("X-HubSpot-RateLimit-Max") != "110" {
			t.Errorf("OAuth headers %v", resp.Header)
		}
		if resp = send(t, s, hubspottest.PrivateToken, "POST", search, "{}"); resp.Header.Get("X-HubSpot-RateLimit-Max") != "" {
			t.Errorf("search headers %v", resp.Header)
		}
		s.SpendDaily(hubspottest.PrivateDaily)
		if status, body = call(t, s, "GET", list, ""); status != 429 || dig(body, "policyName") != "DAILY" {
			t.Errorf("%d %v", status, body)
		}
		if status, _ = callAs(t, s, token, "GET", list, ""); status != 200 {
			t.Errorf("OAuth apps have no daily limit: %d", status)
		}
		time.Sleep(4*time.Hour + 59*time.Minute) // it is 23:59 of the old day in New York
		if status, _ = call(t, s, "GET", list, ""); status != 429 {
			t.Errorf("the day ends by the account's clock: %d", status)
		}
		time.Sleep(time.Minute)
		if status, _ = call(t, s, "GET", list, ""); status != 200 {
			t.Errorf("after midnight in New York: %d", status)
		}
	})
}

// accessToken goes through the token call for Crosswalk's app.
func accessToken(t *testing.T, s *hubspottest.Sim, scopes ...string) string {
	t.Helper()
	_, body := form(t, s, "/oauth/2026-09/token", "grant_type", "authorization_code", "code", s.Authorize(hubspottest.RedirectURL, scopes...), "redirect_uri", hubspottest.RedirectURL)
	return body["access_token"].(string)
}

func form(t *testing.T, s *hubspottest.Sim, path string, kv ...string) (int, map[string]any) {
	t.Helper()
	list := append([]string{"client_id", hubspottest.ClientID, "client_secret", hubspottest.ClientSecret}, kv...)
	var parts []string
	for i := 0; i < len(list); i += 2 {
		parts = append(parts, list[i]+"="+list[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", "https://api.hubapi.com"+path, strings.NewReader(strings.Join(parts, "&")))
	ok(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.Transport().RoundTrip(r)
	ok(t, err)
	body := map[string]any{}
	if raw, err := io.ReadAll(resp.Body); err == nil && len(raw) > 0 {
		ok(t, json.Unmarshal(raw, &body))
	}
	return resp.StatusCode, body
}

// TestOAuth: life of a connection, section 2.
func TestOAuth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{})
		code := s.Authorize(hubspottest.RedirectURL)
		status, got := form(t, s, "/oauth/v3/token", "grant_type", "authorization_code", "code", code, "redirect_uri", hubspottest.RedirectURL)
		if status != 200 || got["expires_in"] != 1800.0 || got["hub_id"] != 62515.0 || len(got["access_token"].(string)) <= 512 {
			t.Fatalf("%d %v", status, got)
		}
		access, refresh := got["access_token"].(string), got["refresh_token"].(string)
		for _, c := range []struct {
			name string
			form []string
			want string
		}{
			{"a code is used once", []string{"grant_type", "authorization_code", "code", code, "redirect_uri", hubspottest.RedirectURL}, "BAD_AUTH_CODE"},
			{"another redirect", []string{"grant_type", "authorization_code", "code", s.Authorize(hubspottest.RedirectURL), "redirect_uri", "http://localhost/x"}, "BAD_REDIRECT_URI"},
			{"an unknown refresh token", []string{"grant_type", "refresh_token", "refresh_token", "x"}, "BAD_REFRESH_TOKEN"},
			{"an unknown grant", []string{"grant_type", "password"}, "BAD_GRANT_TYPE"},
			{"a wrong secret", []string{"client_secret", "x"}, ""},
		} {
			status, body := form(t, s, "/oauth/2026-09/token", c.form...)
			if status != 400 || c.want != "" && body["status"] != c.want {
				t.Errorf("%s: %d %v", c.name, status, body)
			}
		}
		if status, body := callAs(t, s, access, "GET", "/account-info/2026-09/details", ""); status != 200 || fmt.Sprint(body["portalId"]) != "62515" {
			t.Errorf("%d %v", status, body)
		}
		time.Sleep(1801 * time.Second)
		if status, body := callAs(t, s, access, "GET", "/account-info/2026-09/details", ""); status != 401 || body["category"] != "EXPIRED_AUTHENTICATION" || !strings.Contains(body["message"].(string), "expired 1 second(s) ago") {
			t.Errorf("%d %v", status, body)
		}
		_, got = form(t, s, "/oauth/2026-09/token", "grant_type", "refresh_token", "refresh_token", refresh)
		access = got["access_token"].(string)
		if got["refresh_token"] != refresh {
			t.Error("the refresh token rotated")
		}
		s.SetScopes(hubspottest.AppID, "oauth")
		if status, body := callAs(t, s, access, "GET", "/crm/objects/2026-09/products", ""); status != 403 || dig(body, "errors", 0, "context", "requiredGranularScopes", 0) != "crm.objects.products.read" {
			t.Errorf("%d %v", status, body)
		}
		form(t, s, "/oauth/2026-09/token/revoke", "token", refresh, "token_type_hint", "refresh_token")
		if status, _ := callAs(t, s, access, "GET", "/account-info/2026-09/details", ""); status != 200 {
			t.Errorf("a live token dies with its refresh token: %d", status)
		}
		if _, body := form(t, s, "/oauth/2026-09/token", "grant_type", "refresh_token", "refresh_token", refresh); body["status"] != "BAD_REFRESH_TOKEN" || body["error"] != "invalid_grant" {
			t.Errorf("%v", body)
		}
		if _, body := form(t, s, "/oauth/2026-09/token/introspect", "token", access); body["active"] != true || body["hub_domain"] != hubspottest.HubDomain {
			t.Errorf("%v", body)
		}
		s.Uninstall(hubspottest.AppID)
		if status, body := callAs(t, s, access, "GET", "/account-info/2026-09/details", ""); status != 401 || body["category"] != "INVALID_AUTHENTICATION" {
			t.Errorf("after uninstall: %d %v", status, body)
		}
		late := s.Authorize(hubspottest.RedirectURL)
		time.Sleep(31 * time.Second)
		if _, body := form(t, s, "/oauth/2026-09/token", "grant_type", "authorization_code", "code", late, "redirect_uri", hubspottest.RedirectURL); body["status"] != "BAD_AUTH_CODE" {
			t.Errorf("a code lives too long: %v", body)
		}
	})
}

// TestPKCE uses the vector of RFC 7636, appendix B.
func TestPKCE(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	const challenge, verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	for v, want := range map[string]int{verifier: 200, "wrong": 400, "": 400} {
		resp := send(t, s, "", "GET", "/oauth/authorize?client_id="+hubspottest.ClientID+"&redirect_uri=http://localhost/cb&scope=oauth%20crm.objects.deals.read&code_challenge="+challenge+"&code_challenge_method=S256", "")
		back, err := resp.Location()
		ok(t, err)
		status, body := form(t, s, "/oauth/2026-09/token", "grant_type", "authorization_code", "code", back.Query().Get("code"), "redirect_uri", "http://localhost/cb", "code_verifier", v)
		if status != want {
			t.Errorf("verifier %q: %d %v", v, status, body)
		}
	}
}

// TestConcurrent has many callers at once; run it with -race.
func TestConcurrent(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{StaleRead: time.Millisecond, SearchLag: time.Millisecond})
	s.SetWebhook(hubspottest.AppID, "https://hook.example/h", hubspottest.Subscription{EventType: "deal.creation"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if status, body := call(t, s, "POST", "/crm/v3/objects/deals", newDeal); status == 201 {
					call(t, s, "GET", "/crm/v3/objects/deals/"+dig(body, "id").(string), "")
				}
				call(t, s, "POST", "/crm/v3/objects/deals/search", `{}`)
				deliver(t, s, func(map[string]any) {})
				s.Records("deals")
			}
		})
	}
	wg.Wait()
	if n := len(s.Records("deals")); n != 160 {
		t.Errorf("%d deals", n)
	}
}
