package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

var customer = record.Ref{Connection: "light", Object: "customers", ID: "c1"}

// taken is a record that the fake refuses to link or unlink.
const taken = "7"

func (f *fake) pairs(what, status string, pairs []engine.Pair) []engine.PairResult {
	out := make([]engine.PairResult, len(pairs))
	for n, p := range pairs {
		out[n] = engine.PairResult{A: p.A, B: p.B, Mapping: "invoices", Status: status}
		if p.A.ID == taken {
			out[n] = engine.PairResult{A: p.A, B: p.B, Status: engine.PairRefused, Why: "it is linked to light:customers/c9", Fix: "take that link away first: crosswalk unlink " + p.A.String()}
		}
	}
	f.note("%s %v", what, pairs)
	return out
}

func (f *fake) LinkAll(_ context.Context, pairs []engine.Pair, actor, reason string, dry bool) ([]engine.PairResult, error) {
	status := engine.PairLinked
	if dry {
		status = engine.PairWouldLink
	}
	return f.pairs(fmt.Sprintf("link by %s for %q dry %v", actor, reason, dry), status, pairs), nil
}

func (f *fake) UnlinkAll(_ context.Context, pairs []engine.Pair, actor, reason string, rematch, dry bool) ([]engine.PairResult, error) {
	return f.pairs(fmt.Sprintf("unlink by %s for %q rematch %v dry %v", actor, reason, rematch, dry), engine.PairUnlinked, pairs), nil
}

func (f *fake) Ignore(_ context.Context, ref record.Ref, mapping, actor, reason string) ([]engine.PairResult, error) {
	return f.pairs(fmt.Sprintf("ignore %s by %s for %q", mapping, actor, reason), engine.PairIgnored, []engine.Pair{{A: ref}}), nil
}

func (f *fake) Unignore(_ context.Context, ref record.Ref, mapping, actor, reason string) ([]engine.PairResult, error) {
	return f.pairs(fmt.Sprintf("unignore %s by %s for %q", mapping, actor, reason), engine.PairRestored, []engine.Pair{{A: ref}}), nil
}

func (f *fake) Links(_ context.Context, q engine.LinkQuery) (engine.LinkPage, error) {
	f.note("links %+v", q)
	return engine.LinkPage{Next: "03~document~x", Links: []link.Link{{A: deal, B: customer, State: link.Linked, Mapping: "invoices",
		Hand: &link.Hand{Did: link.HandLinked, Actor: "editor", At: time.Unix(0, 0), Why: "asked finance"}, Ignored: &link.Ignored{Actor: "finance", At: time.Unix(0, 0)}}}}, nil
}

func (f *fake) Record(_ context.Context, ref record.Ref) ([]engine.View, error) {
	if ref != deal {
		return nil, nil
	}
	return []engine.View{{Explanation: engine.Explanation{Ref: deal, Link: link.Link{A: deal, State: link.Linked, B: customer}},
		A: &engine.Sight{Ref: deal, State: record.Found, Record: &record.Record{Ref: deal, Fields: map[string]record.Value{"dealname": record.Of("=HYPERLINK()")}, Children: []record.Record{{Fields: map[string]record.Value{"quantity": record.Of("2")}}}}},
		B: &engine.Sight{Ref: customer, State: record.Gone, Note: "404"}}}, nil
}

func (f *fake) Reviews(_ context.Context, mapping, category string, from, most int) ([]engine.Review, int, error) {
	f.note("reviews %s %s %d %d", mapping, category, from, most)
	return []engine.Review{{Category: plan.NameHit, Mapping: "companies", Ref: deal, Text: "matches by name alone", Shows: map[string]record.Value{"name": record.Of("Nordlys")},
		Candidates: []engine.Candidate{{Ref: customer, State: record.Found, LinkedTo: deal, Shows: map[string]record.Value{"name": record.Of("NORDLYS")}}}}}, 3, nil
}

