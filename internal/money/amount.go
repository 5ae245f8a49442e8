package money

import (
	"errors"
	"fmt"
	"math"
)

// An Amount is a sum in whole minor units: {1234, "EUR"} is 12.34 euros, {1234, "JPY"} is 1234 yen. This is how Light
// takes every price (fact sheet light, section 4).
type Amount struct {
	Minor    int64
	Currency string // ISO 4217, capitals
}

// ErrOverflow says that an amount does not fit into 64 bits of minor units.
var ErrOverflow = errors.New("amount does not fit into 64 bits of minor units")

// A MismatchError says that two amounts of different currencies were to be added or compared.
type MismatchError struct{ A, B string }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("amounts in %q and %q cannot be put together; convert one of them first", e.A, e.B)
}

// FromDecimal turns a number of major units into minor units of a currency, halves away from zero. exact is false when
// something was rounded away. Errors: *CurrencyError, ErrOverflow.
func FromDecimal(d Decimal, currency string) (a Amount, exact bool, err error) {
	digits, ok := Exponent(currency)
	if !ok {
		return Amount{}, false, unknownCurrency(currency)
	}
	scaled := d.Shift(digits)
	minor, ok := scaled.Round(0).Int64()
	if !ok {
		return Amount{}, false, ErrOverflow
	}
	return Amount{Minor: minor, Currency: currency}, scaled.IsWhole(), nil
}

// ParseAmount is ParseDecimal and FromDecimal, for a text that must be exact: a fraction finer than the currency is an
// error.
func ParseAmount(text, currency string) (Amount, error) {
	d, err := ParseDecimal(text)
	if err != nil {
		return Amount{}, err
	}
	a, exact, err := FromDecimal(d, currency)
	if err == nil && !exact {
		digits, _ := Exponent(currency)
		err = fmt.Errorf("amount has more than the %d decimals of %s; round it or bill it as one line", digits, currency)
	}
	if err != nil {
		return Amount{}, err
	}
	return a, nil
}

// Decimal gives the amount in major units. An unknown currency counts as having no decimals.
func (a Amount) Decimal() Decimal {
	digits, _ := Exponent(a.Currency)
	return NewScaled(a.Minor, digits)
}

// String writes all decimals of the currency: "12.30 EUR", "1234 JPY".
func (a Amount) String() string {
	digits, _ := Exponent(a.Currency)
	return a.Decimal().Fixed(digits) + " " + a.Currency
}

// IsZero tells whether nothing is owed, in whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Neg gives the amount with its sign turned. Error: ErrOverflow.
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: -a.Minor, Currency: a.Currency}, nil
}

// Add gives a + b. Errors: *MismatchError, ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, &MismatchError{A: a.Currency, B: b.Currency}
	}
	sum := a.Minor + b.Minor
	if (b.Minor > 0 && sum < a.Minor) || (b.Minor < 0 && sum > a.Minor) {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}

// Sub gives a - b. Errors: *MismatchError, ErrOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, &MismatchError{A: a.Currency, B: b.Currency}
	}
	diff := a.Minor - b.Minor
	if (b.Minor > 0 && diff > a.Minor) || (b.Minor < 0 && diff < a.Minor) {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: diff, Currency: a.Currency}, nil
}

// Cmp gives -1, 0 or 1. Error: *MismatchError.
func (a Amount) Cmp(b Amount) (int, error) {
	switch {
	case a.Currency != b.Currency:
		return 0, &MismatchError{A: a.Currency, B: b.Currency}
	case a.Minor < b.Minor:
		return -1, nil
	case a.Minor > b.Minor:
		return 1, nil
	}
	return 0, nil
}

// Sum adds amounts of one currency; no amounts at all are 0 of that currency. Errors: *MismatchError, ErrOverflow.
func Sum(currency string, amounts ...Amount) (Amount, error) {
	total := Amount{Currency: currency}
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return total, nil
}
