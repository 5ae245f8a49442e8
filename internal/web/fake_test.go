package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

var deal = record.Ref{Connection: "hubspot", Object: "deals", ID: "9876543210"}

// fake is an engine that remembers what it was asked and answers from a few fixed facts.
type fake struct {
	heads   []engine.Head
	problem error // what ApplyOver, GoLive, ApproveMapping or RunPlan answer
	asked   []string
	rows    int
	panics  bool
	onces   map[string]engine.Once
}

func (f *fake) Erase(_ context.Context, subject, actor, note string, dry bool) (engine.Erasure, error) {
	f.note("erase by %s (%s) %v", actor, note, dry)
	if !engine.IsAddress(subject) && !strings.Contains(subject, ":") {
		return engine.Erasure{}, &engine.RefusedError{Why: "this is neither an e-mail address nor the address of a record", Fix: "write name@host, or connection:object/id"}
	}
	return engine.Erasure{ID: "e1", Of: "an e-mail address", Entries: 3, Dry: dry, Gone: []record.Ref{{Connection: "hubspot", Object: "companies", ID: "7"}},
		Documents: []engine.KeptDocument{{Ref: deal, Document: record.Ref{Connection: "light", Object: "invoice-receivables", ID: "i1"}, Net: "10000", Currency: "EUR"}}}, nil
}

func (f *fake) note(format string, args ...any) {
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
}

func (f *fake) ApplyOver(_ context.Context, documents [][]byte, base int, actor string) ([]engine.Applied, error) {
	if f.note("apply %d by %s", len(documents), actor); base != 0 {
		f.note("apply %d over version %d by %s", len(documents), base, actor)
	}
	if f.problem != nil {
		return nil, f.problem
	}
	var out []engine.Applied
	for _, d := range documents {
		name, _, _ := strings.Cut(strings.TrimPrefix(string(d), "mapping: "), "\n")
		out = append(out, engine.Applied{Head: engine.Head{Name: name, Latest: 2, Status: mapping.Draft},
			Resolved: mapping.Resolved{{Line: 7, Field: "fields[1].static", Name: "DE01", ID: "entity-1", Label: "Sample GmbH"}}})
	}
	return out, nil
}

func (f *fake) Heads(context.Context) ([]engine.Head, error) {
	if f.panics {
		panic("seeded")
	}
	return f.heads, nil
}

func (f *fake) head(name string) (engine.Head, bool) {
	n := slices.IndexFunc(f.heads, func(h engine.Head) bool { return h.Name == name })
	if n < 0 {
		return engine.Head{}, false
	}
	return f.heads[n], true
}

func (f *fake) LatestMapping(_ context.Context, name string) (*engine.Active, error) {
	h, ok := f.head(name)
	if !ok {
		return nil, &engine.NotFoundError{What: "mapping", Name: name}
	}
	return &engine.Active{Mapping: &mapping.Mapping{Name: name, Source: []byte("mapping: " + name)}, Head: h}, nil
}

func (f *fake) Preflight(_ context.Context, ask engine.PreflightAsk) (engine.Preflight, error) {
	if f.note("check %v", ask.Make); ask.Mapping == "none" {
		return engine.Preflight{}, &engine.NotFoundError{What: "mapping", Name: ask.Mapping}
	}
	f.note("of %q, %d documents, sample %d", ask.Mapping, len(ask.Documents), ask.Sample)
	return engine.Preflight{Findings: []engine.Finding{{Severity: "ok", Where: "hubspot", Finding: "opens account 62515"}, {Severity: "stop", Where: "light", Finding: "no marker", Owner: "the administrator", Fix: "make it"}},
		Sides: []engine.Side{{Mapping: "contacts", Connection: "hubspot", Object: "contacts", Total: 20, Sampled: 10, Fields: []engine.Filled{{Field: "phone", Filled: 3, Percent: 30}},
			Duplicates: []engine.DuplicateRule{{Rule: "email", Groups: 1, Records: 2, Refs: []record.Ref{deal}}}}},
		Loads:   []engine.Load{{Mapping: "contacts", To: "salesforce", Object: "Contact", Source: 20, Creates: 20, MB: 1, Calls: 3, SetsOff: []string{"flows"}}},
		Missing: []engine.MissingField{{Connection: "hubspot", Object: "contacts", Name: "tier", Label: "Tier", Type: "enum", Options: []connector.Option{{Value: "gold", Label: "Gold"}}, Mapping: "contacts"}}}, nil
}

