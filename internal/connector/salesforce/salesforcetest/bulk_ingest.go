package salesforcetest

import (
	"fmt"
	"net/http"
	"strings"
)

// createIngestJob is POST /jobs/ingest.
func (s *Sim) createIngestJob(q *request) (answer, *apiError) {
	var b struct {
		Object         string `json:"object"`
		Operation      string `json:"operation"`
		ExternalID     string `json:"externalIdFieldName"`
		ContentType    string `json:"contentType"`
		LineEnding     string `json:"lineEnding"`
		Delimiter      string `json:"columnDelimiter"`
		AssignmentRule string `json:"assignmentRuleId"`
	}
	if e := q.decode(s, &b); e != nil {
		return answer{}, e
	}
	o := s.object(b.Object)
	if o == nil {
		return answer{}, fail(http.StatusBadRequest, "INVALIDENTITY", "Unable to find object: %s", b.Object)
	}
	j := &job{object: o, operation: b.Operation}
	if e := j.format(b.Delimiter, b.LineEnding, b.ContentType); e != nil {
		return answer{}, e
	}
	switch b.Operation {
	case "insert", "update", "delete", "hardDelete":
		if b.ExternalID != "" {
			return answer{}, invalidJob("externalIdFieldName is for the operation upsert only, not for %s", b.Operation)
		}
	case "upsert":
		f := o.visible(b.ExternalID)
		if f == nil || !f.lookup() && f.sys != sysID {
			return answer{}, invalidJob("Field name not found : %s is no external id of %s", b.ExternalID, o.Name)
		}
		j.external, j.extName = f, f.Name
	default:
		return answer{}, invalidJob("operation %q is not one of insert, update, upsert, delete, hardDelete", b.Operation)
	}
	made := s.newJob(q)
	made.object, made.operation, made.external, made.extName, made.delimiter, made.ending = o, j.operation, j.external, j.extName, j.delimiter, j.ending
	made.assign = b.AssignmentRule
	p := made.brief()
	p.add("contentUrl", made.contentURL())
	return ok(made.csvFormat(p)), nil
}

// upload is PUT {contentUrl}: once, while the job is open.
func (s *Sim) upload(q *request, j *job) (answer, *apiError) {
	switch kind := q.Header.Get("Content-Type"); {
	case !strings.HasPrefix(kind, "text/csv"):
		return answer{}, fail(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Content type %q is not supported: send text/csv", kind)
	case j.state != jobOpen:
		return answer{}, j.wrongState("uploading to")
	case j.uploaded:
		return answer{}, invalidJob("data was already uploaded to job %s: it can be sent once", j.id)
	}
	j.uploaded = true
	t, err := readTable(q.body, delimiters[j.delimiter], j.ending)
	if err != nil {
		j.message = err.Error() // shows when the job runs
	}
	j.table = t
	return answer{status: http.StatusCreated}, nil
}

// ingest works on one batch of a job.
func (s *Sim) ingest(j *job) {
	if j.message != "" {
		j.enter(jobFailed)
		return
	}
	if j.done == 0 {
		if bad := s.badColumn(j); bad != "" {
			j.fail("InvalidBatch : Field name not found : %s", bad)
			return
		}
	}
	if j.cut() {
		return
	}
	for end := min(len(j.table.rows), j.done+bulkBatch); j.done < end; {
		n := min(bulkRows, end-j.done)
		if stop := j.treatment.StopAfter; j.treatment.Fail != "" || j.treatment.Abort {
			n = min(n, stop-j.done)
		}
		s.ingestRows(j, n)
		if j.cut() {
			return
		}
	}
	if j.done == len(j.table.rows) {
		j.enter(jobCompleted)
	}
}

// badColumn names the first column that is no field of the object. A dot is a
// parent by its external id: Account.Ext__c.
func (s *Sim) badColumn(j *job) string {
	needID := j.operation == "update" || j.operation == "delete" || j.operation == "hardDelete"
	for _, c := range j.table.columns {
		if strings.EqualFold(c, "Id") {
			needID = false
		}
		if !s.knownColumn(j.object, c) {
			return c
		}
	}
	if needID {
		return "Id"
	}
	if j.external != nil && !containsFold(j.table.columns, j.extName) {
		return j.extName
	}
	return ""
}

func containsFold(list []string, s string) bool {
	for _, v := range list {
		if strings.EqualFold(v, s) {
			return true
		}
	}
	return false
}

func (s *Sim) knownColumn(o *object, column string) bool {
	relation, name, dotted := strings.Cut(column, ".")
	if !dotted {
		return o.visible(column) != nil
	}
	for _, f := range o.fields {
		if !strings.EqualFold(f.Relationship, relation) || f.hidden {
			continue
		}
		for _, target := range f.ReferenceTo {
			if p := s.object(target); p != nil && p.visible(name) != nil && p.visible(name).lookup() {
				return true
			}
		}
	}
	return false
}

// resultsOf checks that a job's result files exist.
func (j *job) resultsOf() *apiError {
	switch {
	case j.treatment.ResultsGone:
		return notFound()
	case !j.over():
		return j.wrongState("reading results of")
	}
	return nil
}

// shuffle puts the results in an order that is not the input's (section 12).
func (s *Sim) shuffle(j *job) {
	if !j.shuffled {
		j.shuffled = true
		s.extra.bulk.rng.Shuffle(len(j.results), func(a, b int) { j.results[a], j.results[b] = j.results[b], j.results[a] })
	}
}

func (s *Sim) successfulResults(_ *request, j *job) (answer, *apiError) {
	if e := j.resultsOf(); e != nil {
		return answer{}, e
	}
	s.shuffle(j)
	w := j.writer()
	w.head([]string{"sf__Id", "sf__Created"}, j.table.columns)
	for _, r := range j.results {
		if r.err == "" {
			w.row(append([]string{r.id, fmt.Sprint(r.created)}, j.table.rows[r.row]...)...)
		}
	}
	return csvAnswer(w.b.String()), nil
}

func (s *Sim) failedResults(_ *request, j *job) (answer, *apiError) {
	if e := j.resultsOf(); e != nil {
		return answer{}, e
	}
	s.shuffle(j)
	w := j.writer()
	w.head([]string{"sf__Id", "sf__Error"}, j.table.columns)
	for _, r := range j.results {
		if r.err != "" {
			w.row(append([]string{r.id, r.err}, j.table.rows[r.row]...)...)
		}
	}
	return csvAnswer(w.b.String()), nil
}

func (s *Sim) unprocessedRecords(_ *request, j *job) (answer, *apiError) {
	if e := j.resultsOf(); e != nil {
		return answer{}, e
	}
	w := j.writer()
	w.head(nil, j.table.columns)
	for _, row := range j.table.rows[j.done:] {
		w.row(row...)
	}
	return csvAnswer(w.b.String()), nil
}
