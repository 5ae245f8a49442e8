package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/store/boltfile"
)

func send(t testing.TB, q lane.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if err := q.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte(body)}})[0]; err != nil {
			t.Fatal(err)
		}
	}
}

// receive gives what came as "body:receives ..." and the receipts.
func receive(t testing.TB, q lane.Queue, max int, visibility time.Duration) (string, []string) {
	t.Helper()
	got, err := q.Receive(t.Context(), lane.Live, max, visibility)
	if err != nil {
		t.Fatal(err)
	}
	var came, receipts []string
	for _, d := range got {
		came = append(came, fmt.Sprintf("%s:%d", d.Body, d.Receives))
		receipts = append(receipts, d.Receipt)
	}
	return strings.Join(came, " "), receipts
}

func wants(t testing.TB, q lane.Queue, max int, visibility time.Duration, want string) []string {
	t.Helper()
	got, receipts := receive(t, q, max, visibility)
	if got != want {
		t.Fatalf("received %q, want %q", got, want)
	}
	return receipts
}

// TestOrder: what has been visible for longest comes first, so what comes back is behind what waited meanwhile.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := embedded.NewMemory(embedded.Options{})
		send(t, q, "a", "b", "c", "d")
		receipts := wants(t, q, 2, time.Minute, "a:1 b:1")
		time.Sleep(time.Second)
		q.Release(t.Context(), lane.Live, receipts[1:], 0)
		send(t, q, "e")
		wants(t, q, 9, time.Hour, "c:1 d:1 b:2 e:1")
		time.Sleep(time.Minute)
		wants(t, q, 9, time.Hour, "a:2")
	})
}

// TestTimesAreExact: a message is hidden for its visibility to the nanosecond, its receipt good as long, and an
// acknowledgement that comes later changes nothing.
func TestTimesAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := embedded.NewMemory(embedded.Options{})
		send(t, q, "a")
		receipts := wants(t, q, 1, time.Minute, "a:1")
		time.Sleep(time.Minute - 1)
		wants(t, q, 1, time.Minute, "")
		time.Sleep(1)
		if err := q.Ack(t.Context(), lane.Live, receipts)[0]; err != nil {
			t.Fatal(err)
		}
		receipts = wants(t, q, 1, time.Minute, "a:2")
		time.Sleep(time.Minute - 1)
		q.Ack(t.Context(), lane.Live, receipts)
		time.Sleep(time.Hour)
		wants(t, q, 1, time.Minute, "")
	})
}

// TestOldReceipt: once a message is received again, the receipt of before neither acknowledges nor releases it.
func TestOldReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := embedded.NewMemory(embedded.Options{})
		send(t, q, "a")
		old := wants(t, q, 1, time.Second, "a:1")
		time.Sleep(time.Second)
		wants(t, q, 1, time.Minute, "a:2")
		q.Release(t.Context(), lane.Live, old, 0)
		wants(t, q, 1, time.Minute, "")
		q.Ack(t.Context(), lane.Live, old)
		time.Sleep(time.Minute)
		wants(t, q, 1, time.Minute, "a:3")
	})
}

// TestDeadLettersComeAgain when nobody has acknowledged them.
func TestDeadLettersComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := embedded.NewMemory(embedded.Options{})
		send(t, q, "a")
		for range lane.MaxReceives + 1 {
			receive(t, q, 1, time.Second)
			time.Sleep(time.Second)
		}
		dead := func() int {
			got, err := q.Dead(t.Context(), lane.Live, 5)
			if err != nil {
				t.Fatal(err)
			}
			return len(got)
		}
		if a, b := dead(), dead(); a != 1 || b != 0 {
			t.Fatalf("%d and then %d dead letters, want 1 and 0", a, b)
		}
		time.Sleep(embedded.DeadVisibility)
		if n := dead(); n != 1 {
			t.Fatalf("%d dead letters once their visibility has ended, want 1", n)
		}
	})
}

