package engine

import (
	"context"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"

	"crosswalk/internal/engine/table"
)

// secondLook is how long after the first look, which found nothing, an unkeyed create is looked for again.
const secondLook = time.Minute

// takeOver is step 6 of protocols 1 and 3: a claim whose worker vanished or whose call ended unknown. It looks first, on a
// strong path; it sends again only what is keyed, or, unkeyed, once more after two looks; else a person must look.
func (e *Engine) takeOver(ctx context.Context, b *batch, items []*item) {
	if items = e.ownClaims(ctx, b, items); len(items) == 0 {
		return
	}
	now := time.Now()
	puts := make([]table.Put, len(items))
	for n, i := range items {
		i.token, i.intended, i.resent = e.token(), now, true
		claim := *i.link.Claim
		claim.Token, claim.Until = i.token, now.Add(e.ClaimFor)
		claim.Looks++
		i.link.Claim = &claim
		puts[n] = i.put(i.token)
	}
	items = e.putLinks(ctx, items, puts)
	var again, found []*item
	for _, i := range items {
		claimed := i.link
		switch e.lookFor(ctx, b, i) {
		case seen:
			if !e.goOn(ctx, b, i, claimed) {
				found = append(found, i)
			}
		case absent:
			if e.maySendAgain(ctx, b, i) {
				again = append(again, i)
			}
		}
	}
	e.finishLinks(ctx, b, found)
	for _, i := range found {
		if b.rebuild != nil {
			continue // nothing is done to it before its mapping goes on
		}
		if i.link.State == link.Linked && !i.lookOnly { // the record may have changed since what was found was sent: look at it as linked
			i.result = &Result{End: Later, Until: time.Now(), Counts: i.result.Counts}
			e.followUp(ctx, b, []*item{i})
		}
	}
	again = e.alongAgain(ctx, b, again)
	for _, i := range again {
		e.record(b, i)
	}
	e.send(ctx, b, again)
	for _, i := range again {
		if i.link.State == link.Linked && i.result != nil && i.result.End == Done { // what was sent again may be older than the record
			i.result = &Result{End: Later, Until: time.Now(), Counts: i.result.Counts}
		}
	}
}

// alongAgain has creates that are sent again take along what they took along before, and what has come since. One that cannot have it now
// is not sent.
func (e *Engine) alongAgain(ctx context.Context, b *batch, items []*item) []*item {
	e.takeAlong(ctx, b, items)
	for _, i := range items {
		if i.done() && i.link.State == link.Claimed {
			i.link.Claim.Sends--
			e.lookLater(ctx, i, i.result.Until)
		}
	}
	return e.claimAlong(ctx, b, open(items), time.Now())
}

type sight int

const (
	unclear sight = iota // the item has ended
	seen
	absent
)

// lookFor asks the target for records with the claim's marker.
func (e *Engine) lookFor(ctx context.Context, b *batch, i *item) sight {
	looker, ok := e.Connections[i.m.ConnB].(connector.Looker)
	w, err := e.writer(i.m.ConnB)
	if err != nil {
		e.fail(ctx, []*item{i}, i.m.ConnB, err)
		return unclear
	}
	traits := w.Traits(i.link.Claim.Object)
	if !ok || traits.MarkerField == "" {
		e.uncertain(ctx, b, i)
		return unclear
	}
	if e.Bugs.NoLook {
		return absent
	}
	hints := map[string]record.Value{}
	for k, v := range i.decision.Write {
		hints[k] = v
	}
	hits, err := e.sightings(ctx, b, i, looker, hints)
	if err != nil {
		e.fail(ctx, []*item{i}, i.m.ConnB, err)
		return unclear
	}
	switch len(hits) {
	case 0:
		return absent
	case 1:
		sent := i.link.Agreed
		e.becomeLinked(i, hits[0].Ref, &hits[0], hits[0].Modified)
		if i.bothWays() && len(sent) > 0 { // either side may have been changed since it was made: what was sent tells which
			i.link.Agreed, i.link.StampB = sent, hits[0].Created
		}
		i.link.Lines = nil // what its lines are is learnt when it is read back
		if b.rebuild != nil {
			if err := e.asFound(ctx, b, i, &hits[0]); err != nil {
				i.link.State = link.Claimed
				e.fail(ctx, []*item{i}, "", err)
				return unclear
			}
		}
		i.result = &Result{End: Done, Counts: Counts{Created: 1}}
		return seen
	}
	e.holdClaim(ctx, b, i, plan.DuplicateMarker, "more than one record in billing carries its marker. Archive all but one, then: crosswalk retry "+i.ref.String())
	for n := range hits {
		i.link.Reason.Candidates = append(i.link.Reason.Candidates, hits[n].Ref)
	}
	return unclear
}

