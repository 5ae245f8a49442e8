package salespadtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// contract loads the working contract: another engineer's word on what every request and answer looks like.
func contract(t *testing.T) *openapi3.T {
	t.Helper()
	shared := os.Getenv("CROSSWALK_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "contracts", "salespad", "openapi.yaml"))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("SalesPad's contract is not here: ", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	// What a link shows extends what creates it, and that is closed: no answer could satisfy both.
	doc.Components.Schemas["IntegratedEntityLinkCreate"].Value.AdditionalProperties = openapi3.AdditionalProperties{}
	return doc
}

// flat gives the properties and the required names of a schema, allOf included.
func flat(ref *openapi3.SchemaRef) (map[string]*openapi3.Schema, map[string]bool) {
	props, required := map[string]*openapi3.Schema{}, map[string]bool{}
	for _, one := range ref.Value.AllOf {
		p, r := flat(one)
		maps.Copy(props, p)
		maps.Copy(required, r)
	}
	for name, p := range ref.Value.Properties {
		props[name] = p.Value
		if len(p.Value.AllOf) == 1 && p.Value.Type == nil {
			props[name] = p.Value.AllOf[0].Value
		}
	}
	for _, name := range ref.Value.Required {
		required[name] = true
	}
	return props, required
}

// Operations the simulator has beyond the contract, with the place that names them.
var beyondContract = map[string]salespadtest.Confidence{
	"deleteCustomer": salespadtest.SheetOnly, "searchProspects": salespadtest.SheetOnly,
	"listSalesDocumentHistory": salespadtest.SheetOnly, "listSalesLineItemHistory": salespadtest.SheetOnly,
	"deleteCustomerAddress": salespadtest.OffByDefault, "deleteProspect": salespadtest.OffByDefault, "deleteProspectContact": salespadtest.OffByDefault,
	"help": salespadtest.Page, "gettingStarted": salespadtest.Page, "errorCodes": salespadtest.Page,
}

// Operations of the contract that the simulator has not: none.
var notSimulated = []string{}

func TestEveryOperationOfTheContract(t *testing.T) {
	doc := contract(t)
	have := map[string]salespadtest.Operation{}
	for _, op := range salespadtest.AllOperations() {
		have[op.ID] = op
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			own, ok := have[op.OperationID]
			delete(have, op.OperationID)
			if !ok {
				if !slices.Contains(notSimulated, op.OperationID) {
					t.Errorf("%s %s (%s) is neither simulated nor named as missing", method, path, op.OperationID)
				}
				continue
			}
			if own.Name != method+" "+path {
				t.Errorf("%s is %q here, %q in the contract", op.OperationID, own.Name, method+" "+path)
			}
			if string(own.Confidence) != op.Extensions["x-confidence"] {
				t.Errorf("%s is %s here, %v in the contract", op.OperationID, own.Confidence, op.Extensions["x-confidence"])
			}
		}
	}
	for id, op := range have {
		if beyondContract[id] != op.Confidence {
			t.Errorf("%s (%s) is not in the contract and not named as such", id, op.Confidence)
		}
	}
}

// TestEveryFieldOfTheContract holds names, widths, lengths, types and required marks of every resource side by side.
func TestEveryFieldOfTheContract(t *testing.T) {
	doc := contract(t)
	sim := salespadtest.New(salespadtest.Config{})
	for _, c := range []struct{ resource, shown, create, write string }{
		{"Customer", "Customer", "CustomerCreate", "CustomerUpdate"},
		{"CustomerAddr", "CustomerAddr", "CustomerAddrCreate", "CustomerAddrWrite"},
		{"CustomerSearch", "CustomerSearchRow", "", ""},
		{"Prospect", "Prospect", "ProspectCreate", "ProspectWrite"},
		{"ProspectContact", "ProspectContact", "ProspectContactCreate", "ProspectContactWrite"},
		{"ItemMaster", "ItemMaster", "", ""},
		{"SalesDocument", "SalesDocument", "SalesDocumentCreate", "SalesDocumentWrite"},
		{"SalesDocumentSearch", "SalesDocument", "", ""},
		{"SalesLineItem", "SalesLineItem", "SalesLineItemCreate", "SalesLineItemWrite"},
		{"WorkflowQueue", "WorkflowQueue", "", ""},
		{"Audit", "Audit", "", ""},
		{"AAIntegratedEntityLink", "IntegratedEntityLink", "IntegratedEntityLinkCreate", ""},
	} {
		specs := sim.FieldSpecs(c.resource)
		shown, _ := flat(doc.Components.Schemas[c.shown])
		compareFields(t, c.resource, specs, shown)
		if c.create == "" {
			continue
		}
		create, required := flat(doc.Components.Schemas[c.create])
		for name, spec := range specs {
			if _, in := create[name]; in == spec.ReadOnly {
				t.Errorf("%s.%s: in the contract's create %v, read only here %v", c.resource, name, in, spec.ReadOnly)
			}
			if required[name] != spec.Must {
				t.Errorf("%s.%s: required in the contract %v, here %v", c.resource, name, required[name], spec.Must)
			}
			if p := create[name]; p != nil && p.MaxLength != nil && int(*p.MaxLength) != spec.Max {
				t.Errorf("%s.%s: at most %d in the contract, %d here", c.resource, name, *p.MaxLength, spec.Max)
			}
		}
		if c.write == "" {
			continue
		}
		write, _ := flat(doc.Components.Schemas[c.write])
		for name, spec := range specs {
			if _, in := write[name]; in && (spec.OnCreate || spec.ReadOnly) {
				t.Errorf("%s.%s: the contract lets it be updated", c.resource, name)
			}
		}
	}
}

