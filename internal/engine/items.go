package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
)

// stored is an item's content with the revision it was read at.
type stored[T any] struct {
	Value T
	Rev   int64 // 0: it is not there yet
	Token string
}

// getItems reads items of one type; absent keys are not in the map.
func getItems[T any](ctx context.Context, t table.Table, keys []table.Key) (map[table.Key]stored[T], error) {
	out := make(map[table.Key]stored[T], len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	items, err := t.Get(ctx, unique(keys))
	if err != nil {
		return nil, err
	}
	for k, item := range items {
		var v T
		if err := read(item, &v); err != nil {
			return nil, err
		}
		out[k] = stored[T]{Value: v, Rev: item.Rev, Token: item.Token}
	}
	return out, nil
}

func getItem[T any](ctx context.Context, t table.Table, key table.Key) (stored[T], error) {
	got, err := getItems[T](ctx, t, []table.Key{key})
	return got[key], err
}

func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	out := make([]T, 0, len(list))
	for _, k := range list {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}

// read takes an item's content up: links in their own form, everything else as JSON.
func read(item table.Item, v any) error {
	var err error
	switch v := v.(type) {
	case *link.Link:
		*v, err = link.Decode(slotOf(item.Key), refOf(item.Key), item.Data)
	case *seat:
		err = v.read(item)
	default:
		err = json.Unmarshal(item.Data, v)
	}
	if err != nil {
		return fmt.Errorf("store: item %s / %s does not read: %w", item.PK, item.SK, err)
	}
	return nil
}

// written is what read reads.
func written(key table.Key, value any) ([]byte, error) {
	if l, ok := value.(link.Link); ok {
		l.Noted = l.Noted || standing(&l)
		return link.Encode(slotOf(key), refOf(key), l)
	}
	return json.Marshal(value)
}

// put makes a put of a value. Encoding our own types cannot fail; a failure is a mistake in this program.
func put(key table.Key, value any, token string, cond table.Condition) table.Put {
	data, err := written(key, value)
	if err != nil {
		panic(fmt.Sprintf("engine: %T does not encode: %v", value, err))
	}
	return table.Put{Key: key, Data: data, Token: token, If: cond}
}

// putOne stores one value under a condition.
func (e *Engine) putOne(ctx context.Context, key table.Key, value any, cond table.Condition) error {
	return e.Table.Put(ctx, []table.Put{put(key, value, e.token(), cond)})[0]
}

// expiring makes a put forgettable after a while.
func expiring(p table.Put, at time.Time) table.Put {
	p.Expires = at
	return p
}

// lost tells whether a put failed because another writer was there first.
func lost(err error) bool {
	var conflict *table.ConflictError
	return errors.As(err, &conflict)
}

// change reads an item, lets f change it and stores it, starting over while other writers are in between. f returns
// false when there is nothing to store.
func change[T any](ctx context.Context, e *Engine, key table.Key, f func(v *T, exists bool) bool) (T, error) {
	for tries := 0; ; tries++ {
		got, err := getItem[T](ctx, e.Table, key)
		if err != nil {
			return got.Value, err
		}
		if !f(&got.Value, got.Rev != 0) {
			return got.Value, nil
		}
		err = e.putOne(ctx, key, got.Value, table.IfRev(got.Rev))
		if err == nil || !lost(err) || tries == 20 {
			return got.Value, err
		}
	}
}

// list reads a whole partition (or the part with a prefix), page by page, and hands each item to f until f returns false.
func list[T any](ctx context.Context, t table.Table, pk, prefix string, f func(key table.Key, v T) bool) error {
	q := table.Query{PK: pk, Prefix: prefix}
	for {
		items, more, err := t.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range items {
			var v T
			if err := read(item, &v); err != nil {
				return err
			}
			if !f(item.Key, v) {
				return nil
			}
			q.After = item.SK
		}
		if !more {
			return nil
		}
	}
}
