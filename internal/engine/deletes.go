package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A record whose counterpart was deleted is kept, let go or archived too, as its mapping says (delete:). Archives are collected for one
// window and released together under a brake of their own (B8, C17), in deletebrake.go. A record that is restored within the window
// takes its delete back; one restored later finds its link, and a person is told what is missing on the other side. Documents, and what
// documents are made from, have rules of their own: nothing here touches them.

// deleteWindow is how long deletions are collected before any is carried over.
const deleteWindow = 10 * time.Minute

// going is a record that is to be archived because its counterpart was deleted. It stays after that, as what tells a restored record
// from one whose counterpart a person deleted.
type going struct {
	A        record.Ref `json:"a"`    // where the pair's link is
	Goes     record.Ref `json:"goes"` // what is archived
	Gone     record.Ref `json:"gone"` // what was deleted
	Mapping  string     `json:"mapping"`
	At       time.Time  `json:"at"`
	Released time.Time  `json:"released,omitzero"` // the brake let it go
	Sent     time.Time  `json:"sent,omitzero"`     // when its task was last queued
	Ended    time.Time  `json:"ended,omitzero"`    // archived, or refused
}

func goingKey(slot string, a record.Ref) table.Key { return table.Key{PK: "G#" + slot, SK: a.String()} }

// pairRef is the record under whose key an item's pair is kept, whichever way it is worked.
func (i *item) pairRef() record.Ref {
	if i.home() {
		return i.link.B
	}
	return i.ref
}

// follows tells whether delete: says what becomes of the mapping's records. Documents are made from the others, or billing's own
// customers are among them: there a deletion is a person's question, as it ever was.
func (s *mappingSet) follows(a *Active) bool {
	if a.Document != nil {
		return false
	}
	for _, name := range s.names {
		if other := s.byName[name]; other.Document != nil && (other.ConnB == a.ConnB || other.ConnB == a.ConnA) {
			return false
		}
	}
	return true
}

// deletedReason is a harmless reason on a link whose one record was deleted.
func deletedReason(format string, args ...any) *link.Reason {
	return &link.Reason{Category: plan.CounterpartDeleted, Text: fmt.Sprintf(format, args...)}
}

// afterDelete ends the item of a pair one of whose records is gone: the other is kept, let go or archived. policy is of the side that
// is left.
func (e *Engine) afterDelete(ctx context.Context, b *batch, i *item, gone, left record.Ref, policy string) {
	switch policy {
	case "unlink":
		e.letPairGo(ctx, b, i, gone, left)
	case "archive":
		e.archiveWith(ctx, b, i, gone, left)
	default:
		e.noteDeleted(b, i, deletedReason("%s was deleted. %s is kept as it is, and nothing is written to it. When the deleted one is restored, both go on together (delete: keep)", gone, left))
	}
}

// noteDeleted puts a reason on the link and ends the item; whatever was complained about before is over.
func (e *Engine) noteDeleted(b *batch, i *item, r *link.Reason) {
	i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
	before := i.link.Reason
	if b.preview || before != nil && before.Category == r.Category && before.Text == r.Text {
		return
	}
	i.decision = plan.Decision{Kind: plan.Skip, Object: i.link.B.Object, Reason: r}
	e.setReason(i, r)
	b.settled = append(b.settled, i)
}

// letPairGo takes the pair apart for good: both places stay as tombstones that say why, so that neither record is carried over again by
// itself. Another record may take either as its counterpart.
func (e *Engine) letPairGo(ctx context.Context, b *batch, i *item, gone, left record.Ref) {
	r := deletedReason("%s was deleted, and its link with %s was let go (delete: unlink). %[2]s stays as it is and is not carried over again; crosswalk link joins it to another", gone, left)
	i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
	if b.preview {
		return
	}
	with := *r
	with.At = time.Now()
	key := e.pointerKey(i.link.Slot, i.link.B)
	there, err := getItem[seat](ctx, e.Table, key)
	if err == nil && (there.Value.pointer.A.IsZero() || there.Value.pointer.A == i.ref) && there.Value.own.State != link.Tombstone {
		own := link.Link{Slot: i.link.Slot, A: i.link.B, State: link.Tombstone, Reason: &with, Former: []record.Ref{i.ref}, Mapping: i.m.Name, Version: i.m.Version}
		err = e.putOne(ctx, key, own, table.IfRev(there.Rev))
	}
	if err != nil {
		e.undecided([]*item{i}, err)
		return
	}
	i.decision = plan.Decision{Kind: plan.Skip, Object: i.link.B.Object, Reason: r}
	i.link.Former, i.link.State, i.link.B = i.link.LetGo(), link.Tombstone, record.Ref{}
	i.link.Agreed, i.link.Intent, i.link.Ghosts, i.link.Todo = nil, nil, nil, nil
	e.setReason(i, r)
	b.settled = append(b.settled, i)
}

