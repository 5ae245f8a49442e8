package salesforcetest

import (
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// StateCountry says whether the org has state and country picklists (section 15.5).
type StateCountry int

// The three settings. StateCountryCustom is on, with integration values that an
// admin has edited: "USA" for US, "Deutschland" for DE.
const (
	StateCountryOff StateCountry = iota
	StateCountryOn
	StateCountryCustom
)

// Config sets up an org. The zero value is usable: no limits, no lags, single
// currency USD, free-text states and countries, Enterprise Edition production org.
type Config struct {
	Seed uint64 // ids, transaction keys

	Limits        bool // daily requests, concurrency and request sizes bind
	DailyRequests int  // default 100000 (section 11)
	Lenient       bool // unknown query parameters and body keys are ignored, as the vendor does

	APIVersion string // newest version listed, default "67.0"
	MyDomain   string // host, default crosswalk.my.salesforce.com
	PublicURL  string // instance_url; default https://MyDomain
	OrgID      string // default drawn from Seed

	OrganizationType string // default Enterprise Edition
	InstanceName     string // default SWE42
	Sandbox          bool

	Currency       string   // corporate currency, default USD
	MultiCurrency  bool     // CurrencyIsoCode exists; Currencies are active
	Currencies     []string // default the corporate one, EUR, GBP, JPY
	StateCountry   StateCountry
	PersonAccounts bool
	Discounts      bool // OpportunityLineItem.Discount exists

	VisibleAfter   time.Duration // commits show to readers this much after their stamp (section 9)
	StaleRead      time.Duration // for this long a call with Fault.Stale still sees what was before
	CoveredLag     time.Duration // latestDateCovered trails the clock by this; default 1 min
	DeleteLogTrim  time.Duration // age at which the delete log is trimmed; default 15 days
	LocatorLife    time.Duration // default 48 h
	DuplicateTypo  bool          // duplicate answers use the historical misspelling duplicateResut
	KeepDecimals   bool          // numbers keep more decimals than their field shows, instead of being rounded (inferred)
	ExponentFloats bool          // doubles from 1E7 on in Java's exponent form (inferred)
}

// Sim is one org. Make it with New; it is safe for concurrent use.
type Sim struct {
	cfg Config

	mu       sync.Mutex
	rng      *rand.Rand
	pod      string
	counter  uint64 // ids
	seq      uint64 // records
	commits  int64
	orgID    string
	objects  map[string]*object // lower case
	order    []*object
	prefixes map[string]*object
	records  map[string]*record // by 15-character id
	hidden   []*record          // records with a version that some readers still see

	integration string // the integration user's id
	admin       string // a person's id
	tokens      map[string]string
	auth        func(*http.Request) (user string, ok bool) // see mount.go
	mounts      []mounted
	routes      []*route
	onChange    []func(Commit)
	onSchema    []func() // the schema changed

	calls    map[string]int
	effects  []Effect
	usage    usage
	cursors  map[string]*cursor
	cursorNo uint64
	rules    rules
	assigned map[string]int // records that assignment rules gave away, by object in lower case
	places   *places
	rates    map[string]string
	modified map[string]time.Time // last change of an object's schema
	sample   map[string]string
	frozen   time.Time // see FreezeCovered
	trimmed  time.Time // see TrimDeleteLog

	settings sync.Mutex
	queued   []*queuedFault
	hook     func(*http.Request, []byte) *Fault

	extra extras
}

// New makes an org with its standard objects, price book, stages, users and no
// business records.
func New(cfg Config) *Sim {
	s := &Sim{
		cfg:      cfg.withDefaults(),
		rng:      rand.New(rand.NewPCG(cfg.Seed, 0x666f726365)),
		objects:  map[string]*object{},
		prefixes: map[string]*object{},
		records:  map[string]*record{},
		tokens:   map[string]string{},
		calls:    map[string]int{},
		assigned: map[string]int{},
		cursors:  map[string]*cursor{},
		rates:    map[string]string{},
		modified: map[string]time.Time{},
		sample:   map[string]string{},
	}
	s.pod = string([]byte{base62[10+s.rng.IntN(26)], base62[10+s.rng.IntN(52)], base62[36+s.rng.IntN(26)]})
	s.orgID, _ = ID18(s.cfg.OrgID)
	if s.orgID == "" {
		s.orgID = s.newID("00D")
	}
	s.addObjects()
	s.addSetup()
	s.addRoutes()
	s.addParts()
	return s
}

func (c Config) withDefaults() Config {
	setDefault(&c.DailyRequests, 100_000)
	setDefault(&c.APIVersion, "67.0")
	setDefault(&c.MyDomain, "crosswalk.my.salesforce.com")
	setDefault(&c.PublicURL, "https://"+c.MyDomain)
	setDefault(&c.OrganizationType, "Enterprise Edition")
	setDefault(&c.InstanceName, "SWE42")
	setDefault(&c.Currency, "USD")
	setDefault(&c.CoveredLag, time.Minute)
	setDefault(&c.DeleteLogTrim, 15*24*time.Hour)
	setDefault(&c.LocatorLife, 48*time.Hour)
	if c.Currencies == nil {
		c.Currencies = []string{c.Currency, "EUR", "GBP", "JPY"}
	}
	return c
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// now is the time that records show: whole seconds (section 9).
func (s *Sim) now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// uuid draws a transaction key.
func (s *Sim) uuid() string {
	var b [16]byte
	for i := range 2 {
		v := s.rng.Uint64()
		for j := range 8 {
			b[i*8+j] = byte(v >> (8 * j))
		}
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// OrgID is the 18-character id of the org.
func (s *Sim) OrgID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orgID
}

// IntegrationUserID is the user whose field-level security binds API calls; tokens
// of AddToken belong to it by default.
func (s *Sim) IntegrationUserID() string { return s.integration }

// PersonID is the user who acts as a person at the screen.
func (s *Sim) PersonID() string { return s.admin }

// RefreshSandbox gives the org a new id, as a refreshed sandbox has, and ends
// every session made with AddToken; records keep their ids (section 2).
func (s *Sim) RefreshSandbox() (orgID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orgID = s.newID("00D")
	clear(s.tokens)
	s.renameOrganization()
	return s.orgID
}

// Calls counts answered API calls by "METHOD /pattern" (version left out) and
// under "total". Subrequests of a composite count under "composite " + pattern, and
// calls of OAuth under their path: neither is in the total.
func (s *Sim) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.calls))
	for k, n := range s.calls {
		out[k] = n
	}
	return out
}

// ResetCalls sets all counts of Calls to zero.
func (s *Sim) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.calls)
}
