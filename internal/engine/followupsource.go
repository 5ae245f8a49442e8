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

// What follows at a once the record of b is there (mapping.AtSource): a sales document became a deal, its lines become line items, what
// they lack is noted on the document, and the document is forwarded in its workflow.
//
// Each of it is a todo of the link, stored with the state it follows from (T12) and struck when it is done. Lines are records with links
// and claims of their own, worked here together for all documents of a batch. An audit is looked for before it is added. Before a
// document is forwarded it is read once more: one that changed meanwhile is exported again first, and one that is not in its queue any
// more was forwarded, by us or by a person. The queue it is forwarded from is kept with the todo before the call, so that no repetition
// takes it one queue further; so is its stamp, and where an answer was lost and the record is another one since, a person is asked.

// The words of mapping.AtSource as todos.
const (
	todoLines   = "lines"
	todoAudit   = "audit"
	todoForward = "forward"
)

// sourcePause is how long a line waits that was refused, or a forward, unless the document changes or somebody says retry.
const sourcePause = time.Hour

// unsurePause is how long one waits of which a person must say whether it was forwarded: that it left its queue no feed tells, and a look a
// day is enough to see it.
const unsurePause = 24 * time.Hour

// maxNoted is how long the text of an audit may get that waits in a link.
const maxNoted = 3000

// sourceChunk is how many documents have their lines written together.
const sourceChunk = 100

// followSource does what is to be done at a, word by word for all items together. An item that a word stops goes no further.
func (e *Engine) followSource(ctx context.Context, b *batch, items []*item) {
	var list []*item
	for _, i := range items {
		if i.m.AtSource != nil {
			list = append(list, i)
		}
	}
	for part := range slices.Chunk(list, sourceChunk) {
		e.writeWithLines(ctx, b, part)
		e.noteAudits(ctx, b, part)
		for _, i := range part {
			for word := i.nextAtSource(); (word == afterLink || word == afterUpdate) && i.bring(word) && e.doNext(ctx, b, i); {
				word = i.nextAtSource()
			}
		}
		for some := range slices.Chunk(part, chunk) {
			e.forwardAll(ctx, b, some)
		}
	}
}

// nextAtSource is the word whose turn it is, "" where nothing is left or the item was stopped. A hook comes after what it may look at.
func (i *item) nextAtSource() string {
	if i.m.AtSource == nil || i.result != nil && i.result.End != Done {
		return ""
	}
	for _, word := range []string{todoLines, todoAudit, afterLink, afterUpdate, todoForward} {
		if i.todoAt(word) >= 0 {
			return word
		}
	}
	return ""
}

func (i *item) todoAt(word string) int {
	return slices.IndexFunc(i.link.Todo, func(t link.Todo) bool { return t.Do == word })
}

func (i *item) strike(word string) {
	i.link.Todo = slices.DeleteFunc(slices.Clone(i.link.Todo), func(t link.Todo) bool { return t.Do == word })
}

// openAtSource tells whether something is still to be done at a: what is complained about then is that.
func (i *item) openAtSource() bool { return i.m.AtSource != nil && len(i.link.Todo) > 0 }

