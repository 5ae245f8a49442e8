package budget

import (
	"context"
	"time"
)

// Gate is what one connection's calls pass through, in one process or shared by many: a rest.Gate and rest.Blocker, which is
// told what the vendor says, and tells how it stands. Limiter and Shared are Gates.
type Gate interface {
	Enter(ctx context.Context, bucket string, n int) error
	Block(bucket string, until time.Time)
	Observe(bucket string, seen Seen)
	// SetZone says in which zone the account's days are.
	SetZone(zone *time.Location)
	// Zoned tells whether somebody said so: this worker or, as of Refresh, another.
	Zoned() bool
	// Refresh looks up what other workers and people did; Standings is as of then, or of the last call that was let through.
	Refresh(ctx context.Context) error
	Standings() []Standing
	// Uses, Drain and Return are Counter's.
	Uses() []Use
	Drain() []HourUse
	Return(uses []HourUse)
}

var (
	_ Gate = (*Limiter)(nil)
	_ Gate = (*Shared)(nil)
)

// Standing is how a bucket stands now. Calls are of the vendor's day.
type Standing struct {
	Bucket  string
	Limit   int       // of the vendor, by its own word or else as published; 0: none
	Share   Share     // in force
	Daily   int       // calls that the share allows; 0: no cap
	Spent   int       // that count against it: ours, which cannot be more than the vendor counts
	Ours    int       // by our own count
	Word    int       // of all programs by the vendor's word, and ours since; -1: it says nothing
	Told    time.Time // when the vendor said so
	Left    int       // for live work; -1: no cap
	Day     string    // whose day: the name of a time zone, or AnyDay
	Resets  time.Time // when there is more again: the day's end
	Blocked time.Time // zero when open
}

// AnyDay is the day of a vendor that counts any 24 hours.
const AnyDay = "any 24 hours"

// Out tells whether nothing may be called before Resumes.
func (s Standing) Out() bool { return s.Left == 0 }

// Resumes is when there is more again.
func (s Standing) Resumes() time.Time { return latest(s.Resets, s.Blocked) }

func (d *day) standing(r rule, now time.Time, blocked time.Time) Standing {
	s := Standing{Bucket: r.Name, Limit: d.limit(r), Share: r.share, Daily: r.share.Of(d.limit(r)), Spent: d.spent(r, now), Ours: d.ours(r, now), Word: -1,
		Left: d.left(r, now, false), Day: r.zone().String(), Resets: d.resumes(r, now)}
	if word, ok := d.word(r, now); ok {
		s.Word, s.Told = word, time.UnixMilli(d.Told.At)
	}
	if r.Rolling {
		s.Day = AnyDay
	}
	if s.Left == unlimited {
		s.Left = -1
	}
	if blocked.After(now) {
		s.Blocked = blocked
	}
	return s
}