func (f *fake) Duplicates(_ context.Context, ask engine.DuplicateAsk) (engine.DuplicatePage, error) {
	if f.note("duplicates of %s side %q after %q", ask.Mapping, ask.Side, ask.After); ask.Mapping == "none" {
		return engine.DuplicatePage{}, &engine.NotFoundError{What: "mapping", Name: ask.Mapping}
	}
	return engine.DuplicatePage{Groups: []engine.DuplicateGroup{{Rule: "email", Refs: []record.Ref{deal, deal}}}, Read: 7, Next: "more"}, nil
}

func (f *fake) move(name string, to mapping.Status) (engine.Head, error) {
	h, ok := f.head(name)
	if !ok {
		return h, &engine.NotFoundError{What: "mapping", Name: name}
	}
	h.Status, h.Running = to, h.Latest
	return h, nil
}

func (f *fake) StartPilot(ctx context.Context, name string, version int, refs []record.Ref, actor, note string) (engine.Head, engine.Run, error) {
	f.note("%s to pilot %v, version %d, by %s: %s", name, refs, version, actor, note)
	h, err := f.move(name, mapping.Pilot)
	return h, engine.Run{ID: "r1", Kind: "named", Mapping: name, Pilot: true, Status: "working"}, err
}

func (f *fake) GoLive(_ context.Context, name string, version int, off bool, actor, note string) (engine.Head, error) {
	if f.problem != nil && !off {
		return engine.Head{}, f.problem
	}
	f.note("%s to live, version %d, by %s: %s", name, version, actor, note)
	return f.move(name, mapping.Live)
}

func (f *fake) StartUndo(_ context.Context, run string, archive bool, actor string) (engine.Run, error) {
	f.note("undo %s by %s, archive %v", run, actor, archive)
	if f.problem != nil {
		return engine.Run{}, f.problem
	}
	return engine.Run{ID: "u1", Kind: "undo_preview", Plan: "pu1", Undoes: run, Archives: archive, Status: "listing"}, nil
}

func (f *fake) SavePart(_ context.Context, name, after string) (engine.SavedPart, error) {
	f.note("save %s after %q", name, after)
	part := engine.SavedPart{Columns: []string{"a.name", "b.name"}, Count: 1, Next: "more", Pairs: []engine.SavedPair{{A: deal, B: deal, How: "linked", Values: []record.Value{record.Of("=A"), record.Empty()}}}}
	if after != "" {
		part.Next, part.Receipt, part.Pairs = "", "all of it", nil
	}
	return part, f.problem
}

func (f *fake) Saved(_ context.Context, name, receipt, file, actor, note string) (int, error) {
	f.note("saved %s: %s, %s, by %s: %s", name, receipt, file, actor, note)
	return 1, f.problem
}

func (f *fake) WaiveSave(_ context.Context, name, actor, note string) error {
	f.note("%s without a saved file, by %s: %s", name, actor, note)
	return nil
}

func (f *fake) Pause(_ context.Context, name, actor, note string) (engine.Head, error) {
	f.note("%s to paused by %s: %s", name, actor, note)
	return f.move(name, mapping.Paused)
}

func (f *fake) PauseAll(_ context.Context, actor, note string) ([]engine.Head, error) {
	f.note("all to paused by %s: %s", actor, note)
	return f.heads, nil
}

func (f *fake) Resume(_ context.Context, name, actor, note string) (engine.Resumed, error) {
	if f.problem != nil {
		return engine.Resumed{}, f.problem
	}
	f.note("%s goes on by %s: %s", name, actor, note)
	h, err := f.move(name, mapping.Live)
	return engine.Resumed{Head: h, Waiting: 12, Since: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}, err
}

