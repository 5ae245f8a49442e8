package light_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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
	"crosswalk/internal/token"
)

var quiet = lighttest.Config{}

func (w *world) write(t *testing.T, write connector.Write) connector.Outcome {
	t.Helper()
	got := w.Connector.(connector.Writer).Write(t.Context(), []connector.Write{write})
	if len(got) != 1 {
		t.Fatalf("%d outcomes", len(got))
	}
	return got[0]
}

func (w *world) done(t *testing.T, write connector.Write) connector.Outcome {
	t.Helper()
	o := w.write(t, write)
	if o.Status != connector.Done {
		t.Fatalf("%s %s %s: %s (%v)", write.Op, write.Object, write.Action, o.Status, o.Err)
	}
	return o
}

func update(object, id string, fields map[string]record.Value) connector.Write {
	return connector.Write{Op: connector.OpUpdate, Object: object, ID: id, Key: "k", Fields: fields}
}

// TestPricings: prices of other currencies stay, amounts are exact to the last digit, one removed is gone.
func TestPricings(t *testing.T) {
	w := newWorld(t, quiet)
	o := w.done(t, connector.Write{Op: connector.OpCreate, Object: "products", Key: "p1", Fields: values("name", "Seat", "pricingType", "FIXED",
		"billingRecurrence", "ONE_TIME", "pricings", "EUR:9223372036854775807")})
	for i, step := range []struct {
		fields map[string]record.Value
		base   *record.Record
		want   []lighttest.Pricing
	}{
		{values("pricings", "USD:4215"), nil, []lighttest.Pricing{{Currency: "EUR", Amount: 9223372036854775807}, {Currency: "USD", Amount: 4215}}},
		{values("pricings.JPY", "12345"), nil, []lighttest.Pricing{{Currency: "EUR", Amount: 9223372036854775807}, {Currency: "USD", Amount: 4215}, {Currency: "JPY", Amount: 12345}}},
		{map[string]record.Value{"pricings.EUR": record.Empty()}, nil, []lighttest.Pricing{{Currency: "USD", Amount: 4215}, {Currency: "JPY", Amount: 12345}}},
		{map[string]record.Value{"pricings": record.Many("USD:1", "BHD:7321")}, &record.Record{Fields: map[string]record.Value{"pricings": record.Many("USD:4215", "JPY:12345")}},
			[]lighttest.Pricing{{Currency: "USD", Amount: 1}, {Currency: "JPY", Amount: 12345}, {Currency: "BHD", Amount: 7321}}},
	} {
		u := update("products", o.Ref.ID, step.fields)
		u.Base, u.Key = step.base, fmt.Sprint("step", i)
		w.done(t, u)
		if p, _ := w.sim.Product(o.Ref.ID); !slices.Equal(p.Pricings, step.want) {
			t.Errorf("step %d: prices %v, want %v", i, p.Pricings, step.want)
		}
	}
	for _, bad := range []string{"EUR:42.15", "EUR", "eur:1", "EUR:-1", "EUR:9223372036854775808", "EUR:01"} {
		o := w.write(t, update("products", o.Ref.ID, values("pricings", bad)))
		if o.Status != connector.Refused || !strings.Contains(o.Err.Error(), "pricings") {
			t.Errorf("pricings %q: %s %v", bad, o.Status, o.Err)
		}
	}
}

// TestAddressIsWrittenWhole: PATCH replaces an address, so what the write does not name is kept.
func TestAddressIsWrittenWhole(t *testing.T) {
	w := newWorld(t, quiet)
	id := w.sim.CreateCustomer(lighttest.Customer{Name: "A", BillingAddress: &lighttest.Address{Country: "DE", City: "Berlin", Zipcode: "10115"}}).ID
	w.done(t, update("customers", id, values("billingAddress.street", "Musterstrasse 1")))
	c, _ := w.sim.Customer(id)
	if want := (lighttest.Address{Country: "DE", City: "Berlin", Zipcode: "10115", Street: "Musterstrasse 1"}); *c.BillingAddress != want {
		t.Errorf("address %+v, want %+v", *c.BillingAddress, want)
	}
	clearAll := map[string]record.Value{}
	for _, part := range []string{"country", "city", "state", "zipcode", "street", "street2"} {
		clearAll["billingAddress."+part] = record.Empty()
	}
	w.done(t, update("customers", id, clearAll))
	if c, _ := w.sim.Customer(id); c.BillingAddress != nil {
		t.Errorf("a cleared address is %+v", *c.BillingAddress)
	}
	o := w.write(t, update("customers", id, values("billingAddress.country", "Germany")))
	if o.Status != connector.Refused || !strings.Contains(o.Err.Error(), "billingAddress.country") {
		t.Errorf("a country in words: %s %v", o.Status, o.Err)
	}
}

