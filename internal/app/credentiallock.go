package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"crosswalk/internal/engine/table"
)

// tableLock keeps the workers of a deployment from renewing one credential at the same time: vendors that rotate refresh
// tokens kill the old one at once. It is a token.Locker.
type tableLock struct {
	table table.Table
	key   table.Key
}

const (
	renewalFor = 45 * time.Second // longer than a token endpoint may take (30 s): whoever held the lock is gone by then
	askForTurn = 250 * time.Millisecond
)

// Lock waits for its turn, or for ctx.
func (l tableLock) Lock(ctx context.Context) (func(), error) {
	var raw [8]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	token := hex.EncodeToString(raw[:])
	for {
		err := l.table.Put(ctx, []table.Put{{Key: l.key, Data: []byte("{}"), Token: token, Expires: time.Now().Add(renewalFor), If: table.IfAbsent()}})[0]
		if err == nil {
			return func() { l.release(context.WithoutCancel(ctx), token) }, nil
		}
		var taken *table.ConflictError
		if !errors.As(err, &taken) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(askForTurn):
		}
	}
}

// release gives the turn back, if it is still ours. What cannot be given back now ends by itself.
func (l tableLock) release(ctx context.Context, token string) {
	items, err := l.table.Get(ctx, []table.Key{l.key})
	if err != nil || items[l.key].Token != token {
		return
	}
	_ = l.table.Put(ctx, []table.Put{{Key: l.key, Delete: true, If: table.IfRev(items[l.key].Rev)}})
}
