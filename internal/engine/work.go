package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
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

	key  table.Key
	link link.Link
	rev  int64 // of the link as read; grows with our own puts

	source  *record.Record
	target  *record.Record
	lines   []record.Record
	related map[string][]record.Record
	wants   []plan.Need // what it refers to, in order
	needs   map[plan.Need]plan.Counterpart
	scripts map[string]plan.ScriptResult
	hit     *record.Record // found by a match

	decision plan.Decision
	token    string // of the intention written in this batch
	body     *keptBody
	resent   bool                     // bytes of an older decision were sent, or may have been
	seen     map[record.Ref]time.Time // stamps that feeds showed
	unlearnt bool                     // a line is to change whose id is not known before the document was read back
	intended time.Time
	over     bool // a standing complaint was taken back
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
	erased  *erasedSet
	plan    *planRun
	settled []*item          // links whose only change is a reason, put together at the end
	chosen  map[string]*item // by slot and ref, every item there is, so that none is worked twice
	all     []*item
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
	return e.workTasks(ctx, b, tasks)
}

func (e *Engine) workTasks(ctx context.Context, b *batch, tasks []Task) []Result {
	results := make([]Result, len(tasks))
	owners, expandErr := e.expand(ctx, b, tasks)
	var items []*item
	for _, list := range owners {
		items = append(items, list...)
	}
	items = uniqueItems(items)
	e.workItems(ctx, b, items)
	e.refuseHeld(ctx, b, items)
	e.finishTrail(ctx, b, items)
	if !b.preview {
		e.noteEnds(b.all)
		if err := e.notePilots(ctx, items); err != nil {
			e.undecided(items, err)
		}
	}
	for i := range tasks {
		if expandErr[i] != nil {
			results[i] = meaning(time.Now(), tasks[i].Ref.Connection, expandErr[i])
			continue
		}
		results[i] = merge(owners[i])
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
		if r.End == Done && out.End == Done && r.On != "" {
			out.On, out.Until = r.On, r.Until
		}
		if rank(r.End) > rank(out.End) || r.End == Later && out.End == Later && r.Until.Before(out.Until) {
			r.Counts = out.Counts
			out = r
		}
	}
	return out
}

func rank(end End) int { return slices.Index([]End{Done, Never, Later, Retry}, end) }

// expand turns tasks into items: one per slot of the record; a task about a line or another watched record becomes items
// of the records it belongs to. Tasks of one record and slot share the item.
func (e *Engine) expand(ctx context.Context, b *batch, tasks []Task) ([][]*item, []error) {
	owners, errs := make([][]*item, len(tasks)), make([]error, len(tasks))
	index := map[string]*item{}
	add := func(n int, ref record.Ref, t Task) {
		for _, group := range b.set.group(ref, func(a *Active) bool { return b.wants(a, ref, t) }) {
			id := group[0].Slot + "#" + ref.String()
			it, ok := index[id]
			if !ok {
				it = &item{task: t, ref: ref, group: group}
				index[id] = it
				b.chosen[id] = it
			} else if t.Named {
				it.task.Named = true
			}
			it.sawTask(t)
			owners[n] = append(owners[n], it)
		}
	}
	watched, err := e.watchedOwners(ctx, b, tasks)
	for n, t := range tasks {
		add(n, t.Ref, t)
		if err != nil && len(owners[n]) == 0 {
			errs[n] = err
		}
		for _, ref := range watched[t.Ref] {
			add(n, ref, t)
		}
	}
	return owners, errs
}

// wants tells whether a mapping takes part in this task for a record: the task's own, or one it belongs to.
func (b *batch) wants(a *Active, ref record.Ref, t Task) bool {
	if t.Mapping != "" && t.Mapping != a.Name {
		if other, ok := b.set.byName[t.Mapping]; !ok || other.Slot != a.Slot {
			return false
		}
	}
	if b.preview {
		return true
	}
	return a.works(t.Pilot || slices.Contains(a.Head.Pilot, ref))
}

