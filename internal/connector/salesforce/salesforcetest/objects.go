package salesforcetest

import "strings"

// standardObject is a definition of this org: flags as in field tables, c
// createable, u updateable, x deletable, z undeletable, m mergeable, r
// replicateable, s searchable, t triggerable, f feedEnabled, l layoutable, M
// mruEnabled, D deepCloneable. All are queryable.
type standardObject struct {
	name, label, plural, prefix, flags, fields string
}

func standardObjects() []standardObject {
	return []standardObject{
		{"Account", "Account", "Accounts", "001", "cuxzmrstflM", accountFields},
		{"Contact", "Contact", "Contacts", "003", "cuxzmrstflM", contactFields},
		{"Lead", "Lead", "Leads", "00Q", "cuxzmrstflM", leadFields},
		{"Opportunity", "Opportunity", "Opportunities", "006", "cuxzrstflMD", opportunityFields},
		{"OpportunityContactRole", "Opportunity Contact Role", "Opportunity Contact Role", "00K", "cuxrtl", opportunityContactRoleFields},
		{"OpportunityLineItem", "Opportunity Product", "Opportunity Product", "00k", "cuxzrtl", opportunityLineItemFields},
		{"Product2", "Product", "Products", "01t", "cuxzrstflM", product2Fields},
		{"Pricebook2", "Price Book", "Price Books", "01s", "cuxzrtlM", pricebook2Fields},
		{"PricebookEntry", "Price Book Entry", "Price Book Entries", "01u", "cuxrtl", pricebookEntryFields},
		{"Task", "Task", "Tasks", "00T", "cuxzrstfl", taskFields},
		{"Event", "Event", "Events", "00U", "cuxzrstlM", eventFields},
		{"Case", "Case", "Cases", "500", "cuxzrstflM", caseFields},
		{"Campaign", "Campaign", "Campaigns", "701", "cuxzrstlMD", campaignFields},
		{"CampaignMember", "Campaign Member", "Campaign Members", "00v", "cuxrtl", campaignMemberFields},
		{"CampaignMemberStatus", "Campaign Member Status", "Campaign Member Status", "01Y", "cuxr", campaignMemberStatusFields},
		{"User", "User", "Users", "005", "curstflM", userFields},
		{"Group", "Group", "Group", "00G", "cuxr", groupFields},
		{"Organization", "Organization", "Organizations", "00D", "ru", organizationFields},
		{"RecordType", "Record Type", "Record Types", "012", "u", recordTypeFields},
		{"OpportunityStage", "Opportunity Stage", "Opportunity Stage", "01J", "", opportunityStageFields},
		{"TaskStatus", "Task Status Value", "Task Status Value", "01T", "", taskStatusFields},
		{"LeadStatus", "Lead Status Value", "Lead Status Value", "01K", "", leadStatusFields},
	}
}

// addObjects defines the standard objects as Config says.
func (s *Sim) addObjects() {
	for _, d := range standardObjects() {
		s.define(d)
	}
	// Recorded as 40 in an old version; newer orgs have 255 (section 16), and sample
	// trees that load rely on it.
	for _, name := range []string{"Type", "Industry", "Rating", "Ownership", "AccountSource"} {
		s.object("Account").must(name).Length = 255
	}
	if s.cfg.PersonAccounts {
		s.extend("Account", personFields)
		s.object("Account").must("LastName").NameField = true
		s.object("Contact").add(Field{Name: "IsPersonAccount", Label: "Is Person Account", Type: "boolean", DefaultedOnCreate: true})
		s.object("Lead").must("Company").Nillable = true // such a lead converts into a person account
	}
	if s.cfg.Discounts {
		s.extend("OpportunityLineItem", lineDiscountFields)
	}
	if s.cfg.StateCountry != StateCountryOff {
		s.addPlaces()
	}
	if s.cfg.MultiCurrency {
		s.addCurrencies()
	}
}

func (s *Sim) define(d standardObject) *object {
	o := &object{Name: d.name, Label: d.label, LabelPlural: d.plural, KeyPrefix: d.prefix, queryable: true, byName: map[string]*Field{}}
	for _, c := range d.flags {
		switch c {
		case 'c':
			o.createable = true
		case 'u':
			o.updateable = true
		case 'x':
			o.deletable = true
		case 'z':
			o.undeletable = true
		case 'm':
			o.mergeable = true
		case 'r':
			o.replicateable = true
		case 's':
			o.searchable = true
		case 't':
			o.triggerable = true
		case 'f':
			o.feedEnabled = true
		case 'l':
			o.layoutable = true
		case 'M':
			o.mruEnabled = true
		case 'D':
			o.deepCloneable = true
		}
	}
	for _, f := range parseFields(d.fields) {
		if f.Type == "boolean" && f.Default == nil && f.Createable {
			f.Default = false
		}
		o.add(f)
	}
	s.addObject(o)
	s.modified[strings.ToLower(o.Name)] = s.now()
	return o
}

func (s *Sim) extend(object, table string) {
	o := s.object(object)
	for _, f := range parseFields(table) {
		o.add(f)
	}
}
