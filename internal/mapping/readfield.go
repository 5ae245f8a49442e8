package mapping

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

var fieldKeys = []string{"a", "b", "transform", "value", "static", "values", "else", "default", "through", "table", "required", "conflict",
	"first", "blank", "drift", "create_only", "group", "direction", "back", "back_values", "back_else", "back_default", "only_blank", "order", "by", "rule"}

func (r *reader) fields(o object, key string) []Field {
	var out []Field
	o.each(key, func(item *yaml.Node, path string) { out = append(out, r.field(item, path)...) })
	return out
}

// field reads one entry. A list on both sides is as many fields of one group.
func (r *reader) field(n *yaml.Node, path string) []Field {
	o := r.object(n, path, fieldKeys...)
	f := Field{Transform: o.trimmed("transform"), Value: o.trimmed("value"), Static: o.given("static"), Values: o.pairs("values"), Else: o.given("else"),
		Default: o.given("default"), Table: o.text("table"), Conflict: o.text("conflict"),
		First: o.text("first"), Blank: o.word("blank", "keep"), Drift: o.word("drift", "keep"), CreateOnly: o.flag("create_only"), Group: o.text("group"),
		Direction: o.text("direction"), Back: o.trimmed("back"), BackValues: o.pairs("back_values"), BackElse: o.given("back_else"), BackDefault: o.given("back_default"), By: o.text("by"), OnlyBlank: o.text("only_blank"), Order: o.texts("order"),
		Line: n.Line, Path: path}
	f.Through, f.Also = o.through()
	f.Required, f.Any = o.required()
	if o.has("rule") {
		r.ruled = append(r.ruled, ruled{path: path, text: o.text("rule"), said: o.said(), node: o.keys["rule"]})
	}
	a, b := o.texts("a"), o.texts("b")
	if n := o.keys["b"]; isNull(n) || n.Kind != yaml.SequenceNode {
		f.A = a
		if len(b) == 1 {
			f.B = b[0]
		}
		return []Field{f}
	}
	return r.pairwise(o, f, a, b)
}

// through reads the mappings that a reference goes through: one, or a list.
func (o object) through() (first string, also []string) {
	all := o.texts("through")
	if len(all) == 0 {
		return "", nil
	}
	return all[0], all[1:]
}

// required reads true, false, or any.
func (o object) required() (required, anyOf bool) {
	if n := o.keys["required"]; !isNull(n) && n.Kind == yaml.ScalarNode && n.Value == "any" {
		return false, true
	}
	return o.flag("required"), false
}

func (r *reader) pairwise(o object, f Field, a, b []string) []Field {
	if len(a) != len(b) || isNull(o.keys["a"]) || o.keys["a"].Kind != yaml.SequenceNode {
		r.complain(o.keys["b"], o.place("b"), fmt.Sprintf("%d fields of b stand against %d of a", len(b), len(a)),
			"write two lists of the same length, or one field of b with several inputs")
		return nil
	}
	if f.Group == "" {
		r.complain(o.node, o.path, "a list on both sides is a group and needs a name", "add group: NAME")
	}
	out := make([]Field, len(b))
	for i := range b {
		out[i] = f
		out[i].A, out[i].B = []string{a[i]}, b[i]
	}
	return out
}

func (r *reader) lines(o object) *Children {
	if !o.has("lines") {
		return nil
	}
	l := o.child("lines", "of", "as", "product", "quantity", "price", "discount_amount", "discount_percent", "name", "recurrence", "currency", "position", "fields")
	c := &Children{A: l.text("of"), B: l.text("as"), Fields: r.fields(l, "fields"), Line: r.at["lines"].Line}
	for _, role := range c.Roles() {
		*role.Role = r.role(l, role.Name)
	}
	return c
}

func (r *reader) role(l object, key string) Role {
	if !l.has(key) {
		return Role{}
	}
	o := l.child(key, "a", "or", "b", "values", "once")
	return Role{A: o.text("a"), Or: o.text("or"), B: o.text("b"), Values: o.pairs("values"), Once: o.texts("once"), Line: r.at[o.path].Line}
}

// NamedRole is a role of a line with its key in the document.
type NamedRole struct {
	Name string
	*Role
}

// Roles lists the roles of a line in the order of the reference page.
func (c *Children) Roles() []NamedRole {
	return []NamedRole{{"product", &c.Product}, {"quantity", &c.Quantity}, {"price", &c.Price}, {"discount_amount", &c.DiscountAmount},
		{"discount_percent", &c.DiscountPercent}, {"name", &c.Name}, {"recurrence", &c.Recurrence}, {"currency", &c.Currency}, {"position", &c.Position}}
}
