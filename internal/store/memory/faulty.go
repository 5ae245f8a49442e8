package memory

import (
	"context"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
)

// Op names a call of a table.
type Op string

const (
	OpGet   Op = "get"
	OpPut   Op = "put"
	OpQuery Op = "query"
)

// Call is what a hook of Faulty sees. Only the field of its Op is set.
type Call struct {
	Op    Op
	Keys  []table.Key  // get
	Put   *table.Put   // put: one of the call's puts; not to be changed
	Query *table.Query // query
}

// Faulty is a table.Table whose hooks make calls fail: with an error before the effect, or with an error after
// it, when the write went through and only its answer was lost. A hook may also block, or end its goroutine:
// that is a crash at exactly that point.
//
// A Put's puts are carried out one by one in the order given, each with its own hooks, as they are on
// DynamoDB, where no two writes of a call belong together; so a crash can strike between any two.
type Faulty struct {
	Inner  table.Table
	Before func(ctx context.Context, c Call) error               // nil: never fails; its error is the answer and nothing happens
	After  func(ctx context.Context, c Call, answer error) error // nil: the answer; gives what the caller is told
}

// Get is table.Table's.
func (f *Faulty) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	c := Call{Op: OpGet, Keys: keys}
	if err := f.before(ctx, c); err != nil {
		return nil, err
	}
	items, err := f.Inner.Get(ctx, keys)
	if err = f.after(ctx, c, err); err != nil {
		return nil, err
	}
	return items, nil
}

// Put is table.Table's.
func (f *Faulty) Put(ctx context.Context, puts []table.Put) []error {
	errs := store.CheckPuts(puts) // here, since one by one no two would be seen to share a key
	for i := range puts {
		if errs[i] == nil {
			errs[i] = f.put(ctx, puts[i])
		}
	}
	return errs
}

func (f *Faulty) put(ctx context.Context, p table.Put) error {
	c := Call{Op: OpPut, Put: &p}
	if err := f.before(ctx, c); err != nil {
		return err
	}
	return f.after(ctx, c, f.Inner.Put(ctx, []table.Put{p})[0])
}

// Query is table.Table's.
func (f *Faulty) Query(ctx context.Context, q table.Query) ([]table.Item, bool, error) {
	c := Call{Op: OpQuery, Query: &q}
	if err := f.before(ctx, c); err != nil {
		return nil, false, err
	}
	items, more, err := f.Inner.Query(ctx, q)
	if err = f.after(ctx, c, err); err != nil {
		return nil, false, err
	}
	return items, more, nil
}

func (f *Faulty) before(ctx context.Context, c Call) error {
	if f.Before == nil {
		return nil
	}
	return f.Before(ctx, c)
}

func (f *Faulty) after(ctx context.Context, c Call, answer error) error {
	if f.After == nil {
		return answer
	}
	return f.After(ctx, c, answer)
}
