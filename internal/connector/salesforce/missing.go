package salesforce

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// missing judges the ids that a query did not answer: merged into another, converted, deleted, hidden, or left out by
// mistake (fact sheet 15.1, 15.2).
func (j *reading) missing(ctx context.Context, ids []string) {
	if j.stop != nil || len(ids) == 0 {
		return
	}
	moved := map[string]record.Ref{}
	var open []string
	for _, id := range ids {
		if j.reads[id].To.IsZero() {
			open = append(open, id)
		}
	}
	for chunk := range slices.Chunk(j.bin(ctx, open, moved), maxParts) {
		j.singles(ctx, chunk)
	}
	for _, id := range ids {
		if read := j.reads[id]; read.State == record.Unanswered && !read.To.IsZero() {
			moved[id] = read.To
		}
	}
	j.follow(ctx, ids, moved)
}

// bin looks for the ids among deleted and merged records, in one call. It gives those that must be asked singly.
func (j *reading) bin(ctx context.Context, ids []string, moved map[string]record.Ref) []string {
	columns := j.sel.schema.columns("Id", "IsDeleted", "MasterRecordId")
	if _, has := j.sel.schema.column("IsDeleted"); !has || len(ids) == 0 {
		return ids
	}
	for _, join := range j.joins {
		if joinsOthers(j.r.Object) {
			columns = append(columns, slices.DeleteFunc(slices.Clone(join.own), func(c column) bool { return slices.Contains(columns, c) })...)
		}
	}
	got, err := j.c.askAll(ctx, j.op, query{fields: columns, from: column(j.r.Object), where: among{"Id", quotedAll(ids)}, bin: true})
	if err != nil {
		if e := asError(err); passing(e) {
			j.stop = e
			return nil
		}
		return ids // the single calls will tell
	}
	known := map[string]bool{}
	for _, r := range got.Records {
		id := r.id("Id")
		if read, asked := j.reads[id]; !asked || read.State != record.Unanswered || !r.yes("IsDeleted") {
			continue
		}
		known[id] = true
		if master := r.id("MasterRecordId"); master != "" {
			moved[id] = j.c.ref(j.r.Object, master)
		} else {
			j.reads[id] = record.Read{State: record.Gone, Record: j.remains(r)}
		}
	}
	var open []string
	for _, id := range ids {
		if !known[id] {
			open = append(open, id)
		}
	}
	return open
}

// remains is what is still known of a deleted row between two records: which ones it joined, so that they can be looked at again.
// Of all other records that are gone nothing is given.
func (j *reading) remains(r row) *record.Record {
	if !joinsOthers(j.r.Object) || len(j.joins) == 0 {
		return nil
	}
	links := map[string][]record.Related{}
	for _, join := range j.joins {
		join.collectOwn(j.c, r, links)
	}
	return &record.Record{Ref: j.c.ref(j.r.Object, r.id("Id")), Fields: map[string]record.Value{}, Archived: true, Related: links[r.id("Id")]}
}

// joinsOthers tells whether an object stands between two others.
func joinsOthers(object string) bool {
	for _, j := range junctions {
		if j.object == object {
			return true
		}
	}
	return false
}

// follow reads the records that others moved to, in one go per object. The record of a conversion carries those of the
// wanted fields that its new object has too.
func (j *reading) follow(ctx context.Context, ids []string, moved map[string]record.Ref) {
	byObject := map[string][]string{}
	var objects []string
	for _, id := range ids {
		if to, ok := moved[id]; ok {
			if byObject[to.Object] == nil {
				objects = append(objects, to.Object)
			}
			byObject[to.Object] = append(byObject[to.Object], to.ID)
		}
	}
	there := map[record.Ref]record.Read{}
	for _, object := range objects {
		if j.stop != nil {
			return
		}
		reads, err := j.target(ctx, object, byObject[object])
		if err != nil {
			j.stop = err
			return
		}
		for _, r := range reads {
			there[r.Ref] = r
		}
	}
	for id, to := range moved {
		j.reads[id] = j.withLead(id, arrived(to, there[to]))
	}
}

func (j *reading) target(ctx context.Context, object string, ids []string) ([]record.Read, error) {
	if j.hops >= maxHops {
		return nil, &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "a chain of merges does not end"}
	}
	r := connector.ReadRequest{Object: object, IDs: ids, Fields: j.r.Fields, With: j.r.With}
	if object != j.r.Object {
		r.With = nil // what a lead is associated with says nothing about the contact
	}
	return j.c.read(ctx, r, j.hops+1)
}

// arrived is the answer for a record that moved, by what is at its new address. A survivor that is gone takes its loser
// with it; one that cannot be read is still where it went.
func arrived(to record.Ref, at record.Read) record.Read {
	switch at.State {
	case record.Found:
		return record.Read{State: record.Moved, To: to, Record: at.Record}
	case record.Moved:
		return record.Read{State: record.Moved, To: at.To, Record: at.Record}
	case record.Gone:
		return record.Read{State: record.Gone}
	}
	return record.Read{State: at.State, Err: at.Err}
}
