package transform

import (
	"errors"
	"fmt"
	"strings"

	"crosswalk/internal/money"
)

func numberSpecs() []Spec {
	currency := Param{Name: "currency", Doc: "ISO 4217 code; without it the second input is the currency"}
	return []Spec{
		{Name: "minor_units", Doc: "An amount of major units as whole minor units of its currency: 42.15 GBP is 4215, 12345 JPY is 12345. An amount finer than the currency is an error unless round=true (halves away from zero).",
			Example: `minor_units("GBP"): "42.15" -> "4215"`, Inputs: 2, Fails: true, WayOf: wayOfCurrency,
			Params: []Param{currency, {Name: "round", Kind: Flag, Default: "false", Doc: "round what is finer than the currency"}}, Prepare: knownCurrency,
			Run: minorUnits, Home: func(u *Use, value string, _ int) ([]string, error) { return alone(fromMinorUnits(u, []string{value})) }},
		{Name: "from_minor_units", Doc: "Whole minor units as an amount of major units: 4215 of GBP is 42.15.",
			Example: `from_minor_units("BHD"): "7321" -> "7.321"`, Inputs: 2, Fails: true, WayOf: wayOfCurrency,
			Params: []Param{currency}, Prepare: knownCurrency,
			Run: fromMinorUnits, Home: func(u *Use, value string, _ int) ([]string, error) { return alone(minorUnits(u, []string{value})) }},
		{Name: "decimal", Doc: "A number in one plain form, rounded to a number of decimals, halves away from zero; without pad=true zeros at the end are dropped.",
			Example: `decimal(2): "1e1" -> "10"`, Inputs: 1, Way: AsIs, Fails: true,
			Params: []Param{{Name: "scale", Kind: Number, Doc: "decimals to keep; all when not given"}, {Name: "pad", Kind: Flag, Default: "false", Doc: "write exactly that many decimals"}},
			Prepare: func(a Args) (any, error) {
				scale := a.Number("scale", 0)
				if _, given := a.Get("scale"); scale < 0 || scale > money.MaxExponent || (a.Flag("pad") && !given) {
					return nil, fmt.Errorf("argument scale must be 0 to %d, and pad needs one", money.MaxExponent)
				}
				return nil, nil
			},
			Run: func(u *Use, in []string) (string, error) {
				d, err := number(u, in[0])
				if err != nil {
					return "", err
				}
				scale := u.Number("scale", d.Scale())
				if u.Flag("pad") {
					if d.Round(scale).Digits() > money.MaxDigits-scale {
						return "", u.Fail("the number has too many digits to pad", "leave pad out")
					}
					return d.Fixed(scale), nil
				}
				return d.Round(scale).String(), nil
			}},
		{Name: "currency_code", Doc: "The ISO 4217 code in capitals. Names and symbols are an error: $ is more than twenty currencies.",
			Example: `currency_code: " eur" -> "EUR"`, Inputs: 1, Way: AsIs, Fails: true,
			Run: func(u *Use, in []string) (string, error) {
				code, err := money.ParseCurrency(in[0])
				if err != nil {
					return "", u.Fail("not a currency code in use", "use a three-letter ISO 4217 code such as EUR")
				}
				return code, nil
			}},
		{Name: "bool", Doc: "true or false, from true/false, yes/no, y/n, 1/0, on/off, t/f in any case, and from two words of a system's own where they are given. Back: bool, or bool_words with the same words.",
			Example: `bool: "Yes" -> "true"`, Inputs: 1, Way: AsIs, Fails: true, Run: toBool,
			Params: []Param{{Name: "true_word", Doc: "another word for true"}, {Name: "false_word", Doc: "another word for false"}}},
		{Name: "bool_words", Doc: "true and false in a system's own words; on the way home the words become true and false (back: bool with the same words).",
			Example: `bool_words("Active", "Inactive"): "1" -> "Active"`, Inputs: 1, Way: Inverse, Fails: true,
			Params: []Param{{Name: "true_word", Required: true, Doc: "the word for true"}, {Name: "false_word", Required: true, Doc: "the word for false"}},
			Prepare: func(a Args) (any, error) {
				if strings.EqualFold(a.Text("true_word", ""), a.Text("false_word", "")) {
					return nil, errors.New("both words are the same")
				}
				return nil, nil
			},
			Run: func(u *Use, in []string) (string, error) {
				word, err := toBool(u, in)
				if err != nil {
					return "", err
				}
				return u.Text(word+"_word", ""), nil
			},
			Home: func(u *Use, value string, _ int) ([]string, error) {
				for _, word := range []string{"true", "false"} {
					if strings.EqualFold(strings.TrimSpace(value), u.Text(word+"_word", "")) {
						return []string{word}, nil
					}
				}
				return alone(toBool(u, []string{value}))
			}},
	}
}

func alone(text string, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	return []string{text}, nil
}

func number(u *Use, text string) (money.Decimal, error) {
	d, err := money.ParseDecimal(strings.TrimSpace(text))
	var syntax *money.SyntaxError
	if errors.As(err, &syntax) {
		return d, u.Fail("not a number: "+syntax.Reason, "send it like 1234.50")
	}
	return d, err
}

func knownCurrency(a Args) (any, error) {
	if code, given := a.Get("currency"); given {
		_, err := money.ParseCurrency(code)
		return nil, err
	}
	return nil, nil
}

// wayOfCurrency: with the currency as an input, the amount alone cannot go home.
func wayOfCurrency(a Args) Way {
	if _, given := a.Get("currency"); given {
		return Inverse
	}
	return OneWay
}

func currencyOf(u *Use, in []string) (string, error) {
	code, given := u.Get("currency")
	if !given && len(in) == 2 {
		code = in[1]
	}
	code, err := money.ParseCurrency(code)
	if err != nil {
		return "", u.Fail("no currency that is in use", "give the ISO 4217 code as argument or as second input")
	}
	return code, nil
}

func minorUnits(u *Use, in []string) (string, error) {
	if in[0] == "" {
		return "", nil
	}
	code, err := currencyOf(u, in)
	if err != nil {
		return "", err
	}
	d, err := number(u, in[0])
	if err != nil {
		return "", err
	}
	a, exact, err := money.FromDecimal(d, code)
	switch {
	case err != nil:
		return "", u.Fail("the amount does not fit", "amounts are 64-bit minor units")
	case !exact && !u.Flag("round"):
		return "", u.Fail("the amount is finer than its currency", "round it with round=true")
	case !exact:
		u.Note("rounded to the minor unit")
	}
	return fmt.Sprint(a.Minor), nil
}

func fromMinorUnits(u *Use, in []string) (string, error) {
	if in[0] == "" {
		return "", nil
	}
	code, err := currencyOf(u, in)
	if err != nil {
		return "", err
	}
	d, err := number(u, in[0])
	if err != nil {
		return "", err
	}
	minor, ok := d.Int64()
	if !ok {
		return "", u.Fail("not a whole number of minor units", "use decimal for amounts of major units")
	}
	return money.Amount{Minor: minor, Currency: code}.Decimal().String(), nil
}

func toBool(u *Use, in []string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(in[0])) {
	case "true", "yes", "y", "1", "on", "t":
		return "true", nil
	case "false", "no", "n", "0", "off", "f":
		return "false", nil
	}
	for _, word := range []string{"true", "false"} {
		if own, given := u.Get(word + "_word"); given && strings.EqualFold(strings.TrimSpace(in[0]), own) {
			return word, nil
		}
	}
	return "", u.Fail("neither true nor false", "use a value map for other words")
}
