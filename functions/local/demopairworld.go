package main

import (
	"errors"
	"fmt"
	"strings"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/mapping"
)

// The two CRMs of make demo PAIR=hubspot-salesforce, as people have filled them: companies and people that stand in both, or in one
// of them; with different fields filled; some of them twice on one side. The same every time.

const (
	nativeDeal  = "hs_salesforceopportunityid" // what HubSpot's own connector leaves behind
	pairMarker  = "crosswalk_key__c"
	pairKeyName = "crosswalk_key"
)

// pairSize is how much stands in both CRMs. What people do later needs 60 firms, 2 people of each, and a deal of every second.
type pairSize struct{ firms, people, deals, activities int }

var demoSize = pairSize{firms: 300, people: 600, deals: 150, activities: 60}

// pairWorld is what was made where, by numbers of ours.
type pairWorld struct {
	*vendors
	size                                            pairSize
	accounts, contacts, leads, opportunities, tasks map[string]string // at Salesforce, by the keys that fill uses
	companies, persons, deals, activities           map[string]string // at HubSpot
	errs                                            []error
}

func (w *pairWorld) hub(at map[string]string, key, object string, fields map[string]string) string {
	id, err := w.hubspot.User().Create(object, fields)
	w.errs = append(w.errs, err)
	at[key] = id
	return id
}

func (w *pairWorld) sf(at map[string]string, key, object string, fields map[string]any) string {
	id, err := w.salesforce.Person().Create(object, fields)
	w.errs = append(w.errs, err)
	at[key] = id
	return id
}

func (w *pairWorld) join(fromType, from, toType, to string) {
	if from != "" && to != "" {
		w.errs = append(w.errs, w.hubspot.User().Associate(fromType, from, toType, to))
	}
}

// prepare makes what an administrator makes once: the fields that mark our creates, and those that a native connector left.
func (w *pairWorld) prepare() {
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity", "Activity", "Task", "Event"} {
		f := salesforcetest.ExternalID(pairMarker, 64)
		f.Unique = true
		func() {
			defer func() { _ = recover() }() // an org without the object
			w.salesforce.AddField(object, f)
		}()
	}
	w.errs = append(w.errs, w.hubspot.User().Define("deals", nativeDeal, "string", "text"))
}

// fill puts everything into both.
func (w *pairWorld) fill() error {
	for _, m := range []*map[string]string{&w.accounts, &w.contacts, &w.leads, &w.opportunities, &w.tasks, &w.companies, &w.persons, &w.deals, &w.activities} {
		*m = map[string]string{}
	}
	w.prepare()
	for n := range w.size.firms {
		w.firm(n)
	}
	for n := range w.size.people {
		w.person(n)
	}
	for n := range w.size.deals {
		w.deal(n)
	}
	for n := range w.size.activities {
		w.activity(n)
	}
	w.twice()
	return errors.Join(w.errs...)
}

func key(n int) string { return fmt.Sprintf("%03d", n) }

func domainOfFirm(n int) string { return fmt.Sprintf("firm-%03d.example", n) }

// inSalesforce and inHubSpot say where a firm stands: six of ten in both, two in one of them.
func firmInSalesforce(n int) bool { return n%10 < 8 }
func firmInHubSpot(n int) bool    { return n%10 < 6 || n%10 >= 8 }

