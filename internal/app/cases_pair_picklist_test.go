package app

import (
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
)

// Values of picklists that the other side's list has no counterpart for (FX-31, FX-37, PB-67, PB-69, PB-105): check names them, those that
// records have first; a record that has one is carried without it.
func TestPicklistValuesWithoutCounterpart(t *testing.T) {
	s := pairWorld(pairPresets(t, "accounts", "contacts", "leads", "opportunities")...)
	s.Draft = true
	s.Org = func(sim *salesforcetest.Sim) {
		sim.SetPicklist("Account", "Industry", "Banking", "Apparel", "Media", "Technology")
		sim.SetPicklist("Opportunity", "Type", "New Customer", "Renewal")
	}
	pair(t, s, func(w *world) {
		for name, industry := range map[string]string{"Nordlys Energi A/S": "Apparel", "Fjord Textiles": "Apparel", "Sund Bank": "Banking", "Bare": ""} {
			w.sfCreate("Account", values("Name", name, "Industry", industry))
		}
		w.hub("companies", "name", "Ledger Office", "domain", "ledger.example", "industry", "ACCOUNTING")
		w.hub("companies", "name", "House of Money", "domain", "money.example", "industry", "BANKING")
		w.sfCreate("Opportunity", values("Name", "Second year", "StageName", "Prospecting", "CloseDate", "2026-10-01", "Type", "Renewal"))
		w.advance(time.Minute)
		got := w.preflight(engine.PreflightAsk{Make: true})
		for _, c := range []struct {
			records int
			says    []string
		}{
			{2, []string{"accounts", "Industry to industry of hubspot", "no counterpart for Apparel [in 2 records], Media: they are left out", "2 of all 4"}},
			{1, []string{"accounts", "industry to Industry of salesforce", "no counterpart for ACCOUNTING", "[in 1 record]", "and ", " more"}},
			{1, []string{"opportunities", "Type to dealtype of hubspot", "no counterpart for Renewal [in 1 record]"}},
			{0, []string{"opportunities", "dealtype to Type of salesforce", "no counterpart for existingbusiness"}},
		} {
			found := saying(got, "warn", c.says...)
			if len(found) != 1 || found[0].Records != c.records {
				t.Errorf("%q is said %d times: %v%s", c.says, len(found), found, told(got))
			}
		}
		w.live()
		w.later()
		if p := w.inHub("companies", "name", "Sund Bank").Properties; p["industry"] != "BANKING" {
			t.Errorf("Banking became %q", p["industry"])
		}
		if p := w.inHub("companies", "name", "Fjord Textiles").Properties; p["industry"] != "" {
			t.Errorf("Apparel became %q", p["industry"])
		}
		if r := w.inSf("Account", "Name", "House of Money"); r.Text("Industry") != "Banking" {
			t.Errorf("BANKING became %q", r.Text("Industry"))
		}
		if r := w.inSf("Account", "Name", "Ledger Office"); r.Text("Industry") != "" {
			t.Errorf("ACCOUNTING became %q", r.Text("Industry"))
		}
		w.wantQuietErrors()
		w.quiet(time.Hour)
	})
}

// TestStagesThatTheOrderLeavesOut (HS-47): check names the lifecycle stages of the account that order does not name.
func TestStagesThatTheOrderLeavesOut(t *testing.T) {
	s := pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...)
	s.Documents[1] = strings.Replace(s.Documents[1], "marketingqualifiedlead, salesqualifiedlead, opportunity, customer, evangelist, other ]", "opportunity, customer, evangelist, other ]", 1)
	s.Draft = true
	pair(t, s, func(w *world) {
		w.hub("contacts", "email", "one@nordlys.example", "lifecyclestage", "marketingqualifiedlead")
		w.advance(time.Minute)
		got := w.preflight(engine.PreflightAsk{Make: true})
		found := saying(got, "warn", "contacts", "order leaves out marketingqualifiedlead", "salesqualifiedlead")
		if len(found) != 1 || found[0].Records != 1 {
			t.Errorf("%d times: %v%s", len(found), found, told(got))
		}
	})
}
