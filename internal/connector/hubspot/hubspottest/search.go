package hubspottest

import (
	"cmp"
	"encoding/json"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of section 4, "Search".
const (
	searchPage   = 200
	searchWindow = 10_000
	searchBody   = 3_000 // characters of body or query
	maxGroups    = 5
	maxFilters   = 6
	maxInAll     = 18
)

type filter struct {
	PropertyName string `json:"propertyName"`
	Operator     string `json:"operator"`
	Value        text   `json:"value"`
	Values       []text `json:"values"`
	HighValue    text   `json:"highValue"`
}

type searchInput struct {
	FilterGroups []struct {
		Filters []filter `json:"filters"`
	} `json:"filterGroups"`
	Filters    []filter          `json:"filters"` // the older short form, as recorded
	Sorts      []json.RawMessage `json:"sorts"`
	Query      string            `json:"query"`
	Properties []string          `json:"properties"`
	Limit      text              `json:"limit"`
	After      text              `json:"after"`
}

type sortRule struct {
	PropertyName string `json:"propertyName"`
	Direction    string `json:"direction"`
}

func (s *Sim) search(q *request, k *kind) (answer, *apiError) {
	if len([]rune(string(q.body))) > searchBody {
		return answer{}, validation("The request body is longer than the maximum of %d characters", searchBody)
	}
	var in searchInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	groups, e := s.groups(k, in)
	if e != nil {
		return answer{}, e
	}
	rule, e := k.sortRule(in.Sorts)
	if e != nil {
		return answer{}, e
	}
	limit, offset, e := in.window()
	if e != nil {
		return answer{}, e
	}
	hits := s.hits(k, groups, in.Query)
	s.order(k, hits, rule)
	page := hits[min(offset, len(hits)):min(offset+limit, len(hits))]
	results, e := s.hydrate(page, in.Properties)
	if e != nil {
		return answer{}, e
	}
	body := map[string]any{"total": len(hits), "results": results}
	if end := offset + len(page); end < len(hits) {
		body["paging"] = map[string]any{"next": map[string]string{"after": strconv.Itoa(end)}}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// window reads limit and after; after is an offset as text, never a list cursor.
func (in *searchInput) window() (limit, offset int, e *apiError) {
	limit = 10
	if in.Limit != "" {
		n, err := strconv.Atoi(string(in.Limit))
		if err != nil || n < 0 || n > searchPage {
			return 0, 0, validation("limit: %q is not a number between 0 and %d", in.Limit, searchPage)
		}
		limit = n
	}
	if in.After != "" {
		n, err := strconv.Atoi(string(in.After))
		if err != nil || n < 0 || n > 1<<31-1 {
			return 0, 0, validation("Invalid input JSON on line 1, column 1: Cannot deserialize value of type `int` from String %q: not a valid `int` value", in.After)
		}
		offset = n
	}
	if offset+limit > searchWindow && offset > 0 {
		return 0, 0, validation("There was a problem with the request: results past %d cannot be paged to", searchWindow)
	}
	return limit, offset, nil
}

func (s *Sim) groups(k *kind, in searchInput) ([][]filter, *apiError) {
	var groups [][]filter
	if len(in.Filters) > 0 {
		groups = append(groups, in.Filters)
	}
	total := len(in.Filters)
	for _, g := range in.FilterGroups {
		groups = append(groups, g.Filters)
		total += len(g.Filters)
		if len(g.Filters) > maxFilters {
			return nil, validation("A filter group has at most %d filters", maxFilters)
		}
	}
	if len(groups) > maxGroups || total > maxInAll {
		return nil, validation("A search has at most %d filter groups and %d filters", maxGroups, maxInAll)
	}
	for _, g := range groups {
		for _, f := range g {
			if e := s.checkFilter(k, f); e != nil {
				return nil, e
			}
		}
	}
	return groups, nil
}

var operators = []string{"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}

func (s *Sim) checkFilter(k *kind, f filter) *apiError {
	if !slices.Contains(operators, f.Operator) {
		return validation("Invalid input JSON on line 1, column 1: Cannot deserialize value of type `OperatorEnum` from String %q", f.Operator)
	}
	if name, ok := strings.CutPrefix(f.PropertyName, "associations."); ok {
		if s.kind(name) == nil {
			return unknownType(name)
		}
		return nil
	}
	p := k.usable(f.PropertyName)
	if p == nil {
		e := validation("There was a problem with the request.")
		e.Errors = []errorDetail{{Message: "Property " + f.PropertyName + " does not exist", Code: "PROPERTY_DOESNT_EXIST", Context: map[string][]string{"propertyName": {f.PropertyName}}}}
		return e
	}
	return p.checkOperands(f)
}

func (p *property) checkOperands(f filter) *apiError {
	var list []text
	switch f.Operator {
	case "HAS_PROPERTY", "NOT_HAS_PROPERTY":
		return nil
	case "IN", "NOT_IN":
		if len(f.Values) == 0 {
			return validation("operator %s on %s needs values", f.Operator, p.Name)
		}
		list = f.Values
	case "BETWEEN":
		if f.Value == "" || f.HighValue == "" {
			return validation("operator BETWEEN on %s needs value and highValue", p.Name)
		}
		list = []text{f.Value, f.HighValue}
	default:
		if f.Value == "" {
			return validation("operator %s on %s needs a value", f.Operator, p.Name)
		}
		list = []text{f.Value}
	}
	for _, v := range list {
		if _, ok := p.rank(string(v)); p.comparable() && !ok && !strings.Contains(f.Operator, "TOKEN") {
			return validation("%s is not a valid value for %s property %s", v, p.Type, p.Name)
		}
	}
	return nil
}

// comparable says that values have an order: numbers and moments.
func (p *property) comparable() bool {
	return p.Type == "number" || p.Type == "date" || p.Type == "datetime"
}

// rank is an ordered value: whole numbers and moments as i, others exactly as r.
type rank struct {
	i int64
	r *big.Rat
}

func (a rank) cmp(b rank) int {
	if a.r == nil && b.r == nil {
		return cmp.Compare(a.i, b.i)
	}
	return a.rat().Cmp(b.rat())
}

func (a rank) rat() *big.Rat {
	if a.r != nil {
		return a.r
	}
	return new(big.Rat).SetInt64(a.i)
}

// rank turns a stored or asked value into something ordered; false if it is not
// a value of the property's type.
func (p *property) rank(v string) (rank, bool) {
	if p.Type != "number" {
		t, ok := parseTime(v)
		return rank{i: t.UnixMilli()}, ok
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return rank{i: n}, true
	}
	r := decimal(v)
	return rank{r: r}, r != nil
}

func (k *kind) sortRule(in []json.RawMessage) (sortRule, *apiError) {
	rule := sortRule{PropertyName: k.created, Direction: "ASCENDING"}
	if len(in) > 1 {
		return rule, validation("A search has at most one sort rule")
	}
	if len(in) == 1 {
		if in[0][0] == '"' {
			rule.PropertyName, _, _ = textOf(in[0])
			if name, ok := strings.CutPrefix(rule.PropertyName, "-"); ok {
				rule = sortRule{PropertyName: name, Direction: "DESCENDING"}
			}
		} else {
			rule = sortRule{}
			if err := json.Unmarshal(in[0], &rule); err != nil {
				return rule, validation("Invalid input JSON on line 1, column 1: sorts: %v", err)
			}
			setDefault(&rule.Direction, "ASCENDING")
		}
	}
	if rule.Direction != "ASCENDING" && rule.Direction != "DESCENDING" {
		return rule, validation("sorts: direction %q is not ASCENDING or DESCENDING", rule.Direction)
	}
	if k.usable(rule.PropertyName) == nil {
		return rule, validation("sorts: property %s does not exist", rule.PropertyName)
	}
	return rule, nil
}

// hits are the records that the index knows by now and that match by what it
// knows. A record that has changed since still matches by its old values, one
// that was archived or merged since still counts (recorded: a total of 1 with no
// results, and hits whose values do not fit the filter).
func (s *Sim) hits(k *kind, groups [][]filter, query string) []view {
	now := time.Now()
	var out []view
	for _, id := range k.order {
		r := k.records[id]
		v, ok := r.indexed(now, s.cfg.SearchLag, s.cfg.Seed)
		if !ok || v.archived || v.merged {
			continue
		}
		if s.matches(v, groups) && v.contains(query) {
			out = append(out, v)
		}
	}
	return out
}

// hydrate turns index hits into results: current values, without the records
// that are gone by now. A page can so be shorter than its limit and not the last.
func (s *Sim) hydrate(page []view, properties []string) ([]any, *apiError) {
	results := []any{}
	for _, hit := range page {
		if hit.record.archived || !hit.visible() {
			continue
		}
		v, ok := s.read(hit.record)
		if !ok {
			v = hit
		}
		one, e := s.show(v, shape{properties: properties})
		if e != nil {
			return nil, e
		}
		results = append(results, one)
	}
	return results, nil
}

func (s *Sim) matches(v view, groups [][]filter) bool {
	if len(groups) == 0 {
		return true
	}
	return slices.ContainsFunc(groups, func(g []filter) bool {
		return !slices.ContainsFunc(g, func(f filter) bool { return !s.match(v, f) })
	})
}

func (v view) contains(query string) bool {
	if query == "" {
		return true
	}
	for _, name := range v.kind.search {
		if strings.Contains(fold(v.props[name]), fold(query)) {
			return true
		}
	}
	return false
}

func (s *Sim) match(v view, f filter) bool {
	if name, ok := strings.CutPrefix(f.PropertyName, "associations."); ok {
		return s.matchAssociation(v, s.kind(name), f)
	}
	p, have := v.kind.properties[f.PropertyName], v.props[f.PropertyName]
	switch f.Operator {
	case "HAS_PROPERTY":
		return have != ""
	case "NOT_HAS_PROPERTY":
		return have == ""
	}
	if have == "" {
		return f.Operator == "NOT_IN" || f.Operator == "NEQ" || f.Operator == "NOT_CONTAINS_TOKEN" // (inferred)
	}
	switch f.Operator {
	case "EQ":
		return p.same(have, string(f.Value))
	case "NEQ":
		return !p.same(have, string(f.Value))
	case "IN":
		return p.in(have, f.Values)
	case "NOT_IN":
		return !p.in(have, f.Values)
	case "CONTAINS_TOKEN":
		return hasToken(have, string(f.Value))
	case "NOT_CONTAINS_TOKEN":
		return !hasToken(have, string(f.Value))
	}
	return p.compares(have, f)
}

func (p *property) compares(have string, f filter) bool {
	c, ok := p.compare(have, string(f.Value))
	if !ok {
		return false
	}
	switch f.Operator {
	case "LT":
		return c < 0
	case "LTE":
		return c <= 0
	case "GT":
		return c > 0
	case "GTE":
		return c >= 0
	}
	high, ok := p.compare(have, string(f.HighValue))
	return ok && c >= 0 && high <= 0 // BETWEEN, inclusive
}

func (p *property) compare(a, b string) (int, bool) {
	if !p.comparable() {
		return strings.Compare(fold(a), fold(b)), true
	}
	x, ok := p.rank(a)
	y, also := p.rank(b)
	return x.cmp(y), ok && also
}

// same: enumerations are case-sensitive, other text is not.
func (p *property) same(a, b string) bool {
	if p.Type == "enumeration" {
		if p.FieldType == "checkbox" {
			return slices.Contains(strings.Split(a, ";"), b)
		}
		return a == b
	}
	c, ok := p.compare(a, b)
	return ok && c == 0
}

// in: on strings the asked values must be lower-cased to be found.
func (p *property) in(have string, values []text) bool {
	return slices.ContainsFunc(values, func(v text) bool {
		if p.Type == "enumeration" || p.comparable() || p.Type == "bool" {
			return p.same(have, string(v))
		}
		return strings.ToLower(have) == string(v)
	})
}

// hasToken matches whole words; * stands for any part of a word.
func hasToken(have, want string) bool {
	words := tokens(have)
	for _, w := range strings.Fields(strings.ToLower(want)) {
		if strings.Contains(w, "*") {
			if !slices.ContainsFunc(append(words, strings.ToLower(have)), func(t string) bool { return wild(t, w) }) {
				return false
			}
			continue
		}
		for _, part := range tokens(w) {
			if !slices.Contains(words, part) {
				return false
			}
		}
	}
	return true
}

func tokens(v string) []string {
	return strings.FieldsFunc(strings.ToLower(v), func(r rune) bool { return strings.ContainsRune(" \t\n.,;:@/|-_()", r) })
}

// wild matches text against a pattern of literal parts and stars.
func wild(text, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

func (s *Sim) matchAssociation(v view, to *kind, f filter) bool {
	have := s.linked(v.record, to)
	switch f.Operator {
	case "HAS_PROPERTY":
		return len(have) > 0
	case "NOT_HAS_PROPERTY":
		return len(have) == 0
	}
	want := append(texts(f.Values), string(f.Value))
	found := slices.ContainsFunc(have, func(r *record) bool { return slices.Contains(want, r.text()) })
	if f.Operator == "NEQ" || f.Operator == "NOT_IN" {
		return !found
	}
	return found
}

// order sorts hits. Equal keys come in an order that is stable within a portal
// but follows no id, so that nobody builds on it.
func (s *Sim) order(k *kind, hits []view, rule sortRule) {
	type keyed struct {
		v      view
		text   string
		rank   rank
		ranked bool
		tie    uint64
	}
	p := k.properties[rule.PropertyName]
	list := make([]keyed, len(hits))
	for i, v := range hits {
		val := v.props[rule.PropertyName]
		list[i] = keyed{v: v, text: fold(val), tie: mix(uint64(v.id) ^ s.cfg.Seed)}
		if p.comparable() && val != "" {
			list[i].rank, list[i].ranked = p.rank(val)
		}
	}
	slices.SortFunc(list, func(a, b keyed) int {
		var c int
		switch {
		case a.ranked && b.ranked:
			c = a.rank.cmp(b.rank)
		case p.comparable():
			c = cmp.Compare(b2i(a.ranked), b2i(b.ranked))
		default:
			c = strings.Compare(a.text, b.text)
		}
		if rule.Direction == "DESCENDING" {
			c = -c
		}
		if c == 0 {
			c = cmp.Compare(a.tie, b.tie)
		}
		return c
	})
	for i := range list {
		hits[i] = list[i].v
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mix is splitmix64's finaliser.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
