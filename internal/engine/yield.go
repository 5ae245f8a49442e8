package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Where several mappings lead to the same records (two CRMs and one billing system, two hubs and one GP company, one hub and two GP
// companies), one of each two yields to the other (B13). A record that the other one has linked is the other one's:
//
//   - the mapping that yields never writes it, so that two sources of one customer do not overwrite each other for ever;
//   - and makes nothing of it, so that a customer of the first hub does not become a company of the second: what is there already is
//     linked, and takes its changes. when_theirs: make has it made there too.
//
// Mappings that yield to nobody cost nothing.

// claimTo is a record of an item that may belong to a mapping to which the item's yields.
type claimTo struct {
	item *item
	by   string // the mapping that yields
	to   *Active
	ref  record.Ref
	own  bool      // it is the item's own record, not its counterpart
	atB  bool      // the record is at the b of to
	key  table.Key // its place in the slot of to: a seat at b, a link at a
}

// yieldTo finds the items of which one record, or both, belong to a mapping to which theirs yields.
func (e *Engine) yieldTo(ctx context.Context, b *batch, items []*item) {
	var asks []claimTo
	for _, i := range items {
		asks = append(asks, e.claimsTo(b, i)...)
	}
	if len(asks) == 0 {
		return
	}
	reasons, err := e.owners(ctx, asks)
	if err == nil {
		err = b.foresight.owners(ctx, asks, reasons)
	}
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	for n, a := range asks {
		switch {
		case a.own && reasons[n] == nil:
			a.item.elders = append(a.item.elders, b.elder(a)...)
		case reasons[n] == nil:
		case a.own:
			a.item.theirs = reasons[n]
		default:
			a.item.yields = reasons[n]
		}
	}
}

// claimsTo lists what must be asked of an item: whose its counterpart is, and whose it is itself while nothing was made of it. A document is
// made of a deal for each place that bills it, and who bills is decided elsewhere (A6).
func (e *Engine) claimsTo(b *batch, i *item) []claimTo {
	unlinked := i.link.State != link.Linked && i.link.State != link.Claimed && i.group[0].Document == nil
	deciding := []*Active{i.m}
	if unlinked {
		deciding = i.group
	}
	var out []claimTo
	seen := map[claimTo]bool{}
	for _, m := range deciding {
		for _, name := range m.YieldsTo {
			to := b.set.byName[name]
			if to == nil || to.Slot == m.Slot {
				continue
			}
			var asked []claimTo
			if target := i.counterpart(); !target.IsZero() {
				asked = append(asked, claimTo{ref: target})
			}
			if unlinked {
				asked = append(asked, claimTo{ref: i.ref, own: true})
			}
			for _, a := range asked {
				a.item, a.to = i, to
				switch {
				case to.ConnB == a.ref.Connection && to.B.Object == a.ref.Object:
					a.atB, a.key = true, e.pointerKey(to.Slot, a.ref)
				case to.ConnA == a.ref.Connection && to.A.Object == a.ref.Object:
					a.key = e.linkKey(to.Slot, a.ref)
				default:
					continue
				}
				if !seen[a] {
					seen[a] = true
					a.by = m.Name
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// owners says of each record who has it, nil for nobody. Who is just being given a counterpart is had already, as far as making another one goes.
func (e *Engine) owners(ctx context.Context, asks []claimTo) ([]*link.Reason, error) {
	var seats, holding []table.Key
	for _, a := range asks {
		if a.atB {
			seats = append(seats, a.key)
		} else {
			holding = append(holding, a.key)
		}
	}
	places, err := getItems[seat](ctx, e.Table, seats)
	if err != nil {
		return nil, err
	}
	for _, a := range asks {
		if holder := places[a.key].Value.pointer.A; a.atB && !holder.IsZero() {
			holding = append(holding, e.linkKey(a.to.Slot, holder))
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, holding)
	if err != nil {
		return nil, err
	}
	out := make([]*link.Reason, len(asks))
	for n, a := range asks {
		out[n] = a.owner(places[a.key].Value, func(ref record.Ref) link.Link { return links[e.linkKey(a.to.Slot, ref)].Value })
	}
	return out, nil
}

// owners adds, in a preview of several mappings, what the plan gives to those that are yielded to, which come first.
func (s *foresight) owners(ctx context.Context, asks []claimTo, reasons []*link.Reason) error {
	if s == nil {
		return nil
	}
	known, err := s.of(ctx, mapSlice(asks, func(a claimTo) table.Key { return s.key(a.to.Slot, a.ref) }))
	for n, a := range asks {
		if reasons[n] == nil && known[s.key(a.to.Slot, a.ref)].State == plan.Ready {
			reasons[n] = &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is carried over by %s in this plan, and %s yields to it", a.ref, a.to.Name, a.by)}
		}
	}
	return err
}

// owner says who has a record; linked gives the link of a record of the a of to.
func (a claimTo) owner(place seat, linked func(record.Ref) link.Link) *link.Reason {
	var l link.Link
	switch {
	case !a.atB:
		l = linked(a.ref)
	case !place.pointer.A.IsZero():
		l = linked(place.pointer.A)
	default:
		l = place.own
	}
	has := l.State == link.Linked && (l.A == a.ref || l.B == a.ref)
	switch {
	case has && a.own:
		other := l.B
		if other == a.ref {
			other = l.A
		}
		return &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is linked to %s by %s, and %s, which yields to it, makes nothing of it (when_theirs)", a.ref, other, a.to.Name, a.by)}
	case has && a.atB:
		return &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is written by %s from %s, and %s yields to it", a.ref, a.to.Name, l.A, a.by)}
	case has:
		return &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is written by %s from %s, and %s yields to it", a.ref, a.to.Name, l.B, a.by)}
	case a.own && l.State == link.Claimed:
		return &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is just being carried over by %s, and %s, which yields to it, makes nothing of it (when_theirs)", a.ref, a.to.Name, a.by)}
	}
	return nil
}

// elder lists the items of the batch that are the same record in the place of the mapping that is yielded to: they are decided first.
func (b *batch) elder(a claimTo) []*item {
	var out []*item
	for _, j := range b.all {
		if j != a.item && j.ref == a.ref && j.group[0].Slot == a.to.Slot && !slices.Contains(a.item.elders, j) {
			out = append(out, j)
		}
	}
	return out
}

// behindElders puts items behind those that go first, in their order otherwise.
func behindElders(items []*item) []*item {
	var first, behind []*item
	for _, i := range items {
		if len(i.elders) > 0 {
			behind = append(behind, i)
		} else {
			first = append(first, i)
		}
	}
	return append(first, behind...)
}

// askElders takes an item for another mapping's where that one carries the same record over in this very batch.
func (i *item) askElders() {
	for _, j := range i.elders {
		if i.theirs == nil && (j.decision.Kind == plan.Create || j.decision.Kind == plan.Adopt) {
			i.theirs = &link.Reason{Category: plan.Yields, Text: fmt.Sprintf("%s is just being carried over by %s, and %s, which yields to it, makes nothing of it (when_theirs)", i.ref, j.m.Name, i.m.Name)}
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

// yielded is what an item comes to whose counterpart is another mapping's: linked, it is left alone; else it is linked and nothing is
// written.
func (i *item) yielded(f *plan.Facts) plan.Decision {
	if i.link.State == link.Linked {
		return plan.Decision{Kind: plan.Nothing, Object: i.link.B.Object, Reason: i.yields}
	}
	only := *f.Mapping
	only.AToB.Create.When, only.AToB.Update = "never", false
	f.Mapping = &only
	return plan.Decide(f)
}

// mayMake tells whether something may be made of an item's record although another mapping has it.
func (i *item) mayMake(a *Active) bool { return i.theirs == nil || a.Theirs == "make" }

// leftAsTheirs is what an item comes to that is another mapping's itself: what was found for it is linked and written as ever, and nothing is made.
func (i *item) leftAsTheirs(f *plan.Facts) plan.Decision {
	only := *f.Mapping
	only.AToB.Create.When, only.Unmatched = "never", "skip"
	f.Mapping = &only
	d := plan.Decide(f)
	if d.Kind == plan.Skip && d.Reason.Category == plan.CreateOff {
		d.Reason = i.theirs
	}
	return d
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
