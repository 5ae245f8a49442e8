package engine

import (
	"context"
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

// A deal that stands in two CRMs is billed once. Its mirror is the same deal in the other CRM: linked with it by a mapping, or
// named by a field (mirror in the document mapping). Both have a link in their own CRM's place of documents, and the right to
// make or keep the document is taken on both, the mirror's first:
//
//	mirror has a document      its link becomes an alias that names this deal (To), then this deal's link takes everything
//	                           over: target, agreed values, what is still to be done. Killed in between, the alias says whose
//	                           it is, and the same deal goes on.
//	mirror has none            before anything is claimed for this deal the mirror's link becomes such an alias without target
//	a create is under way      it is looked for; nothing is made here before it is found or certainly absent
//	anything else              held: a person set it aside, took its document away, or it went to another deal
//
// Documents have one source (onesource.go), so the mirror's own mappings are paused meanwhile. Moving back is the same from
// the other side.

// mirrorPlace is where a mapping's mirrors are: the connection and object, and the place in which their documents are linked.
type mirrorPlace struct {
	connection, object, slot string
	a, field                 string
}

// mirroring is the item's mapping that says how a mirror is known, nil when none does.
func (i *item) mirroring() *Active {
	for _, a := range i.group {
		if a.Document != nil && a.Mirror != nil {
			return a
		}
	}
	return nil
}

func (e *Engine) mirrorsOf(a *Active) (mirrorPlace, error) {
	conn, _, err := e.connection(a.Mirror.Connection)
	if err != nil {
		return mirrorPlace{}, fmt.Errorf("mapping %s: mirror: %w", a.Name, err)
	}
	return mirrorPlace{connection: conn, object: a.Mirror.Object, slot: a.Mapping.Slot + "|" + conn + "|" + a.ConnB, a: a.Mirror.A, field: a.Mirror.Field}, nil
}

// handed tells whether the link's document, if it has one, went to a mirror.
func handed(l *link.Link) bool { return l.State == link.Alias && !l.To.IsZero() }

// findMirrors looks, for won deals without a document of their own and for deals whose document was handed over, at what the
// same deal in the other CRM has. It runs before everything that may end in a create.
func (e *Engine) findMirrors(ctx context.Context, b *batch, items []*item) {
	byPlace := map[mirrorPlace][]*item{}
	var order []mirrorPlace
	for _, i := range items {
		a := i.mirroring()
		if a == nil || b.rebuild != nil {
			continue
		}
		if i.link.State == link.Linked || i.link.State == link.Claimed {
			if err := e.noteMirror(ctx, b, i, a); err != nil {
				e.fail(ctx, []*item{i}, "", err)
			}
			continue
		}
		won, err := e.isWon(ctx, i, a)
		if err != nil {
			e.fail(ctx, []*item{i}, a.ConnA, err)
			continue
		}
		if !won && !handed(&i.link) {
			continue
		}
		i.m = i.choose()
		p, err := e.mirrorsOf(a)
		if err != nil {
			e.fail(ctx, []*item{i}, "", err)
			continue
		}
		if byPlace[p] == nil {
			order = append(order, p)
		}
		byPlace[p] = append(byPlace[p], i)
	}
	for _, p := range order {
		if err := e.findMirrorsAt(ctx, b, p, byPlace[p]); err != nil {
			e.fail(ctx, open(byPlace[p]), p.connection, err)
		}
	}
}

// noteMirror keeps whom a billed deal names where the one that is named looks for it: this one may be deleted by then, or its
// CRM be gone.
func (e *Engine) noteMirror(ctx context.Context, b *batch, i *item, a *Active) error {
	named, err := e.namedBy(i, a)
	if err != nil || named.IsZero() || named == i.link.Mirror || b.preview || i.link.State == link.Claimed {
		return err
	}
	i.link.Mirror = named
	if err := e.nameMirror(ctx, i, named); err != nil {
		return err
	}
	if err := e.putItem(ctx, i); err != nil {
		return err
	}
	i.rev++
	return nil
}

// namedBy is the mirror that a deal names itself, in a field of its own.
func (e *Engine) namedBy(i *item, a *Active) (record.Ref, error) {
	if a.Mirror.A == "" || i.source.Field(a.Mirror.A).Blank() {
		return record.Ref{}, nil
	}
	p, err := e.mirrorsOf(a)
	if err != nil {
		return record.Ref{}, err
	}
	id, ok := e.canonicalID(p.connection, i.source.Field(p.a).Text())
	if !ok {
		return record.Ref{}, nil // it names nothing that there is
	}
	return record.Ref{Connection: p.connection, Object: p.object, ID: id}, nil
}

func (e *Engine) isWon(ctx context.Context, i *item, a *Active) (bool, error) {
	stages, err := e.table(ctx, a.ConnA, a.Document.Stages)
	if err != nil {
		return false, err
	}
	won, _ := plan.Won(a.Mapping, i.source, stages)
	return won && !i.source.Archived, nil
}

func (e *Engine) findMirrorsAt(ctx context.Context, b *batch, p mirrorPlace, items []*item) error {
	if p.field != "" {
		if err := e.indexMirrors(ctx, p, [2]string{items[0].ref.Connection, items[0].ref.Object}); err != nil {
			return err
		}
	}
	refs, err := e.mirrorRefs(ctx, b, p, items)
	if err != nil {
		return err
	}
	for _, i := range items {
		mirrors, err := e.loadMirrors(ctx, b, p, refs[i])
		if err != nil {
			return err
		}
		e.judgeMirrors(ctx, b, p, i, mirrors)
	}
	return nil
}

// mirrorRefs gives who may be the mirror of each item: whom it names, who names it, whom it is linked with, and to whom its
// document was handed.
func (e *Engine) mirrorRefs(ctx context.Context, b *batch, p mirrorPlace, items []*item) (map[*item][]record.Ref, error) {
	out := map[*item][]record.Ref{}
	add := func(i *item, refs ...record.Ref) {
		for _, ref := range refs {
			if ref.Connection == p.connection && ref.Object == p.object && !slices.Contains(out[i], ref) {
				out[i] = append(out[i], ref)
			}
		}
	}
	var named, pointers, links []table.Key
	for _, i := range items {
		own, err := e.namedBy(i, i.mirroring())
		if err != nil {
			return nil, err
		}
		add(i, own)
		if i.link.State != link.MovedTo {
			add(i, i.link.To)
		}
		named = append(named, mirrorKey(p.slot, i.ref))
		for _, slot := range joining(b.set, i.ref, p) {
			pointers, links = append(pointers, e.pointerKey(slot, i.ref)), append(links, e.linkKey(slot, i.ref))
		}
	}
	index, err := getItems[mirrorEntry](ctx, e.Table, named)
	if err != nil {
		return nil, err
	}
	held, err := getItems[link.Pointer](ctx, e.Table, pointers)
	if err != nil {
		return nil, err
	}
	for _, i := range items { // a pointer binds only while its holder's link answers
		for _, slot := range joining(b.set, i.ref, p) {
			if h := held[e.pointerKey(slot, i.ref)]; h.Rev != 0 {
				links = append(links, e.linkKey(slot, h.Value.A))
			}
		}
	}
	there, err := getItems[link.Link](ctx, e.Table, links)
	if err != nil {
		return nil, err
	}
	elsewhere, err := e.renamed(ctx, p, items, index)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		for _, ref := range index[mirrorKey(p.slot, i.ref)].Value.Refs {
			if !slices.Contains(elsewhere[i], ref) {
				add(i, ref)
			}
		}
		for _, slot := range joining(b.set, i.ref, p) {
			if l := there[e.linkKey(slot, i.ref)].Value; l.State == link.Linked {
				add(i, l.B)
			}
			if h := held[e.pointerKey(slot, i.ref)]; h.Rev != 0 {
				if l := there[e.linkKey(slot, h.Value.A)].Value; l.State == link.Linked && l.B == i.ref {
					add(i, l.A)
				}
			}
		}
	}
	return out, nil
}

