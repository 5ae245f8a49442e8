package trigger

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// HTTPEvent and HTTPAnswer are API Gateway's payload format 2.0 of an HTTP API.
type (
	HTTPEvent  = events.APIGatewayV2HTTPRequest
	HTTPAnswer = events.APIGatewayV2HTTPResponse
)

// maxAnswer is how large an answer may be: Lambda takes 6 MB of JSON, in which a body that is not text grows by a third.
const maxAnswer = 4 << 20

// spareAnswer is how long before the function's end a request's own time is over: enough to say what it waited for. Without an
// answer of ours the gateway gives one of its own, which says nothing.
const spareAnswer = 2 * time.Second

// HTTP serves events with a handler. Path, query and body reach it byte by byte as the caller sent them: vendors sign them.
// The principal that API Gateway authenticated, if any, is in the request's context; see Principal.
func HTTP(h http.Handler) func(context.Context, HTTPEvent) (HTTPAnswer, error) {
	return func(ctx context.Context, e HTTPEvent) (HTTPAnswer, error) {
		r, err := request(ctx, e)
		if err != nil {
			return HTTPAnswer{StatusCode: http.StatusBadRequest, Body: err.Error()}, nil
		}
		if end, ok := ctx.Deadline(); ok {
			within, cancel := context.WithDeadline(r.Context(), end.Add(-spareAnswer))
			defer cancel()
			r = r.WithContext(within)
		}
		w := &answer{header: http.Header{}}
		h.ServeHTTP(w, r)
		return w.event(), nil
	}
}

func request(ctx context.Context, e HTTPEvent) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, fmt.Errorf("the event's body is not the base64 that it says it is")
		}
	}
	target := e.RawPath
	if e.RawQueryString != "" {
		target += "?" + e.RawQueryString
	}
	at, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, fmt.Errorf("the event's path is not one")
	}
	r, err := http.NewRequestWithContext(withPrincipal(ctx, e), e.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the event's method is not one")
	}
	r.URL, r.RequestURI, r.TLS = at, target, presented(e)
	for name, value := range e.Headers { // several of one name are already joined by commas
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Host = e.RequestContext.DomainName
	r.RemoteAddr = net.JoinHostPort(e.RequestContext.HTTP.SourceIP, "0")
	r.ContentLength, r.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
	return r, nil
}

// presented is the client certificate that API Gateway took at a custom domain with mutual TLS, whose chain it has checked
// against the domain's trust store; nil where none was asked for.
func presented(e HTTPEvent) *tls.ConnectionState {
	block, _ := pem.Decode([]byte(e.RequestContext.Authentication.ClientCert.ClientCertPem))
	if block == nil {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}}
}

// answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

const tooLarge = `{"title":"too-large","status":500,"detail":"the answer is larger than a function may give","fix":"ask for less at once: page with limit and cursor, or export with the command line"}`

func (a *answer) event() HTTPAnswer {
	out := HTTPAnswer{StatusCode: a.status, Headers: map[string]string{}, Cookies: a.header.Values("Set-Cookie")}
	if out.StatusCode == 0 {
		out.StatusCode = http.StatusOK
	}
	for name, values := range a.header {
		if name != "Set-Cookie" {
			out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	switch body := a.body.Bytes(); {
	case len(body) > maxAnswer:
		return HTTPAnswer{StatusCode: http.StatusInternalServerError, Headers: map[string]string{"content-type": "application/problem+json"}, Body: tooLarge}
	case utf8.Valid(body):
		out.Body = string(body)
	default:
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return out
}

type principalKey struct{}

func withPrincipal(ctx context.Context, e HTTPEvent) context.Context {
	if a := e.RequestContext.Authorizer; a != nil && a.IAM != nil {
		ctx = context.WithValue(ctx, principalKey{}, a.IAM.UserARN)
	}
	return ctx
}

// Principal is who IAM says is calling, as the part of the ARN that people know: user/NAME, or ROLE/SESSION of an assumed
// role. "" where IAM did not authenticate the caller.
func Principal(r *http.Request) string {
	arn, _ := r.Context().Value(principalKey{}).(string)
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return strings.TrimPrefix(parts[5], "assumed-role/")
}
