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
		out = append(out, Version{Version: v.Version, Actor: v.Actor, At: v.At, YAML: v.YAML})
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
			return Version{v.Version, v.Actor, v.At, v.YAML, rulesOf(v.YAML)}, nil
		}
	}
	p := problemOf(&engine.NotFoundError{What: "version", Name: text + " of " + name})
	p.Fix = fmt.Sprintf("%s has versions %d to %d", name, versions[0].Version, versions[len(versions)-1].Version)
	return nil, p
}

// rulesOf says of every field of a mapping's text who wins. A text that this program cannot read any more has no rules to show.
func rulesOf(text string) []Rule {
	m, err := mapping.Parse([]byte(text))
	if err != nil {
		return nil
	}
	var out []Rule
	for _, f := range slices.Concat(m.Fields, m.Homeward) {
		out = append(out, Rule{A: f.A, B: f.B, Wins: f.Rule(m), Made: f.Made()})
	}
	return out
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
	applied, err := a.Engine.ApplyOver(ctx, documents, versionMatched(r), actorOf(ctx))
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
