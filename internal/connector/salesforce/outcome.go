package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// rowAnswer is what a collections call answers for one row (fact sheet 7.1).
type rowAnswer struct {
	ID      string      `json:"id"`
	Success *bool       `json:"success"`
	Errors  []wireError `json:"errors"`
}

// parseRows reads a collection's answer; false when it is none. A list of errors that concern the whole call is a list
// too: what tells them apart is that a row says whether it succeeded. The status does not: one connector's recordings
// show rows under 400 (fact sheet 7.1).
func parseRows(body []byte) ([]rowAnswer, bool) {
	var list []rowAnswer
	if json.Unmarshal(body, &list) != nil || len(list) == 0 {
		return nil, false
	}
	for _, a := range list {
		if a.Success == nil {
			return nil, false
		}
	}
	return list, true
}

func isRows(body []byte) bool { _, ok := parseRows(body); return ok }

// judge gives each row of a collection the part of the answer that is its own.
func (j *writing) judge(ctx context.Context, rows []outgoing, a rest.Answer) {
	list, ok := parseRows(a.Body)
	if !ok {
		e := &connector.Error{Fault: connector.Unavailable, Op: rows[0].op, Code: "malformed answer", Status: a.Status}
		if a.Status != 0 && !a.OK() {
			e = j.c.refused(rows[0].op, BucketCalls, a)
		}
		j.failed(ctx, rows, e)
		return
	}
	trusted := len(list) == len(rows)
	for i, got := range list {
		if at := find(rows, got); *got.Success && at >= 0 && !j.done[rows[at].at] {
			j.set(rows[at].at, connector.Outcome{Status: connector.Done, Ref: j.c.ref(rows[at].object, rows[at].id), Stamp: a.Stamp()})
			trusted = trusted && at == i
		} else if *got.Success && rows[0].id != "" {
			trusted = false
		}
	}
	for i, r := range rows {
		if !j.done[r.at] {
			j.set(r.at, j.byPlace(r, list, i, trusted, a))
		}
	}
}

// find gives the place of the row that a success names by its id; creates have none yet.
func find(rows []outgoing, got rowAnswer) int {
	id, ok := ID(got.ID)
	if !ok {
		return -1
	}
	for i, r := range rows {
		if r.id == id {
			return i
		}
	}
	return -1
}

// byPlace is the outcome of a row whose answer bears no id of its own: errors, and all creates. Salesforce answers in the
// order of the request; where an id shows that it did not, or a row is missing, nothing is attributed by place.
func (j *writing) byPlace(r outgoing, list []rowAnswer, i int, trusted bool, a rest.Answer) connector.Outcome {
	unknown := connector.Outcome{Status: connector.Unknown, Err: &connector.Error{Fault: connector.Unavailable, Op: r.op,
		Code: "the answer does not mention this row", Status: a.Status}}
	if !trusted {
		return unknown
	}
	got := list[i]
	if *got.Success {
		if id, ok := ID(got.ID); ok && r.id == "" && j.c.sameKind(r.object, id) {
			return connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.object, id), Stamp: a.Stamp()}
		}
		return unknown
	}
	if len(got.Errors) == 0 {
		return unknown
	}
	e := got.Errors[0].rowFault(r.op, r.id != "")
	e.Status = a.Status
	return j.refusal(r, e, true)
}

// sameKind tells whether an id can be of the object, as far as its prefix is known.
func (c *Connector) sameKind(object, id string) bool {
	if s := c.described(object); s != nil && s.Prefix != "" {
		return s.Prefix == id[:3]
	}
	known := prefixes[id[:3]]
	return known == "" || known == object
}

// failed judges a call that was refused or lost as a whole.
func (j *writing) failed(ctx context.Context, rows []outgoing, e *connector.Error) {
	status := statusOf(e)
	if status == connector.Refused && len(rows) > 1 && e.Fault != connector.Forbidden {
		half := len(rows) / 2
		j.sendOne(ctx, rows[:half])
		j.sendOne(ctx, rows[half:])
		return
	}
	for _, r := range rows {
		copied := *e
		copied.Op = r.op
		j.set(r.at, j.refusal(r, &copied, false))
	}
	if status != connector.Refused {
		j.stop = e
	}
}

// retry answers rows that were not sent because of a fault before them.
func (j *writing) retry(rows []outgoing, e *connector.Error) {
	for _, r := range rows {
		copied := *e
		copied.Op = r.op
		j.set(r.at, connector.Outcome{Status: connector.Retry, Err: &copied})
	}
}

// statusOf tells whether a failed call wrote nothing for good, wrote nothing for now, or may have written.
func statusOf(e *connector.Error) connector.Status {
	var lost *rest.NoAnswerError
	if errors.As(e, &lost) && !lost.Sent {
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

// refusal is the outcome of one row whose call or row failed. A row that Salesforce answered was not written, even where
// the fault is Salesforce's own.
func (j *writing) refusal(r outgoing, e *connector.Error, answered bool) connector.Outcome {
	o := connector.Outcome{Status: statusOf(e), Err: e}
	if answered && o.Status == connector.Unknown {
		o.Status = connector.Retry
	}
	switch {
	case r.link && (e.Fault == connector.Clash && r.verb == http.MethodPost || e.Fault == connector.Missing && r.verb == http.MethodDelete):
		return connector.Outcome{Status: connector.Done} // somebody else was first
	case r.link && e.Fault == connector.Missing && r.verb == http.MethodPatch:
		o.Status = connector.Retry // the row went away since it was read: the next try makes one
		e.Fault = connector.Locked
	}
	if e.Fault != connector.Clash {
		return o
	}
	named := j.named(r, e)
	switch {
	case r.verb == http.MethodPost && len(named) == 1:
		e.Existing = named[0]
		o.Status, o.Ref = connector.Exists, j.c.ref(r.object, e.Existing)
	case r.verb == http.MethodPost:
		e.Existing = ""
		j.clashes = append(j.clashes, clash{r, e})
	}
	return o
}
