package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/plan"
)

// Answerer takes the answers to deliveries: the queue itself on a laptop, on AWS what makes the batch response of them.
type Answerer interface {
	Ack(ctx context.Context, from lane.Lane, receipts []string) []error
	Release(ctx context.Context, from lane.Lane, receipts []string, delay time.Duration) []error
}

// Receive takes what waits in a lane and has it handled. It says how many messages it took. Who calls this: the worker loop
// on a laptop. A retry does everything again that is not remembered in the store.
func (e *Engine) Receive(ctx context.Context, from lane.Lane, most int) (int, error) {
	hide := e.HideLive
	if from == lane.Bulk {
		hide = e.HideBulk
	}
	deliveries, err := e.Queue.Receive(ctx, from, most, hide)
	if err != nil || len(deliveries) == 0 {
		return 0, err
	}
	e.Handle(ctx, from, deliveries, e.Queue)
	return len(deliveries), nil
}

// Handle works deliveries and answers each: acknowledged when everything in it is durable, released when its work must come
// again, or not at all, which brings it again once it is visible. Who calls this: Receive; the work function on AWS, where
// somebody else received them. It stops starting work when ctx ends and gives back what it did not begin.
func (e *Engine) Handle(ctx context.Context, from lane.Lane, deliveries []lane.Delivery, to Answerer) {
	limit := e.WorkLive
	if from == lane.Bulk {
		limit = e.WorkBulk
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if e.Bugs.AckFirst {
		for _, d := range deliveries {
			to.Ack(ctx, from, []string{d.Receipt})
		}
	}
	var together []delivered
	for _, d := range mapSlice(deliveries, deliveredOf) {
		if d.Receives > 1 { // it may be the one that took its neighbours down (B1)
			e.workMessages(ctx, from, []delivered{d}, to)
			continue
		}
		together = append(together, d)
	}
	if from == lane.Bulk {
		for _, part := range bulkParts(together) {
			e.workMessages(ctx, from, part, to)
		}
		return
	}
	e.workMessages(ctx, from, together, to)
}

// delivered is a delivery with its tasks: a bulk message brings the records that were read for it, and is decoded once.
type delivered struct {
	lane.Delivery
	tasks []Task
	err   error // it does not read
}

func deliveredOf(d lane.Delivery) delivered {
	m, err := decodeMessage(d.Body)
	return delivered{Delivery: d, tasks: m.Tasks, err: err}
}

// bulkBatch is how many tasks of bulk messages are worked together: as many as the widest call of a vendor takes, of both sides of a
// mapping, since records that changed on both are then one pair whose sides need no read.
const bulkBatch = 2 * maxChunk

// bulkParts puts messages of one run together, so that the calls to vendors are as few as they can be (B2).
func bulkParts(deliveries []delivered) [][]delivered {
	var out [][]delivered
	var run string
	count := 0
	for _, d := range deliveries {
		mine, n := "?", len(d.tasks)
		if d.err == nil && n > 0 {
			mine = d.tasks[0].Run + "|" + d.tasks[0].Plan
		}
		if len(out) == 0 || mine != run || count+n > bulkBatch {
			out, run, count = append(out, nil), mine, 0
		}
		out[len(out)-1] = append(out[len(out)-1], d)
		count += n
	}
	return out
}

// workMessages works messages as one batch; a panic in a batch of several has each worked by itself.
func (e *Engine) workMessages(ctx context.Context, from lane.Lane, deliveries []delivered, to Answerer) {
	if ctx.Err() != nil {
		e.giveBack(ctx, from, deliveries, to)
		return
	}
	var tasks []Task
	var counts []int
	var good []delivered
	for _, d := range deliveries {
		if d.err != nil {
			e.Log.Error("queue message refused", "lane", from, "error", d.err)
			continue // it comes again until it is a dead letter, which becomes a sync error
		}
		tasks, counts, good = append(tasks, d.tasks...), append(counts, len(d.tasks)), append(good, d)
	}
	if len(good) == 0 {
		return
	}
	started := time.Now()
	batch := e.labelBatch(ctx, tasks, from == lane.Bulk)
	results, panicked := e.guarded(batch, tasks)
	if panicked && len(good) > 1 {
		for _, d := range good {
			e.workMessages(ctx, from, []delivered{d}, to)
		}
		return
	}
	e.logBatch(from, tasks, results, time.Since(started))
	at := 0
	for n, d := range good {
		e.answer(batch, from, d.Delivery, tasks[at:at+counts[n]], results[at:at+counts[n]], to)
		at += counts[n]
	}
}

// giveBack makes messages that were not begun visible again at once, for a worker that has the time. Each time counts as a receive
// (T25): a message that would be a dead letter next time without ever having been tried is sent anew in its own place.
func (e *Engine) giveBack(ctx context.Context, from lane.Lane, deliveries []delivered, to Answerer) {
	ctx = context.WithoutCancel(ctx)
	for _, d := range deliveries {
		answer := func() []error { return to.Release(ctx, from, []string{d.Receipt}, 0) }
		if d.err == nil && d.Receives >= lane.MaxReceives-1 {
			if err := e.Enqueue(ctx, from, d.tasks); err == nil {
				answer = func() []error { return to.Ack(ctx, from, []string{d.Receipt}) }
			}
		}
		for _, err := range answer() {
			if err != nil {
				e.Log.Error("message could not be given back", "error", err) // it is visible again later
			}
		}
	}
}

// guarded is Work with a net under it: a panic fails the tasks it took down and nothing else. Several tasks of one message
// are then worked one by one.
func (e *Engine) guarded(ctx context.Context, tasks []Task) (results []Result, panicked bool) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("panic in work", "panic", panicText(p), "stack", string(debug.Stack()))
			results, panicked = make([]Result, len(tasks)), true
			for n := range tasks {
				results[n] = Result{End: Retry, Err: errors.New("panic")}
			}
			if len(tasks) > 1 {
				for n := range tasks {
					one, _ := e.guarded(ctx, tasks[n:n+1])
					results[n] = one[0]
				}
			}
		}
	}()
	return e.Work(ctx, tasks), false
}

