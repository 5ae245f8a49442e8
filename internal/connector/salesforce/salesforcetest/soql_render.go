package salesforcetest

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// renderer turns rows into answers; children counts the child rows it wrote, which
// count against the page size (section 4.1).
type renderer struct {
	p        *plan
	root     string // /services/data/v67.0
	user     string
	batch    int
	children int
}

func (s *Sim) attributes(root string, r *record) pairs {
	return pairs{{"type", r.o.Name}, {"url", root + "/sobjects/" + r.o.Name + "/" + r.id}}
}

func (n *renderer) row(r *record, st *state) pairs {
	out := pairs{{"attributes", n.p.s.attributes(n.root, r)}}
	return n.columns(out, n.p.columns, r, st)
}

func (n *renderer) columns(out pairs, columns []column, r *record, st *state) pairs {
	for _, c := range columns {
		switch {
		case c.parent != nil:
			out.add(c.key, n.parent(c.parent, r, st))
		case c.child != nil:
			out.add(c.key, n.child(c.child, r))
		case c.typeOf != nil:
			out.add(c.key, n.typeOf(c.typeOf, r, st))
		case c.path.f == nil:
			out.add(c.key, n.p.value(c.path, r, st))
		default:
			out.add(c.key, n.p.s.shown(r, st, c.path.f))
		}
	}
	return out
}

// shown is a field as answers show it: compound addresses are objects.
func (s *Sim) shown(r *record, st *state, f *Field) any {
	switch {
	case f.Type == "address":
		return s.address(r, st, strings.TrimSuffix(f.Name, "Address"))
	case f.Name == "PhotoUrl":
		return "/services/images/photo/" + r.id
	}
	return s.render(f, r.read(st, f))
}

// address is the compound value, null when every part is (section 15.5).
func (s *Sim) address(r *record, st *state, prefix string) any {
	var out pairs
	some := false
	for _, part := range []string{"City", "Country", "CountryCode", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "StateCode", "Street"} {
		f := r.o.field(prefix + part)
		if f == nil {
			continue
		}
		v := s.render(f, r.read(st, f))
		some = some || v != nil
		out.add(strings.ToLower(part[:1])+part[1:], v)
	}
	if !some {
		return nil
	}
	return out
}

func (n *renderer) parent(c *nested, r *record, st *state) any {
	up := n.p.s.at(asText(r.read(st, c.via)))
	if up == nil {
		return nil
	}
	seen := n.p.s.view(up, false)
	if seen == nil {
		return nil
	}
	kind := n.p.s.attributes(n.root, up)
	if c.poly {
		kind[0].value = "Name"
		kind[1].value = n.root + "/sobjects/" + up.o.Name + "/" + up.id
	}
	return n.columns(pairs{{"attributes", kind}}, c.columns, up, seen)
}

func (n *renderer) typeOf(t *typeOfPlan, r *record, st *state) any {
	up := n.p.s.at(asText(r.read(st, t.via)))
	if up == nil {
		return nil
	}
	seen := n.p.s.view(up, false)
	if seen == nil {
		return nil
	}
	out := pairs{{"attributes", n.p.s.attributes(n.root, up)}}
	if list, known := t.whens[up.o.Name]; known {
		for _, f := range list {
			out.add(f.Name, n.p.s.shown(up, seen, f))
		}
		return out
	}
	for _, name := range t.other {
		if f := up.o.field(name); f != nil && n.p.s.sees(n.user, f) {
			out.add(f.Name, n.p.s.shown(up, seen, f))
		}
	}
	return out
}

// child is a subquery's answer: null when empty, paged when large.
func (n *renderer) child(c *childPlan, r *record) any {
	sub := *c.plan
	is := &condition{op: "=", path: &path{f: c.via, name: c.via.Name}, values: []operand{{text: r.id, value: r.id}}}
	if sub.where != nil {
		is = &condition{op: "and", parts: []*condition{is, sub.where}}
	}
	sub.where = is
	list := sub.rows(false, false)
	if len(list) == 0 {
		return nil
	}
	a := n.p.s.page(&cursor{user: n.user, plan: &sub, rows: list, batch: n.batch}, 0, n.root)
	n.children += min(len(list), n.batch)
	return a
}

// aggregate answers GROUP BY and aggregates without one.
func (n *renderer) aggregate(list []sight) []pairs {
	var keys []string
	groups := map[string][]sight{}
	for _, x := range list {
		var b strings.Builder
		for _, g := range n.p.groups {
			b.WriteString(fold(asText(n.p.value(g, x.row, x.st))))
			b.WriteByte(0)
		}
		if _, known := groups[b.String()]; !known {
			keys = append(keys, b.String())
		}
		groups[b.String()] = append(groups[b.String()], x)
	}
	slices.Sort(keys)
	if len(n.p.groups) == 0 {
		keys = []string{""}
	}
	out := []pairs{}
	for _, key := range keys {
		row := pairs{{"attributes", pairs{{"type", "AggregateResult"}}}}
		for _, c := range n.p.columns {
			if c.aggregate == "" && len(groups[key]) > 0 {
				x := groups[key][0]
				row.add(c.key, n.p.s.render(c.path.f, n.p.value(c.path, x.row, x.st)))
				continue
			}
			row.add(c.key, n.total(c, groups[key]))
		}
		out = append(out, row)
	}
	return out
}

func (n *renderer) total(c column, list []sight) any {
	var values []any
	distinct := map[string]bool{}
	for _, x := range list {
		if v := n.p.value(c.path, x.row, x.st); v != nil {
			values = append(values, v)
			distinct[fold(asText(v))] = true
		}
	}
	switch c.aggregate {
	case "COUNT":
		return len(values)
	case "COUNT_DISTINCT":
		return len(distinct)
	}
	if len(values) == 0 {
		return nil
	}
	if c.aggregate == "MIN" || c.aggregate == "MAX" {
		o := ordering{desc: c.aggregate == "MAX"}
		slices.SortStableFunc(values, func(a, b any) int { return o.compare(sortKey(a), sortKey(b)) })
		return n.p.s.render(c.path.f, values[0])
	}
	sum := new(big.Rat)
	for _, v := range values {
		sum.Add(sum, rat(v))
	}
	if c.aggregate == "AVG" {
		sum.Quo(sum, big.NewRat(int64(len(values)), 1))
	}
	return n.p.s.render(&Field{Type: "double"}, json.Number(decimal(sum, 6)))
}
