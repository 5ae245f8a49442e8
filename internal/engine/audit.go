package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Entry is one line of the audit trail: what was intended, done, skipped or refused for one record, with the rule behind
// every field. Prev is the page that told of this record before.
//
// An entry is kept in two places (T26). The page has all but values: ids, rules, amounts, and a keyed digest of each value
// written. The values lie in a sibling item with an end of its own, so that they expire, or are erased with a person, while
// the page goes on saying what was done and by which rule.
type Entry struct {
	At      time.Time            `json:"at"`
	Ref     record.Ref           `json:"ref"`
	Target  record.Ref           `json:"target,omitzero"`
	Mapping string               `json:"mapping"`
	Version int                  `json:"version"`
	Cause   string               `json:"cause"`
	Run     string               `json:"run,omitempty"`
	Actor   string               `json:"actor,omitempty"`
	Kind    plan.Kind            `json:"kind"` // of the decision; of a follow-up its word: open, write_back ...
	Reason  *link.Reason         `json:"reason,omitempty"`
	Fields  []plan.FieldDecision `json:"fields,omitempty"`
	Lines   []plan.LineDecision  `json:"lines,omitempty"`
	Net     string               `json:"net,omitempty"`
	Money   string               `json:"money,omitempty"`
	Prev    string               `json:"prev,omitempty"`
	Looks   []Look               `json:"looks,omitempty"`   // what the match rules found, where they were asked
	Digests []string             `json:"digests,omitempty"` // of Fields: keyed, of the new value where one was written, else ""
	Had     bool                 `json:"had,omitempty"`     // its values were put beside the page
	Erased  time.Time            `json:"erased,omitzero"`   // its values were erased on request
	Values  Values               `json:"values,omitempty"`  // filled in when it is read
}

// Values tells what became of an entry's values.
type Values string

const (
	Shown   Values = ""        // they are in the entry, or it has none
	Expired Values = "expired" // kept as long as the retention says, and gone
	Erased  Values = "erased"  // taken out on request
)

// EntryOutcome is how one intended write ended; it is written after the call.
type EntryOutcome struct {
	Ref    record.Ref `json:"ref"`
	Target record.Ref `json:"target,omitzero"`
	Status string     `json:"status"`
	Note   string     `json:"note,omitempty"`
}

// entryValues are the values of one entry, in the order of its fields and lines.
type entryValues struct {
	Fields [][2]record.Value         `json:"f,omitempty"` // old, new
	Lines  []map[string]record.Value `json:"l,omitempty"`
}

// The two classes of the trail, which expire apart.
const (
	ofDocuments = iota
	ofOthers
	classes
)

// auditBatch collects the entries of one batch of work. Pages are written before the first call goes out, outcomes after.
type auditBatch struct {
	run, id  string
	pending  [classes][]Entry // not yet in the store
	class    map[record.Ref]int
	outcomes []EntryOutcome
	told     int // outcomes that are in the store
	parts    int
}

// maxAuditEntries keeps a page well under the store's item limit.
const maxAuditEntries = 200

func (e *Engine) newAuditBatch(now time.Time, run string) *auditBatch {
	if run == "" {
		run = hourRun(now) // work outside a run is one pseudo-run an hour
	}
	return &auditBatch{run: run, id: fmt.Sprintf("%013d-%s", now.UnixMilli(), e.token()), class: map[record.Ref]int{}}
}

func hourRun(at time.Time) string { return "hour-" + at.UTC().Format("2006-01-02T15") }

// page names the batch; its parts and outcomes all begin so.
func (b *auditBatch) page() string { return b.run + "|" + b.id }

// add takes an entry up; document says which class it is of.
func (b *auditBatch) add(entry Entry, document bool) {
	class := ofOthers
	if document {
		class = ofDocuments
	}
	b.class[entry.Ref] = class
	b.pending[class] = append(b.pending[class], entry)
}

// flush writes what has been collected since the last flush.
func (e *Engine) flush(ctx context.Context, b *auditBatch) error {
	for class := range b.pending {
		for len(b.pending[class]) > 0 {
			n, err := e.putPart(ctx, b, class)
			if err != nil {
				return fmt.Errorf("audit trail: %w", err)
			}
			b.pending[class] = b.pending[class][n:]
		}
	}
	return nil
}

// putPart writes the first pending entries of a class, as many as fit an item, and their values beside them.
func (e *Engine) putPart(ctx context.Context, b *auditBatch, class int) (int, error) {
	n := min(len(b.pending[class]), maxAuditEntries)
	for {
		page, values := e.split(b.pending[class][:n])
		data, err := pack(page)
		if err != nil {
			return 0, err
		}
		beside, err := pack(values)
		if err != nil {
			return 0, err
		}
		if n > 1 && max(len(data), len(beside)) > table.MaxItem {
			n /= 2
			continue
		}
		now := time.Now()
		ends := e.trailEnd(class, now)
		puts := []table.Put{{Key: auditKey(b.run, b.id, b.parts), Data: data, Token: e.token(), Expires: ends}}
		if len(values) > 0 {
			puts = append(puts, table.Put{Key: auditValuesKey(b.run, b.id, b.parts), Data: beside, Token: e.token(), Expires: shorter(ends, until(now, e.Retention.Values))})
		}
		if index, ok := e.indexed(b.run); !ok {
			puts = append(puts, index)
		}
		b.parts++ // also when it fails: what of it is stored is not written over
		if err := firstError(e.Table.Put(ctx, puts)); err != nil {
			return 0, err
		}
		e.trails.add(b.run)
		return n, nil
	}
}

