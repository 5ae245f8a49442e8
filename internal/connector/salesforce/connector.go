package salesforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// MarkerField is the unique external id field that carries our marker (A5). It is deployed with the files that
// AppFiles writes; Provision looks for it.
const MarkerField = "crosswalk_key__c"

// DefaultVersion is the API version that is spoken unless the Config says otherwise (fact sheet 1).
const DefaultVersion = "67.0"

// Limits of one call (fact sheet 7 and 8).
const (
	maxCollection  = 200  // records of one collections call
	maxCollections = 5    // collections or queries inside one composite call
	maxPage        = 2000 // rows of one query answer
)

// What a duplicate rule with the action "allow and alert" does to our writes; rules that block always block (fact sheet 4.1).
const (
	DuplicatesRefuse = "refuse" // the row is refused and names the record it resembles
	DuplicatesAllow  = "allow"  // the row is saved
)

// Config of a connector. Connection and Client are required.
type Config struct {
	Connection string       // the name refs carry
	Client     *rest.Client // base https://MyDomain.my.salesforce.com, credential, budget; see package rest
	Version    string       // DefaultVersion when empty
	Trusted    []string     // further hosts the administrator vouches for as base (a proxy)
	Custom     []string     // custom objects in use, by API name: Project__c

	Org         string   // id of the org this connection is bound to (T18); messages of others are refused, "" refuses all
	UserID      string   // of our own user: records it made are Own; Account learns it where it may
	Currency    string   // ISO 4217, of a single-currency org that does not tell its own
	HookSecrets []string // last path element of outbound messages' address, newest first; none: all are refused
	// Trust, where it is set, says anew for each message and event what HookSecrets and Org are.
	Trust func(ctx context.Context) (secrets []string, org string)
	// Certificates are SHA-256 fingerprints, in hexadecimal, of the client certificates that outbound messages may be sent with;
	// none: whoever knows the secret address may send. Whether a certificate is genuine is checked by who ends the TLS.
	Certificates []string

	Duplicates string // DuplicatesRefuse when empty
	AutoAssign bool   // let the org's assignment rules choose the owner; Salesforce's own default, ours is not to (fact sheet 4.1)

	Overlap      time.Duration // how late a change may become visible; 0: 10 min (fact sheet 9)
	Settle       time.Duration // how long after a create a query may hide it; 0: 5 s
	DeletedEvery time.Duration // how often a feed asks for deleted records; 0: 15 min
	DescribeFor  time.Duration // how old a describe may be before Salesforce is asked whether it changed; 0: 10 min
	QuotaPause   time.Duration // how long nothing is sent after the day's calls are used up; 0: 15 min
	Page         int           // rows of one feed page; 0: 2,000
	Batch        int           // ids of one read; 0: 1,000
	Collection   int           // rows of one collection; 0: 200
}

// String keeps the secrets out of logs.
func (c Config) String() string { return "salesforce connection " + c.Connection }

// GoString keeps the secrets out of %#v.
func (c Config) GoString() string { return c.String() }

// Connector is one Salesforce org. It is safe for concurrent use.
type Connector struct {
	Config

	mu      sync.Mutex
	user    string                   // our own user's id, as Account learnt it
	schemas map[string]*schema       // by object name, as last described
	turns   map[string]chan struct{} // of objects being described now: closed when the answer is in
}

var (
	_ connector.Connector   = (*Connector)(nil)
	_ connector.Writer      = (*Connector)(nil)
	_ connector.Finder      = (*Connector)(nil)
	_ connector.Looker      = (*Connector)(nil)
	_ connector.Provisioner = (*Connector)(nil)
	_ connector.Receiver    = (*Connector)(nil)

	_ connector.EventReceiver = (*Connector)(nil)
)

var (
	versionForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[1-9][0-9]{1,2}\.0$`) })
	customForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*__c$`) })
)

// New makes a connector and names the setting that is wrong, if one is. It makes no call.
func New(c Config) (*Connector, error) {
	if c.Connection == "" || c.Client == nil {
		return nil, errors.New("salesforce: connection name and client are required")
	}
	if err := CheckBase(c.Client.Base, c.Trusted...); err != nil {
		return nil, fmt.Errorf("salesforce: %w", err)
	}
	c.Version = strings.TrimPrefix(cmp.Or(c.Version, DefaultVersion), "v")
	if !versionForm().MatchString(c.Version) {
		return nil, fmt.Errorf("salesforce: version %q: write it as %s", c.Version, DefaultVersion)
	}
	c.Duplicates = cmp.Or(c.Duplicates, DuplicatesRefuse)
	if c.Duplicates != DuplicatesRefuse && c.Duplicates != DuplicatesAllow {
		return nil, fmt.Errorf("salesforce: duplicates %q: use %s or %s", c.Duplicates, DuplicatesRefuse, DuplicatesAllow)
	}
	for _, name := range c.Custom {
		if !customForm().MatchString(name) {
			return nil, fmt.Errorf("salesforce: custom object %q: write its API name, which ends in __c", name)
		}
	}
	if err := c.ids(); err != nil {
		return nil, err
	}
	if err := c.defaults(); err != nil {
		return nil, err
	}
	return &Connector{Config: c, schemas: map[string]*schema{}, turns: map[string]chan struct{}{}}, nil
}

