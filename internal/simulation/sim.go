package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/rest"
	"crosswalk/internal/script"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/token"
)

// Sim is one world on a seed: two vendors, one deployment, and what chaos did to it. It lives in one synctest bubble.
type Sim struct {
	Options
	HubSpot    *hubspottest.Sim    // nil where Salesforce is the CRM
	Salesforce *salesforcetest.Sim // nil where HubSpot is
	Light      *lighttest.Sim      // nil where no deals are billed: of a pair, and with SalesPad
	SalesPad   *salespadtest.Sim   // of a run with SalesPad
	Store      *memory.Table
	Queue      *embedded.Queue
	Fault      func(call) *fault // of a directed test, asked first

	shared    *Shared
	faultList []fault
	lags      lags
	queueDice *rand.Rand
	wg        sync.WaitGroup
	town      *town
	crm       crm
	pair      *pair // of a run with both CRMs
	pad       *pad  // of a run with SalesPad

	mu        sync.Mutex
	on        bool // chaos
	open      bool // workers go on
	edited    time.Time
	made      time.Time
	spent     map[string]int
	hits      map[string]int
	trail     hash.Hash
	steps     int
	Log       *bytes.Buffer // the last run's effects, when asked for
	Ambiguous int           // creates whose outcome their sender could not know
	Writes    []string      // writes that a vendor accepted
}

// Options of a run; the zero Options with a seed is the standard one.
type Options struct {
	Seed    uint64
	Bugs    engine.Bugs
	Rates   Rates
	Workers int
	Verbose bool // keep the effects as text
	Lags    *lags
	Open    bool   // documents are opened and published by themselves
	Source  string // the CRM: hubspot or salesforce, or pair, or pad; "": HubSpot, and of Run what the seed chooses
	Quiet   bool   // of the pair: thirty quiet days follow
}

// lags are how far the vendors' reads are behind.
type lags struct{ search, stale, calculated, list, lightStale time.Duration }

// Shared is what all runs of a process share because it never changes: compiled mappings, transforms, programs.
type Shared struct {
	tools    plan.Tools
	scripts  engine.Scripts
	compile  func([]byte) (*mapping.Mapping, error)
	mu       sync.Mutex
	compiled map[string]*mapping.Mapping
}

var secret = []byte("a simulation has no secrets: 32 b")

// NewShared makes it. Do so outside a bubble.
func NewShared() *Shared {
	set := phones.Transforms()
	sh := &Shared{tools: app.NewTools(set, secret), scripts: app.NewScripts(script.NewInProcess()), compile: app.Compile(mapping.Standard(set)), compiled: map[string]*mapping.Mapping{}}
	for _, set := range pairSets() {
		for _, y := range append(set.documents, set.newer) {
			if _, err := sh.Compile([]byte(y)); err != nil {
				panic(err)
			}
		}
	}
	for _, y := range padDocuments() {
		if _, err := sh.Compile([]byte(y)); err != nil {
			panic(err)
		}
	}
	for _, source := range []string{hubspotSource, salesforceSource} {
		for _, y := range append(documents(source, false), documents(source, true)...) {
			if _, err := sh.Compile([]byte(y)); err != nil {
				panic(err) // the presets do not load: every test of mapping fails too
			}
		}
	}
	return sh
}

// Compile is mapping.Load, once per text.
func (sh *Shared) Compile(yaml []byte) (*mapping.Mapping, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if m := sh.compiled[string(yaml)]; m != nil {
		return m, nil
	}
	m, err := sh.compile(yaml)
	if err == nil {
		sh.compiled[string(yaml)] = m
	}
	return m, err
}

// The CRMs that a run can have.
const (
	hubspotSource    = "hubspot"
	salesforceSource = "salesforce"
)