func (f *fake) Gates(_ context.Context, name string) (engine.Standing, []engine.Gate, error) {
	h, ok := f.head(name)
	if !ok {
		return engine.Standing{}, nil, &engine.NotFoundError{What: "mapping", Name: name}
	}
	return engine.Standing{Mapping: name, Version: h.Latest, Approver: "finance", Single: true}, []engine.Gate{{Name: "preview", State: "no complete preview of it", Command: "crosswalk preview invoices --save"},
		{Name: "approval", Passed: true, State: "approved by finance (approval: single)"}}, nil
}

func (f *fake) Submit(_ context.Context, name string, version int, actor, note string) (engine.Standing, error) {
	f.note("submit %s version %d by %s: %s", name, version, actor, note)
	return engine.Standing{}, f.problem
}

func (f *fake) ApproveMapping(_ context.Context, name string, version int, actor, note string) (engine.Standing, error) {
	f.note("approve %s version %d by %s: %s", name, version, actor, note)
	return engine.Standing{}, f.problem
}

func (f *fake) SubmitPlan(_ context.Context, id, actor, note string) (engine.SavedPlan, error) {
	f.note("submit plan %s by %s: %s", id, actor, note)
	return engine.SavedPlan{ID: id, Digest: "d1"}, nil
}

func (f *fake) Sign(_ context.Context, s engine.SignOff, actor string) (engine.Standing, error) {
	f.note("%s version %d round %d: %s by %s, noted by %s", s.Mapping, s.Version, s.Round, s.Result, s.Tester, actor)
	return engine.Standing{}, f.problem
}

func (f *fake) News(context.Context) ([]engine.Topic, error) {
	return []engine.Topic{{Event: engine.EventHeld, Mapping: "invoices", Category: plan.NoCompany, Count: 2, Names: []string{deal.String()}, Command: "crosswalk errors no_company"}}, nil
}

func (f *fake) TellTest(context.Context) ([]engine.Message, error) {
	f.note("test message")
	return []engine.Message{{Audience: engine.Operations}, {Audience: engine.Business, Mapping: "invoices", To: []string{"finance@customer.example"}}}, nil
}

func (f *fake) Plan(_ context.Context, id string) (engine.SavedPlan, error) {
	if id != "p1" {
		return engine.SavedPlan{}, &engine.NotFoundError{What: "plan", Name: id}
	}
	return engine.SavedPlan{ID: "p1", Mapping: "invoices", Complete: true, Rows: f.rows, Digest: "d1"}, nil
}

func (f *fake) PlanRows(_ context.Context, _ string, from, most int) ([]engine.PlanRow, error) {
	var out []engine.PlanRow
	for n := from; n < f.rows && len(out) < most; n++ {
		out = append(out, engine.PlanRow{Ref: record.Ref{Connection: "hubspot", Object: "deals", ID: fmt.Sprint(n)}, Kind: plan.Create, Net: "4215", Money: "EUR",
			Fields: []plan.FieldDecision{{Field: "description", From: []string{"dealname"}, Action: plan.WriteIt, Rule: "as it is", New: record.Of("Sensors")}}})
	}
	return out, nil
}

func (f *fake) Approve(_ context.Context, id, digest, actor string) (engine.SavedPlan, error) {
	f.note("approve %s %q by %s", id, digest, actor)
	if digest == "other" {
		return engine.SavedPlan{}, &engine.RefusedError{Why: "the plan's digest is another one", Fix: "look at plan p1 again"}
	}
	return engine.SavedPlan{ID: id, Approver: actor, Digest: "d1"}, nil
}

func (f *fake) RunMapping(_ context.Context, r engine.Run, refs []record.Ref) (engine.Run, error) {
	f.note("run %s %s %v since %q pilot %v by %s", r.Kind, r.Mapping, refs, r.WonSince, r.Pilot, r.Actor)
	r.ID, r.Status, r.Expected = "r1", "listing", -1
	return r, nil
}

func (f *fake) PreviewSet(_ context.Context, names []string, actor string) (engine.Run, error) {
	return engine.Run{ID: "r", Kind: "preview", Set: names, Actor: actor}, f.problem
}

func (f *fake) GoOnWithPlan(ctx context.Context, id, phase, actor string) (engine.Run, error) {
	return f.RunPlanUntil(ctx, id, phase, actor)
}

