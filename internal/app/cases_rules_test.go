package app

import (
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
)

// What an org refuses and does by itself is named before the first write, per object, where its user is shown it (PB-65, PB-135, PB-136).

// busyOrg has rules on contacts and a flow on accounts; none of them refuses anything here.
func busyOrg(sim *salesforcetest.Sim) {
	sim.AddValidation(salesforcetest.Validation{Object: "Contact", Name: "Title_needed", Message: "Say what they do", Fails: func(salesforcetest.Saving) bool { return false }})
	sim.AddValidation(salesforcetest.Validation{Object: "Contact", Name: "Retired_rule", Message: "Long ago", Off: true, Fails: func(salesforcetest.Saving) bool { return true }})
	sim.AddValidation(salesforcetest.Validation{Object: "Case", Name: "Elsewhere", Message: "Not ours", Fails: func(salesforcetest.Saving) bool { return true }})
	sim.AddTrigger("Contact", salesforcetest.FormatPhones)
	sim.AddAutomation("Account", func(salesforcetest.Saving) map[string]any { return nil })
	sim.AddDuplicateRule(salesforcetest.DuplicateRule{Object: "Contact", Fields: []string{"Phone"}})
}

func TestCheckNamesTheRulesOfAnOrg(t *testing.T) {
	preflightWorld(t, func(w *world) {
		busyOrg(w.Salesforce)
		calls := w.Salesforce.Calls()["total"]
		got := w.preflight(engine.PreflightAsk{})
		calls = w.Salesforce.Calls()["total"] - calls
		if len(saying(got, "warn", "salesforce", "validation rules, triggers, duplicate rules", "not shown")) != 1 || len(saying(got, "warn", "Title_needed")) > 0 {
			t.Errorf("without the right: %s", told(got))
		}
		w.Salesforce.SetViewSetup(true)
		got = w.preflight(engine.PreflightAsk{})
		for _, parts := range [][]string{
			{"salesforce/Contact", "1 validation rule", `Title_needed ("Say what they do")`},
			{"salesforce/Contact", "sets off", "the triggers ContactTrigger1 (create and update)", "the duplicate rules Standard Contact Duplicate Rule"},
			{"a first load to salesforce/Contact", "the triggers ContactTrigger1", "workflow rules of the object"},
		} {
			if len(saying(got, "warn", parts...)) != 1 {
				t.Errorf("it does not say once %q: %s", parts, told(got))
			}
		}
		for _, never := range []string{"Retired_rule", "Elsewhere", "After Save", "not shown to the credential"} { // off, of an object that no mapping writes, of accounts
			if len(saying(got, "warn", never)) > 0 {
				t.Errorf("it says %q: %s", never, told(got))
			}
		}
		if calls > 60 {
			t.Errorf("check made %d calls at Salesforce", calls)
		}
	})
}

// TestPreviewOfASetSaysWhatItSetsOff: of each object that the plan makes records in, by name where the account shows it.
func TestPreviewOfASetSaysWhatItSetsOff(t *testing.T) {
	s := setWorld()
	pair(t, s, func(w *world) {
		busyOrg(w.Salesforce)
		w.Salesforce.SetViewSetup(true)
		set := w.fillSet()
		p, _ := w.setPlan(set.reversed)
		said := map[string]engine.SetOff{}
		for _, o := range p.SetsOff {
			said[o.Connection+"/"+o.Object] = o
		}
		for at, want := range map[string]string{ // one record each; see aSet
			"salesforce/Account": "the flows Account After Save 1 (create and update)", "salesforce/Contact": "the triggers ContactTrigger1 (create and update)", "salesforce/Opportunity": "workflow rules of the object",
			"hubspot/companies": "workflows whose enrolment triggers the records meet", "hubspot/contacts": "workflows whose enrolment triggers the records meet", "hubspot/deals": "lifecycle stages of associated contacts",
		} {
			if o := said[at]; o.Creates != 1 || !slices.ContainsFunc(o.What, func(what string) bool { return strings.Contains(what, want) }) {
				t.Errorf("%s: %+v, want 1 that sets off %q", at, o, want)
			}
		}
		if len(said) != 6 {
			t.Errorf("%d objects: %+v", len(said), p.SetsOff)
		}
	})
}
