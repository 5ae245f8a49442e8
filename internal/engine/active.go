package engine

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Head is what is kept about a mapping beside its versions: which version runs, and in which status. Only pilot and live
// ever write. History of it is kept as decisions, never dropped.
type Head struct {
	Name     string         `json:"name"`
	Latest   int            `json:"latest"`            // newest version applied
	Running  int            `json:"running,omitempty"` // version that pilot or live work uses
	Status   mapping.Status `json:"status"`
	Pilot    []record.Ref   `json:"pilot,omitempty"` // records named for the pilot
	Actor    string         `json:"actor"`
	At       time.Time      `json:"at"`
	Approved int            `json:"approved,omitempty"` // version that was approved
	Approver string         `json:"approver,omitempty"`
	Single   bool           `json:"single,omitempty"`   // approved under approval: single
	Since    time.Time      `json:"since,omitzero"`     // of Paused: since when
	Was      mapping.Status `json:"was,omitempty"`      // of Paused: what it goes back to; "" is live
	Restored int            `json:"restored,omitempty"` // of Paused: the epoch whose restore stopped it
	Planned  time.Time      `json:"planned,omitzero"`   // of Pilot: since when it carries out a set's plan, before it was ever live
	Trial    int            `json:"trial,omitempty"`    // newer version that works the records of Pilot while Running does the rest
}

