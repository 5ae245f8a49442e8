package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// maxBatch is the size of every object batch (section 4).
const maxBatch = 100

// rowFault is the error a Fault wants for one row, nil for none.
func (q *request) rowFault(i int, input any) *apiError {
	if q.fault == nil || q.fault.Rows == nil {
		return nil
	}
	raw, err := json.Marshal(input)
	if err != nil {
		return nil
	}
	f := q.fault.Rows(i, raw)
	if f == nil {
		return nil
	}
	category, message := f.Category, f.Message
	setDefault(&category, "INTERNAL_ERROR")
	setDefault(&message, "internal error")
	return fail(http.StatusInternalServerError, category, "%s", message)
}

// sameID refuses a batch that names one id twice.
func sameID(ids []string) *apiError {
	seen, twice := map[string]bool{}, []string{}
	for _, id := range ids {
		if id != "" && seen[id] && !slices.Contains(twice, id) {
			twice = append(twice, id)
		}
		seen[id] = true
	}
	if len(twice) == 0 {
		return nil
	}
	return validation("Duplicate IDs found in batch input: %s. IDs must be unique", quoted(twice)).with("ids", twice...)
}

// notFoundRow is the one error that lists the missing ids of a batch.
func notFoundRow(k *kind, ids []string) any {
	return rowError(fail(0, "OBJECT_NOT_FOUND", "Could not get some %s objects, they may be deleted or not exist. Check that ids are valid.", k.label()).with("ids", ids...))
}

type batchReadInput struct {
	Inputs                []ref    `json:"inputs"`
	Properties            []string `json:"properties"`
	PropertiesWithHistory []string `json:"propertiesWithHistory"`
	IDProperty            string   `json:"idProperty"`
}

func (s *Sim) batchReadInput(q *request, k *kind) (in batchReadInput, ids []string, e *apiError) {
	if e := q.decode(s, &in); e != nil {
		return in, nil, e
	}
	most := maxBatch
	if len(in.PropertiesWithHistory) > 0 {
		most = s.cfg.Quirks.HistoryPage
	}
	for _, row := range in.Inputs {
		ids = append(ids, string(row.ID))
	}
	if e := batchSize(len(ids), most); e != nil {
		return in, nil, e
	}
	if e := k.keyable(in.IDProperty); e != nil {
		return in, nil, e
	}
	return in, ids, sameID(ids)
}

func (s *Sim) batchRead(q *request, k *kind) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	in, ids, e := s.batchReadInput(q, k)
	if e != nil {
		return answer{}, e
	}
	results, errs, missing := []any{}, []any{}, []string{}
	for i, id := range ids {
		if e := q.rowFault(i, in.Inputs[i]); e != nil {
			errs = append(errs, rowError(e.with("ids", id)))
			continue
		}
		r, merged := k.findBy(in.IDProperty, id)
		if r == nil || merged && !s.cfg.Quirks.BatchReadMerged {
			missing = append(missing, id)
			continue
		}
		v, ok := s.read(r)
		if !ok || v.archived != archived {
			missing = append(missing, id)
			continue
		}
		one, e := s.show(v, shape{properties: in.Properties, history: in.PropertiesWithHistory})
		if e != nil {
			return answer{}, e
		}
		results = append(results, one)
	}
	if len(missing) > 0 {
		errs = append(errs, notFoundRow(k, missing))
	}
	s.shuffle(results)
	return answer{status: statusOf(http.StatusOK, errs), body: s.batchBody(results, errs)}, nil
}

func batchSize(n, most int) *apiError {
	switch {
	case n == 0:
		return validation("inputs: must not be empty")
	case n > most:
		return validation("The maximum number of inputs supported in a batch request is %d, but %d were given", most, n).sub("BATCH_SIZE_EXCEEDED")
	}
	return nil
}

