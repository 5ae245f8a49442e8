package salesforcetest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Figures of section 12.
const (
	bulkBatch      = 10_000      // records processed at a time
	bulkRows       = 200         // rows of one transaction
	bulkUpload     = 112_500_000 // bytes: 150 MB after base64
	bulkOpenLife   = 24 * time.Hour
	bulkResultLife = 7 * 24 * time.Hour
	bulkPage       = 50_000 // rows of a page of query results without maxRecords (inferred)
)

// BulkPace is how long a job takes (inferred; the vendor promises nothing).
type BulkPace struct {
	Queue time.Duration // between UploadComplete and InProgress
	Batch time.Duration // for 10,000 records
}

// BulkJob tells a treatment what a job is.
type BulkJob struct {
	ID        string
	Object    string
	Operation string // insert, update, upsert, delete, hardDelete, query, queryAll
	Rows      int    // of an ingest job
}

// BulkTreatment is the bad day of one job. The zero value is a good one.
type BulkTreatment struct {
	Stick       bool                                 // the job stays InProgress until ReleaseBulk
	StopAfter   int                                  // after so many rows (0: before the first, with Fail or Abort) the job ends
	Fail        string                               // errorMessage with which it ends in state Failed
	Abort       bool                                 // an admin aborts it: state Aborted
	Row         func(row int) (code, message string) // rows, from 0, that fail; code "" passes
	ResultsGone bool                                 // results answer 404 as after seven days
}

// bulk is the state of Bulk API 2.0.
type bulk struct {
	rng   *rand.Rand
	pace  BulkPace
	treat func(BulkJob) BulkTreatment
	jobs  []*job
	count int
}

// job is one ingest or query job.
type job struct {
	id        string
	query     bool
	operation string
	object    *object
	external  *Field
	extName   string
	soql      string
	assign    string // assignmentRuleId
	version   string
	user      string
	client    string
	delimiter string
	ending    string
	state     string
	message   string // errorMessage
	created   time.Time
	changed   time.Time

	treatment BulkTreatment
	next      time.Time // next step, while waiting or working
	worked    time.Duration

	uploaded bool
	table    table
	done     int // rows tried
	failed   int
	results  []rowResult
	shuffled bool

	columns []string   // of a query
	rows    [][]string // of a query
}

// rowResult is what became of one row.
type rowResult struct {
	row     int
	id      string
	created bool
	err     string
}

const (
	jobOpen      = "Open"
	jobUploaded  = "UploadComplete"
	jobWorking   = "InProgress"
	jobCompleted = "JobComplete"
	jobFailed    = "Failed"
	jobAborted   = "Aborted"
)

func (j *job) over() bool {
	return j.state == jobCompleted || j.state == jobFailed || j.state == jobAborted
}

// addBulk adds the routes.
func (s *Sim) addBulk() {
	s.extra.bulk.rng = rand.New(rand.NewPCG(s.cfg.Seed, 0x62756c6b))
	s.extra.bulk.pace = BulkPace{Queue: time.Second, Batch: time.Second}
	for _, kind := range []string{"ingest", "query"} {
		query := kind == "query"
		one := func(h func(*Sim, *request, *job) (answer, *apiError)) handler {
			return func(s *Sim, q *request) (answer, *apiError) {
				s.advanceJobs()
				j := s.job(q.vars["id"], query)
				if j == nil {
					return answer{}, notFound()
				}
				return h(s, q, j)
			}
		}
		at := "/jobs/" + kind
		s.handle(http.MethodGet, at, func(s *Sim, q *request) (answer, *apiError) { return s.listJobs(q, query) }, "isPkChunkingEnabled", "jobType", "concurrencyMode", "queryLocator")
		s.handle(http.MethodGet, at+"/{id}", one(func(_ *Sim, _ *request, j *job) (answer, *apiError) { return ok(j.info()), nil }))
		s.handle(http.MethodPatch, at+"/{id}", one((*Sim).patchJob))
		s.handle(http.MethodDelete, at+"/{id}", one((*Sim).deleteJob))
		if query {
			s.handle(http.MethodPost, at, (*Sim).createQueryJob)
			s.handle(http.MethodGet, at+"/{id}/results", one((*Sim).queryResults), "maxRecords", "locator")
			s.handle(http.MethodGet, at+"/{id}/resultPages", one((*Sim).queryPages), "maxRecords", "locator")
			continue
		}
		s.handle(http.MethodPost, at, (*Sim).createIngestJob)
		upload := s.handle(http.MethodPut, at+"/{id}/batches", one((*Sim).upload))
		upload.form, upload.maxBody = true, bulkUpload
		s.handle(http.MethodGet, at+"/{id}/successfulResults", one((*Sim).successfulResults))
		s.handle(http.MethodGet, at+"/{id}/failedResults", one((*Sim).failedResults))
		s.handle(http.MethodGet, at+"/{id}/unprocessedrecords", one((*Sim).unprocessedRecords))
	}
}

// SetBulkPace changes how long jobs take that are closed from now on.
func (s *Sim) SetBulkPace(p BulkPace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra.bulk.pace = p
}

