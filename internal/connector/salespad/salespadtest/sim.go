package salespadtest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Config sets up one install. The zero value is usable: the contract as it stands, no load, five seats of each kind.
type Config struct {
	Seed uint64 // GUIDs, undefined row orders: the same seed and calls give the same answers

	Company string         // the GP company; default TWO
	Host    string         // where Mount serves it; default salespad.example.test:5501
	Zone    *time.Location // the server's clock; default six hours west of UTC

	InternalSeats int  // desktop seats; default 5
	ExternalSeats int  // external API seats; default 5
	NoPermanent   bool // the "SalesPad GP API" licence is missing: /Session/Permanent answers 1002
	SharedLogins  bool // a log-in leaves earlier sessions of the account alive (otherwise they answer 1014)

	CallsPerSecond int // more calls than this in one second of the clock are answered by IIS under load; 0 = never

	Profile     Profile
	UserFields  map[string][]UserField // by resource; nil = a typical set
	Workflows   []Queue                // in order; nil = a typical set
	DocumentIDs []DocumentID           // nil = a typical set
	Classes     map[string]Fields      // customer class -> defaults; nil = RETAIL and DEALER
	Warehouses  []string               // nil = MAIN, WEST
}

// Sim is one SalesPad Web API with one GP company, held in memory. It is an http.Handler, safe for concurrent use; it
// starts no goroutine and takes the time from the time package only, so it runs inside testing/synctest.
type Sim struct {
	cfg  Config
	zone *time.Location

	mu       sync.Mutex
	fault    func(*http.Request, []byte) *Fault
	queued   []*queuedFault
	calls    map[string]int
	made     map[string]uint64
	routes   []route
	kinds    map[string]*kind
	tables   map[string]*table
	lists    listCache
	numbers  map[string]int64
	users    map[string]*User
	sessions map[string]*session
	desktops int // seats taken by people
	peak     int
	rules    map[string]ForwardRule // by queue
	locked   map[string]string      // document key -> who has it open
	outages  []outage
	second   time.Time // the second that load is counted in
	busy     int
	effects  []Effect
}

// New makes an install without records.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	s := &Sim{
		cfg: cfg, zone: cfg.Zone, calls: map[string]int{}, made: map[string]uint64{}, tables: map[string]*table{},
		numbers: map[string]int64{"Customer": 1623, "Prospect": 100, "Master": 5000, "Audit": 7000},
		users:   map[string]*User{}, sessions: map[string]*session{}, rules: map[string]ForwardRule{}, locked: map[string]string{},
	}
	s.defineKinds()
	s.routes = s.install()
	for _, name := range []string{"Customer", "CustomerAddr", "Prospect", "ProspectContact", "ItemMaster", "PriceLevel", "SalesDocument", "SalesLineItem", "Audit", "AAIntegratedEntityLink"} {
		s.tables[name] = newTable(s.kinds[name].index...)
	}
	for _, level := range defaultPriceLevels() {
		s.tables["PriceLevel"].add(&row{id: level["Price_Level"], vals: level})
	}
	s.addUsers()
	return s
}

func (c Config) withDefaults() Config {
	setDefault(&c.Company, "TWO")
	setDefault(&c.Host, "salespad.example.test:5501")
	setDefault(&c.InternalSeats, 5)
	setDefault(&c.ExternalSeats, 5)
	setDefault(&c.Profile.MaxQuery, defaultMaxQuery)
	setDefault(&c.Profile.Created, http.StatusOK)
	if c.Zone == nil {
		c.Zone = time.FixedZone("server", -6*60*60)
	}
	if c.UserFields == nil {
		c.UserFields = defaultUserFields()
	}
	c.UserFields = maps.Clone(c.UserFields) // DefineUserField adds to it
	if c.Workflows == nil {
		c.Workflows = defaultWorkflows()
	}
	if c.DocumentIDs == nil {
		c.DocumentIDs = defaultDocumentIDs()
	}
	if c.Classes == nil {
		c.Classes = defaultClasses()
	}
	if c.Warehouses == nil {
		c.Warehouses = []string{"MAIN", "WEST"}
	}
	return c
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Company is the GP company of this install.
func (s *Sim) Company() string { return s.cfg.Company }

// answer is a finished response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is one request inside the application: authenticated and routed.
type call struct {
	request *http.Request
	body    []byte
	route   *route
	vars    map[string]string
	who     *User
	now     time.Time
}

// maxBody is ASP.NET's own bound on a request body.
const maxBody = 4 << 20

// ServeHTTP answers one request: outage and fault first, then the service.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away in the middle of its body
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := s.faultFor(r, body)
	if !fault.AfterCommit && sleep(r.Context(), fault.Delay) != nil {
		panic(http.ErrAbortHandler)
	}
	if fault.answers() && !fault.AfterCommit {
		fault.write(w, answer{status: http.StatusOK})
		return
	}
	ans := s.handle(r, body)
	if fault.AfterCommit && sleep(r.Context(), fault.Delay) != nil {
		panic(http.ErrAbortHandler)
	}
	fault.write(w, ans)
}

// handle does the work of one request under the lock.
func (s *Sim) handle(r *http.Request, body []byte) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{request: r, body: body, now: time.Now()}
	out, bad := s.admit(c)
	if bad == nil {
		out, bad = c.route.do(s, c)
	}
	return s.finish(c, out, bad)
}

// reply lets a handler choose the status; any other value is a 200.
type reply struct {
	status int
	body   []byte
}

const (
	mediaJSON = "application/json; charset=utf-8"
	mediaHTML = "text/html"
)

func (s *Sim) finish(c *call, out any, bad *failure) answer {
	ans := answer{status: http.StatusOK, header: http.Header{"Content-Type": {mediaJSON}, "Server": {"Microsoft-IIS/10.0"}}}
	switch {
	case bad != nil && bad.page:
		ans.header.Set("Content-Type", mediaHTML)
		ans.status, ans.body = bad.status, htmlPage(bad.status, bad.text)
		return ans
	case bad != nil:
		ans.status, out = bad.status, bad.envelope()
	case c.who != nil:
		s.renew(c)
	}
	switch out := out.(type) {
	case reply:
		ans.status, ans.body = out.status, out.body
	case []byte:
		ans.body = out
	case page:
		ans.header.Set("Content-Type", mediaHTML)
		ans.body = []byte(out)
	default:
		ans.body = encode(out)
	}
	return ans
}

// page is an answer for people.
type page string

// Calls counts the requests received, by "METHOD /path" as the contract spells it, and all of them as "total". Requests
// that a fault answered count too; calls that no operation takes count under "other"; while the server is down nothing
// is received, and calls count under "unreached".
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
}

// sleep waits without a goroutine, ending early with the context.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
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
