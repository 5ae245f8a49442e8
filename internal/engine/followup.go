package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// followUp does what stands in a linked document's todo list, in order. Every step looks at the state first and is struck
// from the list by a conditional put; what sends something to people is struck before the call: at most once.
func (e *Engine) followUp(ctx context.Context, b *batch, items []*item) {
	if b.preview {
		return
	}
	e.verify(ctx, b, items)
	e.followSource(ctx, b, items)
	for _, i := range items {
		if i.m.AtSource != nil {
			continue
		}
		for i.bringOwn() && i.link.Todo[0].Do != "verify" && !i.waiting() {
			if !e.doNext(ctx, b, i) {
				break
			}
		}
		i.leaveToPair()
	}
}

// revive takes the follow-ups up again that were given up for a wrong total or a failed opening, when a person says retry:
// the document is read back first, as at the beginning. Nothing that was sent to anybody is sent again: those words come
// after the opening, and were never reached. What follows at a is put on the list again where it is due once more.
func (e *Engine) revive(i *item) {
	e.exportAgain(i)
	if i.task.Cause != "retry" || i.link.State != link.Linked || i.m.Document == nil || len(i.link.Todo) > 0 || i.link.Reason == nil {
		return
	}
	if c := i.link.Reason.Category; c == plan.AmountWrong || c == plan.OpenFailed {
		i.link.Todo = e.todos(i.m)
	}
}

// waiting tells whether the item's result already says that it must come again.
func (i *item) waiting() bool {
	return i.result != nil && (i.result.End == Later || i.result.End == Retry) && i.result.Err != nil
}

// verify reads new and changed documents back (all of the batch together), learns their lines, and compares the net total
// with the plan's: another total is a sync error, and such a document is never opened.
func (e *Engine) verify(ctx context.Context, b *batch, items []*item) {
	byObject := map[[2]string][]*item{}
	for _, i := range items {
		if len(i.link.Todo) > 0 && i.link.Todo[0].Do == "verify" {
			o := [2]string{i.link.B.Connection, i.link.B.Object}
			byObject[o] = append(byObject[o], i)
		}
	}
	for _, o := range sortedKeys(byObject) {
		list := byObject[o]
		reads, err := e.readCounterparts(ctx, o, list)
		if err != nil {
			for _, i := range list {
				e.comeAgain(i, err)
			}
			continue
		}
		var puts []table.Put
		var verified []*item
		for n, i := range list {
			if e.takeVerified(i, reads[n]) {
				verified = append(verified, i)
				puts = append(puts, i.put(e.token()))
			}
		}
		for n, err := range e.Table.Put(ctx, puts) {
			i := verified[n]
			if err != nil {
				e.undecided(verified[n:n+1], err)
				continue
			}
			i.stored()
			if i.link.Reason != nil || i.over {
				if err := e.noteError(ctx, i); err != nil {
					e.undecided(verified[n:n+1], err)
				}
			}
		}
	}
}

// readBackNew is verify for documents that this batch made and whose links are not stored yet.
func (e *Engine) readBackNew(ctx context.Context, items []*item) {
	byObject := map[[2]string][]*item{}
	for _, i := range items {
		if len(i.link.Todo) > 0 && i.link.Todo[0].Do == "verify" && !i.resent {
			o := [2]string{i.link.B.Connection, i.link.B.Object}
			byObject[o] = append(byObject[o], i)
		}
	}
	for _, o := range sortedKeys(byObject) {
		reads, err := e.readCounterparts(ctx, o, byObject[o])
		for n, i := range byObject[o] {
			if err != nil {
				e.comeAgain(i, err)
			} else {
				e.takeVerified(i, reads[n])
			}
		}
	}
}

// comeAgain parks an item whose follow-up could not be done; what is done stays done.
func (e *Engine) comeAgain(i *item, err error) {
	r := meaning(time.Now(), i.m.ConnB, err)
	if r.End != Later {
		r = Result{End: Later, Until: time.Now().Add(transientPause), Err: err}
	}
	if i.result != nil {
		r.Counts = i.result.Counts
	}
	i.result = &r
}

