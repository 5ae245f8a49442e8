package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Undoing a run (B10): what it wrote is put back at both systems, newest write first, from the old values that the audit trail
// keeps, unless a field is no longer as the run left it. It is done like any other mass of writes: a preview (StartUndo, a run
// of kind undo_preview) makes a saved plan whose rows say field by field what would be put back and what is left and why; the
// plan is approved by its digest and carried out by RunPlan as a run of kind undo. That run's writes are in the audit trail like
// all others, so that it can be undone too.
//
// What is put back is settled as it then stands on both sides, so that nothing flows until a person edits. Records that the run
// made are archived only where that was asked for, and their links become tombstones, so that no poll makes them again. Documents
// are never undone.
//
// Start here; undogather.go finds what a run wrote, undoread.go reads how it stands now, undorow.go decides, undowork.go does.

// Kinds of runs, of rows and of entries in the audit trail that belong to an undo.
const (
	undoPreview = "undo_preview"
	undoRun     = "undo"

	restoring plan.Kind = "restore"      // fields are put back
	archiving plan.Kind = "archive_made" // a record that the run made is archived
	relinking plan.Kind = "relink"       // what an undo archived is there again, and its link with it
)

// NotUndone is the category of a row of an undo that is left as it is.
const NotUndone = "not_undone"

const causeUndo = "undo"

// undoBucket is how many writes are looked at together: their values are held in memory, and the trail is read once for each.
const undoBucket = 2000

// undoCursor is how far a preview of an undo is.
type undoCursor struct {
	Parts   []string `json:"parts"`   // partitions of the trail that tell of the run
	Buckets int      `json:"buckets"` // records are spread over so many, by a hash of their address
	Next    int      `json:"next"`
}

// StartUndo previews the undoing of a run: its id, or hour-2026-09-01T12 for what signals and polls wrote within an hour (UTC).
// With archive what the run made is archived too. The answer's Plan is what to approve and to carry out. Refused: a run that
// wrote nothing, one that still goes on while its mapping is not paused.
func (e *Engine) StartUndo(ctx context.Context, id string, archive bool, actor string) (Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Run{}, err
	}
	of, err := e.undoable(ctx, id)
	if err != nil {
		return Run{}, err
	}
	r := Run{ID: e.runID(), Kind: undoPreview, Mapping: of.Mapping, Undoes: id, Archives: archive, Actor: actor}
	r.Plan = "p" + r.ID
	return e.StartRun(ctx, r, nil)
}

// undoable gives the run that may be undone, or says why it may not.
func (e *Engine) undoable(ctx context.Context, id string) (Run, error) {
	if hour, ok := strings.CutPrefix(id, "hour-"); ok {
		at, err := time.Parse("2006-01-02T15", hour)
		switch {
		case err != nil:
			return Run{}, &RefusedError{fmt.Sprintf("%q is no hour", id), "write it as hour-2026-11-01T09 (UTC), as the audit trail does"}
		case time.Since(at) < time.Hour:
			return Run{}, &RefusedError{"that hour is not over", "pause what writes (crosswalk pause --all), and undo it when the hour is over"}
		}
		return Run{ID: id, At: at, Ended: at.Add(time.Hour)}, nil
	}
	of, err := e.GetRun(ctx, id)
	if err != nil {
		return of, err
	}
	switch of.Kind {
	case "full", "named", "plan", undoRun:
	default:
		return of, &RefusedError{fmt.Sprintf("run %s is a %s, which writes nothing", id, strings.ReplaceAll(of.Kind, "_", " ")), "crosswalk runs lists the others"}
	}
	if of.underWay() {
		h, err := e.head(ctx, of.Mapping)
		if err != nil {
			return of, err
		}
		if h.Status != mapping.Paused {
			return of, &RefusedError{"run " + id + " still goes on", "wait for its end, or stop it first: crosswalk pause " + of.Mapping}
		}
		of.Ended = time.Now()
	}
	return of, nil
}

