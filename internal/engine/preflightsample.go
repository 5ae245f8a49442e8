package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// sample is some records of an object, kept as long as the look takes.
type sample struct {
	at      place
	fields  []string
	records []record.Record
	total   int       // as the feed tells; -1 where it does not
	whole   bool      // these are all there are
	since   time.Time // those changed since then; zero: those that have not changed for longest
	cut     bool      // time ran out
	err     error
}

// recently is how far back a sample looks first: what people enter today says more of a mapping than what they entered
// years ago.
const recently = 90 * day

// read takes the samples that the pairs need, each object once, all at the same time.
func (p *preflight) read(ctx context.Context, pairs []*Active) {
	most := p.ask.Sample
	if most < 0 {
		return
	}
	if most == 0 || most > MaxSample {
		most = MaxSample
	}
	for _, a := range pairs {
		for _, w := range ways(a) {
			p.want(w.source(), mapping.Wanted(w.m, nil).A)
			p.want(w.target(), mapping.WantedB(w.m))
		}
	}
	within := p.ask.Within
	if within <= 0 {
		within = sampleWithin
	}
	var jobs []func(context.Context)
	var held sync.Mutex
	for _, at := range sortedPlaces(p.samples) {
		o, err := p.describe(ctx, at)
		if err != nil {
			p.samples[at].err = err
			continue
		}
		s := *p.samples[at]
		s.fields = slices.DeleteFunc(distinct(s.fields), func(name string) bool {
			_, known := fieldOf(o, name) // some feeds fail on a name they do not know
			_, _, joins := connector.AssociationField(name)
			return !known || joins
		})
		jobs = append(jobs, func(ctx context.Context) {
			s.take(ctx, p.Connections[s.at.connection], most)
			held.Lock()
			p.samples[s.at] = &s
			held.Unlock()
		})
	}
	if len(jobs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	p.Parallel(ctx, jobs)
}

func (p *preflight) want(at place, fields []string) {
	if p.samples[at] == nil {
		p.samples[at] = &sample{at: at, total: -1}
	}
	p.samples[at].fields = append(p.samples[at].fields, fields...)
}

func sortedPlaces[V any](m map[place]V) []place {
	var out []place
	for at := range m {
		out = append(out, at)
	}
	slices.SortFunc(out, func(a, b place) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	return out
}

// take reads all records where they are few, else those changed lately, else those of the feed's beginning.
func (s *sample) take(ctx context.Context, c connector.Connector, most int) {
	page, err := c.Changes(ctx, connector.FeedRequest{Object: s.at.object, Fields: s.fields})
	if s.failed(ctx, err) {
		return
	}
	s.total = page.Total
	first := page
	if page.More {
		s.since = time.Now().Add(-recently)
		page, err = c.Changes(ctx, connector.FeedRequest{Object: s.at.object, From: s.since, Fields: s.fields})
		if s.failed(ctx, err) {
			return
		}
		if s.follow(ctx, c, page, most); s.err != nil || s.cut || len(s.records) == most {
			return
		}
	}
	s.records, s.since = nil, time.Time{}
	s.whole = s.follow(ctx, c, first, most)
	if s.whole {
		s.total = len(s.records)
	}
}

// follow reads on from a page until most records are there; it tells whether the feed ended.
func (s *sample) follow(ctx context.Context, c connector.Connector, page connector.Page, most int) bool {
	seen := map[string]bool{} // a feed may repeat a record
	for {
		for _, r := range page.Records {
			if len(s.records) == most {
				return false
			}
			if !seen[r.Ref.ID] && !r.Archived {
				seen[r.Ref.ID] = true
				s.records = append(s.records, r)
			}
		}
		if !page.More {
			return true
		}
		var err error
		page, err = c.Changes(ctx, connector.FeedRequest{Object: s.at.object, Cursor: page.Cursor, From: s.since, Fields: s.fields})
		if s.failed(ctx, err) {
			return false
		}
	}
}

// failed notes what ended a sample early. Running out of time is nobody's fault: what was read until then counts.
func (s *sample) failed(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	if s.cut = ctx.Err() != nil; !s.cut {
		s.err = err
	}
	return true
}

// said is which records a number was taken from.
func (s *sample) said() string {
	switch {
	case s.whole:
		return "of all " + count(len(s.records)) + " " + s.at.object
	case !s.since.IsZero():
		return "of " + count(len(s.records)) + " " + s.at.object + " changed in the last 90 days"
	}
	return "of the first " + count(len(s.records)) + " " + s.at.object
}