// watchedOwners finds, for tasks about watched objects (line items), the records they belong to, in one read per object.
func (e *Engine) watchedOwners(ctx context.Context, b *batch, tasks []Task) (map[record.Ref][]record.Ref, error) {
	out := map[record.Ref][]record.Ref{}
	asked := map[string]bool{} // invoice and contract mapping ask for the same deals
	for _, name := range b.set.names {
		a := b.set.byName[name]
		for _, watched := range a.watches() {
			var ids []string
			for _, t := range tasks {
				question := a.A.Object + " " + t.Ref.String()
				if t.Ref.Connection == a.ConnA && t.Ref.Object == watched && !asked[question] && (b.preview || a.works(true)) {
					asked[question] = true
					ids = append(ids, t.Ref.ID)
				}
			}
			if len(ids) == 0 {
				continue
			}
			reads, err := e.Connections[a.ConnA].Read(ctx, connector.ReadRequest{Object: watched, IDs: ids, With: []string{a.A.Object}})
			if err != nil {
				return out, err
			}
			for _, r := range reads {
				if r.Record == nil {
					continue
				}
				for _, rel := range r.Record.RelatedTo(a.A.Object) {
					if !slices.Contains(out[r.Ref], rel.Ref) {
						out[r.Ref] = append(out[r.Ref], rel.Ref)
					}
				}
			}
		}
	}
	return out, nil
}

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
		b.erased = erased
	}
	steps := []func(context.Context, *batch, []*item){
		e.loadLinks, e.readSources, e.inherit, e.gate, e.readLines, e.findCounterparts, e.runScripts, e.readTargets, e.match, e.decide, e.runHooks,
	}
	if !b.preview {
		steps = append(steps, e.checkPlan, e.act)
	}
	defer e.putSettled(ctx, b)
	ctx = e.labelItems(ctx, items)
	for _, step := range steps {
		open := slices.DeleteFunc(slices.Clone(items), (*item).done)
		if len(open) == 0 {
			return
		}
		if err := ctx.Err(); err != nil {
			for _, i := range open {
				i.end(Result{End: Retry, Err: err})
			}
			return
		}
		step(ctx, b, open)
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

// loadLinks reads every item's link and sets aside what needs no more looking at.
func (e *Engine) loadLinks(ctx context.Context, b *batch, items []*item) {
	keys := make([]table.Key, len(items))
	for n, i := range items {
		i.key = e.linkKey(i.group[0].Slot, i.ref)
		keys[n] = i.key
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	now := time.Now()
	for _, i := range items {
		got := links[i.key]
		i.link, i.rev = got.Value, got.Rev
		if i.rev == 0 {
			i.link = link.Link{Slot: i.group[0].Slot, A: i.ref}
		}
		if i.link.State == link.Held && i.link.Reason != nil && sticky[i.link.Reason.Category] {
			e.reopen(i)
		}
		switch {
		case i.done():
		case e.setAside(i):
		case i.link.State == link.Tombstone || i.rev == 0 && b.erased.record(i.ref):
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
		case i.link.State == link.Alias && i.task.Cause != "retry":
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}}) // it stays one whatever becomes of its fields (A1)
		case i.link.State == link.MovedTo && i.link.To != i.ref && i.depth < maxDepth:
			e.follow(ctx, b, i)
		case i.link.State == link.Claimed && i.link.Claim.Until.After(now) && !b.preview:
			i.end(Result{End: Later, Until: i.link.Claim.Until})
		case i.link.Intent != nil && i.link.Intent.Until.After(now) && !b.preview:
			i.end(Result{End: Later, Until: i.link.Intent.Until})
		}
	}
}

// sticky are holds that no change of the record undoes: something may exist in billing that only a person can find. Asked
// to retry, the claim is looked for again, and may then be sent once more.
var sticky = map[string]bool{plan.Uncertain: true, plan.DuplicateMarker: true}

