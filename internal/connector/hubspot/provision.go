package hubspot

import (
	"context"
	"net/http"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// definition is the body that makes our marker property (fact sheet 10). Uniqueness can only be set at birth.
type definition struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	Type        string `json:"type"`
	FieldType   string `json:"fieldType"`
	GroupName   string `json:"groupName"`
	Description string `json:"description"`
	Unique      bool   `json:"hasUniqueValue"`
}

// Provision sees to the unique marker property on the object, and makes it when create says so.
func (c *Connector) Provision(ctx context.Context, object string, create bool) (connector.Provision, error) {
	op := "provision " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return connector.Provision{}, err
	}
	out := connector.Provision{Field: MarkerField}
	p, err := c.marker(ctx, op, k)
	switch {
	case err == nil && !p.Archived:
		out.Ready, out.Fix = p.usable(k)
		c.unmarkable(k.name, !out.Ready)
		return out, nil
	case err != nil && connector.FaultOf(err) != connector.Missing:
		return out, err
	case !create:
		out.Fix = "HubSpot " + k.name + " need a property " + MarkerField + ": run check with leave to create it, or create it in HubSpot as single-line text that requires unique values"
		return out, nil
	}
	return c.makeMarker(ctx, op, k, out)
}

// usable tells whether an existing property will do, else what a person must mend.
func (p property) usable(k kind) (bool, string) {
	if p.Unique && p.Type == "string" && !p.Calculated && !p.Modification.ReadOnlyValue {
		return true, ""
	}
	return false, "the HubSpot property " + MarkerField + " of " + k.name + " is not a writable single-line text with unique values, and that cannot be changed: delete it in HubSpot's property settings and run check again"
}

func (c *Connector) marker(ctx context.Context, op string, k kind) (property, error) {
	var p property
	route := c.paths.properties + "/{name}"
	_, err := c.call(ctx, op, rest.Request{Path: fill(route, "{type}", k.segment(), "{name}", MarkerField), Route: route, Safe: true}, &p)
	if err == nil && p.Name != MarkerField {
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer"}
	}
	return p, err
}

func (c *Connector) makeMarker(ctx context.Context, op string, k kind, out connector.Provision) (connector.Provision, error) {
	group, err := c.group(ctx, op, k)
	if err != nil {
		return out, err
	}
	body := mustJSON(definition{Name: MarkerField, Label: "Crosswalk key", Type: "string", FieldType: "text", GroupName: group, Unique: true,
		Description: "Set by Crosswalk on records it creates, so that nothing is created twice. Do not edit."})
	var made property
	_, err = c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: fill(c.paths.properties, "{type}", k.segment()), Route: c.paths.properties, Body: body}, &made)
	switch connector.FaultOf(err) {
	case "":
		out.Made = true
		out.Ready, out.Fix = made.usable(k)
		c.unmarkable(k.name, !out.Ready)
		return out, nil
	case connector.Forbidden:
		out.Fix = "the credential may not create properties: grant " + schemaScope(k) + ", or create " + MarkerField + " on " + k.name + " in HubSpot as single-line text that requires unique values"
		return out, nil
	case connector.Clash: // made meanwhile, by another worker
		p, err := c.marker(ctx, op, k)
		if err == nil {
			out.Ready, out.Fix = p.usable(k)
		}
		return out, err
	case connector.Invalid:
		c.unmarkable(k.name, true)
		out.Fix = "HubSpot refused the property " + MarkerField + " on " + k.name + ": an object can have ten properties with unique values (remove one that is no longer used), and some objects none (then name it under unmarked, and an unclear create is held for you)"
		return out, nil
	}
	return out, err
}

// group gives the property group the marker goes into. Only that of contacts and the like is known; others are asked for.
func (c *Connector) group(ctx context.Context, op string, k kind) (string, error) {
	if !k.custom && !k.activity() {
		return k.group, nil
	}
	var out struct {
		Results []struct {
			Name     string `json:"name"`
			Archived bool   `json:"archived"`
		} `json:"results"`
	}
	route := c.paths.properties + "/groups"
	if _, err := c.call(ctx, op, rest.Request{Path: fill(route, "{type}", k.segment()), Route: route, Safe: true}, &out); err != nil {
		return "", err
	}
	for _, g := range out.Results {
		if !g.Archived && g.Name != "" {
			return g.Name, nil
		}
	}
	return "", &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no property group in the answer"}
}

// schemaScope names the scope for definitions; activities share that of contacts (fact sheet 2).
func schemaScope(k kind) string {
	return "crm.schemas." + scopeObject(k) + ".write"
}
