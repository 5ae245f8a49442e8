package salesforcetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestSessionsOfTheOrg follows one connection through the org's bad days.
func TestSessionsOfTheOrg(t *testing.T) {
	s := New(Config{Seed: 9, Sandbox: true})
	ask := func(token, path string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "https://crosswalk.my.salesforce.com"+path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	renew := func(refresh string) (int, map[string]string) {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {ClientID}, "client_secret": {ClientSecret}}
		r := httptest.NewRequest(http.MethodPost, "https://crosswalk.my.salesforce.com/services/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		out := map[string]string{}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return w.Code, out
	}
	access, refresh, err := s.OAuth().Grant(ClientID, "admin@crosswalk.example")
	if err != nil {
		t.Fatal(err)
	}
	status, body := ask(access, "/services/data/v67.0/")
	if id := "https://test.salesforce.com/id/" + s.OrgID() + "/" + s.PersonID(); status != 200 || !strings.Contains(body, id) {
		t.Fatalf("%d %s, want %s", status, body, id)
	}
	s.ExpireSessions()
	if status, body := ask(access, "/services/data/v67.0/"); status != 401 || body != `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]` {
		t.Errorf("%d %s", status, body)
	}
	status, out := renew(refresh)
	if status != 200 || out["instance_url"] != "https://crosswalk.my.salesforce.com" {
		t.Fatalf("%d %v", status, out)
	}
	if status, _ := ask(out["access_token"], "/services/data/v67.0/"); status != 200 {
		t.Errorf("the renewed session answers %d", status)
	}
	if !s.OAuth().ChangeApp(ClientID, func(a *App) { a.RotateRefresh = true }) {
		t.Fatal("the org's own app is not known")
	}
	if _, out := renew(refresh); out["refresh_token"] == "" || out["refresh_token"] == refresh {
		t.Errorf("rotation gave %v", out)
	} else {
		refresh = out["refresh_token"]
	}
	before := s.OrgID()
	if after := s.RefreshSandbox(); after == before {
		t.Fatal("a refreshed sandbox has a new id")
	}
	if status, _ := ask(out["access_token"], "/services/data/v67.0/"); status != 401 {
		t.Errorf("a session outlived the sandbox: %d", status)
	}
	if status, out := renew(refresh); status != 400 || out["error"] != "invalid_grant" {
		t.Errorf("%d %v", status, out)
	}
	access, refresh, err = s.OAuth().Grant(ClientID, "admin@crosswalk.example")
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, http.MethodPatch, "/sobjects/User/"+s.PersonID(), `{"IsActive": false}`)
	if status, _ := ask(access, "/services/data/v67.0/"); status != 401 {
		t.Errorf("the session of a deactivated user answers %d", status)
	}
	if _, out := renew(refresh); out["error_description"] != "inactive user" {
		t.Errorf("refreshing for a deactivated user: %v", out)
	}
	if _, _, err := s.OAuth().Grant("nobody", "admin@crosswalk.example"); err == nil {
		t.Error("a grant for an unknown app")
	}
}
