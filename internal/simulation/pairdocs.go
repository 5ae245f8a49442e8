package simulation

// pairSet is the documents of a seed, and what they say of each field.
type pairSet struct {
	name      string
	documents []string
	newer     string // a document that is applied in mid run
	kinds     []kind
}

// kind is one mapping as the checker knows it: it is written down here a second time, by hand.
type kind struct {
	mapping, a, b string // objects
	fields        []rule
}

// rule says who wins a field, and when two values say the same.
type rule struct {
	a, b []string
	wins string // a word of wins*
	kind string // when two values say the same: text, fold, phone, domain, number, day, stage
}

// What a document may say of two changes of one field.
const (
	winsNewest     = "newest"
	winsSalesforce = "salesforce"
	winsHubSpot    = "hubspot"
	winsHold       = "hold"
	winsFill       = "fill"                 // each side keeps its own
	winsFurthest   = "furthest"             // never backwards
	winsOut        = "out"                  // only ever from Salesforce to HubSpot, what HubSpot changes stays
	winsRestore    = "always salesforce"    // likewise, and what HubSpot changes is put back
	winsIn         = "in"                   // only ever from HubSpot to Salesforce
	onlySalesforce = "salesforce if filled" // Salesforce is written only where it is blank
	onlyHubSpot    = "hubspot if filled"    // HubSpot is
)

func pairSetOf(seed uint64) pairSet { return pairSets()[int(seed)%len(pairSets())] }

func pairSets() []pairSet { return []pairSet{wordsSet(), plainSet()} }

const plainAccounts = `
mapping: accounts
slot: account
a: { connection: salesforce, object: Account }
b: { connection: hubspot, object: companies }
match:
  - { a: Website, b: domain, compare: domain }
a_to_b: true
b_to_a: { create: { filter: 'not blank(name)' }, update: true }
conflict: newest
fields:
  - { a: Name, b: name, conflict: salesforce }
  - { a: Website, b: domain, transform: extract_domain }
  - { a: Phone, b: phone, transform: 'phone_e164("US")' }
  - { a: [BillingStreet, BillingCity, BillingPostalCode], b: [address, city, zip], group: address }
  - { a: Description, b: description, conflict: hubspot }
  - { a: NumberOfEmployees, b: numberofemployees, back: 'decimal(0)' }
`

const plainContacts = `
mapping: contacts
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: hubspot, object: contacts }
match:
  - { a: Email, b: email, compare: case_insensitive }
when_taken: hold
a_to_b: { create: { filter: 'valid_email(Email)' }, update: true }
b_to_a: { create: { filter: 'valid_email(email) and not blank(lastname)' }, update: true }
conflict: newest
fields:
  - { a: FirstName, b: firstname }
  - { a: LastName, b: lastname }
  - { a: Email, b: email, transform: 'trim | lowercase', conflict: salesforce }
  - { a: Title, b: jobtitle, conflict: salesforce }
  - { a: Phone, b: phone, transform: 'phone_e164("US")', conflict: hubspot }
  - { a: MobilePhone, b: mobilephone, transform: 'phone_e164("US")' }
  - { a: MailingCity, b: city, conflict: hold }
  - { a: Salutation, b: salutation, direction: a_to_b }
  - { a: primary.Account, b: primary.companies, through: accounts, conflict: salesforce }
`

const plainLeads = `
mapping: leads
slot: person
a: { connection: salesforce, object: Lead }
b: { connection: hubspot, object: contacts }
yields_to: [ contacts ]
match:
  - { a: Email, b: email, compare: case_insensitive }
when_taken: alias
a_to_b: { create: { filter: 'valid_email(Email) and not is_true(IsConverted)' }, update: true }
conflict: a
fields:
  - { a: FirstName, b: firstname }
  - { a: LastName, b: lastname }
  - { a: Email, b: email, transform: 'trim | lowercase' }
  - { a: Title, b: jobtitle }
  - { b: lifecyclestage, static: lead, create_only: true }
`

// stageValues are the lines of both sets' documents that say which stage is which; pairfields.go has them a second time, by hand.
const stageValues = `    values: { Prospecting: appointmentscheduled, Qualification: qualifiedtobuy, Needs Analysis: qualifiedtobuy, Value Proposition: presentationscheduled, Id. Decision Makers: decisionmakerboughtin, Perception Analysis: decisionmakerboughtin, Proposal/Price Quote: contractsent, Negotiation/Review: contractsent, Closed Won: closedwon, Closed Lost: closedlost }
    back_values: { appointmentscheduled: Prospecting, qualifiedtobuy: Qualification, presentationscheduled: Value Proposition, decisionmakerboughtin: Id. Decision Makers, contractsent: Proposal/Price Quote, closedwon: Closed Won, closedlost: Closed Lost }
`

const plainDeals = `
mapping: opportunities
a: { connection: salesforce, object: Opportunity }
b: { connection: hubspot, object: deals }
a_to_b: true
b_to_a: { create: { filter: 'not blank(dealname) and not blank(closedate)' }, update: true }
conflict: newest
fields:
  - { a: Name, b: dealname }
  - a: StageName
    b: dealstage
` + stageValues + `    conflict: salesforce
  - { a: Amount, b: amount }
  - { a: CloseDate, b: closedate, transform: 'datetime("UTC")', back: 'date("UTC")' }
  - { a: NextStep, b: hs_next_step }
  - { a: primary.Account, b: primary.companies, through: accounts, conflict: salesforce }
  - { a: associations.Contact, b: associations.contacts, through: contacts }
`

func just(name string) []string { return []string{name} }

func plainSet() pairSet {
	return pairSet{name: "plain", documents: []string{plainAccounts, plainContacts, plainLeads, plainDeals}, newer: plainContacts + newerContacts, kinds: []kind{
		{"accounts", "Account", "companies", []rule{
			{just("Name"), just("name"), "salesforce", "text"},
			{just("Website"), just("domain"), "newest", "domain"},
			{just("Phone"), just("phone"), "newest", "phone"},
			{[]string{"BillingStreet", "BillingCity", "BillingPostalCode"}, []string{"address", "city", "zip"}, "newest", "text"},
			{just("Description"), just("description"), "hubspot", "text"},
			{just("NumberOfEmployees"), just("numberofemployees"), "newest", "number"},
		}},
		{"contacts", "Contact", "contacts", []rule{
			{just("FirstName"), just("firstname"), "newest", "text"},
			{just("LastName"), just("lastname"), "newest", "text"},
			{just("Email"), just("email"), "salesforce", "fold"},
			{just("Title"), just("jobtitle"), "salesforce", "text"},
			{just("Phone"), just("phone"), "hubspot", "phone"},
			{just("MobilePhone"), just("mobilephone"), "newest", "phone"},
			{just("MailingCity"), just("city"), "hold", "text"},
			{just("Salutation"), just("salutation"), "out", "text"},
		}},
		{"opportunities", "Opportunity", "deals", []rule{
			{just("Name"), just("dealname"), "newest", "text"},
			{just("StageName"), just("dealstage"), "salesforce", "stage"},
			{just("Amount"), just("amount"), "newest", "number"},
			{just("CloseDate"), just("closedate"), "newest", "day"},
			{just("NextStep"), just("hs_next_step"), "newest", "text"},
		}},
	}}
}