// TestLinkCalls asks each call once and looks at what the engine was asked and what came back.
func TestLinkCalls(t *testing.T) {
	const d, c = "hubspot:deals/9876543210", "light:customers/c1"
	long := "hubspot:deals/" + strings.Repeat("x", 600)
	for _, x := range []struct {
		name, method, path, body string
		status                   int
		asked                    string
		answer                   string
	}{
		{"link", "POST", "/links", `{"pairs":[{"a":"` + d + `","b":"` + c + `"}],"reason":"asked"}`, 200, `link by editor for "asked" dry false [{` + d + ` ` + c + `  false}]`, `"status":"linked"`},
		{"archived is meant", "POST", "/links", `{"pairs":[{"a":"` + d + `","b":"` + c + `","mapping":"m","archived":true}]}`, 200, `link by editor for "" dry false [{` + d + ` ` + c + ` m true}]`, ``},
		{"dry", "POST", "/links", `{"pairs":[{"a":"` + d + `","b":"` + c + `"}],"dry_run":true}`, 200, "", `"status":"would_link"`},
		{"refused alone", "POST", "/links", `{"pairs":[{"a":"hubspot:deals/7","b":"` + c + `"}]}`, 409, "", `"command":"crosswalk unlink hubspot:deals/7"`},
		{"refused alone, dry", "POST", "/links", `{"pairs":[{"a":"hubspot:deals/7","b":"` + c + `"}],"dry_run":true}`, 200, "", `"refused":1`},
		{"refused among others", "POST", "/links", `{"pairs":[{"a":"hubspot:deals/7","b":"` + c + `"},{"a":"` + d + `","b":"` + c + `"}]}`, 200, "", `"refused":1,"rows":[{"a":"hubspot:deals/7","b":"light:customers/c1","fix":"take that link away first: crosswalk unlink hubspot:deals/7","row":1,"status":"refused"`},
		{"unreadable among others", "POST", "/links", `{"pairs":[{"a":"=cmd()","b":"` + c + `"},{"a":"` + d + `","b":"` + c + `"}]}`, 200, `link by editor for "" dry false [{` + d + ` ` + c + `  false}]`, `"row":1,"status":"refused","why":"a: this is no address of a record"`},
		{"unreadable alone", "POST", "/links", `{"pairs":[{"a":"` + d + `","b":"nothing"}]}`, 400, "", `"field":"pairs[0].b"`},
		{"too long", "POST", "/links", `{"pairs":[{"a":"` + long + `","b":"` + c + `"},{"a":"` + d + `","b":"` + c + `"}]}`, 200, "", `xxx..."`},
		{"one side", "POST", "/links", `{"pairs":[{"a":"` + d + `"}]}`, 400, "", `"field":"pairs[0].b"`},
		{"nothing", "POST", "/links", `{}`, 400, "", `"field":"pairs"`},
		{"too many", "POST", "/links", `{"pairs":[` + strings.TrimSuffix(strings.Repeat(`{"a":"`+d+`","b":"`+c+`"},`, 101), ",") + `]}`, 400, "", `at most 100`},
		{"unlink one side", "POST", "/links/unlink", `{"pairs":[{"a":"` + d + `"}],"rematch":true,"reason":"wrong"}`, 200, `unlink by editor for "wrong" rematch true dry false [{` + d + `   false}]`, `"status":"unlinked"`},
		{"unlink refused", "POST", "/links/unlink", `{"pairs":[{"a":"hubspot:deals/7"}]}`, 409, "", `linked to`},
		{"ignore", "POST", "/ignore", `{"ref":"` + d + `","reason":"billed elsewhere"}`, 200, `ignore  by editor for "billed elsewhere" [{` + d + `   false}]`, `"status":"ignored"`},
		{"ignore nothing", "POST", "/ignore", `{}`, 400, "", `"field":"ref"`},
		{"unignore", "POST", "/unignore", `{"ref":"` + d + `","mapping":"invoices"}`, 200, `unignore invoices by editor for "" [{` + d + `   false}]`, `"status":"restored"`},
		{"links", "GET", "/links?mapping=invoices&state=ignored&limit=7&after=x", "", 200, `links {Mapping:invoices State:ignored After:x Limit:7}`, `"by_hand":{"actor":"editor","at":`},
		{"links of no state", "GET", "/links?state=dreaming", "", 400, "", `"field":"state"`},
		{"links, too many", "GET", "/links?limit=501", "", 400, "", `0 to 500`},
		{"record", "GET", "/records?ref=" + d, "", 200, "", `"lines":[{"quantity":"2"}]`},
		{"record of nobody", "GET", "/records?ref=hubspot:dreams/1", "", 404, "", `no mapping joins records of this kind`},
		{"reviews", "GET", "/reviews?category=name_hit&from=1&limit=1", "", 200, "reviews  name_hit 1 1", `"command":"crosswalk link ` + d + ` ` + c + `"`},
		{"reviews go on", "GET", "/reviews", "", 200, "reviews   0 100", `"next":1`},
		{"reviews of no category", "GET", "/reviews?category=none", "", 400, "", `"field":"category"`},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newStation(t, false)
			status, answer := s.ask(t, x.method, x.path, x.body)
			raw, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			if status != x.status || !strings.Contains(string(raw), x.answer) {
				t.Errorf("answered %d %s\nwant %d with %s", status, raw, x.status, x.answer)
			}
			if x.asked != "" && s.lastAsked() != x.asked {
				t.Errorf("the engine was asked %q, want last %q", s.asked, x.asked)
			}
		})
	}
}
