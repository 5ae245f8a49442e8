package engine

import (
	"context"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
)

// Seed stores links as work would have left them, each with one entry of the audit trail and, where its reason stands, its
// sync error. It is for benches and tests of size, which cannot wait for 100,000 records to be worked; no product calls it.
// Slots are filled in from the mapping that each link names, which must be there.
func (e *Engine) Seed(ctx context.Context, links []link.Link, entry func(link.Link) Entry) error {
	set, err := e.mappings(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(links, maxAuditEntries) {
		b := e.newAuditBatch(time.Now(), "")
		puts := make([]table.Put, 0, 2*len(part))
		var held []link.Link
		for _, l := range part {
			a := set.byName[l.Mapping]
			if a == nil {
				return &NotFoundError{"mapping", l.Mapping}
			}
			l.Slot, l.Page = a.Slot, b.page()
			b.add(entry(l), a.Document != nil)
			puts = append(puts, put(e.linkKey(l.Slot, l.A), l, e.token(), table.Condition{}))
			if !l.B.IsZero() {
				puts = append(puts, put(e.pointerKey(l.Slot, l.B), link.Pointer{Slot: l.Slot, B: l.B, A: l.A, At: time.Now()}, e.token(), table.Condition{}))
			}
			if l.State == link.Held && l.Reason != nil {
				held = append(held, l)
			}
		}
		if err := e.flush(ctx, b); err != nil {
			return err
		}
		for _, l := range held {
			puts = append(puts, put(errorKey(l.Reason.Category, l.Mapping, l.A), SyncError{Category: l.Reason.Category, Mapping: l.Mapping, Ref: l.A, Text: l.Reason.Text,
				First: l.Reason.At, Last: l.Reason.At, Count: 1}, e.token(), table.Condition{}))
		}
		if err := firstError(e.Table.Put(ctx, puts)); err != nil {
			return err
		}
	}
	return nil
}
