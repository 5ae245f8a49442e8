package queuetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/engine/lane"
)

func sendReceiveAck(t *testing.T, b *bench) {
	b.nothing(lane.Live)
	b.counts(lane.Live, lane.Counts{})
	before := time.Now()
	b.send(lane.Live, "one", "two", "three")
	after := time.Now()
	b.counts(lane.Live, lane.Counts{Waiting: 3})
	got := b.receive(lane.Live, 3, b.long())
	sameOnce(t, got, "one", "two", "three")
	for _, d := range got {
		if d.Receives != 1 || d.Receipt == "" {
			t.Fatalf("%+v: want the first receive and a receipt", d)
		}
		if d.Sent.Before(before.Add(-b.slack())) || d.Sent.After(after.Add(b.slack())) {
			t.Fatalf("sent %v, want between %v and %v", d.Sent, before, after)
		}
	}
	b.counts(lane.Live, lane.Counts{InWork: 3})
	b.ack(lane.Live, got[0])
	b.counts(lane.Live, lane.Counts{InWork: 2})
	b.ack(lane.Live, got[1:]...)
	b.counts(lane.Live, lane.Counts{})
	b.none(b.queue.Send(t.Context(), lane.Live, nil))
	b.none(b.queue.Ack(t.Context(), lane.Live, nil))
	b.nothing(lane.Live)
}

// slack is how far a server's clock may be from ours: none where there is one clock.
func (b *bench) slack() time.Duration {
	if b.Virtual {
		return 0
	}
	return time.Minute
}

func visibilityEnds(t *testing.T, b *bench) {
	b.send(lane.Live, "a")
	first := b.receive(lane.Live, 1, 2*b.Unit)[0]
	b.nothing(lane.Live)
	b.wait(2)
	second := b.receive(lane.Live, 1, b.long())[0]
	if string(second.Body) != "a" || second.Receives != 2 {
		t.Fatalf("%+v: want the second receive of a", second)
	}
	if second.Receipt == first.Receipt {
		t.Fatal("the second receipt is the first")
	}
	if d := second.Sent.Sub(first.Sent).Abs(); d > time.Millisecond {
		t.Fatalf("sent moved by %v", d)
	}
	b.ack(lane.Live, second)
	b.counts(lane.Live, lane.Counts{})
}

// countsSeeVisibilityEnd without anybody receiving.
func countsSeeVisibilityEnd(t *testing.T, b *bench) {
	b.send(lane.Live, "a")
	b.receive(lane.Live, 1, 2*b.Unit)
	b.counts(lane.Live, lane.Counts{InWork: 1})
	b.wait(2)
	b.counts(lane.Live, lane.Counts{Waiting: 1})
}

func release(t *testing.T, b *bench) {
	b.send(lane.Live, "now", "later", "kept")
	byBody := map[string]lane.Delivery{}
	for _, d := range b.receive(lane.Live, 3, b.long()) {
		byBody[string(d.Body)] = d
	}
	b.none(b.queue.Release(t.Context(), lane.Live, []string{byBody["now"].Receipt}, 0))
	b.none(b.queue.Release(t.Context(), lane.Live, []string{byBody["later"].Receipt}, 3*b.Unit))
	again := b.receive(lane.Live, 1, b.long())[0]
	if string(again.Body) != "now" || again.Receives != 2 {
		t.Fatalf("%+v: want the second receive of now", again)
	}
	b.nothing(lane.Live)
	b.wait(3)
	later := b.receive(lane.Live, 1, b.long())[0]
	if string(later.Body) != "later" || later.Receives != 2 {
		t.Fatalf("%+v: want the second receive of later", later)
	}
	b.nothing(lane.Live)
	b.ack(lane.Live, again, later, byBody["kept"])
	b.counts(lane.Live, lane.Counts{})
}

func delay(t *testing.T, b *bench) {
	b.none(b.queue.Send(t.Context(), lane.Live, []lane.Message{
		{Body: []byte("later"), Delay: 3 * b.Unit}, {Body: []byte("now")}}))
	b.counts(lane.Live, lane.Counts{Waiting: 2})
	now := b.receive(lane.Live, 1, b.long())[0]
	if string(now.Body) != "now" {
		t.Fatalf("%q came before its delay", now.Body)
	}
	b.nothing(lane.Live)
	b.wait(3)
	later := b.receive(lane.Live, 1, b.long())[0]
	if string(later.Body) != "later" || later.Receives != 1 {
		t.Fatalf("%+v: want the first receive of later", later)
	}
	b.ack(lane.Live, now, later)
}

