package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// side of a pair, as its timeline of one field.
type side struct {
	ref    record.Ref
	names  []string
	past   []version
	system string
}

func (s side) last() version {
	if len(s.past) == 0 {
		return version{}
	}
	return s.past[len(s.past)-1]
}

// pair judges the fields of one pair.
func (c *pairCheck) pair(l link.Link) {
	if !alive(c.hubs[l.B.Object+"/"+l.B.ID]) || c.orgs[l.A.Object+"/"+l.A.ID].Deleted {
		return
	}
	plain := c.plain(l)
	var kept []edit
	for _, k := range c.p.set.kinds {
		if k.a != l.A.Object || k.b != l.B.Object {
			continue
		}
		fields := k.fields
		if k.mapping == "contacts" && c.newer {
			fields = append(slices.Clip(fields), newerRule)
		}
		for at, r := range fields {
			before := len(c.problems)
			a := side{l.A, r.a, history(c.org, l.A.Object+"/"+l.A.ID, r.a), "salesforce"}
			b := side{l.B, r.b, history(c.p.journal.hub, l.B.Object+"/"+l.B.ID, r.b), "hubspot"}
			c.settled(l, r, c.withMergedOrg(a), c.withMerged(b), plain)
			if plain && at < len(k.fields) {
				c.overwrites(r, a, b)
				c.overwrites(r, b, a)
				c.audited(r, a)
				c.audited(r, b)
				c.cleared(a, b)
				c.cleared(b, a)
				c.setBack(r, a, b)
				c.setBack(r, b, a)
			}
			if r.same(a.last().value, b.last().value) && a.last().by != b.last().by {
				kept = append(kept, edit{a.last(), true}, edit{b.last(), false})
			}
			if len(c.problems) > before {
				c.problems[len(c.problems)-1].Text += c.tale(a) + c.tale(b)
			}
		}
	}
	c.bothSurvive(kept)
	switch l.A.Object {
	case "Contact":
		c.accountOf(l)
	case "Opportunity":
		c.peopleOf(l)
	}
}

// withMerged puts what became of the records that a record came of before its own past: what of theirs it has is nobody's change, and what
// we wrote there came there by us, though the record has it from a merge.
func (c *pairCheck) withMerged(b side) side {
	if len(b.past) == 0 { // it is blank, whatever they had
		return b
	}
	for _, id := range strings.Split(c.hubs[b.ref.Object+"/"+b.ref.ID].Properties["hs_merged_object_ids"], ";") {
		b.past = slices.Concat(history(c.p.journal.hub, b.ref.Object+"/"+id, b.names), b.past)
	}
	return b
}

// withMergedOrg is withMerged of Salesforce, where the record that stays keeps what it has: what the others had from us was HubSpot's, which
// a person decided against with the merge.
func (c *pairCheck) withMergedOrg(a side) side {
	if len(a.past) == 0 {
		return a
	}
	for of, n := []string{a.ref.ID}, 0; n < len(of); n++ {
		for _, r := range c.orgs {
			if r.MasterRecordID == of[n] {
				a.past, of = slices.Concat(history(c.org, a.ref.Object+"/"+r.ID, a.names), a.past), append(of, r.ID)
			}
		}
	}
	return a
}

// edit is the last value of a field at one side.
type edit struct {
	version
	atOrg bool
}

// bothSurvive counts pairs of which people changed different fields on both sides within a minute, both of which stand (C2).
func (c *pairCheck) bothSurvive(kept []edit) {
	for _, x := range kept {
		for _, y := range kept {
			if x.by == person && y.by == person && x.atOrg && !y.atOrg && x.at.Sub(y.at).Abs() < time.Minute {
				c.s.branch("different fields edited on both sides, both stand")
				return
			}
		}
	}
}

// setBack counts old values that a person set back and that stand on both sides.
func (c *pairCheck) setBack(r rule, x, y side) {
	v := x.last()
	if len(x.past) < 3 || v.by != person || blank(v.value) || !r.same(v.value, y.last().value) || r.same(x.past[len(x.past)-2].value, v.value) {
		return
	}
	if slices.ContainsFunc(x.past[:len(x.past)-2], func(w version) bool { return r.same(w.value, v.value) }) {
		c.s.branch("old value set back wins")
	}
}

