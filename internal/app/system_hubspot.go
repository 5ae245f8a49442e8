package app

import (
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/rest"
)

var hubspotSystem = system{
	base:      "https://api.hubapi.com",
	tokenPath: "/oauth/2026-09/token",
	make: func(name string, c Connection, cred Credential, config rest.Config) (connector.Connector, error) {
		return hubspot.New(hubspot.Config{Connection: name, Client: rest.New(config), Version: c.Version, AppID: c.AppID, Secrets: cred.WebhookSecret,
			Portal: c.Account, Overlap: time.Duration(c.Lag), Settle: time.Duration(c.Settle)}) // its portal is bound by Bind
	},
	limits: func(c Connection) []budget.Bucket {
		var buckets []budget.Bucket
		for _, l := range hubspot.Limits(c.Auth == "oauth", c.Edition) {
			buckets = append(buckets, budget.Bucket{Name: l.Bucket, Calls: l.Calls, Per: l.Per, Daily: l.Daily, Within: l.Within})
		}
		return buckets
	},
}
