package salespad

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Config of a connector. Connection, Client and Sessions are required.
type Config struct {
	Connection string       // the name refs carry
	Client     *rest.Client // base https://salespad.example.com:5501, without Tokens; budget in its Gate
	Sessions   *Sessions    // on the same Client
	Profile    *Profile     // nil: the one of this package

	Company    string            // GP company database (TWO), of a server with several; part of the account's id (T18)
	Name       string            // of the company, for people
	Test       bool              // a test company
	Currency   string            // ISO 4217 functional currency; the API tells only GP's ids
	Currencies map[string]string // GP currency id to ISO 4217: {"Z-US$": "USD"}
	TimeZone   string            // IANA, the server's; "" is UTC
	Queues     []string          // workflow queues: feeds of documents then bring what stands in these, each time whole
	Pages      map[string]string // by object: address of a record's page with {id}; SalesPad publishes none

	Overlap     time.Duration // how late a change may become visible; 0: 10 min (SalesPad's Minimum Date Offset Minutes)
	LookBack    time.Duration // how far feeds reach back once every LookEvery (SalesPad's Export Range Days): edits of user fields alone move no stamp; 0: not
	LookEvery   time.Duration // 0: a day
	FullEvery   time.Duration // feeds read everything again so often; 0: never; objects without any stamp: an hour
	Settle      time.Duration // how long after a create a list may hide it; 0: 60 s
	Deadline    time.Duration // how long a request may run on at the server after we gave up; 0: the client's
	Concurrency int           // calls under way at once; 0: DefaultConcurrency
	Page        int           // rows of a page; 0: the profile's
}

// String keeps what is none of a log's business out of it.
func (c Config) String() string { return "salespad connection " + c.Connection }

// GoString is String.
func (c Config) GoString() string { return c.String() }

// Connector is one Dynamics GP company behind one SalesPad server. It is safe for concurrent use.
type Connector struct {
	Config
	free  chan struct{} // one for each call that may be under way
	users learnt

	unordered atomic.Bool // a filter that compares texts was refused: keys are asked for one by one
}

var (
	_ connector.Connector   = (*Connector)(nil)
	_ connector.Writer      = (*Connector)(nil)
	_ connector.Finder      = (*Connector)(nil)
	_ connector.Looker      = (*Connector)(nil)
	_ connector.Provisioner = (*Connector)(nil)
	_ connector.Rights      = (*Connector)(nil)
	_ connector.Namer       = (*Connector)(nil)
)

// New makes a connector and names the setting that is wrong, if one is. It makes no call.
func New(c Config) (*Connector, error) {
	if c.Connection == "" || c.Client == nil || c.Sessions == nil {
		return nil, errors.New("salespad: connection name, client and sessions are required")
	}
	if err := rest.CheckBase(c.Client.Base); err != nil {
		return nil, err
	}
	if c.Profile == nil {
		p, err := LoadProfile(nil)
		if err != nil {
			return nil, err
		}
		c.Profile = p
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&c.Overlap, 10 * time.Minute}, {&c.Settle, time.Minute}, {&c.Deadline, c.Client.Deadline}, {&c.LookEvery, 24 * time.Hour}} {
		*d.value = cmp.Or(*d.value, d.usual)
		if *d.value < 0 {
			return nil, errors.New("salespad: overlap, settle, deadline and look-back must not be negative")
		}
	}
	c.Concurrency, c.Page = cmp.Or(c.Concurrency, DefaultConcurrency), cmp.Or(c.Page, c.Profile.Page)
	switch {
	case c.Concurrency < 1 || c.Concurrency > 64:
		return nil, errors.New("salespad: concurrency: use 1 to 64 calls at once")
	case c.Page < 2 || c.Page > 1000:
		return nil, errors.New("salespad: page: use 2 to 1000 rows")
	case c.LookBack < 0 || c.FullEvery < 0:
		return nil, errors.New("salespad: look_back and full_every must not be negative")
	}
	for _, q := range c.Queues {
		if !sayable(q) || len(q) > 15 {
			return nil, errors.New("salespad: queues: a queue has a name of 1 to 15 characters, as its batch in GP")
		}
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		return nil, errors.New("salespad: time_zone: write an IANA name, for example America/Chicago")
	}
	return &Connector{Config: c, free: make(chan struct{}, c.Concurrency)}, nil
}

