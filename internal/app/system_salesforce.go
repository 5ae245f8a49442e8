package app

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/engine"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

var salesforceSystem = system{
	editions: []string{"enterprise", "professional", "unlimited", "performance", "developer", "sandbox"},
	check:    checkSalesforce,
	make: func(m making) (connector.Connector, error) {
		m.rest.Hosts = salesforce.Hosts
		return salesforce.New(salesforce.Config{Connection: m.name, Client: rest.New(m.rest), Version: m.Version, Trusted: m.Trusted, Custom: m.Custom, Org: m.Account, Trust: m.trust, Certificates: m.ClientCertificates,
			Currency: m.Currency, Duplicates: m.Duplicates, AutoAssign: m.AutoAssign, Overlap: time.Duration(m.Lag), Settle: time.Duration(m.Settle)})
	},
	limits: func(c Connection) []budget.Bucket {
		var buckets []budget.Bucket
		for _, l := range salesforce.Limits(c.Edition, c.Licences) {
			buckets = append(buckets, budget.Bucket{Name: l.Bucket, Calls: l.Calls, Per: l.Per, Daily: l.Daily})
		}
		return buckets
	},
	keys: "take the app's or the user's authorisation away at Salesforce (Setup > OAuth Connected Apps Usage, or the app's policies)",
	minted: map[string]func(m minting) (token.Mint, error){
		"jwt": func(m minting) (token.Mint, error) {
			j, err := token.NewJWT(token.JWT{Grant: salesforceGrant(m), ClientID: m.ClientID, Username: m.Username, Audience: strings.TrimRight(m.audience(), "/")}, []byte(m.key))
			return j.Mint, err
		},
		"client_credentials": func(m minting) (token.Mint, error) {
			return token.ClientCredentials{Grant: salesforceGrant(m), ClientID: m.ClientID, ClientSecret: m.key}.Mint, nil
		},
	},
	consent: &consent{
		authorize: "/services/oauth2/authorize", token: "/services/oauth2/token", revoke: "/services/oauth2/revoke", pkce: true, untilRefused: true,
		scopes:   func([]connector.Need) (required, optional []string) { return salesforce.Scopes, nil },
		refusals: salesforceRefusals(),
		byHand:   "revoke it at Salesforce (Setup > OAuth Connected Apps Usage)",
	},
	registered: salesforceApp,
}

// secretPlace stands in the files of an app where the secret of outbound messages belongs: a file that is checked in somewhere
// must not hold it.
const secretPlace = "PUT-THE-SECRET-HERE"

// salesforceApp gives the metadata of the External Client App, of a permission set with exactly what the mappings use, of the
// marker fields, and of the roads of change that the configuration chose.
func salesforceApp(o registering) (engine.App, error) {
	spec := salesforce.AppSpec{Contact: o.contact, Callback: o.callback, Flow: salesforce.FlowWeb, RunAs: o.conn.Username, X509: o.conn.Certificate, Version: o.conn.Version,
		Roads: salesforce.Roads{RelayAccount: o.conn.Relay.Account, RelayRegion: o.conn.Relay.Region}}
	switch o.conn.Auth {
	case "jwt":
		spec.Flow = salesforce.FlowJWT
	case "client_credentials":
		spec.Flow = salesforce.FlowClientCredentials
	}
	if o.conn.OutboundUser != "" {
		spec.Roads.OutboundUser, spec.Roads.OutboundURL = o.conn.OutboundUser, o.webhook+"/"+secretPlace
	}
	for _, n := range o.needs {
		access := salesforce.Access{Object: n.Object, Create: n.Marker, Edit: n.Write, Fields: map[string]bool{}}
		for _, name := range n.Reads {
			if _, _, joins := connector.AssociationField(name); (joins || !strings.Contains(name, ".")) && name != "Id" { // what is read through a reference is that object's own
				access.Fields[name] = false
			}
		}
		for _, name := range n.Writes {
			access.Fields[name] = true
		}
		spec.Objects = append(spec.Objects, access)
	}
	if o.contact == "" {
		return engine.App{}, errors.New("tell: name an e-mail address; Salesforce wants a contact for the app")
	}
	files, err := salesforce.AppFiles(spec)
	if err != nil {
		return engine.App{}, err
	}
	a := engine.App{Scopes: salesforce.Scopes, Redirect: o.redirect, Webhook: o.webhook, Next: []string{
		"in that folder, with Salesforce's command line tool: sf org login web, then sf project deploy start; README.md there says the rest",
		"again after each new field of a mapping: the permission set has exactly what is in use",
	}}
	if spec.Roads.OutboundURL != "" {
		a.Next = append([]string{"put the secret in place of " + secretPlace + " in the workflow files, and keep it from version control"}, a.Next...)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		a.Files = append(a.Files, engine.AppFile{Path: path, Text: string(files[path])})
	}
	return a, nil
}

// audience is whom an assertion is for: the org's own address, unless the configuration names where people log in (an
// assertion of a Connected App of old may be for login.salesforce.com).
func (m minting) audience() string {
	if m.Login != "" {
		return m.Login
	}
	return m.Base
}

// salesforceGrant asks the org's own token endpoint, and believes only an answer that names the org's own host or another of
// Salesforce's (salesforce.md 2, 3).
func salesforceGrant(m minting) token.Grant {
	return token.Grant{URL: strings.TrimRight(m.Base, "/") + "/services/oauth2/token", Transport: m.transport,
		Accept: func(instance string) error { return salesforce.CheckInstance(m.Base, instance) }}
}

// checkSalesforce refuses a connection that could not be made.
func checkSalesforce(c Connection) []string {
	var out []string
	if c.Base == "" {
		out = append(out, "base: missing; write the org's My Domain address, https://MyDomain.my.salesforce.com (Setup > My Domain)")
	} else if err := salesforce.CheckBase(c.Base, c.Trusted...); err != nil {
		out = append(out, err.Error())
	}
	for _, fingerprint := range c.ClientCertificates {
		if !salesforce.IsFingerprint(fingerprint) {
			out = append(out, "client_certificates: write SHA-256 fingerprints, 64 hexadecimal digits: openssl x509 -in FILE -noout -fingerprint -sha256")
		}
	}
	if (c.Auth == "jwt" || c.Auth == "client_credentials") && c.ClientID == "" {
		out = append(out, "client_id: missing; write the consumer key of the External Client App")
	}
	if c.Auth == "jwt" && c.Username == "" {
		out = append(out, "username: missing; write the user name of the integration user, integration@example.com")
	}
	return out
}

// salesforceRefusals explains the codes with which the authorize and token endpoints refuse, as far as the code alone tells.
func salesforceRefusals() []connector.ConsentRefusal {
	var out []connector.ConsentRefusal
	for _, code := range []string{"access_denied", "oauth_approval_error_generic", "app_not_found", "invalid_client_id", "invalid_client", "redirect_uri_mismatch", "invalid_scope",
		"invalid_grant", "inactive_user", "inactive_org", "invalid_app_access", "unsupported_grant_type", "login_rate_exceeded", "server_error", "invalid_request"} {
		r := salesforce.Explain(code, "")
		out = append(out, connector.ConsentRefusal{Code: code, What: r.Refused, Who: r.Who, Again: r.Again})
	}
	return out
}
