package simulation

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"crosswalk/internal/engine"
)

// What the worlds of two systems, pair and pad, have in common while nobody does anything: time passes, everything is looked at again,
// and nothing may be written.

// watch begins to look at what is written; what it gives tells what was written since.
type watch func() (since func() []string)

// watchBoth looks at when HubSpot's records of these objects were last changed, in calm by us, and at the journal of the other system, of
// which entries gives a line each.
func (s *Sim) watchBoth(entries func() []string, objects ...string) watch {
	return func() func() []string {
		before, from := s.stamps(objects), len(entries())
		return func() (wrote []string) {
			wrote = append(wrote, entries()[from:]...)
			after := s.stamps(objects)
			for _, key := range sorted(after) {
				if was, ok := before[key]; !ok || !was.Equal(after[key]) {
					wrote = append(wrote, "written at HubSpot: "+key)
				}
			}
			return wrote
		}
	}
}

func (s *Sim) stamps(objects []string) map[string]time.Time {
	out := map[string]time.Time{}
	for _, object := range objects {
		for _, r := range s.HubSpot.Records(object) {
			out[object+"/"+r.ID] = r.UpdatedAt
		}
	}
	return out
}

// fullRuns looks at everything again, which must come to write nothing, at the third time at the latest (C10, C21): what only a full run
// links is filled at the next. found is called where one wrote.
func (s *Sim) fullRuns(ctx context.Context, a *actor, e *engine.Engine, look watch, found func()) []Problem {
	if err := s.retryHeld(ctx, a, e); err != nil {
		return []Problem{{"C10 convergence", err.Error()}}
	}
	a.pause(s.lags.stale + s.lags.calculated + time.Minute) // an automation rewrites what the retry wrote, which no copy shows at once: the polls that would see it have ended
	var wrote []string
	for range 3 {
		since := look()
		if err := s.everything(ctx, a, e); err != nil {
			return []Problem{{"C10 convergence", err.Error()}}
		}
		if wrote = since(); len(wrote) == 0 {
			return nil
		}
		found()
	}
	return []Problem{{"C10 convergence", "the third full run over everything still writes: " + strings.Join(wrote, "; ")}}
}

// deed is something that somebody at Crosswalk does in one of so many seeds.
type deed struct {
	in   int
	what string
	do   func() error
}

// doSome does those deeds that the seed has, each after a pause of at least so many seconds and less than most, and none after the end;
// ready is called before each.
func (s *Sim) doSome(a *actor, end time.Time, least, most int, ready func(), deeds []deed) {
	plan := rand.New(rand.NewPCG(s.Seed, 7))
	for _, d := range deeds {
		wanted, wait := plan.IntN(d.in) == 0, time.Duration(least+plan.IntN(most-least))*time.Second
		if !wanted || time.Now().Add(wait).After(end) {
			continue
		}
		a.pause(wait)
		ready()
		if err := d.do(); err == nil {
			s.hit("people at Crosswalk: " + d.what)
		}
		s.note(a, d.what)
	}
}
