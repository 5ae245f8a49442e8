package mapping

import (
	"fmt"
	"slices"
	"strings"
)

func (v *validator) document() {
	d := v.m.Document
	if d == nil || !v.haveA {
		return
	}
	v.typed("document.won.stage", d.Stage, "enum", "text")
	v.typed("document.won.closed_on", d.ClosedOn, "date", "datetime")
	v.typed("document.name", d.Name, "text")
	v.typed("document.amount", d.Amount, "number", "integer")
	v.currency(d)
	if m := v.m.Mirror; m != nil && m.A != "" {
		v.have("mirror.a", v.source, m.A)
	}
	stages, ok := v.a.Tables[d.Stages]
	if !ok {
		v.addf("document.won.stages", didYouMean(d.Stages, sortedKeys(v.a.Tables)), "%s has no table %q", v.a.Connection, d.Stages)
		return
	}
	won := stages.Won()
	if len(won) == 0 {
		v.addf("document.won.stages", "mark a stage of a pipeline as won", "no stage of %s is a won one", v.a.Connection)
		return
	}
	place := v.m.Positions.Of("document.won.stage")
	for _, key := range won {
		row := stages[key]
		v.resolved = append(v.resolved, Resolution{Line: place.Line, Field: "document.won.stage", Name: "won stage", ID: key, Label: stageLabel(row)})
	}
	v.enteredOn(d, won)
}

// currency must be named where the account counts in several. Where it counts in one, a system may lack the field (Salesforce
// has CurrencyIsoCode in orgs with several currencies only), and everything is in that one.
func (v *validator) currency(d *Document) {
	_, there := v.source.property(d.Currency)
	switch {
	case there:
		v.typed("document.currency", d.Currency, "enum", "text")
	case d.Currency != "" && len(v.a.Currencies) != 1:
		v.have("document.currency", v.source, d.Currency)
	case len(v.a.Currencies) > 1:
		v.addf("document.currency", "name the field of "+v.source.Name+" with the currency", "%s counts in %s, and nothing says in which of them a record is", v.a.Connection, strings.Join(v.a.Currencies, ", "))
	}
}

// lacked is a field that need not be there: that of an optional match rule, and the currency's in an account with one currency.
func (v *validator) lacked(name string) bool {
	for _, r := range v.m.Match {
		if r.Optional && (r.B == name || slices.Contains(r.A, name)) {
			return true
		}
	}
	return v.m.Document != nil && name == v.m.Document.Currency && len(v.a.Currencies) == 1
}

func stageLabel(row Row) string {
	if pipeline := row.Attrs["pipeline_label"]; pipeline != "" {
		return pipeline + ": " + row.Label
	}
	return row.Label
}

