package help_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"crosswalk/internal/help"
	"crosswalk/internal/mapping"
	"crosswalk/internal/script"
	"crosswalk/internal/transform"
)

// The page of SalesPad says, for each row of the checklist, what shows it: tests that are in the tree, pages and documents. The page of its
// scripts has a place for each of the twenty, and its examples give what they say they give.

// checklist reads the rows of SalesPad from the mission's list: number, kind and text.
func checklist(t *testing.T) [][3]string {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	file, err := os.Open(filepath.Join(root, "mission", "seed-checklist.md"))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the shared material is not here; set CROSSWALK_SHARED")
	}
	defer file.Close()
	var out [][3]string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		cells := strings.Split(lines.Text(), "|")
		if len(cells) > 4 && strings.HasPrefix(strings.TrimSpace(cells[1]), "SP-") {
			out = append(out, [3]string{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])})
		}
	}
	if len(out) != 194 {
		t.Fatalf("%d rows of SalesPad in the checklist, want 194", len(out))
	}
	return out
}

// part gives a page's text from a heading to the next one of its level or above.
func part(t *testing.T, page, heading string) string {
	t.Helper()
	text, _ := help.Page(page)
	_, rest, found := strings.Cut("\n"+text, "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s.md has no heading %q", page, heading)
	}
	level := strings.Index(heading, " ")
	at := regexp.MustCompile(fmt.Sprintf("\n#{1,%d} ", level)).FindStringIndex(rest)
	if at != nil {
		rest = rest[:at[0]]
	}
	return rest
}

// rows gives the cells of the tables in a text, headings left out.
func rows(text string) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		for n := range cells {
			cells[n] = strings.TrimSpace(cells[n])
		}
		if strings.HasPrefix(cells[0], "---") {
			out = out[:len(out)-1] // the heading above it
			continue
		}
		out = append(out, cells)
	}
	return out
}

// TestSalesPadRows: each row of the checklist stands once, with what shows it or why it is not there.
func TestSalesPadRows(t *testing.T) {
	seen := map[string]int{}
	shown := rows(strings.Split(part(t, "salespad", "## What shows it"), "\n### ")[0])
	missing := rows(part(t, "salespad", "### Not there"))
	for _, r := range slices.Concat(shown, missing) {
		for _, id := range strings.Split(r[0], ", ") {
			seen[id]++
		}
	}
	tests := testNames(t)
	for _, r := range shown {
		if len(r) != 3 {
			t.Fatalf("%q is no row of three cells", r)
		}
		evidence := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(r[2], -1)
		if len(evidence) == 0 {
			t.Errorf("%s: nothing shows it", r[0])
		}
		for _, e := range evidence {
			if !there(tests, e[1]) {
				t.Errorf("%s: there is no %s", r[0], e[1])
			}
		}
	}
	for _, r := range missing {
		if len(r) != 2 || !strings.HasSuffix(r[1], ".") {
			t.Errorf("%q does not say why", r)
		}
	}
	for _, row := range checklist(t) {
		if seen[row[0]] != 1 {
			t.Errorf("%s (%s) stands %d times, want once", row[0], row[2], seen[row[0]])
		}
		delete(seen, row[0])
	}
	for id := range seen {
		t.Errorf("%s is no row of the checklist", id)
	}
}

// there tells whether a page, a preset or a test is there.
func there(tests map[string]map[string]bool, evidence string) bool {
	if page, ok := strings.CutPrefix(evidence, "help "); ok {
		_, found := help.Page(page)
		return found
	}
	if name, ok := strings.CutPrefix(evidence, "hubspot-salespad/"); ok {
		for _, path := range []string{"presets", "wholesets"} {
			if _, err := os.Stat(filepath.Join("..", "mapping", path, "hubspot-salespad", name+".yaml")); err == nil {
				return true
			}
		}
		return false
	}
	name, sub, _ := strings.Cut(evidence, "/")
	texts, found := tests[name]
	return found && (sub == "" || texts[sub])
}

// testNames reads the tests of the folders that the page names: each with the texts in it, which are the names of its parts.
func testNames(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	for short, folder := range map[string]string{"app": "../app", "salespad": "../connector/salespad", "hubspot": "../connector/hubspot", "mapping": "../mapping", "local": "../../functions/local"} {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no tests in %s: %v", folder, err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
					continue
				}
				out[short+"."+f.Name.Name] = textsOf(f)
			}
		}
	}
	return out
}

func textsOf(f *ast.FuncDecl) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				out[text] = true
			}
		}
		return true
	})
	return out
}

// TestSalesPadSettings: each setting of the checklist stands in the tables under its own label, with something beside it.
func TestSalesPadSettings(t *testing.T) {
	var labels []string
	for _, r := range rows(part(t, "salespad", "## The settings")) {
		if len(r) != 2 || len(r[1]) < 10 {
			t.Errorf("%q has nothing beside it", r)
			continue
		}
		if !strings.Contains(r[1], "`") && !strings.HasPrefix(r[1], "none") {
			t.Errorf("%s: %q names nothing of ours, and does not say that there is none", r[0], r[1])
		}
		labels = append(labels, r[0])
	}
	page := "; " + strings.Join(labels, "; ") + "; "
	for _, row := range checklist(t) {
		if row[1] != "setting" {
			continue
		}
		label := regexp.MustCompile(`[:(;,]| section| \(`).Split(row[2], 2)[0]
		label = strings.TrimSpace(label)
		if !strings.Contains(page, label) {
			t.Errorf("%s: the tables do not have %q", row[0], label)
		}
	}
}

