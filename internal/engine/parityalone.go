package engine

import (
	"context"
	"fmt"
	"slices"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// alone looks at records that are not linked: each is decided as a preview would, and what the decision is kept from is its cause.
func (p *parity) alone(ctx context.Context, refs []record.Ref) ([]PairDifference, error) {
	var out []PairDifference
	for part := range slices.Chunk(refs, 1000) {
		before := len(p.b.all)
		tasks := mapSlice(part, func(ref record.Ref) Task {
			return Task{Ref: ref, Mapping: p.of.Name, Cause: "reconcile", Run: p.run.ID}
		})
		if err := decidable(p.workTasks(ctx, p.b, tasks)); err != nil {
			return nil, err
		}
		asked := make(map[record.Ref]bool, len(part))
		for _, ref := range part {
			asked[ref] = true
		}
		var items []*item
		for _, i := range p.b.all[before:] {
			if asked[i.ref] && i.depth == 0 && !i.twin && i.group[0].Slot == p.of.Slot {
				asked[i.ref] = false
				items = append(items, i)
			}
		}
		taken, err := p.taken(ctx, items)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			d, err := p.lone(ctx, i, taken[i])
			if err != nil {
				return nil, err
			}
			if d != nil {
				out = append(out, *d)
			}
		}
	}
	return out, nil
}

// taken gives, for items that would be linked to a record which has a counterpart already, that counterpart.
func (p *parity) taken(ctx context.Context, items []*item) (map[*item]record.Ref, error) {
	keys := map[*item]table.Key{}
	var seatKeys, linkKeys []table.Key
	for _, i := range items {
		switch {
		case i.decision.Kind != plan.Adopt || i.target == nil:
		case i.home():
			keys[i] = p.linkKey(p.of.Slot, i.target.Ref)
			linkKeys = append(linkKeys, keys[i])
		default:
			keys[i] = p.pointerKey(p.of.Slot, i.target.Ref)
			seatKeys = append(seatKeys, keys[i])
		}
	}
	seats, err := getItems[seat](ctx, p.Table, seatKeys)
	if err != nil {
		return nil, err
	}
	links, err := getItems[link.Link](ctx, p.Table, linkKeys)
	if err != nil {
		return nil, err
	}
	out := map[*item]record.Ref{}
	for i, key := range keys {
		by := seats[key].Value.pointer.A
		if l := links[key].Value; i.home() && l.State == link.Linked {
			by = l.B
		}
		if !by.IsZero() && by != i.ref {
			out[i] = by
		}
	}
	return out, nil
}

// lone is the difference of a record without a counterpart; nil where it is none, since it is linked by now, gone, or the survivor of
// a merge whose link follows.
func (p *parity) lone(ctx context.Context, i *item, taken record.Ref) (*PairDifference, error) {
	l := &i.link
	switch {
	case l.State == link.Linked || l.State == link.MovedTo || i.source != nil && i.source.Archived:
		return nil, nil
	case !taken.IsZero() && i.source != nil && slices.Contains(i.source.Was, taken):
		return nil, nil
	}
	d := &PairDifference{Ref: i.ref, Kind: NoPartner}
	if i.target != nil {
		d.Other = i.target.Ref
	}
	switch r := l.Reason; {
	case !taken.IsZero():
		d.Kind, d.Cause = TwinHeld, plan.AliasOf
		if i.m.WhenTaken == "hold" {
			d.Cause = plan.Taken
		}
		d.Text = fmt.Sprintf("it matches %s, whose counterpart is %s", d.Other, taken)
		return d, nil
	case l.State == link.Alias:
		d.Kind, d.Cause, d.Other, d.Text = TwinHeld, plan.AliasOf, l.B, fmt.Sprintf("it shares the counterpart %s with another record, and is never written", l.B)
		return d, nil
	case l.State == link.Tombstone, i.decision.Kind == "" && r != nil:
		d.Cause, d.Text = plan.WasUndone, "it is not to be carried over"
		if r != nil {
			d.Cause, d.Text = r.Category, r.Text
		}
		return d, nil
	case i.decision.Kind == "" && i.source == nil && l.State != link.Claimed:
		return nil, nil // deleted since the feed showed it
	}
	r, err := p.stands(ctx, i, "", false)
	if err != nil {
		return nil, err
	}
	d.Cause, d.Text, d.Rule = r.Category, r.Text, string(i.decision.Kind)
	if slices.Contains([]string{plan.SeveralHits, plan.Taken, plan.NameHit, plan.DuplicateMarker, plan.AliasOf}, r.Category) {
		d.Kind = TwinHeld
	}
	return d, nil
}
