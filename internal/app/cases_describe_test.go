package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/plan"
)

// What an org shows changes under mappings that run: the fields concerned stop with one sync error that names them, the rest
// goes on, and nothing is cleared.

// withVAT has the presets read and match by the VAT number that the org keeps in a field of its own.
func withVAT() setup {
	s := anOrg()
	s.Presets = []string{"  # - { a: VAT_Number__c, b: vatNumber, compare: vat }", "  - { a: VAT_Number__c, b: vatNumber, compare: vat }",
		"  # - { a: VAT_Number__c, b: vatNumber, transform:", "  - { a: VAT_Number__c, b: vatNumber, transform:"}
	return s
}

// wantChanged wants one error of that category for each of the mappings, and each of the words in one of them.
func (w *world) wantChanged(mappings []string, words ...string) {
	w.t.Helper()
	var of []string
	text := ""
	for _, e := range w.errors(plan.FieldsChanged) {
		of = append(of, e.Mapping)
		text += e.Text + "\n"
	}
	slices.Sort(of)
	if !slices.Equal(of, mappings) {
		w.t.Fatalf("changed: %v, want %v; %s", of, mappings, w.story())
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			w.t.Errorf("%q is not named: %s", word, text)
		}
	}
}

func TestFieldHidden(t *testing.T) {
	for name, change := range map[string][2]func(*salesforcetest.Sim){
		"no permission": {func(s *salesforcetest.Sim) {
			s.SetFLS("Account", "VAT_Number__c", salesforcetest.FLSHidden)
		}, func(s *salesforcetest.Sim) { s.SetFLS("Account", "VAT_Number__c", salesforcetest.FLSEdit) }},
		"renamed": {func(s *salesforcetest.Sim) { s.RenameField("Account", "VAT_Number__c", "Tax_Number__c") }, func(s *salesforcetest.Sim) { s.RenameField("Account", "Tax_Number__c", "VAT_Number__c") }},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, withVAT(), func(w *world) {
				account := w.sfAccount("Nordlys Energi A/S", "VAT_Number__c", "DK12345674")
				_, sensor := w.sfProduct("Sensor unit", "10")
				w.sfWin(w.sfDeal("First", account, nil, sfLine(sensor, "1", "10")))
				w.wantInvoice("First", "USD", 1000)
				change[0](w.Salesforce)
				other := w.sfAccount("Other A/S", "BillingCity", "Odense")
				second := w.sfDeal("Second", other, nil, sfLine(sensor, "2", "10"))
				w.sfSet("Account", account, "BillingCity", "Esbjerg")
				w.sfWin(w.sfDeal("Third", account, nil, sfLine(sensor, "3", "10")), second)
				w.later()
				c := w.customers("Nordlys Energi A/S")
				if len(c) != 1 || c[0].VATNumber != "DK12345674" || c[0].BillingAddress.City != "Esbjerg" {
					t.Errorf("the rest does not go on, or something was cleared: %+v %+v", c[0], c[0].BillingAddress)
				}
				w.wantInvoice("Third", "USD", 3000) // its customer is known
				w.wantNoDocument("Second")          // nobody can tell whether its customer is there already
				w.wantHeld(oppRef(second), plan.ParentHeld)
				w.wantHeld(accountRef(other), plan.UnreadableField)
				w.wantChanged([]string{"accounts-to-customers"}, `Account has no field "VAT_Number__c"`)
				change[1](w.Salesforce)
				w.ok(w.Salesforce.Person().Update("Account", account, values("VAT_Number__c", "DK87654321")))
				w.advance(time.Hour)
				w.wantInvoice("Second", "USD", 2000)
				if c := w.customers("Nordlys Energi A/S"); len(c) != 1 || c[0].VATNumber != "DK87654321" {
					t.Errorf("%+v", c)
				}
				if len(w.errors("")) != 0 {
					t.Errorf("mended, and still: %s", w.story())
				}
			})
		})
	}
}

