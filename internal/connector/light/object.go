package light

import (
	"fmt"
	"strings"

	"crosswalk/internal/connector"
)

// object is one kind of record: where it lives and what its calls can do (fact sheet 5 to 8).
type object struct {
	name   string // as users write it
	label  string
	path   string // of the collection
	props  string // objectType of its custom properties
	level  string // HEADER or LINE
	state  string // the field that says active or archived; "" for lines
	fields []field

	lines      string // name of the lines' object; "" for what has none
	parent     string // name of the document's object; "" for what is none's line
	keyed      bool   // createXxx takes X-Idempotency-Key
	keyedPatch bool   // updateXxx takes it too
	marker     string // a field of its own for our marker; "" is the custom property
	actions    []string
}

var objects = []*object{
	{name: "customers", label: "Customers", path: "/v1/customers", props: "CUSTOMER", level: "HEADER", state: "status",
		fields: customerFields, keyed: true, keyedPatch: true, actions: []string{actArchive, actActivate}},
	{name: "products", label: "Products", path: "/v1/products", props: "PRODUCT", level: "HEADER", state: "state",
		fields: productFields, keyed: true, keyedPatch: true, actions: []string{actArchive}},
	{name: "invoice-receivables", label: "Invoices", path: "/v1/invoice-receivables", props: "INVOICE", level: "HEADER", state: "state",
		fields: invoiceFields, lines: "invoice-receivables/lines", keyed: true, marker: "reference",
		actions: []string{actOpen, actEInvoice, actSendEmail, actArchive, actUnarchive}},
	{name: "contracts", label: "Contracts", path: "/v1/contracts", props: "CONTRACT", level: "HEADER", state: "state",
		fields: contractFields, lines: "contracts/lines", actions: []string{actPublish}},
	{name: "invoice-receivables/lines", label: "Invoice lines", path: "/v1/invoice-receivables", props: "INVOICE", level: "LINE",
		fields: invoiceLineFields, parent: "invoice-receivables"},
	{name: "contracts/lines", label: "Contract lines", path: "/v1/contracts", props: "CONTRACT", level: "LINE",
		fields: contractLineFields, parent: "contracts"},
}

// Objects lists what the connector knows. Lines are read with their document and written one by one.
func (c *Connector) Objects() []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.name)
	}
	return out
}

func find(name string) *object {
	for _, o := range objects {
		if o.name == name {
			return o
		}
	}
	return nil
}

// known finds an object or says which there are.
func known(op, name string) (*object, error) {
	if o := find(name); o != nil {
		return o, nil
	}
	return nil, invalid(op, "object", "Light has no such object: use customers, products, invoice-receivables or contracts")
}

// listed finds an object that has lists and reads of its own; lines have not.
func listed(op, name string) (*object, error) {
	o, err := known(op, name)
	if err == nil && o.parent != "" {
		return nil, invalid(op, "object", "Light gives lines with their document only: read "+o.parent)
	}
	return o, err
}

// invalid is a request that is not sent because it cannot be right.
func invalid(op, field, fix string) *connector.Error {
	return &connector.Error{Fault: connector.Invalid, Op: op, Fields: []string{field}, Err: fmt.Errorf("%s: %s", field, fix)}
}

// one is the path of a record, for lines within its document.
func (o *object) one(parent, id string) (path, route string) {
	if o.parent != "" {
		return o.path + "/" + parent + "/lines/" + id, o.path + "/{id}/lines/{lineId}"
	}
	return o.path + "/" + id, o.path + "/{id}"
}

// many is the path that makes a record.
func (o *object) many(parent string) (path, route string) {
	if o.parent != "" {
		return o.path + "/" + parent + "/lines", o.path + "/{id}/lines"
	}
	return o.path, o.path
}

// singular words an operation: "create invoice-receivables", "update contracts/lines".
func (o *object) op(verb string) string { return verb + " " + o.name }

func (o *object) field(name string) (field, bool) {
	for _, f := range o.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// group gives the fields of an address or discount, in order.
func (o *object) group(prefix string) []field {
	var out []field
	for _, f := range o.fields {
		if strings.HasPrefix(f.name, prefix+".") {
			out = append(out, f)
		}
	}
	return out
}