// renamed gives, of the records that are known to have named each item, those that name another one now. One that is gone or
// cannot be read is believed: it named this one when it was billed.
func (e *Engine) renamed(ctx context.Context, p mirrorPlace, items []*item, index map[table.Key]stored[mirrorEntry]) (map[*item][]record.Ref, error) {
	out := map[*item][]record.Ref{}
	var ids []string
	for _, i := range items {
		for _, ref := range index[mirrorKey(p.slot, i.ref)].Value.Refs {
			ids = append(ids, ref.ID)
		}
	}
	if ids = distinct(ids); p.field == "" || len(ids) == 0 {
		return out, nil
	}
	reads, err := e.Connections[p.connection].Read(ctx, connector.ReadRequest{Object: p.object, IDs: ids, Fields: []string{p.field}})
	if err != nil {
		return nil, &fromConnection{p.connection, err}
	}
	for n, r := range reads {
		if r.State == record.Unanswered {
			return nil, errOr(r.Err, "a deal that may be a mirror could not be read")
		}
		if r.State != record.Found || r.Record.Archived || !r.Record.Field(p.field).Known() {
			continue
		}
		ref := record.Ref{Connection: p.connection, Object: p.object, ID: ids[n]}
		for _, i := range items {
			if id, ok := e.canonicalID(i.ref.Connection, r.Record.Field(p.field).Text()); !ok || id != i.ref.ID {
				out[i] = append(out[i], ref)
			}
		}
	}
	return out, nil
}

