package help_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crosswalk/internal/help"
)

// categories reads the constants of package plan from its source, so that a category cannot be added without its entry.
func categories(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../plan/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, text)
		}
		return true
	})
	if len(out) < 50 {
		t.Fatalf("only %d categories were found in reason.go", len(out))
	}
	return out
}

func TestEveryCategoryHasItsEntry(t *testing.T) {
	var explained []string
	for _, e := range help.Errors() {
		explained = append(explained, e.Category)
		for name, text := range map[string]string{"what happened": e.What, "who can fix it": e.Who, "what to do": e.Do, "by itself": e.Retries} {
			if len(text) < 3 || !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is %q; write a sentence", e.Category, name, text)
			}
		}
	}
	want := categories(t)
	for _, c := range want {
		if !slices.Contains(explained, c) {
			t.Errorf("errors.md has no entry %q", c)
		}
	}
	for n, c := range explained {
		if !slices.Contains(want, c) {
			t.Errorf("errors.md explains %q, which is no category", c)
		}
		if slices.Contains(explained[:n], c) {
			t.Errorf("errors.md explains %q twice", c)
		}
	}
}

func TestPages(t *testing.T) {
	for _, name := range []string{"errors", "words", "money", "mapping", "hubspot", "light", "connecting", "privacy", "restore", "switching", "hybrid", "hubspot-centric", "salesforce-centric"} {
		if text, ok := help.Page(name); !ok || !strings.HasPrefix(text, "# ") || help.Title(name) == "" {
			t.Errorf("page %s: there %v, title %q", name, ok, help.Title(name))
		}
		if !slices.Contains(help.Pages(), name) {
			t.Errorf("Pages does not list %s", name)
		}
	}
	for _, name := range []string{"", "none", "../plan/reason", "help.go"} {
		if _, ok := help.Page(name); ok {
			t.Errorf("there is a page %q", name)
		}
	}
	if _, ok := help.Error("no_such_category"); ok {
		t.Error("an unknown category was explained")
	}
}

// TestMoneyNamesRealCategories: what the page for finance calls a reason in brackets has its entry among the errors.
func TestMoneyNamesRealCategories(t *testing.T) {
	text, _ := help.Page("money")
	named := regexp.MustCompile("\\(`([a-z]+(?:_[a-z]+)+)`\\)").FindAllStringSubmatch(text, -1)
	if len(named) < 8 {
		t.Fatalf("only %d categories are named", len(named))
	}
	for _, m := range named {
		if _, ok := help.Error(m[1]); !ok {
			t.Errorf("money.md names %s, which errors.md does not explain", m[1])
		}
	}
}

func TestNext(t *testing.T) {
	for category, want := range map[string]string{
		"no_company":   "it is retried when the deal changes, or with: crosswalk retry hubspot:deals/1",
		"parent_held":  "it is retried when the record that the text names is mended, or the deal changes, or with: crosswalk retry hubspot:deals/1",
		"target_gone":  "then: crosswalk retry hubspot:deals/1",
		"kind_changed": "then: crosswalk retry hubspot:deals/1",
	} {
		e, ok := help.Error(category)
		if got := e.Next("hubspot:deals/1"); !ok || got != want {
			t.Errorf("%s: %q, want %q", category, got, want)
		}
	}
	if e, _ := help.Error("no_company"); !strings.HasSuffix(e.Next(""), "crosswalk retry no_company") {
		t.Error("without a record the category is retried")
	}
}

// TestPrivacyTellsDefaults: the page says the retention that holds when the configuration says nothing.
func TestPrivacyTellsDefaults(t *testing.T) {
	text, _ := help.Page("privacy")
	for _, line := range []string{"documents: never ", "others: 400d ", "values: 90d ", "runs: 90d "} {
		if !strings.Contains(text, line) {
			t.Errorf("the page does not say %q", line)
		}
	}
}
