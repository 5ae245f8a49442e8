package light

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/record"
)

var (
	currencyShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]{3}$`) })
	enumShape     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,59}$`) })
	countryShape  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]{2}$|^UNDEFINED$`) })
	numberShape   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`) })
	emailShape    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^\s@,;|]+@[^\s@,;|]+$`) })
)

func isDate(text string) bool { _, err := time.Parse(time.DateOnly, text); return err == nil }

// fits tells whether a whole number fits Light's 64 bits.
func fits(text string) bool { _, err := strconv.ParseInt(text, 10, 64); return err == nil }

// json gives a value its type in Light's JSON, or says what the field takes instead. An enum value nobody knows is
// let through: Light's enums may grow (fact sheet 1).
func (f field) json(v record.Value) (raw []byte, fix string) {
	if f.kind == texts {
		return quoteAll(v.List()), ""
	}
	if v.Kind() == record.List && len(v.List()) > 1 {
		return nil, "it takes one value, not a list"
	}
	s := v.Text()
	switch f.kind {
	case integer:
		if !fits(s) || strings.HasPrefix(s, "+") {
			return nil, "it takes a whole number; amounts are minor units"
		}
		return []byte(strconv.FormatInt(must64(s), 10)), ""
	case number:
		if !numberShape().MatchString(s) {
			return nil, "it takes a plain decimal number of at most 18 digits before and after the point"
		}
		return []byte(s), ""
	case boolean:
		if s != "true" && s != "false" {
			return nil, "it takes true or false"
		}
		return []byte(s), ""
	}
	if fix := f.judge(s); fix != "" {
		return nil, fix
	}
	return quote(s), ""
}

func must64(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("light: a number was not checked before use")
	}
	return n
}

func (f field) judge(s string) (fix string) {
	switch {
	case f.kind == ref && !validID(s):
		return "it takes an id of Light (a UUID)"
	case f.kind == date && !isDate(s):
		return "it takes a date: YYYY-MM-DD"
	case f.kind == currency && !currencyShape().MatchString(s):
		return "it takes a currency code of three capital letters: EUR"
	case f.kind == country && !countryShape().MatchString(s):
		return "it takes a two-letter country code: DE; use the transform country_code"
	case f.kind == email && !emailShape().MatchString(s):
		return "it takes one e-mail address"
	case f.kind == enum && !enumShape().MatchString(s):
		return "it takes one of " + strings.Join(f.enum, ", ")
	}
	return ""
}

// quote writes a JSON string without HTML escapes.
func quote(s string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		panic("light: a text cannot be written as JSON") // encoding/json writes every string
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

func quoteAll(list []string) []byte {
	out := []byte{'['}
	for i, s := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quote(s)...)
	}
	return append(out, ']')
}
