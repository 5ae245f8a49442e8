package engine

import (
	"context"
	"fmt"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Two deals that were billed both and then merged are a person's question (T5), and until it is answered neither document is
// written: the one whose deal is gone has nothing to follow, and the other follows a deal that is two deals' money. It is over
// once the document of the deal that is gone is archived, or unlinked by hand.

// mergedTwice holds the survivors of such merges.
func (e *Engine) mergedTwice(ctx context.Context, b *batch, items []*item) error {
	var keys []table.Key
	var linked []*item
	for _, i := range items {
		if i.link.State != link.Linked || i.group[0].Document == nil || len(i.source.Was) == 0 {
			continue
		}
		linked = append(linked, i)
		for _, ref := range i.source.Was {
			keys = append(keys, e.linkKey(i.group[0].Slot, ref))
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	for _, i := range linked {
		for _, ref := range i.source.Was {
			other := links[e.linkKey(i.group[0].Slot, ref)].Value
			if i.done() || other.State != link.Linked || other.B == i.link.B {
				continue
			}
			i.m = i.choose()
			over, err := e.mergeOver(ctx, i.m, other.B, i.link.B)
			if err != nil {
				e.fail(ctx, []*item{i}, i.m.ConnB, err)
				continue
			}
			if !over {
				e.complain(b, i, &link.Reason{Category: plan.MergedTwice, Candidates: []record.Ref{i.link.B, other.B},
					Text: fmt.Sprintf("%s was merged into it, and both have a document (%s, %s). Neither is written meanwhile. Archive %s if it is not needed, then: crosswalk retry %s", ref, other.B, i.link.B, other.B, i.ref)})
			}
		}
	}
	return nil
}

// twinsGone has the records that were merged into a linked one looked at, where they still have a counterpart of their own: whose that is now
// is a person's question (C16), and where the webhook of the merge is lost nothing else ever tells of them. Of documents mergedTwice does so.
// Where their links still name the survivor's counterpart, a worker died while it moved the link: that is done again.
func (e *Engine) twinsGone(ctx context.Context, items []*item) error {
	var keys []table.Key
	for _, i := range items {
		if i.link.State == link.Linked {
			for _, ref := range i.source.Was {
				keys = append(keys, e.linkKey(i.group[0].Slot, ref))
			}
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		return err
	}
	var tasks []Task
	for _, i := range items {
		for _, ref := range i.source.Was {
			other := links[e.linkKey(i.group[0].Slot, ref)].Value
			if other.State == link.Linked && (other.B == i.link.B || other.Reason == nil && i.group[0].Document == nil) {
				t := i.task
				t.Ref, t.Run, t.Cause = ref, "", "merge"
				tasks = append(tasks, t)
			}
		}
	}
	return e.Enqueue(ctx, lane.Live, tasks)
}

// mergeOver tells whether the counterpart of a record that was merged away was taken out of use, so that nothing is doubled: a
// document is archived, another record was merged into the survivor's counterpart, or is gone.
func (e *Engine) mergeOver(ctx context.Context, m *Active, b, survivors record.Ref) (bool, error) {
	reads, err := e.Connections[b.Connection].Read(ctx, connector.ReadRequest{Object: b.Object, IDs: []string{b.ID}, Fields: []string{"state"}})
	if err != nil || len(reads) != 1 {
		return false, errOr(err, "the counterpart of a merged record could not be read")
	}
	switch reads[0].State {
	case record.Found:
		return m.Document != nil && inactive(reads[0].Record), nil
	case record.Gone:
		return true, nil
	case record.Moved:
		return reads[0].To == survivors, nil
	}
	return false, errOr(reads[0].Err, "the counterpart of a merged record could not be read")
}

// signpost leaves a merged record's address behind without a counterpart: what it had is not in use any more.
func (e *Engine) signpost(ctx context.Context, b *batch, i *item, to record.Ref) {
	if b.preview {
		i.end(Result{End: Done})
		return
	}
	i.link.Former = slices.Clone(i.link.LetGo())
	i.link.State, i.link.To, i.link.Reason = link.MovedTo, to, nil
	i.link.Agreed, i.link.Lines, i.link.Intent, i.link.Ghosts, i.link.Todo = nil, nil, nil, nil, nil
	if err := e.putNoted(ctx, i); err != nil {
		e.fail(ctx, []*item{i}, "", err)
		return
	}
	e.follow(ctx, b, i)
}

// lookAtOwners has the records that name this one (the deals of a company) looked at once more: what stands for it at the
// other side has become another record, and nothing of theirs changed. Who calls this: moveLink, where the survivor of a
// merge was billed as another company's double until its loser's link came.
func (e *Engine) lookAtOwners(ctx context.Context, b *batch, ref record.Ref) error {
	var owners []string
	for _, name := range b.set.names {
		a := b.set.byName[name]
		if a.ConnA == ref.Connection && a.works(true) && !slices.Contains(owners, a.A.Object) && slices.ContainsFunc(a.With, func(w mapping.With) bool { return w.Object == ref.Object }) {
			owners = append(owners, a.A.Object)
		}
	}
	if len(owners) == 0 {
		return nil
	}
	reads, err := e.Connections[ref.Connection].Read(ctx, connector.ReadRequest{Object: ref.Object, IDs: []string{ref.ID}, With: owners})
	if err != nil {
		return err
	}
	var tasks []Task
	for _, r := range reads {
		if r.Record == nil {
			continue
		}
		for _, rel := range r.Record.Related {
			tasks = append(tasks, Task{Ref: rel.Ref, Cause: "wake"})
		}
	}
	to := lane.Live
	if len(tasks) > 100 {
		to = lane.Bulk
	}
	return e.Enqueue(ctx, to, tasks)
}
