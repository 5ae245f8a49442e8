package salespadtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// stampLayout is how moments are kept and shown: to the millisecond, without an offset.
const stampLayout = "2006-01-02T15:04:05.000"

// noDate is what GP shows for "none".
const noDate = "1900-01-01T00:00:00.000"

// gpScale is the number of decimal places GP keeps of money.
const gpScale = 5

// length counts as .NET does, in UTF-16 units.
func length(text string) int { return len(utf16.Encode([]rune(text))) }

func pad(text string, width int) string {
	if n := width - length(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// fold is the spelling in which SQL Server compares: no case, no trailing spaces.
func fold(text string) string { return strings.ToLower(strings.TrimRight(text, " ")) }

// sqlMillis rounds to what SQL Server's datetime holds: thirds of a hundredth, shown as .000, .003, .007.
func sqlMillis(t time.Time) time.Time {
	ticks := (t.Nanosecond()*3 + 5_000_000) / 10_000_000
	whole := t.Truncate(time.Second)
	return whole.Add(time.Duration((ticks*10+1)/3) * time.Millisecond)
}

func stampText(t time.Time) string { return t.Format(stampLayout) }

// maxNumber bounds a number's spelling: an exponent such as 1e999999999 must not become a number of that length.
const maxNumber = 40

// decimalOf reads a number exactly and spells it plainly, "" for zero. Places bounds the decimals; -1 does not.
func decimalOf(text string, places int) (string, error) {
	if len(text) > maxNumber || strings.ContainsAny(text, "eE/_xX") {
		return "", fmt.Errorf("%q is not a plain decimal number", cut(text, maxNumber))
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", fmt.Errorf("%q is not a number", text)
	}
	if r.Sign() == 0 {
		return "", nil
	}
	out := r.FloatString(18)
	out = strings.TrimRight(strings.TrimRight(out, "0"), ".")
	if _, after, _ := strings.Cut(out, "."); places >= 0 && len(after) > places {
		return "", fmt.Errorf("%s has more than %d decimals", text, places)
	}
	return out, nil
}

// ratOf is the exact value of a stored number.
func ratOf(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return new(big.Rat)
	}
	return r
}

// spell writes an exact number as it is stored, at most 18 places.
func spell(r *big.Rat) string {
	if r.Sign() == 0 {
		return ""
	}
	out := r.FloatString(18)
	return strings.TrimRight(strings.TrimRight(out, "0"), ".")
}

func cut(text string, n int) string {
	if len(text) > n {
		return text[:n] + "..."
	}
	return text
}

// wallOf reads a date-time a caller sent: without an offset it is the server's clock, with one it is converted.
func (s *Sim) wallOf(text string) (string, error) {
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04:05", stampLayout, "2006-01-02T15:04:05.9999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return noneIf1900(t), nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return "", fmt.Errorf("%q is not a date-time such as 2026-11-20T00:00:00", cut(text, maxNumber))
	}
	if t.UTC().Year() == 1900 {
		return "", nil
	}
	return stampText(t.In(s.zone)), nil
}

func noneIf1900(t time.Time) string {
	if t.Year() == 1900 && t.YearDay() == 1 {
		return ""
	}
	return stampText(t)
}

// take reads one JSON value of a body into its stored spelling.
func (s *Sim) take(f *field, raw json.RawMessage) (string, *failure) {
	if string(raw) == "null" {
		if f.null || f.silent {
			return "", nil
		}
		return "", unreadable("%s: null is no value here; leave it out to keep it, send an empty text to clear it", f.wire)
	}
	switch f.kind {
	case boolValue:
		switch string(raw) {
		case "true":
			return "true", nil
		case "false":
			return "", nil
		}
		return "", unreadable("%s must be true or false", f.wire)
	case moneyValue, numberValue, integerValue:
		return f.takeNumber(raw)
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return "", unreadable("%s must be a string", f.wire)
	}
	return s.takeText(f, value)
}

func (f *field) takeNumber(raw json.RawMessage) (string, *failure) {
	spelled := string(raw)
	if f.loose && raw[0] == '"' {
		if json.Unmarshal(raw, &spelled) != nil {
			return "", unreadable("%s must be a number", f.wire)
		}
	}
	if spelled == "" || strings.ContainsAny(spelled[:1], `"[{tf`) {
		return "", unreadable("%s must be a number", f.wire)
	}
	places := map[valueKind]int{moneyValue: gpScale, numberValue: gpScale, integerValue: 0}[f.kind]
	out, err := decimalOf(spelled, places)
	if err != nil {
		return "", refused("%s: %v", f.wire, err)
	}
	return out, nil
}

