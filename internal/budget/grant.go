package budget

import "time"

// slot is leave for one request, in the connection's time.
type slot struct {
	due   int64
	until int64 // it is lost after this
}

// chain is the buckets that a call counts in, narrow first, with their shared state.
type chain []link

type link struct {
	*member
	state *shared
}

// grant takes up to most slots of weight calls each, as far as the horizon reaches. Where it reaches for less than half of them
// it takes none, and gives after how long there will be room: writing the item for single slots would cost a write a call. A
// request of several calls is one burst: it is sent when its last slot is due. grant decides alone: no clock, no table.
func (c chain) grant(view int64, weight, most int, bulk bool) (slots []slot, wait time.Duration) {
	if wait := c.room(view, weight, (most+1)/2, bulk); wait > 0 {
		return nil, wait
	}
	for len(slots) < most && (len(slots) == 0 || c.room(view, weight, 1, false) <= 0) {
		due := c.due(view, weight, bulk && len(slots) == 0)
		for _, l := range c {
			l.take(due, weight, bulk)
		}
		slots = append(slots, slot{due, due + int64(c[0].pace.late/2)})
	}
	return slots, 0
}

// due is when the next request may go: the narrow bucket says it. Bulk work waits for its own turn, which comes less often than
// the slots do, and then takes several in a row.
func (c chain) due(view int64, weight int, bulk bool) int64 {
	l := c[0]
	due := max(view, l.state.Next+int64(weight-1)*int64(l.pace.interval))
	if bulk && l.Reserve > 0 {
		due = max(due, l.state.Bulk)
	}
	return due
}

// room is how long it is until n requests fit in the horizon; 0 or less is now. A wider bucket is asked only whether it is not
// two horizons behind: the narrow one's calls go before those that it has let through already.
func (c chain) room(view int64, weight, n int, bulk bool) time.Duration {
	l := c[0]
	ends := c.due(view, weight, bulk) + int64(l.pace.interval)*int64((n-1)*weight+1)
	wait := time.Duration(ends-view-int64(weight-1)*int64(l.pace.interval)) - l.pace.horizon
	for _, wide := range c[1:] {
		wait = max(wait, time.Duration(wide.state.Next-view)-2*wide.pace.horizon)
	}
	return wait
}

// take moves a bucket's next free slot on. One that was free for a moment only is used before it is lost.
func (l link) take(due int64, weight int, bulk bool) {
	earliest := due - int64(l.pace.late/2)
	l.state.Next = max(l.state.Next+int64(weight-1)*int64(l.pace.interval), earliest) + int64(l.pace.interval)
	if bulk && l.Reserve > 0 {
		l.state.Bulk = max(l.state.Bulk, earliest) + int64(float64(l.pace.interval)*float64(weight)/(1-l.Reserve))
	}
}
