package lighttest

import (
	"slices"
	"strconv"
)

// Product is one product as GET /v1/products/{id} answers it.
type Product struct {
	ID                     string          `json:"id"`
	CompanyID              string          `json:"companyId"`
	Name                   string          `json:"name"`
	PricingType            string          `json:"pricingType"`
	BillingRecurrence      string          `json:"billingRecurrence"`
	Pricings               []Pricing       `json:"pricings"`
	State                  string          `json:"state"` // ACTIVE, ARCHIVED
	DefaultTaxID           Text            `json:"defaultTaxId"`
	DefaultAvataxCode      Text            `json:"defaultAvataxCode"`
	DefaultLedgerAccountID Text            `json:"defaultLedgerAccountId"`
	ExternalSource         *ExternalSource `json:"externalSource"`
	CreatedAt              Stamp           `json:"createdAt"`
	UpdatedAt              Stamp           `json:"updatedAt"`
	CustomProperties       Properties      `json:"customProperties"`
}

// Pricing is a product's price in one currency, in minor units.
type Pricing struct {
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
}

var (
	pricingTypes = []string{"FIXED", "PACKAGE"}
	recurrences  = []string{"ONE_TIME", "MONTHLY", "QUARTERLY", "HALF_YEARLY", "YEARLY"}
)

var createProductShape = shape{
	text("name").required(), enum("pricingType", pricingTypes).required(), enum("billingRecurrence", recurrences).required(),
	list("pricings", object("", shape{currency("currency").required(), integer("amount").required()})).required(),
	text("defaultAvataxCode").orNull(), uuid("defaultTaxId").orNull(), uuid("defaultLedgerAccountId").orNull(), setProperty,
}

var updateProductShape = createProductShape.update("name", "pricingType", "billingRecurrence", "pricings")

func (s *Sim) applyProduct(body fields, to *Product) *failure {
	if body.has("name") && body.text("name") == "" {
		return badRequest("name", "must not be empty")
	}
	body.setString("name", &to.Name)
	body.setString("pricingType", &to.PricingType)
	body.setString("billingRecurrence", &to.BillingRecurrence)
	if body.has("pricings") {
		if bad := setPricings(body, to); bad != nil {
			return bad
		}
	}
	body.setText("defaultAvataxCode", &to.DefaultAvataxCode)
	body.setText("defaultTaxId", &to.DefaultTaxID)
	body.setText("defaultLedgerAccountId", &to.DefaultLedgerAccountID)
	if to.DefaultTaxID != "" && s.taxCode(to.DefaultTaxID) == nil {
		return unprocessable("defaultTaxId", "no tax code of this id")
	}
	if to.DefaultLedgerAccountID != "" && !s.hasLedger(to.DefaultLedgerAccountID) {
		return unprocessable("defaultLedgerAccountId", "no ledger account of this id")
	}
	return s.setProperties(body, "PRODUCT", "HEADER", &to.CustomProperties)
}

// setPricings replaces the whole list (?), one price per currency.
func setPricings(body fields, to *Product) *failure {
	to.Pricings = []Pricing{}
	for i, raw := range body.list("pricings") {
		p := raw.(fields)
		price := Pricing{string(p.text("currency")), p["amount"].(int64)}
		at := "pricings." + strconv.Itoa(i)
		if price.Amount < 0 {
			return badRequest(at+".amount", "must not be negative")
		}
		if _, twice := to.price(price.Currency); twice {
			return badRequest(at+".currency", "the currency is priced twice")
		}
		to.Pricings = append(to.Pricings, price)
	}
	return nil
}

func (p *Product) price(currency string) (int64, bool) {
	for _, one := range p.Pricings {
		if one.Currency == currency {
			return one.Amount, true
		}
	}
	return 0, false
}

func (s *Sim) hasLedger(id Text) bool {
	return slices.ContainsFunc(s.ledger, func(a LedgerAccount) bool { return a.ID == string(id) })
}

func (s *Sim) viewProduct(p *Product) Product {
	out := *p
	out.Pricings = append([]Pricing{}, p.Pricings...)
	out.CustomProperties = s.shown(p.CustomProperties)
	return out
}

func (s *Sim) listProducts(c *call) (any, *failure) {
	return listRows(s, c, s.products, productListing, func(v *Product) any { return s.viewProduct(v) })
}

var productListing = func() listing[Product] {
	type P = Product
	name := textOf(func(p *P) Text { return Text(p.Name) })
	updated := momentOf(func(p *P) Stamp { return p.UpdatedAt })
	return listing[P]{
		filters: map[string]column[P]{
			"id":          textOf(func(p *P) Text { return Text(p.ID) }),
			"name":        name,
			"pricingType": textOf(func(p *P) Text { return Text(p.PricingType) }),
			"recurrence":  textOf(func(p *P) Text { return Text(p.BillingRecurrence) }),
			"state":       textOf(func(p *P) Text { return Text(p.State) }),
			"updatedAt":   updated,
			"invoiceReceivableId": anyOf(func(s *Sim, p *P) []string {
				var ids []string
				for _, r := range s.invoices.rows {
					if slices.ContainsFunc(r.now.Lines, func(l InvoiceLine) bool { return l.ProductID == p.ID }) {
						ids = append(ids, r.id)
					}
				}
				return ids
			}),
		},
		sorts: map[string]column[P]{"name": name, "updatedAt": updated, "createdAt": momentOf(func(p *P) Stamp { return p.CreatedAt })},
		id:    func(p *P) string { return p.ID },
		born:  func(p *P) Stamp { return p.CreatedAt },
	}
}()

func (s *Sim) getProduct(c *call) (any, *failure) {
	v := find(s, s.products, c.vars["productId"], c.now)
	if v == nil {
		return gone("Product")
	}
	return s.viewProduct(v), nil
}

func (s *Sim) createProduct(c *call) (any, *failure) {
	body, bad := c.read(createProductShape, false)
	if bad != nil {
		return nil, bad
	}
	at := stampOf(c.now)
	v := &Product{CompanyID: s.company.ID, State: active, CreatedAt: at, UpdatedAt: at}
	if bad := s.applyProduct(body, v); bad != nil {
		return nil, bad
	}
	v.ID = s.newID("product")
	s.products.add(v.ID, v, c.now)
	return s.viewProduct(v), nil
}

func (s *Sim) updateProduct(c *call) (any, *failure) {
	body, bad := c.read(updateProductShape, false)
	if bad != nil {
		return nil, bad
	}
	return s.changeProduct(c, func(v *Product) *failure {
		if v.State == archived {
			return conflict("an archived product cannot be changed") // (?)
		}
		return s.applyProduct(body, v)
	})
}

// archiveProduct has no way back.
func (s *Sim) archiveProduct(c *call) (any, *failure) {
	if v := s.products.get(c.vars["productId"]); v != nil && v.State == archived {
		return s.viewProduct(v), nil
	}
	return s.changeProduct(c, func(v *Product) *failure { v.State = archived; return nil })
}

func (s *Sim) changeProduct(c *call, edit func(*Product) *failure) (any, *failure) {
	old := s.products.get(c.vars["productId"])
	if old == nil {
		return gone("Product")
	}
	next := old.copy()
	if bad := edit(next); bad != nil {
		return nil, bad
	}
	next.UpdatedAt = old.UpdatedAt.after(c.now)
	s.products.put(old.ID, next, c.now)
	return s.viewProduct(next), nil
}

func (p *Product) copy() *Product {
	out := *p
	out.Pricings = slices.Clone(p.Pricings)
	out.CustomProperties = slices.Clone(p.CustomProperties)
	return &out
}
