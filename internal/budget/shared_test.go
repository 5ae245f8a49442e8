package budget_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/budget"
)

// shelf is a table of one process that answers after a moment, and counts.
type shelf struct {
	mu     sync.Mutex
	kept   map[string][]byte
	revs   map[string]int
	takes  time.Duration
	writes int
	reads  int
	fail   error
}

func newShelf() *shelf { return &shelf{kept: map[string][]byte{}, revs: map[string]int{}} }

func (s *shelf) Swap(ctx context.Context, key string, f func([]byte) ([]byte, bool)) error {
	for {
		s.mu.Lock()
		if s.fail != nil {
			defer s.mu.Unlock()
			return s.fail
		}
		s.reads++
		old, rev := s.kept[key], s.revs[key]
		s.mu.Unlock()
		time.Sleep(s.takes)
		next, ok := f(old)
		if !ok {
			return nil
		}
		time.Sleep(s.takes)
		s.mu.Lock()
		if s.revs[key] == rev {
			s.kept[key], s.revs[key] = next, rev+1
			s.writes++
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
	}
}

// judge is the vendor: it sees when calls come, and knows nothing of slots or clocks.
type judge struct {
	mu    sync.Mutex
	calls []time.Time
}

func (j *judge) call(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range n {
		j.calls = append(j.calls, time.Now())
	}
}

// most is how many calls the fullest window of any beginning held: [t, t+per).
func (j *judge) most(per time.Duration) int {
	most, first := 0, 0
	slices.SortFunc(j.calls, time.Time.Compare)
	for last, at := range j.calls {
		for at.Sub(j.calls[first]) >= per {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

func (j *judge) since(t time.Time) int {
	n := 0
	for _, at := range j.calls {
		if !at.Before(t) {
			n++
		}
	}
	return n
}

func shared(t *testing.T, s *shelf, skew time.Duration, buckets ...budget.Bucket) *budget.Shared {
	t.Helper()
	l, err := budget.NewShared(s, "crm", func() time.Time { return time.Now().Add(skew) }, buckets...)
	if err != nil {
		t.Fatal(err)
	}
	l.SetShares(whole)
	return l
}

// Fifty workers whose clocks are up to a quarter of an hour apart come and go; all ask for more than there is. No window of the
// vendor's is passed, most of what it allows is used, and a write serves several calls.
func TestFiftyWorkersShareARollingWindow(t *testing.T) {
	for _, b := range []struct {
		budget.Bucket
		atLeast float64 // of the limit
		writes  float64 // a call, at most
	}{
		{budget.Bucket{Name: "oauth", Calls: 110, Per: 10 * time.Second}, 0.88, 0.5},
		{budget.Bucket{Name: "private", Calls: 190, Per: 10 * time.Second}, 0.88, 0.35},
		{budget.Bucket{Name: "search", Calls: 5, Per: time.Second}, 0.70, 1.05},
		{budget.Bucket{Name: "light", Calls: 300, Per: time.Minute}, 0.88, 0.4},
		{budget.Bucket{Name: "salesforce", Calls: 250, Per: 10 * time.Second}, 0.88, 0.3},
	} {
		for seed := range uint64(1) {
			t.Run(fmt.Sprint(b.Name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(seed, 1))
					s, j := newShelf(), &judge{}
					s.takes = 4 * time.Millisecond
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
					defer cancel()
					began := time.Now()
					var group sync.WaitGroup
					for range 50 {
						lives, skew := time.Duration(60+random.IntN(600))*time.Second, time.Duration(random.IntN(1800)-900)*time.Second
						starts, streams := time.Duration(random.IntN(20_000))*time.Millisecond, 1+random.IntN(4)
						group.Go(func() {
							time.Sleep(starts)
							for ctx.Err() == nil { // a worker ends with what it holds, and another one comes in its place
								l := shared(t, s, skew, b.Bucket)
								worker, end := context.WithTimeout(ctx, lives)
								work(worker, l, b.Name, streams, j, 0)
								end()
								time.Sleep(time.Second)
							}
						})
					}
					group.Wait()
					if most := j.most(b.Per); most > b.Calls {
						t.Errorf("%d calls within %v, the limit is %d", most, b.Per, b.Calls)
					}
					steady := began.Add(time.Minute)
					share := float64(j.since(steady)) * b.Per.Seconds() / (2 * time.Minute).Seconds() / float64(b.Calls)
					writes := float64(s.writes) / float64(len(j.calls))
					t.Logf("%.0f%% of the limit, fullest window %d of %d, %.2f writes and %.2f reads a call", 100*share, j.most(b.Per), b.Calls, writes, float64(s.reads)/float64(len(j.calls)))
					if share < b.atLeast {
						t.Errorf("only %.0f%% of the limit were used", 100*share)
					}
					if writes > b.writes {
						t.Errorf("%.2f writes a call", writes)
					}
				})
			})
		}
	}
}

// work makes calls one after the other in some streams, each after a pause, until ctx ends.
func work(ctx context.Context, g budget.Gate, bucket string, streams int, j *judge, pause time.Duration) {
	var group sync.WaitGroup
	for range streams {
		group.Go(func() {
			for ctx.Err() == nil {
				err := g.Enter(ctx, bucket, 1)
				var wait *budget.WaitError
				switch {
				case err == nil:
					j.call(1)
				case errors.As(err, &wait):
				}
				if sleepCtx(ctx, pause) != nil {
					return
				}
			}
		})
	}
	group.Wait()
}

func sleepCtx(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The worst that workers can do to each other: some hold slots while nobody writes for a while, others come behind, and leaders
// come back; a dozen orders of such days, each looked at by the judge.
func TestLeapsDoNotPassTheWindow(t *testing.T) {
	b := budget.Bucket{Name: "b", Calls: 40, Per: 10 * time.Second}
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			s, j := newShelf(), &judge{}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			var group sync.WaitGroup
			for n := range 12 {
				pauses := rand.New(rand.NewPCG(seed, uint64(n)+10))
				skew := time.Duration(random.IntN(60_000)-30_000) * time.Millisecond
				group.Go(func() {
					l := shared(t, s, skew, b)
					for ctx.Err() == nil {
						burst, end := context.WithTimeout(ctx, time.Duration(pauses.IntN(4000))*time.Millisecond)
						work(burst, l, "b", 1+pauses.IntN(8), j, 0)
						end()
						_ = sleepCtx(ctx, time.Duration(pauses.IntN(15_000))*time.Millisecond)
						if pauses.IntN(3) == 0 {
							l = shared(t, s, skew, b) // a cold start
						}
					}
				})
			}
			group.Wait()
			if most := j.most(b.Per); most > b.Calls {
				t.Errorf("seed %d: %d calls within %v", seed, most, b.Per)
			}
		})
	}
}

