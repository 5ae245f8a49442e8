package app

import (
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/engine"
	"crosswalk/internal/rest"
)

var hubspotSystem = system{
	base:     hubspotBase,
	editions: []string{"starter", "professional", "enterprise"},
	make: func(m making) (connector.Connector, error) {
		return hubspot.New(hubspot.Config{Connection: m.name, Client: rest.New(m.rest), Version: m.Version, AppID: m.AppID, Portal: m.Account, Trust: m.trust,
			Overlap: time.Duration(m.Lag), Settle: time.Duration(m.Settle)})
	},
	limits: func(c Connection) []budget.Bucket {
		var buckets []budget.Bucket
		for _, l := range hubspot.Limits(c.Auth == "oauth", c.Edition) {
			buckets = append(buckets, budget.Bucket{Name: l.Bucket, Calls: l.Calls, Per: l.Per, Daily: l.Daily, Within: l.Within})
		}
		return buckets
	},
	keys: "delete the app or its token at HubSpot (Development > Projects, or Settings > Integrations)",
	consent: &consent{
		login: func(base string) string {
			if base == hubspotBase {
				return "https://app.hubspot.com" // the consent page is not at the API (hubspot.md 2)
			}
			return base
		},
		authorize: "/oauth/authorize", token: "/oauth/2026-09/token", revoke: "/oauth/2026-09/token/revoke", pkce: true,
		scopes: hubspot.Scopes, refusals: hubspot.ConsentRefusals(),
	},
	registered: func(o registering) (engine.App, error) {
		a := engine.App{Scopes: hubspot.RegisteredScopes(o.needs, o.oauth), Redirect: o.redirect, Webhook: o.webhook, Next: hubspot.AfterFiles(o.name, o.oauth)}
		for _, f := range hubspot.AppFiles(hubspot.App{OAuth: o.oauth, Redirect: o.redirect, Webhook: o.webhook, Needs: o.needs}) {
			a.Files = append(a.Files, engine.AppFile(f))
		}
		return a, nil
	},
}

const hubspotBase = "https://api.hubapi.com"
