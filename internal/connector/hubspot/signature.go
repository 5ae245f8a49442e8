package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// window is how far a request's timestamp may be from our clock, either way (fact sheet 3).
const window = 300_000 * time.Millisecond

// unescape undoes exactly the escapes that HubSpot undoes before it signs an address, and no others.
var unescape = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
	"%3a", ":", "%2f", "/", "%3f", "?", "%2a", "*", "%2c", ",", "%3b", ";",
)

// signed tells whether the request bears a v3 signature by one of the secrets; stale is set when it would, but for
// its time. Only v3 counts: v1 and v2 sign no time and could be played again for ever.
func signed(secrets []string, r *http.Request, url string, body []byte, now time.Time) (ok, stale bool) {
	given, stamp := only(r, signatureHeader), only(r, stampHeader)
	if given == "" || stamp == "" {
		return false, false
	}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		want := signature(secret, r.Method, url, body, stamp)
		// Compared as text, not as decoded bytes: base64 has several spellings of the same bytes.
		if hmac.Equal([]byte(want), []byte(given)) {
			ok = true
		}
	}
	return ok, ok && !fresh(stamp, now)
}

const (
	signatureHeader = "X-HubSpot-Signature-v3"
	stampHeader     = "X-HubSpot-Request-Timestamp"
)

// bearsSignature tells whether there is anything to verify.
func bearsSignature(r *http.Request) bool {
	return only(r, signatureHeader) != "" && only(r, stampHeader) != ""
}

func signature(secret, method, url string, body []byte, stamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range []string{method, unescape.Replace(url), string(body), stamp} {
		mac.Write([]byte(part))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// only gives a header that was sent exactly once.
func only(r *http.Request, name string) string {
	values := r.Header.Values(name)
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

func fresh(stamp string, now time.Time) bool {
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || ms < 0 || ms > 1<<53 {
		return false
	}
	off := now.Sub(time.UnixMilli(ms))
	return off <= window && off >= -window
}
