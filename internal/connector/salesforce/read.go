package salesforce

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// reading is one Read under way: answers by id as asked, each id once.
type reading struct {
	c     *Connector
	r     connector.ReadRequest
	op    string
	sel   *selection
	joins []join
	after *selection                         // of contacts, of the contacts that leads were converted to
	first bool                               // the leads that became these contacts are asked for (convert.go)
	hops  int                                // merges already followed on the way here
	reads map[string]record.Read             // by the 18-character id
	links map[string][]record.Related        // by the 18-character id, of answered ids
	leads map[string]map[string]record.Value // of converted leads: the asked fields that only a lead has
	stop  error                              // a fault that concerns every further call
}

// maxHops ends a chain of merges that would run in circles.
const maxHops = 5

// Read asks by query, a batch of ids a call, together with what the records are associated with. An id that the answer
// lacks is looked for among deleted and merged records, then asked singly, before anything is said about it (B6). A
// fault that concerns the whole org ends the calls: what was learnt is kept, the rest is Unanswered.
//
// A converted lead has moved to its contact, which comes with the same call (convert.go).
//
// Calls: one for each Config.Batch ids while With names three objects at most, since one composite call carries five
// queries and counts once (fact sheet 7.2), and one more for each further 2,000 rows of a query.
func (c *Connector) Read(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	return c.read(ctx, r, 0)
}

func (c *Connector) read(ctx context.Context, r connector.ReadRequest, hops int) ([]record.Read, error) {
	op := "read " + r.Object
	if _, err := c.object(op, r.Object); err != nil {
		return nil, err
	}
	job := &reading{c: c, r: r, op: op, hops: hops, reads: map[string]record.Read{}, links: map[string][]record.Related{}, leads: map[string]map[string]record.Value{}}
	ids := job.distinct()
	if len(ids) > 0 {
		job.stop = job.prepare(ctx)
	}
	for chunk := range slices.Chunk(ids, c.Batch) {
		job.batch(ctx, chunk)
	}
	return job.answers()
}

// distinct gives the ids to ask for, each once. What Salesforce cannot have given is gone without asking.
func (j *reading) distinct() []string {
	var ids []string
	for _, text := range j.r.IDs {
		id, ok := ID(text)
		if !ok {
			continue
		}
		if _, twice := j.reads[id]; !twice {
			ids = append(ids, id)
			j.reads[id] = record.Read{State: record.Unanswered}
		}
	}
	return ids
}

func (j *reading) prepare(ctx context.Context) error {
	var err error
	if j.sel, err = j.c.selectFields(ctx, j.op, j.r.Object, j.r.Fields); err != nil {
		return err
	}
	if j.joins, err = j.c.joins(ctx, j.op, j.sel, j.r.With); err != nil {
		return err
	}
	if j.after, err = j.contacts(ctx); err != nil {
		return err
	}
	j.first, err = j.asksLeads(ctx)
	return err
}

// batch reads some ids and their associations.
func (j *reading) batch(ctx context.Context, ids []string) {
	if j.stop != nil {
		return
	}
	results, err := j.c.askMany(ctx, j.op, j.queries(ids))
	if nameGone(err) && len(j.r.Fields) > 0 {
		// A field has gone since the describe: look again and go on with what there is.
		j.c.forget()
		if err = j.prepare(ctx); err == nil {
			results, err = j.c.askMany(ctx, j.op, j.queries(ids))
		}
	}
	if err == nil {
		err = j.take(ctx, results, ids)
	}
	if err != nil {
		j.stop = err
		return
	}
	j.missing(ctx, j.open(ids))
}

func (j *reading) queries(ids []string) []query {
	columns := j.sel.columns
	for _, join := range j.joins {
		for _, col := range join.own {
			if !slices.Contains(columns, col) {
				columns = append(slices.Clip(columns), col)
			}
		}
	}
	out := []query{{fields: columns, subs: j.sel.subs, from: column(j.r.Object), where: among{"Id", quotedAll(ids)}}}
	for _, join := range j.joins {
		if q, ok := join.query(ids); ok {
			out = append(out, q)
		}
	}
	if j.after != nil {
		out = append(out, j.convertedQuery(ids))
	}
	if j.first {
		out = append(out, leadsQuery(ids))
	}
	if q, ok := j.wasQuery(ids); ok {
		out = append(out, q)
	}
	return out
}

// take keeps the answers, each under the id it bears: Salesforce promises no order. A row nobody asked for is nobody's.
func (j *reading) take(ctx context.Context, results []result, ids []string) error {
	links := map[string][]record.Related{}
	next := 1
	for _, join := range j.joins {
		list := results[0].Records
		if _, asked := join.query(nil); asked {
			r := results[next]
			next++
			if len(r.Records) != r.rows { // without the missing ones the record would look as if it had fewer
				return &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "associations left out of the answer"}
			}
			list = r.Records
		}
		join.collect(j.c, list, links)
	}
	var contacts map[string]*record.Record
	if j.after != nil {
		var err error
		if contacts, err = j.takeContacts(ctx, results[next]); err != nil {
			return err
		}
		next++
	}
	var leads map[string][]record.Ref
	if j.first {
		var err error
		if leads, err = j.takeLeads(results[next]); err != nil {
			return err
		}
		next++
	}
	was, err := j.was(ctx, results[next:])
	if err != nil {
		return err
	}
	if err := j.c.gather(ctx, j.op, j.sel, results[0].Records); err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, id := range ids {
		asked[id] = true
	}
	for _, r := range results[0].Records {
		if id := r.id("Id"); asked[id] {
			j.found(id, r, links[id], slices.Concat(was[id], leads[id]), contacts)
		}
	}
	return nil
}

