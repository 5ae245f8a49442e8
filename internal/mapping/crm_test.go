package mapping_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosswalk/internal/mapping"
)

// The two accounts below are a new HubSpot portal and a new Salesforce org, as far as the presets of the pair need them
// (hubspot.md 5, 12 and 14; salesforce.md 15 and 16). Associations are fields.

func portal() mapping.Schema {
	lifecycle := "=subscriber,lead,marketingqualifiedlead,salesqualifiedlead,opportunity,customer,evangelist,other"
	people := ", associations.contacts list, associations.companies list, associations.deals list"
	s := mapping.Schema{Connection: "hubspot", Objects: objects(map[string]string{
		"contacts": "email text, firstname text, lastname text, phone text, mobilephone text, company text, jobtitle text, website text, address text, city text, state text, zip text, country text, salutation text, lifecyclestage enum" + lifecycle +
			", hs_lead_status enum=NEW,OPEN,IN_PROGRESS,OPEN_DEAL,UNQUALIFIED,ATTEMPTED_TO_CONTACT,CONNECTED,BAD_TIMING, hs_email_optout bool~, hs_analytics_source enum~=ORGANIC_SEARCH,PAID_SEARCH,EMAIL_MARKETING,SOCIAL_MEDIA,REFERRALS,OTHER_CAMPAIGNS,DIRECT_TRAFFIC,OFFLINE,PAID_SOCIAL,AI_REFERRALS, hubspot_owner_id enum, associations.companies list, primary.companies ref, salesforce_campaigns text",
		"companies":        "hs_object_source text~, lifecyclestage text, name text, domain text, website text, phone text, industry enum=BANKING,INSURANCE, type enum=PROSPECT,PARTNER,RESELLER,VENDOR,OTHER, annualrevenue number, numberofemployees number, address text, city text, state text, zip text, country text, description text, hubspot_owner_id enum",
		"deals":            "dealname text!, amount number, deal_currency_code enum=EUR,USD, closedate datetime, dealstage enum!=appointmentscheduled,qualifiedtobuy,presentationscheduled,decisionmakerboughtin,contractsent,closedwon,closedlost, pipeline enum=default, dealtype enum=newbusiness,existingbusiness, description text, hs_next_step text, hubspot_owner_id enum, primary.companies ref" + people,
		"tasks":            "hubspot_owner_id enum, hs_timestamp datetime, hs_task_subject text, hs_task_body text, hs_task_status enum=NOT_STARTED,IN_PROGRESS,WAITING,COMPLETED,DEFERRED, hs_task_priority enum=NONE,LOW,MEDIUM,HIGH, hs_task_type enum=EMAIL,CALL,TODO" + people,
		"meetings":         "hubspot_owner_id enum, hs_timestamp datetime!, hs_meeting_title text, hs_meeting_body text, hs_meeting_start_time datetime, hs_meeting_end_time datetime, hs_meeting_location text" + people,
		"notes":            "hubspot_owner_id enum, hs_timestamp datetime!, hs_note_body text" + people,
		"calls":            "hubspot_owner_id enum, hs_timestamp datetime!, hs_call_title text, hs_call_body text, hs_call_direction enum=INBOUND,OUTBOUND, hs_call_duration number, hs_call_status enum=BUSY,COMPLETED,FAILED" + people,
		"emails":           "hubspot_owner_id enum, hs_timestamp datetime!, hs_email_direction enum!=EMAIL,INCOMING_EMAIL,FORWARDED_EMAIL, hs_email_subject text, hs_email_text text, hs_email_status enum=BOUNCED,FAILED,SENT" + people,
		"products":         "name text!, description text, hs_sku text, price number",
		"form_submissions": "form text~, form_id text~, submitted_at datetime~, page_url text~, email text~, answers text~, contact text~, associations.contacts list",
	}), Tables: map[string]mapping.Table{"owners": {}}}
	return withLengths(s, 65536, nil)
}

