package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A mapping that works both ways is two Actives that share a slot: the mapping itself, and its way home (mapping.Turn). There is one
// link a pair, under a's key; one item of the table for each record of a slot, so that nobody can be linked twice: a record of b that
// is linked has a pointer there (link.Pointer), one that is not has its own state there (skipped, held, claimed), as a record of a has
// under its link's key.
//
// A task about a record of b that is linked is worked as the item of its pair. The pair's item is worked from a to b first; then its
// twin, on the same facts, carries what b changed home (workHome). A task about a record of b that is not linked is an item of the
// way home alone: its link is seen from b, and is turned round when it is stored under a's key.

// from gives the mapping as it starts from a record: itself, its way home, or nil where it has nothing to do with the record's object.
func (a *Active) from(ref record.Ref) *Active {
	switch {
	case a.ConnA == ref.Connection && a.A.Object == ref.Object:
		return a
	case a.home != nil && a.ConnB == ref.Connection && a.B.Object == ref.Object:
		return a.home
	}
	return nil
}

// findWantedHome works out what must be read for the way home. Both ways share what was read of a pair.
func (e *Engine) findWantedHome(_ context.Context, a *Active) error {
	if a.home == nil {
		return nil
	}
	w := mapping.Wanted(a.home.Mapping, nil)
	readA := distinct(slices.Concat(a.wantedA, mapping.WantedB(a.home.Mapping), e.markerField(a.ConnA, a.A.Object)))
	readB := distinct(slices.Concat(a.wantedB, w.A, e.markerField(a.ConnB, a.B.Object)))
	a.wantedA, a.wantedB = readA, readB
	a.home.wantedA, a.home.wantedB = readB, readA
	a.home.withA, a.home.related = w.With, w.Related
	return nil
}

// markerField is the field of an object that carries our marker, none where there is none.
func (e *Engine) markerField(connection, object string) []string {
	w, err := e.writer(connection)
	if err != nil {
		return nil
	}
	if marker := w.Traits(object).MarkerField; marker != "" {
		return []string{marker}
	}
	return nil
}

// ways are the mapping itself and, where it works both ways, its way home.
func (a *Active) ways() []*Active {
	if a.home == nil {
		return []*Active{a}
	}
	return []*Active{a, a.home}
}

// home tells whether an item carries changes from b to a.
func (i *item) home() bool { return i.group[0].Turned }

// anchor is where the link of a pair is, for an item of the way home.
type anchor struct {
	key table.Key
	rev int64
}

// put makes the put of an item's link as it now is. Of the way home the pair's link is stored as a sees it; the place of a record of
// b that has just been linked becomes a pointer.
func (i *item) put(token string) table.Put {
	cond := table.IfRev(i.rev)
	switch {
	case i.home() && i.twin:
		return put(i.key, i.link.Turned(), token, cond)
	case i.home() && i.anchor != nil && i.link.State == link.Linked:
		return put(i.key, link.Pointer{Slot: i.link.Slot, B: i.ref, A: i.link.B, At: time.Now()}, token, cond)
	}
	return put(i.key, i.link, token, cond)
}

// putItem stores an item's link.
func (e *Engine) putItem(ctx context.Context, i *item) error {
	return e.Table.Put(ctx, []table.Put{i.put(e.token())})[0]
}

// stored notes that the item's put succeeded. From its pointer on, an item of the way home is at its pair's link.
func (i *item) stored() {
	i.rev++
	if i.anchor != nil && !i.twin && i.link.State == link.Linked {
		i.key, i.rev, i.twin = i.anchor.key, i.anchor.rev, true
	}
}

// seat is what a slot has under the key of a record of b: whom it is linked to, or its own state while it is not.
type seat struct {
	pointer link.Pointer
	own     link.Link
}

func (s *seat) read(item table.Item) error {
	var head struct {
		Format int `json:"v"`
	}
	if err := json.Unmarshal(item.Data, &head); err != nil {
		return err
	}
	if head.Format == 0 {
		return json.Unmarshal(item.Data, &s.pointer)
	}
	var err error
	s.own, err = link.Decode(slotOf(item.Key), refOf(item.Key), item.Data)
	return err
}

