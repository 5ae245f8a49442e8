package script

import (
	"fmt"
	"hash/fnv"

	"crosswalk/internal/money"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

const (
	maxDigits   = 1000 // digits of a decimal
	divideScale = 20   // decimals of a quotient
)

// decimal is an exact number of a script: decimal("1.20"), or 1.20 as it is written.
type decimal struct{ d money.Decimal }

var (
	_ starlark.TotallyOrdered = decimal{}
	_ starlark.HasBinary      = decimal{}
	_ starlark.HasUnary       = decimal{}
)

func (d decimal) String() string       { return d.d.String() }
func (d decimal) Type() string         { return "decimal" }
func (d decimal) Freeze()              {}
func (d decimal) Truth() starlark.Bool { return starlark.Bool(!d.d.IsZero()) }

// Hash: equal numbers have one text.
func (d decimal) Hash() (uint32, error) {
	h := fnv.New32a()
	h.Write([]byte(d.d.String()))
	return h.Sum32(), nil
}

func (d decimal) Cmp(y starlark.Value, _ int) (int, error) { return d.d.Cmp(y.(decimal).d), nil }

func (d decimal) Unary(op syntax.Token) (starlark.Value, error) {
	switch op {
	case syntax.MINUS:
		return decimal{d.d.Neg()}, nil
	case syntax.PLUS:
		return d, nil
	}
	return nil, nil
}

// Binary computes with decimals and whole numbers; anything else it declines.
func (d decimal) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	other, ok := asNumber(y)
	if !ok {
		return nil, nil
	}
	a, b := d.d, other
	if side == starlark.Right {
		a, b = b, a
	}
	switch op {
	case syntax.PLUS:
		return bounded(a.Add(b))
	case syntax.MINUS:
		return bounded(a.Sub(b))
	case syntax.STAR:
		return bounded(a.Mul(b))
	case syntax.SLASH:
		return divide(a, b)
	}
	return nil, nil
}

func bounded(d money.Decimal) (starlark.Value, error) {
	if d.Digits() > maxDigits || d.Scale() > maxDigits {
		return nil, &limitError{what: fmt.Sprintf("a number grew beyond %d digits", maxDigits)}
	}
	return decimal{d}, nil
}

func divide(a, b money.Decimal) (starlark.Value, error) {
	q, ok := a.Quo(b, divideScale)
	if !ok {
		return nil, plainf("division by zero")
	}
	return bounded(q)
}

// asNumber gives the exact number of an int or decimal.
func asNumber(v starlark.Value) (money.Decimal, bool) {
	switch v := v.(type) {
	case decimal:
		return v.d, true
	case starlark.Int:
		if n, ok := v.Int64(); ok {
			return money.NewDecimal(n), true
		}
		return money.FromBigInt(v.BigInt()), true
	}
	return money.Decimal{}, false
}
