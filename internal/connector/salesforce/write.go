package salesforce

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

// How many calls a write takes, and why it does not use Bulk API 2.0 (fact sheet 7, 12).
//
// A collections call carries 200 rows and counts once; a composite call carries five of them and counts once too: 1,000
// rows a call. A bulk job takes at least seven calls whatever its size: create, upload, close, one look at its state (it
// is never done at once), the successful, the failed and the unprocessed rows; an eighth removes its results. So n rows
// take ceil(n/1000) calls by composite and 7 or more by bulk: bulk is ahead from 8,001 rows in one job on. The engine
// hands over what one worker may write between two intentions, at most some hundred rows: below that border by far, and
// each row of it must have its outcome within seconds, which a job cannot promise. An initial load of 100,000 rows costs
// 100 calls here and 8 by bulk, out of 100,000 a day.

// writing is one call of Write under way.
type writing struct {
	c       *Connector
	outs    []connector.Outcome // of the writes, then of the rows that their associations take
	done    []bool
	stop    *connector.Error // nothing more is sent after a fault that concerns every further call
	links   []linkWrite      // associations to write once their records are
	clashes []clash          // creates that are refused for a record which the refusal does not name
}

// outgoing is one write on its way: its place and its JSON.
type outgoing struct {
	at     int
	op     string
	verb   string // HTTP method of its collection
	object string
	id     string // 18 characters; "" of a create
	body   json.RawMessage
	link   bool // a row of a junction: that it is there already, or gone already, is as good as written
}

// Write sends creates, updates and deletions in collections of 200 rows, up to five of them a call. Two writes to one
// record never share a collection and keep their order. Each row stands alone (allOrNone is false). A collection that is
// refused as a whole is halved until the row at fault stands alone, since nothing of it was written.
//
// Associations through a junction are written after their records, together, and count as part of the write: see bondwrite.go.
//
// Archiving switches products, prices, price books and campaigns off, which cannot be deleted once used (fact sheet 15.4), and
// moves all else to the recycle bin; an account that has contacts or opportunities stays (see deletable).
func (c *Connector) Write(ctx context.Context, writes []connector.Write) []connector.Outcome {
	job := &writing{c: c, outs: make([]connector.Outcome, len(writes)), done: make([]bool, len(writes))}
	var rows []outgoing
	for i, w := range writes {
		if r, ok := job.row(ctx, i, w); ok {
			rows = append(rows, r)
		}
	}
	job.sendAll(ctx, job.deletable(ctx, rows))
	job.whoseMarker(ctx)
	job.associate(ctx)
	return job.outs[:len(writes)]
}

func (j *writing) sendAll(ctx context.Context, rows []outgoing) {
	for chunk := range slices.Chunk(collections(rows, j.c.Collection), maxCollections) {
		j.send(ctx, chunk)
	}
}

func (j *writing) set(i int, o connector.Outcome) { j.outs[i], j.done[i] = o, true }

// row checks one write and encodes it; one that cannot be sent, or has nothing to say, has its outcome at once.
func (j *writing) row(ctx context.Context, i int, w connector.Write) (outgoing, bool) {
	r, err := j.encoded(ctx, i, w)
	if e := asError(err); err != nil {
		o := connector.Outcome{Status: connector.Refused, Err: e}
		if e.Fault.Transient() || e.Fault == connector.Unauthorized { // the describe could not be read: nothing was sent
			o.Status = connector.Retry
			if j.stop == nil {
				j.stop = e
			}
		}
		j.set(i, o)
		return r, false
	}
	if r.verb == http.MethodPatch && emptyUpdate(r.body) {
		j.set(i, connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.object, r.id)})
		return r, false
	}
	return r, true
}

func (j *writing) encoded(ctx context.Context, i int, w connector.Write) (outgoing, error) {
	c, op := j.c, string(w.Op)+" "+w.Object
	object, err := c.object(op, w.Object)
	if err != nil {
		return outgoing{}, err
	}
	r := outgoing{at: i, op: op, object: object}
	if w.Op != connector.OpCreate {
		id, ok := ID(w.ID)
		if !ok {
			return r, &connector.Error{Fault: connector.Missing, Op: op, Code: "not an id of Salesforce"}
		}
		r.id, w.ID = id, id
	}
	if j.stop != nil && len(w.Body) == 0 {
		return r, &connector.Error{Fault: j.stop.Fault, Op: op, Code: j.stop.Code, After: j.stop.After, Status: j.stop.Status, Err: j.stop.Err}
	}
	switch w.Op {
	case connector.OpCreate:
		r.verb, r.body = http.MethodPost, w.Body
		if len(w.Body) == 0 {
			r.body, err = c.encode(ctx, w)
		} else if _, ok := parseKept(w.Body, object); !ok {
			err = &connector.Error{Fault: connector.Invalid, Op: op, Code: "the kept body is not one of this connector"}
		}
	case connector.OpUpdate:
		if object == "Lead" && w.Base.Field("IsConverted").Text() == "true" { // an administrator's right would let us
			return r, &connector.Error{Fault: connector.BadState, Op: op, Code: "the lead is converted: its contact is written"}
		}
		r.verb = http.MethodPatch
		r.body, err = c.encode(ctx, w)
	case connector.OpArchive, connector.OpDelete:
		r.verb = http.MethodDelete
		if w.Op == connector.OpArchive && kindOf(object).retire {
			r.verb = http.MethodPatch
			r.body, err = c.encode(ctx, connector.Write{Op: connector.OpUpdate, Object: object, ID: r.id, Fields: map[string]record.Value{"IsActive": record.Of("false")}})
		}
	default:
		err = &connector.Error{Fault: connector.Invalid, Op: op, Code: "Salesforce has no such operation"}
	}
	if err == nil && (w.Op == connector.OpCreate || w.Op == connector.OpUpdate) {
		err = j.keepLinks(ctx, r, w)
	}
	return r, err
}

