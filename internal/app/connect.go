package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/engine"
	"crosswalk/internal/reach"
	"crosswalk/internal/rest"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/shelf"
	"crosswalk/internal/token"
)

// outside is what connectors reach the world through; a simulation puts itself here.
type outside struct {
	transport func(connection string) http.RoundTripper
	jitter    func() float64
	count     func(connection, method, route string, status int)
	shelf     *shelf.Shelf                                                                        // what workers share: slots of the budget, leases of renewals; nil: one process alone
	shares    func(connection string) budget.Shares                                               // of the day, as a person set them; nil: nobody did
	mail      func(connection string, keys func(context.Context) ([]reach.Key, error)) reach.Mail // to an agent; nil: there is none
	log       *slog.Logger                                                                        // may be nil
	bound     func(ctx context.Context, connection string) (string, error)                        // the account a connection is bound to; nil: the configured one
}

// wire is one connection as this process holds it.
type wire struct {
	name string
	Connection
	system     system
	connector  connector.Connector
	calls      *meter
	credential *credential
	rest       rest.Config // what the connector's client is made of
	renewals   token.Locker
	session    token.Keeper // of a system that has one session for all workers
}

// connect makes the connector of one connection. It reads no credential and asks no vendor: a connection that has none yet
// answers every call with connector.Unauthorized, code not_connected, until somebody puts one in.
func connect(name string, c Connection, secrets secret.Store, out outside) (*wire, error) {
	sys, ok := systems[c.System]
	if !ok {
		return nil, fmt.Errorf("connection %s: unknown system %q", name, c.System)
	}
	var shares budget.Shares
	if out.shares != nil {
		shares = out.shares(name)
	}
	limiter, err := limits(name, c, out.shelf, shares)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", name, err)
	}
	w := &wire{name: name, Connection: c, system: sys, calls: newMeter(name, limiter)}
	if out.shelf != nil {
		w.renewals = out.shelf.Lease(name, 0, nil)
	}
	if sys.session {
		w.renewals, w.session = logins(name, c, out.shelf), keptSession{token.Named(secrets, pairName(name))}
	}
	w.rest = rest.Config{Base: c.Base, Jitter: out.jitter, Deadline: time.Duration(c.Deadline), Gate: w.calls.gate(), Observe: w.calls.observe(c.System)}
	w.rest.Count = func(method, route string, status int) {
		if out.count != nil {
			out.count(name, method, route, status)
		}
	}
	w.credential = newCredential(name, secrets, w.tokens)
	w.credential.bound = func(ctx context.Context) (string, error) { return c.Account, nil }
	if out.bound != nil {
		w.credential.bound = func(ctx context.Context) (string, error) { return out.bound(ctx, name) }
	}
	w.rest.Transport = w.transport(out)
	w.connector, err = w.make(w.credential, w.calls.answered)
	return w, err
}

// make gives a connector of this connection with any credential; answered hears of every answer, nil for a trial.
func (w *wire) make(tokens rest.Tokens, answered func(status int)) (connector.Connector, error) {
	return w.makeKeeping(tokens, answered, w.session, w.renewals)
}

// trial is make for a credential that is not kept yet: what it opens goes to a keeper of its own. The caller holds alone.
func (w *wire) trial(tokens rest.Tokens, keeper token.Keeper) (connector.Connector, error) {
	return w.makeKeeping(tokens, nil, keeper, nil)
}

func (w *wire) makeKeeping(tokens rest.Tokens, answered func(status int), keeper token.Keeper, locker token.Locker) (connector.Connector, error) {
	config := w.rest
	config.Tokens = tokens
	if answered == nil {
		config.Observe = nil // it may be of another account
	} else {
		config.Count = func(method, route string, status int) {
			answered(status)
			w.rest.Count(method, route, status)
		}
	}
	return w.system.make(making{name: w.name, Connection: w.Connection, rest: config, trust: w.credential.trust, keeper: keeper, locker: locker})
}

// tokens gives what a credential hands out: a key as it is, tokens that are minted with it, or an OAuth pair that is renewed and
// stored before use.
func (w *wire) tokens(c Credential, secrets secret.Store) rest.Tokens {
	if !w.byConsent() {
		return w.byKey(c.Key)
	}
	return token.New(token.Named(secrets, pairName(w.name)), w.endpoint(c.Client()), w.renewals)
}

// endpoint is the vendor's token endpoint for an app.
func (w *wire) endpoint(app Client) token.Form {
	consent := w.system.consent
	base := strings.TrimRight(w.Base, "/")
	form := token.Form{URL: base + consent.token, UntilRefused: consent.untilRefused, ClientID: app.ID, ClientSecret: app.Secret, Transport: w.rest.Transport}
	if consent.revoke != "" {
		form.RevokeURL = base + consent.revoke
	}
	return form
}

// connectAll makes every connection of the configuration.
func (a *App) connectAll(p Parts, o Options) error {
	a.wires = map[string]*wire{}
	for name, conn := range a.Config.Connections {
		w, err := connect(name, conn, p.Secrets, outside{transport: o.Transport, jitter: jitter, count: o.Count, shelf: p.Shelf, shares: a.shares, bound: a.boundTo, mail: a.mail(p.Mail), log: a.Log})
		if err != nil {
			return err
		}
		a.wires[name], a.Connectors[name], a.meters[name] = w, w.connector, w.calls
		if w.calls.limiter != nil {
			a.Limiters[name] = w.calls.limiter
		}
	}
	return nil
}

// boundTo is the account whose webhooks are let in: the one that is bound, else the one that the configuration demands.
func (a *App) boundTo(ctx context.Context, connection string) (string, error) {
	account, err := a.Engine.BoundTo(ctx, connection)
	if account == "" {
		account = a.Config.Connections[connection].Account
	}
	return account, err
}

// Bind makes sure that every credential still opens the account its connection was first connected to (T18). Only where ask
// is set are the systems asked; one that does not answer now is not held against it: what is bound already stays bound.
func (a *App) Bind(ctx context.Context, ask bool) error {
	bound, err := a.Engine.Accounts(ctx)
	if err != nil {
		return err
	}
	for name, c := range a.Connectors {
		id := cmp.Or(bound[name], a.Config.Connections[name].Account)
		if ask {
			if id, err = a.Engine.Bind(ctx, name, a.accountOf(ctx, name, c), a.Config.Connections[name].Account); err != nil {
				return err
			}
		}
		if h, ok := c.(*hubspot.Connector); ok {
			h.Portal = id // of record pages, until the account has been asked
		}
	}
	return nil
}

// accountOf asks a system which account the credential opens; "" when it does not say.
func (a *App) accountOf(ctx context.Context, name string, c connector.Connector) string {
	ctx, cancel := context.WithTimeout(ctx, bindWithin)
	defer cancel()
	account, err := c.Account(ctx)
	switch {
	case engine.NotConnected(err):
		a.Log.Info("connection is not connected yet", "connection", name)
	case err != nil:
		a.Log.Warn("connection could not be looked at", "connection", name, "error", err)
	}
	a.meters[name].setZone(a.Config.Connections[name].System, account.TimeZone)
	return account.ID
}

// bindWithin is how long a start waits for a system to say which account it is.
const bindWithin = 10 * time.Second
