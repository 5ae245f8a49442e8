package light

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// progress are the fields that tell how far a document is. A read of nothing else needs no lines, so invoices come
// in lists then; every other read of a document is a read of one, because only those carry lines (fact sheet 7, 8).
var progress = []string{"state", "amount", "invoiceNumber", "openedAt", "dueDate", "updatedAt", "createdAt"}

// Read answers each id in the order asked. Customers and products are read by lists of ids; contracts have no filter
// and documents have lines, so those are read one by one. An id missing from a list is asked for singly before it is
// called gone (B6): a list may lag. Once Light throttles or fails, nothing more is sent and the rest is unanswered.
func (c *Connector) Read(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	o, err := listed("read", r.Object)
	if err != nil {
		return nil, err
	}
	if len(r.IDs) == 0 {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, unanswered(o.op("read"), err)
	}
	if wantsProperties(r.Fields) {
		if _, err := c.properties(ctx, 0); err != nil {
			return nil, err
		}
	}
	g := reading{c: c, o: o, r: r, got: map[string]record.Read{}}
	if g.inLists() {
		g.lists(ctx)
	}
	g.singles(ctx)
	if g.failed != nil && len(g.got) == 0 {
		return nil, g.failed
	}
	return g.answers(), nil
}

// reading is one Read under way. Ids are compared in lower case, as UUIDs are.
type reading struct {
	c      *Connector
	o      *object
	r      connector.ReadRequest
	got    map[string]record.Read
	failed error // what stopped it
}

func (g *reading) inLists() bool {
	switch g.o.name {
	case "customers", "products":
		return true
	case "invoice-receivables":
		return len(g.r.Fields) > 0 && !slices.ContainsFunc(g.r.Fields, func(f string) bool { return !slices.Contains(progress, f) }) &&
			!slices.Contains(g.r.With, "lines")
	}
	return false
}

// wanted are the ids still to be asked for, each once.
func (g *reading) wanted() []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range g.r.IDs {
		key := strings.ToLower(id)
		if _, known := g.got[key]; !known && !seen[key] && validID(id) {
			seen[key] = true
			out = append(out, id)
		}
	}
	return out
}

func (g *reading) lists(ctx context.Context) {
	for ids := range slices.Chunk(g.wanted(), g.c.Batch) {
		query := url.Values{"filter": {"id:in:" + strings.Join(ids, "|")}}
		p, err := g.c.list(ctx, g.o.op("read"), g.o.path, query, "0")
		if err != nil {
			g.failed = err
			return
		}
		for _, one := range p.rows {
			rec, err := g.c.recordOf(g.o, one, g.r.Fields)
			key := strings.ToLower(rec.Ref.ID)
			if err != nil || !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, key) }) {
				continue // not one we asked for, or unreadable in a list: asked singly
			}
			g.found(key, rec)
		}
	}
}

func (g *reading) found(key string, rec record.Record) {
	g.related(&rec)
	g.got[key] = record.Read{State: record.Found, Record: &rec}
}

// related gives the refs a document holds, when they were asked for.
func (g *reading) related(rec *record.Record) {
	for object, field := range map[string]string{"customers": "customerId", "contracts": "contractId"} {
		if !slices.Contains(g.r.With, object) || rec.Field(field).Blank() {
			continue
		}
		rec.Related = append(rec.Related, record.Related{Primary: true, Ref: g.c.ref(find(object), rec.Field(field).Text())})
	}
}

func (g *reading) singles(ctx context.Context) {
	for _, id := range g.wanted() {
		if g.failed != nil {
			return
		}
		one := g.c.readOne(ctx, g.o, id, g.r.Fields)
		if one.State == record.Found {
			g.found(strings.ToLower(id), *one.Record)
			continue
		}
		if one.State == record.Unanswered {
			g.failed = one.Err
			return
		}
		g.got[strings.ToLower(id)] = one
	}
}

// readOne asks for one id, so that Light says what became of it.
func (c *Connector) readOne(ctx context.Context, o *object, id string, fields []string) record.Read {
	rec, err := c.get(ctx, o, id, fields)
	switch connector.FaultOf(err) {
	case "":
		return record.Read{State: record.Found, Record: &rec}
	case connector.Missing, connector.Invalid:
		return record.Read{State: record.Gone}
	case connector.Forbidden:
		return record.Read{State: record.NoRight, Err: err}
	}
	return record.Read{State: record.Unanswered, Err: err}
}

// get reads one record with its lines.
func (c *Connector) get(ctx context.Context, o *object, id string, fields []string) (record.Record, error) {
	op := o.op("read")
	path, route := o.one("", id)
	got, _, err := c.object(ctx, op, rest.Request{Path: path, Route: route, Safe: true})
	if err != nil {
		return record.Record{}, err
	}
	rec, err := c.recordOf(o, got, fields)
	if err != nil || !strings.EqualFold(rec.Ref.ID, id) {
		return record.Record{}, nonsense(op)
	}
	return rec, nil
}

func (g *reading) answers() []record.Read {
	out := make([]record.Read, len(g.r.IDs))
	for i, id := range g.r.IDs {
		one, ok := g.got[strings.ToLower(id)]
		switch {
		case ok:
		case !validID(id):
			one = record.Read{State: record.Gone}
		default:
			one = record.Read{State: record.Unanswered, Err: g.failed}
		}
		one.Ref = g.c.ref(g.o, id)
		out[i] = one
	}
	return out
}