func TestChooser(t *testing.T) {
	var picks []embedded.Pick
	var sawN, sawMax int
	choose := func(l lane.Lane, n, max int) []embedded.Pick {
		sawN, sawMax = n, max
		return picks
	}
	synctest.Test(t, func(t *testing.T) {
		q := embedded.NewMemory(embedded.Options{Choose: choose})
		send(t, q, "a", "b", "c", "d")
		for _, step := range []struct {
			name  string
			picks []embedded.Pick
			n     int
			want  string
		}{
			{"late", nil, 4, ""},
			{"another order, out of range left out", []embedded.Pick{{Index: 2}, {Index: 9}, {Index: -1}, {Index: 0}}, 4, "c:1 a:1"},
			{"doubled in one receive", []embedded.Pick{{Index: 0}, {Index: 0}}, 2, "b:1 b:2"},
			{"left visible", []embedded.Pick{{Index: 0, Unhidden: true}}, 1, "d:1"},
			{"and so given again", []embedded.Pick{{Index: 0}}, 1, "d:2"},
			{"no more", []embedded.Pick{{Index: 0}}, 0, ""},
		} {
			picks = step.picks
			t.Log(step.name)
			wants(t, q, 3, time.Minute, step.want)
			if sawN != step.n || sawMax != 3 {
				t.Fatalf("the chooser saw %d visible, max %d", sawN, sawMax)
			}
		}
		// Six deliveries at once of what had five are not to be had: it is buried at the next receive.
		picks = slices.Repeat([]embedded.Pick{{Index: 0, Unhidden: true}}, 9)
		send(t, q, "e")
		wants(t, q, 9, time.Minute, "e:1 e:2 e:3 e:4 e:5")
		wants(t, q, 9, time.Minute, "")
		if c, _ := q.Counts(t.Context(), lane.Live); c != (lane.Counts{InWork: 4, Dead: 1}) {
			t.Fatalf("%+v", c)
		}
	})
}

func TestReclaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	synctest.Test(t, func(t *testing.T) {
		q := open(t, path, embedded.Options{})
		send(t, q, "in work", "waiting")
		q.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte("delayed"), Delay: time.Minute}})
		receipts := wants(t, q, 1, 30*time.Minute, "in work:1")
		q.Close()
		q = open(t, path, embedded.Options{Reclaim: true})
		if c, _ := q.Counts(t.Context(), lane.Live); c != (lane.Counts{Waiting: 3}) {
			t.Fatalf("%+v", c)
		}
		q.Ack(t.Context(), lane.Live, receipts) // of the owner before: counts no more
		wants(t, q, 9, time.Minute, "in work:2 waiting:1")
	})
}

// TestClockSetBack: the file is of a time far ahead of the clock it is opened with.
func TestClockSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	q := open(t, path, embedded.Options{}) // at today's date
	send(t, q, "a")
	receive(t, q, 1, time.Hour)
	q.Close()
	synctest.Test(t, func(t *testing.T) { // in the year 2000
		q := open(t, path, embedded.Options{})
		wants(t, q, 1, time.Minute, "")
		time.Sleep(12 * time.Hour)
		wants(t, q, 1, time.Minute, "a:2")
	})
}

func TestSecondOwnerAndClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	q := open(t, path, embedded.Options{})
	if _, err := embedded.Open(path, embedded.Options{}); !errors.Is(err, boltfile.ErrHeld) {
		t.Fatalf("second owner: %v", err)
	}
	send(t, q, "a")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := q.Receive(t.Context(), lane.Live, 1, time.Minute)
	for name, err := range map[string]error{
		"receive": err, "wait": q.Wait(t.Context(), lane.Live),
		"send": q.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte("b")}})[0],
		"ack":  q.Ack(t.Context(), lane.Live, []string{"live.1.1"})[0],
	} {
		if !errors.Is(err, embedded.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
}

// TestWait measures in virtual time when Wait returns; synctest itself fails it if anything is left over.
func TestWait(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, q *embedded.Queue)
		want time.Duration
		err  error
	}{
		{"something is there", func(ctx context.Context, q *embedded.Queue) {
			q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a")}})
		}, 0, nil},
		{"sent later", func(ctx context.Context, q *embedded.Queue) {
			go func() {
				time.Sleep(7 * time.Second)
				q.Send(ctx, lane.Bulk, []lane.Message{{Body: []byte("another lane")}})
				time.Sleep(2 * time.Second)
				q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a")}})
			}()
		}, 9 * time.Second, nil},
		{"a delay ends", func(ctx context.Context, q *embedded.Queue) {
			q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a"), Delay: 3 * time.Second}, {Body: []byte("b"), Delay: time.Second}})
		}, time.Second, nil},
		{"a visibility ends", func(ctx context.Context, q *embedded.Queue) {
			q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a")}})
			q.Receive(ctx, lane.Live, 1, 6*time.Minute)
		}, 6 * time.Minute, nil},
		{"released", func(ctx context.Context, q *embedded.Queue) {
			q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a")}})
			got, _ := q.Receive(ctx, lane.Live, 1, 6*time.Minute)
			go func() {
				time.Sleep(time.Minute)
				q.Release(ctx, lane.Live, []string{got[0].Receipt}, 5*time.Second)
			}()
		}, 65 * time.Second, nil},
		{"a shorter delay is sent meanwhile", func(ctx context.Context, q *embedded.Queue) {
			q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a"), Delay: time.Minute}})
			go func() {
				time.Sleep(time.Second)
				q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("b"), Delay: time.Second}})
			}()
		}, 2 * time.Second, nil},
		{"acknowledged meanwhile: nothing to wait for", func(ctx context.Context, q *embedded.Queue) {
			q.Send(ctx, lane.Live, []lane.Message{{Body: []byte("a")}})
			got, _ := q.Receive(ctx, lane.Live, 1, time.Minute)
			go func() {
				time.Sleep(time.Second)
				q.Ack(ctx, lane.Live, []string{got[0].Receipt})
			}()
		}, 10 * time.Minute, context.DeadlineExceeded},
		{"closed", func(_ context.Context, q *embedded.Queue) {
			go func() {
				time.Sleep(time.Second)
				q.Close()
			}()
		}, time.Second, embedded.ErrClosed},
		{"nothing ever", func(context.Context, *embedded.Queue) {}, 10 * time.Minute, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := embedded.NewMemory(embedded.Options{})
				c.do(t.Context(), q)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				start := time.Now()
				if err := q.Wait(ctx, lane.Live); !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
					t.Fatalf("Wait: %v, want %v", err, c.err)
				}
				if took := time.Since(start); took != c.want {
					t.Fatalf("Wait took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// TestWaitFeedsSeveralWorkers has three workers and a day of messages: none is left lying, none is worked twice.
func TestWaitFeedsSeveralWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := embedded.NewMemory(embedded.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		worked := make(chan string, 1000)
		for range 3 {
			go func() {
				for q.Wait(ctx, lane.Live) == nil {
					got, err := q.Receive(ctx, lane.Live, 1, time.Minute)
					if err != nil {
						t.Error(err)
					}
					for _, d := range got {
						time.Sleep(time.Second)
						worked <- string(d.Body)
						q.Ack(ctx, lane.Live, []string{d.Receipt})
					}
				}
			}()
		}
		for i := range 500 {
			send(t, q, fmt.Sprint(i))
			time.Sleep(time.Duration(i%7) * 100 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		cancel()
		synctest.Wait()
		if len(worked) != 500 {
			t.Fatalf("%d of 500 were worked", len(worked))
		}
		if c, _ := q.Counts(t.Context(), lane.Live); c != (lane.Counts{}) {
			t.Fatalf("%+v", c)
		}
	})
}

// TestBodiesStayInTheFile: what waits takes little memory, and comes as it was sent, before and after the file is opened again.
func TestBodiesStayInTheFile(t *testing.T) {
	const count, size = 200, 100 << 10
	path := filepath.Join(t.TempDir(), "queue.db")
	q := open(t, path, embedded.Options{})
	before := heap()
	func() {
		var all []lane.Message
		for n := range count {
			all = append(all, lane.Message{Body: bytes.Repeat([]byte{byte(n)}, size)})
		}
		for _, err := range q.Send(t.Context(), lane.Bulk, all) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}()
	for n := range count {
		if n == count/2 {
			if grown := heap() - before; grown > count*size/4 {
				t.Fatalf("%d bytes wait, and memory has grown by %d", count*size/2, grown)
			}
			q.Close()
			q = open(t, path, embedded.Options{})
			if grown := heap() - before; grown > count*size/4 {
				t.Fatalf("opened again, memory has grown by %d", grown)
			}
		}
		got, err := q.Receive(t.Context(), lane.Bulk, 1, time.Minute)
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].Body, bytes.Repeat([]byte{byte(n)}, size)) {
			t.Fatalf("message %d did not come as it was sent: %d, %v", n, len(got), err)
		}
		if err := q.Ack(t.Context(), lane.Bulk, []string{got[0].Receipt})[0]; err != nil {
			t.Fatal(err)
		}
	}
}

// heap gives the bytes of heap that are in use.
func heap() int {
	runtime.GC()
	runtime.GC() // what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
