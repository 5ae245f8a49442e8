package engine

import (
	"context"

	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// runScripts evaluates the mappings' expressions for all items in one round trip.
func (e *Engine) runScripts(ctx context.Context, b *batch, items []*item) {
	type slot struct {
		item *item
		text string
	}
	var calls []ScriptCall
	var slots []slot
	e.findLists(ctx, items)
	for _, i := range open(items) {
		i.scripts = map[string]plan.ScriptResult{}
		for _, a := range i.group {
			account, err := e.account(ctx, a.ConnA)
			if err != nil {
				e.fail(ctx, []*item{i}, a.ConnA, err)
				break
			}
			for _, text := range plan.Expressions(a.Mapping) {
				if _, ok := i.scripts[text]; ok {
					continue
				}
				i.scripts[text] = plan.ScriptResult{}
				calls = append(calls, ScriptCall{Source: mapping.BindTransform(text, account.TimeZone, account.Currency), Args: scriptArgs(i)})
				slots = append(slots, slot{i, text})
			}
		}
	}
	if len(calls) == 0 {
		return
	}
	results, err := e.Scripts.Run(ctx, calls)
	if err != nil || len(results) != len(calls) {
		e.fail(ctx, items, "", errOr(err, "scripts: not every expression was answered"))
		return
	}
	for n, s := range slots {
		s.item.scripts[s.text] = results[n]
	}
}

// scriptArgs are the names an expression may use: source, target, lines, related records by name; those of pick: all as a list.
func scriptArgs(i *item) map[string]any {
	lines := make([]any, len(i.lines))
	for n := range i.lines {
		lines[n] = plain(&i.lines[n])
	}
	related := map[string]any{}
	for name, list := range i.related {
		if len(list) == 1 {
			related[name] = plain(&list[0])
		}
	}
	for _, a := range i.group {
		for _, with := range a.With {
			if with.Pick != "all" {
				continue
			}
			all := make([]any, len(i.related[with.Name]))
			for n := range i.related[with.Name] {
				all[n] = plain(&i.related[with.Name][n])
			}
			related[with.Name] = all
		}
	}
	return map[string]any{"source": plain(i.source), "target": plain(i.target), "lines": lines, "related": related, "lists": i.lists}
}

// plain is a record as expressions see it: absent, null and unreadable fields are None.
func plain(r *record.Record) any {
	if r == nil {
		return nil
	}
	out := map[string]any{"id": r.Ref.ID}
	for name, v := range r.Fields {
		switch v.Kind() {
		case record.Text:
			out[name] = v.Text()
		case record.List:
			parts := []any{}
			for _, p := range v.List() {
				parts = append(parts, p)
			}
			out[name] = parts
		default:
			out[name] = nil
		}
	}
	return out
}
