package lighttest

import (
	"slices"
	"time"
)

// The functions of this file let a test look at the truth, past stale reads, lags and limits. All of them answer copies.

// Customers gives every customer, oldest first.
func (s *Sim) Customers() []Customer { return every(s, s.customers, s.viewCustomer) }

// Products gives every product, oldest first.
func (s *Sim) Products() []Product { return every(s, s.products, s.viewProduct) }

// Invoices gives every invoice with its lines, oldest first.
func (s *Sim) Invoices() []Invoice { return every(s, s.invoices, s.viewInvoice) }

// Contracts gives every contract with its lines, oldest first.
func (s *Sim) Contracts() []Contract { return every(s, s.contracts, s.viewContract) }

// Customer gives one customer; ok is false when there is none of this id.
func (s *Sim) Customer(id string) (Customer, bool) { return one(s, s.customers, id, s.viewCustomer) }

// Product gives one product.
func (s *Sim) Product(id string) (Product, bool) { return one(s, s.products, id, s.viewProduct) }

// Invoice gives one invoice with its lines.
func (s *Sim) Invoice(id string) (Invoice, bool) { return one(s, s.invoices, id, s.viewInvoice) }

// Contract gives one contract with its lines.
func (s *Sim) Contract(id string) (Contract, bool) { return one(s, s.contracts, id, s.viewContract) }

// Counts are how many records there are.
type Counts struct{ Customers, Products, Invoices, Contracts int }

// Counts counts the records of each kind, archived ones too.
func (s *Sim) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(time.Now())
	return Counts{len(s.customers.rows), len(s.products.rows), len(s.invoices.rows), len(s.contracts.rows)}
}

// Payments gives the payments on an invoice.
func (s *Sim) Payments(invoice string) []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.payments[invoice])
}

// Emails gives every e-mail sent, in order.
func (s *Sim) Emails() []Email {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(time.Now())
	return slices.Clone(s.emails)
}

// Entity gives the entity of a code, such as DE01; ok is false when there is none.
func (s *Sim) Entity(code string) (e Entity, ok bool) {
	for _, e := range s.entities {
		if e.Code == code {
			return e, true
		}
	}
	return e, false
}

// Entities gives the legal entities.
func (s *Sim) Entities() []Entity { return slices.Clone(s.entities) }

// TaxCodes gives the tax codes, which no API lists.
func (s *Sim) TaxCodes() []TaxCode { return slices.Clone(s.taxes) }

// BankAccounts gives the bank accounts.
func (s *Sim) BankAccounts() []BankAccount { return slices.Clone(s.banks) }

// LedgerAccounts gives the chart of accounts.
func (s *Sim) LedgerAccounts() []LedgerAccount { return slices.Clone(s.ledger) }

// PropertyGroups gives the custom property groups with their values.
func (s *Sim) PropertyGroups() []PropertyGroup {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []PropertyGroup
	for _, g := range s.groups {
		out = append(out, g.copy())
	}
	return out
}

func every[T any](s *Sim, t *table[T], view func(*T) T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(time.Now())
	out := make([]T, 0, len(t.rows))
	for _, r := range t.rows {
		out = append(out, view(r.now))
	}
	return out
}

func one[T any](s *Sim, t *table[T], id string, view func(*T) T) (out T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(time.Now())
	if v := t.get(id); v != nil {
		return view(v), true
	}
	return out, false
}
