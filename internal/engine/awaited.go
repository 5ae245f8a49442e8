package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What a record refers to may have no counterpart yet: an activity is left out until its person has one, a deal goes without one of its
// contacts (B12). Its task ends, and is parked under each of those records: whichever is linked first has it looked at again.

// saying ranks why several mappings of a place leave a record out: what somebody waits for says more than that it is another's.
func saying(d plan.Decision) int {
	switch d.Reason.Category {
	case plan.OtherDocument:
		return 0
	case plan.ParentHeld:
		return 2
	}
	return 1
}

// maxAwaited is how many records one task waits for at once; of more, those that come first have to do.
const maxAwaited = 20

// waitOn has the task of an item that ended looked at again when one more thing happens, whichever is first.
func (i *item) waitOn(on string) {
	if i.result.also(on) {
		i.result.Until = time.Now().Add(heldPause)
	}
}

// also adds one thing that a result waits for, and tells whether that is a further one.
func (r *Result) also(on string) bool {
	switch {
	case on == r.On || slices.Contains(r.Also, on) || len(r.Also) >= maxAwaited:
		return false
	case r.On == "":
		r.On = on
	default:
		r.Also = append(slices.Clip(r.Also), on)
	}
	return true
}

// await adds what another result of the same task waits for: something is still to come in several places, or on both ways of a pair.
func (r *Result) await(other Result) {
	if !other.ended() || other.On == "" {
		return
	}
	if r.On == "" {
		r.On, r.Until = other.On, other.Until
	}
	for _, on := range append([]string{other.On}, other.Also...) {
		r.also(on)
	}
	r.Missing = append(slices.Clip(r.Missing), other.Missing...)
}

// waitForLinks has the task of an item that ended looked at again when one of these records has a counterpart.
func (i *item) waitForLinks(missing []plan.Need) {
	missing = missing[:min(len(missing), maxAwaited)]
	for _, need := range missing {
		i.waitOn(need.Ref.String())
	}
	i.result.Missing = append(i.result.Missing, missing...)
}

// awaited is a record that a parked task waits for, and what wakes it.
type awaited struct {
	need   plan.Need
	on     string
	linked bool // only a counterpart is of use: that it was held, or left out, is how it stands
}

// wakeReady wakes tasks whose needed record was linked while they were being parked: its own wake came too early for them.
func (e *Engine) wakeReady(ctx context.Context, waiting []awaited) error {
	if len(waiting) == 0 {
		return nil
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	waiting = unique(waiting)
	needs := mapSlice(waiting, func(w awaited) plan.Need { return w.need })
	found, err := e.counterparts(ctx, &batch{set: set}, unique(needs))
	if err != nil {
		return err
	}
	woken := map[string]bool{}
	for _, w := range waiting { // in order: a run on a seed must repeat (T22)
		state := found[w.need].State
		if w.on == "" || woken[w.on] || state == plan.Waiting || w.linked && state != plan.Ready {
			continue
		}
		if err := e.wake(ctx, w.on); err != nil {
			return err
		}
		woken[w.on] = true
	}
	return nil
}

// wakeMerged wakes what waits for records that were merged into one that is linked: it belongs to the survivor now, and of the merge
// nothing may have changed at it.
func (e *Engine) wakeMerged(ctx context.Context, survivor *record.Record) error {
	if survivor == nil {
		return nil
	}
	for _, was := range survivor.Was {
		if err := e.wake(ctx, was.String()); err != nil {
			return err
		}
	}
	return nil
}

// afterMerge does so for a pair whose link has just followed a merge.
func (e *Engine) afterMerge(ctx context.Context, b *batch, i *item) {
	if i.task.Cause != "merge" || i.link.State != link.Linked || b.preview {
		return
	}
	if err := errors.Join(e.wakeMerged(ctx, i.source), e.wakeMerged(ctx, i.target)); err != nil {
		e.undecided([]*item{i}, err)
	}
}
