package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

var monthDay = time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)

func (f *fake) StartReconcile(_ context.Context, mapping, month, actor string) (engine.Run, error) {
	f.note("reconcile %s %s by %s", mapping, month, actor)
	return engine.Run{ID: "q1", Kind: "reconcile", Mapping: mapping, Status: "listing", At: monthDay}, f.problem
}

func (f *fake) Reconciliation(_ context.Context, id string) (engine.Reconciliation, error) {
	if id != "q1" {
		return engine.Reconciliation{}, &engine.NotFoundError{What: "complete reconciliation", Name: id}
	}
	return engine.Reconciliation{ID: id, Mapping: "invoices", Month: "2026-11", At: monthDay, Rows: f.rows, New: 1, Reasons: map[string]int{plan.BeforeSince: 2, plan.NetDiffers: 1},
		Groups: []engine.ReconcileGroup{{Entity: "DE01", Currency: "EUR", Won: 3, Deals: "300", Documents: 1, DocumentsNet: "100", Difference: "200", Unbilled: 2, UnbilledNet: "200", DifferingNet: "0", StraysNet: "0"}}}, nil
}

func (f *fake) Reconciliations(ctx context.Context, mapping string) ([]engine.Reconciliation, error) {
	f.note("reconciliations of %q", mapping)
	one, err := f.Reconciliation(ctx, "q1")
	return []engine.Reconciliation{one}, err
}

func (f *fake) ReconcileRows(_ context.Context, _ string, from, most int) ([]engine.ReconcileRow, error) {
	var out []engine.ReconcileRow
	for n := from; n < f.rows && len(out) < most; n++ {
		out = append(out, engine.ReconcileRow{Ref: deal, Day: "2026-11-02", Currency: "EUR", Deal: "100", Outcome: engine.Unbilled, Reason: &link.Reason{Category: plan.NotBilledYet, Text: "not yet"}, First: monthDay})
	}
	return out, nil
}

func (f *fake) History(_ context.Context, name string) ([]engine.Happening, error) {
	if _, ok := f.head(name); !ok {
		return nil, &engine.NotFoundError{What: "mapping", Name: name}
	}
	return []engine.Happening{{At: monthDay, What: "live", Version: 2, Actor: "editor"}, {At: monthDay, What: "applied", Version: 2, Actor: "editor"}}, nil
}

func (f *fake) Audit(_ context.Context, q engine.AuditQuery) ([]engine.AuditLine, string, error) {
	f.note("audit from %s to %s of %s after %q, %d", q.From.Format(time.DateOnly), q.To.Format(time.DateOnly), q.Ref, q.After, q.Most)
	return []engine.AuditLine{{Entry: engine.Entry{At: monthDay, Ref: deal, Mapping: "invoices", Version: 2, Kind: plan.Create, Cause: "webhook", Actor: "editor", Run: "r1",
		Fields: []plan.FieldDecision{{Field: "description", From: []string{"dealname"}, Action: plan.WriteIt, Rule: "as it is", Old: record.Of("a"), New: record.Of("b")}}},
		Outcomes: []engine.EntryOutcome{{Ref: deal, Status: "done"}}}}, "next part", nil
}

func (f *fake) Usage(context.Context) ([]engine.CallUse, error) {
	return []engine.CallUse{{Connection: "light", Mapping: "invoices", Cause: "webhook", Calls: 12}}, nil
}

func (f *fake) PairDifferences(_ context.Context, id string, from, most int) ([]engine.PairDifference, int, error) {
	f.note("differences of %s from %d, %d", id, from, most)
	return []engine.PairDifference{{Ref: deal, Kind: engine.FieldDiffers, Field: "amount", There: "amount", Cause: plan.BlankKept, Text: "a blank clears nothing", First: monthDay}}, from + 2, f.problem
}

func (f *fake) FieldRules(_ context.Context, _ link.Link, field string) ([]engine.FieldRule, error) {
	if field != "dealname" {
		return nil, nil
	}
	return []engine.FieldRule{{Field: "description", From: []string{"dealname"}, Rule: "as it is"}}, nil
}

