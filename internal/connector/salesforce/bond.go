package salesforce

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// bond is an association as a field of a record (connector/association.go), in one of two kinds:
//   - A lookup is one of the record's own references: primary.Account of a contact is its AccountId. It is read and written as
//     that field; whoever maps both has mapped one field twice.
//   - A junction is an object of its own between the two (kind.go): associations.Contact of an opportunity are the contacts of
//     its OpportunityContactRoles, primary.Contact the one whose role is primary. They come with the record itself, by a
//     sub-select, so that neither reads nor feeds take a further call; bondwrite.go writes them.
//
// A reference to several kinds of record (WhoId, WhatId) is no bond: it stays the field it is.
type bond struct {
	field   string // as wanted
	to      string
	primary bool

	lookup property // of a lookup; else its name is ""

	via  junction
	down column // the relationship that leads from the record to the junction's rows
}

// bond finds what a field's name stands for; false where the org has no such association that our user may see.
func (c *Connector) bond(ctx context.Context, op string, s *schema, name string) (bond, bool, error) {
	to, primary, ok := connector.AssociationField(name)
	if !ok {
		return bond{}, false, nil
	}
	b := bond{field: name, to: to, primary: primary}
	j, joined := junctions[pair{s.Name, to}]
	if !joined && primary {
		b.lookup, ok = c.lookup(s, to)
		return b, ok, nil
	}
	if !joined || !j.field || primary && (j.primary == "" || s.Name != "Opportunity") { // IsPrimary is the opportunity's word, not the contact's
		return b, false, nil
	}
	between, err := c.schema(ctx, op, j.object)
	if f := connector.FaultOf(err); f == connector.Forbidden || f == connector.Missing {
		return b, false, nil
	}
	if err != nil {
		return b, false, err
	}
	b.via = j
	if _, visible := between.column(j.primary); !visible && primary {
		return b, false, nil
	} else if !visible {
		b.via.primary = ""
	}
	b.down = s.down(j)
	return b, b.down != "" && len(between.columns(j.from, j.to)) == 2, nil
}

// lookup gives an object's own reference that means the association with another one.
func (c *Connector) lookup(s *schema, to string) (property, bool) {
	if to == "User" || !slices.Contains(c.Objects(), to) {
		return property{}, false
	}
	own := references(s, to)
	if len(own) == 0 {
		return property{}, false
	}
	p, ok := s.field(string(own[0]))
	return p, ok && len(p.ReferenceTo) == 1 && !strings.HasPrefix(p.Name, "Converted") // what a lead became is no association
}

// down gives the relationship from the record to a junction's rows, "" where the describe knows none.
func (s *schema) down(j junction) column {
	for _, child := range s.Children {
		if child.Object == j.object && child.Field == j.from && word(child.Name) != "" {
			return column(child.Name)
		}
	}
	return ""
}

// bondFields describes the associations of an object as fields.
func (c *Connector) bondFields(ctx context.Context, op string, s *schema) ([]connector.Field, error) {
	var out []connector.Field
	for _, to := range c.Objects() {
		for _, name := range []string{connector.AllOf + to, connector.PrimaryOf + to} {
			b, ok, err := c.bond(ctx, op, s, name)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, b.describe())
			}
		}
	}
	return out, nil
}

func (b bond) describe() connector.Field {
	f := connector.Field{Name: b.field, Label: "Associated " + b.to, Type: "list", References: b.to}
	if b.primary {
		f.Label, f.Type = "Primary "+b.to, "ref"
	}
	if b.lookup.Name != "" {
		f.ReadOnly, f.CreateOnly = !b.lookup.Createable && !b.lookup.Updateable, b.lookup.Createable && !b.lookup.Updateable
	}
	return f
}

// selectBond adds what an association needs to a selection; one that is not there stays absent from records.
func (c *Connector) selectBond(ctx context.Context, op string, sel *selection, name string, names map[column]bool) error {
	b, ok, err := c.bond(ctx, op, sel.schema, name)
	if err != nil || !ok {
		return err
	}
	sel.bonds = append(sel.bonds, b)
	if b.lookup.Name != "" {
		names[column(b.lookup.Name)] = true
		return nil
	}
	if slices.ContainsFunc(sel.subs, func(q query) bool { return q.from == b.down }) {
		return nil
	}
	sub := query{from: b.down, fields: []column{"Id", column(b.via.to)}, order: []column{"Id"}}
	if b.via.primary != "" {
		sub.fields = append(sub.fields, column(b.via.primary))
	}
	sel.subs = append(sel.subs, sub)
	return nil
}

// value reads the association out of a row; absent where the row does not carry it.
func (b bond) value(r row) record.Value {
	if b.lookup.Name != "" {
		return value(b.lookup, r[b.lookup.Name])
	}
	raw, sent := r[string(b.down)]
	if !sent {
		return record.Value{}
	}
	rows, ok := family(raw)
	if !ok {
		return record.Value{}
	}
	var ids []string
	for _, child := range rows.Records {
		id := child.id(b.via.to)
		if id == "" {
			continue // of the other kind: a campaign member is a lead or a contact
		}
		if b.primary && child.yes(b.via.primary) {
			return record.Of(id)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch {
	case len(ids) == 0, b.primary && len(ids) > 1:
		return record.Empty()
	case b.primary:
		return record.Of(ids[0])
	}
	return record.Many(ids...)
}

// family reads the answer of a sub-select: null where there are no children (fact sheet 8).
func family(raw json.RawMessage) (result, bool) {
	if isNull(raw) {
		return result{}, true
	}
	var r result
	return r, decode(raw, &r) == nil
}

// gather completes the children of rows whose sub-select did not fit into the answer: they have pages of their own. A list with
// holes would be taken for what the record has.
func (c *Connector) gather(ctx context.Context, op string, sel *selection, rows []row) error {
	for _, sub := range sel.subs {
		for _, r := range rows {
			raw, sent := r[string(sub.from)]
			if !sent || isNull(raw) {
				continue
			}
			first, ok := family(raw)
			if !ok {
				return malformed(op, rest.Answer{})
			}
			all, err := c.follow(ctx, op, first)
			if err != nil {
				return err
			}
			if all.Total != nil && *all.Total != len(all.Records) {
				return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "associations left out of the answer"}
			}
			if !*first.Done {
				r[string(sub.from)] = mustJSON(map[string]any{"done": true, "records": all.Records})
			}
		}
	}
	return nil
}

// nameGone tells that Salesforce refuses a name it had described: of a field, or of a relationship.
func nameGone(err error) bool {
	code := codeOf(err)
	return code == "INVALID_FIELD" || code == "INVALID_TYPE"
}
