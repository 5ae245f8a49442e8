package lighttest

import (
	"slices"
	"time"
)

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
