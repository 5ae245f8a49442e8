package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// pairItem is one linked pair as it is looked at.
type pairItem struct {
	link link.Link
	rev  int64
	a, b *record.Record // as the feed or a read showed them
	out  *item
	home *item // nil where the mapping goes one way
	ways []plan.FieldParity
	back map[string]plan.FieldParity
}

// pairs compares pairs, and gives what differs of those that still do when both sides were read once more.
func (p *parity) pairs(ctx context.Context, all []*pairItem) ([]PairDifference, error) {
	var found []PairDifference
	there, gone, err := p.both(ctx, all, false)
	if err != nil {
		return nil, err
	}
	if there, err = p.differing(ctx, there, false); err != nil || len(there)+len(gone) == 0 {
		return nil, err
	}
	if there, err = p.relink(ctx, there); err != nil {
		return nil, err
	}
	var more []PairDifference
	if there, more, err = p.both(ctx, there, true); err != nil {
		return nil, err
	}
	if there, err = p.differing(ctx, there, true); err != nil {
		return nil, err
	}
	found = append(gone, more...)
	for _, o := range there {
		rows, err := p.fields(ctx, o)
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

// both reads what was not read of pairs, all of it when fresh. Pairs one of whose records is not there are differences of their own.
func (p *parity) both(ctx context.Context, all []*pairItem, fresh bool) ([]*pairItem, []PairDifference, error) {
	var gone []PairDifference
	for _, sideA := range []bool{false, true} {
		var ask, kept []*pairItem
		for _, o := range all {
			if fresh || sideA && o.a == nil || !sideA && o.b == nil {
				ask = append(ask, o)
			}
		}
		reads, err := p.readSide(ctx, ask, sideA)
		if err != nil {
			return nil, nil, err
		}
		lacks := map[*pairItem]bool{}
		for n, o := range ask {
			d, err := p.take(o, reads[n], sideA)
			if err != nil {
				return nil, nil, err
			}
			if d != nil {
				gone, lacks[o] = append(gone, *d), true
			}
		}
		for _, o := range all {
			if !lacks[o] {
				kept = append(kept, o)
			}
		}
		all = kept
	}
	return all, gone, nil
}

func (p *parity) readSide(ctx context.Context, all []*pairItem, sideA bool) ([]record.Read, error) {
	if len(all) == 0 {
		return nil, nil
	}
	connection := p.of.ConnB
	r := connector.ReadRequest{Object: p.of.B.Object, Fields: p.of.wantedB}
	if sideA {
		connection, r = p.of.ConnA, connector.ReadRequest{Object: p.of.A.Object, Fields: p.of.wantedA, With: p.of.withA}
	}
	for _, o := range all {
		if sideA {
			r.IDs = append(r.IDs, o.link.A.ID)
		} else {
			r.IDs = append(r.IDs, o.link.B.ID)
		}
	}
	reads, err := p.Connections[connection].Read(ctx, r)
	if err == nil && len(reads) != len(r.IDs) {
		err = fmt.Errorf("%d of %d reads were answered", len(reads), len(r.IDs))
	}
	if err != nil {
		return nil, &fromConnection{connection, err}
	}
	return reads, nil
}

// take judges one read of a pair's record: a difference where it is not there.
func (p *parity) take(o *pairItem, read record.Read, sideA bool) (*PairDifference, error) {
	ref := o.link.B
	if sideA {
		ref = o.link.A
	}
	d := &PairDifference{Ref: o.link.A, Other: o.link.B, Kind: PartnerGone}
	switch {
	case read.State == record.Found && !read.Record.Archived:
		r := *read.Record
		p.b.erased.strip(&r)
		if sideA {
			o.a = &r
		} else {
			o.b = &r
		}
		return nil, nil
	case read.State == record.Found, read.State == record.Gone:
		p.deleted(d, o, ref, sideA)
	case read.State == record.Moved:
		d.Cause, d.Text = plan.MergedNow, fmt.Sprintf("%s was merged into %s; the link follows when either is worked next%s", ref, read.To, p.rests())
	case read.State == record.NoRight:
		d.Cause, d.Text = plan.NoRights, "our credential may not read "+ref.String()+". Give it the right"
	default:
		return nil, errOr(read.Err, ref.String()+" was not answered")
	}
	return d, nil
}

// deleted says what becomes of a pair one of whose records was deleted.
func (p *parity) deleted(d *PairDifference, o *pairItem, ref record.Ref, sideA bool) {
	policy, category := p.of.Delete.A, plan.TargetGone
	if sideA {
		policy, category = p.of.Delete.B, plan.SourceGone
	}
	if policy == "" {
		policy = "keep"
	}
	r := o.link.Reason
	switch {
	case r != nil && (r.Category == plan.CounterpartDeleted || r.Category == category):
		d.Cause, d.Text = r.Category, r.Text
	case p.set.follows(p.of):
		d.Cause, d.Text = plan.CounterpartDeleted, fmt.Sprintf("%s was deleted; the mapping says delete: %s for the other%s", ref, policy, p.rests())
	default:
		d.Cause, d.Text = category, ref.String()+" was deleted. Unlink it, or link another"
	}
}

// relink reads the links of pairs once more; a pair that was taken apart meanwhile is no pair.
func (p *parity) relink(ctx context.Context, all []*pairItem) ([]*pairItem, error) {
	links, err := getItems[link.Link](ctx, p.Table, mapSlice(all, func(o *pairItem) table.Key { return p.linkKey(p.of.Slot, o.link.A) }))
	if err != nil {
		return nil, err
	}
	var out []*pairItem
	for _, o := range all {
		got := links[p.linkKey(p.of.Slot, o.link.A)]
		if got.Value.State == link.Linked && got.Value.B == o.link.B {
			out = append(out, &pairItem{link: got.Value, rev: got.Rev})
		}
	}
	return out, nil
}

// differing keeps the pairs of which any field differs; closely, it also lets the plan decide about them, as a preview does.
func (p *parity) differing(ctx context.Context, all []*pairItem, closely bool) ([]*pairItem, error) {
	var outs, homes []*item
	for _, o := range all {
		l := o.link
		task := Task{Ref: l.A, Mapping: p.of.Name, Cause: "reconcile", Run: p.run.ID}
		o.out = &item{task: task, ref: l.A, group: []*Active{p.of}, m: p.of, key: p.linkKey(p.of.Slot, l.A), link: l, rev: o.rev, source: o.a, target: o.b,
			related: map[string][]record.Record{}, dead: p.b.dead}
		outs = append(outs, o.out)
		if p.of.home != nil && (closely || p.homeAlone()) {
			o.home = &item{task: task, ref: l.B, group: []*Active{p.of.home}, m: p.of.home, key: o.out.key, link: l.Turned(), rev: o.rev, twin: true, pair: o.out, source: o.b, target: o.a,
				related: map[string][]record.Record{}, dead: p.b.dead}
			homes = append(homes, o.home)
		}
	}
	steps := []func(context.Context, *batch, []*item){p.findLacking, p.readRelated, p.findCounterparts, p.runScripts, p.findAssociated}
	if closely {
		steps = append(steps, p.findHistory, p.yieldTo)
	}
	for _, items := range [][]*item{outs, homes} {
		if err := p.steps(ctx, items, steps); err != nil {
			return nil, err
		}
	}
	var out []*pairItem
	for _, o := range all {
		differs, err := p.compare(ctx, o)
		if err != nil {
			return nil, err
		}
		if differs {
			out = append(out, o)
		}
	}
	if !closely {
		return out, nil
	}
	outs, homes = nil, nil
	for _, o := range out {
		outs = append(outs, o.out)
		if o.home != nil {
			homes = append(homes, o.home)
		}
	}
	for _, items := range [][]*item{outs, homes} {
		if err := p.steps(ctx, items, []func(context.Context, *batch, []*item){p.decide, p.runHooks}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// homeAlone tells whether a field goes home only: what goes both ways is compared on the way out, in the form of either.
func (p *parity) homeAlone() bool {
	return slices.ContainsFunc(p.of.home.Fields, func(f mapping.Field) bool { return f.Other == nil })
}

func (p *parity) readRelated(ctx context.Context, b *batch, items []*item) {
	if len(p.of.With) > 0 && len(items) > 0 && !items[0].home() {
		p.readLines(ctx, b, items)
	}
}

// steps takes items through steps of the pipeline. What only says why an item is held is its reason; anything else that stops it
// stops the page, which is done again.
func (p *parity) steps(ctx context.Context, items []*item, steps []func(context.Context, *batch, []*item)) error {
	for _, step := range steps {
		if left := open(items); len(left) > 0 {
			step(ctx, p.b, left)
		}
	}
	for _, i := range items {
		if r := i.result; r != nil && (r.End == Retry || r.End == Later && r.Err != nil) {
			return errOr(r.Err, i.ref.String()+" could not be looked at")
		}
	}
	return nil
}

// compare works out how every field of a pair stands. Fields that only b gives are the way home's to compare.
func (p *parity) compare(ctx context.Context, o *pairItem) (bool, error) {
	f, err := p.facts(ctx, p.b, o.out, p.of)
	if err != nil {
		return false, err
	}
	o.ways, o.back = plan.Parities(f), map[string]plan.FieldParity{}
	differs := false
	known := map[string]bool{}
	for _, w := range o.ways {
		known[w.Key] = true
		differs = differs || !w.Same && !w.Silent
	}
	if o.home == nil {
		return differs, nil
	}
	if f, err = p.facts(ctx, p.b, o.home, p.of.home); err != nil {
		return false, err
	}
	for _, w := range plan.Parities(f) {
		o.back[w.Key] = w
		if !known[w.Key] {
			w.Other = false
			o.ways = append(o.ways, plan.FieldParity{Key: w.Key, Same: w.Same, Silent: w.Silent, Other: !w.Same && !w.Silent})
			differs = differs || !w.Same && !w.Silent
		}
	}
	return differs, nil
}

// fields are the differences of one pair.
func (p *parity) fields(ctx context.Context, o *pairItem) ([]PairDifference, error) {
	if o.out == nil {
		return nil, errors.New("parity: a pair was not looked at")
	}
	var out []PairDifference
	for _, w := range o.ways {
		if w.Same || w.Silent {
			continue
		}
		by, d := o.out, PairDifference{Ref: o.link.A, Other: o.link.B, Kind: FieldDiffers, Key: w.Key, Field: w.From, There: w.To}
		if w.Other && o.home != nil {
			back := o.back[w.Key]
			if back.Same || back.Silent && w.From == "" {
				continue
			}
			if !back.Silent {
				w, by = back, o.home
				d.Field, d.There = w.To, w.From
			}
		}
		if err := p.explain(ctx, &d, by, w); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
