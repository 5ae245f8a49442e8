package salespad

import "time"

// BucketCalls is the bucket all calls are charged to; the wiring gives it to the budget.
const BucketCalls = "salespad/calls"

// PeakSeats is how many sessions a connection has at once.
const PeakSeats = 1

// DefaultConcurrency is how many calls one process has under way at once: the server is the customer's own, with people
// working on it.
const DefaultConcurrency = 4

// Limit is one of ours: SalesPad publishes none (fact sheet 1).
type Limit struct {
	Bucket string
	Calls  int // in any such time
	Per    time.Duration
	Daily  int // 0: none
	Seats  int
	AtOnce int // calls under way
}

// Limits gives the pace that is kept where a connection names no other: ten calls a second, four under way at once, one
// session.
func Limits() []Limit {
	return []Limit{{Bucket: BucketCalls, Calls: 10, Per: time.Second, Seats: PeakSeats, AtOnce: DefaultConcurrency}}
}
