package money

import (
	"fmt"
	"math/big"
	"strings"
)

// The caps on what ParseDecimal takes. They are far above any price or quantity a CRM can hold and far below what
// would make arithmetic slow.
const (
	MaxDigits   = 40  // significant digits of a parsed number
	MaxExponent = 30  // largest absolute exponent of a parsed number
	maxText     = 128 // bytes looked at before a text is called too long
)

// A Decimal is an exact decimal number: an integer divided by a power of ten. It is a value: no operation changes its
// operands. The zero Decimal is 0. Two Decimals are equal when Cmp says 0; == compares nothing useful.
type Decimal struct {
	coef  *big.Int // nil means 0; never written after construction
	scale int      // value = coef / 10^scale; always >= 0, and as small as it can be
}

var (
	ten = big.NewInt(10)
)

// normal drops the zeros at the end of the fraction, so that one number has one representation.
func normal(coef *big.Int, scale int) Decimal {
	if coef.Sign() == 0 {
		return Decimal{}
	}
	if scale < 0 {
		return Decimal{coef: new(big.Int).Mul(coef, power(-scale))}
	}
	var q, r big.Int
	for scale > 0 {
		q.QuoRem(coef, ten, &r)
		if r.Sign() != 0 {
			break
		}
		coef, scale = new(big.Int).Set(&q), scale-1
	}
	return Decimal{coef: coef, scale: scale}
}

func power(n int) *big.Int {
	return new(big.Int).Exp(ten, big.NewInt(int64(n)), nil)
}

func (d Decimal) integer() *big.Int {
	if d.coef == nil {
		return new(big.Int)
	}
	return d.coef
}

// at gives the coefficient of d at a scale that is not smaller than its own.
func (d Decimal) at(scale int) *big.Int {
	if scale == d.scale {
		return d.integer()
	}
	return new(big.Int).Mul(d.integer(), power(scale-d.scale))
}

// NewDecimal gives the whole number n.
func NewDecimal(n int64) Decimal { return normal(big.NewInt(n), 0) }

// NewScaled gives n / 10^scale; scale may be negative.
func NewScaled(n int64, scale int) Decimal { return normal(big.NewInt(n), scale) }

// FromBigInt gives the whole number n, which it copies.
func FromBigInt(n *big.Int) Decimal { return normal(new(big.Int).Set(n), 0) }

// A SyntaxError says why a text is not a number. It carries the reason only, never the text, which may be private.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return "not a decimal number: " + e.Reason }

func refuse(format string, args ...any) (Decimal, error) {
	return Decimal{}, &SyntaxError{Reason: fmt.Sprintf(format, args...)}
}

// ParseDecimal reads plain ("-12.50", ".5", "7.") and exponent ("1.2e3") text with a point as the decimal sign. It
// refuses blanks, thousands separators, infinities, hexadecimals, more than MaxDigits significant digits and
// exponents beyond MaxExponent; the error is a *SyntaxError.
func ParseDecimal(text string) (Decimal, error) {
	switch {
	case text == "":
		return refuse("it is blank")
	case len(text) > maxText:
		return refuse("it is longer than %d characters", maxText)
	}
	sign, rest := cutSign(text)
	mantissa, exponent, err := cutExponent(rest)
	if err != nil {
		return Decimal{}, err
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" {
		return refuse("it has no digits")
	}
	if i := strings.IndexFunc(digits, notDigit); i >= 0 {
		return refuse("it holds a character that is no digit; write it like 1234.50, without thousands separators, blanks or currency")
	}
	if len(strings.TrimLeft(digits, "0")) > MaxDigits {
		return refuse("it has more than %d digits", MaxDigits)
	}
	coef, _ := new(big.Int).SetString(digits, 10)
	if sign == "-" {
		coef.Neg(coef)
	}
	return normal(coef, len(fraction)-exponent), nil
}

// MustDecimal is ParseDecimal for constants in code and tests; it panics on a text that is no number.
func MustDecimal(text string) Decimal {
	d, err := ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

func cutSign(text string) (sign, rest string) {
	if text[0] == '-' || text[0] == '+' {
		return text[:1], text[1:]
	}
	return "", text
}

func cutExponent(text string) (mantissa string, exponent int, err error) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, nil
	}
	mantissa, text = text[:i], text[i+1:]
	if text == "" {
		return "", 0, &SyntaxError{Reason: "its exponent has no digits"}
	}
	sign, digits := cutSign(text)
	if digits == "" || strings.IndexFunc(digits, notDigit) >= 0 {
		return "", 0, &SyntaxError{Reason: "its exponent is not a whole number"}
	}
	for _, r := range digits {
		if exponent = exponent*10 + int(r-'0'); exponent > MaxExponent {
			return "", 0, &SyntaxError{Reason: fmt.Sprintf("its exponent is beyond %d", MaxExponent)}
		}
	}
	if sign == "-" {
		exponent = -exponent
	}
	return mantissa, exponent, nil
}

