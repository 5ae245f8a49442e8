package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// hourly is how much one slot has written outside approved runs in one hour.
type hourly struct {
	Count   int            `json:"count"`
	Tripped bool           `json:"tripped,omitempty"` // the brake stopped something this hour
	By      map[string]int `json:"by,omitempty"`      // of Count, by mapping: what is usual (wave.go)
}

// tally is how many records of a slot are linked; the brake's percentage is of these.
type tally struct {
	Linked int `json:"linked"`
}

// The brake (A2, B8): more than this outside an approved run within an hour stops and asks.
const (
	brakeDocuments        = 50
	brakeDocumentsPercent = 2
	brakeRecords          = 1000
	brakeRecordsPercent   = 5
)

// brakePause is how long stopped work waits for an answer before it asks again.
const brakePause = 30 * 24 * time.Hour

func brakeOn(slot string) string { return "brake/" + slot }

// writing is a kind of writes that the brake counts.
type writing string

const (
	creating writing = ""
	updating writing = "|updates" // apart: an edit of many records says nothing about how many documents are made
)

// brake lets through what the hour's allowance covers; the rest is parked until a person resumes the mapping.
func (e *Engine) brake(ctx context.Context, b *batch, items []*item, what writing) []*item {
	if b.plan != nil {
		return items // approved: preview, approval by digest, run
	}
	items = e.stopWave(ctx, items)
	bySlot := map[string][]*item{}
	var order []string
	for _, i := range items {
		if i.task.Released {
			continue
		}
		if bySlot[i.m.Slot] == nil {
			order = append(order, i.m.Slot)
		}
		bySlot[i.m.Slot] = append(bySlot[i.m.Slot], i)
	}
	stopped := map[*item]bool{}
	for _, slot := range order {
		list := bySlot[slot]
		allowed, err := e.allow(ctx, list, what)
		if err != nil {
			e.fail(ctx, list, "", err)
			continue
		}
		for _, i := range list[allowed:] {
			stopped[i] = true
			i.end(Result{End: Later, Until: time.Now().Add(brakePause), On: brakeOn(slot)})
		}
		if allowed < len(list) {
			text := fmt.Sprintf("the brake stopped %s: more writes in one hour than the brake allows outside an approved run. Look at what waits, then: crosswalk resume %s", list[0].m.Name, list[0].m.Name)
			if err := e.openError(ctx, plan.Brake, list[0].m.Name, record.Ref{}, record.Ref{}, text); err != nil {
				e.undecided(list[allowed:], err)
			}
		}
	}
	return slices.DeleteFunc(open(items), func(i *item) bool { return stopped[i] })
}

// allow takes the writes of items of one slot from the hour's allowance and says how many of them it covers.
func (e *Engine) allow(ctx context.Context, items []*item, what writing) (int, error) {
	a, n := items[0].m, len(items)
	total, err := getItem[tally](ctx, e.Table, tallyKey(a.Slot))
	if err != nil {
		return 0, err
	}
	limit := max(brakeRecords, total.Value.Linked*brakeRecordsPercent/100)
	if a.Document != nil && what == creating {
		limit = max(brakeDocuments, total.Value.Linked*brakeDocumentsPercent/100)
		if a.Document.Brake > 0 {
			limit = a.Document.Brake
		}
	}
	allowed := 0
	_, err = change(ctx, e, brakeKey(a.Slot+string(what), time.Now()), func(h *hourly, _ bool) bool {
		allowed = max(0, min(n, limit-h.Count))
		h.Count += allowed
		h.Tripped = h.Tripped || allowed < n
		if h.By == nil {
			h.By = map[string]int{}
		}
		for _, i := range items[:allowed] {
			h.By[i.m.Name]++
		}
		return true
	})
	return allowed, err
}

// releaseBrake lets what waits behind a mapping's brake go on: exactly what a person could see waiting, and nothing that
// comes after it. A mapping that goes live for the first time has nothing waiting, and its brake stays on.
func (e *Engine) releaseBrake(ctx context.Context, a *Active) error {
	for _, what := range []writing{creating, updating} {
		_, err := change(ctx, e, brakeKey(a.Slot+string(what), time.Now()), func(h *hourly, _ bool) bool {
			was := h.Tripped
			h.Tripped = false
			return was
		})
		if err != nil {
			return err
		}
	}
	if err := e.releaseHeldDeletes(ctx, a.Slot); err != nil {
		return err
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(e.releaseRuns(ctx, set.inSlot(a.Slot)), e.releaseWaves(ctx, set.inSlot(a.Slot))); err != nil {
		return err
	}
	for _, name := range set.names {
		if set.byName[name].Slot != a.Slot {
			continue
		}
		if err := e.closeError(ctx, plan.Brake, name, record.Ref{}); err != nil {
			return err
		}
	}
	return e.wakeAs(ctx, brakeOn(a.Slot), func(t *Task) { t.Released = true })
}

// tallyLinked adds newly linked records to their slot's count, once a batch.
func (e *Engine) tallyLinked(ctx context.Context, items []*item) error {
	bySlot := map[string]int{}
	for _, i := range items {
		bySlot[i.m.Slot]++
	}
	for _, slot := range slices.Sorted(maps.Keys(bySlot)) { // in order: a run on a seed must repeat (T22)
		n := bySlot[slot]
		if _, err := change(ctx, e, tallyKey(slot), func(t *tally, _ bool) bool { t.Linked += n; return true }); err != nil {
			return err
		}
	}
	return nil
}