func compareFields(t *testing.T, resource string, specs map[string]salespadtest.FieldSpec, shown map[string]*openapi3.Schema) {
	t.Helper()
	for name, p := range shown {
		if strings.HasPrefix(name, "UserField") || name == "Notifications" {
			continue
		}
		spec, ok := specs[name]
		if !ok {
			t.Errorf("%s.%s is missing", resource, name)
			continue
		}
		width := 0
		if w, ok := p.Extensions["x-width"].(float64); ok {
			width = int(w)
		}
		if width != spec.Width {
			t.Errorf("%s.%s: padded to %d in the contract, %d here", resource, name, width, spec.Width)
		}
		if p.MaxLength != nil && int(*p.MaxLength) != spec.Max {
			t.Errorf("%s.%s: at most %d in the contract, %d here", resource, name, *p.MaxLength, spec.Max)
		}
		if p.Type != nil && !p.Type.Is(spec.Type) {
			t.Errorf("%s.%s: %v in the contract, %s here", resource, name, *p.Type, spec.Type)
		}
		if len(p.Enum) > 0 && len(p.Enum) != len(spec.Enum) && !spec.ReadOnly {
			t.Errorf("%s.%s: %v in the contract, %v here", resource, name, p.Enum, spec.Enum)
		}
	}
	for name := range specs {
		if shown[name] == nil {
			t.Errorf("%s.%s is not in the contract", resource, name)
		}
	}
}

// checker is a transport that holds every exchange against the contract.
type checker struct {
	t    *testing.T
	doc  *openapi3.T
	next http.RoundTripper
	seen map[string]bool
}

func (k *checker) RoundTrip(r *http.Request) (*http.Response, error) {
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

// operation finds the contract's operation; literal segments win.
func (k *checker) operation(r *http.Request) *openapi3.Operation {
	path := strings.Split(r.URL.Path, "/")
	var best *openapi3.Operation
	literals := -1
	for template, item := range k.doc.Paths.Map() {
		parts, n := strings.Split(template, "/"), 0
		if len(parts) != len(path) || item.GetOperation(r.Method) == nil {
			continue
		}
		for i := range parts {
			if parts[i] == path[i] {
				n++
			} else if !strings.HasPrefix(parts[i], "{") {
				n = -100
			}
		}
		if n > literals && n >= 0 {
			best, literals = item.GetOperation(r.Method), n
		}
	}
	return best
}

func (k *checker) check(r *http.Request, sent []byte, status int, got []byte) {
	k.t.Helper()
	op := k.operation(r)
	if op == nil {
		k.t.Errorf("%s %s: not in the contract", r.Method, r.URL.Path)
		return
	}
	response := op.Responses.Status(status)
	if response == nil || response.Value.Content.Get("application/json") == nil {
		k.t.Errorf("%s: the contract has no answer %d: %s", op.OperationID, status, got)
		return
	}
	k.visit(op.OperationID, response.Value.Content.Get("application/json").Schema, got)
	if status >= 400 {
		return
	}
	k.seen[op.OperationID] = true
	if len(sent) > 0 && op.RequestBody != nil {
		k.visit(op.OperationID+" request", op.RequestBody.Value.Content.Get("application/json").Schema, sent)
	}
}

// visit checks types and required fields, and that every property shown is one of the schema.
func (k *checker) visit(what string, schema *openapi3.SchemaRef, raw []byte) {
	k.t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		k.t.Errorf("%s: %v: %s", what, err, raw)
		return
	}
	v = trimAll(v) // maxLength bounds what is sent; answers are padded one further
	if err := schema.Value.VisitJSON(v); err != nil {
		k.t.Errorf("%s: %v", what, err)
	}
	k.known(what, schema, v)
}

