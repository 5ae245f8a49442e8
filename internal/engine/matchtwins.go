package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A record that finds one counterpart may not be the only one of its own side that does: of two companies with one domain whichever is
// looked at first would take the account (C11). Where a mapping works both ways, and a taken place is a person's question, what was found
// is therefore asked back: if by the rules of the other way it finds anybody but the one that found it, a person says which of them it is.

// twinOfMatch is an item with one hit, and what the hit finds on the item's own side.
type twinOfMatch struct {
	item *item
	keys []table.Key // of the hit's own rules, in their order
	rule []int       // of each key, which rule
	text []string    // of each key, the canonical value
}

// ownTwins gives, for items that found one record that is nobody's counterpart yet, the records of their own side that it finds too.
func (e *Engine) ownTwins(ctx context.Context, b *batch, found map[*item]finding) (map[*item][]record.Ref, error) {
	var items []*item
	for i, f := range found {
		if b.rebuild == nil && f.asksBack(i) {
			items = append(items, i)
		}
	}
	slices.SortFunc(items, func(x, y *item) int { return strings.Compare(x.ref.String(), y.ref.String()) })
	items, err := e.freePlaces(ctx, items, found)
	if err != nil {
		return nil, err
	}
	byObject := map[[2]string][]*item{}
	for _, i := range items {
		o := [2]string{i.m.ConnA, i.m.A.Object}
		byObject[o] = append(byObject[o], i)
	}
	out := map[*item][]record.Ref{}
	for _, o := range sortedKeys(byObject) {
		if err := e.catchUp(ctx, b.set, o[0], o[1], b.shown()); err != nil {
			return nil, err
		}
		if err := e.twinsAt(ctx, o, byObject[o], found, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// asksBack tells whether what an item found is asked whom it finds itself. A record that names its counterpart by its id is believed.
func (f finding) asksBack(i *item) bool {
	return len(f.hits) == 1 && !f.many && f.rule.B != "id" && f.rule.OnHit != "hold" && !f.hits[0].Archived && i.bothWays() && i.back().WhenTaken == "hold"
}

// back is the mapping of an item as its target sees it.
func (i *item) back() *Active {
	if i.m.home != nil {
		return i.m.home
	}
	return i.m.out
}

// freePlaces drops items whose hit is somebody's counterpart: that is said when its place is to be taken.
func (e *Engine) freePlaces(ctx context.Context, items []*item, found map[*item]finding) ([]*item, error) {
	var links, seats []table.Key
	for _, i := range items {
		if hit := found[i].hits[0].Ref; i.home() {
			links = append(links, e.linkKey(i.m.Slot, hit))
		} else {
			seats = append(seats, e.pointerKey(i.m.Slot, hit))
		}
	}
	have, err := getItems[link.Link](ctx, e.Table, links)
	if err != nil {
		return nil, err
	}
	places, err := getItems[seat](ctx, e.Table, seats)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(items, func(i *item) bool {
		hit := found[i].hits[0].Ref
		if i.home() {
			return have[e.linkKey(i.m.Slot, hit)].Value.State == link.Linked
		}
		return !places[e.pointerKey(i.m.Slot, hit)].Value.pointer.A.IsZero()
	}), nil
}

// twinsAt asks the match keys of the items' own object, and reads whom they name.
func (e *Engine) twinsAt(ctx context.Context, object [2]string, items []*item, found map[*item]finding, out map[*item][]record.Ref) error {
	var asks []twinOfMatch
	var keys []table.Key
	for _, i := range items {
		account, err := e.account(ctx, i.m.ConnB)
		if err != nil {
			return err
		}
		ask, hit := twinOfMatch{item: i}, found[i].hits[0]
		for n, r := range i.back().Match {
			if r.B == "id" {
				continue
			}
			canonical := e.sourceKey(&item{ref: hit.Ref, source: hit}, r, plan.Env{TimeZone: account.TimeZone, Currency: account.Currency})
			if canonical != "" {
				ask.keys, ask.rule, ask.text = append(ask.keys, e.matchKey(object[0], object[1], ruleName(r), canonical)), append(ask.rule, n), append(ask.text, canonical)
			}
		}
		asks, keys = append(asks, ask), append(keys, ask.keys...)
	}
	entries, err := getItems[matchEntry](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	claimed, err := e.claimed(ctx, entries)
	if err != nil {
		return err
	}
	others := func(i *item, key table.Key) []record.Ref {
		var out []record.Ref
		for _, ref := range slices.Concat(entries[key].Value.Refs, claimed[key]) {
			if ref != i.ref && ref.Connection == object[0] && ref.Object == object[1] && !slices.Contains(out, ref) {
				out = append(out, ref)
			}
		}
		return out
	}
	records, err := e.readTwins(ctx, object, asks, others)
	if err != nil {
		return err
	}
	for _, ask := range asks {
		i := ask.item
		for n, key := range ask.keys {
			rule := i.back().Match[ask.rule[n]]
			var twins []record.Ref
			for _, ref := range others(i, key) {
				if r := records[ref.ID]; r != nil && !r.Archived && e.Tools.Canonical(rule.Compare, r.Field(rule.B).Text()) == ask.text[n] {
					twins = append(twins, ref)
				}
			}
			if len(twins) > 0 {
				out[i] = twins
			}
			if len(twins) > 0 || rule.B == found[i].rule.A[0] { // the item itself is what this rule finds
				break
			}
		}
	}
	return nil
}

// readTwins reads the records that the keys of one object name beside the items themselves.
func (e *Engine) readTwins(ctx context.Context, object [2]string, asks []twinOfMatch, others func(*item, table.Key) []record.Ref) (map[string]*record.Record, error) {
	var ids, fields []string
	for _, ask := range asks {
		for n, key := range ask.keys {
			for _, ref := range others(ask.item, key) {
				ids, fields = append(ids, ref.ID), append(fields, ask.item.back().Match[ask.rule[n]].B)
			}
		}
	}
	out := map[string]*record.Record{}
	if ids = distinct(ids); len(ids) == 0 {
		return out, nil
	}
	reads, err := e.Connections[object[0]].Read(ctx, connector.ReadRequest{Object: object[1], IDs: ids, Fields: distinct(fields)})
	if err != nil {
		return nil, &fromConnection{object[0], err}
	}
	for n, r := range reads {
		switch r.State {
		case record.Found:
			out[ids[n]] = r.Record
		case record.Unanswered, record.NoRight:
			return nil, &fromConnection{object[0], errOr(r.Err, "a record with the same match key could not be read")}
		}
	}
	return out, nil
}

// holdTwin holds an item whose hit others of its side find too.
func (e *Engine) holdTwin(ctx context.Context, b *batch, i *item, f finding, twins []record.Ref) {
	what := strings.Join(mapSlice(twins, record.Ref.String), ", ")
	e.holdAmong(ctx, b, i, plan.SeveralHits, fmt.Sprintf("%s matches by %s, and so does %s. Merge what is one, or link the right one", f.hits[0].Ref, f.rule.B, what), f.hits)
}
