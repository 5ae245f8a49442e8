package lighttest

import "time"

// What Sample makes, by name.
const (
	SampleNameOnly   = "Alpine Instruments"      // no e-mail, VAT number or domain: found by name alone
	SampleByVAT      = "Borealis Freight GmbH"   // VAT number SampleVATNumber
	SampleByDomain   = "Cobalt Laboratories"     // domain cobalt-laboratories.example
	SampleArchived   = "Dunlin Textiles"         // ARCHIVED; e-mail accounts@dunlin-textiles.example
	SampleTwinA      = "Eider Foods North"       // shares accounts@twinpeaks.example with
	SampleTwinB      = "Eider Foods South"       // this one
	SampleFromSource = "Fulmar Media"            // externalSource HUBSPOT SampleSourceID, last synchronised 90 days ago
	SampleVATNumber  = "DE999999999"             //
	SampleSourceID   = "900000000101"            //
	SampleServices   = "Services"                // default product: ONE_TIME, EUR and USD 1.00
	SampleMonthly    = "Platform subscription"   // MONTHLY, EUR and USD 250.00
	SampleEuroOnly   = "On-site installation"    // ONE_TIME, EUR 1,200.00 only
	SampleOldProduct = "Legacy connector"        // ARCHIVED
	SampleCRMProduct = "Priority support"        // YEARLY, externalSource HUBSPOT of 45 days ago
	SampleReduced    = "Printed handbook"        // ONE_TIME, EUR 49.00, default tax 7 %
	sampleOpenDeal   = "Freight portal roll-out" // description of the OPEN sample invoice
)

// Sample adds existing records, as a company has that used Light before Crosswalk: the customers and products named
// above, and three invoices of Borealis Freight (PAID, OPEN and DRAFT). They are between 400 and 10 days old, and none
// is so recently marked by Light's own CRM integration that going live would be refused.
func (s *Sim) Sample() {
	days := func(n int) Stamp { return stampOf(time.Now().AddDate(0, 0, -n)) }
	berlin := &Address{Country: "DE", City: "Berlin", Zipcode: "10115", Street: "Musterstrasse 1"}
	freight := Customer{Name: SampleByVAT, VATNumber: SampleVATNumber, Email: "accounts@borealis-freight.example", Type: "BUSINESS",
		BillingAddress: berlin, CreatedAt: days(400)}
	for _, c := range []*Customer{
		{Name: SampleNameOnly, CreatedAt: days(380)},
		&freight,
		{Name: SampleByDomain, Domain: "cobalt-laboratories.example", BillingAddress: &Address{Country: "US", City: "Denver", State: "CO"}, CreatedAt: days(300)},
		{Name: SampleArchived, Email: "accounts@dunlin-textiles.example", Status: archived, CreatedAt: days(290)},
		{Name: SampleTwinA, Email: "accounts@twinpeaks.example", CreatedAt: days(200)},
		{Name: SampleTwinB, Email: "accounts@twinpeaks.example", CreatedAt: days(190)},
		{Name: SampleFromSource, Domain: "fulmar-media.example", ExternalSource: &ExternalSource{"HUBSPOT", SampleSourceID}, CreatedAt: days(90)},
	} {
		*c = s.CreateCustomer(*c)
	}
	revenue := Text(s.ledger[2].ID)
	both := func(minor int64) []Pricing { return []Pricing{{"EUR", minor}, {"USD", minor}} }
	services := Product{Name: SampleServices, Pricings: both(100), DefaultLedgerAccountID: revenue, CreatedAt: days(400)}
	for _, p := range []*Product{
		&services,
		{Name: SampleMonthly, BillingRecurrence: "MONTHLY", Pricings: both(25000), DefaultLedgerAccountID: revenue, CreatedAt: days(390)},
		{Name: SampleEuroOnly, Pricings: []Pricing{{"EUR", 120000}}, DefaultLedgerAccountID: revenue, CreatedAt: days(390)},
		{Name: SampleOldProduct, State: archived, Pricings: both(9900), CreatedAt: days(390)},
		{Name: SampleCRMProduct, BillingRecurrence: "YEARLY", Pricings: both(480000), ExternalSource: &ExternalSource{"HUBSPOT", "900000000201"}, CreatedAt: days(45)},
		{Name: SampleReduced, Pricings: []Pricing{{"EUR", 4900}}, DefaultTaxID: Text(s.taxes[1].ID), CreatedAt: days(100)},
	} {
		*p = s.CreateProduct(*p)
	}
	s.sampleInvoice(freight, services, "Freight portal concept", 250000, days(120), Paid)
	s.sampleInvoice(freight, services, sampleOpenDeal, 1875050, days(40), Open)
	s.sampleInvoice(freight, services, "Freight portal support", 90000, days(10), Draft)
}

// sampleInvoice enters one invoice of one line at a net price, in the state asked for.
func (s *Sim) sampleInvoice(customer Customer, product Product, description Text, net int64, at Stamp, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.newInvoice(at.Time, personUser)
	terms := int64(30)
	v.CompanyEntityID, v.CustomerID, v.Currency, v.Description = Text(s.entities[0].ID), Text(customer.ID), "EUR", description
	v.AreLinesWithTax, v.InvoiceDate, v.NetTerms = false, today(at.Time), &terms
	v.settleDates()
	line, bad := s.newInvoiceLine(fields{"productId": product.ID, "priceOverwrite": net, "productNameOverwrite": string(description)}, v, at.Time)
	if bad == nil {
		v.Lines = []InvoiceLine{*line}
		bad = s.reckonInvoice(v)
	}
	if bad == nil && state != Draft {
		v.State, v.OpenedAt, v.InvoiceNumber = state, at, s.nextNumber(v)
	}
	if bad == nil {
		bad = s.enter(v, time.Time{})
	}
	if bad != nil {
		panic("a sample invoice was refused") // a fault of the simulator
	}
	if state == Paid {
		v.State = Open
		if bad := s.pay(v, s.banks[0].ID, v.Amount, string(today(at.Time)), at.Time); bad != nil {
			panic("a sample payment was refused") // a fault of the simulator
		}
	}
}
