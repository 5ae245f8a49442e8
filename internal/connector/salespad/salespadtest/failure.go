package salespadtest

import (
	"fmt"
	"net/http"
	"strings"
)

// Envelope is SalesPad's answer to everything that is not a record (fact sheet, section 7).
type Envelope struct {
	StatusCode       string // the .NET name of the HTTP status
	ErrorCode        int
	ErrorCodeMessage string
	Messages         []string
}

// failure is a refusal on its way out: an envelope, or a page of IIS that knows nothing of SalesPad.
type failure struct {
	status int
	code   int
	text   string
	page   bool
}

// codeNames are the published error codes (fact sheet, section 7); 5001 was seen in the wild.
var codeNames = map[int]string{
	0: "No Error", 1000: "General Exception", 1001: "Authentication Error", 1002: "Licensing Error",
	1005: "Invalid Username or Password", 1006: "Missing or Invalid Authorization Header", 1010: "Session Not Found",
	1011: "Session-ID Header Not Found", 1014: "User Logged In Elsewhere", 1020: "No Seats Available", 1025: "User Is Inactive",
	1035: "Security Group Is Excluded", 1040: "External User Has No Customer Restriction", 2000: "No Permission",
	2001: "No Object Permission", 2002: "No Property Permission", 2003: "No Visual Permission", 2004: "Customer Filter",
	2005: "No Group Permission", 3001: "Json Could Not Be Read", 3005: "Json Object is missing required fields",
	3010: "Request cannot be fulfilled", 5001: "Duplicate",
}

// statusName is how .NET calls a status: NotFound, UnprocessableEntity.
func statusName(status int) string {
	return strings.ReplaceAll(strings.ReplaceAll(http.StatusText(status), " ", ""), "-", "")
}

func fail(status, code int, format string, args ...any) *failure {
	return &failure{status: status, code: code, text: fmt.Sprintf(format, args...)}
}

func unreadable(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, 3001, format, args...)
}

func missing(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, 3005, format, args...)
}

func badQuery(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, 3010, format, args...)
}

func refused(format string, args ...any) *failure {
	return fail(http.StatusUnprocessableEntity, 3010, format, args...)
}

func notFound(format string, args ...any) *failure {
	return fail(http.StatusNotFound, 3010, format, args...)
}

func duplicate(format string, args ...any) *failure {
	return fail(http.StatusConflict, 5001, format, args...)
}

// pageOf is an answer of IIS itself, before SalesPad saw the request.
func pageOf(status int, format string, args ...any) *failure {
	return &failure{status: status, text: fmt.Sprintf(format, args...), page: true}
}

func (f *failure) envelope() Envelope {
	return Envelope{statusName(f.status), f.code, codeNames[f.code], []string{f.text}}
}

// htmlPage is what IIS shows.
func htmlPage(status int, text string) []byte {
	if text == "" {
		text = "The resource cannot be displayed."
	}
	return fmt.Appendf(nil, "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">\r\n<html><head><title>IIS Detailed Error - %d - %s</title></head>\r\n<body><h2>HTTP Error %d</h2><h3>%s</h3></body></html>\r\n",
		status, http.StatusText(status), status, text)
}

// asError words a refusal for a test.
func (f *failure) asError(doing, key string) error {
	if f == nil {
		return nil
	}
	return fmt.Errorf("salespad: %s %s: status %d, code %d: %s", doing, key, f.status, f.code, f.text)
}
