package salespad

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Findable lists the fields that Find takes: those the profile marks, which a filter compares as SQL Server does, without case
// and without the spaces at the end. Phones are none: GP keeps them as digits with an extension. User fields cannot be
// filtered (fact sheet 4).
func (c *Connector) Findable(object string) []string {
	o, err := c.object("", object)
	if err != nil {
		return nil
	}
	var out []string
	for _, f := range o.Fields {
		if f.Find {
			out = append(out, f.Name)
		}
	}
	if o.Search != nil {
		out = append(out, o.Search.Fields...)
	}
	return out
}

// Find asks for about twenty values a call. A row that cannot be told to belong to one ask, since the server compares by its
// own collation, answers all of its call: a superset, which the caller compares. A customer is found by an e-mail of any of its
// addresses, in the list that joins them, and then read.
func (c *Connector) Find(ctx context.Context, object string, asks []connector.Ask, fields []string) ([]connector.Answer, error) {
	op := "find " + object
	o, err := c.object(op, object)
	if err != nil {
		return nil, err
	}
	out := make([]connector.Answer, len(asks))
	byField := map[string][]int{}
	var order []string
	for i, a := range asks {
		name, _ := o.findable(a.Field)
		if name == "" || !sayable(a.Text) || strings.TrimSpace(a.Text) != a.Text {
			out[i].CannotAsk = true
			continue
		}
		if byField[name] == nil {
			order = append(order, name)
		}
		byField[name] = append(byField[name], i)
	}
	for _, name := range order {
		if err := c.findBy(ctx, op, o, name, asks, byField[name], fields, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// findable gives the column for a field and the list that has it; "" for none.
func (o *Object) findable(name string) (field, resource string) {
	if f, ok := o.field(name); ok && f.Find {
		return name, cmp.Or(o.History, o.List)
	}
	if o.Search != nil && slices.Contains(o.Search.Fields, name) {
		return name, o.Search.List
	}
	return "", ""
}

func (c *Connector) findBy(ctx context.Context, op string, o *Object, name string, asks []connector.Ask, which []int, fields []string, out []connector.Answer) error {
	_, resource := o.findable(name)
	say := func(n int) expr { return equal(column(name), quoted(asks[which[n]].Text)) }
	for _, chunk := range c.Profile.chunks(len(which), 1, say) {
		var is []expr
		for _, n := range chunk {
			is = append(is, say(n))
		}
		var rows []row
		err := c.each(ctx, op, o, resource, query{filter: either(is...), order: o.order()}, func(r row) error {
			rows = append(rows, r)
			return nil
		})
		if err != nil {
			return err
		}
		records, err := c.hits(ctx, op, o, resource, rows, fields)
		if err != nil {
			return err
		}
		for _, r := range rows {
			rec, there := records[canonical(r.key(o))]
			if !there {
				continue
			}
			for _, k := range ownersOf(r.text(name), asks, which, chunk) {
				if !slices.ContainsFunc(out[k].Records, func(o record.Record) bool { return o.Ref == rec.Ref }) {
					out[k].Records = append(out[k].Records, rec)
				}
			}
		}
	}
	return nil
}

// ownersOf gives the asks of a call that a value answers: those it equals without case, else all.
func ownersOf(value string, asks []connector.Ask, which, chunk []int) []int {
	var same, every []int
	for _, n := range chunk {
		every = append(every, which[n])
		if strings.EqualFold(strings.TrimSpace(value), asks[which[n]].Text) {
			same = append(same, which[n])
		}
	}
	if len(same) > 0 {
		return same
	}
	return every
}

// hits gives the records of found rows by their canonical id; rows of a joined list are read.
func (c *Connector) hits(ctx context.Context, op string, o *Object, resource string, rows []row, fields []string) (map[string]record.Record, error) {
	out := map[string]record.Record{}
	if resource == o.List {
		for _, r := range rows {
			if rec := c.record(o, r, fields); rec.Ref.ID != "" {
				out[canonical(rec.Ref.ID)] = rec
			}
		}
		return out, nil
	}
	var ids []string
	for _, r := range rows {
		if id := r.key(o); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	reads, err := c.Read(ctx, connector.ReadRequest{Object: o.name, IDs: ids, Fields: fields})
	if err != nil {
		return nil, err
	}
	for _, r := range reads {
		if r.State == record.Unanswered {
			return nil, asError(r.Err)
		}
		if r.State == record.Found {
			out[canonical(r.Ref.ID)] = *r.Record
		}
	}
	return out, nil
}
