package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
)

// Happening is one thing that befell a mapping: a text applied, a decision of a person, a plan approved, a run.
type Happening struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"` // applied, draft, pilot, live, paused, submit, approve, accept, run_plan, run ...
	Version int       `json:"version,omitempty"`
	Actor   string    `json:"actor,omitempty"`
	Note    string    `json:"note,omitempty"` // the person's own words
	Text    string    `json:"text,omitempty"` // what more there is to say
	Plan    string    `json:"plan,omitempty"`
	Run     string    `json:"run,omitempty"`
	Single  bool      `json:"single,omitempty"` // approved under approval: single
}

// History is everything that happened to a mapping, newest first. Versions, decisions and approvals are there for ever, runs
// as long as runs are kept.
func (e *Engine) History(ctx context.Context, name string) ([]Happening, error) {
	head, err := getItem[Head](ctx, e.Table, mappingHeadKey(name))
	if err != nil {
		return nil, err
	}
	if head.Rev == 0 {
		return nil, &NotFoundError{"mapping", name}
	}
	versions, err := e.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []Happening
	for _, v := range versions {
		out = append(out, Happening{At: v.At, What: "applied", Version: v.Version, Actor: v.Actor})
	}
	decisions, err := e.Decisions(ctx, name)
	if err != nil {
		return nil, err
	}
	approved := map[string]bool{}
	for _, d := range decisions {
		out = append(out, happeningOf(d))
		approved[d.Plan] = approved[d.Plan] || d.Kind == DecidedApprove
	}
	err = list(ctx, e.Table, planKey("").PK, "", func(_ table.Key, p SavedPlan) bool {
		if p.Mapping == name && p.Approver != "" && !approved[p.ID] {
			out = append(out, Happening{At: p.Approved, What: DecidedApprove, Actor: p.Approver, Plan: p.ID, Single: p.Single, Text: fmt.Sprintf("%d rows, digest %s", p.Rows, p.Digest)})
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	runs, err := e.Runs(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if r.Mapping == name {
			out = append(out, happeningOfRun(r))
		}
	}
	slices.SortStableFunc(out, func(a, b Happening) int { return a.At.Compare(b.At) })
	slices.Reverse(out)
	return out, nil
}

func happeningOf(d Decision) Happening {
	h := Happening{At: d.At, What: d.Kind, Version: d.Version, Actor: d.Actor, Note: d.Note, Plan: d.Plan, Run: d.Run, Single: d.Single}
	switch d.Kind {
	case DecidedStatus:
		h.What = string(d.Status)
	case DecidedAccept:
		h.Text = fmt.Sprintf("round %d: %s says %s", d.Round, d.Tester, d.Result)
	case DecidedApprove:
		if d.Digest != "" {
			h.Text = "digest " + d.Digest
		}
	}
	return h
}

func happeningOfRun(r Run) Happening {
	h := Happening{At: r.At, What: "run", Actor: r.Actor, Run: r.ID, Plan: r.Plan, Text: fmt.Sprintf("%s, %s, %d records", r.Kind, r.Status, r.Listed)}
	if r.Month != "" {
		h.Text = fmt.Sprintf("%s of %s, %s", r.Kind, r.Month, r.Status)
	}
	if r.Error != "" {
		h.Text += ": " + r.Error
	}
	return h
}
