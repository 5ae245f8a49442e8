package app

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/script"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/bolt"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/transform"
	"crosswalk/internal/transform/phone"
)

func TestMain(m *testing.M) {
	if script.ChildMain() {
		return
	}
	os.Exit(m.Run())
}

// world is one deployment between two simulated vendors, in one process and without a network.
type world struct {
	*App
	HubSpot *hubspottest.Sim
	Light   *lighttest.Sim
	// Salesforce is there where a case asks for it.
	Salesforce *salesforcetest.Sim
	// SalesPad likewise.
	SalesPad *salespadtest.Sim
	further  map[string]http.RoundTripper // further accounts, by connection
	t        *testing.T

	store   *memory.Table   // of a world in virtual time
	lanes   *embedded.Queue // likewise
	config  engine.Config   // likewise: what a restarted worker is made of
	secrets secret.Store
	ways
}

func newWorld(t *testing.T, sample bool) *world {
	t.Helper()
	w := &world{HubSpot: hubspottest.New(hubspottest.Config{Seed: 1}), Light: lighttest.New(lighttest.Config{Seed: 1}), t: t}
	if sample {
		w.HubSpot.Sample()
		w.Light.Sample()
	}
	data := t.TempDir()
	writeSecrets(t, filepath.Join(data, "secrets.json"), map[string]Credential{
		"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}},
		"light":   {Key: lighttest.APIKey},
	})
	c := Config{Data: data, Approval: "single", Connections: map[string]Connection{
		"hubspot": {System: "hubspot", Account: "62515", Limits: "off"}, "light": {System: "light", Limits: "off"},
	}, Roles: map[string]string{"crm": "hubspot", "billing": "light"}}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	level := slog.LevelWarn
	if testing.Verbose() {
		level = slog.LevelInfo
	}
	w.App = onFolder(t, c, Options{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), Transport: func(connection string) http.RoundTripper {
		if connection == "hubspot" {
			return w.HubSpot.Transport()
		}
		return w.Light.Transport()
	}})
	return w
}

// onFolder is a deployment on real files, as app/laptop makes one; it ends with close or with the test.
func onFolder(t *testing.T, c Config, o Options) *App {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := bolt.Open(filepath.Join(c.Data, "store.db"), bolt.Options{})
	must(err)
	queue, err := embedded.Open(filepath.Join(c.Data, "queue.db"), embedded.Options{Reclaim: true})
	must(err)
	secrets, err := secret.OpenFile(c.SecretsPath())
	must(err)
	a, err := Assemble(t.Context(), c, Parts{Table: store, Queue: queue, Secrets: secrets, Transforms: phones()}, o)
	must(err)
	a.close = append([]func() error{store.Close, queue.Close}, a.close...)
	t.Cleanup(func() { a.Close() })
	must(a.Bind(t.Context(), true))
	return a
}

func phones() transform.Set { return transform.Builtin(phone.Funcs()) }

func writeSecrets(t *testing.T, path string, secrets map[string]Credential) {
	t.Helper()
	plain := map[string][]byte{}
	for name, c := range secrets {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		plain[name] = raw
	}
	data, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) applyPresets() {
	w.t.Helper()
	var documents []string
	for _, p := range mapping.PresetSet("hubspot-light") {
		documents = append(documents, string(p.YAML))
	}
	w.apply(documents...)
}

func (w *world) apply(documents ...string) {
	w.t.Helper()
	var all [][]byte
	for _, d := range documents {
		all = append(all, []byte(d))
	}
	if _, err := w.Engine.ApplyAll(w.t.Context(), all, "editor"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) live() {
	w.t.Helper()
	heads, err := w.Engine.Heads(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range heads {
		if _, err := w.Engine.SetStatus(w.t.Context(), h.Name, mapping.Live, nil, "editor", ""); err != nil {
			w.t.Fatalf("%s: %v", h.Name, err)
		}
	}
}

// settle works until nothing is left to do now.
func (w *world) settle() {
	w.t.Helper()
	ctx := w.t.Context()
	for n, quiet := 0, 0; n < 500; n++ {
		busy := w.step(ctx)
		if quiet++; busy {
			quiet = 0
		}
		if w.store != nil && quiet > 3 { // in virtual time nothing comes of waiting without letting time pass
			return
		}
		idle, err := w.Engine.Idle(ctx, time.Millisecond)
		if err != nil {
			w.t.Fatal(err)
		}
		if !busy && idle {
			return
		}
	}
	w.t.Fatal("it does not come to rest")
}

func (w *world) run(r engine.Run) engine.Run {
	w.t.Helper()
	r, err := w.Engine.RunMapping(w.t.Context(), r, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	r, err = w.Engine.GetRun(w.t.Context(), r.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
