package lighttest

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

func (s shape) check(raw map[string]any, path string, wrong *[]ErrorItem) fields {
	out := fields{}
	known := map[string]bool{}
	for _, f := range s {
		known[f.name] = true
		value, there := raw[f.name]
		at := join(path, f.name)
		if !there || value == nil && !f.null {
			if f.must || there {
				*wrong = append(*wrong, item("MISSING_VALUE", at, "must not be null"))
			}
			continue
		}
		if got, ok := f.check(value, at, wrong); ok {
			out[f.name] = got
		}
	}
	var strange []string
	for name := range raw {
		if !known[name] {
			strange = append(strange, name)
		}
	}
	sort.Strings(strange)
	for _, name := range strange {
		*wrong = append(*wrong, item("UNKNOWN_FIELD", join(path, name), "unrecognized field"))
	}
	return out
}

// check reads one value; ok is false when a complaint was added.
func (f field) check(value any, at string, wrong *[]ErrorItem) (any, bool) {
	if value == nil {
		return nil, true
	}
	refuse := func(format string, args ...any) (any, bool) {
		*wrong = append(*wrong, item("INVALID_VALUE", at, format, args...))
		return nil, false
	}
	switch f.kind {
	case kindInt, kindNumber:
		n, ok := value.(json.Number)
		if !ok {
			return refuse("must be a number")
		}
		if f.kind == kindInt {
			whole, err := strconv.ParseInt(string(n), 10, 64)
			if err != nil {
				return refuse("must be a whole number of 64 bits")
			}
			return whole, true
		}
		d, ok := parseDecimal(string(n))
		if !ok {
			return refuse("number out of range")
		}
		return d, true
	case kindBool:
		b, ok := value.(bool)
		if !ok {
			return refuse("must be true or false")
		}
		return b, true
	case kindList:
		items, ok := value.([]any)
		if !ok {
			return refuse("must be a list")
		}
		return f.checkList(items, at, wrong)
	case kindObject:
		o, ok := value.(map[string]any)
		if !ok {
			return refuse("must be an object")
		}
		before := len(*wrong)
		got := f.sub.check(o, at, wrong)
		return got, len(*wrong) == before
	default:
		s, ok := value.(string)
		if !ok {
			return refuse("must be a string")
		}
		if complaint := f.checkText(s); complaint != "" {
			return refuse("%s", complaint)
		}
		return s, true
	}
}

func (f field) checkList(items []any, at string, wrong *[]ErrorItem) (any, bool) {
	out, all := []any{}, true
	for i, v := range items {
		path := join(at, strconv.Itoa(i))
		if v == nil && !f.elem.null {
			*wrong = append(*wrong, item("MISSING_VALUE", path, "must not be null"))
			all = false
			continue
		}
		got, ok := f.elem.check(v, path, wrong)
		all = all && ok
		out = append(out, got)
	}
	return out, all
}

func (f field) checkText(s string) string {
	switch f.kind {
	case kindUUID:
		if !isUUID(s) {
			return "must be a UUID"
		}
	case kindDate:
		if _, err := time.Parse(dayLayout, s); err != nil {
			return "must be a date YYYY-MM-DD"
		}
	case kindCurrency:
		if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return "must be a three-letter currency code"
		}
	case kindEnum:
		if !slices.Contains(f.enum, s) {
			return "must be one of " + enumHint(f.enum)
		}
	case kindEmail:
		if strings.Count(s, "@") != 1 || strings.HasPrefix(s, "@") || strings.HasSuffix(s, "@") || strings.ContainsAny(s, " \t\r\n,;") {
			return "must be an e-mail address"
		}
	default:
		if f.must && strings.TrimSpace(s) == "" {
			return "must not be empty"
		}
	}
	return ""
}

func enumHint(of []string) string {
	if len(of) > 12 {
		return strings.Join(of[:3], ", ") + " and others"
	}
	return strings.Join(of, ", ")
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return false
		}
	}
	return true
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
