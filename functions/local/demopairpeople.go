package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/web"
)

// People at both CRMs, after the set is live: edits of both sides, a lead that is converted, merges, new records. Each step waits until
// the other CRM shows what must come of it.

// within bounds the wait for something that people did to arrive at the other side.
const arrivesWithin = 40 * time.Second

func (p *pairRun) until(ctx context.Context, what string, yes func() bool) error {
	for end := time.Now().Add(arrivesWithin); !yes(); {
		if time.Now().After(end) {
			return fmt.Errorf("demo: %s: it does not arrive within %s", what, arrivesWithin)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
	fmt.Fprintf(p.out, "%s   %s\n", p.clock(), what)
	return nil
}

// people go on working at both sides.
func (p *pairRun) people(ctx context.Context) error {
	fmt.Fprintln(p.out, "people go on working:")
	hub, org := p.hubspot.User(), p.salesforce.Person()
	for _, step := range []func() error{
		func() error { return p.conflict(ctx) },
		func() error { // a lead is converted
			done, err := org.Convert(p.leads["017"], salesforcetest.Conversion{OpportunityName: "Converted order"})
			if err != nil {
				return err
			}
			return p.until(ctx, "a lead was converted: its HubSpot contact is the new contact's, with its company and its deal", func() bool {
				people := p.hubspot.Find("contacts", "email", "desk-017@"+domainOfFirm(8))
				deals := p.hubspot.Find("deals", "dealname", "Converted order")
				account, _ := p.salesforce.Get("Account", done.AccountID)
				return len(people) == 1 && len(deals) == 1 && people[0].PrimaryCompany != "" && deals[0].PrimaryCompany == people[0].PrimaryCompany &&
					len(p.hubspot.Find("companies", "name", account.Text("Name"))) == 1
			})
		},
		func() error { // a merge at HubSpot: the company that was entered twice
			id, err := hub.Merge("companies", p.companies["010"], p.companies["010b"])
			if err != nil {
				return err
			}
			if err := org.Update("Account", p.accounts["010"], map[string]any{"Description": "Merged at HubSpot"}); err != nil {
				return err
			}
			return p.until(ctx, "two companies were merged at HubSpot: the account goes on with the one that is left", func() bool {
				r, _ := p.hubspot.Record("companies", id)
				return r.Properties["description"] == "Merged at HubSpot"
			})
		},
		func() error { // a merge at Salesforce: the contact that was entered twice
			if err := org.Merge("Contact", p.contacts["020b"], map[string]any{}, p.contacts["020"]); err != nil {
				return err
			}
			if err := org.Update("Contact", p.contacts["020b"], map[string]any{"Title": "Merged at Salesforce"}); err != nil {
				return err
			}
			return p.until(ctx, "two contacts were merged at Salesforce: the HubSpot contact goes on with the one that is left", func() bool {
				r, _ := p.hubspot.Record("contacts", p.persons["020"])
				return r.Properties["jobtitle"] == "Merged at Salesforce"
			})
		},
		func() error { // new on each side
			account, err := org.Create("Account", map[string]any{"Name": "New at Salesforce Ltd", "Website": "new-at-salesforce.example"})
			if err != nil {
				return err
			}
			if _, err := org.Create("Contact", map[string]any{"LastName": "Desk new", "Email": "desk@new-at-salesforce.example", "AccountId": account}); err != nil {
				return err
			}
			company, err := hub.Create("companies", map[string]string{"name": "New at HubSpot Ltd", "domain": "new-at-hubspot.example"})
			if err != nil {
				return err
			}
			person, err := hub.Create("contacts", map[string]string{"lastname": "Desk new", "email": "desk@new-at-hubspot.example", "lifecyclestage": "customer"})
			if err != nil {
				return err
			}
			if err := hub.Associate("contacts", person, "companies", company); err != nil {
				return err
			}
			return p.until(ctx, "a company and a person were new on each side: they are there on the other, joined", func() bool {
				people := p.hubspot.Find("contacts", "email", "desk@new-at-salesforce.example")
				contacts := p.salesforce.Find("Contact", "Email", "desk@new-at-hubspot.example")
				return len(people) == 1 && people[0].PrimaryCompany != "" && len(contacts) == 1 && contacts[0].Text("AccountId") != ""
			})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// contest is one field that both sides changed while the mapping rested, and what must stand at both in the end.
type contest struct {
	person       string // of contacts
	account      string
	sf, hub      string // fields
	atSf, atHub  string // what each side wrote; Salesforce first, HubSpot seconds later
	ends, reason string
}

var contests = []contest{
	{person: "000", sf: "Title", hub: "jobtitle", atSf: "Written first", atHub: "Written later", ends: "Written later", reason: "Two-way: the later edit wins"},
	{person: "010", sf: "Salutation", hub: "salutation", atSf: "Dr.", atHub: "Prof.", ends: "Dr.", reason: "Prefer Salesforce unless blank"},
	{account: "000", sf: "Name", hub: "name", atSf: "Freight 000 Group", atHub: "Freight 000 Holding", ends: "Freight 000 Group", reason: "Prefer Salesforce unless blank"},
	{account: "002", sf: "Description", hub: "description", atSf: "Written first", atHub: "Written later", ends: "Written later", reason: "Two-way: the later edit wins"},
}

// conflict has both sides edited while the mappings are paused: different fields of one record, and one field on both.
func (p *pairRun) conflict(ctx context.Context) error {
	for _, name := range []string{"accounts", "contacts"} {
		if _, err := p.quietly(ctx, exitDone, "pause", name); err != nil {
			return err
		}
	}
	hub, org := p.hubspot.User(), p.salesforce.Person()
	errs := []error{org.Update("Contact", p.contacts["001"], map[string]any{"Title": "Changed at Salesforce"}), hub.Set("contacts", p.persons["001"], map[string]string{"phone": "+4573000001"})}
	for _, c := range contests {
		if c.person != "" {
			errs = append(errs, org.Update("Contact", p.contacts[c.person], map[string]any{c.sf: c.atSf}))
		} else {
			errs = append(errs, org.Update("Account", p.accounts[c.account], map[string]any{c.sf: c.atSf}))
		}
	}
	time.Sleep(2500 * time.Millisecond) // edits within two seconds are a tie
	for _, c := range contests {
		if c.person != "" {
			errs = append(errs, hub.Set("contacts", p.persons[c.person], map[string]string{c.hub: c.atHub}))
		} else {
			errs = append(errs, hub.Set("companies", p.companies[c.account], map[string]string{c.hub: c.atHub}))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, name := range []string{"accounts", "contacts"} {
		if _, err := p.quietly(ctx, exitDone, "resume", name); err != nil {
			return err
		}
	}
	if err := p.until(ctx, "different fields of one contact were changed on both sides: both survive", func() bool {
		sf, _ := p.salesforce.Get("Contact", p.contacts["001"])
		there, _ := p.hubspot.Record("contacts", p.persons["001"])
		return sf.Text("Phone") == "+4573000001" && there.Properties["jobtitle"] == "Changed at Salesforce"
	}); err != nil {
		why, _ := p.quietly(ctx, exitDone, "why", "salesforce:Contact/"+p.contacts["001"]) // explains err, where there is anything
		sf, _ := p.salesforce.Get("Contact", p.contacts["001"])
		there, _ := p.hubspot.Record("contacts", p.persons["001"])
		return fmt.Errorf("%w: phone %q at Salesforce, job title %q at HubSpot\n%s", err, sf.Text("Phone"), there.Properties["jobtitle"], why)
	}
	for _, c := range contests {
		sfObject, hubObject, sfID, hubID := "Contact", "contacts", p.contacts[c.person], p.persons[c.person]
		if c.account != "" {
			sfObject, hubObject, sfID, hubID = "Account", "companies", p.accounts[c.account], p.companies[c.account]
		}
		if err := p.until(ctx, fmt.Sprintf("%s was changed on both sides and ends as its rule says (%s): %s", c.hub, c.reason, c.ends), func() bool {
			sf, _ := p.salesforce.Get(sfObject, sfID)
			there, _ := p.hubspot.Record(hubObject, hubID)
			return sf.Text(c.sf) == c.ends && there.Properties[c.hub] == c.ends
		}); err != nil {
			return err
		}
		lost := c.atSf
		if c.ends == c.atSf {
			lost = c.atHub
		}
		if err := p.lost(ctx, "salesforce:"+sfObject+"/"+sfID, lost); err != nil {
			return err
		}
		p.res.Conflicts++
	}
	return nil
}

// lost wants the value that lost a conflict in the audit trail of its record.
func (p *pairRun) lost(ctx context.Context, ref, value string) error {
	for after := ""; ; {
		part, err := get[web.Audit](ctx, p.api, "/audit", "ref", ref, "after", after)
		if err != nil {
			return err
		}
		for _, entry := range part.Entries {
			if slices.ContainsFunc(entry.Fields, func(f web.Field) bool { return f.Conflict && f.Lost != nil && f.Lost.Text() == value }) {
				return nil
			}
		}
		if after = part.Next; after == "" {
			return fmt.Errorf("demo: the audit trail of %s does not have the value %q, which lost", ref, value)
		}
	}
}
