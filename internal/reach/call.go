package reach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Call is the agent's end of an Office: it asks the product over HTTP and waits. Make it with NewCall.
type Call struct {
	at     string
	pass   string
	client *http.Client
}

// NewCall makes the agent's end. product is where the product answers, https:// or this machine; transport nil is the network.
func NewCall(product, connection string, key Key, transport http.RoundTripper) (*Call, error) {
	u, err := url.Parse(product)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("product: write the address of the product, https://crosswalk.example.com; plain http is allowed for this machine only")
	}
	return &Call{strings.TrimRight(product, "/") + "/agent/" + url.PathEscape(connection), key.Pass(),
		&http.Client{Transport: transport, Timeout: waitAtMost + 20*time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Send is Mail's: it leaves an answer.
func (c *Call) Send(ctx context.Context, letter []byte) error {
	_, err := c.ask(ctx, http.MethodPost, answersPath, letter)
	return err
}

// Receive is Mail's: it waits for a request.
func (c *Call) Receive(ctx context.Context) ([]Letter, error) {
	body, err := c.ask(ctx, http.MethodGet, requestsPath, nil)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return []Letter{{Body: body, Tries: 1}}, nil
}

// Done is Mail's; a letter that was given is gone.
func (c *Call) Done(context.Context, Letter) error { return nil }

// Back is Mail's: there is one agent.
func (c *Call) Back(context.Context, Letter) error { return nil }

func (c *Call) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.at+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.pass)
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(io.LimitReader(res.Body, MaxLetter+1))
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode == http.StatusUnauthorized:
		return nil, errors.New("the product does not know this agent's key: hand it over with crosswalk agent key, or give the agent the newest")
	case res.StatusCode == http.StatusNotFound:
		return nil, errors.New("the product has no connection of this name with reach: agent")
	case res.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("the product answered %s", res.Status)
	}
	return got, nil
}
