package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
)

// Run is tasks started together. It is listed page by page, each page an item with one bit per record, so that progress
// and completion are exact under redelivery and killing (B5).
type Run struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"` // full, named, changed, plan, preview, reconcile, undo_preview, undo, scheduled
	Mapping   string         `json:"mapping"`
	Actor     string         `json:"actor"`
	At        time.Time      `json:"at"`
	Status    string         `json:"status"` // listing, counting, sending, held, working, done, failed
	Plan      string         `json:"plan,omitempty"`
	Pilot     bool           `json:"pilot,omitempty"`
	WonSince  string         `json:"wonSince,omitempty"`
	Foreseen  int            `json:"foreseen,omitempty"`  // of a first load: how many records its approved preview showed; its pages are counted before any is queued
	SentPages int            `json:"sentPages,omitempty"` // of that, and of named records: how many are queued
	Named     bool           `json:"named,omitempty"`     // of named records only
	Part      bool           `json:"part,omitempty"`      // of preview: of named records only
	Versions  map[string]int `json:"versions,omitempty"`  // of preview: the version of each mapping that it decides with
	Month     string         `json:"month,omitempty"`     // of reconcile: YYYY-MM
	Phase     int            `json:"phase,omitempty"`     // of reconcile: deals, then documents; of full and preview: a's records, then b's
	Undoes    string         `json:"undoes,omitempty"`    // of undo and undo_preview: the run that is undone
	Archives  bool           `json:"archives,omitempty"`  // of these: what that run made is archived
	Set       []string       `json:"set,omitempty"`       // of a whole set: its mappings in order; Mapping names them all
	Step      int            `json:"step,omitempty"`      // of a whole set: the mapping that is under way
	Queued    int            `json:"queued,omitempty"`    // of a set's plan: pages whose tasks were sent
	Phases    []Phase        `json:"phases,omitempty"`    // of a set's plan: what each mapping came to, before the next one began
	StopAfter string         `json:"stopAfter,omitempty"` // of a set's plan: it is held behind this mapping, until somebody has it go on
	Cursor    []byte         `json:"cursor,omitempty"`
	Pages     int            `json:"pages"`
	Listed    int            `json:"listed"`
	Expected  int            `json:"expected"`       // what the source said there is; -1 when it does not say
	Full      []int          `json:"full,omitempty"` // pages whose every bit is set
	Counts    Counts         `json:"counts"`
	Refused   []record.Ref   `json:"refused,omitempty"` // at most maxRefusedListed
	Error     string         `json:"error,omitempty"`
	Faults    int            `json:"faults,omitempty"` // in a row, while it was listed
	From      time.Time      `json:"from,omitzero"`    // of changed: since when, at the side under way
	Totals    *Counts        `json:"totals,omitempty"` // of its pages, kept when it ended
	Ended     time.Time      `json:"ended,omitzero"`
	ListedAt  time.Time      `json:"listedAt,omitzero"` // of scheduled: when its last page was listed
	Stopped   map[string]int `json:"stopped,omitempty"` // of scheduled, while it is held: how many records each mapping would write
	Done      int            `json:"done"`              // filled in when read
}

const maxRefusedListed = 200

// runPage is one page of a run.
type runPage struct {
	Refs   []record.Ref `json:"refs"`
	Bits   []bool       `json:"bits"`
	Counts Counts       `json:"counts"`

	Wave    bool           `json:"wave,omitempty"`    // of a scheduled run that is counted before it writes
	Seen    []bool         `json:"seen,omitempty"`    // of that: what was decided, if only for now
	Stopped map[int]string `json:"stopped,omitempty"` // of that: what waits, and the mapping that would write it
}

// runPageSize is how many records one page and so one bulk message holds.
const runPageSize = tasksPerBulk

