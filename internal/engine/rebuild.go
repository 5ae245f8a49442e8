package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Reading back what was made since a backup. Everything that Crosswalk makes carries a mark that only its own record can
// have (A5): the marks at the systems say what the restored table has forgotten. A rebuild goes through phases, a page at a
// time, inside Poll; where it stands is in the table, and every page may be done twice.
//
//	wait     until the systems show everything that was made before the restore
//	marks    every record that mappings make is listed, and its mark kept (rebuildmarks.go)
//	sources  every record that something is made of: has its mark been seen, it is linked to what bears it (rebuildadopt.go)
//	links    e-mails that stood to be sent are struck; what was unfinished waits for its mapping (rebuildlinks.go)
//	strays   marked records that nothing is linked to are listed for a person
//	done     the report; each mapping stays paused until a person resumes it
//
// Nothing is written to any system. What is adopted stays as it was found there: what differs from today's record is agreed
// as it stands, no e-mail is sent, and a document is opened later only if it is what would be made today.

// The phases of a rebuild.
const (
	PhaseWait    = "wait"
	PhaseMarks   = "marks"
	PhaseSources = "sources"
	PhaseLinks   = "links"
	PhaseStrays  = "strays"
	PhaseDone    = "done"
)

// Rebuild is the reading back of what was made, and where it stands. Counts are of records.
type Rebuild struct {
	Epoch int       `json:"epoch"`
	Actor string    `json:"actor"`
	Note  string    `json:"note,omitempty"`
	At    time.Time `json:"at"`
	Ended time.Time `json:"ended,omitzero"`
	Phase string    `json:"phase"`

	Read    int `json:"read"`    // at the systems that are written to
	Marked  int `json:"marked"`  // of these, with a mark
	Looked  int `json:"looked"`  // sources
	Adopted int `json:"adopted"` // linked to what had been made for them
	Differs int `json:"differs"` // of these, documents that come to something else than their source today
	Held    int `json:"held"`    // several bear a record's mark
	Open    int `json:"open"`    // found, and not linked yet: looked for again when their mapping goes on
	Others  int `json:"others"`  // linked as of the backup, and another one was made since
	EMails  int `json:"emails"`  // documents whose e-mail may or may not have been sent; it is not sent again
	Strays  int `json:"strays"`  // marked, and nothing is linked to them

	Stopped []string `json:"stopped,omitempty"` // mappings that wait to be resumed
	Error   string   `json:"error,omitempty"`   // why it does not go on right now

	Targets []rebuildObject `json:"targets,omitempty"`
	Sources []rebuildObject `json:"sources,omitempty"`
	Place   int             `json:"place,omitempty"` // in the phase's list
	Cursor  json.RawMessage `json:"cursor,omitempty"`
	Rounds  int             `json:"rounds,omitempty"` // how often the page was waited for
	Next    time.Time       `json:"next,omitzero"`    // not gone on before
	Lease   time.Time       `json:"lease,omitzero"`   // somebody is at it, until then
}

// rebuildObject is a kind of record in one place; Slot is empty in lists of targets.
type rebuildObject struct {
	Slot       string `json:"slot,omitempty"`
	Connection string `json:"connection"`
	Object     string `json:"object"`
}

// The kinds of row in a rebuild's report.
const (
	RowAdopted = "adopted"
	RowHeld    = "held"
	RowOpen    = "open"
	RowOther   = "other"
	RowEMail   = "email"
	RowStray   = "stray"
)

// RebuildRow is one record that a rebuild did something about, or that a person must look at.
type RebuildRow struct {
	What    string     `json:"what"`
	Ref     record.Ref `json:"ref,omitzero"` // of the source; none for strays
	Target  record.Ref `json:"target,omitzero"`
	Mapping string     `json:"mapping,omitempty"`
	Differs bool       `json:"differs,omitempty"` // a document that comes to something else than its source today
	EMail   bool       `json:"email,omitempty"`   // whether its e-mail was sent is not known
	Text    string     `json:"text,omitempty"`
}

// keepRebuilds is how long a report can be read again.
const keepRebuilds = 400 * day

func rebuildRowKey(epoch int, slot string, ref record.Ref) table.Key {
	return table.Key{PK: fmt.Sprintf("Y#rows#%d", epoch), SK: slot + "#" + ref.String()}
}

// putRow keeps a row; a record has one in each place.
func (e *Engine) putRow(ctx context.Context, epoch int, slot string, row RebuildRow) error {
	ref := row.Ref
	if ref.IsZero() {
		ref = row.Target
	}
	return e.Table.Put(ctx, []table.Put{expiring(put(rebuildRowKey(epoch, slot, ref), row, e.token(), table.Condition{}), time.Now().Add(keepRebuilds))})[0]
}

