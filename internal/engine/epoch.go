package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// A table that was restored from a backup lacks the links and intentions made since: creating again would double documents
// (T6). Nobody can see from the table alone that it is an older one, so it carries an epoch, and whoever restores it raises
// the configuration's by one. From then on nothing is written to any system until what was made has been read back
// (rebuild.go), and a person has let each mapping go on.

// life is what the table says about itself.
type life struct {
	Epoch    int       `json:"epoch"`
	Restored *Restored `json:"restored,omitempty"` // while nothing may be written
	Last     *Rebuild  `json:"last,omitempty"`     // the newest rebuild that came to its end
	// Marks is until when marks that were read back are looked up before a create.
	Marks time.Time `json:"marks,omitzero"`
}

// Restored says that the table was restored from a backup and that what was made since is not known yet.
type Restored struct {
	At      time.Time `json:"at"`   // when the raised epoch was first seen
	From    int       `json:"from"` // epoch of the backup
	Epoch   int       `json:"epoch"`
	Stopped bool      `json:"stopped,omitempty"` // every mapping that ran is paused
	Rebuild *Rebuild  `json:"rebuild,omitempty"` // once it was asked for
}

// Why says it in a sentence without an end.
func (r *Restored) Why() string {
	return fmt.Sprintf("the table was restored from a backup (epoch %d, now %d), and what was made since is not known yet", r.From, r.Epoch)
}

func lifeKey() table.Key { return table.Key{PK: "Y", SK: "epoch"} }

// EpochError is a configuration that is older than the table.
type EpochError struct{ Configured, Table int }

func (e *EpochError) Error() string {
	return fmt.Sprintf("epoch: the configuration says %d and the table carries %d: write epoch: %d (on AWS aws.epoch), one more only after a restore from a backup; or this is the wrong table", e.Configured, e.Table, e.Table)
}

// lifeCache is what this process knows of the table's life. While it is stopped the table is asked each time; else never.
type lifeCache struct {
	mu       sync.Mutex
	restored bool
	marks    time.Time
}

func (c *lifeCache) take(l life) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restored, c.marks = l.Restored != nil, l.Marks
}

func (c *lifeCache) now() (restored bool, marks time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.restored, c.marks
}

// TakeEpoch holds the configured epoch against the table's: absent is written, equal goes on, greater means that the table
// was restored and stops every mapping that runs, smaller is an *EpochError. A table that was used before there were epochs
// counts as of epoch 1. Who calls this: the wiring, once at the start. A retry goes on.
func (e *Engine) TakeEpoch(ctx context.Context) error {
	if e.Epoch == 0 {
		return nil
	}
	for tries := 0; ; tries++ {
		got, err := getItem[life](ctx, e.Table, lifeKey())
		if err != nil {
			return err
		}
		next, changed, err := e.nextLife(ctx, got.Value, got.Rev != 0)
		if err != nil {
			return err
		}
		if changed {
			err := e.putOne(ctx, lifeKey(), next, table.IfRev(got.Rev))
			if lost(err) && tries < 20 {
				continue // another worker raised it
			}
			if err != nil {
				return err
			}
		}
		e.life.take(next)
		if next.Restored != nil && !next.Restored.Stopped {
			return e.stopAll(ctx)
		}
		return nil
	}
}

func (e *Engine) nextLife(ctx context.Context, l life, exists bool) (life, bool, error) {
	switch {
	case !exists:
		heads, err := e.Heads(ctx)
		if err != nil {
			return l, false, err
		}
		if len(heads) == 0 || e.Epoch == 1 {
			return life{Epoch: e.Epoch}, true, nil
		}
		l.Epoch = 1
	case e.Epoch < l.Epoch:
		return l, false, &EpochError{Configured: e.Epoch, Table: l.Epoch}
	case e.Epoch == l.Epoch:
		return l, false, nil
	}
	l.Restored = &Restored{At: time.Now(), From: l.Epoch, Epoch: e.Epoch}
	l.Epoch = e.Epoch
	return l, true, nil
}

// standstill gives the restore that nothing may be written after; nil when there is none.
func (e *Engine) standstill(ctx context.Context) (*Restored, error) {
	if err := e.Begin(ctx); err != nil {
		return nil, err
	}
	if restored, _ := e.life.now(); !restored {
		return nil, nil
	}
	got, err := getItem[life](ctx, e.Table, lifeKey())
	if err != nil {
		return nil, err
	}
	e.life.take(got.Value)
	return got.Value.Restored, nil
}

// hold shows a mapping that runs as stopped by the restore, whether or not it has been paused yet. A nil restore holds nothing.
func (r *Restored) hold(h Head) Head {
	if r != nil && runs(h) {
		h.Was, h.Status, h.Trial, h.Restored = h.Status, mapping.Paused, 0, r.Epoch
	}
	return h
}

func runs(h Head) bool { return h.Status == mapping.Live || h.Status == mapping.Pilot }

