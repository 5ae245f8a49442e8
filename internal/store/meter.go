package store

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"

	"crosswalk/internal/engine/table"
)

// Figures are what a Meter counted. Units are DynamoDB's, computed from item sizes by its published rule
// (Size, WriteUnits, ReadUnits): what the same calls would be billed there, whatever the store beneath.
type Figures struct {
	GetCalls, PutCalls, QueryCalls int64 // calls of the table
	KeysRead, Puts, ItemsQueried   int64 // what they carried
	Conflicts                      int64 // puts whose condition failed; they cost write units too
	Refused                        int64 // puts refused as a mistake; they cost nothing
	Failed                         int64 // calls (of puts: single puts) that ended in another error; not in the units
	Requests                       int64 // requests to DynamoDB: a put each, 100 keys a BatchGetItem, 1 a query
	WRU, RRU                       int64 // write and (consistent) read request units
	BytesWritten                   int64 // sizes of the items put
}

// Meter is a table.Table that counts what passes through it (T10: no emulator gives these figures for
// all we do). To know the size of what a put replaces it reads the items beneath first and does not count
// that; so it belongs into benches and tests, not around a table that is billed by the read.
// Safe for concurrent use.
type Meter struct {
	inner  table.Table
	mu     sync.Mutex
	sum    Figures
	byItem map[string]Units
}

// Units are what requests for one kind of item cost.
type Units struct {
	Reads int64 `json:"reads,omitempty"` // items read by key, and pages of queries
	Puts  int64 `json:"puts,omitempty"`
	RRU   int64 `json:"rru,omitempty"`
	WRU   int64 `json:"wru,omitempty"`
	Bytes int64 `json:"bytes,omitempty"` // written
}

// NewMeter gives a meter at zero around t.
func NewMeter(t table.Table) *Meter { return &Meter{inner: t} }

// Figures gives what was counted since the start or the last Reset.
func (m *Meter) Figures() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sum
}

// Reset sets all to zero and gives what had been counted.
func (m *Meter) Reset() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.sum
	m.sum, m.byItem = Figures{}, nil
	return before
}

// ByItem gives the units of Figures by kind of item (Kind).
func (m *Meter) ByItem() map[string]Units {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.byItem)
}

// Kind is the part of a partition key that says what it holds: its segments between "#" as long as they are words. L for
// L#person|crm|billing#07, E#ref for E#ref.
func Kind(pk string) string {
	var words []string
	for word := range strings.SplitSeq(pk, "#") {
		if strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || word == "" {
			break
		}
		words = append(words, word)
	}
	return strings.Join(words, "#")
}

// note adds units of one kind of item; the caller holds the lock.
func (m *Meter) note(pk string, u Units) {
	if m.byItem == nil {
		m.byItem = map[string]Units{}
	}
	kind := Kind(pk)
	sum := m.byItem[kind]
	m.byItem[kind] = Units{sum.Reads + u.Reads, sum.Puts + u.Puts, sum.RRU + u.RRU, sum.WRU + u.WRU, sum.Bytes + u.Bytes}
}

func (m *Meter) count(add func(*Figures)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add(&m.sum)
}

// Get counts each key on its own, rounded up, an absent one as one unit.
func (m *Meter) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items, err := m.inner.Get(ctx, keys)
	m.count(func(f *Figures) {
		f.GetCalls++
		if err != nil {
			f.Failed++
			return
		}
		distinct := make(map[table.Key]bool, len(keys))
		for _, k := range keys {
			if distinct[k] {
				continue
			}
			distinct[k] = true
			item, ok := items[k]
			units := ReadUnits(sizeIf(item, ok))
			f.RRU += units
			m.note(k.PK, Units{Reads: 1, RRU: units})
		}
		f.KeysRead += int64(len(distinct))
		f.Requests += int64((len(distinct) + 99) / 100)
	})
	return items, err
}

