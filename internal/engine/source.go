package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// loadLinks reads every item's link and sets aside what needs no more looking at.
func (e *Engine) loadLinks(ctx context.Context, b *batch, items []*item) {
	var keys []table.Key
	var homeward []*item
	for _, i := range items {
		i.dead = b.dead
		if i.home() {
			homeward = append(homeward, i)
			continue
		}
		i.key = e.linkKey(i.group[0].Slot, i.ref)
		keys = append(keys, i.key)
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err == nil {
		err = e.loadSeats(ctx, b, homeward)
	}
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	now := time.Now()
	for _, i := range items {
		got, ok := links[i.key]
		if i.home() || slices.Contains(homeward, i) {
			continue
		}
		i.link, i.rev = got.Value, got.Rev
		if !ok {
			i.link = link.Link{Slot: i.group[0].Slot, A: i.ref}
		}
	}
	if !b.preview {
		if err := e.forgetErrors(ctx, items); err != nil {
			e.fail(ctx, items, "", err)
			return
		}
	}
	for _, i := range items {
		if i.task.Cause == "retry" {
			i.link.Refused = nil
		}
		if i.link.State == link.Held && i.link.Reason != nil && sticky[i.link.Reason.Category] {
			e.reopen(i)
		}
		switch {
		case i.done():
		case e.setAside(i):
		case i.link.State == link.Tombstone || i.rev == 0 && b.erased.record(i.ref):
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
		case handed(&i.link) && i.mirroring() != nil: // its mirror says whether it has its document again
		case i.link.State == link.Alias && (i.task.Cause != "retry" || handed(&i.link)):
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}}) // it stays one whatever becomes of its fields (A1)
		case i.link.State == link.MovedTo && i.link.To != i.ref && i.depth < maxDepth:
			e.follow(ctx, b, i)
		case i.link.State == link.Claimed && i.link.Claim.Until.After(now) && !b.preview:
			i.end(Result{End: Later, Until: i.underWayUntil(i.link.Claim.Until)})
		case i.link.Intent != nil && i.link.Intent.Until.After(now) && !b.preview:
			i.end(Result{End: Later, Until: i.underWayUntil(i.link.Intent.Until)})
		}
	}
}

// namedPause is how soon a record that somebody named, and waits for, is looked at again while another worker has it in hand.
const namedPause = 15 * time.Second

// underWayUntil is when a record that another worker has in hand is looked at again: when that one's time is over, which it seldom needs.
func (i *item) underWayUntil(end time.Time) time.Time {
	if soon := time.Now().Add(namedPause); i.task.Named && soon.Before(end) {
		return soon
	}
	return end
}

// sticky are holds that no change of the record undoes: something may exist in billing that only a person can find. Asked
// to retry, the claim is looked for again, and may then be sent once more.
var sticky = map[string]bool{plan.Uncertain: true, plan.DuplicateMarker: true}

func (e *Engine) reopen(i *item) {
	if i.task.Cause != "retry" || i.link.Claim == nil || i.link.Claim.Object == "" {
		i.end(Result{End: Never, Counts: Counts{Held: 1}})
		return
	}
	claim := *i.link.Claim
	claim.Looks, claim.Sends, claim.Until = 0, 1, time.Time{}
	i.link.State, i.link.Claim = link.Claimed, &claim
}

// maxDepth bounds needed records of needed records, and chains of merges.
const maxDepth = 4

// slotGroup gives the mappings of an item's slot that start from another record.
func (b *batch) slotGroup(i *item, ref record.Ref) []*Active {
	for _, group := range b.set.group(ref, func(a *Active) bool { return b.preview || a.works(i.task.Pilot || slices.Contains(a.Head.Pilot, ref)) }) {
		if group[0].Slot == i.group[0].Slot {
			return group
		}
	}
	return nil
}

