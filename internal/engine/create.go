package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// act carries decisions out: what was claimed before is looked for, the rest is created, linked or updated, each kind in
// one batch; then the follow-ups.
func (e *Engine) act(ctx context.Context, b *batch, items []*item) {
	if b.rebuild != nil {
		e.adoptOnly(ctx, b, items)
		return
	}
	var claimed, creates, adopts, updates, quiet []*item
	for _, i := range items {
		e.revive(i)
		switch {
		case i.link.State == link.Claimed:
			claimed = append(claimed, i)
		case i.decision.Kind == plan.Create:
			creates = append(creates, i)
		case i.decision.Kind == plan.Adopt:
			adopts = append(adopts, i)
		case i.decision.Kind == plan.Update || i.decision.Kind == plan.Settle:
			updates = append(updates, i)
		default:
			quiet = append(quiet, i)
		}
	}
	e.takeOver(ctx, b, claimed)
	e.create(ctx, b, creates)
	e.adopt(ctx, b, adopts)
	e.update(ctx, b, updates)
	e.unchanged(ctx, b, quiet)
	var linked []*item
	for _, i := range items {
		if i.link.State == link.Linked && len(i.link.Todo) > 0 && (i.result == nil || i.result.End == Done || i.unlearnt) {
			linked = append(linked, i)
		}
	}
	e.followUp(ctx, b, linked)
	for _, i := range items {
		i.end(Result{End: Done})
		if i.result.End == Done { // left out, patched when one of those is linked (B12)
			i.waitForLinks(slices.Concat(i.decision.Later, i.decision.Barred))
		}
		e.afterMerge(ctx, b, i)
	}
}

// chunkOf is chunk where a vendor takes one record a call; where a call takes many, ten calls' worth of them.
func (e *Engine) chunkOf(items []*item) int {
	size := maxChunk
	for _, i := range items {
		rows := 0
		if w, err := e.writer(i.m.ConnB); err == nil && i.m.Document == nil {
			rows = w.Traits(i.m.B.Object).Rows
		}
		size = min(size, max(chunk, 10*rows))
	}
	return size
}

const maxChunk = 1000

// chunk is how many records are intended and then sent together: few enough that the last of them goes out well within
// SendWithin even where a vendor takes five calls a second, one record a call.
const chunk = 50

// create is protocol 1 and 3: claim, write down, send, remember.
func (e *Engine) create(ctx context.Context, b *batch, items []*item) {
	if len(items) == 0 {
		return
	}
	items = e.unmade(ctx, items)
	if !e.Bugs.NoClaim {
		e.claimKeys(ctx, b, items)
	}
	items = e.reserveMirrors(ctx, b, e.brake(ctx, b, open(items), creating))
	e.takeAlong(ctx, b, items)
	items = open(items)
	for len(items) > 0 {
		n := e.chunkAlong(items)
		e.createChunk(ctx, b, items[:n])
		items = items[n:]
	}
}

func (e *Engine) createChunk(ctx context.Context, b *batch, items []*item) {
	now := time.Now()
	puts := e.claims(b, items, now)
	if e.Bugs.FenceAfter {
		e.send(ctx, b, items)
		e.putLinks(ctx, items, puts)
		return
	}
	if !e.Bugs.NoClaim {
		items = e.putLinks(ctx, items, puts)
		items = e.claimAlong(ctx, b, items, now)
	}
	e.send(ctx, b, items)
}

// claims writes down that items are about to be created; nothing is stored yet.
func (e *Engine) claims(b *batch, items []*item, now time.Time) []table.Put {
	puts := make([]table.Put, len(items))
	for n, i := range items {
		before := link.Claim{} // a claim that was given up left its attempt behind
		if i.link.Claim != nil {
			before = *i.link.Claim
		}
		key := e.markerOf(i.m.Slot, i.ref, before.Generation)
		i.token, i.intended = e.token(), now
		i.link.State, i.link.Reason = link.Claimed, nil
		i.link.Claim = &link.Claim{Key: key, Generation: before.Generation, Attempt: before.Attempt, Token: i.token, At: now, Until: now.Add(e.ClaimFor),
			Sends: 1, SentAt: now, Object: i.m.B.Object, Net: i.decision.Net, Money: i.decision.Money}
		i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
		i.link.Needs = i.billed()
		if i.bothWays() { // what is about to be sent, for whoever finds it if the answer is lost
			i.link.Agreed = i.decision.Agreed
		}
		e.record(b, i)
		puts[n] = i.put(i.token)
	}
	return puts
}