// Version is one applied text of a mapping; it never changes.
type Version struct {
	Name    string    `json:"name"`
	Version int       `json:"version"`
	YAML    string    `json:"yaml"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
}

// Active is a mapping ready to work with.
type Active struct {
	*mapping.Mapping
	Head     Head
	Version  int
	ConnA    string
	ConnB    string
	Slot     string // full: name and both connections
	wantedA  []string
	wantedB  []string
	withA    []string
	wantLine []string
	related  map[string][]string // fields of each related record, by with-name
	joined   []string            // objects whose records join a's with what they are associated with
	home     *Active             // the same mapping as seen from b, where it works both ways
	out      *Active             // of home: the mapping itself
}

// activeCache keeps compiled versions: a version never changes.
type activeCache struct {
	mu       sync.Mutex
	compiled map[string]*mapping.Mapping
}

func (e *Engine) compiled(ctx context.Context, name string, version int) (*mapping.Mapping, error) {
	e.active.mu.Lock()
	m := e.active.compiled[versionID(name, version)]
	e.active.mu.Unlock()
	if m != nil {
		return m, nil
	}
	v, err := getItem[Version](ctx, e.Table, mappingKey(name, version))
	if err != nil {
		return nil, err
	}
	return e.compile(name, version, v)
}

// compileAll has the versions that are not compiled yet read in one call.
func (e *Engine) compileAll(ctx context.Context, heads []Head, version func(Head) int) error {
	var keys []table.Key
	var missing []Head
	e.active.mu.Lock()
	for _, h := range heads {
		if e.active.compiled[versionID(h.Name, version(h))] == nil {
			missing, keys = append(missing, h), append(keys, mappingKey(h.Name, version(h)))
		}
	}
	e.active.mu.Unlock()
	if len(missing) < 2 {
		return nil // read when it is asked for
	}
	got, err := getItems[Version](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for n, h := range missing {
		if _, err := e.compile(h.Name, version(h), got[keys[n]]); err != nil {
			return err
		}
	}
	return nil
}

func versionID(name string, version int) string { return fmt.Sprintf("%s#%d", name, version) }

func (e *Engine) compile(name string, version int, v stored[Version]) (*mapping.Mapping, error) {
	if v.Rev == 0 {
		return nil, fmt.Errorf("mapping %s has no version %d", name, version)
	}
	m, err := e.Compile([]byte(v.Value.YAML))
	if err != nil {
		return nil, fmt.Errorf("mapping %s version %d: %w", name, version, err)
	}
	e.active.mu.Lock()
	defer e.active.mu.Unlock()
	if e.active.compiled == nil {
		e.active.compiled = map[string]*mapping.Mapping{}
	}
	e.active.compiled[versionID(name, version)] = m
	return m, nil
}

// mappingSet is every mapping of the deployment as one batch of work sees it.
type mappingSet struct {
	byName map[string]*Active
	trials map[string]*Active // the newer version that is in pilot beside the one that runs
	names  []string           // sorted
}

// mappings loads the heads; versions come from the cache. Mappings without a running version are there too, for previews.
func (e *Engine) mappings(ctx context.Context) (*mappingSet, error) {
	set, err := e.mappingsOf(ctx, running, e.activate)
	if err != nil {
		return nil, err
	}
	return set, e.addTrials(ctx, set)
}

// addTrials puts the versions in pilot beside those that run.
func (e *Engine) addTrials(ctx context.Context, set *mappingSet) error {
	set.trials = map[string]*Active{}
	for _, name := range set.names {
		h := set.byName[name].Head
		if h.Trial == 0 {
			continue
		}
		h.Status, h.Running = mapping.Pilot, h.Trial
		a, err := e.activate(ctx, h, h.Trial)
		if err != nil {
			return err
		}
		set.trials[name] = a
	}
	return nil
}

// ways are all mappings, and the ways home of those that have one.
func (s *mappingSet) ways() []*Active {
	var out []*Active
	for _, name := range s.names {
		a := s.byName[name]
		out = append(out, a)
		if a.home != nil {
			out = append(out, a.home)
		}
	}
	return out
}

// of gives the version of a mapping that works a record: the one in pilot for the records that were named, else the one that runs.
func (s *mappingSet) of(name string, ref record.Ref) *Active {
	if t := s.trials[name]; t != nil && slices.Contains(t.Head.Pilot, ref) {
		return t
	}
	return s.byName[name]
}

// bound is mappings without what only work needs to know of the accounts: no system is asked, so that a signal is taken,
// a brake released and a question answered while one is down.
func (e *Engine) bound(ctx context.Context) (*mappingSet, error) {
	return e.mappingsOf(ctx, running, e.bind)
}

func running(h Head) int {
	if h.Running == 0 {
		return h.Latest
	}
	return h.Running
}

// newestMappings are what a preview shows: every mapping as it would run if it were taken live now.
func (e *Engine) newestMappings(ctx context.Context) (*mappingSet, error) {
	return e.mappingsOf(ctx, func(h Head) int { return h.Latest }, e.activate)
}

func (e *Engine) mappingsOf(ctx context.Context, version func(Head) int, load func(context.Context, Head, int) (*Active, error)) (*mappingSet, error) {
	set := &mappingSet{byName: map[string]*Active{}}
	var heads []Head
	if err := list(ctx, e.Table, "M", "", func(_ table.Key, h Head) bool { heads = append(heads, h); return true }); err != nil {
		return nil, err
	}
	restored, err := e.standstill(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.compileAll(ctx, heads, version); err != nil {
		return nil, err
	}
	for _, h := range heads {
		h = restored.hold(h)
		a, err := load(ctx, h, version(h))
		if err != nil {
			return nil, err
		}
		set.byName[h.Name] = a
		set.names = append(set.names, h.Name)
	}
	sort.Strings(set.names)
	return set, nil
}

func (e *Engine) activate(ctx context.Context, h Head, version int) (*Active, error) {
	a, err := e.bind(ctx, h, version)
	if err != nil {
		return nil, err
	}
	return a, e.findWanted(ctx, a)
}

// bind gives a version of a mapping with its ends bound to connections.
func (e *Engine) bind(ctx context.Context, h Head, version int) (*Active, error) {
	m, err := e.compiled(ctx, h.Name, version)
	if err != nil {
		return nil, err
	}
	a := &Active{Mapping: m, Head: h, Version: version}
	if a.ConnA, _, err = e.connection(m.A.Connection); err != nil {
		return nil, fmt.Errorf("mapping %s: a: %w", h.Name, err)
	}
	if a.ConnB, _, err = e.connection(m.B.Connection); err != nil {
		return nil, fmt.Errorf("mapping %s: b: %w", h.Name, err)
	}
	a.Slot = m.Slot + "|" + a.ConnA + "|" + a.ConnB
	a.Mapping = e.withIDRules(m, a.ConnA, a.ConnB)
	if home := m.Turn(); home != nil {
		a.home = &Active{Mapping: e.withIDRules(home, a.ConnB, a.ConnA), Head: h, Version: version, ConnA: a.ConnB, ConnB: a.ConnA, Slot: a.Slot, out: a}
	}
	for _, way := range a.ways() {
		way.joined = e.joinedBy(way)
	}
	return a, nil
}

// findWanted works out which fields must be read, once per batch of work.
func (e *Engine) findWanted(ctx context.Context, a *Active) error {
	var won []string
	if a.Document != nil {
		stages, err := e.table(ctx, a.ConnA, a.Document.Stages)
		if err != nil {
			return err
		}
		won = wonStages(stages)
	}
	w := mapping.Wanted(a.Mapping, won)
	a.wantedA, a.withA, a.wantLine, a.related = w.A, w.With, w.Lines, w.Related
	a.wantedB = mapping.WantedB(a.Mapping)
	return e.findWantedHome(ctx, a)
}

func wonStages(stages plan.Table) []string {
	var out []string
	for key, row := range stages {
		if row.Attrs["won"] == "true" {
			out = append(out, key)
		}
	}
	sort.Strings(out)
	return out
}

// watches lists the objects whose changes mean a record of a: those the document names, its lines, and what joins it with others.
func (a *Active) watches() []string {
	out := slices.Clone(a.joined)
	for _, w := range a.Watch {
		if !slices.Contains(out, w.Object) {
			out = append(out, w.Object)
		}
	}
	if a.Children != nil && !slices.Contains(out, a.Children.A) {
		out = append(out, a.Children.A)
	}
	return out
}

// works tells whether the mapping may write for this task: live, or in pilot for a pilot's records and what they need.
func (a *Active) works(pilot bool) bool {
	return a.Head.Running != 0 && (a.Head.Status == mapping.Live || a.Head.Status == mapping.Pilot && pilot)
}

// group gives the mappings whose source the ref's object is, one slice per slot, in order of name.
func (s *mappingSet) group(ref record.Ref, keep func(*Active) bool) [][]*Active {
	var slots []string
	bySlot := map[string][]*Active{}
	for _, name := range s.names {
		a := s.of(name, ref).from(ref)
		if a == nil || !keep(a) {
			continue
		}
		if bySlot[a.Slot] == nil {
			slots = append(slots, a.Slot)
		}
		bySlot[a.Slot] = append(bySlot[a.Slot], a)
	}
	out := make([][]*Active, 0, len(slots))
	for _, slot := range slots {
		out = append(out, bySlot[slot])
	}
	return out
}

// tableCache keeps reference tables with their age.
type tableCache struct {
	mu   sync.Mutex
	kept map[string]keptTable
}

type keptTable struct {
	at    time.Time
	table plan.Table
}

// table gives a reference table no older than TablesFor; "" is no table.
func (e *Engine) table(ctx context.Context, connection, name string) (plan.Table, error) {
	return e.tableNewer(ctx, connection, name, time.Now().Add(-e.TablesFor))
}

func (e *Engine) tableNewer(ctx context.Context, connection, name string, than time.Time) (plan.Table, error) {
	if name == "" {
		return nil, nil
	}
	id := connection + "/" + name
	e.tables.mu.Lock()
	kept, ok := e.tables.kept[id]
	e.tables.mu.Unlock()
	if ok && kept.at.After(than) {
		return kept.table, nil
	}
	read, err := e.Connections[connection].Table(ctx, name)
	if err != nil {
		return nil, &fromConnection{connection, err}
	}
	t := make(plan.Table, len(read.Rows))
	for _, row := range read.Rows {
		t[row.Key] = plan.Row{Label: row.Label, Attrs: row.Attrs}
	}
	e.tables.mu.Lock()
	defer e.tables.mu.Unlock()
	if e.tables.kept == nil {
		e.tables.kept = map[string]keptTable{}
	}
	e.tables.kept[id] = keptTable{at: time.Now(), table: t}
	return t, nil
}

// account gives what plans need to know of a connection's account, kept as a table is.
func (e *Engine) account(ctx context.Context, connection string) (plan.Account, error) {
	const name = "\x00account"
	id := connection + "/" + name
	e.tables.mu.Lock()
	kept, ok := e.tables.kept[id]
	e.tables.mu.Unlock()
	if ok && time.Since(kept.at) < e.TablesFor {
		row := kept.table[""]
		return plan.Account{Currency: row.Attrs["currency"], TimeZone: row.Attrs["zone"]}, nil
	}
	var c connector.Connector = e.Connections[connection]
	a, err := c.Account(ctx)
	if err != nil {
		return plan.Account{}, &fromConnection{connection, err}
	}
	e.tables.mu.Lock()
	defer e.tables.mu.Unlock()
	if e.tables.kept == nil {
		e.tables.kept = map[string]keptTable{}
	}
	e.tables.kept[id] = keptTable{at: time.Now(), table: plan.Table{"": {Attrs: map[string]string{"currency": a.Currency, "zone": a.TimeZone}}}}
	return plan.Account{Currency: a.Currency, TimeZone: a.TimeZone}, nil
}
