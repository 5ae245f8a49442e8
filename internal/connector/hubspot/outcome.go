package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

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
	var asks []connector.Ask
	if r.marker != "" {
		asks = append(asks, connector.Ask{Field: MarkerField, Text: r.marker})
	}
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
			o := connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.k, w.ID.text), Stamp: a.Stamp(), Record: j.c.shown(r, w)}
			if w.Properties[r.k.modified].sent || !w.UpdatedAt.IsZero() {
				o.Stamp = w.stamp(r.k)
			}
			j.set(r.at, o)
			r.w.ID = w.ID.text
			if len(r.links) > 0 {
				good = append(good, r)
			}
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
	j.open = append(j.open, good...)
}

// shown is what the answer shows of the fields that were written: HubSpot may have kept another value than it took.
func (c *Connector) shown(r row, w wireRecord) *record.Record {
	var names []string
	for name := range r.w.Fields {
		if propertyForm().MatchString(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return c.record(r.k, w, names)
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