func open(items []*item) []*item {
	var out []*item
	for _, i := range items {
		if !i.done() {
			out = append(out, i)
		}
	}
	return out
}

// putLinks stores links under their conditions; those another worker got first end and start over later.
func (e *Engine) putLinks(ctx context.Context, items []*item, puts []table.Put) []*item {
	var kept []*item
	for n, err := range e.Table.Put(ctx, puts) {
		if err != nil {
			e.fail(ctx, items[n:n+1], "", err)
			continue
		}
		items[n].stored()
		kept = append(kept, items[n])
	}
	return kept
}

// send carries claimed creates out, each connection's in one batch, and remembers their outcomes. A document's exact bytes
// are kept before the first send and sent again ever after (A6).
func (e *Engine) send(ctx context.Context, b *batch, items []*item) {
	byConn := map[string][]*item{}
	var order []string
	for _, i := range items {
		if byConn[i.m.ConnB] == nil {
			order = append(order, i.m.ConnB)
		}
		byConn[i.m.ConnB] = append(byConn[i.m.ConnB], i)
	}
	for _, conn := range order {
		w, err := e.writer(conn)
		if err != nil {
			e.fail(ctx, byConn[conn], conn, err)
			continue
		}
		list := e.keepBodies(ctx, w, byConn[conn])
		if err := e.flush(ctx, b.audit); err != nil {
			e.fail(ctx, list, "", err)
			continue
		}
		list = e.inTime(list)
		writes := make([]connector.Write, len(list))
		for n, i := range list {
			writes[n] = e.createWrite(w, i)
		}
		if len(writes) == 0 {
			continue
		}
		sendCtx, cancel := context.WithDeadline(e.labelItems(ctx, list), list[0].intended.Add(e.SendWithin+w.Traits(list[0].m.B.Object).Deadline))
		outcomes := w.Write(sendCtx, writes)
		cancel()
		for n, i := range list {
			o := connector.Outcome{Status: connector.Unknown, Err: errors.New("the connector did not answer this row")}
			if n < len(outcomes) {
				o = outcomes[n]
			}
			o.Err = i.nameAlong(o.Err)
			e.giveAlongBack(ctx, i, o)
			e.takeCreated(ctx, b, i, o)
			e.tookAlong(b, i, o)
		}
		e.finishLinks(ctx, b, withAlong(list))
		e.endAlong(ctx, b, list)
	}
}

// inTime drops items whose intention is too old to send on (A4): a worker that was frozen after its claim sends nothing.
func (e *Engine) inTime(items []*item) []*item {
	var out []*item
	for _, i := range items {
		if !e.Bugs.FenceAfter && time.Since(i.intended) >= e.SendWithin {
			i.end(Result{End: Later, Until: i.intended.Add(e.ClaimFor)})
			continue
		}
		out = append(out, i)
	}
	return out
}

func (e *Engine) createWrite(w connector.Writer, i *item) connector.Write {
	fields := make(map[string]record.Value, len(i.decision.Write)+1)
	for k, v := range i.decision.Write {
		fields[k] = v
	}
	c := i.link.Claim
	if marker := w.Traits(c.Object).MarkerField; marker != "" {
		fields[marker] = record.Of(c.Key)
	}
	write := connector.Write{Op: connector.OpCreate, Object: c.Object, Fields: fields, Key: e.idempotencyKey(i)}
	if i.body != nil {
		write.Body = i.body.Body
	}
	for _, l := range i.decision.Lines {
		write.Children = append(write.Children, l.Fields)
	}
	for _, kid := range i.along {
		write.Children = append(write.Children, e.alongFields(w, kid))
	}
	return write
}

// idempotencyKey is the claim's key and attempt: never content, mapping, version or kind.
func (e *Engine) idempotencyKey(i *item) string {
	c := i.link.Claim
	switch {
	case e.Bugs.KeyFromContent:
		return e.mac(8, fmt.Sprint(i.decision.Write, i.decision.Net))
	case e.Bugs.NewKeyOnRetry:
		return e.token()
	}
	return c.Key + "." + strconv.Itoa(c.Attempt)
}

// keptBody is what is stored with the intention to make a document: the exact bytes, and what they come to.
type keptBody struct {
	Body  []byte            `json:"body"`
	Net   string            `json:"net"`
	Money string            `json:"money"`
	Lines map[string]string `json:"lines"` // digests by source line
}

