package hubspot

import (
	"context"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// details is the account's own description (fact sheet 2).
type details struct {
	Portal     scalar   `json:"portalId"`
	Type       string   `json:"accountType"`
	Zone       string   `json:"timeZone"`
	Currency   string   `json:"companyCurrency"`
	Currencies []string `json:"additionalCurrencies"`
	UIHost     string   `json:"uiDomain"`
}

// Account asks which portal the credential opens. Its time zone and page host are kept for later.
func (c *Connector) Account(ctx context.Context) (connector.Account, error) {
	const op = "read account"
	var d details
	route := c.paths.account
	answer, err := c.call(ctx, op, rest.Request{Path: route, Route: route, Safe: true}, &d)
	if err != nil {
		return connector.Account{}, err
	}
	if !validID(d.Portal.text) || len(d.Currency) != 3 {
		return connector.Account{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer", Status: answer.Status, Err: correlation(answer)}
	}
	a := connector.Account{
		ID: d.Portal.text, Name: "HubSpot account " + d.Portal.text, Production: d.Type == "STANDARD",
		Currency: d.Currency, TimeZone: d.Zone, Currencies: []string{d.Currency},
	}
	for _, code := range d.Currencies {
		if code != d.Currency {
			a.Currencies = append(a.Currencies, code)
		}
	}
	c.learn(a, d.UIHost)
	return a, nil
}

func (c *Connector) learn(a connector.Account, host string) {
	zone, err := time.LoadLocation(a.TimeZone)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.learned = a
	if err == nil && a.TimeZone != "" {
		c.zone = zone
	}
	if pageHost(host) {
		c.UIHost = host
	}
}

// pageHost tells whether people may be sent there: HubSpot's own hosts only.
func pageHost(host string) bool {
	return strings.HasSuffix(host, ".hubspot.com") && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// URL gives the record's page, once Account has told where this account's pages are.
func (c *Connector) URL(ref record.Ref) string {
	k, err := c.kind("url", ref.Object)
	c.mu.Lock()
	defer c.mu.Unlock()
	portal := c.learned.ID
	if portal == "" {
		portal = c.Portal
	}
	if err != nil || !k.page || k.typeID == "" || !validID(ref.ID) || !validID(portal) || !pageHost(c.UIHost) {
		return ""
	}
	return "https://" + c.UIHost + "/contacts/" + portal + "/record/" + k.typeID + "/" + ref.ID
}