// takeVerified compares a document as read back with what was planned.
func (e *Engine) takeVerified(i *item, read record.Read) bool {
	if read.State != record.Found || e.stale(read.Record.Modified, i.link.StampB) {
		if i.task.Stale < maxStale || read.State == record.Unanswered {
			e.comeAgain(i, errOr(read.Err, "the document cannot be read back yet"))
			i.result.Stale = i.task.Stale + 1
			return false
		}
	}
	if read.Record == nil {
		e.setReason(i, &link.Reason{Category: plan.TargetGone, Text: i.link.B.String() + " cannot be read back. Look in billing"})
		i.link.Todo = nil
		return true
	}
	i.target = read.Record
	net, ok := e.netOf(i, read.Record)
	if ok && net == i.decision.Net && read.Record.Field("currency").Text() == i.decision.Money {
		i.link.Net, i.link.Money = i.decision.Net, i.decision.Money // bytes of an older decision were found, and the deal is as it was then
	}
	wrong := !ok || net != i.link.Net
	if wrong && i.task.Stale < maxStale { // it may be an old copy: of a write that shows no record only a lower bound of its stamp is known
		e.comeAgain(i, errors.New("the document does not read back as it was written yet"))
		i.result.Stale = i.task.Stale + 1
		return false
	}
	e.learnLines(i)
	i.link.Todo = i.link.Todo[1:]
	if wrong {
		e.setReason(i, &link.Reason{Category: plan.AmountWrong,
			Text: fmt.Sprintf("%s reads back with another net total than was planned for %s; it is not opened. Correct it in billing", i.link.B, i.ref)})
		i.link.Todo = slices.DeleteFunc(i.link.Todo, func(t link.Todo) bool { return t.Do != "write_back" })
	} else if i.link.Reason != nil && i.link.Reason.Category == plan.AmountWrong {
		i.link.Reason = nil
		i.over = true
	}
	for key, pair := range i.link.Agreed {
		if v := read.Record.Field(key); v.Known() && pair.Unsure {
			pair.B, pair.Unsure = e.digestOf(v), false
			i.link.Agreed[key] = pair
		}
	}
	return true
}

// forgetLines gives up a line map with lines whose ids were not learnt when the document was read back (its bytes were of
// an older decision, or the deal was not won just then): what the document shows decides then, line by line (T4).
func (e *Engine) forgetLines(i *item) {
	if i.m.Document == nil || slices.ContainsFunc(i.link.Todo, func(t link.Todo) bool { return t.Do == "verify" }) {
		return
	}
	for _, l := range i.link.Lines {
		if l.ID == "" {
			i.link.Lines = nil
			return
		}
	}
}

// dropLostLines takes lines off the map that an unfinished intention may have removed: its delete went through, and nobody
// heard of it. A line that a person removed, with no intention of ours under way, stays on the map and is left alone.
func (e *Engine) dropLostLines(i *item) {
	if i.m.Document == nil { // its lines are records of their own (followupsource.go)
		return
	}
	there := map[string]bool{}
	for n := range i.target.Children {
		there[i.target.Children[n].Ref.ID] = true
	}
	for id, l := range i.link.Lines {
		if l.ID != "" && !there[l.ID] {
			delete(i.link.Lines, id)
		}
	}
}

// learnLines finds which line at b is which of ours: by id where known, else by equal fields. Lines that are nobody's are
// kept under their own id, so that the next decision removes them.
func (e *Engine) learnLines(i *item) {
	byID := map[string]bool{}
	for _, l := range i.link.Lines {
		byID[l.ID] = true
	}
	fresh := i.link.Lines == nil
	lines := map[string]link.Line{}
	for id, l := range i.link.Lines {
		lines[id] = l
	}
	for n := range i.target.Children {
		child := &i.target.Children[n]
		if byID[child.Ref.ID] {
			continue
		}
		matched := false
		for _, want := range i.decision.Lines {
			if have, ok := lines[want.SourceID]; (!ok && fresh || ok && have.ID == "") && sameLine(child, want.Fields) {
				lines[want.SourceID] = link.Line{ID: child.Ref.ID, Digest: want.Digest}
				matched = true
				break
			}
		}
		if !matched && (fresh || i.resent) {
			lines["?"+child.Ref.ID] = link.Line{ID: child.Ref.ID}
		}
	}
	i.link.Lines = lines
}

// netOf is a document's net total in minor units, as plan adds it up.
func (e *Engine) netOf(i *item, doc *record.Record) (string, bool) {
	return plan.NetOf(i.m.Mapping, doc)
}

