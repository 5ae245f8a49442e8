package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// item is one record in one slot on its way through a batch of work.
type item struct {
	task   Task
	ref    record.Ref // of a
	group  []*Active  // mappings of the slot that could decide, in order
	m      *Active    // the one that decides
	needed bool       // a document needs its counterpart
	depth  int

	key      table.Key
	link     link.Link
	rev      int64                    // of the link as read; grows with our own puts
	leftOpen bool                     // its link has no reason, and its sync error is open still
	anchor   *anchor                  // of the way home, from when it is linked: where the pair's link is
	twin     bool                     // the way home of a pair that was worked before it, on the same facts; key and rev are the pair's
	pair     *item                    // of a twin: the pair's item
	joined   []*item                  // items of b's record that became this one
	own      bool                     // target is a copy of ours
	reads    map[record.Ref]cameRead  // that came with tasks
	fromPage map[record.Ref]time.Time // source or target came with a task, and was read then
	lists    map[string]any           // by name: whether the record is on the list
	excluded *link.Reason             // the way home's filter excludes it, and speaks for both ways
	goes     *going                   // its counterpart was deleted, and what is left is archived now
	again    bool                     // linked to a record that was there already: it is looked at once more

	source  *record.Record
	target  *record.Record
	lines   []record.Record
	related map[string][]record.Record
	wants   []plan.Need // what it refers to, in order
	needs   map[plan.Need]plan.Counterpart
	scripts map[string]plan.ScriptResult
	lacking map[string]*mapping.Lacking      // by mapping: fields that its account does not show any more
	hit     *record.Record                   // found by a match
	wanted  bool                             // what was found, another mapping of the place would have made
	began   map[string]link.Pair             // what was agreed on when it was decided, of a linked one
	before  map[string]link.Pair             // of a twin: what was agreed on when its pair's item began
	weak    *finding                         // found by a rule that a person must confirm; nothing better was found yet
	linked  map[record.Ref]bool              // associated records of the target that have a counterpart
	history map[plan.HistoryOf]time.Time     // when contested fields were changed
	entries map[table.Key]stored[matchEntry] // of its match keys, as they were read
	looks   []Look                           // what its match rules found, in order

	decision plan.Decision
	token    string // of the intention written in this batch
	body     *keptBody
	resent   bool                     // bytes of an older decision were sent, or may have been
	anew     bool                     // none of them is there, and no key brings them back: what is sent now is of this decision
	seen     map[record.Ref]time.Time // stamps that feeds showed
	met      bool                     // its new counterpart was there already: both are still to be compared
	settled  bool                     // what an expired intention of its link came to was learnt, and is not stored yet
	unlearnt bool                     // a line is to change whose id is not known before the document was read back
	intended time.Time
	over     bool                // a standing complaint was taken back
	dead     map[record.Ref]bool // the batch's; nil: not asked yet
	yields   *link.Reason        // its counterpart is another mapping's to write
	theirs   *link.Reason        // it is another mapping's itself, and nothing is made of it
	elders   []*item             // the same record in the places of mappings to which its own yields
	mirrors  []*item             // the same deal in another CRM, without a document there
	lookOnly bool                // of a claim: it is looked for and never sent again
	along    []*item             // of a create: what it takes along (together.go)
	of       *item               // the create that takes it along
	brought  *record.Read        // its source, which came with another record (followupsource.go)
	result   *Result
}

func (i *item) done() bool { return i.result != nil }

func (i *item) end(r Result) {
	if i.result == nil {
		i.result = &r
	}
}

// batch is what the items of one call of Work share.
type batch struct {
	set     *mappingSet
	audit   *auditBatch
	preview bool // decide, write nothing

	foresight *foresight // of a preview of mappings that work both ways: what its plan has decided so far

	rebuild *rebuilding // adopt what was claimed, nothing else
	erased  *erasedSet
	dead    map[record.Ref]bool // records whose tasks became dead letters
	plan    *planRun
	settled []*item          // links whose only change is a reason, put together at the end
	chosen  map[string]*item // by slot and ref, every item there is, so that none is worked twice
	all     []*item
	along   map[table.Key]*item // what creates took along, by link
	pages   *shownPages         // what looking for counterparts showed (shown.go)
	renewed map[[2]string]bool  // objects whose match keys were brought up to date for creates that are sent again
}

// Work works tasks and answers one result each, in order. Tasks of one record are worked once. Who calls this: the loops of
// receive.go with what a queue delivered. Killed anywhere, the same tasks come again and go on from what is in the store.
func (e *Engine) Work(ctx context.Context, tasks []Task) []Result {
	if erasures := e.workErasures(ctx, tasks); erasures != nil {
		return e.workAround(ctx, tasks, erasures)
	}
	results := make([]Result, len(tasks))
	set, err := e.mappings(ctx)
	if err != nil {
		for i := range results {
			results[i] = meaning(time.Now(), "", err)
		}
		return results
	}
	run := ""
	if len(tasks) > 0 {
		run = tasks[0].Run
	}
	b := &batch{set: set, audit: e.newAuditBatch(time.Now(), run), chosen: map[string]*item{}}
	if len(tasks) > 0 && tasks[0].Plan != "" {
		if b.plan, err = e.openPlan(ctx, tasks[0].Plan); err != nil {
			for i := range results {
				results[i] = meaning(time.Now(), "", err)
			}
			return results
		}
	}
	if run == "" {
		return e.workTasks(ctx, b, tasks)
	}
	counted, calls := countingCalls(ctx)
	results = e.workTasks(counted, b, tasks)
	results[0].Counts.Calls += int(calls.n.Load())
	return results
}

