// Package bolt is the embedded table.Table: one bbolt file, one owner, every answered put on disk. It is
// the laptop's default. A Put call is one transaction, shared with the calls of other goroutines that came
// meanwhile; a call whose every put is refused costs no fsync. Start with Open; record.go has the layout.
package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
	"crosswalk/internal/store/boltfile"
)

// Options are the choices of Open. The zero value is what the laptop uses.
type Options struct {
	// Sweep is how many expired items a write removes beside its own work; 0 means 16, negative none.
	// They count as absent all along; sweeping only gives back the room.
	Sweep int
}

const defaultSweep = 16

// Table is safe for concurrent use. Its clock is time.Now.
type Table struct {
	file  *boltfile.File
	sweep int
}

const layout = "table 1"

// Open opens the table in the file at path, or makes it with mode 0600 in a folder that exists. A file that
// another process has open is refused within a second (boltfile.ErrHeld).
func Open(path string, opts Options) (*Table, error) {
	file, err := boltfile.Open(path, layout)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	t := &Table{file: file, sweep: opts.Sweep}
	if t.sweep == 0 {
		t.sweep = defaultSweep
	}
	if err := file.Write(makeBuckets); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", path, err), file.Close())
	}
	return t, nil
}

// Close waits for the write that is under way. Calls after it fail with boltfile.ErrClosed.
func (t *Table) Close() error { return t.file.Close() }

// Get is table.Table's.
func (t *Table) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	now := time.Now()
	found := make(map[table.Key]table.Item, len(keys))
	err := t.file.View(func(tx *bbolt.Tx) error {
		for _, k := range keys {
			item, err := read(tx, k)
			if err != nil {
				return err
			}
			if item = store.Alive(item, now); item != nil {
				found[k] = store.Copy(*item)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: get: %w", err)
	}
	return found, nil
}

// Put is table.Table's. An error that is neither a refusal nor a conflict means that it is not known whether
// the put is there. The context is looked at once, before anything is written: the wait for a disk is short.
func (t *Table) Put(ctx context.Context, puts []table.Put) []error {
	errs := store.CheckPuts(puts)
	if err := ctx.Err(); err != nil {
		return fill(errs, err)
	}
	now := time.Now()
	open, err := t.refuse(puts, errs, now)
	if err != nil {
		return fill(errs, fmt.Errorf("store: put: %w", err))
	}
	if len(open) == 0 {
		return errs
	}
	err = t.file.Write(func(tx *bbolt.Tx) (bool, error) {
		changed, err := carryOut(tx, puts, open, errs, now)
		if err != nil || !changed {
			return changed, err
		}
		return true, sweep(tx, now, t.sweep)
	})
	if err != nil {
		for _, i := range open {
			errs[i] = fmt.Errorf("store: put: %w", err)
		}
	}
	return errs
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// refuse looks at the committed state first, where a conflict costs no fsync and waits for no writer. It
// gives the places of the puts that are still to be decided. What looks carried out already (T13) is among
// those: a reader may see a transaction an instant before it is synced, and success must mean on disk.
func (t *Table) refuse(puts []table.Put, errs []error, now time.Time) (open []int, err error) {
	err = t.file.View(func(tx *bbolt.Tx) error {
		for i, p := range puts {
			if errs[i] != nil {
				continue
			}
			if p.If != (table.Condition{}) {
				stored, err := read(tx, p.Key)
				if err != nil {
					return err
				}
				errs[i] = store.Judge(stored, p, now).Err
			}
			if errs[i] == nil {
				open = append(open, i)
			}
		}
		return nil
	})
	return open, err
}

// carryOut decides the open puts once more, now that no other writer can come between, and writes them.
func carryOut(tx *bbolt.Tx, puts []table.Put, open []int, errs []error, now time.Time) (changed bool, err error) {
	for _, i := range open {
		stored, err := read(tx, puts[i].Key)
		if err != nil {
			return false, err
		}
		v := store.Judge(stored, puts[i], now)
		errs[i] = v.Err
		if !v.Change {
			continue
		}
		if err := write(tx, puts[i].Key, stored, v.Next); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// Query is table.Table's.
func (t *Table) Query(ctx context.Context, q table.Query) (page []table.Item, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if err := store.CheckQuery(q); err != nil {
		return nil, false, err
	}
	now := time.Now()
	err = t.file.View(func(tx *bbolt.Tx) error {
		page, more, err = readPage(tx, q, now)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("store: query: %w", err)
	}
	return page, more, nil
}

func readPage(tx *bbolt.Tx, q table.Query, now time.Time) (page []table.Item, more bool, err error) {
	size := 0
	c := tx.Bucket(itemBucket).Cursor()
	prefix := itemKey(table.Key{PK: q.PK, SK: q.Prefix})
	k, v := c.Seek(itemKey(table.Key{PK: q.PK, SK: max(q.Prefix, q.After)}))
	for ; bytes.HasPrefix(k, prefix); k, v = c.Next() {
		sk := string(k[2+len(q.PK):])
		if q.After != "" && sk <= q.After {
			continue
		}
		item, err := decode(table.Key{PK: q.PK, SK: sk}, v)
		if err != nil {
			return nil, false, err
		}
		if store.Alive(item, now) == nil {
			continue
		}
		if len(page) == store.PageLimit(q) || size >= store.PageBytes {
			return page, true, nil
		}
		page = append(page, store.Copy(*item))
		size += store.Size(*item)
	}
	return page, false, nil
}
