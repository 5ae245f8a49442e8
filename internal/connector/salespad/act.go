package salespad

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// The actions, each safe to repeat (fact sheet 6 and 8):
//
//   - forward takes From_Queue, the queue it was exported from: a document that is elsewhere was forwarded already. How is the
//     profile's: endpoint runs the workflow's rules, and moves it only from that queue; a Base that was read a moment ago saves the look
//     before. batch writes To_Queue, or the next queue, past them; none does nothing.
//   - audit takes Audit_Text and Audit_Type; a text that stands there already is not added again. It is cut at 4,000 characters.
//   - transfer makes an order of a quote.
//   - archive and activate switch a customer or prospect off and on.
func (c *Connector) act(ctx context.Context, o *Object, parts []string, w connector.Write) connector.Outcome {
	op := w.Action + " " + o.name
	for name, v := range w.Fields {
		if v.Kind() == record.Unreadable {
			return refusal(invalid(op, name, "it cannot be read"))
		}
	}
	switch w.Action {
	case "archive":
		return c.retire(ctx, op, o, parts, "true")
	case "activate":
		return c.retire(ctx, op, o, parts, "false")
	}
	path, route, err := c.place(op, o, parts)
	if err != nil {
		return refusal(err)
	}
	at := document{c: c, o: o, op: op, parts: parts, path: path, route: route}
	switch w.Action {
	case "forward":
		return at.forward(ctx, w.Fields["From_Queue"].Text(), w.Fields["To_Queue"].Text(), w.Base)
	case "audit":
		return at.audit(ctx, w.Fields["Audit_Type"].Text(), w.Fields["Audit_Text"].Text())
	case "transfer":
		return at.transfer(ctx)
	}
	return refusal(invalid(op, "action", "SalesPad has no such action"))
}

// document is what an action is done to.
type document struct {
	c           *Connector
	o           *Object
	op          string
	parts       []string
	path, route string
}

// now reads the document as it stands.
func (d document) now(ctx context.Context) (row, rest.Answer, error) {
	r, a, err := d.c.one(ctx, d.op, d.o, rest.Request{Path: d.path, Route: d.route, Safe: true})
	if err == nil && canonical(r.key(d.o)) != canonical(joinKey(d.parts)) {
		err = nonsense(d.op, a)
	}
	return r, a, err
}

// unsent is the outcome of an action that was not begun.
func unsent(err error) connector.Outcome {
	out := failure(err)
	if out.Status == connector.Unknown {
		out.Status = connector.Retry
	}
	return out
}

func (d document) done(a rest.Answer) connector.Outcome {
	return connector.Outcome{Status: connector.Done, Ref: d.c.ref(d.o, joinKey(d.parts)), Stamp: a.Stamp()}
}

// standsIn tells whether a document as it was read stands in a queue.
func (d document) standsIn(base *record.Record, queue string) bool {
	return base != nil && base.Ref == d.c.ref(d.o, joinKey(d.parts)) && strings.EqualFold(strings.TrimSpace(base.Field(d.o.Queue).Text()), queue)
}

func (d document) forward(ctx context.Context, from, to string, base *record.Record) connector.Outcome {
	if d.c.Profile.Forward == forwardNone {
		return connector.Outcome{Status: connector.Done, Ref: d.c.ref(d.o, joinKey(d.parts))}
	}
	if from == "" {
		return refusal(invalid(d.op, "From_Queue", "name the queue the document stands in, so that a repetition forwards it once"))
	}
	var r row
	if !d.standsIn(base, from) || d.c.Profile.Forward == forwardBatch {
		now, a, err := d.now(ctx)
		if err != nil {
			return unsent(err)
		}
		if r = now; !strings.EqualFold(r.text(d.o.Queue), from) {
			return d.done(a)
		}
	}
	if d.c.Profile.Forward == forwardBatch {
		return d.rebatch(ctx, r, from, to)
	}
	got, a, err := d.c.one(ctx, d.op, d.o, rest.Request{Method: http.MethodPut, Path: d.path + "/Forward", Route: d.route + "/Forward",
		Body: member([]byte("{"), "From_Queue", append(mustJSON(from), '}'))})
	if err == nil && canonical(got.key(d.o)) != canonical(joinKey(d.parts)) {
		err = nonsense(d.op, a)
	}
	if err == nil {
		return d.done(a)
	}
	e := asError(err)
	switch e.Fault {
	case connector.Invalid: // a rule or a script of the workflow said no, or there is no next queue
		e.Fault, e.Fields = connector.BadState, nil
	case connector.Clash:
		return d.elsewhere(ctx, from, e)
	}
	return failure(e)
}

// elsewhere judges a forward that was refused because the document is no longer where it was: then somebody forwarded it.
func (d document) elsewhere(ctx context.Context, from string, e *connector.Error) connector.Outcome {
	r, a, err := d.now(ctx)
	if err != nil {
		return unsent(err)
	}
	if !strings.EqualFold(r.text(d.o.Queue), from) {
		return d.done(a)
	}
	e.Fault, e.After = connector.Locked, lockPause
	return connector.Outcome{Status: connector.Retry, Err: e}
}

