package light

import "crosswalk/internal/connector"

// ConsentRefusals are the ways in which Light refuses a consent or its code. Light publishes no list: these are the gateway's
// words and those of RFC 6749 (fact sheet 1 and 3).
func ConsentRefusals() []connector.ConsentRefusal {
	const (
		admin = "An administrator of the Light company"
		ask   = "Light registers apps and their redirect addresses by mail: help@light.inc."
	)
	return []connector.ConsentRefusal{
		{Code: "access_denied", What: "The consent was refused on Light's page, or the person there may not connect apps.", Who: admin + ", whose roles allow what Crosswalk does."},
		{Code: "INVALID_GRANT", What: "Light's code was too old or used already, or the redirect address is not the registered one: {redirect}", Who: admin + " for a new consent. " + ask},
		{Code: "INVALID_CLIENT", What: "Light does not accept the app's client id and secret.", Who: ask, Again: "Give them again: crosswalk connect {connection} --client-file FILE"},
		{Code: "INVALID_PARAMETER", What: "Light does not accept the redirect address: {redirect}", Who: ask},
		{Code: "MISSING_PARAMETER", What: "Light missed something in the request.", Who: "Whoever looks after this deployment: this is a fault of Crosswalk's, or of a proxy in between."},
		{Code: "UNSUPPORTED_GRANT_TYPE", What: "Light does not take this kind of grant from the app.", Who: ask},
	}
}
