package engine

import (
	"context"
	"errors"
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

// SyncError is what a person must mend or decide: one item per category, mapping and record, opened when first met and
// closed when it is over.
type SyncError struct {
	Category string     `json:"category"`
	Mapping  string     `json:"mapping"`
	Ref      record.Ref `json:"ref"`
	Target   record.Ref `json:"target,omitzero"`
	Text     string     `json:"text"`
	First    time.Time  `json:"first"`
	Last     time.Time  `json:"last"`
	Count    int        `json:"count"`
	Document bool       `json:"document,omitempty"` // its mapping makes documents; filled in when it is read
}

// settleReason ends an item that is skipped or held: the reason goes on its link, where why finds it.
func (e *Engine) settleReason(ctx context.Context, b *batch, i *item) {
	d, state, counts := i.decision, link.Skipped, Counts{Skipped: 1}
	if d.Kind == plan.Hold {
		state, counts = link.Held, Counts{Held: 1}
	}
	end := Done
	if state == link.Held {
		end = Never
	}
	i.end(Result{End: end, Counts: counts})
	before := i.link.Reason
	if b.preview || i.link.State == state && before != nil && before.Category == d.Reason.Category && before.Text == d.Reason.Text {
		return
	}
	i.link.State, i.link.Claim = state, i.link.Claim.Given()
	e.setReason(i, d.Reason)
	b.settled = append(b.settled, i)
	if d.Reason.Category == plan.NotNeeded && before != nil { // it was excluded or held: who was held for it needs it now
		if err := e.wake(ctx, i.ref.String()); err != nil {
			e.undecided([]*item{i}, err)
		}
	}
}

func (e *Engine) setReason(i *item, r *link.Reason) {
	with := *r
	with.At = time.Now()
	i.link.Reason = &with
	i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
}

// complain notes a standing complaint on a linked record (no longer won, posted document differs) and ends the item; the
// link itself stays as it is.
func (e *Engine) complain(b *batch, i *item, r *link.Reason) {
	if plan.Harmless(r.Category) {
		i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
	}
	i.end(Result{End: Never, Counts: Counts{Held: 1}})
	before := i.link.Reason
	if b.preview || before != nil && before.Category == r.Category && before.Text == r.Text {
		return
	}
	worse := before != nil && plan.Harmless(before.Category) && !plan.Harmless(r.Category)
	if before != nil && before.Home && !worse && (i.twin || plan.Harmless(r.Category)) {
		return // the other way's complaint comes first: it is the one that is shown
	}
	e.setReason(i, r)
	b.settled = append(b.settled, i)
}

// holdFor holds an item because a system refused it for good.
func (e *Engine) holdFor(_ context.Context, i *item, category string, err error) {
	text := "the system refused it"
	if err != nil {
		text = err.Error()
	}
	var fault *connector.Error
	if errors.As(err, &fault) && fault.Fault == connector.Forbidden {
		category = plan.NoRights
	}
	i.end(Result{End: Never, Err: err, Counts: Counts{Held: 1}})
	i.decision = plan.Decision{Kind: plan.Hold, Reason: &link.Reason{Category: category, Text: text}}
	if i.m == nil {
		i.m = i.group[0]
	}
}

// putSettled stores reasons, audit entries and sync errors of a step's ended items together. A link that another worker
// changed meanwhile is looked at again later.
func (e *Engine) putSettled(ctx context.Context, b *batch) {
	if b.preview {
		return
	}
	for _, i := range b.all { // holds that were decided by an error
		if i.done() && i.result.End == Never && i.decision.Kind == plan.Hold && i.decision.Reason != nil && !slices.Contains(b.settled, i) && i.key != (table.Key{}) &&
			(i.link.Reason == nil || i.link.Reason.Text != i.decision.Reason.Text) && i.link.State != link.Claimed {
			if i.link.State != link.Linked {
				i.link.State = link.Held
			}
			e.setReason(i, i.decision.Reason)
			b.settled = append(b.settled, i)
		}
	}
	defer e.closeLeft(ctx, b)
	if len(b.settled) == 0 {
		return
	}
	settled := b.settled
	b.settled = nil
	puts := make([]table.Put, len(settled))
	for n, i := range settled {
		e.record(b, i)
		puts[n] = i.put(e.token())
	}
	if err := e.flush(ctx, b.audit); err != nil {
		e.undecided(settled, err)
		return
	}
	for n, err := range e.Table.Put(ctx, puts) {
		if err != nil {
			e.undecided(settled[n:n+1], err)
			continue
		}
		settled[n].stored()
		if err := e.noteStop(ctx, settled[n]); err != nil {
			e.undecided(settled[n:n+1], err)
		}
		if err := e.noteError(ctx, settled[n]); err != nil {
			e.undecided(settled[n:n+1], err)
		}
	}
}

// undecided replaces results whose memory failed: the task comes again.
func (e *Engine) undecided(items []*item, err error) {
	for _, i := range items {
		r := meaning(time.Now(), "", err)
		i.result = &r
	}
}

// record adds an item's decision to the audit trail and its page to the link.
func (e *Engine) record(b *batch, i *item) {
	d := i.decision
	prev := i.link.Page
	i.link.Page = b.audit.page()
	b.audit.add(Entry{
		At: time.Now(), Ref: i.ref, Target: i.link.B, Mapping: i.m.Name, Version: i.m.Version, Cause: i.task.Cause, Run: i.task.Run, Actor: i.task.Actor,
		Kind: d.Kind, Reason: i.link.Reason, Fields: d.Fields, Lines: d.Lines, Net: d.Net, Money: d.Money, Prev: prev, Looks: i.looks,
	}, i.m.Document != nil)
}

// standing tells whether a link has a reason that is a sync error.
func standing(l *link.Link) bool {
	return l.Reason != nil && (l.State == link.Held || l.State == link.Linked) && !plan.Harmless(l.Reason.Category)
}

// openErrorKey is the item that names the sync error that is open for a link.
func openErrorKey(i *item) table.Key { return openErrorAt(i.key, i.ref) }

func openErrorAt(at table.Key, ref record.Ref) table.Key {
	return table.Key{PK: "E#ref", SK: at.PK + "#" + ref.String()}
}

// putNoted puts the link of an item, and opens or closes its sync error.
func (e *Engine) putNoted(ctx context.Context, i *item) error {
	if err := e.putItem(ctx, i); err != nil {
		return err
	}
	i.stored()
	return e.noteError(ctx, i)
}

// noteError opens or closes the sync error of a record after its link was put. A link for which none was ever opened, which
// is nearly every one, costs no read.
func (e *Engine) noteError(ctx context.Context, i *item) error {
	if err := e.cured(ctx, i); err != nil {
		return err
	}
	own := standing(&i.link) && !(i.twin && i.link.Reason.Home) // what stops the other way, that way's item tells
	if !own && !i.link.Noted {
		return nil
	}
	i.link.Noted = true
	if i.link.State != link.Linked && i.bothWays() && !i.home() || i.twinless() { // the way home, which would take back what it told, is not worked any more
		if err := e.overHome(ctx, i.key, &i.link); err != nil {
			return err
		}
	}
	key := openErrorKey(i)
	had, err := getItem[string](ctx, e.Table, key)
	if err != nil {
		return err
	}
	want := ""
	if own {
		want = i.link.Reason.Category + "#" + i.m.Name
	}
	if had.Rev != 0 && had.Value != "" && had.Value != want {
		category, name := cut2(had.Value)
		if err := e.closeError(ctx, category, name, i.ref); err != nil {
			return err
		}
	}
	if want == "" && had.Rev == 0 {
		return nil
	}
	if want == "" {
		return e.Table.Put(ctx, []table.Put{{Key: key, Delete: true}})[0]
	}
	if had.Value != want {
		if err := e.putOne(ctx, key, want, table.Condition{}); err != nil {
			return err
		}
	}
	return e.openError(ctx, i.link.Reason.Category, i.m.Name, i.ref, i.link.B, i.link.Reason.Text)
}

// twinless tells of a linked pair whose record of a was merged away or is gone: nothing goes home from it.
func (i *item) twinless() bool {
	r := i.link.Reason
	return i.bothWays() && !i.home() && i.link.State == link.Linked && i.source == nil && r != nil && !r.Home && (r.Category == plan.MergedTwice || goneReason(r) || r.Category == plan.SourceGone)
}

// overHome closes the sync errors of the way home of a pair, which are told of its record of b, and of those that it was before.
func (e *Engine) overHome(ctx context.Context, at table.Key, l *link.Link) error {
	refs := slices.Clone(l.Former)
	if !l.B.IsZero() {
		refs = append(refs, l.B)
	}
	keys := mapSlice(refs, func(ref record.Ref) table.Key { return openErrorAt(at, ref) })
	had, err := getItems[string](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for n, key := range keys {
		if had[key].Rev == 0 {
			continue
		}
		category, name := cut2(had[key].Value)
		if err := e.closeError(ctx, category, name, refs[n]); err != nil {
			return err
		}
		if err := e.Table.Put(ctx, []table.Put{{Key: key, Delete: true}})[0]; err != nil {
			return err
		}
	}
	return nil
}

// forgetErrors looks, for links without a reason that may still have a sync error, whether they have: where it was closed,
// the next put of the link says so; where it is open, whoever put the link died before it was closed.
func (e *Engine) forgetErrors(ctx context.Context, items []*item) error {
	var keys []table.Key
	for _, i := range items {
		if i.link.Noted && !standing(&i.link) {
			keys = append(keys, openErrorKey(i))
		}
	}
	open, err := getItems[string](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.link.Noted && !standing(&i.link) {
			i.leftOpen = open[openErrorKey(i)].Rev != 0
			i.link.Noted = i.leftOpen
		}
	}
	return nil
}

// closeLeft closes sync errors that were left open by a worker that died, of items for which nothing opened one again. The link is put
// first, so that nobody else has said anything of it meanwhile.
func (e *Engine) closeLeft(ctx context.Context, b *batch) {
	for _, i := range b.all {
		if !i.leftOpen || !i.done() || i.link.Intent != nil || standing(&i.link) {
			continue
		}
		i.leftOpen = false
		if err := e.putNoted(ctx, i); err != nil {
			e.undecided([]*item{i}, err)
		}
	}
}

// deadNow lists the records whose tasks became dead letters.
func (e *Engine) deadNow(ctx context.Context) (map[record.Ref]bool, error) {
	out := map[record.Ref]bool{}
	err := list(ctx, e.Table, "E", errorKey(plan.Poison, "", record.Ref{}).SK, func(_ table.Key, s SyncError) bool {
		out[s.Ref] = true
		return true
	})
	return out, err
}

// cured closes the sync error of a record that was a dead letter once: it could be worked.
func (e *Engine) cured(ctx context.Context, i *item) error {
	if i.dead == nil { // not of a batch of work
		dead, err := e.deadNow(ctx)
		if err != nil {
			return err
		}
		i.dead = dead
	}
	if !i.dead[i.ref] {
		return nil
	}
	return e.closeError(ctx, plan.Poison, "", i.ref)
}

func cut2(s string) (string, string) {
	for n := range s {
		if s[n] == '#' {
			return s[:n], s[n+1:]
		}
	}
	return s, ""
}

func (e *Engine) openError(ctx context.Context, category, mapping string, ref, target record.Ref, text string) error {
	now := time.Now()
	_, err := change(ctx, e, errorKey(category, mapping, ref), func(s *SyncError, exists bool) bool {
		if !exists {
			*s = SyncError{Category: category, Mapping: mapping, Ref: ref, First: now}
		}
		s.Target, s.Text, s.Last = target, text, now
		s.Count++
		return true
	})
	return err
}

func (e *Engine) closeError(ctx context.Context, category, mapping string, ref record.Ref) error {
	return e.Table.Put(ctx, []table.Put{{Key: errorKey(category, mapping, ref), Delete: true}})[0]
}

// moved handles a record that was merged or converted (B6): its link goes along to the new address, where it is free; the
// old one stays as a signpost. Two linked records merged into one are a person's question (T5).
func (e *Engine) moved(ctx context.Context, b *batch, i *item, to record.Ref) {
	if i.m == nil {
		i.m = i.choose()
	}
	if i.link.State == link.None || i.link.State == link.Skipped || i.link.State == link.Held {
		i.link.State, i.link.To, i.link.Reason = link.MovedTo, to, nil
		if !b.preview {
			err := e.putNoted(ctx, i)
			if err == nil { // what waited for it belongs to the survivor now
				err = e.wake(ctx, i.ref.String())
			}
			if err != nil {
				e.fail(ctx, []*item{i}, "", err)
				return
			}
		}
		e.follow(ctx, b, i)
		return
	}
	if i.link.State == link.Claimed { // its create must be found or given up first
		e.giveUp(ctx, b, i, fmt.Sprintf("%s was merged into %s", i.ref, to))
		if s := i.link.State; !b.preview && (s == link.Skipped || s == link.Held && !sticky[i.link.Reason.Category]) { // it made nothing, or what somebody else has by now
			i.result = &Result{End: Later, Until: time.Now(), Counts: i.result.Counts}
		}
		return
	}
	if done, err := e.movedBefore(ctx, b, i); err != nil || done {
		if err != nil {
			e.fail(ctx, []*item{i}, "", err)
		}
		return
	}
	newKey := e.linkKey(i.group[0].Slot, to)
	there, err := getItem[link.Link](ctx, e.Table, newKey)
	if err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	if s := there.Value.State; s == link.Linked && there.Value.B != i.link.B || s == link.Claimed {
		switch over, err := e.mergeOver(ctx, i.m, i.link.B, there.Value.B); {
		case err != nil:
			e.fail(ctx, []*item{i}, i.m.ConnB, err)
			return
		case over && i.m.Document == nil && time.Since(i.link.StampB) < replicaLag: // what was made or written a moment ago may only not be shown yet
			i.end(Result{End: Later, Until: i.link.StampB.Add(replicaLag)})
			return
		case over:
			e.signpost(ctx, b, i, to)
			return
		}
		e.complain(b, i, &link.Reason{Category: plan.MergedTwice, Candidates: []record.Ref{i.link.B, there.Value.B},
			Text: fmt.Sprintf("%s was merged into %s, and both have a counterpart (%s, %s). Archive one of them", i.ref, to, i.link.B, there.Value.B)})
		return
	}
	e.moveLink(ctx, b, i, to, newKey, there)
}

// inherit looks, for records that others were merged into, at the links of those: a won deal that came of a merge has the
// document of the deal it was, whichever of the two is heard of first (T5).
func (e *Engine) inherit(ctx context.Context, b *batch, items []*item) {
	var keys []table.Key
	var homeward []*item
	items = slices.DeleteFunc(slices.Clone(items), func(i *item) bool {
		if i.home() {
			homeward = append(homeward, i)
		}
		return i.home()
	})
	if err := e.inheritHome(ctx, b, homeward); err != nil {
		e.fail(ctx, homeward, "", err)
	}
	for _, i := range items {
		if i.link.State == link.Linked || i.link.State == link.Claimed {
			continue
		}
		for _, ref := range i.source.Was {
			keys = append(keys, e.linkKey(i.group[0].Slot, ref))
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	if err := e.mergedTwice(ctx, b, items); err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	if !b.preview {
		if err := e.twinsGone(ctx, items); err != nil {
			e.fail(ctx, items, "", err)
			return
		}
	}
	for _, i := range items {
		if i.link.State == link.Linked || i.link.State == link.Claimed || b.preview {
			continue
		}
		for _, ref := range i.source.Was {
			old := links[e.linkKey(i.group[0].Slot, ref)].Value
			if old.State == link.Linked || old.State == link.Claimed {
				e.takeOverFrom(ctx, i, ref)
				break
			}
		}
		if !i.done() {
			e.inheritDoubt(ctx, b, i, links)
		}
	}
}

// takeOverFrom has the merged record worked first, which moves its link here, and this one again after it.
func (e *Engine) takeOverFrom(ctx context.Context, i *item, old record.Ref) {
	t := i.task
	t.Ref, t.Run, t.Cause = old, "", "merge"
	if err := e.Enqueue(ctx, lane.Live, []Task{t}); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
}

// moveLink puts the link at its new address, points the target there, and leaves a signpost, in that order: killed in
// between, the next task finds the old link still linked and does the same again.
func (e *Engine) moveLink(ctx context.Context, b *batch, i *item, to record.Ref, newKey table.Key, there stored[link.Link]) {
	if b.preview { // the link goes along when the record is worked
		i.end(Result{End: Done})
		return
	}
	moved := i.link
	moved.A, moved.StampA, moved.Noted = to, time.Time{}, moved.Noted || there.Value.Noted
	old := i.link
	old.State, old.To = link.MovedTo, to
	if there.Value.State != link.Linked {
		if err := e.putOne(ctx, newKey, moved, table.IfRev(there.Rev)); err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return
		}
	}
	pointer := link.Pointer{Slot: i.link.Slot, B: i.link.B, A: to, At: time.Now()}
	if err := e.putOne(ctx, e.pointerKey(i.link.Slot, i.link.B), pointer, table.Condition{}); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	if there.Rev != 0 && there.Value.State != link.Linked {
		if err := e.lookAtOwners(ctx, b, to); err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
			return
		}
	}
	if err := e.putOne(ctx, i.key, old, table.IfRev(i.rev)); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	i.link = old
	if err := e.noteError(ctx, i); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	for _, ref := range []record.Ref{to, old.B, i.ref} { // what was left out while the pair was elsewhere
		if err := e.wake(ctx, ref.String()); err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return
		}
	}
	if b.chosen[i.group[0].Slot+"#"+to.String()] != nil { // looked at in this batch, perhaps before the link was there
		if err := e.Enqueue(ctx, lane.Live, []Task{{Ref: to, Cause: "wake"}}); err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return
		}
	}
	e.follow(ctx, b, i)
}

