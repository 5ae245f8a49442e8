package bolt

import "go.etcd.io/bbolt"

// Stored and Expiring count what lies in the file, expired or not; Transactions grows with each commit.
func (t *Table) Stored() int   { return t.keys(itemBucket) }
func (t *Table) Expiring() int { return t.keys(expiryBucket) }

func (t *Table) keys(bucket []byte) (n int) {
	t.view(func(tx *bbolt.Tx) { n = tx.Bucket(bucket).Stats().KeyN })
	return n
}

func (t *Table) Transactions() (id int) {
	t.view(func(tx *bbolt.Tx) { id = tx.ID() })
	return id
}

func (t *Table) view(fn func(*bbolt.Tx)) {
	if err := t.file.View(func(tx *bbolt.Tx) error { fn(tx); return nil }); err != nil {
		panic(err)
	}
}
