package lighttest_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/light/lighttest"
)

// draft makes an invoice of one line, ready to open.
func (c *client) draft(s *lighttest.Sim, extra object) string {
	c.t.Helper()
	body := object{"companyEntityId": entity(c.t, s, "DE01"), "customerId": c.customer("Acme"), "currency": "EUR",
		"lines": []object{{"productId": c.product("P", 1000)}}}
	for k, v := range extra {
		body[k] = v
	}
	return "/v1/invoice-receivables/" + c.id("/v1/invoice-receivables", body)
}

func TestOpeningTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{OpenDelay: 90 * time.Second})
		c := newClient(t, s)
		at := c.draft(s, nil)
		c.post(at+"/open", object{"shouldSendEmail": false})
		time.Sleep(89 * time.Second)
		if got := c.get(at); got["state"] != "OPEN_IN_PROGRESS" || got["invoiceNumber"] != nil {
			t.Errorf("too early: %v %v", got["state"], got["invoiceNumber"])
		}
		for _, call := range [][2]string{{"PATCH", at}, {"POST", at + "/open"}, {"POST", at + "/archive"}, {"POST", at + "/reset"}} {
			c.do(409, call[0], call[1], object{})
		}
		opened := time.Now().Add(time.Second).UTC().Format("2006-01-02T15:04:05.000Z")
		time.Sleep(time.Hour)
		if got := c.get(at); got["state"] != "OPEN" || got["openedAt"] != opened || got["updatedAt"] != opened {
			t.Errorf("%v opened %v updated %v, want %s", got["state"], got["openedAt"], got["updatedAt"], opened)
		}
		if len(s.Emails()) != 0 {
			t.Error("nobody asked for an e-mail")
		}
	})
}

func TestWhatAnOpenInvoiceAllows(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	at := c.draft(s, object{"invoiceNumber": "X-1"})
	c.do(400, "PATCH", at, object{"lines": []object{}})
	id := strings.TrimPrefix(at, "/v1/invoice-receivables/")
	if err := s.OpenInvoice(id); err != nil {
		t.Fatal(err)
	}
	line := c.get(at)["lines"].([]any)[0].(object)["id"].(string)
	c.do(200, "PATCH", at, object{"reference": "r", "description": nil})
	for field, value := range map[string]any{"currency": "USD", "customerId": c.customer("B"), "invoiceDate": "2026-01-01", "invoiceNumber": "X-2", "areLinesWithTax": false} {
		c.do(409, "PATCH", at, object{field: value})
	}
	c.do(409, "POST", at+"/lines", object{"productId": c.product("Q", 1)})
	c.do(409, "PATCH", at+"/lines/"+line, object{"quantity": 2})
	c.do(409, "DELETE", at+"/lines/"+line, nil)
	c.do(400, "POST", at+"/unarchive", nil)
	if got := c.post(at+"/reset", nil); got["state"] != "DRAFT" || got["invoiceNumber"] != "X-1" {
		t.Errorf("reset: %v %v", got["state"], got["invoiceNumber"])
	}
	c.do(409, "POST", "/v1/invoice-receivables", object{"companyEntityId": entity(t, s, "DE01"), "invoiceNumber": "X-1"})
	c.do(200, "POST", "/v1/invoice-receivables", object{"companyEntityId": entity(t, s, "US01"), "invoiceNumber": "X-1"}) // per entity
	if got := c.list("/v1/invoice-receivables", "filter", "documentNumber:eq:X-1"); len(got["records"].([]any)) != 2 {
		t.Error("invoiceNumber is filtered as documentNumber")
	}
	if err := s.OpenInvoice(id); err != nil {
		t.Fatal(err)
	}
	if err := s.PayInvoice(id); err != nil {
		t.Fatal(err)
	}
	c.do(409, "POST", at+"/reset", nil)
	c.do(409, "POST", at+"/archive", nil)
	if inv, _ := s.Invoice(id); inv.State != lighttest.Paid || len(s.Payments(id)) != 1 {
		t.Errorf("state %s", inv.State)
	}
}

func TestDatesFollowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{})
		c := newClient(t, s)
		day := time.Now().UTC().Format("2006-01-02")
		steps := []struct {
			change                           object
			invoice, posting, effective, due any
		}{
			{object{}, nil, day, day, nil},
			{object{"invoiceDate": "2028-02-20", "netTerms": 10}, "2028-02-20", "2028-02-20", "2028-02-20", "2028-03-01"},
			{object{"invoiceDate": "2028-02-21"}, "2028-02-21", "2028-02-21", "2028-02-21", "2028-03-02"},
			{object{"postingDate": "2028-02-25"}, "2028-02-21", "2028-02-25", "2028-02-21", "2028-03-02"},
			{object{"dueDate": "2028-05-05"}, "2028-02-21", "2028-02-25", "2028-02-21", "2028-05-05"},
			{object{"invoiceDate": nil}, nil, "2028-02-25", "2028-02-25", "2028-05-05"},
		}
		at := c.draft(s, nil)
		for i, step := range steps {
			got := c.do(200, "PATCH", at, step.change).body
			if got["invoiceDate"] != step.invoice || got["postingDate"] != step.posting || got["effectiveInvoiceDate"] != step.effective || got["dueDate"] != step.due {
				t.Errorf("step %d: %v %v %v %v", i, got["invoiceDate"], got["postingDate"], got["effectiveInvoiceDate"], got["dueDate"])
			}
		}
	})
}

func TestOpeningNeedsACustomerALineAndRequiredProperties(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	c.do(422, "POST", c.draft(s, object{"customerId": nil})+"/open", nil)
	c.do(422, "POST", c.draft(s, object{"lines": nil})+"/open", nil)
	c.do(422, "POST", c.draft(s, object{"lines": []object{{"productId": c.product("P", 1), "priceOverwrite": -5}}})+"/open", nil)
	c.do(422, "POST", c.draft(s, nil)+"/open", object{"shouldSendEmail": true}) // nobody to send to
	if err := s.RequireProperty("sales_rep", true); err != nil {
		t.Fatal(err)
	}
	at := c.draft(s, nil)
	c.do(422, "POST", at+"/open", nil)
	rep, _ := property(t, s, "sales_rep", "")
	c.do(200, "PATCH", at, object{"customProperties": []object{{"groupId": rep, "inlineValues": []string{"Sales desk"}}}})
	c.do(200, "POST", at+"/open", object{"shouldSubmitEInvoice": true})
	if got := c.get(at); got["state"] != "DRAFT" || got["failureContext"].(object)["type"] != "UNPROCESSABLE_CONTENT" {
		t.Errorf("e-invoice without an address: %v %v", got["state"], got["failureContext"])
	}
}

func TestDocumentIsMadeThenServedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{})
		c := newClient(t, s)
		at := c.draft(s, nil)
		if got := c.post(at+"/document", nil); got["status"] != "GENERATING" || got["url"] != nil {
			t.Fatalf("at once: %v", got)
		}
		time.Sleep(2 * time.Second)
		got := c.post(at+"/document", nil)
		address := strings.TrimPrefix(got["url"].(string), "https://light.example")
		c.auth = "" // a signed address needs no credentials
		if pdf := c.do(200, "GET", address, nil); !strings.HasPrefix(string(pdf.raw), "%PDF") {
			t.Errorf("document %q", pdf.raw)
		}
		time.Sleep(10 * time.Minute)
		c.do(403, "GET", address, nil)
	})
}

func TestPropertiesReplaceTheWholeSet(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	marker, _ := property(t, s, lighttest.MarkerGroup, "")
	segments, partner := property(t, s, "segments", "Partner")
	_, enterprise := property(t, s, "segments", "Enterprise")
	id := c.id("/v1/customers", object{"name": "A", "customProperties": []object{
		{"groupId": marker, "inlineValues": []string{"key-1"}}, {"groupId": segments, "valueIds": []string{partner, enterprise}}}})
	groups := func() (out []string) {
		got, _ := s.Customer(id)
		for _, p := range got.CustomProperties {
			for _, v := range p.Values {
				out = append(out, p.GroupInternalName+"="+v.Label)
			}
		}
		return out
	}
	if got := groups(); !slices.Equal(got, []string{"crosswalk_key=key-1", "segments=Partner", "segments=Enterprise"}) {
		t.Errorf("created: %q", got)
	}
	c.do(200, "PATCH", "/v1/customers/"+id, object{"domain": "a.example"})
	if len(groups()) != 3 {
		t.Error("a change without customProperties changed them")
	}
	c.do(204, "DELETE", "/v1/custom-properties/groups/"+segments+"/values/"+partner, nil)
	if got := groups(); !slices.Equal(got, []string{"crosswalk_key=key-1", "segments=Enterprise"}) {
		t.Errorf("choice deleted: %q", got)
	}
	c.do(200, "PATCH", "/v1/customers/"+id, object{"customProperties": []object{{"groupId": segments, "valueIds": []string{enterprise}}}})
	if got := groups(); !slices.Equal(got, []string{"segments=Enterprise"}) {
		t.Errorf("what was left out stayed: %q", got)
	}
	c.do(200, "PATCH", "/v1/customers/"+id, object{"customProperties": nil})
	if len(groups()) != 0 {
		t.Error("null does not clear")
	}
}

