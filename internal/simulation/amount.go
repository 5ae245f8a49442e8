package simulation

import (
	"math/big"
	"strings"
)

// Amounts are computed here anew, on fractions, and share no code with the product: who checks must not use what he checks.

// digitsOf is how many decimals a currency's minor unit has (ISO 4217).
func digitsOf(currency string) int {
	switch currency {
	case "JPY":
		return 0
	case "BHD":
		return 3
	}
	return 2
}

func fraction(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return new(big.Rat)
	}
	return r
}

// minor is an amount in whole minor units, half away from zero.
func minor(amount *big.Rat, currency string) int64 {
	scaled := new(big.Rat).Mul(amount, new(big.Rat).SetInt(power(digitsOf(currency))))
	doubled := new(big.Int).Mul(scaled.Num(), big.NewInt(2))
	if scaled.Sign() >= 0 {
		doubled.Add(doubled, scaled.Denom())
	} else {
		doubled.Sub(doubled, scaled.Denom())
	}
	return new(big.Int).Quo(doubled, new(big.Int).Mul(scaled.Denom(), big.NewInt(2))).Int64()
}

func power(digits int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
}

// lineNet is what a CRM line comes to: quantity x (price - price x percent - discount per unit).
func lineNet(p map[string]string, currency string) int64 {
	price, quantity := fraction(p["price"]), big.NewRat(1, 1)
	if p["quantity"] != "" {
		quantity = fraction(p["quantity"])
	}
	off := new(big.Rat).Mul(price, fraction(zero(p["hs_discount_percentage"])))
	off.Quo(off, big.NewRat(100, 1))
	unit := new(big.Rat).Sub(price, off)
	unit.Sub(unit, fraction(zero(p["discount"])))
	return minor(unit.Mul(unit, quantity), currency)
}

func zero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

// major writes minor units as the decimal that people type.
func major(n int64, currency string) string {
	return new(big.Rat).SetFrac(big.NewInt(n), power(digitsOf(currency))).FloatString(digitsOf(currency))
}

// token is the first word of a text: what tells, without asking the product, whose document or customer it is.
func word(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}
