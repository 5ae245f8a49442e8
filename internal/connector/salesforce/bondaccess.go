package salesforce

import (
	"maps"
	"slices"

	"crosswalk/internal/connector"
)

// withBonds turns the associations among the fields of an object into what they need: the reference behind a lookup, as far as it
// is a standard one, and the object between two others, with its rows made, marked and deleted where the association is written.
func withBonds(objects []Access) []Access {
	out := make([]Access, 0, len(objects))
	for _, o := range objects {
		o.Fields = maps.Clone(o.Fields)
		out = append(out, o)
	}
	for i := range objects {
		for _, name := range slices.Sorted(maps.Keys(objects[i].Fields)) {
			to, _, ok := connector.AssociationField(name)
			if !ok {
				continue
			}
			edited := objects[i].Fields[name]
			delete(out[i].Fields, name)
			if j, joined := junctions[pair{objects[i].Object, to}]; joined {
				out = grant(out, j, edited)
			} else if field := mainFields[pair{objects[i].Object, to}]; field != "" {
				out[i].Fields[field] = out[i].Fields[field] || edited
			}
		}
	}
	return out
}

// grant adds what a junction needs to the list.
func grant(list []Access, j junction, edited bool) []Access {
	at := slices.IndexFunc(list, func(a Access) bool { return a.Object == j.object })
	if at < 0 {
		list = append(list, Access{Object: j.object})
		at = len(list) - 1
	}
	a := &list[at]
	if a.Fields == nil {
		a.Fields = map[string]bool{}
	}
	for _, name := range []string{j.from, j.to, j.primary, j.label} {
		if name != "" {
			a.Fields[name] = a.Fields[name] || edited && name != j.label
		}
	}
	a.Edit, a.Delete, a.Insert = a.Edit || edited, a.Delete || edited, a.Insert || edited
	return list
}
