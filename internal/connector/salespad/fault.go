package salespad

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// envelope is SalesPad's error document (fact sheet 7). Messages quote values: searched for field names, never shown.
type envelope struct {
	StatusCode string   `json:"StatusCode"`
	ErrorCode  *int     `json:"ErrorCode"`
	Messages   []string `json:"Messages"`
}

// Codes that are asked for by name.
const (
	codeNotFound  = "1010" // session not found
	codeNoSession = "1011"
	codeElsewhere = "1014" // the same account logged in elsewhere
	codeNoSeats   = "1020"
	codeRefused   = "3010" // cannot be fulfilled
	codeTwice     = "5001" // duplicate
)

// meanings of SalesPad's codes (fact sheet 7). A code that is not here, and 1000, means what its HTTP status means.
var meanings = map[string]connector.Fault{
	"1001": connector.Unauthorized, "1005": connector.Unauthorized, "1006": connector.Unauthorized,
	codeNotFound: connector.Unauthorized, codeNoSession: connector.Unauthorized, codeElsewhere: connector.Unauthorized,
	"1025": connector.Unauthorized, "1035": connector.Unauthorized,

	"1002": connector.Forbidden, "1040": connector.Forbidden,
	"2000": connector.Forbidden, "2001": connector.Forbidden, "2002": connector.Forbidden, "2003": connector.Forbidden,
	"2004": connector.Forbidden, "2005": connector.Forbidden,

	codeNoSeats: connector.Throttled,
	"3001":      connector.Invalid, "3005": connector.Invalid,
	codeTwice: connector.Clash,
}

// unanswered is the error of a call that got no answer.
func unanswered(op string, err error) *connector.Error {
	var already *connector.Error
	if errors.As(err, &already) {
		return already
	}
	e := &connector.Error{Fault: connector.Unavailable, Op: op, Err: err}
	var wait *rest.WaitError
	var dead *token.DeadError
	switch {
	case errors.As(err, &wait):
		e.Fault, e.Code = connector.Throttled, "own budget"
		if wait.Daily {
			e.Fault = connector.OutOfQuota
		}
		e.After = max(time.Until(wait.Until), time.Millisecond)
	case errors.As(err, &dead):
		e.Fault, e.Code = connector.Unauthorized, dead.Code
	}
	return e
}

const (
	throttlePause = 30 * time.Second // SalesPad publishes no limit: a proxy's 429 that says nothing
	lockPause     = 2 * time.Second
)

// refused gives the meaning of an answer that is not 2xx. IIS answers HTML, or nothing at all, when it is its own fault.
func refused(op string, o *Object, a rest.Answer) *connector.Error {
	e := &connector.Error{Op: op, Status: a.Status}
	var w envelope
	spoken := json.Unmarshal(a.Body, &w) == nil && w.ErrorCode != nil
	if spoken && *w.ErrorCode != 0 {
		e.Code = strconv.Itoa(*w.ErrorCode)
	}
	e.Fault = meanings[e.Code]
	switch {
	case a.Status == http.StatusUnauthorized, e.Fault == "":
		e.Fault = byStatus(a.Status, spoken)
	case a.Status == http.StatusForbidden && e.Fault != connector.Throttled && e.Fault != connector.Unauthorized:
		e.Fault = connector.Forbidden
	}
	if o != nil && (e.Fault == connector.Invalid || e.Fault == connector.Forbidden) {
		e.Fields = o.named(w.Messages)
	}
	switch e.Fault {
	case connector.Throttled:
		e.After = a.RetryAfter(time.Now())
		if e.After <= 0 {
			e.After = throttlePause
		}
	case connector.Unavailable:
		e.After = a.RetryAfter(time.Now())
	case connector.Locked:
		e.After = lockPause
	}
	return e
}

// byStatus is the meaning of a status whose body says nothing more. A 404 that is not SalesPad's own is IIS': the path is
// not there, which says nothing about a record.
func byStatus(status int, spoken bool) connector.Fault {
	switch status {
	case http.StatusUnauthorized:
		return connector.Unauthorized
	case http.StatusForbidden:
		return connector.Forbidden
	case http.StatusNotFound, http.StatusGone:
		if spoken {
			return connector.Missing
		}
	case http.StatusConflict:
		return connector.Clash
	case http.StatusTooManyRequests:
		return connector.Throttled
	case http.StatusLocked:
		return connector.Locked
	case http.StatusBadRequest:
		if spoken {
			return connector.Invalid
		}
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnsupportedMediaType:
		return connector.Invalid
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return connector.Forbidden // this install does not do that at all
	}
	return connector.Unavailable
}

var fieldForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*`) })

// named gives the object's own fields that messages name; everything else in them may be a value.
func (o *Object) named(messages []string) []string {
	var out []string
	for _, m := range messages {
		for _, word := range fieldForm().FindAllString(m, -1) {
			if f, ok := o.field(word); ok && !slices.Contains(out, f.Name) && len(out) < 10 {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

// sessionLost tells whether an answer says that the session is no longer good.
func sessionLost(a rest.Answer, e *connector.Error) bool {
	return a.Status == http.StatusUnauthorized || slices.Contains([]string{codeNotFound, codeNoSession, codeElsewhere}, e.Code)
}

// stolen is the error of a call whose session is taken again and again by another log-in with our account.
func stolen(op string, after time.Duration, e *connector.Error) *connector.Error {
	return &connector.Error{Fault: connector.Throttled, Op: op, Code: e.Code, Status: e.Status, After: max(after, time.Second),
		Err: errors.New("sessions end as soon as they begin: somebody else logs in as our user; give Crosswalk a SalesPad user of its own")}
}

// acknowledged tells whether an answer is SalesPad's envelope that says that all went well.
func acknowledged(a rest.Answer) bool {
	var w envelope
	return json.Unmarshal(a.Body, &w) == nil && w.ErrorCode != nil && *w.ErrorCode == 0
}

// nonsense is a good status with a body that is not SalesPad's: a proxy's page, half an answer, nothing under load.
func nonsense(op string, a rest.Answer) *connector.Error {
	code := "malformed answer"
	if len(a.Body) == 0 {
		code = "empty answer"
	}
	return &connector.Error{Fault: connector.Unavailable, Op: op, Code: code, Status: a.Status}
}

// noResource is a list that this install does not have.
func noResource(op, resource string, status int) *connector.Error {
	return &connector.Error{Fault: connector.Forbidden, Op: op, Code: "no such resource", Status: status,
		Err: errors.New("this SalesPad has no api/" + resource + ": name its own in the connection's profile, or leave out what needs it")}
}

// invalid is a request that is not sent because it cannot be right.
func invalid(op, field, fix string) *connector.Error {
	return &connector.Error{Fault: connector.Invalid, Op: op, Fields: []string{field}, Err: errors.New(field + ": " + fix)}
}

// asError is err as the *connector.Error it is.
func asError(err error) *connector.Error {
	var e *connector.Error
	if errors.As(err, &e) {
		return e
	}
	return &connector.Error{Fault: connector.Unavailable, Err: err}
}

// passing tells whether nothing more should be sent now: the fault is not of the one record asked about.
func passing(e *connector.Error) bool {
	return e.Fault.Transient() && e.Fault != connector.Locked || e.Fault == connector.Unauthorized
}

// statusOf tells whether a failed call wrote nothing for good, wrote nothing for now, or may have written. A general
// exception (1000, HTTP 500) may come after the record was saved.
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

// ofOne tells whether a fault may be that of one record alone: a general exception that SalesPad itself words.
func ofOne(e *connector.Error) bool {
	return e.Status == http.StatusInternalServerError && e.Code != ""
}