func org() mapping.Schema {
	address := func(prefix string) string {
		return ", " + prefix + "Street text, " + prefix + "City text, " + prefix + "State text, " + prefix + "PostalCode text, " + prefix + "Country text"
	}
	activity := "Subject text, Description text, WhoId ref, WhatId ref, OwnerId ref, CreatedDate datetime~, ActivityDate date"
	s := mapping.Schema{Connection: "salesforce", Objects: objects(map[string]string{
		"Account":     "Name text!, Website text, Phone text, Industry enum=Banking,Insurance, Type enum=Prospect,Other, NumberOfEmployees integer, AnnualRevenue number, Description text, OwnerId ref" + address("Billing"),
		"Contact":     "FirstName text, LastName text!, Salutation enum=Mr.,Ms.,Dr., Email text, Phone text, MobilePhone text, Title text, LeadSource enum=Web,Other, AccountId ref:Account, OwnerId ref, primary.Account ref" + address("Mailing"),
		"Lead":        "FirstName text, LastName text!, Company text!, Email text, Phone text, MobilePhone text, Title text, Website text, LeadSource enum=Web,Other, Status enum=Open - Not Contacted,Working - Contacted,Closed - Converted,Closed - Not Converted, IsConverted bool~, OwnerId ref" + address(""),
		"Opportunity": "IsClosed bool~, IsWon bool~, Name text!, StageName enum!=Prospecting,Qualification,Needs Analysis,Value Proposition,Id. Decision Makers,Perception Analysis,Proposal/Price Quote,Negotiation/Review,Closed Won,Closed Lost, CloseDate date!, Amount number, Type enum=New Customer,Existing Customer - Upgrade, NextStep text, Description text, AccountId ref:Account, OwnerId ref, primary.Account ref, associations.Contact list",
		"Task":        activity + ", Status enum=Not Started,In Progress,Completed,Waiting on someone else,Deferred, Priority enum=High,Normal,Low, TaskSubtype enum=Task,Email,Call, CallType enum=Internal,Inbound,Outbound, CallDurationInSeconds integer, CompletedDateTime datetime~",
		"Event":       activity + ", Location text, StartDateTime datetime, EndDateTime datetime",
		"Campaign":    "Name text!",
		"Product2":    "Name text!, ProductCode text, Description text, IsActive bool",
	}), Tables: map[string]mapping.Table{"owners": {}}}
	return withLengths(s, 255, map[string]int{"FirstName": 40, "Phone": 40, "MobilePhone": 40})
}

// withLengths gives every text its length: of HubSpot one that is no limit, of Salesforce those of its fields.
func withLengths(s mapping.Schema, all int, of map[string]int) mapping.Schema {
	for name, o := range s.Objects {
		for i := range o.Properties {
			p := &o.Properties[i]
			if p.Type == "text" {
				p.MaxLength = max(of[p.Name], map[bool]int{true: all}[of[p.Name] == 0])
			}
			if p.Name == "Description" {
				p.MaxLength = 32000
			}
			if p.Name == "TaskSubtype" {
				p.CreateOnly = true
			}
		}
		s.Objects[name] = o
	}
	return s
}

// crmSets are the whole sets of the two CRMs.
func crmSets() []mapping.WholeSet {
	return slices.DeleteFunc(mapping.WholeSets(), func(s mapping.WholeSet) bool { return !strings.HasPrefix(s.Name, "hubspot-salesforce/") })
}