// StartRebuild has what was made since the backup read back. One that is under way goes on. Who calls this: a person.
func (e *Engine) StartRebuild(ctx context.Context, actor, note string) (Rebuild, error) {
	if r, err := e.standstill(ctx); err != nil || r == nil {
		return Rebuild{}, firstError([]error{err, &RefusedError{"the table was not restored from a backup, as far as its epoch says: there is nothing to read back",
			"after a restore raise epoch in the configuration by one and start again; crosswalk help restore"}})
	}
	if err := e.stopAll(ctx); err != nil { // a start that was killed may not have come to it
		return Rebuild{}, err
	}
	started := false
	l, err := change(ctx, e, lifeKey(), func(l *life, _ bool) bool {
		if started = l.Restored != nil && l.Restored.Rebuild == nil; started {
			l.Restored.Rebuild = &Rebuild{Epoch: l.Epoch, Actor: actor, Note: cleanReason(note), At: time.Now(), Phase: PhaseWait}
		}
		return started
	})
	if err != nil || l.Restored == nil {
		return Rebuild{}, firstError([]error{err, errors.New("the rebuild came to its end just now; look at its report")})
	}
	if !started {
		return *l.Restored.Rebuild, nil
	}
	heads, err := e.Heads(ctx)
	for _, h := range heads {
		if h.Restored != 0 && err == nil {
			err = e.decided(ctx, Decision{Kind: DecidedRebuild, Mapping: h.Name, Version: h.Running, Actor: actor, Note: cleanReason(note)})
		}
	}
	return *l.Restored.Rebuild, err
}

// RebuildState is how the table stands: whether nothing is written, and the rebuild that is under way or came to its end last.
type RebuildState struct {
	Epoch    int
	Restored *Restored // nil: it is not stopped
	Rebuild  *Rebuild  // nil: none was asked for
}

// Rebuilding says how the table stands.
func (e *Engine) Rebuilding(ctx context.Context) (RebuildState, error) {
	got, err := getItem[life](ctx, e.Table, lifeKey())
	s := RebuildState{Epoch: got.Value.Epoch, Restored: got.Value.Restored, Rebuild: got.Value.Last}
	if s.Restored != nil {
		s.Rebuild = s.Restored.Rebuild
	}
	return s, err
}

// RebuildRows gives rows of a rebuild's report, by place and record, from an offset, and how many there are.
func (e *Engine) RebuildRows(ctx context.Context, epoch, from, most int) ([]RebuildRow, int, error) {
	var out []RebuildRow
	n := 0
	err := list(ctx, e.Table, rebuildRowKey(epoch, "", record.Ref{}).PK, "", func(_ table.Key, row RebuildRow) bool {
		if n >= from && len(out) < most {
			out = append(out, row)
		}
		n++
		return true
	})
	return out, n, err
}

// rebuildLease is how long a worker may take over one step.
const rebuildLease = 5 * time.Minute

// rebuildPause is how long a step that failed is waited with.
const rebuildPause = 20 * time.Second

// StepRebuild does one page more of a rebuild and says whether there may be another right away. Killed between page and
// cursor, the same page is done again.
func (e *Engine) StepRebuild(ctx context.Context) (bool, error) {
	got, err := getItem[life](ctx, e.Table, lifeKey())
	if err != nil || got.Value.Restored == nil || got.Value.Restored.Rebuild == nil {
		return false, err
	}
	l, now := got.Value, time.Now()
	r := l.Restored.Rebuild
	if now.Before(r.Next) || now.Before(r.Lease) {
		return false, nil
	}
	r.Lease = now.Add(rebuildLease)
	if err := e.putOne(ctx, lifeKey(), l, table.IfRev(got.Rev)); err != nil {
		if lost(err) {
			return false, nil // another worker is at it
		}
		return false, err
	}
	r.Next, r.Error = time.Time{}, ""
	stepErr := e.rebuildStep(e.labelled(ctx, "", causeRebuild, true), l.Restored, r)
	if stepErr != nil {
		r.Error, r.Next = stepErr.Error(), laterOf(meaning(time.Now(), "", stepErr).Until, time.Now().Add(rebuildPause))
	}
	r.Lease = time.Time{}
	if r.Phase == PhaseDone {
		l.Last, l.Restored, l.Marks = r, nil, time.Now().Add(keepMarks)
	}
	err = e.putOne(context.WithoutCancel(ctx), lifeKey(), l, table.IfRev(got.Rev+1))
	if err != nil {
		if lost(err) {
			err = nil // it took longer than the lease, and another went on
		}
		return false, errors.Join(stepErr, err)
	}
	if r.Phase == PhaseDone {
		e.life.take(l)
		return false, errors.Join(e.Lower(ctx, EventStop, "", concernRestored), e.tellResume(ctx))
	}
	return stepErr == nil && !r.Next.After(time.Now()), stepErr
}

