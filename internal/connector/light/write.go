package light

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Traits tell how creates can be made safe (fact sheet 3): customers, products and invoices take an idempotency key,
// contracts and lines do not. Lines bear no marker either: after an unknown outcome read the draft (T4).
func (c *Connector) Traits(name string) connector.Traits {
	o := find(name)
	if o == nil {
		return connector.Traits{}
	}
	return connector.Traits{MarkerField: c.markerField(o), Keyed: o.keyed, Replays: o.keyed, StrongLook: o.parent == "",
		Settle: c.Settle, Deadline: c.Deadline, Actions: slices.Clone(o.actions)}
}

// Write carries out each write by a call of its own, in order: Light has no batches. After an answer that concerns
// everybody (throttled, unauthorized, down) nothing more is sent and the rest is Retry with the same error.
func (c *Connector) Write(ctx context.Context, writes []connector.Write) []connector.Outcome {
	out := make([]connector.Outcome, len(writes))
	var stop error
	for i, w := range writes {
		if err := ctx.Err(); err != nil && stop == nil {
			stop = unanswered(string(w.Op)+" "+w.Object, err)
		}
		if stop != nil {
			out[i] = connector.Outcome{Status: connector.Retry, Err: stop}
			continue
		}
		out[i] = c.write(ctx, w)
		switch connector.FaultOf(out[i].Err) {
		case connector.Throttled, connector.OutOfQuota, connector.Unauthorized, connector.Unavailable:
			stop = out[i].Err
		}
	}
	return out
}

func (c *Connector) write(ctx context.Context, w connector.Write) connector.Outcome {
	o, err := known(string(w.Op), w.Object)
	if err == nil {
		err = o.admits(w)
	}
	if err != nil {
		return connector.Outcome{Status: connector.Refused, Err: err}
	}
	switch w.Op {
	case connector.OpCreate:
		return c.create(ctx, o, w)
	case connector.OpUpdate:
		return c.update(ctx, o, w)
	case connector.OpArchive:
		return c.act(ctx, o, w, actArchive)
	case connector.OpDelete:
		return c.delete(ctx, o, w)
	}
	return c.act(ctx, o, w, w.Action)
}

// admits refuses what no call could carry out, before any is made.
func (o *object) admits(w connector.Write) error {
	op := o.op(string(w.Op))
	line := o.parent != ""
	switch {
	case !slices.Contains([]connector.Op{connector.OpCreate, connector.OpUpdate, connector.OpArchive, connector.OpAct, connector.OpDelete}, w.Op):
		return invalid("write "+o.name, "op", "Light has no such operation")
	case line && !validID(w.Parent):
		return invalid(op, "parent", "a line needs the id of its document")
	case w.Op != connector.OpCreate && !validID(w.ID):
		return invalid(op, "id", "it needs the id of a record at Light (a UUID)")
	case w.Op == connector.OpCreate && o.keyed && w.Key == "":
		return invalid(op, "key", "a create needs its idempotency key, or a repetition would make a second record")
	case w.Op == connector.OpDelete && !line:
		return invalid(op, "op", "Light deletes lines only: archive the record instead")
	case w.Op == connector.OpArchive && !slices.Contains(o.actions, actArchive):
		return invalid(op, "op", "Light cannot archive "+o.name+": delete the draft or end it in Light")
	case w.Op == connector.OpAct && !slices.Contains(o.actions, w.Action):
		return invalid(op, "action", "Light's "+o.name+" know these actions: "+strings.Join(o.actions, ", "))
	}
	return nil
}

func (c *Connector) create(ctx context.Context, o *object, w connector.Write) connector.Outcome {
	op := o.op("create")
	body := w.Body
	if body == nil {
		var err error
		if body, err = c.encodeCreate(ctx, w); err != nil {
			return connector.Outcome{Status: unsent(err), Err: err}
		}
	}
	path, route := o.many(w.Parent)
	r := rest.Request{Method: http.MethodPost, Path: path, Route: route, Body: body, Header: http.Header{}}
	if o.keyed {
		r.Header.Set("X-Idempotency-Key", w.Key)
	}
	got, answer, err := c.object(ctx, op, r)
	if err != nil {
		return failed(err)
	}
	return c.done(o, op, got, answer, "")
}

// update sends what the write names. What a PATCH replaces as a whole - an address, a discount, the price list, the
// custom properties - is completed from the base, or from a read just before when the base does not have it all.
func (c *Connector) update(ctx context.Context, o *object, w connector.Write) connector.Outcome {
	op := o.op("update")
	list, err := c.propertiesFor(ctx, o, w)
	if err != nil {
		return connector.Outcome{Status: unsent(err), Err: err}
	}
	b := builder{o: o, list: list, values: w.Fields, lines: w.Children, base: w.Base}
	if !b.whole() {
		base, err := c.base(ctx, o, w)
		if err != nil {
			return connector.Outcome{Status: unsent(err), Err: err}
		}
		b.base = &base
	}
	body, err := b.body(op)
	if err != nil {
		return connector.Outcome{Status: connector.Refused, Err: err}
	}
	if len(b.out) == 0 {
		return connector.Outcome{Status: connector.Done, Ref: c.ref(o, w.ID)} // nothing to write
	}
	path, route := o.one(w.Parent, w.ID)
	r := rest.Request{Method: http.MethodPatch, Path: path, Route: route, Body: body, Header: http.Header{}}
	if o.keyedPatch && w.Key != "" {
		r.Header.Set("X-Idempotency-Key", patchKey(w.Key, body))
	}
	got, answer, err := c.object(ctx, op, r)
	if err != nil {
		return failed(inState(err))
	}
	return c.done(o, op, got, answer, w.ID)
}

