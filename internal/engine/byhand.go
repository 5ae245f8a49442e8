package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What people do to links with their own hands: join two records, take them apart, set one aside. Every one of these is a
// conditional put of the link, so that a worker in the middle of the same record loses or is waited for, and each leaves a
// decision that is kept for ever. links.go lists what there is.

// Pair asks for two records to be joined, or taken apart. For Unlink either side alone is enough. Mapping is needed only
// where several places could be meant. Archived states that b is meant although it is archived.
type Pair struct {
	A, B     record.Ref
	Mapping  string
	Archived bool
}

// What became of a Pair.
const (
	PairLinked      = "linked"
	PairUnlinked    = "unlinked"
	PairAlready     = "already" // it is so; nothing was done
	PairWouldLink   = "would_link"
	PairWouldUnlink = "would_unlink"
	PairRefused     = "refused" // Why and Fix say why not
	PairIgnored     = "ignored"
	PairRestored    = "restored" // no longer ignored
)

// PairResult is the answer for one Pair. A and B are in the mapping's order, whichever way round they were given.
type PairResult struct {
	A, B       record.Ref
	Mapping    string
	Status     string
	Why, Fix   string // of refused; Why of already
	Difference string // of a document: what does not agree with its deal; it is linked all the same
}

func (r *PairResult) refuse(why, fix string) { r.Status, r.Why, r.Fix = PairRefused, why, fix }

// Err is what a refused pair is for somebody who asked for this one alone.
func (r PairResult) Err() error {
	if r.Status != PairRefused {
		return nil
	}
	return &RefusedError{r.Why, r.Fix}
}

// maxReason bounds a person's reason, in characters.
const maxReason = 500

// cleanReason makes a reason one line of a bounded length.
func cleanReason(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))), " ")
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason])
	}
	return text
}

// handDecision is a decision about a record; it stands beside those about mappings.
type handDecision struct {
	Kind    string     `json:"kind"` // link, unlink, ignore, unignore
	Mapping string     `json:"mapping"`
	Version int        `json:"version"`
	Actor   string     `json:"actor"`
	At      time.Time  `json:"at"`
	Note    string     `json:"note,omitempty"`
	Ref     record.Ref `json:"ref"`
	Target  record.Ref `json:"target,omitzero"`
}

// decideByHand keeps a decision under a key that the same decision always has: killed before it was kept, the same command
// again keeps it.
func (e *Engine) decideByHand(ctx context.Context, d handDecision) error {
	key := decisionKey(d.At.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + d.Mapping + "#" + d.Ref.String())
	return e.putOne(ctx, key, d, table.Condition{})
}

// join is one pair on its way.
type join struct {
	ask    Pair
	result *PairResult
	m      *Active
	item   *item
	holder stored[link.Pointer]
	repair bool // it is linked by hand already, and what follows a link may be missing
}

func (j *join) open() bool { return j.result.Status == "" && !j.repair }

// Link is LinkAll for one pair; a refusal is a *RefusedError.
func (e *Engine) Link(ctx context.Context, pair Pair, actor, reason string) (PairResult, error) {
	out, err := e.LinkAll(ctx, []Pair{pair}, actor, reason, false)
	if err != nil {
		return PairResult{}, err
	}
	return out[0], out[0].Err()
}

// LinkAll joins pairs of records in their mapping's place, in order; each is answered by itself. Both must exist and be
// readable, and neither may be linked elsewhere. What both read as counts as agreed and nothing is written to either. A
// document is thereby billed by hand: its deal is never billed again, and it is never written. The mapping need not be
// live. With dry nothing is stored. The error is for what concerns all of them; the same call again goes on.
func (e *Engine) LinkAll(ctx context.Context, pairs []Pair, actor, reason string, dry bool) ([]PairResult, error) {
	set, err := e.mappings(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]PairResult, len(pairs))
	joins := make([]*join, len(pairs))
	for n, p := range pairs {
		results[n] = PairResult{A: p.A, B: p.B, Mapping: p.Mapping}
		joins[n] = &join{ask: p, result: &results[n]}
		joins[n].place(set)
	}
	sameTwice(joins)
	hand := link.Hand{Did: link.HandLinked, Actor: actor, At: time.Now(), Why: cleanReason(reason)}
	for _, step := range []func(context.Context, []*join) error{e.refuseErased, e.loadJoins, e.readJoins, e.stripJoins} {
		if err := step(ctx, joins); err != nil {
			return nil, err
		}
	}
	b := &batch{set: set, audit: e.newAuditBatch(hand.At, ""), chosen: map[string]*item{}, preview: true}
	e.settleJoins(ctx, b, joins, hand)
	if dry {
		for _, j := range joins {
			if j.open() {
				j.result.Status = PairWouldLink
			} else if j.repair {
				j.result.Status = PairAlready
			}
		}
		return results, nil
	}
	return results, e.putJoins(ctx, b, joins)
}

