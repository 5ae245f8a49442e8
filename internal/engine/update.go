package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// ghostsFor is how long a lost or unfinished intention is remembered (A4).
const ghostsFor = 24 * time.Hour

// readTargets reads the linked records that are about to be compared, after their links, one batch per object; and settles
// what became of intentions that a vanished worker left behind.
func (e *Engine) readTargets(ctx context.Context, b *batch, items []*item) {
	byObject := map[[2]string][]*item{}
	for _, i := range items {
		if i.link.State == link.Linked {
			if r := i.travelled(b, i.link.B, i.m.wantedB, i.link.StampB); r != nil && i.m.home != nil {
				i.cameWith(r.Ref)
				e.takeTarget(ctx, b, i, record.Read{Ref: r.Ref, State: record.Found, Record: r})
				continue
			}
			o := [2]string{i.link.B.Connection, i.link.B.Object}
			byObject[o] = append(byObject[o], i)
		}
	}
	for _, o := range sortedKeys(byObject) {
		list := byObject[o]
		ctx := e.labelItems(ctx, list)
		reads, err := e.readCounterparts(ctx, o, list)
		if err != nil {
			e.fail(ctx, list, o[0], err)
			continue
		}
		for n, i := range list {
			e.takeTarget(ctx, b, i, reads[n])
		}
	}
}

// readCounterparts reads the records of b that items of one object are linked to, all in one call; fewer answers than
// questions are an error.
func (e *Engine) readCounterparts(ctx context.Context, object [2]string, items []*item) ([]record.Read, error) {
	ids, fields := make([]string, len(items)), []string{}
	for n, i := range items {
		ids[n] = i.link.B.ID
		fields = append(fields, i.m.wantedB...)
	}
	reads, err := e.Connections[object[0]].Read(ctx, connector.ReadRequest{Object: object[1], IDs: ids, Fields: distinct(fields)})
	if err == nil && len(reads) != len(ids) {
		err = errors.New(object[0] + " did not answer every read")
	}
	return reads, err
}

func (e *Engine) takeTarget(ctx context.Context, b *batch, i *item, read record.Read) {
	if gone := read.State == record.Moved || read.State == record.Gone; gone && i.home() { // the pair's own source, a moment after it was read: that way says what became of it
		i.end(Result{End: Later, Until: time.Now()})
		return
	}
	switch read.State {
	case record.Found:
		if e.stale(read.Record.Modified, laterOf(i.link.StampB, i.seen[i.link.B])) && i.putOff(laterOf(i.link.StampB, i.seen[i.link.B])) && !b.preview {
			i.end(Result{End: Later, Until: time.Now().Add(stalePause), Stale: i.task.Stale + 1})
			return
		}
		i.target = read.Record
		b.erased.strip(i.target)
		if since := e.beforeOurWrite(i); !since.IsZero() && i.putOff(since) && !b.preview {
			i.end(Result{End: Later, Until: time.Now().Add(stalePause), Stale: i.task.Stale + 1})
			return
		}
		if i.link.Intent != nil {
			e.dropLostLines(i)
		}
		if err := e.settleIntent(ctx, b, i); err != nil {
			e.fail(ctx, []*item{i}, i.link.B.Connection, err)
			return
		}
		e.forgetLines(i)
		if i.target.Archived && i.m.Document == nil {
			e.complain(b, i, &link.Reason{Category: plan.TargetArchived, Text: i.link.B.String() + " is archived, and nothing is written to it. Activate it in billing, or link another"})
		}
	case record.Moved:
		e.targetMoved(ctx, b, i, read.To)
	case record.Gone:
		if b.set.follows(i.m) {
			e.afterDelete(ctx, b, i, i.link.B, i.ref, i.m.Delete.A)
			return
		}
		e.complain(b, i, &link.Reason{Category: plan.TargetGone, Text: i.link.B.String() + " is gone. Unlink it, or link another"})
	case record.NoRight:
		e.complain(b, i, &link.Reason{Category: plan.NoRights, Text: "our credential may not read " + i.link.B.String() + ". Give it the right"})
	default:
		e.fail(ctx, []*item{i}, i.link.B.Connection, errOr(read.Err, "not answered"))
	}
}