// loadSeats reads the places of records of b. Items of linked ones become the items of their pairs; the others keep their own state.
func (e *Engine) loadSeats(ctx context.Context, b *batch, items []*item) error {
	keys := make([]table.Key, len(items))
	for n, i := range items {
		i.key = e.pointerKey(i.group[0].Slot, i.ref)
		keys[n] = i.key
	}
	seats, err := getItems[seat](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	var holders []table.Key
	for _, i := range items {
		if s := seats[i.key]; !s.Value.pointer.A.IsZero() {
			holders = append(holders, e.linkKey(i.group[0].Slot, s.Value.pointer.A))
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, holders)
	if err != nil {
		return err
	}
	for _, i := range items {
		s := seats[i.key]
		i.link, i.rev = s.Value.own, s.Rev
		if i.link.State == link.None && i.link.Slot == "" {
			i.link = link.Link{Slot: i.group[0].Slot, A: i.ref}
		}
		if s.Value.pointer.A.IsZero() {
			continue
		}
		e.joinPair(b, i, s.Value.pointer, links[e.linkKey(i.group[0].Slot, s.Value.pointer.A)])
	}
	return nil
}

// joinPair makes an item of a linked record of b the item of its pair, or hands it to the item that already works the pair.
func (e *Engine) joinPair(b *batch, i *item, p link.Pointer, got stored[link.Link]) {
	l, a := got.Value, p.A
	switch {
	case l.State == link.Linked && l.B == i.ref:
	case l.State == link.Claimed: // its maker is about to link it, or whoever takes that one's claim over
		i.end(Result{End: Later, Until: laterOf(l.Claim.Until, time.Now().Add(contentionPause)), On: a.String()})
		return
	case l.State == link.Alias && l.B == i.ref, l.State == link.MovedTo && l.B == i.ref && !slices.Contains(l.Former, i.ref): // followed from a's side
	case underWay(p):
		i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
		return
	case l.State == link.Linked && slices.Contains(l.Former, i.ref): // it moved on, which its own page may not show
		delete(i.reads, i.ref)
		return
	default:
		return // left behind by a worker that vanished, or by a merge when it was gone (signpost) and it is back: it says nothing
	}
	var group []*Active
	for _, home := range i.group {
		if out := home.out; out.A.Object == a.Object {
			group = append(group, out)
		}
	}
	for _, name := range b.set.names { // the pair may be another mapping's of the slot
		if other := b.set.of(name, a); other.Slot == i.group[0].Slot && other.ConnA == a.Connection && other.A.Object == a.Object && !slices.Contains(group, other) && other.works(i.task.Pilot || i.pilot()) {
			group = append(group, other)
		}
	}
	if len(group) == 0 {
		i.m = i.group[0]
		i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
		return
	}
	id := group[0].Slot + "#" + a.String()
	if other := b.chosen[id]; other != nil && other != i {
		other.sawTask(i.task)
		i.end(outcomeOf(other)) // for now: workHome gives it the pair's
		other.joined = append(other.joined, i)
		return
	}
	b.chosen[id] = i
	i.ref, i.group, i.key = a, group, e.linkKey(group[0].Slot, a)
	i.link, i.rev = l, got.Rev
}

// reserveHome puts the links of pairs that records of b found or made, under a's key: that is what makes the pair. A record of a that
// has a counterpart or is just being carried over itself is left alone. What was made has a claim at its own place meanwhile; one that
// was found takes its own place first, as from the other side: else two records of a may come to have it. That it was there already, its
// create's answer may say: it has no mark by which whoever takes the claim over finds it.
func (e *Engine) reserveHome(ctx context.Context, b *batch, items []*item) []*item {
	var kept []*item
	for _, i := range items {
		key := e.linkKey(i.link.Slot, i.link.B)
		got, err := getItem[link.Link](ctx, e.Table, key)
		if err != nil {
			e.undecided([]*item{i}, err)
			continue
		}
		l, next := got.Value, i.link.Turned()
		switch {
		case l.State == link.Linked && l.B == i.ref: // an earlier try came this far
			i.anchor = &anchor{key, got.Rev}
			i.link = l.Turned()
			kept = append(kept, i)
			continue
		case l.State == link.Claimed, l.Intent != nil && l.Intent.Until.After(time.Now()): // an older one may stay for ever, where its target is gone
			i.result = nil
			i.link.State, i.link.B = link.None, record.Ref{}
			i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
			continue
		case l.State == link.Linked, l.State == link.Alias, l.State == link.Tombstone && !wasLetGo(&l), l.Ignored != nil, l.Unlinked() && l.State == link.Held:
			e.placeTaken(ctx, b, i)
			continue
		}
		next.Former, next.Hand = l.Former, l.Hand
		if l.Claim != nil {
			next.Claim = l.Claim.Given()
		} else {
			next.Claim = nil
		}
		if i.decision.Kind == plan.Adopt || i.met {
			if e.takeOwnPlace(ctx, i) {
				i.key, i.rev, i.twin, i.link = key, got.Rev, true, next.Turned()
				kept = append(kept, i)
			}
			continue
		}
		if err := e.putOne(ctx, key, next, table.IfRev(got.Rev)); err != nil {
			e.unreserved(i, err)
			continue
		}
		i.anchor = &anchor{key, got.Rev + 1}
		kept = append(kept, i)
	}
	return kept
}

// takeOwnPlace puts the pointer of a record of b that found its counterpart. Until the pair's link is put, which its caller does next,
// it says nothing, and is left alone for as long as that may take (underWay).
func (e *Engine) takeOwnPlace(ctx context.Context, i *item) bool {
	err := e.putOne(ctx, i.key, link.Pointer{Slot: i.link.Slot, B: i.ref, A: i.link.B, At: time.Now()}, table.IfRev(i.rev))
	if err == nil {
		return true
	}
	e.unreserved(i, err)
	return false
}

// keepPlace puts the pointer of a pair whose maker died between the link and the place of the record that it was made for: whoever takes
// the claim there over looks for what was made, and what was deleted meanwhile it does not find, and would make another.
func (e *Engine) keepPlace(ctx context.Context, b *batch, i *item) error {
	if r := i.link.Reason; b.preview || i.home() || i.m.home == nil || r != nil && r.Category == plan.CounterpartDeleted {
		return nil
	}
	key := e.pointerKey(i.link.Slot, i.link.B)
	there, err := getItem[seat](ctx, e.Table, key)
	if err != nil || there.Value.own.State != link.Claimed {
		return err
	}
	return e.putOne(ctx, key, link.Pointer{Slot: i.link.Slot, B: i.link.B, A: i.ref, At: time.Now()}, table.IfRev(there.Rev))
}

// unreserved has an item come again whose place could not be put, though what it made or found was well: that is not done.
func (e *Engine) unreserved(i *item, err error) {
	e.undecided([]*item{i}, err)
	i.link.State = link.None
}

// pointerFor is how long a pointer without its link may still get it: between the two is no call of a vendor.
const pointerFor = 30 * time.Second

// underWay tells of a pointer whose source is not linked to it that this may be about to come.
func underWay(p link.Pointer) bool { return !p.A.IsZero() && time.Since(p.At) < pointerFor }

// workHome carries home what b changed, for every pair of these items: on the facts that were read, after what goes to b was written.
func (e *Engine) workHome(ctx context.Context, b *batch, items []*item) {
	var twins []*item
	for _, i := range items {
		if t := e.twinOf(b, i); t != nil {
			twins = append(twins, t)
		}
	}
	if len(twins) > 0 {
		b.all = append(b.all, twins...)
		e.workSteps(ctx, b, twins, []func(context.Context, *batch, []*item){
			e.findLacking, e.findCounterparts, e.runScripts, e.findAssociated, e.findHistory, e.yieldTo, e.decide, e.freshTargets, e.readKept, e.runHooks,
		})
		for _, t := range twins {
			e.endPair(t)
		}
	}
	if !b.preview {
		for _, i := range items {
			i.lookAgain(i.decision.Again)
		}
		for _, t := range twins {
			t.pair.lookAgain(t.decision.Again)
			if t.pair.decision.Pends && t.carried() {
				t.pair.lookAgain(time.Now())
			}
		}
	}
	for _, i := range items {
		for _, j := range i.joined {
			r := outcomeOf(i)
			j.result = &r
		}
	}
}

// twinOf gives the way home of a pair's item, nil where there is none, or nothing can be said of it now.
func (e *Engine) twinOf(b *batch, i *item) *item {
	if i.home() || i.m == nil || i.m.home == nil || i.link.State != link.Linked || i.source == nil || i.target == nil || i.link.Intent != nil || i.source.Archived || i.target.Archived {
		return nil
	}
	if i.apart() {
		return nil
	}
	if i.result != nil && i.result.End != Done && i.result.End != Never || i.anchor != nil && !i.twin {
		return nil
	}
	return &item{task: i.task, ref: i.link.B, group: []*Active{i.m.home}, m: i.m.home, depth: i.depth, key: i.key, link: i.link.Turned(), rev: i.rev, twin: true, pair: i, before: link.Link{Agreed: i.began}.Turned().Agreed,
		source: i.target, target: i.source, fromPage: i.fromPage, related: map[string][]record.Record{}, seen: i.seen, dead: i.dead}
}

// endPair adds how the way home ended to the pair's result.
func (e *Engine) endPair(t *item) {
	i := t.pair
	i.rev = t.rev
	if t.result == nil || i.result == nil {
		return
	}
	r, other := *i.result, *t.result
	if rank(t.result.End) > rank(r.End) {
		counts := r.Counts
		r, other = *t.result, r
		r.Counts = counts
	}
	if r.End == Done || r.End == Never {
		r.await(other)
	}
	r.Counts.add(t.result.Counts)
	if r.Counts.Writes() > 0 {
		r.Counts.Skipped = 0
	}
	i.result = &r
}

// carried tells whether the way home ended with something written or settled.
func (i *item) carried() bool {
	return i.result != nil && i.result.End == Done && (i.result.Counts.Writes() > 0 || i.decision.Kind == plan.Settle)
}

// lookAgain has a pair looked at once more, at a time if it says one: something could not be told yet and was left alone (plan.Decision).
func (i *item) lookAgain(at time.Time) {
	if at.IsZero() || i.link.State != link.Linked {
		return
	}
	if soonest := time.Now().Add(contentionPause); at.Before(soonest) {
		at = soonest
	}
	switch r := i.result; {
	case r == nil:
	case r.End == Done || r.End == Never:
		again := *r
		again.End, again.Until = Later, at
		i.result = &again
	case r.End == Later && r.Until.After(at):
		again := *r
		again.Until = at
		i.result = &again
	}
}

func outcomeOf(i *item) Result {
	if i.result == nil {
		return Result{End: Retry, Err: errors.New("the pair was not worked")}
	}
	r := *i.result
	r.Counts = Counts{} // they are the pair's, and counted there
	return r
}

// wrote notes on the record as read what was just written to it, so that the way home does not take it for somebody's change.
func (i *item) wrote(name string, v record.Value) {
	if i.target == nil {
		return
	}
	if !i.own {
		copied := *i.target
		copied.Fields = make(map[string]record.Value, len(i.target.Fields))
		for k, f := range i.target.Fields {
			copied.Fields[k] = f
		}
		i.target, i.own = &copied, true
	}
	i.target.Fields[name] = v
}

// fieldFor gives the field that has a key on the link; false for what a hook added.
func (a *Active) fieldFor(key string) (mapping.Field, bool) {
	for _, f := range a.Fields {
		if f.Key() == key {
			return f, true
		}
	}
	return mapping.Field{B: key}, false
}

// keyFor gives the key on the link of a field of the side that is written.
func (a *Active) keyFor(name string) string {
	for _, f := range a.Fields {
		if f.B == name {
			return f.Key()
		}
	}
	return name
}

// shownAt is the digest of what a record shows for a key, as the link keeps it; target tells which side the record is.
func (e *Engine) shownAt(a *Active, key string, target bool, r *record.Record) string {
	f, _ := a.fieldFor(key)
	name := f.B
	if !target {
		name = key
		if len(f.A) > 0 {
			name = f.A[0]
		}
	}
	return plan.SideDigest(e.Tools, f, a.Turned, target, r.Field(name))
}

// writtenAs is the digest of a value that is written to a field of the side that is written, by the field's name.
func (e *Engine) writtenAs(a *Active, name string, v record.Value) string {
	f, _ := a.fieldFor(a.keyFor(name))
	return plan.SideDigest(e.Tools, f, a.Turned, true, v)
}