// place finds the mapping that joins the two, in either order.
func (j *join) place(set *mappingSet) {
	var found []*Active
	slots := map[string]bool{}
	swapped := false
	for _, turn := range []bool{false, true} {
		a, b := j.ask.A, j.ask.B
		if turn {
			a, b = b, a
		}
		for _, name := range set.names {
			m := set.byName[name]
			if j.ask.Mapping != "" && j.ask.Mapping != name || m.ConnA != a.Connection || m.A.Object != a.Object || m.ConnB != b.Connection || m.B.Object != b.Object {
				continue
			}
			found, swapped = append(found, m), turn
			slots[m.Slot] = true
		}
		if len(found) > 0 {
			break
		}
	}
	switch {
	case len(found) == 0 && j.ask.Mapping != "" && set.byName[j.ask.Mapping] == nil:
		j.result.refuse("there is no mapping "+j.ask.Mapping, "crosswalk status lists them")
	case len(found) == 0:
		j.result.refuse(fmt.Sprintf("no mapping joins %s:%s and %s:%s", j.ask.A.Connection, j.ask.A.Object, j.ask.B.Connection, j.ask.B.Object), "crosswalk status lists the mappings; write records as connection:object/id")
	case len(slots) > 1:
		j.result.refuse("several mappings join such records, in different places", "say which: --mapping "+found[0].Name)
	default:
		j.m = found[0]
		if swapped {
			j.ask.A, j.ask.B = j.ask.B, j.ask.A
		}
		j.result.A, j.result.B, j.result.Mapping = j.ask.A, j.ask.B, j.m.Name
	}
}

// sameTwice refuses rows that contradict each other, all of them: which one is meant, only a person can know. Of two rows
// that say the same, the second has nothing left to do.
func sameTwice(joins []*join) {
	type side struct {
		slot string
		ref  record.Ref
	}
	rows := map[side][]int{}
	for n, j := range joins {
		if j.open() {
			for _, s := range []side{{j.m.Slot, j.ask.A}, {j.m.Slot, j.ask.B}} {
				rows[s] = append(rows[s], n)
			}
		}
	}
	for n, j := range joins {
		if !j.open() {
			continue
		}
		for _, s := range []side{{j.m.Slot, j.ask.A}, {j.m.Slot, j.ask.B}} {
			for _, other := range rows[s] {
				same := joins[other].ask.A == j.ask.A && joins[other].ask.B == j.ask.B
				switch {
				case !j.open():
				case !same:
					j.result.refuse(fmt.Sprintf("another row of this list links %s to %s", s.ref, joins[other].other(s.ref)), "keep one of the two rows")
				case other < n && joins[other].result.Status != PairRefused:
					j.result.Status, j.result.Why = PairAlready, "it stands earlier in this list"
				}
			}
		}
	}
}

// other is the other side of a pair.
func (j *join) other(ref record.Ref) record.Ref {
	if j.ask.A == ref {
		return j.ask.B
	}
	return j.ask.A
}

