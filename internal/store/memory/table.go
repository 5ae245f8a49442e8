// Package memory is a table.Table on Go maps: the store of tests and of the simulation, which runs
// thousands of them. It keeps every rule of the shared suite and nothing across a restart, except through
// Snapshot and Restore. Start with New; Faulty (faulty.go) makes any table fail on demand.
package memory

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
)

// Table is safe for concurrent use. Its clock is time.Now, virtual within testing/synctest.
type Table struct {
	mu         sync.Mutex
	partitions map[string]*partition
}

// A partition keeps its sort keys in order. Items are never changed once they are in, so a snapshot
// can share them.
type partition struct {
	items map[string]*table.Item
	order []string
}

// New gives an empty table.
func New() *Table { return &Table{partitions: map[string]*partition{}} }

// Get is table.Table's.
func (t *Table) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	found := make(map[table.Key]table.Item, len(keys))
	for _, k := range keys {
		if item := store.Alive(t.stored(k), now); item != nil {
			found[k] = store.Copy(*item)
		}
	}
	return found, nil
}

// Put is table.Table's.
func (t *Table) Put(ctx context.Context, puts []table.Put) []error {
	errs := store.CheckPuts(puts)
	if err := ctx.Err(); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for i, p := range puts {
		if errs[i] != nil {
			continue
		}
		v := store.Judge(t.stored(p.Key), p, now)
		errs[i] = v.Err
		if v.Change {
			t.set(p.Key, v.Next)
		}
	}
	return errs
}

// Query is table.Table's.
func (t *Table) Query(ctx context.Context, q table.Query) ([]table.Item, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if err := store.CheckQuery(q); err != nil {
		return nil, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	part := t.partitions[q.PK]
	if part == nil {
		return nil, false, nil
	}
	now, size := time.Now(), 0
	var page []table.Item
	for _, sk := range part.order[part.start(q):] {
		if !strings.HasPrefix(sk, q.Prefix) {
			break
		}
		item := store.Alive(part.items[sk], now)
		if item == nil {
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

// start gives the place of the first sort key that the query may want.
func (p *partition) start(q table.Query) int {
	i, _ := slices.BinarySearch(p.order, q.Prefix)
	j, there := slices.BinarySearch(p.order, q.After)
	if there {
		j++
	}
	return max(i, j)
}

func (t *Table) stored(k table.Key) *table.Item {
	if part := t.partitions[k.PK]; part != nil {
		return part.items[k.SK]
	}
	return nil
}

// set puts the item in its place; nil removes it.
func (t *Table) set(k table.Key, item *table.Item) {
	part := t.partitions[k.PK]
	if part == nil {
		part = &partition{items: map[string]*table.Item{}}
		t.partitions[k.PK] = part
	}
	at, there := slices.BinarySearch(part.order, k.SK)
	switch {
	case item == nil:
		delete(part.items, k.SK)
		part.order = slices.Delete(part.order, at, at+1)
		if len(part.order) == 0 {
			delete(t.partitions, k.PK)
		}
		return
	case !there:
		part.order = slices.Insert(part.order, at, k.SK)
	}
	part.items[k.SK] = item
}

// Snapshot is a table's content at a moment. It does not change when the table does.
type Snapshot struct{ partitions map[string]*partition }

// Snapshot gives what is stored now, for Restore: a crash test takes one where the crash strikes.
func (t *Table) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Snapshot{clone(t.partitions)}
}

// Restore makes the table hold what the snapshot holds, and nothing else. A snapshot can be restored
// any number of times, also into other tables.
func (t *Table) Restore(s Snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partitions = clone(s.partitions)
}

// Items gives copies of all stored items, expired ones too, ordered by PK and SK: the same content always
// gives the same list.
func (s Snapshot) Items() []table.Item {
	var all []table.Item
	for _, pk := range slices.Sorted(maps.Keys(s.partitions)) {
		part := s.partitions[pk]
		for _, sk := range part.order {
			all = append(all, store.Copy(*part.items[sk]))
		}
	}
	return all
}

func clone(partitions map[string]*partition) map[string]*partition {
	c := make(map[string]*partition, len(partitions))
	for pk, part := range partitions {
		c[pk] = &partition{items: maps.Clone(part.items), order: slices.Clone(part.order)}
	}
	return c
}
