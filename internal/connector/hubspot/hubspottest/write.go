package hubspottest

import (
	"maps"
	"slices"
	"sort"
	"strconv"
	"time"
)

// draft is a write that has been checked and not yet made: a batch without trace
// ids checks all rows before it makes any.
type draft struct {
	kind     *kind
	target   *record // nil for a create
	set      map[string]string
	warnings []warning
	links    []linkDraft
	by       actor
}

// prepare checks a write without making it. taken holds unique values of rows
// before it in the same batch.
func (s *Sim) prepare(k *kind, target *record, in map[string]string, by actor, strict bool, taken map[string]bool) (*draft, *apiError) {
	d := &draft{kind: k, target: target, set: map[string]string{}, by: by}
	if e := s.checkValues(d, in, strict); e != nil {
		return nil, e
	}
	if target == nil {
		s.fillIn(d)
		if e := s.checkRequired(d, in); e != nil {
			return nil, e
		}
	}
	if e := s.checkStage(d); e != nil {
		return nil, e
	}
	if strict {
		if e := s.checkRules(d); e != nil {
			return nil, e
		}
	}
	if e := s.checkUnique(d, taken); e != nil {
		return nil, e
	}
	return d, nil
}

// commit makes a checked write and gives the record.
func (s *Sim) commit(d *draft) *record {
	if d.target == nil {
		return s.commitCreate(d)
	}
	before := d.target.props
	s.apply(d.target, d.set, d.by)
	changed := map[string]string{}
	for name := range d.set {
		if v := d.target.props[name]; v != before[name] {
			changed[name] = v
		}
	}
	s.automations(d.target, changed, d.by)
	return d.target
}

func (s *Sim) commitCreate(d *draft) *record {
	k, now := d.kind, s.now()
	r := &record{id: s.newID(k), kind: k, props: map[string]string{}, history: map[string][]change{}, created: now, updated: now}
	if v := d.set[k.created]; v != "" {
		r.created, _ = parseTime(v)
	}
	k.records[r.id] = r
	k.order = append(k.order, r.id)
	s.renew(r)
	maps.Copy(r.props, map[string]string{
		"hs_object_id": r.text(), k.created: stampText(r.created), k.modified: stampText(now),
		"hs_object_source": d.by.source, "hs_object_source_id": d.by.sourceID, "hs_object_source_label": d.by.label,
	})
	if d.by.userID != 0 {
		r.props["hs_created_by_user_id"] = strconv.FormatInt(d.by.userID, 10)
	}
	delete(d.set, k.created)
	s.emit(event{Type: "creation", kind: k, ObjectID: r.id, ChangeFlag: "NEW"}, d.by)
	s.store(r, d.set, d.by)
	for _, l := range d.links {
		s.link(r, l.to, l.types, d.by)
	}
	s.recalculate(r)
	if k.name == "deals" && len(d.links) > 0 {
		s.carryLifecycle(r, d.by)
	}
	s.automations(r, d.set, d.by)
	return r
}

// apply writes properties to an existing record. A write that changes nothing
// still moves last-modified (inferred from recorded updates).
func (s *Sim) apply(r *record, set map[string]string, by actor) {
	s.renew(r)
	r.updated = later(s.now(), r.updated)
	r.props[r.kind.modified] = stampText(r.updated)
	if by.userID != 0 {
		r.props["hs_updated_by_user_id"] = strconv.FormatInt(by.userID, 10)
	}
	s.store(r, set, by)
	s.recalculate(r)
}

// later keeps last-modified moving by at least a millisecond.
func later(now, before time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Millisecond)
}

// store puts values into the current version with history, unique index, events
// and side effects. Calculated values come afterwards.
func (s *Sim) store(r *record, set map[string]string, by actor) {
	names := slices.Sorted(maps.Keys(set))
	stage := r.props[r.kind.stageProp]
	for _, name := range names {
		s.put(r, name, set[name], by)
	}
	if r.kind.stageProp != "" && r.props[r.kind.stageProp] != stage {
		s.enterStage(r, stage, set, by)
	}
	if id := set["associatedcompanyid"]; id != "" && r.kind.name == "contacts" {
		if c, _ := s.kind("companies").find(id); c != nil {
			s.link(r, c, []int{primaryContactCompany}, by)
		}
	}
}