// Won gives the keys of the stages that mean won, sorted: those with the attribute won=true (T1).
func (t Table) Won() []string {
	var out []string
	for key, row := range t {
		if row.Attrs["won"] == "true" {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// enteredOn refuses a pattern that gives no field for any won stage: a misspelt one would switch the start date off.
func (v *validator) enteredOn(d *Document, won []string) {
	if d.EnteredOn == "" {
		return
	}
	for _, key := range won {
		if _, ok := v.source.property(strings.ReplaceAll(d.EnteredOn, "{stage}", key)); ok {
			return
		}
	}
	name := strings.ReplaceAll(d.EnteredOn, "{stage}", won[0])
	v.addf("document.won.entered_on", v.source.unknownFix(name), "%s has no field %q", v.source.Name, name)
}

// typed looks up a field of a that must be of one of the types.
func (v *validator) typed(path, name string, types ...string) {
	if name == "" {
		return
	}
	p, ok := v.have(path, v.source, name)
	v.ofType(path, p, ok, types...)
}

func (v *validator) ofType(path string, p Property, ok bool, types ...string) {
	if ok && p.Type != "" && !slices.Contains(types, p.Type) {
		v.addf(path, "name a field that is "+article(types[0]), "%s is %s", p.Name, article(p.Type))
	}
}

// roleTypes are the types that a role's field of a may have.
var roleTypes = map[string][]string{
	"quantity": {"number", "integer"}, "price": {"number", "integer"}, "discount_amount": {"number", "integer"}, "discount_percent": {"number", "integer"},
	"position": {"number", "integer"},
}

func (v *validator) lines() {
	l := v.m.Children
	if l == nil {
		return
	}
	from, haveFrom := v.object("lines.of", v.a, l.A)
	to, haveTo := v.object("lines.as", v.b, v.m.LineObject())
	for _, r := range l.Roles() {
		path := "lines." + r.Name
		if haveFrom && r.A != "" {
			p, ok := v.have(path+".a", from, r.A)
			if types := roleTypes[r.Name]; types != nil {
				v.ofType(path+".a", p, ok, types...)
			}
			if ok {
				v.mapKeys(path+".values", r.Values, p)
				v.onceKeys(path+".once", r.Once, p)
			}
			v.have(path+".or", from, r.Or)
		}
		if haveTo && r.B != "" {
			v.writeRole(path, r, to)
		}
	}
	for _, f := range l.Fields {
		var inputs []Property
		for _, name := range f.A {
			if p, ok := from.property(name); haveFrom && ok {
				inputs = append(inputs, p)
			} else if haveFrom && name != "id" {
				v.have(f.Path+".a", from, name)
			}
		}
		if haveTo {
			v.write(f, inputs, to)
		}
	}
	v.lineRequired(to, haveTo)
}

// onceKeys looks at values that mean "billed once".
func (v *validator) onceKeys(path string, values []string, from Property) {
	for i, value := range values {
		if known, fix := from.option(value); len(from.Options) > 0 && !known {
			v.addf(fmt.Sprintf("%s[%d]", path, i), fix, "%q is not a value of %s", value, from.Name)
		}
	}
}

// LineObject is the name under which b describes a line of the document: invoice-receivables/lines.
func (m *Mapping) LineObject() string {
	if m.Children == nil || m.Children.B == "" {
		return ""
	}
	return m.B.Object + "/" + m.Children.B
}

func (v *validator) writeRole(path string, r NamedRole, to Object) {
	p, ok := v.have(path+".b", to, r.B)
	if !ok {
		return
	}
	if p.ReadOnly {
		v.addf(path+".b", "name the field that is written", "%s of a line cannot be written", r.B)
	}
	for key, text := range r.Values {
		v.fixedText(join(path+".values", key), text, p)
	}
}

func (v *validator) lineRequired(to Object, known bool) {
	if !known {
		return
	}
	written := map[string]bool{}
	for _, r := range v.m.Children.Roles() {
		written[r.B] = true
	}
	for _, f := range v.m.Children.Fields {
		written[f.B] = true
	}
	for _, p := range to.Properties {
		if p.Required && !p.ReadOnly && !written[p.Name] {
			v.addf("lines", v.requiredFix(p), "%s of a line is required and nothing fills it", p.Name)
		}
	}
}

func (v *validator) writeBack() {
	for _, f := range v.m.WriteBack {
		if v.haveB && f.B != "" && f.B != "id" { // every document has its id
			v.have(f.Path+".b", v.target, f.B)
		}
		if !v.haveA || len(f.A) != 1 {
			continue
		}
		if p, ok := v.have(f.Path+".a", v.source, f.A[0]); ok && p.ReadOnly {
			v.addf(f.Path+".a", "name a field that can be written, or make one", "%s of %s cannot be written", p.Name, v.source.Name)
		} else if ok {
			for path, text := range f.written() {
				v.fixedText(path, text, p)
			}
		}
	}
}

// ValidateMirror looks at the mirror of a document against the other CRM's account: the object and the field that holds our
// ids must be there.
func ValidateMirror(m *Mapping, other Schema) Problems {
	if m.Mirror == nil {
		return nil
	}
	v := &validator{complaints: complaints{m: m}}
	if o, ok := v.object("mirror.object", other, m.Mirror.Object); ok {
		v.have("mirror.field", o, m.Mirror.Field)
	}
	return v.list.sorted()
}
