package engine

import (
	"context"
	"fmt"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// A pair one of whose records leaves the filter of its way stops syncing both ways, as HubSpot's inclusion list does, unless the other
// way has a filter of its own that lets its record in (C20, HS-41, HS-42). Nothing is deleted, why says which filter it is, and when the
// record is let in again the pair goes on with its old link: what changed meanwhile is compared with what both sides last agreed on.

// findExcluded asks the filter of the way home for linked pairs, where it speaks for both ways. That of the way out is asked as ever.
func (e *Engine) findExcluded(ctx context.Context, _ *batch, items []*item) {
	var asked []*item
	var calls []ScriptCall
	members := map[listID]map[string]bool{}
	for _, i := range items {
		if i.home() || i.m == nil || i.m.home == nil || i.link.State != link.Linked || i.target == nil || i.m.AToB.Create.Filter != "" || i.m.BToA.Create.Filter == "" || i.m.BToA.Create.OnlyNew {
			continue
		}
		var lists map[string]any
		if err := e.listed(ctx, members, i.m.home, i.target.Ref.ID, &lists); err != nil {
			e.waitForList(ctx, i.m, i, err)
			continue
		}
		account, err := e.account(ctx, i.m.ConnB)
		if err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnB, err)
			continue
		}
		asked = append(asked, i)
		calls = append(calls, ScriptCall{Source: mapping.BindTransform(i.m.BToA.Create.Filter, account.TimeZone, account.Currency),
			Args: map[string]any{"source": plain(i.target), "target": plain(i.source), "lines": []any{}, "related": map[string]any{}, "lists": lists}})
	}
	if len(calls) == 0 {
		return
	}
	results, err := e.Scripts.Run(ctx, calls)
	if err != nil || len(results) != len(calls) {
		e.fail(ctx, asked, "", errOr(err, "scripts: not every filter was answered"))
		return
	}
	for n, i := range asked {
		pass, said := results[n].Value.(bool)
		if results[n].Err != nil || !said || pass { // what went wrong the way home says
			continue
		}
		i.excluded = &link.Reason{Category: plan.Filtered, Text: fmt.Sprintf("the filter of b_to_a of %s excludes %s, and a_to_b has none of its own: %s. Nothing goes either way until it is let in, and nothing is deleted", i.m.Name, i.target.Ref, i.m.BToA.Create.Filter)}
	}
}

// apart tells that nothing of a pair goes the way home either, because one of its records left the filter.
func (i *item) apart() bool {
	if i.excluded != nil {
		return true
	}
	r := i.decision.Reason
	return i.decision.Kind == plan.Skip && r != nil && r.Category == plan.Filtered && i.m.BToA.Create.Filter == ""
}
