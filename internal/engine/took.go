package engine

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// enteredOver gives the fields of a pair's unfinished intention that read as something else than before it and than it wrote, where the audit
// trail says that it was carried out: the vendor took the write, its outcome was told, and the link alone could not be put afterwards. What
// stands there was entered over our write; taken for one of two changes of the same time, it would lose to the very value that it replaced
// (C1). The trail is asked only where there are such fields: known are those of which the records say how it ended.
func (e *Engine) enteredOver(ctx context.Context, i *item, n *link.Intent, known func(key string) bool) (map[string]bool, error) {
	if i.m.home == nil || i.link.Page == "" {
		return nil, nil
	}
	out := map[string]bool{}
	for key := range n.B {
		if !ofLine(key) && !known(key) && link.Shown(sideOf(i.link.Agreed[key], n.Home)) != e.sideShown(i, key, n.Home) {
			out[key] = true
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	done, err := e.toldDone(ctx, i.link.Page, writtenSide(i, n))
	if !done {
		return nil, err
	}
	return out, nil
}

// writtenSide is the record that an intention is written to.
func writtenSide(i *item, n *link.Intent) record.Ref {
	if n.Home {
		return i.link.A
	}
	return i.link.B
}

// toldDone tells whether a batch of the trail has one write to a record, and that it was done. Of two, its outcomes do not say which
// one they are of.
func (e *Engine) toldDone(ctx context.Context, page string, target record.Ref) (bool, error) {
	run, batch, _ := strings.Cut(page, "|")
	items, err := e.items(ctx, trailPK(run), batch+"#")
	if err != nil {
		return false, err
	}
	entries, outcomes, err := joinTrail(items)
	if err != nil {
		return false, err
	}
	entries = slices.DeleteFunc(entries, func(entry Entry) bool {
		return entry.Target != target || !slices.ContainsFunc(entry.Fields, func(f plan.FieldDecision) bool { return f.Action == plan.WriteIt })
	})
	outcomes = slices.DeleteFunc(outcomes, func(o EntryOutcome) bool { return o.Target != target })
	return len(entries) == 1 && len(outcomes) == 1 && outcomes[0].Status == string(connector.Done), nil
}

// changedBy tells whether a field shows what an unfinished intention wrote, and was settled as something else before: the write was carried
// out. A field that went along with its group as it was says nothing of that.
func (e *Engine) changedBy(i *item, n *link.Intent, key string) bool {
	before, settled := i.link.Agreed[key]
	shown := e.sideShown(i, key, n.Home)
	return settled && shown == link.Shown(n.B[key]) && shown != link.Shown(sideOf(before, n.Home))
}

// hasNotCome tells whether a lost write of a pair cannot have been carried out since: it comes whole, and a field that it wrote stands as was
// settled later. A value of another field that it wrote too was set back by a person, who wins (A4, A11).
func (e *Engine) hasNotCome(i *item, g link.Ghost) bool {
	if !i.bothWays() {
		return false
	}
	for key, wrote := range g.B {
		pair, settled := i.link.Agreed[key]
		if shown := e.sideShown(i, key, g.Home); settled && !ofLine(key) && shown != link.Shown(wrote) && shown == link.Shown(sideOf(pair, g.Home)) {
			return true
		}
	}
	return false
}

// sideShown is what a field reads as at the side that an intention writes, which is a where it goes home.
func (e *Engine) sideShown(i *item, key string, home bool) string {
	if home {
		return e.shownAt(i.m, key, false, i.source)
	}
	return e.shownAt(i.m, key, true, i.target)
}

func sideOf(p link.Pair, home bool) string {
	if home {
		return p.A
	}
	return p.B
}
