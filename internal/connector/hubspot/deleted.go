package hubspot

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
)

// Deleted tells which of these records are in HubSpot's bin, 100 ids a call: search never shows deletions (fact sheet 4), so a
// sweep asks. Records merged away are not in the bin; those erased for good are in it no more: Read tells of both.
func (c *Connector) Deleted(ctx context.Context, object string, ids []string) ([]string, error) {
	if object == Submissions { // they have no bin
		return nil, nil
	}
	op := "deleted " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !validID(id) })
	slices.SortFunc(asked, byID)
	asked = slices.Compact(asked)
	var out []string
	for _, chunk := range c.chunks(asked, c.Batch) {
		answer, err := c.readBatch(ctx, op, k, chunk, "", nil, true)
		if err != nil {
			return nil, err
		}
		for _, e := range answer.Errors {
			if f := e.fault(op); f.Fault != connector.Missing {
				return nil, f
			}
		}
		for _, w := range answer.Results {
			if w.Archived && slices.Contains(chunk, w.ID.text) {
				out = append(out, w.ID.text)
			}
		}
	}
	slices.SortFunc(out, byID)
	return out, nil
}
