package salesforce

import (
	"strconv"
	"strings"
	"time"
)

// column is a field's name as it may stand in a query. Columns come from a describe (schema.column) or are constants
// of this package; nothing else makes one, so that no text from outside becomes part of a query (S10).
type column string

// literal is a value as it may stand in a query, escaped by whoever made it.
type literal struct{ text string }

var quotes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// quoted makes a text literal. Backslash and quote are escaped (fact sheet 8); texts with control characters must be
// kept away by sayable.
func quoted(text string) literal {
	return literal{"'" + quotes.Replace(text) + "'"}
}

// instant makes a datetime literal, which stands without quotes.
func instant(t time.Time) literal { return literal{t.UTC().Format("2006-01-02T15:04:05.000Z")} }

var yes = literal{"TRUE"}

func quotedAll(texts []string) []literal {
	out := make([]literal, len(texts))
	for i, t := range texts {
		out[i] = quoted(t)
	}
	return out
}

// maxLiteral is the longest text in a WHERE clause (fact sheet 8).
const maxLiteral = 4000

// sayable tells whether a text can be a literal whatever reads it.
func sayable(text string) bool {
	return text != "" && len(text) <= maxLiteral && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}

// condition of a WHERE clause.
type condition interface{ write(b *strings.Builder) }

type compare struct {
	column   column
	operator string // one of the constants below
	value    literal
}

const (
	equal   = " = "
	greater = " > "
	atLeast = " >= "
	below   = " < "
)

func (c compare) write(b *strings.Builder) {
	b.WriteString(string(c.column) + c.operator + c.value.text)
}

type among struct {
	column column
	values []literal
}

func (c among) write(b *strings.Builder) {
	b.WriteString(string(c.column) + " IN (")
	for i, v := range c.values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.text)
	}
	b.WriteString(")")
}

// all and either join conditions with AND and OR, in parentheses.
type (
	all    []condition
	either []condition
)

func (c all) write(b *strings.Builder)    { joined(b, c, " AND ") }
func (c either) write(b *strings.Builder) { joined(b, c, " OR ") }

// fromQuery is a semi-join: the column's value is one that another query selects, of one reference.
type fromQuery struct {
	column column
	query  query
}

func (c fromQuery) write(b *strings.Builder) {
	b.WriteString(string(c.column) + " IN (" + c.query.String() + ")")
}

func joined(b *strings.Builder, list []condition, word string) {
	for i, c := range list {
		if i > 0 {
			b.WriteString(word)
		}
		switch c.(type) {
		case all, either:
			b.WriteString("(")
			c.write(b)
			b.WriteString(")")
		default:
			c.write(b)
		}
	}
}

// query is one SELECT. from is an object's name, by the rule for columns.
type query struct {
	fields []column
	from   column
	where  condition // nil: all rows
	order  []column
	limit  int
	bin    bool    // deleted, merged and archived rows too (queryAll)
	subs   []query // of child records, answered inside each row; their from is the relationship's name
}

// String writes the query.
func (q query) String() string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, f := range q.fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(f))
	}
	for _, sub := range q.subs {
		b.WriteString(", (" + sub.String() + ")")
	}
	b.WriteString(" FROM " + string(q.from))
	if q.where != nil {
		b.WriteString(" WHERE ")
		q.where.write(&b)
	}
	for i, f := range q.order {
		b.WriteString([]string{" ORDER BY ", ", "}[min(i, 1)] + string(f))
	}
	if q.limit > 0 {
		b.WriteString(" LIMIT " + strconv.Itoa(q.limit))
	}
	return b.String()
}
