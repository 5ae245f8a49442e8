package salesforcetest

import (
	"strconv"
	"strings"
)

// soqlQuery is a parsed SELECT.
type soqlQuery struct {
	text   string
	items  []selectItem
	from   string
	pos    int // of from
	alias  string
	where  *soqlExpr
	group  []soqlPath
	order  []soqlOrder
	limit  int // -1: none
	offset int
	count  bool // SELECT COUNT()
}

type soqlPath struct {
	text string
	pos  int
}

// selectItem is one of: a field, a child subquery, TYPEOF, an aggregate, FIELDS().
type selectItem struct {
	path      soqlPath
	sub       *soqlQuery
	typeOf    *soqlTypeOf
	aggregate string // COUNT, SUM ...
	alias     string
	fields    string // ALL, STANDARD, CUSTOM
}

type soqlTypeOf struct {
	path  soqlPath
	whens []soqlWhen
	other []soqlPath
}

type soqlWhen struct {
	object soqlPath
	fields []soqlPath
}

// soqlExpr is a condition: and, or, not with parts, or a comparison.
type soqlExpr struct {
	op     string // and, or, not, or the comparison operator
	parts  []*soqlExpr
	path   soqlPath
	values []soqlToken
	sub    *soqlQuery // semi-join
}

type soqlOrder struct {
	path      soqlPath
	desc      bool
	nullsLast bool
}

type soqlParser struct {
	text   string
	tokens []soqlToken
	at     int
}

func parseSOQL(text string) (*soqlQuery, *apiError) {
	if len(text) > 100_000 {
		return nil, fail(400, "MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters.")
	}
	tokens, e := lexSOQL(text)
	if e != nil {
		return nil, e
	}
	p := &soqlParser{text: text, tokens: tokens}
	q, e := p.query(0)
	if e != nil {
		return nil, e
	}
	if p.peek().kind != tokEnd {
		return nil, p.unexpected()
	}
	return q, nil
}

func (p *soqlParser) peek() soqlToken { return p.tokens[p.at] }

