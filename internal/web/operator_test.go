package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

// TestCalls asks each call once and looks at what the engine was asked and what came back.
func TestCalls(t *testing.T) {
	const ref = "hubspot:deals/9876543210"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		asked                    string // by the engine; "" is not looked at
		answer                   string // in the JSON
	}{
		{"apply one", "POST", "/mappings", "mapping: invoices\n", 200, "apply 1 by editor", `"name":"invoices"`},
		{"apply says what names are", "POST", "/mappings", "mapping: invoices\n", 200, "", `"resolved":[{"field":"fields[1].static","id":"entity-1","label":"Sample GmbH","line":7,"name":"DE01"}]`},
		{"apply two", "POST", "/mappings", `{"documents":["mapping: a\n","mapping: b\n"]}`, 200, "apply 2 by editor", `"name":"b"`},
		{"apply nothing", "POST", "/mappings", "", 400, "", `"field":"body"`},
		{"list", "GET", "/mappings", "", 200, "", `"running":1`},
		{"one", "GET", "/mappings/invoices", "", 200, "", `"yaml":"mapping: invoices"`},
		{"none", "GET", "/mappings/none", "", 404, "", `there is no mapping none`},
		{"versions", "GET", "/mappings/invoices/versions", "", 200, "", `"version":1`},
		{"versions of none", "GET", "/mappings/none/versions", "", 404, "", `there is no mapping none`},
		{"check", "POST", "/check", "", 200, `of "", 0 documents, sample 0`, `"ready":false`},
		{"check one, dry", "POST", "/check", `{"mapping":"contacts","dry":true,"sample":0}`, 200, `of "contacts", 0 documents, sample -1`, `"sides":[{"connection":"hubspot","duplicates":[{"groups":1,"records":2,"refs":["` + ref + `"],"rule":"email"}],"fields":[{"field":"phone","filled":3,"percent":30}]`},
		{"check documents", "POST", "/check", `{"documents":["mapping: a"]}`, 200, `of "", 1 documents, sample 0`, `"missing":[{"connection":"hubspot"`},
		{"check none", "POST", "/check", `{"mapping":"none"}`, 404, "", `there is no mapping none`},
		{"check too many", "POST", "/check", `{"sample":1001}`, 400, "", `write 0 to 1000`},
		{"duplicates", "GET", "/mappings/invoices/duplicates?side=a&after=x", "", 200, `duplicates of invoices side "a" after "x"`, `"next":"more"`},
		{"duplicates of none", "GET", "/mappings/none/duplicates", "", 404, "", `there is no mapping none`},
		{"preview", "POST", "/previews", `{"mapping":"invoices"}`, 202, `run preview invoices [] since "" pilot false by editor`, `"total":-1`},
		{"preview of one", "POST", "/previews", `{"mapping":"invoices","refs":["` + ref + `"]}`, 202, `run preview invoices [` + ref + `] since "" pilot false by editor`, `"id":"r1"`},
		{"preview of nothing", "POST", "/previews", ``, 400, "", `"field":"mapping"`},
		{"bad ref", "POST", "/previews", `{"mapping":"invoices","refs":["9876543210"]}`, 400, "", `"field":"refs[0]"`},
		{"unknown field", "POST", "/previews", `{"maping":"invoices"}`, 400, "", `"field":"maping"`},
		{"wrong type", "POST", "/previews", `{"mapping":7}`, 400, "", `"field":"mapping"`},
		{"no JSON", "POST", "/previews", `{"mapping"`, 400, "", `cannot be read`},
		{"plan", "GET", "/plans/p1", "", 200, "", `"digest":"d1"`},
		{"no plan", "GET", "/plans/p9", "", 404, "", `there is no plan p9`},
		{"rows of no plan", "GET", "/plans/p9/rows", "", 404, "", `there is no plan p9`},
		{"bad limit", "GET", "/plans/p1/rows?limit=many", "", 400, "", `"field":"limit"`},
		{"too many rows", "GET", "/plans/p1/rows?limit=501", "", 400, "", `write 0 to 500`},
		{"approve", "POST", "/plans/p1/approve", `{"digest":"d1"}`, 200, `approve p1 "d1" by editor`, `"approver":"editor"`},
		{"approve another", "POST", "/plans/p1/approve", `{"digest":"other"}`, 409, "", `"fix":"look at plan p1 again"`},
		{"pilot", "POST", "/mappings/invoices/pilot", `{"refs":["` + ref + `"]}`, 202, `invoices to pilot [` + ref + `], version 0, by editor: `, `"status":"pilot"`},
		{"pilot without records", "POST", "/mappings/invoices/pilot", ``, 400, "", `"field":"refs"`},
		{"live", "POST", "/mappings/invoices/live", ``, 200, "invoices to live, version 0, by editor: ", `"waiting":7`},
		{"live, the other one is off", "POST", "/mappings/invoices/live", `{"native_off":true,"reason":"asked finance"}`, 200, "invoices to live, version 0, by editor: states that the system's own CRM integration is off. asked finance", `"status":"live"`},
		{"pause", "POST", "/mappings/invoices/pause", ``, 200, "invoices to paused by editor: ", `"status":"paused"`},
		{"pause all", "POST", "/pause", `{"reason":"month end"}`, 200, "all to paused by editor: month end", `"name":"invoices"`},
		{"resume", "POST", "/mappings/invoices/resume", ``, 200, "invoices goes on by editor: ", `"stopped_since":"2026-09-01T12:00:00Z"`},
		{"resume says how much waits", "POST", "/mappings/invoices/resume", ``, 200, "", `"waiting":12`},
		{"standing", "GET", "/mappings/invoices/standing", "", 200, "", `"ready":false`},
		{"standing names commands", "GET", "/mappings/invoices/standing", "", 200, "", `"command":"crosswalk preview invoices --save"`},
		{"standing of none", "GET", "/mappings/none/standing", "", 404, "", `there is no mapping none`},
		{"submit", "POST", "/mappings/invoices/submit", `{"version":2,"reason":"new terms"}`, 200, "submit invoices version 2 by editor: new terms", `"version":2`},
		{"approve a mapping", "POST", "/mappings/invoices/approve", `{"version":2}`, 200, "approve invoices version 2 by editor: ", `"single":true`},
		{"submit a plan", "POST", "/plans/p1/submit", ``, 200, "submit plan p1 by editor: ", `"digest":"d1"`},
		{"accept", "POST", "/mappings/invoices/acceptance", `{"round":1,"tester":"finance lead","result":"pass"}`, 200, "invoices version 0 round 1: pass by finance lead, noted by editor", `"gates":[`},
		{"accept in round three", "POST", "/mappings/invoices/acceptance", `{"round":3,"tester":"finance lead","result":"pass"}`, 400, "", `"field":"round"`},
		{"accept perhaps", "POST", "/mappings/invoices/acceptance", `{"round":1,"tester":"finance lead","result":"perhaps"}`, 400, "", `"field":"result"`},
		{"accept by nobody", "POST", "/mappings/invoices/acceptance", `{"round":1,"result":"pass"}`, 400, "", `"field":"tester"`},
		{"news", "GET", "/news", "", 200, "", `"category":"no_company"`},
		{"news to try", "POST", "/news/test", "", 200, "test message", `"to":["finance@customer.example"]`},
		{"resume nothing", "POST", "/mappings/none/resume", ``, 404, "", `there is no mapping none`},
		{"run all", "POST", "/runs", `{"mapping":"invoices"}`, 202, `run full invoices [] since "" pilot false by editor`, `"id":"r1"`},
		{"run some", "POST", "/runs", `{"mapping":"invoices","refs":["` + ref + `"],"won_since":"2026-01-01"}`, 202, `run named invoices [` + ref + `] since "2026-01-01" pilot false by editor`, ``},
		{"run plan", "POST", "/runs", `{"plan":"p1"}`, 202, "run plan p1 by editor", `"id":"r2"`},
		{"run plan and more", "POST", "/runs", `{"plan":"p1","mapping":"invoices"}`, 400, "", `"field":"plan"`},
		{"run nothing", "POST", "/runs", `{}`, 400, "", `"field":"mapping"`},
		{"run since no day", "POST", "/runs", `{"mapping":"invoices","won_since":"yesterday"}`, 400, "", `"field":"won_since"`},
		{"runs", "GET", "/runs", "", 200, "", `"runs":[{`},
		{"no run", "GET", "/runs/r9", "", 404, "", `there is no run r9`},
		{"errors", "GET", "/errors", "", 200, `errors ""`, `"groups":[{"category":"no_company","errors":2,"records":1},{"category":"brake","errors":1,"records":0}]`},
		{"errors have addresses", "GET", "/errors", "", 200, "", `"url":"https://crm.example/9876543210"`},
		{"errors of one", "GET", "/errors?category=no_company", "", 200, `errors "no_company"`, ``},
		{"errors of no category", "GET", "/errors?category=nothing", "", 400, "", `"field":"category"`},
		{"retry one", "POST", "/retry", `{"ref":"` + ref + `"}`, 202, `retry ` + ref + ` "" by editor`, `"retried":1`},
		{"retry all", "POST", "/retry", `{"category":"brake"}`, 202, `retry  "brake" by editor`, ``},
		{"retry both", "POST", "/retry", `{"category":"brake","ref":"` + ref + `"}`, 400, "", `"field":"ref"`},
		{"retry elsewhere", "POST", "/retry", `{"ref":"other:deals/1"}`, 404, "", `there is no connection other`},
		{"why", "GET", "/why?ref=" + ref, "", 200, "", `"target":"light:invoice-receivables/i1"`},
		{"why a field", "GET", "/why?ref=" + ref + "&field=netTerms", "", 200, "", `"fields":[{"action":"write","field":"netTerms","new":"30","old":null,"rule":"static value"}]`},
		{"why nothing", "GET", "/why?ref=hubspot:deals/1", "", 404, "", `crosswalk run MAPPING hubspot:deals/1`},
		{"why nobody", "GET", "/why", "", 400, "", `"field":"ref"`},
		{"presets", "GET", "/presets", "", 200, "", `"name":"hubspot-light/deals-to-invoices"`},
		{"preset", "GET", "/presets/hubspot-light/deals-to-invoices", "", 200, "", `mapping: deals-to-invoices`},
		{"preset by its last name", "GET", "/presets/deals-to-invoices", "", 200, "", `mapping: deals-to-invoices`},
		{"no preset", "GET", "/presets/none", "", 404, "", `there is no preset none`},
		{"fields by role", "GET", "/fields/crm/deals", "", 200, "", `"name":"amount"`},
		{"fields of a sample", "GET", "/fields/crm/deals?sample=500", "", 200, "", `"sample":{"records":7,"total":8}`},
		{"filled in a sample", "GET", "/fields/crm/deals?sample=500", "", 200, "", `"filled":5`},
		{"a small sample", "GET", "/fields/crm/deals?sample=4", "", 200, "", `"filled":4`},
		{"too large a sample", "GET", "/fields/crm/deals?sample=501", "", 400, "", `"field":"sample"`},
		{"connections", "GET", "/connections", "", 200, "", `"account":"62515","currency":"EUR"`},
		{"settings", "GET", "/settings", "", 200, "", `"connections":{"hubspot":`},
		{"a version", "GET", "/mappings/invoices/versions/1", "", 200, "", `"yaml":"mapping: invoices"`},
		{"the latest", "GET", "/mappings/invoices/versions/latest", "", 200, "", `"version":1`},
		{"no version", "GET", "/mappings/invoices/versions/7", "", 404, "", `invoices has versions 1 to 1`},
		{"no number", "GET", "/mappings/invoices/versions/old", "", 400, "", `"field":"version"`},
		{"version of none", "GET", "/mappings/none/versions/1", "", 404, "", `there is no mapping none`},
		{"one error", "GET", "/errors?limit=1", "", 200, "", `"next":1`},
		{"the last error", "GET", "/errors?limit=2&from=2", "", 200, "", `"errors":[{"category":"brake"`},
		{"no error more", "GET", "/errors?from=9", "", 200, "", `"errors":[],"groups":[{`},
		{"no errors at all", "GET", "/errors?limit=0", "", 400, "", `"field":"limit"`},
		{"no object", "GET", "/fields/crm/dreams", "", 404, "", `hubspot has deals`},
		{"no connection", "GET", "/fields/other/deals", "", 404, "", `there is no connection other`},
		{"status", "GET", "/status?idle_within=5", "", 200, "idle within 5s", `"webhooks_refused":{}`},
		{"no call", "GET", "/nothing", "", 404, "", `no such call`},
		{"wrong method is no call", "DELETE", "/mappings/invoices", "", 404, "", `no such call`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, false)
			status, answer := s.ask(t, c.method, c.path, c.body)
			raw, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			if status != c.status || !strings.Contains(string(raw), c.answer) {
				t.Errorf("answered %d %s\nwant %d with %s", status, raw, c.status, c.answer)
			}
			if c.asked != "" && s.lastAsked() != c.asked {
				t.Errorf("the engine was asked %q, want last %q", s.asked, c.asked)
			}
			if status >= 400 && slices.ContainsFunc(s.asked, func(a string) bool { return strings.HasPrefix(a, "run") || strings.Contains(a, " to ") }) {
				t.Errorf("refused, and still done: %q", s.asked)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	s := newStation(t, false)
	_, run := s.ask(t, "GET", "/runs/r1", "")
	// 50 of 200 in ten seconds: five a second, thirty seconds for the other 150.
	if rate := run["rate"].(float64); rate < 4.5 || rate > 5.1 {
		t.Errorf("rate %v, want about 5", rate)
	}
	if left := run["seconds_left"].(float64); left < 29 || left > 33 {
		t.Errorf("seconds_left %v, want about 30", left)
	}
}

func TestRowsArePages(t *testing.T) {
	s := newStation(t, false)
	var ids []string
	from := "0"
	for range 10 {
		_, page := s.ask(t, "GET", "/plans/p1/rows?limit=2&from="+from, "")
		for _, row := range page["rows"].([]any) {
			ids = append(ids, row.(map[string]any)["ref"].(string))
		}
		next, ok := page["next"].(float64)
		if !ok {
			break
		}
		from = jsonText(next)
	}
	want := []string{"hubspot:deals/0", "hubspot:deals/1", "hubspot:deals/2", "hubspot:deals/3", "hubspot:deals/4"}
	if !slices.Equal(ids, want) {
		t.Errorf("rows %v, want %v", ids, want)
	}
}

func jsonText(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// TestProblemsAreListed: each complaint of a document with its line, and nothing stored.
func TestProblemsAreListed(t *testing.T) {
	s := newStation(t, false)
	s.problem = mapping.Problems{{Mapping: "invoices", Line: 12, Field: "fields[3].b", Message: `there is no field "customerID"`, Fix: "did you mean customerId?"}, {Line: 14, Message: "another"}}
	status, answer := s.ask(t, "POST", "/mappings", "mapping: invoices\n")
	want := `[{"field":"fields[3].b","fix":"did you mean customerId?","line":12,"mapping":"invoices","message":"there is no field \"customerID\""},{"line":14,"message":"another"}]`
	if got := jsonText(answer["problems"]); status != 422 || got != want {
		t.Errorf("%d %s\nwant 422 %s", status, got, want)
	}
}

// TestAnotherIntegrationRuns: going live is refused with the command that states that it is off, which then works.
func TestAnotherIntegrationRuns(t *testing.T) {
	s := newStation(t, false)
	s.problem = &engine.RefusedError{Why: "its own integration still runs", Fix: "switch it off, then say so: crosswalk live invoices --native-off"}
	status, answer := s.ask(t, "POST", "/mappings/invoices/live", "")
	if status != 409 || answer["command"] != "crosswalk live invoices --native-off" {
		t.Errorf("%d %v", status, answer)
	}
	if slices.ContainsFunc(s.asked, func(a string) bool { return strings.Contains(a, "to live") }) {
		t.Errorf("went live all the same: %q", s.asked)
	}
	if status, _ := s.ask(t, "POST", "/mappings/invoices/live", `{"native_off":true}`); status != 200 {
		t.Errorf("stated to be off, and answered %d", status)
	}
}

// TestGatesAreListed: what is missing before a version goes live, each with its command; the first is the one to paste.
func TestGatesAreListed(t *testing.T) {
	s := newStation(t, false)
	s.problem = &engine.GatesError{Mapping: "invoices", Version: 2, Missing: []engine.Gate{
		{Name: "pilot", State: "no record of a pilot of it ended well", Command: "crosswalk pilot invoices REF"},
		{Name: "approval", State: "nobody approved it", Command: "crosswalk approve invoices --version 2"}}}
	status, answer := s.ask(t, "POST", "/mappings/invoices/live", "")
	want := `[{"field":"pilot","fix":"crosswalk pilot invoices REF","mapping":"invoices","message":"no record of a pilot of it ended well"},` +
		`{"field":"approval","fix":"crosswalk approve invoices --version 2","mapping":"invoices","message":"nobody approved it"}]`
	if got := jsonText(answer["problems"]); status != 409 || got != want || answer["command"] != "crosswalk pilot invoices REF" {
		t.Errorf("%d %s %v\nwant 409 %s", status, got, answer["command"], want)
	}
}

// TestChangedMeanwhile: what is about an older version is refused with both numbers, whoever finds it out.
func TestChangedMeanwhile(t *testing.T) {
	s := newStation(t, false)
	s.problem = &engine.ChangedError{Mapping: "invoices", Asked: 2, Newest: 3}
	status, answer := s.ask(t, "POST", "/mappings/invoices/approve", `{"version":2}`)
	if detail, _ := answer["detail"].(string); status != 412 || !strings.Contains(detail, "version 2") || !strings.Contains(detail, "version 3") {
		t.Errorf("%d %v", status, answer)
	}
	s.problem = nil
	s.ask(t, "POST", "/mappings", "mapping: invoices\n", func(r *http.Request) { r.Header.Set("If-Match", `"2"`) })
	if s.lastAsked() != "apply 1 over version 2 by editor" {
		t.Errorf("asked %q", s.asked)
	}
}

func TestTooLarge(t *testing.T) {
	s := newStation(t, false)
	status, _ := s.ask(t, "POST", "/mappings", strings.Repeat("x", 1<<20+1))
	if status != http.StatusRequestEntityTooLarge || len(s.asked) > 0 {
		t.Errorf("answered %d, asked %q", status, s.asked)
	}
}
