package salesforcetest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// expect sends a call and checks status, code and a part of the message of the
// first error.
func expect(t *testing.T, s *Sim, method, path, body string, status int, code, message string, header ...string) {
	t.Helper()
	got, raw := send(t, s, method, path, body, header...)
	var list []struct{ ErrorCode, StatusCode, Message string }
	if json.Unmarshal([]byte(raw), &list) != nil || len(list) == 0 {
		list = append(list, struct{ ErrorCode, StatusCode, Message string }{})
	}
	if got != status || list[0].ErrorCode+list[0].StatusCode != code || !strings.Contains(list[0].Message, message) {
		t.Errorf("%s %s %s:\n got %d %s\nwant %d %s %q", method, path, body, got, raw, status, code, message)
	}
}

func soql(q string) string { return "/query?q=" + url.QueryEscape(q) }

// ask runs a statement and gives its answer.
func ask(t *testing.T, s *Sim, q string, header ...string) (out struct {
	TotalSize      int
	Done           bool
	NextRecordsURL string `json:"nextRecordsUrl"`
	Records        []map[string]any
}) {
	t.Helper()
	status, raw := send(t, s, http.MethodGet, soql(q), "", header...)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", q, status, raw)
	}
	mustJSON(t, raw, &out)
	return out
}

func query1(t *testing.T, s *Sim, q string) map[string]any {
	t.Helper()
	out := ask(t, s, q)
	if len(out.Records) != 1 {
		t.Fatalf("%s: %d rows", q, len(out.Records))
	}
	return out.Records[0]
}

// names gives one column of a statement, joined by commas.
func column1(t *testing.T, s *Sim, q, field string) string {
	t.Helper()
	var out []string
	for _, r := range ask(t, s, q).Records {
		v, _ := r[field].(string)
		out = append(out, v)
	}
	return strings.Join(out, ",")
}
