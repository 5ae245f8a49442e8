package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
)

func putAndGet(t *testing.T, b *bench) {
	a, c := b.key("p", "a"), b.key("p", "c")
	if got := b.get(a, c); len(got) != 0 {
		t.Fatalf("a new table has %d items", len(got))
	}
	b.must(table.Put{Key: a, Data: data("one"), Token: "t1"})
	b.wants(a, 1, "one")
	if got := b.get(a)[a]; got.Token != "t1" || !got.Expires.IsZero() {
		t.Fatalf("token %q expires %v, want t1 and never", got.Token, got.Expires)
	}
	b.must(table.Put{Key: a, Data: data("two")})
	b.wants(a, 2, "two")
	if got := b.get(a, c, a); len(got) != 1 {
		t.Fatalf("%d items for one that is there, one that is not, and the first again", len(got))
	}
	if got := b.get(); len(got) != 0 {
		t.Fatalf("%d items for no key", len(got))
	}
	if errs := b.puts(); len(errs) != 0 {
		t.Fatalf("%d errors for no put", len(errs))
	}
}

func emptyData(t *testing.T, b *bench) {
	a, c := b.key("p", "a"), b.key("p", "c")
	b.must(table.Put{Key: a}, table.Put{Key: c, Data: []byte{}, If: table.IfAbsent()})
	b.wants(a, 1, "")
	b.wants(c, 1, "")
	b.must(table.Put{Key: a, Data: data("some")})
	b.must(table.Put{Key: a})
	b.wants(a, 3, "")
	items, _ := b.query(table.Query{PK: a.PK})
	wantSKs(t, items, "a", "c")
}

// nothingIsLeft: a put replaces the item, so its token and its expiry are gone where the new one has none.
func nothingIsLeft(t *testing.T, b *bench) {
	for name, cond := range map[string]table.Condition{"always": {}, "rev": table.IfRev(1)} {
		k := b.key("p", name)
		b.must(table.Put{Key: k, Data: data("one"), Token: "t1", Expires: time.Now().Add(time.Hour)})
		b.must(table.Put{Key: k, Data: data("two"), If: cond})
		b.wants(k, 2, "two")
		if got := b.get(k)[k]; got.Token != "" || !got.Expires.IsZero() {
			t.Fatalf("%s: of the put before there is still: token %q, expires %v", name, got.Token, got.Expires)
		}
	}
}

func conditions(t *testing.T, b *bench) {
	for i, c := range []struct {
		name string
		rev  int64 // how often the item was put before
		cond table.Condition
		ok   bool
	}{
		{"always, absent", 0, table.Condition{}, true},
		{"always, there", 2, table.Condition{}, true},
		{"absent, absent", 0, table.IfAbsent(), true},
		{"absent, there", 1, table.IfAbsent(), false},
		{"rev 0 is absent, absent", 0, table.IfRev(0), true},
		{"rev 0 is absent, there", 1, table.IfRev(0), false},
		{"rev 1, absent", 0, table.IfRev(1), false},
		{"rev 1, there", 1, table.IfRev(1), true},
		{"rev 3, rev 3 there", 3, table.IfRev(3), true},
		{"rev 2, rev 3 there", 3, table.IfRev(2), false},
		{"rev 4, rev 3 there", 3, table.IfRev(4), false},
	} {
		k := b.key("p", strconv.Itoa(i))
		for range c.rev {
			b.must(table.Put{Key: k, Data: data("old")})
		}
		err := b.try(table.Put{Key: k, Data: data("new"), If: c.cond})
		if c.ok {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			b.wants(k, c.rev+1, "new")
			continue
		}
		if err == nil {
			t.Fatalf("%s: the put went through", c.name)
		}
		b.conflict(err)
		b.wants(k, c.rev, "old")
	}
}

func conflictCarriesCurrent(t *testing.T, b *bench) {
	k := b.key("p", "a")
	absent := b.conflict(b.try(table.Put{Key: k, Data: data("x"), If: table.IfRev(7)}))
	if absent.Key != k || absent.Current != nil {
		t.Fatalf("conflict over nothing carries %+v", absent.Current)
	}
	b.must(table.Put{Key: k, Data: data("one")}, table.Put{Key: b.key("p", "other"), Data: data("x")})
	b.must(table.Put{Key: k, Data: data("two"), Token: "theirs"})
	c := b.conflict(b.try(table.Put{Key: k, Data: data("mine"), Token: "mine", If: table.IfRev(1)})).Current
	if c == nil || c.Key != k || c.Rev != 2 || string(c.Data) != "two" || c.Token != "theirs" {
		t.Fatalf("conflict carries %+v, want rev 2, two, theirs", c)
	}
}

