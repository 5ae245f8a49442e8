package light

import (
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// field is one field of Light's API documents, as its create and update bodies take it and its answers give it.
type field struct {
	name          string
	kind          kind
	enum          []string // values known today; every enum may grow (fact sheet 1)
	to            string   // object or table a reference points to
	create, patch bool
	must          bool // a create needs it, and a PATCH cannot clear it
}

// kind of a field; its text is what Describe calls it.
type kind string

const (
	text     kind = "text"
	email    kind = "email"
	ref      kind = "ref"
	date     kind = "date"
	moment   kind = "datetime"
	currency kind = "currency"
	integer  kind = "integer"
	number   kind = "number"
	boolean  kind = "bool"
	enum     kind = "enum"
	country  kind = "country"
	texts    kind = "list"
	prices   kind = "prices" // a product's pricings: CUR:minor units, one per currency
	lines    kind = "lines"  // of a document; written as children
	source   kind = "source" // externalSource as SYSTEM:id
)

// writable, onCreate and readOnly make fields of a kind, from names parted by blanks.
func writable(k kind, names string) []field {
	return named(field{kind: k, create: true, patch: true}, names)
}
func onCreate(k kind, names string) []field { return named(field{kind: k, create: true}, names) }
func readOnly(k kind, names string) []field { return named(field{kind: k}, names) }
func required(k kind, names string) []field {
	return named(field{kind: k, create: true, patch: true, must: true}, names)
}

func named(like field, names string) []field {
	var out []field
	for _, name := range strings.Fields(names) {
		f := like
		f.name = name
		out = append(out, f)
	}
	return out
}

func choices(name string, must bool, values string) []field {
	return []field{{name: name, kind: enum, enum: strings.Fields(values), create: true, patch: true, must: must}}
}

func states(name, values string) []field {
	return []field{{name: name, kind: enum, enum: strings.Fields(values)}}
}

func pointing(to string, fields []field) []field {
	for i := range fields {
		fields[i].to = to
	}
	return fields
}

func address(name string) []field {
	return slices.Concat(writable(country, name+".country"), writable(text, name+".city "+name+".state "+name+".zipcode "+name+".street "+name+".street2"))
}

const (
	paymentTypes = "AIRWALLEX BANK_TRANSFER DIRECT_DEBIT STRIPE"
	recurrences  = "ONE_TIME MONTHLY QUARTERLY HALF_YEARLY YEARLY"
)

// The tables below are Light's OpenAPI document in the order bodies are written: fact sheet 5 to 8. What a PATCH
// accepts is the field's patch flag; see Patchable.
var (
	stampFields = readOnly(moment, "createdAt updatedAt")

	customerFields = slices.Concat(
		required(text, "name"), writable(email, "email"),
		address("address"), address("billingAddress"), address("shippingAddress"),
		writable(text, "domain description vatNumber businessRegistrationNumber easCode einvoiceAddress"),
		choices("einvoiceNetwork", false, "MYDATA NEMHANDEL PEPPOL PORTUGUESE_TAX_REPORTING SDI VERIFACTU"),
		choices("type", false, "BUSINESS CONSUMER GOVERNMENT"),
		writable(text, "logoUrl"), writable(texts, "recipientEmails ccEmails"),
		states("status", "ACTIVE ARCHIVED"), readOnly(source, "externalSource"), stampFields)

	productFields = slices.Concat(
		required(text, "name"), choices("pricingType", true, "FIXED PACKAGE"), choices("billingRecurrence", true, recurrences),
		required(prices, "pricings"), writable(text, "defaultAvataxCode"), writable(ref, "defaultTaxId"),
		pointing("ledger_accounts", writable(ref, "defaultLedgerAccountId")),
		states("state", "ACTIVE ARCHIVED"), readOnly(source, "externalSource"), stampFields)

	invoiceFields = slices.Concat(
		pointing("entities", required(ref, "companyEntityId")), pointing("customers", writable(ref, "customerId")),
		required(currency, "currency"), writable(text, "description invoiceNumber"), writable(date, "invoiceDate postingDate dueDate"),
		writable(integer, "netTerms"), writable(text, "poNumber reference"), choices("paymentType", false, paymentTypes),
		pointing("bank_accounts", writable(ref, "payeeBankAccountId")), writable(ref, "invoiceTemplateId"),
		writable(text, "invoiceTemplateAdditionalText"), writable(boolean, "areLinesWithTax"),
		onCreate(number, "localCurrencyFxRate groupCurrencyFxRate"), readOnly(lines, "lines"),
		states("state", "DRAFT OPEN_IN_PROGRESS OPEN PAYMENT_PENDING PARTIALLY_PAID PAID REVERSED ARCHIVED"),
		readOnly(integer, "amount"), readOnly(date, "effectiveInvoiceDate"), readOnly(moment, "openedAt"),
		pointing("contracts", readOnly(ref, "contractId")), states("taxEngineName", "AVATAX LIGHT SPHERE"), stampFields)

	contractFields = slices.Concat(
		pointing("entities", required(ref, "companyEntityId")), pointing("customers", writable(ref, "customerId")),
		required(currency, "currency"), writable(date, "startDate endDate renewalDate billingStart"),
		writable(integer, "estimatedAmount netTerms invoiceLeadDays"), choices("paymentType", false, paymentTypes),
		pointing("bank_accounts", writable(ref, "payeeBankAccountId")), writable(ref, "invoiceTemplateId"),
		writable(text, "description"), writable(boolean, "areLinesWithTax"), readOnly(lines, "lines"),
		states("state", "CREATED DRAFT ACTIVE PENDING_TERMINATION TERMINATED"), readOnly(moment, "activatedAt terminatedAt"),
		readOnly(text, "terminationReason"), states("taxEngineName", "AVATAX LIGHT SPHERE"), readOnly(source, "externalSource"), stampFields)

	lineFields = slices.Concat(
		pointing("products", required(ref, "productId")), writable(number, "quantity"), writable(integer, "priceOverwrite"),
		writable(text, "productNameOverwrite"), choices("discount.type", false, "PERCENTAGE AMOUNT"), writable(number, "discount.value"))

	invoiceLineFields = slices.Concat(lineFields,
		writable(ref, "taxCodeId"), writable(integer, "taxAmountOverwrite"), writable(text, "avataxCode"),
		pointing("ledger_accounts", writable(ref, "accountId")), writable(date, "billingStart billingEnd"),
		writable(ref, "accrualTemplateId"), writable(date, "accrualStartDate accrualEndDate"),
		readOnly(integer, "discountAmount netAmount taxAmount"), stampFields)

	contractLineFields = slices.Concat(lineFields,
		writable(date, "discount.startDate discount.endDate"), choices("billingRecurrence", false, recurrences),
		writable(date, "billingStart billingEnd"), pointing("ledger_accounts", writable(ref, "accountId")),
		writable(ref, "taxCodeId"), onCreate(text, "avataxCode"), writable(ref, "amortizationTemplateId"),
		writable(date, "amortizationStartDate amortizationEndDate"), stampFields)
)

// Patchable lists the fields an object's PATCH accepts, apart from its custom properties. After an invoice was
// opened or a contract published Light takes only those without ledger impact (fact sheet 7) and refuses the others.
func Patchable(name string) []string {
	var out []string
	if o := find(name); o != nil {
		for _, f := range o.fields {
			if f.patch {
				out = append(out, f.name)
			}
		}
	}
	return out
}

// described is the field as a mapping sees it.
func (f field) described() connector.Field {
	out := connector.Field{Name: f.name, Label: label(f.name), Type: string(f.kind), Required: f.must,
		ReadOnly: !f.create && !f.patch && f.kind != lines, CreateOnly: f.create && !f.patch, References: f.to}
	switch f.kind {
	case email, currency, source:
		out.Type = "text"
	case country:
		out.Type = "text"
		out.MaxLength = 2
	case prices, lines:
		out.Type = "list"
	}
	for _, v := range f.enum {
		out.Options = append(out.Options, connector.Option{Value: v, Label: sentence(strings.ReplaceAll(strings.ToLower(v), "_", " "))})
	}
	return out
}

// label parts a camel-case name into words: billingAddress.zipcode is "Billing address zipcode".
func label(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '.':
			b.WriteByte(' ')
		case r >= 'A' && r <= 'Z' && i > 0:
			b.WriteString(" " + strings.ToLower(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	return sentence(b.String())
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
