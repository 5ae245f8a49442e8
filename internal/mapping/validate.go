package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Resolved tells what the names in a document turned out to be in the two accounts, in the order of the lines: for
// apply to print, so that a person sees that DE01 is the entity they meant.
type Resolved []Resolution

// Resolution is one name: as written in a line, and the id and label it stands for.
type Resolution struct {
	Line  int
	Field string // path
	Name  string // as written, or "won stage"
	ID    string
	Label string
}

func (r Resolution) String() string {
	out := fmt.Sprintf("line %d: %s: %s is %s", r.Line, r.Field, r.Name, r.ID)
	if r.Label != "" && r.Label != r.Name {
		out += " (" + r.Label + ")"
	}
	return out
}

// Validate looks at a document against what the two accounts have: every name in it must be there, every target
// writable and of a fitting type, every required field filled. The document should have passed Check.
func Validate(m *Mapping, language Language, a, b Schema) (Problems, Resolved) {
	v := &validator{complaints: complaints{m: m}, language: language, a: a, b: b}
	source, haveA := v.object("a.object", a, m.A.Object)
	target, haveB := v.object("b.object", b, m.B.Object)
	v.source, v.haveA, v.target, v.haveB = source, haveA, target, haveB
	v.related()
	v.matches()
	v.fields()
	v.document()
	v.lines()
	v.writeBack()
	if s := v.m.AtSource; s != nil && v.haveA {
		v.have("at_source.queue", v.source, s.Queue)
	}
	v.scripts()
	v.required()
	v.home()
	slices.SortStableFunc(v.resolved, func(a, b Resolution) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Field, b.Field), strings.Compare(a.Name+a.ID, b.Name+b.ID))
	})
	return v.list.sorted(), v.resolved
}

type validator struct {
	complaints
	language       Language
	a, b           Schema
	source, target Object
	haveA, haveB   bool
	resolved       Resolved
}

func (v *validator) object(path string, s Schema, name string) (Object, bool) {
	if name == "" {
		return Object{}, false
	}
	o, ok := s.Objects[name]
	if !ok {
		v.addf(path, didYouMean(name, sortedKeys(s.Objects)), "%s has no %s", s.Connection, name)
	}
	return o, ok
}

// have looks up a field of an object and complains when it is not there.
func (v *validator) have(path string, o Object, name string) (Property, bool) {
	p, ok := o.property(name)
	if all, found := o.property(allOf + Association(name)); !ok && found && strings.HasPrefix(name, primaryOf) {
		return Property{Name: name, Label: all.Label, Type: "ref", References: all.References, ReadOnly: true}, true // the only one, where none is marked
	}
	if !ok && name != "" && !v.lacked(name) {
		v.addf(path, o.unknownFix(name), "%s has no field %q", o.Name, name)
	}
	return p, ok
}

func (v *validator) related() {
	for _, w := range v.m.With {
		path := "with." + w.Name
		o, ok := v.object(path+".object", v.a, w.Object)
		for i, name := range w.Fields {
			if ok {
				v.have(fmt.Sprintf("%s.fields[%d]", path, i), o, name)
			}
		}
	}
	for i, w := range v.m.Watch {
		v.object(fmt.Sprintf("watch[%d].object", i), v.a, w.Object)
	}
	for i, name := range v.m.ProtectB {
		if v.haveB {
			v.have(fmt.Sprintf("protect.b[%d]", i), v.target, name)
		}
	}
}

// input looks up what a name of a stands for. ok is false where nothing is known of its type.
func (v *validator) input(path, name string) (Property, bool) {
	with, field := v.m.Input(name)
	switch {
	case field == "" || name == "":
		return Property{}, false
	case field == "id":
		return Property{Name: "id", Label: "id", Type: "text", ReadOnly: true}, true
	case with == nil:
		if !v.haveA {
			return Property{}, false
		}
		return v.have(path, v.source, field)
	}
	o, ok := v.a.Objects[with.Object]
	if !ok {
		return Property{}, false
	}
	return v.have(path, o, field)
}

func (v *validator) matches() {
	for i, r := range v.m.Match {
		path := fmt.Sprintf("match[%d]", i)
		for _, name := range r.A {
			v.input(path+".a", name)
		}
		if v.haveB {
			v.have(path+".b", v.target, r.B)
		}
	}
}

func (v *validator) fields() {
	for _, f := range v.m.Fields {
		inputs := v.inputs(f)
		if v.haveB {
			v.write(f, inputs, v.target)
		}
	}
}

func (v *validator) inputs(f Field) []Property {
	var out []Property
	for _, name := range f.A {
		if p, ok := v.input(f.Path+".a", name); ok {
			out = append(out, p)
		}
	}
	return out
}

// write looks at one field as it would be written to an object.
func (v *validator) write(f Field, inputs []Property, to Object) {
	p, ok := v.have(f.Path+".b", to, f.B)
	if !ok || !v.mayWrite(f, p) {
		return
	}
	v.table(f)
	v.values(f, inputs, p)
	v.fits(f, inputs, p)
	v.ordered(f, p)
}

