package salespadtest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// reader is one row as a list sees it.
type reader interface {
	value(field string) string
	userValue(name string) string
	key() string
}

// row is one stored record.
type row struct {
	id   string // the trimmed key parts, joined by "|"
	vals map[string]string
	user map[string]string
}

func (r *row) value(field string) string    { return r.vals[field] }
func (r *row) userValue(name string) string { return r.user[name] }
func (r *row) key() string                  { return r.id }

func (r *row) copy() *row {
	return &row{r.id, maps.Clone(r.vals), maps.Clone(r.user)}
}

// joined is a row that shows the fields of two: the first one's where it has them, the second's otherwise.
type joined struct {
	first, second reader
	own           []string // the fields of the first
}

func (j joined) value(field string) string {
	if slices.Contains(j.own, field) {
		return j.first.value(field)
	}
	if j.second == nil {
		return ""
	}
	return j.second.value(field)
}

func (j joined) userValue(string) string { return "" }

func (j joined) key() string {
	if j.second == nil {
		return j.first.key() + "|"
	}
	return j.second.key()
}

// table holds the rows of one resource in the order they were made.
type table struct {
	rows    []*row
	byKey   map[string]*row // by folded key
	index   map[string]map[string][]*row
	version uint64
}

func newTable(indexed ...string) *table {
	t := &table{byKey: map[string]*row{}, index: map[string]map[string][]*row{}}
	for _, name := range indexed {
		t.index[name] = map[string][]*row{}
	}
	return t
}

// keyOf joins key parts as Record.Key has them.
func keyOf(parts ...string) string {
	for i := range parts {
		parts[i] = strings.TrimRight(parts[i], " ")
	}
	return strings.Join(parts, "|")
}

func foldKey(key string) string {
	parts := strings.Split(key, "|")
	for i := range parts {
		parts[i] = fold(parts[i])
	}
	return strings.Join(parts, "|")
}

func (t *table) get(key string) *row { return t.byKey[foldKey(key)] }

func (t *table) add(r *row) {
	t.version++
	t.rows = append(t.rows, r)
	t.byKey[foldKey(r.id)] = r
	for name := range t.index {
		v := fold(r.vals[name])
		t.index[name][v] = append(t.index[name][v], r)
	}
}

// set changes fields of a row.
func (t *table) set(r *row, vals, user map[string]string) {
	t.version++
	for name := range t.index {
		old, given := r.vals[name], false
		next, given := vals[name]
		if given && fold(next) != fold(old) {
			from := t.index[name][fold(old)]
			t.index[name][fold(old)] = slices.DeleteFunc(from, func(other *row) bool { return other == r })
			t.index[name][fold(next)] = append(t.index[name][fold(next)], r)
		}
	}
	assign(&r.vals, vals)
	assign(&r.user, user)
}

// assign writes values; empty ones are not kept.
func assign(to *map[string]string, from map[string]string) {
	if *to == nil {
		*to = map[string]string{}
	}
	for name, v := range from {
		if v == "" {
			delete(*to, name)
		} else {
			(*to)[name] = v
		}
	}
}

func (t *table) remove(r *row) {
	t.version++
	t.rows = slices.DeleteFunc(t.rows, func(other *row) bool { return other == r })
	delete(t.byKey, foldKey(r.id))
	for name := range t.index {
		v := fold(r.vals[name])
		t.index[name][v] = slices.DeleteFunc(t.index[name][v], func(other *row) bool { return other == r })
	}
}

// having gives the rows with a value in an indexed field.
func (t *table) having(field, value string) []*row { return t.index[field][fold(value)] }

func readers(rows []*row) []reader {
	out := make([]reader, len(rows))
	for i, r := range rows {
		out[i] = r
	}
	return out
}

// touch moves DEX_ROW_TS of a row: never back, never twice the same.
func touch(r *row, vals map[string]string, now time.Time) {
	at := sqlMillis(now.UTC())
	if old, err := time.Parse(stampLayout, r.vals["DEX_ROW_TS"]); err == nil && !at.After(old) {
		at = sqlMillis(old.Add(4 * time.Millisecond))
	}
	vals["DEX_ROW_TS"] = stampText(at)
}
