package lighttest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// opening is what an invoice in OPEN_IN_PROGRESS is waiting for.
type opening struct {
	due  time.Time
	fail string // message of the failure it will end in
	mail *Email // to send when open
	user string
}

// Email is an e-mail Light sent with an invoice.
type Email struct {
	InvoiceID  string
	Subject    string
	ReplyTo    string
	Recipients []string
	CC         []string
	At         time.Time
}

// Payment is a payment on an invoice, in minor units.
type Payment struct {
	ID                  string       `json:"id"`
	InvoiceReceivableID string       `json:"invoiceReceivableId"`
	Amount              int64        `json:"amount"`
	PaymentDate         string       `json:"paymentDate"`
	Currency            string       `json:"currency"`
	Payment             PaymentEntry `json:"payment"`
	CreatedAt           Stamp        `json:"createdAt"`
}

// PaymentEntry says how it was paid: BP, a bank payment.
type PaymentEntry struct {
	Type                 string `json:"type"`
	BankAccountID        string `json:"bankAccountId"`
	EndToEndID           Text   `json:"endToEndId"`
	OriginalAmount       int64  `json:"originalAmount"`
	OriginalCurrency     string `json:"originalCurrency"`
	AccountingDocumentID string `json:"accountingDocumentId"`
}

// pdf is an invoice's document.
type pdf struct {
	ID                  string `json:"id"`
	InvoiceReceivableID string `json:"invoiceReceivableId"`
	Status              string `json:"status"`
	URL                 Text   `json:"url"`
	CreatedAt           Stamp  `json:"createdAt"`
	UpdatedAt           Stamp  `json:"updatedAt"`

	signature string
	until     time.Time
}

var emailShape = shape{
	text("subject").required(), text("replyTo").required(), list("recipients", email("")).required(),
	list("cc", email("").orNull()).orNull(), text("customMessage").orNull(),
}

func emailOf(id string, info fields, now time.Time) *Email {
	return &Email{id, string(info.text("subject")), string(info.text("replyTo")), info.texts("recipients"), info.texts("cc"), now}
}

// openInvoice starts the opening; what the ledger needs and is missing is refused at once (?), the rest fails later.
func (s *Sim) openInvoice(c *call) (any, *failure) {
	body, bad := c.read(shape{object("emailInfo", emailShape).orNull(), boolean("shouldSendEmail"), boolean("shouldSubmitEInvoice")}, true)
	if bad != nil {
		return nil, bad
	}
	return s.changeInvoice(c, func(v *Invoice) *failure {
		if bad := s.mayOpen(v); bad != nil {
			return bad
		}
		wait := &opening{due: c.now.Add(s.cfg.OpenDelay), fail: c.fault.FailOpen, user: c.actor.user}
		customer := s.customers.get(string(v.CustomerID))
		if body["shouldSubmitEInvoice"] == true && (customer.EinvoiceAddress == "" || customer.EinvoiceNetwork == "") {
			wait.fail = "The customer has no e-invoice address" // (?)
		}
		if body["shouldSendEmail"] == true {
			if wait.mail, bad = s.openingMail(v, customer, body.sub("emailInfo"), c.now); bad != nil {
				return bad
			}
		}
		v.State, v.FailureContext, v.opening = OpenInProgress, nil, wait
		s.opening = append(s.opening, v.ID)
		s.wakeAt(wait.due)
		return nil
	})
}

func (s *Sim) mayOpen(v *Invoice) *failure {
	if v.State != Draft {
		return conflict("an invoice in state %s cannot be opened", v.State)
	}
	if v.CustomerID == "" {
		return unprocessable("customerId", "an invoice needs a customer to be opened")
	}
	if bad := s.checkReferences(v.CompanyEntityID, "", v.CustomerID); bad != nil {
		return bad
	}
	if len(v.Lines) == 0 {
		return unprocessable("lines", "an invoice needs a line to be opened")
	}
	if v.Amount < 0 {
		return unprocessable("amount", "an invoice with a negative total cannot be opened")
	}
	if name := s.missing(v.CustomProperties, "INVOICE", "HEADER"); name != "" {
		return unprocessable("customProperties", "%s is required", name)
	}
	return nil
}

