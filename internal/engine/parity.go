package engine

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// The parity report of a mapping without documents (B-4): every difference between its sides as both systems have them now, with its
// cause and when it was first seen. It is a run of kind reconcile without a month. It reads the feed of b with its values and the
// counterparts of each page in batches; pairs that differ there are read once more on both sides, since a feed may lag behind; then it
// reads the feed of a for what is there alone. Nothing is written anywhere. Of a pair it keeps ids, field names and rules, and no value.
//
// Memory: a page, and eight bytes for each pair (visits). Start with stepParity; what is compared is in paritypair.go, why something
// differs in paritycause.go, what has no counterpart in parityalone.go.

// Kinds of a PairDifference.
const (
	FieldDiffers = "field"   // a field of a linked pair
	NoPartner    = "missing" // a record without a counterpart
	PartnerGone  = "gone"    // one of a linked pair is not there any more
	TwinHeld     = "twin"    // a record whose counterpart is taken, or of which there are several
)

// PairDifference is one difference between the sides.
type PairDifference struct {
	Ref   record.Ref `json:"ref"`            // of a; of b where only b has one
	Other record.Ref `json:"other,omitzero"` // of b; the record it would be linked with
	Kind  string     `json:"kind"`
	Field string     `json:"field,omitempty"` // at Ref
	There string     `json:"there,omitempty"` // the field at Other
	Key   string     `json:"key,omitempty"`   // of the field
	Cause string     `json:"cause"`           // a category of plan: reason.go and parity.go
	Rule  string     `json:"rule,omitempty"`
	Text  string     `json:"text"`
	First time.Time  `json:"first"` // when a report first found it, whatever its cause was then
	New   bool       `json:"new,omitempty"`
}

// keepParity is how long a report can be read again.
const keepParity = 90 * 24 * time.Hour

// seenDifference remembers since when a difference is known, and which report had it last.
type seenDifference struct {
	First time.Time  `json:"first"`
	Began string     `json:"began"` // the run that first found it
	Run   string     `json:"run"`
	Page  int        `json:"page"`
	Other record.Ref `json:"other,omitzero"`
}

// parityUnderWay gives the run that is comparing a mapping's sides now, "" for none: of two at once each would take the other's
// differences for mended. Month ends are no matter.
func (e *Engine) parityUnderWay(ctx context.Context, r Run) (string, error) {
	id := ""
	if r.Month != "" {
		return id, nil
	}
	err := list(ctx, e.Table, runKey("").PK, "", func(_ table.Key, other Run) bool {
		if other.Kind == r.Kind && other.Mapping == r.Mapping && other.Month == "" && other.Status == "listing" {
			id = other.ID
		}
		return id == ""
	})
	return id, err
}

func parityRowsKey(id string, n int) table.Key {
	return table.Key{PK: "Q#" + id, SK: fmt.Sprintf("pair#%06d", n)}
}
func parityVisitsKey(id string, n int) table.Key {
	return table.Key{PK: "Q#" + id, SK: fmt.Sprintf("visit#%06d", n)}
}
func sinceKey(mapping string, ref record.Ref, field string) table.Key {
	return table.Key{PK: "Q#pairs#" + mapping, SK: ref.String() + "#" + field}
}

// parity works one page for a run.
type parity struct {
	*Engine
	set *mappingSet
	of  *Active
	run Run
	b   *batch
}