// StartRun stores a run; the next step of Poll lists it. Records may be named, else everything of the mapping's source.
func (e *Engine) StartRun(ctx context.Context, r Run, named []record.Ref) (Run, error) {
	if r.ID == "" {
		r.ID = e.runID()
	}
	r.At, r.Status, r.Expected = time.Now(), "listing", -1
	if r.Kind == "preview" {
		r.Plan, r.Part = "p"+r.ID, len(named) > 0
		if err := e.pinVersions(ctx, &r); err != nil {
			return r, err
		}
	}
	if len(named) == 0 {
		return r, e.putOne(ctx, runKey(r.ID), r, table.IfAbsent())
	}
	for start := 0; start < len(named); start += runPageSize {
		page := named[start:min(start+runPageSize, len(named))]
		if err := e.putRunPage(ctx, r, r.Pages, page); err != nil {
			return r, err
		}
		r.Pages++
		r.Listed += len(page)
	}
	r.Expected = r.Listed
	if r.Kind == "preview" {
		r.Status = "working"
		if err := e.putOne(ctx, runKey(r.ID), r, table.IfAbsent()); err != nil {
			return r, err
		}
		if err := e.previewNamed(ctx, &r, named); err != nil {
			return r, errors.Join(err, e.endFailed(ctx, r.ID, err))
		}
		return r, nil
	}
	r.Status, r.Named = runSending, true // what cannot be queued now a poll queues
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfAbsent()); err != nil {
		return r, err
	}
	for r.Status == runSending {
		got, err := getItem[Run](ctx, e.Table, runKey(r.ID))
		if r = got.Value; err != nil || r.Status != runSending {
			return r, err
		}
		if err := e.stepSending(ctx, got); err != nil {
			return r, err
		}
	}
	return r, nil
}

// endFailed ends a run that nothing carries on, with what stopped it.
func (e *Engine) endFailed(ctx context.Context, id string, fault error) error {
	_, err := change(ctx, e, runKey(id), func(r *Run, exists bool) bool {
		if !exists || !r.underWay() {
			return false
		}
		r.Status, r.Error, r.Ended = "failed", fault.Error(), time.Now()
		return true
	})
	return err
}

// namedQueuedIn is how long whoever begins a run of named records has for queueing it. Until then the poll leaves it alone: queued by both, two
// workers would make the same documents at once, each in the way of the other until a claim runs out.
const namedQueuedIn = time.Minute

func (r Run) beingQueued() bool { return r.Named && time.Since(r.At) < namedQueuedIn }

// underWay tells whether a run is being listed, queued or worked.
func (r Run) underWay() bool {
	return r.Status == "listing" || r.Status == runSending || r.Status == "working"
}

// runID is a new run's id; ids sort by time.
func (e *Engine) runID() string {
	return time.Now().UTC().Format("20060102-150405-") + e.token()[:6]
}

// pinVersions keeps which versions a preview decides with, so that one applied meanwhile does not come into it.
func (e *Engine) pinVersions(ctx context.Context, r *Run) error {
	heads, err := e.Heads(ctx)
	r.Versions = map[string]int{}
	for _, h := range heads {
		r.Versions[h.Name] = h.Latest
	}
	return err
}

// previewed are the mappings as a preview decides with them.
func (e *Engine) previewedMappings(ctx context.Context, r *Run) (*mappingSet, error) {
	if len(r.Versions) == 0 { // begun by an older program
		return e.newestMappings(ctx)
	}
	set, err := e.mappingsOf(ctx, func(h Head) int {
		if v := r.Versions[h.Name]; v != 0 {
			return v
		}
		return h.Latest // applied since: no version of it was there
	}, e.activate)
	if err != nil || len(r.Set) == 0 {
		return set, err
	}
	set.names = slices.DeleteFunc(set.names, func(name string) bool { // a draft beside the set has no say in it
		out := !slices.Contains(r.Set, name) && !runs(set.byName[name].Head)
		if out {
			delete(set.byName, name)
		}
		return out
	})
	return set, nil
}

