package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	safeRepeats = 2                      // after the first try of a safe request
	firstPause  = 250 * time.Millisecond // doubled for the second repeat, half of it jitter
	longPause   = 5 * time.Second        // a Retry-After beyond this is the caller's matter, not slept here
)

// try sends with one token, repeating a safe request that met a passing fault.
func (c *Client) try(ctx context.Context, r Request, token string) (Answer, error) {
	for n := 0; ; n++ {
		answer, err := c.once(ctx, r, token)
		pause, again := c.again(r, answer, err, n)
		if !again || sleep(ctx, pause) != nil {
			return answer, err
		}
	}
}

// again decides whether a try is repeated, and after how long.
func (c *Client) again(r Request, a Answer, err error, n int) (time.Duration, bool) {
	if !r.Safe || n >= safeRepeats {
		return 0, false
	}
	pause := time.Duration(float64(firstPause<<n) * (0.5 + c.Jitter()/2))
	if err != nil {
		var lost *NoAnswerError
		return pause, errors.As(err, &lost) && lost.passing
	}
	switch a.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		after := a.RetryAfter(time.Now())
		return max(pause, after), after <= longPause
	}
	return 0, false
}

// once sends one try and reads the whole answer.
func (c *Client) once(ctx context.Context, r Request, token string) (Answer, error) {
	if c.Gate != nil && r.Bucket != "" {
		if err := c.Gate.Enter(ctx, r.Bucket, max(r.Calls, 1)); err != nil {
			return Answer{}, notSent(gateFault(r.Bucket, err))
		}
	}
	if err := ctx.Err(); err != nil {
		return Answer{}, notSent(err)
	}
	to, err := c.address(r)
	if err != nil {
		return Answer{}, notSent(err)
	}
	answer, err := c.follow(ctx, r, to, token)
	if c.Count != nil {
		c.Count(r.Method, r.Route, answer.Status)
	}
	if c.Observe != nil && err == nil {
		c.Observe(r.Bucket, answer)
	}
	return answer, err
}

// follow sends and follows redirects that keep the method and stay with trusted hosts; any other is the answer.
func (c *Client) follow(ctx context.Context, r Request, to *url.URL, token string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Deadline)
	defer cancel()
	for hop := 0; ; hop++ {
		answer, err := c.send(ctx, r, to, token)
		if err != nil || hop == maxHops {
			return answer, err
		}
		next := c.redirect(r.Method, to, answer)
		if next == nil {
			return answer, nil
		}
		to = next
	}
}

func (c *Client) redirect(method string, from *url.URL, a Answer) *url.URL {
	switch a.Status {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if method != http.MethodGet && method != http.MethodHead {
			return nil // browsers turn these into a GET, which would lose the write
		}
	default:
		return nil
	}
	next, err := from.Parse(a.Header.Get("Location"))
	if err != nil || a.Header.Get("Location") == "" || !c.trusted(next) {
		return nil
	}
	return next
}

// send makes one exchange. It uses the transport itself: http.Client would put the address, with its query, into
// error texts.
func (c *Client) send(ctx context.Context, r Request, to *url.URL, token string) (Answer, error) {
	req, err := c.request(ctx, r, to, token)
	if err != nil {
		return Answer{}, notSent(errBadPath)
	}
	began := time.Now()
	res, err := c.Transport.RoundTrip(req)
	if err != nil {
		return Answer{}, lost(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, c.MaxBody+1))
	if err != nil {
		return Answer{}, lost(err)
	}
	if int64(len(body)) > c.MaxBody {
		return Answer{}, &NoAnswerError{Sent: true, Err: errTooLarge}
	}
	answer := Answer{Status: res.StatusCode, Header: res.Header, Body: body, Took: time.Since(began)}
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		answer.Date = date
	}
	return answer, nil
}

func (c *Client) request(ctx context.Context, r Request, to *url.URL, token string) (*http.Request, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, to.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", orElse(r.ContentType, "application/json"))
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("User-Agent", c.UserAgent)
	if token != "" {
		req.Header.Set("Authorization", c.AuthHeader(token))
	}
	return req, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
