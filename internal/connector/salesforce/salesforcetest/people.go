package salesforcetest

import (
	"fmt"
	"strings"
	"time"
)

// Person acts in Salesforce without the API: no session, limits, faults, call
// counts or field-level security. What it does obeys the org's rules (validation,
// price books, stages), raises outbound messages and change events, and stands in
// the journal. Errors are the API's own.
type Person struct {
	s    *Sim
	user string
	late time.Duration
}

// AsUser is a person with this user id at the screen: LastModifiedById is theirs.
// "" is PersonID.
func (s *Sim) AsUser(userID string) Person {
	if userID == "" {
		userID = s.admin
	}
	return Person{s: s, user: userID}
}

// Person is AsUser(PersonID()).
func (s *Sim) Person() Person { return s.AsUser("") }

// Late makes what the person does visible to readers only so much later than its
// stamp, as a long transaction does (section 9).
func (p Person) Late(d time.Duration) Person { p.late = d; return p }

// do runs one transaction.
func (p Person) do(what func(t *tx) *apiError) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.settle()
	t := p.s.begin(p.user)
	t.person, t.late = true, p.late
	t.origin = "com/salesforce/api/soap/" + p.s.cfg.APIVersion + ";client=SfdcInternalAPI/" // Lightning, section 17.3
	if e := what(t); e != nil {
		t.rollback()
		return e
	}
	p.s.commit(t)
	return nil
}

func (s *Sim) known(object string) (*object, *apiError) {
	o := s.object(object)
	if o == nil {
		return nil, fail(404, "NOT_FOUND", "there is no object %q in this org", object)
	}
	return o, nil
}

func (s *Sim) row(object, id string) (*record, *apiError) {
	o, e := s.known(object)
	if e != nil {
		return nil, e
	}
	r := s.record(id)
	if r == nil || r.o != o {
		return nil, fail(404, "NOT_FOUND", "there is no %s %q", o.Name, id)
	}
	return r, nil
}

// Create makes a record and gives its id. Values are strings, bools, numbers,
// json.Number or nil; dates and datetimes are strings.
func (p Person) Create(object string, values map[string]any) (id string, err error) {
	err = p.do(func(t *tx) *apiError {
		o, e := p.s.known(object)
		if e != nil {
			return e
		}
		r, e := t.saveValues(o, nil, values)
		if e == nil {
			id = r.id
		}
		return e
	})
	return id, err
}

// Update writes values of a record; nil clears.
func (p Person) Update(object, id string, values map[string]any) error {
	return p.do(func(t *tx) *apiError {
		r, e := p.s.row(object, id)
		if e != nil {
			return e
		}
		_, e = t.saveValues(r.o, r, values)
		return e
	})
}

// UpdateMany writes the same values to several records in one transaction: their
// change event is one with several record ids (section 17.2).
func (p Person) UpdateMany(object string, ids []string, values map[string]any) error {
	return p.do(func(t *tx) *apiError {
		for _, id := range ids {
			r, e := p.s.row(object, id)
			if e != nil {
				return e
			}
			if _, e = t.saveValues(r.o, r, values); e != nil {
				return e
			}
		}
		return nil
	})
}

func (t *tx) saveValues(o *object, r *record, values map[string]any) (*record, *apiError) {
	in, order, e := marshalValues(values)
	if e != nil {
		return nil, e
	}
	return t.save(o, r, in, order)
}

// Delete moves a record, and what goes with it, to the recycle bin.
func (p Person) Delete(object, id string) error {
	return p.do(func(t *tx) *apiError {
		r, e := p.s.row(object, id)
		if e != nil {
			return e
		}
		return t.remove(r)
	})
}

// Undelete takes a record, and what was deleted with it, out of the recycle bin.
func (p Person) Undelete(object, id string) error {
	return p.do(func(t *tx) *apiError {
		r, e := p.s.row(object, id)
		if e != nil {
			return e
		}
		return t.restore(r)
	})
}

// Purge empties the recycle bin of one record: no query shows it any more, and no
// change event tells (section 17.2).
func (p Person) Purge(object, id string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	r, e := p.s.row(object, id)
	if e != nil {
		return e
	}
	if !r.deleted {
		return fmt.Errorf("salesforcetest: %s %s is not in the recycle bin", object, id)
	}
	r.purged = true
	return nil
}

// Merge merges up to two records into a winner and writes values to it (section
// 15.1). Accounts, contacts and leads can be merged.
func (p Person) Merge(object, winner string, values map[string]any, losers ...string) error {
	return p.do(func(t *tx) *apiError {
		w, e := p.s.row(object, winner)
		if e != nil {
			return e
		}
		switch {
		case !w.o.mergeable:
			return fail(400, "INVALID_OPERATION", "%s cannot be merged", w.o.Name)
		case len(losers) < 1 || len(losers) > 2:
			return fail(400, "INVALID_OPERATION", "a merge has one or two losers, not %d", len(losers))
		case w.deleted:
			return entityDeleted()
		}
		for _, id := range losers {
			l, e := p.s.row(object, id)
			if e != nil {
				return e
			}
			if e := t.merge(w, l); e != nil {
				return e
			}
		}
		_, e = t.saveValues(w.o, w, values)
		return e
	})
}