// exportAgain puts on the list what must be done once more for a linked record: its lines where they changed, or where a person asked
// for it by name; then it is forwarded too, where it stands in the queue. By itself a record is forwarded once.
func (e *Engine) exportAgain(i *item) {
	s := i.m.AtSource
	if s == nil || i.link.State != link.Linked || i.source == nil || i.source.Archived {
		return
	}
	asked := i.task.Cause == "run" && i.task.Named || i.task.Cause == "retry"
	add := func(word string) {
		if slices.Contains(i.m.After, word) && i.todoAt(word) < 0 {
			i.link.Todo = append(i.link.Todo, link.Todo{Do: word, Since: time.Now()})
		}
	}
	if asked || i.link.Lines != nil && i.linesDiffer(e) {
		add(todoLines)
		add(todoAudit)
	}
	if !s.Forwards(i.source.Field(s.Queue).Text()) {
		return
	}
	if asked {
		add(todoForward)
		if r := i.link.Reason; r != nil && r.Category == plan.ForwardUnsure && i.todoAt(todoForward) >= 0 { // a person looked, and wants it forwarded
			i.notForwarded()
			i.link.Reason, i.over = nil, true // the same task may come once more, and is no second word
		}
	} else if len(i.link.Todo) == 0 && (i.decision.Kind == plan.Nothing || i.decision.Kind == plan.Settle) && i.decision.Reason == nil && slices.Contains(i.m.After, todoForward) {
		i.decision.Reason = &link.Reason{Category: plan.Waits, Text: fmt.Sprintf("%s was exported and forwarded, and stands in a queue of at_source.from again. It is not forwarded a second time by itself: crosswalk run %s '%[1]s' updates its counterpart and forwards it", i.ref, i.m.Name)}
	}
}

// linesDiffer tells whether the lines as read are not those that were written.
func (i *item) linesDiffer(e *Engine) bool {
	count := 0
	for n := range i.source.Children {
		line := &i.source.Children[n]
		count++
		if have, ok := i.link.Lines[line.Ref.ID]; !ok || have.Digest != e.lineDigest(line) {
			return true
		}
	}
	return count != len(i.link.Lines)
}

// lineDigest stands for all that a line shows.
func (e *Engine) lineDigest(line *record.Record) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(line.Fields)) {
		fmt.Fprintf(&text, "%s=%q\n", name, line.Fields[name].Text())
	}
	return e.Tools.Digest(text.String())
}

// writtenWith gives the mapping whose records a mapping's records are lines of (at_source.lines), "" for none.
func (s *mappingSet) writtenWith(name string) string {
	for _, other := range s.names {
		if to := s.byName[other].AtSource; to != nil && to.Lines == name {
			return other
		}
	}
	return ""
}

// refuseLines refuses a run of a mapping of lines: they are written with what they belong to, and all lines there are would be read.
func (e *Engine) refuseLines(ctx context.Context, name string) error {
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	return set.refuseLines(name, "run that one: crosswalk run ")
}

// refuseLines refuses a mapping of lines, and advises what to do with the one that they are written with.
func (s *mappingSet) refuseLines(name, advice string) error {
	if owner := s.writtenWith(name); owner != "" {
		return &RefusedError{name + " writes its records with those of " + owner, advice + owner}
	}
	return nil
}

// writeWithLines works the lines of the items as records of their mapping, all together.
func (e *Engine) writeWithLines(ctx context.Context, b *batch, items []*item) {
	lines := map[*item][]*item{}
	var owners, all []*item
	for _, i := range items {
		if i.nextAtSource() != todoLines {
			continue
		}
		if i.source == nil || i.source.Archived { // it went while its create was looked for: nothing of it is read any more
			i.link.Todo = nil
			e.putTodo(ctx, i)
			continue
		}
		a := b.set.byName[i.m.AtSource.Lines]
		if a == nil || !a.works(i.task.Pilot || i.pilot()) {
			// a mapping that goes live wakes it; a worker that has not heard of that yet may put it back right after
			e.stopAtSource(ctx, i, link.Reason{Category: plan.NoParentMapping, Text: fmt.Sprintf("its lines are written by %s, which is not live. Take it live", i.m.AtSource.Lines)}, "mapping/"+i.m.AtSource.Lines, sourcePause)
			continue
		}
		lines[i] = e.lineItems(b, i, a)
		owners = append(owners, i)
	}
	owners = e.intendWithLines(ctx, owners, lines)
	if len(owners) == 0 {
		return
	}
	for _, i := range owners {
		all = append(all, lines[i]...)
	}
	e.workItems(ctx, b, open(all))
	var written []*item
	for _, i := range owners {
		if e.takeLines(ctx, i, lines[i]) {
			written = append(written, i)
		}
	}
	e.putTodos(ctx, written)
}

