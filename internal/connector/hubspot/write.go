package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// writing is one call of Write under way.
type writing struct {
	c    *Connector
	outs []connector.Outcome
	done []bool
	stop *connector.Error // nothing more is sent after a fault that concerns every further call
	open []row            // written, their associations not yet
}

// waiting tells whether a batch touches a record whose associations are still to be written.
func (j *writing) waiting(batch []row) bool {
	ids := map[string]bool{}
	for _, r := range j.open {
		ids[r.k.name+"/"+r.w.ID] = true
	}
	return slices.ContainsFunc(batch, func(r row) bool { return r.w.ID != "" && ids[r.k.name+"/"+r.w.ID] })
}

// flush writes the associations of all rows that wait for it, together: they cost calls by the thousand.
func (j *writing) flush(ctx context.Context) {
	rows := j.open
	j.open = nil
	if len(rows) > 0 {
		j.finish(ctx, rows)
	}
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
		r, err := c.row(ctx, i, w)
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
		if job.waiting(batch) {
			job.flush(ctx)
		}
		job.send(ctx, batch)
	}
	job.flush(ctx)
	return job.outs
}

func (j *writing) set(i int, o connector.Outcome) { j.outs[i], j.done[i] = o, true }

// row checks one write and encodes it.
func (c *Connector) row(ctx context.Context, i int, w connector.Write) (row, error) {
	op := string(w.Op) + " " + w.Object
	k, err := c.resolve(ctx, op, w.Object)
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
	if _, links, err := c.split(r.op, r.k, r.w); err == nil { // kept bytes were checked when they were made
		for _, l := range links {
			if l.joint(r.k).plain == 0 && len(l.ids()) > 0 {
				r.links = append(r.links, l)
			}
		}
	}
	return r, nil
}

func (c *Connector) updateRow(r row) (row, error) {
	properties, links, err := c.split(r.op, r.k, r.w)
	if err != nil {
		return row{}, err
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
		j.open = append(j.open, rows...)
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
	req := rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", first.k.segment()), Route: route, Body: joined(inputs)}
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