// TestPresetsOfTheTwoCRMs: as they are, against a new portal and a new org, and together.
func TestPresetsOfTheTwoCRMs(t *testing.T) {
	sets := map[string]int{"hubspot-salesforce": 13}
	for _, set := range crmSets() {
		sets[set.Name] = 10 // all but campaigns, which asks for a property
	}
	if len(sets) != 4 {
		t.Errorf("the sets are %v", sets)
	}
	for set, count := range sets {
		var all []*mapping.Mapping
		for _, m := range presets(t, set) {
			all = append(all, m)
			if problems, _ := mapping.Validate(m, language(), org(), portal()); len(problems) > 0 {
				t.Errorf("%s: %s against the two accounts:\n%v", set, m.Name, problems)
			}
			if home := m.Turn(); home != nil {
				if lacking := mapping.Lacks(home, portal()); !lacking.None() {
					t.Errorf("%s: %s: the way home lacks %v", set, m.Name, lacking.Names(home))
				}
			}
			if lacking := mapping.Lacks(m, org()); !lacking.None() {
				t.Errorf("%s: %s lacks %v", set, m.Name, lacking.Names(m))
			}
		}
		if len(all) != count {
			t.Errorf("%s has %d mappings", set, len(all))
		}
		if got := mapping.CheckSet(all); len(got) > 0 {
			t.Errorf("%s together: %v", set, got)
		}
	}
}

// TestOwnersInThePresets: the owner is carried both ways when a record is made; activities of one way carry it that way. With a rule in
// place of create_only, as the presets say, the line is right too.
func TestOwnersInThePresets(t *testing.T) {
	seen := 0
	for _, p := range mapping.PresetSet("hubspot-salesforce") {
		for _, rule := range []string{"create_only: true", "rule: Prefer Salesforce unless blank"} {
			m := mustLoad(t, []byte(strings.ReplaceAll(string(p.YAML), "table: owners, by: email, create_only: true", "table: owners, by: email, "+rule)))
			home := m.Turn()
			if home == nil || !slices.ContainsFunc(home.Fields, func(f mapping.Field) bool {
				return f.B == "OwnerId" && f.By == "email" && f.Table == "owners" && f.A[0] == "hubspot_owner_id" && f.CreateOnly == (rule == "create_only: true" || f.Other == nil)
			}) {
				continue
			}
			seen++
			if problems, _ := mapping.Validate(m, language(), org(), portal()); len(problems) > 0 {
				t.Errorf("%s with owners:\n%v", p.Name, problems)
			}
		}
	}
	if seen != 18 {
		t.Errorf("owners were found in %d presets twice over, want 9", seen)
	}
}

var writePages = flag.Bool("pages", false, "write the tables of the whole sets into their help pages")

