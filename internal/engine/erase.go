package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Erasing a person (S19, T26). By a record's address: that record and its counterpart are forgotten and never synced
// again. By an e-mail address: the address, and all values of the records that carry it, are taken out wherever they stand;
// those records go on without it. Documents keep ids and amounts. Nothing is erased at any system.
//
// What a worker has under way in that moment is left to it, and looked for again by two later sweeps, well within a day.

// Erasure is what an erasing did. It names records by their ids and never what was erased.
type Erasure struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Actor     string         `json:"actor"`
	Note      string         `json:"note,omitempty"`
	Of        string         `json:"of"`                  // "an e-mail address", or the record's address
	Gone      []record.Ref   `json:"gone,omitempty"`      // never synced again
	Stripped  []record.Ref   `json:"stripped,omitempty"`  // go on without the address
	Documents []KeptDocument `json:"documents,omitempty"` // keep ids and amounts
	Entries   int            `json:"entries"`             // of the audit trail, whose values went
	Rows      int            `json:"rows"`                // of previews, likewise
	Digests   int            `json:"digests"`             // agreed values, as digests
	MatchKeys int            `json:"matchKeys"`
	Bodies    int            `json:"bodies"` // of requests that made documents
	Errors    int            `json:"errors"` // sync errors closed or cleaned
	Parked    int            `json:"parked"` // tasks
	Decisions int            `json:"decisions"`
	Pending   int            `json:"pending"`        // links that are being written right now: the next sweep takes them
	Again     time.Time      `json:"again,omitzero"` // of the next sweep
	Warnings  []string       `json:"warnings,omitempty"`
	Dry       bool           `json:"dry,omitempty"` // nothing was changed
}

// KeptDocument is a document whose ids and amounts stay.
type KeptDocument struct {
	Ref, Document record.Ref
	Net, Currency string
}

// causeErase marks tasks that erase: a vendor's word that a person was deleted for good, or a later sweep.
const causeErase = "erase"

// sweeps are how long after an erasing it is done again, for what was under way.
var sweeps = []time.Duration{30 * time.Minute, 20 * time.Hour}

// erasureJob is what later sweeps know: hashes and ids.
type erasureJob struct {
	Erasure Erasure      `json:"erasure"`
	Whole   bool         `json:"whole"`
	Refs    []record.Ref `json:"refs"`
	Marks   []string     `json:"marks"`
	Digests []string     `json:"digests"`
	Keys    []table.Key  `json:"keys"`
	Sweep   int          `json:"sweep"`

	address string // only while it is asked for; later sweeps know its hashes
}

func erasureKey(id string) table.Key { return table.Key{PK: erasedPK + "#jobs", SK: id} }

// sweepRef is the address of a later sweep's task.
func sweepRef(id string) record.Ref {
	return record.Ref{Connection: "crosswalk", Object: "erasures", ID: id}
}

// Erase removes a person everywhere on our side. subject is an e-mail address or the address of a record of any connected
// system. With dry nothing is changed and the answer says what would go. It may be done again at any time.
func (e *Engine) Erase(ctx context.Context, subject, actor, note string, dry bool) (Erasure, error) {
	now := time.Now()
	job := erasureJob{Erasure: Erasure{ID: now.UTC().Format("20060102-150405-") + e.token()[:6], At: now, Actor: actor, Note: cleanNote(note), Dry: dry}}
	subject = strings.TrimSpace(subject)
	ref, err := record.ParseRef(subject)
	switch {
	case err == nil && e.Connections[ref.Connection] == nil:
		return Erasure{}, &NotFoundError{"connection", ref.Connection}
	case err == nil:
		job.Whole, job.Refs, job.Erasure.Of = true, []record.Ref{ref}, ref.String()
	case IsAddress(subject):
		job.Erasure.Of = "an e-mail address"
		e.addAddress(&job, subject)
		job.address = subject
	default:
		return Erasure{}, &RefusedError{"this is neither an e-mail address nor the address of a record", "write name@host, or connection:object/id"}
	}
	return e.erase(ctx, job)
}

// cleanNote makes a person's note one line without addresses: it is kept for ever.
func cleanNote(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, address := range addresses(text) {
		text = strings.ReplaceAll(text, address, "(address)")
	}
	return text
}

// addAddress takes an e-mail address up into what is looked for, in every form it may have been digested in.
func (e *Engine) addAddress(job *erasureJob, address string) {
	job.Marks = append(job.Marks, e.valueMark(address))
	for _, form := range distinct([]string{address, strings.TrimSpace(address), strings.ToLower(strings.TrimSpace(address))}) {
		job.Digests = append(job.Digests, e.Tools.Digest(form))
	}
}

// sweep carries a later sweep out.
func (e *Engine) sweep(ctx context.Context, id string) error {
	job, err := getItem[erasureJob](ctx, e.Table, erasureKey(id))
	if err != nil || job.Rev == 0 {
		return err
	}
	_, err = e.erase(ctx, job.Value)
	return err
}

// workErasures carries out the tasks that erase, and those that undo (undowork.go), and gives their results by place.
func (e *Engine) workErasures(ctx context.Context, tasks []Task) map[int]Result {
	var out map[int]Result
	for n, t := range tasks {
		if t.Cause != causeErase {
			continue
		}
		if out == nil {
			out = map[int]Result{}
		}
		var err error
		if t.Ref.Connection == sweepRef("").Connection {
			err = e.sweep(ctx, t.Ref.ID)
		} else {
			_, err = e.Erase(ctx, t.Ref.String(), t.Actor, "the system says that it was deleted for good", false)
		}
		out[n] = Result{End: Done}
		if err != nil {
			out[n] = Result{End: Retry, Err: err}
		}
	}
	return e.workUndo(ctx, tasks, out)
}