// emptyUpdate tells whether a row names nothing but its record.
func emptyUpdate(body []byte) bool {
	var m map[string]json.RawMessage
	return json.Unmarshal(body, &m) == nil && len(m) == 2
}

// collections groups rows that can go together: same verb and object, no record twice. A row never overtakes an earlier
// one of the same record.
func collections(rows []outgoing, size int) [][]outgoing {
	var out [][]outgoing
	level := map[string]int{} // record -> collections it must come after
	for _, r := range rows {
		self, at := r.object+"/"+r.id, -1
		for i := level[self]; i < len(out); i++ {
			if first := out[i][0]; len(out[i]) < size && first.verb == r.verb && first.object == r.object {
				at = i
				break
			}
		}
		if at < 0 {
			out = append(out, nil)
			at = len(out) - 1
		}
		out[at] = append(out[at], r)
		if r.id != "" {
			level[self] = at + 1
		}
	}
	return out
}

// writeHeaders say how Salesforce is to take our writes (fact sheet 4.1). Assignment rules are for what is made: on a change they would take
// a lead away from whom it was given to since.
func (c *Connector) writeHeaders(verb string) map[string]string {
	out := map[string]string{"Sforce-Auto-Assign": "FALSE"}
	if c.AutoAssign && verb == http.MethodPost {
		out["Sforce-Auto-Assign"] = "TRUE"
	}
	if c.Duplicates == DuplicatesAllow {
		out["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
	}
	return out
}

// send carries out up to five collections in one call.
func (j *writing) send(ctx context.Context, chunk [][]outgoing) {
	if j.stop != nil {
		for _, rows := range chunk {
			j.retry(rows, j.stop)
		}
		return
	}
	if len(chunk) == 1 {
		j.sendOne(ctx, chunk[0])
		return
	}
	in := composite{}
	for i, rows := range chunk {
		method, target, body := j.c.collection(rows)
		in.Parts = append(in.Parts, part{Method: method, URL: j.c.path(target), ID: partID(i), Header: j.c.writeHeaders(method), Body: body})
	}
	parts, a, err := j.c.composite(ctx, chunk[0][0].op, in, false)
	if err != nil {
		for _, rows := range chunk {
			j.failed(ctx, rows, asError(err))
		}
		return
	}
	for i, rows := range chunk {
		part := a
		part.Status, part.Body = parts[i].Status, parts[i].Body
		j.judge(ctx, rows, part)
	}
}

// sendOne carries out one collection.
func (j *writing) sendOne(ctx context.Context, rows []outgoing) {
	if j.stop != nil {
		j.retry(rows, j.stop)
		return
	}
	method, target, body := j.c.collection(rows)
	path, rawQuery, _ := strings.Cut(target, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		panic("salesforce: a query of our own does not parse: " + err.Error())
	}
	header := http.Header{}
	for name, v := range j.c.writeHeaders(method) {
		header.Set(name, v)
	}
	a, err := j.c.call(ctx, rows[0].op, rest.Request{Method: method, Path: j.c.path(path), Route: routeRoot + "/composite/sobjects", Query: query, Header: header, Body: body}, nil)
	if err != nil && a.Status == 0 {
		j.failed(ctx, rows, asError(err))
		return
	}
	if e := asError(err); err != nil && !isRows(a.Body) {
		j.failed(ctx, rows, e)
		return
	}
	j.judge(ctx, rows, a)
}

// collection is the call that carries the rows; rows go in byte for byte, since an encoder would compact and escape kept
// bytes anew.
func (c *Connector) collection(rows []outgoing) (method, target string, body []byte) {
	if rows[0].verb == http.MethodDelete {
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.id
		}
		return http.MethodDelete, "/composite/sobjects?allOrNone=false&ids=" + strings.Join(ids, ","), nil
	}
	body = []byte(`{"allOrNone":false,"records":[`)
	for i, r := range rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, r.body...)
	}
	return rows[0].verb, "/composite/sobjects", append(body, "]}"...)
}
