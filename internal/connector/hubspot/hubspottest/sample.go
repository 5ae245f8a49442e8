package hubspottest

import (
	"fmt"
	"time"
)

// SampleDeal says what a deal of the sample shows.
type SampleDeal struct {
	Key   string // stable name: SampleID("deals/"+Key)
	Name  string // dealname
	Shows string
	Won   bool
}

// SampleDeals lists the deals of Sample in the order in which they are made.
var SampleDeals = sampleDeals()

// sampleRecord is a company, product or contact of the sample.
type sampleRecord struct {
	key   string
	props map[string]string
}

type sampleLine struct {
	product string // key, "" = not a product's line
	props   map[string]string
}

type dealSpec struct {
	key, name, shows string
	companies        []string
	noPrimary        bool
	currency, amount string
	stage            string // "" = closedwon
	pipeline         string
	closed           string // YYYY-MM-DD; "" = open without a date
	lines            []sampleLine
}

// The two properties of companies, and the one of products, that the sample adds.
const (
	SampleVATProperty   = "vat_number"
	SampleEmailProperty = "billing_email"
	SampleActive        = "active"
)

type props = map[string]string

func sampleCompanies() []sampleRecord {
	return []sampleRecord{
		{"northwind", props{"name": "Northwind Traders", "domain": "northwind.example", "phone": "(206) 555-0142", "address": "400 Harbor Street", "city": "Seattle", "state": "WA", "zip": "98101", "country": "United States", "industry": "WHOLESALE", SampleEmailProperty: "ap@northwind.example"}},
		{"lumiere", props{"name": "Lumière & Fils", "domain": "lumiere.example", "phone": "+33 1 70 18 99 00", "address": "12 rue des Ateliers", "city": "Lyon", "zip": "69002", "country": "France", SampleEmailProperty: "compta@lumiere.example"}},
		{"osaka", props{"name": "大阪精密株式会社", "domain": "osaka-seimitsu.example", "address": "中央区1-2-3", "city": "大阪市", "zip": "540-0001", "country": "Japan", SampleEmailProperty: "keiri@osaka-seimitsu.example"}},
		{"manama", props{"name": "Manama Trading W.L.L.", "domain": "manama-trading.example", "city": "Manama", "country": "Bahrain", SampleEmailProperty: "accounts@manama-trading.example"}},
		{"odd", props{"name": `Smith, Jones | Partners: "R&D" 🚀`, "domain": "odd-name.example", "city": "London", "country": "United Kingdom", SampleEmailProperty: "ledger@odd-name.example"}},
		{"harbor", props{"name": "Harbor Supplies", "domain": "harbor.example", "city": "Portland", "state": "OR", "country": "United States", SampleEmailProperty: "billing@harbor.example"}},
		{"harbor-west", props{"name": "Harbor Supplies West", "domain": "harbor.example", "city": "Eureka", "state": "CA", "country": "United States", SampleEmailProperty: "west@harbor.example"}},
		{"nordlys", props{"name": "Nordlys Energi A/S", "domain": "nordlys-energi.example", "city": "Aarhus", "zip": "8000", "country": "Denmark", SampleVATProperty: "DK12345674", SampleEmailProperty: "faktura@nordlys-energi.example"}},
		{"bakery", props{"name": "Corner Bakery", "domain": "gmail.com", "city": "Austin", "state": "TX", "country": "United States"}},
		{"alpine", props{"name": "Alpine Instruments", "city": "Innsbruck", "country": "Austria"}},
		{"twinpeaks", props{"name": "Twin Peaks Lodge", "domain": "twinpeaks.example", "city": "Snoqualmie", "state": "WA", "country": "United States", SampleEmailProperty: "accounts@twinpeaks.example"}},
		{"gruenwald", props{"name": "Grünwald Maschinenbau GmbH", "domain": "gruenwald.example", "phone": "089 5550188", "address": "Werkstraße 7", "city": "München", "zip": "80331", "country": "Germany", SampleEmailProperty: "buchhaltung@gruenwald.example"}},
	}
}

func sampleProducts() []sampleRecord {
	return []sampleRecord{
		{"consulting", props{"name": "Consulting hour", "price": "150", "hs_sku": "CONS-H", "description": "One hour, remote", SampleActive: "true"}},
		{"licence", props{"name": "Platform licence", "price": "49.00", "recurringbillingfrequency": "monthly", "hs_recurring_billing_period": "P12M", "hs_price_eur": "45.00", SampleActive: "true"}},
		{"support", props{"name": "Annual support", "price": "1200", "recurringbillingfrequency": "annually", "hs_recurring_billing_period": "P1Y", SampleActive: "true"}},
		{"sensor", props{"name": "Sensor unit", "price": "199.99", "hs_price_eur": "189.50", "hs_price_jpy": "29800", "hs_price_bhd": "75.125", SampleActive: "true"}},
		{"cable", props{"name": "Cable, 1 m", "price": "0.335", SampleActive: "true"}},
		{"training", props{"name": "Training day", "price": "1200", SampleActive: "true"}},
		{"installation", props{"name": "Installation", "price": "500", "hs_price_eur": "450", SampleActive: "true"}},
		{"adapter", props{"name": "Legacy adapter", "price": "75", SampleActive: "false"}},
	}
}