// refuseRestored refuses what would write before a restored table knows what there is.
func (e *Engine) refuseRestored(ctx context.Context) error {
	r, err := e.standstill(ctx)
	if err != nil || r == nil {
		return err
	}
	if r.Rebuild != nil {
		return &RefusedError{r.Why() + "; it is being read back", "wait for the end of: crosswalk rebuild"}
	}
	return &RefusedError{r.Why(), "first have it read back: crosswalk rebuild"}
}

// stopAll pauses every mapping that runs, as of when the backup last read its feeds: resumed, it reads again what came since.
// Done twice, it gives the same.
func (e *Engine) stopAll(ctx context.Context) error {
	got, err := getItem[life](ctx, e.Table, lifeKey())
	if err != nil || got.Value.Restored == nil {
		return err
	}
	r := *got.Value.Restored
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if !runs(h) {
			continue
		}
		if err := e.stopRestored(ctx, h, r); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	if err := e.endRuns(ctx, r); err != nil {
		return err
	}
	_, err = change(ctx, e, lifeKey(), func(l *life, _ bool) bool {
		if l.Restored == nil || l.Restored.Epoch != r.Epoch || l.Restored.Stopped {
			return false
		}
		l.Restored.Stopped = true
		return true
	})
	return err
}

func (e *Engine) stopRestored(ctx context.Context, h Head, r Restored) error {
	a, err := e.bind(ctx, h, running(h))
	if err != nil {
		return err
	}
	since, err := e.readUntil(ctx, a)
	if err != nil {
		return err
	}
	stopped := false
	h, err = change(ctx, e, mappingHeadKey(h.Name), func(h *Head, exists bool) bool {
		if stopped = exists && runs(*h); !stopped {
			return false
		}
		h.Was, h.Status, h.Trial, h.Since, h.Restored = h.Status, mapping.Paused, 0, since, r.Epoch
		return true
	})
	if err != nil || !stopped {
		return err
	}
	return e.decided(ctx, Decision{Mapping: h.Name, Version: h.Running, Status: mapping.Paused, Actor: "crosswalk", Note: r.Why()})
}

// readUntil is up to when all feeds of a mapping have been read, as far as the table knows.
func (e *Engine) readUntil(ctx context.Context, a *Active) (time.Time, error) {
	oldest := time.Now()
	for _, object := range append([]string{a.A.Object}, a.watches()...) {
		f, err := getItem[feedTimes](ctx, e.Table, feedKey(a.ConnA, object))
		if err != nil {
			return oldest, err
		}
		at := f.Value.ReadAt
		if at.IsZero() {
			at = a.Head.At
		}
		if at.Before(oldest) {
			oldest = at
		}
	}
	return oldest, nil
}

// endRuns ends the runs that were under way when the backup was made: they came to their end long ago, or never.
func (e *Engine) endRuns(ctx context.Context, r Restored) error {
	all, err := e.Runs(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if !one.underWay() || one.At.After(r.At) {
			continue
		}
		_, err := change(ctx, e, runKey(one.ID), func(run *Run, exists bool) bool {
			if !exists || !run.underWay() {
				return false
			}
			run.Status, run.Ended, run.Error = "failed", time.Now(), "it was under way when the backup was made that the table was restored from; start it again"
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stops says why nothing is written; "" when something is.
func (r *Restored) stops() string {
	if r == nil {
		return ""
	}
	return r.Why() + "; nothing is written before: crosswalk rebuild"
}

// pollRestored is what is done while nothing may be written: reading back what was made, once a person asked for it, and
// telling people.
func (e *Engine) pollRestored(ctx context.Context) error {
	errs := []error{e.tellRestored(ctx)}
	_, err := e.DeadLetters(ctx)
	errs = append(errs, err)
	for began := time.Now(); time.Since(began) < listFor; {
		more, err := e.StepRebuild(ctx)
		if errs = append(errs, err); err != nil || !more {
			break
		}
	}
	return errors.Join(append(errs, e.TellNews(ctx))...)
}

// The two things that operations are told of a restore.
const (
	concernRestored = "rebuild"
	concernResume   = "resume"
)

// tellRestored has operations know that nothing is written.
func (e *Engine) tellRestored(ctx context.Context) error {
	return e.Raise(ctx, Concern{Event: EventStop, Category: plan.Restored, Name: concernRestored, Command: "crosswalk rebuild"})
}

// tellResumed is tellResume where a rebuild has been: a mapping went on.
func (e *Engine) tellResumed(ctx context.Context) error {
	if _, marks := e.life.now(); marks.IsZero() {
		return nil
	}
	return e.tellResume(ctx)
}

// tellResume has operations know, after a rebuild, that mappings wait for a person; it ends with the last of them.
func (e *Engine) tellResume(ctx context.Context) error {
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	heads = slices.DeleteFunc(heads, func(h Head) bool { return h.Restored == 0 })
	if len(heads) == 0 {
		return e.Lower(ctx, EventStop, "", concernResume)
	}
	return e.Raise(ctx, Concern{Event: EventStop, Category: plan.Restored, Name: concernResume, Command: "crosswalk resume " + heads[0].Name})
}
