package embedded

import (
	"context"
	"slices"
	"time"

	"crosswalk/internal/engine/lane"
)

// Wait returns nil when the lane has something visible, so that a worker's loop is Wait, Receive, work. It
// returns the context's error when that ends first, ErrClosed when the queue is closed. Several workers can wait
// on one lane: all are woken, and who comes late receives nothing and waits again. Nothing is left over when it
// returns. Within a synctest bubble it blocks durably: its channel and timer are made in the call.
func (q *Queue) Wait(ctx context.Context, l lane.Lane) error {
	for {
		woken, visibleIn, err := q.await(ctx, l)
		if woken == nil {
			return err
		}
		if err := sleep(ctx, woken, visibleIn); err != nil {
			q.forget(l, woken)
			return err
		}
		q.forget(l, woken)
	}
}

// await gives a channel that is closed at the next change, and in how long the first hidden message becomes visible
// (negative: there is none). No channel means there is nothing to wait for.
func (q *Queue) await(ctx context.Context, l lane.Lane) (woken chan struct{}, visibleIn time.Duration, err error) {
	p, err := q.begin(ctx, l)
	if err != nil {
		return nil, 0, err
	}
	defer q.mu.Unlock()
	visibleIn = -1
	if len(p.alive) > 0 {
		now := time.Now()
		if p.alive.due(now) != nil {
			return nil, 0, nil
		}
		visibleIn = p.alive[0].visible.Sub(now)
	}
	woken = make(chan struct{})
	p.waiters = append(p.waiters, woken)
	return woken, visibleIn, nil
}

func sleep(ctx context.Context, woken <-chan struct{}, visibleIn time.Duration) error {
	var visible <-chan time.Time
	if visibleIn >= 0 {
		timer := time.NewTimer(visibleIn)
		defer timer.Stop()
		visible = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-woken:
	case <-visible:
	}
	return nil
}

func (q *Queue) forget(l lane.Lane, woken chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.lanes[l]
	p.waiters = slices.DeleteFunc(p.waiters, func(w chan struct{}) bool { return w == woken })
}

// wake ends every wait of the lane; the queue is locked.
func (p *piles) wake() {
	for _, w := range p.waiters {
		close(w)
	}
	p.waiters = nil
}
