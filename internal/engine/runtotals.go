package engine

import (
	"context"
	"sync/atomic"
	"time"

	"crosswalk/internal/engine/table"
)

// What runs come to: their totals, which the list of runs shows, and the calls that were made for them.

// runCalls counts the calls of one batch of a run's work.
type runCalls struct{ n atomic.Int64 }

type runCallsKey struct{}

// CountCalls adds calls to the run that they are made for, if any. Who calls this: whatever lets calls through to a vendor, once each;
// it is safe for concurrent use.
func CountCalls(ctx context.Context, n int) {
	if c, ok := ctx.Value(runCallsKey{}).(*runCalls); ok {
		c.n.Add(int64(n))
	}
}

// countingCalls has calls under the context counted.
func countingCalls(ctx context.Context) (context.Context, *runCalls) {
	c := &runCalls{}
	return context.WithValue(ctx, runCallsKey{}, c), c
}

// changedOverlap is how much further back a run of what changed reaches than where its feed was last read to the end: what a search
// shows late is in it too.
const changedOverlap = 10 * time.Minute

// changedSince is from when a run looks at what changed at one side: since the schedule last read it to the end. Zero but for such a run.
func (e *Engine) changedSince(ctx context.Context, r *Run, a *Active) (time.Time, error) {
	if r.Kind != "changed" {
		return time.Time{}, nil
	}
	if r.Cursor != nil {
		return r.From, nil
	}
	got, err := getItem[feed](ctx, e.Table, feedKey(a.ConnA, a.A.Object))
	if err != nil {
		return time.Time{}, err
	}
	r.From = a.Head.At.Add(-firstReach)
	if got.Value.ReadAt.After(r.From) {
		r.From = got.Value.ReadAt.Add(-changedOverlap)
	}
	return r.From, nil
}

// pageSum is what the sum needs of a run's page: a run of thousands of pages is asked for while it goes on, and their refs are most of them.
type pageSum struct {
	Bits   []bool `json:"bits"`
	Counts Counts `json:"counts"`
}

// sum adds up what the pages of a run came to; done is how many of its records ended.
func (e *Engine) sum(ctx context.Context, id string) (done int, counts Counts, err error) {
	err = list(ctx, e.Table, runPageKey(id, 0).PK, "page#", func(_ table.Key, p pageSum) bool {
		for _, bit := range p.Bits {
			if bit {
				done++
			}
		}
		counts.add(p.Counts)
		return true
	})
	return done, counts, err
}

// summed is how many of the newest runs the list adds up that did not keep their totals when they ended.
const summed = 50

// withTotals fills in, for a list of runs, what each came to until now.
func (e *Engine) withTotals(ctx context.Context, runs []Run) error {
	added := 0
	for n := range runs {
		r := &runs[n]
		switch {
		case r.Totals != nil:
			r.Counts.add(*r.Totals)
			r.Done = r.Listed
		case added < summed:
			added++
			full, err := e.GetRun(ctx, r.ID)
			if err != nil {
				return err
			}
			*r = full
		}
	}
	return nil
}
