package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// batchInput is one id of a batch call.
type batchInput struct {
	ID string `json:"id"`
}

// batchRead is the body of batch/read; HubSpot wants all three lists (fact sheet 4).
type batchRead struct {
	Inputs     []batchInput `json:"inputs"`
	Properties []string     `json:"properties"`
	History    []string     `json:"propertiesWithHistory"`
	IDProperty string       `json:"idProperty,omitempty"`
}

// maxQuery is how many characters of property names a single GET may carry; long ones are answered 414.
const maxQuery = 1500

// reading is one Read under way: answers by id, each id once.
type reading struct {
	c     *Connector
	k     kind
	r     connector.ReadRequest
	op    string
	reads map[string]record.Read
	stop  error // a fault that concerns every further call
}

// Read asks in batches of 100; an id that a batch does not answer is asked singly before anything is said about it
// (B6). A fault that concerns the whole account ends the calls: what was learnt is kept, the rest is Unanswered.
func (c *Connector) Read(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	if r.Object == Submissions {
		return c.readSubmissions(ctx, r)
	}
	op := "read " + r.Object
	k, err := c.resolve(ctx, op, r.Object)
	if err != nil {
		return nil, err
	}
	job := &reading{c: c, k: k, r: r, op: op, reads: map[string]record.Read{}}
	ids := job.distinct()
	for _, chunk := range c.chunks(ids, c.Batch) {
		job.batch(ctx, chunk)
	}
	for _, chunk := range c.chunks(job.open(ids), c.Batch) {
		job.bin(ctx, chunk)
	}
	for _, id := range job.open(ids) {
		job.single(ctx, id)
	}
	job.relate(ctx)
	return job.answers()
}

// distinct gives the ids to ask for, each once. What HubSpot cannot have given is gone without asking.
func (j *reading) distinct() []string {
	var ids []string
	for _, id := range j.r.IDs {
		if _, ok := j.reads[id]; ok {
			continue
		}
		read := record.Read{Ref: j.c.ref(j.k, id), State: record.Unanswered}
		if validID(id) {
			ids = append(ids, id)
		} else {
			read.State = record.Gone
		}
		j.reads[id] = read
	}
	return ids
}

func (j *reading) batch(ctx context.Context, ids []string) {
	if j.stop != nil {
		return
	}
	answer, err := j.c.readBatch(ctx, j.op, j.k, ids, "", j.r.Fields, false)
	if err != nil {
		j.stop = err
		return
	}
	asked := map[string]bool{}
	for _, id := range ids {
		asked[id] = true
	}
	for _, w := range answer.Results {
		if asked[w.ID.text] {
			j.found(w.ID.text, w)
		}
	}
}

// open gives the ids that nothing is known of yet.
func (j *reading) open(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return j.reads[id].State != record.Unanswered })
}

// manyMissing is how many ids must be missing from a batch before the bin is looked into: each of them would be a
// single call answered 404, and HubSpot counts errors against an app.
const manyMissing = 3

// bin asks for deleted records in one call. What is seen there is gone; what is not is still asked singly.
func (j *reading) bin(ctx context.Context, ids []string) {
	if len(ids) < manyMissing || j.stop != nil {
		return
	}
	answer, err := j.c.readBatch(ctx, j.op, j.k, ids, "", nil, true)
	if err != nil {
		if e := asError(err); passing(e) {
			j.stop = e
		}
		return // the single calls will tell
	}
	for _, w := range answer.Results {
		if read, asked := j.reads[w.ID.text]; asked && read.State == record.Unanswered && w.Archived {
			read.State = record.Gone
			j.reads[w.ID.text] = read
		}
	}
}