// A call that counts in two buckets passes neither.
func TestSearchesShareTheWiderBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wide := budget.Bucket{Name: "calls", Calls: 110, Per: 10 * time.Second}
		narrow := budget.Bucket{Name: "search", Calls: 5, Per: time.Second, Within: "calls"}
		s, all, searches := newShelf(), &judge{}, &judge{}
		s.takes = 3 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var group sync.WaitGroup
		for n := range 10 {
			group.Go(func() {
				l := shared(t, s, time.Duration(n)*time.Minute, wide, narrow)
				if n%2 == 0 {
					work(ctx, l, "calls", 2, all, 0)
				} else {
					work(ctx, l, "search", 2, searches, 0)
				}
			})
		}
		group.Wait()
		all.calls = append(all.calls, searches.calls...)
		if n := all.most(10 * time.Second); n > 110 {
			t.Errorf("%d calls in ten seconds", n)
		}
		if n := searches.most(time.Second); n > 5 {
			t.Errorf("%d searches in a second", n)
		}
		if n := len(searches.calls); n < 120*2 {
			t.Errorf("only %d searches in two minutes", n)
		}
		t.Logf("%d searches of %d calls in two minutes", len(searches.calls), len(all.calls))
	})
}

// Bulk work of many workers leaves the reserve: a live call passes soon, and often.
func TestLivePassesBulkOfOtherWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.Bucket{Name: "b", Calls: 110, Per: 10 * time.Second, Reserve: 0.2}
		s, bulk, live := newShelf(), &judge{}, &judge{}
		s.takes = 3 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				work(budget.With(ctx, budget.Label{Bulk: true}), shared(t, s, time.Duration(n)*time.Second, b), "b", 2, bulk, 0)
			})
		}
		l := shared(t, s, -time.Minute, b)
		var slowest time.Duration
		for range 60 {
			if sleepCtx(ctx, 1500*time.Millisecond) != nil {
				break
			}
			began := time.Now()
			if err := l.Enter(t.Context(), "b", 1); err != nil {
				t.Error(err)
			}
			live.call(1)
			slowest = max(slowest, time.Since(began))
		}
		cancel()
		group.Wait()
		if slowest > 2*time.Second {
			t.Errorf("a live call waited %v", slowest)
		}
		if n := len(bulk.calls); float64(n) > 0.8*110*12 {
			t.Errorf("bulk work made %d calls in two minutes, more than its share", n)
		}
		t.Logf("slowest live call %v, %d bulk calls", slowest, len(bulk.calls))
	})
}

