package engine

import (
	"context"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// undoSeen is how a record that a run wrote stands now, seen from the way of the mapping by which it was written: to a record of
// b from a, or home.
type undoSeen struct {
	way  *Active // nil: its mapping is not there any more
	home bool    // it was written at a
	key  table.Key
	rev  int64
	link link.Link // as the way sees it; Turned gives what is stored
	pair bool      // the link joins the record with the one that it was written from, or did until an undo
	read record.Read

	item    *item                // of the pair, with both records where both could be read
	facts   *plan.Facts          // nil where the pair cannot be settled
	settled map[string]link.Pair // what both read as now
	later   map[string]bool      // fields that we wrote again after the run, where that was asked
	ours    map[string]bool      // fields that we were the last to write, as their system says
}

// source tells whether the record written is the one that the mapping reads: what a hook wrote back.
func (p *undone) source() bool { return p.written == p.writes[0].Ref }

// now is the record as it reads.
func (p *undone) now() *record.Record {
	if p.read.State == record.Found {
		return p.read.Record
	}
	return nil
}

// load finds the link of each record, reads both sides of it, and works out what they come to.
func (u *undoer) load(ctx context.Context, list []*undone) error {
	var keys []table.Key
	for _, p := range list {
		w := p.writes[0]
		p.undoSeen = undoSeen{}
		if err := u.findWay(ctx, p); err != nil {
			return err
		}
		if p.way == nil {
			continue
		}
		p.key = u.linkKey(p.way.Slot, w.Ref)
		if p.home {
			p.key = u.linkKey(p.way.Slot, p.written)
		}
		keys = append(keys, p.key)
	}
	links, err := getItems[link.Link](ctx, u.Table, keys)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.way == nil {
			continue
		}
		got := links[p.key]
		if p.rev, p.link = got.Rev, got.Value; p.home {
			p.link = p.link.Turned()
		}
		w := p.writes[0]
		p.pair = got.Rev > 0 && (p.link.State == link.Linked || p.link.State == link.Tombstone && p.link.Ignored == nil) && p.link.A == w.Ref && !p.link.B.IsZero() &&
			(p.link.B == p.written || p.source())
	}
	if err := u.readUndone(ctx, list); err != nil {
		return err
	}
	return u.compareUndone(ctx, list)
}

// findWay tells by which way of its mapping a record was written, with the version that runs now: what is settled must be settled
// for that one.
func (u *undoer) findWay(ctx context.Context, p *undone) error {
	w := p.writes[0]
	a := u.set.byName[w.Mapping]
	switch {
	case a == nil:
	case a.ConnA == w.Ref.Connection && a.A.Object == w.Ref.Object:
		p.way = a
	case a.ConnB == w.Ref.Connection && a.B.Object == w.Ref.Object && a.Turn() != nil:
		home := &Active{Mapping: a.Turn(), Head: a.Head, Version: a.Version, ConnA: a.ConnB, ConnB: a.ConnA, Slot: a.Slot}
		p.way, p.home = home, true
		return u.findWanted(ctx, home)
	}
	return nil
}

