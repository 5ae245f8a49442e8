package app

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"time"

	"crosswalk/internal/web"
)

// Webhooks are the routes that vendors call.
func (a *App) Webhooks(refused *web.Refusals) http.Handler {
	return web.Webhooks(web.WebhookDeps{Accept: a.Engine, Ack: a.ack, Public: a.PublicURL, Refused: refused, NewID: NewID, Log: a.Log})
}

// ack is what a connection's system wants to read when its message was taken (salesforce.md 17.1).
func (a *App) ack(connection string) (contentType string, body []byte) {
	c, ok := a.Connectors[connection].(interface {
		Ack() (contentType string, body []byte)
	})
	if !ok {
		return "", nil
	}
	return c.Ack()
}

// OAuth is where people's browsers agree that an account is connected.
func (a *App) OAuth() http.Handler {
	return web.OAuth(web.OAuthDeps{Desk: a.Desk(), Tickets: a.tickets(), Public: a.PublicURL, NewID: NewID, Log: a.Log})
}

func (a *App) tickets() web.Tickets { return web.Tickets{Table: a.Engine.Table, Random: rand.Reader} }

// Operator is the operator API. d says who may ask and how they are known; everything else is this deployment's.
func (a *App) Operator(d web.Deps) http.Handler {
	d.Engine, d.Connections, d.Roles = a.Engine, a.Connectors, a.Roles
	d.Desk, d.Tickets = a.Desk(), a.tickets()
	d.Allowances, d.Budgets, d.SaveUsage = a.allowances, a.budgets, a.SaveUsage
	d.Approval, d.Settings, d.NewID, d.Log = a.Approval, a.settings(), NewID, a.Log
	return web.Operator(d)
}

// NewID names a fault or a request: six random bytes in hex.
func NewID() string {
	var raw [6]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return hex.EncodeToString(raw[:])
}

// settings is what the API may tell of the configuration.
func (a *App) settings() web.Settings {
	c := a.Config
	s := web.Settings{Approval: c.Approval, Listen: c.Listen, PublicURL: c.PublicURL, PollSeconds: int(time.Duration(c.Poll).Seconds()),
		Connections: map[string]web.ConnectionSetting{}, Roles: c.Roles, Retention: map[string]string{},
		Acceptance: c.Acceptance, Tell: append([]string{}, c.Tell...), Mappings: map[string]web.MappingSetting{}, Reconcile: c.Reconcile, Epoch: c.Epoch}
	for name, rule := range c.Mappings {
		s.Mappings[name] = web.MappingSetting{Tell: append([]string{}, rule.Tell...), Acceptance: rule.Acceptance}
	}
	for _, class := range c.Retention.Standing() {
		s.Retention[class[0]] = class[1]
	}
	for name, one := range c.Connections {
		s.Connections[name] = web.ConnectionSetting{System: one.System, Base: one.Base, Auth: one.Auth, Account: one.Account, Edition: one.Edition, Limits: one.Limits}
	}
	return s
}
