package lighttest

import "time"

// publishContract makes a contract ACTIVE and bills what is due.
func (s *Sim) publishContract(c *call) (any, *failure) {
	out, bad := s.changeContract(c, func(v *Contract) *failure {
		if !v.editable() {
			return conflict("a contract in state %s cannot be published", v.State)
		}
		for name, value := range map[string]Text{"customerId": v.CustomerID, "startDate": v.StartDate} {
			if value == "" {
				return unprocessable(name, "a contract needs it to be published")
			}
		}
		if len(v.Lines) == 0 {
			return unprocessable("lines", "a contract needs a line to be published")
		}
		if name := s.missing(v.CustomProperties, "CONTRACT", "HEADER"); name != "" {
			return unprocessable("customProperties", "%s is required", name)
		}
		if bad := s.checkReferences(v.CompanyEntityID, "", v.CustomerID); bad != nil {
			return bad
		}
		v.State, v.ActivatedAt = Active, stampOf(c.now)
		return nil
	})
	if bad == nil {
		s.bill(s.contracts.get(c.vars["contractId"]), c.now)
	}
	return out, bad
}

// terminateContract ends a contract today, or later when a future day is given.
func (s *Sim) terminateContract(c *call) (any, *failure) {
	body, bad := c.read(shape{date("terminationDate").orNull(), text("terminationReason").orNull()}, true)
	if bad != nil {
		return nil, bad
	}
	return s.changeContract(c, func(v *Contract) *failure {
		if v.State != Active {
			return conflict("a contract in state %s cannot be terminated", v.State)
		}
		v.TerminationReason = body.text("terminationReason")
		if day := body.text("terminationDate"); day > today(c.now) {
			v.State, v.endsOn = PendingTermination, day
			s.wakeAt(dayStart(day))
			return nil
		}
		v.State, v.TerminatedAt = Terminated, stampOf(c.now)
		return nil
	})
}

func (s *Sim) cancelTermination(c *call) (any, *failure) {
	return s.changeContract(c, func(v *Contract) *failure {
		if v.State != PendingTermination {
			return conflict("a contract in state %s has no termination to cancel", v.State)
		}
		v.State, v.endsOn, v.TerminationReason = Active, "", ""
		return nil
	})
}

func (s *Sim) renewContract(c *call) (any, *failure) {
	body, bad := c.read(shape{date("nextEndDate").required(), date("nextRenewalDate").orNull()}, false)
	if bad != nil {
		return nil, bad
	}
	out, bad := s.changeContract(c, func(v *Contract) *failure {
		if v.State != Active {
			return conflict("a contract in state %s cannot be renewed", v.State)
		}
		if body.text("nextEndDate") <= v.EndDate {
			return unprocessable("nextEndDate", "must be after the present end date")
		}
		v.EndDate = body.text("nextEndDate")
		body.setText("nextRenewalDate", &v.RenewalDate)
		return nil
	})
	if bad == nil {
		s.bill(s.contracts.get(c.vars["contractId"]), c.now)
	}
	return out, bad
}

// resetContract takes a contract back to CREATED; the drafts it made are archived, and one that is open refuses (?).
func (s *Sim) resetContract(c *call) (any, *failure) {
	v := s.contracts.get(c.vars["contractId"])
	if v == nil {
		return gone("Contract")
	}
	var drafts []string
	for _, r := range s.invoices.rows {
		switch {
		case string(r.now.ContractID) != v.ID || r.now.State == Archived:
		case r.now.State == Draft:
			drafts = append(drafts, r.id)
		default:
			return nil, conflict("an invoice of this contract is %s", r.now.State)
		}
	}
	for _, id := range drafts {
		// Archiving a draft cannot be refused.
		s.editInvoice(id, c.now, c.actor.user, func(i *Invoice) *failure { i.State = Archived; return nil })
	}
	return s.changeContract(c, func(v *Contract) *failure {
		v.State, v.ActivatedAt, v.TerminatedAt, v.TerminationReason, v.endsOn = Created, Stamp{}, Stamp{}, "", ""
		v.billed = map[string]int{}
		return nil
	})
}

// advanceContracts bills what has fallen due, up to a termination's day, and then ends what ends.
func (s *Sim) advanceContracts(now time.Time) {
	for _, r := range s.contracts.rows {
		s.bill(r.now, now)
		if r.now.State != PendingTermination {
			continue
		}
		if r.now.endsOn > today(now) {
			s.wakeAt(dayStart(r.now.endsOn))
		} else {
			s.endContract(r.now)
		}
	}
}

func (s *Sim) endContract(k *Contract) {
	at := dayStart(k.endsOn)
	// Ending at a day that has come cannot be refused.
	s.editContract(k.ID, at, func(v *Contract) *failure {
		v.State, v.TerminatedAt, v.endsOn = Terminated, stampOf(at), ""
		return nil
	})
}

func dayStart(day Text) time.Time {
	t, err := time.Parse(dayLayout, string(day))
	if err != nil {
		panic(err) // days are checked when they come in
	}
	return t
}

// contractUpload answers a place to put a contract's document; nothing is kept of what is put there.
func (s *Sim) contractUpload(c *call) (any, *failure) {
	body, bad := c.read(shape{text("filename").required()}, false)
	if bad != nil {
		return nil, bad
	}
	k := find(s, s.contracts, c.vars["contractId"], c.now)
	if k == nil {
		return gone("Contract")
	}
	key := k.ID + "/" + string(body.text("filename"))
	return map[string]any{"uploadUrl": c.origin() + "/files/" + s.newID("upload"), "key": key, "metadata": map[string]string{}}, nil
}