// wasLetGo tells a place that was left by delete: unlink: it may be taken, by another record that matches or by a person.
func wasLetGo(l *link.Link) bool {
	return l.State == link.Tombstone && l.Reason != nil && l.Reason.Category == plan.CounterpartDeleted
}

// archiveWith collects a record that is to be archived with its counterpart, or marks the item for it once the brake let it go.
func (e *Engine) archiveWith(ctx context.Context, b *batch, i *item, gone, left record.Ref) {
	key := goingKey(i.link.Slot, i.pairRef())
	got, err := getItem[going](ctx, e.Table, key)
	if err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	g := got.Value
	switch {
	case got.Rev != 0 && g.Goes == gone && !g.Released.IsZero():
		e.oursGone(ctx, b, i, g)
		return
	case got.Rev == 0 || g.Gone != gone:
		g = going{A: i.pairRef(), Goes: left, Gone: gone, Mapping: i.m.Name, At: time.Now()}
		if !b.preview {
			if err := e.putOne(ctx, key, g, table.IfRev(got.Rev)); err != nil {
				e.fail(ctx, []*item{i}, "", err)
				return
			}
		}
	case !g.Ended.IsZero() && i.task.Cause != "retry":
		if i.link.Reason != nil && i.link.Reason.Category != plan.TargetGone { // archived, or refused: that stands
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
			return
		}
		e.noteDeleted(b, i, archivedReason(g))
		return
	case !g.Released.IsZero() && !b.preview:
		i.goes = &g
		return
	}
	e.noteDeleted(b, i, deletedReason("%s was deleted. %s is archived too, not before %s; when the deleted one is restored until then, both go on together (delete: archive)",
		gone, left, g.At.Add(deleteWindow).UTC().Format("2006-01-02 15:04 MST")))
}

func archivedReason(g going) *link.Reason {
	return deletedReason("%s was deleted, and %s was archived too (delete: archive). To have them back, restore both", g.Gone, g.Goes)
}

// oursGone: what is gone is what we archived ourselves. Where the other one was restored since, a person is told.
func (e *Engine) oursGone(ctx context.Context, b *batch, i *item, g going) {
	back := i.source != nil && i.source.Ref == g.Gone
	if !back {
		reads, err := e.Connections[g.Gone.Connection].Read(ctx, connector.ReadRequest{Object: g.Gone.Object, IDs: []string{g.Gone.ID}})
		if err != nil {
			e.fail(ctx, []*item{i}, g.Gone.Connection, err)
			return
		}
		back = len(reads) == 1 && reads[0].State == record.Found && !reads[0].Record.Archived
	}
	if !back {
		e.noteDeleted(b, i, archivedReason(g))
		return
	}
	e.complain(b, i, &link.Reason{Category: plan.TargetGone,
		Text: fmt.Sprintf("%s was restored, and %s is still where it was put when the other was deleted (delete: archive). Restore it too, and both go on together; or unlink them", g.Gone, g.Goes)})
}

// takenBack forgets the deletions of pairs both of whose records are there (again).
func (e *Engine) takenBack(ctx context.Context, b *batch, items []*item) {
	var puts []table.Put
	var owners []*item
	for _, i := range items {
		r := i.link.Reason
		if b.preview || i.link.State != link.Linked || r == nil || i.source == nil || i.target == nil || i.source.Archived || i.target.Archived || i.m.Document != nil ||
			!slices.Contains([]string{plan.CounterpartDeleted, plan.TargetGone, plan.SourceGone, plan.RefusedCall, plan.NoRights}, r.Category) {
			continue
		}
		puts, owners = append(puts, table.Put{Key: goingKey(i.link.Slot, i.pairRef()), Delete: true}), append(owners, i)
		e.bringBack(i)
	}
	if len(puts) == 0 {
		return
	}
	for n, err := range e.Table.Put(ctx, puts) {
		if err == nil { // what was left out because it was gone
			err = e.wake(ctx, owners[n].ref.String())
		}
		if err == nil {
			err = e.wake(ctx, owners[n].link.B.String())
		}
		if err != nil {
			e.fail(ctx, owners[n:n+1], "", err)
		}
	}
}

