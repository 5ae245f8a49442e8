package engine

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A create may take along the records that belong to what it makes (mapping.Together): a customer its contacts. Each of them is decided by
// its own mapping and claimed by its own link with a marker of its own, before anything is sent; then one write makes all of them or none.
// So a crash between any two calls leaves claims. Whoever takes the record's claim over looks for it, and takes those of what it took along
// over too: a record that was not made is sent again with all of them, one that was is gone on with (goon.go). What was taken along waits
// for that, whoever's task comes first.

// maxAlong is how many records one create takes along; the others follow by themselves. It is bounded since one write must end within the
// time that a claim allows.
const maxAlong = 20

// takeAlong finds what creates take along. A create one of whose records another worker is just making ends, and comes again.
func (e *Engine) takeAlong(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		i.along = nil
	}
	if e.Bugs.NoClaim {
		return
	}
	kids := e.notMade(ctx, b, e.decidedAlong(ctx, b, items))
	if len(kids) == 0 {
		return
	}
	e.claimKeys(ctx, b, kids)
	for _, k := range e.brake(ctx, b, open(kids), creating) {
		if len(k.of.along) < maxAlong {
			k.of.along = append(k.of.along, k)
		}
	}
}

// decidedAlong gives the records that belong to what is made and are to be made too: those without a counterpart, and those whose claim
// ran out, since the worker that took them along vanished.
func (e *Engine) decidedAlong(ctx context.Context, b *batch, items []*item) []*item {
	var kids []*item
	for _, i := range items {
		for _, t := range i.m.Together {
			kids = append(kids, e.kidsOf(b, i, t)...)
		}
	}
	if len(kids) == 0 {
		return nil
	}
	b.all = append(b.all, kids...)
	e.loadLinks(ctx, b, kids)
	for _, step := range []func(context.Context, *batch, []*item){
		e.unlinkedOnly, e.readSources, e.archiveDeleted, e.findLacking, e.gate, e.readLines, e.findLacking, e.findCounterparts, e.ownOnly, e.runScripts, e.decide, e.runHooks,
	} {
		if left := open(kids); len(left) > 0 {
			step(ctx, b, left)
		}
	}
	for _, k := range kids { // another worker has it, or it could not be read just now: without it not all would be made
		if k.done() && k.link.State != link.Linked && k.decision.Kind == "" && k.result.On == "" && (k.result.End == Later || k.result.End == Retry) {
			k.of.end(Result{End: k.result.End, Until: k.result.Until, Err: k.result.Err})
		}
	}
	return slices.DeleteFunc(open(kids), func(k *item) bool { return k.of.done() || k.decision.Kind != plan.Create || !b.planned(e, k) })
}

// notMade looks for those that bear a claim which ran out: the record that they belong to is not there, but they may have been made for
// another one. Their own tasks find those.
func (e *Engine) notMade(ctx context.Context, b *batch, kids []*item) []*item {
	return slices.DeleteFunc(kids, func(k *item) bool {
		if k.link.State != link.Claimed {
			return false
		}
		looker, ok := e.Connections[k.m.ConnB].(connector.Looker)
		if !ok {
			return true
		}
		hits, err := e.sightings(ctx, b, k, looker, nil)
		if err != nil {
			e.fail(ctx, []*item{k.of}, k.m.ConnB, err)
		}
		return err != nil || len(hits) > 0
	})
}

// kidsOf gives the related records of one kind as items of their own mapping.
func (e *Engine) kidsOf(b *batch, i *item, t mapping.Together) []*item {
	to, with := b.set.byName[t.Through], i.m.Related(t.With)
	if i.home() || i.source == nil || to == nil || with == nil || !to.works(i.task.Pilot || i.pilot()) || i.depth >= maxDepth {
		return nil
	}
	var out []*item
	for _, ref := range uniqueRefs(i.source.RelatedTo(with.Object)) {
		if ref.Object != to.A.Object || b.erased.record(ref) {
			continue
		}
		task := Task{Ref: ref, Mapping: to.Name, Cause: "needed", Run: i.task.Run, Plan: i.task.Plan, Pilot: i.task.Pilot || i.pilot(), Actor: i.task.Actor, Released: i.task.Released}
		out = append(out, &item{task: task, ref: ref, group: []*Active{to}, m: to, depth: i.depth + 1, of: i})
	}
	return out
}