// doNext does the first todo; it returns whether the next may follow.
func (e *Engine) doNext(ctx context.Context, b *batch, i *item) bool {
	switch todo := i.link.Todo[0]; todo.Do {
	case "send_email":
		return e.atMostOnce(ctx, b, i, todo)
	case "write_back":
		return e.writeBack(ctx, b, i)
	case afterLink:
		return e.runHook(ctx, b, i, afterLink, i.m.Hooks.AfterLink)
	case afterUpdate, afterUpdateHome:
		return e.runHook(ctx, b, i, afterUpdate, i.m.Hooks.AfterUpdate)
	default:
		return e.untilDone(ctx, b, i, todo)
	}
}

// reached tells whether a document's state shows that an action is done, or under way.
func reached(do, state string) (done, underWay bool) {
	switch do {
	case "open":
		return slices.Contains([]string{"OPEN", "PAYMENT_PENDING", "PARTIALLY_PAID", "PAID", "REVERSED", "ARCHIVED"}, state), state == "OPEN_IN_PROGRESS"
	case "publish":
		return slices.Contains([]string{"ACTIVE", "PENDING_TERMINATION", "TERMINATED"}, state), false
	case "archive":
		return state == "ARCHIVED", false
	}
	return false, false
}

// untilDone opens or publishes: read the state, act if not yet, ask again while it is under way (B7).
func (e *Engine) untilDone(ctx context.Context, b *batch, i *item, todo link.Todo) bool {
	reads, err := e.Connections[i.m.ConnB].Read(ctx, connector.ReadRequest{Object: i.link.B.Object, IDs: []string{i.link.B.ID}, Fields: []string{"state"}})
	if err != nil || len(reads) != 1 || reads[0].Record == nil {
		e.comeAgain(i, errOr(err, "the document's state could not be read"))
		return false
	}
	done, underWay := reached(todo.Do, reads[0].Record.Field("state").Text())
	switch {
	case done:
		if todo.Tries == 0 && todo.Do == "open" && slices.Contains(i.m.After, "einvoice") {
			e.setReason(i, &link.Reason{Category: plan.EMailUnsure, Text: fmt.Sprintf("%s was opened by somebody else, and an e-invoice is submitted while opening only. Submit it in billing", i.link.B)})
		}
		e.noLongerFailed(i)
		return e.strike(ctx, i)
	case underWay:
		i.result = &Result{End: Later, Until: time.Now().Add(stalePause), Counts: i.counts(), Err: errPending}
		return false
	case todo.Handle != "" && todo.Tries >= 3: // it was taken, and came back to draft
		return e.giveUpOpening(ctx, i, fmt.Sprintf("%s: %s did not succeed in billing. See the reason there, mend it, then: crosswalk retry %s", i.link.B, todo.Do, i.ref))
	}
	w, err := e.writer(i.m.ConnB)
	if err != nil {
		e.comeAgain(i, err)
		return false
	}
	i.link.Todo[0].Tries++
	if !e.tellStep(ctx, b, i, todo.Do, nil) || !e.putTodo(ctx, i) {
		return false
	}
	o := w.Write(ctx, []connector.Write{{Op: connector.OpAct, Action: todo.Do, Object: i.link.B.Object, ID: i.link.B.ID, Fields: actionFields(i, todo)}})[0]
	note := ""
	if o.Err != nil {
		note = o.Err.Error()
	}
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.link.B, Status: string(o.Status), Note: todo.Do + " " + note})
	switch o.Status {
	case connector.Done:
		i.link.StampB = laterOf(i.link.StampB, o.Stamp)
		e.noLongerFailed(i)
		return e.strike(ctx, i)
	case connector.Retry: // certainly not done: it counts as no try
		i.link.Todo[0] = todo
		if e.putTodo(ctx, i) {
			e.comeAgain(i, errOr(o.Err, "the system could not take it yet"))
		}
		return false
	case connector.Refused:
		return e.giveUpOpening(ctx, i, fmt.Sprintf("%s: %s: %v. Mend it in billing, then: crosswalk retry %s", i.link.B, todo.Do, o.Err, i.ref))
	}
	if o.Status == connector.Pending { // it ends after the call: the handle is kept before anybody waits for it (B7)
		i.link.Todo[0].Handle = o.Handle
		if i.link.Todo[0].Handle == "" {
			i.link.Todo[0].Handle = todo.Do
		}
		if !e.putTodo(ctx, i) {
			return false
		}
	}
	i.result = &Result{End: Later, Until: time.Now().Add(stalePause), Counts: i.counts(), Err: errOr(o.Err, errPending.Error())}
	return false
}

