package salesforcetest

import (
	"encoding/json"
	"math/big"
	"time"
)

// stageOf finds a stage's row by its label, nil if the stage is not defined: such
// values are accepted all the same (section 5).
func (s *Sim) stageOf(label string) *record {
	for _, r := range s.object("OpportunityStage").rows {
		if fold(r.str("ApiName")) == fold(label) {
			return r
		}
	}
	return nil
}

func beforeOpportunity(t *tx, d *draft) *apiError {
	lines := d.rec != nil && d.rec.yes("HasOpportunityLineItem")
	if lines {
		if d.sent("Amount") {
			d.unset("Amount") // ignored without an error (section 15.4)
		}
		for _, name := range []string{"Pricebook2Id", "CurrencyIsoCode"} {
			if d.sent(name) && d.changes(name) {
				return integrity(name, "cannot be changed while the opportunity has line items")
			}
		}
	}
	t.applyStage(d)
	return t.deriveOpportunity(d)
}

// applyStage takes over what the stage says, where the caller did not say it.
func (t *tx) applyStage(d *draft) {
	st := t.s.stageOf(d.str("StageName"))
	if d.creating() || d.changes("StageName") {
		if !d.creating() {
			d.put("LastStageChangeDate", stampText(t.now))
		}
		probability, category := any(json.Number("0")), any("Pipeline")
		if st != nil {
			probability, category = st.value("DefaultProbability"), st.value("ForecastCategoryName")
		}
		if !d.sent("Probability") || d.get("Probability") == nil {
			d.put("Probability", probability)
		}
		if !d.sent("ForecastCategoryName") || d.get("ForecastCategoryName") == nil {
			d.put("ForecastCategoryName", category)
		}
	}
	closed, won := false, false
	if st != nil {
		closed, won = st.yes("IsClosed"), st.yes("IsWon")
	}
	d.put("IsClosed", closed)
	d.put("IsWon", won)
}

// forecastCategories names ForecastCategory by ForecastCategoryName (section 16).
var forecastCategories = map[string]string{"Omitted": "Omitted", "Pipeline": "Pipeline", "Best Case": "BestCase", "Commit": "Forecast", "Closed": "Closed"}

func (t *tx) deriveOpportunity(d *draft) *apiError {
	if c := forecastCategories[d.str("ForecastCategoryName")]; c != "" {
		d.put("ForecastCategory", c)
	}
	expected := any(nil)
	if amount := d.get("Amount"); amount != nil {
		share := new(big.Rat).Mul(rat(amount), rat(d.get("Probability")))
		expected = json.Number(decimal(share.Quo(share, big.NewRat(100, 1)), 2))
	}
	d.put("ExpectedRevenue", expected)
	if close, err := time.Parse(dateForm, d.str("CloseDate")); err == nil {
		quarter := (int(close.Month())-1)/3 + 1
		d.put("FiscalYear", number(close.Year()))
		d.put("FiscalQuarter", number(quarter))
		d.put("Fiscal", number(close.Year()).String()+" "+number(quarter).String())
	}
	return nil
}

// afterOpportunity makes the primary contact role of a new opportunity.
func afterOpportunity(t *tx, d *draft, r *record) *apiError {
	if !d.creating() || r.str("ContactId") == "" {
		return nil
	}
	t.s.plant(t, "OpportunityContactRole", fields{"OpportunityId": r.id, "ContactId": r.str("ContactId"), "IsPrimary": true})
	return nil
}

func beforeContactRole(t *tx, d *draft) *apiError {
	if d.creating() {
		for _, r := range t.rolesOf(d.str("OpportunityId")) {
			if r.str("ContactId") == idOrSame(d.str("ContactId")) && r.value("Role") == d.get("Role") {
				return reject("DUPLICATE_VALUE", nil, "duplicate value found: <unknown> duplicates value on record with id: <unknown>") // (inferred) wording of the vendor's own unique keys
			}
		}
	}
	return nil
}

// afterContactRole keeps one primary role per opportunity (section 15.3).
func afterContactRole(t *tx, d *draft, r *record) *apiError {
	if !r.yes("IsPrimary") {
		return nil
	}
	for _, other := range t.rolesOf(r.str("OpportunityId")) {
		if other != r && other.yes("IsPrimary") {
			t.derive(other, fields{"IsPrimary": false}, false)
		}
	}
	return nil
}

func (t *tx) rolesOf(opportunity string) []*record {
	if r := t.s.record(opportunity); r != nil {
		return t.s.children(r, "OpportunityContactRole", "OpportunityId")
	}
	return nil
}
