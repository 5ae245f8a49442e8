package salesforcetest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"time"
)

// convert reads a JSON value for a field; nil is null. Text is trimmed and empty
// text is null (section 4); numbers may come as text; times are whole seconds.
func convert(f *Field, raw json.RawMessage, keepDecimals bool) (any, *apiError) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		if f.Type == "boolean" {
			return false, nil
		}
		return nil, nil
	}
	v, e := scalar(raw)
	if e != nil {
		return nil, e
	}
	switch {
	case f.Type == "boolean":
		if b, isBool := v.(bool); isBool {
			return b, nil
		}
		return nil, cannotRead(f, v)
	case f.number():
		return convertNumber(f, v, keepDecimals)
	}
	text, isText := v.(string)
	if !isText {
		return nil, cannotRead(f, v)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	switch f.Type {
	case "date":
		// A datetime is taken for its date: sample trees that load send such.
		return parsed(f, text, dateForm, dateForm, "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999-0700")
	case "datetime":
		return parsed(f, text, stampForm, "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999-0700")
	case "time":
		return parsed(f, text, "15:04:05.000Z", "15:04:05.999Z", "15:04:05")
	}
	return strings.ReplaceAll(text, "\r\n", "\n"), nil
}

// scalar reads a JSON value; numbers stay text. The common kinds need no decoder.
func scalar(raw json.RawMessage) (any, *apiError) {
	switch {
	case string(raw) == "true":
		return true, nil
	case string(raw) == "false":
		return false, nil
	case len(raw) > 1 && raw[0] == '"' && plain(string(raw[1:len(raw)-1])):
		return string(raw[1 : len(raw)-1]), nil
	case (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && json.Valid(raw):
		return json.Number(raw), nil
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, parserError(raw, d.InputOffset(), err.Error())
	}
	return v, nil
}

func parsed(f *Field, text, form string, layouts ...string) (any, *apiError) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Second).Format(form), nil
		}
	}
	return nil, cannotRead(f, text)
}

func convertNumber(f *Field, v any, keepDecimals bool) (any, *apiError) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		if text = strings.TrimSpace(v); text == "" {
			return nil, nil
		}
	default:
		return nil, cannotRead(f, v)
	}
	n, valid := parseNumber(text)
	if !valid {
		return nil, cannotRead(f, v)
	}
	scale := f.Scale
	if f.Type == "int" || f.Type == "long" {
		if !n.IsInt() {
			return nil, cannotRead(f, v)
		}
		scale = 0
	} else if keepDecimals {
		scale = 18
	}
	out := decimal(n, scale)
	if digits := wholeDigits(out); digits > f.mostDigits() {
		return nil, reject("NUMBER_OUTSIDE_VALID_RANGE", []string{f.Name}, "%s: value outside of valid range on numeric field: %s", f.Label, text)
	}
	return json.Number(out), nil
}

func (f *Field) mostDigits() int {
	if f.Type == "int" {
		return f.Digits
	}
	return f.Precision - f.Scale
}

// parseNumber reads a decimal number exactly; exponents are bounded so that a
// text cannot ask for gigabytes.
func parseNumber(text string) (*big.Rat, bool) {
	if len(text) > 400 || strings.ContainsAny(text, "/_xXpPbB") {
		return nil, false
	}
	if _, exp, has := strings.Cut(strings.ToLower(text), "e"); has && len(strings.TrimLeft(exp, "+-0")) > 3 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// decimal is the shortest text of a number with at most scale decimals, rounded
// half up.
func decimal(n *big.Rat, scale int) string {
	text := n.FloatString(scale)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

func wholeDigits(text string) int {
	whole, _, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return len(strings.TrimLeft(whole, "0"))
}

// rat is a value as an exact number; null counts as zero.
func rat(v any) *big.Rat {
	if n, isNumber := v.(json.Number); isNumber {
		if r, valid := parseNumber(n.String()); valid {
			return r
		}
	}
	return new(big.Rat)
}

// cannotRead is the answer to a value of the wrong JSON type.
func cannotRead(f *Field, v any) *apiError {
	kind, text := "VALUE_STRING", asText(v)
	switch v.(type) {
	case json.Number:
		kind = "VALUE_NUMBER_INT"
		if strings.ContainsAny(text, ".eE") {
			kind = "VALUE_NUMBER_FLOAT"
		}
	case bool:
		kind = "VALUE_" + strings.ToUpper(text)
	case map[string]any:
		return fail(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of %s from START_OBJECT value { or request may be missing a required field at [line:1, column:1]", soapName(f))
	case []any:
		return fail(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of %s from START_ARRAY value [ or request may be missing a required field at [line:1, column:1]", soapName(f))
	}
	return fail(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of %s from %s value %s or request may be missing a required field at [line:1, column:1]", soapName(f), kind, text)
}

func soapName(f *Field) string {
	switch f.Type {
	case "boolean", "int", "double", "date", "datetime", "time":
		return f.Type
	case "currency", "percent":
		return "double"
	case "reference", "id":
		return "reference"
	}
	return "string"
}

// render is a value as answers show it: doubles always have a decimal point.
func (s *Sim) render(f *Field, v any) any {
	n, isNumber := v.(json.Number)
	if !isNumber || f.Type == "int" || f.Type == "long" {
		return v
	}
	text := n.String()
	if s.cfg.ExponentFloats && wholeDigits(text) > 7 {
		return json.Number(exponent(text))
	}
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return json.Number(text)
}

// exponent writes a number as Java does from 1E7 on.
func exponent(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, frac, _ := strings.Cut(text, ".")
	digits := strings.TrimRight(whole+frac, "0")
	if len(digits) < 2 {
		digits += "0"
	}
	return sign + digits[:1] + "." + digits[1:] + "E" + number(len(whole)-1).String()
}
