package token

import (
	"context"
	"errors"
	"time"
)

// Mint asks for an access token that comes without a refresh token: it is asked for again when it is no longer good. A
// zero expiry is one that nobody named: the token is used until it is refused. Its errors are *DeadError where a person must do something, *RefreshError for all else. JWT and ClientCredentials make some.
type Mint func(ctx context.Context) (access string, expiry time.Time, err error)

// deadFor is how long a dead grant is believed to be dead. There is no pair in a store to replace: the person mends it at
// the vendor, and nobody tells us.
const deadFor = 10 * time.Minute

// Minted is the token source of a grant that needs no person: nothing of it is stored, each process mints its own. Make
// it with NewMinted; it is safe for concurrent use, and all callers that find one token stale share one renewal.
type Minted struct {
	mint Mint
	turn chan struct{} // held by whoever looks at or renews the token; a channel, so that waiting ends with ctx

	// below: only while holding turn
	access string
	life   time.Duration
	expiry time.Time
	tries  int   // renewals that ended, for callers that waited through one
	failed error // of the last renewal
	dead   *DeadError
	since  time.Time // of dead
}

// NewMinted makes a token source.
func NewMinted(mint Mint) *Minted {
	m := &Minted{mint: mint, turn: make(chan struct{}, 1)}
	m.turn <- struct{}{}
	return m
}

// Token gives an access token that is good for some minutes yet. When a renewal that was only early fails, the old token
// is given as long as it lasts.
func (m *Minted) Token(ctx context.Context) (string, error) {
	return m.current(ctx, m.fresh, true)
}

// fresh tells whether the token is good for some minutes yet: Early, or a third of a life that is shorter than that.
func (m *Minted) fresh() bool {
	return m.access != "" && (m.expiry.IsZero() || time.Until(m.expiry) > min(Early, m.life/3))
}

func (m *Minted) alive() bool {
	return m.access != "" && (m.expiry.IsZero() || time.Now().Before(m.expiry))
}

// Renew gives another token than the stale one, which the vendor refused with 401.
func (m *Minted) Renew(ctx context.Context, stale string) (string, error) {
	return m.current(ctx, func() bool { return m.access != stale && m.alive() }, false)
}

func (m *Minted) current(ctx context.Context, good func() bool, lenient bool) (string, error) {
	waited := false
	select {
	case <-m.turn:
	default:
		waited = true
		select {
		case <-m.turn:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	defer func() { m.turn <- struct{}{} }()
	if good() {
		return m.access, nil
	}
	err := m.failed
	if err == nil || !waited { // nobody tried while we waited
		err = m.renew(ctx)
	}
	if err == nil {
		return m.access, nil
	}
	var dead *DeadError
	if lenient && !errors.As(err, &dead) && m.alive() {
		return m.access, nil
	}
	return "", err
}

func (m *Minted) renew(ctx context.Context) error {
	if m.dead != nil && time.Since(m.since) < deadFor {
		return m.dead
	}
	access, expiry, err := m.mint(ctx)
	if ctx.Err() != nil && err != nil {
		return err // a caller who gave up says nothing about the vendor to those who waited
	}
	m.failed, m.dead = err, nil
	if err != nil {
		if errors.As(err, &m.dead) {
			m.since = time.Now()
		}
		return err
	}
	m.access, m.expiry, m.life = access, expiry, time.Until(expiry)
	return nil
}