// openingMail addresses the e-mail sent at opening: to whom emailInfo says, else the customer's own recipients (?).
func (s *Sim) openingMail(v *Invoice, customer *Customer, info fields, now time.Time) (*Email, *failure) {
	if info != nil {
		return emailOf(v.ID, info, now), nil
	}
	to := customer.RecipientEmails
	if len(to) == 0 && customer.Email != "" {
		to = []string{string(customer.Email)}
	}
	if len(to) == 0 {
		return nil, unprocessable("emailInfo", "the customer has no e-mail address")
	}
	return &Email{v.ID, "Invoice", s.company.InvoiceEmail, to, customer.CCEmails, now}, nil
}

func (s *Sim) wakeAt(t time.Time) {
	if s.wake.IsZero() || t.Before(s.wake) {
		s.wake = t
	}
}

// advance does what was due by now: openings end, contracts bill and end. It runs before every call, so the clock is
// enough and nothing runs in the background.
func (s *Sim) advance(now time.Time) {
	if s.wake.IsZero() || now.Before(s.wake) {
		return
	}
	s.wake = time.Time{}
	waiting := s.opening
	s.opening = nil
	for _, id := range waiting {
		v := s.invoices.get(id)
		if v == nil || v.opening == nil {
			continue
		}
		if now.Before(v.opening.due) {
			s.opening = append(s.opening, id)
			s.wakeAt(v.opening.due)
			continue
		}
		s.finishOpening(v)
	}
	s.advanceContracts(now)
}

// finishOpening ends an opening at the moment it was due: OPEN with a number, or DRAFT with the reason.
func (s *Sim) finishOpening(old *Invoice) {
	wait := old.opening
	// An edit that cannot refuse: the number given here is free.
	s.editInvoice(old.ID, wait.due, wait.user, func(v *Invoice) *failure {
		v.opening = nil
		if wait.fail != "" {
			v.State = Draft
			v.FailureContext = errorBody(http.StatusUnprocessableEntity, item("OPEN_FAILED", "", "%s", wait.fail))
			return nil
		}
		v.State, v.OpenedAt = Open, stampOf(wait.due)
		if v.InvoiceNumber == "" {
			v.InvoiceNumber = s.nextNumber(v)
		}
		return nil
	})
	if wait.fail == "" && wait.mail != nil {
		s.emails = append(s.emails, *wait.mail)
	}
}

// nextNumber continues the entity's sequence, stepping over numbers people gave.
func (s *Sim) nextNumber(v *Invoice) Text {
	probe := *v
	for {
		probe.InvoiceNumber = Text(strconv.FormatInt(s.seedNumber[string(v.CompanyEntityID)], 10))
		s.seedNumber[string(v.CompanyEntityID)]++
		if _, taken := s.numbers[numberKey(&probe)]; !taken {
			return probe.InvoiceNumber
		}
	}
}

// resetInvoice allows OPEN without payments (?); the number stays.
func (s *Sim) resetInvoice(c *call) (any, *failure) {
	return s.moveInvoice(c, []string{Open}, Draft, http.StatusConflict)
}

func (s *Sim) archiveInvoice(c *call) (any, *failure) {
	return s.moveInvoice(c, []string{Draft, Open}, Archived, http.StatusConflict)
}

func (s *Sim) unarchiveInvoice(c *call) (any, *failure) {
	return s.moveInvoice(c, []string{Archived}, Draft, http.StatusBadRequest)
}

func (s *Sim) moveInvoice(c *call, from []string, to string, refusal int) (any, *failure) {
	return s.changeInvoice(c, func(v *Invoice) *failure {
		if !slices.Contains(from, v.State) {
			return fail(refusal, "INVALID_STATE", "", "not possible in state %s", v.State)
		}
		v.State = to
		if to == Draft {
			v.OpenedAt = Stamp{}
		}
		return nil
	})
}

// sendable are the states in which an invoice may be e-mailed (?).
var sendable = []string{Open, PaymentPending, PartiallyPaid, Paid}