func (f *fake) RunPlanUntil(_ context.Context, id, _, actor string) (engine.Run, error) {
	f.note("run plan %s by %s", id, actor)
	return engine.Run{ID: "r2", Kind: "plan", Plan: id}, f.problem
}

func (f *fake) GetRun(_ context.Context, id string) (engine.Run, error) {
	if id != "r1" {
		return engine.Run{}, fmt.Errorf("there is no run %s", id)
	}
	return engine.Run{ID: "r1", Kind: "full", Status: "working", At: time.Now().Add(-10 * time.Second), Done: 50, Listed: 200, Expected: 200}, nil
}

func (f *fake) Runs(context.Context) ([]engine.Run, error) { return []engine.Run{{ID: "r1"}}, nil }

func (f *fake) Errors(_ context.Context, category string) ([]engine.SyncError, error) {
	f.note("errors %q", category)
	return []engine.SyncError{
		{Category: plan.NoCompany, Mapping: "invoices", Ref: deal, Text: "no companies is associated"},
		{Category: plan.NoCompany, Mapping: "contracts", Ref: deal, Text: "no companies is associated"},
		{Category: plan.Brake, Mapping: "invoices", Text: "the brake stopped invoices"},
	}, nil
}

func (f *fake) Retry(_ context.Context, ref record.Ref, category, actor string) (int, error) {
	f.note("retry %s %q by %s", ref, category, actor)
	return 1, nil
}

func (f *fake) Why(_ context.Context, ref record.Ref) ([]engine.Explanation, error) {
	if ref != deal {
		return nil, nil
	}
	return []engine.Explanation{{Ref: deal, Link: link.Link{State: link.Linked, B: record.Ref{Connection: "light", Object: "invoice-receivables", ID: "i1"}, Net: "4215", Money: "EUR",
		Made: &link.Made{Mapping: "invoices", Version: 2, Approver: "finance", Run: "r1"}},
		Entries: []engine.Entry{{Kind: plan.Create, Mapping: "invoices", Version: 2, Cause: "webhook", Fields: []plan.FieldDecision{
			{Field: "description", From: []string{"dealname"}, Action: plan.WriteIt, Rule: "as it is", New: record.Of("Sensors")},
			{Field: "netTerms", Action: plan.WriteIt, Rule: "static value", New: record.Of("30")}}}}}}, nil
}

func (f *fake) Status(context.Context) (engine.Status, error) {
	return engine.Status{At: time.Now(), Parked: 3, Lanes: map[lane.Lane]lane.Counts{lane.Live: {Waiting: 4, InWork: 1}},
		Mappings: []engine.MappingStatus{{Head: engine.Head{Name: "invoices", Status: mapping.Live}, Linked: 7, Open: map[string]int{plan.NoCompany: 1}}}}, nil
}

func (f *fake) Idle(_ context.Context, within time.Duration) (bool, error) {
	f.note("idle within %s", within)
	return true, nil
}

func (f *fake) BeginOnce(_ context.Context, actor, key, digest string) (engine.Once, bool, error) {
	o, ok := f.onces[actor+" "+key]
	switch {
	case ok && o.Digest != digest:
		return o, false, &engine.RefusedError{Why: "this Idempotency-Key was used for another request", Fix: "take a new key"}
	case ok:
		return o, true, nil
	}
	return o, false, nil
}

func (f *fake) EndOnce(_ context.Context, actor, key string, once engine.Once) error {
	if f.onces == nil {
		f.onces = map[string]engine.Once{}
	}
	if once.Status == 0 {
		delete(f.onces, actor+" "+key)
	} else {
		f.onces[actor+" "+key] = once
	}
	return nil
}

func (f *fake) Versions(_ context.Context, name string) ([]engine.Version, error) {
	if _, ok := f.head(name); !ok {
		return nil, nil
	}
	return []engine.Version{{Name: name, Version: 1, YAML: "mapping: " + name, Actor: "editor"}}, nil
}

// account is a connector that only describes itself.
type account struct{ connector.Connector }

