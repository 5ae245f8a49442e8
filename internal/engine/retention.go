package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
)

// Retention is how long each class of what is remembered is kept. A zero is the default, Forever keeps it. Links,
// intentions, approvals, decisions of people and versions of mappings are kept for ever whatever stands here; parked
// tasks and sync errors go when they are over.
type Retention struct {
	Documents time.Duration // audit trail of documents; default Forever
	Others    time.Duration // audit trail of every other record; default 400 days
	Values    time.Duration // the values in both, and in previews; default 90 days
	Runs      time.Duration // runs and the rows of saved plans; default 90 days
}

// Forever keeps what it stands for.
const Forever time.Duration = -1

const day = 24 * time.Hour

// WithDefaults fills in what was left out. Values never outlive what they belong to.
func (r Retention) WithDefaults() Retention {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{{&r.Documents, Forever}, {&r.Others, 400 * day}, {&r.Values, 90 * day}, {&r.Runs, 90 * day}} {
		if *d.field == 0 {
			*d.field = d.standard
		}
	}
	return r
}

// until is when something of a class that is stored now may be forgotten; zero is never.
func until(now time.Time, keep time.Duration) time.Time {
	if keep < 0 {
		return time.Time{}
	}
	return now.Add(keep)
}

// shorter is the earlier of two ends, zero being never.
func shorter(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// keeper is a table that gives runs and the rows of plans their end, so that no put of theirs can forget it. The audit
// trail sets its own; everything else stays.
type keeper struct {
	table.Table
	keep Retention
}

// Put is table.Table's.
func (k keeper) Put(ctx context.Context, puts []table.Put) []error {
	puts = slices.Clone(puts)
	for n := range puts {
		p := &puts[n]
		if p.Delete || !p.Expires.IsZero() {
			continue
		}
		switch {
		case p.PK == runsPK || strings.HasPrefix(p.PK, runsPK+"#"):
			p.Expires = until(time.Now(), k.keep.Runs)
		case strings.HasPrefix(p.PK, plansPK+"#"): // the heads stay: they are the approvals
			p.Expires = shorter(until(time.Now(), k.keep.Runs), until(time.Now(), k.keep.Values))
		}
	}
	return k.Table.Put(ctx, puts)
}

// Partitions of runs and plans; see keys.go.
const (
	runsPK  = "R"
	plansPK = "N"
)
