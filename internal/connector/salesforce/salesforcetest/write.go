package salesforcetest

import "net/http"

// write runs a change of the API in a transaction of its own, or in that of the
// composite it belongs to.
func (s *Sim) write(q *request, do func(t *tx) (answer, *apiError)) (answer, *apiError) {
	if q.tx != nil {
		back := q.tx.savepoint()
		a, e := do(q.tx)
		if e != nil {
			back()
		}
		return a, e
	}
	t := s.transaction(q)
	a, e := do(t)
	if e != nil {
		t.rollback()
		return a, e
	}
	s.commit(t)
	return a, nil
}

func (s *Sim) transaction(q *request) *tx {
	t := s.begin(q.user)
	t.client = q.client()
	t.origin = "com/salesforce/api/rest/" + q.version
	if t.client != "" {
		t.origin += ";client=" + t.client
	}
	t.call = q.pattern
	t.opts = optionsOf(q)
	return t
}

// theObject is the object that a path names; unknown and hidden ones look alike.
func (s *Sim) theObject(q *request) (*object, *apiError) {
	o := s.object(q.vars["object"])
	if o == nil || !s.may(q.user, o) {
		return nil, notFound()
	}
	return o, nil
}

// may says whether a user may read an object.
func (s *Sim) may(user string, o *object) bool { return user != s.integration || !o.access.NoRead }

// theRecord finds a row of an object by the id in a path.
func (s *Sim) theRecord(o *object, id string) (*record, *apiError) {
	full, valid := ID18(id)
	if !valid {
		return nil, fail(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", id)
	}
	r := s.records[full[:15]]
	if r == nil || r.o != o {
		return nil, notFound()
	}
	return r, nil
}
