package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
	"crosswalk/internal/queue/embedded"
)

// TestMeter: each step's requests are SQS's: ten messages and 256 KiB a call, 64 KiB a request.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := queue.NewMeter(embedded.NewMemory(embedded.Options{}))
		ctx := t.Context()
		var receipts []string
		send := func(n, size int) func() {
			return func() {
				messages := make([]lane.Message, n)
				for i := range messages {
					messages[i].Body = make([]byte, size)
				}
				m.Send(ctx, lane.Bulk, messages)
			}
		}
		receive := func() {
			got, err := m.Receive(ctx, lane.Bulk, 100, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			receipts = nil
			for _, d := range got {
				receipts = append(receipts, d.Receipt)
			}
		}
		ack := func() { m.Ack(ctx, lane.Bulk, receipts) }
		for _, step := range []struct {
			name string
			do   func()
			want queue.Figures
		}{
			{"25 small ones are three calls", send(25, 100), queue.Figures{Sends: 1, Sent: 25, Requests: 3}},
			{"received by ten", receive, queue.Figures{Receives: 1, Received: 25, Requests: 3}},
			{"acknowledged by ten", ack, queue.Figures{Acks: 1, Acked: 25, Requests: 3}},
			{"nothing there still costs one", receive, queue.Figures{Receives: 1, EmptyReceives: 1, Requests: 1}},
			// Two of 120 KiB fit a call: 240 KiB are four requests; the third alone is two.
			{"three of 120 KiB", send(3, 120<<10), queue.Figures{Sends: 1, Sent: 3, Requests: 6}},
			{"and the same received", receive, queue.Figures{Receives: 1, Received: 3, Requests: 6}},
			{"two released", func() { m.Release(ctx, lane.Bulk, receipts[:2], 0) }, queue.Figures{Releases: 1, Released: 2, Requests: 1}},
			{"a message too large costs nothing", send(1, lane.MaxBody+1), queue.Figures{Sends: 1, Failed: 1}},
			{"counts", func() { m.Counts(ctx, lane.Bulk) }, queue.Figures{CountCalls: 1, Requests: 2}},
			{"no dead letters", func() { m.Dead(ctx, lane.Bulk, 10) }, queue.Figures{Deads: 1, EmptyReceives: 1, Requests: 1}},
		} {
			step.do()
			if got := m.Reset(); got != step.want {
				t.Errorf("%s:\n got %+v\nwant %+v", step.name, got, step.want)
			}
		}
	})
}
