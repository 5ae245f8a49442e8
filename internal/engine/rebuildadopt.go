package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// rebuilding is what a batch that only adopts knows: what bears each record's mark. Such a batch takes claims over and does
// nothing else; it creates nothing, writes nothing, and leaves follow-ups for later.
type rebuilding struct {
	epoch int
	of    map[record.Ref]*sought
}

// adoptAtOnce is how many records are adopted together, and adoptFor how long one step adopts: the next goes on.
const (
	adoptAtOnce = 25
	adoptFor    = 10 * time.Second
)

// maxAdoptRounds is how often a page is waited for whose adoptions did not all end. What is left then is a claim that has been
// found, which nobody makes again: it is looked for once more when its mapping goes on.
const maxAdoptRounds = 8

// readRebuilt reads one page of one kind of record that something is made of, and adopts what is found of each.
func (e *Engine) readRebuilt(ctx context.Context, r *Rebuild) error {
	if r.Place >= len(r.Sources) {
		r.goOn(PhaseLinks)
		return nil
	}
	s := r.Sources[r.Place]
	set, err := e.mappings(ctx)
	if err != nil {
		return err
	}
	var a *Active
	for _, name := range set.names {
		if m := set.byName[name]; m.Slot == s.Slot && m.A.Object == s.Object {
			a = m
		}
	}
	if a == nil { // it is no more, and nothing will be made by it
		r.Place, r.Cursor = r.Place+1, nil
		return nil
	}
	page, err := e.Connections[s.Connection].Changes(ctx, connector.FeedRequest{Object: s.Object, Cursor: r.Cursor, Fields: plainField(a.wantedA)})
	if err != nil {
		return errors.Join(&fromConnection{s.Connection, err}, e.lostContact(ctx, s.Connection, err))
	}
	found, err := e.forgotten(ctx, r, s, page.Records)
	if err != nil {
		return err
	}
	began := time.Now()
	var left []*sought
	var until time.Time
	for part := range slices.Chunk(found, adoptAtOnce) {
		if time.Since(began) > adoptFor {
			return nil // the same page again: what has been adopted is not found any more
		}
		waiting, next, err := e.adoptFound(ctx, r, set, s, part)
		if err != nil {
			return err
		}
		if left = append(left, waiting...); next.After(until) {
			until = next
		}
	}
	if len(left) > 0 && r.Rounds < maxAdoptRounds {
		r.Rounds++
		r.Next = laterOf(until, time.Now().Add(rebuildPause))
		return nil
	}
	for _, one := range left {
		row := RebuildRow{What: RowOpen, Ref: one.ref, Target: one.found[0].Ref, Mapping: a.Name, Text: "it could not be linked yet; it is looked for again when its mapping goes on"}
		if err := e.putRow(ctx, r.Epoch, s.Slot, row); err != nil {
			return err
		}
	}
	r.Looked += len(page.Records)
	r.Rounds = 0
	if r.Cursor = page.Cursor; !page.More {
		r.Place, r.Cursor = r.Place+1, nil
	}
	return nil
}

// plainField is one field to read where only addresses are wanted: one that costs no further call.
func plainField(fields []string) []string {
	for _, f := range fields {
		if !slices.ContainsFunc([]rune(f), func(c rune) bool { return c == '.' }) {
			return []string{f}
		}
	}
	return nil
}