// A block by one worker holds all; the day's end is the vendor's, and what the vendor says is left counts for all.
func TestWorkersShareBlocksAndDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble begins 2000-01-01T00:00Z
		zone, err := time.LoadLocation("America/New_York") // 19:00 on the day before
		if err != nil {
			t.Skip("no time zone data")
		}
		b := budget.Bucket{Name: "b", Calls: 1000, Per: 10 * time.Second, Daily: 1000, Reserve: 0.2}
		s := newShelf()
		one, two := shared(t, s, 0, b), shared(t, s, 3*time.Second, b)
		one.SetZone(zone)
		for _, g := range []budget.Gate{one, two} { // who knows the zone tells the others
			if err := g.Refresh(t.Context()); err != nil || !g.Zoned() {
				t.Error(err, g.Zoned())
			}
		}
		enter(t, one, 1)
		one.Block("b", time.Now().Add(time.Minute))
		wait := waitOf(t, two.Enter(t.Context(), "b", 1))
		if got := wait.Until.Sub(time.Now()); got < 50*time.Second || got > 70*time.Second || wait.Daily {
			t.Errorf("blocked for %v, daily %v", got, wait.Daily)
		}
		time.Sleep(2 * time.Minute)
		for range 20 {
			enter(t, two, 5)
			time.Sleep(time.Second)
		}
		enter(t, one, 1)
		one.Observe("b", budget.Seen{Used: 900, Limit: 1000}) // other programs; this call's answer says so
		enter(t, one, 1)
		for _, g := range []budget.Gate{one, two} {
			if err := g.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		st := two.Standings()[0]
		if st.Ours != 103 || st.Word != 901 || st.Left != 99 || st.Limit != 1000 {
			t.Errorf("%+v", st)
		}
		bulk := budget.With(t.Context(), budget.Label{Bulk: true})
		wait = waitOf(t, two.Enter(bulk, "b", 1))
		if want := time.Date(2000, 1, 1, 5, 0, 15, 0, time.UTC); !wait.Daily || !wait.Until.Equal(want) {
			t.Errorf("%+v, want %v", wait, want)
		}
		enter(t, two, 1)
		two.Observe("b", budget.Seen{Used: 1000, Limit: 1000})
		waitOf(t, two.Enter(t.Context(), "b", 1))
		waitOf(t, one.Enter(t.Context(), "b", 30))
		time.Sleep(5 * time.Hour)
		enter(t, one, 1)
		if st := one.Standings()[0]; st.Ours > 4 || st.Word != -1 || st.Limit != 1000 { // what was granted to it
			t.Errorf("the next day %+v", st)
		}
	})
}

func enter(t *testing.T, g budget.Gate, n int) {
	t.Helper()
	if err := g.Enter(t.Context(), "b", n); err != nil {
		t.Fatal(err)
	}
}

// A day of any 24 hours: calls come back when their hour has left it, no sooner.
func TestRollingDay(t *testing.T) {
	b := budget.Bucket{Name: "b", Calls: 100, Per: time.Second, Daily: 100, Rolling: true}
	for name, make := range map[string]func(*testing.T) budget.Gate{
		"one process": func(t *testing.T) budget.Gate { return limiter(t, b) },
		"shared":      func(t *testing.T) budget.Gate { return shared(t, newShelf(), 0, b) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, j := make(t), &judge{}
				for range 6 * 72 { // three days, every ten minutes
					for range 3 {
						if err := g.Enter(t.Context(), "b", 1); err == nil {
							j.call(1)
						} else if wait := waitOf(t, err); !wait.Daily || wait.Until.Sub(time.Now()) > 26*time.Hour || !wait.Until.After(time.Now()) {
							t.Errorf("%+v at %v", wait, time.Now())
						}
					}
					time.Sleep(10 * time.Minute)
				}
				if most := j.most(24 * time.Hour); most > 100 {
					t.Errorf("%d calls in 24 hours", most)
				}
				if len(j.calls) < 260 {
					t.Errorf("only %d calls in three days", len(j.calls))
				}
				g.Observe("b", budget.Seen{Used: 120, Limit: 120})
				wait := waitOf(t, g.Enter(t.Context(), "b", 1))
				if got := time.Until(wait.Until); got > 31*time.Minute {
					t.Errorf("asks again after %v", got)
				}
			})
		})
	}
}

