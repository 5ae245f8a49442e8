package embedded_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/embedded"
)

func BenchmarkSendReceiveAck(b *testing.B) {
	for _, n := range []int{1, 10, 50} {
		b.Run(fmt.Sprint("file, ", n, " per call"), func(b *testing.B) {
			cycle(b, open(b, filepath.Join(b.TempDir(), "queue.db"), embedded.Options{}), n)
		})
		b.Run(fmt.Sprint("memory, ", n, " per call"), func(b *testing.B) {
			cycle(b, embedded.NewMemory(embedded.Options{}), n)
		})
	}
	b.Run("file, 16 goroutines, 1 per call", func(b *testing.B) {
		q := open(b, filepath.Join(b.TempDir(), "queue.db"), embedded.Options{})
		b.SetParallelism(8) // times GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				once(b, q, 1)
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
	b.Run("file, 100,000 waiting, 10 per call", func(b *testing.B) {
		q := open(b, filepath.Join(b.TempDir(), "queue.db"), embedded.Options{})
		for range 100 {
			q.Send(b.Context(), lane.Bulk, messages(1000))
		}
		cycle(b, q, 10)
	})
}

var body = make([]byte, 200)

func messages(n int) []lane.Message {
	all := make([]lane.Message, n)
	for i := range all {
		all[i].Body = body
	}
	return all
}

func cycle(b *testing.B, q lane.Queue, n int) {
	for b.Loop() {
		once(b, q, n)
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "messages/s")
}

func once(b *testing.B, q lane.Queue, n int) {
	for _, err := range q.Send(b.Context(), lane.Bulk, messages(n)) {
		if err != nil {
			b.Fatal(err)
		}
	}
	got, err := q.Receive(b.Context(), lane.Bulk, n, time.Hour)
	if err != nil || len(got) == 0 {
		b.Fatal(len(got), err)
	}
	receipts := make([]string, len(got))
	for i, d := range got {
		receipts[i] = d.Receipt
	}
	for _, err := range q.Ack(b.Context(), lane.Bulk, receipts) {
		if err != nil {
			b.Fatal(err)
		}
	}
}
