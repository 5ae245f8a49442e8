package hubspottest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of section 9.
const (
	memberPage     = 100
	maxMemberPage  = 250
	listSearchPage = 20
	maxListSearch  = 500
)

// list is a set of records of one type (section 9): its members are put there by hand, or follow a filter.
type list struct {
	id       string
	name     string
	kind     *kind
	dynamic  bool
	groups   [][]filter
	members  map[int64]time.Time // since when
	made     time.Time
	archived bool
}

// StaticList makes a list whose members people choose (MANUAL) and gives its id.
func (a Actor) StaticList(objectType, name string, members ...string) (id string, err error) {
	id, err = a.newList(objectType, &list{name: name})
	if err == nil {
		err = a.Join(id, members...)
	}
	return id, err
}

// ActiveList makes a list of all records whose property has one of the values (DYNAMIC) and gives its id: records
// join and leave as they change.
func (a Actor) ActiveList(objectType, name, property string, values ...string) (id string, err error) {
	var any []text
	for _, v := range values {
		any = append(any, text(fold(v)))
	}
	f := filter{PropertyName: property, Operator: "IN", Values: any}
	if len(values) == 0 {
		f = filter{PropertyName: property, Operator: "HAS_PROPERTY"}
	}
	return a.newList(objectType, &list{name: name, dynamic: true, groups: [][]filter{{f}}})
}

func (a Actor) newList(objectType string, l *list) (id string, err error) {
	defer a.lock()()
	k := a.s.kind(objectType)
	if k == nil {
		return "", unknownType(objectType)
	}
	for _, g := range l.groups {
		for _, f := range g {
			if p := k.usable(f.PropertyName); p != nil && p.Type == "enumeration" && len(f.Values) > 0 { // options are case-sensitive
				f.Values = p.spelt(f.Values)
				copy(g, []filter{f})
			}
			if e := a.s.checkFilter(k, f); e != nil {
				return "", e
			}
		}
	}
	if slices.ContainsFunc(a.s.lists, func(o *list) bool { return !o.archived && fold(o.name) == fold(l.name) }) {
		return "", validation("a list named %q exists", l.name) // names are unique in a portal
	}
	l.id, l.kind, l.members, l.made = strconv.Itoa(1+len(a.s.lists)), k, map[int64]time.Time{}, a.s.now()
	a.s.lists = append(a.s.lists, l)
	a.s.evaluate(l)
	return l.id, nil
}

// spelt gives option values as the definition spells them.
func (p *property) spelt(values []text) []text {
	var out []text
	for _, v := range values {
		for _, o := range p.Options {
			if fold(o.Value) == string(v) {
				v = text(o.Value)
			}
		}
		out = append(out, v)
	}
	return out
}

// Join puts records on a static list.
func (a Actor) Join(listID string, ids ...string) error {
	return a.move(listID, ids, func(l *list, id int64) {
		if _, there := l.members[id]; !there {
			l.members[id] = a.s.now()
		}
	})
}

// Leave takes records off a static list.
func (a Actor) Leave(listID string, ids ...string) error {
	return a.move(listID, ids, func(l *list, id int64) { delete(l.members, id) })
}

// DeleteList removes a list; its records stay.
func (a Actor) DeleteList(listID string) error {
	defer a.lock()()
	l := a.s.list(listID)
	if l == nil {
		return fmt.Errorf("hubspottest: there is no list %s", listID)
	}
	l.archived = true
	return nil
}

func (a Actor) move(listID string, ids []string, do func(*list, int64)) error {
	defer a.lock()()
	l := a.s.list(listID)
	if l == nil || l.dynamic {
		return fmt.Errorf("hubspottest: there is no static list %s", listID)
	}
	for _, id := range ids {
		r, _ := l.kind.find(id)
		if r == nil {
			return fmt.Errorf("hubspottest: there is no %s %s", l.kind.singular, id)
		}
		do(l, r.id)
	}
	return nil
}

func (s *Sim) list(id string) *list {
	for _, l := range s.lists {
		if l.id == id && !l.archived {
			return l
		}
	}
	return nil
}

// evaluate brings an active list up to date, and every list's members to those that live: a merged member is
// the record it became, one in the bin is none.
func (s *Sim) evaluate(l *list) {
	for id, since := range l.members {
		r, merged := l.kind.find(strconv.FormatInt(id, 10))
		if r == nil || r.archived || merged {
			delete(l.members, id)
		}
		if merged && !r.archived && !l.dynamic {
			l.members[r.id] = since
		}
	}
	if !l.dynamic {
		return
	}
	for _, id := range l.kind.order {
		r := l.kind.records[id]
		in := r.visible() && !r.archived && s.matches(r.current(), l.groups)
		_, was := l.members[id]
		switch {
		case in && !was:
			l.members[id] = s.now()
		case !in && was:
			delete(l.members, id)
		}
	}
}

