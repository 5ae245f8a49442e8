package main

import (
	"context"
	"fmt"
	"strings"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/mapping"
)

// salesforceSource is the simulated org.
type salesforceSource struct{ *vendors }

// The mappings of Salesforce in the order of a demonstration.
var (
	salesforceParts     = []string{"accounts-to-customers", "product2-to-products"}
	salesforceDocuments = []string{"opportunities-to-contracts", "opportunities-to-invoices"}
)

func (salesforceSource) name() string   { return "salesforce" }
func (salesforceSource) vendor() string { return "Salesforce" }
func (salesforceSource) mappings() (parts, makers []string) {
	return salesforceParts, salesforceDocuments
}
func (s salesforceSource) calls() int  { return s.salesforce.Calls()["total"] }
func (s salesforceSource) resetCalls() { s.salesforce.ResetCalls() }

// salesforceEdits are what an editor changes in the presets for an org that keeps VAT number, billing e-mail and how often a
// line is billed in fields of its own, as the sample does: by name of the preset, pairs of old and new.
var salesforceEdits = map[string][]string{
	"salesforce-light/accounts-to-customers": {
		"  # - { a: VAT_Number__c, b: vatNumber, compare: vat }", "  - { a: VAT_Number__c, b: vatNumber, compare: vat }",
		"  # - { a: Billing_Email__c, b: email, compare: case_insensitive }", "  - { a: Billing_Email__c, b: email, compare: case_insensitive }",
		"  # - { a: VAT_Number__c, b: vatNumber, transform:", "  - { a: VAT_Number__c, b: vatNumber, transform:",
		"  # - { a: Billing_Email__c, b: email, transform:", "  - { a: Billing_Email__c, b: email, transform:"},
	"salesforce-light/product2-to-products": {
		"  # - { a: Billing_Frequency__c, b: billingRecurrence,", "  - { a: Billing_Frequency__c, b: billingRecurrence,",
		"  - { b: billingRecurrence, static: ONE_TIME, create_only: true }\n", ""},
	"salesforce-light/opportunities-to-invoices": {
		"  recurring: any", "  recurring: no",
		"  # recurrence: { a: Billing_Frequency__c, once: [ One-time ] }", "  recurrence: { a: Billing_Frequency__c, once: [ One-time ] }"},
	"salesforce-light/opportunities-to-contracts": {"recurrence: { a: ~,", "recurrence: { a: Billing_Frequency__c,"},
}

// folderEdits are those for a folder: its first day, and what is billed where an opportunity has no line. It has no contracts.
var folderEdits = map[string][]string{
	"salesforce-light/accounts-to-customers":     nil,
	"salesforce-light/product2-to-products":      nil,
	"salesforce-light/opportunities-to-invoices": {"since: " + sampleSince, "since: " + folderSince, "default_product: ~", "default_product: " + folderProduct},
}

func (salesforceSource) documents() ([]string, error) {
	return salesforceTexts(salesforceEdits)
}

// salesforceTexts are the presets that an editor changes or leaves as they are (nil), with the changes.
func salesforceTexts(edits map[string][]string) ([]string, error) {
	var out []string
	for _, p := range mapping.PresetSet("salesforce-light") {
		pairs, wanted := edits[p.Name]
		if !wanted {
			continue
		}
		text, err := edited(string(p.YAML), pairs...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		out = append(out, text)
	}
	return out, nil
}

// pilots of the sample are opportunities whose documents are an invoice and a contract; of a folder won ones with a line, each
// of another account, and none for contracts: nothing recurs there, and that mapping is not applied.
func (s salesforceSource) pilots(folder bool) map[string][]string {
	ref := func(id string) string { return "salesforce:Opportunity/" + id }
	if !folder {
		return map[string][]string{"opportunities-to-invoices": {ref(s.salesforce.SampleID("opportunities/several"))},
			"opportunities-to-contracts": {ref(s.salesforce.SampleID("opportunities/recurring"))}}
	}
	var out []string
	seen := map[string]bool{}
	for _, o := range s.salesforce.All("Opportunity") {
		account := o.Text("AccountId")
		if o.Text("StageName") != "Closed Won" || account == "" || seen[account] || o.Values["HasOpportunityLineItem"] != true || len(seen) == mostPilots {
			continue
		}
		seen[account] = true
		out = append(out, ref(o.ID))
	}
	return map[string][]string{"opportunities-to-invoices": out}
}

// won knows the won stage of a new org. Amounts are read as the org holds them, lines by their opportunity.
func (s salesforceSource) won() ([]sale, error) {
	lines := map[string][]map[string]string{}
	for _, l := range s.salesforce.All("OpportunityLineItem") {
		of := l.Text("OpportunityId")
		lines[of] = append(lines[of], map[string]string{"price": text(l, "UnitPrice"), "quantity": text(l, "Quantity"), "hs_discount_percentage": text(l, "Discount")})
	}
	var out []sale
	for _, o := range s.salesforce.All("Opportunity") {
		if o.Text("StageName") != "Closed Won" {
			continue
		}
		out = append(out, sale{id: o.ID, ref: "salesforce:Opportunity/" + o.ID, name: o.Text("Name"), currency: o.Text("CurrencyIsoCode"), amount: text(o, "Amount"),
			closed: o.Text("CloseDate"), customer: o.Text("AccountId"), lines: lines[o.ID]})
	}
	return out, nil
}

// text is a value as text, numbers too.
func text(r salesforcetest.Record, field string) string {
	if v := r.Values[field]; v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// writes counts the calls that changed something in the org: parts of a composite call have a route of their own.
func (s salesforceSource) writes() int {
	n := 0
	for call, times := range s.salesforce.Calls() {
		method, path, ok := strings.Cut(strings.TrimPrefix(call, "composite "), " ")
		if ok && method != "GET" && !strings.Contains(path, "oauth2") && !strings.HasSuffix(path, "/composite") {
			n += times
		}
	}
	return n
}

func (s salesforceSource) load(ctx context.Context, folder string) ([]string, string, error) {
	if err := loadOrg(ctx, s.vendors, folder); err != nil {
		return nil, "", err
	}
	documents, err := salesforceTexts(folderEdits)
	return documents, folderSince, err
}
