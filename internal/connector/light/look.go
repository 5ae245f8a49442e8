package light

import (
	"context"
	"net/url"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// early is how long before the claim a record may have been made, by Light's clock against ours.
const early = 10 * time.Minute

// Look finds records of the object that bear the marker and were made no earlier than Since less ten minutes. Light
// can filter by neither reference nor custom property (fact sheet 2), so the records made since are read and compared
// here: invoices of the customer in Hints, when it is there, that changed since; customers by creation; products that
// changed since; contracts from the newest back. A document comes with its lines.
func (c *Connector) Look(ctx context.Context, r connector.LookRequest) ([]record.Record, error) {
	o, err := listed("look for", r.Object)
	if err != nil || r.Marker == "" {
		return nil, err
	}
	marker := c.markerField(o)
	if o.marker == "" || wantsProperties(r.Fields) {
		if _, err := c.properties(ctx, 0); err != nil {
			return nil, err
		}
	}
	ask := r.Fields
	if ask != nil && !slices.Contains(ask, marker) {
		ask = append(slices.Clone(ask), marker)
	}
	since := r.Since.Add(-early)
	var found []record.Record
	err = c.each(ctx, o.op("look for"), o.path, o.lookQuery(since, r.Hints), func(p listPage) (bool, error) {
		for _, one := range p.rows {
			rec, err := c.recordOf(o, one, ask)
			if err != nil || rec.Created.IsZero() {
				return true, nonsense(o.op("look for"))
			}
			if o.name == "contracts" && rec.Created.Before(since) {
				return true, nil // newest first: all others are older
			}
			if rec.Field(marker).Text() == r.Marker {
				found = append(found, rec)
			}
		}
		return false, nil
	})
	if err != nil || o.lines == "" {
		return found, err
	}
	for i := range found {
		if found[i], err = c.get(ctx, o, found[i].Ref.ID, r.Fields); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (o *object) lookQuery(since time.Time, hints map[string]record.Value) url.Values {
	switch o.name {
	case "contracts":
		return url.Values{"sort": {"createdAt:desc"}}
	case "customers":
		return url.Values{"sort": {"createdAt:desc"}, "filter": {"createdAt:gte:" + stamp(since)}}
	}
	filter := "updatedAt:gte:" + stamp(since)
	if customer := hints["customerId"].Text(); o.name == "invoice-receivables" && validID(customer) {
		filter += ",customerId:eq:" + customer
	}
	return url.Values{"sort": {"updatedAt:asc"}, "filter": {filter}}
}
