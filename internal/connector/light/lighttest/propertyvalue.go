package lighttest

import (
	"net/http"
	"slices"
)

func (s *Sim) listValues(c *call) (any, *failure) {
	g := s.group(c.vars["groupId"])
	if g == nil {
		return gone("Custom property group")
	}
	label := textOf(func(v *PropertyValue) Text { return Text(v.Label) })
	value := textOf(func(v *PropertyValue) Text { return Text(v.InternalName) })
	created := momentOf(func(v *PropertyValue) Stamp { return v.CreatedAt })
	return listSlice(s, c, pointers(g.Values), listing[PropertyValue]{
		filters: map[string]column[PropertyValue]{"id": textOf(func(v *PropertyValue) Text { return Text(v.ID) }), "label": label,
			"value": value, "createdAt": created, "updatedAt": momentOf(func(v *PropertyValue) Stamp { return v.UpdatedAt })},
		sorts: map[string]column[PropertyValue]{"label": label, "value": value, "createdAt": created},
		id:    func(v *PropertyValue) string { return v.ID }, born: func(v *PropertyValue) Stamp { return v.CreatedAt },
	}, func(v *PropertyValue) any { return *v })
}

// valueOf finds the group and value a call names.
func (s *Sim) valueOf(c *call) (*PropertyGroup, *PropertyValue, *failure) {
	g := s.group(c.vars["groupId"])
	if g == nil {
		return nil, nil, notFound("Custom property group")
	}
	v := g.value(c.vars["valueId"])
	if v == nil {
		return nil, nil, notFound("Custom property value")
	}
	return g, v, nil
}

func (s *Sim) getValue(c *call) (any, *failure) {
	_, v, bad := s.valueOf(c)
	if bad != nil {
		return nil, bad
	}
	return *v, nil
}

func (s *Sim) createValue(c *call) (any, *failure) {
	body, bad := c.read(shape{text("internalName").required(), text("label").required(), text("context").orNull()}, false)
	if bad != nil {
		return nil, bad
	}
	g := s.group(c.vars["groupId"])
	if g == nil {
		return gone("Custom property group")
	}
	if g.InputType != "SINGLE_SELECT" && g.InputType != "MULTI_SELECT" {
		return nil, unprocessable("", "%s has no list of values", g.InternalName)
	}
	name := string(body.text("internalName"))
	if slices.ContainsFunc(g.Values, func(v PropertyValue) bool { return v.InternalName == name }) {
		return nil, conflict("internalName %q exists already", name)
	}
	return s.addValue(g, name, string(body.text("label")), body.text("context"), stampOf(c.now)), nil
}

func (s *Sim) updateValue(c *call) (any, *failure) {
	body, bad := c.read(shape{text("label"), text("context").orNull()}, false)
	if bad != nil {
		return nil, bad
	}
	g, v, bad := s.valueOf(c)
	if bad != nil {
		return nil, bad
	}
	body.setString("label", &v.Label)
	body.setText("context", &v.Context)
	v.UpdatedAt = v.UpdatedAt.after(c.now)
	g.UpdatedAt = v.UpdatedAt
	return *v, nil
}

func (s *Sim) deleteValue(c *call) (any, *failure) {
	g, v, bad := s.valueOf(c)
	if bad != nil {
		return nil, bad
	}
	id := v.ID
	g.Values = slices.DeleteFunc(g.Values, func(v PropertyValue) bool { return v.ID == id })
	g.UpdatedAt = g.UpdatedAt.after(c.now)
	return reply{status: http.StatusNoContent}, nil
}
