package engine

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Sweeps look at what no feed shows (connector/sweep.go), over the linked records of one side of a slot: whether they were deleted, daily
// and spread over the day, and whether they are associated with others than both sides last agreed on, every quarter of an hour where
// there is no feed of the associations themselves, else daily. A difference becomes a task; nothing is written here. Their calls are
// counted under the name sweep.

const (
	sweepDeletes      = 24 * time.Hour
	sweepAssociations = 15 * time.Minute
	sweepDated        = 24 * time.Hour // associations that have a feed of their own
	sweepFirst        = time.Hour      // after a mapping went live, before deletions are asked for the first time

	deletesACall      = 100
	associationsACall = 1000
	sweepCalls        = 5 // at most in one poll
)

// sweep is one question about one side of the links of a mapping.
type sweep struct {
	kind   string // deleted, associations
	a      *Active
	atB    bool // which side is asked
	every  time.Duration
	fields []sweptField // of associations
}

// sweptField is an association field of the side that is asked.
type sweptField struct {
	way   *Active
	field mapping.Field
	name  string
}

// sweepState is how far a sweep is.
type sweepState struct {
	Next  time.Time `json:"next"`            // when its next step is due
	Began time.Time `json:"began,omitzero"`  // when this round began; zero between two
	Shard int       `json:"shard,omitempty"` // where the next page of links begins
	After string    `json:"after,omitempty"`
	Page  int       `json:"page,omitempty"`
	Links int       `json:"links,omitempty"` // of this round, so far
	Last  int       `json:"last,omitempty"`  // of the last whole round
}

// sweepCache remembers when a sweep is due at the earliest, so that most polls ask the store nothing.
type sweepCache struct {
	mu   sync.Mutex
	next time.Time
}

// sweepLook is how often every process looks at what sweeps there are.
const sweepLook = time.Minute

func (s sweep) side() (connection, object string) {
	if s.atB {
		return s.a.ConnB, s.a.B.Object
	}
	return s.a.ConnA, s.a.A.Object
}

func (s sweep) key() table.Key {
	connection, object := s.side()
	return table.Key{PK: "F#sweep", SK: s.kind + "#" + s.a.Name + "#" + connection + "/" + object}
}

