package engine

import (
	"regexp"
	"slices"
	"sync"

	"crosswalk/internal/connector"
)

var grantWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,59}$`) })

// commonRefusals are RFC 6749's codes (4.1.2.1 and 5.2), for vendors that say no more.
var commonRefusals = []connector.ConsentRefusal{
	{Code: "access_denied", What: "The consent was refused on the system's page, or the person there may not give it.", Who: "An administrator of the account."},
	{Code: "invalid_scope", What: "The scopes asked for are not those of the app, or the account does not have them.", Who: "Whoever made the app: give it the scopes that crosswalk connect {connection} prints."},
	{Code: "invalid_request", What: "The system did not accept the request: its redirect address, or the proof that the same program asked and traded.", Who: "Whoever made the app: its redirect address must be exactly {redirect}"},
	{Code: "unauthorized_client", What: "The app may not ask in this way.", Who: "Whoever made the app, or an administrator who allows it in the account."},
	{Code: "unsupported_response_type", What: "The app may not ask in this way.", Who: "Whoever made the app: it needs the authorization code flow."},
	{Code: "unsupported_grant_type", What: "The app may not trade codes for tokens.", Who: "Whoever made the app: it needs the authorization code flow."},
	{Code: "invalid_client", What: "The system does not accept the app's client id and secret.", Who: "Whoever made the app has the right ones.", Again: "Give them again: crosswalk connect {connection} --client-file FILE"},
	{Code: "invalid_client_id", What: "The system does not know the app's client id.", Who: "Whoever made the app has the right one.", Again: "Give it again: crosswalk connect {connection} --client-file FILE"},
	{Code: "invalid_grant", What: "The code was too old or used already, or the redirect address is not the app's: {redirect}", Who: "An administrator of the account, for a new consent."},
	{Code: "server_error", What: "The system had a fault of its own.", Who: "Nobody: it passes."},
	{Code: "temporarily_unavailable", What: "The system is too busy now.", Who: "Nobody: it passes."},
}

// anew is how to try again where nothing else is said.
const anew = "Run crosswalk connect {connection} and open the new link."

// ExplainGrant gives the sentences for a code with which a consent was refused; vendor's own come first. A code that nobody
// listed is told when it is a plain word, and never otherwise.
func ExplainGrant(code string, vendor []connector.ConsentRefusal) *GrantError {
	for _, all := range [][]connector.ConsentRefusal{vendor, commonRefusals} {
		n := slices.IndexFunc(all, func(r connector.ConsentRefusal) bool { return r.Code == code })
		if n < 0 {
			continue
		}
		e := &GrantError{Code: code, What: all[n].What, Who: all[n].Who, Again: anew}
		if all[n].Again != "" {
			e.Again = all[n].Again + ". Then open the new link."
		}
		return e
	}
	e := &GrantError{Code: "unknown", What: "The system refused for a reason that Crosswalk does not know.", Who: "An administrator of the account can look at the app there.", Again: anew}
	if grantWord().MatchString(code) {
		e.Code, e.What = code, "The system refused with the word "+code+"."
	}
	return e
}
