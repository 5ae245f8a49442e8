package trigger

import (
	"context"
	"encoding/json"
)

// Schedule runs f for an event of EventBridge Scheduler, whatever stands in it. An error has Lambda try again, and the
// alarm of a failing schedule count it.
func Schedule(f func(context.Context) error) func(context.Context, json.RawMessage) error {
	return func(ctx context.Context, _ json.RawMessage) error { return f(ctx) }
}