// joining lists the places in which mappings join such a record with a mirror, in either direction.
func joining(set *mappingSet, ref record.Ref, p mirrorPlace) []string {
	var out []string
	for _, name := range set.names {
		m := set.byName[name]
		there := m.ConnA == ref.Connection && m.A.Object == ref.Object && m.ConnB == p.connection && m.B.Object == p.object
		back := m.ConnB == ref.Connection && m.B.Object == ref.Object && m.ConnA == p.connection && m.A.Object == p.object
		if (there || back) && !slices.Contains(out, m.Slot) {
			out = append(out, m.Slot)
		}
	}
	return out
}

// loadMirrors reads the mirrors' own links of documents; one that was merged is followed. Each is an item of its own
// mappings, whether or not they run.
func (e *Engine) loadMirrors(ctx context.Context, b *batch, p mirrorPlace, refs []record.Ref) ([]*item, error) {
	var out []*item
	for depth := 0; len(refs) > 0 && depth <= maxDepth; depth++ {
		keys := make([]table.Key, len(refs))
		for n, ref := range refs {
			keys[n] = e.linkKey(p.slot, ref)
		}
		links, err := getItems[link.Link](ctx, e.Table, keys)
		if err != nil {
			return nil, err
		}
		var next []record.Ref
		for n, ref := range refs {
			got := links[keys[n]]
			if got.Value.State == link.MovedTo && !got.Value.To.IsZero() {
				if to := got.Value.To; !slices.Contains(next, to) && !slices.ContainsFunc(out, func(x *item) bool { return x.ref == to }) {
					next = append(next, to)
				}
				continue
			}
			x := &item{task: Task{Ref: ref, Cause: "mirror"}, ref: ref, key: keys[n], link: got.Value, rev: got.Rev, dead: b.dead}
			if x.rev == 0 {
				x.link = link.Link{Slot: p.slot, A: ref}
			}
			for _, name := range b.set.names {
				if m := b.set.byName[name]; m.Slot == p.slot && m.ConnA == p.connection && m.A.Object == p.object {
					x.group = append(x.group, m)
				}
			}
			if len(x.group) == 0 {
				continue // nothing was ever billed from there
			}
			x.m = x.choose()
			if !slices.ContainsFunc(out, func(y *item) bool { return y.ref == ref }) {
				out = append(out, x)
			}
		}
		refs = next
	}
	return out, nil
}

