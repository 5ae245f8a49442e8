package app

import (
	"fmt"
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/mapping"
)

// registration adds the rule and the field that the preset carries as comments.
var registration = []string{
	"  # - { a: registration_number, b: businessRegistrationNumber, compare: vat }      # if you keep it", "  - { a: registration_number, b: businessRegistrationNumber, compare: vat }",
	"  # - { a: registration_number, b: businessRegistrationNumber }", "  - { a: registration_number, b: businessRegistrationNumber }"}

// Customer keys in order: Light's externalSource; VAT or registration number; e-mail; domain; a hit by name alone, or
// several hits, is held for a person.
func TestCustomerKeysInOrder(t *testing.T) {
	type customer = lighttest.Customer
	cases := []struct {
		name    string
		company []string
		light   []customer // of which the first is the right one
		held    string     // category at the company; "" = linked to the first
		made    bool       // a new customer is right
	}{
		{name: "externalSource before everything", company: []string{"vat_number", "DK12345674", "domain", "nordlys.example"},
			light: []customer{{Name: "Old name", ExternalSource: &lighttest.ExternalSource{Name: "HUBSPOT"}}, {Name: "By VAT", VATNumber: "DK12345674"}}},
		{name: "another system's externalSource is no key", light: []customer{{Name: "Other", ExternalSource: &lighttest.ExternalSource{Name: "SALESFORCE"}}}, made: true},
		{name: "VAT number in another spelling", company: []string{"vat_number", "dk 12 34 56 74", "billing_email", "ap@nordlys.example"},
			light: []customer{{Name: "By VAT", VATNumber: "DK-12345674"}, {Name: "By e-mail", Email: "ap@nordlys.example"}}},
		{name: "registration number", company: []string{"registration_number", "HRB 12345"}, light: []customer{{Name: "By number", BusinessRegistrationNumber: "hrb12345"}}},
		{name: "e-mail before domain", company: []string{"billing_email", "AP@Nordlys.example", "domain", "nordlys.example"},
			light: []customer{{Name: "By e-mail", Email: "ap@nordlys.example"}, {Name: "By domain", Domain: "nordlys.example"}}},
		{name: "domain", company: []string{"domain", "www.nordlys.example"}, light: []customer{{Name: "By domain", Domain: "nordlys.example"}}},
		{name: "free mail is no key", company: []string{"domain", "gmail.com"}, light: []customer{{Name: "Somebody", Domain: "gmail.com"}}, made: true},
		{name: "name alone", light: []customer{{Name: "NORDLYS"}}, held: "name_hit"},
		{name: "several by e-mail", company: []string{"billing_email", "ap@nordlys.example"},
			light: []customer{{Name: "One", Email: "ap@nordlys.example"}, {Name: "Two", Email: "ap@nordlys.example"}}, held: "several_hits"},
		{name: "archived", company: []string{"vat_number", "DK12345674"}, light: []customer{{Name: "Gone", VATNumber: "DK12345674", Status: "ARCHIVED"}}, held: "target_archived"},
		{name: "nobody", made: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, setup{Presets: registration, Draft: true, HubSpotFields: []string{"companies/registration_number"}}, func(w *world) {
				co := w.company("Nordlys", c.company...)
				var ids []string
				for _, l := range c.light {
					source := l.ExternalSource
					l.ExternalSource = nil
					got := w.Light.CreateCustomer(l)
					if source != nil {
						w.ok(w.Light.SetCustomerSource(got.ID, source.Name, co, time.Now().AddDate(0, -3, 0)))
					}
					ids = append(ids, got.ID)
				}
				w.live()
				d := w.deal("Deal", co, "10", line(w.product("Thing", "10"), "quantity", "1"))
				w.win(d)
				if c.held != "" {
					w.wantHeld(companyRef(co), c.held)
					w.wantHeld(dealRef(d), "parent_held")
					w.wantNoDocument("Deal")
					if n := len(w.Light.Customers()); n != len(c.light) {
						w.t.Fatalf("%d customers, want %d", n, len(c.light))
					}
					return
				}
				i := w.wantInvoice("Deal", "USD", 1000)
				made := len(w.Light.Customers()) - len(c.light)
				if c.made != (made == 1) || !c.made && string(i.CustomerID) != ids[0] {
					w.t.Fatalf("billed to %s of %v, %d customers made; %s", i.CustomerID, ids, made, w.story())
				}
			})
		})
	}
}

// Linking overwrites nothing: fields of an existing customer are filled where blank.
func TestLinkingFillsBlanksOnly(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		c := w.Light.CreateCustomer(lighttest.Customer{Name: "Nordlys Energi A/S", VATNumber: "DK12345674", Type: "GOVERNMENT"})
		co := w.company("Nordlys", "vat_number", "DK12345674", "billing_email", "AP@nordlys.example", "address", "Havnen 1", "zip", "8000")
		w.win(w.deal("Deal", co, "10", line(w.product("Thing", "10"), "quantity", "1")))
		w.wantInvoice("Deal", "USD", 1000)
		got, _ := w.Light.Customer(c.ID)
		if got.Name != "Nordlys Energi A/S" || got.Type != "GOVERNMENT" || got.Email != "ap@nordlys.example" || got.BillingAddress == nil || got.BillingAddress.Country != "DK" || got.BillingAddress.Street != "Havnen 1" {
			w.t.Errorf("%+v %+v", got, got.BillingAddress)
		}
	})
}

