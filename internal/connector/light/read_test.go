package light_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

func readAll(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// TestSource: Light's own integration is read as SYSTEM:id, on contracts as well.
func TestSource(t *testing.T) {
	w := newWorld(t, quiet)
	now := time.Now()
	must(t, w.sim.SetCustomerSource(w.customer, "HUBSPOT", "900000000101", now))
	must(t, w.sim.SetProductSource(w.product, "STRIPE", "prod_1", now))
	contract := w.made(t, "/v1/contracts", `{"companyEntityId":"`+w.entity+`"}`)
	must(t, w.sim.SetContractSource(contract, "SALESFORCE", "006000000000001AAA", now))
	for object, want := range map[string][2]string{"customers": {w.customer, "HUBSPOT:900000000101"}, "products": {w.product, "STRIPE:prod_1"},
		"contracts": {contract, "SALESFORCE:006000000000001AAA"}} {
		got, err := w.Connector.Read(t.Context(), connector.ReadRequest{Object: object, IDs: []string{want[0]}, Fields: []string{"externalSource"}})
		if err != nil || got[0].Record.Field("externalSource").Text() != want[1] {
			t.Errorf("%s: %+v %v, want %s", object, got, err, want[1])
		}
	}
	none := w.sim.CreateCustomer(lighttest.Customer{Name: "N"}).ID
	got, err := w.Connector.Read(t.Context(), connector.ReadRequest{Object: "customers", IDs: []string{none}, Fields: []string{"externalSource"}})
	if err != nil || got[0].Record.Field("externalSource").Kind() != record.Null {
		t.Errorf("no source: %+v %v", got, err)
	}
	native, err := w.Connector.(*light.Connector).NativeActivity(t.Context(), now.Add(-time.Hour))
	if err != nil || native.Count != 2 || len(native.Examples) != 2 {
		t.Errorf("native activity %+v %v, want the customer and the contract", native, err)
	}
	native, err = w.Connector.(*light.Connector).NativeActivity(t.Context(), now.Add(time.Hour))
	if err != nil || native.Count != 0 {
		t.Errorf("native activity of the future %+v %v", native, err)
	}
}

// TestReadCalls: 250 customers are three lists, invoices asked for their progress come in lists, for anything else
// one by one with their lines.
func TestReadCalls(t *testing.T) {
	w := newWorld(t, quiet)
	ids := many(250, func(int) string { return w.sim.CreateCustomer(lighttest.Customer{Name: "C"}).ID })
	invoices := many(3, func(i int) string { return w.invoice(t, string(rune('a'+i))).Ref.ID })
	for _, c := range []struct {
		r        connector.ReadRequest
		calls    int
		children int
	}{
		{connector.ReadRequest{Object: "customers", IDs: ids, Fields: []string{"name"}}, 3, 0},
		{connector.ReadRequest{Object: "invoice-receivables", IDs: invoices, Fields: []string{"state", "invoiceNumber"}}, 1, 0},
		{connector.ReadRequest{Object: "invoice-receivables", IDs: invoices, Fields: []string{"state", "description"}}, 3, 1},
		{connector.ReadRequest{Object: "invoice-receivables", IDs: invoices}, 3, 1},
		{connector.ReadRequest{Object: "invoice-receivables", IDs: invoices, Fields: []string{"state"}, With: []string{"lines"}}, 3, 1},
	} {
		w.Wire.Forget()
		got, err := w.Connector.Read(t.Context(), c.r)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(w.Wire.Calls()); n != c.calls {
			t.Errorf("%s %v: %d calls, want %d", c.r.Object, c.r.Fields, n, c.calls)
		}
		if r := got[0]; r.State != record.Found || len(r.Record.Children) != c.children {
			t.Errorf("%s %v: %s with %d lines, want %d", c.r.Object, c.r.Fields, r.State, len(r.Record.Children), c.children)
		}
	}
	got, err := w.Connector.Read(t.Context(), connector.ReadRequest{Object: "invoice-receivables", IDs: invoices[:1], Fields: []string{"customerId"}, With: []string{"customers"}})
	if err != nil || len(got[0].Record.RelatedTo("customers")) != 1 || got[0].Record.Related[0].Ref.ID != w.customer {
		t.Errorf("the invoice's customer: %+v %v", got, err)
	}
}

// TestFindUnsafeProduct: Light has no escape in filters, so such a name is looked for in the whole list.
func TestFindUnsafeProduct(t *testing.T) {
	w := newWorld(t, quiet)
	odd := w.sim.CreateProduct(lighttest.Product{Name: "Seats, blue | red: 2", Pricings: []lighttest.Pricing{{Currency: "EUR", Amount: 1}}}).ID
	plain := w.sim.CreateProduct(lighttest.Product{Name: "Seats", Pricings: []lighttest.Pricing{{Currency: "EUR", Amount: 1}}}).ID
	got, err := w.Connector.(connector.Finder).Find(t.Context(), "products",
		[]connector.Ask{{Field: "name", Text: "seats, BLUE | red: 2"}, {Field: "name", Text: "Seats"}, {Field: "name", Text: "Chairs"}}, []string{"name"})
	must(t, err)
	if len(got[0].Records) != 1 || got[0].Records[0].Ref.ID != odd || len(got[1].Records) != 1 || got[1].Records[0].Ref.ID != plain || len(got[2].Records) != 0 || got[2].CannotAsk {
		t.Errorf("found %+v", got)
	}
	got, err = w.Connector.(connector.Finder).Find(t.Context(), "customers", []connector.Ask{{Field: "email", Text: "a,b@x.example"}, {Field: "name", Text: "ab"}, {Field: "vatNumber", Text: "null"}}, nil)
	must(t, err)
	for i, a := range got {
		if !a.CannotAsk {
			t.Errorf("ask %d was put to Light", i)
		}
	}
}

// TestFindSpellings: a value is found in the other ways people write it.
func TestFindSpellings(t *testing.T) {
	w := newWorld(t, quiet)
	id := w.sim.CreateCustomer(lighttest.Customer{Name: "Borealis, Freight: GmbH", VATNumber: "DE999999999", Email: "accounts@borealis.example", Domain: "borealis.example"}).ID
	w.sim.CreateCustomer(lighttest.Customer{Name: "Other", VATNumber: "DE111111111"})
	asks := []connector.Ask{{Field: "vatNumber", Text: "de 999 999 999"}, {Field: "email", Text: "Accounts@Borealis.example"},
		{Field: "domain", Text: "borealis.example"}, {Field: "name", Text: "borealis, freight: gmbh"}}
	got, err := w.Connector.(connector.Finder).Find(t.Context(), "customers", asks, []string{"name"})
	must(t, err)
	for i, a := range got {
		if a.CannotAsk || len(a.Records) != 1 || a.Records[0].Ref.ID != id {
			t.Errorf("%s: %+v", asks[i].Field, a)
		}
	}
}

func TestProvision(t *testing.T) {
	w := newWorld(t, quiet)
	p := func(c connector.Connector, object string) connector.Provision {
		got, err := c.(connector.Provisioner).Provision(t.Context(), object, true)
		must(t, err)
		return got
	}
	for object, field := range map[string]string{"customers": "customProperties.crosswalk_key", "products": "customProperties.crosswalk_key",
		"contracts": "customProperties.crosswalk_key", "invoice-receivables": "reference"} {
		if got := p(w.Connector, object); !got.Ready || got.Field != field {
			t.Errorf("%s: %+v", object, got)
		}
	}
	w.sim.RemoveGroup("crosswalk_key")
	if got := p(w.Again(), "contracts"); got.Ready || !strings.Contains(got.Fix, "crosswalk_key") || !strings.Contains(got.Fix, "Settings") {
		t.Errorf("without the property: %+v", got)
	}
	if got := p(w.Again(), "invoice-receivables"); !got.Ready {
		t.Errorf("invoices need no property: %+v", got)
	}
}

// TestForgottenCursor: Light publishes no life of its cursors; one it refuses begins the stamp, or the sweep, again.
func TestForgottenCursor(t *testing.T) {
	for object, make1 := range map[string]func(w *world) string{
		"customers": func(w *world) string { return w.sim.CreateCustomer(lighttest.Customer{Name: "C"}).ID },
		"contracts": func(w *world) string { return w.made(t, "/v1/contracts", `{"companyEntityId":"`+w.entity+`"}`) },
	} {
		t.Run(object, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, quiet)
				want := many(450, func(int) string { return make1(w) })
				first, err := w.Connector.Changes(t.Context(), connector.FeedRequest{Object: object})
				must(t, err)
				w.Wire.Arm(connectortest.Fault{Kind: connectortest.Answer, Status: 400, Body: []byte(`{"type":"BAD_REQUEST","errors":[]}`)})
				seen := map[string]bool{}
				for p := first; p.More; {
					p, err = w.Connector.Changes(t.Context(), connector.FeedRequest{Object: object, Cursor: p.Cursor})
					must(t, err)
					for _, r := range p.Records {
						seen[r.Ref.ID] = true
					}
				}
				for _, r := range first.Records {
					seen[r.Ref.ID] = true
				}
				for _, id := range want {
					if !seen[id] {
						t.Fatal("a record was lost with the cursor")
					}
				}
			})
		})
	}
}

