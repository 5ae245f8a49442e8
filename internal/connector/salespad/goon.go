package salespad

import (
	"context"
	"fmt"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// A create whose worker vanished, or whose answer was lost, may have made its customer and not all of its addresses. It goes on from what
// is there (connector.Write.ID): what is missing is made, and when one is refused for good the customer is taken back as it would have
// been. A customer that somebody else has used meanwhile stays, with what it has.

// below is what a record has of its children's kind, and which of those to come cannot be right.
type below struct {
	ours    map[string]string // ids by marker
	foreign bool              // some bear no marker that this create knows
	wrong   map[int]error
}

func (b *below) find(marker string) string {
	if b == nil || marker == "" {
		return ""
	}
	return b.ours[marker]
}

func (b *below) bad(n int) error {
	if b == nil {
		return nil
	}
	return b.wrong[n]
}

// goOn makes what is missing of a create whose record is there. The record itself is not written.
func (c *Connector) goOn(ctx context.Context, op string, o *Object, w connector.Write) connector.Outcome {
	parts, ok := o.parseKey(w.ID)
	inside := c.Profile.Objects[o.Children]
	if !ok || inside == nil {
		return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "only what takes children along goes on"})
	}
	job := &creating{c: c, op: op, o: o, there: &below{ours: map[string]string{}, wrong: map[int]error{}}}
	for n, child := range w.Children {
		body, bad := o.child(c.typed(ctx, op, inside, child), w, n, child)
		job.kids = append(job.kids, body)
		if len(bad) > 0 {
			for i, name := range bad {
				bad[i] = fmt.Sprintf("children.%d.%s", n, name)
			}
			job.there.wrong[n] = &connector.Error{Fault: connector.Invalid, Op: op, Code: "bad value or field", Fields: bad}
		}
	}
	if err := job.look(ctx, parts[0]); err != nil {
		return connector.Outcome{Status: connector.Unknown, Err: err}
	}
	return job.addresses(ctx, connector.Outcome{Status: connector.Done, Ref: c.ref(o, w.ID)})
}

// look reads what the record has.
func (j *creating) look(ctx context.Context, parent string) error {
	kids := j.c.Profile.Objects[j.o.Children]
	known := map[string]bool{}
	for _, body := range j.kids {
		if sent, ok := readRow(body); ok {
			marker, _ := sent.userField(kids.Marker)
			known[textOf(marker)] = true
		}
	}
	return j.c.each(ctx, j.op, kids, kids.List, query{filter: equal(column(kids.Key[0]), quoted(parent)), order: kids.order()}, func(r row) error {
		raw, _ := r.userField(kids.Marker)
		switch marker := textOf(raw); {
		case marker != "" && known[marker]:
			j.there.ours[marker] = r.key(kids)
		case marker != "" || !strings.EqualFold(strings.TrimSpace(r.text(kids.Key[1])), kids.Own): // GP may make the customer's own by itself
			j.there.foreign = true
		}
		return nil
	})
}

// movedOn tells whether a record became another one since it was made: a prospect that people made a customer of takes no contacts any more,
// and is not taken back. known is false where that could not be learnt.
func (j *creating) movedOn(ctx context.Context, parts []string) (moved, known bool) {
	if j.o.Moved == "" {
		return false, true
	}
	reads, err := j.c.Read(ctx, connector.ReadRequest{Object: j.o.name, IDs: []string{joinKey(parts)}, Fields: []string{}})
	if err != nil || reads[0].State == record.Unanswered {
		return false, false
	}
	return reads[0].State == record.Moved, true
}

// stopped judges an address that could not be made by a create that goes on. A fault that passes is tried again with the rest; one that
// is refused takes the customer back, unless it has to stay: then that address alone is left out.
func (j *creating) stopped(ctx context.Context, customer []string, out connector.Outcome) (bool, connector.Outcome) {
	cause := asError(out.Err)
	if out.Status != connector.Refused {
		return true, connector.Outcome{Status: connector.Unknown, Err: cause}
	}
	if j.c.Profile.Rollback == rollbackNot || j.there.foreign {
		return false, out
	}
	switch moved, known := j.movedOn(ctx, customer); {
	case !known:
		return true, unknownAfter(j.op, cause)
	case moved:
		return false, out
	}
	if j.c.Profile.Rollback == rollbackInactivate {
		return true, j.shelve(ctx, customer, cause)
	}
	switch gone, known := j.deleted(ctx, customer); {
	case gone:
		return true, takenBack(cause)
	case !known:
		return true, unknownAfter(j.op, cause)
	}
	return false, out // documents were written for it
}