// String gives the plain canonical text: no exponent, no plus, no zeros at the end of a fraction, "0" for zero.
// ParseDecimal of it gives d again, as long as d is within ParseDecimal's caps.
func (d Decimal) String() string { return d.text(d.scale) }

// Fixed is String with exactly scale decimals: zeros are added, and a longer fraction is rounded like Round.
func (d Decimal) Fixed(scale int) string {
	if scale < 0 {
		scale = 0
	}
	return d.Round(scale).text(scale)
}

// text writes d with the given number of decimals, which is at least d.scale.
func (d Decimal) text(scale int) string {
	s := d.at(scale).String()
	if scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if missing := scale + 1 - len(s); missing > 0 {
		s = strings.Repeat("0", missing) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}

// MarshalText is String: a Decimal in JSON is a string, so that no reader makes a float of it.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDecimal.
func (d *Decimal) UnmarshalText(text []byte) error {
	v, err := ParseDecimal(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// Sign gives -1, 0 or 1.
func (d Decimal) Sign() int { return d.integer().Sign() }

// IsZero tells whether d is 0.
func (d Decimal) IsZero() bool { return d.Sign() == 0 }

// Scale gives the number of digits after the point that d needs: 2 for 1.25, 0 for 100.
func (d Decimal) Scale() int { return d.scale }

// IsWhole tells whether d has no fraction.
func (d Decimal) IsWhole() bool { return d.scale == 0 }

// Digits gives the number of digits of d without sign and point; callers that loop use it to bound growth.
func (d Decimal) Digits() int {
	// 30103/100000 is log10(2) rounded up: good to one digit, without printing the number.
	return d.integer().BitLen()*30103/100000 + 1
}

// Neg gives -d.
func (d Decimal) Neg() Decimal {
	if d.coef == nil {
		return d
	}
	return Decimal{coef: new(big.Int).Neg(d.coef), scale: d.scale}
}

// Abs gives d without its sign.
func (d Decimal) Abs() Decimal {
	if d.Sign() < 0 {
		return d.Neg()
	}
	return d
}

// Add gives d + e, exactly.
func (d Decimal) Add(e Decimal) Decimal {
	scale := max(d.scale, e.scale)
	return normal(new(big.Int).Add(d.at(scale), e.at(scale)), scale)
}

// Sub gives d - e, exactly.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

// Mul gives d x e, exactly.
func (d Decimal) Mul(e Decimal) Decimal {
	return normal(new(big.Int).Mul(d.integer(), e.integer()), d.scale+e.scale)
}

// Cmp gives -1 when d < e, 0 when they are equal, 1 when d > e.
func (d Decimal) Cmp(e Decimal) int {
	scale := max(d.scale, e.scale)
	return d.at(scale).Cmp(e.at(scale))
}

// Equal tells whether d and e are the same number.
func (d Decimal) Equal(e Decimal) bool { return d.Cmp(e) == 0 }

// Shift gives d x 10^n, exactly; n may be negative.
func (d Decimal) Shift(n int) Decimal { return normal(d.integer(), d.scale-n) }

// Percent gives p percent of d, exactly: d x p / 100.
func (d Decimal) Percent(p Decimal) Decimal { return d.Mul(p).Shift(-2) }

// Round gives d to scale digits after the point, halves away from zero: 0.125 to 2 is 0.13, -0.125 is -0.13. A
// negative scale rounds before the point.
func (d Decimal) Round(scale int) Decimal {
	if scale >= d.scale {
		return d
	}
	return normal(quoHalfAway(d.integer(), power(d.scale-scale)), scale)
}

// Quo gives d / e to scale digits after the point, halves away from zero. ok is false when e is 0.
func (d Decimal) Quo(e Decimal, scale int) (q Decimal, ok bool) {
	if e.IsZero() {
		return Decimal{}, false
	}
	// d/e = (a/10^m)/(b/10^n); wanted: round(a x 10^(n-m+scale) / b)
	num, den := d.integer(), e.integer()
	if shift := e.scale - d.scale + scale; shift >= 0 {
		num = new(big.Int).Mul(num, power(shift))
	} else {
		den = new(big.Int).Mul(den, power(-shift))
	}
	return normal(quoHalfAway(num, den), scale), true
}

func quoHalfAway(num, den *big.Int) *big.Int {
	var q, r big.Int
	q.QuoRem(num, den, &r)
	if r.Sign() == 0 {
		return &q
	}
	twice := r.Abs(&r)
	twice.Lsh(twice, 1)
	if twice.CmpAbs(den) >= 0 {
		q.Add(&q, big.NewInt(int64(num.Sign()*den.Sign())))
	}
	return &q
}

// Int64 gives d as an int64; ok is false when d has a fraction or does not fit.
func (d Decimal) Int64() (n int64, ok bool) {
	if d.scale != 0 || !d.integer().IsInt64() {
		return 0, false
	}
	return d.integer().Int64(), true
}

// BigInt gives a copy of d as a whole number; ok is false when d has a fraction.
func (d Decimal) BigInt() (n *big.Int, ok bool) {
	if d.scale != 0 {
		return nil, false
	}
	return new(big.Int).Set(d.integer()), true
}
