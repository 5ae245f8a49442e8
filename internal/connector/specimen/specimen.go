// Package specimen is a connector to copy. Its system is invented: one account that holds things, spoken to in
// JSON over HTTP (specimentest plays it). Each method says what belongs there and why; the suite in connectortest
// says whether it is right. To add a connector: copy this folder, write the vendor's simulator from its
// documentation first, then change file by file until the suite passes.
//
// Read in this order: specimen.go (what it is), field.go (what it knows), value.go (JSON to values and back),
// fault.go (what errors mean), feed.go, read.go, write.go.
package specimen

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Config of a connector. Everything that may differ between accounts, deployments and tests is here; a connector
// reads no environment and no file.
type Config struct {
	Connection string      // the name refs carry
	Client     rest.Config // base URL, credential, budget, limits
	Pages      string      // base of the vendor's own pages, for URL; "" when there are none
}

// Connector is one account. It keeps no state between calls except what is cheap to lose, so that any number of
// workers may each have one.
type Connector struct {
	cfg    Config
	client *rest.Client
}

var (
	_ connector.Connector = (*Connector)(nil)
	_ connector.Writer    = (*Connector)(nil)
	_ connector.Finder    = (*Connector)(nil)
	_ connector.Looker    = (*Connector)(nil)
)

// New makes a connector; it makes no call.
func New(cfg Config) *Connector {
	return &Connector{cfg: cfg, client: rest.New(cfg.Client)}
}

// Limits of the vendor, each with where it is documented. They are constants because they are facts; a limit that
// differs between accounts belongs in Config.
const (
	batchRows = 50               // rows in one batch call, and in one page
	overlap   = 60 * time.Second // how late a list may show a change: the feed reaches back that far
	bucket    = "calls"          // the vendor's one rate limit, by the name the budget knows
)

// Account is the connection test as well: it must fail where the credential is bad. The id it gives is what the
// connection is bound to (T18), so it must be one that another account cannot have.
func (c *Connector) Account(ctx context.Context) (connector.Account, error) {
	const op = "read account"
	fields, _, err := c.object(ctx, op, rest.Request{Path: "/account", Route: "/account", Safe: true})
	if err != nil {
		return connector.Account{}, err
	}
	a := connector.Account{ID: text(fields, "id"), Name: text(fields, "name"), Currency: text(fields, "currency"), Production: true, TimeZone: "UTC"}
	if a.ID == "" {
		return connector.Account{}, nonsense(op)
	}
	a.Currencies = []string{a.Currency}
	return a, nil
}

// Objects lists what the connector knows, by the system's own plural names: users see these in mappings.
func (c *Connector) Objects() []string { return []string{"things"} }

// Describe gives the fields as they are in this account. A vendor with a schema endpoint is asked; what is fixed by
// its documentation is written down, as here.
func (c *Connector) Describe(_ context.Context, object string) (connector.Object, error) {
	if err := c.known(object, "describe"); err != nil {
		return connector.Object{}, err
	}
	return connector.Object{Name: "things", Label: "Things", Fields: slices.Clone(fields)}, nil
}

// known refuses names of objects that are not ours before any call is made with them.
func (c *Connector) known(object, op string) error {
	if object == "things" {
		return nil
	}
	return &connector.Error{Fault: connector.Invalid, Op: op, Fields: []string{"object"},
		Err: fmt.Errorf("specimen has no object %q: use things", object)}
}

// Tables lists reference data: small, read whole, joined by the engine.
func (c *Connector) Tables() []string { return []string{"colours"} }

// Table reads one of them. Rows are keyed by what records hold.
func (c *Connector) Table(ctx context.Context, name string) (connector.Table, error) {
	if name != "colours" {
		return connector.Table{}, &connector.Error{Fault: connector.Invalid, Op: "read table", Fields: []string{"table"},
			Err: fmt.Errorf("specimen has no table %q: use colours", name)}
	}
	rows, _, err := c.rows(ctx, "read colours", rest.Request{Path: "/colours", Route: "/colours", Safe: true})
	if err != nil {
		return connector.Table{}, err
	}
	t := connector.Table{Name: name}
	for _, row := range rows {
		t.Rows = append(t.Rows, connector.Row{Key: text(row, "key"), Label: text(row, "label")})
	}
	return t, nil
}

// URL leads a person to the record in the vendor's own pages; "" when the vendor publishes no such address.
func (c *Connector) URL(ref record.Ref) string {
	if c.cfg.Pages == "" || ref.Object != "things" || !goodID(ref.ID) {
		return ""
	}
	return c.cfg.Pages + "/things/" + url.PathEscape(ref.ID)
}

func (c *Connector) ref(id string) record.Ref {
	return record.Ref{Connection: c.cfg.Connection, Object: "things", ID: id}
}
