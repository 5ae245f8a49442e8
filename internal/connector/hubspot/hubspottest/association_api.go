package hubspottest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The association limits of section 5.
const (
	maxAssociationInputs = 2000
	maxAssociationReads  = 1000
	associationPage      = 500
)

// pairScopes: associations need the scopes of both ends.
func pairScopes(verb string, kinds ...*kind) func(*request) []string {
	return func(q *request) []string {
		var out []string
		for _, k := range kinds {
			out = append(out, objectScope(k, verb)(q)...)
		}
		return out
	}
}

// recordAssociationRoute serves .../objects/{type}/{id}/associations/...
func (s *Sim) recordAssociationRoute(q *request, p []string) *route {
	from := s.kind(p[0])
	if from == nil {
		return refusing(unknownType(p[0]))
	}
	rest := p[3:]
	std := len(rest) == 3 && rest[0] == "default"
	if std {
		rest = rest[1:]
	}
	if len(rest) == 0 || len(rest) > 2 {
		return nil
	}
	to := s.kind(rest[0])
	if to == nil {
		return refusing(unknownType(rest[0]))
	}
	call := func(verb string, params []string, f func(*Sim, *request, *kind, *kind, []string) (answer, *apiError)) *route {
		return &route{scopes: pairScopes(verb, from, to), params: params, bucket: associating, serve: func(s *Sim, q *request) (answer, *apiError) {
			return f(s, q, from, to, append([]string{p[1]}, rest[1:]...))
		}}
	}
	switch {
	case len(rest) == 1 && !std && q.Method == http.MethodGet:
		return call("read", []string{"limit", "after"}, (*Sim).listAssociations)
	case len(rest) == 2 && std && q.Method == http.MethodPut:
		return call("write", nil, (*Sim).associateDefault)
	case len(rest) == 2 && q.Method == http.MethodPut:
		return call("write", nil, (*Sim).associate)
	case len(rest) == 2 && !std && q.Method == http.MethodDelete:
		return call("write", nil, (*Sim).dissociate)
	}
	return notAllowed(q)
}

