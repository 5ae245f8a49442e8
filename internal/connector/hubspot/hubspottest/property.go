package hubspottest

import (
	"strings"
	"time"
)

// property is a property definition as the API shows it (section 10).
type property struct {
	Name                 string               `json:"name"`
	Label                string               `json:"label"`
	Type                 string               `json:"type"`
	FieldType            string               `json:"fieldType"`
	Description          string               `json:"description"`
	GroupName            string               `json:"groupName"`
	Options              []option             `json:"options"`
	DisplayOrder         int                  `json:"displayOrder"`
	Calculated           bool                 `json:"calculated"`
	CalculationFormula   string               `json:"calculationFormula,omitempty"`
	ExternalOptions      bool                 `json:"externalOptions"`
	Archived             bool                 `json:"archived"`
	HasUniqueValue       bool                 `json:"hasUniqueValue"`
	Hidden               bool                 `json:"hidden"`
	HubspotDefined       bool                 `json:"hubspotDefined,omitempty"`
	FormField            bool                 `json:"formField"`
	DataSensitivity      string               `json:"dataSensitivity"`
	ModificationMetadata modificationMetadata `json:"modificationMetadata"`
	CreatedUserID        string               `json:"createdUserId,omitempty"`
	UpdatedUserID        string               `json:"updatedUserId,omitempty"`
	CreatedAt            string               `json:"createdAt,omitempty"`
	UpdatedAt            string               `json:"updatedAt,omitempty"`
	ArchivedAt           string               `json:"archivedAt,omitempty"`
}

type option struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	Description  string `json:"description,omitempty"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

type modificationMetadata struct {
	Archivable         bool  `json:"archivable"`
	ReadOnlyDefinition bool  `json:"readOnlyDefinition"`
	ReadOnlyValue      bool  `json:"readOnlyValue"`
	ReadOnlyOptions    *bool `json:"readOnlyOptions,omitempty"`
}

type propertyGroup struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	DisplayOrder int    `json:"displayOrder"`
	Archived     bool   `json:"archived"`
}

func (p *property) hasOption(value string) bool {
	for _, o := range p.Options {
		if o.Value == value {
			return true
		}
	}
	return false
}

// usable returns the live definition of a property, nil if unknown or archived.
func (k *kind) usable(name string) *property {
	p := k.properties[name]
	if p == nil || p.Archived {
		return nil
	}
	return p
}

// definedProperties parses the table of the vendor's own definitions. One line is
//
//	name type[/fieldType] [r = read-only | c = calculated | u = unique] [option,option...]
//
// Labels are made from the names; internal names are what matters (section 10).
func definedProperties(k *kind) []*property {
	return parseTable(k, commonTable(k)+propertyTable[k.name])
}

func parseTable(k *kind, table string) []*property {
	var out []*property
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		typ, field, _ := strings.Cut(f[1], "/")
		p := hubspotProperty(k, f[0], typ, field)
		for _, word := range f[2:] {
			switch word {
			case "r":
				p.ModificationMetadata.ReadOnlyValue = true
			case "c":
				p.Calculated, p.ModificationMetadata.ReadOnlyValue = true, true
			case "u":
				p.HasUniqueValue = true
			default:
				p.Options = optionList(strings.Split(word, ","))
			}
		}
		out = append(out, p)
	}
	return out
}

func hubspotProperty(k *kind, name, typ, field string) *property {
	setDefault(&field, defaultField(typ))
	p := &property{
		Name: name, Label: labelOf(name), Type: typ, FieldType: field, GroupName: strings.ReplaceAll(k.singular, "_", "") + "information",
		Options: []option{}, DisplayOrder: -1, HubspotDefined: true, FormField: !strings.HasPrefix(name, "hs_"), DataSensitivity: "non_sensitive",
		ModificationMetadata: modificationMetadata{ReadOnlyDefinition: true},
		CreatedAt:            stampText(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)), UpdatedAt: stampText(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	if typ == "bool" {
		p.Options = optionList([]string{"true", "false"})
	}
	return p
}

func defaultField(typ string) string {
	switch typ {
	case "enumeration":
		return "select"
	case "bool":
		return "booleancheckbox"
	case "datetime":
		return "date"
	case "string":
		return "text"
	case "phone_number":
		return "phonenumber"
	}
	return typ
}

func labelOf(name string) string {
	s := strings.ReplaceAll(strings.TrimPrefix(name, "hs_"), "_", " ")
	if s == "" {
		return name
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func optionList(values []string) []option {
	out := make([]option, len(values))
	for i, v := range values {
		out[i] = option{Label: labelOf(strings.ToLower(v)), Value: v, DisplayOrder: i}
	}
	return out
}

// commonTable holds what every object type has.
func commonTable(k *kind) string {
	return k.created + " datetime r\n" + k.modified + " datetime r\n" + `