// panicText is what may be logged of a panic: the runtime's own words, of anything else its kind. A value may stand in it.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// answer acknowledges a message whose every task is settled: done, parked, or sent on as a message of its own.
func (e *Engine) answer(ctx context.Context, from lane.Lane, d lane.Delivery, tasks []Task, results []Result, to Answerer) {
	ctx = context.WithoutCancel(ctx)
	var again []Task
	var waiting []awaited
	for n, r := range results {
		switch r.End {
		case Later:
			if err := e.lostContact(ctx, strings.TrimPrefix(r.On, "connection/"), r.Err); err != nil {
				e.Log.Error("a lost connection could not be noted", "error", err) // its task is parked all the same, and notes it again
			}
			if err := e.park(ctx, later(tasks[n], r), r.Until, r.On, reasonOf(r), r.Also...); err != nil {
				e.Log.Error("task could not be parked", "error", err)
				return // the message comes again
			}
			if len(r.Needs) > 0 {
				waiting = append(waiting, awaited{need: r.Needs[0], on: r.On})
			}
		case Never, Done:
			if r.On == "" {
				break
			}
			if err := e.park(ctx, outsideRun(tasks[n]), r.Until, r.On, reasonOf(r), r.Also...); err != nil {
				e.Log.Error("held task could not be parked", "error", err)
				return // the message comes again
			}
		case Retry:
			again = append(again, tasks[n])
			continue
		}
		for _, need := range r.Missing {
			waiting = append(waiting, awaited{need: need, on: need.Ref.String(), linked: true})
		}
	}
	if err := e.wakeReady(ctx, waiting); err != nil {
		e.Log.Error("parked tasks could not be looked at again", "error", err)
		return
	}
	if err := e.mark(ctx, tasks, results); err != nil {
		e.Log.Error("run progress could not be stored", "error", err)
		return
	}
	if len(again) > 0 && len(again) == len(tasks) {
		for _, err := range to.Release(ctx, from, []string{d.Receipt}, backoff(d.Receives)) {
			if err != nil {
				e.Log.Error("message could not be released", "error", err)
			}
		}
		return
	}
	for _, t := range again { // a row that did not end leaves as a message of its own (B2)
		if err := e.Enqueue(ctx, from, []Task{t}); err != nil {
			e.Log.Error("task could not be sent on", "error", err)
			return
		}
	}
	for _, err := range to.Ack(ctx, from, []string{d.Receipt}) {
		if err != nil {
			e.Log.Error("message could not be acknowledged", "error", err)
		}
	}
}

