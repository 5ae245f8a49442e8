package hubspottest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// route is one call of the API.
type route struct {
	serve     func(*Sim, *request) (answer, *apiError)
	scopes    func(*request) []string // any one of these is enough per entry; entries split by "|"
	params    []string
	open      bool // no credential
	form      bool // OAuth: form body with its own client credentials
	developer bool // app-level credential
	bucket    bucket
}

// bucket names the rate limit that a call draws on.
type bucket int

const (
	burst bucket = iota
	searching
	associating
	unlimited
)

var dated = []string{"2026-03", "2026-09"}

// versionForm finds the version segment, which sits at different places in the
// legacy and the dated paths (section 1).
var versionForm = regexp.MustCompile(`^(v[1-4]|20\d\d-\d\d(-beta)?)$`)

// route finds the call; nil means that no such path exists. It fills in version,
// path and pattern.
func (s *Sim) route(q *request) *route {
	var segs []string
	for seg := range strings.SplitSeq(strings.Trim(q.URL.Path, "/"), "/") {
		if q.version == "" && versionForm.MatchString(seg) {
			q.version = seg
			continue
		}
		segs = append(segs, seg)
	}
	q.path = segs
	q.pattern = q.Method + " " + pattern(segs)
	switch segs[0] {
	case "crm":
		return s.crm(q, segs[1:])
	case "crm-object-schemas":
		return s.schemaRoute(q, segs[1:])
	case "account-info":
		return accountRoute(q, segs[1:])
	case "oauth":
		return oauthRoute(q, segs[1:])
	case "appinstalls":
		return uninstallRoute(q, segs[1:])
	case "webhooks", "app-webhooks":
		return webhookRoute(q, segs)
	case "marketing", "form-integrations":
		return formsRoute(q, segs)
	}
	return nil
}

// pattern replaces ids by {id}, for Calls and fault matching.
func pattern(segs []string) string {
	out := slices.Clone(segs)
	for i, seg := range out {
		if i > 0 && strings.Trim(seg, "0123456789") == "" || strings.Contains(seg, "@") || i == 3 && segs[0] == "form-integrations" || i > 1 && segs[0] == "oauth" && len(seg) > 20 {
			out[i] = "{id}"
		}
	}
	return "/" + strings.Join(out, "/")
}

func (s *Sim) crm(q *request, p []string) *route {
	if len(p) == 0 {
		return nil
	}
	current := slices.Contains(dated, q.version)
	switch p[0] {
	case "objects":
		if len(p) >= 4 && p[3] == "associations" {
			if q.version == "v4" || current {
				return s.recordAssociationRoute(q, p[1:])
			}
			return nil
		}
		if q.version == "v3" || current {
			return s.objectRoute(q, p[1:])
		}
	case "associations":
		if q.version == "v4" || current {
			return s.associationRoute(q, p[1:])
		}
	case "properties":
		if q.version == "v3" || current {
			return s.propertyRoute(q, p[1:])
		}
	case "pipelines":
		if q.version == "v3" || current {
			return s.pipelineRoute(q, p[1:])
		}
	case "lists":
		if q.version == "v3" || current {
			return s.listRoute(q, p[1:])
		}
	case "owners":
		if q.version == "v3" || current {
			return ownerRoute(q, p[1:])
		}
	}
	return nil
}

var (
	pageParams   = []string{"limit", "after", "properties", "propertiesWithHistory", "associations", "archived"}
	recordParams = []string{"properties", "propertiesWithHistory", "associations", "archived", "idProperty"}
)

func (s *Sim) objectRoute(q *request, p []string) *route {
	if len(p) == 0 {
		return nil
	}
	k := s.kind(p[0])
	if k == nil {
		return refusing(unknownType(p[0]))
	}
	read, write := objectScope(k, "read"), objectScope(k, "write")
	rest := strings.Join(p[1:], "/")
	with := func(scopes func(*request) []string, params []string, serve func(*Sim, *request, *kind) (answer, *apiError)) *route {
		return &route{scopes: scopes, params: params, serve: func(s *Sim, q *request) (answer, *apiError) { return serve(s, q, k) }}
	}
	switch {
	case len(p) == 1 && q.Method == http.MethodGet:
		return with(read, pageParams, (*Sim).listRecords)
	case len(p) == 1 && q.Method == http.MethodPost:
		return with(write, nil, (*Sim).createRecord)
	case rest == "search" && q.Method == http.MethodPost:
		r := with(read, nil, (*Sim).search)
		r.bucket = searching
		return r
	case rest == "merge" && q.Method == http.MethodPost && k.mergeable:
		return with(write, nil, (*Sim).mergeRecords)
	case rest == "gdpr-delete" && q.Method == http.MethodPost && k.name == "contacts":
		return with(write, nil, (*Sim).forget)
	case rest == "batch/read" && q.Method == http.MethodPost:
		return with(read, []string{"archived"}, (*Sim).batchRead)
	case rest == "batch/create" && q.Method == http.MethodPost:
		return with(write, nil, (*Sim).batchCreate)
	case rest == "batch/update" && q.Method == http.MethodPost:
		return with(write, nil, (*Sim).batchUpdate)
	case rest == "batch/upsert" && q.Method == http.MethodPost:
		return with(write, nil, (*Sim).batchUpsert)
	case rest == "batch/archive" && q.Method == http.MethodPost:
		return with(write, nil, (*Sim).batchArchive)
	case len(p) == 2 && p[1] != "batch" && !slices.Contains([]string{"search", "merge", "gdpr-delete"}, p[1]):
		switch q.Method {
		case http.MethodGet:
			return with(read, recordParams, (*Sim).readRecord)
		case http.MethodPatch:
			return with(write, []string{"idProperty"}, (*Sim).updateRecord)
		case http.MethodDelete:
			return with(write, nil, (*Sim).archiveRecord)
		}
	}
	return notAllowed(q)
}

// objectScope names the scopes of section 2: any one is enough.
func objectScope(k *kind, verb string) func(*request) []string {
	want := k.scope + "." + verb
	switch k.name {
	case "tickets":
		want = "tickets"
	case "line_items", "products":
		want += "|e-commerce"
	}
	return func(*request) []string { return []string{want} }
}

func free(*request) []string { return nil }

func refusing(e *apiError) *route {
	return &route{scopes: free, params: nil, serve: func(*Sim, *request) (answer, *apiError) { return answer{}, e }}
}

func notAllowed(*request) *route {
	return refusing(&apiError{http: http.StatusMethodNotAllowed, Status: "error", Message: "HTTP 405 Method Not Allowed"})
}

// unknownType is answered without a category (section 4).
func unknownType(name string) *apiError {
	return &apiError{http: http.StatusBadRequest, Status: "error", Message: "Unable to infer object type from: " + name}
}
