package lighttest

import (
	"slices"
	"strconv"
	"time"
)

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
		if g == nil {
			continue // RemoveGroup took it away
		}
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