// judgeMirrors decides what an item's mirrors mean for it.
func (e *Engine) judgeMirrors(ctx context.Context, b *batch, p mirrorPlace, i *item, mirrors []*item) {
	var having, busy, free []*item
	unclear := ""
	for _, x := range mirrors {
		l := &x.link
		unfinished := l.Claim != nil && l.Claim.Object != ""
		switch {
		case l.State == link.Linked, handed(l) && l.To == i.ref && !l.B.IsZero():
			having = append(having, x)
		case handed(l) && l.To != i.ref:
			unclear = fmt.Sprintf("%s is billed as %s", x.ref, l.To)
		case l.State == link.Claimed:
			busy = append(busy, x)
		case l.State == link.Held && unfinished:
			unclear = fmt.Sprintf("what came of the create for %s is not known", x.ref)
		case l.Ignored != nil:
			unclear = fmt.Sprintf("%s said that %s is not to be looked at", l.Ignored.Actor, x.ref)
		case l.Unlinked():
			unclear = fmt.Sprintf("%s took the document of %s away", l.Hand.Actor, x.ref)
		case l.State == link.Tombstone:
			unclear = fmt.Sprintf("the document of %s was taken back", x.ref)
		default:
			free = append(free, x)
		}
	}
	if len(having) > 1 {
		refs := make([]string, len(having))
		for n, x := range having {
			refs[n] = fmt.Sprintf("%s (%s)", x.ref, x.link.B)
		}
		unclear = "several deals that have a document are its mirror: " + strings.Join(refs, ", ")
	}
	switch {
	case unclear != "" && handed(&i.link):
		i.end(Result{End: Done, Counts: Counts{Skipped: 1}}) // it stays handed over, and says to whom
	case unclear != "":
		i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: &link.Reason{Category: plan.MirrorUnclear, Text: unclear + ". Correct what joins the two, then: crosswalk retry " + i.ref.String()}}
		for _, x := range having {
			i.decision.Reason.Candidates = append(i.decision.Reason.Candidates, x.link.B)
		}
		e.settleReason(ctx, b, i)
	case len(busy) > 0:
		e.waitForMirror(ctx, b, i, busy[0])
	case len(having) > 0 && e.running(b.set, p, i.m):
		i.end(Result{End: Later, Until: time.Now().Add(waitPause)}) // two sources at once: one of them is about to be stopped
	case len(having) > 0:
		e.takeMirrors(ctx, b, i, having[0])
	case handed(&i.link): // what it was handed to has no document after all
		i.link.State, i.link.To, i.link.B = link.None, record.Ref{}, record.Ref{}
		i.mirrors = free
	case e.justMade(p, i):
		i.end(Result{End: Later, Until: i.source.Created.Add(e.settles(p)), Err: nil})
	default:
		i.mirrors = free
	}
}

// running tells whether documents are made from the mirrors' side too.
func (e *Engine) running(set *mappingSet, p mirrorPlace, m *Active) bool {
	for _, name := range set.names {
		other := set.byName[name]
		if other.Document != nil && other.ConnB == m.ConnB && other.ConnA == p.connection && other.A.Object == p.object && other.works(true) {
			return true
		}
	}
	return false
}

// justMade tells whether a deal is so new that its mirror may not be found yet: whoever copies deals from one CRM to the other
// made this one a moment ago and is about to write its id into the other.
func (e *Engine) justMade(p mirrorPlace, i *item) bool {
	return p.field != "" && !i.source.Created.IsZero() && time.Since(i.source.Created) < e.settles(p)
}

// settles is how long the mirrors' system may hide what was just written there.
func (e *Engine) settles(p mirrorPlace) time.Duration {
	w, err := e.writer(p.connection)
	if err != nil {
		return 2 * time.Minute
	}
	return w.Traits(p.object).Settle
}

