package plan_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
	"crosswalk/internal/transform"
)

// A case is one file: facts in, decision out. To add one, add a file to testdata/cases; what it does not say is an ordinary
// deal of 10 USD, won today, whose company and products are linked. Digests are the values themselves, so that a pair of
// agreed values is written as the two texts.
type planCase struct {
	Shows    string
	Preset   string            // default deals-to-invoices
	Replace  map[string]string // in the preset's text
	Account  plan.Account
	Now      time.Time
	ID       string
	Source   map[string]*string // fields of a; null: the system says empty; absent: not said
	Hidden   []string           // fields of a that may not be read
	Lacking  []string           // fields of a that the account does not show any more; lines/FIELD of the lines
	Archived bool
	Modified map[string]time.Time // of a and b, and ours: when we last wrote b
	Company  string               // ready (default), waiting, stuck, none, two
	Lines    []map[string]string
	Products map[string]struct {
		State    string // ready (default), waiting, stuck
		Prices   []string
		Archived bool
	}
	Default  string // id of the default product at b
	Named    bool
	Needed   bool
	WonSince string `yaml:"won_since"`
	Scripts  map[string]any
	Linked   *struct {
		Agreed map[string]struct {
			A, B   string
			Rounds int
		}
		Lines map[string]struct{ ID, Digest string }
	}
	Claimed bool
	Target  map[string]string
	Want    struct {
		Kind   plan.Kind
		Reason string            // category
		Says   []string          // parts of the reason's text
		Net    string            // minor units
		Money  string            // currency
		Write  map[string]string // all that is written; "~" = cleared
		Some   map[string]string // some of what is written
		Rules  map[string]string // of these fields: action and rule
		Lines  []map[string]string
		Needs  []string
	}
}

func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c planCase
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		t.Fatalf("the case itself is wrong: %v", err)
	}
	if c.Shows == "" {
		t.Error("say what it shows")
	}
	got := plan.Decide(c.facts(t))
	w := c.Want
	if got.Kind != w.Kind {
		t.Errorf("%s: %s %s, want %s %s", c.Shows, got.Kind, text(got.Reason), w.Kind, w.Reason)
	}
	if category(got.Reason) != w.Reason {
		t.Errorf("reason %s, want %s", text(got.Reason), w.Reason)
	}
	for _, part := range w.Says {
		if !strings.Contains(text(got.Reason), part) {
			t.Errorf("%s does not say %q", text(got.Reason), part)
		}
	}
	if w.Net != "" && got.Net != w.Net || w.Money != "" && got.Money != w.Money {
		t.Errorf("net %s %s, want %s %s", got.Net, got.Money, w.Net, w.Money)
	}
	write := texts(got.Write)
	if w.Write != nil {
		if diff := cmp.Diff(w.Write, write); diff != "" {
			t.Errorf("written (-want +got):\n%s", diff)
		}
	}
	for name, value := range w.Some {
		if write[name] != value {
			t.Errorf("%s: %q is written, want %q", name, write[name], value)
		}
	}
	rules := map[string]string{}
	for _, f := range got.Fields {
		rules[f.Field] = string(f.Action) + " " + f.Rule
	}
	for name, want := range w.Rules {
		if !strings.HasPrefix(rules[name], want) {
			t.Errorf("%s: %q, want %q", name, rules[name], want)
		}
	}
	if w.Lines != nil {
		wantLines(t, w.Lines, got.Lines)
	}
	var needs []string
	for _, n := range got.Needs {
		needs = append(needs, n.Ref.String())
	}
	if diff := cmp.Diff(w.Needs, needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}

// wantLines compares line by line what the case names of each.
func wantLines(t *testing.T, want []map[string]string, got []plan.LineDecision) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d: %+v", len(got), len(want), got)
		return
	}
	for n, line := range got {
		have := texts(line.Fields)
		have["op"], have["net"], have["target"], have["source"] = line.Op, line.Net, line.TargetID, line.SourceID
		for name, value := range want[n] {
			if have[name] != value {
				t.Errorf("line %d: %s is %q, want %q", n+1, name, have[name], value)
			}
		}
	}
}

func texts(fields map[string]record.Value) map[string]string {
	out := map[string]string{}
	for name, v := range fields {
		out[name] = v.Text()
		if v.Blank() {
			out[name] = "~"
		}
	}
	return out
}

func category(r *link.Reason) string {
	if r == nil {
		return ""
	}
	return r.Category
}