// readUndone reads the written record of each, and its counterpart where they are a pair, one batch an object.
func (u *undoer) readUndone(ctx context.Context, list []*undone) error {
	type ask struct {
		p            *undone
		ref          record.Ref
		fields, with []string
		take         func(record.Read)
	}
	byObject := map[[2]string][]ask{}
	add := func(a ask) {
		o := [2]string{a.ref.Connection, a.ref.Object}
		byObject[o] = append(byObject[o], a)
	}
	for _, p := range list {
		if p.way == nil || p.way.Document != nil || u.Connections[p.written.Connection] == nil {
			continue
		}
		if p.pair {
			i := &item{ref: p.link.A, group: []*Active{p.way}, m: p.way, key: p.key, link: p.link, rev: p.rev}
			p.item = i
		}
		fields := u.writtenFields(p)
		if !p.pair {
			add(ask{p, p.written, fields, nil, func(r record.Read) { p.read = r }})
			continue
		}
		add(ask{p, p.link.A, slices.Concat(p.way.wantedA, maybe(p.source(), fields)), p.way.withA, func(r record.Read) {
			if p.source() {
				p.read = r
			}
			if r.State == record.Found {
				p.item.source = r.Record
			}
		}})
		add(ask{p, p.link.B, slices.Concat(p.way.wantedB, maybe(!p.source(), fields)), nil, func(r record.Read) {
			if !p.source() {
				p.read = r
			}
			if r.State == record.Found {
				p.item.target = r.Record
			}
		}})
	}
	for _, o := range sortedKeys(byObject) {
		asks := byObject[o]
		var ids, fields, with []string
		for _, a := range asks {
			ids, fields, with = append(ids, a.ref.ID), append(fields, a.fields...), append(with, a.with...)
		}
		reads, err := u.readEach(ctx, o, ids, distinct(fields), distinct(with))
		if err != nil {
			return errOr(err, "not answered")
		}
		for n, a := range asks {
			if reads[n].State == record.Unanswered {
				return errOr(reads[n].Err, a.ref.String()+" could not be read")
			}
			if reads[n].Record != nil {
				u.erased.strip(reads[n].Record)
			}
			a.take(reads[n])
		}
	}
	return nil
}

func maybe(is bool, list []string) []string {
	if is {
		return list
	}
	return nil
}

// writtenFields are the fields of a record that the run wrote, and the marker of what it made.
func (u *undoer) writtenFields(p *undone) []string {
	var out []string
	for _, w := range p.writes {
		for _, f := range w.Fields {
			out = append(out, f.Field)
		}
		if writer, err := u.writer(p.written.Connection); w.unsure && err == nil {
			out = append(out, writer.Traits(p.written.Object).MarkerField)
		}
	}
	return slices.DeleteFunc(distinct(out), func(s string) bool { return s == "" })
}

