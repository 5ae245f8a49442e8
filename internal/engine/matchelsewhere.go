package engine

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What the rules of a record's first mapping do not find is looked for elsewhere: among the records that the other mappings of the place
// lead to (a company that is no customer may be a prospect, A1), and last through its related records, of the first mapping and then of
// the others (a company whose contact is the contact of a customer, SP-48). Nothing is written here, and of the related records
// themselves nothing is said: their own mapping links them.

// unmatched tells whether nothing was found for an item and nothing ended it.
func (i *item) unmatched() bool { return i.hit == nil && !i.done() }

// matchElsewhere goes on with items for which the rules of their mapping found nothing.
func (e *Engine) matchElsewhere(ctx context.Context, b *batch, items []*item) {
	e.eachOther(items, func(a *Active) bool { return len(a.Match) > 0 }, false, func(list []*item) { e.matchBy(ctx, b, list) })
	e.eachOther(items, func(a *Active) bool { return len(a.Via) > 0 }, true, func(list []*item) { e.matchVia(ctx, b, list) })
	for _, i := range items {
		if i.unmatched() && i.weak != nil {
			i.m = i.weak.by
			e.takeHits(ctx, b, i, i.weak.rule, i.weak.hits, i.weak.many)
		}
		if i.hit != nil {
			maker := i.maker()
			i.wanted = maker != nil && maker != i.m
			i.group = []*Active{i.m} // the mapping whose rules found it decides
		}
	}
}

// mayBeFoundElsewhere tells whether an item may still be found through its related records.
func (i *item) mayBeFoundElsewhere() bool {
	return slices.ContainsFunc(i.ways(true), func(a *Active) bool { return len(a.Via) > 0 })
}

// makerFirst has a record without a counterpart matched first by the mapping that would create it (a company of a prospect's type is
// looked for among prospects before customers, SP-118), and by no other where that mapping says so.
func (i *item) makerFirst() {
	if i.home() || len(i.group) < 2 || i.done() {
		return
	}
	maker := i.maker()
	if maker == nil {
		return
	}
	i.m = maker
	if maker.MatchOwn {
		i.group = []*Active{maker}
		return
	}
	i.group = append([]*Active{maker}, slices.DeleteFunc(slices.Clone(i.group), func(a *Active) bool { return a == maker })...)
}

// maker is the mapping that would create a record's counterpart, nil for none.
func (i *item) maker() *Active {
	n := slices.IndexFunc(i.group, func(a *Active) bool {
		filter := a.AToB.Create.Filter
		pass, _ := i.scripts[filter].Value.(bool)
		return a.AToB.Create.When == "always" && (filter == "" || pass)
	})
	if n < 0 {
		return nil
	}
	return i.group[n]
}

// eachOther has items that are still unmatched tried as items of the other mappings of their group, one after the other; own: and of their
// own first. Those for which nothing is found are their own mapping's again.
func (e *Engine) eachOther(items []*item, wants func(*Active) bool, own bool, try func([]*item)) {
	first := map[*item]*Active{}
	for n := 0; ; n++ {
		var list []*item
		for _, i := range items {
			if first[i] == nil {
				first[i] = i.m
			}
			ways := i.ways(own)
			if !i.unmatched() || n >= len(ways) {
				continue
			}
			i.m = ways[n]
			if wants(i.m) {
				list = append(list, i)
			}
		}
		if len(list) > 0 {
			try(list)
		}
		more := false
		for _, i := range items {
			if i.unmatched() {
				i.m = first[i]
				more = more || n+1 < len(i.ways(own))
			}
		}
		if !more {
			return
		}
	}
}

// ways are the other mappings of an item's group that lead to other records, in order; own: the item's own first. Of the way home there is
// its own alone.
func (i *item) ways(own bool) []*Active {
	var out []*Active
	if own {
		out = append(out, i.m)
	}
	if i.home() {
		return out
	}
	for _, a := range i.group {
		if a != i.m && a.B.Object != i.m.B.Object {
			out = append(out, a)
		}
	}
	return out
}

// kin is a related record that stands for an item in one of its rules.
type kin struct {
	owner *item
	via   mapping.Via
	to    *Active // the mapping of the related record
	leads string  // its field that says to which record of b its counterpart belongs
	item  *item   // the related record, as an item of its own mapping
}

