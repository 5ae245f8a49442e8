package simulation

// The second set of documents says what HubSpot's own connector offers of a field, and its mirror images: Prefer Salesforce unless blank,
// Always use Salesforce, Two-way; fill, furthest, one way home; and ties go to HubSpot.

const wordsAccounts = `
mapping: accounts
slot: account
a: { connection: salesforce, object: Account }
b: { connection: hubspot, object: companies }
match:
  - { a: Website, b: domain, compare: domain }
a_to_b: true
b_to_a: { create: { filter: 'not blank(name)' }, update: true }
conflict: newest
tie: hubspot
fields:
  - { a: Name, b: name, conflict: hubspot, only_blank: hubspot }
  - { a: Website, b: domain, transform: extract_domain }
  - { a: Phone, b: phone, transform: 'phone_e164("US")', conflict: salesforce, only_blank: salesforce }
  - { a: [BillingStreet, BillingCity, BillingPostalCode], b: [address, city, zip], group: address, conflict: hubspot }
  - { a: Description, b: description, conflict: fill }
  - { a: NumberOfEmployees, b: numberofemployees, direction: a_to_b, transform: 'decimal(0)', drift: restore }
`

const wordsContacts = `
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
tie: hubspot
fields:
  - { a: FirstName, b: firstname, conflict: salesforce, only_blank: salesforce }
  - { a: LastName, b: lastname }
  - { a: Email, b: email, transform: 'trim | lowercase', conflict: salesforce }
  - { a: Title, b: jobtitle, conflict: fill }
  - { a: Phone, b: phone, transform: 'phone_e164("US")' }
  - { a: MobilePhone, b: mobilephone, direction: a_to_b, transform: 'phone_e164("US")', drift: restore }
  - { a: MailingCity, b: city, conflict: hubspot, only_blank: hubspot }
  - { a: Salutation, b: salutation, direction: b_to_a }
  - { a: primary.Account, b: primary.companies, through: accounts, conflict: hubspot }
`

const wordsDeals = `
mapping: opportunities
a: { connection: salesforce, object: Opportunity }
b: { connection: hubspot, object: deals }
a_to_b: true
b_to_a: { create: { filter: 'not blank(dealname) and not blank(closedate)' }, update: true }
conflict: newest
tie: hubspot
fields:
  - { a: Name, b: dealname }
  - a: StageName
    b: dealstage
` + stageValues + `    conflict: furthest
    order: [ appointmentscheduled, qualifiedtobuy, presentationscheduled, decisionmakerboughtin, contractsent, closedlost, closedwon ]
  - { a: Amount, b: amount, conflict: hold }
  - { a: CloseDate, b: closedate, transform: 'datetime("UTC")', back: 'date("UTC")' }
  - { a: NextStep, b: hs_next_step, conflict: fill }
  - { a: primary.Account, b: primary.companies, through: accounts, conflict: hubspot }
  - { a: associations.Contact, b: associations.contacts, through: contacts }
`

// stages are a deal's, as the order of wordsDeals has them.
var stages = []string{"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent", "closedlost", "closedwon"}

func wordsSet() pairSet {
	return pairSet{name: "words", documents: []string{wordsAccounts, wordsContacts, plainLeads, wordsDeals}, newer: wordsContacts + newerContacts, kinds: []kind{
		{"accounts", "Account", "companies", []rule{
			{just("Name"), just("name"), onlyHubSpot, "text"},
			{just("Website"), just("domain"), winsNewest, "domain"},
			{just("Phone"), just("phone"), onlySalesforce, "phone"},
			{[]string{"BillingStreet", "BillingCity", "BillingPostalCode"}, []string{"address", "city", "zip"}, winsHubSpot, "text"},
			{just("Description"), just("description"), winsFill, "text"},
			{just("NumberOfEmployees"), just("numberofemployees"), winsRestore, "number"},
		}},
		{"contacts", "Contact", "contacts", []rule{
			{just("FirstName"), just("firstname"), onlySalesforce, "text"},
			{just("LastName"), just("lastname"), winsNewest, "text"},
			{just("Email"), just("email"), winsSalesforce, "fold"},
			{just("Title"), just("jobtitle"), winsFill, "text"},
			{just("Phone"), just("phone"), winsNewest, "phone"},
			{just("MobilePhone"), just("mobilephone"), winsRestore, "phone"},
			{just("MailingCity"), just("city"), onlyHubSpot, "text"},
			{just("Salutation"), just("salutation"), winsIn, "text"},
		}},
		{"opportunities", "Opportunity", "deals", []rule{
			{just("Name"), just("dealname"), winsNewest, "text"},
			{just("StageName"), just("dealstage"), winsFurthest, "stage"},
			{just("Amount"), just("amount"), winsHold, "number"},
			{just("CloseDate"), just("closedate"), winsNewest, "day"},
			{just("NextStep"), just("hs_next_step"), winsFill, "text"},
		}},
	}}
}
