package money_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/money"
)

// TestT2_LinesToTheMinorUnit: hard case T2, each expectation worked out by hand.
func TestT2_LinesToTheMinorUnit(t *testing.T) {
	for _, c := range []struct {
		name, quantity, price, percent, perUnit, perLine, currency string
		wantQuantity                                               string
		unit, net                                                  int64
		collapsed, rounded                                         bool
	}{
		{name: "plain", quantity: "3", price: "19.99", currency: "EUR", wantQuantity: "3", unit: 1999, net: 5997},
		{name: "price finer than the currency", quantity: "200", price: "0.335", currency: "EUR", wantQuantity: "1", unit: 6700, net: 6700, collapsed: true},
		{name: "product not whole", quantity: "1.5", price: "99.99", currency: "EUR", wantQuantity: "1", unit: 14999, net: 14999, collapsed: true, rounded: true},
		{name: "decimal quantity that comes out whole", quantity: "2.5", price: "10.00", currency: "EUR", wantQuantity: "2.5", unit: 1000, net: 2500},
		{name: "yen", quantity: "3", price: "1200", currency: "JPY", wantQuantity: "3", unit: 1200, net: 3600},
		{name: "yen with a fraction", quantity: "3", price: "0.5", currency: "JPY", wantQuantity: "1", unit: 2, net: 2, collapsed: true, rounded: true},
		{name: "dinar", quantity: "2", price: "7.321", currency: "BHD", wantQuantity: "2", unit: 7321, net: 14642},
		{name: "percentage that stays whole", quantity: "2", price: "100", percent: "10", currency: "EUR", wantQuantity: "2", unit: 9000, net: 18000},
		{name: "percentage that does not", quantity: "3", price: "9.99", percent: "15", currency: "EUR", wantQuantity: "1", unit: 2547, net: 2547, collapsed: true, rounded: true},
		{name: "percentage whole over the line only", quantity: "100", price: "9.99", percent: "12.5", currency: "USD", wantQuantity: "1", unit: 87413, net: 87413, collapsed: true, rounded: true},
		{name: "discount per unit", quantity: "4", price: "50", perUnit: "5.25", currency: "EUR", wantQuantity: "4", unit: 4475, net: 17900},
		{name: "discount per line that divides", quantity: "4", price: "50", perLine: "10", currency: "EUR", wantQuantity: "4", unit: 4750, net: 19000},
		{name: "discount per line that does not", quantity: "3", price: "50", perLine: "10", currency: "EUR", wantQuantity: "1", unit: 14000, net: 14000, collapsed: true},
		{name: "discount of the whole line", quantity: "3", price: "50", perLine: "150", currency: "EUR", wantQuantity: "3", unit: 0, net: 0},
		{name: "free of charge", quantity: "4", price: "50", percent: "100", currency: "EUR", wantQuantity: "4", unit: 0, net: 0},
		{name: "nothing ordered", quantity: "0", price: "50", currency: "EUR", wantQuantity: "0", unit: 5000, net: 0},
		{name: "rebate line", quantity: "1", price: "-12.505", currency: "EUR", wantQuantity: "1", unit: -1251, net: -1251, collapsed: true, rounded: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := money.LineInput{Quantity: money.MustDecimal(c.quantity), UnitPrice: money.MustDecimal(c.price), Currency: c.currency}
			if c.percent != "" {
				in.Discount.Percent = money.MustDecimal(c.percent)
			}
			if c.perUnit != "" {
				in.Discount.PerUnit = money.MustDecimal(c.perUnit)
			}
			if c.perLine != "" {
				in.Discount.PerLine = money.MustDecimal(c.perLine)
			}
			got, err := money.ComputeLine(in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Quantity.String() != c.wantQuantity || got.UnitPrice.Minor != c.unit || got.Net.Minor != c.net || got.Collapsed != c.collapsed || got.Rounded != c.rounded {
				t.Errorf("got %s x %s = %s, collapsed %v, rounded %v", got.Quantity, got.UnitPrice, got.Net, got.Collapsed, got.Rounded)
			}
		})
	}
}