// intendWithLines stores which lines are about to be written: one that is taken off its document while its create is under way is still
// looked for.
func (e *Engine) intendWithLines(ctx context.Context, owners []*item, lines map[*item][]*item) []*item {
	var intended []*item
	for _, i := range owners {
		all := maps.Clone(i.link.Lines)
		if all == nil {
			all = map[string]link.Line{}
		}
		for _, l := range lines[i] {
			all[l.ref.ID] = all[l.ref.ID]
		}
		if len(all) > len(i.link.Lines) {
			i.link.Lines = all
			intended = append(intended, i)
		}
	}
	e.putTodos(ctx, intended)
	return slices.DeleteFunc(owners, func(i *item) bool { return i.nextAtSource() != todoLines })
}

// lineItems makes the items of a record's lines: those it has, and those that it had and that are gone.
func (e *Engine) lineItems(b *batch, i *item, a *Active) []*item {
	var out []*item
	add := func(read record.Read) {
		id := a.Slot + "#" + read.Ref.String()
		if other := b.chosen[id]; other != nil && other.done() {
			out = append(out, other)
			return
		}
		task := Task{Ref: read.Ref, Mapping: a.Name, Cause: i.task.Cause, Needed: true, Run: i.task.Run, Plan: i.task.Plan, Pilot: i.task.Pilot || i.pilot(), Actor: i.task.Actor, Released: i.task.Released}
		sub := &item{task: task, ref: read.Ref, group: []*Active{a}, needed: true, depth: i.depth + 1, brought: &read}
		b.chosen[id] = sub
		out = append(out, sub)
	}
	there := map[string]bool{}
	for n := range i.source.Children {
		line := &i.source.Children[n]
		if line.Ref.Connection == a.ConnA && line.Ref.Object == a.A.Object {
			there[line.Ref.ID] = true
			add(record.Read{Ref: line.Ref, State: record.Found, Record: line})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(i.link.Lines)) {
		if !there[id] {
			add(record.Read{Ref: record.Ref{Connection: a.ConnA, Object: a.A.Object, ID: id}, State: record.Gone})
		}
	}
	return out
}

// takeLines judges what became of a record's lines: with all of them written, or left out by their own filter, the record is whole.
func (e *Engine) takeLines(ctx context.Context, i *item, lines []*item) bool {
	made := map[string]link.Line{}
	for _, l := range lines {
		r, gone := outcomeOf(l), l.brought != nil && l.brought.State == record.Gone
		if gone && r.End == Done && l.link.State == link.Linked && l.link.Reason == nil { // only now it is known that it was written
			r = Result{End: Later, Until: time.Now().Add(stalePause)}
		}
		if r.End == Done && l.link.State != link.Linked && (l.decision.Kind == plan.Create || l.decision.Kind == plan.Adopt) {
			r = Result{End: Never} // its plan leaves it out, and without it the record is not whole
		}
		switch {
		case gone && (r.End == Done || r.End == Never): // what becomes of its counterpart its mapping says (delete)
		case r.End == Done:
			line := link.Line{}
			if l.source != nil {
				line.Digest = e.lineDigest(l.source)
			}
			if l.link.State == link.Linked {
				line.ID = l.link.B.ID
			}
			made[l.ref.ID] = line
		case r.End == Never:
			e.stopAtSource(ctx, i, link.Reason{Category: plan.ParentHeld, Text: fmt.Sprintf("it is not whole: its line %s is not written: %s", l.ref, whyNot(l))}, l.ref.String(), sourcePause)
			return false
		default:
			until := r.Until
			if r.End == Retry {
				until = time.Now().Add(transientPause)
			}
			i.result = &Result{End: Later, Until: until, On: r.On, Counts: i.counts(), Err: errOr(r.Err, "a line of it is not written yet")}
			return false
		}
	}
	i.link.Lines = made
	i.strike(todoLines)
	if n := i.todoAt(todoAudit); n >= 0 {
		if missing := missingOf(i.m, lines); len(missing) > 0 {
			i.link.Todo = slices.Clone(i.link.Todo)
			i.link.Todo[n].Handle = cutText(i.m.AtSource.AuditText(missing), maxNoted)
		} else {
			i.strike(todoAudit)
		}
	}
	e.keepQueue(i)
	return true
}

// whyNot says why a line was not written.
func whyNot(l *item) string {
	for _, r := range []*link.Reason{l.link.Reason, l.decision.Reason} {
		if r != nil {
			return r.Category + ": " + r.Text
		}
	}
	return textOf(errOr(l.result.Err, "it is not what was approved"))
}

// missingOf names what lines refer to and has no counterpart, in the order of the lines.
func missingOf(m *Active, lines []*item) []string {
	var out []string
	for _, l := range lines {
		if l.m == nil || l.link.State != link.Linked && l.decision.Kind != plan.Create {
			continue
		}
		for _, f := range l.m.Fields {
			if f.Through == "" || f.Through == m.Name || f.Required {
				continue
			}
			for _, need := range l.wants {
				if need.Mapping == f.Through && l.needs[need].State != plan.Ready && !slices.Contains(out, need.Ref.ID) {
					out = append(out, need.Ref.ID)
				}
			}
		}
	}
	return out
}

func cutText(text string, most int) string {
	if long := []rune(text); len(long) > most {
		return string(long[:most-1]) + "…"
	}
	return text
}

// keepQueue notes with the todo from which queue the record is to be forwarded. One that stands elsewhere when it is whole is not.
func (e *Engine) keepQueue(i *item) {
	n := i.todoAt(todoForward)
	if n < 0 || i.link.Todo[n].Handle != "" || i.source == nil {
		return
	}
	queue := strings.TrimSpace(i.source.Field(i.m.AtSource.Queue).Text())
	if !i.m.AtSource.Forwards(queue) {
		i.strike(todoForward)
		return
	}
	i.link.Todo = slices.Clone(i.link.Todo)
	i.link.Todo[n].Handle = queue
}

// stopAtSource leaves the rest to be done later, and says why.
func (e *Engine) stopAtSource(ctx context.Context, i *item, r link.Reason, on string, pause time.Duration) {
	e.setReason(i, &r)
	if e.putTodo(ctx, i) {
		i.result = &Result{End: Never, On: on, Until: time.Now().Add(pause), Counts: i.counts(), Err: errors.New(r.Text)}
	}
}

// putTodos stores links whose lists were worked off a little, together.
func (e *Engine) putTodos(ctx context.Context, items []*item) {
	puts := make([]table.Put, len(items))
	for n, i := range items {
		puts[n] = i.put(e.token())
	}
	for n, err := range e.Table.Put(ctx, puts) {
		i := items[n]
		if err == nil {
			i.stored()
			if i.link.Reason != nil || i.over {
				err = e.noteError(ctx, i)
			}
		}
		if err != nil {
			e.undecided(items[n:n+1], err)
		}
	}
}

// noteAudits notes on the records what was missing. That an audit is refused is told, and holds nothing up.
func (e *Engine) noteAudits(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		if i.nextAtSource() != todoAudit {
			continue
		}
		n := i.todoAt(todoAudit)
		text := i.link.Todo[n].Handle
		fields := map[string]record.Value{"Audit_Text": record.Of(text)}
		if kind := i.m.AtSource.AuditType; kind != "" {
			fields["Audit_Type"] = record.Of(kind)
		}
		w, err := e.writer(i.m.ConnA)
		if err != nil {
			e.comeAgain(i, err)
			continue
		}
		if until := i.link.Todo[n].Seen.Add(e.SendWithin + w.Traits(i.ref.Object).Deadline); time.Now().Before(until) { // another worker is at it
			i.result = &Result{End: Later, Until: until, Counts: i.counts()}
			continue
		}
		if !e.tellStep(ctx, b, i, todoAudit, map[string]record.Value{"Audit_Text": fields["Audit_Text"]}) {
			continue
		}
		i.link.Todo = slices.Clone(i.link.Todo)
		i.link.Todo[n].Seen = time.Now()
		if !e.putTodo(ctx, i) { // two that look at once would both find none, and both note it
			continue
		}
		o := w.Write(e.labelItems(ctx, []*item{i}), []connector.Write{{Op: connector.OpAct, Action: todoAudit, Object: i.ref.Object, ID: i.ref.ID, Fields: fields}})[0]
		b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.ref, Status: string(o.Status), Note: strings.TrimSpace(todoAudit + " " + textOf(o.Err))})
		switch o.Status {
		case connector.Done:
		case connector.Refused:
			e.setReason(i, &link.Reason{Category: plan.RefusedCall, Text: fmt.Sprintf("what its lines lack could not be noted on it: %v. %s", o.Err, text)})
		default:
			e.comeAgain(i, errOr(o.Err, "the audit is not noted yet"))
			continue
		}
		i.strike(todoAudit)
		e.putTodo(ctx, i)
	}
}