// dates gives the invoice dates of a contract's invoices.
func (c *client) billed(contract string) (out []string) {
	c.t.Helper()
	for _, r := range c.list("/v1/invoice-receivables", "filter", "contractId:eq:"+contract, "sort", "invoiceDate:asc", "limit", "200")["records"].([]any) {
		out = append(out, r.(object)["invoiceDate"].(string))
	}
	return out
}

func TestContractsBillThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins on 2000-01-01
		s := lighttest.New(lighttest.Config{})
		c := newClient(t, s)
		product, customer := c.product("P", 1000), c.customer("A")
		id := c.id("/v1/contracts", object{"companyEntityId": entity(t, s, "DE01"), "customerId": customer, "currency": "EUR", "areLinesWithTax": false,
			"startDate": "2000-01-31", "endDate": "2000-06-30", "invoiceLeadDays": 3, "netTerms": 14, "lines": []object{
				{"productId": product, "productNameOverwrite": "Set-up"},
				{"productId": product, "billingRecurrence": "MONTHLY", "quantity": 2, "discount": object{"type": "PERCENTAGE", "value": 50, "endDate": "2000-02-28"}},
				{"productId": product, "billingRecurrence": "QUARTERLY", "priceOverwrite": 700, "billingStart": "2000-03-01"}}})
		at := "/v1/contracts/" + id
		if got := c.billed(id); got != nil {
			t.Fatalf("before publishing: %q", got)
		}
		if got := c.post(at+"/publish", nil); got["state"] != "ACTIVE" || got["activatedAt"] == nil {
			t.Fatalf("published: %v", got)
		}
		c.do(409, "POST", at+"/publish", nil)
		c.do(409, "DELETE", at, nil)
		// First periods at once: set-up and January together, the first quarter on its own; each three days ahead.
		if got := c.billed(id); !slices.Equal(got, []string{"2000-01-28", "2000-02-27"}) {
			t.Fatalf("first invoices: %q", got)
		}
		first := s.Invoices()[0]
		if len(first.Lines) != 2 || first.Net() != 1000+1000 || first.DueDate != "2000-02-11" || first.State != lighttest.Draft || first.CustomerID != lighttest.Text(customer) {
			t.Errorf("first invoice: %+v", first)
		}
		if l := first.Lines[1]; l.BillingStart != "2000-01-31" || l.BillingEnd != "2000-02-28" || l.DiscountAmount != 1000 {
			t.Errorf("monthly line: %+v", l)
		}
		time.Sleep(time.Until(time.Date(2000, 4, 30, 0, 0, 0, 0, time.UTC)))
		// Monthly from 01-31: 02-29, 03-31, 04-30; less three days.
		if got := c.billed(id); !slices.Equal(got, []string{"2000-01-28", "2000-02-26", "2000-02-27", "2000-03-28", "2000-04-27"}) {
			t.Errorf("by the end of April: %q", got)
		}
		c.post(at+"/terminate", object{"terminationDate": "2000-06-15", "terminationReason": "moved"})
		time.Sleep(time.Until(time.Date(2000, 12, 1, 0, 0, 0, 0, time.UTC)))
		got := c.get(at)
		if got["state"] != "TERMINATED" || got["terminatedAt"] != "2000-06-15T00:00:00.000Z" || got["terminationReason"] != "moved" {
			t.Errorf("terminated: %v %v", got["state"], got["terminatedAt"])
		}
		// May 31, and June 1 for the second quarter; nothing after the termination.
		if got := c.billed(id); !slices.Equal(got[5:], []string{"2000-05-28", "2000-05-29"}) {
			t.Errorf("until the termination: %q", got)
		}
	})
}

