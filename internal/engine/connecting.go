package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
)

// Way is how a connection's credential comes in.
type Way struct {
	Connection string
	System     string
	Consent    bool // a person consents at the vendor (OAuth); otherwise a key is handed over
}

// Consent is where a person is sent to agree, and what they are asked for.
type Consent struct {
	Address string
	Client  string   // id of the app that asks
	Scopes  []string // named in the address
}

// ConsentAsk is what goes into the address of a consent page.
type ConsentAsk struct{ State, Redirect, Challenge string }

// Code is what a vendor's consent page sent back, with what the trade for tokens needs.
type Code struct {
	Client, Code, Redirect, Verifier string
	Replace                          bool // another account than the bound one is taken where nothing is lost by it
	Actor                            string
}

// Supply is what a person hands over. Empty parts leave what is there.
type Supply struct {
	Key                    string
	ClientID, ClientSecret string
	WebhookSecrets         []string // newest first
	Replace                bool
	Actor                  string
}

// Opened is the account that a credential turned out to open.
type Opened struct {
	Connection, System string
	Account, Label     string
	Production         bool
	First              bool     // the connection is bound to this account from now on
	Missing            []string // of the scopes asked for, those that were not granted
}

// Dropped is what became of a disconnected connection.
type Dropped struct {
	Connection, System, Account string
	Revoked                     bool     // at the vendor
	ByHand                      string   // what a person still has to do there; "" for nothing
	Stops                       []string // mappings that may not write until it is connected again
}

// AppFile is one file of an app that is registered at a vendor.
type AppFile struct{ Path, Text string }

// App is what somebody registers at a vendor so that a connection can be made.
type App struct {
	Files    []AppFile
	Scopes   []string
	Redirect string // where the consent page sends people back to; "" for an app with a key
	Webhook  string // where the vendor sends its webhooks
	Next     []string
}

// GrantError is a consent, or a trade of its code, that was refused. Its parts are sentences for the person at the browser and
// quote nothing of the request.
type GrantError struct {
	Code  string // the vendor's or ours, a word
	What  string // what was refused
	Who   string // who can grant it
	Again string // how to try again
	Err   error
}

func (e *GrantError) Error() string { return "consent refused: " + e.Code + ": " + e.What }

func (e *GrantError) Unwrap() error { return e.Err }

// OtherAccountError is a credential that opens another account than the one a connection is bound to (T18).
type OtherAccountError struct {
	Connection, Bound, Opens string
	Configured               bool // the configuration demands Bound
}

func (e *OtherAccountError) Error() string {
	if e.Configured {
		return fmt.Sprintf("connection %s: its credential opens account %s, the configuration says %s; use the right credential, or name another connection", e.Connection, e.Opens, e.Bound)
	}
	return fmt.Sprintf("connection %s: bound to account %s, its credential opens %s; another account is another connection", e.Connection, e.Bound, e.Opens)
}

// BoundTo is the account that a connection is bound to, "" before the first connect.
func (e *Engine) BoundTo(ctx context.Context, connection string) (string, error) {
	got, err := getItem[boundAccount](ctx, e.Table, connectionKey(connection))
	return got.Value.Account, err
}

// Accounts gives the accounts that the connections are bound to, in one read; one that is bound to none is left out.
func (e *Engine) Accounts(ctx context.Context) (map[string]string, error) {
	var keys []table.Key
	for _, name := range slices.Sorted(maps.Keys(e.Connections)) {
		keys = append(keys, connectionKey(name))
	}
	bound, err := getItems[boundAccount](ctx, e.Table, keys)
	out := map[string]string{}
	for name := range e.Connections {
		if b, ok := bound[connectionKey(name)]; ok && b.Value.Account != "" {
			out[name] = b.Value.Account
		}
	}
	return out, err
}

// Rebind binds a connection to another account, which is allowed only while nothing is kept of its records: no link and no
// feed that was read. Ids of two accounts overlap, so that links of the one would join strangers of the other; where
// something is kept, the other account is another connection.
func (e *Engine) Rebind(ctx context.Context, connection, account string) error {
	refused := func(what string) error {
		return &RefusedError{Why: fmt.Sprintf("connection %s keeps %s; bound to another account they would mean other records", connection, what),
			Fix: "name the other account as another connection in the configuration, and bind the role to it"}
	}
	c, ok := e.Connections[connection]
	if !ok {
		return &NotFoundError{What: "connection", Name: connection}
	}
	for _, object := range c.Objects() {
		got, err := getItem[feed](ctx, e.Table, feedKey(connection, object))
		if err != nil {
			return err
		}
		if got.Rev != 0 {
			return refused("what it read of " + object)
		}
	}
	linked, err := e.anyLink(ctx, connection)
	if err != nil {
		return err
	}
	if linked {
		return refused("links of its records")
	}
	_, err = change(ctx, e, connectionKey(connection), func(b *boundAccount, _ bool) bool {
		b.Account, b.At = account, time.Now()
		return true
	})
	return err
}

// anyLink tells whether anything at all is kept about a record of the connection.
func (e *Engine) anyLink(ctx context.Context, connection string) (bool, error) {
	for q := (LinkQuery{Limit: MaxLinks}); ; {
		page, err := e.Links(ctx, q)
		if err != nil {
			return false, err
		}
		for _, l := range page.Links {
			if l.A.Connection == connection || l.B.Connection == connection {
				return true, nil
			}
		}
		if q.After = page.Next; q.After == "" {
			return false, nil
		}
	}
}

