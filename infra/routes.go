package infra

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Duties are the three managed policies, by what they allow.
var duties = []string{"view", "edit", "approve"}

//go:embed routes.yaml
var routesFile []byte

// Route is one call of the operator API, as package web writes it, and the duty that may make it.
type Route struct {
	Method, Path string // GET, /plans/{id}; without the prefix
	Duty         string
}

// operatorRoutes reads routes.yaml, which is inside the program: a fault in it is ours.
func operatorRoutes() []Route {
	var lists map[string][]string
	if err := yaml.Unmarshal(routesFile, &lists); err != nil {
		panic("routes.yaml: " + err.Error())
	}
	var out []Route
	for duty, list := range lists {
		for _, line := range list {
			method, path, ok := strings.Cut(line, " /")
			if !ok || !slices.Contains(duties, duty) {
				panic(fmt.Sprintf("routes.yaml: %s: %q; write METHOD /path under view, edit or approve", duty, line))
			}
			out = append(out, Route{method, "/" + path, duty})
		}
	}
	slices.SortFunc(out, func(a, b Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return out
}

var rest = regexp.MustCompile(`\{([a-z]+)\.\.\.\}`)

// key is the route as API Gateway writes it: {name...} of net/http is {name+}.
func (r Route) key() string { return r.Method + " " + Prefix + rest.ReplaceAllString(r.Path, "{$1+}") }

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// pattern is the end of a resource's ARN in a policy. It matches the route as it is written and as it is called.
func (r Route) pattern() string { return r.Method + Prefix + parameter.ReplaceAllString(r.Path, "*") }

// patterns are what a duty's policy allows. view is everything that is a GET, so that it never needs to be long.
func patterns(duty string) []string {
	if duty == "view" {
		return []string{"GET" + Prefix + "/*"}
	}
	var out []string
	for _, r := range operatorRoutes() {
		if r.Duty == duty {
			out = append(out, r.pattern())
		}
	}
	return out
}