// forgotten picks the records of a page of which something was made that the table does not know.
func (e *Engine) forgotten(ctx context.Context, r *Rebuild, s rebuildObject, records []record.Record) ([]*sought, error) {
	var all []*sought
	var keys []table.Key
	seen := map[record.Ref]bool{}
	for _, rec := range records {
		if !seen[rec.Ref] {
			seen[rec.Ref] = true
			all = append(all, &sought{ref: rec.Ref, was: rec.Was})
			keys = append(keys, e.linkKey(s.Slot, rec.Ref))
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		return nil, err
	}
	for n, one := range all {
		got := links[keys[n]]
		if one.link, one.rev = got.Value, got.Rev; got.Rev == 0 {
			one.link = link.Link{Slot: s.Slot, A: one.ref}
		}
	}
	all = slices.DeleteFunc(all, func(one *sought) bool {
		return one.link.Ignored != nil || slices.Contains([]link.State{link.Alias, link.MovedTo, link.Tombstone}, one.link.State)
	})
	if err := e.lookUp(ctx, s.Slot, all); err != nil {
		return nil, err
	}
	var out []*sought
	for _, one := range all {
		switch l := &one.link; {
		case len(one.found) == 0:
		case l.State == link.Linked:
			row := RebuildRow{What: RowOther, Ref: one.ref, Target: one.found[len(one.found)-1].Ref, Mapping: l.Mapping,
				Text: fmt.Sprintf("the backup has it linked to %s, and this one was made for it since: link the right one", l.B)}
			if err := e.putRow(ctx, r.Epoch, s.Slot, row); err != nil {
				return nil, err
			}
		case l.State == link.Held && l.Reason != nil && (l.Reason.Category == plan.DuplicateMarker || l.Reason.Category == plan.Taken) && one.among(l.Reason.Candidates):
			if err := e.putHeldRow(ctx, r.Epoch, s.Slot, one.link); err != nil { // held when this page was read before
				return nil, err
			}
		default:
			out = append(out, one)
		}
	}
	return out, nil
}

// among tells whether all that was found is among records that a person is asked about.
func (s *sought) among(candidates []record.Ref) bool {
	return !slices.ContainsFunc(s.found, func(f foundMark) bool { return !slices.Contains(candidates, f.Ref) })
}

func (e *Engine) putHeldRow(ctx context.Context, epoch int, slot string, l link.Link) error {
	row := RebuildRow{What: RowHeld, Ref: l.A, Mapping: l.Mapping, Text: l.Reason.Text}
	if len(l.Reason.Candidates) > 0 {
		row.Target = l.Reason.Candidates[0]
	}
	return e.putRow(ctx, epoch, slot, row)
}

// adoptFound puts claims on what was found and takes them over. It gives those that did not end, and when to look again.
func (e *Engine) adoptFound(ctx context.Context, r *Rebuild, set *mappingSet, s rebuildObject, found []*sought) (left []*sought, until time.Time, err error) {
	b := &batch{set: set, audit: e.newAuditBatch(time.Now(), ""), chosen: map[string]*item{}, rebuild: &rebuilding{epoch: r.Epoch, of: map[record.Ref]*sought{}}}
	var items []*item
	var puts []table.Put
	var owners []*sought
	for _, one := range found {
		if c := one.link.Claim; one.link.State == link.Claimed && c.Key == one.found[len(one.found)-1].marker {
			if c.Until.After(time.Now()) { // its last taking over did not end
				if left = append(left, one); c.Until.After(until) {
					until = c.Until
				}
				continue
			}
			owners = append(owners, one)
			continue
		}
		one.link = one.claimFound(e.token(), r.Actor)
		puts = append(puts, put(e.linkKey(s.Slot, one.ref), one.link, e.token(), table.IfRev(one.rev)))
		owners = append(owners, one)
	}
	for _, err := range e.Table.Put(ctx, puts) {
		if err != nil {
			return nil, until, err
		}
	}
	for _, one := range owners {
		groups := set.group(one.ref, func(a *Active) bool { return a.Slot == s.Slot })
		if len(groups) == 0 {
			continue
		}
		i := &item{task: Task{Ref: one.ref, Cause: causeRebuild, Actor: r.Actor, Named: true}, ref: one.ref, group: groups[0], needed: true}
		b.rebuild.of[one.ref], b.chosen[s.Slot+"#"+one.ref.String()] = one, i
		items = append(items, i)
	}
	if err := e.adoptItems(ctx, b, items); err != nil {
		return nil, until, err
	}
	for _, i := range items {
		switch i.link.State {
		case link.Linked, link.Alias, link.None, link.MovedTo:
			if i.link.State == link.Linked {
				r.Adopted++
			}
		case link.Held:
			if err := e.putHeldRow(ctx, r.Epoch, s.Slot, i.link); err != nil {
				return nil, until, err
			}
		default:
			if left = append(left, b.rebuild.of[i.ref]); i.result != nil && i.result.Until.After(until) {
				until = i.result.Until
			}
		}
	}
	return left, until, nil
}

// adoptItems works claims through the same steps as everything else. A panic fails the step: its claims stand, and the page
// is given up after a while.
func (e *Engine) adoptItems(ctx context.Context, b *batch, items []*item) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("panic in a rebuild", "panic", panicText(p), "stack", string(debug.Stack()))
			err = nil // the claims are alive, and wait
			for _, i := range items {
				i.end(Result{End: Retry, Err: errors.New("panic")})
			}
		}
	}()
	e.workItems(ctx, b, items)
	e.finishTrail(ctx, b, items)
	return nil
}

