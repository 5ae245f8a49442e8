package app

import "crosswalk/internal/budget"

// limits are the vendor's own, less what is left to other programs: at most 80 % of the day (invariant Q10), and of both a
// fifth that bulk work leaves to live changes.
func limits(c Connection) (*budget.Limiter, error) {
	sys, ok := systems[c.System]
	if c.Limits == "off" || !ok {
		return nil, nil
	}
	const dayShare, reserve = 80, 0.2
	buckets := sys.limits(c)
	for n := range buckets {
		buckets[n].Daily = buckets[n].Daily * dayShare / 100
		buckets[n].Reserve = reserve
	}
	return budget.New(buckets...)
}