// listRoute serves /crm/lists/{ver}/...
func (s *Sim) listRoute(q *request, p []string) *route {
	if len(p) == 0 {
		return nil
	}
	call := func(params []string, f func(*Sim, *request, []string) (answer, *apiError)) *route {
		return &route{scopes: func(*request) []string { return []string{"crm.lists.read"} }, params: params, serve: func(s *Sim, q *request) (answer, *apiError) { return f(s, q, p) }}
	}
	switch {
	case len(p) == 1 && p[0] == "search" && q.Method == http.MethodPost:
		return call(nil, (*Sim).searchLists)
	case len(p) == 4 && p[0] == "object-type-id" && p[2] == "name" && q.Method == http.MethodGet:
		return call([]string{"includeFilters"}, (*Sim).listByName)
	case len(p) == 2 && p[1] == "memberships" && q.Method == http.MethodGet:
		return call([]string{"limit", "after", "before"}, (*Sim).memberships)
	case len(p) == 1 && q.Method == http.MethodGet:
		return call([]string{"includeFilters"}, (*Sim).readList)
	}
	return notAllowed(q)
}

func (s *Sim) listView(l *list) map[string]any {
	s.evaluate(l)
	kind := "MANUAL"
	if l.dynamic {
		kind = "DYNAMIC"
	}
	return map[string]any{"listId": l.id, "name": l.name, "objectTypeId": l.kind.id, "processingType": kind, "processingStatus": "COMPLETE", "listVersion": 1,
		"createdAt": stampText(l.made), "updatedAt": stampText(l.made), "size": len(l.members),
		"additionalProperties": map[string]string{"hs_list_size": strconv.Itoa(len(l.members))}}
}

func noList(id string) *apiError {
	return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "List does not exist with ID %s.", id).sub("ILS.LIST_NOT_FOUND")
}

func (s *Sim) readList(_ *request, p []string) (answer, *apiError) {
	l := s.list(p[0])
	if l == nil {
		return answer{}, noList(p[0])
	}
	return answer{status: http.StatusOK, body: map[string]any{"list": s.listView(l)}}, nil
}

func (s *Sim) listByName(_ *request, p []string) (answer, *apiError) {
	name, err := url.PathUnescape(p[3])
	for _, l := range s.lists {
		if err == nil && !l.archived && l.kind.id == p[1] && l.name == name {
			return answer{status: http.StatusOK, body: map[string]any{"list": s.listView(l)}}, nil
		}
	}
	return answer{}, noList(p[3])
}

// searchLists looks for lists whose name holds the query, a page at a time.
func (s *Sim) searchLists(q *request, _ []string) (answer, *apiError) {
	var in struct {
		Query           string   `json:"query"`
		ListIDs         []text   `json:"listIds"`
		ProcessingTypes []string `json:"processingTypes"`
		Additional      []string `json:"additionalProperties"`
		Offset          int      `json:"offset"`
		Count           int      `json:"count"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if setDefault(&in.Count, listSearchPage); in.Count < 1 || in.Count > maxListSearch || in.Offset < 0 {
		return answer{}, validation("count: %d is not a number between 1 and %d", in.Count, maxListSearch)
	}
	var hits []any
	for _, l := range s.lists {
		asked := len(in.ListIDs) == 0 || slices.Contains(in.ListIDs, text(l.id))
		if v := s.listView(l); !l.archived && asked && strings.Contains(fold(l.name), fold(in.Query)) && (len(in.ProcessingTypes) == 0 || slices.Contains(in.ProcessingTypes, v["processingType"].(string))) {
			hits = append(hits, v)
		}
	}
	from := min(in.Offset, len(hits))
	page := append([]any{}, hits[from:min(from+in.Count, len(hits))]...)
	return answer{status: http.StatusOK, body: map[string]any{"lists": page, "hasMore": from+len(page) < len(hits), "offset": from + len(page), "total": len(hits)}}, nil
}

// memberships gives the members in order of id; the cursor is opaque.
func (s *Sim) memberships(q *request, p []string) (answer, *apiError) {
	l := s.list(p[0])
	if l == nil {
		return answer{}, noList(p[0])
	}
	limit, e := q.limit(memberPage, maxMemberPage)
	if e != nil {
		return answer{}, e
	}
	after, err := strconv.ParseInt(strings.TrimPrefix(q.query.Get("after"), "m-"), 10, 64)
	if err != nil && q.query.Get("after") != "" {
		return answer{}, validation("after: not a valid cursor")
	}
	s.evaluate(l)
	var ids []int64
	for id := range l.members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	from, _ := slices.BinarySearch(ids, after+1)
	page := ids[from:min(from+limit, len(ids))]
	results := []any{}
	for _, id := range page {
		results = append(results, map[string]string{"recordId": strconv.FormatInt(id, 10), "membershipTimestamp": stampText(l.members[id])})
	}
	body := map[string]any{"results": results, "total": len(ids)}
	if from+len(page) < len(ids) {
		next := fmt.Sprintf("m-%d", page[len(page)-1])
		body["paging"] = map[string]any{"next": map[string]string{"after": next, "link": s.nextLink(q, next)}}
	}
	return answer{status: http.StatusOK, body: body}, nil
}
