package engine

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// expand turns tasks into items: one per slot of the record; a task about a line or another watched record becomes items
// of the records it belongs to. Tasks of one record and slot share the item.
func (e *Engine) expand(ctx context.Context, b *batch, tasks []Task) ([][]*item, []error) {
	owners, errs := make([][]*item, len(tasks)), make([]error, len(tasks))
	index := map[string]*item{}
	add := func(n int, ref record.Ref, t Task) {
		for _, group := range b.set.group(ref, func(a *Active) bool { return b.wants(a, ref, t) }) {
			id := group[0].Slot + "#" + ref.String()
			it, ok := index[id]
			if !ok {
				it = &item{task: t, ref: ref, group: group, needed: t.Needed}
				index[id] = it
				b.chosen[id] = it
			} else if t.Named {
				it.task.Named = true
			}
			it.needed = it.needed || t.Needed
			it.sawTask(t)
			owners[n] = append(owners[n], it)
		}
	}
	watched, err := e.watchedOwners(ctx, b, tasks)
	for n, t := range tasks {
		add(n, t.Ref, t)
		if err != nil && len(owners[n]) == 0 {
			errs[n] = err
		}
		for _, ref := range watched[t.Ref] {
			add(n, ref, t)
		}
	}
	return owners, errs
}

// wants tells whether a mapping takes part in this task for a record: the task's own, or one it belongs to.
func (b *batch) wants(a *Active, ref record.Ref, t Task) bool {
	if t.Mapping != "" && t.Mapping != a.Name {
		if other, ok := b.set.byName[t.Mapping]; !ok || other.Slot != a.Slot {
			return false
		}
	}
	if b.preview {
		return true
	}
	return a.works(t.Pilot || slices.Contains(a.Head.Pilot, ref))
}

// watchedOwners finds, for tasks about watched objects (line items), the records they belong to, in one read per object.
func (e *Engine) watchedOwners(ctx context.Context, b *batch, tasks []Task) (map[record.Ref][]record.Ref, error) {
	out := map[record.Ref][]record.Ref{}
	asked := map[string]bool{} // invoice and contract mapping ask for the same deals
	var all []*Active
	for _, name := range b.set.names {
		all = append(all, b.set.byName[name].ways()...)
	}
	for _, a := range all {
		for _, watched := range a.watches() {
			var ids []string
			for _, t := range tasks {
				question := a.A.Object + " " + t.Ref.String()
				if t.Ref.Connection == a.ConnA && t.Ref.Object == watched && !asked[question] && (b.preview || a.works(true)) {
					asked[question] = true
					ids = append(ids, t.Ref.ID)
				}
			}
			if len(ids) == 0 {
				continue
			}
			reads, err := e.Connections[a.ConnA].Read(ctx, connector.ReadRequest{Object: watched, IDs: ids, With: []string{a.A.Object}})
			if err != nil {
				return out, err
			}
			for _, r := range reads {
				if r.Record == nil {
					if r.State == record.Gone && slices.Contains(a.joined, watched) && !b.preview {
						if err := e.sweepSoon(ctx, a); err != nil {
							return out, err
						}
					}
					continue
				}
				for _, rel := range r.Record.RelatedTo(a.A.Object) {
					if !slices.Contains(out[r.Ref], rel.Ref) {
						out[r.Ref] = append(out[r.Ref], rel.Ref)
					}
				}
			}
		}
	}
	return out, nil
}
