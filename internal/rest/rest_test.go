package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/rest"
)

type trip func(*http.Request) (*http.Response, error)

func (t trip) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// script answers one reply or error after the other and keeps what was asked.
type script struct {
	steps []any
	asked []*http.Request
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	step := s.steps[len(s.asked)]
	s.asked = append(s.asked, r)
	if err, ok := step.(error); ok {
		return nil, err
	}
	return step.(*http.Response), nil
}

type tokens struct {
	now    string
	next   string
	fails  error
	renews int
}

func (t *tokens) Token(context.Context) (string, error) { return t.now, nil }
func (t *tokens) Renew(_ context.Context, stale string) (string, error) {
	t.renews++
	if t.fails != nil {
		return "", t.fails
	}
	if t.next != "" {
		t.now = t.next
	}
	return t.now, nil
}

func client(s http.RoundTripper, change ...func(*rest.Config)) *rest.Client {
	c := rest.Config{Base: "https://api.example.com/root", Transport: s, Tokens: &tokens{now: "t1", next: "t2"}, Hosts: []string{"example.org"}}
	for _, f := range change {
		f(&c)
	}
	return rest.New(c)
}

var dialing = &net.OpError{Op: "dial", Err: errors.New("refused")}

func TestRepeats(t *testing.T) {
	cut := io.ErrUnexpectedEOF
	for _, c := range []struct {
		name   string
		safe   bool
		steps  []any
		status int
		tries  int
		sent   bool // of the error
	}{
		{"read recovers on third try", true, []any{cut, reply(502, ""), reply(200, "ok")}, 200, 3, false},
		{"read gives up with the last answer", true, []any{reply(503, ""), reply(503, ""), reply(504, "")}, 504, 3, false},
		{"read gives up with the last error", true, []any{cut, cut, cut}, 0, 3, true},
		{"a 500 is not a passing fault", true, []any{reply(500, "")}, 500, 1, false},
		{"a 429 is the caller's matter", true, []any{reply(429, "")}, 429, 1, false},
		{"a long Retry-After is the caller's matter", true, []any{reply(503, "", "Retry-After", "60")}, 503, 1, false},
		{"write meets a gateway", false, []any{reply(504, "")}, 504, 1, false},
		{"write loses its answer", false, []any{cut}, 0, 1, true},
		{"write was never connected", false, []any{dialing}, 0, 1, false},
		{"401 renews once and repeats a write", false, []any{reply(401, ""), reply(201, "")}, 201, 2, false},
		{"second 401 stands", false, []any{reply(401, ""), reply(401, "")}, 401, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: c.steps}
				a, err := client(s).Do(t.Context(), rest.Request{Method: "POST", Path: "/x", Body: []byte("{}"), Safe: c.safe})
				if a.Status != c.status || len(s.asked) != c.tries {
					t.Fatalf("status %d after %d tries (%v), want %d after %d", a.Status, len(s.asked), err, c.status, c.tries)
				}
				var lost *rest.NoAnswerError
				if (c.status == 0) != errors.As(err, &lost) {
					t.Fatalf("error %v", err)
				}
				if lost != nil && lost.Sent != c.sent {
					t.Errorf("sent = %v, want %v", lost.Sent, c.sent)
				}
			})
		})
	}
}

func TestRenewedTokenIsUsed(t *testing.T) {
	s := &script{steps: []any{reply(401, ""), reply(200, "")}}
	if _, err := client(s).Do(t.Context(), rest.Request{Path: "/x"}); err != nil {
		t.Fatal(err)
	}
	if one, two := s.asked[0].Header.Get("Authorization"), s.asked[1].Header.Get("Authorization"); one != "Bearer t1" || two != "Bearer t2" {
		t.Errorf("authorizations %q, %q", one, two)
	}
}

func TestStaticKeyLets401Stand(t *testing.T) {
	s := &script{steps: []any{reply(401, "no")}}
	a, err := client(s, func(c *rest.Config) { c.Tokens = &tokens{now: "k"} }).Do(t.Context(), rest.Request{Path: "/x"})
	if err != nil || a.Status != 401 || len(s.asked) != 1 {
		t.Errorf("%v %v after %d", a.Status, err, len(s.asked))
	}
}

func TestDeadTokenIsNotSent(t *testing.T) {
	dead := errors.New("dead")
	s := &script{steps: []any{reply(401, "")}}
	_, err := client(s, func(c *rest.Config) { c.Tokens = &tokens{now: "k", fails: dead} }).Do(t.Context(), rest.Request{Path: "/x"})
	var lost *rest.NoAnswerError
	if !errors.Is(err, dead) || !errors.As(err, &lost) || lost.Sent {
		t.Errorf("got %v", err)
	}
}

func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		name, method, to string
		status           int
		followed         bool
	}{
		{"same host", "GET", "/other", 302, true},
		{"allowed suffix", "GET", "https://eu.example.org/x", 302, true},
		{"suffix is of labels", "GET", "https://evilexample.org/x", 302, false},
		{"other host", "GET", "https://files.example.net/x", 302, false},
		{"down to http", "GET", "http://api.example.com/x", 302, false},
		{"with a user", "GET", "https://a@api.example.com/x", 302, false},
		{"other port of an allowed suffix", "GET", "https://eu.example.org:8443/x", 302, false},
		{"post keeps its method", "POST", "/other", 307, true},
		{"post would become a get", "POST", "/other", 302, false},
		{"no location", "GET", "", 302, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{steps: []any{reply(c.status, "", "Location", c.to), reply(200, "")}}
			a, err := client(s).Do(t.Context(), rest.Request{Method: c.method, Path: "/x", Body: []byte("{}")})
			if err != nil {
				t.Fatal(err)
			}
			if followed := a.Status == 200; followed != c.followed {
				t.Fatalf("status %d", a.Status)
			}
			if c.followed {
				last := s.asked[1]
				if last.Header.Get("Authorization") != "Bearer t1" || last.Method != c.method {
					t.Errorf("%s with %q", last.Method, last.Header.Get("Authorization"))
				}
			}
		})
	}
}

