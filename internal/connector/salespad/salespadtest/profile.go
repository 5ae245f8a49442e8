package salespadtest

import "slices"

// Profile holds, as data, what no public source says about an install: which inferred operations it has and under which
// path, what its fields are called, how far its query language goes, what it does with values that do not fit. The zero
// value is the contract's proposal.
type Profile struct {
	Absent  []string          // operation ids (see Operations) or resources ("Prospect") that this install lacks: 404
	Present []string          // operation ids that are off unless named here: the ones neither sheet nor contract has
	Moved   map[string]string // operation id -> "METHOD /path" of this install, with the same {variables}
	Fields  map[string]string // "Prospect.Prospect_ID" -> the name on this install, in bodies, answers and filters

	Operators []string // operators and functions $filter knows; nil = all of Operators
	NoFilter  []string // "SalesDocumentSearch.Sales_Batch": fields that $filter refuses
	MaxQuery  int      // longest query string in bytes, IIS's own limit: 404.15 beyond; 0 = 2048, negative = none
	MaxNodes  int      // most nodes of a $filter, as Web API's OData limits it; 0 = none

	PutReplaces  []string // resources whose PUT clears what is left out
	Created      int      // status of a successful POST; 0 = 200
	Cut          []string // fields whose values are cut to their width instead of refused; "*" = all
	CodePage1252 bool     // fixed-width columns keep code page 1252 only, a question mark for anything else
	PhoneDigits  bool     // telephone numbers are stored as digits and a four digit extension
	StampUDF     bool     // a write of user fields alone moves DEX_ROW_TS (they are mapped to GP fields)
}

// Operators are all the operators and functions of $filter: eq and and are confirmed, the others inferred.
var Operators = []string{"eq", "ne", "gt", "ge", "lt", "le", "and", "or", "()", "datetime", "startswith", "substringof"}

// ConfirmedOperators are those that a public source shows.
var ConfirmedOperators = []string{"eq", "and"}

const defaultMaxQuery = 2048

func (p Profile) cuts(field string) bool {
	return slices.Contains(p.Cut, "*") || slices.Contains(p.Cut, field)
}

func (p Profile) operator(name string) bool {
	return p.Operators == nil || slices.Contains(p.Operators, name)
}

func (p Profile) has(r route) bool {
	if slices.Contains(p.Absent, r.id) || slices.Contains(p.Absent, r.resource) {
		return false
	}
	return r.confidence != OffByDefault || slices.Contains(p.Present, r.id)
}

// Confidence is how sure we are of an operation.
type Confidence string

// The contract's three words, and one of ours.
const (
	Confirmed    Confidence = "confirmed"
	Partial      Confidence = "partial"
	Inferred     Confidence = "inferred"
	OffByDefault Confidence = "off"      // our guess beyond the contract; needs Profile.Present
	SheetOnly    Confidence = "sheet"    // in the fact sheet, not in the contract
	Page         Confidence = "web page" // a page for people that every install serves
)

// Operation is one call of the API: ID and Confidence are the contract's, Name its "METHOD /path" as Calls counts it.
type Operation struct {
	ID, Name   string
	Resource   string
	Confidence Confidence
}

// AllOperations lists every operation the simulator knows, in the contract's order.
func AllOperations() []Operation {
	var out []Operation
	for _, r := range routes {
		out = append(out, Operation{r.id, r.name, r.resource, r.confidence})
	}
	return out
}

// UserField is a user-defined field of a resource; Type is "string", "number", "bool" or "date".
type UserField struct{ Name, Type string }

// Queue is one step of a workflow: the documents of a type stand in it, in a GP batch of the same name.
type Queue struct {
	Type, ID string // document type and document id
	Name     string
	Next     string // "" at the end
}

// DocumentID is a GP document id of the install.
type DocumentID struct{ Type, ID, Prefix string }

// defaultUserFields are what a typical install has; a field of one name is copied along (section 5).
func defaultUserFields() map[string][]UserField {
	mark, source := UserField{"xCrosswalkKey", "string"}, UserField{"xLeadSource", "string"}
	region := UserField{"xRegion", "string"}
	return map[string][]UserField{
		"Customer":        {mark, source, region, {"xRating", "number"}, {"xKeyAccount", "bool"}, {"xRenewal", "date"}},
		"CustomerAddr":    {mark, {"xContactType", "string"}, {"xJobTitle", "string"}, {"xRoute", "string"}},
		"Prospect":        {mark, source, region, {"xRating", "number"}},
		"ProspectContact": {mark, {"xContactType", "string"}, {"xJobTitle", "string"}},
		"ItemMaster":      {{"xFamily", "string"}, {"xWebDescription", "string"}},
		"SalesDocument":   {mark, region, {"xProbability", "number"}, {"xRoute", "string"}},
		"SalesLineItem":   {{"xFamily", "string"}, region},
	}
}

// defaultWorkflows has the queue names public sources show where there are any (section 6).
func defaultWorkflows() []Queue {
	return []Queue{
		{"QUOTE", "STANDARDQUOTE", "NEW QUOTE", "EXPORT QUOTE"}, {"QUOTE", "STANDARDQUOTE", "EXPORT QUOTE", "SENT QUOTE"}, {"QUOTE", "STANDARDQUOTE", "SENT QUOTE", ""},
		{"ORDER", "STDORD", "NEW ORDER", "REVIEW"}, {"ORDER", "STDORD", "REVIEW", "EXPORT"}, {"ORDER", "STDORD", "EXPORT", "READY TO SHIP"}, {"ORDER", "STDORD", "READY TO SHIP", ""},
		{"INVOICE", "STDINV", "NEW INVOICE", "EXPORT"}, {"INVOICE", "STDINV", "EXPORT", "READY TO POST"}, {"INVOICE", "STDINV", "READY TO POST", ""},
		{"RETURN", "RTN", "NEW RETURN", "RETURN REVIEW"}, {"RETURN", "RTN", "RETURN REVIEW", ""},
	}
}

func defaultDocumentIDs() []DocumentID {
	return []DocumentID{
		{"QUOTE", "STANDARDQUOTE", "QTE"}, {"ORDER", "STDORD", "ORD"}, {"INVOICE", "STDINV", "INV"},
		{"RETURN", "RTN", "RTN"}, {"BACKORDER", "BACKORDER", "BO"}, {"FULFILLMENT", "FULFILLMENT", "FUL"},
	}
}

// defaultClasses are GP customer classes: what a create leaves out comes from them, unseen in its echo.
func defaultClasses() map[string]Fields {
	return map[string]Fields{
		"RETAIL": {"Tax_Schedule": "USASTCITY-6*", "Shipping_Method": "GROUND", "Payment_Terms": "Net 30", "Price_Level": "RETAIL", "Sales_Territory": "TERRITORY 1"},
		"DEALER": {"Tax_Schedule": "EXEMPT", "Shipping_Method": "FREIGHT", "Payment_Terms": "2% 10/Net 30", "Price_Level": "DEALER", "Sales_Territory": "TERRITORY 2", "Customer_Credit_Limit": "25000"},
	}
}

func defaultPriceLevels() []Fields {
	return []Fields{
		{"Price_Level": "RETAIL", "Description": "Retail list"},
		{"Price_Level": "DEALER", "Description": "Dealer list"},
		{"Price_Level": "EXPORT", "Description": "Export list"},
	}
}
