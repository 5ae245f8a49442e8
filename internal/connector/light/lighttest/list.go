package lighttest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// page is the envelope of every list (fact sheet, section 2).
type page struct {
	Records    []any  `json:"records"`
	HasMore    bool   `json:"hasMore"`
	Total      *int64 `json:"total"`
	NextCursor Text   `json:"nextCursor"`
	PrevCursor Text   `json:"prevCursor"`
}

const (
	defaultLimit = 50
	maxLimit     = 200
	maxSorts     = 3 // more sort fields are refused; Light names no number
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

// listing says what one list can do.
type listing[T any] struct {
	filters map[string]column[T]
	sorts   map[string]column[T]
	id      func(*T) string
	search  func(*T) []Text // nil: the list has no searchTerm
	born    func(*T) Stamp  // the default order
}

// entry is one record on its way into a page.
type entry[T any] struct {
	rec  *T
	keys [maxSorts]cell
	id   string
}

// query is a list request after checking.
type query[T any] struct {
	listing[T]
	tests  []func(*Sim, *T) bool
	sorts  []ordering[T]
	limit  int
	offset int
	cursor *position // nil in offset mode
	digest uint64
}

type ordering[T any] struct {
	by   column[T]
	desc bool
}

// position is what a cursor says: after (or before) the record with these sort values. It does not count records, so
// records that arrive while somebody pages shift nothing.
type position struct {
	Query uint64 `json:"q"`
	Keys  []cell `json:"k,omitempty"`
	ID    string `json:"i,omitempty"`
	Back  bool   `json:"b,omitempty"`
}

// listRows answers a list of table records, each as a reader sees it.
func listRows[T any](s *Sim, c *call, t *table[T], l listing[T], view func(*T) any) (any, *failure) {
	q, bad := parseQuery(c, l)
	if bad != nil {
		return nil, bad
	}
	return q.answer(s, view, func(yield func(*T) bool) {
		for _, r := range t.rows {
			if s.cfg.ListLag > 0 && c.now.Sub(r.born) < s.cfg.ListLag {
				continue
			}
			if !yield(seen(s, r, c.now)) {
				return
			}
		}
	})
}

// listSlice answers a list of reference data.
func listSlice[T any](s *Sim, c *call, all []*T, l listing[T], view func(*T) any) (any, *failure) {
	q, bad := parseQuery(c, l)
	if bad != nil {
		return nil, bad
	}
	return q.answer(s, view, slices.Values(all))
}

func parseQuery[T any](c *call, l listing[T]) (*query[T], *failure) {
	raw := c.request.URL.Query()
	q := &query[T]{listing: l, limit: defaultLimit}
	var bad *failure
	if raw.Has("limit") {
		if q.limit, bad = count("limit", raw.Get("limit"), 1, maxLimit); bad != nil {
			return nil, bad
		}
	}
	if bad := q.parseSort(raw.Get("sort")); bad != nil {
		return nil, bad
	}
	if bad := q.parseFilter(raw.Get("filter")); bad != nil {
		return nil, bad
	}
	term := ""
	if l.search != nil && raw.Get("searchTerm") != "" {
		term = strings.ToLower(raw.Get("searchTerm"))
		q.tests = append(q.tests, func(_ *Sim, v *T) bool {
			return slices.ContainsFunc(l.search(v), func(t Text) bool { return strings.Contains(strings.ToLower(string(t)), term) })
		})
	}
	q.digest = hash(c.request.URL.Path, raw.Get("sort"), raw.Get("filter"), term)
	if raw.Has("cursor") {
		return q, q.parseCursor(raw.Get("cursor"))
	}
	if raw.Has("offset") {
		q.offset, bad = count("offset", raw.Get("offset"), 0, 1<<31)
	}
	return q, bad
}

func count(name, value string, low, high int) (int, *failure) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, badRequest(name, "must be a whole number from %d to %d", low, high)
	}
	return n, nil
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p + "\x00")) // a hash never returns an error
	}
	return h.Sum64()
}

// parseSort reads field:asc,field2:desc. Without it the order is creation (?).
func (q *query[T]) parseSort(sorts string) *failure {
	if sorts == "" {
		q.sorts = []ordering[T]{{by: momentOf(q.born)}}
		return nil
	}
	for _, part := range strings.Split(sorts, ",") {
		name, direction, ok := strings.Cut(part, ":")
		by, known := q.listing.sorts[name]
		if !known {
			return badRequest("sort", "cannot sort by %q", name)
		}
		if !ok || direction != "asc" && direction != "desc" {
			return badRequest("sort", "%q: the direction must be asc or desc", part)
		}
		q.sorts = append(q.sorts, ordering[T]{by, direction == "desc"})
	}
	if len(q.sorts) > maxSorts {
		return badRequest("sort", "at most %d sort fields", maxSorts)
	}
	return nil
}