// TestCustomPropertiesSurvive: PATCH replaces the whole set (fact sheet 9).
func TestCustomPropertiesSurvive(t *testing.T) {
	w := newWorld(t, quiet)
	o := w.done(t, connector.Write{Op: connector.OpCreate, Object: "customers", Key: "c1", Fields: map[string]record.Value{
		"name": record.Of("A"), "customProperties.crosswalk_key": record.Of("mark"), "customProperties.industry": record.Of("Software"),
		"customProperties.segments": record.Many("Partner", "Enterprise"), "customProperties.headcount": record.Of("12.50"),
		"customProperties.strategic": record.Of("true"), "customProperties.since": record.Of("2026-02-28")}})
	all := []string{"customProperties.crosswalk_key", "customProperties.industry", "customProperties.segments", "customProperties.headcount", "customProperties.strategic", "customProperties.since"}
	read := func() map[string]record.Value {
		got, err := w.Connector.Read(t.Context(), connector.ReadRequest{Object: "customers", IDs: []string{o.Ref.ID}, Fields: all})
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Record.Fields
	}
	w.done(t, update("customers", o.Ref.ID, values("customProperties.industry", "Logistics")))
	u := update("customers", o.Ref.ID, map[string]record.Value{"customProperties.segments": record.Empty()})
	u.Base = &record.Record{Fields: read()}
	before := len(w.Wire.Calls())
	w.done(t, u)
	if n := len(w.Wire.Calls()) - before; n != 1 {
		t.Errorf("an update with a whole base took %d calls, want 1", n)
	}
	want := map[string]record.Value{all[0]: record.Of("mark"), all[1]: record.Of("Logistics"), all[2]: record.Empty(),
		all[3]: record.Of("12.5"), all[4]: record.Of("true"), all[5]: record.Of("2026-02-28")}
	for name, v := range read() {
		if name == all[3] && v.Text() == "12.50" {
			continue // Light keeps what was written
		}
		if !v.Equal(want[name]) {
			t.Errorf("%s is %q (kind %d), want %q", name, v.Text(), v.Kind(), want[name].Text())
		}
	}
	for name, bad := range map[string]string{"industry": "Astrology", "headcount": "many", "strategic": "yes", "since": "tomorrow", "unknown": "x"} {
		o := w.write(t, update("customers", o.Ref.ID, values("customProperties."+name, bad)))
		if o.Status != connector.Refused || !strings.Contains(o.Err.Error(), "customProperties."+name) || strings.Contains(o.Err.Error(), bad) && bad != "x" {
			t.Errorf("customProperties.%s = %q: %s %v", name, bad, o.Status, o.Err)
		}
	}
}

// invoice makes a draft with one line.
func (w *world) invoice(t *testing.T, reference string) connector.Outcome {
	t.Helper()
	return w.done(t, connector.Write{Op: connector.OpCreate, Object: "invoice-receivables", Key: "key-" + reference,
		Fields:   values("companyEntityId", w.entity, "customerId", w.customer, "currency", "EUR", "reference", reference),
		Children: []map[string]record.Value{values("productId", w.product, "quantity", "0.335", "priceOverwrite", "100000")}})
}

