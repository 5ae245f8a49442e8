package salesforcetest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func tooling(q string) string { return "/tooling/query?q=" + url.QueryEscape(q) }

// TestSetupIsShownByRight: what is configured is no object to a user without the right, and rows to one who has it; anything that the
// tables do not have is refused.
func TestSetupIsShownByRight(t *testing.T) {
	s := New(Config{Seed: 1})
	s.AddObject(Object{Name: "Site__c"})
	s.AddValidation(Validation{Object: "Account", Name: "Needs_phone", Message: "Give a phone number", Fails: func(Saving) bool { return false }})
	s.AddValidation(Validation{Object: "Account", Name: "Old_rule", Message: "No more", Off: true, Fails: func(Saving) bool { return true }})
	s.AddTrigger("Site__c", func(Saving) map[string]any { return nil })
	s.AddAutomation("Contact", func(Saving) map[string]any { return nil })
	s.AddDuplicateRule(DuplicateRule{Object: "Contact", Fields: []string{"Email"}})
	s.SetAssignment("Lead", s.PersonID())
	rules := "SELECT ValidationName, ErrorMessage, EntityDefinition.QualifiedApiName FROM ValidationRule WHERE Active = TRUE AND EntityDefinition.QualifiedApiName IN ('Account', 'Contact')"
	expect(t, s, http.MethodGet, tooling(rules), "", 400, "INVALID_TYPE", "sObject type 'ValidationRule' is not supported")
	expect(t, s, http.MethodGet, soql("SELECT MasterLabel FROM DuplicateRule"), "", 400, "INVALID_TYPE", "'DuplicateRule' is not supported")
	s.SetViewSetup(true)
	expect(t, s, http.MethodGet, soql(rules), "", 400, "INVALID_TYPE", "'ValidationRule' is not supported") // of the Tooling API alone
	expect(t, s, http.MethodGet, tooling("SELECT Formula FROM ValidationRule"), "", 400, "INVALID_FIELD", "No such column 'Formula'")
	expect(t, s, http.MethodGet, tooling("SELECT Id FROM ValidationRule WHERE Name = 'x'"), "", 400, "INVALID_FIELD", "No such column 'Name'")
	expect(t, s, http.MethodGet, tooling("SELECT Id FROM ValidationRule")+"&all=true", "", 400, "INVALID_QUERY_PARAMETER", "all")
	expect(t, s, http.MethodGet, "/tooling/query", "", 400, "MALFORMED_QUERY", "has to be specified")
	for q, want := range map[string]string{
		tooling(rules): `"ValidationName":"Needs_phone","ErrorMessage":"Give a phone number","EntityDefinition":{"attributes":{"type":"EntityDefinition"},"QualifiedApiName":"Account"}`,
		tooling("SELECT Name, Status FROM ApexTrigger WHERE TableEnumOrId IN ('Contact', '" + s.durableOf("Site__c") + "')"):             `"Name":"SiteTrigger1","Status":"Active"`,
		tooling("SELECT DurableId FROM EntityDefinition WHERE QualifiedApiName = 'Site__c'"):                                             `"DurableId":"` + s.durableOf("Site__c") + `"`,
		soql("SELECT Label FROM FlowDefinitionView WHERE ActiveVersionId != NULL AND TriggerObjectOrEvent.QualifiedApiName = 'Contact'"): `"Label":"Contact After Save 1"`,
		soql("SELECT MasterLabel FROM DuplicateRule WHERE IsActive = TRUE AND SobjectType = 'Contact'"):                                  `"MasterLabel":"Standard Contact Duplicate Rule"`,
		soql("SELECT Name FROM AssignmentRule WHERE Active = TRUE AND SobjectType IN ('Lead', 'Account')"):                               `"Name":"Standard"`,
	} {
		status, body := send(t, s, http.MethodGet, q, "")
		var got struct {
			Size *int `json:"totalSize"`
			Done bool `json:"done"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Size == nil || *got.Size != 1 || !got.Done || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want one row with %s", q, status, body, want)
		}
	}
}
