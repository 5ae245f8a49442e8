package bolt_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"crosswalk/internal/engine/table"
)

var body = make([]byte, 400)

func BenchmarkPut(b *testing.B) {
	for _, n := range []int{1, 50} {
		b.Run(fmt.Sprint(n, " per call"), func(b *testing.B) {
			tab := open(b, filepath.Join(b.TempDir(), "table.db"))
			i := 0
			for b.Loop() {
				put(b, tab, i, n)
				i++
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "puts/s")
		})
	}
	for _, n := range []int{1, 50} {
		b.Run(fmt.Sprint("16 goroutines, ", n, " per call"), func(b *testing.B) {
			tab := open(b, filepath.Join(b.TempDir(), "table.db"))
			var next atomic.Int64
			b.SetParallelism(8) // times GOMAXPROCS
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					put(b, tab, int(next.Add(1)), n)
				}
			})
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "puts/s")
		})
	}
	b.Run("refused", func(b *testing.B) {
		tab := open(b, filepath.Join(b.TempDir(), "table.db"))
		put(b, tab, 0, 1)
		p := []table.Put{{Key: key(0, 0), If: table.IfAbsent()}}
		for b.Loop() {
			if tab.Put(b.Context(), p)[0] == nil {
				b.Fatal("not refused")
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
	})
}

func key(call, i int) table.Key {
	return table.Key{PK: fmt.Sprint("L#", i%32), SK: fmt.Sprintf("hubspot:deals/%d-%d", call*7919%1000003, i)}
}

func put(b *testing.B, tab table.Table, call, n int) {
	puts := make([]table.Put, n)
	for i := range puts {
		puts[i] = table.Put{Key: key(call, i), Data: body, Token: "token-token-token", If: table.IfAbsent()}
	}
	for _, err := range tab.Put(b.Context(), puts) {
		if err != nil {
			b.Fatal(err)
		}
	}
}
