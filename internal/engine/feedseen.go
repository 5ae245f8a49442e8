package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
)

// What a feed's overlap has shown is kept beside the feed in portions, items of their own: the feed is written with every
// lease and page, a portion only when a pair is added to it, and it is taken away whole. Overlaps that show the same again
// write nothing. A portion is bounded, however many records a wave has and however long their ids are.

// Limits of the remembered overlap.
const (
	seenFor     = 15 * time.Minute // before the newest stamp
	seenPortion = 500              // pairs: 3 KB of numbers, 17 KB of Salesforce's ids
	maxSeen     = 100_000          // beyond it the oldest are queued again, which is harmless
)

// seenPrefix begins the sort keys of a feed's portions.
const seenPrefix = "seen#"

// seenKey is a portion's. sight is the feed's: one that began anew has a number of its own, and what was seen before it does
// not count.
func seenKey(feed table.Key, sight, n int) table.Key {
	return table.Key{PK: feed.PK, SK: fmt.Sprintf("%s%06d#%09d", seenPrefix, sight, n)}
}

// overlap is what one reader of a feed knows of what was shown: stamps in unix milliseconds by id. It is read with the first
// page that has records.
type overlap struct {
	engine   *Engine
	feed     table.Key
	sight    int
	loaded   bool
	stamps   map[string]int64
	portions []*portion // oldest first
	gone     []table.Put
}

// overlapOf begins to read a feed; what an earlier version of this program kept in the feed itself is taken out of it.
func (e *Engine) overlapOf(key table.Key, f *feed) *overlap {
	o := &overlap{engine: e, feed: key, sight: f.Sight, stamps: map[string]int64{}}
	packed, err := f.Packed.unpack()
	if err != nil {
		e.Log.Warn("what a feed had shown does not read; its last minutes are queued again", "feed", key.PK)
	}
	maps.Copy(o.stamps, packed)
	maps.Copy(o.stamps, f.Seen)
	if len(o.stamps) > 0 {
		o.portions = []*portion{{pairs: maps.Clone(o.stamps), new: true}}
	}
	f.Seen, f.Packed = nil, nil
	return o
}

type portion struct {
	n     int
	rev   int64 // 0: it is not there yet
	pairs map[string]int64
	new   bool // to be written
}

func (p *portion) newest() int64 {
	newest := int64(0)
	for _, stamp := range p.pairs {
		newest = max(newest, stamp)
	}
	return newest
}

// load reads the portions. Those of an earlier sight go with the next save.
func (o *overlap) load(ctx context.Context) error {
	if o.loaded {
		return nil
	}
	q := table.Query{PK: o.feed.PK, Prefix: seenPrefix}
	for {
		items, more, err := o.engine.Table.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := o.take(item); err != nil {
				return err
			}
			q.After = item.SK
		}
		if !more {
			o.loaded = true
			return nil
		}
	}
}

func (o *overlap) take(item table.Item) error {
	sight, n := 0, 0
	if _, err := fmt.Sscanf(strings.TrimPrefix(item.SK, seenPrefix), "%d#%d", &sight, &n); err != nil {
		return fmt.Errorf("feed: a portion of what was seen has the key %q: %w", item.SK, err)
	}
	if sight != o.sight {
		o.gone = append(o.gone, table.Put{Key: item.Key, Delete: true, If: table.IfRev(item.Rev)})
		return nil
	}
	var packed packedSeen
	if err := read(item, &packed); err != nil {
		return err
	}
	pairs, err := packed.unpack()
	if err != nil {
		return err
	}
	maps.Copy(o.stamps, pairs)
	o.portions = append(o.portions, &portion{n: n, rev: item.Rev, pairs: pairs})
	return nil
}

// fresh drops records that were queued before with the same stamp.
func (o *overlap) fresh(ctx context.Context, records []record.Record) ([]record.Record, error) {
	if len(records) == 0 {
		return nil, nil
	}
	if err := o.load(ctx); err != nil {
		return nil, err
	}
	var out []record.Record
	for _, r := range records {
		if stamp, ok := o.stamps[r.Ref.ID]; !ok || stamp != r.Modified.UnixMilli() || r.Modified.IsZero() {
			out = append(out, r)
		}
	}
	return out, nil
}

