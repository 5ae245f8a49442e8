package salesforcetest

import (
	"encoding/json"
	"net/http"
	"strings"
)

func (s *Sim) addCollectionRoutes() {
	s.handle("POST", "/composite/sobjects", collectionCreate)
	s.handle("PATCH", "/composite/sobjects", collectionUpdate)
	s.handle("DELETE", "/composite/sobjects", collectionDelete, "ids", "allOrNone")
	s.handle("GET", "/composite/sobjects/{object}", collectionRead, "ids", "fields")
	s.handle("POST", "/composite/sobjects/{object}", collectionRead)
	s.handle("PATCH", "/composite/sobjects/{object}/{field}", collectionUpsert)
}

// maxRows is the most records of one collections call, maxChunks the most runs
// of one type in it (section 7.1).
const (
	maxRows   = 200
	maxChunks = 10
)

// collectionRow is one record of a collection.
type collectionRow struct {
	in    map[string]json.RawMessage
	order []string
	o     *object
	id    string // as sent
	bad   *apiError
}

// savedRow is what became of it.
type savedRow struct {
	id      string
	created *bool
	e       *apiError
}

func (r savedRow) body() pairs {
	if r.e != nil {
		return pairs{{"success", false}, {"errors", r.e.rowErrors()}}
	}
	out := saved(r.id)
	if r.created != nil {
		out.add("created", *r.created)
	}
	return out
}

func (s *Sim) readRows(q *request, only *object) (rows []collectionRow, allOrNone bool, e *apiError) {
	var in struct {
		AllOrNone bool              `json:"allOrNone"`
		Records   []json.RawMessage `json:"records"`
	}
	if e := q.decode(s, &in); e != nil {
		return nil, false, e
	}
	if len(in.Records) == 0 {
		return nil, false, fail(http.StatusBadRequest, "REQUIRED_FIELD_MISSING", "At least 1 record is required")
	}
	if len(in.Records) > maxRows {
		return nil, false, tooManyRows()
	}
	chunks, last := 0, ""
	for _, raw := range in.Records {
		row, e := s.readRow(raw, only)
		if e != nil {
			return nil, false, e
		}
		if row.o != nil && row.o.Name != last {
			chunks, last = chunks+1, row.o.Name
		}
		rows = append(rows, row)
	}
	if chunks > maxChunks {
		return nil, false, fail(http.StatusBadRequest, "LIMIT_EXCEEDED", "Cannot have more than %d chunks in a single operation. Please rearrange the data to reduce chunking.", maxChunks)
	}
	return rows, in.AllOrNone, nil
}

func tooManyRows() *apiError {
	return fail(http.StatusBadRequest, "LIMIT_EXCEEDED", "record limit reached. cannot submit more than %d records in this request", maxRows) // (inferred) wording
}

func (s *Sim) readRow(raw json.RawMessage, only *object) (collectionRow, *apiError) {
	in, order, e := decodeObject(raw)
	if e != nil {
		return collectionRow{}, e
	}
	row := collectionRow{in: in, order: order}
	var attributes struct {
		Type string `json:"type"`
	}
	if a, has := in["attributes"]; has {
		if err := json.Unmarshal(a, &attributes); err != nil {
			return row, fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "attributes must be an object with a type")
		}
	}
	if attributes.Type == "" {
		return row, fail(http.StatusBadRequest, "INVALID_INPUT", "Include an entity type in attributes.type of each record") // (inferred) wording
	}
	row.o = s.object(attributes.Type)
	switch {
	case row.o == nil:
		row.bad = reject("INVALID_TYPE", nil, "sObject type '%s' is not supported.", attributes.Type)
	case only != nil && row.o != only:
		row.bad = reject("INVALID_TYPE", nil, "all records must be of type %s", only.Name)
	}
	for i, name := range order {
		if strings.EqualFold(name, "Id") {
			row.order = append(append([]string{}, order[:i]...), order[i+1:]...)
			var id any
			if err := json.Unmarshal(in[name], &id); err == nil {
				row.id = asText(id)
			}
			break
		}
	}
	return row, nil
}

