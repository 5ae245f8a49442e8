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
	err = e.wake(ctx, to.String())
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
func (e *Engine) inheritHome(ctx context.Context, items []*item) error {
	var keys []table.Key
	for _, i := range items {
		for _, ref := range i.source.Was {
			keys = append(keys, e.pointerKey(i.group[0].Slot, ref))
		}
	}
	seats, err := getItems[seat](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for _, i := range items {
		for _, ref := range i.source.Was {
			if s := seats[e.pointerKey(i.group[0].Slot, ref)].Value; !i.done() && !s.pointer.A.IsZero() {
				e.takeOverFrom(ctx, i, ref)
			}
		}
	}
	return nil
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
