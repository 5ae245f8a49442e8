// Package salesforcetest is a Salesforce org in memory: an http.Handler that
// answers the part of Salesforce's API that Crosswalk's users rely on, with the
// vendor's limits, rules, lags and error bodies.
//
// It promises to behave as the fact sheet (shared/reference/salesforce.md; section
// numbers in comments refer to it) says; what the sheet marks as background
// knowledge, or leaves open, is marked "(inferred)" here. It shares no code with
// any client and uses the standard library only, so that a client and the
// simulator cannot be wrong in the same way.
//
// Time is time.Now and nothing else, no goroutine of the core runs by itself, and
// ids are drawn from Config.Seed: the same seed and the same calls give the same
// answers, also inside testing/synctest.
//
// Reading order: sim.go (what an org consists of), schema.go and record.go (what
// is kept), commit.go (the one way in which anything changes), save.go (what a
// write is refused for and what follows from it), serve.go and route.go (how a
// call passes through), then one file per part of the API: sobject.go, upsert.go,
// collection.go, composite.go, query.go (soql_*.go below it), replication.go,
// describe.go, limit.go. Rules of single objects are in the files named after
// them. people.go acts as a person at the screen, admin.go changes the schema
// under a live client, inspect.go is for an outsider's check, fault.go makes bad
// days, sample.go fills the org.
package salesforcetest
