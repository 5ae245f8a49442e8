package web

import (
	"net/http"
	"time"

	"crosswalk/internal/engine"
)

// previewBody names a mapping, and the records to look at when it is not all of them; or several mappings, as one plan.
type previewBody struct {
	Mapping  string   `json:"mapping"`
	Refs     []string `json:"refs"`
	Mappings []string `json:"mappings" doc:"a whole set as one plan, in the order of its references"`
	All      bool     `json:"all" doc:"the set of all mappings that make no documents"`
}

func (a *api) preview(r *http.Request) (any, error) {
	var body previewBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.All || len(body.Mappings) > 0 {
		if body.Mapping != "" || len(body.Refs) > 0 || body.All && len(body.Mappings) > 0 {
			return nil, badRequest("mappings", "a set is previewed whole", "name its mappings, or say all, and nothing else")
		}
		return a.started(a.Engine.PreviewSet(r.Context(), body.Mappings, actorOf(r.Context())))
	}
	if body.Mapping == "" {
		return nil, badRequest("mapping", "a preview is of one mapping, or of a set", "name it; crosswalk status lists them")
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
