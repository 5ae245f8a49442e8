// Package engine moves records between systems. It accepts signals, polls for what nobody signalled, and works one small
// task after another: "this mapping, this record". What should be written is decided by package plan; the engine reads
// the facts, writes the intention down under a condition before any call, makes the call, and remembers what came of it,
// so that being killed anywhere costs time and never a document.
//
// Start with Engine, then task.go (what a task is), work.go (how a batch of tasks is worked: expand.go, source.go,
// related.go, scripts.go and decide.go are its steps), create.go, takeover.go,
// update.go and followup.go (the crash-safe protocols of the design's protocols page). accept.go and poll.go say where
// tasks come from; operate.go is what people ask for.
package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Engine is one deployment. All fields are set once by New and it is safe for concurrent use; two engines on one store and
// queue are two workers of one deployment.
type Engine struct {
	Config
	tables   tableCache
	active   activeCache
	plans    planCache
	telling  telling
	deciding deciding
	trails   trailCache
	erased   erasedCache
	due      dueCache
	lately   latelyCache
	life     lifeCache
	late     late
	lacks    lackCache
	lists    listCache
	sweeping sweepCache
}

// Config is what an engine is made of. Everything from outside comes in here, so that a simulation can stand behind it.
type Config struct {
	Table       table.Table
	Queue       lane.Queue
	Connections map[string]connector.Connector // by connection name
	Roles       map[string]string              // role in mappings (crm, billing) to connection name
	Tools       plan.Tools
	Scripts     Scripts
	Compile     func(yaml []byte) (*mapping.Mapping, error)                                   // parse and check a document
	Language    mapping.Language                                                              // what documents may say; for looking at them against accounts
	Native      func(ctx context.Context, connection string, since time.Time) (Native, error) // finds another integration at work; may be nil
	Secret      []byte                                                                        // keys digests, markers and match keys; at least 16 bytes
	// Late gives Secret to a process that starts without it, and is asked with the first thing that needs it; the epoch is held
	// against the table's then. nil: Secret is here, and whoever wires this calls TakeEpoch.
	Late   func(ctx context.Context) ([]byte, error)
	Random func() uint64 // for tokens and ids
	Log    *slog.Logger
	// Parallel runs the functions, perhaps at once, and waits for all. The simulation makes it a seeded sequence (T22).
	Parallel func(ctx context.Context, jobs []func(context.Context))

	FeedEvery  time.Duration // how often a feed is read by default
	ClaimFor   time.Duration // how long a claim or intention stands before another worker may look
	SendWithin time.Duration // nothing is sent later than this after its intention was written
	TablesFor  time.Duration // how old a reference table may be
	HideLive   time.Duration // visibility of live and bulk messages while worked
	HideBulk   time.Duration
	WorkLive   time.Duration // how long a receive of each lane may work
	WorkBulk   time.Duration
	Retention  Retention
	Single     bool              // approval: single; every approval made so says it
	Reconcile  map[string]string // by mapping: daily or monthly
	// Teller carries what people are told (tell.go); nil tells nobody and keeps nothing to tell.
	Teller     Teller
	Operators  []string             // addresses of operations
	Rules      map[string]Rule      // by mapping, of the configuration
	Acceptance int                  // rounds of acceptance before a mapping goes live
	Expires    map[string]time.Time // by connection: when its credential ends, where that is known
	// Label marks the calls made under the context it gives: for which mapping and cause, and whether they are bulk work,
	// which leaves a reserve to live work. May be nil.
	Label func(ctx context.Context, mapping, cause string, bulk bool) context.Context
	// Epoch is raised by one after the table was restored from a backup, and by nothing else (epoch.go). 0 keeps none.
	Epoch int
	Bugs  Bugs // seeded bugs for the simulation's own test; zero in any product
}

// Scripts runs a mapping's expressions and hooks for many records in one round trip, each with its own result.
type Scripts interface {
	Run(ctx context.Context, calls []ScriptCall) ([]plan.ScriptResult, error)
}

// ScriptCall is one expression (or block) with the names it may use.
type ScriptCall struct {
	Source string
	Block  bool
	Args   map[string]any
}

