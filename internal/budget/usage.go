package budget

import (
	"cmp"
	"slices"
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

// Uses gives the calls of the last 24 hours, to ten minutes, by mapping and cause.
func (l *Limiter) Uses() []Use {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used.forget(time.Now())
	var out []Use
	for key, grains := range l.used {
		use := Use{Mapping: key.mapping, Cause: key.cause}
		for _, n := range grains {
			use.Calls += n
		}
		out = append(out, use)
	}
	slices.SortFunc(out, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Mapping, b.Mapping), cmp.Compare(a.Cause, b.Cause))
	})
	return out
}
