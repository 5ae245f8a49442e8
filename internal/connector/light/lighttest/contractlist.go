package lighttest

func (s *Sim) viewContract(k *Contract) Contract {
	out := *k
	out.CustomProperties = s.shown(k.CustomProperties)
	out.Lines = make([]ContractLine, len(k.Lines))
	for n, l := range k.Lines {
		l.CustomProperties = s.shown(l.CustomProperties)
		out.Lines[n] = l
	}
	return out
}

func (s *Sim) listContracts(c *call) (any, *failure) {
	return listRows(s, c, s.contracts, contractListing, func(v *Contract) any {
		out := *v
		out.CustomProperties, out.Lines = s.shown(v.CustomProperties), nil
		return out
	})
}

// contractListing has no filters: the API document names operators but no field.
var contractListing = func() listing[Contract] {
	type K = Contract
	text := func(get func(*K) Text) column[K] { return textOf(get) }
	return listing[K]{
		filters: map[string]column[K]{},
		sorts: map[string]column[K]{
			"activatedAt":     momentOf(func(k *K) Stamp { return k.ActivatedAt }),
			"companyEntityId": text(func(k *K) Text { return k.CompanyEntityID }),
			"companyEntityName": {get: func(s *Sim, k *K) cell {
				return cell{Text: s.entity(string(k.CompanyEntityID)).Name}
			}},
			"createdAt":  momentOf(func(k *K) Stamp { return k.CreatedAt }),
			"customerId": text(func(k *K) Text { return k.CustomerID }),
			"customerName": {get: func(s *Sim, k *K) cell {
				if c := s.customers.get(string(k.CustomerID)); c != nil {
					return cell{Text: c.Name}
				}
				return cell{Null: true}
			}},
			"description":     text(func(k *K) Text { return k.Description }),
			"endDate":         text(func(k *K) Text { return k.EndDate }),
			"estimatedAmount": numberOf(func(k *K) *int64 { return k.EstimatedAmount }),
			"renewalDate":     text(func(k *K) Text { return k.RenewalDate }),
			"startDate":       text(func(k *K) Text { return k.StartDate }),
			"state":           text(func(k *K) Text { return Text(k.State) }),
			"terminatedAt":    momentOf(func(k *K) Stamp { return k.TerminatedAt }),
		},
		id:   func(k *K) string { return k.ID },
		born: func(k *K) Stamp { return k.CreatedAt },
	}
}()

func (s *Sim) getContract(c *call) (any, *failure) {
	v := find(s, s.contracts, c.vars["contractId"], c.now)
	if v == nil {
		return gone("Contract")
	}
	return s.viewContract(v), nil
}
