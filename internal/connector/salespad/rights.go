package salespad

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
)

// wireGrants is what a log-in tells of our user's rights (fact sheet 2).
type wireGrants struct {
	APIObjectPermissions []struct {
		ObjectName   string
		CreateObject *bool
		DeleteObject *bool
	}
	APIPropertyPermissions []struct {
		ObjectName, PropertyName         string
		RetrieveProperty, UpdateProperty *bool
	}
	APIGroupPermission struct {
		GroupName       string
		IsInternalAdmin bool `json:"Is_Internal_Admin"`
	}
}

// grants is what of them is kept: what is refused, by SalesPad's own names. What is not mentioned is allowed, as far as a
// log-in tells; the calls themselves have the last word.
type grants struct {
	Group    string   `json:"group,omitempty"`
	Admin    bool     `json:"admin,omitempty"`
	Reset    bool     `json:"reset,omitempty"`     // the password must be changed; sessions still work
	NoCreate []string `json:"no_create,omitempty"` // objects
	NoRead   []string `json:"no_read,omitempty"`   // object.property
	NoUpdate []string `json:"no_update,omitempty"` // object.property
}

func (w wireGrants) grants() grants {
	g := grants{Group: w.APIGroupPermission.GroupName, Admin: w.APIGroupPermission.IsInternalAdmin}
	if g.Admin {
		return g
	}
	refuses := func(b *bool) bool { return b != nil && !*b }
	for _, p := range w.APIObjectPermissions {
		if refuses(p.CreateObject) {
			g.NoCreate = append(g.NoCreate, p.ObjectName)
		}
	}
	for _, p := range w.APIPropertyPermissions {
		if refuses(p.RetrieveProperty) {
			g.NoRead = append(g.NoRead, p.ObjectName+"."+p.PropertyName)
		}
		if refuses(p.UpdateProperty) {
			g.NoUpdate = append(g.NoUpdate, p.ObjectName+"."+p.PropertyName)
		}
	}
	return g
}

// Lacks asks for one record of the object, and looks for what is needed among the rights that the log-in told: object rights
// for creates, property rights for fields. A resource that this install does not have is said the same way.
func (c *Connector) Lacks(ctx context.Context, n connector.Need) ([]connector.Refusal, error) {
	op := "read " + n.Object
	o, err := c.object(op, n.Object)
	if err != nil {
		return nil, err
	}
	var out []connector.Refusal
	if _, err := c.list(ctx, op, o, o.List, query{top: 1}); err != nil {
		e := asError(err)
		if e.Fault != connector.Forbidden {
			return nil, err
		}
		grant := "Web API: retrieve " + o.Entity
		if e.Code == "no such resource" {
			grant = "this SalesPad has no api/" + o.List + ": name its own in the connection's profile"
		}
		out = append(out, connector.Refusal{What: op, Grant: grant})
	}
	g, err := c.Sessions.rights(ctx)
	if err != nil {
		return out, err
	}
	add := func(what, grant string) {
		if r := (connector.Refusal{What: what, Grant: grant}); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	if g.Reset {
		add("log in for long", "SalesPad wants a new password of our user: change it, then crosswalk connect")
	}
	if n.Write && n.Marker && slices.Contains(g.NoCreate, o.Entity) {
		add("create "+o.name, "Web API object permission: create "+o.Entity)
	}
	for _, name := range n.Reads {
		if property := o.Entity + "." + name; slices.Contains(g.NoRead, property) {
			add("read "+o.name+" "+name, "Web API property permission: retrieve "+property)
		}
	}
	for _, name := range n.Writes {
		if property := o.Entity + "." + name; slices.Contains(g.NoUpdate, property) {
			add("write "+o.name+" "+name, "Web API property permission: update "+property)
		}
	}
	return out, nil
}
