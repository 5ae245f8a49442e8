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
	Also   []string  `json:"also,omitempty"` // what wakes it besides
	Reason string    `json:"reason,omitempty"`
}

// ons is all that wakes a parked task before its time.
func (p parked) ons() []string {
	if p.On == "" {
		return nil
	}
	return append([]string{p.On}, p.Also...)
}

// park stores a task until a time, or until something that it waits for wakes it.
func (e *Engine) park(ctx context.Context, t Task, until time.Time, on, reason string, also ...string) error {
	id := e.taskID(t)
	p := parked{Task: t.alone(), Due: until, On: on, Also: also, Reason: reason}
	before, err := getItem[parked](ctx, e.Table, parkedTaskKey(id))
	if err != nil {
		return err
	}
	puts := []table.Put{
		put(parkedKey(until, id), p, e.token(), table.Condition{}),
		put(parkedTaskKey(id), p, e.token(), table.Condition{}),
	}
	for _, on := range p.ons() {
		puts = append(puts, put(waitingKey(on, id), p, e.token(), table.Condition{}))
	}
	if before.Rev != 0 {
		if old := parkedKey(before.Value.Due, id); old != puts[0].Key {
			puts = append(puts, table.Put{Key: old, Delete: true})
		}
		for _, was := range before.Value.ons() {
			if !slices.Contains(p.ons(), was) {
				puts = append(puts, table.Put{Key: waitingKey(was, id), Delete: true})
			}
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
// is harmless. A task may have run and be parked again before that: what was parked since stays.
func (e *Engine) unpark(ctx context.Context, tasks []parked) error {
	if len(tasks) == 0 {
		return nil
	}
	var keys []table.Key
	live, bulk := []Task{}, []Task{}
	for _, p := range tasks {
		if p.Task.Run != "" {
			bulk = append(bulk, p.Task)
		} else {
			live = append(live, p.Task)
		}
		id := e.taskID(p.Task)
		keys = append(keys, parkedKey(p.Due, id), parkedTaskKey(id))
		for _, on := range p.ons() {
			keys = append(keys, waitingKey(on, id))
		}
	}
	keys = unique(keys)
	there, err := getItems[parked](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	if err := e.Enqueue(ctx, laneFor(len(live)), live); err != nil {
		return err
	}
	if err := e.Enqueue(ctx, lane.Bulk, bulk); err != nil {
		return err
	}
	var puts []table.Put
	for _, k := range keys {
		if rev := there[k].Rev; rev != 0 {
			puts = append(puts, table.Put{Key: k, Delete: true, If: table.IfRev(rev)})
		}
	}
	for _, err := range e.Table.Put(ctx, puts) {
		if err != nil && !lost(err) {
			return err
		}
	}
	return nil
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
			return len(waiting) < wakePage
		})
		if err != nil || len(waiting) == 0 {
			return err
		}
		all := len(waiting) < wakePage
		if !strings.HasPrefix(on, "slot/") && !strings.HasPrefix(on, "mapping/") { // these are only woken when they go on
			if waiting, err = e.leavePaused(ctx, waiting); err != nil {
				return err
			}
		}
		if err := e.unpark(ctx, waiting); err != nil || all { // what is there now was parked since
			return err
		}
	}
}

// wakePage is how many tasks are woken at once.
const wakePage = 1000

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
