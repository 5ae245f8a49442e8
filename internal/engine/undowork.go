package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Carrying out an approved undo: each row is read again, compared with what was approved, intended on its link, told to the
// audit trail, sent and remembered, as an update is (protocol 2). A row that is done already stays so; one that no longer fits is
// refused and listed, like a row of any plan.

// undoStep is one row on its way.
type undoStep struct {
	*undone
	row    PlanRow
	task   Task
	values map[string]record.Value // to be written
	write  *connector.Write        // nil: there is nothing to send any more
	token  string
	next   link.Link // of a link that is there: as it will be stored, seen from the way
	result *Result
}

func (s *undoStep) end(r Result) {
	if s.result == nil {
		s.result = &r
	}
}

func (s *undoStep) refuse(why string) {
	s.end(Result{End: Never, Counts: Counts{Refused: 1}, Err: errors.New(why)})
}

// workUndo carries out the tasks of undos, and adds their results by place.
func (e *Engine) workUndo(ctx context.Context, tasks []Task, out map[int]Result) map[int]Result {
	type page struct {
		plan string
		n    int
	}
	byPage := map[page][]int{}
	var order []page
	for n, t := range tasks {
		if t.Cause != causeUndo {
			continue
		}
		p := page{t.Plan, t.Page}
		if byPage[p] == nil {
			order = append(order, p)
		}
		byPage[p] = append(byPage[p], n)
	}
	for _, p := range order {
		if out == nil {
			out = map[int]Result{}
		}
		steps := make([]*undoStep, len(byPage[p]))
		for k, n := range byPage[p] {
			steps[k] = &undoStep{task: tasks[n]}
		}
		err := e.undoPage(ctx, p.plan, p.n, steps)
		for k, n := range byPage[p] {
			r := meaning(time.Now(), tasks[n].Ref.Connection, errOr(err, "not worked"))
			if steps[k].result != nil {
				r = *steps[k].result
			}
			out[n] = r
		}
	}
	return out
}

