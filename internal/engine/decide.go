package engine

import (
	"context"
	"maps"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
)

// gate asks the questions that need no further reading: most deals are simply not won.
func (e *Engine) gate(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		i.m = i.choose()
		if i.m.Document == nil {
			continue
		}
		f, err := e.facts(ctx, b, i, i.m)
		if err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
			continue
		}
		d, stop := plan.WonGate(f)
		if stop && d.Kind == plan.Hold && d.Reason.Category == plan.UnknownStage {
			// a stage made since the table was read
			if _, err := e.tableNewer(ctx, i.m.ConnA, i.m.Document.Stages, time.Now().Add(-time.Second)); err != nil {
				e.fail(ctx, []*item{i}, i.m.ConnA, err)
				continue
			}
			if f, err = e.facts(ctx, b, i, i.m); err == nil {
				d, stop = plan.WonGate(f)
			}
		}
		if i.link.State == link.Claimed {
			continue // lost again while its create was under way: what was intended is looked for first, by act
		}
		if stop && i.link.State != link.Linked && (d.Kind == plan.Skip || d.Kind == plan.Hold) {
			i.decision = d
			e.settleReason(ctx, b, i)
		}
	}
}

// choose gives the mapping that decides for now: the one that made the document, else the first of the slot.
func (i *item) choose() *Active {
	object := i.link.B.Object
	if i.link.State == link.Claimed && i.link.Claim != nil {
		object = i.link.Claim.Object
	}
	for _, a := range i.group {
		if i.link.State == link.Linked && a.Document == nil && a.Name == i.link.Mapping && a.B.Object == object {
			return a // of several between the same two objects the one that linked them
		}
	}
	for _, a := range i.group {
		if object != "" && a.B.Object == object {
			return a
		}
	}
	return i.group[0]
}

// facts puts together what a decision rests on.
func (e *Engine) facts(ctx context.Context, b *batch, i *item, a *Active) (*plan.Facts, error) {
	account, err := e.account(ctx, a.ConnA)
	if err != nil {
		return nil, err
	}
	f := &plan.Facts{
		Mapping: a.Mapping, Tools: e.Tools, Now: time.Now(), Account: account, Tables: map[string]plan.Table{},
		Source: i.source, Target: i.target, Link: i.link, Lines: i.lines, Related: i.related, Counterparts: i.needs,
		Scripts: i.scripts, Lacking: i.lacking[a.Name], Needed: i.needed, Wanted: i.wanted, Before: i.before, Named: i.task.Named || e.Bugs.NoSince, WonSince: i.task.WonSince,
		SourceObjects: map[string]string{}, TargetObjects: map[string]string{}, Linked: i.linked, History: i.history,
	}
	if a.Document != nil {
		if f.Tables["a/"+a.Document.Stages], err = e.table(ctx, a.ConnA, a.Document.Stages); err != nil {
			return nil, err
		}
	}
	for _, field := range a.Fields {
		if field.Table == "" {
			continue
		}
		if f.Tables["b/"+field.Table], err = e.table(ctx, a.ConnB, field.Table); err != nil {
			return nil, err
		}
		if field.By == "" {
			continue
		}
		if f.Tables["a/"+field.Table], err = e.table(ctx, a.ConnA, field.Table); err != nil {
			return nil, err
		}
	}
	if kinds, ok := e.Connections[a.ConnA].(connector.Kinds); ok {
		f.KindOf = kinds.KindOf
	}
	for _, name := range b.set.names {
		f.SourceObjects[name] = b.set.byName[name].objectAt(a.ConnA)
		f.TargetObjects[name] = b.set.byName[name].objectAt(a.ConnB)
	}
	return f, nil
}

