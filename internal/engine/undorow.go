package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Deciding what becomes of one record in an undo. Nothing here asks any system.

// row is the decision about one record, as it is shown, approved and carried out.
func (u *undoer) row(p *undone) PlanRow {
	w := p.writes[0]
	r := PlanRow{Ref: w.Ref, Mapping: w.Mapping, Version: w.Version, Target: p.written, Object: p.written.Object, Kind: plan.Hold}
	if p.way != nil {
		r.Slot, r.Version = p.way.Slot, p.way.Version
	}
	switch r.Reason = u.stopped(p); {
	case r.Reason != nil:
	case w.Kind == archiving:
		r.Kind, r.Reason = u.relinkRow(p)
	case slices.ContainsFunc(p.writes, func(w undoWrite) bool { return w.Kind == plan.Create }):
		r.Kind, r.Reason, r.Fields = u.archiveRow(p)
	default:
		r.Kind, r.Reason, r.Fields = u.restoreRow(p)
	}
	r.Digest = u.undoDigest(r)
	return r
}

// undoDigest stands for what a row writes, and over what.
func (u *undoer) undoDigest(r PlanRow) string {
	writes := map[string][2]string{}
	for _, f := range r.Fields {
		if f.Action == plan.WriteIt || r.Kind == archiving {
			writes[f.Field] = [2]string{f.Old.Text(), f.New.Text()}
		}
	}
	data, err := json.Marshal(struct {
		Kind   plan.Kind
		Target record.Ref
		Writes map[string][2]string
	}{r.Kind, r.Target, writes})
	if err != nil {
		panic("engine: a row of an undo does not encode: " + err.Error())
	}
	return u.mac(12, "undo", string(data)) // keyed: it stays when the row's values are erased
}

// stopped is why a record is left as it is whatever the run wrote.
func (u *undoer) stopped(p *undone) *link.Reason {
	w := p.writes[0]
	switch {
	case p.way == nil:
		return notUndone("the mapping %s, which wrote it, is not there any more", w.Mapping)
	case p.way.Document != nil && p.source():
		return notUndone("this is what was written back about a document, and documents are never undone")
	case p.way.Document != nil:
		return notUndone("documents are never undone: archive, credit or delete %s in its own system", p.written)
	case u.Connections[p.written.Connection] == nil:
		return notUndone("the connection %s is not there any more", p.written.Connection)
	case u.erased.record(w.Ref) || u.erased.record(p.written) || !p.link.Erased.IsZero() || slices.ContainsFunc(p.writes, func(w undoWrite) bool { return w.Values == Erased }):
		return notUndone("the person was erased on request: nothing of them is brought back")
	case p.link.Ignored != nil:
		return notUndone("it is ignored, as %s said: crosswalk unignore %s", p.link.Ignored.Actor, w.Ref)
	}
	if w.Kind == archiving {
		return nil
	}
	switch p.read.State {
	case record.Found:
	case record.Moved:
		return notUndone("%s was merged into %s since", p.written, p.read.To)
	case record.Gone:
		return notUndone("%s is gone since", p.written)
	case record.NoRight:
		return notUndone("our credential may not read %s: give it the right, and ask again", p.written)
	default:
		return notUndone("%s could not be read", p.written)
	}
	made := slices.ContainsFunc(p.writes, func(w undoWrite) bool { return w.Kind == plan.Create })
	expired := slices.ContainsFunc(p.writes, func(w undoWrite) bool { return w.Values == Expired })
	switch {
	case p.now().Archived:
		return notUndone("%s is archived since", p.written)
	case expired && !made:
		return notUndone("the values of before were kept as long as retention says (values), and are gone: take them from the file that save wrote")
	}
	return nil
}

// restoreRow works back through the writes, newest first: each is taken back as long as the field is as that write left it.
func (u *undoer) restoreRow(p *undone) (plan.Kind, *link.Reason, []plan.FieldDecision) {
	var fields []plan.FieldDecision
	at := map[string]int{}
	stuck := map[string]bool{}
	for _, w := range p.writes {
		for _, f := range w.Fields {
			if f.Action != plan.WriteIt || stuck[f.Field] {
				continue
			}
			n, begun := at[f.Field]
			if !begun {
				n = len(fields)
				at[f.Field] = n
				now := p.now().Field(f.Field)
				fields = append(fields, plan.FieldDecision{Field: f.Field, From: f.From, Action: plan.KeepIt, Old: now, New: now})
			}
			d := &fields[n]
			left := d.New.Same(f.New)
			if !begun {
				left = p.asLeft(f.Field, f.New)
			}
			if rule := u.unfit(p, f, *d, left); rule != "" {
				stuck[f.Field] = true
				if !begun {
					d.Rule = rule
				}
				continue
			}
			d.Action, d.New, d.Rule = plan.WriteIt, f.Old, "as it was before the run"
		}
	}
	return together(p, fields)
}

// unfit is why a write of a field is not taken back, "" when it is.
func (u *undoer) unfit(p *undone, f plan.FieldDecision, d plan.FieldDecision, left bool) string {
	switch {
	case d.New.Kind() == record.Unreadable:
		return "our credential may not read it"
	case !left && p.later[f.Field]:
		return "written again since, for another change"
	case !left && d.New.Same(f.Old):
		return "is as it was before the run"
	case !left:
		return "changed since: a person's value stays"
	case f.Old.Kind() == record.Unreadable:
		return "what was there before could not be read"
	case u.erased.in(f.Old.Text()):
		return "erased on request"
	}
	return ""
}