func text(r *link.Reason) string {
	if r == nil {
		return ""
	}
	return r.Category + ": " + r.Text
}

// facts puts the case together with the ordinary deal.
func (c planCase) facts(t *testing.T) *plan.Facts {
	t.Helper()
	if c.Preset == "" {
		c.Preset = "deals-to-invoices"
	}
	if c.Account.Currency == "" {
		c.Account = plan.Account{Currency: "USD", TimeZone: "UTC"}
	}
	if c.Now.IsZero() {
		c.Now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	}
	if c.ID == "" {
		c.ID = "100"
	}
	m := c.mapping(t)
	f := &plan.Facts{Mapping: m, Tools: tools{}, Now: c.Now, Account: c.Account, Named: c.Named, Needed: c.Needed, WonSince: c.WonSince,
		Counterparts: map[plan.Need]plan.Counterpart{}, Scripts: map[string]plan.ScriptResult{}, Related: map[string][]record.Record{},
		SourceObjects: map[string]string{"companies-to-customers": "companies", "products-to-products": "products"}}
	f.Tables = map[string]plan.Table{
		"a/stages": {"open": {Label: "Open"}, "won": {Label: "Closed won", Attrs: map[string]string{"won": "true", "closed": "true"}},
			"lost": {Label: "Lost", Attrs: map[string]string{"closed": "true"}}},
		"b/entities": {"entity-1": {Label: "Example GmbH", Attrs: map[string]string{"code": "DE01"}}, "entity-2": {Label: "Example Inc", Attrs: map[string]string{"code": "US01"}}},
	}
	for name, value := range c.Scripts {
		f.Scripts[name] = plan.ScriptResult{Value: value}
	}
	f.Source = c.source(m)
	if len(c.Lacking) > 0 {
		f.Lacking = &mapping.Lacking{A: map[string]bool{}, Lines: map[string]bool{}}
	}
	for _, name := range c.Lacking {
		if line, ok := strings.CutPrefix(name, "lines/"); ok {
			f.Lacking.Lines[line] = true
		} else {
			f.Lacking.A[name] = true
		}
	}
	c.lines(f)
	c.links(f)
	return f
}

