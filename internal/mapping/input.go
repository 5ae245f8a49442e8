package mapping

import "strings"

// Input tells what a name means that stands for a value of a: in a field, a match rule, an expression.
//
//	dealname            a field of the record
//	id                  the record's own id
//	company.domain      a field of the related record that with calls company
//	associations.company  that related record itself, as a reference
//
// with is "" for the record's own; field is "" for a reference. Only names that with knows are taken as related, so that
// a system with dotted field names (billingAddress.country) can be a source too.
func (m *Mapping) Input(name string) (with *With, field string) {
	head, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return nil, name
	}
	if head == "associations" {
		if w := m.Related(rest); w != nil {
			return w, ""
		}
		return nil, name
	}
	if w := m.Related(head); w != nil {
		return w, rest
	}
	return nil, name
}

// Related gives the related record of that name, nil when with does not know it.
func (m *Mapping) Related(name string) *With {
	for i := range m.With {
		if m.With[i].Name == name {
			return &m.With[i]
		}
	}
	return nil
}
