package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
)

// A system that each customer installs is not the same everywhere: check asks what this one has, and says of what it lacks which mappings
// need it. And one with an integration of its own is asked whether that still works; where nobody can see it, a person has to say so.

// probes asks the connections that differ from install to install.
func (p *preflight) probes(ctx context.Context) {
	for _, name := range sortedNames(p.Connections) {
		prober, ok := p.Connections[name].(connector.Prober)
		if !ok || p.dead[name] {
			continue
		}
		found, err := prober.Probe(ctx)
		if err != nil {
			p.add("warn", name, "what this installation has could not be asked: "+err.Error(), "the engineer", "")
			continue
		}
		there := 0
		for _, r := range found {
			if r.There && r.Fix == "" {
				there++
				continue
			}
			needed := p.neededBy(name, r.For)
			severity, what := "warn", "has no "+r.Resource
			if r.There {
				what = "does not let us read " + r.Resource
			}
			if len(needed) > 0 {
				severity, what = "stop", what+", which "+strings.Join(needed, ", ")+" needs"
			}
			p.add(severity, name, fmt.Sprintf("%s (for %s)", what, strings.Join(r.For, ", ")), "the administrator of "+name, r.Fix)
		}
		p.add("ok", name, fmt.Sprintf("%d of %d resources that its profile names are there", there, len(found)), "", "")
	}
}

// neededBy gives the mappings that use one of the objects or reference tables of a connection.
func (p *preflight) neededBy(conn string, what []string) []string {
	var out []string
	for _, a := range p.actives {
		var uses []string
		if a.ConnA == conn {
			uses = append(uses, a.A.Object)
			for _, with := range a.With {
				uses = append(uses, with.Object)
			}
		}
		if a.ConnB == conn {
			uses = append(uses, a.B.Object)
			for _, f := range a.Fields {
				if f.Table != "" {
					uses = append(uses, "table "+f.Table)
				}
			}
		}
		if slices.ContainsFunc(uses, func(u string) bool { return slices.Contains(what, u) }) {
			out = append(out, a.Name)
		}
	}
	return out
}

// rivals looks for integrations that the systems have of their own.
func (p *preflight) rivals(ctx context.Context) {
	for _, name := range sortedNames(p.Connections) {
		rivaled, ok := p.Connections[name].(connector.Rivaled)
		if !ok || p.dead[name] {
			continue
		}
		r, err := rivaled.Rival(ctx, time.Now().Add(-nativeSince))
		switch fix := r.Off + ", then: crosswalk live MAPPING --native-off"; {
		case err != nil:
			p.add("warn", name, "could not look for another integration: "+err.Error(), "the engineer", "")
		case r.Count > 0:
			p.addN("stop", name, r.Count, r.Name+" made links in the last 30 days, such as "+strings.Join(r.Examples, ", "), "the administrator of "+name, fix)
		case r.Unseen:
			p.add("warn", name, "whether "+r.Name+" still writes cannot be seen here", "the administrator of "+name, fix)
		default:
			p.add("ok", name, r.Name+" made no link in the last 30 days", "", "")
		}
	}
}

// refuseRival refuses going live beside an integration of the system's own that works, or that nobody can see, unless the operator states
// that it is off. Who said so once is not asked again for a newer version where it cannot be seen.
func (e *Engine) refuseRival(ctx context.Context, a *Active) error {
	for _, name := range distinct([]string{a.ConnA, a.ConnB}) {
		rivaled, ok := e.Connections[name].(connector.Rivaled)
		if !ok {
			continue
		}
		r, err := rivaled.Rival(ctx, time.Now().Add(-nativeSince))
		if err != nil {
			return &fromConnection{name, err}
		}
		fix := r.Off + "; then say so: crosswalk live " + a.Name + " --native-off"
		switch {
		case r.Count > 0:
			return &RefusedError{fmt.Sprintf("%s still runs at %s: %d links in the last 30 days, such as %s; two integrations make every record twice", r.Name, name, r.Count, strings.Join(r.Examples, ", ")), fix}
		case r.Unseen && a.Head.Running == 0:
			return &RefusedError{fmt.Sprintf("whether %s still writes cannot be seen at %s, and two integrations make every record twice", r.Name, name), fix}
		}
	}
	return nil
}
