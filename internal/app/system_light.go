package app

import (
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/rest"
)

var lightSystem = system{
	base:      "https://api.light.inc",
	tokenPath: "/oauth/token",
	make: func(name string, c Connection, _ Credential, config rest.Config) (connector.Connector, error) {
		config.Hosts = light.Hosts
		if c.Auth == "key" {
			config.AuthHeader = light.APIKeyHeader
		}
		return light.New(light.Config{Connection: name, Client: rest.New(config), Overlap: time.Duration(c.Lag), Settle: time.Duration(c.Settle), Deadline: time.Duration(c.Deadline)})
	},
	limits: func(Connection) []budget.Bucket {
		return []budget.Bucket{{Name: light.BucketCalls, Calls: 300, Per: time.Minute, Daily: 100_000}}
	},
}
