package salesforcetest

import (
	"encoding/json"
	"time"
)

// addCurrencies gives every object of an org with several currencies its
// CurrencyIsoCode, and defines the currency objects (section 15.9).
func (s *Sim) addCurrencies() {
	s.define(standardObject{"CurrencyType", "Currency Type", "Currency Type", "01L", "cu", currencyTypeFields})
	s.define(standardObject{"DatedConversionRate", "Dated Conversion Rate", "Dated Conversion Rate", "04w", "cu", datedConversionRateFields})
	for _, name := range []string{"CurrencyType", "DatedConversionRate"} {
		s.object(name).must("IsoCode").Picklist = Values(s.cfg.Currencies...)
	}
	for _, o := range s.order {
		switch o.Name {
		case "Account", "Contact", "Lead", "Opportunity", "OpportunityLineItem", "Product2", "PricebookEntry", "Campaign", "CampaignMember", "Case", "Task", "Event":
			s.addCurrencyField(o)
		}
	}
}

func (s *Sim) addCurrencyField(o *object) {
	line := o.Name == "OpportunityLineItem" || o.Name == "CampaignMember"
	o.add(Field{Name: "CurrencyIsoCode", Label: "Currency ISO Code", Type: "picklist", Length: 3, Createable: !line, Updateable: !line && o.Name != "PricebookEntry",
		Nillable: true, DefaultedOnCreate: true, Restricted: true, Picklist: Values(s.cfg.Currencies...)})
}

// plantRates makes the currency rows: the corporate currency at 1, the others at 1
// until SetRate says otherwise.
func (s *Sim) plantRates(t *tx) {
	if !s.cfg.MultiCurrency {
		return
	}
	for _, iso := range s.cfg.Currencies {
		places := 2
		if iso == "JPY" {
			places = 0
		}
		s.plant(t, "CurrencyType", fields{"IsoCode": iso, "ConversionRate": json.Number("1"), "DecimalPlaces": number(places), "IsActive": true, "IsCorporate": iso == s.cfg.Currency})
	}
}

// SetRate sets what one unit of the corporate currency is worth in another from
// a date on (DatedConversionRate), and today's rate if the date is not ahead.
func (s *Sim) SetRate(iso, rate string, from time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin(s.admin)
	start := from.UTC().Format(dateForm)
	s.plant(t, "DatedConversionRate", fields{"IsoCode": iso, "StartDate": start, "ConversionRate": json.Number(rate)})
	for _, r := range s.object("CurrencyType").rows {
		if r.str("IsoCode") == iso && !from.After(time.Now()) {
			t.derive(r, fields{"ConversionRate": json.Number(rate)}, false)
		}
	}
	s.commit(t)
}
