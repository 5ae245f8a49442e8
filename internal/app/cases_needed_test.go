package app

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
)

// TestNeededStaysNeeded: while a won deal's company is being made, another worker notes about it that nobody needs it, and the
// first one's claim is lost to that. Looked at again, the company is still needed: the deal does not wait for the next round.
func TestNeededStaysNeeded(t *testing.T) {
	var steal bool
	virtual(t, setup{Quiet: true, Table: func(inner table.Table) table.Table {
		return &memory.Faulty{Inner: inner, Before: func(_ context.Context, c memory.Call) error {
			if steal && c.Op == memory.OpPut && strings.HasPrefix(c.Put.PK, "L#account") && bytes.Contains(c.Put.Data, []byte(`"claimed"`)) {
				steal = false
				return &table.ConflictError{}
			}
			return nil
		}}
	}}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.later()
		steal = true
		w.ok(w.HubSpot.User().Win(d))
		w.advance(3 * time.Minute)
		if steal {
			t.Fatal("no claim was lost")
		}
		w.wantInvoice("Deal", "USD", 1000)
	})
}
