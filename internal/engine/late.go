package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// late is what a process that begins without its secret comes by later (Config.Late): the secret, and the epoch held against
// the table's. Most of what such a process answers needs neither.
type late struct {
	mu     sync.Mutex // held by whoever asks for the secret
	secret atomic.Pointer[[]byte]
	epoch  atomic.Bool
}

// lateWithin is how long a secret may take that something needs without a context.
const lateWithin = 10 * time.Second

// Begin makes up for what the start left out; it does nothing where nothing is left. Whatever looks at mappings begins here by
// itself (standstill); a process that will need it anyway calls it at its start. A retry goes on.
func (e *Engine) Begin(ctx context.Context) error {
	if e.Late == nil || e.late.epoch.Load() {
		return nil
	}
	var errs [2]error
	e.Parallel(ctx, []func(context.Context){ // two stores: neither waits for the other
		func(ctx context.Context) { _, errs[0] = e.lateSecret(ctx) },
		func(ctx context.Context) { errs[1] = e.TakeEpoch(ctx) },
	})
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	e.late.epoch.Store(true)
	return nil
}

func (e *Engine) lateSecret(ctx context.Context) ([]byte, error) {
	e.late.mu.Lock()
	defer e.late.mu.Unlock()
	if have := e.late.secret.Load(); have != nil {
		return *have, nil
	}
	secret, err := e.Late(ctx)
	if err == nil && len(secret) < minSecret {
		err = errSecret
	}
	if err != nil {
		return nil, fmt.Errorf("the deployment's key: %w", err)
	}
	e.late.secret.Store(&secret)
	return secret, nil
}

// secret keys digests, markers and match keys. One that is late and cannot be had is a panic: nothing may be written under a
// key that is not the deployment's.
func (e *Engine) secret() []byte {
	if e.Late == nil {
		return e.Secret
	}
	if have := e.late.secret.Load(); have != nil {
		return *have
	}
	ctx, cancel := context.WithTimeout(context.Background(), lateWithin)
	defer cancel()
	secret, err := e.lateSecret(ctx)
	if err != nil {
		panic(err)
	}
	return secret
}