// collect runs the rows; with allOrNone one failure takes all back.
func (s *Sim) collect(q *request, rows []collectionRow, allOrNone bool, do func(t *tx, row *collectionRow) (string, *bool, *apiError)) (answer, *apiError) {
	return s.write(q, func(t *tx) (answer, *apiError) {
		back := t.savepoint()
		results := make([]savedRow, len(rows))
		failed := false
		for i := range rows {
			res := &results[i]
			if res.e = s.rowFault(q, i); res.e == nil {
				if res.e = rows[i].bad; res.e == nil {
					res.id, res.created, res.e = do(t, &rows[i])
				}
			}
			failed = failed || res.e != nil
		}
		if failed && allOrNone {
			back()
			for i := range results {
				if results[i].e == nil {
					results[i] = savedRow{e: rolledBack()}
				}
			}
		}
		out := make([]pairs, len(results))
		for i, r := range results {
			out[i] = r.body()
		}
		return ok(out), nil
	})
}

func rolledBack() *apiError {
	return reject("ALL_OR_NONE_OPERATION_ROLLED_BACK", nil, "Record rolled back because not all records were valid and the request was using AllOrNone header")
}

func (s *Sim) rowFault(q *request, i int) *apiError {
	if q.fault == nil || q.fault.Row == nil {
		return nil
	}
	if code, message := q.fault.Row(i); code != "" {
		return reject(code, nil, "%s", message)
	}
	return nil
}

func collectionCreate(s *Sim, q *request) (answer, *apiError) {
	rows, all, e := s.readRows(q, nil)
	if e != nil {
		return answer{}, e
	}
	return s.collect(q, rows, all, func(t *tx, row *collectionRow) (string, *bool, *apiError) {
		if row.id != "" {
			return "", nil, reject("INVALID_FIELD", nil, "cannot specify Id in an insert call")
		}
		r, e := t.save(row.o, nil, row.in, row.order)
		if e != nil {
			return "", nil, e
		}
		return r.id, nil, nil
	})
}

func collectionUpdate(s *Sim, q *request) (answer, *apiError) {
	rows, all, e := s.readRows(q, nil)
	if e != nil {
		return answer{}, e
	}
	seen := map[string]bool{}
	return s.collect(q, rows, all, func(t *tx, row *collectionRow) (string, *bool, *apiError) {
		r, e := s.rowRecord(row)
		if e != nil {
			return "", nil, e
		}
		if seen[r.id] {
			return "", nil, reject("DUPLICATE_VALUE", nil, "duplicate id in list: %s", r.id) // (inferred) code and wording
		}
		seen[r.id] = true
		if _, e := t.save(row.o, r, row.in, row.order); e != nil {
			return "", nil, e
		}
		return r.id, nil, nil
	})
}

func (s *Sim) rowRecord(row *collectionRow) (*record, *apiError) {
	if row.id == "" {
		return nil, reject("MISSING_ARGUMENT", nil, "Id not specified in an update call")
	}
	full, valid := ID18(row.id)
	if !valid {
		return nil, reject("MALFORMED_ID", nil, "malformed id %s", row.id)
	}
	r := s.records[full[:15]]
	switch {
	case r == nil:
		return nil, reject("INVALID_CROSS_REFERENCE_KEY", nil, "invalid cross reference id")
	case r.o != row.o:
		return nil, reject("INVALID_ID_FIELD", nil, "the id %s is not of type %s", row.id, row.o.Name)
	}
	return r, nil
}

func collectionUpsert(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	f, e := s.externalKey(o, q.user, q.vars["field"])
	if e != nil {
		return answer{}, e
	}
	rows, all, e := s.readRows(q, o)
	if e != nil {
		return answer{}, e
	}
	seen := map[string]bool{}
	return s.collect(q, rows, all, func(t *tx, row *collectionRow) (string, *bool, *apiError) {
		value, e := t.rowKey(row, f)
		if e != nil {
			return "", nil, e
		}
		if value != "" && seen[fold(value)] {
			return "", nil, reject("DUPLICATE_EXTERNAL_ID", nil, "Duplicate external id specified: %s", value)
		}
		seen[fold(value)] = true
		r, created, e := t.upsertRow(row, f, value)
		if e != nil {
			return "", nil, e
		}
		return r.id, &created, nil
	})
}

