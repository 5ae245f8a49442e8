package web

import (
	"net/http"
	"time"

	"crosswalk/internal/engine"
)

// previewBody names a mapping, and the records to look at when it is not all of them.
type previewBody struct {
	Mapping string   `json:"mapping" needed:"yes"`
	Refs    []string `json:"refs"`
}

func (a *api) preview(r *http.Request) (any, error) {
	var body previewBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.Mapping == "" {
		return nil, badRequest("mapping", "a preview is of one mapping", "name it; crosswalk status lists them")
	}
	records, err := refs(body.Refs)
	if err != nil {
		return nil, err
	}
	run, err := a.Engine.RunMapping(r.Context(), engine.Run{Kind: "preview", Mapping: body.Mapping, Actor: actorOf(r.Context())}, records)
	if err != nil {
		return nil, err
	}
	return runOf(run, time.Now()), nil
}

func (a *api) plan(r *http.Request) (any, error) {
	p, err := a.Engine.Plan(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return planOf(p), nil
}

func (a *api) planRows(r *http.Request) (any, error) {
	from, limit, err := part(r, 100)
	if err != nil {
		return nil, err
	}
	if _, err := a.Engine.Plan(r.Context(), r.PathValue("id")); err != nil {
		return nil, err
	}
	rows, err := a.Engine.PlanRows(r.Context(), r.PathValue("id"), from, limit+1)
	if err != nil {
		return nil, err
	}
	out := Rows{Rows: []Row{}}
	if len(rows) > limit {
		rows, out.Next = rows[:limit], from+limit
	}
	for _, row := range rows {
		out.Rows = append(out.Rows, rowOf(row))
	}
	return out, nil
}

// approveBody may name the digest that was looked at: another one is refused.
type approveBody struct {
	Digest string `json:"digest"`
}

func (a *api) approve(r *http.Request) (any, error) {
	var body approveBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	p, err := a.Engine.Approve(r.Context(), r.PathValue("id"), body.Digest, actorOf(r.Context()))
	if err != nil {
		return nil, err
	}
	return planOf(p), nil
}
