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
// window can hold more than Calls. Daily, when not 0, is what the vendor allows a day: by the calendar day of Zone, or in any
// 24 hours where Rolling is set. Of it a Share is spent.
type Bucket struct {
	Name    string
	Calls   int
	Per     time.Duration
	Daily   int
	Zone    *time.Location // nil: UTC
	Rolling bool
	Reserve float64 // share of both limits that bulk work leaves alone, 0 up to 0.9
	Within  string  // a wider bucket these calls also count in
}

// check refuses a bucket without a pace, and one that is within an unknown one.
func check(buckets []Bucket) error {
	byName := map[string]Bucket{}
	for _, b := range buckets {
		if b.Name == "" || b.Calls <= 0 || b.Per <= 0 || b.Daily < 0 || b.Reserve < 0 || b.Reserve > 0.9 {
			return fmt.Errorf("budget %q: want a name, calls and per above 0, daily at least 0, reserve from 0 to 0.9", b.Name)
		}
		byName[b.Name] = b
	}
	for _, b := range buckets {
		if wider, ok := byName[b.Within]; b.Within != "" && (!ok || b.Within == b.Name || wider.Within != "") {
			return fmt.Errorf("budget %q: within %q: name another bucket that is itself within none", b.Name, b.Within)
		}
	}
	return nil
}

// Limiter is the rest.Gate of one connection in one process. It is safe for concurrent use.
type Limiter struct {
	patience time.Duration
	mu       sync.Mutex
	buckets  map[string]*state
	share    keptShare
	zoned    bool
	Counter  // of what it let through
}

// state of one bucket: when the next call may go, for all and for bulk, and the day's count.
type state struct {
	rule
	interval time.Duration
	next     time.Time
	bulk     time.Time
	blocked  time.Time
	day      day
}

// New makes a limiter. It refuses a bucket without a pace, and one that is within an unknown one.
func New(buckets ...Bucket) (*Limiter, error) {
	if err := check(buckets); err != nil {
		return nil, err
	}
	l := &Limiter{patience: Patience, buckets: map[string]*state{}}
	for _, b := range buckets {
		interval := (b.Per + time.Duration(b.Calls) - 1) / time.Duration(b.Calls)
		l.buckets[b.Name] = &state{rule: rule{Bucket: b}, interval: interval}
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
	l.takeUpShare(ctx)
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
	b.day.count(b.rule, time.Now(), -n)
	return false
}

// reserve takes the next free instant for n calls, for bulk or live work.
func (b *state) reserve(now time.Time, n int, bulk bool, patience time.Duration) (time.Time, *WaitError) {
	if n > b.day.left(b.rule, now, bulk) {
		return time.Time{}, &WaitError{Bucket: b.Name, Until: b.day.resumes(b.rule, now), Daily: true}
	}
	at := latest(now, b.next, b.blocked)
	if at.Sub(now) > patience {
		return time.Time{}, &WaitError{Bucket: b.Name, Until: at}
	}
	b.next = at.Add(b.interval * time.Duration(n))
	b.day.count(b.rule, now, n)
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

// Block closes a bucket until then, after the vendor said so. A block is never shortened. An unknown bucket is
// nobody's and ignored.
func (l *Limiter) Block(bucket string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[bucket]; ok {
		b.blocked = latest(b.blocked, until)
	}
}

// Observe takes the vendor's word on a bucket's day, which other programs use too. An unknown bucket is nobody's.
func (l *Limiter) Observe(bucket string, seen Seen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[bucket]; ok {
		b.day.hear(b.rule, time.Now(), seen, b.day.Total)
	}
}

// SetZone says in which zone the account's days are, once that is known.
func (l *Limiter) SetZone(zone *time.Location) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.zoned = true
	for _, b := range l.buckets {
		b.Zone = zone
	}
}

// Zoned tells whether SetZone was called.
func (l *Limiter) Zoned() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.zoned
}

// SetShares says where the share is read that a person sets; without it the share is the default.
func (l *Limiter) SetShares(from Shares) { l.share.set(from) }

func (l *Limiter) takeUpShare(ctx context.Context) {
	share := l.share.get(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.buckets {
		b.share = share
	}
}

// Refresh takes up what a person set, at once.
func (l *Limiter) Refresh(ctx context.Context) error {
	err := l.share.refresh(ctx)
	l.takeUpShare(ctx)
	return err
}

// Standings gives every bucket, by name.
func (l *Limiter) Standings() []Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var out []Standing
	for _, name := range slices.Sorted(maps.Keys(l.buckets)) {
		b := l.buckets[name]
		out = append(out, b.day.standing(b.rule, now, b.blocked))
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
