package mapping

import (
	"slices"
	"strings"
)

// script is one script of a document and where it stands.
type script struct {
	path string
	text string
	kind ScriptKind
}

// scripts lists every script of a document.
func (m *Mapping) scripts() []script {
	out := []script{{"a_to_b.create.filter", m.AToB.Create.Filter, Expression},
		{"hooks.a_to_b.before_create", m.Hooks.BeforeCreate, HookBlock}, {"hooks.a_to_b.before_update", m.Hooks.BeforeUpdate, HookBlock},
		{"hooks.after_link", m.Hooks.AfterLink, LinkBlock}}
	for _, f := range m.Fields {
		out = append(out, script{f.Path + ".value", f.Value, Expression})
	}
	for _, f := range m.WriteBack {
		out = append(out, script{f.Path + ".value", f.Value, LinkBlock})
	}
	return slices.DeleteFunc(out, func(s script) bool { return s.text == "" })
}

// surroundings are names that scripts have besides fields: the lines of a document, and its account.
var surroundings = []string{"lines", "account"}

// surroundingsOf gives the names that a script of this kind is run with.
func surroundingsOf(script string, kind ScriptKind) []string {
	switch kind {
	case HookBlock:
		return []string{"source", "target", "fields"}
	case LinkBlock:
		return []string{"source", "target"}
	}
	heads := map[string]bool{}
	for _, name := range namesOf(script, kind).free {
		head, _, _ := strings.Cut(name, ".")
		heads[head] = true
	}
	return sortedKeys(heads)
}

// side splits a name that a script takes into the side it is of and the rest: a for fields of the source by their bare
// name (expressions) or under source, b for target, "" for what is no field of a record.
func (s script) side(name string) (side, rest string) {
	head, rest, dotted := strings.Cut(name, ".")
	if s.kind == Expression {
		if slices.Contains(surroundings, head) {
			return "", ""
		}
		return "a", name
	}
	switch {
	case !dotted:
		return "", ""
	case head == "source":
		return "a", rest
	case head == "target":
		return "b", rest
	}
	return "", ""
}

// scripts looks up the fields that scripts name.
func (v *validator) scripts() {
	for _, s := range v.m.scripts() {
		for _, name := range namesOf(s.text, s.kind).free {
			switch side, rest := s.side(name); {
			case side == "a" && v.m.Related(rest) == nil && !v.method(rest):
				v.input(s.path, rest)
			case side == "b" && v.haveB:
				v.have(s.path, v.target, rest)
			}
		}
	}
}

// method tells whether the first part of a dotted name is a field already, so that the rest is one of its methods.
func (v *validator) method(name string) bool {
	head, _, dotted := strings.Cut(name, ".")
	if !dotted {
		return false
	}
	_, ok := v.source.property(head)
	return ok
}
