package salespad

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// OData v3 as far as the sheet has it (fact sheet 4). An expr is made by the functions of this file alone, from columns that
// a checked profile names and from literals that are escaped here, so that no text from outside becomes part of a filter.
type expr string

// column is a field's name as it may stand in a filter; profiles are checked when they are loaded.
type column string

// literal is a value as it may stand in a filter.
type literal struct{ text string }

// quoted makes a text literal: a quote is doubled.
func quoted(text string) literal { return literal{"'" + strings.ReplaceAll(text, "'", "''") + "'"} }

// whole makes a literal of a whole number.
func whole(n int64) literal { return literal{strconv.FormatInt(n, 10)} }

// moment makes a date literal, at whole seconds rounded down: fractions are not known to be taken.
func moment(t time.Time) literal {
	return literal{"datetime'" + t.UTC().Format("2006-01-02T15:04:05") + "'"}
}

// sayable tells whether a text can be a literal whatever reads it.
func sayable(text string) bool {
	return text != "" && len(text) <= 500 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}

func equal(c column, l literal) expr   { return expr(string(c) + " eq " + l.text) }
func atLeast(c column, l literal) expr { return expr(string(c) + " ge " + l.text) }
func atMost(c column, l literal) expr  { return expr(string(c) + " le " + l.text) }
func above(c column, l literal) expr   { return expr(string(c) + " gt " + l.text) }

func all(parts ...expr) expr { return joined(parts, " and ") }
func either(parts ...expr) expr {
	if len(parts) < 2 {
		return joined(parts, "")
	}
	return "(" + joined(parts, " or ") + ")"
}

func joined(parts []expr, by string) expr {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(by)
		}
		b.WriteString(string(p))
	}
	return expr(b.String())
}

// keyIs asks for one record by its key.
func (o *Object) keyIs(parts []string) expr {
	var out []expr
	for i, p := range parts {
		out = append(out, equal(column(o.Key[i]), o.keyLiteral(i, p)))
	}
	return all(out...)
}

func (o *Object) keyLiteral(i int, part string) literal {
	if n, err := strconv.ParseInt(part, 10, 64); err == nil && o.numeric(o.Key[i]) {
		return whole(n)
	}
	return quoted(part)
}

// order is the key, for lists whose rows must not move between pages.
func (o *Object) order(first ...string) string { return strings.Join(append(first, o.Key...), ",") }

// query is what a list is asked.
type query struct {
	filter    expr
	order     string
	top, skip int
	count     bool
}

func (q query) values() url.Values {
	v := url.Values{}
	if q.filter != "" {
		v.Set("$filter", string(q.filter))
	}
	if q.order != "" {
		v.Set("$orderby", q.order)
	}
	if q.top > 0 {
		v.Set("$top", strconv.Itoa(q.top))
	}
	if q.skip > 0 {
		v.Set("$skip", strconv.Itoa(q.skip))
	}
	if q.count {
		v.Set("$inlinecount", "allpages")
	}
	return v
}

// chunks cuts alternatives into as many filters as a call can carry: by comparisons and by length of the query. each is how
// many comparisons one alternative has.
func (p *Profile) chunks(n, each int, say func(i int) expr) [][]int {
	most := max(p.Conditions/max(each, 1), 1)
	if !p.Or {
		most = 1
	}
	var out [][]int
	var part []int
	length := 0
	for i := range n {
		size := len(url.QueryEscape(string(say(i)))) + len("+or+")
		if len(part) > 0 && (len(part) == most || length+size > p.QueryLength-300) {
			out, part, length = append(out, part), nil, 0
		}
		part, length = append(part, i), length+size
	}
	if len(part) > 0 {
		out = append(out, part)
	}
	return out
}
