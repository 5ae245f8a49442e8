package lighttest

import (
	"slices"
	"time"
)

// Invoice is one invoice receivable as GET /v1/invoice-receivables/{id} answers it; amounts are minor units. In lists
// Lines is null.
type Invoice struct {
	ID                            string        `json:"id"`
	CompanyID                     string        `json:"companyId"`
	ContractID                    Text          `json:"contractId"`
	CompanyEntityID               Text          `json:"companyEntityId"`
	Amount                        int64         `json:"amount"` // gross: discounts and tax applied
	PaymentType                   Text          `json:"paymentType"`
	PayeeBankAccountID            Text          `json:"payeeBankAccountId"`
	InvoiceDate                   Text          `json:"invoiceDate"`
	EffectiveInvoiceDate          Text          `json:"effectiveInvoiceDate"`
	PostingDate                   Text          `json:"postingDate"`
	DueDate                       Text          `json:"dueDate"`
	NetTerms                      *int64        `json:"netTerms"`
	CustomerID                    Text          `json:"customerId"`
	InvoiceTemplateID             Text          `json:"invoiceTemplateId"`
	InvoiceTemplateAdditionalText Text          `json:"invoiceTemplateAdditionalText"`
	InvoiceNumber                 Text          `json:"invoiceNumber"`
	State                         string        `json:"state"`
	OpenedAt                      Stamp         `json:"openedAt"`
	PONumber                      Text          `json:"poNumber"`
	Reference                     Text          `json:"reference"`
	Description                   Text          `json:"description"`
	Currency                      string        `json:"currency"`
	TaxEngineName                 string        `json:"taxEngineName"`
	AreLinesWithTax               bool          `json:"areLinesWithTax"`
	LocalCurrencyFxRate           Decimal       `json:"localCurrencyFxRate"`
	GroupCurrencyFxRate           Decimal       `json:"groupCurrencyFxRate"`
	Lines                         []InvoiceLine `json:"lines"`
	CustomProperties              Properties    `json:"customProperties"`
	CreatedAt                     Stamp         `json:"createdAt"`
	UpdatedAt                     Stamp         `json:"updatedAt"`
	UpdatedBy                     Text          `json:"updatedBy"`
	FailureContext                *ErrorBody    `json:"failureContext"`

	postingGiven bool // postingDate was set, so it does not follow invoiceDate
	opening      *opening
}

// The states of an invoice.
const (
	Draft          = "DRAFT"
	OpenInProgress = "OPEN_IN_PROGRESS"
	Open           = "OPEN"
	PaymentPending = "PAYMENT_PENDING"
	PartiallyPaid  = "PARTIALLY_PAID"
	Paid           = "PAID"
	Reversed       = "REVERSED"
	Archived       = "ARCHIVED"
)

// Net is the sum of the lines' net amounts.
func (i *Invoice) Net() int64 {
	var net int64
	for _, l := range i.Lines {
		net += l.NetAmount
	}
	return net
}

var paymentTypes = []string{"AIRWALLEX", "BANK_TRANSFER", "DIRECT_DEBIT", "STRIPE"}

var invoiceHeader = shape{
	uuid("companyEntityId").required(), text("invoiceNumber").orNull(), text("description").orNull(), currency("currency").orNull(),
	enum("paymentType", paymentTypes).orNull(), uuid("payeeBankAccountId").orNull(), date("invoiceDate").orNull(), date("postingDate").orNull(),
	date("dueDate").orNull(), uuid("customerId").orNull(), uuid("invoiceTemplateId").orNull(), integer("netTerms").orNull(),
	text("poNumber").orNull(), text("reference").orNull(), text("invoiceTemplateAdditionalText").orNull(), boolean("areLinesWithTax"),
	setProperty,
}

var createInvoiceShape = append(slices.Clone(invoiceHeader),
	number("localCurrencyFxRate").orNull(), number("groupCurrencyFxRate").orNull(),
	list("lines", object("", invoiceLineShape)).orNull())

