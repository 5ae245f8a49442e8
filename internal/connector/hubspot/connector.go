package hubspot

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// MarkerField is the unique property that carries our marker (A5). Provision makes it.
const MarkerField = "crosswalk_key"

// Limits of one call (fact sheet 4 and 5). Lower ones can be set, higher ones are refused by HubSpot.
const (
	maxBatch        = 100
	maxSearchPage   = 200
	maxAssociations = 1000
	maxSearchBody   = 3000 // bytes
)

// Config of a connector. Connection and Client are required.
type Config struct {
	Connection string       // the name refs carry
	Client     *rest.Client // base, credential, budget; see package rest
	Version    string       // Version202609 when empty

	AppID   string   // of our own app: records and events it made are Own
	Secrets []string // client secrets of the app, newest first; several while one is being rotated
	Portal  string   // account id this connection is bound to (T18); webhooks of others are refused, "" refuses all
	UIHost  string   // host of record pages; "" until Account has told it
	// Trust says whose webhooks are let in, at each delivery: a secret is replaced and an account is bound while a process
	// runs. nil: Secrets and Portal as they stand here.
	Trust func(ctx context.Context) (secrets []string, portal string)

	Unmarked []string // objects that take no property with unique values here: their creates carry no marker

	Overlap         time.Duration // how long search may hide a change; 0: 60 s
	Settle          time.Duration // how long after a create HubSpot may hide it; 0: 120 s
	SearchPage      int           // 0: 200
	Batch           int           // 0: 100
	AssociationPage int           // 0: 1,000
}

// String keeps the secrets out of logs.
func (c Config) String() string { return "hubspot connection " + c.Connection }

// GoString keeps the secrets out of %#v.
func (c Config) GoString() string { return c.String() }

// Connector is one HubSpot account. It is safe for concurrent use.
type Connector struct {
	Config
	paths paths

	mu      sync.Mutex
	learned connector.Account              // zero until Account was answered
	zone    *time.Location                 // of the account, nil until then
	fields  map[string]map[string]property // by object, as last described
	schemas []Schema                       // of custom objects, as last read
	customs map[string]string              // names of custom objects in use -> type id
	bare    map[string]bool                // objects that were seen to take no marker
	listed  []wireForm                     // the forms, as listed when the round that began at round did
	round   int64
}

var (
	_ connector.Connector   = (*Connector)(nil)
	_ connector.Writer      = (*Connector)(nil)
	_ connector.Finder      = (*Connector)(nil)
	_ connector.Looker      = (*Connector)(nil)
	_ connector.Provisioner = (*Connector)(nil)
	_ connector.Receiver    = (*Connector)(nil)
	_ connector.Historian   = (*Connector)(nil)
)

// New makes a connector and names the setting that is wrong, if one is.
func New(c Config) (*Connector, error) {
	if c.Connection == "" || c.Client == nil {
		return nil, fmt.Errorf("hubspot: connection name and client are required")
	}
	for _, d := range []struct {
		setting   string
		value     *int
		otherwise int
	}{{"search page", &c.SearchPage, maxSearchPage}, {"batch", &c.Batch, maxBatch}, {"association page", &c.AssociationPage, maxAssociations}} {
		if *d.value == 0 {
			*d.value = d.otherwise
		}
		if *d.value < 1 || *d.value > d.otherwise {
			return nil, fmt.Errorf("hubspot: %s %d: HubSpot takes 1 to %d", d.setting, *d.value, d.otherwise)
		}
	}
	if c.Version == "" {
		c.Version = Version202609
	}
	p, ok := versions[c.Version]
	if !ok {
		return nil, fmt.Errorf("hubspot: version %q: use %s, %s or %s", c.Version, Version202609, Version202603, VersionLegacy)
	}
	if c.Overlap == 0 {
		c.Overlap = time.Minute
	}
	if c.Settle == 0 {
		c.Settle = 2 * time.Minute
	}
	if c.Overlap < 0 || c.Settle < 0 {
		return nil, fmt.Errorf("hubspot: overlap and settle must not be negative")
	}
	return &Connector{Config: c, paths: p, fields: map[string]map[string]property{}, customs: map[string]string{}, bare: map[string]bool{}}, nil
}

// Objects lists HubSpot's own objects that the connector knows, and custom objects by the names by which they are in use or,
// once Schemas was asked, by their base names.
func (c *Connector) Objects() []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.name)
	}
	out = append(out, Submissions)
	c.mu.Lock()
	defer c.mu.Unlock()
	var own []string
	for name := range c.customs {
		own = append(own, name)
	}
	for _, s := range c.schemas {
		if !slices.ContainsFunc([]string{s.Name, s.FullName, s.TypeID}, func(n string) bool { _, in := c.customs[n]; return in }) {
			own = append(own, s.Name)
		}
	}
	slices.Sort(own)
	return append(out, own...)
}

// kind finds the object without a call: one of HubSpot's own, or what may be a custom object, which resolve looks up.
func (c *Connector) kind(op, object string) (kind, error) {
	if object == Submissions {
		return submissionKind, nil
	}
	if k, ok := kindBy(func(k kind) bool { return k.name == object }); ok {
		return k, nil
	}
	k, ok := customKind(object)
	if !ok {
		return kind{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such object"}
	}
	if s, known := c.schema(object); known {
		k.typeID = s.TypeID
	}
	return k, nil
}

// end finds the object at the other end of an association, whose name may also be HubSpot's own in the singular.
func (c *Connector) end(op, object string) (kind, error) {
	if k, ok := kindNamed(object); ok {
		return k, nil
	}
	return c.kind(op, object)
}

func (c *Connector) ref(k kind, id string) record.Ref {
	return record.Ref{Connection: c.Connection, Object: k.name, ID: id}
}

// validID tells whether HubSpot can have given this id: a positive 64-bit integer. Others are not asked for: in a
// batch one of them would refuse all.
func validID(id string) bool {
	n, err := strconv.ParseInt(id, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == id
}

func (c *Connector) chunks(ids []string, size int) [][]string {
	return slices.Collect(slices.Chunk(ids, size))
}

// call sends a request and decodes a 2xx answer into out, unless that is nil. Every error is a *connector.Error.
func (c *Connector) call(ctx context.Context, op string, r rest.Request, out any) (rest.Answer, error) {
	if r.Bucket == "" {
		r.Bucket = BucketCalls
	}
	answer, err := c.Client.Do(ctx, r)
	if err != nil {
		return answer, unanswered(op, err)
	}
	if !answer.OK() {
		return answer, c.refused(op, r.Bucket, answer)
	}
	if out != nil {
		if err := decode(answer.Body, out); err != nil {
			return answer, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer", Status: answer.Status, Err: correlation(answer)}
		}
	}
	return answer, nil
}
