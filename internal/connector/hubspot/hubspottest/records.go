package hubspottest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// shape says what a caller wants to see of a record.
type shape struct {
	properties   []string
	history      []string
	associations []string
	archived     bool
}

func (q *request) shape() (shape, *apiError) {
	archived, e := q.flag("archived")
	return shape{properties: q.list("properties"), history: q.list("propertiesWithHistory"), associations: q.list("associations"), archived: archived}, e
}

// show renders a record as section 4 says: strings or null; undefined properties
// are silently absent; ids and dates come along whatever was asked.
func (s *Sim) show(v view, sh shape) (map[string]any, *apiError) {
	k := v.kind
	names := sh.properties
	if len(names) == 0 {
		names = k.defaults
	} else {
		names = append([]string{k.created, k.modified, "hs_object_id"}, names...)
	}
	props := map[string]any{}
	for _, name := range names {
		if k.usable(name) == nil {
			continue
		}
		if val, ok := v.props[name]; ok {
			props[name] = val
		} else {
			props[name] = nil
		}
	}
	out := s.frame(v, props)
	if len(sh.history) > 0 {
		h := map[string][]change{}
		for _, name := range sh.history {
			if k.usable(name) == nil {
				continue
			}
			list := slices.Clone(v.history[name])
			slices.Reverse(list)
			h[name] = append([]change{}, list...)
			if val, ok := v.props[name]; ok {
				props[name] = val
			}
		}
		out["propertiesWithHistory"] = h
	}
	if len(sh.associations) > 0 {
		in, e := s.inline(v.record, sh.associations)
		if e != nil {
			return nil, e
		}
		if len(in) > 0 {
			out["associations"] = in
		}
	}
	return out, nil
}

// frame is everything of a record but the choice of properties.
func (s *Sim) frame(v view, props map[string]any) map[string]any {
	out := map[string]any{
		"id": v.text(), "properties": props, "createdAt": stampText(v.created), "updatedAt": stampText(v.updated), "archived": v.archived,
		"url": fmt.Sprintf("https://%s/contacts/%d/record/%s/%d", s.cfg.UIDomain, s.cfg.PortalID, v.kind.id, v.id),
	}
	if v.archived {
		out["archivedAt"] = stampText(v.archivedAt)
	}
	return out
}

// written is the answer to a write: after a create everything that has a value;
// after an update what was written, what the portal keeps by itself, and a few
// that its calculations rest on.
func (s *Sim) written(d *draft, r *record) map[string]any {
	props := map[string]any{}
	for name, v := range r.props {
		p := r.kind.usable(name)
		if p == nil {
			continue
		}
		_, sent := d.set[name]
		if d.target == nil || sent || slices.Contains(r.kind.echo, name) || p.Calculated || p.ModificationMetadata.ReadOnlyValue {
			props[name] = v
		}
	}
	out := s.frame(r.current(), props)
	if len(d.warnings) > 0 {
		out["warnings"] = d.warnings
	}
	return out
}

func (s *Sim) listRecords(q *request, k *kind) (answer, *apiError) {
	sh, e := q.shape()
	if e != nil {
		return answer{}, e
	}
	most := 100
	if len(sh.history) > 0 {
		most = s.cfg.Quirks.HistoryPage
	}
	limit, e := q.limit(10, most)
	if e != nil {
		return answer{}, e
	}
	start := int64(0)
	if after := q.query.Get("after"); after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil {
			return answer{}, validation("after: %q is not a valid cursor", after)
		}
		start = n
	}
	results := []any{}
	from, _ := slices.BinarySearch(k.order, start)
	if from == len(k.order) && !s.cfg.Quirks.CursorPastEndIsEmpty {
		from = 0 // recorded in 2026: a cursor behind the last record gives the first page
	}
	for i, id := range k.order[from:] {
		r := k.records[id]
		v := r.current()
		if s.cfg.Quirks.ListAllVersions {
			v, _ = s.read(r)
		}
		if v.record == nil || !r.visible() || v.archived != sh.archived {
			continue
		}
		one, e := s.show(v, sh)
		if e != nil {
			return answer{}, e
		}
		results = append(results, one)
		if len(results) == limit {
			return s.page(q, k, results, id, k.order[from+i+1:], sh.archived), nil
		}
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": results}}, nil
}

// page adds the cursor when anything is left. The cursor is the last id plus one
// (recorded: 51 -> "52"); clients must treat it as opaque.
func (s *Sim) page(q *request, k *kind, results []any, last int64, rest []int64, archived bool) answer {
	body := map[string]any{"results": results}
	if slices.ContainsFunc(rest, func(id int64) bool { r := k.records[id]; return r.visible() && r.archived == archived }) {
		after := strconv.FormatInt(last+1, 10)
		body["paging"] = map[string]any{"next": map[string]string{"after": after, "link": s.nextLink(q, after)}}
	}
	return answer{status: http.StatusOK, body: body}
}

