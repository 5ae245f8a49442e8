package trigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/trigger"
)

// worker answers each delivery by what its body says.
type worker struct {
	seen []lane.Delivery
	left time.Duration // until the context's end, when asked
}

func (w *worker) Handle(ctx context.Context, from lane.Lane, deliveries []lane.Delivery, to engine.Answerer) {
	w.seen = append(w.seen, deliveries...)
	if end, ok := ctx.Deadline(); ok {
		w.left = time.Until(end)
	}
	for _, d := range deliveries {
		switch string(d.Body) {
		case "done":
			to.Ack(ctx, from, []string{d.Receipt})
		case "later":
			to.Release(ctx, from, []string{d.Receipt}, time.Minute)
		case "panic":
			panic("canary of a person")
		case "runtime panic":
			var none map[string]int
			none["x"] = 1
		}
	}
}

// visible is a queue that notes releases.
type visible struct{ released []string }

func (v *visible) Ack(context.Context, lane.Lane, []string) []error {
	return []error{errors.New("Lambda removes")}
}
func (v *visible) Release(_ context.Context, from lane.Lane, receipts []string, delay time.Duration) []error {
	v.released = append(v.released, fmt.Sprint(from, receipts, delay))
	return make([]error, len(receipts))
}

func batch(t *testing.T, bodies ...string) events.SQSEvent {
	t.Helper()
	var records []string
	for n, b := range bodies {
		records = append(records, fmt.Sprintf(`{"messageId":"m%d","receiptHandle":"r%d","body":%q,"attributes":{"ApproximateReceiveCount":"%d","SentTimestamp":"1767225600000"}}`, n, n, b, n+1))
	}
	var e events.SQSEvent
	if err := json.Unmarshal([]byte(`{"Records":[`+strings.Join(records, ",")+`]}`), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Only what is durable is left out of the failures: unanswered, released and what stood behind a panic come again.
func TestBatchAnswersEachMessage(t *testing.T) {
	for _, c := range []struct {
		bodies   []string
		failures string
		released int
	}{
		{[]string{"done", "done"}, "", 0},
		{[]string{"done", "later", "silent"}, "m1 m2", 1},
		{[]string{"done", "panic", "done"}, "m1 m2", 0},
		{[]string{"runtime panic"}, "m0", 0},
	} {
		var log strings.Builder
		w, q, saved := &worker{}, &visible{}, 0
		out, err := trigger.Batch(w, q, lane.Live, slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) { saved++ })(context.Background(), batch(t, c.bodies...))
		var failed []string
		for _, f := range out.BatchItemFailures {
			failed = append(failed, f.ItemIdentifier)
		}
		if err != nil || strings.Join(failed, " ") != c.failures || len(q.released) != c.released || saved != 1 {
			t.Errorf("%v: failures %v, released %v, saved %d, %v", c.bodies, failed, q.released, saved, err)
		}
		if strings.Contains(log.String(), "canary") {
			t.Errorf("the log quotes a panic: %s", log.String())
		}
		if slices.Contains(c.bodies, "later") && q.released[0] != "live[r1] 1m0s" {
			t.Errorf("%v", q.released)
		}
	}
}

func TestBatchDeliveries(t *testing.T) {
	w := &worker{}
	if _, err := trigger.Batch(w, &visible{}, lane.Bulk, slog.New(slog.DiscardHandler), nil)(context.Background(), batch(t, "done", "done")); err != nil {
		t.Fatal(err)
	}
	if len(w.seen) != 2 || w.seen[1].Receives != 2 || w.seen[1].Receipt != "r1" || !w.seen[0].Sent.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", w.seen)
	}
}

// Work stops with time to spare before the function is frozen.
func TestBatchStopsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 75*time.Second)
		defer cancel()
		w := &worker{}
		if _, err := trigger.Batch(w, &visible{}, lane.Live, slog.New(slog.DiscardHandler), nil)(ctx, batch(t, "done")); err != nil || w.left != 65*time.Second {
			t.Errorf("%s left, %v", w.left, err)
		}
	})
}
