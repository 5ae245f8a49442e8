package salesforcetest

import (
	"net/http"
	"strings"
	"time"
)

func (s *Sim) addRecordRoutes() {
	s.handle("POST", "/sobjects/{object}", createRecord)
	s.handle("GET", "/sobjects/{object}", basicInfo)
	s.handle("GET", "/sobjects/{object}/{id}", readRecord, "fields")
	s.handle("PATCH", "/sobjects/{object}/{id}", updateRecord)
	s.handle("DELETE", "/sobjects/{object}/{id}", deleteRecord)
	s.handle("POST", "/sobjects/{object}/id", createRecord) // v37 and later, section 6
	s.handle("GET", "/sobjects/{object}/{field}/{value...}", readByExternalID, "fields")
	s.handle("PATCH", "/sobjects/{object}/{field}/{value...}", upsertRecord, "updateOnly")
	s.handle("DELETE", "/sobjects/{object}/{field}/{value...}", deleteByExternalID)
}

// saved is the body of a create and of an upsert.
func saved(id string) pairs {
	return pairs{{"id", id}, {"success", true}, {"errors", []any{}}}
}

func (q *request) location(r *record) string {
	return q.root() + "/sobjects/" + r.o.Name + "/" + r.id
}

func createRecord(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	in, order, e := decodeObject(q.body)
	if e != nil {
		return answer{}, e
	}
	for _, name := range order {
		if strings.EqualFold(name, "Id") {
			return answer{}, reject("INVALID_FIELD", nil, "cannot specify Id in an insert call")
		}
	}
	return s.write(q, func(t *tx) (answer, *apiError) {
		r, e := t.save(o, nil, in, order)
		if e != nil {
			return answer{}, e
		}
		a := answer{status: http.StatusCreated, body: saved(r.id)}
		return a.with("Location", q.location(r)), nil
	})
}

func updateRecord(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	r, e := s.theRecord(o, q.vars["id"])
	if e != nil {
		return answer{}, e
	}
	in, order, e := decodeObject(q.body)
	if e != nil {
		return answer{}, e
	}
	for _, name := range order {
		if strings.EqualFold(name, "Id") {
			return answer{}, reject("INVALID_FIELD", nil, "The Id field should not be specified in the sobject data.")
		}
	}
	if e := s.precondition(q, r); e != nil {
		return answer{}, e
	}
	return s.write(q, func(t *tx) (answer, *apiError) {
		_, e := t.save(o, r, in, order)
		return noContent(), e
	})
}

func deleteRecord(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	r, e := s.theRecord(o, q.vars["id"])
	if e != nil {
		return answer{}, e
	}
	return s.write(q, func(t *tx) (answer, *apiError) { return noContent(), t.remove(r) })
}

func deleteByExternalID(s *Sim, q *request) (answer, *apiError) {
	r, e := s.byExternalID(q)
	if e != nil {
		return answer{}, e
	}
	return s.write(q, func(t *tx) (answer, *apiError) { return noContent(), t.remove(r) })
}

func readRecord(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	r, e := s.theRecord(o, q.vars["id"])
	if e != nil {
		return answer{}, e
	}
	return s.readOne(q, r)
}

func readByExternalID(s *Sim, q *request) (answer, *apiError) {
	r, e := s.byExternalID(q)
	if e != nil {
		return answer{}, e
	}
	return s.readOne(q, r)
}

func (s *Sim) readOne(q *request, r *record) (answer, *apiError) {
	st := s.view(r, q.stale())
	if st == nil {
		return answer{}, notFound()
	}
	if st.deleted {
		return answer{}, entityDeleted()
	}
	if a, done := s.notModified(q, r, st); done {
		return a, nil
	}
	list, e := s.fieldList(q, r.o, q.query.Get("fields"))
	if e != nil {
		return answer{}, e
	}
	a := ok(s.recordBody(q, r, st, list)).with("Last-Modified", st.modified.UTC().Format(http.TimeFormat))
	if r.o.Name == "Account" {
		a = a.with("ETag", etag(st))
	}
	return a, nil
}

func (s *Sim) recordBody(q *request, r *record, st *state, list []*Field) pairs {
	out := pairs{{"attributes", s.attributes(q.root(), r)}}
	for _, f := range list {
		out.add(f.Name, s.shown(r, st, f))
	}
	return out
}

// fieldList reads ?fields=; without it, all fields that the user sees.
func (s *Sim) fieldList(q *request, o *object, names string) ([]*Field, *apiError) {
	var out []*Field
	if names == "" {
		for _, f := range o.fields {
			if s.sees(q.user, f) {
				out = append(out, f)
			}
		}
		return out, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		f := o.field(strings.TrimSpace(name))
		if f == nil || !s.sees(q.user, f) {
			return nil, noColumn(o, strings.TrimSpace(name))
		}
		out = append(out, f)
	}
	return out, nil
}

// etag is the mark of an account's state; only accounts have one (section 10).
func etag(st *state) string {
	return `"` + st.stamp.UTC().Format("20060102150405") + `--gzip"`
}

// notModified answers If-None-Match and If-Modified-Since.
func (s *Sim) notModified(q *request, r *record, st *state) (answer, bool) {
	if tag := q.Header.Get("If-None-Match"); tag != "" && r.o.Name == "Account" && tag == etag(st) {
		return answer{status: http.StatusNotModified}, true
	}
	since, err := http.ParseTime(q.Header.Get("If-Modified-Since"))
	if err == nil && !st.modified.Truncate(time.Second).After(since) {
		return answer{status: http.StatusNotModified}, true
	}
	return answer{}, false
}

// precondition checks If-Match (accounts) and If-Unmodified-Since before a write:
// 412 when it fails, 400 when the header is malformed (section 10).
func (s *Sim) precondition(q *request, r *record) *apiError {
	failed := fail(http.StatusPreconditionFailed, "PRECONDITION_FAILED", "The record has changed since the given condition") // (inferred) code
	if tag := q.Header.Get("If-Match"); tag != "" && r.o.Name == "Account" {
		if !strings.HasPrefix(tag, `"`) {
			return fail(http.StatusBadRequest, "INVALID_HEADER", "If-Match is malformed: %s", tag)
		}
		if tag != etag(&r.state) {
			return failed
		}
	}
	header := q.Header.Get("If-Unmodified-Since")
	if header == "" {
		return nil
	}
	since, err := http.ParseTime(header)
	if err != nil {
		return fail(http.StatusBadRequest, "INVALID_HEADER", "If-Unmodified-Since is malformed: %s", header)
	}
	if r.modified.After(since) {
		return failed
	}
	return nil
}

// basicInfo is GET /sobjects/X: the description in short and recent rows.
func basicInfo(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	return ok(pairs{{"objectDescribe", s.objectSummary(q, o)}, {"recentItems", []any{}}}), nil
}
