package transform

import (
	"errors"
	"slices"
	"strings"
)

// listSpecs carry fields with several values, which most systems keep as one text: HubSpot's checkboxes and Salesforce's
// multi-select picklists as "A;B".
func listSpecs() []Spec {
	separator := Param{Name: "separator", Default: ";", Doc: "what stands between the values"}
	return []Spec{
		{Name: "list", Doc: "Several values in one text, each once, sorted, without blanks around them: two systems keep them in orders of their own. from and to are the separators before and after; on the way home they change places.",
			Example: `list(",", ";"): "red, blue,red" -> "blue;red"`, Fails: true,
			Params:  []Param{{Name: "from", Default: ";", Doc: "what stands between the values that come in"}, {Name: "to", Default: ";", Doc: "what stands between those that go out"}},
			Prepare: notBlank("from", "to"),
			WayOf: func(a Args) Way {
				if a.Text("from", ";") == a.Text("to", ";") {
					return AsIs
				}
				return Inverse
			},
			Run: func(u *Use, in []string) (string, error) {
				return relist(u, in, u.Text("from", ";"), u.Text("to", ";"))
			},
			Home: func(u *Use, value string, _ int) ([]string, error) {
				return alone(relist(u, []string{value}, u.Text("to", ";"), u.Text("from", ";")))
			}},
		{Name: "list_values", Doc: "A value map for each of several values in one text, as values does it for one; the result is sorted, each value once. others says what becomes of a value that is not in the map: error, keep or drop. On the way home the map is read the other way: name list_values with it turned round under back.",
			Example: `list_values({"Red": "r", "Blue": "b"}): "Red; blue" -> "b;r"`, Way: Inverse, Fails: true,
			Params: []Param{{Name: "map", Kind: Pairs, Required: true, Doc: "what becomes what"}, {Name: "others", Default: "error", Doc: "error, keep or drop"}, separator},
			Prepare: func(a Args) (any, error) {
				if !slices.Contains([]string{"error", "keep", "drop"}, a.Text("others", "error")) {
					return nil, errors.New("argument others must be error, keep or drop")
				}
				if _, err := notBlank("separator")(a); err != nil {
					return nil, err
				}
				return prepareValues(a)
			},
			Run: func(u *Use, in []string) (string, error) { return eachValue(u, in, u.Prepared.(valueMap).forth) },
			Home: func(u *Use, value string, _ int) ([]string, error) {
				return alone(eachValue(u, []string{value}, u.Prepared.(valueMap).back))
			}},
	}
}

// parts gives the values of some lists, sorted, each once.
func parts(lists []string, separator string) []string {
	var out []string
	for _, list := range lists {
		for part := range strings.SplitSeq(list, separator) {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// relist writes lists with another separator; a value that holds it would be two.
func relist(u *Use, lists []string, from, to string) (string, error) {
	values := parts(lists, from)
	for _, value := range values {
		if strings.Contains(value, to) {
			return "", u.Fail("one of the values holds the separator", "choose another one with to, or correct the value at its source")
		}
	}
	return strings.Join(values, to), nil
}

func eachValue(u *Use, lists []string, index valueIndex) (string, error) {
	separator := u.Text("separator", ";")
	var out []string
	for _, part := range parts(lists, separator) {
		to, ok := index.find(part)
		switch others := u.Text("others", "error"); {
		case ok:
			out = append(out, to)
		case others == "keep":
			out = append(out, part)
		case others == "error":
			return "", u.Fail("one of the values is not in the value map", `add it, or say what becomes of others with others="keep" or "drop"`)
		}
	}
	return strings.Join(parts(out, separator), separator), nil
}
