package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A preview of mappings that work both ways decides records one after the other, as the run of its plan will, but links none of them.
// What it has decided so far is kept beside the plan: who will be linked to whom, and which values will be taken by a record that is
// still to be made. So an account that the plan makes is there for its contacts, one record of b is not promised to two of a, and
// what the pages of a have settled is not decided once more from b.

// foreseen is what a plan comes to for one record in one slot.
type foreseen struct {
	State  plan.CounterpartState `json:"state"`
	ID     string                `json:"id,omitempty"`  // of the counterpart; "new:REF" of one that is still to be made
	With   record.Ref            `json:"with,omitzero"` // the counterpart that is there already
	Reason *link.Reason          `json:"reason,omitempty"`
	Page   int                   `json:"page"` // of the plan, which may be previewed again
}

// promised is a match key that a record to be made will have.
type promised struct {
	Ref  record.Ref `json:"ref"`
	Slot string     `json:"slot"`
}

// foresight reads and keeps what one plan foresees.
type foresight struct {
	e    *Engine
	plan string
	page int
	puts []table.Put
	seen map[table.Key]foreseen // of this page, before it is stored
	keys map[table.Key]promised

	needs map[plan.Need]bool // whose counterparts are foreseen
}

func (e *Engine) foresee(planID string, page int) *foresight {
	return &foresight{e: e, plan: planID, page: page, seen: map[table.Key]foreseen{}, keys: map[table.Key]promised{}, needs: map[plan.Need]bool{}}
}

// knows tells whether the plan has decided about a record that another one needs.
func (s *foresight) knows(need plan.Need) bool { return s != nil && s.needs[need] }

func (s *foresight) key(slot string, ref record.Ref) table.Key {
	return table.Key{PK: fmt.Sprintf("%s#%s#see#%02d", plansPK, s.plan, s.e.bucket(ref)), SK: slot + "#" + ref.String()}
}

func (s *foresight) promise(match table.Key) table.Key {
	return table.Key{PK: fmt.Sprintf("%s#%s#see#%s", plansPK, s.plan, match.PK), SK: match.SK}
}

// of gives what is foreseen for records, by their keys; what the plan has not decided yet is missing.
func (s *foresight) of(ctx context.Context, keys []table.Key) (map[table.Key]foreseen, error) {
	out := map[table.Key]foreseen{}
	if s == nil || len(keys) == 0 {
		return out, nil
	}
	got, err := getItems[foreseen](ctx, s.e.Table, unique(keys))
	if err != nil {
		return nil, err
	}
	for k, v := range got {
		if v.Rev != 0 {
			out[k] = v.Value
		}
	}
	maps.Copy(out, s.seen)
	return out, nil
}

// fresh leaves out tasks of records that earlier pages of the plan have decided.
func (s *foresight) fresh(ctx context.Context, slot string, tasks []Task) ([]Task, error) {
	if s == nil {
		return tasks, nil
	}
	known, err := s.of(ctx, mapSlice(tasks, func(t Task) table.Key { return s.key(slot, t.Ref) }))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(tasks), func(t Task) bool {
		v, ok := known[s.key(slot, t.Ref)]
		return ok && v.Page != s.page
	}), nil
}

// counterparts fills in, for needs whose records are not linked, what the plan makes of them.
func (s *foresight) counterparts(ctx context.Context, set *mappingSet, found map[plan.Need]plan.Counterpart) error {
	if s == nil {
		return nil
	}
	var keys []table.Key
	at := map[plan.Need]table.Key{}
	for need, c := range found {
		if a := set.byName[need.Mapping]; a != nil && c.State != plan.Ready {
			at[need] = s.key(a.Slot, need.Ref)
			keys = append(keys, at[need])
		}
	}
	known, err := s.of(ctx, keys)
	if err != nil {
		return err
	}
	for need, key := range at {
		if v, ok := known[key]; ok {
			found[need] = plan.Counterpart{State: v.State, ID: v.ID, Reason: v.Reason}
			s.needs[need] = true
		}
	}
	return nil
}

// linked notes which records of the other side will have a counterpart once the plan is carried out.
func (s *foresight) linked(ctx context.Context, set *mappingSet, all []plan.Need) (map[plan.Need]bool, error) {
	out := map[plan.Need]bool{}
	if s == nil {
		return out, nil
	}
	known, err := s.of(ctx, mapSlice(all, func(n plan.Need) table.Key { return s.key(set.byName[n.Mapping].Slot, n.Ref) }))
	for _, n := range all {
		out[n] = known[s.key(set.byName[n.Mapping].Slot, n.Ref)].State == plan.Ready
	}
	return out, err
}

