package app

import (
	"context"
	"errors"
	"time"

	"crosswalk/internal/secret"
	"crosswalk/internal/store/shelf"
	"crosswalk/internal/token"
)

// A SalesPad user has one session at a time: another log-in ends it (salespad.md 2). So all workers share one, which is kept with
// the credentials, under the name that an OAuth pair has; whoever logs in does so under the lock of the connection, and so does
// a person who hands over another credential.

// keptSession keeps a session as a secret. Nothing kept is no error.
type keptSession struct{ token.Keeper }

// Load gives nothing where no session is kept.
func (k keptSession) Load(ctx context.Context) ([]byte, error) {
	raw, err := k.Keeper.Load(ctx)
	if errors.Is(err, secret.ErrMissing) {
		return nil, nil
	}
	return raw, err
}

// scratch keeps a session for as long as a credential is being tried.
type scratch struct{ session []byte }

// Load gives what was saved here.
func (s *scratch) Load(context.Context) ([]byte, error) { return s.session, nil }

// Save keeps it here.
func (s *scratch) Save(_ context.Context, session []byte) error {
	s.session = session
	return nil
}

// turn is the lock of one process that works alone.
type turn chan struct{}

func newTurn() turn {
	t := make(turn, 1)
	t <- struct{}{}
	return t
}

// Lock waits for the turn. The error is ctx's.
func (t turn) Lock(ctx context.Context) (func(), error) {
	select {
	case <-t:
		return func() { t <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// logins is the lock under which a connection's session is opened. It is held for a log-in and a ping at most.
func logins(name string, c Connection, on *shelf.Shelf) token.Locker {
	if on == nil {
		return newTurn()
	}
	return on.Lease(name, max(shelf.DefaultHold, 2*time.Duration(c.Deadline)+30*time.Second), nil)
}

// alone keeps others from logging in, where one log-in ends the session of another; elsewhere it does nothing.
func (w *wire) alone(ctx context.Context) (func(), error) {
	if !w.system.session {
		return func() {}, nil
	}
	return w.renewals.Lock(ctx)
}
