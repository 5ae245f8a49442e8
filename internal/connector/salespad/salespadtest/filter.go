package salespadtest

import (
	"math/big"
	"strings"
	"time"
)

// The query language of $filter: OData v3 as far as the fact sheet has it (section 4), with a real parser. A filter is
// compiled against one resource; what it cannot say is refused with the place and the reason.

// node is a compiled filter.
type node interface {
	test(r reader) bool
}

type both struct{ a, b node }
type either struct{ a, b node }

func (n both) test(r reader) bool   { return n.a.test(r) && n.b.test(r) }
func (n either) test(r reader) bool { return n.a.test(r) || n.b.test(r) }

// compares is one comparison; holds takes the sign of field minus value.
type compares struct {
	f     *field
	op    string
	value string // folded text, plain number, or stamp
	num   *big.Rat
}

func (n compares) test(r reader) bool {
	c := n.f.compareTo(r.value(n.f.name), n.value, n.num)
	switch n.op {
	case "eq":
		return c == 0
	case "ne":
		return c != 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	default:
		return c <= 0
	}
}

// compareTo compares a stored value with one that is prepared: folded, or a number.
func (f *field) compareTo(have, want string, num *big.Rat) int {
	switch f.kind {
	case moneyValue, numberValue, integerValue:
		return ratOf(have).Cmp(num)
	case wallValue, dayValue, rowValue:
		if have == "" {
			have = noDate
		}
		return strings.Compare(have, want)
	case boolValue:
		return strings.Compare(have, want)
	default:
		return strings.Compare(fold(have), want)
	}
}

// finds is startswith or substringof.
type finds struct {
	f     *field
	value string
	start bool
}

func (n finds) test(r reader) bool {
	have := strings.ToLower(r.value(n.f.name))
	if n.start {
		return strings.HasPrefix(have, n.value)
	}
	return strings.Contains(have, n.value)
}

// candidates asks the resource's indexes for the rows a filter can match at all; ok is false when they cannot tell.
func candidates(s *Sim, k *kind, n node) (rows []reader, ok bool) {
	if k.lookup == nil {
		return nil, false
	}
	switch n := n.(type) {
	case compares:
		if n.op == "eq" && n.f.kind == textValue {
			return k.lookup(s, n.f.name, n.value)
		}
	case both:
		a, hasA := candidates(s, k, n.a)
		b, hasB := candidates(s, k, n.b)
		if hasA && (!hasB || len(a) <= len(b)) {
			return a, true
		}
		return b, hasB
	case either:
		a, hasA := candidates(s, k, n.a)
		b, hasB := candidates(s, k, n.b)
		if !hasA || !hasB {
			return nil, false
		}
		seen := map[string]bool{}
		for _, r := range append(a[:len(a):len(a)], b...) {
			if !seen[r.key()] {
				seen[r.key()] = true
				rows = append(rows, r)
			}
		}
		return rows, true
	}
	return nil, false
}

// token is one word of a filter.
type token struct {
	kind tokenKind
	text string
	at   int // position in the filter, from 1
}

type tokenKind int

const (
	endToken tokenKind = iota
	nameToken
	stringToken
	numberToken
	dateToken
	markToken // ( ) ,
)

// lex divides a filter into tokens.
func lex(filter string) ([]token, *failure) {
	var out []token
	for i := 0; i < len(filter); {
		ch, at := filter[i], i+1
		switch {
		case ch == ' ':
			i++
		case ch == '(' || ch == ')' || ch == ',':
			out = append(out, token{markToken, string(ch), at})
			i++
		case ch == '\'':
			text, next, bad := quotedAt(filter, i)
			if bad != nil {
				return nil, bad
			}
			out = append(out, token{stringToken, text, at})
			i = next
		case ch == '-' || ch >= '0' && ch <= '9':
			end := i + 1
			for end < len(filter) && (filter[end] >= '0' && filter[end] <= '9' || filter[end] == '.') {
				end++
			}
			out = append(out, token{numberToken, filter[i:end], at})
			if end < len(filter) && strings.ContainsRune("mMlLdDfF", rune(filter[end])) {
				end++ // the suffix that tells v3 the number's type
			}
			i = end
		case letter(ch):
			end := i
			for end < len(filter) && (letter(filter[end]) || filter[end] >= '0' && filter[end] <= '9') {
				end++
			}
			if end < len(filter) && filter[end] == '\'' { // datetime'...'
				text, next, bad := quotedAt(filter, end)
				if bad != nil {
					return nil, bad
				}
				if filter[i:end] != "datetime" {
					return nil, badQuery("$filter at %d: %s'...' is not supported; dates are datetime'2026-11-20T00:00:00'", at, filter[i:end])
				}
				out = append(out, token{dateToken, text, at})
				i = next
				continue
			}
			out = append(out, token{nameToken, filter[i:end], at})
			i = end
		default:
			return nil, badQuery("$filter at %d: %q is not expected; text belongs in single quotes", at, string(ch))
		}
	}
	return append(out, token{endToken, "the end", len(filter) + 1}), nil
}

