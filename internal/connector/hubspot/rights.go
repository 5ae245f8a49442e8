package hubspot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

var _ connector.Rights = (*Connector)(nil)

// Lacks asks for one record, for the definitions, and, where the object is written, for an update of no records at all:
// HubSpot looks at scopes before it looks at what is sent, and answers 403 with the scope's name (fact sheet 13). That an
// update without inputs is refused as such and never carried out is what the fact sheet says of batches (4).
func (c *Connector) Lacks(ctx context.Context, n connector.Need) ([]connector.Refusal, error) {
	if n.Object == Submissions {
		return c.lacks(ctx, probe{"read forms and their submissions", rest.Request{Path: formsPath, Route: formsPath, Query: url.Values{"limit": {"1"}}, Safe: true}})
	}
	k, err := c.resolve(ctx, "check "+n.Object, n.Object)
	if err != nil {
		return nil, err
	}
	asks := []probe{
		{"read " + k.name, rest.Request{Path: fill(c.paths.objects, "{type}", k.segment()), Route: c.paths.objects, Query: url.Values{"limit": {"1"}}, Safe: true}},
		{"read the definition of " + k.name, rest.Request{Path: fill(c.paths.properties, "{type}", k.segment()), Route: c.paths.properties, Query: url.Values{"archived": {"false"}}, Safe: true}},
	}
	if n.Write {
		route := c.paths.objects + "/batch/update"
		asks = append(asks, probe{"write " + k.name, rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", k.segment()), Route: route, Body: []byte(`{"inputs":[]}`), Safe: true}})
	}
	var out []connector.Refusal
	for _, a := range asks {
		refused, err := c.lacks(ctx, a)
		if err != nil {
			return out, err
		}
		out = append(out, refused...)
	}
	return out, nil
}

// probe is a call that shows whether a right is there and changes nothing.
type probe struct {
	what    string
	request rest.Request
}

func (c *Connector) lacks(ctx context.Context, p probe) ([]connector.Refusal, error) {
	_, err := c.call(ctx, p.what, p.request, nil)
	var e *connector.Error
	switch {
	case err == nil || !errors.As(err, &e):
		return nil, err
	case e.Fault == connector.Forbidden:
		return []connector.Refusal{{What: p.what, Grant: scopesIn(e.Code)}}, nil
	case e.Fault == connector.Invalid, e.Fault == connector.Missing:
		return nil, nil // let in, and then refused for what it was
	}
	return nil, err
}

// scopesIn picks the scopes out of an error's code; any one of several is enough.
func scopesIn(code string) string {
	var out []string
	for _, w := range strings.Fields(code) {
		if strings.Contains(w, ".") || w == "tickets" || w == "e-commerce" || w == scopeForms {
			out = append(out, w)
		}
	}
	return strings.Join(out, " or ")
}
