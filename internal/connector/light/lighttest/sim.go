package lighttest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Config sets what of Light's behaviour is played. The zero value is a Light without limits, lags or stale reads.
type Config struct {
	Seed                 uint64        // ids, cursors, stale reads: the same seed and calls give the same answers
	Limits               bool          // 300 requests a minute a key, 100,000 a UTC day
	StaleRead            time.Duration // for so long after a change a read may answer the older version (three in ten do); 0 = never
	OpenDelay            time.Duration // how long an invoice stays OPEN_IN_PROGRESS
	ListLag              time.Duration // age before a new record appears in lists; 0 = at once
	IdempotencyRetention time.Duration // how long X-Idempotency-Key is remembered; 0 = 24 h
	TokenTTL             time.Duration // life of an OAuth access token; 0 = 1 h
}

// Sim is one Light company held in memory. It is an http.Handler, safe for concurrent use; it starts no goroutine and
// takes the time from time.Now only, so it runs inside testing/synctest.
type Sim struct {
	cfg Config

	mu         sync.Mutex
	fault      func(*http.Request, []byte) *Fault
	calls      map[string]int
	callers    map[string]int // by credential
	made       map[string]uint64
	keys       map[string]*actor // by API key
	codes      map[string]grant
	access     map[string]grant
	refresh    map[string]grant
	refuses    bool // the person at the consent page
	minutes    map[string]*window
	day        window
	remembered map[string]remembered

	company    Company
	entities   []Entity
	taxes      []TaxCode
	banks      []BankAccount
	ledger     []LedgerAccount
	groups     []*PropertyGroup
	seedNumber map[string]int64 // next invoice number by entity
	customers  *table[Customer]
	products   *table[Product]
	invoices   *table[Invoice]
	contracts  *table[Contract]
	payments   map[string][]Payment
	documents  map[string]pdf
	emails     []Email
	numbers    map[string]string // entity|number -> invoice
	opening    []string          // invoices in OPEN_IN_PROGRESS, first started first
	wake       time.Time         // when the next thing happens by itself; zero = nothing pending
}

// New makes a Light company without records: two entities (DE01 in EUR, US01 in USD), bank and ledger accounts, tax
// codes, and the custom property groups described at PropertyGroup.
func New(cfg Config) *Sim {
	if cfg.IdempotencyRetention == 0 {
		cfg.IdempotencyRetention = 24 * time.Hour
	}
	if cfg.TokenTTL == 0 {
		cfg.TokenTTL = time.Hour
	}
	s := &Sim{
		cfg: cfg, calls: map[string]int{}, callers: map[string]int{}, made: map[string]uint64{},
		codes: map[string]grant{}, access: map[string]grant{}, refresh: map[string]grant{},
		minutes: map[string]*window{}, remembered: map[string]remembered{},
		seedNumber: map[string]int64{}, numbers: map[string]string{},
		customers: newTable[Customer](), products: newTable[Product](),
		invoices: newTable[Invoice](), contracts: newTable[Contract](),
		payments: map[string][]Payment{}, documents: map[string]pdf{},
	}
	s.seedActors()
	s.seedCompany(time.Now())
	return s
}

// answer is a finished response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is one request inside the application: authenticated, counted, routed.
type call struct {
	request *http.Request
	body    []byte
	route   *route
	vars    map[string]string
	actor   *actor
	now     time.Time
	fault   *Fault
}

// maxBody bounds a request body; larger ones get 413.
const maxBody = 1 << 20

// ServeHTTP answers one request: the fault set by the test first, then the service.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away in the middle of its body
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := s.faultFor(r, body)
	if !fault.AfterCommit && fault.wait(r.Context()) != nil {
		panic(http.ErrAbortHandler)
	}
	if fault.answers() && !fault.AfterCommit {
		fault.write(w, answer{status: http.StatusOK})
		return
	}
	ans := s.handle(r, body, fault)
	if fault.AfterCommit && fault.wait(r.Context()) != nil {
		panic(http.ErrAbortHandler)
	}
	fault.write(w, ans)
}

func (s *Sim) faultFor(r *http.Request, body []byte) *Fault {
	s.mu.Lock()
	s.count(r)
	hook := s.fault
	s.mu.Unlock()
	if hook != nil {
		if f := hook(r, body); f != nil {
			return f
		}
	}
	return &Fault{}
}

// handle does the work of one request under the lock.
func (s *Sim) handle(r *http.Request, body []byte, fault *Fault) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	header := http.Header{}
	rt, vars, bad := match(r)
	if bad != nil {
		return finish(header, nil, bad)
	}
	c := &call{request: r, body: body, route: rt, vars: vars, now: now, fault: fault}
	if len(body) > maxBody {
		return finish(header, nil, gateway(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", "HTTP 413 Payload Too Large"))
	}
	if !rt.open {
		if bad := s.authenticate(c, header); bad != nil {
			return finish(header, nil, bad)
		}
	}
	return s.once(c, header, func() answer {
		out, bad := rt.do(s, c)
		return finish(header, out, bad)
	})
}

// reply lets a handler choose status and headers; any other value is a 200 with that JSON.
type reply struct {
	status int
	header http.Header
	media  string
	raw    []byte
}

const mediaJSON = "application/json;charset=UTF-8"

func finish(header http.Header, out any, bad *failure) answer {
	status := http.StatusOK
	if bad != nil {
		status, out = bad.status, bad.body
	}
	if own, ok := out.(reply); ok {
		maps.Copy(header, own.header)
		if own.media != "" {
			header.Set("Content-Type", own.media)
		}
		return answer{own.status, header, own.raw}
	}
	body, err := encode(out)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"type":"INTERNAL","message":`+strconv.Quote(err.Error())+`}`)
	}
	header.Set("Content-Type", mediaJSON)
	return answer{status, header, body}
}

// Calls counts the requests received, by "METHOD /route" as Light's API document spells the route, and all of them as
// "total". Requests that a fault answered count too; unknown routes count under "other".
func (s *Sim) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// ResetCalls sets every count to zero.
func (s *Sim) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.calls)
	clear(s.callers)
}

// CallsBy counts the requests that carried one credential constant of this package (APIKey, OtherAPIKey, ...), or an
// OAuth token when given OAuthClientID.
func (s *Sim) CallsBy(credential string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.callers[credential]
}

func (s *Sim) count(r *http.Request) {
	name := "other"
	if rt, _, bad := match(r); bad == nil {
		name = rt.name
	}
	s.calls[name]++
	s.calls["total"]++
}

// Route names the route of a request as Calls does, "" when there is none.
func Route(r *http.Request) string {
	rt, _, bad := match(r)
	if bad != nil {
		return ""
	}
	return rt.name
}

// sleep waits without a goroutine, ending early with the context.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// origin is where the caller reached the simulator.
func (c *call) origin() string {
	scheme := "http"
	if c.request.TLS != nil || c.request.URL.Scheme == "https" {
		scheme = "https"
	}
	return scheme + "://" + c.request.Host
}
