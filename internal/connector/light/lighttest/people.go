package lighttest

import (
	"errors"
	"fmt"
	"time"
)

// The functions of this file are what people in Light's own screens, and Light's own integrations, do. They go past
// roles, limits and faults, but keep the ledger's rules; updatedAt moves as with any change.

// personUser is who updatedBy shows for a person.
const personUser = "00000000-0000-4000-8000-000000000001"

// errNone tells that there is no record of the id.
var errNone = errors.New("no record of this id")

// CreateCustomer enters a customer; id, status and stamps are given when empty.
func (s *Sim) CreateCustomer(c Customer) Customer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if c.ID == "" {
		c.ID = s.newID("customer")
	}
	c.Status = string(either(Text(c.Status), active))
	born := stamps(&c.CreatedAt, &c.UpdatedAt, now)
	s.customers.add(c.ID, c.copy(), born)
	return s.viewCustomer(&c)
}

// CreateProduct enters a product; id, state, kind, stamps are given when empty (FIXED, ONE_TIME).
func (s *Sim) CreateProduct(p Product) Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if p.ID == "" {
		p.ID = s.newID("product")
	}
	p.CompanyID = s.company.ID
	p.State = string(either(Text(p.State), active))
	p.PricingType = string(either(Text(p.PricingType), "FIXED"))
	p.BillingRecurrence = string(either(Text(p.BillingRecurrence), "ONE_TIME"))
	born := stamps(&p.CreatedAt, &p.UpdatedAt, now)
	s.products.add(p.ID, p.copy(), born)
	return s.viewProduct(&p)
}

// stamps fills what is empty. A record given a creation date of its own is old: no list lag applies to it.
func stamps(created, updated *Stamp, now time.Time) (born time.Time) {
	if created.IsZero() {
		*created, born = stampOf(now), now
	}
	if updated.IsZero() {
		*updated = *created
	}
	return born
}

// EditCustomer lets a person change a customer, also its status and source.
func (s *Sim) EditCustomer(id string, edit func(*Customer)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.customers.get(id)
	if old == nil {
		return fmt.Errorf("light: edit customer %s: %w", id, errNone)
	}
	next := old.copy()
	edit(next)
	now := time.Now()
	if next.UpdatedAt == old.UpdatedAt {
		next.UpdatedAt = old.UpdatedAt.after(now)
	}
	s.customers.put(id, next, now)
	return nil
}

// EditProduct lets a person change a product.
func (s *Sim) EditProduct(id string, edit func(*Product)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.products.get(id)
	if old == nil {
		return fmt.Errorf("light: edit product %s: %w", id, errNone)
	}
	next := old.copy()
	edit(next)
	now := time.Now()
	if next.UpdatedAt == old.UpdatedAt {
		next.UpdatedAt = old.UpdatedAt.after(now)
	}
	s.products.put(id, next, now)
	return nil
}

// EditInvoice lets a person change an invoice; in DRAFT its lines and total are computed anew.
func (s *Sim) EditInvoice(id string, edit func(*Invoice)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	_, bad := s.editInvoice(id, now, personUser, func(v *Invoice) *failure {
		edit(v)
		v.settleDates()
		if v.State != Draft {
			return nil
		}
		return s.reckonInvoice(v)
	})
	return bad.asError("edit invoice", id)
}

// EditContract lets a person change a contract; one that is CREATED becomes DRAFT.
func (s *Sim) EditContract(id string, edit func(*Contract)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	_, bad := s.editContract(id, now, func(v *Contract) *failure {
		before := v.State
		edit(v)
		if before == Created && v.State == Created {
			v.State = Draft
		}
		return nil
	})
	return bad.asError("edit contract", id)
}

// ArchiveCustomer archives a customer.
func (s *Sim) ArchiveCustomer(id string) error {
	return s.EditCustomer(id, func(c *Customer) { c.Status = archived })
}

