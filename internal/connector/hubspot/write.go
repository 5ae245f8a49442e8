package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// writing is one call of Write under way.
type writing struct {
	c    *Connector
	outs []connector.Outcome
	done []bool
	stop *connector.Error // nothing more is sent after a fault that concerns every further call
}

// row is one write on its way into a batch: its place, its JSON and what its answer can be known by.
type row struct {
	at     int
	w      connector.Write
	op     string
	k      kind
	input  json.RawMessage
	trace  string
	marker string // of a create
	links  []linkWrite
}

// Write sends creates, updates and archives in batches of 100, in the order given as far as it matters: two writes
// to one record never share a batch. A batch that is refused as a whole is halved until the row at fault stands
// alone, since HubSpot wrote nothing of it (fact sheet 4).
func (c *Connector) Write(ctx context.Context, writes []connector.Write) []connector.Outcome {
	job := &writing{c: c, outs: make([]connector.Outcome, len(writes)), done: make([]bool, len(writes))}
	var rows []row
	for i, w := range writes {
		r, err := c.row(i, w)
		switch {
		case err != nil:
			job.set(i, connector.Outcome{Status: connector.Refused, Err: err})
		case r.input == nil && len(r.links) == 0: // an update that names nothing
			job.set(i, connector.Outcome{Status: connector.Done, Ref: c.ref(r.k, w.ID)})
		default:
			rows = append(rows, r)
		}
	}
	for _, batch := range batches(rows, c.Batch) {
		job.send(ctx, batch)
	}
	return job.outs
}

func (j *writing) set(i int, o connector.Outcome) { j.outs[i], j.done[i] = o, true }

// row checks one write and encodes it.
func (c *Connector) row(i int, w connector.Write) (row, error) {
	op := string(w.Op) + " " + w.Object
	k, err := c.kind(op, w.Object)
	if err != nil {
		return row{}, err
	}
	r := row{at: i, w: w, op: op, k: k}
	if w.Op != connector.OpCreate && !validID(w.ID) {
		return row{}, &connector.Error{Fault: connector.Missing, Op: op, Code: "not an id of HubSpot"}
	}
	switch w.Op {
	case connector.OpCreate:
		return c.createRow(r)
	case connector.OpUpdate:
		return c.updateRow(r)
	case connector.OpArchive, connector.OpDelete:
		r.input = mustJSON(batchInput{w.ID})
		return r, nil
	}
	return row{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "HubSpot has no such operation"}
}

func (c *Connector) createRow(r row) (row, error) {
	body := r.w.Body
	if len(body) == 0 {
		var err error
		if body, err = c.Encode(r.w); err != nil {
			return row{}, err
		}
	}
	var kept createRow
	if json.Unmarshal(body, &kept) != nil {
		return row{}, &connector.Error{Fault: connector.Invalid, Op: r.op, Code: "the kept body is not one of this connector"}
	}
	r.input, r.trace, r.marker = body, kept.TraceID, kept.Properties[MarkerField]
	return r, nil
}

func (c *Connector) updateRow(r row) (row, error) {
	properties, links, err := c.split(r.op, r.k, r.w)
	if err != nil {
		return row{}, err
	}
	for _, l := range links {
		if len(l.ids) == 0 && r.w.Base == nil {
			return row{}, &connector.Error{Fault: connector.Invalid, Op: r.op, Code: "clearing associations needs the record as read", Fields: []string{l.field}}
		}
	}
	r.links = links
	if len(properties) == 0 {
		return r, nil
	}
	r.trace = "row-" + strconv.Itoa(r.at)
	r.input, err = encoded(updateRow{ID: r.w.ID, Properties: properties, TraceID: r.trace})
	return r, err
}

// batches groups rows that can go in one call: same operation and object, no record and no trace id twice, and a
// create without a trace id alone. A row never overtakes an earlier one of the same record.
func batches(rows []row, size int) [][]row {
	var out [][]row
	level := map[string]int{} // record -> batches it must come after
	for _, r := range rows {
		self := r.k.name + "/" + r.w.ID
		at := -1
		for i := level[self]; i < len(out); i++ {
			if len(out[i]) < size && r.joins(out[i]) {
				at = i
				break
			}
		}
		if at < 0 {
			out = append(out, nil)
			at = len(out) - 1
		}
		out[at] = append(out[at], r)
		if r.w.ID != "" {
			level[self] = at + 1
		}
	}
	return out
}

func (r row) joins(batch []row) bool {
	first := batch[0]
	if first.verb() != r.verb() || first.k.name != r.k.name || r.verb() == "create" && r.trace == "" {
		return false
	}
	return !slices.ContainsFunc(batch, func(o row) bool {
		return r.w.ID != "" && o.w.ID == r.w.ID || r.verb() == "create" && (o.trace == "" || o.trace == r.trace)
	})
}

// verb is the batch call; an update of associations alone has none.
func (r row) verb() string {
	switch {
	case r.w.Op == connector.OpCreate:
		return "create"
	case r.input == nil:
		return "associate"
	case r.w.Op == connector.OpUpdate:
		return "update"
	}
	return "archive"
}