func sampleContacts() []sampleRecord {
	return []sampleRecord{
		{"northwind-purchasing", props{"firstname": "Purchasing", "lastname": "Northwind", "email": "purchasing@northwind.example", "jobtitle": "Purchasing"}},
		{"lumiere-office", props{"firstname": "Bureau", "lastname": "Lumière", "email": "bureau@lumiere.example"}},
		{"gruenwald-office", props{"firstname": "Einkauf", "lastname": "Grünwald", "email": "einkauf@gruenwald.example", "phone": "089 5550189"}},
	}
}

func line(product string, kv ...string) sampleLine {
	p := props{}
	for i := 0; i+1 < len(kv); i += 2 {
		p[kv[i]] = kv[i+1]
	}
	return sampleLine{product, p}
}

func dealSpecs() []dealSpec {
	one := func(name string) []string { return []string{name} }
	return []dealSpec{
		{key: "eur", name: "Grünwald sensors", shows: "an ordinary invoice in EUR", companies: one("gruenwald"), currency: "EUR", amount: "829.00", closed: "2026-03-12",
			lines: []sampleLine{line("sensor", "quantity", "2"), line("installation", "quantity", "1")}},
		{key: "usd", name: "Northwind consulting", shows: "an ordinary invoice in USD", companies: one("northwind"), currency: "USD", amount: "1500", closed: "2026-02-27",
			lines: []sampleLine{line("consulting", "quantity", "10")}},
		{key: "jpy", name: "大阪精密 センサー", shows: "a currency without decimals (JPY)", companies: one("osaka"), currency: "JPY", amount: "89400", closed: "2026-04-02",
			lines: []sampleLine{line("sensor", "quantity", "3")}},
		{key: "bhd", name: "Manama sensors", shows: "a currency with three decimals (BHD)", companies: one("manama"), currency: "BHD", amount: "300.500", closed: "2026-04-20",
			lines: []sampleLine{line("sensor", "quantity", "4")}},
		{key: "no-lines", name: "Northwind retainer", shows: "won without line items", companies: one("northwind"), currency: "USD", amount: "2500", closed: "2026-05-04"},
		{key: "recurring", name: "Lumière platform", shows: "a recurring line: a contract", companies: one("lumiere"), currency: "EUR", amount: "900.00", closed: "2026-05-11",
			lines: []sampleLine{line("licence", "quantity", "20", "hs_recurring_billing_start_date", "2026-06-01")}},
		{key: "mixed", name: "Nordlys rollout", shows: "recurring and one-time lines together", companies: one("nordlys"), currency: "EUR", amount: "675.00", closed: "2026-05-18",
			lines: []sampleLine{line("licence", "quantity", "5", "hs_recurring_billing_start_date", "2026-06-01"), line("installation", "quantity", "1")}},
		{key: "before-since", name: "Northwind pilot 2019", shows: "won years ago: before since, never a document", companies: one("northwind"), currency: "USD", amount: "600", closed: "2019-06-14",
			lines: []sampleLine{line("consulting", "quantity", "4")}},
		{key: "discount-percent", name: "Harbor sensors", shows: "a discount in percent", companies: one("harbor"), currency: "USD", amount: "1799.91", closed: "2026-06-01",
			lines: []sampleLine{line("sensor", "quantity", "10", "hs_discount_percentage", "10")}},
		{key: "discount-amount", name: "Northwind workshop", shows: "a discount as an amount", companies: one("northwind"), currency: "USD", amount: "1100", closed: "2026-06-08",
			lines: []sampleLine{line("consulting", "quantity", "8", "discount", "12.50")}},
		{key: "decimal-quantity", name: "Northwind review", shows: "a quantity with decimals", companies: one("northwind"), currency: "USD", amount: "1087.50", closed: "2026-06-15",
			lines: []sampleLine{line("consulting", "quantity", "7.25")}},
		{key: "fine-price", name: "Harbor cables", shows: "a unit price finer than the currency (0.335 x 1000)", companies: one("harbor"), currency: "USD", amount: "335.00", closed: "2026-06-22",
			lines: []sampleLine{line("cable", "quantity", "1000")}},
		{key: "free-line", name: "Nordlys workshop", shows: "a line without a catalogue product; a company with a VAT number", companies: one("nordlys"), currency: "EUR", amount: "980", closed: "2026-06-29",
			lines: []sampleLine{line("", "name", "On-site workshop", "quantity", "1", "price", "980")}},
		{key: "second-pipeline", name: "Harbor renewal", shows: "won in another pipeline, whose won stage is a number", companies: one("harbor"), currency: "USD", amount: "1200", closed: "2026-07-06",
			pipeline: SecondPipeline, stage: SecondWonStage, lines: []sampleLine{line("training", "quantity", "1")}},
		{key: "no-company", name: "Walk-in order", shows: "won without a company: held", currency: "USD", amount: "300", closed: "2026-07-08",
			lines: []sampleLine{line("consulting", "quantity", "2")}},
		{key: "two-companies", name: "Harbor joint order", shows: "two companies, none primary: held", companies: []string{"harbor", "harbor-west"}, noPrimary: true, currency: "USD", amount: "450", closed: "2026-07-10",
			lines: []sampleLine{line("consulting", "quantity", "3")}},
		{key: "no-price", name: "London training", shows: "a currency in which the product has no price: held", companies: one("odd"), currency: "GBP", amount: "1200", closed: "2026-07-13",
			lines: []sampleLine{line("training", "quantity", "1")}},
		{key: "negative", name: "Northwind credit", shows: "a negative amount: held", companies: one("northwind"), currency: "USD", amount: "-250", closed: "2026-07-15"},
		{key: "huge", name: "Harbor typo", shows: "an amount beyond 64-bit minor units: held", companies: one("harbor"), currency: "USD", amount: "99999999999999999.99", closed: "2026-07-16",
			lines: []sampleLine{line("", "name", "Everything", "quantity", "1", "price", "99999999999999999.99")}},
		{key: "amount-differs", name: "Northwind rounding", shows: "deal amount and lines differ: held", companies: one("northwind"), currency: "USD", amount: "1400", closed: "2026-07-20",
			lines: []sampleLine{line("consulting", "quantity", "10")}},
		{key: "weekly", name: "Bakery weekly service", shows: "billed weekly, which Light lacks: held; a company with a free-mail domain", companies: one("bakery"), currency: "USD", amount: "40", closed: "2026-07-22",
			lines: []sampleLine{line("", "name", "Weekly service", "quantity", "1", "price", "40", "recurringbillingfrequency", "weekly", "hs_recurring_billing_period", "P12M")}},
		{key: "two-yearly", name: "Harbor calibration", shows: "billed every two years, which Light lacks: held", companies: one("harbor"), currency: "USD", amount: "800", closed: "2026-07-24",
			lines: []sampleLine{line("", "name", "Calibration", "quantity", "1", "price", "800", "recurringbillingfrequency", "per_two_years", "hs_recurring_billing_period", "P4Y")}},
		{key: "inactive-product", name: "Northwind adapters", shows: "a product that is not active any more", companies: one("northwind"), currency: "USD", amount: "150", closed: "2026-07-27",
			lines: []sampleLine{line("adapter", "quantity", "2")}},
		{key: "name-match", name: "Alpine consulting", shows: "a company known at Light by its name alone: held", companies: one("alpine"), currency: "EUR", amount: "300", closed: "2026-07-29",
			lines: []sampleLine{line("consulting", "quantity", "2", "price", "150")}},
		{key: "email-twice", name: "Twin Peaks consulting", shows: "a company whose e-mail two Light customers have: held", companies: one("twinpeaks"), currency: "USD", amount: "300", closed: "2026-07-31",
			lines: []sampleLine{line("consulting", "quantity", "2")}},
		{key: "odd-name", name: "Rollout 🚀, phase 1 | EMEA: \"go\"", shows: "names full of separators and emoji", companies: one("odd"), currency: "USD", amount: "650", closed: "2026-08-03",
			lines: []sampleLine{line("installation", "quantity", "1"), line("consulting", "quantity", "1", "name", "Consulting, remote | 1:1 ✅")}},
		{key: "open", name: "Grünwald extension", shows: "open", companies: one("gruenwald"), currency: "EUR", amount: "379.00", stage: "contractsent",
			lines: []sampleLine{line("sensor", "quantity", "2")}},
		{key: "open-recurring", name: "Northwind platform", shows: "open, recurring", companies: one("northwind"), currency: "USD", amount: "980.00", stage: "qualifiedtobuy",
			lines: []sampleLine{line("licence", "quantity", "20")}},
		{key: "open-renewal", name: "Harbor support renewal", shows: "open in the second pipeline", companies: one("harbor"), currency: "USD", amount: "1200", pipeline: SecondPipeline, stage: SecondOpenStage,
			lines: []sampleLine{line("support", "quantity", "1")}},
		{key: "lost", name: "Osaka expansion", shows: "lost", companies: one("osaka"), currency: "JPY", amount: "149000", closed: "2026-06-30", stage: LostStage,
			lines: []sampleLine{line("sensor", "quantity", "5")}},
	}
}

