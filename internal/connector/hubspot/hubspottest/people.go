package hubspottest

import (
	"fmt"
	"strings"
)

// Actor acts on the portal without the API: no credentials, limits, faults or
// call counts. Its changes raise webhooks and obey the portal's rules like any
// other. Errors are the API's own.
type Actor struct {
	s  *Sim
	by actor
}

// User is a person at the screen: changeSource CRM_UI.
func (s *Sim) User() Actor { return Actor{s, personActor(UserID)} }

// Other is somebody else's integration (OtherAppID).
func (s *Sim) Other() Actor {
	return Actor{s, actor{source: "INTEGRATION", sourceID: fmt.Sprint(OtherAppID), label: "Somebody Else", appID: OtherAppID}}
}

// Import is a file import: changeSource IMPORT.
func (s *Sim) Import() Actor {
	return Actor{s, actor{source: "IMPORT", sourceID: "1", label: "IMPORT", userID: UserID}}
}

// lock takes the portal for one action and lets due values show first.
func (a Actor) lock() func() {
	a.s.mu.Lock()
	a.s.settle()
	return a.s.mu.Unlock
}

// result keeps a nil *apiError from becoming a non-nil error.
func result(e *apiError) error {
	if e == nil {
		return nil
	}
	return e
}

func (a Actor) find(objectType, id string) (*record, error) {
	k := a.s.kind(objectType)
	if k == nil {
		return nil, unknownType(objectType)
	}
	r, _ := k.find(id)
	if r == nil {
		return nil, fmt.Errorf("hubspottest: there is no %s %s", k.singular, id)
	}
	return r, nil
}

// Create makes a record and gives its id.
func (a Actor) Create(objectType string, properties map[string]string) (id string, err error) {
	defer a.lock()()
	k := a.s.kind(objectType)
	if k == nil {
		return "", unknownType(objectType)
	}
	d, e := a.s.prepare(k, nil, properties, a.by, false, nil)
	if e != nil {
		return "", e
	}
	return a.s.commit(d).text(), nil
}

// Set writes properties; "" clears. Merged ids are followed.
func (a Actor) Set(objectType, id string, properties map[string]string) error {
	defer a.lock()()
	r, err := a.find(objectType, id)
	if err != nil {
		return err
	}
	d, e := a.s.prepare(r.kind, r, properties, a.by, false, nil)
	if e != nil {
		return e
	}
	a.s.commit(d)
	return nil
}

// Win moves a deal to the won stage of its pipeline.
func (a Actor) Win(deal string) error { return a.close(deal, (*stage).won) }

// Lose moves a deal to the lost stage of its pipeline.
func (a Actor) Lose(deal string) error {
	return a.close(deal, func(st *stage) bool { return st.closed() && !st.won() })
}

// Reopen moves a deal to the first open stage of its pipeline.
func (a Actor) Reopen(deal string) error {
	return a.close(deal, func(st *stage) bool { return !st.closed() })
}

func (a Actor) close(deal string, want func(*stage) bool) error {
	stageID, err := a.stageOf(deal, want)
	if err != nil {
		return err
	}
	return a.Set("deals", deal, map[string]string{"dealstage": stageID})
}

func (a Actor) stageOf(deal string, want func(*stage) bool) (string, error) {
	defer a.lock()()
	r, err := a.find("deals", deal)
	if err != nil {
		return "", err
	}
	p := r.kind.pipeline(r.props["pipeline"])
	if p == nil {
		return "", fmt.Errorf("hubspottest: deal %s is in no pipeline", deal)
	}
	for _, st := range p.Stages {
		if !st.Archived && want(st) {
			return st.ID, nil
		}
	}
	return "", fmt.Errorf("hubspottest: pipeline %s has no such stage", p.ID)
}

// Associate links two records with the default type; the first company of a deal
// or contact becomes its primary one.
func (a Actor) Associate(fromType, fromID, toType, toID string) error {
	return a.pair(fromType, fromID, toType, toID, func(from, to *record) *apiError {
		t := a.s.types.plain(from.kind, to.kind)
		if t == nil {
			return validation("%s cannot be associated with %s", from.kind.label(), to.kind.label())
		}
		if e := a.s.checkPair(from, to); e != nil {
			return e
		}
		a.s.link(from, to, []int{t.id}, a.by)
		return nil
	})
}