// TestWholeSetPages: each whole set has a help page that says of every field who wins, and says what the set's documents do.
// go test ./internal/mapping -run WholeSetPages -pages  writes the tables anew.
func TestWholeSetPages(t *testing.T) {
	for _, set := range crmSets() {
		_, name, _ := strings.Cut(set.Name, "/")
		file := "../help/" + name + ".md"
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table, err := set.Winners(language())
		if err != nil {
			t.Fatal(err)
		}
		const mark = "## Who wins, field by field\n\n"
		head, tail, found := strings.Cut(string(page), mark)
		if !found {
			t.Fatalf("%s has no part %q", file, mark)
		}
		if *writePages {
			if err := os.WriteFile(file, []byte(head+mark+strings.TrimRight(table, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(strings.TrimRight(table, "\n")+"\n", tail); diff != "" {
			t.Errorf("%s is not what the set does (-set +page); write it with -pages:\n%s", file, diff)
		}
		if !strings.HasPrefix(head, "# "+set.Title) {
			t.Errorf("%s does not begin with the set's title %s", file, set.Title)
		}
	}
}

// TestValidateTheWayHome: what a's account would refuse on the way home is said of the document's own keys.
func TestValidateTheWayHome(t *testing.T) {
	document := func(settings string, fields ...string) string {
		return "mapping: contacts\na: { connection: salesforce, object: Contact }\nb: { connection: crm, object: contacts }\na_to_b: { update: true }\nb_to_a: true\n" + settings +
			"fields:\n  - { a: LastName, b: lastname }\n  - " + strings.Join(fields, "\n  - ") + "\n"
	}
	for _, c := range []struct{ settings, field, want string }{
		{"", "{ a: Email, b: email }", ""},
		{"", "{ a: Nickname, b: email }", `line 8: fields[1].a: Contact has no field "Nickname"`},
		{"", "{ a: CreatedBy, b: email }", `line 8: fields[1].a: CreatedBy of Contact cannot be written: write direction: a_to_b; the system computes it`},
		{"", "{ a: Born, b: email }", `line 8: fields[1].a: Born of Contact can be written at creation only: add create_only: true`},
		{"", "{ a: Salutation, b: salutation, values: { Mr.: Herr, Ms.: Frau }, back_values: { Herr: Mr, Frau: Ms. } }", `line 8: fields[1].back_values.Herr: "Mr" is not a value of Salutation`},
		{"", "{ a: Salutation, b: salutation, values: { Mr.: Herr }, back_values: { Herr: Mr. }, back_else: Prof. }", `line 8: fields[1].back_else: "Prof." is not a value of Salutation`},
		{"", "{ a: LeadSource, b: hs_lead_status, values: { Web: NEW, Other: OPEN }, back_values: { NOW: Web } }", `line 8: fields[1].back_values.NOW: "NOW" is not a value of hs_lead_status`},
		{"", "{ a: LeadSource, b: hs_lead_status }", `line 8: fields[1]: LeadSource has values that hs_lead_status does not take: Web, Other`},
		{"", "{ a: LeadSource, static: Fair, direction: b_to_a }", `line 8: fields[1].static: "Fair" is not a value of LeadSource`},
		{"", "{ a: Nobody, static: Fair, direction: b_to_a }", `line 8: fields[1].a: Contact has no field "Nobody"`},
		{"", "{ a: Count, b: numbers, transform: decimal }", `line 8: fields[1]: numbers is a text and Count is a whole number: add a back that`},
		{"", "{ a: FirstName, b: email, back_default: " + strings.Repeat("x", 41) + " }", `line 8: fields[1].back_default: FirstName takes 40 characters`},
		{"", "{ a: Title, value: 'nofield', direction: b_to_a }", `line 8: fields[1].value: contacts has no field "nofield"`},
		{"protect: { a: [ Nothing ] }\n", "{ a: Email, b: email }", `line 6: protect.a[0]: Contact has no field "Nothing"`},
		{"", "{ a: FirstName, b: firstname }\n  - { a: Team, b: email, direction: a_to_b }", `line 5: b_to_a: Team of Contact is required and nothing fills it: give it a field that goes home`},
	} {
		a, b := org(), portal()
		contact := a.Objects["Contact"]
		contact.Properties = append(contact.Properties, mapping.Property{Name: "CreatedBy", Type: "text", ReadOnly: true}, mapping.Property{Name: "Born", Type: "text", CreateOnly: true},
			mapping.Property{Name: "Count", Type: "integer"})
		if strings.Contains(c.field, "Team") {
			contact.Properties = append(contact.Properties, mapping.Property{Name: "Team", Type: "text", Required: true})
		}
		a.Objects = maps.Clone(a.Objects)
		a.Objects["Contact"] = contact
		contacts := b.Objects["contacts"]
		contacts.Properties = append(contacts.Properties, mapping.Property{Name: "numbers", Type: "text"})
		b.Objects["contacts"] = contacts
		problems, _ := mapping.Validate(mustLoad(t, []byte(document(c.settings, c.field))), language(), a, b)
		switch text := problems.Error(); {
		case c.want == "" && len(problems) > 0:
			t.Errorf("%s: %v", c.field, problems)
		case c.want != "" && !strings.HasPrefix(strings.TrimPrefix(text, "contacts: "), c.want):
			t.Errorf("%s:\n%v\nwant %s", c.field, problems, c.want)
		}
	}
}