// plain tells whether both records of a pair are what they were from the beginning: what came of a merge or of a conversion has more
// pasts than one, of which only the end can be judged.
func (c *pairCheck) plain(l link.Link) bool {
	if c.hubs[l.B.Object+"/"+l.B.ID].Properties["hs_merged_object_ids"] != "" || len(l.Former) > 0 {
		return false
	}
	for _, r := range c.orgs {
		if r.MasterRecordID == l.A.ID || r.Object == "Lead" && slices.Contains([]string{r.Text("ConvertedContactId"), r.Text("ConvertedAccountId"), r.Text("ConvertedOpportunityId")}, l.A.ID) {
			return false
		}
	}
	for _, other := range c.links {
		if other.B == l.B && other.A != l.A || other.State == link.MovedTo && other.To == l.A {
			return false
		}
	}
	return true
}

// tale is what became of one side of a field, for a person who looks into a failure.
func (c *pairCheck) tale(x side) string {
	out := "\n        " + x.ref.String()
	for _, v := range x.past {
		out += fmt.Sprintf("\n          %s %q by %s", v.at.Format("15:04:05.000"), v.value, v.by)
	}
	for _, name := range x.names {
		for _, t := range c.trail[x.ref.String()+"/"+name] {
			out += fmt.Sprintf("\n          %s told: %s %q -> %q: %s, done %v", t.at.Format("15:04:05.000"), name, t.old, t.new, t.rule, t.done)
		}
	}
	return out
}

// same tells whether two values say the same.
func (r rule) same(x, y string) bool {
	switch r.kind {
	case "phone":
		return digits(x) == digits(y)
	case "domain":
		return host(x) == host(y)
	case "fold":
		return strings.EqualFold(x, y)
	case "number":
		return fraction(zero(x)).Cmp(fraction(zero(y))) == 0 && (x == "") == (y == "")
	case "day":
		return day(x) == day(y)
	case "stage":
		return stageOf(x) == stageOf(y)
	}
	return strings.TrimSpace(x) == strings.TrimSpace(y)
}

func digits(text string) string {
	out := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	return strings.TrimPrefix(out, "1")
}

func host(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "www.")
	text, _, _ = strings.Cut(text, "/")
	return text
}

// day is the day of a date, of a moment, or of milliseconds.
func day(text string) string {
	if n, ok := milliseconds(text); ok {
		return n.UTC().Format(time.DateOnly)
	}
	text, _, _ = strings.Cut(text, "T")
	return text
}

func milliseconds(text string) (time.Time, bool) {
	if len(text) != 13 || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, false
	}
	return time.UnixMilli(fraction(text).Num().Int64()), true
}

// stageOf is HubSpot's stage for either side's.
func stageOf(text string) string {
	switch text {
	case "Prospecting":
		return "appointmentscheduled"
	case "Qualification", "Needs Analysis":
		return "qualifiedtobuy"
	case "Value Proposition":
		return "presentationscheduled"
	case "Id. Decision Makers", "Perception Analysis":
		return "decisionmakerboughtin"
	case "Proposal/Price Quote", "Negotiation/Review":
		return "contractsent"
	case "Closed Won":
		return "closedwon"
	case "Closed Lost":
		return "closedlost"
	}
	return text
}

func blank(v string) bool { return strings.Trim(v, "\x1f") == "" }

// settled: at rest both sides say the same, or a rule or a question to a person is why not (C1, C10).
func (c *pairCheck) settled(l link.Link, r rule, a, b side, plain bool) {
	x, y := a.last(), b.last()
	if r.same(x.value, y.value) || l.Reason != nil || len(c.errors[l.A]) > 0 || len(c.errors[l.B]) > 0 || r.wins == winsOut || r.wins == winsIn {
		return
	}
	if partlyBlank(x.value, y.value) {
		return // a blank never clears
	}
	if r.mayDiffer(a, b, plain) {
		c.s.branch("each side keeps its own: " + r.wins)
		return
	}
	c.fail("C1 no lost update", "%s %v: %q at Salesforce (%s, %s), %q at HubSpot (%s, %s), %s wins, and nobody is told", l.A, r.a, x.value, x.by, x.at.Format(time.TimeOnly), y.value, y.by, y.at.Format(time.TimeOnly), r.wins)
}

// mayDiffer tells whether a document lets a field differ at rest. fill: both sides have somebody's value; or the records were put together
// anew by a merge or a conversion, where what each brought stays. A side that is written only where it is blank: the other one was changed
// after it, or it has our own writing and somebody changed the other since.
func (r rule) mayDiffer(a, b side, plain bool) bool {
	x, y := a.last(), b.last()
	switch r.wins {
	case winsFill:
		return !plain || (x.by != ours || a.brought(r, b)) && (y.by != ours || b.brought(r, a))
	case onlySalesforce:
		return y.by != ours && (x.by == ours || y.at.Add(nearly).After(x.at) || b.had(r, x, a))
	case onlyHubSpot:
		return x.by != ours && (y.by == ours || x.at.Add(nearly).After(y.at) || a.had(r, y, b))
	}
	return false
}