// The share that a person sets is taken up within a minute, and lets through what it did not before.
func TestShareIsTakenUp(t *testing.T) {
	b := budget.Bucket{Name: "b", Calls: 1000, Per: time.Second, Daily: 100}
	for name, make := range map[string]func(*testing.T) interface {
		budget.Gate
		SetShares(budget.Shares)
	}{
		"one process": func(t *testing.T) interface {
			budget.Gate
			SetShares(budget.Shares)
		} {
			return limiter(t, b)
		},
		"shared": func(t *testing.T) interface {
			budget.Gate
			SetShares(budget.Shares)
		} {
			return shared(t, newShelf(), 0, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := make(t)
				share, broken := budget.Share{}, error(nil)
				g.SetShares(func(context.Context) (budget.Share, error) { return share, broken })
				spend := func() (n int) {
					for g.Enter(t.Context(), "b", 1) == nil {
						n++
					}
					return n
				}
				if n := spend(); n != 80 {
					t.Errorf("the default let %d through, want 80", n)
				}
				share = budget.Share{PerDay: 90}
				time.Sleep(time.Minute)
				if n := spend(); n != 10 {
					t.Errorf("90 a day let %d more through, want 10", n)
				}
				share, broken = budget.Share{}, errors.New("table throttled")
				time.Sleep(time.Minute)
				share, broken = budget.Share{Percent: 95}, nil
				time.Sleep(time.Minute)
				if n := spend(); n != 5 {
					t.Errorf("95%% let %d more through, want 5", n)
				}
			})
		})
	}
}

func TestSharedFaults(t *testing.T) {
	s := newShelf()
	l := shared(t, s, 0, budget.Bucket{Name: "b", Calls: 10, Per: time.Second})
	s.fail = errors.New("table throttled: arn:aws:x")
	err := l.Enter(t.Context(), "b", 1)
	var fault *budget.SharedError
	if !errors.As(err, &fault) || !errors.Is(err, s.fail) || slices.Contains([]string{err.Error()}, "arn") {
		t.Error(err)
	}
	s.fail = nil
	enter(t, l, 1)
	s.kept["crm"] = []byte(`{"v":2}`)
	if err := shared(t, s, 0, budget.Bucket{Name: "b", Calls: 10, Per: time.Second}).Enter(t.Context(), "b", 1); !errors.As(err, &fault) {
		t.Error(err)
	}
	if err := l.Enter(t.Context(), "other", 1); err == nil {
		t.Error("an unknown bucket let a call through")
	}
	for _, bad := range []budget.Bucket{{Name: "b"}, {Name: "b", Calls: 1, Per: time.Second}} {
		if _, err := budget.NewShared(s, "crm", nil, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// A lone caller now and then costs a write a call and no wait; a busy one soon has a write for many.
func TestGrantsGrowWithUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		l := shared(t, s, 0, budget.Bucket{Name: "b", Calls: 190, Per: 10 * time.Second})
		for range 10 {
			began := time.Now()
			enter(t, l, 1)
			if waited := time.Since(began); waited > 0 {
				t.Errorf("waited %v on an idle bucket", waited)
			}
			time.Sleep(30 * time.Second)
		}
		if s.writes != 10 {
			t.Errorf("%d writes for 10 calls", s.writes)
		}
		before := s.writes
		for range 300 {
			enter(t, l, 1)
		}
		if n := s.writes - before; n > 300/8 {
			t.Errorf("%d writes for 300 calls in a row", n)
		}
		if st := l.Standings()[0]; st.Ours < 310 || st.Ours > 330 {
			t.Errorf("%d counted of 310 calls", st.Ours)
		}
	})
}
