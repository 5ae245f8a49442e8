package hubspottest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// associations holds, for every record, what it points at with which type ids.
// Both directions are kept; each carries its own directional ids (section 5).
type associations map[*record]map[*kind]map[int64][]int

const (
	primaryContactCompany = 1
	hubspotDefined        = "HUBSPOT_DEFINED"
	userDefined           = "USER_DEFINED"
)

// associationType is one directional type.
type associationType struct {
	id       int
	from, to string // kind names
	category string
	label    string // "" shows as null
	name     string // deal_to_company_unlabeled: inline `type`
	inverse  int
	primary  bool
}

type associationTypes struct {
	byID map[int]*associationType
	next int
}

func (t *associationTypes) add(from, to string, id, inverse int, primary bool, label, inverseLabel, suffix string) {
	one, two := singularOf(from), singularOf(to)
	t.byID[id] = &associationType{id: id, from: from, to: to, category: hubspotDefined, label: label, name: one + "_to_" + two + suffix, inverse: inverse, primary: primary}
	if inverse != id {
		t.byID[inverse] = &associationType{id: inverse, from: to, to: from, category: hubspotDefined, label: inverseLabel, name: two + "_to_" + one + suffix, inverse: id, primary: primary}
	}
}

func singularOf(name string) string {
	if name == "companies" {
		return "company"
	}
	return strings.TrimSuffix(name, "s")
}

func definedTypes() associationTypes {
	t := associationTypes{byID: map[int]*associationType{}, next: 100}
	t.add("contacts", "companies", 279, 280, false, "", "", "_unlabeled")
	t.add("contacts", "companies", 1, 2, true, "Primary", "Primary Company", "")
	t.add("deals", "companies", 341, 342, false, "", "", "_unlabeled")
	t.add("deals", "companies", 5, 6, true, "Primary", "Primary", "")
	t.add("deals", "contacts", 3, 4, false, "", "", "")
	t.add("line_items", "deals", 20, 19, false, "", "", "")
	t.add("companies", "companies", 14, 13, false, "Parent Company", "Child Company", "")
	t.add("companies", "companies", 450, 450, false, "", "", "")
	t.add("contacts", "contacts", 449, 449, false, "", "", "")
	t.add("deals", "deals", 451, 451, false, "", "", "")
	t.add("tickets", "contacts", 16, 15, false, "", "", "")
	t.add("tickets", "companies", 339, 340, false, "", "", "_unlabeled")
	t.add("tickets", "companies", 26, 25, true, "Primary", "Primary", "")
	t.add("tickets", "deals", 28, 27, false, "", "", "")
	t.add("tasks", "contacts", 204, 203, false, "", "", "")
	t.add("tasks", "companies", 192, 191, false, "", "", "")
	t.add("tasks", "deals", 216, 215, false, "", "", "")
	t.add("tasks", "tickets", 230, 229, false, "", "", "")
	t.add("meetings", "contacts", 200, 199, false, "", "", "")
	t.add("meetings", "companies", 188, 187, false, "", "", "")
	t.add("meetings", "deals", 212, 211, false, "", "", "")
	t.add("notes", "contacts", 202, 201, false, "", "", "")
	t.add("notes", "companies", 190, 189, false, "", "", "")
	t.add("notes", "deals", 214, 213, false, "", "", "")
	t.add("calls", "contacts", 194, 193, false, "", "", "")
	t.add("calls", "companies", 182, 181, false, "", "", "")
	t.add("calls", "deals", 206, 205, false, "", "", "")
	t.add("emails", "contacts", 198, 197, false, "", "", "")
	t.add("emails", "companies", 186, 185, false, "", "", "")
	t.add("emails", "deals", 210, 209, false, "", "", "")
	return t
}

// plain is the unlabelled type of a pair, nil if the pair cannot be associated.
func (t *associationTypes) plain(from, to *kind) *associationType {
	var best *associationType
	for _, a := range t.byID {
		if a.from != from.name || a.to != to.name || a.primary || a.label != "" {
			continue
		}
		if best == nil || a.id < best.id {
			best = a
		}
	}
	return best
}

func (t *associationTypes) primary(from, to *kind) *associationType {
	for _, a := range t.byID {
		if a.from == from.name && a.to == to.name && a.primary {
			return a
		}
	}
	return nil
}

// owning says which side of a pair has "the" primary: the one company of a
// contact, deal or ticket.
func owning(a *associationType) bool { return a.primary && a.to == "companies" }

// linked lists the live records of a kind that r is associated with, by id.
func (s *Sim) linked(r *record, to *kind) []*record {
	var out []*record
	for _, id := range sortedIDs(s.links[r][to]) {
		if o := to.records[id]; o != nil && !o.archived && o.visible() {
			out = append(out, o)
		}
	}
	return out
}