// updateInvoiceShape has no lines: they have calls of their own.
var updateInvoiceShape = invoiceHeader.update("companyEntityId", "currency")

// afterOpening are the fields without ledger impact, which stay editable when an invoice is open (?).
var afterOpening = []string{"description", "poNumber", "reference", "invoiceTemplateAdditionalText", "invoiceTemplateId",
	"customProperties", "dueDate", "netTerms", "paymentType", "payeeBankAccountId"}

func (s *Sim) applyInvoice(body fields, to *Invoice) *failure {
	body.setText("companyEntityId", &to.CompanyEntityID)
	body.setText("description", &to.Description)
	body.setText("paymentType", &to.PaymentType)
	body.setText("payeeBankAccountId", &to.PayeeBankAccountID)
	body.setText("customerId", &to.CustomerID)
	body.setText("invoiceTemplateId", &to.InvoiceTemplateID)
	body.setText("poNumber", &to.PONumber)
	body.setText("reference", &to.Reference)
	body.setText("invoiceTemplateAdditionalText", &to.InvoiceTemplateAdditionalText)
	body.setText("invoiceNumber", &to.InvoiceNumber)
	body.setBool("areLinesWithTax", &to.AreLinesWithTax, true)
	body.setDecimal("localCurrencyFxRate", &to.LocalCurrencyFxRate, "")
	body.setDecimal("groupCurrencyFxRate", &to.GroupCurrencyFxRate, "")
	if bad := s.checkReferences(to.CompanyEntityID, to.PayeeBankAccountID, body.text("customerId")); bad != nil {
		return bad
	}
	if c := body.text("currency"); c != "" {
		to.Currency = string(c)
	}
	if to.Currency == "" {
		to.Currency = s.entity(string(to.CompanyEntityID)).LocalCurrency // (?)
	}
	if bad := to.setDates(body); bad != nil {
		return bad
	}
	return s.setProperties(body, "INVOICE", "HEADER", &to.CustomProperties)
}

// checkReferences refuses ids that name nothing, and a customer that is archived. An empty customer is not checked.
func (s *Sim) checkReferences(entity, bank, customer Text) *failure {
	if s.entity(string(entity)) == nil {
		return unprocessable("companyEntityId", "no entity of this id")
	}
	if bank != "" && !slices.ContainsFunc(s.banks, func(b BankAccount) bool { return b.ID == string(bank) }) {
		return unprocessable("payeeBankAccountId", "no bank account of this id")
	}
	if customer == "" {
		return nil
	}
	switch c := s.customers.get(string(customer)); {
	case c == nil:
		return unprocessable("customerId", "no customer of this id")
	case c.Status == archived:
		return unprocessable("customerId", "the customer is archived")
	}
	return nil
}

// setDates keeps the dates together: postingDate follows invoiceDate unless it was given, netTerms makes the due date,
// and a due date given by itself ends netTerms (?).
func (i *Invoice) setDates(body fields) *failure {
	body.setText("invoiceDate", &i.InvoiceDate)
	if body.has("postingDate") {
		i.PostingDate, i.postingGiven = body.text("postingDate"), body.text("postingDate") != ""
	}
	if body.has("dueDate") {
		i.DueDate, i.NetTerms = body.text("dueDate"), nil
	}
	body.setInt("netTerms", &i.NetTerms)
	if i.NetTerms != nil && (*i.NetTerms < 0 || *i.NetTerms > maxTerms) {
		return badRequest("netTerms", "must be from 0 to %d", maxTerms)
	}
	i.settleDates()
	return nil
}

// maxTerms bounds netTerms and invoiceLeadDays; Light names no bound.
const maxTerms = 3650

func (i *Invoice) settleDates() {
	if !i.postingGiven {
		i.PostingDate = either(i.InvoiceDate, today(i.CreatedAt.Time))
	}
	i.EffectiveInvoiceDate = either(i.InvoiceDate, i.PostingDate)
	if i.NetTerms != nil {
		i.DueDate = addDays(i.EffectiveInvoiceDate, *i.NetTerms)
	}
}

