package transform

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// shapeSpecs make one value of several, several of one, or one of none.
func shapeSpecs() []Spec {
	return []Spec{
		{Name: "join", Doc: `The inputs that are not blank, with a separator between them. On the way home the text is cut at the first separators (or the last, with cut="last": "Mary Ann Lee" is then "Mary Ann" and "Lee").`,
			Example: `join(" "): "Blue", "Harbour" -> "Blue Harbour"`, Way: Inverse,
			Params:  []Param{{Name: "separator", Required: true, Doc: "what stands between"}, {Name: "cut", Default: "first", Doc: "where a text is cut on the way home: first or last"}},
			Prepare: prepareJoin,
			Run: func(u *Use, in []string) (string, error) {
				return strings.Join(notBlanks(in), u.Text("separator", "")), nil
			},
			Home: joinHome},
		{Name: "split", Doc: "One part of a text that is cut at a separator: 1 is the first, -1 the last. Nothing when there is no such part.",
			Example: `split("@", 2): "ann@example.com" -> "example.com"`, Inputs: 1, Way: OneWay,
			Params: []Param{{Name: "separator", Required: true, Doc: "where to cut"}, {Name: "part", Kind: Number, Required: true, Doc: "which part"}},
			Prepare: func(a Args) (any, error) {
				if a.Number("part", 0) == 0 {
					return nil, errors.New("argument part counts from 1, or from -1 at the end")
				}
				return notBlank("separator")(a)
			},
			Run: func(u *Use, in []string) (string, error) {
				parts, n := strings.Split(in[0], u.Text("separator", "")), u.Number("part", 0)
				if n < 0 {
					n += len(parts) + 1
				}
				if n < 1 || n > len(parts) {
					return "", nil
				}
				return strings.TrimSpace(parts[n-1]), nil
			}},
		{Name: "first_of", Doc: "The first input that is not blank.", Example: `first_of: "", "b", "c" -> "b"`, Way: OneWay,
			Run: func(_ *Use, in []string) (string, error) { return notBlanks(in)[0], nil }},
		{Name: "template", Doc: "A text with the inputs put in: {0} is the first. {{ and }} are braces. Blank inputs leave their place empty; if all are blank, so is the result.",
			Example: `template("{0} / {1}"): "a", "b" -> "a / b"`, Way: OneWay,
			Params:  []Param{{Name: "text", Required: true, Doc: "the text with its places"}},
			Prepare: func(a Args) (any, error) { return parseTemplate(a.Text("text", "")) },
			Run: func(u *Use, in []string) (string, error) {
				var out strings.Builder
				for _, p := range u.Prepared.([]templatePart) {
					out.WriteString(p.text)
					if p.input >= len(in) {
						return "", u.Fail(fmt.Sprintf("place {%d} has no input: there are %d", p.input, len(in)), "places count from {0}")
					}
					if p.input >= 0 {
						out.WriteString(in[p.input])
					}
				}
				return out.String(), nil
			}},
		{Name: "default", Doc: "Another value where the input is blank.", Example: `default("US"): "" -> "US"`, Inputs: 1, Way: AsIs, TakesBlank: true,
			Params: []Param{{Name: "value", Required: true, Doc: "the value to use"}},
			Run: func(u *Use, in []string) (string, error) {
				if len(in) == 0 || in[0] == "" {
					return u.Text("value", ""), nil
				}
				return in[0], nil
			}},
		{Name: "static", Doc: "Always this value, whatever the inputs.", Example: `static("CRM"): "anything" -> "CRM"`, Way: OneWay, TakesBlank: true,
			Params: []Param{{Name: "value", Required: true, Doc: "the value to use"}},
			Run:    func(u *Use, in []string) (string, error) { return u.Text("value", ""), nil }},
	}
}

func notBlanks(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func prepareJoin(a Args) (any, error) {
	if cut := a.Text("cut", "first"); cut != "first" && cut != "last" {
		return nil, errors.New("argument cut must be first or last")
	}
	return notBlank("separator")(a)
}

// joinHome cuts a text into n parts so that joining them gives the text again.
func joinHome(u *Use, value string, n int) ([]string, error) {
	separator := u.Text("separator", "")
	if u.Text("cut", "first") == "first" {
		return strings.SplitN(value, separator, n), nil
	}
	parts := make([]string, n)
	for i := n - 1; i > 0; i-- {
		at := strings.LastIndex(value, separator)
		if at < 0 {
			break
		}
		parts[i], value = value[at+len(separator):], value[:at]
	}
	parts[0] = value
	return parts, nil
}

// A templatePart is literal text followed by the place of an input, -1 for none.
type templatePart struct {
	text  string
	input int
}

func parseTemplate(text string) ([]templatePart, error) {
	var parts []templatePart
	var literal strings.Builder
	for i := 0; i < len(text); i++ {
		doubled := i+1 < len(text) && text[i+1] == text[i]
		switch c := text[i]; {
		case (c == '{' || c == '}') && doubled:
			literal.WriteByte(c)
			i++
		case c == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return nil, errors.New("the text has a { that is never closed; write {{ for a brace")
			}
			n, err := strconv.ParseUint(text[i+1:i+end], 10, 8)
			if err != nil {
				return nil, errors.New("a place must be a number such as {0}; write {{ for a brace")
			}
			parts = append(parts, templatePart{text: literal.String(), input: int(n)})
			literal.Reset()
			i += end
		case c == '}':
			return nil, errors.New("the text has a } without {; write }} for a brace")
		default:
			literal.WriteByte(c)
		}
	}
	return append(parts, templatePart{text: literal.String(), input: -1}), nil
}
