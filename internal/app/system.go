package app

import (
	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// system is what wiring knows of one kind of vendor: where it is, how its connector is made, how many calls it allows.
type system struct {
	base      string // the vendor's own address; "" where each customer has one
	tokenPath string // of its OAuth token endpoint, below the base
	// make gives the connector; config has everything but what is special to the system.
	make func(name string, c Connection, cred Credential, config rest.Config) (connector.Connector, error)
	// limits are the vendor's whole limits: shares and reserves are taken off by limits.go.
	limits func(c Connection) []budget.Bucket
}

// systems by the name that a configuration gives them; each has a file of its own.
var systems = map[string]system{
	"hubspot": hubspotSystem,
	"light":   lightSystem,
}
