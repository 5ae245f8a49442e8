package salespadtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// User fields: two parallel arrays in every body, kept in SalesPad's own tables (section 5).

func (s *Sim) userField(resource, name string) *UserField {
	for i, f := range s.cfg.UserFields[resource] {
		if f.Name == name {
			return &s.cfg.UserFields[resource][i]
		}
	}
	return nil
}

// DefineUserField adds a user field to a resource, as an administrator does.
func (s *Sim) DefineUserField(resource string, f UserField) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.userField(resource, f.Name) == nil {
		s.cfg.UserFields[resource] = append(slices.Clone(s.cfg.UserFields[resource]), f)
	}
}

// RemoveUserField takes a user field away; its values are no longer shown.
func (s *Sim) RemoveUserField(resource, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []UserField
	for _, f := range s.cfg.UserFields[resource] {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	s.cfg.UserFields[resource] = kept
}

func (s *Sim) renderUser(out *bytes.Buffer, k *kind, r reader) {
	out.WriteString(`,"UserFieldNames":[`)
	for i, f := range s.cfg.UserFields[k.name] {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(quoted(f.Name))
	}
	out.WriteString(`],"UserFieldData":[`)
	for i, f := range s.cfg.UserFields[k.name] {
		if i > 0 {
			out.WriteByte(',')
		}
		v := r.userValue(f.Name)
		switch f.Type {
		case "bool":
			out.WriteString(strconv.FormatBool(v == "true"))
		case "number":
			out.WriteString(orZero(v))
		case "date":
			if v == "" {
				v = noDate
			}
			out.WriteString(`"` + v + `"`)
		default:
			out.Write(quoted(v))
		}
	}
	out.WriteString(`],"Notifications":[]`)
}

// takeUser reads the parallel arrays of a body: both or neither, of one length.
func (s *Sim) takeUser(k *kind, names, data json.RawMessage) (map[string]string, *failure) {
	if isNull(names) && isNull(data) {
		return nil, nil
	}
	if isNull(names) || isNull(data) {
		return nil, badQuery("UserFieldNames and UserFieldData come together")
	}
	var list []string
	var values []json.RawMessage
	if json.Unmarshal(names, &list) != nil {
		return nil, unreadable("UserFieldNames must be a list of strings")
	}
	if json.Unmarshal(data, &values) != nil {
		return nil, unreadable("UserFieldData must be a list")
	}
	if len(list) != len(values) {
		return nil, badQuery("UserFieldNames has %d entries and UserFieldData %d", len(list), len(values))
	}
	out := map[string]string{}
	for i, name := range list {
		f := s.userField(k.name, name)
		if f == nil {
			return nil, badQuery("%s is not a user field of %s", cut(name, 60), k.name)
		}
		if _, twice := out[name]; twice {
			return nil, badQuery("UserFieldNames has %s twice", name)
		}
		v, bad := s.takeUserValue(f, values[i])
		if bad != nil {
			return nil, bad
		}
		out[name] = v
	}
	return out, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func (s *Sim) takeUserValue(f *UserField, raw json.RawMessage) (string, *failure) {
	if isNull(raw) {
		return "", nil
	}
	like := field{name: f.Name, wire: f.Name, kind: map[string]valueKind{"bool": boolValue, "number": numberValue, "date": wallValue}[f.Type]}
	return s.take(&like, raw)
}
