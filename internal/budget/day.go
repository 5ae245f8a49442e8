package budget

import (
	"maps"
	"slices"
	"time"
)

// day counts a bucket's calls by the vendor's day: a calendar day of its zone, or any 24 hours, which are kept as hourly cells.
// It has the form in which it is stored.
type day struct {
	Cells map[string]int `json:"c,omitempty"` // calls by day (2026-11-21) or hour (2026-11-21T09, UTC)
	Total int            `json:"t,omitempty"` // ever
	Told  *told          `json:"o,omitempty"`
}

// told is the vendor's word. Calls that were let through after it are Total less Since: they may not be in it.
type told struct {
	Used   int   `json:"u"`
	Limit  int   `json:"l"`
	At     int64 `json:"a"` // milliseconds
	Since  int   `json:"s"`
	Resets int64 `json:"r,omitempty"` // milliseconds
}

// rule is how a bucket's day is kept: by its Bucket, by the share in force, and with clocks that may be apart by guard. Around
// the end of a day, calls count in both days, so that no clock moves one into a day where it is not seen.
type rule struct {
	Bucket
	share Share
	guard time.Duration
}

const (
	rolling   = 24 * time.Hour
	wordSlack = 200              // a two hundredth
	wordLasts = 30 * time.Minute // of a rolling day: afterwards calls have left the window which it counted
)

func (r rule) zone() *time.Location {
	if r.Zone == nil || r.Rolling {
		return time.UTC
	}
	return r.Zone
}

const (
	dayForm  = time.DateOnly
	hourForm = "2006-01-02T15"
)

// cells are those in which a call of now counts.
func (r rule) cells(now time.Time) []string {
	if r.Rolling {
		return []string{now.Add(r.guard).UTC().Format(hourForm)} // the later one leaves the window later
	}
	early, late := now.Add(-r.guard).In(r.zone()).Format(dayForm), now.Add(r.guard).In(r.zone()).Format(dayForm)
	return slices.Compact([]string{early, late})
}

// count adds n calls, or takes them back when n is negative, and forgets cells that count no more.
func (d *day) count(r rule, now time.Time, n int) {
	if d.Cells == nil {
		d.Cells = map[string]int{}
	}
	for _, c := range r.cells(now) {
		d.Cells[c] = max(d.Cells[c]+n, 0)
	}
	d.Total += n
	oldest := now.Add(-2 * rolling).UTC().Format(dayForm)
	maps.DeleteFunc(d.Cells, func(c string, _ int) bool { return c < oldest })
}

// ours is how many calls of this day we let through, by our own count.
func (d *day) ours(r rule, now time.Time) int {
	if !r.Rolling {
		most := 0
		for _, c := range r.cells(now) {
			most = max(most, d.Cells[c])
		}
		return most
	}
	sum := 0
	for c, n := range d.Cells {
		if at, err := time.Parse(hourForm, c); err == nil && r.leaves(at).After(now) {
			sum += n
		}
	}
	return sum
}

// leaves is when the calls of an hour are out of a rolling day for certain.
func (r rule) leaves(hour time.Time) time.Time { return hour.Add(time.Hour + rolling + r.guard) }

// hear takes the vendor's word. A later word replaces an earlier one; within one calendar day none lowers another by a little,
// since answers come in another order than they were counted in. By much is a new day: our zone may not be the account's.
func (d *day) hear(r rule, now time.Time, seen Seen, total int) {
	if seen.Limit <= 0 || seen.Used < 0 {
		return
	}
	next := &told{Used: seen.Used, Limit: seen.Limit, At: now.UnixMilli(), Since: total}
	if !seen.Resets.IsZero() {
		next.Resets = seen.Resets.UnixMilli()
	}
	if old := d.Told; old != nil && !r.Rolling && d.valid(r, now) && behind(old, next) > 0 && behind(old, next) <= seen.Limit/10 {
		next.Used, next.Since = old.Used, old.Since
	}
	d.Told = next
}

// behind is by how much a later word is below an earlier one.
func behind(old, next *told) int { return old.Used - old.Since - (next.Used - next.Since) }

// valid tells whether the vendor's word is about the day of now.
func (d *day) valid(r rule, now time.Time) bool {
	t := d.Told
	if t == nil {
		return false
	}
	at := time.UnixMilli(t.At)
	switch {
	case t.Resets > 0:
		return now.Before(time.UnixMilli(t.Resets).Add(r.guard))
	case r.Rolling:
		return now.Before(at.Add(wordLasts))
	}
	return now.Before(r.midnight(at).Add(r.guard))
}

// word is the day's calls of all programs by the vendor's word and what we let through since; false without a word.
func (d *day) word(r rule, now time.Time) (int, bool) {
	if !d.valid(r, now) {
		return 0, false
	}
	return max(d.Told.Used+max(d.Total-d.Told.Since, 0), 0), true
}

// limit is the vendor's: its word, else what is published for the edition; 0 is none.
func (d *day) limit(r rule) int {
	if d.Told != nil {
		return d.Told.Limit
	}
	return r.Daily
}

// spent is what counts against our share: our own count, which is corrected down to what the vendor says of all programs
// together, as ours cannot be more. wordSlack of the limit is for calls that were let through and not counted by it yet.
func (d *day) spent(r rule, now time.Time) int {
	ours := d.ours(r, now)
	if word, ok := d.word(r, now); ok {
		return min(ours, word+d.limit(r)/wordSlack)
	}
	return ours
}

// left is how many calls may still be made today: of our share, and of what the vendor says is left to all programs. Bulk work
// leaves the reserve.
func (d *day) left(r rule, now time.Time, bulk bool) int {
	limit := d.limit(r)
	cap := r.share.Of(limit)
	if cap == 0 {
		return unlimited
	}
	reserve := 0
	if bulk {
		reserve = int(float64(cap) * r.Reserve)
	}
	left := cap - reserve - d.spent(r, now)
	if word, ok := d.word(r, now); ok && limit > 0 {
		left = min(left, limit-reserve-word)
	}
	return max(left, 0)
}

// resumes is when there may be calls again after left gave too few: the next day; of a rolling day, when its oldest hour is out
// of it, or when the vendor's word has aged so far that it is worth asking again.
func (d *day) resumes(r rule, now time.Time) time.Time {
	if d.valid(r, now) && d.Told.Resets > 0 {
		return time.UnixMilli(d.Told.Resets).Add(r.guard)
	}
	if !r.Rolling {
		return r.midnight(now.Add(-r.guard)).Add(r.guard)
	}
	if word, ok := d.word(r, now); ok && word >= d.Told.Limit {
		return time.UnixMilli(d.Told.At).Add(wordLasts)
	}
	for _, c := range slices.Sorted(maps.Keys(d.Cells)) {
		at, err := time.Parse(hourForm, c)
		if err == nil && d.Cells[c] > 0 && r.leaves(at).After(now) {
			return r.leaves(at)
		}
	}
	return now.Add(time.Hour)
}

// midnight gives the next start of a day in the vendor's zone, across daylight saving.
func (r rule) midnight(now time.Time) time.Time {
	y, m, d := now.In(r.zone()).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, r.zone())
}
