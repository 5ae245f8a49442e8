package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// sweepAtOnce is how many links one step of the sweep looks at.
const sweepAtOnce = 500

// slots are the places that a rebuild is about, each once.
func (r *Rebuild) slots() []string {
	var out []string
	for _, s := range r.Sources {
		out = append(out, s.Slot)
	}
	return distinct(out)
}

// sweepLinks looks at one page of links. An e-mail that stood to be sent when the backup was made has been sent since, or not:
// it is struck. What was unfinished is looked at again when its mapping goes on, whatever it waited for.
func (e *Engine) sweepLinks(ctx context.Context, r *Rebuild) error {
	slots := r.slots()
	if r.Place >= len(slots) {
		r.goOn(PhaseStrays)
		return nil
	}
	slot := slots[r.Place]
	var at linkCursor
	if r.Cursor != nil {
		if err := json.Unmarshal(r.Cursor, &at); err != nil {
			return fmt.Errorf("cursor: %w", err)
		}
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	items, more, err := e.Table.Query(ctx, table.Query{PK: fmt.Sprintf("L#%s#%02d", slot, at.Shard), After: at.After, Limit: sweepAtOnce})
	if err != nil {
		return err
	}
	for _, stored := range items {
		var l link.Link
		if err := read(stored, &l); err != nil {
			return err
		}
		at.After = stored.SK
		if err := e.sweepLink(ctx, r, set, slot, stored, l); err != nil {
			return err
		}
	}
	if !more {
		at = linkCursor{Shard: at.Shard + 1}
	}
	if at.Shard == shards {
		r.Place, r.Cursor = r.Place+1, nil
		return nil
	}
	r.Cursor, err = json.Marshal(at)
	return err
}

func (e *Engine) sweepLink(ctx context.Context, r *Rebuild, set *mappingSet, slot string, stored table.Item, l link.Link) error {
	if a := makerOf(set, slot, &l); a != nil && standsToBeSent(a, &l) {
		if err := e.strikeEMail(ctx, r, a, stored, &l); err != nil {
			return err
		}
	}
	if l.State != link.Claimed && l.Intent == nil && len(l.Todo) == 0 {
		return nil
	}
	return e.park(ctx, Task{Ref: l.A, Cause: "wake"}, time.Now().Add(pausedFor), "slot/"+slot, "it was unfinished when the table was restored")
}

// makerOf is the mapping of a place that makes a link's kind of counterpart.
func makerOf(set *mappingSet, slot string, l *link.Link) *Active {
	for _, name := range set.names {
		if a := set.byName[name]; a.Slot == slot && a.B.Object == l.B.Object {
			return a
		}
	}
	return nil
}

// standsToBeSent tells whether a link's e-mail is still to be sent, by itself or when a person says retry, as far as the
// backup knows.
func standsToBeSent(a *Active, l *link.Link) bool {
	if slices.ContainsFunc(l.Todo, func(t link.Todo) bool { return t.Do == "send_email" }) {
		return true
	}
	return l.State == link.Linked && slices.Contains(a.After, "send_email") && l.Reason != nil && (l.Reason.Category == plan.AmountWrong || l.Reason.Category == plan.OpenFailed)
}

func (e *Engine) strikeEMail(ctx context.Context, r *Rebuild, a *Active, stored table.Item, l *link.Link) error {
	i := &item{ref: l.A, link: *l, rev: stored.Rev, key: stored.Key, group: []*Active{a}, m: a, task: Task{Ref: l.A, Cause: causeRebuild, Actor: r.Actor}}
	row := RebuildRow{What: RowEMail, Ref: l.A, Target: l.B, Mapping: a.Name, EMail: true, Text: "its e-mail stood to be sent when the backup was made"}
	if err := e.putRow(ctx, r.Epoch, a.Slot, row); err != nil {
		return err
	}
	i.link.Todo = slices.DeleteFunc(i.link.Todo, func(t link.Todo) bool { return t.Do == "send_email" })
	e.setReason(i, emailForgotten(l.B))
	err := e.putItem(ctx, i)
	if lost(err) {
		return fmt.Errorf("%s was changed in this very moment: %w", l.A, err)
	}
	if err != nil {
		return err
	}
	*l = i.link
	return e.noteError(ctx, i)
}

// strayParts is how many partitions the marks are in.
const strayParts = 256

// findStrays looks, partition by partition, for marked records that nothing is linked to.
func (e *Engine) findStrays(ctx context.Context, r *Rebuild) error {
	slotsOf := map[[2]string][]string{}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	for _, name := range set.names {
		a := set.byName[name]
		o := [2]string{a.ConnB, a.B.Object}
		if !slices.Contains(slotsOf[o], a.Slot) {
			slotsOf[o] = append(slotsOf[o], a.Slot)
		}
	}
	var marked []record.Ref
	err = list(ctx, e.Table, fmt.Sprintf("Y#%02x", r.Place), "", func(_ table.Key, m mark) bool {
		for _, x := range m.Refs {
			marked = append(marked, x.Ref)
		}
		return true
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(marked, 200) {
		if err := e.noteStrays(ctx, r, slotsOf, part); err != nil {
			return err
		}
	}
	if r.Place++; r.Place == strayParts {
		return e.finishRebuild(ctx, r)
	}
	return nil
}

func (e *Engine) noteStrays(ctx context.Context, r *Rebuild, slotsOf map[[2]string][]string, refs []record.Ref) error {
	var keys []table.Key
	for _, ref := range refs {
		for _, slot := range slotsOf[[2]string{ref.Connection, ref.Object}] {
			keys = append(keys, e.pointerKey(slot, ref))
		}
	}
	pointers, err := getItems[link.Pointer](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	var holders []table.Key
	for _, p := range pointers {
		holders = append(holders, e.linkKey(p.Value.Slot, p.Value.A))
	}
	links, err := getItems[link.Link](ctx, e.Table, holders)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		known := false
		for _, slot := range slotsOf[[2]string{ref.Connection, ref.Object}] {
			if p, ok := pointers[e.pointerKey(slot, ref)]; ok {
				l := links[e.linkKey(slot, p.Value.A)].Value
				known = known || l.B == ref || l.State == link.Claimed
			}
		}
		if known {
			continue
		}
		row := RebuildRow{What: RowStray, Target: ref, Text: "it bears our mark and is linked to nothing: taken apart by hand, waiting for a decision, or made for a record that is gone"}
		if err := e.putRow(ctx, r.Epoch, "stray", row); err != nil {
			return err
		}
	}
	return nil
}
