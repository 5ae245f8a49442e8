package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// feed is how far (connection, object) has been read: once for all mappings that watch it (B4).
type feed struct {
	Cursor json.RawMessage `json:"cursor,omitempty"`
	ReadAt time.Time       `json:"readAt,omitzero"` // when a cycle was last finished
	Next   time.Time       `json:"next,omitzero"`   // not read again before
	Lease  time.Time       `json:"lease,omitzero"`  // one reader at a time, until then
	Sight  int             `json:"sight,omitempty"` // which portions of what the overlap has shown count (feedseen.go); grows when the feed begins anew
	Again  time.Time       `json:"again,omitzero"`  // the cycle under way began here: what changed while a mapping was paused, or in an overflow
	Wave   string          `json:"wave,omitempty"`  // the cycle under way is this run: it brings more than usual, and is counted (wave.go)
	Index  string          `json:"index,omitempty"` // of a match target: which rules its keys were made by
	Fields string          `json:"fields,omitempty"`

	// What the overlap has shown, where an earlier version of this program kept it here.
	Seen   map[string]int64 `json:"seen,omitempty"`
	Packed *packedSeen      `json:"packed,omitempty"`

	Overflow time.Time `json:"overflow,omitzero"` // commit of the last change that was too large to be told, and that it began anew for
}

// restart has the feed begin anew with the next poll.
func (f *feed) restart() {
	f.Cursor, f.Seen, f.Packed, f.Next, f.Lease = nil, nil, nil, time.Time{}, time.Time{}
	f.Sight++
}

// again has the feed begin anew at a time, or earlier where a cycle that began there has not ended.
func (f *feed) again(since time.Time) {
	if f.Again.IsZero() || since.Before(f.Again) {
		f.Again = since
	}
	f.restart()
}

// feedLease is how long a reader may take over one page.
const feedLease = 2 * time.Minute

// maxWaiting is how many messages may wait before feeds pause (B4).
const maxWaiting = 5000

// Poll does what is due: it wakes parked tasks, turns dead letters into sync errors, lists runs, and reads every feed whose
// time has come. Who calls this: a ticker on a laptop, a schedule on AWS. A retry reads the same page again.
func (e *Engine) Poll(ctx context.Context) error {
	if restored, err := e.standstill(ctx); err != nil || restored != nil {
		return errors.Join(err, e.pollRestored(ctx))
	}
	_, wakeErr := e.WakeDue(ctx)
	_, deadErr := e.DeadLetters(ctx)
	return errors.Join(wakeErr, deadErr, e.reconcileDue(ctx), e.listRuns(ctx), e.readFeeds(ctx), e.readLists(ctx), e.runSweeps(ctx), e.releaseDeletes(ctx), e.lookAtAccounts(ctx), e.TellNews(ctx))
}

// listFor is how long one poll lists runs before it looks at feeds again.
const listFor = 5 * time.Second

