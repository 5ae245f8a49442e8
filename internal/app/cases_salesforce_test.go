package app

import (
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
)

func anOrg() setup { return setup{Salesforce: &salesforcetest.Config{}} }

// TestWonOpportunityBecomesAnInvoice: one draft with its lines, for the customer of its account; the product came by itself.
func TestWonOpportunityBecomesAnInvoice(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "Website", "https://www.nordlys.example/da", "BillingStreet", "Havnegade 4\nBaghuset", "BillingPostalCode", "8000")
		_, sensor := w.sfProduct("Sensor unit", "199.99")
		_, hour := w.sfProduct("Consulting hour", "150")
		deal := w.sfDeal("Sensors", account, nil, sfLine(sensor, "10", "179.99"), sfLine(hour, "7.25", "99.99", "Description", "On site, remote"))
		w.polled()
		w.wantNoDocument("Sensors")
		w.sfWin(deal)
		i := w.wantInvoice("Sensors", "USD", 179990+72493) // 7.25 x 99.99 is 724.9275
		if i.InvoiceDate != "2026-09-01" || len(i.Lines) != 2 {
			t.Errorf("%+v", i)
		}
		c := w.customers("Nordlys Energi A/S")
		if len(c) != 1 {
			t.Fatalf("%d customers; %s", len(c), w.story())
		}
		if a := c[0].BillingAddress; c[0].Domain != "nordlys.example" || a == nil || a.Street != "Havnegade 4 Baghuset" || a.Country != "DK" || a.Zipcode != "8000" {
			t.Errorf("%+v %+v", c[0], a)
		}
		w.later()
		w.wantInvoice("Sensors", "USD", 179990+72493)
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%d sync errors: %s", n, w.story())
		}
	})
}

// TestContractOfOpportunity: a line that recurs makes a contract with all lines, words for once included.
func TestContractOfOpportunity(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, licence := w.sfProduct("Platform licence", "49")
		_, install := w.sfProduct("Installation", "500")
		w.sfWin(w.sfDeal("Rollout", account, nil, sfLine(licence, "5", "45", "Billing_Frequency__c", "Monthly", "ServiceDate", "2026-10-01"), sfLine(install, "1", "450", "Billing_Frequency__c", "One-time")),
			w.sfDeal("Once", account, nil, sfLine(install, "1", "450", "Billing_Frequency__c", "One-time")))
		c := w.contract("Rollout")
		got := map[string]string{}
		for _, l := range c.Lines {
			got[string(l.ProductNameOverwrite)] = l.BillingRecurrence + " " + string(l.BillingStart)
		}
		if len(got) != 2 || got["Platform licence"] != "MONTHLY 2026-10-01" || got["Installation"] != "ONE_TIME " || c.StartDate != "2026-09-01" {
			t.Errorf("%v from %s", got, c.StartDate)
		}
		if c.EstimatedAmount == nil || *c.EstimatedAmount != 67500 {
			t.Errorf("estimated %v, want 67500", c.EstimatedAmount)
		}
		w.wantInvoice("Once", "USD", 45000)
	})
}

// TestCloseDateStaysAsItIs: the org is in Los Angeles, where it is still the day before; a close date is a day and no moment.
func TestCloseDateStaysAsItIs(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		first := w.sfDeal("First", account, nil, sfLine(sensor, "1", "10"))
		last := w.sfDeal("Last", account, nil, sfLine(sensor, "1", "10"))
		w.sfSet("Opportunity", first, "CloseDate", "2026-01-01") // the presets' since: that day counts
		w.sfSet("Opportunity", last, "CloseDate", "2025-12-31")
		w.sfWin(first, last)
		if i := w.wantInvoice("First", "USD", 1000); i.InvoiceDate != "2026-01-01" {
			t.Errorf("%s", i.InvoiceDate)
		}
		w.wantNoDocument("Last")
		w.wantSkipped(oppRef(last), plan.BeforeSince)
	})
}

