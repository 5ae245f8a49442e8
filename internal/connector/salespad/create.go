package salespad

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// creating is one create under way.
type creating struct {
	c     *Connector
	op    string
	o     *Object
	body  []byte   // of the record itself, sent as it was kept
	kids  [][]byte // of the addresses it brings along
	there *below   // of a create that goes on: what the record has already
}

func (c *Connector) create(ctx context.Context, op string, o *Object, w connector.Write) connector.Outcome {
	if w.ID != "" {
		return c.goOn(ctx, op, o, w)
	}
	body := w.Body
	if len(body) == 0 {
		var err error
		if body, err = c.Encode(w); err != nil {
			return refusal(err)
		}
	}
	job := &creating{c: c, op: op, o: o, body: body}
	if body[0] == '[' {
		var parts []json.RawMessage
		if json.Unmarshal(body, &parts) != nil || len(parts) == 0 || c.Profile.Objects[o.Children] == nil {
			return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Err: errKept})
		}
		job.body = parts[0]
		for _, p := range parts[1:] {
			job.kids = append(job.kids, p)
		}
	}
	sent, ok := readRow(job.body)
	if !ok {
		return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Err: errKept})
	}
	out := job.post(ctx, sent)
	if out.Status != connector.Done || len(job.kids) == 0 {
		return out
	}
	return job.addresses(ctx, out)
}

// post makes the record. The answer bears the key it got; one without is no answer.
func (j *creating) post(ctx context.Context, sent row) connector.Outcome {
	path, header := "/api/"+j.o.One, http.Header{}
	if _, lines := sent["LineItems"]; lines {
		path += "/WithLines"
		header.Set("UpdateFlags", "SetLineNum")
	}
	got, a, err := j.c.one(ctx, j.op, j.o, rest.Request{Method: http.MethodPost, Path: path, Route: path, Header: header, Body: j.body})
	if err == nil && !j.o.answers(got, sent) {
		err = nonsense(j.op, a)
	}
	if e := asError(err); err != nil {
		if e.Fault == connector.Missing && j.o.Parent == "" {
			return refusal(noResource(j.op, j.o.One, e.Status))
		}
		if e.Fault == connector.Missing { // the parent is not there
			e.Fault, e.Fields = connector.Invalid, j.o.Key[:1]
		}
		if e.Fault == connector.Clash {
			return j.clash(ctx, sent, e)
		}
		return failure(e)
	}
	return connector.Outcome{Status: connector.Done, Ref: j.c.ref(j.o, got.key(j.o)), Stamp: a.Stamp()}
}

// answers tells whether an answer is that to a create: it has a whole key, and those parts of it that were sent.
func (o *Object) answers(got, sent row) bool {
	if got.key(o) == "" {
		return false
	}
	for _, part := range o.Key {
		if s := strings.TrimSpace(sent.text(part)); s != "" && !strings.EqualFold(s, strings.TrimSpace(got.text(part))) {
			return false
		}
	}
	return true
}

// clash judges a create whose key is taken: by ourselves, when an earlier try did arrive, or by another record, which is left
// as it is. Without a key of ours the clash says nothing, and the record has to be looked for.
func (j *creating) clash(ctx context.Context, sent row, e *connector.Error) connector.Outcome {
	id := sent.key(j.o)
	if id == "" {
		return connector.Outcome{Status: connector.Refused, Err: e}
	}
	reads, err := j.c.Read(ctx, connector.ReadRequest{Object: j.o.name, IDs: []string{id}, Fields: []string{j.o.markerField()}})
	if err != nil || reads[0].State != record.Found {
		return connector.Outcome{Status: connector.Retry, Err: &connector.Error{Fault: connector.Locked, Op: j.op, Code: e.Code, Status: e.Status, Existing: id, After: lockPause,
			Err: errors.New("the key is taken, and by what could not be read")}}
	}
	marker, _ := sent.userField(j.o.Marker)
	if ours := textOf(marker); ours != "" && ours == reads[0].Record.Field(j.o.markerField()).Text() {
		return connector.Outcome{Status: connector.Exists, Ref: j.c.ref(j.o, reads[0].Record.Ref.ID), Stamp: reads[0].Record.Modified}
	}
	return refusal(&connector.Error{Fault: connector.Invalid, Op: j.op, Code: e.Code, Status: e.Status, Existing: id, Fields: []string{j.o.Key[len(j.o.Key)-1]},
		Err: errors.New("another record has this key: let the mapping give another one, or none")})
}

// addresses makes what a customer brings along. When one is refused, everything this create made is taken back, so that a
// refused create leaves nothing behind; where that is not possible the outcome is unknown and the marker finds the customer.
func (j *creating) addresses(ctx context.Context, made connector.Outcome) connector.Outcome {
	parts, _ := j.o.parseKey(made.Ref.ID)
	var done [][]string
	var refs []record.Ref
	for i := range j.kids {
		key, out := j.address(ctx, parts[0], i)
		if out.Status == connector.Done || out.Status == connector.Exists {
			done, refs = append(done, key), append(refs, out.Ref)
			continue
		}
		if j.there != nil {
			if stop, end := j.stopped(ctx, parts, out); stop {
				return end
			}
			refs = append(refs, record.Ref{})
			continue
		}
		if out.Status == connector.Unknown {
			done = append(done, key) // it may be there
		}
		return j.undo(ctx, parts, done, asError(out.Err))
	}
	made.Children = refs
	return made
}

