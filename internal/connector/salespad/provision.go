package salespad

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// Provision looks for the marker among the user fields of a record. The API makes no user fields: a person does, in SalesPad.
func (c *Connector) Provision(ctx context.Context, object string, _ bool) (connector.Provision, error) {
	op := "provision " + object
	o, err := c.object(op, object)
	if err != nil {
		return connector.Provision{}, err
	}
	out := connector.Provision{Field: o.markerField()}
	if o.Marker == "" {
		out.Fix = "the profile names no marker for " + o.name + ": creates whose answer is lost are held"
		return out, nil
	}
	users, err := c.userFields(ctx, op, o)
	if err != nil {
		return out, err
	}
	out.Ready = slices.ContainsFunc(users, func(f Field) bool { return strings.EqualFold(f.Name, out.Field) })
	switch {
	case out.Ready:
	case len(users) == 0:
		out.Fix = fmt.Sprintf("no record of %s shows user fields yet: add a text field %s of 40 characters to %s (SalesPad, User Field Editor), save one record, and check again", o.name, o.Marker, o.Entity)
	default:
		out.Fix = fmt.Sprintf("add a text field %s of 40 characters to %s (SalesPad, User Field Editor)", o.Marker, o.Entity)
	}
	return out, nil
}
