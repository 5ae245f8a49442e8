package lighttest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"crosswalk/internal/connector/light/lighttest"
)

// openAPI loads Light's own API document, as a stranger's word on what every request and answer looks like. Objects
// are closed: a field that the document does not name is a fault.
func openAPI(t *testing.T) *openapi3.T {
	t.Helper()
	shared := os.Getenv("CROSSWALK_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "contracts", "light", "light-openapi-original.json"))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("Light's API document is not here: ", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	// The document's discriminators have no mapping, so their variants' fields cannot be known from it.
	open := regexp.MustCompile(`Discount|PaymentEntry`)
	no := false
	for name, ref := range doc.Components.Schemas {
		s := ref.Value
		if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil && !open.MatchString(name) {
			s.AdditionalProperties.Has = &no
		}
		if open.MatchString(name) {
			s.Discriminator, s.OneOf = nil, nil
		}
	}
	return doc
}

// checker is a transport that holds every exchange against the document.
type checker struct {
	t         *testing.T
	doc       *openapi3.T
	next      http.RoundTripper
	requests  int
	responses int
	errors    int
	seen      map[string]bool
	absent    map[string]bool // documented response fields that were not in an answer, as schema.field
}

// mayBeAbsent are documented response fields that the simulator leaves out when there is nothing to say.
var mayBeAbsent = []string{
	"Customer.address", "Customer.billingAddress", "Customer.shippingAddress", "CompanyEntity.parentCompanyEntityId", "CompanyEntity.vatNumber",
	"Company.contractEmail", "Company.logoUrl",
}

func (k *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	k.t.Helper()
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := k.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	k.check(r, sent, resp.StatusCode, got)
	return resp, nil
}

func (k *checker) check(r *http.Request, sent []byte, status int, got []byte) {
	k.t.Helper()
	name := lighttest.Route(r)
	method, path, _ := strings.Cut(name, " ")
	if strings.HasPrefix(path, "/files/") {
		return
	}
	item := k.doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		k.t.Errorf("%s: not in the document", name)
		return
	}
	op := item.GetOperation(method)
	if status >= 400 {
		k.errors++
		k.visit(name+" error", k.doc.Components.Schemas["ExternalUiClientExceptionV1Model"].Value, got)
		return
	}
	k.seen[name] = true
	if len(sent) > 0 && !strings.HasPrefix(path, "/oauth/") {
		k.requests++
		for _, media := range op.RequestBody.Value.Content {
			k.visit(name+" request", media.Schema.Value, sent)
		}
	}
	response := op.Responses.Default()
	if response == nil {
		response = op.Responses.Status(200)
	}
	for _, media := range response.Value.Content {
		if media.Schema == nil {
			if len(got) > 0 {
				k.t.Errorf("%s: a body where the document has none: %s", name, got)
			}
			continue
		}
		k.responses++
		k.visit(name+" response", media.Schema.Value, got)
		k.complete(media.Schema, got)
	}
}

// complete notes the fields of a documented object that an answer lacks; deeper objects are not looked into.
func (k *checker) complete(schema *openapi3.SchemaRef, raw []byte) {
	var got map[string]any
	if schema.Ref == "" || json.Unmarshal(raw, &got) != nil {
		return
	}
	short := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(schema.Ref), "External"), "V1Model")
	for field := range schema.Value.Properties {
		if _, ok := got[field]; !ok && !slices.Contains(mayBeAbsent, short+"."+field) {
			k.absent[short+"."+field] = true
		}
	}
}

func (k *checker) visit(what string, schema *openapi3.Schema, raw []byte) {
	k.t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		k.t.Errorf("%s: %v: %s", what, err, raw)
		return
	}
	if err := schema.VisitJSON(v, openapi3.MultiErrors()); err != nil {
		k.t.Errorf("%s: %v\n%s", what, err, raw)
	}
}

