package salespad

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Changes gives one page. Objects with a stamp that every write moves come in its order; items, whose stamps are days, and
// documents of the connection's queues come in the order of their key, each cycle the whole window or queue. Edits of user
// fields alone move no stamp (fact sheet 5): LookBack and FullEvery of the Config find them. Records come without lines.
func (c *Connector) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	op := "changes of " + r.Object
	o, err := c.object(op, r.Object)
	if err != nil {
		return connector.Page{}, err
	}
	at, err := startAt(op, r)
	if err != nil {
		return connector.Page{}, err
	}
	if err := ctx.Err(); err != nil {
		return connector.Page{}, unanswered(op, err)
	}
	f := feeding{c: c, o: o, op: op, fields: r.Fields, queued: o.Queue != "" && len(c.Queues) > 0}
	f.sweep = f.queued || o.Stamp == ""
	if f.sweep && f.resting(at) {
		return connector.Page{Cursor: mustJSON(at), Total: 0}, nil
	}
	if at.Begun.IsZero() {
		at = c.opened(at)
	}
	return f.page(ctx, at)
}

// feeding is one call of Changes under way.
type feeding struct {
	c             *Connector
	o             *Object
	op            string
	fields        []string
	queued, sweep bool
}

// resting tells whether a sweep that nothing bounds is not due yet.
func (f feeding) resting(at cursor) bool {
	every := f.c.FullEvery
	if every == 0 {
		every = time.Hour
	}
	return !f.queued && len(f.o.Window) == 0 && at.Begun.IsZero() && !at.Whole.IsZero() && time.Since(at.Whole) < every
}

func (f feeding) page(ctx context.Context, at cursor) (connector.Page, error) {
	p, err := f.ask(ctx, at)
	if err == nil && at.Last != "" && (len(p.rows) == 0 || p.rows[0].key(f.o) != at.Last) {
		at.Last = "" // rows came or went before the anchor: read again what may have slid past it
		if f.sweep {
			at.Skip = max(0, at.Skip-f.c.Page)
		} else {
			at.Skip = 0
		}
		p, err = f.ask(ctx, at)
	}
	if err != nil {
		return connector.Page{}, err
	}
	out := connector.Page{Total: p.left}
	if at.Back {
		out.Unsure = time.Unix(0, 0).UTC()
	}
	for i, r := range p.rows {
		rec := f.c.record(f.o, r, f.fields)
		if rec.Ref.ID == "" || rec.Modified.IsZero() && !f.sweep && bare(r.text(f.o.Stamp)).IsZero() {
			return connector.Page{}, &connector.Error{Fault: connector.Unavailable, Op: f.op, Code: "a row without key or stamp"}
		}
		if f.o.Moved != "" && strings.TrimSpace(r.text(f.o.Moved)) != "" {
			rec.Fields = map[string]record.Value{} // it went elsewhere: where, only a read tells
		}
		if rec.Modified.After(at.Newest) {
			at.Newest = rec.Modified
		}
		if i > 0 || at.Last == "" {
			out.Records = append(out.Records, rec)
		}
	}
	if f.sweep {
		sortedByChange(out.Records)
	}
	if err := f.complete(ctx, out.Records); err != nil {
		return connector.Page{}, err
	}
	next := f.next(at, p)
	out.More = !next.Begun.IsZero()
	if !out.More {
		out.Total = len(out.Records)
	}
	out.Cursor = mustJSON(next)
	return out, nil
}

func (f feeding) ask(ctx context.Context, at cursor) (page, error) {
	q := query{filter: f.filter(at), order: f.o.order(), top: f.c.Page, skip: at.Skip, count: true}
	if !f.sweep {
		q.order = f.o.order(f.o.Stamp)
	}
	return f.c.list(ctx, f.op, f.o, f.resource(), q)
}

// resource is the list that is read: the whole history where one follows all documents, the open ones of a queue.
func (f feeding) resource() string {
	if f.queued {
		return f.o.List
	}
	return cmp.Or(f.o.History, f.o.List)
}

// complete reads records again whose list has no user fields, where those were asked for.
func (f feeding) complete(ctx context.Context, records []record.Record) error {
	users := slices.ContainsFunc(f.fields, func(name string) bool { return strings.HasPrefix(name, userPrefix) })
	if len(records) == 0 || !users || f.resource() == f.o.List {
		return nil
	}
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.Ref.ID
	}
	reads, err := f.c.Read(ctx, connector.ReadRequest{Object: f.o.name, IDs: ids, Fields: f.fields})
	if err != nil {
		return err
	}
	for i, r := range reads {
		switch r.State {
		case record.Found:
			records[i] = *r.Record
			records[i].Children = nil
		case record.Unanswered:
			return r.Err
		}
	}
	return nil
}

func (f feeding) filter(at cursor) expr {
	switch {
	case f.queued:
		var queues []expr
		for _, q := range f.c.Queues {
			queues = append(queues, equal(column(f.o.Queue), quoted(q)))
		}
		return either(queues...)
	case at.Since.Year() <= 1900:
		return "" // rows without a stamp are in no comparison
	case f.sweep:
		var days []expr
		from := at.Since.Add(-48 * time.Hour).Truncate(24 * time.Hour) // the stamps are days of the server's own time zone
		for _, name := range f.o.Window {
			days = append(days, atLeast(column(name), moment(from)))
		}
		return either(days...)
	}
	return atLeast(column(f.o.Stamp), moment(at.Since))
}

// next gives the position behind a page; one that has not begun ends the cycle.
func (f feeding) next(at cursor, p page) cursor {
	last := !p.more() || at.Last != "" && len(p.rows) == 1 // nothing beside the anchor, whatever the count says
	if !last {
		if !f.sweep {
			return at.passed(f.o, p.rows)
		}
		at.Skip += len(p.rows) - 1
		at.Last = p.rows[len(p.rows)-1].key(f.o)
		return at
	}
	if !f.sweep {
		return f.c.ended(at, p.answer.Date)
	}
	next := cursor{Version: cursorVersion, Since: at.Begun, Looked: at.Looked, Whole: at.Whole}
	if len(f.o.Window) == 0 {
		next.Whole = at.Begun
	}
	return next
}
