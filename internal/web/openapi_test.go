package web_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"crosswalk/internal/web"
)

// described is the API's own description, read by a library that knows nothing of how it was made.
var described = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(web.OpenAPI()) })

func description(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := described()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPI(t *testing.T) {
	doc := description(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("the description is %s", doc.OpenAPI)
	}
	wildcard := regexp.MustCompile(`\{(\w+)\.\.\.\}`)
	ids := map[string]bool{}
	operations := 0
	for _, r := range web.Routes() {
		item := doc.Paths.Value(wildcard.ReplaceAllString(r.Path, "{$1}"))
		if item == nil || item.GetOperation(r.Method) == nil {
			t.Errorf("%s %s is not described", r.Method, r.Path)
			continue
		}
		op := item.GetOperation(r.Method)
		operations++
		if op.Summary == "" || ids[op.OperationID] {
			t.Errorf("%s %s: summary %q, id %q, which must be its own", r.Method, r.Path, op.Summary, op.OperationID)
		}
		ids[op.OperationID] = true
		if r.Command == "" {
			t.Errorf("%s %s has no line in shapes: say what it takes, what it answers and which command makes the call", r.Method, r.Path)
		}
		if answer := op.Responses.Status(successOf(op)); r.Path != "/openapi.json" && len(answer.Value.Content.Get("application/json").Schema.Value.Properties) == 0 {
			t.Errorf("%s %s does not say what it answers", r.Method, r.Path)
		}
		if changes := r.Method != http.MethodGet; changes && op.RequestBody == nil && r.Path != "/check" {
			t.Errorf("%s %s changes something and takes nothing, not even a reason", r.Method, r.Path)
		}
	}
	for _, item := range doc.Paths.Map() {
		operations -= len(item.Operations())
	}
	if operations != 0 {
		t.Errorf("the description has %d operations more than there are routes", -operations)
	}
}

// successOf is the one status of success that an operation has.
func successOf(op *openapi3.Operation) int {
	for status := range op.Responses.Map() {
		if n, err := strconv.Atoi(status); err == nil && n < http.StatusMultipleChoices {
			return n
		}
	}
	return 0
}

// fits holds an answer against its schema: every answer that a test of this package looks at goes through here.
func fits(t *testing.T, method, path string, status int, body []byte) {
	t.Helper()
	item, op := operationAt(description(t), method, path)
	if op == nil {
		return // no call of the API: its 404 is looked at by the test itself
	}
	answer := op.Responses.Value(strconv.Itoa(status))
	if answer == nil {
		t.Errorf("%s %s answered %d, which its description lacks", method, item, status)
		return
	}
	media := "application/json"
	if status >= http.StatusBadRequest {
		media = "application/problem+json"
	}
	content := answer.Value.Content.Get(media)
	if content == nil {
		t.Errorf("%s %s: %d has no %s", method, item, status, media)
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	if err := content.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s %s: the answer of %d is not as described: %v\n%s", method, item, status, err, body)
	}
}

// operationAt finds the operation of an address: literal parts before parameters, and a last parameter may hold slashes.
func operationAt(doc *openapi3.T, method, address string) (string, *openapi3.Operation) {
	address, _, _ = strings.Cut(address, "?")
	best, score := "", -1
	for path, item := range doc.Paths.Map() {
		pattern := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
		if strings.HasPrefix(path, "/presets/") {
			pattern = "/presets/.+"
		}
		literal := len(path) - 100*strings.Count(path, "{")
		if item.GetOperation(method) != nil && regexp.MustCompile("^"+pattern+"$").MatchString(address) && (score < literal || best == "") {
			best, score = path, literal
		}
	}
	if best == "" {
		return "", nil
	}
	return best, doc.Paths.Value(best).GetOperation(method)
}

// TestOpenAPIIsServed: the API tells its own description to whoever may use it.
func TestOpenAPIIsServed(t *testing.T) {
	s := newStation(t, false)
	status, answer := s.ask(t, "GET", "/openapi.json", "")
	if status != 200 || answer["openapi"] != "3.1.0" {
		t.Errorf("answered %d, openapi %v", status, answer["openapi"])
	}
}

// TestSchemasSeeFaults: the check that every answer goes through would notice what is wrong.
func TestSchemasSeeFaults(t *testing.T) {
	schema := description(t).Components.Schemas["Run"].Value
	for _, c := range []struct {
		name, json string
		ok         bool
	}{
		{"whole", `{"id":"r","kind":"full","mapping":"m","actor":"a","status":"done","at":"2026-09-01T12:00:00Z","done":1,"listed":1,"total":-1,"rate":0.5,"counts":{},"refused":["hubspot:deals/1"]}`, true},
		{"a field is missing", `{"kind":"full"}`, false},
		{"text for a number", `{"id":"r","kind":"full","mapping":"m","actor":"a","status":"done","at":"2026-09-01T12:00:00Z","done":"1","listed":1,"total":-1,"rate":0.5,"counts":{}}`, false},
		{"null for a list", `{"id":"r","kind":"full","mapping":"m","actor":"a","status":"done","at":"2026-09-01T12:00:00Z","done":1,"listed":1,"total":-1,"rate":0.5,"counts":{},"refused":null}`, false},
	} {
		var value any
		if err := json.Unmarshal([]byte(c.json), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
