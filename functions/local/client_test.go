package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestWhatTheGatewayAnswersItself: what comes from before the functions is told as what it is; what the operator API says itself
// is told as it says it.
func TestWhatTheGatewayAnswersItself(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		says   string
	}{
		{http.StatusForbidden, `{"message":"Forbidden"}`, "policy"},
		{http.StatusTooManyRequests, `{"message":"Too Many Requests"}`, "wait a few seconds"},
		{http.StatusServiceUnavailable, `{"message":"Service Unavailable"}`, "aws logs tail"},
		{http.StatusInternalServerError, `{"message":"Internal Server Error"}`, "crosswalk status"},
		{http.StatusNotFound, `{"message":"Not Found"}`, "no operator API"},
		{http.StatusGatewayTimeout, `{"title":"it took longer than one call may","status":504,"fix":"ask for less at once"}`, "ask for less at once"},
	} {
		resp := &http.Response{StatusCode: c.status, Status: http.StatusText(c.status), Header: http.Header{"Apigw-Requestid": {"x"}}, Body: io.NopCloser(strings.NewReader(c.body))}
		if err := problemIn(resp); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d: %v", c.status, err)
		}
	}
}