// TestSalesPadKeys: the keys that the tables name are keys of the configuration or of the documents that they stand beside.
func TestSalesPadKeys(t *testing.T) {
	config, err := os.ReadFile("../app/config.go")
	if err != nil {
		t.Fatal(err)
	}
	text := part(t, "salespad", "## The settings")
	for _, key := range []string{"lag", "look_back", "look_every", "page_size", "queues", "company", "profile", "tell", "retention"} {
		if !strings.Contains(string(config), "`yaml:\""+key+"\"`") {
			t.Errorf("the configuration has no key %s", key)
		}
		if !regexp.MustCompile("[`{ ]" + key + "[`:]").MatchString(text) {
			t.Errorf("the tables do not name %s", key)
		}
	}
	var presets strings.Builder
	files, err := filepath.Glob("../mapping/presets/hubspot-salespad/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d presets: %v", len(files), err)
	}
	for _, path := range files {
		preset, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		presets.Write(preset)
	}
	for _, line := range []string{`filter: 'type in ["PARTNER", "RESELLER"]', only_new: true`, `filter: 'type == "PROSPECT"', only_new: true`, `filter: 'not is_true(Inactive)', only_new: true`,
		`after: [ lines, audit, forward ]`, `{ a: Item_Number, b: hs_sku`, `first: a`} {
		if !strings.Contains(presets.String(), line) || !strings.Contains(text, line) {
			t.Errorf("presets and page do not both have %s", line)
		}
	}
	for _, m := range regexp.MustCompile(`hooks\.([a-z_]+)(?:\.([a-z_]+))?`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(hookPlaces, m[0]) {
			t.Errorf("there is no %s", m[0])
		}
	}
}

// hookPlaces are the places of scripts in a document.
var hookPlaces = []string{"hooks.a_to_b.before_create", "hooks.a_to_b.before_update", "hooks.a_to_b.after_update", "hooks.b_to_a.before_create", "hooks.b_to_a.before_update", "hooks.b_to_a.after_update", "hooks.after_link"}

// TestSalesPadScripts: every script of the original has its row, with a place that there is, or none.
func TestSalesPadScripts(t *testing.T) {
	var names []string
	for _, r := range rows(part(t, "salespad-scripts", "## The twenty")) {
		names = append(names, r[0])
		places := regexp.MustCompile("`([a-z_.]+)`").FindAllStringSubmatch(r[2], -1)
		if len(places) == 0 && !strings.HasPrefix(r[2], "none") {
			t.Errorf("%s: %q", r[0], r[2])
		}
		for _, p := range places {
			if !slices.Contains(append(hookPlaces, "a_to_b.create.filter"), p[1]) {
				t.Errorf("%s: there is no %s", r[0], p[1])
			}
		}
	}
	if len(names) != 20 {
		t.Errorf("%d scripts, want 20", len(names))
	}
	for _, row := range checklist(t) {
		label := strings.TrimSpace(regexp.MustCompile(`[:(;,]`).Split(row[2], 2)[0])
		if row[1] == "setting" && strings.HasSuffix(label, "Script") && !slices.Contains(names, label) {
			t.Errorf("%s: the page does not have %q", row[0], label)
		}
	}
}

// TestSalesPadExamples runs each example of the page on the records beside it.
func TestSalesPadExamples(t *testing.T) {
	text := part(t, "salespad-scripts", "## Three of them")
	examples := strings.Split(text, "\n### ")[1:]
	if len(examples) != 3 {
		t.Fatalf("%d examples, want 3", len(examples))
	}
	for _, e := range examples {
		title, _, _ := strings.Cut(e, "\n")
		block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(e)
		if block == nil {
			t.Fatalf("%s has no text", title)
		}
		source, mode := scriptOf(t, block[1])
		cases := rows(e)
		if len(cases) < 3 {
			t.Errorf("%s: only %d records", title, len(cases))
		}
		for _, c := range cases {
			record, want := fromJSON(t, c[0]), fromJSON(t, c[1])
			if got := evaluate(t, source, mode, record.(map[string]any)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %v, want %v", title, c[0], got, want)
			}
		}
	}
}

