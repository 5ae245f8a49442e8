package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// mark is what bears one of our marks at the systems, as a rebuild read it.
type mark struct {
	Refs []markedRef `json:"refs"`
}

type markedRef struct {
	Ref  record.Ref `json:"ref"`
	Made time.Time  `json:"made,omitzero"`
}

// keepMarks is how long marks are looked up before a create, after a rebuild: longer than a system's recycle bin gives back
// a record that no list shows (HubSpot: 90 days).
const keepMarks = 100 * day

// markKey spreads marks over 256 partitions by their first byte, so that they can be listed.
func markKey(marker string) table.Key { return table.Key{PK: "Y#" + marker[3:5], SK: marker} }

// nextGenerations is how many more generations than the table knows of a record may have been made since the backup: each
// stands for a person who took a counterpart away and had it made again.
const nextGenerations = 3

// readMarks reads one page of one kind of record that mappings make.
func (e *Engine) readMarks(ctx context.Context, r *Rebuild) error {
	if r.Place >= len(r.Targets) {
		r.goOn(PhaseSources)
		return nil
	}
	t := r.Targets[r.Place]
	w, err := e.writer(t.Connection)
	if err != nil {
		return err
	}
	field := w.Traits(t.Object).MarkerField
	page, err := e.Connections[t.Connection].Changes(ctx, connector.FeedRequest{Object: t.Object, Cursor: r.Cursor, Fields: []string{field}})
	if err != nil {
		return errors.Join(&fromConnection{t.Connection, err}, e.lostContact(ctx, t.Connection, err))
	}
	found := map[string][]markedRef{}
	for _, rec := range page.Records {
		if m := rec.Field(field).Text(); IsMarker(m) {
			found[m] = append(found[m], markedRef{rec.Ref, rec.Created})
			r.Marked++
		}
	}
	if err := e.putMarks(ctx, found); err != nil {
		return err
	}
	r.Read += len(page.Records)
	if r.Cursor = page.Cursor; !page.More {
		r.Place, r.Cursor = r.Place+1, nil
	}
	return nil
}