// put sets one value; false when it stayed as it was.
func (s *Sim) put(r *record, name, value string, by actor) bool {
	old := r.props[name]
	if name == "lifecyclestage" && !s.forward(r, old, value) {
		return false
	}
	if index := r.kind.unique[name]; index != nil {
		if old != "" {
			delete(index, fold(old))
		}
		if value != "" {
			index[fold(value)] = r.id
		}
	}
	if _, had := r.props[name]; value != "" || had {
		r.props[name] = value // a cleared value reads as "" from then on, a never set one as null (recorded)
	}
	if old == value {
		return false
	}
	if name == "lifecyclestage" && value != "" {
		r.props["hs_lifecyclestage_"+value+"_date"] = stampText(s.now())
	}
	if name == "hs_additional_emails" {
		s.indexAdditional(r, old, value)
	}
	if name == "hubspot_owner_id" {
		r.props["hubspot_owner_assigneddate"], r.props["hs_all_owner_ids"] = stampText(s.now()), value
	}
	s.remember(r, name, value, by)
	s.emit(event{Type: "propertyChange", kind: r.kind, ObjectID: r.id, PropertyName: name, PropertyValue: value}, by)
	return true
}

// historyDepth is how many versions of a property are kept and shown.
const historyDepth = 20

func (s *Sim) remember(r *record, name, value string, by actor) {
	h := append(r.history[name], change{Value: value, Timestamp: stampText(s.now()), SourceType: by.source, SourceID: by.sourceID, SourceLabel: by.label, UpdatedByUserID: by.userID})
	if len(h) > historyDepth {
		h = h[len(h)-historyDepth:]
	}
	r.history[name] = h
}

// archive moves a record to the bin (90 days); false if it was there already.
func (s *Sim) archive(r *record, by actor) bool {
	if r.archived {
		return false
	}
	s.renew(r)
	r.archived, r.archivedAt = true, s.now()
	for name, index := range r.kind.unique { // (inferred) a binned record gives its unique values free
		if v := fold(r.props[name]); v != "" && index[v] == r.id {
			delete(index, v)
		}
	}
	if extra := r.props["hs_additional_emails"]; extra != "" && r.kind.name == "contacts" {
		s.indexAdditional(r, extra, "")
	}
	s.emit(event{Type: "deletion", kind: r.kind, ObjectID: r.id, ChangeFlag: "DELETED"}, by)
	s.recalculateNeighbours(r)
	return true
}

// restore takes a record back from the bin, which only a person can do.
func (s *Sim) restore(r *record, by actor) {
	if !r.archived {
		return
	}
	s.renew(r)
	r.archived, r.archivedAt = false, time.Time{}
	r.updated = later(s.now(), r.updated)
	r.props[r.kind.modified] = stampText(r.updated)
	for name, index := range r.kind.unique {
		v := fold(r.props[name])
		if v == "" {
			continue
		}
		if _, taken := index[v]; taken {
			delete(r.props, name)
		} else {
			index[v] = r.id
		}
	}
	if extra := r.props["hs_additional_emails"]; extra != "" && r.kind.name == "contacts" {
		s.indexAdditional(r, "", extra)
	}
	s.emit(event{Type: "restore", kind: r.kind, ObjectID: r.id}, by)
	s.yieldPrimary(r, by)
	s.recalculateNeighbours(r)
}

// yieldPrimary takes the primary label from a company that comes back where another one has it by now: there is one for each record
// (inferred which stays).
func (s *Sim) yieldPrimary(company *record, by actor) {
	for _, k := range s.kinds {
		ends, primary := s.links[company][k], s.types.primary(k, company.kind)
		if primary == nil || !owning(primary) {
			continue
		}
		for _, id := range sortedIDs(ends) {
			one := k.records[id]
			if one == nil || !slices.Contains(s.links[one][company.kind][company.id], primary.id) {
				continue
			}
			for _, other := range s.linked(one, company.kind) {
				if other != company && slices.Contains(s.links[one][company.kind][other.id], primary.id) {
					s.unlinkOne(one, company, primary, by)
					break
				}
			}
		}
	}
}

// sortedIDs gives ids in ascending order.
func sortedIDs(m map[int64][]int) []int64 {
	out := make([]int64, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
