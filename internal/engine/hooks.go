package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// runHooks runs before_create and before_update for items that are about to write, all in one round trip. A hook gets
// source, target, lines, related and fields; it returns a dict of fields to change, or {"hold": why} or {"skip": why}.
func (e *Engine) runHooks(ctx context.Context, b *batch, items []*item) {
	var calls []ScriptCall
	var owners []*item
	for _, i := range items {
		source := ""
		switch i.decision.Kind {
		case plan.Create:
			source = i.m.Hooks.BeforeCreate
		case plan.Update, plan.Adopt:
			source = i.m.Hooks.BeforeUpdate
			if i.decision.Archive { // nothing of it is updated
				source = ""
			}
		}
		if source == "" {
			continue
		}
		args := scriptArgs(i)
		fields := map[string]any{}
		for name, v := range i.decision.Write {
			fields[name] = v.Text()
		}
		args["fields"] = fields
		calls, owners = append(calls, ScriptCall{Source: source, Block: true, Args: args}), append(owners, i)
	}
	if len(calls) == 0 {
		return
	}
	results, err := e.Scripts.Run(ctx, calls)
	if err != nil || len(results) != len(calls) {
		e.fail(ctx, owners, "", errOr(err, "hooks: not every hook was answered"))
		return
	}
	for n, i := range owners {
		e.takeHook(ctx, b, i, results[n])
	}
}

func (e *Engine) takeHook(ctx context.Context, b *batch, i *item, got plan.ScriptResult) {
	changes, ok := got.Value.(map[string]any)
	switch {
	case got.Err != nil:
		e.refuseByHook(ctx, b, i, plan.Hold, plan.ScriptFailed, "its hook failed: "+got.Err.Error())
		return
	case got.Value == nil:
		return
	case !ok:
		e.refuseByHook(ctx, b, i, plan.Hold, plan.ScriptFailed, fmt.Sprintf("its hook gave a %T; give a dict of fields, or None", got.Value))
		return
	}
	if why, ok := changes["hold"].(string); ok {
		e.refuseByHook(ctx, b, i, plan.Hold, plan.HeldByHook, why)
		return
	}
	if why, ok := changes["skip"].(string); ok {
		e.refuseByHook(ctx, b, i, plan.Skip, plan.SkippedByHook, why)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		e.changeByHook(i, name, changes[name])
	}
}

// changeByHook sets one field; a field that is already as the hook wants it is not written.
func (e *Engine) changeByHook(i *item, name string, value any) {
	v := record.Empty()
	if value != nil {
		v = record.Of(fmt.Sprint(value))
	}
	if slices.Contains(i.m.ProtectB, name) {
		return
	}
	d := plan.FieldDecision{Field: name, Action: plan.WriteIt, Rule: "hook", Old: i.target.Field(name), New: v}
	if i.target.Field(name).Same(v) && i.target != nil {
		delete(i.decision.Write, name)
		d.Action = plan.SameAs
	} else {
		i.decision.Write[name] = v
	}
	key := i.m.keyFor(name)
	pair := i.decision.Agreed[key]
	pair.B, pair.Unsure = e.writtenAs(i.m, name, v), true
	i.decision.Agreed[key] = pair
	i.decision.Fields = append(i.decision.Fields, d)
}

func (e *Engine) refuseByHook(ctx context.Context, b *batch, i *item, kind plan.Kind, category, text string) {
	i.decision = plan.Decision{Kind: kind, Object: i.m.B.Object, Reason: &link.Reason{Category: category, Text: text}}
	switch i.link.State {
	case link.Claimed:
	case link.Linked:
		e.complain(b, i, i.decision.Reason)
	default:
		e.settleReason(ctx, b, i)
	}
}
