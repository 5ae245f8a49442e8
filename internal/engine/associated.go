package engine

import (
	"context"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// aim is the record an item would write: its counterpart, or the one that was found for it.
func (i *item) aim() *record.Record {
	if i.hit != nil {
		return i.hit
	}
	return i.target
}

// place is where a record's link in a mapping's slot is looked up, from whichever side the record is of.
func (e *Engine) place(a *Active, ref record.Ref) (key table.Key, pointer bool) {
	if ref.Connection == a.ConnB && ref.Object == a.B.Object && !(ref.Connection == a.ConnA && ref.Object == a.A.Object) {
		return e.pointerKey(a.Slot, ref), true
	}
	return e.linkKey(a.Slot, ref), false
}

// pairsOf gives what is linked to each record in the slot of its need's mapping, seen from the record; what is not linked is as its own
// state says. A record that was merged away has what its survivor has: one that was taken from the recycle bin since still names it.
func (e *Engine) pairsOf(ctx context.Context, set *mappingSet, needs []plan.Need) (map[plan.Need]link.Link, error) {
	out, err := e.pairsAt(ctx, set, needs)
	for merges := 0; err == nil && merges < maxDepth; merges++ {
		var moved, survivors []plan.Need
		for _, need := range needs {
			if l := out[need]; l.State == link.MovedTo && !l.To.IsZero() {
				moved, survivors = append(moved, need), append(survivors, plan.Need{Mapping: need.Mapping, Ref: l.To})
			}
		}
		if len(moved) == 0 {
			break
		}
		var there map[plan.Need]link.Link
		there, err = e.pairsAt(ctx, set, survivors)
		for n, need := range moved {
			out[need] = there[survivors[n]]
		}
	}
	return out, err
}

// pairsAt is pairsOf for the records themselves.
func (e *Engine) pairsAt(ctx context.Context, set *mappingSet, needs []plan.Need) (map[plan.Need]link.Link, error) {
	out := make(map[plan.Need]link.Link, len(needs))
	var links, pointers []table.Key
	for _, need := range needs {
		if a := set.byName[need.Mapping]; a != nil {
			if key, pointer := e.place(a, need.Ref); pointer {
				pointers = append(pointers, key)
			} else {
				links = append(links, key)
			}
		}
	}
	seats, err := getItems[seat](ctx, e.Table, pointers)
	if err != nil {
		return nil, err
	}
	for _, s := range seats {
		if p := s.Value.pointer; !p.A.IsZero() {
			links = append(links, e.linkKey(p.Slot, p.A))
		}
	}
	got, err := getItems[link.Link](ctx, e.Table, links)
	if err != nil {
		return nil, err
	}
	for _, need := range needs {
		a := set.byName[need.Mapping]
		if a == nil {
			continue
		}
		key, pointer := e.place(a, need.Ref)
		if !pointer {
			out[need] = got[key].Value
			continue
		}
		s := seats[key].Value
		out[need] = s.own
		if l := got[e.linkKey(a.Slot, s.pointer.A)].Value; !s.pointer.A.IsZero() && l.B == need.Ref {
			out[need] = l.Turned()
		}
	}
	return out, nil
}

// findAssociated finds out which of the records that targets are associated with have a counterpart: only such associations are ours
// to take away. One whose counterpart was deleted or archived is kept: its system took the association away, not a person.
func (e *Engine) findAssociated(ctx context.Context, b *batch, items []*item) {
	asked := map[*item][]plan.Need{}
	var all []plan.Need
	for _, i := range items {
		if i.aim() == nil {
			continue
		}
		for name, through := range plan.Associates(&plan.Facts{Mapping: i.m.Mapping}) {
			a := b.set.byName[through]
			if a == nil {
				continue
			}
			object := a.objectAt(i.m.ConnB)
			for _, id := range i.aim().Field(name).List() {
				if id != "" {
					need := plan.Need{Mapping: through, Ref: record.Ref{Connection: i.m.ConnB, Object: object, ID: id}}
					asked[i], all = append(asked[i], need), append(all, need)
				}
			}
		}
	}
	if len(all) == 0 {
		return
	}
	pairs, err := e.pairsOf(ctx, b.set, all)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	foreseen, err := b.foresight.linked(ctx, b.set, all)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	for i, needs := range asked {
		i.linked = map[record.Ref]bool{}
		for _, need := range needs {
			l := pairs[need]
			i.linked[need.Ref] = counterpartOf(l).State == plan.Ready || foreseen[need]
		}
	}
}

// objectAt is the mapping's object at a connection, "" where it has none there.
func (a *Active) objectAt(connection string) string {
	switch connection {
	case a.ConnA:
		return a.A.Object
	case a.ConnB:
		return a.B.Object
	}
	return ""
}

// findHistory asks, for pairs of which both sides changed a field that the newer change wins, when each was changed (A11). Systems
// that keep no history are not asked: the record's stamp must do.
func (e *Engine) findHistory(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		if i.m == nil || i.aim() == nil || i.link.State == link.Claimed || i.m.home == nil && i.m.out == nil {
			continue
		}
		f, err := e.facts(ctx, b, i, i.m)
		if err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
			continue
		}
		f.Target = i.aim()
		source, target := plan.Contested(f)
		i.history = map[plan.HistoryOf]time.Time{}
		err = e.readHistory(ctx, i, i.source.Ref, source)
		if err == nil {
			err = e.readHistory(ctx, i, i.aim().Ref, target)
		}
		if err != nil {
			e.fail(ctx, []*item{i}, "", err)
		}
	}
}

func (e *Engine) readHistory(ctx context.Context, i *item, ref record.Ref, fields []string) error {
	historian, ok := e.Connections[ref.Connection].(connector.Historian)
	if !ok {
		return nil
	}
	var kept []string
	for _, name := range fields {
		if !strings.ContainsRune(name, '.') { // associations have none
			kept = append(kept, name)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	changes, err := historian.History(ctx, ref.Object, ref.ID, distinct(kept))
	if err != nil {
		return &fromConnection{ref.Connection, err}
	}
	for name, list := range changes {
		at := time.Time{} // only we ever wrote it, as far as is kept
		for _, c := range list {
			if !c.Ours {
				at = c.At
				break
			}
		}
		i.history[plan.HistoryOf{Ref: ref, Field: name}] = at
	}
	return nil
}
