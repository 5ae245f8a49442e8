package salespadtest

import "slices"

// searchKind joins a resource with what hangs on it: both have the first one's key.
func searchKind(name, parent, child string, own []string, fields []field) *kind {
	key := own[0]
	k := &kind{name: name, noun: name, fields: fields, keys: []string{key}}
	rowsOf := func(s *Sim, of *row) []reader {
		children := s.tables[child].having(key, of.id)
		if len(children) == 0 {
			return []reader{joined{of, nil, own}}
		}
		out := make([]reader, len(children))
		for i, one := range children {
			out[i] = joined{of, one, own}
		}
		return out
	}
	k.source = func(s *Sim) []reader {
		var out []reader
		for _, r := range s.tables[parent].rows {
			out = append(out, rowsOf(s, r)...)
		}
		return out
	}
	k.stamp = func(s *Sim) uint64 { return s.tables[parent].version + s.tables[child].version }
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		var out []reader
		if slices.Contains(own, field) {
			if s.tables[parent].index[field] == nil {
				return nil, false
			}
			for _, r := range s.tables[parent].having(field, folded) {
				out = append(out, rowsOf(s, r)...)
			}
			return out, true
		}
		if s.tables[child].index[field] == nil || folded == "" { // an empty value is also that of a row without a child
			return nil, false
		}
		for _, one := range s.tables[child].having(field, folded) {
			if of := s.tables[parent].get(one.vals[key]); of != nil {
				out = append(out, joined{of, one, own})
			}
		}
		return out, true
	}
	return k
}
