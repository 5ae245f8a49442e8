package engine

import (
	"context"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What a poll or a run's listing has just read may travel with its task (A3), so that a thousand records are not read twice. It counts as read
// only where its stamp is newer than the one kept beside the agreed values of its side, or the same with the same values; and for the side that is about to be written only for
// as long as an intention may be sent on (Config.SendWithin): after that the worker reads it again.

// cameRead is a record that came with a task, and when it was read.
type cameRead struct {
	record *record.Record
	at     time.Time
}

func (i *item) cameWith(ref record.Ref) {
	if i.fromPage == nil {
		i.fromPage = map[record.Ref]time.Time{}
	}
	i.fromPage[ref] = i.reads[ref].at
}

// travelled gives the record that came with an item's task, if it may stand for a read: it is newer than what is kept. What is kept beside an
// unfinished intention is of before it was sent, so that a page from before our own write would seem new too: such a pair is read.
func (i *item) travelled(b *batch, ref record.Ref, fields []string, kept time.Time) *record.Record {
	r := i.cameAlong(b, ref, fields)
	if r == nil || i.link.Intent != nil || !r.Modified.After(kept) || kept.IsZero() && time.Since(i.reads[ref].at) >= replicaLag { // nothing would tell that it is outdated: a record is made of what it is now
		return nil
	}
	copied := *r
	return &copied
}

// shownSettled gives the source that came with a run's task where it reads as it was settled, with the stamp that it was settled at. What it
// says is agreed on already, so that it does not matter how old it is; its counterpart is read and compared as ever.
func (e *Engine) shownSettled(b *batch, i *item, fields []string) *record.Record {
	if i.task.Cause != "run" || i.home() || i.link.State != link.Linked || i.link.A != i.ref || i.link.Reason != nil || i.link.Intent != nil {
		return nil
	}
	r := i.cameAlong(b, i.ref, fields)
	if r == nil || r.Archived || !r.Modified.Equal(i.link.StampA) || slices.ContainsFunc(i.group, func(a *Active) bool { return !e.readsAsSettled(a, &i.link, true, r) }) {
		return nil
	}
	copied := *r
	return &copied
}

// cameAlong gives the record that came with an item's task, if anything may be made of it.
func (i *item) cameAlong(b *batch, ref record.Ref, fields []string) *record.Record {
	r := i.reads[ref].record
	if r == nil || b.preview || b.plan != nil || i.task.Stale > 0 || i.task.Cause != "poll" && i.task.Cause != "run" || r.Modified.IsZero() {
		return nil
	}
	if i.link.State == link.Linked && i.link.Reason != nil && (goneReason(i.link.Reason) || i.link.Reason.Category == plan.SourceGone) {
		return nil // an old page does not know of a deletion or a merge that was seen since
	}
	for _, name := range fields {
		if _, ok := r.Fields[name]; !ok {
			return nil // read for other mappings: it does not show everything
		}
	}
	return r
}

// freshTargets reads the targets that came with a task and are about to be written, and has them decided anew.
func (e *Engine) freshTargets(ctx context.Context, b *batch, items []*item) {
	var again []*item
	for _, i := range items {
		if i.target == nil || len(i.decision.Write) == 0 {
			continue
		}
		if at, came := i.fromPage[i.target.Ref]; came && time.Since(at) >= e.SendWithin {
			again = append(again, i)
		}
	}
	if len(again) == 0 {
		return
	}
	byObject := map[[2]string][]*item{}
	for _, i := range again {
		o := [2]string{i.target.Ref.Connection, i.target.Ref.Object}
		byObject[o] = append(byObject[o], i)
	}
	for _, o := range sortedKeys(byObject) {
		list := byObject[o]
		reads, err := e.readCounterparts(ctx, o, list)
		if err != nil {
			e.fail(ctx, list, o[0], err)
			continue
		}
		for n, i := range list {
			delete(i.fromPage, i.link.B) // what else came with it is still as old
			e.takeTarget(ctx, b, i, reads[n])
		}
	}
	again = open(again)
	for _, i := range again {
		i.decision = plan.Decision{}
	}
	e.decide(ctx, b, again)
}

// readKept has pairs read at once of which a field that both sides changed would be settled as each has it, on a page that came with the task.
// No later look compares those two again: what somebody set back or entered after the page was read would count as a change after it, and go
// over the other side's (A3, A11).
func (e *Engine) readKept(_ context.Context, _ *batch, items []*item) {
	for _, i := range items {
		keptApart := func(fd plan.FieldDecision) bool {
			_, settled := i.decision.Agreed[i.m.keyFor(fd.Field)]
			return settled && fd.Conflict && fd.Action == plan.KeepIt
		}
		if len(i.fromPage) > 0 && i.link.State == link.Linked && slices.ContainsFunc(i.decision.Fields, keptApart) {
			i.end(Result{End: Later, Until: time.Now(), Stale: i.task.Stale + 1})
		}
	}
}

// travels tells whether the pages of a mapping's sources may travel: of those that work both ways, and of those that go one way and on
// which no document rests. What is billed, or is billed to, is read by whoever writes it, and so are documents with their lines.
func (s *mappingSet) travels(a *Active) bool {
	if a.home != nil {
		return true
	}
	return a.Document == nil && a.AtSource == nil && a.Children == nil && !slices.ContainsFunc(s.names, func(name string) bool {
		return s.byName[name].Document != nil && s.byName[name].ConnB == a.ConnB
	})
}

// hiding are connectors that know objects whose pages do not show all that a read finds out.
type hiding interface {
	PagesHide(object string) bool
}

// showsAll tells whether a page of an object may stand for reads of its records.
func (e *Engine) showsAll(connection, object string) bool {
	c, ok := e.Connections[connection].(hiding)
	return !ok || !c.PagesHide(object)
}

// travelling are the records of a page that may travel with their tasks.
func travelling(records []record.Record) map[record.Ref]*record.Record {
	out := make(map[record.Ref]*record.Record, len(records))
	for n := range records {
		if r := &records[n]; !r.Archived {
			out[r.Ref] = r
		}
	}
	return out
}

// withReads has tasks take along what was shown of their records.
func withReads(tasks []Task, shown map[record.Ref]*record.Record) []Task {
	now := time.Now()
	for n := range tasks {
		if r := shown[tasks[n].Ref]; r != nil {
			tasks[n].Read, tasks[n].ReadAt = r, now
		}
	}
	return tasks
}

// pageFields are what a feed is asked for, so that its records can travel and echoes be known: what mappings need whose pages travel.
func (s *mappingSet) pageFields(connection, object string) []string {
	var out []string
	for _, name := range s.names {
		a := s.byName[name]
		if !a.works(true) || !s.travels(a) {
			continue
		}
		switch {
		case a.ConnA == connection && a.A.Object == object:
			out = append(out, a.wantedA...)
		case a.home != nil && a.ConnB == connection && a.B.Object == object:
			out = append(out, a.wantedB...)
		}
	}
	return distinct(out)
}

// changed leaves out records of a page that say nothing new: linked pairs whose side reads as it was settled. Those are the echoes of
// our own writes, and what was touched without a change; they cost no message. look is what the echoes are asked about (inflight.go).
func (e *Engine) changed(ctx context.Context, set *mappingSet, f watchedFeed, records []record.Record, look *flightLook) ([]record.Record, error) {
	if len(f.fields) == 0 || len(records) == 0 {
		return records, nil
	}
	var pairs []*Active
	for _, name := range set.names {
		a := set.byName[name]
		if f.object == "" || !a.works(true) || a.objectAt(f.connection) != f.object && !slices.Contains(a.watches(), f.object) {
			continue
		}
		if a.home == nil || slices.Contains(a.watches(), f.object) {
			return records, nil // a mapping that goes one way judges for itself
		}
		pairs = append(pairs, a)
	}
	quiet := map[record.Ref]map[string]bool{} // by slot: every mapping that its link is of finds it settled
	for _, a := range pairs {
		known, links, err := e.settled(ctx, a, f.connection, records)
		if err != nil {
			return nil, err
		}
		if err := e.lookInFlight(ctx, a, f.connection, records, links, look); err != nil {
			return nil, err
		}
		for _, r := range records {
			if l := links[r.Ref]; l.A.Object != a.A.Object || l.B.Object != a.B.Object {
				continue // of another mapping of the slot: a company is a customer or a prospect, and only that one decides
			}
			if quiet[r.Ref] == nil {
				quiet[r.Ref] = map[string]bool{}
			}
			before, other := quiet[r.Ref][a.Slot]
			quiet[r.Ref][a.Slot] = known[r.Ref] && (before || !other)
		}
	}
	return slices.DeleteFunc(slices.Clone(records), func(r record.Record) bool {
		return len(pairs) > 0 && !slices.ContainsFunc(pairs, func(a *Active) bool { return !quiet[r.Ref][a.Slot] })
	}), nil
}

// settled tells which records of one side read exactly as they were settled, and gives the links of all.
func (e *Engine) settled(ctx context.Context, a *Active, connection string, records []record.Record) (map[record.Ref]bool, map[record.Ref]link.Link, error) {
	links := map[record.Ref]table.Key{}
	var keys []table.Key
	if connection == a.ConnA {
		for _, r := range records {
			links[r.Ref] = e.linkKey(a.Slot, r.Ref)
			keys = append(keys, links[r.Ref])
		}
	} else {
		seatKeys := mapSlice(records, func(r record.Record) table.Key { return e.pointerKey(a.Slot, r.Ref) })
		seats, err := getItems[seat](ctx, e.Table, seatKeys)
		if err != nil {
			return nil, nil, err
		}
		for n, r := range records {
			if p := seats[seatKeys[n]].Value.pointer; !p.A.IsZero() {
				links[r.Ref] = e.linkKey(a.Slot, p.A)
				keys = append(keys, links[r.Ref])
			}
		}
	}
	got, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		return nil, nil, err
	}
	out, all := map[record.Ref]bool{}, map[record.Ref]link.Link{}
	for n := range records {
		r := &records[n]
		l := got[links[r.Ref]].Value
		all[r.Ref] = l
		if l.State == link.Linked && l.Intent == nil && len(l.Todo) == 0 && l.Reason == nil && !r.Archived && (l.A == r.Ref || l.B == r.Ref) && e.readsAsSettled(a, &l, connection == a.ConnA, r) {
			out[r.Ref] = true
		}
	}
	return out, all, nil
}

