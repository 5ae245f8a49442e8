package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// placedScript is one script of a document and where it stands.
type placedScript struct {
	path string
	text string
	kind ScriptKind
}

// scripts lists every script of a document.
func (m *Mapping) scripts() []placedScript {
	way := "a_to_b"
	if m.Turned {
		way = "b_to_a"
	}
	out := []placedScript{{way + ".create.filter", m.AToB.Create.Filter, Expression},
		{"hooks." + way + ".before_create", m.Hooks.BeforeCreate, HookBlock}, {"hooks." + way + ".before_update", m.Hooks.BeforeUpdate, HookBlock},
		{"hooks." + way + ".after_update", m.Hooks.AfterUpdate, LinkBlock}, {"hooks.after_link", m.Hooks.AfterLink, LinkBlock}}
	for _, f := range m.Fields {
		out = append(out, placedScript{f.Path + ".value", f.Value, Expression})
	}
	for _, f := range m.WriteBack {
		out = append(out, placedScript{f.Path + ".value", f.Value, LinkExpression})
	}
	return slices.DeleteFunc(out, func(s placedScript) bool { return s.text == "" })
}

// What a script is run with besides the fields of a by their bare names, which only expressions have: source and target
// are the records as wholes, with_ (written with) the related ones by name, lines those of the deal, lists the lists that
// the record is in.
var (
	everywhere = []string{"source", withName, "lines", "lists"}
	scriptArgs = map[ScriptKind][]string{
		Expression:     everywhere,
		HookBlock:      slices.Concat(everywhere, []string{"target", "fields"}),
		LinkBlock:      slices.Concat(everywhere, []string{"target"}),
		LinkExpression: slices.Concat(everywhere, []string{"target"}),
	}
)

// withName is how with is written in Starlark, where with is a reserved word; scripts may write either.
const withName = "with_"

// ScriptNames gives the names that a script must be run with, sorted: source, with_ and so on, and the fields of a that
// an expression uses by their bare names.
func ScriptNames(text string, kind ScriptKind) []string {
	names := slices.Clone(scriptArgs[kind])
	if kind == Expression {
		for _, name := range namesOf(text, kind).free {
			head, _, _ := strings.Cut(name, ".")
			names = append(names, head)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// side says what a name in a script is a field of.
type side int

const (
	sideNone side = iota // of nothing: a whole record, the lines
	sideA                // of the source
	sideB                // of the target
	sideWith             // of a related record: the name is company.domain
)

func (s placedScript) side(name string) (side, string) {
	head, rest, dotted := strings.Cut(name, ".")
	switch {
	case head == withName && dotted:
		return sideWith, rest
	case head == "source" && dotted:
		return sideA, rest
	case head == "target" && dotted:
		return sideB, rest
	case s.kind == Expression && !slices.Contains(everywhere, head):
		return sideA, name
	}
	return sideNone, ""
}

// scripts looks up the fields that scripts name.
func (v *validator) scripts() {
	for _, s := range v.m.scripts() {
		for _, name := range namesOf(s.text, s.kind).free {
			switch side, rest := s.side(name); side {
			case sideA:
				v.scriptField(s.path, rest, v.source, v.haveA)
			case sideB:
				v.scriptField(s.path, rest, v.target, v.haveB)
			case sideWith:
				v.scriptRelated(s.path, rest)
			}
		}
	}
}

// scriptField looks up name, or its first part when the rest is a method of the value.
func (v *validator) scriptField(path, name string, o Object, have bool) {
	head, _, _ := strings.Cut(name, ".")
	if _, ok := o.property(head); ok || !have || name == "id" {
		return
	}
	if v.m.Related(head) != nil {
		v.addf(path, "write with."+name, "%s is a related record", head)
		return
	}
	v.have(path, o, name)
}

func (v *validator) scriptRelated(path, name string) {
	head, field, dotted := strings.Cut(name, ".")
	w := v.m.Related(head)
	if w == nil {
		v.addf(path, fmt.Sprintf("add with: { %s: { object: ... } }", head), "with has no related record %q", head)
		return
	}
	if o, ok := v.a.Objects[w.Object]; ok && dotted {
		v.scriptField(path, field, o, true)
	}
}
