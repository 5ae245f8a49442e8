package app

import (
	"strings"
	"testing"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

// TestCheckOverEveryPreset (PB-65 to PB-70): the presets of the two CRMs as they are shipped, and each whole set of them, against an org and
// a portal as the vendors hand them out. Nobody is stopped by what nobody did: only marker fields have to be deployed at Salesforce.
func TestCheckOverEveryPreset(t *testing.T) {
	sets := map[string][]string{"as they are shipped": nil}
	for _, p := range mapping.PresetSet("hubspot-salesforce") {
		sets["as they are shipped"] = append(sets["as they are shipped"], string(p.YAML))
	}
	for _, set := range mapping.WholeSets() {
		if pair, _, _ := strings.Cut(set.Name, "/"); pair == "hubspot-salesforce" {
			for _, d := range set.Presets {
				sets[set.Name] = append(sets[set.Name], string(d.YAML))
			}
		}
	}
	if len(sets) != 4 {
		t.Fatalf("%d sets, want the shipped one and three whole sets", len(sets))
	}
	for name, documents := range sets {
		t.Run(name, func(t *testing.T) {
			s := anOrg()
			s.Draft, s.Quiet, s.Documents = true, true, documents
			s.HubSpotFields = []string{"contacts/salesforce_campaigns"} // its preset says that it has to be made
			s.Org = func(sim *salesforcetest.Sim) {
				for _, object := range []string{"Account", "Contact", "Lead", "Opportunity", "Task", "Event", "Campaign", "Product2", "PricebookEntry", "CampaignMember"} {
					sim.AddField(object, salesforcetest.ExternalID("crosswalk_key__c", 255))
				}
			}
			virtual(t, s, func(w *world) {
				w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example", "Industry", "Energy")
				w.sfCreate("Contact", values("LastName", "Desk", "Email", "desk@nordlys.example"))
				w.sfCreate("Lead", values("LastName", "Desk", "Company", "Fjord Textiles", "Email", "desk@fjord.example", "Status", "Open - Not Contacted"))
				w.hub("contacts", "email", "front@nordlys.example", "lastname", "Front", "lifecyclestage", "customer")
				w.polled()
				for _, make := range []bool{true, false} {
					got := w.preflight(engine.PreflightAsk{Make: make})
					for _, f := range saying(got, "stop") {
						t.Errorf("%s: %s -> %s", f.Where, f.Finding, f.Fix)
					}
				}
			})
		})
	}
}
