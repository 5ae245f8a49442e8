package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// The brake on deletes (C17, B8): the deletions of a slot that one window collected are released together when, with those of the hour
// before, they are no more than this. Else they are one question, and none of them is carried over until a person answers it.
const (
	brakeDeletes        = 10
	brakeDeletesPercent = 2
)

// deletes is what a slot's brake on deletes knows.
type deletes struct {
	Released []releasedDeletes `json:"released,omitempty"` // of the hour before
	Asked    int               `json:"asked,omitempty"`    // how many the open question is about
}

type releasedDeletes struct {
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

func deletesKey(slot string) table.Key { return table.Key{PK: "B#" + slot, SK: "deletes"} }

// within drops what is older than an hour, and counts the rest.
func (d *deletes) within(now time.Time) int {
	n, kept := 0, d.Released[:0:0]
	for _, r := range d.Released {
		if now.Sub(r.At) < time.Hour {
			n, kept = n+r.Count, append(kept, r)
		}
	}
	d.Released = kept
	return n
}

// releaseDeletes looks, in every slot whose mappings archive, whether a window is over.
func (e *Engine) releaseDeletes(ctx context.Context) error {
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range set.archiving() {
		if err := e.releaseSlot(ctx, a); err != nil {
			errs = append(errs, fmt.Errorf("deletions of %s: %w", a.Name, err))
		}
	}
	return errors.Join(errs...)
}

// archiving are the mappings by which deletions are carried over, one of each slot.
func (s *mappingSet) archiving() []*Active {
	seen := map[string]bool{}
	var list []*Active
	for _, name := range s.names {
		a := s.byName[name]
		if a.Delete.A != "archive" && a.Delete.B != "archive" || !a.works(true) || seen[a.Slot] {
			continue
		}
		seen[a.Slot] = true
		list = append(list, a)
	}
	return list
}

// deletesDue tells whether deletions that were collected will be carried over by themselves within the given time: those that a person
// is asked about will not.
func (e *Engine) deletesDue(ctx context.Context, within time.Duration) (bool, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return false, err
	}
	by := time.Now().Add(within)
	for _, a := range set.archiving() {
		waiting, under, err := e.goingOf(ctx, a.Slot)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(under, func(g going) bool { return g.Sent.Add(deleteWindow).Before(by) }) {
			return true, nil
		}
		if !slices.ContainsFunc(waiting, func(g going) bool { return g.At.Add(deleteWindow).Before(by) }) {
			continue
		}
		got, err := getItem[deletes](ctx, e.Table, deletesKey(a.Slot))
		if err != nil || got.Value.Asked == 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// goingOf lists what a slot's window has collected, and what was released and is not done.
func (e *Engine) goingOf(ctx context.Context, slot string) (waiting, under []going, err error) {
	err = list(ctx, e.Table, goingKey(slot, record.Ref{}).PK, "", func(_ table.Key, g going) bool {
		switch {
		case g.Released.IsZero():
			waiting = append(waiting, g)
		case g.Ended.IsZero():
			under = append(under, g)
		}
		return true
	})
	return waiting, under, err
}

func (e *Engine) releaseSlot(ctx context.Context, a *Active) error {
	waiting, under, err := e.goingOf(ctx, a.Slot)
	if err != nil {
		return err
	}
	var again []going // released, and whoever queued or worked them vanished
	for _, g := range under {
		if time.Since(g.Sent) >= deleteWindow {
			again = append(again, g)
		}
	}
	if err := e.letDeletesGo(ctx, a.Slot, again); err != nil {
		return err
	}
	got, err := getItem[deletes](ctx, e.Table, deletesKey(a.Slot))
	if err != nil {
		return err
	}
	d, now := got.Value, time.Now()
	if len(waiting) == 0 {
		if d.Asked == 0 {
			return nil
		}
		return e.closeDeletes(ctx, a) // every one of them was restored
	}
	first := waiting[0].At
	for _, g := range waiting {
		if g.At.Before(first) {
			first = g.At
		}
	}
	if now.Sub(first) < deleteWindow {
		return nil
	}
	total, err := getItem[tally](ctx, e.Table, tallyKey(a.Slot))
	if err != nil {
		return err
	}
	limit := max(brakeDeletes, total.Value.Linked*brakeDeletesPercent/100)
	if before := d.within(now); d.Asked > 0 || len(waiting)+before > limit {
		return e.askDeletes(ctx, a, waiting, before, limit, d.Asked)
	}
	d.Released = append(d.Released, releasedDeletes{now, len(waiting)})
	if err := e.putOne(ctx, deletesKey(a.Slot), d, table.IfRev(got.Rev)); err != nil { // counted first: killed here, too many are counted and not too few
		if lost(err) {
			return nil
		}
		return err
	}
	return e.letDeletesGo(ctx, a.Slot, waiting)
}

// letDeletesGo marks deletions as released and queues them.
func (e *Engine) letDeletesGo(ctx context.Context, slot string, list []going) error {
	if len(list) == 0 {
		return nil
	}
	now := time.Now()
	var sent []going
	for _, g := range list {
		kept := false
		got, err := change(ctx, e, goingKey(slot, g.A), func(v *going, exists bool) bool {
			kept = exists && v.Gone == g.Gone && v.Ended.IsZero() // else it was restored meanwhile
			if !kept {
				return false
			}
			if v.Released.IsZero() {
				v.Released = now
			}
			v.Sent = now
			return true
		})
		if err != nil {
			return err
		}
		if kept {
			sent = append(sent, got)
		}
	}
	return e.sendDeletes(ctx, sent)
}

// askDeletes opens the one question, and says again how many it is about when that changes.
func (e *Engine) askDeletes(ctx context.Context, a *Active, waiting []going, before, limit, asked int) error {
	if asked == len(waiting) {
		return nil
	}
	name := waiting[0].Mapping
	text := fmt.Sprintf("%d records were deleted whose counterparts %s would archive", len(waiting), name)
	if before > 0 {
		text += fmt.Sprintf(", after %d in the hour before", before)
	}
	text += fmt.Sprintf(", and the brake allows %d in an hour. None of these is archived. Restore what was deleted by mistake, then: crosswalk resume %s", limit, name)
	if err := e.openError(ctx, plan.Brake, name, record.Ref{}, record.Ref{}, text); err != nil {
		return err
	}
	_, err := change(ctx, e, deletesKey(a.Slot), func(d *deletes, _ bool) bool { d.Asked = len(waiting); return true })
	return err
}

// closeDeletes ends a question that nothing waits for any more; that of the brake on writes stays.
func (e *Engine) closeDeletes(ctx context.Context, a *Active) error {
	if _, err := change(ctx, e, deletesKey(a.Slot), func(d *deletes, _ bool) bool { d.Asked = 0; return true }); err != nil {
		return err
	}
	others := false
	if err := list(ctx, e.Table, waitingKey(brakeOn(a.Slot), "").PK, "", func(table.Key, parked) bool { others = true; return false }); err != nil || others {
		return err
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	for _, name := range set.names {
		if set.byName[name].Slot == a.Slot {
			if err := e.closeError(ctx, plan.Brake, name, record.Ref{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// releaseHeldDeletes lets go on what a person was asked about; what was deleted since has its own window.
func (e *Engine) releaseHeldDeletes(ctx context.Context, slot string) error {
	got, err := getItem[deletes](ctx, e.Table, deletesKey(slot))
	if err != nil || got.Value.Asked == 0 {
		return err
	}
	waiting, _, err := e.goingOf(ctx, slot)
	if err != nil {
		return err
	}
	var seen []going
	for _, g := range waiting {
		if time.Since(g.At) >= deleteWindow {
			seen = append(seen, g)
		}
	}
	if err := e.letDeletesGo(ctx, slot, seen); err != nil {
		return err
	}
	_, err = change(ctx, e, deletesKey(slot), func(d *deletes, _ bool) bool { d.Asked = 0; return true })
	return err
}

// heldDeletes counts what waits for a person's answer.
func (e *Engine) heldDeletes(ctx context.Context, slot string) (int, error) {
	got, err := getItem[deletes](ctx, e.Table, deletesKey(slot))
	return got.Value.Asked, err
}
