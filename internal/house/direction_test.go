// Package house holds tests of the house itself: who may import whom, what the core may not do, what lies at the top.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "crosswalk/"

// layers says, for each folder below the module (the longest prefix counts), which of our folders it may import. A folder
// may always import what lies below itself. "std" at the front means: nothing but the standard library besides.
var layers = map[string][]string{
	"internal/record":                              {"std"},
	"internal/money":                               {"std", "internal/record"},
	"internal/link":                                {"std", "internal/record"},
	"internal/transform":                           {"internal/record", "internal/money"},
	"internal/transform/phone":                     {"internal/record", "internal/transform"},
	"internal/script":                              {"internal/record", "internal/money", "internal/transform"},
	"internal/mapping":                             {"internal/record", "internal/money", "internal/link", "internal/transform", "internal/script"},
	"internal/plan":                                {"internal/record", "internal/money", "internal/link", "internal/transform", "internal/script", "internal/mapping"},
	"internal/rest":                                {"internal/record"},
	"internal/token":                               {"internal/record"},
	"internal/secret":                              {"internal/record"},
	"internal/reach":                               {"std"},
	"internal/budget":                              {"internal/record"},
	"internal/connector":                           {"std", "internal/record"},
	"internal/connector/specimen":                  {"internal/record", "internal/money", "internal/connector", "internal/rest", "internal/token"},
	"internal/connector/hubspot":                   {"internal/record", "internal/money", "internal/connector", "internal/rest", "internal/token"},
	"internal/connector/light":                     {"internal/record", "internal/money", "internal/connector", "internal/rest", "internal/token"},
	"internal/connector/salesforce":                {"internal/record", "internal/money", "internal/connector", "internal/rest", "internal/token"},
	"internal/connector/salespad":                  {"internal/record", "internal/money", "internal/connector", "internal/rest", "internal/token"},
	"internal/connector/connectortest":             {"internal/record", "internal/connector"},
	"internal/connector/hubspot/hubspottest":       {"std"},
	"internal/connector/light/lighttest":           {"std"},
	"internal/connector/specimen/specimentest":     {"std"},
	"internal/connector/salesforce/salesforcetest": {"std"},
	"internal/connector/salespad/salespadtest":     {"std"},
	"internal/engine":                              {"internal/record", "internal/money", "internal/link", "internal/mapping", "internal/plan", "internal/connector"},
	"internal/engine/table":                        {"std"},
	"internal/engine/lane":                         {"std"},
	"internal/store":                               {"internal/engine"},
	"internal/queue":                               {"internal/engine", "internal/store/boltfile"},
	"internal/help":                                {"internal/plan"},
	"internal/web":                                 {"internal/engine", "internal/record", "internal/link", "internal/mapping", "internal/plan", "internal/connector", "internal/help"},
	"internal/trigger":                             {"internal/engine", "internal/web", "internal/queue", "internal/connector"},
	"internal/app":                                 {"internal"},
	"internal/awstest":                             {"internal/engine", "internal/store", "internal/queue"},
	"internal/simulation":                          {"internal"},
	"internal/house":                               {"std"},
	"functions":                                    {"internal"},
}

type source struct {
	folder, file string
	ast          *ast.File
	fset         *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var out []source
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || strings.HasPrefix(name, ".") && file != root || name == "infra" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		out = append(out, source{path.Dir(filepath.ToSlash(rel)), rel, parsed, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files found: the walk does not see the tree", len(out))
	}
	return out
}

func layerOf(folder string) (string, []string) {
	for f := folder; f != "."; f = path.Dir(f) {
		if allowed, ok := layers[f]; ok {
			return f, allowed
		}
	}
	return "", nil
}

func TestImportDirection(t *testing.T) {
	for _, s := range sources(t) {
		layer, allowed := layerOf(s.folder)
		if layer == "" {
			t.Errorf("%s: the folder has no place in layers; give it one", s.folder)
			continue
		}
		for _, spec := range s.ast.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if problem := judge(layer, allowed, name); problem != "" {
				t.Errorf("%s imports %s: %s", s.file, name, problem)
			}
		}
	}
}

func judge(layer string, allowed []string, name string) string {
	ours, isOurs := strings.CutPrefix(name, module)
	switch {
	case isOurs && ours == "internal/transform/phone" && layer != "internal/app":
		return "its data is heavy to start with; only app names it (T9)"
	case isOurs && (within(ours, layer) || slices.ContainsFunc(allowed, func(a string) bool { return within(ours, a) })):
		if strings.HasSuffix(strings.Split(ours, "/")[len(strings.Split(ours, "/"))-1], "test") && layer != "functions" && layer != "internal/simulation" && !within(ours, layer) {
			return "test material belongs in tests"
		}
		return ""
	case isOurs:
		return "the direction of imports does not allow it"
	case strings.Contains(name, "aws"):
		if !slices.Contains([]string{"internal/store", "internal/queue", "internal/secret", "internal/trigger", "internal/app", "internal/awstest"}, layer) {
			return "AWS is known to its adapters only"
		}
	case strings.Contains(name, ".") && len(allowed) > 0 && allowed[0] == "std":
		return "this folder uses the standard library only"
	}
	return ""
}

func within(folder, prefix string) bool {
	return folder == prefix || strings.HasPrefix(folder, prefix+"/")
}

// TestNoFloatNearMoney keeps floating point out of every package an amount passes through (C8).
func TestNoFloatNearMoney(t *testing.T) {
	exempt := []string{filepath.Join("internal", "engine", "bugs.go")} // the seeded bug that does just that
	for _, s := range sources(t) {
		if slices.Contains(exempt, s.file) || !slices.ContainsFunc([]string{"internal/record", "internal/money", "internal/link", "internal/mapping", "internal/plan", "internal/engine"}, func(p string) bool { return within(s.folder, p) }) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && slices.Contains([]string{"float64", "float32", "ParseFloat"}, id.Name) {
				t.Errorf("%s: %s on a path that money takes", s.fset.Position(id.Pos()), id.Name)
			}
			return true
		})
	}
}

// TestCoreIsControllable keeps goroutines, sleeping and unseeded randomness out of what the simulation must steer (T22).
func TestCoreIsControllable(t *testing.T) {
	for _, s := range sources(t) {
		core := slices.ContainsFunc([]string{"internal/plan", "internal/engine", "internal/link", "internal/record", "internal/mapping"}, func(p string) bool { return within(s.folder, p) })
		if !core {
			continue
		}
		for _, spec := range s.ast.Imports {
			if strings.HasPrefix(spec.Path.Value, `"math/rand`) || spec.Path.Value == `"crypto/rand"` {
				t.Errorf("%s imports %s: randomness comes in through Config.Random", s.file, spec.Path.Value)
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: goroutines are started by parallel alone", s.fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "Sleep" {
					t.Errorf("%s: nothing sleeps in the core", s.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

// TestTopLevel keeps the top of the tree as the design says.
func TestTopLevel(t *testing.T) {
	allowed := []string{"functions", "internal", "infra", "events", "go.mod", "go.sum", "Makefile", "README.md", "cdk.json", "LICENSE", "bin", "dist", "data", "cdk.out"}
	entries, err := os.ReadDir(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") && !slices.Contains(allowed, entry.Name()) {
			t.Errorf("%s does not belong at the top of the tree", entry.Name())
		}
	}
}
