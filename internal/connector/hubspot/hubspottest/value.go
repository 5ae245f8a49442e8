package hubspottest

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// invalid is one refused property value (section 13, 400 VALIDATION_ERROR).
type invalid struct {
	name, code, message string
}

// warning tells of a value that 2026-09 normalised instead of refusing.
type warning struct {
	Category string            `json:"category"`
	Context  map[string]string `json:"context"`
	Message  string            `json:"message"`
}

// checked is a value that passed: what is stored, and whether it differs in
// kind from what was sent.
type checked struct {
	value      string
	normalised bool
}

// check validates one written value and brings it into stored form. The empty
// string clears and is always valid. lenientDates is the 2026-09 rule.
func (s *Sim) check(k *kind, p *property, raw string, lenientDates bool) (checked, *invalid) {
	bad := func(code, format string, args ...any) (checked, *invalid) {
		return checked{}, &invalid{p.Name, code, fmt.Sprintf(format, args...)}
	}
	if p.ModificationMetadata.ReadOnlyValue || p.Calculated {
		return bad("READ_ONLY_VALUE", "%q is a read only property; its value cannot be set.", p.Name)
	}
	if raw == "" {
		return checked{}, nil
	}
	switch {
	case p.Name == "hubspot_owner_id":
		if !s.ownerExists(raw) {
			return bad("INVALID_OWNER_ID", "Owner %s does not exist", raw)
		}
		return checked{value: raw}, nil
	case k.name == "contacts" && p.Name == "email":
		v := strings.ToLower(strings.TrimSpace(raw))
		if !validEmail(v) {
			return bad("INVALID_EMAIL", "Email address %s is invalid", raw)
		}
		return checked{value: v}, nil
	case k.name == "companies" && p.Name == "domain":
		return checked{value: domainOf(raw)}, nil
	case p.Name == "deal_currency_code" || p.Name == "hs_line_item_currency_code":
		if !slices.Contains(append([]string{s.cfg.Currency}, s.cfg.AdditionalCurrencies...), raw) {
			return bad("INVALID_OPTION", "%s was not one of the allowed options: the portal has no such currency", raw)
		}
		return checked{value: raw}, nil
	case p.Name == k.pipeProp, p.Name == k.stageProp:
		return checked{value: raw}, nil // checked together once both are known
	}
	switch p.Type {
	case "number":
		v := strings.TrimSpace(raw)
		if !numeric.MatchString(v) {
			return bad("INVALID_INTEGER", "%s was not a valid number.", raw)
		}
		if p.Name == "price" && strings.HasPrefix(v, "-") && (k.name == "line_items" || k.name == "products") {
			return bad("OUT_OF_RANGE", "%s is below the minimum of 0", raw) // (inferred) the code
		}
		return checked{value: v}, nil
	case "bool":
		if raw != "true" && raw != "false" {
			return bad("INVALID_OPTION", "%s was not one of the allowed options: [true, false]", raw)
		}
	case "date":
		return s.checkDate(p, raw, lenientDates, bad)
	case "datetime":
		t, ok := parseTime(raw)
		if !ok {
			return bad("INVALID_LONG", "%s was not a valid long. Portal %d, object type %s", raw, s.cfg.PortalID, k.id)
		}
		return checked{value: timeValue(t)}, nil
	case "enumeration":
		return checkOptions(p, raw, bad)
	default:
		if len(raw) > 65536 {
			return bad("PROPERTY_TOO_LONG", "%s is longer than 65536 characters", p.Name)
		}
	}
	return checked{value: raw}, nil
}

type refuse = func(code, format string, args ...any) (checked, *invalid)