func (p *soqlParser) next() soqlToken {
	t := p.tokens[p.at]
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

func (p *soqlParser) accept(words ...string) bool {
	if p.peek().is(words...) {
		p.at++
		return true
	}
	return false
}

func (p *soqlParser) unexpected() *apiError {
	t := p.peek()
	if t.kind == tokEnd {
		return soqlError(p.text, t.pos, "MALFORMED_QUERY", "unexpected token: '<EOF>'")
	}
	return soqlError(p.text, t.pos, "MALFORMED_QUERY", "unexpected token: '%s'", t.text)
}

func (p *soqlParser) expect(word string) *apiError {
	if !p.accept(word) {
		return p.unexpected()
	}
	return nil
}

var reserved = []string{"SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "ORDER", "GROUP", "HAVING", "LIMIT", "OFFSET", "IN", "LIKE", "INCLUDES", "EXCLUDES", "NULL", "TRUE", "FALSE", "ASC", "DESC", "NULLS", "USING", "WITH", "FOR", "TYPEOF", "WHEN", "THEN", "ELSE", "END", "ALL"}

func (p *soqlParser) name() (soqlPath, *apiError) {
	t := p.peek()
	if t.kind != tokName || t.is(reserved...) {
		return soqlPath{}, p.unexpected()
	}
	p.at++
	return soqlPath{t.text, t.pos}, nil
}

func (p *soqlParser) query(depth int) (*soqlQuery, *apiError) {
	q := &soqlQuery{text: p.text, limit: -1}
	if e := p.expect("SELECT"); e != nil {
		return nil, e
	}
	for {
		item, e := p.item(q, depth)
		if e != nil {
			return nil, e
		}
		if !q.count {
			q.items = append(q.items, item)
		}
		if !p.accept(",") {
			break
		}
	}
	if e := p.expect("FROM"); e != nil {
		return nil, e
	}
	from, e := p.name()
	if e != nil {
		return nil, e
	}
	q.from, q.pos = from.text, from.pos
	p.accept("AS")
	if t := p.peek(); t.kind == tokName && !t.is(reserved...) {
		q.alias = p.next().text
	}
	return q, p.clauses(q)
}

func (p *soqlParser) clauses(q *soqlQuery) *apiError {
	var e *apiError
	if p.accept("WHERE") {
		if q.where, e = p.or(); e != nil {
			return e
		}
	}
	if p.accept("GROUP") {
		if e := p.expect("BY"); e != nil {
			return e
		}
		for {
			f, e := p.name()
			if e != nil {
				return e
			}
			q.group = append(q.group, f)
			if !p.accept(",") {
				break
			}
		}
	}
	if p.accept("ORDER") {
		if e := p.orderBy(q); e != nil {
			return e
		}
	}
	if p.accept("LIMIT") {
		if q.limit, e = p.whole(); e != nil {
			return e
		}
	}
	if p.accept("OFFSET") {
		if q.offset, e = p.whole(); e != nil {
			return e
		}
	}
	return nil
}

func (p *soqlParser) whole() (int, *apiError) {
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != tokNumber || err != nil || n < 0 {
		return 0, p.unexpected()
	}
	p.at++
	return n, nil
}

func (p *soqlParser) orderBy(q *soqlQuery) *apiError {
	if e := p.expect("BY"); e != nil {
		return e
	}
	for {
		f, e := p.name()
		if e != nil {
			return e
		}
		o := soqlOrder{path: f}
		if p.accept("DESC") {
			o.desc = true
		} else {
			p.accept("ASC")
		}
		if p.accept("NULLS") {
			switch {
			case p.accept("LAST"):
				o.nullsLast = true
			case !p.accept("FIRST"):
				return p.unexpected()
			}
		}
		q.order = append(q.order, o)
		if !p.accept(",") {
			return nil
		}
	}
}

func (p *soqlParser) item(q *soqlQuery, depth int) (selectItem, *apiError) {
	if p.accept("(") {
		sub, e := p.query(depth + 1)
		if e != nil {
			return selectItem{}, e
		}
		return selectItem{sub: sub}, p.expect(")")
	}
	if p.peek().is("TYPEOF") {
		return p.typeOf()
	}
	f, e := p.name()
	if e != nil {
		return selectItem{}, e
	}
	if !p.accept("(") {
		it := selectItem{path: f}
		if t := p.peek(); t.kind == tokName && !t.is(reserved...) {
			it.alias = p.next().text
		}
		return it, nil
	}
	return p.call(q, f)
}

// call reads COUNT(), FIELDS(ALL) and the aggregates; other functions of SOQL are
// not part of this simulator.
func (p *soqlParser) call(q *soqlQuery, f soqlPath) (selectItem, *apiError) {
	fn := strings.ToUpper(f.text)
	switch fn {
	case "FIELDS":
		which := p.next()
		if !which.is("ALL", "STANDARD", "CUSTOM") {
			return selectItem{}, soqlError(p.text, which.pos, "MALFORMED_QUERY", "FIELDS function must have ALL, STANDARD or CUSTOM as its argument")
		}
		return selectItem{fields: strings.ToUpper(which.text), path: f}, p.expect(")")
	case "COUNT":
		if p.accept(")") {
			q.count = true
			return selectItem{}, nil
		}
	case "COUNT_DISTINCT", "SUM", "MIN", "MAX", "AVG":
	default:
		return selectItem{}, soqlError(p.text, f.pos, "MALFORMED_QUERY", "unexpected token: '%s' (this function is not part of the simulator)", f.text)
	}
	arg, e := p.name()
	if e != nil {
		return selectItem{}, e
	}
	if e := p.expect(")"); e != nil {
		return selectItem{}, e
	}
	it := selectItem{aggregate: fn, path: arg}
	if t := p.peek(); t.kind == tokName && !t.is(reserved...) {
		it.alias = p.next().text
	}
	return it, nil
}

func (p *soqlParser) typeOf() (selectItem, *apiError) {
	p.next()
	path, e := p.name()
	if e != nil {
		return selectItem{}, e
	}
	t := &soqlTypeOf{path: path}
	for p.accept("WHEN") {
		object, e := p.name()
		if e != nil {
			return selectItem{}, e
		}
		if e := p.expect("THEN"); e != nil {
			return selectItem{}, e
		}
		list, e := p.names()
		if e != nil {
			return selectItem{}, e
		}
		t.whens = append(t.whens, soqlWhen{object, list})
	}
	if p.accept("ELSE") {
		if t.other, e = p.names(); e != nil {
			return selectItem{}, e
		}
	}
	return selectItem{typeOf: t}, p.expect("END")
}

func (p *soqlParser) names() ([]soqlPath, *apiError) {
	var out []soqlPath
	for {
		f, e := p.name()
		if e != nil {
			return nil, e
		}
		out = append(out, f)
		if !p.accept(",") {
			return out, nil
		}
	}
}

// or reads a condition. AND and OR on one level need parentheses, as the vendor
// demands.
func (p *soqlParser) or() (*soqlExpr, *apiError) {
	first, e := p.unary()
	if e != nil {
		return nil, e
	}
	out := first
	for p.peek().is("AND", "OR") {
		op := strings.ToLower(p.peek().text)
		if out != first && out.op != op {
			return nil, p.unexpected()
		}
		p.next()
		part, e := p.unary()
		if e != nil {
			return nil, e
		}
		if out == first {
			out = &soqlExpr{op: op, parts: []*soqlExpr{first}}
		}
		out.parts = append(out.parts, part)
	}
	return out, nil
}

func (p *soqlParser) unary() (*soqlExpr, *apiError) {
	if p.accept("NOT") {
		part, e := p.unary()
		if e != nil {
			return nil, e
		}
		return &soqlExpr{op: "not", parts: []*soqlExpr{part}}, nil
	}
	if p.accept("(") {
		x, e := p.or()
		if e != nil {
			return nil, e
		}
		return x, p.expect(")")
	}
	return p.comparison()
}

func (p *soqlParser) comparison() (*soqlExpr, *apiError) {
	path, e := p.name()
	if e != nil {
		return nil, e
	}
	x := &soqlExpr{path: path}
	t := p.next()
	switch {
	case t.is("=", "!=", "<>", "<", "<=", ">", ">=", "LIKE"):
		x.op = strings.ToLower(t.text)
		if x.op == "<>" {
			x.op = "!="
		}
		v, e := p.literal()
		x.values = []soqlToken{v}
		return x, e
	case t.is("IN", "INCLUDES", "EXCLUDES"):
		x.op = strings.ToLower(t.text)
	case t.is("NOT") && p.accept("IN"):
		x.op = "not in"
	default:
		p.at--
		return nil, p.unexpected()
	}
	if e := p.expect("("); e != nil {
		return nil, e
	}
	if p.peek().is("SELECT") && strings.HasSuffix(x.op, "in") {
		if x.sub, e = p.query(1); e != nil {
			return nil, e
		}
		return x, p.expect(")")
	}
	for {
		v, e := p.literal()
		if e != nil {
			return nil, e
		}
		x.values = append(x.values, v)
		if !p.accept(",") {
			return x, p.expect(")")
		}
	}
}

func (p *soqlParser) literal() (soqlToken, *apiError) {
	t := p.peek()
	switch {
	case t.kind == tokString, t.kind == tokNumber, t.kind == tokTime, t.is("NULL", "TRUE", "FALSE"):
		p.at++
		return t, nil
	case t.kind == tokName && dateLiteral(t.text):
		p.at++
		if p.accept(":") {
			n := p.peek()
			if _, e := p.whole(); e != nil {
				return t, e
			}
			t.text += ":" + n.text
		}
		return t, nil
	}
	return t, p.unexpected()
}