// stepParity does one page more. Killed between page and cursor, the same page is done again and its rows replace themselves.
func (e *Engine) stepParity(ctx context.Context, r Run, rev int64) error {
	ctx = e.labelled(ctx, r.Mapping, "reconcile", true)
	set, err := e.mappings(ctx)
	if err != nil {
		return err
	}
	p := &parity{Engine: e, set: set, of: set.byName[r.Mapping], run: r}
	if p.of == nil {
		return &NotFoundError{"mapping", r.Mapping}
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	var found []PairDifference
	if r.Phase == 0 {
		found, err = p.pageOfB(ctx)
	} else {
		found, err = p.pageOfA(ctx)
	}
	if err != nil {
		return err
	}
	if found, err = p.date(ctx, found); err != nil {
		return err
	}
	if len(found) > 0 {
		if err := e.putPacked(ctx, parityRowsKey(r.ID, r.Pages), found, r.At.Add(keepParity)); err != nil {
			return err
		}
	}
	p.run.Pages++
	if p.run.Phase > 1 {
		if err := e.completeParity(ctx, p.run, p.of); err != nil {
			return err
		}
		p.run.Status, p.run.Ended, p.run.Expected = "done", time.Now(), p.run.Listed
	}
	p.run.Error, p.run.Faults = "", 0
	if err = e.putOne(ctx, runKey(r.ID), p.run, table.IfRev(rev)); lost(err) {
		return nil // another worker did this step
	}
	return err
}

// open makes the batch that what is looked at shares: a preview, which writes nothing.
func (p *parity) open(ctx context.Context) error {
	p.b = &batch{set: p.set, audit: p.newAuditBatch(time.Now(), p.run.ID), chosen: map[string]*item{}, preview: true}
	var err error
	if p.b.erased, err = p.erasedNow(ctx); err != nil {
		return err
	}
	p.b.dead, err = p.deadNow(ctx)
	return err
}

// next takes one page of a feed, without records that are gone or of people who were erased, and moves the run's cursor.
func (p *parity) next(ctx context.Context, connection, object string, fields []string) ([]record.Record, error) {
	page, err := p.Connections[connection].Changes(ctx, connector.FeedRequest{Object: object, Cursor: p.run.Cursor, Fields: fields})
	if err != nil {
		return nil, &fromConnection{connection, err}
	}
	if p.run.Expected < 0 && page.Total >= 0 {
		p.run.Expected = page.Total
	}
	p.run.Listed += len(page.Records)
	p.run.Cursor = page.Cursor
	if !page.More {
		p.run.Phase, p.run.Cursor = p.run.Phase+1, nil
	}
	at := map[record.Ref]int{}
	var out []record.Record
	for n := range page.Records {
		r := page.Records[n]
		if r.Archived || p.b.erased.record(r.Ref) {
			continue
		}
		p.b.erased.strip(&r)
		if seen, twice := at[r.Ref]; twice {
			out[seen] = r
			continue
		}
		at[r.Ref] = len(out)
		out = append(out, r)
	}
	return out, nil
}

// date gives each difference the time it was first seen, and leaves out what this report already has: a feed may give a record twice,
// and two records that would be linked are one difference.
func (p *parity) date(ctx context.Context, found []PairDifference) ([]PairDifference, error) {
	var keys []table.Key
	for _, d := range found {
		keys = append(keys, sinceKey(p.of.Name, d.Ref, d.Key))
		if d.Kind == NoPartner && !d.Other.IsZero() {
			keys = append(keys, sinceKey(p.of.Name, d.Other, ""))
		}
	}
	known, err := getItems[seenDifference](ctx, p.Table, keys)
	if err != nil {
		return nil, err
	}
	var out []PairDifference
	var puts []table.Put
	here := map[table.Key]bool{}
	for _, d := range found {
		key := sinceKey(p.of.Name, d.Ref, d.Key)
		was := known[key].Value
		mirror := known[sinceKey(p.of.Name, d.Other, "")].Value
		if here[key] || was.Run == p.run.ID && was.Page != p.run.Pages || d.Kind == NoPartner && mirror.Run == p.run.ID && mirror.Other == d.Ref {
			continue
		}
		here[key] = true
		if was.Run == "" {
			was.First, was.Began = p.run.At, p.run.ID
		}
		was.Run, was.Page, was.Other = p.run.ID, p.run.Pages, d.Other
		d.First, d.New = was.First, was.Began == p.run.ID
		puts = append(puts, put(key, was, p.token(), table.Condition{}))
		out = append(out, d)
	}
	return out, firstError(p.Table.Put(ctx, puts))
}

// visitCache keeps which records of b the report under way has met.
type visitCache struct {
	mu  sync.Mutex
	run string
	all []uint64 // sorted
}

func visitOf(ref record.Ref) uint64 {
	h := fnv.New64a()
	h.Write([]byte(ref.String()))
	return h.Sum64()
}

func (p *parity) noteVisits(ctx context.Context, refs []record.Ref) error {
	if len(refs) == 0 {
		return nil
	}
	return p.putPacked(ctx, parityVisitsKey(p.run.ID, p.run.Pages), mapSlice(refs, visitOf), p.run.At.Add(7*24*time.Hour))
}

// visits are the records of b that were compared with their counterparts, sorted; each once.
func (e *Engine) visits(ctx context.Context, id string) ([]uint64, error) {
	e.due.visited.mu.Lock()
	defer e.due.visited.mu.Unlock()
	if e.due.visited.run == id {
		return e.due.visited.all, nil
	}
	var all []uint64
	err := e.eachPacked(ctx, parityVisitsKey(id, 0).PK, "visit#", func(item table.Item) error {
		var part []uint64
		err := unpack(item.Data, &part)
		all = append(all, part...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(all)
	e.due.visited.run, e.due.visited.all = id, slices.Compact(all)
	return e.due.visited.all, nil
}

func (e *Engine) eachPacked(ctx context.Context, pk, prefix string, f func(table.Item) error) error {
	q := table.Query{PK: pk, Prefix: prefix}
	for {
		items, more, err := e.Table.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := f(item); err != nil {
				return fmt.Errorf("%s %s: %w", pk, item.SK, err)
			}
			q.After = item.SK
		}
		if !more {
			return nil
		}
	}
}

// pageOfB takes one page of b's feed: pairs are compared with their counterparts, records that are not linked looked at.
func (p *parity) pageOfB(ctx context.Context) ([]PairDifference, error) {
	records, err := p.next(ctx, p.of.ConnB, p.of.B.Object, p.of.wantedB)
	if err != nil {
		return nil, err
	}
	held, err := p.holders(ctx, mapSlice(records, func(r record.Record) record.Ref { return r.Ref }))
	if err != nil {
		return nil, err
	}
	var pairs []*pairItem
	var visited, alone []record.Ref
	for n := range records {
		r := &records[n]
		h, linked := held[r.Ref]
		switch {
		case !linked:
			alone = append(alone, r.Ref)
		case p.carries(&h.Value):
			pairs = append(pairs, &pairItem{link: h.Value, rev: h.Rev, b: r})
			visited = append(visited, r.Ref)
		default: // another mapping's of the slot
			visited = append(visited, r.Ref)
		}
	}
	if err := p.noteVisits(ctx, visited); err != nil {
		return nil, err
	}
	found, err := p.pairs(ctx, pairs)
	if err != nil || p.of.home == nil { // a mapping that goes one way says nothing of what b has besides
		return found, err
	}
	more, err := p.alone(ctx, alone)
	return append(found, more...), err
}

// carries tells whether a linked pair is this mapping's to carry: of several between the same two objects it is the one that linked it.
func (p *parity) carries(l *link.Link) bool {
	joins := func(a *Active) bool {
		return l.A.Connection == a.ConnA && l.A.Object == a.A.Object && l.B.Connection == a.ConnB && l.B.Object == a.B.Object
	}
	if !joins(p.of) {
		return false
	}
	by := p.set.byName[l.Mapping]
	return by == nil || by == p.of || by.Slot != p.of.Slot || by.Document != nil || !joins(by)
}

// holders gives the links of records of b; what is not linked is missing.
func (p *parity) holders(ctx context.Context, refs []record.Ref) (map[record.Ref]stored[link.Link], error) {
	keys := mapSlice(refs, func(ref record.Ref) table.Key { return p.pointerKey(p.of.Slot, ref) })
	seats, err := getItems[seat](ctx, p.Table, keys)
	if err != nil {
		return nil, err
	}
	at := map[record.Ref]record.Ref{}
	for n, ref := range refs {
		if a := seats[keys[n]].Value.pointer.A; !a.IsZero() {
			at[ref] = a
		}
	}
	out := map[record.Ref]stored[link.Link]{}
	for hops := 0; len(at) > 0 && hops < maxDepth; hops++ {
		var keys []table.Key
		for _, a := range at {
			keys = append(keys, p.linkKey(p.of.Slot, a))
		}
		links, err := getItems[link.Link](ctx, p.Table, keys)
		if err != nil {
			return nil, err
		}
		for ref, a := range at {
			got := links[p.linkKey(p.of.Slot, a)]
			delete(at, ref)
			switch {
			case got.Value.State == link.Linked && got.Value.B == ref:
				out[ref] = got
			case got.Value.State == link.MovedTo && !got.Value.To.IsZero():
				at[ref] = got.Value.To
			}
		}
	}
	return out, nil
}

// pageOfA takes one page of a's feed: what is not linked, and pairs whose record of b the other feed did not have.
func (p *parity) pageOfA(ctx context.Context) ([]PairDifference, error) {
	visits, err := p.visits(ctx, p.run.ID)
	if err != nil {
		return nil, err
	}
	records, err := p.next(ctx, p.of.ConnA, p.of.A.Object, nil)
	if err != nil {
		return nil, err
	}
	refs := mapSlice(records, func(r record.Record) record.Ref { return r.Ref })
	links, err := getItems[link.Link](ctx, p.Table, mapSlice(refs, func(ref record.Ref) table.Key { return p.linkKey(p.of.Slot, ref) }))
	if err != nil {
		return nil, err
	}
	var alone []record.Ref
	var lone []*pairItem
	for _, ref := range refs {
		got := links[p.linkKey(p.of.Slot, ref)]
		switch l := got.Value; {
		case l.State != link.Linked:
			alone = append(alone, ref)
		case !p.carries(&l): // another mapping's of the slot
		default:
			if _, met := slices.BinarySearch(visits, visitOf(l.B)); !met {
				lone = append(lone, &pairItem{link: l, rev: got.Rev})
			}
		}
	}
	found, err := p.pairs(ctx, lone)
	if err != nil {
		return nil, err
	}
	more, err := p.alone(ctx, alone)
	return append(found, more...), err
}

// completeParity counts, tells what is new and forgets what is mended. Done twice, it gives the same but for Mended.
func (e *Engine) completeParity(ctx context.Context, r Run, of *Active) error {
	head := Reconciliation{ID: r.ID, Mapping: r.Mapping, Actor: r.Actor, At: r.At, Complete: true, Reasons: map[string]int{}, Kinds: map[string]int{}, A: of.ConnA, B: of.ConnB}
	visits, err := e.visits(ctx, r.ID)
	if err != nil {
		return err
	}
	head.Pairs = len(visits)
	fresh := 0
	err = e.eachPacked(ctx, parityRowsKey(r.ID, 0).PK, "pair#", func(item table.Item) error {
		var rows []PairDifference
		err := unpack(item.Data, &rows)
		for _, d := range rows {
			head.Rows++
			head.Kinds[d.Kind]++
			head.Reasons[d.Cause]++
			if d.New {
				head.New++
			}
			if d.New && !plan.Chosen(d.Cause) {
				fresh++
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if head.Mended, err = e.forgetMended(ctx, r); err != nil {
		return err
	}
	p := expiring(put(reconciliationKey(r.ID), head, e.token(), table.Condition{}), r.At.Add(keepParity))
	if err := e.Table.Put(ctx, []table.Put{p})[0]; err != nil || fresh == 0 {
		return err
	}
	return e.Raise(ctx, Concern{Event: EventDifference, Mapping: r.Mapping, Category: newDifferences, Name: "pairs", Count: fresh, Command: "crosswalk reconcile " + r.Mapping})
}

// forgetMended forgets differences that this report did not find any more.
func (e *Engine) forgetMended(ctx context.Context, r Run) (int, error) {
	n := 0
	q := table.Query{PK: sinceKey(r.Mapping, record.Ref{}, "").PK}
	for {
		items, more, err := e.Table.Query(ctx, q)
		if err != nil {
			return n, err
		}
		var puts []table.Put
		for _, item := range items {
			var d seenDifference
			if err := read(item, &d); err != nil {
				return n, err
			}
			if d.Run != r.ID {
				puts = append(puts, table.Put{Key: item.Key, Delete: true})
			}
			q.After = item.SK
		}
		if err := firstError(e.Table.Put(ctx, puts)); err != nil {
			return n, err
		}
		n += len(puts)
		if !more {
			return n, nil
		}
	}
}

// PairDifferences gives differences of a complete report from a place on, in the order in which they were found, and the place that
// follows; 0 after the last.
func (e *Engine) PairDifferences(ctx context.Context, id string, from, most int) ([]PairDifference, int, error) {
	var out []PairDifference
	page, skip := from/parityPlaces, from%parityPlaces
	q := table.Query{PK: parityRowsKey(id, 0).PK, Prefix: "pair#"}
	if page > 0 {
		q.After = parityRowsKey(id, page-1).SK
	}
	for {
		items, more, err := e.Table.Query(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		for _, item := range items {
			var rows []PairDifference
			if err := unpack(item.Data, &rows); err != nil {
				return nil, 0, err
			}
			var n int
			if _, err := fmt.Sscanf(item.SK, "pair#%06d", &n); err != nil {
				return nil, 0, err
			}
			start := 0
			if n == page {
				start = min(skip, len(rows))
			}
			if room := most - len(out); len(rows)-start > room {
				return append(out, rows[start:start+room]...), n*parityPlaces + start + room, nil
			}
			out = append(out, rows[start:]...)
			q.After = item.SK
		}
		if !more {
			return out, 0, nil
		}
	}
}

// parityPlaces is more than one page has differences: a place is page times this, and the row.
const parityPlaces = 1_000_000
