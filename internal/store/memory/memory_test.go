package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
)

func put(t testing.TB, tab table.Table, sk, data string) {
	t.Helper()
	if err := tab.Put(t.Context(), []table.Put{{Key: table.Key{PK: "p", SK: sk}, Data: []byte(data)}})[0]; err != nil {
		t.Fatal(err)
	}
}

func contents(t testing.TB, tab table.Table) (all string) {
	t.Helper()
	items, _, err := tab.Query(t.Context(), table.Query{PK: "p"})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		all += item.SK + "=" + string(item.Data) + " "
	}
	return all
}

func TestSnapshotAndRestore(t *testing.T) {
	tab := memory.New()
	put(t, tab, "a", "1")
	put(t, tab, "b", "1")
	s := tab.Snapshot()
	put(t, tab, "a", "2")
	put(t, tab, "c", "2")
	if got := contents(t, tab); got != "a=2 b=1 c=2 " {
		t.Fatal(got)
	}
	other := memory.New()
	for _, into := range []*memory.Table{tab, other, tab} {
		into.Restore(s)
		if got := contents(t, into); got != "a=1 b=1 " {
			t.Fatal(got)
		}
		put(t, into, "d", "3")
	}
	if items := s.Items(); len(items) != 2 || items[0].SK != "a" || items[1].SK != "b" {
		t.Fatalf("%+v", items)
	}
}

func TestExpiryInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab, k := memory.New(), table.Key{PK: "p", SK: "a"}
		tab.Put(t.Context(), []table.Put{{Key: k, Expires: time.Now().Add(5 * time.Minute)}})
		time.Sleep(5*time.Minute - 1)
		if contents(t, tab) == "" {
			t.Fatal("gone too early")
		}
		time.Sleep(1)
		if contents(t, tab) != "" {
			t.Fatal("still there")
		}
		if err := tab.Put(t.Context(), []table.Put{{Key: k, If: table.IfAbsent()}})[0]; err != nil {
			t.Fatal(err)
		}
	})
}

// TestFaultyStrikesBetweenPuts: of three puts the first goes through, the second goes through and its answer is
// lost, the third never arrives.
func TestFaultyStrikesBetweenPuts(t *testing.T) {
	lost, down := errors.New("answer lost"), errors.New("unreachable")
	inner := memory.New()
	f := &memory.Faulty{
		Inner: inner,
		Before: func(_ context.Context, c memory.Call) error {
			if c.Op == memory.OpPut && c.Put.SK == "c" || c.Op != memory.OpPut {
				return down
			}
			return nil
		},
		After: func(_ context.Context, c memory.Call, answer error) error {
			if c.Put.SK == "b" {
				return lost
			}
			return answer
		},
	}
	k := func(sk string) table.Key { return table.Key{PK: "p", SK: sk} }
	errs := f.Put(t.Context(), []table.Put{{Key: k("a")}, {Key: k("b")}, {Key: k("c")}})
	if errs[0] != nil || !errors.Is(errs[1], lost) || !errors.Is(errs[2], down) {
		t.Fatalf("%v", errs)
	}
	if got := contents(t, inner); got != "a= b= " {
		t.Fatal(got)
	}
	if _, err := f.Get(t.Context(), []table.Key{k("a")}); !errors.Is(err, down) {
		t.Fatalf("Get: %v", err)
	}
	if _, _, err := f.Query(t.Context(), table.Query{PK: "p"}); !errors.Is(err, down) {
		t.Fatalf("Query: %v", err)
	}
}

func BenchmarkPut(b *testing.B) {
	tab, body := memory.New(), make([]byte, 400)
	for i := 0; b.Loop(); i++ {
		tab.Put(b.Context(), []table.Put{{Key: table.Key{PK: string(rune('a' + i%26)), SK: time.Duration(i * 7919 % 100003).String()}, Data: body}})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
}
