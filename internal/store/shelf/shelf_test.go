package shelf_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/store/shelf"
	"crosswalk/internal/token"
)

func plusOne(old []byte) ([]byte, bool) {
	n, _ := strconv.Atoi(string(old)) // nothing is 0
	return []byte(strconv.Itoa(n + 1)), true
}

func TestSwapLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := memory.New()
		var group sync.WaitGroup
		for range 30 {
			group.Go(func() {
				s := shelf.New(kept)
				for range 10 {
					if err := s.Swap(t.Context(), "n", plusOne); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got, err := shelf.New(kept).Get(t.Context(), "n"); err != nil || string(got) != "300" {
			t.Errorf("%s, %v", got, err)
		}
	})
}

func TestSwapLeavesAlone(t *testing.T) {
	s := shelf.New(memory.New())
	for _, c := range []struct {
		next string
		ok   bool
		want string
	}{{"a", false, ""}, {"a", true, "a"}, {"b", false, "a"}, {"", true, ""}} {
		if err := s.Swap(t.Context(), "k", func([]byte) ([]byte, bool) { return []byte(c.next), c.ok }); err != nil {
			t.Error(err)
		}
		if got, err := s.Get(t.Context(), "k"); err != nil || string(got) != c.want {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
}

func TestSwapTellsTheTablesFault(t *testing.T) {
	broken := errors.New("throttled")
	s := shelf.New(&memory.Faulty{Inner: memory.New(), Before: func(_ context.Context, c memory.Call) error {
		if c.Op == memory.OpPut {
			return broken
		}
		return nil
	}})
	if err := s.Swap(t.Context(), "k", plusOne); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// busy is a table on which somebody else is always first.
type busy struct{ table.Table }

func (b busy) Put(_ context.Context, puts []table.Put) []error {
	return []error{&table.ConflictError{Key: puts[0].Key, Current: &table.Item{Key: puts[0].Key, Rev: 7, Data: []byte("1")}}}
}

func TestSwapGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := shelf.New(busy{memory.New()}).Swap(t.Context(), "k", plusOne); !errors.Is(err, shelf.ErrBusy) || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestMarks(t *testing.T) {
	s := shelf.New(memory.New())
	for _, mark := range []string{"", "v1", "v2", ""} {
		if err := s.SetMark(t.Context(), "light/pair", mark); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Mark(t.Context(), "light/pair"); err != nil || got != mark {
			t.Errorf("%q, %v; want %q", got, err, mark)
		}
	}
}

// skewed is a worker's clock that is ahead of, or behind, the others.
func skewed(by time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(by) }
}

func TestLeaseIsHeldByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := memory.New()
		var mu sync.Mutex
		inside, most, done := 0, 0, 0
		var group sync.WaitGroup
		for n := range 20 {
			var lock token.Locker = shelf.New(kept).Lease("hubspot", 0, skewed(time.Duration(n%9-4)*time.Second))
			group.Go(func() {
				unlock, err := lock.Lock(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				time.Sleep(3 * time.Second)
				mu.Lock()
				inside--
				done++
				mu.Unlock()
				unlock()
			})
		}
		group.Wait()
		if most != 1 || done != 20 {
			t.Errorf("%d at once, %d done", most, done)
		}
	})
}

// A holder that died is waited out: for the whole length at most when it died just now, hardly when that was long ago, and
// whatever the waiter's clock says never before its time was over.
func TestLeaseOfTheDead(t *testing.T) {
	for _, c := range []struct {
		skew, died time.Duration
		from, to   time.Duration // when it is taken over, counted from when it was taken
	}{
		{0, 0, 90 * time.Second, 97 * time.Second},
		{4 * time.Second, 0, 90 * time.Second, 97 * time.Second},
		{-time.Hour, 0, 90 * time.Second, 97 * time.Second}, // by watching alone
		{0, time.Hour, time.Hour, time.Hour + 2*time.Second},
	} {
		t.Run(fmt.Sprint(c.skew, c.died), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := shelf.New(memory.New())
				began := time.Now()
				if _, err := s.Lease("x", 0, nil).Lock(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.died)
				unlock, err := s.Lease("x", 0, skewed(c.skew)).Lock(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < c.from || took > c.to {
					t.Errorf("taken over after %v, want %v to %v", took, c.from, c.to)
				}
				unlock()
				if err := func() error { _, err := s.Lease("x", 0, nil).Lock(t.Context()); return err }(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The old holder comes back after its lease was taken over: its unlock leaves the new one alone.
func TestLateUnlockTakesNothingAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := shelf.New(memory.New())
		late, err := s.Lease("x", 0, nil).Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := s.Lease("x", 0, nil).Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		late()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := s.Lease("x", 0, nil).Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("two hold it: %v", err)
		}
	})
}