func letter(ch byte) bool {
	return ch == '_' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z'
}

// quotedAt reads a text in single quotes, a quote doubled, and where it ends.
func quotedAt(filter string, i int) (text string, next int, bad *failure) {
	var out strings.Builder
	for j := i + 1; j < len(filter); j++ {
		if filter[j] != '\'' {
			out.WriteByte(filter[j])
			continue
		}
		if j+1 < len(filter) && filter[j+1] == '\'' {
			out.WriteByte('\'')
			j++
			continue
		}
		return out.String(), j + 1, nil
	}
	return "", 0, badQuery("$filter at %d: the text has no closing quote; a quote inside is doubled", i+1)
}

// maxDepth bounds how deep parentheses may nest.
const maxDepth = 40

// parser turns tokens into a filter for one resource.
type parser struct {
	s     *Sim
	k     *kind
	who   *User
	in    []token
	depth int
	nodes int
}

// parseFilter compiles a filter; nil for an empty one.
func (s *Sim) parseFilter(k *kind, who *User, filter string) (node, *failure) {
	if strings.TrimSpace(filter) == "" {
		return nil, badQuery("$filter is empty; leave it out")
	}
	tokens, bad := lex(filter)
	if bad != nil {
		return nil, bad
	}
	p := &parser{s: s, k: k, who: who, in: tokens}
	n, bad := p.or()
	if bad != nil {
		return nil, bad
	}
	if rest := p.in[0]; rest.kind != endToken {
		return nil, badQuery("$filter at %d: %q is not expected after a complete expression", rest.at, rest.text)
	}
	if limit := s.cfg.Profile.MaxNodes; limit > 0 && p.nodes > limit {
		return nil, badQuery("$filter: The node count limit of '%d' has been exceeded", limit)
	}
	return n, nil
}

func (p *parser) next() token {
	t := p.in[0]
	if t.kind != endToken {
		p.in = p.in[1:]
	}
	return t
}

func (p *parser) word(name string) bool {
	if t := p.in[0]; t.kind == nameToken && t.text == name {
		p.next()
		return true
	}
	return false
}

func (p *parser) allow(at int, operator string) *failure {
	if !p.s.cfg.Profile.operator(operator) {
		return badQuery("$filter at %d: %s is not supported on this install", at, operator)
	}
	p.nodes++
	return nil
}

func (p *parser) or() (node, *failure) {
	a, bad := p.and()
	for bad == nil {
		at := p.in[0].at
		if !p.word("or") {
			return a, nil
		}
		if bad := p.allow(at, "or"); bad != nil {
			return nil, bad
		}
		var b node
		if b, bad = p.and(); bad == nil {
			a = either{a, b}
		}
	}
	return nil, bad
}

func (p *parser) and() (node, *failure) {
	a, bad := p.term()
	for bad == nil {
		at := p.in[0].at
		if !p.word("and") {
			return a, nil
		}
		if bad := p.allow(at, "and"); bad != nil {
			return nil, bad
		}
		var b node
		if b, bad = p.term(); bad == nil {
			a = both{a, b}
		}
	}
	return nil, bad
}

// term is a comparison, a function or an expression in parentheses.
func (p *parser) term() (node, *failure) {
	t := p.next()
	switch {
	case t.kind == markToken && t.text == "(":
		return p.group(t.at)
	case t.kind != nameToken:
		return nil, badQuery("$filter at %d: %q stands where a field belongs", t.at, cut(t.text, 40))
	case t.text == "startswith" || t.text == "substringof":
		return p.function(t)
	case p.in[0].kind == markToken && p.in[0].text == "(":
		return nil, badQuery("$filter at %d: the function %s is not supported; there are startswith(Field,'x') and substringof('x',Field)", t.at, t.text)
	case t.text == "not":
		return nil, badQuery("$filter at %d: not is not supported", t.at)
	}
	f, bad := p.field(t)
	if bad != nil {
		return nil, bad
	}
	return p.comparison(f)
}

func (p *parser) group(at int) (node, *failure) {
	if bad := p.allow(at, "()"); bad != nil {
		return nil, bad
	}
	if p.depth++; p.depth > maxDepth {
		return nil, badQuery("$filter at %d: nested deeper than %d", at, maxDepth)
	}
	n, bad := p.or()
	if bad != nil {
		return nil, bad
	}
	p.depth--
	if end := p.next(); end.text != ")" || end.kind != markToken {
		return nil, badQuery("$filter at %d: a closing parenthesis is missing", end.at)
	}
	return n, nil
}

