package salesforce

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

var (
	_ connector.Associated = (*Connector)(nil)
	_ connector.Joiner     = (*Connector)(nil)
)

// JoinedBy names the object whose records join two others: a role, a membership. A lookup has none: its change is the record's own.
func (c *Connector) JoinedBy(object, to string) string { return junctions[pair{object, to}].object }

// Undated gives the associations that are records of their own: they leave the stamps of what they join alone (fact sheet 15.3).
func (c *Connector) Undated(object string, fields []string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool {
		to, _, is := connector.AssociationField(f)
		return !is || c.JoinedBy(object, to) == ""
	})
}

// Associated reads association fields with as little of the records as a read can have.
func (c *Connector) Associated(ctx context.Context, object string, fields, ids []string) (map[string]map[string]record.Value, error) {
	reads, err := c.Read(ctx, connector.ReadRequest{Object: object, IDs: ids, Fields: fields})
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]record.Value{}
	for _, r := range reads {
		switch {
		case r.State == record.Found:
			out[r.Ref.ID] = r.Record.Fields
		case r.State == record.Unanswered && r.Err != nil:
			return nil, r.Err
		}
	}
	return out, nil
}