// stepUndoPreview does one step: finds where the trail tells of the run, then decides about one bucket of its records. Killed
// between its pages and the cursor, the same bucket is decided again and its pages replace themselves.
func (e *Engine) stepUndoPreview(ctx context.Context, r Run, rev int64) error {
	ctx = e.labelled(ctx, r.Mapping, causeUndo, true)
	of, err := e.undoable(ctx, r.Undoes)
	if err != nil {
		return err
	}
	set, err := e.mappings(ctx)
	if err != nil {
		return err
	}
	u := &undoer{Engine: e, set: set, of: of, archive: r.Archives}
	if u.erased, err = e.erasedNow(ctx); err != nil {
		return err
	}
	var at undoCursor
	if r.Cursor == nil {
		at, err = u.find(ctx)
	} else if err = json.Unmarshal(r.Cursor, &at); err == nil {
		err = u.bucket(ctx, &r, at)
		at.Next++
	}
	if err != nil {
		return err
	}
	r.Error, r.Faults = "", 0
	if r.Cursor, err = json.Marshal(at); err != nil {
		return err
	}
	if at.Next >= at.Buckets {
		if err := e.completeUndo(ctx, r); err != nil {
			return err
		}
		r.Status, r.Ended, r.Expected = "done", time.Now(), r.Listed
	}
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfRev(rev)); !lost(err) {
		return err
	}
	return nil // another worker did this step
}

// undoer is one undo, while it is previewed and while it is carried out.
type undoer struct {
	*Engine
	set     *mappingSet
	of      Run
	archive bool
	doing   bool // its plan says already what was written since
	erased  *erasedSet
}

// bucket decides about the records of one bucket and stores their rows.
func (u *undoer) bucket(ctx context.Context, r *Run, at undoCursor) error {
	byRecord := map[record.Ref][]undoWrite{}
	for _, part := range at.Parts {
		err := u.eachWrite(ctx, part, func(w undoWrite) {
			if bucketOf(w.written, at.Buckets) == at.Next {
				byRecord[w.written] = append(byRecord[w.written], w)
			}
		})
		if err != nil {
			return err
		}
	}
	for page := range slices.Chunk(newestFirst(byRecord), runPageSize) {
		if err := u.load(ctx, page); err != nil {
			return err
		}
		rows := make([]PlanRow, len(page))
		for n, p := range page {
			rows[n] = u.row(p)
		}
		if err := u.putUndoPage(ctx, planPageKey(r.Plan, r.Pages), rows); err != nil {
			return err
		}
		r.Pages++
		r.Listed += len(rows)
	}
	return nil
}

func (e *Engine) putUndoPage(ctx context.Context, key table.Key, rows []PlanRow) error {
	data, err := pack(rows)
	if err != nil {
		return err
	}
	return e.Table.Put(ctx, []table.Put{{Key: key, Data: data, Token: e.token()}})[0]
}

