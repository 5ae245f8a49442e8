package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// onceMore looks at everything again, which must come to write nothing.
func (p *pair) onceMore(ctx context.Context, a *actor, e *engine.Engine) []Problem {
	return p.s.fullRuns(ctx, a, e, p.watch(), func() { p.s.hit("a full run found something to write") })
}

// watch looks at what is written at either side.
func (p *pair) watch() watch {
	return p.s.watchBoth(func() (out []string) {
		for _, e := range p.org.ours() {
			out = append(out, fmt.Sprintf("%s %s %s %v", e.Kind, e.Object, e.ID, e.Fields))
		}
		return out
	}, "companies", "contacts", "deals")
}

// pairCheck is one look at both CRMs from outside: their records and journals, what is linked, held, and in the audit trail.
type pairCheck struct {
	s        *Sim
	p        *pair
	e        *engine.Engine
	ctx      context.Context
	problems []Problem

	links    []link.Link
	byA, byB map[record.Ref]link.Link
	errors   map[record.Ref][]string // categories of open sync errors
	trail    map[string][]told       // by target/field
	filled   map[string][]told       // likewise, what "fill" left as it was: old is the target's value, new what the other side's would be there
	org      map[string][]version
	away     map[string][]span             // of Salesforce's records
	newer    bool                          // the contacts\' newer version was taken into use
	hubs     map[string]hubspottest.Record // by object/id
	orgs     map[string]salesforcetest.Record
}

// told is what the audit trail says of one write.
type told struct {
	at       time.Time
	old, new string
	rule     string
	done     bool // the vendor's answer was known
}

// CheckPair judges both CRMs after calm.
func (s *Sim) CheckPair(ctx context.Context) []Problem {
	c := &pairCheck{s: s, p: s.pair, e: s.engine(s.newActor("outsider", slotOperator, 2000)), ctx: ctx, byA: map[record.Ref]link.Link{}, byB: map[record.Ref]link.Link{},
		errors: map[record.Ref][]string{}, trail: map[string][]told{}, filled: map[string][]told{}, hubs: map[string]hubspottest.Record{}, orgs: map[string]salesforcetest.Record{}}
	if err := c.look(); err != nil {
		return []Problem{{"why", err.Error()}}
	}
	c.once()
	c.complete()
	c.ends()
	for _, l := range c.links {
		if l.State == link.Linked {
			c.pair(l)
		}
	}
	c.forward()
	return c.problems
}

func (c *pairCheck) fail(id, format string, args ...any) {
	c.problems = append(c.problems, Problem{id, fmt.Sprintf(format, args...)})
}

// look reads everything that the checks compare.
func (c *pairCheck) look() error {
	for after := ""; ; {
		page, err := c.e.Links(c.ctx, engine.LinkQuery{After: after, Limit: engine.MaxLinks})
		if err != nil {
			return err
		}
		c.links = append(c.links, page.Links...)
		if after = page.Next; after == "" {
			break
		}
	}
	for _, l := range c.links {
		c.byA[l.A] = l
		if l.State == link.Linked {
			if other, ok := c.byB[l.B]; ok {
				c.fail("A1 one counterpart", "%s and %s are both linked to %s", other.A, l.A, l.B)
			}
			c.byB[l.B] = l
		}
	}
	heads, err := c.e.Heads(c.ctx)
	if err != nil {
		return err
	}
	for _, h := range heads {
		c.newer = c.newer || h.Running > 1
	}
	errs, err := c.e.Errors(c.ctx, "")
	if err != nil {
		return err
	}
	for _, x := range errs {
		c.errors[x.Ref] = append(c.errors[x.Ref], x.Category)
		c.countHeld(x)
	}
	c.org, c.away = c.p.orgJournal(), c.p.absences()
	for _, object := range []string{"companies", "contacts", "deals"} {
		for _, r := range c.s.HubSpot.Records(object) {
			c.hubs[object+"/"+r.ID] = r
		}
	}
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity"} {
		for _, r := range c.s.Salesforce.Everything(object) {
			c.orgs[object+"/"+r.ID] = r
		}
	}
	return c.readTrail()
}

