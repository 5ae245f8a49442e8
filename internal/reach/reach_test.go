package reach_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/reach"
)

// between is a product, an agent and a server on this machine, each at a port of its own.
type between struct {
	t       *testing.T
	sim     *salespadtest.Sim
	handler atomic.Pointer[http.Handler] // of the server; the simulator unless a test says otherwise
	server  *httptest.Server
	office  *httptest.Server
	keys    []reach.Key // that agents are given
	product atomic.Pointer[[]reach.Key]
	road    *reach.Road
	journal string
	wrap    func(reach.Mail) reach.Mail // around the agent's mail
}

func start(t *testing.T) *between {
	b := &between{t: t, sim: salespadtest.New(salespadtest.Config{Seed: 1}), keys: []reach.Key{reach.NewKey()}, journal: filepath.Join(t.TempDir(), "journal")}
	b.serve(b.sim.ServeHTTP)
	b.product.Store(&b.keys)
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*b.handler.Load()).ServeHTTP(w, r) }))
	keys := func(context.Context) ([]reach.Key, error) { return *b.product.Load(), nil }
	office := reach.NewOffice(keys)
	offices := &reach.Offices{}
	offices.Add("erp", office)
	b.office = httptest.NewServer(offices)
	b.road = reach.NewRoad(reach.RoadConfig{Connection: "erp", Mail: office, Keys: keys})
	t.Cleanup(func() { b.office.CloseClientConnections(); b.office.Close(); b.server.Close() })
	return b
}

func (b *between) serve(f http.HandlerFunc) {
	h := http.Handler(f)
	b.handler.Store(&h)
}

// agent runs one until the test ends or stop is called; change has the last word.
func (b *between) agent(change func(*reach.AgentConfig)) (stop func()) {
	b.t.Helper()
	journal, err := reach.OpenJournal(b.journal)
	ok(b.t, err)
	call, err := reach.NewCall(b.office.URL, "erp", b.keys[0], nil)
	ok(b.t, err)
	c := reach.AgentConfig{Connection: "erp", Keys: b.keys, Mail: call, Journal: journal, Base: b.server.URL, Host: "salespad.acme.example:5501"}
	if b.wrap != nil {
		c.Mail = b.wrap(call)
	}
	if change != nil {
		change(&c)
	}
	a, err := reach.NewAgent(c)
	ok(b.t, err)
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-ended; _ = journal.Close() }) }
	b.t.Cleanup(stop)
	return stop
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const at = "https://salespad.acme.example:5501"

func (b *between) ask(within time.Duration, method, path, session string, body []byte) (int, http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, at+path, bytes.NewReader(body))
	ok(b.t, err)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if session != "" {
		req.Header.Set("Session-ID", session)
	} else {
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(salespadtest.UserName+":"+salespadtest.Password)))
	}
	res, err := b.road.RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, got, err
}

func (b *between) logIn() string {
	b.t.Helper()
	status, _, body, err := b.ask(5*time.Second, "GET", "/api/Session/Permanent", "", nil)
	var s struct{ SessionID string }
	if err != nil || status != 200 || json.Unmarshal(body, &s) != nil || s.SessionID == "" {
		b.t.Fatalf("log in: %d %s %v", status, body, err)
	}
	return s.SessionID
}

const create = `{"Customer_Name":"Nordwind GmbH"}`

// TestThereAndBack: what a client sends arrives, and what the server answers comes back, many at once.
func TestThereAndBack(t *testing.T) {
	b := start(t)
	b.agent(nil)
	session := b.logIn()
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			body := fmt.Sprintf(`{"Customer_Name":"Customer ÄÖ %d"}`, n)
			status, header, _, err := b.ask(10*time.Second, "POST", "/api/Customer", session, []byte(body))
			if err != nil || status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "application/json") || header.Get("Date") == "" {
				t.Errorf("%d %v %v", status, header, err)
			}
		})
	}
	group.Wait()
	if n := b.sim.Count("Customer"); n != 12 {
		t.Errorf("%d customers, want 12", n)
	}
	status, _, body, err := b.ask(5*time.Second, "GET", "/api/Customer?$top=20&$inlinecount=allpages&$filter=Customer_Name%20eq%20%27Customer%20%C3%84%C3%96%203%27", session, nil)
	if err != nil || status != 200 || !strings.Contains(string(body), `"Count":1`) {
		t.Errorf("%d %s %v", status, body, err)
	}
	if status, _, _, err := b.ask(5*time.Second, "GET", "/api/Nowhere", session, nil); err != nil || status != 404 {
		t.Errorf("a refusal of the server: %d %v", status, err)
	}
}