// agreeOnBlanks settles, of what was decided beside a write, what is blank on both sides and never was settled: a line of an address that is
// filled while the rest is written is a change of what had met, and no first meeting, at which the side with gaps would lose what somebody
// changed of the rest (A10, A13).
func (i *item) agreeOnBlanks() {
	for _, fd := range i.decision.Fields {
		key := i.m.keyFor(fd.Field)
		pair, decided := i.decision.Agreed[key]
		if _, settled := i.link.Agreed[key]; decided && !settled && fd.Action == plan.SameAs && fd.Old.Blank() && fd.New.Blank() {
			i.agreed()[key] = pair
		}
	}
}

// keepWas remembers what stood in the fields that were written where the answer does not show them: its stamp is a lower bound then, and a
// copy of before may seem to be newer.
func (e *Engine) keepWas(i *item, o connector.Outcome) {
	if !i.bothWays() || i.target == nil {
		return
	}
	was := map[string]string{}
	for name, v := range i.decision.Write {
		key := i.m.keyFor(name)
		if shown := e.shownAt(i.m, key, true, i.target); !o.Record.Field(name).Known() && shown != e.writtenAs(i.m, name, v) {
			was[key] = shown
		}
	}
	if len(was) > 0 {
		i.link.Ghosts = append(i.link.Ghosts, link.Ghost{Until: time.Now().Add(replicaLag), B: was, Was: true})
	}
}

// clockStep is how far a lower bound of the stamp of our write may be from it: both count in seconds.
const clockStep = 2 * time.Second

// beforeOurWrite tells whether either side of a pair reads as it did before we wrote it, though not certainly later than that, and when we
// did: that is an old copy (A3). Who really set the old value back in those seconds is believed when no replica can lack our write.
func (e *Engine) beforeOurWrite(i *item) time.Time {
	if i.m == nil || i.m.home == nil || i.source == nil {
		return time.Time{}
	}
	for _, g := range i.link.Ghosts {
		r, stamp := i.target, i.link.StampB
		if g.Home {
			r, stamp = i.source, i.link.StampA
		}
		if !g.Was || g.Until.Before(time.Now()) || r.Modified.After(stamp.Add(clockStep)) {
			continue
		}
		for key, was := range g.B {
			pair := i.link.Agreed[key]
			have := pair.B
			if g.Home {
				have = pair.A
			}
			if shown := e.shownAt(i.m, key, !g.Home, r); shown == was && shown != link.Shown(have) {
				return stamp
			}
		}
	}
	return time.Time{}
}

// settleIntent looks at what an expired intention came to, field by field: the target took it, or did not, or somebody
// wrote something else. A value that equals an older lost intention is ours, written late (A4): where the vendor does not
// say who wrote, a one-way field is then written again, since leaving an outdated value of ours there would be wrong for
// ever, and the other mistake needs a person to have typed that very value within a day.
func (e *Engine) settleIntent(ctx context.Context, b *batch, i *item) error {
	now := time.Now()
	e.settleLines(i)
	if n := i.link.Intent; n != nil {
		took, err := e.tookBefore(ctx, i, n)
		if err != nil {
			return err
		}
		forms, err := e.formsHome(ctx, b, i, n)
		if err != nil {
			return err
		}
		known := func(key string) bool {
			if n.Home {
				return e.shownAt(i.m, key, false, i.source) == link.Shown(n.B[key]) || forms[key] == n.A[key] && forms[key] != ""
			}
			return e.shownAt(i.m, key, true, i.target) == link.Shown(n.B[key]) || took[key]
		}
		over, err := e.enteredOver(ctx, i, n, known)
		if err != nil {
			return err
		}
		wrote, landed := false, false
		for key, want := range n.B {
			if ofLine(key) || !known(key) && !over[key] {
				continue
			}
			wrote, landed = true, landed || over[key] || e.changedBy(i, n, key)
			i.agreed()[key] = link.Pair{A: n.A[key], B: want}
			if n.Home {
				i.agreed()[key] = link.Pair{A: want, B: n.A[key], Unsure: true}
			}
		}
		if !wrote {
			i.dropHook(n)
		}
		if landed && i.bothWays() { // it was carried out, and comes late no more
			maps.DeleteFunc(n.B, func(key, _ string) bool { return !ofLine(key) })
		}
		i.link.Ghosts = append(i.link.Ghosts, link.Ghost{Until: now.Add(ghostsFor), B: n.B, Home: n.Home})
		i.link.Intent, i.settled = nil, true
	}
	i.link.Ghosts = slices.DeleteFunc(i.link.Ghosts, func(g link.Ghost) bool { return g.Until.Before(now) })
	ghost := func(key, shown string, home bool) bool {
		return slices.ContainsFunc(i.link.Ghosts, func(g link.Ghost) bool {
			return !g.Was && g.Home == home && link.Shown(g.B[key]) == shown && !e.hasNotCome(i, g)
		})
	}
	for _, key := range slices.Sorted(maps.Keys(i.link.Agreed)) {
		pair := i.link.Agreed[key]
		field, _ := i.m.fieldFor(key)
		if shown := e.shownAt(i.m, key, true, i.target); shown != link.Shown(pair.B) && ghost(key, shown, false) {
			theirs, err := e.writtenByOthers(ctx, i.target, field.B)
			if err != nil {
				return err
			}
			if !theirs {
				i.link.Agreed[key] = link.Pair{A: changedAtA, B: link.ShownAs(shown, pair.B)}
			}
		}
		if i.m.home == nil || len(field.A) == 0 {
			continue
		}
		if shown := e.shownAt(i.m, key, false, i.source); shown != link.Shown(pair.A) && ghost(key, shown, true) {
			theirs, err := e.writtenByOthers(ctx, i.source, field.A[0])
			if err != nil {
				return err
			}
			if !theirs {
				i.link.Agreed[key] = link.Pair{A: link.ShownAs(shown, pair.A), B: changedAtA}
			}
		}
	}
	return nil
}

