package lighttest

import "strconv"

// checkNumber refuses an invoice number that another invoice of the entity has: 409 (?).
func (s *Sim) checkNumber(v *Invoice) *failure {
	if owner, taken := s.numbers[numberKey(v)]; taken && v.InvoiceNumber != "" && owner != v.ID {
		return conflict("invoiceNumber %s is already used in this entity", v.InvoiceNumber)
	}
	return nil
}

func (s *Sim) keepNumber(old string, v *Invoice) {
	delete(s.numbers, old)
	if v.InvoiceNumber != "" {
		s.numbers[numberKey(v)] = v.ID
	}
}

func numberKey(v *Invoice) string { return string(v.CompanyEntityID) + "|" + string(v.InvoiceNumber) }

// nextNumber continues the entity's sequence, stepping over numbers people gave.
func (s *Sim) nextNumber(v *Invoice) Text {
	probe := *v
	for {
		probe.InvoiceNumber = Text(strconv.FormatInt(s.seedNumber[string(v.CompanyEntityID)], 10))
		s.seedNumber[string(v.CompanyEntityID)]++
		if _, taken := s.numbers[numberKey(&probe)]; !taken {
			return probe.InvoiceNumber
		}
	}
}
