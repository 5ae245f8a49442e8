package lighttest_test

import (
	"testing"

	"crosswalk/internal/connector/light/lighttest"
)

// Every expected figure was worked out by hand from the rule in doc.go.
func TestLineAmounts(t *testing.T) {
	cases := []struct {
		name          string
		currency      string
		withTax       any // nil: absent
		line          object
		off, net, tax int
	}{
		{"tax is included unless told otherwise", "EUR", nil, object{"priceOverwrite": 11900}, 0, 10000, 1900},
		{"net price", "EUR", false, object{"priceOverwrite": 10000}, 0, 10000, 1900},
		{"product's own price", "EUR", false, object{}, 0, 9999, 1900},                                                                           // 1899.81
		{"half a cent goes up", "EUR", false, object{"priceOverwrite": 5, "quantity": 0.5}, 0, 3, 1},                                             // 2.5; 0.57
		{"a third of a unit", "EUR", false, object{"priceOverwrite": 100, "quantity": 0.333}, 0, 33, 6},                                          // 33.3; 6.27
		{"decimal quantity", "EUR", false, object{"priceOverwrite": 9999, "quantity": 1.5}, 0, 14999, 2850},                                      // 14998.5; 2849.81
		{"percentage", "EUR", false, object{"priceOverwrite": 10000, "discount": object{"type": "PERCENTAGE", "value": 10.5}}, 1050, 8950, 1701}, // 1700.5
		{"amount off", "EUR", false, object{"priceOverwrite": 10000, "quantity": 2, "discount": object{"type": "AMOUNT", "value": 500}}, 500, 19500, 3705},
		{"percentage of what is exact", "EUR", false, object{"priceOverwrite": 333, "quantity": 1.5, "discount": object{"type": "PERCENTAGE", "value": 50}}, 250, 250, 48}, // 499.5 -> 500; 249.75; 47.5
		{"tax overwritten", "EUR", false, object{"priceOverwrite": 10000, "taxAmountOverwrite": 7}, 0, 10000, 7},
		{"tax overwritten and included", "EUR", true, object{"priceOverwrite": 10000, "taxAmountOverwrite": 7}, 0, 9993, 7},
		{"yen have no minor unit", "JPY", false, object{"priceOverwrite": 12345}, 0, 12345, 2346},          // 2345.55
		{"dinars have three", "BHD", false, object{"priceOverwrite": 7321, "quantity": 3}, 0, 21963, 4173}, // 4172.97
		{"a credit line", "EUR", false, object{"priceOverwrite": -250, "quantity": 0.5}, 0, -125, -24},     // -23.75
		{"beyond a double's whole numbers", "EUR", false, object{"priceOverwrite": 900719925474099, "taxAmountOverwrite": 0}, 0, 900719925474099, 0},
	}
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	product := c.product("P", 9999)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			tc.line["productId"] = product
			body := object{"companyEntityId": entity(t, s, "DE01"), "currency": tc.currency, "lines": []object{tc.line}}
			if tc.withTax != nil {
				body["areLinesWithTax"] = tc.withTax
			}
			id := c.id("/v1/invoice-receivables", body)
			inv, _ := s.Invoice(id)
			l := inv.Lines[0]
			if int(l.DiscountAmount) != tc.off || int(l.NetAmount) != tc.net || int(l.TaxAmount) != tc.tax || int(inv.Amount) != tc.net+tc.tax || int(inv.Net()) != tc.net {
				t.Errorf("discount %d net %d tax %d amount %d, want %d %d %d", l.DiscountAmount, l.NetAmount, l.TaxAmount, inv.Amount, tc.off, tc.net, tc.tax)
			}
		})
	}
}