// keepBodies stores the exact bytes of documents; bytes that are there already are what will be sent.
func (e *Engine) keepBodies(ctx context.Context, w connector.Writer, items []*item) []*item {
	var docs []*item
	var puts []table.Put
	for _, i := range items {
		if i.m.Document == nil {
			continue
		}
		body, err := w.Encode(e.createWrite(w, i))
		if err != nil {
			e.release(ctx, i, plan.RefusedCall, err.Error())
			continue
		}
		kept := keptBody{Body: body, Net: i.decision.Net, Money: i.decision.Money, Lines: map[string]string{}}
		for _, l := range i.decision.Lines {
			kept.Lines[l.SourceID] = l.Digest
		}
		i.body = &kept
		docs = append(docs, i)
		puts = append(puts, put(bodyKey(i.link.Claim.Key, i.link.Claim.Attempt), kept, i.token, table.IfAbsent()))
	}
	for n, err := range e.Table.Put(ctx, puts) {
		var conflict *table.ConflictError
		switch {
		case errors.As(err, &conflict) && conflict.Current != nil:
			var before keptBody
			if err := json.Unmarshal(conflict.Current.Data, &before); err != nil {
				e.fail(ctx, docs[n:n+1], "", fmt.Errorf("kept body: %w", err))
				continue
			}
			docs[n].body, docs[n].resent = &before, true
		case err != nil:
			e.fail(ctx, docs[n:n+1], "", err)
		}
	}
	return open(items)
}

// takeCreated turns the vendor's answer for one create into the link's next state. It does not store anything yet.
func (e *Engine) takeCreated(ctx context.Context, b *batch, i *item, o connector.Outcome) {
	note := ""
	if o.Err != nil {
		note = o.Err.Error()
	}
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: o.Ref, Status: string(o.Status), Note: note})
	if o.Status == connector.Unknown && e.Bugs.UnknownIsDone {
		i.end(Result{End: Done, Counts: Counts{Created: 1}})
		return
	}
	if connector.FaultOf(o.Err) == connector.Clash && o.Status == connector.Refused {
		if i.resent { // it was looked for and is not there: the key was spent on an attempt that made nothing
			e.nextAttempt(ctx, i, o.Err)
			return
		}
		o.Status = connector.Unknown // the key was seen with other bytes: something may have been made, and must be looked for
	}
	switch o.Status {
	case connector.Done, connector.Pending:
		e.becomeLinked(i, o.Ref, o.Record, o.Stamp)
		i.result = &Result{End: Done, Counts: Counts{Created: 1}}
	case connector.Exists: // nothing of ours was written: both sides are still to be compared
		e.becomeLinked(i, o.Ref, nil, time.Time{})
		if i.m.Document == nil {
			i.link.Agreed, i.met = nil, true
		}
		i.result = &Result{End: Done, Counts: Counts{Linked: 1}}
		if i.m.home != nil || i.m.out != nil { // what it holds is its own: the two meet as matched records do
			i.link.Agreed = map[string]link.Pair{}
			i.again = true
		}
	case connector.Refused:
		if i.noteRefused(e, o.Err) {
			e.nextAttempt(ctx, i, o.Err)
			return
		}
		category, text := e.diagnose(ctx, b, i, o.Err)
		e.release(ctx, i, category, text)
	case connector.Retry:
		e.unclaim(ctx, i, o.Err)
	default:
		i.end(Result{End: Later, Until: i.link.Claim.Until, Err: o.Err})
	}
}

// becomeLinked fills in the link as it will be stored: both refs, what both sides read as, and the follow-ups (T12).
func (e *Engine) becomeLinked(i *item, ref record.Ref, answered *record.Record, stamp time.Time) {
	i.link.State, i.link.B, i.link.Reason = link.Linked, ref, nil
	i.link.StampA, i.link.StampB = i.source.Modified, stamp
	i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
	i.link.Agreed = e.agreedAfter(i, answered)
	claim := i.link.Claim
	i.link.Claim = claim.Given()
	i.link.Todo = e.todos(i.m)
	if i.m.Document == nil {
		return
	}
	i.link.Net, i.link.Money = claim.Net, claim.Money
	i.link.Made = &link.Made{Mapping: i.m.Name, Version: i.m.Version, Run: i.task.Run, At: time.Now()}
	i.link.Made.Approver, i.link.Made.Single = e.approverOf(i)
	i.link.Lines = map[string]link.Line{}
	if i.body != nil {
		i.link.Net, i.link.Money = i.body.Net, i.body.Money
		for id, digest := range i.body.Lines {
			i.link.Lines[id] = link.Line{Digest: digest}
		}
	}
}

