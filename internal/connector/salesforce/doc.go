// Package salesforce is the connector for Salesforce's CRM: accounts, contacts, leads, opportunities with their lines
// and roles, products and prices, activities, campaigns, and the custom objects that are named to it. It promises what
// package connector asks and keeps Salesforce's traps to itself: ids of 15 and 18 characters, fields that vanish with a
// permission, rows answered by position, merges and conversions, quota refusals under 403, datetimes that no RFC 3339
// reader takes. "fact sheet n" in comments is section n of the Salesforce fact sheet this was built from.
//
// An org is one side of a two-way sync: associations are fields (bond.go, bondwrite.go), a converted lead is its contact
// (convert.go), a duplicate answer is a link where it names one record (clash.go), a deletion takes nothing else along (delete.go).
// How deletions are learnt: each feed asks for them at its own cadence (Config.DeletedEvery, one call, deleted.go) and gives ids as
// archived records without values; reading such ids says gone or moved: two calls for 1,000 that are in the recycle bin or merged,
// and one more for each 25 of those that are in neither (purged, and all contact roles). Field history is not read
// (no connector.Historian): it exists only for fields that an administrator tracks, in objects of its own.
//
// Start with connector.go; then one file per verb: read.go (with missing.go, convert.go and relate.go), feed.go (with cursor.go and
// deleted.go), write.go (with encode.go, outcome.go, bondwrite.go, clash.go and delete.go), find.go,
// table.go (with picklist.go), receive.go (outbound messages), event.go (change data capture). soql.go builds queries and is the only place that writes one; query.go runs them; describe.go
// says which names exist; fault.go is the only place that knows error bodies. oauth.go, host.go and appfiles.go are for
// connecting.
package salesforce
