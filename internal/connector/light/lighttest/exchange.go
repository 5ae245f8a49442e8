package lighttest

import (
	"math/big"
	"slices"
	"strings"
	"time"
)

// ExchangeRate is the price of one Base in Target.
type ExchangeRate struct {
	Base          string  `json:"base"`
	Target        string  `json:"target"`
	Rate          Decimal `json:"rate"`
	EffectiveDate Text    `json:"effectiveDate"`
	RequestedDate Text    `json:"requestedDate"`
}

// perEuro are made-up round rates, the same on every day: units of the currency for one EUR.
var perEuro = map[string]string{
	"EUR": "1", "USD": "1.1", "GBP": "0.85", "CHF": "0.95", "DKK": "7.46", "SEK": "11.2", "NOK": "11.6", "CAD": "1.5",
	"AUD": "1.65", "JPY": "160", "BHD": "0.415",
}

func (s *Sim) getRate(c *call) (any, *failure) {
	day, bad := rateDay(c)
	if bad != nil {
		return nil, bad
	}
	rate, ok := rateOf(c.vars["base"], c.vars["target"], day)
	if !ok {
		return gone("Exchange rate")
	}
	return rate, nil
}

func (s *Sim) listRates(c *call) (any, *failure) {
	day, bad := rateDay(c)
	if bad != nil {
		return nil, bad
	}
	base := c.vars["currency"]
	if perEuro[base] == "" {
		return gone("Currency")
	}
	out := []ExchangeRate{}
	for target := range perEuro {
		rate, _ := rateOf(base, target, day)
		out = append(out, rate)
	}
	slices.SortFunc(out, func(a, b ExchangeRate) int { return strings.Compare(a.Target, b.Target) })
	return out, nil
}

func rateDay(c *call) (time.Time, *failure) {
	raw := c.request.URL.Query().Get("date")
	if raw == "" {
		return c.now.UTC(), nil
	}
	day, err := time.Parse(dayLayout, raw)
	if err != nil {
		return day, badRequest("date", "must be a date YYYY-MM-DD")
	}
	return day, nil
}

// rateOf rounds to six decimals; a weekend has Friday's rate.
func rateOf(base, target string, day time.Time) (ExchangeRate, bool) {
	if perEuro[base] == "" || perEuro[target] == "" {
		return ExchangeRate{}, false
	}
	effective := day
	for effective.Weekday() == time.Saturday || effective.Weekday() == time.Sunday {
		effective = effective.AddDate(0, 0, -1)
	}
	rate := new(big.Rat).Quo(Decimal(perEuro[target]).rat(), Decimal(perEuro[base]).rat())
	rounded, _ := new(big.Rat).SetString(rate.FloatString(6))
	return ExchangeRate{base, target, spell(rounded), today(effective), today(day)}, true
}
