package lighttest

import (
	"net/http"
	"strings"
)

// route is one operation of Light's API. Names are the API document's paths, so that a test can hold them side by side.
type route struct {
	name       string // METHOD /path
	do         func(*Sim, *call) (any, *failure)
	idempotent bool // has X-Idempotency-Key
	open       bool // needs no credentials

	method string
	path   []string
}

// routes is constant after start.
var routes = compile([]route{
	{name: "GET /oauth/authorize", do: (*Sim).authorize, open: true},
	{name: "POST /oauth/token", do: (*Sim).token, open: true},

	{name: "GET /v1/customers", do: (*Sim).listCustomers},
	{name: "POST /v1/customers", do: (*Sim).createCustomer, idempotent: true},
	{name: "GET /v1/customers/{customerId}", do: (*Sim).getCustomer},
	{name: "PATCH /v1/customers/{customerId}", do: (*Sim).updateCustomer, idempotent: true},
	{name: "POST /v1/customers/{customerId}/activate", do: (*Sim).activateCustomer},
	{name: "POST /v1/customers/{customerId}/archive", do: (*Sim).archiveCustomer},

	{name: "GET /v1/products", do: (*Sim).listProducts},
	{name: "POST /v1/products", do: (*Sim).createProduct, idempotent: true},
	{name: "GET /v1/products/{productId}", do: (*Sim).getProduct},
	{name: "PATCH /v1/products/{productId}", do: (*Sim).updateProduct, idempotent: true},
	{name: "POST /v1/products/{productId}/archive", do: (*Sim).archiveProduct},

	{name: "GET /v1/invoice-receivables", do: (*Sim).listInvoices},
	{name: "POST /v1/invoice-receivables", do: (*Sim).createInvoice, idempotent: true},
	{name: "GET /v1/invoice-receivables/{invoiceReceivableId}", do: (*Sim).getInvoice},
	{name: "PATCH /v1/invoice-receivables/{invoiceReceivableId}", do: (*Sim).updateInvoice},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/lines", do: (*Sim).createInvoiceLine},
	{name: "PATCH /v1/invoice-receivables/{invoiceReceivableId}/lines/{lineId}", do: (*Sim).updateInvoiceLine},
	{name: "DELETE /v1/invoice-receivables/{invoiceReceivableId}/lines/{lineId}", do: (*Sim).deleteInvoiceLine},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/open", do: (*Sim).openInvoice},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/reset", do: (*Sim).resetInvoice},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/archive", do: (*Sim).archiveInvoice},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/unarchive", do: (*Sim).unarchiveInvoice},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/send-email", do: (*Sim).emailInvoice},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/document", do: (*Sim).invoiceDocument},
	{name: "GET /v1/invoice-receivables/{invoiceReceivableId}/payments", do: (*Sim).listPayments},
	{name: "POST /v1/invoice-receivables/{invoiceReceivableId}/payments", do: (*Sim).recordPayment},

	{name: "GET /v1/contracts", do: (*Sim).listContracts},
	{name: "POST /v1/contracts", do: (*Sim).createContract},
	{name: "GET /v1/contracts/{contractId}", do: (*Sim).getContract},
	{name: "PATCH /v1/contracts/{contractId}", do: (*Sim).updateContract},
	{name: "DELETE /v1/contracts/{contractId}", do: (*Sim).deleteContract},
	{name: "POST /v1/contracts/{contractId}/lines", do: (*Sim).createContractLine},
	{name: "PATCH /v1/contracts/{contractId}/lines/{lineId}", do: (*Sim).updateContractLine},
	{name: "DELETE /v1/contracts/{contractId}/lines/{lineId}", do: (*Sim).deleteContractLine},
	{name: "POST /v1/contracts/{contractId}/publish", do: (*Sim).publishContract},
	{name: "POST /v1/contracts/{contractId}/terminate", do: (*Sim).terminateContract},
	{name: "POST /v1/contracts/{contractId}/cancel-termination", do: (*Sim).cancelTermination},
	{name: "POST /v1/contracts/{contractId}/renew", do: (*Sim).renewContract},
	{name: "POST /v1/contracts/{contractId}/reset", do: (*Sim).resetContract},
	{name: "POST /v1/contracts/{contractId}/generate-document-upload-url", do: (*Sim).contractUpload},

	{name: "GET /v1/companies/current", do: (*Sim).currentCompany},
	{name: "GET /v1/entities", do: (*Sim).listEntities},
	{name: "GET /v1/bank-accounts", do: (*Sim).listBanks},
	{name: "GET /v1/ledger-accounts", do: (*Sim).listLedger},
	{name: "GET /v1/exchange/rates/{currency}", do: (*Sim).listRates},
	{name: "GET /v1/exchange/rates/{base}/{target}", do: (*Sim).getRate},

	{name: "GET /v1/custom-properties/groups", do: (*Sim).listGroups},
	{name: "GET /v1/custom-properties/groups/{groupId}", do: (*Sim).getGroup},
	{name: "GET /v1/custom-properties/groups/{groupId}/values", do: (*Sim).listValues},
	{name: "POST /v1/custom-properties/groups/{groupId}/values", do: (*Sim).createValue},
	{name: "GET /v1/custom-properties/groups/{groupId}/values/{valueId}", do: (*Sim).getValue},
	{name: "PATCH /v1/custom-properties/groups/{groupId}/values/{valueId}", do: (*Sim).updateValue},
	{name: "DELETE /v1/custom-properties/groups/{groupId}/values/{valueId}", do: (*Sim).deleteValue},

	{name: "GET /files/{documentId}", do: (*Sim).download, open: true},
})

func compile(list []route) []route {
	for i := range list {
		method, path, _ := strings.Cut(list[i].name, " ")
		list[i].method, list[i].path = method, segments(path)
	}
	return list
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// match finds the operation for a request: 404 for a path nobody has, 405 for a method the path has not.
func match(r *http.Request) (*route, map[string]string, *failure) {
	path, known := segments(r.URL.Path), false
	for i := range routes {
		vars, ok := routes[i].vars(path)
		if !ok {
			continue
		}
		if routes[i].method == r.Method {
			return &routes[i], vars, nil
		}
		known = true
	}
	if known {
		return nil, nil, gateway(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed")
	}
	return nil, nil, gateway(http.StatusNotFound, "NOT_FOUND", "HTTP 404 Not Found")
}

// vars reads the path's variables, ok being false when the path is another one's.
func (rt *route) vars(path []string) (map[string]string, bool) {
	if len(path) != len(rt.path) {
		return nil, false
	}
	var out map[string]string
	for i, want := range rt.path {
		switch {
		case want == path[i]:
		case strings.HasPrefix(want, "{") && path[i] != "":
			if out == nil {
				out = map[string]string{}
			}
			out[strings.Trim(want, "{}")] = path[i]
		default:
			return nil, false
		}
	}
	return out, true
}
