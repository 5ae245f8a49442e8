package hubspottest

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Config sets up a portal. The zero value is usable: no limits, no lags, portal
// 62515, USD, UTC.
type Config struct {
	Seed uint64 // ids, shuffles, correlation ids, stale reads, retry spacing

	Limits        bool          // vendor rate limits on (section 12)
	SearchLag     time.Duration // age at which search surely matches by a write; 0 = at once. Half of it hides it surely. Values in results are current all the same (recorded)
	StaleRead     time.Duration // for this long after a write a GET or batch read may (30 %) answer the version before it
	CalculatedLag time.Duration // hs_is_closed_won and its siblings trail dealstage by this (T1)

	PortalID             int64    // default 62515
	TimeZone             string   // IANA name, default UTC
	Currency             string   // company currency, default USD
	AdditionalCurrencies []string // default EUR, JPY, BHD, GBP
	PublicURL            string   // base of paging links and Location; default https://api.hubapi.com
	UIDomain             string   // default app.hubspot.com
	AccountType          string   // default DEVELOPER_TEST

	AutoCompanies     bool          // a contact's e-mail domain makes and associates a company, AutoCompanyLag after the write (section 14)
	AutoCompanyLag    time.Duration // 0 = before the next call
	MarketingContacts bool          // contacts that integrations make become marketing contacts, which the customer pays for
	NotUnique         string        // object types, by commas, that take no property with unique values

	Webhooks WebhookConfig
	Quirks   Quirks
}

// WebhookConfig shapes how events leave the portal (section 3).
type WebhookConfig struct {
	MaxDelay         time.Duration // an event is due up to this long after its change (seeded); 0 = at once
	DuplicatePercent int           // share of events that are delivered twice
	Deadline         time.Duration // time a receiver has; default 5 s
	Retries          int           // default 10, spread over 24 h
}

// Quirks switches behaviour that no source states firmly. The zero value is the
// behaviour we believe in.
type Quirks struct {
	Lenient              bool // accept unknown query parameters and body keys (the vendor mostly ignores them)
	NotFoundHTML         bool // 404 for a missing record as an HTML page (recorded in 2024) instead of JSON
	AssociationBumps     bool // an association change moves last-modified of both ends
	LifecycleOverwrites  bool // a backward lifecyclestage write overwrites instead of being ignored
	NoLifecycleDefaults  bool // new contacts and companies get no stage, deals move nobody's stage
	NullClears           bool // JSON null in a write clears the property instead of being ignored
	UniqueClash400       bool // clash of a unique property is 400 VALIDATION_ERROR instead of 409 CONFLICT
	DiscountPerLine      bool // `discount` is an amount for the whole line instead of per unit
	RoundLineAmounts     bool // line item amount rounded to two decimals
	RetryAfter           bool // 429 carries Retry-After
	BatchReadMerged      bool // batch/read follows merged ids instead of reporting them missing
	MergedUpdateOmitted  bool // batch/update leaves a merged id out of the results without an error (instead of an error item)
	ReparentLineItems    bool // associating a line item with a second deal moves it instead of 400
	SearchInBurst        bool // search calls count against the ten-second bucket too
	CursorPastEndIsEmpty bool // a list cursor behind the last record gives nothing instead of the first page (recorded)
	HistoryPage          int  // maximum list limit with propertiesWithHistory; default 50
	ListAllVersions      bool // stale reads also hit list calls
}

// Sim is one portal. Make it with New; it is safe for concurrent use.
type Sim struct {
	cfg  Config
	zone *time.Location

	mu    sync.Mutex
	rng   *rand.Rand
	kinds []*kind // by display order; see kind()
	names map[string]*kind
	lists []*list
	forms []*form
	links associations
	types associationTypes

	owners []*Owner
	rates  map[string]string // currency -> rate to the company currency
	barred map[string]bool   // addresses that were gdpr-deleted
	rules  []requirement     // portal-configured requirements, bind 2026-09 only

	apps        map[int64]*app
	credentials map[string]*credential
	codes       map[string]*authorization
	consent     Consent
	registered  *registration // nil: the consent page takes what is asked
	limits      limiter
	hooks       map[int64]*hookSettings
	outbox      outbox
	calls       map[string]int
	sample      map[string]string // key of a sample record -> id
	lagging     []*record         // records with calculated values that are due later
	errands     []errand
	clock       time.Time // during an errand: when it was due
	workflow    Workflow
	workflowLag time.Duration
	native      native
	silent      bool      // sample loading: no events
	stamp       time.Time // sample loading: the time that shows on records; zero = now
	settings    sync.Mutex
	fault       func(*http.Request, []byte) *Fault
	queued      []queuedFault
	wake        chan struct{}
}

// New makes a portal with the two deal pipelines, owners and property
// definitions that a portal has, and no records.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		panic(fmt.Sprintf("hubspottest: Config.TimeZone %q is not an IANA time zone: %v", cfg.TimeZone, err))
	}
	s := &Sim{
		cfg: cfg, zone: zone,
		rng:         rand.New(rand.NewPCG(cfg.Seed, 0x68756273706f74)),
		names:       map[string]*kind{},
		links:       associations{},
		rates:       map[string]string{},
		barred:      map[string]bool{},
		apps:        map[int64]*app{},
		credentials: map[string]*credential{},
		codes:       map[string]*authorization{},
		hooks:       map[int64]*hookSettings{},
		calls:       map[string]int{},
		sample:      map[string]string{},
		wake:        make(chan struct{}, 1),
	}
	s.types = definedTypes()
	s.addKinds()
	s.addPipelines()
	s.addCredentials()
	s.addOwners()
	return s
}

func (c Config) withDefaults() Config {
	setDefault(&c.PortalID, 62515)
	setDefault(&c.TimeZone, "UTC")
	setDefault(&c.Currency, "USD")
	setDefault(&c.PublicURL, "https://api.hubapi.com")
	setDefault(&c.UIDomain, "app.hubspot.com")
	setDefault(&c.AccountType, "DEVELOPER_TEST")
	setDefault(&c.Webhooks.Deadline, 5*time.Second)
	setDefault(&c.Webhooks.Retries, 10)
	setDefault(&c.Quirks.HistoryPage, 50)
	if c.AdditionalCurrencies == nil {
		c.AdditionalCurrencies = []string{"EUR", "JPY", "BHD", "GBP"}
	}
	return c
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// now is the time that records show: the clock's, or the sample's own.
func (s *Sim) now() time.Time {
	if !s.stamp.IsZero() {
		return s.stamp
	}
	return s.moment().UTC().Truncate(time.Millisecond)
}

// uuid draws a correlation id or a pipeline id from the seed.
func (s *Sim) uuid() string {
	var b [16]byte
	for i := 0; i < len(b); i += 8 {
		v := s.rng.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// PortalID is the hub id of this portal.
func (s *Sim) PortalID() int64 { return s.cfg.PortalID }

// SetExchangeRate sets what one unit of a currency is worth in the company
// currency, for amount_in_home_currency and hs_exchange_rate. Unset is 1.
func (s *Sim) SetExchangeRate(currency, rate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rates[currency] = rate
}

// Calls counts answered API calls by "METHOD /pattern" (ids as {id}, the version
// left out) and under "total". Webhook deliveries are not calls.
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