// matchVia finds counterparts through related records.
func (e *Engine) matchVia(ctx context.Context, b *batch, items []*item) {
	kins, err := e.kinOf(ctx, b, items)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	parents, err := e.parentsOf(ctx, b, kins)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	ids := map[[2]string][]string{}
	fields := map[[2]string][]string{}
	for _, i := range items {
		for _, v := range i.m.Via {
			for _, id := range parents[viaOf{i, v.With}] {
				o := [2]string{i.m.ConnB, i.m.B.Object}
				ids[o], fields[o] = append(ids[o], id), append(fields[o], i.m.wantedB...)
			}
		}
	}
	records := map[record.Ref]*record.Record{}
	for _, o := range sortedKeys(ids) {
		list := distinct(ids[o])
		reads, err := e.Connections[o[0]].Read(ctx, connector.ReadRequest{Object: o[1], IDs: list, Fields: distinct(fields[o])})
		if err != nil {
			e.fail(ctx, items, o[0], err)
			return
		}
		for n, r := range reads {
			switch {
			case r.State == record.Found:
				b.erased.strip(r.Record)
				records[record.Ref{Connection: o[0], Object: o[1], ID: list[n]}] = r.Record
			case r.State == record.Unanswered || r.State == record.NoRight:
				e.fail(ctx, items, o[0], errOr(r.Err, "a possible match could not be read"))
				return
			}
		}
	}
	for _, i := range items {
		for _, v := range i.m.Via {
			var hits []*record.Record
			for _, id := range parents[viaOf{i, v.With}] {
				if r := records[record.Ref{Connection: i.m.ConnB, Object: i.m.B.Object, ID: id}]; r != nil {
					hits = append(hits, r)
				}
			}
			i.looked(i.m, mapping.MatchRule{A: []string{"associations." + v.With}, B: "what they belong to by " + v.Through}, hits, "")
			if len(hits) > 0 {
				e.takeHits(ctx, b, i, mapping.MatchRule{B: "its " + v.With + " (" + v.Through + ")", OnHit: v.OnHit}, hits, false)
				break
			}
		}
	}
}

// belongs tells whether a record of b can be an item's counterpart by its parent: where the mapping has a required parent that is given at
// creation and never changes (an address is its customer's), only records of the parent's counterpart can.
func (i *item) belongs(r *record.Record) bool {
	if i.needs == nil { // a related record that another one is found through
		return true
	}
	for _, p := range i.parents() {
		if p.id == "" || !strings.EqualFold(p.id, r.Field(p.field).Text()) {
			return false
		}
	}
	return true
}

// parentOf is a record of b that an item's counterpart belongs to, and the field that says so; id is "" while there is none.
type parentOf struct{ field, id string }

// parents are the required parents of an item that are given at creation and never change.
func (i *item) parents() []parentOf {
	var out []parentOf
	for _, f := range i.m.Fields {
		if f.Through == "" || !f.Required || !f.CreateOnly {
			continue
		}
		for _, need := range i.wants {
			if need.Mapping != f.Through {
				continue
			}
			p := parentOf{field: f.B}
			if c := i.needs[need]; c.State == plan.Ready {
				p.id = c.ID
			}
			out = append(out, p)
		}
	}
	return out
}

// viaOf is one rule of one item.
type viaOf struct {
	item *item
	with string
}

// kinBy gives, for a rule of an item, the mapping of the related records as it goes from the item's side, the object that they are of there,
// and the field by which a counterpart of theirs says to which record it belongs. nil: the rule says nothing, since that mapping is not
// taken live, or goes one way, or, on the way home, its records cannot have a counterpart before the item has one.
func (b *batch) kinBy(i *item, v mapping.Via) (to *Active, object, leads string) {
	base := b.set.byName[v.Through]
	if base == nil || !b.preview && !base.works(i.task.Pilot || i.pilot()) {
		return nil, "", ""
	}
	byName := func(name string) *mapping.Mapping {
		if a := b.set.byName[name]; a != nil {
			return a.Mapping
		}
		return nil
	}
	if !i.home() {
		if with := i.m.Related(v.With); with != nil {
			return base, with.Object, base.Leads(i.m.Mapping, byName)
		}
		return nil, "", ""
	}
	if base.home == nil || i.m.out == nil {
		return nil, "", ""
	}
	leads = base.home.Leads(i.m.out.Mapping, byName)
	if slices.ContainsFunc(base.home.Fields, func(f mapping.Field) bool { return f.B == leads && f.Through != "" && f.Required }) {
		return nil, "", ""
	}
	return base.home, base.home.A.Object, leads
}

// relatedHome reads what records of b that nothing else was found for are associated with. It is not read with every record of b, since
// most are linked, or found by a field.
func (e *Engine) relatedHome(ctx context.Context, b *batch, items []*item) (map[*item][]record.Related, error) {
	byObject, with := map[[2]string][]*item{}, map[[2]string][]string{}
	for _, i := range items {
		for _, v := range i.m.Via {
			if to, object, leads := b.kinBy(i, v); i.home() && to != nil && leads != "" {
				o := [2]string{i.ref.Connection, i.ref.Object}
				with[o] = append(with[o], object)
				if !slices.Contains(byObject[o], i) {
					byObject[o] = append(byObject[o], i)
				}
			}
		}
	}
	out := map[*item][]record.Related{}
	for _, o := range sortedKeys(byObject) {
		ids := mapSlice(byObject[o], func(i *item) string { return i.ref.ID })
		reads, err := e.Connections[o[0]].Read(ctx, connector.ReadRequest{Object: o[1], IDs: ids, With: distinct(with[o])})
		if err == nil && len(reads) != len(ids) {
			err = errOr(nil, "not every record that may be matched was answered")
		}
		if err != nil {
			return nil, &fromConnection{o[0], err}
		}
		for n, i := range byObject[o] {
			if reads[n].Record != nil {
				out[i] = reads[n].Record.Related
			}
		}
	}
	return out, nil
}

