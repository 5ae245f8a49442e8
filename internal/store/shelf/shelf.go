// Package shelf is small state that all workers of a deployment share: single items of the table that are changed under
// compare-and-set. It carries the slots of the API budget, the leases under which a credential is renewed, and the marks of the
// newest versions of secrets. Start with Shelf.Swap.
//
// Access: one item a key, PK "X#"+key, SK "x"; a Get costs half an RRU a 4 KB, a Swap that much and one WRU a KB. A key is
// swapped by as many workers as share what it is about, a few times a second at most: far below the 1,000 writes a second of
// one partition. There is one key for each connection, lease and secret, so nothing is ever taken away: an item that was deleted, or
// expired, and was made anew would begin again at revision 1, and a late swap could take it for the one that it had read.
package shelf

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"crosswalk/internal/engine/table"
)

// Shelf is state over a table. It is safe for concurrent use.
type Shelf struct {
	table table.Table
}

// New puts a shelf on a table.
func New(t table.Table) *Shelf { return &Shelf{t} }

// Swap limits: how often one is started over while others are in between, and the pauses before that.
const (
	swapTries  = 40
	firstPause = 2 * time.Millisecond
	longPause  = 200 * time.Millisecond
)

// ErrBusy means that others changed the key each time, for several seconds on end; nothing was stored.
var ErrBusy = errors.New("shelf: the key is being changed by too many at once")

// Change says what becomes of a key; old is empty when nothing was stored yet. Without ok nothing is stored. It may be called
// several times, so it must not do anything but decide.
type Change = func(old []byte) (next []byte, ok bool)

// Swap changes a key: what f was shown is what stood there when its answer was stored. The error is ctx's when that ends, or
// the table's, or ErrBusy; after the table's the change may have been made all the same.
func (s *Shelf) Swap(ctx context.Context, key string, f Change) error {
	at := keyOf(key)
	items, err := s.table.Get(ctx, []table.Key{at})
	if err != nil {
		return fault(key, err)
	}
	var current *table.Item
	if item, ok := items[at]; ok {
		current = &item
	}
	for tries := 0; ; tries++ {
		next, ok := f(dataOf(current))
		if !ok {
			return nil
		}
		put := table.Put{Key: at, Data: next, Token: newToken(), If: table.IfRev(revOf(current))}
		err := s.table.Put(ctx, []table.Put{put})[0]
		var lost *table.ConflictError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &lost):
			return fault(key, err)
		case tries == swapTries:
			return fmt.Errorf("%w: %s", ErrBusy, key)
		}
		current = lost.Current
		if err := pause(ctx, tries); err != nil {
			return err
		}
	}
}

// Get reads a key, consistently; empty when nothing was stored.
func (s *Shelf) Get(ctx context.Context, key string) ([]byte, error) {
	at := keyOf(key)
	items, err := s.table.Get(ctx, []table.Key{at})
	if err != nil {
		return nil, fault(key, err)
	}
	return items[at].Data, nil
}

func keyOf(key string) table.Key { return table.Key{PK: "X#" + key, SK: "x"} }

func dataOf(item *table.Item) []byte {
	if item == nil {
		return nil
	}
	return item.Data
}

func revOf(item *table.Item) int64 {
	if item == nil {
		return 0
	}
	return item.Rev
}

func fault(key string, err error) error { return fmt.Errorf("shelf %s: %w", key, err) }

// pause spreads those who lost: at random, longer each time.
func pause(ctx context.Context, tries int) error {
	most := min(firstPause<<min(tries, 10), longPause)
	return sleep(ctx, most/2+time.Duration(random()%uint64(most/2+1)))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Randomness here only spreads writers and marks attempts; what a run on a seed shows does not depend on it.
func random() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	var n uint64
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}

func newToken() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
