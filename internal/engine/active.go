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
	Since    time.Time      `json:"since,omitzero"` // of Paused: since when
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
}

// activeCache keeps compiled versions: a version never changes.
type activeCache struct {
	mu       sync.Mutex
	compiled map[string]*mapping.Mapping
}

func (e *Engine) compiled(ctx context.Context, name string, version int) (*mapping.Mapping, error) {
	id := fmt.Sprintf("%s#%d", name, version)
	e.active.mu.Lock()
	m := e.active.compiled[id]
	e.active.mu.Unlock()
	if m != nil {
		return m, nil
	}
	v, err := getItem[Version](ctx, e.Table, mappingKey(name, version))
	if err != nil {
		return nil, err
	}
	if v.Rev == 0 {
		return nil, fmt.Errorf("mapping %s has no version %d", name, version)
	}
	m, err = e.Compile([]byte(v.Value.YAML))
	if err != nil {
		return nil, fmt.Errorf("mapping %s version %d: %w", name, version, err)
	}
	e.active.mu.Lock()
	defer e.active.mu.Unlock()
	if e.active.compiled == nil {
		e.active.compiled = map[string]*mapping.Mapping{}
	}
	e.active.compiled[id] = m
	return m, nil
}

// mappingSet is every mapping of the deployment as one batch of work sees it.
type mappingSet struct {
	byName map[string]*Active
	names  []string // sorted
}

// mappings loads the heads; versions come from the cache. Mappings without a running version are there too, for previews.
func (e *Engine) mappings(ctx context.Context) (*mappingSet, error) {
	return e.mappingsOf(ctx, func(h Head) int {
		if h.Running == 0 {
			return h.Latest
		}
		return h.Running
	})
}

// newestMappings are what a preview shows: every mapping as it would run if it were taken live now.
func (e *Engine) newestMappings(ctx context.Context) (*mappingSet, error) {
	return e.mappingsOf(ctx, func(h Head) int { return h.Latest })
}

func (e *Engine) mappingsOf(ctx context.Context, version func(Head) int) (*mappingSet, error) {
	set := &mappingSet{byName: map[string]*Active{}}
	var heads []Head
	if err := list(ctx, e.Table, "M", "", func(_ table.Key, h Head) bool { heads = append(heads, h); return true }); err != nil {
		return nil, err
	}
	for _, h := range heads {
		a, err := e.activate(ctx, h, version(h))
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
	if err := e.findWanted(ctx, a); err != nil {
		return nil, err
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
	return nil
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

// watches lists the objects whose changes mean a record of a: those the document names, and its lines.
func (a *Active) watches() []string {
	var out []string
	for _, w := range a.Watch {
		out = append(out, w.Object)
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
		a := s.byName[name]
		if a.ConnA != ref.Connection || a.A.Object != ref.Object || !keep(a) {
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
		return nil, err
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
		return plan.Account{}, err
	}
	e.tables.mu.Lock()
	defer e.tables.mu.Unlock()
	if e.tables.kept == nil {
		e.tables.kept = map[string]keptTable{}
	}
	e.tables.kept[id] = keptTable{at: time.Now(), table: plan.Table{"": {Attrs: map[string]string{"currency": a.Currency, "zone": a.TimeZone}}}}
	return plan.Account{Currency: a.Currency, TimeZone: a.TimeZone}, nil
}
