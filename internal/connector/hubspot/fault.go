package hubspot

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// wireError is HubSpot's error body and, in batches, one item of errors[] (fact sheet 13). Every part is optional.
type wireError struct {
	Category    string              `json:"category"`
	SubCategory string              `json:"subCategory"`
	Message     string              `json:"message"` // quotes values: searched, never shown
	Policy      string              `json:"policyName"`
	ErrorType   string              `json:"errorType"`
	Context     map[string][]string `json:"context"`
	Errors      []struct {
		Code    string              `json:"code"`
		Message string              `json:"message"`
		Context map[string][]string `json:"context"`
	} `json:"errors"`
}

// unanswered is the error of a call that got no answer.
func unanswered(op string, err error) *connector.Error {
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

// refused gives the meaning of an answer that is not 2xx, and closes the budget's bucket after a 429.
func (c *Connector) refused(op, bucket string, a rest.Answer) *connector.Error {
	var w wireError
	spoken := json.Unmarshal(a.Body, &w) == nil
	e := w.fault(op)
	e.Status, e.Err = a.Status, correlation(a)
	switch s := a.Status; {
	case s == http.StatusTooManyRequests:
		c.throttle(e, bucket, w, a)
	case s == http.StatusUnauthorized:
		e.Fault = connector.Unauthorized
	case s == http.StatusForbidden:
		e.Fault = connector.Forbidden
	case s == http.StatusNotFound && recordMissing(w, spoken, a.Body):
		e.Fault = connector.Missing
	case s == http.StatusConflict:
		e.Fault = connector.Clash
	case s == http.StatusLocked:
		e.Fault, e.After = connector.Locked, max(a.RetryAfter(time.Now()), 2*time.Second)
	case s == statusMigrating:
		e.Fault, e.After = connector.Unavailable, max(a.RetryAfter(time.Now()), time.Minute)
	case s == http.StatusBadRequest && spoken && e.Fault == connector.Clash:
	case s == http.StatusBadRequest && spoken, s == http.StatusRequestEntityTooLarge, s == http.StatusRequestURITooLong, s == http.StatusUnsupportedMediaType:
		e.Fault = connector.Invalid
	case s > 400 && s < 500 && s != http.StatusNotFound && s != http.StatusRequestTimeout:
		e.Fault = connector.Invalid
	default:
		e.Fault, e.After = connector.Unavailable, a.RetryAfter(time.Now())
	}
	return e
}

const statusMigrating = 477 // the account moves between data centres

// recordMissing tells a missing record from a missing page of somebody's proxy: HubSpot says so in JSON, at times
// without a category, and was recorded saying it in HTML (fact sheet 13).
func recordMissing(w wireError, spoken bool, body []byte) bool {
	if spoken {
		return w.Message != "" || w.Category != ""
	}
	return strings.Contains(string(body), "Resource not found")
}

// throttle fills in how long to wait: as told, else by policy (fact sheet 12). A recorded 429 names no policy and
// says "secondly limit" in its message.
func (c *Connector) throttle(e *connector.Error, bucket string, w wireError, a rest.Answer) {
	e.Fault, e.After = connector.Throttled, 10*time.Second
	if e.Code == "" {
		e.Code = word(w.Policy)
	}
	switch policy := strings.ToUpper(w.Policy + " " + w.Message); {
	case w.Policy == "DAILY", w.Policy == "" && strings.Contains(policy, "DAILY LIMIT"):
		e.Fault, e.After = connector.OutOfQuota, c.untilMidnight()
	case bucket == BucketSearch, w.Policy == "SECONDLY":
		e.After = time.Second
	}
	if told := a.RetryAfter(time.Now()); told > 0 {
		e.After = told
	}
	c.Client.Block(bucket, time.Now().Add(e.After))
}

// untilMidnight is the rest of the account's day; an hour while its time zone is not known.
func (c *Connector) untilMidnight() time.Duration {
	c.mu.Lock()
	zone := c.zone
	c.mu.Unlock()
	if zone == nil {
		return time.Hour
	}
	now := time.Now().In(zone)
	y, m, d := now.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).Sub(now)
}

