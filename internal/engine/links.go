package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// LinkQuery asks for a page of links. State is one of link's states, or "ignored"; "" is all. After is the Next of the page
// before. Limit is at most MaxLinks; 0 is 100.
type LinkQuery struct {
	Mapping string
	State   string
	After   string
	Limit   int
}

// MaxLinks bounds one page of links.
const MaxLinks = 500

// scanLinks bounds how many items one page looks at, so that a filter that lets little through ends in time.
const scanLinks = 5000

// LinkPage is one page; Next is "" when there is no more. A page may be short, or empty, and have a Next all the same.
type LinkPage struct {
	Links []link.Link
	Next  string
}

// Links lists what is kept, place by place, in an order that stays the same while nothing is added.
func (e *Engine) Links(ctx context.Context, q LinkQuery) (LinkPage, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return LinkPage{}, err
	}
	if q.Mapping != "" && set.byName[q.Mapping] == nil {
		return LinkPage{}, &NotFoundError{"mapping", q.Mapping}
	}
	if q.Limit <= 0 || q.Limit > MaxLinks {
		q.Limit = min(max(q.Limit, 100), MaxLinks)
	}
	slot, shard, after, err := readAfter(q.After)
	if err != nil {
		return LinkPage{}, err
	}
	out, scanned := LinkPage{}, 0
	for _, s := range slotsOf(set, q.Mapping) {
		if s < slot {
			continue
		}
		if s > slot {
			shard, after = 0, ""
		}
		for ; shard < shards; shard, after = shard+1, "" {
			ask := table.Query{PK: fmt.Sprintf("L#%s#%02d", s, shard), After: after}
			for more := true; more; {
				ask.Limit = min(q.Limit-len(out.Links)+1, 1000)
				if q.State != "" || q.Mapping != "" {
					ask.Limit = 1000
				}
				var items []table.Item
				if items, more, err = e.Table.Query(ctx, ask); err != nil {
					return LinkPage{}, err
				}
				for _, it := range items {
					if len(out.Links) == q.Limit || scanned == scanLinks {
						out.Next = writeAfter(s, shard, ask.After)
						return out, nil
					}
					var l link.Link
					if err := read(it, &l); err != nil {
						return LinkPage{}, err
					}
					scanned++
					ask.After = it.SK
					if q.lets(&l) {
						out.Links = append(out.Links, l)
					}
				}
			}
		}
	}
	return out, nil
}

// lets tells whether a link is one of those asked for.
func (q LinkQuery) lets(l *link.Link) bool {
	if q.Mapping != "" && l.Mapping != q.Mapping {
		return false
	}
	if q.State == plan.Ignored {
		return l.Ignored != nil
	}
	return q.State == "" || string(l.State) == q.State
}

