package light

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// wireError is Light's error document, and the gateway's second shape {type, message} (fact sheet 3). Messages quote
// values, so they are never shown.
type wireError struct {
	Type   string `json:"type"`
	Errors []struct {
		Type string   `json:"type"`
		Path []string `json:"path"`
	} `json:"errors"`
}

// types are Light's published words (fact sheet 3); only these may stand in our errors.
var types = []string{"BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "UNPROCESSABLE_CONTENT", "MISSING_PARAMETER"}

var pathPart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,59}$|^[0-9]{1,4}$`) })

// fields gives the fields a refusal names: lines.0.productId.
func (w wireError) fields() []string {
	var out []string
	for _, e := range w.Errors {
		ok := len(e.Path) > 0 && !slices.ContainsFunc(e.Path, func(p string) bool { return !pathPart().MatchString(p) })
		if name := strings.Join(e.Path, "."); ok && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// unanswered is the error of a call that got no answer. A 400 or 401 of the token endpoint means a dead refresh
// token or client: Light publishes no codes there, and both need a person.
func unanswered(op string, err error) *connector.Error {
	e := &connector.Error{Fault: connector.Unavailable, Op: op, Err: err}
	var wait *rest.WaitError
	var dead *token.DeadError
	var refresh *token.RefreshError
	switch {
	case errors.As(err, &wait):
		e.Fault, e.Code = connector.Throttled, "own budget"
		if wait.Daily {
			e.Fault = connector.OutOfQuota
		}
		e.After = max(time.Until(wait.Until), time.Millisecond)
	case errors.As(err, &dead):
		e.Fault, e.Code = connector.Unauthorized, dead.Code
	case errors.As(err, &refresh) && (refresh.Status == http.StatusBadRequest || refresh.Status == http.StatusUnauthorized):
		e.Fault = connector.Unauthorized
	}
	return e
}

// refused gives the meaning of an answer that is not 2xx. A 409 is left to the caller as Clash: what it means
// depends on the call.
func (c *Connector) refused(op string, a rest.Answer) *connector.Error {
	e := &connector.Error{Op: op, Status: a.Status}
	var w wireError
	if json.Unmarshal(a.Body, &w) == nil {
		e.Fields = w.fields()
		if slices.Contains(types, w.Type) {
			e.Code = w.Type
		}
	}
	switch a.Status {
	case http.StatusTooManyRequests:
		c.throttled(e, a)
	case http.StatusUnauthorized:
		e.Fault = connector.Unauthorized
	case http.StatusForbidden:
		e.Fault = connector.Forbidden
	case http.StatusNotFound, http.StatusGone:
		e.Fault = connector.Missing
	case http.StatusConflict:
		e.Fault = connector.Clash
	case http.StatusLocked:
		e.Fault, e.After = connector.Locked, max(a.RetryAfter(time.Now()), 2*time.Second)
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusRequestURITooLong, http.StatusMethodNotAllowed:
		e.Fault = connector.Invalid
	default:
		e.Fault, e.After = connector.Unavailable, a.RetryAfter(time.Now())
	}
	return e
}

// defaultWait is how long to stay away when a 429 says nothing: the rest of a minute's window at most.
const defaultWait = time.Minute

// throttled fills in how long to wait: Retry-After, else X-RateLimit-Reset, else a minute. A wait beyond an hour is
// the organisation's day. The budget's bucket is closed for as long, so that other workers stay away too.
func (c *Connector) throttled(e *connector.Error, a rest.Answer) {
	e.Fault, e.After = connector.Throttled, a.RetryAfter(time.Now())
	if e.After <= 0 {
		e.After = untilReset(a)
	}
	if e.After > time.Hour {
		e.Fault = connector.OutOfQuota
	}
	c.Client.Block(BucketCalls, time.Now().Add(e.After))
}

func untilReset(a rest.Answer) time.Duration {
	seconds, err := strconv.ParseInt(a.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return defaultWait
	}
	now := time.Now()
	if !a.Date.IsZero() {
		now = a.Date // their clock on both sides of the difference
	}
	left := time.Unix(seconds, 0).Sub(now)
	if left <= 0 || left > 25*time.Hour {
		return defaultWait
	}
	return left
}

// nonsense is a good status with a body that is not Light's: a proxy's page, half an answer.
func nonsense(op string) *connector.Error {
	return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer"}
}