// together keeps fields of a group as they are of which one is (A10), drops what needs no write, and names the row.
func together(p *undone, fields []plan.FieldDecision) (plan.Kind, *link.Reason, []plan.FieldDecision) {
	kept := map[string]bool{}
	for n := range fields {
		f := &fields[n]
		if f.Action == plan.WriteIt && f.Old.Same(f.New) {
			f.Action, f.Rule = plan.SameAs, "is as it was before the run"
		}
		if strings.HasPrefix(f.Rule, "is as it was") {
			f.Action = plan.SameAs
		}
		kept[f.Field] = f.Action == plan.KeepIt
	}
	writes, left := 0, []string{}
	for n := range fields {
		f := &fields[n]
		if f.Action == plan.WriteIt && slices.ContainsFunc(groupOf(p.way.Mapping, f.Field), func(name string) bool { return kept[name] }) {
			f.Action, f.New, f.Rule = plan.KeepIt, f.Old, "belongs together with a field that was changed since"
		}
		switch f.Action {
		case plan.WriteIt:
			writes++
		case plan.KeepIt:
			left = append(left, f.Field)
		}
	}
	var reason *link.Reason
	if len(left) > 0 {
		reason = notUndone("left as they are: %s", strings.Join(left, ", "))
		reason.Fields = left
	}
	switch {
	case writes > 0:
		return restoring, reason, fields
	case len(left) > 0:
		return plan.Skip, reason, fields
	}
	return plan.Nothing, nil, fields
}

// archiveRow is about a record that the run made. One that somebody changed since is theirs now.
func (u *undoer) archiveRow(p *undone) (plan.Kind, *link.Reason, []plan.FieldDecision) {
	var fields []plan.FieldDecision
	var changed []string
	for name, v := range lastWritten(p.writes) {
		now := p.now().Field(name)
		d := plan.FieldDecision{Field: name, Action: plan.KeepIt, Rule: "made by the run", Old: now, New: now}
		if !p.asLeft(name, v) {
			d.Rule = "changed since"
			changed = append(changed, name)
		}
		fields = append(fields, d)
	}
	slices.SortFunc(fields, func(a, b plan.FieldDecision) int { return strings.Compare(a.Field, b.Field) })
	slices.Sort(changed)
	switch {
	case !u.archive:
		return plan.Skip, notUndone("the run made it; it is archived only where that is asked for: --archive-created"), fields
	case !p.pair:
		return plan.Skip, notUndone("the run made it, and it is linked otherwise since: archive it in its own system"), fields
	case u.strange(p):
		return plan.Hold, notUndone("whether the run made it cannot be told: it does not bear the mark"), fields
	case len(changed) > 0:
		r := notUndone("the run made it, and it was changed since: %s", strings.Join(changed, ", "))
		r.Fields = changed
		return plan.Skip, r, fields
	}
	return archiving, nil, fields
}

// strange tells whether a create's answer was lost and the record does not bear its mark.
func (u *undoer) strange(p *undone) bool {
	for _, w := range p.writes {
		if !w.unsure {
			continue
		}
		writer, err := u.writer(p.written.Connection)
		if err != nil {
			return true
		}
		mark := p.now().Field(writer.Traits(p.written.Object).MarkerField).Text()
		return mark == "" || !slices.Contains(u.marksOf(p, w), mark)
	}
	return false
}

// marksOf are the marks that what a create made may bear. A pair that was made on the way home keeps no claim, so that any generation
// of its source counts.
func (u *undoer) marksOf(p *undone, w undoWrite) []string {
	switch {
	case !p.home && p.link.Claim == nil:
		return nil
	case !p.home:
		return []string{p.link.Claim.Key}
	}
	marks := make([]string, mostGenerations)
	for g := range marks {
		marks[g] = u.markerOf(p.way.Slot, w.Ref, g)
	}
	return marks
}

// mostGenerations is how many creates of one source are told by their marks: a person unlinks it, or undoes it, before each of them.
const mostGenerations = 50

// relinkRow is about a record that an undo archived, when that undo is undone.
func (u *undoer) relinkRow(p *undone) (plan.Kind, *link.Reason) {
	switch {
	case !p.pair || p.link.State != link.Tombstone:
		return plan.Skip, notUndone("it is linked otherwise since")
	case p.read.State == record.Found && (!p.read.Record.Archived || u.activates(p.written)):
		return relinking, nil
	case p.read.State == record.NoRight:
		return plan.Hold, notUndone("our credential may not read %s: give it the right, and ask again", p.written)
	}
	return plan.Hold, notUndone("%s cannot be taken out of the archive by us: do that in %s, then ask again", p.written, p.written.Connection)
}

// undoText is what why says of a record whose counterpart an undo archived.
func undoText(p SavedPlan, target record.Ref, actor string) string {
	return fmt.Sprintf("%s undid %s, which had made %s for it: that is archived, and none is made again. Bring it back by undoing the undo", actor, p.Undoes, target)
}
