package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// form is how the text of a type looks; fits is asked about fixed texts of the document.
type form struct {
	example string
	fits    func(string) bool
}

var (
	decimal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d+(\.\d+)?$`) })
	anyForm = form{fits: func(string) bool { return true }}
)

func formOf(kind string) form {
	switch kind {
	case "number":
		return form{"a number such as 12.5", decimal().MatchString}
	case "integer":
		return form{"a whole number such as 12", func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil }}
	case "bool":
		return form{"true or false", func(s string) bool { return s == "true" || s == "false" }}
	case "date":
		return form{"a day such as 2026-01-31", func(s string) bool { _, err := ParseDay(s); return err == nil }}
	case "datetime":
		return form{"an instant such as 2026-01-31T12:00:00Z", func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil }}
	}
	return anyForm
}

func article(kind string) string {
	names := map[string]string{"number": "a number", "integer": "a whole number", "bool": "true or false", "date": "a day", "datetime": "an instant",
		"enum": "a choice", "multi": "a choice of several", "ref": "a reference", "list": "a list", "text": "a text"}
	return names[kind]
}

// takes says which types of a may be written to a type of b as they are. Others need a transform, a value map, a table
// or a mapping to go through, which make the value another one; what these give is seen when the value is written.
var takes = map[string][]string{
	"text":     {"text", "number", "integer", "bool", "date", "datetime", "enum"},
	"number":   {"number", "integer"},
	"integer":  {"integer"},
	"bool":     {"bool"},
	"date":     {"date"},
	"datetime": {"datetime"},
	"enum":     {"text", "enum"},
	"multi":    {"multi", "enum", "list"},
	"ref":      {},
	"list":     {"list", "multi", "text", "enum"},
}

var typeFix = map[string]string{
	"number":   "add a transform, for example transform: decimal",
	"integer":  "add a transform that makes a whole number, for example minor_units for money",
	"bool":     "add values: { ...: true, ...: false }",
	"date":     `add a transform, for example transform: 'date("portal")'`,
	"datetime": "add a transform, for example transform: datetime",
	"enum":     "add values: { ...: ... }",
	"multi":    "add values: { ...: ... }",
	"list":     "add a transform that makes one entry of it",
	"ref":      "add through: MAPPING, or table: TABLE",
	"text":     "add a transform, for example transform: 'join(\", \")'",
}

// fits looks at the type and length of what is written as it is.
func (v *validator) fits(f Field, inputs []Property, to Property) {
	if f.Through != "" {
		if !slices.Contains([]string{"ref", "text", "number", "integer", ""}, to.Type) && Association(to.Name) == "" {
			v.addf(f.Path+".through", "name a field that holds a reference", "%s is %s, not a reference", to.Name, article(to.Type))
		}
		return
	}
	asItIs := f.Transform == "" && len(f.Values) == 0 && f.Table == ""
	if !asItIs || len(inputs) != len(f.A) || len(inputs) == 0 {
		return
	}
	from := inputs[0].Type
	if len(inputs) > 1 {
		from = "text"
	}
	if allowed, known := takes[to.Type]; known && from != "" && !slices.Contains(allowed, from) {
		v.addf(f.Path, typeFix[to.Type], "%s is %s and %s is %s", strings.Join(f.A, " and "), article(from), to.Name, article(to.Type))
	}
	v.sameChoices(f, inputs, to)
	if from, n := inputs[0], to.MaxLength; len(inputs) == 1 && n > 0 && from.MaxLength > n && from.MaxLength < anyLength {
		v.addf(f.Path, fmt.Sprintf("add transform: truncate(%d), or make the field longer", n), "%s may have %d characters and %s takes %d", from.Name, from.MaxLength, to.Name, n)
	}
}

// sameChoices refuses a choice copied to another choice where values differ: most records would be refused one by one.
func (v *validator) sameChoices(f Field, inputs []Property, to Property) {
	if len(inputs) != 1 || len(inputs[0].Options) == 0 || len(to.Options) == 0 {
		return
	}
	var missing []string
	for _, o := range inputs[0].Options {
		if known, _ := to.option(o.Value); !known {
			missing = append(missing, o.Value)
		}
	}
	if len(missing) > 0 {
		const few = 5
		more := ""
		if len(missing) > few {
			missing, more = missing[:few], " ..."
		}
		v.addf(f.Path, "add values: { "+missing[0]+": ... }", "%s has values that %s does not take: %s%s", f.A[0], to.Name, strings.Join(missing, ", "), more)
	}
}
