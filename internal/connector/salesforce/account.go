package salesforce

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// currencyForm is an ISO 4217 code.
var currencyForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]{3}$`) })

// currency is one row of CurrencyType, which only multi-currency orgs have (fact sheet 15.9).
type currency struct {
	code              string
	corporate, active bool
}

// Account asks which org the credential opens, whether it is a sandbox, and in what currencies it counts. A refreshed
// sandbox has another id under the same address (fact sheet 2).
//
// Four calls: the org's id, its row (a currency column is there only where the org has it), the currencies, and who our
// own user is, for records to be known as ours.
func (c *Connector) Account(ctx context.Context) (connector.Account, error) {
	const op = "read account"
	found, err := c.askAll(ctx, op, query{fields: []column{"Id"}, from: "Organization", limit: 1})
	if err != nil {
		return connector.Account{}, err
	}
	if len(found.Records) != 1 || found.Records[0].id("Id") == "" {
		return connector.Account{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer"}
	}
	id := found.Records[0].id("Id")
	var org row
	a, err := c.get(ctx, op, "/sobjects/Organization/"+id, "/sobjects/Organization/{id}", nil, &org)
	if err != nil {
		return connector.Account{}, err
	}
	if org.id("Id") != id {
		return connector.Account{}, malformed(op, a)
	}
	out := connector.Account{ID: id, Name: org.text("Name"), Production: !org.yes("IsSandbox"), TimeZone: org.text("TimeZoneSidKey")}
	if err := c.currencies(ctx, op, org, &out); err != nil {
		return connector.Account{}, err
	}
	return out, c.learnUser(ctx, op)
}

// currencies fills in the currencies: of a multi-currency org those of CurrencyType, else the one it has. Single-currency
// orgs do not all tell theirs by REST; Config.Currency then says it.
func (c *Connector) currencies(ctx context.Context, op string, org row, out *connector.Account) error {
	list, err := c.currencyTypes(ctx, op)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.corporate {
			out.Currency = t.code
		}
		if t.active {
			out.Currencies = append(out.Currencies, t.code)
		}
	}
	for _, code := range []string{org.text("DefaultCurrencyIsoCode"), org.text("CurrencyIsoCode"), c.Currency} {
		if out.Currency == "" && currencyForm().MatchString(code) {
			out.Currency = code
		}
	}
	if out.Currency == "" {
		if out.Currency, err = c.defaultCurrency(ctx, op); err != nil {
			return err
		}
	}
	if out.Currency == "" {
		return &connector.Error{Fault: connector.Invalid, Op: op, Code: "the org does not tell its currency: set currency of the connection", Fields: []string{"currency"}}
	}
	if !slices.Contains(out.Currencies, out.Currency) {
		out.Currencies = append([]string{out.Currency}, out.Currencies...)
	}
	return nil
}

// currencyTypes gives none for an org with a single currency: it does not know the object.
func (c *Connector) currencyTypes(ctx context.Context, op string) ([]currency, error) {
	got, err := c.askAll(ctx, op, query{fields: []column{"IsoCode", "IsCorporate", "IsActive"}, from: "CurrencyType", order: []column{"IsoCode"}})
	if asked := asError(err); err != nil && (asked.Code == "INVALID_TYPE" || asked.Fault == connector.Missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []currency
	for _, r := range got.Records {
		if code := r.text("IsoCode"); currencyForm().MatchString(code) {
			out = append(out, currency{code: code, corporate: r.yes("IsCorporate"), active: r.yes("IsActive")})
		}
	}
	return out, nil
}

// defaultCurrency asks the Connect API, which states the currency of a single-currency org among its features; "" where
// our user may not ask it.
func (c *Connector) defaultCurrency(ctx context.Context, op string) (string, error) {
	var got struct {
		Features struct {
			Currency string `json:"defaultCurrencyIsoCode"`
		} `json:"features"`
	}
	_, err := c.get(ctx, op, "/connect/organization", "/connect/organization", nil, &got)
	if f := connector.FaultOf(err); f == connector.Missing || f == connector.Forbidden || f == connector.Invalid {
		return "", nil
	}
	if !currencyForm().MatchString(got.Features.Currency) {
		return "", err
	}
	return got.Features.Currency, err
}

// learnUser asks who we are, once. An app without a scope for it is no fault: records are then not marked as our own,
// which is a hint only.
func (c *Connector) learnUser(ctx context.Context, op string) error {
	if c.ourUser() != "" {
		return nil
	}
	var who struct {
		User string `json:"user_id"`
	}
	_, err := c.call(ctx, op, rest.Request{Path: "/services/oauth2/userinfo", Route: "/services/oauth2/userinfo", Method: http.MethodGet, Query: url.Values{}, Safe: true}, &who)
	if f := connector.FaultOf(err); f == connector.Missing || f == connector.Forbidden {
		return nil
	}
	if err != nil {
		return err
	}
	if id, ok := ID(who.User); ok {
		c.mu.Lock()
		c.user = id
		c.mu.Unlock()
	}
	return nil
}

// ourUser is the id of the user we act as, "" while it is not known.
func (c *Connector) ourUser() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.UserID != "" {
		return c.UserID
	}
	return c.user
}
