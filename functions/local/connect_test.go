package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/web"
)

// newUnconnected is a product between two vendors with no credential at all, and the log of all of it.
func newUnconnected(t *testing.T, auth string) (*world, *heard) {
	t.Helper()
	w := &world{t: t, data: t.TempDir()}
	var err error
	if w.vendors, err = startVendors(playing{hubspot: "127.0.0.1:0", light: "127.0.0.1:0", sample: true, zone: "Europe/Berlin", currency: "USD", seed: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.vendors.close)
	if err := (web.TokenFile{Path: filepath.Join(w.data, "token")}).Ensure(web.Token{Name: "editor", Token: "editor-token-0123456789"}); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("system: hubspot,", "system: hubspot, auth: "+auth+",", "system: light,", "system: light, auth: "+auth+",").Replace(configFor(w.vendors, "127.0.0.1:0", false))
	cfg, err := app.ParseConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = w.data
	log := &heard{}
	if w.product, err = startProduct(t.Context(), cfg, slog.New(slog.NewTextHandler(log, nil)), "nobody"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.product.close(); err != nil {
			t.Error(err)
		}
	})
	return w, log
}

// heard is a log that can be read while it is written.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// feed runs a command with something on standard input.
func (w *world) feed(in io.Reader, args ...string) (status int, out, errs string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var o, e bytes.Buffer
	status = run(ctx, append([]string{"--api", "http://" + w.product.address, "--token-file", filepath.Join(w.data, "token")}, args...), in, &o, &e)
	return status, o.String(), e.String()
}

// TestConnectWithAKey: from standard input or a file, while the product runs; never from a terminal.
func TestConnectWithAKey(t *testing.T) {
	w, _ := newUnconnected(t, "key")
	status, out, errs := w.x("connections")
	if has(t, out, "not connected", "crosswalk connect hubspot", "crosswalk connect light"); status != exitLook {
		t.Errorf("status %d: %s", status, errs)
	}
	status, out, errs = w.feed(strings.NewReader(hubspottest.PrivateToken+"\n"), "connect", "hubspot", "--key", "--webhook-secret-file", w.file("secret", hubspottest.ClientSecret+"\n"))
	if has(t, out, "hubspot is connected: account 62515", "bound to it from now on", "/webhooks/hubspot"); status != exitDone {
		t.Fatalf("status %d: %s", status, errs)
	}
	has(t, w.must("connect", "light", "--key-file", w.file("key", lighttest.APIKey+"\n")), "light is connected")
	has(t, w.must("connections"), "62515", "ok")
	has(t, w.must("connect", "hubspot", "--webhook-secret-file", w.file("secret", "new "+hubspottest.ClientSecret)), "hubspot has its webhook secrets")
	for _, c := range []struct {
		in   string
		args []string
		want int
		says string
	}{
		{"", []string{"connect", "hubspot", "--key"}, exitUsage, "crosswalk connect hubspot --key < KEYFILE"},
		{"wrong-key", []string{"connect", "hubspot", "--key"}, exitLook, "refuses this key"},
		{"two words", []string{"connect", "hubspot", "--key"}, exitUsage, "key"},
		{"k", []string{"connect", "nobody", "--key"}, exitFailed, "connection"},
		{"", []string{"connect", "light", "--key-file", w.file("empty", "")}, exitUsage, "--key-file"},
		{"", []string{"connect", "light", "--key-file", filepath.Join(w.data, "none")}, exitUsage, "--key-file"},
		{"", []string{"connect", "hubspot"}, exitLook, "--key < KEYFILE"}, // the configuration says key
		{"k", []string{"connect", "hubspot", "--key", "--client-file", w.file("client", "a b")}, exitUsage, "choose one"},
	} {
		if status, out, errs := w.feed(strings.NewReader(c.in), c.args...); status != c.want || !strings.Contains(errs, c.says) || c.in != "" && strings.Contains(errs+out, "wrong-key") {
			t.Errorf("%v: status %d, want %d: %s%s", c.args, status, c.want, out, errs)
		}
	}
	if terminal, err := os.Open("/dev/tty"); err == nil {
		defer terminal.Close()
		if status, _, errs := w.feed(terminal, "connect", "light", "--key"); status != exitUsage || !strings.Contains(errs, "is a terminal") {
			t.Errorf("at a terminal: status %d: %s", status, errs)
		}
	}
	has(t, w.must("disconnect", "light"), "light is disconnected", "delete the key at Light", "no mapping that writes uses it", "stays bound")
	if status, out, _ := w.x("connections"); status != exitLook || !strings.Contains(out, "not connected") {
		t.Errorf("status %d: %s", status, out)
	}
}

