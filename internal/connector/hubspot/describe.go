package hubspot

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// property is a definition (fact sheet 10).
type property struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	Type         string `json:"type"`
	FieldType    string `json:"fieldType"`
	Calculated   bool   `json:"calculated"`
	Unique       bool   `json:"hasUniqueValue"`
	Archived     bool   `json:"archived"`
	Modification struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`
	Options []struct {
		Value scalar `json:"value"`
		Label string `json:"label"`
	} `json:"options"`
}

type propertyList struct {
	Results []property `json:"results"`
}

// maxText is the length of any text value (fact sheet 10).
const maxText = 65536

// Describe lists the properties as they are now, and associations as fields: associations.contacts (list), primary.companies
// (ref). Fields whose values come from a table name it under References: stages, pipelines, owners, currencies.
func (c *Connector) Describe(ctx context.Context, object string) (connector.Object, error) {
	if object == Submissions {
		return connector.Object{Name: Submissions, Label: "Form submissions", Fields: slices.Clone(submissionFields)}, nil
	}
	op := "describe " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return connector.Object{}, err
	}
	list, err := c.properties(ctx, op, k)
	if err != nil {
		return connector.Object{}, err
	}
	out := connector.Object{Name: k.name, Label: c.label(k)}
	known := map[string]property{}
	for _, p := range list {
		if p.Archived || p.Name == "" || known[p.Name].Name != "" {
			continue
		}
		known[p.Name] = p
		f := p.field(k)
		if s, ok := c.schema(k.name); ok && k.custom {
			f.Required = slices.Contains(s.Required, p.Name)
		}
		out.Fields = append(out.Fields, f)
	}
	out.Fields = append(out.Fields, c.associationFields(k)...)
	marker, ready := known[MarkerField]
	c.mu.Lock()
	c.fields[k.name] = known
	c.bare[k.name] = ready && !marker.Unique // a plain property of that name is no marker and cannot become one
	c.mu.Unlock()
	return out, nil
}

func (c *Connector) properties(ctx context.Context, op string, k kind) ([]property, error) {
	var out propertyList
	route := c.paths.properties
	_, err := c.call(ctx, op, rest.Request{Path: fill(route, "{type}", k.segment()), Route: route, Query: url.Values{"archived": {"false"}}, Safe: true}, &out)
	if err == nil && len(out.Results) == 0 {
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no properties in the answer"}
	}
	return out.Results, err
}

// requiredFields are those HubSpot itself wants for a create; portals add rules of their own, which only a refused
// write shows (fact sheet 1 and 4).
var requiredFields = map[string][]string{
	"deals":    {"dealname", "dealstage"},
	"products": {"name"},
	"tasks":    {"hs_timestamp"},
	"notes":    {"hs_timestamp"},
	"meetings": {"hs_timestamp"},
	"calls":    {"hs_timestamp"},
	"emails":   {"hs_timestamp", "hs_email_direction"},
}

// tableOf names the reference table behind a property.
var tableOf = map[string]string{
	"hubspot_owner_id": "owners", "dealstage": "stages", "pipeline": "pipelines",
	"deal_currency_code": "currencies", "hs_line_item_currency_code": "currencies",
}

func (p property) field(k kind) connector.Field {
	f := connector.Field{
		Name: p.Name, Label: p.Label, Type: p.kind(), References: tableOf[p.Name],
		ReadOnly: p.Calculated || p.Modification.ReadOnlyValue || isSystem(p.Name, k),
		Unique:   p.Unique || k.name == "contacts" && p.Name == "email",
	}
	if f.Type == "text" {
		f.MaxLength = maxText
	}
	for _, name := range requiredFields[k.name] {
		f.Required = f.Required || name == p.Name
	}
	for _, o := range p.Options {
		f.Options = append(f.Options, connector.Option{Value: o.Value.text, Label: o.Label})
	}
	return f
}

func (p property) kind() string {
	switch {
	case p.Type == "enumeration" && p.FieldType == "checkbox":
		return "multi"
	case p.Type == "enumeration":
		return "enum"
	case p.Type == "number", p.Type == "bool", p.Type == "date", p.Type == "datetime":
		return p.Type
	}
	return "text"
}

// isSystem tells the properties that HubSpot alone sets, whatever a definition says.
func isSystem(name string, k kind) bool {
	return name == "hs_object_id" || name == k.modified || name == "hs_lastmodifieddate"
}

// label names an object as people do.
func (c *Connector) label(k kind) string {
	if s, ok := c.schema(k.name); ok && k.custom && s.Label != "" {
		return s.Label
	}
	return strings.ReplaceAll(strings.ToUpper(k.name[:1])+k.name[1:], "_", " ")
}

// associationFields lists associations as fields, named by the other object: associations.contacts, and primary.companies
// where HubSpot marks one of several. Of custom objects it lists the usual ends; any other end can be named all the same.
func (c *Connector) associationFields(k kind) []connector.Field {
	var out []connector.Field
	for _, to := range c.ends(k) {
		out = append(out, connector.Field{Name: connector.AllOf + to.name, Label: "Associated " + strings.ToLower(c.label(to)), Type: "list", References: to.name})
		if joints[pair{k.name, to.name}].primary != 0 {
			out = append(out, connector.Field{Name: connector.PrimaryOf + to.name, Label: "Primary " + to.singular, Type: "ref", References: to.name})
		}
	}
	return out
}

// ends gives the kinds that records of k can be associated with, as far as it is known without asking.
func (c *Connector) ends(k kind) []kind {
	var out []kind
	for _, to := range kinds {
		_, ok := joints[pair{k.name, to.name}]
		if ok || k.custom && to.name != "products" && to.name != "line_items" {
			out = append(out, to)
		}
	}
	if k.custom || k.name == "products" || k.name == "line_items" {
		return out
	}
	for _, object := range c.Objects() {
		if _, own := kindNamed(object); !own && object != Submissions {
			if to, ok := customKind(object); ok {
				out = append(out, to)
			}
		}
	}
	return out
}