func TestLineRefusals(t *testing.T) {
	one, d := money.NewDecimal(1), money.MustDecimal
	for _, c := range []struct {
		field string
		in    money.LineInput
	}{
		{"currency", money.LineInput{Quantity: one, UnitPrice: one, Currency: "EURO"}},
		{"discount", money.LineInput{Quantity: one, UnitPrice: one, Currency: "EUR", Discount: money.Discount{Percent: d("100.01")}}},
		{"discount", money.LineInput{Quantity: one, UnitPrice: one, Currency: "EUR", Discount: money.Discount{Percent: d("-1")}}},
		{"discount", money.LineInput{Quantity: one, UnitPrice: one, Currency: "EUR", Discount: money.Discount{PerUnit: d("1.01")}}},
		{"discount", money.LineInput{Quantity: one, UnitPrice: one, Currency: "EUR", Discount: money.Discount{PerUnit: d("-0.01")}}},
		{"discount", money.LineInput{Quantity: one, UnitPrice: one, Currency: "EUR", Discount: money.Discount{PerUnit: d("0.1"), Percent: d("5")}}},
		{"discount", money.LineInput{Quantity: d("2"), UnitPrice: one, Currency: "EUR", Discount: money.Discount{PerLine: d("2.01")}}},
		{"discount", money.LineInput{Quantity: d("0"), UnitPrice: one, Currency: "EUR", Discount: money.Discount{PerLine: d("0.01")}}},
		{"discount", money.LineInput{Quantity: d("2"), UnitPrice: one, Currency: "EUR", Discount: money.Discount{PerLine: d("1"), PerUnit: d("0.1")}}},
		{"amount", money.LineInput{Quantity: d("1e20"), UnitPrice: d("1e20"), Currency: "EUR"}},
	} {
		var le *money.LineError
		if _, err := money.ComputeLine(c.in); !errors.As(err, &le) || le.Field != c.field {
			t.Errorf("%+v: %v, want a refusal of %s", c.in, err, c.field)
		}
	}
}

// TestC8_LinesAgainstRationals: invariant C8. Whatever is billed, quantity x unit price is the net amount to the minor
// unit, and the net amount is the exact product rounded once.
func TestC8_LinesAgainstRationals(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	places := map[string]int64{"EUR": 100, "JPY": 1, "BHD": 1000, "CLF": 10000}
	currencies := []string{"EUR", "JPY", "BHD", "CLF"}
	decimal := func(limit int64) (money.Decimal, *big.Rat) {
		n, scale := r.Int64N(limit), r.IntN(5)
		return money.NewScaled(n, scale), new(big.Rat).SetFrac(big.NewInt(n), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	}
	for range 50_000 {
		quantity, rq := decimal(10_000)
		price, rp := decimal(1_000_000)
		in := money.LineInput{Quantity: quantity, UnitPrice: price, Currency: currencies[r.IntN(len(currencies))]}
		unit := new(big.Rat).Set(rp)
		lineOff := new(big.Rat)
		switch r.IntN(4) {
		case 0:
			p := r.Int64N(10_001)
			in.Discount.Percent = money.NewScaled(p, 2)
			unit.Mul(rp, big.NewRat(10_000-p, 10_000))
		case 1:
			in.Discount.PerUnit = price.Percent(money.NewDecimal(r.Int64N(101)))
			off, _ := new(big.Rat).SetString(in.Discount.PerUnit.String())
			unit.Sub(rp, off)
		case 2:
			in.Discount.PerLine = quantity.Mul(price).Percent(money.NewDecimal(r.Int64N(101)))
			lineOff, _ = new(big.Rat).SetString(in.Discount.PerLine.String())
		}
		exact := new(big.Rat).Mul(rq, unit)
		exact.Mul(exact.Sub(exact, lineOff), big.NewRat(places[in.Currency], 1))
		// Nothing here is negative, so half away from zero is floor(x + 1/2).
		half := new(big.Rat).Add(exact, big.NewRat(1, 2))
		want := new(big.Int).Div(half.Num(), half.Denom())

		line, err := money.ComputeLine(in)
		if err != nil {
			t.Fatal(err)
		}
		if big.NewInt(line.Net.Minor).Cmp(want) != 0 || line.Rounded == exact.IsInt() {
			t.Fatalf("%+v: net %d, rounded %v; want %s of %s", in, line.Net.Minor, line.Rounded, want, exact)
		}
		billed, _ := new(big.Rat).SetString(line.Quantity.String())
		billed.Mul(billed, big.NewRat(line.UnitPrice.Minor, 1))
		if billed.Cmp(new(big.Rat).SetInt(want)) != 0 {
			t.Fatalf("%+v: bills %s instead of %s", in, billed, want)
		}
		if line.Collapsed && line.Quantity.String() != "1" {
			t.Fatalf("%+v: collapsed to %s", in, line.Quantity)
		}
	}
}

// TestC8_NoFloats keeps floats out of the package's own source.
func TestC8_NoFloats(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, word := range []string{"float" + "64", "float" + "32", "big." + "Float", "ParseFloat"} {
			if strings.Contains(string(src), word) {
				t.Errorf("%s uses %s", file, word)
			}
		}
	}
}

func BenchmarkComputeLine(b *testing.B) {
	in := money.LineInput{Quantity: money.NewDecimal(3), UnitPrice: money.MustDecimal("19.99"), Currency: "EUR", Discount: money.Discount{Percent: money.NewDecimal(10)}}
	for b.Loop() {
		if _, err := money.ComputeLine(in); err != nil {
			b.Fatal(err)
		}
	}
}