func (account) Objects() []string         { return []string{"deals"} }
func (account) URL(ref record.Ref) string { return "https://crm.example/" + ref.ID }
func (account) Describe(context.Context, string) (connector.Object, error) {
	return connector.Object{Name: "deals", Label: "Deals", Fields: []connector.Field{{Name: "amount", Label: "Amount", Type: "number"}}}, nil
}

func (account) Account(context.Context) (connector.Account, error) {
	return connector.Account{ID: "62515", Name: "Sample GmbH", Currency: "EUR", TimeZone: "Europe/Berlin"}, nil
}

// Changes gives seven records in pages of three, one of them twice; five have an amount. Nothing changed lately.
func (account) Changes(_ context.Context, r connector.FeedRequest) (connector.Page, error) {
	if !r.From.IsZero() {
		return connector.Page{Total: 0}, nil
	}
	ids := []string{"1", "2", "3", "3", "4", "5", "6", "7"}
	from := 0
	if len(r.Cursor) > 0 {
		if err := json.Unmarshal(r.Cursor, &from); err != nil {
			return connector.Page{}, err
		}
	}
	p := connector.Page{Total: len(ids) - from, More: from+3 < len(ids), Cursor: json.RawMessage(fmt.Sprint(from + 3))}
	for _, id := range ids[from:min(from+3, len(ids))] {
		fields := map[string]record.Value{"amount": record.Of("1")}
		if id > "5" {
			fields["amount"] = map[string]record.Value{"6": record.Empty(), "7": record.Of("")}[id]
		}
		p.Records = append(p.Records, record.Record{Ref: record.Ref{Connection: "hubspot", Object: "deals", ID: id}, Fields: fields})
	}
	return p, nil
}

const (
	editorToken  = "editor-token-0123456789"
	financeToken = "finance-token-0123456789"
)

// station is an operator API over the fake.
type station struct {
	*fake
	handler http.Handler
	tokens  string
	log     *bytes.Buffer
	refused *web.Refusals
}

func newStation(t *testing.T, remote bool) *station {
	t.Helper()
	s := &station{fake: &fake{rows: 5, heads: []engine.Head{{Name: "invoices", Latest: 2, Running: 1, Status: mapping.Draft}}},
		tokens: filepath.Join(t.TempDir(), "token"), log: &bytes.Buffer{}, refused: &web.Refusals{}}
	if err := (web.TokenFile{Path: s.tokens}).Ensure(web.Token{Name: "editor", Token: editorToken}, web.Token{Name: "finance", Token: financeToken}); err != nil {
		t.Fatal(err)
	}
	s.handler = web.Operator(web.Deps{Engine: s.fake, Connections: map[string]connector.Connector{"hubspot": account{}}, Roles: map[string]string{"crm": "hubspot"},
		Identity: web.TokenFile{Path: s.tokens}, Refused: s.refused, Approval: "two", Settings: web.Settings{Approval: "two", Connections: map[string]web.ConnectionSetting{"hubspot": {System: "hubspot"}}}, Remote: remote, NewID: func() string { return "id-1" },
		Log: slog.New(slog.NewTextHandler(s.log, nil))})
	return s
}

// ask sends a request as the editor, from this machine.
func (s *station) ask(t *testing.T, method, path, body string, change ...func(*http.Request)) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8710"+web.Prefix+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:40000"
	r.Header.Set("Authorization", "Bearer "+editorToken)
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	answer := map[string]any{}
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s %s: %d: the answer is no JSON object: %q", method, path, w.Code, raw)
	}
	fits(t, method, path, w.Code, raw)
	media := w.Header().Get("Content-Type")
	if want := map[bool]string{true: "application/json", false: "application/problem+json"}[w.Code < 400]; media != want {
		t.Errorf("%s %s: %d with %s, want %s", method, path, w.Code, media, want)
	}
	if w.Code >= 400 && (answer["type"] == "" || answer["title"] == "" || answer["status"] != float64(w.Code)) {
		t.Errorf("%s %s: the problem says %v", method, path, answer)
	}
	return w.Code, answer
}

func (s *station) lastAsked() string {
	if len(s.asked) == 0 {
		return ""
	}
	return s.asked[len(s.asked)-1]
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
