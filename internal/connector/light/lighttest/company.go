package lighttest

import (
	"slices"
	"time"
)

// Company is what GET /v1/companies/current answers.
type Company struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	InvoiceEmail string `json:"invoiceEmail"`
	ReceiptEmail Text   `json:"receiptEmail"`
	BaseCurrency string `json:"baseCurrency"`
	CreatedAt    Stamp  `json:"createdAt"`
	UpdatedAt    Stamp  `json:"updatedAt"`
}

// Address is a postal address; what was not given is absent.
type Address struct {
	Country string `json:"country,omitempty"`
	City    string `json:"city,omitempty"`
	State   string `json:"state,omitempty"`
	Zipcode string `json:"zipcode,omitempty"`
	Street  string `json:"street,omitempty"`
	Street2 string `json:"street2,omitempty"`
}

// Entity is one legal entity of the company.
type Entity struct {
	ID                string   `json:"id"`
	CompanyID         string   `json:"companyId"`
	Code              string   `json:"code"`
	LocalCurrency     string   `json:"localCurrency"`
	DisplayName       string   `json:"displayName"`
	VATNumber         string   `json:"vatNumber,omitempty"`
	Name              string   `json:"name"`
	Address           *Address `json:"address,omitempty"`
	Status            string   `json:"status"`
	SeedInvoiceNumber int64    `json:"seedInvoiceNumber"`
	CreatedAt         Stamp    `json:"createdAt"`
	UpdatedAt         Stamp    `json:"updatedAt"`

	tax string // id of the tax code for lines that name none
}

// TaxCode is a rate in per cent. Light's API lists no tax codes; a person copies the id from Light's screens.
type TaxCode struct {
	ID    string
	Label string
	Rate  Decimal
}

// BankAccount is one account of an entity.
type BankAccount struct {
	ID                 string `json:"id"`
	CompanyID          string `json:"companyId"`
	CompanyEntityID    string `json:"companyEntityId"`
	Name               string `json:"name"`
	Type               string `json:"type"`
	BankProvider       string `json:"bankProvider"`
	PaymentEligibility string `json:"paymentSchedulingEligibility"`
	IBAN               Text   `json:"iban"`
	BIC                Text   `json:"bic"`
	Currency           string `json:"currency"`
	BankCountry        string `json:"bankCountry"`
	BankName           string `json:"bankName"`
	LedgerAccountCode  int64  `json:"ledgerAccountCode"`
	CreatedAt          Stamp  `json:"createdAt"`
}

// LedgerAccount is one account of the chart.
type LedgerAccount struct {
	ID                 string    `json:"id"`
	CompanyID          string    `json:"companyId"`
	BankAccountID      Text      `json:"bankAccountId"`
	Code               int64     `json:"code"`
	Label              string    `json:"label"`
	Type               string    `json:"type"`
	Status             string    `json:"status"`
	Context            Text      `json:"context"`
	RevaluateFxBalance bool      `json:"revaluateFxBalance"`
	CompanyEntities    []*Entity `json:"companyEntities"`
	CreatedAt          Stamp     `json:"createdAt"`
	UpdatedAt          Stamp     `json:"updatedAt"`
}

func (s *Sim) seedCompany(now time.Time) {
	made := stampOf(now.Add(-365 * 24 * time.Hour))
	s.company = Company{ID: s.newID("company"), Name: "Larch Group", InvoiceEmail: "invoices@larch.example",
		BaseCurrency: "EUR", CreatedAt: made, UpdatedAt: made}
	for _, tax := range []struct{ label, rate string }{{"DE VAT 19 %", "19"}, {"DE VAT 7 %", "7"}, {"US sales tax 8 %", "8"}, {"Zero rated", "0"}} {
		s.taxes = append(s.taxes, TaxCode{s.newID("tax"), tax.label, Decimal(tax.rate)})
	}
	for _, e := range []struct {
		code, name, currency, country, vat string
		tax                                int
	}{
		{"DE01", "Larch GmbH", "EUR", "DE", "DE000000000", 0},
		{"US01", "Larch Inc.", "USD", "US", "", 2},
	} {
		entity := Entity{ID: s.newID("entity"), CompanyID: s.company.ID, Code: e.code, LocalCurrency: e.currency, DisplayName: e.name,
			Name: e.name, VATNumber: e.vat, Address: &Address{Country: e.country}, Status: "ACTIVE", SeedInvoiceNumber: 1000,
			CreatedAt: made, UpdatedAt: made, tax: s.taxes[e.tax].ID}
		s.entities = append(s.entities, entity)
		s.seedNumber[entity.ID] = entity.SeedInvoiceNumber
		s.banks = append(s.banks, BankAccount{ID: s.newID("bank"), CompanyID: s.company.ID, CompanyEntityID: entity.ID,
			Name: "Operating " + e.currency, Type: "VIRTUAL", BankProvider: "AIRWALLEX", PaymentEligibility: "INELIGIBLE",
			Currency: e.currency, BankCountry: e.country, BankName: "Operating bank", LedgerAccountCode: 1200, CreatedAt: made})
	}
	for _, a := range []struct {
		code        int64
		label, kind string
	}{{1200, "Bank", "BANK"}, {1400, "Trade receivables", "ACCOUNTS_RECEIVABLE"}, {4000, "Service revenue", "REVENUE"}, {4100, "Licence revenue", "REVENUE"}} {
		account := LedgerAccount{ID: s.newID("ledger"), CompanyID: s.company.ID, Code: a.code, Label: a.label, Type: a.kind,
			Status: "ACTIVE", CreatedAt: made, UpdatedAt: made}
		for i := range s.entities {
			account.CompanyEntities = append(account.CompanyEntities, &s.entities[i])
		}
		s.ledger = append(s.ledger, account)
	}
	s.seedGroups(made)
}