// TestInvoiceIsNet: Light's default is prices with tax; a create says net unless told otherwise (fact sheet 4).
func TestInvoiceIsNet(t *testing.T) {
	w := newWorld(t, quiet)
	o := w.invoice(t, "r1")
	v, _ := w.sim.Invoice(o.Ref.ID)
	if v.AreLinesWithTax || v.Net() != 33500 {
		t.Errorf("with tax %v, net %d; want false, 33500", v.AreLinesWithTax, v.Net())
	}
	if len(o.Record.Children) != 1 || o.Record.Children[0].Field("netAmount").Text() != "33500" || o.Record.Children[0].Field("quantity").Text() != "0.335" {
		t.Errorf("the answer's lines are %+v", o.Record.Children)
	}
	gross := connector.Write{Op: connector.OpCreate, Object: "contracts", Fields: values("companyEntityId", w.entity, "currency", "EUR", "areLinesWithTax", "true")}
	k, _ := w.sim.Contract(w.done(t, gross).Ref.ID)
	if !k.AreLinesWithTax {
		t.Error("prices said to include tax do not")
	}
	for _, missing := range []string{"currency", "companyEntityId"} {
		fields := values("companyEntityId", w.entity, "currency", "EUR")
		delete(fields, missing)
		_, err := w.Connector.(connector.Writer).Encode(connector.Write{Op: connector.OpCreate, Object: "invoice-receivables", Fields: fields})
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("a create without %s: %v", missing, err)
		}
	}
}

// TestKeys: Light's five operations with an idempotency key get one, the others get none (fact sheet 3).
func TestKeys(t *testing.T) {
	w := newWorld(t, quiet)
	o := w.invoice(t, "r1")
	w.done(t, update("invoice-receivables", o.Ref.ID, values("poNumber", "4711")))
	w.done(t, connector.Write{Op: connector.OpCreate, Object: "contracts", Key: "k2", Fields: values("companyEntityId", w.entity, "currency", "EUR")})
	w.done(t, connector.Write{Op: connector.OpCreate, Object: "customers", Key: "k3", Fields: values("name", "B")})
	w.done(t, update("customers", w.customer, values("description", "d")))
	var got []string
	for _, c := range w.Wire.Calls() {
		if c.Method != "GET" {
			got = append(got, fmt.Sprint(c.Method, " ", strings.Split(c.Path, "/")[2], " ", c.Header.Get("X-Idempotency-Key") != ""))
		}
	}
	want := []string{"POST invoice-receivables true", "PATCH invoice-receivables false", "POST contracts false", "POST customers true", "PATCH customers true"}
	if !slices.Equal(got, want) {
		t.Errorf("keys: %v\nwant %v", got, want)
	}
}

// T4: lines of a draft are added, changed and deleted one by one; deleting twice is done.
func TestLines(t *testing.T) {
	w := newWorld(t, quiet)
	for object, id := range map[string]string{
		"invoice-receivables": w.invoice(t, "r1").Ref.ID,
		"contracts":           w.done(t, connector.Write{Op: connector.OpCreate, Object: "contracts", Fields: values("companyEntityId", w.entity, "currency", "EUR")}).Ref.ID,
	} {
		line := object + "/lines"
		add := connector.Write{Op: connector.OpCreate, Object: line, Parent: id, Fields: values("productId", w.product, "quantity", "1.5", "priceOverwrite", "9999",
			"discount.type", "AMOUNT", "discount.value", "99", "customProperties.cost_center", "Delivery")}
		o := w.done(t, add)
		if o.Ref.Object != line {
			t.Errorf("the new line is %s", o.Ref)
		}
		w.done(t, connector.Write{Op: connector.OpUpdate, Object: line, Parent: id, ID: o.Ref.ID, Fields: values("discount.value", "50", "productNameOverwrite", "x")})
		got, err := w.Connector.Read(t.Context(), connector.ReadRequest{Object: object, IDs: []string{id}, Fields: []string{"state", "currency"}})
		if err != nil {
			t.Fatal(err)
		}
		children := got[0].Record.Children
		last := children[len(children)-1]
		for name, want := range map[string]string{"discount.type": "AMOUNT", "discount.value": "50", "quantity": "1.5", "priceOverwrite": "9999", "productNameOverwrite": "x", "customProperties.cost_center": "Delivery"} {
			if last.Field(name).Text() != want {
				t.Errorf("%s: %s is %q, want %q", line, name, last.Field(name).Text(), want)
			}
		}
		remove := connector.Write{Op: connector.OpDelete, Object: line, Parent: id, ID: o.Ref.ID}
		w.done(t, remove)
		w.done(t, remove)
		remove.Parent = w.product // no document
		if o := w.write(t, remove); o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.Missing {
			t.Errorf("deleting from a document that is not there: %s %v", o.Status, o.Err)
		}
	}
}

