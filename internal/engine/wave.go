package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A scheduled run is one cycle of a feed. One that brings far more than its mapping usually writes becomes a Run of its own, a wave,
// which is worked up to its writes: what it would create or update is stopped there and counted. When all its pages are complete it goes
// on, or, above ten times the usual, stays stopped before its first write until a person lets it through.
//
// Usual is the most that a mapping created and updated in one hour, of the last usualHours hours in which it wrote anything outside an
// approved run and without having been let through by a person. Before usualLeast such hours are known nothing is usual, and only the
// brake's figures by the hour hold; up to usualFloor records nothing is a wave.
const (
	usualTimes = 10
	usualFloor = 100
	usualHours = 30
	usualLeast = 5
)

const (
	runCounting = "counting" // the status of a wave whose pages are all listed and not all decided
	kindWave    = "scheduled"
	waveMark    = "-s"             // ends the id of a wave
	waveWait    = 30 * time.Minute // what has not been decided by then is not waited for
	wavePause   = time.Hour        // of what is stopped while the wave is counted: it is woken sooner
)

// stoppedInWave is why a task of a wave waits: this mapping would write.
type stoppedInWave struct{ mapping string }

func (s stoppedInWave) Error() string {
	return "the scheduled run is larger than usual: it is counted before " + s.mapping + " writes"
}

func isWave(run string) bool     { return strings.HasSuffix(run, waveMark) }
func waveOn(run string) string   { return "wave/" + run }
func (r Run) counting() bool     { return r.Status == "listing" || r.Status == runCounting }
func allowedOfUsual(n int) int   { return max(usualFloor, n*usualTimes) }
func monthOf(t time.Time) string { return t.UTC().Format("2006-01") }

// usual gives the most that a mapping wrote in an hour; false while too little is known.
func (e *Engine) usual(ctx context.Context, a *Active) (int, bool, error) {
	hour := startOf(time.Now())
	first := time.Date(hour.Year(), hour.Month(), 1, 0, 0, 0, 0, time.UTC)
	wrote := map[string]int{}
	for _, what := range []writing{creating, updating} {
		for _, month := range []string{monthOf(first.AddDate(0, 0, -1)), monthOf(first)} {
			err := list(ctx, e.Table, brakeKey(a.Slot+string(what), hour).PK, month, func(key table.Key, h hourly) bool {
				if n := h.By[a.Name]; n > 0 && key.SK < brakeKey(a.Slot, hour).SK {
					wrote[key.SK] += n
				}
				return true
			})
			if err != nil {
				return 0, false, err
			}
		}
	}
	hours := sortedNames(wrote)
	hours = hours[max(0, len(hours)-usualHours):]
	most := 0
	for _, h := range hours {
		most = max(most, wrote[h])
	}
	return most, len(hours) >= usualLeast, nil
}

// leastAllowed is how many records a cycle of a feed may bring before it is counted: ten times the least usual of its mappings. False
// where nothing is usual yet.
func (e *Engine) leastAllowed(ctx context.Context, set *mappingSet, f watchedFeed) (int, bool, error) {
	least, any := 0, false
	for _, name := range set.names {
		a := set.byName[name]
		if !a.works(true) || a.objectAt(f.connection) != f.object {
			continue
		}
		most, known, err := e.usual(ctx, a)
		if err != nil {
			return 0, false, err
		}
		if n := allowedOfUsual(most); known && (!any || n < least) {
			least, any = n, true
		}
	}
	return least, any, nil
}

// waveFor tells which wave the waiting pages of a cycle belong to, "" for none. A cycle that is not read to its end is counted as one,
// since nobody knows how much is still to come.
func (r *feedReading) waveFor(ctx context.Context, last bool) (string, error) {
	if r.state.Wave != "" || len(r.waiting) <= usualFloor && (last || len(r.waiting) == 0) {
		return r.state.Wave, nil
	}
	most, known, err := r.engine.leastAllowed(ctx, r.set, r.watched)
	if err != nil || !known || last && len(r.waiting) <= most {
		return "", err
	}
	r.state.Wave = r.engine.runID() + waveMark
	return r.state.Wave, r.put(ctx) // before anything of it is queued: another reader goes on with it
}

// queueWave adds records to a wave and queues them. Killed in between, the same records are added again in the same place.
func (e *Engine) queueWave(ctx context.Context, set *mappingSet, f watchedFeed, id string, records []record.Record, travel bool) error {
	got, err := getItem[Run](ctx, e.Table, runKey(id))
	if err != nil {
		return err
	}
	r := got.Value
	if got.Rev == 0 {
		r = Run{ID: id, Kind: kindWave, Mapping: strings.Join(set.ofFeed(f), ", "), Actor: "schedule", At: time.Now(), Status: "listing", Expected: -1}
		if err := e.putOne(ctx, runKey(id), r, table.IfAbsent()); err != nil {
			return err
		}
	}
	pages, listed := r.Pages, r.Listed
	for start := 0; start < len(records); start += runPageSize {
		part := records[start:min(start+runPageSize, len(records))]
		refs := mapSlice(part, func(rec record.Record) record.Ref { return rec.Ref })
		page := runPage{Refs: refs, Bits: make([]bool, len(refs)), Seen: make([]bool, len(refs)), Wave: true}
		if err := e.putOne(ctx, runPageKey(id, pages), page, table.Condition{}); err != nil {
			return err
		}
		tasks := pollTasks(part, travel)
		for n := range tasks {
			tasks[n].Run, tasks[n].Page = id, pages
		}
		if err := e.Enqueue(ctx, lane.Bulk, tasks); err != nil {
			return err
		}
		pages, listed = pages+1, listed+len(part)
	}
	_, err = change(ctx, e, runKey(id), func(r *Run, _ bool) bool {
		r.Pages, r.Listed, r.Status = pages, listed, "listing"
		return true
	})
	return err
}

