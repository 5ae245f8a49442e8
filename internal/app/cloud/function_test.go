package cloud

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine/lane"
)

// A system that is down is no failure of the function that polls: the alarm for functions that break off stays still.
func TestPollOfASystemThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := hubspottest.New(hubspottest.Config{Seed: 1})
		a, _ := between(t, hub, lighttest.New(lighttest.Config{Seed: 1}))
		hub.Revoke(hubspottest.PrivateToken)
		for range 2 { // refused, and refused again
			time.Sleep(time.Hour)
			if err := a.Engine.Poll(t.Context()); err == nil {
				t.Fatal("the system answers")
			}
			time.Sleep(time.Hour)
			if err := a.poll(t.Context()); err != nil {
				t.Errorf("the function fails: %v", err)
			}
		}
	})
}

// A table or queue that fails is one, whatever else went wrong.
func TestOurs(t *testing.T) {
	vendor := &connector.Error{Fault: connector.Unavailable, Op: "read deals", Err: errors.Join(errors.New("reset"), errors.New("again"))}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {vendor, false}, {fmt.Errorf("feed a/b: %w", errors.Join(vendor, nil)), false}, {errors.Join(nil, fmt.Errorf("x: %w", vendor)), false},
		{errors.New("dynamo: throttled"), true}, {errors.Join(vendor, errors.New("dynamo: throttled")), true}, {fmt.Errorf("feed a/b: %w", errors.Join(vendor, context.Canceled)), true},
	} {
		if got := ours(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// A poll that has no time left says nothing was wrong; what it was reading goes on with the next one.
func TestPollStopsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, queue := deployment(t)
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second) // less than is spared
		defer cancel()
		if err := a.poll(ctx); err != nil || ctx.Err() != nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		time.Sleep(3 * time.Minute)
		if err := a.poll(t.Context()); err != nil {
			t.Error(err)
		}
		if counts, err := queue.Counts(t.Context(), lane.Live); err != nil || counts.Waiting == 0 {
			t.Errorf("nothing was read afterwards: %+v, %v", counts, err)
		}
	})
}