// dial tells whether an error says of itself that nothing was sent.
func dial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		change             func(*reach.AgentConfig)
		want               int
	}{
		{"another folder", "GET", "/Help", nil, 403},
		{"a method that nobody allowed", "PATCH", "/api/Customer", nil, 403},
		{"up and over", "GET", "/api/../web.config", nil, 403},
		{"up and over, escaped", "GET", "/api/%2e%2e/web.config", nil, 403},
		{"a slash in disguise", "GET", "/api/Customer/A%2fB", nil, 403},
		{"a backslash in disguise", "GET", "/api/..%5cweb.config", nil, 403},
		{"begins alike", "GET", "/apiary/x", nil, 403},
		{"another host", "GET", "/api/Session/Ping", func(c *reach.AgentConfig) { c.Host = "other.acme.example" }, 403},
		{"reading only", "POST", "/api/Customer", func(c *reach.AgentConfig) { c.Allow = reach.Allow{{Methods: []string{"GET"}, Prefix: "/api"}} }, 403},
		{"reading only, read", "GET", "/api/Session/Permanent", func(c *reach.AgentConfig) { c.Allow = reach.Allow{{Methods: []string{"GET"}, Prefix: "/api"}} }, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t)
			var asked atomic.Int32
			b.serve(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); b.sim.ServeHTTP(w, r) })
			b.agent(c.change)
			status, _, _, err := b.ask(5*time.Second, c.method, c.path, "", nil)
			if err != nil || status != c.want || (asked.Load() > 0) != (c.want == 200) {
				t.Errorf("%d %v, the server was asked %d times", status, err, asked.Load())
			}
		})
	}
}

// TestBounds: nothing larger goes this way, and each side is told what became of it.
func TestBounds(t *testing.T) {
	b := start(t)
	b.serve(func(w http.ResponseWriter, r *http.Request) {
		n := 9 << 20
		if r.URL.Path == "/api/Fits" {
			n = 7 << 20
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), n))
	})
	b.agent(nil)
	if _, _, _, err := b.ask(5*time.Second, "POST", "/api/Customer", "s", bytes.Repeat([]byte("x"), reach.MaxRequest+1)); !dial(err) {
		t.Errorf("a request that is too large: %v", err)
	}
	if _, _, body, err := b.ask(5*time.Second, "GET", "/api/Fits", "s", nil); err != nil || len(body) != 7<<20 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if _, _, _, err := b.ask(5*time.Second, "GET", "/api/Customer", "s", nil); err == nil || dial(err) || !strings.Contains(err.Error(), "larger") {
		t.Errorf("an answer that is too large: %v", err)
	}
}

// TestNobodyAnswers: an agent that is not there, or a server that is not, or one that never ends.
func TestNobodyAnswers(t *testing.T) {
	b := start(t)
	began := time.Now()
	if _, _, _, err := b.ask(300*time.Millisecond, "POST", "/api/Customer", "s", []byte(create)); !errors.Is(err, context.DeadlineExceeded) || dial(err) || time.Since(began) > 3*time.Second {
		t.Errorf("no agent: %v", err)
	}
	stop := b.agent(nil)
	session := b.logIn()
	if n := b.sim.Count("Customer"); n != 0 {
		t.Errorf("the request was carried out after its time: %d customers", n)
	}
	b.sim.Fail("POST /api/Customer", 0, 1, salespadtest.Fault{AfterCommit: true, Delay: time.Second})
	if _, _, _, err := b.ask(300*time.Millisecond, "POST", "/api/Customer", session, []byte(create)); !errors.Is(err, context.DeadlineExceeded) || dial(err) {
		t.Errorf("a slow server: %v", err)
	}
	b.serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, _, _, err := b.ask(5*time.Second, "POST", "/api/Customer", session, []byte(create)); err == nil || dial(err) {
		t.Errorf("a connection that is cut: %v", err)
	}
	stop()
	b.agent(func(c *reach.AgentConfig) { c.Base = "http://127.0.0.1:1" })
	if _, _, _, err := b.ask(5*time.Second, "POST", "/api/Customer", session, []byte(create)); !dial(err) {
		t.Errorf("a server that is not there: %v", err)
	}
}

