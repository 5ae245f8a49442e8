package lighttest

import "slices"

// MarkerGroup is the internal name of the TEXT group in which Crosswalk leaves its mark on Light's records.
const MarkerGroup = "crosswalk_key"

// PropertyGroup is a custom property as a Light administrator made it in Settings; the API cannot make one.
//
// New makes: crosswalk_key (TEXT) for customers, contracts, invoices and products; industry (SINGLE_SELECT), segments
// (MULTI_SELECT), headcount (NUMERIC), strategic (BOOLEAN) and since (DATE) for customers; sku (TEXT) for products;
// sales_rep (TEXT) for contracts and invoices; cost_center (SINGLE_SELECT) for invoice and contract lines.
type PropertyGroup struct {
	ID                 string            `json:"id"`
	CompanyID          string            `json:"companyId"`
	Label              string            `json:"label"`
	InternalName       string            `json:"internalName"`
	InputType          string            `json:"inputType"`
	ObjectLevel        string            `json:"objectLevel"`
	ObjectTypes        []string          `json:"objectTypes"`
	ObjectTypeStatuses map[string]string `json:"objectTypeStatuses"`
	Context            string            `json:"context"`
	Values             []PropertyValue   `json:"values"`
	CreatedAt          Stamp             `json:"createdAt"`
	UpdatedAt          Stamp             `json:"updatedAt"`
	Required           bool              `json:"required"`
}

// PropertyValue is one choice of a group, or what was written in a group without choices (then Label holds it).
type PropertyValue struct {
	ID                string `json:"id"`
	GroupID           string `json:"groupId"`
	GroupInternalName string `json:"groupInternalName"`
	CompanyID         string `json:"companyId"`
	InternalName      string `json:"internalName"`
	Label             string `json:"label"`
	Context           Text   `json:"context"`
	CreatedAt         Stamp  `json:"createdAt"`
	UpdatedAt         Stamp  `json:"updatedAt"`
}

// CustomProperty is a group with the values a record has in it.
type CustomProperty struct {
	GroupID           string          `json:"groupId"`
	GroupInternalName string          `json:"groupInternalName"`
	Values            []PropertyValue `json:"values"`
}

// Properties are a record's custom properties.
type Properties []CustomProperty

// Get gives the first label in a group by its internal name, "" when there is none.
func (p Properties) Get(internalName string) string {
	for _, one := range p {
		if one.GroupInternalName == internalName && len(one.Values) > 0 {
			return one.Values[0].Label
		}
	}
	return ""
}

func (s *Sim) seedGroups(at Stamp) {
	add := func(name, label, input, level string, objects []string, values ...string) {
		g := &PropertyGroup{ID: s.newID("group"), CompanyID: s.company.ID, Label: label, InternalName: name, InputType: input,
			ObjectLevel: level, ObjectTypes: objects, ObjectTypeStatuses: map[string]string{}, Values: []PropertyValue{}, CreatedAt: at, UpdatedAt: at}
		for _, o := range objects {
			g.ObjectTypeStatuses[o] = "ACTIVE"
		}
		s.groups = append(s.groups, g)
		for _, v := range values {
			s.addValue(g, v, v, "", at)
		}
	}
	add(MarkerGroup, "Crosswalk key", "TEXT", "HEADER", []string{"CUSTOMER", "CONTRACT", "INVOICE", "PRODUCT"})
	add("industry", "Industry", "SINGLE_SELECT", "HEADER", []string{"CUSTOMER"}, "Manufacturing", "Software", "Logistics")
	add("segments", "Segments", "MULTI_SELECT", "HEADER", []string{"CUSTOMER"}, "Enterprise", "Partner", "Public sector")
	add("headcount", "Headcount", "NUMERIC", "HEADER", []string{"CUSTOMER"})
	add("strategic", "Strategic account", "BOOLEAN", "HEADER", []string{"CUSTOMER"})
	add("since", "Customer since", "DATE", "HEADER", []string{"CUSTOMER"})
	add("sku", "SKU", "TEXT", "HEADER", []string{"PRODUCT"})
	add("sales_rep", "Sales representative", "TEXT", "HEADER", []string{"CONTRACT", "INVOICE"})
	add("cost_center", "Cost center", "SINGLE_SELECT", "LINE", []string{"CONTRACT", "INVOICE"}, "Delivery", "Licences")
}

func (s *Sim) addValue(g *PropertyGroup, name, label string, context Text, at Stamp) PropertyValue {
	v := PropertyValue{ID: s.newID("value"), GroupID: g.ID, GroupInternalName: g.InternalName, CompanyID: s.company.ID,
		InternalName: name, Label: label, Context: context, CreatedAt: at, UpdatedAt: at}
	g.Values = append(g.Values, v)
	g.UpdatedAt = at
	return v
}

func (s *Sim) group(id string) *PropertyGroup {
	for _, g := range s.groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

func (g *PropertyGroup) value(id string) *PropertyValue {
	for i := range g.Values {
		if g.Values[i].ID == id {
			return &g.Values[i]
		}
	}
	return nil
}

func (s *Sim) listGroups(c *call) (any, *failure) {
	label := textOf(func(g *PropertyGroup) Text { return Text(g.Label) })
	created := momentOf(func(g *PropertyGroup) Stamp { return g.CreatedAt })
	withValues := c.request.URL.Query().Get("includeValues") == "true"
	return listSlice(s, c, s.groups, listing[PropertyGroup]{
		filters: map[string]column[PropertyGroup]{
			"id": textOf(func(g *PropertyGroup) Text { return Text(g.ID) }), "label": label,
			"internalName": textOf(func(g *PropertyGroup) Text { return Text(g.InternalName) }),
			"objectLevel":  textOf(func(g *PropertyGroup) Text { return Text(g.ObjectLevel) }),
			"inputType":    textOf(func(g *PropertyGroup) Text { return Text(g.InputType) }),
			"objectType":   anyOf(func(_ *Sim, g *PropertyGroup) []string { return g.ObjectTypes }),
			"objectTypeStatus": anyOf(func(_ *Sim, g *PropertyGroup) []string {
				var all []string
				for _, status := range g.ObjectTypeStatuses {
					all = append(all, status)
				}
				return all
			}),
			"isRequired": flagOf(func(g *PropertyGroup) bool { return g.Required }),
			"isDeleted":  flagOf(func(*PropertyGroup) bool { return false }),
			"createdAt":  created, "updatedAt": momentOf(func(g *PropertyGroup) Stamp { return g.UpdatedAt }),
		},
		sorts: map[string]column[PropertyGroup]{"label": label, "createdAt": created},
		id:    func(g *PropertyGroup) string { return g.ID }, born: func(g *PropertyGroup) Stamp { return g.CreatedAt },
	}, func(g *PropertyGroup) any {
		out := g.copy()
		if !withValues {
			out.Values = []PropertyValue{}
		}
		return out
	})
}

func (g *PropertyGroup) copy() PropertyGroup {
	out := *g
	out.Values = slices.Clone(g.Values)
	return out
}

func (s *Sim) getGroup(c *call) (any, *failure) {
	g := s.group(c.vars["groupId"])
	if g == nil {
		return gone("Custom property group")
	}
	return g.copy(), nil
}
