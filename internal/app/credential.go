package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"crosswalk/internal/rest"
	"crosswalk/internal/secret"
	"crosswalk/internal/token"
)

// Credential is what a connection needs, as one secret under its name. Of OAuth the pair that changes is kept beside it,
// under NAME/pair.
type Credential struct {
	Key           string    `json:"key,omitempty"`           // private app token, service key, API key
	ClientID      string    `json:"clientId,omitempty"`      // of OAuth: the app whose grant is in force
	ClientSecret  string    `json:"clientSecret,omitempty"`  // likewise
	Next          *Client   `json:"next,omitempty"`          // the app that the next consent is asked for; it takes over with the grant
	WebhookSecret []string  `json:"webhookSecret,omitempty"` // of HubSpot's signatures, newest first
	Since         time.Time `json:"since,omitzero"`          // when it was put in: a process that reads another one takes it up
}

// Client is an OAuth app at a vendor.
type Client struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// Client is the app whose grant is in force.
func (c Credential) Client() Client { return Client{c.ClientID, c.ClientSecret} }

// asks is the app that a consent is asked for.
func (c Credential) asks() Client {
	if c.Next != nil {
		return *c.Next
	}
	return c.Client()
}

// String keeps the credential out of logs.
func (c Credential) String() string { return "[secret]" }

// GoString keeps the credential out of %#v.
func (c Credential) GoString() string { return "[secret]" }

// String keeps the secret out of logs.
func (c Client) String() string { return "app " + c.ID }

// GoString keeps the secret out of %#v.
func (c Client) GoString() string { return c.String() }

// pairName is the secret that holds a connection's OAuth pair.
func pairName(connection string) string { return connection + "/pair" }

// How often a credential is read again: while it works, so that one that was replaced is taken up by every process; and
// while there is none or it is refused.
const (
	lookAgain = time.Minute
	lookSoon  = time.Second
)

// credential is where a connection's calls get theirs. What a person puts in is taken up by running processes without a
// restart: it is read again when there is none, when the system refused it, and at most every minute. It is safe for
// concurrent use.
type credential struct {
	name    string
	secrets secret.Store
	open    func(Credential, secret.Store) rest.Tokens
	bound   func(ctx context.Context) (string, error)

	turn chan struct{} // held by whoever reads; a channel, so that waiting ends with ctx

	// below: only while holding turn
	read    time.Time
	raw     []byte
	held    Credential
	tokens  rest.Tokens
	missing error // why there is none
	account string
	asked   time.Time // when account was
}

func newCredential(name string, secrets secret.Store, open func(Credential, secret.Store) rest.Tokens) *credential {
	c := &credential{name: name, secrets: secrets, open: open, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Token is rest.Tokens'.
func (c *credential) Token(ctx context.Context) (string, error) {
	tokens, err := c.current(ctx, lookAgain)
	if err != nil {
		return "", err
	}
	return tokens.Token(ctx)
}

// Renew is rest.Tokens': somebody may have put in another credential since the stale one was handed out.
func (c *credential) Renew(ctx context.Context, stale string) (string, error) {
	tokens, err := c.current(ctx, lookSoon)
	if err != nil {
		return "", err
	}
	return tokens.Renew(ctx, stale)
}

// Anew is Token with the credential as it stands in the store now: for what is asked rarely and would be wrong with an older one.
func (c *credential) Anew(ctx context.Context) (string, error) {
	tokens, err := c.current(ctx, 0)
	if err != nil {
		return "", err
	}
	return tokens.Token(ctx)
}

// current reads the credential if what is in hand is older than age, and gives its tokens.
func (c *credential) current(ctx context.Context, age time.Duration) (rest.Tokens, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	err := c.look(ctx, age)
	if c.tokens != nil {
		return c.tokens, nil // a store that does not answer now is no reason to stop
	}
	if err == nil {
		err = c.missing
	}
	return nil, err
}

func (c *credential) lock(ctx context.Context) error {
	select {
	case <-c.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *credential) unlock() { c.turn <- struct{}{} }

// look reads the credential, unless what is in hand is young enough.
func (c *credential) look(ctx context.Context, age time.Duration) error {
	if c.tokens == nil {
		age = lookSoon
	}
	if !c.read.IsZero() && time.Since(c.read) < age {
		return nil
	}
	raw, err := c.secrets.Get(ctx, c.name)
	if err != nil && !errors.Is(err, secret.ErrMissing) {
		return &token.RefreshError{Doing: "reading the credential", Err: err} // secret's errors quote no secret
	}
	c.read = time.Now()
	if c.tokens == nil || !bytes.Equal(raw, c.raw) {
		return c.take(ctx, raw)
	}
	return nil
}

// askAccount finds out which account is bound, as often as the credential is read.
func (c *credential) askAccount(ctx context.Context) {
	age := lookAgain
	if c.account == "" {
		age = lookSoon
	}
	if !c.asked.IsZero() && time.Since(c.asked) < age {
		return
	}
	if account, err := c.bound(ctx); err == nil { // else the one in hand goes on
		c.account, c.asked = account, time.Now()
	}
}

// take puts another credential in place of the one in hand; nil is none.
func (c *credential) take(ctx context.Context, raw []byte) error {
	c.raw, c.tokens, c.held, c.missing = bytes.Clone(raw), nil, Credential{}, c.dead(token.NotConnected)
	if raw == nil {
		return nil
	}
	var held Credential
	if json.Unmarshal(raw, &held) != nil {
		c.missing = c.dead("unreadable")
		return nil
	}
	c.held = held
	if held.Key == "" {
		if _, err := c.secrets.Get(ctx, pairName(c.name)); errors.Is(err, secret.ErrMissing) {
			return nil // an app is there, and nobody has agreed yet
		} else if err != nil {
			c.read = time.Time{}
			return &token.RefreshError{Doing: "reading the credential", Err: err}
		}
	}
	c.tokens, c.missing = c.open(held, c.secrets), nil
	return nil
}

func (c *credential) dead(code string) error {
	return &token.DeadError{Code: code, Connection: c.name}
}

// forget has the credential read again by the next call of this process.
func (c *credential) forget() {
	<-c.turn
	defer c.unlock()
	c.read, c.asked, c.tokens = time.Time{}, time.Time{}, nil
}

// trust says whose webhooks are let in. HubSpot signs with the app's client secret (hubspot.md 3), so that an OAuth app needs
// no other.
func (c *credential) trust(ctx context.Context) ([]string, string) {
	if c.lock(ctx) != nil {
		return nil, ""
	}
	defer c.unlock()
	if c.look(ctx, lookAgain) != nil && c.read.IsZero() {
		return nil, ""
	}
	c.askAccount(ctx)
	secrets := slices.Clone(c.held.WebhookSecret)
	if len(secrets) == 0 && c.held.ClientSecret != "" {
		secrets = []string{c.held.ClientSecret}
	}
	return secrets, c.account
}
