package plan

import (
	"strings"

	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Needs lists the records whose counterparts this one refers to, required or not, so that the engine can look them up in
// one batch before it decides. It does not judge: a reference that cannot be resolved is simply not in the list.
func Needs(f *Facts) []Need {
	var out []Need
	seen := map[Need]bool{}
	add := func(n Need) {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	for _, field := range f.Mapping.Fields {
		if field.Through == "" {
			continue
		}
		if listed(f.Mapping, field) {
			for _, ref := range listedRefs(f, field) {
				needs, _ := candidatesOf(f, field, ref)
				for _, n := range needs {
					add(n)
				}
			}
			continue
		}
		if needs, reason := candidates(f, field); reason == nil {
			for _, n := range needs {
				add(n)
			}
		}
	}
	if c := f.Mapping.Children; c != nil {
		for i := range f.Lines {
			if id := f.Lines[i].Field(c.Product.A); !id.Blank() {
				add(Need{Mapping: f.Mapping.Document.Products, Ref: record.Ref{Connection: f.Source.Ref.Connection, Object: f.SourceObjects[f.Mapping.Document.Products], ID: id.Text()}})
			}
		}
	}
	return out
}

// Associates lists the fields of the target that hold associations to records which the mappings they go through may link.
func Associates(f *Facts) map[string]string {
	out := map[string]string{}
	for _, field := range f.Mapping.Fields {
		if field.Through != "" && listed(f.Mapping, field) && strings.HasPrefix(field.B, "associations.") {
			out[field.B] = field.Through
		}
	}
	return out
}

// Expressions lists the mapping's expressions that Decide needs results for, each once.
func Expressions(m *mapping.Mapping) []string {
	var out []string
	seen := map[string]bool{}
	add := func(s string) {
		if s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	add(m.AToB.Create.Filter)
	for _, f := range m.Fields {
		add(f.Value)
	}
	if m.Children != nil {
		for _, f := range m.Children.Fields {
			add(f.Value)
		}
	}
	return out
}

// WonGate is the part of Decide that needs nothing but the source and the stages: it lets the engine leave deals alone
// that are not won before it reads their lines.
func WonGate(f *Facts) (Decision, bool) {
	if f.Mapping.Document == nil {
		return Decision{}, false
	}
	return wonGate(f)
}

// Draft tells whether a document at b may still be changed.
func Draft(target *record.Record) bool { return draft(target) }
