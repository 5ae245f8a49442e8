package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Taking records out of match keys, links, sync errors, parked tasks and people's notes.

// cleanKeys takes the concerned records out of match keys: of a record that goes, all of its keys; of an address, its own.
func (x *eraser) cleanKeys(ctx context.Context) error {
	entries, err := getItems[matchEntry](ctx, x.Table, x.job.Keys)
	if err != nil {
		return err
	}
	claimed, err := x.claimed(ctx, entries)
	if err != nil {
		return err
	}
	for _, k := range x.job.Keys {
		got, there := entries[k]
		if !there {
			continue
		}
		left := got.Value
		left.Refs = slices.DeleteFunc(slices.Clone(left.Refs), x.concerned)
		if left.Claim != nil && x.concerned(left.Claim.A) && left.Claim.Until.Before(time.Now()) {
			left.Claim = nil
			left.add(slices.DeleteFunc(claimed[k], x.concerned)) // what the claim stood for, where that stays
		}
		if len(left.Refs) == len(got.Value.Refs) && left.Claim == got.Value.Claim {
			continue
		}
		x.out.MatchKeys++
		p := put(k, left, x.token(), table.IfRev(got.Rev))
		if len(left.Refs) == 0 && left.Claim == nil && (!left.Many || !x.job.Whole) {
			p = table.Put{Key: k, Delete: true, If: table.IfRev(got.Rev)}
		}
		if err := x.put(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// cleanLinks makes tombstones of the links of records that go, and takes what identifies out of the others.
func (x *eraser) cleanLinks(ctx context.Context) error {
	for _, key := range x.keys() {
		got, err := getItem[link.Link](ctx, x.Table, key)
		if err != nil {
			return err
		}
		l := got.Value
		if got.Rev == 0 {
			continue
		}
		x.tell(key, l)
		if l.State == link.Claimed || l.Intent != nil && l.Intent.Until.After(time.Now()) {
			x.out.Pending++
			continue
		}
		next, changed := x.cleaned(key, l)
		if !changed {
			continue
		}
		puts := []table.Put{put(key, next, x.token(), table.IfRev(got.Rev))}
		if next.State == link.Tombstone && !l.B.IsZero() {
			puts = append(puts, table.Put{Key: x.pointerKey(l.Slot, l.B), Delete: true})
		}
		if err := x.put(ctx, puts...); err != nil {
			return err
		}
	}
	return x.leaveTombstones(ctx)
}

// tell adds a link to what the answer lists.
func (x *eraser) tell(key table.Key, l link.Link) {
	add := func(list *[]record.Ref, refs ...record.Ref) {
		for _, ref := range refs {
			if !ref.IsZero() && !slices.Contains(*list, ref) {
				*list = append(*list, ref)
			}
		}
	}
	switch {
	case x.kept[key] && !l.B.IsZero():
		x.out.Documents = append(x.out.Documents, KeptDocument{l.A, l.B, l.Net, l.Money})
	case x.kept[key]:
		add(&x.out.Stripped, l.A)
	case x.whole[l.A]:
		add(&x.out.Gone, l.A, l.B)
	default:
		add(&x.out.Stripped, l.A, l.B)
	}
}

// cleaned is what a link becomes.
func (x *eraser) cleaned(key table.Key, l link.Link) (link.Link, bool) {
	if x.whole[l.A] && !x.kept[key] {
		x.out.Digests += len(l.Agreed)
		if l.State == link.Tombstone && l.Agreed == nil && !l.Erased.IsZero() {
			return l, false
		}
		return x.tombstone(l.Slot, l.A, l.Page), true
	}
	changed, frozen := false, x.job.Whole && x.kept[key]
	for _, name := range slices.Sorted(maps.Keys(l.Agreed)) {
		if pair := l.Agreed[name]; frozen || x.digest(pair.A) || x.digest(pair.B) {
			delete(l.Agreed, name)
			changed = true
			x.out.Digests++
		}
	}
	if len(l.Ghosts) > 0 || l.Intent != nil {
		l.Ghosts, l.Intent, changed = nil, nil, true // older than a write's time to live: the target is read anew
	}
	if l.Hand != nil && l.Hand.Why != "" {
		hand := *l.Hand
		hand.Why, l.Hand, changed = "", &hand, true
	}
	if l.Ignored != nil && l.Ignored.Why != "" {
		ignored := *l.Ignored
		ignored.Why, l.Ignored, changed = "", &ignored, true
	}
	if l.Reason != nil && x.seen.in(l.Reason.Text) {
		reason := *l.Reason
		reason.Text, l.Reason, changed = erasedText, &reason, true
	}
	if frozen && l.Erased.IsZero() {
		for id, line := range l.Lines {
			line.Digest = ""
			l.Lines[id] = line
		}
		l.Erased, changed = x.out.At, true
	}
	return l, changed
}

const erasedText = "its text was erased"

func (x *eraser) tombstone(slot string, ref record.Ref, page string) link.Link {
	return link.Link{Slot: slot, A: ref, State: link.Tombstone, Page: page, Erased: x.out.At,
		Reason: &link.Reason{Category: plan.Erased, Text: "it was erased on request and is never read, matched or written again", At: x.out.At}}
}

// leaveTombstones has why say of an erased record that nothing was known of, that it is one.
func (x *eraser) leaveTombstones(ctx context.Context) error {
	for _, name := range x.set.names {
		a := x.set.byName[name]
		for _, ref := range x.job.Refs {
			key := x.linkKey(a.Slot, ref)
			if _, known := x.at[key]; known || !x.whole[ref] || a.ConnA != ref.Connection || a.A.Object != ref.Object {
				continue
			}
			if err := x.put(ctx, put(key, x.tombstone(a.Slot, ref, ""), x.token(), table.IfAbsent())); err != nil {
				return err
			}
			x.at[key] = link.Link{}
			x.tell(key, link.Link{A: ref})
		}
	}
	return nil
}

// cleanErrors closes the sync errors of records that go and cleans the texts of others.
func (x *eraser) cleanErrors(ctx context.Context) error {
	type open struct {
		key table.Key
		s   SyncError
	}
	var found []open
	err := list(ctx, x.Table, "E", "", func(key table.Key, s SyncError) bool {
		if x.whole[s.Ref] || x.seen.in(s.Text) {
			found = append(found, open{key, s})
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, f := range found {
		x.out.Errors++
		p := table.Put{Key: f.key, Delete: true}
		if !x.whole[f.s.Ref] {
			f.s.Text = erasedText
			p = put(f.key, f.s, x.token(), table.Condition{})
		}
		if err := x.put(ctx, p); err != nil {
			return err
		}
	}
	for _, key := range x.keys() {
		if ref := x.at[key].A; x.whole[ref] && !x.kept[key] {
			if err := x.put(ctx, table.Put{Key: openErrorAt(key, ref), Delete: true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cleanParked drops the waiting tasks of records that go and cleans the reasons of others.
func (x *eraser) cleanParked(ctx context.Context) error {
	var found []parked
	err := list(ctx, x.Table, "W", "", func(_ table.Key, p parked) bool {
		if x.whole[p.Task.Ref] || x.seen.in(p.Reason) {
			found = append(found, p)
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, p := range found {
		x.out.Parked++
		id := x.taskID(p.Task)
		keys := []table.Key{parkedKey(p.Due, id), parkedTaskKey(id)}
		for _, on := range p.ons() {
			keys = append(keys, waitingKey(on, id))
		}
		gone := x.whole[p.Task.Ref]
		p.Reason = ""
		for _, k := range keys {
			change := put(k, p, x.token(), table.Condition{})
			if gone {
				change = table.Put{Key: k, Delete: true}
			}
			if err := x.put(ctx, change); err != nil {
				return err
			}
		}
	}
	return nil
}

// cleanDecisions takes people's notes about the record out of what they decided; that they decided it stays.
func (x *eraser) cleanDecisions(ctx context.Context) error {
	items, err := x.items(ctx, decisionKey("").PK, "")
	if err != nil {
		return err
	}
	for _, item := range items {
		var d map[string]any
		if err := json.Unmarshal(item.Data, &d); err != nil {
			return fmt.Errorf("decision %s: %w", item.SK, err)
		}
		note, _ := d["note"].(string)
		text, _ := d["ref"].(string)
		ref, err := record.ParseRef(text)
		if note == "" || note == erasedText || !(err == nil && x.concerned(ref)) && !x.seen.in(note) {
			continue
		}
		d["note"] = erasedText
		x.out.Decisions++
		if err := x.put(ctx, put(item.Key, d, x.token(), table.IfRev(item.Rev))); err != nil {
			return err
		}
	}
	return nil
}
