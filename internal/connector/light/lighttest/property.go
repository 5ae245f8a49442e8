package lighttest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

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

// setProperty is the request's side of a custom property.
var setProperty = list("customProperties", object("", shape{
	uuid("groupId").required(),
	list("valueIds", uuid("")),
	list("inlineValues", text("").orNull()).orNull(),
})).orNull()

// setProperties replaces a record's whole set when the body has one: what it leaves out is gone.
func (s *Sim) setProperties(body fields, object, level string, to *Properties) *failure {
	if !body.has("customProperties") {
		return nil
	}
	out := Properties{}
	for i, raw := range body.list("customProperties") {
		path := "customProperties." + strconv.Itoa(i)
		one, bad := s.property(raw.(fields), object, level)
		if bad != nil {
			return bad.within(path)
		}
		if slices.ContainsFunc(out, func(p CustomProperty) bool { return p.GroupID == one.GroupID }) {
			return badRequest(path+".groupId", "the group is named twice")
		}
		if len(one.Values) > 0 {
			out = append(out, one)
		}
	}
	*to = out
	return nil
}

func (s *Sim) property(set fields, object, level string) (CustomProperty, *failure) {
	g := s.group(string(set.text("groupId")))
	if g == nil || g.ObjectLevel != level || g.ObjectTypeStatuses[object] != "ACTIVE" {
		return CustomProperty{}, unprocessable("groupId", "no custom property of this id for %s %s", object, level)
	}
	out := CustomProperty{GroupID: g.ID, GroupInternalName: g.InternalName}
	chosen, inline := set.texts("valueIds"), set.texts("inlineValues")
	choice := g.InputType == "SINGLE_SELECT" || g.InputType == "MULTI_SELECT"
	switch {
	case choice && len(inline) > 0:
		return out, unprocessable("inlineValues", "%s takes valueIds", g.InternalName)
	case !choice && len(chosen) > 0:
		return out, unprocessable("valueIds", "%s takes inlineValues", g.InternalName)
	case g.InputType != "MULTI_SELECT" && len(chosen)+len(inline) > 1:
		return out, unprocessable("groupId", "%s takes one value", g.InternalName)
	}
	for _, id := range chosen {
		v := g.value(id)
		if v == nil {
			return out, unprocessable("valueIds", "%s has no value of this id", g.InternalName)
		}
		out.Values = append(out.Values, *v)
	}
	for _, label := range inline {
		if complaint := inlineComplaint(g.InputType, label); complaint != "" {
			return out, unprocessable("inlineValues", "%s: %s", g.InternalName, complaint)
		}
		if label != "" {
			out.Values = append(out.Values, s.inlineValue(g, label))
		}
	}
	return out, nil
}

func inlineComplaint(input, label string) string {
	switch input {
	case "NUMERIC":
		if _, ok := parseDecimal(label); !ok {
			return "must be a number"
		}
	case "BOOLEAN":
		if label != "true" && label != "false" {
			return "must be true or false"
		}
	case "DATE":
		if _, err := time.Parse(dayLayout, label); err != nil {
			return "must be a date YYYY-MM-DD"
		}
	}
	return ""
}

// inlineValue is how a written value comes back: as a value whose label is the text (?), its id fixed by group and text.
func (s *Sim) inlineValue(g *PropertyGroup, label string) PropertyValue {
	return PropertyValue{ID: uuidOf(digest(s.cfg.Seed, "inline|"+g.ID+"|"+label, 0)), GroupID: g.ID, GroupInternalName: g.InternalName,
		CompanyID: s.company.ID, InternalName: label, Label: label, CreatedAt: g.CreatedAt, UpdatedAt: g.CreatedAt}
}

// shown gives a record's properties with the choices' present labels; a choice deleted since is left out.
func (s *Sim) shown(in Properties) Properties {
	out := Properties{}
	for _, p := range in {
		g := s.group(p.GroupID)
		if g.InputType == "SINGLE_SELECT" || g.InputType == "MULTI_SELECT" {
			var present []PropertyValue
			for _, v := range p.Values {
				if now := g.value(v.ID); now != nil {
					present = append(present, *now)
				}
			}
			p.Values = present
		}
		if len(p.Values) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// missing names the first required group of an object that a record has no value in.
func (s *Sim) missing(have Properties, object, level string) string {
	for _, g := range s.groups {
		if g.Required && g.ObjectLevel == level && g.ObjectTypeStatuses[object] == "ACTIVE" && have.Get(g.InternalName) == "" {
			return g.InternalName
		}
	}
	return ""
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
