package budget

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	grain = 10 * time.Minute
	kept  = 24 * time.Hour
)

// usage counts calls by what they were for, in grains of ten minutes.
type usage map[who]map[int64]int

type who struct{ mapping, cause string }

func (u usage) add(now time.Time, l Label, n int) {
	key := who{l.Mapping, l.Cause}
	if u[key] == nil {
		u[key] = map[int64]int{}
	}
	u[key][now.UnixNano()/int64(grain)] += n
	u.forget(now)
}

// forget drops what is older than a day, so that the table stays as small as the list of mappings.
func (u usage) forget(now time.Time) {
	oldest := now.Add(-kept).UnixNano() / int64(grain)
	for key, grains := range u {
		for at := range grains {
			if at <= oldest {
				delete(grains, at)
			}
		}
		if len(grains) == 0 {
			delete(u, key)
		}
	}
}

// Use is how many calls one mapping made for one cause.
type Use struct {
	Mapping, Cause string
	Calls          int
}

// HourUse is a Use within one hour, named by its beginning.
type HourUse struct {
	Hour time.Time
	Use
}

// Counter is a rest.Gate that lets everything through and counts it. The zero Counter is ready; it is safe for concurrent
// use.
type Counter struct {
	mu    sync.Mutex
	used  usage
	fresh map[HourUse]int // since the last Drain; the key's Calls is 0
}

// Enter counts n calls to the label of ctx. It never fails.
func (c *Counter) Enter(ctx context.Context, _ string, n int) error {
	c.count(Of(ctx), n)
	return nil
}

func (c *Counter) count(l Label, n int) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used == nil {
		c.used, c.fresh = usage{}, map[HourUse]int{}
	}
	c.used.add(now, l, n)
	c.fresh[HourUse{now.UTC().Truncate(time.Hour), Use{Mapping: l.Mapping, Cause: l.Cause}}] += n
}

// Uses gives the calls of the last 24 hours, to ten minutes, by mapping and cause, as far as this process made them.
func (c *Counter) Uses() []Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used.forget(time.Now())
	var out []Use
	for key, grains := range c.used {
		use := Use{Mapping: key.mapping, Cause: key.cause}
		for _, n := range grains {
			use.Calls += n
		}
		out = append(out, use)
	}
	slices.SortFunc(out, func(a, b Use) int { return cmp.Or(cmp.Compare(a.Mapping, b.Mapping), cmp.Compare(a.Cause, b.Cause)) })
	return out
}

// Drain gives what was counted since the last Drain, by hour, and forgets it here: for a tally that outlives the process.
func (c *Counter) Drain() []HourUse {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []HourUse
	for key, n := range c.fresh {
		key.Calls = n
		out = append(out, key)
	}
	clear(c.fresh)
	slices.SortFunc(out, func(a, b HourUse) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Mapping, b.Mapping), cmp.Compare(a.Cause, b.Cause))
	})
	return out
}

// Return counts drained calls again, which could not be kept elsewhere.
func (c *Counter) Return(uses []HourUse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range uses {
		n := u.Calls
		u.Calls = 0
		c.fresh[u] += n
	}
}
