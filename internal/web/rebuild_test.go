package web_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

var restoredAt = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

func (f *fake) StartRebuild(_ context.Context, actor, note string) (engine.Rebuild, error) {
	if f.problem != nil {
		return engine.Rebuild{}, f.problem
	}
	f.note("rebuild by %s: %s", actor, note)
	return engine.Rebuild{Epoch: 2, Phase: engine.PhaseWait}, nil
}

func (f *fake) Rebuilding(context.Context) (engine.RebuildState, error) {
	s := engine.RebuildState{Epoch: 2, Restored: &engine.Restored{At: restoredAt, From: 1, Epoch: 2}}
	if len(f.asked) > 0 {
		s.Rebuild = &engine.Rebuild{Epoch: 2, Phase: engine.PhaseMarks, Read: 40, Marked: 12}
	}
	if f.rows > 0 {
		s.Restored, s.Rebuild = nil, &engine.Rebuild{Epoch: 2, Phase: engine.PhaseDone, Actor: "editor", Adopted: 2, Strays: 1, Ended: restoredAt, Stopped: []string{"invoices"}}
	}
	return s, nil
}

func (f *fake) RebuildRows(_ context.Context, epoch, from, most int) ([]engine.RebuildRow, int, error) {
	target := record.Ref{Connection: "light", Object: "invoice-receivables", ID: "i1"}
	all := []engine.RebuildRow{{What: engine.RowAdopted, Ref: deal, Target: target, Mapping: "invoices", Differs: true}, {What: engine.RowStray, Target: target}}
	return all[min(from, 2):min(from+most, 2)], 2, nil
}

func TestRebuild(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body string
		done                     bool
		status                   int
		asked, answer            string
	}{
		{"before it", "GET", "/rebuild", "", false, 200, "", `"from":1,`},
		{"before it nothing is written", "GET", "/rebuild", "", false, 200, "", `"state":"awaited"`},
		{"started", "POST", "/rebuild", `{"reason":"the disk died"}`, false, 202, "rebuild by editor: the disk died", `"phase":"marks","read":40`},
		{"a typing mistake", "POST", "/rebuild", `{"raeson":"x"}`, false, 400, "", `"field":"raeson"`},
		{"done", "GET", "/rebuild", "", true, 200, "", `"resume":["invoices"],"state":"done","strays":1`},
		{"its report", "GET", "/rebuild?limit=1", "", true, 200, "", `"next":1,`},
		{"a row", "GET", "/rebuild?limit=1", "", true, 200, "", `"rows":[{"differs":true,"mapping":"invoices","ref":"hubspot:deals/9876543210"`},
		{"the last row", "GET", "/rebuild?from=1&limit=5", "", true, 200, "", `"what":"stray"`},
		{"too many rows", "GET", "/rebuild?limit=501", "", true, 400, "", `"field":"limit"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, false)
			if c.done {
				s.rows = 1
			} else {
				s.rows = 0
			}
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
		})
	}
	s := newStation(t, false)
	s.problem = &engine.RefusedError{Why: "the table was not restored", Fix: "raise epoch"}
	if status, answer := s.ask(t, "POST", "/rebuild", "{}"); status != 409 {
		t.Errorf("%d %v", status, answer)
	}
}
