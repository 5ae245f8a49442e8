package engine

import (
	"context"
	"fmt"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// targetMoved has the link of a pair follow its record of b to the address at which a merge or a conversion left it (B6). Where that
// one is another record's counterpart already, the two records of a are what is left to merge: a person's question (C16).
func (e *Engine) targetMoved(ctx context.Context, b *batch, i *item, to record.Ref) {
	if b.preview {
		i.end(Result{End: Done})
		return
	}
	key := e.pointerKey(i.link.Slot, to)
	there, err := getItem[seat](ctx, e.Table, key)
	if err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	if there.Value.own.State == link.Claimed {
		i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
		return
	}
	if holder := there.Value.pointer.A; !holder.IsZero() && holder != i.ref {
		other, err := getItem[link.Link](ctx, e.Table, e.linkKey(i.link.Slot, holder))
		if err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return
		}
		if other.Value.State == link.Linked && other.Value.B == to {
			e.complain(b, i, &link.Reason{Category: plan.MergedTwice, Candidates: []record.Ref{holder},
				Text: fmt.Sprintf("%s was merged into %s, which is the counterpart of %s. Merge %s into %s, or unlink one of them", i.link.B, to, holder, i.ref, holder)})
			return
		}
	}
	if err := e.putOne(ctx, key, link.Pointer{Slot: i.link.Slot, B: to, A: i.ref, At: time.Now()}, table.IfRev(there.Rev)); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	i.link.Former, i.link.B, i.link.StampB = i.link.LetGo(), to, time.Time{}
	if err := e.putItem(ctx, i); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	i.stored()
	err = e.overAlone(ctx, &there.Value.own, to)
	for _, ref := range []record.Ref{to, i.ref} { // what waits for the record of a may have another counterpart now: an address for a contact
		if err == nil {
			err = e.wake(ctx, ref.String())
		}
	}
	if err == nil && i.link.Noted {
		err = e.overHome(ctx, i.key, &i.link)
	}
	if err == nil {
		err = e.Enqueue(ctx, lane.Live, []Task{{Ref: i.ref, Cause: "merge", Mapping: i.task.Mapping}})
	}
	if err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	i.end(Result{End: Done})
}