// follow works a merged record at its new address and takes over how that ended.
func (e *Engine) follow(ctx context.Context, b *batch, i *item) {
	group := i.group
	if i.link.To.Object != i.ref.Object { // a conversion: other mappings of the slot go on with it
		group = b.slotGroup(i, i.link.To)
		if len(group) == 0 {
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
			return
		}
	}
	to := &item{task: i.task, ref: i.link.To, group: group, needed: i.needed, depth: i.depth + 1}
	id := to.group[0].Slot + "#" + to.ref.String()
	if b.chosen[id] != nil {
		i.end(Result{End: Done})
		return
	}
	b.chosen[id] = to
	e.workItems(ctx, b, []*item{to})
	i.end(merge([]*item{to}))
}

// readSources reads every item's record after its link was read, in one call per object (A3).
func (e *Engine) readSources(ctx context.Context, b *batch, items []*item) {
	type object struct{ connection, name string }
	byObject := map[object][]*item{}
	var order []object
	pages := e.sourcesOfPages(ctx, b, items)
	for _, i := range items {
		if i.brought != nil {
			e.takeSource(ctx, b, i, *i.brought)
			continue
		}
		if r := pages[i]; r != nil {
			i.cameWith(r.Ref)
			e.takeSource(ctx, b, i, record.Read{Ref: i.ref, State: record.Found, Record: r})
			continue
		}
		o := object{i.ref.Connection, i.ref.Object}
		if byObject[o] == nil {
			order = append(order, o)
		}
		byObject[o] = append(byObject[o], i)
	}
	for _, o := range order {
		list := byObject[o]
		ctx := e.labelItems(ctx, list)
		ids := make([]string, len(list))
		var fields, with, before []string
		for n, i := range list {
			ids[n] = i.ref.ID
			before = append(before, b.before(i)...)
			for _, a := range i.group {
				fields, with = append(fields, a.wantedA...), append(with, a.withA...)
			}
		}
		reads, err := e.Connections[o.connection].Read(ctx, connector.ReadRequest{Object: o.name, IDs: ids, Fields: distinct(fields), With: distinct(with), Before: distinct(before)})
		if err == nil && len(reads) != len(list) {
			err = fmt.Errorf("%s answered %d of %d reads", o.connection, len(reads), len(list))
		}
		if err != nil && len(list) > 1 && meaning(time.Now(), o.connection, err).End == Never {
			for _, i := range list { // one of them is refused; the others must not suffer for it
				e.readSources(ctx, b, []*item{i})
			}
			continue
		}
		if err != nil {
			e.fail(ctx, list, o.connection, err)
			continue
		}
		for n, i := range list {
			e.takeSource(ctx, b, i, reads[n])
		}
	}
}

// associator can be asked for what records are associated with without the records: a thousand a call, where reading them takes a
// hundred.
type associator interface {
	Associations(ctx context.Context, object, to string, ids []string) (map[string][]record.Related, error)
}

// sourcesOfPages gives the sources that came with their tasks, where they may stand for a read. What they are associated with no page
// shows: it is asked for now. An item that is linked is read instead, since the associations of a record that is gone by now read as none
// and would be taken away at the other side.
func (e *Engine) sourcesOfPages(ctx context.Context, b *batch, items []*item) map[*item]*record.Record {
	type question struct{ connection, object, to string }
	out := map[*item]*record.Record{}
	asked := map[question][]*item{}
	var order []question
	for _, i := range items {
		fields, with := i.wantedOfSource()
		r := i.travelled(b, i.ref, fields, i.link.StampA)
		if r == nil {
			r = e.shownSettled(b, i, fields)
		}
		if i.brought != nil || r == nil || len(b.before(i)) > 0 { // no page says what became it
			continue
		}
		_, can := e.Connections[i.ref.Connection].(associator)
		if len(with) > 0 && (!can || i.link.State == link.Linked || i.link.State == link.Claimed || i.bills()) {
			continue
		}
		out[i] = r
		for _, to := range with {
			q := question{i.ref.Connection, i.ref.Object, to}
			if asked[q] == nil {
				order = append(order, q)
			}
			asked[q] = append(asked[q], i)
		}
	}
	for _, q := range order {
		list := slices.DeleteFunc(asked[q], func(i *item) bool { return out[i] == nil })
		if len(list) == 0 {
			continue
		}
		ids := mapSlice(list, func(i *item) string { return i.ref.ID })
		found, err := e.Connections[q.connection].(associator).Associations(e.labelItems(ctx, list), q.object, q.to, ids)
		for _, i := range list {
			if err != nil { // the read that takes its place says why
				delete(out, i)
				continue
			}
			out[i].Related = append(slices.Clip(out[i].Related), found[i.ref.ID]...)
		}
	}
	return out
}

