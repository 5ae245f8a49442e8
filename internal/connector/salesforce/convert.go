package salesforce

import (
	"context"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// A converted lead (fact sheet 15.2) stays readable and is dead: its record is the contact it became. Reading it says moved, to
// the contact, and shows the contact's values. The contact comes with the same composite call as the leads, by a semi-join; only
// one that was itself merged or deleted since takes calls of its own, and the first one of a process that has not described
// contacts yet. What only the lead tells goes with the answer where it was
// asked for: ConvertedAccountId, ConvertedOpportunityId, ConvertedContactId, ConvertedDate, IsConverted.

// contacts says what to ask of the contacts behind leads; nil where there is none to ask, or they come by calls of their own.
func (j *reading) contacts(ctx context.Context) (*selection, error) {
	if j.r.Object != "Lead" || j.c.described("Contact") == nil { // who never read a contact is not made to describe them first
		return nil, nil
	}
	to, known := j.sel.schema.field("ConvertedContactId")
	is, knownToo := j.sel.schema.field("IsConverted")
	if !known || !knownToo || !to.Filterable || !is.Filterable {
		return nil, nil
	}
	sel, err := j.c.selectFields(ctx, j.op, "Contact", j.r.Fields)
	if f := connector.FaultOf(err); f == connector.Forbidden || f == connector.Missing {
		return nil, nil
	}
	return sel, err
}

func (j *reading) convertedQuery(ids []string) query {
	leads := query{fields: []column{"ConvertedContactId"}, from: "Lead", where: all{compare{"IsConverted", equal, yes}, among{"Id", quotedAll(ids)}}}
	return query{fields: j.after.columns, subs: j.after.subs, from: "Contact", where: fromQuery{"Id", leads}}
}

// takeContacts keeps the contacts by id; one that is not among them is asked for on its own.
func (j *reading) takeContacts(ctx context.Context, got result) (map[string]*record.Record, error) {
	if err := j.c.gather(ctx, j.op, j.after, got.Records); err != nil {
		return nil, err
	}
	out := map[string]*record.Record{}
	for _, r := range got.Records {
		if id := r.id("Id"); id != "" {
			out[id] = j.c.record(j.after, r)
		}
	}
	return out, nil
}

// converted is the answer for a converted lead: moved, or still to be followed where its contact did not come along.
func (j *reading) converted(id string, lead *record.Record, to record.Ref, contact *record.Record) record.Read {
	told := map[string]record.Value{}
	for name, v := range lead.Fields {
		if strings.HasPrefix(name, "Converted") || name == "IsConverted" {
			told[name] = v
		}
	}
	j.leads[id] = told
	if contact == nil {
		return record.Read{State: record.Unanswered, To: to} // see follow
	}
	return j.withLead(id, record.Read{State: record.Moved, To: to, Record: contact})
}

// withLead adds what only the lead told.
func (j *reading) withLead(id string, read record.Read) record.Read {
	told := j.leads[id]
	if read.State != record.Moved || read.Record == nil || len(told) == 0 {
		return read
	}
	rec := *read.Record // two leads may have become one contact
	rec.Fields = maps.Clone(rec.Fields)
	maps.Copy(rec.Fields, told)
	read.Record = &rec
	return read
}

// asksLeads tells whether the leads that became contacts are to be asked for, and can be: who may not see leads knows of none.
func (j *reading) asksLeads(ctx context.Context) (bool, error) {
	if j.r.Object != "Contact" || !slices.Contains(j.r.Before, "Lead") {
		return false, nil
	}
	s, err := j.c.schema(ctx, j.op, "Lead")
	switch f := connector.FaultOf(err); {
	case f == connector.Forbidden || f == connector.Missing:
		return false, nil
	case err != nil:
		return false, err
	}
	to, known := s.field("ConvertedContactId")
	is, knownToo := s.field("IsConverted")
	return known && knownToo && to.Filterable && is.Filterable, nil
}

// leadsQuery asks for the leads that became some contacts. It goes with the call that reads them.
func leadsQuery(ids []string) query {
	return query{fields: []column{"ConvertedContactId", "Id"}, from: "Lead", where: all{compare{"IsConverted", equal, yes}, among{"ConvertedContactId", quotedAll(ids)}}, order: []column{"Id"}}
}

// takeLeads gives the leads by the contact that they became.
func (j *reading) takeLeads(got result) (map[string][]record.Ref, error) {
	if len(got.Records) != got.rows { // without the missing ones a contact would look as if it had always been one
		return nil, &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "converted leads left out of the answer"}
	}
	out := map[string][]record.Ref{}
	for _, r := range got.Records {
		if id, contact := r.id("Id"), r.id("ConvertedContactId"); id != "" && contact != "" {
			out[contact] = append(out[contact], j.c.ref("Lead", id))
		}
	}
	return out, nil
}
