package mapping

import (
	"fmt"
	"slices"
	"strings"
)

func (c *checker) allFields() {
	first := map[string]Field{}
	for _, f := range c.m.Fields {
		c.field(f)
		if f.B == "" {
			continue
		}
		if before, ok := first[f.B]; ok {
			c.addf(f.Path+".b", "one field is written by one rule; leave one of them out", "%s is written by line %d already", f.B, before.Line)
		} else {
			first[f.B] = f
		}
		c.reserved(f)
	}
	if len(c.m.Fields) == 0 && len(c.m.Homeward) == 0 && (c.m.AToB.Update || c.m.AToB.Create.When != "never") {
		c.add("fields", "is missing", "name at least one field to write, or write a_to_b: false to link only")
	}
	c.groups(slices.Concat(c.m.Fields, c.m.Homeward))
}

// reserved refuses fields that billing itself decides.
func (c *checker) reserved(f Field) {
	if c.m.Document == nil {
		return
	}
	if why, ok := map[string]string{"currency": "document.currency", "areLinesWithTax": "document.prices"}[f.B]; ok {
		c.addf(f.Path+".b", "leave this field out", "%s is decided by %s", f.B, why)
	}
	if c.m.Children != nil && f.B == c.m.Children.B {
		c.addf(f.Path+".b", "leave this field out", "%s is filled by the lines section", f.B)
	}
}

// field looks at one rule of fields or lines.fields.
func (c *checker) field(f Field) {
	c.needed(f.Path+".b", f.B, "name the field of b that is written")
	c.source(f.Path, f.sources())
	c.inputs(f.Path+".a", f.A, f.Through != "", f.Through != "" && Association(f.B) != "")
	c.transform(f.Path+".transform", f.Transform, max(len(f.A), 1))
	c.script(f.Path+".value", f.Value, Expression)
	c.words(f)
	c.order(f)
	for _, bad := range f.clashes() {
		c.add(f.Path+"."+bad.key, bad.message, bad.fix)
	}
}

func (c *checker) words(f Field) {
	c.word(f.Path+".conflict", f.Conflict, winners)
	c.word(f.Path+".first", f.First, firsts)
	c.word(f.Path+".blank", f.Blank, blanks)
	c.word(f.Path+".drift", f.Drift, drifts)
	c.word(f.Path+".only_blank", f.OnlyBlank, fieldSides)
}

func (f Field) sources() []string {
	var out []string
	if len(f.A) > 0 {
		out = append(out, "a")
	}
	if f.Value != "" {
		out = append(out, "value")
	}
	if f.Static != nil {
		out = append(out, "static")
	}
	return out
}

func (c *checker) source(path string, sources []string) {
	switch len(sources) {
	case 1:
	case 0:
		c.add(path, "nothing says where the value comes from", "give a (a field), value (an expression) or static (a fixed text)")
	default:
		c.addf(path, "keep one of them", "the value comes from %s", strings.Join(sources, " and from "))
	}
}

type clash struct{ key, message, fix string }

// clashes are keys that cannot stand beside each other.
func (f Field) clashes() []clash {
	var out []clash
	bad := func(when bool, key, message, fix string) {
		if when {
			out = append(out, clash{key, message, fix})
		}
	}
	bad(f.Static != nil && *f.Static == "", "static", "a fixed text cannot be empty", "leave the field out; blank: clear empties a field when its source is empty")
	bad(f.Transform != "" && len(f.A) == 0, "transform", "there is no input to transform", "give a, or do it in the value expression")
	bad(f.Through != "" && len(f.A) != 1, "through", "a reference comes from one field of a", "give a, for example associations.company")
	bad(f.Through != "" && (f.Transform != "" || len(f.Values) > 0 || f.Table != "" || f.Default != nil), "through",
		"what is written is the id of the counterpart; it cannot be changed on the way", "leave transform, values, table and default out")
	bad(f.Through == "" && len(f.A) == 1 && Association(f.A[0]) != "", "a", "a related record is not a text", "add through: MAPPING, or name a field of it such as company.name")
	bad(f.Through == "" && Association(f.B) != "", "b", "an association holds records, not a text", "add through: MAPPING, whose counterparts are associated")
	bad(len(f.Also) > 0 && strings.HasPrefix(f.B, allOf) && len(f.A) == 1 && strings.HasPrefix(f.A[0], allOf), "through", "associations to one kind of record go through one mapping", "name one, or write one line for each mapping")
	bad(f.Any && f.Through == "", "required", "any belongs to a reference", "write true, or add through: MAPPING")
	bad(f.By != "" && f.Table == "", "by", "by belongs to a table that both sides have", "add table: TABLE, for example table: owners")
	bad(f.By != "" && len(f.A) != 1, "by", "the value is the key of a row of a's table", "give a, for example OwnerId")
	bad(f.By != "" && (f.Transform != "" || len(f.Values) > 0), "by", "the value is looked up as it is", "leave transform and values out")
	bad(len(f.Values) > 0 && f.Static != nil, "values", "a fixed text needs no value map", "leave values out")
	bad(f.Else != nil && len(f.Values) == 0 && f.By == "", "else", "else belongs to a value map", "add values, or use default for an empty source")
	bad(f.Default != nil && (f.Static != nil || f.Blank == "clear"), "default", "the value is never empty here, or is to be cleared", "leave default, static or blank: clear out")
	bad(f.CreateOnly && f.Drift == "restore", "drift", "a field that is written at creation alone is never restored", "leave create_only or drift out")
	return out
}

// groups looks at fields that are decided together (A10).
func (c *checker) groups(fields []Field) {
	members := map[string][]Field{}
	var names []string
	for _, f := range fields {
		if f.Group == "" {
			continue
		}
		if members[f.Group] == nil {
			names = append(names, f.Group)
		}
		members[f.Group] = append(members[f.Group], f)
	}
	for _, name := range names {
		c.group(name, members[name], names)
	}
}

func (c *checker) group(name string, fields []Field, names []string) {
	head := fields[0]
	if len(fields) == 1 {
		others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
		fix := "leave group out, or give a second field the same group"
		if best := nearest(name, others); best != "" {
			fix = fmt.Sprintf("did you mean %s? Else %s", best, fix)
		}
		c.addf(head.Path+".group", fix, "%s is a group of one field", name)
	}
	for _, f := range fields[1:] {
		for _, d := range []struct {
			key  string
			same bool
		}{{"direction", f.Direction == head.Direction}, {"only_blank", f.OnlyBlank == head.OnlyBlank}, {"conflict", f.Conflict == head.Conflict}, {"first", f.First == head.First}, {"drift", f.Drift == head.Drift}, {"create_only", f.CreateOnly == head.CreateOnly}} {
			if !d.same {
				c.addf(f.Path+"."+d.key, fmt.Sprintf("write the same %s in line %d and here", d.key, head.Line), "the fields of group %s are decided together and differ in %s", name, d.key)
			}
		}
	}
}
