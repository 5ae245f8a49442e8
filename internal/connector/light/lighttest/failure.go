package lighttest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// ErrorBody is Light's error document (fact sheet, section 3), also what an invoice's failureContext holds.
type ErrorBody struct {
	Name   string      `json:"name"`
	Type   string      `json:"type"`
	Errors []ErrorItem `json:"errors"`
}

// ErrorItem is one complaint; Path names the field of the request, one element per level.
type ErrorItem struct {
	Type    string         `json:"type"`
	Message string         `json:"message"`
	Path    []string       `json:"path"`
	Context map[string]any `json:"context"`
}

// gatewayBody is the second error shape, spoken by what stands before the application.
type gatewayBody struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// failure is a refusal on its way out: a status and one of the two bodies.
type failure struct {
	status int
	body   any
}

var errorKinds = map[int][2]string{
	http.StatusBadRequest:          {"BadRequestException", "BAD_REQUEST"},
	http.StatusUnauthorized:        {"UnauthorizedException", "UNAUTHORIZED"},
	http.StatusForbidden:           {"ForbiddenException", "FORBIDDEN"},
	http.StatusNotFound:            {"NotFoundException", "NOT_FOUND"},
	http.StatusConflict:            {"ConflictException", "CONFLICT"},
	http.StatusUnprocessableEntity: {"UnprocessableContentException", "UNPROCESSABLE_CONTENT"},
}

// errorBody builds the document for a status; the item types are ours, Light publishes no list.
func errorBody(status int, items ...ErrorItem) *ErrorBody {
	kind := errorKinds[status]
	return &ErrorBody{Name: kind[0], Type: kind[1], Errors: items}
}

func item(code, path, format string, args ...any) ErrorItem {
	it := ErrorItem{Type: code, Message: fmt.Sprintf(format, args...)}
	if path != "" {
		it.Path = strings.Split(path, ".")
	}
	return it
}

func fail(status int, code, path, format string, args ...any) *failure {
	return &failure{status, errorBody(status, item(code, path, format, args...))}
}

func badRequest(path, format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "INVALID_VALUE", path, format, args...)
}

func unprocessable(path, format string, args ...any) *failure {
	return fail(http.StatusUnprocessableEntity, "UNPROCESSABLE", path, format, args...)
}

func conflict(format string, args ...any) *failure {
	return fail(http.StatusConflict, "INVALID_STATE", "", format, args...)
}

func notFound(what string) *failure {
	return fail(http.StatusNotFound, "RESOURCE_NOT_FOUND", "", "%s not found", what)
}

func gateway(status int, kind, message string) *failure {
	return &failure{status, gatewayBody{kind, message}}
}

// within prefixes every complaint's path, for a line inside a document.
func (f *failure) within(path string) *failure {
	if f == nil {
		return nil
	}
	body, ok := f.body.(*ErrorBody)
	if !ok {
		return f
	}
	for i := range body.Errors {
		body.Errors[i].Path = append(strings.Split(path, "."), body.Errors[i].Path...)
	}
	return f
}

func lineAt(i int) string { return "lines." + strconv.Itoa(i) }
