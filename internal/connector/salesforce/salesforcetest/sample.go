package salesforcetest

import "fmt"

// The custom fields that the sample adds: VAT number and billing e-mail of an
// account, how often a product is billed, and on which term a line runs.
const (
	SampleVATField       = "VAT_Number__c"
	SampleEmailField     = "Billing_Email__c"
	SampleFrequencyField = "Billing_Frequency__c" // Product2 and OpportunityLineItem: One-time, Monthly, Annual
	SampleTermField      = "Term_Months__c"       // OpportunityLineItem
)

type sampleRow struct {
	key    string
	values map[string]any
}

type sampleLine struct {
	product, quantity, price string // price "" takes the list price
	more                     map[string]any
}

type sampleDeal struct {
	key, name, account, stage, close, currency string
	amount                                     any
	lines                                      []sampleLine
	contact                                    string
	shows                                      string
}

// SampleDeal says what an opportunity of the sample shows.
type SampleDeal struct {
	Key   string // SampleID("opportunities/" + Key)
	Name  string
	Shows string
	Won   bool
}

// SampleDeals lists the opportunities of Sample in the order in which they are made;
// those in other currencies exist in an org with several currencies only.
func SampleDeals() []SampleDeal {
	var out []SampleDeal
	for _, d := range sampleDeals() {
		out = append(out, SampleDeal{d.key, d.name, d.shows, d.stage == "Closed Won"})
	}
	return out
}

type m = map[string]any

func sampleAccounts() []sampleRow {
	return []sampleRow{
		{"northwind", m{"Name": "Northwind Traders", "Website": "https://northwind.example", "Phone": "(206) 555-0142", "Industry": "Retail", "AccountNumber": "N-1001", "BillingStreet": "400 Harbor Street", "BillingCity": "Seattle", "BillingState": "Washington", "BillingPostalCode": "98101", "BillingCountry": "United States", SampleEmailField: "ap@northwind.example"}},
		{"lumiere", m{"Name": "Lumière & Fils", "Website": "https://lumiere.example", "Phone": "+33 1 70 18 99 00", "BillingStreet": "12 rue des Ateliers", "BillingCity": "Lyon", "BillingPostalCode": "69002", "BillingCountry": "France", SampleEmailField: "compta@lumiere.example"}},
		{"osaka", m{"Name": "大阪精密株式会社", "Website": "https://osaka-seimitsu.example", "BillingStreet": "中央区1-2-3", "BillingCity": "大阪市", "BillingState": "Osaka", "BillingPostalCode": "540-0001", "BillingCountry": "Japan", SampleEmailField: "keiri@osaka-seimitsu.example"}},
		{"odd", m{"Name": `Smith, Jones | Partners: "R&D" 🚀`, "Website": "https://odd-name.example", "BillingStreet": "1 Old Yard\nBack house", "BillingCity": "London", "BillingCountry": "United Kingdom", SampleEmailField: "ledger@odd-name.example"}},
		{"harbor", m{"Name": "Harbor Supplies", "Website": "https://harbor.example", "BillingCity": "Portland", "BillingState": "Oregon", "BillingCountry": "United States", SampleEmailField: "billing@harbor.example"}},
		{"harbor-west", m{"Name": "Harbor Supplies West", "Website": "https://harbor.example", "BillingCity": "Eureka", "BillingState": "California", "BillingCountry": "United States", SampleEmailField: "west@harbor.example"}},
		{"nordlys", m{"Name": "Nordlys Energi A/S", "Website": "https://nordlys-energi.example", "BillingCity": "Aarhus", "BillingPostalCode": "8000", "BillingCountry": "Denmark", SampleVATField: "DK12345674", SampleEmailField: "faktura@nordlys-energi.example"}},
		{"alpine", m{"Name": "Alpine Instruments", "BillingCity": "Innsbruck", "BillingCountry": "Austria"}},
		{"gruenwald", m{"Name": "Grünwald Maschinenbau GmbH", "Website": "https://gruenwald.example", "Phone": "089 5550188", "BillingStreet": "Werkstraße 7", "BillingCity": "München", "BillingPostalCode": "80331", "BillingCountry": "Germany", SampleEmailField: "buchhaltung@gruenwald.example"}},
	}
}