// TestEnteredItsStageBefore: closing dates are moved on; the day it entered its stage counts where it is earlier.
func TestEnteredItsStageBefore(t *testing.T) {
	s := anOrg()
	s.Presets = []string{"since: 2026-01-01", "since: 2026-09-02"}
	virtual(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		deal := w.sfDeal("Won before", account, nil, sfLine(sensor, "1", "10"))
		w.sfSet("Opportunity", deal, "CloseDate", "2026-09-30")
		w.sfWin(deal)
		w.wantNoDocument("Won before")
		w.wantSkipped(oppRef(deal), plan.BeforeSince)
	})
}

// TestWonByTheStageItself: a stage that the admin made and calls as he likes is a won one when it says so (T1).
func TestWonByTheStageItself(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		deal := w.sfDeal("Signed", account, nil, sfLine(sensor, "1", "10"))
		w.polled()
		w.Salesforce.SetStage(salesforcetest.Stage{Name: "Signed and filed", Closed: true, Won: true, Probability: 100})
		w.sfSet("Opportunity", deal, "StageName", "Signed and filed")
		w.polled()
		w.wantInvoice("Signed", "USD", 1000)
	})
}

// TestSeveralCurrencies: each opportunity is billed in its own, and a product has a price in each.
func TestSeveralCurrencies(t *testing.T) {
	s := setup{Salesforce: &salesforcetest.Config{MultiCurrency: true, Currency: "USD", Currencies: []string{"USD", "EUR", "JPY"}}}
	virtual(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		product, _ := w.sfProduct("Sensor unit", "199.99")
		book := w.Salesforce.StandardPricebookID()
		eur := w.sfCreate("PricebookEntry", values("Pricebook2Id", book, "Product2Id", product, "UnitPrice", "189.99", "IsActive", true, "CurrencyIsoCode", "EUR"))
		jpy := w.sfCreate("PricebookEntry", values("Pricebook2Id", book, "Product2Id", product, "UnitPrice", "29800", "IsActive", true, "CurrencyIsoCode", "JPY"))
		w.polled()
		prices := map[string]int64{}
		for _, p := range w.Light.Products() {
			for _, one := range p.Pricings {
				if p.Name == "Sensor unit" {
					prices[one.Currency] = one.Amount
				}
			}
		}
		if len(prices) != 3 || prices["USD"] != 19999 || prices["EUR"] != 18999 || prices["JPY"] != 29800 {
			t.Errorf("prices %v; %s", prices, w.story())
		}
		deal := func(name, currency, entry, price string) string {
			id := w.sfCreate("Opportunity", values("Name", name, "StageName", "Prospecting", "CloseDate", "2026-09-01", "AccountId", account, "CurrencyIsoCode", currency))
			l := sfLine(entry, "3", price)
			l["OpportunityId"] = id
			w.sfCreate("OpportunityLineItem", l)
			return id
		}
		w.sfWin(deal("Euros", "EUR", eur, "180.50"), deal("Yen", "JPY", jpy, "29000"))
		w.wantInvoice("Euros", "EUR", 54150)
		w.wantInvoice("Yen", "JPY", 87000)
	})
}

// TestPriceFollowsItsEntry: a changed or added standard price is a change of its product; another book's is none.
func TestPriceFollowsItsEntry(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		product, entry := w.sfProduct("Sensor unit", "199.99")
		bare := w.sfCreate("Product2", values("Name", "Priceless", "IsActive", true))
		w.polled()
		w.wantHeld(sfRef("Product2", bare), plan.MissingValue)
		partner := w.sfCreate("Pricebook2", values("Name", "Partners", "IsActive", true))
		w.sfCreate("PricebookEntry", values("Pricebook2Id", partner, "Product2Id", product, "UnitPrice", "100", "IsActive", true))
		w.sfSet("PricebookEntry", entry, "UnitPrice", "210.005")
		w.sfCreate("PricebookEntry", values("Pricebook2Id", w.Salesforce.StandardPricebookID(), "Product2Id", bare, "UnitPrice", "7", "IsActive", true))
		w.later()
		got := map[string]int64{}
		for _, p := range w.Light.Products() {
			got[p.Name] = p.Pricings[0].Amount
		}
		if got["Sensor unit"] != 21001 && got["Sensor unit"] != 21000 || got["Priceless"] != 700 {
			t.Errorf("%v; %s", got, w.story())
		}
	})
}