// bringBack has the associations that went when a record was deleted come back with it, from the other side: its system took them away
// without bringing them back (Salesforce's contact roles), and nobody meant that.
func (e *Engine) bringBack(i *item) {
	if i.m.home == nil || i.link.Reason.Category == plan.RefusedCall || i.link.Reason.Category == plan.NoRights {
		return
	}
	for name := range plan.Associates(&plan.Facts{Mapping: i.m.Mapping}) {
		key := i.m.keyFor(name)
		pair, settled := i.link.Agreed[key]
		field, _ := i.m.fieldFor(key)
		if !settled || len(field.A) == 0 || !i.source.Field(field.A[0]).Known() || !i.target.Field(name).Known() {
			continue
		}
		a, b := e.shownAt(i.m, key, false, i.source), e.shownAt(i.m, key, true, i.target)
		wasA, wasB := link.Shown(pair.A), link.Shown(pair.B)
		switch {
		case a != wasA && b == wasB && len(i.source.Field(field.A[0]).List()) < len(i.target.Field(name).List()):
			i.link.Agreed[key] = link.Pair{A: link.ShownAs(a, pair.A), B: plan.Changed}
		case b != wasB && a == wasA && len(i.target.Field(name).List()) < len(i.source.Field(field.A[0]).List()):
			i.link.Agreed[key] = link.Pair{A: plan.Changed, B: link.ShownAs(b, pair.B)}
		}
	}
}

// archiveDeleted archives what the brake let go, in the vendors' batches. That the other record is deleted was read a moment ago; where
// its system has a bin, it must lie there: what merely cannot be seen any more takes nothing with it.
func (e *Engine) archiveDeleted(ctx context.Context, b *batch, items []*item) {
	byGone := map[[2]string][]*item{}
	for _, i := range items {
		if i.goes != nil {
			o := [2]string{i.goes.Gone.Connection, i.goes.Gone.Object}
			byGone[o] = append(byGone[o], i)
		}
	}
	for _, o := range sortedKeys(byGone) {
		proven := e.provenDeleted(ctx, b, o, byGone[o])
		byConn := map[[2]string][]*item{}
		for _, i := range proven {
			c := [2]string{i.goes.Goes.Connection, i.goes.Goes.Object}
			byConn[c] = append(byConn[c], i)
		}
		for _, c := range sortedKeys(byConn) {
			for part := range slices.Chunk(byConn[c], chunk) {
				e.archiveChunk(ctx, b, c[0], part)
			}
		}
	}
}

func (e *Engine) provenDeleted(ctx context.Context, b *batch, object [2]string, items []*item) []*item {
	deleter, ok := e.Connections[object[0]].(connector.Deleter)
	if !ok {
		return items
	}
	ids, err := deleter.Deleted(e.labelled(ctx, items[0].m.Name, "delete", false), object[1], mapSlice(items, func(i *item) string { return i.goes.Gone.ID }))
	if err != nil {
		e.fail(ctx, items, object[0], err)
		return nil
	}
	var proven []*item
	for _, i := range items {
		if slices.Contains(ids, i.goes.Gone.ID) {
			proven = append(proven, i)
			continue
		}
		e.complain(b, i, &link.Reason{Category: plan.SourceGone, Text: fmt.Sprintf("%s cannot be found, and is not among what was deleted in %s: our credential may not see it any more, or it was erased. %s was not archived with it. Give the right back, or unlink them",
			i.goes.Gone, object[0], i.goes.Goes)})
	}
	return proven
}

