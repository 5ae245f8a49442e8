package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

func (a *api) status(r *http.Request) (any, error) {
	within, err := queryNumber(r, "idle_within", 60, 86400)
	if err != nil {
		return nil, err
	}
	if a.SaveUsage != nil { // who answered and who did not, up to now
		if err := a.SaveUsage(r.Context()); err != nil {
			return nil, err
		}
	}
	s, err := a.Engine.Status(r.Context())
	if err != nil {
		return nil, err
	}
	idle, err := a.Engine.Idle(r.Context(), time.Duration(within)*time.Second)
	if err != nil {
		return nil, err
	}
	out := Status{At: s.At, Approval: a.Approval, Connections: a.connections(), Mappings: []MappingStatus{}, Lanes: map[string]Lane{}, Parked: s.Parked, Idle: idle,
		Runs: []Run{}, Refused: a.Refused.Counts(), CallsLeft: a.callsLeft()}
	for _, m := range s.Mappings {
		out.Mappings = append(out.Mappings, MappingStatus{Mapping: mappingOf(m.Head), Linked: m.Linked, Open: there(m.Open), Brake: m.Brake})
	}
	for name, counts := range s.Lanes {
		out.Lanes[string(name)] = Lane{Waiting: counts.Waiting, InWork: counts.InWork}
	}
	for _, run := range s.Runs {
		out.Runs = append(out.Runs, runOf(run, s.At))
	}
	statusMore(&out, s)
	return out, nil
}

// why explains a record of either side, or one field of it.
func (a *api) why(r *http.Request) (any, error) {
	query := r.URL.Query()
	ref, err := refIn("ref", query.Get("ref"))
	if err != nil {
		return nil, err
	}
	field := query.Get("field")
	known, err := a.Engine.Why(r.Context(), ref)
	if err != nil {
		return nil, err
	}
	waits, err := a.waits(r.Context(), ref)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 && len(waits) > 0 {
		known = []engine.Explanation{{Ref: ref}}
	}
	if len(known) == 0 {
		p := problemOf(&engine.NotFoundError{What: "record", Name: ref.String()})
		p.Detail = "nothing is known of " + ref.String() + ": no mapping watches it, or no signal named it yet"
		p.Fix = "start a run that names it: crosswalk run MAPPING " + ref.String()
		return nil, p
	}
	out := []Why{}
	for _, x := range known {
		w := whyOf(x, field)
		if err := a.explainMore(r.Context(), &w, x, field); err != nil {
			return nil, err
		}
		if w.MadeBy != nil && w.MadeBy.Approver == "" {
			w.MadeBy.Approver = a.approver(r.Context(), w.MadeBy.Run)
		}
		w.Waits = waits
		out = append(out, w)
	}
	return map[string][]Why{"why": out}, nil
}

// approver is who approved the plan that a run carried out; "" for other runs, and for those that are no longer kept.
func (a *api) approver(ctx context.Context, run string) string {
	if run == "" {
		return ""
	}
	r, err := a.Engine.GetRun(ctx, run)
	if err != nil || r.Plan == "" {
		return ""
	}
	p, err := a.Engine.Plan(ctx, r.Plan)
	if err != nil {
		return ""
	}
	return p.Approver
}

func whyOf(x engine.Explanation, field string) Why {
	l := x.Link
	w := Why{Ref: x.Ref.String(), URL: x.URL, State: l.State, TargetURL: x.Target, Mapping: l.Mapping, Version: l.Version, Net: l.Net, Currency: l.Money,
		Stopped: x.Stopped, Decisions: []Decision{}}
	if !l.B.IsZero() {
		w.Target = l.B.String()
	}
	w.Category, w.Reason = reasonOf(l.Reason)
	if l.Made != nil {
		w.MadeBy = &Made{l.Made.Mapping, l.Made.Version, l.Made.Approver, l.Made.Single, l.Made.Run, l.Made.At}
	}
	for _, e := range x.Entries {
		d := Decision{At: e.At, Kind: e.Kind, Mapping: e.Mapping, Version: e.Version, Cause: e.Cause, Run: e.Run, Actor: e.Actor, Net: e.Net, Currency: e.Money,
			Fields: fieldsOf(e.Fields, field), Values: string(e.Values), Looks: looksOf(e.Looks)}
		d.Category, d.Reason = reasonOf(e.Reason)
		if field == "" {
			d.Lines = linesOf(e.Lines)
		} else if len(d.Fields) == 0 {
			continue
		}
		w.Decisions = append(w.Decisions, d)
	}
	for _, o := range x.Outcomes {
		out := Outcome{Status: o.Status, Note: o.Note}
		if !o.Target.IsZero() {
			out.Target = o.Target.String()
		}
		w.Outcomes = append(w.Outcomes, out)
	}
	return w
}

func looksOf(looks []engine.Look) []MatchLook {
	var out []MatchLook
	for _, l := range looks {
		out = append(out, MatchLook{l.Mapping, l.Rule, l.Hits, l.Of, l.Saw})
	}
	return out
}

func (a *api) presets(*http.Request) (any, error) {
	out := []Preset{}
	for _, p := range mapping.Presets() {
		out = append(out, Preset{Name: p.Name, Title: p.Title, Description: p.Description})
	}
	return map[string][]Preset{"presets": out}, nil
}

func (a *api) preset(r *http.Request) (any, error) {
	name := r.PathValue("name")
	for _, p := range mapping.Presets() {
		if p.Name == name || strings.HasSuffix(p.Name, "/"+name) {
			return Preset{Name: p.Name, Title: p.Title, Description: p.Description, YAML: string(p.YAML)}, nil
		}
	}
	return nil, &engine.NotFoundError{What: "preset", Name: name}
}