// readTrail reads the audit trail, and counts the rules that decided.
func (c *pairCheck) readTrail() error {
	for after := ""; ; {
		lines, next, err := c.e.Audit(c.ctx, engine.AuditQuery{After: after})
		if err != nil {
			return err
		}
		for _, l := range lines {
			done := slices.ContainsFunc(l.Outcomes, func(o engine.EntryOutcome) bool { return o.Status == "done" })
			for _, f := range l.Fields {
				if strings.Contains(f.Rule, ": fill keeps") {
					c.filled[l.Target.String()+"/"+f.Field] = append(c.filled[l.Target.String()+"/"+f.Field], told{l.At, f.Old.Text(), f.New.Text(), f.Rule, done})
				}
				if f.Action == "write" {
					c.trail[l.Target.String()+"/"+f.Field] = append(c.trail[l.Target.String()+"/"+f.Field], told{l.At, f.Old.Text(), f.New.Text(), f.Rule, done})
				}
				if l.Kind != "create" {
					c.countBranch(l.Target.Connection, f)
				}
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

func alive(r hubspottest.Record) bool { return r.ID != "" && !r.Archived && r.MergedInto == "" }

// once: what we made is somebody's counterpart, a marker stands once, and nobody was made again who stood there (C5).
func (c *pairCheck) once() {
	type made struct {
		ref   record.Ref
		mark  string
		mail  string
		at    time.Time
		alive bool
	}
	var all []made
	for _, key := range sorted(c.hubs) {
		r := c.hubs[key]
		all = append(all, made{record.Ref{Connection: "hubspot", Object: r.Type, ID: r.ID}, r.Properties["crosswalk_key"], strings.ToLower(r.Properties["email"]), r.CreatedAt, alive(r)})
	}
	for _, key := range sorted(c.orgs) {
		r := c.orgs[key]
		all = append(all, made{record.Ref{Connection: "salesforce", Object: r.Object, ID: r.ID}, r.Text("crosswalk_key__c"), strings.ToLower(r.Text("Email")), r.Created, !r.Deleted})
	}
	marks := map[string]record.Ref{}
	for _, r := range all {
		if r.mark == "" || !r.alive {
			continue
		}
		key := r.ref.Connection + " " + r.ref.Object + " " + r.mark
		if other, ok := marks[key]; ok {
			c.fail("C5 no duplicate", "%s and %s bear one mark", other, r.ref)
		}
		marks[key] = r.ref
		_, isA := c.byA[r.ref]
		_, isB := c.byB[r.ref]
		if !isA && !isB && len(c.errors[r.ref]) == 0 {
			c.fail("C5 no duplicate", "%s was made by us and is nobody's counterpart: %s", r.ref, c.story(r.ref))
		}
		for _, o := range all {
			if o.alive && o.ref != r.ref && o.ref.Connection == r.ref.Connection && o.ref.Object == r.ref.Object && o.mail != "" && o.mail == c.bornWith(r.ref) && o.at.Add(c.blind()).Before(r.at) && c.bore(o.ref, r.at) && !c.wasAway(o.ref, r.at) {
				c.fail("C5 no duplicate", "%s was made by us for %s, who had been there as %s for %s", r.ref, o.mail, o.ref, r.at.Sub(o.at))
			}
		}
	}
}

// blind is how long a record may be there without anybody being able to see it.
func (c *pairCheck) blind() time.Duration {
	return c.s.lags.calculated + c.s.lags.stale + 3*time.Minute
}

// wasAway tells whether a record was not there at a moment, or had come back too shortly before.
func (c *pairCheck) wasAway(ref record.Ref, at time.Time) bool {
	return slices.ContainsFunc(c.away[ref.Object+"/"+ref.ID], func(s span) bool {
		return s.from.Before(at) && (s.to.IsZero() || s.to.Add(c.blind()).After(at))
	})
}

// mails are a record's e-mail addresses, oldest first.
func (c *pairCheck) mails(ref record.Ref) []version {
	if ref.Connection == "salesforce" {
		return c.org[ref.Object+"/"+ref.ID+"/Email"]
	}
	return c.p.journal.hub[ref.Object+"/"+ref.ID+"/email"]
}

// bornWith is the address that a record was made with.
func (c *pairCheck) bornWith(ref record.Ref) string {
	if list := c.mails(ref); len(list) > 0 {
		return strings.ToLower(list[0].value)
	}
	return ""
}

// bore tells whether a record had the e-mail address that it has now at a moment, and for some time.
func (c *pairCheck) bore(ref record.Ref, at time.Time) bool {
	list := c.mails(ref)
	return len(list) > 0 && list[len(list)-1].at.Add(c.blind()).Before(at)
}

// story is what the product says of a record.
func (c *pairCheck) story(ref record.Ref) string {
	var out []string
	xs, err := c.e.Why(c.ctx, ref)
	if err != nil {
		return err.Error()
	}
	for _, x := range xs {
		text := fmt.Sprintf("%s %s-%s", x.Link.State, x.Link.A, x.Link.B)
		if x.Link.Reason != nil {
			text += " " + x.Link.Reason.Category + ": " + x.Link.Reason.Text
		}
		out = append(out, text)
	}
	return fmt.Sprint(out, c.errors[ref])
}

// complete: every record that may cross has a counterpart, or stands among what a person must mend (C1).
func (c *pairCheck) complete() {
	for _, key := range sorted(c.hubs) {
		r := c.hubs[key]
		ref := record.Ref{Connection: "hubspot", Object: r.Type, ID: r.ID}
		if !alive(r) || r.Type == "contacts" && (r.Properties["email"] == "" || r.Properties["lastname"] == "") {
			continue
		}
		if _, ok := c.byB[ref]; !ok && len(c.errors[ref]) == 0 && !c.candidate(ref) {
			c.fail("C1 no lost record", "%s (%s) has no counterpart, and nobody is told why: %s", ref, r.Properties["email"]+r.Properties["dealname"]+r.Properties["name"], c.story(ref))
		}
	}
	for _, key := range sorted(c.orgs) {
		r := c.orgs[key]
		ref := record.Ref{Connection: "salesforce", Object: r.Object, ID: r.ID}
		if r.Deleted || r.Text("IsConverted") == "true" || (r.Object == "Contact" || r.Object == "Lead") && r.Text("Email") == "" {
			continue
		}
		if l := c.byA[ref]; l.State != link.Linked && l.State != link.Alias && len(c.errors[ref]) == 0 && !c.candidate(ref) {
			c.fail("C1 no lost record", "%s has no counterpart, and nobody is told why: %s", ref, c.story(ref))
		}
	}
}

// candidate tells whether a person is asked about a record as one of several.
func (c *pairCheck) candidate(ref record.Ref) bool {
	return slices.ContainsFunc(c.links, func(l link.Link) bool { return l.Reason != nil && slices.Contains(l.Reason.Candidates, ref) })
}

// ends: both records of a pair are there, or the link says what became of them (C16, C17).
func (c *pairCheck) ends() {
	for _, l := range c.links {
		if l.State == link.Claimed {
			c.fail("C6 ambiguous outcome", "the create for %s was left under way", l.A)
		}
		if l.State != link.Linked || l.Reason != nil {
			continue
		}
		if r := c.orgs[l.A.Object+"/"+l.A.ID]; r.ID == "" || r.MasterRecordID != "" {
			c.fail("C16 merge", "%s is linked, and is gone or merged into %q", l.A, r.MasterRecordID)
		}
		if r := c.hubs[l.B.Object+"/"+l.B.ID]; r.ID == "" || r.MergedInto != "" {
			c.fail("C16 merge", "%s is linked, and is gone or merged into %q", l.B, r.MergedInto)
		}
	}
}

// forward: what we wrote never took a lifecycle stage back (C13).
func (c *pairCheck) forward() {
	order := []string{"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist"}
	for _, key := range sorted(c.p.journal.hub) {
		if !strings.HasSuffix(key, "/lifecyclestage") {
			continue
		}
		list := c.p.journal.hub[key]
		for n := 1; n < len(list); n++ {
			if list[n].by == ours && slices.Index(order, list[n].value) < slices.Index(order, list[n-1].value) {
				c.fail("C13 never backwards", "%s went from %s to %s", key, list[n-1].value, list[n].value)
			}
		}
	}
}
