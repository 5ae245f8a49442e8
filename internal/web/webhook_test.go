package web_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"crosswalk/internal/connector"
	"crosswalk/internal/web"
)

// doorman is an Accepter that answers one thing and remembers what it was given.
type doorman struct {
	err                   error
	connection, url, body string
	deadline              bool
}

func (d *doorman) Accept(ctx context.Context, connection string, _ *http.Request, url string, body []byte) (int, error) {
	d.connection, d.url, d.body = connection, url, string(body)
	_, d.deadline = ctx.Deadline()
	return 1, d.err
}

func TestWebhooks(t *testing.T) {
	refuse := func(reason string) error { return &connector.RefusedError{Reason: reason, Detail: "seeded"} }
	for _, c := range []struct {
		name, method, path, body string
		err                      error
		status                   int
		refused                  map[string]int
	}{
		{"queued", "POST", "/webhooks/hubspot", `[{"eventId":1}]`, nil, 200, nil},
		{"with a query", "POST", "/webhooks/hubspot?a=b%20c", `[]`, nil, 200, nil},
		{"forged", "POST", "/webhooks/hubspot", `[]`, refuse("signature"), 401, map[string]int{"signature": 1}},
		{"stale", "POST", "/webhooks/hubspot", `[]`, refuse("stale"), 401, map[string]int{"stale": 1}},
		{"another account", "POST", "/webhooks/hubspot", `[]`, refuse("account"), 401, map[string]int{"account": 1}},
		{"malformed", "POST", "/webhooks/hubspot", `{`, refuse("malformed"), 400, map[string]int{"malformed": 1}},
		{"too large for the connector", "POST", "/webhooks/hubspot", `[]`, refuse("too_large"), 413, map[string]int{"too_large": 1}},
		{"not queued", "POST", "/webhooks/hubspot", `[]`, errors.New("the disk is full"), 500, nil},
		{"just not too large", "POST", "/webhooks/hubspot", strings.Repeat("x", 1<<20), nil, 200, nil},
		{"too large", "POST", "/webhooks/hubspot", strings.Repeat("x", 1<<20+1), nil, 413, map[string]int{"too_large": 1}},
		{"only POST", "GET", "/webhooks/hubspot", "", nil, 405, nil},
		{"no connection", "POST", "/webhooks/", "", nil, 404, nil},
		{"with a secret address", "POST", "/webhooks/hubspot/0123456789abcdef", "<x/>", nil, 200, nil},
		{"with another secret", "POST", "/webhooks/hubspot/wrong", "<x/>", refuse("signature"), 401, map[string]int{"signature": 1}},
		{"deeper than a secret", "POST", "/webhooks/hubspot/a/b", "<x/>", nil, 404, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, counted := &doorman{err: c.err}, &web.Refusals{}
			h := web.Webhooks(web.WebhookDeps{Accept: d, Public: "https://hooks.example/", Refused: counted, NewID: func() string { return "id" }})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(c.method, "http://127.0.0.1:8710"+c.path, strings.NewReader(c.body)))
			if w.Code != c.status {
				t.Errorf("answered %d, want %d", w.Code, c.status)
			}
			want := c.refused
			if want == nil {
				want = map[string]int{}
			}
			if got := counted.Counts(); !maps.Equal(got, want) {
				t.Errorf("counted %v, want %v", got, want)
			}
			if c.status == 200 && (d.connection != "hubspot" || d.url != "https://hooks.example"+c.path || d.body != c.body || !d.deadline) {
				t.Errorf("given %q at %q, %d bytes, deadline %v", d.connection, d.url, len(d.body), d.deadline)
			}
			if c.status == 413 && c.err == nil && d.connection != "" {
				t.Error("a body over the limit reached the engine")
			}
		})
	}
}

// A system that reads the answer hears its own words after 200 and never otherwise; a secret address is not in the log.
func TestWebhooksAcknowledge(t *testing.T) {
	const secret = "canary0123456789"
	for _, c := range []struct {
		name, ack string
		err       error
		status    int
		body      string
	}{
		{"taken", "<Ack>true</Ack>", nil, 200, "<Ack>true</Ack>"},
		{"nothing to read", "", nil, 200, ""},
		{"refused", "<Ack>true</Ack>", &connector.RefusedError{Reason: "signature"}, 401, ""},
		{"not queued", "<Ack>true</Ack>", errors.New("the queue does not answer"), 500, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log strings.Builder
			h := web.Webhooks(web.WebhookDeps{Accept: &doorman{err: c.err}, Public: "https://hooks.example", NewID: func() string { return "id" },
				Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				Ack: func(connection string) (string, []byte) {
					if connection != "crm" {
						t.Errorf("asked for the words of %s", connection)
					}
					return "text/xml; charset=utf-8", []byte(c.ack)
				}})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "http://127.0.0.1:8710/webhooks/crm/"+secret, strings.NewReader("<x/>")))
			if w.Code != c.status || w.Body.String() != c.body || (w.Header().Get("Content-Type") == "text/xml; charset=utf-8") != (c.body != "") {
				t.Errorf("answered %d %q as %q", w.Code, w.Body, w.Header().Get("Content-Type"))
			}
			if strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "/webhooks/{connection}/{secret}") {
				t.Errorf("the log: %s", log.String())
			}
		})
	}
}

// TestRefusedIsShown: refusals are counted where status shows them.
func TestRefusedIsShown(t *testing.T) {
	s := newStation(t, false)
	s.refused.Add("signature")
	s.refused.Add("signature")
	_, answer := s.ask(t, "GET", "/status", "")
	if got := jsonText(answer["webhooks_refused"]); got != `{"signature":2}` {
		t.Errorf("webhooks_refused %s", got)
	}
}