// actionFields are what an action is told beside its name. An e-invoice is submitted while opening only, so that word is
// done by the opening.
func actionFields(i *item, todo link.Todo) map[string]record.Value {
	out := map[string]record.Value{}
	if todo.Do == "open" && slices.Contains(i.m.After, "einvoice") {
		out["shouldSubmitEInvoice"] = record.Of("true")
	}
	if i.task.Cause == "retry" && todo.Tries == 0 {
		out["retry"] = record.Of("true") // a person mended what failed the last time
	}
	return out
}

// noLongerFailed takes the complaint of a failed opening back.
func (e *Engine) noLongerFailed(i *item) {
	if i.link.Reason != nil && i.link.Reason.Category == plan.OpenFailed {
		i.link.Reason, i.over = nil, true
	}
}

// giveUpOpening leaves a document as the draft it is: what would send it is given up too, until a person says retry.
func (e *Engine) giveUpOpening(ctx context.Context, i *item, text string) bool {
	e.setReason(i, &link.Reason{Category: plan.OpenFailed, Text: text})
	i.link.Todo = slices.DeleteFunc(i.link.Todo, func(t link.Todo) bool { return t.Do != "write_back" })
	return e.putTodo(ctx, i)
}

var errPending = fmt.Errorf("under way at the system")

func (i *item) counts() Counts {
	if i.result == nil {
		return Counts{}
	}
	return i.result.Counts
}

// atMostOnce strikes the todo before the call: an unknown outcome is shown to a person and never repeated. Only where
// certainly nothing was sent is it put back.
func (e *Engine) atMostOnce(ctx context.Context, b *batch, i *item, todo link.Todo) bool {
	w, err := e.writer(i.m.ConnB)
	if err != nil {
		e.comeAgain(i, err)
		return false
	}
	fields, err := e.emailFields(ctx, i)
	if err != nil {
		e.comeAgain(i, err)
		return false
	}
	if !e.tellStep(ctx, b, i, todo.Do, nil) || !e.strike(ctx, i) {
		return false
	}
	o := w.Write(ctx, []connector.Write{{Op: connector.OpAct, Action: todo.Do, Object: i.link.B.Object, ID: i.link.B.ID, Fields: fields}})[0]
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.link.B, Status: string(o.Status), Note: todo.Do})
	switch o.Status {
	case connector.Done, connector.Pending:
		if i.link.Reason != nil && i.link.Reason.Category == plan.EMailUnsure {
			i.link.Reason, i.over = nil, true
			return e.putTodo(ctx, i)
		}
		return true
	case connector.Retry:
		i.link.Todo = append([]link.Todo{todo}, i.link.Todo...)
		if e.putTodo(ctx, i) {
			e.comeAgain(i, errOr(o.Err, "the e-mail could not be sent yet"))
		}
		return false
	case connector.Refused:
		i.link.Todo = append([]link.Todo{todo}, i.link.Todo...)
		e.setReason(i, &link.Reason{Category: plan.EMailUnsure, Text: fmt.Sprintf("%s: %s was refused and nothing was sent: %v. Mend it, then: crosswalk retry %s", i.link.B, todo.Do, o.Err, i.ref)})
		e.putTodo(ctx, i)
		return false
	}
	e.setReason(i, &link.Reason{Category: plan.EMailUnsure, Text: fmt.Sprintf("%s: %s was asked once and its outcome is not known to be good (%v). Look in billing, and send it from there if it was not", i.link.B, todo.Do, o.Err)})
	return e.putTodo(ctx, i)
}

// emailFields are the words of the mapping's e-mail, with the document's values as they are now: an opened one has its
// number.
func (e *Engine) emailFields(ctx context.Context, i *item) (map[string]record.Value, error) {
	mail := i.m.Email
	if mail == nil {
		return nil, nil
	}
	if err := e.readAgain(ctx, i); err != nil {
		return nil, err
	}
	value := func(name string) string { return i.target.Field(name).Text() }
	out := map[string]record.Value{"subject": record.Of(mail.Fill(mail.Subject, value)), "replyTo": record.Of(mail.ReplyTo)}
	if mail.Message != "" {
		out["customMessage"] = record.Of(mail.Fill(mail.Message, value))
	}
	return out, nil
}

