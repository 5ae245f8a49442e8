package app

import (
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/rest"
)

var lightSystem = system{
	base: "https://api.light.inc",
	make: func(m making) (connector.Connector, error) {
		m.rest.Hosts = light.Hosts
		if m.Auth == "key" {
			m.rest.AuthHeader = light.APIKeyHeader
		}
		return light.New(light.Config{Connection: m.name, Client: rest.New(m.rest), Overlap: time.Duration(m.Lag), Settle: time.Duration(m.Settle), Deadline: time.Duration(m.Deadline)})
	},
	limits: func(Connection) []budget.Bucket {
		return []budget.Bucket{{Name: light.BucketCalls, Calls: 300, Per: time.Minute, Daily: 100_000}}
	},
	keys: "delete the key at Light (Settings > API Keys)",
	consent: &consent{ // Light publishes no scopes, no revoke and no PKCE (light.md 1)
		authorize: "/oauth/authorize", token: "/oauth/token",
		refusals: light.ConsentRefusals(),
		byHand:   "disconnect Crosswalk at Light, or ask help@light.inc to",
	},
}