// archiveChunk writes the intentions down, sends, and remembers. An archive that is sent twice archives once.
func (e *Engine) archiveChunk(ctx context.Context, b *batch, connection string, items []*item) {
	w, err := e.writer(connection)
	if err != nil {
		e.fail(ctx, items, connection, err)
		return
	}
	puts := make([]table.Put, len(items))
	for n, i := range items {
		i.token, i.intended = e.token(), time.Now()
		i.decision = plan.Decision{Kind: plan.Archive, Object: i.goes.Goes.Object, Reason: archivedReason(*i.goes)}
		i.link.Intent = &link.Intent{Token: i.token, Until: i.intended.Add(e.ClaimFor), A: map[string]string{}, B: map[string]string{}}
		e.record(b, i)
		puts[n] = i.put(i.token)
	}
	items = e.putLinks(ctx, items, puts)
	if err := e.flush(ctx, b.audit); err != nil {
		e.undecided(items, err)
		return
	}
	if items = e.inTime(items); len(items) == 0 {
		return
	}
	writes := mapSlice(items, func(i *item) connector.Write {
		return connector.Write{Op: connector.OpArchive, Object: i.goes.Goes.Object, ID: i.goes.Goes.ID, Key: i.token}
	})
	sendCtx, cancel := context.WithDeadline(e.labelItems(ctx, items), items[0].intended.Add(e.SendWithin+w.Traits(items[0].goes.Goes.Object).Deadline))
	outcomes := w.Write(sendCtx, writes)
	cancel()
	for n, i := range items {
		o := connector.Outcome{Status: connector.Unknown}
		if n < len(outcomes) {
			o = outcomes[n]
		}
		e.takeArchived(b, i, o)
	}
	e.rememberArchived(ctx, b, items)
}

func (e *Engine) takeArchived(b *batch, i *item, o connector.Outcome) {
	note := ""
	if o.Err != nil {
		note = o.Err.Error()
	}
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.goes.Goes, Status: string(o.Status), Note: note})
	if connector.FaultOf(o.Err) == connector.Missing {
		o.Status = connector.Done // it is gone
	}
	switch o.Status {
	case connector.Done, connector.Pending, connector.Exists:
		i.link.Intent, i.goes.Ended = nil, time.Now()
		e.setReason(i, archivedReason(*i.goes))
		i.end(Result{End: Done, Counts: Counts{Updated: 1}})
	case connector.Refused:
		i.link.Intent, i.goes.Ended = nil, time.Now()
		category := plan.RefusedCall
		if connector.FaultOf(o.Err) == connector.Forbidden {
			category = plan.NoRights
		}
		e.setReason(i, &link.Reason{Category: category, Text: fmt.Sprintf("%s was deleted, and %s could not be archived with it: %s. Mend that and say retry, or unlink them", i.goes.Gone, i.goes.Goes, note)})
		i.end(Result{End: Never, Counts: Counts{Failed: 1}, Err: o.Err})
	case connector.Retry:
		i.link.Intent = nil
		r := meaning(time.Now(), i.goes.Goes.Connection, o.Err)
		if r.End == Never || r.End == Done {
			r = Result{End: Later, Until: time.Now().Add(transientPause), Err: o.Err}
		}
		i.end(r)
	default:
		i.end(Result{End: Later, Until: i.link.Intent.Until, Err: o.Err})
	}
}

// rememberArchived stores what came of it: first that it ended, then the links.
func (e *Engine) rememberArchived(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		if i.goes.Ended.IsZero() {
			continue
		}
		if err := e.putOne(ctx, goingKey(i.link.Slot, i.goes.A), *i.goes, table.Condition{}); err != nil {
			e.undecided([]*item{i}, err)
		}
	}
	for n, err := range e.Table.Put(ctx, mapSlice(items, func(i *item) table.Put { return i.put(e.token()) })) {
		if err != nil {
			e.undecided(items[n:n+1], err)
			continue
		}
		items[n].stored()
		if err := e.noteError(ctx, items[n]); err != nil {
			e.undecided(items[n:n+1], err)
		}
	}
	if err := e.flushOutcomes(ctx, b.audit); err != nil {
		e.undecided(items, err)
	}
}

// sendDeletes has released deletions worked, each as the task of its pair.
func (e *Engine) sendDeletes(ctx context.Context, list []going) error {
	return e.Enqueue(ctx, lane.Bulk, mapSlice(list, func(g going) Task { return Task{Ref: g.A, Cause: "delete", Mapping: g.Mapping} }))
}
