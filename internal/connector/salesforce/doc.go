// Package salesforce is the connector for Salesforce's CRM: accounts, contacts, leads, opportunities with their lines
// and roles, products and prices, activities, campaigns, and the custom objects that are named to it. It promises what
// package connector asks and keeps Salesforce's traps to itself: ids of 15 and 18 characters, fields that vanish with a
// permission, rows answered by position, merges and conversions, quota refusals under 403, datetimes that no RFC 3339
// reader takes. "fact sheet n" in comments is section n of the Salesforce fact sheet this was built from.
//
// Start with connector.go; then one file per verb: read.go (with missing.go and relate.go), feed.go (with cursor.go and
// deleted.go), write.go (with encode.go and outcome.go), find.go, table.go, receive.go (outbound messages), event.go
// (change data capture). soql.go builds queries and is the only place that writes one; query.go runs them; describe.go
// says which names exist; fault.go is the only place that knows error bodies. oauth.go, host.go and appfiles.go are for
// connecting.
package salesforce