// sweeps lists what there is to ask, for the mappings that run.
func (e *Engine) sweeps(set *mappingSet) []sweep {
	var out []sweep
	for _, name := range set.names {
		a := set.byName[name]
		if !a.works(true) || a.Document != nil {
			continue
		}
		for _, atB := range []bool{false, true} {
			s := sweep{kind: "deleted", a: a, atB: atB, every: sweepDeletes}
			connection, object := s.side()
			if _, ok := e.Connections[connection].(connector.Deleter); ok && set.follows(a) && (a.home != nil || a.Delete.A != "keep" || a.Delete.B != "keep") {
				out = append(out, s)
			}
			if asked, ok := e.Connections[connection].(connector.Associated); ok {
				s := sweep{kind: "associations", a: a, atB: atB, every: sweepDated}
				s.fields = s.associated(asked, object)
				if joiner, ok := e.Connections[connection].(connector.Joiner); !ok || slices.ContainsFunc(s.fields, func(f sweptField) bool { return !joined(joiner, object, f.name) }) {
					s.every = sweepAssociations
				}
				if len(s.fields) > 0 {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

func joined(joiner connector.Joiner, object, field string) bool {
	to, _, ok := connector.AssociationField(field)
	return ok && joiner.JoinedBy(object, to) != ""
}

// associated gives the association fields of the side that its system does not date. A field that goes both ways is there once, as what
// is read of this side.
func (s sweep) associated(asked connector.Associated, object string) []sweptField {
	var out []sweptField
	for _, way := range s.a.ways() {
		source := (way == s.a.home) == s.atB
		for _, f := range way.Fields {
			name := f.B
			switch {
			case source && len(f.A) == 1:
				name = f.A[0]
			case source, f.Other != nil, f.Drift != "restore": // what b alone changed goes nowhere
				continue
			}
			if len(asked.Undated(object, []string{name})) > 0 && !slices.ContainsFunc(out, func(o sweptField) bool { return o.name == name }) {
				out = append(out, sweptField{way, f, name})
			}
		}
	}
	return out
}

// joinedBy names the objects whose records join a mapping's source with what it is associated with: a change of one is a change of it.
func (e *Engine) joinedBy(a *Active) []string {
	joiner, ok := e.Connections[a.ConnA].(connector.Joiner)
	if !ok {
		return nil
	}
	var out []string
	add := func(to string) {
		if object := joiner.JoinedBy(a.A.Object, to); object != "" && !slices.Contains(out, object) {
			out = append(out, object)
		}
	}
	for _, f := range a.Fields {
		for _, name := range f.A {
			if to, _, ok := connector.AssociationField(name); ok {
				add(to)
			}
		}
	}
	for _, with := range a.With {
		add(with.Object)
	}
	return out
}

// runSweeps does what is due.
func (e *Engine) runSweeps(ctx context.Context) error {
	e.sweeping.mu.Lock()
	early := time.Now().Before(e.sweeping.next)
	e.sweeping.mu.Unlock()
	if early {
		return nil
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	list := e.sweeps(set)
	next := time.Now().Add(sweepLook)
	states, err := getItems[sweepState](ctx, e.Table, mapSlice(list, sweep.key))
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range list {
		got := states[s.key()]
		if got.Rev != 0 && time.Now().Before(got.Value.Next) {
			if got.Value.Next.Before(next) {
				next = got.Value.Next
			}
			continue
		}
		due, err := e.step(ctx, s, got)
		if err != nil {
			errs = append(errs, fmt.Errorf("sweep of %s: %w", s.a.Name, err))
		}
		if due.Before(next) {
			next = due
		}
	}
	e.sweeping.mu.Lock()
	e.sweeping.next = next
	e.sweeping.mu.Unlock()
	return errors.Join(errs...)
}

// step asks the next pages of a sweep, and says when its next step is due.
func (e *Engine) step(ctx context.Context, s sweep, got stored[sweepState]) (time.Time, error) {
	st, now := got.Value, time.Now()
	if got.Rev == 0 {
		first := sweepState{Next: now.Add(min(sweepFirst, s.every))}
		err := e.putOne(ctx, s.key(), first, table.IfAbsent())
		if lost(err) {
			err = nil
		}
		return first.Next, err
	}
	lease := st
	lease.Next = now.Add(feedLease)
	if err := e.putOne(ctx, s.key(), lease, table.IfRev(got.Rev)); err != nil {
		if lost(err) {
			return now.Add(sweepLook), nil
		}
		return now, err
	}
	if st.Began.IsZero() {
		st.Began = now
	}
	ctx = e.labelled(ctx, s.a.Name, "sweep", true)
	err := e.pages(ctx, s, &st)
	if err != nil {
		connection, _ := s.side()
		st.Next = now.Add(sweepLook)
		if until := meaning(now, connection, err).Until; until.After(st.Next) {
			st.Next = until
		}
		err = errors.Join(err, e.lostContact(ctx, connection, err))
	}
	return st.Next, errors.Join(err, e.putOne(ctx, s.key(), st, table.IfRev(got.Rev+1)))
}

// pages asks as many pages as are due now and says when the next are.
func (e *Engine) pages(ctx context.Context, s sweep, st *sweepState) error {
	size, calls, pause := associationsACall, sweepCalls, time.Duration(0)
	if s.kind == "deleted" { // spread over the day
		size, pause = deletesACall, s.every*deletesACall/time.Duration(max(st.Last, deletesACall))
		pause = min(max(pause/2, time.Second), 30*time.Minute)
		calls = min(sweepCalls, 1+int(sweepLook/pause))
	}
	for range calls {
		links, at, err := e.someLinks(ctx, s.a, linkPlace{st.Shard, st.After}, size)
		if err != nil {
			return err
		}
		if len(links) > 0 {
			if s.kind == "deleted" {
				err = e.askDeleted(ctx, s, links)
			} else {
				err = e.askAssociated(ctx, s, st.Page, links)
			}
		}
		if err != nil {
			return err
		}
		st.Shard, st.After, st.Page, st.Links = at.shard, at.after, st.Page+1, st.Links+len(links)
		if at.shard >= shards {
			next := st.Began.Add(s.every)
			if soon := time.Now().Add(sweepLook); next.Before(soon) {
				next = soon
			}
			*st = sweepState{Next: next, Last: st.Links}
			return nil
		}
	}
	st.Next = time.Now().Add(pause)
	return nil
}

// linkPlace is where among a slot's links a page begins.
type linkPlace struct {
	shard int
	after string
}

// someLinks gives the next linked pairs of a mapping's objects, across the shards of its slot.
func (e *Engine) someLinks(ctx context.Context, a *Active, at linkPlace, most int) ([]link.Link, linkPlace, error) {
	var out []link.Link
	prefix := record.Ref{Connection: a.ConnA, Object: a.A.Object}.String()
	for ; at.shard < shards; at = (linkPlace{shard: at.shard + 1}) {
		for more := true; more; {
			q := table.Query{PK: fmt.Sprintf("L#%s#%02d", a.Slot, at.shard), Prefix: prefix, After: at.after, Limit: most - len(out)}
			items, again, err := e.Table.Query(ctx, q)
			if err != nil {
				return nil, at, err
			}
			more = again
			for _, it := range items {
				at.after = it.SK
				var l link.Link
				if err := read(it, &l); err != nil {
					return nil, at, err
				}
				if l.State == link.Linked && l.B.Object == a.B.Object && l.Intent == nil {
					out = append(out, l)
				}
			}
			if len(out) >= most {
				return out, at, nil
			}
		}
	}
	return out, at, nil
}

func (s sweep) ref(l *link.Link) record.Ref {
	if s.atB {
		return l.B
	}
	return l.A
}

// askDeleted has deleted records looked at of which nobody told us.
func (e *Engine) askDeleted(ctx context.Context, s sweep, links []link.Link) error {
	connection, object := s.side()
	var ids []string
	for n := range links {
		if r := links[n].Reason; r == nil || r.Category != plan.CounterpartDeleted && r.Category != plan.SourceGone && r.Category != plan.TargetGone {
			ids = append(ids, s.ref(&links[n]).ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	gone, err := e.Connections[connection].(connector.Deleter).Deleted(ctx, object, ids)
	if err != nil {
		return err
	}
	return e.Enqueue(ctx, lane.Live, mapSlice(gone, func(id string) Task {
		return Task{Ref: record.Ref{Connection: connection, Object: object, ID: id}, Cause: "sweep"}
	}))
}

// seenAssociations are keyed hashes of what the round before found of one page, each of what was read and what was agreed: what is still
// so was told then.
type seenAssociations struct {
	Hashes string `json:"hashes"` // six bytes each, in order; base64
}

const hashSize = 6

// askAssociated has pairs looked at whose record is associated with others than when both sides were last settled. What was told in the
// round before is not told again; of a field whose agreed value is not what this side shows (it goes one way, translated) what changed
// since the round before is told.
func (e *Engine) askAssociated(ctx context.Context, s sweep, page int, links []link.Link) error {
	connection, object := s.side()
	fields := distinct(mapSlice(s.fields, func(f sweptField) string { return f.name }))
	values, err := e.Connections[connection].(connector.Associated).Associated(ctx, object, fields, mapSlice(links, func(l link.Link) string { return s.ref(&l).ID }))
	if err != nil {
		return err
	}
	key := table.Key{PK: "F#sweep#" + s.key().SK, SK: fmt.Sprintf("%06d", page)}
	before, err := getItem[seenAssociations](ctx, e.Table, key)
	if err != nil {
		return err
	}
	known := hashSet(before.Value.Hashes)
	var tasks []Task
	var now []byte
	for n := range links {
		ref, told := s.ref(&links[n]), false
		shown, ok := values[ref.ID]
		if !ok {
			continue
		}
		for _, f := range s.fields {
			v := shown[f.name]
			if !v.Known() {
				continue
			}
			same, sure, have := e.asAgreed(s, f, &links[n], v)
			if sure && same {
				continue
			}
			hash, err := hex.DecodeString(e.mac(hashSize, "association", ref.String(), f.name, v.Text(), have))
			if err != nil {
				return err
			}
			now = append(now, hash...)
			if told || known[string(hash)] || !sure && before.Rev == 0 {
				continue
			}
			tasks, told = append(tasks, Task{Ref: ref, Cause: "sweep"}), true
		}
	}
	to := lane.Live
	if len(tasks) > 100 {
		to = lane.Bulk
	}
	if err := e.Enqueue(ctx, to, tasks); err != nil {
		return err
	}
	seen := seenAssociations{base64.RawURLEncoding.EncodeToString(now)}
	if seen == before.Value {
		return nil
	}
	return e.putOne(ctx, key, seen, table.Condition{})
}

func hashSet(text string) map[string]bool {
	out := map[string]bool{}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return out // all are told again
	}
	for n := 0; n+hashSize <= len(raw); n += hashSize {
		out[string(raw[n:n+hashSize])] = true
	}
	return out
}

// asAgreed tells whether a side shows what it showed when the field was last settled, and what that was; sure is false where that is the
// digest of something else.
func (e *Engine) asAgreed(s sweep, f sweptField, l *link.Link, v record.Value) (same, sure bool, have string) {
	pair, ok := l.Agreed[f.field.Key()]
	target := (f.way == s.a.home) != s.atB // the way home starts from b
	have = pair.A
	if s.atB {
		have = pair.B
	}
	if !ok || !target && f.field.Other == nil {
		return false, false, have
	}
	return link.Shown(have) == plan.SideDigest(e.Tools, f.field, f.way.Turned, target, v), true, have
}

// sweepSoon has the associations of a way's source compared at once: a record that joined two others was deleted, and nothing says which.
func (e *Engine) sweepSoon(ctx context.Context, way *Active) error {
	s := sweep{kind: "associations", a: way}
	if way.out != nil {
		s.a, s.atB = way.out, true
	}
	_, err := change(ctx, e, s.key(), func(st *sweepState, exists bool) bool {
		if !exists || !st.Next.After(time.Now()) {
			return false
		}
		st.Next = time.Now()
		return true
	})
	return err
}
