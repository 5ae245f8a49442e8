package lighttest

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// gone is the answer for an id nobody has, or one that is no UUID (?).
func gone(what string) (any, *failure) {
	return nil, &failure{http.StatusNotFound, notFound(what).body}
}
