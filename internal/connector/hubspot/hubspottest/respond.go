package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// answer is what a handler gives back; body nil means none.
type answer struct {
	status int
	header http.Header
	body   any    // marshalled as JSON
	raw    []byte // sent as is instead
}

// apiError is the vendor's error body (section 13). Every field but status is
// optional there, and left out here when empty.
type apiError struct {
	http int

	Status        string              `json:"status"`
	Message       string              `json:"message"`
	CorrelationID string              `json:"correlationId,omitempty"`
	Category      string              `json:"category,omitempty"`
	SubCategory   string              `json:"subCategory,omitempty"`
	Errors        []errorDetail       `json:"errors,omitempty"`
	Context       map[string][]string `json:"context,omitempty"`
	Links         map[string]string   `json:"links,omitempty"`
	ErrorType     string              `json:"errorType,omitempty"`
	PolicyName    string              `json:"policyName,omitempty"`
	GroupName     string              `json:"groupName,omitempty"`
	RequestID     string              `json:"requestId,omitempty"`

	html bool
}

type errorDetail struct {
	Message     string              `json:"message"`
	Code        string              `json:"code,omitempty"`
	In          string              `json:"in,omitempty"`
	SubCategory string              `json:"subCategory,omitempty"`
	Context     map[string][]string `json:"context,omitempty"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.http, e.Category, e.Message) }

func fail(status int, category, format string, args ...any) *apiError {
	return &apiError{http: status, Status: "error", Category: category, Message: fmt.Sprintf(format, args...)}
}

func validation(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "VALIDATION_ERROR", format, args...)
}

func (e *apiError) with(key string, values ...string) *apiError {
	if e.Context == nil {
		e.Context = map[string][]string{}
	}
	e.Context[key] = append(e.Context[key], values...)
	return e
}

func (e *apiError) sub(category string) *apiError { e.SubCategory = category; return e }

// notFound is the 404 for a missing record: JSON without a category.
func (s *Sim) notFound() *apiError {
	return &apiError{http: http.StatusNotFound, Status: "error", Message: "resource not found", html: s.cfg.Quirks.NotFoundHTML}
}

// invalidProperties is the one error for all refused values of a write.
func invalidProperties(list []invalid) *apiError {
	type entry struct {
		IsValid bool   `json:"isValid"`
		Message string `json:"message"`
		Error   string `json:"error"`
		Name    string `json:"name"`
	}
	var entries []entry
	var details []errorDetail
	for _, i := range list {
		entries = append(entries, entry{Message: i.message, Error: i.code, Name: i.name})
		details = append(details, errorDetail{Message: i.message, Code: i.code, Context: map[string][]string{"propertyName": {i.name}}})
	}
	text, err := json.Marshal(entries)
	if err != nil {
		panic(err) // strings and bools always marshal
	}
	e := validation("Property values were not valid: %s", text)
	e.Errors = details
	return e
}

func (s *Sim) errorAnswer(e *apiError) answer {
	if e.html {
		return answer{status: e.http, header: http.Header{"Content-Type": {"text/html;charset=utf-8"}}, raw: []byte(htmlPage(e.http))}
	}
	c := *e
	c.CorrelationID = s.uuid()
	return answer{status: e.http, body: &c}
}

// htmlPage is the gateway's own error page, as recorded.
func htmlPage(status int) string {
	text := http.StatusText(status)
	return fmt.Sprintf("<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n<title>Error %d %s</title>\n</head>\n<body><h2>HTTP ERROR %d</h2>\n<p>%s</p>\n</body>\n</html>\n", status, text, status, strings.Replace(text, "Not Found", "Resource not found", 1))
}

func (a answer) bytes() []byte {
	if a.raw != nil || a.body == nil {
		return a.raw
	}
	b, err := json.Marshal(a.body)
	if err != nil {
		panic(fmt.Sprintf("hubspottest: answer does not marshal: %v", err))
	}
	return b
}