// After linking: a change of the company follows, a change at Light alone stays, and where both changed Light's stays
// (conflict: b); nobody is asked.
func TestLaterChangesFollowExceptWhereLightChanged(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co := w.company("Nordlys", "domain", "nordlys.example")
		w.win(w.deal("Deal", co, "10", line(w.product("Thing", "10"), "quantity", "1")))
		id := string(w.wantInvoice("Deal", "USD", 1000).CustomerID)
		w.later()
		w.set("companies", co, "name", "Nordlys Energi")
		w.later()
		c, _ := w.Light.Customer(id)
		if c.Name != "Nordlys Energi" {
			w.t.Fatalf("name %q did not follow", c.Name)
		}
		w.ok(w.Light.EditCustomer(id, func(c *lighttest.Customer) { c.Domain = "energi.example" }))
		w.later()
		w.set("companies", co, "billing_email", "ap@nordlys.example")
		w.later()
		c, _ = w.Light.Customer(id)
		if c.Domain != "energi.example" || c.Email != "ap@nordlys.example" {
			w.t.Fatalf("drift: domain %q, email %q", c.Domain, c.Email)
		}
		w.ok(w.Light.EditCustomer(id, func(c *lighttest.Customer) { c.Name = "Nordlys Group" }))
		w.set("companies", co, "name", "Nordlys Holding")
		w.later()
		if c, _ = w.Light.Customer(id); c.Name != "Nordlys Group" {
			w.t.Fatalf("conflict: b, and the name is %q", c.Name)
		}
		w.wantNoError(companyRef(co))
	})
}

// A1: two companies with one VAT number are one customer: the second is an alias that routes and is never written.
func TestA1_TwoCompaniesOneCustomer(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p := w.product("Thing", "10")
		one := w.company("Nordlys", "vat_number", "DK12345674")
		two := w.company("Nordlys Retail", "vat_number", "DK12345674")
		w.win(w.deal("First", one, "10", line(p, "quantity", "1")), w.deal("Second", two, "20", line(p, "quantity", "2")))
		w.later()
		a, b := w.wantInvoice("First", "USD", 1000), w.wantInvoice("Second", "USD", 2000)
		if a.CustomerID != b.CustomerID || len(w.Light.Customers()) != 1 {
			w.t.Fatalf("%d customers, %s and %s; %s", len(w.Light.Customers()), a.CustomerID, b.CustomerID, w.story())
		}
		name := w.Light.Customers()[0].Name
		primary, alias := one, two
		if name == "Nordlys Retail" {
			primary, alias = two, one
		}
		w.wantSkipped(companyRef(alias), "alias")
		// what changes at the alias is not written, and an alias stays one when it loses its number
		w.set("companies", alias, "name", "Another name", "city", "Odense", "vat_number", "")
		w.later()
		w.win(w.deal("Third", alias, "30", line(p, "quantity", "3")))
		if c := w.wantInvoice("Third", "USD", 3000); c.CustomerID != a.CustomerID || len(w.Light.Customers()) != 1 || w.Light.Customers()[0].Name != name {
			w.t.Fatalf("the alias was written or left: %+v", w.Light.Customers())
		}
		w.set("companies", primary, "name", "Nordlys Energi")
		w.later()
		if got := w.Light.Customers()[0].Name; got != "Nordlys Energi" {
			w.t.Errorf("the first company no longer writes: %q", got)
		}
	})
}

// A1: where the mapping says when_taken: hold, the second company is a person's question.
func TestA1_TakenPlaceIsHeldWhereTheMappingSaysSo(t *testing.T) {
	virtual(t, setup{Presets: []string{"when_taken: alias", "when_taken: hold"}}, func(w *world) {
		p := w.product("Thing", "10")
		one, two := w.company("Nordlys", "vat_number", "DK12345674"), w.company("Nordlys Retail", "vat_number", "DK12345674")
		w.win(w.deal("First", one, "10", line(p, "quantity", "1")))
		w.wantInvoice("First", "USD", 1000)
		d := w.deal("Second", two, "20", line(p, "quantity", "2"))
		w.win(d)
		w.wantHeld(companyRef(two), "taken")
		w.wantHeld(dealRef(d), "parent_held")
		w.wantNoDocument("Second")
	})
}