func (e *Engine) reopen(i *item) {
	if i.task.Cause != "retry" || i.link.Claim == nil || i.link.Claim.Object == "" {
		i.end(Result{End: Never, Counts: Counts{Held: 1}})
		return
	}
	claim := *i.link.Claim
	claim.Looks, claim.Sends, claim.Until = 0, 1, time.Time{}
	i.link.State, i.link.Claim = link.Claimed, &claim
}

// maxDepth bounds needed records of needed records, and chains of merges.
const maxDepth = 4

// follow works a merged record at its new address and takes over how that ended.
func (e *Engine) follow(ctx context.Context, b *batch, i *item) {
	to := &item{task: i.task, ref: i.link.To, group: i.group, needed: i.needed, depth: i.depth + 1}
	id := to.group[0].Slot + "#" + to.ref.String()
	if b.chosen[id] != nil {
		i.end(Result{End: Done})
		return
	}
	b.chosen[id] = to
	e.workItems(ctx, b, []*item{to})
	i.end(merge([]*item{to}))
}

// readSources reads every item's record after its link was read, in one call per object (A3).
func (e *Engine) readSources(ctx context.Context, b *batch, items []*item) {
	type object struct{ connection, name string }
	byObject := map[object][]*item{}
	var order []object
	for _, i := range items {
		o := object{i.ref.Connection, i.ref.Object}
		if byObject[o] == nil {
			order = append(order, o)
		}
		byObject[o] = append(byObject[o], i)
	}
	for _, o := range order {
		list := byObject[o]
		ctx := e.labelItems(ctx, list)
		ids := make([]string, len(list))
		var fields, with []string
		for n, i := range list {
			ids[n] = i.ref.ID
			for _, a := range i.group {
				fields, with = append(fields, a.wantedA...), append(with, a.withA...)
			}
		}
		reads, err := e.Connections[o.connection].Read(ctx, connector.ReadRequest{Object: o.name, IDs: ids, Fields: distinct(fields), With: distinct(with)})
		if err == nil && len(reads) != len(list) {
			err = fmt.Errorf("%s answered %d of %d reads", o.connection, len(reads), len(list))
		}
		if err != nil && len(list) > 1 && meaning(time.Now(), o.connection, err).End == Never {
			for _, i := range list { // one of them is refused; the others must not suffer for it
				e.readSources(ctx, b, []*item{i})
			}
			continue
		}
		if err != nil {
			e.fail(ctx, list, o.connection, err)
			continue
		}
		for n, i := range list {
			e.takeSource(ctx, b, i, reads[n])
		}
	}
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// takeSource judges one read of a source (B6).
func (e *Engine) takeSource(ctx context.Context, b *batch, i *item, read record.Read) {
	switch read.State {
	case record.Found:
		if e.stale(read.Record.Modified, laterOf(i.link.StampA, i.seen[i.ref])) && i.task.Stale < maxStale && !b.preview {
			i.end(Result{End: Later, Until: time.Now().Add(stalePause), Stale: i.task.Stale + 1})
			return
		}
		i.source = read.Record
		b.erased.strip(i.source)
	case record.Moved:
		e.moved(ctx, b, i, read.To)
	case record.Gone:
		e.gone(ctx, b, i)
	case record.NoRight:
		e.holdFor(ctx, i, plan.NoRights, read.Err)
	default:
		e.fail(ctx, []*item{i}, i.ref.Connection, read.Err)
	}
}

// maxStale is how often a read that is older than what we saw before is put off; after that the stamp went back for good.
const maxStale = 3

// stale tells whether a read is older than what was read or written before.
func (e *Engine) stale(stamp, kept time.Time) bool {
	return !e.Bugs.BelieveStale && !stamp.IsZero() && !kept.IsZero() && stamp.Before(kept)
}

// sawTask keeps what a task's feed showed: reads that are older are old copies, though nothing newer was read before. A
// feed can be ahead of the replica that answers a read, and it tells of a change only once.
func (i *item) sawTask(t Task) {
	i.task.Stale = max(i.task.Stale, t.Stale)
	if t.Seen.IsZero() {
		return
	}
	if i.seen == nil {
		i.seen = map[record.Ref]time.Time{}
	}
	i.seen[t.Ref] = laterOf(i.seen[t.Ref], t.Seen)
}

// oldCopy tells whether a line reads older than the feed that brought the item showed it, or as gone though just shown.
func (e *Engine) oldCopy(i *item, read record.Read) bool {
	seen, ok := i.seen[read.Ref]
	if !ok || i.task.Stale >= maxStale {
		return false
	}
	return read.Record != nil && e.stale(read.Record.Modified, seen) || read.State == record.Gone && !e.Bugs.BelieveStale
}

// gate asks the questions that need no further reading: most deals are simply not won.
func (e *Engine) gate(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		i.m = i.choose()
		if i.m.Document == nil {
			continue
		}
		f, err := e.facts(ctx, b, i, i.m)
		if err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
			continue
		}
		d, stop := plan.WonGate(f)
		if stop && d.Kind == plan.Hold && d.Reason.Category == plan.UnknownStage {
			// a stage made since the table was read
			if _, err := e.tableNewer(ctx, i.m.ConnA, i.m.Document.Stages, time.Now().Add(-time.Second)); err != nil {
				e.fail(ctx, []*item{i}, i.m.ConnA, err)
				continue
			}
			if f, err = e.facts(ctx, b, i, i.m); err == nil {
				d, stop = plan.WonGate(f)
			}
		}
		if i.link.State == link.Claimed {
			continue // lost again while its create was under way: what was intended is looked for first, by act
		}
		if stop && i.link.State != link.Linked && (d.Kind == plan.Skip || d.Kind == plan.Hold) {
			i.decision = d
			e.settleReason(ctx, b, i)
		}
	}
}

