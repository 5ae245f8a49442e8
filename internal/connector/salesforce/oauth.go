package salesforce

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"crosswalk/internal/connector"
)

// Scopes are what the app asks for (fact sheet 3.1): data by API, and tokens without the user being there.
var Scopes = []string{"api", "refresh_token"}

// Endpoints are where an org takes what OAuth is made of (fact sheet 3). They are below the org's own My Domain address:
// the generic login hosts know no External Client App of an org any more (fact sheet 1).
type Endpoints struct{ Authorize, Token, Revoke, Introspect, UserInfo string }

// EndpointsOf gives the addresses below a connection's base, which must be Salesforce's own or vouched for.
func EndpointsOf(base string, vouched ...string) (Endpoints, error) {
	if err := CheckBase(base, vouched...); err != nil {
		return Endpoints{}, err
	}
	root := strings.TrimRight(base, "/") + "/services/oauth2/"
	return Endpoints{Authorize: root + "authorize", Token: root + "token", Revoke: root + "revoke", Introspect: root + "introspect", UserInfo: root + "userinfo"}, nil
}

// Authorization is what a browser is sent to Salesforce with. State and Challenge are required; the verifier behind the
// challenge goes with the code to the token endpoint.
type Authorization struct {
	ClientID  string
	Redirect  string // exactly as it is registered with the app
	State     string
	Challenge string // Challenge(verifier)
	LoginHint string // the user's name, "" for none
	Prompt    string // "login consent" where another user shall be taken than the browser knows; "" for none
}

// AuthorizeURL gives the address to send the browser to: web-server flow with PKCE S256 (fact sheet 3.2).
func (e Endpoints) AuthorizeURL(a Authorization) string {
	q := url.Values{"response_type": {"code"}, "client_id": {a.ClientID}, "redirect_uri": {a.Redirect}, "state": {a.State}, "scope": {strings.Join(Scopes, " ")},
		"code_challenge": {a.Challenge}, "code_challenge_method": {"S256"}}
	if a.LoginHint != "" {
		q.Set("login_hint", a.LoginHint)
	}
	if a.Prompt != "" {
		q.Set("prompt", a.Prompt)
	}
	return e.Authorize + "?" + q.Encode()
}

// Challenge makes the code challenge of a verifier.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Refusal says in our words what Salesforce refused, who can grant it, and how to try again.
type Refusal struct{ Refused, Who, Again string }

// refusal is a Refusal with what Salesforce says when it means it: the code, and a part of the description where one code
// has several meanings.
type refusal struct {
	code, says string
	Refusal
}

const (
	admin     = "a Salesforce administrator"
	installer = "whoever set up the External Client App"
	user      = "the user who connects"
	again     = "then connect again"
)

