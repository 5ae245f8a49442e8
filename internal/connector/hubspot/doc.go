// Package hubspot is the connector for HubSpot's CRM: contacts, companies, deals, products, line items,
// activities and the account's custom objects. It promises what package connector asks and keeps HubSpot's traps to itself: search that lags and
// stops at 10,000, batches that answer out of order, merged records, last-modified under two names, 404 in several
// shapes. "fact sheet n" in comments is section n of the HubSpot fact sheet this was built from.
//
// Start with connector.go; then one file per verb: read.go, feed.go (with search.go and cursor.go), write.go (with encode.go,
// outcome.go and link.go), find.go, receive.go; association.go, history.go, list.go and deleted.go answer what a two-way sync asks
// beside records; schema.go finds custom objects. path.go is the only place that knows versions; fault.go is the only place that knows error bodies.
package hubspot
