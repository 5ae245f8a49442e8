// Package salespad speaks to the SalesPad (Cavallo) Web API of one Dynamics GP company: customers, their addresses,
// prospects, their contacts, items, sales documents and their lines. It promises what package connector asks, over an API
// of which only part is public: what may differ from one install to the next - names of resources, fields, widths, what was
// inferred - stands in profile.json and can be laid over for each connection, and Probe tells what an install lacks.
//
// Three traits of the system shape the package. One account has one session (session.go): a second log-in ends the first, so
// every worker shares one that is kept outside the process. Nothing has an idempotency key and user fields cannot be
// filtered, so that a create is found again by reading what changed since (look.go) or by a key that we chose (create.go).
// Values are SQL Server's: padded with spaces, 1900-01-01 for no date, as wide as a column (row.go, encode.go).
//
// Start with connector.go, then profile.go. Section numbers are those of the fact sheet, salespad.md.
package salespad
