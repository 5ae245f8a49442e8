package plan

import (
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Causes of differences between the sides of a pair, beside the categories of reason.go. Each is explained in help/parity.md. They are
// stored and counted: never rename one.
const (
	BlankKept    = "blank_kept"    // blank: keep: a blank does not clear the other side
	OnlyBlankSet = "only_blank"    // that side is written only where it is blank
	DriftKept    = "drift_kept"    // a field that goes one way was changed at the side that is written: drift: keep
	CreateOnlyIs = "create_only"   // written when the record is made, and never after
	FurthestKept = "furthest_kept" // conflict: furthest never goes backwards
	ConflictKept = "conflict_kept" // the rule for conflicts keeps both as they are
	FirstKept    = "first_kept"    // first: keeps what was there when the pair was linked
	SettledApart = "settled_apart" // it was settled as it stands, and neither side changed since
	UpdateOff    = "update_off"    // the mapping does not write that side's records once they are there
	ReferenceOut = "reference_out" // what it refers to has no counterpart yet
	ByHook       = "by_hook"       // the mapping's hook takes it out
	NotLive      = "not_live"      // the mapping is a draft, or in pilot
	PausedNow    = "paused"        // the mapping is paused
	MergedNow    = "merged"        // one of the pair was merged into another record, and the link follows
	Unexplained  = "unexplained"   // no rule, and nothing that is kept, tells why it was not carried
)

// Chosen tells whether a cause is a rule or a state that somebody chose: nobody must look at such a difference. Categories of reason.go
// are Harmless's to judge.
func Chosen(cause string) bool {
	switch cause {
	case BlankKept, OnlyBlankSet, DriftKept, CreateOnlyIs, FurthestKept, ConflictKept, FirstKept, SettledApart, UpdateOff, ReferenceOut, ByHook, NotLive, PausedNow, MergedNow:
		return true
	}
	return Harmless(cause)
}

// FieldParity is how one field of a linked pair stands, seen from one way.
type FieldParity struct {
	Key      string // on the link: the same both ways
	From, To string // the fields, of the side that is read and of the one that is written
	Same     bool   // both sides say the same, in the form of either
	Silent   bool   // the source says nothing: there is nothing to compare
	Other    bool   // the other way is to say
	Pending  bool   // this way would write it now
	Cause    string // of a difference that is not pending
	Rule     string // as a decision words it
	Reason   *link.Reason
}

// Parities compares every field of a linked pair, whether or not the mapping may write now. Who calls this: the parity report, once for
// the way out and once for the way home. Facts.Target is there.
func Parities(f *Facts) []FieldParity {
	var out []FieldParity
	for _, group := range groups(wantedValues(f)) {
		var v verdict
		var c comparison
		if !stops(group) {
			v, c = groupVerdict(f, Update, group), compare(f, group)
		}
		for _, w := range group {
			out = append(out, fieldParity(f, w, v, c))
		}
	}
	return out
}

func stops(group []wanted) bool {
	for _, w := range group {
		if w.stop != nil {
			return true
		}
	}
	return false
}

func fieldParity(f *Facts, w wanted, v verdict, c comparison) FieldParity {
	p := FieldParity{Key: w.field.Key(), To: w.field.B, Rule: v.rule}
	if len(w.field.A) > 0 {
		p.From = w.field.A[0]
	}
	old := f.Target.Field(w.field.B)
	waits := w.later
	if waits == nil {
		waits = w.need
	}
	switch {
	case w.stop != nil:
		p.Cause, p.Reason, p.Rule = w.stop.Category, w.stop, w.rule
	case w.gone || old.Kind() == record.Unreadable:
		p.Cause, p.Rule = UnreadableField, goneRule
	case waits != nil:
		p.Cause, p.Rule = ReferenceOut, waits.Ref.String()+" has no counterpart by "+waits.Mapping
	case w.value.Kind() == record.Absent:
		p.Silent = true
	case f.agrees(w, old):
		p.Same = true
	case w.field.CreateOnly:
		p.Cause, p.Rule = CreateOnlyIs, "written on create only"
	case v.stop != nil:
		p.Cause, p.Reason, p.Rule = v.stop.Category, v.stop, "held"
	case v.notice != nil:
		p.Cause, p.Reason = v.notice.Category, v.notice
	case v.leave:
		p.Other = true
	case v.action == WriteIt:
		p.Pending = true
	default:
		p.Cause = keptFor(f, w, c)
	}
	return p
}

// keptFor names the rule by which a difference stays.
func keptFor(f *Facts, w wanted, c comparison) string {
	field := w.field
	switch {
	case w.value.Blank() != f.Target.Field(field.B).Blank() && field.Blank != "clear":
		return BlankKept
	case onlyBlank(f.Mapping, field) != "":
		return OnlyBlankSet
	case len(field.Order) > 0 || field.Conflict == "furthest":
		return FurthestKept
	case !c.hasPair:
		return FirstKept
	case field.Other == nil && (c.bChanged || !c.aChanged) && field.Drift != "restore":
		return DriftKept
	case !c.aChanged && !c.bChanged:
		return SettledApart
	}
	return ConflictKept
}

// Excluded is why a mapping carries nothing of a record now: its filter. nil where it does.
func Excluded(f *Facts) *link.Reason {
	if d, stop := gate(f); stop {
		return d.Reason
	}
	return nil
}
