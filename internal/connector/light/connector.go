package light

import (
	"cmp"
	"context"
	"errors"
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

// BucketCalls is the bucket all calls are charged to: 300 a minute for a key or token, 100,000 a day for the
// organisation, reset at midnight UTC (fact sheet 3).
const BucketCalls = "light/calls"

// Hosts are the host suffixes to which Light's redirects may take the credential: rest.Config.Hosts (fact sheet 1).
var Hosts = []string{"light.inc"}

// APIKeyHeader is the Authorization header of an API key: the key itself after the word Basic, not base64 of
// user:password (fact sheet 1). It is rest.Config.AuthHeader for connections by API key; OAuth tokens need none.
func APIKeyHeader(key string) string { return "Basic " + key }

// Config of a connector. Connection and Client are required.
type Config struct {
	Connection string       // the name refs carry
	Client     *rest.Client // base https://api.light.inc, credential, budget; see APIKeyHeader and Hosts
	Marker     string       // internal name of the TEXT custom property that carries our marker; "" is crosswalk_key

	Overlap  time.Duration     // how late a list may show a change; 0: 60 s
	Settle   time.Duration     // how long after a create a list may hide it; 0: 60 s
	Deadline time.Duration     // how long a request may run on at Light after we gave up; 0: 60 s
	Page     int               // records in one list call; 0: 200, the most Light takes
	Batch    int               // ids in one id:in filter; 0: 100
	Pages    map[string]string // by object: address of a record's page with {id}; Light publishes none
}

// Connector is one Light company. It is safe for concurrent use.
type Connector struct {
	Config
	props propertyCache
}

var (
	_ connector.Connector   = (*Connector)(nil)
	_ connector.Writer      = (*Connector)(nil)
	_ connector.Finder      = (*Connector)(nil)
	_ connector.Looker      = (*Connector)(nil)
	_ connector.Provisioner = (*Connector)(nil)
)

const (
	maxPage  = 200
	maxBatch = 100 // ids: about 3,900 characters of query, under the 8,000 that proxies commonly allow
)

// New makes a connector and names the setting that is wrong, if one is. It makes no call.
func New(c Config) (*Connector, error) {
	c.Marker = cmp.Or(c.Marker, "crosswalk_key")
	c.Overlap, c.Settle, c.Deadline = cmp.Or(c.Overlap, time.Minute), cmp.Or(c.Settle, time.Minute), cmp.Or(c.Deadline, rest.DefaultDeadline)
	c.Page, c.Batch = cmp.Or(c.Page, maxPage), cmp.Or(c.Batch, maxBatch)
	switch {
	case c.Connection == "" || c.Client == nil:
		return nil, errors.New("light: connection name and client are required")
	case c.Page < 1 || c.Page > maxPage:
		return nil, errors.New("light: page: Light takes 1 to 200 records a list call")
	case c.Batch < 1 || c.Batch > maxBatch:
		return nil, errors.New("light: batch: use 1 to 100 ids a call")
	case c.Overlap < 0 || c.Settle < 0 || c.Deadline < 0:
		return nil, errors.New("light: overlap, settle and deadline must not be negative")
	}
	return &Connector{Config: c}, nil
}

// Account tells which company the credential opens (fact sheet 9). Light publishes no sandbox and no time zone: its
// day ends at midnight UTC. Currencies are the company's and its entities' own.
func (c *Connector) Account(ctx context.Context) (connector.Account, error) {
	const op = "read account"
	company, _, err := c.object(ctx, op, rest.Request{Path: "/v1/companies/current", Route: "/v1/companies/current", Safe: true})
	if err != nil {
		return connector.Account{}, err
	}
	a := connector.Account{ID: company.text("id"), Name: company.text("name"), Currency: company.text("baseCurrency"), Production: true, TimeZone: "UTC"}
	if a.ID == "" {
		return connector.Account{}, nonsense(op)
	}
	entities, err := c.all(ctx, op, "/v1/entities", nil)
	if err != nil {
		return connector.Account{}, err
	}
	a.Currencies = []string{a.Currency}
	for _, e := range entities {
		if code := e.text("localCurrency"); code != "" {
			a.Currencies = append(a.Currencies, code)
		}
	}
	slices.Sort(a.Currencies)
	a.Currencies = slices.Compact(a.Currencies)
	return a, nil
}

// URL gives the address of a record's page where the configuration has a pattern for it: Light publishes none.
func (c *Connector) URL(ref record.Ref) string {
	pattern := c.Pages[ref.Object]
	if pattern == "" || !validID(ref.ID) {
		return ""
	}
	return strings.ReplaceAll(pattern, "{id}", url.PathEscape(ref.ID))
}

func (c *Connector) ref(o *object, id string) record.Ref {
	return record.Ref{Connection: c.Connection, Object: o.name, ID: id}
}

var idShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)
})

// validID tells whether Light can have given this id: a UUID. Others are not asked for: a list refuses the whole
// filter for one of them, and in a path it could lead elsewhere.
func validID(id string) bool { return idShape().MatchString(id) }

// call sends one request. Every error is a *connector.Error.
func (c *Connector) call(ctx context.Context, op string, r rest.Request) (rest.Answer, error) {
	r.Bucket = BucketCalls
	if r.Body != nil {
		r.ContentType = "application/json;charset=UTF-8"
	}
	answer, err := c.Client.Do(ctx, r)
	if err != nil {
		return answer, unanswered(op, err)
	}
	if !answer.OK() {
		return answer, c.refused(op, answer)
	}
	return answer, nil
}

// object sends a request that is answered by one JSON object.
func (c *Connector) object(ctx context.Context, op string, r rest.Request) (row, rest.Answer, error) {
	answer, err := c.call(ctx, op, r)
	if err != nil {
		return nil, answer, err
	}
	got, err := readRow(answer.Body)
	if err != nil {
		return nil, answer, nonsense(op)
	}
	return got, answer, nil
}