// settle goes through the decisions of a page in their order: what would be linked to a record that the plan has promised to another
// one, or would be made with a value that the plan gives to another one, comes to what it will come to in the run (when_taken).
func (s *foresight) settle(ctx context.Context, items []*item) error {
	var keys, matchKeys []table.Key
	creates := map[*item][]table.Key{}
	for _, i := range items {
		switch i.decision.Kind {
		case plan.Adopt:
			keys = append(keys, s.key(i.m.Slot, i.target.Ref))
		case plan.Create:
			mine, err := s.e.createKeys(ctx, i)
			if err != nil {
				return err
			}
			creates[i] = mapSlice(mine, s.promise)
			matchKeys = append(matchKeys, creates[i]...)
		}
	}
	known, err := s.of(ctx, keys)
	if err != nil {
		return err
	}
	taken, err := getItems[promised](ctx, s.e.Table, unique(matchKeys))
	if err != nil {
		return err
	}
	for _, i := range items {
		switch i.decision.Kind {
		case plan.Adopt:
			target := s.key(i.m.Slot, i.target.Ref)
			other, ok := known[target]
			if now, here := s.seen[target]; here {
				other, ok = now, true
			}
			switch {
			case ok && other.With != i.ref && other.State == plan.Ready:
				s.refuse(i, i.target.Ref)
			case ok && other.State == plan.Stuck && i.home() && other.Reason != nil && other.Reason.Category == plan.SeveralHits:
				i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: &link.Reason{Category: plan.SeveralHits,
					Text: fmt.Sprintf("several records match %s. Link the right one", i.target.Ref), Candidates: []record.Ref{i.target.Ref}}}
			}
		case plan.Create:
			for _, k := range creates[i] {
				other := taken[k].Value
				if now, here := s.keys[k]; here {
					other = now
				}
				if !other.Ref.IsZero() && other.Ref != i.ref && other.Slot == i.m.Slot {
					s.refuse(i, other.Ref)
					break
				}
			}
		}
		s.note(i, creates[i])
	}
	return nil
}

// refuse has an item find its place taken.
func (s *foresight) refuse(i *item, by record.Ref) {
	if i.m.WhenTaken == "hold" {
		i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: &link.Reason{Category: plan.Taken, Candidates: []record.Ref{by},
			Text: fmt.Sprintf("%s has the same match value and comes first. Merge them, unlink that, or say when_taken: alias in the mapping", by)}}
		return
	}
	i.decision = plan.Decision{Kind: plan.Skip, Object: i.m.B.Object, Reason: &link.Reason{Category: plan.AliasOf,
		Text: fmt.Sprintf("it shares its counterpart with %s; it is routed to it and never writes", by)}}
}

// note keeps what an item comes to.
func (s *foresight) note(i *item, promises []table.Key) {
	v := foreseen{State: plan.Waiting, Page: s.page, Reason: i.decision.Reason}
	switch i.decision.Kind {
	case plan.Create:
		v.State, v.ID = plan.Ready, "new:"+i.ref.String()
		for _, k := range promises {
			s.keys[k] = promised{i.ref, i.m.Slot}
			s.puts = append(s.puts, put(k, s.keys[k], s.e.token(), table.Condition{}))
		}
	case plan.Adopt:
		v.State, v.ID, v.With = plan.Ready, i.target.Ref.ID, i.target.Ref
		s.keep(i.m.Slot, i.target.Ref, foreseen{State: plan.Ready, ID: i.ref.ID, With: i.ref, Page: s.page})
	case plan.Hold, plan.Skip:
		v.State = plan.Stuck
	}
	s.keep(i.m.Slot, i.ref, v)
}

func (s *foresight) keep(slot string, ref record.Ref, v foreseen) {
	k := s.key(slot, ref)
	s.seen[k] = v
	s.puts = append(s.puts, put(k, v, s.e.token(), table.Condition{}))
}

// wayHome decides what will go home of pairs that a plan links: on the facts of the way out, as they will be when that was written.
func (e *Engine) wayHome(ctx context.Context, b *batch, items []*item) {
	var twins []*item
	for _, i := range items {
		if i.decision.Kind != plan.Adopt || i.home() || i.m.home == nil || i.target.Archived || i.source.Archived {
			continue
		}
		l := i.link
		l.State, l.B, l.Reason = link.Linked, i.target.Ref, nil
		l.StampA, l.StampB = i.source.Modified, i.target.Modified
		l.Agreed = maps.Clone(i.decision.Agreed)
		written := &item{target: i.target}
		for name, v := range i.decision.Write {
			written.wrote(name, v)
		}
		twins = append(twins, &item{task: i.task, ref: l.B, group: []*Active{i.m.home}, m: i.m.home, depth: i.depth, key: i.key, link: l.Turned(), twin: true, pair: i,
			source: written.target, target: i.source, related: map[string][]record.Record{}, seen: i.seen, dead: i.dead})
	}
	if len(twins) == 0 {
		return
	}
	b.all = append(b.all, twins...)
	e.workSteps(ctx, b, twins, []func(context.Context, *batch, []*item){
		e.findLacking, e.findCounterparts, e.runScripts, e.findAssociated, e.findHistory, e.decide, e.runHooks,
	})
}

// previewBothWays decides a page of records of mappings that work both ways.
func (e *Engine) previewBothWays(ctx context.Context, b *batch, name string, tasks []Task) error {
	a := b.set.byName[name]
	if a == nil {
		return fmt.Errorf("there is no mapping %s", name)
	}
	tasks, err := b.foresight.fresh(ctx, a.Slot, tasks)
	if err != nil || len(tasks) == 0 {
		return err
	}
	if err := decidable(e.workTasks(ctx, b, tasks)); err != nil {
		return err
	}
	var own []*item
	for _, i := range b.all {
		if i.m != nil && i.decision.Kind != "" && !i.needed && !i.twin {
			own = append(own, i)
		}
	}
	if err := b.foresight.settle(ctx, own); err != nil {
		return err
	}
	e.wayHome(ctx, b, own)
	for _, i := range b.all {
		if i.twin && i.result != nil {
			if err := decidable([]Result{*i.result}); err != nil {
				return err
			}
		}
	}
	return firstError(e.Table.Put(ctx, b.foresight.puts))
}

// decidable tells why a page cannot be previewed now.
func decidable(results []Result) error {
	for _, r := range results {
		if r.End == Retry || r.End == Later && r.Err != nil {
			return fmt.Errorf("preview: %w", r.Err)
		}
	}
	return nil
}
