package lighttest

// Operations names every simulated operation, for the test that holds them against Light's API document.
func Operations() []string {
	var out []string
	for _, r := range routes {
		out = append(out, r.name)
	}
	return out
}

// Idempotent tells whether an operation takes X-Idempotency-Key.
func Idempotent(name string) bool {
	for _, r := range routes {
		if r.name == name {
			return r.idempotent
		}
	}
	return false
}

// FieldSpec is a request field as the simulator checks it.
type FieldSpec struct {
	Null bool
	Enum []string
}

// RequestShapes gives the simulator's request bodies by the API document's schema names.
func RequestShapes() map[string]map[string]FieldSpec {
	out := map[string]map[string]FieldSpec{}
	for name, s := range map[string]shape{
		"ExternalCreateCustomerRequestV1Model":              createCustomerShape,
		"ExternalUpdateCustomerRequestV1Model":              updateCustomerShape,
		"ExternalCreateProductRequestV1Model":               createProductShape,
		"ExternalUpdateProductRequestV1Model":               updateProductShape,
		"ExternalCreateInvoiceReceivableRequestV1Model":     createInvoiceShape,
		"ExternalUpdateInvoiceReceivableRequestV1Model":     updateInvoiceShape,
		"ExternalCreateInvoiceReceivableLineRequestV1Model": invoiceLineShape,
		"ExternalUpdateInvoiceReceivableLineRequestV1Model": updateInvoiceLineShape,
		"ExternalInvoiceReceivableEmailInfoRequestV1Model":  emailShape,
		"ExternalCreateContractRequestV1Model":              createContractShape,
		"ExternalUpdateContractRequestV1Model":              updateContractShape,
		"ExternalCreateContractLineRequestV1Model":          contractLineShape,
		"ExternalUpdateContractLineRequestV1Model":          updateContractLineShape,
		"Address": addressShape,
	} {
		out[name] = map[string]FieldSpec{}
		for _, f := range s {
			out[name][f.name] = FieldSpec{f.null, f.enum}
		}
	}
	return out
}

// Filters and Sorts give the documented fields of each list.
func Filters() map[string][]string {
	return map[string][]string{
		"/v1/customers": names(customerListing.filters), "/v1/products": names(productListing.filters),
		"/v1/invoice-receivables": names(invoiceListing.filters), "/v1/contracts": names(contractListing.filters),
	}
}

func Sorts() map[string][]string {
	return map[string][]string{
		"/v1/customers": names(customerListing.sorts), "/v1/products": names(productListing.sorts),
		"/v1/invoice-receivables": names(invoiceListing.sorts), "/v1/contracts": names(contractListing.sorts),
	}
}

func names[T any](m map[string]column[T]) []string {
	out := []string{}
	for name := range m {
		out = append(out, name)
	}
	return out
}