func (e *Engine) previewNamed(ctx context.Context, r *Run, named []record.Ref) error {
	ctx = e.labelled(ctx, r.Mapping, "preview", false)
	set, err := e.previewedMappings(ctx, r)
	if err != nil {
		return err
	}
	if err := e.previewPage(ctx, set, r, 0, e.runTasks(*r, 0, named, true)); err != nil {
		return err
	}
	return e.finishRun(ctx, r)
}

func (e *Engine) runTasks(r Run, page int, refs []record.Ref, named bool) []Task {
	tasks := make([]Task, len(refs))
	for n, ref := range refs {
		tasks[n] = Task{Ref: ref, Mapping: r.current(), Cause: "run", Run: r.ID, Page: page, Named: named, Pilot: r.Pilot, Actor: r.Actor, WonSince: r.WonSince}
		if r.Kind == "plan" {
			tasks[n].Plan, tasks[n].Named = r.Plan, false
		}
	}
	return tasks
}

func (e *Engine) putRunPage(ctx context.Context, r Run, n int, refs []record.Ref) error {
	return e.putOne(ctx, runPageKey(r.ID, n), runPage{Refs: refs, Bits: make([]bool, len(refs))}, table.Condition{})
}

// StepRuns lists one more page of every run that is being listed. Killed between page and cursor, the same page is listed
// again: its tasks run twice, its bits are set once.
func (e *Engine) StepRuns(ctx context.Context) (bool, error) {
	var open []Run
	if err := list(ctx, e.Table, "R", "", func(_ table.Key, r Run) bool {
		if r.Status == "listing" && r.Kind != kindWave || r.Status == runSending && !r.beingQueued() || r.Status == runCounting {
			open = append(open, r)
		}
		return true
	}); err != nil {
		return false, err
	}
	moved := false
	for _, r := range open {
		err := e.stepRun(ctx, r)
		if err == errUnderWay {
			continue
		}
		if moved = true; err != nil {
			return true, errors.Join(fmt.Errorf("run %s: %w", r.ID, err), e.noteRunFault(ctx, r.ID, err))
		}
	}
	return moved, nil
}

// maxRunFaults is how often in a row a run may fail to be listed before it ends as failed.
const maxRunFaults = 10

// noteRunFault keeps why a run cannot go on where people see it. A system that is down is waited for; anything else ends
// the run after a while.
func (e *Engine) noteRunFault(ctx context.Context, id string, fault error) error {
	_, err := change(ctx, e, runKey(id), func(r *Run, exists bool) bool {
		if !exists || r.Status != "listing" {
			return false
		}
		r.Error = fault.Error()
		if meaning(time.Now(), "", fault).End != Later {
			r.Faults++
		}
		if r.Faults >= maxRunFaults {
			r.Status, r.Ended = "failed", time.Now()
		}
		return true
	})
	return err
}

func (e *Engine) stepRun(ctx context.Context, r Run) error {
	stored, err := getItem[Run](ctx, e.Table, runKey(r.ID))
	if err != nil {
		return err
	}
	r = stored.Value
	switch r.Kind {
	case kindWave:
		return e.judgeWave(ctx, r)
	case "plan":
		if len(r.Set) > 0 {
			return e.stepSetPlan(ctx, r, stored.Rev)
		}
		if r.Status == runSending {
			return e.stepSending(ctx, stored)
		}
		return e.stepPlanRun(ctx, r, stored.Rev)
	case "reconcile":
		return e.stepReconcile(ctx, r, stored.Rev)
	case undoPreview:
		return e.stepUndoPreview(ctx, r, stored.Rev)
	case undoRun:
		return e.stepUndoRun(ctx, r, stored.Rev)
	}
	if r.Status == runSending {
		return e.stepSending(ctx, stored)
	}
	return e.stepListing(ctx, stored)
}