// writtenByOthers tells, where a system keeps history, that somebody else gave a field the value that it has: they set back an old
// value of ours, and a real change wins (A7, A11).
func (e *Engine) writtenByOthers(ctx context.Context, r *record.Record, name string) (bool, error) {
	historian, ok := e.Connections[r.Ref.Connection].(connector.Historian)
	if !ok || name == "" || strings.ContainsRune(name, '.') { // associations have no history
		return false, nil
	}
	changes, err := historian.History(ctx, r.Ref.Object, r.Ref.ID, []string{name})
	if err != nil {
		return false, &fromConnection{r.Ref.Connection, err}
	}
	list := changes[name]
	return len(list) > 0 && !list[0].Ours && list[0].Value.Same(r.Field(name)), nil
}

// formsHome gives, of an unfinished intention at a, what each field reads as there in the form it has at b: a trigger may have put
// what we wrote into another form.
func (e *Engine) formsHome(ctx context.Context, b *batch, i *item, n *link.Intent) (map[string]string, error) {
	if !n.Home || i.m.home == nil {
		return nil, nil
	}
	f, err := e.facts(ctx, b, i, i.m)
	if err != nil {
		return nil, &fromConnection{i.m.ConnA, err}
	}
	return plan.Forms(f), nil
}

// tookBefore tells which fields of an unfinished intention the target took before somebody changed them again: where the system
// keeps history, that says so. What nobody can tell is decided by the rule for conflicts.
func (e *Engine) tookBefore(ctx context.Context, i *item, n *link.Intent) (map[string]bool, error) {
	historian, ok := e.Connections[i.link.B.Connection].(connector.Historian)
	if !ok || n.Home || i.m.home == nil {
		return nil, nil
	}
	names, keys := []string{}, map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(n.B)) {
		f, _ := i.m.fieldFor(key)
		shown := e.shownAt(i.m, key, true, i.target)
		if before, settled := i.link.Agreed[key]; ofLine(key) || shown == link.Shown(n.B[key]) || settled && link.Shown(before.B) == shown || strings.ContainsRune(f.B, '.') {
			continue
		}
		names, keys[f.B] = append(names, f.B), key
	}
	if len(names) == 0 {
		return nil, nil
	}
	changes, err := historian.History(ctx, i.link.B.Object, i.link.B.ID, names)
	if err != nil {
		return nil, err
	}
	took, sent := map[string]bool{}, n.Until.Add(-e.ClaimFor-time.Second) // the vendor's clock may be behind by so much
	for name, list := range changes {
		for _, c := range list {
			took[keys[name]] = took[keys[name]] || c.Ours && c.At.After(sent) && e.writtenAs(i.m, name, c.Value) == n.B[keys[name]]
		}
	}
	return took, nil
}

