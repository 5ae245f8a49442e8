package dynamo

import "time"

// WithNow gives the same table seen by a function with another clock.
func WithNow(t *Table, now func() time.Time) *Table {
	c := *t
	c.opts.Now = now
	return &c
}