// TreatBulk installs a hook that is asked once for every job when it starts; nil
// removes it. It runs with the org locked and must not use it.
func (s *Sim) TreatBulk(treat func(BulkJob) BulkTreatment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra.bulk.treat = treat
}

// ReleaseBulk lets jobs go on that a treatment made stick.
func (s *Sim) ReleaseBulk() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.extra.bulk.jobs {
		if j.treatment.Stick {
			j.treatment.Stick = false
			j.next = time.Now()
		}
	}
	s.poke()
}

// AbortBulk ends every job that is not over, as an admin does in Setup.
func (s *Sim) AbortBulk() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.extra.bulk.jobs {
		if !j.over() {
			j.enter(jobAborted)
		}
	}
}

func (j *job) enter(state string) { j.state, j.changed = state, time.Now() }

func (j *job) fail(format string, args ...any) {
	j.message = fmt.Sprintf(format, args...)
	j.enter(jobFailed)
}

// job finds a job by id; results and jobs go after seven days.
func (s *Sim) job(id string, query bool) *job {
	full, _ := ID18(id)
	for _, j := range s.extra.bulk.jobs {
		if j.id == full && j.query == query {
			return j
		}
	}
	return nil
}

func (s *Sim) newJob(q *request) *job {
	s.extra.bulk.count++
	id := "750" + s.pod + fmt.Sprintf("%09d", s.extra.bulk.count)
	now := time.Now()
	j := &job{id: id + checksum(id), version: q.version, user: q.user, client: q.client(), state: jobOpen, created: now, changed: now}
	s.extra.bulk.jobs = append(s.extra.bulk.jobs, j)
	return j
}

var delimiters = map[string]rune{"COMMA": ',', "TAB": '\t', "SEMICOLON": ';', "PIPE": '|', "CARET": '^', "BACKQUOTE": '`'}

// format checks the two settings of a job's CSV; empty ones get their defaults.
func (j *job) format(delimiter, ending, content string) *apiError {
	setDefault(&delimiter, "COMMA")
	setDefault(&ending, "LF")
	switch {
	case delimiters[delimiter] == 0:
		return invalidJob("columnDelimiter %q is not one of BACKQUOTE, CARET, COMMA, PIPE, SEMICOLON, TAB", delimiter)
	case ending != "LF" && ending != "CRLF":
		return invalidJob("lineEnding %q is not one of LF, CRLF", ending)
	case content != "" && content != "CSV":
		return invalidJob("contentType %q is not CSV", content)
	}
	j.delimiter, j.ending = delimiter, ending
	return nil
}

// invalidJob is the refusal of a job's settings (code inferred).
func invalidJob(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "INVALIDJOB", "InvalidJob : "+format, args...)
}

// wrongState is the refusal of a step that the job's state does not allow (code inferred).
func (j *job) wrongState(what string) *apiError {
	return fail(http.StatusBadRequest, "INVALIDJOBSTATE", "%s job %s is not allowed: its state is %s", what, j.id, j.state)
}

// apiVersion is a number in job infos: 60.0.
type apiVersion string

// MarshalJSON writes the version as it stands, without quotes.
func (v apiVersion) MarshalJSON() ([]byte, error) { return []byte(v), nil }

// brief is the job as its creation and its closing answer it (recorded).
func (j *job) brief() pairs {
	p := pairs{{"id", j.id}, {"operation", j.operation}, {"object", j.object.Name}, {"createdById", j.user}, {"createdDate", jobStamp(j.created)}, {"systemModstamp", jobStamp(j.changed)}, {"state", j.state}}
	if j.extName != "" {
		p.add("externalIdFieldName", j.extName)
	}
	p.add("concurrencyMode", "Parallel")
	p.add("contentType", "CSV")
	p.add("apiVersion", apiVersion(j.version))
	return p
}

func jobStamp(t time.Time) string { return stampText(t.Truncate(time.Second)) }

// csvFormat adds the two settings of the CSV.
func (j *job) csvFormat(p pairs) pairs {
	p.add("lineEnding", j.ending)
	p.add("columnDelimiter", j.delimiter)
	return p
}

// info is the job as a GET shows it (recorded).
func (j *job) info() pairs {
	p := j.brief()
	kind := "V2Ingest"
	if j.query {
		kind = "V2Query"
	}
	p.add("jobType", kind)
	if j.state == jobOpen && !j.query {
		p.add("contentUrl", j.contentURL())
	}
	p = j.csvFormat(p)
	processed := j.done
	if j.query {
		processed = len(j.rows)
	}
	if j.state != jobOpen && j.state != jobUploaded {
		p.add("numberRecordsProcessed", processed)
		if !j.query {
			p.add("numberRecordsFailed", j.failed)
		}
	}
	p.add("retries", 0)
	total := 0
	if j.over() {
		total = int(j.worked.Milliseconds())
	}
	p.add("totalProcessingTime", total)
	if !j.query {
		p.add("apiActiveProcessingTime", int(j.worked.Milliseconds())*3/4)
		p.add("apexProcessingTime", 0)
	}
	if j.message != "" {
		p.add("errorMessage", j.message)
	}
	return p
}