// agreedAfter gives the pairs after a create: what the answer shows, else what was sent. Where bytes of an older decision
// were sent, a field that differs from today's is marked as changed at a, so that it is written next.
func (e *Engine) agreedAfter(i *item, answered *record.Record) map[string]link.Pair {
	if e.Bugs.BaseNotMoved {
		return nil
	}
	out, older := map[string]link.Pair{}, i.resent && !i.anew
	for key, pair := range i.decision.Agreed {
		field, _ := i.m.fieldFor(key)
		v := answered.Field(field.B)
		if v.Known() {
			shown := e.shownAt(i.m, key, true, answered)
			if older && shown != link.Shown(pair.B) {
				pair.A = changedAtA
			}
			pair.B, pair.Unsure = link.ShownAs(shown, pair.B), false
		} else if older {
			pair.A = changedAtA
		}
		out[key] = pair
	}
	if older && len(i.decision.Agreed) == 0 { // found when it was not to be made any more: what of it is older than the record nobody knows
		for _, field := range i.m.Fields {
			if v := answered.Field(field.B); field.B != "" && v.Known() {
				out[field.Key()] = link.Pair{A: changedAtA, B: e.shownAt(i.m, field.Key(), true, answered)}
			}
		}
	}
	return out
}

// changedAtA is no digest: a pair with it counts as changed at a.
const changedAtA = plan.Changed

func (e *Engine) digestOf(v record.Value) string {
	if v.Blank() {
		return e.Tools.Digest("")
	}
	return e.Tools.Digest(v.Text())
}

// todos are what follows a link, in this order: a document is read back first, and opened only if it is right.
func (e *Engine) todos(a *Active) []link.Todo {
	if e.Bugs.LosesTodo {
		return nil
	}
	var out []link.Todo
	if a.Document != nil {
		out = append(out, link.Todo{Do: "verify", Since: time.Now()})
	}
	if a.afterLink() != "" {
		out = append(out, link.Todo{Do: afterLink, Since: time.Now()})
	}
	for _, word := range a.After {
		if word == "einvoice" {
			continue // it is done by open
		}
		out = append(out, link.Todo{Do: word, Since: time.Now()})
	}
	return out
}

// finishLinks reserves the target side and then stores the links: protocol step 7 in its ordered form. Killed between the
// two, the reservation names the same source and the take-over goes on. Documents just made are read back before, so that
// one put does for both; what cannot be read back yet is linked all the same, and its todo stands.
func (e *Engine) finishLinks(ctx context.Context, b *batch, items []*item) {
	var linked []*item
	for _, i := range items {
		if i.link.State == link.Linked && i.result != nil && i.result.End == Done {
			linked = append(linked, i)
		}
	}
	linked = e.reserve(ctx, b, linked)
	e.readBackNew(ctx, linked)
	puts := make([]table.Put, len(linked))
	for n, i := range linked {
		puts[n] = i.put(i.token)
		if e.Bugs.NoClaim {
			puts[n].If = table.Condition{}
		}
	}
	for n, err := range e.Table.Put(ctx, puts) {
		i := linked[n]
		if err != nil {
			i.result = nil
			i.link.State = link.Claimed
			e.fail(ctx, linked[n:n+1], "", err)
			continue
		}
		i.stored()
		if err := e.afterLinked(ctx, i); err != nil {
			e.undecided(linked[n:n+1], err)
		}
		if i.again && i.result.End == Done {
			i.result = &Result{End: Later, Until: time.Now(), Counts: i.result.Counts}
		}
	}
	if err := e.compareNext(ctx, linked); err != nil {
		e.undecided(linked, err)
	}
	if err := e.tallyLinked(ctx, linked); err != nil {
		e.undecided(linked, err)
	}
	if err := e.flushOutcomes(ctx, b.audit); err != nil {
		e.undecided(linked, err)
	}
}

// bothWays tells whether the mapping that decides works both ways.
func (i *item) bothWays() bool { return i.m != nil && (i.m.home != nil || i.m.out != nil) }

// compareNext has pairs looked at again whose records were made apart.
func (e *Engine) compareNext(ctx context.Context, items []*item) error {
	var tasks []Task
	for _, i := range items {
		if i.met && i.link.State == link.Linked {
			tasks = append(tasks, Task{Ref: i.ref, Cause: "link", Mapping: i.task.Mapping})
		}
	}
	if len(tasks) == 0 {
		return nil
	}
	return e.Enqueue(ctx, lane.Live, tasks)
}