// adopt links items to the record that was found for them, and fills what is blank there.
func (e *Engine) adopt(ctx context.Context, b *batch, items []*item) {
	for part := range slices.Chunk(items, e.chunkOf(items)) {
		e.adoptChunk(ctx, b, part)
	}
}

func (e *Engine) adoptChunk(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		i.link.State, i.link.B, i.link.Reason = link.Linked, i.target.Ref, i.yieldReason()
		i.link.StampA, i.link.StampB = i.source.Modified, i.target.Modified
		i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
		i.link.Todo = e.todos(i.m)
		i.link.Agreed = map[string]link.Pair{}
		for key, pair := range i.decision.Agreed {
			field, _ := i.m.fieldFor(key)
			if _, written := i.decision.Write[field.B]; !written { // until it is written the two have not met: a next look decides as this one did
				i.link.Agreed[key] = pair
			}
		}
		e.intend(i)
		e.record(b, i)
	}
	items = e.reserve(ctx, b, items)
	puts := make([]table.Put, len(items))
	for n, i := range items {
		puts[n] = i.put(i.token)
	}
	items = e.putLinks(ctx, items, puts)
	if err := e.tallyLinked(ctx, items); err != nil { // the brake's percentage is of all that are linked
		e.undecided(items, err)
	}
	for _, i := range items {
		if err := e.afterLinked(ctx, i); err != nil {
			e.undecided([]*item{i}, err)
		}
	}
	e.sendUpdates(ctx, b, open(items), Counts{Linked: 1})
}

// intend writes down in the link what is about to be written, until when, under a new token.
func (e *Engine) intend(i *item) {
	i.token, i.intended = e.token(), time.Now()
	if len(i.decision.Write) == 0 && !lineWork(i.decision.Lines) && !i.decision.Archive {
		return
	}
	n := &link.Intent{Token: i.token, Until: i.intended.Add(e.ClaimFor), A: map[string]string{}, B: map[string]string{}}
	for name, v := range i.decision.Write {
		key := i.m.keyFor(name)
		n.A[key], n.B[key] = i.decision.Agreed[key].A, link.ShownAs(e.writtenAs(i.m, name, v), i.decision.Agreed[key].B)
	}
	e.intendLines(n, i.decision.Lines)
	i.link.Intent = n
}

func lineWork(lines []plan.LineDecision) bool {
	return slices.ContainsFunc(lines, func(l plan.LineDecision) bool { return l.Op != "same" })
}

// update is protocol 2: intend, write, remember. A decision that only settles values is one put.
func (e *Engine) update(ctx context.Context, b *batch, items []*item) {
	items = e.brakeUpdates(ctx, b, items)
	for part := range slices.Chunk(items, e.chunkOf(items)) {
		e.updateChunk(ctx, b, part)
	}
}

// brakeUpdates holds a mass edit back until a person has seen it (B8); what only settles values writes nothing anywhere.
func (e *Engine) brakeUpdates(ctx context.Context, b *batch, items []*item) []*item {
	var writes, rest []*item
	for _, i := range items {
		if i.decision.Kind == plan.Update {
			writes = append(writes, i)
		} else {
			rest = append(rest, i)
		}
	}
	if len(writes) == 0 {
		return items
	}
	return append(rest, e.brake(ctx, b, writes, updating)...)
}

func (e *Engine) updateChunk(ctx context.Context, b *batch, items []*item) {
	var puts []table.Put
	for _, i := range items {
		if i.decision.Kind == plan.Settle {
			maps.Copy(i.agreed(), i.decision.Agreed)
			i.link.StampA, i.link.StampB = i.sourceStamp(), laterOf(i.link.StampB, i.target.Modified)
			if i.mayClear() {
				i.link.Reason = nil
			}
			if r := i.decision.Reason; r != nil && i.link.Reason == nil { // a field that is left alone
				e.setReason(i, r)
			}
		}
		i.takeUp()
		e.intend(i)
		i.intendHook()
		if i.link.Intent != nil {
			e.record(b, i)
		}
		puts = append(puts, i.put(i.token))
	}
	if e.Bugs.FenceAfter {
		e.sendUpdates(ctx, b, items, Counts{})
		e.putLinks(ctx, items, puts)
		return
	}
	items = e.putLinks(ctx, items, puts)
	for _, i := range items {
		if i.link.Intent != nil {
			continue
		}
		if err := e.noteError(ctx, i); err != nil { // what was complained about may be settled
			e.undecided([]*item{i}, err)
		}
	}
	e.sendUpdates(ctx, b, open(items), Counts{})
}