// choose gives the mapping that decides for now: the one that made the document, else the first of the slot.
func (i *item) choose() *Active {
	object := i.link.B.Object
	if i.link.State == link.Claimed && i.link.Claim != nil {
		object = i.link.Claim.Object
	}
	for _, a := range i.group {
		if object != "" && a.B.Object == object {
			return a
		}
	}
	return i.group[0]
}

// readLines reads the line records of won deals, all of the batch together, and the related records that fields name.
func (e *Engine) readLines(ctx context.Context, b *batch, items []*item) {
	type want struct {
		owner *item
		name  string // of "with"; "" for lines
	}
	wanted := map[record.Ref][]want{}
	objects := map[string][]string{} // connection/object to ids
	fields := map[string][]string{}
	var order []string
	ask := func(i *item, ref record.Ref, name string, names []string) {
		o := ref.Connection + "/" + ref.Object
		if objects[o] == nil {
			order = append(order, o)
		}
		if wanted[ref] == nil {
			objects[o] = append(objects[o], ref.ID)
		}
		fields[o] = append(fields[o], names...)
		if w := (want{i, name}); !slices.Contains(wanted[ref], w) {
			wanted[ref] = append(wanted[ref], w)
		}
	}
	for _, i := range items {
		i.related = map[string][]record.Record{}
		for _, a := range i.group { // each mapping of the slot may need other fields of the same records
			if a.Children != nil {
				for _, ref := range uniqueRefs(i.source.RelatedTo(a.Children.A)) {
					ask(i, ref, "", a.wantLine)
				}
			}
			for _, with := range a.With {
				if len(a.related[with.Name]) == 0 {
					continue
				}
				if ref, reason := plan.Pick(i.source, with); reason == nil {
					ask(i, ref, with.Name, a.related[with.Name])
				}
			}
		}
	}
	for _, o := range order {
		conn, object, _ := cutLast(o)
		reads, err := e.Connections[conn].Read(ctx, connector.ReadRequest{Object: object, IDs: objects[o], Fields: distinct(fields[o])})
		if err == nil && len(reads) != len(objects[o]) {
			err = fmt.Errorf("%s answered %d of %d reads", conn, len(reads), len(objects[o]))
		}
		for n := range reads {
			b.erased.strip(reads[n].Record)
		}
		for n, id := range objects[o] {
			for _, w := range wanted[record.Ref{Connection: conn, Object: object, ID: id}] {
				switch {
				case err != nil:
					e.fail(ctx, []*item{w.owner}, conn, err)
				case e.oldCopy(w.owner, reads[n]):
					w.owner.end(Result{End: Later, Until: time.Now().Add(stalePause), Stale: w.owner.task.Stale + 1})
				case reads[n].Record == nil && reads[n].State == record.Gone:
					// a line that was removed between two reads is simply not a line any more
				case reads[n].Record == nil:
					e.fail(ctx, []*item{w.owner}, conn, errOr(reads[n].Err, "a related record could not be read"))
				case w.name == "":
					w.owner.lines = append(w.owner.lines, *reads[n].Record)
				default:
					w.owner.related[w.name] = append(w.owner.related[w.name], *reads[n].Record)
				}
			}
		}
	}
}

