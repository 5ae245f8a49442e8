package salesforce_test

import (
	"fmt"
	"slices"
	"testing"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// TestRulesOfTheOrg: what is active for the objects asked about is named, with the right that shows it and without, and nothing is written.
func TestRulesOfTheOrg(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, _ := connected(sim, func(c *salesforce.Config) { c.Custom = []string{"Site__c"} })
	sim.AddObject(salesforcetest.Object{Name: "Site__c"})
	nothing := func(salesforcetest.Saving) map[string]any { return nil }
	for _, v := range []salesforcetest.Validation{{Object: "Account", Name: "Needs_phone", Message: "Give a phone number"}, {Object: "Account", Name: "Old_rule", Message: "No more", Off: true}, {Object: "Opportunity", Name: "Other", Message: "Not asked about"}} {
		v.Fails = func(salesforcetest.Saving) bool { return false }
		sim.AddValidation(v)
	}
	sim.AddTrigger("Site__c", nothing)
	sim.AddAutomation("Contact", nothing)
	sim.AddDuplicateRule(salesforcetest.DuplicateRule{Object: "Contact", Fields: []string{"Email"}})
	sim.SetAssignment("Lead", sim.PersonID())
	objects := []string{"Lead", "Contact", "Account", "Site__c", "Account"}
	said := func() (rules []string, hidden []connector.Refusal) {
		found, hidden, err := c.Rules(t.Context(), objects)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			rules = append(rules, fmt.Sprintf("%s|%s|%s|%s|%s", r.Object, r.Kind, r.Name, r.Message, r.On))
		}
		return rules, hidden
	}
	flow, assigns := "Contact|flow|Contact After Save 1||create and update", "Lead|assignment rule|Standard||create and update"
	rules, hidden := said()
	if want := []string{flow, assigns}; !slices.Equal(rules, want) {
		t.Errorf("without the right: %q, want %q", rules, want)
	}
	if want := []connector.Refusal{{What: "read validation rules", Grant: "the right View Setup and Configuration"}, {What: "read triggers", Grant: "the right View Setup and Configuration"}, {What: "read duplicate rules", Grant: "the right View Setup and Configuration"}}; !slices.Equal(hidden, want) {
		t.Errorf("hidden: %q, want %q", hidden, want)
	}
	sim.SetViewSetup(true)
	rules, hidden = said()
	if want := []string{"Account|validation rule|Needs_phone|Give a phone number|", "Contact|duplicate rule|Standard Contact Duplicate Rule||", flow, assigns,
		"Site__c|trigger|SiteTrigger1||create and update"}; !slices.Equal(rules, want) || len(hidden) > 0 {
		t.Errorf("with the right: %q, want %q; hidden %q", rules, want, hidden)
	}
	if n := len(sim.Log()); n != 0 {
		t.Errorf("%d writes", n)
	}
}
