package salesforcetest

import (
	"fmt"
	"sort"
	"time"
)

// ChangeKind says what happened to a record.
type ChangeKind string

// The kinds of change. A merge shows as MergedAway of each loser and an Update of
// the winner; a cascading delete as one Delete per record.
const (
	Create     ChangeKind = "create"
	Update     ChangeKind = "update"
	Delete     ChangeKind = "delete"
	Undelete   ChangeKind = "undelete"
	MergedAway ChangeKind = "merge"
)

// Change is what one transaction did to one record.
type Change struct {
	Object   string
	ID       string // 18 characters
	Kind     ChangeKind
	Fields   []string       // names of the fields whose value changed, sorted; for a create the non-null ones
	Values   map[string]any // their new values: nil, bool, string or json.Number
	MergedTo string         // the winner, for MergedAway
}

// Commit is one transaction that took effect. A transaction has at most one
// Change per record, with the final values (section 17.2).
type Commit struct {
	Number  int64  // rising; beyond 2^53 like the real one
	Key     string // transactionKey: a UUID
	When    time.Time
	User    string // 18-character id of the user who did it
	Origin  string // changeOrigin: "com/salesforce/api/rest/67.0;client=x", "" for server-side changes
	Client  string // of Sforce-Call-Options
	Call    string // "PATCH /sobjects/{object}/{id}", "" for people
	Changes []Change
}

// tx is a transaction under way. Everything that changes a record goes through
// one: put, bury, revive. It ends with s.commit or tx.rollback.
type tx struct {
	s      *Sim
	user   string
	origin string
	client string
	call   string
	now    time.Time
	late   time.Duration // readers see it only this much later
	undo   []func()
	marks  []*mark
	byRec  map[*record]*mark
	auto   map[*record]int // depth of automations, to stop loops
	opts   saveOptions
	person bool // a person or the test: no field-level security
}

// mark collects what the transaction did to one record.
type mark struct {
	r        *record
	kind     ChangeKind
	before   state
	fields   map[string]bool
	mergedTo string
}

// begin opens a transaction at this second: stamps have no finer resolution
// (section 9).
func (s *Sim) begin(user string) *tx {
	return &tx{s: s, user: user, now: s.now(), byRec: map[*record]*mark{}, auto: map[*record]int{}}
}

func (t *tx) mark(r *record, kind ChangeKind) *mark {
	m := t.byRec[r]
	if m == nil {
		m = &mark{r: r, kind: kind, before: r.state, fields: map[string]bool{}}
		t.byRec[r] = m
		t.marks = append(t.marks, m)
		return m
	}
	if old := m.kind; kind != Update && old != kind {
		m.kind = kind
		t.undo = append(t.undo, func() { m.kind = old })
	}
	return m
}

// savepoint lets a part of a transaction be taken back.
func (t *tx) savepoint() func() {
	undo, marks := len(t.undo), len(t.marks)
	return func() {
		for i := len(t.undo) - 1; i >= undo; i-- {
			t.undo[i]()
		}
		t.undo = t.undo[:undo]
		for _, m := range t.marks[marks:] {
			delete(t.byRec, m.r)
		}
		t.marks = t.marks[:marks]
	}
}

// rollback takes everything back.
func (t *tx) rollback() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	t.undo, t.marks = nil, nil
	clear(t.byRec)
}

// insert adds a new record.
func (t *tx) insert(o *object, set map[*Field]any) *record {
	t.s.seq++
	r := &record{o: o, id: t.s.newID(o.KeyPrefix), seq: t.s.seq, created: t.now, createdBy: t.user}
	r.state = state{modified: t.now, modifiedBy: t.user, stamp: t.now}.with(set)
	m := t.mark(r, Create)
	for f, v := range set {
		if v != nil {
			m.fields[f.Name] = true
		}
	}
	o.insert(r)
	t.s.records[r.id[:15]] = r
	t.undo = append(t.undo, func() {
		o.remove(r)
		delete(t.s.records, r.id[:15])
	})
	return r
}