// send carries out one batch, halving it when it is refused whole.
func (j *writing) send(ctx context.Context, rows []row) {
	if j.stop != nil {
		j.retry(rows, j.stop)
		return
	}
	if rows[0].verb() == "associate" {
		j.finish(ctx, rows)
		return
	}
	var answer batchAnswer
	a, err := j.call(ctx, rows, &answer)
	switch {
	case err == nil && rows[0].verb() == "archive":
		for _, r := range rows {
			j.set(r.at, connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.k, r.w.ID), Stamp: a.Stamp()})
		}
	case err == nil:
		j.attribute(ctx, rows, answer, a)
	default:
		j.failed(ctx, rows, asError(err))
	}
}

func (j *writing) call(ctx context.Context, rows []row, out *batchAnswer) (rest.Answer, error) {
	inputs := make([]json.RawMessage, len(rows))
	for i, r := range rows {
		inputs[i] = r.input
	}
	first := rows[0]
	route := j.c.paths.objects + "/batch/" + first.verb()
	req := rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", first.k.name), Route: route, Body: joined(inputs)}
	if first.verb() == "archive" {
		return j.c.call(ctx, first.op, req, nil)
	}
	return j.c.call(ctx, first.op, req, out)
}

// joined puts rows into a body byte for byte; an encoder would compact and escape kept bytes anew.
func joined(inputs []json.RawMessage) []byte {
	body := []byte(`{"inputs":[`)
	for i, in := range inputs {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, in...)
	}
	return append(body, "]}"...)
}

// failed judges a call that was refused or lost as a whole.
func (j *writing) failed(ctx context.Context, rows []row, e *connector.Error) {
	status := statusOf(e)
	if status == connector.Refused && len(rows) > 1 && e.Fault != connector.Forbidden {
		half := len(rows) / 2
		j.send(ctx, rows[:half])
		j.send(ctx, rows[half:])
		return
	}
	for _, r := range rows {
		j.set(r.at, j.refusal(ctx, r, e))
	}
	if status != connector.Refused {
		j.stop = e
	}
}

// retry answers rows that were not sent because of a fault before them.
func (j *writing) retry(rows []row, e *connector.Error) {
	for _, r := range rows {
		copied := *e
		copied.Op = r.op
		j.set(r.at, connector.Outcome{Status: connector.Retry, Err: &copied})
	}
}

// statusOf tells whether a failed call wrote nothing for good, wrote nothing for now, or may have written.
func statusOf(e *connector.Error) connector.Status {
	var lost *rest.NoAnswerError
	switch {
	case errors.As(e, &lost) && !lost.Sent, e.Status == statusMigrating:
		return connector.Retry
	}
	switch e.Fault {
	case connector.Throttled, connector.OutOfQuota, connector.Locked, connector.Unauthorized:
		return connector.Retry
	case connector.Unavailable:
		return connector.Unknown
	}
	return connector.Refused
}

// refusal is the outcome of one row whose call or item failed.
func (j *writing) refusal(ctx context.Context, r row, e *connector.Error) connector.Outcome {
	o := connector.Outcome{Status: statusOf(e), Err: e}
	if e.Fault != connector.Clash || r.w.Op != connector.OpCreate {
		return o
	}
	if e.Existing == "" {
		e.Existing = j.holder(ctx, r)
	}
	if e.Existing != "" {
		o.Status, o.Ref = connector.Exists, j.c.ref(r.k, e.Existing)
	}
	return o
}

// holder asks who has the marker or, of contacts, the e-mail, when a clash does not say. No answer leaves the clash
// as it is.
func (j *writing) holder(ctx context.Context, r row) string {
	var kept createRow
	if json.Unmarshal(r.input, &kept) != nil {
		return ""
	}
	asks := []connector.Ask{{Field: MarkerField, Text: r.marker}}
	if r.k.name == "contacts" {
		asks = append(asks, connector.Ask{Field: "email", Text: kept.Properties["email"]})
	}
	answers, err := j.c.Find(ctx, r.k.name, asks, nil)
	if err != nil {
		return ""
	}
	for _, a := range answers {
		if len(a.Records) == 1 {
			return a.Records[0].Ref.ID
		}
	}
	return ""
}

// attribute gives each row the part of the answer that is certainly its own.
func (j *writing) attribute(ctx context.Context, rows []row, answer batchAnswer, a rest.Answer) {
	var good []row
	for _, r := range rows {
		if w, ok := r.result(answer.Results, len(rows) == 1); ok {
			o := connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.k, w.ID.text), Stamp: a.Stamp()}
			if w.Properties[r.k.modified].sent || !w.UpdatedAt.IsZero() {
				o.Stamp = w.stamp(r.k)
			}
			j.set(r.at, o)
			good = append(good, r)
			continue
		}
		if e, ok := r.fault(answer.Errors, len(rows) == 1); ok {
			e.Status = a.Status
			if e.Err == nil {
				e.Err = correlation(a)
			}
			j.set(r.at, j.refusal(ctx, r, e))
			continue
		}
		j.set(r.at, connector.Outcome{Status: connector.Unknown, Err: &connector.Error{Fault: connector.Unavailable, Op: r.op,
			Code: "the answer does not mention this row", Status: a.Status, Err: correlation(a)}})
	}
	if len(good) > 0 && good[0].w.Op == connector.OpUpdate {
		j.finish(ctx, good)
	}
}