// fault gives the meaning of an error item by its category.
func (w wireError) fault(op string) *connector.Error {
	e := &connector.Error{Op: op, Code: w.code(), Fields: w.fields(), Existing: w.existing()}
	switch w.Category {
	case "VALIDATION_ERROR", "INVALID_OBJECT_TYPE":
		e.Fault = connector.Invalid
		if e.Existing != "" || strings.Contains(e.Code, "CONFLICTING_UNIQUE_VALUE") {
			e.Fault = connector.Clash
		}
	case "CONFLICT", "OBJECT_ALREADY_EXISTS":
		e.Fault = connector.Clash
	case "OBJECT_NOT_FOUND":
		e.Fault = connector.Missing
	case "MISSING_SCOPES", "BANNED":
		e.Fault = connector.Forbidden
	case "RATE_LIMITS":
		e.Fault, e.After = connector.Throttled, 10*time.Second
	case "LOCKED":
		e.Fault, e.After = connector.Locked, 2*time.Second
	default:
		e.Fault = connector.Unavailable
	}
	return e
}

var wordForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,79}$`) })

// word lets a vendor's code through and nothing that could be a value.
func word(s string) string {
	if !wordForm().MatchString(s) {
		return ""
	}
	return s
}

// code joins category, subcategory and the codes of the parts.
func (w wireError) code() string {
	parts := []string{word(w.Category), word(w.SubCategory)}
	for _, e := range w.Errors {
		parts = append(parts, word(e.Code))
		for _, scope := range e.Context["requiredGranularScopes"] {
			parts = append(parts, scopeWord(scope))
		}
	}
	for _, scope := range w.Context["requiredGranularScopes"] {
		parts = append(parts, scopeWord(scope))
	}
	var out []string
	for _, p := range parts {
		if p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}

var scopeForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,79}$`) })

func scopeWord(s string) string {
	if !scopeForm().MatchString(s) {
		return ""
	}
	return s
}

var (
	propertyForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{0,249}$`) })
	existingForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`Existing ID: (\d{1,19})|\. (\d{1,19}) already has that value`)
	})
)

// fields names the properties that were refused: from the parts, else from the JSON inside the message.
func (w wireError) fields() []string {
	var out []string
	add := func(name string) {
		if propertyForm().MatchString(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, e := range w.Errors {
		for _, name := range e.Context["propertyName"] {
			add(name)
		}
	}
	for _, name := range w.Context["propertyName"] {
		add(name)
	}
	if _, list, ok := strings.Cut(w.Message, "Property values were not valid: "); ok && len(out) == 0 {
		var entries []struct {
			Name string `json:"name"`
		}
		if json.Unmarshal([]byte(list), &entries) == nil {
			for _, e := range entries {
				add(e.Name)
			}
		}
	}
	return out
}

// existing is the id of the record that has the value already.
func (w wireError) existing() string {
	if ids := w.Context["existingId"]; len(ids) == 1 && validID(ids[0]) {
		return ids[0]
	}
	if m := existingForm().FindStringSubmatch(w.Message); m != nil {
		for _, id := range m[1:] {
			if validID(id) {
				return id
			}
		}
	}
	return ""
}

// trace is HubSpot's correlation id, for their support.
type trace string

func (t trace) Error() string { return "correlation id " + string(t) }

var traceForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-fA-F-]{8,64}$`) })

func correlation(a rest.Answer) error {
	id := a.Header.Get("X-HubSpot-Correlation-Id")
	if !traceForm().MatchString(id) {
		var body struct {
			ID string `json:"correlationId"`
		}
		if json.Unmarshal(a.Body, &body) == nil {
			id = body.ID
		}
	}
	if !traceForm().MatchString(id) {
		return nil
	}
	return trace(id)
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
	return e.Fault.Transient() || e.Fault == connector.Unauthorized
}
