package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"crosswalk/internal/engine/table"
)

// The layout: bucket "item" holds each item under its key; bucket "expiry" holds one empty entry for each item
// that expires, the earliest first, so that the sweep need not search.
//
//	item key     length of PK (2 bytes), PK, SK: a partition lies together, ordered by SK
//	item value   Rev (uvarint), Expires in Unix seconds or 0 (varint), length of Token (uvarint), Token, Data
//	expiry key   Expires (8 bytes), item key
var (
	itemBucket   = []byte("item")
	expiryBucket = []byte("expiry")
)

func makeBuckets(tx *bbolt.Tx) (changed bool, err error) {
	for _, name := range [][]byte{itemBucket, expiryBucket} {
		if tx.Bucket(name) != nil {
			continue
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

func itemKey(k table.Key) []byte {
	b := make([]byte, 0, 2+len(k.PK)+len(k.SK))
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.PK)))
	b = append(b, k.PK...)
	return append(b, k.SK...)
}

func expiryKey(expires time.Time, itemKey []byte) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(itemKey)), uint64(max(0, expires.Unix())))
	return append(b, itemKey...)
}

func encode(item *table.Item) []byte {
	expires := int64(0)
	if !item.Expires.IsZero() {
		expires = item.Expires.Unix()
	}
	b := make([]byte, 0, 32+len(item.Token)+len(item.Data))
	b = binary.AppendUvarint(b, uint64(item.Rev))
	b = binary.AppendVarint(b, expires)
	b = binary.AppendUvarint(b, uint64(len(item.Token)))
	b = append(b, item.Token...)
	return append(b, item.Data...)
}

var errDamaged = errors.New("an item cannot be read: the data file is damaged; restore it from a backup")

// decode gives the item, whose Data is still the transaction's memory.
func decode(k table.Key, b []byte) (*table.Item, error) {
	rev, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, errDamaged
	}
	b = b[n:]
	expires, n := binary.Varint(b)
	if n <= 0 {
		return nil, errDamaged
	}
	b = b[n:]
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return nil, errDamaged
	}
	b = b[n:]
	item := &table.Item{Key: k, Rev: int64(rev), Token: string(b[:length]), Data: b[length:]}
	if expires != 0 {
		item.Expires = time.Unix(expires, 0).UTC()
	}
	return item, nil
}

// read gives the item as stored, expired or not, nil for none.
func read(tx *bbolt.Tx, k table.Key) (*table.Item, error) {
	b := tx.Bucket(itemBucket).Get(itemKey(k))
	if b == nil {
		return nil, nil
	}
	return decode(k, b)
}

// write puts next (nil: nothing) in the place of stored and keeps the expiry entries in step.
func write(tx *bbolt.Tx, k table.Key, stored, next *table.Item) error {
	items, expiry, key := tx.Bucket(itemBucket), tx.Bucket(expiryBucket), itemKey(k)
	if stored != nil && !stored.Expires.IsZero() {
		if err := expiry.Delete(expiryKey(stored.Expires, key)); err != nil {
			return err
		}
	}
	if next == nil {
		return items.Delete(key)
	}
	if !next.Expires.IsZero() {
		if err := expiry.Put(expiryKey(next.Expires, key), nil); err != nil {
			return err
		}
	}
	return items.Put(key, encode(next))
}

// sweep removes up to limit items whose time has passed.
func sweep(tx *bbolt.Tx, now time.Time, limit int) error {
	items, expiry := tx.Bucket(itemBucket), tx.Bucket(expiryBucket)
	var due [][]byte
	c := expiry.Cursor()
	for k, _ := c.First(); k != nil && len(due) < limit; k, _ = c.Next() {
		if len(k) < 8 {
			return fmt.Errorf("expiry entry of %d bytes: %w", len(k), errDamaged)
		}
		if binary.BigEndian.Uint64(k) > uint64(max(0, now.Unix())) {
			break
		}
		due = append(due, bytes.Clone(k))
	}
	for _, k := range due {
		if err := expiry.Delete(k); err != nil {
			return err
		}
		if err := items.Delete(k[8:]); err != nil {
			return err
		}
	}
	return nil
}
