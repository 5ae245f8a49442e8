package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/record"
	"crosswalk/internal/secret/manager"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/transform"
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

// A message that no worker ever had the time to begin is not a dead letter, however often it was taken and given back.
func TestNeverBegunIsNoDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, queue := deployment(t)
		if err := a.Engine.Enqueue(t.Context(), lane.Bulk, []engine.Task{{Ref: record.Ref{Connection: "hubspot", Object: "deals", ID: "9000000001"}, Cause: "initial load"}}); err != nil {
			t.Fatal(err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 3 * lane.MaxReceives {
			got, err := queue.Receive(t.Context(), lane.Bulk, 10, time.Minute)
			if err != nil || len(got) != 1 {
				t.Fatalf("%d messages, %v", len(got), err)
			}
			a.Engine.Handle(over, lane.Bulk, got, queue)
			time.Sleep(time.Second)
		}
		if n, err := a.Engine.DeadLetters(t.Context()); n != 0 || err != nil {
			t.Errorf("%d dead letters, %v", n, err)
		}
	})
}

// Messages of another release are not worked as something else: after five tries each is a sync error that names its record.
func TestMessageOfAnotherRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, queue := deployment(t)
		for _, err := range queue.Send(t.Context(), lane.Live, []lane.Message{
			{Body: []byte(`{"v":0,"tasks":[{"ref":"hubspot:deals/9000000001","cause":"webhook"}]}`)}, {Body: []byte(`{"v":7,"tasks":"of another form"}`)}}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		for range lane.MaxReceives + 1 {
			if _, err := a.Engine.Receive(t.Context(), lane.Live, 10); err != nil {
				t.Fatal(err)
			}
			time.Sleep(7 * time.Minute)
		}
		if n, err := a.Engine.DeadLetters(t.Context()); n != 2 || err != nil {
			t.Fatalf("%d dead letters, %v", n, err)
		}
		list, err := a.Engine.Errors(t.Context(), "")
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		for _, e := range list {
			if text := e.Ref.String(); text != "hubspot:deals/9000000001" && !e.Ref.IsZero() {
				t.Errorf("%+v", e)
			}
		}
		if list[0].Ref.IsZero() == list[1].Ref.IsZero() {
			t.Errorf("one of them has a record: %+v", list)
		}
	})
}

// sealed is secrets as a function's role sees them: the deployment's key may be read and not be made.
type sealed struct{ *pocket }

func (s sealed) Put(ctx context.Context, name string, value []byte) error {
	if name == "crosswalk/key" {
		return &manager.DeniedError{Secret: name, Action: "secretsmanager:PutSecretValue", Resource: "it"}
	}
	return s.pocket.Put(ctx, name, value)
}

// A deployment whose key is gone does not start, and says to take it back.
func TestDeploymentKeyIsGone(t *testing.T) {
	c, err := app.ParseConfig([]byte(`{connections: {light: {system: light}}, roles: {billing: light}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t.Context(), Settings{Customer: "acme"}, c, app.Parts{Table: memory.New(), Queue: embedded.NewMemory(embedded.Options{}), Secrets: sealed{&pocket{kept: map[string][]byte{}}},
		Transforms: transform.Builtin(nil)}, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "take back the one") || !strings.Contains(err.Error(), "restore-secret") {
		t.Errorf("%v", err)
	}
}
