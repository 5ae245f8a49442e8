package app

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/reach"
	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/store/shelf"
)

const (
	erpBase  = "https://salespad.acme.example:5501"
	erpLogin = salespadtest.UserName + ":" + salespadtest.Password
)

// erp is a deployment with one SalesPad, of which several processes may run.
type erp struct {
	t       *testing.T
	sim     *salespadtest.Sim
	store   *memory.Table
	secrets *pocket
	log     bytes.Buffer
}

func newERP(t *testing.T, c salespadtest.Config) *erp {
	return &erp{t: t, sim: salespadtest.New(c), store: memory.New(), secrets: &pocket{kept: map[string][]byte{}}}
}

// process is one more process of the deployment.
func (e *erp) process(change func(*Connection), transport http.RoundTripper) *App {
	e.t.Helper()
	one := Connection{System: "salespad", Base: erpBase, Company: "TWO", Currency: "USD", Limits: "off"}
	if change != nil {
		change(&one)
	}
	c := Config{Approval: "single", Connections: map[string]Connection{"erp": one}}
	e.ok(c.check())
	o := Options{Log: slog.New(slog.NewTextHandler(&e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if transport != nil {
		o.Transport = func(string) http.RoundTripper { return transport }
	}
	a, err := Assemble(e.t.Context(), c, Parts{Table: e.store, Queue: embedded.NewMemory(embedded.Options{}), Secrets: e.secrets, Transforms: phones(), Shelf: shelf.New(e.store)}, o)
	e.ok(err)
	e.t.Cleanup(func() { a.Close() })
	e.ok(a.Bind(e.t.Context(), true))
	return a
}

func (e *erp) ok(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *erp) account(a *App) error {
	e.t.Helper()
	_, err := a.Connectors["erp"].Account(e.t.Context())
	return err
}

func (e *erp) logins() int { return e.sim.Calls()["GET /api/Session/Permanent"] }

// TestSalesPadIsConnected: bound to server and company, one session for all processes, none left in a log, and gone a minute after
// somebody disconnected it.
func TestSalesPadIsConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newERP(t, salespadtest.Config{Seed: 1})
		first := e.process(nil, e.sim.Transport())
		if err := e.account(first); !engine.NotConnected(err) {
			t.Fatalf("before: %v", err)
		}
		for _, key := range []string{"nobody", ":x", "x:"} {
			if _, err := first.Desk().Supply(t.Context(), "erp", engine.Supply{Key: key}); err == nil || !strings.Contains(err.Error(), "user:password") {
				t.Errorf("%q: %v", key, err)
			}
		}
		if e.logins() != 0 {
			t.Errorf("what cannot be a credential was tried %d times", e.logins())
		}
		opened, err := first.Desk().Supply(t.Context(), "erp", engine.Supply{Key: erpLogin, Actor: "operator"})
		if err != nil || opened.Account != "salespad.acme.example:5501#TWO" || !opened.First || !opened.Production {
			t.Fatalf("%+v %v", opened, err)
		}
		workers := []*App{first, e.process(nil, e.sim.Transport()), e.process(nil, e.sim.Transport())}
		for _, a := range workers {
			e.ok(e.account(a))
		}
		if e.logins() != 1 || e.sim.Sessions() != 1 {
			t.Errorf("%d log-ins and %d sessions of %d processes, want one", e.logins(), e.sim.Sessions(), len(workers))
		}
		// The password is exchanged at SalesPad and handed over: the old session has ended, and nobody tries the old password.
		e.sim.ChangeUser(salespadtest.UserName, func(u *salespadtest.User) { u.Password = "another one" })
		if _, err := first.Desk().Supply(t.Context(), "erp", engine.Supply{Key: salespadtest.UserName + ":another one"}); err != nil {
			t.Fatal(err)
		}
		for _, a := range workers {
			e.ok(e.account(a))
		}
		if e.logins() != 2 || e.sim.Sessions() != 1 {
			t.Errorf("%d log-ins and %d sessions after the password was exchanged, want 2 and 1", e.logins(), e.sim.Sessions())
		}
		// A wrong one is refused and changes nothing.
		if _, err := first.Desk().Supply(t.Context(), "erp", engine.Supply{Key: salespadtest.UserName + ":wrong"}); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("%v", err)
		}
		for _, a := range workers {
			e.ok(e.account(a))
		}
		if _, err := first.Desk().Drop(t.Context(), "erp", "operator", false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookAgain + time.Second)
		for n, a := range workers {
			if err := e.account(a); !engine.NotConnected(err) {
				t.Errorf("process %d goes on after it was disconnected: %v", n, err)
			}
		}
		if len(e.secrets.kept) != 1 { // the deployment's own key
			t.Errorf("%d secrets are left", len(e.secrets.kept))
		}
		for _, secret := range []string{salespadtest.Password, "another one"} {
			if strings.Contains(e.log.String(), secret) {
				t.Error("a password is in the log")
			}
		}
	})
}

