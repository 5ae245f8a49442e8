package salespadtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one operation of the API. id, name and confidence are the contract's, so that a test can hold them side by
// side.
type route struct {
	id         string
	name       string // METHOD /path
	resource   string
	confidence Confidence
	do         func(*Sim, *call) (any, *failure)
	open       bool // needs no session
	odata      bool // takes $filter and its siblings
	body       bool // takes a body
	html       bool

	method string
	path   []string
}

const document = "/api/SalesDocument/{Sales_Doc_Type}/{Sales_Doc_Num}"

// routes is constant after start; literal segments come before variables.
var routes = []route{
	{id: "createSession", name: "GET /api/Session", resource: "Session", confidence: Confirmed, open: true, do: func(s *Sim, c *call) (any, *failure) { return s.logIn(c, false) }},
	{id: "createPermanentSession", name: "GET /api/Session/Permanent", resource: "Session", confidence: Confirmed, open: true, do: func(s *Sim, c *call) (any, *failure) { return s.logIn(c, true) }},
	{id: "pingSession", name: "GET /api/Session/Ping", resource: "Session", confidence: Confirmed, do: (*Sim).ping},
	{id: "getActiveUsers", name: "GET /api/Session/ActiveUsers", resource: "Session", confidence: Confirmed, do: (*Sim).activeUsers},

	{id: "listCustomers", name: "GET /api/Customer", resource: "Customer", confidence: Confirmed, odata: true, do: listOf("Customer")},
	{id: "createCustomer", name: "POST /api/Customer", resource: "Customer", confidence: Confirmed, body: true, do: (*Sim).createCustomer},
	{id: "searchCustomers", name: "GET /api/CustomerSearch", resource: "CustomerSearch", confidence: Confirmed, odata: true, do: listOf("CustomerSearch")},
	{id: "getCustomer", name: "GET /api/Customer/{Customer_Num}", resource: "Customer", confidence: Confirmed, do: getOf("Customer")},
	{id: "updateCustomer", name: "PUT /api/Customer/{Customer_Num}", resource: "Customer", confidence: Partial, body: true, do: updateOf("Customer")},
	{id: "deleteCustomer", name: "DELETE /api/Customer/{Customer_Num}", resource: "Customer", confidence: SheetOnly, do: (*Sim).deleteCustomer},

	{id: "listCustomerAddresses", name: "GET /api/CustomerAddr", resource: "CustomerAddr", confidence: Confirmed, odata: true, do: listOf("CustomerAddr")},
	{id: "createCustomerAddress", name: "POST /api/CustomerAddr", resource: "CustomerAddr", confidence: Confirmed, body: true, do: (*Sim).createAddress},
	{id: "listAddressCodes", name: "GET /api/CustomerAddr/{Customer_Num}/AddressCode", resource: "CustomerAddr", confidence: Confirmed, do: (*Sim).addressCodes},
	{id: "getCustomerAddress", name: "GET /api/CustomerAddr/{Customer_Num}/{Address_Code}", resource: "CustomerAddr", confidence: Confirmed, do: getOf("CustomerAddr")},
	{id: "updateCustomerAddress", name: "PUT /api/CustomerAddr/{Customer_Num}/{Address_Code}", resource: "CustomerAddr", confidence: Partial, body: true, do: updateOf("CustomerAddr")},
	{id: "deleteCustomerAddress", name: "DELETE /api/CustomerAddr/{Customer_Num}/{Address_Code}", resource: "CustomerAddr", confidence: OffByDefault, do: deleteOf("CustomerAddr")},

	{id: "listProspects", name: "GET /api/Prospect", resource: "Prospect", confidence: Inferred, odata: true, do: listOf("Prospect")},
	{id: "createProspect", name: "POST /api/Prospect", resource: "Prospect", confidence: Inferred, body: true, do: (*Sim).createProspect},
	{id: "getProspect", name: "GET /api/Prospect/{Prospect_ID}", resource: "Prospect", confidence: Inferred, do: getOf("Prospect")},
	{id: "updateProspect", name: "PUT /api/Prospect/{Prospect_ID}", resource: "Prospect", confidence: Inferred, body: true, do: updateOf("Prospect")},
	{id: "convertProspect", name: "PUT /api/Prospect/{Prospect_ID}/ConvertToCustomer", resource: "Prospect", confidence: Inferred, body: true, do: (*Sim).convertProspect},
	{id: "deleteProspect", name: "DELETE /api/Prospect/{Prospect_ID}", resource: "Prospect", confidence: OffByDefault, do: deleteOf("Prospect")},
	{id: "searchProspects", name: "GET /api/ProspectSearch", resource: "ProspectSearch", confidence: SheetOnly, odata: true, do: listOf("ProspectSearch")},
	{id: "listProspectContacts", name: "GET /api/ProspectContact", resource: "ProspectContact", confidence: Inferred, odata: true, do: listOf("ProspectContact")},
	{id: "createProspectContact", name: "POST /api/ProspectContact", resource: "ProspectContact", confidence: Inferred, body: true, do: (*Sim).createContact},
	{id: "getProspectContact", name: "GET /api/ProspectContact/{Prospect_ID}/{Contact_ID}", resource: "ProspectContact", confidence: Inferred, do: getOf("ProspectContact")},
	{id: "updateProspectContact", name: "PUT /api/ProspectContact/{Prospect_ID}/{Contact_ID}", resource: "ProspectContact", confidence: Inferred, body: true, do: updateOf("ProspectContact")},
	{id: "deleteProspectContact", name: "DELETE /api/ProspectContact/{Prospect_ID}/{Contact_ID}", resource: "ProspectContact", confidence: OffByDefault, do: deleteOf("ProspectContact")},

	{id: "listItems", name: "GET /api/ItemMaster", resource: "ItemMaster", confidence: Confirmed, odata: true, do: listOf("ItemMaster")},
	{id: "getItem", name: "GET /api/ItemMaster/{Item_Number}", resource: "ItemMaster", confidence: Inferred, do: getOf("ItemMaster")},
	{id: "searchInventory", name: "GET /api/InventorySearch", resource: "InventorySearch", confidence: Confirmed, odata: true, do: listOf("InventorySearch")},
	{id: "listPriceLevels", name: "GET /api/PriceLevel", resource: "PriceLevel", confidence: Confirmed, do: (*Sim).listPriceLevels},

	{id: "listSalesDocuments", name: "GET /api/SalesDocument", resource: "SalesDocument", confidence: Confirmed, odata: true, do: listOf("SalesDocument")},
	{id: "createSalesDocument", name: "POST /api/SalesDocument", resource: "SalesDocument", confidence: Confirmed, body: true, do: (*Sim).createDocument},
	{id: "createSalesDocumentWithLines", name: "POST /api/SalesDocument/WithLines", resource: "SalesDocument", confidence: Confirmed, body: true, do: (*Sim).createDocumentWithLines},
	{id: "searchSalesDocuments", name: "GET /api/SalesDocumentSearch", resource: "SalesDocumentSearch", confidence: Confirmed, odata: true, do: listOf("SalesDocumentSearch")},
	{id: "listSalesDocumentHistory", name: "GET /api/SalesDocumentHistory", resource: "SalesDocumentHistory", confidence: SheetOnly, odata: true, do: listOf("SalesDocumentHistory")},
	{id: "getSalesDocument", name: "GET " + document, resource: "SalesDocument", confidence: Confirmed, do: getOf("SalesDocument")},
	{id: "updateSalesDocument", name: "PUT " + document, resource: "SalesDocument", confidence: Partial, body: true, do: (*Sim).updateDocument},
	{id: "deleteSalesDocument", name: "DELETE " + document, resource: "SalesDocument", confidence: Partial, do: (*Sim).deleteDocument},
	{id: "transferSalesDocument", name: "PUT " + document + "/Transfer", resource: "SalesDocument", confidence: Confirmed, do: (*Sim).transferDocument},
	{id: "deleteSalesLineItems", name: "DELETE " + document + "/DeleteLineItems", resource: "SalesLineItem", confidence: Confirmed, body: true, do: (*Sim).deleteLines},

	{id: "listSalesLineItems", name: "GET /api/SalesLineItem", resource: "SalesLineItem", confidence: Confirmed, odata: true, do: listOf("SalesLineItem")},
	{id: "createSalesLineItem", name: "POST /api/SalesLineItem", resource: "SalesLineItem", confidence: Confirmed, body: true, do: (*Sim).createLine},
	{id: "searchSalesLineItems", name: "GET /api/SalesLineItemSearch", resource: "SalesLineItemSearch", confidence: Confirmed, odata: true, do: listOf("SalesLineItemSearch")},
	{id: "listSalesLineItemHistory", name: "GET /api/SalesLineItemHistory", resource: "SalesLineItemHistory", confidence: SheetOnly, odata: true, do: listOf("SalesLineItemHistory")},
	{id: "updateSalesLineItem", name: "PUT /api/SalesLineItem/{Sales_Doc_Type}/{Sales_Doc_Num}/{Line_Num}/{Component_Seq_Num}", resource: "SalesLineItem", confidence: Confirmed, body: true, do: (*Sim).updateLine},
	{id: "deleteSalesLineItem", name: "DELETE /api/SalesLineItem/{Sales_Doc_Type}/{Sales_Doc_Num}/{Line_Num}/{Component_Seq_Num}", resource: "SalesLineItem", confidence: Confirmed, do: (*Sim).deleteLine},

	{id: "forwardSalesDocument", name: "PUT " + document + "/Forward", resource: "SalesDocument", confidence: Inferred, body: true, do: (*Sim).forwardDocument},
	{id: "listWorkflowQueues", name: "GET /api/WorkflowQueue", resource: "WorkflowQueue", confidence: Inferred, odata: true, do: listOf("WorkflowQueue")},
	{id: "listSalesDocumentAudits", name: "GET " + document + "/Audit", resource: "Audit", confidence: Inferred, odata: true, do: (*Sim).listAudits},
	{id: "addSalesDocumentAudit", name: "POST " + document + "/Audit", resource: "Audit", confidence: Inferred, body: true, do: (*Sim).addAudit},

	{id: "listIntegratedEntityLinks", name: "GET /api/AAIntegratedEntityLink", resource: "AAIntegratedEntityLink", confidence: Inferred, odata: true, do: listOf("AAIntegratedEntityLink")},
	{id: "createIntegratedEntityLink", name: "POST /api/AAIntegratedEntityLink", resource: "AAIntegratedEntityLink", confidence: Inferred, body: true, do: (*Sim).createLink},
	{id: "deleteIntegratedEntityLink", name: "DELETE /api/AAIntegratedEntityLink/{Link_ID}", resource: "AAIntegratedEntityLink", confidence: Inferred, do: (*Sim).deleteLink},

	{id: "help", name: "GET /Help", resource: "Help", confidence: Page, open: true, html: true, do: servePage("Web API Help")},
	{id: "gettingStarted", name: "GET /GettingStarted", resource: "Help", confidence: Page, open: true, html: true, do: servePage("Getting Started")},
	{id: "errorCodes", name: "GET /ErrorCodes", resource: "Help", confidence: Page, open: true, html: true, do: servePage("Error Codes")},
}