// B7: opening ends later; asked again it is done, and never done twice.
func TestB7OpenIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lighttest.Config{OpenDelay: 20 * time.Second})
		id := w.invoice(t, "r1").Ref.ID
		open := connector.Write{Op: connector.OpAct, Object: "invoice-receivables", ID: id, Action: "open"}
		for range 2 {
			if o := w.write(t, open); o.Status != connector.Pending || o.Handle == "" {
				t.Fatalf("while opening: %s %v", o.Status, o.Err)
			}
		}
		time.Sleep(time.Minute)
		w.done(t, open)
		w.done(t, open)
		if v, _ := w.sim.Invoice(id); v.State != lighttest.Open || len(w.sim.Emails()) != 0 {
			t.Errorf("state %s, %d e-mails; want OPEN and none", v.State, len(w.sim.Emails()))
		}
		if n := posts(w, "/open"); n != 1 {
			t.Errorf("%d calls to open, want 1", n)
		}
		if o := w.write(t, update("invoice-receivables", id, values("currency", "USD"))); connector.FaultOf(o.Err) != connector.BadState || o.Status != connector.Refused {
			t.Errorf("changing an open invoice: %s %v", o.Status, o.Err)
		}
	})
}

func posts(w *world, suffix string) int {
	return count(w.Wire.Calls(), func(c connectortest.Call) bool { return c.Method == "POST" && strings.HasSuffix(c.Path, suffix) })
}

// TestOpenFails: back in draft, it is refused and not opened again until a person says so.
func TestOpenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lighttest.Config{OpenDelay: time.Second})
		id := w.invoice(t, "r1").Ref.ID
		w.sim.SetFault(lighttest.FailOnce("POST /v1/invoice-receivables/{invoiceReceivableId}/open", lighttest.Fault{FailOpen: canary}))
		open := connector.Write{Op: connector.OpAct, Object: "invoice-receivables", ID: id, Action: "open"}
		if o := w.write(t, open); o.Status != connector.Pending {
			t.Fatalf("open: %s %v", o.Status, o.Err)
		}
		time.Sleep(time.Minute)
		for range 2 {
			o := w.write(t, open)
			if o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.BadState || strings.Contains(o.Err.Error(), canary) {
				t.Fatalf("after a failed opening: %s %v", o.Status, o.Err)
			}
		}
		open.Fields = values("retry", "true")
		if o := w.write(t, open); o.Status != connector.Pending {
			t.Fatalf("retried: %s %v", o.Status, o.Err)
		}
		time.Sleep(time.Minute)
		w.done(t, open)
	})
}

func TestActions(t *testing.T) {
	w := newWorld(t, quiet)
	act := func(object, id, action string, pairs ...string) connector.Write {
		return connector.Write{Op: connector.OpAct, Object: object, ID: id, Action: action, Fields: values(pairs...)}
	}
	contract := w.done(t, connector.Write{Op: connector.OpCreate, Object: "contracts", Fields: values("companyEntityId", w.entity, "customerId", w.customer, "currency", "EUR", "startDate", "2026-01-01"),
		Children: []map[string]record.Value{values("productId", w.product, "priceOverwrite", "100")}}).Ref.ID
	unaddressed := w.invoice(t, "no addressees").Ref.ID
	for range 2 {
		w.done(t, act("contracts", contract, "publish"))
	}
	if k, _ := w.sim.Contract(contract); k.State != lighttest.Active || posts(w, "/publish") != 1 {
		t.Errorf("contract %s after %d publish calls", k.State, posts(w, "/publish"))
	}
	if o := w.write(t, connector.Write{Op: connector.OpArchive, Object: "contracts", ID: contract}); o.Status != connector.Refused {
		t.Errorf("archiving a contract: %s", o.Status)
	}
	for _, object := range []string{"customers", "products"} {
		id := map[string]string{"customers": w.customer, "products": w.product}[object]
		w.done(t, connector.Write{Op: connector.OpArchive, Object: object, ID: id})
		w.done(t, connector.Write{Op: connector.OpArchive, Object: object, ID: id})
		got, err := w.Connector.Read(t.Context(), connector.ReadRequest{Object: object, IDs: []string{id}, Fields: []string{"name"}})
		if err != nil || !got[0].Record.Archived {
			t.Errorf("%s is not read as archived: %v", object, err)
		}
	}
	w.done(t, act("customers", w.customer, "activate"))
	send := act("invoice-receivables", unaddressed, "send_email", "subject", "s", "replyTo", "a@x.example")
	if o := w.write(t, send); o.Status != connector.Refused || !strings.Contains(o.Err.Error(), "recipients") {
		t.Errorf("an e-mail without recipients: %s %v", o.Status, o.Err)
	}
}

