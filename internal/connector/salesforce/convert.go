package salesforce

import (
	"context"
	"maps"
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