// edits are what a user changes in the presets of a source, pair by pair: a default product, fields of the org's own.
var edits = map[string][]string{
	hubspotSource: {"default_product: ~", "default_product: Services"},
	salesforceSource: {
		"default_product: ~", "default_product: Services",
		"# - { a: VAT_Number__c, b: vatNumber,", "- { a: VAT_Number__c, b: vatNumber,",
		"# - { a: Billing_Email__c, b: email,", "- { a: Billing_Email__c, b: email,",
		"recurring: any", "recurring: no",
		"# recurrence: { a: Billing_Frequency__c,", "recurrence: { a: Billing_Frequency__c,",
		"recurrence: { a: ~,", "recurrence: { a: Billing_Frequency__c,",
	},
}

// documents are the presets as a user sets them up: opened at once where somebody wants that, and with the document written
// back to Salesforce.
func documents(source string, open bool) []string {
	var first, out []string // what documents refer to comes first
	for _, p := range mapping.PresetSet(source + "-light") {
		y := strings.NewReplacer(edits[source]...).Replace(string(p.YAML))
		if !strings.Contains(y, "document:") {
			first = append(first, y)
			continue
		}
		var after []string
		switch {
		case open && strings.Contains(y, "object: contracts"):
			after = append(after, "publish")
		case open:
			after = append(after, "open")
		}
		if source == salesforceSource {
			after = append(after, "write_back")
			y += "\nwrite_back: [ { a: " + documentField + ", b: id } ]\n"
		}
		out = append(out, strings.Replace(y, "after: []", "after: [ "+strings.Join(after, ", ")+" ]", 1))
	}
	return append(first, out...)
}

// New makes an empty world at a day of 2026, with chaos off. Call it in a bubble.
func New(o Options, shared *Shared) *Sim {
	s := &Sim{Options: o, shared: shared, faultList: vendorFaults(), Store: memory.New(), spent: map[string]int{}, hits: map[string]int{}, trail: sha256.New()}
	dice := rand.New(rand.NewPCG(o.Seed, 1))
	time.Sleep(time.Until(time.Date(2026, 6, 15, 9, 0, 0, 0, time.UTC)) + time.Duration(dice.IntN(1e6)))
	s.queueDice = rand.New(rand.NewPCG(o.Seed, 2))
	s.Queue = embedded.NewMemory(embedded.Options{Choose: s.choose})
	if o.Rates != (Rates{}) {
		pick := func(choices ...time.Duration) time.Duration { return choices[dice.IntN(len(choices))] }
		s.lags = lags{search: pick(0, 20*time.Second, 50*time.Second), stale: pick(0, 5*time.Second, 12*time.Second), calculated: pick(0, 5*time.Second, time.Minute),
			list: pick(0, 10*time.Second, 45*time.Second), lightStale: pick(0, 2*time.Second, 8*time.Second)}
		if o.Source == pairSource {
			s.lags.calculated = pick(0, 3*time.Second, 10*time.Second)
		}
	}
	if o.Lags != nil {
		s.lags = *o.Lags
	}
	if o.Verbose {
		s.Log = &bytes.Buffer{}
	}
	if o.Source == pairSource {
		s.newPair()
		return s
	}
	if o.Source == padSource {
		s.newPad()
		return s
	}
	if o.Source == salesforceSource {
		s.Salesforce = newOrg(o.Seed, s.lags)
		s.Salesforce.SetFault(salesforceHook)
	} else {
		s.HubSpot = hubspottest.New(hubspottest.Config{Seed: o.Seed, SearchLag: s.lags.search, StaleRead: s.lags.stale, CalculatedLag: s.lags.calculated, Currency: "EUR", AdditionalCurrencies: []string{"USD", "JPY", "BHD", "GBP"}})
		s.HubSpot.SetFault(hubspotHook)
	}
	s.Light = lighttest.New(lighttest.Config{Seed: o.Seed, StaleRead: s.lags.lightStale, ListLag: s.lags.list})
	s.Light.SetFault(lightHook)
	return s
}

func (s *Sim) chaos() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}