// takeText checks a text against the column: longer ones are refused by name, or cut where the profile says so.
func (s *Sim) takeText(f *field, value string) (string, *failure) {
	if f.stamp() {
		out, err := s.wallOf(value)
		if err != nil {
			return "", unreadable("%s: %v", f.wire, err)
		}
		return out, nil
	}
	value = strings.TrimRight(value, " ")
	if f.once && strings.Contains(value, "|") {
		return "", refused("%s: a key holds no |", f.wire)
	}
	if f.enum != nil && value != "" {
		for _, allowed := range f.enum {
			if value == allowed {
				return value, nil
			}
		}
		return "", badQuery("%s: %q is not one of %s", f.wire, cut(value, 40), strings.Join(f.enum, ", "))
	}
	if s.cfg.Profile.PhoneDigits && (strings.HasPrefix(f.name, "Phone_") || f.name == "Fax") {
		value = phoneDigits(value)
	}
	if s.cfg.Profile.CodePage1252 && f.width > 0 {
		value = to1252(value)
	}
	if f.max > 0 && length(value) > f.max {
		if s.cfg.Profile.cuts(f.name) {
			return strings.TrimRight(string(utf16.Decode(utf16.Encode([]rune(value))[:f.max])), " "), nil
		}
		return "", refused("%s holds %d characters, %d were sent: String or binary data would be truncated", f.wire, f.max, length(value))
	}
	return value, nil
}

// phoneDigits is GP's own way with telephone numbers: digits, and a four digit extension.
func phoneDigits(value string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, value)
	if len(digits) == 10 {
		digits += "0000"
	}
	return digits
}

// in1252 are the characters of code page 1252 beyond Latin-1.
const in1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"

// to1252 puts a question mark for what GP's code page has not.
func to1252(value string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || r >= 0xa0 && r <= 0xff || strings.ContainsRune(in1252, r) {
			return r
		}
		return '?'
	}, value)
}

// show says how a value leaves: padded in GET answers, trimmed and with offsets in echoes.
type show struct {
	echo   bool
	plain  bool // no padding at all
	hidden func(name string) bool
	now    time.Time
}

// put writes one value as JSON.
func (s *Sim) put(out *bytes.Buffer, f *field, value string, how show) {
	switch f.kind {
	case boolValue:
		out.WriteString(strconv.FormatBool(value == "true"))
	case moneyValue:
		out.WriteString(ratOf(value).FloatString(gpScale))
	case numberValue, integerValue:
		out.WriteString(orZero(value))
	case wallValue, dayValue, rowValue:
		out.WriteString(`"` + s.showStamp(f, value, how) + `"`)
	default:
		if value == "" && f.null {
			out.WriteString("null")
			return
		}
		if !how.echo && !how.plain {
			value = pad(value, f.width)
		}
		out.Write(quoted(value))
	}
}

func orZero(value string) string {
	if value == "" {
		return "0"
	}
	return value
}

// showStamp: GET shows what is stored, without an offset; an echo shows the server's clock with its offset, and the day
// of the server's clock, which may be another one than the day that is stored.
func (s *Sim) showStamp(f *field, value string, how show) string {
	if value == "" {
		if how.echo {
			return noDate + "Z"
		}
		return noDate
	}
	if !how.echo {
		return value
	}
	t, err := time.ParseInLocation(stampLayout, value, time.UTC)
	if err != nil {
		panic("salespadtest: stored stamp " + value) // a fault of the simulator
	}
	switch f.kind {
	case rowValue:
		return t.In(s.zone).Format(stampLayout + "-07:00")
	case dayValue:
		if now := how.now.UTC(); t.Equal(now.Truncate(24 * time.Hour)) { // written by this very call
			y, m, d := how.now.In(s.zone).Date()
			t = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		}
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), s.zone).Format(stampLayout + "-07:00")
}

// quoted writes a JSON string without HTML escapes.
func quoted(text string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic(err) // a string always encodes
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

func itoa(n int) string { return strconv.Itoa(n) }

func upper(text string) string { return strings.ToUpper(text) }