func servePage(title string) func(*Sim, *call) (any, *failure) {
	return func(*Sim, *call) (any, *failure) {
		return page("<!DOCTYPE html>\r\n<html><head><title>SalesPad Web API - " + title + "</title></head><body><h1>" + title + "</h1></body></html>\r\n"), nil
	}
}

// install gives the operations of this install: the profile's paths, without what it lacks.
func (s *Sim) install() []route {
	var out []route
	for _, r := range routes {
		if !s.cfg.Profile.has(r) {
			continue
		}
		own := r.name
		if moved := s.cfg.Profile.Moved[r.id]; moved != "" {
			own = moved
		}
		method, path, _ := strings.Cut(own, " ")
		r.method, r.path = method, segments(path)
		out = append(out, r)
	}
	return out
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// nameOf names the operation of a request as Calls does.
func (s *Sim) nameOf(r *http.Request) string {
	if rt, _, bad := s.match(r); bad == nil {
		return rt.name
	}
	return "other"
}

// forbidden are the characters ASP.NET refuses in a path.
const forbidden = `<>*%&:\?|`

// match finds the operation of a request. Keys with a slash or a dot never arrive: IIS takes the path apart.
func (s *Sim) match(r *http.Request) (*route, map[string]string, *failure) {
	path := segments(r.URL.EscapedPath())
	for i, part := range path {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, nil, pageOf(http.StatusBadRequest, "Bad Request - Invalid URL")
		}
		if strings.ContainsAny(plain, forbidden) {
			return nil, nil, pageOf(http.StatusBadRequest, "A potentially dangerous Request.Path value was detected from the client.")
		}
		if strings.ContainsAny(plain, "/.") {
			return nil, nil, pageOf(http.StatusNotFound, "The resource you are looking for has been removed, had its name changed, or is temporarily unavailable.")
		}
		path[i] = plain
	}
	var allowed []string
	for i := range s.routes {
		vars, ok := s.routes[i].vars(path)
		if !ok {
			continue
		}
		if s.routes[i].method == r.Method {
			return &s.routes[i], vars, nil
		}
		allowed = append(allowed, s.routes[i].method)
	}
	if len(allowed) > 0 {
		slices.Sort(allowed)
		return nil, nil, fail(http.StatusMethodNotAllowed, 1000, "The requested resource does not support http method '%s'; it has %s.", r.Method, strings.Join(slices.Compact(allowed), ", "))
	}
	return nil, nil, notFound("No HTTP resource was found that matches the request URI.")
}

// vars reads the path's variables, ok being false when the path is another one's.
func (rt *route) vars(path []string) (map[string]string, bool) {
	if len(path) != len(rt.path) {
		return nil, false
	}
	out := map[string]string{}
	for i, want := range rt.path {
		switch {
		case want == path[i]:
		case strings.HasPrefix(want, "{") && path[i] != "":
			out[strings.Trim(want, "{}")] = path[i]
		default:
			return nil, false
		}
	}
	return out, true
}