func sampleContacts() []sampleRow {
	return []sampleRow{
		{"northwind-purchasing", m{"FirstName": "Purchasing", "LastName": "Northwind", "Email": "purchasing@northwind.example", "Title": "Purchasing", "account": "northwind"}},
		{"northwind-accounts", m{"FirstName": "Accounts", "LastName": "Northwind", "Email": "accounts@northwind.example", "account": "northwind"}},
		{"lumiere-office", m{"FirstName": "Bureau", "LastName": "Lumière", "Email": "bureau@lumiere.example", "account": "lumiere"}},
		{"gruenwald-office", m{"FirstName": "Einkauf", "LastName": "Grünwald", "Email": "einkauf@gruenwald.example", "Phone": "089 5550189", "account": "gruenwald"}},
	}
}

// sampleProducts have their list price in the corporate currency under "price".
func sampleProducts() []sampleRow {
	return []sampleRow{
		{"consulting", m{"Name": "Consulting hour", "ProductCode": "CONS-H", "IsActive": true, "price": "150", "Description": "One hour, remote", SampleFrequencyField: "One-time"}},
		{"licence", m{"Name": "Platform licence", "ProductCode": "LIC-M", "IsActive": true, "price": "49", SampleFrequencyField: "Monthly"}},
		{"support", m{"Name": "Annual support", "ProductCode": "SUP-Y", "IsActive": true, "price": "1200", SampleFrequencyField: "Annual"}},
		{"sensor", m{"Name": "Sensor unit", "ProductCode": "SENS", "IsActive": true, "price": "199.99", SampleFrequencyField: "One-time"}},
		{"installation", m{"Name": "Installation", "ProductCode": "INST", "IsActive": true, "price": "500", SampleFrequencyField: "One-time"}},
		{"adapter", m{"Name": "Legacy adapter", "ProductCode": "ADPT", "IsActive": false, "price": "75", SampleFrequencyField: "One-time"}},
	}
}

