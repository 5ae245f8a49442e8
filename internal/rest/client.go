package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits that hold where the Config says nothing.
const (
	DefaultDeadline = 60 * time.Second // the slowest documented vendor call answers within 30 s
	DefaultMaxBody  = 16 << 20         // a page of 200 records with every property stays under 4 MB
	maxHops         = 5                // redirects followed for one request
)

// Tokens hands out the current credential. Renew is told which token was refused and gives another, or the same
// one when there is no other; all callers that hold one stale token share one renewal.
type Tokens interface {
	Token(ctx context.Context) (string, error)
	Renew(ctx context.Context, stale string) (string, error)
}

// Gate lets calls through at the pace the vendor allows. When the wait is too long to hold a worker its error has
// the method WaitUntil() (until time.Time, daily bool), which Do turns into a *WaitError. A nil Gate is no limit.
type Gate interface {
	Enter(ctx context.Context, bucket string, calls int) error
}

// Blocker is a Gate that can be told to send nothing to a bucket for a while (after a 429).
type Blocker interface {
	Block(bucket string, until time.Time)
}

// Config of a Client. Base and Tokens are required (Tokens may be nil for endpoints that take no credential).
type Config struct {
	Base       string                                 // https://api.hubapi.com; plain http only for loopback
	Hosts      []string                               // host suffixes a redirect may go to with the credential, e.g. "light.inc"
	Transport  http.RoundTripper                      // nil: a transport of its own
	Tokens     Tokens                                 // nil: no Authorization
	AuthHeader func(token string) string              // nil: "Bearer " + token
	Gate       Gate                                   // nil: no limit
	Deadline   time.Duration                          // of one try, body included; 0: DefaultDeadline
	MaxBody    int64                                  // bytes after decompression; 0: DefaultMaxBody
	UserAgent  string                                 // "" sends crosswalk
	Jitter     func() float64                         // in [0,1), from a seeded source; must be safe for concurrent use; nil: 0.5
	Count      func(method, route string, status int) // called once per try; status 0 when there was no answer
	Observe    func(bucket string, a Answer)          // sees every answer, for rate headers
}

// Client sends requests to one base URL. It is safe for concurrent use.
type Client struct {
	Config
	base *url.URL
	bad  error
}

// New makes a client. A bad base URL is told by the first Do, and before that by CheckBase.
func New(c Config) *Client {
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 16
		c.Transport = t
	}
	if c.AuthHeader == nil {
		c.AuthHeader = func(token string) string { return "Bearer " + token }
	}
	if c.Deadline <= 0 {
		c.Deadline = DefaultDeadline
	}
	if c.MaxBody <= 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.UserAgent == "" {
		c.UserAgent = "crosswalk"
	}
	if c.Jitter == nil {
		c.Jitter = func() float64 { return 0.5 }
	}
	client := &Client{Config: c}
	client.base, client.bad = parseBase(c.Base)
	return client
}

// Request is one call. A Safe request may be repeated without harm: reads and searches.
type Request struct {
	Method      string // "" is GET
	Path        string // below Base, already escaped, begins with /
	Route       string // the pattern for counting, without ids: /crm/objects/{type}/batch/read
	Query       url.Values
	Header      http.Header
	Body        []byte
	ContentType string // "" with a Body is application/json
	Bucket      string // of the budget; "" passes the gate by
	Calls       int    // what it costs there; 0 is 1
	Safe        bool
}

// Answer is what the vendor said, whatever the status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration // of the try that was answered
	Date   time.Time     // the vendor's own clock; zero when it did not tell
}

// OK tells whether the status is 2xx.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Stamp gives a lower bound for the modified stamp of what this answer wrote: the vendor's Date less the call's
// duration and one second (A3). Zero when the vendor sent no Date.
func (a Answer) Stamp() time.Time {
	if a.Date.IsZero() {
		return time.Time{}
	}
	return a.Date.Add(-a.Took - time.Second)
}

// Block tells the budget, when it listens, that the bucket is closed until then.
func (c *Client) Block(bucket string, until time.Time) {
	if b, ok := c.Gate.(Blocker); ok {
		b.Block(bucket, until)
	}
}

// Do sends the request and gives the vendor's answer. The error is a *NoAnswerError; its cause may be a
// *WaitError of the gate or what Tokens returned. A 401 renews the credential once and repeats the request,
// whatever it is: it was refused before it was carried out. Safe requests are repeated at most twice more.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	if c.bad != nil {
		return Answer{}, notSent(c.bad)
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	token, err := c.token(ctx)
	if err != nil {
		return Answer{}, notSent(err)
	}
	answer, err := c.try(ctx, r, token)
	if err != nil || answer.Status != http.StatusUnauthorized || c.Tokens == nil {
		return answer, err
	}
	fresh, err := c.Tokens.Renew(ctx, token)
	if err != nil {
		return Answer{}, notSent(err)
	}
	if fresh == token {
		return answer, nil
	}
	return c.try(ctx, r, fresh)
}

func (c *Client) token(ctx context.Context) (string, error) {
	if c.Tokens == nil {
		return "", nil
	}
	return c.Tokens.Token(ctx)
}

// address puts base, path and query together. The path is taken as escaped.
func (c *Client) address(r Request) (*url.URL, error) {
	u := *c.base
	raw := strings.TrimSuffix(c.base.EscapedPath(), "/") + r.Path
	path, err := url.PathUnescape(raw)
	if err != nil {
		return nil, errBadPath
	}
	u.Path, u.RawPath = path, raw
	u.RawQuery = r.Query.Encode()
	return &u, nil
}
