package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/web"
)

// budgets tells how every connection's limits stand now, with what other workers did.
func (a *App) budgets(ctx context.Context) ([]web.ConnectionBudget, error) {
	out := []web.ConnectionBudget{}
	for _, name := range slices.Sorted(maps.Keys(a.meters)) {
		b := web.ConnectionBudget{Connection: name}
		if g := a.meters[name].limiter; g != nil {
			if err := g.Refresh(ctx); err != nil {
				return nil, err
			}
			b.Limited = true
			for _, s := range g.Standings() {
				b.Buckets = append(b.Buckets, bucketOf(s))
			}
		}
		out = append(out, b)
	}
	return out, nil
}

func bucketOf(s budget.Standing) web.BudgetBucket {
	b := web.BudgetBucket{Bucket: s.Bucket, Limit: s.Limit, Share: s.Share.String(), PerDay: s.Daily, Used: s.Ours, Day: s.Day, Out: s.Out(), Blocked: optional(s.Blocked)}
	if s.Word >= 0 {
		b.Word, b.WordAt = &s.Word, optional(s.Told)
	}
	if s.Left >= 0 {
		b.Left, b.Resumes = &s.Left, optional(s.Resumes())
	}
	return b
}

// optional leaves a zero time out.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// allowances tells how many calls each connection has left today, as of what this process last knew of the others' calls.
func (a *App) allowances() []web.Allowance {
	var out []web.Allowance
	for _, name := range slices.Sorted(maps.Keys(a.Limiters)) {
		for _, s := range a.Limiters[name].Standings() {
			one := web.Allowance{Connection: name, Bucket: s.Bucket, LeftToday: s.Left}
			if s.Out() {
				one.OutUntil = optional(s.Resumes())
			}
			out = append(out, one)
		}
	}
	return out
}

// lookEvery is how often a process looks what the others spent, where nothing else has it do so.
const lookEvery = 20 * time.Second

// refreshBudgets looks what other workers spent and people set, and tells them what this one knows.
func (a *App) refreshBudgets(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(a.meters)) {
		m := a.meters[name]
		if m.limiter == nil || !m.looks(time.Now()) {
			continue
		}
		errs = append(errs, m.limiter.Refresh(ctx))
		if c := a.Config.Connections[name]; inAccountZone[c.System] && !m.limiter.Zoned() && m.asks(time.Now()) {
			a.accountOf(ctx, name, a.Connectors[name]) // tells the zone; a start in the cloud asks no vendor
		}
	}
	return errors.Join(errs...)
}

// askEvery is how often an account is asked for its zone while it does not answer.
const askEvery = time.Hour