func (e *Engine) workTasks(ctx context.Context, b *batch, tasks []Task) []Result {
	results := make([]Result, len(tasks))
	owners, expandErr := e.expand(ctx, b, tasks)
	var items []*item
	for _, list := range owners {
		items = append(items, list...)
	}
	items = uniqueItems(items)
	for _, part := range b.inOrder(items) {
		e.workItems(ctx, b, part)
	}
	e.refuseHeld(ctx, b, items)
	if !b.preview && slices.ContainsFunc(tasks, func(t Task) bool { return t.Pilot && t.Named }) {
		e.lookAtMade(ctx, b)
	}
	e.finishTrail(ctx, b, items)
	if !b.preview {
		e.noteEnds(b.all)
		if err := e.notePilots(ctx, items); err != nil {
			e.undecided(items, err)
		}
	}
	counted := map[*item]bool{}
	for i := range tasks {
		if expandErr[i] != nil {
			results[i] = meaning(time.Now(), tasks[i].Ref.Connection, expandErr[i])
			continue
		}
		results[i] = merge(owners[i])
		if slices.ContainsFunc(owners[i], func(it *item) bool { return counted[it] }) {
			results[i].Counts = Counts{} // another task of the batch is of the same record, and has them
		}
		for _, it := range owners[i] {
			counted[it] = true
		}
	}
	return results
}

func uniqueItems(items []*item) []*item {
	seen := map[*item]bool{}
	var out []*item
	for _, i := range items {
		if !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	return out
}

// merge makes one result of a task's items: the task is done when all are.
func merge(items []*item) Result {
	out := Result{End: Done}
	for _, i := range items {
		r := Result{End: Retry, Err: errors.New("not worked")}
		if i.result != nil {
			r = *i.result
		}
		out.Counts.add(r.Counts)
		if out.ended() {
			out.await(r)
		}
		if rank(r.End) > rank(out.End) || r.End == Later && out.End == Later && r.Until.Before(out.Until) {
			r.Counts = out.Counts
			if r.ended() { // what another place waits for is still to come, though a person must look at this one
				r.On, r.Also, r.Missing, r.Until = out.On, out.Also, out.Missing, out.Until
			}
			out = r
		}
	}
	out.Needed = len(items) == 1 && items[0].needed // in one place it may be needed and in another not
	return out
}

// ended tells of a result that its task need not come again by itself.
func (r Result) ended() bool { return r.End == Done || r.End == Never }

func rank(end End) int { return slices.Index([]End{Done, Never, Later, Retry}, end) }

// workItems is the pipeline: load, read, find what is needed, decide, act. Every step works all items that are still under
// way and may end some of them.
func (e *Engine) workItems(ctx context.Context, b *batch, items []*item) {
	b.all = append(b.all, items...)
	if b.erased == nil {
		erased, err := e.erasedNow(ctx)
		if err != nil {
			e.fail(ctx, items, "", err)
			return
		}
		dead, err := e.deadNow(ctx)
		if err != nil {
			e.fail(ctx, items, "", err)
			return
		}
		b.erased, b.dead = erased, dead
	}
	e.workSteps(ctx, b, items, []func(context.Context, *batch, []*item){
		e.loadLinks, e.readSources, e.archiveDeleted, e.findLacking, e.inherit, e.findMirrors, e.gate, e.readLines, e.findLacking, e.findCounterparts, e.runScripts, e.readTargets, e.archiveDeleted, e.takenBack, e.findExcluded, e.match, e.findAssociated, e.findHistory, e.yieldTo, e.decide, e.freshTargets, e.readKept, e.runHooks,
	})
	e.workHome(ctx, b, items)
	if b.preview {
		e.foreseeSource(ctx, b, items)
	}
}

// workSteps takes items through the steps of the pipeline, and acts unless this is a preview.
func (e *Engine) workSteps(ctx context.Context, b *batch, items []*item, steps []func(context.Context, *batch, []*item)) {
	if !b.preview {
		steps = append(steps, e.checkPlan, e.act)
	}
	defer e.putSettled(ctx, b)
	ctx = e.labelItems(ctx, items)
	for _, step := range steps {
		left := open(items)
		if len(left) == 0 {
			return
		}
		if err := ctx.Err(); err != nil {
			for _, i := range left {
				i.end(Result{End: Retry, Err: err})
			}
			return
		}
		step(ctx, b, left)
	}
	if b.preview { // decided is all there is to do
		for _, i := range items {
			i.end(Result{End: Done})
		}
	}
}

// fail ends items with what an error means for the connection it came from.
func (e *Engine) fail(ctx context.Context, items []*item, connection string, err error) {
	for _, i := range items {
		r := meaning(time.Now(), connection, err)
		if r.End == Never {
			e.holdFor(ctx, i, plan.RefusedCall, err)
			continue
		}
		i.end(r)
	}
}
