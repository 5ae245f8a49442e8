package money_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"crosswalk/internal/money"
)

// TestExponent checks the currencies whose decimals differ from 2 (ISO 4217 list one) and what must not be billable.
func TestExponent(t *testing.T) {
	want := map[string]int{"EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3, "OMR": 3, "CLF": 4, "UYW": 4, "MGA": 2}
	for code, digits := range want {
		if got, ok := money.Exponent(code); !ok || got != digits {
			t.Errorf("Exponent(%s) = %d, %v; want %d", code, got, ok, digits)
		}
	}
	for _, code := range []string{"", "eur", "EURO", "$", "XAU", "XXX", "DEM", "BGN", "ZZZ"} {
		if _, ok := money.Exponent(code); ok {
			t.Errorf("Exponent(%q) is known", code)
		}
	}
	if n := len(money.Currencies()); n < 150 || n > 180 {
		t.Errorf("%d currencies", n)
	}
}

func TestParseCurrency(t *testing.T) {
	if code, err := money.ParseCurrency(" eur "); err != nil || code != "EUR" {
		t.Errorf("got %q, %v", code, err)
	}
	for text, part := range map[string]string{"DEM": "withdrawn in 2002-03", "XAU": "no minor unit", "€": "ISO 4217", "": "ISO 4217"} {
		var ce *money.CurrencyError
		if _, err := money.ParseCurrency(text); !errors.As(err, &ce) || !strings.Contains(err.Error(), part) {
			t.Errorf("ParseCurrency(%q): %v", text, err)
		}
	}
}

func TestFromDecimal(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		minor          int64
		exact          bool
	}{
		// The first three are Light's own examples (fact sheet light, section 4).
		{"42.15", "GBP", 4215, true}, {"12345", "JPY", 12345, true}, {"7.321", "BHD", 7321, true},
		{"0.005", "EUR", 1, false}, {"-0.005", "EUR", -1, false}, {"0.0049", "EUR", 0, false}, {"99.5", "JPY", 100, false},
		{"92233720368547758.07", "EUR", math.MaxInt64, true}, {"0.29", "USD", 29, true}, {"1.15", "USD", 115, true}, {"1e3", "EUR", 100000, true},
	} {
		a, exact, err := money.FromDecimal(money.MustDecimal(c.text), c.currency)
		if err != nil || a.Minor != c.minor || exact != c.exact {
			t.Errorf("%s %s = %d, %v, %v", c.text, c.currency, a.Minor, exact, err)
		}
		if c.exact && !a.Decimal().Equal(money.MustDecimal(c.text)) {
			t.Errorf("%s %s comes back as %s", c.text, c.currency, a.Decimal())
		}
	}
	if _, _, err := money.FromDecimal(money.MustDecimal("92233720368547758.08"), "EUR"); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("overflow: %v", err)
	}
	if _, err := money.ParseAmount("1.005", "EUR"); err == nil || !strings.Contains(err.Error(), "decimals of EUR") {
		t.Errorf("ParseAmount took a third decimal: %v", err)
	}
}

func TestAmountArithmetic(t *testing.T) {
	eur := func(n int64) money.Amount { return money.Amount{Minor: n, Currency: "EUR"} }
	if s := eur(-5).String() + " " + (money.Amount{Minor: 7, Currency: "JPY"}).String(); s != "-0.05 EUR 7 JPY" {
		t.Error(s)
	}
	edge := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	for _, x := range edge {
		for _, y := range edge {
			dx, dy := money.NewDecimal(x), money.NewDecimal(y)
			check := func(name string, got money.Amount, err error, want money.Decimal) {
				n, fits := want.Int64()
				if fits != (err == nil) || (fits && got.Minor != n) {
					t.Errorf("%d %s %d = %d, %v; want %s", x, name, y, got.Minor, err, want)
				}
			}
			sum, err := eur(x).Add(eur(y))
			check("+", sum, err, dx.Add(dy))
			diff, err := eur(x).Sub(eur(y))
			check("-", diff, err, dx.Sub(dy))
		}
	}
	var mismatch *money.MismatchError
	if _, err := eur(1).Add(money.Amount{Minor: 1, Currency: "USD"}); !errors.As(err, &mismatch) {
		t.Errorf("mismatch: %v", err)
	}
	if _, err := money.Sum("EUR", eur(1), money.Amount{Currency: "USD"}); !errors.As(err, &mismatch) {
		t.Errorf("mismatch: %v", err)
	}
	if total, err := money.Sum("EUR"); err != nil || total != eur(0) {
		t.Errorf("empty sum: %v, %v", total, err)
	}
}