func (w *pairWorld) firm(n int) {
	trade := []string{"Freight", "Instruments", "Textiles", "Energy", "Foods"}[n%5]
	name := fmt.Sprintf("%s %03d Ltd", trade, n)
	if firmInSalesforce(n) {
		f := map[string]any{"Name": name, "Website": "https://www." + domainOfFirm(n)}
		if n%2 == 0 {
			f["Phone"], f["Industry"] = fmt.Sprintf("+4570%06d", n), "Energy"
		}
		if n%3 == 0 {
			f["BillingStreet"], f["BillingCity"], f["BillingPostalCode"], f["BillingCountry"] = fmt.Sprintf("Harbour Road %d", n+1), "Aarhus", "8000", "Denmark"
		}
		w.sf(w.accounts, key(n), "Account", f)
	}
	if firmInHubSpot(n) {
		f := map[string]string{"name": name, "domain": domainOfFirm(n)}
		if n%2 == 1 {
			f["phone"] = fmt.Sprintf("+4571%06d", n)
		}
		if n%4 == 0 {
			f["description"], f["numberofemployees"] = "Customer since long ago", fmt.Sprint(10+n)
		}
		if n%7 == 0 {
			f["name"] = name + " (HubSpot)" // both sides have one: the first meeting goes by the rule
		}
		w.hub(w.companies, key(n), "companies", f)
	}
}

// person: half of them stand in both, the others in one, as contact or as lead.
func (w *pairWorld) person(n int) {
	firm := n / 2 % w.size.firms
	mail := fmt.Sprintf("desk-%03d@%s", n, domainOfFirm(firm))
	first, last := []string{"Front", "Buying", "Service", "Accounts"}[n%4], fmt.Sprintf("Desk %03d", n)
	switch kind := n % 10; {
	case kind <= 6:
		f := map[string]any{"FirstName": first, "LastName": last, "Email": mail}
		if id := w.accounts[key(firm)]; id != "" {
			f["AccountId"] = id
		}
		if n%2 == 0 {
			f["Title"] = "Head of desk"
		}
		w.sf(w.contacts, key(n), "Contact", f)
	case kind == 7:
		w.sf(w.leads, key(n), "Lead", map[string]any{"FirstName": first, "LastName": last, "Email": mail, "Company": fmt.Sprintf("Prospect %03d", n), "Status": "Open - Not Contacted"})
	}
	f := map[string]string{"firstname": first, "lastname": last, "email": strings.ToUpper(mail[:1]) + mail[1:]}
	switch n % 10 {
	case 5, 6, 7:
		if n%50 != 47 {
			return
		}
	case 8:
		f["lifecyclestage"] = "customer"
	case 9:
		f["lifecyclestage"] = []string{"subscriber", "marketingqualifiedlead"}[n/10%2]
		f["company"] = fmt.Sprintf("Prospect %03d", n)
	}
	if n%3 == 0 {
		f["phone"], f["city"] = fmt.Sprintf("+4572%06d", n), "Odense"
	}
	if n%8 == 0 {
		f["jobtitle"] = "Buyer"
	}
	w.hub(w.persons, key(n), "contacts", f)
	w.join("contacts", w.persons[key(n)], "companies", w.companies[key(firm)])
}

// deal: a third stands in both, as HubSpot's own connector had joined them; a third in each alone.
func (w *pairWorld) deal(n int) {
	firm := n * 2 % w.size.firms
	name := fmt.Sprintf("Order %03d", n)
	people := []int{firm * 2, firm*2 + 1}
	if n%3 != 2 {
		id := w.sf(w.opportunities, key(n), "Opportunity", map[string]any{"Name": name, "StageName": []string{"Prospecting", "Closed Won", "Negotiation/Review"}[n%3], "CloseDate": fmt.Sprintf("2026-%02d-15", 1+n%12),
			"Amount": fmt.Sprint(1000 + n*10), "AccountId": w.accounts[key(firm)]})
		for _, p := range people[:1+n%2] {
			if c := w.contacts[key(p)]; c != "" {
				_, err := w.salesforce.Person().Create("OpportunityContactRole", map[string]any{"OpportunityId": id, "ContactId": c})
				w.errs = append(w.errs, err)
			}
		}
	}
	if n%3 != 1 {
		f := map[string]string{"dealname": name, "dealstage": hubspottest.OpenStage, "pipeline": hubspottest.DefaultPipeline, "closedate": fmt.Sprintf("2026-%02d-15T00:00:00Z", 1+n%12), "amount": fmt.Sprint(1000 + n*10)}
		if n%3 == 0 {
			f[nativeDeal] = w.opportunities[key(n)]
			f["hs_next_step"] = "Call them"
		}
		id := w.hub(w.deals, key(n), "deals", f)
		w.join("deals", id, "companies", w.companies[key(firm)])
		w.join("deals", id, "contacts", w.persons[key(people[0])])
	}
}

