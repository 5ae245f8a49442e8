package engine

import (
	"context"
	"errors"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/plan"
)

// contact is what is known of a connection's credential.
type contact struct {
	Lost  time.Time `json:"lost,omitzero"`  // since when the system refuses it; zero while it is alive
	Asked time.Time `json:"asked,omitzero"` // when the system was last asked only to see
}

// fromConnection says which connection an error came from, where whoever called could not know: facts come from both sides.
type fromConnection struct {
	name string
	err  error
}

func (f *fromConnection) Error() string { return f.err.Error() }
func (f *fromConnection) Unwrap() error { return f.err }

func contactKey(connection string) table.Key { return table.Key{PK: "C#contact", SK: connection} }

const (
	askEvery     = time.Hour   // a connection that nothing else needs
	askAgain     = time.Minute // one that was lost
	expiresSoon  = 14 * 24 * time.Hour
	endsCategory = "expires_soon"
)

// lostContact notes that a system refused a connection's credential. Nothing is kept where nobody is told.
func (e *Engine) lostContact(ctx context.Context, connection string, err error) error {
	if e.Teller == nil || connection == "" || connector.FaultOf(err) != connector.Unauthorized {
		return nil
	}
	_, err = change(ctx, e, contactKey(connection), func(c *contact, _ bool) bool {
		if !c.Lost.IsZero() {
			return false
		}
		c.Lost, c.Asked = time.Now(), time.Now()
		return true
	})
	return err
}

// watchConnections asks a lost connection again every minute and a quiet one every hour; one that is back goes on at once.
// What stands about it is raised and lowered here alone.
func (e *Engine) watchConnections(ctx context.Context, now time.Time) error {
	var errs []error
	for _, name := range sortedNames(e.Connections) {
		got, err := getItem[contact](ctx, e.Table, contactKey(name))
		if err == nil {
			err = e.watchConnection(ctx, now, name, got)
		}
		errs = append(errs, err, e.watchExpiry(ctx, now, name))
	}
	return errors.Join(errs...)
}

func (e *Engine) watchConnection(ctx context.Context, now time.Time, name string, got stored[contact]) error {
	c := got.Value
	every := askEvery
	if !c.Lost.IsZero() {
		every = askAgain
		if err := e.Raise(ctx, Concern{Event: EventConnection, Connection: name, Category: plan.Disconnected, Name: name, Command: "crosswalk check"}); err != nil {
			return err
		}
	}
	if got.Rev != 0 && now.Sub(c.Asked) < every {
		return nil
	}
	wasLost := !c.Lost.IsZero()
	if got.Rev != 0 { // a start looks by itself
		_, err := e.Connections[name].Account(ctx)
		switch {
		case connector.FaultOf(err) == connector.Unauthorized:
			if c.Lost.IsZero() {
				c.Lost = now
			}
		case err == nil:
			c.Lost = time.Time{}
		}
	}
	c.Asked = now
	if err := e.putOne(ctx, contactKey(name), c, table.IfRev(got.Rev)); err != nil {
		if lost(err) {
			return nil // another process looked
		}
		return err
	}
	if !wasLost || !c.Lost.IsZero() {
		return nil
	}
	return e.regained(ctx, name)
}

// regained lets everything go on that waited for a connection.
func (e *Engine) regained(ctx context.Context, name string) error {
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	for _, f := range set.feeds(e.FeedEvery) {
		if f.connection != name {
			continue
		}
		_, err := change(ctx, e, feedKey(f.connection, f.object), func(v *feed, exists bool) bool {
			v.Next = time.Time{}
			return exists
		})
		if err != nil {
			return err
		}
	}
	if err := e.wake(ctx, "connection/"+name); err != nil {
		return err
	}
	return e.Lower(ctx, EventConnection, "", name)
}

// watchExpiry tells of a credential that ends soon, as the configuration says.
func (e *Engine) watchExpiry(ctx context.Context, now time.Time, name string) error {
	end, ok := e.Expires[name]
	if !ok {
		return nil
	}
	about := name + "/expires"
	if now.Before(end.Add(-expiresSoon)) {
		return e.Lower(ctx, EventConnection, "", about)
	}
	return e.Raise(ctx, Concern{Event: EventConnection, Connection: name, Category: endsCategory, Name: about, Command: "crosswalk connect " + name})
}