// readBatch makes one batch/read call, by id or by a unique property, of live or of deleted records.
func (c *Connector) readBatch(ctx context.Context, op string, k kind, ids []string, by string, fields []string, archived bool) (batchAnswer, error) {
	in := batchRead{Properties: k.properties(fields), History: []string{}, IDProperty: by}
	for _, id := range ids {
		in.Inputs = append(in.Inputs, batchInput{id})
	}
	body, err := json.Marshal(in)
	if err != nil {
		return batchAnswer{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "request does not encode"}
	}
	var out batchAnswer
	route := c.paths.objects + "/batch/read"
	q := rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", k.segment()), Route: route, Body: body, Safe: true}
	if archived {
		q.Query = url.Values{"archived": {"true"}}
	}
	_, err = c.call(ctx, op, q, &out)
	return out, err
}

// found keeps an answer; under another id than asked the record was merged (fact sheet 4).
func (j *reading) found(id string, w wireRecord) {
	read := record.Read{Ref: j.c.ref(j.k, id), State: record.Found, Record: j.c.record(j.k, w, j.r.Fields)}
	if w.ID.text != id {
		read.State, read.To = record.Moved, read.Record.Ref
	}
	j.reads[id] = read
}

// single asks for one record. Only this path follows merges, and only its 404 means gone.
func (j *reading) single(ctx context.Context, id string) {
	if j.stop != nil {
		return
	}
	names := strings.Join(j.k.properties(j.r.Fields), ",")
	short := len(names) <= maxQuery
	if !short {
		names = strings.Join(j.k.needed(), ",")
	}
	var w wireRecord
	route := j.c.paths.objects + "/{id}"
	_, err := j.c.call(ctx, j.op, rest.Request{Path: fill(route, "{type}", j.k.segment(), "{id}", id), Route: route, Query: url.Values{"properties": {names}}, Safe: true}, &w)
	if err == nil && !short {
		w, err = j.whole(ctx, w)
	}
	if err == nil {
		j.found(id, w)
		return
	}
	e := asError(err)
	read := record.Read{Ref: j.c.ref(j.k, id), State: record.Unanswered, Err: e}
	switch {
	case e.Fault == connector.Missing:
		read.State, read.Err = record.Gone, nil
	case e.Fault == connector.Forbidden:
		read.State = record.NoRight
	case passing(e):
		j.stop = e
	}
	j.reads[id] = read
}

// whole reads by batch what has too many properties for an address.
func (j *reading) whole(ctx context.Context, w wireRecord) (wireRecord, error) {
	answer, err := j.c.readBatch(ctx, j.op, j.k, []string{w.ID.text}, "", j.r.Fields, false)
	if err != nil {
		return w, err
	}
	for _, got := range answer.Results {
		if got.ID.text == w.ID.text {
			return got, nil
		}
	}
	return w, &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "single and batch read disagree"}
}

// relate adds the associations that were asked for, by With or as fields.
func (j *reading) relate(ctx context.Context) {
	asked := len(j.r.With) > 0 || hasAssociations(j.r.Fields)
	var records []*record.Record
	for _, read := range j.reads {
		if read.Record != nil {
			records = append(records, read.Record)
		}
	}
	if !asked || len(records) == 0 || j.stop != nil {
		j.incomplete(asked)
		return
	}
	if j.stop = j.c.relate(ctx, j.op, j.k, records, j.r.With, j.r.Fields); j.stop != nil {
		j.incomplete(true)
	}
}

// incomplete takes back records whose associations could not be read: without them they would look as if they had
// none.
func (j *reading) incomplete(wanted bool) {
	if !wanted {
		return
	}
	for id, read := range j.reads {
		if read.Record != nil {
			j.reads[id] = record.Read{Ref: read.Ref, State: record.Unanswered, Err: j.stop}
		}
	}
}

// answers gives one read per id asked, in order. A fault before anything was learnt is the call's.
func (j *reading) answers() ([]record.Read, error) {
	out := make([]record.Read, len(j.r.IDs))
	learnt := false
	for i, id := range j.r.IDs {
		read := j.reads[id]
		if read.State == record.Unanswered && read.Err == nil {
			read.Err = j.stop
		}
		learnt = learnt || read.State != record.Unanswered
		out[i] = read
	}
	if j.stop != nil && !learnt {
		return nil, j.stop
	}
	return out, nil
}