// adoptOnly takes claims over and leaves everything else as it is.
func (e *Engine) adoptOnly(ctx context.Context, b *batch, items []*item) {
	var claimed []*item
	for _, i := range items {
		if i.link.State == link.Claimed && b.rebuild.of[i.ref] != nil {
			claimed = append(claimed, i)
		} else {
			i.end(Result{End: Done})
		}
	}
	e.takeOver(ctx, b, claimed)
}

// sightings are the records that a taking over finds: by its mark, or, in a rebuild, those that are known to bear it, read anew.
func (e *Engine) sightings(ctx context.Context, b *batch, i *item, looker connector.Looker, hints map[string]record.Value) ([]record.Record, error) {
	if b.rebuild == nil || b.rebuild.of[i.ref] == nil {
		return looker.Look(ctx, connector.LookRequest{Object: i.link.Claim.Object, Marker: i.link.Claim.Key, Since: i.link.Claim.At, Hints: hints, Fields: i.m.wantedB})
	}
	var hits []record.Record
	for _, f := range b.rebuild.of[i.ref].found {
		w, err := e.writer(f.Ref.Connection)
		if err != nil {
			return nil, err
		}
		field := w.Traits(f.Ref.Object).MarkerField
		fields := []string{field}
		if f.Ref.Object == i.m.B.Object {
			fields = append(fields, i.m.wantedB...)
			if i.m.Document != nil {
				fields = append(fields, "state", "currency")
			}
		}
		reads, err := e.Connections[f.Ref.Connection].Read(ctx, connector.ReadRequest{Object: f.Ref.Object, IDs: []string{f.Ref.ID}, Fields: distinct(fields)})
		if err == nil && len(reads) != 1 {
			err = errors.New(f.Ref.Connection + " did not answer")
		}
		if err != nil {
			return nil, err
		}
		switch read := reads[0]; {
		case read.State == record.Found && read.Record.Field(field).Text() == f.marker:
			hits = append(hits, *read.Record)
		case read.State == record.Found, read.State == record.Gone, read.State == record.Moved:
			if err := e.forgetMarked(ctx, f.marker, f.Ref); err != nil {
				return nil, err
			}
		default:
			return nil, errOr(read.Err, f.Ref.String()+" could not be read")
		}
	}
	return hits, nil
}

// notThere gives a claim back that a rebuild put on something that is gone meanwhile.
func (e *Engine) notThere(ctx context.Context, i *item) {
	i.link.State, i.link.Claim = link.None, i.link.Claim.Given()
	i.token = e.token()
	if len(e.putLinks(ctx, []*item{i}, []table.Put{i.put(i.token)})) == 1 {
		i.end(Result{End: Done})
	}
}

