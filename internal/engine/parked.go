package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
)

// parked is a task that waits in the store: no message grows old for it, its tries are not used up, and the same task
// parked twice is one (B1).
type parked struct {
	Task   Task      `json:"task"`
	Due    time.Time `json:"due"`
	On     string    `json:"on,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// park stores a task until a time, or until what it waits for wakes it.
func (e *Engine) park(ctx context.Context, t Task, until time.Time, on, reason string) error {
	id := e.taskID(t)
	p := parked{Task: t.alone(), Due: until, On: on, Reason: reason}
	before, err := getItem[parked](ctx, e.Table, parkedTaskKey(id))
	if err != nil {
		return err
	}
	puts := []table.Put{
		put(parkedKey(until, id), p, e.token(), table.Condition{}),
		put(parkedTaskKey(id), p, e.token(), table.Condition{}),
	}
	if on != "" {
		puts = append(puts, put(waitingKey(on, id), p, e.token(), table.Condition{}))
	}
	if before.Rev != 0 {
		if old := parkedKey(before.Value.Due, id); old != puts[0].Key {
			puts = append(puts, table.Put{Key: old, Delete: true})
		}
		if before.Value.On != "" && before.Value.On != on {
			puts = append(puts, table.Put{Key: waitingKey(before.Value.On, id), Delete: true})
		}
	}
	return firstError(e.Table.Put(ctx, puts))
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// unpark sends tasks back to the queue and then forgets that they were parked: killed in between, they run twice, which
// is harmless.
func (e *Engine) unpark(ctx context.Context, tasks []parked) error {
	if len(tasks) == 0 {
		return nil
	}
	live, bulk := []Task{}, []Task{}
	for _, p := range tasks {
		if p.Task.Run != "" {
			bulk = append(bulk, p.Task)
		} else {
			live = append(live, p.Task)
		}
	}
	if err := e.Enqueue(ctx, laneFor(len(live)), live); err != nil {
		return err
	}
	if err := e.Enqueue(ctx, lane.Bulk, bulk); err != nil {
		return err
	}
	var puts []table.Put
	seen := map[table.Key]bool{}
	for _, p := range tasks {
		id := e.taskID(p.Task)
		for _, k := range []table.Key{parkedKey(p.Due, id), parkedTaskKey(id), waitingKey(p.On, id)} {
			if (p.On != "" || k != waitingKey("", id)) && !seen[k] {
				seen[k] = true
				puts = append(puts, table.Put{Key: k, Delete: true})
			}
		}
	}
	return firstError(e.Table.Put(ctx, puts))
}

// WakeDue brings back every task whose time has come; it says how many.
func (e *Engine) WakeDue(ctx context.Context) (int, error) {
	now := time.Now()
	var due []parked
	err := list(ctx, e.Table, "W", "", func(_ table.Key, p parked) bool {
		if p.Due.After(now) {
			return false // the rest is later still
		}
		due = append(due, p)
		return len(due) < 1000
	})
	if err != nil {
		return 0, err
	}
	ready, err := e.leavePaused(ctx, due)
	if err != nil {
		return 0, err
	}
	return len(due), e.unpark(ctx, ready)
}

// wake brings back the tasks that wait for something.
func (e *Engine) wake(ctx context.Context, on string) error {
	return e.wakeAs(ctx, on, func(*Task) {})
}

// wakeAs is wake with something noted on each task.
func (e *Engine) wakeAs(ctx context.Context, on string, note func(*Task)) error {
	for {
		var waiting []parked
		err := list(ctx, e.Table, waitingKey(on, "").PK, "", func(_ table.Key, p parked) bool {
			note(&p.Task)
			waiting = append(waiting, p)
			return len(waiting) < 1000
		})
		if err != nil || len(waiting) == 0 {
			return err
		}
		if !strings.HasPrefix(on, "slot/") && !strings.HasPrefix(on, "mapping/") { // these are only woken when they go on
			if waiting, err = e.leavePaused(ctx, waiting); err != nil {
				return err
			}
		}
		if err := e.unpark(ctx, waiting); err != nil {
			return err
		}
	}
}

// pausedFor is how long a task waits for its mapping to go on before it looks again whether it did.
const pausedFor = 30 * 24 * time.Hour

// leavePaused keeps those tasks parked whose mappings are all stopped, one of them by a pause: it goes on with them. Feeds
// are read again after a pause, but what a task waits for may lie far before it. The others may go.
func (e *Engine) leavePaused(ctx context.Context, tasks []parked) ([]parked, error) {
	if len(tasks) == 0 {
		return nil, nil
	}
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	var ready []parked
	for _, p := range tasks {
		slot := set.pausedSlot(p.Task)
		if slot == "" {
			ready = append(ready, p)
			continue
		}
		if err := e.park(ctx, p.Task, time.Now().Add(pausedFor), "slot/"+slot, p.Reason); err != nil {
			return nil, err
		}
	}
	return ready, nil
}

// pausedSlot gives the place of a task none of whose mappings runs, one of them because it is paused; else "".
func (s *mappingSet) pausedSlot(t Task) string {
	slot := ""
	for _, name := range s.names {
		a := s.byName[name]
		if a.ConnA != t.Ref.Connection || a.A.Object != t.Ref.Object && !slices.Contains(a.watches(), t.Ref.Object) {
			continue
		}
		if own := s.byName[t.Mapping]; own != nil && own.Slot != a.Slot {
			continue
		}
		if a.works(true) {
			return ""
		}
		if a.Head.Status == mapping.Paused && slot == "" {
			slot = a.Slot
		}
	}
	return slot
}