// merge buries a loser and re-parents what pointed at it.
func (t *tx) merge(winner, loser *record) *apiError {
	switch {
	case loser == winner:
		return fail(400, "INVALID_OPERATION", "a record cannot be merged into itself")
	case loser.deleted:
		return entityDeleted()
	case winner.yes("IsConverted") || loser.yes("IsConverted"):
		return reject("CANNOT_UPDATE_CONVERTED_LEAD", nil, "cannot reference converted lead")
	}
	for _, o := range t.s.order {
		for _, f := range o.fields {
			if f.Type != "reference" || !f.mayPointTo(loser.o.Name) || f.Name == "MasterRecordId" {
				continue
			}
			for _, child := range t.s.pointing(o, f, loser.id) {
				if child != loser {
					t.put(child, map[*Field]any{f: winner.id}, true)
				}
			}
		}
	}
	t.bury(loser, MergedAway, false, winner.id)
	loser.bin = loser.id
	return nil
}

// pointing gives the live records whose reference has this id; few references
// have no index, those are searched.
func (s *Sim) pointing(o *object, f *Field, id string) []*record {
	if f.indexed {
		return s.alive(o.having(f, id))
	}
	var out []*record
	for _, r := range o.rows {
		if !r.deleted && r.get(f) == id {
			out = append(out, r)
		}
	}
	return out
}

// Win moves an opportunity to the first won stage, Lose to the first closed and
// not won one, Reopen to the first open one.
func (p Person) Win(opportunity string) error { return p.stage(opportunity, true, true) }

// Lose closes an opportunity as lost.
func (p Person) Lose(opportunity string) error { return p.stage(opportunity, true, false) }

// Reopen moves an opportunity back to the first open stage.
func (p Person) Reopen(opportunity string) error { return p.stage(opportunity, false, false) }

func (p Person) stage(opportunity string, closed, won bool) error {
	p.s.mu.Lock()
	name := ""
	for _, st := range p.s.object("OpportunityStage").rows {
		if name == "" && !st.deleted && st.yes("IsActive") && st.yes("IsClosed") == closed && st.yes("IsWon") == won {
			name = st.str("ApiName")
		}
	}
	p.s.mu.Unlock()
	if name == "" {
		return fmt.Errorf("salesforcetest: no active stage is closed=%v won=%v", closed, won)
	}
	return p.Update("Opportunity", opportunity, map[string]any{"StageName": name})
}

// Load makes many records fast: rules of the objects apply (required fields,
// names, stages, price books), but there is no journal, no event, no trigger and
// no validation rule. Rows may carry CreatedDate, LastModifiedDate and
// SystemModstamp (RFC 3339) to lie in the past. It gives the ids in order.
func (s *Sim) Load(object string, rows []map[string]any) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, e := s.known(object)
	if e != nil {
		return nil, e
	}
	saved := s.rules
	s.rules = rules{}
	defer func() { s.rules = saved }()
	t := s.begin(s.admin)
	t.person = true
	dated := false
	ids := make([]string, 0, len(rows))
	for i, row := range rows {
		values, at, err := splitStamps(row)
		if err != nil {
			return ids, fmt.Errorf("salesforcetest: row %d: %w", i, err)
		}
		r, e := t.saveValues(o, nil, values)
		if e != nil {
			return ids, fmt.Errorf("salesforcetest: row %d: %w", i, e)
		}
		at.apply(r)
		dated = dated || at != (stamps{})
		ids = append(ids, r.id)
		t.undo, t.marks = nil, nil
		clear(t.byRec)
		clear(t.auto)
	}
	if dated {
		o.sortMoves()
	}
	return ids, nil
}

type stamps struct{ created, modified, stamp time.Time }

func splitStamps(row map[string]any) (map[string]any, stamps, error) {
	var st stamps
	out := row
	for name, into := range map[string]*time.Time{"CreatedDate": &st.created, "LastModifiedDate": &st.modified, "SystemModstamp": &st.stamp} {
		v, has := row[name]
		if !has {
			continue
		}
		if len(out) == len(row) {
			out = make(map[string]any, len(row))
			for k, x := range row {
				if k != "CreatedDate" && k != "LastModifiedDate" && k != "SystemModstamp" {
					out[k] = x
				}
			}
		}
		at, err := time.Parse(time.RFC3339, strings.Replace(asText(v), "+0000", "Z", 1))
		if err != nil {
			return nil, st, fmt.Errorf("%s %v is not an RFC 3339 time", name, v)
		}
		*into = at.UTC().Truncate(time.Second)
	}
	return out, st, nil
}

func (st stamps) apply(r *record) {
	if !st.created.IsZero() {
		r.created, r.modified, r.stamp = st.created, st.created, st.created
	}
	if !st.modified.IsZero() {
		r.modified, r.stamp = st.modified, st.modified
	}
	if !st.stamp.IsZero() {
		r.stamp = st.stamp
	}
}