func TestContractReset(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	at := "/v1/contracts/" + c.id("/v1/contracts", object{"companyEntityId": entity(t, s, "DE01"), "customerId": c.customer("A"), "currency": "EUR",
		"startDate": "2030-01-01", "lines": []object{{"productId": c.product("P", 1000)}}})
	c.post(at+"/publish", nil)
	if got := c.post(at+"/reset", nil); got["state"] != "CREATED" || s.Invoices()[0].State != lighttest.Archived {
		t.Errorf("reset: %v, invoice %s", got["state"], s.Invoices()[0].State)
	}
	c.do(200, "PATCH", at, object{"description": "again"})
	c.post(at+"/publish", nil)
	if err := s.OpenInvoice(s.Invoices()[1].ID); err != nil {
		t.Fatal(err)
	}
	c.do(409, "POST", at+"/reset", nil)
	c.do(409, "PATCH", at, object{"currency": "USD"})
	c.do(422, "POST", "/v1/contracts/"+c.id("/v1/contracts", object{"companyEntityId": entity(t, s, "DE01")})+"/publish", nil)
}

func TestPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{})
		s.Sample()
		c := newClient(t, s)
		at := c.draft(s, nil)
		id := strings.TrimPrefix(at, "/v1/invoice-receivables/")
		if got := c.get(at)["updatedBy"]; got != s.CrosswalkUser() {
			t.Errorf("made by %v", got)
		}
		price := int64(5000)
		if err := s.EditInvoice(id, func(i *lighttest.Invoice) { i.Lines[0].PriceOverwrite, i.Description = &price, "by hand" }); err != nil {
			t.Fatal(err)
		}
		if got := c.get(at); num(got["amount"]) != 5000 || got["description"] != "by hand" || got["updatedBy"] == s.CrosswalkUser() {
			t.Errorf("edited: %v", got)
		}
		old := time.Now().AddDate(0, 0, -60)
		customer := s.CreateCustomer(lighttest.Customer{Name: "From CRM"})
		if err := s.SetCustomerSource(customer.ID, "SALESFORCE", "001", old); err != nil {
			t.Fatal(err)
		}
		got := c.get("/v1/customers/" + customer.ID)
		if got["updatedAt"] != old.UTC().Format("2006-01-02T15:04:05.000Z") || got["externalSource"].(object)["externalId"] != "001" {
			t.Errorf("from a CRM: %v", got)
		}
		contract := c.id("/v1/contracts", object{"companyEntityId": entity(t, s, "DE01")})
		if err := s.SetContractSource(contract, "HUBSPOT", "9", time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := c.get("/v1/contracts/" + contract); got["externalSource"] != "HUBSPOT" || got["externalId"] != "9" {
			t.Errorf("contract from a CRM: %v", got)
		}
		if err := s.EditContract(contract, func(k *lighttest.Contract) { k.Description = "x" }); err != nil {
			t.Fatal(err)
		}
		if k, _ := s.Contract(contract); k.State != lighttest.Draft {
			t.Errorf("edited contract is %s", k.State)
		}
		if err := s.EditCustomer("nobody", func(*lighttest.Customer) {}); err == nil {
			t.Error("nobody was edited")
		}
	})
}

func TestSample(t *testing.T) {
	s := lighttest.New(lighttest.Config{Seed: 3})
	if s.Counts() != (lighttest.Counts{}) {
		t.Fatalf("a new company has records: %+v", s.Counts())
	}
	s.Sample()
	states := map[string]int{}
	for _, i := range s.Invoices() {
		states[i.State]++
	}
	if !reflect.DeepEqual(states, map[string]int{"PAID": 1, "OPEN": 1, "DRAFT": 1}) || s.Counts() != (lighttest.Counts{Customers: 7, Products: 6, Invoices: 3}) {
		t.Errorf("%+v %v", s.Counts(), states)
	}
	for _, p := range s.Products() {
		if p.ExternalSource != nil && time.Since(p.UpdatedAt.Time) < 30*24*time.Hour {
			t.Errorf("%s would refuse going live", p.Name)
		}
	}
}
