package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// findCounterparts looks up every record that the items refer to (customer, products). Those without a link are worked
// here and now, all together, before the records that need them: a document call is made only when all are linked.
func (e *Engine) findCounterparts(ctx context.Context, b *batch, items []*item) {
	perItem := map[*item][]plan.Need{}
	all := map[plan.Need]bool{}
	var order []plan.Need
	for _, i := range items {
		i.needs = map[plan.Need]plan.Counterpart{}
		if i.m.Document != nil && i.link.ByHand() {
			continue // its document is there and is not written: nothing is made for it
		}
		for _, a := range i.group {
			f, err := e.facts(ctx, b, i, a)
			if err != nil {
				e.fail(ctx, []*item{i}, a.ConnA, err)
				break
			}
			for _, need := range plan.Needs(f) {
				perItem[i] = append(perItem[i], need)
				if i.of != nil && need.Ref == i.of.ref && b.set.byName[need.Mapping] != nil && b.set.byName[need.Mapping].Slot == i.of.m.Slot {
					i.needs[need] = plan.Counterpart{State: plan.Ready, ID: newID(i.of.ref)}
					continue
				}
				if !all[need] {
					all[need] = true
					order = append(order, need)
				}
			}
		}
	}
	found, err := e.counterparts(ctx, b, order)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	for _, i := range items {
		maps.Copy(found, i.needs) // what takes it along is just being made
	}
	e.workNeeded(ctx, b, items, perItem, found)
	b.metAlong(items)
	if err := e.readPrices(ctx, b, items, found); err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	for _, i := range items {
		if i.done() {
			continue
		}
		i.wants = perItem[i]
		for _, need := range i.wants {
			i.needs[need] = found[need]
		}
		e.addDefaultProduct(ctx, b, i)
		i.leaveOtherPlaces()
	}
}

// counterparts reads the links of needed records.
func (e *Engine) counterparts(ctx context.Context, b *batch, needs []plan.Need) (map[plan.Need]plan.Counterpart, error) {
	out := make(map[plan.Need]plan.Counterpart, len(needs))
	var known []plan.Need
	for _, need := range needs {
		if b.set.byName[need.Mapping] == nil {
			out[need] = stuck(plan.NoParentMapping, "there is no mapping "+need.Mapping)
			continue
		}
		known = append(known, need)
	}
	pairs, err := e.pairsOf(ctx, b.set, known)
	if err != nil {
		return nil, err
	}
	for _, need := range known {
		out[need] = elsewhere(b.set.byName[need.Mapping], need, counterpartOf(pairs[need]), pairs[need])
	}
	return out, b.foresight.counterparts(ctx, b.set, out)
}

func counterpartOf(l link.Link) plan.Counterpart {
	switch l.State {
	case link.Linked, link.Alias:
		if goneReason(l.Reason) { // nothing can be put beside what is gone
			return plan.Counterpart{State: plan.Stuck, ID: l.B.ID, Reason: l.Reason}
		}
		return plan.Counterpart{State: plan.Ready, ID: l.B.ID}
	case link.Held, link.Tombstone:
		return plan.Counterpart{State: plan.Stuck, Reason: l.Reason}
	}
	return plan.Counterpart{State: plan.Waiting, Reason: l.Reason}
}

// goneReason tells of a pair one of whose records is not there any more, by itself.
func goneReason(r *link.Reason) bool {
	return r != nil && slices.Contains([]string{plan.TargetArchived, plan.CounterpartDeleted, plan.TargetGone, plan.MergedTwice}, r.Category)
}

func stuck(category, text string) plan.Counterpart {
	return plan.Counterpart{State: plan.Stuck, Reason: &link.Reason{Category: category, Text: text}}
}