func TestRedirectLoopEnds(t *testing.T) {
	n := 0
	a, err := client(trip(func(*http.Request) (*http.Response, error) {
		n++
		return reply(307, "", "Location", "/again"), nil
	})).Do(t.Context(), rest.Request{Path: "/x"})
	if err != nil || a.Status != 307 || n != 6 {
		t.Errorf("%v %v after %d", a.Status, err, n)
	}
}

func TestErrorTextsQuoteNothing(t *testing.T) {
	const canary = "canary-7f3a"
	leak := &url.Error{Op: "Post", URL: "https://api.example.com/x?email=" + canary, Err: errors.New("malformed HTTP response " + canary)}
	_, err := client(&script{steps: []any{leak}}).Do(t.Context(), rest.Request{Method: "POST", Path: "/x", Query: url.Values{"email": {canary}}})
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("error text: %v", err)
	}
}

func TestBaseMustBeSafe(t *testing.T) {
	for base, good := range map[string]bool{
		"https://api.example.com": true, "http://127.0.0.1:9": true, "http://localhost:80/x": true, "http://[::1]:1": true,
		"http://api.example.com": false, "api.example.com": false, "https://u:p@api.example.com": false, "": false,
		"https://api.example.com?x=1": false, "ftp://127.0.0.1": false,
	} {
		if got := rest.CheckBase(base); (got == nil) != good {
			t.Errorf("%q: %v", base, got)
		}
	}
	_, err := rest.New(rest.Config{Base: "http://api.example.com"}).Do(t.Context(), rest.Request{Path: "/x"})
	if err == nil || !strings.Contains(err.Error(), "use https") {
		t.Errorf("got %v", err)
	}
}

func TestEscapedPathIsSentAsGiven(t *testing.T) {
	s := &script{steps: []any{reply(200, "")}}
	if _, err := client(s).Do(t.Context(), rest.Request{Path: "/things/a%2Fb%20c", Query: url.Values{"q": {"x y"}}}); err != nil {
		t.Fatal(err)
	}
	if got := s.asked[0].URL.String(); got != "https://api.example.com/root/things/a%2Fb%20c?q=x+y" {
		t.Error(got)
	}
}

func TestBodyIsBounded(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte("0"), 1<<20))
	_ = z.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	}))
	defer server.Close()
	_, err := rest.New(rest.Config{Base: server.URL, MaxBody: 1000}).Do(t.Context(), rest.Request{Path: "/x", Safe: true})
	if err == nil || !strings.Contains(err.Error(), "larger than the limit") {
		t.Errorf("got %v", err)
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := client(trip(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }),
			func(c *rest.Config) { c.Deadline = 7 * time.Second })
		_, err := c.Do(t.Context(), rest.Request{Method: "POST", Path: "/x"})
		var lost *rest.NoAnswerError
		if !errors.As(err, &lost) || !lost.Sent || time.Since(began) != 7*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestStampIsALowerBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written time.Time
		c := client(trip(func(*http.Request) (*http.Response, error) {
			time.Sleep(1500 * time.Millisecond)
			written = time.Now()
			time.Sleep(2 * time.Second)
			return reply(200, "", "Date", time.Now().UTC().Format(http.TimeFormat)), nil
		}))
		a, err := c.Do(t.Context(), rest.Request{Method: "POST", Path: "/x"})
		if err != nil || a.Stamp().After(written) || a.Stamp().IsZero() {
			t.Errorf("stamp %v, written %v, %v", a.Stamp(), written, err)
		}
		if !(rest.Answer{Took: time.Second}).Stamp().IsZero() {
			t.Error("no Date gives a stamp")
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "10": 10 * time.Second, "0.5": 500 * time.Millisecond, "-3": 0, "NaN": 0, "soon": 0, "1e99": 24 * time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute,
	} {
		a := rest.Answer{Header: http.Header{"Retry-After": {text}}}
		if got := a.RetryAfter(now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

type shut struct{ until time.Time }

func (s shut) Enter(context.Context, string, int) error { return s }
func (s shut) Error() string                            { return "shut" }
func (s shut) WaitUntil() (time.Time, bool)             { return s.until, true }

func TestGateThatShutsSendsNothing(t *testing.T) {
	until := time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC)
	s := &script{}
	_, err := client(s, func(c *rest.Config) { c.Gate = shut{until} }).Do(t.Context(), rest.Request{Path: "/x", Bucket: "burst", Safe: true})
	var wait *rest.WaitError
	var lost *rest.NoAnswerError
	if !errors.As(err, &wait) || !wait.Until.Equal(until) || !wait.Daily || !errors.As(err, &lost) || lost.Sent || len(s.asked) != 0 {
		t.Errorf("got %v after %d calls", err, len(s.asked))
	}
}
