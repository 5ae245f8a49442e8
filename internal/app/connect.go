package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/connector"
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
	sys, ok := systems[c.System]
	if !ok {
		return nil, nil, fmt.Errorf("connection %s: unknown system %q", name, c.System)
	}
	made, err := sys.make(name, c, cred, config)
	return made, calls, err
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
	endpoint := token.Form{URL: strings.TrimRight(c.Base, "/") + systems[c.System].tokenPath, ClientID: cred.ClientID, ClientSecret: cred.ClientSecret, Transport: transport}
	return token.New(keeper, endpoint, nil), nil
}
