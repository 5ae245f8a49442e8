package engine

import (
	"context"
	"fmt"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
)

// setAside ends items that a person set aside: ignored ones are skipped until they are un-ignored, unlinked ones held until
// somebody says retry or links another. A merge is followed all the same, so that the link goes along.
func (e *Engine) setAside(i *item) bool {
	l := &i.link
	switch {
	case l.Ignored != nil && i.task.Cause != "merge":
		i.m = i.choose()
		i.decision = plan.Decision{Kind: plan.Skip, Object: l.B.Object, Reason: l.Reason}
		i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
	case l.Unlinked() && l.State == link.Held && l.Reason != nil && l.Reason.Category == plan.Unlinked:
		if i.task.Cause == "retry" {
			l.Hand = &link.Hand{Did: link.HandReleased, Actor: i.task.Actor, At: time.Now()} // stored with whatever comes of it
			return false
		}
		i.m = i.choose()
		i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: l.Reason}
		i.end(Result{End: Never, Counts: Counts{Held: 1}})
	default:
		return false
	}
	return true
}

// inheritDoubt holds a deal that came of a merge with one that a person unlinked or set aside, or that may have been billed
// without anybody knowing: what was not to be billed by itself is not billed under its new id either (T5).
func (e *Engine) inheritDoubt(ctx context.Context, b *batch, i *item, links map[table.Key]stored[link.Link]) {
	if i.group[0].Document == nil || i.link.Hand != nil {
		return
	}
	for _, ref := range i.source.Was {
		old := links[e.linkKey(i.group[0].Slot, ref)].Value
		doubt := old.Ignored != nil || old.Unlinked() || old.State == link.Held && old.Reason != nil && sticky[old.Reason.Category]
		if !doubt || old.Reason == nil {
			continue
		}
		i.m = i.choose()
		i.link.Hand = &link.Hand{Did: link.HandUnlinked, At: time.Now(), Why: "merged from " + ref.String()}
		e.holdReason(ctx, b, i, plan.Unlinked, fmt.Sprintf("%s was merged into it and is %s: %s", ref, old.Reason.Category, old.Reason.Text))
		return
	}
}
