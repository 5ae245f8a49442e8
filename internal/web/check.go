package web

import (
	"net/http"
	"slices"
)

// Severities of a finding, as engine.Check says them.
const (
	Fine    = "ok"
	Warning = "warn"
	Stops   = "stop" // cannot go live like this
)

// check is the preflight report: it asks both systems, makes the marker fields that an API can make, and writes no record.
func (a *api) check(r *http.Request) (any, error) {
	findings, err := a.Engine.Check(r.Context(), true)
	if err != nil {
		return nil, err
	}
	out := Report{Findings: []Finding{}}
	for _, f := range findings {
		out.Findings = append(out.Findings, Finding{Finding: f.Finding, Where: f.Where, Records: f.Records, Owner: f.Owner, Fix: f.Fix, Severity: f.Severity})
	}
	out.Ready = !slices.ContainsFunc(out.Findings, func(f Finding) bool { return f.Severity == Stops })
	return out, nil
}
