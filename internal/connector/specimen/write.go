package specimen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// Traits say how a create on the object can be made safe; the engine chooses its protocol by them, so they must
// be what the vendor does, not what would be nice.
func (c *Connector) Traits(object string) connector.Traits {
	if object != "things" {
		return connector.Traits{}
	}
	return connector.Traits{MarkerField: markerField, Keyed: true, Replays: true, StrongLook: true, Settle: overlap, Deadline: rest.DefaultDeadline}
}

// Encode gives the bytes a create would send. They are stored before the call and sent as they are, so that a
// retry after a new version of this code, or after an edit of the record, cannot become a second record.
func (c *Connector) Encode(w connector.Write) ([]byte, error) {
	if err := c.known(w.Object, "encode"); err != nil {
		return nil, err
	}
	return body(w.Fields, true)
}

// row is one write on its way: the outcome it will have is at index.
type row struct {
	index int
	key   string // by which the answer's row is recognised: the idempotency key of a create, the id of an update
	body  []byte
}

// Write carries out each write and answers one outcome each, in order. Rows are checked first, so that a bad one
// costs nothing and does not harm its neighbours; the rest go in batches.
func (c *Connector) Write(ctx context.Context, writes []connector.Write) []connector.Outcome {
	out := make([]connector.Outcome, len(writes))
	var creates, updates []row
	for i, w := range writes {
		switch r, err := c.prepare(i, w); {
		case err != nil:
			out[i] = connector.Outcome{Status: connector.Refused, Err: err}
		case w.Op == connector.OpCreate:
			creates = append(creates, r)
		case string(r.body) == "{}": // nothing to write is done without a call
			out[i] = connector.Outcome{Status: connector.Done, Ref: c.ref(w.ID)}
		default:
			updates = append(updates, r)
		}
	}
	stop := c.send(ctx, "create things", "/things/create", "key", creates, out, nil)
	c.send(ctx, "update things", "/things/update", "id", updates, out, stop)
	return out
}

func (c *Connector) prepare(i int, w connector.Write) (row, error) {
	if err := c.known(w.Object, string(w.Op)); err != nil {
		return row{}, err
	}
	refuse := func(field, fix string) (row, error) {
		return row{}, &connector.Error{Fault: connector.Invalid, Op: string(w.Op) + " things", Fields: []string{field}, Err: errors.New(field + ": " + fix)}
	}
	switch {
	case w.Op == connector.OpCreate && w.Key == "":
		return refuse("key", "a create needs its idempotency key")
	case w.Op == connector.OpCreate && w.Body != nil:
		return row{i, w.Key, w.Body}, nil
	case w.Op == connector.OpCreate:
		b, err := body(w.Fields, true)
		return row{i, w.Key, b}, err
	case w.Op != connector.OpUpdate:
		return refuse("op", fmt.Sprintf("specimen cannot %s things", w.Op))
	case !goodID(w.ID):
		return refuse("id", "an update needs the id of a thing")
	}
	b, err := body(w.Fields, false)
	return row{i, w.ID, b}, err
}

// send writes rows in batches. After a refusal that concerns everybody (throttled, unauthorized, down) nothing
// more is sent: the rest is Retry with the same error. It gives that error back.
func (c *Connector) send(ctx context.Context, op, path, by string, rows []row, out []connector.Outcome, stop error) error {
	for len(rows) > 0 {
		batch := rows[:min(batchRows, len(rows))]
		rows = rows[len(batch):]
		if stop != nil {
			for _, r := range batch {
				out[r.index] = connector.Outcome{Status: connector.Retry, Err: stop}
			}
			continue
		}
		stop = c.sendBatch(ctx, op, path, by, batch, out)
	}
	return stop
}

