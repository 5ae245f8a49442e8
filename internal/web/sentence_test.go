package web

import (
	"testing"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

func TestSentence(t *testing.T) {
	deal := record.Ref{Connection: "hubspot", Object: "deals", ID: "9876543210"}
	company := record.Ref{Connection: "hubspot", Object: "companies", ID: "7"}
	for _, c := range []struct {
		s         engine.SyncError
		url, want string
	}{
		{engine.SyncError{Category: "no_price_in_currency", Mapping: "deals-to-invoices", Ref: deal, Document: true,
			Text: "line 3 (77): product p1 has no SEK price in billing and the line has none. Add the price in either system"},
			"https://app.hubspot.com/contacts/62515/record/0-3/9876543210",
			"deals-to-invoices: not billed: no_price_in_currency: deal 9876543210 (https://app.hubspot.com/contacts/62515/record/0-3/9876543210), line 3 (77): product p1 has no SEK price in billing and the line has none. " +
				"Add the price in either system; it is retried when the deal changes, or with: crosswalk retry hubspot:deals/9876543210"},
		{engine.SyncError{Category: "missing_value", Mapping: "companies-to-customers", Ref: company, Text: "name is empty, and name needs it. Fill it"}, "",
			"companies-to-customers: not synced: missing_value: company 7: name is empty, and name needs it. Fill it; it is retried when the record changes, or with: crosswalk retry hubspot:companies/7"},
		{engine.SyncError{Category: "uncertain", Mapping: "deals-to-contracts", Ref: deal, Document: true, Text: "look there, else: crosswalk retry hubspot:deals/9876543210"}, "",
			"deals-to-contracts: not billed: uncertain: deal 9876543210: look there, else: crosswalk retry hubspot:deals/9876543210"},
		{engine.SyncError{Category: "posted_differs", Mapping: "deals-to-invoices", Ref: deal, Target: company, Document: true, Text: "it was changed. Credit it in billing"}, "",
			"deals-to-invoices: to be looked at: posted_differs: deal 9876543210: it was changed. Credit it in billing; then: crosswalk retry hubspot:deals/9876543210"},
		{engine.SyncError{Category: "brake", Mapping: "deals-to-invoices", Text: "the brake stopped it. Look, then: crosswalk resume deals-to-invoices"}, "",
			"deals-to-invoices: brake: the brake stopped it. Look, then: crosswalk resume deals-to-invoices"},
	} {
		if got := sentence(c.s, c.url); got != c.want {
			t.Errorf("%s\nwant\n%s", got, c.want)
		}
	}
}
