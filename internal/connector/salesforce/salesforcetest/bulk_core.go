package salesforcetest

import "strings"

// ingestRows tries the next n rows in one transaction: a row that is refused
// leaves no trace, the others are kept.
func (s *Sim) ingestRows(j *job, n int) {
	t := s.begin(j.user)
	t.origin, t.client, t.call = "com/salesforce/api/bulkapi/"+j.version, j.client, "BULK "+j.operation
	if j.client != "" {
		t.origin += ";client=" + j.client
	}
	if t.opts.autoAssign = j.assign; j.assign == "" {
		t.opts.autoAssign = "false" // Bulk assigns only by a rule that the job names (inferred)
	}
	seen := map[string]bool{}
	for range n {
		result := s.ingestRow(t, j, seen)
		j.results = append(j.results, result)
		j.done++
		if result.err != "" {
			j.failed++
		}
	}
	s.commit(t)
}

// ingestRow tries one row.
func (s *Sim) ingestRow(t *tx, j *job, seen map[string]bool) rowResult {
	out := rowResult{row: j.done}
	if j.treatment.Row != nil {
		if code, message := j.treatment.Row(j.done); code != "" {
			out.err = code + ":" + message + ":--"
			return out
		}
	}
	body, order, id, external, bad := s.cells(j, j.table.rows[j.done])
	if bad != "" {
		out.id, out.err = id, bad
		return out
	}
	rec, e := s.target(t, j, id, external, seen)
	if e == nil {
		out.created = rec == nil
		rec, e = s.applyRow(t, j, rec, incoming{body: body, order: order}, external)
	}
	if e != nil {
		out.id, out.created, out.err = id, false, e.errorText()
		return out
	}
	out.id = rec.id
	return out
}

// applyRow does what the job is for; rec nil makes a new record.
func (s *Sim) applyRow(t *tx, j *job, rec *record, in incoming, external string) (*record, *apiError) {
	switch {
	case j.operation == "delete" || j.operation == "hardDelete":
		return rec, s.bulkDelete(t, j, rec)
	case rec == nil && j.external != nil && j.external.sys == sysNone:
		in.set(j.external.Name, external)
	}
	return t.save(j.object, rec, in.body, in.order)
}

// bulkDelete puts a record into the recycle bin, or past it.
func (s *Sim) bulkDelete(t *tx, j *job, rec *record) *apiError {
	if e := t.remove(rec); e != nil || j.operation == "delete" {
		return e
	}
	t.bury(rec, Delete, true, "")
	return nil
}

// target finds the record that a row is about: nil for a new one. The same record
// or external id twice in one transaction is refused (inferred: the later rows).
func (s *Sim) target(t *tx, j *job, id, external string, seen map[string]bool) (*record, *apiError) {
	if j.operation == "insert" {
		if id != "" {
			return nil, reject("INVALID_FIELD_FOR_INSERT_UPDATE", []string{"Id"}, "cannot specify Id in an insert call")
		}
		return nil, nil
	}
	if j.external != nil && external == "" {
		if j.external.sys == sysID {
			return nil, nil
		}
		return nil, reject("MISSING_ARGUMENT", nil, "%s not specified", j.extName)
	}
	if j.external == nil && id == "" {
		return nil, reject("MISSING_ARGUMENT", nil, "Id not specified in an %s call", strings.TrimPrefix(j.operation, "hard"))
	}
	if j.external != nil && j.external.sys == sysNone {
		return s.byExternal(j, external, seen)
	}
	if j.external != nil {
		id = external
	}
	full, valid := ID18(id)
	if !valid || s.objectOf(full) != j.object {
		return nil, reject("MALFORMED_ID", []string{"Id"}, "%s ID: id value of incorrect type: %s", j.object.Label, id)
	}
	if seen[full] {
		return nil, reject("DUPLICATE_VALUE", []string{"Id"}, "Duplicate id specified: %s", full)
	}
	seen[full] = true
	r := s.records[full[:15]]
	switch {
	case r == nil:
		return nil, reject("INVALID_CROSS_REFERENCE_KEY", nil, "invalid cross reference id")
	case r.deleted:
		return nil, entityDeleted()
	}
	return r, nil
}

func (s *Sim) byExternal(j *job, value string, seen map[string]bool) (*record, *apiError) {
	if seen[fold(value)] {
		return nil, reject("DUPLICATE_VALUE", []string{j.extName}, "Duplicate external id specified: %s", value)
	}
	seen[fold(value)] = true
	found := s.alive(s.lookup(j.object, j.external, value))
	if len(found) > 1 {
		return nil, reject("DUPLICATE_EXTERNAL_ID", []string{j.extName}, "%s: more than one record found for external id field: [%s, %s]", j.extName, found[0].id, found[1].id)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, nil
}