// later carries over to the parked task what its next try must know.
func later(t Task, r Result) Task {
	t.Stale, t.Needed = r.Stale, t.Needed || r.Needed
	if t.Cause == "retry" && connector.FaultOf(r.Err) == connector.Invalid {
		t.Cause = "wake" // what was refused is left out of the next try: a retry would offer it again, for ever
	}
	return t
}

// outsideRun is a task whose run has ended with it: looked at again, it belongs to none.
func outsideRun(t Task) Task {
	t.Run, t.Page, t.Plan, t.Cause = "", 0, "", "wake"
	return t
}

func reasonOf(r Result) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return ""
}

func backoff(receives int) time.Duration {
	return min(time.Second<<min(receives, 10), 10*time.Minute)
}

// logBatch writes one line a batch, and one for each task that failed: ids and categories, never values.
func (e *Engine) logBatch(from lane.Lane, tasks []Task, results []Result, took time.Duration) {
	ends := map[End]int{}
	var counts Counts
	for n, r := range results {
		ends[r.End]++
		counts.add(r.Counts)
		if r.End == Retry {
			e.Log.Warn("task failed", "ref", tasks[n].Ref.String(), "cause", tasks[n].Cause, "error", r.Err)
		}
	}
	e.Log.LogAttrs(context.Background(), slog.LevelInfo, "worked", slog.String("lane", string(from)), slog.Int("tasks", len(tasks)),
		slog.Int("done", ends[Done]), slog.Int("later", ends[Later]), slog.Int("never", ends[Never]), slog.Int("retry", ends[Retry]),
		slog.Int("writes", counts.Writes()), slog.Int64("ms", took.Milliseconds()))
}

// named tells whether a message that this release does not read, another one's, says all the same which records it is about.
func named(tasks []Task) bool {
	return len(tasks) > 0 && !slices.ContainsFunc(tasks, func(t Task) bool { return t.Ref.IsZero() })
}

// DeadLetters turns dead letters into sync errors at once, without their values, and ends their runs' waiting for them.
func (e *Engine) DeadLetters(ctx context.Context) (int, error) {
	total := 0
	for _, from := range []lane.Lane{lane.Live, lane.Bulk} {
		dead, err := e.Queue.Dead(ctx, from, 10)
		if err != nil {
			return total, err
		}
		for _, d := range dead {
			m, err := decodeMessage(d.Body)
			if err != nil && !named(m.Tasks) {
				m.Tasks = []Task{{Cause: "unreadable message"}}
			}
			results := make([]Result, len(m.Tasks))
			for n, t := range m.Tasks {
				results[n] = Result{End: Never, Counts: Counts{Failed: 1}}
				text := fmt.Sprintf("it failed %d times in a way that is not understood. See the log of its last try, then: crosswalk retry %s", lane.MaxReceives, t.Ref)
				if err := e.openError(ctx, plan.Poison, t.Mapping, t.Ref, t.Ref, text); err != nil {
					return total, err
				}
			}
			if err := e.mark(ctx, m.Tasks, results); err != nil {
				return total, err
			}
			if err := firstError(e.Queue.AckDead(ctx, from, []string{d.Receipt})); err != nil {
				return total, err
			}
			total++
		}
	}
	return total, nil
}