// forwardAll forwards records that are whole.
func (e *Engine) forwardAll(ctx context.Context, b *batch, items []*item) {
	var list, kept []*item
	for _, i := range items {
		if i.nextAtSource() != todoForward {
			continue
		}
		if n := i.todoAt(todoForward); i.link.Todo[n].Handle == "" { // nothing before it kept the queue
			e.keepQueue(i)
			kept = append(kept, i)
		}
		list = append(list, i)
	}
	e.putTodos(ctx, kept)
	list = slices.DeleteFunc(list, func(i *item) bool { return i.nextAtSource() != todoForward })
	byObject := map[[2]string][]*item{}
	for _, i := range list {
		o := [2]string{i.m.ConnA, i.ref.Object}
		byObject[o] = append(byObject[o], i)
	}
	for _, o := range sortedKeys(byObject) {
		e.forwardObject(ctx, b, o, byObject[o])
	}
}

func (e *Engine) forwardObject(ctx context.Context, b *batch, object [2]string, items []*item) {
	ctx = e.labelItems(ctx, items)
	var queues, ids []string
	for _, i := range items {
		queues, ids = append(queues, i.m.AtSource.Queue), append(ids, i.ref.ID)
	}
	reads, err := e.Connections[object[0]].Read(ctx, connector.ReadRequest{Object: object[1], IDs: ids, Fields: distinct(queues)})
	if err == nil && len(reads) != len(items) {
		err = fmt.Errorf("%s did not answer every read", object[0])
	}
	w, writerErr := e.writer(object[0])
	if err = errors.Join(err, writerErr); err != nil {
		for _, i := range items {
			e.comeAgain(i, err)
		}
		return
	}
	var going, gone []*item
	var writes []connector.Write
	for n, i := range items {
		switch e.mayForward(ctx, i, reads[n]) {
		case forwardNow:
			e.tellForward(b, i)
			i.sendsForward(reads[n].Record.Modified)
			going = append(going, i)
			fields := map[string]record.Value{"From_Queue": record.Of(i.link.Todo[i.todoAt(todoForward)].Handle)}
			if to := i.m.AtSource.To; to != "" {
				fields["To_Queue"] = record.Of(to)
			}
			writes = append(writes, connector.Write{Op: connector.OpAct, Action: todoForward, Object: i.ref.Object, ID: i.ref.ID, Fields: fields, Base: reads[n].Record})
		case forwardedAlready:
			e.forwarded(i)
			gone = append(gone, i)
		}
	}
	e.putTodos(ctx, gone)
	if going, writes = e.intendForwards(ctx, going, writes); len(going) == 0 {
		return
	}
	if err := e.flush(ctx, b.audit); err != nil {
		e.undecided(going, err)
		return
	}
	outcomes := w.Write(ctx, writes)
	var done []*item
	for n, i := range going {
		o := connector.Outcome{Status: connector.Unknown, Err: errors.New("the connector did not answer this row")}
		if n < len(outcomes) {
			o = outcomes[n]
		}
		if e.takeForward(ctx, b, i, o) {
			done = append(done, i)
		}
	}
	e.putTodos(ctx, done)
}

