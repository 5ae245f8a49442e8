package shelf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Lease lets one worker at a time do something; it is a token.Locker. A worker that died holding it is waited out.
//
// Clocks: the lease of a holder that vanished is taken over when the waiter's own clock has seen it unchanged for its whole
// length, which needs no agreement of clocks, or when its end is past by more than leaseSkew, which spares that wait where the
// holder died long ago. So clocks may be apart by leaseSkew; more than that is seen as Lambdas do not have it (their hosts are
// disciplined to milliseconds).
type Lease struct {
	shelf *Shelf
	key   string
	hold  time.Duration
	now   func() time.Time
}

// Lease limits.
const (
	DefaultHold = 90 * time.Second // renewing a credential takes a request of 30 s at most, and two calls of Secrets Manager
	leaseSkew   = 5 * time.Second
	firstLook   = 50 * time.Millisecond
	longLook    = time.Second
	releaseTime = 5 * time.Second
)

// Lease gives the lease of a name. hold is longer than whatever is done under it; 0 is DefaultHold. now is the worker's clock,
// nil is time.Now.
func (s *Shelf) Lease(name string, hold time.Duration, now func() time.Time) *Lease {
	if hold <= 0 {
		hold = DefaultHold
	}
	if now == nil {
		now = time.Now
	}
	return &Lease{s, "lease/" + name, hold, now}
}

// held is what stands on the shelf.
type held struct {
	Owner string `json:"owner"` // of this one Lock
	Until int64  `json:"until"` // milliseconds, by the holder's clock
}

// Lock waits until the lease is free and takes it; the function it gives lets go. The error is ctx's, or the table's.
func (l *Lease) Lock(ctx context.Context) (func(), error) {
	mine := newToken()
	var seen held
	var since time.Time // when seen was first seen
	for look := firstLook; ; look = min(2*look, longLook) {
		taken, err := l.try(ctx, mine, seen, since, func(h held) {
			if h.Owner != seen.Owner {
				seen, since = h, l.now()
			}
		})
		if taken {
			return func() { l.release(ctx, mine) }, nil
		}
		if err != nil && !errors.Is(err, ErrBusy) {
			return nil, err
		}
		if err := sleep(ctx, look/2+time.Duration(random()%uint64(look/2+1))); err != nil {
			return nil, fmt.Errorf("%s is held by another worker: %w", l.key, err)
		}
	}
}

// try takes the lease if it is free, ours already (an answer was lost), or its holder's time is over.
func (l *Lease) try(ctx context.Context, mine string, seen held, since time.Time, found func(held)) (taken bool, err error) {
	err = l.shelf.Swap(ctx, l.key, func(old []byte) ([]byte, bool) {
		now := l.now()
		var h held
		if json.Unmarshal(old, &h) == nil && h.Owner != "" && h.Owner != mine { // what does not read is nobody's
			over := now.After(time.UnixMilli(h.Until).Add(leaseSkew)) || h.Owner == seen.Owner && now.Sub(since) >= l.hold
			if !over {
				found(h)
				taken = false
				return nil, false
			}
		}
		taken = true
		return encode(held{mine, now.Add(l.hold).UnixMilli()}), true
	})
	return taken && err == nil, err
}

// release lets go of the lease if it is still ours. Where that fails the lease runs out by itself.
func (l *Lease) release(ctx context.Context, mine string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	_ = l.shelf.Swap(ctx, l.key, func(old []byte) ([]byte, bool) {
		var h held
		return encode(held{}), json.Unmarshal(old, &h) == nil && h.Owner == mine
	})
}

// encode writes our own types, which cannot fail; a failure is a mistake in this program.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("shelf: %T does not encode: %v", v, err))
	}
	return data
}
