package mapping_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crosswalk/internal/mapping"
)

func TestParseGivesEveryPart(t *testing.T) {
	source, err := os.ReadFile("testdata/load/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := mustLoad(t, source)
	if !bytes.Equal(m.Source, source) {
		t.Error("the source is not kept")
	}
	text := func(s string) *string { return &s }
	want := mapping.Field{A: []string{"dealtype"}, B: "poNumber", Values: map[string]string{"newbusiness": "NEW", "": "NONE"}, Else: text("OTHER"), Default: text("NONE"),
		Conflict: "hold", First: "b", Blank: "keep", Drift: "restore", Line: 32, Path: "fields[3]"}
	if diff := cmp.Diff(want, m.Fields[3]); diff != "" {
		t.Errorf("a field (-want +got):\n%s", diff)
	}
	if m.Conflict != "a" {
		t.Errorf("conflict: crm is side a, got %q", m.Conflict)
	}
	if m.Schedule != 15*time.Minute || m.Since.String() != "2026-01-01" || !m.AToB.Update || m.AToB.Create.When != "always" {
		t.Errorf("schedule %v, since %v, a_to_b %+v", m.Schedule, m.Since, m.AToB)
	}
	document := &mapping.Document{Kind: "invoice", Recurring: "no", Stage: "dealstage", Stages: "stages", ClosedOn: "closedate", EnteredOn: "hs_v2_date_entered_{stage}",
		Name: "dealname", Amount: "amount", Currency: "deal_currency_code", Amounts: "lines", Prices: "gross", DiscountPer: "line", DefaultProduct: "Services",
		Products: "products-to-products", Lost: "archive", Brake: 100, Line: 10}
	if diff := cmp.Diff(document, m.Document); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if got := *m.Children.Fields[0].Static; got != "007" {
		t.Errorf("static: 007 became %q", got)
	}
	if diff := cmp.Diff([]mapping.With{{Name: "company", Object: "companies", Pick: "primary", Fields: []string{"name"}, Line: 7},
		{Name: "contacts", Object: "contacts", Pick: "all", Optional: true, Line: 8}}, m.With); diff != "" {
		t.Errorf("with (-want +got):\n%s", diff)
	}
}

func TestParsePairsAreOneGroup(t *testing.T) {
	m := mustLoad(t, []byte("mapping: c\na: {connection: crm, object: companies}\nb: {connection: billing, object: customers}\na_to_b: true\n"+
		"fields:\n- { a: [x, y], b: [p, q], group: address, conflict: hold }\n- { a: [x, y], b: z }\n"))
	want := []mapping.Field{
		{A: []string{"x"}, B: "p", Group: "address", Conflict: "hold", Blank: "keep", Drift: "keep", Line: 6, Path: "fields[0]"},
		{A: []string{"y"}, B: "q", Group: "address", Conflict: "hold", Blank: "keep", Drift: "keep", Line: 6, Path: "fields[0]"},
		{A: []string{"x", "y"}, B: "z", Blank: "keep", Drift: "keep", Line: 7, Path: "fields[1]"},
	}
	if diff := cmp.Diff(want, m.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseDefaults(t *testing.T) {
	m := mustLoad(t, []byte("mapping: c\na: {connection: crm, object: companies}\nb: {connection: billing, object: customers}\na_to_b: { create: needed }\nfields: [ { a: x, b: y } ]\n"))
	got := []string{m.Slot, m.WhenTaken, m.Conflict, m.First, m.AToB.Create.When, fmt.Sprint(m.AToB.Update), m.Fields[0].Blank, m.Fields[0].Drift}
	if diff := cmp.Diff([]string{"customers", "hold", "a", "", "needed", "false", "keep", "keep"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A hostile file costs a refusal and nothing else.
func TestParseRefusesHostileYAML(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'm'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ","))
	}
	for name, source := range map[string]string{
		"too large":       "mapping: " + strings.Repeat("x", mapping.MaxSource),
		"alias bomb":      bomb,
		"self reference":  "a: &a [ *a ]\n",
		"flow nesting":    strings.Repeat("[", 100_000),
		"block nesting":   strings.Repeat("- ", 100_000),
		"many keys":       "fields:\n" + strings.Repeat("- {x: y}\n", 25_000),
		"comments":        strings.Repeat("# c\n", 60_000) + "- a\n",
		"not UTF-8":       "mapping: \xff\xfe",
		"unclosed quotes": strings.Repeat("\"", 200_001),
		"long names":      "with: {" + strings.Repeat("y", 200_000) + ": {}}",
	} {
		begin := time.Now()
		_, err := mapping.Load([]byte(source), language())
		var problems mapping.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: not refused: %v", name, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	for _, p := range mapping.Presets() {
		f.Add(p.YAML)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		m, err := mapping.Load(source, language())
		if err != nil {
			var problems mapping.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("refused without a complaint: %v", err)
			}
			return
		}
		mapping.Validate(m, language(), hubspot(), light())
		mapping.CheckSet([]*mapping.Mapping{m, m})
		mapping.Validate(m, language(), org(), portal())
		for _, way := range []*mapping.Mapping{m, m.Turn()} {
			if way == nil {
				continue
			}
			mapping.Wanted(way, []string{"won"})
			mapping.WantedB(way)
			mapping.Lacks(way, portal())
			for _, f := range way.Fields {
				f.Rule(way)
			}
		}
	})
}
