package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A record that a pilot made is read again at once: a customer class of GP, or a default or a flow of a CRM, fills fields that nobody mapped,
// and rewrites some that were. Whoever tries a mapping out should see that, and it is nobody's change: what reads otherwise is settled as
// it reads, so that the next look writes nothing on either side.

// filledIn is the kind of an entry of the audit trail that tells what a system filled in or changed in a record that was just made there: of
// each field what was written, which may be nothing, and how it reads.
const filledIn plan.Kind = "filled_in"

// At most so many records of a batch are read again, and so many fields of each are told: a pilot is for people to look at.
const (
	maxFilledRecords = 100
	maxFilledFields  = 100
)

// lookAtMade reads again what a pilot of named records made in this batch, with what that needed.
func (e *Engine) lookAtMade(ctx context.Context, b *batch) {
	byObject := map[[2]string][]*item{}
	for n, i := range slices.DeleteFunc(slices.Clone(b.all), func(i *item) bool { return !i.madeNow() }) {
		if n < maxFilledRecords {
			o := [2]string{i.link.B.Connection, i.link.B.Object}
			byObject[o] = append(byObject[o], i)
		}
	}
	for _, o := range sortedKeys(byObject) {
		if err := e.lookAtObject(ctx, b, o[0], o[1], byObject[o]); err != nil {
			for _, i := range byObject[o] {
				b.tellFilled(i, nil, &link.Reason{Category: plan.RefusedCall, Text: "what " + o[0] + " filled in could not be looked at: " + err.Error()})
			}
		}
	}
}

// madeNow tells of an item whose counterpart was made in this batch. Documents are read back anyhow.
func (i *item) madeNow() bool {
	return i.decision.Kind == plan.Create && i.link.State == link.Linked && i.m != nil && i.m.Document == nil && i.result != nil && i.result.End == Done
}

func (e *Engine) lookAtObject(ctx context.Context, b *batch, conn, object string, items []*item) error {
	c := e.Connections[conn]
	described, err := c.Describe(ctx, object)
	if err != nil {
		return err
	}
	marker := e.markerField(conn, object)
	var fields []string
	for _, f := range described.Fields {
		if !f.ReadOnly && !slices.Contains(marker, f.Name) {
			fields = append(fields, f.Name)
		}
	}
	ids := mapSlice(items, func(i *item) string { return i.link.B.ID })
	reads, err := c.Read(ctx, connector.ReadRequest{Object: object, IDs: ids, Fields: fields})
	if err == nil && len(reads) != len(ids) {
		err = errOr(nil, "not every record was answered")
	}
	if err != nil {
		return err
	}
	for n, i := range items {
		if reads[n].State != record.Found {
			return errOr(reads[n].Err, i.link.B.String()+" could not be read")
		}
		b.erased.strip(reads[n].Record)
		told := i.filled(reads[n].Record, fields)
		if err := e.settleFilled(ctx, b, i, reads[n].Record, told); err != nil {
			return err
		}
	}
	return nil
}

// filled lists the fields of a record that read otherwise than they were written, in the order in which the system lists them. A switch that
// is off and a zero are nothing.
func (i *item) filled(now *record.Record, fields []string) []plan.FieldDecision {
	var out []plan.FieldDecision
	for _, name := range fields {
		v, wrote := now.Field(name), i.decision.Write[name]
		d := plan.FieldDecision{Field: name, Action: plan.KeepIt, Old: wrote, New: v}
		switch {
		case !v.Known() || v.Same(wrote) || v.Blank() && wrote.Blank():
			continue
		case wrote.Blank() && nothing(v):
			continue
		case wrote.Blank():
			d.Rule = "filled in by " + now.Ref.Connection
		default:
			d.Rule = "changed by " + now.Ref.Connection
		}
		if out = append(out, d); len(out) == maxFilledFields {
			break
		}
	}
	return out
}

func nothing(v record.Value) bool {
	text := v.Text()
	return text == "false" || strings.Contains(text, "0") && strings.Trim(text, "0.-") == ""
}

// settleFilled settles those of the fields that the mapping carries, and tells of all of them.
func (e *Engine) settleFilled(ctx context.Context, b *batch, i *item, now *record.Record, told []plan.FieldDecision) error {
	if len(told) == 0 {
		b.tellFilled(i, nil, nil)
		return nil
	}
	pairs := e.filledPairs(i, now, told)
	a := i.ref
	if i.home() {
		a = i.link.B
	}
	for n := range told {
		if slices.ContainsFunc(pairs, func(p filledPair) bool { return p.field == told[n].Field }) {
			told[n].Rule += ", settled as it is"
		} else {
			told[n].Rule += ", not mapped"
		}
	}
	_, err := change(ctx, e, e.linkKey(i.link.Slot, a), func(l *link.Link, exists bool) bool {
		if !exists || l.State != link.Linked || l.Intent != nil || len(pairs) == 0 {
			return false // somebody is at it already: that look decides
		}
		if l.Agreed == nil {
			l.Agreed = map[string]link.Pair{}
		}
		for _, p := range pairs {
			l.Agreed[p.key] = p.over(l.Agreed[p.key], i.home())
		}
		return true
	})
	if err == nil {
		b.tellFilled(i, told, nil)
	}
	return err
}

// filledPair is a field of the mapping that reads otherwise: its key on the link, and the digests of both sides as they read.
type filledPair struct{ field, key, there, here string }

// over puts the side that was made in a pair; the other side stays as it was settled.
func (p filledPair) over(pair link.Pair, home bool) link.Pair {
	there, here := &pair.B, &pair.A
	if home {
		there, here = here, there
	}
	*there, *here, pair.Unsure = p.there, cmp.Or(*here, p.here), false
	return pair
}

func (e *Engine) filledPairs(i *item, now *record.Record, told []plan.FieldDecision) []filledPair {
	reads := func(name string) bool {
		return slices.ContainsFunc(told, func(d plan.FieldDecision) bool { return d.Field == name })
	}
	plainField := func(f mapping.Field) bool { return f.Through == "" && !strings.ContainsRune(f.B, '.') }
	var out []filledPair
	for _, f := range i.m.Fields {
		if plainField(f) && reads(f.B) {
			out = append(out, filledPair{f.B, f.Key(), e.shownAt(i.m, f.Key(), true, now), e.shownAt(i.m, f.Key(), false, i.source)})
		}
	}
	back := i.m.home
	if i.home() {
		back = i.m.out
	}
	if back == nil {
		return out
	}
	for _, f := range back.Fields { // what goes only the other way
		if f.Other == nil && plainField(f) && f.Value == "" && len(f.A) == 1 && reads(f.A[0]) && i.source.Field(f.B).Known() {
			out = append(out, filledPair{f.A[0], f.Key(), e.shownAt(back, f.Key(), false, now), e.shownAt(back, f.Key(), true, i.source)})
		}
	}
	return out
}

// tellFilled puts what was seen into the audit trail. It is told by run; the record's own chain stays as it is.
func (b *batch) tellFilled(i *item, told []plan.FieldDecision, failed *link.Reason) {
	entry := Entry{At: time.Now(), Ref: i.ref, Target: i.link.B, Mapping: i.m.Name, Version: i.m.Version, Cause: i.task.Cause, Run: i.task.Run, Actor: i.task.Actor,
		Kind: filledIn, Fields: told, Reason: failed, Prev: b.audit.page()}
	b.audit.add(entry, false)
}
