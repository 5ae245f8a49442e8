package salesforcetest

import (
	"encoding/json"
	"strconv"
)

// fields is a record by field name, for the rows that the org itself makes.
type fields = map[string]any

// addSetup makes the rows that every org has: its own, users, queues, the
// standard price book, stages and statuses. They leave no trace in the journal.
func (s *Sim) addSetup() {
	t := s.begin("")
	person := func(first, last, username string) *record {
		return s.plant(t, "User", fields{"Username": username, "FirstName": first, "LastName": last, "Name": first + " " + last,
			"Email": username, "Alias": "user", "IsActive": true, "UserType": "Standard", "TimeZoneSidKey": "UTC",
			"LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US", "ProfileId": s.newID("00e")})
	}
	integration := person("Integration", "User", "integration@crosswalk.example")
	admin := person("Sales", "Admin", "admin@crosswalk.example")
	s.integration, s.admin = integration.id, admin.id
	t.user = admin.id
	for _, r := range []*record{integration, admin} {
		r.createdBy, r.modifiedBy = admin.id, admin.id
	}
	s.plant(t, "Group", fields{"Name": "Inbound Leads", "DeveloperName": "Inbound_Leads", "Type": "Queue"})
	s.plantOrganization(t)
	s.plantStages(t)
	s.plant(t, "Pricebook2", fields{"Name": "Standard Price Book", "IsActive": true, "IsStandard": true})
	s.plantRates(t)
	if s.cfg.PersonAccounts {
		s.addRecordType(s.object("Account"), RecordType{Name: "Business Account", Default: true})
		s.addRecordType(s.object("Account"), RecordType{Name: "Person Account", DeveloperName: "PersonAccount", Person: true})
	}
	t.undo, t.marks = nil, nil
}

func (s *Sim) plantOrganization(t *tx) {
	r := s.plant(t, "Organization", fields{"Name": "Crosswalk Sample Org", "Country": "US", "PrimaryContact": "Sales Admin",
		"DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "America/Los_Angeles", "LanguageLocaleKey": "en_US",
		"FiscalYearStartMonth": json.Number("1"), "OrganizationType": s.cfg.OrganizationType, "InstanceName": s.cfg.InstanceName,
		"IsSandbox": s.cfg.Sandbox, "UiSkin": "Theme3", "SignupCountryIsoCode": "US", "DefaultAccountAccess": "Edit",
		"DefaultContactAccess": "ControlledByParent", "DefaultOpportunityAccess": "Edit", "DefaultLeadAccess": "ReadEditTransfer",
		"DefaultCaseAccess": "ReadEditTransfer", "DefaultCalendarAccess": "HideDetailsInsert", "DefaultPricebookAccess": "ReadSelect",
		"DefaultCampaignAccess": "All", "WebToCaseDefaultOrigin": "Web", "NumKnowledgeService": json.Number("2"),
		"MonthlyPageViewsUsed": json.Number("0"), "MonthlyPageViewsEntitlement": json.Number("0")})
	delete(s.records, r.id[:15])
	r.id = s.orgID
	s.records[r.id[:15]] = r
}

// renameOrganization gives the org's own row the new org id.
func (s *Sim) renameOrganization() {
	r := s.object("Organization").rows[0]
	delete(s.records, r.id[:15])
	r.id = s.orgID
	s.records[r.id[:15]] = r
}

// stage is one row of OpportunityStage.
type stageRow struct {
	label         string
	probability   int
	closed, won   bool
	category, cat string // ForecastCategory and its name
}

// The default stages (section 15.3); probabilities are those of a new org (inferred).
func defaultStages() []stageRow {
	return []stageRow{
		{"Prospecting", 10, false, false, "Pipeline", "Pipeline"},
		{"Qualification", 10, false, false, "Pipeline", "Pipeline"},
		{"Needs Analysis", 20, false, false, "Pipeline", "Pipeline"},
		{"Value Proposition", 50, false, false, "Pipeline", "Pipeline"},
		{"Id. Decision Makers", 60, false, false, "Pipeline", "Pipeline"},
		{"Perception Analysis", 70, false, false, "BestCase", "Best Case"},
		{"Proposal/Price Quote", 75, false, false, "BestCase", "Best Case"},
		{"Negotiation/Review", 90, false, false, "Forecast", "Commit"},
		{"Closed Won", 100, true, true, "Closed", "Closed"},
		{"Closed Lost", 0, true, false, "Omitted", "Omitted"},
	}
}

func (s *Sim) plantStages(t *tx) {
	for i, st := range defaultStages() {
		s.plantStage(t, i+1, st)
	}
	for i, st := range []string{"Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"} {
		s.plant(t, "TaskStatus", fields{"MasterLabel": st, "ApiName": st, "SortOrder": number(i + 1), "IsDefault": i == 0, "IsClosed": st == "Completed"})
	}
	for i, st := range []string{"Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"} {
		s.plant(t, "LeadStatus", fields{"MasterLabel": st, "ApiName": st, "SortOrder": number(i + 1), "IsDefault": i == 0, "IsConverted": st == "Closed - Converted"})
	}
}

func (s *Sim) plantStage(t *tx, order int, st stageRow) *record {
	return s.plant(t, "OpportunityStage", fields{"MasterLabel": st.label, "ApiName": st.label, "IsActive": true, "SortOrder": number(order),
		"IsClosed": st.closed, "IsWon": st.won, "ForecastCategory": st.category, "ForecastCategoryName": st.cat,
		"DefaultProbability": number(st.probability), "Description": st.label})
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// plant inserts a row without rules, defaults or derived values.
func (s *Sim) plant(t *tx, object string, values fields) *record {
	o := s.object(object)
	set := make(map[*Field]any, len(values))
	for name, v := range values {
		set[o.must(name)] = v
	}
	if f := o.field("CurrencyIsoCode"); f != nil && set[f] == nil {
		set[f] = s.cfg.Currency
	}
	return t.insert(o, set)
}