// sourceStamp is the stamp of the source to be kept: of the way home it may have been written a moment ago, after it was read.
func (i *item) sourceStamp() time.Time {
	if i.twin {
		return laterOf(i.link.StampA, i.source.Modified)
	}
	return i.source.Modified
}

// mayClear tells whether the standing complaint of a link is this way's to take back.
func (i *item) mayClear() bool { return i.link.Reason == nil || !i.link.Reason.Home }

func (i *item) agreed() map[string]link.Pair {
	if i.link.Agreed == nil {
		i.link.Agreed = map[string]link.Pair{}
	}
	return i.link.Agreed
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sendUpdates sends what was intended, all of a connection in one batch; documents' lines follow their header one by one,
// since no line call is keyed (T4).
func (e *Engine) sendUpdates(ctx context.Context, b *batch, items []*item, counts Counts) {
	var sending []*item
	for _, i := range items {
		if i.link.Intent == nil {
			i.result = &Result{End: Done, Counts: counts}
			continue
		}
		sending = append(sending, i)
	}
	if err := e.flush(ctx, b.audit); err != nil {
		e.undecided(sending, err)
		return
	}
	sending = e.inTime(sending)
	byConn := map[string][]*item{}
	for _, i := range sending {
		byConn[i.m.ConnB] = append(byConn[i.m.ConnB], i)
	}
	for _, conn := range slices.Sorted(maps.Keys(byConn)) {
		list := byConn[conn]
		w, err := e.writer(conn)
		if err != nil {
			e.fail(ctx, list, conn, err)
			continue
		}
		sendCtx, cancel := context.WithDeadline(e.labelItems(ctx, list), list[0].intended.Add(e.SendWithin+w.Traits(list[0].m.B.Object).Deadline))
		e.writeFields(sendCtx, b, w, list)
		for _, i := range list {
			if i.result == nil {
				e.writeLines(sendCtx, b, w, i)
			}
		}
		cancel()
		e.rememberUpdates(ctx, b, list, counts)
	}
}

// writeFields sends the header fields; items whose write did not succeed end here.
func (e *Engine) writeFields(ctx context.Context, b *batch, w connector.Writer, items []*item) {
	var writes []connector.Write
	var owners []*item
	for _, i := range items {
		if len(i.decision.Write) == 0 && !i.decision.Archive {
			continue
		}
		write := connector.Write{Op: connector.OpUpdate, Object: i.link.B.Object, ID: i.link.B.ID, Fields: i.decision.Write, Base: i.target, Key: i.token}
		if i.decision.Archive {
			write = connector.Write{Op: connector.OpAct, Action: "archive", Object: i.link.B.Object, ID: i.link.B.ID}
		}
		writes, owners = append(writes, write), append(owners, i)
	}
	if len(writes) == 0 {
		return
	}
	outcomes := w.Write(ctx, writes)
	for n, i := range owners {
		o := connector.Outcome{Status: connector.Unknown, Err: errors.New("the connector did not answer this row")}
		if n < len(outcomes) {
			o = outcomes[n]
		}
		e.takeUpdated(b, i, o)
	}
}

func (e *Engine) takeUpdated(b *batch, i *item, o connector.Outcome) {
	note := ""
	if o.Err != nil {
		note = o.Err.Error()
	}
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.link.B, Status: string(o.Status), Note: note})
	switch o.Status {
	case connector.Done, connector.Pending, connector.Exists:
		i.link.StampB = laterOf(i.link.StampB, o.Stamp)
		e.keepWas(i, o)
		var ignored []string
		for name, v := range i.decision.Write {
			key := i.m.keyFor(name)
			pair := i.decision.Agreed[key]
			took := v
			if shown := o.Record.Field(name); shown.Known() {
				pair.B, pair.Unsure, took = link.ShownAs(e.shownAt(i.m, key, true, o.Record), pair.B), !shown.Same(v), shown
				if pair.Unsure && i.target != nil && shown.Same(i.target.Field(name)) {
					ignored = append(ignored, name)
				}
			}
			if !e.Bugs.BaseNotMoved {
				i.agreed()[key] = pair
			}
			i.wrote(name, took)
			i.takenNow(name)
		}
		i.agreeOnBlanks()
		if slices.Sort(ignored); len(ignored) > 0 {
			i.decision.Reason = &link.Reason{Category: plan.IgnoredWrite, Fields: ignored,
				Text: fmt.Sprintf("%s took the write of %s and left the value as it was; it is not written again until the source changes", i.m.ConnB, strings.Join(ignored, ", "))}
		}
	case connector.Refused:
		i.dropHook(i.link.Intent)
		if i.inParts() { // the next look tells what of it was written
			i.link.Intent.Until = time.Now()
		} else {
			i.link.Intent = nil
		}
		if i.noteRefused(e, o.Err) {
			i.end(Result{End: Later, Until: time.Now().Add(contentionPause), Err: o.Err})
			return
		}
		if r, on := i.takenBy(o.Err); r != nil {
			e.setReason(i, r)
			i.end(Result{End: Never, Until: time.Now().Add(holderPause), On: on, Counts: Counts{Failed: 1}, Err: o.Err})
			return
		}
		category := plan.RefusedCall
		if connector.FaultOf(o.Err) == connector.Forbidden {
			category = plan.NoRights
		}
		e.setReason(i, &link.Reason{Category: category, Text: note})
		i.end(Result{End: Never, Counts: Counts{Failed: 1}, Err: o.Err})
	case connector.Retry:
		i.dropHook(i.link.Intent)
		i.link.Intent = nil // certainly not written: the next try need not wait
		r := meaning(time.Now(), i.m.ConnB, o.Err)
		if r.End == Never || r.End == Done {
			r = Result{End: Later, Until: time.Now().Add(transientPause), Err: o.Err}
		}
		i.end(r)
	default:
		i.end(Result{End: Later, Until: i.link.Intent.Until, Err: o.Err})
	}
}