func (c *Connector) sendBatch(ctx context.Context, op, path, by string, batch []row, out []connector.Outcome) error {
	answer, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: path, Route: path, Body: packed(by, batch)})
	answered := map[string]map[string]json.RawMessage{}
	if err == nil {
		answered, err = byKey(op, by, answer.Body)
		if err != nil { // a good status and a body we cannot read: it may all have been written
			return fill(batch, out, connector.Outcome{Status: connector.Unknown, Err: err}, nil)
		}
	}
	if err != nil {
		status := statusOf(err, answer.Status)
		stop := err
		if status == connector.Refused {
			stop = nil // this batch was bad as a whole; the next may be good
		}
		return fill(batch, out, connector.Outcome{Status: status, Err: err}, stop)
	}
	for _, r := range batch {
		out[r.index] = c.outcome(op, r, answered[r.key], answer)
	}
	return nil
}

// packed puts the rows into one body. It is done by hand, because json.Marshal would rewrite the kept bytes.
func packed(by string, batch []row) []byte {
	b := []byte(`{"rows":[`)
	for i, r := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(append(b, '{'), by), ':')
		b = append(strconv.AppendQuote(b, r.key), `,"thing":`...)
		b = append(append(b, r.body...), '}')
	}
	return append(b, "]}"...)
}

func byKey(op, by string, body []byte) (map[string]map[string]json.RawMessage, error) {
	var a struct {
		Rows []map[string]json.RawMessage `json:"rows"`
	}
	if json.Unmarshal(body, &a) != nil || a.Rows == nil {
		return nil, nonsense(op)
	}
	out := map[string]map[string]json.RawMessage{}
	for _, r := range a.Rows {
		out[text(r, by)] = r
	}
	return out, nil
}

func fill(batch []row, out []connector.Outcome, o connector.Outcome, stop error) error {
	for _, r := range batch {
		out[r.index] = o
	}
	return stop
}

// statusOf decides what became of a write from its error. Only what certainly did nothing may be retried or
// refused; everything else is Unknown, and the engine looks before it sends again.
func statusOf(err error, status int) connector.Status {
	var lost *rest.NoAnswerError
	if errors.As(err, &lost) {
		if lost.Sent {
			return connector.Unknown
		}
		return connector.Retry
	}
	switch connector.FaultOf(err) {
	case connector.Throttled, connector.OutOfQuota, connector.Unauthorized, connector.Locked:
		return connector.Retry
	case connector.Unavailable:
		return connector.Unknown
	}
	if status/100 == 4 {
		return connector.Refused
	}
	return connector.Unknown
}

// outcome reads one row of an answer. No row, or one that says nothing we know, is Unknown: never success (Q4).
func (c *Connector) outcome(op string, r row, got map[string]json.RawMessage, a rest.Answer) connector.Outcome {
	if got == nil {
		return connector.Outcome{Status: connector.Unknown, Err: &connector.Error{Fault: connector.Unavailable, Op: op, Err: errors.New("the answer has no row for this write")}}
	}
	if word := text(got, "code"); word != "" {
		f, ok := codes[word]
		if !ok {
			return connector.Outcome{Status: connector.Unknown, Err: &connector.Error{Fault: connector.Unavailable, Op: op, Err: errors.New("the row's code is not known")}}
		}
		raw, err := json.Marshal(got)
		if err != nil {
			raw = nil
		}
		return connector.Outcome{Status: connector.Refused, Err: &connector.Error{Fault: f, Op: op, Code: word, Fields: named(raw), Status: a.Status}}
	}
	id := text(got, "id")
	if !goodID(id) {
		return connector.Outcome{Status: connector.Unknown, Err: nonsense(op)}
	}
	return connector.Outcome{Status: connector.Done, Ref: c.ref(id), Stamp: stampOf(got, a)}
}

// stampOf gives the record's stamp after the write: the row's own, else a lower bound from the answer's date (A3).
func stampOf(got map[string]json.RawMessage, a rest.Answer) time.Time {
	if t := stamp(got, "modified"); !t.IsZero() {
		return t
	}
	return a.Stamp()
}