// sendsForward notes with the todo that the record is being forwarded, as it stands now.
func (i *item) sendsForward(stands time.Time) {
	n := i.todoAt(todoForward)
	i.link.Todo = slices.Clone(i.link.Todo)
	i.link.Todo[n].Tries++
	i.link.Todo[n].Seen = stands
}

// notForwarded takes that back: the forward was surely not carried out.
func (i *item) notForwarded() {
	n := i.todoAt(todoForward)
	i.link.Todo = slices.Clone(i.link.Todo)
	i.link.Todo[n].Tries, i.link.Todo[n].Seen = 0, time.Time{}
}

// intendForwards stores that records are about to be forwarded, and gives those that it could be stored for.
func (e *Engine) intendForwards(ctx context.Context, items []*item, writes []connector.Write) (going []*item, sent []connector.Write) {
	e.putTodos(ctx, items)
	for n, i := range items {
		if i.nextAtSource() == todoForward {
			going, sent = append(going, i), append(sent, writes[n])
		}
	}
	return going, sent
}

// tellForward tells the trail that a record is about to be forwarded.
func (e *Engine) tellForward(b *batch, i *item) {
	queue := record.Of(i.link.Todo[i.todoAt(todoForward)].Handle)
	b.audit.add(Entry{At: time.Now(), Ref: i.ref, Target: i.ref, Mapping: i.m.Name, Version: i.m.Version, Cause: i.task.Cause, Run: i.task.Run, Actor: i.task.Actor, Kind: todoForward, Prev: i.link.Page,
		Fields: []plan.FieldDecision{{Field: "From_Queue", Action: plan.WriteIt, Rule: todoForward, New: queue}}}, false)
	i.link.Page = b.audit.page()
}

