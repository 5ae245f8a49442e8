package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Route is one call of the API, for whoever wants to know them all.
type Route struct {
	Method, Path, Summary string
	Command               string // of bin/crosswalk that does the same
}

// Routes lists the API in the order in which somebody uses it; paths are below Prefix.
func Routes() []Route {
	var out []Route
	for _, r := range routes {
		out = append(out, Route{r.method, r.path, r.summary, shapes[r.method+" "+r.path].command})
	}
	return out
}

// OpenAPI describes the API as OpenAPI 3.1, made from the table of routes, their shapes and the Go types of requests and
// answers. Each operation names in x-command the command that does the same.
func OpenAPI() []byte { return describe(routes) }

func (a *api) openapi(*http.Request) (any, error) { return json.RawMessage(a.described), nil }

func describe(routes []route) []byte {
	s := newSchemas()
	paths := map[string]schema{}
	for _, r := range routes {
		path := strings.ReplaceAll(r.path, "...}", "}")
		if paths[path] == nil {
			paths[path] = schema{}
		}
		paths[path][strings.ToLower(r.method)] = s.operation(r)
	}
	s.of(reflect.TypeFor[Problem](), false)
	doc := map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Crosswalk operator API", "version": "1", "license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "What bin/crosswalk speaks. Times are RFC 3339, amounts whole minor units as text. Whatever takes long is a run: its answer is 202, GET /runs/{id} tells how far it is."},
		"servers":    []any{map[string]any{"url": Prefix}},
		"security":   []any{map[string]any{"token": []string{}}},
		"paths":      paths,
		"components": map[string]any{"schemas": s.components, "securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer", "description": "a named token of the token file; the name is the actor"}}},
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic("web: the API's description does not encode: " + err.Error()) // a mistake in this program, found by any test
	}
	return append(out, '\n')
}

func (s *schemas) operation(r route) schema {
	about := shapes[r.method+" "+r.path]
	op := schema{"operationId": operationID(r), "summary": r.summary, "responses": s.responses(r, about)}
	if about.command != "" {
		op["x-command"] = "crosswalk " + about.command
	}
	var parameters []schema
	for _, name := range pathNames(r.path) {
		parameters = append(parameters, schema{"name": name, "in": "path", "required": true, "schema": schema{"type": "string"}})
	}
	for _, p := range about.query {
		parameters = append(parameters, schema{"name": p.name, "in": "query", "required": p.needed, "description": p.text, "schema": schema{"type": p.kind}})
	}
	for _, h := range headers(r) {
		parameters = append(parameters, schema{"name": h.name, "in": "header", "description": h.text, "schema": schema{"type": h.kind}})
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if about.body != nil {
		content := schema{"application/json": schema{"schema": s.of(reflect.TypeOf(about.body), true)}}
		if about.yaml {
			content["application/yaml"] = schema{"schema": schema{"type": "string"}}
		}
		op["requestBody"] = schema{"content": content}
	}
	return op
}

// headers that a call takes.
func headers(r route) []param {
	if r.method != http.MethodPost {
		return nil
	}
	out := []param{text(onceHeader, "the same request sent again with the same key within a day is done once, and answered alike")}
	if strings.HasPrefix(r.path, "/mappings") {
		out = append(out, text(matchHeader, "the mapping's ETag: do it only while this is still its newest version"))
	}
	return out
}

// responses are the one of success and every problem that the call may answer.
func (s *schemas) responses(r route, about shape) schema {
	var answer schema
	switch a := about.answer.(type) {
	case nil:
		answer = schema{}
	case list:
		answer = schema{"type": "object", "required": []string{a.name}, "properties": schema{a.name: schema{"type": "array", "items": s.of(reflect.TypeOf(a.of), false)}}}
	default:
		answer = s.of(reflect.TypeOf(a), false)
	}
	out := schema{strconv.Itoa(r.status): schema{"description": http.StatusText(r.status), "content": schema{"application/json": schema{"schema": answer}}}}
	for _, status := range about.problems(r) {
		out[strconv.Itoa(status)] = schema{"description": http.StatusText(status),
			"content": schema{"application/problem+json": schema{"schema": schema{"$ref": "#/components/schemas/Problem"}}}}
	}
	return out
}

// problems are the answers that are none: those of every call (no token, from elsewhere, a fault of ours), those of a
// request that is read, and the call's own.
func (s shape) problems(r route) []int {
	out := append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError, http.StatusGatewayTimeout}, s.may...)
	if s.body != nil || len(s.query) > 0 {
		out = append(out, http.StatusBadRequest)
	}
	if s.body != nil {
		out = append(out, http.StatusRequestEntityTooLarge)
	}
	if r.method == http.MethodPost {
		out = append(out, http.StatusBadRequest, http.StatusConflict) // of an Idempotency-Key
	}
	if len(headers(r)) > 1 {
		out = append(out, http.StatusPreconditionFailed)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pathNames are the names in the braces of a path.
func pathNames(path string) []string {
	var out []string
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			out = append(out, strings.TrimSuffix(strings.Trim(part, "{}"), "..."))
		}
	}
	return out
}

// operationID is the method and the words of the path: post_mappings_name_live.
func operationID(r route) string {
	words := strings.FieldsFunc(r.path, func(c rune) bool { return strings.ContainsRune("/{}.", c) })
	return strings.ToLower(r.method) + "_" + strings.Join(words, "_")
}
