package salespadtest

import "maps"

// Fields are a record's values as text: what is empty is absent, "true" for a boolean, plain decimals, date-times as
// 2006-01-02T15:04:05.000 (DEX_ROW_TS in UTC, others on the server's clock). User fields stand among them by their names.
type Fields map[string]string

// Record is a record as the database holds it, for an outsider's check: trimmed, whatever its state. Key joins the key's
// parts by "|", such as 001624|PRIMARY or ORDER|ORD1001|16384|0.
type Record struct {
	Resource, Key string
	Fields        Fields
	State         string // of a sales document: Open, Void, History
}

// Get gives one record; ok is false when there is none. Resource is one of Customer, CustomerAddr, Prospect,
// ProspectContact, ItemMaster, PriceLevel, SalesDocument, SalesLineItem, Audit, AAIntegratedEntityLink.
func (s *Sim) Get(resource, key string) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[resource]
	if t == nil || t.get(key) == nil {
		return Record{}, false
	}
	return s.record(s.kinds[resource], t.get(key)), true
}

// All gives every record of a resource, oldest first.
func (s *Sim) All(resource string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[resource] == nil {
		return nil
	}
	var out []Record
	for _, r := range s.tables[resource].rows {
		out = append(out, s.record(s.kinds[resource], r))
	}
	return out
}

// Count is how many records a resource has.
func (s *Sim) Count(resource string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[resource] == nil {
		return 0
	}
	return len(s.tables[resource].rows)
}

// Lines gives a document's lines in order.
func (s *Sim) Lines(docType, num string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.below("SalesLineItem", docType, num)
}

// Audits gives a document's audits, oldest first.
func (s *Sim) Audits(docType, num string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.below("Audit", docType, num)
}

func (s *Sim) below(resource, docType, num string) []Record {
	of := s.tables["SalesDocument"].get(keyOf(docType, num))
	if of == nil {
		return nil
	}
	rows := s.linesOf(of)
	if resource == "Audit" {
		rows = nil
		for _, r := range s.tables["Audit"].having("Sales_Doc_Num", of.vals["Sales_Doc_Num"]) {
			if r.vals["Sales_Doc_Type"] == of.vals["Sales_Doc_Type"] {
				rows = append(rows, r)
			}
		}
	}
	var out []Record
	for _, r := range rows {
		out = append(out, s.record(s.kinds[resource], r))
	}
	return out
}

// InQueue gives the open documents of a queue, oldest first.
func (s *Sim) InQueue(queue string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Record
	for _, r := range s.tables["SalesDocument"].rows {
		if isOpen(r) && fold(r.vals["Sales_Batch"]) == fold(queue) {
			out = append(out, s.record(s.kinds["SalesDocument"], r))
		}
	}
	return out
}

func (s *Sim) record(k *kind, r *row) Record {
	out := Record{Resource: k.name, Key: r.id, Fields: Fields(maps.Clone(r.vals))}
	delete(out.Fields, stateField)
	for name, v := range r.user {
		out.Fields[name] = v
	}
	if k.name == "SalesDocument" {
		out.State = stateOf(r)
	}
	return out
}
