package app

import (
	"slices"
	"testing"

	"crosswalk/internal/engine"
)

// TestPartsOfAPlan: whatever the size of the parts, reading a plan part by part gives every row once, in one order.
func TestPartsOfAPlan(t *testing.T) {
	virtual(t, setup{Draft: true, Quiet: true}, func(w *world) {
		company := w.company("Parts", "domain", "parts.example", "country", "Germany")
		const deals = 230 // more than a page of 200
		for range deals {
			w.win(w.deal("Part", company, "10"))
		}
		run, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		w.later()
		head, err := w.Engine.Plan(w.t.Context(), run.Plan)
		w.ok(err)
		if !head.Complete || head.Rows != deals || len(head.PageRows) < 2 {
			t.Fatalf("complete %v, %d rows in pages %v", head.Complete, head.Rows, head.PageRows)
		}
		read := func(size int) (out []string) {
			for from := 0; ; from += size {
				part, err := w.Engine.PlanRows(w.t.Context(), run.Plan, from, size)
				w.ok(err)
				for _, r := range part {
					out = append(out, r.Slot+" "+r.Ref.String())
				}
				if len(part) < size {
					return out
				}
			}
		}
		whole := read(10_000)
		if len(whole) != head.Rows+head.Needed || head.Needed == 0 {
			t.Errorf("%d rows, want %d and %d needed", len(whole), head.Rows, head.Needed)
		}
		for _, size := range []int{1, 7, 100, 200, 229, 230, 231} {
			if parts := read(size); !slices.Equal(parts, whole) {
				t.Errorf("in parts of %d: %d rows, which are not the %d of the whole", size, len(parts), len(whole))
			}
		}
	})
}