type forwardState int

const (
	forwardLater forwardState = iota
	forwardNow
	forwardedAlready
)

// mayForward judges a record as it stands a moment before it is forwarded.
func (e *Engine) mayForward(ctx context.Context, i *item, read record.Read) forwardState {
	switch read.State {
	case record.Found:
	case record.Unanswered, record.NoRight:
		e.comeAgain(i, errOr(read.Err, i.ref.String()+" could not be read"))
		return forwardLater
	default: // gone or merged: the next look says what becomes of it
		i.result = &Result{End: Later, Until: time.Now(), Counts: i.counts(), Err: errors.New(i.ref.String() + " is not there any more")}
		return forwardLater
	}
	todo := i.link.Todo[i.todoAt(todoForward)]
	if r := read.Record; r.Archived || !strings.EqualFold(strings.TrimSpace(r.Field(i.m.AtSource.Queue).Text()), todo.Handle) {
		return forwardedAlready
	}
	if todo.Tries > 0 && read.Record.Modified.After(todo.Seen) { // somebody changed it, or put it back after it was forwarded: nothing tells which
		e.stopAtSource(ctx, i, link.Reason{Category: plan.ForwardUnsure, Text: fmt.Sprintf("it is exported and its forward from %s was sent, but the answer was lost, and it was changed or put back since. Look in its history whether it was forwarded: forward it by hand, or have it forwarded: crosswalk retry %s",
			todo.Handle, i.ref)}, "forward/"+i.ref.String(), unsurePause)
		return forwardLater
	}
	if i.source != nil && read.Record.Modified.After(i.source.Modified) { // changed while it was exported
		i.result = &Result{End: Later, Until: time.Now(), Counts: i.counts(), Err: errors.New("it changed while it was exported, and is exported again")}
		return forwardLater
	}
	return forwardNow
}