// primary is the primary company of a record, nil if there is none.
func (s *Sim) primary(r *record, companies *kind) *record {
	p := s.types.primary(r.kind, companies)
	if p == nil {
		return nil
	}
	for id, types := range s.links[r][companies] {
		if slices.Contains(types, p.id) {
			if c := companies.records[id]; c != nil && !c.archived {
				return c
			}
		}
	}
	return nil
}

// linkDraft is a checked association of a create.
type linkDraft struct {
	to    *record
	types []int
}

// link adds association types between two records, with all that follows: the
// unlabelled companion, the first company becoming primary, the other direction,
// demotion of another primary, events, counters.
func (s *Sim) link(from, to *record, ids []int, by actor) {
	for _, id := range ids {
		a := s.types.byID[id]
		if plain := s.types.plain(from.kind, to.kind); plain != nil && a.label != "Parent Company" && a.label != "Child Company" {
			s.linkOne(from, to, plain, by)
		}
		s.linkOne(from, to, a, by)
	}
	for _, pair := range [][2]*record{{from, to}, {to, from}} {
		one, other := pair[0], pair[1]
		if p := s.types.primary(one.kind, other.kind); p != nil && owning(p) && s.primary(one, other.kind) == nil {
			s.linkOne(one, other, p, by)
		}
	}
	s.afterLink(from, to)
}

func (s *Sim) linkOne(from, to *record, a *associationType, by actor) {
	if a.primary {
		one, other, t := from, to, a
		if !owning(a) {
			one, other, t = to, from, s.types.byID[a.inverse]
		}
		if old := s.primary(one, other.kind); old != nil && old != other {
			s.unlinkOne(one, old, t, by)
		}
	}
	if slices.Contains(s.links[from][to.kind][to.id], a.id) {
		return
	}
	inverse := s.types.byID[a.inverse]
	s.point(from, to, a.id)
	s.associationEvent(from, to, a, false, by)
	if from != to {
		s.point(to, from, inverse.id)
		s.associationEvent(to, from, inverse, false, by)
	}
}

func (s *Sim) point(from, to *record, id int) {
	if s.links[from] == nil {
		s.links[from] = map[*kind]map[int64][]int{}
	}
	if s.links[from][to.kind] == nil {
		s.links[from][to.kind] = map[int64][]int{}
	}
	types := append(slices.Clone(s.links[from][to.kind][to.id]), id)
	slices.Sort(types)
	s.links[from][to.kind][to.id] = slices.Compact(types)
}

func (s *Sim) unlinkOne(from, to *record, a *associationType, by actor) {
	if !slices.Contains(s.links[from][to.kind][to.id], a.id) {
		return
	}
	s.unpoint(from, to, a.id)
	s.associationEvent(from, to, a, true, by)
	if from != to {
		s.unpoint(to, from, a.inverse)
		s.associationEvent(to, from, s.types.byID[a.inverse], true, by)
	}
}

func (s *Sim) unpoint(from, to *record, id int) {
	types := slices.DeleteFunc(slices.Clone(s.links[from][to.kind][to.id]), func(t int) bool { return t == id })
	if len(types) == 0 {
		delete(s.links[from][to.kind], to.id)
		return
	}
	s.links[from][to.kind][to.id] = types
}

// unlink removes types; removing the unlabelled one removes all. nil means all.
func (s *Sim) unlink(from, to *record, ids []int, by actor) {
	plain := s.types.plain(from.kind, to.kind)
	if ids == nil || plain != nil && slices.Contains(ids, plain.id) {
		ids = slices.Clone(s.links[from][to.kind][to.id])
	}
	for _, id := range ids {
		if a := s.types.byID[id]; a != nil {
			s.unlinkOne(from, to, a, by)
		}
	}
	s.afterLink(from, to)
}

func (s *Sim) afterLink(from, to *record) {
	for _, r := range []*record{from, to} {
		s.recalculate(r)
		if s.cfg.Quirks.AssociationBumps { // (inferred) by default an association change moves nothing
			s.renew(r)
			r.updated = later(s.now(), r.updated)
			r.props[r.kind.modified] = stampText(r.updated)
		}
	}
}

// spec is an association type as a request names it.
type spec struct {
	Category text `json:"associationCategory"`
	TypeID   text `json:"associationTypeId"`
}