func sampleDeals() []SampleDeal {
	var out []SampleDeal
	for _, d := range dealSpecs() {
		out = append(out, SampleDeal{Key: d.key, Name: d.name, Shows: d.shows, Won: d.won()})
	}
	return out
}

func (d dealSpec) won() bool { return d.stage == "" || d.stage == SecondWonStage }

// Sample loads the sample portal: twelve companies, eight products, contacts and
// the deals of SampleDeals, all made by somebody else's integration, dated in
// 2026 (one deal in 2019), without webhooks. It panics when the sample breaks the
// portal's own rules. Call it once, before any other record is made.
func (s *Sim) Sample() {
	l := loader{s: s, a: s.Other()}
	s.setLoading(true)
	defer s.setLoading(false)
	l.at("2026-01-05")
	l.must(l.a.Define("companies", SampleVATProperty, "string", "text"))
	l.must(l.a.Define("companies", SampleEmailProperty, "string", "text"))
	l.must(l.a.Define("products", SampleActive, "bool", "booleancheckbox", "true", "false"))
	owners := s.Owners()
	for i, c := range sampleCompanies() {
		c.props["hubspot_owner_id"] = owners[i%3].ID
		l.create("companies", c.key, c.props)
	}
	for _, p := range sampleProducts() {
		l.create("products", p.key, p.props)
	}
	for _, c := range sampleContacts() {
		l.create("contacts", c.key, c.props)
	}
	l.must(l.a.Associate("contacts", l.id("contacts/northwind-purchasing"), "companies", l.id("companies/northwind")))
	l.must(l.a.Associate("contacts", l.id("contacts/lumiere-office"), "companies", l.id("companies/lumiere")))
	l.must(l.a.Associate("contacts", l.id("contacts/gruenwald-office"), "companies", l.id("companies/gruenwald")))
	for i, d := range dealSpecs() {
		l.deal(d, owners[i%3].ID)
	}
}

