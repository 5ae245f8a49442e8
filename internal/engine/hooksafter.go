package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// The hooks that run after something was done are todos of the link, stored with what they follow: after_link once for a pair, whichever
// side it was found or made from; after_update of either way once for each update that was written. after_link speaks of a's record as
// its source, so a pair that b's record found or made is looked at once more from a's side, which runs it.
const (
	afterLink       = "after_link"
	afterUpdate     = "after_update"
	afterUpdateHome = "after_update_home" // that of b_to_a
)

// afterLink is the hook of that name, of either way of a mapping.
func (a *Active) afterLink() string {
	if a.out != nil {
		return a.out.Hooks.AfterLink
	}
	return a.Hooks.AfterLink
}

// updateTodo is the word of a way's hook after an update.
func (i *item) updateTodo() string {
	if i.m.Turned {
		return afterUpdateHome
	}
	return afterUpdate
}

// bringOwn puts the first todo that is this way's first in the list; false where there is none.
func (i *item) bringOwn() bool {
	for _, t := range i.link.Todo {
		if (t.Do == afterUpdateHome) == i.m.Turned {
			return i.bring(t.Do)
		}
	}
	return false
}

// bring puts a todo first in the list; false where it is not there.
func (i *item) bring(word string) bool {
	at := i.todoAt(word)
	if at > 0 {
		first := i.link.Todo[at]
		i.link.Todo = slices.Insert(slices.Delete(slices.Clone(i.link.Todo), at, at+1), 0, first)
	}
	return at >= 0
}

// leaveToPair lets a pair that b's record has just made come again, for what a's side does about it.
func (i *item) leaveToPair() {
	if i.m.Turned && i.pair == nil && i.todoAt(afterLink) >= 0 && i.result != nil && i.result.End == Done {
		i.result = &Result{End: Later, Until: time.Now(), Counts: i.result.Counts}
	}
}

// intendHook puts the hook after an update on the list, in the put that stores the intention: a crash after the write loses none. Its
// handle is the intention's token, by which it is taken off again where nothing was written.
func (i *item) intendHook() {
	if i.link.Intent != nil && len(i.decision.Write) > 0 && i.m.Hooks.AfterUpdate != "" && i.todoAt(i.updateTodo()) < 0 {
		i.link.Todo = append(slices.Clone(i.link.Todo), link.Todo{Do: i.updateTodo(), Handle: i.link.Intent.Token, Since: time.Now()})
	}
}

// dropHook takes the hook of an intention that wrote nothing off the list.
func (i *item) dropHook(n *link.Intent) {
	if n != nil {
		i.link.Todo = slices.DeleteFunc(slices.Clone(i.link.Todo), func(t link.Todo) bool {
			return (t.Do == afterUpdate || t.Do == afterUpdateHome) && t.Handle == n.Token
		})
	}
}

// runHook runs a hook after what it follows; the dict it gives is written at the record that the item is about.
func (e *Engine) runHook(ctx context.Context, b *batch, i *item, name, text string) bool {
	if text == "" { // the document has none any more
		return e.strike(ctx, i)
	}
	if err := e.readAgain(ctx, i); err != nil {
		e.comeAgain(i, err)
		return false
	}
	got, err := e.Scripts.Run(ctx, []ScriptCall{{Source: text, Block: true, Args: scriptArgs(i)}})
	if err != nil || len(got) != 1 {
		e.comeAgain(i, errOr(err, "the hook "+name+" was not answered"))
		return false
	}
	if got[0].Err == nil && got[0].Value == nil {
		return e.strike(ctx, i)
	}
	fields, why := hookFields(i, name, got[0])
	if why != "" {
		return e.hookFailed(ctx, i, &link.Reason{Category: plan.ScriptFailed, Text: "its hook " + name + why})
	}
	return e.sendHome(ctx, b, i, name, fields)
}

// hookFailed complains about a hook. It stays on the list, and runs at every look until it is mended: struck, the complaint would be over
// at the next look. Where something follows it, such as opening an invoice, it holds nothing up.
func (e *Engine) hookFailed(ctx context.Context, i *item, r *link.Reason) bool {
	e.setReason(i, r)
	if len(i.m.After) > 0 {
		return e.strike(ctx, i)
	}
	e.putTodo(ctx, i)
	return false
}

// hookFields are the fields that a hook gave, or why they cannot be written. After an update none may be one that the way itself
// carries: each answer would be an update of its own, without end.
func hookFields(i *item, name string, got plan.ScriptResult) (map[string]record.Value, string) {
	changes, ok := got.Value.(map[string]any)
	switch {
	case got.Err != nil:
		return nil, " failed: " + got.Err.Error()
	case !ok:
		return nil, fmt.Sprintf(" gave a %T; give a dict of fields, or None", got.Value)
	}
	fields := map[string]record.Value{}
	for _, field := range slices.Sorted(maps.Keys(changes)) {
		if name == afterUpdate && slices.ContainsFunc(i.m.Fields, func(f mapping.Field) bool { return slices.Contains(f.A, field) }) {
			return nil, fmt.Sprintf(" gave %s, which this way carries itself, and so would never end; give another field", field)
		}
		fields[field] = record.Empty()
		if v := changes[field]; v != nil {
			fields[field] = record.Of(fmt.Sprint(v))
		}
	}
	return fields, ""
}
