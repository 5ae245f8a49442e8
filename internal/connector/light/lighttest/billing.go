package lighttest

import (
	"maps"
	"slices"
	"time"
)

// months is how far apart the periods of a recurrence start; ONE_TIME has one period.
var months = map[string]int{"MONTHLY": 1, "QUARTERLY": 3, "HALF_YEARLY": 6, "YEARLY": 12}

// maxPeriods bounds the periods of one line that one billing looks at: a contract that starts centuries ago must not
// make invoices without end.
const maxPeriods = 600

// bill makes the draft invoices an ACTIVE contract owes by now (?): one for all lines whose period starts on the same
// day, dated invoiceLeadDays before it. Each line's first period is billed at once, even ahead of its day, so that a
// published contract always shows its first invoices; the following ones come when their day does.
func (s *Sim) bill(k *Contract, now time.Time) {
	if k.State != Active && k.State != PendingTermination {
		return
	}
	due := map[Text][]int{} // lines by the day their period starts
	next := map[string]int{}
	for n, line := range k.Lines {
		done := k.billed[line.ID]
		for done < maxPeriods {
			start, ok := k.period(line, done)
			if !ok {
				break
			}
			if issue := addDays(start, -k.lead()); done > 0 && issue > today(now) {
				s.wakeAt(dayStart(issue))
				break
			}
			due[start] = append(due[start], n)
			done++
		}
		next[line.ID] = done
	}
	if len(due) == 0 {
		return
	}
	for _, start := range slices.Sorted(maps.Keys(due)) {
		s.issue(k, start, due[start], now)
	}
	billed := *k.copy()
	billed.billed = next
	// What a contract has billed is not a change anybody sees: no new updatedAt.
	s.contracts.byID[k.ID].now = &billed
}

func (k *Contract) lead() int64 {
	if k.InvoiceLeadDays == nil {
		return 0
	}
	return *k.InvoiceLeadDays
}

// period gives the first day of a line's n-th period; ok is false when the line has none.
func (k *Contract) period(line ContractLine, n int) (start Text, ok bool) {
	start = either(line.BillingStart, k.BillingStart, k.StartDate)
	step := months[line.BillingRecurrence]
	if step == 0 && n > 0 {
		return "", false
	}
	start = addMonths(start, step*n)
	for _, end := range []Text{line.BillingEnd, k.EndDate, k.endsOn} {
		if end != "" && start > end {
			return "", false
		}
	}
	return start, true
}

// issue enters one draft invoice for the lines whose period starts on a day.
func (s *Sim) issue(k *Contract, start Text, lines []int, now time.Time) {
	v := s.newInvoice(now, "")
	v.ContractID, v.CompanyEntityID, v.CustomerID, v.Currency = Text(k.ID), k.CompanyEntityID, k.CustomerID, k.Currency
	v.AreLinesWithTax, v.PaymentType, v.PayeeBankAccountID, v.InvoiceTemplateID = k.AreLinesWithTax, k.PaymentType, k.PayeeBankAccountID, k.InvoiceTemplateID
	v.Description, v.NetTerms, v.InvoiceDate = k.Description, k.NetTerms, addDays(start, -k.lead())
	v.settleDates()
	for _, n := range lines {
		v.Lines = append(v.Lines, s.billedLine(k, k.Lines[n], start, now))
	}
	if bad := s.reckonInvoice(v); bad != nil {
		panic("a contract's line was checked when it was entered and cannot be computed now") // a fault of the simulator
	}
	if bad := s.enter(v, now); bad != nil {
		panic("a generated invoice has no number that could be taken") // a fault of the simulator
	}
}

func (s *Sim) billedLine(k *Contract, line ContractLine, start Text, now time.Time) InvoiceLine {
	at := stampOf(now)
	price, _ := s.linePrice(k, line) // 0 when the product has lost its price in this currency since
	out := InvoiceLine{ID: s.newID("invoice line"), CompanyID: s.company.ID, ProductID: line.ProductID, Quantity: line.Quantity,
		TaxCodeID: line.TaxCodeID, AccountID: line.AccountID, AvataxCode: line.AvataxCode, PriceOverwrite: &price,
		ProductNameOverwrite: line.ProductNameOverwrite, BillingStart: start, CreatedAt: at, UpdatedAt: at, CustomProperties: Properties{}}
	if step := months[line.BillingRecurrence]; step > 0 {
		out.BillingEnd = addDays(addMonths(start, step), -1)
	}
	if d := line.Discount; d != nil && (d.StartDate == "" || start >= Text(d.StartDate)) && (d.EndDate == "" || start <= Text(d.EndDate)) {
		out.Discount = &Discount{Type: d.Type, Value: d.Value}
	}
	return out
}
