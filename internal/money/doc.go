// Package money computes with exact decimals and whole minor units. It promises that no amount ever passes through a
// float, that every rounding is half away from zero and is reported to the caller, and that a currency's number of
// decimals comes from ISO 4217 and nowhere else.
//
// Start reading at decimal.go (what vendors send as text), then amount.go (what is billed), then line.go (how a line
// of a deal becomes a line of an invoice: hard case T2).
package money
