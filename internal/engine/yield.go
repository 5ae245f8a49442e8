package engine

import (
	"context"
	"fmt"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// yieldTo finds the items whose counterpart a mapping has linked to which theirs yields (B13): they are linked with it and
// never write it, so that two sources of one customer do not overwrite each other for ever. Mappings that yield to nobody
// cost nothing.
func (e *Engine) yieldTo(ctx context.Context, b *batch, items []*item) {
	type ask struct {
		item *item
		to   *Active
		key  table.Key
	}
	var asks []ask
	var keys []table.Key
	for _, i := range items {
		target := i.counterpart()
		if target.IsZero() {
			continue
		}
		for _, name := range i.m.YieldsTo {
			to := b.set.byName[name]
			if to == nil || to.Slot == i.m.Slot || to.ConnB != target.Connection || to.B.Object != target.Object {
				continue
			}
			a := ask{i, to, e.pointerKey(to.Slot, target)}
			asks, keys = append(asks, a), append(keys, a.key)
		}
	}
	if len(asks) == 0 {
		return
	}
	pointers, err := getItems[link.Pointer](ctx, e.Table, keys)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	keys = nil
	for _, a := range asks {
		if p := pointers[a.key]; p.Rev != 0 {
			keys = append(keys, e.linkKey(a.to.Slot, p.Value.A))
		}
	}
	holders, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	for _, a := range asks {
		p := pointers[a.key]
		if h := holders[e.linkKey(a.to.Slot, p.Value.A)].Value; p.Rev != 0 && h.State == link.Linked && h.B == a.item.counterpart() {
			a.item.yields = &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is written by %s from %s, and %s yields to it", h.B, a.to.Name, h.A, a.item.m.Name)}
		}
	}
}

// counterpart is the record at b that an item is linked to or was found for it.
func (i *item) counterpart() record.Ref {
	switch {
	case i.link.State == link.Linked:
		return i.link.B
	case i.link.State != link.Claimed && i.hit != nil:
		return i.hit.Ref
	}
	return record.Ref{}
}

// yielded is what an item that yields comes to: linked, it is left alone; else it is linked and nothing is written.
func (i *item) yielded(f *plan.Facts) plan.Decision {
	if i.link.State == link.Linked {
		return plan.Decision{Kind: plan.Nothing, Object: i.link.B.Object, Reason: i.yields}
	}
	only := *f.Mapping
	only.AToB.Create.When, only.AToB.Update = "never", false
	f.Mapping = &only
	return plan.Decide(f)
}

// yieldReason is what stands on a link that yields from the beginning; nil for all others.
func (i *item) yieldReason() *link.Reason {
	if i.yields == nil {
		return nil
	}
	with := *i.yields
	with.At = time.Now()
	return &with
}
