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
		before, shown := i.link.Agreed[key].B, ""
		if n.Home {
			before, shown = i.link.Agreed[key].A, e.shownAt(i.m, key, false, i.source)
		} else {
			shown = e.shownAt(i.m, key, true, i.target)
		}
		if !ofLine(key) && !known(key) && link.Shown(before) != shown {
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
