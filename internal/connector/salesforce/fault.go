package salesforce

import (
	"encoding/json"
	"errors"
	"fmt"
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

// wireError is one item of an error list: errorCode of a call, statusCode of a row (fact sheet 13). Every part is
// optional. The message quotes values: searched, never shown.
type wireError struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`

	Duplicates    duplicates `json:"duplicateResult"`
	OldDuplicates duplicates `json:"duplicateResut"` // as some releases spell it
}

// duplicates is what a duplicate rule found.
type duplicates struct {
	Matches []struct {
		Records []struct {
			Record struct {
				ID string `json:"Id"`
			} `json:"record"`
		} `json:"matchRecords"`
	} `json:"matchResults"`
}

// meanings of Salesforce's codes (fact sheet 13). A code that is not here means what its HTTP status means; of a row,
// that its values were refused.
var meanings = map[string]connector.Fault{
	"INVALID_SESSION_ID":   connector.Unauthorized,
	"INVALID_AUTH_HEADER":  connector.Unauthorized,
	"SESSION_NOT_ALLOWED":  connector.Unauthorized,
	"USER_ACCOUNT_DISABLE": connector.Unauthorized,

	"REQUEST_LIMIT_EXCEEDED": connector.OutOfQuota, // or throttled: see limited

	"API_DISABLED_FOR_ORG":                          connector.Forbidden,
	"API_CURRENTLY_DISABLED":                        connector.Forbidden,
	"FUNCTIONALITY_NOT_ENABLED":                     connector.Forbidden,
	"INSUFFICIENT_ACCESS":                           connector.Forbidden,
	"INSUFFICIENT_ACCESS_OR_READONLY":               connector.Forbidden,
	"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": connector.Forbidden,
	"CANNOT_INSERT_UPDATE_DELETE_ENTITY":            connector.Forbidden,
	"INVALID_FIELD_FOR_INSERT_UPDATE":               connector.Forbidden,
	"TRANSFER_REQUIRES_READ":                        connector.Forbidden,
	"STORAGE_LIMIT_EXCEEDED":                        connector.Forbidden, // lasts until somebody makes room

	"UNABLE_TO_LOCK_ROW": connector.Locked,

	"SERVER_UNAVAILABLE":       connector.Unavailable,
	"UNKNOWN_EXCEPTION":        connector.Unavailable,
	"QUERY_TIMEOUT":            connector.Unavailable,
	"REQUEST_RUNNING_TOO_LONG": connector.Unavailable,
	"EXCEEDED_ID_LIMIT":        connector.Unavailable,
	"INVALID_QUERY_LOCATOR":    connector.Unavailable,
	"ORG_LOCKED":               connector.Unavailable,
	"INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": connector.Unavailable,
	"ALL_OR_NONE_OPERATION_ROLLED_BACK":                   connector.Unavailable,
	"PROCESSING_HALTED":                                   connector.Unavailable,

	"DUPLICATES_DETECTED":   connector.Clash,
	"DUPLICATE_VALUE":       connector.Clash,
	"DUPLICATE_EXTERNAL_ID": connector.Clash,

	"NOT_FOUND":         connector.Missing,
	"ENTITY_IS_DELETED": connector.Missing,

	"CANNOT_UPDATE_CONVERTED_LEAD": connector.BadState,
	"ENTITY_IS_LOCKED":             connector.BadState,
	"DELETE_FAILED":                connector.BadState,
	"DEPENDENCY_EXISTS":            connector.BadState,

	"FIELD_CUSTOM_VALIDATION_EXCEPTION":       connector.Invalid,
	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY":    connector.Invalid, // unless a lock is named inside: see fault
	"CANNOT_EXECUTE_FLOW_TRIGGER":             connector.Invalid, // likewise
	"REQUIRED_FIELD_MISSING":                  connector.Invalid,
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": connector.Invalid,
	"STRING_TOO_LONG":                         connector.Invalid,
	"NUMBER_OUTSIDE_VALID_RANGE":              connector.Invalid,
	"INVALID_EMAIL_ADDRESS":                   connector.Invalid,
	"INVALID_TYPE_ON_FIELD_IN_RECORD":         connector.Invalid,
	"JSON_PARSER_ERROR":                       connector.Invalid,
	"INVALID_FIELD":                           connector.Invalid,
	"INVALID_TYPE":                            connector.Invalid,
	"MALFORMED_QUERY":                         connector.Invalid,
	"MALFORMED_ID":                            connector.Invalid, // of a write's own record: missing, see rowFault
	"INVALID_ID_FIELD":                        connector.Invalid,
	"INVALID_CROSS_REFERENCE_KEY":             connector.Invalid, // likewise
	"MISSING_ARGUMENT":                        connector.Invalid,
	"FIELD_INTEGRITY_EXCEPTION":               connector.Invalid,
	"STANDARD_PRICE_NOT_DEFINED":              connector.Invalid,
	"INVALID_CURRENCY_ISO":                    connector.Invalid,
	"INACTIVE_OWNER_OR_USER":                  connector.Invalid,
	"OP_WITH_INVALID_USER_TYPE_EXCEPTION":     connector.Invalid,
	"INVALID_PERSON_ACCOUNT_OPERATION":        connector.Invalid,
	"UNSUPPORTED_API_VERSION":                 connector.Invalid,
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
		e.Fault, e.Code = connector.Unauthorized, word(dead.Code)
	}
	return e
}

// refused gives the meaning of an answer that is not 2xx, and closes the budget's bucket when a limit is passed.
func (c *Connector) refused(op, bucket string, a rest.Answer) *connector.Error {
	var list []wireError
	if json.Unmarshal(a.Body, &list) != nil || len(list) == 0 {
		list = nil
	}
	e := &connector.Error{Fault: byStatus(a.Status, len(list) > 0), Op: op}
	if len(list) > 0 {
		told := list[0].fault(op)
		if a.Status != http.StatusUnauthorized && (a.Status != http.StatusForbidden || told.Fault == connector.OutOfQuota || told.Fault == connector.Throttled) && told.Fault != "" {
			e = told
		}
		e.Op, e.Code, e.Fields = op, told.Code, told.Fields
	}
	e.Status = a.Status
	if told := a.RetryAfter(time.Now()); told > 0 && e.Fault.Transient() {
		e.After = told
	}
	if e.Fault == connector.OutOfQuota || e.Fault == connector.Throttled {
		if e.Fault == connector.OutOfQuota && e.After == 0 {
			e.After = c.QuotaPause
		}
		c.Client.Block(bucket, time.Now().Add(e.After))
	}
	return e
}

// byStatus is the meaning of an HTTP status whose body says nothing more. A 404 that is not Salesforce's own error list
// is somebody else's page, not a missing record.
func byStatus(status int, spoken bool) connector.Fault {
	switch {
	case status == http.StatusUnauthorized:
		return connector.Unauthorized
	case status == http.StatusForbidden:
		return connector.Forbidden
	case status == http.StatusNotFound && spoken:
		return connector.Missing
	case status == http.StatusTooManyRequests:
		return connector.Throttled
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return connector.Locked
	case status == http.StatusRequestEntityTooLarge, status == http.StatusRequestURITooLong, status == http.StatusUnsupportedMediaType,
		status == http.StatusRequestHeaderFieldsTooLarge, status == http.StatusGone:
		return connector.Invalid
	case status == http.StatusBadRequest && spoken:
		return connector.Invalid
	}
	return connector.Unavailable
}

const (
	lockPause       = 2 * time.Second  // a lock is held ten seconds at most before the other side gives up
	concurrentPause = 10 * time.Second // the long calls of others end in seconds (fact sheet 11)
)

// fault gives the meaning of one item by its code; "" for a code nobody told us of.
func (w wireError) fault(op string) *connector.Error {
	code := w.ErrorCode
	if code == "" {
		code = w.StatusCode
	}
	e := &connector.Error{Fault: meanings[code], Op: op, Code: word(code), Fields: w.fields(), Existing: w.existing()}
	if found := w.alike(); len(found) > 0 {
		e.Err = found
		if len(found) == 1 {
			e.Existing = found[0]
		}
	}
	switch code {
	case "REQUEST_LIMIT_EXCEEDED":
		// One code for two limits; only the message tells the day's calls from calls under way at once (fact sheet 11).
		if strings.Contains(w.Message, "Concurrent") {
			e.Fault, e.After = connector.Throttled, concurrentPause
		}
	case "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER":
		if strings.Contains(w.Message, "UNABLE_TO_LOCK_ROW") {
			e.Fault = connector.Locked
		}
	}
	if e.Fault == connector.Locked {
		e.After = lockPause
	}
	return e
}

// rowFault is fault for a row of a write: an unknown code means that its values were refused, and a dead id that no
// field is named for is the record's own.
func (w wireError) rowFault(op string, update bool) *connector.Error {
	e := w.fault(op)
	switch code := w.StatusCode + w.ErrorCode; {
	case e.Fault == "":
		e.Fault = connector.Invalid
	case update && len(e.Fields) == 0 && (code == "MALFORMED_ID" || code == "INVALID_CROSS_REFERENCE_KEY"):
		e.Fault = connector.Missing
	}
	return e
}

var wordForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`) })

