package salesforcetest

import (
	"slices"
	"strings"
	"time"
)

// plan is a query bound to the schema as the user sees it.
type plan struct {
	s       *Sim
	q       *soqlQuery
	o       *object
	user    string
	columns []column
	where   *condition
	order   []ordering
	groups  []*path
}

// column is one thing to answer for a row.
type column struct {
	key       string
	path      *path // a field of the row itself: one step
	parent    *nested
	child     *childPlan
	typeOf    *typeOfPlan
	aggregate string
}

// nested is a parent and the columns of it.
type nested struct {
	via     *Field
	columns []column
	poly    bool // several targets: values go by name
}

type childPlan struct {
	via  *Field
	plan *plan
}

type typeOfPlan struct {
	via   *Field
	whens map[string][]*Field
	other []string
}

// path is a field, reached over parents.
type path struct {
	via  []*Field // reference fields on the way
	f    *Field   // nil for fields of a polymorphic parent
	name string   // canonical name of the last step
}

type ordering struct {
	path      *path
	desc      bool
	nullsLast bool
}

// condition is a bound soqlExpr.
type condition struct {
	op     string
	parts  []*condition
	path   *path
	values []operand
	ids    map[string]bool // of a semi-join
	texts  map[string]bool // of a list: its values, folded; nil where one of them is no text to compare with
}

type operand struct {
	null     bool
	text     string // folded, for texts
	value    any
	from, to string // of a date literal
}

func (s *Sim) bind(q *soqlQuery, user string) (*plan, *apiError) {
	o := s.object(q.from)
	if o == nil || !o.queryable || !s.may(user, o) {
		return nil, soqlError(q.text, q.pos, "INVALID_TYPE", "sObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.", q.from)
	}
	return s.bindTo(q, o, user)
}