// causeRebuild marks the work of a rebuild, and its calls.
const causeRebuild = "rebuild"

func (e *Engine) rebuildStep(ctx context.Context, restored *Restored, r *Rebuild) error {
	switch r.Phase {
	case PhaseWait:
		return e.beginRebuild(ctx, restored, r)
	case PhaseMarks:
		return e.readMarks(ctx, r)
	case PhaseSources:
		return e.readRebuilt(ctx, r)
	case PhaseLinks:
		return e.sweepLinks(ctx, r)
	case PhaseStrays:
		return e.findStrays(ctx, r)
	}
	return fmt.Errorf("rebuild: phase %q is not known to this program", r.Phase)
}

// goOn begins the next phase.
func (r *Rebuild) goOn(phase string) {
	r.Phase, r.Place, r.Cursor, r.Rounds = phase, 0, nil, 0
}

// beginRebuild works out what is to be read, and waits until what was under way at the moment of the restore shows in lists.
func (e *Engine) beginRebuild(ctx context.Context, restored *Restored, r *Rebuild) error {
	targets, sources, err := e.rebuilt(ctx)
	if err != nil {
		return err
	}
	ready := restored.At
	r.Targets = nil
	for _, t := range targets {
		w, ok := e.Connections[t.Connection].(connector.Writer)
		if !ok || w.Traits(t.Object).MarkerField == "" {
			continue
		}
		traits := w.Traits(t.Object)
		ready = laterOf(ready, restored.At.Add(e.SendWithin+traits.Deadline+traits.Settle))
		r.Targets = append(r.Targets, t)
	}
	r.Sources = sources
	if time.Now().Before(ready) {
		r.Next = ready
		return nil
	}
	r.goOn(PhaseMarks)
	return nil
}

// rebuilt lists what mappings make and what they make it of, of the versions that run and of the newest ones. What documents
// need comes before documents.
func (e *Engine) rebuilt(ctx context.Context) (targets, sources []rebuildObject, err error) {
	var documents []rebuildObject
	for _, load := range []func(context.Context) (*mappingSet, error){e.bound, func(ctx context.Context) (*mappingSet, error) {
		return e.mappingsOf(ctx, func(h Head) int { return h.Latest }, e.bind)
	}} {
		set, err := load(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range set.names {
			a := set.byName[name]
			if a.AToB.Create.When == "never" {
				continue
			}
			targets = append(targets, rebuildObject{Connection: a.ConnB, Object: a.B.Object})
			s := rebuildObject{a.Slot, a.ConnA, a.A.Object}
			if a.Document != nil {
				documents = append(documents, s)
			} else {
				sources = append(sources, s)
			}
		}
	}
	sources = sortedObjects(sources)
	for _, d := range sortedObjects(documents) {
		if !slices.Contains(sources, d) {
			sources = append(sources, d)
		}
	}
	return sortedObjects(targets), sources, nil
}

func sortedObjects(list []rebuildObject) []rebuildObject {
	slices.SortFunc(list, func(a, b rebuildObject) int {
		return strings.Compare(a.Slot+" "+a.Connection+" "+a.Object, b.Slot+" "+b.Connection+" "+b.Object)
	})
	return slices.Compact(list)
}

// finishRebuild counts what the report says, and names the mappings that wait for a person.
func (e *Engine) finishRebuild(ctx context.Context, r *Rebuild) error {
	counts := map[string]int{}
	r.Differs, r.EMails = 0, 0
	err := list(ctx, e.Table, rebuildRowKey(r.Epoch, "", record.Ref{}).PK, "", func(_ table.Key, row RebuildRow) bool {
		counts[row.What]++
		if row.Differs {
			r.Differs++
		}
		if row.EMail {
			r.EMails++
		}
		return true
	})
	if err != nil {
		return err
	}
	r.Adopted, r.Held, r.Open, r.Others, r.Strays = counts[RowAdopted], counts[RowHeld], counts[RowOpen], counts[RowOther], counts[RowStray]
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	r.Stopped = nil
	for _, h := range heads {
		if h.Restored != 0 && h.Status == mapping.Paused {
			r.Stopped = append(r.Stopped, h.Name)
		}
	}
	r.Ended, r.Targets, r.Sources = time.Now(), nil, nil
	r.goOn(PhaseDone)
	return nil
}
