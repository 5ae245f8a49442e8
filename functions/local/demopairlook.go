package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/web"
)

// The outsider of the two CRMs: it reads both, knows what the presets say of fields, and asks Crosswalk only which records it has
// joined.

// pairObjects are what is looked at: an object of Salesforce and one of HubSpot, with the fields of both that belong together, and
// how a value of Salesforce is written at HubSpot.
var pairObjects = []struct {
	mapping, sf, hub string
	fields           []pairField
}{
	{"accounts", "Account", "companies", []pairField{{"Name", "name", nil}, {"Website", "domain", hostOf}, {"Phone", "phone", nil}, {"Industry", "industry", named("Energy", "OIL_ENERGY")},
		{"NumberOfEmployees", "numberofemployees", nil}, {"Description", "description", nil}, {"BillingStreet", "address", nil}, {"BillingCity", "city", nil}, {"BillingPostalCode", "zip", nil}, {"BillingCountry", "country", nil}}},
	{"contacts", "Contact", "contacts", []pairField{{"FirstName", "firstname", nil}, {"LastName", "lastname", nil}, {"Email", "email", strings.ToLower}, {"Title", "jobtitle", nil}, {"Phone", "phone", nil},
		{"Salutation", "salutation", nil}, {"MailingCity", "city", nil}}},
	{"leads", "Lead", "contacts", []pairField{{"FirstName", "firstname", nil}, {"LastName", "lastname", nil}, {"Email", "email", strings.ToLower}, {"Company", "company", nil},
		{"Phone", "phone", nil}, {"Title", "jobtitle", nil}, {"City", "city", nil}}},
	{"opportunities", "Opportunity", "deals", []pairField{{"Name", "dealname", nil}, {"Amount", "amount", plainNumber}, {"CloseDate", "closedate", dayOf}, {"NextStep", "hs_next_step", nil},
		{"StageName", "dealstage", named("Prospecting", "appointmentscheduled", "Closed Won", "closedwon", "Negotiation/Review", "contractsent", "Proposal/Price Quote", "contractsent")}}},
	{"tasks", "Task", "tasks", []pairField{{"Subject", "hs_task_subject", nil}, {"ActivityDate", "hs_timestamp", dayOf}, {"Priority", "hs_task_priority", named("High", "HIGH", "Normal", "MEDIUM", "Low", "LOW")}}},
	{"calls", "Task", "calls", []pairField{{"Subject", "hs_call_title", nil}, {"CallType", "hs_call_direction", strings.ToUpper}}},
	{"notes", "Task", "notes", []pairField{{"Description", "hs_note_body", textOf}}},
}

type pairField struct {
	sf, hub string
	form    func(string) string // both values in the form in which they are compared
}

func hostOf(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://"), "www.")
	host, _, _ := strings.Cut(text, "/")
	return host
}

func named(pairs ...string) func(string) string {
	return func(text string) string {
		for n := 0; n+1 < len(pairs); n += 2 {
			if pairs[n] == text {
				return pairs[n+1]
			}
		}
		return text
	}
}

func dayOf(text string) string { return text[:min(10, len(text))] }

func plainNumber(text string) string {
	if n, ok := rat(text); ok {
		return n.RatString()
	}
	return text
}

func textOf(html string) string {
	return strings.TrimSpace(strings.NewReplacer("<p>", "", "</p>", "").Replace(html))
}

// snapshot is what both CRMs hold in the fields that are mapped, by ref.
type snapshot map[string]map[string]string

// look reads both.
func (w *pairWorld) look() snapshot {
	out := snapshot{}
	seen := map[string]bool{}
	for _, o := range pairObjects {
		if !seen["hub "+o.hub] {
			for _, r := range w.hubspot.Records(o.hub) {
				if !r.Archived && r.MergedInto == "" {
					out["hubspot:"+o.hub+"/"+r.ID] = hubFields(o.hub, r)
				}
			}
		}
		if !seen["sf "+o.sf] {
			for _, r := range w.salesforce.All(o.sf) {
				if o.sf == "Lead" && text(r, "IsConverted") == "true" {
					continue // it has become a contact
				}
				f := map[string]string{}
				for _, name := range sfFields(o.sf) {
					f[name] = text(r, name)
				}
				out["salesforce:"+o.sf+"/"+r.ID] = f
			}
		}
		seen["hub "+o.hub], seen["sf "+o.sf] = true, true
	}
	roles := map[string][]string{}
	for _, r := range w.salesforce.All("OpportunityContactRole") {
		roles[r.Text("OpportunityId")] = append(roles[r.Text("OpportunityId")], r.Text("ContactId"))
	}
	for id, people := range roles {
		if f := out["salesforce:Opportunity/"+id]; f != nil {
			slices.Sort(people)
			f["people"] = strings.Join(people, ";")
		}
	}
	return out
}

