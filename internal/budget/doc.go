// Package budget spends API calls, the scarcest thing our users own: as time slots, so that a rolling limit can
// never be passed (B11), under a daily cap by the vendor's own day, with a reserve for live changes over bulk
// work, and with a count of who used what. Limiter is the in-process one; it is a rest.Gate. Start with Enter.
package budget
