// Package hubspottest is a HubSpot portal in memory: an http.Handler that
// answers the part of HubSpot's API that Crosswalk's users rely on, with the
// vendor's limits, lags, error bodies and webhooks.
//
// It promises to behave as the fact sheet says (section numbers in comments
// refer to it); what the sheet marks as inferred is marked "(inferred)" here and
// can be switched in [Quirks] where it matters. It shares no code with any client
// and uses the standard library only, so that a client and the simulator cannot
// be wrong in the same way.
//
// Time is time.Now and nothing else, no goroutine runs by itself (what an automation does is done, dated as due, before the next call or look), and every
// choice (ids, shuffles, stale reads, retry spacing) is drawn from Config.Seed:
// the same seed and the same calls give the same answers, also inside
// testing/synctest.
//
// Reading order: sim.go (what a portal consists of and how a call passes through
// it), route.go (which paths exist), kind.go and record.go (what is kept),
// write.go (what a write does; check.go
// refuses, effect.go and calculate.go add what follows), then one file per part of the API: records.go,
// batch.go, search.go, association.go, property_api.go, schema.go, list.go, pipeline.go, owner.go,
// oauth.go, account.go, webhook_api.go. Webhooks go out through delivery.go.
// errand.go is what the portal does by itself (workflows, companies made from e-mail domains), native.go HubSpot's own
// Salesforce connector. people.go acts as a person at the screen, inspect.go is for an outsider's
// check, fault.go makes bad days, sample.go fills the portal.
package hubspottest
