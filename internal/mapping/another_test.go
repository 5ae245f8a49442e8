package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/mapping"
)

// TestAnother: a set taken a second time passes beside the first one, refers to its own documents, and yields where both write.
func TestAnother(t *testing.T) {
	for _, c := range []struct {
		set   string
		roles map[string]string
		yield map[string]string // of each document; "" yields to nobody
	}{
		{"hubspot-salespad", map[string]string{"crm": "second"}, map[string]string{"customers": "customers", "prospects": "prospects", "addresses": "addresses", "prospect-contacts": "prospect-contacts", "items": "", "documents": "documents", "document-lines": ""}},
		{"hubspot-salespad", map[string]string{"salespad": "second"}, map[string]string{"customers": "customers, prospects", "prospects": "customers, prospects", "addresses": "addresses, prospect-contacts", "prospect-contacts": "addresses, prospect-contacts", "items": "items", "documents": "documents", "document-lines": "document-lines"}},
		{"hubspot-salespad/link", map[string]string{"crm": "second"}, map[string]string{"customers": "", "prospects": "", "addresses": "", "prospect-contacts": ""}},
		{"hubspot-salesforce", map[string]string{"crm": "second"}, nil},
	} {
		first := mapping.PresetSet(c.set)
		second, err := mapping.Another(first, "two", c.roles)
		if err != nil || len(second) != len(first) {
			t.Fatalf("%s: %d documents, %v", c.set, len(second), err)
		}
		var all []*mapping.Mapping
		for n, p := range slices.Concat(first, second) {
			m, err := mapping.Load(p.YAML, language())
			if err != nil {
				t.Fatalf("%s:\n%v\n%s", p.Name, err, p.YAML)
			}
			all = append(all, m)
			if n < len(first) {
				continue
			}
			name, again := strings.CutSuffix(m.Name, "-two")
			if !again || !strings.HasSuffix(p.Name, "/"+m.Name) || strings.Count(string(p.YAML), "\n") < strings.Count(string(first[n-len(first)].YAML), "\n") {
				t.Errorf("%s is %s", p.Name, m.Name)
			}
			if want, ok := c.yield[name]; ok && strings.Join(m.YieldsTo, ", ") != want {
				t.Errorf("%s %v: %s yields to %v, want %q", c.set, c.roles, m.Name, m.YieldsTo, want)
			}
		}
		if got := mapping.CheckSet(all); len(got) > 0 {
			t.Errorf("%s %v together: %v", c.set, c.roles, got)
		}
	}
	for _, c := range []struct {
		as, role, says string
	}{{"", "crm", "cannot end a name"}, {"Two", "crm", "cannot end a name"}, {"two", "hub", "no document of the set has a connection hub"}, {"two", "", "say which role"}} {
		roles := map[string]string{c.role: "second"}
		if c.role == "" {
			roles = nil
		}
		if _, err := mapping.Another(mapping.PresetSet("hubspot-salespad"), c.as, roles); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c, err)
		}
	}
}