// TestPersonAccount: the person is the customer, by name and e-mail address, where the mapping says so.
func TestPersonAccount(t *testing.T) {
	s := setup{Salesforce: &salesforcetest.Config{PersonAccounts: true}, Presets: []string{
		"  - { b: type, static: BUSINESS, create_only: true }\n", "",
		"  # - { b: type, value:", "  - { b: type, value:", "  # - { a: PersonEmail, b: email, transform:", "  - { a: PersonEmail, b: email, transform:"}}
	virtual(t, s, func(w *world) {
		person := w.sfCreate("Account", values("FirstName", "Accounts", "LastName", "Example", "PersonEmail", "Accounts@Example.com", "BillingCountry", "Denmark"))
		company := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		w.sfWin(w.sfDeal("Private", person, nil, sfLine(sensor, "1", "10")), w.sfDeal("Business", company, nil, sfLine(sensor, "2", "10")))
		w.wantInvoice("Private", "USD", 1000)
		w.wantInvoice("Business", "USD", 2000)
		c := w.customers("Accounts Example")
		if len(c) != 1 || c[0].Email != "accounts@example.com" || c[0].Type != "CONSUMER" {
			t.Errorf("%+v", c)
		}
		if b := w.customers("Nordlys Energi A/S"); len(b) != 1 || b[0].Type != "BUSINESS" {
			t.Errorf("%+v", b)
		}
	})
}

// TestReopenedAfterInvoice: the draft stays and is reported; won again it is the same document.
func TestReopenedAfterInvoice(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		deal := w.sfDeal("Back and forth", account, nil, sfLine(sensor, "1", "10"))
		w.sfWin(deal)
		i := w.wantInvoice("Back and forth", "USD", 1000)
		w.ok(w.Salesforce.Person().Reopen(deal))
		w.polled()
		w.wantHeld(oppRef(deal), plan.NoLongerWon)
		w.sfWin(deal)
		w.later()
		if again := w.wantInvoice("Back and forth", "USD", 1000); again.ID != i.ID {
			t.Errorf("another document: %s, %s", i.ID, again.ID)
		}
		w.wantNoError(oppRef(deal))
	})
}

// TestMergedAccounts: the loser's opportunities are billed to the winner's customer, which is the one that is there.
func TestMergedAccounts(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		loser, winner := w.sfAccount("Nordlys Energi"), w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		w.sfWin(w.sfDeal("Before", loser, nil, sfLine(sensor, "1", "10")))
		before := w.wantInvoice("Before", "USD", 1000)
		w.ok(w.Salesforce.Person().Merge("Account", winner, map[string]any{}, loser))
		w.later()
		w.later()
		w.sfWin(w.sfDeal("After", winner, nil, sfLine(sensor, "2", "10")))
		w.later()
		if after := w.wantInvoice("After", "USD", 2000); after.CustomerID != before.CustomerID || len(w.Light.Customers()) != 1 {
			t.Errorf("billed to %s and %s; %d customers; %s", before.CustomerID, after.CustomerID, len(w.Light.Customers()), w.story())
		}
	})
}

