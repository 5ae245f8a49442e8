package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

func (f *fake) Budget(context.Context, string) (engine.BudgetSetting, error) {
	return engine.BudgetSetting{Percent: 60, Actor: "admin", At: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}, nil
}

func (f *fake) SetBudget(_ context.Context, connection string, s engine.BudgetSetting) (engine.BudgetSetting, error) {
	f.note("budget of %s: %d a day, %d%% by %s (%s)", connection, s.PerDay, s.Percent, s.Actor, s.Note)
	return s, f.problem
}

func (f *fake) Waiting(_ context.Context, ref record.Ref) ([]engine.Waiting, error) {
	if ref.ID != "77" && ref != deal {
		return nil, nil
	}
	return []engine.Waiting{{Mapping: "invoices", Until: time.Date(2026, 9, 2, 7, 0, 0, 0, time.UTC), For: "time", Reason: "light list: out_of_quota"}}, nil
}

func budgets(context.Context) ([]web.ConnectionBudget, error) {
	left, word, at := 0, 249_000, time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	return []web.ConnectionBudget{
		{Connection: "hubspot", Limited: true, Buckets: []web.BudgetBucket{{Bucket: "hubspot/calls", Limit: 250_000, Share: "60%", PerDay: 150_000, Used: 150_000, Word: &word, WordAt: &at, Left: &left, Day: "Europe/Berlin", Out: true, Resumes: &at}}},
		{Connection: "light"},
	}, nil
}

func TestBudget(t *testing.T) {
	s := newStation(t, false)
	s.handler = web.Operator(web.Deps{Engine: s.fake, Connections: map[string]connector.Connector{"hubspot": account{}}, Roles: map[string]string{"crm": "hubspot"},
		Identity: web.TokenFile{Path: s.tokens}, NewID: func() string { return "id-1" }, Budgets: budgets})
	status, answer := s.ask(t, "GET", "/budget", "")
	if status != 200 {
		t.Fatal(status, answer)
	}
	list := answer["budgets"].([]any)
	first, second := list[0].(map[string]any), list[1].(map[string]any)
	if first["percent"] != 60.0 || first["set_by"] != "admin" || first["buckets"].([]any)[0].(map[string]any)["word"] != 249_000.0 || second["limited"] != false {
		t.Errorf("%v", answer)
	}
	for _, c := range []struct {
		path, body string
		status     int
		says       string // asked of the engine, or told the caller
	}{
		{"/budget/hubspot", `{"percent":90,"note":"month end"}`, 200, "budget of hubspot: 0 a day, 90% by editor (month end)"},
		{"/budget/crm", `{"per_day":250000}`, 200, "budget of hubspot: 250000 a day, 0% by editor ()"},
		{"/budget/hubspot", `{"per_day":250001}`, 400, "more than the vendor allows"},
		{"/budget/hubspot", `{"per_day":5,"percent":5}`, 400, "--per-day"},
		{"/budget/hubspot", `{}`, 400, "--per-day"},
		{"/budget/hubspot", `{"per_day":-1}`, 400, "--per-day"},
		{"/budget/hubspot", `{"percent":101}`, 400, "1 to 100"},
		{"/budget/hubspot", `{"share":5}`, 400, "share"},
		{"/budget/nothing", `{"percent":5}`, 404, "nothing"},
	} {
		status, answer := s.ask(t, "POST", c.path, c.body)
		text := s.lastAsked()
		if c.status != 200 {
			text = ""
			for _, part := range answer {
				if word, ok := part.(string); ok {
					text += word + " "
				}
			}
		}
		if status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s %s: %d %q, want %d %q", c.path, c.body, status, text, c.status, c.says)
		}
	}
}

// A record that nothing is known of but that it waits is told of, not denied.
func TestWhyTellsWhatWaits(t *testing.T) {
	s := newStation(t, false)
	for _, ref := range []string{deal.String(), "hubspot:deals/77"} {
		status, answer := s.ask(t, "GET", "/why?ref="+ref, "")
		if status != 200 {
			t.Fatal(status, answer)
		}
		waits := answer["why"].([]any)[0].(map[string]any)["waits"].([]any)[0].(map[string]any)
		if waits["until"] != "2026-09-02T07:00:00Z" || waits["reason"] != "light list: out_of_quota" {
			t.Errorf("%v", waits)
		}
	}
}
