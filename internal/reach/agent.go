package reach

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// AgentConfig of an Agent. All but Host, Transport, Allow, AtOnce and Log are required.
type AgentConfig struct {
	Connection string // as the product's configuration names it
	Keys       []Key  // newest first
	Mail       Mail
	Journal    *Journal
	Base       string            // scheme and host of the server, http://127.0.0.1:5501; plain http never leaves this network
	Host       string            // as the product's configuration writes the host; "": that of Base
	Transport  http.RoundTripper // nil: a transport of its own
	Allow      Allow             // nil: Standard
	AtOnce     int               // requests under way at the server; 0: 4
	Log        *slog.Logger
}

// Agent stands beside a server and answers requests that come by mail. Make it with NewAgent.
type Agent struct {
	AgentConfig
	base *url.URL
	free chan struct{}
}

// NewAgent makes an agent and names the setting that is wrong, if one is. It calls nobody.
func NewAgent(c AgentConfig) (*Agent, error) {
	u, err := url.Parse(c.Base)
	switch {
	case c.Connection == "" || len(c.Keys) == 0 || c.Mail == nil || c.Journal == nil:
		return nil, errors.New("reach: connection, keys, mail and journal are required")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
		return nil, errors.New("base: write scheme and host of the server alone, for example http://127.0.0.1:5501")
	case c.AtOnce < 0 || c.AtOnce > 64:
		return nil, errors.New("at_once: use 1 to 64 requests")
	}
	if c.Allow == nil {
		c.Allow = Standard
	}
	if err := c.Allow.Check(); err != nil {
		return nil, err
	}
	if c.Host == "" {
		c.Host = u.Host
	}
	if c.AtOnce == 0 {
		c.AtOnce = 4
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost, t.Proxy = c.AtOnce, nil // the server is next to us
		c.Transport = t
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Agent{AgentConfig: c, base: u, free: make(chan struct{}, c.AtOnce)}, nil
}

// Run takes requests until ctx ends, and then finishes what is under way: each has its own deadline. It has no error: what fails is
// logged and tried again, for it is somebody else's fault.
func (a *Agent) Run(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	for pause := firstPause; ctx.Err() == nil; {
		select { // nothing is taken that could not be begun
		case a.free <- struct{}{}:
			<-a.free
		case <-ctx.Done():
			return
		}
		letters, err := a.Mail.Receive(ctx)
		if err != nil {
			if ctx.Err() == nil {
				a.Log.Warn("no requests can be taken", "error", err)
				rest(ctx, pause)
				pause = min(2*pause, longPause)
			}
			continue
		}
		pause = firstPause
		for _, l := range letters {
			a.free <- struct{}{}
			working.Go(func() {
				defer func() { <-a.free }()
				a.serve(context.WithoutCancel(ctx), l)
			})
		}
	}
}

// serve carries out one letter. It is taken off the queue first: what was begun is never begun again.
func (a *Agent) serve(ctx context.Context, l Letter) {
	s, err := read(l.Body)
	var r Request
	var key Key
	if err == nil {
		key, r.Body, err = s.open(a.Keys, kindRequest, a.Connection, MaxRequest, &r)
	}
	if err == nil {
		err = s.timely(time.Now())
	}
	done, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	if gone := a.Mail.Done(done, l); gone != nil && err == nil {
		a.Log.Warn("a request could not be taken off the queue; the journal keeps it from being begun twice", "error", gone)
	}
	if err != nil {
		a.Log.Warn("a letter was dropped", "why", err)
		return
	}
	until := time.UnixMilli(s.Until)
	first, err := a.Journal.begin(s.ID, until, r.Method != http.MethodGet && r.Method != http.MethodHead)
	if err != nil {
		a.Log.Error("nothing that changes something can be begun", "error", err)
		a.answer(ctx, key, s.Cover, Answer{Fault: faultUnreached, Why: "the agent cannot write its journal"}, nil)
		return
	}
	if !first {
		a.Log.Warn("a request came twice and was begun once", "id", s.ID)
		return
	}
	ctx, end := context.WithDeadline(ctx, until)
	defer end()
	out, body := a.carry(ctx, r)
	a.Log.Info("request", "id", s.ID, "method", verb(r.Method), "status", out.Status, "fault", out.Fault)
	a.answer(ctx, key, s.Cover, out, body)
}

// returned are the headers that go back with an answer.
var returned = []string{"Content-Type", "Date", "Retry-After"}

// carry sends a request to the server, if it may be sent.
func (a *Agent) carry(ctx context.Context, r Request) (Answer, []byte) {
	if !strings.EqualFold(r.Host, a.Host) {
		return Answer{Fault: faultRefused, Why: "this agent stands beside another host than the connection's base names"}, nil
	}
	if why := a.Allow.refuses(r.Method, r.Path); why != "" {
		return Answer{Fault: faultRefused, Why: why}, nil
	}
	to := *a.base
	plainPath, err := url.PathUnescape(r.Path)
	if err != nil {
		return Answer{Fault: faultRefused, Why: "the path does not read"}, nil
	}
	to.Path, to.RawPath, to.RawQuery = plainPath, r.Path, r.Query
	var body io.Reader
	if len(r.Body) > 0 {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, to.String(), body)
	if err != nil {
		return Answer{Fault: faultRefused, Why: "the request does not read"}, nil
	}
	for name, values := range only(r.Header, carried) {
		req.Header[name] = values
	}
	res, err := a.Transport.RoundTrip(req)
	if err != nil {
		return fault(err), nil
	}
	defer res.Body.Close()
	got, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	if err != nil {
		return fault(err), nil
	}
	if len(got) > MaxAnswer {
		return Answer{Fault: faultTooLarge}, nil
	}
	return Answer{Status: res.StatusCode, Header: only(res.Header, returned)}, got
}

// fault judges a transport's error: what fails while a connection is being made was never sent.
func fault(err error) Answer {
	var op *net.OpError
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &name):
		return Answer{Fault: faultUnreached, Why: "the server's name has no address where the agent runs"}
	case errors.As(err, &cert):
		return Answer{Fault: faultUnreached, Why: "the agent does not accept the server's certificate"}
	case errors.As(err, &record):
		return Answer{Fault: faultUnreached, Why: "the server speaks no TLS at this port"}
	case errors.As(err, &op) && op.Op == "dial":
		return Answer{Fault: faultUnreached, Why: "the agent gets no connection to the server"}
	}
	return Answer{Fault: faultLost}
}

// answer seals and sends an answer, while it is worth something.
func (a *Agent) answer(ctx context.Context, key Key, to Cover, out Answer, body []byte) {
	cover := Cover{Kind: kindAnswer, Connection: a.Connection, ID: to.ID, Until: to.Until}
	letter, err := seal(key, cover, out, body)
	if errors.Is(err, errTooLarge) {
		letter, err = seal(key, cover, Answer{Fault: faultTooLarge}, nil)
	}
	if err != nil {
		a.Log.Error("an answer could not be sealed", "error", err)
		return
	}
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		if err = a.Mail.Send(ctx, letter); err == nil {
			return
		}
		rest(ctx, pause)
		if ctx.Err() != nil {
			a.Log.Warn("an answer could not be sent in time", "id", to.ID, "error", err)
			return
		}
	}
}
