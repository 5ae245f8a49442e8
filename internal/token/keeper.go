package token

import "context"

// Store is what Named needs of a secret store.
type Store interface {
	Get(ctx context.Context, name string) ([]byte, error)
	Put(ctx context.Context, name string, value []byte) error
}

// Named keeps the pair as one secret of a store.
func Named(store Store, name string) Keeper { return named{store, name} }

type named struct {
	store Store
	name  string
}

func (n named) Load(ctx context.Context) ([]byte, error)    { return n.store.Get(ctx, n.name) }
func (n named) Save(ctx context.Context, pair []byte) error { return n.store.Put(ctx, n.name, pair) }