func (e *Engine) listRuns(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < listFor; {
		more, err := e.StepRuns(ctx)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

type watchedFeed struct {
	connection, object string
	every              time.Duration
	from               time.Time
	fields             []string
}

// feeds lists what must be read: the sources of mappings that are live or in pilot, and the objects they watch.
func (s *mappingSet) feeds(standard time.Duration) []watchedFeed {
	var out []watchedFeed
	add := func(connection, object string, every time.Duration, since time.Time, fields []string) {
		if every <= 0 {
			every = standard
		}
		for n := range out {
			if f := &out[n]; f.connection == connection && f.object == object {
				f.every = min(f.every, every)
				if since.Before(f.from) {
					f.from = since
				}
				return
			}
		}
		out = append(out, watchedFeed{connection, object, every, since, fields})
	}
	for _, name := range s.names {
		a := s.byName[name]
		if !a.works(true) || a.Schedule == mapping.Never {
			continue
		}
		for _, way := range a.ways() {
			add(way.ConnA, way.A.Object, a.Schedule, a.Head.At, nil)
			for _, object := range way.watches() {
				every := a.Schedule
				if slices.Contains(way.joined, object) { // a sweep, at its own cadence
					every = max(every, sweepAssociations)
				}
				add(way.ConnA, object, every, a.Head.At, nil)
			}
		}
	}
	return out
}

// firstReach is how far before going live the first cycle of a feed begins; older records are the initial load's.
const firstReach = time.Hour

func (e *Engine) readFeeds(ctx context.Context) error {
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	for _, name := range set.names {
		if a := set.byName[name]; set.travels(a) { // what its pages are asked for
			if err := e.findWanted(ctx, a); err != nil {
				return err
			}
		}
	}
	feeds := set.feeds(e.FeedEvery)
	if len(feeds) == 0 {
		return nil
	}
	for n := range feeds {
		feeds[n].fields = set.pageFields(feeds[n].connection, feeds[n].object)
	}
	counts, err := e.Queue.Counts(ctx, lane.Live)
	if err != nil {
		return err
	}
	if counts.Waiting > maxWaiting {
		return nil
	}
	keys := mapSlice(feeds, func(f watchedFeed) table.Key { return feedKey(f.connection, f.object) })
	states, err := getItems[feed](ctx, e.Table, keys) // most are not due, most of the time
	if err != nil {
		return err
	}
	var errs []error
	for n, f := range feeds {
		if !states[keys[n]].Value.due(time.Now()) {
			continue
		}
		if err := e.readFeed(ctx, set, f, states[keys[n]]); err != nil {
			errs = append(errs, fmt.Errorf("feed %s/%s: %w", f.connection, f.object, err))
		}
	}
	return errors.Join(errs...)
}

// due tells whether a feed may be read now: it is time, and nobody else does.
func (f feed) due(now time.Time) bool { return !now.Before(f.Lease) && !now.Before(f.Next) }

// readFeed reads one feed to its end, page by page: queue the page durably, then move the cursor. got is its state of a moment
// ago; one that was changed since is left to the next poll.
func (e *Engine) readFeed(ctx context.Context, set *mappingSet, f watchedFeed, got stored[feed]) error {
	key := feedKey(f.connection, f.object)
	state, now := got.Value, time.Now()
	known := e.overlapOf(key, &state)
	state.Lease = now.Add(feedLease)
	if err := e.putOne(ctx, key, state, table.IfRev(got.Rev)); err != nil {
		if lost(err) {
			return nil // another reader has it
		}
		return err
	}
	ctx = e.labelled(ctx, "", "poll", false)
	r := &feedReading{engine: e, set: set, watched: f, key: key, state: state, rev: got.Rev + 1, known: known, leased: now, look: &flightLook{since: got.Value.ReadAt, left: inFlightMost}}
	from := f.from
	if !state.Again.IsZero() {
		from = state.Again
	}
	for at := state.Cursor; ; {
		page, err := e.Connections[f.connection].Changes(ctx, connector.FeedRequest{Object: f.object, Cursor: at, From: from.Add(-firstReach), Fields: f.fields})
		if err != nil {
			if err := r.flush(ctx, true); err != nil {
				return err
			}
			r.state.Lease, r.state.Next = time.Time{}, meaning(time.Now(), f.connection, err).Until
			return errors.Join(err, e.lostContact(ctx, f.connection, err), e.putOne(ctx, key, r.state, table.IfRev(r.rev)))
		}
		if err := r.take(ctx, page); err != nil {
			return err
		}
		if !page.More {
			return r.end(ctx)
		}
		at = page.Cursor
		if len(r.waiting) >= maxChunk || time.Since(r.leased) > feedLease/4 {
			if err := r.flush(ctx, false); err != nil {
				return err
			}
		}
	}
}

// feedReading is one reader of a feed. Pages are queued together while they are small, so that a wave is worked in as few calls as
// it can be (B2): a search of HubSpot shows 200 records, and a call to Salesforce takes 1,000.
type feedReading struct {
	engine  *Engine
	set     *mappingSet
	watched watchedFeed
	key     table.Key
	state   feed
	rev     int64
	known   *overlap
	look    *flightLook
	leased  time.Time
	waiting []record.Record // of the pages that are not queued yet
	cursor  json.RawMessage // behind them; nil: there are none
}

// take adds a page to what waits to be queued.
func (r *feedReading) take(ctx context.Context, page connector.Page) error {
	fresh, err := r.known.freshOf(ctx, page)
	if err != nil {
		return err
	}
	if fresh, err = r.engine.changed(ctx, r.set, r.watched, fresh, r.look); err != nil {
		return err
	}
	r.waiting, r.cursor = append(r.waiting, fresh...), page.Cursor
	r.known.remember(page.Records, page.Unsure, !page.More)
	return nil
}

// queue makes durable what waits: first the tasks, then what was seen. The cursor may move then.
func (r *feedReading) queue(ctx context.Context, last bool) error {
	if r.engine.Bugs.CursorFirst {
		r.state.Cursor = r.cursor
		if err := r.put(ctx); err != nil {
			return err
		}
	}
	wave, err := r.waveFor(ctx, last)
	if err != nil {
		return err
	}
	travel := len(r.watched.fields) > 0 && r.engine.showsAll(r.watched.connection, r.watched.object)
	if wave != "" {
		err = r.engine.queueWave(ctx, r.set, r.watched, wave, r.waiting, travel)
	} else {
		err = r.engine.queuePage(ctx, r.waiting, travel)
	}
	if err != nil {
		return err
	}
	if err := r.known.save(ctx); err != nil {
		return err
	}
	r.state.Cursor, r.waiting, r.cursor = r.cursor, nil, nil
	return nil
}

// flush queues what waits and moves the cursor behind it. broken: the rest of the cycle cannot be read now.
func (r *feedReading) flush(ctx context.Context, broken bool) error {
	if r.cursor == nil {
		return nil
	}
	if err := r.queue(ctx, broken); err != nil {
		return err
	}
	r.leased = time.Now()
	r.state.Lease = r.leased.Add(feedLease)
	return r.put(ctx)
}

// end is flush after the last page.
func (r *feedReading) end(ctx context.Context) error {
	if err := r.queue(ctx, true); err != nil {
		return err
	}
	if r.state.Wave != "" {
		if err := r.engine.closeWave(ctx, r.state.Wave); err != nil {
			return err
		}
		r.state.Wave = ""
	}
	now := time.Now()
	r.state.ReadAt, r.state.Next, r.state.Lease, r.state.Again = now, now.Add(r.watched.every), time.Time{}, time.Time{}
	return r.put(ctx)
}

func (r *feedReading) put(ctx context.Context) error {
	err := r.engine.putOne(ctx, r.key, r.state, table.IfRev(r.rev))
	if err == nil {
		r.rev++
	}
	return err
}

// rewind has the feeds of a mapping read again from when it was paused: other mappings went on reading them meanwhile, and
// what concerned only this one was left alone.
func (e *Engine) rewind(ctx context.Context, a *Active, since time.Time) error {
	var keys []table.Key
	for _, way := range a.ways() {
		keys = append(keys, feedKey(way.ConnA, way.A.Object))
		for _, object := range way.watches() {
			keys = append(keys, feedKey(way.ConnA, object))
		}
	}
	for _, key := range keys {
		_, err := change(ctx, e, key, func(f *feed, exists bool) bool {
			if !exists || f.Cursor == nil && !f.Again.IsZero() && f.Again.Before(since) {
				return false
			}
			f.again(since)
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) queuePage(ctx context.Context, records []record.Record, travel bool) error {
	tasks := pollTasks(records, travel)
	return e.Enqueue(ctx, laneFor(len(tasks)), tasks)
}

// pollTasks are the tasks of records that a feed showed; with travel each brings its record along.
func pollTasks(records []record.Record, travel bool) []Task {
	tasks := make([]Task, len(records))
	for n, r := range records {
		tasks[n] = Task{Ref: r.Ref, Cause: "poll", Seen: r.Modified}
		if travel && !r.Archived {
			tasks[n].Read, tasks[n].ReadAt = &records[n], time.Now()
		}
	}
	return tasks
}

// laneFor is where so many tasks go that came together: more than a hundred are a wave, not an edit.
func laneFor(tasks int) lane.Lane {
	if tasks > 100 {
		return lane.Bulk
	}
	return lane.Live
}