func (s *Sim) bindTo(q *soqlQuery, o *object, user string) (*plan, *apiError) {
	p := &plan{s: s, q: q, o: o, user: user}
	if e := p.bindFields(); e != nil {
		return nil, e
	}
	if q.where != nil {
		c, e := p.bindExpr(q.where)
		if e != nil {
			return nil, e
		}
		p.where = c
	}
	for _, ord := range q.order {
		if e := p.bindOrder(ord); e != nil {
			return nil, e
		}
	}
	if q.offset > 2000 {
		return nil, fail(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
	}
	return p, nil
}

func (p *plan) bindOrder(ord soqlOrder) *apiError {
	at, e := p.resolve(ord.path)
	if e != nil {
		return e
	}
	if at.f != nil && at.f.Unfilterable {
		return soqlError(p.q.text, ord.path.pos, "MALFORMED_QUERY", "field '%s' can not be sorted in a query call", at.name)
	}
	p.order = append(p.order, ordering{at, ord.desc, ord.nullsLast})
	return nil
}

func (p *plan) bindFields() *apiError {
	q := p.q
	for _, g := range q.group {
		at, e := p.resolve(g)
		if e != nil {
			return e
		}
		p.groups = append(p.groups, at)
	}
	seen := map[string]bool{}
	for _, it := range q.items {
		if e := p.bindItem(it, seen); e != nil {
			return e
		}
	}
	return nil
}

func (p *plan) bindItem(it selectItem, seen map[string]bool) *apiError {
	switch {
	case it.fields != "":
		return p.bindAll(it)
	case it.sub != nil:
		return p.bindChild(it.sub)
	case it.typeOf != nil:
		return p.bindTypeOf(it.typeOf)
	case it.aggregate != "":
		return p.bindAggregate(it)
	}
	at, e := p.resolve(it.path)
	if e != nil {
		return e
	}
	key := ""
	for _, f := range at.via {
		key += f.Relationship + "."
	}
	key += at.name
	if seen[key] {
		return soqlError(p.q.text, it.path.pos, "INVALID_FIELD", "duplicate field selected: %s", key)
	}
	seen[key] = true
	if len(p.groups) > 0 && !p.grouped(at) {
		return soqlError(p.q.text, it.path.pos, "MALFORMED_QUERY", "Field must be grouped or aggregated: %s", key)
	}
	place(&p.columns, at.via, at)
	return nil
}

func (p *plan) grouped(at *path) bool {
	return slices.ContainsFunc(p.groups, func(g *path) bool { return g.name == at.name && slices.Equal(g.via, at.via) })
}

// place files a path under its parents' columns.
func place(columns *[]column, via []*Field, at *path) {
	if len(via) == 0 {
		*columns = append(*columns, column{key: at.name, path: &path{f: at.f, name: at.name}})
		return
	}
	for i := range *columns {
		if c := &(*columns)[i]; c.parent != nil && c.parent.via == via[0] {
			place(&c.parent.columns, via[1:], at)
			return
		}
	}
	n := &nested{via: via[0], poly: at.f == nil && len(via) == 1}
	*columns = append(*columns, column{key: via[0].Relationship, parent: n})
	place(&n.columns, via[1:], at)
}

func (p *plan) bindAggregate(it selectItem) *apiError {
	at, e := p.resolve(it.path)
	if e != nil {
		return e
	}
	key := it.alias
	if key == "" {
		n := 0
		for _, c := range p.columns {
			if strings.HasPrefix(c.key, "expr") {
				n++
			}
		}
		key = "expr" + number(n).String()
	}
	p.columns = append(p.columns, column{key: key, path: at, aggregate: it.aggregate})
	return nil
}

func (p *plan) bindAll(it selectItem) *apiError {
	if it.fields != "STANDARD" && (p.q.limit < 0 || p.q.limit > 200) {
		return fail(400, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
	}
	for _, f := range p.o.fields {
		if !p.s.sees(p.user, f) || it.fields == "CUSTOM" && !f.custom() || it.fields == "STANDARD" && f.custom() {
			continue
		}
		place(&p.columns, nil, &path{f: f, name: f.Name})
	}
	return nil
}

// bindChild binds a subquery; its FROM names a relationship of this object.
func (p *plan) bindChild(q *soqlQuery) *apiError {
	for _, o := range p.s.order {
		for _, f := range o.fields {
			if f.ChildRelationship == "" || !strings.EqualFold(f.ChildRelationship, q.from) || !f.mayPointTo(p.o.Name) {
				continue
			}
			child, e := p.s.bindTo(q, o, p.user)
			if e != nil {
				return e
			}
			p.columns = append(p.columns, column{key: f.ChildRelationship, child: &childPlan{f, child}})
			return nil
		}
	}
	return soqlError(q.text, q.pos, "INVALID_TYPE", "Didn't understand relationship '%s' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", q.from)
}

func (p *plan) bindTypeOf(t *soqlTypeOf) *apiError {
	via := p.relationship(p.o, t.path.text)
	if via == nil {
		return p.noRelationship(t.path, t.path.text)
	}
	out := &typeOfPlan{via: via, whens: map[string][]*Field{}}
	for _, w := range t.whens {
		o := p.s.object(w.object.text)
		if o == nil || !via.mayPointTo(o.Name) {
			return soqlError(p.q.text, w.object.pos, "INVALID_TYPE", "sObject type '%s' is not supported in TYPEOF %s", w.object.text, via.Relationship)
		}
		list := []*Field{}
		for _, name := range w.fields {
			f := o.field(name.text)
			if f == nil || !p.s.sees(p.user, f) {
				return p.noColumn(name, o.Name, name.text)
			}
			list = append(list, f)
		}
		out.whens[o.Name] = list
	}
	for _, name := range t.other {
		out.other = append(out.other, name.text)
	}
	p.columns = append(p.columns, column{key: via.Relationship, typeOf: out})
	return nil
}

func (p *plan) relationship(o *object, name string) *Field {
	for _, f := range o.fields {
		if f.Relationship != "" && strings.EqualFold(f.Relationship, name) && p.s.sees(p.user, f) {
			return f
		}
	}
	return nil
}

func (p *plan) noRelationship(at soqlPath, name string) *apiError {
	return soqlError(p.q.text, at.pos, "INVALID_FIELD", "Didn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", name)
}

func (p *plan) noColumn(at soqlPath, object, name string) *apiError {
	return soqlError(p.q.text, at.pos, "INVALID_FIELD", "No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.", name, object)
}

// polyNames are what a parent of several kinds answers (the Name object).
var polyNames = []string{"Id", "Name", "Type", "FirstName", "LastName", "Email", "Phone", "Title", "Username", "Alias", "IsActive"}

// resolve finds a field, over at most five parents (section 8).
func (p *plan) resolve(at soqlPath) (*path, *apiError) {
	steps := strings.Split(at.text, ".")
	if len(steps) > 1 && (strings.EqualFold(steps[0], p.q.alias) || strings.EqualFold(steps[0], p.o.Name) && p.relationship(p.o, steps[0]) == nil) {
		steps = steps[1:]
	}
	out, o := &path{}, p.o
	if len(steps) > 6 {
		return nil, soqlError(p.q.text, at.pos, "MALFORMED_QUERY", "only 5 levels of parents are allowed: %s", at.text)
	}
	for i, step := range steps {
		if i == len(steps)-1 {
			f := o.field(step)
			if f == nil || !p.s.sees(p.user, f) {
				return nil, p.noColumn(at, o.Name, step)
			}
			out.f, out.name = f, f.Name
			return out, nil
		}
		via := p.relationship(o, step)
		if via == nil {
			return nil, p.noRelationship(at, step)
		}
		out.via = append(out.via, via)
		if len(via.ReferenceTo) > 1 {
			return p.resolvePoly(at, out, steps[i+1:])
		}
		if o = p.s.object(via.ReferenceTo[0]); o == nil {
			return nil, p.noRelationship(at, step)
		}
	}
	return nil, p.noColumn(at, o.Name, at.text)
}

func (p *plan) resolvePoly(at soqlPath, out *path, rest []string) (*path, *apiError) {
	if len(rest) == 1 {
		for _, name := range polyNames {
			if strings.EqualFold(name, rest[0]) {
				out.name = name
				return out, nil
			}
		}
	}
	return nil, p.noColumn(at, "Name", strings.Join(rest, "."))
}

func (p *plan) bindExpr(x *soqlExpr) (*condition, *apiError) {
	c := &condition{op: x.op}
	for _, part := range x.parts {
		b, e := p.bindExpr(part)
		if e != nil {
			return nil, e
		}
		c.parts = append(c.parts, b)
	}
	if len(x.parts) > 0 {
		return c, nil
	}
	at, e := p.resolve(x.path)
	if e != nil {
		return nil, e
	}
	c.path = at
	if at.f != nil && (at.f.Unfilterable || at.f.Type == "address") {
		return nil, soqlError(p.q.text, x.path.pos, "INVALID_FIELD", "field '%s' can not be filtered in a query call", at.name)
	}
	if x.sub != nil {
		return c, p.bindSemiJoin(c, x)
	}
	for _, v := range x.values {
		op, e := p.operand(x, at, v)
		if e != nil {
			return nil, e
		}
		c.values = append(c.values, op)
	}
	if c.op == "in" || c.op == "not in" {
		c.texts = textsOf(c.values)
	}
	return c, p.checkOperator(x, at)
}

// textsOf lets a list of hundreds be compared with each record of a large org at once, and not one by one.
func textsOf(values []operand) map[string]bool {
	out := make(map[string]bool, len(values))
	for _, v := range values {
		if v.null || v.from != "" {
			return nil
		}
		out[fold(v.text)] = true
	}
	return out
}

func (p *plan) checkOperator(x *soqlExpr, at *path) *apiError {
	kind := at.kind()
	bad := false
	switch x.op {
	case "like":
		bad = kind != "text"
	case "includes", "excludes":
		bad = at.f == nil || at.f.Type != "multipicklist"
	case "<", "<=", ">", ">=":
		bad = kind == "boolean" || at.f != nil && at.f.Type == "multipicklist"
	}
	if bad {
		return soqlError(p.q.text, x.path.pos, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on field '%s': %s", at.name, strings.ToUpper(x.op))
	}
	return nil
}

func (p *plan) bindSemiJoin(c *condition, x *soqlExpr) *apiError {
	inner, e := p.s.bind(x.sub, p.user)
	if e != nil {
		return e
	}
	if len(inner.columns) != 1 || inner.columns[0].path == nil || c.path.kind() != "id" {
		return soqlError(p.q.text, x.path.pos, "MALFORMED_QUERY", "a semi join must select one id field and compare it with one")
	}
	c.ids = map[string]bool{}
	for _, r := range inner.rows(false, false) {
		if v := asText(r.row.read(r.st, inner.columns[0].path.f)); v != "" {
			c.ids[v] = true
		}
	}
	return nil
}

// kind groups field types by how literals for them look.
func (at *path) kind() string {
	if at.f == nil {
		if at.name == "Id" {
			return "id"
		}
		return "text"
	}
	switch {
	case at.f.Type == "id" || at.f.Type == "reference":
		return "id"
	case at.f.Type == "boolean", at.f.Type == "date", at.f.Type == "datetime":
		return at.f.Type
	case at.f.number():
		return "number"
	}
	return "text"
}

// operand checks that a literal fits the field, with the vendor's words.
func (p *plan) operand(x *soqlExpr, at *path, v soqlToken) (operand, *apiError) {
	if v.is("NULL") {
		return operand{null: true}, nil
	}
	wrong := func(kind, quotes string) (operand, *apiError) {
		return operand{}, soqlError(p.q.text, x.path.pos, "INVALID_FIELD", "value of filter criterion for field '%s' must be of type %s and should %sbe enclosed in quotes", at.name, kind, quotes)
	}
	switch at.kind() {
	case "boolean":
		if !v.is("TRUE", "FALSE") {
			return wrong("boolean", "not ")
		}
		return operand{value: v.is("TRUE")}, nil
	case "number":
		n, valid := parseNumber(v.text)
		if v.kind != tokNumber || !valid {
			return wrong("double", "not ")
		}
		return operand{value: n}, nil
	case "date", "datetime":
		return p.timeOperand(at, v, wrong)
	case "id":
		if v.kind != tokString {
			return wrong("ID", "")
		}
		full, valid := ID18(v.text)
		if !valid {
			return operand{}, soqlError(p.q.text, v.pos, "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: %s", v.text)
		}
		return operand{text: full, value: full}, nil
	}
	if v.kind != tokString {
		return wrong("string", "")
	}
	return operand{text: fold(v.text), value: v.text}, nil
}

func (p *plan) timeOperand(at *path, v soqlToken, wrong func(string, string) (operand, *apiError)) (operand, *apiError) {
	kind := at.kind()
	form := map[string]string{"date": dateForm, "datetime": stampForm}[kind]
	if v.kind == tokName {
		from, to, valid := dateRange(v.text, time.Now().UTC())
		if !valid {
			return operand{}, soqlError(p.q.text, v.pos, "MALFORMED_QUERY", "unexpected token: '%s'", v.text)
		}
		return operand{from: from.Format(form), to: to.Format(form)}, nil
	}
	if v.kind != tokTime || (kind == "date") == strings.ContainsAny(v.text, "Tt") {
		return wrong(map[string]string{"date": "date", "datetime": "dateTime"}[kind], "not ")
	}
	f := &Field{Name: at.name, Type: kind}
	raw, _ := marshal(strings.ToUpper(v.text)) // a string always marshals
	value, e := convert(f, raw, false)
	if e != nil {
		return wrong(map[string]string{"date": "date", "datetime": "dateTime"}[kind], "not ")
	}
	return operand{value: value, text: asText(value)}, nil
}
