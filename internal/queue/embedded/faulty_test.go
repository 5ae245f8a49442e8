package embedded_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/queue/queuetest"
)

func TestFaultyWithoutHooksIsAQueue(t *testing.T) {
	queuetest.Run(t, func(*testing.T) lane.Queue {
		return &embedded.Faulty{Inner: embedded.NewMemory(embedded.Options{})}
	}, queuetest.Options{Virtual: true})
}

// TestFaultyLosesAnswers: of three messages the first is sent, the second is sent and its answer lost, the third never
// arrives; a receive whose answer is lost hides what it took until the visibility ends.
func TestFaultyLosesAnswers(t *testing.T) {
	lost, down := errors.New("answer lost"), errors.New("unreachable")
	synctest.Test(t, func(t *testing.T) {
		inner := embedded.NewMemory(embedded.Options{})
		f := &embedded.Faulty{
			Inner: inner,
			Before: func(_ context.Context, c embedded.Call) error {
				if c.Op == embedded.OpSend && string(c.Message.Body) == "c" {
					return down
				}
				return nil
			},
			After: func(_ context.Context, c embedded.Call, answer error) error {
				if c.Op == embedded.OpReceive || c.Op == embedded.OpSend && string(c.Message.Body) == "b" {
					return lost
				}
				return answer
			},
		}
		errs := f.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte("a")}, {Body: []byte("b")}, {Body: []byte("c")}})
		if errs[0] != nil || !errors.Is(errs[1], lost) || !errors.Is(errs[2], down) {
			t.Fatal(errs)
		}
		if got, err := f.Receive(t.Context(), lane.Live, 5, time.Minute); len(got) != 0 || !errors.Is(err, lost) {
			t.Fatal(got, err)
		}
		wants(t, inner, 5, time.Minute, "")
		time.Sleep(time.Minute)
		wants(t, inner, 5, time.Minute, "a:2 b:2")
	})
}