// SampleID gives the id of a sample record: SampleID("deals/eur"),
// SampleID("companies/alpine"), SampleID("products/sensor"); "" if there is none.
func (s *Sim) SampleID(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sample[key]
}

func (s *Sim) setLoading(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = on
	if !on {
		s.stamp = time.Time{}
	}
}

type loader struct {
	s *Sim
	a Actor
}

func (l loader) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("hubspottest: sample: %v", err))
	}
}

// at sets the time that records made from now on show: ten in the morning UTC.
func (l loader) at(day string) {
	t, err := time.Parse(time.DateOnly, day)
	l.must(err)
	l.s.mu.Lock()
	l.s.stamp = t.Add(10 * time.Hour)
	l.s.mu.Unlock()
}

func (l loader) id(key string) string { return l.s.SampleID(key) }

func (l loader) create(objectType, key string, p props) string {
	id, err := l.a.Create(objectType, p)
	if err != nil {
		err = fmt.Errorf("%s/%s: %w", objectType, key, err)
	}
	l.must(err)
	l.s.mu.Lock()
	l.s.sample[objectType+"/"+key] = id
	l.s.mu.Unlock()
	return id
}

// deal makes a deal as people do: open first, with company and lines, then moved
// to its stage on its date.
func (l loader) deal(d dealSpec, owner string) {
	stage, pipeline, first := d.stage, d.pipeline, OpenStage
	setDefault(&stage, WonStage)
	setDefault(&pipeline, DefaultPipeline)
	if pipeline == SecondPipeline {
		first = SecondOpenStage
	}
	opened := "2026-01-20"
	if d.closed != "" && d.closed < opened {
		opened = d.closed[:4] + "-01-20"
	}
	l.at(opened)
	id := l.create("deals", d.key, props{"dealname": d.name, "dealstage": first, "pipeline": pipeline, "amount": d.amount, "deal_currency_code": d.currency, "hubspot_owner_id": owner})
	for _, c := range d.companies {
		l.must(l.a.Associate("deals", id, "companies", l.id("companies/"+c)))
	}
	if d.noPrimary {
		l.must(l.a.WithoutPrimary("deals", id))
	}
	for i, ln := range d.lines {
		ln.props["hs_line_item_currency_code"] = d.currency
		if ln.product != "" {
			ln.props["hs_product_id"] = l.id("products/" + ln.product)
		}
		lineID := l.create("line_items", fmt.Sprintf("%s-%d", d.key, i+1), ln.props)
		l.must(l.a.Associate("line_items", lineID, "deals", id))
	}
	set := props{"dealstage": stage}
	if d.closed != "" {
		l.at(d.closed)
		set["closedate"] = d.closed + "T10:00:00Z"
	}
	if stage != first || d.closed != "" {
		l.must(l.a.Set("deals", id, set))
	}
}
