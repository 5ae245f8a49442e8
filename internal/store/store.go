// Package store holds what every table.Table has in common: the rules a put is judged by (rules.go) and
// a meter of what the same calls would cost on DynamoDB (meter.go). The stores themselves are memory,
// bolt (the laptop's) and dynamo; storetest is the suite all of them pass.
package store