// result finds the record of a row: by id for updates; for creates by trace id, else by marker, else when the only
// row has the only result.
func (r row) result(results []wireRecord, alone bool) (wireRecord, bool) {
	var hits []wireRecord
	for _, w := range results {
		if !validID(w.ID.text) {
			continue
		}
		var mine bool
		switch {
		case r.w.Op != connector.OpCreate:
			mine = w.ID.text == r.w.ID
		case w.TraceID.text != "" && r.trace != "":
			mine = w.TraceID.text == r.trace
		case r.marker != "" && w.Properties[MarkerField].text != "":
			mine = w.Properties[MarkerField].text == r.marker
		default:
			mine = alone && len(results) == 1
		}
		if mine {
			hits = append(hits, w)
		}
	}
	if len(hits) != 1 {
		return wireRecord{}, false
	}
	return hits[0], true
}

// fault finds the error item of a row, by trace id or by id.
func (r row) fault(errs []wireError, alone bool) (*connector.Error, bool) {
	for _, w := range errs {
		if slices.Contains(w.Context["objectWriteTraceId"], r.trace) && r.trace != "" ||
			r.w.ID != "" && slices.Contains(w.Context["ids"], r.w.ID) || alone && len(errs) == 1 {
			return w.fault(r.op), true
		}
	}
	return nil, false
}

// finish writes the associations of updates whose properties are written.
func (j *writing) finish(ctx context.Context, rows []row) {
	for _, r := range rows {
		for _, l := range r.links {
			if j.stop != nil {
				j.retry([]row{r}, j.stop)
				break
			}
			if !j.link(ctx, r, l) {
				break
			}
		}
		if !j.done[r.at] {
			j.set(r.at, connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.k, r.w.ID)})
		}
	}
}

// link makes one record's associations with one kind what the field says; false when that failed.
func (j *writing) link(ctx context.Context, r row, l linkWrite) bool {
	gone, add := l.changes(r.w.Base)
	for _, step := range []struct {
		call string
		ids  []string
	}{{"create", add}, {"archive", gone}} {
		if len(step.ids) == 0 {
			continue
		}
		if err := j.c.linkBatch(ctx, r, l, step.call, step.ids); err != nil {
			e := asError(err)
			j.set(r.at, connector.Outcome{Status: statusOf(e), Ref: j.c.ref(r.k, r.w.ID), Err: e})
			if passing(e) {
				j.stop = e
			}
			return false
		}
	}
	return true
}

// changes compares with the associations the record was read with. A field with a primary replaces the primary; the
// former one stays associated, as in HubSpot's own pages, unless the field is cleared.
func (l linkWrite) changes(base *record.Record) (gone, add []string) {
	add = slices.Clone(l.ids)
	if l.joint.primary != 0 && len(l.ids) > 0 {
		return nil, add
	}
	for _, related := range base.RelatedTo(l.to.name) {
		if !slices.Contains(l.ids, related.Ref.ID) {
			gone = append(gone, related.Ref.ID)
		}
	}
	return gone, add
}

// linkBatch makes or removes associations of one record. HubSpot answers a row that failed inside a success.
func (c *Connector) linkBatch(ctx context.Context, r row, l linkWrite, call string, ids []string) error {
	type end struct {
		From  batchInput `json:"from"`
		To    any        `json:"to"`
		Types []linkType `json:"types,omitempty"`
	}
	var in struct {
		Inputs []end `json:"inputs"`
	}
	typ := l.joint.plain
	if l.joint.primary != 0 {
		typ = l.joint.primary
	}
	switch call {
	case "create":
		for _, id := range ids {
			in.Inputs = append(in.Inputs, end{batchInput{r.w.ID}, batchInput{id}, []linkType{{"HUBSPOT_DEFINED", typ}}})
		}
	default:
		var to []batchInput
		for _, id := range ids {
			to = append(to, batchInput{id})
		}
		in.Inputs = append(in.Inputs, end{From: batchInput{r.w.ID}, To: to})
	}
	route := c.paths.associations + "/batch/" + call
	a, err := c.call(ctx, r.op, rest.Request{Method: http.MethodPost, Path: fill(route, "{from}", r.k.name, "{to}", l.to.name), Route: route,
		Bucket: BucketAssociations, Body: mustJSON(in)}, nil)
	if err != nil {
		e := asError(err)
		e.Fields = []string{l.field}
		return e
	}
	var answer batchAnswer
	if json.Unmarshal(a.Body, &answer) == nil && len(answer.Errors) > 0 {
		e := answer.Errors[0].fault(r.op)
		e.Fields, e.Status, e.Err = []string{l.field}, a.Status, correlation(a)
		return e
	}
	return nil
}
