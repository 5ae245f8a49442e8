package salesforce

// kind is what is known of a standard object beyond its describe.
type kind struct {
	name    string
	parents []string // fields of parents worth offering, by dotted name: read with the record at no further call
	retire  bool     // cannot be deleted once used, or not without what it holds: archiving it switches IsActive off (fact sheet 15.4)
	takes   []string // objects whose records are deleted with it: it is not deleted while it has any
	closed  string   // picklist whose unknown values Salesforce takes without a word: checked here (fact sheet 5)
}

var kinds = []kind{
	{name: "Account", takes: []string{"Contact", "Opportunity"}},
	{name: "Contact", parents: []string{"Account.Name"}},
	{name: "Lead", closed: "Status"},
	{name: "Opportunity", parents: []string{"Account.Name", "Pricebook2.Name"}, closed: "StageName"},
	{name: "OpportunityLineItem", parents: []string{"Product2.Name", "Product2.ProductCode", "Product2.Family", "PricebookEntry.Name"}},
	{name: "OpportunityContactRole"},
	{name: "Product2", retire: true},
	{name: "Pricebook2", retire: true},
	{name: "PricebookEntry", retire: true},
	{name: "Task", closed: "Status"},
	{name: "Event"},
	{name: "Campaign", retire: true}, // its members would go with it
	{name: "CampaignMember"},
	{name: "Case", closed: "Status"},
	{name: "User"},
}

func standardObjects() []string {
	out := make([]string, 0, len(kinds))
	for _, k := range kinds {
		out = append(out, k.name)
	}
	return out
}

// kindOf gives what is known of an object; of custom ones nothing.
func kindOf(object string) kind {
	for _, k := range kinds {
		if k.name == object {
			return k
		}
	}
	return kind{name: object}
}

// pair is a direction of association.
type pair struct{ from, to string }

// junction is an object that joins two others. Primary and label are its fields, "" where it has none. Its other end is offered
// as a field of the record (see bond) where field is set: a campaign's members are too many for that.
type junction struct {
	object, from, to, primary, label string
	field                            bool
}

// junctions are the associations that go through an object of their own (fact sheet 15.3, 15.7).
var junctions = map[pair]junction{
	{"Opportunity", "Contact"}: {"OpportunityContactRole", "OpportunityId", "ContactId", "IsPrimary", "Role", true},
	{"Contact", "Opportunity"}: {"OpportunityContactRole", "ContactId", "OpportunityId", "IsPrimary", "Role", true},
	{"Campaign", "Contact"}:    {"CampaignMember", "CampaignId", "ContactId", "", "Status", false},
	{"Contact", "Campaign"}:    {"CampaignMember", "ContactId", "CampaignId", "", "Status", true},
	{"Campaign", "Lead"}:       {"CampaignMember", "CampaignId", "LeadId", "", "Status", false},
	{"Lead", "Campaign"}:       {"CampaignMember", "LeadId", "CampaignId", "", "Status", true},
}

// mainFields name the reference that means the association, where an object has several to the same other one or
// where a parent's field must not be taken for it.
var mainFields = map[pair]string{ // child, parent -> field of the child
	{"Contact", "Account"}:           "AccountId",
	{"Opportunity", "Account"}:       "AccountId",
	{"Account", "Account"}:           "ParentId",
	{"Contact", "Contact"}:           "ReportsToId",
	{"Campaign", "Campaign"}:         "ParentId",
	{"Task", "Account"}:              "WhatId",
	{"Event", "Account"}:             "WhatId",
	{"Case", "Case"}:                 "ParentId",
	{"Opportunity", "Campaign"}:      "CampaignId",
	{"OpportunityLineItem", "User"}:  "CreatedById",
	{"Opportunity", "Pricebook2"}:    "Pricebook2Id",
	{"PricebookEntry", "Product2"}:   "Product2Id",
	{"PricebookEntry", "Pricebook2"}: "Pricebook2Id",
}

// prefixes of ids, by which a reference to several kinds of record is told apart (fact sheet 14).
var prefixes = map[string]string{
	"001": "Account", "003": "Contact", "00Q": "Lead", "006": "Opportunity", "00K": "OpportunityContactRole", "00k": "OpportunityLineItem",
	"01t": "Product2", "01s": "Pricebook2", "01u": "PricebookEntry", "00T": "Task", "00U": "Event", "701": "Campaign", "00v": "CampaignMember",
	"005": "User", "500": "Case",
}

// KindOf gives the standard object that an id's prefix is of, "" for a prefix that the org gave out itself (connector.Kinds).
func (c *Connector) KindOf(id string) string {
	if len(id) < 3 {
		return ""
	}
	return prefixes[id[:3]]
}
