package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
)

func query(t *testing.T, b *bench) {
	keys := []string{"b#2", "a", "b", "b#10", "c", "b#1", "B", "\u00e9", "\uffee", "\U0001F600", "z"}
	for _, sk := range keys {
		b.must(table.Put{Key: b.key("p", sk), Data: data("is " + sk)})
	}
	b.must(table.Put{Key: b.key("p2", "a"), Data: data("x")}, table.Put{Key: b.key("", "p"+"a"), Data: data("x")}) // neighbours that must not be seen
	pk := b.space + "p"
	for _, c := range []struct {
		name string
		q    table.Query
		want []string
	}{
		{"all, by bytes", table.Query{PK: pk}, []string{"B", "a", "b", "b#1", "b#10", "b#2", "c", "z", "\u00e9", "\uffee", "\U0001F600"}},
		{"prefix", table.Query{PK: pk, Prefix: "b"}, []string{"b", "b#1", "b#10", "b#2"}},
		{"longer prefix", table.Query{PK: pk, Prefix: "b#1"}, []string{"b#1", "b#10"}},
		{"prefix of nothing", table.Query{PK: pk, Prefix: "q"}, nil},
		{"prefix beyond ASCII", table.Query{PK: pk, Prefix: "\U0001F600"}, []string{"\U0001F600"}},
		{"after", table.Query{PK: pk, After: "c"}, []string{"z", "\u00e9", "\uffee", "\U0001F600"}},
		{"after what is not there", table.Query{PK: pk, After: "bb"}, []string{"c", "z", "\u00e9", "\uffee", "\U0001F600"}},
		{"after within prefix", table.Query{PK: pk, Prefix: "b", After: "b#1"}, []string{"b#10", "b#2"}},
		{"after before prefix", table.Query{PK: pk, Prefix: "b#", After: "a"}, []string{"b#1", "b#10", "b#2"}},
		{"after beyond prefix", table.Query{PK: pk, Prefix: "b", After: "c"}, nil},
		{"after the last", table.Query{PK: pk, After: "\U0001F600"}, nil},
		{"no such partition", table.Query{PK: pk + "?"}, nil},
	} {
		items, _ := b.all(c.q)
		t.Log(c.name)
		wantSKs(t, items, c.want...)
		for limit := 1; limit <= 4; limit++ {
			q := c.q
			q.Limit = limit
			page, _ := b.query(q)
			wantSKs(t, page, c.want[:min(limit, len(c.want))]...)
			items, _ := b.all(q)
			wantSKs(t, items, c.want...)
		}
	}
	items, _ := b.query(table.Query{PK: pk, Prefix: "b#1"})
	if got := items[0]; string(got.Data) != "is b#1" || got.Rev != 1 || got.PK != pk {
		t.Fatalf("a queried item is %+v", got)
	}
}

func queryBySize(t *testing.T, b *bench) {
	var puts []table.Put
	for i := range 8 {
		puts = append(puts, table.Put{Key: b.key("big", strconv.Itoa(i)), Data: big(300 << 10)})
	}
	b.must(puts...)
	page, more := b.query(table.Query{PK: b.space + "big"})
	if !more || len(page) < 3 || len(page) > 4 {
		t.Fatalf("a page of 300 KB items has %d of 8, more %v; want about 1 MB", len(page), more)
	}
	items, pages := b.all(table.Query{PK: b.space + "big"})
	wantSKs(t, items, "0", "1", "2", "3", "4", "5", "6", "7")
	if pages < 2 || pages > 4 {
		t.Fatalf("%d pages", pages)
	}

	puts = nil
	var want []string
	for i := range 1100 {
		puts = append(puts, table.Put{Key: b.key("many", fmt.Sprintf("%04d", i)), Data: data("x")})
		want = append(want, fmt.Sprintf("%04d", i))
	}
	for part := range slices.Chunk(puts, 500) {
		b.must(part...)
	}
	page, more = b.query(table.Query{PK: b.space + "many"})
	if len(page) != 1000 || !more {
		t.Fatalf("a page without limit has %d items, more %v; want 1000, true", len(page), more)
	}
	items, _ = b.all(table.Query{PK: b.space + "many"})
	wantSKs(t, items, want...)
}

