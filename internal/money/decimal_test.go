package money_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"crosswalk/internal/money"
)

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-0.00", "0"}, {"+7", "7"}, {"007.50", "7.5"}, {".5", "0.5"}, {"-.05", "-0.05"}, {"5.", "5"},
		{"1e3", "1000"}, {"1.25E-2", "0.0125"}, {"100", "100"}, {"12e+1", "120"}, {"1e-30", "0." + strings.Repeat("0", 29) + "1"},
		{strings.Repeat("9", 40), strings.Repeat("9", 40)}, {"10005534.00", "10005534"},
	} {
		got, err := money.ParseDecimal(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("ParseDecimal(%q) = %s, %v; want %s", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", " ", "-", ".", "1,000.00", "1 000", "€5", "0x10", "NaN", "inf", "1e", "1e+", "1e31", "1e-31",
		"1e99999999999999999999", "1.2.3", "--1", "1-", strings.Repeat("9", 41), strings.Repeat("0", 200), "١٢", "1_000"} {
		var syntax *money.SyntaxError
		if got, err := money.ParseDecimal(in); !errors.As(err, &syntax) {
			t.Errorf("ParseDecimal(%q) = %s, %v; want a SyntaxError", in, got, err)
		} else if len(in) > 3 && strings.Contains(err.Error(), in) {
			t.Errorf("error for %q repeats the text", in)
		}
	}
}

func TestRoundIsHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct {
		in    string
		scale int
		want  string
	}{
		{"0.125", 2, "0.13"}, {"-0.125", 2, "-0.13"}, {"0.1249999", 2, "0.12"}, {"2.5", 0, "3"}, {"-2.5", 0, "-3"}, {"1.5", 0, "2"},
		{"0.5", 0, "1"}, {"0.49", 0, "0"}, {"149.985", 2, "149.99"}, {"1250", -2, "1300"}, {"12", 5, "12"},
	} {
		if got := money.MustDecimal(c.in).Round(c.scale).String(); got != c.want {
			t.Errorf("%s to %d = %s, want %s", c.in, c.scale, got, c.want)
		}
	}
	if got := money.MustDecimal("-1.005").Fixed(4); got != "-1.0050" {
		t.Errorf("Fixed = %s", got)
	}
	if got := money.MustDecimal("3").Fixed(0); got != "3" {
		t.Errorf("Fixed = %s", got)
	}
}

func TestQuo(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		scale int
		want  string
	}{
		{"1", "3", 4, "0.3333"}, {"2", "3", 2, "0.67"}, {"-2", "3", 2, "-0.67"}, {"1", "-8", 2, "-0.13"}, {"10", "0.5", 0, "20"}, {"0.001", "1000", 10, "0.000001"},
	} {
		got, ok := money.MustDecimal(c.a).Quo(money.MustDecimal(c.b), c.scale)
		if !ok || got.String() != c.want {
			t.Errorf("%s/%s = %s, want %s", c.a, c.b, got, c.want)
		}
	}
	if _, ok := money.NewDecimal(1).Quo(money.Decimal{}, 2); ok {
		t.Error("division by zero succeeded")
	}
}

// randomText gives the text of a number with up to 12 digits before and 8 after the point.
func randomText(r *rand.Rand) string {
	s := strconv.FormatInt(r.Int64N(1_000_000_000_000)>>r.IntN(40), 10)
	if n := r.IntN(9); n > 0 {
		s += "."
		for range n {
			s += string(rune('0' + r.IntN(10)))
		}
	}
	if r.IntN(4) == 0 {
		s = "-" + s
	}
	return s
}

func rat(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("big.Rat does not read %q", text)
	}
	return r
}

// TestArithmeticAgainstRationals compares every operation with math/big's fractions, which share no code with Decimal.
func TestArithmeticAgainstRationals(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, b := randomText(r), randomText(r)
		da, db, ra, rb := money.MustDecimal(a), money.MustDecimal(b), rat(t, a), rat(t, b)
		for _, c := range []struct {
			name string
			got  money.Decimal
			want *big.Rat
		}{
			{"add", da.Add(db), new(big.Rat).Add(ra, rb)},
			{"sub", da.Sub(db), new(big.Rat).Sub(ra, rb)},
			{"mul", da.Mul(db), new(big.Rat).Mul(ra, rb)},
			{"neg", da.Neg(), new(big.Rat).Neg(ra)},
			{"percent", da.Percent(db), new(big.Rat).Mul(ra, new(big.Rat).Quo(rb, big.NewRat(100, 1)))},
		} {
			if rat(t, c.got.String()).Cmp(c.want) != 0 {
				t.Fatalf("%s of %s and %s = %s, want %s", c.name, a, b, c.got, c.want.FloatString(20))
			}
		}
		if da.Cmp(db) != ra.Cmp(rb) || da.Sign() != ra.Sign() {
			t.Fatalf("cmp or sign of %s and %s", a, b)
		}
		if da.String() != money.MustDecimal(a).String() {
			t.Fatalf("an operation changed its operand %s", a)
		}
		if back := money.MustDecimal(da.String()); !back.Equal(da) || back.String() != da.String() {
			t.Fatalf("%s does not survive String and ParseDecimal", a)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"1.50", "-1e3", "", "1,0", "1e-30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := money.ParseDecimal(s)
		if err != nil {
			return
		}
		if want, ok := new(big.Rat).SetString(s); !ok || rat(t, d.String()).Cmp(want) != 0 {
			t.Fatalf("%q read as %s", s, d)
		}
	})
}
