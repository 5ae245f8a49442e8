package mapping

import "strings"

// Made says how a field's value is made, as the mapping writes it; of a field that only goes home, how a's is.
func (f Field) Made() string {
	rule := "as it is"
	switch {
	case f.Static != nil:
		rule = "static: " + *f.Static
	case f.Value != "":
		rule = "value: " + f.Value
	case f.Through != "":
		rule = "through: " + strings.Join(f.Throughs(), ", ")
	case f.Direction == "b_to_a" && f.Back != "":
		rule = "back: " + f.Back
	case f.Transform != "":
		rule = "transform: " + f.Transform
	}
	for _, more := range []struct {
		is   bool
		text string
	}{{len(f.Values) > 0, "values"}, {f.Table != "", "table: " + f.Table}, {f.Default != nil, "default"}, {f.Required, "required"}, {f.Any, "required: any"}, {f.CreateOnly, "create_only"}} {
		if more.is {
			rule += ", " + more.text
		}
	}
	return rule
}
