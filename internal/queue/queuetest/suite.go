// Package queuetest is the suite that every lane.Queue passes: the embedded one in virtual time, the SQS one
// against whatever server stands in for it in real time. It asks for nothing that SQS does not promise: no order,
// at least once, no sharper times than a second, counts that may lag. Start with Run.
package queuetest

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/lane"
)

// Options say how the queue under test lives in time. The zero value suits a queue that is exact and instant,
// in real time.
type Options struct {
	// Virtual runs each case within testing/synctest; open is called inside.
	Virtual bool
	// Unit is the shortest visibility and delay in the suite; 0 is a second, which is also SQS's.
	Unit time.Duration
	// Settle is how long a message or a count may take to show; 0: it shows at once.
	Settle time.Duration
	// Wait lets time pass; nil is time.Sleep.
	Wait func(time.Duration)
	// Parallel runs the cases beside each other; open is called by each and must not give the same queue twice. Not with Virtual.
	Parallel bool
	// Reopen ends the given queue and gives another on the same data. nil skips the cases of a restart.
	Reopen func(t *testing.T, q lane.Queue) lane.Queue
	// Lacks names cases that a server standing in for SQS cannot pass. Our own queues lack nothing.
	Lacks []Lack
}

// Lack is one such case, and why.
type Lack struct{ Case, Why string }

// Run runs every case as a subtest. open gives a queue that is ready and empty.
func Run(t *testing.T, open func(t *testing.T) lane.Queue, opts Options) {
	if opts.Unit == 0 {
		opts.Unit = time.Second
	}
	if opts.Wait == nil {
		opts.Wait = time.Sleep
	}
	why := map[string]string{}
	for _, l := range opts.Lacks {
		why[l.Case] = l.Why
	}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if why[c.name] != "" {
				t.Skip(why[c.name])
			}
			if c.restart && opts.Reopen == nil {
				t.Skip("this queue has no restart")
			}
			if opts.Parallel {
				t.Parallel()
			}
			inTime(t, opts.Virtual, func(t *testing.T) {
				c.run(t, &bench{t: t, queue: open(t), Options: opts})
			})
		})
		delete(why, c.name)
	}
	for name := range why {
		t.Errorf("a lack names the case %q, which there is not", name)
	}
}

func inTime(t *testing.T, virtual bool, run func(t *testing.T)) {
	if virtual {
		synctest.Test(t, run)
		return
	}
	run(t)
}

type testCase struct {
	name    string
	run     func(t *testing.T, b *bench)
	restart bool
}

func cases() []testCase {
	return []testCase{
		{name: "send, receive, ack", run: sendReceiveAck},
		{name: "visibility ends", run: visibilityEnds},
		{name: "counts see visibility end", run: countsSeeVisibilityEnd},
		{name: "release", run: release},
		{name: "delay", run: delay},
		{name: "dead letters", run: deadLetters},
		{name: "B1 two lanes", run: twoLanes},
		{name: "batches", run: batches},
		{name: "at most max", run: atMostMax},
		{name: "each message on its own", run: eachOnItsOwn},
		{name: "mistakes", run: mistakes},
		{name: "nonsense receipt", run: nonsenseReceipt},
		{name: "stale receipts", run: staleReceipts},
		{name: "hostile bodies", run: hostileBodies},
		{name: "no shared memory", run: noSharedMemory},
		{name: "many workers", run: manyWorkers},
		{name: "cancelled", run: cancelled},
		{name: "restart", run: restart, restart: true},
	}
}

// A bench is one case's queue with shorthand that fails the test where an error would be a surprise.
type bench struct {
	Options
	t     *testing.T
	queue lane.Queue
}

func (b *bench) long() time.Duration { return 20 * b.Unit }

// wait lets n units pass and as long as the queue may take to show it.
func (b *bench) wait(n int) { b.Wait(time.Duration(n)*b.Unit + b.Settle) }

