package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
)

// Connection is one account, by the name that refs carry. What the account says of itself is there only when it was asked
// and answered.
type Connection struct {
	Name       string      `json:"name"`
	Roles      []string    `json:"roles,omitempty"`
	System     string      `json:"system,omitempty"`
	State      string      `json:"state,omitempty"` // ok; not connected: nobody put in a credential; failing: Error says why
	Error      string      `json:"error,omitempty"`
	Account    string      `json:"account,omitempty"` // id, as the system gives it
	Label      string      `json:"label,omitempty"`   // the account's own name
	Production *bool       `json:"production,omitempty"`
	Currency   string      `json:"currency,omitempty"`
	TimeZone   string      `json:"time_zone,omitempty"`
	Objects    []string    `json:"objects,omitempty"`
	CallsLeft  []Allowance `json:"calls_left,omitempty"`
}

// Settings are what the deployment's configuration says, without credentials. They are changed in the configuration file,
// and count from the next start.
type Settings struct {
	Approval    string                       `json:"approval"` // two, or single for a team of one
	Listen      string                       `json:"listen"`
	PublicURL   string                       `json:"public_url"` // where systems send webhooks: PUBLIC_URL/webhooks/CONNECTION
	PollSeconds int                          `json:"poll_seconds"`
	Connections map[string]ConnectionSetting `json:"connections"`
	Roles       map[string]string            `json:"roles"`
	Acceptance  int                          `json:"acceptance"` // rounds before a mapping goes live
	Tell        []string                     `json:"tell"`       // addresses that are told of everything
	Mappings    map[string]MappingSetting    `json:"mappings"`
	Epoch       int                          `json:"epoch"`     // one more after each restore from a backup
	Reconcile   map[string]string            `json:"reconcile"` // daily or monthly, by mapping
	Retention   map[string]string            `json:"retention"` // days (90d) or never dropped, by class: documents, others, values, runs
}

// MappingSetting is what the configuration says of one mapping.
type MappingSetting struct {
	Tell       []string `json:"tell"` // addresses that are told of what concerns it
	Acceptance *int     `json:"acceptance,omitempty"`
}

// ConnectionSetting is how one connection is configured.
type ConnectionSetting struct {
	System  string `json:"system"`
	Base    string `json:"base"`
	Auth    string `json:"auth"`              // key or oauth
	Account string `json:"account,omitempty"` // the only account that is taken
	Edition string `json:"edition,omitempty"`
	Limits  string `json:"limits,omitempty"`
}

// connectionsAsked answers with what each account says now; one that does not answer is shown as failing, with why.
func (a *api) connectionsAsked(r *http.Request) (any, error) {
	out := a.connections()
	for n := range out {
		c := &out[n]
		c.ask(r.Context(), a.Connections[c.Name])
		for _, left := range a.callsLeft() {
			if left.Connection == c.Name {
				c.CallsLeft = append(c.CallsLeft, left)
			}
		}
	}
	return map[string][]Connection{"connections": out}, nil
}

// notConnected is the state of a connection that nobody put a credential in for.
const notConnected = "not connected"

// askWithin is how long one account may take to say who it is.
const askWithin = 10 * time.Second

func (c *Connection) ask(ctx context.Context, conn connector.Connector) {
	c.Objects = conn.Objects()
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	account, err := conn.Account(ctx)
	if engine.NotConnected(err) {
		c.State = notConnected
		return
	}
	if err != nil {
		c.State, c.Error = "failing", err.Error()
		return
	}
	c.State, c.Account, c.Label, c.Production, c.Currency, c.TimeZone = "ok", account.ID, account.Name, &account.Production, account.Currency, account.TimeZone
}

// connections are the accounts by name, from the configuration alone.
func (a *api) connections() []Connection {
	out := []Connection{}
	for _, name := range slices.Sorted(maps.Keys(a.Connections)) {
		c := Connection{Name: name, System: a.Settings.Connections[name].System}
		for _, role := range slices.Sorted(maps.Keys(a.Roles)) {
			if a.Roles[role] == name {
				c.Roles = append(c.Roles, role)
			}
		}
		out = append(out, c)
	}
	return out
}

func (a *api) settings(*http.Request) (any, error) {
	s := a.Settings
	s.Connections, s.Roles, s.Retention = there(s.Connections), there(s.Roles), there(s.Retention)
	s.Mappings, s.Reconcile, s.Tell = there(s.Mappings), there(s.Reconcile), append([]string{}, s.Tell...)
	return s, nil
}