func deadLetters(t *testing.T, b *bench) {
	b.send(lane.Live, "poison")
	for n := 1; n <= lane.MaxReceives; n++ {
		d := b.receive(lane.Live, 1, b.long())[0]
		if d.Receives != n {
			t.Fatalf("receive %d says %d", n, d.Receives)
		}
		b.none(b.queue.Release(t.Context(), lane.Live, []string{d.Receipt}, 0))
	}
	b.send(lane.Live, "good")
	good := b.receive(lane.Live, 1, b.long())
	sameOnce(t, good, "good")
	b.nothing(lane.Live)
	b.ack(lane.Live, good...)
	b.counts(lane.Live, lane.Counts{Dead: 1})
	b.counts(lane.Bulk, lane.Counts{})
	dead := b.dead(lane.Live, 1)
	sameOnce(t, dead, "poison")
	b.none(b.queue.AckDead(t.Context(), lane.Live, receipts(dead)))
	b.counts(lane.Live, lane.Counts{})
	b.dead(lane.Live, 0)
	b.nothing(lane.Live)
}

func twoLanes(t *testing.T, b *bench) {
	b.send(lane.Bulk, "bulk 1", "bulk 2")
	b.nothing(lane.Live)
	b.send(lane.Live, "live 1")
	b.counts(lane.Live, lane.Counts{Waiting: 1})
	b.counts(lane.Bulk, lane.Counts{Waiting: 2})
	live := b.receive(lane.Live, 1, b.long())
	sameOnce(t, live, "live 1")
	b.nothing(lane.Live)
	bulk := b.receive(lane.Bulk, 2, b.long())
	sameOnce(t, bulk, "bulk 1", "bulk 2")
	b.ack(lane.Live, live...)
	b.counts(lane.Bulk, lane.Counts{InWork: 2})
	b.ack(lane.Bulk, bulk...)
	b.counts(lane.Bulk, lane.Counts{})
}

func batches(t *testing.T, b *bench) {
	for _, n := range []int{1, 9, 10, 11, 100} {
		var want []string
		for i := range n {
			want = append(want, fmt.Sprintf("batch %d message %d", n, i))
		}
		b.send(lane.Bulk, want...)
		got := b.receive(lane.Bulk, n, 60*b.Unit)
		sameOnce(t, got, want...)
		b.none(b.queue.Release(t.Context(), lane.Bulk, receipts(got), 0))
		got = b.receive(lane.Bulk, n, 60*b.Unit)
		sameOnce(t, got, want...)
		b.ack(lane.Bulk, got...)
		b.counts(lane.Bulk, lane.Counts{})
	}
	var large []string // five of these are more than SQS takes in one call
	for i := range 6 {
		large = append(large, fmt.Sprint(i, strings.Repeat("x", 100<<10)))
	}
	b.send(lane.Bulk, large...)
	got := b.receive(lane.Bulk, len(large), 60*b.Unit)
	sameOnce(t, got, large...)
	b.ack(lane.Bulk, got...)
}

func atMostMax(t *testing.T, b *bench) {
	b.send(lane.Live, "1", "2", "3", "4", "5")
	got, err := b.queue.Receive(t.Context(), lane.Live, 2, b.long())
	if err != nil || len(got) > 2 {
		t.Fatalf("asked for 2, got %d, %v", len(got), err)
	}
	rest := b.receive(lane.Live, 5-len(got), b.long())
	sameOnce(t, append(got, rest...), "1", "2", "3", "4", "5")
	b.nothing(lane.Live)
	b.ack(lane.Live, append(got, rest...)...)
}

