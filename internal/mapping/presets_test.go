package mapping_test

import (
	"strings"
	"testing"

	"crosswalk/internal/mapping"
)

func presets(t *testing.T) []*mapping.Mapping {
	t.Helper()
	var all []*mapping.Mapping
	for _, p := range mapping.Presets() {
		m, err := mapping.Load(p.YAML, language())
		if err != nil {
			t.Fatalf("%s:\n%v", p.Name, err)
		}
		all = append(all, m)
	}
	return all
}

func TestPresetsPassUnedited(t *testing.T) {
	all := presets(t)
	if got := mapping.CheckSet(all); len(got) > 0 {
		t.Errorf("together: %v", got)
	}
	for _, m := range all {
		problems, resolved := mapping.Validate(m, language(), hubspot(), light())
		if len(problems) > 0 {
			t.Errorf("%s against the sample accounts:\n%v", m.Name, problems)
		}
		t.Logf("%s resolved %v", m.Name, resolved)
	}
}

func TestPresetsAreTheFourOfTheIssue(t *testing.T) {
	want := []string{"hubspot-light/companies-to-customers", "hubspot-light/deals-to-contracts", "hubspot-light/deals-to-invoices", "hubspot-light/products-to-products"}
	for i, p := range mapping.Presets() {
		if i >= len(want) || p.Name != want[i] {
			t.Fatalf("preset %d is %s, want %v", i, p.Name, want)
		}
		if p.Title == "" || p.Description == "" {
			t.Errorf("%s has no title or description", p.Name)
		}
	}
}

// Opening, publishing, e-mailing and e-invoicing are asked for by people only.
func TestPresetsDoNothingAfterTheDraft(t *testing.T) {
	for _, m := range presets(t) {
		if len(m.After) > 0 || len(m.WriteBack) > 0 {
			t.Errorf("%s does %v", m.Name, m.After)
		}
	}
}

func TestPresetsResolveNamesAsPeopleSeeThem(t *testing.T) {
	for _, m := range presets(t) {
		if m.Name != "deals-to-invoices" {
			continue
		}
		_, resolved := mapping.Validate(m, language(), hubspot(), light())
		var lines []string
		for _, r := range resolved {
			lines = append(lines, r.String())
		}
		got := strings.Join(lines, "\n")
		for _, want := range []string{
			"won stage is closedwon (Sales Pipeline: Closed won)", "won stage is 48817 (Renewals: Won)", "fields[1].static: DE01 is entity-1 (Sample Industries GmbH)"} {
			if !strings.Contains(got, want) {
				t.Errorf("resolved lacks %q:\n%s", want, got)
			}
		}
	}
}
