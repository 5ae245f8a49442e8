package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

func (a *api) mappings(r *http.Request) (any, error) {
	heads, err := a.Engine.Heads(r.Context())
	out := []Mapping{}
	for _, h := range heads {
		out = append(out, mappingOf(h))
	}
	return map[string][]Mapping{"mappings": out}, err
}

func (a *api) mapping(r *http.Request) (any, error) {
	m, err := a.Engine.LatestMapping(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	out := mappingOf(m.Head)
	out.YAML = string(m.Source)
	return out, nil
}

func (a *api) versions(r *http.Request) (any, error) {
	versions, err := a.Engine.Versions(r.Context(), r.PathValue("name"))
	if err == nil && len(versions) == 0 {
		err = &engine.NotFoundError{What: "mapping", Name: r.PathValue("name")}
	}
	out := []Version{}
	for _, v := range versions {
		out = append(out, Version{v.Version, v.Actor, v.At, v.YAML})
	}
	return map[string][]Version{"versions": out}, err
}

// applyBody are the YAML texts of mappings.
type applyBody struct {
	Documents []string `json:"documents" needed:"yes"`
}

// version is one applied text; "latest" is the newest.
func (a *api) version(r *http.Request) (any, error) {
	name, text := r.PathValue("name"), r.PathValue("version")
	wanted, err := strconv.Atoi(text)
	if err != nil && text != "latest" {
		return nil, badRequest("version", "this is no number of a version", "write 1, 2, ... or latest")
	}
	versions, err := a.Engine.Versions(r.Context(), name)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, &engine.NotFoundError{What: "mapping", Name: name}
	}
	for n, v := range versions {
		if v.Version == wanted || text == "latest" && n == len(versions)-1 {
			return Version{v.Version, v.Actor, v.At, v.YAML}, nil
		}
	}
	p := problemOf(&engine.NotFoundError{What: "version", Name: text + " of " + name})
	p.Fix = fmt.Sprintf("%s has versions %d to %d", name, versions[0].Version, versions[len(versions)-1].Version)
	return nil, p
}

// apply stores documents as the next versions of their mappings: all or none. A YAML body is one document; several that
// name each other come as JSON, {"documents": ["...", "..."]}.
func (a *api) apply(r *http.Request) (any, error) {
	documents, err := documentsOf(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	before, err := a.Engine.Heads(ctx)
	if err != nil {
		return nil, err
	}
	applied, err := a.Engine.ApplyAll(ctx, documents, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	out := []Applied{}
	for _, one := range applied {
		same := slices.ContainsFunc(before, func(h engine.Head) bool { return h.Name == one.Head.Name && h.Latest == one.Head.Latest })
		next := Applied{Mapping: mappingOf(one.Head), Changed: !same, Resolved: []Resolution{}}
		for _, r := range one.Resolved {
			next.Resolved = append(next.Resolved, Resolution{r.Line, r.Field, r.Name, r.ID, r.Label})
		}
		out = append(out, next)
	}
	return map[string][]Applied{"applied": out}, nil
}

// maxDocuments bounds one apply; a deployment has a handful of mappings.
const maxDocuments = 50

func documentsOf(r *http.Request) ([][]byte, error) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		body, err := io.ReadAll(r.Body)
		if err == nil && len(bytes.TrimSpace(body)) == 0 {
			err = badRequest("body", "there is no document", "send the mapping's YAML as the body")
		}
		return [][]byte{body}, err
	}
	var body applyBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if len(body.Documents) == 0 || len(body.Documents) > maxDocuments {
		return nil, badRequest("documents", "there are no documents, or too many", "send 1 to 50")
	}
	var out [][]byte
	for _, d := range body.Documents {
		out = append(out, []byte(d))
	}
	return out, nil
}

