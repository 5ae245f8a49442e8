package lighttest

import (
	"math/big"
	"net/http"
	"slices"
	"time"
)

// ContractLine is one line of a contract.
type ContractLine struct {
	ID                    string     `json:"id"`
	CompanyID             string     `json:"companyId"`
	ContractID            string     `json:"contractId"`
	ProductID             string     `json:"productId"`
	BillingStart          Text       `json:"billingStart"`
	BillingEnd            Text       `json:"billingEnd"`
	BillingRecurrence     string     `json:"billingRecurrence"`
	AccountID             Text       `json:"accountId"`
	TaxCodeID             Text       `json:"taxCodeId"`
	AvataxCode            Text       `json:"avataxCode"`
	Discount              *Discount  `json:"discount"`
	Quantity              Decimal    `json:"quantity"`
	PriceOverwrite        *int64     `json:"priceOverwrite"`
	ProductNameOverwrite  Text       `json:"productNameOverwrite"`
	AmortizationTemplate  Text       `json:"amortizationTemplateId"`
	AmortizationStartDate Text       `json:"amortizationStartDate"`
	AmortizationEndDate   Text       `json:"amortizationEndDate"`
	AIValueSuggestions    []string   `json:"aiValueSuggestions"` // always null here
	CustomProperties      Properties `json:"customProperties"`
	CreatedAt             Stamp      `json:"createdAt"`
	UpdatedAt             Stamp      `json:"updatedAt"`
}

var contractLineShape = shape{
	uuid("productId").required(), date("billingStart").orNull(), date("billingEnd").orNull(), enum("billingRecurrence", recurrences).orNull(),
	uuid("accountId").orNull(), uuid("taxCodeId").orNull(), text("avataxCode").orNull(), contractDiscount, number("quantity").orNull(),
	integer("priceOverwrite").orNull(), text("productNameOverwrite").orNull(), setProperty, uuid("amortizationTemplateId").orNull(),
	date("amortizationStartDate").orNull(), date("amortizationEndDate").orNull(),
}

// updateContractLineShape lacks avataxCode: Light's document has it on creation only.
var updateContractLineShape = slices.DeleteFunc(contractLineShape.update("productId"), func(f field) bool { return f.name == "avataxCode" })

func (s *Sim) newContractLine(body fields, on *Contract, now time.Time) (*ContractLine, *failure) {
	at := stampOf(now)
	line := &ContractLine{ID: s.newID("contract line"), CompanyID: s.company.ID, ContractID: on.ID, Quantity: "1",
		CustomProperties: Properties{}, CreatedAt: at, UpdatedAt: at}
	for name, v := range body {
		if v == nil {
			delete(body, name) // null in a create is the same as absent (?)
		}
	}
	if bad := s.applyContractLine(body, line, on); bad != nil {
		return nil, bad
	}
	return line, nil
}

