package engine

import (
	"fmt"
	"slices"
	"strings"
)

// Load is what a first load of one direction comes to, before anything is linked by other means than the match rules: as far
// as totals and samples tell. A preview (crosswalk preview MAPPING) decides record by record and replaces it.
type Load struct {
	Mapping string
	To      string // connection
	Object  string
	Source  int  // records it comes from; -1 where the system does not tell
	Creates int  // at most; -1 where nothing is known
	Matched int  // of the sampled, how many find a counterpart among the sampled
	Exact   bool // both sides were read whole: Creates is what their keys say
	MB      int  // storage at most, where the system counts it
	Calls   int  // about, reading and writing
	SetsOff []string
}

// landing is what becomes of records that are made in an object: how they are counted, and what they set off there. The figures
// are those of the fact sheets (salesforce.md 4.1, 7, 11, 15; hubspot.md 4, 14).
type landing struct {
	kb      int // storage of one record; 0: the system sells none by the record
	batch   int // records a call writes
	page    int // records a call reads
	setsOff []string
}

var (
	atSalesforce = []string{"record-triggered flows, workflow rules and Apex triggers of the object", "duplicate rules that alert or block"}
	atHubSpot    = []string{"workflows whose enrolment triggers the records meet"}
)

var landings = map[string]landing{
	"Account":     {2, 1000, 2000, append(slices.Clip(atSalesforce), "account assignment: territory rules, where the connection says auto_assign: true")},
	"Contact":     {2, 1000, 2000, atSalesforce},
	"Lead":        {2, 1000, 2000, append(slices.Clip(atSalesforce), "lead assignment rules and auto-response rules, where the connection says auto_assign: true")},
	"Opportunity": {2, 1000, 2000, atSalesforce},
	"Task":        {2, 1000, 2000, append(slices.Clip(atSalesforce), "reminders and e-mails to owners, where the org sends them")},
	"Event":       {2, 1000, 2000, append(slices.Clip(atSalesforce), "invitations, where the org sends them")},
	"Product2":    {2, 1000, 2000, atSalesforce},
	"Campaign":    {2, 1000, 2000, atSalesforce},
	"contacts":    {0, 100, 200, append(slices.Clip(atHubSpot), "companies made and associated by e-mail domain, where the portal does that", "marketing contacts, where the portal's setting for integrations makes new contacts marketing ones: they are billed", "the lifecycle stage that the portal gives new contacts")},
	"companies":   {0, 100, 200, append(slices.Clip(atHubSpot), "the lifecycle stage that the portal gives new companies")},
	"deals":       {0, 100, 200, append(slices.Clip(atHubSpot), "lifecycle stages of associated contacts and companies: an open deal makes opportunities, a won one customers")},
	"tasks":       {0, 100, 200, append(slices.Clip(atHubSpot), "reminders to owners")},
	"meetings":    {0, 100, 200, atHubSpot},
	"calls":       {0, 100, 200, atHubSpot},
	"emails":      {0, 100, 200, atHubSpot},
	"notes":       {0, 100, 200, atHubSpot},
}

// activities take storage out of proportion: there are many for each person.
var activities = []string{"Task", "Event"}

// loads forecasts the first load of each direction that creates.
func (p *preflight) loads(a *Active, envs map[string]planEnv) {
	for _, w := range ways(a) {
		from, to := p.samples[w.source()], p.samples[w.target()]
		if w.m.AToB.Create.When == "never" || from == nil || from.err != nil || from.total == 0 {
			continue
		}
		into, known := landings[w.m.B.Object]
		if !known {
			into = landing{page: 200, batch: 100}
		}
		l := Load{Mapping: a.Name, To: w.to, Object: w.m.B.Object, Source: from.total, Creates: from.total, SetsOff: append([]string{}, p.ruled[w.to].setsOff(w.m.B.Object)...)}
		if to != nil && to.err == nil {
			l.Matched = p.matchedIn(w, envs[w.from], from, to)
			if l.Exact = from.whole && to.whole && w.m.AToB.Create.Filter == ""; from.whole && to.whole {
				l.Creates -= l.Matched
			}
		}
		if l.Creates >= 0 {
			l.MB = (l.Creates*into.kb + 1023) / 1024
			l.Calls = calls(l.Source, pageOf(w.m.A.Object)) + calls(max(l.Source, 0), into.page) + calls(l.Creates, into.batch)
		}
		p.out.Loads = append(p.out.Loads, l)
		p.sayLoad(a, l, from)
	}
}

func pageOf(object string) int {
	if l, ok := landings[object]; ok {
		return l.page
	}
	return 200
}

func calls(records, each int) int {
	if records <= 0 {
		return 0
	}
	return (records + each - 1) / each
}

// counted writes a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

func (p *preflight) sayLoad(a *Active, l Load, from *sample) {
	if l.Creates < 0 {
		p.add("warn", a.Name, fmt.Sprintf("a first load to %s/%s: %s does not tell how many %s there are, more than %s", l.To, l.Object, from.at.connection, from.at.object, count(len(from.records))), "the mapping's editor", "crosswalk preview "+a.Name+" --save counts them")
		return
	}
	bound := "at most "
	if l.Exact {
		bound = ""
	}
	text := fmt.Sprintf("a first load to %s/%s creates %s%s in about %s", l.To, l.Object, bound, counted(l.Creates, "record"), counted(l.Calls, "call"))
	if l.MB > 0 {
		text += fmt.Sprintf(" and takes %s%s MB of its storage (2 KB a record)", bound, count(l.MB))
	}
	if len(l.SetsOff) > 0 && l.Creates > 0 {
		text += "; it may set off " + strings.Join(l.SetsOff, "; ")
	}
	severity, fix := "ok", ""
	if l.Creates > 0 {
		severity, fix = "warn", "look at them one by one: crosswalk preview "+a.Name+" --save; agree with the administrator of "+l.To+" on what is switched off meanwhile"
		if slices.Contains(activities, l.Object) {
			fix = "carry only the kinds that people read (meetings, sales e-mails): a filter under create; " + fix
		}
	}
	p.add(severity, a.Name, text, "the mapping's editor", fix)
}

// matchedIn counts the source's sampled records that a rule finds among the target's.
func (p *preflight) matchedIn(w way, env planEnv, from, to *sample) int {
	found := map[string]bool{}
	for _, r := range w.m.Match {
		there := map[string]bool{}
		for n := range to.records {
			if key := p.Tools.Canonical(r.Compare, to.records[n].Field(r.B).Text()); key != "" {
				there[key] = true
			}
		}
		for n := range from.records {
			rec := &from.records[n]
			key := p.Tools.Canonical(r.Compare, p.matchText(r, rec, env))
			if key != "" && there[key] {
				found[rec.Ref.ID] = true
			}
		}
	}
	return len(found)
}
