package rest

import (
	"net"
	"net/url"
	"strings"
)

// CheckBase tells whether a base URL can be used: absolute, https (plain http for loopback only), no credential,
// no query.
func CheckBase(base string) error {
	_, err := parseBase(base)
	return err
}

func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "":
		return nil, plain("base: write the whole address, for example https://api.example.com")
	case u.User != nil:
		return nil, plain("base: remove the user and password; credentials are kept in the secret store")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, plain("base: remove everything from ? or # on")
	case !encrypted(u):
		return nil, plain("base: use https; plain http is allowed for this machine only (127.0.0.1, localhost)")
	}
	return u, nil
}

// encrypted tells whether a credential may be sent there: https, or http that never leaves the machine.
func encrypted(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// trusted tells whether the credential may follow a redirect to this address.
func (c *Client) trusted(to *url.URL) bool {
	if !encrypted(to) || to.User != nil || c.base.Scheme == "https" && to.Scheme != "https" {
		return false
	}
	if strings.EqualFold(to.Host, c.base.Host) {
		return true
	}
	if to.Port() != "" && to.Port() != "443" {
		return false
	}
	host := strings.ToLower(to.Hostname())
	for _, suffix := range c.Hosts {
		suffix = strings.ToLower(strings.TrimPrefix(suffix, "."))
		if suffix != "" && (host == suffix || strings.HasSuffix(host, "."+suffix)) {
			return true
		}
	}
	return false
}