// repeating is a mail that gives every letter again, as a queue may, and whose first agent dies while it works.
type repeating struct {
	reach.Mail
	mu      sync.Mutex
	letters []reach.Letter
	given   atomic.Int32
}

func (r *repeating) Receive(ctx context.Context) ([]reach.Letter, error) {
	letters, err := r.Mail.Receive(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.letters = append(r.letters, letters...)
	r.given.Add(int32(2 * len(letters)))
	return append(letters, letters...), err
}

// TestOnceOnly: a letter that comes twice, or again after the agent was killed and started anew, is begun once.
func TestOnceOnly(t *testing.T) {
	b := start(t)
	var mail *repeating
	b.wrap = func(m reach.Mail) reach.Mail { mail = &repeating{Mail: m}; return mail }
	b.agent(nil)
	session := b.logIn()
	for range 3 {
		if status, _, _, err := b.ask(5*time.Second, "POST", "/api/Customer", session, []byte(create)); err != nil || status != 200 {
			t.Fatalf("%d %v", status, err)
		}
	}
	if n := b.sim.Count("Customer"); n != 3 {
		t.Errorf("%d customers, want 3: %d letters were given", n, mail.given.Load())
	}
	old := mail.letters
	dead := b.agentOn(&replay{letters: old}) // another process, with what is on the disk
	dead.wait()
	if n := b.sim.Count("Customer"); n != 3 {
		t.Errorf("%d customers after a restart, want 3", n)
	}
}

// replay gives old letters once.
type replay struct {
	letters []reach.Letter
	ended   chan struct{}
	stop    context.CancelFunc
	sent    atomic.Int32
}

func (r *replay) Send(context.Context, []byte) error { r.sent.Add(1); return nil }
func (r *replay) Receive(context.Context) ([]reach.Letter, error) {
	if r.letters == nil {
		r.stop()
	}
	out := r.letters
	r.letters = nil
	return out, nil
}
func (r *replay) Done(context.Context, reach.Letter) error { return nil }
func (r *replay) Back(context.Context, reach.Letter) error { return nil }
func (r *replay) wait()                                    { <-r.ended }

func (b *between) agentOn(mail *replay) *replay {
	b.t.Helper()
	journal, err := reach.OpenJournal(b.journal)
	ok(b.t, err)
	a, err := reach.NewAgent(reach.AgentConfig{Connection: "erp", Keys: b.keys, Mail: mail, Journal: journal, Base: b.server.URL, Host: "salespad.acme.example:5501"})
	ok(b.t, err)
	ctx, cancel := context.WithCancel(b.t.Context())
	mail.stop, mail.ended = cancel, make(chan struct{})
	go func() { defer close(mail.ended); a.Run(ctx); _ = journal.Close() }()
	return mail
}

// TestKilledInTheMiddle: the answer of an agent that died is unknown; the next agent goes on with what comes after.
func TestKilledInTheMiddle(t *testing.T) {
	b := start(t)
	hang, reached := make(chan struct{}), make(chan struct{})
	stop := b.agent(func(c *reach.AgentConfig) { c.Transport = hanging{hang, reached} })
	failed := make(chan error, 1)
	go func() {
		_, _, _, err := b.ask(500*time.Millisecond, "POST", "/api/Customer", "s", []byte(create))
		failed <- err
	}()
	<-reached
	if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(hang)
	stop()
	b.agent(nil)
	session := b.logIn()
	if status, _, _, err := b.ask(5*time.Second, "POST", "/api/Customer", session, []byte(create)); err != nil || status != 200 || b.sim.Count("Customer") != 1 {
		t.Errorf("%d %v, %d customers", status, err, b.sim.Count("Customer"))
	}
}

type hanging struct{ until, reached chan struct{} }

func (h hanging) RoundTrip(*http.Request) (*http.Response, error) {
	close(h.reached)
	<-h.until
	return nil, io.ErrUnexpectedEOF
}

// TestStrangers: letters that were changed, sealed with another key, or for another connection are dropped; nobody without a
// key takes or leaves any.
func TestStrangers(t *testing.T) {
	b := start(t)
	for _, header := range []string{"", "Bearer x", "Bearer " + reach.NewKey().Pass()} {
		for method, path := range map[string]string{"GET": "/agent/erp/requests", "POST": "/agent/erp/answers"} {
			req, err := http.NewRequest(method, b.office.URL+path, strings.NewReader("{}"))
			ok(t, err)
			req.Header.Set("Authorization", header)
			res, err := http.DefaultClient.Do(req)
			ok(t, err)
			_ = res.Body.Close()
			if res.StatusCode != 401 {
				t.Errorf("%s with %q: %d", path, header, res.StatusCode)
			}
		}
	}
	var seen []byte
	b.wrap = func(m reach.Mail) reach.Mail {
		return changing{m, func(letter []byte) []byte { seen = bytes.Clone(letter); return letter }}
	}
	stop := b.agent(nil)
	b.logIn()
	stop()
	if bytes.Contains(seen, []byte(salespadtest.Password)) || bytes.Contains(seen, []byte("Session")) || bytes.Contains(seen, []byte(base64.StdEncoding.EncodeToString([]byte(salespadtest.UserName)))) {
		t.Errorf("a letter shows what is within: %s", seen)
	}
	before := b.sim.Calls()["total"]
	for name, change := range map[string]func(map[string]any){
		"another request's id": func(m map[string]any) { m["id"] = strings.Repeat("0", 32) },
		"a later end":          func(m map[string]any) { m["until"] = m["until"].(float64) + 1 },
		"another connection":   func(m map[string]any) { m["connection"] = "other" },
		"an answer":            func(m map[string]any) { m["kind"] = "answer" },
		"another box":          func(m map[string]any) { m["box"] = "AAAA" + m["box"].(string)[4:] },
		"no box":               func(m map[string]any) { delete(m, "box") },
	} {
		var m map[string]any
		ok(t, json.Unmarshal(seen, &m))
		change(m)
		raw, err := json.Marshal(m)
		ok(t, err)
		mail := &replay{letters: []reach.Letter{{Body: raw}}}
		b.journal = filepath.Join(t.TempDir(), "journal") // an agent that has seen nothing
		b.agentOn(mail).wait()
		if n := b.sim.Calls()["total"]; n != before || mail.sent.Load() != 0 {
			t.Errorf("%s: the server was asked %d times, %d answers", name, n-before, mail.sent.Load())
		}
	}
	b.agent(func(c *reach.AgentConfig) { c.Keys = []reach.Key{reach.NewKey()} })
	if _, _, _, err := b.ask(300*time.Millisecond, "GET", "/api/Session/Ping", "s", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an agent with another key: %v", err)
	}
}

type changing struct {
	reach.Mail
	change func([]byte) []byte
}

func (c changing) Receive(ctx context.Context) ([]reach.Letter, error) {
	letters, err := c.Mail.Receive(ctx)
	for n := range letters {
		letters[n].Body = c.change(letters[n].Body)
	}
	return letters, err
}

// TestKeyIsExchanged: an agent that has the new key and the old one goes on while the product changes over.
func TestKeyIsExchanged(t *testing.T) {
	b := start(t)
	old, fresh := b.keys[0], reach.NewKey()
	b.agent(func(c *reach.AgentConfig) { c.Keys = []reach.Key{fresh, old} })
	b.logIn()
	b.product.Store(&[]reach.Key{fresh, old})
	b.logIn()
	keys, err := reach.ParseKeys(fresh.Text() + "\n" + old.Text() + "\n")
	if err != nil || len(keys) != 2 || strings.Contains(fmt.Sprintf("%v %#v", keys[0], keys[0]), fresh.Text()) {
		t.Errorf("%v %v", keys, err)
	}
	for _, text := range []string{"", "short", strings.Repeat("A", 43)} {
		if _, err := reach.ParseKeys(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
