package specimen

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// call sends one request and turns everything that is not a good answer into an *Error: here the vendor's words
// end and ours begin. The error carries codes and field names, never the vendor's message: it may quote values.
func (c *Connector) call(ctx context.Context, op string, r rest.Request) (rest.Answer, error) {
	r.Bucket = bucket
	answer, err := c.client.Do(ctx, r)
	if err != nil {
		return answer, c.unanswered(op, err)
	}
	if answer.OK() {
		return answer, nil
	}
	return answer, c.refused(op, answer)
}

// unanswered: no whole answer came. Unwrap keeps the cause, because a write must know whether it was sent.
func (c *Connector) unanswered(op string, err error) error {
	var dead *token.DeadError
	var wait *rest.WaitError
	switch {
	case errors.As(err, &dead):
		return &connector.Error{Fault: connector.Unauthorized, Op: op, Err: err}
	case errors.As(err, &wait):
		f := connector.Throttled
		if wait.Daily {
			f = connector.OutOfQuota
		}
		return &connector.Error{Fault: f, Op: op, After: max(time.Until(wait.Until), time.Second), Err: err}
	}
	return &connector.Error{Fault: connector.Unavailable, Op: op, Err: err}
}

// defaultWait is how long to stay away when a 429 does not say.
const defaultWait = 10 * time.Second

func (c *Connector) refused(op string, a rest.Answer) error {
	e := &connector.Error{Op: op, Status: a.Status, Code: code(a.Body), Fields: named(a.Body)}
	switch a.Status {
	case http.StatusTooManyRequests:
		e.Fault, e.After = connector.Throttled, a.RetryAfter(time.Now())
		if e.After <= 0 {
			e.After = defaultWait
		}
		c.client.Block(bucket, time.Now().Add(e.After)) // so that other workers stay away too
	case http.StatusUnauthorized:
		e.Fault = connector.Unauthorized
	case http.StatusForbidden:
		e.Fault = connector.Forbidden
	case http.StatusNotFound, http.StatusGone:
		e.Fault = connector.Missing
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		e.Fault = connector.Invalid
	default:
		e.Fault = connector.Unavailable
	}
	return e
}

// codes are the vendor's own words that may stand in our errors; anything else might be a value.
var codes = map[string]connector.Fault{"missing": connector.Missing, "forbidden": connector.Forbidden, "invalid": connector.Invalid,
	"clash": connector.Clash, "merged": connector.Missing, "unauthorized": connector.Unauthorized}

func code(body []byte) string {
	var b struct{ Code string }
	if json.Unmarshal(body, &b) != nil || codes[b.Code] == "" {
		return ""
	}
	return b.Code
}

// named gives the fields a refusal names, as far as we know them.
func named(body []byte) []string {
	var b struct{ Fields []string }
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	var out []string
	for _, name := range b.Fields {
		if _, ok := field(name); ok {
			out = append(out, name)
		}
	}
	return out
}

// nonsense is an answer with a good status that is not what the documentation says: a proxy's page, half a body.
func nonsense(op string) error {
	return &connector.Error{Fault: connector.Unavailable, Op: op, Err: errors.New("the answer is not of the documented shape")}
}

// object sends a request whose answer is one JSON object.
func (c *Connector) object(ctx context.Context, op string, r rest.Request) (map[string]json.RawMessage, rest.Answer, error) {
	a, err := c.call(ctx, op, r)
	if err != nil {
		return nil, a, err
	}
	var out map[string]json.RawMessage
	if json.Unmarshal(a.Body, &out) != nil || out == nil {
		return nil, a, nonsense(op)
	}
	return out, a, nil
}

// rows sends a request whose answer holds a list of rows.
func (c *Connector) rows(ctx context.Context, op string, r rest.Request) ([]map[string]json.RawMessage, map[string]json.RawMessage, error) {
	whole, _, err := c.object(ctx, op, r)
	if err != nil {
		return nil, nil, err
	}
	var out []map[string]json.RawMessage
	if raw, ok := whole["rows"]; !ok || json.Unmarshal(raw, &out) != nil {
		return nil, nil, nonsense(op)
	}
	return out, whole, nil
}