func (s *Sim) working() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *Sim) set(chaos, working bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on, s.open = chaos, working
}

// hit counts a fault by class.
func (s *Sim) hit(class string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[class]++
}

func (s *Sim) tally(f func(*Sim)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// spend takes one of the run's kills or freezes.
func (s *Sim) spend(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := s.Rates.Kills
	if what == "freeze" {
		most = s.Rates.Freezes
	}
	s.spent[what]++
	return s.spent[what] <= most
}

// note adds an effect to the run's trail: who, when, what.
func (s *Sim) note(a *actor, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	var b [32]byte
	line := strconv.AppendInt(b[:0], time.Now().UnixNano(), 10)
	s.trail.Write(line)
	s.trail.Write([]byte(a.name))
	s.trail.Write([]byte(what))
	if s.Log != nil {
		fmt.Fprintf(s.Log, "%s %-9s %s\n", time.Now().Format("15:04:05.000000000"), a.name, what)
	}
}

// Trail is a hash over every effect of the run and everything stored, the audit trail included.
func (s *Sim) Trail() string {
	h := sha256.New()
	h.Write(s.trail.Sum(nil))
	for _, item := range s.Store.Snapshot().Items() {
		fmt.Fprintf(h, "%s %s %d %x", item.PK, item.SK, item.Rev, item.Data)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// engine makes a process's engine: connectors of its own over gated wires, the common store and queue.
func (s *Sim) engine(a *actor) *engine.Engine {
	a.jitter = rand.New(rand.NewPCG(s.Seed^0x9e3779b97f4a7c15, a.dice.Uint64()))
	dice := a.jitter
	connections, roles, err := s.connections(a)
	if err != nil {
		panic(err)
	}
	log := slog.New(slog.DiscardHandler)
	if s.Log != nil {
		log = slog.New(slog.NewTextHandler(&locked{s}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	e, err := engine.New(engine.Config{
		Table: &vault{a, s.Store}, Queue: &mailbox{a, s.Queue}, Connections: connections,
		Roles: roles, Tools: s.shared.tools, Scripts: s.shared.scripts, Compile: s.shared.Compile,
		Secret: secret, Random: dice.Uint64, Log: log, FeedEvery: 3 * time.Minute, Single: true, Bugs: s.Bugs,
		Parallel: func(ctx context.Context, jobs []func(context.Context)) {
			for _, n := range dice.Perm(len(jobs)) {
				jobs[n](ctx)
			}
		},
	})
	if err != nil {
		panic(err)
	}
	return e
}

// connections makes the connectors of one process, and binds the roles of documents to them.
func (s *Sim) connections(a *actor) (out map[string]connector.Connector, roles map[string]string, err error) {
	if s.pair != nil {
		return s.pair.connections(s, a)
	}
	if s.pad != nil {
		return s.pad.connections(s, a)
	}
	source, err := s.crm.connect(s, a)
	if err != nil {
		return nil, nil, err
	}
	li, err := light.New(light.Config{Connection: "light", Client: a.client("light", "https://api.light.inc", lighttest.APIKey, light.APIKeyHeader, s.Light.Transport())})
	return map[string]connector.Connector{s.crm.connection(): source, "light": li}, map[string]string{"crm": s.crm.connection(), "billing": "light"}, err
}

// client is a process's way to a vendor: through its gate, with luck of its own.
func (a *actor) client(system, base, key string, header func(string) string, inner http.RoundTripper) *rest.Client {
	return rest.New(rest.Config{Base: base, Transport: &wire{a, system, inner}, Tokens: token.Static(key), AuthHeader: header, Jitter: a.jitter.Float64})
}

// locked lets engines log into the run's text.
type locked struct{ s *Sim }

func (l *locked) Write(p []byte) (int, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.s.Log.Write(p)
}

// Hits gives the faults injected, by class.
func (s *Sim) Hits() map[string]int { return maps.Clone(s.hits) }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