var linkIn = regexp.MustCompile(`http://\S+/oauth/\S+`)

// TestConnectWithALink: a person with a browser, over real connections, to both vendors.
func TestConnectWithALink(t *testing.T) {
	w, log := newUnconnected(t, "oauth")
	for _, c := range []struct{ name, client, secret, says string }{
		{"hubspot", hubspottest.ClientID, hubspottest.ClientSecret, "62515"}, {"light", lighttest.OAuthClientID, lighttest.OAuthClientSecret, "Connected: light"},
	} {
		if status, _, errs := w.x("connect", c.name); status != exitLook || !strings.Contains(errs, "--client-file FILE") {
			t.Errorf("without an app: status %d: %s", status, errs)
		}
		out := w.must("connect", c.name, "--client-file", w.file("client", c.client+"\n"+c.secret+"\n"))
		has(t, out, "good once", "redirect address  http://"+w.product.address+"/oauth/"+c.name+"/callback")
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Jar: jar}).Get(linkIn.FindString(out))
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(page), c.says) {
			t.Fatalf("%d, %v: %s", resp.StatusCode, err, page)
		}
		resp.Body.Close()
		if ticket := linkIn.FindString(out); strings.Contains(log.String(), ticket[strings.Index(ticket, "=")+1:]) || strings.Contains(log.String(), c.secret) || !strings.Contains(log.String(), "/oauth/{connection}/callback") {
			t.Errorf("the log has a secret, or no line:\n%s", log)
		}
	}
	has(t, w.must("connections"), "62515", "ok")
	has(t, w.must("disconnect", "hubspot"), "the grant was revoked at hubspot")
	if w.vendors.hubspot.Grants() != 0 {
		t.Error("the grant is alive")
	}
	var link web.Invitation
	if err := json.Unmarshal([]byte(w.must("connect", "light", "--json")), &link); err != nil || link.Client != lighttest.OAuthClientID || time.Until(link.Expires) > 10*time.Minute {
		t.Errorf("%v %+v", err, link)
	}
}

// TestAppFiles: the files are written once, and not over something else.
func TestAppFiles(t *testing.T) {
	w, _ := newUnconnected(t, "key")
	dir := filepath.Join(w.data, "app")
	has(t, w.must("connect", "hubspot", "--app-files", dir), "src/app/app-hsmeta.json", "crm.objects.deals.read", "/webhooks/hubspot", "hs project upload", "--webhook-secret-file")
	for _, name := range []string{"hsproject.json", "src/app/app-hsmeta.json", "src/app/webhooks/webhooks-hsmeta.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v: %s", name, err, text)
		}
	}
	w.must("connect", "hubspot", "--app-files", dir) // the same again
	if err := os.WriteFile(filepath.Join(dir, "hsproject.json"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := w.x("connect", "hubspot", "--app-files", dir); status != exitUsage || !strings.Contains(errs, "nothing was written") {
		t.Errorf("status %d: %s", status, errs)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "hsproject.json")); err != nil || string(text) != "mine" {
		t.Errorf("%v %s", err, text)
	}
	w.must("connect", "hubspot", "--app-files", dir, "--force")
	if status, _, errs := w.x("connect", "light", "--app-files", dir); status != exitLook || !strings.Contains(errs, "crosswalk help light") {
		t.Errorf("status %d: %s", status, errs)
	}
}