// rowKey takes the external id out of a row: the value is in the body here.
func (t *tx) rowKey(row *collectionRow, f *Field) (string, *apiError) {
	if f.sys == sysID {
		return row.id, nil
	}
	if row.id != "" {
		return "", reject("INVALID_FIELD", nil, "The Id field should not be specified in the sobject data.")
	}
	for i, name := range row.order {
		if strings.EqualFold(name, f.Name) {
			v, e := convert(f, row.in[name], true)
			row.order = append(append([]string{}, row.order[:i]...), row.order[i+1:]...)
			if e == nil && v == nil {
				break
			}
			return asText(v), e
		}
	}
	return "", reject("MISSING_ARGUMENT", nil, "%s not specified", f.Name)
}

func (t *tx) upsertRow(row *collectionRow, f *Field, value string) (*record, bool, *apiError) {
	if f.sys == sysID {
		if value == "" {
			r, e := t.save(row.o, nil, row.in, row.order)
			return r, true, e
		}
		r, e := t.s.rowRecord(row)
		if e != nil {
			return nil, false, e
		}
		_, e = t.save(row.o, r, row.in, row.order)
		return r, false, e
	}
	list := t.s.alive(t.s.lookup(row.o, f, value))
	if len(list) > 1 {
		return nil, false, reject("DUPLICATE_EXTERNAL_ID", nil, "%s: more than one record found for external id field: [%s, %s]", f.Name, list[0].id, list[1].id)
	}
	return t.upsert(row.o, f, value, list, row.in, row.order)
}

func collectionDelete(s *Sim, q *request) (answer, *apiError) {
	ids := listOf(q.query.Get("ids"))
	if len(ids) == 0 {
		return answer{}, fail(http.StatusBadRequest, "REQUIRED_FIELD_MISSING", "At least 1 record is required")
	}
	if len(ids) > maxRows {
		return answer{}, tooManyRows()
	}
	rows := make([]collectionRow, len(ids))
	for i, id := range ids {
		rows[i].id = id
	}
	return s.collect(q, rows, strings.EqualFold(q.query.Get("allOrNone"), "true"), func(t *tx, row *collectionRow) (string, *bool, *apiError) {
		full, valid := ID18(row.id)
		if !valid {
			return "", nil, reject("MALFORMED_ID", nil, "malformed id %s", row.id)
		}
		r := s.records[full[:15]]
		if r == nil {
			return "", nil, reject("INVALID_CROSS_REFERENCE_KEY", nil, "invalid cross reference id")
		}
		return r.id, nil, t.remove(r)
	})
}

func listOf(text string) []string {
	var out []string
	for v := range strings.SplitSeq(text, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// collectionRead answers rows in the order of the ids, null for those that do not
// exist. POST takes up to 2000 ids (inferred).
func collectionRead(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	ids, names, most := listOf(q.query.Get("ids")), listOf(q.query.Get("fields")), maxRows
	if q.Method == http.MethodPost {
		var in struct{ IDs, Fields []string }
		if e := q.decode(s, &in); e != nil {
			return answer{}, e
		}
		ids, names, most = in.IDs, in.Fields, 2000
	}
	switch {
	case len(ids) == 0 || len(names) == 0:
		return answer{}, fail(http.StatusBadRequest, "REQUIRED_FIELD_MISSING", "ids and fields are required")
	case len(ids) > most:
		return answer{}, fail(http.StatusBadRequest, "LIMIT_EXCEEDED", "record limit reached. cannot submit more than %d records in this request", most)
	}
	list, e := s.fieldList(q, o, strings.Join(names, ","))
	if e != nil {
		return answer{}, e
	}
	out := make([]any, len(ids))
	for i, id := range ids {
		if r := s.record(id); r != nil && r.o == o {
			if st := s.view(r, q.stale()); st != nil && !st.deleted {
				out[i] = s.recordBody(q, r, st, list)
			}
		}
	}
	return ok(out), nil
}
