package salesforcetest

import (
	"cmp"
	"encoding/json"
	"iter"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sight is a record as this reader sees it.
type sight struct {
	row *record
	st  *state
}

// rows gives the matching records in order; all includes deleted ones.
func (p *plan) rows(all, stale bool) []sight {
	var out []sight
	enough := -1
	var list iter.Seq[*record]
	if from, byStamp := p.stampOrder(); byStamp {
		list, enough = p.o.since(from), p.q.offset+p.q.limit
	} else {
		list = slices.Values(p.candidates())
	}
	for r := range list {
		if enough >= 0 && len(out) >= enough && (enough == 0 || r.stamp.After(out[len(out)-1].row.stamp)) {
			break // the rest cannot come before these
		}
		st := p.s.view(r, stale)
		if st == nil || st.purged || st.deleted && !all || !all && p.archived(r, st) {
			continue
		}
		if p.where == nil || p.test(p.where, r, st) {
			out = append(out, sight{r, st})
		}
	}
	p.sort(out)
	if p.q.offset > 0 {
		out = out[min(p.q.offset, len(out)):]
	}
	if p.q.limit >= 0 && p.q.limit < len(out) {
		out = out[:p.q.limit]
	}
	return out
}

// archived activities are seen by queryAll only (section 15.6).
func (p *plan) archived(r *record, st *state) bool {
	if p.o.Name != "Task" && p.o.Name != "Event" {
		return false
	}
	b, _ := r.read(st, p.o.must("IsArchived")).(bool)
	return b
}

// stampOrder says whether the rows can be taken in order of SystemModstamp until
// the limit is reached, and from when on: how a poller asks.
func (p *plan) stampOrder() (from time.Time, ok bool) {
	if len(p.order) == 0 || p.q.limit < 0 || len(p.s.hidden) > 0 || p.order[0].desc || len(p.order[0].path.via) > 0 || p.order[0].path.f == nil || p.order[0].path.f.sys != sysSystemModstamp {
		return from, false
	}
	return lowerBound(p.where), true
}

// lowerBound is the SystemModstamp that every match has at least.
func lowerBound(c *condition) (from time.Time) {
	switch {
	case c == nil:
	case c.op == "and":
		for _, part := range c.parts {
			if at := lowerBound(part); at.After(from) {
				from = at
			}
		}
	case c.op == "or":
		from = lowerBound(c.parts[0])
		for _, part := range c.parts[1:] {
			if at := lowerBound(part); at.Before(from) {
				from = at
			}
		}
	case c.path != nil && len(c.path.via) == 0 && c.path.f != nil && c.path.f.sys == sysSystemModstamp && (c.op == ">" || c.op == ">=" || c.op == "=") && len(c.values) == 1:
		at, err := time.Parse(stampForm, asText(c.values[0].value))
		if err == nil {
			from = at
		}
	}
	return from
}

// candidates narrows the search by an index where a top condition allows it.
// Records with an older version in sight are always looked at.
func (p *plan) candidates() []*record {
	list, narrowed := p.narrow(p.where)
	if !narrowed {
		return p.o.rows
	}
	if len(p.s.hidden) == 0 {
		return list
	}
	seen := map[*record]bool{}
	for _, r := range list {
		seen[r] = true
	}
	for _, r := range p.s.hidden {
		if r.o == p.o && !seen[r] {
			list = append(slices.Clip(list), r)
			seen[r] = true
		}
	}
	return list
}

func (p *plan) narrow(c *condition) ([]*record, bool) {
	if c == nil {
		return nil, false
	}
	if c.op == "and" {
		var best []*record
		found := false
		for _, part := range c.parts {
			if list, ok := p.narrow(part); ok && (!found || len(list) < len(best)) {
				best, found = list, true
			}
		}
		return best, found
	}
	if c.path == nil || len(c.path.via) > 0 || c.path.f == nil {
		return nil, false
	}
	f := c.path.f
	switch {
	case f.sys == sysSystemModstamp && (c.op == ">" || c.op == ">=") && len(c.values) == 1 && c.values[0].text != "":
		from, err := time.Parse(stampForm, asText(c.values[0].value))
		return slices.Collect(p.o.since(from)), err == nil
	case (f.sys == sysID || f.indexed) && c.ids != nil && c.op == "in":
		return p.having(f, sortedIDs(c.ids)), true
	case (f.sys == sysID || f.indexed) && (c.op == "=" || c.op == "in"):
		var values []string
		for _, v := range c.values {
			if v.null {
				return nil, false
			}
			values = append(values, asText(v.value))
		}
		return p.having(f, values), len(values) > 0 && c.path.kind() != "number"
	}
	return nil, false
}

func sortedIDs(ids map[string]bool) []string {
	out := make([]string, 0, len(ids))
	for id := range ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func (p *plan) having(f *Field, values []string) []*record {
	var out []*record
	seen := map[*record]bool{}
	for _, v := range values {
		for _, r := range p.s.lookup(p.o, f, v) {
			if !seen[r] {
				seen[r] = true
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b *record) int { return cmp.Compare(a.seq, b.seq) })
	return out
}

// value reads a path from a record.
func (p *plan) value(at *path, r *record, st *state) any {
	for _, via := range at.via {
		id := asText(r.read(st, via))
		next := p.s.at(id)
		if next == nil {
			return nil
		}
		if st = p.s.view(next, false); st == nil {
			return nil
		}
		r = next
	}
	f := at.f
	if f == nil {
		if at.name == "Type" {
			return r.o.Name
		}
		if f = r.o.field(at.name); f == nil || !p.s.sees(p.user, f) {
			return nil
		}
	}
	return r.read(st, f)
}

func (p *plan) test(c *condition, r *record, st *state) bool {
	switch {
	case c.op == "and":
		return !slices.ContainsFunc(c.parts, func(x *condition) bool { return !p.test(x, r, st) })
	case c.op == "or":
		return slices.ContainsFunc(c.parts, func(x *condition) bool { return p.test(x, r, st) })
	case c.op == "not":
		return !p.test(c.parts[0], r, st)
	}
	v := p.value(c.path, r, st)
	if c.ids != nil {
		return c.ids[asText(v)] == (c.op == "in")
	}
	if text, isText := v.(string); c.texts != nil && (isText || v == nil) {
		return (isText && c.texts[fold(text)]) == (c.op == "in")
	}
	switch c.op {
	case "in":
		return slices.ContainsFunc(c.values, func(o operand) bool { return matches("=", v, o) })
	case "not in":
		return !slices.ContainsFunc(c.values, func(o operand) bool { return matches("=", v, o) })
	case "includes", "excludes":
		hit := v != nil && slices.ContainsFunc(c.values, func(o operand) bool { return includes(asText(v), asText(o.value)) })
		return hit == (c.op == "includes")
	case "like":
		return v != nil && like(fold(asText(v)), fold(asText(c.values[0].value)))
	}
	return matches(c.op, v, c.values[0])
}

// includes says whether a multi-select value holds all parts of "a;b".
func includes(value, want string) bool {
	have := strings.Split(fold(value), ";")
	for part := range strings.SplitSeq(fold(want), ";") {
		if !slices.Contains(have, part) {
			return false
		}
	}
	return true
}

func matches(op string, v any, o operand) bool {
	if o.null {
		switch op {
		case "=":
			return v == nil
		case "!=":
			return v != nil
		}
		return false
	}
	if v == nil {
		return op == "!="
	}
	if o.from != "" {
		return inRange(op, asText(v), o)
	}
	n := compareTo(v, o)
	switch op {
	case "=":
		return n == 0
	case "!=":
		return n != 0
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	}
	return n >= 0
}

// inRange compares with a date literal, which is a span.
func inRange(op, v string, o operand) bool {
	switch op {
	case "=":
		return v >= o.from && v < o.to
	case "!=":
		return v < o.from || v >= o.to
	case "<":
		return v < o.from
	case "<=":
		return v < o.to
	case ">":
		return v >= o.to
	}
	return v >= o.from
}

func compareTo(v any, o operand) int {
	switch v := v.(type) {
	case json.Number:
		if n, isRat := o.value.(*big.Rat); isRat {
			return rat(v).Cmp(n)
		}
	case bool:
		if v == o.value {
			return 0
		}
		return 1
	case string:
		return strings.Compare(fold(v), fold(o.text))
	}
	return strings.Compare(fold(asText(v)), o.text)
}

// like matches a folded LIKE pattern: % any text, _ one character, both escapable.
func like(text, pattern string) bool {
	t, pat := []rune(text), []rune(pattern)
	var match func(i, j int) bool
	match = func(i, j int) bool {
		for j < len(pat) {
			switch {
			case pat[j] == '%':
				for k := i; k <= len(t); k++ {
					if match(k, j+1) {
						return true
					}
				}
				return false
			case pat[j] == '\\' && j+1 < len(pat):
				j++
				fallthrough
			default:
				if i >= len(t) || pat[j] != t[i] && (pat[j] != '_' || j > 0 && pat[j-1] == '\\') {
					return false
				}
				i, j = i+1, j+1
			}
		}
		return i == len(t)
	}
	return match(0, 0)
}

// sort orders the rows; nulls come first unless NULLS LAST (also with DESC).
// Without ORDER BY they are in order of creation (inferred: the vendor promises none).
func (p *plan) sort(out []sight) {
	if len(p.order) == 0 {
		return
	}
	type keyed struct {
		keys []any
		s    sight
	}
	list := make([]keyed, len(out))
	for i, x := range out {
		list[i].s = x
		list[i].keys = make([]any, len(p.order))
		for j, o := range p.order {
			list[i].keys[j] = sortKey(p.value(o.path, x.row, x.st))
		}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		for j, o := range p.order {
			if n := o.compare(a.keys[j], b.keys[j]); n != 0 {
				return n
			}
		}
		return cmp.Compare(a.s.row.seq, b.s.row.seq)
	})
	for i := range list {
		out[i] = list[i].s
	}
}

func sortKey(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ToLower(v)
	case bool:
		if v {
			return 1.0
		}
		return 0.0
	case json.Number:
		if len(v) < 16 {
			f, err := strconv.ParseFloat(v.String(), 64)
			if err == nil {
				return f
			}
		}
		return rat(v)
	}
	return nil
}

func (o ordering) compare(a, b any) int {
	if a == nil || b == nil {
		switch {
		case a == nil && b == nil:
			return 0
		case (a == nil) == o.nullsLast:
			return 1
		}
		return -1
	}
	n := 0
	switch x := a.(type) {
	case string:
		n = strings.Compare(x, b.(string)) // keys of one column are of one kind
	case float64:
		if y, isFloat := b.(float64); isFloat {
			n = cmp.Compare(x, y)
		} else {
			n = new(big.Rat).SetFloat64(x).Cmp(b.(*big.Rat))
		}
	case *big.Rat:
		if y, isFloat := b.(float64); isFloat {
			n = x.Cmp(new(big.Rat).SetFloat64(y))
		} else {
			n = x.Cmp(b.(*big.Rat))
		}
	}
	if o.desc {
		return -n
	}
	return n
}