// afterLinked closes the sync error the record had and wakes what waits for it.
func (e *Engine) afterLinked(ctx context.Context, i *item) error {
	if err := e.noteError(ctx, i); err != nil {
		return err
	}
	if i.bothWays() { // a record of the other system may refer to this one by its counterpart
		if err := e.wake(ctx, i.link.B.String()); err != nil {
			return err
		}
	}
	for _, survivor := range []*record.Record{i.source, i.target} {
		if err := e.wakeMerged(ctx, survivor); err != nil {
			return err
		}
	}
	return e.wake(ctx, i.ref.String())
}

// reserve puts a pointer at each target: unique from both sides. A pointer of our own source is ours already; a stale one
// of another source, whose link does not name this target, is taken over.
func (e *Engine) reserve(ctx context.Context, b *batch, items []*item) []*item {
	if e.Bugs.NoPointer {
		return items
	}
	var homeward []*item
	items = slices.DeleteFunc(slices.Clone(items), func(i *item) bool {
		if i.home() {
			homeward = append(homeward, i)
		}
		return i.home()
	})
	puts := make([]table.Put, len(items))
	for n, i := range items {
		p := link.Pointer{Slot: i.link.Slot, B: i.link.B, A: i.ref, At: time.Now()}
		puts[n] = put(e.pointerKey(i.link.Slot, i.link.B), p, e.token(), table.IfAbsent())
	}
	var kept []*item
	for n, err := range e.Table.Put(ctx, puts) {
		i := items[n]
		if err == nil {
			kept = append(kept, i)
			continue
		}
		ok, err := e.takePointer(ctx, i, puts[n].Key)
		switch {
		case err != nil:
			e.undecided(items[n:n+1], err)
		case ok:
			kept = append(kept, i)
		case i.result != nil && i.result.End == Later: // the target is being carried over itself
		default:
			e.placeTaken(ctx, b, i)
		}
	}
	return append(kept, e.reserveHome(ctx, b, homeward)...)
}

func (e *Engine) takePointer(ctx context.Context, i *item, key table.Key) (bool, error) {
	there, err := getItem[seat](ctx, e.Table, key)
	if err != nil {
		return false, err
	}
	holderRef, own := there.Value.pointer.A, there.Value.own
	waits := func() {
		i.result = nil
		i.link.State, i.link.B = link.None, record.Ref{}
		i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
	}
	if holderRef == i.ref { // put once more: whoever read it when it led nowhere yet must not write over it now
		err := e.putOne(ctx, key, link.Pointer{Slot: i.link.Slot, B: i.link.B, A: i.ref, At: time.Now()}, table.IfRev(there.Rev))
		if lost(err) {
			waits()
			return false, nil
		}
		return err == nil, err
	}
	switch {
	case own.State == link.Claimed: // it is being carried over itself: one of the two finds the other when it is looked at again
		waits()
		return false, nil
	case own.State == link.Alias, own.State == link.Tombstone && !wasLetGo(&own), own.Ignored != nil, own.Unlinked() && own.State == link.Held:
		return false, nil
	}
	if there.Rev != 0 && !holderRef.IsZero() {
		holder, err := getItem[link.Link](ctx, e.Table, e.linkKey(i.link.Slot, holderRef))
		if err != nil {
			return false, err
		}
		h := holder.Value
		if h.State == link.Linked && h.B == i.link.B || h.State == link.Claimed || h.Intent != nil {
			return false, nil
		}
		if underWay(there.Value.pointer) {
			waits()
			return false, nil
		}
	}
	p := link.Pointer{Slot: i.link.Slot, B: i.link.B, A: i.ref, At: time.Now()}
	err = e.putOne(ctx, key, p, table.IfRev(there.Rev))
	if lost(err) {
		return false, nil
	}
	if err == nil {
		err = e.overAlone(ctx, &own, i.link.B)
	}
	return err == nil, err
}

// overAlone closes the sync error of a record of b that was held by itself, and has a counterpart now.
func (e *Engine) overAlone(ctx context.Context, own *link.Link, ref record.Ref) error {
	if own.State != link.Held || own.Reason == nil {
		return nil
	}
	return e.closeError(ctx, own.Reason.Category, own.Mapping, ref)
}

