package budget

import (
	"fmt"
	"time"
)

// pace is how the slots of a bucket are spaced when many workers share it. A worker is granted several slots at once: at most
// the horizon ahead, and each is used within late after it is due, or lost. So a window of the vendor's sees at most the slots of
// window + horizon + late + jitter, and the interval is such that those are no more than its calls:
//
//   - late: a slot may be used that much after its time;
//   - jitter: calls may arrive that much closer together than they were sent;
//   - horizon: workers carry the bucket's time by their own clocks from what they last read, so one that read an old item is
//     behind the others. When one of those comes, and the bucket's time leaps, the slots that the slow ones still hold are used
//     beside new ones: at most the horizon's worth, once in a window, since time that nobody saw passing was not used either;
//   - early: calls that count in a narrower bucket too go when that one lets them, before slots that others hold already; what
//     the narrower one lets through within the horizon is kept free for that.
//
// shared_test.go holds this against a judge that knows nothing of slots.
type pace struct {
	interval, horizon, late time.Duration
	most                    int // slots of one grant
}

// Limits of a grant: a write of the table for up to so many calls, and no slots further ahead than a worker would wait.
const (
	mostSlots   = 20
	farthest    = 4 * time.Second
	leastLate   = 50 * time.Millisecond // timers and busy processors
	horizonPart = 16                    // of the window
	latePart    = 50
	jitterPart  = 100
)

// paces gives the pace of each bucket, by name.
func paces(buckets []Bucket) (map[string]pace, error) {
	out := map[string]pace{}
	within := map[string][]pace{} // of the narrower ones
	for _, wide := range []bool{false, true} {
		for _, b := range buckets {
			if (b.Within == "") != wide {
				continue
			}
			p, err := paceOf(b, within[b.Name])
			if err != nil {
				return nil, err
			}
			out[b.Name] = p
			within[b.Within] = append(within[b.Within], p)
		}
	}
	return out, nil
}

func paceOf(b Bucket, narrower []pace) (pace, error) {
	p := pace{late: max(b.Per/latePart, leastLate), horizon: min(b.Per/horizonPart, farthest)}
	calls := b.Calls
	for _, n := range narrower {
		calls -= int(ceil(p.horizon, n.interval)) + 1
	}
	if calls < 2 {
		return pace{}, fmt.Errorf("budget %q: a shared bucket has at least 2 calls in its time, and more where others are within it; widen both", b.Name)
	}
	span := b.Per + p.late + b.Per/jitterPart
	p.interval = ceil(span+p.horizon, time.Duration(calls))
	switch {
	case p.interval > p.horizon: // one slot at a time
		p.interval = ceil(span, time.Duration(calls-1))
		p.horizon = p.interval
	case mostSlots*p.interval < p.horizon:
		if calls > mostSlots {
			p.interval = ceil(span, time.Duration(calls-mostSlots))
		}
		p.horizon = mostSlots * p.interval
	}
	p.most = int(min(p.horizon/p.interval, mostSlots))
	return p, nil
}

func ceil(d, by time.Duration) time.Duration { return (d + by - 1) / by }
