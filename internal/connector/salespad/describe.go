package salespad

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// Describe gives the fields of the profile and the user fields that a record of this install shows, by one call. SalesPad
// describes nothing itself. An install without any such record shows no user fields: the profile can name them.
func (c *Connector) Describe(ctx context.Context, object string) (connector.Object, error) {
	op := "describe " + object
	o, err := c.object(op, object)
	if err != nil {
		return connector.Object{}, err
	}
	out := connector.Object{Name: o.name, Label: o.Label}
	for _, f := range o.Fields {
		out.Fields = append(out.Fields, f.described())
	}
	users, err := c.userFields(ctx, op, o)
	if err != nil {
		return connector.Object{}, err
	}
	if o.Marker != "" && !slices.ContainsFunc(users, func(f Field) bool { return strings.EqualFold(f.Name, o.markerField()) }) {
		users = append(users, Field{Name: o.markerField(), Type: "text"})
	}
	for _, f := range users {
		if !slices.ContainsFunc(out.Fields, func(g connector.Field) bool { return strings.EqualFold(g.Name, f.Name) }) {
			out.Fields = append(out.Fields, f.described())
		}
	}
	return out, nil
}

func (f Field) described() connector.Field {
	kind := f.Type
	if kind == "utc" {
		kind = "datetime"
	}
	out := connector.Field{Name: f.Name, Label: strings.ReplaceAll(strings.TrimPrefix(f.Name, userPrefix), "_", " "), Type: kind, Required: f.Required,
		ReadOnly: f.ReadOnly, CreateOnly: f.CreateOnly, Unique: f.Unique, MaxLength: f.Width, References: f.References}
	for _, o := range f.Options {
		out.Options = append(out.Options, connector.Option{Value: o, Label: o})
	}
	return out
}