// placeTaken: the target is another record's counterpart in this slot (A1).
func (e *Engine) placeTaken(ctx context.Context, b *batch, i *item) {
	i.result = nil
	target := i.link.B
	i.link.Agreed, i.link.Todo, i.link.Lines, i.link.Claim, i.link.Intent = nil, nil, nil, nil, nil
	if i.m.WhenTaken == "hold" || i.m.Document != nil {
		i.link.B = record.Ref{}
		i.link.State = link.None
		e.holdAmong(ctx, b, i, plan.Taken, fmt.Sprintf("%s is already linked to another record. Unlink that, or say when_taken: alias in the mapping", target), []*record.Record{{Ref: target}})
		return
	}
	i.link.State = link.Alias
	e.setReason(i, &link.Reason{Category: plan.AliasOf, Text: fmt.Sprintf("another record is linked to %s; this one is routed to it and never writes", target)})
	i.end(Result{End: Done, Counts: Counts{Linked: 1}})
	b.settled = append(b.settled, i)
	if err := e.wake(ctx, i.ref.String()); err != nil {
		e.undecided([]*item{i}, err)
	}
}

// release gives a claim up after a definite refusal: the next attempt has another body and so another key.
func (e *Engine) release(ctx context.Context, i *item, category, text string) {
	i.link.State, i.link.Claim = link.Held, i.link.Claim.Given()
	i.link.Claim.Attempt++
	e.setReason(i, &link.Reason{Category: category, Text: text})
	i.end(Result{End: Never, Counts: Counts{Held: 1}})
	if err := e.putItem(ctx, i); err != nil {
		e.undecided([]*item{i}, err)
		return
	}
	i.stored()
	if err := e.noteError(ctx, i); err != nil {
		e.undecided([]*item{i}, err)
	}
}

// nextAttempt gives a claim up whose key can no longer be used, for the given refusal, and has the record tried again under the next.
func (e *Engine) nextAttempt(ctx context.Context, i *item, refusal error) {
	i.link.State, i.link.Claim = link.Skipped, i.link.Claim.Given()
	i.link.Claim.Attempt++
	e.setReason(i, &link.Reason{Category: plan.Waits, Text: "its idempotency key was spent; it is sent under the next one"})
	r := Result{End: Later, Until: time.Now().Add(contentionPause), Err: refusal}
	if err := e.putItem(ctx, i); err != nil {
		r = meaning(time.Now(), "", err)
	} else {
		i.stored()
	}
	i.end(r)
}

// unclaim takes a claim back when certainly nothing was sent, so that the next try need not look.
func (e *Engine) unclaim(ctx context.Context, i *item, cause error) {
	i.link.State, i.link.Claim = link.Skipped, i.link.Claim.Given()
	e.setReason(i, &link.Reason{Category: plan.Waits, Text: "the system could not take it yet: " + cause.Error()})
	r := meaning(time.Now(), i.m.ConnB, cause)
	if err := e.putItem(ctx, i); err != nil {
		r = meaning(time.Now(), "", err)
	} else {
		i.stored()
	}
	if r.End == Never || r.End == Done {
		r.End, r.Until = Later, time.Now().Add(transientPause)
	}
	i.end(r)
}

// diagnose names why a document was refused, where a look at its customer and products tells.
func (e *Engine) diagnose(ctx context.Context, b *batch, i *item, err error) (category, text string) {
	category, text = plan.RefusedCall, err.Error()
	if connector.FaultOf(err) == connector.Forbidden {
		return plan.NoRights, text
	}
	if i.m.Document == nil {
		return category, text
	}
	inOrder := slices.SortedFunc(maps.Keys(i.needs), func(a, b plan.Need) int {
		return cmp.Or(strings.Compare(a.Mapping, b.Mapping), strings.Compare(a.Ref.String(), b.Ref.String()))
	})
	for _, need := range inOrder {
		c := i.needs[need]
		if c.State != plan.Ready || need.Ref.IsZero() {
			continue
		}
		a := b.set.byName[need.Mapping]
		if a == nil {
			continue
		}
		object := a.B.Object
		reads, readErr := e.Connections[i.m.ConnB].Read(ctx, connector.ReadRequest{Object: object, IDs: []string{c.ID}, Fields: []string{"status", "state"}})
		if readErr == nil && len(reads) == 1 && reads[0].Record != nil && reads[0].Record.Archived {
			return plan.TargetArchived, fmt.Sprintf("the counterpart of %s, %s:%s/%s, is archived. Activate it in billing, or link another", need.Ref, i.m.ConnB, object, c.ID)
		}
	}
	return category, text
}
