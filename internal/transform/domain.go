package transform

import (
	_ "embed"
	"encoding/json"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

func domainSpecs() []Spec {
	return []Spec{
		{Name: "extract_domain", Doc: "The registrable domain of a web address, host name or e-mail address, by the public suffix list: scheme, user, www and other hosts, port and path are dropped. International names are written in their ASCII form.",
			Example: `extract_domain: "https://www.shop.example.co.uk:8443/a?b" -> "example.co.uk"`, Inputs: 1, Way: AsIs, Fails: true,
			Run: func(u *Use, in []string) (string, error) {
				if d := RegistrableDomain(in[0]); d != "" {
					return d, nil
				}
				return "", u.Fail("no registrable domain in it", "send a web address or a host name such as example.com")
			}},
		{Name: "email_domain", Doc: "The host after the @ of an e-mail address, small and in its ASCII form.",
			Example: `email_domain: "Info@Sales.Example.com" -> "sales.example.com"`, Inputs: 1, Way: OneWay, Fails: true,
			Run: func(u *Use, in []string) (string, error) {
				at := strings.LastIndexByte(in[0], '@')
				if at <= 0 {
					return "", u.Fail("not an e-mail address", "send an address such as info@example.com")
				}
				host, ok := asciiHost(in[0][at+1:])
				if !ok {
					return "", u.Fail("no valid host after the @", "send an address such as info@example.com")
				}
				return host, nil
			}},
		{Name: "email", Doc: "An e-mail address in small letters, alone: blanks, mailto: and a name before <the address> are dropped. What is no address that mail could be sent to is an error.",
			Example: `email: " Sales <Info@Example.com> " -> "info@example.com"`, Inputs: 1, Way: AsIs, Fails: true,
			Run: func(u *Use, in []string) (string, error) {
				if address, ok := plainEmail(in[0]); ok {
					return address, nil
				}
				return "", u.Fail("not one e-mail address", "correct it at its source, such as info@example.com")
			}},
		{Name: "not_free_mail", Doc: "The value, or nothing when it is an address or domain of a free mail service such as gmail.com: these say nothing about the company.",
			Example: `not_free_mail: "info@gmail.com" -> ""`, Inputs: 1, Way: AsIs,
			Run: func(u *Use, in []string) (string, error) {
				if IsFreeMail(in[0]) {
					u.Note("left blank: a free mail service")
					return "", nil
				}
				return in[0], nil
			}},
	}
}

// hostOf finds the host in a web address, host name or e-mail address, as far as it can be found without a guess.
func hostOf(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if len(text) > 2048 {
		return "", false
	}
	if _, rest, ok := strings.Cut(text, "://"); ok {
		text = rest
	} else {
		text = strings.TrimPrefix(text, "//")
	}
	if i := strings.IndexAny(text, `/?#\`); i >= 0 {
		text = text[:i]
	}
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		text = text[i+1:]
	}
	if i := strings.LastIndexByte(text, ':'); i >= 0 && digitsOnly(text[i+1:]) == text[i+1:] {
		text = text[:i]
	}
	return asciiHost(text)
}

// asciiHost gives a valid host name, small and in ASCII. Addresses of the internet protocol are none.
func asciiHost(host string) (string, bool) {
	host = strings.TrimSuffix(strings.TrimSpace(host), ".")
	if host == "" || len(host) > 1024 || strings.HasPrefix(host, ".") {
		return "", false
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		// Underscores and the like are no valid host names but are in use below a registrable domain.
		if ascii, err = idna.Punycode.ToASCII(strings.ToLower(host)); err != nil || !plainHost(ascii) {
			return "", false
		}
	}
	if _, err := netip.ParseAddr(ascii); err == nil || len(ascii) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 {
			return "", false
		}
	}
	return ascii, true
}

func plainHost(host string) bool {
	return strings.IndexFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	}) < 0
}

// RegistrableDomain gives the domain that somebody registered (one label below a public suffix) of a web address, host
// name or e-mail address, small and in ASCII, or "" when there is none.
func RegistrableDomain(text string) string {
	host, ok := hostOf(text)
	if !ok {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || strings.Contains(domain, "_") {
		return ""
	}
	if tld := domain[strings.LastIndexByte(domain, '.')+1:]; digitsOnly(tld) == tld {
		return "" // numbers only: a broken address of the internet protocol
	}
	return domain
}

//go:embed data/free_email_domains.json
var freeMailJSON []byte

var freeMail = sync.OnceValue(func() map[string]bool {
	var list []string
	if err := json.Unmarshal(freeMailJSON, &list); err != nil {
		panic("transform: embedded free mail domains: " + err.Error())
	}
	set := make(map[string]bool, len(list))
	for _, d := range list {
		set[d] = true
	}
	return set
})

// IsFreeMail tells whether an address, host or domain belongs to a free mail service: it, or a domain above it up to the
// one that was registered, is in the list. What stands above that is somebody else's: acme.za.com is no part of za.com.
func IsFreeMail(text string) bool {
	host, ok := hostOf(text)
	if !ok {
		return false
	}
	domain := RegistrableDomain(host)
	for host != "" {
		if freeMail()[host] {
			return true
		}
		if host == domain || domain == "" {
			return false
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// ValidEmail tells whether a text looks like one deliverable e-mail address: a local part of at most 64 bytes without
// quotes or blanks, and a host with a registrable domain. It follows the addr-spec of RFC 5322 without comments,
// quoted parts and address literals, which no CRM can mail to.
func ValidEmail(text string) bool {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > 64 || len(text) > 254 || !validLocal(text[:at]) {
		return false
	}
	host := text[at+1:]
	ascii, err := idna.Lookup.ToASCII(host)
	return err == nil && strings.Contains(ascii, ".") && !strings.HasSuffix(ascii, ".") && RegistrableDomain(ascii) != ""
}

// plainEmail gives the one address in a text, in small letters. What follows a + before the @ stays: it is another address
// to its system.
func plainEmail(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if before, rest, ok := strings.Cut(text, "<"); ok && strings.HasSuffix(rest, ">") && !strings.Contains(before, "@") {
		text = strings.TrimSuffix(rest, ">")
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "mailto:"))
	return text, ValidEmail(text)
}

func validLocal(local string) bool {
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for _, r := range local {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r) && (r < 0xA0 || r == '\uFFFD') {
			return false
		}
	}
	return true
}