// patchKey is the key of an update. The body is part of it, because what is completed from a fresh read may differ
// between two tries, and one key with two bodies is refused for as long as Light remembers it.
func patchKey(key string, body []byte) string {
	sum := sha256.Sum256(body)
	return key + "." + hex.EncodeToString(sum[:8])
}

// whole tells whether the base has everything that a PATCH of these fields replaces.
func (b *builder) whole() bool {
	for name := range b.values {
		if b.values[name].Kind() == record.Absent {
			continue
		}
		group, _, dotted := strings.Cut(name, ".")
		switch {
		case strings.HasPrefix(name, propPrefix):
			for _, p := range of(b.list, b.o) {
				if !b.base.Field(propPrefix + p.name).Known() {
					return false
				}
			}
		case group == "pricings":
			if !b.base.Field("pricings").Known() {
				return false
			}
		case dotted:
			for _, f := range b.o.group(group) {
				if b.values[f.name].Kind() == record.Absent && !b.base.Field(f.name).Known() {
					return false
				}
			}
		}
	}
	return true
}

// base reads the target whole; a line within its document.
func (c *Connector) base(ctx context.Context, o *object, w connector.Write) (record.Record, error) {
	if _, err := c.properties(ctx, 0); err != nil {
		return record.Record{}, err // without their kinds the properties would be lost
	}
	if o.parent == "" {
		return c.get(ctx, o, w.ID, nil)
	}
	doc, err := c.get(ctx, find(o.parent), w.Parent, nil)
	if err != nil {
		return record.Record{}, err
	}
	for _, line := range doc.Children {
		if strings.EqualFold(line.Ref.ID, w.ID) {
			return line, nil
		}
	}
	return record.Record{}, &connector.Error{Fault: connector.Missing, Op: o.op("update"), Err: errors.New("the document has no such line")}
}

// delete removes a line. One that is gone already, from a document that is there, is done: a repetition after an
// unknown outcome ends here.
func (c *Connector) delete(ctx context.Context, o *object, w connector.Write) connector.Outcome {
	op := o.op("delete")
	path, route := o.one(w.Parent, w.ID)
	answer, err := c.call(ctx, op, rest.Request{Method: http.MethodDelete, Path: path, Route: route})
	done := connector.Outcome{Status: connector.Done, Ref: c.ref(o, w.ID), Stamp: answer.Stamp()}
	switch {
	case err == nil && len(answer.Body) > 0 && !startsJSON(answer.Body):
		return connector.Outcome{Status: connector.Unknown, Err: nonsense(op)}
	case err == nil:
		return done
	case connector.FaultOf(err) != connector.Missing:
		return failed(inState(err))
	}
	if _, gone := c.get(ctx, find(o.parent), w.Parent, []string{"state"}); gone != nil {
		return connector.Outcome{Status: unsent(gone), Err: gone}
	}
	done.Stamp = done.Stamp.UTC()
	return done
}

// startsJSON tells Light's own bodies from a proxy's page.
func startsJSON(body []byte) bool {
	text := strings.TrimSpace(string(body))
	return text == "" || strings.HasPrefix(text, "{") || text == "null"
}

// done reads the record an answer shows. An answer that does not show the record written is Unknown, not success.
func (c *Connector) done(o *object, op string, got row, a rest.Answer, id string) connector.Outcome {
	rec, err := c.recordOf(o, got, nil)
	if err != nil || id != "" && !strings.EqualFold(rec.Ref.ID, id) {
		return connector.Outcome{Status: connector.Unknown, Err: nonsense(op)}
	}
	stamp := rec.Modified
	if stamp.IsZero() {
		stamp = a.Stamp()
	}
	return connector.Outcome{Status: connector.Done, Ref: rec.Ref, Record: &rec, Stamp: stamp}
}

// failed decides what became of a write from its error: only what certainly did nothing is retried or refused.
func failed(err error) connector.Outcome {
	out := connector.Outcome{Status: connector.Unknown, Err: err}
	var lost *rest.NoAnswerError
	if errors.As(err, &lost) {
		if !lost.Sent {
			out.Status = connector.Retry
		}
		return out
	}
	switch connector.FaultOf(err) {
	case connector.Throttled, connector.OutOfQuota, connector.Unauthorized, connector.Locked:
		out.Status = connector.Retry
	case connector.Forbidden, connector.Missing, connector.Invalid, connector.Clash, connector.BadState:
		out.Status = connector.Refused
	}
	return out
}

// unsent is the status of a write that stopped before it was sent: a read before it, or its body, failed.
func unsent(err error) connector.Status {
	switch connector.FaultOf(err) {
	case connector.Forbidden, connector.Missing, connector.Invalid, connector.Clash, connector.BadState:
		return connector.Refused
	}
	return connector.Retry
}

// inState gives a 409 of anything but a create its meaning: the record is not in a state that allows this. Light's
// one other cause, an idempotency key with another body, cannot be: see patchKey.
func inState(err error) error {
	var e *connector.Error
	if errors.As(err, &e) && e.Fault == connector.Clash {
		e.Fault = connector.BadState
	}
	return err
}
