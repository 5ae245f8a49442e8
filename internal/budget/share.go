package budget

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// Share is how much of a vendor's day may be spent. The zero Share is the default: DefaultPercent of it.
type Share struct {
	PerDay  int `json:"perDay,omitempty"`  // calls; 0: by percent
	Percent int `json:"percent,omitempty"` // 1 to 100; 0: the default
}

// DefaultPercent leaves a fifth of the day to other programs (invariant Q10).
const DefaultPercent = 80

// Of gives the calls a day that the share allows of a vendor's limit; 0 is no limit of ours, where the vendor has none.
func (s Share) Of(limit int) int {
	switch {
	case s.PerDay > 0 && limit > 0:
		return min(s.PerDay, limit)
	case s.PerDay > 0:
		return s.PerDay
	}
	percent := s.Percent
	if percent == 0 {
		percent = DefaultPercent
	}
	return int(int64(limit) * int64(percent) / 100)
}

// String writes a share as the command line takes it: 50000 or 80%.
func (s Share) String() string {
	switch {
	case s.PerDay > 0:
		return fmt.Sprint(s.PerDay)
	case s.Percent > 0:
		return fmt.Sprintf("%d%%", s.Percent)
	}
	return fmt.Sprintf("%d%%", DefaultPercent)
}

// Shares gives the share that a person set, or the zero Share.
type Shares func(ctx context.Context) (Share, error)

// shareEvery is how often a worker looks whether a person set another share: well within the minute that is promised.
const shareEvery = 30 * time.Second

// Seen is what the vendor says of a bucket's day in the headers of an answer; other programs' calls count in it too.
type Seen struct {
	Used   int       // calls of the day
	Limit  int       // calls a day; above 0, else nothing was seen
	Resets time.Time // when the day ends by the vendor's word; zero: it does not say
}

const unlimited = math.MaxInt

// keptShare is the share in force, looked up now and then. A look that fails leaves it as it was.
type keptShare struct {
	mu    sync.Mutex
	from  Shares
	share Share
	next  time.Time // of a look
}

func (k *keptShare) set(from Shares) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.from, k.next = from, time.Time{}
}

// get gives the share in force, which it looks up when that is due. One caller looks, the others do not wait for it.
func (k *keptShare) get(ctx context.Context) Share {
	k.mu.Lock()
	share, due := k.share, k.from != nil && !time.Now().Before(k.next)
	if due {
		k.next = time.Now().Add(shareEvery)
	}
	k.mu.Unlock()
	if !due || k.refresh(ctx) != nil {
		return share // it is looked up again in a while
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.share
}

func (k *keptShare) refresh(ctx context.Context) error {
	k.mu.Lock()
	from := k.from
	k.mu.Unlock()
	if from == nil {
		return nil
	}
	share, err := from(ctx)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.share, k.next = share, time.Now().Add(shareEvery)
	return nil
}
