package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one complaint about a document. Line and Column are 1-based and 0 where the document has no such place
// (a missing key has the place of what should hold it). Field is the path of the key: "fields[3].transform", counted
// from 0. Fix says what to write instead; it is "" only where Message says it already.
type Problem struct {
	Mapping      string
	Line, Column int
	Field        string
	Message      string
	Fix          string
}

// String is one line: line 12: fields[3].b: there is no field "customerID": did you mean customerId?
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Message)
	if p.Fix != "" {
		b.WriteString(": " + p.Fix)
	}
	return b.String()
}

// Problems are all complaints about a document, in the order of its lines. As an error it prints one a line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps {
		line := p.String()
		if p.Mapping != "" {
			line = p.Mapping + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// Err is nil when there is nothing to complain about, else the Problems themselves.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Mapping, b.Mapping), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(ps)
}

// Position is a place in the YAML, 1-based.
type Position struct{ Line, Column int }

// Positions tells where each key of a document stands, by path. The empty path is the document itself.
type Positions map[string]Position

// Of finds the place of a path, or of the nearest thing around it that has one.
func (ps Positions) Of(path string) Position {
	for {
		if at, ok := ps[path]; ok {
			return at
		}
		if path == "" {
			return Position{}
		}
		path = outer(path)
	}
}

// outer is the path of what holds a path, "" for the document.
func outer(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// complaints collects problems about one mapping.
type complaints struct {
	m    *Mapping
	list Problems
}

func (c *complaints) add(path, message, fix string) {
	at := c.m.Positions.Of(path)
	c.list = append(c.list, Problem{Mapping: c.m.Name, Line: at.Line, Column: at.Column, Field: path, Message: message, Fix: fix})
}

func (c *complaints) addf(path, fix, format string, args ...any) {
	c.add(path, fmt.Sprintf(format, args...), fix)
}