// Objects lists what the profile knows.
func (c *Connector) Objects() []string {
	var out []string
	for name := range c.Profile.Objects {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// aliases are other names an object answers to: the engine names the lines of a document it writes after the document.
var aliases = map[string]string{"sales-documents/lines": "sales-document-lines", "sales-documents/sales-document-lines": "sales-document-lines"}

// object finds an object or says that there is none.
func (c *Connector) object(op, name string) (*Object, error) {
	if o := c.Profile.Objects[cmp.Or(aliases[name], name)]; o != nil {
		return o, nil
	}
	return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such object", Fields: []string{"object"}}
}

func (c *Connector) ref(o *Object, id string) record.Ref {
	return record.Ref{Connection: c.Connection, Object: o.name, ID: id}
}

// URL gives the address of a record's page where the configuration has a pattern for it: SalesPad is a desktop program.
func (c *Connector) URL(ref record.Ref) string {
	o, pattern := c.Profile.Objects[ref.Object], c.Pages[ref.Object]
	if o == nil || pattern == "" {
		return ""
	}
	if _, ok := o.parseKey(ref.ID); !ok {
		return ""
	}
	return strings.ReplaceAll(pattern, "{id}", url.PathEscape(ref.ID))
}

// path gives the address of one record and its route for counting.
func (o *Object) path(parts []string) (path, route string) {
	path, route = "/api/"+o.One, "/api/"+o.One
	for i, p := range parts {
		path += "/" + url.PathEscape(p)
		route += "/{" + o.Key[i] + "}"
	}
	return path, route
}

// call sends a request under the shared session. A session that is no longer good is replaced once, and the request, which
// was refused before it was carried out, repeated. Every error is a *connector.Error.
func (c *Connector) call(ctx context.Context, op string, o *Object, r rest.Request) (rest.Answer, error) {
	if err := ctx.Err(); err != nil {
		return rest.Answer{}, unanswered(op, &rest.NoAnswerError{Err: err})
	}
	select {
	case c.free <- struct{}{}:
	case <-ctx.Done():
		return rest.Answer{}, unanswered(op, &rest.NoAnswerError{Err: ctx.Err()})
	}
	defer func() { <-c.free }()
	session, err := c.Sessions.Session(ctx)
	if err != nil {
		return rest.Answer{}, c.notLoggedIn(op, err, nil)
	}
	a, err := c.send(ctx, op, o, r, session)
	refusal := asError(err)
	if err == nil || !sessionLost(a, refusal) {
		return a, err
	}
	fresh, failed := c.Sessions.Again(ctx, session)
	if failed != nil {
		return a, c.notLoggedIn(op, failed, refusal)
	}
	a, err = c.send(ctx, op, o, r, fresh)
	if again := asError(err); err != nil && sessionLost(a, again) && again.Code != "" && meanings[again.Code] == connector.Unauthorized {
		return a, stolen(op, throttlePause, again)
	}
	return a, err
}

// notLoggedIn is the error of a call that found no session. Nothing of it was carried out.
func (c *Connector) notLoggedIn(op string, err error, refusal *connector.Error) error {
	var taken *stolenError
	if errors.As(err, &taken) {
		if refusal == nil {
			refusal = &connector.Error{Op: op, Code: codeElsewhere}
		} else if meanings[refusal.Code] != connector.Unauthorized {
			return refusal // not a session's matter: 401 whatever the session
		}
		return stolen(op, taken.after, refusal)
	}
	e := *asError(err)
	var lost *rest.NoAnswerError
	if !errors.As(err, &lost) || lost.Sent { // the log-in may have arrived; what it was for was not sent
		e.Err = &rest.NoAnswerError{Err: errors.Join(errors.New(e.Op), e.Err)}
	}
	e.Op = op
	return &e
}

func (c *Connector) send(ctx context.Context, op string, o *Object, r rest.Request, session string) (rest.Answer, error) {
	r.Bucket = BucketCalls
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Session-ID", session)
	r.Header = header
	a, err := c.Client.Do(ctx, r)
	if err == nil && a.OK() && len(a.Body) == 0 && r.Safe { // under load the server answers nothing at all (fact sheet 7)
		a, err = c.Client.Do(ctx, r)
	}
	if err != nil {
		return a, unanswered(op, err)
	}
	if a.OK() {
		return a, nil
	}
	e := refused(op, o, a)
	if e.Fault == connector.Throttled {
		c.Client.Block(BucketCalls, time.Now().Add(e.After))
	}
	return a, e
}

// one sends a request that is answered by one JSON object.
func (c *Connector) one(ctx context.Context, op string, o *Object, r rest.Request) (row, rest.Answer, error) {
	a, err := c.call(ctx, op, o, r)
	if err != nil {
		return nil, a, err
	}
	got, ok := readRow(a.Body)
	if !ok {
		return nil, a, nonsense(op, a)
	}
	return got, a, nil
}

// page is one page of a list. left is how many rows match from its first on, -1 where the server does not say.
type page struct {
	rows   []row
	left   int
	answer rest.Answer
}

// list reads one page of a list.
func (c *Connector) list(ctx context.Context, op string, o *Object, resource string, q query) (page, error) {
	return c.listAt(ctx, op, o, resource, "/api/"+resource, q)
}

// listAt is list for a resource whose path has a key in it; route is what it is counted as.
func (c *Connector) listAt(ctx context.Context, op string, o *Object, resource, route string, q query) (page, error) {
	got, a, err := c.one(ctx, op, o, rest.Request{Path: "/api/" + resource, Route: route, Query: q.values(), Safe: true})
	if e := asError(err); err != nil {
		if a.Status == http.StatusNotFound && e.Fault == connector.Missing {
			return page{}, noResource(op, resource, a.Status)
		}
		return page{}, err
	}
	p := page{left: -1, answer: a}
	if !decodeRows(got["Items"], &p.rows) {
		return page{}, nonsense(op, a)
	}
	if _, told := got["Count"]; told && q.count {
		if n := got.text("Count"); n != "" {
			p.left = max(int(got.whole("Count"))-q.skip, len(p.rows))
		}
	}
	return p, nil
}

// more tells whether rows follow a page. Where the server counts, its count says so; else only an empty page is the last,
// since a server may cut pages shorter than asked (fact sheet 4).
func (p page) more() bool {
	if p.left >= 0 {
		return p.left > len(p.rows) && len(p.rows) > 0
	}
	return len(p.rows) > 0
}

// maxRows is how many rows are read of one list before it is no longer a list of one record's children or of reference data.
const maxRows = 20000

// each reads a list to its end. A list whose rows move between pages is ordered by key, so that what is inserted repeats rows
// and what is deleted hides at most as many; callers ask again singly for what they miss.
func (c *Connector) each(ctx context.Context, op string, o *Object, resource string, q query, take func(row) error) error {
	q.top, q.count = c.Page, true
	for {
		p, err := c.list(ctx, op, o, resource, q)
		if err != nil {
			return err
		}
		for _, r := range p.rows {
			if err := take(r); err != nil {
				return err
			}
		}
		if !p.more() {
			return nil
		}
		if q.skip += len(p.rows); q.skip > maxRows {
			return &connector.Error{Fault: connector.Invalid, Op: op, Code: "the list has more than 20,000 rows"}
		}
	}
}