// traced says whether a batch may succeed in part: every row has its own trace id.
func traced(ids []text) bool {
	seen := map[text]bool{}
	for _, id := range ids {
		if id == "" || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

// row is one row of a batch write between checking and making.
type row struct {
	input   any
	trace   text
	id      string
	prepare func(taken map[string]bool) (*draft, *apiError)
	isNew   *bool
}

// writeBatch carries out the 207 rules of section 4: with trace ids every row
// stands for itself; without them one bad row refuses the batch and nothing is
// written. A missing record only loses its row.
func (s *Sim) writeBatch(q *request, k *kind, rows []row, ok int) (answer, *apiError) {
	var ids []text
	for _, r := range rows {
		ids = append(ids, r.trace)
	}
	partial := traced(ids)
	taken := map[string]bool{}
	results, errs, missing := []any{}, []any{}, []string{}
	drafts := make([]*draft, len(rows))
	for i, r := range rows {
		if e := q.rowFault(i, r.input); e != nil {
			errs = append(errs, rowError(r.traceOn(e)))
			continue
		}
		d, e := r.prepare(taken)
		switch {
		case e == errMissing && partial:
			errs = append(errs, rowError(r.traceOn(notFoundError(k, r.id))))
		case e == errMissing:
			missing = append(missing, r.id)
		case e == errOmitted:
		case e != nil && !partial:
			return answer{}, wholeBatch(e)
		case e != nil:
			errs = append(errs, rowError(r.traceOn(e)))
		case partial:
			results = append(results, s.makeRow(d, r))
		default:
			drafts[i] = d
		}
	}
	for i, d := range drafts {
		if d != nil {
			results = append(results, s.makeRow(d, rows[i]))
		}
	}
	if len(missing) > 0 {
		errs = append(errs, notFoundRow(k, missing))
	}
	s.shuffle(results)
	return answer{status: statusOf(ok, errs), body: s.batchBody(results, errs)}, nil
}

var (
	errMissing = &apiError{http: http.StatusNotFound}
	errOmitted = &apiError{http: http.StatusNotFound}
)

func notFoundError(k *kind, id string) *apiError {
	return fail(0, "OBJECT_NOT_FOUND", "Could not get some %s objects, they may be deleted or not exist. Check that ids are valid.", k.label()).with("ids", id)
}

// wholeBatch is the error of a refused batch: a conflict does not name the other
// record there (recorded: "Contact already exists").
func wholeBatch(e *apiError) *apiError {
	if e.http != http.StatusConflict || e.Message[:min(7, len(e.Message))] != "Contact" {
		return e
	}
	c := *e
	c.Message = "Contact already exists"
	return &c
}

func (r row) traceOn(e *apiError) *apiError {
	c := *e
	c.Context = map[string][]string{}
	for key, v := range e.Context {
		c.Context[key] = v
	}
	if r.trace != "" {
		c.Context["objectWriteTraceId"] = []string{string(r.trace)}
	}
	var existing int64
	if n, _ := fmt.Sscanf(e.Message, "Contact already exists. Existing ID: %d", &existing); n == 1 {
		c.Context["existingId"] = []string{fmt.Sprint(existing)}
	}
	return &c
}

func (s *Sim) makeRow(d *draft, r row) map[string]any {
	out := s.written(d, s.commit(d))
	if r.trace != "" {
		out["objectWriteTraceId"] = r.trace
	}
	if r.isNew != nil {
		out["new"] = *r.isNew
	}
	return out
}

func (s *Sim) batchCreate(q *request, k *kind) (answer, *apiError) {
	list, e := inputs[createInput](s, q, maxBatch)
	if e != nil {
		return answer{}, e
	}
	rows := make([]row, len(list))
	for i, in := range list {
		rows[i] = row{input: in, trace: in.TraceID, prepare: func(taken map[string]bool) (*draft, *apiError) {
			return s.prepareCreate(q, k, in, taken)
		}}
	}
	return s.writeBatch(q, k, rows, http.StatusCreated)
}

type updateInput struct {
	ID         text   `json:"id"`
	IDProperty string `json:"idProperty"`
	Properties values `json:"properties"`
	TraceID    text   `json:"objectWriteTraceId"`
}

func ids(list []updateInput) []string {
	out := make([]string, len(list))
	for i, in := range list {
		out[i] = string(in.ID)
		if in.IDProperty != "" {
			out[i] = fold(out[i])
		}
	}
	return out
}

func (s *Sim) batchUpdate(q *request, k *kind) (answer, *apiError) {
	list, e := inputs[updateInput](s, q, maxBatch)
	if e != nil {
		return answer{}, e
	}
	if e := sameID(ids(list)); e != nil {
		return answer{}, e
	}
	rows := make([]row, len(list))
	for i, in := range list {
		if e := k.batchKey(in.IDProperty, false); e != nil {
			return answer{}, e
		}
		rows[i] = row{input: in, trace: in.TraceID, id: string(in.ID), prepare: func(taken map[string]bool) (*draft, *apiError) {
			return s.prepareUpdate(q, k, in, taken)
		}}
	}
	return s.writeBatch(q, k, rows, http.StatusOK)
}

// batchKey: contacts are updated in batches by id or an own unique property, not
// by e-mail; upsert takes e-mail too (section 4).
func (k *kind) batchKey(name string, upsert bool) *apiError {
	if k.name == "contacts" && name == "email" && !upsert {
		return validation("Unable to perform update/upsert by non-unique %s property", k.id)
	}
	if p := k.usable(name); name != "" && name != "hs_object_id" && (p == nil || !p.HasUniqueValue) {
		return validation("Unable to perform update/upsert by non-unique %s property", k.id)
	}
	return nil
}

func (s *Sim) prepareUpdate(q *request, k *kind, in updateInput, taken map[string]bool) (*draft, *apiError) {
	r, merged := k.findBy(in.IDProperty, string(in.ID))
	if merged { // old ids of a merge are refused here, though single calls take them
		if s.cfg.Quirks.MergedUpdateOmitted {
			return nil, errOmitted
		}
		return nil, errMissing
	}
	if r == nil || r.archived {
		return nil, errMissing
	}
	props, e := in.Properties.plain(s)
	if e != nil {
		return nil, e
	}
	return s.prepare(k, r, props, q.cred.actor(), q.validates(), taken)
}

// batchUpsert creates or updates by a unique property. Keyed by e-mail there is
// no partial success.
func (s *Sim) batchUpsert(q *request, k *kind) (answer, *apiError) {
	list, e := inputs[updateInput](s, q, maxBatch)
	if e != nil {
		return answer{}, e
	}
	if e := sameID(ids(list)); e != nil {
		return answer{}, e
	}
	rows := make([]row, len(list))
	for i, in := range list {
		if in.IDProperty == "" {
			return answer{}, validation("inputs[%d].idProperty: must name a unique property", i)
		}
		if e := k.batchKey(in.IDProperty, true); e != nil {
			return answer{}, e
		}
		if in.IDProperty == "email" {
			in.TraceID = ""
		}
		isNew := false
		rows[i] = row{input: in, trace: in.TraceID, id: string(in.ID), isNew: &isNew, prepare: func(taken map[string]bool) (*draft, *apiError) {
			if r, _ := k.findBy(in.IDProperty, string(in.ID)); r != nil && !r.archived {
				return s.prepareUpdate(q, k, in, taken)
			}
			isNew = true
			return s.prepareNew(q, k, in, taken)
		}}
	}
	return s.writeBatch(q, k, rows, http.StatusOK)
}

// prepareNew is the create half of an upsert: the key is set by the call.
func (s *Sim) prepareNew(q *request, k *kind, in updateInput, taken map[string]bool) (*draft, *apiError) {
	props, e := in.Properties.plain(s)
	if e != nil {
		return nil, e
	}
	if in.IDProperty == "hs_object_id" {
		return nil, errMissing
	}
	props[in.IDProperty] = string(in.ID)
	return s.prepare(k, nil, props, q.cred.actor(), q.validates(), taken)
}

// batchArchive answers 204 also for unknown ids (inferred).
func (s *Sim) batchArchive(q *request, k *kind) (answer, *apiError) {
	list, e := inputs[ref](s, q, maxBatch)
	if e != nil {
		return answer{}, e
	}
	var all []string
	for _, in := range list {
		all = append(all, string(in.ID))
	}
	if e := sameID(all); e != nil {
		return answer{}, e
	}
	for _, id := range all {
		if r, merged := k.find(id); r != nil && !merged {
			s.archive(r, q.cred.actor())
		}
	}
	return answer{status: http.StatusNoContent}, nil
}