func (s *Sim) createInvoice(c *call) (any, *failure) {
	body, bad := c.read(createInvoiceShape, false)
	if bad != nil {
		return nil, bad
	}
	v := s.newInvoice(c.now, c.actor.user)
	if bad := s.applyInvoice(body, v); bad != nil {
		return nil, bad
	}
	for n, raw := range body.list("lines") {
		line, bad := s.newInvoiceLine(raw.(fields), v, c.now)
		if bad != nil {
			return nil, bad.within(lineAt(n))
		}
		v.Lines = append(v.Lines, *line)
	}
	if bad := s.reckonInvoice(v); bad != nil {
		return nil, bad
	}
	if bad := s.enter(v, c.now); bad != nil {
		return nil, bad
	}
	return s.viewInvoice(v), nil
}

func (s *Sim) newInvoice(now time.Time, user string) *Invoice {
	at := stampOf(now)
	return &Invoice{CompanyID: s.company.ID, State: Draft, TaxEngineName: "LIGHT", AreLinesWithTax: true,
		CreatedAt: at, UpdatedAt: at, UpdatedBy: Text(user)}
}

// enter gives a finished draft its id and place.
func (s *Sim) enter(v *Invoice, now time.Time) *failure {
	if bad := s.checkNumber(v); bad != nil {
		return bad
	}
	v.ID = s.newID("invoice")
	for n := range v.Lines {
		v.Lines[n].InvoiceReceivableID = v.ID
	}
	s.keepNumber("", v)
	s.invoices.add(v.ID, v, now)
	return nil
}

func (s *Sim) updateInvoice(c *call) (any, *failure) {
	body, bad := c.read(updateInvoiceShape, false)
	if bad != nil {
		return nil, bad
	}
	return s.changeInvoice(c, func(v *Invoice) *failure {
		if bad := v.mayChange(body); bad != nil {
			return bad
		}
		if bad := s.applyInvoice(body, v); bad != nil {
			return bad
		}
		if v.State != Draft {
			return nil
		}
		return s.reckonInvoice(v)
	})
}

// mayChange lets a draft change at will, and an open invoice where the ledger is not touched.
func (i *Invoice) mayChange(body fields) *failure {
	switch i.State {
	case Draft:
		return nil
	case OpenInProgress, Reversed, Archived:
		return conflict("an invoice in state %s cannot be changed", i.State)
	}
	for name := range body {
		if !slices.Contains(afterOpening, name) {
			return conflict("%s cannot be changed in state %s", name, i.State)
		}
	}
	return nil
}

func (s *Sim) changeInvoice(c *call, edit func(*Invoice) *failure) (any, *failure) {
	next, bad := s.editInvoice(c.vars["invoiceReceivableId"], c.now, c.actor.user, edit)
	if bad != nil {
		return nil, bad
	}
	return s.viewInvoice(next), nil
}

// editInvoice puts a changed copy, or leaves all as it was when edit refuses.
func (s *Sim) editInvoice(id string, now time.Time, user string, edit func(*Invoice) *failure) (*Invoice, *failure) {
	old := s.invoices.get(id)
	if old == nil {
		return nil, notFound("Invoice receivable")
	}
	next := old.copy()
	if bad := edit(next); bad != nil {
		return nil, bad
	}
	if bad := s.checkNumber(next); bad != nil {
		return nil, bad
	}
	s.keepNumber(numberKey(old), next)
	next.UpdatedAt, next.UpdatedBy = old.UpdatedAt.after(now), Text(user)
	s.invoices.put(id, next, now)
	return next, nil
}

func (i *Invoice) copy() *Invoice {
	out := *i
	out.Lines = slices.Clone(i.Lines)
	out.CustomProperties = slices.Clone(i.CustomProperties)
	return &out
}