// parseFilter reads field:op:value,field2:op:value. A comma always ends a part and only the first two colons divide
// one, because Light publishes no escape (?).
func (q *query[T]) parseFilter(filter string) *failure {
	if filter == "" {
		return nil
	}
	for _, part := range strings.Split(filter, ",") {
		pieces := strings.SplitN(part, ":", 3)
		if len(pieces) != 3 {
			return badRequest("filter", "%q is not field:operator:value", part)
		}
		col, known := q.filters[pieces[0]]
		if !known {
			return badRequest("filter", "cannot filter by %q", pieces[0])
		}
		test, bad := col.test(pieces[0], pieces[1], pieces[2])
		if bad != nil {
			return bad
		}
		q.tests = append(q.tests, test)
	}
	return nil
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

func (q *query[T]) parseCursor(raw string) *failure {
	q.cursor = &position{Query: q.digest}
	if raw == "0" {
		return nil
	}
	bytes, err := base64.RawURLEncoding.DecodeString(raw)
	if err == nil {
		err = json.Unmarshal(bytes, q.cursor)
	}
	if err != nil || q.cursor.Query != q.digest || len(q.cursor.Keys) != len(q.sorts) {
		return badRequest("cursor", "the cursor does not belong to this list, filter and sort")
	}
	return nil
}

func (q *query[T]) mark(e entry[T], back bool) Text {
	raw, err := json.Marshal(position{q.digest, e.keys[:len(q.sorts)], e.id, back})
	if err != nil {
		panic(err) // cells always encode
	}
	return Text(base64.RawURLEncoding.EncodeToString(raw))
}

func (q *query[T]) entry(s *Sim, v *T) entry[T] {
	e := entry[T]{rec: v, id: q.id(v)}
	for i, o := range q.sorts {
		e.keys[i] = o.by.get(s, v)
	}
	return e
}

// compare orders entries by the sort fields, ties by id: records of one moment come in no useful order.
func (q *query[T]) compare(a, b *entry[T]) int {
	for i, o := range q.sorts {
		c := a.keys[i].compare(b.keys[i])
		if o.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return strings.Compare(a.id, b.id)
}

func (q *query[T]) matches(s *Sim, v *T) bool {
	for _, test := range q.tests {
		if !test(s, v) {
			return false
		}
	}
	return true
}

func (q *query[T]) answer(s *Sim, view func(*T) any, all func(func(*T) bool)) (any, *failure) {
	out := page{Records: []any{}}
	var found []entry[T]
	if q.cursor == nil {
		found = q.byOffset(s, &out, all)
	} else {
		found = q.byCursor(s, &out, all)
	}
	for _, e := range found {
		out.Records = append(out.Records, view(e.rec))
	}
	return out, nil
}

func (q *query[T]) byOffset(s *Sim, out *page, all func(func(*T) bool)) []entry[T] {
	var found []entry[T]
	for v := range all {
		if q.matches(s, v) {
			found = append(found, q.entry(s, v))
		}
	}
	slices.SortFunc(found, func(a, b entry[T]) int { return q.compare(&a, &b) })
	total := int64(len(found))
	out.Total = &total
	from := min(q.offset, len(found))
	to := min(from+q.limit, len(found))
	out.HasMore = to < len(found)
	return found[from:to]
}

// byCursor keeps the page's worth of entries next to the position, in one pass.
func (q *query[T]) byCursor(s *Sim, out *page, all func(func(*T) bool)) []entry[T] {
	back := q.cursor.Back
	order := func(a, b *entry[T]) int {
		if back {
			return q.compare(b, a)
		}
		return q.compare(a, b)
	}
	first := q.cursor.Keys == nil
	at := entry[T]{id: q.cursor.ID}
	copy(at.keys[:], q.cursor.Keys)
	var kept []entry[T]
	for v := range all {
		if !q.matches(s, v) {
			continue
		}
		e := q.entry(s, v)
		if !first && order(&e, &at) <= 0 || len(kept) > q.limit && order(&e, &kept[len(kept)-1]) >= 0 {
			continue
		}
		i := sort.Search(len(kept), func(i int) bool { return order(&kept[i], &e) > 0 })
		kept = slices.Insert(kept, i, e)
		kept = kept[:min(len(kept), q.limit+1)]
	}
	more := len(kept) > q.limit
	kept = kept[:min(len(kept), q.limit)]
	if back {
		slices.Reverse(kept)
	}
	if len(kept) == 0 {
		return nil
	}
	out.HasMore = more || back
	if out.HasMore {
		out.NextCursor = q.mark(kept[len(kept)-1], false)
	}
	if !first && (!back || more) {
		out.PrevCursor = q.mark(kept[0], true)
	}
	return kept
}

// gone is the answer for an id nobody has, or one that is no UUID (?).
func gone(what string) (any, *failure) {
	return nil, &failure{http.StatusNotFound, notFound(what).body}
}
