package salesforce

import (
	"context"

	"crosswalk/internal/connector"
)

var _ connector.Rights = (*Connector)(nil)

// Lacks reads the object's describe, which says for our user whether records may be read, created and edited (fact sheet 5); nothing is
// sent that could write. Fields are judged by Describe: what our user may not see is not there, what it may not write is ReadOnly.
func (c *Connector) Lacks(ctx context.Context, n connector.Need) ([]connector.Refusal, error) {
	op := "check " + n.Object
	name, err := c.object(op, n.Object)
	if err != nil {
		return nil, err
	}
	s, err := c.describe(ctx, op, name, 0)
	switch fault := connector.FaultOf(err); {
	case fault == connector.Forbidden, fault == connector.Missing:
		return []connector.Refusal{{What: "read " + n.Object, Grant: grantOf("read", name)}}, nil
	case err != nil:
		return nil, err
	}
	var out []connector.Refusal
	if !s.Queryable {
		out = append(out, connector.Refusal{What: "read " + n.Object, Grant: grantOf("read", name)})
	}
	if n.Write && !s.Updateable {
		out = append(out, connector.Refusal{What: "write " + n.Object + " (edit)", Grant: grantOf("edit", name)})
	}
	if n.Marker && !s.Createable {
		out = append(out, connector.Refusal{What: "write " + n.Object + " (create)", Grant: grantOf("create", name)})
	}
	return out, nil
}

// grantOf names an object permission, and how it comes to the integration user.
func grantOf(what, object string) string {
	return "the object permission " + what + " on " + object + " (deploy and assign the permission set that crosswalk check --emit DIR writes)"
}