// Query counts the page's items together, rounded up once.
func (m *Meter) Query(ctx context.Context, q table.Query) ([]table.Item, bool, error) {
	items, more, err := m.inner.Query(ctx, q)
	m.count(func(f *Figures) {
		f.QueryCalls++
		if err != nil {
			f.Failed++
			return
		}
		size := 0
		for _, item := range items {
			size += Size(item)
		}
		f.ItemsQueried += int64(len(items))
		f.Requests++
		f.RRU += ReadUnits(size)
		m.note(q.PK, Units{Reads: 1, RRU: ReadUnits(size)})
	})
	return items, more, err
}

// Put counts each put by the larger of the item before and after, a failed condition by the item that is
// there, a delete by the item it removes.
func (m *Meter) Put(ctx context.Context, puts []table.Put) []error {
	before := m.sizes(ctx, puts)
	errs := m.inner.Put(ctx, puts)
	m.count(func(f *Figures) {
		f.PutCalls++
		for i, p := range puts {
			was := *f
			f.addPut(p, before[p.Key], errs[i])
			m.note(p.PK, Units{Puts: 1, WRU: f.WRU - was.WRU, Bytes: f.BytesWritten - was.BytesWritten})
		}
	})
	return errs
}

func (f *Figures) addPut(p table.Put, before table.Item, err error) {
	f.Puts++
	var conflict *table.ConflictError
	switch {
	case errors.As(err, &conflict):
		f.Conflicts++
		f.Requests++
		size := 0
		if conflict.Current != nil {
			size = Size(*conflict.Current)
		}
		f.WRU += WriteUnits(size)
	case errors.Is(err, ErrRefused):
		f.Refused++
	case err != nil:
		f.Failed++
	default:
		f.Requests++
		old, size := sizeIf(before, before.Rev > 0), 0
		if !p.Delete {
			size = Size(table.Item{Key: p.Key, Rev: before.Rev + 1, Token: p.Token, Expires: p.Expires, Data: p.Data})
			f.BytesWritten += int64(size)
		}
		f.WRU += WriteUnits(max(old, size))
	}
}

// sizes reads what the puts would replace. Where it cannot be read the put is counted by its own size: the
// put itself will most likely fail too, and then is not counted at all.
func (m *Meter) sizes(ctx context.Context, puts []table.Put) map[table.Key]table.Item {
	var keys []table.Key
	for _, p := range puts {
		if CheckKey(p.Key) == nil {
			keys = append(keys, p.Key)
		}
	}
	items, err := m.inner.Get(ctx, keys)
	if err != nil {
		return nil
	}
	return items
}

func sizeIf(item table.Item, there bool) int {
	if !there {
		return 0
	}
	return Size(item)
}

// Size gives an item's size in bytes by DynamoDB's rule: the attribute names and values in UTF-8, binary as it
// is, a number about one byte per two digits and one more. Assumed are the attributes pk, sk, data and rev,
// and tok and ttl where set: 2+2+4+3 bytes of names, 2 for a small rev, 3 for tok, 3+6 for ttl. (The 100
// bytes that DynamoDB adds to each item count for storage only, not for units.)
func Size(item table.Item) int {
	size := len("pk") + len(item.PK) + len("sk") + len(item.SK) +
		len("data") + len(item.Data) + len("rev") + numberSize(item.Rev)
	if item.Token != "" {
		size += len("tok") + len(item.Token)
	}
	if !item.Expires.IsZero() {
		size += len("ttl") + numberSize(item.Expires.Unix())
	}
	return size
}

func numberSize(n int64) int { return (len(strconv.FormatInt(n, 10))+1)/2 + 1 }

// WriteUnits gives the units of writing an item of that many bytes: one per KB begun, at least one.
func WriteUnits(size int) int64 { return units(size, 1<<10) }

// ReadUnits gives the units of reading that many bytes consistently: one per 4 KB begun, at least one.
func ReadUnits(size int) int64 { return units(size, 4<<10) }

func units(size, per int) int64 { return int64(max(1, (size+per-1)/per)) }