// TestQuietFeed: an account where nothing happens is not read again for ever.
func TestQuietFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, quiet)
		many(300, func(int) string { return w.sim.CreateCustomer(lighttest.Customer{Name: "C"}).ID })
		var p connector.Page
		for range 4 {
			for again := true; again; again = p.More {
				var err error
				p, err = w.Connector.Changes(t.Context(), connector.FeedRequest{Object: "customers", Cursor: p.Cursor})
				must(t, err)
			}
			time.Sleep(time.Hour)
		}
		if len(p.Records) != 0 {
			t.Errorf("a quiet cycle gave %d records", len(p.Records))
		}
	})
}

func TestSettings(t *testing.T) {
	client := rest.New(rest.Config{Base: base})
	for _, bad := range []light.Config{{Client: client}, {Connection: "x"}, {Connection: "x", Client: client, Page: 201}, {Connection: "x", Client: client, Batch: -1}, {Connection: "x", Client: client, Overlap: -1}} {
		if _, err := light.New(bad); err == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
	c, err := light.New(light.Config{Connection: "x", Client: client, Pages: map[string]string{"customers": "https://pages.example/c/{id}"}})
	must(t, err)
	id := "00000000-0000-4000-8000-00000000000a"
	if got := c.URL(record.Ref{Connection: "x", Object: "customers", ID: id}); got != "https://pages.example/c/"+id {
		t.Errorf("URL %q", got)
	}
	if got := c.URL(record.Ref{Connection: "x", Object: "products", ID: id}); got != "" {
		t.Errorf("URL %q of an object without a pattern", got)
	}
}
