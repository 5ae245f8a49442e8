package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
)

// TestMeaning: how long a task pauses for what went wrong. Who lost a race for a link looks again at once, as good as; who found a vendor
// down does not storm it.
func TestMeaning(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	fault := func(f connector.Fault) error { return fmt.Errorf("read: %w", &connector.Error{Fault: f, Op: "read"}) }
	for name, c := range map[string]struct {
		err         error
		end         End
		least, most time.Duration
		on          string
	}{
		"nothing":        {nil, Done, 0, 0, ""},
		"a lost race":    {fmt.Errorf("put: %w", &table.ConflictError{}), Later, time.Second / 2, 2 * time.Second, ""},
		"a vendor down":  {fault(connector.Unavailable), Later, 10 * time.Second, time.Minute, ""},
		"out of quota":   {fault(connector.OutOfQuota), Later, 10 * time.Second, time.Hour, "budget/crm"},
		"a dead key":     {fault(connector.Unauthorized), Later, time.Minute, time.Hour, "connection/crm"},
		"refused":        {fault(connector.Invalid), Never, 0, 0, ""},
		"something else": {errors.New("who knows"), Retry, 0, 0, ""},
	} {
		r := meaning(now, "crm", c.err)
		pause := time.Duration(0)
		if !r.Until.IsZero() {
			pause = r.Until.Sub(now)
		}
		if r.End != c.end || pause < c.least || pause > c.most || r.On != c.on {
			t.Errorf("%s: %s, in %s, on %q; want %s in %s to %s, on %q", name, r.End, pause, r.On, c.end, c.least, c.most, c.on)
		}
	}
}