// stepListing lists the next page of what a run looks at, and has it looked at.
func (e *Engine) stepListing(ctx context.Context, before stored[Run]) error {
	r := before.Value
	load, cause := e.mappings, "run"
	if r.Kind == "preview" {
		load, cause = func(ctx context.Context) (*mappingSet, error) { return e.previewedMappings(ctx, &r) }, "preview"
	}
	ctx = e.labelled(ctx, r.current(), cause, true)
	set, err := load(ctx)
	if err != nil {
		return err
	}
	a := set.byName[r.current()]
	if a == nil {
		return fmt.Errorf("there is no mapping %s", r.current())
	}
	twoWays := a.home != nil
	if r.Phase == 0 && r.Cursor == nil {
		if n, first, err := e.foreseen(ctx, r, a); err != nil {
			return err
		} else if first {
			r.Foreseen = n
		}
	}
	if r.Phase == 1 { // what is at b alone
		a = a.home
	}
	page, refs, err := e.nextPage(ctx, &r, a)
	if err != nil {
		return err
	}
	if r.Expected < 0 && page.Total >= 0 && len(r.Set) == 0 {
		r.Expected = page.Total
	}
	var shown map[record.Ref]*record.Record
	if set.travels(set.byName[r.current()]) && e.showsAll(a.ConnA, a.A.Object) {
		shown = travelling(page.Records)
	}
	for part := range slices.Chunk(refs, runPageSize) {
		if err := e.listPage(ctx, set, &r, part, shown); err != nil {
			return err
		}
	}
	r.Cursor, r.Error, r.Faults = page.Cursor, "", 0
	ended, err := e.listedAll(ctx, &r, page.More, twoWays)
	if err != nil {
		return err
	}
	if err := e.putStep(ctx, before, &r); err != nil {
		if lost(err) {
			return nil // somebody else took this step; the next one goes on from what is stored
		}
		return err
	}
	if ended {
		return e.finishRun(ctx, &r)
	}
	return nil
}

// putStep stores what a step of a run's listing came to. Workers finish pages of it meanwhile and say so at the run: that is taken over, since
// a page that is listed again for it would be read and worked twice. Another step in between is a conflict.
func (e *Engine) putStep(ctx context.Context, before stored[Run], r *Run) error {
	for rev := before.Rev; ; {
		err := e.putOne(ctx, runKey(r.ID), *r, table.IfRev(rev))
		if !lost(err) {
			return err
		}
		got, readErr := getItem[Run](ctx, e.Table, runKey(r.ID))
		if readErr != nil {
			return readErr
		}
		now := got.Value
		if now.Full, now.Refused = before.Value.Full, before.Value.Refused; got.Rev == 0 || !reflect.DeepEqual(now, before.Value) {
			return err
		}
		r.Full, r.Refused, rev = got.Value.Full, got.Value.Refused, got.Rev
	}
}

// nextPage reads the next page of a mapping's source, and names those of its records that the run looks at.
func (e *Engine) nextPage(ctx context.Context, r *Run, a *Active) (connector.Page, []record.Ref, error) {
	from, err := e.changedSince(ctx, r, a)
	if err != nil {
		return connector.Page{}, nil, err
	}
	ctx, calls := countingCalls(ctx)
	page, err := e.Connections[a.ConnA].Changes(ctx, connector.FeedRequest{Object: a.A.Object, Cursor: r.Cursor, From: from, Fields: a.wantedA})
	r.Counts.Calls += int(calls.n.Load())
	if err != nil {
		return page, nil, errors.Join(err, e.lostContact(ctx, a.ConnA, err))
	}
	refs := mapSlice(page.Records, func(rec record.Record) record.Ref { return rec.Ref })
	if r.Phase == 1 && r.Kind != "changed" {
		refs, err = e.unpaired(ctx, a, refs)
	}
	return page, refs, err
}

