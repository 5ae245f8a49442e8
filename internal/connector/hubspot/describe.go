package hubspot

import (
	"context"
	"net/url"
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

// Describe lists the properties as they are now, and associations.company and the like as fields of type ref or
// list. Fields whose values come from a table name it under References: stages, pipelines, owners, currencies.
func (c *Connector) Describe(ctx context.Context, object string) (connector.Object, error) {
	op := "describe " + object
	k, err := c.kind(op, object)
	if err != nil {
		return connector.Object{}, err
	}
	list, err := c.properties(ctx, op, k)
	if err != nil {
		return connector.Object{}, err
	}
	out := connector.Object{Name: k.name, Label: strings.ReplaceAll(strings.ToUpper(k.name[:1])+k.name[1:], "_", " ")}
	known := map[string]property{}
	for _, p := range list {
		if p.Archived || p.Name == "" || known[p.Name].Name != "" {
			continue
		}
		known[p.Name] = p
		out.Fields = append(out.Fields, p.field(k))
	}
	out.Fields = append(out.Fields, associationFields(k)...)
	c.mu.Lock()
	c.fields[k.name] = known
	c.mu.Unlock()
	return out, nil
}

func (c *Connector) properties(ctx context.Context, op string, k kind) ([]property, error) {
	var out propertyList
	route := c.paths.properties
	_, err := c.call(ctx, op, rest.Request{Path: fill(route, "{type}", k.name), Route: route, Query: url.Values{"archived": {"false"}}, Safe: true}, &out)
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

func associationFields(k kind) []connector.Field {
	var out []connector.Field
	for _, to := range kinds {
		j, ok := joints[pair{k.name, to.name}]
		if !ok {
			continue
		}
		f := connector.Field{Name: "associations." + to.singular, Label: "Associated " + strings.ReplaceAll(to.name, "_", " "), Type: "list", References: to.name}
		if j.primary != 0 {
			f.Type, f.Label = "ref", "Primary "+to.singular
		}
		out = append(out, f)
	}
	return out
}