func TestRefusedDocuments(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	product, dead := c.product("P", 100), c.product("Old", 100)
	c.post("/v1/products/"+dead+"/archive", nil)
	gone := c.customer("Gone")
	if err := s.ArchiveCustomer(gone); err != nil {
		t.Fatal(err)
	}
	de := entity(t, s, "DE01")
	line := func(extra object) object {
		extra["productId"] = product
		return object{"companyEntityId": de, "currency": "EUR", "lines": []object{extra}}
	}
	marker, _ := property(t, s, lighttest.MarkerGroup, "")
	industry, software := property(t, s, "industry", "Software")
	cases := []struct {
		name, path string
		body       object
		status     int
		at         string // errors[0].path
	}{
		{"no entity", "/v1/invoice-receivables", object{}, 400, "companyEntityId"},
		{"line without product", "/v1/invoice-receivables", object{"companyEntityId": de, "lines": []object{{"priceOverwrite": 1}}}, 400, "lines.0.productId"},
		{"unknown field in a line", "/v1/invoice-receivables", line(object{"price": 1}), 400, "lines.0.price"},
		{"unknown customer", "/v1/invoice-receivables", object{"companyEntityId": de, "customerId": de}, 422, "customerId"},
		{"archived customer", "/v1/invoice-receivables", object{"companyEntityId": de, "customerId": gone}, 422, "customerId"},
		{"archived customer on a contract", "/v1/contracts", object{"companyEntityId": de, "customerId": gone}, 422, "customerId"},
		{"archived product", "/v1/invoice-receivables", object{"companyEntityId": de, "lines": []object{{"productId": dead}}}, 422, "lines.0.productId"},
		{"no price in the currency", "/v1/invoice-receivables", object{"companyEntityId": de, "currency": "USD", "lines": []object{{"productId": product}}}, 422, "lines.0.priceOverwrite"},
		{"no price in the contract's currency", "/v1/contracts", object{"companyEntityId": de, "currency": "USD", "lines": []object{{"productId": product}}}, 422, "lines.0.priceOverwrite"},
		{"total set", "/v1/invoice-receivables", object{"companyEntityId": de, "amount": 5}, 400, "amount"},
		{"contract set", "/v1/invoice-receivables", object{"companyEntityId": de, "contractId": de}, 400, "contractId"},
		{"fraction of a cent", "/v1/invoice-receivables", line(object{"priceOverwrite": 10.5}), 400, "lines.0.priceOverwrite"},
		{"beyond 64 bits", "/v1/invoice-receivables", line(object{"priceOverwrite": 9000000000000000000, "quantity": 2}), 422, "lines.0"},
		{"quantity 0", "/v1/invoice-receivables", line(object{"quantity": 0}), 400, "lines.0.quantity"},
		{"discount above the line", "/v1/invoice-receivables", line(object{"discount": object{"type": "AMOUNT", "value": 101}}), 422, "lines.0"},
		{"discount of 101 %", "/v1/invoice-receivables", line(object{"discount": object{"type": "PERCENTAGE", "value": 101}}), 400, "lines.0.discount.value"},
		{"currency in words", "/v1/invoice-receivables", object{"companyEntityId": de, "currency": "Euro"}, 400, "currency"},
		{"day with a time", "/v1/invoice-receivables", object{"companyEntityId": de, "invoiceDate": "2026-01-01T00:00:00Z"}, 400, "invoiceDate"},
		{"source given", "/v1/customers", object{"name": "A", "externalSource": object{"name": "HUBSPOT", "externalId": "1"}}, 400, "externalSource"},
		{"source given to a contract", "/v1/contracts", object{"companyEntityId": de, "externalId": "1"}, 400, "externalId"},
		{"country in words", "/v1/customers", object{"name": "A", "billingAddress": object{"country": "United States"}}, 400, "billingAddress.country"},
		{"no name", "/v1/customers", object{"email": "a@b.example"}, 400, "name"},
		{"no e-mail address", "/v1/customers", object{"name": "A", "email": "a.example"}, 400, "email"},
		{"product without prices", "/v1/products", object{"name": "A", "pricingType": "FIXED", "billingRecurrence": "ONE_TIME"}, 400, "pricings"},
		{"recurrence Light lacks", "/v1/products", object{"name": "A", "pricingType": "FIXED", "billingRecurrence": "WEEKLY", "pricings": []object{}}, 400, "billingRecurrence"},
		{"text in a choice", "/v1/customers", object{"name": "A", "customProperties": []object{{"groupId": industry, "inlineValues": []string{"Software"}}}}, 422, "customProperties.0.inlineValues"},
		{"choice in a text", "/v1/customers", object{"name": "A", "customProperties": []object{{"groupId": marker, "valueIds": []string{software}}}}, 422, "customProperties.0.valueIds"},
		{"group of another object", "/v1/products", object{"name": "A", "pricingType": "FIXED", "billingRecurrence": "ONE_TIME", "pricings": []object{}, "customProperties": []object{{"groupId": industry, "valueIds": []string{software}}}}, 422, "customProperties.0.groupId"},
	}
	before := s.Counts()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := *c
			c.t = t
			out := c.do(tc.status, "POST", tc.path, tc.body)
			want := map[int]string{400: "BAD_REQUEST", 422: "UNPROCESSABLE_CONTENT"}[tc.status]
			first := out.body["errors"].([]any)[0].(object)
			path := ""
			for i, p := range first["path"].([]any) {
				if i > 0 {
					path += "."
				}
				path += p.(string)
			}
			if out.body["type"] != want || path != tc.at {
				t.Errorf("type %v path %q, want %s %q: %s", out.body["type"], path, want, tc.at, out.raw)
			}
		})
	}
	if after := s.Counts(); after != before {
		t.Errorf("refused requests left something: %+v, before %+v", after, before)
	}
}