// maySendAgain decides about a create that was looked for and is not there.
func (e *Engine) maySendAgain(ctx context.Context, b *batch, i *item) bool {
	if b.rebuild != nil {
		e.notThere(ctx, i)
		return false
	}
	if i.decision.Kind != plan.Create && !i.lookOnly {
		e.letGo(ctx, b, i)
		return false
	}
	w, err := e.writer(i.m.ConnB)
	if err != nil {
		e.fail(ctx, []*item{i}, i.m.ConnB, err)
		return false
	}
	c := i.link.Claim
	traits := w.Traits(c.Object)
	early := time.Now().Before(c.SentAt.Add(traits.Deadline + traits.Settle))
	switch {
	case e.Bugs.NoLook:
		return true
	case early:
		return e.lookLater(ctx, i, c.SentAt.Add(traits.Deadline+traits.Settle))
	case c.Looks < 2 && (i.lookOnly || !traits.Keyed):
		return e.lookLater(ctx, i, time.Now().Add(secondLook))
	case i.lookOnly && traits.StrongLook:
		e.letGo(ctx, b, i)
		return false
	case i.lookOnly || !traits.Keyed && (c.Sends > 1 || !traits.StrongLook):
		e.uncertain(ctx, b, i)
		return false
	case !e.renewKeys(ctx, b, i):
		return false
	case !traits.Keyed:
		c.Sends, c.Looks = c.Sends+1, 0
	}
	i.anew = !traits.Replays && i.m.Document == nil // a document's bytes are kept and sent as they were
	c.SentAt = time.Now()
	if i.bothWays() && !i.lookOnly { // it is sent as the record is now: what was sent before made nothing
		i.link.Agreed = i.decision.Agreed
	}
	return e.putClaim(ctx, i)
}

// renewKeys claims the match keys of a create that is sent again once more: its claim on them ran out with the one on its
// source (A8). Where somebody else made or makes a record with one of them meanwhile, the create is given up and the source
// looked at anew: then it finds that record. A person may have entered one, or given one the value, since the match was looked for: the keys
// are brought up to date first, once in a batch.
func (e *Engine) renewKeys(ctx context.Context, b *batch, i *item) bool {
	keys, err := e.createKeys(ctx, i)
	if err != nil {
		e.fail(ctx, []*item{i}, i.m.ConnA, err)
		return false
	}
	if o := [2]string{i.m.ConnB, i.m.B.Object}; len(keys) > 0 && !b.renewed[o] {
		if err := e.catchUp(ctx, b.set, o[0], o[1], b.shown()); err != nil {
			e.fail(ctx, []*item{i}, o[0], err)
			return false
		}
		if b.renewed == nil {
			b.renewed = map[[2]string]bool{}
		}
		b.renewed[o] = true
	}
	have, claimed, err := e.entriesOf(ctx, nil, keys)
	if err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return false
	}
	var puts []table.Put
	for _, key := range keys {
		entry := have[key].Value
		c := entry.Claim
		if others := c != nil && c.A != i.ref; others && (c.Until.After(time.Now()) || len(claimed[key]) > 0) || len(entry.Refs) > 0 || entry.Many {
			e.startOver(ctx, i)
			return false
		}
		entry.Claim = &matchClaim{A: i.ref, Until: time.Now().Add(e.ClaimFor), Slot: i.link.Slot}
		puts = append(puts, put(key, entry, e.token(), table.IfRev(have[key].Rev)))
	}
	for _, err := range e.Table.Put(ctx, puts) {
		if err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return false
		}
	}
	return true
}

// lookLater shortens the claim to the time of the next look.
func (e *Engine) lookLater(ctx context.Context, i *item, at time.Time) bool {
	i.link.Claim.Until = at
	if e.putClaim(ctx, i) {
		i.end(Result{End: Later, Until: at})
	}
	return false
}

func (e *Engine) putClaim(ctx context.Context, i *item) bool {
	i.token = e.token()
	i.link.Claim.Token = i.token
	i.intended = time.Now()
	return len(e.putLinks(ctx, []*item{i}, []table.Put{i.put(i.token)})) == 1
}

// letGo releases a claim that made nothing and is no longer wanted. Where other mappings of the place may want the record, which the claim's
// own alone decided about, it is looked at anew: a contact of a prospect that became a customer is one of the customer's.
func (e *Engine) letGo(ctx context.Context, b *batch, i *item) {
	switch others := len(i.group) > 1 && i.source != nil && !i.source.Archived; {
	case i.decision.Kind == plan.Wait:
		e.waitFor(i)
	case others:
		e.startOver(ctx, i)
	case i.decision.Kind == plan.Skip, i.decision.Kind == plan.Hold:
		i.link.State = link.None
		e.settleReason(ctx, b, i)
	default:
		e.startOver(ctx, i)
	}
}

// startOver gives a claim that made nothing back, and has its source looked at as if it were new.
func (e *Engine) startOver(ctx context.Context, i *item) {
	i.link.State, i.link.Claim = link.None, i.link.Claim.Given()
	e.putLinks(ctx, []*item{i}, []table.Put{i.put(i.token)})
	i.end(Result{End: Later, Until: time.Now()})
}

func (e *Engine) uncertain(ctx context.Context, b *batch, i *item) {
	e.holdClaim(ctx, b, i, plan.Uncertain, "its create was sent, the answer was lost, and it cannot be found in billing. Look there and link it if it exists, else: crosswalk retry "+i.ref.String())
}

// holdClaim asks a person and keeps the whole claim: the hold is sticky, so nothing is sent until somebody says retry, and
// then it is looked for first.
func (e *Engine) holdClaim(ctx context.Context, b *batch, i *item, category, text string) {
	i.link.State = link.Held
	i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: &link.Reason{Category: category, Text: text}}
	e.setReason(i, i.decision.Reason)
	i.end(Result{End: Never, Counts: Counts{Held: 1}})
	b.settled = append(b.settled, i)
}
