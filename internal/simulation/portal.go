package simulation

import (
	"context"
	"fmt"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
)

// portal is HubSpot as the CRM of a run.
type portal struct{ *town }

func (p portal) connection() string { return "hubspot" }
func (p portal) vendor() string     { return "HubSpot" }

func (p portal) objects() (deals, firms, products string) { return "deals", "companies", "products" }

func (p portal) connect(s *Sim, a *actor) (connector.Connector, error) {
	return hubspot.New(hubspot.Config{Connection: "hubspot", AppID: fmt.Sprint(hubspottest.AppID), Portal: fmt.Sprint(s.HubSpot.PortalID()), Secrets: []string{hubspottest.ClientSecret},
		Client: a.client("hubspot", "https://api.hubapi.com", hubspottest.PrivateToken, nil, s.HubSpot.Transport())})
}

func (p portal) deliver(ctx context.Context, bell *doorbell) { p.s.HubSpot.DeliverDue(ctx, bell) }

// winning are the stages whose metadata says won.
var winning = map[string]bool{hubspottest.WonStage: true, hubspottest.SecondWonStage: true}

func (p portal) deals() []deal {
	var out []deal
	for _, r := range p.s.HubSpot.Records("deals") {
		day, _, _ := strings.Cut(r.Properties["closedate"], "T")
		d := deal{id: r.ID, name: r.Properties["dealname"], won: winning[r.Properties["dealstage"]] && !r.Archived, unheard: r.Archived, mergedInto: r.MergedInto,
			firms: r.Associations["companies"], primary: r.PrimaryCompany, closed: day, currency: r.Properties["deal_currency_code"], amount: r.Properties["amount"]}
		if was := r.Properties["hs_merged_object_ids"]; was != "" {
			d.merged = strings.Split(was, ";")
		}
		for _, l := range p.s.lines(r) {
			one := dealLine{net: lineNet(l.Properties, d.currency), currency: l.Properties["hs_line_item_currency_code"], product: l.Properties["hs_product_id"],
				recurs: l.Properties["recurringbillingfrequency"] != ""}
			one.overDiscounted = fraction(zero(l.Properties["discount"])).Cmp(fraction(zero(l.Properties["price"]))) > 0
			d.lines = append(d.lines, one)
		}
		out = append(out, d)
	}
	return out
}

func (p portal) firms() []firm {
	var out []firm
	for _, r := range p.s.HubSpot.Records("companies") {
		out = append(out, firm{id: r.ID, name: r.Properties["name"], street: r.Properties["address"], vat: r.Properties["vat_number"], domain: r.Properties["domain"],
			email: r.Properties["billing_email"], gone: r.Archived, mergedInto: r.MergedInto, cameOfMerge: r.Properties["hs_merged_object_ids"] != ""})
	}
	return out
}

func (p portal) catalogue() []product {
	var out []product
	for _, r := range p.s.HubSpot.Records("products") {
		out = append(out, product{r.ID, r.Properties["active"] == "true"})
	}
	return out
}

// written: HubSpot is only read.
func (p portal) written() string {
	calls := p.s.HubSpot.Calls()
	for _, name := range sorted(calls) {
		if calls[name] > 0 && !strings.HasPrefix(name, "GET") && !strings.Contains(name, "/search") && !strings.Contains(name, "batch/read") && name != "total" {
			return "was called with " + name
		}
	}
	return ""
}

func (p portal) writes() int { return 0 }