// inParts tells whether a write is carried out in several calls, of which the first may succeed though the write was refused: fields of the
// record itself, then what it is associated with.
func (i *item) inParts() bool {
	associations := 0
	for name := range i.decision.Write {
		if _, _, ok := connector.AssociationField(name); ok {
			associations++
		}
	}
	return associations > 0 && len(i.decision.Write) > 1
}

// writeLines carries a draft's line changes out, one call each. Before a line is added, a line of the draft that nobody
// accounts for and that equals it is adopted: an earlier add whose answer was lost.
func (e *Engine) writeLines(ctx context.Context, b *batch, w connector.Writer, i *item) {
	if i.link.Lines == nil { // the document said which line is which; it may look different when only some of this was done
		i.link.Lines = map[string]link.Line{}
		for _, l := range i.decision.Lines {
			switch l.Op {
			case "same":
				i.link.Lines[l.SourceID] = link.Line{ID: l.TargetID, Digest: l.Digest}
			case "remove":
				i.link.Lines[l.SourceID] = link.Line{ID: l.TargetID}
			}
		}
	}
	for _, l := range i.decision.Lines {
		if i.done() {
			return
		}
		object := i.link.B.Object + "/" + i.m.Children.B
		write := connector.Write{Object: object, Parent: i.link.B.ID, ID: l.TargetID, Fields: l.Fields}
		switch l.Op {
		case "same":
			i.link.Lines[l.SourceID] = link.Line{ID: l.TargetID, Digest: l.Digest}
			continue
		case "add":
			if id := e.unclaimedLine(i, l); id != "" {
				i.link.Lines[l.SourceID] = link.Line{ID: id, Digest: l.Digest}
				continue
			}
			write.Op = connector.OpCreate
		case "change":
			write.Op = connector.OpUpdate
		case "remove":
			write.Op = connector.OpDelete
		}
		if write.Op != connector.OpCreate && write.ID == "" {
			i.end(Result{End: Later, Until: time.Now().Add(transientPause)}) // its id is learnt when the document is read back
			i.link.Intent, i.unlearnt = nil, true
			return
		}
		o := w.Write(ctx, []connector.Write{write})[0]
		e.takeLine(b, i, l, o)
	}
}