func trimAll(v any) any {
	switch v := v.(type) {
	case string:
		return strings.TrimRight(v, " ")
	case []any:
		for i := range v {
			v[i] = trimAll(v[i])
		}
	case object:
		for name := range v {
			v[name] = trimAll(v[name])
		}
	}
	return v
}

func (k *checker) known(what string, schema *openapi3.SchemaRef, v any) {
	k.t.Helper()
	if schema == nil || schema.Value == nil {
		return
	}
	if list, ok := v.([]any); ok {
		for _, one := range list {
			k.known(what, schema.Value.Items, one)
		}
		return
	}
	obj, ok := v.(object)
	props, _ := flat(schema)
	if !ok || len(props) == 0 || schema.Value.AdditionalProperties.Has != nil && *schema.Value.AdditionalProperties.Has {
		return
	}
	for name, value := range obj {
		if props[name] == nil {
			k.t.Errorf("%s: %s is not in the contract", what, name)
			continue
		}
		k.known(what+"."+name, &openapi3.SchemaRef{Value: props[name]}, value)
	}
}

// TestAnswersAgainstTheContract walks through every operation, refusals too, with the contract looking on.
func TestAnswersAgainstTheContract(t *testing.T) {
	doc := contract(t)
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	k := &checker{t, doc, sim.Transport(), map[string]bool{}}
	c := &client{t: t, http: http.Client{Transport: k}}
	c.logIn("/api/Session", salespadtest.UserName, salespadtest.Password)
	c.logIn("/api/Session/Permanent", salespadtest.UserName, salespadtest.Password)
	c.do(200, "GET", "/api/Session/Ping", nil)
	c.do(200, "GET", "/api/Session/ActiveUsers", nil)

	for _, resource := range []string{"Customer", "CustomerSearch", "CustomerAddr", "Prospect", "ProspectContact", "ItemMaster", "InventorySearch", "SalesDocument", "SalesDocumentSearch", "SalesLineItem", "SalesLineItemSearch", "WorkflowQueue"} {
		if len(c.find(resource, "$inlinecount", "allpages")) == 0 {
			t.Errorf("%s lists nothing", resource)
		}
	}
	c.do(200, "GET", "/api/PriceLevel", nil)

	c.do(200, "POST", "/api/Customer", object{"Customer_Num": "NEW1", "Customer_Name": "Northwind Test", "Customer_Class": "RETAIL", "Primary_Addr_Code": "PRIMARY", "Currency_ID": "Z-US$", "UserFieldNames": []string{"xRegion"}, "UserFieldData": []any{"East"}})
	c.do(409, "POST", "/api/Customer", object{"Customer_Num": "NEW1", "Customer_Name": "Northwind Test"})
	c.do(400, "POST", "/api/Customer", object{"Customer_Class": "RETAIL"})
	c.do(422, "POST", "/api/Customer", object{"Customer_Name": "Northwind Test", "Comment_1": strings.Repeat("x", 31)})
	c.do(200, "GET", "/api/Customer/NEW1", nil)
	c.do(404, "GET", "/api/Customer/NEW2", nil)
	c.do(200, "PUT", "/api/Customer/NEW1", object{"Comment_1": "changed"})
	c.do(200, "POST", "/api/CustomerAddr", object{"Customer_Num": "NEW1", "Address_Code": "PRIMARY", "Contact_Person": "Front Desk"})
	c.do(409, "POST", "/api/CustomerAddr", object{"Customer_Num": "NEW1", "Address_Code": "PRIMARY"})
	c.do(404, "POST", "/api/CustomerAddr", object{"Customer_Num": "NEW2", "Address_Code": "PRIMARY"})
	c.do(200, "GET", "/api/CustomerAddr/NEW1/AddressCode", nil)
	c.do(200, "GET", "/api/CustomerAddr/NEW1/PRIMARY", nil)
	c.do(200, "PUT", "/api/CustomerAddr/NEW1/PRIMARY", object{"Phone_1": "2065550100"})

	c.do(200, "POST", "/api/Prospect", object{"Prospect_ID": "P1", "Prospect_Name": "Gannet Test"})
	c.do(200, "GET", "/api/Prospect/P1", nil)
	c.do(200, "PUT", "/api/Prospect/P1", object{"City": "Portland"})
	c.do(200, "POST", "/api/ProspectContact", object{"Prospect_ID": "P1", "Contact_ID": "A", "Contact_Person": "Front Desk"})
	c.do(200, "GET", "/api/ProspectContact/P1/A", nil)
	c.do(200, "PUT", "/api/ProspectContact/P1/A", object{"Contact_Title": "Desk"})
	c.do(200, "PUT", "/api/Prospect/P1/ConvertToCustomer", object{"Customer_Class": "DEALER"})
	c.do(409, "PUT", "/api/Prospect/P1/ConvertToCustomer", nil)
	c.do(200, "GET", "/api/ItemMaster/100XLG", nil)

	c.do(200, "POST", "/api/SalesDocument", object{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": "WEB1", "Customer_Num": "NEW1", "Master_Num": -1})
	c.do(409, "POST", "/api/SalesDocument", object{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": "WEB1", "Customer_Num": "NEW1"})
	c.do(422, "POST", "/api/SalesDocument", object{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "NONE", "Customer_Num": "NEW1"})
	c.do(200, "POST", "/api/SalesDocument/WithLines", object{"Sales_Doc_Type": "QUOTE", "Sales_Doc_ID": "STANDARDQUOTE", "Sales_Doc_Num": "Q1", "Customer_Num": "NEW1", "LineItems": []object{{"Item_Number": "100XLG", "Quantity": 1}}}, "UpdateFlags", "SetLineNum")
	c.do(200, "GET", "/api/SalesDocument/ORDER/WEB1", nil)
	c.do(200, "PUT", "/api/SalesDocument/ORDER/WEB1", object{"Customer_PO_Num": "PO 1"})
	c.do(200, "POST", "/api/SalesLineItem", object{"Sales_Doc_Type": "ORDER", "Sales_Doc_Num": "WEB1", "Item_Number": "100XLG", "Quantity": 2.5})
	c.do(200, "POST", "/api/SalesLineItem", object{"Sales_Doc_Type": "ORDER", "Sales_Doc_Num": "WEB1", "Item_Number": "100XLG", "Quantity": 1})
	c.do(200, "PUT", "/api/SalesLineItem/ORDER/WEB1/16384/0", object{"Quantity": 3})
	c.do(200, "DELETE", "/api/SalesLineItem/ORDER/WEB1/16384/0", nil)
	c.do(200, "DELETE", "/api/SalesDocument/ORDER/WEB1/DeleteLineItems", object{"LineItems": []object{{"Line_Num": 32768, "Component_Seq_Num": 0}}})
	c.do(200, "PUT", "/api/SalesDocument/QUOTE/Q1/Transfer", nil)
	c.do(422, "PUT", "/api/SalesDocument/ORDER/WEB1/Transfer", nil)
	c.do(200, "PUT", "/api/SalesDocument/ORDER/WEB1/Forward", object{"From_Queue": "NEW ORDER"})
	c.do(409, "PUT", "/api/SalesDocument/ORDER/WEB1/Forward", object{"From_Queue": "NEW ORDER"})
	c.do(200, "POST", "/api/SalesDocument/ORDER/WEB1/Audit", object{"Audit_Text": "Product not found: CABLE"})
	c.do(200, "GET", "/api/SalesDocument/ORDER/WEB1/Audit?$top=1", nil)
	c.do(200, "DELETE", "/api/SalesDocument/ORDER/WEB1", nil)

	link := c.do(200, "POST", "/api/AAIntegratedEntityLink", object{"Platform": "HubSpot", "External_Tenant": "62515", "External_Type": "company", "External_ID": "1", "Entity_Type": "Customer", "Entity_Key": "NEW1"})
	c.do(409, "POST", "/api/AAIntegratedEntityLink", object{"Platform": "HubSpot", "External_Tenant": "62515", "External_Type": "company", "External_ID": "2", "Entity_Type": "Customer", "Entity_Key": "NEW1"})
	c.do(200, "GET", "/api/AAIntegratedEntityLink", nil)
	c.do(200, "DELETE", "/api/AAIntegratedEntityLink/"+link.body["Link_ID"].(string), nil)
	c.do(400, "GET", "/api/Customer?$filter=xRegion+eq+'East'", nil)
	c.session = ""
	c.do(401, "GET", "/api/Customer", nil)

	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if !k.seen[op.OperationID] {
				t.Errorf("%s was not walked through", op.OperationID)
			}
		}
	}
}
