package token

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Early is how long before its expiry a token is renewed.
const Early = 5 * time.Minute

// Keeper keeps the pair of one account; a secret.Store under a fixed name is one (see Named).
type Keeper interface {
	Load(ctx context.Context) ([]byte, error)
	Save(ctx context.Context, pair []byte) error
}

// Locker keeps several processes from renewing one pair at the same time. Lock returns the unlock function.
type Locker interface {
	Lock(ctx context.Context) (func(), error)
}

// OAuth is the token source of one connected account. Make it with New; it is safe for concurrent use.
type OAuth struct {
	keeper   Keeper
	endpoint Endpoint
	locker   Locker
	turn     chan struct{} // held by whoever looks at or renews the pair; a channel, so that waiting ends with ctx
	asked    atomic.Int64  // counts renewals that ended, for callers that waited through one

	// below: only while holding turn
	pair    Pair
	loaded  bool
	unsaved bool // pair came from the vendor and is not in the keeper yet
	failed  error
}

// New makes a token source. locker may be nil where one process alone uses the pair.
func New(keeper Keeper, endpoint Endpoint, locker Locker) *OAuth {
	o := &OAuth{keeper: keeper, endpoint: endpoint, locker: locker, turn: make(chan struct{}, 1)}
	o.turn <- struct{}{}
	return o
}

// Token gives an access token that is good for some minutes yet. When a renewal that was only early fails, the
// old token is given as long as it lasts.
func (o *OAuth) Token(ctx context.Context) (string, error) {
	return o.current(ctx, Pair.early, true)
}

// Renew gives another token than the stale one, which the vendor refused with 401.
func (o *OAuth) Renew(ctx context.Context, stale string) (string, error) {
	return o.current(ctx, func(p Pair) bool { return p.Access != stale && p.alive() }, false)
}

// current gives the pair's access token once good says yes, renewing it if need be.
func (o *OAuth) current(ctx context.Context, good func(Pair) bool, lenient bool) (string, error) {
	before := o.asked.Load()
	select {
	case <-o.turn:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { o.turn <- struct{}{} }()
	if err := o.settle(ctx); err != nil {
		return "", err
	}
	if good(o.pair) && o.pair.Dead == "" {
		return o.pair.Access, nil
	}
	err := o.failed
	if err == nil || o.asked.Load() == before { // nobody tried while we waited
		err = o.renew(ctx, good)
	}
	if err == nil {
		return o.pair.Access, nil
	}
	var dead *DeadError
	if lenient && !errors.As(err, &dead) && !o.unsaved && o.pair.alive() {
		return o.pair.Access, nil
	}
	return "", err
}

// settle brings memory and keeper together: the pair is loaded once, and one that could not be saved is saved
// before anything else happens.
func (o *OAuth) settle(ctx context.Context) error {
	if o.unsaved {
		return o.save(ctx)
	}
	if o.loaded && o.pair.Dead == "" {
		return nil
	}
	return o.load(ctx)
}

func (o *OAuth) load(ctx context.Context) error {
	raw, err := o.keeper.Load(ctx)
	if err != nil {
		return err
	}
	pair, err := ParsePair(raw)
	if err != nil {
		return err
	}
	o.pair, o.loaded = pair, true
	return nil
}

// renew trades the refresh token under the lock of all processes, after looking whether another one did so.
func (o *OAuth) renew(ctx context.Context, good func(Pair) bool) error {
	if o.locker != nil {
		unlock, err := o.locker.Lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if err := o.load(ctx); err != nil {
		return err
	}
	if o.pair.Dead != "" {
		return &DeadError{Code: o.pair.Dead}
	}
	if good(o.pair) {
		return nil
	}
	fresh, err := o.endpoint.Refresh(ctx, o.pair.Refresh)
	if ctx.Err() == nil { // a caller who gave up says nothing about the vendor to those who waited
		o.failed = err
		o.asked.Add(1)
	}
	if err != nil {
		return o.bury(ctx, err)
	}
	o.pair, o.unsaved = fresh, true
	return o.save(ctx)
}

// save stores the pair; until it succeeded the pair is not used.
func (o *OAuth) save(ctx context.Context) error {
	raw, err := o.pair.Bytes()
	if err != nil {
		return err
	}
	if err := o.keeper.Save(ctx, raw); err != nil {
		return &RefreshError{Err: errors.New("the renewed credential could not be stored")}
	}
	o.unsaved = false
	return nil
}

// bury marks a dead pair in the keeper, so that no process and no restart asks the vendor again.
func (o *OAuth) bury(ctx context.Context, err error) error {
	var dead *DeadError
	if !errors.As(err, &dead) {
		return err
	}
	gone := o.pair
	gone.Dead = dead.Code
	raw, failed := gone.Bytes()
	if failed == nil {
		failed = o.keeper.Save(ctx, raw)
	}
	if failed == nil {
		o.pair = gone
	}
	return errors.Join(err, failed)
}