// mayWrite refuses what the system computes, and an update of what it takes at creation only.
func (v *validator) mayWrite(f Field, p Property) bool {
	fix := "take this line out; the system computes it"
	if v.m.Turned && f.Other != nil {
		fix = "write direction: a_to_b; the system computes it"
	}
	switch {
	case p.ReadOnly:
		v.addf(f.Path+".b", fix, "%s of %s cannot be written", f.B, v.targetName(f))
		return false
	case p.CreateOnly && !f.CreateOnly && v.m.AToB.Update:
		v.addf(f.Path+".b", "add create_only: true", "%s of %s can be written at creation only", f.B, v.targetName(f))
	}
	return true
}

// targetName is the object that a field writes: the document's, or its line.
func (v *validator) targetName(f Field) string {
	if strings.HasPrefix(f.Path, "lines.") {
		return v.m.LineObject()
	}
	return v.target.Name
}

// ordered looks up the values that have an order.
func (v *validator) ordered(f Field, to Property) {
	for i, value := range f.Order {
		if known, fix := to.option(value); len(to.Options) > 0 && !known {
			v.addf(fmt.Sprintf("%s.order[%d]", f.Path, i), fix, "%q is not a value of %s", value, to.Name)
		}
	}
}

// table resolves the names that a field looks up in b's reference tables.
func (v *validator) table(f Field) {
	if f.Table == "" {
		return
	}
	t, ok := v.b.Tables[f.Table]
	if !ok && v.m.Turned {
		return // a's tables are described only where something there is looked up by name
	}
	if !ok {
		v.addf(f.Path+".table", didYouMean(f.Table, sortedKeys(v.b.Tables)), "%s has no table %q", v.b.Connection, f.Table)
		return
	}
	for path, name := range f.written() {
		key, ok := t.by(f.By, name)
		if !ok {
			key, ok = t.Lookup(name)
		}
		if !ok {
			v.addf(path, didYouMean(name, t.names()), "no single row of %s is called %q", f.Table, name)
			continue
		}
		v.resolved = append(v.resolved, Resolution{Line: v.m.Positions.Of(path).Line, Field: path, Name: name, ID: key, Label: t[key].Label})
	}
}

// written gives every fixed text that the field may write, by its path.
func (f Field) written() map[string]string {
	out := map[string]string{}
	for _, one := range []struct {
		key  string
		text *string
	}{{"static", f.Static}, {"else", f.Else}, {"default", f.Default}} {
		if one.text != nil && *one.text != "" {
			out[f.Path+"."+one.key] = *one.text
		}
	}
	for from, to := range f.Values {
		if to != "" {
			out[join(f.Path+".values", from)] = to
		}
	}
	return out
}

// values looks at value maps and fixed texts of fields that have a closed list of values.
func (v *validator) values(f Field, inputs []Property, to Property) {
	if len(inputs) == 1 && f.Transform == "" {
		v.mapKeys(f.Path+".values", f.Values, inputs[0])
	}
	if f.Table != "" {
		return
	}
	for path, text := range f.written() {
		v.fixedText(path, text, to)
	}
}

func (v *validator) mapKeys(path string, values map[string]string, from Property) {
	for key := range values {
		if known, fix := from.option(key); len(from.Options) > 0 && key != "" && !known {
			v.addf(join(path, key), fix, "%q is not a value of %s", key, from.Name)
		}
	}
}

func (v *validator) fixedText(path, text string, to Property) {
	known, fix := to.option(text)
	switch {
	case (to.Type == "enum" || to.Type == "multi") && len(to.Options) > 0 && !known:
		v.addf(path, fix, "%q is not a value of %s", text, to.Name)
	case to.MaxLength > 0 && len([]rune(text)) > to.MaxLength:
		v.addf(path, "shorten it", "%s takes %d characters and this text has %d", to.Name, to.MaxLength, len([]rune(text)))
	case !formOf(to.Type).fits(text):
		v.addf(path, "write "+formOf(to.Type).example, "%q is not %s, which %s is", text, article(to.Type), to.Name)
	}
}

// required looks for fields that b will not create a record without.
func (v *validator) required() {
	if !v.haveB || v.m.AToB.Create.When == "never" {
		return
	}
	for _, p := range v.target.Properties {
		if p.Required && !p.ReadOnly && !v.m.writes(p.Name) && !v.decided(p.Name) {
			v.addf("fields", v.requiredFix(p), "%s of %s is required and nothing fills it", p.Name, v.target.Name)
		}
	}
}

// decided are the fields that billing fills by itself.
func (v *validator) decided(name string) bool {
	return v.m.Document != nil && (name == "currency" || name == "areLinesWithTax")
}

func (v *validator) requiredFix(p Property) string {
	if t, ok := v.b.Tables[p.References]; ok && len(t) > 0 {
		return fmt.Sprintf("add - { b: %s, static: %s, table: %s } (%s has %s)", p.Name, t.names()[0], p.References, p.References, strings.Join(t.names(), ", "))
	}
	if len(p.Options) > 0 {
		return fmt.Sprintf("add a field that writes it, for example - { b: %s, static: %s }", p.Name, p.Options[0].Value)
	}
	return fmt.Sprintf("add a field that writes it, for example - { b: %s, a: ... }", p.Name)
}