// slotsOf lists the places of one mapping or of all, sorted.
func slotsOf(set *mappingSet, mapping string) []string {
	var out []string
	for _, name := range set.names {
		if mapping == "" || mapping == name {
			out = append(out, set.byName[name].Slot)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func writeAfter(slot string, shard int, after string) string {
	return fmt.Sprintf("%02d~%s~%s", shard, slot, after)
}

func readAfter(text string) (slot string, shard int, after string, err error) {
	if text == "" {
		return "", 0, "", nil
	}
	parts := strings.SplitN(text, "~", 3)
	if len(parts) == 3 {
		shard, err = strconv.Atoi(parts[0])
	}
	if len(parts) != 3 || err != nil || shard < 0 || shard >= shards {
		return "", 0, "", &RefusedError{"this is no place to go on from", "take next from the page before"}
	}
	return parts[1], shard, parts[2], nil
}

// Sight is one side of a record as it reads now. Record is there when State is found, and, at its new address, when moved.
type Sight struct {
	Ref    record.Ref
	State  record.State
	To     record.Ref // of moved
	Record *record.Record
	Note   string // why it could not be read
}

// View is both sides of a record in one place as they read now, with what is known of it.
type View struct {
	Explanation
	A, B *Sight
}

// Record reads both sides of a record now and gives what is known of it: one view for each of its places. A record of which
// nothing is known is read all the same, if a mapping reads its kind.
func (e *Engine) Record(ctx context.Context, ref record.Ref) ([]View, error) {
	set, err := e.mappings(ctx)
	if err != nil {
		return nil, err
	}
	spots, err := e.places(ctx, set, ref, "")
	if err != nil {
		return nil, err
	}
	var out []View
	for _, s := range spots {
		i := s.item
		v := View{Explanation: Explanation{Ref: i.ref, Slot: i.m.Slot, Link: i.link}}
		if i.rev != 0 {
			if v.Entries, v.Outcomes, err = e.history(ctx, i.ref, i.link.Page); err != nil {
				return nil, err
			}
		}
		if v.A, err = e.sight(ctx, i.ref, i.m.wantedA, i.m.withA); err != nil {
			return nil, err
		}
		v.URL = e.Connections[i.ref.Connection].URL(i.ref)
		if b := i.link.B; !b.IsZero() {
			if v.B, err = e.sight(ctx, b, i.m.wantedB, nil); err != nil {
				return nil, err
			}
			v.Target = e.Connections[b.Connection].URL(b)
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return e.stranger(ctx, set, ref)
	}
	return out, nil
}

// stranger reads a record of b's side that is nobody's counterpart.
func (e *Engine) stranger(ctx context.Context, set *mappingSet, ref record.Ref) ([]View, error) {
	for _, name := range set.names {
		if m := set.byName[name]; m.ConnB == ref.Connection && m.B.Object == ref.Object {
			b, err := e.sight(ctx, ref, m.wantedB, nil)
			if err != nil {
				return nil, err
			}
			return []View{{Explanation: Explanation{Slot: m.Slot, Target: e.Connections[ref.Connection].URL(ref)}, B: b}}, nil
		}
	}
	return nil, nil
}

// sight reads one record. What a system says about this one record is its state; an error is of the connection.
func (e *Engine) sight(ctx context.Context, ref record.Ref, fields, with []string) (*Sight, error) {
	if e.Connections[ref.Connection] == nil {
		return nil, &NotFoundError{"connection", ref.Connection}
	}
	reads, err := e.readEach(ctx, [2]string{ref.Connection, ref.Object}, []string{ref.ID}, fields, with)
	if err != nil {
		return nil, err
	}
	s := &Sight{Ref: ref, State: reads[0].State, To: reads[0].To, Record: reads[0].Record}
	if reads[0].Err != nil {
		s.Note = reads[0].Err.Error()
	}
	return s, nil
}

// reviewed are the categories that ask a person to choose among records.
var reviewed = []string{plan.NameHit, plan.SeveralHits, plan.Unmatched, plan.TargetArchived, plan.TargetGone, plan.Taken, plan.DuplicateMarker, plan.Uncertain, plan.MergedTwice, plan.MirrorUnclear, plan.Unlinked}

// Candidate is a record that may be the right counterpart. LinkedTo is the record that has it now; Shows are the fields that
// the mapping matches by, as they read now.
type Candidate struct {
	Ref      record.Ref
	State    record.State
	LinkedTo record.Ref
	Archived bool
	Shows    map[string]record.Value
}

// Review is a held record that a person must choose for: link it to one of the candidates or to another, or set it aside.
type Review struct {
	Category   string
	Mapping    string
	Ref        record.Ref
	Text       string
	First      time.Time
	Shows      map[string]record.Value // fields of the record that the mapping matches by, as they read now
	Candidates []Candidate
}

// MaxReviews bounds one page of reviews, since their records are read.
const MaxReviews = 100

// Reviews lists held records that ask for a choice, of one mapping and category or of all, from an offset. It says how many
// there are. The records and their candidates are read, one batch an object; where that fails they are listed without what
// they show.
func (e *Engine) Reviews(ctx context.Context, mapping, category string, from, most int) ([]Review, int, error) {
	set, err := e.mappings(ctx)
	if err != nil {
		return nil, 0, err
	}
	var all []SyncError
	for _, c := range reviewed {
		if category != "" && category != c {
			continue
		}
		errs, err := e.Errors(ctx, c)
		if err != nil {
			return nil, 0, err
		}
		for _, s := range errs {
			if a := set.byName[s.Mapping]; a != nil && (mapping == "" || mapping == s.Mapping) && !s.Ref.IsZero() {
				all = append(all, s)
			}
		}
	}
	total := len(all)
	all = all[min(max(from, 0), total):min(max(from, 0)+max(most, 0), total)]
	return e.review(ctx, set, all), total, nil
}

func (e *Engine) review(ctx context.Context, set *mappingSet, errs []SyncError) []Review {
	out := make([]Review, len(errs))
	known := map[record.Ref]*record.Read{}
	var keys []table.Key
	for _, s := range errs {
		keys = append(keys, e.linkKey(set.byName[s.Mapping].Slot, s.Ref))
	}
	links, err := getItems[link.Link](ctx, e.Table, keys)
	if err != nil {
		e.Log.Warn("reviews without candidates", "error", err)
	}
	fields := map[[2]string][]string{}
	ids := map[[2]string][]string{}
	want := func(ref record.Ref, names []string) {
		o := [2]string{ref.Connection, ref.Object}
		fields[o] = append(fields[o], names...)
		if _, ok := known[ref]; !ok && e.Connections[ref.Connection] != nil {
			known[ref] = nil
			ids[o] = append(ids[o], ref.ID)
		}
	}
	for n, s := range errs {
		a := set.byName[s.Mapping]
		out[n] = Review{Category: s.Category, Mapping: s.Mapping, Ref: s.Ref, Text: s.Text, First: s.First}
		namesA, namesB := matchFields(a)
		want(s.Ref, namesA)
		l := links[keys[n]].Value
		candidates := []record.Ref{}
		if l.Reason != nil {
			candidates = append(candidates, l.Reason.Candidates...)
		}
		if len(candidates) == 0 && !l.B.IsZero() {
			candidates = append(candidates, l.B)
		}
		for _, ref := range candidates {
			out[n].Candidates = append(out[n].Candidates, Candidate{Ref: ref, LinkedTo: e.holderOf(ctx, a.Slot, ref)})
			want(ref, namesB)
		}
	}
	for _, o := range sortedKeys(ids) {
		reads, err := e.readEach(ctx, o, ids[o], distinct(fields[o]), nil)
		if err != nil {
			e.Log.Warn("reviews without values", "connection", o[0], "error", err)
			continue
		}
		for n := range reads {
			known[record.Ref{Connection: o[0], Object: o[1], ID: ids[o][n]}] = &reads[n]
		}
	}
	for n := range out {
		namesA, namesB := matchFields(set.byName[out[n].Mapping])
		out[n].Shows = shows(known[out[n].Ref], namesA)
		for k := range out[n].Candidates {
			c := &out[n].Candidates[k]
			if read := known[c.Ref]; read != nil {
				c.State, c.Archived, c.Shows = read.State, read.Record != nil && read.Record.Archived, shows(read, namesB)
			}
		}
	}
	return out
}

// holderOf is the record that a candidate is linked to in a place, if it is to any.
func (e *Engine) holderOf(ctx context.Context, slot string, ref record.Ref) record.Ref {
	p, err := getItem[link.Pointer](ctx, e.Table, e.pointerKey(slot, ref))
	if err != nil || p.Rev == 0 {
		return record.Ref{}
	}
	holder, err := getItem[link.Link](ctx, e.Table, e.linkKey(slot, p.Value.A))
	if err != nil || holder.Value.State != link.Linked || holder.Value.B != ref {
		return record.Ref{}
	}
	return p.Value.A
}

// matchFields are the fields that tell two records apart for a person: those of the match rules and, where there are none,
// those that are written.
func matchFields(a *Active) (atA, atB []string) {
	for _, r := range a.Match {
		for _, name := range r.A {
			if name != "id" {
				atA = append(atA, name)
			}
		}
		atB = append(atB, r.B)
	}
	if len(atB) == 0 {
		atA, atB = a.wantedA, a.wantedB
	}
	return atA, atB
}

func shows(read *record.Read, names []string) map[string]record.Value {
	if read == nil || read.Record == nil {
		return nil
	}
	out := map[string]record.Value{}
	for _, name := range names {
		if v := read.Record.Field(name); !v.Blank() {
			out[name] = v
		}
	}
	return out
}
