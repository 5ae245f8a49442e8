package reach

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RoadConfig of a Road. All but Log are required.
type RoadConfig struct {
	Connection string
	Mail       Mail
	Keys       func(ctx context.Context) ([]Key, error) // newest first; none is an error
	Log        *slog.Logger
}

// Road is the product's end: an http.RoundTripper to the one host that the agent of a connection stands beside. Make it with NewRoad. It
// is safe for concurrent use, and nothing of it runs while no request is under way.
type Road struct {
	RoadConfig
	mu      sync.Mutex
	waiting map[string]chan answered // by id
	past    map[string]time.Time     // ids that are no longer waited for, until when
	stop    context.CancelFunc       // of the reader that is running, if one is
	ended   chan struct{}
}

type answered struct {
	Answer
	body []byte
}

// NewRoad makes the product's end. It asks nothing yet.
func NewRoad(c RoadConfig) *Road {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Road{RoadConfig: c, waiting: map[string]chan answered{}, past: map[string]time.Time{}}
}

// usualLife is how long a request is worth something whose context has no deadline.
const usualLife = time.Minute

// carried are the headers that go with a request: what an API of this kind is asked with, and nothing of ours.
var carried = []string{"Accept", "Authorization", "Content-Type", "Session-Id", "User-Agent"}

// RoundTrip seals the request, sends it and waits. No answer in time is the context's error, as over a wire: the request may have been
// carried out. What certainly was not sent is a *net.OpError of a dial.
func (r *Road) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	until := time.Now().Add(usualLife)
	if end, ok := ctx.Deadline(); ok {
		until = end
	}
	if most := time.Now().Add(MaxLife - time.Second); until.After(most) {
		until = most
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	letter, id, err := r.write(ctx, req, until)
	if err != nil {
		return nil, unsent(err)
	}
	answers := r.await(id)
	defer r.leave(id, until)
	if err := r.Mail.Send(ctx, letter); err != nil {
		var not *UnsentError
		if errors.As(err, &not) {
			r.Log.Warn("the queue to the agent takes nothing", "connection", r.Connection, "error", err)
			return nil, unsent(err)
		}
		return nil, plain("it is not known whether the queue to the agent took the request")
	}
	select {
	case a := <-answers:
		return r.response(req, a)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// write makes the letter of a request.
func (r *Road) write(ctx context.Context, req *http.Request, until time.Time) (letter []byte, id string, err error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		if body, err = io.ReadAll(io.LimitReader(req.Body, MaxRequest+1)); err != nil {
			return nil, "", err
		}
	}
	if len(body) > MaxRequest {
		return nil, "", plain("the request is larger than 1 MiB, which the agent takes")
	}
	keys, err := r.Keys(ctx)
	if err != nil {
		return nil, "", err
	}
	if len(keys) == 0 {
		return nil, "", plain("the agent has no key yet: crosswalk agent key " + r.Connection)
	}
	head := Request{Method: req.Method, Host: req.URL.Host, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery, Header: only(req.Header, carried)}
	id = newID()
	letter, err = seal(keys[0], Cover{Kind: kindRequest, Connection: r.Connection, ID: id, Until: until.UnixMilli()}, head, body)
	return letter, id, err
}

func only(h http.Header, names []string) map[string][]string {
	out := map[string][]string{}
	for name, values := range h { // a caller may have set a name as the vendor writes it
		for _, n := range names {
			if strings.EqualFold(n, name) {
				out[n] = values
			}
		}
	}
	return out
}

// unsent is an error that says of itself that nothing was sent.
func unsent(err error) error { return &net.OpError{Op: "dial", Net: "agent", Err: err} }

// plain is a cause in our own words.
type plain string

func (p plain) Error() string { return string(p) }

// PlainText says that the text may be shown: it quotes nothing.
func (p plain) PlainText() bool { return true }

// await opens a place for the answer, and begins to read the mail if nobody does.
func (r *Road) await(id string) chan answered {
	r.mu.Lock()
	defer r.mu.Unlock()
	place := make(chan answered, 1)
	r.waiting[id] = place
	if r.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		r.stop, r.ended = stop, ended
		go func() {
			defer close(ended)
			r.readMail(ctx)
		}()
	}
	return place
}

// leave gives up the place. Who leaves last ends the reading and waits for that: a function may be frozen right after it.
func (r *Road) leave(id string, until time.Time) {
	r.mu.Lock()
	delete(r.waiting, id)
	now := time.Now()
	for old, end := range r.past {
		if now.After(end) {
			delete(r.past, old)
		}
	}
	r.past[id] = until.Add(maxSkew)
	if len(r.waiting) > 0 {
		r.mu.Unlock()
		return
	}
	stop, ended := r.stop, r.ended
	r.stop = nil
	r.mu.Unlock()
	stop()
	<-ended
}

// Pauses after a failure of the mail.
const (
	firstPause = 200 * time.Millisecond
	longPause  = 3 * time.Second
)

func (r *Road) readMail(ctx context.Context) {
	for pause := firstPause; ctx.Err() == nil; {
		letters, err := r.Mail.Receive(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("answers of the agent cannot be read", "connection", r.Connection, "error", err)
			rest(ctx, pause)
			pause = min(2*pause, longPause)
			continue
		}
		pause = firstPause
		for _, l := range letters {
			r.take(context.WithoutCancel(ctx), l)
		}
	}
}

// keepWithin is how long taking a letter off the mail may take.
const keepWithin = 5 * time.Second

// take gives one letter to whoever waits for it: here, or in another process.
func (r *Road) take(ctx context.Context, l Letter) {
	ctx, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	s, err := read(l.Body)
	if err == nil {
		err = s.timely(time.Now())
	}
	r.mu.Lock()
	place, ours := r.waiting[s.ID]
	_, over := r.past[s.ID]
	r.mu.Unlock()
	if err == nil && !ours && !over {
		if err := r.Mail.Back(ctx, l); err != nil { // it shows again by itself
			r.Log.Debug("an answer could not be given back", "connection", r.Connection, "error", err)
		}
		return
	}
	if err == nil && ours {
		var a answered
		var keys []Key
		if keys, err = r.Keys(ctx); err == nil {
			_, a.body, err = s.open(keys, kindAnswer, r.Connection, MaxAnswer, &a.Answer)
		}
		if err == nil {
			select {
			case place <- a:
			default: // it came twice
			}
		}
	}
	if err != nil {
		r.Log.Warn("a letter was dropped", "connection", r.Connection, "error", err)
	}
	if err := r.Mail.Done(ctx, l); err != nil { // it comes again, and is over then
		r.Log.Debug("an answer could not be taken off the queue", "connection", r.Connection, "error", err)
	}
}

// response turns what the agent says into what a transport says.
func (r *Road) response(req *http.Request, a answered) (*http.Response, error) {
	switch a.Fault {
	case "":
	case faultRefused:
		r.Log.Warn("the agent refused a request", "connection", r.Connection, "why", a.Why)
		a.Status, a.body = http.StatusForbidden, []byte(a.Why)
		a.Header = map[string][]string{"Content-Type": {"text/plain"}}
	case faultUnreached:
		r.Log.Warn("the agent does not reach the server", "connection", r.Connection, "why", a.Why)
		return nil, unsent(plain(a.Why))
	case faultTooLarge:
		return nil, plain("the answer is larger than what the agent may pass on")
	default:
		return nil, io.ErrUnexpectedEOF
	}
	if a.Status < 100 || a.Status > 999 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{Status: strconv.Itoa(a.Status) + " " + http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: only(a.Header, returned), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req}, nil
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
