package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// A create that took others along and whose worker vanished may have made its record and not all of those (together.go). It is not linked
// as it is found, since all of them were to be made or none: it goes on. Its connector makes what is missing, or takes everything back when
// one is refused, as it would have done then.

// goOn goes on with a create whose record was found, where it took along what has no link yet. It tells whether it did; otherwise what was
// found is linked as any other. claimed is the link as it was before.
func (e *Engine) goOn(ctx context.Context, b *batch, i *item, claimed link.Link) bool {
	if len(i.m.Together) == 0 || i.decision.Kind != plan.Create || b.rebuild != nil || i.lookOnly {
		return false
	}
	linked, result := i.link, i.result
	i.result = nil
	kids := slices.DeleteFunc(e.decidedAlong(ctx, b, []*item{i}), func(k *item) bool { return k.link.State != link.Claimed })
	if len(kids) == 0 && !i.done() {
		i.result = result
		return false
	}
	i.link = claimed
	if i.done() { // another worker has one of them
		return true
	}
	i.along = kids[:min(len(kids), maxAlong)]
	if o, sent := e.sendRest(ctx, b, i, linked); sent {
		e.takeRest(ctx, b, i, o, linked, result)
	}
	e.endAlong(ctx, b, []*item{i})
	return true
}

// sendRest has the connector make what is missing; sent is false where nothing was sent, and the item has ended.
func (e *Engine) sendRest(ctx context.Context, b *batch, i *item, linked link.Link) (o connector.Outcome, sent bool) {
	w, err := e.writer(i.m.ConnB)
	if err != nil {
		e.fail(ctx, []*item{i}, i.m.ConnB, err)
		return o, false
	}
	agreed := mapSlice(i.along, func(k *item) map[string]link.Pair { return k.link.Agreed })
	kids := i.along
	e.record(b, i)
	if !e.putClaim(ctx, i) {
		return o, false
	}
	if short := e.putAlong(ctx, b, []*item{i}, i.intended); len(short) > 0 {
		i.end(Result{End: Later, Until: i.link.Claim.Until})
		return o, false
	}
	for n, k := range kids { // which of them are there already nobody knows: what was sent first stays what was agreed, and they are looked at again
		k.resent, k.again = true, true
		if k.bothWays() {
			k.link.Agreed = agreed[n]
		}
	}
	if err := e.flush(ctx, b.audit); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return o, false
	}
	if len(e.inTime([]*item{i})) == 0 {
		return o, false
	}
	write := e.createWrite(w, i)
	write.ID = linked.B.ID
	sendCtx, cancel := context.WithDeadline(e.labelItems(ctx, []*item{i}), i.intended.Add(e.SendWithin+w.Traits(i.link.Claim.Object).Deadline))
	defer cancel()
	o = connector.Outcome{Status: connector.Unknown, Err: errors.New("the connector did not answer this row")}
	if outcomes := w.Write(sendCtx, []connector.Write{write}); len(outcomes) == 1 {
		o = outcomes[0]
	}
	o.Err = i.nameAlong(o.Err)
	return o, true
}

// takeRest takes the answer: all of it is linked, or nothing is there any more, or it is looked for again when its claim ends.
func (e *Engine) takeRest(ctx context.Context, b *batch, i *item, o connector.Outcome, linked link.Link, result *Result) {
	if o.Status != connector.Done {
		e.giveAlongBack(ctx, i, o)
		e.takeCreated(ctx, b, i, o)
		return
	}
	b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: i.ref, Target: linked.B, Status: string(o.Status)})
	linked.Page = i.link.Page
	i.link, i.result = linked, result
	agreed := mapSlice(i.along, func(k *item) map[string]link.Pair { return k.link.Agreed })
	e.tookAlong(b, i, o)
	for n, k := range i.along {
		if k.link.State == link.Linked && k.bothWays() && len(agreed[n]) > 0 {
			k.link.Agreed = agreed[n]
		}
	}
	e.finishLinks(ctx, b, withAlong([]*item{i}))
	if i.link.State == link.Linked { // the record may have changed since what was found was sent: look at it as linked
		i.result = &Result{End: Later, Until: time.Now(), Counts: i.result.Counts}
		e.followUp(ctx, b, []*item{i})
	}
}

// ownClaims leaves those out whose create was sent with that of another record, while that one is under way: it goes on with all of them.
func (e *Engine) ownClaims(ctx context.Context, b *batch, items []*item) []*item {
	return slices.DeleteFunc(slices.Clone(items), func(k *item) bool {
		if b.rebuild != nil || k.decision.Kind != plan.Wait {
			return false
		}
		for _, need := range k.decision.Needs {
			a := b.set.byName[need.Mapping]
			if a == nil || !slices.ContainsFunc(a.Together, func(t mapping.Together) bool { return t.Through == k.m.Name }) {
				continue
			}
			maker, err := getItem[link.Link](ctx, e.Table, e.linkKey(a.Slot, need.Ref))
			if err != nil {
				e.fail(ctx, []*item{k}, "", err)
				return true
			}
			if maker.Value.State == link.Claimed {
				k.end(Result{End: Later, Until: laterOf(maker.Value.Claim.Until, time.Now().Add(contentionPause)), On: need.Ref.String()})
				return true
			}
		}
		return false
	})
}
