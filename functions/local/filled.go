package main

import (
	"context"
	"fmt"
	"time"

	"crosswalk/internal/web"
)

// What a pilot made is read again at once, and what the system filled in or changed by itself is listed: a customer class of GP, a default or
// a flow of a CRM. It was settled as it reads.

// pilotAnswer is what pilot prints as JSON.
type pilotAnswer struct {
	web.Moved
	Filled []web.AuditEntry `json:"filled_in"` // of each record that was made
}

// filledKind is the kind of the entries that tell of it.
const filledKind = "filled_in"

// filledIn reads what a pilot's run saw in the records that it made.
func filledIn(ctx context.Context, api *client, r web.Run) ([]web.AuditEntry, error) {
	filled := []web.AuditEntry{}
	from := r.At.Add(-time.Minute).UTC().Format(time.RFC3339)
	for after := ""; ; {
		part, err := get[web.Audit](ctx, api, "/audit", "from", from, "after", after)
		if err != nil {
			return nil, err
		}
		for _, entry := range part.Entries {
			if entry.Run == r.ID && entry.Kind == filledKind {
				filled = append(filled, entry)
			}
		}
		if after = part.Next; after == "" {
			return filled, nil
		}
	}
}

// printFilled lists it, field by field.
func (c *cli) printFilled(filled []web.AuditEntry) error {
	for _, entry := range filled {
		switch {
		case entry.Reason != "":
			fmt.Fprintf(c.out, "%s: %s\n", plain(entry.Target), plain(entry.Reason))
			continue
		case len(entry.Fields) == 0:
			fmt.Fprintf(c.out, "%s reads as it was written\n", plain(entry.Target))
			continue
		}
		fmt.Fprintf(c.out, "%s has what was not written by this mapping:\n", plain(entry.Target))
		var rows [][]string
		for _, f := range entry.Fields {
			value := f.New.Text()
			if !f.Old.Blank() {
				value = f.Old.Text() + " -> " + value
			}
			rows = append(rows, []string{"    " + f.Field, plain(value), plain(f.Rule)})
		}
		if err := columns(c.out, rows); err != nil {
			return err
		}
	}
	return nil
}
