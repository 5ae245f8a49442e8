package lighttest

import (
	"math/big"
	"net/http"
	"slices"
	"time"
)

// InvoiceLine is one line of an invoice; amounts are minor units.
type InvoiceLine struct {
	ID                   string     `json:"id"`
	CompanyID            string     `json:"companyId"`
	InvoiceReceivableID  string     `json:"invoiceReceivableId"`
	ProductID            string     `json:"productId"`
	Quantity             Decimal    `json:"quantity"`
	TaxCodeID            Text       `json:"taxCodeId"`
	AccountID            Text       `json:"accountId"`
	Discount             *Discount  `json:"discount"`
	DiscountAmount       int64      `json:"discountAmount"`
	NetAmount            int64      `json:"netAmount"`
	TaxAmount            int64      `json:"taxAmount"`
	AvataxCode           Text       `json:"avataxCode"`
	BillingStart         Text       `json:"billingStart"`
	BillingEnd           Text       `json:"billingEnd"`
	PriceOverwrite       *int64     `json:"priceOverwrite"`
	ProductNameOverwrite Text       `json:"productNameOverwrite"`
	CreatedAt            Stamp      `json:"createdAt"`
	UpdatedAt            Stamp      `json:"updatedAt"`
	AccrualTemplateID    Text       `json:"accrualTemplateId"`
	AccrualStartDate     Text       `json:"accrualStartDate"`
	AccrualEndDate       Text       `json:"accrualEndDate"`
	CustomProperties     Properties `json:"customProperties"`

	taxIs *int64 // taxAmountOverwrite
}

var invoiceLineShape = shape{
	uuid("productId").required(), number("quantity"), uuid("taxCodeId").orNull(), uuid("accountId").orNull(), invoiceDiscount,
	integer("priceOverwrite").orNull(), text("productNameOverwrite").orNull(), integer("taxAmountOverwrite").orNull(),
	text("avataxCode").orNull(), date("billingStart").orNull(), date("billingEnd").orNull(), uuid("accrualTemplateId").orNull(),
	date("accrualStartDate").orNull(), date("accrualEndDate").orNull(), setProperty,
}

var updateInvoiceLineShape = invoiceLineShape.update("productId")

// newInvoiceLine makes a line of a request, with the product's and the entity's defaults.
func (s *Sim) newInvoiceLine(body fields, on *Invoice, now time.Time) (*InvoiceLine, *failure) {
	at := stampOf(now)
	line := &InvoiceLine{ID: s.newID("invoice line"), CompanyID: s.company.ID, InvoiceReceivableID: on.ID, Quantity: "1",
		CustomProperties: Properties{}, CreatedAt: at, UpdatedAt: at}
	for name, v := range body {
		if v == nil {
			delete(body, name) // null in a create is the same as absent (?)
		}
	}
	if bad := s.applyInvoiceLine(body, line, on); bad != nil {
		return nil, bad
	}
	return line, nil
}

func (s *Sim) applyInvoiceLine(body fields, to *InvoiceLine, on *Invoice) *failure {
	if body.has("productId") {
		if bad := s.takeProduct(to, string(body.text("productId")), on); bad != nil {
			return bad
		}
	}
	body.setDecimal("quantity", &to.Quantity, "1")
	if to.Quantity.rat().Sign() <= 0 {
		return badRequest("quantity", "must be greater than 0")
	}
	body.setText("taxCodeId", &to.TaxCodeID)
	body.setText("accountId", &to.AccountID)
	if to.TaxCodeID != "" && s.taxCode(to.TaxCodeID) == nil {
		return unprocessable("taxCodeId", "no tax code of this id")
	}
	if to.AccountID != "" && !s.hasLedger(to.AccountID) {
		return unprocessable("accountId", "no ledger account of this id")
	}
	if body.has("discount") {
		var bad *failure
		if to.Discount, bad = discountOf(body); bad != nil {
			return bad
		}
	}
	body.setInt("priceOverwrite", &to.PriceOverwrite)
	body.setText("productNameOverwrite", &to.ProductNameOverwrite)
	body.setInt("taxAmountOverwrite", &to.taxIs)
	body.setText("avataxCode", &to.AvataxCode)
	body.setText("billingStart", &to.BillingStart)
	body.setText("billingEnd", &to.BillingEnd)
	body.setText("accrualTemplateId", &to.AccrualTemplateID)
	body.setText("accrualStartDate", &to.AccrualStartDate)
	body.setText("accrualEndDate", &to.AccrualEndDate)
	return s.setProperties(body, "INVOICE", "LINE", &to.CustomProperties)
}