func errOr(err error, text string) error {
	if err != nil {
		return err
	}
	return errors.New(text)
}

func cutLast(o string) (string, string, bool) {
	for n := len(o) - 1; n >= 0; n-- {
		if o[n] == '/' {
			return o[:n], o[n+1:], true
		}
	}
	return o, "", false
}

func uniqueRefs(related []record.Related) []record.Ref {
	var out []record.Ref
	for _, r := range related {
		if !slices.Contains(out, r.Ref) {
			out = append(out, r.Ref)
		}
	}
	return out
}

// runScripts evaluates the mappings' expressions for all items in one round trip.
func (e *Engine) runScripts(ctx context.Context, b *batch, items []*item) {
	type slot struct {
		item *item
		text string
	}
	var calls []ScriptCall
	var slots []slot
	for _, i := range items {
		i.scripts = map[string]plan.ScriptResult{}
		for _, a := range i.group {
			for _, text := range plan.Expressions(a.Mapping) {
				if _, ok := i.scripts[text]; ok {
					continue
				}
				i.scripts[text] = plan.ScriptResult{}
				calls = append(calls, ScriptCall{Source: text, Args: scriptArgs(i)})
				slots = append(slots, slot{i, text})
			}
		}
	}
	if len(calls) == 0 {
		return
	}
	results, err := e.Scripts.Run(ctx, calls)
	if err != nil || len(results) != len(calls) {
		e.fail(ctx, items, "", errOr(err, "scripts: not every expression was answered"))
		return
	}
	for n, s := range slots {
		s.item.scripts[s.text] = results[n]
	}
}

// scriptArgs are the names an expression may use: source, target, lines, related records by name.
func scriptArgs(i *item) map[string]any {
	lines := make([]any, len(i.lines))
	for n := range i.lines {
		lines[n] = plain(&i.lines[n])
	}
	related := map[string]any{}
	for name, list := range i.related {
		if len(list) == 1 {
			related[name] = plain(&list[0])
		}
	}
	return map[string]any{"source": plain(i.source), "target": plain(i.target), "lines": lines, "related": related}
}

// plain is a record as expressions see it: absent, null and unreadable fields are None.
func plain(r *record.Record) any {
	if r == nil {
		return nil
	}
	out := map[string]any{"id": r.Ref.ID}
	for name, v := range r.Fields {
		switch v.Kind() {
		case record.Text:
			out[name] = v.Text()
		case record.List:
			parts := []any{}
			for _, p := range v.List() {
				parts = append(parts, p)
			}
			out[name] = parts
		default:
			out[name] = nil
		}
	}
	return out
}

