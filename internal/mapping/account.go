package mapping

import (
	"regexp"
	"strings"
	"sync"
)

// What a transform may say of a's account, so that one document serves a sandbox in one zone and a company in another:
// the time zone "portal" of date and datetime, and $currency, the account's own currency, inside any argument.
var portalZone = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\bdate(?:time)?\(\s*(?:zone\s*=\s*)?)(["'])portal["']`)
})

// BindTransform puts an account's IANA time zone and ISO 4217 currency into the calls of a transform. Whoever runs or
// checks transforms of a document does this first.
func BindTransform(calls, timeZone, currency string) string {
	if !strings.Contains(calls, "portal") && !strings.Contains(calls, "$currency") {
		return calls
	}
	calls = portalZone().ReplaceAllString(calls, "${1}${2}"+strings.ReplaceAll(timeZone, "$", "$$")+"${2}")
	return strings.ReplaceAll(calls, "$currency", currency)
}
