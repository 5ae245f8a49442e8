package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// onceMore looks at everything again, which must come to write nothing.
func (p *pad) onceMore(ctx context.Context, a *actor, e *engine.Engine) []Problem {
	look := p.s.watchBoth(func() (out []string) {
		for _, e := range p.s.SalesPad.Log() {
			out = append(out, fmt.Sprintf("%s %s %s %v", e.Did, e.Resource, e.Key, e.Fields))
		}
		return out
	}, padHubObjects...)
	return p.s.fullRuns(ctx, a, e, look, func() { p.s.branch("SalesPad: a full run found something to write") })
}

// leftOver tells whether a place was only reserved: its record was made by a worker that died before it said so, and a person deleted it before
// anybody looked for it, so that it was made anew. No system shows that there was one.
func (c *padCheck) leftOver(l link.Link) bool {
	r, _ := c.s.HubSpot.Record(l.A.Object, l.A.ID)
	return r.Archived && r.Properties["crosswalk_key"] != ""
}

// linesAnswered is when in calm a person looks after documents that wait for a line.
const linesAnswered = 2 * time.Hour

// answerLines is a person who looks at HubSpot for line items of which nobody knows whether they were made, finds none, and has them made: a
// document that waits for such a line is looked at each hour, and is not at rest before.
func (p *pad) answerLines(ctx context.Context, e *engine.Engine) error {
	errs, err := e.Errors(ctx, plan.Uncertain)
	if err != nil {
		return err
	}
	for _, x := range errs {
		if x.Ref.Object != "sales-document-lines" {
			continue
		}
		if _, err := e.Retry(ctx, x.Ref, "", "editor"); err != nil {
			return err
		}
		p.s.hit("SalesPad: a person has an uncertain line made")
	}
	return nil
}

var padHubObjects = []string{"companies", "contacts", "products", "deals", "line_items"}

// resources are SalesPad's names of what the connector calls objects.
var resources = map[string]string{"customers": "Customer", "customer-addresses": "CustomerAddr", "prospects": "Prospect", "prospect-contacts": "ProspectContact",
	"items": "ItemMaster", "sales-documents": "SalesDocument", "sales-document-lines": "SalesLineItem"}

// padCheck is one look at both from outside: their records and journals, what is linked, held, and in the audit trail.
type padCheck struct {
	s        *Sim
	p        *pad
	e        *engine.Engine
	ctx      context.Context
	problems []Problem
	outcome  Outcome

	links    []link.Link
	byA, byB map[record.Ref]link.Link // linked pairs
	errors   map[record.Ref][]string  // categories of open sync errors
	asked    map[record.Ref]bool      // candidates of a question
	lines    []engine.AuditLine       // for a person who looks into a seed
	joined   map[record.Ref]time.Time // when a pair was first spoken of, by either side
	hubs     map[string]hubspottest.Record
	erps     map[string]salespadtest.Record // by object/id, as the connector names them
	ours     map[string]time.Time           // what we made at SalesPad and did not delete, by object/id
}

// CheckPad judges both after calm.
func (s *Sim) CheckPad(ctx context.Context) ([]Problem, Outcome) {
	c := &padCheck{s: s, p: s.pad, e: s.engine(s.newActor("outsider", slotOperator, 2000)), ctx: ctx, byA: map[record.Ref]link.Link{}, byB: map[record.Ref]link.Link{},
		errors: map[record.Ref][]string{}, asked: map[record.Ref]bool{}, joined: map[record.Ref]time.Time{}, hubs: map[string]hubspottest.Record{}, erps: map[string]salespadtest.Record{}, ours: map[string]time.Time{}}
	if err := c.look(); err != nil {
		return []Problem{{"why", err.Error()}}, c.outcome
	}
	c.once()
	c.complete()
	c.ends()
	c.plainText()
	for _, l := range c.links {
		if l.State == link.Linked {
			c.pair(l)
		}
	}
	c.documents()
	return c.problems, c.outcome
}

func (c *padCheck) fail(id, format string, args ...any) {
	c.problems = append(c.problems, Problem{id, fmt.Sprintf(format, args...)})
}