// Reconnected lets everything go on at once that waited for a connection: a person put in a credential that works. Where it
// fails, or may not (a function without a queue), the connection stays lost, and the next minute's look does it.
func (e *Engine) Reconnected(ctx context.Context, connection string) error {
	if err := e.regained(ctx, connection); err != nil {
		return err
	}
	_, err := change(ctx, e, contactKey(connection), func(c *contact, exists bool) bool {
		if !exists {
			return false
		}
		c.Lost, c.Asked = time.Time{}, time.Now()
		return true
	})
	return err
}

// Kinds of decisions about connections.
const (
	DecidedConnect    = "connect"
	DecidedDisconnect = "disconnect"
)

// NoteConnection keeps for ever who connected which account, or disconnected it.
func (e *Engine) NoteConnection(ctx context.Context, kind, connection, account, actor string) error {
	return e.decided(ctx, Decision{Kind: kind, Actor: actor, Note: connection + ": account " + account})
}

// WritersOver are the mappings that may write now and have an end at the connection: they stop when it is disconnected.
func (e *Engine) WritersOver(ctx context.Context, connection string) ([]string, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range set.names {
		a := set.byName[name]
		writes := a.Head.Running != 0 && (a.Head.Status == mapping.Live || a.Head.Status == mapping.Pilot)
		if writes && (a.ConnA == connection || a.ConnB == connection) {
			out = append(out, name)
		}
	}
	return out, nil
}

// Needs are what the newest versions of all mappings ask of a connection, by object, sorted.
func (e *Engine) Needs(ctx context.Context, connection string) ([]connector.Need, error) {
	set, err := e.mappingsOf(ctx, func(h Head) int { return h.Latest }, e.bind)
	if err != nil {
		return nil, err
	}
	needs := needs{}
	for _, name := range set.names {
		needs.add(set.byName[name], connection)
	}
	return needs.sorted(), nil
}

// NeedsOf is Needs of documents that are not applied. A document whose roles are bound to no connection asks for nothing.
func (e *Engine) NeedsOf(ctx context.Context, connection string, documents [][]byte) ([]connector.Need, error) {
	needs := needs{}
	for _, yaml := range documents {
		m, err := e.Compile(yaml)
		if err != nil {
			return nil, err
		}
		a := &Active{Mapping: m}
		for _, end := range []struct {
			role string
			into *string
		}{{m.A.Connection, &a.ConnA}, {m.B.Connection, &a.ConnB}} {
			if name, _, err := e.connection(end.role); err == nil {
				*end.into = name
			}
		}
		if a.ConnA != "" && a.ConnB != "" {
			needs.add(a, connection)
		}
	}
	return needs.sorted(), nil
}

// needs by object.
type needs map[string]*connector.Need

func (n needs) sorted() []connector.Need {
	var out []connector.Need
	for _, object := range sortedNames(n) {
		one := *n[object]
		one.Reads, one.Writes = distinct(one.Reads), distinct(one.Writes)
		slices.Sort(one.Reads)
		slices.Sort(one.Writes)
		out = append(out, one)
	}
	return out
}

func (n needs) of(object string) *connector.Need {
	if n[object] == nil {
		n[object] = &connector.Need{Object: object}
	}
	return n[object]
}

// add notes what a mapping asks of either of its ends that is at the connection, on each of its ways.
func (n needs) add(a *Active, connection string) {
	n.addWay(a, connection)
	if home := a.Turn(); home != nil {
		n.addWay(&Active{Mapping: home, ConnA: a.ConnB, ConnB: a.ConnA}, connection)
	}
}

func (n needs) addWay(a *Active, connection string) {
	if a.ConnA == connection {
		n.addSource(a)
	}
	if a.ConnB == connection {
		b := n.of(a.B.Object)
		b.Reads = append(b.Reads, mapping.WantedB(a.Mapping)...)
		b.Write, b.Marker = true, b.Marker || a.AToB.Create.When != "never"
		for _, f := range a.Fields {
			b.Writes = append(b.Writes, f.B)
		}
	}
}

func (n needs) addSource(a *Active) {
	w := mapping.Wanted(a.Mapping, nil)
	from := n.of(a.A.Object)
	from.Watch = true
	from.Reads = append(from.Reads, w.A...)
	for _, f := range a.WriteBack {
		from.Write = true
		from.Writes = append(from.Writes, f.A...)
	}
	for _, r := range a.With {
		related := n.of(r.Object)
		related.Reads = append(related.Reads, w.Related[r.Name]...)
	}
	for _, o := range a.Watch {
		n.of(o.Object).Watch = true
	}
	if a.Children != nil {
		lines := n.of(a.Children.A)
		lines.Watch = true
		lines.Reads = append(lines.Reads, w.Lines...)
	}
}

// notConnected is the code of a connector's error while its connection has no credential.
const notConnected = "not_connected"

// NotConnected tells whether an error means that nobody has put in a credential yet, or that it was taken away.
func NotConnected(err error) bool {
	var e *connector.Error
	return errors.As(err, &e) && e.Fault == connector.Unauthorized && e.Code == notConnected
}