func (j *reading) found(id string, r row, links []record.Related, was []record.Ref, contacts map[string]*record.Record) {
	rec := j.c.record(j.sel, r)
	rec.Related, rec.Was = links, was
	if to := r.id("ConvertedContactId"); r.yes("IsConverted") && to != "" && j.r.Object == "Lead" {
		j.reads[id] = j.converted(id, rec, j.c.ref("Contact", to), contacts[to])
		return
	}
	j.reads[id] = record.Read{State: record.Found, Record: rec}
}

// open gives the ids that nothing is known of yet.
func (j *reading) open(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return j.reads[id].State != record.Unanswered })
}

// maxParts is how many records one composite call may ask for by their own addresses (fact sheet 7.2).
const maxParts = 25

// singles asks for records by their own addresses, as parts of one call: only such a 404 means gone.
func (j *reading) singles(ctx context.Context, ids []string) {
	if j.stop != nil || len(ids) == 0 {
		return
	}
	if len(ids) == 1 {
		var r row
		_, err := j.c.get(ctx, j.op, "/sobjects/"+j.r.Object+"/"+ids[0], "/sobjects/{object}/{id}", url.Values{"fields": {j.plainColumns()}}, &r)
		j.single(ctx, ids[0], r, err)
		return
	}
	in := composite{}
	for i, id := range ids {
		in.Parts = append(in.Parts, part{Method: http.MethodGet, URL: j.c.path("/sobjects/"+j.r.Object+"/"+id) + "?fields=" + url.QueryEscape(j.plainColumns()), ID: partID(i)})
	}
	parts, a, err := j.c.composite(ctx, j.op, in, true)
	if e := asError(err); err != nil && !passing(e) { // of the call, which says nothing of any record
		err = &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: e.Code, Status: e.Status, Err: e.Err}
	}
	for i, id := range ids {
		var r row
		partErr := err
		switch {
		case err != nil:
		case parts[i].Status/100 != 2:
			partErr = j.c.refused(j.op, BucketCalls, rest.Answer{Status: parts[i].Status, Header: a.Header, Body: parts[i].Body, Date: a.Date})
		case decode(parts[i].Body, &r) != nil:
			partErr = malformed(j.op, a)
		}
		j.single(ctx, id, r, partErr)
	}
}

// single judges what a record's own address answered.
func (j *reading) single(ctx context.Context, id string, r row, err error) {
	if err == nil && r.id("Id") != id {
		err = &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "malformed answer"}
	}
	if err == nil {
		j.alone(ctx, id)
		return
	}
	e := asError(err)
	read := record.Read{State: record.Unanswered, Err: e}
	switch {
	case e.Fault == connector.Missing:
		read = record.Read{State: record.Gone}
	case e.Fault == connector.Forbidden:
		read.State = record.NoRight
	case passing(e):
		j.stop = e
	}
	j.reads[id] = read
}

// plainColumns are enough to learn whether the record is there.
func (j *reading) plainColumns() string {
	var names []string
	for _, col := range j.sel.schema.columns("Id", "SystemModstamp") {
		names = append(names, string(col))
	}
	return strings.Join(names, ",")
}

// alone reads one record that its own address has just shown, with everything that was asked for.
func (j *reading) alone(ctx context.Context, id string) {
	results, err := j.c.askMany(ctx, j.op, j.queries([]string{id}))
	if err == nil {
		err = j.take(ctx, results, []string{id})
	}
	if err == nil && j.reads[id].State == record.Unanswered && j.reads[id].To.IsZero() {
		err = &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "single read and query disagree"}
	}
	if err != nil {
		j.reads[id] = record.Read{State: record.Unanswered, Err: err}
		if passing(asError(err)) && asError(err).Code == "" {
			j.stop = err
		}
	}
}

// answers gives one read per id asked, in order and under the id as asked. A fault before anything was learnt is the
// call's.
func (j *reading) answers() ([]record.Read, error) {
	out := make([]record.Read, len(j.r.IDs))
	learnt := false
	for i, text := range j.r.IDs {
		read := record.Read{State: record.Gone}
		if id, ok := ID(text); ok {
			read = j.reads[id]
			if read.State == record.Unanswered && read.Err == nil {
				read.Err, read.To = j.stop, record.Ref{}
			}
			learnt = learnt || read.State != record.Unanswered
		}
		read.Ref = j.c.ref(j.r.Object, text)
		out[i] = read
	}
	if j.stop != nil && !learnt {
		return nil, j.stop
	}
	return out, nil
}
