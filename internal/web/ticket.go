package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"time"

	"crosswalk/internal/engine/table"
)

// Tickets keeps what is good once and for ten minutes: the ticket in a link, and the state of a consent that is under way.
// The store has hashes only, so that who reads it can use neither.
type Tickets struct {
	Table  table.Table
	Random io.Reader // crypto/rand.Reader
}

// ticketFor is how long a link, and then a consent, may take.
const ticketFor = 10 * time.Minute

// ticket is what a link was made for.
type ticket struct {
	Connection string `json:"connection"`
	Actor      string `json:"actor"`
	Replace    bool   `json:"replace,omitempty"`
}

// consent is what a browser was sent away with.
type consent struct {
	ticket
	Cookie   string `json:"cookie"` // hash of what the browser keeps
	Client   string `json:"client"`
	Redirect string `json:"redirect"`
	Verifier string `json:"verifier"` // of PKCE
}

// secretText is 32 random bytes as text.
func (t Tickets) secretText() (string, error) {
	var raw [32]byte
	if _, err := io.ReadFull(t.Random, raw[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// digest is what is kept of a secret text; of a verifier it is PKCE's S256 challenge.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func onceOnly(kind, secret string) table.Key {
	return table.Key{PK: "X#" + kind + "#" + digest(secret), SK: "x"}
}

const (
	kindTicket  = "ticket"
	kindConsent = "consent"
)

// issue makes a ticket and says until when it is good.
func (t Tickets) issue(ctx context.Context, of ticket) (string, time.Time, error) {
	return t.put(ctx, kindTicket, of)
}

func (t Tickets) put(ctx context.Context, kind string, v any) (string, time.Time, error) {
	secret, err := t.secretText()
	if err != nil {
		return "", time.Time{}, err
	}
	until := time.Now().Add(ticketFor)
	return secret, until, t.putAs(ctx, kind, secret, until, v)
}

func (t Tickets) putAs(ctx context.Context, kind, secret string, until time.Time, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.Table.Put(ctx, []table.Put{{Key: onceOnly(kind, secret), Data: data, Expires: until, If: table.IfAbsent()}})[0]
}

// burn takes what a secret stands for, once: of two who come with it at the same time one finds nothing. ok is false for one
// that is unknown, too old or used.
func (t Tickets) burn(ctx context.Context, kind, secret string, into any) (ok bool, err error) {
	if secret == "" || len(secret) > 100 {
		return false, nil
	}
	key := onceOnly(kind, secret)
	items, err := t.Table.Get(ctx, []table.Key{key})
	if err != nil {
		return false, err
	}
	item, ok := items[key]
	if !ok {
		return false, nil
	}
	err = t.Table.Put(ctx, []table.Put{{Key: key, Delete: true, If: table.IfRev(item.Rev)}})[0]
	var taken *table.ConflictError
	if errors.As(err, &taken) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(item.Data, into)
}
