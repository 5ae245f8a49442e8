package light

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// The actions. Each looks at the record before it acts, so that a repetition does nothing twice - except send_email,
// which Light cannot be asked about: it is struck from the list of things to do before the call (at most once).
//
// open takes the fields shouldSendEmail and shouldSubmitEInvoice (both false unless true is given) and those of
// send_email for the e-mail (without recipients: those of the invoice's customer); einvoice is open with shouldSubmitEInvoice, because Light submits e-invoices only while
// opening. Opening goes on after the call: the outcome is Pending until the same write is made again and finds the
// invoice open, or back in draft. An opening that failed before is not tried again unless the field retry is true. A
// repeated einvoice gives the Handle of its pending outcome as the field handle: without it an open invoice is
// refused, because whether its e-invoice was submitted cannot be read.
const (
	actOpen      = "open"
	actEInvoice  = "einvoice"
	actSendEmail = "send_email"
	actPublish   = "publish"
	actArchive   = "archive"
	actUnarchive = "unarchive"
	actActivate  = "activate"
)

// step is where an action leads from and to, by Light's states (fact sheet 5 to 8).
type step struct {
	call    string // the last part of its path
	from    []string
	pending []string
	done    []string
}

var opening = step{"open", []string{"DRAFT"}, []string{"OPEN_IN_PROGRESS"}, []string{"OPEN", "PAYMENT_PENDING", "PARTIALLY_PAID", "PAID"}}

var steps = map[string]step{
	"invoice-receivables " + actOpen:      opening,
	"invoice-receivables " + actEInvoice:  {call: opening.call, from: opening.from, pending: opening.pending},
	"invoice-receivables " + actArchive:   {call: "archive", from: []string{"DRAFT", "OPEN"}, done: []string{"ARCHIVED"}},
	"invoice-receivables " + actUnarchive: {call: "unarchive", from: []string{"ARCHIVED"}, done: []string{"DRAFT"}},
	"contracts " + actPublish:             {call: "publish", from: []string{"CREATED", "DRAFT"}, done: []string{"ACTIVE", "PENDING_TERMINATION"}},
	"customers " + actArchive:             {call: "archive", from: []string{"ACTIVE"}, done: []string{"ARCHIVED"}},
	"customers " + actActivate:            {call: "activate", from: []string{"ARCHIVED"}, done: []string{"ACTIVE"}},
	"products " + actArchive:              {call: "archive", from: []string{"ACTIVE"}, done: []string{"ARCHIVED"}},
}

func (c *Connector) act(ctx context.Context, o *object, w connector.Write, action string) connector.Outcome {
	op := o.op(action)
	if action == actSendEmail && w.Fields["recipients"].Blank() {
		to, err := c.addressees(ctx, o, w)
		if err != nil {
			return connector.Outcome{Status: unsent(err), Err: err}
		}
		w.Fields = to
	}
	body, err := actionBody(op, action, w.Fields)
	if err != nil {
		return connector.Outcome{Status: connector.Refused, Err: err}
	}
	path, route := o.one("", w.ID)
	if action == actSendEmail {
		return c.sendEmail(ctx, o, w.ID, body)
	}
	s := steps[o.name+" "+action]
	if action == actEInvoice && w.Fields["handle"].Text() == s.call {
		s = opening
	}
	now, answer, err := c.object(ctx, op, rest.Request{Path: path, Route: route, Safe: true})
	if err != nil {
		return connector.Outcome{Status: unsent(err), Err: err}
	}
	if state := now.text(o.state); !slices.Contains(s.from, state) {
		return c.stands(o, s, op, now, answer)
	}
	if failure := now["failureContext"]; s.call == opening.call && len(failure) > 0 && string(failure) != "null" && w.Fields["retry"].Text() != "true" {
		return connector.Outcome{Status: connector.Refused, Ref: c.ref(o, w.ID), Err: &connector.Error{Fault: connector.BadState, Op: op,
			Code: "failureContext", Err: errors.New("Light went back to draft when it was last opened: mend the invoice in Light, then retry")}}
	}
	got, answer, err := c.object(ctx, op, rest.Request{Method: http.MethodPost, Path: path + "/" + s.call, Route: route + "/" + s.call, Body: body})
	if err != nil {
		return failed(inState(err))
	}
	return c.acted(o, s, op, w.ID, got, answer)
}

// stands is the outcome for a record that is not where the action begins: there already, on its way, or elsewhere.
func (c *Connector) stands(o *object, s step, op string, now row, a rest.Answer) connector.Outcome {
	out := c.done(o, op, now, a, "")
	if out.Err != nil {
		return connector.Outcome{Status: connector.Retry, Err: out.Err} // a read that failed; nothing was written
	}
	switch state := now.text(o.state); {
	case slices.Contains(s.done, state):
	case slices.Contains(s.pending, state):
		out.Status, out.Handle = connector.Pending, s.call
	default:
		out.Status = connector.Refused
		out.Err = &connector.Error{Fault: connector.BadState, Op: op, Code: published(o, state),
			Err: errors.New("its state does not allow this; it must be " + strings.Join(s.from, " or "))}
	}
	return out
}