// putMarks adds records to the marks they bear.
func (e *Engine) putMarks(ctx context.Context, found map[string][]markedRef) error {
	var keys []table.Key
	for _, m := range sortedNames(found) {
		keys = append(keys, markKey(m))
	}
	have, err := getItems[mark](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	var puts []table.Put
	for _, k := range keys {
		v := have[k].Value
		for _, f := range found[k.SK] {
			if !slices.ContainsFunc(v.Refs, func(x markedRef) bool { return x.Ref == f.Ref }) {
				v.Refs = append(v.Refs, f)
			}
		}
		// put even where nothing is new: one of an earlier rebuild expires too soon
		puts = append(puts, expiring(put(k, v, e.token(), table.IfRev(have[k].Rev)), time.Now().Add(keepMarks)))
	}
	return firstError(e.Table.Put(ctx, puts))
}

// forgetMarked takes a record off the marks: it is gone.
func (e *Engine) forgetMarked(ctx context.Context, marker string, ref record.Ref) error {
	got, err := getItem[mark](ctx, e.Table, markKey(marker))
	if err != nil || got.Rev == 0 {
		return err
	}
	got.Value.Refs = slices.DeleteFunc(got.Value.Refs, func(x markedRef) bool { return x.Ref == ref })
	return e.Table.Put(ctx, []table.Put{expiring(put(markKey(marker), got.Value, e.token(), table.IfRev(got.Rev)), time.Now().Add(keepMarks))})[0]
}

// sought is a record whose marks are looked up, and what was found.
type sought struct {
	ref   record.Ref
	was   []record.Ref // that were merged into it
	link  link.Link
	rev   int64
	keys  []string // the marks that something made of it can bear; its own last, the newest generation at the end
	found []foundMark
}

type foundMark struct {
	marker     string
	generation int
	markedRef
}

// firstNew is the first generation that a record's next create can have, and so can have had after the backup. Older ones were
// taken away by a person, and stay away.
func firstNew(l *link.Link) int {
	if l.Claim == nil {
		return 0
	}
	if l.State == link.Linked {
		return l.Claim.Generation + 1 // this one's is what it is linked to
	}
	return l.Claim.Generation
}

// lineage gives the links of the records that were merged into those looked for: only of such as the table knows nothing
// made of. What it does know goes along by itself (inherit), and what a person took away stays away (inheritDoubt).
func (e *Engine) lineage(ctx context.Context, slot string, all []*sought) (map[record.Ref]link.Link, error) {
	var keys []table.Key
	var refs []record.Ref
	for _, s := range all {
		for _, ref := range s.was {
			keys, refs = append(keys, e.linkKey(slot, ref)), append(refs, ref)
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		return nil, err
	}
	out := map[record.Ref]link.Link{}
	for n, ref := range refs {
		l := links[keys[n]].Value
		doubt := l.Ignored != nil || l.Unlinked() || l.State == link.Held && l.Reason != nil && sticky[l.Reason.Category]
		if !doubt && slices.Contains([]link.State{link.None, link.Skipped, link.Held}, l.State) {
			out[ref] = l
		}
	}
	return out, nil
}

// lookUp finds which marked records were made of each record, those that were merged into it included.
func (e *Engine) lookUp(ctx context.Context, slot string, all []*sought) error {
	type place struct {
		of         *sought
		generation int
	}
	merged, err := e.lineage(ctx, slot, all)
	if err != nil {
		return err
	}
	at := map[table.Key]place{}
	var keys []table.Key
	for _, s := range all {
		add := func(ref record.Ref, l *link.Link) {
			for g := firstNew(l); g <= firstNew(l)+nextGenerations; g++ {
				m := e.markerOf(slot, ref, g)
				s.keys = append(s.keys, m)
				at[markKey(m)] = place{s, g}
				keys = append(keys, markKey(m))
			}
		}
		for _, ref := range s.was {
			if l, ok := merged[ref]; ok {
				add(ref, &l)
			}
		}
		add(s.ref, &s.link)
	}
	have, err := getItems[mark](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		for _, x := range have[k].Value.Refs {
			s := at[k].of
			if x.Ref != s.link.B && !slices.Contains(s.link.Former, x.Ref) {
				s.found = append(s.found, foundMark{k.SK, at[k].generation, x})
			}
		}
	}
	return nil
}

// claimFound gives the record's link as a claim that has run out, on what bears its mark: from then on nobody makes another, and
// the take-over (protocol 1, step 6) looks for it by the mark.
func (s *sought) claimFound(token, actor string) link.Link {
	last := s.found[len(s.found)-1]
	l := s.link
	attempt := 0
	if l.Claim != nil && l.Claim.Generation == last.generation {
		attempt = l.Claim.Attempt
	}
	made := last.Made
	if made.IsZero() {
		made = time.Now().Add(-30 * day)
	}
	if l.Unlinked() { // a person had it looked at again after the backup: else nothing of this generation would be there
		l.Hand = &link.Hand{Did: link.HandReleased, Actor: actor, At: time.Now()}
	}
	l.State, l.Reason = link.Claimed, nil
	l.Claim = &link.Claim{Key: last.marker, Generation: last.generation, Attempt: attempt, Token: token, At: made, Until: time.Now().Add(-time.Second), Sends: 1, SentAt: made, Object: last.Ref.Object}
	return l
}

// unmade lets those creates through of which no mark was read back. For the others what bears the mark is taken over
// instead: a record that no list showed during the rebuild, or of a mapping that was applied after it.
func (e *Engine) unmade(ctx context.Context, items []*item) []*item {
	if _, until := e.life.now(); len(items) == 0 || time.Now().After(until) {
		return items
	}
	bySlot := map[string][]*item{}
	for _, i := range items {
		bySlot[i.m.Slot] = append(bySlot[i.m.Slot], i)
	}
	for _, slot := range sortedNames(bySlot) {
		list := bySlot[slot]
		all := make([]*sought, len(list))
		for n, i := range list {
			all[n] = &sought{ref: i.ref, was: i.source.Was, link: i.link, rev: i.rev}
		}
		if err := e.lookUp(ctx, slot, all); err != nil {
			e.fail(ctx, list, "", err)
			continue
		}
		for n, i := range list {
			if len(all[n].found) == 0 {
				continue
			}
			i.link, i.token = all[n].claimFound(e.token(), i.task.Actor), e.token()
			i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
			if len(e.putLinks(ctx, []*item{i}, []table.Put{i.put(i.token)})) == 1 {
				i.end(Result{End: Later, Until: time.Now()})
			}
		}
	}
	return open(items)
}