func (s *Sim) entity(id string) *Entity {
	for i := range s.entities {
		if s.entities[i].ID == id {
			return &s.entities[i]
		}
	}
	return nil
}

func (s *Sim) taxCode(id Text) *TaxCode {
	for i := range s.taxes {
		if s.taxes[i].ID == string(id) {
			return &s.taxes[i]
		}
	}
	return nil
}

func (s *Sim) currentCompany(*call) (any, *failure) { return s.company, nil }

func (s *Sim) listBanks(*call) (any, *failure) { return s.banks, nil }

func pointers[T any](all []T) []*T {
	out := make([]*T, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out
}

func (s *Sim) listEntities(c *call) (any, *failure) {
	code := textOf(func(e *Entity) Text { return Text(e.Code) })
	name := textOf(func(e *Entity) Text { return Text(e.Name) })
	display := textOf(func(e *Entity) Text { return Text(e.DisplayName) })
	status := textOf(func(e *Entity) Text { return Text(e.Status) })
	created := momentOf(func(e *Entity) Stamp { return e.CreatedAt })
	return listSlice(s, c, pointers(s.entities), listing[Entity]{
		filters: map[string]column[Entity]{
			"id": textOf(func(e *Entity) Text { return Text(e.ID) }), "code": code, "name": name, "displayName": display,
			"country": textOf(func(e *Entity) Text { return Text(e.Address.Country) }), "status": status,
			"createdAt": created, "updatedAt": momentOf(func(e *Entity) Stamp { return e.UpdatedAt }),
		},
		sorts: map[string]column[Entity]{
			"code": code, "createdAt": created, "displayName": display, "name": name, "status": status,
			"localCurrency": textOf(func(e *Entity) Text { return Text(e.LocalCurrency) }), "sortPosition": code,
			"vatNumber": textOf(func(e *Entity) Text { return Text(e.VATNumber) }),
		},
		id: func(e *Entity) string { return e.ID }, born: func(e *Entity) Stamp { return e.CreatedAt },
	}, func(e *Entity) any { return e })
}

func (s *Sim) listLedger(c *call) (any, *failure) {
	all := pointers(s.ledger)
	switch feature := c.request.URL.Query().Get("ledgerFeature"); feature {
	case "", "ALL":
	case "INVOICE_RECEIVABLES":
		all = slices.DeleteFunc(all, func(a *LedgerAccount) bool { return a.Type != "REVENUE" })
	default:
		all = nil // the simulator has accounts for sales only
	}
	code := numberOf(func(a *LedgerAccount) *int64 { return &a.Code })
	kind := textOf(func(a *LedgerAccount) Text { return Text(a.Type) })
	status := textOf(func(a *LedgerAccount) Text { return Text(a.Status) })
	created := momentOf(func(a *LedgerAccount) Stamp { return a.CreatedAt })
	updated := momentOf(func(a *LedgerAccount) Stamp { return a.UpdatedAt })
	return listSlice(s, c, all, listing[LedgerAccount]{
		filters: map[string]column[LedgerAccount]{
			"id": textOf(func(a *LedgerAccount) Text { return Text(a.ID) }), "code": code, "status": status, "type": kind,
			"companyEntityId": anyOf(func(_ *Sim, a *LedgerAccount) []string {
				var ids []string
				for _, e := range a.CompanyEntities {
					ids = append(ids, e.ID)
				}
				return ids
			}),
			"sourceType": nothing[LedgerAccount](), "category": nothing[LedgerAccount](), "createdAt": created, "updatedAt": updated,
		},
		sorts: map[string]column[LedgerAccount]{
			"code": code, "label": textOf(func(a *LedgerAccount) Text { return Text(a.Label) }),
			"context": textOf(func(a *LedgerAccount) Text { return a.Context }), "type": kind, "status": status,
			"category": nothing[LedgerAccount](), "createdAt": created, "updatedAt": updated,
		},
		id: func(a *LedgerAccount) string { return a.ID }, born: func(a *LedgerAccount) Stamp { return a.CreatedAt },
	}, func(a *LedgerAccount) any { return a })
}