// look reads everything that the checks compare. A place has one counterpart, and a record one place (A1).
func (c *padCheck) look() error {
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
		if l.Reason != nil {
			for _, ref := range l.Reason.Candidates {
				c.asked[ref] = true
			}
		}
		if l.State != link.Linked {
			continue
		}
		if other, ok := c.byA[l.A]; ok {
			c.fail("A1 one counterpart", "%s is linked to %s and to %s", l.A, other.B, l.B)
		}
		if other, ok := c.byB[l.B]; ok {
			if c.leftOver(l) {
				continue
			}
			if !c.leftOver(other) {
				c.fail("A1 one counterpart", "%s and %s are both linked to %s", other.A, l.A, l.B)
			}
		}
		c.byA[l.A], c.byB[l.B] = l, l
	}
	errs, err := c.e.Errors(c.ctx, "")
	if err != nil {
		return err
	}
	for _, x := range errs {
		c.errors[x.Ref] = append(c.errors[x.Ref], x.Category)
		c.s.branch("SalesPad: told to people: " + x.Category)
		if c.outcome.Held++; x.Category == plan.Uncertain || x.Category == plan.DuplicateMarker {
			c.outcome.Uncertain++
		}
	}
	for _, object := range padHubObjects {
		for _, r := range c.s.HubSpot.Records(object) {
			c.hubs[object+"/"+r.ID] = r
		}
	}
	objects := map[string]string{}
	for object, resource := range resources {
		objects[resource] = object
		for _, r := range c.s.SalesPad.All(resource) {
			c.erps[object+"/"+r.Key] = r
		}
	}
	for _, effect := range c.s.SalesPad.Log() {
		key := objects[effect.Resource] + "/" + effect.Key
		switch _, there := c.erps[key]; {
		case effect.Did == "create" && effect.By == salespadtest.UserName && there:
			c.ours[key] = effect.At
		case effect.Did == "create" || effect.Did == "delete": // a number that was given again is another record
			delete(c.ours, key)
		}
	}
	return c.readTrail()
}