// TestDeletedAndUndeleted: nothing is deleted at Light for it, and a record that is back goes on with what it had.
func TestDeletedAndUndeleted(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		deal := w.sfDeal("Gone for a while", account, nil, sfLine(sensor, "1", "10"))
		w.sfWin(deal)
		i := w.wantInvoice("Gone for a while", "USD", 1000)
		w.ok(w.Salesforce.Person().Delete("Opportunity", deal))
		w.advance(time.Hour)
		w.wantHeld(oppRef(deal), plan.NoLongerWon)
		w.ok(w.Salesforce.Person().Undelete("Opportunity", deal))
		w.advance(time.Hour)
		w.wantNoError(oppRef(deal))
		w.sfSet("Opportunity", deal, "Name", "Back again")
		w.later()
		if again := w.wantInvoice("Back again", "USD", 1000); again.ID != i.ID {
			t.Errorf("another document")
		}
		w.ok(w.Salesforce.Person().Delete("Account", account))
		w.advance(time.Hour)
		if c := w.customers("Nordlys Energi A/S"); len(c) != 1 || c[0].Status != "ACTIVE" {
			t.Errorf("%+v", c)
		}
	})
}

// TestUndeletedUnderMergedAccount (B6): an opportunity that lay in the recycle bin while its account was merged still names the loser when it
// comes back, also a loser that no document had needed. It is billed to the survivor's customer.
func TestUndeletedUnderMergedAccount(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		havn, twin := w.sfAccount("Havn og Kran", "Website", "havn.example"), w.sfAccount("Havn & Kran", "Website", "havnogkran.example")
		_, sensor := w.sfProduct("Sensor unit", "10")
		w.sfWin(w.sfDeal("First", havn, nil, sfLine(sensor, "10", "10")))
		back := w.sfDeal("Gone and back", twin, nil, sfLine(sensor, "25", "10"))
		w.polled()
		w.ok(w.Salesforce.Person().Delete("Opportunity", back))
		w.ok(w.Salesforce.Person().Merge("Account", havn, values(), twin))
		w.days(2 * time.Hour)
		w.ok(w.Salesforce.Person().Undelete("Opportunity", back))
		w.sfWin(back)
		first, second := w.wantInvoice("First", "USD", 10000), w.wantInvoice("Gone and back", "USD", 25000)
		if first.CustomerID != second.CustomerID {
			t.Errorf("two customers: %v%s", w.customers("Havn"), w.story())
		}
		w.wantQuietErrors()
	})
}

// TestBadMomentsOfTheOrg: whatever goes wrong once while ten opportunities are billed, each ends with one right document.
func TestBadMomentsOfTheOrg(t *testing.T) {
	faults := map[string]salesforcetest.Fault{
		"session over in the middle": salesforcetest.Expired().At("composite"), "a row is locked": salesforcetest.RowLocked().At("composite"), "the org is busy": salesforcetest.Unavailable().At("query"),
		"too many long calls": salesforcetest.Concurrent().At("query"), "the day is used up": salesforcetest.Throttled().At("composite"), "the answer is cut": {Match: "composite", Truncate: 50},
		"an HTML page": {Match: "query", HTML: true, Times: 2},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			virtual(t, anOrg(), func(w *world) {
				account := w.sfAccount("Nordlys Energi A/S")
				_, sensor := w.sfProduct("Sensor unit", "10")
				var deals []string
				for n := range 10 {
					deals = append(deals, w.sfDeal("Deal "+string(rune('a'+n)), account, nil, sfLine(sensor, "1", "10"), sfLine(sensor, "2", "10")))
				}
				w.polled()
				w.Salesforce.Fail(f)
				if strings.Contains(name, "session") { // a session that is over is refused until somebody connects: here a key, so the same again
					w.Salesforce.ClearFaults()
					w.Salesforce.RevokeToken(sfToken)
				}
				w.sfWin(deals...)
				w.Salesforce.AddToken(sfToken, "")
				w.advance(2 * time.Hour)
				for n := range 10 {
					w.wantInvoice("Deal "+string(rune('a'+n)), "USD", 3000)
				}
				if len(w.errors("")) != 0 || len(w.Light.Customers()) != 1 {
					t.Errorf("%d customers; %s", len(w.Light.Customers()), w.story())
				}
			})
		})
	}
}

