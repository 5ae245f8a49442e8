package salespad

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Write sends each write by a call of its own, in order: SalesPad has no batches. A fault that concerns every further call
// ends the sending; what was not sent is to be retried.
func (c *Connector) Write(ctx context.Context, writes []connector.Write) []connector.Outcome {
	out := make([]connector.Outcome, len(writes))
	var stop *connector.Error
	for i, w := range writes {
		if stop != nil {
			e := *stop
			e.Op = string(w.Op) + " " + w.Object
			out[i] = connector.Outcome{Status: connector.Retry, Err: &e}
			continue
		}
		out[i] = c.write(ctx, w)
		if e := asError(out[i].Err); out[i].Err != nil && passing(e) && !ofOne(e) {
			stop = e
		}
	}
	return out
}

func (c *Connector) write(ctx context.Context, w connector.Write) connector.Outcome {
	op := string(w.Op) + " " + w.Object
	o, err := c.object(op, w.Object)
	if err != nil {
		return refusal(err)
	}
	if w.Op == connector.OpCreate {
		return c.create(ctx, op, o, w)
	}
	parts, ok := o.parseKey(w.ID)
	if !ok {
		return refusal(&connector.Error{Fault: connector.Missing, Op: op, Code: "not a key of SalesPad"})
	}
	switch w.Op {
	case connector.OpUpdate:
		return c.update(ctx, op, o, parts, w)
	case connector.OpArchive:
		return c.retire(ctx, op, o, parts, "true")
	case connector.OpDelete:
		return c.remove(ctx, op, o, parts)
	case connector.OpAct:
		if slices.Contains(o.Actions, w.Action) {
			return c.act(ctx, o, parts, w)
		}
	}
	return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "SalesPad has no such operation or action"})
}

// refusal is the outcome of what was not sent because it cannot be right.
func refusal(err error) connector.Outcome {
	return connector.Outcome{Status: connector.Refused, Err: err}
}

// failure is the outcome of a call that failed.
func failure(err error) connector.Outcome {
	e := asError(err)
	return connector.Outcome{Status: statusOf(e), Err: e}
}

// place gives the path of a record, or why its key cannot stand in one (fact sheet 4).
func (c *Connector) place(op string, o *Object, parts []string) (path, route string, err error) {
	if o.One == "" {
		return "", "", &connector.Error{Fault: connector.Invalid, Op: op, Code: "SalesPad has no address for one such record"}
	}
	if !c.Profile.addressable(parts) {
		e := invalid(op, o.Key[len(o.Key)-1], "the key has a space, slash, dot or sign that SalesPad's addresses cannot hold: change this record by hand, or give it a key of letters and digits")
		return "", "", e
	}
	path, route = o.path(parts)
	return path, route, nil
}

// update sends the named fields alone: a PUT merges (fact sheet 5, partly known). Where the profile says that it replaces, the
// record as it was read goes along.
func (c *Connector) update(ctx context.Context, op string, o *Object, parts []string, w connector.Write) connector.Outcome {
	if o.Update == "" {
		return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "SalesPad does not take changes of this"})
	}
	o = c.typed(ctx, op, o, w.Fields)
	body, bad := o.encode(connector.OpUpdate, w.Fields)
	if len(bad) > 0 {
		return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "bad value or field", Fields: bad})
	}
	if len(body) <= len("{}") {
		return connector.Outcome{Status: connector.Done, Ref: c.ref(o, joinKey(parts))}
	}
	if o.Whole {
		if w.Base == nil {
			return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "a whole record is needed: this install replaces what is not sent"})
		}
		body = c.typed(ctx, op, o, w.Base.Fields).over(w.Base, w.Fields)
	}
	out := c.put(ctx, op, o, parts, body)
	if out.Status == connector.Refused && o.MovedTo != "" && c.movedOn(ctx, o, w.ID) {
		e := asError(out.Err)
		return connector.Outcome{Status: connector.Retry, Err: &connector.Error{Fault: connector.Locked, Op: op, Code: e.Code, Status: e.Status, After: lockPause,
			Err: errors.New("it was converted meanwhile: read it again")}}
	}
	if o.userOnly(w.Fields) {
		out.Stamp = time.Time{}
	}
	return out
}

// movedOn tells whether a record that refuses a change has moved on: a prospect that was converted while it was being worked on.
func (c *Connector) movedOn(ctx context.Context, o *Object, id string) bool {
	reads, err := c.Read(ctx, connector.ReadRequest{Object: o.name, IDs: []string{id}, Fields: []string{}})
	return err == nil && reads[0].State == record.Moved
}

// over gives the body of a record as read with fields over it. What cannot be written was not asked for and is left out.
func (o *Object) over(base *record.Record, fields map[string]record.Value) []byte {
	whole := map[string]record.Value{}
	for name, v := range base.Fields {
		f, ok := o.field(name)
		if ok && v.Known() && f.writable(connector.OpUpdate) {
			if _, fits := f.encode(v); fits {
				whole[name] = v
			}
		}
	}
	maps.Copy(whole, fields)
	body, _ := o.encode(connector.OpUpdate, whole)
	return body
}

// userOnly tells whether a write touches user fields alone: such a one moves no stamp (fact sheet 5).
func (o *Object) userOnly(fields map[string]record.Value) bool {
	for name, v := range fields {
		if f := (Field{Name: name}); v.Kind() != record.Absent && !f.user() {
			return false
		}
	}
	return true
}

// put changes one record. Its answer must bear the record's key, or nothing is known.
func (c *Connector) put(ctx context.Context, op string, o *Object, parts []string, body []byte) connector.Outcome {
	path, route, err := c.place(op, o, parts)
	if err != nil {
		return refusal(err)
	}
	got, a, err := c.one(ctx, op, o, rest.Request{Method: http.MethodPut, Path: path, Route: route, Body: body})
	if err == nil && canonical(got.key(o)) != canonical(joinKey(parts)) {
		err = nonsense(op, a)
	}
	if err != nil {
		return failure(err)
	}
	return connector.Outcome{Status: connector.Done, Ref: c.ref(o, joinKey(parts)), Stamp: a.Stamp()}
}

// retire switches a record off or on.
func (c *Connector) retire(ctx context.Context, op string, o *Object, parts []string, off string) connector.Outcome {
	f, ok := o.field(o.Archived)
	if !ok || o.Archived == "" || !f.writable(connector.OpUpdate) || o.Update == "" {
		return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "it cannot be made inactive"})
	}
	body, _ := o.encode(connector.OpUpdate, map[string]record.Value{o.Archived: record.Of(off)})
	return c.put(ctx, op, o, parts, body)
}

// remove deletes one record.
func (c *Connector) remove(ctx context.Context, op string, o *Object, parts []string) connector.Outcome {
	if o.Delete == "" {
		return refusal(&connector.Error{Fault: connector.Invalid, Op: op, Code: "SalesPad does not delete this"})
	}
	path, route, err := c.place(op, o, parts)
	if err != nil {
		return refusal(err)
	}
	a, err := c.call(ctx, op, o, rest.Request{Method: http.MethodDelete, Path: path, Route: route})
	if err == nil && !acknowledged(a) {
		err = nonsense(op, a)
	}
	if err != nil {
		return failure(err)
	}
	return connector.Outcome{Status: connector.Done, Ref: c.ref(o, joinKey(parts)), Stamp: a.Stamp()}
}

var errKept = errors.New("the kept body is not one of this connector")