// workNeeded works the needed records that have no counterpart yet, then looks again.
func (e *Engine) workNeeded(ctx context.Context, b *batch, items []*item, perItem map[*item][]plan.Need, found map[plan.Need]plan.Counterpart) {
	if b.rebuild != nil {
		return // nothing is made, and what they need was looked for before them
	}
	subs := map[plan.Need]*item{}
	var order []*item
	for _, i := range items {
		for _, need := range perItem[i] {
			c := found[need]
			a := b.set.byName[need.Mapping]
			if c.State == plan.Ready || linkedElsewhere(c) || a != nil && justRefused(a, c) || a == nil || subs[need] != nil || i.depth >= maxDepth || b.foresight.knows(need) {
				continue
			}
			if !b.preview && !a.works(i.task.Pilot || i.pilot()) {
				found[need] = stuck(plan.NoParentMapping, fmt.Sprintf("%s is %s, and only a live mapping makes it. Take it live", a.Name, a.Head.Status))
				continue
			}
			id := a.Slot + "#" + need.Ref.String()
			if other := b.chosen[id]; other != nil {
				other.needed = true // it is worked in this very batch; its link wakes the one that waits
				if slices.Contains(order, other) {
					subs[need] = other // the same record by another mapping of its place
				}
				continue
			}
			task := Task{Ref: need.Ref, Mapping: a.Name, Cause: "needed", Needed: true, Run: i.task.Run, Plan: i.task.Plan, Pilot: i.task.Pilot || i.pilot(), Actor: i.task.Actor, Released: i.task.Released}
			way := a.from(need.Ref)
			if way == nil {
				found[need] = stuck(plan.NoParentMapping, a.Name+" brings nothing from "+need.Ref.Connection+" to the other side")
				continue
			}
			subs[need] = &item{task: task, ref: need.Ref, group: b.placeOf(way, task), needed: true, depth: i.depth + 1}
			b.chosen[id] = subs[need]
			order = append(order, subs[need])
		}
	}
	if len(order) == 0 {
		return
	}
	e.workItems(ctx, b, order)
	if err := e.parkUnfinished(ctx, b, order); err != nil {
		for _, i := range items {
			i.end(meaning(time.Now(), "", err))
		}
		return
	}
	var again []plan.Need
	for need, sub := range subs {
		if b.preview {
			found[need] = previewed(sub)
			continue
		}
		again = append(again, need)
	}
	now, err := e.counterparts(ctx, b, again)
	if err != nil {
		for _, i := range items {
			i.end(meaning(time.Now(), "", err))
		}
		return
	}
	for need, c := range now {
		sub := subs[need]
		if c.State == plan.Waiting && sub.result != nil && (sub.result.End == Done || sub.result.End == Never) {
			c.State = plan.Stuck // skipped by a filter: waiting would be for ever (B12)
			if c.Reason == nil {
				c.Reason = sub.decision.Reason
			}
		}
		found[need] = c
	}
}

// parkUnfinished gives needed records that did not end a task of their own: the one that needed them may go on without (it
// is linked, but its blanks are not filled yet), or no longer need them.
func (e *Engine) parkUnfinished(ctx context.Context, b *batch, subs []*item) error {
	if b.preview {
		return nil
	}
	for _, sub := range subs {
		if sub.result == nil || sub.result.End != Later && sub.result.End != Retry {
			continue
		}
		until := sub.result.Until
		if sub.result.End == Retry {
			until = time.Now().Add(transientPause)
		}
		if err := e.park(ctx, later(outsideRun(sub.task), *sub.result), until, sub.result.On, reasonOf(*sub.result)); err != nil {
			return err
		}
	}
	return nil
}

// newID stands for the id of a record that is still to be made.
func newID(ref record.Ref) string { return "new:" + ref.String() }

// previewed is what a needed record would come to.
func previewed(sub *item) plan.Counterpart {
	switch sub.decision.Kind {
	case plan.Create:
		return plan.Counterpart{State: plan.Ready, ID: newID(sub.ref)}
	case plan.Adopt:
		return plan.Counterpart{State: plan.Ready, ID: sub.target.Ref.ID}
	case plan.Hold, plan.Skip:
		return plan.Counterpart{State: plan.Stuck, Reason: sub.decision.Reason}
	}
	return plan.Counterpart{State: plan.Waiting}
}