// listedAll moves a run on behind a page: to the other side of its mapping, to the next mapping of its set, or to the end of its listing,
// which it tells of.
func (e *Engine) listedAll(ctx context.Context, r *Run, more, twoWays bool) (ended bool, err error) {
	over := !more && (!twoWays || r.Phase == 1)
	switch {
	case over && r.Step+1 >= len(r.Set):
		if r.Foreseen > 0 {
			return false, e.counted(ctx, r)
		}
		r.Status, r.Expected = "working", r.Listed
		return true, nil
	case over: // the next mapping of the set
		r.Step, r.Phase, r.Cursor = r.Step+1, 0, nil
	case !more:
		r.Phase, r.Cursor = 1, nil
	}
	return false, nil
}

// unpaired leaves out records of b that are linked: they are worked with their counterparts, which a run lists first.
func (e *Engine) unpaired(ctx context.Context, home *Active, refs []record.Ref) ([]record.Ref, error) {
	keys := mapSlice(refs, func(ref record.Ref) table.Key { return e.pointerKey(home.Slot, ref) })
	seats, err := getItems[seat](ctx, e.Table, keys)
	if err != nil {
		return nil, err
	}
	var out []record.Ref
	for n, ref := range refs {
		if seats[keys[n]].Value.pointer.A.IsZero() {
			out = append(out, ref)
		}
	}
	return out, nil
}

// listPage makes records the next page of a run and queues them, or previews them. shown are those that the listing read and that may travel.
func (e *Engine) listPage(ctx context.Context, set *mappingSet, r *Run, refs []record.Ref, shown map[record.Ref]*record.Record) error {
	n := r.Pages
	if r.Kind == "preview" {
		if err := e.previewPage(ctx, set, r, n, e.runTasks(*r, n, refs, false)); err != nil {
			return err
		}
	} else {
		if err := e.putRunPage(ctx, *r, n, refs); err != nil {
			return err
		}
		if r.Foreseen > 0 { // counted first
			r.Pages++
			r.Listed += len(refs)
			return nil
		}
		if err := e.Enqueue(ctx, lane.Bulk, withReads(e.runTasks(*r, n, refs, false), shown)); err != nil {
			return err
		}
	}
	r.Pages++
	r.Listed += len(refs)
	return nil
}

// stepPlanRun lists a saved plan's rows that write something, page by page of the plan; then its pages are queued (stepSending). Killed in
// between, it lists the same pages again: one that is there has bits that may tell of work already.
func (e *Engine) stepPlanRun(ctx context.Context, r Run, rev int64) error {
	r.Pages, r.Listed = 0, 0
	var part []record.Ref
	var failed error
	listed := map[planMark]bool{}
	put := func() bool {
		page := runPage{Refs: part, Bits: make([]bool, len(part))}
		if failed = e.putOne(ctx, runPageKey(r.ID, r.Pages), page, table.IfAbsent()); lost(failed) {
			failed = nil
		}
		r.Pages++
		r.Listed += len(part)
		part = part[:0]
		return failed == nil
	}
	err := e.eachRow(ctx, r.Plan, func(row PlanRow) bool {
		if mark := markOf(row.started().String()); row.writes() && !listed[mark] {
			listed[mark] = true
			part = append(part, row.started())
		}
		return len(part) < runPageSize || put()
	})
	if len(part) > 0 && err == nil && failed == nil {
		put()
	}
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	r.Status, r.Expected = runSending, r.Listed
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfRev(rev)); err != nil && !lost(err) { // lost: somebody else listed it
		return err
	}
	return nil
}

