package cloud

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/script"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/transform"
	"crosswalk/internal/trigger"
)

func TestMain(m *testing.M) {
	if script.ChildMain() {
		return
	}
	os.Exit(m.Run())
}

// samples says what must come of every file of events/: which function takes it, and what stands in its answer.
var samples = map[string]struct {
	function Function
	status   int    // of an HTTP answer
	says     string // in its body
	failed   string // message ids of a batch, by their last digits
	waiting  int    // live messages afterwards
	org      bool   // the deployment is one between Salesforce and Light
}{
	"apigateway-hubspot-deal-won.json":      {function: Webhook, status: 200, waiting: 1},
	"apigateway-hubspot-base64.json":        {function: Webhook, status: 200, waiting: 1},
	"apigateway-hubspot-forged.json":        {function: Webhook, status: 401},
	"apigateway-operator-status.json":       {function: Console, status: 200, says: `"deals-to-invoices"`},
	"apigateway-operator-apply.json":        {function: Console, status: 422, says: "mapping"},
	"apigateway-operator-nobody.json":       {function: Console, status: 401, says: "unauthorized"},
	"apigateway-oauth-start-no-ticket.json": {function: OAuth, status: 404},
	"apigateway-oauth-callback-denied.json": {function: OAuth, status: 404, says: "crosswalk connect"},
	"apigateway-salesforce-outbound.json":   {function: Webhook, org: true, status: 200, says: "<Ack>true</Ack>", waiting: 1},
	"apigateway-salesforce-forged.json":     {function: Webhook, org: true, status: 401},
	"eventbridge-salesforce-account.json":   {function: Change, org: true, waiting: 2},
	"eventbridge-salesforce-gap.json":       {function: Change, org: true, waiting: 2},
	"eventbridge-salesforce-overflow.json":  {function: Change, org: true}, // no record is named: the feed begins anew
	"eventbridge-salesforce-stranger.json":  {function: Change, org: true}, // refused, and not asked for again
	"scheduler-poll.json":                   {function: Poll},
	"sqs-work-live.json":                    {function: Work(lane.Live)},
	"sqs-work-bulk.json":                    {function: Work(lane.Bulk)},
	"sqs-work-twice.json":                   {function: Work(lane.Live)},
	"sqs-work-unreadable.json":              {function: Work(lane.Live), failed: "1"},
}

// sampleTime is when the samples say they were made.
var sampleTime = time.Date(2026, 9, 1, 12, 0, 1, 0, time.UTC)

func TestEverySampleEvent(t *testing.T) {
	root := filepath.Join("..", "..", "..", "events")
	files, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(samples) {
		t.Errorf("%d files in events/, %d expectations", len(files), len(samples))
	}
	for _, file := range files {
		want, ok := samples[file.Name()]
		if !ok {
			t.Errorf("%s: no expectation says what must come of it", file.Name())
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(file.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(sampleTime))
				a, queue := deployment(t)
				if want.org {
					a, queue = orgDeployment(t)
				}
				status, body, failed := invoke(t, want.function(a), sign(t, data))
				if status != want.status || !strings.Contains(body, want.says) || failed != want.failed {
					t.Errorf("status %d, failed %q, body %s", status, failed, body)
				}
				counts, err := queue.Counts(t.Context(), lane.Live)
				if err != nil || counts.Waiting != want.waiting {
					t.Errorf("%d wait in the live lane, want %d (%v)", counts.Waiting, want.waiting, err)
				}
			})
		})
	}
}

// sign puts the signature of the sample's secret where a HubSpot event wants one: method, address, body and time, as
// hubspot.md 8 has it.
func sign(t *testing.T, data []byte) []byte {
	t.Helper()
	const place = "SIGNED-BY-THE-TEST"
	if !bytes.Contains(data, []byte(place)) {
		return data
	}
	var e trigger.HTTPEvent
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	body := e.Body
	if e.IsBase64Encoded {
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	mac := hmac.New(sha256.New, []byte(hubspottest.ClientSecret))
	mac.Write([]byte(e.RequestContext.HTTP.Method + publicURL + e.RawPath + body + e.Headers["x-hubspot-request-timestamp"]))
	return bytes.Replace(data, []byte(place), []byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), 1)
}

