package salesforce

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
)

// Limits of an outbound message (fact sheet 17.1): Salesforce sends at most 100 notifications; a megabyte is far more
// than they take, and no element of theirs lies deeper than eight.
const (
	maxNotifications = 100
	maxBody          = 1 << 20
	maxDepth         = 32
	outboundSpace    = "http://soap.sforce.com/2005/09/outbound"
)

// minSecret is the shortest path element that counts as a secret.
const minSecret = 16

// Receive lets in an outbound message that came by the secret address for this connection's org, and says where to look.
// The message has no signature (S4): the last element of the address is a secret, compared in constant time, and the
// organisation id must be the bound org's; a client certificate may be asked for besides. Even so it causes a read at most; no value of it is used. What a deleted or
// repeated message says is harmless for the same reason. The answer that Salesforce wants is Ack.
func (c *Connector) Receive(r *http.Request, address string, body []byte, _ time.Time) ([]connector.Signal, error) {
	secrets, org := c.trusted(contextOf(r))
	if !secretIn(address, secrets) {
		return nil, refuse("signature", "the address does not end in the connection's secret")
	}
	if !c.certified(r) {
		return nil, refuse("signature", "the message did not come with a client certificate of this connection's org")
	}
	if len(body) > maxBody {
		return nil, refuse("too_large", "the body is over one megabyte")
	}
	message, err := parseOutbound(body)
	if err != nil {
		return nil, err
	}
	if message.org == "" && len(message.notifications) == 0 {
		return nil, nil // recorded so: nothing to say, and nothing to say it is from
	}
	if !sameOrg(message.org, org) {
		return nil, refuse("account", "the message is not of the org this connection is bound to")
	}
	var out []connector.Signal
	for _, n := range message.notifications {
		id, ok := ID(n.id)
		if !ok || !slices.Contains(c.Objects(), n.object) {
			continue
		}
		s := connector.Signal{Ref: c.ref(n.object, id), Kind: connector.Changed, Account: org, Own: c.ours(n.by)}
		if n.deleted {
			s.Kind = connector.Deleted
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// trusted says whose messages and events are let in now.
func (c *Connector) trusted(ctx context.Context) (secrets []string, org string) {
	if c.Trust == nil {
		return c.HookSecrets, c.Org
	}
	return c.Trust(ctx)
}

func contextOf(r *http.Request) context.Context {
	if r == nil {
		return context.Background()
	}
	return r.Context()
}

// ours tells whether a user's id is our own user's.
func (c *Connector) ours(user string) bool {
	id, ok := ID(user)
	return ok && id == c.ourUser()
}

// certified tells whether the message came with one of the wanted client certificates.
func (c *Connector) certified(r *http.Request) bool {
	if len(c.Certificates) == 0 {
		return true
	}
	if r == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return slices.ContainsFunc(c.Certificates, func(want string) bool { return plainFingerprint(want) == hex.EncodeToString(sum[:]) })
}

// plainFingerprint leaves out the colons that tools write.
func plainFingerprint(text string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ":", ""))
}

// IsFingerprint tells whether a text is the SHA-256 fingerprint of a certificate, with or without colons.
func IsFingerprint(text string) bool {
	raw, err := hex.DecodeString(plainFingerprint(text))
	return err == nil && len(raw) == sha256.Size
}

// sameOrg compares the 15 characters that both forms of an id share.
func sameOrg(a, b string) bool {
	return len(a) >= 15 && len(b) >= 15 && a[:15] == b[:15]
}

// secretIn compares the last path element with the secrets; hashed first, so that neither content nor length shows in
// the time it takes.
func secretIn(address string, secrets []string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	given := sha256.Sum256([]byte(u.Path[strings.LastIndexByte(u.Path, '/')+1:]))
	ok := 0
	for _, secret := range secrets {
		want := sha256.Sum256([]byte(secret))
		if len(secret) >= minSecret {
			ok |= subtle.ConstantTimeCompare(given[:], want[:])
		}
	}
	return ok == 1
}

func refuse(reason, detail string) error {
	return &connector.RefusedError{Reason: reason, Detail: detail}
}

// outbound is what is used of a message.
type outbound struct {
	org           string
	notifications []notification
}

type notification struct {
	object, id, by string
	deleted        bool
}

var errNotOutbound = refuse("malformed", "the body is not an outbound message")

// parseOutbound reads a message as a stream. Document type declarations are refused outright, and with them every
// entity but XML's own five (S12).
func parseOutbound(body []byte) (outbound, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	p := outboundParser{}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return outbound{}, errNotOutbound
		}
		if err := p.take(t); err != nil {
			return outbound{}, err
		}
	}
	if !p.seen || len(p.path) > 0 {
		return outbound{}, errNotOutbound
	}
	return p.out, nil
}

type outboundParser struct {
	path []string // local names of the open elements
	text strings.Builder
	seen bool // the notifications element was there
	out  outbound
}

func (p *outboundParser) take(t xml.Token) error {
	switch t := t.(type) {
	case xml.Directive:
		return refuse("malformed", "document type declarations are not taken")
	case xml.StartElement:
		return p.open(t)
	case xml.CharData:
		p.text.Write(t)
	case xml.EndElement:
		p.close()
	}
	return nil
}

// places of what is used.
const (
	atRoot   = "Envelope/Body/notifications"
	atOrg    = atRoot + "/OrganizationId"
	atObject = atRoot + "/Notification/sObject"
)

func (p *outboundParser) open(e xml.StartElement) error {
	p.path = append(p.path, e.Name.Local)
	p.text.Reset()
	if len(p.path) > maxDepth {
		return refuse("malformed", "elements are nested too deeply")
	}
	switch strings.Join(p.path, "/") {
	case atRoot:
		if e.Name.Space != outboundSpace {
			return errNotOutbound
		}
		p.seen = true
	case atObject:
		if len(p.out.notifications) == maxNotifications {
			return refuse("malformed", "more than 100 notifications")
		}
		n := notification{}
		for _, a := range e.Attr {
			if a.Name.Local == "type" {
				n.object = a.Value[strings.IndexByte(a.Value, ':')+1:]
			}
		}
		p.out.notifications = append(p.out.notifications, n)
	}
	return nil
}

func (p *outboundParser) close() {
	text := strings.TrimSpace(p.text.String())
	place := strings.Join(p.path, "/")
	if place == atOrg {
		p.out.org = text
	}
	if field, ok := strings.CutPrefix(place, atObject+"/"); ok {
		n := &p.out.notifications[len(p.out.notifications)-1]
		switch field {
		case "Id":
			n.id = text
		case "IsDeleted":
			n.deleted = text == "true"
		case "LastModifiedById":
			n.by = text
		}
	}
	p.path = p.path[:len(p.path)-1]
	p.text.Reset()
}

// Ack is the answer to a message that was queued: without it Salesforce sends the message again for a day (fact sheet
// 17.1). It acknowledges the batch as a whole, so it is sent only once all of it is queued durably.
func (c *Connector) Ack() (contentType string, body []byte) {
	return "text/xml; charset=utf-8", []byte(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` +
		`<notificationsResponse xmlns="` + outboundSpace + `"><Ack>true</Ack></notificationsResponse>` +
		`</soapenv:Body></soapenv:Envelope>`)
}