// head gives a mapping's head, the zero one when there is none.
func (a *api) head(ctx context.Context, name string) (engine.Head, error) {
	heads, err := a.Engine.Heads(ctx)
	if n := slices.IndexFunc(heads, func(h engine.Head) bool { return h.Name == name }); n >= 0 {
		return heads[n], err
	}
	return engine.Head{}, err
}

// pilotBody names the records of a trial.
type pilotBody struct {
	Refs   []string `json:"refs" needed:"yes"`
	Reason string   `json:"reason" doc:"kept with the decision"`
}

func (a *api) pilot(r *http.Request) (any, error) {
	var body pilotBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	records, err := refs(body.Refs)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, badRequest("refs", "a pilot names its records", "write the records to try it with: hubspot:deals/ID")
	}
	name, ctx := r.PathValue("name"), r.Context()
	head, err := a.Engine.SetStatus(ctx, name, mapping.Pilot, records, actorOf(ctx), body.Reason)
	if err != nil {
		return nil, err
	}
	run, err := a.Engine.RunMapping(ctx, engine.Run{Kind: "named", Mapping: name, Pilot: true, Actor: actorOf(ctx)}, records)
	if err != nil {
		return nil, err
	}
	started := runOf(run, time.Now())
	out, err := a.moved(ctx, head)
	out.Run = &started
	return out, err
}

// liveBody may state that the target's own CRM integration is switched off.
type liveBody struct {
	NativeOff bool   `json:"native_off" doc:"states that the target's own CRM integration is switched off"`
	Reason    string `json:"reason" doc:"kept with the decision"`
}

// live takes the newest version into use. An operator may state that the target's own CRM integration is off; who stated
// it is kept with the decision.
func (a *api) live(r *http.Request) (any, error) {
	var body liveBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	name, ctx, note := r.PathValue("name"), r.Context(), body.Reason
	if body.NativeOff {
		note = strings.TrimSpace("states that the system's own CRM integration is off. " + note)
	}
	if err := a.Engine.MayGoLive(ctx, name, body.NativeOff); err != nil {
		return nil, err
	}
	head, err := a.Engine.SetStatus(ctx, name, mapping.Live, nil, actorOf(ctx), note)
	if err != nil {
		return nil, err
	}
	return a.moved(ctx, head)
}

// reasonBody says why, for whoever asks later.
type reasonBody struct {
	Reason string `json:"reason" doc:"kept with the decision"`
}

func (a *api) pause(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	head, err := a.Engine.SetStatus(r.Context(), r.PathValue("name"), mapping.Paused, nil, actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	return a.moved(r.Context(), head)
}

// resume goes on with the version that ran; a newer one is taken into use by live, never in passing.
func (a *api) resume(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	name, ctx := r.PathValue("name"), r.Context()
	head, err := a.head(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case head.Name == "":
		return nil, &engine.NotFoundError{What: "mapping", Name: name}
	case head.Status == mapping.Draft || head.Status == mapping.Pilot:
		return nil, &engine.RefusedError{Why: fmt.Sprintf("%s is %s and was never paused", name, head.Status), Fix: "crosswalk live " + name}
	case head.Status == mapping.Live && head.Latest != head.Running:
		return nil, &engine.RefusedError{Why: fmt.Sprintf("%s runs version %d, and version %d was applied since", name, head.Running, head.Latest),
			Fix: "to take the new version into use: crosswalk live " + name}
	}
	after, err := a.Engine.SetStatus(ctx, name, mapping.Live, nil, actorOf(ctx), body.Reason)
	if err != nil {
		return nil, err
	}
	out, err := a.moved(ctx, after)
	out.Paused = moment(head.Since)
	return out, err
}

// moved adds to a head how much waits.
func (a *api) moved(ctx context.Context, head engine.Head) (Moved, error) {
	s, err := a.Engine.Status(ctx)
	out := Moved{Mapping: mappingOf(head), Waiting: s.Parked}
	for _, counts := range s.Lanes {
		out.Waiting += counts.Waiting
	}
	return out, err
}