// refusals of the authorize and token endpoints (fact sheet 1, 3), the particular ones first. Descriptions are compared
// without regard to case and never shown: they name users and apps.
var refusals = []refusal{
	{"access_denied", "", Refusal{"access was denied on Salesforce's page", user, "connect again and choose Allow; a user who may not allow apps asks an administrator to assign the permission set " + AppName}},
	{"oauth_approval_error_generic", "", Refusal{"the app is not installed in this org, and ordinary users may not use apps that are not", admin,
		"deploy the files of connect salesforce --app-files DIR, or give the user Approve Uninstalled Connected Apps; " + again}},
	{"invalid_client", "installed", Refusal{"the app is not installed in this org", admin, "deploy the files of connect salesforce --app-files DIR to this org; " + again}},
	{"app_not_found", "", Refusal{"the app is not known at this address", installer, "use the org's own My Domain address as base, not login.salesforce.com or test.salesforce.com, and check that the app is deployed to this org; " + again}},
	{"invalid_client_id", "", Refusal{"the consumer key is not one of this org", installer, "copy the consumer key from the app's settings in this org (a sandbox has one of its own); " + again}},
	{"invalid_client", "", Refusal{"the consumer key or secret is wrong", installer, "copy key and secret from the app's settings again; " + again}},
	{"redirect_uri_mismatch", "", Refusal{"the callback address is not registered with the app", installer, "add the address shown by connect to the app's callback URLs; " + again}},
	{"invalid_scope", "", Refusal{"the app does not offer the scopes api and refresh_token", installer, "select both in the app's OAuth settings; " + again}},
	{"invalid_grant", "approved this consumer", Refusal{"the user is not authorised for the app beforehand", admin,
		"assign the user the permission set " + AppName + " and name it in the app's policies; the permission set of the Salesforce API Integration licence cannot do this, a second one or the profile can; " + again}},
	{"invalid_grant", "audience", Refusal{"the assertion was made for another address", installer, "use the org's own My Domain address as base; " + again}},
	{"invalid_grant", "inactive user", Refusal{"the user is deactivated or frozen", admin, "activate the user, or choose another; " + again}},
	{"invalid_grant", "inactive org", Refusal{"the org is locked or expired", admin, "have the org activated; " + again}},
	{"invalid_grant", "client credentials user", Refusal{"the app names no user to act as", admin, "choose the Run As user in the app's policies; " + again}},
	{"invalid_grant", "not supported on this domain", Refusal{"client credentials are taken at the org's own address only", installer, "use the org's own My Domain address as base; " + again}},
	{"invalid_grant", "expired access/refresh token", Refusal{"the authorisation was withdrawn, expired by the app's policy, or pushed out by a sixth one of the same user", user, "connect again; use a user of its own for each environment"}},
	{"invalid_grant", "code verifier", Refusal{"the code came without its proof", user, "start connecting again from the beginning, in one browser"}},
	{"invalid_grant", "expired authorization code", Refusal{"the code was used already or is older than some minutes", user, "connect again without waiting"}},
	{"invalid_grant", "ip restricted", Refusal{"the app or the user's profile takes only fixed network addresses", admin, "relax the IP restriction in the app's policies: a Lambda function has no fixed address; " + again}},
	{"invalid_grant", "authentication failure", Refusal{"Salesforce did not let the user in", admin, "look at the user's login history, which names the reason; " + again}},
	{"invalid_grant", "", Refusal{"the authorisation is not valid (any more)", user, "connect again"}},
	{"inactive_user", "", Refusal{"the user is deactivated or frozen", admin, "activate the user, or choose another; " + again}},
	{"inactive_org", "", Refusal{"the org is locked or expired", admin, "have the org activated; " + again}},
	{"invalid_app_access", "", Refusal{"the user is not admitted to the app", admin, "assign the user the permission set " + AppName + "; " + again}},
	{"invalid_request", "challenge", Refusal{"the app wants another proof of the code (PKCE) than was sent", installer, "turn on Require PKCE with S256 in the app's settings; " + again}},
	{"unsupported_grant_type", "", Refusal{"the flow is switched off in the app or the org", admin, "switch on the chosen flow in the app's settings; " + again}},
	{"login_rate_exceeded", "", Refusal{"the user logged in too often within the hour", user, "wait an hour, " + again}},
	{"server_error", "", Refusal{"Salesforce had a fault of its own", "nobody", "connect again in some minutes"}},
}

// Explain gives the meaning of an error and error_description of the callback or the token endpoint. The description
// only chooses among meanings; nothing of it is in the answer.
func Explain(code, description string) Refusal {
	code, description = strings.ToLower(code), strings.ToLower(description)
	for _, r := range refusals {
		if r.code == code && strings.Contains(description, r.says) {
			return r.Refusal
		}
	}
	return Refusal{"Salesforce refused the connection", admin, "look at the user's login history, which names the reason; " + again}
}

// OtherOrg explains why a credential opens another org than the one the connection is bound to; "" when it is the same.
func OtherOrg(bound string, seen connector.Account) string {
	switch {
	case sameOrg(bound, seen.ID):
		return ""
	case !seen.Production:
		return "this is a sandbox with another id than before: it was refreshed, which makes a new org with copied records and without the app's authorisations. Connect it as a new connection; the links of the old one name records of an org that is gone"
	}
	return "the credential opens another org than the one this connection is bound to: connect that org as a connection of its own, or put back the credential of this one"
}