hs_object_id number r
hs_object_source string r
hs_object_source_id string r
hs_object_source_label string r
hs_merged_object_ids string r
hs_created_by_user_id number r
hs_updated_by_user_id number r
hs_all_owner_ids string r
hubspot_owner_id enumeration
hubspot_owner_assigneddate datetime r
hs_unique_creation_key string r
`
}

const (
	lifecycleOptions = "subscriber,lead,marketingqualifiedlead,salesqualifiedlead,opportunity,customer,evangelist,other"
	leadStatus       = "NEW,OPEN,IN_PROGRESS,OPEN_DEAL,UNQUALIFIED,ATTEMPTED_TO_CONTACT,CONNECTED,BAD_TIMING"
	frequencies      = "weekly,biweekly,monthly,quarterly,per_six_months,annually,per_two_years,per_three_years,per_four_years,per_five_years"
	industries       = "ACCOUNTING,AIRLINES_AVIATION,AUTOMOTIVE,BANKING,BIOTECHNOLOGY,BUILDING_MATERIALS,CHEMICALS,CIVIL_ENGINEERING,COMPUTER_HARDWARE,COMPUTER_NETWORKING,COMPUTER_SOFTWARE,CONSTRUCTION,CONSUMER_ELECTRONICS,CONSUMER_GOODS,DESIGN,EDUCATION_MANAGEMENT,ELECTRICAL_ELECTRONIC_MANUFACTURING,ENTERTAINMENT,FINANCIAL_SERVICES,FOOD_BEVERAGES,FOOD_PRODUCTION,FURNITURE,HEALTH_WELLNESS_AND_FITNESS,HOSPITAL_HEALTH_CARE,HOSPITALITY,INDUSTRIAL_AUTOMATION,INFORMATION_TECHNOLOGY_AND_SERVICES,INSURANCE,INTERNET,LOGISTICS_AND_SUPPLY_CHAIN,MACHINERY,MANAGEMENT_CONSULTING,MARITIME,MARKETING_AND_ADVERTISING,MECHANICAL_OR_INDUSTRIAL_ENGINEERING,MEDICAL_DEVICES,MINING_METALS,OIL_ENERGY,PHARMACEUTICALS,REAL_ESTATE,RENEWABLES_ENVIRONMENT,RESEARCH,RETAIL,SEMICONDUCTORS,TELECOMMUNICATIONS,TEXTILES,TRANSPORTATION_TRUCKING_RAILROAD,UTILITIES,WHOLESALE,WIRELESS"
)

// propertyTable is what the API names in section 14 and what recorded answers
// show. crosswalk_key is not here: a client's check makes it.
var propertyTable = map[string]string{
	"contacts": `
email string u
firstname string
lastname string
phone string/phonenumber
mobilephone string/phonenumber
company string
jobtitle string
website string
address string
city string
state string
zip string
country string
salutation string
hs_language enumeration en,de,fr,es,ja,sv,da,nl,it,pt
hs_timezone enumeration europe_slash_berlin,us_slash_eastern,us_slash_pacific,asia_slash_tokyo
lifecyclestage enumeration/radio ` + lifecycleOptions + `
hs_lead_status enumeration/radio ` + leadStatus + `
associatedcompanyid number
hs_buying_role enumeration/checkbox BLOCKER,BUDGET_HOLDER,CHAMPION,DECISION_MAKER,END_USER,EXECUTIVE_SPONSOR,INFLUENCER,LEGAL_AND_COMPLIANCE,OTHER
hs_additional_emails string/textarea
hs_lastmodifieddate datetime r
hs_email_domain string c
hs_email_optout bool r
hs_analytics_source enumeration ORGANIC_SEARCH,PAID_SEARCH,EMAIL_MARKETING,SOCIAL_MEDIA,REFERRALS,OTHER_CAMPAIGNS,DIRECT_TRAFFIC,OFFLINE,PAID_SOCIAL,AI_REFERRALS r
hs_full_name_or_email string c
hs_is_contact bool c
hs_is_unworked bool c
hs_all_contact_vids string c
hs_calculated_merged_vids string r
hs_marketable_status bool r
hs_searchable_calculated_phone_number string c
hs_searchable_calculated_mobile_number string c
num_associated_deals number c
hs_pipeline enumeration contacts-lifecycle-pipeline
num_notes number r
` + lifecycleDates,
	"companies": `
name string
domain string
website string
phone string/phonenumber
industry enumeration ` + industries + `
type enumeration/radio PROSPECT,PARTNER,RESELLER,VENDOR,OTHER
annualrevenue number
numberofemployees number
address string
address2 string
city string
state string
zip string
country string
hs_country_code string
description string/textarea
hs_additional_domains string/textarea
founded_year string
is_public bool
lifecyclestage enumeration/radio ` + lifecycleOptions + `
hs_lead_status enumeration/radio ` + leadStatus + `
twitterhandle string
facebookfans number
hs_parent_company_id number r
hs_num_child_companies number c
num_associated_contacts number c
num_associated_deals number c
hs_pipeline enumeration companies-lifecycle-pipeline
` + lifecycleDates,
	"deals": `