// takeProduct puts a product on a line, its defaults flowing to the line; the entity's tax code stands in where the
// product has none (?).
func (s *Sim) takeProduct(to *InvoiceLine, id string, on *Invoice) *failure {
	p := s.products.get(id)
	switch {
	case p == nil:
		return unprocessable("productId", "no product of this id")
	case p.State == archived && p.ID != to.ProductID:
		return unprocessable("productId", "the product is archived")
	case p.ID == to.ProductID:
		return nil
	}
	to.ProductID, to.AccountID, to.AvataxCode = id, p.DefaultLedgerAccountID, p.DefaultAvataxCode
	to.TaxCodeID = either(p.DefaultTaxID, Text(s.entity(string(on.CompanyEntityID)).tax))
	return nil
}

// reckonInvoice computes every line and the total.
func (s *Sim) reckonInvoice(v *Invoice) *failure {
	total := new(big.Int)
	for n := range v.Lines {
		line := &v.Lines[n]
		price, ok := s.products.get(line.ProductID).price(v.Currency)
		if line.PriceOverwrite != nil {
			price, ok = *line.PriceOverwrite, true
		}
		if !ok {
			return unprocessable(lineAt(n)+".priceOverwrite", "the product has no price in %s", v.Currency)
		}
		rate := new(big.Rat)
		if tax := s.taxCode(line.TaxCodeID); tax != nil {
			rate = tax.Rate.rat()
		}
		sum, ok := reckon(price, line.Quantity, line.Discount, rate, v.AreLinesWithTax, line.taxIs)
		if !ok {
			return unprocessable(lineAt(n), "the line's amount is out of range, or the discount is greater than the line")
		}
		line.DiscountAmount, line.NetAmount, line.TaxAmount = sum.discount, sum.net, sum.tax
		total.Add(total, big.NewInt(sum.net)).Add(total, big.NewInt(sum.tax))
	}
	if !total.IsInt64() {
		return unprocessable("lines", "the total is out of range")
	}
	v.Amount = total.Int64()
	return nil
}

func (s *Sim) createInvoiceLine(c *call) (any, *failure) {
	body, bad := c.read(invoiceLineShape, false)
	if bad != nil {
		return nil, bad
	}
	var made InvoiceLine
	_, bad = s.changeLines(c, func(v *Invoice) *failure {
		line, bad := s.newInvoiceLine(body, v, c.now)
		if bad != nil {
			return bad
		}
		v.Lines = append(v.Lines, *line)
		made = *line
		return nil
	})
	return s.lineAnswer(c, made.ID, bad)
}

func (s *Sim) updateInvoiceLine(c *call) (any, *failure) {
	body, bad := c.read(updateInvoiceLineShape, false)
	if bad != nil {
		return nil, bad
	}
	_, bad = s.changeLines(c, func(v *Invoice) *failure {
		n := slices.IndexFunc(v.Lines, func(l InvoiceLine) bool { return l.ID == c.vars["lineId"] })
		if n < 0 {
			return notFound("Invoice receivable line")
		}
		v.Lines[n].UpdatedAt = v.Lines[n].UpdatedAt.after(c.now)
		return s.applyInvoiceLine(body, &v.Lines[n], v)
	})
	return s.lineAnswer(c, c.vars["lineId"], bad)
}

func (s *Sim) deleteInvoiceLine(c *call) (any, *failure) {
	_, bad := s.changeLines(c, func(v *Invoice) *failure {
		before := len(v.Lines)
		v.Lines = slices.DeleteFunc(v.Lines, func(l InvoiceLine) bool { return l.ID == c.vars["lineId"] })
		if len(v.Lines) == before {
			return notFound("Invoice receivable line")
		}
		return nil
	})
	if bad != nil {
		return nil, bad
	}
	return reply{status: http.StatusNoContent}, nil
}

// changeLines edits a draft's lines and computes it anew.
func (s *Sim) changeLines(c *call, edit func(*Invoice) *failure) (*Invoice, *failure) {
	return s.editInvoice(c.vars["invoiceReceivableId"], c.now, c.actor.user, func(v *Invoice) *failure {
		if v.State != Draft {
			return conflict("lines cannot be changed in state %s", v.State)
		}
		if bad := edit(v); bad != nil {
			return bad
		}
		return s.reckonInvoice(v)
	})
}

func (s *Sim) lineAnswer(c *call, id string, bad *failure) (any, *failure) {
	if bad != nil {
		return nil, bad
	}
	for _, line := range s.viewInvoice(s.invoices.get(c.vars["invoiceReceivableId"])).Lines {
		if line.ID == id {
			return line, nil
		}
	}
	return gone("Invoice receivable line")
}