// compareUndone works out what each pair would be settled as now.
func (u *undoer) compareUndone(ctx context.Context, list []*undone) error {
	b := &batch{set: u.set, audit: u.newAuditBatch(time.Now(), ""), chosen: map[string]*item{}, preview: true}
	var items []*item
	for _, p := range list {
		if p.item != nil && p.item.source != nil && p.item.target != nil && p.read.State == record.Found {
			items = append(items, p.item)
		}
	}
	for _, step := range []func(context.Context, *batch, []*item){u.findLacking, u.readLines, u.findCounterparts, u.runScripts} {
		if left := open(items); len(left) > 0 {
			step(ctx, b, left)
		}
	}
	for _, p := range list {
		if p.item == nil || p.item.source == nil || p.item.target == nil || p.item.done() {
			continue // it is put back all the same; what cannot be worked out now is not settled, and decided about when it can be
		}
		f, err := u.facts(ctx, b, p.item, p.way)
		if err != nil {
			return err
		}
		p.facts, p.settled = f, plan.Settled(f)
	}
	if u.doing {
		return nil
	}
	for _, p := range list {
		if err := u.whoseIsIt(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// whoseIsIt asks, of fields that do not read as the run wrote them, the trail whether we wrote them again since, and the system's own
// history whether we were the last to write: a system may show a value otherwise than it was sent, and a workflow may rewrite it.
// What was settled tells nothing here: a person's edit is settled too.
func (u *undoer) whoseIsIt(ctx context.Context, p *undone) error {
	if p.now() == nil {
		return nil
	}
	var names []string
	for name, v := range lastWritten(p.writes) {
		if !sameForm(p.now().Field(name), v) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	var err error
	if p.later, err = u.writtenLater(ctx, p); err != nil {
		return err
	}
	h, ok := u.Connections[p.written.Connection].(connector.Historian)
	if !ok {
		return nil
	}
	changes, err := h.History(ctx, p.written.Object, p.written.ID, names)
	if err != nil {
		return err
	}
	p.ours = map[string]bool{}
	for name, list := range changes {
		p.ours[name] = len(list) > 0 && list[0].Ours && list[0].Value.Same(p.now().Field(name))
	}
	return nil
}

// sameForm tells whether a system shows what it was sent: blanks around it, and zeros behind a decimal point, are no edit.
func sameForm(shown, sent record.Value) bool {
	if shown.Same(sent) {
		return true
	}
	if !shown.Known() || !sent.Known() || shown.Kind() == record.List || sent.Kind() == record.List {
		return false
	}
	a, b := strings.TrimSpace(shown.Text()), strings.TrimSpace(sent.Text())
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return a == b || ok1 && ok2 && x.Cmp(y) == 0
}

// lastWritten gives what the run left in each field that it wrote.
func lastWritten(writes []undoWrite) map[string]record.Value {
	out := map[string]record.Value{}
	for _, w := range writes {
		for _, f := range w.Fields {
			if _, newer := out[f.Field]; !newer && f.Action == plan.WriteIt {
				out[f.Field] = f.New
			}
		}
	}
	return out
}

// writtenLater lists the fields that we wrote after the run did. Where the trail does not reach back so far, it is all of them.
func (u *undoer) writtenLater(ctx context.Context, p *undone) (map[string]bool, error) {
	entries, _, err := u.history(ctx, p.writes[0].Ref, p.link.Page)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, entry := range entries {
		if !entry.At.After(p.writes[0].At) {
			return out, nil
		}
		for _, f := range entry.Fields {
			out[f.Field] = out[f.Field] || f.Action == plan.WriteIt
		}
	}
	for name := range lastWritten(p.writes) {
		out[name] = true
	}
	return out, nil
}

// keysOf are the names of the agreed pairs that a field of the written record belongs to.
func (p *undone) keysOf(name string) []string {
	var out []string
	for _, f := range p.way.Fields {
		if p.source() && slices.Contains(f.A, name) || !p.source() && f.B == name {
			out = append(out, f.Key())
		}
	}
	return out
}

// asLeft tells whether a field still is as the run left it.
func (p *undone) asLeft(name string, wrote record.Value) bool {
	return sameForm(p.now().Field(name), wrote) || p.ours[name] && !p.later[name]
}

// settledAs gives the pairs of the fields that are put back, as both sides read once they are. A field that the mapping does
// not carry now has none.
func (p *undone) settledAs(values map[string]record.Value) map[string]link.Pair {
	if p.facts == nil {
		return nil
	}
	f := *p.facts
	if p.source() {
		f.Source = patched(f.Source, values)
	} else {
		f.Target = patched(f.Target, values)
	}
	all, out := plan.Settled(&f), map[string]link.Pair{}
	for name := range values {
		for _, key := range p.keysOf(name) {
			if pair, ok := all[key]; ok {
				out[key] = pair
			}
		}
	}
	return out
}

// patched is a record with other values.
func patched(r *record.Record, values map[string]record.Value) *record.Record {
	next := *r
	next.Fields = maps.Clone(r.Fields)
	if next.Fields == nil {
		next.Fields = map[string]record.Value{}
	}
	maps.Copy(next.Fields, values)
	return &next
}

// groupOf are the other fields of the written record that belong together with one (A10).
func groupOf(m *mapping.Mapping, name string) []string {
	var out []string
	for _, f := range m.Fields {
		if f.B != name || f.Group == "" {
			continue
		}
		for _, g := range m.Fields {
			if g.Group == f.Group && g.B != name {
				out = append(out, g.B)
			}
		}
	}
	return out
}

// activates tells whether a system takes a record out of its archive when asked.
func (u *undoer) activates(ref record.Ref) bool {
	w, err := u.writer(ref.Connection)
	return err == nil && slices.Contains(w.Traits(ref.Object).Actions, actActivate)
}

// actActivate is what connectors call it.
const actActivate = "activate"