// undoPage works rows of one page of an undo's plan. The error is for those that have no result of their own.
func (e *Engine) undoPage(ctx context.Context, id string, n int, steps []*undoStep) error {
	head, rows, err := e.undoRows(ctx, id, steps[0].task.Run, n)
	if err != nil {
		return err
	}
	u := &undoer{Engine: e, of: Run{ID: head.Undoes}, archive: head.Archives, doing: true}
	if u.set, err = e.mappings(ctx); err != nil {
		return err
	}
	if u.erased, err = e.erasedNow(ctx); err != nil {
		return err
	}
	for _, s := range steps {
		row, ok := rows[s.task.Ref]
		if !ok || row.Erased {
			s.undone = &undone{written: s.task.Ref, writes: []undoWrite{{}}}
			s.refuse("the plan does not say any more what to put back")
			continue
		}
		s.row = row
		w := Entry{At: head.At, Ref: row.Ref, Target: row.Target, Mapping: row.Mapping, Version: row.Version, Kind: plan.Update, Fields: row.Fields}
		switch row.Kind {
		case archiving:
			w.Kind = plan.Create
		case relinking:
			w.Kind = archiving
		}
		s.undone = &undone{written: row.Target, writes: []undoWrite{{Entry: w, written: row.Target}}}
	}
	for part := range slices.Chunk(steps, chunk) {
		for left := part; len(left) > 0; {
			var now []*undoStep
			now, left = oncePerLink(left)
			if err := u.undoChunk(ctx, head, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// undoRows reads an approved plan's head and the rows that a page of its run is of, by the record that each is about.
func (e *Engine) undoRows(ctx context.Context, id, run string, n int) (SavedPlan, map[record.Ref]PlanRow, error) {
	head, err := getItem[SavedPlan](ctx, e.Table, planKey(id))
	if err != nil {
		return head.Value, nil, err
	}
	if !e.planApproved(head.Value) {
		return head.Value, nil, &connector.Error{Fault: connector.BadState, Op: "undo", Err: fmt.Errorf("plan %s is not approved", id)}
	}
	at, err := getItem[undoPage](ctx, e.Table, undoPageKey(run, n))
	if err != nil {
		return head.Value, nil, err
	}
	if at.Rev != 0 { // of a run that an older program began, its pages are those of the plan
		n = at.Value.Of
	}
	items, err := e.Table.Get(ctx, []table.Key{planPageKey(id, n)})
	if err != nil {
		return head.Value, nil, err
	}
	var rows []PlanRow
	if item, ok := items[planPageKey(id, n)]; ok {
		if err := unpack(item.Data, &rows); err != nil {
			return head.Value, nil, fmt.Errorf("plan %s: page %d: %w", id, n, err)
		}
	}
	out := map[record.Ref]PlanRow{}
	for _, row := range rows {
		out[row.Target] = row
	}
	return head.Value, out, nil
}

// oncePerLink takes the steps that can go together: both sides of one pair are done one after the other, since each puts the link.
func oncePerLink(steps []*undoStep) (now, left []*undoStep) {
	seen := map[record.Ref]bool{}
	for _, s := range steps {
		a, b := s.row.Ref, s.row.Target
		if s.result == nil && (seen[a] || seen[b]) {
			left = append(left, s)
			continue
		}
		seen[a], seen[b] = true, true
		now = append(now, s)
	}
	return now, left
}

func (u *undoer) undoChunk(ctx context.Context, head SavedPlan, all []*undoStep) error {
	var list []*undone
	for _, s := range all {
		if s.result == nil {
			list = append(list, s.undone)
		}
	}
	ctx = u.labelled(ctx, head.Mapping, causeUndo, true)
	if err := u.load(ctx, list); err != nil {
		return err
	}
	b := u.newAuditBatch(time.Now(), all[0].task.Run)
	var steps []*undoStep
	for _, s := range all {
		if s.result == nil {
			u.prepare(ctx, b, head, s)
		}
		if s.result == nil {
			steps = append(steps, s)
		}
		if s.result != nil && s.result.Counts.Refused > 0 {
			if err := u.tellRefused(ctx, b, s); err != nil {
				return err
			}
		}
	}
	steps, err := u.intendUndo(ctx, b, steps)
	if err != nil {
		return err
	}
	if err := u.flush(ctx, b); err != nil {
		return err
	}
	u.sendUndo(ctx, b, head, steps)
	if err := u.rememberUndo(ctx, steps); err != nil {
		return err
	}
	return u.flushOutcomes(ctx, b)
}

// prepare compares a row with how its record stands now, and says what is still to be sent.
func (u *undoer) prepare(ctx context.Context, b *auditBatch, head SavedPlan, s *undoStep) {
	if n := s.link.Intent; n != nil && n.Until.After(time.Now()) { // most often of the row of the pair's other side, which is about to end
		again := time.Now().Add(contentionPause)
		if n.Until.Before(again) {
			again = n.Until
		}
		s.end(Result{End: Later, Until: again})
		return
	}
	s.token = u.token()
	s.next = s.link
	s.next.Agreed = maps.Clone(s.link.Agreed)
	if n := s.link.Intent; n != nil { // an older one that nobody ended: what it wrote is ours (A4)
		s.next.Intent = nil
		s.next.Ghosts = append(slices.Clone(s.link.Ghosts), link.Ghost{Until: time.Now().Add(ghostsFor), B: n.B, Home: n.Home})
	}
	switch s.row.Kind {
	case restoring:
		u.prepareRestore(s)
	case archiving:
		u.prepareArchive(s)
	case relinking:
		u.prepareRelink(s)
	}
	if s.result != nil || s.write == nil {
		return
	}
	entry := Entry{At: time.Now(), Ref: s.row.Ref, Target: s.written, Mapping: s.row.Mapping, Version: s.way.Version, Cause: causeUndo, Run: s.task.Run, Actor: s.task.Actor,
		Kind: s.row.Kind, Prev: s.link.Page}
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		entry.Fields = append(entry.Fields, plan.FieldDecision{Field: name, Action: plan.WriteIt, Rule: "undo of " + head.Undoes, Old: s.now().Field(name), New: s.values[name]})
	}
	b.add(entry, false)
	s.next.Page = b.page()
}

func (u *undoer) prepareRestore(s *undoStep) {
	if r := u.stopped(s.undone); r != nil {
		s.refuse(r.Text)
		return
	}
	s.values = map[string]record.Value{}
	whole := map[string]record.Value{}
	for _, f := range s.row.Fields {
		if f.Action != plan.WriteIt {
			continue
		}
		now := s.now().Field(f.Field)
		switch whole[f.Field] = f.New; {
		case now.Same(f.New):
		case !now.Same(f.Old):
			s.refuse(f.Field + " was changed since the plan was made")
			return
		case u.erased.in(f.New.Text()):
			s.refuse(f.Field + " was erased on request")
			return
		default:
			s.values[f.Field] = f.New
		}
	}
	pairs := s.settledAs(whole)
	if s.pair {
		maps.Copy(s.agreed(), pairs)
	}
	if len(s.values) == 0 {
		return
	}
	s.write = &connector.Write{Op: connector.OpUpdate, Object: s.written.Object, ID: s.written.ID, Fields: s.values, Base: s.now(), Key: s.token}
	if s.pair && !s.source() {
		s.next.Intent = u.undoIntent(s.token, s.undone, pairs)
		s.next.Agreed = s.link.Agreed // what is settled is put when it is written
	}
}

func (s *undoStep) agreed() map[string]link.Pair {
	if s.next.Agreed == nil {
		s.next.Agreed = map[string]link.Pair{}
	}
	return s.next.Agreed
}

// undoIntent says what will be written, so that whoever finds it unfinished settles it as the undo would have.
func (u *undoer) undoIntent(token string, p *undone, pairs map[string]link.Pair) *link.Intent {
	n := &link.Intent{Token: token, Until: time.Now().Add(u.ClaimFor), A: map[string]string{}, B: map[string]string{}}
	for key, pair := range pairs {
		n.A[key], n.B[key] = pair.A, pair.B
	}
	return n
}

func (u *undoer) prepareArchive(s *undoStep) {
	switch {
	case s.link.State == link.Tombstone:
		s.end(Result{End: Done, Counts: Counts{Updated: 1}}) // done, and told by somebody who was killed
		return
	case !s.pair:
		s.refuse("it is linked otherwise since")
		return
	case s.read.State == record.Gone || s.read.State == record.Found && s.read.Record.Archived:
		return // by us, or by a person: either way its link becomes a tombstone
	}
	if r := u.stopped(s.undone); r != nil {
		s.refuse(r.Text)
		return
	}
	for _, f := range s.row.Fields {
		if now := s.now().Field(f.Field); !now.Same(f.Old) {
			s.refuse(f.Field + " was changed since the plan was made")
			return
		}
	}
	s.write = &connector.Write{Op: connector.OpArchive, Object: s.written.Object, ID: s.written.ID, Base: s.now(), Key: s.token}
	s.next.Intent = u.undoIntent(s.token, s.undone, nil)
}

func (u *undoer) prepareRelink(s *undoStep) {
	switch {
	case s.pair && s.link.State == link.Linked:
		s.end(Result{End: Done, Counts: Counts{Linked: 1}})
	case !s.pair || s.link.State != link.Tombstone:
		s.refuse("it is linked otherwise since")
	case s.now() == nil || s.facts == nil:
		s.refuse("not both of its records could be read")
	case s.now().Archived:
		s.write = &connector.Write{Op: connector.OpAct, Action: actActivate, Object: s.written.Object, ID: s.written.ID, Key: s.token}
	}
}

// tellRefused keeps which row was refused, in the trail and on the run.
func (u *undoer) tellRefused(ctx context.Context, b *auditBatch, s *undoStep) error {
	b.add(Entry{At: time.Now(), Ref: s.row.Ref, Target: s.written, Mapping: s.row.Mapping, Version: s.row.Version, Cause: causeUndo, Run: s.task.Run, Actor: s.task.Actor,
		Kind: refusedRow, Reason: notUndone("%v", s.result.Err)}, false)
	return u.noteRefused(ctx, s.task.Run, s.written)
}

// intendUndo puts the links of what is to be sent; those that another worker got first come again.
func (u *undoer) intendUndo(ctx context.Context, b *auditBatch, steps []*undoStep) ([]*undoStep, error) {
	var puts []table.Put
	var of []*undoStep
	for _, s := range steps {
		if s.write != nil && s.rev > 0 {
			puts, of = append(puts, s.put()), append(of, s)
		}
	}
	for n, err := range u.Table.Put(ctx, puts) {
		if err != nil {
			of[n].end(meaning(time.Now(), "", err))
			continue
		}
		of[n].rev++
	}
	return slices.DeleteFunc(steps, func(s *undoStep) bool { return s.result != nil }), nil
}

// put stores a link as it is seen from the way.
func (s *undoStep) put() table.Put {
	l := s.next
	if s.home {
		l = l.Turned()
	}
	return put(s.key, l, s.token, table.IfRev(s.rev))
}

// sendUndo sends what was intended, all of a connection in one batch, and turns each answer into what its link becomes.
func (u *undoer) sendUndo(ctx context.Context, b *auditBatch, head SavedPlan, steps []*undoStep) {
	began := time.Now()
	byConn := map[string][]*undoStep{}
	for _, s := range steps {
		if s.write == nil {
			u.became(head, s, connector.Outcome{Status: connector.Done})
			continue
		}
		byConn[s.written.Connection] = append(byConn[s.written.Connection], s)
	}
	for _, conn := range sortedNames(byConn) {
		list := byConn[conn]
		w, err := u.writer(conn)
		if err != nil || time.Since(began) >= u.SendWithin {
			for _, s := range list {
				s.end(Result{End: Later, Until: began.Add(u.ClaimFor), Err: err})
			}
			continue
		}
		writes := make([]connector.Write, len(list))
		for n, s := range list {
			writes[n] = *s.write
		}
		sendCtx, cancel := context.WithDeadline(ctx, began.Add(u.SendWithin+w.Traits(list[0].written.Object).Deadline))
		outcomes := w.Write(sendCtx, writes)
		cancel()
		for n, s := range list {
			o := connector.Outcome{Status: connector.Unknown, Err: errors.New("the connector did not answer this row")}
			if n < len(outcomes) {
				o = outcomes[n]
			}
			b.outcomes = append(b.outcomes, EntryOutcome{Ref: s.row.Ref, Target: s.written, Status: string(o.Status), Note: textOf(o.Err)})
			u.became(head, s, o)
		}
	}
}

// became turns the answer for one row into its result and its link's next state. It does not store anything.
func (u *undoer) became(head SavedPlan, s *undoStep, o connector.Outcome) {
	switch o.Status {
	case connector.Done, connector.Pending, connector.Exists:
	case connector.Refused:
		category := plan.RefusedCall
		if connector.FaultOf(o.Err) == connector.Forbidden {
			category = plan.NoRights
		}
		s.next.Intent, s.next.Reason = nil, &link.Reason{Category: category, Text: "undo: " + textOf(o.Err), At: time.Now()}
		s.end(Result{End: Never, Counts: Counts{Failed: 1}, Err: o.Err})
		return
	case connector.Retry:
		s.next.Intent = nil // certainly not written
		r := meaning(time.Now(), s.written.Connection, o.Err)
		if r.End == Never || r.End == Done {
			r = Result{End: Later, Until: time.Now().Add(transientPause), Err: o.Err}
		}
		s.end(r)
		return
	default:
		s.end(Result{End: Later, Until: time.Now().Add(u.ClaimFor), Err: o.Err})
		return
	}
	counts := Counts{Updated: 1}
	switch s.row.Kind {
	case restoring:
		u.restored(s, o)
	case archiving:
		s.next.State, s.next.Intent, s.next.Agreed, s.next.Todo, s.next.Ghosts = link.Tombstone, nil, nil, nil, nil
		s.next.Reason = &link.Reason{Category: plan.WasUndone, Text: undoText(head, s.written, s.task.Actor), At: time.Now()}
		s.next.Claim = nextGeneration(s.link.Claim)
	case relinking:
		s.next.State, s.next.Reason, s.next.Agreed = link.Linked, nil, maps.Clone(s.settled)
		s.next.StampA, s.next.StampB = s.item.source.Modified, laterOf(s.item.target.Modified, o.Stamp)
		counts = Counts{Linked: 1}
	}
	s.end(Result{End: Done, Counts: counts})
}

// restored settles what was put back as both sides read now (B10).
func (u *undoer) restored(s *undoStep, o connector.Outcome) {
	s.next.Intent = nil
	if !s.pair || s.link.State != link.Linked {
		return
	}
	whole := map[string]record.Value{}
	for _, f := range s.row.Fields {
		if f.Action != plan.WriteIt {
			continue
		}
		whole[f.Field] = f.New
		if shown := o.Record.Field(f.Field); shown.Known() {
			whole[f.Field] = shown
		}
	}
	s.next.Agreed = maps.Clone(s.link.Agreed)
	maps.Copy(s.agreed(), s.settledAs(whole))
	if s.item.source != nil && s.item.target != nil {
		s.next.StampA, s.next.StampB = laterOf(s.next.StampA, s.item.source.Modified), laterOf(s.next.StampB, s.item.target.Modified)
	}
	if s.source() {
		s.next.StampA = laterOf(s.next.StampA, o.Stamp)
	} else {
		s.next.StampB = laterOf(s.next.StampB, o.Stamp)
	}
}

// nextGeneration is what stays of a claim whose record was taken back: another one is made under a mark of its own.
func nextGeneration(c *link.Claim) *link.Claim {
	if c == nil {
		return &link.Claim{Generation: 1}
	}
	return &link.Claim{Generation: c.Generation + 1}
}

// rememberUndo stores what came of each row: one put of its link.
func (u *undoer) rememberUndo(ctx context.Context, steps []*undoStep) error {
	var puts []table.Put
	var of []*undoStep
	for _, s := range steps {
		if s.rev > 0 {
			s.token = u.token()
			puts, of = append(puts, s.put()), append(of, s)
		}
	}
	for n, err := range u.Table.Put(ctx, puts) {
		s := of[n]
		if err != nil {
			r := meaning(time.Now(), "", err) // what was sent stays; the row comes again, finds it done, and settles it
			s.result = &r
			continue
		}
		if err := u.afterUndo(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// afterUndo opens or closes sync errors, and counts what is linked.
func (u *undoer) afterUndo(ctx context.Context, s *undoStep) error {
	l := s.next
	if s.home {
		l = l.Turned()
	}
	i := &item{ref: l.A, m: s.way, key: s.key, link: l, dead: map[record.Ref]bool{}}
	if err := u.noteError(ctx, i); err != nil {
		return err
	}
	more := 0
	switch {
	case s.link.State == link.Linked && s.next.State == link.Tombstone:
		more = -1
	case s.link.State == link.Tombstone && s.next.State == link.Linked:
		more = 1
	default:
		return nil
	}
	if s.home {
		if err := u.putSeat(ctx, s); err != nil {
			return err
		}
	}
	_, err := change(ctx, u.Engine, tallyKey(s.way.Slot), func(t *tally, _ bool) bool { t.Linked += more; return true })
	return err
}

// putSeat keeps a record of b from being made at a again: in place of the pointer, which says nothing beside a tombstone, it gets a
// tombstone of its own; taken back, it is a pointer again.
func (u *undoer) putSeat(ctx context.Context, s *undoStep) error {
	key := u.pointerKey(s.way.Slot, s.next.A)
	if s.next.State == link.Linked {
		return u.putOne(ctx, key, link.Pointer{Slot: s.next.Slot, B: s.next.A, A: s.next.B, At: time.Now()}, table.Condition{})
	}
	return u.putOne(ctx, key, s.next, table.Condition{})
}
