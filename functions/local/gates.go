package main

import (
	"context"
	"fmt"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/web"
)

// How a demonstration passes the gates of mappings that make documents, as a team of one does: a pilot of a deal or a few,
// a preview of everything, an approval.

// samplePilots are deals of the sample whose documents are an invoice and a contract.
func samplePilots(v *vendors) map[string][]string {
	return map[string][]string{"deals-to-invoices": {dealOf(v, "eur")}, "deals-to-contracts": {dealOf(v, "recurring")}}
}

func dealOf(v *vendors, key string) string {
	return "hubspot:deals/" + v.hubspot.SampleID("deals/"+key)
}

// mostPilots is how many deals of a folder are tried: one of them may well be held, as any deal may.
const mostPilots = 3

// folderPilots are won deals with a line, each of another company. A folder has no recurring lines: nothing would be a
// contract, and that mapping stays a draft.
func folderPilots(v *vendors) map[string][]string {
	out, companies := map[string][]string{}, map[string]bool{}
	for _, d := range v.hubspot.Records("deals") {
		of := d.Associations["companies"]
		if d.Properties["dealstage"] != hubspottest.WonStage || len(of) == 0 || companies[of[0]] || len(d.Associations["line_items"]) == 0 || len(companies) == mostPilots {
			continue
		}
		companies[of[0]] = true
		out["deals-to-invoices"] = append(out["deals-to-invoices"], "hubspot:deals/"+d.ID)
	}
	return out
}

// tryOut pilots each document mapping with its deals and waits for the documents.
func (c *cli) tryOut(ctx context.Context, api *client, pilots map[string][]string) error {
	for _, name := range piloted(pilots) {
		moved, err := post[web.Moved](ctx, api, "/mappings/"+name+"/pilot", map[string]any{"refs": pilots[name]})
		if err != nil {
			return fmt.Errorf("pilot %s: %w", name, err)
		}
		if _, err := c.follow(ctx, api, *moved.Run); err != nil {
			return fmt.Errorf("pilot %s: %w", name, err)
		}
	}
	return nil
}

// previewAll previews everything that a mapping would write and gives the plan.
func (c *cli) previewAll(ctx context.Context, api *client, name string) (web.Plan, error) {
	r, err := post[web.Run](ctx, api, "/previews", map[string]any{"mapping": name})
	if err != nil {
		return web.Plan{}, err
	}
	if r, err = c.follow(ctx, api, r); err != nil {
		return web.Plan{}, err
	}
	return get[web.Plan](ctx, api, "/plans/"+r.Plan)
}

// approveAll puts the operator's name under the versions that were piloted.
func (c *cli) approveAll(ctx context.Context, api *client, pilots map[string][]string) error {
	for _, name := range piloted(pilots) {
		if _, err := post[web.Standing](ctx, api, "/mappings/"+name+"/approve", nil); err != nil {
			return fmt.Errorf("approve %s: %w", name, err)
		}
	}
	return nil
}

// piloted are the document mappings that have a deal to be tried out with, in their order.
func piloted(pilots map[string][]string) []string {
	var out []string
	for _, name := range append(append([]string{}, documentMappings...), salesforceDocuments...) {
		if len(pilots[name]) > 0 {
			out = append(out, name)
		}
	}
	return out
}