dealname string
amount number
deal_currency_code enumeration
closedate datetime
dealstage enumeration/radio
pipeline enumeration
dealtype enumeration/radio newbusiness,existingbusiness
description string/textarea
hs_priority enumeration low,medium,high
hs_next_step string
closed_won_reason string/textarea
closed_lost_reason string/textarea
hs_manual_forecast_category enumeration OMIT,PIPELINE,BEST_CASE,COMMIT,CLOSED
hs_is_closed bool c
hs_is_closed_won bool c
hs_is_closed_lost bool c
hs_closed_won_date datetime c
hs_closed_amount number c
hs_closed_amount_in_home_currency number c
amount_in_home_currency number c
hs_exchange_rate number c
hs_acv number c
hs_arr number c
hs_mrr number c
hs_tcv number c
hs_forecast_amount number c
hs_projected_amount number c
hs_deal_stage_probability number c
hs_num_of_associated_line_items number c
num_associated_contacts number c
hs_primary_associated_company number c
days_to_close number c
`,
	"products": `
name string
description string/textarea
price number
hs_sku string
hs_cost_of_goods_sold number
recurringbillingfrequency enumeration ` + frequencies + `
hs_recurring_billing_period string
hs_folder string
hs_product_type enumeration inventory,non_inventory,service
hs_url string
hs_images string
tax number
hs_pricing_model enumeration flat,volume,graduated,stairstep
hs_tier_ranges string
hs_tier_prices string
`,
	"line_items": `
name string
description string/textarea
hs_sku string
quantity number
price number
amount number c
discount number
hs_discount_percentage number
hs_total_discount number c
hs_pre_discount_amount number c
hs_product_id number
hs_line_item_currency_code enumeration
hs_cost_of_goods_sold number
tax number
hs_tax_rate_group_id number
recurringbillingfrequency enumeration ` + frequencies + `
hs_recurring_billing_period string
hs_recurring_billing_start_date date
hs_recurring_billing_end_date date c
hs_recurring_billing_number_of_payments number
hs_term_in_months number c
hs_billing_start_delay_type enumeration hs_billing_start_delay_days,hs_billing_start_delay_months
hs_billing_start_delay_days number
hs_billing_start_delay_months number
hs_position_on_quote number
hs_pricing_model enumeration flat,volume,graduated,stairstep
hs_tier_ranges string
hs_tier_prices string
hs_acv number c
hs_arr number c
hs_mrr number c
hs_tcv number c
`,
	"tickets": `
subject string
content string/textarea
hs_pipeline enumeration
hs_pipeline_stage enumeration/radio
hs_ticket_priority enumeration LOW,MEDIUM,HIGH,URGENT
hs_ticket_category enumeration/checkbox PRODUCT_ISSUE,BILLING_ISSUE,FEATURE_REQUEST,GENERAL_INQUIRY
hs_ticket_id number c
`,
	"tasks": `
hs_timestamp datetime
hs_task_subject string
hs_task_body string/html
hs_task_status enumeration NOT_STARTED,IN_PROGRESS,WAITING,COMPLETED,DEFERRED
hs_task_priority enumeration NONE,LOW,MEDIUM,HIGH
hs_task_type enumeration EMAIL,CALL,TODO
hs_task_reminders string
hs_pipeline enumeration r
hs_pipeline_stage enumeration r
hs_attachment_ids string
`,
	"meetings": `
hs_timestamp datetime
hs_meeting_title string
hs_meeting_body string/html
hs_internal_meeting_notes string/html
hs_meeting_start_time datetime
hs_meeting_end_time datetime
hs_meeting_location string
hs_meeting_external_url string
hs_meeting_outcome enumeration SCHEDULED,COMPLETED,RESCHEDULED,NO_SHOW,CANCELED
hs_attachment_ids string
`,
	"notes": `
hs_timestamp datetime
hs_note_body string/html
hs_attachment_ids string
`,
	"calls": `
hs_timestamp datetime
hs_call_title string
hs_call_body string/html
hs_call_direction enumeration INBOUND,OUTBOUND
hs_call_disposition string
hs_call_duration number
hs_call_status enumeration BUSY,CALLING_CRM_USER,CANCELED,COMPLETED,CONNECTING,FAILED,IN_PROGRESS,NO_ANSWER,QUEUED,RINGING
hs_call_from_number string
hs_call_to_number string
hs_call_recording_url string
hs_attachment_ids string
`,
	"emails": `
hs_timestamp datetime
hs_email_direction enumeration EMAIL,INCOMING_EMAIL,FORWARDED_EMAIL
hs_email_subject string
hs_email_text string/textarea
hs_email_html string/html
hs_email_status enumeration BOUNCED,FAILED,SCHEDULED,SENDING,SENT
hs_email_headers string/textarea
hs_email_from_email string c
hs_email_to_email string c
hs_attachment_ids string
`,
}

const lifecycleDates = `hs_lifecyclestage_subscriber_date datetime c
hs_lifecyclestage_lead_date datetime c
hs_lifecyclestage_marketingqualifiedlead_date datetime c
hs_lifecyclestage_salesqualifiedlead_date datetime c
hs_lifecyclestage_opportunity_date datetime c
hs_lifecyclestage_customer_date datetime c
hs_lifecyclestage_evangelist_date datetime c
hs_lifecyclestage_other_date datetime c
`
