package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// maxSource caps the text of a transform: a value map of some thousand entries fits, a mistake does not.
const maxSource = 256 << 10

// parser reads  name(arg, key=arg) | name | ...  where an arg is 'text', "text", a number, true, false or a map.
type parser struct {
	src string
	pos int
}

// rawArg is an argument before it is checked against the transform's parameters.
type rawArg struct {
	name  string // "" when given by position
	text  string
	pairs []Pair
	isMap bool
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf("character %d: ", utf8.RuneCountInString(p.src[:p.pos])+1) + fmt.Sprintf(format, args...), Fix: `write transforms like: trim | phone_e164("US")`}
}

func (p *parser) space() {
	for p.pos < len(p.src) && strings.ContainsRune(" \t\r\n", rune(p.src[p.pos])) {
		p.pos++
	}
}

// take skips blanks and then the given sign, if it is next.
func (p *parser) take(sign byte) bool {
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == sign {
		p.pos++
		return true
	}
	return false
}

func (p *parser) word() string {
	p.space()
	start := p.pos
	for p.pos < len(p.src) {
		r, size := utf8.DecodeRuneInString(p.src[p.pos:])
		if r != '_' && r != '-' && r != '+' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		p.pos += size
	}
	return p.src[start:p.pos]
}

func (p *parser) args() ([]rawArg, error) {
	if !p.take('(') {
		return nil, nil
	}
	var args []rawArg
	for !p.take(')') {
		if len(args) > 0 && !p.take(',') {
			return nil, p.fail("expected , or )")
		}
		arg, err := p.arg()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

func (p *parser) arg() (rawArg, error) {
	if p.take('{') {
		pairs, err := p.pairs()
		return rawArg{pairs: pairs, isMap: true}, err
	}
	text, quoted, err := p.scalar()
	if err != nil {
		return rawArg{}, err
	}
	if quoted || !p.take('=') {
		return rawArg{text: text}, nil
	}
	arg, err := p.arg()
	if err == nil && arg.name != "" {
		err = p.fail("two = in one argument")
	}
	arg.name = text
	return arg, err
}

func (p *parser) scalar() (text string, quoted bool, err error) {
	p.space()
	if p.pos >= len(p.src) {
		return "", false, p.fail("the text ends inside an argument")
	}
	if c := p.src[p.pos]; c == '"' || c == '\'' {
		text, err = p.quoted(c)
		return text, true, err
	}
	if text = p.word(); text == "" {
		return "", false, p.fail("expected a text in quotes, a number or a name")
	}
	return text, false, nil
}

func (p *parser) quoted(quote byte) (string, error) {
	var out strings.Builder
	for p.pos++; p.pos < len(p.src); p.pos++ {
		c := p.src[p.pos]
		switch {
		case c == quote:
			p.pos++
			return out.String(), nil
		case c == '\\' && p.pos+1 < len(p.src):
			p.pos++
			out.WriteString(unescape(p.src[p.pos]))
		default:
			out.WriteByte(c)
		}
	}
	return "", p.fail("the quote %c is never closed", quote)
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '\\', '"', '\'':
		return string(c)
	}
	return `\` + string(c)
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(text) + `"`
}

func (p *parser) pairs() ([]Pair, error) {
	var pairs []Pair
	for !p.take('}') {
		if len(pairs) > 0 {
			if !p.take(',') {
				return nil, p.fail("expected , or }")
			}
			if p.take('}') {
				return pairs, nil
			}
		}
		from, _, err := p.scalar()
		if err != nil {
			return nil, err
		}
		if !p.take(':') {
			return nil, p.fail("expected : between a value and what it becomes")
		}
		to, _, err := p.scalar()
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, Pair{From: from, To: to})
	}
	return pairs, nil
}

// bind checks raw arguments against a transform's parameters.
func bind(spec *Spec, raw []rawArg) (Args, error) {
	fail := func(format string, args ...any) (Args, error) {
		return Args{}, &Error{Transform: spec.Name, Reason: fmt.Sprintf(format, args...), Fix: "its form is " + spec.Usage()}
	}
	a := Args{named: map[string]string{}}
	for i, r := range raw {
		if spec.Free && r.name == "" && !r.isMap {
			a.free = append(a.free, r.text)
			continue
		}
		name := r.name
		switch {
		case name == "" && i >= len(spec.Params):
			return fail("has too many arguments")
		case name == "":
			name = spec.Params[i].Name
		}
		p, ok := spec.param(name)
		if !ok {
			return fail("has no argument %q%s", name, didYouMean(name, paramNames(spec)))
		}
		if _, twice := a.named[name]; twice {
			return fail("argument %s is given twice", name)
		}
		if reason := p.check(r); reason != "" {
			return fail("argument %s %s", name, reason)
		}
		a.named[name] = r.text
		if r.isMap {
			a.pairs = r.pairs
		}
	}
	for _, p := range spec.Params {
		if _, given := a.named[p.Name]; p.Required && !given {
			return fail("argument %s is missing", p.Name)
		}
	}
	return a, nil
}

func (p Param) check(r rawArg) string {
	switch p.Kind {
	case Pairs:
		if !r.isMap {
			return `must be a map like { "from": "to" }`
		}
		return ""
	case Number:
		if _, err := strconv.Atoi(r.text); err != nil {
			return "must be a whole number"
		}
	case Flag:
		if r.text != "true" && r.text != "false" {
			return "must be true or false"
		}
	}
	if r.isMap {
		return "must be a " + p.Kind.String() + ", not a map"
	}
	if p.Name == unknownParam.Name && r.text != UnknownError && r.text != UnknownKeep && r.text != UnknownBlank {
		return "must be error, keep or blank"
	}
	return ""
}

func paramNames(spec *Spec) []string {
	var names []string
	for _, p := range spec.Params {
		names = append(names, p.Name)
	}
	if spec.Fails {
		names = append(names, unknownParam.Name)
	}
	return names
}

// didYouMean gives `; did you mean "x"?` for the nearest of some names, or nothing when none is near.
func didYouMean(name string, names []string) string {
	if best := nearest(name, names); best != "" {
		return fmt.Sprintf(", did you mean %q?", best)
	}
	return ""
}

// nearest gives the name with the fewest edits, "" when more than a third of it would have to be edited. A name that
// starts as the given one does is near.
func nearest(name string, names []string) string {
	best, least := "", max(2, len(name)/3)+1
	name = strings.ToLower(name)
	slices.Sort(names)
	for _, n := range names {
		if len(name) > 2 && strings.HasPrefix(n, name) {
			return n
		}
		if diff := len(n) - len(name); diff >= least || -diff >= least {
			continue // at least that many edits, known without counting them
		}
		if d := levenshtein.Distance(name, n, nil); d < least {
			best, least = n, d
		}
	}
	return best
}
