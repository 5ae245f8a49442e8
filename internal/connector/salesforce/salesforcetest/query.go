package salesforcetest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// cursor is an open query: the rows are settled, their values are read when a page
// is fetched (inferred).
type cursor struct {
	id    string
	user  string
	plan  *plan
	rows  []sight
	batch int
	made  time.Time
}

func (s *Sim) addQueryRoutes() {
	s.handle("GET", "/query", query(false), "q")
	s.handle("GET", "/queryAll", query(true), "q")
	s.handle("GET", "/query/{locator}", queryMore)
	s.handle("GET", "/queryAll/{locator}", queryMore)
}

func query(all bool) handler {
	return func(s *Sim, q *request) (answer, *apiError) {
		text := q.query.Get("q")
		if strings.TrimSpace(text) == "" {
			return answer{}, fail(http.StatusBadRequest, "MALFORMED_QUERY", "A query string has to be specified")
		}
		batch, e := batchSize(q)
		if e != nil {
			return answer{}, e
		}
		body, e := s.runQuery(q, text, all, batch)
		return ok(body), e
	}
}

// runQuery answers the first page of a statement.
func (s *Sim) runQuery(q *request, text string, all bool, batch int) (any, *apiError) {
	parsed, e := parseSOQL(text)
	if e != nil {
		return nil, e
	}
	if t := s.setupTable(parsed.from, q.user, false); t != nil {
		rows, e := t.query(s, parsed, q.root())
		return pairs{{"totalSize", len(rows)}, {"done", true}, {"records", rows}}, e
	}
	p, e := s.bind(parsed, q.user)
	if e != nil {
		return nil, e
	}
	list := p.rows(all, q.stale())
	n := &renderer{p: p, root: q.root(), user: q.user, batch: batch}
	switch {
	case parsed.count:
		return pairs{{"totalSize", len(list)}, {"done", true}, {"records", []any{}}}, nil
	case len(p.groups) > 0 || p.aggregated():
		rows := n.aggregate(list)
		return pairs{{"totalSize", len(rows)}, {"done", true}, {"records", rows}}, nil
	}
	return s.page(&cursor{user: q.user, plan: p, rows: list, batch: batch, made: time.Now()}, 0, q.root()), nil
}

func (p *plan) aggregated() bool {
	for _, c := range p.columns {
		if c.aggregate != "" {
			return true
		}
	}
	return false
}

// stale says that a fault makes this call read what was before.
func (q *request) stale() bool { return q.fault != nil && q.fault.Stale }

// batchSize reads Sforce-Query-Options: 200 to 2000, a hint (section 4.1).
func batchSize(q *request) (int, *apiError) {
	for part := range strings.SplitSeq(q.Header.Get("Sforce-Query-Options"), ",") {
		v, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "batchsize=")
		if !found {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			return 0, fail(http.StatusBadRequest, "INVALID_QUERY_OPTIONS", "batchSize %q is not a number", v)
		}
		return min(max(n, 200), 2000), nil
	}
	return 2000, nil
}

// page answers the rows from an offset on, and keeps the cursor if more remain.
func (s *Sim) page(c *cursor, from int, root string) pairs {
	n := &renderer{p: c.plan, root: root, user: c.user, batch: c.batch}
	records := []pairs{}
	at := from
	for ; at < len(c.rows) && len(records)+n.children < c.batch; at++ {
		x := c.rows[at]
		st := x.st
		if from > 0 {
			if st = s.view(x.row, false); st == nil {
				st = &x.row.state
			}
		}
		records = append(records, n.row(x.row, st))
	}
	out := pairs{{"totalSize", len(c.rows)}, {"done", at >= len(c.rows)}}
	if at < len(c.rows) {
		out.add("nextRecordsUrl", fmt.Sprintf("%s/query/%s-%d", root, s.keep(c), at))
	}
	out.add("records", records)
	return out
}

func (s *Sim) keep(c *cursor) string {
	if c.id == "" {
		s.cursorNo++
		id := "01g" + s.pod + pad(int(s.cursorNo), 9)
		c.id = id + checksum(id)
		if c.made.IsZero() {
			c.made = time.Now()
		}
		s.cursors[c.id] = c
	}
	return c.id
}

// queryMore answers the next page of a locator: bound to its user, two days long
// (section 8).
func queryMore(s *Sim, q *request) (answer, *apiError) {
	id, offset, _ := strings.Cut(q.vars["locator"], "-")
	from, err := strconv.Atoi(offset)
	c := s.cursors[id]
	if c != nil && time.Since(c.made) > s.cfg.LocatorLife {
		delete(s.cursors, id)
		c = nil
	}
	if c == nil || err != nil || c.user != q.user || from < 0 || from > len(c.rows) {
		return answer{}, fail(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
	}
	return ok(s.page(c, from, q.root())), nil
}

// ExpireLocators ends every open query, as the two days do.
func (s *Sim) ExpireLocators() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cursors)
}