// kinOf reads the related records of items, all of one object in one call, as items of their own mapping.
func (e *Engine) kinOf(ctx context.Context, b *batch, items []*item) ([]kin, error) {
	var out []kin
	ids := map[[2]string][]string{}
	fields := map[[2]string][]string{}
	homeward, err := e.relatedHome(ctx, b, items)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		for _, v := range i.m.Via {
			to, object, leads := b.kinBy(i, v)
			if to == nil || leads == "" {
				continue
			}
			related := homeward[i]
			if !i.home() {
				related = i.source.RelatedTo(object)
			}
			for _, ref := range uniqueRefs(related) {
				if ref.Object != to.A.Object || b.erased.record(ref) {
					continue
				}
				o := [2]string{ref.Connection, ref.Object}
				ids[o], fields[o] = append(ids[o], ref.ID), append(fields[o], to.matchInputs()...)
				out = append(out, kin{owner: i, via: v, to: to, leads: leads,
					item: &item{task: i.task, ref: ref, group: []*Active{to}, m: to, depth: i.depth + 1}})
			}
		}
	}
	read := map[record.Ref]*record.Record{}
	for _, o := range sortedKeys(ids) {
		list := distinct(ids[o])
		reads, err := e.Connections[o[0]].Read(ctx, connector.ReadRequest{Object: o[1], IDs: list, Fields: distinct(fields[o])})
		if err != nil {
			return nil, &fromConnection{o[0], err}
		}
		for n, r := range reads {
			if r.State == record.Unanswered {
				return nil, &fromConnection{o[0], errOr(r.Err, "a related record was not answered")}
			}
			if r.State == record.Found { // one that is gone or hidden says nothing
				b.erased.strip(r.Record)
				read[record.Ref{Connection: o[0], Object: o[1], ID: list[n]}] = r.Record
			}
		}
	}
	out = slices.DeleteFunc(out, func(k kin) bool {
		k.item.source = read[k.item.ref]
		return k.item.source == nil || k.item.source.Archived
	})
	return out, nil
}

// matchInputs are the fields of a record of a that the rules of its mapping compare.
func (a *Active) matchInputs() []string {
	var out []string
	for _, r := range a.Match {
		for _, name := range r.A {
			if name != "id" {
				out = append(out, name)
			}
		}
	}
	return out
}

// parentsOf gives, for each rule, the ids of the records of b that the counterparts of its related records belong to: of those that are
// linked their own, of the others what their rules find. A hit that would be held is none.
func (e *Engine) parentsOf(ctx context.Context, b *batch, kins []kin) (map[viaOf][]string, error) {
	var needs []plan.Need
	for _, k := range kins {
		needs = append(needs, plan.Need{Mapping: k.to.Name, Ref: k.item.ref})
	}
	pairs, err := e.pairsOf(ctx, b.set, needs)
	if err != nil {
		return nil, err
	}
	hits := map[*item][]*record.Record{}
	open := map[[2]string][]*item{}
	linked := map[[2]string][]kin{}
	for n, k := range kins {
		o := [2]string{k.to.ConnB, k.to.B.Object}
		if l := pairs[needs[n]]; l.State == link.Linked {
			if l.B.Object == k.to.B.Object {
				k.item.link = l
				linked[o] = append(linked[o], k)
			}
			continue
		}
		if len(k.to.Match) > 0 {
			open[o] = append(open[o], k.item)
		}
	}
	for _, o := range sortedKeys(open) {
		if err := e.catchUp(ctx, b.set, o[0], o[1], b.shown()); err != nil {
			return nil, err
		}
		found, err := e.matchObject(ctx, b, o[0], o[1], open[o])
		if err != nil {
			return nil, &fromConnection{o[0], err}
		}
		for i, f := range found {
			if !f.many && f.rule.OnHit != "hold" {
				hits[i] = f.hits
			}
		}
	}
	for _, o := range sortedKeys(linked) {
		var ids, fields []string
		for _, k := range linked[o] {
			ids, fields = append(ids, k.item.link.B.ID), append(fields, k.leads)
		}
		ids = distinct(ids)
		reads, err := e.Connections[o[0]].Read(ctx, connector.ReadRequest{Object: o[1], IDs: ids, Fields: distinct(fields)})
		if err != nil {
			return nil, &fromConnection{o[0], err}
		}
		for _, k := range linked[o] {
			if r := reads[slices.Index(ids, k.item.link.B.ID)]; r.State == record.Found {
				hits[k.item] = []*record.Record{r.Record}
			}
		}
	}
	out := map[viaOf][]string{}
	for _, k := range kins {
		at := viaOf{k.owner, k.via.With}
		for _, r := range hits[k.item] {
			if id := r.Field(k.leads).Text(); id != "" && !slices.Contains(out[at], id) {
				out[at] = append(out[at], id)
			}
		}
	}
	return out, nil
}
