package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"crosswalk/internal/engine"
)

// Desk is where credentials come in and go out; app.Desk is one. None of its errors quotes a secret.
type Desk interface {
	Consenter
	// Prepare keeps the app that a link needs, and says what it will ask for.
	Prepare(ctx context.Context, connection string, s engine.Supply) (engine.Consent, error)
	Supply(ctx context.Context, connection string, s engine.Supply) (engine.Opened, error)
	Drop(ctx context.Context, connection, actor string, force bool) (engine.Dropped, error)
	Register(ctx context.Context, connection, redirect, webhook string) (engine.App, error)
}

// Consenter is the part of a Desk that a person at a browser meets.
type Consenter interface {
	// Named gives the connection that a word means: its name, or the name of a system that has one connection only.
	Named(word string) (engine.Way, bool)
	Consent(ctx context.Context, connection string, ask engine.ConsentAsk) (engine.Consent, error)
	// Redeem's errors: *engine.GrantError, *engine.OtherAccountError, *engine.RefusedError, a connector's.
	Redeem(ctx context.Context, connection string, code engine.Code) (engine.Opened, error)
	Refused(connection, redirect, code string) *engine.GrantError
}

// Invitation is where a person opens a connection in their browser. It is good once, for ten minutes, and worth as much as the right
// to connect: it is handed to nobody else.
type Invitation struct {
	Connection string    `json:"connection"`
	System     string    `json:"system"`
	Link       string    `json:"link"`
	Expires    time.Time `json:"expires"`
	Redirect   string    `json:"redirect"`         // what the app must have as its redirect address, exactly
	Client     string    `json:"client"`           // id of the app that asks
	Scopes     []string  `json:"scopes,omitempty"` // what it asks for, and must have, exactly
}

// Opened is the account that a credential opened.
type Opened struct {
	Connection string `json:"connection"`
	System     string `json:"system"`
	Account    string `json:"account"` // id, as the system gives it
	Label      string `json:"label,omitempty"`
	Production bool   `json:"production"`
	First      bool   `json:"first"`   // the connection is bound to this account from now on
	Webhook    string `json:"webhook"` // where the system sends its webhooks, if it sends any
}

// Dropped is what became of a connection that was disconnected.
type Dropped struct {
	Connection string   `json:"connection"`
	System     string   `json:"system"`
	Account    string   `json:"account,omitempty"` // it stays bound to
	Revoked    bool     `json:"revoked"`           // at the system
	ByHand     string   `json:"by_hand,omitempty"` // what a person still has to do there
	Stops      []string `json:"stops"`             // mappings that may not write until it is connected again
}

// AppFiles are the files of an app that somebody registers at a system.
type AppFiles struct {
	Connection string    `json:"connection"`
	Files      []AppFile `json:"files"`
	Scopes     []string  `json:"scopes"`
	Redirect   string    `json:"redirect,omitempty"`
	Webhook    string    `json:"webhook"`
	Next       []string  `json:"next"` // what to do with them, in order
}

// AppFile is one file, by its path in the app's folder.
type AppFile struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// connectBody asks for a link. The app, and webhook secrets, may come with it; what is left out stays.
type connectBody struct {
	ClientID       string   `json:"client_id"`
	ClientSecret   string   `json:"client_secret"`
	WebhookSecrets []string `json:"webhook_secrets"` // newest first
	Replace        bool     `json:"replace"`         // take another account, where nothing is kept of the bound one
}

// credentialBody hands a key over; what is left out stays.
type credentialBody struct {
	Key            string   `json:"key"`
	WebhookSecrets []string `json:"webhook_secrets"` // newest first
	Replace        bool     `json:"replace"`
}

type disconnectBody struct {
	Force bool `json:"force"` // forget the credential although it could not be revoked
}

// maxSecret bounds a key or secret: far more than any system's.
const maxSecret = 16 << 10

// way finds the connection of a request.
func (a *api) way(r *http.Request) (engine.Way, error) {
	name := a.connection(r.PathValue("name"))
	if a.Desk == nil {
		return engine.Way{}, &engine.RefusedError{Why: "this program cannot connect", Fix: "ask the operator API of the deployment"}
	}
	if w, ok := a.Desk.Named(name); ok {
		return w, nil
	}
	return engine.Way{}, &engine.NotFoundError{What: "connection", Name: name}
}

// webhookURL is where a connection's system sends its webhooks.
func (a *api) webhookURL(connection string) string {
	return strings.TrimRight(a.Settings.PublicURL, "/") + "/webhooks/" + url.PathEscape(connection)
}