// minSecret is the shortest secret in bytes.
const minSecret = 16

var errSecret = fmt.Errorf("engine: secret must have at least %d bytes", minSecret)

// New fills in defaults and checks what cannot be done without.
func New(c Config) (*Engine, error) {
	switch {
	case c.Table == nil || c.Queue == nil || c.Tools == nil || c.Compile == nil || c.Random == nil || c.Scripts == nil:
		return nil, errors.New("engine: table, queue, tools, scripts, compile and random are all needed")
	case c.Late == nil && len(c.Secret) < minSecret:
		return nil, errSecret
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Parallel == nil {
		c.Parallel = parallel
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.FeedEvery, time.Minute}, {&c.ClaimFor, 5 * time.Minute}, {&c.SendWithin, 30 * time.Second}, {&c.TablesFor, 10 * time.Minute},
		{&c.HideLive, 6 * time.Minute}, {&c.HideBulk, 30 * time.Minute}, {&c.WorkLive, time.Minute}, {&c.WorkBulk, 5 * time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	c.Retention = c.Retention.WithDefaults()
	c.Table, c.Scripts = keeper{c.Table, c.Retention}, quietScripts{c.Scripts}
	e := &Engine{Config: c}
	e.Tools = idTools{c.Tools, e}
	return e, nil
}

// parallel runs every job in its own goroutine.
func parallel(ctx context.Context, jobs []func(context.Context)) {
	if len(jobs) == 1 {
		jobs[0](ctx)
		return
	}
	var wg sync.WaitGroup
	for _, job := range jobs {
		wg.Go(func() { job(ctx) })
	}
	wg.Wait()
}

// connection gives the connection a role is bound to; a connection's own name stands for itself.
func (e *Engine) connection(role string) (string, connector.Connector, error) {
	name := role
	if bound, ok := e.Roles[role]; ok {
		name = bound
	}
	c, ok := e.Connections[name]
	if !ok {
		return "", nil, fmt.Errorf("connection %q: not connected; name it in the configuration or bind the role to one that is", role)
	}
	return name, c, nil
}

// writer gives the connection's writing side.
func (e *Engine) writer(connection string) (connector.Writer, error) {
	w, ok := e.Connections[connection].(connector.Writer)
	if !ok {
		return nil, fmt.Errorf("connection %q cannot be written to", connection)
	}
	return w, nil
}

// token is a new mark for one attempt.
func (e *Engine) token() string { return fmt.Sprintf("%016x", e.Random()) }

// mac is a keyed hash in hex: n bytes of it.
func (e *Engine) mac(n int, parts ...string) string {
	h := hmac.New(sha256.New, e.secret())
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:n])
}

// markerOf is what a create carries so that it can be found again: (slot, source, generation) and nothing else (A6).
func (e *Engine) markerOf(slot string, source record.Ref, generation int) string {
	return "xw-" + e.mac(12, "create", slot, source.String(), fmt.Sprint(generation))
}

// IsMarker tells whether a text looks like a marker of ours (A5).
func IsMarker(text string) bool { return len(text) == 27 && text[:3] == "xw-" }

// Bugs are seeded mistakes, one a field. The simulation turns one on at a time and must catch it; no product sets any.
type Bugs struct {
	NoLook         bool // takes over a claim and creates again without looking
	CursorFirst    bool // moves the cursor before the page is queued
	KeyFromContent bool // idempotency key from the body
	BaseNotMoved   bool // does not move the agreed values after a write
	BelieveStale   bool // believes a read that is older than what was read before
	FenceAfter     bool // writes the intention after the call
	FloatMoney     bool // computes amounts in floating point
	NoClaim        bool // creates without a claim
	AckFirst       bool // acknowledges a message before its work is durable
	UnknownIsDone  bool // takes an unknown outcome for success
	NoSince        bool // ignores the start date
	NoPointer      bool // does not reserve the target side
	NewKeyOnRetry  bool // a new idempotency key for each try
	LosesTodo      bool // forgets follow-ups written with the link
	TokenIgnored   bool // treats its own lost success as another's
}