// ofFeed names the mappings whose records a feed brings.
func (s *mappingSet) ofFeed(f watchedFeed) []string {
	return slices.DeleteFunc(slices.Clone(s.names), func(name string) bool {
		return !s.byName[name].works(true) || s.byName[name].objectAt(f.connection) != f.object
	})
}

// closeWave says that all pages of a wave are listed.
func (e *Engine) closeWave(ctx context.Context, id string) error {
	_, err := change(ctx, e, runKey(id), func(r *Run, exists bool) bool {
		if !exists || r.Status != "listing" {
			return false
		}
		r.Status, r.Expected, r.ListedAt = runCounting, r.Listed, time.Now()
		return true
	})
	return err
}

// stopWave ends items of waves that are being counted, or are held, before they write.
func (e *Engine) stopWave(ctx context.Context, items []*item) []*item {
	runs := map[string]Run{}
	for _, i := range items {
		id := i.task.Run
		if !isWave(id) || i.task.Released {
			continue
		}
		r, ok := runs[id]
		if !ok {
			got, err := getItem[Run](ctx, e.Table, runKey(id))
			if err != nil {
				e.fail(ctx, []*item{i}, "", err)
				continue
			}
			r, runs[id] = got.Value, got.Value
		}
		pause := wavePause
		if r.Status == runHeld {
			pause = brakePause
		}
		if r.counting() || r.Status == runHeld && r.Stopped[i.m.Name] > 0 {
			i.end(Result{End: Later, Until: time.Now().Add(pause), On: waveOn(id), Err: stoppedInWave{i.m.Name}})
		}
	}
	return open(items)
}

// noteSeen notes on a page of a wave that a record was decided for now, and which mapping would write it.
func (p *runPage) noteSeen(at int, r Result) {
	if !p.Wave || at < 0 || r.End == Retry {
		return
	}
	p.Seen[at] = true
	delete(p.Stopped, at)
	var stopped stoppedInWave
	if errors.As(r.Err, &stopped) {
		if p.Stopped == nil {
			p.Stopped = map[int]string{}
		}
		p.Stopped[at] = stopped.mapping
	}
}

// judgeWave lets a wave go on whose every record was decided, or asks.
func (e *Engine) judgeWave(ctx context.Context, r Run) error {
	undecided, stopped := 0, map[string]int{}
	if err := list(ctx, e.Table, runPageKey(r.ID, 0).PK, "page#", func(_ table.Key, p runPage) bool {
		for n := range p.Refs {
			if !p.Bits[n] && !p.Seen[n] {
				undecided++
			}
		}
		for _, name := range p.Stopped {
			stopped[name]++
		}
		return true
	}); err != nil {
		return err
	}
	if undecided > 0 && time.Since(r.ListedAt) < waveWait {
		return errUnderWay
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	over, why := map[string]int{}, map[string]string{}
	for _, name := range sortedNames(stopped) {
		a := set.byName[name]
		if a == nil {
			continue
		}
		most, known, err := e.usual(ctx, a)
		if err != nil {
			return err
		}
		if known && stopped[name] > allowedOfUsual(most) {
			over[name] = stopped[name]
			why[name] = fmt.Sprintf("scheduled run %s of %s would create or update %d records. Usual is up to %d in an hour, and the brake allows %d. Nothing of it was written. Look at what waits: crosswalk runs %s; put right what was changed by mistake; then: crosswalk resume %s",
				r.ID, name, stopped[name], most, allowedOfUsual(most), r.ID, name)
		}
	}
	for _, name := range sortedNames(over) {
		if err := e.openError(ctx, plan.Brake, name, record.Ref{}, record.Ref{}, why[name]); err != nil {
			return err
		}
	}
	after, err := change(ctx, e, runKey(r.ID), func(r *Run, _ bool) bool {
		if r.Status != runCounting {
			return false
		}
		if r.Status, r.Stopped = "working", over; len(over) > 0 {
			r.Status, r.Error = runHeld, why[sortedNames(over)[0]]
		}
		return true
	})
	if err != nil {
		return err
	}
	if len(over) < len(stopped) {
		if err := e.wake(ctx, waveOn(r.ID)); err != nil {
			return err
		}
	}
	return e.finishRun(ctx, &after)
}

// releaseWaves lets waves go on that a person was asked about.
func (e *Engine) releaseWaves(ctx context.Context, names []string) error {
	held, err := e.heldWaves(ctx, names)
	if err != nil {
		return err
	}
	for _, r := range held {
		after, err := change(ctx, e, runKey(r.ID), func(r *Run, _ bool) bool {
			if r.Status != runHeld {
				return false
			}
			for _, name := range names {
				delete(r.Stopped, name)
			}
			if len(r.Stopped) == 0 {
				r.Status, r.Error = "working", ""
			}
			return true
		})
		if err != nil {
			return err
		}
		if err := e.wakeAs(ctx, waveOn(r.ID), func(t *Task) { t.Released = after.Status != runHeld }); err != nil {
			return err
		}
		if err := e.finishRun(ctx, &after); err != nil {
			return err
		}
	}
	return nil
}

// heldWaves are those that wait for a person's word about one of these mappings.
func (e *Engine) heldWaves(ctx context.Context, names []string) ([]Run, error) {
	var held []Run
	err := list(ctx, e.Table, runsPK, "", func(_ table.Key, r Run) bool {
		if r.Kind == kindWave && r.Status == runHeld && slices.ContainsFunc(names, func(name string) bool { return r.Stopped[name] > 0 }) {
			held = append(held, r)
		}
		return true
	})
	return held, err
}