// brought tells whether a record still has what it was made with by us, which never stood at the other side: it was made for another record
// (the Lead of the same person), and what that one brought is somebody's.
func (s side) brought(r rule, other side) bool {
	return len(s.past) == 1 && !slices.ContainsFunc(other.past, func(w version) bool { return r.same(w.value, s.past[0].value) })
}

// had tells whether a value that stands at the other side came there by us, or came here by us: nobody changed it since.
func (s side) had(r rule, v version, other side) bool {
	byUs := func(w version) bool { return w.by == ours && r.same(w.value, v.value) }
	return slices.ContainsFunc(s.past, byUs) || slices.ContainsFunc(other.past, byUs)
}

// partlyBlank tells whether two values differ only where one of them is blank.
func partlyBlank(x, y string) bool {
	xs, ys := strings.Split(x, "\x1f"), strings.Split(y, "\x1f")
	for n := range max(len(xs), len(ys)) {
		if n < len(xs) && n < len(ys) && xs[n] != ys[n] && xs[n] != "" && ys[n] != "" {
			return false
		}
	}
	return true
}

// cleared: nothing of ours empties a field (C15): no document says that blanks clear. Part of a group goes with the rest of it where a
// person emptied it at the other side, before our write: whose stamp at Salesforce is a whole second, up to one before it happened.
func (c *pairCheck) cleared(x, y side) {
	for m, name := range x.names {
		mine, theirs := history(c.journalOf(x), x.record(), x.names[m:m+1]), history(c.journalOf(y), y.record(), y.names[m:m+1])
		for n := 1; n < len(mine); n++ {
			if mine[n].by == ours && mine[n].value == "" && mine[n-1].value != "" && !slices.ContainsFunc(theirs, func(v version) bool {
				return len(x.names) > 1 && v.by != ours && v.value == "" && v.at.Before(mine[n].at.Add(x.grain()))
			}) {
				c.fail("C15 absent is not empty", "%s %s was emptied by us; it was %q", x.ref, name, mine[n-1].value)
			}
		}
	}
}

func (s side) record() string { return s.ref.Object + "/" + s.ref.ID }

func (c *pairCheck) journalOf(s side) map[string][]version {
	if s.system == "salesforce" {
		return c.org
	}
	return c.p.journal.hub
}

// overwrites: whatever we wrote over somebody's value at x came from y, and it was y's to win (C1, C2, C3); or that value came
// between our read and our write (A13), which the audit trail shows by what it says we had read.
func (c *pairCheck) overwrites(r rule, x, y side) {
	for n := 1; n < len(x.past); n++ {
		w, e := x.past[n], x.past[n-1]
		if w.by != ours || e.by == ours || r.same(w.value, e.value) || blank(e.value) {
			continue
		}
		if c.inFlight(r, x, w, e) {
			c.s.branch("overwritten in flight")
			continue
		}
		if x.system == winsSalesforce && (r.wins == winsOut || r.wins == winsRestore) || x.system == winsHubSpot && r.wins == winsIn {
			c.fail("C14 protected", "%s %v was written from %s: %q over %q", x.ref, x.names, y.system, w.value, e.value)
			continue
		}
		if r.wins == winsFurthest { // whoever entered it, and when, counts nothing
			if slices.Index(stages, stageOf(w.value)) < slices.Index(stages, stageOf(e.value)) {
				c.fail("C13 never backwards", "%s %v went from %q to %q", x.ref, x.names, e.value, w.value)
			}
			c.s.branch("furthest")
			continue
		}
		o := c.origin(r, x, w, y)
		switch {
		case len(x.names) > 1 && (o < 0 || y.past[o].by == ours):
			c.parts(x, y, w, e, o < 0)
		case o < 0:
			c.fail("C3 no echo", "%s %v: we wrote %q over %q (%s), and nobody ever entered that at %s", x.ref, x.names, w.value, e.value, e.at.Format(time.TimeOnly), y.ref)
		case y.past[o].by == ours:
			c.fail("C3 no echo", "%s %v: we wrote %q over %q, which is our own write at %s", x.ref, x.names, w.value, e.value, y.ref)
		case !c.justified(r, x, e, y, y.past[o]):
			c.fail("C1 no lost update", "%s %v: %q of %s (%s) was overwritten at %s by %q of %s at %s, %s wins", x.ref, x.names, e.value, e.by, e.at.Format(time.TimeOnly), w.at.Format(time.TimeOnly),
				w.value, y.past[o].by, y.past[o].at.Format(time.TimeOnly), r.wins)
		default:
			c.s.hit("overwritten by rule: " + r.wins + " at " + x.system)
		}
	}
}