// invoke calls a handler as the runtime does: JSON in, JSON out.
func invoke(t *testing.T, handler any, data []byte) (status int, body, failed string) {
	t.Helper()
	switch h := handler.(type) {
	case func(context.Context, trigger.HTTPEvent) (trigger.HTTPAnswer, error):
		var e trigger.HTTPEvent
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		answer, err := h(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Body, ""
	case func(context.Context, events.SQSEvent) (events.SQSEventResponse, error):
		var e events.SQSEvent
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		answer, err := h(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range answer.BatchItemFailures {
			failed += f.ItemIdentifier[len(f.ItemIdentifier)-1:]
		}
	case func(context.Context, json.RawMessage) error:
		if err := h(t.Context(), data); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("a handler of type %T", handler)
	}
	return status, body, failed
}

const publicURL = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"

// deployment is one whose table and queue are in memory, between two simulated vendors, with the presets live.
func deployment(t *testing.T) (*App, *embedded.Queue) {
	t.Helper()
	return between(t, hubspottest.New(hubspottest.Config{Seed: 1}), lighttest.New(lighttest.Config{Seed: 1}))
}

func between(t *testing.T, hub *hubspottest.Sim, bill *lighttest.Sim) (*App, *embedded.Queue) {
	t.Helper()
	return keeping(t, hub, bill, &pocket{kept: map[string][]byte{}})
}

// keeping is between with the place where secrets are kept.
func keeping(t *testing.T, hub *hubspottest.Sim, bill *lighttest.Sim, secrets *pocket) (*App, *embedded.Queue) {
	t.Helper()
	hub.Sample()
	bill.Sample()
	c, err := app.ParseConfig([]byte(`{approval: single, public_url: "` + publicURL + `", connections: {hubspot: {system: hubspot, account: "62515"}, light: {system: light}}, roles: {crm: hubspot, billing: light}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, cred := range map[string]app.Credential{"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}}, "light": {Key: lighttest.APIKey}} {
		raw, err := json.Marshal(cred)
		if err != nil {
			t.Fatal(err)
		}
		secrets.kept[name] = raw
	}
	queue := embedded.NewMemory(embedded.Options{})
	a, err := open(t.Context(), Settings{Customer: "acme"}, c, app.Parts{Table: memory.New(), Queue: queue, Secrets: secrets, Transforms: transform.Builtin(nil)},
		app.Options{Log: slog.New(slog.DiscardHandler), Transport: func(connection string) http.RoundTripper {
			if connection == "hubspot" {
				return hub.Transport()
			}
			return bill.Transport()
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	var documents [][]byte
	for _, p := range mapping.PresetSet("hubspot-light") {
		documents = append(documents, p.YAML)
	}
	if _, err := a.Engine.ApplyAll(t.Context(), documents, "editor"); err != nil {
		t.Fatal(err)
	}
	for _, p := range mapping.PresetSet("hubspot-light") {
		m, err := app.Compile(mapping.Standard(a.Transforms))(p.YAML)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Engine.SetStatus(t.Context(), m.Name, mapping.Live, nil, "editor", ""); err != nil {
			t.Fatal(err)
		}
	}
	a.metrics = io.Discard
	return a, queue
}

// pocket keeps secrets in memory.
type pocket struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (p *pocket) Get(_ context.Context, name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.kept[name]; ok {
		return v, nil
	}
	return nil, secret.ErrMissing
}

func (p *pocket) Put(_ context.Context, name string, value []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[name] = value
	return nil
}

func (p *pocket) Delete(_ context.Context, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, name)
	return nil
}