// giveUp looks for what a claim may have made though its source is gone: found, it is linked; absent, the claim is released.
func (e *Engine) giveUp(ctx context.Context, b *batch, i *item, why string) {
	i.source = &record.Record{Ref: i.ref, Archived: true}
	i.decision = plan.Decision{Kind: plan.Skip, Reason: &link.Reason{Category: plan.SourceGone, Text: why}}
	if b.preview {
		i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
		return
	}
	e.act(ctx, b, []*item{i})
}

// gone handles a record that is deleted; what becomes of its counterpart the mapping says (deletes.go).
func (e *Engine) gone(ctx context.Context, b *batch, i *item) {
	i.m = i.choose()
	if i.link.State == link.Linked && i.m.Document != nil { // what becomes of its document is decided like that of a lost one
		i.source = &record.Record{Ref: i.ref, Archived: true}
		return
	}
	switch i.link.State {
	case link.Linked:
		if err := e.keepPlace(ctx, b, i); err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return
		}
		if b.set.follows(i.m) {
			e.afterDelete(ctx, b, i, i.ref, i.link.B, i.m.Delete.B)
			return
		}
		e.complain(b, i, &link.Reason{Category: plan.SourceGone, Text: fmt.Sprintf("%s was deleted; %s is kept as it is. Decide about it in billing", i.ref, i.link.B)})
	case link.Claimed:
		e.giveUp(ctx, b, i, i.ref.String()+" was deleted")
	default:
		i.decision = plan.Decision{Kind: plan.Skip, Reason: &link.Reason{Category: plan.SourceGone, Text: i.ref.String() + " was deleted"}}
		e.settleReason(ctx, b, i)
	}
}