func expired(t *testing.T, b *bench) {
	var puts []table.Put
	for i := range 10 {
		p := table.Put{Key: b.key("p", strconv.Itoa(i)), Data: data("old"), Token: "t"}
		if i%2 == 0 {
			p.Expires = past
		}
		puts = append(puts, p)
	}
	puts = append(puts, table.Put{Key: b.key("p", "epoch"), Data: data("old"), Expires: time.Unix(0, 0)})
	b.must(puts...)
	b.wants(b.key("p", "epoch"), 0, "")
	b.wants(b.key("p", "0"), 0, "")
	b.wants(b.key("p", "1"), 1, "old")

	items, more := b.query(table.Query{PK: b.space + "p", Limit: 3})
	wantSKs(t, items, "1", "3", "5")
	if !more {
		t.Fatal("the page of three of five says there is no more")
	}
	items, _ = b.all(table.Query{PK: b.space + "p", Limit: 1})
	wantSKs(t, items, "1", "3", "5", "7", "9")

	if c := b.conflict(b.try(table.Put{Key: b.key("p", "2"), Data: data("x"), If: table.IfRev(1)})); c.Current != nil {
		t.Fatalf("a conflict carries an expired item: %+v", c.Current)
	}
	if c := b.conflict(b.try(table.Put{Key: b.key("p", "2"), Delete: true, If: table.IfRev(1)})); c.Current != nil {
		t.Fatalf("a delete's conflict carries an expired item: %+v", c.Current)
	}
	if c := b.conflict(b.try(table.Put{Key: b.key("p", "2"), Data: data("x"), Token: "t", If: table.IfRev(4)})); c.Current != nil {
		t.Fatalf("an expired item's token counts: %+v", c.Current)
	}
	b.must(table.Put{Key: b.key("p", "2"), Data: data("new"), If: table.IfAbsent()})
	b.wants(b.key("p", "2"), 1, "new")
	b.must(table.Put{Key: b.key("p", "4"), Data: data("new")})
	if got := b.get(b.key("p", "4"))[b.key("p", "4")]; string(got.Data) != "new" || !got.Expires.IsZero() {
		t.Fatalf("put over an expired item: %+v", got)
	}
	b.must(table.Put{Key: b.key("p", "1"), Data: data("x"), Expires: past, If: table.IfRev(1)}) // let it go
	b.wants(b.key("p", "1"), 0, "")
	b.must(table.Put{Key: b.key("p", "0"), Delete: true})
	b.must(table.Put{Key: b.key("p", "6"), Delete: true, If: table.IfAbsent()})
}

func expiryToCome(t *testing.T, b *bench) {
	k := b.key("p", "a")
	at := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	b.must(table.Put{Key: k, Data: data("x"), Expires: at.Add(-time.Millisecond)})
	b.wants(k, 1, "x")
	if got := b.get(k)[k].Expires; !got.Equal(at) {
		t.Fatalf("expires %v, want %v: whole seconds, rounded up", got, at)
	}
	items, _ := b.query(table.Query{PK: k.PK})
	if len(items) != 1 || !items[0].Expires.Equal(at) {
		t.Fatalf("queried: %+v", items)
	}
	b.must(table.Put{Key: k, Data: data("y"), If: table.IfRev(1)})
	if got := b.get(k)[k].Expires; !got.IsZero() {
		t.Fatalf("expires %v after a put without, want never", got)
	}
}

func hostileBytes(t *testing.T, b *bench) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	datas := [][]byte{{0}, {0xff, 0xfe, 0xff}, every, []byte("\xed\xa0\x80"), []byte(`{"a":"b"}`)}
	sks := []string{
		"\x00", "\x00\x00", "a\x00b", "a\x00", "#", "a#b/c|d,e:f", " ", "\t\n\r", "'; --", `"\`, "%s%d", "../..",
		"\u202eabc", "e\u0301", "\u00e9", "\ufeff", "\uffff", "\U0010ffff", "İstanbul", "ß", "ﬁ", "👩‍👩‍👧", "ttl", ":d", "data", "$",
	}
	var puts []table.Put
	for _, pk := range []string{"x", "x\x00", "x\x00y", "\u00e9", "e\u0301"} {
		for i, sk := range sks {
			puts = append(puts, table.Put{Key: b.key(pk, sk), Data: datas[i%len(datas)], Token: sk})
		}
	}
	b.must(puts...)
	var keys []table.Key
	for _, p := range puts {
		keys = append(keys, p.Key)
	}
	got := b.get(keys...)
	if len(got) != len(puts) {
		t.Fatalf("%d of %d items are there: some keys are taken for the same", len(got), len(puts))
	}
	for _, p := range puts {
		if item := got[p.Key]; !bytes.Equal(item.Data, p.Data) || item.Token != p.Token || item.Rev != 1 {
			t.Fatalf("item %q came back as %q, token %q", p.SK, item.Data, item.Token)
		}
	}
	want := slices.Clone(sks)
	slices.Sort(want)
	items, _ := b.all(table.Query{PK: b.space + "x", Limit: 5})
	wantSKs(t, items, want...)
}

func noSharedMemory(t *testing.T, b *bench) {
	k := b.key("p", "a")
	mine := data("mine")
	b.must(table.Put{Key: k, Data: mine})
	mine[0] = 'X'
	b.wants(k, 1, "mine")
	b.get(k)[k].Data[0] = 'X'
	items, _ := b.query(table.Query{PK: k.PK})
	items[0].Data[0] = 'X'
	b.conflict(b.try(table.Put{Key: k, Data: data("x"), If: table.IfAbsent()})).Current.Data[0] = 'X'
	b.wants(k, 1, "mine")
}

func cancelled(t *testing.T, b *bench) {
	ctx, k := cancelledContext(t), b.key("p", "a")
	errs := b.table.Put(ctx, []table.Put{{Key: k, Data: data("x")}, {Key: b.key("p", "b"), Data: data("x")}})
	if len(errs) != 2 || !isCancelled(errs[0]) || !isCancelled(errs[1]) {
		t.Fatalf("Put: %v", errs)
	}
	if _, err := b.table.Get(ctx, []table.Key{k}); !isCancelled(err) {
		t.Fatalf("Get: %v", err)
	}
	if _, _, err := b.table.Query(ctx, table.Query{PK: k.PK}); !isCancelled(err) {
		t.Fatalf("Query: %v", err)
	}
	b.wants(k, 0, "")
}

// isCancelled asks for an error that says so: a worker that is stopping must tell it from a broken store.
func isCancelled(err error) bool {
	return err != nil && errors.Is(err, context.Canceled)
}