// decide lets the plan decide; of several mappings of the slot the first that wants to do something does.
func (e *Engine) decide(ctx context.Context, b *batch, items []*item) {
	for _, i := range behindElders(items) {
		i.askElders()
		if i.hit != nil {
			i.target = i.hit
		}
		if i.excluded != nil {
			e.complain(b, i, i.excluded)
			continue
		}
		if i.link.State == link.Linked && !i.home() {
			i.began = maps.Clone(i.link.Agreed)
		}
		chosen, err := e.decideOne(ctx, b, i)
		if err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
			continue
		}
		i.decision = frozen(i, chosen)
		if i.decision.Kind == plan.Create && i.link.State != link.Claimed && i.theirs == nil { // what we made for another place is that one's, and known
			if waits, ours := e.ownCreate(i); ours {
				e.leaveOwn(ctx, b, i, waits)
				continue
			}
		}
		if i.decision.Kind == plan.Adopt && i.link.State != link.Claimed && !b.preview {
			waits, err := e.madeForAnother(ctx, b, i)
			if err != nil {
				e.fail(ctx, []*item{i}, "", err)
				continue
			}
			if waits > 0 {
				i.end(Result{End: Later, Until: time.Now().Add(waits)})
				continue
			}
		}
		switch i.decision.Kind {
		case plan.Skip, plan.Hold:
			switch i.link.State {
			case link.Claimed: // what was intended is looked for first, by act
			case link.Linked:
				e.complain(b, i, i.decision.Reason)
			default:
				e.settleReason(ctx, b, i)
				e.waitForParent(i)
			}
		case plan.Wait:
			if i.link.State != link.Claimed {
				e.waitFor(i)
			}
		}
	}
}

func (e *Engine) decideOne(ctx context.Context, b *batch, i *item) (plan.Decision, error) {
	candidates := i.group
	if i.link.State == link.Linked || i.link.State == link.Claimed {
		candidates = []*Active{i.m}
	}
	var first *plan.Decision
	for _, a := range candidates {
		f, err := e.facts(ctx, b, i, a)
		if err != nil {
			return plan.Decision{}, err
		}
		if e.Bugs.FloatMoney {
			floatMoney(f)
		}
		d := plan.Decide(f)
		switch {
		case i.yields != nil:
			d = i.yielded(f)
		case !i.mayMake(a):
			d = i.leftAsTheirs(f)
		}
		if d.Kind == plan.Skip {
			if first == nil || saying(d) > saying(*first) {
				i.m, first = a, &d
			}
			continue
		}
		i.m = a
		return d, nil
	}
	if first.Reason.Category == plan.OtherDocument {
		return plan.Decision{Kind: plan.Hold, Reason: &link.Reason{Category: plan.NoDocumentMapping,
			Text: first.Reason.Text + ", and no mapping that makes one is live. Take one live"}}, nil
	}
	return *first, nil
}

// waitForParent has a record that is held for a record it needs looked at again when that one is linked, or when the
// mapping that makes it goes live: who mends a company need not know its deals.
func (e *Engine) waitForParent(i *item) {
	switch i.decision.Reason.Category {
	case plan.NoDocumentMapping:
		i.result.On, i.result.Until = "slot/"+i.m.Slot, time.Now().Add(heldPause)
		return
	case plan.UnreadableField:
		if !i.lacking[i.m.Name].None() {
			i.result.On, i.result.Until = "fields/"+i.m.Name, time.Now().Add(heldPause)
		}
		return
	case plan.ParentHeld:
	default:
		return
	}
	var missing []plan.Need
	for _, need := range i.wants {
		c := i.needs[need]
		switch {
		case c.State != plan.Stuck:
		case c.Reason != nil && c.Reason.Category == plan.NoParentMapping:
			i.waitOn("mapping/" + need.Mapping)
		default:
			missing = append(missing, need)
		}
	}
	i.waitForLinks(missing)
}

// waitFor parks an item under what it needs.
func (e *Engine) waitFor(i *item) {
	needs := i.decision.Needs
	i.end(Result{End: Later, Until: time.Now().Add(waitPause), On: needs[0].Ref.String(), Needs: needs[:1]})
}