// ArchiveProduct archives a product.
func (s *Sim) ArchiveProduct(id string) error {
	return s.EditProduct(id, func(p *Product) { p.State = archived })
}

// OpenInvoice opens a draft; it is OPEN with a number when the call returns.
func (s *Sim) OpenInvoice(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	next, bad := s.editInvoice(id, now, personUser, func(v *Invoice) *failure {
		if bad := s.mayOpen(v); bad != nil {
			return bad
		}
		v.State, v.opening = OpenInProgress, &opening{due: now, user: personUser}
		return nil
	})
	if bad == nil {
		s.finishOpening(next)
	}
	return bad.asError("open invoice", id)
}

// PayInvoice records a payment of all that is open on an invoice.
func (s *Sim) PayInvoice(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	_, bad := s.editInvoice(id, now, personUser, func(v *Invoice) *failure {
		return s.pay(v, s.banks[0].ID, v.Amount-s.paid(v.ID), string(today(now)), now)
	})
	return bad.asError("pay invoice", id)
}

// ReverseInvoice marks an invoice as reversed by a credit note.
func (s *Sim) ReverseInvoice(id string) error {
	return s.EditInvoice(id, func(v *Invoice) { v.State = Reversed })
}

// DeleteContract removes a contract in any state.
func (s *Sim) DeleteContract(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contracts.remove(id)
}

// RequireProperty makes a custom property group required, or not.
func (s *Sim) RequireProperty(internalName string, required bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		if g.InternalName == internalName {
			g.Required = required
			return nil
		}
	}
	return fmt.Errorf("light: require property %s: %w", internalName, errNone)
}

// RemoveGroup takes a custom property group away, as an administrator may before Crosswalk's mark is provisioned.
func (s *Sim) RemoveGroup(internalName string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.groups[:0:0]
	for _, g := range s.groups {
		if g.InternalName != internalName {
			kept = append(kept, g)
		}
	}
	s.groups = kept
}

// SetCustomerSource marks a customer as synchronised by Light's own integration (HUBSPOT, SALESFORCE, ...) at a moment,
// which becomes its updatedAt and, when earlier, its createdAt.
func (s *Sim) SetCustomerSource(id, source, externalID string, at time.Time) error {
	return s.EditCustomer(id, func(c *Customer) {
		c.ExternalSource = &ExternalSource{source, externalID}
		c.UpdatedAt, c.CreatedAt = stampOf(at), earlier(c.CreatedAt, at)
	})
}

// SetProductSource is SetCustomerSource for a product.
func (s *Sim) SetProductSource(id, source, externalID string, at time.Time) error {
	return s.EditProduct(id, func(p *Product) {
		p.ExternalSource = &ExternalSource{source, externalID}
		p.UpdatedAt, p.CreatedAt = stampOf(at), earlier(p.CreatedAt, at)
	})
}

// SetContractSource is SetCustomerSource for a contract; the state stays.
func (s *Sim) SetContractSource(id, source, externalID string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.contracts.get(id)
	if old == nil {
		return fmt.Errorf("light: set source of contract %s: %w", id, errNone)
	}
	next := old.copy()
	next.ExternalSource, next.ExternalID = Text(source), Text(externalID)
	next.UpdatedAt, next.CreatedAt = stampOf(at), earlier(old.CreatedAt, at)
	s.contracts.put(id, next, time.Now())
	return nil
}

func earlier(a Stamp, b time.Time) Stamp {
	if b.Before(a.Time) {
		return stampOf(b)
	}
	return a
}

// asError words a refusal for a test.
func (f *failure) asError(doing, id string) error {
	if f == nil {
		return nil
	}
	message := fmt.Sprint(f.body)
	if body, ok := f.body.(*ErrorBody); ok && len(body.Errors) > 0 {
		message = body.Errors[0].Message
	}
	return fmt.Errorf("light: %s %s: status %d: %s", doing, id, f.status, message)
}