// nextLink is paging.next.link: the same call with the next cursor.
func (s *Sim) nextLink(q *request, after string) string {
	v := url.Values{}
	for name, list := range q.query {
		if name != "hapikey" {
			v[name] = list
		}
	}
	v.Set("after", after)
	return s.cfg.PublicURL + q.URL.Path + "?" + v.Encode()
}

// locate finds the record of a single call by id or unique property. Merged ids
// are aliases here (section 4, "Merge").
func (s *Sim) locate(q *request, k *kind, id string) (*record, *apiError) {
	by := q.query.Get("idProperty")
	if e := k.keyable(by); e != nil {
		return nil, e
	}
	if _, err := strconv.ParseInt(id, 10, 64); err != nil && (by == "" || by == "hs_object_id") {
		return nil, fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.")
	}
	r, _ := k.findBy(by, id)
	if r == nil {
		return nil, s.notFound()
	}
	return r, nil
}

// keyable refuses a property that cannot be an idProperty.
func (k *kind) keyable(name string) *apiError {
	if name == "" || name == "hs_object_id" {
		return nil
	}
	if p := k.usable(name); p == nil || !p.HasUniqueValue {
		return validation("Property %q is not a unique identifier property of %s", name, k.label())
	}
	return nil
}

func (s *Sim) readRecord(q *request, k *kind) (answer, *apiError) {
	sh, e := q.shape()
	if e != nil {
		return answer{}, e
	}
	r, e := s.locate(q, k, q.path[len(q.path)-1])
	if e != nil {
		return answer{}, e
	}
	v, ok := s.read(r)
	if !ok || v.archived != sh.archived {
		return answer{}, s.notFound()
	}
	body, e := s.show(v, sh)
	return answer{status: http.StatusOK, body: body}, e
}

type createInput struct {
	Properties   values            `json:"properties"`
	Associations []associationSpec `json:"associations"`
	TraceID      text              `json:"objectWriteTraceId"`
}

type associationSpec struct {
	To    ref    `json:"to"`
	Types []spec `json:"types"`
}

// prepareCreate checks one create with its associations.
func (s *Sim) prepareCreate(q *request, k *kind, in createInput, taken map[string]bool) (*draft, *apiError) {
	props, e := in.Properties.plain(s)
	if e != nil {
		return nil, e
	}
	d, e := s.prepare(k, nil, props, q.cred.actor(), q.validates(), taken)
	if e != nil {
		return nil, e
	}
	d.links, e = s.prepareLinks(k, in.Associations)
	return d, e
}

func (s *Sim) prepareLinks(k *kind, in []associationSpec) ([]linkDraft, *apiError) {
	var out []linkDraft
	for _, a := range in {
		ids, e := s.checkSpecs(k, nil, a.Types)
		if e != nil {
			return nil, e
		}
		to := s.kind(s.types.byID[ids[0]].to)
		if _, e := s.checkSpecs(k, to, a.Types); e != nil {
			return nil, e
		}
		r := to.liveRecord(string(a.To.ID))
		if r == nil {
			return nil, invalidID(to, string(a.To.ID)).sub("crm.associations.INVALID_OBJECT_IDS")
		}
		if k.name == "line_items" && to.name == "deals" && slices.ContainsFunc(out, func(l linkDraft) bool { return l.to.kind == to && l.to != r }) {
			return nil, validation("a line item belongs to exactly one deal")
		}
		out = append(out, linkDraft{to: r, types: ids})
	}
	return out, nil
}

func (s *Sim) createRecord(q *request, k *kind) (answer, *apiError) {
	var in createInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	d, e := s.prepareCreate(q, k, in, nil)
	if e != nil {
		return answer{}, e
	}
	r := s.commit(d)
	body := s.written(d, r)
	if in.TraceID != "" {
		body["objectWriteTraceId"] = in.TraceID
	}
	return answer{status: http.StatusCreated, body: body, header: http.Header{"Location": {s.cfg.PublicURL + q.URL.Path + "/" + r.text()}}}, nil
}

func (s *Sim) updateRecord(q *request, k *kind) (answer, *apiError) {
	var in struct {
		Properties values `json:"properties"`
		TraceID    text   `json:"objectWriteTraceId"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	r, e := s.locate(q, k, q.path[len(q.path)-1])
	if e != nil {
		return answer{}, e
	}
	if r.archived {
		return answer{}, s.notFound()
	}
	props, e := in.Properties.plain(s)
	if e != nil {
		return answer{}, e
	}
	d, e := s.prepare(k, r, props, q.cred.actor(), q.validates(), nil)
	if e != nil {
		return answer{}, e
	}
	s.commit(d)
	return answer{status: http.StatusOK, body: s.written(d, r)}, nil
}

// archiveRecord answers 204 also for what is already gone (inferred).
func (s *Sim) archiveRecord(q *request, k *kind) (answer, *apiError) {
	if r, _ := k.find(q.path[len(q.path)-1]); r != nil {
		s.archive(r, q.cred.actor())
	}
	return answer{status: http.StatusNoContent}, nil
}
