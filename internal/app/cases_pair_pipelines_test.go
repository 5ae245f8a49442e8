package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// TestPipelinesAndCurrencies (HS-59): the lines that the preset of opportunities offers for an org with record types and several currencies,
// written in: each pipeline is a record type, with its own stages, both ways; an amount goes with its currency.
func TestPipelinesAndCurrencies(t *testing.T) {
	s := pairWorld(pairPresets(t, "accounts", "contacts")...)
	s.Draft = true
	s.Salesforce = &salesforcetest.Config{MultiCurrency: true}
	types := map[string]string{}
	s.Org = func(sim *salesforcetest.Sim) {
		types["sales"] = sim.AddRecordType("Opportunity", salesforcetest.RecordType{Name: "Sales", Default: true})
		types["renewals"] = sim.AddRecordType("Opportunity", salesforcetest.RecordType{Name: "Renewals"})
		sim.SetStage(salesforcetest.Stage{Name: "Renewal Due", Probability: 50})
		sim.SetStage(salesforcetest.Stage{Name: "Renewed", Closed: true, Won: true, Probability: 100})
	}
	pair(t, s, func(w *world) {
		document := pairPresets(t, "opportunities")[0]
		for _, edit := range [][2]string{
			{`pipeline == "default"`, fmt.Sprintf("pipeline in [%q, %q]", "default", renewals)},
			{"Closed Lost: closedlost }\n", "Closed Lost: closedlost, Renewal Due: \"1180441\", Renewed: \"1180444\" }\n"},
			{"closedlost: Closed Lost }\n    required: true\n", "closedlost: Closed Lost, \"1180441\": Renewal Due, \"1180444\": Renewed }\n    required: true\n    group: stage\n"},
			{"  # - { a: RecordTypeId, b: pipeline, values: { 012000000000001AAA: default, 012000000000002AAA: \"48815\" }, group: stage,",
				fmt.Sprintf("  - { a: RecordTypeId, b: pipeline, values: { %s: default, %s: %q }, group: stage,", types["sales"], types["renewals"], renewals)},
			{"  - { a: Amount, b: amount, rule: Prefer Salesforce unless blank }\n", ""},
			{"  # - { a: [Amount, CurrencyIsoCode]", "  - { a: [Amount, CurrencyIsoCode]"},
		} {
			if strings.Count(document, edit[0]) != 1 {
				t.Fatalf("the preset has %q %d times", edit[0], strings.Count(document, edit[0]))
			}
			document = strings.Replace(document, edit[0], edit[1], 1)
		}
		w.apply(document)
		w.live()
		w.sfCreate("Opportunity", values("Name", "New from Salesforce", "StageName", "Renewal Due", "CloseDate", "2026-10-01", "RecordTypeId", types["renewals"], "Amount", "1200", "CurrencyIsoCode", "EUR"))
		w.hub("deals", "dealname", "New from HubSpot", "pipeline", renewals, "dealstage", "1180441", "closedate", "2026-11-01T00:00:00Z", "amount", "900", "deal_currency_code", "EUR")
		w.hub("deals", "dealname", "Sale", "pipeline", "default", "dealstage", "qualifiedtobuy", "closedate", "2026-11-01T00:00:00Z", "amount", "70", "deal_currency_code", "USD")
		w.later()
		type at struct{ pipeline, stage, amount, currency string }
		hub := func(name string) at {
			p := w.inHub("deals", "dealname", name).Properties
			return at{p["pipeline"], p["dealstage"], p["amount"], p["deal_currency_code"]}
		}
		sf := func(name string) at {
			r := w.inSf("Opportunity", "Name", name)
			return at{r.Text("RecordTypeId"), r.Text("StageName"), strings.TrimSuffix(r.Text("Amount"), ".00"), r.Text("CurrencyIsoCode")}
		}
		same := func(name string, atHub, atSf at) {
			t.Helper()
			if got := hub(name); got != atHub {
				t.Errorf("%s at HubSpot: %v, want %v%s", name, got, atHub, w.story())
			}
			if got := sf(name); got != atSf {
				t.Errorf("%s at Salesforce: %v, want %v%s", name, got, atSf, w.story())
			}
		}
		same("New from Salesforce", at{renewals, "1180441", "1200", "EUR"}, at{types["renewals"], "Renewal Due", "1200", "EUR"})
		same("New from HubSpot", at{renewals, "1180441", "900", "EUR"}, at{types["renewals"], "Renewal Due", "900", "EUR"})
		same("Sale", at{"default", "qualifiedtobuy", "70", "USD"}, at{types["sales"], "Qualification", "70", "USD"})
		// Salesforce goes before: an opportunity goes to the other record type, its stage with it; one is won in its own
		w.sfSet("Opportunity", w.inSf("Opportunity", "Name", "Sale").ID, "RecordTypeId", types["renewals"], "StageName", "Renewal Due")
		w.sfSet("Opportunity", w.inSf("Opportunity", "Name", "New from HubSpot").ID, "StageName", "Renewed", "Amount", "950")
		w.later()
		same("Sale", at{renewals, "1180441", "70", "USD"}, at{types["renewals"], "Renewal Due", "70", "USD"})
		same("New from HubSpot", at{renewals, "1180444", "950", "EUR"}, at{types["renewals"], "Renewed", "950", "EUR"})
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}

// renewals is the id of HubSpot's second pipeline.
const renewals = hubspottest.SecondPipeline