// A8: two companies of one domain, won in one moment, make one customer: a create claims its match key first.
func TestA8_TwoCreatesOfOneDomainInOneMoment(t *testing.T) {
	virtual(t, setup{Light: lighttest.Config{ListLag: time.Minute}}, func(w *world) {
		p := w.product("Thing", "10")
		var deals []string
		for n := range 4 {
			co := w.company(fmt.Sprintf("Nordlys %d", n), "domain", "nordlys.example")
			deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
		}
		w.win(deals...)
		w.advance(30 * time.Minute)
		if n := len(w.Light.Customers()); n != 1 {
			w.t.Fatalf("%d customers, want one; %s", n, w.story())
		}
		for n := range 4 {
			w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
		}
	})
}

// A customer that was archived after it was linked is held, not revived; the deal says why, and goes on when it is active.
func TestLinkedCustomerArchivedLater(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p := w.product("Thing", "10")
		co := w.company("Nordlys")
		w.win(w.deal("First", co, "10", line(p, "quantity", "1")))
		id := string(w.wantInvoice("First", "USD", 1000).CustomerID)
		w.ok(w.Light.ArchiveCustomer(id))
		d := w.deal("Second", co, "20", line(p, "quantity", "2"))
		w.win(d)
		w.wantHeld(dealRef(d), "target_archived")
		w.wantNoDocument("Second")
		if c, _ := w.Light.Customer(id); c.Status != "ARCHIVED" {
			w.t.Fatal("it was revived")
		}
		w.ok(w.Light.EditCustomer(id, func(c *lighttest.Customer) { c.Status = "ACTIVE" }))
		w.retry(dealRef(d))
		w.wantInvoice("Second", "USD", 2000)
		w.wantNoError(dealRef(d))
	})
}

// A held company is mended, and the deals that were held for it are billed without anybody asking.
func TestDealHeldForItsCompanyGoesOnWhenThatIsMended(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		w.Light.CreateCustomer(lighttest.Customer{Name: "Nordlys", VATNumber: "DK12345674"})
		co := w.company("Nordlys")
		d := w.deal("Deal", co, "10", line(w.product("Thing", "10"), "quantity", "1"))
		w.win(d)
		w.wantHeld(companyRef(co), "name_hit")
		w.wantHeld(dealRef(d), "parent_held")
		w.set("companies", co, "vat_number", "DK 12345674")
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
		w.wantNoError(companyRef(co))
		w.wantNoError(dealRef(d))
	})
}

// Products sync when created or updated or when the property that means "active" says so, without any deal.
func TestProductsSyncByThemselves(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p := w.product("Sensor", "199.99", "active", "false")
		w.later()
		if len(w.Light.Products()) != 1 { // the default one of this world
			w.t.Fatalf("an inactive product was made: %+v", w.Light.Products())
		}
		w.wantSkipped(productRef(p), "filtered")
		w.set("products", p, "active", "true")
		w.later()
		got := w.Light.Products()
		if len(got) != 2 || got[1].Name != "Sensor" || got[1].Pricings[0].Amount != 19999 || got[1].Pricings[0].Currency != "USD" {
			w.t.Fatalf("%+v", got)
		}
		w.set("products", p, "name", "Sensor unit", "price", "205.5")
		w.later()
		if got = w.Light.Products(); got[1].Name != "Sensor unit" || got[1].Pricings[0].Amount != 20550 {
			w.t.Fatalf("%+v", got[1])
		}
		// inactive again: left as it is, not archived, and nothing to mend
		w.set("products", p, "active", "false", "name", "Sensor (old)")
		w.later()
		if got = w.Light.Products(); got[1].State != "ACTIVE" || got[1].Name != "Sensor unit" {
			w.t.Fatalf("%+v", got[1])
		}
		w.wantSkipped(productRef(p), "filtered")
		d := w.deal("Deal", w.company("Nordlys"), "205.5", line(p, "quantity", "1"))
		w.win(d)
		w.wantInvoice("Deal", "USD", 20550)
	})
}

// A missing product is created only through a product mapping that is live, or in pilot for a pilot's deals, else held.
func TestMissingProductNeedsALiveMapping(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		p := w.product("Sensor", "10")
		co := w.company("Nordlys")
		w.status("companies-to-customers", mapping.Live)
		w.status("deals-to-invoices", mapping.Live)
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.wantHeld(dealRef(d), "parent_held")
		if len(w.Light.Products()) != 1 {
			w.t.Fatal("a product was made by a draft mapping")
		}
		w.status("products-to-products", mapping.Live)
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
	})
}

// A product archived at Light is held by that name, and the rest of the batch is done.
func TestArchivedProductIsHeld(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p, q := w.product("Sensor", "10"), w.product("Cable", "5")
		co := w.company("Nordlys")
		w.win(w.deal("First", co, "10", line(p, "quantity", "1")))
		for _, l := range w.Light.Products() {
			if l.Name == "Sensor" {
				w.ok(w.Light.ArchiveProduct(l.ID))
			}
		}
		d, e := w.deal("Second", co, "10", line(p, "quantity", "1")), w.deal("Third", co, "5", line(q, "quantity", "1"))
		w.win(d, e)
		w.wantHeld(dealRef(d), "target_archived")
		w.wantInvoice("Third", "USD", 500)
	})
}
