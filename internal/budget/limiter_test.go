package budget_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/budget"
)

func limiter(t *testing.T, buckets ...budget.Bucket) *budget.Limiter {
	t.Helper()
	l, err := budget.New(buckets...)
	if err != nil {
		t.Fatal(err)
	}
	l.SetShares(whole)
	return l
}

// whole is all of the vendor's day, set by a person.
func whole(context.Context) (budget.Share, error) { return budget.Share{Percent: 100}, nil }

func waitOf(t *testing.T, err error) *budget.WaitError {
	t.Helper()
	var wait *budget.WaitError
	if !errors.As(err, &wait) {
		t.Fatalf("got %v, want a wait", err)
	}
	return wait
}

// B11: whatever the arrivals, no window of ten seconds holds more than the limit.
func TestRollingWindowIsNeverPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "burst", Calls: 110, Per: 10 * time.Second})
		l.SetPatience(time.Hour)
		var mu sync.Mutex
		var at []time.Time
		var group sync.WaitGroup
		for i := range 500 {
			group.Go(func() {
				time.Sleep(time.Duration(i%7) * 137 * time.Millisecond)
				if err := l.Enter(t.Context(), "burst", 1); err != nil {
					t.Error(err)
				}
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
			})
		}
		group.Wait()
		for i := range at {
			if i >= 110 && at[i].Sub(at[i-110]) < 10*time.Second {
				t.Fatalf("111 calls within %v", at[i].Sub(at[i-110]))
			}
		}
	})
}

func TestSeveralCallsMoveTheSlotByAsMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "b", Calls: 10, Per: time.Second})
		began := time.Now()
		for _, n := range []int{5, 1} {
			if err := l.Enter(t.Context(), "b", n); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(began); got != 500*time.Millisecond {
			t.Errorf("second call after %v, want 500ms", got)
		}
	})
}

func TestLongWaitIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "b", Calls: 1, Per: 4 * time.Second})
		began := time.Now()
		_ = l.Enter(t.Context(), "b", 2)
		wait := waitOf(t, l.Enter(t.Context(), "b", 1))
		if wait.Until.Sub(began) != 8*time.Second || wait.Daily || time.Since(began) != 0 {
			t.Errorf("%+v after %v", wait, time.Since(began))
		}
	})
}

func TestCancelledWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "b", Calls: 1, Per: 4 * time.Second})
		_ = l.Enter(t.Context(), "b", 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Enter(ctx, "b", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestDayEndsAtTheVendorsMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble begins 2000-01-01T00:00Z
		zone, err := time.LoadLocation("America/New_York") // 19:00 on the day before
		if err != nil {
			t.Skip("no time zone data")
		}
		l := limiter(t, budget.Bucket{Name: "b", Calls: 1000, Per: time.Second, Daily: 10, Zone: zone, Reserve: 0.2})
		bulk := budget.With(t.Context(), budget.Label{Bulk: true})
		for range 8 {
			if err := l.Enter(bulk, "b", 1); err != nil {
				t.Fatal(err)
			}
		}
		wait := waitOf(t, l.Enter(bulk, "b", 1))
		if want := time.Date(2000, 1, 1, 5, 0, 0, 0, time.UTC); !wait.Until.Equal(want) || !wait.Daily {
			t.Errorf("%+v, want %v", wait, want)
		}
		for range 2 { // the reserve is for live work
			if err := l.Enter(t.Context(), "b", 1); err != nil {
				t.Fatal(err)
			}
		}
		waitOf(t, l.Enter(t.Context(), "b", 1))
		time.Sleep(5 * time.Hour)
		if err := l.Enter(bulk, "b", 1); err != nil {
			t.Error(err)
		}
	})
}

func TestLiveStandsBehindOneBulkCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "b", Calls: 10, Per: time.Second, Reserve: 0.5})
		bulk := budget.With(t.Context(), budget.Label{Bulk: true})
		var group sync.WaitGroup
		for range 20 { // four seconds of bulk work at half the pace
			group.Go(func() {
				if err := l.Enter(bulk, "b", 1); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(1050 * time.Millisecond)
		began := time.Now()
		if err := l.Enter(t.Context(), "b", 1); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited > 100*time.Millisecond {
			t.Errorf("live call waited %v", waited)
		}
		group.Wait()
	})
}

func TestBlockHoldsThoseWhoWaitToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "b", Calls: 1, Per: time.Second, Daily: 100})
		began := time.Now()
		_ = l.Enter(t.Context(), "b", 1)
		done := make(chan time.Duration)
		go func() {
			if err := l.Enter(t.Context(), "b", 1); err != nil {
				t.Error(err)
			}
			done <- time.Since(began)
		}()
		time.Sleep(500 * time.Millisecond)
		l.Block("b", began.Add(4*time.Second))
		l.Block("b", began.Add(time.Second)) // never shortened
		if got := <-done; got != 4*time.Second {
			t.Errorf("went after %v, want 4s", got)
		}
		if got := l.Standings()[0].Spent; got != 2 {
			t.Errorf("spent %d, want 2", got)
		}
		l.Block("b", time.Now().Add(time.Minute))
		waitOf(t, l.Enter(t.Context(), "b", 1))
	})
}

func TestSearchCountsInTheWiderBucketToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "burst", Calls: 10, Per: time.Second, Daily: 100}, budget.Bucket{Name: "search", Calls: 2, Per: time.Second, Within: "burst"})
		for range 3 {
			if err := l.Enter(t.Context(), "search", 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := l.Standings()[0].Spent; got != 3 {
			t.Errorf("burst spent %d, want 3", got)
		}
		for _, used := range []int{80, 75} { // answers come in another order than they were counted in
			l.Observe("burst", budget.Seen{Used: used, Limit: 100})
		}
		if got := l.Standings()[0]; got.Left != 20 || got.Word != 80 || got.Ours != 3 {
			t.Errorf("%+v after the vendor said 80 are used", got)
		}
	})
}

func TestUsesOfTheLastDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, budget.Bucket{Name: "b", Calls: 100, Per: time.Second})
		deals := budget.With(t.Context(), budget.Label{Mapping: "deals", Cause: "poll"})
		_ = l.Enter(deals, "b", 3)
		time.Sleep(12 * time.Hour)
		_ = l.Enter(deals, "b", 1)
		_ = l.Enter(t.Context(), "b", 2)
		want := []budget.Use{{Calls: 2}, {Mapping: "deals", Cause: "poll", Calls: 4}}
		if got := l.Uses(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%+v", got)
		}
		time.Sleep(13 * time.Hour)
		if got := l.Uses(); len(got) != 2 || got[1].Calls != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestBadBucketsAreRefused(t *testing.T) {
	good := budget.Bucket{Name: "a", Calls: 1, Per: time.Second}
	for name, buckets := range map[string][]budget.Bucket{
		"no name": {{Calls: 1, Per: 1}}, "no pace": {{Name: "a"}}, "all reserved": {{Name: "a", Calls: 1, Per: 1, Reserve: 1}},
		"within nothing": {{Name: "a", Calls: 1, Per: 1, Within: "x"}}, "within itself": {{Name: "a", Calls: 1, Per: 1, Within: "a"}},
		"two deep": {good, {Name: "b", Calls: 1, Per: 1, Within: "a"}, {Name: "c", Calls: 1, Per: 1, Within: "b"}},
	} {
		if _, err := budget.New(buckets...); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := limiter(t, good).Enter(t.Context(), "other", 1); err == nil {
		t.Error("an unknown bucket let a call through")
	}
}