// pilot tells whether the item's work may use mappings in pilot: one of its own group is.
func (i *item) pilot() bool {
	for _, a := range i.group {
		if a.Head.Status == "pilot" {
			return true
		}
	}
	return false
}

// readPrices reads the billing products of lines that have no price of their own, in one call.
func (e *Engine) readPrices(ctx context.Context, b *batch, items []*item, found map[plan.Need]plan.Counterpart) error {
	byConn := map[string]map[string][]plan.Need{}
	for _, i := range items {
		if i.done() || i.m.Children == nil {
			continue
		}
		products := b.set.byName[i.m.Document.Products]
		if products == nil {
			continue
		}
		for _, l := range i.lines {
			need := plan.Need{Mapping: products.Name, Ref: record.Ref{Connection: i.ref.Connection, Object: products.A.Object, ID: l.Field(i.m.Children.Product.A).Text()}}
			c := found[need]
			if !l.Field(i.m.Children.Price.A).Blank() || c.State != plan.Ready {
				continue
			}
			if byConn[products.ConnB] == nil {
				byConn[products.ConnB] = map[string][]plan.Need{}
			}
			byConn[products.ConnB][c.ID] = append(byConn[products.ConnB][c.ID], need)
		}
	}
	for conn, byID := range byConn {
		var ids []string
		for id := range byID {
			ids = append(ids, id)
		}
		ids = distinct(ids)
		products := b.set.byName[byID[ids[0]][0].Mapping]
		reads, err := e.Connections[conn].Read(ctx, connector.ReadRequest{Object: products.B.Object, IDs: ids, Fields: []string{"name", "pricings", "state"}})
		if err != nil {
			return &fromConnection{conn, err}
		}
		for n, r := range reads {
			for _, need := range byID[ids[n]] {
				c := found[need]
				c.Record = r.Record
				found[need] = c
			}
		}
	}
	return nil
}

// addDefaultProduct puts the mapping's default product among the counterparts.
func (e *Engine) addDefaultProduct(ctx context.Context, b *batch, i *item) {
	for _, a := range i.group {
		if a.Document == nil || a.Document.DefaultProduct == "" {
			continue
		}
		id, err := e.productByName(ctx, b, a)
		if err != nil {
			e.fail(ctx, []*item{i}, a.ConnB, err)
			return
		}
		if id != "" {
			i.needs[plan.DefaultProductNeed(a.Mapping)] = plan.Counterpart{State: plan.Ready, ID: id}
		}
	}
}

// productByName finds the one active product of that name at b; "" when there is none or more than one.
func (e *Engine) productByName(ctx context.Context, b *batch, a *Active) (string, error) {
	object := "products"
	if p := b.set.byName[a.Document.Products]; p != nil {
		object = p.B.Object
	}
	cacheName := "\x00product/" + a.Document.DefaultProduct
	e.tables.mu.Lock()
	kept, ok := e.tables.kept[a.ConnB+"/"+cacheName]
	e.tables.mu.Unlock()
	if ok && time.Since(kept.at) < e.TablesFor {
		return kept.table[""].Label, nil
	}
	finder, ok := e.Connections[a.ConnB].(connector.Finder)
	if !ok {
		return "", fmt.Errorf("%s cannot be asked for a product by name", a.ConnB)
	}
	answers, err := finder.Find(ctx, object, []connector.Ask{{Field: "name", Text: a.Document.DefaultProduct}}, []string{"name", "state"})
	if err != nil {
		return "", err
	}
	id, hits := "", 0
	for _, r := range answers[0].Records {
		if r.Field("name").Text() == a.Document.DefaultProduct && !r.Archived {
			id, hits = r.Ref.ID, hits+1
		}
	}
	if hits != 1 {
		return "", nil
	}
	e.tables.mu.Lock()
	defer e.tables.mu.Unlock()
	e.tables.kept[a.ConnB+"/"+cacheName] = keptTable{at: time.Now(), table: plan.Table{"": {Label: id}}}
	return id, nil
}