func (e *Engine) trailEnd(class int, now time.Time) time.Time {
	if class == ofDocuments {
		return until(now, e.Retention.Documents)
	}
	return until(now, e.Retention.Others)
}

// split parts entries from their values, which it gives by the entry's place.
func (e *Engine) split(entries []Entry) ([]Entry, map[int]entryValues) {
	page, values := make([]Entry, len(entries)), map[int]entryValues{}
	for n, entry := range entries {
		v := valuesOf(entry)
		if len(v.Fields)+len(v.Lines) > 0 {
			entry.Had = true
			entry.Digests = e.digests(entry.Fields)
			values[n] = v
		}
		page[n] = without(entry)
	}
	return page, values
}

func valuesOf(entry Entry) entryValues {
	var v entryValues
	for _, f := range entry.Fields {
		v.Fields = append(v.Fields, [2]record.Value{f.Old, f.New})
	}
	for _, l := range entry.Lines {
		v.Lines = append(v.Lines, l.Fields)
	}
	return v
}

// without is an entry with its values taken out.
func without(entry Entry) Entry {
	fields, lines := entry.Fields, entry.Lines
	entry.Fields, entry.Lines = nil, nil
	for _, f := range fields {
		f.Old, f.New = record.Value{}, record.Value{}
		entry.Fields = append(entry.Fields, f)
	}
	for _, l := range lines {
		l.Fields = nil
		entry.Lines = append(entry.Lines, l)
	}
	return entry
}

// with puts values back into an entry.
func (v entryValues) with(entry Entry) Entry {
	for n := range min(len(v.Fields), len(entry.Fields)) {
		entry.Fields[n].Old, entry.Fields[n].New = v.Fields[n][0], v.Fields[n][1]
	}
	for n := range min(len(v.Lines), len(entry.Lines)) {
		entry.Lines[n].Fields = v.Lines[n]
	}
	return entry
}

// digests lets a value that somebody shows be held against what was written, when the value itself is gone.
func (e *Engine) digests(fields []plan.FieldDecision) []string {
	out, any := make([]string, len(fields)), false
	for n, f := range fields {
		if f.Action == plan.WriteIt {
			out[n], any = e.mac(6, "written", f.New.Text()), true
		}
	}
	if !any {
		return nil
	}
	return out
}

// flushOutcomes writes how the batch's writes ended, each class with its own end.
func (e *Engine) flushOutcomes(ctx context.Context, b *auditBatch) error {
	if len(b.outcomes) == b.told {
		return nil
	}
	var byClass [classes][]EntryOutcome
	for _, o := range b.outcomes {
		class, known := b.class[o.Ref]
		if !known {
			class = ofDocuments // kept for too long is better than for too short
		}
		byClass[class] = append(byClass[class], o)
	}
	var puts []table.Put
	for class, list := range byClass {
		if len(list) == 0 {
			continue
		}
		data, err := pack(list)
		if err != nil {
			return err
		}
		puts = append(puts, table.Put{Key: auditOutKey(b.run, b.id, class), Data: data, Token: e.token(), Expires: e.trailEnd(class, time.Now())})
	}
	if err := firstError(e.Table.Put(ctx, puts)); err != nil {
		return fmt.Errorf("audit trail: outcomes: %w", err)
	}
	b.told = len(b.outcomes)
	return nil
}

// trailCache remembers which partitions of the trail stand in its index already.
type trailCache struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (c *trailCache) add(run string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[run] = true
}

// indexed tells whether a partition of the trail stands in the index, and gives the put that enters it: one a run and hour.
func (e *Engine) indexed(run string) (table.Put, bool) {
	e.trails.mu.Lock()
	defer e.trails.mu.Unlock()
	return put(trailKey(run), trailMark{At: time.Now()}, e.token(), table.Condition{}), e.trails.seen[run]
}

// trailMark is an entry of the trail's index.
type trailMark struct {
	At time.Time `json:"at"`
}

// refusedRow is the kind of an entry for a row of a saved plan that no longer fits and was not carried out.
const refusedRow plan.Kind = "refuse"

// tellStep writes down a follow-up before it is asked for: what it is, and the fields of a that it writes. It is chained
// like a decision, so the link must be put after it. When it cannot be written down, nothing may be sent.
func (e *Engine) tellStep(ctx context.Context, b *batch, i *item, do string, fields map[string]record.Value) bool {
	entry := Entry{At: time.Now(), Ref: i.ref, Target: i.link.B, Mapping: i.m.Name, Version: i.m.Version, Cause: i.task.Cause, Run: i.task.Run, Actor: i.task.Actor,
		Kind: plan.Kind(do), Net: i.link.Net, Money: i.link.Money, Prev: i.link.Page}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		entry.Fields = append(entry.Fields, plan.FieldDecision{Field: name, Action: plan.WriteIt, Rule: "write_back", Old: i.source.Field(name), New: fields[name]})
	}
	i.link.Page = b.audit.page()
	b.audit.add(entry, i.m.Document != nil)
	if err := e.flush(ctx, b.audit); err != nil {
		e.undecided([]*item{i}, err)
		return false
	}
	return true
}

// finishTrail writes what a batch of work still has to tell.
func (e *Engine) finishTrail(ctx context.Context, b *batch, items []*item) {
	if b.preview {
		return
	}
	if err := errors.Join(e.flush(ctx, b.audit), e.flushOutcomes(ctx, b.audit)); err != nil {
		e.undecided(items, err)
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