func TestEveryOperationAgreesWithLightsDocument(t *testing.T) {
	doc := openAPI(t)
	s := lighttest.New(lighttest.Config{})
	s.Sample()
	c := newClient(t, s)
	k := &checker{t: t, doc: doc, next: c.http.Transport, seen: map[string]bool{}, absent: map[string]bool{}}
	c.http.Transport = k
	driveOAuth(t, c)
	driveReferenceData(t, s, c)
	driveCustomersAndProducts(t, s, c)
	driveInvoices(t, s, c)
	driveContracts(t, s, c)
	driveRefusals(t, c)
	for _, name := range lighttest.Operations() {
		if !k.seen[name] && name != "GET /files/{documentId}" {
			t.Errorf("%s: never driven", name)
		}
	}
	for field := range k.absent {
		t.Errorf("%s: documented, and missing from an answer", field)
	}
	t.Logf("%d operations; validated %d request bodies, %d response bodies, %d error bodies", len(k.seen), k.requests, k.responses, k.errors)
}

func driveOAuth(t *testing.T, c *client) {
	r := c.do(302, "GET", "/oauth/authorize?client_id="+lighttest.OAuthClientID+"&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&state=s1", nil)
	back, err := url.Parse(r.header.Get("Location"))
	if err != nil || back.Query().Get("state") != "s1" {
		t.Fatalf("redirect %q: %v", r.header.Get("Location"), err)
	}
	tok := c.token(200, url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {"http://127.0.0.1/cb"}})
	c.token(200, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tok["refresh_token"].(string)}})
}