// unlinkedOnly leaves those out that have a counterpart.
func (e *Engine) unlinkedOnly(_ context.Context, _ *batch, kids []*item) {
	for _, k := range kids {
		switch k.link.State {
		case link.None, link.Skipped, link.Held, link.Claimed:
		default:
			k.end(Result{End: Done})
		}
	}
}

// ownOnly leaves those out that belong to another record than the one that is made (a contact whose main company is another).
func (e *Engine) ownOnly(_ context.Context, _ *batch, kids []*item) {
	for _, k := range kids {
		if !slices.ContainsFunc(k.wants, func(n plan.Need) bool { return k.needs[n].ID == newID(k.of.ref) }) {
			k.end(Result{End: Done})
		}
	}
}

// planned tells whether a create is as it was approved; without a plan everything is.
func (b *batch) planned(e *Engine, k *item) bool {
	if b.plan == nil {
		return true
	}
	return b.plan.allows(e.planRowOf(k))
}

// chunkAlong is how many of the items are sent together, with what they take along.
func (e *Engine) chunkAlong(items []*item) int {
	most, n, rows := e.chunkOf(items), 0, 0
	for n < len(items) && n < most {
		if rows += 1 + len(items[n].along); n > 0 && rows > max(most, chunk) {
			break
		}
		n++
	}
	return n
}

// claimAlong claims what creates take along, once they are claimed themselves, and gives the creates that have all of it. The others take
// nothing along, since all of it is made or nothing: they give their claim back and come again.
func (e *Engine) claimAlong(ctx context.Context, b *batch, items []*item, now time.Time) []*item {
	short := e.putAlong(ctx, b, items, now)
	if len(short) == 0 {
		return items
	}
	for _, i := range short {
		e.unclaim(ctx, i, &connector.Error{Fault: connector.Locked, Op: "create " + i.m.B.Object, After: contentionPause, Err: errors.New("another worker has what is made with it")})
	}
	e.endAlong(ctx, b, short)
	return slices.DeleteFunc(items, func(i *item) bool { return slices.Contains(short, i) })
}

// putAlong stores the claims of what creates take along, and gives the creates of which another worker has got something.
func (e *Engine) putAlong(ctx context.Context, b *batch, items []*item, now time.Time) (short []*item) {
	var kids []*item
	for _, i := range items {
		kids = append(kids, i.along...)
	}
	if len(kids) == 0 {
		return nil
	}
	kept := e.putLinks(ctx, kids, e.claims(b, kids, now))
	for _, i := range items {
		all := len(i.along)
		i.along = slices.DeleteFunc(i.along, func(k *item) bool { return !slices.Contains(kept, k) })
		if len(i.along) < all {
			short = append(short, i)
		}
		for _, k := range i.along {
			if b.along == nil {
				b.along = map[table.Key]*item{}
			}
			b.along[k.key] = k
		}
	}
	return short
}

// metAlong has items go on from where a create that they needed left them: it took them along.
func (b *batch) metAlong(items []*item) {
	for _, i := range items {
		k := b.along[i.key]
		switch {
		case k == nil || i.done() || i == k:
		case k.link.State == link.Linked:
			i.end(Result{End: Done})
		case k.link.State == link.Claimed:
			i.end(Result{End: Later, Until: k.link.Claim.Until})
		default:
			i.link, i.rev = k.link, k.rev
		}
	}
}

// justRefused tells whether a record that takes others along was refused a moment ago: those others all ask for it in the same moment,
// and it would be made and taken back for each of them.
func justRefused(a *Active, c plan.Counterpart) bool {
	return len(a.Together) > 0 && c.State == plan.Stuck && c.Reason != nil && c.Reason.Category == plan.RefusedCall && time.Since(c.Reason.At) < 2*contentionPause
}

// alongFields are what is written of a record that is taken along: without its parent's id, which nobody has yet.
func (e *Engine) alongFields(w connector.Writer, k *item) map[string]record.Value {
	out := map[string]record.Value{}
	for name, v := range k.decision.Write {
		if v.Text() != newID(k.of.ref) {
			out[name] = v
		}
	}
	if marker := w.Traits(k.link.Claim.Object).MarkerField; marker != "" {
		out[marker] = record.Of(k.link.Claim.Key)
	}
	return out
}

