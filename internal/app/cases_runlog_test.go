package app

import (
	"slices"
	"testing"
	"time"

	"crosswalk/internal/engine"
)

// The run log is newest first, also of runs that began in one second, whose ids do not tell which was first.
func TestRunsOfOneSecondNewestFirst(t *testing.T) {
	virtual(t, setup{Presets: billsAll, Quiet: true}, func(w *world) {
		var want []string
		for range 8 {
			r, err := w.Engine.StartRun(w.t.Context(), engine.Run{Kind: "preview", Mapping: "deals-to-invoices", Actor: "operator"}, nil)
			w.ok(err)
			want = append(want, r.ID)
			time.Sleep(50 * time.Millisecond)
		}
		slices.Reverse(want)
		log, err := w.Engine.Runs(w.t.Context())
		w.ok(err)
		var got []string
		for _, r := range log {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("newest first: %q, want %q", got, want)
		}
	})
}