// readTrail notes when pairs were first spoken of.
func (c *padCheck) readTrail() error {
	for after := ""; ; {
		lines, next, err := c.e.Audit(c.ctx, engine.AuditQuery{After: after})
		if err != nil {
			return err
		}
		for _, l := range lines {
			if c.s.Log != nil {
				c.lines = append(c.lines, l)
			}
			refs, paired := []record.Ref{l.Ref, l.Target}, !l.Target.IsZero()
			for _, o := range l.Outcomes {
				refs, paired = append(refs, o.Target), paired || !o.Target.IsZero()
			}
			for _, ref := range refs {
				if was, ok := c.joined[ref]; paired && (!ok || l.At.Before(was)) {
					c.joined[ref] = l.At
				}
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// story is what the product says of a record.
func (c *padCheck) story(ref record.Ref) string {
	var out []string
	for _, x := range c.why(ref) {
		text := fmt.Sprintf("%s %s-%s", x.Link.State, x.Link.A, x.Link.B)
		if x.Link.Reason != nil {
			text += " " + x.Link.Reason.Category + ": " + x.Link.Reason.Text
		}
		out = append(out, text)
	}
	return fmt.Sprint(out, c.errors[ref])
}

func (c *padCheck) why(ref record.Ref) []engine.Explanation {
	xs, err := c.e.Why(c.ctx, ref)
	if err != nil {
		c.fail("why", "%s: %v", ref, err)
	}
	return xs
}

// told tells whether a person is told, or asked, why a record is as it is.
func (c *padCheck) told(ref record.Ref) bool {
	if len(c.errors[ref]) > 0 || c.asked[ref] {
		return true
	}
	return slices.ContainsFunc(c.why(ref), func(x engine.Explanation) bool { return x.Link.State == link.Held || x.Link.State == link.Alias })
}

func portalRef(object, id string) record.Ref {
	return record.Ref{Connection: "hubspot", Object: object, ID: id}
}

// refOf splits object/id.
func refOf(connection, key string) record.Ref {
	object, id, _ := strings.Cut(key, "/")
	return record.Ref{Connection: connection, Object: object, ID: id}
}

// once: a mark stands once, and what we made is somebody's counterpart or a person's question: nobody is made twice, and of a customer
// that could not be made with its contacts nothing is left (C5, A2).
func (c *padCheck) once() {
	marks := map[string]string{}
	mark := func(what, key, value string) {
		if value == "" {
			return
		}
		if other := marks[what+" "+value]; other != "" {
			c.fail("C5 no duplicate", "%s and %s bear one mark", other, key)
		}
		marks[what+" "+value] = key
	}
	for _, key := range sorted(c.hubs) {
		r := c.hubs[key]
		if !alive(r) {
			continue
		}
		mark(r.Type, key, r.Properties["crosswalk_key"])
		ref := refOf("hubspot", key)
		_, isA := c.byA[ref]
		_, isB := c.byB[ref]
		if r.Properties["crosswalk_key"] != "" && !isA && !isB && !c.told(ref) && !(r.Type == "line_items" && c.ofWithdrawn(r)) {
			c.fail("C5 no duplicate", "%s was made by us and is nobody's counterpart: %s", ref, c.story(ref))
		}
	}
	for _, key := range sorted(c.erps) {
		r := c.erps[key]
		if r.Resource != "SalesDocument" && !c.shelved(r) { // documents have it of their customer: user fields of one name are copied along (salespad.md 5)
			mark(r.Resource, key, r.Fields["xCrosswalkKey"])
		}
		ref := refOf(salespadSystem, key)
		_, isB := c.byB[ref]
		if _, made := c.ours[key]; !made || isB || c.converted(r) || c.shelved(r) || c.told(ref) {
			continue
		}
		c.fail("C5 no duplicate", "%s was made by us and is nobody's counterpart: %s", ref, c.story(ref))
	}
}

// converted tells of a prospect, or of a contact of one, that it is a customer by now.
func (c *padCheck) converted(r salespadtest.Record) bool {
	switch r.Resource {
	case "Prospect":
		return r.Fields["Customer_Num"] != ""
	case "ProspectContact":
		return c.erps["prospects/"+r.Fields["Prospect_ID"]].Fields["Customer_Num"] != ""
	}
	return false
}

// shelved tells of a customer or prospect that it was taken back: it could not be deleted, was made inactive and bears no mark; and of its
// contacts.
func (c *padCheck) shelved(r salespadtest.Record) bool {
	switch r.Resource {
	case "CustomerAddr":
		r = c.erps["customers/"+r.Fields["Customer_Num"]]
	case "ProspectContact":
		r = c.erps["prospects/"+r.Fields["Prospect_ID"]]
	}
	if r.Fields["Inactive"] != "true" || r.Fields["xCrosswalkKey"] != "" {
		return false
	}
	c.s.branch("SalesPad: a customer was taken back by making it inactive")
	return true
}

// complete: every record that may cross has a counterpart, or a person is told why not (C1, C12, C19).
func (c *padCheck) complete() {
	for _, key := range sorted(c.hubs) {
		r, ref := c.hubs[key], refOf("hubspot", key)
		if !alive(r) || !c.crosses(r) {
			continue
		}
		if _, ok := c.byA[ref]; !ok && !c.told(ref) {
			c.fail("C1 no lost record", "%s (%s%s, %s) has no counterpart, and nobody is told why: %s", ref, r.Properties["name"], r.Properties["email"], r.Properties["type"], c.story(ref))
		}
	}
	for _, key := range sorted(c.erps) {
		r, ref := c.erps[key], refOf(salespadSystem, key)
		if !c.leaves(r) {
			continue
		}
		_, isA := c.byA[ref]
		_, isB := c.byB[ref]
		if !isA && !isB && !c.told(ref) {
			c.fail("C1 no lost record", "%s (%s%s%s) has no counterpart, and nobody is told why: %s", ref, r.Fields["Customer_Name"], r.Fields["Email"], r.Fields["Item_Number"], c.story(ref))
		}
	}
}

// crosses tells whether a record of HubSpot may come to SalesPad: companies of the types that are imported, and contacts of companies that
// are linked.
func (c *padCheck) crosses(r hubspottest.Record) bool {
	switch r.Type {
	case "companies":
		return slices.Contains([]string{"PARTNER", "RESELLER", "PROSPECT"}, r.Properties["type"])
	case "contacts":
		l, ok := c.byA[portalRef("companies", r.PrimaryCompany)]
		_, there := c.erps[l.B.Object+"/"+l.B.ID]
		return ok && there && alive(c.hubs["companies/"+r.PrimaryCompany])
	}
	return false
}

// leaves tells whether a record of SalesPad may come to HubSpot: customers and items that are active, and what of a linked customer has an
// e-mail address.
func (c *padCheck) leaves(r salespadtest.Record) bool {
	switch r.Resource {
	case "Customer", "ItemMaster":
		return r.Fields["Inactive"] != "true" && !c.ofAbsent(r)
	case "CustomerAddr":
		l, ok := c.byB[erpRef("customers", r.Fields["Customer_Num"])]
		return ok && r.Fields["Email"] != "" && alive(c.hubs["companies/"+l.A.ID]) && !c.ofAbsent(r)
	}
	return false
}

// ofAbsent tells of a customer, or an address, that it was a prospect, or a contact of one, whose counterpart lies in HubSpot's bin: that is
// its counterpart still, and finds it when it comes back (C17: nobody is made again for what was deleted).
func (c *padCheck) ofAbsent(r salespadtest.Record) bool {
	resource, key, _ := strings.Cut(c.p.former[r.Resource+"/"+r.Key], "/")
	object := map[string]string{"Prospect": "prospects", "ProspectContact": "prospect-contacts"}[resource]
	l, ok := c.byB[erpRef(object, key)]
	return ok && !alive(c.hubs[l.A.Object+"/"+l.A.ID])
}

// ends: no create is left under way, and a link leads to what is there: the customer, where a prospect was converted (C6, C16, C18).
func (c *padCheck) ends() {
	for _, l := range c.links {
		if l.State == link.Claimed && !c.withdrawn(l.A) {
			c.fail("C6 ambiguous outcome", "the create for %s was left under way", l.A)
		}
		if l.State != link.Linked || l.Reason != nil || l.A.Connection != "hubspot" {
			continue
		}
		key := l.B.Object + "/" + l.B.ID
		r, there := c.erps[key]
		if _, deleted := c.p.erased[resources[l.B.Object]+"/"+l.B.ID]; !there && !deleted {
			c.fail("C16 gone", "%s is linked to %s, which is not there and was deleted by nobody", l.A, l.B)
		}
		// What lies in HubSpot's bin is followed when it is restored: of a deletion whose event was lost nobody has heard before the next sweep, an hour later.
		if there && c.converted(r) && len(c.errors[l.A]) == 0 && alive(c.hubs[l.A.Object+"/"+l.A.ID]) {
			c.fail("C18 conversion", "%s is linked to %s, which became customer %s: %s", l.A, l.B, c.erps["prospects/"+strings.Split(l.B.ID, "|")[0]].Fields["Customer_Num"], c.story(l.A))
		}
		// Where the survivor lies in the bin there is nowhere to move the link to: it is followed when the survivor is restored. Of such a merge
		// whose events were lost nothing else tells: no list or search shows either company.
		if at := c.hubs[l.A.Object+"/"+l.A.ID]; at.MergedInto != "" && alive(c.survivor(at)) {
			c.fail("C16 merge", "%s is linked, and was merged into %s", l.A, at.MergedInto)
		}
	}
}

// survivor gives the record that a merged one is now, after all merges.
func (c *padCheck) survivor(r hubspottest.Record) hubspottest.Record {
	for r.MergedInto != "" {
		r = c.hubs[r.Type+"/"+r.MergedInto]
	}
	return r
}

// withdrawn tells of a line that its document was taken out of use while it was exported, or is a person's question: what was under way
// for it is given up, or waits with it.
func (c *padCheck) withdrawn(line record.Ref) bool {
	part := strings.Split(line.ID, "|")
	if line.Object != "sales-document-lines" || !c.stopped(part[0]+"|"+part[1]) {
		return false
	}
	c.s.branch("SalesPad: a document was taken out of use while it was exported")
	return true
}

func (c *padCheck) stopped(document string) bool {
	return c.erps["sales-documents/"+document].State != "Open" || len(c.errors[erpRef("sales-documents", document)]) > 0
}

// ofWithdrawn tells of a line item that it is of the deal of such a document.
func (c *padCheck) ofWithdrawn(r hubspottest.Record) bool {
	return slices.ContainsFunc(r.Associations["deals"], func(deal string) bool {
		l := c.byB[portalRef("deals", deal)]
		return c.stopped(l.A.ID)
	})
}

// plainText: nothing that GP pads its values with got anywhere.
func (c *padCheck) plainText() {
	for _, l := range c.links {
		for _, ref := range []record.Ref{l.A, l.B} {
			for part := range strings.SplitSeq(ref.ID, "|") {
				if strings.TrimSpace(part) != part {
					c.fail("padding", "%q is a padded key", ref)
				}
			}
		}
	}
	for _, key := range sorted(c.hubs) {
		for _, name := range sorted(c.hubs[key].Properties) {
			if v := c.hubs[key].Properties[name]; strings.TrimSpace(v) != v {
				c.fail("padding", "%s has %s %q", key, name, v)
			}
		}
	}
}