// connect gives a link to a person's consent.
func (a *api) connect(r *http.Request) (any, error) {
	var body connectBody
	w, err := a.way(r)
	if err != nil {
		return nil, err
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if err := secretsFit(map[string]string{"client_id": body.ClientID, "client_secret": body.ClientSecret}, body.WebhookSecrets); err != nil {
		return nil, err
	}
	public, err := publicBase(a.Settings.PublicURL)
	if err != nil {
		return nil, err
	}
	consent, err := a.Desk.Prepare(r.Context(), w.Connection, engine.Supply{ClientID: body.ClientID, ClientSecret: body.ClientSecret, WebhookSecrets: body.WebhookSecrets})
	if err != nil {
		return nil, err
	}
	ticket, expires, err := a.Tickets.issue(r.Context(), ticket{Connection: w.Connection, Actor: actorOf(r.Context()), Replace: body.Replace})
	if err != nil {
		return nil, err
	}
	return Invitation{Connection: w.Connection, System: w.System, Link: public + "/oauth/" + url.PathEscape(w.Connection) + "/start?ticket=" + ticket,
		Expires: expires, Redirect: public + callbackPath(w.Connection), Client: consent.Client, Scopes: consent.Scopes}, nil
}

// credential takes a key that is handed over.
func (a *api) credential(r *http.Request) (any, error) {
	var body credentialBody
	w, err := a.way(r)
	if err != nil {
		return nil, err
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if err := secretsFit(map[string]string{"key": body.Key}, body.WebhookSecrets); err != nil {
		return nil, err
	}
	o, err := a.Desk.Supply(r.Context(), w.Connection, engine.Supply{Key: body.Key, WebhookSecrets: body.WebhookSecrets, Replace: body.Replace, Actor: actorOf(r.Context())})
	if err != nil {
		return nil, err
	}
	return Opened{Connection: o.Connection, System: o.System, Account: o.Account, Label: o.Label, Production: o.Production, First: o.First, Webhook: a.webhookURL(w.Connection)}, nil
}

// secretsFit refuses what cannot be a secret, by field and never by value.
func secretsFit(fields map[string]string, more []string) error {
	for _, s := range more {
		if s == "" {
			return badRequest("webhook_secrets", "one of them is empty", "leave it out")
		}
	}
	if len(more) > 0 {
		fields["webhook_secrets"] = strings.Join(more, "")
	}
	for name, s := range fields {
		if len(s) > maxSecret || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			return badRequest(name, "this cannot be a secret: it is too long, or has a blank or a line break in it", "send it as the system showed it, without anything around it")
		}
	}
	return nil
}

// disconnect revokes a connection's grant and forgets its credential.
func (a *api) disconnect(r *http.Request) (any, error) {
	var body disconnectBody
	w, err := a.way(r)
	if err != nil {
		return nil, err
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	d, err := a.Desk.Drop(r.Context(), w.Connection, actorOf(r.Context()), body.Force)
	if err != nil {
		return nil, err
	}
	return Dropped{Connection: d.Connection, System: d.System, Account: d.Account, Revoked: d.Revoked, ByHand: d.ByHand, Stops: append([]string{}, d.Stops...)}, nil
}

// register gives the files of an app that has what the mappings need.
func (a *api) register(r *http.Request) (any, error) {
	w, err := a.way(r)
	if err != nil {
		return nil, err
	}
	if err := read(r, &struct{}{}); err != nil {
		return nil, err
	}
	public, err := publicBase(a.Settings.PublicURL)
	if err != nil {
		return nil, err
	}
	app, err := a.Desk.Register(r.Context(), w.Connection, public+callbackPath(w.Connection), a.webhookURL(w.Connection))
	if err != nil {
		return nil, err
	}
	out := AppFiles{Connection: w.Connection, Scopes: append([]string{}, app.Scopes...), Redirect: app.Redirect, Webhook: app.Webhook, Next: append([]string{}, app.Next...)}
	for _, f := range app.Files {
		out.Files = append(out.Files, AppFile(f))
	}
	return out, nil
}

// publicBase is where browsers and vendors reach this deployment: https, or this machine, as vendors demand of redirect
// addresses (hubspot.md 2).
func publicBase(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Host) {
		return "", &engine.RefusedError{Why: "systems send people back to https addresses only, or to this machine; public_url is neither", Fix: "write the address at which browsers reach this deployment, https://..., as public_url in the configuration"}
	}
	return strings.TrimRight(address, "/"), nil
}