// wantedOfSource are the fields of the source that the item's mappings need, and the objects whose associated records they ask for.
func (i *item) wantedOfSource() (fields, with []string) {
	for _, a := range i.group {
		fields, with = append(fields, a.wantedA...), append(with, a.withA...)
	}
	return distinct(fields), distinct(with)
}

// bills tells whether a document may be made of the item.
func (i *item) bills() bool {
	return slices.ContainsFunc(i.group, func(a *Active) bool { return a.Document != nil || a.AtSource != nil })
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// takeSource judges one read of a source (B6).
func (e *Engine) takeSource(ctx context.Context, b *batch, i *item, read record.Read) {
	switch read.State {
	case record.Found:
		if e.stale(read.Record.Modified, laterOf(i.link.StampA, i.seen[i.ref])) && i.putOff(laterOf(i.link.StampA, i.seen[i.ref])) && !b.preview {
			i.end(Result{End: Later, Until: time.Now().Add(stalePause), Stale: i.task.Stale + 1})
			return
		}
		i.source = read.Record
		b.erased.strip(i.source)
	case record.Moved:
		e.moved(ctx, b, i, read.To)
	case record.Gone:
		e.gone(ctx, b, i)
	case record.NoRight:
		e.holdFor(ctx, i, plan.NoRights, read.Err)
	default:
		e.fail(ctx, []*item{i}, i.ref.Connection, read.Err)
	}
}

// maxStale is how often a read that is older than what we saw before is put off; after that the stamp went back for good.
const maxStale = 3

// replicaLag is how long a replica may lack what was seen elsewhere.
const replicaLag = 3 * time.Minute

// putOff tells whether an old read is to be read again: maxStale times, and for as long as what we saw is so young that a replica may well
// lack it. The tries are the task's, which may have met other old copies before.
func (i *item) putOff(kept time.Time) bool {
	return i.task.Stale < maxStale || time.Since(kept) < replicaLag
}

// stale tells whether a read is older than what was read or written before.
func (e *Engine) stale(stamp, kept time.Time) bool {
	return !e.Bugs.BelieveStale && !stamp.IsZero() && !kept.IsZero() && stamp.Before(kept)
}

// sawTask keeps what a task's feed showed: reads that are older are old copies, though nothing newer was read before. A
// feed can be ahead of the replica that answers a read, and it tells of a change only once.
func (i *item) sawTask(t Task) {
	i.task.Stale = max(i.task.Stale, t.Stale)
	if t.Read != nil {
		if i.reads == nil {
			i.reads = map[record.Ref]cameRead{}
		}
		if have := i.reads[t.Ref]; have.record == nil || t.Read.Modified.After(have.record.Modified) {
			i.reads[t.Ref] = cameRead{t.Read, t.ReadAt}
		}
	}
	if t.Seen.IsZero() {
		return
	}
	if i.seen == nil {
		i.seen = map[record.Ref]time.Time{}
	}
	i.seen[t.Ref] = laterOf(i.seen[t.Ref], t.Seen)
}

// oldCopy tells whether a line reads older than the feed that brought the item showed it, or as gone though just shown.
func (e *Engine) oldCopy(i *item, read record.Read) bool {
	seen, ok := i.seen[read.Ref]
	if !ok || !i.putOff(seen) {
		return false
	}
	return read.Record != nil && e.stale(read.Record.Modified, seen) || read.State == record.Gone && !e.Bugs.BelieveStale
}
