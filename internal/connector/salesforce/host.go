package salesforce

import (
	"net"
	"net/url"
	"strings"

	"crosswalk/internal/rest"
)

// Hosts are the host suffixes that are Salesforce's own: where a token may be sent, also by a redirect
// (rest.Config.Hosts). API calls go to MyDomain.my.salesforce.com, sandboxes to
// MyDomain--Name.sandbox.my.salesforce.com, government orgs to my.salesforce.mil (fact sheet 2).
var Hosts = []string{"salesforce.com", "salesforce.mil"}

// CheckBase tells whether a connection may be made to this base URL: Salesforce's own hosts by https, this machine for
// simulators, or a host the administrator vouches for (a proxy).
func CheckBase(base string, vouched ...string) error {
	if err := rest.CheckBase(base); err != nil {
		return err
	}
	u, err := url.Parse(base)
	if err != nil {
		return errHost
	}
	if onThisMachine(u.Hostname()) || trusted(u, Hosts) || trusted(u, vouched) {
		return nil
	}
	return errHost
}

// CheckInstance tells whether the instance_url of a token answer may be sent a token (S9): the connection's own host,
// or another of Salesforce's. A simulator on this machine is believed only by a connection that is on this machine.
func CheckInstance(base, instance string) error {
	own, err := url.Parse(base)
	if err != nil {
		return errHost
	}
	u, err := url.Parse(instance)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return errInstance
	case u.Scheme == own.Scheme && strings.EqualFold(u.Host, own.Host):
		return nil
	case u.Scheme == "https" && trusted(u, Hosts):
		return nil
	case onThisMachine(own.Hostname()) && onThisMachine(u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https"):
		return nil
	}
	return errInstance
}

// plain is a cause in our own words, which quotes nothing.
type plain string

func (p plain) Error() string   { return string(p) }
func (p plain) PlainText() bool { return true }

const (
	errHost     = plain("base: write the org's My Domain address, https://MyDomain.my.salesforce.com; another host must be named as trusted in the configuration")
	errInstance = plain("the token answer names an instance that is not Salesforce's; the token was not used")
)

func trusted(u *url.URL, suffixes []string) bool {
	if u.Port() != "" && u.Port() != "443" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, suffix := range suffixes {
		suffix = strings.ToLower(strings.TrimPrefix(suffix, "."))
		if suffix != "" && (host == suffix || strings.HasSuffix(host, "."+suffix)) {
			return true
		}
	}
	return false
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
