package lighttest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cell is one comparable value of a record: a text or a number (moments are milliseconds), or null.
type cell struct {
	Null bool   `json:"z,omitempty"`
	Text string `json:"t,omitempty"`
	Num  int64  `json:"n,omitempty"`
}

func (a cell) compare(b cell) int {
	if a.Null || b.Null {
		return cmp.Compare(flag(!a.Null), flag(!b.Null)) // null first (?)
	}
	if c := cmp.Compare(a.Num, b.Num); c != 0 {
		return c
	}
	return strings.Compare(a.Text, b.Text)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

type columnKind int

const (
	textColumn columnKind = iota
	numberColumn
	momentColumn
	flagColumn
)

// column is a field that a list can filter or sort by.
type column[T any] struct {
	kind columnKind
	get  func(*Sim, *T) cell
	many func(*Sim, *T) []string // instead of get: any of these may match
}

func textOf[T any](get func(*T) Text) column[T] {
	return column[T]{get: func(_ *Sim, v *T) cell { t := get(v); return cell{Null: t == "", Text: string(t)} }}
}

func momentOf[T any](get func(*T) Stamp) column[T] {
	return column[T]{kind: momentColumn, get: func(_ *Sim, v *T) cell {
		at := get(v)
		if at.IsZero() {
			return cell{Null: true}
		}
		return cell{Num: at.UnixMilli()}
	}}
}

func numberOf[T any](get func(*T) *int64) column[T] {
	return column[T]{kind: numberColumn, get: func(_ *Sim, v *T) cell {
		n := get(v)
		if n == nil {
			return cell{Null: true}
		}
		return cell{Num: *n}
	}}
}

func flagOf[T any](get func(*T) bool) column[T] {
	return column[T]{kind: flagColumn, get: func(_ *Sim, v *T) cell { return cell{Text: strconv.FormatBool(get(v))} }}
}

func anyOf[T any](many func(*Sim, *T) []string) column[T] { return column[T]{many: many} }

// nothing is a documented filter field that no record of the simulator ever has a value for.
func nothing[T any]() column[T] {
	return column[T]{get: func(*Sim, *T) cell { return cell{Null: true} }}
}

// test makes one filter part a condition. Text compares exactly, case and all (?).
func (col column[T]) test(name, op, value string) (func(*Sim, *T) bool, *failure) {
	values := []string{value}
	if op == "in" || op == "not_in" {
		values = strings.Split(value, "|")
	}
	want := make([]cell, len(values))
	for i, v := range values {
		var bad *failure
		if want[i], bad = col.parse(name, v); bad != nil {
			return nil, bad
		}
	}
	equal := func(s *Sim, v *T) bool {
		if col.many != nil {
			return slices.ContainsFunc(col.many(s, v), func(has string) bool { return slices.Contains(values, has) })
		}
		got := col.get(s, v)
		return slices.ContainsFunc(want, func(w cell) bool { return got.compare(w) == 0 })
	}
	switch op {
	case "eq", "in":
		return equal, nil
	case "ne", "not_in":
		return func(s *Sim, v *T) bool { return !equal(s, v) }, nil
	}
	holds, ok := map[string]func(int) bool{
		"gt": func(c int) bool { return c > 0 }, "gte": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "lte": func(c int) bool { return c <= 0 },
	}[op]
	if !ok || col.many != nil {
		return nil, badRequest("filter", "operator %q is not available for %q", op, name)
	}
	return func(s *Sim, v *T) bool {
		got := col.get(s, v)
		return !got.Null && !want[0].Null && holds(got.compare(want[0]))
	}, nil
}

func (col column[T]) parse(name, value string) (cell, *failure) {
	if value == "null" {
		return cell{Null: true}, nil
	}
	switch col.kind {
	case numberColumn:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return cell{}, badRequest("filter", "%s: %q is not a whole number", name, value)
		}
		return cell{Num: n}, nil
	case momentColumn:
		for _, layout := range []string{time.RFC3339Nano, dayLayout} {
			if t, err := time.Parse(layout, value); err == nil {
				return momentCell(t), nil
			}
		}
		return cell{}, badRequest("filter", "%s: %q is not an RFC 3339 date-time", name, value)
	case flagColumn:
		if value != "true" && value != "false" {
			return cell{}, badRequest("filter", "%s: %q is not true or false", name, value)
		}
	}
	return cell{Text: value}, nil
}

// momentCell keeps what is finer than the milliseconds records have, so that gte of .0005 leaves out .000.
func momentCell(t time.Time) cell {
	c := cell{Num: t.UnixMilli()}
	if rest := t.Nanosecond() % 1e6; rest > 0 {
		c.Text = strconv.Itoa(rest)
	}
	return c
}