// TestSalesPadStaysBound: another server or another company is another connection.
func TestSalesPadStaysBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newERP(t, salespadtest.Config{Seed: 1})
		if _, err := e.process(nil, e.sim.Transport()).Desk().Supply(t.Context(), "erp", engine.Supply{Key: erpLogin}); err != nil {
			t.Fatal(err)
		}
		one := Connection{System: "salespad", Base: erpBase, Company: "THREE", Currency: "USD", Limits: "off"}
		c := Config{Approval: "single", Connections: map[string]Connection{"erp": one}}
		e.ok(c.check())
		a, err := Assemble(t.Context(), c, Parts{Table: e.store, Queue: embedded.NewMemory(embedded.Options{}), Secrets: e.secrets, Transforms: phones()},
			Options{Transport: func(string) http.RoundTripper { return e.sim.Transport() }})
		e.ok(err)
		t.Cleanup(func() { a.Close() })
		var other *engine.OtherAccountError
		if err := a.Bind(t.Context(), true); !errors.As(err, &other) {
			t.Errorf("another company: %v", err)
		}
	})
}

func TestSalesPadConfiguration(t *testing.T) {
	const good = `system: salespad, base: "https://a.example:5501", currency: USD`
	for _, c := range []struct{ yaml, says string }{
		{"erp: { system: salespad, currency: USD }", "connections.erp.base: missing; write the address"},
		{`erp: { system: salespad, currency: USD, base: "http://a.example:5501" }`, "use https"},
		{`erp: { system: salespad, base: "https://a.example" }`, "connections.erp.currency:"},
		{"erp: { " + good + ", currencies: { Z-US$: dollars } }", "currencies.Z-US$:"},
		{"erp: { " + good + ", auth: oauth }", "auth:"},
		{"erp: { " + good + ", reach: tunnel }", "reach: \"tunnel\"; write direct, vpc or agent"},
		{"erp: { " + good + ", ca: none }", "ca: this is no certificate"},
		{"erp: { " + good + ", reach: agent, ca: x }", "write it into the agent's file"},
		{"erp: { " + good + ", profile: { forward: guess } }", "profile: forward"},
		{"erp: { " + good + ", profile: { sesion: seat } }", "profile: "},
		{"erp: { " + good + " }, two: { " + good + " }", "it is the same SalesPad and company as erp"},
		{"hubspot: { system: hubspot, reach: agent }", "connections.hubspot.reach"},
		{"erp: { " + good + ", company: A }, two: { " + good + ", company: B, reach: vpc, profile: { forward: batch, objects: { customers: { marker: xOther } } } }", ""},
	} {
		_, err := ParseConfig([]byte("connections: { " + c.yaml + " }"))
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.yaml, err)
		}
	}
	if b := salespadSystem.limits(Connection{CallsPerSecond: 3}); len(b) != 1 || b[0].Calls != 3 || b[0].Daily != 0 {
		t.Errorf("limits %+v", b)
	}
}

