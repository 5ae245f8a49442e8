package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad"
	"crosswalk/internal/rest"
)

// SalesPad's web API is installed by each customer, beside one Dynamics GP company (salespad.md 1): a connection is one company at one
// address. Who logs in is handed over as user:password; the session that this opens is one for all workers, kept beside the
// credential (system_salespad_session.go). How the server is reached is in system_salespad_reach.go.
var salespadSystem = system{
	check:   checkSalesPad,
	session: true,
	usable: func(key string) error {
		_, err := salespad.ParseLogin(key)
		return err
	},
	make: func(m making) (connector.Connector, error) {
		profile, err := m.salespadProfile()
		if err != nil {
			return nil, err
		}
		tokens := m.rest.Tokens
		m.rest.Tokens = nil // the session is the credential
		client := rest.New(m.rest)
		sessions, err := salespad.NewSessions(salespad.SessionsConfig{Client: client, Keeper: m.keeper, Locker: m.locker, Seat: profile.Seat(),
			Login: func(ctx context.Context) (salespad.Login, error) { return login(tokens.Token(ctx)) },
			Anew: func(ctx context.Context) (salespad.Login, error) {
				if kept, ok := tokens.(interface {
					Anew(ctx context.Context) (string, error)
				}); ok {
					return login(kept.Anew(ctx))
				}
				return login(tokens.Token(ctx)) // one that is being tried
			}})
		if err != nil {
			return nil, err
		}
		return salespad.New(salespad.Config{Connection: m.name, Client: client, Sessions: sessions, Profile: profile,
			Company: m.Company, Test: m.Test, Currency: m.Currency, Currencies: m.Currencies, TimeZone: m.TimeZone, Queues: m.Queues, Pages: m.Pages,
			Overlap: time.Duration(m.Lag), LookBack: time.Duration(m.LookBack), LookEvery: time.Duration(m.LookEvery), FullEvery: time.Duration(m.FullEvery),
			Settle: time.Duration(m.Settle), Deadline: time.Duration(m.Deadline), Concurrency: m.AtOnce, Page: m.PageSize})
	},
	// SalesPad publishes no limit and has no day: the pace spares a server that people work on.
	limits: func(c Connection) []budget.Bucket {
		var buckets []budget.Bucket
		for _, l := range salespad.Limits() {
			buckets = append(buckets, budget.Bucket{Name: l.Bucket, Calls: cmp.Or(c.CallsPerSecond, l.Calls), Per: l.Per, Daily: l.Daily})
		}
		return buckets
	},
	keys: "give the user another password in SalesPad, or make it inactive: a session that was opened with the old one does not end by itself (salespad.md 2)",
}

// login reads what was handed over; a credential that cannot be had is the error as it is.
func login(key string, err error) (salespad.Login, error) {
	if err != nil {
		return salespad.Login{}, err
	}
	return salespad.ParseLogin(key)
}

// salespadProfile lays what the configuration says of this install over what is known of all.
func (c Connection) salespadProfile() (*salespad.Profile, error) {
	if c.Profile.IsZero() {
		return salespad.LoadProfile(nil)
	}
	var own any
	if err := c.Profile.Decode(&own); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	text, err := json.Marshal(own)
	if err != nil {
		return nil, fmt.Errorf("profile: write keys as words: %w", err)
	}
	return salespad.LoadProfile(text)
}

// checkSalesPad refuses a connection that could not be made.
func checkSalesPad(c Connection) []string {
	var out []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	if c.Base == "" {
		add(true, "base: missing; write the address of the company's SalesPad web API, https://salespad.example.com:5501")
	} else if err := rest.CheckBase(c.Base); err != nil {
		add(true, "%v", err)
	}
	add(c.Auth != "key", "auth: %q; write key, or leave it out: SalesPad knows a user and a password only", c.Auth)
	add(!currencyCode(c.Currency), "currency: %q; write the company's functional currency, such as USD: SalesPad does not tell it", c.Currency)
	for _, id := range slices.Sorted(maps.Keys(c.Currencies)) {
		add(!currencyCode(c.Currencies[id]), "currencies.%s: %q; write an ISO code, such as USD", id, c.Currencies[id])
	}
	add(c.CallsPerSecond < 0 || c.CallsPerSecond > 1000, "calls_per_second: %d; write 1 to 1000, or leave it out", c.CallsPerSecond)
	if _, err := c.salespadProfile(); err != nil {
		add(true, "%s", strings.TrimPrefix(err.Error(), "salespad: "))
	}
	return append(out, c.checkReach()...)
}

func currencyCode(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// twins finds SalesPad connections that are one company: they would end each other's session, and have the same records under two
// names.
func twins(connections map[string]Connection) []string {
	var out []string
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(connections)) {
		c := connections[name]
		if c.System != "salespad" {
			continue
		}
		at := c.Base
		if u, err := url.Parse(c.Base); err == nil {
			at = u.Host + strings.TrimRight(u.Path, "/")
		}
		at = strings.ToLower(at + "#" + c.Company)
		if first := seen[at]; first != "" {
			out = append(out, fmt.Sprintf("connections.%s: it is the same SalesPad and company as %s; write one connection a GP company, or company: of each", name, first))
		}
		seen[at] = name
	}
	return out
}