// loadJoins reads links and pointers, and judges what the store alone can tell.
func (e *Engine) loadJoins(ctx context.Context, joins []*join) error {
	var keys, pointerKeys []table.Key
	for _, j := range joins {
		if j.open() {
			keys = append(keys, e.linkKey(j.m.Slot, j.ask.A))
			pointerKeys = append(pointerKeys, e.pointerKey(j.m.Slot, j.ask.B))
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	pointers, err := getItems[link.Pointer](ctx, e.Table, pointerKeys)
	if err != nil {
		return err
	}
	var holderKeys []table.Key
	for _, j := range joins {
		if !j.open() {
			continue
		}
		i := &item{ref: j.ask.A, group: []*Active{j.m}, m: j.m, key: e.linkKey(j.m.Slot, j.ask.A), task: Task{Ref: j.ask.A, Cause: "by hand"}}
		got := links[i.key]
		i.link, i.rev = got.Value, got.Rev
		if i.rev == 0 {
			i.link = link.Link{Slot: j.m.Slot, A: j.ask.A}
		}
		j.item, j.holder = i, pointers[e.pointerKey(j.m.Slot, j.ask.B)]
		j.judgeLink()
		if j.open() && !j.holder.Value.A.IsZero() && j.holder.Value.A != j.ask.A { // a place without a pointer says nothing of anybody
			holderKeys = append(holderKeys, e.linkKey(j.m.Slot, j.holder.Value.A))
		}
	}
	holders, err := getItems[link.Link](ctx, e.Table, holderKeys)
	if err != nil {
		return err
	}
	for _, j := range joins {
		if !j.open() || j.holder.Value.A.IsZero() || j.holder.Value.A == j.ask.A {
			continue
		}
		other := j.holder.Value.A
		h := holders[e.linkKey(j.m.Slot, other)].Value
		switch {
		case h.State == link.Linked && h.B == j.ask.B:
			j.result.refuse(fmt.Sprintf("%s is linked to %s", j.ask.B, other), "take that link away first: crosswalk unlink "+other.String())
		case h.State == link.Claimed || h.Intent != nil:
			j.result.refuse(fmt.Sprintf("%s is just being worked on for %s", j.ask.B, other), "try again in a few minutes")
		}
	}
	return nil
}

// judgeLink says what stands in the way on a's side.
func (j *join) judgeLink() {
	l, r := &j.item.link, j.result
	switch {
	case l.Ignored != nil:
		r.refuse(fmt.Sprintf("%s is ignored, as %s said", j.ask.A, l.Ignored.Actor), "crosswalk unignore "+j.ask.A.String())
	case l.State == link.Linked && l.B == j.ask.B:
		j.repair = l.ByHand()
		if !j.repair {
			r.Status, r.Why = PairAlready, "they are linked"
		}
	case l.State == link.Linked:
		r.refuse(fmt.Sprintf("%s is linked to %s", j.ask.A, l.B), "take that link away first: crosswalk unlink "+j.ask.A.String())
	case l.State == link.Claimed:
		r.refuse(fmt.Sprintf("a record is just being made for %s", j.ask.A), "wait for its end: crosswalk why "+j.ask.A.String())
	case l.State == link.MovedTo:
		r.refuse(fmt.Sprintf("%s was merged into %s", j.ask.A, l.To), "link "+l.To.String())
	case l.State == link.Tombstone && !wasLetGo(l):
		r.refuse(fmt.Sprintf("what was made of %s was taken back", j.ask.A), "crosswalk why "+j.ask.A.String())
	}
}

// readJoins reads both records of every pair, one batch an object.
func (e *Engine) readJoins(ctx context.Context, joins []*join) error {
	sides := []struct {
		ref    func(*join) record.Ref
		fields func(*Active) []string
		with   func(*Active) []string
		take   func(*join, record.Read)
	}{
		{func(j *join) record.Ref { return j.ask.A }, func(m *Active) []string { return m.wantedA }, func(m *Active) []string { return m.withA },
			func(j *join, r record.Read) {
				if j.readable(j.ask.A, r) {
					j.item.source = r.Record
				}
			}},
		{func(j *join) record.Ref { return j.ask.B }, func(m *Active) []string { return m.wantedB }, func(*Active) []string { return nil },
			func(j *join, r record.Read) {
				if j.readable(j.ask.B, r) {
					j.item.target = r.Record
				}
			}},
	}
	for _, s := range sides {
		byObject := map[[2]string][]*join{}
		for _, j := range joins {
			if j.open() {
				o := [2]string{s.ref(j).Connection, s.ref(j).Object}
				byObject[o] = append(byObject[o], j)
			}
		}
		for _, o := range sortedKeys(byObject) {
			list := byObject[o]
			var ids, fields, with []string
			for _, j := range list {
				ids, fields, with = append(ids, s.ref(j).ID), append(fields, s.fields(j.m)...), append(with, s.with(j.m)...)
			}
			reads, err := e.readEach(ctx, o, ids, distinct(fields), distinct(with))
			if err != nil {
				return err
			}
			for n, j := range list {
				s.take(j, reads[n])
			}
		}
	}
	return nil
}

// readEach reads records; where one of them has the whole call refused, each is asked for by itself.
func (e *Engine) readEach(ctx context.Context, object [2]string, ids, fields, with []string) ([]record.Read, error) {
	ask := connector.ReadRequest{Object: object[1], IDs: ids, Fields: fields, With: with}
	reads, err := e.Connections[object[0]].Read(ctx, ask)
	if err == nil && len(reads) != len(ids) {
		err = fmt.Errorf("%s answered %d of %d reads", object[0], len(reads), len(ids))
	}
	if err == nil || meaning(time.Now(), object[0], err).End != Never {
		return reads, err
	}
	reads = make([]record.Read, len(ids))
	for n, id := range ids {
		ask.IDs = []string{id}
		one, err := e.Connections[object[0]].Read(ctx, ask)
		switch {
		case err != nil && meaning(time.Now(), object[0], err).End != Never:
			return nil, err
		case err != nil || len(one) != 1:
			reads[n] = record.Read{State: record.Unanswered, Err: errOr(err, "not answered")}
		default:
			reads[n] = one[0]
		}
	}
	return reads, nil
}

// readable judges one read; it refuses the pair or lets it pass.
func (j *join) readable(ref record.Ref, read record.Read) bool {
	switch {
	case read.State == record.Found && read.Record.Archived && !(j.ask.Archived && ref == j.ask.B):
		fix := "take it out of the archive"
		if ref == j.ask.B {
			fix += ", or state that it is meant: --archived"
		}
		j.result.refuse(ref.String()+" is archived", fix)
	case read.State == record.Found:
		return true
	case read.State == record.Moved:
		j.result.refuse(fmt.Sprintf("%s was merged into %s", ref, read.To), "link "+read.To.String())
	case read.State == record.Gone:
		j.result.refuse(ref.String()+" does not exist", "look for its id in its own system")
	case read.State == record.NoRight:
		j.result.refuse("our credential may not read "+ref.String(), "give it the right; crosswalk check shows what it lacks")
	default:
		j.result.refuse(fmt.Sprintf("%s could not be read: %v", ref, errOr(read.Err, "not answered")), "try again")
	}
	return false
}

// settleJoins fills in the links as they will be stored.
func (e *Engine) settleJoins(ctx context.Context, b *batch, joins []*join, hand link.Hand) {
	var items []*item
	by := map[*item]*join{}
	for _, j := range joins {
		if !j.open() {
			continue
		}
		i, h := j.item, hand
		i.task.Actor = hand.Actor
		if i.link.B != j.ask.B {
			i.link.Former = i.link.LetGo()
		}
		i.link.State, i.link.B, i.link.To = link.Linked, j.ask.B, record.Ref{}
		i.link.Hand, i.link.Reason, i.link.Claim, i.link.Source = &h, nil, i.link.Claim.Given(), ""
		i.link.StampA, i.link.StampB = i.source.Modified, i.target.Modified
		i.link.Mapping, i.link.Version = j.m.Name, j.m.Version
		i.link.Agreed, i.link.Intent, i.link.Ghosts, i.link.Lines, i.link.Todo, i.link.Made = nil, nil, nil, nil, nil, nil
		i.link.Net, i.link.Money = "", ""
		if j.m.Document == nil && j.m.afterLink() != "" {
			i.link.Todo = []link.Todo{{Do: afterLink, Since: time.Now()}}
		}
		items = append(items, i)
		by[i] = j
	}
	for _, step := range []func(context.Context, *batch, []*item){e.readLines, e.findCounterparts, e.runScripts} {
		if open := open(items); len(open) > 0 {
			step(ctx, b, open)
		}
	}
	for _, i := range items {
		j := by[i]
		if i.done() {
			why := "what belongs to it could not be read"
			if err := i.result.Err; err != nil {
				why += ": " + err.Error()
			} else if i.decision.Reason != nil {
				why += ": " + i.decision.Reason.Text
			}
			j.result.refuse(why, "try again")
			continue
		}
		f, err := e.facts(ctx, b, i, i.m)
		if err != nil {
			j.result.refuse("what it would come to could not be worked out: "+err.Error(), "try again")
			continue
		}
		if i.m.Document == nil {
			i.link.Agreed = plan.Settled(f)
			continue
		}
		i.link.Net, _ = plan.NetOf(i.m.Mapping, i.target)
		i.link.Money = i.target.Field("currency").Text()
		f.Link = i.link
		if d := plan.Decide(f); d.Reason != nil && !plan.Harmless(d.Reason.Category) {
			e.setReason(i, d.Reason)
			j.result.Difference = d.Reason.Category + ": " + d.Reason.Text
		}
	}
}

// putJoins stores what was decided: the trail, the pointers, the links, then what follows a link. Killed anywhere, the
// same call again finishes it: a pointer alone binds nobody, and a link by hand is followed up when it is asked for again.
func (e *Engine) putJoins(ctx context.Context, b *batch, joins []*join) error {
	var ready []*join
	for _, j := range joins {
		if j.open() {
			ready = append(ready, j)
			j.item.decision = plan.Decision{Kind: plan.Joined, Object: j.m.B.Object, Net: j.item.link.Net, Money: j.item.link.Money}
			e.record(b, j.item)
		}
	}
	if err := e.flush(ctx, b.audit); err != nil {
		return err
	}
	for _, j := range ready {
		if err := e.putJoin(ctx, j); err != nil {
			return err
		}
	}
	for _, j := range joins {
		if !j.repair {
			continue
		}
		j.result.Status, j.result.Why = PairAlready, "they are linked"
		if j.holder.Rev == 0 || j.holder.Value.A != j.ask.A {
			if err := e.point(ctx, j); err != nil && !lost(err) {
				return err
			}
		}
		if err := e.afterJoin(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) point(ctx context.Context, j *join) error {
	p := link.Pointer{Slot: j.m.Slot, B: j.ask.B, A: j.ask.A, At: time.Now()}
	return e.putOne(ctx, e.pointerKey(j.m.Slot, j.ask.B), p, table.IfRev(j.holder.Rev))
}

func (e *Engine) putJoin(ctx context.Context, j *join) error {
	if j.holder.Rev == 0 || j.holder.Value.A != j.ask.A {
		err := e.point(ctx, j)
		if lost(err) {
			j.result.refuse(j.ask.B.String()+" was taken by another record in this very moment", "look again: crosswalk why "+j.ask.B.String())
			return nil
		}
		if err != nil {
			return err
		}
	}
	err := e.putOne(ctx, j.item.key, j.item.link, table.IfRev(j.item.rev))
	if lost(err) {
		j.result.refuse(j.ask.A.String()+" was worked on in this very moment", "try again")
		return nil
	}
	if err != nil {
		return err
	}
	j.item.rev++
	j.result.Status = PairLinked
	return errors.Join(e.tallyLinked(ctx, []*item{j.item}), e.afterJoin(ctx, j))
}

// afterJoin keeps the decision, closes the sync error the record had and wakes what waits for it.
func (e *Engine) afterJoin(ctx context.Context, j *join) error {
	h := j.item.link.Hand
	d := handDecision{Kind: "link", Mapping: j.m.Name, Version: j.item.link.Version, Actor: h.Actor, At: h.At, Note: h.Why, Ref: j.ask.A, Target: j.ask.B}
	if err := e.decideByHand(ctx, d); err != nil {
		return err
	}
	return e.afterLinked(ctx, j.item)
}

// Unlink is UnlinkAll for one record; a refusal is a *RefusedError.
func (e *Engine) Unlink(ctx context.Context, pair Pair, actor, reason string, rematch bool) (PairResult, error) {
	out, err := e.UnlinkAll(ctx, []Pair{pair}, actor, reason, rematch, false)
	if err != nil {
		return PairResult{}, err
	}
	return out[0], out[0].Err()
}

// UnlinkAll takes pairs apart. Nothing is written to either record, and the one at a is held as unlinked: it is not
// matched, made or billed again until somebody links another or says retry. With rematch that retry is asked for at once.
func (e *Engine) UnlinkAll(ctx context.Context, pairs []Pair, actor, reason string, rematch, dry bool) ([]PairResult, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	hand := link.Hand{Did: link.HandUnlinked, Actor: actor, At: time.Now(), Why: cleanReason(reason)}
	out := make([]PairResult, len(pairs))
	var again []Task
	for n, p := range pairs {
		r, err := e.unlinkOne(ctx, set, p, hand, rematch, dry)
		if err != nil {
			return nil, err
		}
		out[n] = r
		if rematch && !dry && r.Status != PairRefused {
			again = append(again, Task{Ref: r.A, Cause: "retry", Actor: actor})
		}
	}
	return out, e.Enqueue(ctx, lane.Live, again)
}

func (e *Engine) unlinkOne(ctx context.Context, set *mappingSet, p Pair, hand link.Hand, rematch, dry bool) (PairResult, error) {
	ref := p.A
	if ref.IsZero() {
		ref, p.B = p.B, record.Ref{}
	}
	r := PairResult{A: p.A, B: p.B, Mapping: p.Mapping}
	places, err := e.places(ctx, set, ref, p.Mapping)
	if err != nil {
		return r, err
	}
	places = slices.DeleteFunc(places, func(s spot) bool {
		l := s.item.link
		if s.item.rev == 0 || !p.B.IsZero() && l.B != p.B && l.A != p.B {
			return true
		}
		return l.State != link.Linked && l.State != link.Alias && !l.Unlinked() && l.State != link.Claimed
	})
	switch {
	case len(places) == 0 && !p.B.IsZero():
		r.refuse(fmt.Sprintf("%s is not linked to %s", ref, p.B), "see what it is linked to: crosswalk why "+ref.String())
		return r, nil
	case len(places) == 0:
		r.refuse(ref.String()+" is not linked to anything", "see what is known of it: crosswalk why "+ref.String())
		return r, nil
	case len(places) > 1:
		r.refuse(ref.String()+" is linked in several places", "say which: --mapping "+places[0].item.m.Name)
		return r, nil
	}
	s := places[0]
	l := &s.item.link
	r.A, r.B, r.Mapping = l.A, l.B, s.item.m.Name
	switch {
	case l.Ignored != nil:
		r.refuse(fmt.Sprintf("%s is ignored, as %s said", l.A, l.Ignored.Actor), "crosswalk unignore "+l.A.String())
	case l.State == link.Claimed:
		r.refuse("a record is just being made for "+l.A.String(), "wait for its end: crosswalk why "+l.A.String())
	case l.Intent != nil && l.Intent.Until.After(time.Now()):
		r.refuse(l.B.String()+" is just being written", "try again in a few minutes")
	case l.Unlinked() && l.State != link.Linked && l.State != link.Alias:
		r.B, r.Status, r.Why = l.Hand.B, PairAlready, "it was unlinked by "+l.Hand.Actor
		if !dry {
			return r, e.afterUnlink(ctx, s.item)
		}
	case dry:
		r.Status = PairWouldUnlink
	default:
		return e.takeApart(ctx, s.item, hand, r)
	}
	return r, nil
}

// takeApart changes the link first and then forgets the pointer: killed in between, a pointer that no link answers to is
// left, which binds nobody. The generation is raised: a record made again after this is another one, with a mark and an
// idempotency key of its own.
func (e *Engine) takeApart(ctx context.Context, i *item, hand link.Hand, r PairResult) (PairResult, error) {
	l := &i.link
	was := *l
	hand.B = l.B
	generation := 1
	if l.Claim != nil {
		generation = l.Claim.Generation + 1
	}
	text := fmt.Sprintf("%s took its link to %s away", hand.Actor, l.B)
	if hand.Why != "" {
		text += ": " + hand.Why
	}
	b := &batch{audit: e.newAuditBatch(hand.At, "")}
	i.task = Task{Ref: l.A, Cause: "by hand", Actor: hand.Actor}
	*l = link.Link{Slot: l.Slot, A: l.A, B: l.B, State: link.Held, StampA: l.StampA, Page: l.Page, Extra: l.Extra, Hand: &hand, Claim: &link.Claim{Generation: generation},
		Former: l.LetGo()}
	e.setReason(i, &link.Reason{Category: plan.Unlinked, Text: text, Candidates: []record.Ref{hand.B}})
	i.decision = plan.Decision{Kind: plan.TakenOff, Object: hand.B.Object, Reason: l.Reason, Net: was.Net, Money: was.Money}
	e.record(b, i) // with the target that it had
	l.B = record.Ref{}
	if err := e.flush(ctx, b.audit); err != nil {
		return r, err
	}
	err := e.putOne(ctx, i.key, *l, table.IfRev(i.rev))
	if lost(err) {
		r.refuse(l.A.String()+" was worked on in this very moment", "try again")
		return r, nil
	}
	if err != nil {
		return r, err
	}
	i.rev++
	r.Status = PairUnlinked
	if was.State == link.Linked {
		if _, err := change(ctx, e, tallyKey(l.Slot), func(t *tally, _ bool) bool { t.Linked--; return true }); err != nil {
			return r, err
		}
	}
	return r, e.afterUnlink(ctx, i)
}

// afterUnlink forgets the pointer, if it still is this record's, keeps the decision and opens the sync error.
func (e *Engine) afterUnlink(ctx context.Context, i *item) error {
	h := i.link.Hand
	if h.B.IsZero() {
		return nil
	}
	key := e.pointerKey(i.link.Slot, h.B)
	there, err := getItem[link.Pointer](ctx, e.Table, key)
	if err != nil {
		return err
	}
	if there.Rev != 0 && there.Value.A == i.ref {
		if err := e.Table.Put(ctx, []table.Put{{Key: key, Delete: true, If: table.IfRev(there.Rev)}})[0]; err != nil && !lost(err) {
			return err
		}
	}
	d := handDecision{Kind: "unlink", Mapping: i.m.Name, Version: i.m.Version, Actor: h.Actor, At: h.At, Note: h.Why, Ref: i.ref, Target: h.B}
	if err := e.decideByHand(ctx, d); err != nil {
		return err
	}
	return e.noteError(ctx, i)
}

// spot is a record's link in one place.
type spot struct {
	item *item
	own  bool // the ref asked for is a's
}

// places finds the links of a record of either side, of one mapping's place or of all, in order of the mappings' names.
// A record of a's side has a spot in each of its places, though nothing may be kept there yet.
func (e *Engine) places(ctx context.Context, set *mappingSet, ref record.Ref, mapping string) ([]spot, error) {
	var out []spot
	seen := map[table.Key]bool{}
	for _, name := range set.names {
		m := set.byName[name]
		if mapping != "" && mapping != name {
			continue
		}
		a := ref
		switch {
		case m.ConnA == ref.Connection && m.A.Object == ref.Object:
		case m.ConnB == ref.Connection:
			p, err := getItem[link.Pointer](ctx, e.Table, e.pointerKey(m.Slot, ref))
			if err != nil {
				return nil, err
			}
			if p.Rev == 0 {
				continue
			}
			a = p.Value.A
		default:
			continue
		}
		key := e.linkKey(m.Slot, a)
		if seen[key] {
			continue
		}
		seen[key] = true
		got, err := getItem[link.Link](ctx, e.Table, key)
		if err != nil {
			return nil, err
		}
		i := &item{ref: a, group: []*Active{m}, m: m, key: key, link: got.Value, rev: got.Rev}
		if got.Rev == 0 {
			i.link = link.Link{Slot: m.Slot, A: a}
		}
		if a != ref && i.link.B != ref && !(i.link.Unlinked() && i.link.Hand.B == ref) {
			continue // a pointer that no link answers to
		}
		if other := set.byName[i.link.Mapping]; other != nil && other.Slot == m.Slot {
			i.m = other // the one that settled it, of several that share the place
		}
		out = append(out, spot{i, a == ref})
	}
	return out, nil
}