// activity: what people did, each on one side.
func (w *pairWorld) activity(n int) {
	person := n * 10 // stands in both
	day := fmt.Sprintf("2026-%02d-%02d", 1+n%9, 1+n%28)
	task := map[string]any{"Subject": fmt.Sprintf("Prepare visit %03d", n), "Status": "Not Started", "Priority": "Normal", "ActivityDate": day, "WhoId": w.contacts[key(person)], "TaskSubtype": "Task"}
	if o := w.opportunities[key(n)]; o != "" {
		task["WhatId"] = o
	}
	w.sf(w.tasks, "task"+key(n), "Task", task)
	if n%2 == 0 {
		w.sf(w.tasks, "call"+key(n), "Task", map[string]any{"Subject": fmt.Sprintf("Call %03d", n), "Status": "Completed", "Priority": "Normal", "ActivityDate": day, "WhoId": w.contacts[key(person)], "TaskSubtype": "Call", "CallType": "Outbound", "CallDurationInSeconds": 60 + n})
	}
	at := day + "T09:00:00Z"
	for _, a := range []struct {
		object string
		every  int
		fields map[string]string
	}{
		{"tasks", 2, withoutBlanks("hs_task_subject", fmt.Sprintf("Send offer %03d", n), "hs_timestamp", at, "hs_task_status", "NOT_STARTED", "hs_task_priority", "HIGH")},
		{"calls", 3, withoutBlanks("hs_call_title", fmt.Sprintf("Talk %03d", n), "hs_timestamp", at, "hs_call_status", "COMPLETED", "hs_call_direction", "INBOUND", "hs_call_duration", "90000", "hs_call_body", "<p>They agree.</p>")},
		{"notes", 3, withoutBlanks("hs_note_body", fmt.Sprintf("<p>Note %03d</p>", n), "hs_timestamp", at)},
	} {
		if n%a.every == 0 {
			id := w.hub(w.activities, a.object+key(n), a.object, a.fields)
			w.join(a.object, id, "contacts", w.persons[key(person)])
		}
	}
}

// twice are records that one side has two of, and those whose domain says nothing.
func (w *pairWorld) twice() {
	for _, n := range []int{10, 20, 30} {
		w.hub(w.companies, key(n)+"b", "companies", map[string]string{"name": fmt.Sprintf("Freight %03d, entered again", n), "domain": domainOfFirm(n)})
	}
	for _, n := range []int{40, 50} {
		w.sf(w.accounts, key(n)+"b", "Account", map[string]any{"Name": fmt.Sprintf("Freight %03d, entered again", n), "Website": domainOfFirm(n)})
	}
	for _, n := range []int{20, 40, 60} {
		w.sf(w.contacts, key(n)+"b", "Contact", map[string]any{"FirstName": "Second", "LastName": fmt.Sprintf("Entry %03d", n), "Email": fmt.Sprintf("desk-%03d@%s", n, domainOfFirm(n/2))})
	}
	w.sf(w.accounts, "mail", "Account", map[string]any{"Name": "Sole trader of Aarhus", "Website": "https://gmail.com"})
	w.hub(w.companies, "mail", "companies", map[string]string{"name": "Sole trader of Odense", "domain": "gmail.com"})
}

// pairDocuments are the presets of the set, unedited, in no order.
func pairDocuments() []string {
	var out []string
	for _, p := range mapping.PresetSet("hubspot-salesforce") {
		switch strings.TrimPrefix(p.Name, "hubspot-salesforce/") {
		case "accounts", "contacts", "leads", "opportunities", "tasks", "calls", "notes":
			out = append(out, string(p.YAML))
		}
	}
	return out
}
