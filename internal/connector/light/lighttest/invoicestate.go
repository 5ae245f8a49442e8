package lighttest

import (
	"net/http"
	"slices"
	"time"
)

// opening is what an invoice in OPEN_IN_PROGRESS is waiting for.
type opening struct {
	due  time.Time
	fail string // message of the failure it will end in
	mail *Email // to send when open
	user string
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