// ids brings the ids of the configuration into one form.
func (c *Config) ids() error {
	for _, d := range []struct {
		setting string
		id      *string
	}{{"org", &c.Org}, {"user", &c.UserID}} {
		if *d.id == "" {
			continue
		}
		id, ok := ID(*d.id)
		if !ok {
			return fmt.Errorf("salesforce: %s id: write the 15 or 18 characters Salesforce shows", d.setting)
		}
		*d.id = id
	}
	return nil
}

func (c *Config) defaults() error {
	for _, d := range []struct {
		setting string
		value   *time.Duration
		usual   time.Duration
	}{
		{"overlap", &c.Overlap, 10 * time.Minute}, {"settle", &c.Settle, 5 * time.Second}, {"deleted every", &c.DeletedEvery, 15 * time.Minute},
		{"describe for", &c.DescribeFor, 10 * time.Minute}, {"quota pause", &c.QuotaPause, 15 * time.Minute},
	} {
		*d.value = cmp.Or(*d.value, d.usual)
		if *d.value < 0 {
			return fmt.Errorf("salesforce: %s must not be negative", d.setting)
		}
	}
	for _, d := range []struct {
		setting string
		value   *int
		usual   int
		most    int
	}{{"page", &c.Page, maxPage, maxPage}, {"batch", &c.Batch, 1000, maxPage}, {"collection", &c.Collection, maxCollection, maxCollection}} {
		*d.value = cmp.Or(*d.value, d.usual)
		if *d.value < 1 || *d.value > d.most {
			return fmt.Errorf("salesforce: %s %d: Salesforce takes 1 to %d", d.setting, *d.value, d.most)
		}
	}
	return nil
}

// Objects lists what the connector knows: standard objects, and the custom ones it was told of.
func (c *Connector) Objects() []string { return append(standardObjects(), c.Custom...) }

// object gives an object's name in Salesforce's own spelling, or the error for one that is not known.
func (c *Connector) object(op, name string) (string, error) {
	for _, known := range c.Objects() {
		if known == name {
			return known, nil
		}
	}
	return "", &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such object"}
}

func (c *Connector) ref(object, id string) record.Ref {
	return record.Ref{Connection: c.Connection, Object: object, ID: id}
}

// URL gives the record's page: the org's own host sends a browser on to it.
func (c *Connector) URL(ref record.Ref) string {
	id, ok := ID(ref.ID)
	if !ok || !slices.Contains(c.Objects(), ref.Object) {
		return ""
	}
	return strings.TrimRight(c.Client.Base, "/") + "/" + id
}

// path is below the version's root. Ids and names in it are in their own alphabets, so nothing needs an escape.
func (c *Connector) path(tail string) string { return "/services/data/v" + c.Version + tail }

// route is path without the version and without ids, for counting.
const routeRoot = "/services/data/v{version}"

// call sends a request and decodes a 2xx answer into out, unless that is nil. Every error is a *connector.Error.
func (c *Connector) call(ctx context.Context, op string, r rest.Request, out any) (rest.Answer, error) {
	if r.Bucket == "" {
		r.Bucket = BucketCalls
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Sforce-Call-Options", "client="+ClientName)
	answer, err := c.Client.Do(ctx, r)
	if err != nil {
		return answer, unanswered(op, err)
	}
	if !answer.OK() {
		return answer, c.refused(op, r.Bucket, answer)
	}
	if out != nil {
		if err := decode(answer.Body, out); err != nil {
			return answer, malformed(op, answer)
		}
	}
	return answer, nil
}

// get reads one resource below the version's root.
func (c *Connector) get(ctx context.Context, op, tail, route string, query url.Values, out any) (rest.Answer, error) {
	return c.call(ctx, op, rest.Request{Path: c.path(tail), Route: routeRoot + route, Query: query, Safe: true}, out)
}

func malformed(op string, a rest.Answer) *connector.Error {
	return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer", Status: a.Status}
}

// ClientName is what Salesforce is told about who calls. Change events caused by our calls bear it in their origin
// (fact sheet 17.3).
const ClientName = "crosswalk"