// TestEInvoice: Light submits e-invoices while opening only.
func TestEInvoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lighttest.Config{OpenDelay: time.Second})
		must(t, w.sim.EditCustomer(w.customer, func(c *lighttest.Customer) {
			c.EinvoiceAddress, c.EinvoiceNetwork, c.Email = "0088:1", "PEPPOL", "a@x.example"
		}))
		id := w.invoice(t, "r1").Ref.ID
		act := connector.Write{Op: connector.OpAct, Object: "invoice-receivables", ID: id, Action: "einvoice", Fields: values("shouldSendEmail", "true")}
		o := w.write(t, act)
		if o.Status != connector.Pending {
			t.Fatalf("einvoice: %s %v", o.Status, o.Err)
		}
		time.Sleep(time.Minute)
		again := act
		again.Fields = values("handle", o.Handle)
		w.done(t, again)
		if len(w.sim.Emails()) != 1 {
			t.Errorf("%d e-mails, want the one asked for", len(w.sim.Emails()))
		}
		if o := w.write(t, act); o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.BadState {
			t.Errorf("einvoice of an open invoice: %s %v", o.Status, o.Err)
		}
		w.done(t, connector.Write{Op: connector.OpAct, Object: "invoice-receivables", ID: id, Action: "send_email",
			Fields: map[string]record.Value{"subject": record.Of("s"), "replyTo": record.Of("a@x.example"), "recipients": record.Many("b@x.example")}})
		if len(w.sim.Emails()) != 2 {
			t.Errorf("%d e-mails, want 2", len(w.sim.Emails()))
		}
	})
}

// TestAPIKey: the key itself after Basic; a key whose roles only read is forbidden, a dead key unauthorized.
func TestAPIKey(t *testing.T) {
	sim := lighttest.New(quiet)
	connect := func(key string) *light.Connector {
		c, err := light.New(light.Config{Connection: "billing", Client: rest.New(rest.Config{Base: base, Transport: sim.Transport(),
			Tokens: token.Static(key), AuthHeader: light.APIKeyHeader})})
		must(t, err)
		return c
	}
	a, err := connect(lighttest.APIKey).Account(t.Context())
	if err != nil || a.Currency != "EUR" || !slices.Equal(a.Currencies, []string{"EUR", "USD"}) {
		t.Errorf("account %+v %v", a, err)
	}
	create := connector.Write{Op: connector.OpCreate, Object: "customers", Key: "k", Fields: values("name", "A")}
	o := connect(lighttest.ReadOnlyAPIKey).Write(t.Context(), []connector.Write{create})[0]
	if o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.Forbidden {
		t.Errorf("a read-only key: %s %v", o.Status, o.Err)
	}
	o = connect("wrong").Write(t.Context(), []connector.Write{create})[0]
	if o.Status != connector.Retry || connector.FaultOf(o.Err) != connector.Unauthorized {
		t.Errorf("a dead key: %s %v", o.Status, o.Err)
	}
	if n := sim.Counts().Customers; n != 0 {
		t.Errorf("%d customers were made", n)
	}
}

