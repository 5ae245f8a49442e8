package salesforce

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// selection is what a read or feed of one object asks for: the wanted fields that exist, and what we need ourselves.
type selection struct {
	object  string
	schema  *schema
	wanted  map[string]property // by name as wanted, dotted for a parent's
	columns []column            // of the query
	bonds   []bond              // associations wanted as fields
	subs    []query             // what they need of child records
}

// needed is what we ask for beside what the caller wants: stamps, origin and what became of the record.
var needed = []string{"Id", "SystemModstamp", "CreatedDate", "CreatedById", "IsDeleted", "IsConverted", "ConvertedContactId"}

// selectFields finds the wanted fields in the describes. One that is not there (gone, renamed, hidden from our user) is
// left out of the query and stays absent from records, so that nothing is taken for empty.
func (c *Connector) selectFields(ctx context.Context, op, object string, wanted []string) (*selection, error) {
	s, err := c.schema(ctx, op, object)
	if err != nil {
		return nil, err
	}
	sel := &selection{object: object, schema: s, wanted: map[string]property{}}
	names := map[column]bool{}
	for _, name := range needed {
		if col, ok := s.column(name); ok && (name != "ConvertedContactId" && name != "IsConverted" || object == "Lead") {
			names[col] = true
		}
	}
	for _, name := range wanted {
		if _, _, association := connector.AssociationField(name); association {
			if err := c.selectBond(ctx, op, sel, name, names); err != nil {
				return nil, err
			}
			continue
		}
		p, ok, err := c.resolve(ctx, op, s, name)
		if err != nil {
			return nil, err
		}
		if ok {
			sel.wanted[name] = p
			names[column(name)] = true // spelt as the describes spell it: resolve compared
		}
	}
	for name := range names {
		sel.columns = append(sel.columns, name)
	}
	slices.Sort(sel.columns)
	return sel, nil
}

// maxLevels is how many parents a field may be away (fact sheet 8).
const maxLevels = 5

// resolve finds a field by name, through parents where it is dotted: Account.Name, Opportunity.Account.Name. Of a
// reference to several kinds of record only what the first has can be asked.
func (c *Connector) resolve(ctx context.Context, op string, s *schema, name string) (property, bool, error) {
	parts := strings.Split(name, ".")
	for _, relation := range parts[:len(parts)-1] {
		i := slices.IndexFunc(s.Fields, func(p property) bool { return p.Relationship == relation && len(p.ReferenceTo) > 0 })
		if i < 0 || relation == "" || len(parts) > maxLevels+1 || !objectForm(s.Fields[i].ReferenceTo[0]) {
			return property{}, false, nil
		}
		parent, err := c.schema(ctx, op, s.Fields[i].ReferenceTo[0])
		if f := connector.FaultOf(err); f == connector.Forbidden || f == connector.Missing {
			return property{}, false, nil
		}
		if err != nil {
			return property{}, false, err
		}
		s = parent
	}
	p, ok := s.field(parts[len(parts)-1])
	return p, ok, nil
}

// objectForm tells whether a name from a describe may stand in an address.
func objectForm(name string) bool { return word(name) != "" }

// record turns a row into ours, with the wanted fields only. A converted lead is archived: it is there, but nothing is to be done
// with it any more (fact sheet 15.2).
func (c *Connector) record(sel *selection, r row) *record.Record {
	out := &record.Record{Ref: c.ref(sel.object, r.id("Id")), Fields: map[string]record.Value{}, Modified: r.stamp("SystemModstamp"),
		Created: r.stamp("CreatedDate"), Archived: r.yes("IsDeleted") || sel.object == "Lead" && r.yes("IsConverted")}
	for name, p := range sel.wanted {
		if v := value(p, r.at(name)); v.Kind() != record.Absent {
			out.Fields[name] = v
		}
	}
	for _, b := range sel.bonds {
		if v := b.value(r); v.Kind() != record.Absent {
			out.Fields[b.field] = v
		}
	}
	if user := c.ourUser(); user != "" {
		out.Own = r.id("CreatedById") == user
	}
	return out
}