// checkDate: YYYY-MM-DD or midnight UTC in ms; from 2026-09 on other moments are
// cut to their UTC day, with a warning (section 1).
func (s *Sim) checkDate(p *property, raw string, lenient bool, bad refuse) (checked, *invalid) {
	if _, err := time.Parse(time.DateOnly, raw); err == nil {
		return checked{value: raw}, nil
	}
	t, ok := parseTime(raw)
	if !ok {
		return bad("INVALID_DATE", "%s was not a valid date.", raw)
	}
	midnight := t.Equal(t.Truncate(24 * time.Hour))
	if _, err := strconv.ParseInt(raw, 10, 64); err == nil && midnight {
		return checked{value: t.Format(time.DateOnly)}, nil
	}
	if !lenient {
		return bad("INVALID_DATE", "%s is at %s, not midnight!", raw, t.Format("15:04:05"))
	}
	return checked{value: t.Format(time.DateOnly), normalised: true}, nil
}

func checkOptions(p *property, raw string, bad refuse) (checked, *invalid) {
	values := []string{raw}
	if p.FieldType == "checkbox" {
		values = strings.Split(strings.Trim(raw, ";"), ";")
	}
	for _, v := range values {
		if !p.hasOption(v) {
			var allowed []string
			for _, o := range p.Options {
				allowed = append(allowed, o.Value)
			}
			return bad("INVALID_OPTION", "%s was not one of the allowed options: [%s]", v, strings.Join(allowed, ", "))
		}
	}
	return checked{value: raw}, nil
}

var numeric = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)

// parseTime accepts epoch milliseconds or ISO-8601 text.
func parseTime(raw string) (time.Time, bool) {
	raw = strings.TrimSpace(raw)
	if ms, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, raw); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// timeValue is a datetime property as it is read back. Whole seconds lose their
// zero fraction, as recorded ("2022-10-26T14:45:00Z").
func timeValue(t time.Time) string {
	if t.Nanosecond()/1e6 == 0 {
		return t.UTC().Format("2006-01-02T15:04:05Z")
	}
	return stampText(t)
}

func validEmail(v string) bool {
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v {
		return false
	}
	_, host, ok := strings.Cut(v, "@")
	return ok && strings.Contains(host, ".") && !strings.ContainsAny(v, " \t")
}

// domainOf normalises a company domain: scheme, www. and path are dropped.
func domainOf(raw string) string {
	v := strings.ToLower(strings.TrimSpace(raw))
	if _, rest, ok := strings.Cut(v, "://"); ok {
		v = rest
	}
	v = strings.TrimPrefix(v, "www.")
	if i := strings.IndexAny(v, "/?#"); i >= 0 {
		v = v[:i]
	}
	return v
}

// fold is how unique values and strings are compared: case-insensitively.
func fold(v string) string { return strings.ToLower(strings.TrimSpace(v)) }

// decimal parses a stored number exactly; empty and bad text are nil.
func decimal(v string) *big.Rat {
	if v == "" {
		return nil
	}
	r, ok := new(big.Rat).SetString(v)
	if !ok {
		return nil
	}
	return r
}

// plain writes a rational as the shortest decimal text, at most 30 digits deep.
func plain(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(strings.TrimRight(r.FloatString(30), "0"), ".")
}

// floatNoise is how the vendor shows a probability: the binary value in full
// (0.2 becomes 0.2000000000000000111...), section 7.
func floatNoise(v string) string {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return v
	}
	r := new(big.Rat).SetFloat64(f)
	if r == nil {
		return v
	}
	if r.IsInt() {
		return r.FloatString(1)
	}
	return strings.TrimRight(r.FloatString(60), "0")
}

// textOf turns a JSON scalar into the text that is stored; ok is false for null.
func textOf(raw json.RawMessage) (v string, ok bool, err error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", false, nil
	case raw[0] == '"':
		err = json.Unmarshal(raw, &v)
		return v, true, err
	case raw[0] == '{' || raw[0] == '[':
		return "", false, fmt.Errorf("Cannot deserialize value of type `java.lang.String` from Object or Array value")
	}
	return string(raw), true, nil
}
