package mapping

import (
	"slices"
	"strings"
)

// Schema is what one account really has, as its connector describes it at the moment. The caller makes it of
// connector.Object and connector.Table, with the objects the mapping names: for a its own object, those of with, watch
// and the lines; for b its object and, of documents, "OBJECT/LINES" for a line. Tables a document may look up are whole.
type Schema struct {
	Connection string   // as people call it, for messages
	Currencies []string // that the account counts in; filled in for a where its currency field is not there
	Objects    map[string]Object
	Tables     map[string]Table
}

// Object is a kind of record.
type Object struct {
	Name, Label string
	Properties  []Property
}

// Property is a field of an object as the account defines it; the names are those of connector.Field.
type Property struct {
	Name, Label string
	Type        string // text, number, integer, bool, date, datetime, enum, multi, ref, list
	Required    bool   // for a create
	ReadOnly    bool
	CreateOnly  bool
	Unique      bool
	Options     []Option
	MaxLength   int
	References  string // object or table that a ref points to
}

// Option is one value of an enum.
type Option struct{ Value, Label string }

// Table is a reference table: rows by key.
type Table map[string]Row

// Row of a reference table. Attrs hold plain facts such as won=true, closed=true, code=DE01,
// pipeline_label=Sales.
type Row struct {
	Label string
	Attrs map[string]string
}

// Lookup finds the one row that a person means: by key, else by code, else by label. Two rows with one label are no
// answer. It is the rule that planning uses too.
func (t Table) Lookup(name string) (key string, ok bool) {
	if _, ok := t[name]; ok {
		return name, true
	}
	for _, same := range []func(Row) bool{
		func(r Row) bool { return name != "" && r.Attrs["code"] == name },
		func(r Row) bool { return name != "" && r.Label == name },
	} {
		var hits []string
		for key, row := range t {
			if same(row) {
				hits = append(hits, key)
			}
		}
		if len(hits) > 0 {
			return hits[0], len(hits) == 1
		}
	}
	return "", false
}

// by finds the one row whose attribute is name, whatever its case.
func (t Table) by(attribute, name string) (key string, ok bool) {
	hits := 0
	for k, row := range t {
		if attribute != "" && name != "" && strings.EqualFold(row.Attrs[attribute], name) {
			key, hits = k, hits+1
		}
	}
	return key, hits == 1
}

// names gives what a person may write for a row: its code where it has one, else its label, else its key.
func (t Table) names() []string {
	out := make([]string, 0, len(t))
	for key := range t {
		out = append(out, t.name(key))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (t Table) name(key string) string {
	row := t[key]
	switch {
	case row.Attrs["code"] != "":
		return row.Attrs["code"]
	case row.Label != "":
		return row.Label
	}
	return key
}

// property finds a field by its exact name.
func (o Object) property(name string) (Property, bool) {
	i := slices.IndexFunc(o.Properties, func(p Property) bool { return p.Name == name })
	if i < 0 {
		return Property{}, false
	}
	return o.Properties[i], true
}

// unknownFix says what somebody meant who wrote a name that the object does not have: a label, or a near name.
func (o Object) unknownFix(name string) string {
	names := make([]string, 0, len(o.Properties))
	for _, p := range o.Properties {
		names = append(names, p.Name)
		if plainName(p.Name) == plainName(name) {
			return "did you mean " + p.Name + "?"
		}
	}
	for _, p := range o.Properties {
		if plainName(p.Label) == plainName(name) {
			return "this is the label of " + p.Name + "; write " + p.Name
		}
	}
	if best := nearest(name, names); best != "" {
		return "did you mean " + best + "?"
	}
	for _, p := range o.Properties {
		if best := nearest(name, []string{p.Label}); best != "" {
			return "did you mean " + p.Name + " (" + p.Label + ")?"
		}
	}
	return "crosswalk fields lists what there is; make the field in the account, or take this line out"
}

// option finds a value of an enum; for a label it gives the value to write instead.
func (p Property) option(value string) (known bool, fix string) {
	var values []string
	for _, o := range p.Options {
		if o.Value == value {
			return true, ""
		}
		values = append(values, o.Value)
	}
	for _, o := range p.Options {
		if plainName(o.Label) == plainName(value) {
			return false, "write its value " + o.Value
		}
	}
	return false, didYouMean(value, values)
}