func (s *Sim) applyContractLine(body fields, to *ContractLine, on *Contract) *failure {
	if body.has("productId") {
		if bad := s.takeContractProduct(to, string(body.text("productId")), on); bad != nil {
			return bad
		}
	}
	if body.has("billingRecurrence") {
		to.BillingRecurrence = string(either(body.text("billingRecurrence"), Text(s.products.get(to.ProductID).BillingRecurrence)))
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
	body.setText("billingStart", &to.BillingStart)
	body.setText("billingEnd", &to.BillingEnd)
	if to.BillingStart != "" && to.BillingEnd != "" && to.BillingEnd < to.BillingStart {
		return unprocessable("billingEnd", "must not be before billingStart")
	}
	body.setText("avataxCode", &to.AvataxCode)
	body.setInt("priceOverwrite", &to.PriceOverwrite)
	body.setText("productNameOverwrite", &to.ProductNameOverwrite)
	body.setText("amortizationTemplateId", &to.AmortizationTemplate)
	body.setText("amortizationStartDate", &to.AmortizationStartDate)
	body.setText("amortizationEndDate", &to.AmortizationEndDate)
	return s.setProperties(body, "CONTRACT", "LINE", &to.CustomProperties)
}

func (s *Sim) takeContractProduct(to *ContractLine, id string, on *Contract) *failure {
	p := s.products.get(id)
	switch {
	case p == nil:
		return unprocessable("productId", "no product of this id")
	case p.ID == to.ProductID:
		return nil
	case p.State == archived:
		return unprocessable("productId", "the product is archived")
	}
	to.ProductID, to.AccountID, to.AvataxCode, to.BillingRecurrence = id, p.DefaultLedgerAccountID, p.DefaultAvataxCode, p.BillingRecurrence
	to.TaxCodeID = either(p.DefaultTaxID, Text(s.entity(string(on.CompanyEntityID)).tax))
	return nil
}

// checkPrices refuses a line whose product has no price in the contract's currency and none of its own, and an
// impossible discount.
func (s *Sim) checkPrices(k *Contract) *failure {
	for n, line := range k.Lines {
		price, ok := s.linePrice(k, line)
		if !ok {
			return unprocessable(lineAt(n)+".priceOverwrite", "the product has no price in %s", k.Currency)
		}
		if _, ok := reckon(price, line.Quantity, line.Discount, new(big.Rat), false, nil); !ok {
			return unprocessable(lineAt(n), "the line's amount is out of range, or the discount is greater than the line")
		}
	}
	return nil
}

func (s *Sim) linePrice(k *Contract, line ContractLine) (int64, bool) {
	if line.PriceOverwrite != nil {
		return *line.PriceOverwrite, true
	}
	return s.products.get(line.ProductID).price(k.Currency)
}

func (s *Sim) createContractLine(c *call) (any, *failure) {
	body, bad := c.read(contractLineShape, false)
	if bad != nil {
		return nil, bad
	}
	id := ""
	bad = s.changeContractLines(c, func(v *Contract) *failure {
		line, bad := s.newContractLine(body, v, c.now)
		if bad != nil {
			return bad
		}
		id = line.ID
		v.Lines = append(v.Lines, *line)
		return nil
	})
	return s.contractLineAnswer(c, id, bad)
}

func (s *Sim) updateContractLine(c *call) (any, *failure) {
	body, bad := c.read(updateContractLineShape, false)
	if bad != nil {
		return nil, bad
	}
	bad = s.changeContractLines(c, func(v *Contract) *failure {
		n := slices.IndexFunc(v.Lines, func(l ContractLine) bool { return l.ID == c.vars["lineId"] })
		if n < 0 {
			return notFound("Contract line")
		}
		v.Lines[n].UpdatedAt = v.Lines[n].UpdatedAt.after(c.now)
		return s.applyContractLine(body, &v.Lines[n], v)
	})
	return s.contractLineAnswer(c, c.vars["lineId"], bad)
}

func (s *Sim) deleteContractLine(c *call) (any, *failure) {
	bad := s.changeContractLines(c, func(v *Contract) *failure {
		before := len(v.Lines)
		v.Lines = slices.DeleteFunc(v.Lines, func(l ContractLine) bool { return l.ID == c.vars["lineId"] })
		if len(v.Lines) == before {
			return notFound("Contract line")
		}
		return nil
	})
	if bad != nil {
		return nil, bad
	}
	return reply{status: http.StatusNoContent}, nil
}

func (s *Sim) changeContractLines(c *call, edit func(*Contract) *failure) *failure {
	_, bad := s.editContract(c.vars["contractId"], c.now, func(v *Contract) *failure {
		if !v.editable() {
			return conflict("lines cannot be changed in state %s", v.State)
		}
		if bad := edit(v); bad != nil {
			return bad
		}
		return s.checkPrices(v)
	})
	return bad
}

func (s *Sim) contractLineAnswer(c *call, id string, bad *failure) (any, *failure) {
	if bad != nil {
		return nil, bad
	}
	for _, line := range s.viewContract(s.contracts.get(c.vars["contractId"])).Lines {
		if line.ID == id {
			return line, nil
		}
	}
	return gone("Contract line")
}