// freshOf is fresh for a page: what the system itself is not sure of is no repetition, whatever its stamp.
func (o *overlap) freshOf(ctx context.Context, page connector.Page) ([]record.Record, error) {
	if page.Unsure.IsZero() {
		return o.fresh(ctx, page.Records)
	}
	unsure := func(r record.Record) bool { return !r.Modified.Before(page.Unsure) }
	sure, err := o.fresh(ctx, slices.DeleteFunc(slices.Clone(page.Records), unsure))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(page.Records), func(r record.Record) bool {
		return !unsure(r) && !slices.ContainsFunc(sure, func(s record.Record) bool { return s.Ref == r.Ref })
	}), nil
}

// remember keeps the stamps of what was queued; at the end of a cycle what lies well before the newest is forgotten. What bears a
// stamp that is not sure yet is queued again: a change later in the same second looks no different.
func (o *overlap) remember(records []record.Record, unsure time.Time, cycleEnds bool) {
	for _, r := range records {
		if !unsure.IsZero() && !r.Modified.Before(unsure) {
			continue
		}
		o.add(r.Ref.ID, r.Modified.UnixMilli())
	}
	if len(o.stamps) > maxSeen || cycleEnds {
		o.forget()
	}
}

func (o *overlap) add(id string, stamp int64) {
	if have, ok := o.stamps[id]; ok && have == stamp {
		return
	}
	o.stamps[id] = stamp
	last := len(o.portions) - 1
	if last < 0 || len(o.portions[last].pairs) >= seenPortion {
		n := 1
		if last >= 0 {
			n = o.portions[last].n + 1
		}
		o.portions = append(o.portions, &portion{n: n, pairs: map[string]int64{}})
		last++
	}
	o.portions[last].pairs[id], o.portions[last].new = stamp, true
}

// forget takes away the portions that lie before the overlap with all of their pairs, and the oldest where there are too many.
func (o *overlap) forget() {
	newest, pairs := int64(0), 0
	for _, p := range o.portions {
		newest, pairs = max(newest, p.newest()), pairs+len(p.pairs)
	}
	var kept []*portion
	for _, p := range o.portions {
		if p.newest() >= newest-seenFor.Milliseconds() && pairs <= maxSeen {
			kept = append(kept, p)
			continue
		}
		pairs -= len(p.pairs)
		if p.rev != 0 {
			o.gone = append(o.gone, table.Put{Key: seenKey(o.feed, o.sight, p.n), Delete: true, If: table.IfRev(p.rev)})
		}
	}
	if len(kept) == len(o.portions) {
		return
	}
	o.portions = kept
	clear(o.stamps)
	for _, p := range kept {
		maps.Copy(o.stamps, p.pairs)
	}
}

// save stores what changed. It comes after the records are queued and before the cursor moves: a page that is read again is
// then known. Another reader who was there first is a *table.ConflictError.
func (o *overlap) save(ctx context.Context) error {
	puts := slices.Clone(o.gone)
	var written []*portion
	for _, p := range o.portions {
		if p.new {
			puts = append(puts, put(seenKey(o.feed, o.sight, p.n), packSeen(p.pairs), o.engine.token(), table.IfRev(p.rev)))
			written = append(written, p)
		}
	}
	if len(puts) == 0 {
		return nil
	}
	if err := errors.Join(o.engine.Table.Put(ctx, puts)...); err != nil {
		return err
	}
	o.gone = nil
	for _, p := range written {
		p.rev, p.new = p.rev+1, false
	}
	return nil
}

// shared is save of readers that take no lease: one that finds another there before it leaves the portions to that one, and what
// it did is done again once.
func (o *overlap) shared(ctx context.Context) error {
	if err := o.save(ctx); err != nil && !lost(err) {
		return err
	}
	return nil
}
