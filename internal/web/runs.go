package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

func (a *api) runs(r *http.Request) (any, error) {
	all, err := a.Engine.Runs(r.Context())
	out := []Run{}
	for _, one := range all {
		out = append(out, runOf(one, time.Now()))
	}
	return map[string][]Run{"runs": out}, err
}

func (a *api) run(r *http.Request) (any, error) {
	got, err := a.Engine.GetRun(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, errors.Join(a.noSuchRun(r.Context(), r.PathValue("id")), err)
	}
	out := runOf(got, time.Now())
	if !out.Over() {
		out.CallsLeft = a.callsLeft()
	}
	return out, nil
}

// noSuchRun tells a mistyped id from a fault of the store.
func (a *api) noSuchRun(ctx context.Context, id string) error {
	all, err := a.Engine.Runs(ctx)
	if err != nil || slices.ContainsFunc(all, func(r engine.Run) bool { return r.ID == id }) {
		return err
	}
	return &engine.NotFoundError{What: "run", Name: id}
}

func (a *api) callsLeft() []Allowance {
	if a.Allowances == nil {
		return nil
	}
	return a.Allowances()
}

// startBody is a plan alone, or a mapping with what it shall look at.
type startBody struct {
	Mapping  string   `json:"mapping"`
	Refs     []string `json:"refs" doc:"nothing is everything that the mapping's source holds"`
	Plan     string   `json:"plan" doc:"an approved plan: exactly its rows"`
	Stop     string   `json:"stop_after" doc:"with the plan of a set: the run is held behind this mapping, once its records were counted"`
	GoOn     bool     `json:"go_on" doc:"with a plan: its run, which is held behind a mapping, goes on; with stop_after to a later one"`
	Changed  bool     `json:"changed" doc:"without refs: only what changed since the schedule last read it, in place of everything"`
	WonSince string   `json:"won_since" doc:"YYYY-MM-DD: deals won since then too, in place of the mapping's own start date"`
}

// start carries out a plan, or looks at named records, or at everything a mapping's source holds.
func (a *api) start(r *http.Request) (any, error) {
	var body startBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	records, err := refs(body.Refs)
	if err != nil {
		return nil, err
	}
	ctx, actor := r.Context(), actorOf(r.Context())
	switch {
	case body.Plan != "" && (body.Mapping != "" || len(records) > 0 || body.WonSince != "" || body.Changed):
		return nil, badRequest("plan", "a plan says itself which records it is about", "give only the plan")
	case body.Plan != "" && body.GoOn:
		return a.started(a.Engine.GoOnWithPlan(ctx, body.Plan, body.Stop, actor))
	case body.Plan != "":
		return a.started(a.Engine.RunPlanUntil(ctx, body.Plan, body.Stop, actor))
	case body.Stop != "" || body.GoOn:
		return nil, badRequest("plan", "only the run of a plan has phases", "name the plan, or leave stop_after and go_on out")
	case body.Mapping == "":
		return nil, badRequest("mapping", "a run is of one mapping or of one plan", "name one of them")
	}
	if body.WonSince != "" {
		if _, err := mapping.ParseDay(body.WonSince); err != nil {
			return nil, badRequest("won_since", "this is no day", "write YYYY-MM-DD")
		}
	}
	run := engine.Run{Kind: "full", Mapping: body.Mapping, Actor: actor, WonSince: body.WonSince}
	switch {
	case len(records) > 0 && body.Changed:
		return nil, badRequest("changed", "named records are looked at whether they changed or not", "give only one of refs and changed")
	case len(records) > 0:
		run.Kind = "named"
	case body.Changed:
		run.Kind = "changed"
	}
	return a.started(a.Engine.RunMapping(ctx, run, records))
}

func (a *api) started(run engine.Run, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return runOf(run, time.Now()), nil
}