// forwarded takes the todo and the complaint about it off the link.
func (e *Engine) forwarded(i *item) {
	i.strike(todoForward)
	if i.link.Reason != nil && i.mayClear() && i.link.Reason.Category != plan.IgnoredWrite {
		i.link.Reason, i.over = nil, true
	}
}

// takeForward takes the answer to a forward; it tells whether the link is to be stored with the todo struck.
func (e *Engine) takeForward(ctx context.Context, b *batch, i *item, o connector.Outcome) bool {
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.ref, Status: string(o.Status), Note: strings.TrimSpace(todoForward + " " + textOf(o.Err))})
	switch o.Status {
	case connector.Done:
		e.forwarded(i)
		return true
	case connector.Retry:
		i.notForwarded()
		if e.putTodo(ctx, i) {
			e.comeAgain(i, errOr(o.Err, "it is not forwarded yet"))
		}
	case connector.Refused:
		i.notForwarded()
		category := plan.RefusedCall
		if connector.FaultOf(o.Err) == connector.Forbidden {
			category = plan.NoRights
		}
		e.stopAtSource(ctx, i, link.Reason{Category: category, Text: fmt.Sprintf("it is exported, and could not be forwarded from %s: %v. Mend it there, or forward it by hand; it is tried again every hour, or at once: crosswalk retry %s",
			i.link.Todo[i.todoAt(todoForward)].Handle, o.Err, i.ref)}, "forward/"+i.ref.String(), sourcePause)
	default: // the next look tells whether it was forwarded
		e.comeAgain(i, errOr(o.Err, "it is not known to be forwarded"))
	}
	return false
}

// foreseeSource shows in a preview what would follow at a: the lines as records of their own, the audit and the forward as fields.
func (e *Engine) foreseeSource(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		if i.m == nil || i.m.AtSource == nil || i.source == nil {
			continue
		}
		switch i.decision.Kind {
		case plan.Create, plan.Adopt:
			i.link.Todo = e.todos(i.m)
		case plan.Update, plan.Settle, plan.Nothing:
			e.exportAgain(i)
		default:
			continue
		}
		if i.todoAt(todoLines) >= 0 {
			e.foreseeLines(ctx, b, i)
		}
		if n := i.todoAt(todoAudit); n >= 0 && i.link.Todo[n].Handle != "" {
			i.decision.Fields = append(i.decision.Fields, plan.FieldDecision{Field: "at_source.audit", Action: plan.WriteIt, Rule: todoAudit, New: record.Of(i.link.Todo[n].Handle)})
		}
		e.keepQueue(i)
		if n := i.todoAt(todoForward); n >= 0 {
			text := "from " + i.link.Todo[n].Handle + " to the next queue"
			if to := i.m.AtSource.To; to != "" {
				text = "from " + i.link.Todo[n].Handle + " to " + to
			}
			i.decision.Fields = append(i.decision.Fields, plan.FieldDecision{Field: "at_source.forward", Action: plan.WriteIt, Rule: todoForward, New: record.Of(text)})
		}
	}
}

// foreseeLines decides the lines of a record that is still to be made, as if it were.
func (e *Engine) foreseeLines(ctx context.Context, b *batch, i *item) {
	a := b.set.byName[i.m.AtSource.Lines]
	if a == nil {
		return
	}
	own := b.foresight == nil
	if own {
		b.foresight = e.foresee("", 0)
	}
	if i.link.State != link.Linked {
		id := newID(i.ref)
		if i.target != nil {
			id = i.target.Ref.ID
		}
		b.foresight.seen[b.foresight.key(i.m.Slot, i.ref)] = foreseen{State: plan.Ready, ID: id, Page: b.foresight.page}
	}
	lines := e.lineItems(b, i, a)
	e.workItems(ctx, b, open(lines))
	if own {
		b.foresight = nil
	}
	missing := missingOf(i.m, lines)
	if n := i.todoAt(todoAudit); n >= 0 && len(missing) > 0 {
		i.link.Todo[n].Handle = cutText(i.m.AtSource.AuditText(missing), maxNoted)
	}
}
