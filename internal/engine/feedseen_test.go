package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
)

// puts counts what is written.
type puts struct {
	table.Table
	items, bytes, largest int
}

func (p *puts) Put(ctx context.Context, all []table.Put) []error {
	for _, one := range all {
		p.items, p.bytes, p.largest = p.items+1, p.bytes+len(one.Data), max(p.largest, len(one.Data))
	}
	return p.Table.Put(ctx, all)
}

// look is one reader's page of a feed: it tells how many records were new.
func look(t *testing.T, e *Engine, at table.Key, sight int, ends bool, records ...record.Record) int {
	t.Helper()
	o := e.overlapOf(at, &feed{Sight: sight})
	fresh, err := o.fresh(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	o.remember(records, time.Time{}, ends)
	if err := o.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	return len(fresh)
}

func shown(form string, from, to int, at time.Time, apart time.Duration) []record.Record {
	var out []record.Record
	for n := from; n < to; n++ {
		out = append(out, record.Record{Ref: record.Ref{Connection: "crm", Object: "deals", ID: fmt.Sprintf(form, n)}, Modified: at.Add(time.Duration(n) * apart)})
	}
	return out
}

// B4: after a wave of 20,000 records an idle poll shows all of them again: none is queued twice, nothing is written, and no item
// comes near DynamoDB's limit, whatever ids look like.
func TestB4_OverlapIsWrittenOnce(t *testing.T) {
	at := time.Date(2026, 9, 13, 12, 0, 0, 0, time.UTC)
	for name, form := range map[string]string{"numbers": "123456%05d", "uuids": "3f0c2b1a-0000-4000-8000-0000000%05d", "salesforce": "0060000000%05dAAA"} {
		store := &puts{Table: memory.New()}
		e := &Engine{Config: Config{Table: store, Random: func() uint64 { return 1 }}}
		feed := feedKey("crm", "deals")
		const wave, page = 20000, 200
		for n := 0; n < wave; n += page {
			if got := look(t, e, feed, 0, n+page == wave, shown(form, n, n+page, at, 10*time.Millisecond)...); got != page {
				t.Fatalf("%s: %d of a new page are new", name, got)
			}
		}
		// A page adds 200 pairs to portions of at most 500: it writes one or two of them. One item with all pairs would be
		// written 100 times, of 1 MB to 35 MB together.
		if store.items > 2*wave/page || store.largest > 20<<10 || store.bytes > wave/page*25<<10 {
			t.Errorf("%s: %d items, %d bytes, the largest %d", name, store.items, store.bytes, store.largest)
		}
		wrote := store.items
		for range 3 {
			if n := look(t, e, feed, 0, true, shown(form, 0, wave, at, 10*time.Millisecond)...); n != 0 {
				t.Errorf("%s: an idle poll queues %d records again", name, n)
			}
		}
		if store.items != wrote {
			t.Errorf("%s: idle polls wrote %d items", name, store.items-wrote)
		}
		changed := shown(form, 7, 8, at.Add(5*time.Minute), 0)
		if n := look(t, e, feed, 0, true, changed...); n != 1 || store.items != wrote+1 {
			t.Errorf("%s: a change is new to %d, %d items written", name, n, store.items-wrote)
		}
		if n := look(t, e, feed, 0, true, changed...); n != 0 {
			t.Errorf("%s: the change is queued again", name)
		}
	}
}

// B4: what lies before the overlap is forgotten; a feed that begins anew has seen nothing, and what it had seen goes.
func TestB4_OverlapIsForgotten(t *testing.T) {
	at := time.Date(2026, 9, 13, 12, 0, 0, 0, time.UTC)
	e := &Engine{Config: Config{Table: memory.New(), Random: func() uint64 { return 1 }}}
	feed := feedKey("crm", "deals")
	items := func() int {
		got, _, err := e.Table.Query(t.Context(), table.Query{PK: feed.PK})
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	old := shown("1%05d", 0, 1200, at, 0)
	look(t, e, feed, 0, true, old...)
	if n := items(); n != 3 {
		t.Fatalf("1,200 pairs are in %d portions, want 3", n)
	}
	look(t, e, feed, 0, true, shown("2%05d", 0, 300, at.Add(seenFor+time.Minute), 0)...)
	// 500 and 500 are old altogether; 200 of before are in a portion with 300 new ones.
	if n := items(); n != 1 {
		t.Errorf("%d portions are left, want 1", n)
	}
	if n := look(t, e, feed, 0, true, old...); n != 1000 {
		t.Errorf("%d of the old ones are new, want 1,000", n)
	}
	if n := look(t, e, feed, 1, true, old...); n != 1200 {
		t.Errorf("%d are new to a feed that began anew, want 1,200", n)
	}
	if n := items(); n != 3 {
		t.Errorf("%d portions, want the 3 of the new sight", n)
	}
}

// Two readers, of whom one was thought dead: whoever is late stores nothing.
func TestB4_OverlapOfTwoReaders(t *testing.T) {
	at := time.Date(2026, 9, 13, 12, 0, 0, 0, time.UTC)
	e := &Engine{Config: Config{Table: memory.New(), Random: random()}}
	key := feedKey("crm", "deals")
	first := e.overlapOf(key, &feed{})
	if _, err := first.fresh(t.Context(), shown("1%05d", 10, 20, at, 0)); err != nil {
		t.Fatal(err)
	}
	look(t, e, key, 0, true, shown("1%05d", 0, 10, at, 0)...)
	first.remember(shown("1%05d", 10, 20, at, 0), time.Time{}, true)
	if err := first.save(t.Context()); !lost(err) {
		t.Errorf("the late reader was answered %v", err)
	}
	if err := first.shared(t.Context()); err != nil {
		t.Errorf("a reader without a lease was answered %v", err)
	}
}

func random() func() uint64 {
	n := uint64(0)
	return func() uint64 { n++; return n }
}
