package plan

import (
	"slices"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// A field that goes both ways is decided twice from the same facts: once from a to b, once on the way home (the turned mapping).
// Each way writes only what is its own to write and leaves alone what is the other's; so both decisions together are the
// three-way comparison, and neither depends on which of the two was made first (C11). What both sides read as is kept as each
// side's own value, not as what a transform made of it, so that both ways can use it (A7).

// SideDigest is the digest under which a side's value of a field is kept on the link. home tells that the mapping is turned,
// target that the value is that of the side which is written. Of a's side of a two-way field it covers the field's rule.
func SideDigest(t Tools, field mapping.Field, home, target bool, v record.Value) string {
	text := ""
	if !v.Blank() {
		text = v.Text()
	}
	if field.Other != nil && home == target { // a's side
		if salt := field.Salt(); salt != "" {
			text = salt + "\x00" + text
		}
	}
	return t.Digest(text)
}

// Forms are the digests of what the source's plain fields that go both ways read as in the form they have at the target, by their keys.
func Forms(f *Facts) map[string]string {
	out := map[string]string{}
	for _, field := range f.Mapping.Fields {
		if field.Other == nil || field.Through != "" {
			continue
		}
		if w := wantedValue(f, f.Source, field); w.value.Known() && w.stop == nil {
			out[field.Key()] = f.targetDigest(w, w.value)
		}
	}
	return out
}

func (f *Facts) sourceDigest(w wanted) string {
	if w.field.Other == nil {
		return f.digest(w.value)
	}
	return SideDigest(f.Tools, w.field, f.Mapping.Turned, false, w.raw)
}

func (f *Facts) targetDigest(w wanted, v record.Value) string {
	return SideDigest(f.Tools, w.field, f.Mapping.Turned, true, v)
}

// sourceSide is the source's side of a pair that is settled now.
func (f *Facts) sourceSide(w wanted) string {
	if w.field.Other == nil {
		return f.sourceDigest(w)
	}
	return link.Side(f.sourceDigest(w), w.out)
}

// targetSide is the other side, where the target reads as v. What it leaves out is the other way's to say: as long as the target reads as
// it did, that stays.
func (f *Facts) targetSide(w wanted, v record.Value) string {
	digest := f.targetDigest(w, v)
	if w.field.Other == nil {
		return digest
	}
	if was := f.Link.Agreed[w.field.Key()].B; link.Shown(was) == digest {
		return was
	}
	return link.Side(digest, w.kept)
}

// sourceChanged tells whether somebody changed the source's value since it was settled. What we wrote there and have not read back
// may have been put into another form meanwhile, by a trigger or a workflow: that is nobody's change (A7).
func (f *Facts) sourceChanged(w wanted, pair link.Pair) bool {
	if link.Shown(pair.A) == f.sourceDigest(w) {
		return w.came
	}
	return !(f.mayBeRewritten(w, pair) && w.value.Known() && pair.B == f.targetDigest(w, w.value))
}

// targetChanged is sourceChanged of the other side.
func (f *Facts) targetChanged(w wanted, old record.Value, pair link.Pair) bool {
	if link.Shown(pair.B) == f.targetDigest(w, old) {
		return false
	}
	if !f.mayBeRewritten(w, pair) || old.Blank() {
		return true
	}
	back := carried(f, w.field.Other, old)
	return !(back.Known() && pair.A == SideDigest(f.Tools, w.field, f.Mapping.Turned, false, back))
}

func (f *Facts) mayBeRewritten(w wanted, pair link.Pair) bool {
	return pair.Unsure && w.field.Other != nil && w.field.Through == ""
}

// neverFilled tells, of a field of a group that is written, that it is blank at the source and was when it was last settled: nobody
// emptied it, so that it empties nothing. One that was emptied while the rest of its group was changed goes with the group (A10).
func (f *Facts) neverFilled(w wanted, old record.Value) bool {
	pair, settled := f.Link.Agreed[w.field.Key()]
	return w.value.Blank() && !old.Blank() && w.field.Blank != "clear" && (!settled || !f.sourceChanged(w, pair))
}

// changedSinceMet tells, of a group on the way home that has never been settled and is computed, whether somebody changed what it is computed
// from since the pair met: what went the other way says what that was then (a contact was made as an address, and its name there, of which
// first and last name are made here, was edited before anybody looked at it).
func (f *Facts) changedSinceMet(group []wanted) bool {
	if !f.Mapping.Turned {
		return false
	}
	for _, w := range group {
		if w.field.Value == "" {
			continue
		}
		for _, name := range mapping.ScriptNames(w.field.Value, mapping.Expression) {
			v, text := f.Source.Field(name), ""
			if !v.Known() {
				continue
			}
			if !v.Blank() {
				text = v.Text()
			}
			if pair, ok := f.Before[name]; ok && link.Shown(pair.A) != f.Tools.Digest(text) {
				return true
			}
			if _, refused := f.Link.Refused[f.Mapping.A.Connection+"/"+name]; refused && text != "" { // it was made without: somebody has filled it
				return true
			}
		}
	}
	return false
}

// agrees tells whether both sides say the same, in the form of either (A7).
func (f *Facts) agrees(w wanted, old record.Value) bool {
	if w.value.Same(old) {
		return true
	}
	other := w.field.Other
	if other == nil || old.Blank() || w.raw.Blank() || other.Through != "" {
		return false
	}
	back := carried(f, other, old)
	return back.Known() && back.Same(w.raw)
}

// carried is what a value of the target's becomes on the other way: its transform, then its value map.
func carried(f *Facts, other *mapping.Field, v record.Value) record.Value {
	if other.Transform != "" {
		out, err := f.Tools.Transform(other.Transform, []string{v.Text()}, Env{TimeZone: f.Account.TimeZone, Currency: f.Account.Currency})
		if err != nil {
			return record.Value{}
		}
		v = record.Of(out)
	}
	if other.Values != nil {
		to, ok := other.Values[v.Text()]
		if !ok {
			return record.Value{}
		}
		v = record.Of(to)
	}
	return v
}

// bothWaysVerdict is groupVerdict of fields that go both ways. What it leaves is the other way's to write.
func bothWaysVerdict(f *Facts, kind Kind, group []wanted, c comparison) verdict {
	first, m := group[0].field, f.Mapping
	there := verdict{action: KeepIt, leave: true, rule: "changed at " + m.B.Connection + ", which goes to " + m.A.Connection}
	switch {
	case c.allSame:
		return verdict{action: SameAs, rule: "equal"}
	case first.Conflict == "furthest" || first.Conflict == "" && m.Conflict == "furthest" && len(first.Order) > 0:
		return furthestVerdict(f, group[0])
	case kind == Adopt || !c.hasPair:
		return firstMeeting(f, group, c)
	case !c.aChanged && !c.bChanged:
		return verdict{action: KeepIt, rule: "unchanged since settled"}
	case c.bChanged && !c.aChanged:
		return there
	}
	switch onlyBlank(m, first) {
	case "target":
		if !c.bBlank {
			return verdict{action: KeepIt, leave: c.bChanged, rule: "only_blank: " + m.B.Connection + " has a value"}
		}
	case "source":
		if c.bChanged && (!c.clears || first.Blank == "clear") { // the target's change goes nowhere as long as the source has a value, and the source's is carried
			return verdict{action: WriteIt, rule: "only_blank: " + m.A.Connection + " is not written", conflict: true}
		}
	}
	if !c.bChanged {
		switch {
		case c.clears && first.Blank != "clear":
			return verdict{action: KeepIt, rule: "blank: keep"}
		case c.takes && f.notYetShown().After(f.Now):
			return f.mayBeOld()
		}
		return verdict{action: WriteIt, rule: "changed at " + m.A.Connection}
	}
	return conflict(f, group, c, there)
}

// shownAfter is how long what was written may still be lacking in what a system shows.
const shownAfter = 3 * time.Minute

// notYetShown is until when an association that a record lacks may have been made by us and not be shown yet. No stamp of a record tells
// that of its associations: so long nothing is taken away for it (A3).
func (f *Facts) notYetShown() time.Time {
	last := latest(f.Link.Told(), latest(f.Link.StampA, f.Link.StampB))
	if last.IsZero() {
		return last
	}
	return last.Add(shownAfter)
}

// mayBeOld leaves associations alone that would be taken away for what may be an old copy, and has it looked at again.
func (f *Facts) mayBeOld() verdict {
	return verdict{action: KeepIt, leave: true, again: f.notYetShown(), rule: "an association that was made a moment ago may not be shown yet"}
}

// conflict: both sides changed since they were settled. Both ways come to the same winner: the loser's way leaves the field.
func conflict(f *Facts, group []wanted, c comparison, there verdict) verdict {
	m, first := f.Mapping, group[0].field
	word := pickWord(first.Conflict, m.Conflict, "a")
	switch {
	case c.clears && c.bClears && first.Blank != "clear":
		return verdict{action: KeepIt, rule: "conflict: each side was emptied in part, blank: keep", conflict: true}
	case c.bClears && first.Blank != "clear":
		return verdict{action: WriteIt, rule: "conflict: " + m.B.Connection + " was emptied, blank: keep", conflict: true}
	case c.clears && first.Blank != "clear":
		there.rule, there.conflict = "conflict: "+m.A.Connection+" was emptied, blank: keep", true
		return there
	case word == "hold" && m.Turned: // the way out asks the question
		there.rule = "conflict: hold"
		return there
	case word == "hold":
		return verdict{stop: &link.Reason{Category: BadValue, Fields: []string{first.B}, Text: first.B + " was changed on both sides, and the mapping says conflict: hold. Make both sides agree"}}
	case word == "fill":
		return verdict{action: KeepIt, rule: "conflict: fill keeps both", conflict: true}
	}
	winner := word
	if word == "newest" {
		winner = f.newer(group)
		word = "newest: " + map[string]string{"a": m.A.Connection, "b": m.B.Connection}[winner]
	}
	if winner == "b" || winner == m.B.Connection {
		there.rule, there.conflict = "conflict: "+word, true
		return there
	}
	if c.takes && f.notYetShown().After(f.Now) {
		return f.mayBeOld()
	}
	return verdict{action: WriteIt, rule: "conflict: " + word, conflict: true}
}

// firstMeeting: nothing was settled yet. Never blank over value (A7); where both have one, "first" decides, else the rule for conflicts.
func firstMeeting(f *Facts, group []wanted, c comparison) verdict {
	m, first := f.Mapping, group[0].field
	switch {
	case c.bBlank:
		return verdict{action: WriteIt, rule: "fills a blank"}
	case c.aBlank:
		return f.leftAtMeeting("blank at "+m.A.Connection, ", filled from "+m.B.Connection)
	}
	word := pickWord(first.First, m.First)
	if word == "" {
		word = pickWord(first.Conflict, m.Conflict, "a")
		switch onlyBlank(m, first) {
		case "target":
			word = "b"
		case "source":
			word = "a"
		}
	}
	if word == "newest" {
		word = f.newer(group)
	}
	side := map[string]string{m.A.Connection: "a", m.B.Connection: "b"}
	if s := side[word]; s != "" {
		word = s
	}
	switch { // a group goes as one, and never blanks over values: then the other side's goes, or neither
	case word == "a" && c.aGaps && c.bGaps, word == "b" && c.aGaps && c.bGaps:
		v := f.leftAtMeeting("first: each side has what the other has not", "")
		if !m.Turned {
			v.notice = &link.Reason{Category: BadValue, Fields: []string{first.B}, Text: "the fields of " + first.Group + " differ, and each side has some that are empty at the other. Make both sides agree"}
		}
		return v
	case word == "a" && c.aGaps:
		word = "b"
	case word == "b" && c.bGaps:
		word = "a"
	}
	switch word {
	case "a":
		return verdict{action: WriteIt, rule: "first: " + m.A.Connection}
	case "b":
		return f.leftAtMeeting("first: "+m.B.Connection, "")
	case "hold":
		if m.Turned {
			return verdict{action: KeepIt, leave: true, rule: "first: hold"}
		}
		return verdict{stop: &link.Reason{Category: BadValue, Fields: []string{first.B}, Text: first.B + " differs, and the mapping says first: hold. Make both sides agree"}}
	}
	return verdict{action: KeepIt, rule: "first: fill keeps what is there"}
}

// leftAtMeeting leaves what meets for the first time to the other way. One that updates nothing carries it never: then both sides are settled as
// they are, or every later change of this side would meet for the first time again, and lose against what was there before it (C1).
func (f *Facts) leftAtMeeting(rule, carried string) verdict {
	if m := f.Mapping; !m.BToA.Update {
		return verdict{action: KeepIt, rule: rule + ", and " + m.A.Connection + " is not updated: settled as it is"}
	}
	return verdict{action: KeepIt, leave: true, rule: rule + carried}
}

// onlyBlank tells which side, seen from this way, is written only where it is blank.
func onlyBlank(m *mapping.Mapping, field mapping.Field) string {
	switch field.OnlyBlank {
	case "b", m.B.Connection:
		return "target"
	case "a", m.A.Connection:
		return "source"
	}
	return ""
}

// furthestVerdict never lets a stage go back: what is further in the order wins, on both ways. A stage that the order does not name is
// nowhere in it: it is neither carried nor written over (HS-47).
func furthestVerdict(f *Facts, w wanted) verdict {
	order, mine, theirs := w.field.Order, w.value.Text(), f.Target.Field(w.field.B).Text()
	had := theirs != ""
	if f.Mapping.Turned && w.field.Other != nil {
		mine, theirs = w.raw.Text(), carried(f, w.field.Other, f.Target.Field(w.field.B)).Text()
	}
	at, there := slices.Index(order, mine), slices.Index(order, theirs)
	switch {
	case at < 0 && mine != "":
		return verdict{action: KeepIt, rule: "conflict: furthest: " + w.field.B + " would be a stage that order does not name"}
	case there < 0 && had:
		return verdict{action: KeepIt, rule: "conflict: furthest: " + w.field.B + " has a stage that order does not name, and keeps it"}
	case at > there:
		return verdict{action: WriteIt, rule: "conflict: furthest"}
	case at < there && w.field.Other != nil:
		return verdict{action: KeepIt, leave: true, rule: "conflict: furthest: " + f.Mapping.B.Connection + " is further"}
	}
	return verdict{action: KeepIt, rule: "conflict: furthest: never backwards"}
}

// newer tells which side changed a group later (A11), seen from this way: by the vendors' own histories where they were read, else
// by the stamps of the records that show the change, of which one that our own write made tells nothing.
func (f *Facts) newer(group []wanted) string {
	tieWinner := pickWord(f.Mapping.Tie, "a")
	var a, b time.Time
	for _, w := range group {
		pair, settled := f.Link.Agreed[w.field.Key()]
		if !settled && neverHeld(group, w, f.Target.Field(w.field.B)) {
			continue
		}
		if !settled || f.sourceChanged(w, pair) {
			a = latest(a, f.changedAt(f.Source, w.field.A[0], f.Link.StampA))
		}
		if !settled || f.targetChanged(w, f.Target.Field(w.field.B), pair) {
			b = latest(b, f.changedAt(f.Target, w.field.B, f.Link.StampB))
		}
	}
	switch gap := b.Sub(a); {
	case a.IsZero() && b.IsZero():
		return tieWinner
	case a.IsZero():
		return "b"
	case b.IsZero():
		return "a"
	case gap <= tie && gap >= -tie:
		return tieWinner
	case gap > 0:
		return "b"
	}
	return "a"
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// changedAt is when a person last changed a field of a record, zero where nobody can tell.
func (f *Facts) changedAt(r *record.Record, name string, settled time.Time) time.Time {
	if at, ok := f.History[HistoryOf{r.Ref, name}]; ok {
		return at
	}
	if !r.Modified.After(settled) { // the stamp is that of our own write, or of before
		return time.Time{}
	}
	return r.Modified
}

// HistoryOf names a field of a record.
type HistoryOf struct {
	Ref   record.Ref
	Field string
}

// Contested lists the fields of both records whose histories decide between two changes: those that both sides changed and that
// the rule newest is for. Who calls this: the engine, before Decide, so that histories are read only then (A11).
func Contested(f *Facts) (source, target []string) {
	if f.Target == nil {
		return nil, nil
	}
	for _, group := range groups(wantedValues(f)) {
		first := group[0].field
		if first.Other == nil || pickWord(first.Conflict, f.Mapping.Conflict, "a") != "newest" {
			continue
		}
		c := compare(f, group)
		if c.allSame || c.unreadable || c.hasPair && !(c.aChanged && c.bChanged) || !c.hasPair && (c.aBlank || c.bBlank) {
			continue
		}
		for _, w := range group {
			source, target = append(source, w.field.A[0]), append(target, w.field.B)
		}
	}
	return source, target
}