// readAgain reads a document anew: what was done to it since the last read shows.
func (e *Engine) readAgain(ctx context.Context, i *item) error {
	reads, err := e.Connections[i.m.ConnB].Read(ctx, connector.ReadRequest{Object: i.link.B.Object, IDs: []string{i.link.B.ID}, Fields: i.m.wantedB})
	if err != nil || len(reads) != 1 || reads[0].Record == nil {
		return errOr(err, "the document could not be read")
	}
	i.target = reads[0].Record
	return nil
}

// writeBack fills the mapping's write_back fields at a with what is known of the document.
func (e *Engine) writeBack(ctx context.Context, b *batch, i *item) bool {
	if err := e.readAgain(ctx, i); err != nil {
		e.comeAgain(i, err)
		return false
	}
	fields, reason, err := e.writtenBack(ctx, i)
	if err != nil {
		e.comeAgain(i, err)
		return false
	}
	if reason != nil {
		reason.Text = "write back: " + reason.Text
		e.setReason(i, reason)
		return e.strike(ctx, i)
	}
	return e.sendHome(ctx, b, i, "write_back", fields)
}

// sendHome writes fields of a, those that differ, and strikes the todo.
func (e *Engine) sendHome(ctx context.Context, b *batch, i *item, step string, fields map[string]record.Value) bool {
	w, err := e.writer(i.m.ConnA)
	if err != nil {
		e.comeAgain(i, err)
		return false
	}
	for name, v := range fields {
		if i.source != nil && i.source.Field(name).Same(v) || v.Kind() == record.Absent {
			delete(fields, name)
		}
	}
	if len(fields) > 0 {
		if !e.tellStep(ctx, b, i, step, fields) || !e.putTodo(ctx, i) {
			return false
		}
		o := w.Write(ctx, []connector.Write{{Op: connector.OpUpdate, Object: i.ref.Object, ID: i.ref.ID, Fields: fields, Base: i.source}})[0]
		b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: i.ref, Status: string(o.Status), Note: strings.TrimSpace(step + " " + textOf(o.Err))})
		if o.Status == connector.Refused {
			r := &link.Reason{Category: plan.RefusedCall, Text: step + ": " + o.Err.Error()}
			if step != "write_back" {
				return e.hookFailed(ctx, i, r)
			}
			e.setReason(i, r)
		} else if o.Status != connector.Done {
			e.comeAgain(i, errOr(o.Err, step+" is not done"))
			return false
		}
	}
	return e.strike(ctx, i)
}

// writtenBack works out the values that go home, expressions included.
func (e *Engine) writtenBack(ctx context.Context, i *item) (map[string]record.Value, *link.Reason, error) {
	var calls []ScriptCall
	for _, f := range i.m.WriteBack {
		if f.Value != "" {
			calls = append(calls, ScriptCall{Source: f.Value, Args: scriptArgs(i)})
		}
	}
	results, err := e.Scripts.Run(ctx, calls)
	if err != nil || len(results) != len(calls) {
		return nil, nil, errOr(err, "not every expression of write_back was answered")
	}
	scripts := map[string]plan.ScriptResult{}
	for n, c := range calls {
		scripts[c.Source] = results[n]
	}
	account, err := e.account(ctx, i.m.ConnA)
	if err != nil {
		return nil, nil, err
	}
	fields, reason := plan.WriteBack(&plan.Facts{Mapping: i.m.Mapping, Tools: e.Tools, Account: account, Source: i.target, Scripts: scripts})
	return fields, reason, nil
}

// strike takes the first todo off the list, under the link's condition.
func (e *Engine) strike(ctx context.Context, i *item) bool {
	i.link.Todo = i.link.Todo[1:]
	return e.putTodo(ctx, i)
}

func (e *Engine) putTodo(ctx context.Context, i *item) bool {
	err := e.putItem(ctx, i)
	if err != nil {
		e.undecided([]*item{i}, err)
		return false
	}
	i.stored()
	if i.link.Reason != nil || i.over {
		if err := e.noteError(ctx, i); err != nil {
			e.undecided([]*item{i}, err)
			return false
		}
	}
	return true
}