func (b *bench) send(l lane.Lane, bodies ...string) {
	b.t.Helper()
	messages := make([]lane.Message, len(bodies))
	for i, body := range bodies {
		messages[i].Body = []byte(body)
	}
	b.none(b.queue.Send(b.t.Context(), l, messages))
}

func (b *bench) none(errs []error) {
	b.t.Helper()
	for i, err := range errs {
		if err != nil {
			b.t.Fatalf("%d of %d: %v", i, len(errs), err)
		}
	}
}

// receive asks until n have come, or for as long as the queue may take.
func (b *bench) receive(l lane.Lane, n int, visibility time.Duration) (got []lane.Delivery) {
	b.t.Helper()
	got = b.collect(n, func(max int) ([]lane.Delivery, error) {
		return b.queue.Receive(b.t.Context(), l, max, visibility)
	})
	if len(got) != n {
		b.t.Fatalf("received %d of %d", len(got), n)
	}
	return got
}

func (b *bench) dead(l lane.Lane, n int) (got []lane.Delivery) {
	b.t.Helper()
	got = b.collect(n, func(max int) ([]lane.Delivery, error) { return b.queue.Dead(b.t.Context(), l, max) })
	if len(got) != n {
		b.t.Fatalf("%d dead letters, want %d", len(got), n)
	}
	return got
}

func (b *bench) collect(n int, ask func(max int) ([]lane.Delivery, error)) (got []lane.Delivery) {
	b.t.Helper()
	for waited := time.Duration(0); len(got) < n; {
		some, err := ask(n - len(got))
		if err != nil {
			b.t.Fatal(err)
		}
		if len(some) > n-len(got) {
			b.t.Fatalf("asked for %d, got %d", n-len(got), len(some))
		}
		got = append(got, some...)
		if len(some) > 0 {
			continue
		}
		if waited >= b.Settle {
			break
		}
		b.Wait(b.Unit / 10)
		waited += b.Unit / 10
	}
	return got
}

func (b *bench) nothing(l lane.Lane) {
	b.t.Helper()
	got, err := b.queue.Receive(b.t.Context(), l, 10, b.long())
	if err != nil {
		b.t.Fatal(err)
	}
	if len(got) != 0 {
		b.t.Fatalf("received %d when there should be nothing: %.60q", len(got), bodies(got))
	}
}

func (b *bench) ack(l lane.Lane, got ...lane.Delivery) {
	b.t.Helper()
	b.none(b.queue.Ack(b.t.Context(), l, receipts(got)))
}

// counts asks until the counts are as wanted, or for as long as the queue may take.
func (b *bench) counts(l lane.Lane, want lane.Counts) {
	b.t.Helper()
	for waited := time.Duration(0); ; waited += b.Unit / 10 {
		got, err := b.queue.Counts(b.t.Context(), l)
		if err != nil {
			b.t.Fatal(err)
		}
		if got == want {
			return
		}
		if waited >= b.Settle {
			b.t.Fatalf("counts are %+v, want %+v", got, want)
		}
		b.Wait(b.Unit / 10)
	}
}

func bodies(got []lane.Delivery) []string {
	all := make([]string, len(got))
	for i, d := range got {
		all[i] = string(d.Body)
	}
	return all
}

func receipts(got []lane.Delivery) []string {
	all := make([]string, len(got))
	for i, d := range got {
		all[i] = d.Receipt
	}
	return all
}

// sameOnce checks that exactly these bodies came, each once, in any order.
func sameOnce(t *testing.T, got []lane.Delivery, want ...string) {
	t.Helper()
	left := map[string]int{}
	for _, body := range want {
		left[body]++
	}
	for _, body := range bodies(got) {
		left[body]--
	}
	for body, n := range left {
		if n != 0 {
			t.Fatalf("%.60q came %d times too few (negative: too often)", body, n)
		}
	}
}

// A tally counts bodies from many goroutines.
type tally struct {
	mu    sync.Mutex
	times map[string]int
}

func (c *tally) add(body []byte) (distinct int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[string(body)]++
	return len(c.times)
}

func (c *tally) distinct() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.times)
}
