package hubspottest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Forms and what was sent in by them, as the legacy forms API lists it: GET /marketing/v3/forms, and GET
// /form-integrations/v1/submissions/forms/{guid}, newest first, 20 a page and 50 at most. Scope: forms.

// form is a form of the portal.
type form struct {
	id, name    string
	archived    bool
	submissions []submission // in the order in which they were sent in
}

type submission struct {
	id     string
	at     time.Time
	page   string
	values []Answer
}

// Answer is one field of a form as it was filled in.
type Answer struct{ Name, Value string }

const (
	formsPage           = 20 // (inferred)
	maxFormsPage        = 100
	submissionsPage     = 20
	maxSubmissionsPage  = 50
	submissionIDPattern = "7c0f%04d-0000-4000-8000-%012d"
)

// NewForm makes a form and gives its guid.
func (a Actor) NewForm(name string) string {
	defer a.lock()()
	f := &form{id: fmt.Sprintf("5f0a%04d-0000-4000-8000-000000000001", len(a.s.forms)), name: name}
	a.s.forms = append(a.s.forms, f)
	return f.id
}

// ArchiveForm puts a form away: it and its submissions are listed no more (inferred).
func (a Actor) ArchiveForm(id string) error {
	defer a.lock()()
	f := a.s.form(id)
	if f == nil {
		return fmt.Errorf("hubspottest: there is no form %s", id)
	}
	f.archived = true
	return nil
}

// Submit is a visitor who sends a form in. Who has no contact by that address becomes one; the others' is brought up to date. Without an
// address there is no contact, and id is "".
func (s *Sim) Submit(formID, page string, answers ...Answer) (contact string, err error) {
	a := Actor{s, actor{source: "FORM", sourceID: formID}}
	defer a.lock()()
	f := s.form(formID)
	if f == nil {
		return "", fmt.Errorf("hubspottest: there is no form %s", formID)
	}
	k := s.kind("contacts")
	set := map[string]string{}
	for _, v := range answers {
		if k.usable(v.Name) != nil {
			set[v.Name] = v.Value
		}
	}
	if set["email"] != "" {
		var r *record
		for _, c := range k.records {
			if !c.archived && !c.gone && strings.EqualFold(c.props["email"], set["email"]) {
				r = c
			}
		}
		d, e := s.prepare(k, r, set, a.by, false, nil)
		if e != nil {
			return "", e
		}
		contact = s.commit(d).text()
	}
	n := len(f.submissions)
	f.submissions = append(f.submissions, submission{id: fmt.Sprintf(submissionIDPattern, slices.Index(s.forms, f), n+1), at: s.now(), page: page, values: slices.Clone(answers)})
	return contact, nil
}

func (s *Sim) form(id string) *form {
	for _, f := range s.forms {
		if f.id == id && !f.archived {
			return f
		}
	}
	return nil
}

// formsRoute serves /marketing/v3/forms and /form-integrations/v1/submissions/forms/{guid}; neither has a dated version.
func formsRoute(q *request, p []string) *route {
	scopes := func(*request) []string { return []string{"forms"} }
	switch {
	case p[0] == "marketing" && len(p) == 2 && p[1] == "forms" && q.version == "v3":
		if q.Method != http.MethodGet {
			return notAllowed(q)
		}
		return &route{scopes: scopes, params: []string{"limit", "after", "archived", "formTypes"}, serve: (*Sim).listForms}
	case p[0] == "form-integrations" && len(p) == 4 && p[1] == "submissions" && p[2] == "forms" && q.version == "v1":
		if q.Method != http.MethodGet {
			return notAllowed(q)
		}
		return &route{scopes: scopes, params: []string{"limit", "after"}, serve: (*Sim).listSubmissions}
	}
	return nil
}

func (s *Sim) listForms(q *request) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	limit, e := q.limit(formsPage, maxFormsPage)
	if e != nil {
		return answer{}, e
	}
	for _, t := range q.query["formTypes"] {
		if !slices.Contains([]string{"hubspot", "captured", "flow", "blog_comment", "all"}, t) {
			return answer{}, validation("formTypes: %q is not a form type", t)
		}
	}
	after, results, next := q.query.Get("after"), []any{}, ""
	for _, f := range s.forms {
		if f.archived != archived || after != "" && f.id <= after {
			continue
		}
		if len(results) == limit {
			break
		}
		results = append(results, map[string]any{"id": f.id, "name": f.name, "formType": "hubspot", "archived": f.archived, "createdAt": "2026-01-05T09:00:00.000Z", "updatedAt": "2026-01-05T09:00:00.000Z"})
		next = f.id
	}
	if len(results) < limit {
		next = ""
	}
	return answer{status: http.StatusOK, body: s.paged(q, results, next)}, nil
}

func (s *Sim) listSubmissions(q *request) (answer, *apiError) {
	f := s.form(q.path[len(q.path)-1])
	if f == nil {
		return answer{}, s.notFound()
	}
	limit, e := q.limit(submissionsPage, maxSubmissionsPage)
	if e != nil {
		return answer{}, e
	}
	after, results, next := q.query.Get("after"), []any{}, ""
	skip := after != ""
	for n := len(f.submissions) - 1; n >= 0; n-- {
		sub := f.submissions[n]
		if skip {
			skip = sub.id != after
			continue
		}
		if len(results) == limit {
			next = f.submissions[n+1].id
			break
		}
		values := []any{}
		for _, v := range sub.values {
			values = append(values, map[string]any{"name": v.Name, "value": v.Value, "objectTypeId": "0-1"})
		}
		results = append(results, map[string]any{"conversionId": sub.id, "submittedAt": sub.at.UnixMilli(), "values": values, "pageUrl": sub.page})
	}
	return answer{status: http.StatusOK, body: s.paged(q, results, next)}, nil
}

func (s *Sim) paged(q *request, results []any, next string) map[string]any {
	body := map[string]any{"results": results}
	if next != "" {
		body["paging"] = map[string]any{"next": map[string]string{"after": next, "link": s.nextLink(q, next)}}
	}
	return body
}