// facts puts together what a decision rests on.
func (e *Engine) facts(ctx context.Context, b *batch, i *item, a *Active) (*plan.Facts, error) {
	account, err := e.account(ctx, a.ConnA)
	if err != nil {
		return nil, err
	}
	f := &plan.Facts{
		Mapping: a.Mapping, Tools: e.Tools, Now: time.Now(), Account: account, Tables: map[string]plan.Table{},
		Source: i.source, Target: i.target, Link: i.link, Lines: i.lines, Related: i.related, Counterparts: i.needs,
		Scripts: i.scripts, Needed: i.needed, Named: i.task.Named || e.Bugs.NoSince, WonSince: i.task.WonSince, SourceObjects: map[string]string{},
	}
	if a.Document != nil {
		if f.Tables["a/"+a.Document.Stages], err = e.table(ctx, a.ConnA, a.Document.Stages); err != nil {
			return nil, err
		}
	}
	for _, field := range a.Fields {
		if field.Table == "" {
			continue
		}
		if f.Tables["b/"+field.Table], err = e.table(ctx, a.ConnB, field.Table); err != nil {
			return nil, err
		}
	}
	for _, name := range b.set.names {
		f.SourceObjects[name] = b.set.byName[name].A.Object
	}
	return f, nil
}

// decide lets the plan decide; of several mappings of the slot the first that wants to do something does.
func (e *Engine) decide(ctx context.Context, b *batch, items []*item) {
	for _, i := range items {
		if i.hit != nil {
			i.target = i.hit
		}
		chosen, err := e.decideOne(ctx, b, i)
		if err != nil {
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
			continue
		}
		i.decision = frozen(i, chosen)
		switch i.decision.Kind {
		case plan.Skip, plan.Hold:
			switch i.link.State {
			case link.Claimed: // what was intended is looked for first, by act
			case link.Linked:
				e.complain(b, i, i.decision.Reason)
			default:
				e.settleReason(ctx, b, i)
				e.waitForParent(i)
			}
		case plan.Wait:
			if i.link.State != link.Claimed {
				e.waitFor(i)
			}
		}
	}
}

func (e *Engine) decideOne(ctx context.Context, b *batch, i *item) (plan.Decision, error) {
	candidates := i.group
	if i.link.State == link.Linked || i.link.State == link.Claimed {
		candidates = []*Active{i.m}
	}
	var first *plan.Decision
	for _, a := range candidates {
		f, err := e.facts(ctx, b, i, a)
		if err != nil {
			return plan.Decision{}, err
		}
		if e.Bugs.FloatMoney {
			floatMoney(f)
		}
		d := plan.Decide(f)
		if d.Kind == plan.Skip {
			if first == nil || first.Reason.Category == plan.OtherDocument && d.Reason.Category != plan.OtherDocument {
				i.m, first = a, &d
			}
			continue
		}
		i.m = a
		return d, nil
	}
	if first.Reason.Category == plan.OtherDocument {
		return plan.Decision{Kind: plan.Hold, Reason: &link.Reason{Category: plan.NoDocumentMapping,
			Text: first.Reason.Text + ", and no mapping that makes one is live. Take one live"}}, nil
	}
	return *first, nil
}

// waitForParent has a record that is held for a record it needs looked at again when that one is linked, or when the
// mapping that makes it goes live: who mends a company need not know its deals.
func (e *Engine) waitForParent(i *item) {
	switch i.decision.Reason.Category {
	case plan.NoDocumentMapping:
		i.result.On, i.result.Until = "slot/"+i.m.Slot, time.Now().Add(heldPause)
		return
	case plan.ParentHeld:
	default:
		return
	}
	for _, need := range i.wants {
		c := i.needs[need]
		if c.State != plan.Stuck {
			continue
		}
		i.result.On, i.result.Until = need.Ref.String(), time.Now().Add(heldPause)
		if c.Reason != nil && c.Reason.Category == plan.NoParentMapping {
			i.result.On = "mapping/" + need.Mapping
		}
		return
	}
}

// waitFor parks an item under what it needs.
func (e *Engine) waitFor(i *item) {
	needs := i.decision.Needs
	i.end(Result{End: Later, Until: time.Now().Add(waitPause), On: needs[0].Ref.String(), Needs: needs[:1]})
}