// address makes one of them. Its outcome names it, or says by the fields which of them failed.
func (j *creating) address(ctx context.Context, parent string, n int) (key []string, out connector.Outcome) {
	if bad := j.there.bad(n); bad != nil {
		return nil, refusal(bad)
	}
	kids := j.c.Profile.Objects[j.o.Children]
	body := spliced(kids.Key[0], parent, j.kids[n])
	sent, ok := readRow(body)
	if !ok {
		return nil, refusal(&connector.Error{Fault: connector.Invalid, Op: j.op, Err: errKept})
	}
	key = []string{parent, strings.TrimSpace(sent.text(kids.Key[1]))}
	marker, _ := sent.userField(kids.Marker)
	if id := j.there.find(textOf(marker)); id != "" {
		return key, connector.Outcome{Status: connector.Exists, Ref: j.c.ref(kids, id)}
	}
	one := &creating{c: j.c, op: fmt.Sprintf("create %s %d", kids.name, n), o: kids, body: body}
	out = one.post(ctx, sent)
	if e := asError(out.Err); out.Status == connector.Refused && e.Existing != "" { // GP made this address with the customer: it is ours to fill in
		out = one.fill(ctx, key, sent)
	}
	if out.Err != nil {
		e := *asError(out.Err)
		for i, f := range e.Fields {
			e.Fields[i] = fmt.Sprintf("children.%d.%s", n, f)
		}
		if len(e.Fields) == 0 {
			e.Fields = []string{fmt.Sprintf("children.%d", n)}
		}
		out.Err = &e
	}
	if out.Ref.ID == "" {
		out.Ref = j.c.ref(kids, joinKey(key))
	}
	return key, out
}

// spliced puts the parent's key before a kept body.
func spliced(name, key string, body []byte) []byte {
	rest := bytes.TrimPrefix(bytes.TrimSpace(body), []byte("{"))
	out := member([]byte("{"), name, mustJSON(key))
	if !bytes.HasPrefix(rest, []byte("}")) {
		out = append(out, ',')
	}
	return append(out, rest...)
}

// fill writes a kept create over a record that is there, without the parts of its key.
func (j *creating) fill(ctx context.Context, key []string, sent row) connector.Outcome {
	for _, part := range j.o.Key {
		delete(sent, part)
	}
	return j.c.put(ctx, j.op, j.o, key, mustJSON(sent))
}

// undo takes back what a create made, the last first, because of cause.
func (j *creating) undo(ctx context.Context, customer []string, kids [][]string, cause *connector.Error) connector.Outcome {
	if moved, known := j.movedOn(ctx, customer); moved || !known || j.c.Profile.Rollback == rollbackNot { // it is looked for, and goes on from what is there
		return unknownAfter(j.op, cause)
	}
	addresses := j.c.Profile.Objects[j.o.Children]
	if j.c.Profile.Rollback == rollbackDelete {
		for i := len(kids) - 1; i >= 0; i-- {
			j.c.remove(ctx, j.op, addresses, kids[i]) // gone with the customer where the install does not delete addresses
		}
		switch gone, known := j.deleted(ctx, customer); {
		case gone:
			return takenBack(cause)
		case !known: // it is looked for, and goes on from what is left of it
			return unknownAfter(j.op, cause)
		}
	}
	return j.shelve(ctx, customer, cause)
}

// deleted deletes the customer and tells whether it is gone; known is false where that could not be learnt.
func (j *creating) deleted(ctx context.Context, customer []string) (gone, known bool) {
	out := j.c.remove(ctx, j.op, j.o, customer)
	if out.Status != connector.Done && connector.FaultOf(out.Err) != connector.Missing {
		return false, out.Status == connector.Refused
	}
	there, err := j.stands(ctx, customer)
	return err == nil && !there, err == nil
}

// stands looks whether the customer is still there: a 404 may mean the record or the whole operation.
func (j *creating) stands(ctx context.Context, customer []string) (bool, error) {
	reads, err := j.c.Read(ctx, connector.ReadRequest{Object: j.o.name, IDs: []string{joinKey(customer)}, Fields: []string{}})
	if err != nil || reads[0].State == record.Unanswered {
		return true, errors.Join(err, errors.New("whether it is there was not answered"))
	}
	return reads[0].State != record.Gone, nil
}

// shelve makes a customer that cannot be deleted inactive and takes our marker from it, so that nobody finds it as ours.
func (j *creating) shelve(ctx context.Context, customer []string, cause *connector.Error) connector.Outcome {
	fields := map[string]record.Value{j.o.Archived: record.Of("true")}
	if j.o.Marker != "" {
		fields[j.o.markerField()] = record.Empty()
	}
	body, bad := j.o.encode(connector.OpUpdate, fields)
	if len(bad) > 0 || j.c.put(ctx, j.op, j.o, customer, body).Status != connector.Done {
		return unknownAfter(j.op, cause)
	}
	out := takenBack(cause)
	e := *asError(out.Err)
	e.Existing = joinKey(customer)
	e.Err = errors.Join(e.Err, errors.New("the customer made for it could not be deleted and was made inactive"))
	out.Err = &e
	return out
}

// takenBack is the outcome of a create of which nothing is left.
func takenBack(cause *connector.Error) connector.Outcome {
	out := connector.Outcome{Status: connector.Refused, Err: cause}
	if cause.Fault.Transient() || cause.Fault == connector.Unauthorized {
		out.Status = connector.Retry
	}
	return out
}

// unknownAfter is the outcome of a create of which something is left.
func unknownAfter(op string, cause *connector.Error) connector.Outcome {
	return connector.Outcome{Status: connector.Unknown, Err: &connector.Error{Fault: connector.Unavailable, Op: op, Code: cause.Code, Fields: cause.Fields, Status: cause.Status,
		Err: errors.New("an address was refused and the customer could not be taken back")}}
}