func hubFields(object string, r hubspottest.Record) map[string]string {
	f := map[string]string{}
	for _, o := range pairObjects {
		for _, field := range o.fields {
			if o.hub == object {
				f[field.hub] = r.Properties[field.hub]
			}
		}
	}
	switch object {
	case "contacts":
		f["company of"], f["lifecyclestage"] = r.PrimaryCompany, r.Properties["lifecyclestage"]
	case "deals":
		f["company of"], f["people"] = r.PrimaryCompany, strings.Join(r.Associations["contacts"], ";")
	case "tasks", "calls", "notes":
		f["people"] = strings.Join(r.Associations["contacts"], ";")
	}
	return f
}

func sfFields(object string) []string {
	out := map[string][]string{"Contact": {"AccountId"}, "Opportunity": {"AccountId"}, "Task": {"WhoId", "WhatId"}}[object]
	for _, o := range pairObjects {
		for _, field := range o.fields {
			if o.sf == object && !slices.Contains(out, field.sf) {
				out = append(out, field.sf)
			}
		}
	}
	return out
}

func (s snapshot) sizes(system string) string {
	n := map[string]int{}
	for ref := range s {
		of, rest, _ := strings.Cut(ref, ":")
		object, _, _ := strings.Cut(rest, "/")
		if of == system {
			n[object]++
		}
	}
	return counts(n)
}

// writing is what was made and changed: by ref of what was there, by number of what was not.
type writing struct {
	changed map[string]bool
	created map[string]int // by system and object
}

func (w writing) total() int { return w.of("created") + w.of("changed") }

func (w writing) of(what string) int {
	if what == "changed" {
		return len(w.changed)
	}
	n := 0
	for _, made := range w.created {
		n += made
	}
	return n
}

func (w writing) equal(v writing) bool {
	return maps.Equal(w.changed, v.changed) && maps.Equal(w.created, v.created)
}

func objectOf(ref string) string {
	object, _, _ := strings.Cut(ref, "/")
	return object
}

// beside is planned and made as a table.
func (w writing) beside(made writing) [][]string {
	rows := [][]string{{"OBJECT", "PLANNED: MADE", "CHANGED", "FOUND: MADE", "CHANGED"}}
	per := func(v writing) map[string][2]int {
		out := map[string][2]int{}
		for object, n := range v.created {
			out[object] = [2]int{n, out[object][1]}
		}
		for ref := range v.changed {
			at := out[objectOf(ref)]
			out[objectOf(ref)] = [2]int{at[0], at[1] + 1}
		}
		return out
	}
	planned, found := per(w), per(made)
	all := maps.Clone(planned)
	maps.Copy(all, found)
	for _, object := range slices.Sorted(maps.Keys(all)) {
		p, f := planned[object], found[object]
		rows = append(rows, []string{object, fmt.Sprint(p[0]), fmt.Sprint(p[1]), fmt.Sprint(f[0]), fmt.Sprint(f[1])})
	}
	return rows
}

// differences names the first few that are in one and not in the other.
func (w writing) differences(made writing) string {
	var out []string
	for ref := range w.changed {
		if !made.changed[ref] {
			out = append(out, "planned and not changed: "+ref)
		}
	}
	for ref := range made.changed {
		if !w.changed[ref] {
			out = append(out, "changed and not planned: "+ref)
		}
	}
	slices.Sort(out)
	return strings.Join(out[:min(len(out), 20)], "\n")
}

