package hubspot

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

var (
	_ connector.Deleter    = (*Connector)(nil)
	_ connector.Associated = (*Connector)(nil)
)

// Undated gives all of them: HubSpot dates no change of an association (fact sheet 4).
func (c *Connector) Undated(object string, fields []string) []string {
	if object == Submissions { // theirs never changes
		return nil
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool { _, _, is := connector.AssociationField(f); return !is })
}

// Associated reads associations as fields, 1,000 ids a call for each associated object, and none for the records themselves.
func (c *Connector) Associated(ctx context.Context, object string, fields, ids []string) (map[string]map[string]record.Value, error) {
	op := "associations of " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]record.Value{}
	var list []*record.Record
	for _, id := range ids {
		if _, twice := out[id]; twice || !validID(id) {
			continue
		}
		out[id] = map[string]record.Value{}
		list = append(list, &record.Record{Ref: c.ref(k, id), Fields: out[id]})
	}
	return out, c.relate(ctx, op, k, list, nil, fields)
}