// TestThrottledByReset: without Retry-After the stamp of X-RateLimit-Reset says when; far off it is the day's quota.
func TestThrottledByReset(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	for _, c := range []struct {
		reset string
		fault connector.Fault
		after time.Duration
	}{{fmt.Sprint(now.Unix() + 17), connector.Throttled, 17 * time.Second}, {fmt.Sprint(now.Unix() + 7200), connector.OutOfQuota, 2 * time.Hour},
		{"", connector.Throttled, time.Minute}, {"soon", connector.Throttled, time.Minute}, {"-5", connector.Throttled, time.Minute}} {
		conn, err := light.New(light.Config{Connection: "billing", Client: rest.New(rest.Config{Base: base, Transport: answers(429,
			http.Header{"X-Ratelimit-Reset": {c.reset}, "Date": {now.UTC().Format(http.TimeFormat)}}, `{"type":"TOO_MANY_REQUESTS"}`)})})
		must(t, err)
		_, err = conn.Account(t.Context())
		e, ok := err.(*connector.Error)
		if !ok || e.Fault != c.fault || e.After != c.after {
			t.Errorf("reset %q: %v, want %s after %s", c.reset, err, c.fault, c.after)
		}
	}
}

type answering struct {
	status int
	header http.Header
	body   string
}

func answers(status int, header http.Header, body string) http.RoundTripper {
	return answering{status, header, body}
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: a.header, Body: readAll(a.body), Request: r}, nil
}

// TestEncodeIsFixed: the bytes of a create, worked out by hand.
func TestEncodeIsFixed(t *testing.T) {
	w := newWorld(t, quiet)
	got, err := w.Connector.(connector.Writer).Encode(connector.Write{Op: connector.OpCreate, Object: "invoice-receivables",
		Fields: map[string]record.Value{"reference": record.Of("hubspot:1:deal:2"), "companyEntityId": record.Of("00000000-0000-4000-8000-00000000000a"), "currency": record.Of("JPY"),
			"invoiceDate": record.Of("2026-11-21"), "description": record.Of(`A & B <"x">`), "netTerms": record.Of("30"), "poNumber": record.Empty(), "dueDate": record.Of("")},
		Children: []map[string]record.Value{values("priceOverwrite", "12345", "quantity", "1.50", "productId", "00000000-0000-4000-8000-00000000000b")}})
	must(t, err)
	want := `{"companyEntityId":"00000000-0000-4000-8000-00000000000a","currency":"JPY","description":"A & B <\"x\">","invoiceDate":"2026-11-21","netTerms":30,` +
		`"reference":"hubspot:1:deal:2","areLinesWithTax":false,"lines":[{"productId":"00000000-0000-4000-8000-00000000000b","quantity":1.50,"priceOverwrite":12345}]}`
	if string(got) != want || !json.Valid(got) {
		t.Errorf("encoded\n%s\nwant\n%s", got, want)
	}
}

// TestEncodeNamesEveryFault: one error, every bad field, no value.
func TestEncodeNamesEveryFault(t *testing.T) {
	w := newWorld(t, quiet)
	_, err := w.Connector.(connector.Writer).Encode(connector.Write{Op: connector.OpCreate, Object: "invoice-receivables",
		Fields:   values("companyEntityId", "DE01", "currency", "euro", "netTerms", "30 days", "invoiceDate", "1.2.2026", "amount", "5", "areLinesWithTax", "maybe", "colour", canary),
		Children: []map[string]record.Value{values("quantity", "1e5", "priceOverwrite", "99.99", "discount.type", "PERCENTAGE")}})
	if err == nil {
		t.Fatal("no error")
	}
	e, ok := err.(*connector.Error)
	if !ok || e.Fault != connector.Invalid {
		t.Fatalf("%v", err)
	}
	want := []string{"amount", "areLinesWithTax", "colour", "companyEntityId", "currency", "invoiceDate", "lines.0.discount.value", "lines.0.priceOverwrite", "lines.0.productId", "lines.0.quantity", "netTerms"}
	got := slices.Clone(e.Fields)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("named %v\nwant %v", got, want)
	}
	for _, value := range []string{"30 days", "1.2.2026", "maybe", canary, "1e5", "99.99"} {
		if strings.Contains(err.Error(), value) {
			t.Errorf("the error quotes %q: %v", value, err)
		}
	}
}