func oneWinner(t *testing.T, b *bench) {
	k := b.key("p", "prize")
	errs := twenty(func(i int) error {
		return b.table.Put(t.Context(), []table.Put{{Key: k, Data: data(strconv.Itoa(i)), Token: fmt.Sprint("t", i), If: table.IfAbsent()}})[0]
	})
	winner := -1
	for i, err := range errs {
		if err == nil {
			if winner >= 0 {
				t.Fatalf("%d and %d both won", winner, i)
			}
			winner = i
			continue
		}
		b.conflict(err)
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	b.wants(k, 1, strconv.Itoa(winner))
}

// everyIncrement has twenty read, add and write back until each has had its way: a lost update would show.
func everyIncrement(t *testing.T, b *bench) {
	k := b.key("p", "sum")
	for i, err := range twenty(func(int) error { return increment(t.Context(), b.table, k) }) {
		if err != nil {
			t.Fatalf("increment %d: %v", i, err)
		}
	}
	b.wants(k, 20, "20")
}

func increment(ctx context.Context, tab table.Table, k table.Key) error {
	for {
		items, err := tab.Get(ctx, []table.Key{k})
		if err != nil {
			return err
		}
		n := 0
		if item, ok := items[k]; ok {
			if n, err = strconv.Atoi(string(item.Data)); err != nil {
				return err
			}
		}
		err = tab.Put(ctx, []table.Put{{Key: k, Data: data(strconv.Itoa(n + 1)), If: table.IfRev(items[k].Rev)}})[0]
		var conflict *table.ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
	}
}

func twenty(run func(i int) error) []error {
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = run(i) })
	}
	wg.Wait()
	return errs
}

func deletes(t *testing.T, b *bench) {
	k := b.key("p", "a")
	b.must(table.Put{Key: k, Delete: true}) // of nothing: nothing to do, no error
	b.must(table.Put{Key: k, Data: data("one"), Token: "t"})
	c := b.conflict(b.try(table.Put{Key: k, Delete: true, If: table.IfRev(2)}))
	if c.Current == nil || c.Current.Rev != 1 {
		t.Fatalf("conflict carries %+v, want rev 1", c.Current)
	}
	b.conflict(b.try(table.Put{Key: k, Delete: true, If: table.IfAbsent()}))
	b.conflict(b.try(table.Put{Key: k, Delete: true, Token: "t", If: table.IfAbsent()})) // a put's token is no sign of a delete
	b.wants(k, 1, "one")
	b.must(table.Put{Key: k, Delete: true, If: table.IfRev(1)})
	b.wants(k, 0, "")
	if c := b.conflict(b.try(table.Put{Key: k, Delete: true, If: table.IfRev(1)})); c.Current != nil {
		t.Fatalf("the second delete's conflict carries %+v, want nil: gone", c.Current)
	}
	b.must(table.Put{Key: k, Data: data("again"), If: table.IfAbsent()})
	b.wants(k, 1, "again")
	b.must(table.Put{Key: k, Delete: true})
	if items, _ := b.query(table.Query{PK: k.PK}); len(items) != 0 {
		t.Fatalf("a query finds %d deleted items", len(items))
	}
}

func tokenReplay(t *testing.T, b *bench) {
	k := b.key("p", "a")
	first := table.Put{Key: k, Data: data("one"), Token: "attempt-1", If: table.IfAbsent()}
	second := table.Put{Key: k, Data: data("two"), Token: "attempt-2", If: table.IfRev(1)}
	b.must(first)
	b.must(first)
	b.wants(k, 1, "one")
	b.must(second)
	b.must(second, table.Put{Key: b.key("p", "beside"), Data: data("x"), If: table.IfAbsent()})
	b.wants(k, 2, "two")
	b.conflict(b.try(first))
	b.conflict(b.try(table.Put{Key: k, Token: "attempt-3", Data: data("x"), If: table.IfRev(1)}))

	bare := b.key("p", "no token")
	b.must(table.Put{Key: bare, Data: data("x"), If: table.IfAbsent()})
	b.conflict(b.try(table.Put{Key: bare, Data: data("x"), If: table.IfAbsent()})) // an empty token is nobody's
}

// tokenReused: a worker that marks its claim and its next put of the same item with one token must not be told
// that an old put is done because a newer one is.
func tokenReused(t *testing.T, b *bench) {
	k := b.key("p", "a")
	b.must(table.Put{Key: k, Data: data("claim"), Token: "tok", If: table.IfAbsent()})
	b.must(table.Put{Key: k, Data: data("done"), Token: "tok", If: table.IfRev(1)})
	b.conflict(b.try(table.Put{Key: k, Data: data("claim"), Token: "tok", If: table.IfAbsent()}))
	b.must(table.Put{Key: k, Data: data("done"), Token: "tok", If: table.IfRev(1)})
	b.wants(k, 2, "done")
}