// word lets a code of Salesforce's through and nothing that could be a value.
func word(s string) string {
	if !wordForm().MatchString(s) {
		return ""
	}
	return s
}

// columnForm finds the fields that a message names without listing them.
var columnForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`No such column '([A-Za-z][A-Za-z0-9_.]{0,80})'|^duplicate value found: ([A-Za-z][A-Za-z0-9_]{0,80}) duplicates value|(?:picklist field|foreign key|Unable to create/update fields): ([A-Za-z][A-Za-z0-9_]{0,80})`)
})

var fieldForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,80}$`) })

func (w wireError) fields() []string {
	var out []string
	for _, name := range w.Fields {
		if fieldForm().MatchString(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, m := range columnForm().FindAllStringSubmatch(w.Message, -1) {
		for _, name := range m[1:] {
			if name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

var holderForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`with id: ([A-Za-z0-9]{15,18})\b`) })

// existing is the id of the record that has the value already, as the message says.
func (w wireError) existing() string {
	if m := holderForm().FindStringSubmatch(w.Message); m != nil && w.StatusCode+w.ErrorCode == "DUPLICATE_VALUE" {
		id, _ := ID(m[1])
		return id
	}
	return ""
}

// alike are the records that a duplicate rule found, each once, in the order told; they may be of several objects.
type alike []string

// maxAlike is how many of them a text names.
const maxAlike = 10

func (a alike) Error() string {
	var names []string
	for _, id := range a[:min(len(a), maxAlike)] {
		names = append(names, strings.TrimSpace(prefixes[id[:3]]+" "+id))
	}
	text := "a duplicate rule finds it like " + strings.Join(names, ", ")
	if more := len(a) - maxAlike; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (w wireError) alike() alike {
	var out alike
	for _, d := range []duplicates{w.Duplicates, w.OldDuplicates} {
		for _, match := range d.Matches {
			for _, r := range match.Records {
				if id, ok := ID(r.Record.ID); ok && !slices.Contains(out, id) {
					out = append(out, id)
				}
			}
		}
	}
	return out
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
