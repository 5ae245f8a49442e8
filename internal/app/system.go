package app

import (
	"context"
	"net/http"
	"net/url"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// system is what wiring knows of one kind of vendor: where it is, how its connector is made, how many calls it allows, how
// its credential comes in and goes.
type system struct {
	base     string   // the vendor's own address; "" where each customer has one
	editions []string // what edition may say
	// check looks at what a configuration says of such a connection: "KEY: what is wrong; what to write". nil: nothing of its own.
	check func(c Connection) []string
	// make gives the connector of a connection.
	make func(m making) (connector.Connector, error)
	// limits are the vendor's whole limits: shares and reserves are taken off by limits.go.
	limits func(c Connection) []budget.Bucket

	// session: a log-in opens one session for all workers and ends the one before. making.keeper and locker are then there.
	session bool
	// usable explains a key that cannot be one, without quoting it; nil: any may be.
	usable func(key string) error

	keys string // how a person takes a key away at the vendor, as the end of a sentence
	// minted are the ways of auth beside key and oauth: tokens that are asked for without a person, whenever they are needed,
	// with what was handed over once. It explains what was handed over and cannot be used.
	minted  map[string]func(m minting) (token.Mint, error)
	consent *consent // how a person agrees in a browser; nil where a key is the only way in
	// registered gives the files of an app of our own, made for what mappings need; nil where an app is made by hand.
	registered func(o registering) (engine.App, error)
}

// making is what a connector is made of.
type making struct {
	name string
	Connection
	rest rest.Config // everything but what is special to the system
	// trust says whose webhooks are let in now: secrets, newest first, and the account that the connection is bound to.
	trust func(ctx context.Context) (secrets []string, account string)
	// keeper has the session of a system that has one for all workers, and locker is held by whoever opens it; nil: nobody else can.
	keeper token.Keeper
	locker token.Locker
}

// minting is what a token is asked for with.
type minting struct {
	Connection
	key       string // what was handed over: a private key, a client secret
	transport http.RoundTripper
}

// consent is a vendor's OAuth 2.0 with a person at a browser.
type consent struct {
	// login is where the pages are, by the connection's base; nil: they are at the base.
	login     func(base string) string
	authorize string     // path of the consent page
	extra     url.Values // what it wants besides client_id, redirect_uri, state, scope and the challenge
	token     string     // path of the token endpoint, below the base
	revoke    string     // likewise; "" where the vendor publishes none
	pkce      bool       // code_challenge S256
	// untilRefused: the token endpoint names no lifetime.
	untilRefused bool
	// scopes that an app needs for what mappings need (no needs: for anything the product does); required and optional ones.
	scopes   func(needs []connector.Need) (required, optional []string)
	refusals []connector.ConsentRefusal
	byHand   string // how a person takes a grant away at the vendor, where there is no revoke; the end of a sentence
}

// registering is what the files of an app are made of.
type registering struct {
	name              string
	conn              Connection
	contact           string // e-mail address of whoever looks after the app: the first that is told; "" for none
	oauth             bool
	callback          string // where the pages of consent would send people back to
	redirect, webhook string // the same where the connection is made by consent, else ""; where signals go
	needs             []connector.Need
}

// systems by the name that a configuration gives them; each has a file of its own.
var systems = map[string]system{
	"hubspot":    hubspotSystem,
	"light":      lightSystem,
	"salesforce": salesforceSystem,
	"salespad":   salespadSystem,
}