// field resolves a name: user-defined fields cannot be filtered.
func (p *parser) field(t token) (*field, *failure) {
	f := p.k.byWire[t.text]
	switch {
	case f == nil && p.s.userField(p.k.name, t.text) != nil:
		return nil, badQuery("$filter at %d: %s is a user defined field, which cannot be used in a filter", t.at, t.text)
	case f == nil:
		return nil, badQuery("$filter at %d: %s has no field %s", t.at, p.k.name, t.text)
	case p.who != nil && p.who.hidden(p.k.name, f.name):
		return nil, fail(403, 2002, "No permission to retrieve %s.%s", p.k.name, t.text)
	}
	for _, off := range p.s.cfg.Profile.NoFilter {
		if off == p.k.name+"."+f.name {
			return nil, badQuery("$filter at %d: %s cannot be used in a filter on this install", t.at, t.text)
		}
	}
	p.nodes++
	return f, nil
}

func (p *parser) function(name token) (node, *failure) {
	if bad := p.allow(name.at, name.text); bad != nil {
		return nil, bad
	}
	start := name.text == "startswith"
	usage := badQuery("$filter at %d: %s", name.at, map[bool]string{true: "startswith is written startswith(Field,'x')", false: "substringof is written substringof('x',Field)"}[start])
	open, first, comma, second, end := p.next(), p.next(), p.next(), p.next(), p.next()
	if open.text != "(" || comma.text != "," || end.text != ")" {
		return nil, usage
	}
	if !start {
		first, second = second, first
	}
	if first.kind != nameToken || second.kind != stringToken {
		return nil, usage
	}
	f, bad := p.field(first)
	if bad != nil {
		return nil, bad
	}
	if f.kind != textValue {
		return nil, badQuery("$filter at %d: %s takes text fields only, and %s is none", name.at, name.text, first.text)
	}
	if t := p.in[0]; t.kind == nameToken && t.text == "eq" { // substringof(...) eq true, as v3 clients write it
		p.next()
		if v := p.next(); v.text != "true" {
			return nil, badQuery("$filter at %d: a function can be compared with true only", v.at)
		}
	}
	return finds{f, strings.ToLower(second.text), start}, nil
}

func (p *parser) comparison(f *field) (node, *failure) {
	op := p.next()
	switch op.text {
	case "eq", "ne", "gt", "ge", "lt", "le":
	default:
		return nil, badQuery("$filter at %d: %q is not a comparison; there are eq, ne, gt, ge, lt, le", op.at, cut(op.text, 40))
	}
	if op.kind != nameToken {
		return nil, badQuery("$filter at %d: %q is not a comparison", op.at, cut(op.text, 40))
	}
	if bad := p.allow(op.at, op.text); bad != nil {
		return nil, bad
	}
	n := compares{f: f, op: op.text}
	v := p.next()
	wrong := badQuery("$filter at %d: %s cannot be compared with %s", v.at, f.wire, describe(v))
	switch f.kind {
	case textValue:
		if v.kind != stringToken {
			return nil, wrong
		}
		n.value = fold(v.text)
	case boolValue:
		if v.kind != nameToken || v.text != "true" && v.text != "false" || op.text != "eq" && op.text != "ne" {
			return nil, wrong
		}
		n.value = map[string]string{"true": "true"}[v.text]
	case moneyValue, numberValue, integerValue:
		plain, err := decimalOf(v.text, -1)
		if v.kind != numberToken || err != nil {
			return nil, wrong
		}
		n.num = ratOf(plain)
	default:
		if v.kind != dateToken {
			return nil, wrong
		}
		if bad := p.allow(v.at, "datetime"); bad != nil {
			return nil, bad
		}
		at, ok := dateLiteral(v.text)
		if !ok {
			return nil, badQuery("$filter at %d: datetime'%s' is not a date-time; it is written datetime'2026-11-20T00:00:00', without an offset", v.at, cut(v.text, 40))
		}
		n.value = at
	}
	p.nodes++
	return n, nil
}

// dateLiteral reads the inside of datetime'...', up to the tenth of a microsecond, without an offset.
func dateLiteral(text string) (string, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			out := t.Format(stampLayout)
			if fine := t.Nanosecond() % 1e6; fine > 0 {
				out = t.Format("2006-01-02T15:04:05.0000000")
			}
			return out, true
		}
	}
	return "", false
}

func describe(t token) string {
	switch t.kind {
	case stringToken:
		return "a text"
	case numberToken:
		return "a number"
	case dateToken:
		return "a date"
	case endToken:
		return "nothing"
	}
	return t.text
}
