package salesforce

import (
	"context"

	"crosswalk/internal/connector"
)

// minMarker is the length a marker field must have.
const minMarker = 64

// Provision looks for the marker field. It never makes it, whatever create says: fields are made by deploying metadata,
// and the user we act as should not have the right to (Customize Application).
func (c *Connector) Provision(ctx context.Context, object string, _ bool) (connector.Provision, error) {
	op := "provision " + object
	name, err := c.object(op, object)
	if err != nil {
		return connector.Provision{}, err
	}
	out := connector.Provision{Field: MarkerField}
	s, err := c.describe(ctx, op, name, 0)
	if err != nil {
		return out, err
	}
	p, ok := s.field(MarkerField)
	if !ok {
		out.Fix = "Salesforce " + name + " has no field " + MarkerField + " that our user may see: deploy " + MarkerFile(name) +
			" and the permission set from the folder that connect salesforce --app-files DIR writes, and assign the permission set " + AppName + " to the integration user"
		return out, nil
	}
	out.Ready, out.Fix = p.marks(name)
	return out, nil
}

// marks tells whether an existing field will do, else what a person must mend.
func (p property) marks(object string) (bool, string) {
	field := "the Salesforce field " + MarkerField + " of " + object
	switch {
	case p.Type != "string" || p.Length < minMarker:
		return false, field + " is not a text of 64 characters or more: delete it and deploy " + MarkerFile(object)
	case !p.Unique || !p.ExternalID:
		return false, field + " must be unique and an external id: tick both in Setup, Object Manager, or deploy " + MarkerFile(object)
	case !p.Createable || !p.Filterable:
		return false, field + " is read-only for our user: give the permission set " + AppName + " edit access to it"
	}
	return true, ""
}
