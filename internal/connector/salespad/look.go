package salespad

import (
	"context"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// early is how long before the claim a record may have been made, by the server's clock against ours.
const early = 10 * time.Minute

// Look reads what was written since the claim less ten minutes, oldest first, and compares markers here: no filter takes a
// user field (fact sheet 4). Every create moves the stamp, and later edits only move it on. Only where no time
// bounds it does it read those of the parent in Hints alone: what was sent may have had another one (a contact whose company was merged
// since).
func (c *Connector) Look(ctx context.Context, r connector.LookRequest) ([]record.Record, error) {
	op := "look for " + r.Object
	o, err := c.object(op, r.Object)
	if err != nil || r.Marker == "" {
		return nil, err
	}
	if o.Marker == "" {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "the object has no marker field"}
	}
	var conditions []expr
	order := o.order()
	if since := r.Since.Add(-early); o.Stamp != "" && since.Year() > 1900 {
		conditions = append(conditions, atLeast(column(o.Stamp), moment(since)))
		order = o.order(o.Stamp)
	} else if parent := o.parentField(); parent != "" {
		if text := r.Hints[parent].Text(); sayable(text) {
			conditions = append(conditions, equal(column(parent), quoted(text)))
		}
	}
	var found []record.Record
	err = c.each(ctx, op, o, o.List, query{filter: all(conditions...), order: order}, func(row row) error {
		raw, _ := row.userField(o.Marker)
		rec := c.record(o, row, r.Fields)
		twice := slices.ContainsFunc(found, func(f record.Record) bool { return f.Ref == rec.Ref })
		if textOf(raw) == r.Marker && rec.Ref.ID != "" && !twice {
			found = append(found, rec)
		}
		return nil
	})
	return found, err
}

// parentField is the field that holds the parent's key, "" where there is none.
func (o *Object) parentField() string {
	for _, f := range o.Fields {
		if o.Parent != "" && f.References == o.Parent && f.CreateOnly {
			return f.Name
		}
	}
	return ""
}