// token posts to the token address with the client's credentials.
func (c *client) token(want int, form url.Values) object {
	c.t.Helper()
	form.Set("client_id", lighttest.OAuthClientID)
	form.Set("client_secret", lighttest.OAuthClientSecret)
	r, err := http.NewRequest("POST", "https://light.example/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out object
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != want {
		c.t.Fatalf("token: status %d, want %d: %v %v", resp.StatusCode, want, out, err)
	}
	return out
}

func driveReferenceData(t *testing.T, s *lighttest.Sim, c *client) {
	for _, path := range []string{"/v1/companies/current", "/v1/entities?cursor=0&sort=code:asc", "/v1/bank-accounts", "/v1/ledger-accounts?ledgerFeature=INVOICE_RECEIVABLES",
		"/v1/exchange/rates/EUR", "/v1/exchange/rates/EUR/USD?date=2026-11-21", "/v1/custom-properties/groups?includeValues=true&filter=objectType:eq:CUSTOMER"} {
		c.do(200, "GET", path, nil)
	}
	for _, g := range s.PropertyGroups() {
		if g.InternalName != "industry" {
			continue
		}
		at := "/v1/custom-properties/groups/" + g.ID
		c.get(at)
		v := c.id(at+"/values", object{"internalName": "Mining", "label": "Mining", "context": nil})
		c.get(at + "/values?sort=label:desc")
		c.get(at + "/values/" + v)
		c.do(200, "PATCH", at+"/values/"+v, object{"label": "Mines"})
		c.do(204, "DELETE", at+"/values/"+v, nil)
	}
}

// property finds a group's id, and the id of one of its values when value is not empty.
func property(t *testing.T, s *lighttest.Sim, name, value string) (group, choice string) {
	t.Helper()
	for _, g := range s.PropertyGroups() {
		if g.InternalName != name {
			continue
		}
		for _, v := range g.Values {
			if v.Label == value {
				return g.ID, v.ID
			}
		}
		return g.ID, ""
	}
	t.Fatalf("no group %s", name)
	return "", ""
}

func driveCustomersAndProducts(t *testing.T, s *lighttest.Sim, c *client) {
	marker, _ := property(t, s, lighttest.MarkerGroup, "")
	industry, software := property(t, s, "industry", "Software")
	id := c.id("/v1/customers", object{"name": "Acme, Inc.: 漢字 🚀", "email": "ap@acme.example", "recipientEmails": []string{"a@acme.example"}, "ccEmails": []string{},
		"address": object{"country": "US", "city": "Reno", "state": "NV", "zipcode": "89501", "street": "1 Main", "street2": ""}, "shippingAddress": object{"country": "XI"},
		"vatNumber": "US1", "businessRegistrationNumber": "2", "type": "BUSINESS", "domain": "acme.example", "description": "d", "logoUrl": nil, "easCode": "0088",
		"einvoiceAddress": "1", "einvoiceNetwork": "PEPPOL", "customProperties": []object{{"groupId": marker, "valueIds": []string{}, "inlineValues": []string{"k1"}}, {"groupId": industry, "valueIds": []string{software}}}})
	at := "/v1/customers/" + id
	c.get(at)
	c.do(200, "PATCH", at, object{"email": nil, "domain": "new.example", "ccEmails": []string{"c@acme.example"}})
	c.get("/v1/customers?searchTerm=alpine&limit=200&cursor=0&sort=updatedAt:asc,name:desc")
	c.get("/v1/customers?offset=1&limit=2&filter=status:in:ACTIVE|ARCHIVED,createdAt:gte:2000-01-01T00:00:00Z")
	c.post(at+"/archive", nil)
	c.post(at+"/activate", nil)
	p := c.id("/v1/products", object{"name": "Crane", "pricingType": "PACKAGE", "billingRecurrence": "QUARTERLY", "pricings": []object{{"currency": "EUR", "amount": 100}},
		"defaultTaxId": s.TaxCodes()[1].ID, "defaultLedgerAccountId": s.LedgerAccounts()[2].ID, "defaultAvataxCode": "P1", "customProperties": []object{{"groupId": marker, "inlineValues": []string{"k2"}}}})
	c.get("/v1/products/" + p)
	c.do(200, "PATCH", "/v1/products/"+p, object{"pricings": []object{{"currency": "JPY", "amount": 500}}, "defaultAvataxCode": nil})
	c.get("/v1/products?filter=state:eq:ACTIVE,recurrence:eq:QUARTERLY&sort=name:asc")
	c.post("/v1/products/"+p+"/archive", nil)
}

func driveInvoices(t *testing.T, s *lighttest.Sim, c *client) {
	customer, product, de := c.id("/v1/customers", object{"name": "Heron Works", "email": "ap@heron.example"}), c.product("Heron", 1999), entity(t, s, "DE01")
	rep, _ := property(t, s, "sales_rep", "")
	centre, delivery := property(t, s, "cost_center", "Delivery")
	line := object{"productId": product, "quantity": 2.5, "priceOverwrite": 12345, "productNameOverwrite": "n", "discount": object{"type": "PERCENTAGE", "value": 10.5},
		"taxCodeId": s.TaxCodes()[1].ID, "accountId": s.LedgerAccounts()[3].ID, "billingStart": "2026-01-01", "billingEnd": "2026-01-31", "avataxCode": nil,
		"customProperties": []object{{"groupId": centre, "valueIds": []string{delivery}}}}
	id := c.id("/v1/invoice-receivables", object{"companyEntityId": de, "customerId": customer, "currency": "EUR", "description": "d", "invoiceDate": "2026-01-31",
		"netTerms": 14, "poNumber": "po", "reference": "r", "paymentType": "BANK_TRANSFER", "payeeBankAccountId": s.BankAccounts()[0].ID, "areLinesWithTax": false,
		"invoiceTemplateAdditionalText": "t", "localCurrencyFxRate": 1.25, "groupCurrencyFxRate": nil, "lines": []object{line, {"productId": product, "discount": object{"type": "AMOUNT", "value": 99}}},
		"customProperties": []object{{"groupId": rep, "inlineValues": []string{"R. Role"}}}})
	at := "/v1/invoice-receivables/" + id
	c.get(at)
	c.do(200, "PATCH", at, object{"dueDate": "2026-03-01", "poNumber": nil, "areLinesWithTax": nil})
	added := c.id(at+"/lines", object{"productId": product})
	c.do(200, "PATCH", at+"/lines/"+added, object{"quantity": 3, "taxAmountOverwrite": 7, "taxCodeId": nil})
	c.do(204, "DELETE", at+"/lines/"+added, nil)
	c.post(at+"/archive", nil)
	c.post(at+"/unarchive", nil)
	s.SetFault(lighttest.FailOnce("", lighttest.Fault{FailOpen: "Tax engine unavailable"}))
	c.post(at+"/open", object{"shouldSendEmail": true, "emailInfo": object{"subject": "s", "replyTo": "r@light.example", "recipients": []string{"a@heron.example"}, "cc": nil, "customMessage": "m"}})
	if got := c.get(at); got["state"] != "DRAFT" || got["failureContext"] == nil {
		t.Errorf("failed opening: %v %v", got["state"], got["failureContext"])
	}
	c.post(at+"/open", object{"shouldSendEmail": true})
	c.post(at+"/reset", nil) // the sheet: OPEN -> DRAFT
	c.post(at+"/open", nil)
	c.do(204, "POST", at+"/send-email", object{"subject": "s", "replyTo": "r@light.example", "recipients": []string{"a@heron.example"}})
	c.post(at+"/document", nil)
	c.post(at+"/payments", object{"paymentDate": "2026-02-01", "bankAccountId": s.BankAccounts()[0].ID, "amountInInvoiceCurrency": 5})
	c.do(200, "GET", at+"/payments", nil)
	c.get("/v1/invoice-receivables?filter=customerId:eq:" + customer + ",state:ne:ARCHIVED&sort=createdAt:desc&cursor=0&limit=1")
}

func driveContracts(t *testing.T, s *lighttest.Sim, c *client) {
	customer, product, us := c.customer("Ibis Works"), c.product("Ibis", 4200), entity(t, s, "US01")
	make := func() string {
		return c.id("/v1/contracts", object{"companyEntityId": us, "customerId": customer, "currency": "USD", "startDate": "2026-01-01", "endDate": "2099-12-31",
			"renewalDate": nil, "billingStart": "2026-01-01", "estimatedAmount": 100, "netTerms": nil, "invoiceLeadDays": 5, "paymentType": "STRIPE",
			"description": "d [hubspot:deal:1]", "areLinesWithTax": false, "lines": []object{{"productId": product, "priceOverwrite": 1000, "billingRecurrence": "YEARLY",
				"discount": object{"type": "AMOUNT", "value": 10, "startDate": "2026-01-01", "endDate": "2026-06-30"}}}})
	}
	at := "/v1/contracts/" + make()
	c.get(at)
	c.do(200, "PATCH", at, object{"description": "e", "netTerms": 60, "areLinesWithTax": nil})
	line := c.id(at+"/lines", object{"productId": product, "priceOverwrite": 5, "quantity": nil})
	c.do(200, "PATCH", at+"/lines/"+line, object{"billingRecurrence": "MONTHLY", "quantity": 2.25, "discount": object{"type": "PERCENTAGE", "value": 5}})
	c.do(204, "DELETE", at+"/lines/"+line, nil)
	c.post(at+"/generate-document-upload-url", object{"filename": "c.pdf"})
	c.post(at+"/publish", nil)
	c.get("/v1/invoice-receivables?filter=contractId:eq:" + strings.TrimPrefix(at, "/v1/contracts/"))
	c.post(at+"/renew", object{"nextEndDate": "2100-12-31", "nextRenewalDate": nil})
	c.post(at+"/terminate", object{"terminationDate": "2090-01-01", "terminationReason": "r"})
	c.post(at+"/cancel-termination", nil)
	c.post(at+"/terminate", nil)
	c.post(at+"/reset", nil)
	c.do(204, "DELETE", "/v1/contracts/"+make(), nil)
	c.get("/v1/contracts?sort=createdAt:desc&limit=10&cursor=0")
}

// driveRefusals lets the checker see error documents.
func driveRefusals(t *testing.T, c *client) {
	c.do(400, "POST", "/v1/customers", object{"nmae": "x"})
	c.do(404, "GET", "/v1/customers/00000000-0000-4000-8000-000000000000", nil)
	c.do(422, "POST", "/v1/invoice-receivables", object{"companyEntityId": "00000000-0000-4000-8000-000000000000"})
	c.do(400, "GET", "/v1/contracts?filter=state:eq:ACTIVE", nil)
}

// TestRequestShapes holds the names, nulls and choices of every request field against the document.
func TestRequestShapes(t *testing.T) {
	doc := openAPI(t)
	// Fields the document lets be null (or cannot tell) where null has no sensible meaning, and the simulator refuses it.
	never := map[string]bool{"name": true, "pricingType": true, "billingRecurrence": true, "pricings": true, "companyEntityId": true, "currency": true, "productId": true}
	fields := 0
	for name, shape := range lighttest.RequestShapes() {
		schema := doc.Components.Schemas[name].Value
		for field, ref := range schema.Properties {
			spec, ok := shape[field]
			if !ok {
				t.Errorf("%s.%s: unknown to the simulator", name, field)
				continue
			}
			fields++
			if ref.Ref == "" && spec.Null != ref.Value.Nullable && !(strings.Contains(name, "Update") && never[field]) {
				t.Errorf("%s.%s: null is %v, the document says %v", name, field, spec.Null, ref.Value.Nullable)
			}
			var want []string
			for _, v := range ref.Value.Enum {
				want = append(want, v.(string))
			}
			if !slices.Equal(sorted(spec.Enum), sorted(want)) {
				t.Errorf("%s.%s: choices %v, the document says %v", name, field, spec.Enum, want)
			}
		}
		for field := range shape {
			if schema.Properties[field] == nil {
				t.Errorf("%s.%s: not in the document", name, field)
			}
		}
	}
	t.Logf("%d fields in %d request bodies", fields, len(lighttest.RequestShapes()))
}

// TestListFieldsAndIdempotency reads the documented filter and sort fields out of the parameter descriptions.
func TestListFieldsAndIdempotency(t *testing.T) {
	doc := openAPI(t)
	fields := regexp.MustCompile("Available fields: ((?:`[^`]+`(?:, )?)+)")
	for path := range lighttest.Filters() {
		for _, p := range doc.Paths.Value(path).Get.Parameters {
			have := map[string][]string{"filter": lighttest.Filters()[path], "sort": lighttest.Sorts()[path]}[p.Value.Name]
			if have == nil {
				continue
			}
			want := []string{}
			if m := fields.FindStringSubmatch(p.Value.Schema.Value.Description); m != nil {
				want = strings.Split(strings.ReplaceAll(m[1], "`", ""), ", ")
			}
			if !slices.Equal(sorted(have), sorted(want)) {
				t.Errorf("%s %s: %v, the document says %v", path, p.Value.Name, sorted(have), sorted(want))
			}
		}
	}
	s := lighttest.New(lighttest.Config{})
	s.Sample()
	c := newClient(t, s)
	group, _ := property(t, s, "industry", "")
	for _, name := range lighttest.Operations() {
		method, path, _ := strings.Cut(name, " ")
		item := doc.Paths.Value(path)
		if item == nil || method != "GET" {
			continue
		}
		for _, p := range item.Get.Parameters {
			m := fields.FindStringSubmatch(p.Value.Schema.Value.Description)
			if m == nil {
				continue
			}
			ask := map[string][]string{"filter": {":ne:null", ":in:null"}, "sort": {":asc", ":desc"}}[p.Value.Name]
			for _, field := range strings.Split(strings.ReplaceAll(m[1], "`", ""), ", ") {
				for _, how := range ask {
					c.list(strings.ReplaceAll(path, "{groupId}", group), p.Value.Name, field+how, "cursor", "0")
				}
			}
		}
	}
	for _, name := range lighttest.Operations() {
		method, path, _ := strings.Cut(name, " ")
		if item := doc.Paths.Value(path); item != nil {
			want := item.GetOperation(method).Parameters.GetByInAndName("header", "X-Idempotency-Key") != nil
			if lighttest.Idempotent(name) != want {
				t.Errorf("%s: idempotent is %v, the document says %v", name, !want, want)
			}
		}
	}
}

func sorted(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return out
}
