package salespad

import (
	"cmp"
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// reading is one Read under way: answers by the canonical id, each id once.
type reading struct {
	c     *Connector
	o     *Object
	r     connector.ReadRequest
	op    string
	parts map[string][]string
	rows  map[string]row
	got   map[string]record.Read
	stop  error // a fault that concerns every further call
}

// Read asks for keys that stand close together by the page (between.go), for others by filters, about twenty a call (conditions of
// the profile), and singly for what an answer lacks, before anything is said about it (B6). Prospects that became customers have moved, and so have their contacts. Documents come
// with their lines, a call for every twenty documents, unless only their state is asked for.
func (c *Connector) Read(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	op := "read " + r.Object
	o, err := c.object(op, r.Object)
	if err != nil {
		return nil, err
	}
	if len(r.IDs) == 0 {
		return nil, nil
	}
	job := &reading{c: c, o: o, r: r, op: op, parts: map[string][]string{}, rows: map[string]row{}, got: map[string]record.Read{}}
	ids := job.betweenKeys(ctx, job.distinct())
	for _, chunk := range c.Profile.chunks(len(ids), len(o.Key), func(i int) expr { return o.keyIs(job.parts[ids[i]]) }) {
		part := make([]string, len(chunk))
		for n, i := range chunk {
			part[n] = ids[i]
		}
		job.batch(ctx, part)
	}
	if job.stop != nil && len(job.got) == 0 {
		return nil, job.stop
	}
	return job.answers(), nil
}

// distinct gives the ids to ask for, each once. What cannot be a key is gone without asking.
func (j *reading) distinct() []string {
	var ids []string
	for _, text := range j.r.IDs {
		id := canonical(text)
		if _, twice := j.parts[id]; twice {
			continue
		}
		parts, ok := j.o.parseKey(text)
		if ok {
			j.parts[id] = parts
			ids = append(ids, id)
		}
	}
	return ids
}

// batch reads some ids, each row under the key it bears: a row nobody asked for is nobody's.
func (j *reading) batch(ctx context.Context, ids []string) {
	if j.stop != nil {
		return
	}
	if j.stop = j.ask(ctx, j.o.List, ids); j.stop != nil {
		return
	}
	for _, id := range ids {
		if _, there := j.rows[id]; !there {
			j.single(ctx, id)
		}
	}
	j.finish(ctx, ids)
}

func (j *reading) ask(ctx context.Context, resource string, ids []string) error {
	var keys []expr
	for _, id := range ids {
		keys = append(keys, j.o.keyIs(j.parts[id]))
	}
	return j.c.each(ctx, j.op, j.o, resource, query{filter: either(keys...), order: j.o.order()}, func(r row) error {
		id := canonical(r.key(j.o))
		if before, twice := j.rows[id]; slices.Contains(ids, id) && (!twice || !j.o.isOpen(before) && j.o.isOpen(r)) {
			j.rows[id] = r
		}
		return nil
	})
}

// isOpen tells whether a row is of an open document: one number may stand in the search as open and in history.
func (o *Object) isOpen(r row) bool { return o.Open == "" || r.text(o.State) == o.Open }

// single asks for one record by its own address, where it has one and its key can stand in it: only there a record that is
// hidden from our user (2004) differs from one that is not there. All others are asked for by a filter of their own, documents
// among those that are void or posted too.
func (j *reading) single(ctx context.Context, id string) {
	if j.stop != nil {
		return
	}
	if j.o.History != "" || j.o.One == "" || j.o.ByFilter || !j.c.Profile.addressable(j.parts[id]) {
		if err := j.ask(ctx, cmp.Or(j.o.History, j.o.List), []string{id}); err != nil {
			j.failed(id, err)
		} else if _, there := j.rows[id]; !there {
			j.got[id] = record.Read{State: record.Gone}
		}
		return
	}
	path, route := j.o.path(j.parts[id])
	r, a, err := j.c.one(ctx, j.op, j.o, rest.Request{Path: path, Route: route, Safe: true})
	if err == nil && canonical(r.key(j.o)) != id {
		err = nonsense(j.op, a)
	}
	if err != nil {
		j.failed(id, err)
		return
	}
	j.rows[id] = r
}

func (j *reading) failed(id string, err error) {
	e := asError(err)
	switch {
	case e.Fault == connector.Missing:
		j.got[id] = record.Read{State: record.Gone}
	case e.Fault == connector.Forbidden:
		j.got[id] = record.Read{State: record.NoRight, Err: e}
	case passing(e) && !ofOne(e):
		j.stop = e
	default:
		j.got[id] = record.Read{State: record.Unanswered, Err: e}
	}
}

// finish turns the rows of a batch into answers, with what belongs to them.
func (j *reading) finish(ctx context.Context, ids []string) {
	if j.stop != nil {
		return
	}
	found := map[string]*record.Record{}
	for _, id := range ids {
		if r, there := j.rows[id]; there {
			rec := j.c.record(j.o, r, j.r.Fields)
			found[id] = &rec
		}
	}
	if j.stop = j.attach(ctx, ids, found); j.stop != nil {
		return
	}
	for id, rec := range found {
		j.got[id] = record.Read{State: record.Found, Record: rec}
	}
	j.stop = j.moved(ctx, ids)
}

// answers gives one read per id asked, in order and under the id as asked.
func (j *reading) answers() []record.Read {
	out := make([]record.Read, len(j.r.IDs))
	for i, text := range j.r.IDs {
		read, known := j.got[canonical(text)]
		if _, asked := j.parts[canonical(text)]; !known && !asked {
			read.State = record.Gone
		} else if !known {
			read = record.Read{State: record.Unanswered, Err: j.stop}
		}
		read.Ref = record.Ref{Connection: j.c.Connection, Object: j.r.Object, ID: text}
		out[i] = read
	}
	return out
}