func (s *Sim) emailInvoice(c *call) (any, *failure) {
	body, bad := c.read(emailShape, false)
	if bad != nil {
		return nil, bad
	}
	v := s.invoices.get(c.vars["invoiceReceivableId"])
	if v == nil {
		return gone("Invoice receivable")
	}
	if !slices.Contains(sendable, v.State) {
		return nil, conflict("an invoice in state %s cannot be sent", v.State)
	}
	s.emails = append(s.emails, *emailOf(v.ID, body, c.now))
	return reply{status: http.StatusNoContent}, nil
}

func (s *Sim) listPayments(c *call) (any, *failure) {
	if s.invoices.get(c.vars["invoiceReceivableId"]) == nil {
		return gone("Invoice receivable")
	}
	return append([]Payment{}, s.payments[c.vars["invoiceReceivableId"]]...), nil
}

func (s *Sim) paid(id string) int64 {
	var sum int64
	for _, p := range s.payments[id] {
		sum += p.Amount
	}
	return sum
}

func (s *Sim) recordPayment(c *call) (any, *failure) {
	body, bad := c.read(shape{date("paymentDate").required(), uuid("bankAccountId").required(), integer("amountInInvoiceCurrency").required()}, false)
	if bad != nil {
		return nil, bad
	}
	return s.changeInvoice(c, func(v *Invoice) *failure {
		if bad := s.checkReferences(v.CompanyEntityID, body.text("bankAccountId"), ""); bad != nil {
			return unprocessable("bankAccountId", "no bank account of this id")
		}
		return s.pay(v, string(body.text("bankAccountId")), body["amountInInvoiceCurrency"].(int64), string(body.text("paymentDate")), c.now)
	})
}

// pay books a payment of at most what is open.
func (s *Sim) pay(v *Invoice, bank string, amount int64, day string, now time.Time) *failure {
	if !slices.Contains([]string{Open, PaymentPending, PartiallyPaid}, v.State) {
		return conflict("an invoice in state %s takes no payment", v.State)
	}
	open := v.Amount - s.paid(v.ID)
	if amount <= 0 || amount > open {
		return unprocessable("amountInInvoiceCurrency", "must be from 1 to the open amount %d", open)
	}
	s.payments[v.ID] = append(s.payments[v.ID], Payment{ID: s.newID("payment"), InvoiceReceivableID: v.ID, Amount: amount,
		PaymentDate: day, Currency: v.Currency, CreatedAt: stampOf(now),
		Payment: PaymentEntry{Type: "BP", BankAccountID: bank, OriginalAmount: amount, OriginalCurrency: v.Currency,
			AccountingDocumentID: s.newID("accounting document")}})
	v.State = PartiallyPaid
	if amount == open {
		v.State = Paid
	}
	return nil
}

const (
	documentDelay = 2 * time.Second  // how long a PDF is GENERATING
	documentLife  = 10 * time.Minute // how long its signed address is good
)

// invoiceDocument answers the document's state; each call when READY signs a fresh address.
func (s *Sim) invoiceDocument(c *call) (any, *failure) {
	v := s.invoices.get(c.vars["invoiceReceivableId"])
	if v == nil {
		return gone("Invoice receivable")
	}
	doc, ok := s.documents[v.ID]
	if !ok {
		doc = pdf{ID: s.newID("document"), InvoiceReceivableID: v.ID, Status: "GENERATING", CreatedAt: stampOf(c.now)}
	}
	doc.UpdatedAt, doc.URL = stampOf(c.now), ""
	if c.now.Sub(doc.CreatedAt.Time) >= documentDelay {
		doc.Status, doc.signature, doc.until = "READY", s.newSecret("signature"), c.now.Add(documentLife)
		doc.URL = Text(c.origin() + "/files/" + doc.ID + "?signature=" + doc.signature)
	}
	s.documents[v.ID] = doc
	return doc, nil
}

// download serves what a signed address names, to anyone who has the address.
func (s *Sim) download(c *call) (any, *failure) {
	for _, doc := range s.documents {
		if doc.ID == c.vars["documentId"] && doc.signature != "" && doc.signature == c.request.URL.Query().Get("signature") && c.now.Before(doc.until) {
			return reply{status: http.StatusOK, media: "application/pdf", raw: []byte("%PDF-1.4\n% invoice " + doc.InvoiceReceivableID + "\n%%EOF\n")}, nil
		}
	}
	return nil, gateway(http.StatusForbidden, "FORBIDDEN", "The address is wrong or no longer good")
}