func (e *Engine) takeLine(b *batch, i *item, l plan.LineDecision, o connector.Outcome) {
	gone := l.Op == "remove" && connector.FaultOf(o.Err) == connector.Missing
	if o.Status != connector.Done && !gone {
		e.takeUpdated(b, i, o)
		return
	}
	i.link.StampB = laterOf(i.link.StampB, o.Stamp)
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.link.B, Status: string(connector.Done), Note: l.Op + " line " + l.SourceID})
	switch l.Op {
	case "remove":
		delete(i.link.Lines, l.SourceID)
		i.link.Ghosts = append(i.link.Ghosts, goneLine(l.TargetID))
	case "add":
		i.link.Lines[l.SourceID] = link.Line{ID: o.Ref.ID, Digest: l.Digest}
	default:
		i.link.Lines[l.SourceID] = link.Line{ID: l.TargetID, Digest: l.Digest}
	}
}

// unclaimedLine finds a line of the draft that the link does not know and that has exactly the wanted fields.
func (e *Engine) unclaimedLine(i *item, l plan.LineDecision) string {
	for _, child := range i.strayLines() {
		if sameLine(child, l.Fields) {
			return child.Ref.ID
		}
	}
	return ""
}

func sameLine(child *record.Record, fields map[string]record.Value) bool {
	for name, v := range fields {
		if shown := child.Field(name); !shown.Same(v) {
			return false
		}
	}
	return true
}

// rememberUpdates stores what came of the intentions: one put each.
func (e *Engine) rememberUpdates(ctx context.Context, b *batch, items []*item, counts Counts) {
	puts := make([]table.Put, len(items))
	for n, i := range items {
		if i.result == nil {
			c := counts
			c.Updated++
			if c.Linked > 0 {
				c.Updated = 1
			}
			i.result = &Result{End: Done, Counts: c}
			i.link.Intent = nil
			if i.decision.Reason != nil || i.mayClear() {
				i.link.Reason = i.decision.Reason
			}
			i.link.StampA = i.sourceStamp()
			i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
			if i.m.Document != nil && !i.decision.Archive {
				i.link.Net, i.link.Money = i.decision.Net, i.decision.Money
				i.link.Todo = withVerify(i.link.Todo)
			}
		}
		puts[n] = i.put(e.token())
	}
	for n, err := range e.Table.Put(ctx, puts) {
		i := items[n]
		if err != nil {
			e.undecided(items[n:n+1], err)
			continue
		}
		i.stored()
		if err := e.noteError(ctx, i); err != nil {
			e.undecided(items[n:n+1], err)
		}
	}
	if err := e.wakeFreed(ctx, items); err != nil {
		e.undecided(items, err)
	}
	if err := e.flushOutcomes(ctx, b.audit); err != nil {
		e.undecided(items, err)
	}
}

func withVerify(todo []link.Todo) []link.Todo {
	if slices.ContainsFunc(todo, func(t link.Todo) bool { return t.Do == "verify" }) {
		return todo
	}
	return append([]link.Todo{{Do: "verify", Since: time.Now()}}, todo...)
}

// unchanged ends linked items with nothing to write: a complaint that is over is taken back, a new one noted.
func (e *Engine) unchanged(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		if i.link.State != link.Linked {
			i.end(Result{End: Done})
			continue
		}
		if i.settled && len(e.putLinks(ctx, []*item{i}, []table.Put{i.put(e.token())})) == 0 { // or an edit that comes later would be judged by it
			continue
		}
		if r := i.decision.Reason; r != nil {
			e.complain(b, i, r)
			continue
		}
		over := i.link.Reason != nil && i.mayClear() && !i.openAtSource() && i.link.Reason.Category != plan.AmountWrong && i.link.Reason.Category != plan.OpenFailed &&
			(i.link.Reason.Category != plan.EMailUnsure || i.task.Cause == "retry") // a person looked whether it was sent
		if over {
			i.link.Reason = nil
			b.settled = append(b.settled, i)
			i.result = &Result{End: Done}
		}
	}
}