func batches(t *testing.T, b *bench) {
	for _, n := range []int{1, 2, 25, 26, 99, 100, 101, 500} {
		var puts []table.Put
		var keys []table.Key
		for i := range n {
			k := b.key(fmt.Sprintf("batch %d part %d", n, i%7), fmt.Sprintf("%03d", i))
			keys = append(keys, k)
			puts = append(puts, table.Put{Key: k, Data: data(strconv.Itoa(i)), If: table.IfAbsent()})
		}
		b.must(puts...)
		got := b.get(keys...)
		if len(got) != n {
			t.Fatalf("%d of %d items are there", len(got), n)
		}
		for i, k := range keys {
			if string(got[k].Data) != strconv.Itoa(i) {
				t.Fatalf("item %d of %d holds %q", i, n, got[k].Data)
			}
		}
		for i := range puts {
			puts[i] = table.Put{Key: keys[i], Delete: true, If: table.IfRev(1)}
		}
		b.must(puts...)
		if got := b.get(keys...); len(got) != 0 {
			t.Fatalf("%d of %d items are left", len(got), n)
		}
	}
}

func eachOnItsOwn(t *testing.T, b *bench) {
	var puts []table.Put
	for i := range 60 {
		k := b.key("p", fmt.Sprintf("%02d", i))
		if i%3 == 0 {
			b.must(table.Put{Key: k, Data: data("taken")})
		}
		puts = append(puts, table.Put{Key: k, Data: data("mine"), If: table.IfAbsent()})
	}
	for i, err := range b.puts(puts...) {
		if i%3 == 0 {
			b.conflict(err)
			b.wants(puts[i].Key, 1, "taken")
			continue
		}
		if err != nil {
			t.Fatalf("put %d: %v", i, err)
		}
		b.wants(puts[i].Key, 1, "mine")
	}
}

func sameKeyTwice(t *testing.T, b *bench) {
	twice, once := b.key("p", "twice"), b.key("p", "once")
	errs := b.puts(
		table.Put{Key: twice, Data: data("1")}, table.Put{Key: once, Data: data("1")}, table.Put{Key: twice, Delete: true})
	b.refused(errs[0], "same key")
	b.refused(errs[2], "same key")
	if errs[1] != nil {
		t.Fatalf("the put beside: %v", errs[1])
	}
	b.wants(twice, 0, "")
	b.wants(once, 1, "1")
	b.must(table.Put{Key: b.key("p", "x"), Data: data("x")}, table.Put{Key: b.key("q", "x"), Data: data("x")}) // not the same key
}

func itemLimit(t *testing.T, b *bench) {
	most, over, small := b.key("p", "most"), b.key("p", "over"), b.key("p", "small")
	errs := b.puts(
		table.Put{Key: over, Data: big(table.MaxItem + 1)},
		table.Put{Key: most, Data: big(table.MaxItem)},
		table.Put{Key: small, Data: data("s")})
	b.refused(errs[0], "Data")
	if errs[1] != nil || errs[2] != nil {
		t.Fatalf("the puts beside: %v, %v", errs[1], errs[2])
	}
	b.wants(over, 0, "")
	b.wants(most, 1, string(big(table.MaxItem)))
	b.wants(small, 1, "s")
	longest := table.Key{PK: pad(b.space, 2048), SK: pad("s", 1024)}
	b.must(table.Put{Key: longest, Data: big(table.MaxItem), Token: "a-token-of-a-common-length-0123456789"})
	b.wants(longest, 1, string(big(table.MaxItem)))
	b.must(table.Put{Key: longest, Delete: true})
}

func keyLimits(t *testing.T, b *bench) {
	for _, c := range []struct {
		name  string
		key   table.Key
		field string // "" means it is fine
	}{
		{"empty PK", table.Key{SK: "a"}, "PK"},
		{"empty SK", table.Key{PK: b.space}, "SK"},
		{"long PK", table.Key{PK: pad(b.space, 2049), SK: "a"}, "PK"},
		{"long SK", table.Key{PK: b.space, SK: pad("", 1025)}, "SK"},
		{"PK not UTF-8", table.Key{PK: b.space + "\xff", SK: "a"}, "PK"},
		{"SK not UTF-8", table.Key{PK: b.space, SK: "a\xc3"}, "SK"},
		{"longest PK", table.Key{PK: pad(b.space, 2048), SK: "a"}, ""},
		{"longest SK", table.Key{PK: b.space, SK: pad("", 1024)}, ""},
	} {
		beside := b.key("beside", c.name)
		errs := b.puts(table.Put{Key: c.key, Data: data("x")}, table.Put{Key: beside, Data: data("y")})
		if errs[1] != nil {
			t.Fatalf("%s: the put beside: %v", c.name, errs[1])
		}
		b.wants(beside, 1, "y")
		if c.field == "" {
			if errs[0] != nil {
				t.Fatalf("%s: %v", c.name, errs[0])
			}
			b.wants(c.key, 1, "x")
			continue
		}
		b.refused(errs[0], c.field)
		if _, err := b.table.Get(t.Context(), []table.Key{beside, c.key}); err == nil {
			t.Fatalf("%s: Get takes it", c.name)
		}
	}
	if _, _, err := b.table.Query(t.Context(), table.Query{}); err == nil {
		t.Fatal("Query takes an empty PK")
	}
	if _, _, err := b.table.Query(t.Context(), table.Query{PK: b.space, Limit: -1}); err == nil {
		t.Fatal("Query takes a negative limit")
	}
}

func pad(s string, n int) string { return s + strings.Repeat("x", n-len(s)) }
