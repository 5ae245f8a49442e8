package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// readLines reads the line records of won deals, all of the batch together, and the related records that fields name.
func (e *Engine) readLines(ctx context.Context, b *batch, items []*item) {
	type want struct {
		owner *item
		name  string // of "with"; "" for lines
	}
	wanted := map[record.Ref][]want{}
	objects := map[string][]string{} // connection/object to ids
	fields := map[string][]string{}
	var order []string
	ask := func(i *item, ref record.Ref, name string, names []string) {
		o := ref.Connection + "/" + ref.Object
		if objects[o] == nil {
			order = append(order, o)
		}
		if wanted[ref] == nil {
			objects[o] = append(objects[o], ref.ID)
		}
		fields[o] = append(fields[o], names...)
		if w := (want{i, name}); !slices.Contains(wanted[ref], w) {
			wanted[ref] = append(wanted[ref], w)
		}
	}
	for _, i := range items {
		i.related = map[string][]record.Record{}
		for _, a := range i.group { // each mapping of the slot may need other fields of the same records
			if a.Children != nil {
				for _, ref := range uniqueRefs(i.source.RelatedTo(a.Children.A)) {
					ask(i, ref, "", a.wantLine)
				}
			}
			for _, with := range a.With {
				if len(a.related[with.Name]) == 0 {
					continue
				}
				if with.Pick == "all" {
					for _, ref := range uniqueRefs(i.source.RelatedTo(with.Object)) {
						ask(i, ref, with.Name, a.related[with.Name])
					}
				} else if ref, reason := plan.Pick(i.source, with); reason == nil {
					ask(i, ref, with.Name, a.related[with.Name])
				}
			}
		}
	}
	for _, o := range order {
		conn, object, _ := cutLast(o)
		reads, err := e.Connections[conn].Read(ctx, connector.ReadRequest{Object: object, IDs: objects[o], Fields: distinct(fields[o])})
		if err == nil && len(reads) != len(objects[o]) {
			err = fmt.Errorf("%s answered %d of %d reads", conn, len(reads), len(objects[o]))
		}
		for n := range reads {
			b.erased.strip(reads[n].Record)
		}
		for n, id := range objects[o] {
			for _, w := range wanted[record.Ref{Connection: conn, Object: object, ID: id}] {
				switch {
				case err != nil:
					e.fail(ctx, []*item{w.owner}, conn, err)
				case e.oldCopy(w.owner, reads[n]):
					w.owner.end(Result{End: Later, Until: time.Now().Add(stalePause), Stale: w.owner.task.Stale + 1})
				case reads[n].Record == nil && reads[n].State == record.Gone:
					// a line that was removed between two reads is simply not a line any more
				case reads[n].Record == nil:
					e.fail(ctx, []*item{w.owner}, conn, errOr(reads[n].Err, "a related record could not be read"))
				case w.name == "":
					w.owner.lines = append(w.owner.lines, *reads[n].Record)
				default:
					w.owner.related[w.name] = append(w.owner.related[w.name], *reads[n].Record)
				}
			}
		}
	}
}

func errOr(err error, text string) error {
	if err != nil {
		return err
	}
	return errors.New(text)
}

func cutLast(o string) (string, string, bool) {
	for n := len(o) - 1; n >= 0; n-- {
		if o[n] == '/' {
			return o[:n], o[n+1:], true
		}
	}
	return o, "", false
}

func uniqueRefs(related []record.Related) []record.Ref {
	var out []record.Ref
	for _, r := range related {
		if !slices.Contains(out, r.Ref) {
			out = append(out, r.Ref)
		}
	}
	return out
}