func eachOnItsOwn(t *testing.T, b *bench) {
	most := strings.Repeat("x", lane.MaxBody)
	errs := b.queue.Send(t.Context(), lane.Live, []lane.Message{
		{Body: []byte("first")},
		{Body: []byte(most + "x")},
		{Body: []byte(most)},
		{},
		{Body: []byte("d"), Delay: 15*time.Minute + time.Second},
		{Body: []byte("d"), Delay: -time.Second},
		{Body: []byte("last")},
	})
	for i, field := range []string{"", "Body", "", "Body", "Delay", "Delay", ""} {
		switch {
		case field == "" && errs[i] != nil:
			t.Fatalf("message %d: %v", i, errs[i])
		case field != "" && (errs[i] == nil || !strings.Contains(errs[i].Error(), field)):
			t.Fatalf("message %d: error is %v, want one that names %s", i, errs[i], field)
		}
	}
	got := b.receive(lane.Live, 3, b.long())
	sameOnce(t, got, "first", most, "last")
	b.nothing(lane.Live)
	b.ack(lane.Live, got...)
}

func mistakes(t *testing.T, b *bench) {
	ctx := t.Context()
	_, noMax := b.queue.Receive(ctx, lane.Live, 0, b.long())
	_, noVisibility := b.queue.Receive(ctx, lane.Live, 1, 0)
	_, longVisibility := b.queue.Receive(ctx, lane.Live, 1, 13*time.Hour)
	_, noLane := b.queue.Receive(ctx, "fast", 1, b.long())
	_, noDead := b.queue.Dead(ctx, lane.Live, 0)
	_, noCounts := b.queue.Counts(ctx, "fast")
	for name, err := range map[string]error{
		"receive at most 0": noMax, "visibility 0": noVisibility, "visibility of 13 hours": longVisibility,
		"receive from no lane": noLane, "dead at most 0": noDead, "count no lane": noCounts,
		"send to no lane":  b.queue.Send(ctx, "fast", []lane.Message{{Body: []byte("x")}})[0],
		"release before 0": b.queue.Release(ctx, lane.Live, []string{"x"}, -1)[0],
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// nonsenseReceipt: one that was never given is a mistake, unlike one that is no longer good.
func nonsenseReceipt(t *testing.T, b *bench) {
	if err := b.queue.Ack(t.Context(), lane.Live, []string{"nonsense"})[0]; err == nil {
		t.Fatal("no error")
	}
}

func staleReceipts(t *testing.T, b *bench) {
	b.send(lane.Live, "a", "b")
	got := b.receive(lane.Live, 2, 2*b.Unit)
	b.ack(lane.Live, got[0])
	b.ack(lane.Live, got[0])                                                          // twice
	b.none(b.queue.Release(t.Context(), lane.Live, []string{got[0].Receipt}, b.Unit)) // of what is gone
	b.wait(2)
	again := b.receive(lane.Live, 1, b.long())
	b.ack(lane.Live, got[1]) // received again since
	b.ack(lane.Live, again...)
	b.ack(lane.Live, again[0], got[1])
	b.wait(2)
	b.nothing(lane.Live)
	b.counts(lane.Live, lane.Counts{})
}

func hostileBodies(t *testing.T, b *bench) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	want := []string{
		"\x00", string(every), "\xff\xfe", " ", "\n", `{"a":"b"}`, "<xml>&amp;]]>", "\ufffe\uffff", "\U0010ffff",
		"Zażółć gęślą jaźń", "👩‍👩‍👧", "e\u0301", "a&b=c%20d+e", "base64:AAAA", "AAAA",
	}
	b.send(lane.Bulk, want...)
	got := b.receive(lane.Bulk, len(want), b.long())
	sameOnce(t, got, want...)
	b.ack(lane.Bulk, got...)
}

func noSharedMemory(t *testing.T, b *bench) {
	mine := []byte("mine")
	b.none(b.queue.Send(t.Context(), lane.Live, []lane.Message{{Body: mine}}))
	mine[0] = 'X'
	first := b.receive(lane.Live, 1, b.long())
	sameOnce(t, first, "mine")
	first[0].Body[0] = 'X'
	b.none(b.queue.Release(t.Context(), lane.Live, receipts(first), 0))
	second := b.receive(lane.Live, 1, b.long())
	sameOnce(t, second, "mine")
	b.ack(lane.Live, second...)
}

// manyWorkers has four senders and four receivers at once: everything sent arrives.
func manyWorkers(t *testing.T, b *bench) {
	const senders, each = 4, 50
	var all tally
	all.times = map[string]int{}
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := 0; i < each; i += 5 {
				var messages []lane.Message
				for j := range 5 {
					messages = append(messages, lane.Message{Body: fmt.Appendf(nil, "%d/%d", s, i+j)})
				}
				for _, err := range b.queue.Send(t.Context(), lane.Bulk, messages) {
					if err != nil {
						t.Errorf("send: %v", err)
					}
				}
			}
		})
	}
	for range 4 {
		wg.Go(func() { b.work(t, &all, senders*each) })
	}
	wg.Wait()
	if n := all.distinct(); n != senders*each {
		t.Fatalf("%d of %d arrived", n, senders*each)
	}
	b.counts(lane.Bulk, lane.Counts{})
}

