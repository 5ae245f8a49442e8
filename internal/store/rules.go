package store

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"crosswalk/internal/engine/table"
)

// The limits of DynamoDB's keys in bytes, which every store keeps so that none surprises the other.
const (
	MaxPK = 2048
	MaxSK = 1024
)

// PageBytes is where a page of a query ends: the item that reaches it is the page's last.
// PageItems is the page's length when a query names no limit.
const (
	PageBytes = 1 << 20
	PageItems = 1000
)

// ErrRefused is within the error of everything a store refuses as a mistake of the caller: a bad key,
// an item over the limit, a key twice in one call. Nothing of it was stored, and trying again is no use.
var ErrRefused = errors.New("store: refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// CheckKey tells whether the key may be stored. Its error gives lengths and never the key,
// which can hold what a person typed.
func CheckKey(k table.Key) error {
	if err := checkPart("PK", k.PK, MaxPK); err != nil {
		return err
	}
	return checkPart("SK", k.SK, MaxSK)
}

func checkPart(name, part string, limit int) error {
	switch {
	case part == "":
		return refuse("%s is empty; name the item", name)
	case len(part) > limit:
		return refuse("%s has %d bytes, the limit is %d; use a shorter key or a hash of it", name, len(part), limit)
	case !utf8.ValidString(part):
		return refuse("%s is not UTF-8; encode it", name)
	}
	return nil
}

// CheckKeys is CheckKey for a Get, which is refused as a whole.
func CheckKeys(keys []table.Key) error {
	for i, k := range keys {
		if err := CheckKey(k); err != nil {
			return fmt.Errorf("key %d of %d: %w", i, len(keys), err)
		}
	}
	return nil
}

// CheckPuts gives one error or nil for each put. Of a key that is there twice both are refused: nobody can
// tell which was meant to be last. The other puts of the call are not touched by that.
func CheckPuts(puts []table.Put) []error {
	errs := make([]error, len(puts))
	first := make(map[table.Key]int, len(puts))
	for i, p := range puts {
		errs[i] = checkPut(p)
		if j, twice := first[p.Key]; twice {
			errs[i] = refuse("puts %d and %d of one call have the same key; join them or call twice", j, i)
			errs[j] = errs[i]
			continue
		}
		first[p.Key] = i
	}
	return errs
}

func checkPut(p table.Put) error {
	if err := CheckKey(p.Key); err != nil {
		return err
	}
	if len(p.Data) > table.MaxItem {
		return refuse("Data has %d bytes, the limit is %d; split the item or compress it", len(p.Data), table.MaxItem)
	}
	if len(p.Token) > MaxSK {
		return refuse("Token has %d bytes, the limit is %d", len(p.Token), MaxSK)
	}
	if !utf8.ValidString(p.Token) {
		return refuse("Token is not UTF-8; encode it")
	}
	return nil
}

// CheckQuery tells whether the query can be asked.
func CheckQuery(q table.Query) error {
	if err := checkPart("PK", q.PK, MaxPK); err != nil {
		return err
	}
	if q.Limit < 0 {
		return refuse("Limit is %d; 0 means %d", q.Limit, PageItems)
	}
	return nil
}

// PageLimit gives how many items the page of q has at most.
func PageLimit(q table.Query) int {
	if q.Limit == 0 {
		return PageItems
	}
	return q.Limit
}

// Expires gives the time as stores keep it: whole seconds, rounded up, UTC, since DynamoDB's ttl is in
// seconds and an item must never go before its time. The zero time stays zero; a time before the second 1 of
// 1970, which has long passed anyhow, becomes that second, so that no store takes it for "never".
func Expires(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	whole := t.Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	if whole.Unix() < 1 {
		whole = time.Unix(1, 0)
	}
	return whole.UTC()
}

// Alive gives the item, or nil when there is none or its Expires has passed.
func Alive(item *table.Item, now time.Time) *table.Item {
	if item == nil || (!item.Expires.IsZero() && !now.Before(item.Expires)) {
		return nil
	}
	return item
}

// Verdict is what Judge decides about one put.
type Verdict struct {
	Change bool        // something is to be written
	Next   *table.Item // the item afterwards; nil is a delete
	Err    error       // a *table.ConflictError
}

// Judge decides one put that CheckPuts let pass against the stored item (nil: none), which may have
// expired. Two rules need saying:
//
// A put whose condition fails is answered as success when the item carries its token and the very revision
// that this put would have made (T13). The token alone is not enough: a worker that uses one token for
// two puts of an item must not take the first as done when only the second is there.
//
// A delete has no such rule, as it leaves no item to carry its token. Repeated after a lost answer it gives
// a conflict with no Current, which its caller reads as "gone".
func Judge(stored *table.Item, p table.Put, now time.Time) Verdict {
	current := Alive(stored, now)
	if !p.If.Holds(current) {
		if carriedOut(current, p) {
			return Verdict{Next: current}
		}
		return Verdict{Err: Conflict(p.Key, current)}
	}
	if p.Delete {
		return Verdict{Change: stored != nil}
	}
	next := &table.Item{Key: p.Key, Rev: 1, Token: p.Token, Expires: Expires(p.Expires), Data: slices.Clone(p.Data)}
	if current != nil {
		next.Rev = current.Rev + 1
	}
	return Verdict{Change: true, Next: next}
}

func carriedOut(current *table.Item, p table.Put) bool {
	return current != nil && !p.Delete && p.Token != "" &&
		current.Token == p.Token && current.Rev == p.If.Rev()+1
}

// Conflict gives the error with a copy of the current item, which the caller may keep and change.
func Conflict(k table.Key, current *table.Item) error {
	e := &table.ConflictError{Key: k}
	if current != nil {
		c := Copy(*current)
		e.Current = &c
	}
	return e
}

// Copy gives an item that shares no memory with the given one.
func Copy(item table.Item) table.Item {
	item.Data = slices.Clone(item.Data)
	return item
}