// parts judges a group of which a write of ours changed a part only: what had never been filled is left to the other side. mixed tells that
// y never had the whole of it: what was empty when we read it was filled before we wrote. The other parts are of one whole then, which a
// person left so at y, whichever part of it that person changed (A10).
func (c *pairCheck) parts(x, y side, w, e version, mixed bool) {
	now, was := strings.Split(w.value, "\x1f"), strings.Split(e.value, "\x1f")
	for m := range x.names {
		if now[m] == was[m] || was[m] == "" {
			continue
		}
		theirs := history(c.journalOf(y), y.record(), y.names[m:m+1])
		left := func(v version) bool { return v.by != ours && v.value == now[m] && v.at.Before(w.at.Add(x.grain())) }
		whole := func(v version) bool { v.value = strings.Split(v.value, "\x1f")[m]; return left(v) }
		if !slices.ContainsFunc(theirs, left) && !(mixed && slices.ContainsFunc(y.past, whole)) {
			c.fail("C3 no echo", "%s %s: we wrote %q over %q (%s), and nobody ever entered that at %s", x.ref, x.names[m], now[m], was[m], e.at.Format(time.TimeOnly), y.ref)
		}
	}
}

// origin is the newest version of y, up to a write, that says what the write says; -1 for none.
func (c *pairCheck) origin(r rule, x side, w version, y side) int {
	for n := len(y.past) - 1; n >= 0; n-- {
		if y.past[n].at.Before(w.at.Add(x.grain())) && r.same(y.past[n].value, w.value) {
			return n
		}
	}
	return -1
}

// inFlight tells whether the audit trail says that another value stood at x when we decided to write w: e came later.
func (c *pairCheck) inFlight(r rule, x side, w, e version) bool {
	now, was := strings.Split(w.value, "\x1f"), strings.Split(e.value, "\x1f")
	for m, name := range x.names {
		if m >= len(now) || m >= len(was) || now[m] == was[m] {
			continue
		}
		if t, ok := c.write(r, x, name, now[m], w.at); ok && !r.same(t.old, was[m]) {
			return true
		}
	}
	return false
}

// write is what the audit trail says of our newest write of a value, up to a moment.
func (c *pairCheck) write(r rule, x side, name, value string, at time.Time) (told, bool) {
	list := c.trail[x.ref.String()+"/"+name]
	for n := len(list) - 1; n >= 0; n-- {
		if list[n].at.Before(at.Add(x.grain())) && r.same(list[n].new, value) {
			return list[n], true
		}
	}
	return told{}, false
}

// unknown tells whether nobody was told how a write of ours had ended: whether it had taken could not be known.
func (c *pairCheck) unknown(r rule, x side, w version) bool {
	for m, v := range strings.Split(w.value, "\x1f") {
		if t, ok := c.write(r, x, x.names[m], v, w.at); ok && !t.done {
			return true
		}
	}
	return false
}

// nearly is how far apart two stamps may be and still say nothing about which is the later one.
const nearly = 3500 * time.Millisecond

// justified tells whether o, entered at y, may stand over e, entered at x.
func (c *pairCheck) justified(r rule, x side, e version, y side, o version) bool {
	if r.wins == winsRestore && y.system == winsSalesforce {
		return true // put back, whatever it is
	}
	carriedE := slices.ContainsFunc(y.past, func(v version) bool {
		return v.by == ours && v.at.Add(y.grain()).After(e.at) && v.at.Before(o.at.Add(y.grain())) && r.same(v.value, e.value)
	})
	oneWay := r.wins == winsIn || r.wins == winsOut // there a person who came to the same by chance carried nothing
	carried := slices.IndexFunc(x.past, func(v version) bool {
		return v.at.After(o.at) && v.at.Before(e.at) && r.same(v.value, o.value) && (v.by == ours || !oneWay)
	})
	switch {
	case carriedE:
		return true // entered over e by somebody who saw it
	case carried >= 0 && !c.unknown(r, x, x.past[carried]):
		return false // e was entered over it
	case c.unnoticed(r, x, e, y), len(x.names) > 1 && (c.meeting(r, x, e, y, o) || x.emptied(e)):
		return true
	case r.wins == y.system, r.wins == winsOut && y.system == winsSalesforce, r.wins == winsIn && y.system == winsHubSpot:
		return true
	case r.wins == onlySalesforce, r.wins == onlyHubSpot:
		return strings.HasPrefix(r.wins, y.system)
	case r.wins == winsFill: // unless both changes were there when the pair was looked at, which some seconds cannot hide
		return o.at.After(e.at.Add(nearly)) || c.notYetShown(r, x, e, y, o)
	case r.wins == winsNewest:
		return !o.at.Add(nearly).Before(e.at) || c.unclear(x, e, y, o)
	}
	return false
}

