package hubspot

import (
	"slices"

	"crosswalk/internal/connector"
)

// Scopes an app needs beside those of its objects (fact sheet 2, Scopes). Owners and the definitions of what people fill in
// are read whatever the mappings are.
const (
	scopeOAuth  = "oauth"
	scopeOwners = "crm.objects.owners.read"
)

// withSchema are the objects whose definitions have a scope of their own in the fact sheet.
var withSchema = []string{"contacts", "companies", "deals", "line_items"}

// Scopes gives what an OAuth app must be granted for the needs: the required ones, and the optional ones that let Crosswalk
// make its marker property itself. Both must equal what the app has, or HubSpot's install page fails (fact sheet 2, scope
// rule). Without needs it is the least set for everything the product does with contacts, companies, deals, line items and
// products. Sorted, with oauth first.
func Scopes(needs []connector.Need) (required, optional []string) {
	if len(needs) == 0 {
		needs = everything()
	}
	required = []string{scopeOAuth}
	var rest []string
	for _, n := range needs {
		if n.Object == Submissions { // and contacts, which they are of
			rest = append(rest, scopeForms, "crm.objects.contacts.read")
			continue
		}
		k, ok := kindNamed(n.Object)
		if !ok {
			if k, ok = customKind(n.Object); !ok {
				continue
			}
		}
		object := scopeObject(k)
		rest = append(rest, "crm.objects."+object+".read")
		if n.Write {
			rest = append(rest, "crm.objects."+object+".write")
		}
		if slices.Contains(withSchema, object) || k.custom {
			rest = append(rest, "crm.schemas."+object+".read")
		}
		if n.Marker {
			optional = append(optional, "crm.schemas."+object+".write")
		}
	}
	rest = append(rest, scopeOwners)
	return append(required, sorted(rest)...), sorted(optional)
}

// RegisteredScopes are those that the app's file names as required: a static app has no scope oauth.
func RegisteredScopes(needs []connector.Need, oauth bool) []string {
	required, _ := Scopes(needs)
	if !oauth {
		return required[1:]
	}
	return required
}

// everything is what the product can do.
func everything() []connector.Need {
	var out []connector.Need
	for _, object := range append(slices.Clone(withSchema), "products") {
		out = append(out, connector.Need{Object: object, Write: true, Marker: true})
	}
	return out
}

// scopeObject is the object whose scopes cover a kind: activities have none of their own, custom objects one together.
func scopeObject(k kind) string {
	switch {
	case k.custom:
		return "custom"
	case k.activity():
		return "contacts"
	}
	return k.name
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