func (c planCase) mapping(t *testing.T) *mapping.Mapping {
	t.Helper()
	for _, p := range mapping.PresetSet("hubspot-light") {
		source := string(p.YAML)
		if !strings.Contains(source, "\nmapping: "+c.Preset) {
			continue
		}
		for before, after := range c.Replace {
			if !strings.Contains(source, before) {
				t.Fatalf("the preset has no %q", before)
			}
			source = strings.ReplaceAll(source, before, after)
		}
		m, err := mapping.Load([]byte(source), mapping.Standard(transform.Builtin(nil)))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	t.Fatalf("there is no preset %s", c.Preset)
	return nil
}

func (c planCase) source(m *mapping.Mapping) *record.Record {
	r := &record.Record{Ref: record.Ref{Connection: "crm", Object: m.A.Object, ID: c.ID}, Fields: map[string]record.Value{}, Archived: c.Archived}
	if m.Document != nil {
		for name, value := range map[string]string{"dealname": "Deal", "dealstage": "won", "amount": "10", "deal_currency_code": "USD", "closedate": "2026-09-01T10:00:00Z"} {
			r.Fields[name] = record.Of(value)
		}
	}
	for name, value := range c.Source {
		if value == nil {
			r.Fields[name] = record.Empty()
		} else {
			r.Fields[name] = record.Of(*value)
		}
	}
	for _, name := range c.Hidden {
		r.Fields[name] = record.Hidden()
	}
	company := func(id string, primary bool) {
		r.Related = append(r.Related, record.Related{Ref: record.Ref{Connection: "crm", Object: "companies", ID: id}, Primary: primary})
	}
	switch c.Company {
	case "none":
	case "two":
		company("7", false)
		company("8", false)
	default:
		company("7", true)
	}
	return r
}

// lines gives the deal its lines; one without a word about products is of product 1.
func (c planCase) lines(f *plan.Facts) {
	if c.Lines == nil && f.Mapping.Document != nil {
		c.Lines = []map[string]string{{"quantity": "1", "price": "10"}}
	}
	for n, fields := range c.Lines {
		r := record.Record{Ref: record.Ref{Connection: "crm", Object: "line_items", ID: fmt.Sprint(n + 1)}, Fields: map[string]record.Value{"hs_product_id": record.Of("1")}}
		for name, value := range fields {
			r.Fields[name] = record.Of(value)
			if value == "~" {
				r.Fields[name] = record.Empty()
			}
		}
		f.Lines = append(f.Lines, r)
	}
}

func (c planCase) links(f *plan.Facts) {
	stuck := &link.Reason{Category: "name_hit", Text: "a person must look"}
	states := map[string]plan.Counterpart{"": {State: plan.Ready, ID: "customer-7"}, "ready": {State: plan.Ready, ID: "customer-7"},
		"waiting": {State: plan.Waiting}, "stuck": {State: plan.Stuck, Reason: stuck}}
	if state, ok := states[c.Company]; ok {
		f.Counterparts[plan.Need{Mapping: "companies-to-customers", Ref: record.Ref{Connection: "crm", Object: "companies", ID: "7"}}] = state
	}
	f.Counterparts[plan.Need{Mapping: "products-to-products", Ref: record.Ref{Connection: "crm", Object: "products", ID: "1"}}] = plan.Counterpart{State: plan.Ready, ID: "product-1"}
	for id, p := range c.Products {
		got := plan.Counterpart{State: plan.CounterpartState(p.State), ID: "product-" + id}
		if got.State == "" {
			got.State = plan.Ready
		}
		if got.State == plan.Stuck {
			got.Reason = stuck
		}
		got.Record = &record.Record{Ref: record.Ref{Connection: "billing", Object: "products", ID: got.ID}, Archived: p.Archived, Fields: map[string]record.Value{"pricings": record.Many(p.Prices...)}}
		f.Counterparts[plan.Need{Mapping: "products-to-products", Ref: record.Ref{Connection: "crm", Object: "products", ID: id}}] = got
	}
	if c.Default != "" {
		f.Counterparts[plan.DefaultProductNeed(f.Mapping)] = plan.Counterpart{State: plan.Ready, ID: c.Default}
	}
	if c.Target != nil {
		f.Target = &record.Record{Ref: record.Ref{Connection: "billing", Object: f.Mapping.B.Object, ID: "b-1"}, Fields: map[string]record.Value{}}
		for name, value := range c.Target {
			f.Target.Fields[name] = record.Of(value)
			if value == "~" {
				f.Target.Fields[name] = record.Empty()
			}
		}
	}
	f.Source.Modified = c.Modified["a"]
	if f.Target != nil {
		f.Target.Modified = c.Modified["b"]
	}
	f.Link = link.Link{A: f.Source.Ref, StampB: c.Modified["ours"]}
	if c.Claimed {
		f.Link.State = link.Claimed
	}
	if c.Linked == nil {
		return
	}
	f.Link.State, f.Link.B, f.Link.Agreed, f.Link.Lines = link.Linked, f.Target.Ref, map[string]link.Pair{}, map[string]link.Line{}
	for name, pair := range c.Linked.Agreed {
		f.Link.Agreed[name] = link.Pair{A: pair.A, B: pair.B, Rounds: pair.Rounds}
	}
	for id, l := range c.Linked.Lines {
		f.Link.Lines[id] = link.Line{ID: l.ID, Digest: l.Digest}
	}
}

// tools are the program's transforms; a digest is the text itself.
type tools struct{}

func (tools) Transform(pipe string, inputs []string, env plan.Env) (string, error) {
	call, err := transform.Builtin(nil).Parse(mapping.BindTransform(pipe, env.TimeZone, env.Currency))
	if err != nil {
		return "", err
	}
	got, err := call.Apply(inputs, nil)
	return got.Text, err
}

func (tools) Canonical(compare, text string) string { return text }
func (tools) Digest(text string) string             { return text }

// Decide is pure: the same facts give the same decision, whatever the order of maps.
func TestDecideIsRepeatable(t *testing.T) {
	var first string
	for range 50 {
		c := planCase{Lines: []map[string]string{{"quantity": "1", "price": "4", "name": "One"}, {"quantity": "2", "price": "3", "name": "Two"}}}
		d := plan.Decide(c.facts(t))
		now := fmt.Sprint(slices.Sorted(maps.Keys(d.Write)), d.Lines[0].Digest, d.Lines[1].Digest, d.Net)
		if first == "" {
			first = now
		}
		if now != first {
			t.Fatalf("%s then %s", first, now)
		}
	}
}