// rebatch writes the next queue, past the workflow's rules and scripts.
func (d document) rebatch(ctx context.Context, r row, from, to string) connector.Outcome {
	if to == "" {
		next, err := d.next(ctx, r, from)
		if err != nil {
			return unsent(err)
		}
		if to = next; to == "" {
			return refusal(&connector.Error{Fault: connector.BadState, Op: d.op, Code: "no next queue", Fields: []string{"To_Queue"}})
		}
	}
	body, bad := d.o.encode(connector.OpUpdate, map[string]record.Value{d.o.Queue: record.Of(to)})
	if len(bad) > 0 {
		return refusal(invalid(d.op, "To_Queue", "a queue has at most 15 characters"))
	}
	return d.c.put(ctx, d.op, d.o, d.parts, body)
}

func (d document) next(ctx context.Context, r row, from string) (string, error) {
	next, best := "", -1
	err := d.c.each(ctx, d.op, d.o, d.c.queueList(), query{filter: equal("Sales_Doc_Type", quoted(r.text("Sales_Doc_Type"))), order: "Sales_Doc_ID,Sequence"}, func(q row) error {
		fit := 0
		if id := q.text("Sales_Doc_ID"); id != "" && strings.EqualFold(id, r.text("Sales_Doc_ID")) {
			fit = 1
		} else if id != "" {
			return nil
		}
		if strings.EqualFold(q.text("Queue"), from) && fit > best {
			next, best = q.text("Next_Queue"), fit
		}
		return nil
	})
	return next, err
}

func (c *Connector) queueList() string {
	if t := c.Profile.Tables["queues"]; t != nil && t.List != "" {
		return t.List
	}
	return "WorkflowQueue"
}

// maxAudit is the longest text of an audit.
const maxAudit = 4000

func (d document) audit(ctx context.Context, kind, text string) connector.Outcome {
	if text == "" || !utf8.ValidString(text) {
		return refusal(invalid(d.op, "Audit_Text", "say what is to be noted"))
	}
	if utf8.RuneCountInString(kind) > 31 {
		return refusal(invalid(d.op, "Audit_Type", "use at most 31 characters"))
	}
	if long := []rune(text); len(long) > maxAudit {
		text = string(long[:maxAudit-1]) + "…"
	}
	resource := strings.TrimPrefix(d.path, "/api/") + "/Audit"
	var there bool
	p, err := d.c.listAt(ctx, d.op, d.o, resource, d.route+"/Audit", query{top: d.c.Page})
	if err != nil {
		return unsent(err)
	}
	for _, r := range p.rows {
		there = there || strings.TrimSpace(r.text("Audit_Text")) == strings.TrimSpace(text)
	}
	if there {
		return d.done(p.answer)
	}
	body := member([]byte("{"), "Audit_Text", mustJSON(text))
	if kind != "" {
		body = member(body, "Audit_Type", mustJSON(kind))
	}
	got, a, err := d.c.one(ctx, d.op, d.o, rest.Request{Method: http.MethodPost, Path: d.path + "/Audit", Route: d.route + "/Audit", Body: append(body, '}')})
	if err == nil && got.text("Audit_Text") == "" {
		err = nonsense(d.op, a)
	}
	if err != nil {
		return failure(err)
	}
	out := d.done(a)
	out.Stamp = time.Time{} // an audit is no change of the document
	return out
}

// transfer makes an order of a quote; the outcome names the order. A quote that has one is not transferred again.
func (d document) transfer(ctx context.Context) connector.Outcome {
	if d.parts[0] != "QUOTE" {
		return refusal(&connector.Error{Fault: connector.BadState, Op: d.op, Code: "only a quote is transferred"})
	}
	var order string
	err := d.c.each(ctx, d.op, d.o, cmp.Or(d.o.History, d.o.List), query{filter: all(equal("Prev_Sales_Doc_Num", quoted(d.parts[1])), equal("Sales_Doc_Type", quoted("ORDER"))), order: d.o.order()}, func(r row) error {
		order = r.key(d.o)
		return nil
	})
	if err != nil {
		return unsent(err)
	}
	if order != "" {
		return connector.Outcome{Status: connector.Done, Ref: d.c.ref(d.o, order)}
	}
	got, a, err := d.c.one(ctx, d.op, d.o, rest.Request{Method: http.MethodPut, Path: d.path + "/Transfer", Route: d.route + "/Transfer"})
	if err == nil && (got.key(d.o) == "" || strings.EqualFold(got.key(d.o), joinKey(d.parts))) {
		err = nonsense(d.op, a)
	}
	if err != nil {
		return failure(err)
	}
	return connector.Outcome{Status: connector.Done, Ref: d.c.ref(d.o, got.key(d.o)), Stamp: a.Stamp()}
}
