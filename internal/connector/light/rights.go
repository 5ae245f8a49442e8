package light

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

var _ connector.Rights = (*Connector)(nil)

// nobody is an id that Light gives to no record: a change of it can change nothing.
const nobody = "00000000-0000-0000-0000-000000000000"

// Lacks asks for one record of the object and, where it is written, changes nothing of a record that does not exist: rights
// come from roles, and a missing one is 403 (fact sheet 1 and 3). Light publishes no call that names roles, so none is named.
func (c *Connector) Lacks(ctx context.Context, n connector.Need) ([]connector.Refusal, error) {
	o, err := listed("check "+n.Object, n.Object)
	if err != nil {
		return nil, err
	}
	path, route := o.one("", nobody)
	asks := []struct {
		what    string
		request rest.Request
	}{{"read " + o.name, rest.Request{Path: o.path, Route: o.path, Query: url.Values{"limit": {"1"}, "cursor": {"0"}}, Safe: true}}}
	if n.Write {
		asks = append(asks, struct {
			what    string
			request rest.Request
		}{"write " + o.name, rest.Request{Method: http.MethodPatch, Path: path, Route: route, Body: []byte("{}"), Safe: true}})
	}
	var out []connector.Refusal
	for _, a := range asks {
		_, err := c.call(ctx, a.what, a.request)
		var e *connector.Error
		switch {
		case err == nil || !errors.As(err, &e):
		case e.Fault == connector.Forbidden:
			out = append(out, connector.Refusal{What: a.what})
		case e.Fault != connector.Invalid && e.Fault != connector.Missing && e.Fault != connector.Clash:
			return out, err
		}
	}
	return out, nil
}