// scriptOf finds the one script in a part of a document.
func scriptOf(t *testing.T, part string) (string, script.Mode) {
	t.Helper()
	var doc struct {
		AToB struct {
			Create struct {
				Filter string `yaml:"filter"`
			} `yaml:"create"`
		} `yaml:"a_to_b"`
		Hooks map[string]map[string]string `yaml:"hooks"`
	}
	if err := yaml.Unmarshal([]byte(part), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.AToB.Create.Filter != "" {
		return doc.AToB.Create.Filter, script.Expr
	}
	for way, hooks := range doc.Hooks {
		for name, text := range hooks {
			if !slices.Contains(hookPlaces, "hooks."+way+"."+name) {
				t.Errorf("there is no hook %s.%s", way, name)
			}
			return text, script.Block
		}
	}
	t.Fatalf("no script in\n%s", part)
	return "", ""
}

func fromJSON(t *testing.T, cell string) any {
	t.Helper()
	var out any
	if err := json.Unmarshal([]byte(strings.Trim(cell, "`")), &out); err != nil {
		t.Fatalf("%s: %v", cell, err)
	}
	return out
}

// evaluate runs a script as documents do: a filter sees the record's fields by their names, a hook source, target and fields.
func evaluate(t *testing.T, text string, mode script.Mode, given map[string]any) any {
	t.Helper()
	args := given
	if _, parts := given["source"]; mode == script.Block && !parts {
		args = map[string]any{"source": given, "fields": map[string]any{}}
	}
	names := []string{"source", "target", "fields", "with_", "lines", "lists"}
	if mode == script.Expr {
		for name := range given {
			names = append(names, name)
		}
	}
	p, err := script.Compile(text, mode, names)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got, err := script.NewInProcess().Run(t.Context(), []script.Call{{Program: p, Args: args}})
	if err != nil || got[0].Err != nil {
		t.Fatalf("%v %v\n%s", err, got, text)
	}
	if v, ok := got[0].Value.(script.Verdict); ok {
		return map[string]any{string(v.Action): v.Reason}
	}
	return got[0].Value
}

// TestSalesPadLinesLoad: what the pages say to write makes documents that load.
func TestSalesPadLinesLoad(t *testing.T) {
	settings, scripts := part(t, "salespad", "## The settings"), part(t, "salespad-scripts", "## Three of them")
	preset := map[string]string{}
	for _, p := range mapping.PresetSet("hubspot-salespad") {
		preset[strings.TrimPrefix(p.Name, "hubspot-salespad/")] = string(p.YAML)
	}
	for _, p := range mapping.PresetSet("hubspot-salespad/link") {
		preset["link/"+p.Name[strings.LastIndex(p.Name, "/")+1:]] = string(p.YAML)
	}
	var examples []string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(scripts, -1) {
		examples = append(examples, block[1])
	}
	// old text gives way to new; "" old: new is added at the end. said is how the page writes it.
	for _, c := range []struct{ name, old, said, new string }{
		{"link/customers", "a_to_b: { create: never, update: false }", `a_to_b: { create: { when: never, filter: 'type in ["PROSPECT", "PARTNER"]' }, update: false }`, ""},
		{"link/prospects", "a_to_b: { create: never, update: false }", `a_to_b: { create: { when: never, filter: 'type in ["PROSPECT", "PARTNER"]' }, update: false }`, ""},
		{"link/customers", "", "`hooks.after_link`", "\nhooks: { after_link: 'return {\"gp_customer\": target.id}' }\n"},
		{"link/customers", "", "`unmatched: hold` in `customers`", "\nunmatched: hold\n"},
		{"customers", "", "`match_elsewhere: false` in `customers`", "\nmatch_elsewhere: false\n"},
		{"prospects", "", "`match_elsewhere: false` in `prospects`", "\nmatch_elsewhere: false\n"},
		{"customers", `"RESELLER"]'`, `and createdate >= "2026-01-01"`, `"RESELLER"] and createdate >= "2026-01-01"'`},
		{"addresses", "filter: 'not blank(Email)'", `Address_Use in ["Biller"]`, `filter: 'not blank(Email) and Address_Use in ["Biller"]'`},
		{"customers", "create: { filter: 'not is_true(Inactive)', only_new: true }", "create: never", ""},
		{"items", "{ filter: 'not is_true(Inactive)' }", "Without it going live says how many items there are", "always"},
		{"documents", "after: [ lines, audit, forward ]", "after: [ forward ]", ""},
	} {
		if !strings.Contains(settings, c.said) {
			t.Errorf("the tables do not say %s", c.said)
		}
		if c.new == "" {
			c.new = c.said
		}
		text := preset[c.name] + c.new
		if c.old != "" {
			if text = strings.Replace(preset[c.name], c.old, c.new, 1); text == preset[c.name] {
				t.Errorf("%s has no %s", c.name, c.old)
			}
		}
		if c.said == "after: [ forward ]" {
			text = regexp.MustCompile("(?m)^  (lines|audit): .*\n").ReplaceAllString(text, "")
		}
		loads(t, c.name+": "+c.said, text)
	}
	for n, e := range examples {
		text := preset["customers"] + "\n" + e
		if strings.HasPrefix(e, "a_to_b:") {
			text = regexp.MustCompile("(?ms)^a_to_b:.*?^b_to_a:").ReplaceAllLiteralString(preset["customers"], e+"b_to_a:")
		}
		loads(t, fmt.Sprintf("example %d", n+1), text)
	}
}

func loads(t *testing.T, what, text string) {
	t.Helper()
	if _, err := mapping.Load([]byte(text), mapping.Standard(transform.Builtin(nil))); err != nil {
		t.Errorf("%s:\n%v", what, err)
	}
}
