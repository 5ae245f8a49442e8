package main

import (
	"strings"
	"testing"
	"time"
)

// TestBenchPair: the figures of two CRMs are counted for a few records. Forty fit one page and one call everywhere, so that each
// piece of work costs what its kinds of calls are, and an idle cycle two.
func TestBenchPair(t *testing.T) {
	for _, w := range pairWork {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			said, err := countWork(t.Context(), 40, 1, w)
			if err != nil {
				t.Fatal(err)
			}
			last := said[len(said)-1]
			if len(said) != 3 || last.Value != pairIdle || !strings.Contains(last.Name, "idle") {
				t.Errorf("%+v", said)
			}
			if calls := said[0].Value / 25; calls < 2 || calls > 12 { // a page, and what is read or written
				t.Errorf("%s: %v calls", said[0].Name, calls)
			}
		})
	}
	t.Run("speed", func(t *testing.T) {
		t.Parallel()
		var said []figure
		if err := speedAt(t.Context(), 40, time.Millisecond, func(f figure) error { said = append(said, f); return nil }); err != nil {
			t.Fatal(err)
		}
		for _, f := range said {
			if f.Value <= 0 || f.Unit != "records/s" {
				t.Errorf("%+v", f)
			}
		}
		if len(said) != 3 {
			t.Errorf("%d figures", len(said))
		}
	})
}
