// Package light is the connector for Light (light.inc): customers, products, invoice receivables, contracts and the
// lines of both. It promises what package connector asks and keeps Light's traps to itself: idempotency keys on some
// calls only, PATCH that replaces whole addresses, price lists and property sets, no filter for contracts, no escape
// in filters, opening that ends later, prices that include tax unless told otherwise. "fact sheet n" in comments is
// section n of the Light fact sheet this was built from.
//
// Money stays in whole minor units as text, quantities and percentages in exact decimals: nothing here computes.
//
// Start with connector.go; object.go and field.go are what Light has and takes; then one file per verb: read.go,
// feed.go, find.go, look.go, write.go, act.go. Light's JSON is known to decode.go, and to encode.go with judge.go,
// pricing.go and propertyset.go; its errors to fault.go.
package light
