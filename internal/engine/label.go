package engine

import "context"

// workLabel is for what calls are made.
type workLabel struct {
	mapping, cause string
	bulk           bool
}

type workLabelKey struct{}

// labelled marks the calls under the context it gives, for the count of who used what and for the reserve that bulk work
// leaves to live work.
func (e *Engine) labelled(ctx context.Context, mapping, cause string, bulk bool) context.Context {
	ctx = context.WithValue(ctx, workLabelKey{}, workLabel{mapping, cause, bulk})
	if e.Label == nil {
		return ctx
	}
	return e.Label(ctx, mapping, cause, bulk)
}

// labelItems marks calls made for items: the mapping of the first and its cause; whether it is bulk work stays. Records of
// one object are read in one call whichever of its mappings wants them, so this is exact for all but calls that are shared.
func (e *Engine) labelItems(ctx context.Context, items []*item) context.Context {
	if len(items) == 0 {
		return ctx
	}
	i := items[0]
	name := i.group[0].Name
	if i.m != nil {
		name = i.m.Name
	}
	was, _ := ctx.Value(workLabelKey{}).(workLabel)
	if was.cause == "reconcile" || was.cause == "preview" {
		return e.labelled(ctx, name, was.cause, was.bulk)
	}
	return e.labelled(ctx, name, i.task.Cause, was.bulk)
}

// labelBatch marks the calls of a batch that a queue delivered, until its items say more.
func (e *Engine) labelBatch(ctx context.Context, tasks []Task, bulk bool) context.Context {
	if len(tasks) == 0 {
		return ctx
	}
	return e.labelled(ctx, tasks[0].Mapping, tasks[0].Cause, bulk)
}