// workAround works the tasks that neither erase nor undo, and puts all results in order.
func (e *Engine) workAround(ctx context.Context, tasks []Task, erasures map[int]Result) []Result {
	var rest []Task
	for n, t := range tasks {
		if _, erased := erasures[n]; !erased {
			rest = append(rest, t)
		}
	}
	var worked []Result
	if len(rest) > 0 {
		worked = e.Work(ctx, rest)
	}
	results := make([]Result, len(tasks))
	for n := range tasks {
		if r, erased := erasures[n]; erased {
			results[n] = r
			continue
		}
		results[n], worked = worked[0], worked[1:]
	}
	return results
}

// eraser is one erasing on its way.
type eraser struct {
	*Engine
	job  *erasureJob
	out  *Erasure
	set  *mappingSet
	seen *erasedSet // what is looked for

	whole map[record.Ref]bool // forgotten altogether
	blank map[record.Ref]bool // only their values go
	kept  map[table.Key]bool  // links of documents among them
	at    map[table.Key]link.Link

	counted map[string]bool // entries of the trail: a rehearsal comes by twice
}

func (e *Engine) erase(ctx context.Context, job erasureJob) (Erasure, error) {
	id, at, actor, note, of, dry := job.Erasure.ID, job.Erasure.At, job.Erasure.Actor, job.Erasure.Note, job.Erasure.Of, job.Erasure.Dry
	job.Erasure = Erasure{ID: id, At: at, Actor: actor, Note: note, Of: of, Dry: dry}
	x := &eraser{Engine: e, job: &job, out: &job.Erasure, whole: map[record.Ref]bool{}, blank: map[record.Ref]bool{}, kept: map[table.Key]bool{},
		at: map[table.Key]link.Link{}, counted: map[string]bool{}}
	var err error
	if x.set, err = e.bound(ctx); err != nil {
		return Erasure{}, err
	}
	if !dry {
		if _, err := e.DeadLetters(ctx); err != nil { // they become sync errors, which have no values
			return Erasure{}, err
		}
	}
	for _, step := range []func(context.Context) error{
		x.findByKeys, x.findLinks, x.readValues, x.findLinks, x.mark, x.cleanTrail, x.cleanTrailValues, x.cleanPlans, x.cleanBodies, x.cleanKeys, x.cleanLinks,
		x.cleanErrors, x.cleanParked, x.cleanDecisions, x.remember,
	} {
		if err := step(ctx); err != nil {
			return *x.out, fmt.Errorf("erase: %w; what was done stays done, say it again", err)
		}
	}
	return *x.out, nil
}

// put stores changes unless this is a rehearsal. A lost condition is for the next sweep.
func (x *eraser) put(ctx context.Context, puts ...table.Put) error {
	if x.out.Dry {
		return nil
	}
	for _, err := range x.Table.Put(ctx, puts) {
		if lost(err) {
			x.out.Pending++
		} else if err != nil {
			return err
		}
	}
	return nil
}

// mark leaves the tombstones, before anything is taken out: a worker that reads the same record meanwhile heeds them.
func (x *eraser) mark(ctx context.Context) error {
	marks := slices.Clone(x.job.Marks)
	for ref := range x.whole {
		marks = append(marks, x.refMark(ref))
	}
	marks = distinct(marks)
	x.job.Marks = marks
	x.look()
	if x.out.Dry {
		return nil
	}
	var puts []table.Put
	for _, m := range marks {
		puts = append(puts, put(erasedKey(m), erasedMark{At: x.out.At}, x.token(), table.Condition{}))
	}
	if err := firstError(x.Table.Put(ctx, puts)); err != nil {
		return err
	}
	_, err := change(ctx, x.Engine, erasedHeadKey(), func(h *erasedHead, _ bool) bool { h.Count++; return true })
	return err
}

// erasureDecision is what is kept for ever of an erasing: who, when and how much, and not of whom.
type erasureDecision struct {
	Kind  string    `json:"kind"`
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
	Note  string    `json:"note,omitempty"`
	ID    string    `json:"erasure"`
}

// remember keeps the decision, and has the sweeps done that are still due.
func (x *eraser) remember(ctx context.Context) error {
	if x.out.Dry {
		return nil
	}
	job := x.job
	for ref := range x.whole {
		if job.Whole && !slices.Contains(job.Refs, ref) {
			job.Refs = append(job.Refs, ref)
		}
	}
	slices.SortFunc(job.Refs, func(a, b record.Ref) int { return strings.Compare(a.String(), b.String()) })
	d := erasureDecision{"erase", x.out.Actor, x.out.At, x.out.Note, x.out.ID}
	if err := x.putOne(ctx, decisionKey(d.At.UTC().Format(time.RFC3339Nano)+"#"+d.ID), d, table.Condition{}); err != nil {
		return err
	}
	if job.Sweep < len(sweeps) {
		x.out.Again = x.out.At.Add(sweeps[job.Sweep])
		job.Sweep++
		if err := x.putOne(ctx, erasureKey(x.out.ID), *job, table.Condition{}); err != nil {
			return err
		}
		return x.park(ctx, Task{Ref: sweepRef(x.out.ID), Cause: causeErase, Actor: x.out.Actor}, x.out.Again, "", "")
	}
	return x.Table.Put(ctx, []table.Put{{Key: erasureKey(x.out.ID), Delete: true}})[0]
}
