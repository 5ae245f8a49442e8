package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

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