// TestMonthEndCalls: a month is started as a run; its sums and rows are read back in parts.
func TestMonthEndCalls(t *testing.T) {
	s := newStation(t, false)
	if code, answer := s.ask(t, "POST", "/reconciliations", `{"mapping":"invoices","month":"2026-11"}`); code != 202 || answer["id"] != "q1" || s.lastAsked() != "reconcile invoices 2026-11 by editor" {
		t.Errorf("%d %v, asked %s", code, answer, s.lastAsked())
	}
	for body, field := range map[string]string{`{"month":"2026-11"}`: "mapping", `{"mapping":"invoices","month":"2026-13"}`: "month"} {
		if code, answer := s.ask(t, "POST", "/reconciliations", body); code != 400 || answer["field"] != field || answer["fix"] == nil {
			t.Errorf("%s: %d %v", body, code, answer)
		}
	}
	if code, _ := s.ask(t, "POST", "/reconciliations", `{"mapping":"contacts"}`); code != 202 || s.lastAsked() != "reconcile contacts  by editor" {
		t.Errorf("%d, asked %s", code, s.lastAsked())
	}
	if code, answer := s.ask(t, "GET", "/reconciliations/q1/differences?from=7&limit=1", ""); code != 200 || answer["next"] != 9.0 || answer["differences"].([]any)[0].(map[string]any)["cause"] != plan.BlankKept || s.lastAsked() != "differences of q1 from 7, 1" {
		t.Errorf("%d %v, asked %s", code, answer, s.lastAsked())
	}
	if code, _ := s.ask(t, "GET", "/reconciliations/none/differences", ""); code != 404 {
		t.Errorf("%d", code)
	}
	if code, answer := s.ask(t, "GET", "/reconciliations/q1", ""); code != 200 || answer["look"] != 1.0 || answer["groups"].([]any)[0].(map[string]any)["difference"] != "200" {
		t.Errorf("%d %v", code, answer)
	}
	if code, _ := s.ask(t, "GET", "/reconciliations/none", ""); code != 404 {
		t.Errorf("%d", code)
	}
	if code, answer := s.ask(t, "GET", "/reconciliations/q1/rows?limit=2", ""); code != 200 || len(answer["rows"].([]any)) != 2 || answer["next"] != 2.0 {
		t.Errorf("%d %v", code, answer)
	}
	if code, answer := s.ask(t, "GET", "/reconciliations?mapping=invoices", ""); code != 200 || len(answer["reconciliations"].([]any)) != 1 || s.lastAsked() != `reconciliations of "invoices"` {
		t.Errorf("%d %v", code, answer)
	}
}

// TestReadbackCalls: history, audit and usage, with what they were asked for.
func TestReadbackCalls(t *testing.T) {
	s := newStation(t, false)
	if code, answer := s.ask(t, "GET", "/mappings/invoices/history?limit=1", ""); code != 200 || len(answer["history"].([]any)) != 1 || answer["next"] != 1.0 {
		t.Errorf("%d %v", code, answer)
	}
	if code, _ := s.ask(t, "GET", "/mappings/none/history", ""); code != 404 {
		t.Errorf("%d", code)
	}
	code, answer := s.ask(t, "GET", "/audit?from=2026-11-01&to=2026-12-01T00:00:00Z&ref="+deal.String()+"&after=x&limit=7", "")
	if want := `audit from 2026-11-01 to 2026-12-01 of ` + deal.String() + ` after "x", 7`; code != 200 || s.lastAsked() != want || answer["next"] != "next part" {
		t.Errorf("%d %v, asked %s", code, answer, s.lastAsked())
	}
	entry := answer["entries"].([]any)[0].(map[string]any)
	field := entry["fields"].([]any)[0].(map[string]any)
	if entry["actor"] != "editor" || entry["run"] != "r1" || field["rule"] != "as it is" || field["old"] != "a" || field["new"] != "b" {
		t.Errorf("%v", entry)
	}
	for _, bad := range []string{"from=yesterday", "to=1", "ref=7", "limit=501"} {
		if code, answer := s.ask(t, "GET", "/audit?"+bad, ""); code != 400 || answer["field"] != strings.Split(bad, "=")[0] {
			t.Errorf("%s: %d %v", bad, code, answer)
		}
	}
	if code, answer := s.ask(t, "GET", "/usage", ""); code != 200 || answer["usage"].([]any)[0].(map[string]any)["calls"] != 12.0 {
		t.Errorf("%d %v", code, answer)
	}
	if code, answer := s.ask(t, "GET", "/why?ref="+deal.String()+"&field=dealname", ""); code != 200 || answer["why"].([]any)[0].(map[string]any)["rules"] == nil {
		t.Errorf("%d %v", code, answer)
	}
}