// TestMissedWhileHidden: what changed while a field was hidden is read again, though nobody touches the record afterwards.
func TestMissedWhileHidden(t *testing.T) {
	virtual(t, withVAT(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S", "VAT_Number__c", "DK12345674")
		_, sensor := w.sfProduct("Sensor unit", "10")
		w.sfWin(w.sfDeal("First", account, nil, sfLine(sensor, "1", "10")))
		w.Salesforce.SetFLS("Account", "VAT_Number__c", salesforcetest.FLSHidden)
		w.sfSet("Account", account, "BillingCity", "Esbjerg")
		w.later()
		w.sfSet("Account", account, "VAT_Number__c", "DK87654321")
		w.advance(3 * time.Hour)
		w.wantChanged([]string{"accounts-to-customers"})
		w.Salesforce.SetFLS("Account", "VAT_Number__c", salesforcetest.FLSEdit)
		w.advance(time.Hour)
		if c := w.customers("Nordlys Energi A/S"); len(c) != 1 || c[0].VATNumber != "DK87654321" || len(w.errors("")) != 0 {
			t.Errorf("%+v; %s", c, w.story())
		}
	})
}

// TestMoneyHidden: an amount, a price, a quantity or the word for what recurs is not taken for blank: nothing is billed without.
func TestMoneyHidden(t *testing.T) {
	for _, field := range []string{"Opportunity.Amount", "Opportunity.CloseDate", "Opportunity.LastStageChangeDate", "OpportunityLineItem.UnitPrice", "OpportunityLineItem.Quantity", "OpportunityLineItem.Billing_Frequency__c", "OpportunityLineItem.Product2Id"} {
		t.Run(field, func(t *testing.T) {
			virtual(t, anOrg(), func(w *world) {
				object, name, _ := strings.Cut(field, ".")
				account := w.sfAccount("Nordlys Energi A/S")
				_, sensor := w.sfProduct("Sensor unit", "10")
				deal := w.sfDeal("Deal", account, nil, sfLine(sensor, "2", "7"))
				w.polled()
				w.Salesforce.SetFLS(object, name, salesforcetest.FLSHidden)
				w.later() // what was described before holds for some minutes: a query that is refused is asked anew
				w.sfWin(deal)
				w.later()
				w.wantNoDocument("Deal")
				w.wantHeld(oppRef(deal), plan.UnreadableField)
				w.wantChanged([]string{"opportunities-to-contracts", "opportunities-to-invoices"}, object+" has no field \""+name+"\"")
				w.Salesforce.SetFLS(object, name, salesforcetest.FLSEdit)
				w.advance(time.Hour)
				w.wantInvoice("Deal", "USD", 1400)
				if len(w.errors("")) != 0 {
					t.Errorf("mended, and still: %s", w.story())
				}
			})
		})
	}
}

// TestOtherTypeAndLostValue: within hours a person is told of what no read shows: another type, a value that is gone.
func TestOtherTypeAndLostValue(t *testing.T) {
	s := withVAT()
	s.Presets = append(s.Presets, "  # - { a: PO_Number__c, b: poNumber }", "  - { a: PO_Date__c, b: dueDate }")
	s.Org = func(org *salesforcetest.Sim) { org.AddField("Opportunity", salesforcetest.Date("PO_Date__c")) }
	virtual(t, s, func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		w.polled()
		w.Salesforce.ChangeField("Opportunity", "PO_Date__c", func(f *salesforcetest.Field) { f.Type, f.Length = "string", 80 })
		w.Salesforce.SetPicklist("OpportunityLineItem", "Billing_Frequency__c", "One-time", "Annual")
		w.advance(14 * time.Hour)
		w.wantChanged([]string{"opportunities-to-contracts", "opportunities-to-invoices"}, `"Monthly" is not a value of Billing_Frequency__c`, "PO_Date__c is a text and dueDate is a day")
		w.sfWin(w.sfDeal("Goes on", account, nil, sfLine(sensor, "1", "10")))
		w.wantInvoice("Goes on", "USD", 1000)
	})
}

// TestObjectHidden: without the lines nobody knows what to bill; with them again it is billed.
func TestObjectHidden(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		account := w.sfAccount("Nordlys Energi A/S")
		_, sensor := w.sfProduct("Sensor unit", "10")
		deal := w.sfDeal("Deal", account, nil, sfLine(sensor, "2", "7"))
		w.polled()
		w.Salesforce.SetAccess("OpportunityLineItem", salesforcetest.Access{NoRead: true})
		w.later()
		w.sfWin(deal)
		w.later()
		w.wantNoDocument("Deal")
		if e := w.wantHeld(oppRef(deal), plan.NoRights); !strings.Contains(e.Text, "no permission") {
			t.Errorf("%s", e.Text)
		}
		w.Salesforce.SetAccess("OpportunityLineItem", salesforcetest.Access{})
		w.later()
		w.retry(oppRef(deal))
		w.wantInvoice("Deal", "USD", 1400)
	})
}
