package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/engine/lane"
)

// An event of another org is counted by reason and never comes again; one that cannot be queued does.
func TestChangeRefusesAndRetries(t *testing.T) {
	read := func(name string) json.RawMessage {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "events", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	a, _ := orgDeployment(t)
	var metrics strings.Builder
	a.metrics = &metrics
	change := Change(a).(func(context.Context, json.RawMessage) error)
	for _, c := range []struct {
		event  json.RawMessage
		reason string
	}{{read("eventbridge-salesforce-stranger.json"), "account"}, {json.RawMessage(`{"detail":{}}`), "malformed"}} {
		metrics.Reset()
		if err := change(t.Context(), c.event); err != nil {
			t.Errorf("%s: it would come again: %v", c.reason, err)
		}
		var line struct {
			Reason        string
			EventsRefused int
		}
		if err := json.Unmarshal([]byte(metrics.String()), &line); err != nil || line.Reason != c.reason || line.EventsRefused != 1 {
			t.Errorf("%s: counted as %q (%v)", c.reason, metrics.String(), err)
		}
	}
	metrics.Reset()
	if err := change(t.Context(), read("eventbridge-salesforce-account.json")); err != nil || metrics.Len() > 0 {
		t.Errorf("ours: %v, %s", err, metrics.String())
	}
	a.Engine.Queue = failing{a.Engine.Queue}
	if err := change(t.Context(), read("eventbridge-salesforce-account.json")); !errors.Is(err, errQueueDown) {
		t.Errorf("an event that could not be queued ended as %v", err)
	}
}

var errQueueDown = errors.New("the queue does not answer")

// failing is a queue that takes no message.
type failing struct{ lane.Queue }

func (failing) Send(_ context.Context, _ lane.Lane, messages []lane.Message) []error {
	errs := make([]error, len(messages))
	for n := range errs {
		errs[n] = errQueueDown
	}
	return errs
}
