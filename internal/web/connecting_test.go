package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/web"
)

// desk is one that takes everything and remembers what it was asked, secrets included.
type desk struct {
	asked []string
	err   error
}

func (d *desk) note(format string, args ...any) {
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
}

func (d *desk) Named(word string) (engine.Way, bool) {
	return engine.Way{Connection: "hubspot", System: "hubspot", Consent: true}, word == "hubspot"
}

func (d *desk) Prepare(_ context.Context, connection string, s engine.Supply) (engine.Consent, error) {
	d.note("prepare %s %s %s %v", connection, s.ClientID, s.ClientSecret, s.WebhookSecrets)
	return engine.Consent{Client: "app-1", Scopes: []string{"oauth"}}, d.err
}

func (d *desk) Consent(context.Context, string, engine.ConsentAsk) (engine.Consent, error) {
	return engine.Consent{}, d.err
}

func (d *desk) Redeem(context.Context, string, engine.Code) (engine.Opened, error) {
	return engine.Opened{}, d.err
}

func (d *desk) Refused(string, string, string) *engine.GrantError {
	return engine.ExplainGrant("", nil)
}

func (d *desk) Supply(_ context.Context, connection string, s engine.Supply) (engine.Opened, error) {
	d.note("supply %s %s %v by %s, replace %v", connection, s.Key, s.WebhookSecrets, s.Actor, s.Replace)
	return engine.Opened{Connection: connection, System: "hubspot", Account: "62515", Label: "Sample GmbH", First: true}, d.err
}

func (d *desk) Drop(_ context.Context, connection, actor string, force bool) (engine.Dropped, error) {
	d.note("drop %s by %s, force %v", connection, actor, force)
	return engine.Dropped{Connection: connection, System: "hubspot", Account: "62515", Revoked: true}, d.err
}

func (d *desk) Register(_ context.Context, connection, redirect, webhook string) (engine.App, error) {
	d.note("register %s %s %s", connection, redirect, webhook)
	return engine.App{Files: []engine.AppFile{{Path: "hsproject.json", Text: "{}"}}, Scopes: []string{"oauth"}, Redirect: redirect, Webhook: webhook, Next: []string{"upload it"}}, d.err
}

func withDesk(t *testing.T, public string) (*station, *desk) {
	t.Helper()
	s, d := newStation(t, false), &desk{}
	s.handler = web.Operator(web.Deps{Engine: s.fake, Connections: map[string]connector.Connector{"hubspot": account{}}, Roles: map[string]string{"crm": "hubspot"},
		Identity: web.TokenFile{Path: s.tokens}, Settings: web.Settings{PublicURL: public}, NewID: func() string { return "id-1" }, Log: slog.New(slog.NewTextHandler(s.log, nil)),
		Desk: d, Tickets: web.Tickets{Table: memory.New(), Random: rand.Reader}})
	return s, d
}

// TestConnecting: the four calls, by a connection's name or role; a secret goes to the desk and nowhere else.
func TestConnecting(t *testing.T) {
	s, d := withDesk(t, "https://crosswalk.example/")
	const secret = "canary-secret-1"
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "once") }
	for _, c := range []struct{ path, body, asked, says string }{
		{"/connections/crm/connect", `{"client_id":"app-1","client_secret":"` + secret + `"}`, "prepare hubspot app-1 " + secret + " []", "https://crosswalk.example/oauth/hubspot/start?ticket="},
		{"/connections/hubspot/credential", `{"key":"` + secret + `","webhook_secrets":["new","old"],"replace":true}`, "supply hubspot " + secret + " [new old] by editor, replace true", "https://crosswalk.example/webhooks/hubspot"},
		{"/connections/hubspot/disconnect", `{"force":true}`, "drop hubspot by editor, force true", "revoked:true"},
		{"/connections/hubspot/app", `{}`, "register hubspot https://crosswalk.example/oauth/hubspot/callback https://crosswalk.example/webhooks/hubspot", "hsproject.json"},
	} {
		status, answer := s.ask(t, "POST", c.path, c.body, key)
		if status != 200 || !strings.Contains(fmt.Sprint(answer), c.says) {
			t.Errorf("%s: %d %v", c.path, status, answer)
		}
		if got := d.asked[len(d.asked)-1]; got != c.asked {
			t.Errorf("%s: asked %q, want %q", c.path, got, c.asked)
		}
	}
	if len(s.onces) != 0 {
		t.Errorf("something is kept of a request with a secret: %v", s.onces)
	}
	if strings.Contains(s.log.String(), secret) || strings.Contains(s.log.String(), "ticket=") {
		t.Errorf("the log has a secret:\n%s", s.log)
	}
}

// TestConnectingRefuses: what cannot be right is said by field, and never repeated.
func TestConnectingRefuses(t *testing.T) {
	s, d := withDesk(t, "https://crosswalk.example")
	const secret = "canary-secret-2"
	for _, c := range []struct {
		path, body, says string
		status           int
	}{
		{"/connections/nobody/connect", `{}`, "connection", 404},
		{"/connections/hubspot/credential", `{"key":"` + secret + ` and more"}`, "field:key", 400},
		{"/connections/hubspot/credential", `{"key":"` + secret + `\n"}`, "field:key", 400},
		{"/connections/hubspot/credential", `{"webhook_secrets":[""]}`, "webhook_secrets", 400},
		{"/connections/hubspot/credential", `{"token":"` + secret + `"}`, "field:token", 400},
		{"/connections/hubspot/connect", `{"client_id":"` + strings.Repeat("x", 17<<10) + `"}`, "client_id", 400},
	} {
		status, answer := s.ask(t, "POST", c.path, c.body)
		if text := fmt.Sprint(answer); status != c.status || !strings.Contains(text, c.says) || strings.Contains(text, secret) {
			t.Errorf("%s: %d %.300s", c.path, status, text)
		}
	}
	if len(d.asked) != 0 {
		t.Errorf("the desk was asked: %v", d.asked)
	}
	d.err = &engine.OtherAccountError{Connection: "hubspot", Bound: "62515", Opens: "777"}
	if status, answer := s.ask(t, "POST", "/connections/hubspot/credential", `{"key":"k"}`); status != 409 || !strings.Contains(fmt.Sprint(answer), "777") || !strings.Contains(fmt.Sprint(answer), "62515") {
		t.Errorf("%d %v", status, answer)
	}

	plain, _ := withDesk(t, "http://crosswalk.example")
	if status, answer := plain.ask(t, "POST", "/connections/hubspot/connect", `{}`); status != 409 || !strings.Contains(fmt.Sprint(answer), "public_url") {
		t.Errorf("a link that is not https: %d %v", status, answer)
	}
	local, _ := withDesk(t, "http://127.0.0.1:8710")
	if status, answer := local.ask(t, "POST", "/connections/hubspot/connect", `{}`); status != 200 {
		t.Errorf("on this machine: %d %v", status, answer)
	}
	without := newStation(t, false)
	if status, answer := without.ask(t, "POST", "/connections/hubspot/connect", `{}`); status != 409 {
		t.Errorf("without a desk: %d %v", status, answer)
	}
}
