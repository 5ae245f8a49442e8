package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/mapping"
	"crosswalk/internal/web"
)

// world is a product between two simulated vendors, reached by the command line over HTTP.
type world struct {
	t       *testing.T
	vendors *vendors
	product *product
	data    string
}

// newWorld starts one with the sample's records; approval is single or two. Two people have tokens: editor and finance.
func newWorld(t *testing.T, approval string) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir()}
	var err error
	if w.vendors, err = startVendors(playing{hubspot: "127.0.0.1:0", light: "127.0.0.1:0", sample: true, zone: "Europe/Berlin", currency: "USD", seed: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.vendors.close)
	w.credentials()
	if err := (web.TokenFile{Path: filepath.Join(w.data, "token")}).Ensure(
		web.Token{Name: "editor", Token: "editor-token-0123456789"}, web.Token{Name: "finance", Token: "finance-token-0123456789"}); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.ParseConfig([]byte(strings.Replace(configFor(w.vendors, "127.0.0.1:0", false), "approval: single", "approval: "+approval, 1)))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = w.data
	if w.product, err = startProduct(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), "nobody"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.product.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) credentials() {
	w.t.Helper()
	for name, credential := range map[string]app.Credential{
		"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}}, "light": {Key: lighttest.APIKey},
	} {
		if err := putCredential(w.t.Context(), w.data, name, credential); err != nil {
			w.t.Fatal(err)
		}
	}
}

// x runs a command as the editor.
func (w *world) x(args ...string) (status int, out, errs string) {
	w.t.Helper()
	return w.as("editor", args...)
}

func (w *world) as(name string, args ...string) (status int, out, errs string) {
	w.t.Helper()
	return command(w.t, append([]string{"--api", "http://" + w.product.address, "--token-file", filepath.Join(w.data, "token"), "--as", name}, args...)...)
}

func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var o, e bytes.Buffer
	status = run(ctx, args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

// must runs a command that must end with 0 and gives what it printed.
func (w *world) must(args ...string) string {
	w.t.Helper()
	status, out, errs := w.x(args...)
	if status != exitDone {
		w.t.Fatalf("crosswalk %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// files writes the presets to files.
func (w *world) files() []string {
	w.t.Helper()
	var out []string
	for _, p := range mapping.PresetSet("hubspot-light") {
		out = append(out, w.file(filepath.Base(p.Name)+".yaml", string(p.YAML)))
	}
	return out
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.data, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// goLive takes the presets live as a team of one does: the parts, then a pilot of one deal for each document, a preview of
// everything, an approval. Two documents are at Light then.
func (w *world) goLive() {
	w.t.Helper()
	w.must("live", "companies-to-customers", "products-to-products")
	w.must("pilot", "deals-to-invoices", w.deal("eur"))
	w.must("pilot", "deals-to-contracts", w.deal("recurring"))
	w.must("preview", "deals-to-invoices", "--save")
	w.must("approve", "deals-to-invoices")
	w.must("approve", "deals-to-contracts")
	w.must("live", "deals-to-contracts", "deals-to-invoices")
}

func (w *world) deal(key string) string {
	return "hubspot:deals/" + w.vendors.hubspot.SampleID("deals/"+key)
}

// idle waits until nothing is under way.
func (w *world) idle() {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		idle, err := w.product.Engine.Idle(w.t.Context(), 5*time.Second)
		if err != nil {
			w.t.Fatal(err)
		}
		if idle {
			return
		}
		if time.Now().After(end) {
			w.t.Fatal("it does not come to rest")
		}
		<-time.After(20 * time.Millisecond)
	}
}