func line(product, quantity, price string, kv ...any) sampleLine {
	more := m{}
	for i := 0; i+1 < len(kv); i += 2 {
		more[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return sampleLine{product, quantity, price, more}
}

func sampleDeals() []sampleDeal {
	return []sampleDeal{
		{key: "usd", name: "Northwind consulting", shows: "an ordinary won opportunity", account: "northwind", stage: "Closed Won", close: "2026-02-27", lines: []sampleLine{line("consulting", "10", "")}, contact: "northwind-purchasing"},
		{key: "several", name: "Harbor rollout", shows: "several lines, one below list price", account: "harbor", stage: "Closed Won", close: "2026-03-12", lines: []sampleLine{line("sensor", "12", "179.99"), line("installation", "1", "")}},
		{key: "no-lines", name: "Northwind retainer", shows: "won without lines: the amount alone", account: "northwind", stage: "Closed Won", close: "2026-05-04", amount: "2500"},
		{key: "recurring", name: "Lumière platform", shows: "a recurring line: a contract", account: "lumiere", stage: "Closed Won", close: "2026-05-11", lines: []sampleLine{line("licence", "20", "", SampleFrequencyField, "Monthly", SampleTermField, "12", "ServiceDate", "2026-06-01")}, contact: "lumiere-office"},
		{key: "mixed", name: "Nordlys rollout", shows: "recurring and one-time lines together", account: "nordlys", stage: "Closed Won", close: "2026-05-18", lines: []sampleLine{line("licence", "5", "45", SampleFrequencyField, "Monthly", SampleTermField, "12", "ServiceDate", "2026-06-01"), line("installation", "1", "450")}},
		{key: "before-since", name: "Northwind pilot 2019", shows: "won years ago: before since, never a document", account: "northwind", stage: "Closed Won", close: "2019-06-14", lines: []sampleLine{line("consulting", "4", "")}},
		{key: "decimal-quantity", name: "Northwind review", shows: "a quantity with decimals", account: "northwind", stage: "Closed Won", close: "2026-06-15", lines: []sampleLine{line("consulting", "7.25", "")}},
		{key: "no-account", name: "Walk-in sale", shows: "won without an account", stage: "Closed Won", close: "2026-06-20", amount: "90"},
		{key: "no-email", name: "Alpine sensors", shows: "an account without an e-mail address", account: "alpine", stage: "Closed Won", close: "2026-06-22", lines: []sampleLine{line("sensor", "2", "")}},
		{key: "eur", name: "Grünwald sensors", shows: "another currency", account: "gruenwald", stage: "Closed Won", close: "2026-07-01", currency: "EUR", amount: "829.00", contact: "gruenwald-office"},
		{key: "jpy", name: "大阪精密 センサー", shows: "a currency without decimals", account: "osaka", stage: "Closed Won", close: "2026-07-02", currency: "JPY", amount: "89400"},
		{key: "negative", name: "Northwind credit", shows: "a negative amount", account: "northwind", stage: "Closed Won", close: "2026-07-15", amount: "-250"},
		{key: "inactive-product", name: "Northwind adapters", shows: "a product that is not active any more", account: "northwind", stage: "Closed Won", close: "2026-07-27", lines: []sampleLine{line("adapter", "2", "")}},
		{key: "odd-name", name: "Rollout 🚀, phase 1 | EMEA: \"go\"", shows: "names full of separators and emoji", account: "odd", stage: "Closed Won", close: "2026-08-03", lines: []sampleLine{line("installation", "1", ""), line("consulting", "1", "", "Description", "Consulting, remote | 1:1 ✅")}},
		{key: "open", name: "Harbor West expansion", shows: "open: nothing happens yet", account: "harbor-west", stage: "Negotiation/Review", close: "2026-12-18", lines: []sampleLine{line("sensor", "30", "")}},
		{key: "lost", name: "Odd tender", shows: "lost: nothing happens", account: "odd", stage: "Closed Lost", close: "2026-04-30", amount: "12000"},
	}
}

// Sample fills the org with a small believable company: accounts, contacts,
// products with prices in the standard book and in "Partner Prices", opportunities
// with lines and contact roles, two leads, a campaign and a task. It leaves no
// journal and no events, and panics when it breaks the org's own rules. Keys for
// SampleID are "accounts/northwind",
// "contacts/...", "products/...", "entries/...", "opportunities/...", "leads/...",
// "pricebooks/partner", "campaigns/spring".
func (s *Sim) Sample() {
	s.addSampleFields()
	l := loader{s: s}
	l.each("accounts", "Account", sampleAccounts(), nil)
	l.each("contacts", "Contact", sampleContacts(), func(v m) { l.swap(v, "account", "AccountId", "accounts/") })
	l.products()
	for _, d := range sampleDeals() {
		l.deal(d)
	}
	l.each("leads", "Lead", []sampleRow{
		{"fjord", m{"LastName": "Office", "Company": "Fjord Logistics AS", "Email": "office@fjord.example", "LeadSource": "Web", "Country": "Norway"}},
		{"harbor-lead", m{"FirstName": "Buying", "LastName": "Desk", "Company": "Harbor Supplies", "Email": "buying@harbor.example", "Status": "Working - Contacted"}},
	}, nil)
	l.each("campaigns", "Campaign", []sampleRow{{"spring", m{"Name": "Spring fair", "IsActive": true, "Type": "Trade Show", "Status": "In Progress"}}}, nil)
	l.load("CampaignMember", m{"CampaignId": l.id("campaigns/spring"), "ContactId": l.id("contacts/northwind-purchasing"), "Status": "Responded"})
	l.load("Task", m{"Subject": "Call", "WhatId": l.id("opportunities/open"), "WhoId": l.id("contacts/northwind-accounts"), "TaskSubtype": "Call", "Status": "Completed", "ActivityDate": "2026-06-30", "Description": "Asked for a second offer"})
	if l.err != nil {
		panic("salesforcetest: " + l.err.Error())
	}
}

func (s *Sim) addSampleFields() {
	s.AddField("Account", Text(SampleVATField, 40))
	email := Text(SampleEmailField, 80)
	email.Type, email.Label = "email", "Billing Email"
	s.AddField("Account", email)
	for _, object := range []string{"Product2", "OpportunityLineItem"} {
		s.AddField(object, Picklist(SampleFrequencyField, true, "One-time", "Monthly", "Annual"))
	}
	s.AddField("OpportunityLineItem", Number(SampleTermField, 3, 0))
}

// loader keeps the first error and the ids by key.
type loader struct {
	s   *Sim
	err error
}

func (l *loader) id(key string) string { return l.s.SampleID(key) }

func (l *loader) load(object string, values m) string {
	if l.err != nil {
		return ""
	}
	ids, err := l.s.Load(object, []map[string]any{values})
	if err != nil {
		l.err = fmt.Errorf("sample %s: %w", object, err)
		return ""
	}
	return ids[0]
}

func (l *loader) named(key, object string, values m) string {
	id := l.load(object, values)
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.sample[key] = id
	return id
}

func (l *loader) each(group, object string, rows []sampleRow, prepare func(m)) {
	for _, r := range rows {
		if prepare != nil {
			prepare(r.values)
		}
		l.named(group+"/"+r.key, object, r.values)
	}
}

// swap replaces a key of the sample by an id.
func (l *loader) swap(v m, from, to, prefix string) {
	if key, has := v[from]; has {
		v[to] = l.id(prefix + fmt.Sprint(key))
		delete(v, from)
	}
}

// products come with their standard price, and with a partner price ten percent
// below for the sensor.
func (l *loader) products() {
	standard := l.s.StandardPricebookID()
	partner := l.named("pricebooks/partner", "Pricebook2", m{"Name": "Partner Prices", "IsActive": true})
	for _, r := range sampleProducts() {
		price := r.values["price"]
		delete(r.values, "price")
		id := l.named("products/"+r.key, "Product2", r.values)
		l.named("entries/"+r.key, "PricebookEntry", m{"Pricebook2Id": standard, "Product2Id": id, "UnitPrice": price, "IsActive": true})
		if r.key == "sensor" {
			l.named("entries/partner-sensor", "PricebookEntry", m{"Pricebook2Id": partner, "Product2Id": id, "UnitPrice": "179.99", "IsActive": true})
		}
	}
}

func (l *loader) deal(d sampleDeal) {
	if d.currency != "" && d.currency != l.s.cfg.Currency && !l.s.cfg.MultiCurrency {
		return
	}
	values := m{"Name": d.name, "StageName": d.stage, "CloseDate": d.close}
	if d.currency != "" && l.s.cfg.MultiCurrency {
		values["CurrencyIsoCode"] = d.currency
	}
	if d.account != "" {
		values["AccountId"] = l.id("accounts/" + d.account)
	}
	if d.amount != nil {
		values["Amount"] = d.amount
	}
	if d.contact != "" {
		values["ContactId"] = l.id("contacts/" + d.contact)
	}
	opp := l.named("opportunities/"+d.key, "Opportunity", values)
	for _, ln := range d.lines {
		row := m{"OpportunityId": opp, "PricebookEntryId": l.id("entries/" + ln.product), "Quantity": ln.quantity}
		for k, v := range ln.more {
			row[k] = v
		}
		if row["UnitPrice"] = ln.price; ln.price == "" {
			e, _ := l.s.Get("PricebookEntry", l.id("entries/"+ln.product))
			row["UnitPrice"] = e.Values["UnitPrice"]
		}
		l.load("OpportunityLineItem", row)
	}
}
