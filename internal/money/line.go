package money

import "fmt"

// A Discount lowers what a line comes to. At most one of the three is set; the zero Discount lowers nothing. HubSpot
// keeps a percentage and an amount apart and does not say whether the amount is per unit or for the line (fact sheet
// hubspot, section 6: hs_discount_percentage, discount): that is the mapping's to say.
type Discount struct {
	Percent Decimal // 0 to 100
	PerUnit Decimal // major units of the line's currency taken off each unit
	PerLine Decimal // major units of the line's currency taken off the whole line
}

// LineInput is a line as a CRM holds it: decimals in major units.
type LineInput struct {
	Quantity  Decimal
	UnitPrice Decimal
	Discount  Discount
	Currency  string
}

// A Line is what can be billed without any arithmetic left to the other side. Quantity x UnitPrice is exactly Net.
type Line struct {
	Quantity  Decimal
	UnitPrice Amount  // after discount
	Net       Amount  // the whole line, after discount
	Gross     Decimal // quantity x price before the discount, in major units, not rounded; for texts only
	Collapsed bool    // quantity became 1 and the price the line's net amount; the original belongs into the line's name
	Rounded   bool    // Net is not the exact product: half a minor unit or less was rounded away
}

// A LineError names the part of a line that cannot be billed.
type LineError struct {
	Field  string // quantity, unit price, discount, currency, amount
	Reason string
	Err    error // *CurrencyError or ErrOverflow where one of them is the cause
}

func (e *LineError) Error() string { return fmt.Sprintf("line %s: %s", e.Field, e.Reason) }
func (e *LineError) Unwrap() error { return e.Err }

// ComputeLine turns a CRM's line into one that can be billed to the minor unit (hard case T2). The rules:
//
//  1. The unit price after discount is the price less the amount per unit, less the percentage, or the line's amount
//     less the amount per line divided by the quantity, exactly. The discount is folded into the price because vendors
//     do not publish how they round one.
//  2. If that price is whole minor units and quantity x price is too, the line is sent as it is: exact.
//  3. Otherwise the line becomes quantity 1 at its net amount, which is quantity x price after discount rounded once,
//     half away from zero, to the minor unit: 200 x 0.335 is 1 x 67.00, and nothing was rounded; 1.5 x 99.99 is
//     1 x 149.99, Rounded. Neither the price nor the discount is rounded before.
//
// Quantity and price may be negative (a rebate line): whether that may be billed is the caller's rule. A discount that
// is negative, above 100 percent or above what it is taken from is refused, since it would turn the line's sign, and so
// are two kinds at once. Errors are *LineError.
func ComputeLine(in LineInput) (Line, error) {
	digits, ok := Exponent(in.Currency)
	if !ok {
		err := unknownCurrency(in.Currency)
		return Line{}, &LineError{Field: "currency", Reason: err.Error(), Err: err}
	}
	price, exactNet, err := in.discounted()
	if err != nil {
		return Line{}, err
	}
	net, exact, err := FromDecimal(exactNet, in.Currency)
	if err != nil {
		return Line{}, &LineError{Field: "amount", Reason: err.Error(), Err: err}
	}
	line := Line{Quantity: in.Quantity, Net: net, Gross: in.Quantity.Mul(in.UnitPrice), Rounded: !exact}
	if unit, ok := price.Shift(digits).Int64(); ok && exact && in.Quantity.Mul(price).Equal(exactNet) {
		line.UnitPrice = Amount{Minor: unit, Currency: in.Currency}
		return line, nil
	}
	line.Quantity, line.UnitPrice, line.Collapsed = NewDecimal(1), net, true
	return line, nil
}

// discounted gives the unit price and the line's amount after the discount, the amount exactly. The price is exact but
// for an amount per line that does not divide by the quantity; then quantity x price is not the amount.
func (in LineInput) discounted() (price, net Decimal, err error) {
	d, gross := in.Discount, in.Quantity.Mul(in.UnitPrice)
	if err := d.check(in.UnitPrice, gross); err != nil {
		return Decimal{}, Decimal{}, err
	}
	if d.PerLine.IsZero() {
		price = in.UnitPrice.Sub(in.UnitPrice.Percent(d.Percent)).Sub(d.PerUnit)
		return price, in.Quantity.Mul(price), nil
	}
	net = gross.Sub(d.PerLine)
	price, _ = net.Quo(in.Quantity, MaxExponent) // by zero only if nothing was ordered, which check has refused
	return price, net, nil
}

func (d Discount) check(price, gross Decimal) error {
	refuse := func(reason string) error { return &LineError{Field: "discount", Reason: reason} }
	kinds := 0
	for _, part := range []Decimal{d.Percent, d.PerUnit, d.PerLine} {
		if part.Sign() < 0 {
			return refuse("is negative; raise the price instead")
		}
		kinds += part.Sign()
	}
	switch {
	case kinds > 1:
		return refuse("has a percentage and an amount; clear one of them")
	case d.Percent.Cmp(NewDecimal(100)) > 0:
		return refuse("is more than 100 percent")
	case !d.PerUnit.IsZero() && d.PerUnit.Cmp(price) > 0:
		return refuse("is more than the unit price")
	case !d.PerLine.IsZero() && d.PerLine.Cmp(gross) > 0:
		return refuse("is more than the line's amount")
	}
	return nil
}
