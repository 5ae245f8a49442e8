package budget

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Patience is how long a call is held in the worker before it is told to come back later.
const Patience = 5 * time.Second

// Bucket is one limit of a vendor. Calls per Per is kept as one call every Per/Calls: no burst, hence no rolling
// window can hold more than Calls. Daily, when not 0, is kept by the calendar day of Zone.
type Bucket struct {
	Name    string
	Calls   int
	Per     time.Duration
	Daily   int
	Zone    *time.Location // nil: UTC
	Reserve float64        // share of both limits that bulk work leaves alone, 0 up to 0.9
	Within  string         // a wider bucket these calls also count in
}

// Limiter is the rest.Gate of one connection in one process. It is safe for concurrent use.
type Limiter struct {
	patience time.Duration
	mu       sync.Mutex
	buckets  map[string]*state
	Counter  // of what it let through
}

// state of one bucket: when the next call may go, for all and for bulk, and the day's count.
type state struct {
	Bucket
	interval time.Duration
	next     time.Time
	bulk     time.Time
	blocked  time.Time
	day      string
	spent    int
}

// New makes a limiter. It refuses a bucket without a pace, and one that is within an unknown one.
func New(buckets ...Bucket) (*Limiter, error) {
	l := &Limiter{patience: Patience, buckets: map[string]*state{}}
	for _, b := range buckets {
		if b.Name == "" || b.Calls <= 0 || b.Per <= 0 || b.Daily < 0 || b.Reserve < 0 || b.Reserve > 0.9 {
			return nil, fmt.Errorf("budget %q: want a name, calls and per above 0, daily at least 0, reserve from 0 to 0.9", b.Name)
		}
		if b.Zone == nil {
			b.Zone = time.UTC
		}
		interval := (b.Per + time.Duration(b.Calls) - 1) / time.Duration(b.Calls)
		l.buckets[b.Name] = &state{Bucket: b, interval: interval}
	}
	for _, b := range buckets {
		if _, ok := l.buckets[b.Within]; b.Within != "" && (!ok || b.Within == b.Name || l.buckets[b.Within].Within != "") {
			return nil, fmt.Errorf("budget %q: within %q: name another bucket that is itself within none", b.Name, b.Within)
		}
	}
	return l, nil
}

// SetPatience changes how long a call is held before it gets a *WaitError; call it before first use.
func (l *Limiter) SetPatience(d time.Duration) { l.patience = d }

// Enter waits for room for n calls in the bucket and the one it is within, and counts them. It gives a
// *WaitError when room comes later than the patience allows, and ctx's error when that ends first.
func (l *Limiter) Enter(ctx context.Context, bucket string, n int) error {
	b, ok := l.buckets[bucket]
	if !ok {
		return fmt.Errorf("budget: no bucket %q is configured", bucket)
	}
	if err := l.pass(ctx, b, n); err != nil {
		return err
	}
	if b.Within != "" {
		if err := l.pass(ctx, l.buckets[b.Within], n); err != nil {
			return err
		}
	}
	l.count(Of(ctx), n)
	return nil
}

// pass takes a slot and waits for it. Bulk work queues at its own slower pace first and only then among the live
// calls, so that a live call stands behind one bulk call at most.
func (l *Limiter) pass(ctx context.Context, b *state, n int) error {
	bulk := Of(ctx).Bulk
	if bulk && b.Reserve > 0 {
		if err := l.wait(ctx, func(now time.Time) (time.Time, *WaitError) { return b.queue(now, n, l.patience) }); err != nil {
			return err
		}
	}
	for {
		err := l.wait(ctx, func(now time.Time) (time.Time, *WaitError) { return b.reserve(now, n, bulk, l.patience) })
		if err != nil || l.open(b, n) {
			return err
		}
	}
}

// wait asks for a slot and sleeps until it is there.
func (l *Limiter) wait(ctx context.Context, slot func(now time.Time) (time.Time, *WaitError)) error {
	l.mu.Lock()
	now := time.Now()
	at, refused := slot(now)
	l.mu.Unlock()
	if refused != nil {
		return refused
	}
	return sleep(ctx, at.Sub(now))
}

// open tells whether a slot that was waited for may be used; when the bucket was closed meanwhile, the slot is
// given back and another must be taken.
func (l *Limiter) open(b *state, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.blocked.After(time.Now()) {
		return true
	}
	b.spent = max(b.spent-n, 0)
	return false
}

// reserve takes the next free instant for n calls, for bulk or live work.
func (b *state) reserve(now time.Time, n int, bulk bool, patience time.Duration) (time.Time, *WaitError) {
	b.turn(now)
	if b.Daily > 0 && b.spent+n > b.cap(bulk) {
		return time.Time{}, &WaitError{Bucket: b.Name, Until: b.midnight(now), Daily: true}
	}
	at := latest(now, b.next, b.blocked)
	if at.Sub(now) > patience {
		return time.Time{}, &WaitError{Bucket: b.Name, Until: at}
	}
	b.next = at.Add(b.interval * time.Duration(n))
	b.spent += n
	return at, nil
}

// queue gives the instant at which bulk work may ask for a slot at all.
func (b *state) queue(now time.Time, n int, patience time.Duration) (time.Time, *WaitError) {
	at := latest(now, b.bulk, b.blocked)
	if at.Sub(now) > patience {
		return time.Time{}, &WaitError{Bucket: b.Name, Until: at}
	}
	b.bulk = at.Add(time.Duration(float64(b.interval) * float64(n) / (1 - b.Reserve)))
	return at, nil
}

// turn starts a new count when the vendor's day has changed.
func (b *state) turn(now time.Time) {
	if day := now.In(b.Zone).Format(time.DateOnly); day != b.day {
		b.day, b.spent = day, 0
	}
}

func (b *state) cap(bulk bool) int {
	if bulk {
		return b.Daily - int(float64(b.Daily)*b.Reserve)
	}
	return b.Daily
}

// midnight gives the next start of a day in the vendor's zone, across daylight saving.
func (b *state) midnight(now time.Time) time.Time {
	y, m, d := now.In(b.Zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, b.Zone)
}

// Block closes a bucket until then, after the vendor said so. A block is never shortened. An unknown bucket is
// nobody's and ignored.
func (l *Limiter) Block(bucket string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[bucket]; ok {
		b.blocked = latest(b.blocked, until)
	}
}

// Learn corrects the day's count by what the vendor says is left, which other apps use too. It never lowers it.
func (l *Limiter) Learn(bucket string, left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[bucket]; ok && b.Daily > 0 {
		b.turn(time.Now())
		b.spent = max(b.spent, b.Daily-left)
	}
}

// Standing is how a bucket stands now.
type Standing struct {
	Bucket  string
	Spent   int // of the vendor's day
	Daily   int // 0: no cap
	Resets  time.Time
	Blocked time.Time // zero when open
}

// Standings gives every bucket, by name.
func (l *Limiter) Standings() []Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var out []Standing
	for _, name := range slices.Sorted(maps.Keys(l.buckets)) {
		b := l.buckets[name]
		b.turn(now)
		s := Standing{Bucket: name, Spent: b.spent, Daily: b.Daily, Resets: b.midnight(now)}
		if b.blocked.After(now) {
			s.Blocked = b.blocked
		}
		out = append(out, s)
	}
	return out
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
