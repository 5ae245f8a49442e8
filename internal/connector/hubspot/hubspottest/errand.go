package hubspottest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// errand is something the portal does by itself a little after a write: companies made from e-mail domains,
// workflows, HubSpot's own Salesforce sync. It is done, dated as due, before the next call or look at the portal.
type errand struct {
	due time.Time
	do  func()
}

// after puts an errand off.
func (s *Sim) after(lag time.Duration, do func()) {
	s.errands = append(s.errands, errand{due: time.Now().Add(lag), do: do})
}

// runErrands does what is due, oldest first; an errand may cause others.
func (s *Sim) runErrands() {
	for {
		i := -1
		for n, e := range s.errands {
			if !e.due.After(time.Now()) && (i < 0 || e.due.Before(s.errands[i].due)) {
				i = n
			}
		}
		if i < 0 {
			return
		}
		e := s.errands[i]
		s.errands = slices.Delete(s.errands, i, i+1)
		s.clock = e.due
		e.do()
		s.clock = time.Time{}
	}
}

// moment is the clock, which during an errand stands at when it was due.
func (s *Sim) moment() time.Time {
	if !s.clock.IsZero() {
		return s.clock
	}
	return time.Now()
}

// Workflow is an automation of the portal: it is shown what a write changed and the record as it is then, and gives
// what it sets, nil for nothing. It must not use the portal.
type Workflow func(object string, changed, record map[string]string) map[string]string

// SetWorkflow installs an automation that acts lag after each write of somebody else; nil takes it away. Its own
// writes bear the source AUTOMATION_PLATFORM and start nothing.
func (s *Sim) SetWorkflow(lag time.Duration, w Workflow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workflow, s.workflowLag = w, lag
}

// automations starts what a write sets off.
func (s *Sim) automations(r *record, changed map[string]string, by actor) {
	if s.silent || by.own || len(changed) == 0 {
		return
	}
	if w := s.workflow; w != nil {
		changed := maps.Clone(changed)
		s.after(s.workflowLag, func() {
			if !r.visible() || r.archived {
				return
			}
			set := w(r.kind.name, changed, maps.Clone(r.props))
			maps.DeleteFunc(set, func(name, v string) bool { return r.props[name] == v })
			s.automate(r, set, actor{source: "AUTOMATION_PLATFORM", sourceID: "enrollmentId:1;actionExecutionIndex:0", label: "Workflow", own: true})
		})
	}
	if _, ok := changed["email"]; ok && s.cfg.AutoCompanies && r.kind.name == "contacts" {
		s.after(s.cfg.AutoCompanyLag, func() { s.autoCompany(r) })
	}
	s.nativeSync(r, changed)
}

// automate writes values that rules allow; what they refuse, an automation fails to set, as the vendor's do.
func (s *Sim) automate(r *record, set map[string]string, by actor) {
	if len(set) == 0 {
		return
	}
	if d, e := s.prepare(r.kind, r, set, by, false, nil); e == nil {
		s.commit(d)
	}
}

// freeMail are domains that make no company (the vendor keeps a longer list).
var freeMail = []string{"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "aol.com", "gmx.de", "web.de", "proton.me"}

// autoCompany makes or finds the company of a contact's e-mail domain and associates it (section 14).
func (s *Sim) autoCompany(r *record) {
	_, domain, ok := strings.Cut(r.props["email"], "@")
	companies := s.kind("companies")
	if !ok || slices.Contains(freeMail, domain) || r.archived || !r.visible() || len(s.linked(r, companies)) > 0 {
		return
	}
	by := actor{source: "CONTACTS", sourceID: "AUTO_COMPANY", label: "CONTACTS", own: true}
	var company *record
	for _, id := range companies.order {
		if c := companies.records[id]; c.visible() && !c.archived && c.props["domain"] == domain {
			company = c
			break
		}
	}
	if company == nil {
		d, e := s.prepare(companies, nil, map[string]string{"name": domain, "domain": domain}, by, false, nil)
		if e != nil {
			return
		}
		company = s.commit(d)
	}
	s.link(r, company, []int{s.types.plain(r.kind, companies).id}, by)
}

// CreateMany makes records that all show the same time, as an import does: their modified stamps are equal.
func (a Actor) CreateMany(objectType string, rows []map[string]string) (ids []string, err error) {
	defer a.lock()()
	s := a.s
	k := s.kind(objectType)
	if k == nil {
		return nil, unknownType(objectType)
	}
	if s.stamp.IsZero() {
		s.stamp = s.now()
		defer func() { s.stamp = time.Time{} }()
	}
	for i, row := range rows {
		d, e := s.prepare(k, nil, row, a.by, false, nil)
		if e != nil {
			return ids, fmt.Errorf("row %d: %w", i+1, e)
		}
		ids = append(ids, s.commit(d).text())
	}
	return ids, nil
}

// Touch gives many records a value in one moment: their modified stamps are equal afterwards.
func (a Actor) Touch(objectType string, ids []string, set map[string]string) error {
	defer a.lock()()
	s := a.s
	if s.stamp.IsZero() {
		s.stamp = s.now()
		defer func() { s.stamp = time.Time{} }()
	}
	for _, id := range ids {
		r, err := a.find(objectType, id)
		if err != nil {
			return err
		}
		d, e := s.prepare(r.kind, r, set, a.by, false, nil)
		if e != nil {
			return e
		}
		s.commit(d)
	}
	return nil
}

// MarketingContacts counts the live contacts that are marketing contacts, which the customer pays for.
func (s *Sim) MarketingContacts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	n := 0
	for _, r := range s.kind("contacts").records {
		if r.visible() && !r.archived && r.props["hs_marketable_status"] == "true" {
			n++
		}
	}
	return n
}
