package salespadtest

import (
	"bytes"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultTop = 100
	maxTop     = 1000 // more is not refused: the page ends there
)

// query is a list request after checking.
type query struct {
	filter node
	order  []ordering
	top    int
	skip   int
	count  bool
	text   string // filter and order as sent, for the cache
}

type ordering struct {
	f    *field
	desc bool
}

// parseQuery reads the OData parameters; anything else is refused by name.
func (s *Sim) parseQuery(k *kind, c *call) (*query, *failure) {
	q := &query{top: defaultTop}
	given, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return nil, badQuery("the query string cannot be read: %v", err)
	}
	for _, name := range sorted(given) {
		value := given[name][0]
		if len(given[name]) > 1 {
			return nil, badQuery("%s is given twice", name)
		}
		if bad := s.parameter(q, k, c.who, name, value); bad != nil {
			return nil, bad
		}
	}
	q.text = c.who.Name + "\x00" + strings.Join(c.who.Customers, "|") + "\x00" + given.Get("$filter") + "\x00" + given.Get("$orderby")
	return q, nil
}

func (s *Sim) parameter(q *query, k *kind, who *User, name, value string) (bad *failure) {
	switch name {
	case "$filter":
		q.filter, bad = s.parseFilter(k, who, value)
	case "$orderby":
		q.order, bad = s.parseOrder(k, who, value)
	case "$top":
		q.top, bad = whole(name, value, 1)
		q.top = min(q.top, maxTop)
	case "$skip":
		q.skip, bad = whole(name, value, 0)
	case "$inlinecount":
		if value != "allpages" && value != "none" {
			return badQuery("$inlinecount must be allpages or none")
		}
		q.count = value == "allpages"
	default:
		return badQuery("the query parameter %s is not supported; there are $filter, $orderby, $top, $skip, $inlinecount", cut(name, 40))
	}
	return bad
}

func whole(name, value string, low int) (int, *failure) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low {
		return 0, badQuery("%s must be a whole number of at least %d", name, low)
	}
	return n, nil
}

func sorted[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (s *Sim) parseOrder(k *kind, who *User, text string) ([]ordering, *failure) {
	var out []ordering
	for _, part := range strings.Split(text, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, badQuery("$orderby: %q is not Field, Field asc or Field desc", cut(part, 40))
		}
		f := k.byWire[words[0]]
		if f == nil && s.userField(k.name, words[0]) != nil {
			return nil, badQuery("$orderby: %s is a user defined field, which cannot be sorted by", words[0])
		}
		if f == nil {
			return nil, badQuery("$orderby: %s has no field %s", k.name, words[0])
		}
		if who.hidden(k.name, f.name) {
			return nil, fail(403, 2002, "No permission to retrieve %s.%s", k.name, words[0])
		}
		out = append(out, ordering{f, len(words) == 2 && words[1] == "desc"})
	}
	return out, nil
}

// sortKey is a row with what it is sorted by, prepared once.
type sortKey struct {
	r    reader
	text []string
	num  []*big.Rat
	tie  uint64
}

// arrange sorts rows. Where the order says nothing, rows come in an order that changes with every write to the resource:
// without $orderby on the key, pages shift.
func (s *Sim) arrange(k *kind, order []ordering, rows []reader) []reader {
	stamp := k.stamp(s) + s.cfg.Seed
	keys := make([]sortKey, len(rows))
	for i, r := range rows {
		keys[i] = sortKey{r: r, tie: mix(stamp, r.key())}
		for _, o := range order {
			v, num := r.value(o.f.name), (*big.Rat)(nil)
			switch o.f.kind {
			case moneyValue, numberValue, integerValue:
				num = ratOf(v)
			case textValue:
				v = fold(v)
			case wallValue, dayValue, rowValue:
				if v == "" {
					v = noDate
				}
			}
			keys[i].text, keys[i].num = append(keys[i].text, v), append(keys[i].num, num)
		}
	}
	slices.SortFunc(keys, func(a, b sortKey) int { return a.compare(b, order) })
	out := make([]reader, len(keys))
	for i := range keys {
		out[i] = keys[i].r
	}
	return out
}

func (a sortKey) compare(b sortKey, order []ordering) int {
	for i, o := range order {
		c := 0
		if a.num[i] != nil {
			c = a.num[i].Cmp(b.num[i])
		} else {
			c = strings.Compare(a.text[i], b.text[i])
		}
		if o.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	switch {
	case a.tie < b.tie:
		return -1
	case a.tie > b.tie:
		return 1
	}
	return strings.Compare(a.r.key(), b.r.key())
}

// listCache remembers the latest lists, so that paging through a hundred thousand items sorts them once.
type listCache struct {
	kept []cached
}

type cached struct {
	kind  string
	text  string
	stamp uint64
	rows  []reader
}

const keptLists = 8

func (s *Sim) listed(k *kind, q *query, who *User) []reader {
	stamp := k.stamp(s)
	for _, one := range s.lists.kept {
		if one.kind == k.name && one.text == q.text && one.stamp == stamp {
			return one.rows
		}
	}
	rows := s.arrange(k, q.order, s.matching(k, q, who))
	s.lists.kept = append(s.lists.kept, cached{k.name, q.text, stamp, rows})
	if len(s.lists.kept) > keptLists {
		s.lists.kept = s.lists.kept[1:]
	}
	return rows
}

func (s *Sim) matching(k *kind, q *query, who *User) []reader {
	rows, few := []reader(nil), false
	if q.filter != nil {
		rows, few = candidates(s, k, q.filter)
	}
	if !few {
		rows = k.source(s)
	}
	var out []reader
	for _, r := range rows {
		if (q.filter == nil || q.filter.test(r)) && who.sees(k, r) {
			out = append(out, r)
		}
	}
	return out
}

// list answers one page of a resource.
func (s *Sim) list(c *call, k *kind) (any, *failure) {
	q, bad := s.parseQuery(k, c)
	if bad != nil {
		return nil, bad
	}
	return s.page(c, k, q, s.listed(k, q, c.who)), nil
}

func (s *Sim) page(c *call, k *kind, q *query, rows []reader) []byte {
	var out bytes.Buffer
	out.WriteString(`{"Items":[`)
	from := min(q.skip, len(rows))
	for i, r := range rows[from:min(from+q.top, len(rows))] {
		if i > 0 {
			out.WriteByte(',')
		}
		s.render(&out, k, r, s.getting(c, k))
	}
	out.WriteString(`],"Count":`)
	if q.count {
		out.WriteString(strconv.Itoa(len(rows)))
	} else {
		out.WriteString("null")
	}
	out.WriteByte('}')
	return out.Bytes()
}

// getting is how GET answers show a record to an account.
func (s *Sim) getting(c *call, k *kind) show {
	return show{plain: k.plain, now: c.now, hidden: func(name string) bool { return c.who.hidden(k.name, name) }}
}

// echoing is how POST and PUT answers show it: trimmed, with offsets.
func (s *Sim) echoing(c *call, k *kind) show {
	how := s.getting(c, k)
	how.echo = true
	return how
}

// render writes one record.
func (s *Sim) render(out *bytes.Buffer, k *kind, r reader, how show) {
	out.WriteByte('{')
	comma := false
	for i := range k.fields {
		f := &k.fields[i]
		if how.hidden(f.name) {
			continue
		}
		if comma {
			out.WriteByte(',')
		}
		comma = true
		out.WriteString(`"` + f.wire + `":`)
		s.put(out, f, r.value(f.name), how)
	}
	if k.user {
		s.renderUser(out, k, r)
	}
	out.WriteByte('}')
}