// TestTwiceInOneSecond: Salesforce counts in seconds, so that a change right after a read bears the stamp that was read.
func TestTwiceInOneSecond(t *testing.T) {
	s := anOrg()
	s.Config = func(c *engine.Config) { c.FeedEvery = time.Second }
	virtual(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		w.sfWin(w.sfDeal("Deal", account, nil, sfLine(sensor, "1", "10")))
		w.wantInvoice("Deal", "USD", 1000)
		time.Sleep(10*time.Second - 900*time.Millisecond)
		w.sfSet("Account", account, "BillingCity", "Esbjerg")
		w.settle()
		if c := w.customers("Nordlys Energi A/S"); c[0].BillingAddress.City != "Esbjerg" {
			t.Fatalf("the first change was not read within its second: %+v", c[0].BillingAddress)
		}
		time.Sleep(300 * time.Millisecond)
		w.sfSet("Account", account, "BillingCity", "Odense")
		w.advance(time.Hour)
		if c := w.customers("Nordlys Energi A/S"); c[0].BillingAddress.City != "Odense" {
			t.Errorf("%+v", c[0].BillingAddress)
		}
	})
}

// TestLightsOwnFilters: stage, least amount and dates, as the commented lines of the preset have them.
func TestLightsOwnFilters(t *testing.T) {
	s := anOrg()
	s.Presets = []string{"    # filter: 'decimal(Amount, 0) >= 1000'", "    filter: 'StageName == \"Closed Won\" and decimal(Amount, 0) >= 1000 and CloseDate >= \"2026-01-01\" and CloseDate <= \"2026-12-31\"'"}
	virtual(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		small, large, late := w.sfDeal("Small", account, nil, sfLine(sensor, "99", "10")), w.sfDeal("Large", account, nil, sfLine(sensor, "100", "10")), w.sfDeal("Late", account, nil, sfLine(sensor, "200", "10"))
		w.sfSet("Opportunity", late, "CloseDate", "2027-01-01")
		w.sfWin(small, large, late)
		w.wantInvoice("Large", "USD", 100000)
		for _, id := range []string{small, late} {
			w.wantSkipped(oppRef(id), plan.Filtered)
		}
	})
}

// TestDiscountOfALine: worked into the price where the mapping names it; where it does not, amount and lines differ and a person
// is asked.
func TestDiscountOfALine(t *testing.T) {
	for _, named := range []bool{true, false} {
		s := setup{Salesforce: &salesforcetest.Config{Discounts: true}}
		if named {
			s.Presets = []string{"  # discount_percent: { a: Discount } ", "  discount_percent: { a: Discount } "}
		}
		virtual(t, s, func(w *world) {
			account := w.sfAccount("Nordlys Energi A/S")
			_, sensor := w.sfProduct("Sensor unit", "199.99")
			deal := w.sfDeal("Deal", account, nil, sfLine(sensor, "10", "199.99", "Discount", "10"))
			w.sfWin(deal)
			if named {
				w.wantInvoice("Deal", "USD", 179991)
				return
			}
			w.wantNoDocument("Deal")
			w.wantHeld(oppRef(deal), plan.AmountsDiffer)
		})
	}
}

// TestNoLines: an amount alone is billed as the product that the mapping names for it.
func TestNoLines(t *testing.T) {
	s := anOrg()
	s.Presets = billsAll
	virtual(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		w.sfWin(w.sfDeal("Retainer", account, "2500.50"))
		if i := w.wantInvoice("Retainer", "USD", 250050); string(i.Lines[0].ProductNameOverwrite) != "Retainer" {
			t.Errorf("%+v", i.Lines[0])
		}
	})
}