// checkSpecs resolves type ids and refuses the wrong direction (section 5).
func (s *Sim) checkSpecs(from, to *kind, specs []spec) ([]int, *apiError) {
	var ids []int
	for _, sp := range specs {
		id, err := strconv.Atoi(string(sp.TypeID))
		a := s.types.byID[id]
		if err != nil || a == nil {
			return nil, validation("%s is not a valid association type id", sp.TypeID)
		}
		if a.category != string(sp.Category) {
			return nil, validation("No association type with category %s and id %d exists", sp.Category, id)
		}
		if a.from != from.name {
			return nil, validation("association type id %d has an invalid from object type %s, expected %s", id, from.id, s.kind(a.from).id)
		}
		if to != nil && a.to != to.name {
			return nil, validation("association type id %d has an invalid to object type %s, expected %s", id, to.id, s.kind(a.to).id)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, validation("types: at least one association type is needed")
	}
	return ids, nil
}

// checkPair refuses what must not be associated.
func (s *Sim) checkPair(from, to *record) *apiError {
	if from == to {
		return validation("cannot associate %s %d to itself", from.kind.label(), from.id).sub("crm.associations.INVALID_OBJECT_IDS")
	}
	for _, pair := range [][2]*record{{from, to}, {to, from}} {
		line, parent := pair[0], pair[1]
		if line.kind.name != "line_items" || parent.kind.name != "deals" {
			continue
		}
		for _, other := range s.linked(line, parent.kind) {
			if other == parent {
				continue
			}
			if !s.cfg.Quirks.ReparentLineItems { // (inferred) the status; the sheet only says "exactly one parent"
				return validation("line item %d already belongs to deal %d", line.id, other.id)
			}
			s.unlink(line, other, nil, actor{source: "API"})
		}
	}
	return nil
}

// invalidID is the row error for an id that does not exist.
func invalidID(k *kind, id string) *apiError {
	return validation("%s=%s is not valid", k.label(), id)
}

// liveRecord finds a record that associations can use; merged ids are followed.
func (k *kind) liveRecord(id string) *record {
	r, _ := k.find(id)
	if r == nil || r.archived {
		return nil
	}
	return r
}

type typeView struct {
	Category string  `json:"category"`
	TypeID   int     `json:"typeId"`
	Label    *string `json:"label"`
}

func (s *Sim) typeViews(ids []int) []typeView {
	out := []typeView{}
	for _, id := range ids {
		a := s.types.byID[id]
		v := typeView{Category: a.category, TypeID: id}
		if a.label != "" {
			v.Label = &a.label
		}
		out = append(out, v)
	}
	return out
}

func (s *Sim) labels(from, to *record) []string {
	out := []string{}
	for _, id := range s.links[from][to.kind][to.id] {
		if a := s.types.byID[id]; a.label != "" {
			out = append(out, a.label)
		}
	}
	return out
}

// linkView is the answer to making one association.
func (s *Sim) linkView(from, to *record) map[string]any {
	return map[string]any{"fromObjectTypeId": from.kind.id, "fromObjectId": from.id, "toObjectTypeId": to.kind.id, "toObjectId": to.id, "labels": s.labels(from, to)}
}

// inline is the `associations` member of a record read with ?associations=.
func (s *Sim) inline(r *record, names []string) (map[string]any, *apiError) {
	out := map[string]any{}
	for _, name := range names {
		to := s.kind(name)
		if to == nil {
			return nil, unknownType(name)
		}
		var results []map[string]string
		for _, o := range s.linked(r, to) {
			for _, id := range s.links[r][to][o.id] {
				results = append(results, map[string]string{"id": o.text(), "type": s.types.byID[id].inlineName()})
			}
		}
		if len(results) > 0 {
			out[to.inline] = map[string]any{"results": results}
		}
	}
	return out, nil
}

func (a *associationType) inlineName() string {
	if a.category == userDefined {
		return a.name
	}
	switch a.label {
	case "Parent Company":
		return "child_to_parent_company"
	case "Child Company":
		return "parent_to_child_company"
	}
	return a.name
}

func batchTimes(s *Sim) (started, completed string) {
	now := s.now()
	return stampText(now), stampText(now.Add(time.Duration(1+s.rng.IntN(80)) * time.Millisecond))
}

func (s *Sim) batchBody(results any, errs []any) map[string]any {
	started, completed := batchTimes(s)
	body := map[string]any{"status": "COMPLETE", "results": results, "startedAt": started, "completedAt": completed}
	if len(errs) > 0 {
		body["numErrors"], body["errors"] = len(errs), errs
	}
	return body
}

// rowError is one item of a batch's errors[]: an error body without the outer
// correlation id.
func rowError(e *apiError) any {
	c := *e
	c.CorrelationID = ""
	return &c
}

func statusOf(ok int, errs []any) int {
	if len(errs) > 0 {
		return http.StatusMultiStatus
	}
	return ok
}

// customLabel adds a portal's own label pair.
func (s *Sim) customLabel(from, to *kind, name, label, inverseLabel string) (one, two *associationType) {
	s.types.next += 2
	one = &associationType{id: s.types.next, from: from.name, to: to.name, category: userDefined, label: label, name: name, inverse: s.types.next + 1}
	two = &associationType{id: s.types.next + 1, from: to.name, to: from.name, category: userDefined, label: inverseLabel, name: fmt.Sprint(name, "_inverse"), inverse: one.id}
	s.types.byID[one.id], s.types.byID[two.id] = one, two
	return one, two
}