// acted reads the answer of an action. A state nobody knows is asked about again.
func (c *Connector) acted(o *object, s step, op, id string, got row, a rest.Answer) connector.Outcome {
	out := c.done(o, op, got, a, id)
	if out.Status != connector.Done {
		return out
	}
	switch state := got.text(o.state); {
	case slices.Contains(s.done, state):
	case slices.Contains(s.from, state):
		out.Status = connector.Refused
		out.Err = &connector.Error{Fault: connector.BadState, Op: op, Code: published(o, state), Err: errors.New("Light took the call and left the state as it was")}
	case len(s.pending) > 0 && len(s.done) == 0 && slices.Contains(opening.done, state):
	default:
		out.Status, out.Handle = connector.Pending, s.call
	}
	return out
}

// published gives a state for an error text only if it is one of Light's words.
func published(o *object, state string) string {
	f, _ := o.field(o.state)
	if slices.Contains(f.enum, state) {
		return state
	}
	return ""
}

// addressees adds to the fields of an e-mail whom the invoice's customer wants invoices sent to: its recipientEmails, else
// its email, and its ccEmails. A customer with neither is refused: Light would not know either.
func (c *Connector) addressees(ctx context.Context, o *object, w connector.Write) (map[string]record.Value, error) {
	op := o.op(actSendEmail)
	path, route := o.one("", w.ID)
	invoice, _, err := c.object(ctx, op, rest.Request{Path: path, Route: route, Safe: true})
	if err != nil {
		return nil, err
	}
	customers := find("customers")
	id := invoice.text("customerId")
	if !validID(id) {
		return nil, invalid(op, "recipients", "the invoice has no customer whose addresses could be taken")
	}
	path, route = customers.one("", id)
	customer, _, err := c.object(ctx, op, rest.Request{Path: path, Route: route, Safe: true})
	if err != nil {
		return nil, err
	}
	got, err := c.recordOf(customers, customer, []string{"email", "recipientEmails", "ccEmails"})
	if err != nil {
		return nil, nonsense(op)
	}
	to := got.Field("recipientEmails")
	if to.Blank() {
		to = got.Field("email")
	}
	if to.Blank() {
		return nil, invalid(op, "recipients", "customer "+id+" has neither recipientEmails nor email; give it one in Light")
	}
	fields := maps.Clone(w.Fields)
	if fields == nil {
		fields = map[string]record.Value{}
	}
	fields["recipients"] = record.Many(to.List()...)
	if cc := got.Field("ccEmails"); !cc.Blank() && fields["cc"].Blank() {
		fields["cc"] = cc
	}
	return fields, nil
}

func (c *Connector) sendEmail(ctx context.Context, o *object, id string, body []byte) connector.Outcome {
	op := o.op(actSendEmail)
	path, route := o.one("", id)
	answer, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: path + "/send-email", Route: route + "/send-email", Body: body})
	switch {
	case err != nil:
		return failed(inState(err))
	case !startsJSON(answer.Body):
		return connector.Outcome{Status: connector.Unknown, Err: nonsense(op)}
	}
	return connector.Outcome{Status: connector.Done, Ref: c.ref(o, id)}
}

// emailFields are those of emailInfo (fact sheet 7); the first three are required.
var emailFields = []field{{name: "subject", kind: text}, {name: "replyTo", kind: email}, {name: "recipients", kind: texts}, {name: "cc", kind: texts}, {name: "customMessage", kind: text}}

// actionBody gives an action's body: none for most.
func actionBody(op, action string, values map[string]record.Value) ([]byte, error) {
	switch action {
	case actSendEmail:
		return emailInfo(op, values)
	case actOpen, actEInvoice:
		submit := action == actEInvoice || values["shouldSubmitEInvoice"].Text() == "true"
		send := values["shouldSendEmail"].Text() == "true"
		out := []byte(`{"shouldSendEmail":` + strconv.FormatBool(send) + `,"shouldSubmitEInvoice":` + strconv.FormatBool(submit))
		if send && !values["recipients"].Blank() {
			info, err := emailInfo(op, values)
			if err != nil {
				return nil, err
			}
			out = append(append(out, `,"emailInfo":`...), info...)
		}
		return append(out, '}'), nil
	}
	return nil, nil
}

func emailInfo(op string, values map[string]record.Value) ([]byte, error) {
	out := []byte{'{'}
	for i, f := range emailFields {
		v := values[f.name]
		if v.Blank() || v.Kind() == record.Unreadable {
			if i < 3 {
				return nil, invalid(op, f.name, "an e-mail needs subject, replyTo and recipients")
			}
			continue
		}
		raw, fix := f.json(v)
		if fix != "" {
			return nil, invalid(op, f.name, fix)
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(strconv.AppendQuote(out, f.name), ':'), raw...)
	}
	return append(out, '}'), nil
}
