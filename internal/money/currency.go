package money

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed iso4217.csv
var iso4217 string

// A currency is one row of ISO 4217, several countries sharing it taken together.
type currency struct {
	exponent  int    // digits after the point; -1 when the code has no minor unit (gold, test codes) or is withdrawn
	withdrawn string // when it was withdrawn, as ISO writes it; blank for a currency in use
}

// currencies is read from the embedded table on first use: starting a program must not pay for it.
var currencies = sync.OnceValue(func() map[string]currency {
	rows, err := csv.NewReader(strings.NewReader(iso4217)).ReadAll()
	if err != nil {
		panic("money: embedded ISO 4217 table: " + err.Error())
	}
	// Columns: Entity, Currency, AlphabeticCode, NumericCode, MinorUnit, WithdrawalDate.
	table := make(map[string]currency, 300)
	for _, row := range rows[1:] {
		code, minor, withdrawn := row[2], row[4], row[5]
		old, seen := table[code]
		if code == "" || (seen && old.withdrawn == "") {
			continue // a row in use wins over the same code withdrawn elsewhere
		}
		exponent, err := strconv.Atoi(minor)
		if err != nil {
			exponent = -1
		}
		table[code] = currency{exponent: exponent, withdrawn: withdrawn}
	}
	return table
})

// Exponent gives the number of decimals of a currency by ISO 4217: 2 for EUR, 0 for JPY, 3 for BHD, 4 for CLF. ok is
// false for a code that is unknown, withdrawn, has no minor unit (XAU), or is not written in capitals.
func Exponent(currency string) (digits int, ok bool) {
	c, ok := currencies()[currency]
	if !ok || c.exponent < 0 {
		return 0, false
	}
	return c.exponent, true
}

// Currencies gives every code that Exponent knows, sorted.
func Currencies() []string {
	var codes []string
	for code, c := range currencies() {
		if c.exponent >= 0 {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// A CurrencyError says that a text is no currency that can be billed in, and what to do about it.
type CurrencyError struct {
	Code   string // as given, cut to 12 bytes
	Reason string
}

func (e *CurrencyError) Error() string {
	return fmt.Sprintf("currency %q: %s", e.Code, e.Reason)
}

// ParseCurrency gives the code in capitals without surrounding blanks, or a *CurrencyError. Names and symbols of
// currencies are refused: "$" is more than twenty currencies.
func ParseCurrency(text string) (code string, err error) {
	code = strings.ToUpper(strings.TrimSpace(text))
	if _, ok := Exponent(code); ok {
		return code, nil
	}
	return "", unknownCurrency(code)
}

func unknownCurrency(code string) error {
	c, known := currencies()[code]
	if len(code) > 12 {
		code = code[:12]
	}
	reason := "not a code of ISO 4217; use three letters such as EUR"
	switch {
	case known && c.withdrawn != "":
		reason = "withdrawn in " + c.withdrawn + "; use its successor"
	case known:
		reason = "has no minor unit in ISO 4217, so nothing can be billed in it"
	}
	return &CurrencyError{Code: code, Reason: reason}
}