// completeUndo counts a finished preview and puts the one digest over all its rows.
func (e *Engine) completeUndo(ctx context.Context, r Run) error {
	head := SavedPlan{ID: r.Plan, Mapping: r.Mapping, Run: r.ID, Actor: r.Actor, At: time.Now(), Complete: true, Pages: r.Pages, Undoes: r.Undoes, Archives: r.Archives,
		Kinds: map[string]int{}, Reasons: map[string]int{}, Totals: map[string]string{}}
	sum := sha256.New()
	fmt.Fprintf(sum, "undo of %s\n", r.Undoes)
	err := e.eachPage(ctx, r.Plan, "", func(_ string, rows []PlanRow) bool {
		head.PageRows = append(head.PageRows, len(rows))
		for _, row := range rows {
			fmt.Fprintf(sum, "%s#%s#%s\n", row.Slot, row.Ref, row.Digest)
			head.Rows++
			head.Kinds[string(row.Kind)]++
			if row.Reason != nil {
				head.Reasons[row.Reason.Category]++
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	head.Digest = hex.EncodeToString(sum.Sum(nil)[:16])
	return e.putOne(ctx, planKey(r.Plan), head, table.Condition{})
}

// An undo is carried out in phases: first everything is put back and linked again, then what the run made is archived, what refers to
// other records before these. Otherwise an account that is archived would take along a person whom the run had moved to it, and a deal
// whose new contact is gone already would look as if somebody had changed it.

// undoPage says of a page of an undo's run which page of the plan its records are in, and in which phase it is worked.
type undoPage struct {
	Of    int `json:"of"`
	Phase int `json:"phase"`
}

func undoPageKey(run string, n int) table.Key {
	return table.Key{PK: runPageKey(run, 0).PK, SK: fmt.Sprintf("undo#%06d", n)}
}

// stepUndoRun lists the rows of an approved undo that write something, and then has one phase after the other worked. Killed in
// between, the step is done again: a record that is put back already stays as it is.
func (e *Engine) stepUndoRun(ctx context.Context, r Run, rev int64) error {
	if r.Phase == 0 {
		return e.listUndo(ctx, r, rev)
	}
	if len(r.Full) < r.Queued {
		return errUnderWay
	}
	last, err := e.endOfPhase(ctx, r)
	if err != nil {
		return err
	}
	for n := r.Queued; n < last; n++ {
		if err := e.enqueueUndo(ctx, r, n); err != nil {
			return err
		}
	}
	if r.Queued = last; r.Queued == r.Pages {
		r.Status, r.Error, r.Faults = "working", "", 0
	}
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfRev(rev)); err != nil {
		if lost(err) {
			return nil // another worker did this step, or a page ended meanwhile: the next step goes on from what is stored
		}
		return err
	}
	return e.finishRun(ctx, &r)
}

// endOfPhase is the number of the first page behind the phase that begins with the next page to be sent.
func (e *Engine) endOfPhase(ctx context.Context, r Run) (int, error) {
	n, phase := r.Queued, 0
	for ; n < r.Pages; n++ {
		page, err := getItem[undoPage](ctx, e.Table, undoPageKey(r.ID, n))
		if err != nil {
			return n, err
		}
		if n == r.Queued {
			phase = page.Value.Phase
		}
		if page.Value.Phase != phase {
			break
		}
	}
	return n, nil
}

// listUndo puts the pages of the run, in the order of their phases.
func (e *Engine) listUndo(ctx context.Context, r Run, rev int64) error {
	set, err := e.mappings(ctx)
	if err != nil {
		return err
	}
	refs, order, err := e.undoPhases(ctx, r.Plan, set)
	if err != nil {
		return err
	}
	r.Pages, r.Listed, r.Full, r.Queued = 0, 0, nil, 0
	for _, at := range order {
		if err := e.putOne(ctx, undoPageKey(r.ID, r.Pages), at, table.Condition{}); err != nil {
			return err
		}
		if err := e.putRunPage(ctx, r, r.Pages, refs[at]); err != nil {
			return err
		}
		r.Pages++
		r.Listed += len(refs[at])
	}
	r.Phase, r.Expected = 1, r.Listed
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfRev(rev)); !lost(err) {
		return err
	}
	return nil
}

// undoPhases gives the records of a plan that are written, by its pages and phases, and the order of these.
func (e *Engine) undoPhases(ctx context.Context, planID string, set *mappingSet) (map[undoPage][]record.Ref, []undoPage, error) {
	ranks := set.inOrder(set.names) // what others refer to comes first, and is archived last
	refs := map[undoPage][]record.Ref{}
	n := 0
	err := e.eachPage(ctx, planID, "", func(_ string, rows []PlanRow) bool {
		for _, row := range rows {
			at := undoPage{Of: n}
			if row.Kind == archiving {
				at.Phase = len(ranks) - slices.Index(ranks, row.Mapping)
			}
			if writesUndo(row) {
				refs[at] = append(refs[at], row.Target)
			}
		}
		n++
		return true
	})
	order := slices.SortedFunc(maps.Keys(refs), func(x, y undoPage) int { return cmp.Or(x.Phase-y.Phase, x.Of-y.Of) })
	return refs, order, err
}

func writesUndo(row PlanRow) bool {
	return row.Kind == restoring || row.Kind == archiving || row.Kind == relinking
}

// enqueueUndo sends the tasks of one page.
func (e *Engine) enqueueUndo(ctx context.Context, r Run, n int) error {
	page, err := getItem[runPage](ctx, e.Table, runPageKey(r.ID, n))
	if err != nil {
		return err
	}
	var tasks []Task
	for _, ref := range page.Value.Refs {
		tasks = append(tasks, Task{Ref: ref, Mapping: r.Mapping, Cause: causeUndo, Run: r.ID, Page: n, Plan: r.Plan, Actor: r.Actor})
	}
	return e.Enqueue(ctx, lane.Bulk, tasks)
}

// notUndone is the reason of a row that is left as it is.
func notUndone(format string, args ...any) *link.Reason {
	return &link.Reason{Category: NotUndone, Text: fmt.Sprintf(format, args...)}
}
