package salesforce

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"crosswalk/internal/record"
)

var errShape = errors.New("the answer has another shape")

// row is one record of an answer; values keep every digit.
type row map[string]json.RawMessage

// text gives a text member, "" when it is none.
func (r row) text(name string) string {
	var s string
	if json.Unmarshal(r[name], &s) != nil {
		return ""
	}
	return s
}

// id gives a reference in its 18-character form, "" when there is none.
func (r row) id(name string) string {
	id, _ := ID(r.text(name))
	return id
}

func (r row) stamp(name string) time.Time {
	t, err := parseStamp(r.text(name))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (r row) yes(name string) bool { return string(bytes.TrimSpace(r[name])) == "true" }

// at finds the value of a dotted name; null when a parent on the way is null, nothing when it was not sent.
func (r row) at(path string) json.RawMessage {
	head, rest, dotted := strings.Cut(path, ".")
	raw, sent := r[head]
	if !dotted || !sent {
		return raw
	}
	if isNull(raw) {
		return raw
	}
	var parent row
	if json.Unmarshal(raw, &parent) != nil {
		return nil
	}
	return parent.at(rest)
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// stampForms are the datetimes Salesforce writes: REST has an offset without a colon, which RFC 3339 does not know;
// outbound messages and change events have Z (fact sheet 4, 17).
var stampForms = []string{"2006-01-02T15:04:05.999999999Z0700", time.RFC3339Nano}

func parseStamp(text string) (time.Time, error) {
	for _, form := range stampForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errShape
}

// value turns Salesforce's JSON into our text, by the field's type: ids have 18 characters, instants are RFC 3339 in
// UTC, numbers plain decimals without an exponent. What was not sent is absent, null is empty.
func value(p property, raw json.RawMessage) record.Value {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return record.Value{}
	case string(raw) == "null":
		return record.Empty()
	case raw[0] == '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return record.Value{}
		}
		return record.Of(canonical(p, text))
	case raw[0] == '{', raw[0] == '[': // a compound value is read by its parts
		return record.Value{}
	case raw[0] == 't', raw[0] == 'f':
		return record.Of(string(raw))
	}
	return record.Of(plainNumber(string(raw)))
}

func canonical(p property, text string) string {
	switch p.Type {
	case "id", "reference":
		if id, ok := ID(text); ok {
			return id
		}
	case "datetime":
		if t, err := parseStamp(text); err == nil {
			return t.Format(time.RFC3339Nano)
		}
	}
	return text
}

// maxExponent keeps a hostile number from becoming a megabyte of zeros; Salesforce's have 18 digits.
const maxExponent = 64

// plainNumber writes a JSON number without exponent and without idle zeros, every digit kept: 1.39E8 is 139000000,
// 12.50 is 12.5. What is not such a number stays as it is.
func plainNumber(text string) string {
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, ok := new(big.Int).SetString(strings.TrimPrefix(text[i+1:], "+"), 10)
		if !ok || !e.IsInt64() || e.Int64() > maxExponent || e.Int64() < -maxExponent {
			return text
		}
		mantissa, exponent = text[:i], int(e.Int64())
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, part, _ := strings.Cut(mantissa, ".")
	digits, point := whole+part, len(whole)+exponent
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	out := strings.TrimLeft(digits[:point], "0")
	if out == "" {
		out = "0"
	}
	if rest := strings.TrimRight(digits[point:], "0"); rest != "" {
		out += "." + rest
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out
}

// decode reads one JSON value; one of another shape than asked for is refused, since an empty one would look like an
// empty answer.
func decode(body []byte, out any) error {
	if json.Unmarshal(body, out) != nil {
		return errShape
	}
	if v, ok := out.(interface{ sound() bool }); ok && !v.sound() {
		return errShape
	}
	return nil
}

// mustJSON encodes values of plain strings and numbers, which cannot fail.
func mustJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("salesforce: a request does not encode: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}
