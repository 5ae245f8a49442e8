package salesforcetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// externalKey finds the field of an upsert: an external id or an idLookup field.
func (s *Sim) externalKey(o *object, user, name string) (*Field, *apiError) {
	f := o.field(name)
	if f == nil || !f.lookup() || !s.sees(user, f) {
		return nil, fail(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", name)
	}
	return f, nil
}

// several is the 300 with the addresses of all matches (section 6).
func several(q *request, list []*record) *apiError {
	out := []string{}
	for _, r := range list {
		out = append(out, q.location(r))
	}
	return &apiError{status: http.StatusMultipleChoices, body: out}
}

func (s *Sim) byExternalID(q *request) (*record, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return nil, e
	}
	f, e := s.externalKey(o, q.user, q.vars["field"])
	if e != nil {
		return nil, e
	}
	list := s.alive(s.lookup(o, f, q.vars["value"]))
	switch len(list) {
	case 0:
		return nil, notFound()
	case 1:
		return list[0], nil
	}
	return nil, several(q, list)
}

// upsertRecord is PATCH /sobjects/X/Ext__c/value.
func upsertRecord(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	f, e := s.externalKey(o, q.user, q.vars["field"])
	if e != nil {
		return answer{}, e
	}
	in, order, e := decodeObject(q.body)
	if e != nil {
		return answer{}, e
	}
	if e := keyInBody(f, order); e != nil {
		return answer{}, e
	}
	list := s.alive(s.lookup(o, f, q.vars["value"]))
	if len(list) > 1 {
		return answer{}, several(q, list)
	}
	if len(list) == 0 && (strings.EqualFold(q.query.Get("updateOnly"), "true") || f.sys == sysID) {
		return answer{}, notFound()
	}
	if len(list) == 1 {
		if e := s.precondition(q, list[0]); e != nil {
			return answer{}, e
		}
	}
	return s.write(q, func(t *tx) (answer, *apiError) {
		r, created, e := t.upsert(o, f, q.vars["value"], list, in, order)
		if e != nil {
			return answer{}, e
		}
		return upserted(q, r, created), nil
	})
}

// keyInBody refuses the external id, or the Id, in the body (section 6).
func keyInBody(f *Field, order []string) *apiError {
	for _, name := range order {
		if strings.EqualFold(name, "Id") {
			return reject("INVALID_FIELD", nil, "The Id field should not be specified in the sobject data.")
		}
		if strings.EqualFold(name, f.Name) {
			return reject("INVALID_FIELD", nil, "The %s field should not be specified in the sobject data.", f.Name)
		}
	}
	return nil
}

// upserted: 201 when created; 200 with a body from v46 on, 204 before.
func upserted(q *request, r *record, created bool) answer {
	body := append(saved(r.id), pair{"created", created})
	switch {
	case created:
		return answer{status: http.StatusCreated, body: body}.with("Location", q.location(r))
	case q.atLeast(46):
		return ok(body)
	}
	return noContent()
}

// upsert updates the one match, or creates a record that has the key.
func (t *tx) upsert(o *object, f *Field, value string, list []*record, in map[string]json.RawMessage, order []string) (*record, bool, *apiError) {
	if len(list) == 1 {
		r, e := t.save(o, list[0], in, order)
		return r, false, e
	}
	in = cloneRaw(in)
	raw, _ := json.Marshal(value) // a string always marshals
	in[f.Name] = raw
	order = append(slices.Clone(order), f.Name)
	r, e := t.save(o, nil, in, order)
	return r, true, e
}

func cloneRaw(in map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(in)+1)
	for k, v := range in {
		out[k] = v
	}
	return out
}
