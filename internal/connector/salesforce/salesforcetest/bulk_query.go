package salesforcetest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
)

// createQueryJob is POST /jobs/query.
func (s *Sim) createQueryJob(q *request) (answer, *apiError) {
	var b struct {
		Operation   string `json:"operation"`
		Query       string `json:"query"`
		ContentType string `json:"contentType"`
		LineEnding  string `json:"lineEnding"`
		Delimiter   string `json:"columnDelimiter"`
	}
	if e := q.decode(s, &b); e != nil {
		return answer{}, e
	}
	if b.Operation != "query" && b.Operation != "queryAll" {
		return answer{}, invalidJob("operation %q is not one of query, queryAll", b.Operation)
	}
	var j job
	if e := j.format(b.Delimiter, b.LineEnding, b.ContentType); e != nil {
		return answer{}, e
	}
	o, e := s.bulkQueryable(q, b.Query)
	if e != nil {
		return answer{}, e
	}
	made := s.newJob(q)
	made.query, made.object, made.operation, made.soql, made.delimiter, made.ending = true, o, b.Operation, b.Query, j.delimiter, j.ending
	s.close(made)
	return ok(made.csvFormat(made.brief())), nil
}

// runQueryJob ends a query job.
func (s *Sim) runQueryJob(j *job) {
	if j.cut() {
		return
	}
	columns, rows, e := s.bulkSelect(j)
	if e != nil {
		j.fail("%s : %s", e.items[0].Code, e.items[0].Message)
		return
	}
	j.columns, j.rows = columns, rows
	j.enter(jobCompleted)
}

// readable checks that a query job's results can be had by this call.
func (j *job) readable(q *request) *apiError {
	switch {
	case q.version != j.version:
		return fail(http.StatusConflict, "INVALIDVERSION", "job %s was created with version %s: use the same version for its results", j.id, j.version)
	case j.treatment.ResultsGone:
		return notFound()
	case j.state != jobCompleted:
		return j.wrongState("reading results of")
	}
	return nil
}

// page reads maxRecords and locator.
func (j *job) page(q *request) (from, size int, e *apiError) {
	size, e = positive(q, "maxRecords", bulkPage)
	if e != nil {
		return 0, 0, e
	}
	locator := q.query.Get("locator")
	if locator == "" {
		return 0, size, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(locator)
	if err == nil {
		from, err = strconv.Atoi(string(raw))
	}
	if err != nil || from < 1 || from > len(j.rows) {
		return 0, 0, fail(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
	}
	return from, size, nil
}

// locator is opaque to callers; "null" is the word for the last page.
func (j *job) locator(at int) string {
	if at >= len(j.rows) {
		return "null"
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(at)))
}

// queryResults is GET /jobs/query/{id}/results.
func (s *Sim) queryResults(q *request, j *job) (answer, *apiError) {
	if e := j.readable(q); e != nil {
		return answer{}, e
	}
	from, size, e := j.page(q)
	if e != nil {
		return answer{}, e
	}
	to := min(len(j.rows), from+size)
	w := j.writer()
	w.row(j.columns...)
	for _, row := range j.rows[from:to] {
		w.row(row...)
	}
	return csvAnswer(w.b.String()).with("Sforce-Locator", j.locator(to)).with("Sforce-NumberOfRecords", strconv.Itoa(to-from)), nil
}

// queryPages is GET /jobs/query/{id}/resultPages (v58 and later): five addresses
// of result pages at a time, to be read in parallel.
func (s *Sim) queryPages(q *request, j *job) (answer, *apiError) {
	if v, err := strconv.ParseFloat(q.version, 64); err != nil || v < 58 {
		return answer{}, notFound()
	}
	if e := j.readable(q); e != nil {
		return answer{}, e
	}
	at, size, e := j.page(q)
	if e != nil {
		return answer{}, e
	}
	base := fmt.Sprintf("%s/jobs/query/%s/", q.root(), j.id)
	pages := []pairs{}
	for range 5 {
		link := fmt.Sprintf("%sresults?maxRecords=%d", base, size)
		if at > 0 {
			link += "&locator=" + j.locator(at)
		}
		pages = append(pages, pairs{{"resultUrl", link}})
		if at += size; at >= len(j.rows) {
			break
		}
	}
	out := pairs{{"resultPages", pages}}
	if at < len(j.rows) {
		out.add("nextRecordUrl", fmt.Sprintf("%sresultPages?maxRecords=%d&locator=%s", base, size, j.locator(at)))
	}
	out.add("done", at >= len(j.rows))
	return ok(out), nil
}

// bulkQueryable checks a query at creation and gives the object it reads: no
// subqueries, aggregates, OFFSET, TYPEOF or compound fields (section 12; the error
// code is inferred).
func (s *Sim) bulkQueryable(q *request, soql string) (*object, *apiError) {
	p, e := s.bulkPlan(soql, q.user)
	if e != nil {
		return nil, e
	}
	no := func(what string) (*object, *apiError) {
		return nil, fail(http.StatusBadRequest, "FUNCTIONALITY_NOT_ENABLED", "%s not supported in Bulk Query", what)
	}
	if p.q.count || len(p.q.group) > 0 {
		return no("Aggregate functions are")
	}
	if p.q.offset > 0 {
		return no("OFFSET is")
	}
	for _, c := range p.columns {
		switch {
		case c.child != nil:
			return no("Nested queries are")
		case c.typeOf != nil:
			return no("TYPEOF is")
		case c.aggregate != "":
			return no("Aggregate functions are")
		case c.path != nil && c.path.f != nil && c.path.f.Type == "address":
			return no("Selecting compound data is")
		}
	}
	return p.o, nil
}

func (s *Sim) bulkPlan(soql, user string) (*plan, *apiError) {
	q, e := parseSOQL(soql)
	if e != nil {
		return nil, e
	}
	return s.bind(q, user)
}

// bulkSelect runs a query: columns are named by their paths.
func (s *Sim) bulkSelect(j *job) (names []string, rows [][]string, e *apiError) {
	p, e := s.bulkPlan(j.soql, j.user)
	if e != nil {
		return nil, nil, e
	}
	flat := flatten(p.columns, nil, "")
	for _, c := range flat {
		names = append(names, c.name)
	}
	for _, r := range p.rows(j.operation == "queryAll", false) {
		line := make([]string, len(flat))
		for i, c := range flat {
			line[i] = s.flatValue(c.path.f, p.value(c.path, r.row, r.st))
		}
		rows = append(rows, line)
	}
	return names, rows, nil
}

// flatColumn is a column of the CSV, named by its path.
type flatColumn struct {
	name string
	path *path
}

func flatten(columns []column, via []*Field, prefix string) (out []flatColumn) {
	for _, c := range columns {
		if c.parent != nil {
			steps := append(append([]*Field(nil), via...), c.parent.via)
			out = append(out, flatten(c.parent.columns, steps, prefix+c.key+".")...)
			continue
		}
		out = append(out, flatColumn{prefix + c.key, &path{via: via, f: c.path.f, name: c.path.name}})
	}
	return out
}

// flatValue writes a cell: null is empty, datetimes end in Z. f is nil for a field
// of a parent of several kinds.
func (s *Sim) flatValue(f *Field, v any) string {
	if f == nil {
		return asText(v)
	}
	text := asText(s.render(f, v))
	if f.Type == "datetime" && text != "" {
		return zulu(text)
	}
	return text
}