// waitForMirror waits for a create of the mirror that is under way. Its own mappings are paused, so that one whose worker
// vanished is looked for here: found, it is the mirror's document; certainly absent, the claim is given up. It is never sent
// again.
func (e *Engine) waitForMirror(ctx context.Context, b *batch, i, x *item) {
	if b.preview {
		e.holdReason(ctx, b, i, plan.MirrorUnclear, fmt.Sprintf("a document is just being made for %s", x.ref))
		return
	}
	if x.link.Claim.Until.After(time.Now()) {
		i.end(Result{End: Later, Until: x.link.Claim.Until})
		return
	}
	x.lookOnly = true
	x.source = &record.Record{Ref: x.ref}
	x.decision = plan.Decision{Kind: plan.Skip, Reason: &link.Reason{Category: plan.Waits, Text: "its create made nothing; documents are made from " + i.ref.Connection + " now"}}
	e.takeOver(ctx, b, []*item{x})
	until := time.Now()
	if x.result != nil && x.result.End == Later {
		until = laterOf(until, x.result.Until)
	}
	i.end(Result{End: Later, Until: until})
}

// takeMirrors has a deal take its mirror's document over.
func (e *Engine) takeMirrors(ctx context.Context, b *batch, i, x *item) {
	now := time.Now()
	if n := x.link.Intent; n != nil && n.Until.After(now) {
		i.end(Result{End: Later, Until: n.Until}) // it is just being written
		return
	}
	m := i.makes(x.link.B.Object)
	if m == nil {
		e.holdReason(ctx, b, i, plan.NoDocumentMapping, fmt.Sprintf("its mirror %s has the document %s, and no mapping that is live makes such documents of %s. Take one live", x.ref, x.link.B, i.ref.Object))
		i.result.On, i.result.Until = "slot/"+i.m.Slot, now.Add(heldPause)
		return
	}
	i.m = m
	before := i.link
	i.link = takenFrom(before, x, m, e.todos(m))
	if b.preview {
		return // it is decided as what it would be
	}
	if err := e.putTaken(ctx, b, i, x); err != nil {
		i.link = before
		e.fail(ctx, []*item{i}, "", err)
	}
}

// makes is the item's mapping that makes a kind of document.
func (i *item) makes(object string) *Active {
	for _, a := range i.group {
		if a.B.Object == object {
			return a
		}
	}
	return nil
}

// takenFrom is a deal's link as it will be with its mirror's document. The agreed values speak of the document's fields and so
// go along; the lines are told apart by the other CRM's ids, so that the document itself says which is which (plan). Of what
// was still to be done, what this mapping does too goes on.
func takenFrom(own link.Link, x *item, m *Active, todo []link.Todo) link.Link {
	was := &x.link
	out := link.Link{Slot: own.Slot, A: own.A, State: link.Linked, B: was.B, Mirror: x.ref, Mapping: m.Name, Version: m.Version, Claim: own.Claim.Given(), Former: own.Former,
		Agreed: was.Agreed, StampB: was.StampB, Intent: was.Intent, Ghosts: was.Ghosts, Net: was.Net, Money: was.Money, Made: was.Made, Erased: was.Erased,
		Page: own.Page, Noted: own.Noted, Extra: own.Extra}
	if was.ByHand() || was.Hand != nil && was.Hand.Did == link.HandLinked {
		out.Hand = was.Hand
	}
	for _, t := range todo {
		n := slices.IndexFunc(was.Todo, func(w link.Todo) bool { return w.Do == t.Do })
		switch {
		case t.Do == afterLink || t.Do == "write_back": // this side's own fields
			out.Todo = append(out.Todo, t)
		case n >= 0:
			out.Todo = append(out.Todo, was.Todo[n])
		}
	}
	return out
}