// put writes values. Stamps move even if nothing differs: Salesforce saves a row
// that is sent unchanged (inferred). system leaves LastModified alone (derived
// values, re-parenting).
func (t *tx) put(r *record, set map[*Field]any, system bool) {
	old := r.state
	m := t.mark(r, Update)
	next := old.with(set)
	next.stamp = t.now
	if !system {
		next.modified, next.modifiedBy = t.now, t.user
	}
	t.replace(r, next)
	for f, v := range set {
		if r.read(&old, f) != v && !m.fields[f.Name] {
			m.fields[f.Name] = true
			t.undo = append(t.undo, func() { delete(m.fields, f.Name) })
		}
	}
}

func (t *tx) replace(r *record, next state) {
	old := r.state
	t.undo = append(t.undo, func() {
		r.state = old
		r.o.touch(r)
		for _, c := range old.cells {
			r.o.reindex(r, c.f, c.v)
		}
	})
	r.state = next
	r.o.touch(r)
	for _, c := range next.cells {
		if c.f.indexed && old.cell(c.f) != c.v {
			r.o.reindex(r, c.f, c.v)
		}
	}
}

// bury moves a record to the recycle bin, or for good.
func (t *tx) bury(r *record, kind ChangeKind, purge bool, mergedTo string) {
	m := t.mark(r, kind)
	m.mergedTo = mergedTo
	next := r.state
	next.deleted, next.deletedAt, next.purged = true, t.now, purge
	next.modified, next.modifiedBy, next.stamp = t.now, t.user, t.now
	next.undeletable = kind == MergedAway
	if f := r.o.field("MasterRecordId"); f != nil && mergedTo != "" {
		next = next.with(map[*Field]any{f: mergedTo})
	}
	t.replace(r, next)
}

// revive takes a record out of the recycle bin.
func (t *tx) revive(r *record) {
	t.mark(r, Undelete)
	next := r.state
	next.deleted, next.deletedAt = false, time.Time{}
	next.modified, next.modifiedBy, next.stamp = t.now, t.user, t.now
	t.replace(r, next)
}

// commit ends a transaction: versions for late readers are kept, the effects are
// logged, and whoever hangs on s.onChange is told, with the org locked.
func (s *Sim) commit(t *tx) Commit {
	s.commits++
	c := Commit{
		Number: 1_745_500_000_000_000_000 + s.commits*1_009, Key: s.uuid(), When: t.now,
		User: t.user, Origin: t.origin, Client: t.client, Call: t.call,
	}
	for _, m := range t.marks {
		if m.kind == Create && m.r.deleted {
			continue // made and deleted in one transaction
		}
		c.Changes = append(c.Changes, m.change())
		s.keepVersion(t, m)
	}
	t.undo, t.marks = nil, nil
	clear(t.byRec)
	if len(c.Changes) == 0 {
		return c
	}
	s.log(c)
	for _, hook := range s.onChange {
		hook(c)
	}
	return c
}

// keepVersion leaves the record as it was before for readers of the next moments.
func (s *Sim) keepVersion(t *tx, m *mark) {
	lag := max(t.late, s.cfg.VisibleAfter)
	if lag <= 0 && s.cfg.StaleRead <= 0 {
		return
	}
	now := time.Now()
	if !now.Before(m.r.visibleAt) { // else readers still see what was before an earlier change
		before := m.before
		m.r.prev = &before
		m.r.late = m.kind == Create
		s.hidden = append(s.hidden, m.r)
	}
	if at := now.Add(lag); at.After(m.r.visibleAt) {
		m.r.visibleAt = at
	}
}

func (m *mark) change() Change {
	c := Change{Object: m.r.o.Name, ID: m.r.id, Kind: m.kind, MergedTo: m.mergedTo, Values: map[string]any{}}
	for name := range m.fields {
		f := m.r.o.field(name)
		if f == nil {
			continue
		}
		c.Fields = append(c.Fields, f.Name)
		c.Values[f.Name] = m.r.get(f)
	}
	sort.Strings(c.Fields)
	return c
}

// String is a change for a journal: values are left out.
func (c Change) String() string {
	return fmt.Sprintf("%s %s %s %v", c.Kind, c.Object, c.ID, c.Fields)
}