func (s *Sim) listAssociations(q *request, from, to *kind, p []string) (answer, *apiError) {
	limit, e := q.limit(associationPage, associationPage)
	if e != nil {
		return answer{}, e
	}
	r := from.liveRecord(p[0])
	if r == nil {
		return answer{}, s.notFound()
	}
	results, next, e := s.associationResults(r, to, q.query.Get("after"), limit)
	if e != nil {
		return answer{}, e
	}
	body := map[string]any{"results": results}
	if next != "" {
		body["paging"] = map[string]any{"next": map[string]any{"after": next, "link": s.nextLink(q, next)}}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// associationResults gives one page; the cursor is the next record's id.
func (s *Sim) associationResults(r *record, to *kind, after string, limit int) (results []any, next string, e *apiError) {
	start := int64(0)
	if after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil {
			return nil, "", validation("after: %q is not a valid cursor", after)
		}
		start = n
	}
	results = []any{}
	for _, o := range s.linked(r, to) {
		if o.id < start {
			continue
		}
		if len(results) == limit {
			return results, o.text(), nil
		}
		results = append(results, map[string]any{"toObjectId": o.id, "associationTypes": s.typeViews(s.links[r][to][o.id])})
	}
	return results, "", nil
}

// ends finds both records of a single call.
func (s *Sim) ends(from, to *kind, p []string) (a, b *record, e *apiError) {
	a, b = from.liveRecord(p[0]), to.liveRecord(p[1])
	switch {
	case a == nil:
		return nil, nil, validation("%s is not a valid ID", p[0]).sub("crm.associations.INVALID_IDENTIFIER")
	case b == nil:
		return nil, nil, validation("%s is not a valid ID", p[1]).sub("crm.associations.INVALID_IDENTIFIER")
	}
	return a, b, nil
}

func (s *Sim) associateDefault(q *request, from, to *kind, p []string) (answer, *apiError) {
	a, b, e := s.ends(from, to, p)
	if e != nil {
		return answer{}, e
	}
	plain := s.types.plain(from, to)
	if plain == nil {
		return answer{}, validation("%s cannot be associated with %s", from.label(), to.label())
	}
	if e := s.checkPair(a, b); e != nil {
		return answer{}, e
	}
	s.link(a, b, []int{plain.id}, q.cred.actor())
	return answer{status: http.StatusOK, body: s.batchBody([]any{defaultView(a, b, plain), defaultView(b, a, s.types.byID[plain.inverse])}, nil)}, nil
}

// defaultView is one direction of a default association.
func defaultView(a, b *record, t *associationType) map[string]any {
	return map[string]any{"from": map[string]string{"id": a.text()}, "to": map[string]string{"id": b.text()},
		"associationSpec": map[string]any{"associationCategory": t.category, "associationTypeId": t.id}}
}

// associate replaces the label set between two records.
func (s *Sim) associate(q *request, from, to *kind, p []string) (answer, *apiError) {
	var specs []spec
	if e := q.decode(s, &specs); e != nil {
		return answer{}, e
	}
	a, b, e := s.ends(from, to, p)
	if e != nil {
		return answer{}, e
	}
	ids, e := s.checkSpecs(from, to, specs)
	if e != nil {
		return answer{}, e
	}
	if e := s.checkPair(a, b); e != nil {
		return answer{}, e
	}
	plain := s.types.plain(from, to)
	for _, old := range slices.Clone(s.links[a][to][b.id]) {
		if !slices.Contains(ids, old) && (plain == nil || old != plain.id) {
			s.unlinkOne(a, b, s.types.byID[old], q.cred.actor())
		}
	}
	s.link(a, b, ids, q.cred.actor())
	return answer{status: http.StatusCreated, body: s.linkView(a, b)}, nil
}

func (s *Sim) dissociate(q *request, from, to *kind, p []string) (answer, *apiError) {
	if a, b := from.liveRecord(p[0]), to.liveRecord(p[1]); a != nil && b != nil {
		s.unlink(a, b, nil, q.cred.actor())
	}
	return answer{status: http.StatusNoContent}, nil
}

// associationRoute serves /crm/associations/{ver}/{from}/{to}/...
func (s *Sim) associationRoute(q *request, p []string) *route {
	if len(p) < 3 {
		return nil
	}
	from, to := s.kind(p[0]), s.kind(p[1])
	if from == nil {
		return refusing(unknownType(p[0]))
	}
	if to == nil {
		return refusing(unknownType(p[1]))
	}
	call := func(verb string, f func(*Sim, *request, *kind, *kind) (answer, *apiError)) *route {
		return &route{scopes: pairScopes(verb, from, to), bucket: associating, serve: func(s *Sim, q *request) (answer, *apiError) { return f(s, q, from, to) }}
	}
	switch rest := strings.Join(p[2:], "/"); {
	case rest == "labels" && q.Method == http.MethodGet:
		return call("read", (*Sim).listLabels)
	case rest == "labels" && q.Method == http.MethodPost:
		return call("write", (*Sim).createLabel)
	case q.Method != http.MethodPost:
		return notAllowed(q)
	case rest == "batch/create":
		return call("write", (*Sim).batchAssociate)
	case rest == "batch/associate/default":
		return call("write", (*Sim).batchAssociateDefault)
	case rest == "batch/read":
		return call("read", (*Sim).batchReadAssociations)
	case rest == "batch/archive":
		return call("write", (*Sim).batchDissociate)
	case rest == "batch/labels/archive":
		return call("write", (*Sim).batchArchiveLabels)
	}
	return nil
}

func (s *Sim) listLabels(q *request, from, to *kind) (answer, *apiError) {
	var ids []int
	for id, a := range s.types.byID {
		if a.from == from.name && a.to == to.name {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return answer{status: http.StatusOK, body: map[string]any{"results": s.typeViews(ids)}}, nil
}

// maxLabels is the number of own labels per object pair.
const maxLabels = 10

func (s *Sim) createLabel(q *request, from, to *kind) (answer, *apiError) {
	var in struct{ Label, Name, InverseLabel string }
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if in.Label == "" || in.Name == "" {
		return answer{}, validation("label and name must not be blank")
	}
	own := 0
	for _, a := range s.types.byID {
		if a.from == from.name && a.to == to.name && a.category == userDefined {
			own++
		}
	}
	if own >= maxLabels {
		return answer{}, validation("a pair of objects has at most %d labels", maxLabels)
	}
	setDefault(&in.InverseLabel, in.Label)
	one, two := s.customLabel(from, to, in.Name, in.Label, in.InverseLabel)
	return answer{status: http.StatusOK, body: map[string]any{"results": s.typeViews([]int{one.id, two.id})}}, nil
}

type ref struct {
	ID text `json:"id"`
}

type associationInput struct {
	From  ref    `json:"from"`
	To    ref    `json:"to"`
	Types []spec `json:"types"`
}

func inputs[T any](s *Sim, q *request, most int) ([]T, *apiError) {
	var in struct {
		Inputs []T `json:"inputs"`
	}
	if e := q.decode(s, &in); e != nil {
		return nil, e
	}
	if len(in.Inputs) == 0 {
		return nil, validation("inputs: must not be empty")
	}
	if len(in.Inputs) > most {
		return nil, validation("The maximum number of inputs supported in a batch request is %d, but %d were given", most, len(in.Inputs)).sub("BATCH_SIZE_EXCEEDED")
	}
	return in.Inputs, nil
}

// batchAssociate: a wrong type refuses the whole batch, a missing record only
// its row (recorded: "CONTACT=1234 is not valid").
func (s *Sim) batchAssociate(q *request, from, to *kind) (answer, *apiError) {
	rows, e := inputs[associationInput](s, q, maxAssociationInputs)
	if e != nil {
		return answer{}, e
	}
	types := make([][]int, len(rows))
	for i, row := range rows {
		if types[i], e = s.checkSpecs(from, to, row.Types); e != nil {
			return answer{}, e
		}
	}
	results, errs := []any{}, []any{}
	for i, row := range rows {
		a, b, e := s.rowEnds(q, i, from, to, string(row.From.ID), string(row.To.ID))
		if e != nil {
			errs = append(errs, rowError(e))
			continue
		}
		s.link(a, b, types[i], q.cred.actor())
		results = append(results, s.linkView(a, b))
	}
	s.shuffle(results)
	return answer{status: statusOf(http.StatusCreated, errs), body: s.batchBody(results, errs)}, nil
}

// rowEnds finds and checks both ends of one row.
func (s *Sim) rowEnds(q *request, i int, from, to *kind, fromID, toID string) (a, b *record, e *apiError) {
	if e := q.rowFault(i, map[string]string{"from": fromID, "to": toID}); e != nil {
		return nil, nil, e
	}
	if a = from.liveRecord(fromID); a == nil {
		return nil, nil, invalidID(from, fromID)
	}
	if b = to.liveRecord(toID); b == nil {
		return nil, nil, invalidID(to, toID)
	}
	return a, b, s.checkPair(a, b)
}

func (s *Sim) shuffle(list []any) {
	s.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func (s *Sim) batchAssociateDefault(q *request, from, to *kind) (answer, *apiError) {
	rows, e := inputs[struct {
		From ref `json:"from"`
		To   ref `json:"to"`
	}](s, q, maxAssociationInputs)
	if e != nil {
		return answer{}, e
	}
	plain := s.types.plain(from, to)
	if plain == nil {
		return answer{}, validation("%s cannot be associated with %s", from.label(), to.label())
	}
	results, errs := []any{}, []any{}
	for i, row := range rows {
		a, b, e := s.rowEnds(q, i, from, to, string(row.From.ID), string(row.To.ID))
		if e != nil {
			errs = append(errs, rowError(e))
			continue
		}
		s.link(a, b, []int{plain.id}, q.cred.actor())
		results = append(results, defaultView(a, b, plain), defaultView(b, a, s.types.byID[plain.inverse]))
	}
	s.shuffle(results)
	return answer{status: statusOf(http.StatusOK, errs), body: s.batchBody(results, errs)}, nil
}

// batchReadAssociations: ids without associations come as error items, not as
// empty results (section 5).
func (s *Sim) batchReadAssociations(q *request, from, to *kind) (answer, *apiError) {
	rows, e := inputs[struct {
		ID    text `json:"id"`
		After text `json:"after"`
	}](s, q, maxAssociationReads)
	if e != nil {
		return answer{}, e
	}
	results, errs := []any{}, []any{}
	for _, row := range rows {
		r := from.liveRecord(string(row.ID))
		var page []any
		next := ""
		if r != nil {
			if page, next, e = s.associationResults(r, to, string(row.After), associationPage); e != nil {
				return answer{}, e
			}
		}
		if len(page) == 0 {
			errs = append(errs, rowError(noAssociations(from, to, string(row.ID))))
			continue
		}
		one := map[string]any{"from": map[string]string{"id": string(row.ID)}, "to": page}
		if next != "" {
			one["paging"] = map[string]any{"next": map[string]string{"after": next}}
		}
		results = append(results, one)
	}
	s.shuffle(results)
	return answer{status: statusOf(http.StatusOK, errs), body: s.batchBody(results, errs)}, nil
}

func noAssociations(from, to *kind, id string) *apiError {
	return fail(0, "OBJECT_NOT_FOUND", "No %s is associated with %s %s.", to.singular, from.singular, id).
		sub("crm.associations.NO_ASSOCIATIONS_FOUND").
		with("fromObjectId", id).with("fromObjectType", from.singular).with("toObjectType", to.singular)
}

func (s *Sim) batchDissociate(q *request, from, to *kind) (answer, *apiError) {
	rows, e := inputs[struct {
		From ref   `json:"from"`
		To   []ref `json:"to"`
	}](s, q, maxAssociationInputs)
	if e != nil {
		return answer{}, e
	}
	for _, row := range rows {
		for _, t := range row.To {
			if a, b := from.liveRecord(string(row.From.ID)), to.liveRecord(string(t.ID)); a != nil && b != nil {
				s.unlink(a, b, nil, q.cred.actor())
			}
		}
	}
	return q.noContent(), nil
}

func (s *Sim) batchArchiveLabels(q *request, from, to *kind) (answer, *apiError) {
	rows, e := inputs[associationInput](s, q, maxAssociationInputs)
	if e != nil {
		return answer{}, e
	}
	for _, row := range rows {
		ids, e := s.checkSpecs(from, to, row.Types)
		if e != nil {
			return answer{}, e
		}
		if a, b := from.liveRecord(string(row.From.ID)), to.liveRecord(string(row.To.ID)); a != nil && b != nil {
			s.unlink(a, b, ids, q.cred.actor())
		}
	}
	return q.noContent(), nil
}

// noContent: v4 answers 204 where the dated specs say 200 (section 1).
func (q *request) noContent() answer {
	if q.version == "v4" {
		return answer{status: http.StatusNoContent}
	}
	return answer{status: http.StatusOK, body: json.RawMessage("{}")}
}