// putTaken stores a document's move: the mirror's link first, so that never both may write.
func (e *Engine) putTaken(ctx context.Context, b *batch, i, x *item) error {
	reason := &link.Reason{Category: plan.HandedOver, Text: fmt.Sprintf("its document %s follows %s now", i.link.B, i.ref)}
	first := !handed(&x.link)
	if first {
		x.link.State, x.link.To = link.Alias, i.ref
		x.tells(e, b, plan.HandedToMirror, reason)
	}
	i.link.Reason = &link.Reason{Category: plan.HandedOver, Text: fmt.Sprintf("it took the document %s over from %s", i.link.B, x.ref), At: time.Now()}
	i.decision = plan.Decision{Kind: plan.TakenFromMirror, Object: i.link.B.Object, Net: i.link.Net, Money: i.link.Money}
	e.record(b, i)
	i.link.Reason = nil
	if err := e.flush(ctx, b.audit); err != nil {
		return err
	}
	if first {
		if err := e.putOne(ctx, x.key, x.link, table.IfRev(x.rev)); err != nil {
			return err
		}
		x.rev++
	}
	if err := e.noteError(ctx, x); err != nil {
		return err
	}
	pointer := link.Pointer{Slot: i.link.Slot, B: i.link.B, A: i.ref, At: time.Now()}
	if err := e.putOne(ctx, e.pointerKey(i.link.Slot, i.link.B), pointer, table.Condition{}); err != nil { // whose it is was settled on the mirror's link
		return err
	}
	if err := e.putItem(ctx, i); err != nil {
		return err
	}
	i.rev++
	i.result = &Result{End: Later, Until: time.Now(), Counts: Counts{Linked: 1}} // worked as linked from now on
	x.link.Agreed, x.link.Lines, x.link.Intent, x.link.Ghosts, x.link.Todo, x.link.Made = nil, nil, nil, nil, nil, nil
	x.link.Net, x.link.Money, x.link.Hand = "", "", nil
	if err := e.putOne(ctx, x.key, x.link, table.IfRev(x.rev)); err != nil {
		return err
	}
	x.rev++
	for _, count := range []struct {
		slot string
		by   int
	}{{i.link.Slot, 1}, {x.link.Slot, -1}} {
		if _, err := change(ctx, e, tallyKey(count.slot), func(t *tally, _ bool) bool { t.Linked = max(0, t.Linked+count.by); return true }); err != nil {
			return err
		}
	}
	return e.afterLinked(ctx, i)
}

// tells gives a mirror's link its reason and an entry in the trail.
func (x *item) tells(e *Engine, b *batch, kind plan.Kind, reason *link.Reason) {
	with := *reason
	with.At = time.Now()
	x.link.Reason = &with
	x.decision = plan.Decision{Kind: kind, Object: x.link.B.Object, Reason: &with, Net: x.link.Net, Money: x.link.Money}
	e.record(b, x)
}

// reserveMirrors takes the right to bill on the mirrors of what is about to be created, so that the other CRM's deal is not
// billed when documents are made from there again, nor two deals of this one for one mirror.
func (e *Engine) reserveMirrors(ctx context.Context, b *batch, items []*item) []*item {
	for _, i := range items {
		if a := i.mirroring(); a != nil {
			named, err := e.namedBy(i, a)
			if err == nil && !named.IsZero() {
				i.link.Mirror = named // stored with the claim
				err = e.nameMirror(ctx, i, named)
			}
			if err != nil {
				e.fail(ctx, []*item{i}, "", err)
			}
		}
		for _, x := range i.mirrors {
			if i.done() || handed(&x.link) && x.link.To == i.ref {
				continue
			}
			x.link.State, x.link.To, x.link.Claim = link.Alias, i.ref, x.link.Claim.Given()
			x.tells(e, b, plan.HandedToMirror, &link.Reason{Category: plan.HandedOver, Text: "it is billed as " + i.ref.String()})
			err := e.flush(ctx, b.audit)
			if err == nil {
				err = e.putOne(ctx, x.key, x.link, table.IfRev(x.rev))
			}
			if err == nil {
				x.rev++
				err = e.noteError(ctx, x)
			}
			if err != nil {
				e.fail(ctx, []*item{i}, "", err)
			}
		}
	}
	return open(items)
}

// takeUp fills in what a link that was taken over could not know before it was decided: which line is which where the decision
// says that all are as they should be, and to whom the document is billed.
func (i *item) takeUp() {
	if i.link.Mirror.IsZero() {
		return
	}
	if len(i.link.Needs) == 0 {
		i.link.Needs = i.billed()
	}
	if i.decision.Kind != plan.Settle || i.link.Lines != nil {
		return
	}
	i.link.Lines = map[string]link.Line{}
	for _, l := range i.decision.Lines {
		i.link.Lines[l.SourceID] = link.Line{ID: l.TargetID, Digest: l.Digest}
	}
}