// AssociateAs links two records with the given type ids of section 5.
func (a Actor) AssociateAs(fromType, fromID, toType, toID string, typeIDs ...int) error {
	return a.pair(fromType, fromID, toType, toID, func(from, to *record) *apiError {
		for _, id := range typeIDs {
			if t := a.s.types.byID[id]; t == nil || t.from != from.kind.name || t.to != to.kind.name {
				return validation("association type %d does not go from %s to %s", id, from.kind.label(), to.kind.label())
			}
		}
		a.s.link(from, to, typeIDs, a.by)
		return nil
	})
}

// WithoutPrimary takes the primary label off all companies of a record, keeping
// the associations: no company is "the" one any more.
func (a Actor) WithoutPrimary(objectType, id string) error {
	defer a.lock()()
	r, err := a.find(objectType, id)
	if err != nil {
		return err
	}
	companies := a.s.kind("companies")
	if c := a.s.primary(r, companies); c != nil {
		a.s.unlink(r, c, []int{a.s.types.primary(r.kind, companies).id}, a.by)
	}
	return nil
}

// Dissociate removes every association between two records.
func (a Actor) Dissociate(fromType, fromID, toType, toID string) error {
	return a.pair(fromType, fromID, toType, toID, func(from, to *record) *apiError {
		a.s.unlink(from, to, nil, a.by)
		return nil
	})
}

func (a Actor) pair(fromType, fromID, toType, toID string, do func(from, to *record) *apiError) error {
	defer a.lock()()
	from, err := a.find(fromType, fromID)
	if err != nil {
		return err
	}
	to, err := a.find(toType, toID)
	if err != nil {
		return err
	}
	return result(do(from, to))
}

// Merge merges other into primary and gives the id of the new record.
func (a Actor) Merge(objectType, primary, other string) (id string, err error) {
	err = a.pair(objectType, primary, objectType, other, func(one, two *record) *apiError {
		if !one.kind.mergeable {
			return validation("%s cannot be merged", one.kind.label())
		}
		r, e := a.s.merge(one, two, a.by)
		if e == nil {
			id = r.text()
		}
		return e
	})
	return id, err
}

// Archive moves a record to the bin.
func (a Actor) Archive(objectType, id string) error {
	defer a.lock()()
	r, err := a.find(objectType, id)
	if err == nil {
		a.s.archive(r, a.by)
	}
	return err
}

// Restore takes a record back from the bin: only the UI can.
func (a Actor) Restore(objectType, id string) error {
	defer a.lock()()
	r, err := a.find(objectType, id)
	if err == nil {
		a.s.restore(r, a.by)
	}
	return err
}

// Define makes a custom property, as an admin does in the settings; t and field
// are as in section 10. An existing one is left alone.
func (a Actor) Define(objectType, name, t, field string, options ...string) error {
	defer a.lock()()
	k := a.s.kind(objectType)
	if k == nil {
		return unknownType(objectType)
	}
	if k.usable(name) != nil {
		return nil
	}
	label, list := labelOf(name), optionList(options)
	in := propertyInput{Name: name, Label: &label, Type: t, FieldType: field, GroupName: k.groups[0].Name, Options: &list}
	_, e := a.s.newProperty(&request{cred: &credential{userID: a.by.userID}}, k, in)
	return result(e)
}

// Label makes an association label of the portal's own between two object types and gives its type id in that direction.
func (a Actor) Label(fromType, toType, label string) (typeID int, err error) {
	defer a.lock()()
	from, to := a.s.kind(fromType), a.s.kind(toType)
	if from == nil || to == nil {
		return 0, unknownType(fromType + " or " + toType)
	}
	one, _ := a.s.customLabel(from, to, strings.ToLower(strings.ReplaceAll(label, " ", "_")), label, label)
	return one.id, nil
}
