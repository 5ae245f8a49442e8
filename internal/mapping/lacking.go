package mapping

import (
	"maps"
	"slices"
	"strings"
)

// Lacking are the fields that a document reads and its account does not have, or does not show to our credential (any more):
// of a's record, of its lines, of the related records by their name in with.
type Lacking struct {
	A, Lines map[string]bool
	Related  map[string]map[string]bool
}

// None tells whether nothing is lacking.
func (l *Lacking) None() bool {
	return l == nil || len(l.A) == 0 && len(l.Lines) == 0 && len(l.Related) == 0
}

// Input tells whether a name of a, as fields and match rules use it, stands for a field that is lacking.
func (l *Lacking) Input(m *Mapping, name string) bool {
	if l.None() {
		return false
	}
	with, field := m.Input(name)
	if with != nil {
		return l.Related[with.Name][field]
	}
	return l.A[field]
}

// Script gives a field of a that an expression uses and that is lacking, "" for none.
func (l *Lacking) Script(m *Mapping, text string) string {
	if l.None() || text == "" {
		return ""
	}
	s := placedScript{text: text, kind: Expression}
	used := namesOf(text, Expression)
	for _, name := range used.free {
		switch side, rest := s.side(name); {
		case side == sideA && l.A[rest]:
			return rest
		case side == sideWith && strings.Contains(rest, ".") && l.Input(m, rest):
			return rest
		}
	}
	for _, item := range used.items {
		for _, w := range m.With {
			if w.Pick == "all" && l.Related[w.Name][item] {
				return item
			}
		}
	}
	return ""
}

// Names lists what is lacking, as "FIELD of OBJECT", sorted.
func (l *Lacking) Names(m *Mapping) []string {
	var out []string
	add := func(object string, names map[string]bool) {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			out = append(out, name+" of "+object)
		}
	}
	add(m.A.Object, l.A)
	if m.Children != nil {
		add(m.Children.A, l.Lines)
	}
	for _, w := range m.With {
		add(w.Object, l.Related[w.Name])
	}
	return out
}

// Lacks holds what a document reads of a against what the account has. Fields of parents (Product2.Name) are not judged here:
// an account does not list them all. Nor are names that only stand in the loop of an expression, which Validate does not know
// either (list them under with.NAME.fields), nor the currency's field in an account with one currency.
func Lacks(m *Mapping, a Schema) *Lacking {
	v := &validator{complaints: complaints{m: m}, a: a}
	w := Wanted(m, nil)
	looped := loopNames(m)
	names := w.A
	if d := m.Document; d != nil && d.EnteredOn != "" && !strings.Contains(d.EnteredOn, "{stage}") {
		names = append(names, d.EnteredOn)
	}
	out := &Lacking{A: v.absent(m.A.Object, names), Related: map[string]map[string]bool{}}
	if m.Children != nil {
		out.Lines = v.absent(m.Children.A, slices.DeleteFunc(w.Lines, func(name string) bool { return looped[name] && !m.Children.names(name) }))
	}
	for _, with := range m.With {
		named := slices.DeleteFunc(w.Related[with.Name], func(name string) bool {
			return with.Pick == "all" && looped[name] && !slices.Contains(with.Fields, name)
		})
		if gone := v.absent(with.Object, named); len(gone) > 0 {
			out.Related[with.Name] = gone
		}
	}
	return out
}

// loopNames are the fields that expressions read of what they loop over.
func loopNames(m *Mapping) map[string]bool {
	out := map[string]bool{}
	for _, s := range m.scripts() {
		for _, item := range namesOf(s.text, s.kind).items {
			out[item] = true
		}
	}
	return out
}

// names tells whether a role or field of a line reads a field.
func (c *Children) names(name string) bool {
	for _, r := range c.Roles() {
		if r.A == name || r.Or == name {
			return true
		}
	}
	return slices.ContainsFunc(c.Fields, func(f Field) bool { return slices.Contains(f.A, name) })
}

func (v *validator) absent(object string, names []string) map[string]bool {
	o, known := v.a.Objects[object]
	out := map[string]bool{}
	for _, name := range names {
		if _, there := o.property(name); known && !there && !strings.Contains(name, ".") && !v.lacked(name) {
			out[name] = true
		}
	}
	return out
}
