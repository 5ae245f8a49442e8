package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
)

// Rhythms of a scheduled reconciliation.
const (
	Daily   = "daily"   // every day, of the month that yesterday belongs to; of a mapping without documents, of everything
	Monthly = "monthly" // on the first day of a month, or as soon after it as this program runs, of the month before; or of everything
)

// scheduler is who starts scheduled runs, as their record names it.
const scheduler = "schedule"

// dueCache remembers until when each scheduled run has been seen to, so that most polls ask the store nothing; and what a report
// under way has met.
type dueCache struct {
	mu    sync.Mutex
	until map[string]time.Time // by mapping

	visited visitCache // of the parity report under way
}

// reconcileDue starts the scheduled reconciliations whose time has come. A run's id is made of its day and mapping, so that
// two workers start one, and one that was missed is made up for.
func (e *Engine) reconcileDue(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(e.Reconcile)) {
		if err := e.reconcileWhenDue(ctx, name, e.Reconcile[name]); err != nil {
			errs = append(errs, fmt.Errorf("scheduled reconciliation of %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) reconcileWhenDue(ctx context.Context, name, rhythm string) error {
	now := time.Now()
	if !e.due.over(name, now) {
		return nil
	}
	a, err := e.LatestMapping(ctx, name)
	var missing *NotFoundError
	if errors.As(err, &missing) { // it is applied later
		e.due.note(name, now.Add(time.Minute))
		return nil
	}
	if err != nil {
		return err
	}
	account, err := e.account(ctx, a.ConnA)
	if err != nil {
		return err
	}
	today := zoned(now, account.TimeZone)
	midnight := func(day int) time.Time {
		return time.Date(today.Year(), today.Month(), day, 0, 0, 0, 0, today.Location())
	}
	from := midnight(today.Day())
	if rhythm == Monthly {
		from = midnight(1)
	}
	month := from.AddDate(0, 0, -1).Format("2006-01")
	if a.Document == nil { // both sides are compared as they are
		month = ""
	}
	r, err := e.reconcileRun(ctx, name, month, scheduler)
	if err != nil {
		e.due.note(name, midnight(today.Day()+1)) // a mistake in the configuration, told once a day
		return err
	}
	r.ID, r.At, r.Status, r.Expected = from.Format("20060102-000000-")+e.mac(3, "reconcile", name), now, "listing", -1
	if id, err := e.parityUnderWay(ctx, r); err != nil || id != "" && id != r.ID {
		e.due.note(name, now.Add(time.Minute)) // after the one that a person began
		return err
	}
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfAbsent()); err != nil && !lost(err) {
		return err
	}
	e.due.note(name, midnight(today.Day()+1))
	return nil
}

func (c *dueCache) over(name string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !now.Before(c.until[name])
}

func (c *dueCache) note(name string, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until == nil {
		c.until = map[string]time.Time{}
	}
	c.until[name] = until
}
