package salespad

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"crosswalk/internal/connector"
)

// Probe asks each resource of the profile for one row (fact sheet 9), so that what an install lacks is known before a
// component that needs it is switched on. A right that is missing counts as there.
func (c *Connector) Probe(ctx context.Context) ([]connector.Probed, error) {
	var out []connector.Probed
	bare := map[string]bool{} // takes no $top
	add := func(resource, what string, how Confidence) {
		if i := slices.IndexFunc(out, func(p connector.Probed) bool { return p.Resource == resource }); i >= 0 {
			out[i].For = append(out[i].For, what)
			return
		}
		out = append(out, connector.Probed{Resource: resource, For: []string{what}, Confidence: string(how)})
	}
	for _, name := range c.Objects() {
		o := c.Profile.Objects[name]
		add(o.List, name, o.Confidence)
		if o.History != "" {
			add(o.History, name, o.Confidence)
		}
		if o.Search != nil {
			add(o.Search.List, name, o.Confidence)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Profile.Tables)) {
		if t := c.Profile.Tables[name]; len(t.Rows) == 0 {
			add(t.List, "table "+name, t.Confidence)
			bare[t.List] = t.Bare
		}
	}
	for i := range out {
		q := query{top: 1}
		if bare[out[i].Resource] {
			q = query{}
		}
		_, err := c.list(ctx, "probe "+out[i].Resource, nil, out[i].Resource, q)
		e := asError(err)
		switch {
		case err == nil:
			out[i].There = true
		case e.Code == "no such resource" || e.Status == http.StatusNotFound:
			out[i].Fix = "this SalesPad has no api/" + out[i].Resource + ": name its own in the connection's profile; until then leave switched off what needs it"
		case e.Fault == connector.Forbidden:
			out[i].There, out[i].Fix = true, "our SalesPad user may not read it"
		default:
			return out, err
		}
	}
	return out, nil
}
