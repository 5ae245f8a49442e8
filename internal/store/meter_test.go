package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/store/storetest"
)

func TestMeterIsATable(t *testing.T) {
	storetest.Run(t, func(*testing.T) table.Table { return store.NewMeter(memory.New()) })
}

// TestT10Size works sizes out by hand: names and values, a number one byte per two digits and one more.
func TestT10Size(t *testing.T) {
	for _, c := range []struct {
		name string
		item table.Item
		want int
	}{
		// pk 2+1, sk 2+1, data 4+0, rev 3+2
		{"least", table.Item{Key: table.Key{PK: "p", SK: "s"}, Rev: 1}, 15},
		{"data", table.Item{Key: table.Key{PK: "p", SK: "s"}, Rev: 1, Data: make([]byte, 1000)}, 1015},
		{"unicode key", table.Item{Key: table.Key{PK: "é", SK: "😀"}, Rev: 1}, 19},
		{"rev of three digits", table.Item{Key: table.Key{PK: "p", SK: "s"}, Rev: 100}, 16},
		// tok 3+4; ttl 3 + ten digits 6
		{"token and ttl", table.Item{Key: table.Key{PK: "p", SK: "s"}, Rev: 1, Token: "abcd", Expires: time.Unix(1800000000, 0)}, 15 + 7 + 9},
	} {
		if got := store.Size(c.item); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}

func TestT10Units(t *testing.T) {
	for _, c := range []struct {
		size        int
		write, read int64
	}{
		{0, 1, 1}, {1, 1, 1}, {1024, 1, 1}, {1025, 2, 1}, {4096, 4, 1}, {4097, 5, 2}, {400 << 10, 400, 100},
	} {
		if w, r := store.WriteUnits(c.size), store.ReadUnits(c.size); w != c.write || r != c.read {
			t.Errorf("%d bytes: %d and %d units, want %d and %d", c.size, w, r, c.write, c.read)
		}
	}
}

// TestT10Meter: each step's units are DynamoDB's published ones for that request.
func TestT10Meter(t *testing.T) {
	m := store.NewMeter(memory.New())
	k := func(sk string) table.Key { return table.Key{PK: "p", SK: sk} }
	kb := func(n int) []byte { return make([]byte, n<<10-15) } // with keys and names exactly n KB at rev 1..9
	put := func(puts ...table.Put) func() {
		return func() { m.Put(t.Context(), puts) }
	}
	for _, step := range []struct {
		name string
		do   func()
		want store.Figures
	}{
		{"put 3 KB", put(table.Put{Key: k("a"), Data: kb(3)}),
			store.Figures{PutCalls: 1, Puts: 1, Requests: 1, WRU: 3, BytesWritten: 3 << 10}},
		{"put 1 KB over 3 KB: the larger counts", put(table.Put{Key: k("a"), Data: kb(1)}),
			store.Figures{PutCalls: 1, Puts: 1, Requests: 1, WRU: 3, BytesWritten: 1 << 10}},
		{"put 5 KB over 1 KB", put(table.Put{Key: k("a"), Data: kb(5), If: table.IfRev(2)}),
			store.Figures{PutCalls: 1, Puts: 1, Requests: 1, WRU: 5, BytesWritten: 5 << 10}},
		{"a refused condition costs what is there", put(table.Put{Key: k("a"), If: table.IfAbsent()}),
			store.Figures{PutCalls: 1, Puts: 1, Requests: 1, WRU: 5, Conflicts: 1}},
		{"a refused condition over nothing costs one", put(table.Put{Key: k("b"), If: table.IfRev(1)}),
			store.Figures{PutCalls: 1, Puts: 1, Requests: 1, WRU: 1, Conflicts: 1}},
		{"two puts and a mistake", put(table.Put{Key: k("b")}, table.Put{Key: k("c"), Data: kb(2)}, table.Put{Key: k("")}),
			store.Figures{PutCalls: 1, Puts: 3, Requests: 2, WRU: 3, Refused: 1, BytesWritten: 15 + 2<<10}},
		{"get 5 KB, little, absent, one twice", func() { m.Get(t.Context(), []table.Key{k("a"), k("b"), k("none"), k("a")}) },
			store.Figures{GetCalls: 1, KeysRead: 3, Requests: 1, RRU: 2 + 1 + 1}},
		{"query 7 KB and a little", func() { m.Query(t.Context(), table.Query{PK: "p"}) },
			store.Figures{QueryCalls: 1, ItemsQueried: 3, Requests: 1, RRU: 2}},
		{"query nothing", func() { m.Query(t.Context(), table.Query{PK: "q"}) },
			store.Figures{QueryCalls: 1, Requests: 1, RRU: 1}},
		{"delete 5 KB and nothing", put(table.Put{Key: k("a"), Delete: true}, table.Put{Key: k("none"), Delete: true}),
			store.Figures{PutCalls: 1, Puts: 2, Requests: 2, WRU: 6}},
		{"250 keys are three requests", func() { m.Get(t.Context(), many(250)) },
			store.Figures{GetCalls: 1, KeysRead: 250, Requests: 3, RRU: 250}},
	} {
		step.do()
		if got := m.Figures(); got != step.want {
			t.Errorf("%s:\n got %+v\nwant %+v", step.name, got, step.want)
		}
		m.Reset()
	}
	if got := m.Figures(); got != (store.Figures{}) {
		t.Errorf("after Reset: %+v", got)
	}
}

func many(n int) (keys []table.Key) {
	for i := range n {
		keys = append(keys, table.Key{PK: "many", SK: strings.Repeat("x", i+1)})
	}
	return keys
}

func TestMeterCountsEveryGoroutine(t *testing.T) {
	m := store.NewMeter(memory.New())
	var wg sync.WaitGroup
	for _, k := range many(20) {
		wg.Go(func() {
			for range 50 {
				m.Put(t.Context(), []table.Put{{Key: k}})
				m.Get(t.Context(), []table.Key{k})
			}
		})
	}
	wg.Wait()
	if f := m.Figures(); f.Puts != 1000 || f.KeysRead != 1000 || f.WRU != 1000 || f.RRU != 1000 {
		t.Fatalf("%+v", f)
	}
}
