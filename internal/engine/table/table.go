// Package table is the seam between the engine and whatever keeps its state: items under a partition key
// and a sort key, three calls, every one of them a batch. It is DynamoDB's shape (single table, no index,
// no transaction), so that the embedded store and the AWS one behave alike; store/storetest is the suite
// both must pass. Start with Table.
package table

import (
	"context"
	"fmt"
	"time"
)

// Key addresses an item. Both parts are non-empty UTF-8; PK at most 2,048 bytes, SK at most 1,024 (DynamoDB's limits).
type Key struct{ PK, SK string }

// MaxItem is the largest Data of an item in bytes, a little under DynamoDB's 400 KB so that keys and attributes fit.
const MaxItem = 380 << 10

// Item is what is kept. Rev is 1 when the item is first put and grows by one with each put; Token is
// the writer's own mark; an item whose Expires has passed counts as absent everywhere.
type Item struct {
	Key
	Rev     int64
	Token   string
	Expires time.Time // zero: never
	Data    []byte
}

// Condition guards one put. The zero Condition always holds.
type Condition struct {
	kind condKind
	rev  int64
}

type condKind uint8

const (
	always condKind = iota
	ifAbsent
	ifRev
)

// IfAbsent holds when there is no item (or an expired one).
func IfAbsent() Condition { return Condition{kind: ifAbsent} }

// IfRev holds when the item is there with exactly this revision. IfRev(0) is IfAbsent.
func IfRev(rev int64) Condition {
	if rev == 0 {
		return IfAbsent()
	}
	return Condition{kind: ifRev, rev: rev}
}

// Holds tells whether the condition holds for the current item; nil means absent.
func (c Condition) Holds(current *Item) bool {
	switch c.kind {
	case ifAbsent:
		return current == nil
	case ifRev:
		return current != nil && current.Rev == c.rev
	}
	return true
}

// Absent tells whether this is IfAbsent; Rev gives the revision of an IfRev, else 0.
func (c Condition) Absent() bool { return c.kind == ifAbsent }

// Rev gives the revision of an IfRev condition, else 0.
func (c Condition) Rev() int64 { return c.rev }

// Put is one write: of Data, or of nothing when Delete is set.
type Put struct {
	Key
	Data    []byte
	Token   string // the attempt's own mark; see ConflictError
	Expires time.Time
	If      Condition
	Delete  bool
}

// ConflictError is the answer for a put whose condition did not hold. A store returns success instead when
// the current item carries the put's own non-empty Token: the write had gone through and only its answer
// was lost (T13).
type ConflictError struct {
	Key     Key
	Current *Item // nil when absent
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("store: item %s / %s was changed by another writer", e.Key.PK, e.Key.SK)
}

// Query reads the items of one partition in ascending order of sort key.
type Query struct {
	PK     string
	Prefix string // only sort keys that begin so
	After  string // only sort keys greater than this; the last key of the page before
	Limit  int    // at most so many, 0 = 1,000; a page also ends at about 1 MB
}

// Table is all that the engine asks of a store. Reads are consistent: they see every put that was
// answered before they began. The outer error means nothing is known of any item (store unreachable);
// an inner one is that put's alone. Batches may be of any length; the store splits them.
type Table interface {
	// Get gives the items that are there; absent ones are not in the map.
	Get(ctx context.Context, keys []Key) (map[Key]Item, error)
	// Put carries out each put on its own, in no promised order, and answers one error (or nil) per put.
	// Two puts of one key in one call are refused as a mistake of the caller.
	Put(ctx context.Context, puts []Put) []error
	// Query gives one page and whether there is more.
	Query(ctx context.Context, q Query) (items []Item, more bool, err error)
}
