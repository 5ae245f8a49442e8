package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/rest"
	"crosswalk/internal/secret"
	"crosswalk/internal/token"
)

// Credential is what a connection needs, as one secret under its name.
type Credential struct {
	Key           string   `json:"key,omitempty"`          // private app token, service key, API key
	ClientID      string   `json:"clientId,omitempty"`     // of OAuth
	ClientSecret  string   `json:"clientSecret,omitempty"` // of OAuth
	Access        string   `json:"access,omitempty"`       // first pair of OAuth; later ones are kept beside it
	Refresh       string   `json:"refresh,omitempty"`
	WebhookSecret []string `json:"webhookSecret,omitempty"` // of HubSpot's signatures, newest first
}

// outside is what connectors reach the world through; a simulation puts itself here.
type outside struct {
	transport func(connection string) http.RoundTripper
	jitter    func() float64
	count     func(connection, method, route string, status int)
}

// connect makes the connector of one connection.
func connect(ctx context.Context, name string, c Connection, secrets secret.Store, out outside) (connector.Connector, *meter, error) {
	raw, err := secrets.Get(ctx, name)
	if errors.Is(err, secret.ErrMissing) {
		return nil, nil, fmt.Errorf("connection %s: no credential; put one into the secrets file under %q", name, name)
	}
	if err != nil {
		return nil, nil, err
	}
	var cred Credential
	if err := json.Unmarshal(raw, &cred); err != nil {
		return nil, nil, fmt.Errorf("connection %s: the credential is not the JSON object that was expected", name)
	}
	limiter, err := limits(c)
	if err != nil {
		return nil, nil, fmt.Errorf("connection %s: %w", name, err)
	}
	calls := newMeter(name, limiter)
	config := rest.Config{Base: c.Base, Jitter: out.jitter, Deadline: time.Duration(c.Deadline), Gate: calls.gate()}
	if out.transport != nil {
		config.Transport = out.transport(name)
	}
	config.Count = func(method, route string, status int) {
		calls.answered(status)
		if out.count != nil {
			out.count(name, method, route, status)
		}
	}
	if config.Tokens, err = tokens(ctx, name, c, cred, secrets, config.Transport); err != nil {
		return nil, nil, err
	}
	switch c.System {
	case "hubspot":
		made, err := hubspot.New(hubspot.Config{Connection: name, Client: rest.New(config), Version: c.Version, AppID: c.AppID, Secrets: cred.WebhookSecret,
			Portal: c.Account, Overlap: time.Duration(c.Lag), Settle: time.Duration(c.Settle)})
		return made, calls, err // its portal is bound by bind, in app.go
	case "light":
		config.Hosts = light.Hosts
		if c.Auth == "key" {
			config.AuthHeader = light.APIKeyHeader
		}
		made, err := light.New(light.Config{Connection: name, Client: rest.New(config), Overlap: time.Duration(c.Lag), Settle: time.Duration(c.Settle), Deadline: time.Duration(c.Deadline)})
		return made, calls, err
	}
	return nil, nil, fmt.Errorf("connection %s: unknown system %q", name, c.System)
}

// tokens gives the credential's source: a key as it is, or an OAuth pair that is renewed and stored before use.
func tokens(ctx context.Context, name string, c Connection, cred Credential, secrets secret.Store, transport http.RoundTripper) (rest.Tokens, error) {
	if c.Auth == "key" {
		if cred.Key == "" {
			return nil, fmt.Errorf("connection %s: the credential has no key", name)
		}
		return token.Static(cred.Key), nil
	}
	keeper := token.Named(secrets, name+"/pair")
	if _, err := secrets.Get(ctx, name+"/pair"); errors.Is(err, secret.ErrMissing) {
		if cred.Refresh == "" {
			return nil, fmt.Errorf("connection %s: not connected yet; the credential has no refresh token", name)
		}
		first, err := json.Marshal(token.Pair{Access: cred.Access, Refresh: cred.Refresh})
		if err != nil {
			return nil, err
		}
		if err := keeper.Save(ctx, first); err != nil {
			return nil, err
		}
	}
	path := "/oauth/token"
	if c.System == "hubspot" {
		path = "/oauth/2026-09/token"
	}
	endpoint := token.Form{URL: strings.TrimRight(c.Base, "/") + path, ClientID: cred.ClientID, ClientSecret: cred.ClientSecret, Transport: transport}
	return token.New(keeper, endpoint, nil), nil
}

// limits are the vendor's own, less what is left to other programs: at most 80 % of the day (invariant Q10), and of both a
// fifth that bulk work leaves to live changes.
func limits(c Connection) (*budget.Limiter, error) {
	if c.Limits == "off" {
		return nil, nil
	}
	const dayShare, reserve = 80, 0.2
	if c.System == "light" {
		return budget.New(budget.Bucket{Name: light.BucketCalls, Calls: 300, Per: time.Minute, Daily: 100_000 * dayShare / 100, Reserve: reserve})
	}
	var buckets []budget.Bucket
	for _, l := range hubspot.Limits(c.Auth == "oauth", c.Edition) {
		buckets = append(buckets, budget.Bucket{Name: l.Bucket, Calls: l.Calls, Per: l.Per, Daily: l.Daily * dayShare / 100, Within: l.Within, Reserve: reserve})
	}
	return budget.New(buckets...)
}