// inheritHome has records of b that others were merged into worked after those: the pair of the one that was linked follows it here.
func (e *Engine) inheritHome(ctx context.Context, b *batch, items []*item) error {
	var keys, links []table.Key
	for _, i := range items {
		for _, ref := range i.source.Was {
			keys = append(keys, e.pointerKey(i.group[0].Slot, ref))
		}
	}
	seats, err := getItems[seat](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for _, s := range seats {
		if !s.Value.pointer.A.IsZero() {
			links = append(links, e.linkKey(s.Value.pointer.Slot, s.Value.pointer.A))
		}
	}
	pairs, err := getItems[link.Link](ctx, e.Table, links)
	if err != nil {
		return err
	}
	for _, i := range items {
		e.inheritPair(ctx, b, i, seats, pairs)
	}
	return nil
}

// inheritPair has a record of b take the place of one that was merged into it. A pair that goes on by itself is worked first and comes
// here of its own; one that is stopped before its record of b is looked at (its record of a is gone too, or merged with somebody
// else's) never would, and is brought: what a person is asked about it then names the record that is there.
func (e *Engine) inheritPair(ctx context.Context, b *batch, i *item, seats map[table.Key]stored[seat], pairs map[table.Key]stored[link.Link]) {
	var stopped *stored[link.Link]
	for _, ref := range i.source.Was {
		at := seats[e.pointerKey(i.group[0].Slot, ref)].Value
		p, under := at.pointer, at.own.State == link.Claimed // a create for it is under way, which must be found first: else the survivor is made once more
		if p.A.IsZero() && !under {
			continue
		}
		if b.preview { // the pair comes here when the record is worked
			i.end(Result{End: Done})
			return
		}
		if i.link.State == link.Claimed { // made for it before its vendor told of the merge: found or given up first, as the pair can come only then
			i.m, i.decision = i.choose(), plan.Decision{}
			e.act(ctx, b, []*item{i})
			return
		}
		l := pairs[e.linkKey(i.group[0].Slot, p.A)]
		if s := l.Value.State; !under && !underWay(p) && s != link.Claimed && (s != link.Linked || l.Value.B != ref) {
			continue // left behind: whoever it names has gone elsewhere since, and brings nothing
		}
		if under || !stoppedAtSource(&l.Value, ref) {
			e.takeOverFrom(ctx, i, ref)
			return
		}
		if stopped == nil {
			stopped = &l
		}
	}
	if stopped != nil {
		e.bringPair(ctx, i, stopped.Value, stopped.Rev)
	}
}

// stoppedAtSource tells whether a pair has a standing reason, for which its record of b, which was merged away, may never be looked at.
func stoppedAtSource(l *link.Link, ref record.Ref) bool {
	return l.State == link.Linked && l.B == ref && l.Reason != nil && (!plan.Harmless(l.Reason.Category) || l.Reason.Category == plan.CounterpartDeleted) &&
		(l.Intent == nil || l.Intent.Until.Before(time.Now()))
}

// bringPair puts the pointer of the survivor, then the pair's link as it leads there: killed in between, the pointer says nothing and the
// next task does the same again.
func (e *Engine) bringPair(ctx context.Context, i *item, l link.Link, rev int64) {
	err := e.putOne(ctx, i.key, link.Pointer{Slot: i.link.Slot, B: i.ref, A: l.A, At: time.Now()}, table.IfRev(i.rev))
	if err == nil {
		l.Former, l.B, l.StampB = l.LetGo(), i.ref, time.Time{}
		err = e.putOne(ctx, e.linkKey(l.Slot, l.A), l, table.IfRev(rev))
	}
	if err == nil {
		err = e.overAlone(ctx, &i.link, i.ref)
	}
	if err == nil { // what waited for the survivor
		err = e.wake(ctx, i.ref.String())
	}
	if err == nil && l.Noted {
		err = e.overHome(ctx, e.linkKey(l.Slot, l.A), &l)
	}
	if err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	i.end(Result{End: Later, Until: time.Now()}) // as the pair's it is looked at now
}

// ownCreate tells, for a record without a counterpart, whether it may be one that we just made: it bears a marker of ours, or our own
// credential made it a moment ago (A5). Such a record is never carried back: the intention that made it links it.
func (e *Engine) ownCreate(i *item) (waits time.Duration, ours bool) {
	if i.source == nil || i.m.home == nil && i.m.out == nil {
		return 0, false
	}
	marked := false
	for _, name := range e.markerField(i.ref.Connection, i.ref.Object) {
		marked = !i.source.Field(name).Blank()
	}
	if !marked && !i.source.Own {
		return 0, false
	}
	if age := time.Since(i.source.Created); age < ownWait {
		return min(ownWait-age, time.Minute), true
	}
	return 0, marked
}

// ownWait is how long a record of ours may wait for the intention that made it: longer than claims, looks and settle times together.
const ownWait = 30 * time.Minute

// leaveOwn ends an item whose source we made ourselves.
func (e *Engine) leaveOwn(ctx context.Context, b *batch, i *item, waits time.Duration) {
	if waits > 0 && !b.preview {
		i.end(Result{End: Later, Until: time.Now().Add(waits)})
		return
	}
	i.decision = plan.Decision{Kind: plan.Skip, Object: i.m.B.Object, Reason: &link.Reason{Category: plan.OwnRecord,
		Text: "it bears a marker of ours: it was made for a record of the other side, and is not carried back. Link it by hand, or empty " + fmt.Sprint(e.markerField(i.ref.Connection, i.ref.Object))}}
	e.settleReason(ctx, b, i)
}

// madeForAnother tells how long a record that was found to match still waits for the intention that made it, or its match: one that
// bears the marker of another record's create, whose answer is not known yet, is that one's counterpart (A5). By what it was made with it
// may match others meanwhile: addresses are swapped.
func (e *Engine) madeForAnother(ctx context.Context, b *batch, i *item) (time.Duration, error) {
	if i.m.home == nil && i.m.out == nil || i.source == nil || i.target == nil {
		return 0, nil
	}
	wait := max(e.ownFor(i, i.source, i.target.Ref), e.ownFor(i, i.target, i.ref))
	if wait == 0 {
		return 0, nil
	}
	need := plan.Need{Mapping: i.m.Name, Ref: i.target.Ref}
	pairs, err := e.pairsOf(ctx, b.set, []plan.Need{need})
	if err != nil || pairs[need].State == link.Linked { // that it has a counterpart is said at once
		return 0, err
	}
	return wait, nil
}

// ownFor tells how long a record of ours waits for what made it, unless it was made for a certain one.
func (e *Engine) ownFor(i *item, r *record.Record, ref record.Ref) time.Duration {
	age := time.Since(r.Created)
	for _, name := range e.markerField(r.Ref.Connection, r.Ref.Object) {
		mark, generation := r.Field(name), 0
		if i.ref == ref && i.link.Claim != nil {
			generation = i.link.Claim.Generation
		}
		if !mark.Blank() && age < ownWait && mark.Text() != e.markerOf(i.m.Slot, ref, generation) {
			return min(ownWait-age, time.Minute)
		}
	}
	return 0
}

// movedBefore finishes a move of a link that was killed half way (moveLink): the place of its record of b points to the new address, and
// this one is its signpost, wherever its record went since.
func (e *Engine) movedBefore(ctx context.Context, b *batch, i *item) (bool, error) {
	there, err := getItem[seat](ctx, e.Table, e.pointerKey(i.link.Slot, i.link.B))
	at := there.Value.pointer.A
	if err != nil || at.IsZero() || at == i.ref || b.preview {
		return false, err
	}
	holder, err := getItem[link.Link](ctx, e.Table, e.linkKey(i.link.Slot, at))
	if err != nil || holder.Value.State != link.Linked || holder.Value.B != i.link.B {
		return false, err
	}
	i.link.State, i.link.To, i.link.Reason = link.MovedTo, at, nil
	if err := e.putNoted(ctx, i); err != nil {
		return false, err
	}
	e.follow(ctx, b, i)
	return true, nil
}