// asFound settles an adopted record as it stands: what differs from what would be made today was changed since by somebody,
// at one side or the other, and nothing is written over for a restore's sake. The report says of documents that they differ.
func (e *Engine) asFound(ctx context.Context, b *batch, i *item, hit *record.Record) error {
	row := RebuildRow{What: RowAdopted, Ref: i.ref, Target: hit.Ref, Mapping: i.m.Name}
	agreed := map[string]link.Pair{}
	for key, pair := range i.decision.Agreed {
		if v := hit.Field(key); v.Known() {
			pair.B, pair.Unsure = e.digestOf(v), false
		}
		agreed[key] = pair
	}
	i.link.Agreed = agreed
	if i.m.Document != nil {
		e.documentAsFound(i, hit, &row)
	}
	i.decision = plan.Decision{Kind: plan.Adopt, Object: hit.Ref.Object, Net: i.link.Net, Money: i.link.Money}
	e.record(b, i)
	if err := e.flush(ctx, b.audit); err != nil {
		return err
	}
	return e.putRow(ctx, b.rebuild.epoch, i.m.Slot, row)
}

func (e *Engine) documentAsFound(i *item, hit *record.Record, row *RebuildRow) {
	currency, state := hit.Field("currency").Text(), hit.Field("state").Text()
	net, ok := e.netOf(i, hit)
	lines, same := linesAsFound(hit, i.decision.Lines)
	row.Differs = i.decision.Kind != plan.Create || !ok || !same || net != i.decision.Net || currency != i.decision.Money
	switch {
	case i.decision.Kind != plan.Create:
		row.Text = "what would be made of it today cannot be told"
		i.link.Lines = nil
	case row.Differs:
		row.Text = "it comes to something else than its record today, and stays as it is"
		i.link.Lines = lines
	default:
		i.link.Lines = lines
	}
	i.link.Net, i.link.Money = net, currency
	if i.link.Made != nil {
		i.link.Made.Run, i.link.Made.Approver, i.link.Made.Single = "", "", false // of then, and forgotten
		if !hit.Created.IsZero() {
			i.link.Made.At = hit.Created
		}
	}
	posted := false
	if done, underWay := reached("open", state); done || underWay {
		posted = true
	}
	i.link.Todo = slices.DeleteFunc(i.link.Todo, func(t link.Todo) bool {
		done, underWay := reached(t.Do, state)
		switch {
		case t.Do == "verify" || done || underWay:
			return true
		case t.Do == "send_email":
			row.EMail = true
			return true
		case t.Do == "open" || t.Do == "publish":
			return row.Differs // a person looks first
		}
		return false
	})
	row.EMail = row.EMail || posted && slices.Contains(i.m.After, "einvoice")
	if row.EMail {
		e.setReason(i, emailForgotten(hit.Ref))
	}
}

// emailForgotten: a document is never e-mailed twice, so after a restore it is a person who looks.
func emailForgotten(document record.Ref) *link.Reason {
	return &link.Reason{Category: plan.EMailUnsure, Text: fmt.Sprintf("%s: the table was restored from a backup, and whether its e-mail or e-invoice was sent is not known any more. Look in billing, and send it from there if it was not", document)}
}

// linesAsFound makes a line map for an adopted document. A line that shows what is wanted is that line; of the others, each
// stands for the next line that is wanted, so that what somebody changed in billing is left alone (T4). It tells whether all
// lines agree.
func linesAsFound(doc *record.Record, want []plan.LineDecision) (map[string]link.Line, bool) {
	out := map[string]link.Line{}
	taken := map[string]bool{}
	for _, l := range want {
		for n := range doc.Children {
			if child := &doc.Children[n]; !taken[child.Ref.ID] && sameLine(child, l.Fields) {
				taken[child.Ref.ID] = true
				out[l.SourceID] = link.Line{ID: child.Ref.ID, Digest: l.Digest}
				break
			}
		}
	}
	same := len(out) == len(want) && len(doc.Children) == len(want)
	for _, l := range want {
		if _, ok := out[l.SourceID]; ok {
			continue
		}
		out[l.SourceID] = link.Line{ID: "removed", Digest: l.Digest}
		for n := range doc.Children {
			if id := doc.Children[n].Ref.ID; !taken[id] {
				taken[id] = true
				out[l.SourceID] = link.Line{ID: id, Digest: l.Digest}
				break
			}
		}
	}
	return out, same
}
