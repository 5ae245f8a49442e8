package token

import (
	"context"
	"net/url"
	"time"
)

// ClientCredentials is the grant of an app that acts as a user of its own, named by the administrator (Salesforce fact
// sheet 3.5). Its Mint is for NewMinted.
type ClientCredentials struct {
	Grant
	ClientID, ClientSecret string
}

// String keeps the client secret out of logs.
func (c ClientCredentials) String() string { return "client credentials at " + c.URL }

// GoString keeps the client secret out of %#v.
func (c ClientCredentials) GoString() string { return c.String() }

// Mint posts grant_type=client_credentials.
func (c ClientCredentials) Mint(ctx context.Context) (string, time.Time, error) {
	return c.ask(ctx, url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}})
}