// work receives and acknowledges until the tally has n, or nothing has come for a long time.
func (b *bench) work(t *testing.T, all *tally, n int) {
	for idle := 0; idle < 300 && all.distinct() < n; {
		got, err := b.queue.Receive(t.Context(), lane.Bulk, 7, 60*b.Unit)
		if err != nil {
			t.Errorf("receive: %v", err)
			return
		}
		if len(got) == 0 {
			idle++
			b.Wait(b.Unit / 10)
			continue
		}
		for _, d := range got {
			all.add(d.Body)
		}
		for _, err := range b.queue.Ack(t.Context(), lane.Bulk, receipts(got)) {
			if err != nil {
				t.Errorf("ack: %v", err)
			}
		}
	}
}

func cancelled(t *testing.T, b *bench) {
	b.send(lane.Live, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, received := b.queue.Receive(ctx, lane.Live, 1, b.long())
	_, dead := b.queue.Dead(ctx, lane.Live, 1)
	_, counted := b.queue.Counts(ctx, lane.Live)
	for name, err := range map[string]error{
		"receive": received, "dead": dead, "counts": counted,
		"send": b.queue.Send(ctx, lane.Live, []lane.Message{{Body: []byte("b")}})[0],
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want one that says cancelled", name, err)
		}
	}
	got := b.receive(lane.Live, 1, b.long())
	sameOnce(t, got, "a")
	b.nothing(lane.Live)
	b.ack(lane.Live, got...)
}

// restart: what waits, is delayed, in work or dead is so afterwards, with the receives it had.
func restart(t *testing.T, b *bench) {
	b.send(lane.Live, "dead")
	for range lane.MaxReceives {
		d := b.receive(lane.Live, 1, b.long())
		b.none(b.queue.Release(t.Context(), lane.Live, receipts(d), 0))
	}
	b.nothing(lane.Live)
	b.send(lane.Live, "acked", "in work", "released")
	for _, d := range b.receive(lane.Live, 3, 4*b.Unit) {
		switch string(d.Body) {
		case "acked":
			b.ack(lane.Live, d)
		case "released":
			b.none(b.queue.Release(t.Context(), lane.Live, []string{d.Receipt}, 0))
		}
	}
	b.none(b.queue.Send(t.Context(), lane.Bulk, []lane.Message{
		{Body: []byte("waiting")}, {Body: []byte("delayed"), Delay: 4 * b.Unit}}))

	b.queue = b.Reopen(t, b.queue)
	b.counts(lane.Live, lane.Counts{Waiting: 1, InWork: 1, Dead: 1})
	b.counts(lane.Bulk, lane.Counts{Waiting: 2})
	released := b.receive(lane.Live, 1, b.long())
	sameOnce(t, released, "released")
	b.nothing(lane.Live)
	waiting := b.receive(lane.Bulk, 1, b.long())
	sameOnce(t, waiting, "waiting")
	b.nothing(lane.Bulk)

	b.wait(4)
	inWork := b.receive(lane.Live, 1, b.long())
	sameOnce(t, inWork, "in work")
	if released[0].Receives != 2 || inWork[0].Receives != 2 || waiting[0].Receives != 1 {
		t.Fatalf("receives are %d, %d and %d, want 2, 2 and 1", released[0].Receives, inWork[0].Receives, waiting[0].Receives)
	}
	sameOnce(t, b.receive(lane.Bulk, 1, b.long()), "delayed")
	sameOnce(t, b.dead(lane.Live, 1), "dead")
}
