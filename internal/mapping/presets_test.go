package mapping_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"crosswalk/internal/mapping"
)

// frequency is the field that the Salesforce presets ask for.
const frequency = "Billing_Frequency__c"

// presets are those of a set; what the contract preset of Salesforce asks for is filled in.
func presets(t *testing.T, set string) []*mapping.Mapping {
	t.Helper()
	var all []*mapping.Mapping
	for _, p := range mapping.PresetSet(set) {
		m, err := mapping.Load(bytes.Replace(p.YAML, []byte("recurrence: { a: ~,"), []byte("recurrence: { a: "+frequency+","), 1), language())
		if err != nil {
			t.Fatalf("%s:\n%v", p.Name, err)
		}
		all = append(all, m)
	}
	return all
}

func TestPresetsPassUnedited(t *testing.T) {
	for set, from := range map[string]mapping.Schema{"hubspot-light": hubspot(), "salesforce-light": salesforce()} {
		var all []*mapping.Mapping
		for _, m := range presets(t, set) {
			if m.Name != "opportunities-to-contracts" { // asks for a field first: see below
				all = append(all, m)
			}
			problems, resolved := mapping.Validate(m, language(), from, light())
			if len(problems) > 0 {
				t.Errorf("%s against the sample accounts:\n%v", m.Name, problems)
			}
			t.Logf("%s resolved %v", m.Name, resolved)
		}
		if got := mapping.CheckSet(all); len(got) > 0 {
			t.Errorf("together: %v", got)
		}
	}
}

// Salesforce has no field that says whether a line recurs: the contract preset is refused until one is named, and together
// with it the invoice preset must leave to it what recurs.
func TestContractsOfSalesforceAskWhatRecurs(t *testing.T) {
	for _, p := range mapping.PresetSet("salesforce-light") {
		_, err := mapping.Load(p.YAML, language())
		var problems mapping.Problems
		switch {
		case p.Name != "salesforce-light/opportunities-to-contracts" && err != nil:
			t.Errorf("%s: %v", p.Name, err)
		case p.Name == "salesforce-light/opportunities-to-contracts" && (!errors.As(err, &problems) || len(problems) != 1 ||
			problems[0].Field != "lines.recurrence.a" || !strings.Contains(problems[0].Fix, "OpportunityLineItem that says how often a line is billed")):
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	got := mapping.CheckSet(presets(t, "salesforce-light"))
	if len(got) != 1 || got[0].Field != "document.recurring" || !strings.Contains(got[0].Fix, "recurring: no") {
		t.Errorf("both, and the invoices take everything: %v", got)
	}
}

// Where an account counts in several currencies a document must say which one it is in.
func TestCurrencyOfAnOrgWithSeveral(t *testing.T) {
	several := salesforce()
	several.Currencies = []string{"USD", "EUR"}
	for _, m := range presets(t, "salesforce-light") {
		problems, _ := mapping.Validate(m, language(), several, light())
		if m.Document != nil && !strings.Contains(fmt.Sprint(problems), `Opportunity has no field "CurrencyIsoCode"`) {
			t.Errorf("%s: the field is not there and that is fine: %v", m.Name, problems)
		}
		if m.Document == nil {
			continue
		}
		m.Document.Currency = ""
		problems, _ = mapping.Validate(m, language(), several, light())
		if !strings.Contains(fmt.Sprint(problems), "counts in USD, EUR") {
			t.Errorf("%s: no currency is named and that is fine: %v", m.Name, problems)
		}
	}
}

func TestPresetsAreThoseOfTheIssues(t *testing.T) {
	want := []string{"hubspot-light/companies-to-customers", "hubspot-light/deals-to-contracts", "hubspot-light/deals-to-invoices", "hubspot-light/products-to-products",
		"hubspot-salesforce/accounts", "hubspot-salesforce/calls", "hubspot-salesforce/campaigns", "hubspot-salesforce/contacts",
		"hubspot-salesforce/emails", "hubspot-salesforce/form-submissions", "hubspot-salesforce/lead-campaigns", "hubspot-salesforce/leads", "hubspot-salesforce/meetings", "hubspot-salesforce/notes", "hubspot-salesforce/opportunities",
		"hubspot-salesforce/products", "hubspot-salesforce/tasks",
		"hubspot-salespad/addresses", "hubspot-salespad/customers", "hubspot-salespad/document-lines", "hubspot-salespad/documents", "hubspot-salespad/items", "hubspot-salespad/prospect-contacts", "hubspot-salespad/prospects",
		"salesforce-light/accounts-to-customers", "salesforce-light/opportunities-to-contracts", "salesforce-light/opportunities-to-invoices", "salesforce-light/product2-to-products"}
	for i, p := range mapping.Presets() {
		if i >= len(want) {
			if strings.Count(p.Name, "/") != 2 {
				t.Errorf("preset %d is %s", i, p.Name)
			}
			continue
		}
		if p.Name != want[i] {
			t.Fatalf("preset %d is %s, want %v", i, p.Name, want)
		}
		if p.Title == "" || p.Description == "" {
			t.Errorf("%s has no title or description", p.Name)
		}
	}
}

// Opening, publishing, e-mailing and e-invoicing are asked for by people only.
func TestPresetsDoNothingAfterTheDraft(t *testing.T) {
	for _, m := range append(presets(t, "hubspot-light"), presets(t, "salesforce-light")...) {
		if len(m.After) > 0 || len(m.WriteBack) > 0 {
			t.Errorf("%s does %v", m.Name, m.After)
		}
	}
}

func TestPresetsResolveNamesAsPeopleSeeThem(t *testing.T) {
	for _, m := range presets(t, "hubspot-light") {
		if m.Name != "deals-to-invoices" {
			continue
		}
		_, resolved := mapping.Validate(m, language(), hubspot(), light())
		var lines []string
		for _, r := range resolved {
			lines = append(lines, r.String())
		}
		got := strings.Join(lines, "\n")
		for _, want := range []string{
			"won stage is closedwon (Sales Pipeline: Closed won)", "won stage is 48817 (Renewals: Won)", "fields[1].static: DE01 is entity-1 (Sample Industries GmbH)"} {
			if !strings.Contains(got, want) {
				t.Errorf("resolved lacks %q:\n%s", want, got)
			}
		}
	}
}
