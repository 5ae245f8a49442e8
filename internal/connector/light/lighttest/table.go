package lighttest

import (
	"slices"
	"time"
)

// row is one record with the version before it, so that a replica that lags can be played.
type row[T any] struct {
	id      string
	now     *T // immutable: a change puts a new one
	before  *T
	changed time.Time
	born    time.Time // when it was entered, for the list lag; zero for seeded records
	reads   uint64
}

// table keeps the records of one kind in the order they were made.
type table[T any] struct {
	byID map[string]*row[T]
	rows []*row[T]
}

func newTable[T any]() *table[T] { return &table[T]{byID: map[string]*row[T]{}} }

func (t *table[T]) add(id string, v *T, born time.Time) {
	r := &row[T]{id: id, now: v, born: born}
	t.byID[id] = r
	t.rows = append(t.rows, r)
}

func (t *table[T]) put(id string, v *T, at time.Time) {
	r := t.byID[id]
	r.before, r.now, r.changed = r.now, v, at
}

func (t *table[T]) get(id string) *T {
	if r := t.byID[id]; r != nil {
		return r.now
	}
	return nil
}

func (t *table[T]) remove(id string) {
	delete(t.byID, id)
	t.rows = slices.DeleteFunc(t.rows, func(r *row[T]) bool { return r.id == id })
}

// staleOdds is how many reads in ten inside Config.StaleRead answer the older version.
const staleOdds = 3

// seen gives the version a reader sees: the older one at times, for a while after a change. The draw depends on the
// seed, the record and how often it was read, so that other records' traffic does not change it.
func seen[T any](s *Sim, r *row[T], now time.Time) *T {
	if s.cfg.StaleRead <= 0 || r.before == nil || now.Sub(r.changed) >= s.cfg.StaleRead {
		return r.now
	}
	r.reads++
	if draw(s.cfg.Seed, r.id, r.reads)%10 < staleOdds {
		return r.before
	}
	return r.now
}

// find reads one record as a reader sees it.
func find[T any](s *Sim, t *table[T], id string, now time.Time) *T {
	if r := t.byID[id]; r != nil {
		return seen(s, r, now)
	}
	return nil
}