// mark sets the bits of tasks that ended, one put per page; the last bit of the last page ends the run.
func (e *Engine) mark(ctx context.Context, tasks []Task, results []Result) error {
	type page struct {
		run string
		n   int
	}
	byPage := map[page][]int{}
	var order []page
	for n, t := range tasks {
		if t.Run == "" || results[n].End != Done && results[n].End != Never && !isWave(t.Run) && results[n].Counts.Calls == 0 {
			continue
		}
		p := page{t.Run, t.Page}
		if byPage[p] == nil {
			order = append(order, p)
		}
		byPage[p] = append(byPage[p], n)
	}
	for _, p := range order {
		full := false
		_, err := change(ctx, e, runPageKey(p.run, p.n), func(v *runPage, exists bool) bool {
			if !exists {
				return false
			}
			for _, n := range byPage[p] {
				at, counts := slices.Index(v.Refs, tasks[n].Ref), results[n].Counts
				v.Counts.Calls, counts.Calls = v.Counts.Calls+counts.Calls, 0 // they were made, whatever came of it
				v.noteSeen(at, results[n])
				if over := results[n].End == Done || results[n].End == Never; at >= 0 && over && !v.Bits[at] {
					v.Bits[at] = true
					v.Counts.add(counts)
				}
			}
			full = !slices.Contains(v.Bits, false)
			return true
		})
		if err != nil {
			return err
		}
		if full {
			if err := e.pageFull(ctx, p.run, p.n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) pageFull(ctx context.Context, id string, n int) error {
	r, err := change(ctx, e, runKey(id), func(r *Run, exists bool) bool {
		if !exists || slices.Contains(r.Full, n) {
			return false
		}
		r.Full = append(r.Full, n)
		return true
	})
	if err != nil {
		return err
	}
	if r.Kind == "plan" && r.Status == "listing" && len(r.Full) >= r.Pages { // the next mapping of the set may begin
		if err := e.stepRun(ctx, r); err != errUnderWay {
			return err
		}
		return nil
	}
	return e.finishRun(ctx, &r)
}

// finishRun ends a run whose pages are all listed and all full.
func (e *Engine) finishRun(ctx context.Context, r *Run) error {
	if r.Kind == "preview" {
		if err := e.completePlan(ctx, r); err != nil {
			return err
		}
	}
	var totals *Counts
	if r.Kind != "preview" && r.Status == "working" && len(r.Full) >= r.Pages {
		_, counts, err := e.sum(ctx, r.ID)
		if err != nil {
			return err
		}
		totals = &counts
	}
	_, err := change(ctx, e, runKey(r.ID), func(r *Run, exists bool) bool {
		if !exists || r.Status != "working" || r.Kind != "preview" && len(r.Full) < r.Pages {
			return false
		}
		r.Status, r.Ended, r.Totals = "done", time.Now(), totals
		return true
	})
	return err
}

func (e *Engine) noteRefused(ctx context.Context, id string, ref record.Ref) error {
	_, err := change(ctx, e, runKey(id), func(r *Run, exists bool) bool {
		if !exists || len(r.Refused) >= maxRefusedListed || slices.Contains(r.Refused, ref) {
			return false
		}
		r.Refused = append(r.Refused, ref)
		return true
	})
	return err
}

// GetRun reads a run with its exact progress.
func (e *Engine) GetRun(ctx context.Context, id string) (Run, error) {
	got, err := getItem[Run](ctx, e.Table, runKey(id))
	if err != nil {
		return Run{}, err
	}
	if got.Rev == 0 {
		return Run{}, &NotFoundError{"run", id}
	}
	r := got.Value
	var pages Counts
	r.Done, pages, err = e.sum(ctx, id)
	r.Counts.add(pages)
	if r.Kind == "preview" || r.Kind == "reconcile" || r.Kind == undoPreview {
		r.Done = r.Listed
	}
	return r, err
}

// Runs lists runs, newest first, each with what it came to. Ids sort by the second that a run began in, so that runs of one second are told apart by their time.
func (e *Engine) Runs(ctx context.Context) ([]Run, error) {
	var out []Run
	if err := list(ctx, e.Table, "R", "", func(_ table.Key, r Run) bool { out = append(out, r); return true }); err != nil {
		return out, err
	}
	slices.SortStableFunc(out, func(a, b Run) int { return b.At.Compare(a.At) })
	return out, e.withTotals(ctx, out)
}