// notYetShown tells whether the audit trail says that e was settled beside what had stood at y before o, when o may not have been shown to
// anybody yet: Salesforce shows a change some seconds after its stamp (VisibleAfter), and a page that was read before travels with its task
// (A3). Whoever looks again then sees a change of y alone, as if it had been made after the look. That both stamps are older than the look
// proves nothing there, however far they are apart.
func (c *pairCheck) notYetShown(r rule, x side, e version, y side, o version) bool {
	at := slices.Index(y.past, o)
	if at < 0 || len(x.names) > 1 {
		return false
	}
	before := func(value string) bool {
		return slices.ContainsFunc(y.past[:at], func(v version) bool { return r.same(v.value, value) }) && !r.same(value, o.value)
	}
	inTime := func(t told) bool {
		return t.at.After(e.at) && t.at.Before(o.at.Add(c.blind()))
	}
	return slices.ContainsFunc(c.filled[x.ref.String()+"/"+x.names[0]], func(t told) bool { return inTime(t) && r.same(t.old, e.value) && before(t.new) }) ||
		slices.ContainsFunc(c.filled[y.ref.String()+"/"+y.names[0]], func(t told) bool { return inTime(t) && r.same(t.new, e.value) && before(t.old) })
}

// emptied tells whether a person did nothing to a group but empty parts of it: that loses to what the other side changed, whoever wins
// (blank: keep).
func (s side) emptied(e version) bool {
	at := slices.Index(s.past, e)
	if at < 1 {
		return false
	}
	now, was := strings.Split(e.value, "\x1f"), strings.Split(s.past[at-1].value, "\x1f")
	for n := range now {
		if now[n] != was[n] && now[n] != "" {
			return false
		}
	}
	return true
}

// unnoticed tells whether e set back what had stood at x before, while nothing of what stood between was ever carried: who looks before
// and after sees no change, and the vendor that keeps history is asked only where both sides changed.
func (c *pairCheck) unnoticed(r rule, x side, e version, y side) bool {
	at := slices.Index(x.past, e)
	for n := at - 2; n >= 0; n-- {
		if !r.same(x.past[n].value, e.value) {
			continue
		}
		return !slices.ContainsFunc(x.past[n+1:at], func(v version) bool {
			return slices.ContainsFunc(y.past, func(w version) bool { return w.by == ours && w.at.After(v.at) && r.same(w.value, v.value) })
		})
	}
	return false
}

// meeting tells whether two groups met for the first time, e with gaps that o fills: then o goes as one, whoever wins (A10).
func (c *pairCheck) meeting(r rule, x side, e version, y side, o version) bool {
	byUs := func(v version) bool { return v.by == ours && (v.at.Before(e.at) || v.at.Before(o.at)) }
	if slices.ContainsFunc(x.past, byUs) || slices.ContainsFunc(y.past, byUs) {
		return false
	}
	mine, theirs := strings.Split(e.value, "\x1f"), strings.Split(o.value, "\x1f")
	gaps := false
	for n := range mine {
		if mine[n] != "" && theirs[n] == "" {
			return false
		}
		gaps = gaps || mine[n] == "" && theirs[n] != ""
	}
	return gaps
}

// unclear tells whether Salesforce, which keeps one stamp a record and none a field, could not show which of two changes was the
// later one: the record was changed again since (A11).
func (c *pairCheck) unclear(x side, e version, y side, o version) bool {
	at := func(s side, v version) bool {
		for key, list := range c.org {
			if strings.HasPrefix(key, s.ref.Object+"/"+s.ref.ID+"/") && slices.ContainsFunc(list, func(w version) bool { return w.at.After(v.at) }) {
				return true
			}
		}
		return false
	}
	if y.system == "salesforce" {
		return at(y, o)
	}
	return at(x, e)
}

// grain is how much later than its stamp a change of this side may have been made: Salesforce's stamps are whole seconds.
func (s side) grain() time.Duration {
	if s.system == "salesforce" {
		return time.Second
	}
	return time.Millisecond
}