// contentURL is relative and without a leading slash (recorded).
func (j *job) contentURL() string {
	return "services/data/v" + j.version + "/jobs/ingest/" + j.id + "/batches"
}

// listJobs lists the jobs of one kind, newest last, in one page (inferred).
func (s *Sim) listJobs(_ *request, query bool) (answer, *apiError) {
	s.advanceJobs()
	records := []pairs{}
	for _, j := range s.extra.bulk.jobs {
		if j.query == query {
			records = append(records, j.info())
		}
	}
	return ok(pairs{{"done", true}, {"records", records}, {"nextRecordsUrl", nil}}), nil
}

// patchJob closes or aborts a job.
func (s *Sim) patchJob(q *request, j *job) (answer, *apiError) {
	var b struct {
		State string `json:"state"`
	}
	if e := q.decode(s, &b); e != nil {
		return answer{}, e
	}
	switch {
	case b.State == jobAborted && !j.over():
		j.enter(jobAborted)
	case b.State == jobUploaded && j.state == jobOpen && !j.query:
		if !j.uploaded {
			return answer{}, invalidJob("no data was uploaded to job %s", j.id)
		}
		s.close(j)
	case b.State == jobAborted || b.State == jobUploaded:
		return answer{}, j.wrongState("setting " + b.State + " of")
	default:
		return answer{}, invalidJob("state %q cannot be set: send UploadComplete or Aborted", b.State)
	}
	return ok(j.brief()), nil
}

// close hands a job to the workers.
func (s *Sim) close(j *job) {
	j.enter(jobUploaded)
	j.next = time.Now().Add(s.extra.bulk.pace.Queue)
	s.poke()
}

// deleteJob removes a job that is over, with its results.
func (s *Sim) deleteJob(_ *request, j *job) (answer, *apiError) {
	if !j.over() {
		return answer{}, j.wrongState("deleting")
	}
	s.extra.bulk.jobs = slices.DeleteFunc(s.extra.bulk.jobs, func(k *job) bool { return k == j })
	return noContent(), nil
}

// nextJobStep is when a job moves on, false when none is waiting.
func (s *Sim) nextJobStep() (at time.Time, busy bool) {
	for _, j := range s.extra.bulk.jobs {
		if waiting := j.state == jobUploaded || j.state == jobWorking && !j.treatment.Stick; waiting && (!busy || j.next.Before(at)) {
			at, busy = j.next, true
		}
	}
	return at, busy
}

// advanceJobs moves every job on by what is due, in the order in which it is. It
// runs when somebody asks for a job, and from DeliverDue: rows are stamped with
// the time of that moment.
func (s *Sim) advanceJobs() {
	now := time.Now()
	s.extra.bulk.jobs = slices.DeleteFunc(s.extra.bulk.jobs, func(j *job) bool { return j.over() && now.Sub(j.changed) >= bulkResultLife })
	for _, j := range s.extra.bulk.jobs {
		if j.state == jobOpen && now.Sub(j.created) >= bulkOpenLife {
			j.fail("InvalidJob : the job was open for more than 24 hours")
		}
	}
	for {
		at, busy := s.nextJobStep()
		if !busy || at.After(now) {
			return
		}
		for _, j := range s.extra.bulk.jobs {
			if (j.state == jobUploaded || j.state == jobWorking && !j.treatment.Stick) && !j.next.After(at) {
				s.step(j)
			}
		}
	}
}

// step is UploadComplete to InProgress, or one batch of 10,000 rows.
func (s *Sim) step(j *job) {
	pace := s.extra.bulk.pace.Batch
	if j.state == jobUploaded {
		if s.extra.bulk.treat != nil {
			j.treatment = s.extra.bulk.treat(BulkJob{ID: j.id, Object: j.object.Name, Operation: j.operation, Rows: len(j.table.rows)})
		}
		j.enter(jobWorking)
		j.next = j.next.Add(pace)
		return
	}
	j.worked += pace
	j.next = j.next.Add(pace)
	if j.query {
		s.runQueryJob(j)
		return
	}
	s.ingest(j)
}

// ending applies the treatment's end after so many rows.
func (j *job) cut() bool {
	t := j.treatment
	if t.Fail == "" && !t.Abort || j.done < t.StopAfter {
		return false
	}
	if t.Abort {
		j.enter(jobAborted)
	} else {
		j.fail("%s", t.Fail)
	}
	return true
}

// csvAnswer is a result file.
func csvAnswer(body string) answer {
	return answer{status: http.StatusOK, raw: []byte(body)}.with("Content-Type", "text/csv;charset=UTF-8")
}

func positive(q *request, name string, most int) (int, *apiError) {
	v := q.query.Get(name)
	if v == "" {
		return most, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(v))
	if err != nil || n < 1 {
		return 0, fail(http.StatusBadRequest, "INVALID_QUERY_PARAMETER", "%s must be a whole number from 1, not %q", name, v)
	}
	return n, nil
}
