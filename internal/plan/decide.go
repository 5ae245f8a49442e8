package plan

import (
	"slices"
	"strings"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Decide is the one function that preview, pilot and live run share. A record that is not linked and has no target is
// created; a target that is not yet linked is adopted; a linked one is compared three ways.
func Decide(f *Facts) Decision {
	if d, stop := gate(f); stop {
		return d
	}
	if f.Mapping.Document != nil {
		return decideDocument(f)
	}
	want := wantedValues(f)
	if d, stop := stopped(want); stop {
		if d.Kind == Hold && d.Reason.Category == ParentHeld && f.Target == nil &&
			(f.Mapping.AtSource == nil && (f.Mapping.LinksOnly() || parentIs(f, Filtered, CreateOff, OwnRecord)) || parentIs(f, Yields)) { // what stands in a queue is waited for, unless it is another mapping's
			d.Kind = Skip // nothing would be made of it, so nothing is wrong with it; it is looked at again when the parent is linked
		}
		return d
	}
	return decideFields(f, want)
}

// gate asks what can be asked of the source alone: filter, and for documents whether it is won and in time.
func gate(f *Facts) (Decision, bool) {
	if f.Mapping.Document != nil {
		if d, stop := wonGate(f); stop {
			return d, true
		}
		if handMade(f) {
			return decideHand(f), true
		}
	}
	if filter := f.Mapping.AToB.Create.Filter; filter != "" && !f.Wanted && !(f.Mapping.AToB.Create.OnlyNew && f.Link.State == link.Linked) {
		if name := f.Lacking.Script(f.Mapping, filter); name != "" {
			return Decision{Kind: Hold, Reason: hidden(name, "the filter")}, true
		}
		got, ok := f.Scripts[filter]
		if !ok || got.Err != nil {
			r := scriptReason("the filter", got.Err)
			return Decision{Kind: Hold, Reason: r}, true
		}
		if pass, _ := got.Value.(bool); !pass {
			return skip(Filtered, "the filter of "+f.Mapping.Name+" excludes it: "+filter), true
		}
	}
	return Decision{}, false
}

// parentIs tells whether what the record belongs to is left out on purpose, for one of these reasons: then so is the record.
func parentIs(f *Facts, categories ...string) bool {
	for _, c := range f.Counterparts {
		if c.State == Stuck && c.Reason != nil && slices.Contains(categories, c.Reason.Category) {
			return true
		}
	}
	return false
}

// stopped gives the first reason to hold, else the records that must come first.
func stopped(want []wanted) (Decision, bool) {
	var needs []Need
	var left *link.Reason
	for _, w := range want {
		if w.stop != nil && w.stop == w.apart {
			left = w.stop
			continue
		}
		if w.stop != nil {
			return Decision{Kind: Hold, Reason: w.stop}, true
		}
		if w.need != nil {
			needs = append(needs, *w.need)
		}
	}
	if left != nil {
		return Decision{Kind: Skip, Reason: left}, true
	}
	if len(needs) > 0 {
		return Decision{Kind: Wait, Needs: needs}, true
	}
	return Decision{}, false
}

// decideFields compares wanted values with the target.
func decideFields(f *Facts, want []wanted) Decision {
	d := Decision{Object: f.Mapping.B.Object, Write: map[string]record.Value{}, Agreed: map[string]link.Pair{}, Reason: leftOut(want)}
	left := d.Reason
	for _, w := range want {
		if w.later != nil {
			d.Later = append(append(d.Later, *w.later), w.more...)
		}
		d.Barred = append(d.Barred, w.bars...)
	}
	switch {
	case f.Target == nil:
		return createDecision(f, d, want)
	case f.Link.State == link.Linked || f.Link.State == link.Claimed && f.Link.B == f.Target.Ref:
		d.Kind = Update
		if !f.Mapping.AToB.Update {
			d.Kind = Nothing
			return d
		}
	default:
		d.Kind = Adopt
	}
	moved := false
	linkOnly := d.Kind == Adopt && !f.Mapping.AToB.Update && f.Mapping.AToB.Create.When != "needed"
	for _, group := range groups(want) {
		if linkOnly {
			settleGroup(f, &d, group)
			continue
		}
		if reason := decideGroup(f, &d, group, &moved); reason != nil {
			return Decision{Kind: Hold, Reason: reason}
		}
	}
	if d.Kind == Update && len(d.Write) == 0 {
		d.Kind = Nothing
		if moved && d.Reason == left { // what is complained about is not settled
			d.Kind = Settle
		}
	}
	return d
}

// blindRule gives a field of a match rule that is not shown any more: nobody can tell whether the record is there already.
func blindRule(f *Facts) string {
	for _, rule := range f.Mapping.Match {
		for _, name := range rule.A {
			if f.Lacking.Input(f.Mapping, name) {
				return name
			}
		}
	}
	return ""
}

// hidden is the reason to hold a record of which something that decides cannot be read.
func hidden(name, what string) *link.Reason {
	return &link.Reason{Category: UnreadableField, Fields: []string{name},
		Text: name + " is not there any more, or our credential may not read it, and " + what + " needs it. Give it the right, bring the field back, or change the mapping"}
}

func createDecision(f *Facts, d Decision, want []wanted) Decision {
	if f.Mapping.AToB.Create.When == "never" && f.Mapping.Unmatched == "hold" {
		return Decision{Kind: Hold, Object: f.Mapping.B.Object, Reason: &link.Reason{Category: Unmatched, Text: f.Mapping.Name + " found no record for it. Link it by hand, make a field agree, or create the record there"}}
	}
	if f.Mapping.AToB.Create.When == "never" {
		return skip(CreateOff, f.Mapping.Name+" creates nothing: no record matches this one")
	}
	if name := blindRule(f); name != "" {
		return Decision{Kind: Hold, Reason: hidden(name, "matching")}
	}
	if f.Mapping.AToB.Create.When == "needed" && !f.Needed {
		return skip(NotNeeded, "no record matches it, and "+f.Mapping.Name+" creates one only when a document needs it")
	}
	d.Kind = Create
	for _, w := range want {
		fd := FieldDecision{Field: w.field.B, From: w.field.A, Action: KeepIt, Rule: w.rule, New: w.value}
		if !w.value.Blank() {
			fd.Action = WriteIt
			d.Write[w.field.B] = w.value
		}
		if w.value.Known() { // blanks are agreed on too: the first change of a group must not look like a first meeting
			d.Agreed[w.field.Key()] = link.Pair{A: f.sourceSide(w), B: f.targetSide(w, w.value), Unsure: true}
		}
		d.Fields = append(d.Fields, fd)
	}
	return d
}

// Changed is no digest: a pair with it counts as changed on that side, until it is next settled.
const Changed = "?"

// groups puts fields of one group together, in the order of the document. A field by itself stays where it stands in want.
func groups(want []wanted) [][]wanted {
	out := make([][]wanted, 0, len(want))
	at := map[string]int{}
	for n := range want {
		g := want[n].field.Group
		if i, ok := at[g]; ok && g != "" {
			out[i] = append(out[i], want[n])
			continue
		}
		at[g] = len(out)
		out = append(out, want[n:n+1:n+1])
	}
	return out
}

// verdict is what a group of fields comes to.
type verdict struct {
	action Action
	rule   string
	stop   *link.Reason // hold the record
	notice *link.Reason // a standing complaint
	// restores marks a write that puts back what was changed at b alone.
	restores bool
	leave    bool      // nothing is settled: the other way carries it
	conflict bool      // both sides had changed
	again    time.Time // of what is left: neither way can tell before then
}

// maxRounds is how often a value that b keeps changing is put back before a person is asked (A7).
const maxRounds = 2

func tugOfWar(f *Facts, field mapping.Field) *link.Reason {
	return &link.Reason{Category: TugOfWar, Fields: []string{field.B},
		Text: field.B + " was put back twice and changed again at " + f.Mapping.B.Connection + "; something there keeps rewriting it: stop that, or say drift: keep"}
}

// decideGroup decides a group as one (A10): all its fields are written, or none is.
func decideGroup(f *Facts, d *Decision, group []wanted, moved *bool) *link.Reason {
	v := groupVerdict(f, d.Kind, group)
	if v.stop != nil {
		return v.stop
	}
	if v.notice != nil {
		d.Reason = v.notice
	}
	first := len(d.Fields)
	for _, w := range group {
		old := f.Target.Field(w.field.B)
		fd := FieldDecision{Field: w.field.B, From: w.field.A, Action: KeepIt, Rule: v.rule, Old: old, New: w.value}
		pair := link.Pair{A: f.sourceSide(w), B: f.targetSide(w, old)}
		fd.Conflict, fd.Lost = v.conflict, v.conflict && v.leave
		switch {
		case w.value.Kind() == record.Absent || w.field.CreateOnly && d.Kind == Update:
			fd.Rule = "nothing to say"
			if w.gone || w.rule == leftRule || w.left != nil {
				fd.Rule = w.rule
			}
			if w.field.CreateOnly {
				fd.Rule = "written on create only"
			}
			d.Fields = append(d.Fields, fd)
			continue
		case v.leave:
			d.Home = d.Home || v.again.IsZero()
			d.Pends = d.Pends || w.pends
			d.lookAgain(v.again)
			d.Fields = append(d.Fields, fd)
			continue
		case f.agrees(w, old):
			fd.Action, fd.Rule = SameAs, "equal"
		case v.action == WriteIt && len(group) > 1 && f.neverFilled(w, old):
			fd.Rule = "blank: keep"
		case v.action == WriteIt:
			fd.Action, fd.Rule = WriteIt, v.rule+": "+w.rule
			d.Write[w.field.B] = w.value
			pair.B, pair.Unsure = f.targetSide(w, w.value), true
		}
		if v.restores {
			pair.Rounds = f.Link.Agreed[w.field.Key()].Rounds + 1
		} else if v.notice != nil {
			pair.Rounds = f.Link.Agreed[w.field.Key()].Rounds
		}
		if before, ok := f.Link.Agreed[w.field.Key()]; !ok || before.A != pair.A || before.B != pair.B || before.Unsure != pair.Unsure {
			*moved = true
		}
		d.Agreed[w.field.Key()] = pair
		d.Fields = append(d.Fields, fd)
	}
	d.writeWhole(group, d.Fields[first:])
	return nil
}

// writeWhole sends, of a group of which something is written, the rest along though the target reads as it: else what somebody gave that
// rest between our read and our write would stand beside our part of it, and be carried on as an address that nobody ever entered (A10, A13).
// What is blank empties nothing, and what only means the same stays as it is there.
func (d *Decision) writeWhole(group []wanted, fields []FieldDecision) {
	if len(group) == 1 || !slices.ContainsFunc(fields, func(fd FieldDecision) bool { return fd.Action == WriteIt }) {
		return
	}
	for n, w := range group {
		fd := &fields[n]
		if fd.Action != SameAs || w.value.Blank() || !w.value.Same(fd.Old) || mapping.Association(fd.Field) != "" { // who belongs to whom is written by itself
			continue
		}
		fd.Action, fd.Rule = WriteIt, "equal, goes with the rest of "+w.field.Group
		d.Write[fd.Field] = w.value
	}
}

// lookAgain has the pair looked at again at a time, or sooner where something else of it asks for that.
func (d *Decision) lookAgain(at time.Time) {
	if !at.IsZero() && (d.Again.IsZero() || at.Before(d.Again)) {
		d.Again = at
	}
}

// comparison is what a group of fields reads as on both sides, and which side changed since both were last settled.
type comparison struct {
	aChanged, bChanged bool
	hasPair            bool
	aBlank, bBlank     bool // every field of the group is
	allSame            bool
	clears             bool // a is blank where b is not, and says nothing else: the group is not written for that
	bClears            bool // likewise of b
	aGaps, bGaps       bool // one of the group's fields is blank there and not at the other side
	takes              bool // to write the group would take associations away at b
	rounds             int
	unreadable         bool // at b
}

func compare(f *Facts, group []wanted) comparison {
	c := comparison{hasPair: true, aBlank: true, bBlank: true, allSame: true}
	says, bSays := false, false // of what changed there something has a value
	removed := false            // the last association was taken away, which is no blank but what a person did (B-14)
	for _, w := range group {
		old := f.Target.Field(w.field.B)
		if w.value.Kind() == record.Absent {
			continue
		}
		if old.Kind() == record.Unreadable {
			c.unreadable = true
			return c
		}
		pair, ok := f.Link.Agreed[w.field.Key()]
		aChanged, bChanged := ok && f.sourceChanged(w, pair), ok && f.targetChanged(w, old, pair)
		c.hasPair = c.hasPair && (ok || neverHeld(group, w, old))
		c.aChanged, c.bChanged = c.aChanged || aChanged, c.bChanged || bChanged
		c.rounds = max(c.rounds, pair.Rounds)
		c.aBlank, c.bBlank = c.aBlank && w.value.Blank(), c.bBlank && old.Blank()
		c.allSame = c.allSame && f.agrees(w, old)
		c.aGaps, c.bGaps = c.aGaps || w.value.Blank() && !old.Blank(), c.bGaps || old.Blank() && !w.value.Blank()
		says, bSays = says || aChanged && !w.value.Blank(), bSays || bChanged && !old.Blank()
		if strings.HasPrefix(w.field.B, "associations.") && listed(f.Mapping, w.field) {
			removed = removed || ok && aChanged != bChanged && w.field.OnlyBlank == "" && !w.fresh
			c.takes = c.takes || w.field.Other != nil && lacks(w.value, old)
		}
	}
	c.clears, c.bClears = c.aGaps && !says && !removed, c.bGaps && !bSays && !removed
	return c
}

// lacks tells whether a list has not all that another one has.
func lacks(list, of record.Value) bool {
	have := list.List()
	return slices.ContainsFunc(of.List(), func(id string) bool { return !slices.Contains(have, id) })
}

// neverHeld tells, of one field of a group, that both sides are blank: nothing is to be settled there, and its group has not met for the
// first time because of it.
func neverHeld(group []wanted, w wanted, old record.Value) bool {
	return len(group) > 1 && w.value.Blank() && old.Blank()
}

// groupVerdict is the three-way comparison: which side changed since both were last settled.
func groupVerdict(f *Facts, kind Kind, group []wanted) verdict {
	first := group[0].field
	c := compare(f, group)
	if c.unreadable {
		return verdict{action: KeepIt, rule: "unreadable at " + f.Mapping.B.Connection}
	}
	if first.Other != nil {
		return bothWaysVerdict(f, kind, group, c)
	}
	if c.allSame {
		return verdict{action: SameAs, rule: "equal"}
	}
	if c.clears && first.Blank != "clear" {
		return verdict{action: KeepIt, rule: "blank: keep"}
	}
	switch {
	case len(first.Order) > 0:
		return furthestVerdict(f, group[0])
	case kind != Adopt && !c.hasPair && f.changedSinceMet(group):
		return verdict{action: WriteIt, rule: "changed at " + f.Mapping.A.Connection + " since they met"}
	case kind == Adopt || !c.hasPair:
		return firstVerdict(f.Mapping, first, c.bBlank)
	case !c.aChanged && !c.bChanged:
		return verdict{action: KeepIt, rule: "unchanged since settled"}
	case onlyBlank(f.Mapping, first) == "target" && !c.bBlank:
		return verdict{action: KeepIt, rule: "only_blank: " + f.Mapping.B.Connection + " has a value"}
	case c.aChanged && !c.bChanged:
		return verdict{action: WriteIt, rule: "changed at " + f.Mapping.A.Connection}
	case c.bChanged && !c.aChanged:
		if first.Drift == "restore" && c.rounds >= maxRounds {
			return verdict{action: KeepIt, rule: "drift: restore, given up", notice: tugOfWar(f, first)}
		}
		if first.Drift == "restore" {
			return verdict{action: WriteIt, rule: "drift: restore", restores: true}
		}
		return verdict{action: KeepIt, rule: "changed at " + f.Mapping.B.Connection + ", drift: keep"}
	}
	return conflictVerdict(f, first, c.bBlank)
}

// firstVerdict: no pair yet. Never blank over value; where both have one, "first" decides. What is always put back is written at once.
func firstVerdict(m *mapping.Mapping, field mapping.Field, bBlank bool) verdict {
	if bBlank {
		return verdict{action: WriteIt, rule: "fills a blank"}
	}
	otherwise := "fill"
	if field.Drift == "restore" {
		otherwise = "a"
	}
	switch pickWord(field.First, m.First, otherwise) {
	case "a":
		return verdict{action: WriteIt, rule: "first: a"}
	case "hold":
		return verdict{stop: &link.Reason{Category: BadValue, Fields: []string{field.B}, Text: field.B + " differs, and the mapping says first: hold. Make both sides agree"}}
	}
	return verdict{action: KeepIt, rule: "first: fill keeps what is there"}
}

// conflictVerdict: both sides changed since they were settled.
func conflictVerdict(f *Facts, field mapping.Field, bBlank bool) verdict {
	m := f.Mapping
	word := pickWord(field.Conflict, m.Conflict, "a")
	if field.Conflict == "" && field.Drift == "restore" {
		word = "a" // what is put back when it is edited alone is not given up because both were
	}
	switch {
	case word == "a" || word == m.A.Connection, word == "fill" && bBlank:
		return verdict{action: WriteIt, rule: "conflict: " + word}
	case word == "newest" && newest(f) == "a":
		return verdict{action: WriteIt, rule: "conflict: newest: " + m.A.Connection}
	case word == "newest":
		return verdict{action: KeepIt, rule: "conflict: newest: " + m.B.Connection}
	case word == "hold":
		return verdict{stop: &link.Reason{Category: BadValue, Fields: []string{field.B}, Text: field.B + " was changed on both sides, and the mapping says conflict: hold. Make both sides agree"}}
	}
	return verdict{action: KeepIt, rule: "conflict: " + word}
}

// tie is how near two stamps may be before nobody can tell which change came later (A11).
const tie = 2 * time.Second

// newest tells which side changed later, by the stamps of the records that show the change. A stamp of b that our own write
// made tells nothing of anybody's edit; where nobody can tell it is a.
func newest(f *Facts) string {
	a, b := f.Source.Modified, f.Target.Modified
	if a.IsZero() || b.IsZero() || b.Equal(f.Link.StampB) || b.Sub(a) <= tie {
		return "a"
	}
	return "b"
}

func pickWord(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// digest of a value's canonical form; blanks of every kind are one.
func (f *Facts) digest(v record.Value) string {
	if v.Blank() {
		return f.Tools.Digest("")
	}
	return f.Tools.Digest(v.Text())
}
