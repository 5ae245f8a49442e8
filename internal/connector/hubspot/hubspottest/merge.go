package hubspottest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxMerges is the number of records that one record can have absorbed.
const maxMerges = 250

func (s *Sim) mergeRecords(q *request, k *kind) (answer, *apiError) {
	var in struct {
		Primary text `json:"primaryObjectId"`
		Other   text `json:"objectIdToMerge"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	a, b := k.liveRecord(string(in.Primary)), k.liveRecord(string(in.Other))
	if a == nil {
		return answer{}, invalidID(k, string(in.Primary))
	}
	if b == nil {
		return answer{}, invalidID(k, string(in.Other))
	}
	r, e := s.merge(a, b, q.cred.actor())
	if e != nil {
		return answer{}, e
	}
	body, e := s.show(r.current(), shape{})
	return answer{status: http.StatusOK, body: body}, e
}

// merge makes a new record out of two (section 4): a new id, the primary's values
// where it has any, all associations of both; the old ids become aliases and
// leave lists and searches without being archived.
func (s *Sim) merge(a, b *record, by actor) (*record, *apiError) {
	if a == b {
		return nil, validation("Cannot merge %s %d with itself", a.kind.label(), a.id)
	}
	old := append(append(slices.Clone(a.merged), b.merged...), a.id, b.id)
	if len(old) > maxMerges {
		return nil, validation("Cannot have more than %d identities on a profile", maxMerges)
	}
	k, now := a.kind, s.now()
	r := &record{id: s.newID(k), kind: k, history: map[string][]change{}, created: a.created, updated: now, merged: old}
	if b.created.Before(a.created) {
		r.created = b.created
	}
	k.records[r.id] = r
	k.order = append(k.order, r.id)
	r.props = maps.Clone(b.props)
	maps.Copy(r.props, a.props)
	s.renew(r)
	for name := range r.props {
		from := a
		if _, ok := a.props[name]; !ok {
			from = b
		}
		r.history[name] = slices.Clone(from.history[name])
	}
	maps.Copy(r.props, map[string]string{"hs_object_id": r.text(), k.created: stampText(r.created), k.modified: stampText(now), "hs_merged_object_ids": joined(old)})
	if k.name == "contacts" {
		r.props["hs_calculated_merged_vids"] = joinedVids(old, strconv.FormatInt(now.UnixMilli(), 10))
	}
	s.moveUnique(a, b, r)
	for _, o := range []*record{a, b} {
		s.renew(o)
		o.mergedInto = r.id
		s.moveLinks(o, r, by)
	}
	s.emit(event{Type: "merge", kind: k, ObjectID: r.id, Merge: &mergeEvent{Primary: a.id, Merged: []int64{b.id}, New: r.id, Moved: len(b.props)}}, by)
	s.recalculate(r)
	return r, nil
}

// moveUnique points unique values at the new record; the second e-mail address
// becomes an additional one and still counts (section 14).
func (s *Sim) moveUnique(a, b, r *record) {
	for name, index := range r.kind.unique {
		for _, o := range []*record{b, a} {
			if v := fold(o.props[name]); v != "" && index[v] == o.id {
				if name == "email" || v == fold(r.props[name]) {
					index[v] = r.id
				} else {
					delete(index, v)
				}
			}
		}
		if mail := b.props["email"]; name == "email" && mail != "" && mail != r.props["email"] {
			r.props["hs_additional_emails"] = strings.Trim(r.props["hs_additional_emails"]+";"+mail, ";")
		}
	}
}

func (s *Sim) moveLinks(from, to *record, by actor) {
	for _, k := range s.kinds {
		for _, other := range s.linked(from, k) {
			types := slices.Clone(s.links[from][k][other.id])
			for _, id := range types {
				a := s.types.byID[id]
				s.unpoint(from, other, id)
				s.unpoint(other, from, a.inverse)
				if owning(a) && s.primary(to, k) != nil {
					continue // the primary record's own primary company stays
				}
				if other != to {
					s.linkOne(to, other, a, by)
				}
			}
			s.recalculate(other)
		}
	}
}

func joined(ids []int64) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(out, ";")
}

func joinedVids(ids []int64, ms string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10) + ":" + ms
	}
	return strings.Join(out, ";")
}

// forget is gdpr-delete: the contact is gone for good and its address barred.
func (s *Sim) forget(q *request, k *kind) (answer, *apiError) {
	var in struct {
		ObjectID   text   `json:"objectId"`
		IDProperty string `json:"idProperty"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if e := k.keyable(in.IDProperty); e != nil {
		return answer{}, e
	}
	r, _ := k.findBy(in.IDProperty, string(in.ObjectID))
	if r == nil {
		return answer{}, s.notFound()
	}
	if mail := r.props["email"]; mail != "" {
		s.barred[mail] = true
	}
	by := q.cred.actor()
	s.archive(r, by)
	s.emit(event{Type: "privacyDeletion", kind: k, ObjectID: r.id, ChangeFlag: "DELETED"}, by)
	for _, other := range s.kinds {
		for _, o := range s.linked(r, other) {
			s.unlink(r, o, nil, by)
		}
	}
	r.gone, r.props, r.history, r.past = true, map[string]string{}, nil, nil
	return answer{status: http.StatusNoContent}, nil
}
