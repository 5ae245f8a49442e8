package salespad

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// Account pings the session, which logs in where there is none. SalesPad tells neither its company nor its currency: a server
// is taken for one GP company unless the configuration names several (fact sheet 10), so that the account is the server's
// address and the company (T18).
func (c *Connector) Account(ctx context.Context) (connector.Account, error) {
	const op, path = "read account", "/api/Session/Ping"
	a, err := c.call(ctx, op, nil, rest.Request{Path: path, Route: path, Safe: true})
	if err != nil {
		return connector.Account{}, err
	}
	if !acknowledged(a) {
		return connector.Account{}, nonsense(op, a)
	}
	out := connector.Account{ID: c.server(), Name: c.Name, Production: !c.Test, Currency: c.Currency, TimeZone: c.TimeZone}
	if c.Company != "" {
		out.ID += "#" + c.Company
	}
	if out.Name == "" {
		out.Name = out.ID
	}
	if out.TimeZone == "" {
		out.TimeZone = "UTC"
	}
	if out.Currency == "" {
		return connector.Account{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "SalesPad does not tell its currency: set currency of the connection", Fields: []string{"currency"}}
	}
	out.Currencies = []string{out.Currency}
	for _, code := range c.Currencies {
		if !slices.Contains(out.Currencies, code) {
			out.Currencies = append(out.Currencies, code)
		}
	}
	slices.Sort(out.Currencies[1:])
	return out, nil
}

// server is the host and path of the base, in one spelling.
func (c *Connector) server() string {
	u, err := url.Parse(c.Client.Base)
	if err != nil {
		return strings.ToLower(c.Client.Base)
	}
	return strings.ToLower(u.Host) + strings.TrimRight(u.Path, "/")
}

// Seats is what the server counts itself.
type Seats struct {
	Internal, InternalUsed int
	External, ExternalUsed int
}

// Seats asks how many seats there are and how many are taken, for the day that no seat is free.
func (c *Connector) Seats(ctx context.Context) (Seats, error) {
	const op, path = "read seats", "/api/Session/ActiveUsers"
	got, a, err := c.one(ctx, op, nil, rest.Request{Path: path, Route: path, Safe: true})
	if err != nil {
		return Seats{}, err
	}
	if got.text("InternalLicensedSeatCount") == "" {
		return Seats{}, nonsense(op, a)
	}
	return Seats{Internal: int(got.whole("InternalLicensedSeatCount")), InternalUsed: int(got.whole("ActiveInternalUserCount")),
		External: int(got.whole("ExternalLicensedSeatCount")), ExternalUsed: int(got.whole("ActiveExternalUserCount"))}, nil
}
