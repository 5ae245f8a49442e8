package lighttest

import "math/big"

// Discount takes a percentage or an amount (minor units) off a line. The dates are for contract lines only.
type Discount struct {
	Type      string  `json:"type"` // PERCENTAGE, AMOUNT
	Value     Decimal `json:"value"`
	StartDate string  `json:"startDate,omitempty"`
	EndDate   string  `json:"endDate,omitempty"`
}

// sum is what one line comes to, in minor units.
type sum struct{ discount, net, tax int64 }

// reckon computes a line (?). price x quantity is rounded half up to the minor unit, then the discount is, then the
// tax is; each exactly, nothing in floating point. With tax inside the price, net is what remains when the tax is
// taken out, so net + tax is always what the customer sees. ok is false when the line leaves 64 bits or the discount
// is greater than the line.
func reckon(price int64, quantity Decimal, off *Discount, rate *big.Rat, withTax bool, taxIs *int64) (out sum, ok bool) {
	exact := new(big.Rat).Mul(new(big.Rat).SetInt64(price), quantity.rat())
	whole := halfUp(exact)
	less := new(big.Int)
	if off != nil {
		if off.Type == "PERCENTAGE" {
			less = halfUp(new(big.Rat).Mul(exact, new(big.Rat).Quo(off.Value.rat(), big.NewRat(100, 1))))
		} else {
			less = halfUp(off.Value.rat())
		}
	}
	if less.CmpAbs(whole) > 0 {
		return out, false
	}
	rest := new(big.Int).Sub(whole, less)
	tax := new(big.Int)
	switch {
	case taxIs != nil:
		tax.SetInt64(*taxIs)
	case withTax:
		tax = halfUp(new(big.Rat).Mul(new(big.Rat).SetInt(rest), new(big.Rat).Quo(rate, new(big.Rat).Add(rate, big.NewRat(100, 1)))))
	default:
		tax = halfUp(new(big.Rat).Mul(new(big.Rat).SetInt(rest), new(big.Rat).Quo(rate, big.NewRat(100, 1))))
	}
	net := rest
	if withTax {
		net = new(big.Int).Sub(rest, tax)
	}
	if !net.IsInt64() || !tax.IsInt64() || !less.IsInt64() || !whole.IsInt64() {
		return out, false
	}
	return sum{less.Int64(), net.Int64(), tax.Int64()}, true
}

// halfUp rounds to a whole number, halves away from zero.
func halfUp(r *big.Rat) *big.Int {
	twice := new(big.Int).Mul(new(big.Int).Abs(r.Num()), big.NewInt(2))
	n := twice.Add(twice, r.Denom())
	n.Quo(n, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
	if r.Sign() < 0 {
		n.Neg(n)
	}
	return n
}

// discountOf reads a request's discount; dated is true for contract lines.
func discountOf(body fields) (*Discount, *failure) {
	d := body.sub("discount")
	if d == nil {
		return nil, nil
	}
	out := &Discount{Type: string(d.text("type")), StartDate: string(d.text("startDate")), EndDate: string(d.text("endDate"))}
	out.Value, _ = d["value"].(Decimal)
	value := out.Value.rat()
	switch {
	case value.Sign() < 0:
		return nil, badRequest("discount.value", "must not be negative")
	case out.Type == "PERCENTAGE" && value.Cmp(big.NewRat(100, 1)) > 0:
		return nil, badRequest("discount.value", "must not be more than 100")
	case out.Type == "AMOUNT" && !value.IsInt():
		return nil, badRequest("discount.value", "must be a whole number of minor units")
	}
	return out, nil
}

var discountTypes = []string{"PERCENTAGE", "AMOUNT"}

var invoiceDiscount = object("discount", shape{enum("type", discountTypes).required(), number("value").required()}).orNull()

var contractDiscount = object("discount", shape{enum("type", discountTypes).required(), number("value").required(),
	date("startDate"), date("endDate")}).orNull()
