package lighttest

func (s *Sim) viewInvoice(i *Invoice) Invoice {
	out := *i
	out.CustomProperties = s.shown(i.CustomProperties)
	out.Lines = make([]InvoiceLine, len(i.Lines))
	for n, l := range i.Lines {
		l.CustomProperties = s.shown(l.CustomProperties)
		out.Lines[n] = l
	}
	return out
}

func (s *Sim) listInvoices(c *call) (any, *failure) {
	return listRows(s, c, s.invoices, invoiceListing, func(v *Invoice) any {
		out := *v
		out.CustomProperties, out.Lines = s.shown(v.CustomProperties), nil
		return out
	})
}

var invoiceListing = func() listing[Invoice] {
	type I = Invoice
	text := func(get func(*I) Text) column[I] { return textOf(get) }
	entity := text(func(i *I) Text { return i.CompanyEntityID })
	due := text(func(i *I) Text { return i.DueDate })
	issued := text(func(i *I) Text { return i.InvoiceDate })
	effective := text(func(i *I) Text { return i.EffectiveInvoiceDate })
	posting := text(func(i *I) Text { return i.PostingDate })
	state := text(func(i *I) Text { return Text(i.State) })
	number := text(func(i *I) Text { return i.InvoiceNumber })
	opened := momentOf(func(i *I) Stamp { return i.OpenedAt })
	updated := momentOf(func(i *I) Stamp { return i.UpdatedAt })
	return listing[I]{
		filters: map[string]column[I]{
			"companyEntityId": entity, "contractId": text(func(i *I) Text { return i.ContractID }),
			"currency": text(func(i *I) Text { return Text(i.Currency) }), "customerId": text(func(i *I) Text { return i.CustomerID }),
			"invoiceTemplateId":  text(func(i *I) Text { return i.InvoiceTemplateID }),
			"payeeBankAccountId": text(func(i *I) Text { return i.PayeeBankAccountID }),
			"paymentType":        text(func(i *I) Text { return i.PaymentType }), "openedAt": opened,
			"documentNumber": number, "documentStatus": state, "dueDate": due, "effectiveInvoiceDate": effective,
			"einvoiceStatus": nothing[I](), "id": text(func(i *I) Text { return Text(i.ID) }), "invoiceDate": issued,
			"postingDate": posting, "state": state, "updatedAt": updated,
		},
		sorts: map[string]column[I]{
			"amount": numberOf(func(i *I) *int64 { return &i.Amount }), "companyEntityId": entity,
			"createdAt": momentOf(func(i *I) Stamp { return i.CreatedAt }), "description": text(func(i *I) Text { return i.Description }),
			"customer": {get: func(s *Sim, i *I) cell {
				if c := s.customers.get(string(i.CustomerID)); c != nil {
					return cell{Text: c.Name}
				}
				return cell{Null: true}
			}},
			"dueDate": due, "effectiveInvoiceDate": effective, "invoiceDate": issued, "invoiceNumber": number, "openedAt": opened,
			"postingDate": posting, "state": state, "updatedAt": updated,
		},
		id:   func(i *I) string { return i.ID },
		born: func(i *I) Stamp { return i.CreatedAt },
	}
}()

func (s *Sim) getInvoice(c *call) (any, *failure) {
	v := find(s, s.invoices, c.vars["invoiceReceivableId"], c.now)
	if v == nil {
		return gone("Invoice receivable")
	}
	return s.viewInvoice(v), nil
}