// changed is what differs between two looks.
func (s snapshot) changed(now snapshot) writing {
	w := writing{map[string]bool{}, map[string]int{}}
	for ref, f := range now {
		was, there := s[ref]
		switch {
		case !there:
			w.created[objectOf(ref)]++
		case !maps.Equal(was, f):
			w.changed[ref] = true
		}
	}
	return w
}

func (w writing) String() string {
	return fmt.Sprintf("%d made, %d changed", w.of("created"), len(w.changed))
}

// writesOf is what a plan says it makes and changes.
func (p *pairRun) writesOf(ctx context.Context, plan web.Plan) (writing, error) {
	w := writing{map[string]bool{}, map[string]int{}}
	for from := 0; ; {
		page, err := get[web.Rows](ctx, p.api, "/plans/"+plan.ID+"/rows", "from", fmt.Sprint(from), "limit", "500")
		if err != nil {
			return w, err
		}
		for _, r := range page.Rows {
			switch writes := slices.ContainsFunc(r.Fields, func(f web.Field) bool { return f.Action == "write" }); {
			case r.Needed:
			case r.Kind == "create":
				w.created[otherObject(r.Mapping, r.Ref.String())]++
			case (r.Kind == "update" || r.Kind == "link") && writes:
				w.changed[r.Target] = true
			}
		}
		if page.Next == 0 {
			return w, nil
		}
		from = page.Next
	}
}

// otherObject is where a record is made by a mapping.
func otherObject(mapping, ref string) string {
	if mapping == "contacts-to-leads" {
		return "salesforce:Lead"
	}
	for _, o := range pairObjects {
		switch {
		case o.mapping != mapping:
		case strings.HasPrefix(ref, "salesforce:"):
			return "hubspot:" + o.hub
		default:
			return "salesforce:" + o.sf
		}
	}
	return mapping
}

// counter counts the calls that write, as the CRMs see them.
type counter struct {
	v     *vendors
	mu    sync.Mutex
	n     int
	calls []string
}

func countWrites(v *vendors) *counter {
	c := &counter{v: v}
	v.hubspot.SetFault(func(r *http.Request, body []byte) *hubspottest.Fault {
		path := r.URL.Path
		if r.Method != http.MethodGet && strings.Contains(path, "/crm/") && !strings.HasSuffix(path, "/search") && !strings.HasSuffix(path, "/read") && !strings.Contains(path, "/properties") && string(body) != `{"inputs":[]}` {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.n++
			c.calls = append(c.calls, r.Method+" "+path+" "+string(body[:min(len(body), 300)]))
		}
		return nil
	})
	return c
}

// total is HubSpot's writing calls and Salesforce's written rows.
func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	for _, e := range c.v.salesforce.Log() {
		if e.Call != "" {
			n++
		}
	}
	return n
}

// lately are the last writes.
func (c *counter) lately() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.calls[max(0, len(c.calls)-5):])
	log := c.v.salesforce.Log()
	for _, e := range log[max(0, len(log)-5):] {
		out = append(out, e.Call+" "+e.Change.String())
	}
	return out
}

func (c *counter) latelyIf(n int) []string {
	if n == 0 {
		return nil
	}
	return c.lately()
}

// pairs are the records that Crosswalk has joined, by ref of Salesforce's.
func (p *pairRun) pairs(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for after := ""; ; {
		page, err := get[web.Links](ctx, p.api, "/links", "state", "linked", "limit", "500", "after", after)
		if err != nil {
			return nil, err
		}
		for _, l := range page.Links {
			out[l.Ref] = l.Target
		}
		if after = page.Next; after == "" {
			return out, nil
		}
	}
}

func idOf(ref string) string {
	_, id, _ := strings.Cut(ref, "/")
	return id
}

func differ(f pairField, sf, hub string) bool {
	if f.form != nil {
		sf, hub = f.form(sf), f.form(hub)
	}
	return sf != hub
}

func fieldsOff(want, got map[string]string) string {
	var out []string
	all := maps.Clone(got)
	maps.Copy(all, want)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if want[name] != got[name] {
			out = append(out, fmt.Sprintf("%s was %q and is %q", name, want[name], got[name]))
		}
	}
	return strings.Join(out, ", ")
}