// readsAsSettled compares every field of one side with what was settled, or was last written there. A field whose value is made at the other side, and of which a
// change here means nothing, does not count; one that cannot be told from this side alone does.
func (e *Engine) readsAsSettled(a *Active, l *link.Link, sideA bool, r *record.Record) bool {
	for _, f := range a.Fields {
		pair, ok := l.Agreed[f.Key()]
		switch {
		case f.CreateOnly:
			continue
		case f.Other == nil && sideA && f.Static != nil:
			continue
		case !ok:
			return false
		case f.Other == nil && sideA && (f.Direction != "b_to_a"):
			if f.Transform != "" || f.Value != "" || f.Through != "" || f.Values != nil || f.Table != "" || f.Default != nil || len(f.A) != 1 {
				return false // what is kept is what was made of it
			}
			if e.digestOf(r.Field(f.A[0])) != pair.A {
				return false
			}
			continue
		case f.Direction == "b_to_a":
			return false
		}
		name := f.B
		if sideA {
			name = f.A[0]
		}
		v := r.Field(name)
		if !v.Known() {
			return false
		}
		shown, was := plan.SideDigest(e.Tools, f, false, !sideA, v), pair.B
		if sideA {
			was = pair.A
		}
		if shown != was {
			return false
		}
	}
	return a.home == nil || e.homeAsSettled(a, l, sideA, r)
}

// homeAsSettled is readsAsSettled of the fields that only go home, which the mapping's own fields do not have.
func (e *Engine) homeAsSettled(a *Active, l *link.Link, sideA bool, r *record.Record) bool {
	for _, f := range a.home.Fields {
		if f.Other != nil || f.CreateOnly || f.Static != nil && !sideA {
			continue
		}
		pair, ok := l.Agreed[f.Key()]
		switch {
		case !ok:
			return false
		case sideA:
			if v := r.Field(f.B); !v.Known() || plan.SideDigest(e.Tools, f, true, true, v) != pair.A {
				return false
			}
		case f.Transform != "" || f.Value != "" || f.Through != "" || f.Values != nil || f.Table != "" || f.Default != nil || len(f.A) != 1:
			return false // what is kept is what was made of it
		case e.digestOf(r.Field(f.A[0])) != pair.B:
			return false
		}
	}
	return true
}