// withAlong are items and what they took along. That comes first: as long as one of its links is not stored the create counts as under
// way, and is gone on with (goon.go).
func withAlong(items []*item) []*item {
	var out []*item
	for _, i := range items {
		out = append(append(out, i.along...), i)
	}
	return out
}

// nameAlong says in an error which record it is about: a connector knows them by their place alone.
func (i *item) nameAlong(err error) error {
	var fault *connector.Error
	if err == nil || len(i.along) == 0 || !errors.As(err, &fault) {
		return err
	}
	named := *fault
	named.Fields = slices.Clone(fault.Fields)
	for n, name := range named.Fields {
		child, ok := strings.CutPrefix(name, "children.")
		place, field, _ := strings.Cut(child, ".")
		k, bad := strconv.Atoi(place)
		switch {
		case !ok || bad != nil || k >= len(i.along):
		case field == "":
			named.Fields[n] = i.along[k].ref.String()
		default:
			named.Fields[n] = field + " of " + i.along[k].ref.String()
		}
	}
	return &named
}

// tookAlong turns the answer of a create into the next state of what it took along.
func (e *Engine) tookAlong(b *batch, i *item, o connector.Outcome) {
	if i.link.State != link.Linked || o.Status != connector.Done || len(o.Children) != len(i.along) {
		return
	}
	for n, k := range i.along {
		if o.Children[n].IsZero() {
			continue // left out: it is looked for and sent alone
		}
		b.audit.outcomes = append(b.audit.outcomes, EntryOutcome{Ref: k.ref, Target: o.Children[n], Status: string(o.Status)})
		e.becomeLinked(k, o.Children[n], nil, time.Time{})
		k.result = &Result{End: Done, Counts: Counts{Created: 1}}
		i.result.Counts.Created++
	}
}

// giveAlongBack gives the claims of what was surely not made back, before that of the create itself: as long as one of them stands, the
// create is under way, and is looked for with all of them.
func (e *Engine) giveAlongBack(ctx context.Context, i *item, o connector.Outcome) {
	if o.Status != connector.Refused && o.Status != connector.Retry {
		return
	}
	until := time.Now().Add(waitPause)
	if o.Status == connector.Refused {
		until = time.Now().Add(heldPause)
	}
	for _, k := range i.along {
		if k.link.State == link.Claimed {
			e.giveKidBack(ctx, i, k, until)
		}
	}
}

func (e *Engine) giveKidBack(ctx context.Context, i, k *item, until time.Time) {
	k.link.State, k.link.Claim = link.Skipped, k.link.Claim.Given()
	e.setReason(k, &link.Reason{Category: plan.Waits, Text: i.ref.String() + " was not made, and it is made together with it"})
	k.result = &Result{End: Later, Until: until, On: i.ref.String()}
	if err := e.putItem(ctx, k); err != nil {
		k.result = nil
		e.fail(ctx, []*item{k}, "", err)
	} else {
		k.stored()
	}
}

// endAlong ends what was taken along: the follow-ups of what is linked now; the claims of what was surely not made are given back, and
// what is not known is looked for when its claim ends.
func (e *Engine) endAlong(ctx context.Context, b *batch, items []*item) {
	var linked, rest []*item
	for _, i := range items {
		for _, k := range i.along {
			switch {
			case k.link.State == link.Linked && k.done() && k.result.End == Done:
				linked = append(linked, k)
				continue
			case k.link.State == link.Claimed && i.link.State != link.Linked && i.link.State != link.Claimed:
				e.giveKidBack(ctx, i, k, time.Now().Add(waitPause))
			case k.link.State == link.Claimed:
				k.end(Result{End: Later, Until: k.link.Claim.Until})
			}
			rest = append(rest, k)
		}
		i.along = nil // whatever is sent of it again takes along what there is then
	}
	e.followUp(ctx, b, linked)
	if err := e.parkUnfinished(ctx, b, rest); err != nil {
		e.undecided(items, err)
	}
}
