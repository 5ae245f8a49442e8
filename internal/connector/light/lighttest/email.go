package lighttest

import (
	"net/http"
	"slices"
	"time"
)

// Email is an e-mail Light sent with an invoice.
type Email struct {
	InvoiceID  string
	Subject    string
	ReplyTo    string
	Recipients []string
	CC         []string
	At         time.Time
}

var emailShape = shape{
	text("subject").required(), text("replyTo").required(), list("recipients", email("")).required(),
	list("cc", email("").orNull()).orNull(), text("customMessage").orNull(),
}

func emailOf(id string, info fields, now time.Time) *Email {
	return &Email{id, string(info.text("subject")), string(info.text("replyTo")), info.texts("recipients"), info.texts("cc"), now}
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