// TestSalesPadOwnCA: direct reach with a certificate that only the customer's own authority signed.
func TestSalesPadOwnCA(t *testing.T) {
	e := newERP(t, salespadtest.Config{Seed: 1})
	server := httptest.NewTLSServer(e.sim)
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	ca := pemOf(server)
	a := e.process(func(c *Connection) { c.Base, c.CA = server.URL, ca }, nil)
	if _, err := a.Desk().Supply(t.Context(), "erp", engine.Supply{Key: erpLogin}); err != nil {
		t.Errorf("with the authority: %v", err)
	}
	other := newERP(t, salespadtest.Config{Seed: 1}).process(func(c *Connection) { c.Base = server.URL }, nil)
	if _, err := other.Desk().Supply(t.Context(), "erp", engine.Supply{Key: erpLogin}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without it: %v", err)
	}
}

func pemOf(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func fieldsOf(pairs ...string) map[string]record.Value {
	out := map[string]record.Value{}
	for n := 0; n+1 < len(pairs); n += 2 {
		out[pairs[n]] = record.Of(pairs[n+1])
	}
	return out
}

// TestSalesPadThroughAnAgent: the agent's key is handed over, the agent calls, the connection works; without one it is a time-out.
func TestSalesPadThroughAnAgent(t *testing.T) {
	e := newERP(t, salespadtest.Config{Seed: 1})
	server := httptest.NewServer(e.sim)
	defer server.Close()
	a := e.process(func(c *Connection) { c.Reach, c.Deadline = "agent", Duration(2*time.Second) }, nil)
	product := httptest.NewServer(a.Agents())
	defer product.Close()
	desk, key := a.Desk(), reach.NewKey()
	if _, err := desk.Supply(t.Context(), "erp", engine.Supply{Key: erpLogin}); connector.FaultOf(err) != connector.Unavailable {
		t.Errorf("without a key: %v", err)
	}
	if _, err := desk.Supply(t.Context(), "erp", engine.Supply{WebhookSecrets: []string{"no key"}}); err == nil || !strings.Contains(err.Error(), "crosswalk agent key") {
		t.Errorf("with a key that is none: %v", err)
	}
	if _, err := desk.Supply(t.Context(), "erp", engine.Supply{WebhookSecrets: []string{key.Text()}}); err != nil {
		t.Fatal(err)
	}
	call, err := reach.NewCall(product.URL, "erp", key, nil)
	e.ok(err)
	journal, err := reach.OpenJournal(filepath.Join(t.TempDir(), "journal"))
	e.ok(err)
	agent, err := reach.NewAgent(reach.AgentConfig{Connection: "erp", Keys: []reach.Key{key}, Mail: call, Journal: journal, Base: server.URL, Host: "salespad.acme.example:5501"})
	e.ok(err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); agent.Run(ctx) }()
	defer func() { stop(); product.CloseClientConnections(); <-ended }()
	opened, err := desk.Supply(t.Context(), "erp", engine.Supply{Key: erpLogin})
	if err != nil || opened.Account != "salespad.acme.example:5501#TWO" {
		t.Fatalf("%+v %v", opened, err)
	}
	out := a.Connectors["erp"].(connector.Writer).Write(t.Context(), []connector.Write{{Op: connector.OpCreate, Object: "customers", Key: "k",
		Fields: fieldsOf("Customer_Name", "Nordwind GmbH", "UserFields.xCrosswalkKey", "xw-1")}})
	if out[0].Status != connector.Done || e.sim.Count("Customer") != 1 {
		t.Errorf("%+v", out[0])
	}
	stop()
	<-ended
	if err := e.account(a); connector.FaultOf(err) != connector.Unavailable {
		t.Errorf("after the agent ended: %v", err)
	}
}
