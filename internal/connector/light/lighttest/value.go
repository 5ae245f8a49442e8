package lighttest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"time"
)

// Text is an optional string: empty is JSON null.
type Text string

// MarshalJSON writes null for the empty text.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Decimal is an optional exact decimal number, written as a JSON number; empty is null.
type Decimal string

// MarshalJSON writes the digits unchanged, null when empty.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return []byte(d), nil
}

// rat is the exact value; zero when empty.
func (d Decimal) rat() *big.Rat {
	r, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return new(big.Rat)
	}
	return r
}

// maxNumber bounds a number's spelling: an exponent such as 1e999999999 must not become a number of that length.
const maxNumber = 40

// parseDecimal reads a JSON number's text exactly and spells it without exponent or trailing zeros.
func parseDecimal(text string) (Decimal, bool) {
	if len(text) > maxNumber {
		return "", false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 && len(strings.TrimLeft(text[i+1:], "+-0")) > 2 {
		return "", false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	return spell(r), true
}

// spell writes a rational as a decimal, exact when it has at most 18 decimal places.
func spell(r *big.Rat) Decimal {
	if r.IsInt() {
		return Decimal(r.Num().String())
	}
	return Decimal(strings.TrimRight(r.FloatString(18), "0"))
}

// Stamp is a moment at millisecond resolution in UTC; the zero value is JSON null.
type Stamp struct{ time.Time }

const stampLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes RFC 3339 with milliseconds.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + s.UTC().Format(stampLayout) + `"`), nil
}

func stampOf(t time.Time) Stamp { return Stamp{t.UTC().Truncate(time.Millisecond)} }

// after gives the stamp of a change at now to something last stamped old: never the same one twice.
func (s Stamp) after(now time.Time) Stamp {
	next := stampOf(now)
	if !next.After(s.Time) {
		next = Stamp{s.Add(time.Millisecond)}
	}
	return next
}

const dayLayout = "2006-01-02"

func today(now time.Time) Text { return Text(now.UTC().Format(dayLayout)) }

// addDays moves a YYYY-MM-DD day; an empty day stays empty.
func addDays(day Text, n int64) Text {
	t, err := time.Parse(dayLayout, string(day))
	if err != nil {
		return day
	}
	return Text(t.AddDate(0, 0, int(n)).Format(dayLayout))
}

// addMonths moves a day by whole months, the last day of a short month standing in for days it lacks.
func addMonths(day Text, n int) Text {
	t, err := time.Parse(dayLayout, string(day))
	if err != nil {
		return day
	}
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return Text(first.AddDate(0, 0, min(t.Day(), last)-1).Format(dayLayout))
}

// either gives the first text that is not empty.
func either(texts ...Text) Text {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// encode writes JSON as Light does: no HTML escapes.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}
